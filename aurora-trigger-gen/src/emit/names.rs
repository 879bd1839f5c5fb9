//! The names of the objects that belong to a table: readable where that is unambiguous, and never the same for two.

use crate::describe::TableDesc;

/// Where PostgreSQL cuts names, with a NOTICE only.
const NAME_BYTES: usize = 63;

/// The to-JSON function.
pub(super) const TO_JSON: &str = "_to_json";
/// The trigger functions for statements, by what these do.
pub(super) const INSERT: &str = "_insert";
pub(super) const UPDATE: &str = "_update";
pub(super) const DELETE: &str = "_delete";
pub(super) const TRUNCATE: &str = "_truncate";
/// The trigger function for rows. Another name than those for statements, so that a trigger which is still of the other
/// level keeps the function that fits it.
pub(super) const ROW: &str = "_row";
/// The function that masks columns by the author's expressions.
pub(super) const MASK: &str = "_mask";

/// The names of all functions that the table can have.
pub(super) fn all(table: &TableDesc) -> [String; 7] {
    [TO_JSON, INSERT, UPDATE, DELETE, TRUNCATE, ROW, MASK].map(|suffix| object(table, suffix))
}

/// `schema_table` and the suffix; with a hash of both names where those are not plain, or would be cut, or could be read
/// as another pair: `a_b`.`c` is not `a`.`b_c`.
pub(super) fn object(table: &TableDesc, suffix: &str) -> String {
    let (schema, name) = (table.schema(), table.table());
    let plain = format!("{schema}_{name}{suffix}");
    let is_plain = !schema.contains('_')
        && !name.contains("__")
        && !name.starts_with('_')
        && plain.len() <= NAME_BYTES
        && plain
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && plain.starts_with(|first: char| first.is_ascii_lowercase());
    if is_plain {
        return plain;
    }
    let readable: String = format!("{schema}_{name}")
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .take(NAME_BYTES - suffix.len() - "__".len() - 16 - "t".len())
        .collect();
    format!("t{readable}__{:016x}{suffix}", hash([schema, name]))
}

/// FNV-1a in 64 bits of the texts, with a zero between each two: the same in every version of Rust, so that a later run
/// finds the objects again.
pub(super) fn hash<const N: usize>(texts: [&str; N]) -> u64 {
    texts
        .join("\0")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::describe::{Delivery, KeyDesc};

    fn name(schema: &'static str, table: &'static str) -> String {
        let table = TableDesc::new("Row", schema, table, &[], KeyDesc::Columns, Delivery::Async);
        object(&table, TRUNCATE)
    }

    #[test]
    fn plain_names_stay_readable() {
        assert_eq!(name("sales", "orders"), "sales_orders_truncate");
        assert_eq!(name("public", "order_items"), "public_order_items_truncate");
    }

    #[test]
    fn no_two_tables_share_an_object() {
        let long: &'static str = Box::leak("t".repeat(60).into_boxed_str());
        let tables = [
            ("a_b", "c"),
            ("a", "b_c"),
            ("a", "b__c"),
            ("a", "_b"),
            ("a", "B_c"),
            ("a", "b c"),
            ("a", "b-c"),
            ("a", "übung"),
            ("public", Box::leak(format!("{long}aaa").into_boxed_str())),
            ("public", Box::leak(format!("{long}aab").into_boxed_str())),
        ];
        let names: HashSet<String> = tables
            .iter()
            .map(|(schema, table)| name(schema, table))
            .collect();
        assert_eq!(names.len(), tables.len(), "{names:?}");
        assert!(
            names.iter().all(|name| name.len() <= NAME_BYTES),
            "{names:?}"
        );
    }
}
