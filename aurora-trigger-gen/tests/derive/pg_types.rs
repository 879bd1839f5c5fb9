//! `PgType`: enums, newtypes, composite types.

use aurora_trigger_gen::PgType;
use aurora_trigger_gen::describe::{Encoding, Sample, Shape, TypeDesc};
use serde::Deserialize;

fn samples(ty: &TypeDesc) -> Vec<String> {
    ty.samples().iter().map(Sample::to_json).collect()
}

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only described here")]
enum Closed {
    Placed,
    #[serde(alias = "payed")]
    PaidFor,
    #[serde(rename(deserialize = "SHIPPED", serialize = "x"))]
    Shipped,
    #[serde(skip_deserializing)]
    Unknown,
}

#[derive(Deserialize, PgType)]
#[stream(type = "sales.\"Status\"")]
enum Open {
    Placed,
    #[serde(other)]
    Other,
}

#[test]
fn an_enum_of_postgresql_has_the_labels_that_serde_reads() {
    let Shape::Enum { name, labels, open } = Closed::TYPE.shape() else {
        panic!("`type` makes an enum");
    };
    assert_eq!(name.to_string(), "sales.order_status");
    assert_eq!(labels, ["placed", "paid_for", "payed", "SHIPPED"]);
    assert!(!open);
    assert_eq!(Closed::TYPE.encoding(), Encoding::Text);
    let Shape::Enum { name, labels, open } = Open::TYPE.shape() else {
        panic!("`type` makes an enum");
    };
    assert_eq!((name.schema(), name.name()), (Some("sales"), "Status"));
    assert_eq!(
        labels,
        ["Placed"],
        "the label `Other` stands for all others"
    );
    assert!(open);
}

#[derive(Deserialize, PgType)]
#[stream(as = "String")]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Text {
    InText,
    #[serde(alias = "raw")]
    R,
}

type Small = i16;

#[derive(Deserialize, PgType)]
#[stream(as = "Small")]
#[serde(try_from = "i16")]
#[repr(i16)]
enum Number {
    One = 1,
    Two,
    r#Minus = -7,
}

impl TryFrom<i16> for Number {
    type Error = String;

    fn try_from(number: i16) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            -7 => Ok(Self::Minus),
            _ => Err(format!("{number} is no Number")),
        }
    }
}

#[derive(Deserialize, PgType)]
#[stream(as = "String")]
#[serde(from = "String")]
enum Converted {
    Whatever,
}

impl From<String> for Converted {
    fn from(_: String) -> Self {
        Self::Whatever
    }
}

