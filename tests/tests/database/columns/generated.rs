//! Columns that the server computes and stores. Those that it does not store are refused: see `table_checks`.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of};
use serde::Deserialize;

use crate::columns::{created, deleted, updated};

at_both_levels!(
    what_is_generated_arrives_as_it_was_stored,
    a_key_that_is_generated_changes_with_what_it_is_made_of,
    a_column_that_becomes_virtual_fails_for_a_statement_and_is_null_for_a_row,
);

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.tiles", delivery = "async", on_failure = "abort")]
struct Tile {
    #[stream(key)]
    id: i32,
    width: i32,
    height: i32,
    area: Option<i32>,
}

/// The area is what a trigger of the application leaves of the height.
const TILES: &str = "
    CREATE TABLE tiles (
        id integer PRIMARY KEY, area integer GENERATED ALWAYS AS (width * height) STORED,
        width integer NOT NULL, height integer NOT NULL
    );
    CREATE FUNCTION at_least_two() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN NEW.height := greatest(NEW.height, 2); RETURN NEW; END $$;
    CREATE TRIGGER at_least_two BEFORE INSERT OR UPDATE ON tiles
        FOR EACH ROW EXECUTE FUNCTION at_least_two();
";

fn tile(id: i32, width: i32, height: i32) -> Tile {
    Tile {
        id,
        width,
        height,
        area: Some(width * height),
    }
}

async fn has_generated_columns() -> bool {
    let has = Pipeline::start().await.server_version().await >= 120_000;
    if !has {
        println!("not tested: PostgreSQL 11 has no generated columns");
    }
    has
}

async fn what_is_generated_arrives_as_it_was_stored(level: Level) {
    if !has_generated_columns().await {
        return;
    }
    let pipeline = Pipeline::with_tables::<Only<Tile>>(level, TILES).await;
    pipeline
        .run(
            "INSERT INTO tiles (id, width, height) VALUES (1, 3, 4), (2, 5, 1);
             UPDATE tiles SET width = 6 WHERE id = 1;
             UPDATE tiles SET height = 0 WHERE id = 1;
             DELETE FROM tiles WHERE id = 1",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(tile(1, 3, 4)),
            created(tile(2, 5, 2)),
            updated(tile(1, 3, 4), tile(1, 6, 4)),
            updated(tile(1, 6, 4), tile(1, 6, 2)),
            deleted(tile(1, 6, 2)),
        ]
    );
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.members", delivery = "async", on_failure = "abort")]
struct Member {
    #[stream(key)]
    login: String,
    name: String,
}

fn member(name: &str) -> Member {
    Member {
        login: name.to_lowercase(),
        name: name.to_owned(),
    }
}

async fn a_key_that_is_generated_changes_with_what_it_is_made_of(level: Level) {
    if !has_generated_columns().await {
        return;
    }
    let pipeline = Pipeline::with_tables::<Only<Member>>(
        level,
        "CREATE TABLE members (
             name text NOT NULL, login text GENERATED ALWAYS AS (lower(name)) STORED PRIMARY KEY
         )",
    )
    .await;
    pipeline
        .run(
            "INSERT INTO members VALUES ('Ann');
             UPDATE members SET name = 'ANN';
             UPDATE members SET name = 'Eve'",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(member("Ann")),
            updated(member("Ann"), member("ANN")),
            deleted(member("ANN")),
            created(member("Eve")),
        ]
    );
}

/// Row triggers see a NULL there, and the rows of a statement can't be read. The next installation refuses it: see
/// `table_checks`.
async fn a_column_that_becomes_virtual_fails_for_a_statement_and_is_null_for_a_row(level: Level) {
    if Pipeline::start().await.server_version().await < 180_000 {
        println!("not tested: this PostgreSQL has no virtual generated columns");
        return;
    }
    let pipeline = Pipeline::with_tables::<Only<Tile>>(level, TILES).await;
    pipeline
        .run(
            "ALTER TABLE tiles DROP COLUMN area;
             ALTER TABLE tiles ADD COLUMN area integer GENERATED ALWAYS AS (width * height) VIRTUAL",
        )
        .await;
    let session = pipeline.session().await;
    let insert = "INSERT INTO tiles (id, width, height) VALUES (1, 3, 4)";
    if level == Level::Statement {
        pipeline
            .run(&format!(
                "SET session_replication_role = 'replica'; {insert}"
            ))
            .await;
        let insert = "INSERT INTO tiles (id, width, height) VALUES (2, 3, 4)";
        for write in [insert, "UPDATE tiles SET width = 9", "DELETE FROM tiles"] {
            let error = error_of(&session, write).await;
            assert!(
                error.message().contains("virtual generated column"),
                "{write}: {error:?}"
            );
        }
        return;
    }
    pipeline.run(insert).await;
    let without_area = Tile {
        area: None,
        ..tile(1, 3, 4)
    };
    assert_eq!(pipeline.take_events(), [created(without_area)]);
}
