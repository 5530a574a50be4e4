//! Egress: which way a workload's call to Bedrock leaves its subnet.

use std::sync::Arc;

use super::resolve::{self, Resolution};
use super::route::{self, Exit};
use super::workload;
use crate::access::Endpoint;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One way out.
pub(super) const EGRESS: ObjectType = ObjectType {
    name: "egress",
    fields: &[
        ("service", "string", "the endpoint service called, such as `bedrock-runtime`"),
        ("verdict", "string", "`private-endpoint`, `central-endpoint`, `nat`, `internet`, `instance` or `blocked`"),
        ("subnet", "fact:subnet", "the subnet the call leaves from"),
        ("path", "string", "the hops in one line"),
        ("exit", "string", "the gateway's identifier; empty where the call stays private or is blocked"),
    ],
};

const DOC: &str = "One element for each subnet of the workload and each kind of Bedrock endpoint that its role may call: how the name resolves and where the packet goes.";

const fn on(kind: &'static str) -> Derived {
    Derived { kind, name: "bedrock_egress", ty: "list<object:egress>", doc: DOC, compute: egress }
}

pub(super) const DERIVED: &[Derived] = &[on("lambda-function"), on("ecs-service"), on("ec2-instance")];

fn egress(world: &World, workload: FactId) -> Value {
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
    let name = |fact: FactId| facts.get(fact).map_or_else(String::new, |f| f.name.to_string());
    let node = |fact: FactId| facts.get(fact).map(|f| f.node);
    let resolution = match facts.follow(subnet, "vpc")?.first() {
        Some(vpc) => resolve::resolve(world, *vpc, service.service()),
        None => Ok(Resolution::Public),
    };
    let start = format!("{} → subnet {}", name(workload), name(subnet));
    let made = |verdict: &str, path: String, exit: &str, at: Vec<NodeId>| {
        let fields = vec![
            ("service", Value::str(service.service())),
            ("verdict", Value::str(verdict)),
            ("subnet", Value::Fact(subnet)),
            ("path", Value::str(path)),
            ("exit", Value::str(exit)),
        ];
        Value::object(fields, at)
    };
    match resolution {
        Ok(Resolution::Endpoint(endpoint)) => {
            let path = format!("{start} → endpoint {}", name(endpoint));
            return Ok(made("private-endpoint", path, "", node(endpoint).into_iter().collect()));
        }
        Ok(Resolution::HostedZone(zone)) => {
            let path = format!("{start} → hosted zone {} → central endpoint", name(zone));
            return Ok(made("central-endpoint", path, "", node(zone).into_iter().collect()));
        }
        Ok(Resolution::Public) | Err(_) => {}
    }
    let out = route::default_route(world, subnet)?;
    let path = |exit: &str| format!("{start} → route table {} → {exit}", name(out.table));
    let at: Vec<NodeId> = out.route.into_iter().chain(node(out.table)).chain(node(subnet)).collect();
    // Without a way out the resolution does not matter; with one, an undetermined resolution decides.
    if out.exit == Exit::None {
        return Ok(made("blocked", path("no route out"), "", at));
    }
    resolution?;
    Ok(match &out.exit {
        Exit::Nat(id) => made("nat", path(&format!("NAT gateway {id}")), id, at),
        Exit::Internet(id) => made("internet", path(&format!("internet gateway {id}")), id, at),
        Exit::Instance(id) => made("instance", path(&format!("forwarding interface {id}")), id, at),
        Exit::None => made("blocked", path("no route out"), "", at),
    })
}
