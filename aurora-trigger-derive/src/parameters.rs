//! The parameters of a generic item.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericParam, Generics, Type};

/// Whether a type depends on a parameter of the struct.
pub(crate) fn mentions_parameter(generics: &Generics, ty: &Type) -> bool {
    mentions(ty.to_token_stream(), &parameters(generics))
}

/// The names of the parameters that are types or consts.
pub(crate) fn parameters(generics: &Generics) -> BTreeSet<String> {
    generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        })
        .map(|ident| ident.unraw().to_string())
        .collect()
}

/// Whether one of these names is among the tokens.
pub(crate) fn mentions(tokens: TokenStream, parameters: &BTreeSet<String>) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => parameters.contains(&ident.unraw().to_string()),
        TokenTree::Group(group) => mentions(group.stream(), parameters),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