#[test]
fn an_enum_may_be_kept_in_a_text_or_an_integer() {
    assert!(matches!(Text::TYPE.shape(), Shape::BuiltIn(["text", ..])));
    assert_eq!(samples(&Text::TYPE), [r#""IN-TEXT""#, r#""R""#, r#""raw""#]);
    // The type is asked whether it is an integer: an alias of one is.
    assert!(matches!(Number::TYPE.shape(), Shape::BuiltIn(["int2"])));
    assert_eq!(samples(&Number::TYPE), ["1", "2", "-7"]);
    for sample in samples(&Number::TYPE) {
        serde_json::from_str::<Number>(&sample).expect("the samples are what it reads");
    }
    assert!(samples(&Converted::TYPE).is_empty(), "nobody knows them");
}

#[derive(Deserialize, PgType)]
#[stream(json)]
#[serde(tag = "kind")]
#[expect(dead_code, reason = "only described here")]
enum Payment {
    Card { number: String },
    Cash,
}

#[derive(Deserialize, PgType)]
#[stream(sql_type = "ltree", encoding = "text")]
#[serde(from = "String")]
struct Path {
    #[expect(dead_code, reason = "only described here")]
    parts: Vec<String>,
}

impl From<String> for Path {
    fn from(path: String) -> Self {
        Self {
            parts: path.split('.').map(str::to_owned).collect(),
        }
    }
}

#[derive(Deserialize, PgType)]
#[stream(sql_type = "hstore", encoding = "json")]
#[expect(dead_code, reason = "only described here")]
struct Anything(serde_json::Value);

#[test]
fn a_type_may_be_one_column_as_a_whole() {
    let check = Anything::TYPE.check().expect("any JSON is checked");
    check(r#"{"$serde_json::private::RawValue":"[1]"}"#).expect_err("serde_json would alter it");
    assert!(matches!(
        Payment::TYPE.shape(),
        Shape::BuiltIn(["jsonb", "json"])
    ));
    assert!(matches!(Path::TYPE.shape(), Shape::Named(name) if name.name() == "ltree"));
    assert_eq!(Path::TYPE.encoding(), Encoding::Text);
}

#[derive(Deserialize, PgType)]
#[expect(dead_code, reason = "only described here")]
struct Price(rust_decimal::Decimal);

#[derive(Deserialize, PgType)]
#[stream(type = "sales.price")]
#[expect(dead_code, reason = "only described here")]
struct DomainPrice(Price);

#[derive(Deserialize, PgType)]
#[serde(transparent)]
#[expect(dead_code, reason = "only described here")]
struct Named {
    value: Option<i64>,
}

#[derive(Deserialize, PgType)]
#[serde(try_from = "i64")]
#[expect(dead_code, reason = "only described here")]
struct Positive(u64);

impl TryFrom<i64> for Positive {
    type Error = std::num::TryFromIntError;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        u64::try_from(number).map(Self)
    }
}

#[derive(Deserialize, PgType)]
#[stream(sql_type = "citext", encoding = "text")]
#[expect(dead_code, reason = "only described here")]
struct Folded(Option<String>);

#[derive(Deserialize, PgType)]
#[stream(as = "String")]
#[expect(dead_code, reason = "only described here")]
struct Letter(char);

#[test]
fn a_newtype_is_what_serde_reads_in_its_place() {
    assert!(matches!(Price::TYPE.shape(), Shape::BuiltIn(["numeric"])));
    let domain = DomainPrice::TYPE;
    assert!(matches!(domain.shape(), Shape::BuiltIn(["numeric"])));
    assert_eq!(
        domain.domain().map(|name| name.to_string()),
        Some("sales.price".to_owned())
    );
    assert_eq!(domain.encoding(), Encoding::Text);
    assert_eq!(samples(&domain), samples(&Price::TYPE));
    assert!(
        domain.check().is_some(),
        "a domain over numeric is checked too"
    );
    assert!(Named::TYPE.is_nullable());
    assert!(matches!(Named::TYPE.shape(), Shape::BuiltIn(["int8", ..])));
    assert!(matches!(
        Positive::TYPE.shape(),
        Shape::BuiltIn(["int8", ..])
    ));
    assert_eq!(samples(&Positive::TYPE), samples(&i64::TYPE));
    assert!(Folded::TYPE.is_nullable());
    assert!(matches!(Letter::TYPE.shape(), Shape::BuiltIn(["text", ..])));
}

#[derive(Deserialize, PgType)]
#[stream(type = "sales.address")]
#[serde(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "only described here")]
struct Address {
    street: String,
    #[stream(column = "Zip")]
    zip: Option<Positive>,
    #[stream(json)]
    extra: Vec<u8>,
    #[serde(skip)]
    cache: Vec<u8>,
}

#[test]
fn a_composite_type_has_the_attributes_that_serde_reads() {
    let Shape::Composite { name, fields } = Address::TYPE.shape() else {
        panic!("`type` on a struct makes a composite type");
    };
    assert_eq!(name.to_string(), "sales.address");
    let names: Vec<_> = fields
        .iter()
        .map(|field| (field.attribute(), field.json()))
        .collect();
    assert_eq!(
        names,
        [("street", "STREET"), ("Zip", "ZIP"), ("extra", "EXTRA")]
    );
    assert!(fields[1].ty().is_nullable());
}
