use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Clone, Copy, Deserialize, PgType)]
#[serde(try_from = "i16")]
#[stream(as = "i16")]
enum Small {
    One = 1,
    Large = 70_000,
    Larger = -32_769,
}

#[derive(Clone, Copy, Deserialize, PgType)]
#[serde(try_from = "i32")]
#[stream(as = "i32")]
enum Medium {
    Fits = i32::MIN as isize,
    Large = 0x8000_0000,
}

impl TryFrom<i16> for Small {
    type Error = &'static str;

    fn try_from(_: i16) -> Result<Self, Self::Error> {
        Ok(Self::One)
    }
}

impl TryFrom<i32> for Medium {
    type Error = &'static str;

    fn try_from(_: i32) -> Result<Self, Self::Error> {
        Ok(Self::Fits)
    }
}

fn main() {}
