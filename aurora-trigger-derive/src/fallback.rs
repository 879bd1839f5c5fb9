//! What stands in for an expansion where there is a mistake, so that it does not cause a second message wherever the type
//! is used.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

use crate::Failure;
use crate::attr::Attributes;
use crate::expand::where_clause;
use crate::grammar::{self, Place};
use crate::mistakes::Mistakes;

const SERDE_IS_NEWER: &str = "aurora-trigger does not understand the #[serde(…)] attributes of this type, although serde \
                              does: use a newer version of aurora-trigger";

pub(crate) fn table(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::TABLE);
    let body = match failure {
        // In its own name, so that two of them are not two variants of one table.
        Failure::Mistakes(_) => {
            let name = input.ident.to_string();
            quote! {
                #krate::describe::TableDesc::new(
                    "",
                    ::core::module_path!(),
                    #name,
                    &[],
                    #krate::describe::KeyDesc::PartitionBy(&[]),
                    #krate::describe::Delivery::Async,
                )
            }
        }
        Failure::SerdeReportsIt => quote!(::core::panic!(#SERDE_IS_NEWER)),
    };
    let readable = readable(input, &krate);
    implement(
        input,
        failure,
        &quote!(#krate::StreamTrigger),
        &[readable],
        &quote!(const TABLE: #krate::describe::TableDesc = #body;),
    )
}

pub(crate) fn pg_type(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::TYPE);
    let (body, bounds) = match failure {
        // A text breaks no rule about keys and masks.
        Failure::Mistakes(_) => (
            quote!(#krate::describe::TypeDesc::built_in(&["text"])),
            Vec::new(),
        ),
        Failure::SerdeReportsIt => (
            quote!(::core::panic!(#SERDE_IS_NEWER)),
            vec![readable(input, &krate)],
        ),
    };
    implement(
        input,
        failure,
        &quote!(#krate::PgType),
        &bounds,
        &quote!(const TYPE: #krate::describe::TypeDesc = #body;),
    )
}

pub(crate) fn stream(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::STREAM);
    implement(
        input,
        failure,
        &quote!(#krate::ChangeStream),
        &[],
        &quote! {
            const TABLES: &'static [&'static #krate::describe::TableDesc] = &[];

            fn from_record(
                __aurora_trigger_record: &#krate::wire::Record<'_>,
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                ::core::result::Result::Err(#krate::DecodeError::unknown_table(__aurora_trigger_record))
            }
        },
    )
}

/// A bound that the compiler does not look into before somebody uses the impl: that serde can't read the type may be
/// the same mistake.
fn readable(input: &DeriveInput, krate: &Path) -> TokenStream {
    let ident = &input.ident;
    let (_, ty_generics, _) = input.generics.split_for_impl();
    quote!(for<'workaround> #ident #ty_generics: #krate::private::DeserializeOwned)
}

fn implement(
    input: &DeriveInput,
    failure: &Failure,
    the_trait: &TokenStream,
    bounds: &[TokenStream],
    body: &TokenStream,
) -> TokenStream {
    let mistakes = match failure {
        Failure::Mistakes(error) => error.to_compile_error(),
        Failure::SerdeReportsIt => TokenStream::new(),
    };
    let ident = &input.ident;
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let where_clause = where_clause(&input.generics, bounds);
    quote! {
        #mistakes

        #[doc(hidden)]
        #[allow(deprecated, unused_qualifications, clippy::absolute_paths)]
        const _: () = {
            #[automatically_derived]
            impl #impl_generics #the_trait for #ident #ty_generics #where_clause {
                #body
            }
        };
    }
}

/// As far as it can be read; its mistakes are among those that are reported.
fn crate_path(input: &DeriveInput, place: &Place) -> Path {
    let mistakes = Mistakes::new();
    let path = Attributes::read(&mistakes, &input.attrs, place).crate_path(&mistakes);
    mistakes.discard();
    path
}
