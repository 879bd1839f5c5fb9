use super::{QualifiedName, Sample};

/// Refuses a raw JSON value that the Rust type would take and alter; the error is the reason.
///
/// It gets the value as PostgreSQL wrote it, white space trimmed, never `null`.
pub type RawCheck = fn(&str) -> Result<(), &'static str>;

/// How a column's value becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As `row_to_json` writes it.
    Json,
    /// As a JSON string of PostgreSQL's text for it.
    Text,
}

/// What kind of column a type goes to.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Shape {
    /// A column of one of these types of `pg_catalog`, by their names there (`int4`, `timestamptz`).
    BuiltIn(&'static [&'static str]),
    /// A column of this type, whatever it is: an extension's type, say.
    Named(QualifiedName),
    /// A PostgreSQL enum. Its labels must be among these, unless `open`: then the type takes labels that it does not
    /// know (`#[serde(other)]`).
    Enum {
        /// The enum's name.
        name: QualifiedName,
        /// The labels that the type decodes.
        labels: &'static [&'static str],
        /// Whether it decodes other labels too.
        open: bool,
    },
    /// A composite type with these attributes. Others that it may have are not sent.
    Composite {
        /// The composite type's name.
        name: QualifiedName,
        /// The attributes that are sent.
        fields: &'static [FieldDesc],
    },
    /// An array of elements of this type. PostgreSQL does not record an array's dimensions, so an array of arrays is
    /// the same column type.
    Array(&'static TypeDesc),
    /// A range of values of this type, by PostgreSQL's own range type or another.
    Range(&'static TypeDesc),
    /// Several of these ranges (PostgreSQL 14).
    Multirange(&'static TypeDesc),
}

/// One attribute of a composite type.
#[derive(Debug, Clone, Copy)]
pub struct FieldDesc {
    attribute: &'static str,
    json: &'static str,
    aliases: &'static [&'static str],
    ty: &'static TypeDesc,
}

impl FieldDesc {
    /// `attribute`: its name in PostgreSQL; `json`: its key in an image; both at most 63 bytes.
    #[must_use]
    pub const fn new(attribute: &'static str, json: &'static str, ty: &'static TypeDesc) -> Self {
        Self {
            attribute,
            json,
            aliases: &[],
            ty,
        }
    }

    /// The same, with other keys that serde reads too, at most 63 bytes each.
    #[must_use]
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Its name in PostgreSQL.
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        self.attribute
    }

    /// Its key in an image.
    #[must_use]
    pub const fn json(&self) -> &'static str {
        self.json
    }

    /// Other keys that serde reads too, such as a former name.
    #[must_use]
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Its type.
    #[must_use]
    pub const fn ty(&self) -> &'static TypeDesc {
        self.ty
    }
}

/// What a Rust type is to PostgreSQL: the columns that it goes to, and how a value of theirs stands in an image.
///
/// Made by the constructors, refined by the `with_…` builders, all `const`.
///
/// ```
/// use aurora_trigger_gen::describe::{Encoding, Sample, TypeDesc};
///
/// const CENTS: TypeDesc = TypeDesc::built_in(&["int8"]).with_samples(&[Sample::Json("199")]);
/// assert_eq!(CENTS.encoding(), Encoding::Json);
/// assert!(!CENTS.is_nullable());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TypeDesc {
    shape: Shape,
    domain: Option<QualifiedName>,
    encoding: Encoding,
    nullable: bool,
    /// Asks a generic parameter whether it is an `Option`: no const can tell.
    asks_null: Option<fn() -> bool>,
    partial: bool,
    samples: &'static [Sample],
    check: Option<RawCheck>,
    limits: Option<&'static str>,
}

