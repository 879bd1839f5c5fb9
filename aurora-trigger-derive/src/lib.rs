//! The derive macros of aurora-trigger.
