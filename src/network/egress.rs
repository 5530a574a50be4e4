//! Network paths: which way a workload's call to Bedrock takes from each of its subnets.

use std::sync::Arc;

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
        ("verdict", "string", "`private-endpoint`, `central-endpoint`, `nat`, `internet`, `instance` or `blocked`"),
        ("subnet?", "fact:subnet", "the subnet the call leaves from; absent for what AWS runs in a network of its own"),
        ("hops", "list<object:network-hop>", "each step, the subnet first"),
        ("path", "string", "the hops in one line"),
        ("exit", "string", "the gateway's identifier, or the network of AWS; empty where the call stays private or is blocked"),
    ],
};

/// One step of a way.
pub(super) const HOP: ObjectType =
    ObjectType { name: "network-hop", fields: &[("text", "string", "what it is, such as `route table rtb-0a1b2c3d4e5f60718`")] };

const DOC: &str = "One element for each subnet of the workload and each kind of Bedrock endpoint that its role may call: how the name resolves and where the packet goes.";

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

fn paths(world: &World, workload: FactId) -> Value {
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
    let mut out = Vec::new();
    for subnet in subnets {
        for service in &called.sure {
            out.push(way_out(world, workload, subnet, *service).unwrap_or_else(Value::Unknown));
        }
        for (service, why) in &called.maybe {
            match way_out(world, workload, subnet, *service) {
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
    let sure = called.sure.iter().map(|s| made(world, workload, None, *s, Value::str(verdict), exit.to_owned(), hop()));
    let maybe = called.maybe.values().map(|why| Value::Unknown(why.clone()));
    Value::list(sure.chain(maybe).collect())
}

fn way_out(world: &World, workload: FactId, subnet: FactId, service: Endpoint) -> Result<Value, Arc<Why>> {
    let facts = &world.facts;
    let resolution = match facts.follow(subnet, "vpc")?.first() {
        Some(vpc) => resolve::resolve(world, *vpc, service.service()),
        None => Ok(Resolution::Public),
    };
    let here = |what: &str, fact: FactId| vec![Hop::of(world, "subnet", subnet), Hop::of(world, what, fact)];
    let (verdict, exit, hops) = match resolution {
        Ok(Resolution::Endpoint(endpoint)) => ("private-endpoint", String::new(), here("endpoint", endpoint)),
        Ok(Resolution::HostedZone(zone)) => {
            let mut hops = here("hosted zone", zone);
            hops.push(Hop { text: "central endpoint".to_owned(), at: None });
            ("central-endpoint", String::new(), hops)
        }
        Ok(Resolution::Profile(resource)) => {
            let mut hops = here("Route 53 Profile resource", resource);
            hops.push(Hop { text: "central endpoint".to_owned(), at: None });
            ("central-endpoint", String::new(), hops)
        }
        Ok(Resolution::Dead(at)) => {
            let mut hops = here("private name", at);
            hops.push(Hop { text: "an endpoint that does not answer for the service".to_owned(), at: None });
            ("blocked", String::new(), hops)
        }
        Ok(Resolution::Public) | Err(_) => {
            let way = route::way_out(world, subnet)?;
            // Without a way out nothing leaves however the name resolves, but an endpoint may yet answer.
            if let Err(why) = resolution {
                if way.exit != Exit::None {
                    return Err(why);
                }
                return Ok(made(world, workload, Some(subnet), service, Value::Unknown(why), String::new(), way.hops.clone()));
            }
            let (verdict, exit) = match &way.exit {
                Exit::None => ("blocked", String::new()),
                Exit::Nat(id) => ("nat", id.clone()),
                Exit::Internet(id) => ("internet", id.clone()),
                Exit::Instance(id) => ("instance", id.clone()),
            };
            (verdict, exit, way.hops.clone())
        }
    };
    Ok(made(world, workload, Some(subnet), service, Value::str(verdict), exit, hops))
}

fn made(
    world: &World,
    workload: FactId,
    subnet: Option<FactId>,
    service: Endpoint,
    verdict: Value,
    exit: String,
    hops: Vec<Hop>,
) -> Value {
    let name = world.facts.get(workload).map_or_else(String::new, |f| f.name.to_string());
    let texts = std::iter::once(name.as_str()).chain(hops.iter().map(|hop| hop.text.as_str()));
    let path = texts.collect::<Vec<_>>().join(" → ");
    // The last hop is what the finding is about: it is underlined first.
    let at: Vec<NodeId> = hops.iter().rev().filter_map(|hop| hop.at).collect();
    let hops = hops.into_iter().map(|hop| Value::object(vec![("text", Value::str(hop.text))], hop.at.into_iter().collect()));
    let fields = vec![
        ("service", Value::str(service.service())),
        ("verdict", verdict),
        ("subnet", subnet.map_or(Value::Null, Value::Fact)),
        ("hops", Value::list(hops.collect())),
        ("path", Value::str(path)),
        ("exit", Value::str(exit)),
    ];
    Value::object(fields, at)
}
