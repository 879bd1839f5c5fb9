use std::fmt;

/// One JSON value as the trigger could send it, for the check that a struct decodes its own images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sample {
    /// JSON text, as it stands on the wire.
    Json(&'static str),
    /// A text that becomes a JSON string.
    Text(&'static str),
    /// An integer: the discriminant of an enum that is kept in an integer column.
    Integer(i64),
}

impl Sample {
    /// The JSON text of the sample.
    ///
    /// ```
    /// use aurora_trigger_gen::describe::Sample;
    ///
    /// assert_eq!(Sample::Text("a\"b").to_json(), r#""a\"b""#);
    /// assert_eq!(Sample::Integer(-1).to_json(), "-1");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Json(text) => (*text).to_owned(),
            Self::Text(text) => serde_json::Value::from(*text).to_string(),
            Self::Integer(number) => number.to_string(),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}
