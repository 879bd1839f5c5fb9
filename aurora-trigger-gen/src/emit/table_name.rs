//! A table's name as one writes it in SQL: `sales.orders`, `sales."Odd.Name"`.

use std::fmt;
use std::str::FromStr;

use super::sql::Identifier;
use crate::describe::TableDesc;

const FORM: &str = "write SCHEMA.TABLE as in SQL, with double quotes around a name that has capitals, a dot or a space: \
                    sales.orders, sales.\"Odd.Name\"";

/// A schema and a table, as the catalogue holds them. `aurora-trigger --table` leaves the same text to the server, which
/// reads it as a `regclass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    schema: String,
    table: String,
}

impl TableName {
    pub(super) fn of(table: &TableDesc) -> Self {
        Self {
            schema: table.schema().to_owned(),
            table: table.table().to_owned(),
        }
    }
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (schema, rest) = part(text).ok_or(FORM)?;
        let (table, rest) = rest.strip_prefix('.').and_then(part).ok_or(FORM)?;
        if rest.is_empty() {
            Ok(Self { schema, table })
        } else {
            Err(FORM.to_owned())
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (separator, name) in [("", &self.schema), (".", &self.table)] {
            f.write_str(separator)?;
            if part(name).is_some_and(|(read, rest)| read == *name && rest.is_empty()) {
                f.write_str(name)?;
            } else {
                f.write_str(&Identifier(name).quoted())?;
            }
        }
        Ok(())
    }
}

/// The first part, as the server reads it, and the text behind it. `None` if it is empty or its quote stays open.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['.', '"']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        return is_name.then(|| (name.to_ascii_lowercase(), rest));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                name.push('"');
                rest = next;
            }
            None => return (!name.is_empty()).then_some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_in_sql_and_written_so_that_it_is_read_again() {
        for (text, schema, table, written) in [
            ("sales.orders", "sales", "orders", "sales.orders"),
            ("Sales.ORDERS", "sales", "orders", "sales.orders"),
            (
                "sales.\"Odd.Name\"",
                "sales",
                "Odd.Name",
                "sales.\"Odd.Name\"",
            ),
            (
                "\"sales\".\"a\"\"b c\"",
                "sales",
                "a\"b c",
                "sales.\"a\"\"b c\"",
            ),
        ] {
            let name: TableName = text.parse().expect(text);
            assert_eq!((&*name.schema, &*name.table), (schema, table), "{text}");
            assert_eq!(name.to_string(), written);
            assert_eq!(written.parse(), Ok(name));
        }
        for text in [
            "",
            "orders",
            "sales.",
            ".orders",
            "shop.sales.orders",
            "sales.\"orders",
            "sales.\"\"",
            "sales.\"orders\"x",
            "sales. orders",
            "sales.or\"ders",
        ] {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }
}
