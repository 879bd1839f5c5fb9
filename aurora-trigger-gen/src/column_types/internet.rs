use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::PgType;
use crate::describe::{Sample, TypeDesc};

/// An address of a host. One with a netmask is refused: it would be lost.
impl PgType for IpAddr {
    const TYPE: TypeDesc = TypeDesc::built_in(&["inet"]).with_samples(&[
        Sample::Json("\"192.0.2.1\""),
        Sample::Json("\"2001:db8::1\""),
    ]);
}

/// The same, of version 4; the others are refused.
impl PgType for Ipv4Addr {
    const TYPE: TypeDesc =
        TypeDesc::built_in(&["inet"]).with_samples(&[Sample::Json("\"192.0.2.1\"")]);
}

/// The same, of version 6; the others are refused.
impl PgType for Ipv6Addr {
    const TYPE: TypeDesc =
        TypeDesc::built_in(&["inet"]).with_samples(&[Sample::Json("\"::ffff:192.0.2.1\"")]);
}
