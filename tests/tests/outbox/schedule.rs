//! Who drains: pg_cron, where it is there.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::emit;
use pipeline_tests::{Notices, error_of};
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use tokio_postgres::{Client, NoTls};

use crate::{Item, number, run, start};

#[tokio::test]
async fn without_pg_cron_a_message_says_what_to_do() {
    let (pipeline, session) = start().await;
    let error = error_of(&session, "SELECT aurora_trigger.schedule()").await;
    let database = pipeline.database();
    assert_eq!(
        error.message(),
        format!("aurora_trigger: pg_cron is not installed in the database {database}")
    );
    assert_eq!(
        error.hint(),
        Some(&*format!(
            "A server has it in one database, cron.database_name. There: SELECT cron.schedule_in_database(\
             'aurora_trigger {database}', '5 seconds', 'CALL aurora_trigger.drain_all()', '{database}'); \
             Without it run aurora-trigger drain."
        ))
    );
    let error = error_of(&session, "SELECT aurora_trigger.unschedule()").await;
    assert_eq!(
        error.hint(),
        Some(&*format!(
            "A server has it in one database, cron.database_name. There: SELECT cron.unschedule(jobid) FROM cron.job \
             WHERE jobname IN ('aurora_trigger {database}', 'aurora_trigger {database} log');"
        ))
    );
}

