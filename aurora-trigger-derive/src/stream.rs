//! A `ChangeStream` enum, read and checked.

use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Ident, Path, Type};

use crate::Failure;
use crate::attr::Attributes;
use crate::grammar;
use crate::mistakes::Mistakes;

/// The tables of one stream.
pub(crate) struct Stream<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) krate: Path,
    /// A variant for each table.
    pub(crate) tables: Vec<Variant<'a>>,
    /// `#[stream(other)]`: what takes the others.
    pub(crate) other: Option<Variant<'a>>,
}

/// A variant and the type that it holds.
#[derive(Clone, Copy)]
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}

impl<'a> Stream<'a> {
    pub(crate) fn from_input(input: &'a DeriveInput) -> Result<Self, Failure> {
        let mistakes = Mistakes::new();
        let attributes = Attributes::read(&mistakes, &input.attrs, &grammar::STREAM);
        let mut this = Self {
            input,
            krate: attributes.crate_path(&mistakes),
            tables: Vec::new(),
            other: None,
        };
        match &input.data {
            Data::Enum(data) => {
                for variant in &data.variants {
                    this.read(&mistakes, variant);
                }
                if !data.variants.iter().any(|variant| !is_other(variant)) {
                    mistakes.on(
                        &input.ident,
                        "a stream has at least one table: `Order(Change<Order>)`, where `Order` derives `StreamTrigger`",
                    );
                }
            }
            Data::Struct(_) | Data::Union(_) => mistakes.on(
                &input.ident,
                "`ChangeStream` is for an enum with a variant for each table, `enum Shop { Order(Change<Order>) }`: for the \
                 row of one table it is `#[derive(StreamTrigger)]`",
            ),
        }
        mistakes.finish()?;
        Ok(this)
    }

    fn read(&mut self, mistakes: &Mistakes, variant: &'a syn::Variant) {
        let attributes = Attributes::read(mistakes, &variant.attrs, &grammar::STREAM_VARIANT);
        let takes_others = attributes.mentions("other");
        let example = if takes_others {
            format!("{}(UnknownChange)", variant.ident)
        } else {
            format!("{0}(Change<{0}>)", variant.ident)
        };
        let ty = match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
            Fields::Unit => {
                mistakes.on(
                    &variant.ident,
                    format_args!("a variant holds the change of its table: `{example}`"),
                );
                return;
            }
            fields @ (Fields::Named(_) | Fields::Unnamed(_)) => {
                mistakes.on(
                    fields.to_token_stream(),
                    format_args!(
                        "a variant holds the change of its table and nothing else: `{example}`"
                    ),
                );
                return;
            }
        };
        let variant = Variant {
            ident: &variant.ident,
            ty,
        };
        if !takes_others {
            self.tables.push(variant);
        } else if let Some(first) = self.other.replace(variant) {
            mistakes.on(
                attributes.tokens("other"),
                format_args!(
                    "`{}` takes the tables without a variant already: remove one of the two",
                    first.ident
                ),
            );
        }
    }
}

/// Whether the variant is meant for the others: also one that was written wrong is no table.
fn is_other(variant: &syn::Variant) -> bool {
    let mistakes = Mistakes::new();
    let attributes = Attributes::read(&mistakes, &variant.attrs, &grammar::STREAM_VARIANT);
    mistakes.discard();
    attributes.mentions("other")
}
