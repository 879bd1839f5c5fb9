use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value on its way into the table.
#[derive(Debug)]
pub(super) enum Written {
    /// As the driver writes it.
    ByDriver(Box<dyn ToSql + Sync + Send>),
    /// In the bytes of the binary protocol, for what the driver has no type for.
    Raw(Vec<u8>),
}

impl ToSql for Written {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::ByDriver(value) => value.to_sql_checked(ty, out),
            Self::Raw(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
        }
    }

    /// Whether a value's type fits is asked when it is written.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
