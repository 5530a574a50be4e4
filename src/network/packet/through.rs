//! The passage from a workload to an endpoint: filters, routes and policy, in the order in which a connection meets them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::super::route::Hop;
use super::acl::{self, Crossing};
use super::flow::{Flow, Pattern, Ports};
use super::group::{self, Groups, Side};
use super::journey::{self, Border, End, Journey};
use super::lists;
use super::stage::{Outcome, Stage, run};
use crate::access::{Endpoint, Through, through_endpoint};
use crate::facts::{FactId, Reason, Value, Why, kind};
use crate::world::World;

/// What becomes of a workload's connections to an endpoint.
#[derive(Debug, Clone)]
pub(in super::super) struct Passage {
    /// `Ok(true)`: all get through; `Ok(false)`: none does, and the last hop says why.
    pub(in super::super) open: Result<bool, Arc<Why>>,
    /// The hops after the subnet.
    pub(in super::super) hops: Vec<Hop>,
}

/// A workload in one of its subnets.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Client<'w> {
    pub(in super::super) workload: FactId,
    pub(in super::super) subnet: FactId,
    pub(in super::super) roles: &'w [FactId],
}

/// What decides the packets of a client: clients that agree in it fare alike.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Alike {
    subnet: FactId,
    endpoint: FactId,
    groups: Option<Vec<Arc<str>>>,
    addresses: Vec<IpNet>,
    ports: ClientPorts,
}

/// What became of packets, by what decides it: many workloads share a subnet and their groups.
#[derive(Debug, Default)]
struct Known(Mutex<HashMap<Alike, Passage>>);

/// What becomes of the client's calls of `service` at `endpoint`.
pub(in super::super) fn passage(world: &World, client: Client<'_>, endpoint: FactId, service: Endpoint) -> Passage {
    let groups = groups_of(world, client.workload, Some(client.subnet));
    let packets = match addresses(world, client) {
        Ok(addresses) => {
            let ports = client_ports(world, client.workload);
            let alike = Alike { subnet: client.subnet, endpoint, groups: groups.as_ref().ok().cloned(), addresses, ports };
            let known = world.memo(|_| Known::default());
            let slot = || known.0.lock().unwrap_or_else(PoisonError::into_inner);
            let found = slot().get(&alike).filter(|_| alike.groups.is_some()).cloned();
            found.unwrap_or_else(|| {
                let found = pairs(world, &alike, &groups).map(join);
                let unsure = |why| Passage { open: Err(why), hops: vec![Hop::of(world, "endpoint", endpoint)] };
                let found = found.unwrap_or_else(unsure);
                slot().insert(alike, found.clone());
                found
            })
        }
        Err(why) => Passage { open: Err(why), hops: vec![Hop::of(world, "endpoint", endpoint)] },
    };
    if packets.open == Ok(false) {
        return packets;
    }
    let mut hops = packets.hops;
    let (open, hop) = match through_endpoint(world, client.roles, endpoint, service) {
        Ok(Through { open: true, policy, .. }) => (packets.open, Hop { text: "endpoint policy".to_owned(), at: policy }),
        Ok(Through { policy, by_endpoint, .. }) => {
            let whose = if by_endpoint { "the endpoint policy" } else { "the role's own policies" };
            let text = format!("{whose}, which allow{} no call through it", if by_endpoint { "s" } else { "" });
            (Ok(false), Hop { text, at: policy })
        }
        Err(why) => (packets.open.and(Err(why)), Hop { text: "endpoint policy".to_owned(), at: None }),
    };
    hops.push(hop);
    Passage { open, hops }
}

/// One answer for several passages of which a client may take any.
pub(in super::super) fn join(pairs: Vec<Passage>) -> Passage {
    let mut unsure: Option<&Passage> = None;
    let (mut open, mut closed): (Option<&Passage>, Option<&Passage>) = (None, None);
    for pair in &pairs {
        let slot = match pair.open {
            Ok(true) => &mut open,
            Ok(false) => &mut closed,
            Err(_) => &mut unsure,
        };
        *slot = slot.or(Some(pair));
    }
    match (open, closed, unsure) {
        (_, _, Some(unsure)) => unsure.clone(),
        (Some(open), None, None) => open.clone(),
        (None, Some(closed), None) => closed.clone(),
        (Some(open), Some(closed), None) => {
            let by = closed.hops.last().map_or("", |hop| &*hop.text);
            let text = format!("some of the addresses that the name leads to can be reached and others not: {by}");
            Passage { open: Err(Why::new(Reason::Undecided, text)), hops: open.hops.clone() }
        }
        (None, None, None) => {
            Passage { open: Err(Why::new(Reason::NotLoaded, "what endpoint the name leads to is not known")), hops: Vec::new() }
        }
    }
}

