use ::uuid::Uuid;

use super::PgType;
use crate::describe::{Sample, TypeDesc};

impl PgType for Uuid {
    const TYPE: TypeDesc = TypeDesc::built_in(&["uuid"])
        .with_samples(&[Sample::Json("\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"")]);
}
