//! Where lines end. Code is laid out while it is written, with the indentation of its place passed down: a text is
//! never indented afterwards, since the names and values in it can hold line breaks.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::sql::Identifier;

/// No line is longer, unless a name is.
const WIDTH: usize = 100;

pub(super) fn pad(indent: usize) -> String {
    " ".repeat(indent)
}

/// Whether the line holds the text besides what it holds already.
pub(super) fn fits(text: &str, columns_taken: usize) -> bool {
    !text.contains('\n') && columns_taken + text.chars().count() <= WIDTH
}

/// `open`, the items and `close` in one line where that fits, otherwise each item in a line of its own. The line begins
/// at `indent`, and holds `others` characters besides.
pub(super) fn list(
    open: &str,
    items: &[String],
    close: &str,
    indent: usize,
    others: usize,
) -> String {
    let line = format!("{open}{}{close}", items.join(", "));
    if fits(&line, indent + others) {
        return line;
    }
    let inner = pad(indent + 4);
    format!(
        "{open}\n{inner}{}\n{}{close}",
        items.join(&format!(",\n{inner}")),
        pad(indent)
    )
}

/// `value AS name` in one line where that fits. The value is laid out for `indent`.
pub(super) fn named(value: &str, name: Identifier<'_>, indent: usize) -> String {
    let line = format!("{value} AS {name}");
    // A value of several lines ends in a short one.
    if value.contains('\n') || fits(&line, indent + ",".len()) {
        return line;
    }
    format!("{value}\n{}AS {name}", pad(indent + 4))
}

/// JSON in lines that are filled, and each object of an array in a line of its own. The first line begins at `indent`
/// and holds `others` characters besides. Its line breaks stand between values, where they mean nothing.
pub(super) fn json(value: &Value, indent: usize, others: usize) -> String {
    let mut filled = Filled {
        text: String::new(),
        column: indent + others,
    };
    filled.value(value, indent, 0);
    filled.text
}

/// With a space behind each colon: to SQLAlchemy and others `:true` is a parameter.
fn in_a_line(value: &Value) -> String {
    struct Spaced;

    impl Formatter for Spaced {
        fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
            writer.write_all(b": ")
        }
    }

    let mut text = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut text, Spaced))
        .expect("a Vec takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}

struct Filled {
    text: String,
    /// How many characters the last line has.
    column: usize,
}

impl Filled {
    /// `behind`: how many brackets and commas follow the value in its last line.
    fn value(&mut self, value: &Value, indent: usize, behind: usize) {
        let line = in_a_line(value);
        let fits = fits(&line, self.column + behind);
        match value {
            Value::Array(elements) if !fits && elements.iter().any(Value::is_object) => {
                self.push("[");
                for (index, element) in elements.iter().enumerate() {
                    self.push(if index > 0 { "," } else { "" });
                    self.new_line(indent + 4);
                    self.value(element, indent + 4, 1);
                }
                self.new_line(indent);
                self.push("]");
            }
            Value::Array(elements) if !fits => {
                let members: Vec<(String, &Value)> = elements
                    .iter()
                    .map(|element| (String::new(), element))
                    .collect();
                self.members(["[", "]"], &members, indent, behind);
            }
            Value::Object(members) if !fits => {
                let members: Vec<(String, &Value)> = members
                    .iter()
                    .map(|(name, member)| (format!("{}: ", Value::from(name.as_str())), member))
                    .collect();
                self.members(["{", "}"], &members, indent, behind);
            }
            _ => self.push(&line),
        }
    }

    fn members(
        &mut self,
        brackets: [&str; 2],
        members: &[(String, &Value)],
        indent: usize,
        behind: usize,
    ) {
        self.push(brackets[0]);
        for (index, (name, member)) in members.iter().enumerate() {
            let is_last = index + 1 == members.len();
            let behind = if is_last { behind + 1 } else { 1 };
            if index > 0 {
                self.push(",");
                let text = format!("{name}{}", in_a_line(member));
                if !fits(&text, self.column + behind) {
                    self.new_line(indent + 4);
                }
            }
            self.push(name);
            self.value(member, indent + 4, behind);
        }
        self.push(brackets[1]);
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.push_str(&pad(indent));
        self.column = indent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_for_a_line_is_laid_out_in_several() {
        let items = ["a".repeat(60), "b".repeat(30)];
        assert_eq!(
            list("f(", &items, ")", 0, 0),
            format!("f({}, {})", items[0], items[1])
        );
        assert_eq!(
            list("f(", &items, ")", 4, 5),
            format!("f(\n        {},\n        {}\n    )", items[0], items[1])
        );
    }

    #[test]
    fn json_means_the_same_in_several_lines() {
        let labels: Vec<String> = (0..40).map(|number| format!("label \n {number}")).collect();
        let columns = serde_json::json!([
            {"column": "short", "type": {"types": ["int4"]}},
            {"column": "state", "type": {"enum": {"name": "a"}, "labels": labels}},
        ]);
        let text = json(&columns, 12, 1);
        assert_eq!(
            serde_json::from_str::<Value>(&text).expect("it is JSON"),
            columns
        );
        assert!(text.lines().count() > 5, "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert!(
            text.starts_with("[\n                {\"column\": \"short\","),
            "{text}"
        );
    }
}
