//! A field that is a column of a table, or an attribute of a composite type.

use proc_macro2::TokenStream;
use quote::ToTokens;
use serde_derive_internals::ast::{Container, Data as SerdeData};
use syn::ext::IdentExt;
use syn::{Generics, Ident, Type};

use crate::attr::Attributes;
use crate::column_type::{ColumnType, Reader};
use crate::mistakes::Mistakes;
use crate::options::{MASK, choice};
use crate::parameters::mentions_parameter;
use crate::serde_side::{self, FieldFacts};

/// What is sent in place of a column's value.
#[derive(PartialEq)]
pub(crate) enum ColumnMask {
    /// This variant of `Mask`.
    Known(&'static str),
    /// An expression of the author's.
    Sql(String),
}

impl ColumnMask {
    fn read(mistakes: &Mistakes, attributes: &Attributes) -> Option<Self> {
        let known = choice(mistakes, attributes, "mask", MASK).map(Self::Known);
        known.or_else(|| {
            attributes
                .text("mask_sql")
                .map(|sql| Self::Sql(sql.value()))
        })
    }
}

/// A field that is a column.
pub(crate) struct Column<'a> {
    pub(crate) field: &'a syn::Field,
    pub(crate) serde: FieldFacts,
    pub(crate) attributes: Attributes,
    /// The name in Rust, without `r#`.
    pub(crate) rust: String,
    pub(crate) column: String,
    pub(crate) ty: ColumnType,
    pub(crate) key: bool,
    /// Not sent.
    pub(crate) skip: bool,
    pub(crate) mask: Option<ColumnMask>,
}

impl Column<'_> {
    pub(crate) fn ident(&self) -> &Ident {
        self.field
            .ident
            .as_ref()
            .expect("only structs with names for their fields have columns")
    }

    /// What reads its values, in a struct with these parameters.
    pub(crate) fn reader(&self, generics: &Generics) -> Reader<'_> {
        Reader {
            ty: &self.field.ty,
            has_function: self.serde.deserialize_with.is_some(),
            is_generic: mentions_parameter(generics, &self.field.ty),
        }
    }

    /// The type that must be a `PgType`.
    pub(crate) fn described_by(&self) -> Option<&Type> {
        self.ty.described_by(&self.field.ty)
    }

    /// Where `#[serde(…)]` says this.
    pub(crate) fn serde_tokens(&self, names: &[&str]) -> TokenStream {
        serde_side::find(&self.field.attrs, names, self.ident().to_token_stream())
    }

    /// Where the column's name stands.
    pub(crate) fn column_tokens(&self) -> TokenStream {
        match self.attributes.text("column") {
            Some(text) => text.to_token_stream(),
            None => self.ident().to_token_stream(),
        }
    }
}

/// The fields that are columns, and the names of those that are not: `#[serde(skip)]` and no `#[stream(…)]`.
pub(crate) fn columns<'a>(
    mistakes: &Mistakes,
    serde: &Container<'a>,
    attributes: Vec<Attributes>,
) -> (Vec<Column<'a>>, Vec<String>) {
    let SerdeData::Struct(_, fields) = &serde.data else {
        unreachable!("only structs have columns, and serde keeps them");
    };
    let mut columns = Vec::new();
    let mut left_out = Vec::new();
    for (field, attributes) in fields.iter().zip(attributes) {
        let ident = field.original.ident.as_ref();
        let rust = ident
            .expect("only structs with names for their fields have columns")
            .unraw()
            .to_string();
        let facts = FieldFacts::new(&field.attrs, &serde.attrs);
        if facts.skipped && attributes.span().is_none() {
            left_out.push(rust);
            continue;
        }
        columns.push(Column {
            field: field.original,
            column: attributes
                .text("column")
                .map_or_else(|| rust.clone(), syn::LitStr::value),
            rust,
            ty: ColumnType::read(mistakes, &attributes),
            key: attributes.mentions("key"),
            skip: facts.skipped || attributes.mentions("skip"),
            mask: ColumnMask::read(mistakes, &attributes),
            serde: facts,
            attributes,
        });
    }
    (columns, left_out)
}
