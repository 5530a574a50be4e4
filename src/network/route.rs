//! Routes: where a packet from a subnet to a public address goes.

use std::sync::Arc;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// What the default route of a subnet leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// No route to public addresses.
    None,
    /// A NAT gateway with public connectivity.
    Nat(String),
    /// An internet gateway, or an egress-only one.
    Internet(String),
    /// A network interface or instance that forwards (a NAT instance, a firewall).
    Instance(String),
}

/// The default route that was found.
#[derive(Debug, Clone)]
pub(super) struct Default_ {
    /// Where it leads.
    pub(super) exit: Exit,
    /// The route table.
    pub(super) table: FactId,
    /// The route in it, to be underlined.
    pub(super) route: Option<NodeId>,
}

/// Destinations that stand for "everything".
const EVERYTHING: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// The default route of a subnet; a blackhole counts as no route.
///
/// # Errors
/// The reason, where the route table or what it leads to was not loaded or leads out of what is loaded
/// (a transit gateway, a peering).
pub(super) fn default_route(world: &World, subnet: FactId) -> Result<Default_, Arc<Why>> {
    let facts = &world.facts;
    let table = facts.follow(subnet, "route_table")?;
    let Some(&table) = table.first() else {
        let name = facts.get(subnet).map_or_else(String::new, |f| f.name.to_string());
        return Err(Why::new(Reason::NotLoaded, format!("no route table of subnet `{name}` was loaded")));
    };
    for route in facts.list_in(&Value::Fact(table), &["Routes"])? {
        let text = |field: &str| facts.text_in(&route, &[field]);
        let to = text("DestinationCidrBlock")?.or(text("DestinationIpv6CidrBlock")?);
        if !to.is_some_and(|to| EVERYTHING.contains(&to.as_str())) || text("State")?.as_deref() == Some("blackhole") {
            continue;
        }
        let exit = exit_of(world, &route)?;
        if exit != Exit::None {
            let node = if let Value::Node(node) = route { Some(node) } else { None };
            return Ok(Default_ { exit, table, route: node });
        }
    }
    Ok(Default_ { exit: Exit::None, table, route: None })
}

fn exit_of(world: &World, route: &Value) -> Result<Exit, Arc<Why>> {
    let text = |field: &str| world.facts.text_in(route, &[field]);
    if let Some(nat) = text("NatGatewayId")? {
        return Ok(if nat_is_private(world, &nat)? { Exit::None } else { Exit::Nat(nat) });
    }
    for field in ["GatewayId", "EgressOnlyInternetGatewayId"] {
        if let Some(gateway) = text(field)?.filter(|id| id.starts_with("igw-") || id.starts_with("eigw-")) {
            return Ok(Exit::Internet(gateway));
        }
    }
    for field in ["InstanceId", "NetworkInterfaceId"] {
        if let Some(id) = text(field)? {
            return Ok(Exit::Instance(id));
        }
    }
    for field in ["TransitGatewayId", "CoreNetworkArn", "VpcPeeringConnectionId", "LocalGatewayId", "CarrierGatewayId"] {
        if let Some(id) = text(field)? {
            return Err(Why::new(
                Reason::NotLoaded,
                format!("the default route leads to `{id}`, and what lies behind it was not loaded"),
            ));
        }
    }
    Ok(Exit::None)
}

/// A private NAT gateway gives no way to public addresses by itself.
fn nat_is_private(world: &World, id: &str) -> Result<bool, Arc<Why>> {
    let gateway =
        world.facts.of_kind("nat-gateway").iter().copied().find(|f| world.facts.get(*f).is_some_and(|f| &*f.name == id));
    match gateway {
        Some(gateway) => Ok(world.facts.text_at(gateway, &["ConnectivityType"])?.as_deref() == Some("private")),
        None => Err(Why::new(Reason::NotLoaded, format!("NAT gateway `{id}` is in a route but was not loaded"))),
    }
}
