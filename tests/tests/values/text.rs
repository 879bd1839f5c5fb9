use std::borrow::Cow;

use proptest::prelude::*;

use crate::holder::Entry::LiteralArrives;
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::{samples, text};

in_every_session!(strings, smart_pointers);

async fn strings(holder: &Holder) {
    let mut values = arrive(samples(text(0..=30)));
    values.extend(arrive(
        [
            "",
            " ",
            "NULL",
            "null",
            "{}",
            "\\x00",
            "\\",
            "\"",
            "'",
            "\\u0000",
            "\u{1}\u{1f}\u{7f}",
            "\r\n\t",
            "\u{10ffff}\u{feff}",
            "e\u{301}",
            "</script>",
        ]
        .map(str::to_owned),
    ));
    holder.check::<String>("text NOT NULL", values).await;
    let mut values = arrive(samples(proptest::option::of(text(0..=30))));
    values.extend(arrive([None, Some("NULL".to_owned())]));
    holder.check::<Option<String>>("varchar(30)", values).await;
    let mut values = arrive(samples(text(0..=10)));
    values.extend(arrive(["", " ", "a ", " a"].map(str::to_owned)));
    holder.check::<String>("bpchar(10) NOT NULL", values).await;
    let values = arrive(samples(text(0..=15)));
    holder.check::<String>("name NOT NULL", values).await;
    // 240 KB are one call, a megabyte is the limit of an event.
    let values = arrive([
        "é".repeat(150_000),
        "\\".repeat(300_000),
        "x".repeat(900_000),
    ]);
    holder.check::<String>("text NOT NULL", values).await;
}

async fn smart_pointers(holder: &Holder) {
    let mut values = arrive(samples(text(0..=5)));
    values.push(LiteralArrives("'it''s'"));
    holder
        .check_as::<Row<Box<str>>, String>("text NOT NULL", values, String::into_boxed_str)
        .await;
    holder
        .check_as::<Row<Cow<'static, str>>, String>(
            "text NOT NULL",
            arrive(samples(text(0..=5))),
            Cow::Owned,
        )
        .await;
    holder
        .check_as::<Row<Option<Box<i32>>>, Option<i32>>(
            "int4",
            arrive(samples(any::<Option<i32>>())),
            |value| value.map(Box::new),
        )
        .await;
}
