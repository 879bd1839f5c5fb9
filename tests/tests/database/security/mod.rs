//! What a role can do that owns its tables and types, and has no right on `aurora_trigger` and `aws_lambda`: nothing
//! but make its own writes fail.

mod casts;
mod installer;
mod masked_values;
mod rights;
mod sessions;
mod traps;

use aurora_trigger_gen::describe::{Encoding, Level, Sample, TypeDesc};
use aurora_trigger_gen::{PgType, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use serde::Deserialize;

/// The attacker's schema. Whatever of it runs with the rights of another role leaves a mark in a sequence, which no
/// rollback takes away.
const MALLORY: &str = "
    CREATE SCHEMA mallory;
    GRANT USAGE ON SCHEMA mallory TO PUBLIC;
    CREATE SEQUENCE mallory.intrusions;
    GRANT ALL ON SEQUENCE mallory.intrusions TO PUBLIC;
    CREATE FUNCTION mallory.run() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        -- Qualified, since the session's path may lead into traps.
        IF current_user OPERATOR(pg_catalog.<>) 'mallory' THEN
            PERFORM pg_catalog.nextval('mallory.intrusions');
        END IF;
        RETURN '1';
    END $$;
    -- A lie that makes the planner compute it.
    CREATE FUNCTION mallory.run_early() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        RETURN mallory.run();
    END $$;
";

/// The table that the attacker owns.
const WARES: &str = "
    CREATE SCHEMA shop;
    CREATE TYPE shop.state AS ENUM ('shown', 'hidden');
    CREATE TYPE shop.size AS (width integer, price numeric);
    CREATE TABLE shop.wares (
        id integer PRIMARY KEY,
        name text NOT NULL,
        email text NOT NULL,
        price numeric NOT NULL,
        tags text[] NOT NULL,
        prices numeric[] NOT NULL,
        state shop.state NOT NULL,
        size shop.size NOT NULL,
        sizes shop.size[] NOT NULL
    );
";

/// A row of it. Every way in which a column becomes JSON, and a predicate that casts what it gets.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.wares",
    delivery = "async",
    on_failure = "abort",
    when = "state <> 'hidden' AND to_jsonb(state) <> '\"void\"' AND state::text <> 'void'
            AND (size).width <> 13 AND size::text <> '(13,1)' AND to_json(size)::text <> '{}'
            AND name <> '(1,\"(1)\")' AND name <> ALL ('{13}') AND email <> '(1)' AND price::text <> '13'
            AND tags <> '{1}' AND prices <> '{1}' AND array_position(tags, '1') IS NULL"
)]
struct Ware {
    #[stream(key)]
    id: i32,
    name: String,
    #[stream(mask = "last4")]
    email: String,
    price: Amount,
    tags: Vec<String>,
    prices: Vec<Amount>,
    state: State,
    size: Size,
    sizes: Vec<Size>,
}

/// A number that travels as text: the trigger casts it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Amount(String);

impl PgType for Amount {
    const TYPE: TypeDesc = TypeDesc::built_in(&["numeric"])
        .with_encoding(Encoding::Text)
        .with_samples(&[Sample::Text("1.10")]);
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, PgType)]
#[stream(type = "shop.state")]
#[serde(rename_all = "snake_case")]
enum State {
    Shown,
    Hidden,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "shop.size")]
struct Size {
    width: i32,
    price: Amount,
}

/// A good row, by the names of the columns and their values.
const GOOD_ROW: [(&str, &str); 9] = [
    ("id", "1"),
    ("name", "cup"),
    ("email", "ada@example.org"),
    ("price", "1.10"),
    ("tags", "{a}"),
    ("prices", "{1.10}"),
    ("state", "shown"),
    ("size", "(1,1.10)"),
    ("sizes", "{\"(1,1.10)\"}"),
];

/// The INSERT of a good row, but for one column.
fn insert_with(column: &str, value: &str) -> String {
    let values: Vec<String> = GOOD_ROW
        .iter()
        .map(|(name, good)| format!("'{}'", if *name == column { value } else { good }))
        .collect();
    format!("INSERT INTO shop.wares VALUES ({})", values.join(", "))
}

fn insert() -> String {
    insert_with("", "")
}

/// A database whose table `shop.wares` is streamed and belongs to the attacker, as all of its schema does.
async fn start(level: Level) -> Pipeline {
    make_role("mallory", "LOGIN").await;
    let pipeline = Pipeline::with_tables::<Only<Ware>>(level, &schema()).await;
    // Rights on a database are not copied with it.
    pipeline.run(GRANT_CREATE).await;
    pipeline
}

/// The same before the installation.
async fn prepare() -> Pipeline {
    make_role("mallory", "LOGIN").await;
    let pipeline = Pipeline::start().await;
    pipeline.run(&schema()).await;
    pipeline
}

const GRANT_CREATE: &str = "
    DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO mallory', current_database()); END $$;
";

/// The attacker's objects, made as the attacker.
fn schema() -> String {
    format!(
        "{GRANT_CREATE} SET SESSION AUTHORIZATION mallory; {MALLORY} {WARES} RESET SESSION AUTHORIZATION;"
    )
}

/// Makes a role that other tests of this cluster may have made.
async fn make_role(name: &str, options: &str) {
    pipeline_tests::administrator()
        .await
        .batch_execute(&format!(
            "DO $$ BEGIN CREATE ROLE {name} {options};
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ))
        .await
        .expect("the role is there");
}

async fn as_mallory(pipeline: &Pipeline, sql: &str) {
    pipeline
        .session_of("mallory")
        .await
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{error:?} in {sql}"));
}

/// Nothing of the attacker's ran with the rights of another role, and the settings are as they were.
async fn assert_unharmed(pipeline: &Pipeline, after: &str) {
    let session = pipeline.session().await;
    let intruded: bool = session
        .query_one("SELECT is_called FROM mallory.intrusions", &[])
        .await
        .expect("the sequence is there")
        .get(0);
    assert!(!intruded, "code of mallory ran with other rights: {after}");
    if let Ok(settings) = session
        .query_one(
            "SELECT function_name, region,
                 epoch BETWEEN extract(epoch FROM now()) * 1000 - 3600000 AND extract(epoch FROM now()) * 1000
             FROM aurora_trigger.settings",
            &[],
        )
        .await
    {
        assert_eq!(settings.get::<_, Option<&str>>(0), Some("relay"), "{after}");
        assert_eq!(settings.get::<_, Option<&str>>(1), None, "{after}");
        assert!(settings.get::<_, bool>(2), "another epoch: {after}");
    }
}

#[tokio::test]
async fn the_trap_notices_who_runs_the_code_of_mallory() {
    let pipeline = prepare().await;
    as_mallory(&pipeline, "SELECT mallory.run_early()").await;
    assert_unharmed(&pipeline, "mallory's own call").await;

    let session = pipeline.session().await;
    session
        .batch_execute("BEGIN; SELECT mallory.run_early(); ROLLBACK")
        .await
        .expect("a superuser may do anything");
    let intruded: bool = session
        .query_one("SELECT is_called FROM mallory.intrusions", &[])
        .await
        .expect("the sequence is there")
        .get(0);
    assert!(intruded);
}
