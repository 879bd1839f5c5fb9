//! Change data capture out of Aurora and RDS PostgreSQL, checked by the compiler.

#[cfg(feature = "emit")]
pub mod local_extension;
