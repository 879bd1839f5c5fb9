//! Rows that an UPDATE moves to another partition, and that a BEFORE INSERT trigger there drops: they are in the old
//! transition table only.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, TableDesc, Unchanged};
use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::replay::Replay;
use crate::capture::{created, deleted, updated};

at_both_levels!(
    a_row_that_is_dropped_on_its_way_is_deleted_and_the_others_are_updated,
    a_statement_that_only_drops_a_row_deletes_it,
    rows_that_move_and_arrive_are_other_rows_beside_one_that_is_dropped,
    rows_outside_of_the_predicate_stay_outside,
    any_mix_of_moves_leads_to_the_rows_of_the_table,
    foreign_key_actions_that_drop_rows_lead_to_the_rows_of_the_table,
);

/// A task, in the partition of its stage.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.tasks", delivery = "async", on_failure = "abort")]
struct Task {
    #[stream(key)]
    stage: i32,
    #[stream(key)]
    id: i32,
    text: String,
}

fn task(stage: i32, id: i32, text: &str) -> Task {
    Task {
        stage,
        id,
        text: text.to_owned(),
    }
}

/// Stage 9 takes no row. The rows that stay are in one partition, so that a statement comes to them in their order.
const TASKS: &str = "
    CREATE TABLE tasks (
        stage integer NOT NULL, id integer NOT NULL, text text NOT NULL, PRIMARY KEY (stage, id)
    ) PARTITION BY LIST (stage);
    CREATE TABLE tasks_1 PARTITION OF tasks FOR VALUES IN (1);
    CREATE TABLE tasks_2 PARTITION OF tasks FOR VALUES IN (2);
    CREATE TABLE tasks_9 PARTITION OF tasks FOR VALUES IN (9);
    CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER drops BEFORE INSERT ON tasks_9 FOR EACH ROW EXECUTE PROCEDURE drop_row();
";

const ROWS: &str = "INSERT INTO tasks SELECT 1, n, 'a' FROM generate_series(1, 6) AS n";

const UPDATE: &str = "UPDATE tasks SET stage = CASE id WHEN 2 THEN 9 ELSE stage END, text = 'b'
    WHERE id IN (2, 4, 5, 6)";

fn events_of_the_update() -> Vec<ChangeEvent<Task>> {
    let update = |id| updated(task(1, id, "a"), task(1, id, "b"));
    vec![deleted(task(1, 2, "a")), update(4), update(5), update(6)]
}

async fn start(level: Level) -> Pipeline {
    let pipeline = Pipeline::with_tables::<Only<Task>>(level, TASKS).await;
    pipeline.run(ROWS).await;
    drop(pipeline.take_calls());
    pipeline
}

async fn a_row_that_is_dropped_on_its_way_is_deleted_and_the_others_are_updated(level: Level) {
    let pipeline = start(level).await;
    pipeline.run(UPDATE).await;
    assert_eq!(pipeline.take_events(), events_of_the_update());
}

async fn a_statement_that_only_drops_a_row_deletes_it(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run("UPDATE tasks SET stage = 9 WHERE id = 3")
        .await;
    assert_eq!(pipeline.take_events(), [deleted(task(1, 3, "a"))]);
}

async fn rows_that_move_and_arrive_are_other_rows_beside_one_that_is_dropped(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run("UPDATE tasks SET stage = CASE id WHEN 2 THEN 9 WHEN 3 THEN 2 ELSE 1 END, text = 'b' WHERE id IN (2, 3, 4)")
        .await;
    let mut events: Vec<ChangeEvent<Task>> = pipeline.take_events();
    // A row that arrives may come last.
    events.sort_by_key(|event| match event {
        ChangeEvent::Deleted(row) => (0, row.id),
        ChangeEvent::Updated { after, .. } => (1, after.id),
        ChangeEvent::Created(row) => (2, row.id),
        _ => (3, 0),
    });
    assert_eq!(
        events,
        [
            deleted(task(1, 2, "a")),
            deleted(task(1, 3, "a")),
            updated(task(1, 4, "a"), task(1, 4, "b")),
            created(task(2, 3, "b")),
        ]
    );
}

