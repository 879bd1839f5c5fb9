//! What the type of a refused value can't hold, and what can: the second half of the reason.

use serde_path_to_error::{Path, Segment};

use crate::describe::{ColumnDesc, FieldDesc, Shape, TableDesc, TypeDesc};

const NULL: &str =
    "what may be NULL is read by an `Option`, and an array that may hold it by a `Vec<Option<T>>`";
const LABEL: &str =
    "add a variant for the label, or one with `#[serde(other)]` for all that are missing";

/// What to say behind `error` at `path` of an image. Nothing in it is a value.
pub(crate) fn of(
    table: &TableDesc,
    path: &Path,
    error: &serde_json::Error,
) -> Option<&'static str> {
    let types = types(table, path);
    let innermost = types.last()?;
    let text = error.to_string();
    if text.starts_with("unknown variant") {
        return Some(LABEL);
    }
    if text.starts_with("invalid type: null") {
        return Some(NULL);
    }
    let is_array = |ty: &&&TypeDesc| matches!(ty.shape(), Shape::Array(_));
    if text.starts_with("invalid type: sequence") {
        // It is the array which has too many dimensions, whatever its elements hold.
        return types.iter().rev().find(is_array)?.limits();
    }
    innermost.limits().or_else(|| {
        // An array says something of dimensions only, and these are right where one of its elements is wrong.
        let around = types.iter().rev().filter(|ty| !is_array(ty));
        around.copied().find_map(TypeDesc::limits)
    })
}

/// The types that the path leads through, as far as they are described.
fn types(table: &TableDesc, path: &Path) -> Vec<&'static TypeDesc> {
    let mut segments = path.iter();
    let column = match segments.next() {
        Some(Segment::Map { key }) => table
            .streamed()
            .find(|column| column.json() == key || column.aliases().contains(&&**key)),
        _ => None,
    };
    std::iter::successors(column.map(ColumnDesc::ty), |ty| part(ty, segments.next()?)).collect()
}

