//! A schema before `pg_catalog` in the path of a superuser holds a trap for each name in the SQL that is run: whatever
//! is resolved by the session's path, and not by one that is pinned, springs it.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Oversize, TableDesc};
use aurora_trigger_gen::emit;
use pipeline_tests::{Pipeline, installation, statements, texts};
use relay_lambda::local::Fault;
use serde::Deserialize;
use tokio_postgres::Client;

use crate::security::{Ware, as_mallory, assert_unharmed, insert, prepare};

/// What `aurora-trigger status` asks.
const STATUS: &str = include_str!("../../../../aurora-trigger-gen/src/ops/status/read.sql");
const CAPTURES: &str = include_str!("../../../../aurora-trigger-gen/src/ops/status/captures.sql");

/// The masks and predicates that a file can hold besides those of a [`Ware`].
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.guests",
    delivery = "async",
    when = "name <> 'nobody'",
    key = "none",
    partition_by = "name",
    ops = "insert, update, delete, truncate"
)]
#[expect(dead_code, reason = "only written to")]
struct Guest {
    name: String,
    #[stream(mask = "sha256")]
    email: Option<String>,
    #[stream(mask_sql = "left(value, 1) || '***'")]
    phone: Option<String>,
}

/// Sets the traps for all that these texts name, and gives a superuser's session whose path leads into them.
async fn trapped_session(pipeline: &Pipeline, texts: &[String]) -> Client {
    as_mallory(
        pipeline,
        "CREATE SCHEMA traps; GRANT USAGE ON SCHEMA traps TO PUBLIC",
    )
    .await;
    as_mallory(pipeline, include_str!("traps.sql")).await;
    let made: i64 = pipeline
        .session_of("mallory")
        .await
        .query_one("SELECT traps.set_for($1)", &[&texts.join("\n")])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0);
    assert!(made > 3000, "{made} traps are not all");
    let session = pipeline.session().await;
    session
        .batch_execute("SET search_path = traps, pg_catalog")
        .await
        .expect("it is a path");
    session
}

/// Whether a trap has sprung.
async fn has_sprung(session: &Client) -> bool {
    session
        .query_one("SELECT is_called FROM mallory.intrusions", &[])
        .await
        .expect("the sequence is there")
        .get(0)
}

/// What of ours depends on something of the attacker's.
async fn assert_nothing_depends_on_traps(pipeline: &Pipeline) {
    let dependents = texts(
        &pipeline.session().await,
        "SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
             FROM pg_depend AS d
             CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) AS target
             CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS source
             WHERE target.schema = 'traps' AND source.identity LIKE '%aurora_trigger%'",
    )
    .await;
    assert!(dependents.is_empty(), "{dependents:#?}");
}

