//! The order of one row's events in one transaction. A trigger or a foreign key that writes the row again fires before
//! the statement that caused it, so its events come first; each image is right, the order is not.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use aurora_trigger_gen::wire::BatchSource;
use serde_json::value::RawValue;

use super::event::{Accepted, Source};

/// Puts the events of each row and transaction into an order in which every image before is the image after of the event
/// before it, where they are not and where there is one, and exchanges their positions accordingly.
///
/// Images are compared as JSON text. An event without images can't be placed: its row is left as it is. None is moved
/// across a TRUNCATE of its table, which ends every chain.
///
/// `refused`: the sources of events that are not here. What is left of a row could be another chain than that of all, so
/// the rows of such a table and transaction are left as they are. Which row an event was of is not asked: one that is
/// refused may not even say that.
pub(super) fn restore(
    sources: &[Source<'_>],
    refused: &[&BatchSource<'_>],
    events: &mut [Accepted<'_>],
) {
    for (row, places) in rows(sources, refused, events).into_iter().enumerate() {
        let links: Option<Vec<Link<'_>>> =
            places.iter().map(|&place| link(&events[place])).collect();
        if let Some(order) = links.and_then(|links| chained(&links)) {
            reorder(events, &places, &order);
            for place in places {
                events[place].restored = Some(row);
            }
        }
    }
}

/// The places of the events of each row that one transaction changed more than once. A row that comes back after a
/// TRUNCATE of its table is another one.
fn rows(
    sources: &[Source<'_>],
    refused: &[&BatchSource<'_>],
    events: &[Accepted<'_>],
) -> Vec<Vec<usize>> {
    let tables = tables(sources, refused);
    let mut truncated = vec![0_usize; sources.len()];
    let mut first = HashMap::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let Some(table) = tables[event.source] else {
            continue;
        };
        let Some(key) = event.key.as_deref() else {
            truncated[table] += 1;
            continue;
        };
        if !sources[event.source].table.has_key {
            continue;
        }
        match first.entry((table, truncated[table], key)) {
            Entry::Vacant(entry) => {
                entry.insert((place, None));
            }
            Entry::Occupied(mut entry) => {
                let (first, row) = *entry.get();
                let row = row.unwrap_or_else(|| {
                    rows.push(vec![first]);
                    rows.len() - 1
                });
                rows[row].push(place);
                entry.insert((first, Some(row)));
            }
        }
    }
    rows
}

/// For each source a number that all of its table and transaction share; `None`: an event of these was refused.
fn tables(sources: &[Source<'_>], refused: &[&BatchSource<'_>]) -> Vec<Option<usize>> {
    let refused: HashSet<_> = refused.iter().map(|wire| of_transaction(wire)).collect();
    let mut tables = HashMap::new();
    sources
        .iter()
        .map(|Source { wire, .. }| {
            let next = tables.len();
            let table = of_transaction(wire);
            (!refused.contains(&table)).then(|| *tables.entry(table).or_insert(next))
        })
        .collect()
}

/// Table and transaction.
fn of_transaction<'a>(wire: &'a BatchSource<'_>) -> (&'a str, i64, u64, &'a str, &'a str) {
    (&wire.db, wire.epoch, wire.tx_id, &wire.schema, &wire.table)
}

/// What an event leads from and to; `None`: there is no row.
#[derive(Debug, Clone, Copy)]
struct Link<'a> {
    before: Option<&'a str>,
    after: Option<&'a str>,
}

fn link<'a>(event: &Accepted<'a>) -> Option<Link<'a>> {
    (!event.event.oversized).then(|| Link {
        before: event.event.before.map(RawValue::get),
        after: event.event.after.map(RawValue::get),
    })
}

/// An order in which the links are a chain; `None` if they are one already, or make none.
///
/// A chain is a path that takes every edge of the graph of images once: Hierholzer's algorithm, which takes the edges of
/// an image in the order in which they came.
fn chained(links: &[Link<'_>]) -> Option<Vec<usize>> {
    if links.windows(2).all(|pair| pair[0].after == pair[1].before) {
        return None;
    }
    let mut images = HashMap::new();
    let mut leaving: Vec<Vec<usize>> = Vec::new();
    let mut arriving: Vec<usize> = Vec::new();
    let mut node = |image, leaving: &mut Vec<Vec<usize>>, arriving: &mut Vec<usize>| {
        *images.entry(image).or_insert_with(|| {
            leaving.push(Vec::new());
            arriving.push(0);
            leaving.len() - 1
        })
    };
    let mut ends = Vec::with_capacity(links.len());
    for (index, link) in links.iter().enumerate() {
        let from = node(link.before, &mut leaving, &mut arriving);
        let to = node(link.after, &mut leaving, &mut arriving);
        leaving[from].push(index);
        arriving[to] += 1;
        ends.push((from, to));
    }
    // More leave than arrive where it starts; if none is so, it is a circle. One that came with a deletion last leaves no
    // row, and so found none; any other starts where the first one does.
    let mut starts = (0..leaving.len()).filter(|&image| leaving[image].len() > arriving[image]);
    let start = starts
        .next()
        .unwrap_or_else(|| match links.iter().zip(&ends).next_back() {
            Some((Link { after: None, .. }, &(_, no_row))) => no_row,
            _ => ends[0].0,
        });
    for edges in &mut leaving {
        edges.reverse();
    }
    let mut path = Vec::with_capacity(links.len());
    let mut stack = vec![(start, None)];
    while let Some(&(image, edge)) = stack.last() {
        match leaving[image].pop() {
            Some(next) => stack.push((ends[next].1, Some(next))),
            None => {
                path.extend(edge);
                stack.pop();
            }
        }
    }
    path.reverse();
    let is_chain = path.len() == links.len()
        && path
            .windows(2)
            .all(|pair| links[pair[0]].after == links[pair[1]].before);
    is_chain.then_some(path)
}

/// Puts the events at these places into this order; the lowest position goes to the first.
fn reorder(events: &mut [Accepted<'_>], places: &[usize], order: &[usize]) {
    let mut positions: Vec<u64> = places.iter().map(|&place| events[place].position).collect();
    positions.sort_unstable();
    let moved: Vec<_> = order
        .iter()
        .map(|&index| {
            let event = &events[places[index]];
            (event.source, event.event)
        })
        .collect();
    for ((&place, (source, event)), position) in places.iter().zip(moved).zip(positions) {
        // The key and what follows from it are the same for all of them.
        events[place].source = source;
        events[place].event = event;
        events[place].position = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(links: &[(&'static str, &'static str)]) -> Option<Vec<usize>> {
        let image = |text: &'static str| (!text.is_empty()).then_some(text);
        let links: Vec<Link<'_>> = links
            .iter()
            .map(|&(before, after)| Link {
                before: image(before),
                after: image(after),
            })
            .collect();
        chained(&links)
    }

    #[test]
    fn what_is_a_chain_stays() {
        assert_eq!(order(&[("a", "b")]), None);
        assert_eq!(order(&[("", "a"), ("a", "b"), ("b", "a"), ("a", "")]), None);
    }

    #[test]
    fn a_nested_write_comes_after_the_one_that_caused_it() {
        assert_eq!(order(&[("b", "c"), ("a", "b")]), Some(vec![1, 0]));
        assert_eq!(
            order(&[("b", ""), ("", "c"), ("a", "b")]),
            Some(vec![2, 0, 1])
        );
        assert_eq!(order(&[("a", "b"), ("", "a")]), Some(vec![1, 0]));
        // A row that comes back to an image that it had.
        assert_eq!(
            order(&[("b", "a"), ("a", "b"), ("a", "c")]),
            Some(vec![1, 0, 2])
        );
    }

    #[test]
    fn a_circle_starts_with_the_first() {
        assert_eq!(
            order(&[("a", "b"), ("c", "a"), ("b", "c")]),
            Some(vec![0, 2, 1])
        );
    }

    #[test]
    fn a_circle_of_a_row_that_is_gone_starts_with_its_creation() {
        assert_eq!(
            order(&[("a", "b"), ("", "a"), ("b", "")]),
            Some(vec![1, 0, 2])
        );
        assert_eq!(
            order(&[("a", ""), ("b", "a"), ("", "b")]),
            Some(vec![0, 2, 1])
        );
    }

    #[test]
    fn what_makes_no_chain_stays() {
        assert_eq!(order(&[("a", "b"), ("c", "d")]), None);
        assert_eq!(order(&[("a", "b"), ("a", "c")]), None);
        assert_eq!(order(&[("a", "b"), ("c", "d"), ("d", "c")]), None);
    }

    #[test]
    fn a_long_shuffled_chain_is_found() {
        let images: Vec<String> = (0..=10_000).map(|number| number.to_string()).collect();
        // By a step that shares no factor with their number, every one is taken once.
        let shuffled: Vec<usize> = (0..10_000).map(|index| index * 7_919 % 10_000).collect();
        let links: Vec<Link<'_>> = shuffled
            .iter()
            .map(|&index| Link {
                before: Some(&images[index]),
                after: Some(&images[index + 1]),
            })
            .collect();
        let order = chained(&links).expect("they are shuffled");
        let found: Vec<usize> = order.iter().map(|&place| shuffled[place]).collect();
        assert!(found.is_sorted());
    }
}
