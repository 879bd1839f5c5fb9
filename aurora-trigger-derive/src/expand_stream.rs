//! Writes `impl ChangeStream`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
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
    let Routes {
        outside,
        tables,
        checks,
        from_record,
    } = if generics.params.is_empty() {
        Routes::by_index(stream)
    } else {
        Routes::in_turn(stream)
    };
    wrap(
        krate,
        stream.input,
        &quote! {
            #[automatically_derived]
            impl #impl_generics #krate::ChangeStream for #ident #ty_generics #where_clause {
                const TABLES: &'static [&'static #krate::describe::TableDesc] = &[#(#tables),*];
                const CHECKS: &'static [#krate::ImageCheck] = &[#(#checks),*];

                fn from_record(
                    __aurora_trigger_record: &#krate::wire::Record<'_>,
                ) -> ::core::result::Result<Self, #krate::DecodeError> {
                    #from_record
                }
            }

            #outside
        },
    )
}

/// How a record finds its variant.
struct Routes {
    /// Items beside the impl.
    outside: TokenStream,
    /// The elements of `TABLES`.
    tables: Vec<TokenStream>,
    /// The elements of `CHECKS`.
    checks: Vec<TokenStream>,
    /// The body of `from_record`.
    from_record: TokenStream,
}

impl Routes {
    /// Three consts for each table. The compiler takes time quadratic in the number of the tables where they are
    /// expressions of one body.
    fn by_index(stream: &Stream<'_>) -> Self {
        let krate = &stream.krate;
        let stream_ident = &stream.input.ident;
        let mut items = TokenStream::new();
        let names = |kind| {
            let count = stream.tables.len();
            (0..count).map(move |index| format_ident!("__AURORA_TRIGGER_{kind}_{index}"))
        };
        let (tables, checks, routes): (Vec<_>, Vec<_>, Vec<_>) = (
            names("TABLE").collect(),
            names("CHECK").collect(),
            names("ROUTE").collect(),
        );
        for (index, variant) in stream.tables.iter().enumerate() {
            let (table, check, route) = (&tables[index], &checks[index], &routes[index]);
            let (table_of, check_of) = (table_of(stream, variant), check_of(stream, variant));
            let Variant { ident, ty } = variant;
            items.extend(quote! {
                const #table: &'static #krate::describe::TableDesc = #table_of;
                const #check: #krate::ImageCheck = #check_of;
                const #route: #krate::private::Route<#stream_ident> =
                    |__aurora_trigger_record| {
                        match <#ty as #krate::TableChange>::from_record(__aurora_trigger_record) {
                            ::core::result::Result::Ok(__aurora_trigger_change) => {
                                ::core::result::Result::Ok(#stream_ident::#ident(__aurora_trigger_change))
                            }
                            ::core::result::Result::Err(__aurora_trigger_error) => {
                                ::core::result::Result::Err(__aurora_trigger_error)
                            }
                        }
                    };
            });
        }
        let assertions = assertions(stream);
        let otherwise = otherwise(stream);
        Self {
            outside: quote! {
                #items
                const __AURORA_TRIGGER_ROUTES: &'static [#krate::private::Route<#stream_ident>] =
                    &[#(#routes),*];
                #assertions
            },
            from_record: quote! {
                match #krate::private::route(
                    __aurora_trigger_record,
                    <Self as #krate::ChangeStream>::TABLES,
                    __AURORA_TRIGGER_ROUTES,
                ) {
                    ::core::option::Option::Some(__aurora_trigger_route) => {
                        __aurora_trigger_route(__aurora_trigger_record)
                    }
                    ::core::option::Option::None => #otherwise,
                }
            },
            tables: tables.iter().map(ToTokens::to_token_stream).collect(),
            checks: checks.iter().map(ToTokens::to_token_stream).collect(),
        }
    }

    /// For a generic enum, whose tables are known only to who uses it: a const beside the impl has no parameters.
    fn in_turn(stream: &Stream<'_>) -> Self {
        let krate = &stream.krate;
        let routes = stream.tables.iter().map(|variant| {
            let table = table_of(stream, variant);
            let Variant { ident, ty } = variant;
            quote! {
                if __aurora_trigger_record.is_of(#table) {
                    return <#ty as #krate::TableChange>::from_record(__aurora_trigger_record)
                        .map(Self::#ident);
                }
            }
        });
        let otherwise = otherwise(stream);
        let variants = stream.tables.iter();
        Self {
            outside: TokenStream::new(),
            tables: variants
                .clone()
                .map(|variant| table_of(stream, variant))
                .collect(),
            checks: variants.map(|variant| check_of(stream, variant)).collect(),
            from_record: quote!(#(#routes)* #otherwise),
        }
    }
}

fn table_of(stream: &Stream<'_>, variant: &Variant<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ty = variant.ty;
    quote_spanned!(ty.span()=> <#ty as #krate::TableChange>::TABLE)
}

fn check_of(stream: &Stream<'_>, variant: &Variant<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ty = variant.ty;
    quote_spanned!(ty.span()=> <#ty as #krate::TableChange>::check_image)
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
/// and with them the assertions of generic structs. The tables are compared once for all variants.
fn assertions(stream: &Stream<'_>) -> TokenStream {
    let krate = &stream.krate;
    let ident = &stream.input.ident;
    let names = stream
        .tables
        .iter()
        .map(|variant| variant.ident.unraw().to_string());
    let count = stream.tables.len();
    let assertions = stream.tables.iter().enumerate().map(|(index, variant)| {
        let tables = quote!(<#ident as #krate::ChangeStream>::TABLES);
        let arguments = quote! {
            __AURORA_TRIGGER_EARLIER[#index], #tables, __AURORA_TRIGGER_VARIANTS, #index
        };
        call_at(krate, "table_is_new", variant.ty, arguments)
    });
    // No assertion borrows a const: the compiler checks all that a borrow leads to, once for each borrow.
    quote! {
        const __AURORA_TRIGGER_VARIANTS: &'static [&'static ::core::primitive::str] = &[#(#names),*];
        const __AURORA_TRIGGER_EARLIER: [::core::option::Option<::core::primitive::usize>; #count] =
            #krate::private::earlier_variants(<#ident as #krate::ChangeStream>::TABLES);
        #(const _: () = #assertions;)*
    }
}