fn part(ty: &TypeDesc, segment: &Segment) -> Option<&'static TypeDesc> {
    match (ty.shape(), segment) {
        (Shape::Array(part) | Shape::Multirange(part), Segment::Seq { .. }) => Some(part),
        (Shape::Range(element), Segment::Map { key }) => {
            matches!(&**key, "lower" | "upper").then_some(element)
        }
        (Shape::Composite { fields, .. }, Segment::Map { key }) => fields
            .iter()
            .find(|field| field.json() == key)
            .map(FieldDesc::ty),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::describe::{Delivery, KeyDesc, QualifiedName};
    use crate::error::ImageError;
    use crate::{Multirange, PgType, Range};

    static NUMBERS: TypeDesc = <Vec<f64>>::TYPE;
    static TEXTS: TypeDesc = <Vec<String>>::TYPE;
    static RANGES: TypeDesc = <Multirange<f64>>::TYPE;
    static INTEGERS: TypeDesc = <Vec<Vec<i32>>>::TYPE;
    static PAIR: TypeDesc =
        TypeDesc::composite(QualifiedName::new(Some("public"), "pair"), &FIELDS)
            .with_limits("of the pair");
    static FIELDS: [FieldDesc; 2] = [
        FieldDesc::new("left", "l", &NUMBERS),
        FieldDesc::new("right", "r", &bool::TYPE),
    ];
    static COLUMNS: [ColumnDesc; 6] = [
        ColumnDesc::new("number", "number", "Number", &f64::TYPE).with_aliases(&["zahl"]),
        ColumnDesc::new("texts", "texts", "texts", &TEXTS),
        ColumnDesc::new("ranges", "ranges", "ranges", &RANGES),
        ColumnDesc::new("integers", "integers", "integers", &INTEGERS),
        ColumnDesc::new("pair", "pair", "pair", &PAIR),
        ColumnDesc::new("hidden", "hidden", "hidden", &f64::TYPE).with_skip(),
    ];
    static TABLE: TableDesc = TableDesc::new(
        "Row",
        "public",
        "rows",
        &COLUMNS,
        KeyDesc::PartitionBy(&["number"]),
        Delivery::Async,
    );

    /// What is said behind the error with which a map of `T` refuses the image.
    fn said<T: DeserializeOwned>(image: &str) -> Option<&'static str> {
        let mut json = serde_json::Deserializer::from_str(image);
        let error = serde_path_to_error::deserialize::<_, BTreeMap<String, T>>(&mut json)
            .err()
            .expect("the image is refused");
        of(&TABLE, error.path(), error.inner())
    }

    #[test]
    fn the_type_is_found_where_the_path_leads() {
        let float = f64::TYPE.limits();
        assert!(float.is_some());
        assert_eq!(said::<f64>(r#"{"Number":"NaN"}"#), float);
        assert_eq!(said::<f64>(r#"{"zahl":"NaN"}"#), float);
        assert_eq!(
            said::<Multirange<f64>>(r#"{"ranges":[{"lower":1,"upper":"NaN","bounds":"[)"}]}"#),
            float
        );
        assert_eq!(
            said::<BTreeMap<String, Vec<f64>>>(r#"{"pair":{"l":[1,"NaN"]}}"#),
            float
        );
        for unknown in [r#"{"number":"NaN"}"#, r#"{"hidden":"NaN"}"#] {
            assert_eq!(said::<f64>(unknown), None, "{unknown}");
        }
        assert_eq!(said::<bool>("[]"), None);
        assert_eq!(
            said::<Range<f64>>(r#"{"ranges":{"lower":"NaN"}}"#),
            None,
            "a multirange is no object"
        );
    }

    #[test]
    fn what_is_around_a_type_without_limits_speaks_for_it() {
        assert_eq!(
            said::<BTreeMap<String, bool>>(r#"{"pair":{"r":"no"}}"#),
            Some("of the pair")
        );
    }

    #[test]
    fn an_array_speaks_of_dimensions_only() {
        let array = TEXTS.limits();
        assert!(array.is_some());
        assert_eq!(said::<Vec<f64>>(r#"{"pair":[[1]]}"#), None);
        assert_eq!(said::<Vec<String>>(r#"{"texts":[["a"]]}"#), array);
        assert_eq!(said::<Vec<Vec<i32>>>(r#"{"integers":[1]}"#), array);
        assert_eq!(said::<Vec<String>>(r#"{"texts":[7]}"#), None);
        assert_eq!(
            said::<BTreeMap<String, Vec<f64>>>(r#"{"pair":{"l":[[1]]}}"#),
            array
        );
    }

    #[test]
    fn a_null_and_a_label_are_said_to_be_such() {
        assert_eq!(said::<f64>(r#"{"Number":null}"#), Some(NULL));
        assert_eq!(said::<Vec<f64>>(r#"{"texts":[null]}"#), Some(NULL));
        #[derive(Debug, serde::Deserialize)]
        enum Status {
            Placed,
        }
        assert!(matches!(
            serde_json::from_str(r#""Placed""#),
            Ok(Status::Placed)
        ));
        assert_eq!(said::<Status>(r#"{"texts":"Paid"}"#), Some(LABEL));
    }

    #[test]
    fn the_reason_ends_with_it_with_and_without_values() {
        let mut json = serde_json::Deserializer::from_str(r#"{"Number":"NaN"}"#);
        let error =
            serde_path_to_error::deserialize::<_, BTreeMap<String, f64>>(&mut json).unwrap_err();
        let error = ImageError::in_table(&TABLE, error);
        let limits =
            "`f64` holds no NaN and no infinity; `aurora_trigger_gen::Float8` holds every value";
        assert_eq!(
            error.without_values(),
            format!("at `Number`: invalid type, expected f64: {limits}")
        );
        assert_eq!(
            error.to_string(),
            format!(
                "at `Number`: invalid type: string \"NaN\", expected f64 at line 1 column 15: {limits}"
            )
        );
    }
}
