use aurora_trigger_gen::StreamTrigger;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Json;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Entry, Holder, Holds, JsonRow, arrive, in_every_session};
use crate::samples::{json, samples};

in_every_session!(values, structs);

/// serde_json reads 127 levels of a column's value.
const NESTED: &str = "(repeat('[', 127) || repeat(']', 127))::json";
const TOO_NESTED: [&str; 2] = [
    "(repeat('[', 128) || repeat(']', 128))::json",
    "(repeat('{\"a\":', 3000) || '0' || repeat('}', 3000))::json",
];

async fn values(holder: &Holder) {
    let literals = [
        "'null'",
        "'0'",
        "'-0'",
        "'1.10'",
        "'1e300'",
        "'18446744073709551615'",
        "'123456789012345678901234567890'",
        "'0.1234567890123456789'",
        "'\"\"'",
        "'[]'",
        "'{}'",
        "'  [ 1 ,2 ]  '",
        "'{\"a\":1,\"a\":2}'",
        "'{\"\": {\"b\": [null, true]}}'",
    ];
    let mut entries = arrive(samples(json()));
    entries.extend(literals.map(LiteralArrives));
    entries.push(LiteralArrives(NESTED));
    // A driver can't read such a number into this type either.
    entries.push(LiteralIsRefused("'1e400'"));
    entries.extend(TOO_NESTED.map(LiteralIsRefused));
    holder.check::<Value>("jsonb NOT NULL", entries).await;
    let mut entries = arrive(samples(json()));
    entries.extend(literals.map(LiteralArrives));
    entries.push(LiteralArrives(NESTED));
    entries.push(LiteralArrives("('\"' || chr(92) || 'u0000\"')::json"));
    let refused = holder
        .try_run("SELECT ('\"' || chr(92) || 'u0000\"')::jsonb")
        .await
        .expect_err("a `jsonb` can't hold it");
    assert_eq!(refused.code().map(SqlState::code), Some("22P05"));
    entries.push(LiteralIsRefused("'1e400'"));
    entries.extend(TOO_NESTED.map(LiteralIsRefused));
    holder.check::<Value>("json NOT NULL", entries).await;
    // The one exception: where the column may be NULL, nothing tells that from a JSON null.
    let both = vec![
        ("NULL", None),
        ("'null'", None),
        ("'7'", Some(Value::from(7))),
    ];
    holder.check_literals::<Option<Value>>("jsonb", both).await;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) street: String,
    #[serde(default)]
    pub(crate) floor: Option<i8>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Place {
    Town { name: String },
    Point { latitude: f64, longitude: f64 },
}

async fn structs(holder: &Holder) {
    let address = |place| Address {
        street: "Rue \"de\" l'\\Église".to_owned(),
        floor: Some(-1),
        place,
    };
    let entries = || {
        let mut entries = arrive([
            Json(address(Place::Town {
                name: "\u{1f642}".to_owned(),
            })),
            Json(address(Place::Point {
                latitude: 0.1 + 0.2,
                longitude: -179.999_999_999_999_97,
            })),
        ]);
        entries.push(LiteralArrives(
            "'{\"place\": {\"name\": \"x\", \"kind\": \"town\"}, \"street\": \"\", \"more\": 1}'",
        ));
        entries.push(LiteralIsRefused("'{\"street\": \"without a place\"}'"));
        entries.push(LiteralIsRefused("'null'"));
        entries
    };
    for column in ["jsonb NOT NULL", "json NOT NULL"] {
        holder
            .check_as::<JsonRow<Address>, Json<Address>>(column, entries(), |Json(value)| value)
            .await;
    }
    holder
        .check_as::<MaybeJsonRow, MaybeJson>("jsonb", optional(), |value| {
            value.map(|Json(value)| value)
        })
        .await;
}

/// As the driver has it.
type MaybeJson = Option<Json<Vec<Option<u8>>>>;

/// An `Option` is seen as one where it stands in the struct, which a parameter of the struct does not tell.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.holder", delivery = "async", on_failure = "abort")]
struct MaybeJsonRow {
    #[stream(key)]
    id: i64,
    #[stream(json)]
    value: Option<Vec<Option<u8>>>,
}

impl Holds for MaybeJsonRow {
    type Value = Option<Vec<Option<u8>>>;

    fn into_parts(self) -> (i64, Self::Value) {
        (self.id, self.value)
    }
}

fn optional() -> Vec<Entry<MaybeJson>> {
    let mut entries = arrive([None, Some(Json(vec![Some(1), None]))]);
    entries.push(LiteralIsRefused("'[256]'"));
    entries
}
