//! The installation refuses a table that its struct does not fit, and says all that differs at once.

use aurora_trigger_gen::describe::{QualifiedName, TableDesc, TypeDesc};
use aurora_trigger_gen::{Bytes, Multirange, PgType, Range, StreamTrigger, emit};
use pipeline_tests::{Pipeline, error_of};
use serde::Deserialize;

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.orders", delivery = "async")]
#[expect(dead_code, reason = "only described")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(key)]
    line: i32,
    title: String,
    note: Option<String>,
    paid: bool,
    tags: Vec<String>,
    grid: Vec<Vec<i32>>,
    state: State,
    #[stream(column = "Ship To")]
    ship_to: Address,
    stops: Vec<Address>,
    picture: Bytes,
    details: serde_json::Value,
    rank: Rank,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.state")]
#[serde(rename_all = "snake_case")]
enum State {
    New,
    Paid,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.address")]
#[expect(dead_code, reason = "only described")]
struct Address {
    street: String,
    zip: Option<i32>,
}

/// A domain that the struct asks for by name.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only described")]
struct Rank(i32);

impl PgType for Rank {
    const TYPE: TypeDesc = i32::TYPE.with_domain(QualifiedName::new(Some("shop"), "rank"));
}

/// A schema that fits, in parts that a test can exchange.
const FITS: &str = "
    CREATE SCHEMA shop;
    CREATE TYPE shop.state AS ENUM ('new', 'paid');
    CREATE TYPE shop.address AS (street text, zip integer);
    CREATE DOMAIN shop.rank AS integer;
    CREATE TABLE shop.orders (
        id bigint NOT NULL,
        line integer NOT NULL,
        title text NOT NULL,
        note text,
        paid boolean NOT NULL,
        tags text[] NOT NULL,
        grid integer[] NOT NULL,
        state shop.state NOT NULL,
        \"Ship To\" shop.address NOT NULL,
        stops shop.address[] NOT NULL,
        picture bytea NOT NULL,
        details jsonb NOT NULL,
        rank shop.rank NOT NULL,
        PRIMARY KEY (id, line)
    );
";

/// What the installation says, a line a difference; none where it goes through. `change` alters what fits.
async fn differences_of(pipeline: &Pipeline, table: &TableDesc, change: &str) -> Vec<String> {
    let session = pipeline.session().await;
    session
        .batch_execute(&format!(
            "DROP SCHEMA IF EXISTS shop CASCADE; {FITS} {change}"
        ))
        .await
        .unwrap_or_else(|error| panic!("{change}: {error:?}"));
    differences(pipeline, table).await
}

/// The same for the table as it is.
async fn differences(pipeline: &Pipeline, table: &TableDesc) -> Vec<String> {
    let session = pipeline.session().await;
    let install = emit::install(&[table], None);
    let Err(error) = session.batch_execute(&install).await else {
        return Vec::new();
    };
    let error = error.as_db_error().expect("the server refuses it").clone();
    let mut lines = error.message().lines().map(str::to_owned);
    assert_eq!(
        lines.next().as_deref(),
        Some("aurora_trigger: the tables differ from their structs"),
        "{error:?}"
    );
    assert_eq!(
        error.hint(),
        Some(
            "Nothing was captured anew. Change the struct or migrate the table, then emit and run this file \
             again."
        )
    );
    lines.collect()
}

/// Each change, and the one difference that it makes.
async fn assert_differences(table: &TableDesc, changes: &[(&str, &str)]) {
    let pipeline = Pipeline::start().await;
    for (change, expected) in changes {
        let found = differences_of(&pipeline, table, change).await;
        assert_eq!(found, [*expected], "{change}");
    }
}

async fn assert_fits(changes: &[&str]) {
    let pipeline = Pipeline::start().await;
    for change in changes {
        let found = differences_of(&pipeline, &Order::TABLE, change).await;
        assert!(found.is_empty(), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_table_that_fits_is_taken() {
    assert_fits(&[
        "",
        "ALTER TABLE shop.orders ADD more integer, ADD even_more shop.state",
        "ALTER TABLE shop.orders ALTER id TYPE integer, ALTER title TYPE varchar(20), ALTER details TYPE json",
        "ALTER TABLE shop.orders ALTER note SET NOT NULL",
        "ALTER TYPE shop.address ADD ATTRIBUTE country text",
    ])
    .await;
}

#[tokio::test]
async fn a_domain_is_what_it_is_over() {
    assert_fits(&[
        "CREATE DOMAIN shop.title AS varchar(20) CHECK (VALUE <> '');
         CREATE DOMAIN shop.short_title AS shop.title;
         CREATE DOMAIN shop.tags AS text[];
         CREATE DOMAIN shop.place AS shop.address;
         CREATE DOMAIN shop.stage AS shop.state;
         ALTER TABLE shop.orders
             ALTER title TYPE shop.short_title, ALTER tags TYPE shop.tags,
             ALTER \"Ship To\" TYPE shop.place, ALTER state TYPE shop.stage",
        "CREATE DOMAIN shop.label AS text;
         ALTER TABLE shop.orders ALTER tags TYPE shop.label[]",
        "CREATE DOMAIN shop.title AS text NOT NULL;
         ALTER TABLE shop.orders ALTER title DROP NOT NULL, ALTER title TYPE shop.title",
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_table_or_not_there_is_told() {
    assert_differences(
        &Order::TABLE,
        &[
            ("DROP TABLE shop.orders", "shop.orders does not exist"),
            ("DROP SCHEMA shop CASCADE", "shop.orders does not exist"),
            (
                "ALTER TABLE shop.orders RENAME TO base; CREATE VIEW shop.orders AS TABLE shop.base",
                "shop.orders is a view: only tables have triggers that see their changes",
            ),
            (
                "ALTER TABLE shop.orders RENAME TO base;
                 CREATE MATERIALIZED VIEW shop.orders AS TABLE shop.base",
                "shop.orders is a materialized view: only tables have triggers that see their changes",
            ),
            (
                "DROP TABLE shop.orders; CREATE SEQUENCE shop.orders",
                "shop.orders is no table: only tables have triggers that see their changes",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_column_that_is_missing_or_of_another_type_is_told() {
    assert_differences(
        &Order::TABLE,
        &[
            (
                "ALTER TABLE shop.orders DROP title",
                "shop.orders.title does not exist (field title)",
            ),
            (
                "ALTER TABLE shop.orders DROP \"Ship To\"",
                "shop.orders.\"Ship To\" does not exist (field ship_to)",
            ),
            (
                "ALTER TABLE shop.orders ALTER title TYPE xml USING NULL",
                "shop.orders.title is of type xml, the struct takes text or character varying or character or name",
            ),
            (
                "ALTER TABLE shop.orders ALTER line TYPE bigint",
                "shop.orders.line is of type bigint, the struct takes integer or smallint",
            ),
            (
                "ALTER TABLE shop.orders ALTER paid TYPE text",
                "shop.orders.paid is of type text, the struct takes boolean",
            ),
            (
                "CREATE DOMAIN shop.title AS xml; ALTER TABLE shop.orders ALTER title TYPE shop.title USING NULL",
                "shop.orders.title is of type shop.title, the struct takes text or character varying or character \
                 or name",
            ),
            (
                "ALTER TABLE shop.orders ALTER rank TYPE integer",
                "shop.orders.rank is of type integer, the struct takes shop.rank",
            ),
            (
                "ALTER TABLE shop.orders ALTER state TYPE text",
                "shop.orders.state is of type text, the struct takes shop.state",
            ),
            (
                "CREATE TYPE public.state AS ENUM ('new', 'paid');
                 ALTER TABLE shop.orders ALTER state TYPE public.state USING NULL",
                "shop.orders.state is of type public.state, the struct takes shop.state",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_array_for_a_scalar_and_the_reverse_are_told() {
    assert_differences(
        &Order::TABLE,
        &[
            (
                "ALTER TABLE shop.orders ALTER tags TYPE text",
                "shop.orders.tags is of type text, the struct takes an array",
            ),
            (
                "ALTER TABLE shop.orders ALTER title TYPE text[] USING NULL",
                "shop.orders.title is of type text[], the struct takes text or character varying or character or \
                 name",
            ),
            (
                "ALTER TABLE shop.orders ALTER tags TYPE integer[] USING NULL",
                "shop.orders.tags[] is of type integer, the struct takes text or character varying or character \
                 or name",
            ),
            (
                "ALTER TABLE shop.orders ALTER grid TYPE bigint[]",
                "shop.orders.grid[] is of type bigint, the struct takes integer or smallint",
            ),
            (
                "ALTER TABLE shop.orders ALTER state TYPE shop.state[] USING NULL",
                "shop.orders.state is of type shop.state[], the struct takes shop.state",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn null_where_the_struct_takes_none_is_told() {
    assert_differences(
        &Order::TABLE,
        &[
            (
                "ALTER TABLE shop.orders ALTER title DROP NOT NULL",
                "shop.orders.title may hold NULL, the struct takes none: make field title an Option, or the column \
                 NOT NULL",
            ),
            (
                "CREATE DOMAIN shop.title AS text CHECK (VALUE IS NOT NULL);
                 ALTER TABLE shop.orders ALTER title DROP NOT NULL, ALTER title TYPE shop.title",
                "shop.orders.title may hold NULL, the struct takes none: make field title an Option, or the column \
                 NOT NULL",
            ),
        ],
    )
    .await;
    assert_fits(&["CREATE DOMAIN shop.title AS text NOT NULL;
         CREATE DOMAIN shop.short_title AS shop.title;
         ALTER TABLE shop.orders ALTER title DROP NOT NULL, ALTER title TYPE shop.short_title"])
    .await;
}

#[tokio::test]
async fn labels_and_attributes_that_do_not_fit_are_told() {
    assert_differences(
        &Order::TABLE,
        &[
            (
                "ALTER TYPE shop.state ADD VALUE 'it''s gone'; ALTER TYPE shop.state ADD VALUE 'void' BEFORE 'new'",
                "shop.orders.state is of type shop.state, which has labels that the Rust enum lacks: 'void', \
                 'it''s gone'",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn attributes_are_told_by_each_place_where_their_type_stands() {
    let pipeline = Pipeline::start().await;
    for (change, expected) in [
        (
            "ALTER TYPE shop.address RENAME ATTRIBUTE zip TO \"Zip\"",
            [
                "shop.orders.\"Ship To\" has no attribute zip",
                "shop.orders.stops[] has no attribute zip",
            ],
        ),
        (
            "ALTER TYPE shop.address DROP ATTRIBUTE zip; ALTER TYPE shop.address ADD ATTRIBUTE zip text",
            [
                "shop.orders.\"Ship To\".zip is of type text, the struct takes integer or smallint",
                "shop.orders.stops[].zip is of type text, the struct takes integer or smallint",
            ],
        ),
    ] {
        let found = differences_of(&pipeline, &Order::TABLE, change).await;
        assert_eq!(found, expected, "{change}");
    }
}

#[tokio::test]
async fn a_key_without_a_unique_index_that_always_holds_is_told() {
    let drop_key = "ALTER TABLE shop.orders DROP CONSTRAINT orders_pkey;
        ALTER TABLE shop.orders ALTER id SET NOT NULL, ALTER line SET NOT NULL;";
    let expected = "shop.orders has no unique index over exactly the key (id, line): one that is valid, immediate, \
        without WHERE or expressions, over NOT NULL columns";
    let pipeline = Pipeline::start().await;
    for instead in [
        "",
        "CREATE INDEX ON shop.orders (id, line)",
        "CREATE UNIQUE INDEX ON shop.orders (id)",
        "CREATE UNIQUE INDEX ON shop.orders (id, line, title)",
        "CREATE UNIQUE INDEX ON shop.orders (id, paid)",
        "CREATE UNIQUE INDEX ON shop.orders (id, line) WHERE paid",
        "CREATE UNIQUE INDEX ON shop.orders (id, abs(line))",
        "CREATE UNIQUE INDEX ON shop.orders (id, line, abs(line))",
        "CREATE UNIQUE INDEX ON shop.orders (id) INCLUDE (line)",
        "ALTER TABLE shop.orders ADD UNIQUE (id, line) DEFERRABLE",
        "CREATE UNIQUE INDEX broken ON shop.orders (id, line);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.broken'::regclass",
    ] {
        let found =
            differences_of(&pipeline, &Order::TABLE, &format!("{drop_key} {instead}")).await;
        assert_eq!(found, [expected], "{instead}");
    }
    for instead in [
        "CREATE UNIQUE INDEX ON shop.orders (line, id)",
        "CREATE UNIQUE INDEX ON shop.orders (id, line) INCLUDE (title)",
        "ALTER TABLE shop.orders ADD UNIQUE (line, id)",
    ] {
        let found =
            differences_of(&pipeline, &Order::TABLE, &format!("{drop_key} {instead}")).await;
        assert!(found.is_empty(), "{instead}: {found:?}");
    }
}

#[tokio::test]
async fn a_key_that_may_be_null_is_told() {
    let pipeline = Pipeline::start().await;
    let found = differences_of(
        &pipeline,
        &Order::TABLE,
        "ALTER TABLE shop.orders DROP CONSTRAINT orders_pkey;
         ALTER TABLE shop.orders ALTER line DROP NOT NULL;
         CREATE UNIQUE INDEX ON shop.orders (id, line);",
    )
    .await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("shop.orders.line may hold NULL"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("shop.orders has no unique index"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_virtual_generated_column_is_told() {
    let pipeline = Pipeline::start().await;
    if pipeline.server_version().await < 180_000 {
        println!("not tested: before PostgreSQL 18 there is none");
        return;
    }
    let found = differences_of(
        &pipeline,
        &Order::TABLE,
        "ALTER TABLE shop.orders DROP note;
         ALTER TABLE shop.orders ADD note text GENERATED ALWAYS AS ('x') VIRTUAL",
    )
    .await;
    assert_eq!(
        found,
        [
            "shop.orders.note is a virtual generated column, which triggers do not see: make it STORED"
        ]
    );
}

#[tokio::test]
async fn a_stored_generated_column_is_taken() {
    let pipeline = Pipeline::start().await;
    if pipeline.server_version().await < 120_000 {
        println!("not tested: PostgreSQL 11 has none");
        return;
    }
    let found = differences_of(
        &pipeline,
        &Order::TABLE,
        "ALTER TABLE shop.orders DROP note;
         ALTER TABLE shop.orders ADD note text GENERATED ALWAYS AS ('x') STORED",
    )
    .await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn a_predicate_that_can_not_be_read_is_told() {
    let pipeline = Pipeline::start().await;
    for (predicate, reason) in [
        ("paid AND", "syntax error at or near \")\""),
        ("nowhere", "column \"nowhere\" does not exist"),
        ("more = 1", "column \"more\" does not exist"),
        (
            "orders.paid",
            "missing FROM-clause entry for table \"orders\"",
        ),
        ("title = 1", "operator does not exist: text = integer"),
        ("id", "cannot cast type bigint to boolean"),
        (
            "unknown_function(id)",
            "function unknown_function(bigint) does not exist",
        ),
        ("count(*) > 1 OVER ()", "syntax error"),
        (
            "state = 'new'::shop.state",
            "operator does not exist: text = shop.state",
        ),
        (
            "(SELECT true FROM shop.nowhere)",
            "relation \"shop.nowhere\" does not exist",
        ),
        ("1 / 0 = 1", "division by zero"),
    ] {
        let table = Order::TABLE.with_when(predicate);
        let change = "ALTER TABLE shop.orders ADD more integer";
        let found = differences_of(&pipeline, &table, change).await;
        assert_eq!(found.len(), 1, "{predicate}: {found:?}");
        assert!(
            found[0].starts_with("shop.orders: the predicate of when can't be read: ")
                && found[0].contains(reason),
            "{predicate}: {found:?}"
        );
    }
    for predicate in [
        "paid",
        "title <> '\\' AND title LIKE 'a\\_%'",
        "state = 'new' AND (\"Ship To\").zip > 1 AND tags @> '{a}' AND details ? 'a'",
        "rank = '1' AND grid[1][1] = 1 AND note IS NULL -- and so on",
        "EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag <> title)",
    ] {
        let found = differences_of(&pipeline, &Order::TABLE.with_when(predicate), "").await;
        assert!(found.is_empty(), "{predicate}: {found:?}");
    }
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.missing", delivery = "async")]
struct Missing {
    #[stream(key)]
    id: i64,
}

#[tokio::test]
async fn all_that_differs_in_all_tables_is_told_at_once_and_nothing_is_changed() {
    let pipeline = Pipeline::start().await;
    pipeline.run(FITS).await;
    pipeline.install_tables(&[&Order::TABLE]).await;
    pipeline
        .run(
            "ALTER TABLE shop.orders
                 DROP CONSTRAINT orders_pkey, DROP title, ALTER paid TYPE text, ALTER tags DROP NOT NULL",
        )
        .await;
    // By itself, as PostgreSQL 11 wants it.
    pipeline.run("ALTER TYPE shop.state ADD VALUE 'void'").await;
    let session = pipeline.session().await;
    let functions = "SELECT string_agg(pg_get_functiondef(p.oid), '' ORDER BY p.proname)
        FROM pg_proc AS p WHERE p.proname LIKE 'shop%'";
    let before: String = session
        .query_one(functions, &[])
        .await
        .expect("it is there")
        .get(0);
    let install = emit::install(&[&Missing::TABLE, &Order::TABLE], None);
    let refused = error_of(&session, &install).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: the tables differ from their structs\n\
         shop.missing does not exist\n\
         shop.orders.title does not exist (field title)\n\
         shop.orders.paid is of type text, the struct takes boolean\n\
         shop.orders.tags may hold NULL, the struct takes none: make field tags an Option, or the column NOT NULL\n\
         shop.orders.state is of type shop.state, which has labels that the Rust enum lacks: 'void'\n\
         shop.orders has no unique index over exactly the key (id, line): one that is valid, immediate, without \
         WHERE or expressions, over NOT NULL columns"
    );
    let after: String = session
        .query_one(functions, &[])
        .await
        .expect("it is there")
        .get(0);
    assert_eq!(after, before);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.offers", delivery = "async")]
#[expect(dead_code, reason = "only described")]
struct Offer {
    #[stream(key)]
    id: i64,
    amounts: Range<i64>,
    weeks: Vec<Range<i32>>,
}

#[tokio::test]
async fn what_is_no_range_or_one_of_another_type_is_told() {
    let pipeline = Pipeline::start().await;
    for (columns, expected) in [
        (
            "amounts int8range NOT NULL, weeks int4range[] NOT NULL",
            vec![],
        ),
        (
            "amounts int8 NOT NULL, weeks int4[] NOT NULL",
            vec![
                "shop.offers.amounts is of type bigint, the struct takes a range",
                "shop.offers.weeks[] is of type integer, the struct takes a range",
            ],
        ),
        (
            "amounts tsrange NOT NULL, weeks int8range[] NOT NULL",
            vec![
                "a bound of shop.offers.amounts is of type timestamp without time zone, the struct takes bigint or \
                 integer or smallint",
                "a bound of shop.offers.weeks[] is of type bigint, the struct takes integer or smallint",
            ],
        ),
    ] {
        pipeline
            .run(&format!(
                "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
                 CREATE TABLE shop.offers (id bigint PRIMARY KEY, {columns})"
            ))
            .await;
        let found = differences(&pipeline, &Offer::TABLE).await;
        assert_eq!(found, expected, "{columns}");
    }
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.offers", delivery = "async")]
#[expect(dead_code, reason = "only described")]
struct Rooms {
    #[stream(key)]
    id: i64,
    booked: Multirange<i32>,
}

#[tokio::test]
async fn what_is_no_multirange_or_one_of_another_type_is_told() {
    let pipeline = Pipeline::start().await;
    let has_multiranges = pipeline.server_version().await >= 140_000;
    let no_multirange =
        |ty: &str| format!("shop.offers.booked is of type {ty}, the struct takes a multirange");
    let mut cases = vec![("int4range", Some(no_multirange("int4range")))];
    if has_multiranges {
        cases.push(("int4multirange", None));
        cases.push((
            "int8multirange",
            Some(
                "a bound of shop.offers.booked is of type bigint, the struct takes integer or smallint"
                    .to_owned(),
            ),
        ));
    }
    for (column, expected) in cases {
        pipeline
            .run(&format!(
                "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
                 CREATE TABLE shop.offers (id bigint PRIMARY KEY, booked {column} NOT NULL)"
            ))
            .await;
        let found = differences(&pipeline, &Rooms::TABLE).await;
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{column}");
    }
}
