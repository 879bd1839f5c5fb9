//! The rules between the attributes of a table, one function each.

use quote::ToTokens;
use serde_derive_internals::attr;

use crate::column::ColumnMask;
use crate::messages::{DELIVERIES, KEY_IS_MISSING, NO_NUL};
use crate::mistakes::Mistakes;
use crate::table::Table;
use crate::{serde_side, valid_column};

/// A table in PostgreSQL has at most this many.
const MOST_COLUMNS: usize = 1600;

pub(crate) fn check(mistakes: &Mistakes, table: &Table<'_>, serde: &attr::Container) {
    if table.attributes.span().is_none() {
        says_something(mistakes, table);
    } else if !table.attributes.is_malformed() {
        names_its_table(mistakes, table);
        chooses_its_delivery(mistakes, table);
        chooses_its_key(mistakes, table);
    }
    on_failure_goes_with_async(mistakes, table);
    when_is_a_predicate(mistakes, table);
    serde_reads_a_row(mistakes, table, serde);
    valid_column::check(mistakes, &table.columns);
    has_columns(mistakes, table);
}

/// A derive alone is the beginning of a table: one message then, with all that it takes.
fn says_something(mistakes: &Mistakes, table: &Table<'_>) {
    mistakes.on(
        &table.input.ident,
        format_args!(
            "`#[stream(table = \"schema.table\", delivery = \"…\")]` is missing on this struct, and `#[stream(key)]` on \
             the fields of its key.\n\n{DELIVERIES}"
        ),
    );
}

/// There is no guess at the table: a plural, a prefix, a schema differ from app to app.
fn names_its_table(mistakes: &Mistakes, table: &Table<'_>) {
    if !table.attributes.mentions("table") {
        mistakes.at(
            table.attribute_span(),
            "`table` is missing: which one is this a row of? `table = \"schema.table\"`",
        );
    }
}

/// The promise about lost and additional events is the author's to choose.
fn chooses_its_delivery(mistakes: &Mistakes, table: &Table<'_>) {
    if !table.attributes.mentions("delivery") {
        mistakes.at(
            table.attribute_span(),
            format_args!("`delivery` is missing. {DELIVERIES}"),
        );
    }
}

/// Only `async` has a choice: `sync` fails the write with its call, and the others have the event in the outbox.
fn on_failure_goes_with_async(mistakes: &Mistakes, table: &Table<'_>) {
    let always = match table.delivery {
        Some("Sync") => "with \"sync\" a call that fails always makes the write fail",
        Some("Commit") => {
            "with \"commit\" what a failed call did not send is always kept in the outbox"
        }
        Some("Outbox") => "with \"outbox\" the write makes no call",
        _ => return,
    };
    if let Some(tokens) = table.attributes.tokens("on_failure") {
        mistakes.on(
            tokens,
            format_args!(
                "`on_failure` goes with `delivery = \"async\"` only: {always}. Remove it, or choose \"async\""
            ),
        );
    }
}

/// An empty predicate would be a mistake in the SQL.
fn when_is_a_predicate(mistakes: &Mistakes, table: &Table<'_>) {
    if let Some(text) = table.attributes.text("when") {
        let predicate = text.value();
        if predicate.trim().is_empty() {
            mistakes.on(
                text,
                "`when` takes a predicate in SQL over the struct's columns, `when = \"status <> 'draft'\"`: write one, or \
                 remove it to send all rows",
            );
        } else if predicate.contains('\0') {
            mistakes.on(text, NO_NUL);
        }
    }
}

