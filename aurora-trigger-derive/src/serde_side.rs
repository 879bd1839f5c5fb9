//! What serde makes of the item: read by serde's own parser, so that the names are exactly those that it looks for.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use serde_derive_internals::ast::Container;
use serde_derive_internals::attr::{self, TagType};
use serde_derive_internals::name::{MultiName, Name};
use serde_derive_internals::{Ctxt, Derive};
use syn::{Attribute, DeriveInput, ExprPath, Meta};

/// Reads the item as `#[derive(Deserialize)]` does; `None` where serde's attributes hold a mistake, which serde's own
/// derive reports.
pub(crate) fn read(input: &DeriveInput) -> Option<Container<'_>> {
    let context = Ctxt::new();
    let private = Ident::new("__private", Span::call_site());
    let container = Container::from_ast(&context, input, Derive::Deserialize, &private);
    context.check().ok()?;
    container
}

/// What a field or a variant is called in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonNames {
    /// The name that serde looks for.
    pub(crate) name: String,
    /// Those that it also takes.
    pub(crate) aliases: Vec<String>,
}

impl JsonNames {
    pub(crate) fn of_field(attributes: &attr::Field) -> Self {
        Self::new(attributes.name(), attributes.aliases())
    }

    pub(crate) fn of_variant(attributes: &attr::Variant) -> Self {
        Self::new(attributes.name(), attributes.aliases())
    }

    fn new(name: &MultiName, aliases: &BTreeSet<Name>) -> Self {
        let name = name.deserialize_name().value.clone();
        // serde counts the name among the aliases.
        let aliases = aliases
            .iter()
            .map(|alias| alias.value.clone())
            .filter(|alias| *alias != name)
            .collect();
        Self { name, aliases }
    }

    /// The name first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name)
            .chain(&self.aliases)
            .map(String::as_str)
    }
}

/// What serde does with a field.
pub(crate) struct FieldFacts {
    pub(crate) json: JsonNames,
    /// Never read.
    pub(crate) skipped: bool,
    /// Made of something where the image does not hold it; an `Option` without `#[serde(default)]` does not count here.
    pub(crate) has_default: bool,
    /// The function that reads the field in place of its type.
    pub(crate) deserialize_with: Option<ExprPath>,
    pub(crate) flatten: bool,
    /// Borrows from the text that it is read from.
    pub(crate) borrows: bool,
}

impl FieldFacts {
    pub(crate) fn new(attributes: &attr::Field, container: &attr::Container) -> Self {
        Self {
            json: JsonNames::of_field(attributes),
            skipped: attributes.skip_deserializing(),
            has_default: !attributes.default().is_none() || !container.default().is_none(),
            deserialize_with: attributes.deserialize_with().cloned(),
            flatten: attributes.flatten(),
            borrows: !attributes.borrowed_lifetimes().is_empty(),
        }
    }
}

/// Whether an enum has another representation than its variants' names.
pub(crate) fn is_tagged(attributes: &attr::Container) -> bool {
    !matches!(attributes.tag(), TagType::External)
}

/// Where `#[serde(…)]` says this, for the span of a mistake; else the other tokens.
pub(crate) fn find(
    attributes: &[Attribute],
    names: &[&str],
    otherwise: TokenStream,
) -> TokenStream {
    let is_it = |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if names.iter().any(|name| ident == name));
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) => Some(list.tokens.clone()),
            Meta::Path(_) | Meta::NameValue(_) => None,
        })
        .flatten()
        .find(is_it)
        .map_or(otherwise, TokenStream::from)
}
