use ::cidr::{IpCidr, IpInet, Ipv4Cidr, Ipv4Inet, Ipv6Cidr, Ipv6Inet};

use super::columns;

// Those of one version refuse addresses of the other.
columns! {
    IpCidr => ["cidr"], ["\"192.0.2.0/24\"", "\"2001:db8::/32\"", "\"::/0\""];
    Ipv4Cidr => ["cidr"], ["\"192.0.2.0/24\"", "\"0.0.0.0/0\""],
        "`Ipv4Cidr` holds no IPv6; `cidr::IpCidr` holds every value";
    Ipv6Cidr => ["cidr"], ["\"2001:db8::/32\"", "\"::/0\""],
        "`Ipv6Cidr` holds no IPv4; `cidr::IpCidr` holds every value";
    IpInet => ["inet", "cidr"], ["\"192.0.2.1\"", "\"192.0.2.1/24\"", "\"2001:db8::1/32\""];
    Ipv4Inet => ["inet", "cidr"], ["\"192.0.2.1\"", "\"192.0.2.1/24\""],
        "`Ipv4Inet` holds no IPv6; `cidr::IpInet` holds every value";
    Ipv6Inet => ["inet", "cidr"], ["\"::ffff:192.0.2.1\"", "\"2001:db8::1/32\""],
        "`Ipv6Inet` holds no IPv4; `cidr::IpInet` holds every value";
}
