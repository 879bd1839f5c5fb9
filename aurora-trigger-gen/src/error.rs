//! Why a record could not be read.

use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::check::Altered;
use crate::describe::TableDesc;
use crate::limits;
use crate::redaction::{self, without_values};
use crate::wire::{CONNECTOR, Record};

/// Why a record of the stream could not be read.
///
/// Its text can hold values of the row; [`without_values`](Self::without_values) holds none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are no change event of aurora-trigger: another program wrote them into the stream.
    Foreign {
        /// The first difference from a change event.
        reason: String,
    },
    /// A change event of aurora-trigger in a form that this version does not read. A newer relay writes such events.
    Unreadable {
        /// The schema and the table, where the event names them.
        table: Option<String>,
        /// The event's identity, where it can be read.
        id: Option<String>,
        /// The first difference from the known form. It holds no value of the row.
        reason: String,
    },
    /// No variant of the enum is for this table.
    UnknownTable {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The event's identity.
        id: String,
    },
    /// An image does not fit the struct.
    Image {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The event's identity.
        id: String,
        /// `before`, `after` or `key`.
        image: &'static str,
        /// What is wrong with it.
        reason: ImageError,
    },
}

impl DecodeError {
    /// The error for a record of a table that no variant names.
    #[must_use]
    pub fn unknown_table(record: &Record<'_>) -> Self {
        Self::UnknownTable {
            schema: record.source.schema.to_string(),
            table: record.source.table.to_string(),
            id: record.id.to_string(),
        }
    }

    /// The error for bytes that [`Record::parse`] does not read.
    pub(crate) fn not_a_record(bytes: &[u8], error: &serde_json::Error) -> Self {
        match Origin::of(bytes) {
            Some(Origin { table, id }) => Self::Unreadable {
                table,
                id,
                reason: without_values(error),
            },
            None => Self::Foreign {
                reason: error.to_string(),
            },
        }
    }

    /// What is wrong, without any value of the row: fit for a log.
    ///
    /// ```
    /// use aurora_trigger_gen::DecodeError;
    ///
    /// let error = DecodeError::Foreign { reason: r#"invalid type: string "secret""#.to_owned() };
    /// assert_eq!(error.without_values(), "the record is no change event of aurora-trigger");
    /// ```
    #[must_use]
    pub fn without_values(&self) -> String {
        match self {
            Self::Foreign { .. } => FOREIGN.to_owned(),
            Self::Unreadable { .. } | Self::UnknownTable { .. } => self.to_string(),
            Self::Image {
                schema,
                table,
                id,
                image,
                reason,
            } => misfit(schema, table, id, image, &reason.without_values()),
        }
    }

    pub(crate) fn image(record: &Record<'_>, image: &'static str, reason: ImageError) -> Self {
        Self::Image {
            schema: record.source.schema.to_string(),
            table: record.source.table.to_string(),
            id: record.id.to_string(),
            image,
            reason,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { reason } => write!(f, "{FOREIGN}: {reason}"),
            Self::Unreadable { table, id, reason } => write!(
                f,
                "this version of aurora-trigger-gen can't read event {} of {}: {reason}; build the consumer with the \
                 release of the relay",
                id.as_deref().unwrap_or("(unknown)"),
                table.as_deref().unwrap_or("(unknown)")
            ),
            Self::UnknownTable { schema, table, id } => write!(
                f,
                "event {id} is of {schema}.{table}, a table that this consumer does not know: add a variant for it, or \
                 take unknown tables with `#[stream(other)] Other(UnknownChange)`"
            ),
            Self::Image {
                schema,
                table,
                id,
                image,
                reason,
            } => f.write_str(&misfit(schema, table, id, image, &reason.to_string())),
        }
    }
}

const FOREIGN: &str = "the record is no change event of aurora-trigger";

/// Where a change event that can't be read comes from.
struct Origin {
    table: Option<String>,
    id: Option<String>,
}

impl Origin {
    /// `None` for bytes that are not of aurora-trigger.
    fn of(bytes: &[u8]) -> Option<Self> {
        // A newer form can have any value in any place.
        #[derive(Deserialize)]
        struct Record<'a> {
            #[serde(borrow)]
            source: &'a RawValue,
            #[serde(borrow)]
            id: Option<&'a RawValue>,
        }

