//! The rules between the attributes of one column, and between columns, one function each.

use std::collections::HashMap;

use syn::{GenericArgument, PathArguments, Type};

use crate::column::{Column, ColumnMask};
use crate::messages::{COLUMN_OF_FUNCTION, FUNCTION_READS, NO_NUL};
use crate::mistakes::Mistakes;
use crate::sql_name::{CATALOGUE_HAS_IT, check_length};

pub(crate) fn check(mistakes: &Mistakes, columns: &[Column<'_>]) {
    for column in columns {
        holds_no_reference(mistakes, column);
        is_not_flattened(mistakes, column);
        states_its_encoding(mistakes, column);
        names_fit(mistakes, column);
        key_is_sent(mistakes, column);
        skip_leaves_serde_something(mistakes, column);
        mask_has_something_to_hide(mistakes, column);
    }
    json_keys_differ(mistakes, columns);
    columns_differ(mistakes, columns);
}

/// A borrowed text can't be read where JSON escapes a character, which depends on the row.
fn holds_no_reference(mistakes: &Mistakes, column: &Column<'_>) {
    if column.serde.skipped {
        return;
    }
    if has_reference(&column.field.ty) {
        mistakes.on(
            &column.field.ty,
            "a reference into the image can't be read as soon as a row holds a quote, a backslash or a line break, which \
             JSON escapes: use `String`, or `Cow<'_, str>`",
        );
    } else if column.serde.borrows {
        mistakes.on(
            column.serde_tokens(&["borrow"]),
            "a change owns its rows, so nothing in them borrows from the record: remove `#[serde(borrow)]`",
        );
    }
}

/// Whether a reference is anywhere in the type. `&` in a const argument, as in `Fixed<{ 7 & 3 }>`, is none.
fn has_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) => true,
        Type::Array(array) => has_reference(&array.elem),
        Type::Slice(slice) => has_reference(&slice.elem),
        Type::Paren(paren) => has_reference(&paren.elem),
        Type::Group(group) => has_reference(&group.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(has_reference),
        Type::Path(path) => {
            let own = path.qself.iter().any(|own| has_reference(&own.ty));
            let segments = path.path.segments.iter();
            own || segments
                .map(|segment| &segment.arguments)
                .any(arguments_have_reference)
        }
        _ => false,
    }
}

fn arguments_have_reference(arguments: &PathArguments) -> bool {
    match arguments {
        PathArguments::None | PathArguments::Parenthesized(_) => false,
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().any(|argument| match argument {
                GenericArgument::Type(ty) => has_reference(ty),
                GenericArgument::AssocType(ty) => has_reference(&ty.ty),
                _ => false,
            })
        }
    }
}

/// A flattened field has no column of its own.
fn is_not_flattened(mistakes: &Mistakes, column: &Column<'_>) {
    if column.serde.flatten {
        mistakes.on(
            column.serde_tokens(&["flatten"]),
            "`#[serde(flatten)]` hides which columns these are: write the fields into this struct, or keep them in one \
             json column with `#[stream(json)]`",
        );
    }
}

/// What a function reads is known to that function only.
fn states_its_encoding(mistakes: &Mistakes, column: &Column<'_>) {
    let stated = ["as", "json", "sql_type"]
        .iter()
        .any(|name| column.attributes.mentions(name));
    // To borrow a text is done by a function too, and is refused by itself.
    if column.serde.deserialize_with.is_some() && !column.serde.borrows && !stated && !column.skip {
        mistakes.on(
            column.serde_tokens(&["with", "deserialize_with"]),
            format_args!("{FUNCTION_READS} what the column is:\n{COLUMN_OF_FUNCTION}"),
        );
    }
}

/// PostgreSQL cuts longer names, and two that were cut can become one. A JSON key is the name of a column in a query.
fn names_fit(mistakes: &Mistakes, column: &Column<'_>) {
    let column_fits = check_length("the name of a column", CATALOGUE_HAS_IT, &column.column);
    if let Err(message) = &column_fits {
        mistakes.on(column.column_tokens(), message);
    }
    // Both come from the field's name, unless told otherwise: then one message is enough.
    let same = column.serde.json.name == column.column;
    let reported = same && column_fits.is_err();
    if !column.skip
        && !reported
        && let Err(message) = check_length(
            "a key in JSON, which is a column's name in a query,",
            "choose a shorter one with `#[serde(rename = \"…\")]`",
            &column.serde.json.name,
        )
    {
        mistakes.on(column.serde_tokens(&["rename"]), message);
    }
}

