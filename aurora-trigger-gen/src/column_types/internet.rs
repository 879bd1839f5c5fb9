use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::columns;

// An address with a netmask is refused, which would be lost; and by those of one version the other one's.
columns! {
    IpAddr => ["inet"], ["\"192.0.2.1\"", "\"2001:db8::1\""];
    Ipv4Addr => ["inet"], ["\"192.0.2.1\""];
    Ipv6Addr => ["inet"], ["\"::ffff:192.0.2.1\""];
}
