//! What stands in for an expansion where there is a mistake, so that it does not cause a second message wherever the type
//! is used.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Path};

use crate::Failure;
use crate::attr::Attributes;
use crate::expand::{call_at, deprecated_lint, where_clause};
use crate::grammar::{self, Place};
use crate::mistakes::Mistakes;

pub(crate) fn table(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::TABLE);
    // A bound that the compiler does not look into before somebody uses the impl: that serde can't read the type may be
    // the same mistake.
    let ident = &input.ident;
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let readable = quote! {
        for<'workaround> #ident #ty_generics: #krate::private::DeserializeOwned
    };
    // In its own name, so that two of them are not two variants of one table.
    let name = ident.to_string();
    let body = quote! {
        const TABLE: #krate::describe::TableDesc = #krate::describe::TableDesc::new(
            "",
            ::core::module_path!(),
            #name,
            &[],
            #krate::describe::KeyDesc::PartitionBy(&[]),
            #krate::describe::Delivery::Async,
        );
    };
    let the_trait = quote!(#krate::StreamTrigger);
    implement(input, failure, &krate, &the_trait, &[readable], &body)
}

pub(crate) fn pg_type(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::TYPE);
    // A text breaks no rule about keys and masks.
    let body = quote! {
        const TYPE: #krate::describe::TypeDesc =
            #krate::describe::TypeDesc::built_in(&["text"]);
    };
    implement(input, failure, &krate, &quote!(#krate::PgType), &[], &body)
}

pub(crate) fn stream(input: &DeriveInput, failure: &Failure) -> TokenStream {
    let krate = crate_path(input, &grammar::STREAM);
    let body = quote! {
        const TABLES: &'static [&'static #krate::describe::TableDesc] = &[];
        const CHECKS: &'static [#krate::ImageCheck] = &[];

        fn from_record(
            __aurora_trigger_record: &#krate::wire::Record<'_>,
        ) -> ::core::result::Result<Self, #krate::DecodeError> {
            ::core::result::Result::Err(#krate::DecodeError::unknown_table(__aurora_trigger_record))
        }
    };
    implement(
        input,
        failure,
        &krate,
        &quote!(#krate::ChangeStream),
        &[],
        &body,
    )
}

fn implement(
    input: &DeriveInput,
    failure: &Failure,
    krate: &Path,
    the_trait: &TokenStream,
    bounds: &[TokenStream],
    body: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let mistakes = match failure {
        Failure::Mistakes(error) => error.to_compile_error(),
        // Serde says so, unless it is newer than what the macros know.
        Failure::SerdeReportsIt if input.generics.params.is_empty() => {
            let is_read = quote!(#krate::private::Readable::<#ident>::BY_SERDE);
            let assertion = call_at(krate, "serde_refuses_it_too", ident, is_read);
            quote! {
                const _: () = {
                    use #krate::private::NotReadable as _;
                    // An import that is used whatever serde says: a user may forbid unused ones.
                    const _: ::core::primitive::bool =
                        #krate::private::Readable::<#krate::private::Unreadable>::BY_SERDE;
                    #assertion
                };
            }
        }
        // Whether serde reads it depends on its parameters. Said twice is better than described wrong.
        Failure::SerdeReportsIt => Error::new_spanned(
            ident,
            "aurora-trigger does not understand the `#[serde(…)]` attributes of this type: see what serde says of them. If \
             it says nothing, it is newer: use a newer aurora-trigger",
        )
        .to_compile_error(),
    };
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let where_clause = where_clause(&input.generics, bounds);
    let deprecated = deprecated_lint(input);
    quote! {
        #mistakes

        #[doc(hidden)]
        #[allow(#deprecated unused_qualifications, clippy::absolute_paths)]
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
