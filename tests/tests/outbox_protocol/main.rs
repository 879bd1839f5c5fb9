//! The protocol of the outbox, checked in every order of events.
//!
//! The model is the protocol without SQL: each step is what one statement does that others can see. A scenario is small, and the
//! search tries every order of its steps. A second set of tests breaks one rule of the protocol each: the search has to find what
//! goes wrong, or the rule would be needless or the model blind. Rules that turn out to be spare have a test that says so.
//!
//! # The protocol
//!
//! A snapshot is a `txid_snapshot`: the set of transactions that had ended when it was taken.
//!
//! **Writer.** A trigger inserts a row per change into the queue, the table `outbox`. The queue has two tables, which take turns
//! by the number of the writer's transaction, so nobody has to be told of a switch. The row holds the transaction's number, an
//! order key and the image. The order key is the WAL position, read in an AFTER trigger, when the row's lock is held. Where a key
//! is changed by two transactions, the second one waits for the row's lock, and reads a later position. Changes of different keys
//! can have one position. Where there is no WAL position the clock decides, which can step back.
//!
//! **Drain.** One transaction, READ COMMITTED. It calls the relay for one lane at most, then it collects, then it truncates.
//! Where its transaction has written events it only calls: it would keep the locks of the other parts. It commits to the disk,
//! whatever the session's `synchronous_commit` is.
//!
//! **Collector.** It locks the one row of `collector`, or skips, and reads the version that it has locked:
//!
//! - `done`: what is visible in this snapshot is collected.
//! - The goal of several collections, or none. A new one is the snapshot of a statement behind the lock. The collector's own
//!   transaction counts as open in it, since it may write events later.
//! - `upto`: the snapshot of a collection that has more steps to go, or NULL. A new one is the goal, without the transactions that
//!   are left to later collections.
//! - `next_hash`: where the next step of that collection begins; in the model, a key.
//!
//! The window of a collection is all rows whose transaction is visible in `upto` and not in `done`. Membership is decided by
//! transactions alone, so it is the same for each later statement. Many transactions are taken in several collections, in the
//! order of their last order keys: of two that have changed one key, the second one has waited for the first one's end. A
//! transaction is taken whole. A short collection takes its window at once. A long one takes steps, each with the keys of a range:
//! all events of a key in the window are together. The last step sets `done` to `upto`.
//!
//! A step reads both queue tables together, and puts the rows in the order of the order key, then of the clock, then of their
//! places in the table. Each event gets the next number of a sequence. Numbers are never looked up: the table of batches can be
//! empty. The events go into batches, each with the events of one lane and one captured table up to a size. A batch holds its
//! place, which is a number of the same sequence, and the transaction that has collected it.
//!
//! **Lane.** Lock the lane's row, or skip. The next statement chooses the first batches of the lane by their places, with one
//! snapshot: none of a paused table, and none that its own transaction has collected, since a rollback would take their numbers
//! back. The relay answers for each event: accepted, refused, or open. Behind a refused or an open event of a key it writes no
//! other of that key. Whether an event is refused depends on the event alone: a call can outlive its drain, and then overlaps the
//! next one. Refused events are copied to the dead letters. Open events stay in their batch, with its place. A batch without open
//! events is deleted, and no other one.
//!
//! **Pause.** A lane passes over the batches of a paused table. Nothing is moved: after the end of the pause they go before later
//! ones, by their places.
//!
//! **Truncation.** Under the collector's lock a drain locks the table, ACCESS EXCLUSIVE with NOWAIT. Then a new statement checks
//! the rows. A queue is truncated if `done` shows all of its rows, the table of batches if it has none. The table stays locked
//! until the drain's transaction ends.
//!
//! # What no rule prevents
//!
//! - A late call overtakes if the relay accepts an event that it refuses in another call.
//! - A transaction can drain first and write afterwards. If its drain has truncated a queue, a writer that waits for this queue
//!   can hold the row that the transaction waits for. PostgreSQL ends one of the two. The SQL therefore truncates only in
//!   `drain_all()`, which commits, and for who has said that each drain is a transaction of its own.
//!
//! # Limits of the model
//!
//! TRUNCATE events, events that have their number before they are collected (the table `kept`), images and their repair,
//! savepoints, the restore of a dump, replicas that lose commits, and a change of the number of lanes. Keys are keys of rows: a
//! row's lock is what orders the transactions of one key. A transaction makes one call and collects once, in the order of one
//! drain, or of two. A number that nobody has seen comes again after a rollback: a sequence would leave a gap. A table is
//! truncated at any size.

mod broken;
mod holds;
mod invariant;
mod rules;
mod scenario;
mod search;
mod state;
mod step;
