//! The rules between the attributes of a type, one function each.

use std::collections::HashMap;

use quote::ToTokens;
use serde_derive_internals::ast::{Container, Data as SerdeData};

use crate::column::Column;
use crate::messages::{COLUMN_OF_FUNCTION, FUNCTION_READS, WHICH_ENUM, WHICH_STRUCT};
use crate::mistakes::Mistakes;
use crate::pg_type::{Body, Enum, PgType};
use crate::sql_name::check_length;
use crate::{serde_side, valid_column};

pub(crate) fn check(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    is_its_own(mistakes, ty, serde);
    match &ty.body {
        Body::Enum(body) => check_enum(mistakes, ty, body, serde),
        Body::Newtype { .. } => inner_states_its_encoding(mistakes, ty, serde),
        Body::Composite(columns) => {
            names_its_composite(mistakes, ty);
            serde_reads_an_object(mistakes, ty, serde);
            skipped_says_nothing(mistakes, columns);
            valid_column::check(mistakes, columns);
            if columns.is_empty() {
                mistakes.on(
                    &ty.input.ident,
                    "no field of this struct is read: a composite type takes at least one",
                );
            }
        }
        Body::Whole => {}
    }
}

fn check_enum(mistakes: &Mistakes, ty: &PgType<'_>, body: &Enum<'_>, serde: &Container<'_>) {
    says_which_column(mistakes, ty);
    // Read as json, or by a name, it may look as it likes.
    if ty.attributes.mentions("json") || ty.attributes.mentions("sql_type") {
        return;
    }
    is_read_by_its_name(mistakes, ty, serde);
    labels_are_known(mistakes, ty, serde);
    variants_hold_nothing(mistakes, serde);
    labels_fit(mistakes, ty, body);
    has_labels(mistakes, ty, body);
}

/// `remote` makes a reader for another type, not for this one.
fn is_its_own(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    if serde.attrs.remote().is_some() {
        mistakes.on(
            serde_side::find(&ty.input.attrs, &["remote"], ty.input.ident.to_token_stream()),
            "`#[serde(remote)]` describes a type of another crate and does not make this one readable: put `PgType` on a \
             newtype of your own, with `#[serde(with = \"…\")]` on its field and `#[stream(sql_type = \"…\", encoding = \
             \"…\")]` on it",
        );
    }
}

/// An enum of Rust may be an enum of PostgreSQL, or stand for texts or integers.
fn says_which_column(mistakes: &Mistakes, ty: &PgType<'_>) {
    let answers = ["type", "as", "json", "sql_type"];
    if answers.iter().any(|name| ty.attributes.mentions(name)) {
        return;
    }
    mistakes.on(&ty.input.ident, WHICH_ENUM);
}

/// A label is a JSON string, and so is a variant in serde's default representation only.
fn is_read_by_its_name(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    if serde_side::is_tagged(&serde.attrs) {
        mistakes.on(
            serde_side::find(
                &ty.input.attrs,
                &["tag", "untagged", "content"],
                ty.input.ident.to_token_stream(),
            ),
            "a column holds the name of the variant alone, and serde would not read that: remove this, or keep the enum in a \
             json column with `#[stream(json)]`",
        );
    }
}

/// What a conversion takes for labels no macro knows.
fn labels_are_known(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    if ty.attributes.mentions("type")
        && (serde.attrs.type_from().is_some() || serde.attrs.type_try_from().is_some())
    {
        mistakes.on(
            serde_side::find(
                &ty.input.attrs,
                &["from", "try_from"],
                ty.input.ident.to_token_stream(),
            ),
            "the labels of an enum are the names of its variants, and this reads something else: name the labels with \
             `#[serde(rename = \"…\")]` instead, or say `#[stream(sql_type = \"schema.name\", encoding = \"text\")]`, which \
             compares no labels",
        );
    }
}

/// A column of this kind has room for the name only.
fn variants_hold_nothing(mistakes: &Mistakes, serde: &Container<'_>) {
    let SerdeData::Enum(variants) = &serde.data else {
        return;
    };
    for variant in variants {
        if !variant.original.fields.is_empty() {
            mistakes.on(
                &variant.original.fields,
                "a column holds the name of the variant alone, with no room for this: remove it, or keep the enum in a json \
                 column with `#[stream(json)]`",
            );
        }
    }
}

/// PostgreSQL takes no longer labels, and serde reads each as one variant.
fn labels_fit(mistakes: &Mistakes, ty: &PgType<'_>, body: &Enum<'_>) {
    let mut taken = HashMap::new();
    for variant in &body.variants {
        let at = |names: &[&str]| {
            let ident = variant.original.ident.to_token_stream();
            serde_side::find(&variant.original.attrs, names, ident)
        };
        for label in variant.labels.all() {
            if ty.attributes.mentions("type")
                && !label.is_empty()
                && let Err(message) = check_length(
                    "a label of an enum",
                    "no label of the database can be this one",
                    label,
                )
            {
                mistakes.on(at(&["rename", "alias"]), message);
            }
            if let Some(first) = taken.insert(label, &variant.original.ident) {
                mistakes.on(
                    at(&["rename", "alias"]),
                    format_args!(
                        "`{first}` has the label \"{label}\" already, and serde reads it as one variant only: name another \
                         one with `#[serde(rename = \"…\")]`"
                    ),
                );
            }
        }
    }
}

/// A column without values needs no type.
fn has_labels(mistakes: &Mistakes, ty: &PgType<'_>, body: &Enum<'_>) {
    if body.variants.is_empty() && !body.open {
        mistakes.on(
            &ty.input.ident,
            "this enum has no variant that serde reads, so no column can hold one: add some",
        );
    }
}

/// What a function reads is known to that function only.
fn inner_states_its_encoding(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    if ty.is_described_as_a_whole() {
        return;
    }
    for field in serde.data.all_fields() {
        if field.attrs.deserialize_with().is_some() {
            mistakes.on(
                serde_side::find(
                    &field.original.attrs,
                    &["with", "deserialize_with"],
                    field.ty.to_token_stream(),
                ),
                format_args!(
                    "{FUNCTION_READS} on the struct what the column is:\n{COLUMN_OF_FUNCTION}"
                ),
            );
        }
    }
}

/// A struct with several fields may be a composite type, or one column that its own `Deserialize` reads.
fn names_its_composite(mistakes: &Mistakes, ty: &PgType<'_>) {
    if !ty.attributes.mentions("type") {
        mistakes.on(&ty.input.ident, WHICH_STRUCT);
    }
}

/// Only a table has a use for what is not sent.
fn skipped_says_nothing(mistakes: &Mistakes, columns: &[Column<'_>]) {
    for column in columns.iter().filter(|column| column.serde.skipped) {
        mistakes.on(
            column.serde_tokens(&["skip", "skip_deserializing"]),
            "serde does not read this field, so it is no attribute of the composite type: remove its `#[stream(…)]`, or let \
             serde read it",
        );
    }
}

/// A composite value is an object of its attributes.
fn serde_reads_an_object(mistakes: &Mistakes, ty: &PgType<'_>, serde: &Container<'_>) {
    if serde.attrs.type_from().is_some() || serde.attrs.type_try_from().is_some() {
        mistakes.on(
            serde_side::find(
                &ty.input.attrs,
                &["from", "try_from"],
                ty.input.ident.to_token_stream(),
            ),
            "this reads another type than this struct, so its fields would not be the attributes: say `#[stream(as = \
             \"Type\")]` with that type, which then needs `PgType`",
        );
    }
}
