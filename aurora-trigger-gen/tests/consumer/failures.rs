use std::error::Error;

use aurora_trigger_gen::{ConsumeError, DecodeError, Deduplicator};

use crate::record::Record;
use crate::{HasSource, OpenShop, ROWS, Shop, aggregate, customer, reading};

const SECRET: &str = "hush";

/// The numbers of the changes that are delivered, and how the record ends. The app fails with that one.
fn process<S: HasSource>(
    deduplicator: &mut Deduplicator<S>,
    data: &[u8],
    failing: Option<u64>,
) -> (Vec<u64>, Result<(), ConsumeError>) {
    let mut given = Vec::new();
    let mut process = || {
        let mut changes = deduplicator.changes(data)?;
        while let Some(change) = changes.next()? {
            let seq = change.source().sequence.seq;
            given.push(seq);
            if failing == Some(seq) {
                break;
            }
        }
        Ok(())
    };
    let result = process();
    (given, result)
}

fn error(data: &[u8]) -> ConsumeError {
    let (given, result) = process(&mut Deduplicator::<Shop>::new(ROWS), data, None);
    assert!(given.is_empty());
    result.expect_err("this is refused")
}

/// A change by a relay of a later release.
fn newer() -> Record {
    customer(1, 2).with("/op", "m")
}

#[test]
fn a_change_that_the_app_fails_with_is_delivered_again_and_the_changes_before_it_are_not() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let data = aggregate(&[customer(1, 1), customer(2, 2), customer(3, 3)].map(|it| it.data()));

    assert_eq!(process(&mut deduplicator, &data, Some(2)).0, [1, 2]);
    assert_eq!(process(&mut deduplicator, &data, None).0, [2, 3]);
    assert!(process(&mut deduplicator, &data, None).0.is_empty());
}

#[test]
fn the_last_change_counts_as_delivered_when_the_next_one_is_asked_for() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let data = customer(1, 1).data();

    let mut changes = deduplicator.changes(&data).expect("it can be read");
    assert!(changes.next().expect("it can be read").is_some());
    drop(changes);
    let mut changes = deduplicator.changes(&data).expect("it can be read");
    assert!(changes.next().expect("it can be read").is_some());
    assert!(changes.next().expect("it can be read").is_none());
    let mut changes = deduplicator.changes(&data).expect("it can be read");
    assert!(changes.next().expect("it can be read").is_none());
}

#[test]
fn a_truncate_that_the_app_fails_with_is_delivered_again() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let truncate = Record::truncate("customers", 2).data();

    assert_eq!(process(&mut deduplicator, &truncate, Some(2)).0, [2]);

    assert_eq!(
        process(&mut deduplicator, &customer(1, 1).data(), None).0,
        [1]
    );
    assert_eq!(process(&mut deduplicator, &truncate, None).0, [2]);
}

#[test]
fn an_aggregate_is_taken_apart_up_to_the_part_that_can_not_be_read() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let [first, second] = [customer(1, 1).data(), customer(1, 2).data()];
    let broken = aggregate(&[first.clone(), b"{}".to_vec(), second.clone()]);
    let mended = aggregate(&[first, second]);

    let (given, result) = process(&mut deduplicator, &broken, None);

    assert_eq!(given, [1]);
    assert!(result.expect_err("a part is no change").is_foreign());
    assert_eq!(process(&mut deduplicator, &mended, None).0, [2]);
}

#[test]
fn a_part_of_an_aggregate_can_be_passed_over() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let data = aggregate(&[
        customer(1, 1).data(),
        b"{}".to_vec(),
        newer().data(),
        customer(1, 3).data(),
    ]);

    let mut changes = deduplicator.changes(&data).expect("it can be read");
    changes.skip();
    assert!(changes.next().expect("it can be read").is_some());
    changes.skip();
    for is_foreign in [true, false] {
        for _ in 0..2 {
            let error = changes.next().expect_err("it can't be read");
            assert_eq!(error.is_foreign(), is_foreign, "{error}");
        }
        changes.skip();
        changes.skip();
    }
    assert!(changes.next().expect("it can be read").is_some());
    assert!(changes.next().expect("it can be read").is_none());
    assert!(
        process(&mut deduplicator, &customer(1, 3).data(), None)
            .0
            .is_empty()
    );
}

