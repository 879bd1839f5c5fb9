//! Values of which one in three is at an edge.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bit_vec::BitVec;
use cidr::IpInet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::driver::DriverNumeric;
use crate::samples::{finite_f32, finite_f64};

pub(super) fn edges<S>(
    strategy: S,
    edges: impl Into<Vec<S::Value>>,
) -> impl Strategy<Value = S::Value>
where
    S: Strategy,
    S::Value: Clone + Debug + 'static,
{
    prop_oneof![2 => strategy, 1 => select(edges.into())]
}

pub(super) fn int2() -> impl Strategy<Value = i16> {
    edges(any::<i16>(), [i16::MIN, -1, 0, 1, i16::MAX])
}

pub(super) fn int4() -> impl Strategy<Value = i32> {
    edges(any::<i32>(), [i32::MIN, -1, 0, 1, i32::MAX])
}

/// For ranges: PostgreSQL makes of an included bound the number behind it.
pub(super) fn int4_before_the_last() -> impl Strategy<Value = i32> {
    int4().prop_map(|number| number.min(i32::MAX - 1))
}

pub(super) fn int8() -> impl Strategy<Value = i64> {
    edges(any::<i64>(), [i64::MIN, -1, 0, (1 << 53) + 1, i64::MAX])
}

/// The same.
pub(super) fn int8_before_the_last() -> impl Strategy<Value = i64> {
    int8().prop_map(|number| number.min(i64::MAX - 1))
}

/// A `numeric` of more digits than most types take.
pub(super) fn long_number() -> impl Strategy<Value = DriverNumeric> {
    let mut at_edges = ["0", "0.00", "1.10", "-0.5", "10000", "0.0001", "99999999"]
        .map(str::to_owned)
        .to_vec();
    at_edges.extend([
        format!("-{}.1", "9".repeat(300)),
        format!("0.{}1", "0".repeat(300)),
    ]);
    let at_edges: Vec<DriverNumeric> = at_edges.into_iter().map(DriverNumeric).collect();
    edges(DriverNumeric::random(), at_edges)
}

pub(super) fn oid() -> impl Strategy<Value = u32> {
    edges(any::<u32>(), [0, 1 << 31, 4_000_000_000, u32::MAX])
}

pub(super) fn float4() -> impl Strategy<Value = f32> {
    edges(
        finite_f32(),
        [0.0, -0.0, 1e-45, f32::MIN_POSITIVE, 7.038_531e-26, f32::MAX],
    )
}

pub(super) fn float8() -> impl Strategy<Value = f64> {
    edges(
        finite_f64(),
        [
            0.0,
            -0.0,
            5e-324,
            1e300,
            0.1 + 0.2,
            f64::MIN_POSITIVE,
            f64::MAX,
        ],
    )
}

/// With what is no number.
pub(super) fn any_float4() -> impl Strategy<Value = f32> {
    edges(
        any::<u32>().prop_map(f32::from_bits),
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0],
    )
}

/// With what is no number.
pub(super) fn any_float8() -> impl Strategy<Value = f64> {
    edges(
        any::<u64>().prop_map(f64::from_bits),
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0],
    )
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let at_edges: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"\\", b"'", b"\"", b"\\x00", b"\xff"];
    let mut at_edges = at_edges.map(Vec::from).to_vec();
    at_edges.push((0..=255).collect());
    edges(vec(any::<u8>(), 0..60), at_edges)
}

pub(super) fn uuid() -> impl Strategy<Value = Uuid> {
    let at_edges = [Uuid::nil(), Uuid::max(), Uuid::from_u128(1)];
    edges(any::<u128>().prop_map(Uuid::from_u128), at_edges)
}

/// So many bits.
pub(super) fn bits(count: usize) -> impl Strategy<Value = BitVec> {
    let at_edges = [false, true].map(|bit| BitVec::from_elem(count, bit));
    edges(
        vec(any::<bool>(), count).prop_map(BitVec::from_iter),
        at_edges,
    )
}

/// Up to 70 bits.
pub(super) fn some_bits() -> impl Strategy<Value = BitVec> {
    let at_edges: Vec<BitVec> = [0, 1, 7, 8, 9, 64, 65]
        .into_iter()
        .flat_map(|count| [false, true].map(|bit| BitVec::from_elem(count, bit)))
        .collect();
    edges(
        vec(any::<bool>(), 0..70).prop_map(BitVec::from_iter),
        at_edges,
    )
}

pub(super) fn v4_address() -> impl Strategy<Value = Ipv4Addr> {
    edges(
        any::<Ipv4Addr>(),
        [
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::BROADCAST,
            Ipv4Addr::LOCALHOST,
        ],
    )
}

pub(super) fn v6_address() -> impl Strategy<Value = Ipv6Addr> {
    edges(
        any::<Ipv6Addr>(),
        [
            Ipv6Addr::UNSPECIFIED,
            Ipv6Addr::LOCALHOST,
            Ipv6Addr::from_bits(u128::MAX),
            Ipv4Addr::BROADCAST.to_ipv6_mapped(),
            Ipv4Addr::BROADCAST.to_ipv6_compatible(),
            // Of two runs of zeros one is left out.
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1),
        ],
    )
}

pub(super) fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        v4_address().prop_map(IpAddr::V4),
        v6_address().prop_map(IpAddr::V6)
    ]
}

/// With networks of all lengths.
pub(super) fn v4_host() -> impl Strategy<Value = IpInet> {
    let length = edges(0_u8..=32, [0, 1, 8, 31, 32]);
    (v4_address(), length).prop_map(|(address, length)| host(address.into(), length))
}

/// With networks of all lengths.
pub(super) fn v6_host() -> impl Strategy<Value = IpInet> {
    let length = edges(0_u8..=128, [0, 1, 32, 33, 64, 127, 128]);
    (v6_address(), length).prop_map(|(address, length)| host(address.into(), length))
}

pub(super) fn any_host() -> impl Strategy<Value = IpInet> {
    prop_oneof![v4_host(), v6_host()]
}

fn host(address: IpAddr, length: u8) -> IpInet {
    IpInet::new(address, length).expect("the address has that many bits")
}
