//! The parts that exhaustive models of protocols share. A search keeps each state that it has met, so states are small, and hashed
//! at little cost.

mod hasher;
mod set;

pub use hasher::{StateHash, StateHasher};
pub use set::{Items, Set};
