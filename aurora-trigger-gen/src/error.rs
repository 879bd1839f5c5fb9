//! Why a record could not be read.

use std::error::Error;
use std::fmt;

use crate::check::Altered;
use crate::describe::TableDesc;
use crate::limits;
use crate::wire::Record;

/// Why a record of the stream could not be read.
///
/// Its text can hold values of the row; [`without_values`](Self::without_values) holds none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not JSON, or no change event.
    NotARecord {
        /// What was expected and where.
        reason: String,
    },
    /// No variant of the enum is for this table.
    UnknownTable {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
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
        }
    }

    /// What is wrong, without any value of the row: fit for a log.
    ///
    /// ```
    /// use aurora_trigger_gen::DecodeError;
    ///
    /// let error = DecodeError::NotARecord { reason: r#"invalid type: string "secret""#.to_owned() };
    /// assert_eq!(error.without_values(), "this is no change event");
    /// ```
    #[must_use]
    pub fn without_values(&self) -> String {
        match self {
            Self::NotARecord { .. } => "this is no change event".to_owned(),
            Self::UnknownTable { .. } => self.to_string(),
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
            Self::NotARecord { reason } => write!(f, "this is no change event: {reason}"),
            Self::UnknownTable { schema, table } => write!(
                f,
                "this consumer knows no table {schema}.{table}: add a variant for it, or take what is unknown with \
                 `#[stream(other)] Other(UnknownChange)`"
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
        let mut this = Self::from(error);
        if let Some(limits) = limits {
            for text in [&mut this.0.text, &mut this.0.without_values] {
                text.push_str(": ");
                text.push_str(limits);
            }
        }
        this
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

/// What serde says is wrong, without the value that it found: of a text that a type made up itself nothing is kept, since
/// nobody knows what is in it.
///
/// ```
/// let error = serde_json::from_str::<i64>(r#""secret""#).unwrap_err();
/// assert_eq!(aurora_trigger_gen::without_values(&error), "invalid type, expected i64");
/// ```
#[must_use]
pub fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if !error.is_data() {
        // Of the JSON itself: where and what, and nothing that it holds.
        return text;
    }
    let text = match text.rfind(" at line ") {
        Some(end) => &text[..end],
        None => &text,
    };
    // These name a field of the struct.
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.to_owned();
    }
    for kind in [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
        "unknown field",
    ] {
        if text.starts_with(kind) {
            return match text.rfind(", expected ") {
                Some(expected) => format!("{kind}{}", &text[expected..]),
                None => kind.to_owned(),
            };
        }
    }
    "its type refuses the value".to_owned()
}
