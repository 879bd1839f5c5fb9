//! The ends of lines. Code is written without regard to its place, and laid out once, when all of it is there: a block of
//! lines moves to the indentation of the line that it begins in, and a group is one line where that fits.
//!
//! Marks of control characters in the text say where these begin and end. What may hold line breaks or control
//! characters of its own, such as a name or an author's SQL, is printed [`verbatim`].

use std::fmt::Write as _;
use std::io::{self, Write};
use std::str::Chars;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::sql::Identifier;

/// No line is longer, unless a name is.
const WIDTH: usize = 100;

/// The mark that [`block`] puts before its lines, for templates.
pub(super) const BLOCK: char = '\u{1}';
pub(super) const BLOCK_END: char = '\u{2}';
const GROUP: char = '\u{3}';
const GROUP_END: char = '\u{4}';
/// A place where a group that does not fit into one line is broken. Two characters follow: whether there is a space in one
/// line, and by how many columns the next line is indented.
const BREAK: char = '\u{5}';
/// The next character is no mark.
const PLAIN: char = '\u{6}';
const VERBATIM: char = '\u{7}';
const VERBATIM_END: char = '\u{8}';

fn is_mark(c: char) -> bool {
    (BLOCK..=VERBATIM_END).contains(&c)
}

/// Lines whose indentation is relative to the line that they are put into.
pub(super) fn block(lines: &str) -> String {
    format!("{BLOCK}{lines}{BLOCK_END}")
}

/// A text as it is, with its line breaks.
pub(super) fn verbatim(text: &str) -> String {
    let mut marked = String::from(VERBATIM);
    for c in text.chars() {
        if is_mark(c) {
            marked.push(PLAIN);
        }
        marked.push(c);
    }
    marked.push(VERBATIM_END);
    marked
}

/// `open`, the items and `close` in one line where that fits, otherwise each item in a line of its own.
pub(super) fn list(open: &str, items: &[String], close: &str) -> String {
    format!(
        "{GROUP}{open}{BREAK}-4{}{BREAK}-0{close}{GROUP_END}",
        items.join(&format!(",{BREAK} 4"))
    )
}

/// The parts in one line where that fits, otherwise each in a line of its own, with these indentations of 0, 4 or 8.
pub(super) fn parts(first: &str, rest: &[(u8, &str)]) -> String {
    let mut group = format!("{GROUP}{first}");
    for (indentation, part) in rest {
        write!(group, "{BREAK} {indentation}{part}").expect("a String takes everything");
    }
    group.push(GROUP_END);
    group
}

/// `value AS name` in one line where that fits.
pub(super) fn named(value: &str, name: Identifier<'_>) -> String {
    let name = format!("AS {name}");
    // A value of several lines ends in a short one.
    if value.contains('\n') {
        return format!("{value} {name}");
    }
    parts(value, &[(4, &name)])
}

/// The text without its marks, each line at its place.
pub(super) fn lay_out(text: &str) -> String {
    let mut output = LaidOut::default();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            BLOCK => output.blocks.push(output.indentation),
            BLOCK_END => {
                output.blocks.pop();
            }
            GROUP => {
                let fits = output.column + width(rest.as_str()) <= WIDTH;
                output.groups.push((fits, output.indentation));
            }
            GROUP_END => {
                output.groups.pop();
            }
            BREAK => {
                let (space, indentation) = (rest.next(), rest.next());
                output.break_line(space == Some(' '), indentation);
            }
            VERBATIM => output.copy(&mut rest),
            '\n' => output.new_line(output.blocks.last().copied().unwrap_or(0)),
            _ => output.push(c),
        }
    }
    output.text
}

/// The columns that a group takes in one line, with the text behind it there; too many if it has several lines.
fn width(group_and_rest: &str) -> usize {
    let (mut width, mut depth) = (0, 1);
    let mut rest = group_and_rest.chars();
    while let Some(c) = rest.next() {
        match c {
            GROUP if depth <= 0 => break,
            GROUP => depth += 1,
            GROUP_END => depth -= 1,
            BREAK if depth <= 0 => break,
            BREAK => {
                width += usize::from(rest.next() == Some(' '));
                rest.next();
            }
            '\n' if depth <= 0 => break,
            '\n' => return usize::MAX / 2,
            PLAIN => {
                rest.next();
                width += 1;
            }
            _ if is_mark(c) => {}
            _ => width += 1,
        }
    }
    width
}

#[derive(Default)]
struct LaidOut {
    text: String,
    /// The number of characters of the last line.
    column: usize,
    /// The number of spaces that it begins with.
    indentation: usize,
    /// The spaces are still to come: an empty line gets none.
    is_new: bool,
    /// The indentation of each block around.
    blocks: Vec<usize>,
    /// For each group around, whether it is one line, and the indentation of the line that it begins in.
    groups: Vec<(bool, usize)>,
}

impl LaidOut {
    fn push(&mut self, c: char) {
        self.begin_line();
        if c == ' ' && self.column == self.indentation {
            self.indentation += 1;
        }
        self.text.push(c);
        self.column += 1;
    }

    fn new_line(&mut self, indentation: usize) {
        self.text.push('\n');
        (self.column, self.indentation) = (indentation, indentation);
        self.is_new = true;
    }

    fn begin_line(&mut self) {
        if std::mem::take(&mut self.is_new) {
            self.text.push_str(&pad(self.indentation));
        }
    }

    fn break_line(&mut self, has_space: bool, indentation: Option<char>) {
        match self.groups.last() {
            Some(&(false, begin)) => {
                let digit = indentation
                    .and_then(|digit| digit.to_digit(10))
                    .unwrap_or(0);
                self.new_line(begin + digit as usize);
            }
            _ if has_space => self.push(' '),
            _ => {}
        }
    }

    fn copy(&mut self, rest: &mut Chars<'_>) {
        self.begin_line();
        while let Some(c) = rest.next() {
            match c {
                VERBATIM_END => return,
                PLAIN => self.text.extend(rest.next()),
                _ => self.text.push(c),
            }
            self.column = if c == '\n' { 0 } else { self.column + 1 };
        }
    }
}

fn pad(indent: usize) -> String {
    " ".repeat(indent)
}

/// The line has room for the text besides its characters so far.
fn fits(text: &str, columns_taken: usize) -> bool {
    !text.contains('\n') && columns_taken + text.chars().count() <= WIDTH
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
        let call = list("f(", &items, ")");
        assert_eq!(lay_out(&call), format!("f({}, {})", items[0], items[1]));
        assert_eq!(
            lay_out(&format!("    call {call}, x\n    y")),
            format!(
                "    call f(\n        {},\n        {}\n    ), x\n    y",
                items[0], items[1]
            )
        );
        let call = list("g(", &[call], ")");
        assert_eq!(
            lay_out(&format!("      {call}")),
            format!(
                "      g(\n          f(\n              {},\n              {}\n          )\n      )",
                items[0], items[1]
            )
        );
    }

    #[test]
    fn a_block_begins_in_its_line_and_a_text_stays_as_it_is() {
        let inner = block("CASE\n    1\n\nEND");
        let outer = block(&format!(
            "(\n    {inner} AS a,\n    {}\n)",
            verbatim("x\ny\u{1}")
        ));
        assert_eq!(
            lay_out(&format!("  f{outer}\nend")),
            "  f(\n      CASE\n          1\n\n      END AS a,\n      x\ny\u{1}\n  )\nend"
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
