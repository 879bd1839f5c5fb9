use std::borrow::Cow;

use super::PgType;
use crate::describe::{Sample, TypeDesc};

/// A column that may hold NULL. Nested, as serde reads it: NULL is the outer `None`.
impl<T: PgType> PgType for Option<T> {
    const TYPE: TypeDesc = T::TYPE.with_null();
}

/// An array; `Vec<Option<T>>` for one that holds NULLs, `Vec<Vec<T>>` for two dimensions. Lower bounds are lost.
impl<T: PgType> PgType for Vec<T> {
    const TYPE: TypeDesc = TypeDesc::array(&T::TYPE)
        .with_samples(&[Sample::Json("[]")])
        .with_limits(
            "`Vec<T>` holds one dimension, `Vec<Vec<T>>` two; a `serde_json::Value` with `#[stream(sql_type = \"_int4\", \
             encoding = \"json\")]`, where `_int4` is PostgreSQL's own name for `integer[]`, holds any number of them",
        );
}

impl<T: PgType + ?Sized> PgType for Box<T> {
    const TYPE: TypeDesc = T::TYPE;
}

impl<T: PgType + ToOwned + ?Sized> PgType for Cow<'_, T> {
    const TYPE: TypeDesc = T::TYPE;
}
