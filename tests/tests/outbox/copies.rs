//! Copies of the tables without their data, and numbers that must not come again.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::emit;
use aurora_trigger_gen::wire::Record;
use pipeline_tests::{Only, Pipeline, error_of, installation, texts};
use relay_lambda::relay;
use tokio_postgres::Client;

use crate::{Item, collected, created, drain_once, number, pending, refusal, run, start};

const EPOCH: &str = "SELECT epoch FROM aurora_trigger.settings";

/// The tables of the schema.
async fn tables(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT c.oid::regclass::text FROM pg_class AS c
             WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind = 'r' ORDER BY 1",
    )
    .await
}

/// As a test suite does it.
async fn truncate_everything(session: &Client) {
    let all = tables(session).await;
    assert!(all.len() > 6, "{all:?}");
    run(session, &format!("TRUNCATE {}", all.join(", "))).await;
}

#[tokio::test]
async fn a_drain_says_what_a_copy_without_the_data_lacks_and_the_installation_puts_it_back() {
    let (pipeline, session) = start().await;
    truncate_everything(&session).await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    let error = error_of(&session, "SELECT aurora_trigger.drain()").await;
    assert_eq!(error.message(), "aurora_trigger: no relay is named");
    run(&session, "SELECT aurora_trigger.configure('relay')").await;
    for drain in [
        "SELECT aurora_trigger.drain()",
        "CALL aurora_trigger.drain_all()",
    ] {
        let error = error_of(&session, drain).await;
        assert_eq!(
            error.message(),
            "aurora_trigger: the table aurora_trigger.stream_table is empty, but tables are captured"
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("installation file"))
        );
    }
    pipeline.install::<Only<Item>>().await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.lane").await,
        9
    );
}

#[tokio::test]
async fn the_installation_alone_puts_it_back() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(3)").await;
    truncate_everything(&session).await;
    pipeline.install::<Only<Item>>().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 9) AS n",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), 9);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.lane").await,
        4
    );
}

#[tokio::test]
async fn a_drain_puts_back_lanes() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "TRUNCATE aurora_trigger.lane; INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    assert!(drain_once(&session).await, "there is more to do");
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// As after `pg_dump --exclude-table`.
#[tokio::test]
async fn the_installation_puts_back_each_table() {
    let (pipeline, session) = start().await;
    for table in tables(&session).await {
        run(&session, &format!("DROP TABLE {table} CASCADE")).await;
        pipeline.install::<Only<Item>>().await;
        run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
        pipeline.drain().await;
        let events = pipeline.take_events::<Item>();
        if table == "aurora_trigger.collector" {
            // Nothing tells what was collected: it is sent again, before what is new.
            assert_eq!(events.last(), Some(&created(1, "a")));
        } else {
            assert_eq!(events, [created(1, "a")], "{table}");
        }
        run(&session, "DELETE FROM shop.items").await;
        pipeline.drain().await;
        drop(pipeline.take_calls());
    }
}

#[tokio::test]
async fn an_epoch_begins_at_the_clock_and_grows() {
    let (_pipeline, session) = start().await;
    let clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let mut last = number(&session, EPOCH).await;
    let now = number(&session, clock).await;
    assert!((now - 600_000..=now).contains(&last), "{last}");
    for _ in 0..3 {
        let next = number(&session, "SELECT aurora_trigger.new_epoch()").await;
        assert!(
            next > last && next <= number(&session, clock).await + 3,
            "{next}"
        );
        last = next;
    }
    // A clock that was set back, or an epoch that somebody else has raised.
    run(
        &session,
        "UPDATE aurora_trigger.settings SET epoch = 9000000000000",
    )
    .await;
    assert_eq!(
        number(&session, "SELECT aurora_trigger.new_epoch()").await,
        9_000_000_000_001
    );
    run(&session, "UPDATE aurora_trigger.settings SET epoch = 7").await;
    assert!(number(&session, "SELECT aurora_trigger.new_epoch()").await >= last);
}

#[tokio::test]
async fn a_new_epoch_needs_no_row_in_the_settings() {
    let (_pipeline, session) = start().await;
    let before = number(&session, EPOCH).await;
    run(&session, "TRUNCATE aurora_trigger.settings").await;
    let epoch = number(&session, "SELECT aurora_trigger.new_epoch()").await;
    assert!(epoch > before);
    assert_eq!(number(&session, EPOCH).await, epoch);
}

