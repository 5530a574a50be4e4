//! Network paths: which way a workload's call to Bedrock takes from each of its subnets.

use std::sync::Arc;

use super::packet::{self, Client, public_access};
use super::resolve::{self, Resolution};
use super::route::{self, Exit, Hop};
use super::workload::{self, Called, Place};
use crate::access::Endpoint;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One way out.
pub(super) const PATH: ObjectType = ObjectType {
    name: "network-path",
    fields: &[
        ("service", "string", "the endpoint service called, such as `bedrock-runtime`"),
        (
            "verdict",
            "string",
            "`private-endpoint`, `central-endpoint`, `nat`, `internet`, `instance` or `blocked`; unknown where what decides is",
        ),
        ("subnet?", "fact:subnet", "the subnet the call leaves from; absent for what AWS runs in a network of its own"),
        ("hops", "list<object:network-hop>", "each step, the subnet first"),
        ("path", "string", "the hops in one line"),
        ("exit", "string", "the gateway's identifier, or the network of AWS; empty where the call stays private or is blocked"),
        (
            "endpoints",
            "list<fact:vpc-endpoint>",
            "the endpoints that the name leads to; empty where it leads to public addresses",
        ),
        (
            "let_through?",
            "bool",
            "whether security groups, network ACLs, routes and endpoint policies let a call through to these endpoints; missing where there are none",
        ),
        ("closed_by", "string", "the hop that holds the call back; empty where none surely does"),
    ],
};

/// One step of a way.
pub(super) const HOP: ObjectType =
    ObjectType { name: "network-hop", fields: &[("text", "string", "what it is, such as `route table rtb-0a1b2c3d4e5f60718`")] };

const DOC: &str = "One element for each subnet of the workload and each kind of Bedrock endpoint that its role may call: how the name resolves, where the packet goes, and what lets it through.";

const fn on(kind: &'static str) -> Derived {
    Derived { kind, name: "network_paths", ty: "list<object:network-path>", doc: DOC, compute: paths }
}

const fn services_of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "bedrock_services",
        ty: "list<string>",
        doc: "The kinds of Bedrock endpoint that its role may call, such as `bedrock-runtime`.",
        compute: services,
    }
}

pub(super) const DERIVED: &[Derived] = &[
    on("lambda-function"),
    on("ecs-service"),
    on("ecs-task"),
    on("ec2-instance"),
    on("eks-cluster"),
    on("batch-compute-environment"),
    on("agentcore-runtime"),
    on("agentcore-browser"),
    on("agentcore-code-interpreter"),
    on("network-interface"),
    services_of("lambda-function"),
    services_of("agentcore-runtime"),
    services_of("agentcore-browser"),
    services_of("agentcore-code-interpreter"),
];

fn services(world: &World, workload: FactId) -> Value {
    match workload::called_by(world, workload) {
        Ok(called) => {
            let sure = called.sure.iter().map(|s| Value::str(s.service()));
            Value::list(sure.chain(called.maybe.into_values().map(Value::Unknown)).collect())
        }
        Err(why) => Value::Unknown(why),
    }
}