        #[derive(Deserialize)]
        struct Source<'a> {
            #[serde(borrow)]
            connector: &'a RawValue,
            #[serde(borrow)]
            schema: Option<&'a RawValue>,
            #[serde(borrow)]
            table: Option<&'a RawValue>,
        }

        let record: Record<'_> = serde_json::from_slice(bytes).ok()?;
        let source: Source<'_> = serde_json::from_str(record.source.get()).ok()?;
        let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
        if text(source.connector)? != CONNECTOR {
            return None;
        }
        let table = match (source.schema.and_then(text), source.table.and_then(text)) {
            (Some(schema), Some(table)) => Some(format!("{schema}.{table}")),
            _ => None,
        };
        Some(Self {
            table,
            id: record.id.and_then(text),
        })
    }
}

fn misfit(schema: &str, table: &str, id: &str, image: &str, reason: &str) -> String {
    format!("the {image} of event {id} of {schema}.{table} does not fit its struct: {reason}")
}

impl Error for DecodeError {}

/// Why an image does not fit its struct.
///
/// Its text can hold values of the row; [`without_values`](Self::without_values) holds none.
///
/// ```
/// use aurora_trigger_gen::ImageError;
///
/// let mut json = serde_json::Deserializer::from_str(r#"{"id":"secret"}"#);
/// let error = serde_path_to_error::deserialize::<_, std::collections::BTreeMap<String, i64>>(&mut json)
///     .map_err(ImageError::from)
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"at `id`: invalid type: string "secret", expected i64 at line 1 column 14"#
/// );
/// assert_eq!(error.without_values(), "at `id`: invalid type, expected i64");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageError(Box<Texts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts {
    path: String,
    text: String,
    without_values: String,
}

impl ImageError {
    pub(crate) fn missing() -> Self {
        Self::safe(String::new(), "it is missing")
    }

    pub(crate) fn missing_at(path: &str) -> Self {
        Self::safe(path.to_owned(), "it is missing")
    }

    /// The same error, below this path.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.0.path = match &*self.0.path {
            "" => path.to_owned(),
            inner => format!("{path}.{inner}"),
        };
        self
    }

    fn safe(path: String, text: &str) -> Self {
        Self(Box::new(Texts {
            path,
            text: text.to_owned(),
            without_values: text.to_owned(),
        }))
    }

    /// With what the type of the value can't hold, where that is known.
    pub(crate) fn in_table(
        table: &TableDesc,
        error: serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let limits = limits::of(table, error.path(), error.inner());
        let names = redaction::names_of(table);
        let without_values = redaction::redacted(error.inner(), &|name| names.contains(&name));
        let mut this = Self::from(error);
        this.0.without_values = without_values;
        if let Some(limits) = limits {
            for text in [&mut this.0.text, &mut this.0.without_values] {
                text.push_str(": ");
                text.push_str(limits);
            }
        }
        this
    }

    /// Whether the value is of a JSON type that the field does not read, and not only of a value that it refuses.
    pub(crate) fn is_of_another_type(&self) -> bool {
        self.0.text.starts_with("invalid type: ")
    }

    /// Where it is wrong: names and indices, as in `lines[2].price`. Empty for the whole image.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong and where, without any value of the row: fit for a log.
    #[must_use]
    pub fn without_values(&self) -> String {
        at(&self.0.path, &self.0.without_values)
    }
}

fn at(path: &str, text: &str) -> String {
    if path.is_empty() {
        text.to_owned()
    } else {
        format!("at `{path}`: {text}")
    }
}

impl From<Altered> for ImageError {
    fn from(altered: Altered) -> Self {
        Self::safe(altered.path, altered.reason)
    }
}

impl From<serde_path_to_error::Error<serde_json::Error>> for ImageError {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = match error.path().to_string() {
            // Its way to say that it is none.
            none if none == "." => String::new(),
            path => path,
        };
        let mut error = Self::from(error.into_inner());
        error.0.path = path;
        error
    }
}

impl From<serde_json::Error> for ImageError {
    fn from(error: serde_json::Error) -> Self {
        Self(Box::new(Texts {
            path: String::new(),
            text: error.to_string(),
            without_values: without_values(&error),
        }))
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&at(&self.0.path, &self.0.text))
    }
}

impl Error for ImageError {}
