//! `IpAddress` and `NotIpAddress`: IPv4 and IPv6, an address or a CIDR block.
//!
//! An IPv4 block holds no IPv6 address and the other way round. A request value that is no address makes the
//! comparison unknown.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Compiled, Value};
use crate::iam::truth::Truth;

pub(crate) fn parse_net(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

pub(super) fn compare(net: &IpNet, given: &str) -> Truth {
    given.trim().parse::<IpAddr>().map_or(Truth::Unknown, |address| net.contains(&address).into())
}

/// Whether the blocks together hold every address of both versions.
pub(super) fn cover_everything(values: &[Value]) -> bool {
    let nets = || values.iter().filter_map(|v| if let Compiled::Net(net) = v.compiled { Some(net) } else { None });
    let v4 = IpNet::aggregate(&nets().filter(|n| matches!(n, IpNet::V4(_))).collect());
    let v6 = IpNet::aggregate(&nets().filter(|n| matches!(n, IpNet::V6(_))).collect());
    v4.iter().any(|n| n.prefix_len() == 0) && v6.iter().any(|n| n.prefix_len() == 0)
}
