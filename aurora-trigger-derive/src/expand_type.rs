//! Writes `impl PgType`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;
use syn::ext::IdentExt;

use crate::column::Column;
use crate::column_type::{ColumnType, Reader};
use crate::expand::{bounds, call_at, description_of, qualified_name, where_clause, wrap};
use crate::expand_bounds::asked;
use crate::parameters::mentions_parameter;
use crate::pg_type::{Body, Checked, Enum, PgType};

pub(crate) fn expand(checked: &Checked<'_>) -> TokenStream {
    let ty = checked.ty();
    let krate = &ty.krate;
    let ident = &ty.input.ident;
    let (impl_generics, ty_generics, _) = ty.input.generics.split_for_impl();
    let mut bounds = bounds(krate, &ty.input.generics, &described_by(ty));
    if let Body::Composite(columns) = &ty.body {
        bounds.extend(asked(krate, &ty.input.generics, columns));
    }
    let where_clause = where_clause(&ty.input.generics, &bounds);
    let description = match &ty.body {
        Body::Enum(body) => enumeration(checked, body),
        Body::Newtype { reads, refuses } => newtype(ty, reads, *refuses),
        Body::Composite(columns) => composite(checked, columns),
        Body::Whole => ty
            .column
            .describe_whole(krate)
            .expect("a struct of another form without `as`, `json` and `sql_type` is a mistake"),
    };
    let assertions = match &ty.body {
        Body::Enum(body) => numbers_fit(ty, body),
        Body::Newtype { .. } | Body::Composite(_) | Body::Whole => TokenStream::new(),
    };
    wrap(
        krate,
        ty.input,
        &quote! {
            #[automatically_derived]
            impl #impl_generics #krate::PgType for #ident #ty_generics #where_clause {
                const TYPE: #krate::describe::TypeDesc = #description;
            }

            #assertions
        },
    )
}

/// The variants of an enum that an integer column holds have numbers that the column takes. Each is a const, so that all
/// of them are reported. A const has no parameters, and neither has an enum of numbers.
fn numbers_fit(ty: &PgType<'_>, body: &Enum<'_>) -> TokenStream {
    let (krate, ident) = (&ty.krate, &ty.input.ident);
    let ColumnType::As(column) = &ty.column else {
        return TokenStream::new();
    };
    if !ty.input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let description = description_of(krate, column);
    let assertions = body.variants.iter().map(|variant| {
        let name = &variant.original.ident;
        let text = name.unraw().to_string();
        let number = quote!(#ident::#name as ::core::primitive::i64);
        let arguments = quote!(#description, #text, #number);
        call_at(krate, "number_fits", variant.original, arguments)
    });
    quote!(#(const _: () = #assertions;)*)
}

/// The types that must be `PgType`s.
fn described_by<'a>(ty: &'a PgType<'_>) -> Vec<&'a Type> {
    match &ty.body {
        Body::Newtype { reads, .. } => ty.column.described_by(reads).into_iter().collect(),
        Body::Composite(columns) => columns.iter().filter_map(Column::described_by).collect(),
        Body::Enum(_) | Body::Whole => match &ty.column {
            ColumnType::As(other) => vec![other],
            ColumnType::Own | ColumnType::Json | ColumnType::Sql { .. } => Vec::new(),
        },
    }
}

fn enumeration(checked: &Checked<'_>, body: &Enum<'_>) -> TokenStream {
    let ty = checked.ty();
    let krate = &ty.krate;
    let labels: Vec<&str> = body
        .variants
        .iter()
        .flat_map(|variant| variant.labels.all())
        .collect();
    match &ty.column {
        ColumnType::Own => {
            let name = qualified_name(krate, checked.name());
            let open = body.open;
            quote!(#krate::describe::TypeDesc::enumeration(#name, &[#(#labels),*], #open))
        }
        ColumnType::As(other) => {
            let description = description_of(krate, other);
            // A conversion takes other texts than the names, but an integer is a variant's number either way.
            let labels = if body.converted {
                &[]
            } else {
                labels.as_slice()
            };
            let idents = body.variants.iter().map(|variant| &variant.original.ident);
            quote! {
                #krate::private::enum_kept_as(
                    #description,
                    &[#(#krate::describe::Sample::Text(#labels)),*],
                    const { &[#(#krate::describe::Sample::Integer(
                        Self::#idents as ::core::primitive::i64
                    )),*] },
                )
            }
        }
        whole @ (ColumnType::Json | ColumnType::Sql { .. }) => whole
            .describe_whole(krate)
            .expect("these two describe themselves"),
    }
}

fn newtype(ty: &PgType<'_>, reads: &Type, refuses: bool) -> TokenStream {
    let krate = &ty.krate;
    let reader = Reader {
        ty: reads,
        has_function: refuses,
        is_generic: mentions_parameter(&ty.input.generics, reads),
    };
    let description = ty.column.describe(krate, &reader);
    let named = match &ty.name {
        None => description,
        Some(name) => {
            let name = qualified_name(krate, name);
            quote!(#description.with_domain(#name))
        }
    };
    // Only its own code knows which values it refuses.
    let partial = refuses.then(|| quote!(.with_partial_values()));
    quote!(#named #partial)
}

fn composite(checked: &Checked<'_>, columns: &[Column<'_>]) -> TokenStream {
    let krate = &checked.ty().krate;
    let name = qualified_name(krate, checked.name());
    let fields = columns.iter().map(|column| {
        let Column { column: name, .. } = column;
        let json = &column.serde.json.name;
        let ty = column
            .ty
            .describe(krate, &column.reader(&checked.ty().input.generics));
        let aliases = &column.serde.json.aliases;
        let with_aliases = (!aliases.is_empty()).then(|| quote!(.with_aliases(&[#(#aliases),*])));
        quote!(#krate::describe::FieldDesc::new(#name, #json, const { &#ty }) #with_aliases)
    });
    quote!(#krate::describe::TypeDesc::composite(#name, const { &[#(#fields),*] }))
}
