//! The recipes of the documentation for types that no Rust type stands for: as text, or as the JSON that PostgreSQL makes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Bound;

use aurora_trigger_gen::{Multirange, PgType, Range, StreamTrigger};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::holder::{Holder, Holds, JsonRow, in_every_session};

in_every_session!(
    texts_of_built_in_types,
    texts_of_what_other_types_refuse,
    elements_of_what_other_types_refuse,
    domains,
    money_has_the_form_of_no_country,
    xml_is_as_it_was_written,
    extensions,
    geometry,
);

/// A newtype for the text of a type, as a recipe has it.
macro_rules! text_of {
    ($($name:ident = $sql:literal),+ $(,)?) => {
        $(#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
        #[stream(sql_type = $sql, encoding = "text")]
        struct $name(String);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        })+
    };
}

text_of! {
    Money = "money",
    Xml = "xml",
    SearchVector = "tsvector",
    SearchQuery = "tsquery",
    Point = "point",
    Line = "line",
    Segment = "lseg",
    Rectangle = "box",
    Path = "path",
    Polygon = "polygon",
    Circle = "circle",
    TimeWithZone = "timetz",
    LogPosition = "pg_lsn",
    JsonPath = "jsonpath",
    RowPlace = "tid",
    CaseInsensitive = "citext",
    Labels = "ltree",
    Query = "lquery",
    Geometry = "public.geometry",
    AnyDate = "date",
    AnyTime = "time",
    AnyTimestamp = "timestamp",
    AnyInstant = "timestamptz",
    AnyInterval = "interval",
    AnyNumeric = "numeric",
    AnyJson = "json",
    EmailAddress = "public.email",
}

/// Each literal arrives as this text.
async fn check<T>(holder: &Holder, column: &str, literals: &[(&str, &str)])
where
    T: PgType + DeserializeOwned + Debug + for<'a> From<&'a str>,
{
    let literals = literals
        .iter()
        .map(|(literal, text)| (*literal, T::from(text)))
        .collect();
    holder.check_literals::<T>(column, literals).await;
}

async fn texts_of_built_in_types(holder: &Holder) {
    let words = "'a:1 fat:2,4A \"it''s\":7'";
    check::<SearchVector>(
        holder,
        "tsvector NOT NULL",
        &[(words, "'\"it''s\"':7 'a':1 'fat':2,4A"), ("''", "")],
    )
    .await;
    check::<SearchQuery>(
        holder,
        "tsquery NOT NULL",
        &[("'fat & !cat'", "'fat' & !'cat'")],
    )
    .await;
    check::<Point>(
        holder,
        "point NOT NULL",
        &[
            ("'(0.5,-1e2)'", "(0.5,-100)"),
            ("'(NaN,Infinity)'", "(NaN,Infinity)"),
        ],
    )
    .await;
    // Before 12 a float has all its digits, and in these texts nobody takes them away.
    let tenth = if holder.server_version().await < 120_000 {
        "(0.100000000000000006,1)"
    } else {
        "(0.1,1)"
    };
    check::<Point>(holder, "point NOT NULL", &[("'(0.1,1)'", tenth)]).await;
    check::<Line>(holder, "line NOT NULL", &[("'{1,-1,0.5}'", "{1,-1,0.5}")]).await;
    check::<Segment>(
        holder,
        "lseg NOT NULL",
        &[("'[(0,0),(1,2)]'", "[(0,0),(1,2)]")],
    )
    .await;
    check::<Rectangle>(holder, "box NOT NULL", &[("'(0,0),(1,2)'", "(1,2),(0,0)")]).await;
    check::<Path>(
        holder,
        "path NOT NULL",
        &[("'[(0,0),(1,2)]'", "[(0,0),(1,2)]")],
    )
    .await;
    check::<Polygon>(
        holder,
        "polygon NOT NULL",
        &[("'((0,0),(1,2))'", "((0,0),(1,2))")],
    )
    .await;
    check::<TimeWithZone>(
        holder,
        "timetz NOT NULL",
        &[
            ("'24:00:00-15:59:59'", "24:00:00-15:59:59"),
            ("'03:04:05.000006+05:45'", "03:04:05.000006+05:45"),
        ],
    )
    .await;
    check::<LogPosition>(
        holder,
        "pg_lsn NOT NULL",
        &[("'16/B374D848'", "16/B374D848")],
    )
    .await;
    check::<RowPlace>(
        holder,
        "tid NOT NULL",
        &[("'(4294967295,65535)'", "(4294967295,65535)")],
    )
    .await;
    if holder.server_version().await >= 120_000 {
        // Before, each number in them has all its digits.
        check::<Circle>(
            holder,
            "circle NOT NULL",
            &[(
                "'<(0.1,1e300),0.30000000000000004>'",
                "<(0.1,1e+300),0.30000000000000004>",
            )],
        )
        .await;
        check::<JsonPath>(
            holder,
            "jsonpath NOT NULL",
            &[("'$.a[*] ? (@ > 1)'", "$.\"a\"[*]?(@ > 1)")],
        )
        .await;
    }
}

