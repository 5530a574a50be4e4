//! Names: whether a Bedrock endpoint's name leads to a private address in a VPC.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::index::Index;
use super::{profile, workload};
use crate::access::{Endpoint, callable_endpoints};
use crate::facts::{FactId, NodeId, Reason, Value, Why, kinds};
use crate::world::{Derived, ObjectType, World};

/// How a name resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolution {
    /// To an endpoint in the same VPC with private DNS.
    Endpoint(FactId),
    /// Through a private hosted zone to an endpoint elsewhere (central endpoints).
    HostedZone(FactId),
    /// Through a Route 53 Profile that holds an endpoint's name.
    Profile(FactId),
    /// Through a private hosted zone or a profile to an endpoint that does not answer for the service: the name does not fall
    /// back to public addresses.
    Dead(FactId),
    /// To public addresses.
    Public,
}

impl Resolution {
    /// Whether the name leads to an endpoint that answers.
    pub(super) fn private(&self) -> bool {
        !matches!(self, Self::Dead(_) | Self::Public)
    }
}

/// What a private name leads to.
pub(super) enum Leads {
    /// To an available endpoint of the service.
    Answered,
    /// To an endpoint that is gone, not accepted or another service's.
    Dead,
    /// Nothing of a private name is there.
    Nowhere,
}

