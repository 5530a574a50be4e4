//! VPC Block Public Access: whether it closes the gateways to public addresses.
//!
//! In: a gateway and the subnet that packets meet it from. Out: what closes it, or nothing. Where nobody asked, it is taken to be off, as
//! it is by default; where the answer was refused, it is not known.

use std::sync::Arc;

use crate::facts::{FactId, Reason, Value, Why, kinds};
use crate::world::World;

/// The gateway by which packets reach public addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Gateway {
    /// An internet gateway, from a subnet whose route leads to it.
    Internet,
    /// An egress-only internet gateway.
    EgressOnly,
    /// A NAT gateway, which uses an internet gateway itself.
    Nat,
}

/// Why packets do not pass the gateway; `None`: they do. `near` is the subnet they meet it from, or the NAT gateway itself.
///
/// # Errors
/// The reason, where that is not known.
pub(in super::super) fn closes(world: &World, near: FactId, gateway: Gateway) -> Result<Option<String>, Arc<Why>> {
    let mode = mode(world, near)?;
    // VPC User Guide, "Block public access": in ingress-only mode NAT gateways and egress-only gateways pass, as they only let
    // connections out.
    let closed = match mode.as_str() {
        "block-bidirectional" => true,
        "block-ingress" => gateway == Gateway::Internet,
        _ => false,
    };
    if !closed || excluded(world, near)? {
        return Ok(None);
    }
    Ok(Some(format!("closed by VPC Block Public Access ({mode})")))
}

fn mode(world: &World, near: FactId) -> Result<String, Arc<Why>> {
    let facts = &world.facts;
    let Some(place) = facts.get(near) else { return Ok(String::new()) };
    let here = |fact: &&FactId| facts.get(**fact).is_some_and(|f| f.account == place.account && f.region == place.region);
    if let Some(&options) = facts.of_kind("vpc-public-access-block").iter().find(here) {
        if facts.text_at(options, &["State"])?.as_deref() == Some("update-in-progress") {
            return Err(Why::new(Reason::Undecided, "VPC Block Public Access is being changed"));
        }
        return Ok(facts.text_at(options, &["InternetGatewayBlockMode"])?.unwrap_or_default());
    }
    if place.kind.member("BlockPublicAccessStates").is_some()
        && let Ok(Some(mode)) = facts.text_at(near, &["BlockPublicAccessStates", "InternetGatewayBlockMode"])
    {
        return Ok(mode);
    }
    for vpc in facts.follow(near, "vpc").unwrap_or_default() {
        if let Ok(Some(mode)) = facts.text_at(vpc, &["BlockPublicAccessStates", "InternetGatewayBlockMode"]) {
            return Ok(mode);
        }
    }
    let (account, region) = (place.account.as_deref(), place.region.as_deref());
    let refused = kinds::get("vpc-public-access-block").and_then(|kind| {
        let why = facts.listed(kind, account, region).err()?;
        (matches!(why.reason, Reason::Denied | Reason::Failed) || facts.left_out(kind, account, region)).then_some(why)
    });
    refused.map_or(Ok(String::new()), Err)
}

/// Whether the subnet or its VPC is excluded, in either mode: both let connections out.
fn excluded(world: &World, near: FactId) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let Some(place) = facts.get(near) else { return Ok(false) };
    let kind = kinds::get("vpc-public-access-exclusion");
    kind.map_or(Ok(()), |kind| facts.listed(kind, place.account.as_deref(), place.region.as_deref()))?;
    let mut ids = Vec::new();
    for field in ["VpcId", "SubnetId"] {
        ids.extend(facts.text_at(near, &[field])?);
    }
    for &exclusion in facts.of_kind("vpc-public-access-exclusion") {
        let arn = facts.text_at(exclusion, &["ResourceArn"])?.unwrap_or_default();
        if !arn.rsplit('/').next().is_some_and(|resource| ids.iter().any(|id| id == resource)) {
            continue;
        }
        match facts.text_at(exclusion, &["State"])?.as_deref() {
            Some("create-complete" | "update-complete") => return Ok(true),
            Some("create-failed" | "delete-complete" | "disable-complete") => {}
            _ => {
                let text = format!("an exclusion of `{arn}` from VPC Block Public Access is being changed");
                return Err(Why::new(Reason::Undecided, text));
            }
        }
    }
    Ok(false)
}

/// Whether the interfaces of a subnet may have IPv6 addresses: where the answer tells nothing of its blocks, they may.
pub(in super::super) fn has_ipv6(world: &World, subnet: FactId) -> bool {
    match world.facts.at(&Value::Fact(subnet), &["Ipv6CidrBlockAssociationSet"]) {
        Ok(Some(set)) => world.facts.items(&set).is_ok_and(|set| !set.is_empty()),
        _ => true,
    }
}