pub(super) fn paths(world: &World, workload: FactId) -> Value {
    let called = match workload::called_by(world, workload) {
        Ok(called) => called,
        Err(why) => return Value::Unknown(why),
    };
    if called.is_empty() {
        return Value::list(Vec::new());
    }
    let subnets = match workload::place(world, workload) {
        Ok(Place::Subnets(subnets)) => subnets,
        Ok(Place::Public) => return outside(world, workload, &called, "internet", "network mode PUBLIC, in a network of AWS"),
        Ok(Place::Closed) => return outside(world, workload, &called, "blocked", "network mode SANDBOX, in a network of AWS"),
        Err(why) => return Value::Unknown(why),
    };
    let roles = match workload::roles(world, workload) {
        Ok(roles) => roles,
        Err(why) => return Value::Unknown(why),
    };
    let sure = &roles.sure;
    let all: Vec<FactId> = sure.iter().copied().chain(roles.maybe.iter().map(|(role, _)| *role)).collect();
    let mut out = Vec::new();
    for subnet in subnets {
        let client = |roles| Client { workload, subnet, roles };
        for service in &called.sure {
            out.push(way_out(world, client(sure), *service).unwrap_or_else(Value::Unknown));
        }
        for (service, why) in &called.maybe {
            match way_out(world, client(&all), *service) {
                // Whoever calls: the call stays private, or comes nowhere.
                Ok(path) if world.facts.text_in(&path, &["exit"]).is_ok_and(|e| e.is_some_and(|e| e.is_empty())) => {
                    out.push(path)
                }
                _ => out.push(Value::Unknown(why.clone())),
            }
        }
    }
    Value::list(out)
}

/// The paths of what stands in no subnet: one for each service.
fn outside(world: &World, workload: FactId, called: &Called, verdict: &'static str, what: &str) -> Value {
    let at = world.facts.at(&Value::Fact(workload), &["networkConfiguration", "networkMode"]).ok().flatten();
    let at = if let Some(Value::Node(node)) = at { Some(node) } else { None };
    let exit = if verdict == "internet" { "a network of AWS" } else { "" };
    let hop = || vec![Hop { text: what.to_owned(), at }];
    let found = || Found { exit: exit.to_owned(), ..Found::ends(verdict, hop()) };
    let sure = called.sure.iter().map(|s| made(world, workload, None, *s, found()));
    let maybe = called.maybe.values().map(|why| Value::Unknown(why.clone()));
    Value::list(sure.chain(maybe).collect())
}

/// What is found of one way.
struct Found {
    /// Where the name or the route leads, whether or not anything gets there.
    leads: &'static str,
    exit: String,
    hops: Vec<Hop>,
    /// The endpoints that the name leads to.
    endpoints: Vec<FactId>,
    /// Whether filters and policies let a call through to them; `None` where the way leads to none.
    open: Option<Result<bool, Arc<Why>>>,
}

impl Found {
    fn ends(leads: &'static str, hops: Vec<Hop>) -> Self {
        Self { leads, exit: String::new(), hops, endpoints: Vec::new(), open: None }
    }

    fn verdict(&self) -> Value {
        match &self.open {
            None | Some(Ok(true)) => Value::str(self.leads),
            Some(Ok(false)) => Value::str("blocked"),
            Some(Err(why)) => Value::Unknown(why.clone()),
        }
    }
}

fn way_out(world: &World, client: Client<'_>, service: Endpoint) -> Result<Value, Arc<Why>> {
    let facts = &world.facts;
    let subnet = client.subnet;
    let vpc = facts.follow(subnet, "vpc")?.first().copied();
    let resolution = match vpc {
        Some(vpc) => resolve::resolve(world, vpc, service.service()),
        None => Ok(Resolution::Public),
    };
    let here = |what: &str, fact: FactId| vec![Hop::of(world, "subnet", subnet), Hop::of(world, what, fact)];
    let found = match &resolution {
        Ok(found @ Resolution::Endpoint(_)) => {
            let hops = vec![Hop::of(world, "subnet", subnet)];
            to_endpoints(world, client, vpc, found, service, Found::ends("private-endpoint", hops))
        }
        Ok(found @ Resolution::HostedZone(zone)) => {
            to_endpoints(world, client, vpc, found, service, Found::ends("central-endpoint", here("hosted zone", *zone)))
        }
        Ok(found @ Resolution::Profile(resource)) => {
            let hops = here("Route 53 Profile resource", *resource);
            to_endpoints(world, client, vpc, found, service, Found::ends("central-endpoint", hops))
        }
        Ok(Resolution::Dead(at)) => {
            let mut hops = here("private name", *at);
            hops.push(Hop { text: "an endpoint that does not answer for the service".to_owned(), at: None });
            Found::ends("blocked", hops)
        }
        Ok(Resolution::Public) | Err(_) => {
            let ipv6 = public_access::has_ipv6(world, subnet) && packet::may_use_ipv6(world, client.workload)?;
            let way = route::way_out_by(world, subnet, ipv6)?;
            let (leads, exit) = match &way.exit {
                Exit::None => ("blocked", String::new()),
                Exit::Nat(id) => ("nat", id.clone()),
                Exit::Internet(id) => ("internet", id.clone()),
                Exit::Instance(id) => ("instance", id.clone()),
            };
            let mut found = Found { exit, ..Found::ends(leads, way.hops.clone()) };
            // Without a way out nothing leaves however the name resolves, but an endpoint may yet answer.
            if let Err(why) = &resolution {
                if way.exit != Exit::None {
                    return Err(why.clone());
                }
                found.open = Some(Err(why.clone()));
            }
            found
        }
    };
    Ok(made(world, client.workload, Some(subnet), service, found))
}