/// The key says which row it is, in every event.
fn key_is_sent(mistakes: &Mistakes, column: &Column<'_>) {
    if !column.key || !column.skip {
        return;
    }
    if let Some(skip) = column.attributes.tokens("skip") {
        mistakes.on(
            skip,
            "the key says which row an event is about, so it is always sent: remove `skip`, or `key`",
        );
    } else {
        mistakes.on(
            column.serde_tokens(&["skip", "skip_deserializing"]),
            "the key says which row an event is about, so serde must read it: remove `skip`, or `#[stream(key)]`",
        );
    }
}

/// A function of serde's is called for what is there only. Whether another field without a default is an `Option` the
/// types tell, in an assertion of the expansion.
fn skip_leaves_serde_something(mistakes: &Mistakes, column: &Column<'_>) {
    if column.skip
        && !column.serde.skipped
        && !column.serde.has_default
        && column.serde.deserialize_with.is_some()
    {
        mistakes.on(
            column.attributes.tokens("skip"),
            "what is not sent stands in no image, and serde would refuse every one of them: add `#[serde(default)]`",
        );
    }
}

/// A mask replaces a value by a text. Whether the field reads one the types tell, in an assertion of the expansion.
fn mask_has_something_to_hide(mistakes: &Mistakes, column: &Column<'_>) {
    let given = || column.attributes.given(&["mask", "mask_sql"]);
    let Some((name, tokens)) = given().last() else {
        return;
    };
    if given().count() > 1 {
        mistakes.on(
            tokens,
            "`mask` and `mask_sql` each say what is sent: remove one of the two",
        );
    } else if column.skip {
        mistakes.on(
            tokens,
            format_args!(
                "`{name}` hides a value that is sent, and `skip` sends none: remove one of the two"
            ),
        );
    } else if column.attributes.mentions("json") {
        mistakes.on(
            tokens,
            format_args!(
                "`{name}` replaces a text, and a json column holds more: leave it out with `#[stream(skip)]`, or move \
                 what is to be hidden into a column of its own"
            ),
        );
    } else if column.key && column.mask == Some(ColumnMask::Known("Redact")) {
        mistakes.on(
            tokens,
            "with `redact` all rows would have the same key: use `mask = \"sha256\"`, which tells them apart, or another \
             key",
        );
    } else if let Some(ColumnMask::Sql(expression)) = &column.mask {
        if column.key {
            mistakes.on(
                tokens,
                "what an expression makes of two keys can be the same, and then two rows are one: use `mask = \"sha256\"`, \
                 which tells them apart, or another key",
            );
        }
        if expression.trim().is_empty() {
            mistakes.on(
                tokens,
                "`mask_sql` takes an expression in SQL over the text `value`: `mask_sql = \"left(value, 1) || '***'\"`",
            );
        } else if expression.contains('\0') {
            mistakes.on(tokens, NO_NUL);
        }
    }
}

/// serde gives the value of a key to the first field that takes it, also to one that is not sent, and the other gets none.
fn json_keys_differ(mistakes: &Mistakes, columns: &[Column<'_>]) {
    let mut taken: HashMap<&str, &Column<'_>> = HashMap::new();
    for column in columns.iter().filter(|column| !column.serde.skipped) {
        for name in column.serde.json.all() {
            if let Some(first) = taken.get(name) {
                mistakes.on(
                    column.serde_tokens(&["rename", "alias"]),
                    format_args!(
                        "`{}` takes the JSON key \"{name}\" already, and serde gives it to one field only: name another key \
                         with `#[serde(rename = \"…\")]`",
                        first.rust
                    ),
                );
                break;
            }
        }
        for name in column.serde.json.all() {
            taken.entry(name).or_insert(column);
        }
    }
}

/// A column stands in an image once.
fn columns_differ(mistakes: &Mistakes, columns: &[Column<'_>]) {
    let mut taken: HashMap<&str, &Column<'_>> = HashMap::new();
    for column in columns {
        if let Some(first) = taken.insert(&column.column, column) {
            mistakes.on(
                column.column_tokens(),
                format_args!(
                    "`{}` is the column \"{}\" already: name another one with `#[stream(column = \"…\")]`, or remove one of \
                     the two",
                    first.rust, column.column
                ),
            );
        }
    }
}
