//! The relay.

#[cfg(feature = "local")]
pub mod local;
