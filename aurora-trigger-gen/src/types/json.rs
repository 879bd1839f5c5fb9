use super::PgType;
use crate::describe::{Sample, TypeDesc};

/// What `#[stream(json)]` makes of a field: any serde type in a `json` or `jsonb` column. What it can decode only the
/// type knows, so there are no samples.
pub const JSON: TypeDesc = TypeDesc::built_in(&["jsonb", "json"]);

/// `Option<Value>` can't tell SQL NULL from JSON `null`: both are `None`.
impl PgType for serde_json::Value {
    const TYPE: TypeDesc = JSON.with_samples(&[
        Sample::Json("null"),
        Sample::Json(r#"{"a": [1, 1.5e300, "\u00e9", true]}"#),
    ]);
}
