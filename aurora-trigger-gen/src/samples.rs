//! The check that a struct decodes its own images, before anything runs.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use crate::describe::{ColumnDesc, Mask, Shape, TableDesc, TypeDesc};
use crate::error::ImageError;
use crate::stream::{ChangeStream, ImageCheck};

/// A sample image that its struct does not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleError {
    /// The struct.
    pub rust_path: &'static str,
    /// The image, as the trigger would send it.
    pub image: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} does not decode what its own trigger sends: {}\n  the image: {}",
            self.rust_path, self.reason, self.image
        )
    }
}

impl Error for SampleError {}

/// Decodes sample images of each table of the stream, made of the samples of its columns' types: values that are at the
/// edge of what PostgreSQL sends, NULLs, empty arrays.
///
/// It finds what no compiler sees: a field's own `Deserialize` that reads another form, a feature of a type crate,
/// turned on elsewhere in the app, that changes its JSON.
///
/// A `#[stream(json)]` field has no samples; the rest of its row is checked without it.
///
/// Cargo unifies features, so these may be turned on by anybody in the app:
///
/// | feature | what becomes of the types |
/// | --- | --- |
/// | rust_decimal: `serde-float` and `serde-str` together | `Decimal` reads nothing but numbers: found here |
/// | serde_json: `arbitrary_precision`; bigdecimal's `serde-json` and rust_decimal's `serde-arbitrary-precision` turn it on | `serde_json::Value` keeps every digit. In a `#[stream(json)]` field what serde reads in two steps (`tag`, `untagged`, `flatten`) sees each number as a map: such an event is refused, unless the type takes maps too; a driver reads the same |
/// | each other one of serde_json, each other `serde-…` of rust_decimal, bigdecimal's `string-only`, time's `serde`, `serde-human-readable`, `serde-well-known` and `large-dates` | every value arrives as without it |
///
/// # Errors
///
/// Every image that does not decode, but of those that fail in the same way, at the same field, only the first.
pub fn check_samples<S: ChangeStream>() -> Result<(), Vec<SampleError>> {
    let mut known = HashSet::new();
    let errors: Vec<SampleError> = S::TABLES
        .iter()
        .zip(S::CHECKS)
        .flat_map(|(table, check)| {
            (0..rounds(table)).filter_map(move |round| check_image(table, *check, round))
        })
        .filter(|(error, kind)| known.insert((error.rust_path, kind.clone())))
        .map(|(error, _)| error)
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// As many images as the type with the most samples needs, and one for the NULLs.
fn rounds(table: &TableDesc) -> usize {
    fn of(ty: &TypeDesc) -> usize {
        let inner = match ty.shape() {
            Shape::Array(part) | Shape::Range(part) | Shape::Multirange(part) => 1 + of(part),
            Shape::Composite { fields, .. } => {
                fields.iter().map(|field| of(field.ty())).max().unwrap_or(0)
            }
            Shape::Enum { labels, .. } => labels.len(),
            Shape::BuiltIn(_) | Shape::Named(_) => 0,
        };
        ty.samples().len().max(inner)
    }
    1 + table
        .streamed()
        .map(|column| of(column.ty()))
        .max()
        .unwrap_or(0)
}

/// What is wrong with an image, and the same without the values, which are others in each round.
fn check_image(
    table: &'static TableDesc,
    check: ImageCheck,
    round: usize,
) -> Option<(SampleError, String)> {
    let mut left_out: Vec<&ColumnDesc> = Vec::new();
    loop {
        let mut members = Vec::new();
        for column in table.streamed() {
            let is_left_out = left_out.iter().any(|other| other.json() == column.json());
            let value = match column.mask() {
                _ if is_left_out => None,
                Some(Mask::Sha256) => Some(format!("\"{}\"", "0f".repeat(32))),
                Some(Mask::Redact | Mask::LastFour | Mask::Sql(_)) => Some("\"***\"".to_owned()),
                None => sample(column.ty(), round),
            };
            match value {
                Some(value) => members.push(format!("{}:{value}", quoted(column.json()))),
                None if is_left_out => {}
                None => left_out.push(column),
            }
        }
        let image = format!("{{{}}}", members.join(","));
        let error = check(&image).err()?;
        let reason = error.to_string();
        // serde reports a missing field last, when all that is there has decoded.
        let only_lacks_a_sample = left_out
            .iter()
            .any(|column| reason.contains(&format!("missing field `{}`", column.json())));
        if only_lacks_a_sample {
            return None;
        }
        if let Some(column) = refused_by_own_code(table, &error) {
            left_out.push(column);
            continue;
        }
        let failure = SampleError {
            rust_path: table.rust_path(),
            image,
            reason,
        };
        return Some((failure, error.without_values()));
    }
}

/// The column whose sample is refused for its value by a type that takes some values of its columns only.
fn refused_by_own_code(
    table: &'static TableDesc,
    error: &ImageError,
) -> Option<&'static ColumnDesc> {
    if error.is_of_another_type() {
        return None;
    }
    let path = error.path();
    let name = &path[..path.find(['.', '[']).unwrap_or(path.len())];
    table
        .streamed()
        .find(|column| column.json() == name && column.ty().is_partial())
}

/// A value of the type, another in each round; `None` where nothing is known of its values.
fn sample(ty: &TypeDesc, round: usize) -> Option<String> {
    if ty.is_nullable() && round == 0 {
        return Some("null".to_owned());
    }
    let own = ty.samples();
    match ty.shape() {
        Shape::Array(part) | Shape::Multirange(part) if round > 0 => {
            let first = sample(part, round - 1)?;
            let second = sample(part, round)?;
            Some(format!("[{first},{second}]"))
        }
        Shape::Array(_) | Shape::Multirange(_) => Some("[]".to_owned()),
        Shape::Range(element) if round > 0 => {
            let lower = sample(element, round - 1)?;
            Some(format!(r#"{{"lower":{lower},"upper":null,"bounds":"[)"}}"#))
        }
        Shape::Range(_) => Some(r#"{"lower":null,"upper":null,"bounds":"empty"}"#.to_owned()),
        Shape::Composite { fields, .. } => {
            let members: Option<Vec<String>> = fields
                .iter()
                .map(|field| {
                    Some(format!(
                        "{}:{}",
                        quoted(field.json()),
                        sample(field.ty(), round)?
                    ))
                })
                .collect();
            Some(format!("{{{}}}", members?.join(",")))
        }
        Shape::Enum { labels, .. } if own.is_empty() => {
            (!labels.is_empty()).then(|| quoted(labels[round % labels.len()]))
        }
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => {
            if own.is_empty() {
                return ty.is_nullable().then(|| "null".to_owned());
            }
            Some(own[round % own.len()].to_json())
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
