use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::samples;

in_every_session!(addresses);

async fn addresses(holder: &Holder) {
    let mut values = arrive(samples(any::<IpAddr>()));
    values.extend(
        [
            "'0.0.0.0'",
            "'255.255.255.255/32'",
            "'::'",
            "'::1/128'",
            "'::ffff:192.0.2.1'",
            "'2001:db8:0:0:1::'",
        ]
        .map(LiteralArrives),
    );
    values.extend(["'192.0.2.1/24'", "'::1/127'", "'0.0.0.0/0'"].map(LiteralIsRefused));
    holder.check::<IpAddr>("inet NOT NULL", values).await;
    let values = arrive(samples(any::<Ipv4Addr>()).into_iter().map(IpAddr::V4));
    holder
        .check_as::<Row<Ipv4Addr>, IpAddr>("inet NOT NULL", values, |address| match address {
            IpAddr::V4(address) => address,
            IpAddr::V6(_) => panic!("{address} is no address of version 4"),
        })
        .await;
    let values = arrive(samples(any::<Ipv6Addr>()).into_iter().map(IpAddr::V6));
    holder
        .check_as::<Row<Ipv6Addr>, IpAddr>("inet NOT NULL", values, |address| match address {
            IpAddr::V6(address) => address,
            IpAddr::V4(_) => panic!("{address} is no address of version 6"),
        })
        .await;
    holder
        .check_refused::<Ipv4Addr>("inet NOT NULL", &["'::1'"])
        .await;
    holder
        .check_refused::<Ipv6Addr>("inet NOT NULL", &["'192.0.2.1'"])
        .await;
}
