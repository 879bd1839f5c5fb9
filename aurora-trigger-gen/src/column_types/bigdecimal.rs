use ::bigdecimal::BigDecimal;

use super::{PgType, or_text};
use crate::describe::{Encoding, Sample, TypeDesc};

/// As a JSON string: numbers lose digits where somebody reads them through `f64`. All digits of a `numeric` arrive, NaN
/// and the infinities are refused.
impl PgType for BigDecimal {
    const TYPE: TypeDesc = TypeDesc::built_in(&["numeric"])
        .with_encoding(Encoding::Text)
        .with_samples(&[
            Sample::Json("\"1.10\""),
            Sample::Json(
                "\"-79228162514264337593543950336.0000000000000000000000000000000000001\"",
            ),
        ])
        .with_limits(or_text!(
            "`BigDecimal` holds no NaN and no infinity",
            "numeric"
        ));
}