/// Every pair of the client's subnet and one of the endpoint's, by family of addresses.
fn pairs(world: &World, client: &Alike, own: &Groups) -> Result<Vec<Passage>, Arc<Why>> {
    let facts = &world.facts;
    let endpoint = client.endpoint;
    let subnets = facts.follow(endpoint, "subnets")?;
    if subnets.is_empty() {
        return Err(Why::new(Reason::NotLoaded, "the subnets of the endpoint are not in the answer"));
    }
    if client.addresses.is_empty() {
        return Err(Why::new(Reason::NotLoaded, "the addresses of the subnet are not in the answer"));
    }
    let other = groups_of(world, endpoint, None);
    let Some(&vpc) = facts.follow(client.subnet, "vpc")?.first() else {
        return Err(Why::new(Reason::NotLoaded, "the VPC of the subnet was not loaded"));
    };
    let mut out = Vec::new();
    for subnet in subnets {
        let Some(&there) = facts.follow(subnet, "vpc")?.first() else {
            return Err(Why::new(Reason::NotLoaded, "the VPC of the endpoint's subnet was not loaded"));
        };
        for to in listens(world, endpoint, subnet)? {
            for from in client.addresses.iter().copied().filter(|from| same_family(*from, to)) {
                let from = End { subnet: client.subnet, vpc, net: from };
                let ends = Ends { from, to: End { subnet, vpc: there, net: to }, endpoint };
                out.push(ends.passage(world, own, &other, client.ports));
            }
        }
    }
    if out.is_empty() {
        let text = "the endpoint, which answers to no family of addresses that the subnet has".to_owned();
        let hops = vec![Hop { text, at: facts.get(endpoint).map(|f| f.node) }];
        out.push(Passage { open: Ok(false), hops });
    }
    Ok(out)
}

fn same_family(a: IpNet, b: IpNet) -> bool {
    matches!((a, b), (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_)))
}

/// The ports that a client calls from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ClientPorts {
    /// All that it may use.
    all: Ports,
    /// Those that are enough to be open, where clients keep to them.
    enough: Option<Ports>,
}

/// VPC User Guide, "Ephemeral ports": Linux kernels and Windows keep above 32768 unless told otherwise; Lambda functions, NAT gateways
/// and load balancers use all from 1024.
fn client_ports(world: &World, workload: FactId) -> ClientPorts {
    let all = (1024, u16::MAX);
    let system = world.facts.get(workload).is_some_and(|f| ["ec2-instance", "ecs-service"].contains(&f.kind.name));
    ClientPorts { all, enough: system.then_some((32768, u16::MAX)) }
}

