//! Network paths: which way a workload's call to Bedrock takes from each of its subnets.

use std::sync::Arc;

use super::resolve::{self, Resolution};
use super::route::{self, Exit, Hop};
use super::workload;
use crate::access::Endpoint;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One way out.
pub(super) const PATH: ObjectType = ObjectType {
    name: "network-path",
    fields: &[
        ("service", "string", "the endpoint service called, such as `bedrock-runtime`"),
        ("verdict", "string", "`private-endpoint`, `central-endpoint`, `nat`, `internet`, `instance` or `blocked`"),
        ("subnet", "fact:subnet", "the subnet the call leaves from"),
        ("hops", "list<object:network-hop>", "each step, the subnet first"),
        ("path", "string", "the hops in one line"),
        ("exit", "string", "the gateway's identifier; empty where the call stays private or is blocked"),
    ],
};

/// One step of a way.
pub(super) const HOP: ObjectType =
    ObjectType { name: "network-hop", fields: &[("text", "string", "what it is, such as `route table rtb-0a1b2c3d4e5f60718`")] };

const DOC: &str = "One element for each subnet of the workload and each kind of Bedrock endpoint that its role may call: how the name resolves and where the packet goes.";

const fn on(kind: &'static str) -> Derived {
    Derived { kind, name: "network_paths", ty: "list<object:network-path>", doc: DOC, compute: paths }
}

pub(super) const DERIVED: &[Derived] = &[
    on("lambda-function"),
    on("ecs-service"),
    on("ec2-instance"),
    Derived {
        kind: "lambda-function",
        name: "bedrock_services",
        ty: "list<string>",
        doc: "The kinds of Bedrock endpoint that its role may call, such as `bedrock-runtime`.",
        compute: |world, workload| match resolve::called_by(world, workload) {
            Ok(services) => Value::list(services.into_iter().map(|s| Value::str(s.service())).collect()),
            Err(why) => Value::Unknown(why),
        },
    },
];

fn paths(world: &World, workload: FactId) -> Value {
    let services = match resolve::called_by(world, workload) {
        Ok(services) => services,
        Err(why) => return Value::Unknown(why),
    };
    if services.is_empty() {
        return Value::list(Vec::new());
    }
    let subnets = match workload::subnets(world, workload) {
        Ok(subnets) => subnets,
        Err(why) => return Value::Unknown(why),
    };
    let each = subnets.iter().flat_map(|subnet| services.iter().map(move |service| (*subnet, *service)));
    Value::list(each.map(|(subnet, service)| way_out(world, workload, subnet, service).unwrap_or_else(Value::Unknown)).collect())
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
                return Ok(made(world, workload, subnet, service, Value::Unknown(why), String::new(), way.hops.clone()));
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
    Ok(made(world, workload, subnet, service, Value::str(verdict), exit, hops))
}

fn made(
    world: &World,
    workload: FactId,
    subnet: FactId,
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
        ("subnet", Value::Fact(subnet)),
        ("hops", Value::list(hops.collect())),
        ("path", Value::str(path)),
        ("exit", Value::str(exit)),
    ];
    Value::object(fields, at)
}
