//! Routes: where a packet from a subnet to a public address goes, hop by hop.
//!
//! In: a subnet. Out: the way out with its hops. A hop whose other side was not loaded makes the answer unknown; it is
//! never taken for a way out and never for a closed one.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;

use super::packet::lists;
use super::packet::public_access::{self, Gateway};
use super::transit;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// What a way ends in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing that leads to public addresses.
    None,
    /// A NAT gateway with public connectivity.
    Nat(String),
    /// An internet gateway, or an egress-only one.
    Internet(String),
    /// A network interface or instance that forwards (a NAT instance, a firewall).
    Instance(String),
}

/// One step of a way.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    /// What it is, in a few words.
    pub(super) text: String,
    /// What to underline.
    pub(super) at: Option<NodeId>,
}

impl Hop {
    /// A fact as a hop: what it is called, then its name.
    pub(super) fn of(world: &World, what: &str, fact: FactId) -> Self {
        let fact = world.facts.get(fact);
        Self { text: format!("{what} {}", fact.map_or("", |f| &*f.name)), at: fact.map(|f| f.node) }
    }
}

/// A way out of a subnet.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// What it ends in.
    pub(super) exit: Exit,
    /// The hops, the subnet first.
    pub(super) hops: Vec<Hop>,
}

impl Way {
    /// A way that ends here.
    pub(super) fn end(exit: Exit, text: impl Into<String>, at: Option<NodeId>) -> Self {
        Self { exit, hops: vec![Hop { text: text.into(), at }] }
    }

    /// The same way with hops before it.
    pub(super) fn after(mut self, mut hops: Vec<Hop>) -> Self {
        hops.append(&mut self.hops);
        self.hops = hops;
        self
    }

    fn open(&self) -> bool {
        self.exit != Exit::None
    }
}

/// The way out of a subnet to public addresses; a blackhole counts as no route. Routes that cover the public addresses only
/// together (`0.0.0.0/1` and `128.0.0.0/1`) count as one.
///
/// # Errors
/// The reason, where the route table or what it leads to was not loaded, leads out of what is loaded, or covers only some
/// public addresses, so that it is not known whether Bedrock's are among them.
pub(super) fn way_out(world: &World, subnet: FactId) -> Result<Arc<Way>, Arc<Why>> {
    way_out_by(world, subnet, public_access::has_ipv6(world, subnet))
}

/// The same for packets that may be of IPv6, or surely are not.
///
/// # Errors
/// As [`way_out`].
pub(super) fn way_out_by(world: &World, subnet: FactId, ipv6: bool) -> Result<Arc<Way>, Arc<Why>> {
    let nat64 = ipv6 && !matches!(world.facts.bool_at(subnet, &["EnableDns64"]), Ok(Some(false)));
    let walk = || Walk { world, ipv6, nat64, seen: Vec::new() }.subnet(subnet, false).map(Arc::new);
    // However many workloads stand in a subnet, it is walked from once.
    match world.memo(Ways::of).0.get(&subnet) {
        Some([_, slot]) if ipv6 => slot.get_or_init(walk).clone(),
        Some([slot, _]) => slot.get_or_init(walk).clone(),
        None => walk(),
    }
}

type Slot = OnceLock<Result<Arc<Way>, Arc<Why>>>;

/// The ways out of all subnets, without IPv6 and with it, each found at the first question.
#[derive(Debug)]
struct Ways(HashMap<FactId, [Slot; 2]>);

impl Ways {
    fn of(world: &World) -> Self {
        Self(world.facts.of_kind("subnet").iter().map(|subnet| (*subnet, Default::default())).collect())
    }
}

/// A walk along routes; `seen` holds the route tables it stands in, so that a loop ends.
pub(super) struct Walk<'w> {
    pub(super) world: &'w World,
    /// Whether packets may be of IPv6.
    ipv6: bool,
    /// Whether public names may have addresses that NAT64 translates.
    nat64: bool,
    seen: Vec<FactId>,
}

