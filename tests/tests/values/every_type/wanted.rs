//! What the struct should hold of what the driver reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aurora_trigger_gen::Bits;
use bigdecimal::BigDecimal;
use bit_vec::BitVec;
use cidr::{IpCidr, IpInet, Ipv4Cidr, Ipv4Inet, Ipv6Cidr, Ipv6Inet};

use crate::driver::DriverNumeric;
use crate::user_types::{Level, Segment};

/// Of each element that is not NULL.
pub(super) fn each<D, T>(values: Vec<Option<D>>, into: fn(D) -> T) -> Vec<Option<T>> {
    values.into_iter().map(|value| value.map(into)).collect()
}

pub(super) fn big_decimal(number: &DriverNumeric) -> BigDecimal {
    number.0.parse().expect("it is a number")
}

pub(super) fn all_bits(bits: &BitVec) -> Bits {
    Bits(bits.iter().collect())
}

pub(super) fn segment(label: &str) -> Segment {
    match label {
        "retail_trade" => Segment::RetailTrade,
        "wholesale" | "B2B" => Segment::Wholesale,
        other => panic!("{other} is refused"),
    }
}

pub(super) fn level(number: i16) -> Level {
    Level::try_from(number).expect("the other ones are refused")
}

macro_rules! of_one_version {
    ($($name:ident: $both:ident::$version:ident -> $ty:ty;)+) => {
        $(pub(super) fn $name(address: $both) -> $ty {
            match address {
                $both::$version(address) => address,
                other => panic!("{other} is refused"),
            }
        })+
    };
}

of_one_version! {
    v4_address: IpAddr::V4 -> Ipv4Addr;
    v6_address: IpAddr::V6 -> Ipv6Addr;
    v4_host: IpInet::V4 -> Ipv4Inet;
    v6_host: IpInet::V6 -> Ipv6Inet;
    v4_network: IpCidr::V4 -> Ipv4Cidr;
    v6_network: IpCidr::V6 -> Ipv6Cidr;
}
