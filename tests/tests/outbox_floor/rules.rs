//! Each rule of the protocol is needed: a scenario that breaks it leads to the violation that is named here.

use crate::holds::{FAULTS, ONE_KEY, PAUSES, REDRIVES, TWO_DRAINS};
use crate::scenario::Scenario;
use crate::search::{Violation, search};

macro_rules! rules {
    ($($(#[$doc:meta])+ $rule:ident, $test:ident: $scenario:ident, $violation:ident;)+) => {
        /// A rule that a scenario breaks. Each name says what is done in place of the rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($(#[$doc])+ $rule,)+
        }

        $(
            #[test]
            fn $test() {
                breaks($scenario, Rule::$rule, Violation::$violation);
            }
        )+
    };
}

rules! {
    /// The floor goes up to `durable_position`, not to `listed_position`.
    FloorToDurablePosition, floor_to_durable_position: ONE_KEY, Lost;
    /// The floor goes up to `position_now`.
    FloorToPositionNow, floor_to_position_now: ONE_KEY, Lost;
    /// `first_position` is read after the drain's transaction got its number.
    FirstPositionAfterNumber, first_position_after_number: ONE_KEY, Lost;
    /// `listed_position` becomes the `first_position` of the same drain, not the `last_position` of an earlier one.
    ListedByOwnPosition, listed_by_own_position: ONE_KEY, Lost;
    /// `durable_position` becomes `first_position`: a drain that locked the lane before may have read a later one.
    DurableByFirstPosition, durable_by_first_position: TWO_DRAINS, Lost;
    /// `floor_snapshot` becomes `durable_now`, not the snapshot that the events were chosen by.
    FloorSnapshotIsNewer, floor_snapshot_is_newer: ONE_KEY, Lost;
    /// The floor is not lowered for transactions that were open.
    OpenIgnored, open_ignored: ONE_KEY, Lost;
    /// The floor moves over events that are ready, and more than the call takes.
    FloorPastCall, floor_past_call: ONE_KEY, Lost;
    /// The floor moves over events whose call has failed.
    FloorPastFailedCall, floor_past_failed_call: FAULTS, Lost;
    /// A statement finds the floor, and another one chooses: where a table is resumed in between, its second event goes first.
    FloorBeforeChoice, floor_before_choice: PAUSES, OutOfOrder;
    /// The version is read after the events are chosen.
    VersionAfterChoice, version_after_choice: PAUSES, Lost;
    /// The floor holds whatever its version is.
    VersionNotCompared, version_not_compared: PAUSES, Lost;
    /// A table is resumed under the old version.
    ResumeKeepsVersion, resume_keeps_version: PAUSES, Lost;
    /// A dead letter comes back under the old version.
    RedriveKeepsVersion, redrive_keeps_version: REDRIVES, Lost;
}

fn breaks(scenario: Scenario, rule: Rule, violation: Violation) {
    let broken = Some(rule);
    let Err(found) = search(&Scenario { broken, ..scenario }) else {
        panic!("{rule:?}: nothing goes wrong")
    };
    eprintln!("BREAKS {rule:?}: {found}");
    assert_eq!(found.violation, violation, "{rule:?}: {found}");
}
