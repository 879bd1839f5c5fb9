//! Tells whether a type is an `Option`, or reads as one.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Whether serde asks for an `Option` where it reads the type. For generic parameters: no const can tell.
pub(crate) fn takes_option<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(Probe), Err(Asked { option: true }))
}

/// Gives no value, and notes the first question.
struct Probe;

#[derive(Debug)]
struct Asked {
    option: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a probe holds no value")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self { option: false }
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { option: false })
    }

    fn deserialize_option<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { option: true })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Maybe(#[expect(dead_code, reason = "only asked")] Option<i64>);

    #[derive(Deserialize)]
    struct Row {
        #[expect(dead_code, reason = "only asked")]
        maybe: Option<i64>,
    }

    #[test]
    fn an_option_is_told_from_other_types() {
        assert!(takes_option::<Option<i64>>());
        assert!(takes_option::<Option<Option<Row>>>());
        assert!(takes_option::<Box<Option<i64>>>());
        assert!(takes_option::<Maybe>());
        assert!(!takes_option::<i64>());
        assert!(!takes_option::<()>());
        assert!(!takes_option::<Row>());
        assert!(!takes_option::<Vec<Option<i64>>>());
        assert!(!takes_option::<serde_json::Value>());
    }
}
