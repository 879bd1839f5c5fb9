//! Compares the stream with what the application knows to be true.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aurora_trigger_gen::wire::Sequence;

use crate::observed::{Books, Fact, Seen};
use crate::shop::SHARDS;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Changes that were committed.
    pub(crate) committed: usize,
    /// Committed, and not in the stream.
    pub(crate) lost: usize,
    /// In the stream, and never committed.
    pub(crate) untrue: usize,
    /// Events of a key that come after a later one, by their number or by the row's version.
    pub(crate) disordered: usize,
    /// Events whose row before is not that after the event before them.
    pub(crate) broken: usize,
    /// Records of an event that is there already, beyond the one in each shard that a TRUNCATE has.
    pub(crate) duplicates: usize,
    /// Rows in which a copy differs that takes of each key the newest.
    pub(crate) differing: usize,
}

/// The records in the order of their arrival: a TRUNCATE, which is in each shard, is where it is first.
///
/// Order and chain are those of first occurrences, and of events that were true: one that never was is counted as that.
pub(crate) fn check(records: impl IntoIterator<Item = Seen>, books: &Books) -> Counts {
    let mut open: HashMap<&Fact, usize> = HashMap::new();
    for fact in &books.history {
        *open.entry(fact).or_default() += 1;
    }
    let mut counts = Counts {
        committed: books.history.len(),
        ..Counts::default()
    };
    let mut copies: HashMap<String, usize> = HashMap::new();
    let mut events = Vec::new();
    for seen in records {
        let number = copies.entry(seen.id.clone()).or_default();
        *number += 1;
        if *number > 1 {
            let one_each = if seen.key.is_some() { 1 } else { SHARDS };
            counts.duplicates += usize::from(*number > one_each);
            continue;
        }
        match open.get_mut(&seen.fact) {
            Some(facts) if *facts > 0 => {
                *facts -= 1;
                events.push(seen);
            }
            _ => counts.untrue += 1,
        }
    }
    counts.lost = open.values().sum();
    follow(&events, &mut counts);
    counts.differing = copy(&mut events)
        .symmetric_difference(&books.rows.iter().cloned().collect())
        .count();
    counts
}

/// The last that was seen of a key.
#[derive(Default)]
struct Last<'a> {
    sequence: Option<Sequence>,
    version: i64,
    image: Option<&'a str>,
}

fn follow(events: &[Seen], counts: &mut Counts) {
    let mut rows: HashMap<(&str, &str), Last<'_>> = HashMap::new();
    for Seen {
        fact,
        key,
        sequence,
        version,
        ..
    } in events
    {
        let Some(key) = key else {
            for ((table, _), last) in &mut rows {
                if *table == fact.table {
                    (last.image, last.version) = (None, 0);
                }
            }
            continue;
        };
        let last = rows.entry((&*fact.table, &**key)).or_default();
        let is_ordered = last.sequence < Some(*sequence) && last.version <= *version;
        counts.disordered += usize::from(!is_ordered);
        counts.broken += usize::from(last.image != fact.before.as_deref());
        last.sequence = last.sequence.max(Some(*sequence));
        last.image = fact.after.as_deref();
        // A row that comes back can have taken its version while it waited for the old one to go.
        last.version = if last.image.is_some() { *version } else { 0 };
    }
}

/// The rows of a consumer that passes over what is older than what it has.
fn copy(events: &mut [Seen]) -> BTreeSet<(String, String)> {
    events.sort_by_key(|event| event.sequence);
    let mut rows: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for Seen { fact, key, .. } in &*events {
        match (key, &fact.after) {
            (None, _) => rows.retain(|(table, _), _| *table != fact.table),
            (Some(key), Some(after)) => {
                rows.insert((&fact.table, key), after);
            }
            (Some(key), None) => {
                rows.remove(&(&*fact.table, &**key));
            }
        }
    }
    rows.into_iter()
        .map(|((table, _), image)| (table.to_owned(), image.to_owned()))
        .collect()
}
