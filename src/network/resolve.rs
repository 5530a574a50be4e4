//! Names: whether a Bedrock endpoint's name leads to a private address in a VPC.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::index::Index;
use super::{forward, profile};
use crate::access::Endpoint;
use crate::facts::{FactId, Reason, Value, Why, kinds};
use crate::world::{Derived, World};

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

pub(super) const DERIVED: &[Derived] = &[
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
    Ok(service.filter(|service| is_bedrock(service)).map(str::to_owned))
}

/// The name of an endpoint service of AWS.
pub(super) fn service_name(service: &str, region: &str) -> String {
    format!("com.amazonaws.{region}.{service}")
}

/// Whether an endpoint is an available interface endpoint of the service of this full name. Bedrock has no other type.
fn serves(world: &World, endpoint: FactId, service_name: &str) -> Result<bool, Arc<Why>> {
    let is = |field: &str, value: &str| {
        Ok::<_, Arc<Why>>(world.facts.text_at(endpoint, &[field])?.is_some_and(|text| text.eq_ignore_ascii_case(value)))
    };
    Ok(is("ServiceName", service_name)? && is("VpcEndpointType", "Interface")? && is("State", "available")?)
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
        Some(slot) => slot.get_or_init(|| resolve_in(world, vpc, &region_of(world, vpc), service)).clone(),
        None => resolve_in(world, vpc, &region_of(world, vpc), service),
    }
}

fn region_of(world: &World, fact: FactId) -> Arc<str> {
    world.facts.get(fact).and_then(|f| f.region.clone()).unwrap_or_default()
}

/// What a VPC makes of a name, once it was asked.
type Slot = OnceLock<Result<Resolution, Arc<Why>>>;

/// What each VPC makes of the names in [`Endpoint::ALL`], found at the first question.
#[derive(Debug)]
struct Names(HashMap<FactId, [Slot; Endpoint::ALL.len()]>);

impl Names {
    fn of(world: &World) -> Self {
        Self(world.facts.of_kind("vpc").iter().map(|vpc| (*vpc, Default::default())).collect())
    }
}

/// How `service` resolves in `vpc`, for a reader.
pub(super) fn in_words(world: &World, vpc: FactId, service: &str) -> String {
    let region = region_of(world, vpc);
    let (name, full) = (dns_name(service, &region), service_name(service, &region));
    let called = |fact: FactId| world.facts.get(fact).map_or_else(String::new, |f| format!("`{}`", f.name));
    let central = |found: &Resolution| {
        let endpoints = answering(world, vpc, found, service).unwrap_or_default();
        endpoints.into_iter().map(called).collect::<Vec<_>>().join(" or ")
    };
    match resolve(world, vpc, service) {
        Ok(Resolution::Endpoint(endpoint)) => {
            format!("`{name}` leads to endpoint {} in the same VPC, by its private DNS", called(endpoint))
        }
        Ok(Resolution::HostedZone(zone)) => {
            format!(
                "`{name}` leads to central endpoint {}, by private hosted zone {}",
                central(&Resolution::HostedZone(zone)),
                called(zone)
            )
        }
        Ok(Resolution::Profile(resource)) => {
            let endpoint = central(&Resolution::Profile(resource));
            format!("`{name}` leads to central endpoint {endpoint}, by {} of a Route 53 Profile", called(resource))
        }
        Ok(Resolution::Dead(at)) => format!("`{name}` is taken by {}, where no endpoint of the service answers", called(at)),
        Ok(Resolution::Public) => format!("`{name}` has public addresses: {}", why_public(world, vpc, &full)),
        Err(why) => format!("what `{name}` leads to is not known: {}", why.text),
    }
}

/// Why nothing private takes a name: what lacks of an endpoint that is there.
fn why_public(world: &World, vpc: FactId, service_name: &str) -> String {
    let facts = &world.facts;
    let elsewhere = "no private hosted zone and no Route 53 Profile takes the name";
    for endpoint in facts.follow(vpc, "endpoints").unwrap_or_default() {
        let text = |field: &str| facts.text_at(endpoint, &[field]).ok().flatten().unwrap_or_default();
        if text("ServiceName") != service_name {
            continue;
        }
        let id = text("VpcEndpointId");
        if !serves(world, endpoint, service_name).is_ok_and(|serves| serves) {
            return format!("endpoint `{id}` in the VPC is in state `{}`, and {elsewhere}", text("State"));
        }
        let lacks =
            if text("PrivateDnsEnabled") == "true" { "the VPC has a DNS attribute off" } else { "its private DNS is off" };
        return format!("endpoint `{id}` is in the VPC, but {lacks}, and {elsewhere}");
    }
    format!("no endpoint of the service is in the VPC, and {elsewhere}")
}

