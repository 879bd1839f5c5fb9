//! What whoever reads the two wire formats relies on: their texts, what is refused and how it is said, and that another
//! contract has another fingerprint.
#![allow(
    missing_docs,
    reason = "the types here are read by the macros and the tests only"
)]

mod decoding;
mod fingerprint;
mod payload;
mod record;
mod samples;
