use std::ops::Bound;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use crate::describe::TypeDesc;

/// A range of values of `T`'s column type: `Range<i32>` of an `int4range`, `Range<Decimal>` of a `numrange`, and of any
/// other range type over them.
///
/// In JSON it is an object of its bounds, each as a column of `T` stands there, and `null` for none:
/// `{"lower":1,"upper":null,"bounds":"[)"}`. `bounds` is `[` or `(` and `]` or `)` as in PostgreSQL's text, or `empty`.
/// A bound that is infinite as a value, `[today,infinity)`, is a bound.
///
/// ```
/// use std::ops::Bound;
///
/// use aurora_trigger_gen::Range;
///
/// let json = r#"{"lower":1,"upper":null,"bounds":"[)"}"#;
/// let range: Range<i32> = serde_json::from_str(json)?;
/// assert_eq!(range, Range::Between(Bound::Included(1), Bound::Unbounded));
/// assert_eq!(serde_json::to_string(&range)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range<T> {
    /// The range that holds nothing.
    Empty,
    /// What is between a lower and an upper bound.
    Between(Bound<T>, Bound<T>),
}

/// Several ranges that do not touch, in their order: `Multirange<i32>` of an `int4multirange`. A JSON array of
/// [`Range`]s.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Multirange<T>(pub Vec<Range<T>>);

/// A range as it stands in JSON.
#[derive(serde::Serialize, serde::Deserialize)]
struct Parts<T> {
    lower: Option<T>,
    upper: Option<T>,
    bounds: Bounds,
}

#[derive(Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
enum Bounds {
    #[serde(rename = "empty")]
    Empty,
    #[serde(rename = "[]")]
    Closed,
    #[serde(rename = "[)")]
    LowerOnly,
    #[serde(rename = "(]")]
    UpperOnly,
    #[serde(rename = "()")]
    Open,
}

impl<T> Parts<T> {
    /// `None` where what is said of the bounds is not true of them.
    fn into_range(self) -> Option<Range<T>> {
        let bound = |value: Option<T>, included: bool| match (value, included) {
            (Some(value), true) => Some(Bound::Included(value)),
            (Some(value), false) => Some(Bound::Excluded(value)),
            (None, false) => Some(Bound::Unbounded),
            (None, true) => None,
        };
        let (lower, upper) = match self.bounds {
            Bounds::Empty => {
                return (self.lower.is_none() && self.upper.is_none()).then_some(Range::Empty);
            }
            Bounds::Closed => (true, true),
            Bounds::LowerOnly => (true, false),
            Bounds::UpperOnly => (false, true),
            Bounds::Open => (false, false),
        };
        Some(Range::Between(
            bound(self.lower, lower)?,
            bound(self.upper, upper)?,
        ))
    }

    fn of(range: &Range<T>) -> Parts<&T> {
        let Range::Between(lower, upper) = range else {
            return Parts {
                lower: None,
                upper: None,
                bounds: Bounds::Empty,
            };
        };
        let value = |bound| match bound {
            Bound::Included(value) | Bound::Excluded(value) => Some(value),
            Bound::Unbounded => None,
        };
        let (lower, upper) = (lower.as_ref(), upper.as_ref());
        Parts {
            lower: value(lower),
            upper: value(upper),
            bounds: match (lower, upper) {
                (Bound::Included(_), Bound::Included(_)) => Bounds::Closed,
                (Bound::Included(_), _) => Bounds::LowerOnly,
                (_, Bound::Included(_)) => Bounds::UpperOnly,
                _ => Bounds::Open,
            },
        }
    }
}

impl<T: Serialize> Serialize for Range<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Parts::of(self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Range<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        parts
            .into_range()
            .ok_or_else(|| de::Error::custom("the bounds of a range are not what `bounds` says"))
    }
}

impl<T: Serialize> Serialize for Multirange<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Multirange<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl<T: PgType> PgType for Range<T> {
    const TYPE: TypeDesc = TypeDesc::range(&T::TYPE);
}

impl<T: PgType> PgType for Multirange<T> {
    const TYPE: TypeDesc = TypeDesc::multirange(&Range::<T>::TYPE);
}
