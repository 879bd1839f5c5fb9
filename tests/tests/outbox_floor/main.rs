//! The floor of a lane of the outbox, checked in every order of steps.
//!
//! The model is the drain of one lane without SQL: each step is what one statement does that others can see. A scenario is
//! small, and the search tries every order of its steps. A second set of tests breaks one rule of the protocol each: the search
//! has to find what goes wrong, or the rule would be needless or the model blind.
//!
//! # The protocol
//!
//! A snapshot is a `txid_snapshot`. Its `xmax` is one past the highest number of a transaction that had ended. It shows those
//! that had committed, and it lists those that were open below `xmax`. It does not list those that were open above.
//!
//! **Writer.** Its transaction gets a number with its first write, before any position. For each event it locks the row, takes
//! a position from a sequence, which no rollback takes back, and inserts the event into the outbox. The locks are held until it
//! ends.
//!
//! **Drain.** Each statement READ COMMITTED:
//!
//! - `first_position`: the last position of the sequence, before the drain's transaction has a number.
//! - It gets a number when it locks a lane's row, of this lane or of another one before. Who was given a position up to
//!   `first_position` has a lower number. No other drain is at this lane until it has ended.
//! - `position_now`: the last position again, behind the lock.
//! - `durable_now`: a snapshot. The drain that stored the lane's `last_position` has ended, so `xmax` is above its number: who
//!   was given a position up to `last_position` has ended or is in the list.
//! - `version_now`: the `floor_version` of the settings.
//! - The choice. The lane's floor is 0 if its `floor_version` is not that of the settings. Else it is `floor`, or what is
//!   before the first row of a transaction in the list of `floor_snapshot` that `durable` shows. The *same* statement chooses
//!   the events behind it, up to `durable_position`, that `durable` shows, of tables that are not paused: the first N.
//! - The call. The relay writes the events into the stream.
//! - The drain deletes the events that were sent. In the lane's row `durable` becomes `durable_now`, `durable_position` becomes
//!   `position_now`, `listed_position` becomes `last_position`, `last_position` becomes `first_position`, and `floor_version`
//!   becomes `version_now`. Where the call succeeded or nothing was chosen, `floor` becomes the `listed_position` from before,
//!   or the last chosen event if more were ready and it is before that, and `floor_snapshot` becomes the `durable` from before.
//!   Where the call failed, `floor` becomes what it was found to be, and `floor_snapshot` stays. A drain that chose nothing may
//!   leave the row as it is.
//!
//! **Operators.** To pause a table changes no floor. Who resumes it, or puts a dead letter back at its old position and with
//! its old transaction, raises `floor_version` in the same transaction.
//!
//! # Limits of the model
//!
//! One lane, so no TRUNCATE, whose lane looks at the floors of all others. A writer's lock, position and insert are one step,
//! since nobody sees the row before the commit; a call and the drain's commit are one, since others take part in neither. Where
//! no operator acts, all of a drain from its snapshot on is one step: nobody changes what it reads, or reads what it writes. No
//! other transactions raise `xmax`: they would only make lists longer. Also left out: drains in a transaction that has a number
//! already, events that the relay refuses or leaves open, choices that fail, and crashes of the server.

mod holds;
mod rules;
mod scenario;
mod search;
mod state;
mod step;
