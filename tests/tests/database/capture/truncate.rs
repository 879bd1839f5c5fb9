//! TRUNCATE, where it is asked for.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::{ITEMS, Item, created};

at_both_levels!(
    a_truncated_table_makes_one_event,
    every_table_that_a_cascade_truncates_makes_one_event,
    a_truncate_that_nobody_asked_for_makes_none,
    a_truncated_table_comes_after_what_was_in_it,
);

/// An album.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.albums",
    delivery = "async",
    on_failure = "abort",
    ops = "insert, update, delete, truncate"
)]
struct Album {
    #[stream(key)]
    id: i32,
}

/// A song of it.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.songs",
    delivery = "sync",
    ops = "truncate",
    when = "id > 1"
)]
struct Song {
    #[stream(key)]
    id: i32,
}

#[derive(Debug, ChangeStream)]
enum Music {
    Album(Change<Album>),
    Song(Change<Song>),
}

async fn start(level: Level) -> Pipeline {
    Pipeline::with_tables::<Music>(
        level,
        "CREATE TABLE albums (id integer PRIMARY KEY);
         CREATE TABLE songs (id integer PRIMARY KEY, album integer REFERENCES albums)",
    )
    .await
}

async fn a_truncated_table_makes_one_event(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run("INSERT INTO songs VALUES (1), (2); TRUNCATE songs; TRUNCATE songs")
        .await;
    // Also an empty one: whether it is empty PostgreSQL does not look.
    let changes = pipeline.take_changes::<Music>();
    assert!(
        matches!(
            changes.as_slice(),
            [
                Music::Song(Change {
                    event: ChangeEvent::Truncated,
                    ..
                }),
                Music::Song(Change {
                    event: ChangeEvent::Truncated,
                    ..
                }),
            ]
        ),
        "{changes:?}"
    );
}

async fn every_table_that_a_cascade_truncates_makes_one_event(level: Level) {
    let pipeline = start(level).await;
    pipeline.run("TRUNCATE albums CASCADE").await;
    let (mut albums, mut songs) = (0, 0);
    for change in pipeline.take_changes::<Music>() {
        match change {
            Music::Album(change) => {
                assert_eq!(change.event, ChangeEvent::Truncated);
                albums += 1;
            }
            Music::Song(change) => {
                assert_eq!(change.event, ChangeEvent::Truncated);
                songs += 1;
            }
        }
    }
    assert_eq!((albums, songs), (1, 1));
    pipeline.run("TRUNCATE songs, albums").await;
    assert_eq!(pipeline.take_changes::<Music>().len(), 2);
}

async fn a_truncate_that_nobody_asked_for_makes_none(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Item>>(level, ITEMS).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 5)")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("TRUNCATE shop.items").await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

/// Its order says which rows are gone: all that came before.
async fn a_truncated_table_comes_after_what_was_in_it(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "BEGIN;
             INSERT INTO albums VALUES (1), (2);
             TRUNCATE albums CASCADE;
             INSERT INTO albums VALUES (1);
             COMMIT",
        )
        .await;
    let albums: Vec<Change<Album>> = pipeline
        .take_changes::<Music>()
        .into_iter()
        .filter_map(|change| match change {
            Music::Album(change) => Some(change),
            Music::Song(_) => None,
        })
        .collect();
    let events: Vec<&ChangeEvent<Album>> = albums.iter().map(|change| &change.event).collect();
    assert_eq!(
        events,
        [
            &created(Album { id: 1 }),
            &created(Album { id: 2 }),
            &ChangeEvent::Truncated,
            &created(Album { id: 1 }),
        ]
    );
    assert!(albums.is_sorted_by(|left, right| left.source.sequence < right.source.sequence));
}
