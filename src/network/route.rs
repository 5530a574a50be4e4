//! Routes: where a packet from a subnet to a public address goes.

use std::sync::Arc;

use ipnet::IpNet;

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

/// The way out of a subnet to public addresses; a blackhole counts as no route. Routes that cover the public addresses only
/// together (`0.0.0.0/1` and `128.0.0.0/1`) count as one.
///
/// # Errors
/// The reason, where the route table or what it leads to was not loaded, leads out of what is loaded (a transit gateway, a
/// peering), or covers only some public addresses, so that it is not known whether Bedrock's are among them.
pub(super) fn default_route(world: &World, subnet: FactId) -> Result<Default_, Arc<Why>> {
    let facts = &world.facts;
    let table = facts.follow(subnet, "route_table")?;
    let Some(&table) = table.first() else {
        let name = facts.get(subnet).map_or_else(String::new, |f| f.name.to_string());
        return Err(Why::new(Reason::NotLoaded, format!("no route table of subnet `{name}` was loaded")));
    };
    let mut ways: Vec<Way> = Vec::new();
    let mut doubt = None;
    for route in facts.list_in(&Value::Fact(table), &["Routes"])? {
        match way(world, &route) {
            Ok(way) => ways.extend(way),
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    let found = |way: Way| Default_ { exit: way.exit, table, route: way.route };
    if let Some(at) = ways.iter().position(|way| way.to.is_some_and(|to| to.prefix_len() == 0)) {
        return Ok(found(ways.swap_remove(at)));
    }
    let nets: Vec<IpNet> = ways.iter().filter_map(|way| way.to).collect();
    let all_covered = IpNet::aggregate(&nets).iter().any(|net| net.prefix_len() == 0);
    match ways.into_iter().next() {
        Some(way) if all_covered => Ok(found(way)),
        Some(way) => Err(partly(&way)),
        None => doubt.map_or(Ok(Default_ { exit: Exit::None, table, route: None }), Err),
    }
}

/// One route that leads to public addresses.
struct Way {
    /// `None`: a prefix list, whose contents are not known here.
    to: Option<IpNet>,
    exit: Exit,
    route: Option<NodeId>,
}

fn partly(way: &Way) -> Arc<Why> {
    let to = way.to.map_or_else(|| "a prefix list".to_owned(), |to| format!("`{to}`"));
    let text = format!("a route to {to} leads out of the VPC, and whether Bedrock's addresses are among these is not known");
    Why::new(Reason::Undecided, text)
}

/// What a route opens; nothing where it stays private or is a blackhole.
fn way(world: &World, route: &Value) -> Result<Option<Way>, Arc<Why>> {
    let text = |field: &str| world.facts.text_in(route, &[field]);
    let cidr = text("DestinationCidrBlock")?.or(text("DestinationIpv6CidrBlock")?);
    let to: Option<IpNet> = cidr.as_deref().and_then(|cidr| cidr.parse().ok());
    if text("State")?.as_deref() == Some("blackhole") || to.is_some_and(is_private) {
        return Ok(None);
    }
    // A gateway endpoint's route is for its own service; Bedrock has no gateway endpoint.
    if text("GatewayId")?.is_some_and(|id| id.starts_with("vpce-")) {
        return Ok(None);
    }
    let exit = exit_of(world, route)?;
    let node = if let Value::Node(node) = route { Some(*node) } else { None };
    Ok((exit != Exit::None).then_some(Way { to, exit, route: node }))
}

/// True where no address of the block is public: RFC 1918, RFC 6598, link-local, unique local.
fn is_private(net: IpNet) -> bool {
    const BLOCKS: [&str; 7] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"];
    BLOCKS.iter().filter_map(|block| block.parse::<IpNet>().ok()).any(|block| block.contains(&net))
}

fn exit_of(world: &World, route: &Value) -> Result<Exit, Arc<Why>> {
    let text = |field: &str| world.facts.text_in(route, &[field]);
    if let Some(nat) = text("NatGatewayId")? {
        return nat_exit(world, nat);
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

/// A private NAT gateway only hands packets on by the routes of its own subnet, and never to an internet gateway.
fn nat_exit(world: &World, id: String) -> Result<Exit, Arc<Why>> {
    let named = |f: &&FactId| world.facts.get(**f).is_some_and(|f| *f.name == *id);
    let Some(&gateway) = world.facts.of_kind("nat-gateway").iter().find(named) else {
        return Err(Why::new(Reason::NotLoaded, format!("NAT gateway `{id}` is in a route but was not loaded")));
    };
    if world.facts.text_at(gateway, &["ConnectivityType"])?.as_deref() != Some("private") {
        return Ok(Exit::Nat(id));
    }
    for subnet in world.facts.follow(gateway, "subnet")? {
        for table in world.facts.follow(subnet, "route_table")? {
            for route in world.facts.list_in(&Value::Fact(table), &["Routes"])? {
                // A route back to a NAT gateway leads nowhere new.
                if world.facts.text_in(&route, &["NatGatewayId"])?.is_none()
                    && !matches!(way(world, &route)?, None | Some(Way { exit: Exit::Internet(_), .. }))
                {
                    return Ok(Exit::Nat(id));
                }
            }
        }
    }
    Ok(Exit::None)
}
