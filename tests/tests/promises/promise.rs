//! How much of what can go wrong a mode allows: the table of the README.

use crate::checker::Counts;
use crate::mode::Mode;
use crate::workload::Tally;

/// What is promised. What is not may be so all the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// Whatever was committed is in the stream.
    pub(crate) nothing_is_lost: bool,
    /// Whatever is in the stream was committed.
    pub(crate) nothing_is_untrue: bool,
    /// Of each key a later event has a higher number, and the later state of the row.
    pub(crate) keys_are_in_order: bool,
    /// Of each row an event begins with what the one before it left.
    pub(crate) chains_are_whole: bool,
    /// Who takes of each key the newest has the table.
    pub(crate) copies_are_equal: bool,
    pub(crate) no_write_fails: bool,
}

impl Mode {
    pub(crate) fn promise(self) -> Promise {
        let is_outbox = self == Self::Outbox;
        let is_sync = self == Self::Sync;
        Promise {
            nothing_is_lost: true,
            nothing_is_untrue: is_outbox || self == Self::Commit,
            keys_are_in_order: is_outbox || is_sync,
            chains_are_whole: is_outbox || is_sync,
            copies_are_equal: true,
            no_write_fails: !is_sync,
        }
    }
}

impl Promise {
    /// # Panics
    ///
    /// With all of it that is not kept.
    pub(crate) fn assert_kept(self, counts: &Counts, tally: &Tally) {
        let broken: Vec<&str> = [
            (self.nothing_is_lost, counts.lost, "nothing is lost"),
            (self.nothing_is_untrue, counts.untrue, "nothing is untrue"),
            (
                self.keys_are_in_order,
                counts.disordered,
                "keys are in order",
            ),
            (self.chains_are_whole, counts.broken, "chains are whole"),
            (self.copies_are_equal, counts.differing, "copies are equal"),
            (self.no_write_fails, tally.failed, "no write fails"),
        ]
        .into_iter()
        .filter(|(is_promised, found, _)| *is_promised && *found > 0)
        .map(|(_, _, promise)| promise)
        .collect();
        assert_eq!(broken, [""; 0], "{counts:?} {tally:?}");
        assert!(counts.committed > 0, "{tally:?}");
    }
}
