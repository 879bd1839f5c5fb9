//! The protocol of the outbox, checked in every order of events, before it is written in SQL.
//!
//! The model is the protocol without SQL: each step is what one statement does that others can see. A scenario is small, and the
//! search tries every order of its steps. A second set of tests breaks one rule of the protocol each: the search has to find what
//! goes wrong, or the rule would be needless or the model blind.
//!
//! # The protocol
//!
//! A snapshot is a `txid_snapshot`: the set of transactions that had ended when it was taken.
//!
//! **Writer.** A trigger inserts a row per change into the queue of its table. Two queue tables take turns by the number of the
//! writer's transaction, so nobody has to be told of a switch. The row holds the transaction's number, an order key and the
//! image. The order key is the WAL position, read in an AFTER trigger, when the row's lock is held. It grows over all sessions,
//! and two sessions can read the same one. Where there is no WAL position it is the clock, which can step back.
//!
//! **Collector.** A part of every drain that is not inside of a writer's transaction. It locks the one row of `collector`, or
//! skips, and reads in the next statement, READ COMMITTED:
//!
//! - `done`: what is visible in this snapshot has been copied.
//! - `upto`: the snapshot of the tick that is being copied, or NULL. Taken in a statement after the lock. The collector's own
//!   top-level transaction is stored in it as one in progress.
//! - `after`: the order key up to which that tick has been copied.
//! - `last`: the last number. It can't be looked up in the outbox, which may be empty.
//!
//! A step copies rows from both queues together, in the order of the order key: those whose transaction is visible in `upto` and
//! not in `done`, behind `after`, at most N *and all that share the last one's order key*. Membership is decided by transactions
//! alone. Each row gets the number greatest(`last` + 1, order key), which is stored. With the last row of the tick `done` becomes
//! `upto`. The commit waits for the disk.
//!
//! **Truncation of a queue.** ACCESS EXCLUSIVE with NOWAIT; then, in a new statement, if `done` shows all rows of the table,
//! TRUNCATE. Never inside of a writer's transaction: the lock would stay, and an old snapshot would not show what was written since.
//!
//! **Lane.** Lock the lane's row, or skip. The next statement reads, from one snapshot, the events behind `pointer` that are not in
//! `settled`, the held ones first, the pauses, and `last`; no event that this transaction has copied itself. The relay answers for
//! each event: accepted, refused, or open. Behind a refused or an open event of a key it writes no other of that key. Whether
//! an event is refused depends on the event alone: a call can outlive its drain, and then overlaps the next one.
//! Refused events are copied to the dead letters, and the pointer moves over what is settled. Where nothing is left, it moves to
//! `last`, or a lane without events would keep the outbox from being truncated.
//!
//! **Pause.** Events of a paused table are copied to `held`, with their numbers. They go before everything behind them: as long
//! as a held event of a table is left, later ones of that table follow it to `held`.
//!
//! **Rotation of the outbox.** Two tables. The collector switches in a step that copies a row, when the current one is large
//! and the other one empty. The other one is truncated, under ACCESS EXCLUSIVE with NOWAIT, when all pointers are behind it.
//!
//! # Limits of the model
//!
//! Images and their repair, savepoints, the restore of a dump, replicas that lose commits, a change of the number of lanes, and
//! lanes under REPEATABLE READ. Keys are keys of rows: a row's lock is what orders the transactions of one key.

mod broken;
mod holds;
mod invariant;
mod rules;
mod scenario;
mod search;
mod state;
mod step;
