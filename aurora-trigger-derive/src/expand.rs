//! What the expansions share. All paths are absolute, and nothing has a name that a user could meet: a local by the name
//! of a user's const would be that const, in a pattern.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Meta, Path, Type};

use crate::parameters::{mentions, parameters};
use crate::sql_name::SqlName;

/// The type's own description; at the span of the type, where the compiler says what is no `PgType`.
pub(crate) fn description_of(krate: &Path, ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as #krate::PgType>::TYPE)
}

pub(crate) fn qualified_name(krate: &Path, name: &SqlName) -> TokenStream {
    let schema = match &name.schema {
        Some(schema) => quote!(::core::option::Option::Some(#schema)),
        None => quote!(::core::option::Option::None),
    };
    let name = &name.name;
    quote!(#krate::describe::QualifiedName::new(#schema, #name))
}

/// A call of a function of `private` that the compiler shows at these tokens of the user's: an expression spans from its
/// first token to its last.
pub(crate) fn call_at(
    krate: &Path,
    function: &str,
    at: &impl ToTokens,
    arguments: TokenStream,
) -> TokenStream {
    let tokens: Vec<TokenTree> = at.to_token_stream().into_iter().collect();
    let first = tokens.first().map_or_else(Span::call_site, TokenTree::span);
    let last = tokens.last().map_or_else(Span::call_site, TokenTree::span);
    let function = format_ident!("{function}");
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(last);
    quote!(#krate::private::#function)
        .into_iter()
        .map(|mut tree| {
            tree.set_span(first);
            tree
        })
        .chain([TokenTree::Group(arguments)])
        .collect()
}

/// A block of its own, so that the import which lets `private::Field` answer for every type reaches nobody else's code.
pub(crate) fn wrap(krate: &Path, input: &DeriveInput, code: &TokenStream) -> TokenStream {
    let deprecated = deprecated_lint(input);
    quote! {
        #[doc(hidden)]
        #[allow(#deprecated unused_qualifications, clippy::absolute_paths)]
        const _: () = {
            use #krate::private::{IsNoInteger as _, TakesNoNull as _};
            // Imports that are used whatever the fields are: a user may forbid unused ones.
            const _: ::core::primitive::bool = #krate::private::Field::<()>::TAKES_NULL
                && #krate::private::Field::<()>::NARROW.is_some();

            #code
        };
    }
}

/// `deprecated,` for a list of lints, where the item has to do with deprecated types: who forbids the lint may not allow
/// it.
pub(crate) fn deprecated_lint(input: &DeriveInput) -> TokenStream {
    let fields = |fields: &Fields| -> Vec<Attribute> {
        fields
            .iter()
            .flat_map(|field| field.attrs.clone())
            .collect()
    };
    let parts: Vec<Attribute> = match &input.data {
        Data::Struct(data) => fields(&data.fields),
        Data::Enum(data) => data
            .variants
            .iter()
            .flat_map(|variant| [variant.attrs.clone(), fields(&variant.fields)].concat())
            .collect(),
        Data::Union(_) => Vec::new(),
    };
    let names_it = |attribute: &Attribute| {
        let word = BTreeSet::from(["deprecated".to_owned()]);
        match &attribute.meta {
            Meta::List(list)
                if ["allow", "expect"]
                    .iter()
                    .any(|level| list.path.is_ident(level)) =>
            {
                mentions(list.tokens.clone(), &word)
            }
            meta => meta.path().is_ident("deprecated"),
        }
    };
    if input.attrs.iter().chain(&parts).any(names_it) {
        quote!(deprecated,)
    } else {
        TokenStream::new()
    }
}

/// The where clause with more predicates.
pub(crate) fn where_clause(generics: &Generics, more: &[TokenStream]) -> TokenStream {
    let own = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates)
        .map(ToTokens::to_token_stream);
    let all: Vec<TokenStream> = own.chain(more.iter().cloned()).collect();
    if all.is_empty() {
        return TokenStream::new();
    }
    quote!(where #(#all,)*)
}

/// `Type: PgType` for those that depend on a parameter: of the others the compiler knows it.
pub(crate) fn bounds(krate: &Path, generics: &Generics, types: &[&Type]) -> Vec<TokenStream> {
    let parameters = parameters(generics);
    let mut seen = BTreeSet::new();
    types
        .iter()
        .filter(|ty| mentions(ty.to_token_stream(), &parameters))
        .filter(|ty| seen.insert(ty.to_token_stream().to_string()))
        .map(|ty| quote!(#ty: #krate::PgType))
        .collect()
}
