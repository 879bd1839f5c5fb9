//! Writes bounds on the fields of generic structs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Path};

use crate::column::Column;

/// `Type: DeserializeOwned` for the fields whose type is asked whether it is an `Option`.
pub(crate) fn asked(krate: &Path, generics: &Generics, columns: &[Column<'_>]) -> Vec<TokenStream> {
    columns
        .iter()
        .filter(|column| column.ty.asked(&column.reader(generics)).is_some())
        .map(|column| {
            let ty = &column.field.ty;
            quote!(#ty: #krate::private::DeserializeOwned)
        })
        .collect()
}
