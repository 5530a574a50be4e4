//! Security groups: the inbound rules of an endpoint that let in more than HTTPS from private networks.
//!
//! In: an interface endpoint. Out: its too wide rules. A group or prefix list that was not loaded leaves an unknown, never a
//! rule that counts as narrow.

use std::sync::Arc;

use ipnet::IpNet;

use super::packet::lists;
use crate::facts::{FactId, Value, Why};
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "vpc-endpoint",
    name: "wide_ingress",
    ty: "list<any>",
    doc: "The inbound rules of its security groups that let in another port or protocol than TCP 443, or addresses that no private network spans (a block wider than `10.0.0.0/8` or `fc00::/7`). One element for each rule.",
    compute: wide_ingress,
}];

fn wide_ingress(world: &World, endpoint: FactId) -> Value {
    let found = || -> Result<Vec<Value>, Arc<Why>> {
        let mut out = Vec::new();
        for group in world.facts.follow(endpoint, "security_groups")? {
            for rule in world.facts.list_in(&Value::Fact(group), &["IpPermissions"])? {
                match is_wide(world, group, &rule) {
                    Ok(true) => out.push(rule),
                    Ok(false) => {}
                    Err(why) => out.push(Value::Unknown(why)),
                }
            }
        }
        Ok(out)
    };
    found().map_or_else(Value::Unknown, Value::list)
}

/// EC2 API, "IpPermission": protocol `-1` is every protocol, and then ports are left out.
fn is_wide(world: &World, group: FactId, rule: &Value) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let is = |field: &str, values: &[&str]| {
        Ok::<_, Arc<Why>>(facts.text_in(rule, &[field])?.is_some_and(|text| values.contains(&text.as_str())))
    };
    if !is("IpProtocol", &["tcp", "6"])? || !is("FromPort", &["443"])? || !is("ToPort", &["443"])? {
        return Ok(true);
    }
    for (list, field) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
        for range in facts.list_in(rule, &[list])? {
            let cidr = facts.text_in(&range, &[field])?.unwrap_or_default();
            if !is_narrow(lists::block(&cidr)?) {
                return Ok(true);
            }
        }
    }
    for list in facts.list_in(rule, &["PrefixListIds"])? {
        let id = facts.text_in(&list, &["PrefixListId"])?.unwrap_or_default();
        if lists::blocks(world, &id, group)?.into_iter().any(|net| !is_narrow(net)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A block that a private network spans.
fn is_narrow(net: IpNet) -> bool {
    match net {
        IpNet::V4(net) => net.prefix_len() >= 8,
        IpNet::V6(net) => net.prefix_len() >= 7,
    }
}