impl Walk<'_> {
    /// From a subnet. `forwarded`: the packet came from another subnet with its private address, which an internet gateway
    /// does not translate.
    pub(super) fn subnet(&mut self, subnet: FactId, forwarded: bool) -> Result<Way, Arc<Why>> {
        let facts = &self.world.facts;
        let Some(&table) = facts.follow(subnet, "route_table")?.first() else {
            let name = facts.get(subnet).map_or_else(String::new, |f| f.name.to_string());
            return Err(Why::new(Reason::NotLoaded, format!("no route table of subnet `{name}` was loaded")));
        };
        let routes = facts.list_in(&Value::Fact(table), &["Routes"])?;
        let way = self.within(table, |walk| walk.choose(table, &routes, |walk, route| walk.next(route, subnet, forwarded)))?;
        Ok(way.after(vec![Hop::of(self.world, "subnet", subnet), Hop::of(self.world, "route table", table)]))
    }

    /// Walks on inside a route table; one that the packet was in already leads nowhere.
    pub(super) fn within(
        &mut self,
        table: FactId,
        walk: impl FnOnce(&mut Self) -> Result<Way, Arc<Why>>,
    ) -> Result<Way, Arc<Why>> {
        if self.seen.contains(&table) {
            return Ok(Way::end(Exit::None, "a loop", None));
        }
        self.seen.push(table);
        let way = walk(self);
        self.seen.pop();
        way
    }

    /// The way that the routes of one table give to public addresses.
    pub(super) fn choose(
        &mut self,
        table: FactId,
        routes: &[Value],
        follow: impl Fn(&mut Self, &Value) -> Result<Option<Way>, Arc<Why>>,
    ) -> Result<Way, Arc<Why>> {
        let (mut open, mut closed, mut doubt) = (Vec::new(), None, None);
        for route in routes {
            let mut to = match destinations(self.world, table, route) {
                Ok(to) => to,
                Err(why) => {
                    doubt = doubt.or(Some(why));
                    continue;
                }
            };
            to.retain(|to| to.is_none_or(|to| !is_private(to) && (self.ipv6 || matches!(to, IpNet::V4(_)))));
            if to.is_empty() {
                continue;
            }
            let at = if let Value::Node(node) = route { Some(*node) } else { None };
            match follow(self, route) {
                Ok(Some(mut way)) => {
                    if let Some(hop) = way.hops.first_mut() {
                        hop.at = at.or(hop.at);
                    }
                    if way.open() {
                        open.extend(to.into_iter().map(|to| (to.map(|to| self.whole(to)), way.clone())));
                    } else if to.iter().flatten().any(|to| to.prefix_len() == 0) {
                        closed = closed.or(Some(way));
                    }
                }
                Ok(None) => {}
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        let default_of = |v4: bool| {
            move |(to, _): &(Option<IpNet>, Way)| to.is_some_and(|to| to.prefix_len() == 0 && matches!(to, IpNet::V4(_)) == v4)
        };
        if let Some(at) = open.iter().position(default_of(true)) {
            return Ok(open.swap_remove(at).1);
        }
        // Where the way of IPv4 is not known, the one of IPv6 is not the whole answer.
        if let (Some(at), true) = (open.iter().position(default_of(false)), doubt.is_none()) {
            return Ok(open.swap_remove(at).1);
        }
        let nets: Vec<IpNet> = open.iter().filter_map(|(to, _)| *to).collect();
        let all_covered = IpNet::aggregate(&nets).iter().any(|net| net.prefix_len() == 0 && matches!(net, IpNet::V4(_)));
        match (open.into_iter().next(), doubt) {
            (Some((_, way)), _) if all_covered => Ok(way),
            (Some(_), Some(why)) => Err(why),
            (Some((to, _)), None) => Err(partly(to)),
            (None, Some(why)) => Err(why),
            (None, None) => Ok(closed.unwrap_or_else(|| Way::end(Exit::None, "no route out", None))),
        }
    }

    /// The block itself; where DNS64 is on, the one for NAT64 (RFC 6052) is as good as a default route.
    fn whole(&self, net: IpNet) -> IpNet {
        const NAT64: &str = "64:ff9b::/96";
        let is_nat64 = || NAT64.parse::<IpNet>().is_ok_and(|nat64| nat64 == net);
        if self.nat64 && is_nat64() { IpNet::from(ipnet::Ipv4Net::default()) } else { net }
    }

    /// Packets that arrive in one of several subnets: an open way counts, then a doubt, then a closed way.
    pub(super) fn any_of(&mut self, subnets: &[FactId], forwarded: bool) -> Result<Way, Arc<Why>> {
        let (mut closed, mut doubt) = (None, None);
        for subnet in subnets {
            match self.subnet(*subnet, forwarded) {
                Ok(way) if way.open() => return Ok(way),
                Ok(way) => closed = closed.or(Some(way)),
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        match (doubt, closed) {
            (Some(why), _) => Err(why),
            (None, Some(way)) => Ok(way),
            (None, None) => Err(Why::new(Reason::NotLoaded, "the subnets in which packets arrive were not loaded")),
        }
    }

    /// What a VPC's route opens; nothing where it stays private or is a blackhole.
    fn next(&mut self, route: &Value, subnet: FactId, forwarded: bool) -> Result<Option<Way>, Arc<Why>> {
        let text = |field: &str| self.world.facts.text_in(route, &[field]);
        if text("State")?.as_deref() == Some("blackhole") {
            return Ok(None);
        }
        if let Some(nat) = text("NatGatewayId")? {
            return self.nat(nat).map(Some);
        }
        if let Some(gateway) = text("EgressOnlyInternetGatewayId")? {
            let text = format!("egress-only internet gateway {gateway}");
            return self.guarded(subnet, Gateway::EgressOnly, Exit::Internet(gateway), text).map(Some);
        }
        for field in ["InstanceId", "NetworkInterfaceId"] {
            if let Some(id) = text(field)? {
                return Ok(Some(Way::end(Exit::Instance(id.clone()), format!("forwarding interface {id}"), None)));
            }
        }
        if let Some(gateway) = text("TransitGatewayId")? {
            return transit::through(self, &gateway, subnet).map(Some);
        }
        if let Some(peering) = text("VpcPeeringConnectionId")? {
            // VPC Peering Guide, "VPC peering limitations": no edge-to-edge routing through the peer's gateways.
            let why = format!("peering {peering} (leads to the peer's own addresses only)");
            return Ok(Some(Way::end(Exit::None, why, None)));
        }
        for field in ["CoreNetworkArn", "LocalGatewayId", "CarrierGatewayId", "OdbNetworkArn"] {
            if let Some(id) = text(field)? {
                return Err(beyond(&id));
            }
        }
        match text("GatewayId")? {
            Some(gateway) => self.gateway(route, gateway, subnet, forwarded),
            None => Ok(None),
        }
    }

    /// The way through a gateway to public addresses, unless VPC Block Public Access closes it.
    fn guarded(&self, near: FactId, gateway: Gateway, exit: Exit, text: String) -> Result<Way, Arc<Why>> {
        Ok(match public_access::closes(self.world, near, gateway)? {
            None => Way::end(exit, text, None),
            Some(closed) => Way::end(Exit::None, format!("{text} ({closed})"), None),
        })
    }

    fn gateway(&mut self, route: &Value, gateway: String, subnet: FactId, forwarded: bool) -> Result<Option<Way>, Arc<Why>> {
        let facts = &self.world.facts;
        if gateway == "local" {
            return Ok(None);
        }
        if gateway.starts_with("igw-") || gateway.starts_with("eigw-") {
            let v6 = facts.text_in(route, &["DestinationIpv6CidrBlock"])?.is_some();
            let text = format!("internet gateway {gateway}");
            if forwarded && !v6 {
                let text = format!("{text} (which does not translate a forwarded private address)");
                return Ok(Some(Way::end(Exit::None, text, None)));
            }
            let kind = if gateway.starts_with("eigw-") { Gateway::EgressOnly } else { Gateway::Internet };
            return self.guarded(subnet, kind, Exit::Internet(gateway), text).map(Some);
        }
        if !gateway.starts_with("vpce-") {
            return Err(beyond(&gateway));
        }
        // A gateway endpoint's route is to a prefix list, for its own service; Bedrock has no gateway endpoint.
        if facts.text_in(route, &["DestinationPrefixListId"])?.is_some() {
            return Ok(None);
        }
        // Any other is a Gateway Load Balancer's endpoint: an appliance looks at the packet, which then goes on from there.
        let Some(endpoint) = facts.by_key("vpc-endpoint", &gateway, None, None) else {
            return Err(self.not_loaded("vpc-endpoint", &gateway));
        };
        let way = self.any_of(&facts.follow(endpoint, "subnets")?, forwarded)?;
        Ok(Some(way.after(vec![Hop::of(self.world, "inspection endpoint", endpoint)])))
    }

    /// What the route table in which the packet stands names, and is not there.
    fn not_loaded(&self, kind: &str, key: &str) -> Arc<Why> {
        let unknown = || Why::new(Reason::NotLoaded, format!("`{key}` is in a route but was not loaded"));
        self.seen.last().map_or_else(unknown, |table| self.world.facts.why_not_loaded(kind, key, *table))
    }

    /// A private NAT gateway only hands packets on by the routes of its own subnet, and never to an internet gateway.
    fn nat(&mut self, id: String) -> Result<Way, Arc<Why>> {
        let facts = &self.world.facts;
        let Some(gateway) = facts.by_key("nat-gateway", &id, None, None) else {
            return Err(self.not_loaded("nat-gateway", &id));
        };
        let text = format!("NAT gateway {id}");
        if facts.text_at(gateway, &["ConnectivityType"])?.as_deref() != Some("private") {
            return self.guarded(gateway, Gateway::Nat, Exit::Nat(id), text);
        }
        let way = self.any_of(&facts.follow(gateway, "subnet")?, true)?;
        Ok(way.after(vec![Hop { text: format!("private {text}"), at: None }]))
    }
}

fn partly(to: Option<IpNet>) -> Arc<Why> {
    let to = to.map_or_else(|| "a prefix list".to_owned(), |to| format!("`{to}`"));
    let text = format!("a route to {to} leads out of the VPC, and whether Bedrock's addresses are among these is not known");
    Why::new(Reason::Undecided, text)
}

/// Why a packet cannot be followed past `id`.
pub(super) fn beyond(id: &str) -> Arc<Why> {
    Why::new(Reason::NotLoaded, format!("the route leads to `{id}`, and what lies behind it was not loaded"))
}

/// The blocks a route is for; `None` stands for a prefix list whose contents were not loaded.
fn destinations(world: &World, table: FactId, route: &Value) -> Result<Vec<Option<IpNet>>, Arc<Why>> {
    for field in ["DestinationCidrBlock", "DestinationIpv6CidrBlock"] {
        // A transit gateway's route has no IPv6 field of its own.
        match world.facts.text_in(route, &[field]) {
            Ok(Some(cidr)) => return Ok(vec![Some(lists::block(&cidr)?)]),
            Ok(None) => {}
            Err(why) if field == "DestinationCidrBlock" => return Err(why),
            Err(_) => {}
        }
    }
    for field in ["DestinationPrefixListId", "PrefixListId"] {
        if let Ok(Some(list)) = world.facts.text_in(route, &[field]) {
            return Ok(match lists::blocks(world, &list, table) {
                Ok(nets) => nets.into_iter().map(Some).collect(),
                Err(_) => vec![None],
            });
        }
    }
    Ok(vec![None])
}

/// True where no address of the block is public: RFC 1918, RFC 6598, link-local, unique local.
fn is_private(net: IpNet) -> bool {
    const BLOCKS: [&str; 7] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"];
    BLOCKS.iter().filter_map(|block| block.parse::<IpNet>().ok()).any(|block| block.contains(&net))
}
