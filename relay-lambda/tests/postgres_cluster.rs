//! A throwaway PostgreSQL: it starts, is reached, and leaves nothing behind.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use relay_lambda::local::{PostgresCluster, StartError};
use tokio_postgres::{Client, NoTls};

async fn connect(connection_string: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(connection_string, NoTls)
        .await
        .expect("the cluster takes connections");
    tokio::spawn(connection);
    client
}

async fn text(client: &Client, sql: &str) -> String {
    client
        .query_one(sql, &[])
        .await
        .expect("the query runs")
        .get(0)
}

#[tokio::test]
async fn it_is_there_for_as_long_as_the_value() {
    let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    let client = connect(&cluster.connection_string("postgres")).await;
    let folder = text(&client, "SHOW data_directory").await;
    let port = cluster.port();
    assert_eq!(text(&client, "SHOW listen_addresses").await, "127.0.0.1");
    assert_eq!(text(&client, "SHOW server_encoding").await, "UTF8");
    assert_eq!(text(&client, "SHOW fsync").await, "off");

    drop(cluster);

    assert!(!Path::new(&folder).exists(), "{folder}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[tokio::test]
async fn both_ways_to_write_the_address_lead_to_the_database() {
    let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    let name = r"it's a \ 50%25 ünïcode/shop?";
    connect(&cluster.connection_string("postgres"))
        .await
        .batch_execute(&format!("CREATE DATABASE \"{name}\""))
        .await
        .expect("any name will do");

    for address in [cluster.connection_string(name), cluster.database_url(name)] {
        let client = connect(&address).await;
        assert_eq!(text(&client, "SELECT current_database()::text").await, name);
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_crash_and_nothing_else() {
    let mut cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    let client = connect(&cluster.connection_string("postgres")).await;
    client
        .batch_execute("CREATE TABLE note (t text); INSERT INTO note VALUES ('committed')")
        .await
        .expect("the database is new");
    client
        .batch_execute("BEGIN; INSERT INTO note VALUES ('not committed')")
        .await
        .expect("it is open");
    let folder = text(&client, "SHOW data_directory").await;

    cluster.crash().expect("it starts again");

    assert!(client.batch_execute("COMMIT").await.is_err());
    let client = connect(&cluster.connection_string("postgres")).await;
    assert_eq!(text(&client, "SHOW data_directory").await, folder);
    assert_eq!(
        text(&client, "SELECT string_agg(t, ' ') FROM note").await,
        "committed"
    );
    drop(cluster);
    assert!(!Path::new(&folder).exists(), "{folder}");
}

#[tokio::test]
async fn settings_reach_the_server() {
    let cluster = PostgresCluster::builder()
        .setting("shared_preload_libraries", "auto_explain")
        .setting("auto_explain.log_format", "json")
        .setting("cluster_name", r"it's \ mine")
        .start()
        .expect("PostgreSQL is installed");
    let client = connect(&cluster.connection_string("postgres")).await;

    assert_eq!(text(&client, "SHOW auto_explain.log_format").await, "json");
    assert_eq!(text(&client, "SHOW cluster_name").await, r"it's \ mine");
}

#[test]
fn a_setting_that_the_server_refuses_is_in_the_error() {
    let error = PostgresCluster::builder()
        .setting("work_memory", "1MB")
        .start()
        .expect_err("it is called work_mem");

    assert!(
        matches!(&error, StartError::Failed { program: "postgres", log } if log.contains("work_memory"))
    );
    assert!(error.to_string().contains("work_memory"));
}

/// What a process that is about to be killed does: no test by itself.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn start_one_and_wait_to_be_killed() {
    let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    println!("\naddress: {}", cluster.connection_string("postgres"));
    io::stdin().read_line(&mut String::new()).ok();
}

#[tokio::test]
async fn it_goes_away_with_a_process_that_is_killed() {
    let mut process = Command::new(env::current_exe().expect("a test knows its program"))
        .args([
            "--ignored",
            "--exact",
            "start_one_and_wait_to_be_killed",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run again");
    let output = process.stdout.take().expect("it is piped");
    let address = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("address: ")?.to_owned()))
        .expect("it starts a cluster");
    let (client, connection) = tokio_postgres::connect(&address, NoTls)
        .await
        .expect("the cluster takes connections");
    let connection = tokio::spawn(connection);
    let folder = text(&client, "SHOW data_directory").await;

    process.kill().expect("it is a child of this one");
    process.wait().expect("it is a child of this one");

    // It ends with the server, and not before.
    connection.await.expect("the task does not panic").ok();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Path::new(&folder).exists() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(!Path::new(&folder).exists(), "{folder}");
}
