//! Writes the key of a table: its type, how it is read from a record, and how it is taken from a row.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::column::Column;
use crate::expand::where_clause;
use crate::parameters::mentions_parameter;
use crate::table::Table;

/// `StreamTrigger::check_key`, for a table with key columns.
pub(crate) fn check(table: &Table<'_>) -> TokenStream {
    let krate = &table.krate;
    let columns = columns(table);
    if columns.is_empty() {
        return TokenStream::new();
    }
    let values = columns.iter().map(|column| read(table, column));
    quote! {
        fn check_key(
            __aurora_trigger_key: &#krate::private::KeyMembers<'_>,
        ) -> ::core::result::Result<(), #krate::ImageError> {
            #(#values?;)*
            ::core::result::Result::Ok(())
        }
    }
}

/// `impl Keyed`, for a table with key columns.
pub(crate) fn keyed(table: &Table<'_>) -> TokenStream {
    let krate = &table.krate;
    let columns = columns(table);
    if columns.is_empty() {
        return TokenStream::new();
    }
    let ident = &table.input.ident;
    let generics = &table.input.generics;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let where_clause = where_clause(generics, &keyed_predicates(table));
    let types: Vec<_> = columns
        .iter()
        .map(|column| column.field.ty.to_token_stream())
        .collect();
    let ty = parts(&types);
    let clones: Vec<_> = columns
        .iter()
        .map(|column| {
            let (field, ty) = (column.ident(), &column.field.ty);
            quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone(&self.#field))
        })
        .collect();
    let key = parts(&clones);
    let values: Vec<_> = columns.iter().map(|column| read(table, column)).collect();
    let read = match &values[..] {
        [value] => value.clone(),
        values => quote!(::core::result::Result::Ok((#(#values?),*))),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Keyed for #ident #ty_generics #where_clause {
            type Key = #ty;

            fn key(&self) -> Self::Key {
                #key
            }

            fn read_key(
                __aurora_trigger_key: &#krate::private::KeyMembers<'_>,
            ) -> ::core::result::Result<Self::Key, #krate::ImageError> {
                #read
            }
        }
    }
}

fn keyed_predicates(table: &Table<'_>) -> Vec<TokenStream> {
    let clones = columns(table)
        .into_iter()
        .map(|column| &column.field.ty)
        .filter(|ty| mentions_parameter(&table.input.generics, ty))
        .map(|ty| quote!(#ty: ::core::clone::Clone));
    predicates(table).into_iter().chain(clones).collect()
}

/// What reading the key asks of the parameters of a generic struct.
pub(crate) fn predicates(table: &Table<'_>) -> Vec<TokenStream> {
    let krate = &table.krate;
    columns(table)
        .iter()
        .filter(|column| column.serde.deserialize_with.is_none())
        .map(|column| &column.field.ty)
        .filter(|ty| mentions_parameter(&table.input.generics, ty))
        .map(|ty| quote!(#ty: #krate::private::DeserializeOwned))
        .collect()
}

fn columns<'t>(table: &'t Table<'_>) -> Vec<&'t Column<'t>> {
    table.columns.iter().filter(|column| column.key).collect()
}

/// A key of one column is its type, and a key of several columns a tuple.
fn parts(parts: &[TokenStream]) -> TokenStream {
    match parts {
        [part] => part.clone(),
        parts => quote!((#(#parts),*)),
    }
}

fn read(table: &Table<'_>, column: &Column<'_>) -> TokenStream {
    let krate = &table.krate;
    let names: Vec<&str> = column.serde.json.all().collect();
    let ty = &column.field.ty;
    match &column.serde.deserialize_with {
        None => quote_spanned! {ty.span()=>
            #krate::private::KeyMembers::column::<#ty>(__aurora_trigger_key, &[#(#names),*])
        },
        Some(function) => quote! {
            #krate::private::KeyMembers::column_with(
                __aurora_trigger_key,
                &[#(#names),*],
                |__aurora_trigger_json| #function(__aurora_trigger_json),
            )
        },
    }
}
