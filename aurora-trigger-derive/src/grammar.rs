//! Which attributes `#[stream(…)]` takes, and where.

/// An attribute.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What stands behind the `=`, for messages; `None` for a flag.
    pub(crate) example: Option<&'static str>,
}

const fn text(name: &'static str, example: &'static str) -> Known {
    Known {
        name,
        example: Some(example),
    }
}

const fn flag(name: &'static str) -> Known {
    Known {
        name,
        example: None,
    }
}

/// A place for `#[stream(…)]`.
#[derive(Debug)]
pub(crate) struct Place {
    /// For messages: "`x` is not known on …".
    pub(crate) what: &'static str,
    pub(crate) known: &'static [Known],
    /// Other places of the same derive, whose attributes one may have meant.
    pub(crate) others: &'static [&'static Place],
}

const CRATE: Known = text("crate", "path::to::aurora_trigger_gen");
const COLUMN: Known = text("column", "column_name");
const JSON: Known = flag("json");
const AS: Known = text("as", "Type");
const SQL_TYPE: Known = text("sql_type", "schema.type");
const ENCODING: Known = text("encoding", "text");

pub(crate) static TABLE: Place = Place {
    what: "a `StreamTrigger` struct",
    known: &[
        text("table", "schema.table"),
        text("delivery", "async"),
        text("on_failure", "warn"),
        text("level", "statement"),
        text("ops", "insert, update, delete"),
        text("unchanged", "skip"),
        text("oversize", "key_only"),
        text("when", "a predicate in SQL"),
        text("key", "none"),
        text("partition_by", "field, field"),
        CRATE,
    ],
    others: &[&TABLE_FIELD],
};

pub(crate) static TABLE_FIELD: Place = Place {
    what: "a field of a `StreamTrigger` struct",
    known: &[
        flag("key"),
        COLUMN,
        JSON,
        flag("skip"),
        text("mask", "redact"),
        text("mask_sql", "left(value, 1) || '***'"),
        AS,
        SQL_TYPE,
        ENCODING,
    ],
    others: &[&TABLE],
};

pub(crate) static TYPE: Place = Place {
    what: "a `PgType`",
    known: &[
        text("type", "schema.type"),
        AS,
        JSON,
        SQL_TYPE,
        ENCODING,
        CRATE,
    ],
    others: &[&TYPE_FIELD],
};

pub(crate) static TYPE_FIELD: Place = Place {
    what: "a field of a composite type",
    known: &[COLUMN, JSON, AS, SQL_TYPE, ENCODING],
    others: &[&TYPE],
};

/// What there is to say of a newtype is said on the item.
pub(crate) static NEWTYPE_FIELD: Place = Place {
    what: "the field of a newtype",
    known: &[],
    others: &[&TYPE],
};

pub(crate) static ONE_COLUMN_FIELD: Place = Place {
    what: "a field of a type that is one column as a whole",
    known: &[],
    others: &[&TYPE],
};

pub(crate) static TYPE_VARIANT: Place = Place {
    what: "a variant of a `PgType` enum",
    known: &[],
    others: &[&TYPE],
};

pub(crate) static STREAM: Place = Place {
    what: "a `ChangeStream` enum",
    known: &[CRATE],
    others: &[&STREAM_VARIANT],
};

pub(crate) static STREAM_VARIANT: Place = Place {
    what: "a variant of a `ChangeStream` enum",
    known: &[flag("other")],
    others: &[&STREAM],
};

/// What serde's attribute would be taken for here.
pub(crate) fn serde_hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "rename" => {
            "`#[serde(rename = \"…\")]` names the key in JSON, `#[stream(column = \"…\")]` the column"
        }
        "rename_all" => {
            "`#[serde(rename_all = \"…\")]` names the keys in JSON, `#[stream(column = \"…\")]` on a field the column"
        }
        "alias"
        | "default"
        | "flatten"
        | "with"
        | "deserialize_with"
        | "try_from"
        | "transparent"
        | "deny_unknown_fields" => {
            "it is an attribute of serde, and `#[serde(…)]` is where it goes"
        }
        _ => return None,
    })
}

/// The one of `names` that was probably meant.
pub(crate) fn closest<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = if written.chars().count() < 8 { 1 } else { 2 };
    names
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out, changed or exchanged with the next one.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for row in 1..=left.len() {
        let mut next = vec![row];
        for column in 1..=right.len() {
            let changed = usize::from(left[row - 1] != right[column - 1]);
            let mut best = (rows[row - 1][column] + 1)
                .min(next[column - 1] + 1)
                .min(rows[row - 1][column - 1] + changed);
            let exchanged = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if exchanged {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            next.push(best);
        }
        rows.push(next);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let names = ["table", "delivery", "ops", "key"];
        assert_eq!(closest("tabel", names), Some("table"));
        assert_eq!(closest("deliverry", names), Some("delivery"));
        assert_eq!(closest("op", names), Some("ops"));
        assert_eq!(closest("schema", names), None);
        assert_eq!(closest("of", names), None);
    }
}
