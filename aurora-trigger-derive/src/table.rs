//! A `StreamTrigger` struct, read and checked.

use proc_macro2::Span;
use syn::{Data, DeriveInput, Fields, Path};

use crate::Failure;
use crate::attr::Attributes;
use crate::column::{Column, columns};
use crate::grammar;
use crate::mistakes::Mistakes;
use crate::options::{self, Operations, choice};
use crate::serde_side;
use crate::sql_name::{Schema, SqlName};
use crate::valid_table;

/// A table.
pub(crate) struct Table<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attributes: Attributes,
    pub(crate) krate: Path,
    pub(crate) name: Option<SqlName>,
    pub(crate) delivery: Option<&'static str>,
    pub(crate) on_failure: Option<&'static str>,
    pub(crate) level: Option<&'static str>,
    pub(crate) operations: Option<Operations>,
    pub(crate) unchanged: Option<&'static str>,
    pub(crate) oversize: Option<&'static str>,
    pub(crate) when: Option<String>,
    pub(crate) partition_by: Option<Vec<String>>,
    pub(crate) columns: Vec<Column<'a>>,
    /// Fields that only Rust knows: `#[serde(skip)]` and no `#[stream(…)]`.
    pub(crate) left_out: Vec<String>,
}

impl<'a> Table<'a> {
    pub(crate) fn from_input(input: &'a DeriveInput) -> Result<Checked<'a>, Failure> {
        let mistakes = Mistakes::new();
        let attributes = Attributes::read(&mistakes, &input.attrs, &grammar::TABLE);
        let Some(fields) = named_fields(&mistakes, input) else {
            return Err(mistakes.finish().expect_err("one was just added").into());
        };
        let mut table = Self::new(&mistakes, input, attributes);
        let column_attributes = fields
            .map(|field| Attributes::read(&mistakes, &field.attrs, &grammar::TABLE_FIELD))
            .collect();
        let Some(serde) = serde_side::read(input) else {
            mistakes.finish()?;
            return Err(Failure::SerdeReportsIt);
        };
        (table.columns, table.left_out) = columns(&mistakes, &serde, column_attributes);
        valid_table::check(&mistakes, &table, &serde.attrs);
        mistakes.finish()?;
        Ok(Checked(table))
    }

    fn new(mistakes: &Mistakes, input: &'a DeriveInput, attributes: Attributes) -> Self {
        let pick = |name, words| choice(mistakes, &attributes, name, words);
        Self {
            krate: attributes.crate_path(mistakes),
            name: attributes
                .text("table")
                .and_then(|text| SqlName::read(mistakes, "table", text, Schema::Required)),
            delivery: pick("delivery", options::DELIVERY),
            on_failure: pick("on_failure", options::ON_FAILURE),
            level: pick("level", options::LEVEL),
            operations: Operations::read(mistakes, &attributes),
            unchanged: pick("unchanged", options::UNCHANGED),
            oversize: pick("oversize", options::OVERSIZE),
            when: attributes.text("when").map(syn::LitStr::value),
            partition_by: attributes
                .text("partition_by")
                .and_then(|text| options::list(mistakes, "partition_by", text))
                .map(|fields| {
                    let unraw = |field: String| field.trim_start_matches("r#").to_owned();
                    fields.into_iter().map(unraw).collect()
                }),
            input,
            attributes,
            columns: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Where something is missing that belongs into the struct's `#[stream(…)]`.
    pub(crate) fn attribute_span(&self) -> Span {
        self.attributes
            .span()
            .unwrap_or_else(|| self.input.ident.span())
    }
}

/// A table without mistakes.
pub(crate) struct Checked<'a>(Table<'a>);

impl<'a> Checked<'a> {
    pub(crate) fn table(&self) -> &Table<'a> {
        &self.0
    }

    pub(crate) fn name(&self) -> &SqlName {
        self.0.name.as_ref().expect("a missing name is a mistake")
    }

    pub(crate) fn delivery(&self) -> &'static str {
        self.0.delivery.expect("a missing delivery is a mistake")
    }
}

/// A row has columns with names, and so has a struct that reads one.
fn named_fields<'a>(
    mistakes: &Mistakes,
    input: &'a DeriveInput,
) -> Option<impl Iterator<Item = &'a syn::Field> + Clone + use<'a>> {
    let why = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(fields.named.iter()),
            Fields::Unnamed(_) => {
                "this one's fields have no names: write `struct Row { column: Type }`"
            }
            Fields::Unit => "this one has no fields: write `struct Row { column: Type }`",
        },
        Data::Enum(_) => {
            "this is an enum: `#[derive(PgType)]` is for one that is a column, `#[derive(ChangeStream)]` for one over \
             several tables"
        }
        Data::Union(_) => "this is a union",
    };
    mistakes.on(
        &input.ident,
        format_args!("`StreamTrigger` is for a struct with a field for each column, and {why}"),
    );
    None
}