/// A server with pg_cron, and a session of the database where that is. `None` where this PostgreSQL has none.
async fn with_pg_cron() -> Option<(PostgresCluster, LambdaEndpoint, Client)> {
    let started = PostgresCluster::builder()
        .setting("shared_preload_libraries", "pg_cron")
        .setting("cron.database_name", "postgres")
        .start();
    let cluster = match started {
        Ok(cluster) => cluster,
        Err(error) if error.to_string().contains("pg_cron") => {
            assert!(std::env::var_os("CI").is_none(), "{error}");
            println!("not tested: this PostgreSQL has no pg_cron");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let endpoint = LambdaEndpoint::start(|_| Ok("{}".to_owned())).expect("a port is free");
    let session = session(&cluster, "postgres").await;
    run(&session, "CREATE EXTENSION pg_cron").await;
    install(&session, &endpoint).await;
    Some((cluster, endpoint, session))
}

async fn session(cluster: &PostgresCluster, database: &str) -> Client {
    let (session, connection) =
        tokio_postgres::connect(&cluster.connection_string(database), NoTls)
            .await
            .expect("it has started");
    tokio::spawn(connection);
    session
}

async fn install(session: &Client, endpoint: &LambdaEndpoint) {
    run(session, &endpoint.extension_sql()).await;
    run(session, crate::ITEMS).await;
    run(session, &emit::install(&[&Item::TABLE], None)).await;
}

const JOBS: &str = "SELECT count(*) FROM cron.job";

/// It runs what the procedure's own test runs, and its log does not grow without end.
#[tokio::test]
async fn pg_cron_is_given_the_drain_and_the_care_of_its_log() {
    let Some((_cluster, _endpoint, session)) = with_pg_cron().await else {
        return;
    };
    // Versions before 1.5 know no seconds. Twice is as good as once.
    for _ in 0..2 {
        run(&session, "SELECT aurora_trigger.schedule('* * * * *')").await;
    }
    let jobs = session
        .query(
            "SELECT jobname, schedule, command, database FROM cron.job ORDER BY jobid",
            &[],
        )
        .await
        .expect("pg_cron has them");
    let text = |job: usize, column: usize| jobs[job].get::<_, String>(column);
    assert_eq!(jobs.len(), 2);
    assert_eq!(text(0, 0), "aurora_trigger postgres");
    assert_eq!(text(0, 1), "* * * * *");
    assert_eq!(text(0, 2), "CALL aurora_trigger.drain_all()");
    assert_eq!(text(0, 3), "postgres");
    let noted = "INSERT INTO cron.job_run_details (jobid, runid, end_time)
        SELECT jobid, n, now() - n * interval '50 minutes' FROM cron.job, generate_series(1, 4) AS n
        WHERE jobname = 'aurora_trigger postgres'";
    run(&session, noted).await;
    run(&session, &text(1, 2)).await;
    assert_eq!(
        number(&session, "SELECT count(*) FROM cron.job_run_details").await,
        1
    );
}

/// Jobs that were left would fail every minute for ever.
#[tokio::test]
async fn its_jobs_are_taken_back() {
    let Some((_cluster, _endpoint, session)) = with_pg_cron().await else {
        return;
    };
    run(
        &session,
        "SELECT cron.schedule('mine', '0 0 1 1 *', 'SELECT 1')",
    )
    .await;
    run(&session, "SELECT aurora_trigger.schedule('* * * * *')").await;
    assert_eq!(number(&session, JOBS).await, 3);
    let unschedule = "SELECT aurora_trigger.unschedule()";
    assert_eq!(number(&session, unschedule).await, 2);
    assert_eq!(number(&session, JOBS).await, 1);
    assert_eq!(number(&session, unschedule).await, 0);

    // As long as events wait the schema stays, and so does who sends them.
    run(&session, "SELECT aurora_trigger.schedule('* * * * *')").await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup')").await;
    let down = emit::remove(&[&Item::TABLE]);
    run(&session, &down).await;
    assert_eq!(number(&session, JOBS).await, 3);
    run(&session, "TRUNCATE aurora_trigger.queue").await;
    run(&session, &down).await;
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'aurora_trigger'";
    assert_eq!(number(&session, schemas).await, 0);
    assert_eq!(number(&session, JOBS).await, 1);
}

/// The removal can't see the jobs from another database, and says where they may be.
#[tokio::test]
async fn jobs_in_another_database_are_named() {
    let Some((cluster, endpoint, session)) = with_pg_cron().await else {
        return;
    };
    run(&session, "CREATE DATABASE shop").await;
    let (shop, connection) = tokio_postgres::connect(&cluster.connection_string("shop"), NoTls)
        .await
        .expect("it was created");
    let notices = Notices::of(connection);
    install(&shop, &endpoint).await;
    drop(notices.take());
    run(&shop, &emit::remove(&[&Item::TABLE])).await;
    let notices = notices.take();
    let notice = notices
        .iter()
        .find(|notice| notice.message().contains("jobs of pg_cron"))
        .unwrap_or_else(|| panic!("{notices:?}"));
    assert_eq!(
        notice.hint(),
        Some(
            "In the database postgres: SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname IN \
             ('aurora_trigger shop', 'aurora_trigger shop log');"
        )
    );
}

#[tokio::test]
async fn a_schedule_that_pg_cron_does_not_take_is_told_with_what_it_takes() {
    let Some((_cluster, _endpoint, session)) = with_pg_cron().await else {
        return;
    };
    let version: String = session
        .query_one(
            "SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'",
            &[],
        )
        .await
        .expect("it is there")
        .get(0);
    let mut schedules = vec!["every five seconds"];
    let numbers: Vec<u32> = version
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    if numbers < vec![1, 5] {
        schedules.push("5 seconds");
    } else {
        run(&session, "SELECT aurora_trigger.schedule()").await;
        run(&session, "SELECT aurora_trigger.unschedule()").await;
    }
    for schedule in schedules {
        let error = error_of(
            &session,
            &format!("SELECT aurora_trigger.schedule('{schedule}')"),
        )
        .await;
        assert_eq!(
            error.message(),
            format!("aurora_trigger: pg_cron {version} does not take the schedule '{schedule}'")
        );
        let hint = error.hint().unwrap_or_default();
        assert!(
            hint.contains("From 1.5 on") && hint.contains("schedule('* * * * *')"),
            "{hint}"
        );
        assert_eq!(number(&session, JOBS).await, 0);
    }
}
