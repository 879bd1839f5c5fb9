//! A `PgType`, read and checked: an enum, a newtype, or a composite type.

use quote::ToTokens;
use serde_derive_internals::ast::{Container, Data as SerdeData, Style};
use syn::{Data, DeriveInput, Fields, Path, Type};

use crate::Failure;
use crate::attr::Attributes;
use crate::column::{Column, columns};
use crate::column_type::ColumnType;
use crate::grammar::{self, Place};
use crate::mistakes::Mistakes;
use crate::serde_side::{self, JsonNames};
use crate::sql_name::{Schema, SqlName};
use crate::valid_type;

/// A type of a column.
pub(crate) struct PgType<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attributes: Attributes,
    pub(crate) krate: Path,
    /// `type = "…"`.
    pub(crate) name: Option<SqlName>,
    /// `as`, `json`, `sql_type`.
    pub(crate) column: ColumnType,
    pub(crate) body: Body<'a>,
}

/// What the Rust type is.
pub(crate) enum Body<'a> {
    Enum(Enum<'a>),
    /// One field, which serde reads in its place.
    Newtype {
        /// The type that serde reads: the field's, or that of `#[serde(from)]`.
        reads: Box<Type>,
        /// It refuses some values of that type: `#[serde(try_from)]`.
        refuses: bool,
    },
    Composite(Vec<Column<'a>>),
    /// A struct that another type, or a name, describes as a whole.
    Whole,
}

/// An enum.
pub(crate) struct Enum<'a> {
    pub(crate) variants: Vec<Variant<'a>>,
    /// `#[serde(other)]`: it takes labels that it does not know.
    pub(crate) open: bool,
    /// `#[serde(from)]` or `try_from`: its labels are nobody's business.
    pub(crate) converted: bool,
}

/// A variant that serde can read by its name.
pub(crate) struct Variant<'a> {
    pub(crate) original: &'a syn::Variant,
    pub(crate) labels: JsonNames,
}

impl<'a> PgType<'a> {
    pub(crate) fn from_input(input: &'a DeriveInput) -> Result<Checked<'a>, Failure> {
        let mistakes = Mistakes::new();
        let attributes = Attributes::read(&mistakes, &input.attrs, &grammar::TYPE);
        if let Data::Union(_) = input.data {
            mistakes.on(
                &input.ident,
                "`PgType` is for an enum, a newtype or a struct with named fields, and this is a union",
            );
            return Err(mistakes.finish().expect_err("one was just added").into());
        }
        let serde = serde_side::read(input);
        let parts = part_attributes(&mistakes, input, &attributes, serde.as_ref());
        let Some(serde) = serde else {
            mistakes.finish()?;
            return Err(Failure::SerdeReportsIt);
        };
        let this = Self {
            krate: attributes.crate_path(&mistakes),
            name: attributes
                .text("type")
                .and_then(|text| SqlName::read(&mistakes, "type", text, Schema::Required)),
            column: ColumnType::read(&mistakes, &attributes),
            body: body(&mistakes, &attributes, &serde, parts),
            input,
            attributes,
        };
        valid_type::check(&mistakes, &this, &serde);
        mistakes.finish()?;
        Ok(Checked(this))
    }

    /// Whether something other than its own parts says which column it is.
    pub(crate) fn is_described_as_a_whole(&self) -> bool {
        is_whole(&self.attributes)
    }
}

/// A type without mistakes.
pub(crate) struct Checked<'a>(PgType<'a>);

impl<'a> Checked<'a> {
    pub(crate) fn ty(&self) -> &PgType<'a> {
        &self.0
    }

    /// The name of an enum or composite type that is described by its parts.
    pub(crate) fn name(&self) -> &SqlName {
        self.0
            .name
            .as_ref()
            .expect("an enum or a struct without `type`, `as`, `json` and `sql_type` is a mistake")
    }
}

fn is_whole(attributes: &Attributes) -> bool {
    ["as", "json", "sql_type"]
        .iter()
        .any(|name| attributes.mentions(name))
}

/// The attributes of fields or variants, where they take any.
fn part_attributes(
    mistakes: &Mistakes,
    input: &DeriveInput,
    attributes: &Attributes,
    serde: Option<&Container<'_>>,
) -> Vec<Attributes> {
    let read = |attributes: &[syn::Attribute], place: &Place| {
        Attributes::read(mistakes, attributes, place)
    };
    match &input.data {
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| read(&variant.attrs, &grammar::TYPE_VARIANT))
            .collect(),
        Data::Struct(data) => {
            let transparent = serde.is_some_and(|serde| serde.attrs.transparent());
            let place = match &data.fields {
                Fields::Named(_) if is_whole(attributes) => &grammar::ONE_COLUMN_FIELD,
                Fields::Named(_) if !transparent => &grammar::TYPE_FIELD,
                _ => &grammar::NEWTYPE_FIELD,
            };
            data.fields
                .iter()
                .map(|field| read(&field.attrs, place))
                .collect()
        }
        Data::Union(_) => Vec::new(),
    }
}

fn body<'a>(
    mistakes: &Mistakes,
    attributes: &Attributes,
    serde: &Container<'a>,
    parts: Vec<Attributes>,
) -> Body<'a> {
    let converted = serde.attrs.type_from().or(serde.attrs.type_try_from());
    match &serde.data {
        SerdeData::Enum(variants) => Body::Enum(Enum {
            variants: variants
                .iter()
                .filter(|variant| !variant.attrs.skip_deserializing() && !variant.attrs.other())
                .map(|variant| Variant {
                    original: variant.original,
                    labels: JsonNames::of_variant(&variant.attrs),
                })
                .collect(),
            open: variants.iter().any(|variant| variant.attrs.other()),
            converted: converted.is_some(),
        }),
        SerdeData::Struct(style, fields) => {
            let inner = match style {
                Style::Newtype => fields
                    .first()
                    .filter(|field| !field.attrs.skip_deserializing()),
                _ => fields.iter().find(|field| field.attrs.transparent()),
            };
            match (inner, style) {
                (Some(inner), _) => Body::Newtype {
                    reads: Box::new(converted.unwrap_or(inner.ty).clone()),
                    refuses: serde.attrs.type_try_from().is_some(),
                },
                _ if is_whole(attributes) => Body::Whole,
                (None, Style::Struct) => Body::Composite(columns(mistakes, serde, parts).0),
                (None, _) => {
                    mistakes.on(
                        serde.original.ident.to_token_stream(),
                        "a column is one value: `PgType` is for an enum, a newtype of one field, `struct Email(String);`, \
                         or a struct with named fields. `#[serde(transparent)]` makes a newtype of a struct whose other \
                         fields hold nothing",
                    );
                    Body::Whole
                }
            }
        }
    }
}