/// What a VPC needs.
pub(super) const NEED: ObjectType = ObjectType {
    name: "endpoint-need",
    fields: &[
        ("service", "string", "the endpoint service a workload in the VPC may call, such as `bedrock-runtime`"),
        ("service_name", "string", "its full name, such as `com.amazonaws.sa-east-1.bedrock-runtime`"),
        ("private", "bool", "whether its name resolves to a private endpoint in this VPC"),
        ("workloads", "list<any>", "the workloads whose roles may call it"),
        ("workload_names", "string", "their names, for messages"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "vpc",
        name: "bedrock_needs",
        ty: "list<object:endpoint-need>",
        doc: "One element for each kind of Bedrock endpoint that the role of a workload in this VPC may call.",
        compute: needs,
    },
    Derived {
        kind: "vpc-endpoint",
        name: "bedrock_service",
        ty: "string",
        doc: "The Bedrock service the endpoint is for (`bedrock-runtime`, `bedrock-mantle`, …); empty for another service.",
        compute: |world, endpoint| match service_of(world, endpoint) {
            Ok(service) => Value::str(service.unwrap_or_default()),
            Err(why) => Value::Unknown(why),
        },
    },
    Derived {
        kind: "vpc-endpoint",
        name: "name_resolves_privately",
        ty: "bool",
        doc: "Whether the service's name leads to a private address in the endpoint's VPC: by the endpoint's own private DNS with both DNS attributes of the VPC on, or by a private hosted zone.",
        compute: name_resolves_privately,
    },
    Derived {
        kind: "vpc-endpoint",
        name: "serves_hosted_zone",
        ty: "bool",
        doc: "Whether a loaded private hosted zone has an alias to this endpoint: then its own private DNS is off by design.",
        compute: serves_hosted_zone,
    },
];

/// The Bedrock service in an endpoint's service name, `None` for another service.
pub(super) fn service_of(world: &World, endpoint: FactId) -> Result<Option<String>, Arc<Why>> {
    let name = world.facts.text_at(endpoint, &["ServiceName"])?.unwrap_or_default();
    let service = name.strip_prefix("com.amazonaws.").and_then(|rest| rest.split_once('.')).map(|(_, service)| service);
    Ok(service.filter(|s| *s == "bedrock" || s.starts_with("bedrock-")).map(str::to_owned))
}

/// The public name that private DNS takes over.
fn dns_name(service: &str, region: &str) -> String {
    if service == "bedrock-mantle" {
        format!("bedrock-mantle.{region}.api.aws")
    } else {
        format!("{service}.{region}.amazonaws.com")
    }
}

/// How `service` resolves in `vpc`.
///
/// # Errors
/// The reason, where nothing private was found but something that could make it private was not loaded.
pub(super) fn resolve(world: &World, vpc: FactId, service: &str) -> Result<Resolution, Arc<Why>> {
    let names = world.memo(Names::of);
    let at = Endpoint::ALL.iter().position(|endpoint| endpoint.service() == service);
    match at.and_then(|at| names.0.get(&vpc)?.get(at)) {
        Some(slot) => slot.get_or_init(|| resolve_anew(world, vpc, service)).clone(),
        None => resolve_anew(world, vpc, service),
    }
}

/// What each VPC makes of the names in [`Endpoint::ALL`], found at the first question.
#[derive(Debug)]
struct Names(HashMap<FactId, [OnceLock<Result<Resolution, Arc<Why>>>; Endpoint::ALL.len()]>);

impl Names {
    fn of(world: &World) -> Self {
        Self(world.facts.of_kind("vpc").iter().map(|vpc| (*vpc, Default::default())).collect())
    }
}

fn resolve_anew(world: &World, vpc: FactId, service: &str) -> Result<Resolution, Arc<Why>> {
    let facts = &world.facts;
    let region = facts.get(vpc).and_then(|f| f.region.clone()).unwrap_or_default();
    let name = dns_name(service, &region);
    let mut doubt = None;
    match own_endpoint(world, vpc, service) {
        Ok(Some(endpoint)) => return Ok(Resolution::Endpoint(endpoint)),
        Ok(None) => {}
        Err(why) => doubt = Some(why),
    }
    match zone_for(world, vpc, service, &name) {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    match profile::resource_for(world, vpc, service, &name) {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    doubt.map_or(Ok(Resolution::Public), Err)
}

/// An available interface endpoint for `service` in `vpc` whose private DNS works.
fn own_endpoint(world: &World, vpc: FactId, service: &str) -> Result<Option<FactId>, Arc<Why>> {
    for endpoint in world.facts.follow(vpc, "endpoints")? {
        if service_of(world, endpoint)?.as_deref() != Some(service) || !available(world, endpoint)? {
            continue;
        }
        if world.facts.bool_at(endpoint, &["PrivateDnsEnabled"])? == Some(true) && dns_attributes_on(world, vpc)? {
            return Ok(Some(endpoint));
        }
    }
    Ok(None)
}

pub(super) fn available(world: &World, endpoint: FactId) -> Result<bool, Arc<Why>> {
    let state = world.facts.text_at(endpoint, &["State"])?;
    Ok(state.is_some_and(|s| s.eq_ignore_ascii_case("available")))
}

/// Both DNS attributes of a VPC; private DNS needs the two.
fn dns_attributes_on(world: &World, vpc: FactId) -> Result<bool, Arc<Why>> {
    let support = world.facts.bool_at(vpc, &["dns_support"])?;
    if support == Some(false) {
        return Ok(false);
    }
    let hostnames = world.facts.bool_at(vpc, &["dns_hostnames"])?;
    Ok(support == Some(true) && hostnames == Some(true))
}

/// A private hosted zone of exactly this name that the VPC is associated with and whose apex is an alias to an endpoint.
fn zone_for(world: &World, vpc: FactId, service: &str, name: &str) -> Result<Option<Resolution>, Arc<Why>> {
    let facts = &world.facts;
    let vpc_id = facts.get(vpc).map(|f| f.name.clone()).unwrap_or_default();
    let index = Index::of(world);
    let (zones, unread) = index.zones(name);
    for &zone in zones {
        let associated = facts.list_in(&Value::Fact(zone), &["vpc_associations"])?;
        if !associated.iter().any(|v| facts.text_in(v, &["VPCId"]).ok().flatten().as_deref() == Some(&*vpc_id)) {
            continue;
        }
        match leads(world, zone, service, name)? {
            Leads::Answered => return Ok(Some(Resolution::HostedZone(zone))),
            Leads::Dead => return Ok(Some(Resolution::Dead(zone))),
            Leads::Nowhere => {}
        }
    }
    unread.or_else(|| zones_unknown(world, vpc)).map_or(Ok(None), Err)
}

/// What the aliases of `name` in `zone` lead to. One endpoint that answers is enough.
///
/// # Errors
/// The reason, where none answers for certain and an endpoint was not loaded.
pub(super) fn leads(world: &World, zone: FactId, service: &str, name: &str) -> Result<Leads, Arc<Why>> {
    let (mut doubt, mut found) = (None, Leads::Nowhere);
    for target in alias_targets(world, zone, name)? {
        match answers(world, &endpoint_id(&target), service) {
            Ok(true) => return Ok(Leads::Answered),
            Ok(false) => found = Leads::Dead,
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(Ok(found), Err)
}

/// The endpoint that a name is of: `vpce-ID-SUFFIX.SERVICE.REGION.vpce.amazonaws.com`, with an Availability Zone's name in the suffix.
fn endpoint_id(target: &str) -> String {
    target.split(['-', '.']).nth(1).map_or_else(String::new, |id| format!("vpce-{id}"))
}

/// Whether the endpoint of this identifier is an available one of the service.
pub(super) fn answers(world: &World, id: &str, service: &str) -> Result<bool, Arc<Why>> {
    let Some(endpoint) = world.facts.by_key("vpc-endpoint", id, None, None) else {
        let text = format!("central endpoint `{id}`, which the name leads to, was not loaded");
        return Err(Why::new(Reason::NotLoaded, text));
    };
    Ok(service_of(world, endpoint)?.as_deref() == Some(service) && available(world, endpoint)?)
}

/// Why the hosted zones of the account of `near` are not known, if so.
fn zones_unknown(world: &World, near: FactId) -> Option<Arc<Why>> {
    let account = world.facts.get(near).and_then(|f| f.account.clone());
    kinds::get("hosted-zone").and_then(|kind| world.facts.listed(kind, account.as_deref(), None).err())
}

/// Endpoint names that the records of `name` in `zone` are aliases of.
pub(super) fn alias_targets(world: &World, zone: FactId, name: &str) -> Result<Vec<String>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for record in facts.list_in(&Value::Fact(zone), &["records"])? {
        let record_name = facts.text_in(&record, &["Name"])?.unwrap_or_default();
        let target = facts.text_in(&record, &["AliasTarget", "DNSName"])?.unwrap_or_default();
        if record_name.trim_end_matches('.') == name && target.starts_with("vpce-") {
            out.push(target);
        }
    }
    Ok(out)
}

/// The endpoints that aliases of hosted zones lead to.
#[derive(Debug, Default)]
struct Served {
    ids: HashSet<String>,
    /// Why there may be more.
    doubt: Option<Arc<Why>>,
}

impl Served {
    fn of(world: &World) -> Self {
        let mut served = Self::default();
        for &zone in world.facts.of_kind("hosted-zone") {
            let name = world.facts.text_at(zone, &["Name"]).ok().flatten().unwrap_or_default();
            match alias_targets(world, zone, name.trim_end_matches('.')) {
                Ok(targets) => served.ids.extend(targets.iter().map(|target| endpoint_id(target))),
                Err(why) => served.doubt = served.doubt.or(Some(why)),
            }
        }
        served
    }
}

fn serves_hosted_zone(world: &World, endpoint: FactId) -> Value {
    let served = world.memo(Served::of);
    if world.facts.get(endpoint).is_some_and(|f| served.ids.contains(&*f.key)) {
        return Value::Bool(true);
    }
    let doubt = zones_unknown(world, endpoint).or_else(|| served.doubt.clone());
    doubt.map_or(Value::Bool(false), Value::Unknown)
}

fn name_resolves_privately(world: &World, endpoint: FactId) -> Value {
    let answer = || -> Result<bool, Arc<Why>> {
        let Some(service) = service_of(world, endpoint)? else { return Ok(true) };
        let Some(&vpc) = world.facts.follow(endpoint, "vpc")?.first() else {
            return Err(Why::new(Reason::NotLoaded, "the endpoint's VPC was not loaded"));
        };
        Ok(resolve(world, vpc, &service)?.private())
    };
    answer().map_or_else(Value::Unknown, Value::Bool)
}

fn needs(world: &World, vpc: FactId) -> Value {
    let (workloads, doubts) = workloads_in(world, vpc);
    let mut by_service: BTreeMap<Endpoint, Vec<FactId>> = BTreeMap::new();
    let mut out: Vec<Value> = doubts.into_iter().map(Value::Unknown).collect();
    for workload in workloads {
        match called_by(world, workload) {
            Ok(services) => services.into_iter().for_each(|s| by_service.entry(s).or_default().push(workload)),
            Err(why) => out.push(Value::Unknown(why)),
        }
    }
    out.extend(by_service.into_iter().map(|(service, workloads)| need(world, vpc, service, &workloads)));
    Value::list(out)
}

fn need(world: &World, vpc: FactId, service: Endpoint, workloads: &[FactId]) -> Value {
    let facts = &world.facts;
    let region = facts.get(vpc).and_then(|f| f.region.clone()).unwrap_or_default();
    let private = match resolve(world, vpc, service.service()) {
        Ok(resolution) => Value::Bool(resolution.private()),
        Err(why) => Value::Unknown(why),
    };
    let named: Vec<_> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.name.to_string()).collect();
    let at: Vec<NodeId> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.node).collect();
    let fields = vec![
        ("service", Value::str(service.service())),
        ("service_name", Value::str(format!("com.amazonaws.{region}.{}", service.service()))),
        ("private", private),
        ("workloads", Value::list(workloads.iter().map(|w| workload::value(*w)).collect())),
        ("workload_names", Value::str(named.join(", "))),
    ];
    Value::object(fields, at)
}

/// The kinds of Bedrock endpoint that a workload's roles may call.
pub(super) fn called_by(world: &World, workload: FactId) -> Result<Vec<Endpoint>, Arc<Why>> {
    let mut out = Vec::new();
    for role in workload::roles(world, workload)? {
        out.extend(callable_endpoints(world, role)?);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// An account and a Region, as far as they are known.
type Near = (Option<Arc<str>>, Option<Arc<str>>);

/// All workloads by the VPCs that their subnets lie in.
#[derive(Debug, Default)]
struct Placed {
    by_vpc: HashMap<FactId, Vec<FactId>>,
    /// Why the network of some is not known, by their account and Region.
    lost: HashMap<Near, Vec<Arc<Why>>>,
}

impl Placed {
    fn of(world: &World) -> Self {
        let mut placed = Self::default();
        for workload in workload::all(world) {
            match workload::vpcs(world, workload) {
                Ok(vpcs) => vpcs.into_iter().for_each(|vpc| placed.by_vpc.entry(vpc).or_default().push(workload)),
                Err(why) => {
                    let near = world.facts.get(workload).map(|w| (w.account.clone(), w.region.clone())).unwrap_or_default();
                    placed.lost.entry(near).or_default().push(why);
                }
            }
        }
        placed
    }
}

/// The workloads whose subnets lie in `vpc`, and why there may be more: a workload of the same account and Region whose
/// network is not known, or a kind of workload that nobody was allowed to list.
fn workloads_in(world: &World, vpc: FactId) -> (Vec<FactId>, Vec<Arc<Why>>) {
    let (mut found, mut doubts) = (Vec::new(), Vec::new());
    let Some(home) = world.facts.get(vpc) else { return (found, doubts) };
    let placed = world.memo(Placed::of);
    found.extend(placed.by_vpc.get(&vpc).into_iter().flatten());
    doubts.extend(placed.lost.get(&(home.account.clone(), home.region.clone())).into_iter().flatten().cloned());
    for kind in workload::kinds() {
        match world.facts.listed(kind, home.account.as_deref(), home.region.as_deref()) {
            Err(why) if matches!(why.reason, Reason::Denied | Reason::Failed) => doubts.push(why),
            _ => {}
        }
    }
    (found, doubts)
}
