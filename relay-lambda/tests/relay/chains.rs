//! The order of one row's events in one transaction.

use crate::{batch, places, relayed};

fn update(seq: u64, before: &str, after: &str) -> String {
    let image = |note: &str| format!(r#"{{"id":1,"note":"{note}"}}"#);
    format!(
        r#"{{"seq":{seq},"op":"u","before":{},"after":{}}}"#,
        image(before),
        image(after)
    )
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
