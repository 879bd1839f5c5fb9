use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Waker};

use aurora_trigger_gen::wire::Aggregate;
use aurora_trigger_gen::{DecodeError, Deduplicator, ProcessError};

use crate::ready::ready;
use crate::record::Record;
use crate::{HasSource, OpenShop, ROWS, Shop, customer, reading};

const SECRET: &str = "hush";

#[derive(Debug)]
struct DatabaseIsAway;

impl fmt::Display for DatabaseIsAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is away")
    }
}

impl Error for DatabaseIsAway {}

fn aggregate(changes: &[Vec<u8>]) -> Vec<u8> {
    let mut aggregate = Aggregate::new("1");
    for change in changes {
        aggregate.add(change);
    }
    aggregate.finish()
}

/// The numbers of the changes that the app was given, and what became of the record; the app fails with that one.
fn process<S: HasSource>(
    changes: &mut Deduplicator<S>,
    data: &[u8],
    failing: Option<u64>,
) -> (Vec<u64>, Result<(), ProcessError<DatabaseIsAway>>) {
    let mut given = Vec::new();
    let result = ready(changes.process(data, async |change| {
        let seq = change.source().sequence.seq;
        given.push(seq);
        if failing == Some(seq) {
            Err(DatabaseIsAway)
        } else {
            Ok(())
        }
    }));
    (given, result)
}

fn error(data: &[u8]) -> ProcessError<DatabaseIsAway> {
    let (given, result) = process(&mut Deduplicator::<Shop>::new(ROWS), data, None);
    assert!(given.is_empty());
    result.expect_err("this is refused")
}

#[test]
fn what_the_app_fails_with_is_given_again_and_what_was_before_it_is_not() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let data = aggregate(&[customer(1, 1), customer(2, 2), customer(3, 3)].map(|it| it.data()));

    let (given, result) = process(&mut changes, &data, Some(2));

    assert_eq!(given, [1, 2]);
    let error = result.expect_err("the app has failed");
    assert!(matches!(error, ProcessError::Handler(DatabaseIsAway)));
    assert_eq!(error.to_string(), "the database is away");
    let (given, result) = process(&mut changes, &data, None);
    assert_eq!(given, [2, 3]);
    result.expect("the app has not failed");
}

#[test]
fn what_the_app_still_waits_for_is_given_again() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let data = aggregate(&[customer(1, 1), customer(2, 2)].map(|it| it.data()));
    let mut given = Vec::new();

    let given_up = {
        let process = changes.process(&data, async |change| {
            let seq = change.source().sequence.seq;
            given.push(seq);
            if seq == 2 {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(())
        });
        pin!(process)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    };

    assert!(given_up);
    assert_eq!(given, [1, 2]);
    assert_eq!(process(&mut changes, &data, None).0, [2]);
}

#[test]
fn a_task_may_process_on_any_thread_where_its_handler_owns_what_it_uses() {
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
        ready(task)
    }
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let given = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&given);

    spawn(async move {
        let handle = async move |change: Shop| {
            std::future::ready(()).await;
            seen.store(change.source().sequence.seq, Relaxed);
            Ok::<_, Infallible>(())
        };
        changes.process(&customer(1, 1).data(), handle).await
    })
    .expect("nothing fails");

    assert_eq!(given.load(Relaxed), 1);
}

#[test]
fn a_truncate_that_the_app_fails_with_is_given_again() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let truncate = Record::truncate("customers", 2).data();

    let (_, result) = process(&mut changes, &truncate, Some(2));

    result.expect_err("the app has failed");
    assert_eq!(process(&mut changes, &customer(1, 1).data(), None).0, [1]);
    assert_eq!(process(&mut changes, &truncate, None).0, [2]);
}

#[test]
fn an_aggregate_is_taken_apart_up_to_what_can_not_be_read() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let [first, second] = [customer(1, 1).data(), customer(1, 2).data()];
    let broken = aggregate(&[first.clone(), b"{}".to_vec(), second.clone()]);
    let mended = aggregate(&[first, second]);

    let (given, result) = process(&mut changes, &broken, None);

    assert_eq!(given, [1]);
    let error = result.expect_err("a part is no change");
    assert!(matches!(error, ProcessError::NotARecord(_)), "{error:?}");
    assert_eq!(process(&mut changes, &mended, None).0, [2]);
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

    assert!(matches!(error, ProcessError::Aggregate(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "this is no aggregate of records: it ends within a number"
    );
}

#[test]
fn a_table_that_the_stream_does_not_know_is_refused_as_by_the_stream() {
    let record = Record::created("refunds", 1, 1).data();

    let error = error(&record);

    assert!(matches!(
        &error,
        ProcessError::Decode(DecodeError::UnknownTable { schema, table })
            if schema == "sales" && table == "refunds"
    ));
    let (given, result) = process(&mut Deduplicator::<OpenShop>::new(ROWS), &record, None);
    assert_eq!(given, [1]);
    result.expect("a variant takes the others");
}

#[test]
fn what_is_refused_is_not_remembered() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let misfit = reading(1, 1).with("/after/id", "1").data();

    process(&mut changes, &misfit, None)
        .1
        .expect_err("it does not fit");

    assert_eq!(process(&mut changes, &reading(1, 1).data(), None).0, [1]);
}

#[test]
fn an_error_holds_no_value_of_a_row() {
    let poison = format!(r#"{{"before":"{SECRET}","op":"{SECRET}"}}"#).into_bytes();
    let cut = format!(r#"{{"before":"{SECRET}"#).into_bytes();
    let misfit = customer(1, 1).with("/after/id", SECRET).data();
    for (data, expected) in [
        (
            poison,
            "this is no change event: unknown variant, expected ",
        ),
        (
            cut,
            "this is no change event: EOF while parsing a string at line 1",
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
