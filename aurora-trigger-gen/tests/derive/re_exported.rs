//! `crate = "…"`: the library by another name.

/// Another library than `::aurora_trigger_gen`, to see that every path of an expansion leads here: its traits are its own.
mod facade {
    pub(crate) mod stream {
        use aurora_trigger_gen::describe::{TableDesc, TypeDesc};
        pub(crate) use aurora_trigger_gen::{
            Change, DecodeError, ImageCheck, ImageError, JSON, TableChange, UnknownChange,
            describe, private, wire,
        };

        pub(crate) trait PgType {
            const TYPE: TypeDesc;
        }

        impl PgType for i64 {
            const TYPE: TypeDesc = TypeDesc::built_in(&["of the facade"]);
        }

        pub(crate) trait StreamTrigger {
            const TABLE: TableDesc;

            #[expect(dead_code, reason = "no record has such a key")]
            fn check_key(key: &private::KeyMembers<'_>) -> Result<(), ImageError>;
        }

        pub(crate) trait Keyed {
            type Key;

            fn key(&self) -> Self::Key;

            #[expect(dead_code, reason = "no record has such a key")]
            fn read_key(key: &private::KeyMembers<'_>) -> Result<Self::Key, ImageError>;
        }

        pub(crate) trait ChangeStream: Sized {
            const TABLES: &'static [&'static TableDesc];
            const CHECKS: &'static [ImageCheck];

            fn from_record(record: &wire::Record<'_>) -> Result<Self, DecodeError>;
        }
    }
}

use aurora_trigger_gen::describe::Shape;
use facade::stream::{Change, ChangeStream, PgType, StreamTrigger, UnknownChange};
use serde::Deserialize;

#[derive(Deserialize, aurora_trigger_gen::PgType)]
#[stream(as = "i64", crate = "facade::stream")]
enum Kind {
    Small,
}

#[derive(Deserialize, aurora_trigger_gen::PgType)]
#[stream(type = "public.size", crate = "super::re_exported::facade::stream")]
#[expect(dead_code, reason = "only described here")]
struct Size(i64);

#[derive(Deserialize, aurora_trigger_gen::PgType)]
#[stream(type = "public.place", crate = "facade::stream")]
#[expect(dead_code, reason = "only described here")]
struct Place {
    shelf: Option<i64>,
    #[stream(json)]
    notes: Vec<u8>,
    #[stream(sql_type = "ltree", encoding = "text")]
    path: String,
}

impl<T: PgType> PgType for Option<T> {
    const TYPE: aurora_trigger_gen::describe::TypeDesc = T::TYPE.with_null();
}

#[derive(Deserialize, aurora_trigger_gen::StreamTrigger)]
#[stream(
    table = "public.items",
    delivery = "async",
    crate = "crate::re_exported::facade::stream"
)]
#[stream(
    on_failure = "warn",
    level = "row",
    ops = "insert",
    unchanged = "emit",
    oversize = "key_only"
)]
#[expect(dead_code, reason = "only described here")]
struct Item {
    #[stream(key)]
    id: i64,
    kind: Kind,
    #[stream(skip)]
    size: Option<Size>,
    place: Place,
    #[stream(sql_type = "citext", encoding = "text", mask = "last4")]
    name: String,
}

/// The library's own row, since a `Change` is the library's.
#[derive(Debug, Deserialize, aurora_trigger_gen::StreamTrigger)]
#[stream(table = "public.rows", delivery = "async")]
struct Row {
    #[stream(key)]
    id: i64,
}

#[derive(aurora_trigger_gen::ChangeStream)]
#[stream(crate = "facade::stream")]
#[expect(dead_code, reason = "only described here")]
enum Shop {
    Row(Change<Row>),
    #[stream(other)]
    Other(UnknownChange),
}

#[test]
fn every_path_of_an_expansion_starts_at_the_named_crate() {
    assert!(matches!(
        Kind::TYPE.shape(),
        Shape::BuiltIn(["of the facade"])
    ));
    assert!(Size::TYPE.domain().is_some());
    assert!(matches!(Place::TYPE.shape(), Shape::Composite { .. }));
    let id = Item::TABLE.columns()[0].ty();
    assert!(matches!(id.shape(), Shape::BuiltIn(["of the facade"])));
    let _: fn(&Item) -> i64 = facade::stream::Keyed::key;
    assert_eq!(Shop::TABLES[0].table(), "rows");
    assert_eq!(Shop::CHECKS.len(), 1);
    let record = crate::decoding::record("items", "c", "null", "{}");
    let record = aurora_trigger_gen::wire::Record::parse(record.as_bytes()).expect("it is one");
    assert!(matches!(Shop::from_record(&record), Ok(Shop::Other(_))));
}
