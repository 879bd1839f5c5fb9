//! What is wrong with the value of one row is in the way of no other row, and of nobody's write.

use std::collections::BTreeMap;

use aurora_trigger_gen::describe::{Delivery, OnFailure};
use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use relay_lambda::local::Fault;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use crate::{number, pending, queue, run};

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.documents", delivery = "outbox")]
struct Document {
    #[stream(key)]
    id: i32,
    document: Value,
    #[stream(json)]
    counts: Option<BTreeMap<String, i32>>,
}

const DOCUMENTS: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.documents (id integer PRIMARY KEY, document json NOT NULL, counts json);
    CREATE TABLE shop.plain (document json NOT NULL);
";

/// With one lane, and a relay that refuses what the real one refuses.
async fn start_as(delivery: Delivery, on_failure: OnFailure) -> (Pipeline, Client) {
    let table = Document::TABLE
        .with_delivery(delivery)
        .with_on_failure(on_failure);
    let pipeline = Pipeline::installed(DOCUMENTS, &[&table]).await;
    pipeline.refuse::<Only<Document>>();
    let session = pipeline.session().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    (pipeline, session)
}

async fn start() -> (Pipeline, Client) {
    start_as(Delivery::Outbox, OnFailure::Outbox).await
}

/// The ways that keep what could not be sent.
const WAYS: [(Delivery, OnFailure); 3] = [
    (Delivery::Outbox, OnFailure::Outbox),
    (Delivery::Commit, OnFailure::Outbox),
    (Delivery::Async, OnFailure::Outbox),
];

