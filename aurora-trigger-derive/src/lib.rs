//! The derive macros of aurora-trigger: use them by `aurora-trigger-gen`, which re-exports them beside their traits.
//!
//! They go one way, a file for each stage: tokens, attributes (`attr`, and serde's by `serde_side`), a checked model
//! (`table`, `pg_type`, `stream`; `valid_…` hold the rules), and the impl (`expand_…`, or `fallback` after a mistake).

mod attr;
mod column;
mod column_type;
mod expand;
mod expand_bounds;
mod expand_key;
mod expand_stream;
mod expand_table;
mod expand_type;
mod fallback;
mod grammar;
mod messages;
mod mistakes;
mod options;
mod parameters;
mod pg_type;
mod serde_side;
mod sql_name;
mod stream;
mod table;
mod valid_column;
mod valid_table;
mod valid_type;

use proc_macro::TokenStream;
use serde_derive_internals::replace_receiver;
use syn::{DeriveInput, parse_macro_input};

/// Why nothing is expanded but a stand-in.
enum Failure {
    /// These mistakes.
    Mistakes(syn::Error),
    /// Mistakes in `#[serde(…)]`, which serde's own derive reports.
    SerdeReportsIt,
}

impl From<syn::Error> for Failure {
    fn from(error: syn::Error) -> Self {
        Self::Mistakes(error)
    }
}

#[doc = include_str!("docs/stream_trigger.md")]
#[proc_macro_derive(StreamTrigger, attributes(stream))]
pub fn derive_stream_trigger(input: TokenStream) -> TokenStream {
    let mut input = parse_macro_input!(input as DeriveInput);
    // `Self` in a field's type means nothing outside of the impl, where the assertions stand.
    replace_receiver(&mut input);
    match table::Table::from_input(&input) {
        Ok(checked) => expand_table::expand(&checked),
        Err(failure) => fallback::table(&input, &failure),
    }
    .into()
}

#[doc = include_str!("docs/pg_type.md")]
#[proc_macro_derive(PgType, attributes(stream))]
pub fn derive_pg_type(input: TokenStream) -> TokenStream {
    let mut input = parse_macro_input!(input as DeriveInput);
    replace_receiver(&mut input);
    match pg_type::PgType::from_input(&input) {
        Ok(checked) => expand_type::expand(&checked),
        Err(failure) => fallback::pg_type(&input, &failure),
    }
    .into()
}

#[doc = include_str!("docs/change_stream.md")]
#[proc_macro_derive(ChangeStream, attributes(stream))]
pub fn derive_change_stream(input: TokenStream) -> TokenStream {
    let mut input = parse_macro_input!(input as DeriveInput);
    replace_receiver(&mut input);
    match stream::Stream::from_input(&input) {
        Ok(checked) => expand_stream::expand(&checked),
        Err(failure) => fallback::stream(&input, &failure),
    }
    .into()
}
