//! What becomes of a payload: records for the stream, refusals with reasons, and the answer.

use aurora_trigger_gen::wire::{Operation, Record};
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use relay_lambda::{PayloadError, Refused, Relayed, StreamRecord, partition_key, relay};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "sales.readings",
    delivery = "async",
    key = "none",
    partition_by = "meter"
)]
struct Reading {
    meter: Option<i32>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async", oversize = "dead_letter")]
struct Line {
    text: String,
    #[stream(key)]
    #[serde(rename = "li\"ne")]
    line: i32,
    #[stream(key)]
    order: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Shop {
    Line(Change<Line>),
    Order(Change<Order>),
    Reading(Change<Reading>),
}

fn batch(table: &str, events: &str) -> String {
    format!(
        r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"9f3a6c1e","epoch":1,"txId":7,
        "ts_us":1000,"capture":"5d1c","snapshot":false}},"events":[{events}]}}"#
    )
}

fn payload(batches: &[String]) -> String {
    let batches = batches.join(",");
    format!(r#"{{"aurora_trigger":1,"invocation":"RequestResponse","batches":[{batches}]}}"#)
}

fn relayed(batches: &[String]) -> Relayed {
    relay::<Shop>(payload(batches).as_bytes(), 5).expect("it is a payload")
}

/// The number, the operation and the key of each record.
fn records(relayed: &Relayed) -> Vec<(u64, Operation, Option<String>)> {
    relayed
        .records
        .iter()
        .map(|StreamRecord { data, .. }| {
            Shop::decode(data).expect("the relay has read it");
            let record = Record::parse(data).expect("the relay has written it");
            assert_eq!((record.ts_ms, record.source.ts_ms), (5, 1));
            (
                record.source.sequence.seq,
                record.operation,
                record.key.map(|key| key.get().to_owned()),
            )
        })
        .collect()
}

#[test]
fn every_event_becomes_a_record_in_the_order_of_the_payload() {
    let orders = batch(
        "orders",
        r#"{"seq":9,"op":"c","after":{"id":1,"note":null}},
        {"seq":4,"op":"u","before":{"id":1,"note":null},"after":{"id":1,"note":"x"}},
        {"seq":5,"op":"u","key":{"id":2},"oversized":true}"#,
    );
    let readings = batch(
        "readings",
        r#"{"seq":1,"op":"d","before":{"meter":null}},{"seq":2,"op":"t"}"#,
    );
    let relayed = relayed(&[orders, readings]);
    let key = |text: &str| Some(text.to_owned());
    assert_eq!(
        records(&relayed),
        [
            (9, Operation::Create, key(r#"{"id":1}"#)),
            (4, Operation::Update, key(r#"{"id":1}"#)),
            (5, Operation::Update, key(r#"{"id":2}"#)),
            (1, Operation::Delete, key(r#"{"meter":null}"#)),
            (2, Operation::Truncate, None),
        ]
    );
    assert_eq!(relayed.answer(), r#"{"accepted":5,"refused":[]}"#);
}

#[test]
fn an_event_that_does_not_fit_is_refused_and_the_rest_goes_on() {
    let good = r#"{"seq":1,"op":"c","after":{"id":1,"note":null}}"#;
    let bad = [
        (
            r#"{"seq":2,"op":"c","after":{"id":"secret","note":null}}"#,
            "the after image: at `id`: invalid type, expected i64",
        ),
        (
            r#"{"seq":3,"op":"c","after":{"note":null}}"#,
            "the after image: missing field `id`",
        ),
        (
            r#"{"seq":4,"op":"c","after":[4,"secret"]}"#,
            "the image is no JSON object",
        ),
        (
            r#"{"seq":5,"op":"u","after":{"id":1,"note":null}}"#,
            "the before image is missing",
        ),
        (r#"{"seq":6,"op":"c"}"#, "the after image is missing"),
        (
            r#"{"seq":7,"op":"d","oversized":true}"#,
            "the key is missing",
        ),
        (
            r#"{"seq":8,"op":"u","before":{"id":1,"note":7},"after":{"id":1,"note":null}}"#,
            "the before image: at `note`: invalid type, expected a string",
        ),
        (
            r#"{"seq":9,"op":"d","before":{"id":1,"note":null},"after":{"id":1,"note":null}}"#,
            "the after image is there, and should not be",
        ),
        (
            r#"{"seq":10,"op":"t","key":{"id":1}}"#,
            "the key is there, and should not be",
        ),
        (
            r#"{"seq":11,"op":"u","key":{"note":"secret"},"oversized":true}"#,
            "the image lacks the key column `id`",
        ),
        // From here on not even the payload can be read in one go.
        (r#"{"seq":12,"op":"x"}"#, "unknown variant, expected one of"),
        (r#"{"seq":13,"op":"t","op":"t"}"#, "duplicate field `op`"),
        (r#"{"seq":14}"#, "missing field `op`"),
        (
            r#"{"seq":15,"op":"t","oversized":"secret"}"#,
            "invalid type, expected a boolean",
        ),
    ];
    let last = r#"{"seq":99,"op":"d","before":{"id":1,"note":null}}"#;
    let events: Vec<&str> = std::iter::once(good)
        .chain(bad.iter().map(|(event, _)| *event))
        .chain([last])
        .collect();
    let mut relayed = relayed(&[batch("orders", &events.join(","))]);
    let kept: Vec<u64> = records(&relayed).iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(kept, [1, 99]);
    relayed.refused.sort_by_key(|refused| refused.seq);
    assert_eq!(relayed.refused.len(), bad.len());
    for (refused, (seq, (_, expected))) in relayed.refused.iter().zip((2..).zip(&bad)) {
        assert_eq!(refused.seq, Some(seq));
        assert!(refused.reason.contains(expected), "{refused:?}");
        assert!(!refused.reason.contains("secret"), "{refused:?}");
    }
}

#[test]
fn a_table_that_the_relay_does_not_know_is_refused_by_its_name() {
    let unknown = batch(
        "invoices",
        r#"{"seq":1,"op":"c","after":{"id":1}},{"seq":2,"op":"t"}"#,
    );
    let known = batch("orders", r#"{"seq":3,"op":"t"}"#);
    let relayed = relayed(&[unknown, known]);
    let reason = "this relay knows no table sales.invoices".to_owned();
    let refused: Vec<(Option<u64>, &str)> = relayed
        .refused
        .iter()
        .map(|Refused { seq, reason, .. }| (*seq, reason.as_str()))
        .collect();
    assert_eq!(refused, [(Some(1), &*reason), (Some(2), &*reason)]);
    assert_eq!(records(&relayed).len(), 1);
    assert_eq!(
        relayed.answer(),
        format!(
            r#"{{"accepted":1,"refused":[{{"seq":1,"reason":"{reason}"}},{{"seq":2,"reason":"{reason}"}}]}}"#
        )
    );
}

#[test]
fn a_table_of_an_endless_name_is_not_written_out_for_each_event() {
    let events = vec![r#"{"seq":1,"op":"t"}"#; 1000].join(",");
    let relayed = relayed(&[batch(&"é".repeat(100_000), &events)]);
    assert_eq!(relayed.refused.len(), 1000);
    assert!(
        relayed
            .refused
            .iter()
            .all(|refused| refused.reason.len() < 200)
    );
}

#[test]
fn a_payload_without_events_is_answered() {
    assert_eq!(relayed(&[]).answer(), r#"{"accepted":0,"refused":[]}"#);
    assert_eq!(relayed(&[batch("orders", "")]).records, []);
}

#[test]
fn what_is_no_payload_is_an_error_of_the_call() {
    let too_long = format!("{}{}", payload(&[]), " ".repeat(6 << 20));
    // A refusal is larger than what is refused here.
    let too_many = payload(&[batch("orders", &vec!["0"; 200_001].join(","))]);
    for text in [
        &*too_long,
        &*too_many,
        "",
        "[]",
        r#"{"body":"Hello from Postgres!"}"#,
        r#"{"aurora_trigger":1}"#,
    ] {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is none");
        assert!(
            matches!(error, PayloadError::NotAPayload { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().starts_with("this is no payload: "),
            "{error}"
        );
    }
}

#[test]
fn another_version_of_the_format_says_which_relay_to_deploy() {
    let same_form = payload(&[batch("orders", r#"{"seq":1,"op":"t"}"#)])
        .replace(r#""aurora_trigger":1"#, r#""aurora_trigger":2"#);
    let relayed = relay::<Shop>(same_form.as_bytes(), 0).expect("its events can be told apart");
    assert_eq!(relayed.records, []);
    assert_eq!(relayed.refused[0].seq, Some(1));
    assert!(relayed.refused[0].reason.contains("of version 2"));
    // What the next version looks like nobody knows.
    let other_forms = [
        r#"{"aurora_trigger":2}"#,
        r#"{"aurora_trigger":2,"invocation":"Later","batches":{"orders":[]}}"#,
        r#"{"events":[["c",1]],"aurora_trigger":2}"#,
    ];
    for text in other_forms {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is of another version");
        assert_eq!(error, PayloadError::Version { found: 2 }, "{text}");
        let message = error.to_string();
        assert!(
            message.contains("version 2") && message.contains("version 1"),
            "{message}"
        );
    }
}

#[test]
fn a_batch_whose_source_is_wrong_takes_no_other_along() {
    let wrong =
        batch("orders", r#"{"seq":1,"op":"t"},{"op":"t"}"#).replace(r#""txId":7"#, r#""txId":-7"#);
    let right = batch("orders", r#"{"seq":3,"op":"t"}"#);
    let relayed = relayed(&[wrong, right]);
    assert_eq!(records(&relayed).len(), 1);
    let numbers: Vec<Option<u64>> = relayed.refused.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, [Some(1), None]);
    for refused in &relayed.refused {
        assert_eq!(
            refused.reason,
            "the source of its batch: invalid value, expected u64"
        );
    }
}

/// Of the same contract by its fingerprint, and yet with other keys: somebody lies.
#[test]
fn at_the_structs_fingerprint_the_keys_are_the_structs() {
    let fingerprint = Order::TABLE.fingerprint();
    let of_the_struct = |image: &str| {
        let event = format!(r#"{{"seq":1,"op":"c","after":{image}}}"#);
        relayed(&[batch("orders", &event).replace("9f3a6c1e", &fingerprint)])
    };
    assert_eq!(of_the_struct(r#"{"id":1,"note":null}"#).refused, []);
    for image in [
        r#"{"id":1}"#,
        r#"{"id":1,"note":null,"more":1}"#,
        r#"{"note":null,"id":1}"#,
    ] {
        let relayed = of_the_struct(image);
        assert!(relayed.refused[0].reason.contains("key"), "{relayed:?}");
    }
    // Of another contract they may differ, as long as the struct reads them.
    let newer = r#"{"seq":1,"op":"c","after":{"id":1,"note":null,"more":1}}"#;
    assert_eq!(relayed(&[batch("orders", newer)]).refused, []);
}

#[test]
fn the_key_is_of_the_newest_image_in_the_order_of_the_struct() {
    let image = |order: &str| format!(r#"{{"order":"{order}","li\"ne":1,"text":"x"}}"#);
    let update = format!(
        r#"{{"seq":1,"op":"u","before":{},"after":{}}}"#,
        image("old"),
        image("n\\u0065w")
    );
    let delete = format!(r#"{{"seq":2,"op":"d","before":{}}}"#, image("old"));
    let relayed = relayed(&[batch("lines", &[update, delete].join(","))]);
    let keys: Vec<Option<String>> = records(&relayed).into_iter().map(|(.., key)| key).collect();
    let key = |order: &str| Some(format!(r#"{{"li\"ne":1,"order":"{order}"}}"#));
    assert_eq!(keys, [key("n\\u0065w"), key("old")]);
    let partition_keys: Vec<&str> = relayed
        .records
        .iter()
        .map(|record| &*record.partition_key)
        .collect();
    assert_eq!(partition_keys, [r#"[1,"new"]"#, r#"[1,"old"]"#]);
}

/// Another result is another order of a row's changes: these may never change.
#[test]
fn partition_keys_stay_what_they_are() {
    let long = |length: usize| format!("\"{}\"", "é".repeat(length));
    let vectors = [
        (vec!["42".to_owned()], "42".to_owned()),
        (vec!["1.10".to_owned()], "1.10".to_owned()),
        (vec!["null".to_owned()], "null".to_owned()),
        (vec![r#""a0eebc99""#.to_owned()], "a0eebc99".to_owned()),
        (vec![r#""a\"\u00e9\n""#.to_owned()], "a\"é\n".to_owned()),
        (
            vec![
                "1".to_owned(),
                r#""\u00e9\"""#.to_owned(),
                "null".to_owned(),
            ],
            r#"[1,"é\"",null]"#.to_owned(),
        ),
        (vec![long(256)], "é".repeat(256)),
        (
            vec![long(257)],
            "db33c4ce9e8a72562c8f24aa67b7abbabdb848426e8ddfff4ee08f6ae04d1b17".to_owned(),
        ),
        (
            vec![r#""""#.to_owned()],
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        ),
    ];
    for (values, expected) in vectors {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(partition_key(&values), expected);
    }
}

/// The envelope is put together from pieces: the pieces must be those of a record that serde writes.
#[test]
fn a_record_is_what_serde_would_have_written() {
    let hostile = r#"o\"}],\"-0\",\"fingerprint\":\"0\\\"]\"},\"op\":\"t"#;
    let event = r#"{"seq":18446744073709551615,"op":"c","after":{"id":1, "note":"\u00e9"}},
        {"seq":0,"op":"u","key":{"id":2},"oversized":true},
        {"seq":1000,"position":7,"op":"d","before":{"id":3, "note":null}},{"seq":10,"op":"t"}"#;
    let batch = batch("orders", event)
        .replace("\"shop\"", &format!("\"{hostile}\""))
        .replace("5d1c", hostile)
        .replace("9f3a6c1e", hostile);
    let relayed = relayed(&[batch]);
    assert_eq!(relayed.refused, []);
    for record in &relayed.records {
        let parsed = Record::parse(&record.data).expect("it is one");
        let written = serde_json::to_vec(&parsed).expect("a record is JSON");
        assert_eq!(
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(&record.data)
        );
    }
    let numbers = places(&relayed).into_iter().map(|(position, id, _)| {
        let seq = id.rsplit_once('-').map(|(_, seq)| seq.to_owned());
        (position, seq.expect("an id ends with the number"))
    });
    let expected = [
        (u64::MAX, u64::MAX.to_string()),
        (0, "0".to_owned()),
        (7, "1000".to_owned()),
        (10, "10".to_owned()),
    ];
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_too_big_for_the_stream_goes_on_as_its_key_or_is_refused() {
    let long = "x".repeat(1 << 20);
    let order = format!(r#"{{"seq":1,"op":"c","after":{{"id":1,"note":"{long}"}}}}"#);
    let line =
        format!(r#"{{"seq":2,"op":"d","before":{{"text":"{long}","li\"ne":1,"order":"a"}}}}"#);
    let relayed = relayed(&[batch("orders", &order), batch("lines", &line)]);
    let record = Record::parse(&relayed.records[0].data).expect("it is one");
    assert!(record.oversized && record.after.is_none());
    assert_eq!(
        record.key.map(serde_json::value::RawValue::get),
        Some(r#"{"id":1}"#)
    );
    assert_eq!(relayed.refused[0].seq, Some(2));
    assert!(
        relayed.refused[0]
            .reason
            .contains("over the stream's limit of 1048576"),
        "{:?}",
        relayed.refused
    );
}

fn update(seq: u64, before: &str, after: &str) -> String {
    let image = |note: &str| format!(r#"{{"id":1,"note":"{note}"}}"#);
    format!(
        r#"{{"seq":{seq},"op":"u","before":{},"after":{}}}"#,
        image(before),
        image(after)
    )
}

/// The place, the identity and the image after of each record.
fn places(relayed: &Relayed) -> Vec<(u64, String, Option<String>)> {
    let records = relayed.records.iter();
    records
        .map(|record| {
            let record = Record::parse(&record.data).expect("it is one");
            (
                record.source.sequence.seq,
                record.id.to_string(),
                record.after.map(|image| image.get().to_owned()),
            )
        })
        .collect()
}

fn place(seq: u64, id: &str, note: &str) -> (u64, String, Option<String>) {
    let image = format!(r#"{{"id":1,"note":"{note}"}}"#);
    (seq, id.to_owned(), Some(image))
}

#[test]
fn the_chain_of_a_row_is_restored_within_a_transaction() {
    // A trigger that writes the row again fires before the statement that made it fire.
    let nested = batch("orders", &update(5, "b", "c"));
    let outer = batch("orders", &update(6, "a", "b"));
    // The numbers change places, the identities do not.
    let restored = [place(5, "5d1c-6", "b"), place(6, "5d1c-5", "c")];
    assert_eq!(places(&relayed(&[nested.clone(), outer.clone()])), restored);
    // In two transactions nobody says that there is a chain.
    let later = outer.replace(r#""txId":7"#, r#""txId":8"#);
    let apart = relayed(&[nested, later]);
    assert_eq!(
        places(&apart),
        [place(5, "5d1c-5", "c"), place(6, "5d1c-6", "b")]
    );
}

/// A chain that was put right in the database and cut into two calls: each has events that stand in other places than
/// their own.
#[test]
fn a_position_is_the_place_of_an_event_and_not_its_identity() {
    let positioned = |seq: u64, position: u64, before: &str, after: &str| {
        let event = update(seq, before, after);
        let position = format!(r#""position":{position},"op""#);
        batch("orders", &event.replacen(r#""op""#, &position, 1))
    };
    let restored = [
        positioned(12, 10, "a", "b"),
        batch("orders", &update(11, "b", "c")),
    ];
    assert_eq!(
        places(&relayed(&restored)),
        [place(10, "5d1c-12", "b"), place(11, "5d1c-11", "c")]
    );
    // Where there is a chain to be put right, it is the positions that are exchanged.
    let not_yet = [
        positioned(14, 20, "c", "d"),
        positioned(13, 10, "b", "c"),
        batch("orders", &update(15, "a", "b")),
    ];
    assert_eq!(
        places(&relayed(&not_yet)),
        [
            place(10, "5d1c-15", "b"),
            place(15, "5d1c-13", "c"),
            place(20, "5d1c-14", "d"),
        ]
    );
    let refused = positioned(16, 3, "a", "b").replace(r#""id":1"#, r#""id":null"#);
    assert_eq!(relayed(&[refused]).refused[0].seq, Some(16));
}

#[test]
fn a_chain_ends_at_a_truncate_of_its_table() {
    let truncate = |seq: u64| format!(r#"{{"seq":{seq},"op":"t"}}"#);
    let create = r#"{"seq":4,"op":"c","after":{"id":1,"note":"a"}}"#.to_owned();
    let orders = |event: &str| batch("orders", event);
    // Without the TRUNCATE, the row that is created would be the one that is changed.
    let events = [
        orders(&update(2, "a", "b")),
        orders(&truncate(3)),
        orders(&create),
    ];
    assert_eq!(
        places(&relayed(&events)),
        [
            place(2, "5d1c-2", "b"),
            (3, "5d1c-3".to_owned(), None),
            place(4, "5d1c-4", "a"),
        ]
    );
    // On each side of it chains are restored, and across that of another table.
    let events = [
        orders(&update(1, "b", "c")),
        batch("readings", &truncate(2)),
        orders(&update(3, "a", "b")),
        orders(&truncate(4)),
        orders(&update(5, "b", "c")),
        orders(&update(6, "a", "b")),
    ];
    assert_eq!(
        places(&relayed(&events)),
        [
            place(1, "5d1c-3", "b"),
            (2, "5d1c-2".to_owned(), None),
            place(3, "5d1c-1", "c"),
            (4, "5d1c-4".to_owned(), None),
            place(5, "5d1c-6", "b"),
            place(6, "5d1c-5", "c"),
        ]
    );
}

/// b → c is refused: without it a → b and c → a would be a chain that starts in the middle.
#[test]
fn no_chain_is_restored_without_its_refused_events() {
    let rest = [update(1, "a", "b"), update(3, "c", "a")];
    let as_it_came = [place(1, "5d1c-1", "b"), place(3, "5d1c-3", "a")];
    let restored = [place(1, "5d1c-3", "a"), place(3, "5d1c-1", "b")];
    let around = |refused: String| {
        let [first, last] = rest.each_ref().map(|event| batch("orders", event));
        [first, refused, last]
    };
    let misfit = batch("orders", &update(2, "b", "c").replace(r#""c""#, "7"));
    let unreadable = batch("orders", &update(2, "b", "c").replace(r#""u""#, r#""x""#));
    let of_unreadable_source = misfit.replace(r#""txId":7"#, r#""txId":"7""#);
    for refused in [&misfit, &unreadable, &of_unreadable_source] {
        let relayed = relayed(&around(refused.clone()));
        assert_eq!(relayed.refused.len(), 1, "{:?}", relayed.refused);
        assert_eq!(places(&relayed), as_it_came, "{:?}", relayed.refused);
    }
    // What is refused of another transaction or table is in the way of no chain.
    for elsewhere in [
        misfit.replace(r#""txId":7"#, r#""txId":8"#),
        unreadable.replace(r#""txId":7"#, r#""txId":8"#),
        misfit.replace("sales", "elsewhere"),
    ] {
        let relayed = relayed(&around(elsewhere));
        assert_eq!(relayed.refused.len(), 1, "{:?}", relayed.refused);
        assert_eq!(places(&relayed), restored, "{:?}", relayed.refused);
    }
}

#[test]
fn batches_of_several_transactions_and_tables_stay_in_the_order_of_the_payload() {
    let of = |transaction: u64, table: &str, event: &str| {
        batch(table, event).replace(r#""txId":7"#, &format!(r#""txId":{transaction}"#))
    };
    let line = |seq: u64, text: &str| {
        format!(r#"{{"seq":{seq},"op":"c","after":{{"text":"{text}","li\"ne":1,"order":"a"}}}}"#)
    };
    // What is a chain over two transactions is none that may be put right.
    let events = [
        of(8, "orders", &update(11, "c", "d")),
        of(9, "lines", &line(3, "x")),
        of(7, "orders", &update(12, "b", "c")),
        of(8, "readings", r#"{"seq":5,"op":"c","after":{"meter":1}}"#),
        of(9, "lines", &line(2, "y")),
        of(7, "orders", &update(13, "a", "b")),
        of(9, "orders", &update(1, "d", "e")),
    ];
    let order: Vec<(u64, String)> = places(&relayed(&events))
        .into_iter()
        .map(|(seq, id, _)| (seq, id))
        .collect();
    let expected = [
        (11, "5d1c-11"),
        (3, "5d1c-3"),
        (12, "5d1c-13"),
        (5, "5d1c-5"),
        (2, "5d1c-2"),
        (13, "5d1c-12"),
        (1, "5d1c-1"),
    ];
    assert_eq!(
        order,
        expected.map(|(seq, id)| (seq, id.to_owned())).to_vec()
    );
}