/// The security groups of a workload in a subnet, or of an endpoint.
fn groups_of(world: &World, fact: FactId, subnet: Option<FactId>) -> Groups {
    let facts = &world.facts;
    let Some(found) = facts.get(fact) else { return Ok(Vec::new()) };
    let Some(edge) = found.kind.edges.iter().find(|edge| edge.name == "security_groups") else {
        let text = format!("the security groups of a {} are not known", found.kind.title);
        return Err(Why::new(Reason::NotLoaded, text));
    };
    // Their identifiers are enough: a group need not be loaded for a rule to name it.
    let mut ids: Vec<Arc<str>> = Vec::new();
    if let Some(node) = facts.node(found.node).filter(|_| !edge.path.is_empty()) {
        kind::walk(node, edge.path, &mut |id| ids.extend(id.as_str().map(Arc::from)));
    }
    // An instance has groups for each of its interfaces.
    let in_subnet = subnet.map_or(Ok(Vec::new()), |subnet| interfaces(world, fact, subnet))?;
    if !in_subnet.is_empty() {
        let mut sets = BTreeSet::new();
        for interface in &in_subnet {
            let mut set = BTreeSet::new();
            for group in facts.list_in(interface, &["Groups"])? {
                set.extend(facts.text_in(&group, &["GroupId"])?.map(Arc::from));
            }
            sets.insert(set);
        }
        if sets.len() > 1 {
            let text = format!("the interfaces of `{}` in one subnet have different security groups", found.name);
            return Err(Why::new(Reason::Undecided, text));
        }
        ids = sets.into_iter().flatten().collect();
    }
    if ids.is_empty() {
        ids = facts.follow(fact, "security_groups")?.into_iter().filter_map(|g| facts.get(g)).map(|g| g.key.clone()).collect();
    }
    if ids.is_empty() && found.kind.name == "ecs-service" {
        ids = default_groups(world, fact)?;
    }
    if ids.is_empty() {
        return Err(Why::new(Reason::NotLoaded, format!("no security group of {} `{}` is named", found.kind.title, found.name)));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Amazon ECS API, "AwsVpcConfiguration": without security groups, the default one of the VPC is used.
fn default_groups(world: &World, service: FactId) -> Groups {
    let facts = &world.facts;
    let mut out = Vec::new();
    for subnet in facts.follow(service, "subnets")? {
        for vpc in facts.follow(subnet, "vpc")? {
            for group in facts.follow(vpc, "security_groups")? {
                if facts.text_at(group, &["GroupName"])?.as_deref() == Some("default") {
                    out.extend(facts.get(group).map(|g| g.key.clone()));
                }
            }
        }
    }
    Ok(out)
}

/// The addresses that a workload may have in the subnet: its own where it is known, else all of the subnet.
fn addresses(world: &World, client: Client<'_>) -> Result<Vec<IpNet>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = of_subnet(world, client.subnet)?;
    let mut own = Vec::new();
    for interface in interfaces(world, client.workload, client.subnet)? {
        if let Some(address) = facts.text_in(&interface, &["PrivateIpAddress"])? {
            own.push(lists::block(&format!("{address}/32"))?);
        }
    }
    if !own.is_empty() {
        out.retain(|net| matches!(net, IpNet::V6(_)));
        out.append(&mut own);
    }
    if !may_use_ipv6(world, client.workload)? {
        out.retain(|net| matches!(net, IpNet::V4(_)));
    }
    Ok(out)
}

/// Whether a workload sends packets of IPv6 where its subnet has addresses for them: a function only where that was asked for.
pub(in super::super) fn may_use_ipv6(world: &World, workload: FactId) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    if facts.get(workload).is_none_or(|f| f.kind.name != "lambda-function") {
        return Ok(true);
    }
    Ok(facts.bool_at(workload, &["VpcConfig", "Ipv6AllowedForDualStack"])? == Some(true))
}

/// The interfaces of an instance in a subnet; none for another kind of workload.
fn interfaces(world: &World, workload: FactId, subnet: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let (Some(found), Some(subnet)) = (facts.get(workload), facts.get(subnet)) else { return Ok(Vec::new()) };
    if found.kind.name != "ec2-instance" {
        return Ok(Vec::new());
    }
    let all = facts.list_in(&Value::Fact(workload), &["NetworkInterfaces"])?;
    let here = |interface: &Value| facts.text_in(interface, &["SubnetId"]).ok().flatten().as_deref() == Some(&*subnet.key);
    Ok(all.into_iter().filter(here).collect())
}

fn of_subnet(world: &World, subnet: FactId) -> Result<Vec<IpNet>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    if let Some(cidr) = facts.text_at(subnet, &["CidrBlock"])? {
        out.push(lists::block(&cidr)?);
    }
    for association in facts.list_in(&Value::Fact(subnet), &["Ipv6CidrBlockAssociationSet"])? {
        let state = facts.text_in(&association, &["Ipv6CidrBlockState", "State"])?;
        if state.is_none_or(|state| state == "associated")
            && let Some(cidr) = facts.text_in(&association, &["Ipv6CidrBlock"])?
        {
            out.push(lists::block(&cidr)?);
        }
    }
    Ok(out)
}

/// The addresses at which an endpoint listens in one of its subnets: its interface's where that was loaded, else all of the subnet.
fn listens(world: &World, endpoint: FactId, subnet: FactId) -> Result<Vec<IpNet>, Arc<Why>> {
    let facts = &world.facts;
    let family = facts.text_at(endpoint, &["IpAddressType"])?.unwrap_or_else(|| "ipv4".to_owned());
    let records = facts.text_at(endpoint, &["DnsOptions", "DnsRecordIpType"])?;
    let v4 = family != "ipv6";
    let v6 = family != "ipv4" && records.as_deref() != Some("ipv4");
    let key = facts.get(subnet).map(|f| f.key.clone()).unwrap_or_default();
    let mut nets = Vec::new();
    for id in facts.list_in(&Value::Fact(endpoint), &["NetworkInterfaceIds"])? {
        let id = facts.text(&id).unwrap_or_default();
        let Some(interface) = facts.by_key("network-interface", &id, None, None) else { continue };
        if facts.text_at(interface, &["SubnetId"])?.as_deref() != Some(&*key) {
            continue;
        }
        if let Some(address) = facts.text_at(interface, &["PrivateIpAddress"])? {
            nets.push(lists::block(&format!("{address}/32"))?);
        }
        for address in facts.list_in(&Value::Fact(interface), &["Ipv6Addresses"])? {
            let address = facts.text_in(&address, &["Ipv6Address"])?.unwrap_or_default();
            nets.push(lists::block(&format!("{address}/128"))?);
        }
    }
    if nets.is_empty() {
        nets = of_subnet(world, subnet)?;
    }
    nets.retain(|net| if matches!(net, IpNet::V4(_)) { v4 } else { v6 });
    Ok(nets)
}

