//! What a call that fails does to the write: `delivery` and `on_failure`.

use aurora_trigger_gen::describe::{Level, TableDesc};
use aurora_trigger_gen::wire::Invocation;
use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger, emit};
use pipeline_tests::{Call, Notices, Only, Pipeline, at_both_levels, error_of, events_in};
use relay_lambda::local::{Fault, FunctionError, InvocationType};
use serde::Deserialize;
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    a_write_that_warns_goes_on_without_its_event,
    a_write_that_aborts_fails_with_the_error_of_the_call,
    a_write_that_waits_fails_with_the_error_of_the_relay,
    a_write_that_waits_fails_unless_all_its_events_are_accepted,
    a_write_that_waits_fails_if_the_answer_is_lost_though_the_relay_has_it,
    a_write_that_does_not_wait_hears_nothing_of_the_relay,
    a_write_before_anything_is_configured_goes_on_and_says_so,
    a_cancelled_call_fails_the_write_also_where_it_warns,
);

/// An item whose events may be lost.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "async")]
struct WarningItem {
    #[stream(key)]
    id: i32,
}

/// An item whose writers wait for the relay.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "sync")]
struct WaitingItem {
    #[stream(key)]
    id: i32,
}

/// Why nothing could be called.
const UNREACHABLE: &str = "aurora_trigger: not sent: 1 event of shop.items: invoke API failed";

async fn start<T: StreamTrigger>(level: Level) -> (Pipeline, Client, Notices) {
    let pipeline = Pipeline::with_tables::<Only<T>>(level, ITEMS).await;
    let (session, notices) = pipeline.listening_session().await;
    (pipeline, session, notices)
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

fn warnings(notices: &Notices) -> Vec<String> {
    notices
        .take_warnings()
        .iter()
        .map(|warning| warning.message().to_owned())
        .collect()
}

async fn ids(session: &Client) -> Vec<i32> {
    session
        .query("SELECT id FROM shop.items ORDER BY id", &[])
        .await
        .expect("the table is there")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

async fn a_write_that_warns_goes_on_without_its_event(level: Level) {
    let (pipeline, session, notices) = start::<WarningItem>(level).await;
    let faults = pipeline.endpoint().faults();
    faults.fail_all(Fault::Throttle);
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'cup', 1);
         UPDATE shop.items SET id = 2;
         DELETE FROM shop.items WHERE id = 9",
    )
    .await;
    let found = notices.take_warnings();
    let messages: Vec<&str> = found.iter().map(DbError::message).collect();
    assert_eq!(
        messages,
        [UNREACHABLE, &UNREACHABLE.replace("1 event", "2 events")]
    );
    assert_eq!(
        found[0].detail(),
        Some("AWS Lambda client returned 'Rate Exceeded.'.")
    );
    assert_eq!(ids(&session).await, [2]);
    assert_eq!(pipeline.take_calls().len(), 0);

    // The next write finds the service well again.
    faults.clear();
    run(&session, "DELETE FROM shop.items").await;
    assert_eq!(warnings(&notices), [""; 0]);
    assert_eq!(pipeline.take_events(), [deleted(WarningItem { id: 2 })]);
}

/// Events that fill about seven calls.
const MANY: &str = "INSERT INTO shop.items SELECT n, 'n', n FROM generate_series(1, 35000) AS n";

/// Each could take the time-out, while the rows are locked.
#[tokio::test]
async fn after_three_failed_calls_a_statement_makes_no_more() {
    let (pipeline, session, notices) = start::<WarningItem>(Level::Statement).await;
    // A fourth one would get through.
    pipeline.endpoint().faults().fail_next(3, Fault::Refuse);
    run(&session, MANY).await;
    assert_eq!(pipeline.take_calls().len(), 0);
    let found = notices.take_warnings();
    assert!(found.len() > 4, "{found:?}");
    let lost: usize = found
        .iter()
        .map(|warning| {
            let words: Vec<&str> = warning.message().split(' ').collect();
            words[3].parse::<usize>().expect("it says how many")
        })
        .sum();
    assert_eq!(lost, 35_000);
    assert_eq!(
        found[3].detail(),
        Some("Three calls of the statement had failed before.")
    );
    // It is a matter of the statement.
    run(&session, "DELETE FROM shop.items WHERE id = 7").await;
    assert_eq!(pipeline.take_events(), [deleted(WarningItem { id: 7 })]);
}

