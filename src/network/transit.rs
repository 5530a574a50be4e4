//! Transit gateways: where a packet that a VPC's route hands to one comes out.
//!
//! In: the gateway and the subnet the packet left. Out: the way on, through the attachment's route table and the VPC behind
//! it, in whichever loaded account. What lies behind a VPN, a Direct Connect or a peered gateway is unknown.

use std::sync::Arc;

use super::index::Index;
use super::route::{Exit, Hop, Walk, Way, beyond};
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::World;

/// The way on from `gateway` for packets out of `subnet`.
pub(super) fn through(walk: &mut Walk<'_>, gateway: &str, subnet: FactId) -> Result<Way, Arc<Why>> {
    let facts = &walk.world.facts;
    let vpc = facts.text_at(subnet, &["VpcId"])?.unwrap_or_default();
    let attachment = attachment_of(walk, gateway, &vpc, subnet)?;
    let Some(&table) = facts.follow(attachment, "route_table")?.first() else {
        let name = facts.get(attachment).map_or_else(String::new, |f| f.name.to_string());
        let text = format!("the route table that attachment `{name}` is associated with is not in the answer");
        return Err(Why::new(Reason::NotLoaded, text));
    };
    if facts.bool_at(table, &["more_routes"])? == Some(true) {
        let name = facts.get(table).map_or_else(String::new, |f| f.name.to_string());
        return Err(Why::new(Reason::NotLoaded, format!("AWS left routes of `{name}` out of the answer")));
    }
    let routes = facts.list_in(&Value::Fact(table), &["routes"])?;
    let way = walk.within(table, |walk| walk.choose(table, &routes, next))?;
    let hops = vec![
        Hop { text: format!("transit gateway {gateway}"), at: None },
        Hop::of(walk.world, "transit gateway route table", table),
    ];
    Ok(way.after(hops))
}

/// The attachment by which a VPC's packets enter the gateway.
fn attachment_of(walk: &Walk<'_>, gateway: &str, vpc: &str, subnet: FactId) -> Result<FactId, Arc<Why>> {
    match Index::of(walk.world).attachments(gateway, vpc) {
        ([attachment, ..], _) => Ok(*attachment),
        ([], Some(why)) => Err(why),
        ([], None) => Err(unseen(walk.world, gateway, subnet)),
    }
}

/// Why what lies behind a gateway is not known to those near it: the call that was refused, if one was.
pub(super) fn unseen(world: &World, gateway: &str, near: FactId) -> Arc<Why> {
    let account = world.facts.get(near).and_then(|fact| fact.account.as_deref());
    refused(world, account).unwrap_or_else(|| beyond(gateway))
}

/// A call about attachments that was refused in an account, or in any.
fn refused(world: &World, account: Option<&str>) -> Option<Arc<Why>> {
    let calls = ["describe-transit-gateway-attachments", "describe-transit-gateway-vpc-attachments"];
    world.facts.refused("ec2", &calls, account, None)
}

/// Where one route of a transit gateway leads.
fn next(walk: &mut Walk<'_>, route: &Value) -> Result<Option<Way>, Arc<Why>> {
    let facts = &walk.world.facts;
    if facts.text_in(route, &["State"])?.as_deref() != Some("active") {
        return Ok(Some(Way::end(Exit::None, "blackhole", None)));
    }
    let (mut closed, mut doubt) = (None, None);
    for attachment in facts.list_in(route, &["TransitGatewayAttachments"])? {
        match arrive(walk, &attachment) {
            Ok(way) if way.exit != Exit::None => return Ok(Some(way)),
            Ok(way) => closed = closed.or(Some(way)),
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    match (doubt, closed) {
        (Some(why), _) => Err(why),
        (None, Some(way)) => Ok(Some(way)),
        (None, None) => Err(Why::new(Reason::Undecided, "a route of a transit gateway names no attachment")),
    }
}

/// The way on from where an attachment lets a packet out.
fn arrive(walk: &mut Walk<'_>, attachment: &Value) -> Result<Way, Arc<Why>> {
    let facts = &walk.world.facts;
    let text = |field: &str| facts.text_in(attachment, &[field]);
    let resource = text("ResourceId")?.unwrap_or_default();
    if text("ResourceType")?.as_deref() != Some("vpc") {
        return Err(beyond(&resource));
    }
    let id = text("TransitGatewayAttachmentId")?.unwrap_or_default();
    let Some(there) = facts.by_key("transit-gateway-vpc-attachment", &id, None, None) else {
        return Err(refused(walk.world, None).unwrap_or_else(|| beyond(&resource)));
    };
    let way = walk.any_of(&facts.follow(there, "subnets")?, true)?;
    Ok(way.after(vec![Hop::of(walk.world, "attachment", there)]))
}