/// The passage to the endpoints that the name leads to: each must let calls through, as a client takes any of them.
fn to_endpoints(
    world: &World,
    client: Client<'_>,
    vpc: Option<FactId>,
    resolution: &Resolution,
    service: Endpoint,
    mut found: Found,
) -> Found {
    let endpoints = vpc.map_or(Ok(Vec::new()), |vpc| resolve::answering(world, vpc, resolution, service.service()));
    let mut passages = Vec::new();
    match endpoints {
        Ok(endpoints) => {
            passages.extend(endpoints.iter().map(|endpoint| packet::passage(world, client, *endpoint, service)));
            found.endpoints = endpoints;
        }
        Err(why) => found.open = Some(Err(why)),
    }
    if found.open.is_none() {
        let joined = packet::join(passages);
        found.hops.extend(joined.hops);
        found.open = Some(joined.open);
    }
    found
}

fn made(world: &World, workload: FactId, subnet: Option<FactId>, service: Endpoint, found: Found) -> Value {
    let verdict = found.verdict();
    let hops = found.hops;
    let name = world.facts.get(workload).map_or_else(String::new, |f| f.name.to_string());
    let texts = std::iter::once(name.as_str()).chain(hops.iter().map(|hop| hop.text.as_str()));
    let path = texts.collect::<Vec<_>>().join(" → ");
    let closed_by = match found.open {
        Some(Ok(false)) => hops.last().map_or_else(String::new, |hop| hop.text.clone()),
        _ => String::new(),
    };
    // The last hop is what the finding is about: it is underlined first.
    let at: Vec<NodeId> = hops.iter().rev().filter_map(|hop| hop.at).collect();
    let hops = hops.into_iter().map(|hop| Value::object(vec![("text", Value::str(hop.text))], hop.at.into_iter().collect()));
    // A name of which it is not known where it leads may lead to endpoints.
    let endpoints = match &found.open {
        Some(Err(why)) if found.endpoints.is_empty() => Value::Unknown(why.clone()),
        _ => Value::list(found.endpoints.iter().copied().map(Value::Fact).collect()),
    };
    let let_through = match found.open {
        Some(Ok(_)) if found.endpoints.is_empty() => Value::Null,
        Some(Ok(open)) => Value::Bool(open),
        Some(Err(why)) => Value::Unknown(why),
        None => Value::Null,
    };
    let fields = vec![
        ("service", Value::str(service.service())),
        ("verdict", verdict),
        ("subnet", subnet.map_or(Value::Null, Value::Fact)),
        ("hops", Value::list(hops.collect())),
        ("path", Value::str(path)),
        ("exit", Value::str(found.exit)),
        ("endpoints", endpoints),
        ("let_through", let_through),
        ("closed_by", Value::str(closed_by)),
    ];
    Value::object(fields, at)
}