/// The place in the order of all that was sent: of the events, in the order of the calls.
fn sequences(pipeline: &Pipeline) -> Vec<(i64, u64)> {
    pipeline
        .take_calls()
        .iter()
        .flat_map(|call| {
            relay::<Only<Item>>(call.payload.as_bytes(), 0)
                .expect("the database sends payloads")
                .records
        })
        .map(|record| {
            let sequence = Record::parse(&record.data)
                .expect("it was relayed")
                .source
                .sequence;
            (sequence.epoch, sequence.seq)
        })
        .collect()
}

/// A consumer that remembers the old events would take the new ones for those otherwise.
#[tokio::test]
async fn what_is_captured_after_a_removal_and_a_new_installation_is_newer() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'); UPDATE shop.items SET name = 'b'",
    )
    .await;
    pipeline.drain().await;
    // Within one transaction it is as fast as it can be.
    run(
        &session,
        &format!(
            "BEGIN; {} {} COMMIT",
            emit::remove(&[&Item::TABLE]),
            installation(&[&Item::TABLE])
        ),
    )
    .await;
    run(&session, "UPDATE shop.items SET name = 'c'").await;
    pipeline.drain().await;
    let sent = sequences(&pipeline);
    assert_eq!(sent.len(), 3);
    assert!(sent.is_sorted_by(|left, right| left < right), "{sent:?}");
    assert!(sent[2].0 > sent[1].0, "{sent:?}");
}

/// As on a server to which logical replication has copied the tables, and not the sequences.
#[tokio::test]
async fn a_copy_without_the_sequence_begins_a_new_epoch_behind_what_waits() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(&session, "SELECT setval('aurora_trigger.event_seq', 5000)").await;
    drain_once(&session).await;
    run(
        &session,
        "SELECT setval('aurora_trigger.event_seq', 1, false)",
    )
    .await;
    let before = number(&session, EPOCH).await;
    pipeline.install::<Only<Item>>().await;
    assert!(number(&session, EPOCH).await > before);
    run(&session, "UPDATE shop.items SET name = 'b'").await;
    pipeline.drain().await;
    let sent = sequences(&pipeline);
    assert_eq!(sent.len(), 2);
    assert!(sent.is_sorted_by(|left, right| left < right), "{sent:?}");
    // Once there is a number that was used here, an installation begins none.
    let epoch = number(&session, EPOCH).await;
    pipeline.install::<Only<Item>>().await;
    assert_eq!(number(&session, EPOCH).await, epoch);
}

/// The numbers of failed calls and dead letters are of sequences as well.
#[tokio::test]
async fn what_is_noted_on_a_copy_has_a_number_of_its_own() {
    let (pipeline, session) = start().await;
    for id in 1..=2 {
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'a')"),
        )
        .await;
        pipeline.answer("null");
        pipeline.drain().await;
        pipeline.answer(&refusal(&collected(&session, "").await, "not today"));
        run(&session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
        pipeline.drain().await;
        assert_eq!(pending(&session).await, 0);
        run(
            &session,
            "ALTER SEQUENCE aurora_trigger.failed_call_id_seq RESTART;
             ALTER SEQUENCE aurora_trigger.dead_letter_id_seq RESTART;
             SELECT aurora_trigger.new_epoch()",
        )
        .await;
    }
    for table in ["failed_call", "dead_letter"] {
        let count = format!("SELECT count(DISTINCT id) FROM aurora_trigger.{table}");
        assert_eq!(number(&session, &count).await, 2, "{table}");
    }
}

#[tokio::test]
async fn the_number_of_lanes_is_changed_in_read_committed_only() {
    let (_pipeline, session) = start().await;
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        run(
            &session,
            &format!("BEGIN ISOLATION LEVEL {level}; SELECT 1"),
        )
        .await;
        let error = error_of(&session, "SELECT aurora_trigger.set_lanes(4)").await;
        assert_eq!(
            error.message(),
            format!(
                "aurora_trigger: the number of lanes can be changed in READ COMMITTED only, not in {level}"
            )
        );
        run(&session, "ROLLBACK").await;
    }
    run(&session, "SELECT aurora_trigger.set_lanes(4)").await;
}