async fn rows_outside_of_the_predicate_stay_outside(level: Level) {
    enter_and_leave(&Task::TABLE.with_level(level)).await;
}

#[tokio::test]
async fn rows_outside_of_the_predicate_stay_outside_of_a_queue() {
    enter_and_leave(&QUEUED).await;
    enter_and_leave(&QUEUED.with_level(Level::Row)).await;
}

/// Rows enter and leave the subset, and one of each kind is dropped.
async fn enter_and_leave(table: &TableDesc) {
    let table = table.with_when("text <> 'x'");
    let pipeline = Pipeline::start().await;
    pipeline.run(TASKS).await;
    pipeline.install_tables(&[&table]).await;
    pipeline
        .run(
            "INSERT INTO tasks VALUES
                 (1, 1, 'a'), (1, 2, 'x'), (1, 3, 'a'), (1, 4, 'x'), (1, 5, 'a'), (1, 6, 'x')",
        )
        .await;
    pipeline.drain_if_it_can().await;
    drop(pipeline.take_calls());
    pipeline
        .run(
            "UPDATE tasks
             SET stage = CASE WHEN id IN (1, 2) THEN 9 ELSE 1 END,
                 text = CASE WHEN id IN (1, 3, 6) THEN 'x' ELSE 'b' END",
        )
        .await;
    pipeline.drain_if_it_can().await;
    let mut events: Vec<ChangeEvent<Task>> = pipeline.take_events();
    // A drain goes from lane to lane.
    events.sort_by_key(|event| match event {
        ChangeEvent::Deleted(row) | ChangeEvent::Created(row) => row.id,
        ChangeEvent::Updated { after, .. } => after.id,
        _ => 0,
    });
    assert_eq!(
        events,
        [
            deleted(task(1, 1, "a")),
            deleted(task(1, 3, "a")),
            created(task(1, 4, "b")),
            updated(task(1, 5, "a"), task(1, 5, "b")),
        ]
    );
}

/// All ways out of a trigger have the same events.
#[tokio::test]
async fn every_delivery_has_the_same_events() {
    let async_outbox = Task::TABLE.with_on_failure(OnFailure::Outbox);
    let tables: [TableDesc; 5] = [
        Task::TABLE,
        async_outbox,
        Task::TABLE.with_delivery(Delivery::Sync),
        Task::TABLE.with_delivery(Delivery::Commit),
        Task::TABLE.with_delivery(Delivery::Outbox),
    ];
    for table in tables {
        let pipeline = Pipeline::start().await;
        pipeline.run(TASKS).await;
        pipeline.run(ROWS).await;
        pipeline.install_tables(&[&table]).await;
        pipeline.run(UPDATE).await;
        if table.delivery() == Delivery::Outbox {
            pipeline.drain().await;
        }
        let mut events: Vec<ChangeEvent<Task>> = pipeline.take_events();
        // A drain goes from lane to lane.
        events.sort_by_key(|event| match event {
            ChangeEvent::Updated { after, .. } => after.id,
            _ => 0,
        });
        assert_eq!(events, events_of_the_update(), "{:?}", table.delivery());
    }
}

#[tokio::test]
async fn unchanged_rows_are_sent_if_the_struct_says_so() {
    for unchanged in [Unchanged::Skip, Unchanged::Emit] {
        let table = Task::TABLE.with_unchanged(unchanged);
        let pipeline = Pipeline::start().await;
        pipeline.run(TASKS).await;
        pipeline.run(ROWS).await;
        pipeline.install_tables(&[&table]).await;
        pipeline
            .run("UPDATE tasks SET stage = CASE id WHEN 2 THEN 9 ELSE stage END WHERE id < 4")
            .await;
        let same = |id| updated(task(1, id, "a"), task(1, id, "a"));
        let expected = match unchanged {
            Unchanged::Skip => vec![deleted(task(1, 2, "a"))],
            Unchanged::Emit => vec![same(1), deleted(task(1, 2, "a")), same(3)],
        };
        assert_eq!(pipeline.take_events(), expected);
    }
}

