use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::columns;

// An address with a netmask is refused, which would be lost; and by those of one version the other one's.
columns! {
    IpAddr => ["inet"], ["\"192.0.2.1\"", "\"2001:db8::1\""],
        "`IpAddr` holds no netmask; `cidr::IpInet` holds every value";
    Ipv4Addr => ["inet"], ["\"192.0.2.1\""],
        "`Ipv4Addr` holds no netmask and no IPv6; `cidr::IpInet` holds every value";
    Ipv6Addr => ["inet"], ["\"::ffff:192.0.2.1\""],
        "`Ipv6Addr` holds no netmask and no IPv4; `cidr::IpInet` holds every value";
}
