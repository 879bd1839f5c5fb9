//! Three kinds of SQL text that can't be taken for one another: a name, a value, and code.
//!
//! Templates print nothing else, so whatever comes from a struct is quoted by its type.

use std::fmt;

use super::layout;

/// A name: always in double quotes, so that no keyword, capital or odd character is anything but a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identifier<'a>(pub(crate) &'a str);

impl Identifier<'_> {
    /// The name in its quotes, for a text that is not laid out.
    pub(crate) fn quoted(self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Display for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&as_it_is(self.quoted()))
    }
}

/// A text that holds line breaks or marks of the layout keeps them.
fn as_it_is(quoted: String) -> String {
    if quoted.contains(char::is_control) {
        layout::verbatim(&quoted)
    } else {
        quoted
    }
}

/// A text value. One with a backslash takes the `E''` form, which means the same under every
/// `standard_conforming_strings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Literal<'a>(pub(crate) &'a str);

impl Literal<'_> {
    /// The value in its quotes, for a text that is not laid out.
    pub(crate) fn quoted(self) -> String {
        let quoted = self.0.replace('\'', "''");
        if quoted.contains('\\') {
            format!("E'{}'", quoted.replace('\\', "\\\\"))
        } else {
            format!("'{quoted}'")
        }
    }
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&as_it_is(self.quoted()))
    }
}

/// A text array of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiteralArray<'a>(pub(crate) Vec<&'a str>);

impl fmt::Display for LiteralArray<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ARRAY[")?;
        for (index, text) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Literal(text))?;
        }
        f.write_str("]::text[]")
    }
}

/// Code: an expression or a statement, made of the other two or written by the struct's author (`when`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sql(pub(crate) String);

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A body between dollar quotes, whose tag does not occur in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DollarQuoted(pub(crate) String);

impl fmt::Display for DollarQuoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = unused_tag("body", &self.0);
        write!(f, "{tag}\n{}\n{tag}", self.0.trim_matches('\n'))
    }
}

/// A tag of dollar quotes that does not occur in the text.
pub(crate) fn unused_tag(name: &str, text: &str) -> String {
    std::iter::once(format!("${name}$"))
        .chain((1..).map(|number| format!("${name}_{number}$")))
        .find(|tag| !text.contains(tag.as_str()))
        .expect("a text holds finitely many tags")
}

/// A remark that stays in its line, whatever it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remark<'a>(pub(crate) &'a str);

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .filter(|c| !c.is_control())
            .try_for_each(|c| write!(f, "{c}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_gets_out_of_its_quotes() {
        assert_eq!(Identifier("a\"; DROP").to_string(), "\"a\"\"; DROP\"");
        assert_eq!(Literal("it's").to_string(), "'it''s'");
        assert_eq!(Literal("\\'").to_string(), "E'\\\\'''");
        assert_eq!(
            LiteralArray(vec!["a", "b'"]).to_string(),
            "ARRAY['a', 'b''']::text[]"
        );
        assert_eq!(
            DollarQuoted("x $body$ $body_1$".to_owned()).to_string(),
            "$body_2$\nx $body$ $body_1$\n$body_2$"
        );
        assert_eq!(
            Remark("a\nDROP TABLE b\u{2028}").to_string(),
            "aDROP TABLE b\u{2028}"
        );
    }
}
