use aurora_trigger_gen::{Bits, MacAddress, MacAddress8};
use bit_vec::BitVec;
use cidr::{IpCidr, IpInet, Ipv4Cidr, Ipv4Inet, Ipv6Cidr, Ipv6Inet};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::driver::DriverAddress;
use crate::holder::Entry::{self, LiteralArrives};
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::samples;

in_every_session!(bit_strings, hardware_addresses, networks);

async fn bit_strings(holder: &Holder) {
    let into = |bits: BitVec| Bits(bits.iter().collect());
    let bits = |bits: Vec<bool>| bits.into_iter().collect::<BitVec>();
    let mut values = arrive(samples(vec(any::<bool>(), 0..70).prop_map(bits)));
    values.push(LiteralArrives("''"));
    holder
        .check_as::<Row<Bits>, BitVec>("bit varying NOT NULL", values, into)
        .await;
    let values = arrive(samples(vec(any::<bool>(), 9).prop_map(bits)));
    holder
        .check_as::<Row<Bits>, BitVec>("bit(9) NOT NULL", values, into)
        .await;
    let many = vec(vec(any::<bool>(), 0..20).prop_map(bits), 0..4);
    holder
        .check_as::<Row<Vec<Bits>>, Vec<BitVec>>(
            "bit varying[] NOT NULL",
            arrive(samples(many)),
            |all| all.into_iter().map(into).collect(),
        )
        .await;
}

async fn hardware_addresses(holder: &Holder) {
    let mut values = arrive(samples(
        any::<[u8; 6]>().prop_map(|bytes| DriverAddress(MacAddress(bytes))),
    ));
    values.push(LiteralArrives("'ff-ff-ff-00-00-00'"));
    holder
        .check_as::<Row<MacAddress>, DriverAddress<MacAddress>>(
            "macaddr NOT NULL",
            values,
            |address| address.0,
        )
        .await;
    let mut values = arrive(samples(
        any::<[u8; 8]>().prop_map(|bytes| DriverAddress(MacAddress8(bytes))),
    ));
    values.push(LiteralArrives("'08:00:2b:01:02:03'"));
    holder
        .check_as::<Row<MacAddress8>, DriverAddress<MacAddress8>>(
            "macaddr8 NOT NULL",
            values,
            |address| address.0,
        )
        .await;
}

const NETWORKS: [&str; 6] = [
    "'192.0.2.0/24'",
    "'0.0.0.0/0'",
    "'192.0.2.1/32'",
    "'::/0'",
    "'2001:db8::/32'",
    "'::ffff:1.2.3.0/120'",
];

fn literals<D>(texts: &[&'static str]) -> Vec<Entry<D>> {
    texts.iter().copied().map(LiteralArrives).collect()
}

async fn networks(holder: &Holder) {
    holder
        .check::<IpCidr>("cidr NOT NULL", literals(&NETWORKS))
        .await;
    holder
        .check_as::<Row<Ipv4Cidr>, IpCidr>("cidr NOT NULL", literals(&NETWORKS[..3]), |network| {
            match network {
                IpCidr::V4(network) => network,
                IpCidr::V6(_) => panic!("{network} is of version 6"),
            }
        })
        .await;
    holder
        .check_as::<Row<Ipv6Cidr>, IpCidr>("cidr NOT NULL", literals(&NETWORKS[3..]), |network| {
            match network {
                IpCidr::V6(network) => network,
                IpCidr::V4(_) => panic!("{network} is of version 4"),
            }
        })
        .await;
    holder
        .check_refused::<Ipv4Cidr>("cidr NOT NULL", &["'::/0'"])
        .await;
    let hosts = ["'192.0.2.1/24'", "'192.0.2.1'", "'2001:db8::1/32'", "'::1'"];
    holder
        .check::<IpInet>("inet NOT NULL", literals(&hosts))
        .await;
    holder
        .check_as::<Row<Ipv4Inet>, IpInet>(
            "inet NOT NULL",
            literals(&hosts[..2]),
            |host| match host {
                IpInet::V4(host) => host,
                IpInet::V6(_) => panic!("{host} is of version 6"),
            },
        )
        .await;
    holder
        .check_as::<Row<Ipv6Inet>, IpInet>(
            "inet NOT NULL",
            literals(&hosts[2..]),
            |host| match host {
                IpInet::V6(host) => host,
                IpInet::V4(_) => panic!("{host} is of version 4"),
            },
        )
        .await;
    holder
        .check_refused::<Ipv6Inet>("inet NOT NULL", &["'192.0.2.1/24'"])
        .await;
}
