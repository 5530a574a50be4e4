//! The way between two subnets: by the longest prefix in the route table, over a peering or a transit gateway.
//!
//! In: where packets start and where they go. Out: they arrive, with the hops and the further subnets whose borders they pass; or
//! they surely do not. What lies in parts that were not loaded, and what an appliance does with packets, is not known.

use std::sync::Arc;

use ipnet::IpNet;

use super::super::index::Index;
use super::super::route::{Hop, beyond};
use super::super::transit::unseen;
use super::flow::common;
use super::group::References;
use super::lists;
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::World;

/// Where packets start or go.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) subnet: FactId,
    pub(super) vpc: FactId,
    pub(super) net: IpNet,
}

/// A subnet's border on the way, other than those of the two ends.
#[derive(Debug, Clone)]
pub(super) struct Border {
    pub(super) subnet: FactId,
    /// Packets leave the subnet there.
    pub(super) out: bool,
    /// Its rules are held against the address where packets come from; else against where they go.
    pub(super) by_source: bool,
    /// Why its ACL may have no say.
    pub(super) doubt: Option<Arc<Why>>,
}

/// What becomes of packets between two ends.
#[derive(Debug)]
pub(super) enum Journey {
    /// They arrive.
    There {
        /// The hops between the ends.
        hops: Vec<Hop>,
        borders: Vec<Border>,
        /// Whether the sender's rules may name the receiver's groups, and the receiver's those of the sender.
        references: [References; 2],
    },
    /// They do not; the last hop says why.
    Nowhere(Vec<Hop>),
}

impl Journey {
    fn nowhere(mut hops: Vec<Hop>, text: impl Into<String>, at: &Value) -> Self {
        let at = if let Value::Node(node) = at { Some(*node) } else { None };
        hops.push(Hop { text: text.into(), at });
        Self::Nowhere(hops)
    }
}

/// The way of packets from one end to the other.
///
/// # Errors
/// The reason, where it is not known.
pub(super) fn between(world: &World, from: End, to: End) -> Result<Journey, Arc<Why>> {
    let facts = &world.facts;
    let name = |fact: FactId| facts.get(fact).map_or_else(String::new, |f| f.name.to_string());
    let table = *facts
        .follow(from.subnet, "route_table")?
        .first()
        .ok_or_else(|| Why::new(Reason::NotLoaded, format!("no route table of subnet `{}` was loaded", name(from.subnet))))?;
    let routes = facts.list_in(&Value::Fact(table), &["Routes"])?;
    let chosen = longest(world, table, &routes, to.net)?;
    let text = |field: &str| chosen.map_or(Ok(None), |route| facts.text_in(route, &[field]));
    let gateway = text("GatewayId")?;
    let local = gateway.as_deref() == Some("local");
    let inside = vec![Hop::of(world, "route table", table)];
    if from.vpc == to.vpc {
        // A VPC always routes its own addresses; a longer prefix sends them through an appliance first.
        return if chosen.is_none() || local {
            Ok(Journey::There { hops: Vec::new(), borders: Vec::new(), references: [References::Hold, References::Hold] })
        } else {
            let why = format!("a route of `{}` to `{}` takes packets to another place first", name(table), to.net);
            Err(Why::new(Reason::Undecided, why))
        };
    }
    let Some(route) = chosen else {
        return Ok(Journey::nowhere(inside, format!("no route to {}", to.net), &Value::Null));
    };
    if local {
        let why = format!("{} is an address of {} itself, whose network overlaps", to.net, name(from.vpc));
        return Ok(Journey::nowhere(inside, why, route));
    }
    if text("State")?.as_deref() == Some("blackhole") {
        return Ok(Journey::nowhere(inside, format!("a blackhole for {}", to.net), route));
    }
    if let Some(peering) = text("VpcPeeringConnectionId")? {
        return peered(world, table, &peering, route, [from.vpc, to.vpc], inside);
    }
    if let Some(transit) = text("TransitGatewayId")? {
        return through(world, &transit, route, from, to, inside);
    }
    if let Some(gateway) = gateway.filter(|g| g.starts_with("igw-")) {
        return Ok(Journey::nowhere(inside, format!("internet gateway {gateway}, which leads to public addresses only"), route));
    }
    for field in ["NatGatewayId", "NetworkInterfaceId", "InstanceId", "CoreNetworkArn", "GatewayId", "LocalGatewayId"] {
        if let Some(id) = text(field)? {
            return Err(beyond(&id));
        }
    }
    Err(Why::new(Reason::Undecided, format!("where the route to `{}` leads is not known", to.net)))
}