async fn texts_of_what_other_types_refuse(holder: &Holder) {
    let dates = [
        ("'infinity'", "infinity"),
        ("'-infinity'", "-infinity"),
        ("'4713-01-01 BC'", "4713-01-01 BC"),
        ("'2020-02-29'", "2020-02-29"),
        ("'5874897-12-31'", "5874897-12-31"),
    ];
    check::<AnyDate>(holder, "date NOT NULL", &dates).await;
    let times = [("'24:00:00'", "24:00:00"), ("'23:59:59.5'", "23:59:59.5")];
    check::<AnyTime>(holder, "time NOT NULL", &times).await;
    let timestamps = [
        ("'infinity'", "infinity"),
        (
            "'4713-01-01 00:00:00.000001 BC'",
            "4713-01-01 00:00:00.000001 BC",
        ),
        (
            "'294276-12-31 23:59:59.999999'",
            "294276-12-31 23:59:59.999999",
        ),
    ];
    check::<AnyTimestamp>(holder, "timestamp NOT NULL", &timestamps).await;
    let instants = [
        ("'-infinity'", "-infinity"),
        ("'4713-01-01 00:00:00+00 BC'", "4713-01-01 00:00:00+00 BC"),
        ("'2020-01-01 05:45:00+05:45'", "2020-01-01 00:00:00+00"),
        (
            "'294276-12-31 23:59:59.999999+00'",
            "294276-12-31 23:59:59.999999+00",
        ),
    ];
    check::<AnyInstant>(holder, "timestamptz NOT NULL", &instants).await;
    let mut intervals = vec![(
        "'1 year -2 mons 3 days -04:05:06.789'",
        "P10M3DT-4H-5M-6.789S",
    )];
    let mut numbers = vec![
        ("'NaN'", "NaN"),
        ("1e-30", "0.000000000000000000000000000001"),
    ];
    let version = holder.server_version().await;
    if version >= 140_000 {
        numbers.extend([("'Infinity'", "Infinity"), ("'-Infinity'", "-Infinity")]);
    }
    if version >= 170_000 {
        intervals.extend([("'infinity'", "infinity"), ("'-infinity'", "-infinity")]);
    }
    check::<AnyNumeric>(holder, "numeric NOT NULL", &numbers).await;
    check::<AnyInterval>(holder, "interval NOT NULL", &intervals).await;
    let deep = "[".repeat(3000) + &"]".repeat(3000);
    let private = "{\"$serde_json::private::Number\": \"1\"}";
    let documents = [
        ("'1e400'", "1e400"),
        ("(repeat('[', 3000) || repeat(']', 3000))::json", &deep),
        (&format!("'{private}'"), private),
    ];
    check::<AnyJson>(holder, "json NOT NULL", &documents).await;
    raw_json(holder).await;
}

