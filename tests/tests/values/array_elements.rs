//! Arrays of values that are taken apart, and of JSON, whose elements can be arrays and null themselves.

use aurora_trigger_gen::{PgType, Range};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::holder::{Holder, in_every_session};

in_every_session!(
    of_composite_types,
    of_ranges,
    of_json,
    of_nested_json,
    of_json_recipes,
    of_text_recipes,
    of_letters
);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "public.place")]
struct Place {
    #[stream(column = "the name")]
    name: Option<String>,
    codes: Vec<Option<i32>>,
}

fn place(name: &str) -> Option<Place> {
    Some(Place {
        name: Some(name.to_owned()),
        codes: vec![Some(1), None],
    })
}

const TWO_BY_TWO: &str = r#"ARRAY[
    ARRAY[ROW('a', ARRAY[1, NULL]), NULL],
    ARRAY[ROW('"', ARRAY[1, NULL]), ROW('d', ARRAY[1, NULL])]
]::public.place[]"#;

async fn of_composite_types(holder: &Holder) {
    holder
        .run(r#"CREATE TYPE public.place AS ("the name" text, codes int4[])"#)
        .await;
    let values = vec![vec![place("a"), None], vec![place("\""), place("d")]];
    holder
        .check_literals::<Option<Vec<Vec<Option<Place>>>>>(
            "public.place[]",
            vec![
                (TWO_BY_TWO, Some(values.clone())),
                ("'{}'", Some(vec![])),
                ("NULL", None),
            ],
        )
        .await;
    holder
        .check_refused::<Vec<Vec<Option<Place>>>>(
            "public.place[] NOT NULL",
            &[
                "ARRAY[ROW('a', '{1}')]::public.place[]",
                "ARRAY[ARRAY[ARRAY[ROW('a', '{1}')]]]::public.place[]",
            ],
        )
        .await;
    let three = "ARRAY[
        ARRAY[ARRAY[ROW('a', ARRAY[1, NULL]), NULL]],
        ARRAY[ARRAY[ROW('b', ARRAY[1, NULL]), ROW('c', ARRAY[1, NULL])]]
    ]::public.place[]";
    holder
        .check_literals::<Vec<Vec<Vec<Option<Place>>>>>(
            "public.place[] NOT NULL",
            vec![(
                three,
                vec![
                    vec![vec![place("a"), None]],
                    vec![vec![place("b"), place("c")]],
                ],
            )],
        )
        .await;
}