/// The route with the longest prefix for a block of addresses; where two are as long, one by its block before one by a list.
///
/// # Errors
/// The reason, where parts of the block go different ways, or a list that may hold it was not loaded.
fn longest<'r>(world: &World, table: FactId, routes: &'r [Value], to: IpNet) -> Result<Option<&'r Value>, Arc<Why>> {
    let facts = &world.facts;
    let mut best: Option<(u8, bool, &Value)> = None;
    let (mut part, mut doubt) = (None, None);
    for route in routes {
        let (nets, by_block) = match destinations(world, table, route) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            // A gateway endpoint's list holds public addresses of its own service.
            Err(_) if facts.text_in(route, &["GatewayId"]).is_ok_and(|g| g.is_some_and(|g| g.starts_with("vpce-"))) => continue,
            Err(why) => {
                doubt = doubt.or(Some(why));
                continue;
            }
        };
        for net in nets.into_iter().filter(|net| common(*net, to).is_some()) {
            if !net.contains(&to) {
                part = part.or(Some(net));
            } else if best.is_none_or(|(length, block, _)| (net.prefix_len(), by_block) > (length, block)) {
                best = Some((net.prefix_len(), by_block, route));
            }
        }
    }
    if let Some(part) = part {
        let text = format!("a route to `{part}` is for a part of `{to}` only");
        return Err(Why::new(Reason::Undecided, text));
    }
    match doubt {
        Some(why) => Err(why),
        None => Ok(best.map(|(_, _, route)| route)),
    }
}

/// The blocks a route is for, and whether it names its block itself; `None` where it names none.
fn destinations(world: &World, table: FactId, route: &Value) -> Result<Option<(Vec<IpNet>, bool)>, Arc<Why>> {
    let text = |field: &str| world.facts.text_in(route, &[field]);
    for field in ["DestinationCidrBlock", "DestinationIpv6CidrBlock"] {
        if let Some(cidr) = text(field)? {
            return Ok(Some((vec![lists::block(&cidr)?], true)));
        }
    }
    for field in ["DestinationPrefixListId", "PrefixListId"] {
        if let Some(list) = text(field)? {
            return Ok(Some((lists::blocks(world, &list, table)?, false)));
        }
    }
    Ok(None)
}

/// Over a peering, which leads to the peer's own addresses only.
fn peered(
    world: &World,
    table: FactId,
    id: &str,
    route: &Value,
    vpcs: [FactId; 2],
    mut hops: Vec<Hop>,
) -> Result<Journey, Arc<Why>> {
    let facts = &world.facts;
    let Some(peering) = facts.by_key("vpc-peering", id, None, None) else {
        return Err(facts.why_not_loaded("vpc-peering", id, table));
    };
    let text = |path: &[&str]| facts.text_at(peering, path);
    if text(&["Status", "Code"])?.as_deref() != Some("active") {
        return Ok(Journey::nowhere(hops, format!("peering {id}, which is not active"), route));
    }
    let [here, there] = vpcs.map(|vpc| facts.get(vpc).map(|f| f.key.clone()).unwrap_or_default());
    let ends = [text(&["RequesterVpcInfo", "VpcId"])?, text(&["AccepterVpcInfo", "VpcId"])?];
    if ![&here, &there].iter().all(|vpc| ends.iter().flatten().any(|end| **end == ***vpc)) {
        return Ok(Journey::nowhere(hops, format!("peering {id}, which does not lead to {there}"), route));
    }
    let regions = [text(&["RequesterVpcInfo", "Region"])?, text(&["AccepterVpcInfo", "Region"])?];
    // VPC Peering Guide: a rule may name a group of the peer's in the same Region only.
    let reference = match regions {
        [Some(one), Some(other)] if one != other => References::Nothing,
        _ => References::Hold,
    };
    hops.push(Hop { text: format!("peering {id}"), at: facts.get(peering).map(|f| f.node) });
    Ok(Journey::There { hops, borders: Vec::new(), references: [reference.clone(), reference] })
}

