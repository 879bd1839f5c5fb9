//! The recipes of the documentation for types that no Rust type stands for: as text, or as the JSON that PostgreSQL makes.

use std::collections::BTreeMap;
use std::fmt::Debug;

use aurora_trigger_gen::{PgType, StreamTrigger};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::holder::{Holder, Holds, in_every_session};

in_every_session!(
    texts_of_built_in_types,
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
    if holder.try_run("CREATE EXTENSION postgis").await.is_err() {
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
