use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A value in the bytes of the binary protocol, for what the driver has no type for.
#[derive(Debug, Clone)]
pub(super) struct Raw(pub(super) Vec<u8>);

impl Raw {
    /// A text, or what is sent as one: an enum, `json`.
    pub(super) fn text(text: &str) -> Self {
        Self(text.into())
    }

    /// A `date`, by its days since 2000; the first and the last number are its infinities.
    pub(super) fn date(days: i32) -> Self {
        Self(days.to_be_bytes().into())
    }

    /// A `time`, `timestamp` or `timestamptz`, by its microseconds since midnight or 2000, in the same way.
    pub(super) fn microseconds(microseconds: i64) -> Self {
        Self(microseconds.to_be_bytes().into())
    }
}

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.into()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
