//! Writes `impl ChangeStream`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::expand::{call_at, where_clause, wrap};
use crate::stream::{Stream, Variant};

pub(crate) fn expand(stream: &Stream<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ident = &stream.input.ident;
    let generics = &stream.input.generics;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let predicates: Vec<TokenStream> = if generics.type_params().next().is_some() {
        let types = stream.tables.iter().map(|variant| variant.ty);
        types.map(|ty| quote!(#ty: #krate::TableChange)).collect()
    } else {
        Vec::new()
    };
    let where_clause = where_clause(generics, &predicates);
    let tables = stream.tables.iter().map(|variant| table(stream, variant));
    let checks = stream.tables.iter().map(|variant| check(stream, variant));
    let routes = stream.tables.iter().map(|variant| route(stream, variant));
    let otherwise = otherwise(stream);
    // A generic enum's tables are known only to who uses it.
    let assertions = if generics.params.is_empty() {
        assertions(stream)
    } else {
        Vec::new()
    };
    wrap(
        krate,
        &quote! {
            #[automatically_derived]
            impl #impl_generics #krate::ChangeStream for #ident #ty_generics #where_clause {
                const TABLES: &'static [&'static #krate::describe::TableDesc] = &[#(#tables),*];
                const CHECKS: &'static [#krate::ImageCheck] = &[#(#checks),*];

                fn from_record(
                    __aurora_trigger_record: &#krate::wire::Record<'_>,
                ) -> ::core::result::Result<Self, #krate::DecodeError> {
                    #(#routes)*
                    #otherwise
                }
            }

            #(const _: () = #assertions;)*
        },
    )
}

fn table(stream: &Stream<'_>, variant: &Variant<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ty = variant.ty;
    quote_spanned!(ty.span()=> <#ty as #krate::TableChange>::TABLE)
}

fn check(stream: &Stream<'_>, variant: &Variant<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ty = variant.ty;
    quote_spanned!(ty.span()=> <#ty as #krate::TableChange>::check_image)
}

fn route(stream: &Stream<'_>, variant: &Variant<'_>) -> TokenStream {
    let krate = &stream.krate;
    let table = table(stream, variant);
    let Variant { ident, ty } = variant;
    quote! {
        if __aurora_trigger_record.is_of(#table) {
            return <#ty as #krate::TableChange>::from_record(__aurora_trigger_record).map(Self::#ident);
        }
    }
}

fn otherwise(stream: &Stream<'_>) -> TokenStream {
    let krate = &stream.krate;
    match &stream.other {
        Some(Variant { ident, ty }) => {
            // The argument is shown where the type stands that does not take it.
            let change = call_at(krate, "unknown_change", ty, quote!(__aurora_trigger_record));
            quote!(::core::result::Result::Ok(Self::#ident(#change)))
        }
        None => quote! {
            ::core::result::Result::Err(#krate::DecodeError::unknown_table(__aurora_trigger_record))
        },
    }
}

/// Each at the type of the variant that comes too late. There is one for the first variant too: it evaluates the tables,
/// and with them the assertions of generic structs.
fn assertions(stream: &Stream<'_>) -> Vec<TokenStream> {
    let krate = &stream.krate;
    let ident = &stream.input.ident;
    let names: Vec<String> = stream
        .tables
        .iter()
        .map(|variant| variant.ident.unraw().to_string())
        .collect();
    stream
        .tables
        .iter()
        .enumerate()
        .map(|(index, variant)| {
            let names = &names[..=index];
            let arguments = quote! {
                <#ident as #krate::ChangeStream>::TABLES, &[#(#names),*], #index
            };
            call_at(krate, "table_is_new", variant.ty, arguments)
        })
        .collect()
}