/// The ids in the stream, with an `o` where only the key is, in its order.
fn arrived(pipeline: &Pipeline) -> String {
    let ids: Vec<String> = pipeline
        .take_calls()
        .iter()
        .flat_map(|call| {
            relay_lambda::relay::<Only<Document>>(call.payload.as_bytes(), 0)
                .expect("the database sends payloads")
                .records
        })
        .map(|record| {
            let Only(change) = Only::<Document>::decode(&record.data).expect("it was relayed");
            match change.event {
                ChangeEvent::Created(row) | ChangeEvent::Deleted(row) => row.id.to_string(),
                ChangeEvent::Updated { after, .. } => after.id.to_string(),
                ChangeEvent::Oversized { key, .. } => format!("{}o", key.typed()),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    ids.join(" ")
}

/// The dead letters: of which row, and why.
async fn dead_letters(session: &Client) -> Vec<(String, String)> {
    session
        .query(
            "SELECT substring(replace(event::text, '\\', '') FROM '\"id\":([0-9]+)'), reason
             FROM aurora_trigger.dead_letter ORDER BY id",
            &[],
        )
        .await
        .expect("there is the table")
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

fn letter(id: &str, reason: &str) -> (String, String) {
    (id.to_owned(), reason.to_owned())
}

const HALF_A_PAIR: &str = "the after image: at `document.a`: lone leading surrogate";

/// PostgreSQL stores half of a surrogate pair in a `json` column, and no JSON library reads it as a text.
#[tokio::test]
async fn half_a_surrogate_pair_is_refused_and_the_others_go() {
    for (delivery, on_failure) in WAYS {
        let (pipeline, session) = start_as(delivery, on_failure).await;
        if delivery != Delivery::Outbox {
            pipeline.endpoint().faults().fail_all(Fault::Throttle);
        }
        run(
            &session,
            r#"INSERT INTO shop.documents VALUES (1, '1'), (2, '{"a":"\ud800\u0000\\ud800"}'), (3, '3');
               UPDATE shop.documents SET document = ('"\ud800\\u' || repeat('x', 6100000) || '"')::json
               WHERE id = 2;
               DELETE FROM shop.documents WHERE id = 2;
               INSERT INTO shop.documents VALUES (4, '4')"#,
        )
        .await;
        pipeline.endpoint().faults().clear();
        run(&session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
        pipeline.drain().await;
        assert_eq!(arrived(&pipeline), "1 3 2o 2o 4", "{delivery:?}");
        let [(id, reason)] = dead_letters(&session)
            .await
            .try_into()
            .expect("one event is refused");
        assert_eq!(id, "2");
        assert!(reason.starts_with(HALF_A_PAIR), "{reason}");
    }
}

/// The rows of a transaction that takes several calls are told apart by their keys.
#[tokio::test]
async fn half_a_surrogate_pair_is_not_in_the_way_of_a_cut_transaction() {
    let (pipeline, session) = start().await;
    run(
        &session,
        r#"UPDATE aurora_trigger.lane SET call_bytes = 300;
           INSERT INTO shop.documents VALUES (1, '1'), (2, '"\udead"'), (3, '3'), (4, '4')"#,
    )
    .await;
    pipeline.drain().await;
    assert_eq!(arrived(&pipeline), "1 3 4");
    assert_eq!(dead_letters(&session).await.len(), 1);
}

/// A reason names the path in the image, in which a map's keys are the row's.
#[tokio::test]
async fn a_reason_that_names_what_is_no_letter_is_kept() {
    let (pipeline, session) = start().await;
    run(
        &session,
        r#"INSERT INTO shop.documents
           VALUES (1, '1', NULL), (2, '2', '{"a\\\u0000b": "é"}'), (3, '3', NULL)"#,
    )
    .await;
    pipeline.drain().await;
    assert_eq!(arrived(&pipeline), "1 3");
    assert_eq!(
        dead_letters(&session).await,
        [letter(
            "2",
            r"the after image: at `counts.a\\u0000b`: invalid type, expected i32"
        )]
    );
}

/// The same where somebody waits for the answer: the write fails with what the relay said.
#[tokio::test]
async fn a_reason_that_names_what_is_no_letter_is_told_to_who_waits() {
    let pipeline = Pipeline::start().await;
    pipeline.run(DOCUMENTS).await;
    let table = Document::TABLE
        .with_delivery(Delivery::Sync)
        .with_on_failure(OnFailure::Abort);
    pipeline.install_tables(&[&table]).await;
    pipeline.refuse::<Only<Document>>();
    let error = pipeline_tests::error_of(
        &pipeline.session().await,
        r#"INSERT INTO shop.documents VALUES (2, '2', '{"a\u0000": "é"}')"#,
    )
    .await;
    assert_eq!(
        error.message(),
        "aurora_trigger: the relay accepted 0 of 1 event of shop.documents"
    );
    let detail = error.detail().unwrap_or_default();
    assert!(detail.contains(r"counts.a\\u0000"), "{detail}");
}

/// The deepest document that a plain INSERT takes, written like this.
async fn deepest(session: &Client, written: impl Fn(&str) -> String) -> String {
    let (mut taken, mut refused) = (1_000, 1_000_000);
    while refused - taken > 1 {
        let middle = usize::midpoint(taken, refused);
        let document = written(&nested(middle));
        match session
            .batch_execute(&format!("INSERT INTO shop.plain VALUES ({document})"))
            .await
        {
            Ok(()) => taken = middle,
            Err(_) => refused = middle,
        }
    }
    written(&nested(taken))
}

fn literal(document: &str) -> String {
    format!("'{document}'")
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// What the stack takes in an INSERT it does not take further in.
#[tokio::test]
async fn what_is_nested_deeper_than_a_drain_can_read_is_refused_and_the_others_go() {
    for (delivery, on_failure) in WAYS {
        let (pipeline, session) = start_as(delivery, on_failure).await;
        let document = deepest(&session, literal).await;
        if delivery == Delivery::Async {
            pipeline.endpoint().faults().fail_all(Fault::Throttle);
        }
        run(
            &session,
            &format!(
                "INSERT INTO shop.documents VALUES
                     (1, '1'), (2, '2'), (3, {document}), (4, '4'), (5, {document}), (6, '6'), (7, '7')"
            ),
        )
        .await;
        pipeline.endpoint().faults().clear();
        run(&session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
        pipeline.drain().await;
        assert_eq!(arrived(&pipeline), "1 2 4 6 7", "{delivery:?}");
        let letters = dead_letters(&session).await;
        assert_eq!(letters.len(), 2, "{delivery:?}: {letters:?}");
        for (id, reason) in letters {
            assert!(["3", "5"].contains(&id.as_str()), "{id}");
            assert_eq!(
                reason, "it is nested too deep to be read: stack depth limit exceeded",
                "{delivery:?}"
            );
        }
        assert_eq!(pending(&session).await, 0);
    }
}

/// How often events were chosen for a call in this transaction, and before it as long as that is not yet reported.
const CHOICES: &str = "
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_xact_user_functions
    WHERE schemaname = 'aurora_trigger' AND funcname = 'next_of_lanes'";

/// Any role that may insert can write such rows: they must not slow down the others' events.
#[tokio::test]
async fn many_rows_that_are_nested_too_deep_cost_a_drain_about_as_much_as_one() {
    let (pipeline, session) = start().await;
    // As a plain INSERT has written it, which has the most room.
    deepest(&session, literal).await;
    run(&session, "SET track_functions = 'all'").await;
    let mut work = Vec::new();
    for (first, last, every) in [
        (1, 2_000, 1_000_000),
        (10_001, 12_000, 100),
        (20_001, 20_400, 1),
    ] {
        run(
            &session,
            &format!(
                "INSERT INTO shop.documents
                 SELECT n, CASE WHEN n % {every} = 0 THEN deep.document ELSE '1'::json END
                 FROM generate_series({first}, {last}) AS n, (
                     SELECT document FROM shop.plain ORDER BY length(document::text) DESC LIMIT 1
                 ) AS deep"
            ),
        )
        .await;
        crate::drain_once(&session).await;
        // In one transaction, so that the counters are all there.
        run(&session, "BEGIN").await;
        let before = number(&session, CHOICES).await;
        while crate::drain_once(&session).await {}
        let choices = number(&session, CHOICES).await - before;
        run(&session, "COMMIT").await;
        work.push((choices, pipeline.take_calls().len()));
        assert_eq!(pending(&session).await, 0);
    }
    println!(
        "choices of events and calls, for no, 20 and 400 rows that are nested too deep: {work:?}"
    );
    let [(none, calls), (some, some_calls), (all, all_calls)] = work[..] else {
        panic!("it is three runs");
    };
    assert_eq!((calls, some_calls, all_calls), (1, 1, 0));
    assert_eq!(dead_letters(&session).await.len(), 20 + 400);
    assert!(some <= none + 1, "{some} choices in place of {none}");
    // They are 12 MB, for which there are three calls.
    assert!(all <= none + 3, "{all} choices in place of {none}");
}

/// Neither a chain nor a key is read out of it.
#[tokio::test]
async fn what_is_nested_too_deep_is_refused_also_in_a_cut_transaction_and_where_it_is_too_big() {
    let (pipeline, session) = start().await;
    let document = deepest(&session, literal).await;
    run(
        &session,
        &format!(
            "UPDATE aurora_trigger.lane SET call_bytes = 300;
             INSERT INTO shop.documents VALUES (1, '1'), (2, {document}), (3, '3'), (4, '4')"
        ),
    )
    .await;
    // Where it is read as the statement is executed, the stack is shorter.
    run(&session, "TRUNCATE shop.plain").await;
    deepest(&session, |document| {
        format!(r#"('["' || repeat('x', 6100000) || '",{document}]')::json"#)
    })
    .await;
    run(
        &session,
        "INSERT INTO shop.documents
         SELECT 5, document FROM shop.plain ORDER BY length(document::text) DESC LIMIT 1;
         INSERT INTO shop.documents VALUES (6, '6')",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(arrived(&pipeline), "1 3 4 6");
    let letters = dead_letters(&session).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(
        letters
            .iter()
            .any(|(_, reason)| reason.starts_with("too big for a call: 61")),
        "{letters:?}"
    );
    // Whatever an operator does with them, they are kept.
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 2);
    pipeline.drain().await;
    assert_eq!(dead_letters(&session).await.len(), 2);
}

/// serde_json reads 127 levels of a column's value.
#[tokio::test]
async fn what_is_nested_deeper_than_its_struct_reads_is_refused_by_the_relay() {
    let (pipeline, session) = start().await;
    run(
        &session,
        &format!(
            "INSERT INTO shop.documents VALUES (1, '1'), (2, '{}'), (3, '{}'), (4, '{}')",
            nested(100),
            nested(200),
            nested(5_000)
        ),
    )
    .await;
    pipeline.drain().await;
    assert_eq!(arrived(&pipeline), "1 2");
    for ((id, reason), expected) in dead_letters(&session).await.iter().zip(["3", "4"]) {
        assert_eq!(id, expected);
        assert!(
            reason.starts_with("the after image: at `document[0]"),
            "{reason}"
        );
        assert!(reason.contains("recursion limit exceeded"), "{reason}");
    }
}

/// Something of a lane fails of which nobody has thought.
#[tokio::test]
async fn what_fails_in_one_lane_is_noted_and_the_other_lanes_go_on() {
    for broken in [
        "ALTER FUNCTION aurora_trigger.next_of_lanes RENAME TO next;
         CREATE FUNCTION aurora_trigger.next_of_lanes(
             lanes smallint[], call_bytes bigint,
             OUT places bigint[], OUT schema_names text[], OUT table_names text[],
             OUT event_counts bigint[], OUT bytes bigint, OUT is_all boolean, OUT batches text
         ) LANGUAGE plpgsql AS $$
         BEGIN
             IF aurora_trigger.lane_of(aurora_trigger.key_hash('2')) = ANY (lanes) THEN
                 RAISE EXCEPTION 'it broke';
             END IF;
             SELECT n.* INTO places, schema_names, table_names, event_counts, bytes, is_all, batches
             FROM aurora_trigger.next(lanes, call_bytes) AS n;
         END $$",
        "ALTER FUNCTION aurora_trigger.payload RENAME TO real_payload;
         CREATE FUNCTION aurora_trigger.payload(invocation text, batches text) RETURNS json
         LANGUAGE plpgsql AS $$
         BEGIN
             IF strpos(batches, '\"id\":2,') > 0 THEN
                 RAISE EXCEPTION 'it broke';
             END IF;
             RETURN aurora_trigger.real_payload(invocation, batches);
         END $$",
    ] {
        let (pipeline, session) = start().await;
        run(&session, "SELECT aurora_trigger.set_lanes(8)").await;
        run(&session, broken).await;
        run(
            &session,
            "INSERT INTO shop.documents
             SELECT n, '1'
             FROM generate_series(1, 9) AS n",
        )
        .await;
        let lane = number(
            &session,
            "SELECT aurora_trigger.lane_of(aurora_trigger.key_hash('2'))::bigint",
        )
        .await;
        let others = number(
            &session,
            &format!(
                "SELECT count(*) FROM {}
                 WHERE aurora_trigger.lane_of(aurora_trigger.key_hash(to_json((q.after).id)::text))
                     <> aurora_trigger.lane_of(aurora_trigger.key_hash('2'))",
                queue(&session, "documents").await
            ),
        )
        .await;
        assert!(others > 0);
        pipeline.drain().await;
        let events = arrived(&pipeline);
        assert_eq!(
            events.split(' ').count(),
            usize::try_from(others).expect("it is small")
        );
        let failed = session
            .query_one(
                "SELECT l.lane::bigint, l.last_error, l.failures, f.lanes[1]::bigint, f.message, f.caller
                 FROM aurora_trigger.lane_status AS l, aurora_trigger.failed_call AS f
                 WHERE l.retry_at > clock_timestamp()",
                &[],
            )
            .await
            .expect("one lane has failed, once");
        for column in [0, 3] {
            assert_eq!(failed.get::<_, i64>(column), lane);
        }
        for column in [1, 4] {
            assert_eq!(failed.get::<_, String>(column), "it broke");
        }
        assert_eq!(failed.get::<_, i32>(2), 1);
        assert_eq!(failed.get::<_, String>(5), "drain");
    }
}