/// Without a key nothing says which row became which: all old ones are gone, and the new ones are there.
#[tokio::test]
async fn rows_without_a_key_are_deleted_and_created() {
    #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
    #[stream(
        table = "public.tasks",
        delivery = "async",
        on_failure = "abort",
        key = "none",
        partition_by = "text"
    )]
    struct Line {
        id: i32,
        text: Option<String>,
    }
    let line = |id, text: &str| Line {
        id,
        text: Some(text.to_owned()),
    };
    let pipeline = Pipeline::with_tables::<Only<Line>>(Level::Statement, TASKS).await;
    pipeline
        .run("ALTER TABLE tasks ALTER text DROP NOT NULL")
        .await;
    pipeline.run(ROWS).await;
    drop(pipeline.take_calls());
    pipeline
        .run(
            "UPDATE tasks SET stage = CASE id WHEN 1 THEN 9 ELSE stage END, id = id + 10
             WHERE id IN (1, 2, 3)",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(line(1, "a")),
            deleted(line(2, "a")),
            deleted(line(3, "a")),
            created(line(12, "a")),
            created(line(13, "a")),
        ]
    );
}

/// The rows of the table that the predicate chooses, and those that the events have made, by their keys.
async fn assert_same(
    pipeline: &Pipeline,
    table: &TableDesc,
    replay: &mut Replay<Task>,
    context: &str,
) {
    pipeline.drain_if_it_can().await;
    for event in pipeline.take_events::<Task>() {
        replay.apply(&event);
    }
    let chosen = table.when().unwrap_or("true");
    let query = format!("SELECT stage, id, text FROM tasks WHERE {chosen} ORDER BY 1, 2");
    let rows: Vec<Task> = pipeline
        .session()
        .await
        .query(&query, &[])
        .await
        .expect("the table is there")
        .iter()
        .map(|row| task(row.get(0), row.get(1), row.get(2)))
        .collect();
    assert_eq!(replay.rows(), rows, "{context}");
}

fn replay() -> Replay<Task> {
    Replay::new(|row: &Task| row.stage * 1_000_000 + row.id)
}

/// A drain finds the pairs.
const QUEUED: TableDesc = Task::TABLE
    .with_delivery(Delivery::Outbox)
    .with_on_failure(OnFailure::Warn);

async fn any_mix_of_moves_leads_to_the_rows_of_the_table(level: Level) {
    follow_moves(&Task::TABLE.with_level(level)).await;
}

/// Nothing of it is in the new transition table, so that all that waits is an old image.
#[tokio::test]
async fn a_statement_that_only_drops_a_row_deletes_it_from_a_queue_too() {
    let pipeline = Pipeline::installed(TASKS, &[&QUEUED]).await;
    pipeline.run(ROWS).await;
    pipeline.drain().await;
    drop(pipeline.take_calls());
    pipeline
        .run("UPDATE tasks SET stage = 9 WHERE id = 3")
        .await;
    let pending: i64 = pipeline
        .session()
        .await
        .query_one("SELECT pending FROM aurora_trigger.status", &[])
        .await
        .expect("the view is there")
        .get(0);
    assert_eq!(pending, 1);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events(), [deleted(task(1, 3, "a"))]);
}

#[tokio::test]
async fn any_mix_of_moves_leads_to_them_from_a_queue() {
    follow_moves(&QUEUED).await;
}

#[tokio::test]
async fn any_mix_of_moves_leads_to_them_from_a_queue_of_the_rows_trigger() {
    follow_moves(&QUEUED.with_level(Level::Row)).await;
}

/// Of the rows that a statement moves, some enter the subset and some leave it.
#[tokio::test]
async fn any_mix_of_moves_leads_to_the_rows_of_a_subset() {
    for table in [Task::TABLE, QUEUED, QUEUED.with_level(Level::Row)] {
        follow_moves(&table.with_when("text < '8'")).await;
    }
}

