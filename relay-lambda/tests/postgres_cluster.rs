//! A throwaway PostgreSQL: it starts, is reached, and leaves nothing behind.

use std::net::TcpStream;
use std::path::Path;

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
    let name = r"it's a \ 50% ünïcode/shop?";
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