/// Events are told apart and put in order by the key, so no table has none by accident.
fn chooses_its_key(mistakes: &Mistakes, table: &Table<'_>) {
    let key_field = table.columns.iter().find(|column| column.key);
    let Some(none) = table.attributes.text("key") else {
        let is_missing = key_field.is_none() && !table.attributes.mentions("key");
        let may_be_misspelt = table
            .columns
            .iter()
            .any(|column| column.attributes.is_unclear());
        if is_missing && !may_be_misspelt {
            mistakes.at(table.attribute_span(), KEY_IS_MISSING);
        }
        if let Some(tokens) = table.attributes.tokens("partition_by") {
            mistakes.on(
                tokens,
                "`partition_by` goes with `key = \"none\"` only, since events are spread by the key where there is one: \
                 remove it",
            );
        }
        return;
    };
    if none.value() != "none" {
        mistakes.on(
            none,
            "`key` on the struct only takes \"none\", for a table without a key: for one that has it, mark its fields \
             as `#[stream(key)]`",
        );
        return;
    }
    if let Some(column) = key_field {
        mistakes.on(
            column.attributes.tokens("key"),
            "this struct says `key = \"none\"` and has a key field: remove one of the two",
        );
    }
    partition_by_names_fields(mistakes, table, none);
}

/// What spreads the events must stand in every image, whole.
fn partition_by_names_fields(mistakes: &Mistakes, table: &Table<'_>, none: &syn::LitStr) {
    let Some(text) = table.attributes.text("partition_by") else {
        if !table.attributes.mentions("partition_by") {
            mistakes.on(
                none,
                "`key = \"none\"` needs to know what else the events are spread by: `partition_by = \"field\"`, with one \
                 or more fields of this struct",
            );
        }
        return;
    };
    let names = table.partition_by.as_deref().unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            mistakes.on(
                text,
                format_args!("`{name}` stands here twice: remove one of the two"),
            );
            continue;
        }
        let Some(column) = table.columns.iter().find(|column| column.rust == *name) else {
            let why = if table.left_out.contains(name) {
                "is left out by `#[serde(skip)]`: take that off, or name another field"
            } else {
                "is no field of this struct: it takes names of fields as they are in Rust"
            };
            mistakes.on(text, format_args!("`{name}` {why}"));
            continue;
        };
        if column.skip {
            mistakes.on(
                text,
                format_args!("`{name}` is skipped, and events can't be spread by what is not sent: name another field"),
            );
        }
        if column.mask == Some(ColumnMask::Known("Redact")) {
            mistakes.on(
                text,
                format_args!(
                    "`{name}` is redacted, so all events would go the same way: name another field"
                ),
            );
        }
    }
}

/// An image is an object with a member for each column, and serde must read it as that.
fn serde_reads_a_row(mistakes: &Mistakes, table: &Table<'_>, serde: &attr::Container) {
    let refuse = |name: &str, why: &str| {
        let here = table.input.ident.to_token_stream();
        mistakes.on(
            serde_side::find(&table.input.attrs, &[name], here),
            format_args!("`#[serde({name})]` {why}"),
        );
    };
    if serde.remote().is_some() {
        refuse(
            "remote",
            "describes a struct of another crate and does not make this one readable: write a struct of your own for the \
             row, and a `From` for the other",
        );
    }
    let another = "reads another type than this struct, so its fields would not be the columns: put `StreamTrigger` on \
                   that type, or convert after reading";
    if serde.type_from().is_some() {
        refuse("from", another);
    }
    if serde.type_try_from().is_some() {
        refuse("try_from", another);
    }
    if serde.transparent() {
        refuse(
            "transparent",
            "reads the field alone, and an image is an object of all columns: remove it",
        );
    }
}

/// An image without members tells nothing.
fn has_columns(mistakes: &Mistakes, table: &Table<'_>) {
    if table.columns.len() > MOST_COLUMNS {
        mistakes.on(
            &table.input.ident,
            format_args!(
                "a table has at most {MOST_COLUMNS} columns, and these are {}: remove those that it does not have",
                table.columns.len()
            ),
        );
    }
    if table.columns.iter().all(|column| column.skip) {
        mistakes.on(
            &table.input.ident,
            "no field of this struct is sent: it takes at least one for its key",
        );
    }
}
