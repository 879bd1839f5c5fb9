use ::rust_decimal::Decimal;

use super::{PgType, or_text};
use crate::describe::{Encoding, Sample, TypeDesc};

const LIMITS: &str = or_text!(
    "a numeric that rust_decimal::Decimal can't hold: it takes 28 digits, no NaN and no infinity; \
     `bigdecimal::BigDecimal` holds all digits",
    "numeric"
);

/// As a JSON string: `rust_decimal` reads a bare number through `f64`, which has fewer digits than a `Decimal`.
impl PgType for Decimal {
    const TYPE: TypeDesc = TypeDesc::built_in(&["numeric"])
        .with_encoding(Encoding::Text)
        .with_samples(&[
            Sample::Json("\"1.10\""),
            Sample::Json("\"-79228162514264337593543950335\""),
        ])
        .with_check(holds_every_digit);
}

/// `Decimal`'s own `Deserialize` rounds what it can't hold, without a word; its exact parser refuses it.
fn holds_every_digit(raw: &str) -> Result<(), &'static str> {
    let digits = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or("a numeric is expected as a JSON string")?;
    match Decimal::from_str_exact(digits) {
        Ok(_) => Ok(()),
        Err(_) => Err(LIMITS),
    }
}