#[test]
fn a_change_by_a_newer_relay_is_told_from_the_bytes_of_another_program() {
    let foreign = [
        &b""[..],
        b"null",
        b"{}",
        br#"{"op":"c","source":{"connector":"postgresql","schema":"sales","table":"customers"}}"#,
    ];
    for bytes in foreign {
        let error = error(bytes);
        assert!(error.is_foreign(), "{error:?}");
        assert_eq!(
            error.to_string(),
            "the record is no change event of aurora-trigger"
        );
    }
    let debezium = customer(1, 1).with("/source/connector", "postgresql");
    assert!(error(&debezium.data()).is_foreign());

    let error = error(&newer().data());
    assert!(!error.is_foreign());
    assert!(
        error.to_string().starts_with(
            "this version of aurora-trigger-gen can't read event 5d1c-2 of sales.customers: unknown variant, expected "
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("build the consumer with the release of the relay")
    );
}

#[test]
fn a_broken_aggregate_is_named_as_one() {
    // The right checksum over a message that is cut, by the description of the format.
    let data = [
        &[0xf3, 0x89, 0x9a, 0xc2, 0x80][..],
        &[
            0x8d, 0x39, 0xdd, 0x7e, 0xef, 0x11, 0x5e, 0xa6, 0x97, 0x54, 0x46, 0xef, 0x40, 0x82,
            0x95, 0x1f,
        ],
    ]
    .concat();

    let error = error(&data);

    assert!(matches!(error, ConsumeError::Aggregate(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "this is no aggregate of records: it ends within a number"
    );
}

#[test]
fn a_table_that_the_stream_does_not_know_is_refused_with_table_and_event() {
    let record = Record::created("refunds", 1, 1).data();

    let error = error(&record);

    assert!(matches!(
        &error,
        ConsumeError::Decode(DecodeError::UnknownTable { schema, table, id })
            if schema == "sales" && table == "refunds" && id == "5d1c-1"
    ));
    let (given, result) = process(&mut Deduplicator::<OpenShop>::new(ROWS), &record, None);
    assert_eq!(given, [1]);
    result.expect("a variant takes unknown tables");
}

#[test]
fn a_refused_change_is_not_remembered() {
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let misfit = reading(1, 1).with("/after/id", "1").data();

    process(&mut deduplicator, &misfit, None)
        .1
        .expect_err("it does not fit");

    assert_eq!(
        process(&mut deduplicator, &reading(1, 1).data(), None).0,
        [1]
    );
}

#[test]
fn an_error_holds_no_value_of_a_row() {
    let foreign = format!(r#"{{"before":"{SECRET}","op":"{SECRET}"}}"#).into_bytes();
    let cut = format!(r#"{{"before":"{SECRET}"#).into_bytes();
    let newer = newer()
        .with("/op", SECRET)
        .with("/after/name", SECRET)
        .data();
    let misfit = customer(1, 1).with("/after/id", SECRET).data();
    for (data, expected) in [
        (foreign, "the record is no change event of aurora-trigger"),
        (cut, "the record is no change event of aurora-trigger"),
        (
            newer,
            "this version of aurora-trigger-gen can't read event 5d1c-2 of sales.customers: unknown variant, expected",
        ),
        (
            misfit,
            "the after of event 5d1c-1 of sales.customers does not fit its struct: at `id`: invalid type, expected i64",
        ),
    ] {
        let error = error(&data);

        assert!(error.to_string().starts_with(expected), "{error}");
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            assert!(!error.to_string().contains(SECRET), "{error}");
            cause = error.source();
        }
    }
}
