//! What can't be told in UTF-8 is never captured, and what a database has no letters for is never installed.

use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::{Pipeline, administrator, cluster, error_of};
use serde::Deserialize;
use tokio_postgres::NoTls;

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.items", delivery = "async")]
struct Item {
    #[stream(key)]
    id: i32,
}

/// What a byte over 127 stands for there only the application knows: é in LATIN1 may be half a letter in UTF-8.
#[tokio::test]
async fn a_database_whose_bytes_have_no_meaning_is_refused_at_the_installation() {
    administrator()
        .await
        .batch_execute(
            "CREATE DATABASE of_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
        )
        .await
        .expect("the name is new");
    let (session, connection) =
        tokio_postgres::connect(&cluster().connection_string("of_bytes"), NoTls)
            .await
            .expect("the database is there");
    tokio::spawn(connection);
    let error = error_of(&session, &emit::install(&[&Item::TABLE], None)).await;
    assert_eq!(
        error.message(),
        "aurora_trigger: what the texts of this database say in UTF-8 can't be told, since its encoding is SQL_ASCII"
    );
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.items", delivery = "async")]
#[expect(dead_code, reason = "only described")]
struct Priced {
    #[stream(key)]
    id: i32,
    #[stream(column = "in €")]
    price: i32,
}

#[tokio::test]
async fn a_name_that_the_encoding_lacks_letters_for_is_the_servers_error_and_installs_nothing() {
    let pipeline = Pipeline::start_in("LATIN1").await;
    pipeline
        .run("CREATE TABLE items (id integer PRIMARY KEY)")
        .await;
    let session = pipeline.session().await;
    let error = error_of(&session, &emit::install(&[&Priced::TABLE], None)).await;
    assert_eq!(error.code().code(), "22P05");
    assert_eq!(
        error.message(),
        "character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\""
    );
    let installed: bool = session
        .query_one("SELECT to_regnamespace('aurora_trigger') IS NOT NULL", &[])
        .await
        .expect("a name may be asked for")
        .get(0);
    assert!(!installed);
}
