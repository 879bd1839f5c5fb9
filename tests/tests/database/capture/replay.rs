//! A consumer that keeps a copy of the table.

use std::collections::BTreeMap;
use std::fmt::Debug;

use aurora_trigger_gen::ChangeEvent;

/// The rows that the events so far have made, by their keys.
#[derive(Debug)]
pub(crate) struct Replay<T> {
    key: fn(&T) -> i32,
    rows: BTreeMap<i32, T>,
}

impl<T: Clone + PartialEq + Debug> Replay<T> {
    pub(crate) fn new(key: fn(&T) -> i32) -> Self {
        Self {
            key,
            rows: BTreeMap::new(),
        }
    }

    /// Takes the next event, which must go on from the row as it is known.
    pub(crate) fn apply(&mut self, event: &ChangeEvent<T>) {
        match event {
            ChangeEvent::Created(after) => {
                let known = self.rows.insert((self.key)(after), (**after).clone());
                assert_eq!(known, None, "{event:?} is of a row that is there");
            }
            ChangeEvent::Updated { before, after } => {
                assert_eq!((self.key)(before), (self.key)(after), "{event:?}");
                let known = self.rows.insert((self.key)(after), (**after).clone());
                assert_eq!(known.as_ref(), Some(&**before), "{event:?}");
            }
            ChangeEvent::Deleted(before) => {
                let known = self.rows.remove(&(self.key)(before));
                assert_eq!(known.as_ref(), Some(&**before), "{event:?}");
            }
            ChangeEvent::Read(_) | ChangeEvent::Truncated | ChangeEvent::Oversized { .. } => {
                panic!("nothing here makes {event:?}")
            }
        }
    }

    /// The rows in the order of their keys.
    pub(crate) fn rows(&self) -> Vec<T> {
        self.rows.values().cloned().collect()
    }
}
