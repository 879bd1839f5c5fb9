//! `StreamTrigger`: every attribute, and what it becomes.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{
    ColumnDesc, Delivery, Encoding, KeyDesc, Level, Mask, OnFailure, Operations, Oversize, Shape,
    TableDesc, Unchanged,
};
use serde::Deserialize;

fn column(table: &TableDesc, field: &str) -> &'static ColumnDesc {
    table
        .columns()
        .iter()
        .find(|column| column.field() == field)
        .expect("the test names a field of the struct")
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
#[expect(dead_code, reason = "only described here")]
struct Plain {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[test]
fn an_author_who_says_little_gets_what_is_documented() {
    let table = Plain::TABLE;
    assert_eq!(table.rust_path(), "derive::tables::Plain");
    assert_eq!((table.schema(), table.table()), ("sales", "orders"));
    assert_eq!(table.delivery(), Delivery::Async);
    assert_eq!(table.on_failure(), OnFailure::Warn);
    assert_eq!(table.level(), Level::Statement);
    assert_eq!(
        table.operations(),
        Operations {
            insert: true,
            update: true,
            delete: true,
            truncate: false
        }
    );
    assert_eq!(table.unchanged(), Unchanged::Skip);
    assert_eq!(table.oversize(), Oversize::KeyOnly);
    assert_eq!(table.when(), None);
    assert!(matches!(table.key(), KeyDesc::Columns));
    let id = column(&table, "id");
    assert!(id.is_key() && !id.is_skipped() && !id.ty().is_nullable());
    assert_eq!((id.column(), id.json(), id.mask()), ("id", "id", None));
    let note = column(&table, "note");
    assert!(!note.is_key() && note.ty().is_nullable());
}

#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = r#""Sales"."Order ""lines""""#,
    delivery = "async",
    on_failure = "abort"
)]
#[stream(
    level = "row",
    ops = "truncate,insert",
    unchanged = "emit",
    oversize = "dead_letter"
)]
#[stream(
    when = "\"Kind\" <> 'draft'",
    key = "none",
    partition_by = "order_id, r#type"
)]
#[expect(dead_code, reason = "only described here")]
struct Everything {
    order_id: i64,
    #[stream(column = "Kind")]
    r#type: String,
}

#[test]
fn every_attribute_of_the_struct_arrives() {
    let table = Everything::TABLE;
    assert_eq!(
        (table.schema(), table.table()),
        ("Sales", "Order \"lines\"")
    );
    assert_eq!(table.on_failure(), OnFailure::Abort);
    assert_eq!(table.level(), Level::Row);
    assert_eq!(
        table.operations(),
        Operations {
            insert: true,
            update: false,
            delete: false,
            truncate: true
        }
    );
    assert_eq!(table.unchanged(), Unchanged::Emit);
    assert_eq!(table.oversize(), Oversize::DeadLetter);
    assert_eq!(table.when(), Some("\"Kind\" <> 'draft'"));
    let KeyDesc::PartitionBy(columns) = table.key() else {
        panic!("the struct says key = \"none\"");
    };
    assert_eq!(columns, ["order_id", "Kind"]);
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "public.größe", delivery = "sync", ops = "truncate")]
struct Synchronous {
    #[stream(key)]
    schlüssel: i32,
}

#[test]
fn a_synchronous_table_fails_the_write_and_names_may_be_of_any_language() {
    let table = Synchronous::TABLE;
    assert_eq!(table.delivery(), Delivery::Sync);
    assert_eq!(table.on_failure(), OnFailure::Abort);
    assert_eq!(table.table(), "größe");
    assert_eq!(table.columns()[0].column(), "schlüssel");
    assert!(table.operations().truncate && !table.operations().insert);
}

struct Foreign;

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

type Nullable<T> = Option<T>;
type Money = rust_decimal::Decimal;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "public.fields", delivery = "async")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only described here")]
struct Fields {
    #[stream(key, mask = "last4")]
    card_number: String,
    #[stream(key, column = "Key")]
    r#type: i16,
    #[serde(
        rename(deserialize = "Text", serialize = "other"),
        alias = "txt",
        alias = "t"
    )]
    text: Nullable<String>,
    price: Money,
    #[stream(as = "String")]
    foreign: Foreign,
    #[stream(as = "String")]
    foreign_or_null: Nullable<Foreign>,
    #[stream(as = "Option<String>")]
    null_as_well: Foreign,
    #[stream(json)]
    json: Vec<u8>,
    #[stream(json)]
    json_or_null: Option<Vec<u8>>,
    #[stream(sql_type = "citext", encoding = "text")]
    folded: Foreign,
    #[stream(sql_type = "public.hstore", encoding = "json")]
    map: Option<std::collections::BTreeMap<String, String>>,
    #[stream(mask = "redact")]
    secret: Option<String>,
    #[stream(sql_type = "citext", encoding = "text", mask = "redact")]
    folded_secret: String,
    #[stream(skip)]
    internal: Option<i64>,
    #[stream(skip)]
    #[serde(default)]
    counted: i64,
    #[stream(skip, column = "kind")]
    #[serde(skip)]
    known_to_when: String,
    #[serde(skip)]
    cache: std::collections::HashMap<u8, u8>,
    #[stream(sql_type = "date", encoding = "text")]
    #[serde(deserialize_with = "String::deserialize")]
    read_by_function: String,
}

