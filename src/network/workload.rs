//! Workloads: the things that run code in a VPC and call Bedrock with a role.

use std::sync::Arc;

use crate::facts::{FactId, Kind, Value, Why, kinds};
use crate::world::World;

/// Kinds of workload, each with the path of edges to its role and to its subnets.
const WORKLOADS: &[(&str, &[&str], &str)] = &[
    ("lambda-function", &["role"], "subnets"),
    ("ecs-service", &["task_definition", "task_role"], "subnets"),
    ("ec2-instance", &["role"], "subnet"),
];

/// All workloads that were loaded.
pub(super) fn all(world: &World) -> impl Iterator<Item = FactId> + '_ {
    WORKLOADS.iter().flat_map(|(kind, _, _)| world.facts.of_kind(kind).iter().copied())
}

/// The kinds of workload.
pub(super) fn kinds() -> impl Iterator<Item = &'static Kind> {
    WORKLOADS.iter().filter_map(|(name, _, _)| kinds::get(name))
}

/// The roles a workload runs with; empty where it has none.
pub(super) fn roles(world: &World, workload: FactId) -> Result<Vec<FactId>, Arc<Why>> {
    let Some((_, path, _)) = spec(world, workload) else { return Ok(Vec::new()) };
    let mut here = vec![workload];
    for edge in *path {
        let mut next = Vec::new();
        for fact in here {
            next.extend(world.facts.follow(fact, edge)?);
        }
        here = next;
    }
    Ok(here)
}

/// The subnets a workload's network interfaces stand in; empty for one outside of any VPC.
pub(super) fn subnets(world: &World, workload: FactId) -> Result<Vec<FactId>, Arc<Why>> {
    match spec(world, workload) {
        Some((_, _, edge)) => world.facts.follow(workload, edge),
        None => Ok(Vec::new()),
    }
}

/// The VPCs of a workload's subnets, each once.
pub(super) fn vpcs(world: &World, workload: FactId) -> Result<Vec<FactId>, Arc<Why>> {
    let mut out = Vec::new();
    for subnet in subnets(world, workload)? {
        out.extend(world.facts.follow(subnet, "vpc")?);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

fn spec(world: &World, workload: FactId) -> Option<&'static (&'static str, &'static [&'static str], &'static str)> {
    let kind = world.facts.get(workload)?.kind.name;
    WORKLOADS.iter().find(|(name, _, _)| *name == kind)
}

/// The workload as a rule's value.
pub(super) fn value(workload: FactId) -> Value {
    Value::Fact(workload)
}
