//! Attributes that take one of a few words.

use std::fmt::Write;

use syn::LitStr;

use crate::attr::Attributes;
use crate::grammar::closest;
use crate::mistakes::Mistakes;

/// A word, and the name of the variant that it is in `aurora_trigger_gen::describe`.
type Words = &'static [(&'static str, &'static str)];

pub(crate) const DELIVERY: Words = &[
    ("async", "Async"),
    ("sync", "Sync"),
    ("commit", "Commit"),
    ("outbox", "Outbox"),
];
pub(crate) const ON_FAILURE: Words = &[("warn", "Warn"), ("abort", "Abort"), ("outbox", "Outbox")];
pub(crate) const LEVEL: Words = &[("statement", "Statement"), ("row", "Row")];
pub(crate) const UNCHANGED: Words = &[("skip", "Skip"), ("emit", "Emit")];
pub(crate) const OVERSIZE: Words = &[("key_only", "KeyOnly"), ("dead_letter", "DeadLetter")];
pub(crate) const MASK: Words = &[
    ("redact", "Redact"),
    ("last4", "LastFour"),
    ("sha256", "Sha256"),
];
pub(crate) const ENCODING: Words = &[("json", "Json"), ("text", "Text")];

/// The name of the chosen variant; `None` where the attribute is not there, or wrong, which is reported.
pub(crate) fn choice(
    mistakes: &Mistakes,
    attributes: &Attributes,
    name: &str,
    words: Words,
) -> Option<&'static str> {
    let text = attributes.text(name)?;
    let written = text.value();
    if let Some((_, variant)) = words.iter().find(|(word, _)| *word == written) {
        return Some(variant);
    }
    mistakes.on(text, unknown_word(name, &written, words));
    None
}

fn unknown_word(name: &str, written: &str, words: Words) -> String {
    let mut message = format!("`{name}` takes {}", one_of(words));
    if let Some(meant) = closest(written, words.iter().map(|(word, _)| *word)) {
        write!(message, ": did you mean \"{meant}\"?").expect("a String takes everything");
    } else {
        write!(message, ", and \"{written}\" is none of these").expect("a String takes everything");
    }
    message
}

fn one_of(words: Words) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    words.join(" or ")
}

/// Which statements are captured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Operations {
    pub(crate) insert: bool,
    pub(crate) update: bool,
    pub(crate) delete: bool,
    pub(crate) truncate: bool,
}

impl Operations {
    pub(crate) fn read(mistakes: &Mistakes, attributes: &Attributes) -> Option<Self> {
        let text = attributes.text("ops")?;
        let mut this = Self::default();
        for word in list(mistakes, "ops", text)? {
            let operation = match word.as_str() {
                "insert" => &mut this.insert,
                "update" => &mut this.update,
                "delete" => &mut this.delete,
                "truncate" => &mut this.truncate,
                _ => {
                    let known = ["insert", "update", "delete", "truncate"];
                    let hint = closest(&word.to_lowercase(), known)
                        .map(|meant| format!(": did you mean \"{meant}\"?"))
                        .unwrap_or_default();
                    mistakes.on(
                        text,
                        format_args!(
                            "`ops` lists some of insert, update, delete and truncate, and \"{word}\" is none of \
                             these{hint}"
                        ),
                    );
                    continue;
                }
            };
            if std::mem::replace(operation, true) {
                mistakes.on(
                    text,
                    format_args!("\"{word}\" stands here twice: remove one of the two"),
                );
            }
        }
        Some(this)
    }
}

/// The words of a list with commas; `None` for an empty one, which is reported.
pub(crate) fn list(mistakes: &Mistakes, name: &str, text: &LitStr) -> Option<Vec<String>> {
    let written = text.value();
    let words: Vec<String> = written
        .split(',')
        .map(|word| word.trim().to_owned())
        .collect();
    if words.iter().any(String::is_empty) {
        let example = match name {
            "ops" => "insert, update, delete",
            _ => "field, other_field",
        };
        mistakes.on(
            text,
            format_args!("`{name}` takes one or more words with commas between them: `{name} = \"{example}\"`"),
        );
        return None;
    }
    Some(words)
}