#[tokio::test]
async fn after_two_failed_calls_the_others_are_made() {
    let (pipeline, session, notices) = start::<WarningItem>(Level::Statement).await;
    pipeline.endpoint().faults().fail_next(2, Fault::Refuse);
    run(&session, MANY).await;
    assert_eq!(warnings(&notices).len(), 2);
    let sent: Vec<i32> = pipeline
        .take_events::<WarningItem>()
        .into_iter()
        .map(|event| match event {
            ChangeEvent::Created(item) => item.id,
            other => panic!("{other:?} is no insert"),
        })
        .collect();
    // All that came after the two.
    let first = sent[0];
    assert!(first > 1);
    assert!(sent == (first..=35_000).collect::<Vec<_>>());
}

async fn a_write_that_aborts_fails_with_the_error_of_the_call(level: Level) {
    let (pipeline, session, notices) = start::<Item>(level).await;
    pipeline.endpoint().faults().fail_next(1, Fault::Throttle);
    let error = error_of(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    assert_eq!(error.message(), "invoke API failed");
    assert_eq!(ids(&session).await, [0; 0]);
    assert_eq!(pipeline.take_calls().len(), 0);
    assert_eq!(warnings(&notices), [""; 0]);
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    assert_eq!(pipeline.take_events(), [created(item(1, "cup", 1))]);
}

async fn a_write_that_waits_fails_with_the_error_of_the_relay(level: Level) {
    let (pipeline, session, _) = start::<WaitingItem>(level).await;
    let broken = FunctionError::new("StreamError", "the stream is gone");
    pipeline
        .endpoint()
        .faults()
        .fail_next(1, Fault::FunctionError(broken));
    let error = error_of(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    assert_eq!(error.message(), "lambda invocation failed");
    let detail = error.detail().expect("the relay says why");
    assert!(detail.contains("the stream is gone"), "{detail}");
    assert_eq!(ids(&session).await, [0; 0]);

    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    let calls = pipeline.take_calls();
    assert_eq!(
        invocations(&calls),
        [(InvocationType::RequestResponse, Invocation::RequestResponse)]
    );
    assert_eq!(events_in(&calls), [created(WaitingItem { id: 1 })]);
}

fn invocations(calls: &[Call]) -> Vec<(InvocationType, Invocation)> {
    calls
        .iter()
        .map(|call| (call.invocation_type, call.payload().invocation))
        .collect()
}

async fn a_write_that_waits_fails_unless_all_its_events_are_accepted(level: Level) {
    let (pipeline, session, _) = start::<WaitingItem>(level).await;
    // An UPDATE of the key is two events at both levels.
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    for (answer, accepted) in [
        (
            r#"{"accepted":1,"refused":[{"seq":7,"reason":"too odd"}]}"#,
            "1",
        ),
        (r#"{"accepted":0,"refused":[]}"#, "0"),
        (r#"{"accepted":3,"refused":[]}"#, "3"),
        (r#"{"accepted":null}"#, "an unknown number"),
        ("{}", "an unknown number"),
        ("null", "an unknown number"),
        ("[]", "an unknown number"),
        ("[2]", "an unknown number"),
        ("2", "an unknown number"),
        (r#""accepted""#, "an unknown number"),
        (
            r#"{"statusCode":200,"body":"{\"accepted\":2}"}"#,
            "an unknown number",
        ),
    ] {
        pipeline.answer(answer);
        let error = error_of(&session, "UPDATE shop.items SET id = 2").await;
        assert_eq!(
            error.message(),
            format!("aurora_trigger: the relay accepted {accepted} of 2 events of shop.items"),
            "after {answer}"
        );
        if answer.contains("too odd") {
            let detail = error.detail().expect("it holds the reasons");
            assert!(detail.contains("too odd"), "{detail}");
        }
        assert_eq!(ids(&session).await, [1], "after {answer}");
    }
    // Not a number at all.
    pipeline.answer(r#"{"accepted":"all"}"#);
    error_of(&session, "UPDATE shop.items SET id = 2").await;
    pipeline.answer(r#"{"accepted":2,"more":"than we know"}"#);
    run(&session, "UPDATE shop.items SET id = 2").await;
    assert_eq!(ids(&session).await, [2]);
}

/// Why a consumer must bear what never was, and what comes twice.
async fn a_write_that_waits_fails_if_the_answer_is_lost_though_the_relay_has_it(level: Level) {
    let (pipeline, session, _) = start::<WaitingItem>(level).await;
    pipeline.endpoint().faults().fail_next(1, Fault::LoseAnswer);
    let error = error_of(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    assert_eq!(error.message(), "invoke API failed");
    assert_eq!(ids(&session).await, [0; 0]);
    assert_eq!(pipeline.take_events(), [created(WaitingItem { id: 1 })]);
}

/// Its errors go to Lambda's failure destination, and its answer to nobody.
async fn a_write_that_does_not_wait_hears_nothing_of_the_relay(level: Level) {
    let (pipeline, session, notices) = start::<Item>(level).await;
    pipeline.endpoint().faults().fail_next(
        1,
        Fault::FunctionError(FunctionError::new("StreamError", "gone")),
    );
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    pipeline.answer(r#"{"accepted":0,"refused":[]}"#);
    run(&session, "UPDATE shop.items SET stock = 2").await;
    assert_eq!(warnings(&notices), [""; 0]);
    let calls = pipeline.take_calls();
    assert_eq!(
        invocations(&calls),
        [(InvocationType::Event, Invocation::Event)]
    );
    assert_eq!(
        events_in(&calls),
        [updated(item(1, "cup", 1), item(1, "cup", 2))]
    );
}

async fn unconfigured<T: StreamTrigger>(level: Level) -> (Pipeline, Client, Notices) {
    let pipeline = Pipeline::start().await;
    pipeline.run(ITEMS).await;
    let tables: Vec<TableDesc> = Only::<T>::TABLES
        .iter()
        .map(|table| table.with_level(level))
        .collect();
    let (session, notices) = pipeline.listening_session().await;
    let tables: Vec<&TableDesc> = tables.iter().collect();
    run(&session, &emit::install(&tables, None)).await;
    assert_eq!(
        warnings(&notices),
        ["aurora_trigger: nothing is captured until you name the relay"]
    );
    (pipeline, session, notices)
}

async fn goes_on_unconfigured<T: StreamTrigger>(level: Level) {
    let (pipeline, session, notices) = unconfigured::<T>(level).await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    run(&session, "DELETE FROM shop.items").await;
    assert_eq!(
        warnings(&notices),
        ["aurora_trigger: changes of shop.items are not captured yet"; 2]
    );
    assert_eq!(pipeline.take_calls().len(), 0);
    // An open session hears of it at once.
    pipeline
        .run("SELECT aurora_trigger.configure('relay')")
        .await;
    run(&session, "INSERT INTO shop.items VALUES (2, 'jug', 1)").await;
    assert_eq!(warnings(&notices), [""; 0]);
    assert_eq!(pipeline.take_calls().len(), 1);
}

/// Nobody's write fails while an installation is not finished, however strict it will be.
async fn a_write_before_anything_is_configured_goes_on_and_says_so(level: Level) {
    goes_on_unconfigured::<WarningItem>(level).await;
    goes_on_unconfigured::<Item>(level).await;
    goes_on_unconfigured::<WaitingItem>(level).await;
}

/// The app asked for that.
async fn a_cancelled_call_fails_the_write_also_where_it_warns(level: Level) {
    let (pipeline, session, _) = start::<WarningItem>(level).await;
    pipeline.endpoint().faults().fail_next(1, Fault::TimeOut);
    run(&session, "SET statement_timeout = '500ms'").await;
    let error = error_of(&session, "INSERT INTO shop.items VALUES (1, 'cup', 1)").await;
    assert_eq!(error.code().code(), "57014", "{error:?}");
    run(&session, "RESET statement_timeout").await;
    assert_eq!(ids(&session).await, [0; 0]);
    assert_eq!(pipeline.take_calls().len(), 0);
}
