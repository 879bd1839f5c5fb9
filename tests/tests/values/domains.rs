//! Newtypes for one domain, over whatever it is: its values arrive as those of what it is a domain over.

use aurora_trigger_gen::{Float8, PgType, Range};
use bigdecimal::BigDecimal;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::holder::{Holder, in_every_session};

in_every_session!(
    over_arrays,
    over_composite_types,
    over_ranges,
    over_recipes_and_enums
);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.prices")]
struct Prices(Vec<BigDecimal>);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.prices")]
struct ShortPrices(Vec<Decimal>);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.points")]
struct Points(Vec<Option<Float8>>);

async fn over_arrays(holder: &Holder) {
    holder
        .run(
            "CREATE DOMAIN public.prices AS numeric[];
            CREATE DOMAIN public.points AS float8[]",
        )
        .await;
    let number = |text: &str| text.parse::<BigDecimal>().expect("a number");
    holder
        .check_literals::<Prices>(
            "public.prices NOT NULL",
            vec![(
                "'{1.10,0.12345678901234567890123456789}'",
                Prices(vec![
                    number("1.10"),
                    number("0.12345678901234567890123456789"),
                ]),
            )],
        )
        .await;
    holder
        .check_literals::<ShortPrices>(
            "public.prices NOT NULL",
            vec![("'{1.10}'", ShortPrices(vec![Decimal::new(110, 2)]))],
        )
        .await;
    holder
        .check_refused::<ShortPrices>(
            "public.prices NOT NULL",
            &["'{0.12345678901234567890123456789}'", "'{{1}}'"],
        )
        .await;
    holder
        .check_literals::<Points>(
            "public.points NOT NULL",
            vec![(
                "ARRAY[1.5, '-Infinity', NULL]::float8[]",
                Points(vec![
                    Some(Float8(1.5)),
                    Some(Float8(f64::NEG_INFINITY)),
                    None,
                ]),
            )],
        )
        .await;
    // Such a domain is a value to the array that it is in.
    let prices = |texts: &[&str]| Some(Prices(texts.iter().map(|text| number(text)).collect()));
    holder
        .check_literals::<Vec<Option<Prices>>>(
            "public.prices[] NOT NULL",
            vec![
                (
                    "ARRAY['{1.10,2}', NULL, '{}']::public.prices[]",
                    vec![prices(&["1.10", "2"]), None, prices(&[])],
                ),
                ("'{}'", vec![]),
            ],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Prices>>>(
            "public.prices[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['{1.10}'::public.prices], ARRAY['{2}'::public.prices]]",
                vec![
                    prices(&["1.10"]).into_iter().collect(),
                    prices(&["2"]).into_iter().collect(),
                ],
            )],
        )
        .await;
    holder
        .check_refused::<Vec<Prices>>(
            "public.prices[] NOT NULL",
            &[
                "ARRAY[ARRAY['{1}'::public.prices]]",
                "ARRAY[NULL]::public.prices[]",
            ],
        )
        .await;
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.amount")]
struct Amount {
    #[stream(column = "the amount")]
    amount: Option<Decimal>,
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.fee")]
struct Fee(Amount);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.fees")]
struct Fees(Vec<Option<Fee>>);

async fn over_composite_types(holder: &Holder) {
    holder
        .run(
            r#"CREATE TYPE public.amount AS ("the amount" numeric);
            CREATE DOMAIN public.fee AS public.amount;
            CREATE DOMAIN public.fees AS public.fee[]"#,
        )
        .await;
    let fee = |number| {
        Fee(Amount {
            amount: Some(number),
        })
    };
    holder
        .check_literals::<Fee>(
            "public.fee NOT NULL",
            vec![
                ("ROW(1.10)", fee(Decimal::new(110, 2))),
                ("ROW(NULL)", Fee(Amount { amount: None })),
            ],
        )
        .await;
    holder
        .check_refused::<Fee>(
            "public.fee NOT NULL",
            &["ROW(0.12345678901234567890123456789)"],
        )
        .await;
    holder
        .check_literals::<Fees>(
            "public.fees NOT NULL",
            vec![(
                "ARRAY[ROW(1.10), NULL]::public.fee[]",
                Fees(vec![Some(fee(Decimal::new(110, 2))), None]),
            )],
        )
        .await;
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.span")]
struct Span(Range<Decimal>);

async fn over_ranges(holder: &Holder) {
    holder.run("CREATE DOMAIN public.span AS numrange").await;
    let range = serde_json::from_str(r#"{"lower":"1.10","upper":null,"bounds":"()"}"#)
        .expect("a range in JSON");
    holder
        .check_literals::<Span>("public.span NOT NULL", vec![("'(1.10,)'", Span(range))])
        .await;
    holder
        .check_refused::<Span>(
            "public.span NOT NULL",
            &["'(0.12345678901234567890123456789,)'"],
        )
        .await;
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(sql_type = "tsvector", encoding = "text")]
struct Words(String);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.title_words")]
struct TitleWords(Words);

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.light")]
enum Light {
    #[serde(rename = "on")]
    On,
    #[serde(rename = "off")]
    Off,
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.lamp")]
struct Lamp(Light);

async fn over_recipes_and_enums(holder: &Holder) {
    holder
        .run(
            "CREATE DOMAIN public.words AS tsvector;
            CREATE DOMAIN public.title_words AS public.words;
            CREATE TYPE public.light AS ENUM ('on', 'off');
            CREATE DOMAIN public.lamp AS public.light",
        )
        .await;
    let words = || Words("'cat':2 'fat':1".to_owned());
    holder
        .check_literals::<TitleWords>(
            "public.title_words NOT NULL",
            vec![("'fat:1 cat:2'", TitleWords(words()))],
        )
        .await;
    // What is a domain over it will do where the struct asks for no domain.
    for column in ["public.words NOT NULL", "public.title_words NOT NULL"] {
        holder
            .check_literals::<Words>(column, vec![("'fat:1 cat:2'", words())])
            .await;
    }
    holder
        .check_literals::<Lamp>(
            "public.lamp NOT NULL",
            vec![("'on'", Lamp(Light::On)), ("'off'", Lamp(Light::Off))],
        )
        .await;
}
