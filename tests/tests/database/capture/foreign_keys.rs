//! What foreign keys do to rows on their own.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::replay::Replay;
use crate::capture::{created, deleted, updated};

at_both_levels!(
    a_row_that_two_parents_let_go_of_can_be_followed,
    a_cascade_deletes_each_child_once,
    a_tree_is_deleted_node_by_node,
    a_changed_parent_key_updates_its_children,
    a_child_that_is_changed_and_deleted_at_once_has_true_images,
);

/// A person.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.people", delivery = "async", on_failure = "abort")]
struct Person {
    #[stream(key)]
    id: i32,
}

/// What people write.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", on_failure = "abort")]
struct Note {
    #[stream(key)]
    id: i32,
    created_by: Option<i32>,
    updated_by: Option<i32>,
}

#[derive(Debug, ChangeStream)]
enum Notebook {
    Person(Change<Person>),
    Note(Change<Note>),
}

fn note(id: i32, created_by: impl Into<Option<i32>>, updated_by: impl Into<Option<i32>>) -> Note {
    Note {
        id,
        created_by: created_by.into(),
        updated_by: updated_by.into(),
    }
}

/// Two people, and notes that name them, whose actions are given.
async fn notebook(level: Level, created_by: &str, updated_by: &str) -> Pipeline {
    Pipeline::with_tables::<Notebook>(
        level,
        &format!(
            "CREATE TABLE people (id integer PRIMARY KEY);
             CREATE TABLE notes (
                 id integer PRIMARY KEY,
                 created_by integer REFERENCES people {created_by},
                 updated_by integer REFERENCES people {updated_by}
             );
             INSERT INTO people VALUES (1), (2)"
        ),
    )
    .await
}

/// The events by their tables.
fn split(changes: Vec<Notebook>) -> (Vec<ChangeEvent<Person>>, Vec<ChangeEvent<Note>>) {
    let (mut people, mut notes) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Notebook::Person(change) => people.push(change.event),
            Notebook::Note(change) => notes.push(change.event),
        }
    }
    (people, notes)
}

/// Each row is changed twice by one statement: paired by their keys, its images would be mixed up.
async fn a_row_that_two_parents_let_go_of_can_be_followed(level: Level) {
    let set_null = "ON DELETE SET NULL";
    let pipeline = notebook(level, set_null, set_null).await;
    pipeline
        .run("INSERT INTO notes SELECT n, 1 + n % 2, 2 - n % 3 % 2 FROM generate_series(1, 1000) AS n")
        .await;
    let (_, notes) = split(pipeline.take_changes());
    assert_eq!(notes.len(), 1000);
    let mut replay = Replay::new(|note: &Note| note.id);
    notes.iter().for_each(|event| replay.apply(event));

    pipeline.run("DELETE FROM people").await;
    let (people, notes) = split(pipeline.take_changes());
    assert_eq!(
        people,
        [deleted(Person { id: 1 }), deleted(Person { id: 2 })]
    );
    assert_eq!(notes.len(), 2000, "two parents let go of each");
    notes.iter().for_each(|event| replay.apply(event));
    let expected: Vec<Note> = (1..=1000).map(|id| note(id, None, None)).collect();
    assert_eq!(replay.rows(), expected);
}

async fn a_cascade_deletes_each_child_once(level: Level) {
    let cascade = "ON DELETE CASCADE";
    let pipeline = notebook(level, cascade, cascade).await;
    pipeline
        .run("INSERT INTO notes VALUES (1, 1, 1), (2, 1, 2), (3, NULL, 2), (4, NULL, NULL)")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("DELETE FROM people").await;
    let (people, mut notes) = split(pipeline.take_changes());
    assert_eq!(
        people,
        [deleted(Person { id: 1 }), deleted(Person { id: 2 })]
    );
    // Which of its parents a child follows is not promised.
    notes.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        notes,
        [
            deleted(note(1, 1, 1)),
            deleted(note(2, 1, 2)),
            deleted(note(3, None, 2)),
        ]
    );
}

/// A part of a part.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.nodes", delivery = "async", on_failure = "abort")]
struct Node {
    #[stream(key)]
    id: i32,
    parent: Option<i32>,
}

async fn a_tree_is_deleted_node_by_node(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Node>>(
        level,
        "CREATE TABLE nodes (id integer PRIMARY KEY, parent integer REFERENCES nodes ON DELETE CASCADE)",
    )
    .await;
    // Three levels below the root, two children each.
    pipeline
        .run("INSERT INTO nodes SELECT n, nullif(n / 2, 0) FROM generate_series(1, 15) AS n")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("DELETE FROM nodes WHERE id = 1").await;
    let mut events: Vec<ChangeEvent<Node>> = pipeline.take_events();
    let expected: Vec<ChangeEvent<Node>> = (1..=15)
        .map(|id| {
            deleted(Node {
                id,
                parent: (id > 1).then_some(id / 2),
            })
        })
        .collect();
    events.sort_by_key(|event| match event {
        ChangeEvent::Deleted(node) => node.id,
        _ => 0,
    });
    assert_eq!(events, expected);
}

async fn a_changed_parent_key_updates_its_children(level: Level) {
    let pipeline = notebook(level, "ON UPDATE CASCADE", "ON UPDATE SET NULL").await;
    pipeline
        .run("INSERT INTO notes VALUES (1, 1, NULL), (2, 2, 1)")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("UPDATE people SET id = 9 WHERE id = 1").await;
    let (people, notes) = split(pipeline.take_changes());
    assert_eq!(
        people,
        [deleted(Person { id: 1 }), created(Person { id: 9 })]
    );
    assert_eq!(
        notes,
        [
            updated(note(1, 1, None), note(1, 9, None)),
            updated(note(2, 2, 1), note(2, 2, None)),
        ]
    );
}

/// The two can come in either order, since PostgreSQL fires inner triggers first. Each is true by itself.
async fn a_child_that_is_changed_and_deleted_at_once_has_true_images(level: Level) {
    let pipeline = notebook(level, "ON DELETE SET NULL", "ON DELETE CASCADE").await;
    pipeline.run("INSERT INTO notes VALUES (1, 1, 1)").await;
    drop(pipeline.take_calls());
    pipeline.run("DELETE FROM people WHERE id = 1").await;
    let (people, mut notes) = split(pipeline.take_changes());
    assert_eq!(people, [deleted(Person { id: 1 })]);
    notes.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        notes,
        [
            deleted(note(1, None, 1)),
            updated(note(1, 1, 1), note(1, None, 1)),
        ]
    );
}