async fn raw_json(holder: &Holder) {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("it is JSON");
    let deep = "[".repeat(3000) + &"]".repeat(3000);
    let literals = vec![
        ("'1e400'", raw("1e400")),
        (
            "'{\"b\": 1.50,  \"a\":null}'",
            raw("{\"b\": 1.50,  \"a\":null}"),
        ),
        ("(repeat('[', 3000) || repeat(']', 3000))::json", raw(&deep)),
    ];
    holder
        .check_literals_as::<JsonRow<Box<RawValue>>>("json NOT NULL", literals)
        .await;
}

/// A newtype goes where an element, a bound or an attribute stands.
async fn elements_of_what_other_types_refuse(holder: &Holder) {
    let infinite = || AnyDate::from("infinity");
    holder
        .check_literals(
            "date[] NOT NULL",
            vec![(
                "ARRAY['infinity', NULL]::date[]",
                vec![Some(infinite()), None],
            )],
        )
        .await;
    let range = || {
        let last = AnyDate::from("10000-01-01");
        Range::Between(
            Bound::Excluded(AnyDate::from("-infinity")),
            Bound::Excluded(last),
        )
    };
    let literal = "'(-infinity,9999-12-31]'";
    holder
        .check_literals("daterange NOT NULL", vec![(literal, range())])
        .await;
    if holder.server_version().await >= 140_000 {
        holder
            .check_literals(
                "datemultirange NOT NULL",
                vec![("'{(-infinity,9999-12-31]}'", Multirange(vec![range()]))],
            )
            .await;
    }
    holder
        .run("CREATE TYPE public.stay AS (nights date[])")
        .await;
    let stay = Stay {
        nights: vec![infinite()],
    };
    holder
        .check_literals(
            "public.stay NOT NULL",
            vec![("ROW('{infinity}'::date[])", stay)],
        )
        .await;
    let dimensions = [
        ("'{}'", json!([])),
        ("ARRAY[1, NULL]", json!([1, null])),
        ("'{{{1}},{{2}}}'", json!([[[1]], [[2]]])),
    ]
    .map(|(literal, value)| (literal, AnyIntegers(value)));
    holder
        .check_literals("integer[] NOT NULL", dimensions.into())
        .await;
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.stay")]
struct Stay {
    #[expect(dead_code, reason = "compared as it prints")]
    nights: Vec<AnyDate>,
}

/// An array of any number of dimensions.
#[derive(Debug, Deserialize, PgType)]
#[stream(sql_type = "_int4", encoding = "json")]
struct AnyIntegers(#[expect(dead_code, reason = "compared as it prints")] Value);

/// A domain is taken for what it is over, and by its own name.
async fn domains(holder: &Holder) {
    holder
        .run("CREATE EXTENSION citext; CREATE DOMAIN public.email AS public.citext; CREATE DOMAIN public.day AS date")
        .await;
    check::<EmailAddress>(holder, "public.email NOT NULL", &[("'Ada'", "Ada")]).await;
    check::<CaseInsensitive>(holder, "public.email NOT NULL", &[("'Ada'", "Ada")]).await;
    check::<AnyDate>(
        holder,
        "public.day NOT NULL",
        &[("'infinity'", "infinity"), ("'1936-10-25'", "1936-10-25")],
    )
    .await;
}

/// Whatever `lc_monetary` is in the session that writes.
async fn money_has_the_form_of_no_country(holder: &Holder) {
    check::<Money>(
        holder,
        "money NOT NULL",
        &[
            ("1234.11::numeric::money", "$1,234.11"),
            ("(-1234.11)::numeric::money", "-$1,234.11"),
            ("0::money", "$0.00"),
            (
                "'-92233720368547758.08'::numeric::money",
                "-$92,233,720,368,547,758.08",
            ),
        ],
    )
    .await;
}

/// But for a declaration that says nothing, which PostgreSQL itself leaves out.
async fn xml_is_as_it_was_written(holder: &Holder) {
    if holder.try_run("SELECT '<a/>'::xml").await.is_err() {
        println!("not tested: this PostgreSQL was built without xml");
        return;
    }
    let element = "<a b=\"&quot;\">é &amp; <![CDATA[<]]></a>";
    let standalone = format!("<?xml version=\"1.0\" standalone=\"yes\"?>{element}");
    check::<Xml>(
        holder,
        "xml NOT NULL",
        &[
            (&format!("'<?xml version=\"1.0\"?>{element}'"), element),
            (&format!("'{standalone}'"), &standalone),
            ("'text <b/>'", "text <b/>"),
        ],
    )
    .await;
}

/// An `hstore`, by the cast to json that it brings.
#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "hstore", encoding = "json")]
struct Attributes(BTreeMap<String, Option<String>>);

async fn extensions(holder: &Holder) {
    holder
        .run("CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree")
        .await;
    check::<CaseInsensitive>(
        holder,
        "citext NOT NULL",
        &[("'Größe \"x\"'", "Größe \"x\""), ("''", "")],
    )
    .await;
    check::<Labels>(
        holder,
        "ltree NOT NULL",
        &[("'Top.Science.A_1'", "Top.Science.A_1"), ("''", "")],
    )
    .await;
    check::<Query>(
        holder,
        "lquery NOT NULL",
        &[("'Top.*{1,2}.a|b'", "Top.*{1,2}.a|b")],
    )
    .await;
    let attributes = |members: &[(&str, Option<&str>)]| {
        Attributes(
            members
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
                .collect(),
        )
    };
    holder
        .check_literals::<Attributes>(
            "hstore NOT NULL",
            vec![
                ("''", attributes(&[])),
                (
                    "public.hstore(ARRAY['a \"quoted\" => key', 'it''s', '', 'number', 'nothing'],
                            ARRAY['\"', ',{}=>', '', '007', NULL])",
                    attributes(&[
                        ("a \"quoted\" => key", Some("\"")),
                        ("it's", Some(",{}=>")),
                        ("", Some("")),
                        ("number", Some("007")),
                        ("nothing", None),
                    ]),
                ),
            ],
        )
        .await;
    nullable(holder).await;
}

/// A `geometry` of PostGIS, by the cast to json that it brings.
#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "public.geometry", encoding = "json")]
struct Shape(Value);

async fn geometry(holder: &Holder) {
    if let Err(error) = holder.try_run("CREATE EXTENSION postgis").await {
        assert!(std::env::var_os("CI").is_none(), "{error:?}");
        println!("not tested: this PostgreSQL has no PostGIS");
        return;
    }
    check::<Geometry>(
        holder,
        "geometry NOT NULL",
        &[(
            "public.ST_SetSRID(public.ST_MakePoint(1, 2), 4326)",
            "0101000020E6100000000000000000F03F0000000000000040",
        )],
    )
    .await;
    holder
        .check_literals::<Shape>(
            "geometry(Point) NOT NULL",
            vec![(
                "public.ST_MakePoint(1, 0.5)",
                Shape(json!({"type": "Point", "coordinates": [1, 0.5]})),
            )],
        )
        .await;
}

/// A field can name the type by itself.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.holder", delivery = "async", on_failure = "abort")]
struct Account {
    #[stream(key)]
    id: i64,
    #[stream(sql_type = "public.citext", encoding = "text")]
    value: Option<String>,
}

impl Holds for Account {
    type Value = Option<String>;

    fn into_parts(self) -> (i64, Option<String>) {
        (self.id, self.value)
    }
}

async fn nullable(holder: &Holder) {
    holder
        .check_literals_as::<Account>(
            "citext",
            vec![("NULL", None), ("'Ada'", Some("Ada".to_owned()))],
        )
        .await;
}
