//! What is big: in the bytes of UTF-8, whatever the database counts in, and up to what PostgreSQL can hold.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure};
use pipeline_tests::{Call, Pipeline};
use serde::Deserialize;

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.pages", delivery = "async")]
#[expect(dead_code, reason = "only its size counts")]
struct Page {
    #[stream(key)]
    id: i32,
    text: String,
}

async fn start(encoding: &str, delivery: Delivery, on_failure: OnFailure) -> Pipeline {
    let pipeline = Pipeline::start_in(encoding).await;
    pipeline
        .run("CREATE TABLE pages (id integer PRIMARY KEY, text text NOT NULL)")
        .await;
    let table = Page::TABLE
        .with_level(Level::Statement)
        .with_delivery(delivery)
        .with_on_failure(on_failure);
    pipeline.install_tables(&[&table]).await;
    pipeline
}

/// Whether each event is only its key, in the order of the calls.
fn oversized(calls: &[Call]) -> Vec<bool> {
    calls
        .iter()
        .flat_map(|call| call.payload().batches)
        .flat_map(|batch| batch.events)
        .map(|event| event.oversized)
        .collect()
}

fn sizes(calls: &[Call]) -> Vec<usize> {
    calls.iter().map(|call| call.payload.len()).collect()
}

/// What a call takes: 1 MB where nobody waits, 6 MB where somebody does.
const EVENT: usize = 1024 * 1024;
const REQUEST: usize = 6 * 1024 * 1024;

/// One byte there and two here, or one and three.
#[tokio::test]
async fn no_call_is_over_its_limit_where_letters_grow_in_utf_8() {
    let (asynchronous, commit, sync, outbox) = (
        (Delivery::Async, EVENT, 995_000),
        (Delivery::Commit, EVENT, 990_000),
        (Delivery::Sync, REQUEST, 5_989_000),
        (Delivery::Outbox, REQUEST, 5_989_000),
    );
    for (encoding, letter, growth, ways) in [
        ("LATIN1", "é", 2, [asynchronous, outbox]),
        ("WIN1252", "€", 3, [commit, sync]),
    ] {
        for (delivery, limit, most) in ways {
            let pipeline = start(encoding, delivery, OnFailure::Abort).await;
            // A call's fill, its budget exactly in bytes of the database, and the biggest event and one over it.
            for (rows, letters) in [
                (500, 1_000),
                (6, 79_900),
                (1, most / growth),
                (1, most / growth + 4_000),
            ] {
                pipeline
                    .run(&format!(
                        "INSERT INTO pages SELECT n, repeat('{letter}', {letters})
                         FROM generate_series(1, {rows}) AS n"
                    ))
                    .await;
                if delivery == Delivery::Outbox {
                    pipeline.drain().await;
                }
                let calls = pipeline.take_calls();
                assert!(
                    sizes(&calls).iter().all(|size| *size <= limit),
                    "{encoding}, {delivery:?}: {:?}",
                    sizes(&calls)
                );
                // What is too big for a call in COMMIT waits for a drain.
                let is_over = letters * growth > most;
                let expected = match delivery {
                    Delivery::Commit if is_over => Vec::new(),
                    _ => vec![is_over; rows],
                };
                if delivery != Delivery::Commit || rows == 1 {
                    assert_eq!(
                        oversized(&calls),
                        expected,
                        "{encoding}, {delivery:?}, {rows}"
                    );
                }
                pipeline.run("TRUNCATE pages").await;
            }
        }
    }
}

const WAYS: [(Delivery, OnFailure); 6] = [
    (Delivery::Async, OnFailure::Warn),
    (Delivery::Async, OnFailure::Abort),
    (Delivery::Async, OnFailure::Outbox),
    (Delivery::Sync, OnFailure::Abort),
    (Delivery::Commit, OnFailure::Outbox),
    (Delivery::Outbox, OnFailure::Outbox),
];

/// A text of `count` times this letter goes as its key, whichever way.
async fn goes_as_its_key(letter: &str, count: usize) {
    for (delivery, on_failure) in WAYS {
        let pipeline = start("UTF8", delivery, on_failure).await;
        let (session, notices) = pipeline.listening_session().await;
        session
            .batch_execute(&format!(
                "INSERT INTO pages SELECT 1, repeat({letter}, {count})"
            ))
            .await
            .unwrap_or_else(|error| panic!("{delivery:?}: {error:?}"));
        // In COMMIT it is too big for a call, too.
        if matches!(delivery, Delivery::Commit | Delivery::Outbox) {
            pipeline.drain().await;
        }
        assert_eq!(oversized(&pipeline.take_calls()), [true], "{delivery:?}");
        assert_eq!(notices.take_warnings().len(), 0, "{delivery:?}");
    }
}

#[tokio::test]
async fn a_text_of_10_mb_goes_as_its_key() {
    goes_as_its_key("'x'", 10_000_000).await;
}

/// A quarter of what PostgreSQL holds as JSON:
/// `cargo test -p pipeline-tests --test database 250_mb -- --ignored`
#[tokio::test]
#[ignore = "takes a minute"]
async fn a_text_of_250_mb_goes_as_its_key() {
    goes_as_its_key("'x'", 250_000_000).await;
}

/// 180 MB that are over 1 GB as JSON, which PostgreSQL has no text for:
/// `cargo test -p pipeline-tests --test database no_json -- --ignored`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_row_that_no_json_holds_goes_as_its_key_or_with_a_warning_or_is_not_written() {
    for (delivery, on_failure) in WAYS {
        let pipeline = start("UTF8", delivery, on_failure).await;
        let (session, notices) = pipeline.listening_session().await;
        let started = std::time::Instant::now();
        let written = session
            .batch_execute("INSERT INTO pages SELECT 1, repeat(chr(1), 180000000)")
            .await;
        println!("{delivery:?} {on_failure:?} took {:?}", started.elapsed());
        if delivery == Delivery::Outbox {
            // Its values are in a queue, and a drain finds out.
            written.unwrap_or_else(|error| panic!("{error:?}"));
            pipeline.drain().await;
            assert_eq!(oversized(&pipeline.take_calls()), [true]);
            continue;
        }
        assert_eq!(pipeline.take_calls().len(), 0);
        let warnings = notices.take_warnings();
        if on_failure == OnFailure::Warn {
            written.unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(warnings.len(), 1);
            assert_eq!(warnings[0].code().code(), "54000");
            assert!(
                warnings[0]
                    .message()
                    .starts_with("aurora_trigger: changes of public.pages are not captured: "),
                "{:?}",
                warnings[0]
            );
        } else {
            let error = written.expect_err("its event would be lost");
            let code = error.code().expect("the server refuses it").code();
            assert_eq!(code, "54000", "{delivery:?}: {error:?}");
            assert_eq!(warnings.len(), 0);
        }
    }
}

/// They would be over 1 GB in UTF-8, in which calls are counted:
/// `cargo test -p pipeline-tests --test database no_utf_8 -- --ignored`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_row_that_no_utf_8_holds_goes_as_its_key() {
    for (delivery, on_failure) in WAYS {
        let pipeline = start("LATIN1", delivery, on_failure).await;
        pipeline
            .run("INSERT INTO pages VALUES (1, repeat('é', 540000000)), (2, 'é')")
            .await;
        if matches!(delivery, Delivery::Commit | Delivery::Outbox) {
            pipeline.drain().await;
        }
        let mut sent = oversized(&pipeline.take_calls());
        sent.sort_unstable();
        assert_eq!(sent, [false, true], "{delivery:?}");
    }
}
