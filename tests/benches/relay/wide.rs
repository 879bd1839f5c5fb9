//! A table of a hundred columns, with one JSON column and without.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use aurora_trigger_gen::{Change, StreamTrigger, TableChange};
use serde::Deserialize;

use crate::samples::Samples;

/// The JSON of the column.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Address {
    street: String,
    town: String,
}

macro_rules! wide {
    ($row:ident, $table:literal, $(#[$attribute:meta])* $last:ty, [$($column:ident)*]) => {
        #[derive(Deserialize, StreamTrigger)]
        #[stream(table = $table, delivery = "outbox")]
        #[expect(dead_code, reason = "only decoded")]
        struct $row {
            #[stream(key)]
            id: i64,
            $($column: Option<String>,)*
            $(#[$attribute])*
            last: $last,
        }
    };
}

wide!(Plain, "public.plain", String, [
    c00 c01 c02 c03 c04 c05 c06 c07 c08 c09 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 c20 c21 c22 c23 c24 c25 c26 c27 c28 c29 c30 c31 c32 c33 c34 c35 c36 c37 c38 c39 c40 c41 c42 c43 c44 c45 c46 c47 c48 c49 c50 c51 c52 c53 c54 c55 c56 c57 c58 c59 c60 c61 c62 c63 c64 c65 c66 c67 c68 c69 c70 c71 c72 c73 c74 c75 c76 c77 c78 c79 c80 c81 c82 c83 c84 c85 c86 c87 c88 c89 c90 c91 c92 c93 c94 c95 c96 c97
]);
wide!(WithJson, "public.with_json", #[stream(json)] Address, [
    c00 c01 c02 c03 c04 c05 c06 c07 c08 c09 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 c20 c21 c22 c23 c24 c25 c26 c27 c28 c29 c30 c31 c32 c33 c34 c35 c36 c37 c38 c39 c40 c41 c42 c43 c44 c45 c46 c47 c48 c49 c50 c51 c52 c53 c54 c55 c56 c57 c58 c59 c60 c61 c62 c63 c64 c65 c66 c67 c68 c69 c70 c71 c72 c73 c74 c75 c76 c77 c78 c79 c80 c81 c82 c83 c84 c85 c86 c87 c88 c89 c90 c91 c92 c93 c94 c95 c96 c97
]);

/// How long the check of an image takes, with the JSON column to without it.
pub(crate) fn measure(rounds: u32) -> Samples {
    let address = r#"{"street": "First Street 1", "town": "Springfield"}"#;
    let plain = image(&serde_json::Value::from(address).to_string());
    let with_json = image(address);
    let mut ratios = Samples::default();
    for _ in 0..rounds {
        let without = time::<Plain>(&plain);
        let with = time::<WithJson>(&with_json);
        ratios.add(with / without);
    }
    ratios
}

fn image(last: &str) -> String {
    let mut image = r#"{"id": 42"#.to_owned();
    for column in 0..98 {
        write!(image, r#", "c{column:02}": "value {column}""#).expect("a String takes everything");
    }
    format!(r#"{image}, "last": {last}}}"#)
}

fn time<T: StreamTrigger>(image: &str) -> f64 {
    const TIMES: u32 = 1_000;
    let start = Instant::now();
    for _ in 0..TIMES {
        Change::<T>::check_image(black_box(image)).expect("it fits");
    }
    start.elapsed().as_secs_f64()
}