/// Two ends that a connection runs between.
struct Ends {
    from: End,
    to: End,
    endpoint: FactId,
}

impl Ends {
    fn passage(&self, world: &World, own: &Groups, other: &Groups, ports: ClientPorts) -> Passage {
        let endpoint = Hop::of(world, "endpoint", self.endpoint);
        let unsure = |why| Passage { open: Err(why), hops: vec![endpoint.clone()] };
        let (route, there, references) = match journey::between(world, self.from, self.to) {
            Ok(Journey::There { hops, borders, references }) => (hops, borders, references),
            Ok(Journey::Nowhere(hops)) => return Passage { open: Ok(false), hops },
            Err(why) => return unsure(why),
        };
        let back = match journey::between(world, self.to, self.from) {
            Ok(Journey::There { borders, .. }) => borders,
            Ok(Journey::Nowhere(back)) => {
                let why = back.last().map_or("", |hop| &*hop.text);
                let at = back.iter().rev().find_map(|hop| hop.at);
                let closing = Hop { text: format!("no way back from the endpoint ({why})"), at };
                return Passage { open: Ok(false), hops: [route, vec![endpoint, closing]].concat() };
            }
            Err(why) => return unsure(why),
        };
        let apart = self.from.subnet != self.to.subnet;
        let [to_endpoint, to_client] = references;
        let border = |subnet, out, by_client, answer| acl::stage(world, subnet, Crossing { out, by_client, answer });
        let mut stages = vec![group::stage(world, Side::Client, own, other, &to_endpoint)];
        stages.extend(apart.then(|| border(self.from.subnet, true, false, false)));
        let before = stages.len();
        stages.extend(there.iter().map(|border| passing(world, border, false)));
        stages.extend(apart.then(|| border(self.to.subnet, false, true, false)));
        stages.push(group::stage(world, Side::Endpoint, other, own, &to_client));
        let after = stages.len();
        stages.extend(apart.then(|| border(self.to.subnet, true, true, true)));
        stages.extend(back.iter().map(|border| passing(world, border, true)));
        stages.extend(apart.then(|| border(self.from.subnet, false, false, true)));

        let hops = |stages: &[Stage]| stages.iter().map(|stage| stage.hop.clone()).collect::<Vec<Hop>>();
        // What a connection met before the stage of this number.
        let met = |upto: usize| {
            let mut out = hops(stages.get(..before.min(upto)).unwrap_or_default());
            if upto >= before {
                out.extend(route.iter().cloned());
                out.extend(hops(stages.get(before..after.min(upto)).unwrap_or_default()));
            }
            out.extend((upto >= after).then(|| endpoint.clone()));
            out
        };
        let calls = |ports: Ports| run(&[Flow { from: self.from.net, to: self.to.net, ports }], &stages);
        match (calls(ports.all), ports.enough) {
            (Outcome::Open, _) => Passage { open: Ok(true), hops: met(stages.len()) },
            (Outcome::Closed { stage, by }, _) => Passage { open: Ok(false), hops: [met(stage), vec![by]].concat() },
            (Outcome::Unsure(why), enough) => {
                let open = enough.is_some_and(|ports| matches!(calls(ports), Outcome::Open));
                Passage { open: if open { Ok(true) } else { Err(why) }, hops: met(stages.len()) }
            }
        }
    }
}

/// The ACL at a border that lies between the ends.
fn passing(world: &World, border: &Border, answer: bool) -> Stage {
    let crossing = Crossing { out: border.out, by_client: border.by_source != answer, answer };
    let mut stage = acl::stage(world, border.subnet, crossing);
    stage.doubts.extend(border.doubt.iter().map(|why| (Pattern::ALL, why.clone())));
    stage
}
