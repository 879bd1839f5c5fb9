//! Values that some type refuses.

use aurora_trigger_gen::Interval;
use cidr::{IpCidr, IpInet};

use super::column::{Refused, refused};
use super::raw::Raw;
use crate::driver::DriverNumeric;
use crate::interval::Binary;

pub(super) const TOO_LARGE: &str = "79228162514264337593543950336";
pub(super) const TOO_LONG: &str = "0.12345678901234567890123456789";

pub(super) fn number(text: &str) -> DriverNumeric {
    DriverNumeric(text.to_owned())
}

/// Of either sign.
pub(super) fn infinite_numbers() -> Vec<Refused> {
    [0xD0, 0xF0]
        .map(|sign| refused(Raw(vec![0, 0, 0, 0, sign, 0, 0, 0])).since(140_000))
        .into()
}

/// Of either sign.
pub(super) fn infinite_intervals() -> Vec<Refused> {
    let of = |microseconds, days| {
        let months = days;
        let interval = Interval {
            months,
            days,
            microseconds,
        };
        refused(Binary(interval)).since(170_000)
    };
    vec![of(i64::MAX, i32::MAX), of(i64::MIN, i32::MIN)]
}

/// A version stands before the text.
pub(super) fn jsonb(text: &str) -> Raw {
    Raw([b"\x01", text.as_bytes()].concat())
}

pub(super) fn host(text: &str) -> IpInet {
    text.parse().expect("it is an address")
}

pub(super) fn network(text: &str) -> IpCidr {
    text.parse().expect("it is a network")
}
