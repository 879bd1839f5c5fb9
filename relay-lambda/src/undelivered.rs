//! What is not in the stream when a call ends: it fails with that, or answers with it a caller that takes a part.

use std::collections::HashSet;

use crate::call_error::CallError;
use crate::record::Outgoing;

/// Not all events are in the stream, as far as is known.
#[derive(Debug)]
pub(crate) struct Undelivered {
    /// For each outgoing event whether it is.
    pub(crate) written: Vec<bool>,
    /// Why some are not.
    pub(crate) reason: String,
}

impl Undelivered {
    /// What the call fails with.
    pub(crate) fn error(self, outgoing: &[Outgoing<'_>]) -> CallError {
        let (accepted, open): (Vec<_>, Vec<_>) = outgoing
            .iter()
            .zip(self.written)
            .partition(|(_, written)| *written);
        CallError::Undelivered {
            accepted: accepted
                .iter()
                .map(|(event, _)| event.accepted().event.seq)
                .collect(),
            open: open.len(),
            reason: self.reason,
        }
    }

    /// The numbers of the events that are to be sent again.
    ///
    /// Of a chain that was put right these are all or none: a part of it would be put right in another way the next time,
    /// and then an event could have the place of one that is in the stream.
    pub(crate) fn open(&self, outgoing: &[Outgoing<'_>]) -> Vec<u64> {
        let events = || outgoing.iter().map(Outgoing::accepted).zip(&self.written);
        let chains: HashSet<usize> = events()
            .filter(|(_, written)| !**written)
            .filter_map(|(event, _)| event.restored)
            .collect();
        events()
            .filter(|(event, written)| {
                !**written || event.restored.is_some_and(|chain| chains.contains(&chain))
            })
            .map(|(event, _)| event.event.seq)
            .collect()
    }
}