#[test]
fn every_attribute_of_a_field_arrives() {
    let table = Fields::TABLE;
    let of = |field| column(&table, field);
    assert_eq!(of("card_number").json(), "cardNumber");
    assert_eq!(of("card_number").column(), "card_number");
    assert_eq!(of("card_number").mask(), Some(Mask::LastFour));
    assert_eq!((of("type").column(), of("type").json()), ("Key", "type"));
    assert!(of("card_number").is_key() && of("type").is_key());
    assert_eq!(of("text").json(), "Text");
    assert_eq!(of("text").aliases(), ["t", "txt"]);
    assert!(of("text").ty().is_nullable(), "through an alias");
    assert!(of("price").ty().has_check());
    assert_eq!(of("secret").mask(), Some(Mask::Redact));
    assert_eq!(of("folded_secret").mask(), Some(Mask::Redact));
    let nullable = |field| of(field).ty().is_nullable();
    assert!(!nullable("foreign") && nullable("foreign_or_null") && nullable("null_as_well"));
    assert!(!nullable("json") && nullable("json_or_null"));
    assert!(matches!(
        of("json").ty().shape(),
        Shape::BuiltIn(["jsonb", "json"])
    ));
    assert!(matches!(
        of("foreign").ty().shape(),
        Shape::BuiltIn(["text", ..])
    ));
    let Shape::Named(citext) = of("folded").ty().shape() else {
        panic!("sql_type names it");
    };
    assert_eq!((citext.schema(), citext.name()), (None, "citext"));
    assert_eq!(of("folded").ty().encoding(), Encoding::Text);
    let Shape::Named(hstore) = of("map").ty().shape() else {
        panic!("sql_type names it");
    };
    assert_eq!((hstore.schema(), hstore.name()), (Some("public"), "hstore"));
    assert_eq!(of("map").ty().encoding(), Encoding::Json);
    assert!(nullable("map") && !nullable("folded"));
}

#[test]
fn what_is_skipped_is_known_to_when_and_what_only_rust_knows_is_left_out() {
    let table = Fields::TABLE;
    for field in ["internal", "counted", "known_to_when"] {
        assert!(column(&table, field).is_skipped(), "{field}");
    }
    assert_eq!(column(&table, "known_to_when").column(), "kind");
    assert!(
        table
            .columns()
            .iter()
            .all(|column| column.field() != "cache")
    );
    assert!(table.streamed().all(|column| !column.is_skipped()));
}

/// In a macro of the user's, where types and names come in groups and from elsewhere.
macro_rules! table {
    ($name:ident, $table:literal, $key:ident: $ty:ty) => {
        #[derive(Deserialize, StreamTrigger)]
        #[stream(table = $table, delivery = "async")]
        #[expect(dead_code, reason = "only described here")]
        struct $name {
            #[stream(key)]
            $key: $ty,
            list: Vec<$ty>,
        }
    };
}

table!(ByMacro, "public.by_macro", number: i64);

#[test]
fn a_macro_may_write_the_struct() {
    let table = ByMacro::TABLE;
    assert_eq!(table.table(), "by_macro");
    assert_eq!(table.columns()[0].column(), "number");
}

macro_rules! wide {
    ($($column:ident)*) => {
        #[derive(Deserialize, StreamTrigger)]
        #[stream(table = "public.wide", delivery = "async")]
        #[expect(dead_code, reason = "only described here")]
        struct Wide {
            #[stream(key)]
            id: i64,
            $($column: Option<String>,)*
        }
    };
}

wide! {
    c0 c1 c2 c3 c4 c5 c6 c7 c8 c9
    c10 c11 c12 c13 c14 c15 c16 c17 c18 c19
    c20 c21 c22 c23 c24 c25 c26 c27 c28 c29
    c30 c31 c32 c33 c34 c35 c36 c37 c38 c39
    c40 c41 c42 c43 c44 c45 c46 c47 c48 c49
    c50 c51 c52 c53 c54 c55 c56 c57 c58 c59
    c60 c61 c62 c63 c64 c65 c66 c67 c68 c69
    c70 c71 c72 c73 c74 c75 c76 c77 c78 c79
    c80 c81 c82 c83 c84 c85 c86 c87 c88 c89
    c90 c91 c92 c93 c94 c95 c96 c97 c98 c99
    c100 c101 c102 c103 c104 c105 c106 c107 c108 c109
    c110 c111 c112 c113 c114 c115 c116 c117 c118 c119
    c120 c121 c122 c123 c124 c125 c126 c127 c128 c129
    c130 c131 c132 c133 c134 c135 c136 c137 c138 c139
    c140 c141 c142 c143 c144 c145 c146 c147 c148 c149
    c150 c151 c152 c153 c154 c155 c156 c157 c158 c159
    c160 c161 c162 c163 c164 c165 c166 c167 c168 c169
    c170 c171 c172 c173 c174 c175 c176 c177 c178 c179
    c180 c181 c182 c183 c184 c185 c186 c187 c188 c189
    c190 c191 c192 c193 c194 c195 c196 c197 c198 c199
    c200 c201 c202 c203 c204 c205 c206 c207 c208 c209
    c210 c211 c212 c213 c214 c215 c216 c217 c218 c219
    c220 c221 c222 c223 c224 c225 c226 c227 c228 c229
    c230 c231 c232 c233 c234 c235 c236 c237 c238 c239
    c240 c241 c242 c243 c244 c245 c246 c247 c248 c249
}

#[test]
fn a_table_may_be_wide() {
    assert_eq!(Wide::TABLE.columns().len(), 251);
}