/// How the name of `service` in `region` resolves in `vpc`.
fn resolve_in(world: &World, vpc: FactId, region: &str, service: &str) -> Result<Resolution, Arc<Why>> {
    let name = dns_name(service, region);
    let service = &service_name(service, region);
    // Route 53 Developer Guide, "Considerations when working with a private hosted zone": the most specific name wins, and a
    // forwarding rule wins over a zone of the same name. The zone of an endpoint's private DNS is of the whole name.
    let forwarded = |zone: &str| forward::takes(world, vpc, &name, zone);
    let mut doubt = None;
    match own_endpoint(world, vpc, service) {
        Ok(Some(endpoint)) => return forwarded(&name).map_or(Ok(Resolution::Endpoint(endpoint)), Err),
        Ok(None) => {}
        Err(why) => doubt = Some(why),
    }
    match zone_for(world, vpc, service, &name) {
        Ok(Some((found, zone))) => return forwarded(&zone).map_or(Ok(found), Err),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    match profile::resource_for(world, vpc, service, &name) {
        Ok(Some(found)) => return forwarded(&name).map_or(Ok(found), Err),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    doubt.or_else(|| forwarded("")).map_or(Ok(Resolution::Public), Err)
}

/// An available interface endpoint of the service in `vpc` whose private DNS works.
fn own_endpoint(world: &World, vpc: FactId, service_name: &str) -> Result<Option<FactId>, Arc<Why>> {
    for endpoint in world.facts.follow(vpc, "endpoints")? {
        if !serves(world, endpoint, service_name)? {
            continue;
        }
        if world.facts.bool_at(endpoint, &["PrivateDnsEnabled"])? == Some(true) && dns_attributes_on(world, vpc)? {
            return Ok(Some(endpoint));
        }
    }
    Ok(None)
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

/// The private hosted zone that takes `name` in the VPC, and what that zone makes of it: of the zones of the name or of a part of it
/// that the VPC is associated with, the one of the longest name.
fn zone_for(world: &World, vpc: FactId, service_name: &str, name: &str) -> Result<Option<(Resolution, String)>, Arc<Why>> {
    let index = Index::of(world);
    let mut doubt = None;
    for part in suffixes(name) {
        let (zones, unread) = index.zones(part);
        doubt = doubt.or(unread);
        for &zone in zones {
            if !associated(world, zone, vpc)? || !dns_attributes_on(world, vpc)? {
                continue;
            }
            let found = match leads(world, zone, service_name, name)? {
                Leads::Answered => Resolution::HostedZone(zone),
                // Of the same page: where the zone has no record of the name, the answer is that there is no such name.
                Leads::Dead | Leads::Nowhere => Resolution::Dead(zone),
            };
            return Ok(Some((found, part.to_owned())));
        }
    }
    doubt.or_else(|| zones_unknown(world, vpc)).map_or(Ok(None), Err)
}

/// A name and the parts of it that a zone may be of, the longest first.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |part| part.split_once('.').map(|(_, rest)| rest))
}

fn associated(world: &World, zone: FactId, vpc: FactId) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let Some(vpc) = facts.get(vpc) else { return Ok(false) };
    let associations = facts.list_in(&Value::Fact(zone), &["vpc_associations"])?;
    Ok(associations.iter().any(|v| facts.text_in(v, &["VPCId"]).ok().flatten().as_deref() == Some(&*vpc.key)))
}

/// What the records of `name` in `zone` lead to. One endpoint that answers is enough.
///
/// # Errors
/// The reason, where none answers for certain and an endpoint was not loaded, or a record leads to something that is no endpoint's name.
pub(super) fn leads(world: &World, zone: FactId, service_name: &str, name: &str) -> Result<Leads, Arc<Why>> {
    let (mut doubt, mut found) = (None, Leads::Nowhere);
    for record in records(world, zone, name)? {
        let Record::Endpoint(id) = record else {
            let zone = world.facts.get(zone).map_or_else(String::new, |f| f.name.to_string());
            let text = format!(
                "hosted zone `{zone}` leads `{name}` to something that is no name of an endpoint, and whether that is one is not known"
            );
            doubt = doubt.or_else(|| Some(Why::new(Reason::Undecided, text)));
            continue;
        };
        match answers(world, &id, service_name) {
            Ok(true) => return Ok(Leads::Answered),
            Ok(false) => found = Leads::Dead,
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(Ok(found), Err)
}

/// The endpoint that a name is of: `vpce-ID-SUFFIX.SERVICE.REGION.vpce.amazonaws.com`, with an Availability Zone's name in the suffix.
fn endpoint_id(target: &str) -> Option<String> {
    let id = target.strip_prefix("vpce-")?.split(['-', '.']).next()?;
    Some(format!("vpce-{id}"))
}

/// Whether the endpoint of this identifier is an available one of the service of this full name.
pub(super) fn answers(world: &World, id: &str, service_name: &str) -> Result<bool, Arc<Why>> {
    let Some(endpoint) = world.facts.by_key("vpc-endpoint", id, None, None) else {
        let text = format!("central endpoint `{id}`, which the name leads to, was not loaded");
        return Err(Why::new(Reason::NotLoaded, text));
    };
    serves(world, endpoint, service_name)
}

/// The endpoints that answer where the name of `service` leads to an endpoint, as [`resolve`] found it in `vpc`.
///
/// # Errors
/// The reason, where one of them is not known.
pub(super) fn answering(world: &World, vpc: FactId, found: &Resolution, service: &str) -> Result<Vec<FactId>, Arc<Why>> {
    let facts = &world.facts;
    let region = region_of(world, vpc);
    let (mut ids, mut zones) = (Vec::new(), Vec::new());
    match found {
        Resolution::Endpoint(endpoint) => return Ok(vec![*endpoint]),
        Resolution::HostedZone(zone) => zones.push(*zone),
        Resolution::Profile(resource) => {
            let arn = facts.text_at(*resource, &["ResourceArn"])?.unwrap_or_default();
            ids.extend(arn.split_once(":vpc-endpoint/").map(|(_, id)| id.to_owned()));
            if ids.is_empty() {
                zones = facts.follow(*resource, "hosted_zone")?;
            }
        }
        Resolution::Dead(_) | Resolution::Public => {}
    }
    for zone in zones {
        for record in records(world, zone, &dns_name(service, &region))? {
            match record {
                Record::Endpoint(id) => ids.push(id),
                Record::Other => {
                    let text = "a record of the name leads to something that is no name of an endpoint beside one that is";
                    return Err(Why::new(Reason::Undecided, text));
                }
            }
        }
    }
    let mut out = Vec::new();
    for id in ids {
        if answers(world, &id, &service_name(service, &region))? {
            out.extend(facts.by_key("vpc-endpoint", &id, None, None));
        }
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// Why the hosted zones of the account of `near` are not known, if so.
fn zones_unknown(world: &World, near: FactId) -> Option<Arc<Why>> {
    let account = world.facts.get(near).and_then(|f| f.account.clone());
    kinds::get("hosted-zone").and_then(|kind| world.facts.listed(kind, account.as_deref(), None).err())
}

/// Where a record leads.
enum Record {
    /// To the endpoint of this identifier, by an alias or by its name.
    Endpoint(String),
    /// To addresses or another name.
    Other,
}

/// The records of `name` in `zone` that give it an address: its own, else those of the wildcard that covers it.
fn records(world: &World, zone: FactId, name: &str) -> Result<Vec<Record>, Arc<Why>> {
    let facts = &world.facts;
    let (mut own, mut wild) = (Vec::new(), Vec::new());
    for record in facts.list_in(&Value::Fact(zone), &["records"])? {
        let kind = facts.text_in(&record, &["Type"])?.unwrap_or_default();
        if !["A", "AAAA", "CNAME"].contains(&kind.as_str()) {
            continue;
        }
        let of = facts.text_in(&record, &["Name"])?.unwrap_or_default().to_ascii_lowercase();
        let of = of.trim_end_matches('.');
        // Route 53 writes the asterisk as an octal escape.
        let list = match of.strip_prefix("\\052.").or_else(|| of.strip_prefix("*.")) {
            Some(parent) if name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')) => &mut wild,
            None if of == name => &mut own,
            _ => continue,
        };
        let mut targets: Vec<String> = facts.text_in(&record, &["AliasTarget", "DNSName"])?.into_iter().collect();
        for value in facts.list_in(&record, &["ResourceRecords"])? {
            targets.extend(facts.text_in(&value, &["Value"])?);
        }
        let other = || Record::Other;
        list.extend(targets.iter().map(|t| endpoint_id(t).map_or_else(other, Record::Endpoint)));
    }
    Ok(if own.is_empty() { wild } else { own })
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
            match alias_targets(world, zone) {
                Ok(ids) => served.ids.extend(ids),
                Err(why) => served.doubt = served.doubt.or(Some(why)),
            }
        }
        served
    }
}

fn alias_targets(world: &World, zone: FactId) -> Result<Vec<String>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for record in facts.list_in(&Value::Fact(zone), &["records"])? {
        out.extend(facts.text_in(&record, &["AliasTarget", "DNSName"])?.and_then(|target| endpoint_id(&target)));
    }
    Ok(out)
}

fn serves_hosted_zone(world: &World, endpoint: FactId) -> Value {
    let served = world.memo_kept(Served::of);
    if world.facts.get(endpoint).is_some_and(|f| served.ids.contains(&*f.key)) {
        return Value::Bool(true);
    }
    let doubt = zones_unknown(world, endpoint).or_else(|| served.doubt.clone());
    doubt.map_or(Value::Bool(false), Value::Unknown)
}

fn name_resolves_privately(world: &World, endpoint: FactId) -> Value {
    let answer = || -> Result<bool, Arc<Why>> {
        let name = world.facts.text_at(endpoint, &["ServiceName"])?.unwrap_or_default();
        let of = name.strip_prefix("com.amazonaws.").and_then(|rest| rest.split_once('.'));
        let Some((region, service)) = of.filter(|(_, service)| is_bedrock(service)) else { return Ok(true) };
        let Some(&vpc) = world.facts.follow(endpoint, "vpc")?.first() else {
            return Err(Why::new(Reason::NotLoaded, "the endpoint's VPC was not loaded"));
        };
        Ok(resolve_in(world, vpc, region, service)?.private())
    };
    answer().map_or_else(Value::Unknown, Value::Bool)
}

fn is_bedrock(service: &str) -> bool {
    service == "bedrock" || service.starts_with("bedrock-")
}