impl TypeDesc {
    /// A type for columns of these types of `pg_catalog`, by their names there, and of domains over them.
    #[must_use]
    pub const fn built_in(types: &'static [&'static str]) -> Self {
        Self::of(Shape::BuiltIn(types))
    }

    /// A type for columns of exactly this type.
    #[must_use]
    pub const fn named(name: QualifiedName) -> Self {
        Self::of(Shape::Named(name))
    }

    /// A PostgreSQL enum: see [`Shape::Enum`]. Its value is its label, a JSON string.
    #[must_use]
    pub const fn enumeration(
        name: QualifiedName,
        labels: &'static [&'static str],
        open: bool,
    ) -> Self {
        let mut this = Self::of(Shape::Enum { name, labels, open });
        this.encoding = Encoding::Text;
        this
    }

    /// A composite type: see [`Shape::Composite`]. Its value is a JSON object.
    #[must_use]
    pub const fn composite(name: QualifiedName, fields: &'static [FieldDesc]) -> Self {
        Self::of(Shape::Composite { name, fields })
    }

    /// An array of `element`. Its value is a JSON array.
    #[must_use]
    pub const fn array(element: &'static TypeDesc) -> Self {
        Self::of(Shape::Array(element))
    }

    /// A range of `element`. Its value is a JSON object with `lower`, `upper` and `bounds`: see [`Range`](crate::Range).
    #[must_use]
    pub const fn range(element: &'static TypeDesc) -> Self {
        Self::of(Shape::Range(element))
    }

    /// Several of these ranges. Its value is a JSON array.
    #[must_use]
    pub const fn multirange(range: &'static TypeDesc) -> Self {
        Self::of(Shape::Multirange(range))
    }

    const fn of(shape: Shape) -> Self {
        Self {
            shape,
            domain: None,
            encoding: Encoding::Json,
            nullable: false,
            asks_null: None,
            partial: false,
            samples: &[],
            check: None,
            limits: None,
        }
    }

    /// The same, with how its value becomes JSON.
    #[must_use]
    pub const fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The same, only for columns of this domain over what it describes.
    #[must_use]
    pub const fn with_domain(mut self, name: QualifiedName) -> Self {
        self.domain = Some(name);
        self
    }

    /// The same, also for columns that may hold NULL.
    #[must_use]
    pub const fn with_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same, also for columns that may hold NULL if this says so.
    #[must_use]
    pub(crate) const fn with_null_if(mut self, takes_null: fn() -> bool) -> Self {
        self.asks_null = Some(takes_null);
        self
    }

    /// The same, for a type that refuses some values of its columns by code of its own, such as `#[serde(try_from)]`. A
    /// sample that the type refuses for its value is no error then. A sample of a JSON type that it does not read is.
    #[must_use]
    pub const fn with_partial_values(mut self) -> Self {
        self.partial = true;
        self
    }

    /// The same, with values as the trigger could send them. `emit-sql` and the relay decode them before anything
    /// runs, so name what is likely to break: the largest, the longest, the oddest.
    #[must_use]
    pub const fn with_samples(mut self, samples: &'static [Sample]) -> Self {
        self.samples = samples;
        self
    }

    /// The same, with a check of the raw JSON value, for what the Rust type would take and alter without a word.
    #[must_use]
    pub const fn with_check(mut self, check: RawCheck) -> Self {
        self.check = Some(check);
        self
    }

    /// The same, with which values of its columns it can't hold, and what can: an event that is refused for one says this
    /// behind its reason. No value of a row is in it.
    ///
    /// ```
    /// use aurora_trigger_gen::PgType;
    /// use aurora_trigger_gen::describe::TypeDesc;
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(try_from = "i64")]
    /// struct Cents(u64);
    /// # impl TryFrom<i64> for Cents {
    /// #     type Error = std::num::TryFromIntError;
    /// #     fn try_from(cents: i64) -> Result<Self, Self::Error> { cents.try_into().map(Self) }
    /// # }
    ///
    /// impl PgType for Cents {
    ///     const TYPE: TypeDesc = i64::TYPE.with_limits("`Cents` holds no debts; `i64` does");
    /// }
    /// ```
    #[must_use]
    pub const fn with_limits(mut self, limits: &'static str) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What kind of column it goes to.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The domain that the column must be of.
    #[must_use]
    pub const fn domain(&self) -> Option<QualifiedName> {
        self.domain
    }

    /// How its value becomes JSON.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the column may hold NULL.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.nullable || self.asks_null.is_some_and(|takes_null| takes_null())
    }

    /// Whether the column may hold NULL, as far as a const can tell: not for a generic parameter that is an `Option`.
    pub(crate) const fn is_nullable_by_its_name(&self) -> bool {
        self.nullable
    }

    /// Whether the type, or a type inside of it, refuses some values by code of its own.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
            || match self.shape {
                Shape::Array(part) | Shape::Range(part) | Shape::Multirange(part) => {
                    part.is_partial()
                }
                Shape::Composite { fields, .. } => fields.iter().any(|field| field.ty.is_partial()),
                Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => false,
            }
    }

    /// Values as the trigger could send them.
    #[must_use]
    pub const fn samples(&self) -> &'static [Sample] {
        self.samples
    }

    /// The check of the raw JSON value.
    #[must_use]
    pub const fn check(&self) -> Option<RawCheck> {
        self.check
    }

    /// Which values of its columns it can't hold, and what can.
    #[must_use]
    pub const fn limits(&self) -> Option<&'static str> {
        self.limits
    }

    /// Whether this type, or one inside it, has a check.
    #[must_use]
    pub const fn has_check(&self) -> bool {
        if self.check.is_some() {
            return true;
        }
        match self.shape {
            Shape::Array(part) | Shape::Range(part) | Shape::Multirange(part) => part.has_check(),
            Shape::Composite { fields, .. } => {
                let mut index = 0;
                while index < fields.len() {
                    if fields[index].ty.has_check() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => false,
        }
    }
}
