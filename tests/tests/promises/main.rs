//! What the modes of delivery promise, whatever fails: the triggers in a real PostgreSQL, the real relay, and between
//! them and the stream the faults that an operator will meet.
//!
//! Each test lets an application write, which keeps its own books in the same transactions, and then compares the
//! stream with them: what is lost, what is there and never was true, what is out of order. [`promise`] says how much of
//! each a mode allows, [`matrix`] which faults are tried with which modes.

mod backlog;
mod cell;
mod checker;
mod clock;
mod drains;
mod dump;
mod faults;
mod long_run;
mod matrix;
mod mode;
mod observed;
mod promise;
mod scale;
mod shop;
mod statements;
mod workload;
