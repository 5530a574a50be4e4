//! Supporting endpoints: what workloads that call Bedrock and have no way out need besides it.
//!
//! In: a VPC. Out: each service of AWS that a role of such a workload may call, and whether the VPC has an endpoint of it. A workload
//! with a way out needs none; one of which that is not known leaves an unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::need;
use super::resolve::{self, service_name};
use super::route::{self, Exit};
use super::workload::{self, Place};
use crate::access;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// A need of a VPC without a way out.
pub(super) const SUPPORT: ObjectType = ObjectType {
    name: "support-need",
    fields: &[
        ("service", "string", "the service of AWS, such as `logs`"),
        ("service_name", "string", "its full name, such as `com.amazonaws.sa-east-1.logs`"),
        ("reached", "bool", "whether the VPC has an endpoint of it"),
        ("workload_names", "string", "the workloads whose roles may call it, for messages"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "vpc",
    name: "supporting_needs",
    ty: "list<object:support-need>",
    doc: "One element for each service besides Bedrock (S3, CloudWatch Logs and metrics, STS, KMS, Secrets Manager) that the role of a workload which calls Bedrock and has no way out may call.",
    compute: needs,
}];

/// Endpoint services, each with an action by which a role that may do it needs the service.
const SERVICES: [(&str, &str); 6] = [
    ("s3", "s3:GetObject"),
    ("logs", "logs:PutLogEvents"),
    ("monitoring", "cloudwatch:PutMetricData"),
    ("sts", "sts:AssumeRole"),
    ("kms", "kms:Decrypt"),
    ("secretsmanager", "secretsmanager:GetSecretValue"),
];

fn needs(world: &World, vpc: FactId) -> Value {
    let facts = &world.facts;
    let mut out = Vec::new();
    let mut by_service: BTreeMap<&str, Vec<FactId>> = BTreeMap::new();
    for workload in need::workloads_in(world, vpc).0 {
        match used(world, vpc, workload) {
            Ok(services) => services.into_iter().for_each(|service| by_service.entry(service).or_default().push(workload)),
            Err(why) => out.push(Value::Unknown(why)),
        }
    }
    let region = facts.get(vpc).and_then(|f| f.region.clone()).unwrap_or_default();
    for (service, workloads) in by_service {
        let names: Vec<_> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.name.to_string()).collect();
        let at: Vec<NodeId> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.node).collect();
        let reached = reached(world, vpc, service, &service_name(service, &region)).map_or_else(Value::Unknown, Value::Bool);
        let fields = vec![
            ("service", Value::str(service)),
            ("service_name", Value::str(service_name(service, &region))),
            ("reached", reached),
            ("workload_names", Value::str(names.join(", "))),
        ];
        out.push(Value::object(fields, at));
    }
    Value::list(out)
}

/// The services that a workload which calls Bedrock and has no way out of this VPC may call.
fn used(world: &World, vpc: FactId, workload: FactId) -> Result<Vec<&'static str>, Arc<Why>> {
    if workload::called_by(world, workload)?.sure.is_empty() {
        return Ok(Vec::new());
    }
    let Place::Subnets(subnets) = workload::place(world, workload)? else { return Ok(Vec::new()) };
    let mut closed = false;
    for subnet in subnets {
        if world.facts.follow(subnet, "vpc")?.contains(&vpc) {
            closed |= route::way_out(world, subnet)?.exit == Exit::None;
        }
    }
    let mut out = Vec::new();
    for role in workload::roles(world, workload)?.sure.into_iter().filter(|_| closed) {
        for (service, action) in SERVICES {
            if !out.contains(&service) && access::may(world, role, action)? {
                out.push(service);
            }
        }
    }
    Ok(out)
}

/// Whether the service's name leads to an endpoint in the VPC, or a gateway endpoint of it stands in a route table.
fn reached(world: &World, vpc: FactId, service: &str, service_name: &str) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    for endpoint in facts.follow(vpc, "endpoints")? {
        let text = |field: &str| facts.text_at(endpoint, &[field]).map(Option::unwrap_or_default);
        if text("VpcEndpointType")? == "Gateway"
            && text("ServiceName")? == service_name
            && text("State")?.eq_ignore_ascii_case("available")
            && !facts.list_in(&Value::Fact(endpoint), &["RouteTableIds"])?.is_empty()
        {
            return Ok(true);
        }
    }
    Ok(resolve::resolve(world, vpc, service)?.private())
}