async fn of_ranges(holder: &Holder) {
    let range = |text: &str| serde_json::from_str::<Range<i32>>(text).expect("a range in JSON");
    holder
        .check_literals::<Vec<Vec<Option<Range<i32>>>>>(
            "int4range[] NOT NULL",
            vec![(
                "ARRAY[ARRAY[int4range(1, 3), NULL], ARRAY['empty', '(,)']]::int4range[]",
                vec![
                    vec![Some(range(r#"{"lower":1,"upper":3,"bounds":"[)"}"#)), None],
                    vec![
                        Some(range(r#"{"lower":null,"upper":null,"bounds":"empty"}"#)),
                        Some(range(r#"{"lower":null,"upper":null,"bounds":"()"}"#)),
                    ],
                ],
            )],
        )
        .await;
    holder
        .check_refused::<Vec<Vec<Range<i32>>>>(
            "int4range[] NOT NULL",
            &[r#"'{"[1,3)"}'"#, "ARRAY[ARRAY[int4range(1, 3), NULL]]"],
        )
        .await;
}

async fn of_json(holder: &Holder) {
    for column in ["json[] NOT NULL", "jsonb[] NOT NULL"] {
        holder
            .check_literals::<Vec<Value>>(
                column,
                vec![
                    (
                        r#"ARRAY['[1,2]', 'null', '{"a":[3]}']::json[]"#,
                        vec![json!([1, 2]), Value::Null, json!({"a": [3]})],
                    ),
                    ("'{}'", vec![]),
                ],
            )
            .await;
        // The first is the same JSON as an array of arrays, the second as one with a null.
        holder
            .check_refused::<Vec<Value>>(
                column,
                &[
                    "ARRAY[ARRAY['1', '2']]::json[]",
                    "ARRAY['null', NULL]::json[]",
                ],
            )
            .await;
        holder
            .check_literals::<Vec<Option<Value>>>(
                column,
                vec![("ARRAY['[1]', NULL]::json[]", vec![Some(json!([1])), None])],
            )
            .await;
        holder
            .check_literals::<Vec<Vec<Value>>>(
                column,
                vec![(
                    "ARRAY[ARRAY['1', '[2]']]::json[]",
                    vec![vec![json!(1), json!([2])]],
                )],
            )
            .await;
        holder
            .check_refused::<Vec<Vec<Value>>>(
                column,
                &["ARRAY['[1,2]']::json[]", "ARRAY[ARRAY['1', NULL]]::json[]"],
            )
            .await;
    }
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "hstore", encoding = "json")]
struct Attributes(Value);

/// Of the levels that serde_json reads the image is one, and the array another.
async fn of_nested_json(holder: &Holder) {
    let literal = |levels: usize| {
        format!(
            "ARRAY['{}{}']::json[]",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let nested = (1..126).fold(json!([]), |inner, _| json!([inner]));
    holder
        .check_literals::<Vec<Value>>("json[] NOT NULL", vec![(&literal(126), vec![nested])])
        .await;
    let too_nested: &'static str = literal(127).leak();
    holder
        .check_refused::<Vec<Value>>("json[] NOT NULL", &[too_nested])
        .await;
}

/// A type that reads any JSON would read a NULL, and what has more dimensions.
async fn of_json_recipes(holder: &Holder) {
    holder.run("CREATE EXTENSION hstore").await;
    let a = || Attributes(json!({"a": "1"}));
    holder
        .check_literals::<Vec<Attributes>>(
            "public.hstore[] NOT NULL",
            vec![
                (
                    r#"ARRAY['a=>1', '']::public.hstore[]"#,
                    vec![a(), Attributes(json!({}))],
                ),
                ("'{}'", vec![]),
            ],
        )
        .await;
    holder
        .check_refused::<Vec<Attributes>>(
            "public.hstore[] NOT NULL",
            &[
                "ARRAY['a=>1', NULL]::public.hstore[]",
                "ARRAY[ARRAY['a=>1']]::public.hstore[]",
            ],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Option<Attributes>>>>(
            "public.hstore[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['a=>1', NULL]]::public.hstore[]",
                vec![vec![Some(a()), None]],
            )],
        )
        .await;
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "box", encoding = "text")]
struct Rectangle(String);

/// Its elements stand between semicolons in PostgreSQL's text for an array.
async fn of_text_recipes(holder: &Holder) {
    let rectangle = |text: &str| Some(Rectangle(text.to_owned()));
    holder
        .check_literals::<Vec<Option<Rectangle>>>(
            "box[] NOT NULL",
            vec![
                (
                    "ARRAY[box '(1,1),(0,0)', NULL, box '(2,2),(0,0)']",
                    vec![rectangle("(1,1),(0,0)"), None, rectangle("(2,2),(0,0)")],
                ),
                ("'{}'", vec![]),
            ],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Option<Rectangle>>>>(
            "box[] NOT NULL",
            vec![(
                "ARRAY[ARRAY[box '(1,1),(0,0)', NULL]]",
                vec![vec![rectangle("(1,1),(0,0)"), None]],
            )],
        )
        .await;
    holder
        .check_refused::<Vec<Rectangle>>("box[] NOT NULL", &["ARRAY[ARRAY[box '(1,1),(0,0)']]"])
        .await;
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "citext", encoding = "text")]
struct CaseInsensitive(String);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "money", encoding = "text")]
struct Money(String);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "tsvector", encoding = "text")]
struct Lexemes(String);

/// What an array's own text would quote.
async fn of_letters(holder: &Holder) {
    holder.run("CREATE EXTENSION citext").await;
    let texts = || ["NULL", "", "a,\"b\"", "{\\}", " Größe "].map(str::to_owned);
    let array = r#"ARRAY['NULL', '', 'a,"b"', E'{\\}', ' Größe ']::pg_catalog.text[]"#;
    let other_bounds = format!("('[3:7]=' || {array}::pg_catalog.text)");
    for literal in [array, &other_bounds] {
        let citext = format!("{literal}::public.citext[]");
        holder
            .check_literals::<Vec<CaseInsensitive>>(
                "public.citext[] NOT NULL",
                vec![(&citext, texts().map(CaseInsensitive).into())],
            )
            .await;
        let names = format!("{literal}::pg_catalog.name[]");
        holder
            .check_literals::<Vec<String>>("name[] NOT NULL", vec![(&names, texts().into())])
            .await;
    }
    holder
        .check_literals::<Vec<String>>(
            "char(3)[] NOT NULL",
            vec![(
                "ARRAY['a', '  b']",
                vec!["a  ".to_owned(), "  b".to_owned()],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Lexemes>>>(
            "tsvector[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['''a'':1A ''b,c''', '']]::pg_catalog.tsvector[]",
                vec![vec![
                    Lexemes("'a':1A 'b,c'".to_owned()),
                    Lexemes(String::new()),
                ]],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Option<Money>>>(
            "money[] NOT NULL",
            vec![(
                "ARRAY[(-1234.11)::pg_catalog.numeric::pg_catalog.money, NULL]",
                vec![Some(Money("-$1,234.11".to_owned())), None],
            )],
        )
        .await;
}
