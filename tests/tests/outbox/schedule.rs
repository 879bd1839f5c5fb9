//! Who drains: pg_cron, where it is there.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::emit;
use pipeline_tests::error_of;
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use tokio_postgres::NoTls;

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
}

/// It runs what the procedure's own test runs, and its log does not grow without end.
#[tokio::test]
async fn pg_cron_is_given_the_drain_and_the_care_of_its_log() {
    let started = PostgresCluster::builder()
        .setting("shared_preload_libraries", "pg_cron")
        .setting("cron.database_name", "postgres")
        .start();
    let cluster = match started {
        Ok(cluster) => cluster,
        Err(error) if error.to_string().contains("pg_cron") => {
            assert!(std::env::var_os("CI").is_none(), "{error}");
            println!("not tested: this PostgreSQL has no pg_cron");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let endpoint = LambdaEndpoint::start(|_| Ok("{}".to_owned())).expect("a port is free");
    let (session, connection) =
        tokio_postgres::connect(&cluster.connection_string("postgres"), NoTls)
            .await
            .expect("it has started");
    tokio::spawn(connection);
    run(&session, "CREATE EXTENSION pg_cron").await;
    run(&session, &endpoint.extension_sql()).await;
    run(&session, crate::ITEMS).await;
    run(&session, &emit::install(&[&Item::TABLE], None)).await;
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
