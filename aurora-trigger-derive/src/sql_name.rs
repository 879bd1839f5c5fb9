//! Names as one writes them in SQL: `sales.orders`, `"Sales"."Orders"`.

use syn::LitStr;

use crate::mistakes::Mistakes;

/// PostgreSQL cuts a name here, and says so in a NOTICE only.
pub(crate) const LONGEST_NAME: usize = 63;

/// A name with or without its schema, as the catalogue holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

/// Whether a name must say its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// What the database itself made: the same name in another schema is another thing.
    Required,
    /// A type of an extension may be in another schema in each database.
    Optional,
}

impl SqlName {
    pub(crate) fn read(
        mistakes: &Mistakes,
        attribute: &str,
        text: &LitStr,
        schema: Schema,
    ) -> Option<Self> {
        let refuse = |message: String| {
            mistakes.on(text, message);
            None
        };
        let written = text.value();
        let mut parts = match parts(&written) {
            Ok(parts) => parts,
            Err(message) => return refuse(message),
        };
        for part in &parts {
            if let Err(message) = check_length("a name", CATALOGUE_HAS_IT, part) {
                return refuse(message);
            }
        }
        let name = parts.pop().expect("even an empty text has one part");
        match (parts.pop(), parts.is_empty()) {
            (None, _) if schema == Schema::Required => refuse(format!(
                "the schema is missing, and without it the name would mean another thing under another `search_path`: \
                 `{attribute} = \"public.{}\"`",
                written.replace('"', "\\\"")
            )),
            (schema, true) => Some(Self { schema, name }),
            (Some(_) | None, false) => refuse(format!(
                "`{attribute}` takes a schema and a name: `{attribute} = \"schema.name\"`; a dot inside a name needs \
                 double quotes around it, `\\\"a.b\\\"`"
            )),
        }
    }
}

/// What to do about a long name: what was created by it has been cut.
pub(crate) const CATALOGUE_HAS_IT: &str =
    "PostgreSQL cuts longer ones, so write what it made of this";

/// An error where PostgreSQL would not hold the name as it is.
pub(crate) fn check_length(what: &str, fix: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} is never empty: write it out"));
    }
    if name.contains('\0') {
        return Err(format!("{what} never holds a NUL character: remove it"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "{what} has at most {LONGEST_NAME} bytes, and this has {}: {fix}",
            name.len()
        ));
    }
    Ok(())
}

fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => plain_part(rest, text)?,
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => {
                return Err(format!(
                    "`{after}` is not expected behind the closing quote: a name is `schema.name`, each plain or in \
                     double quotes"
                ));
            }
        }
    }
}

/// Up to the closing quote; a doubled one is a quote in the name.
fn quoted_part(text: &str) -> Result<(String, &str), String> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest
            .split_once('"')
            .ok_or("the closing double quote is missing: `\\\"Name\\\"`")?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Ok((part, after)),
        }
    }
}

fn plain_part<'a>(text: &'a str, whole: &str) -> Result<(String, &'a str), String> {
    let end = text.find('.').unwrap_or(text.len());
    let (part, after) = text.split_at(end);
    if part.is_empty() {
        return Err("a name is missing here: `schema.name`".to_owned());
    }
    if part.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(format!(
            "PostgreSQL reads a name without double quotes in lower case. If it was created without them, write \
             `\"{}\"`; if with them, `r#\"{}\"#`",
            whole.to_ascii_lowercase(),
            whole
                .split('.')
                .map(|part| {
                    if part.contains(|c: char| c.is_ascii_uppercase()) && !part.starts_with('"') {
                        format!("\"{part}\"")
                    } else {
                        part.to_owned()
                    }
                })
                .collect::<Vec<_>>()
                .join(".")
        ));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || !c.is_ascii();
    if part.starts_with(|c: char| c.is_ascii_digit()) || !part.chars().all(plain) {
        return Err(format!(
            "`{part}` needs double quotes in SQL, so it does here: `r#\"…\"{}\"…\"#`. Without them a name is of lower \
             case letters, digits and `_`, and starts with no digit",
            part.replace('"', "\"\"")
        ));
    }
    Ok((part.to_owned(), after))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        let read = |text| parts(text).expect("it is a name");
        assert_eq!(read("sales.orders"), ["sales", "orders"]);
        assert_eq!(read(r#""Sales"."a.b""c""#), ["Sales", "a.b\"c"]);
        assert_eq!(read("größe._1"), ["größe", "_1"]);
    }

    #[test]
    fn what_sql_reads_otherwise_is_refused() {
        for text in [
            "", ".", "a.", ".a", "a b", "1a", "A", "\"a", "\"a\"b", "a\"b\"", "a;b",
        ] {
            parts(text).expect_err(text);
        }
    }
}