/// Over a transit gateway, straight to the VPC of the other end.
fn through(world: &World, id: &str, route: &Value, from: End, to: End, mut hops: Vec<Hop>) -> Result<Journey, Arc<Why>> {
    let facts = &world.facts;
    let key = |fact: FactId| facts.get(fact).map(|f| f.key.clone()).unwrap_or_default();
    let index = Index::of(world);
    let (found, doubt) = index.attachments(id, &key(from.vpc));
    let Some(&attachment) = found.first() else { return Err(doubt.unwrap_or_else(|| unseen(world, id, from.subnet))) };
    let entry = of_vpc(world, attachment, id, from.subnet)?;
    let near = in_zone(world, &entry.subnets, from.subnet)?;
    let Some(near) = near else {
        let text = format!("transit gateway {id}, which has no attachment in the Availability Zone of the subnet");
        return Ok(Journey::nowhere(hops, text, route));
    };
    let table = *facts.follow(attachment, "route_table")?.first().ok_or_else(|| beyond(id))?;
    if facts.bool_at(table, &["more_routes"])? == Some(true) {
        return Err(Why::new(Reason::NotLoaded, format!("AWS left routes of `{}` out of the answer", key(table))));
    }
    let routes = facts.list_in(&Value::Fact(table), &["routes"])?;
    hops.push(Hop { text: format!("transit gateway {id}"), at: if let Value::Node(node) = route { Some(*node) } else { None } });
    hops.push(Hop::of(world, "transit gateway route table", table));
    let Some(next) = longest(world, table, &routes, to.net)? else {
        return Ok(Journey::nowhere(hops, format!("no route to {}", to.net), &Value::Null));
    };
    if facts.text_in(next, &["State"])?.as_deref() != Some("active") {
        return Ok(Journey::nowhere(hops, format!("a blackhole for {}", to.net), next));
    }
    let mut ways = facts.list_in(next, &["TransitGatewayAttachments"])?.into_iter();
    let (Some(way), None) = (ways.next(), ways.next()) else {
        return Err(Why::new(Reason::Undecided, format!("`{}` leads over several attachments to `{}`", key(table), to.net)));
    };
    let resource = facts.text_in(&way, &["ResourceId"])?.unwrap_or_default();
    if *resource != *key(to.vpc) {
        return Err(beyond(&resource));
    }
    let there = facts.text_in(&way, &["TransitGatewayAttachmentId"])?.unwrap_or_default();
    let exit = Attached::of(world, &there).ok_or_else(|| unseen(world, &resource, to.subnet))?;
    hops.push(Hop::of(world, "attachment", exit.fact));
    let mut borders = vec![Border { subnet: near, out: false, by_source: true, doubt: one_subnet(near == from.subnet) }];
    let several = exit.subnets.len() > 1;
    for subnet in exit.subnets.iter().copied() {
        let doubt = one_subnet(subnet == to.subnet).or_else(|| several.then(which_zone));
        borders.push(Border { subnet, out: true, by_source: false, doubt });
    }
    let inbound = referencing(world, id, &[entry.fact, exit.fact]);
    let outbound = Why::new(Reason::Undecided, "whether an outbound rule may name a group across a transit gateway");
    Ok(Journey::There { hops, borders, references: [References::Unsure(outbound), inbound] })
}

/// The attachment of a VPC with its subnets.
struct Attached {
    fact: FactId,
    subnets: Vec<FactId>,
}

impl Attached {
    fn of(world: &World, id: &str) -> Option<Self> {
        let fact = world.facts.by_key("transit-gateway-vpc-attachment", id, None, None)?;
        Some(Self { fact, subnets: world.facts.follow(fact, "subnets").ok()? })
    }
}

fn of_vpc(world: &World, attachment: FactId, gateway: &str, near: FactId) -> Result<Attached, Arc<Why>> {
    let id = world.facts.get(attachment).map(|f| f.key.clone()).unwrap_or_default();
    Attached::of(world, &id).ok_or_else(|| unseen(world, gateway, near))
}

/// The attachment's subnet in the Availability Zone of `subnet`: resources of another zone do not reach the gateway.
fn in_zone(world: &World, subnets: &[FactId], subnet: FactId) -> Result<Option<FactId>, Arc<Why>> {
    let zone = |subnet: FactId| world.facts.text_at(subnet, &["AvailabilityZone"]);
    let here = zone(subnet)?;
    for candidate in subnets {
        if zone(*candidate)? == here {
            return Ok(Some(*candidate));
        }
    }
    Ok(None)
}

fn one_subnet(same: bool) -> Option<Arc<Why>> {
    let text = "whether a network ACL filters packets between a transit gateway's attachment and an interface in its own subnet";
    same.then(|| Why::new(Reason::Undecided, text))
}

fn which_zone() -> Arc<Why> {
    Why::new(Reason::Undecided, "in which of its subnets a transit gateway's attachment hands packets over")
}

/// Whether inbound rules may name groups across a transit gateway: it and both attachments must allow that.
fn referencing(world: &World, gateway: &str, attachments: &[FactId]) -> References {
    let facts = &world.facts;
    let Some(gateway) = facts.by_key("transit-gateway", gateway, None, None) else {
        let text = format!("whether transit gateway `{gateway}` lets rules name groups across it was not loaded");
        return References::Unsure(Why::new(Reason::NotLoaded, text));
    };
    let mut unsure = None;
    for fact in attachments.iter().copied().chain([gateway]) {
        match facts.text_at(fact, &["Options", "SecurityGroupReferencingSupport"]) {
            Ok(Some(support)) if support == "disable" => return References::Nothing,
            Ok(Some(_)) => {}
            Ok(None) => {
                let text = "whether a transit gateway lets rules name groups across it is not in the answer";
                unsure = unsure.or_else(|| Some(Why::new(Reason::MissingField, text)));
            }
            Err(why) => unsure = unsure.or(Some(why)),
        }
    }
    unsure.map_or(References::Hold, References::Unsure)
}
