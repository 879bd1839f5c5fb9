//! Reads `#[stream(…)]`: its syntax, and which attributes stand where.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, Meta, Path, Token};

use crate::grammar::{Known, Place, closest, serde_hint};
use crate::mistakes::Mistakes;

/// The attributes of one item, field or variant.
pub(crate) struct Attributes {
    entries: Vec<Entry>,
    /// Also those that were written wrong: they are not reported as missing.
    mentioned: BTreeSet<&'static str>,
    span: Option<Span>,
    /// Something here is no attribute at all, so anything that is missing may be just that.
    malformed: bool,
    /// Something here has a name that is not known.
    unknown: bool,
}

struct Entry {
    name: &'static str,
    /// The whole, `table = "sales.orders"`, for its span.
    tokens: TokenStream,
    value: Option<LitStr>,
}

impl Attributes {
    pub(crate) fn read(mistakes: &Mistakes, attributes: &[Attribute], place: &Place) -> Self {
        let mut this = Self {
            entries: Vec::new(),
            mentioned: BTreeSet::new(),
            span: None,
            malformed: false,
            unknown: false,
        };
        for attribute in attributes {
            if !attribute.path().is_ident("stream") {
                continue;
            }
            this.span.get_or_insert(attribute.bracket_token.span.join());
            match &attribute.meta {
                Meta::List(list) => {
                    for part in split_at_commas(list.tokens.clone()) {
                        this.read_part(mistakes, part, place);
                    }
                }
                Meta::Path(_) | Meta::NameValue(_) => {
                    this.malformed = true;
                    mistakes.on(
                        attribute,
                        "`stream` takes its attributes in parentheses: `#[stream(…)]`",
                    );
                }
            }
        }
        this
    }

    fn read_part(&mut self, mistakes: &Mistakes, tokens: TokenStream, place: &Place) {
        let Ok(name) = (|input: ParseStream<'_>| {
            let name = Ident::parse_any(input)?;
            input.parse::<TokenStream>()?;
            Ok(name)
        })
        .parse2(tokens.clone()) else {
            self.malformed = true;
            mistakes.on(tokens, "the name of an attribute is expected here");
            return;
        };
        let text = name.unraw().to_string();
        let Some(known) = place.known.iter().find(|known| known.name == text) else {
            self.unknown(mistakes, &name, &text, place);
            return;
        };
        if !self.mentioned.insert(known.name) {
            mistakes.on(
                &tokens,
                format_args!("`{text}` stands here twice: remove one of the two"),
            );
            return;
        }
        match value(&tokens, known, place) {
            Ok(value) => self.entries.push(Entry {
                name: known.name,
                tokens,
                value,
            }),
            Err(message) => mistakes.on(&tokens, message),
        }
    }

    fn unknown(&mut self, mistakes: &Mistakes, name: &Ident, text: &str, place: &Place) {
        self.unknown = true;
        let here = place.what;
        let other = place
            .others
            .iter()
            .find(|other| other.known.iter().any(|known| known.name == text));
        if let Some(other) = other {
            mistakes.on(
                name,
                format_args!("`{text}` belongs on {}, not on {here}", other.what),
            );
        } else if let Some(hint) = serde_hint(text) {
            mistakes.on(name, format_args!("`{text}` is not known here: {hint}"));
        } else if let Some(meant) = closest(text, place.known.iter().map(|known| known.name)) {
            self.mentioned.insert(meant);
            mistakes.on(
                name,
                format_args!("`{text}` is not known on {here}: did you mean `{meant}`?"),
            );
        } else if place.known.is_empty() {
            mistakes.on(name, format_args!("`{text}` is not known on {here}"));
        } else {
            let names: Vec<String> = place
                .known
                .iter()
                .map(|known| format!("`{}`", known.name))
                .collect();
            mistakes.on(
                name,
                format_args!(
                    "`{text}` is not known on {here}, which takes {}",
                    names.join(", ")
                ),
            );
        }
    }

    /// Whether there is any `#[stream(…)]`.
    pub(crate) fn span(&self) -> Option<Span> {
        self.span
    }

    /// Whether the attribute stands there, right or wrong.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.mentioned.contains(name)
    }

    /// The whole attribute, for its span.
    pub(crate) fn tokens(&self, name: &str) -> Option<&TokenStream> {
        self.entry(name).map(|entry| &entry.tokens)
    }

    /// Whether something here is no attribute at all.
    pub(crate) fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Whether something here was meant for an attribute, and nobody knows for which.
    pub(crate) fn is_unclear(&self) -> bool {
        self.malformed || self.unknown
    }

    /// Those of these that stand there, in their order.
    pub(crate) fn given(
        &self,
        names: &[&str],
    ) -> impl Iterator<Item = (&'static str, &TokenStream)> {
        self.entries
            .iter()
            .filter(|entry| names.contains(&entry.name))
            .map(|entry| (entry.name, &entry.tokens))
    }

    /// What stands behind its `=`.
    pub(crate) fn text(&self, name: &str) -> Option<&LitStr> {
        self.entry(name)?.value.as_ref()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The path of `aurora_trigger_gen`: `crate = "…"`, for whoever re-exports it.
    pub(crate) fn crate_path(&self, mistakes: &Mistakes) -> Path {
        let default = || syn::parse_quote!(::aurora_trigger_gen);
        let Some(text) = self.text("crate") else {
            return default();
        };
        parse_path(text).unwrap_or_else(|_| {
            mistakes.on(
                text,
                "a path is expected, that of `aurora_trigger_gen` as it is re-exported: `crate = \"my_types::stream\"`",
            );
            default()
        })
    }
}

/// A path in a text. `gen` is a keyword since edition 2024, and the name of a crate or module may be older.
fn parse_path(text: &LitStr) -> syn::Result<Path> {
    let mut path = text.parse_with(Path::parse_mod_style)?;
    for segment in &mut path.segments {
        if segment.ident == "gen" {
            segment.ident = Ident::new_raw("gen", segment.ident.span());
        }
    }
    Ok(path)
}

/// What stands behind the name, and whether it is what the attribute takes.
fn value(tokens: &TokenStream, known: &Known, place: &Place) -> Result<Option<LitStr>, String> {
    let name = known.name;
    // `key` is a flag in one place and takes a text in the other.
    let elsewhere = place
        .others
        .iter()
        .find(|other| {
            other.known.iter().any(|other| {
                other.name == name && other.example.is_some() != known.example.is_some()
            })
        })
        .map(|other| format!("; the other form belongs on {}", other.what))
        .unwrap_or_default();
    let mut rest = tokens.clone().into_iter().skip(1);
    let Some(sign) = rest.next() else {
        return match known.example {
            None => Ok(None),
            Some(example) => Err(format!(
                "`{name}` takes a text here: `{name} = \"{example}\"`{elsewhere}"
            )),
        };
    };
    let Some(example) = known.example else {
        return Err(format!(
            "`{name}` takes no value here: `#[stream({name})]`{elsewhere}"
        ));
    };
    let wrong = || format!("`{name}` takes a text in quotes: `{name} = \"{example}\"`");
    if syn::parse2::<Token![=]>(sign.into_token_stream()).is_err() {
        return Err(wrong());
    }
    syn::parse2(rest.collect()).map(Some).map_err(|_| wrong())
}

/// One mistake must not hide those behind it, so each part is read on its own.
fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let is_comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ',');
    tokens
        .into_iter()
        .collect::<Vec<_>>()
        .split(is_comma)
        .filter(|part| !part.is_empty())
        .map(|part| part.iter().cloned().collect())
        .collect()
}