#[tokio::test]
async fn a_trap_springs_where_the_path_of_the_session_leads_into_it() {
    let pipeline = prepare().await;
    let sql = "SELECT min(1::bigint) / 1000000.0 || to_timestamp(1)::text FROM pg_class".to_owned();
    as_mallory(
        &pipeline,
        "CREATE SCHEMA traps; GRANT USAGE ON SCHEMA traps TO PUBLIC",
    )
    .await;
    as_mallory(&pipeline, include_str!("traps.sql")).await;
    for (number, trapped) in [
        "1::bigint / 1.0",
        "pg_catalog.length('a'::text)::text",
        "to_timestamp(1.0::numeric) IS NULL",
        "(SELECT count(*) FROM pg_class)",
    ]
    .iter()
    .enumerate()
    {
        if number == 0 {
            pipeline
                .session_of("mallory")
                .await
                .query_one("SELECT traps.set_for($1)", &[&sql])
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
        pipeline
            .run(&format!(
                "ALTER SEQUENCE mallory.intrusions RESTART;
                 SET search_path = traps, pg_catalog; SELECT {trapped};"
            ))
            .await;
        assert!(has_sprung(&pipeline.session().await).await, "{trapped}");
    }
}

#[tokio::test]
async fn no_name_in_the_file_is_resolved_by_the_path_of_the_session() {
    let pipeline = prepare().await;
    pipeline
        .run("CREATE TABLE public.guests (name text NOT NULL, email text, phone text)")
        .await;
    let ways = [
        Ware::TABLE,
        Ware::TABLE.with_oversize(Oversize::DeadLetter),
        Ware::TABLE.with_delivery(Delivery::Sync),
        Ware::TABLE.with_delivery(Delivery::Commit),
        Ware::TABLE.with_delivery(Delivery::Outbox),
    ];
    let tables: Vec<[&TableDesc; 2]> = ways.iter().map(|ware| [ware, &Guest::TABLE]).collect();
    let installations: Vec<String> = tables.iter().map(|tables| installation(tables)).collect();
    let removal = emit::remove(&tables[0]);
    // Versions before 13 make no key by themselves.
    pipeline.run_installation(&installations[0]).await;
    let mut texts = installations.clone();
    texts.extend([removal.clone(), STATUS.to_owned(), CAPTURES.to_owned()]);
    let session = trapped_session(&pipeline, &texts).await;
    let watcher = pipeline.session().await;
    let run = async |sql: &str| {
        session
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?} in {sql}"));
        assert!(!has_sprung(&watcher).await, "a trap has sprung: {sql}");
    };
    for (number, installation) in installations.iter().enumerate() {
        // As one statement after the other, and in one transaction.
        for part in statements(installation) {
            run(part).await;
        }
        run(installation).await;
        assert_nothing_depends_on_traps(&pipeline).await;
        let guests = [
            "INSERT INTO public.guests VALUES ('a', 'a@example.org', '555'), ('b', NULL, NULL)",
            "UPDATE public.guests SET phone = '556'",
            "DELETE FROM public.guests",
            "TRUNCATE public.guests",
        ];
        let wares = [
            &insert(),
            "UPDATE shop.wares SET name = 'jug', id = '2'",
            "DELETE FROM shop.wares",
        ];
        for write in guests.iter().chain(&wares) {
            run(write).await;
        }
        // A call that fails takes other ways, and fails the write where that was asked for.
        pipeline.endpoint().faults().fail_all(Fault::Throttle);
        let goes_on = matches!(ways[number].delivery(), Delivery::Commit | Delivery::Outbox);
        for write in guests.iter().chain(wares.iter().filter(|_| goes_on)) {
            run(write).await;
        }
        pipeline.endpoint().faults().clear();
    }
    for step in [
        insert().as_str(),
        "SELECT * FROM aurora_trigger.status",
        "SELECT * FROM aurora_trigger.lane_status",
        "SELECT * FROM aurora_trigger.capture_status",
        STATUS,
        CAPTURES,
        "SELECT aurora_trigger.drain()",
        "CALL aurora_trigger.drain_all()",
        "SELECT * FROM aurora_trigger.status",
        STATUS,
        "SELECT aurora_trigger.configure('relay')",
        "SELECT aurora_trigger.pause()",
        "SELECT aurora_trigger.pause('shop.wares')",
        "SELECT aurora_trigger.resume('shop.wares')",
        "SELECT aurora_trigger.redrive()",
        "SELECT aurora_trigger.redrive('shop.wares', '1')",
        "SELECT aurora_trigger.purge('shop.wares')",
        "SELECT aurora_trigger.purge(everything => true)",
        "SELECT aurora_trigger.set_lanes(4)",
        "SELECT aurora_trigger.set_mask_key('\\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef')",
        "SELECT aurora_trigger.hand_over('public.guests', 'another')",
        "SELECT aurora_trigger.stop_capture('public.guests')",
        // Else the removal keeps the key.
        "SET aurora_trigger.drop_mask_key = 'yes'",
    ] {
        run(step).await;
    }
    // There is no pg_cron, and to say that takes names, too.
    session
        .batch_execute("SELECT aurora_trigger.schedule()")
        .await
        .expect_err("there is no pg_cron");
    assert_unharmed(&pipeline, "schedule").await;
    for part in statements(&removal) {
        run(part).await;
    }
    run(&removal).await;
    assert_unharmed(&pipeline, "the removal").await;
    let left: bool = pipeline
        .session()
        .await
        .query_one("SELECT to_regnamespace('aurora_trigger') IS NOT NULL", &[])
        .await
        .expect("it can be asked")
        .get(0);
    assert!(!left, "a wrong answer of a trap has kept something");
}