async fn follow_moves(table: &TableDesc) {
    let pipeline = Pipeline::installed(TASKS, &[table]).await;
    let mut replay = replay();
    for round in 0..8 {
        pipeline
            .run(&format!(
                "SELECT setseed({}); DELETE FROM tasks WHERE stage = 2;
                 INSERT INTO tasks SELECT 1, {round} * 100 + n, 'new' FROM generate_series(1, 30) AS n",
                f64::from(round) / 8.0
            ))
            .await;
        assert_same(&pipeline, table, &mut replay, "new rows").await;
        for statement in [
            // Some arrive, some are dropped, some stay, some are as they were.
            "UPDATE tasks SET stage = (ARRAY[1, 1, 2, 9])[1 + floor(random() * 4)],
                 text = CASE WHEN random() < 0.5 THEN text ELSE md5(random()::text) END",
            // Another key, too. From the highest on, so that each finds its new key free.
            "UPDATE tasks SET stage = (ARRAY[2, 2, 9])[1 + floor(random() * 3)], id = id + 50000
             WHERE stage = 1 AND id % 3 = 0",
        ] {
            pipeline.run(statement).await;
            assert_same(&pipeline, table, &mut replay, statement).await;
        }
    }
}

/// Both actions of one DELETE or UPDATE share the transition tables, so a row can be in them twice.
async fn foreign_key_actions_that_drop_rows_lead_to_the_rows_of_the_table(level: Level) {
    follow_foreign_keys(&Task::TABLE.with_level(level)).await;
}

#[tokio::test]
async fn foreign_key_actions_that_drop_rows_lead_to_them_from_a_queue() {
    follow_foreign_keys(&QUEUED).await;
}

#[tokio::test]
async fn foreign_key_actions_that_drop_rows_lead_to_them_from_a_queue_of_the_rows_trigger() {
    follow_foreign_keys(&QUEUED.with_level(Level::Row)).await;
}

/// A row that is in the transition tables twice enters the subset and leaves it again.
#[tokio::test]
async fn foreign_key_actions_that_drop_rows_lead_to_the_rows_of_a_subset() {
    for when in [
        "length(text) <> 1",
        "length(text) <> 2",
        "length(text) <> 3",
    ] {
        for table in [Task::TABLE, QUEUED, QUEUED.with_level(Level::Row)] {
            follow_foreign_keys(&table.with_when(when)).await;
            // Then each event tells which images were paired.
            let table = table.with_unchanged(Unchanged::Emit);
            follow_foreign_keys(&table.with_when(when)).await;
        }
    }
}

async fn follow_foreign_keys(table: &TableDesc) {
    let pipeline = Pipeline::installed(
        &format!(
            "{TASKS}
             CREATE TABLE stages (stage integer PRIMARY KEY);
             ALTER TABLE tasks ADD FOREIGN KEY (stage) REFERENCES stages ON UPDATE CASCADE,
                 ADD COLUMN first integer REFERENCES stages ON UPDATE SET NULL,
                 ADD COLUMN second integer REFERENCES stages ON UPDATE SET NULL;
             CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql
                 AS 'BEGIN NEW.text := NEW.text || ''+''; RETURN NEW; END';
             CREATE TRIGGER counts BEFORE UPDATE ON tasks_1 FOR EACH ROW EXECUTE PROCEDURE count_up();
             CREATE TRIGGER counts BEFORE UPDATE ON tasks_2 FOR EACH ROW EXECUTE PROCEDURE count_up();
             INSERT INTO stages VALUES (1), (2);",
        ),
        &[table],
    )
    .await;
    let mut replay = replay();
    pipeline
        .run(
            "INSERT INTO tasks
             SELECT 1 + n % 2, n, 'a', 1 + n / 2 % 2, 1 + n / 4 % 2 FROM generate_series(1, 64) AS n",
        )
        .await;
    assert_same(&pipeline, table, &mut replay, "new rows").await;
    let update = "UPDATE stages SET stage = 9 WHERE stage = 2";
    pipeline.run(update).await;
    assert_same(&pipeline, table, &mut replay, update).await;
}
