//! The row types.
