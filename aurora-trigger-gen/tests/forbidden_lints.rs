//! An expansion allows no lint that a user may forbid, and means Rust's own types whatever a user calls theirs.
#![forbid(deprecated, unused_imports, unsafe_code, unused_must_use)]
#![allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    reason = "the types here are read by the macros and the tests only"
)]

use aurora_trigger_gen::{Change, ChangeStream, Keyed, PgType, StreamTrigger};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, PgType)]
#[serde(try_from = "std::primitive::i16")]
#[stream(as = "std::primitive::i16")]
enum Size {
    Small = 1,
    Large = 2,
}

impl TryFrom<std::primitive::i16> for Size {
    type Error = &'static str;

    fn try_from(number: std::primitive::i16) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Small),
            2 => Ok(Self::Large),
            _ => Err("no size"),
        }
    }
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.shirts", delivery = "async")]
struct Shirt {
    #[stream(key)]
    id: std::primitive::i64,
    size: Size,
    fixed: Fixed<{ 7 & 3 }>,
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
struct Fixed<const N: usize>(String);

#[derive(Debug, ChangeStream)]
enum Shop {
    Shirt(Change<Shirt>),
}

type bool = ();
type i16 = ();
type i64 = u8;

#[test]
fn a_stream_is_what_its_structs_say() {
    assert_eq!(Shop::TABLES.len(), 1);
    let shirt = Shirt {
        id: 7,
        size: Size::Large,
        fixed: Fixed(String::new()),
    };
    assert_eq!(shirt.key(), 7);
}
