//! Workloads: what runs code in a network and may call Bedrock, as which roles and from where.
//!
//! In: a fact. Out: the roles it runs as, those it may run as, and its subnets. A role or a subnet that is not known leaves a reason;
//! it never makes the workload one that calls nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{cluster, interface};
use crate::access::{Endpoint, callable_endpoints};
use crate::facts::{FactId, Kind, Reason, Value, Why, kinds};
use crate::world::World;

/// The roles of a workload.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles {
    /// Those it runs as.
    pub(super) sure: Vec<FactId>,
    /// Those it may run as, each with why that is not known.
    pub(super) maybe: Vec<(FactId, Arc<Why>)>,
}

impl Roles {
    fn sure(sure: Vec<FactId>) -> Self {
        Self { sure, maybe: Vec::new() }
    }
}

/// Where a workload's packets start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In these subnets; in none, where it stands outside of any VPC.
    Subnets(Vec<FactId>),
    /// In a network of AWS that leads to the internet.
    Public,
    /// In a network of AWS that leads nowhere.
    Closed,
}

/// A kind of workload.
struct Spec {
    kind: &'static str,
    roles: fn(&World, FactId) -> Result<Roles, Arc<Why>>,
    place: fn(&World, FactId) -> Result<Place, Arc<Why>>,
}

const WORKLOADS: [Spec; 10] = [
    Spec { kind: "lambda-function", roles: own_role, place: own_subnets },
    Spec { kind: "ecs-service", roles: service_role, place: service_place },
    Spec { kind: "ecs-task", roles: task_role, place: own_subnets },
    Spec { kind: "ec2-instance", roles: own_role, place: instance_place },
    Spec { kind: "eks-cluster", roles: cluster::roles, place: cluster::place },
    Spec { kind: "batch-compute-environment", roles: interface::job_roles, place: own_subnets },
    Spec { kind: "agentcore-runtime", roles: own_role, place: agentcore_place },
    Spec { kind: "agentcore-browser", roles: own_role, place: agentcore_place },
    Spec { kind: "agentcore-code-interpreter", roles: own_role, place: agentcore_place },
    Spec { kind: "network-interface", roles: interface::roles, place: interface::place },
];

/// All workloads that were loaded.
pub(super) fn all(world: &World) -> impl Iterator<Item = FactId> + '_ {
    WORKLOADS.iter().flat_map(|spec| world.facts.of_kind(spec.kind).iter().copied())
}

/// The kinds of workload.
pub(super) fn kinds() -> impl Iterator<Item = &'static Kind> {
    WORKLOADS.iter().filter_map(|spec| kinds::get(spec.kind))
}

fn spec(world: &World, workload: FactId) -> Option<&'static Spec> {
    let kind = world.facts.get(workload)?.kind.name;
    WORKLOADS.iter().find(|spec| spec.kind == kind)
}

/// The roles a workload runs as, or may run as; none where it has none.
pub(super) fn roles(world: &World, workload: FactId) -> Result<Roles, Arc<Why>> {
    spec(world, workload).map_or_else(|| Ok(Roles::default()), |spec| (spec.roles)(world, workload))
}

/// Where a workload's packets start.
pub(super) fn place(world: &World, workload: FactId) -> Result<Place, Arc<Why>> {
    spec(world, workload).map_or(Ok(Place::Subnets(Vec::new())), |spec| (spec.place)(world, workload))
}

/// The VPCs of a workload's subnets, each once.
pub(super) fn vpcs(world: &World, workload: FactId) -> Result<Vec<FactId>, Arc<Why>> {
    let Place::Subnets(subnets) = place(world, workload)? else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for subnet in subnets {
        out.extend(world.facts.follow(subnet, "vpc")?);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// The kinds of Bedrock endpoint that a workload may call.
#[derive(Debug, Clone, Default)]
pub(super) struct Called {
    /// By a role that it runs as.
    pub(super) sure: BTreeSet<Endpoint>,
    /// By a role of which it is not known whether it runs as it: why.
    pub(super) maybe: BTreeMap<Endpoint, Arc<Why>>,
}

impl Called {
    /// True where it surely calls none.
    pub(super) fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.maybe.is_empty()
    }
}

/// The kinds of Bedrock endpoint that the roles of a workload may call.
///
/// # Errors
/// The reason, where its roles, or what one that it runs as may do, are not known.
pub(super) fn called_by(world: &World, workload: FactId) -> Result<Called, Arc<Why>> {
    let roles = roles(world, workload)?;
    let mut called = Called::default();
    for role in roles.sure {
        called.sure.extend(callable_endpoints(world, role)?);
    }
    for (role, why) in roles.maybe {
        let endpoints = callable_endpoints(world, role).unwrap_or_else(|_| Endpoint::ALL.to_vec());
        for endpoint in endpoints.into_iter().filter(|endpoint| !called.sure.contains(endpoint)) {
            called.maybe.entry(endpoint).or_insert_with(|| why.clone());
        }
    }
    Ok(called)
}

fn own_role(world: &World, workload: FactId) -> Result<Roles, Arc<Why>> {
    world.facts.follow(workload, "role").map(Roles::sure)
}

fn own_subnets(world: &World, workload: FactId) -> Result<Place, Arc<Why>> {
    world.facts.follow(workload, "subnets").map(Place::Subnets)
}

fn service_role(world: &World, service: FactId) -> Result<Roles, Arc<Why>> {
    let mut out = Vec::new();
    for definition in world.facts.follow(service, "task_definition")? {
        out.extend(world.facts.follow(definition, "task_role")?);
    }
    Ok(Roles::sure(out))
}

/// ECS Developer Guide, "Task networking": without the mode `awsvpc` a task shares the network of the machine it runs on.
fn service_place(world: &World, service: FactId) -> Result<Place, Arc<Why>> {
    let subnets = world.facts.follow(service, "subnets")?;
    if subnets.is_empty() {
        let name = world.facts.get(service).map_or_else(String::new, |f| f.name.to_string());
        let text = format!(
            "ECS service `{name}` has no subnets of its own: it runs in the network of its container instances, which are not read"
        );
        return Err(Why::new(Reason::Undecided, text));
    }
    Ok(Place::Subnets(subnets))
}

/// A service's task is judged with its service, and one that has stopped calls nothing.
fn task_role(world: &World, task: FactId) -> Result<Roles, Arc<Why>> {
    let facts = &world.facts;
    let of_service = facts.text_at(task, &["group"])?.is_some_and(|group| group.starts_with("service:"));
    let stopped = facts.text_at(task, &["lastStatus"])?.as_deref() == Some("STOPPED");
    if of_service || stopped { Ok(Roles::default()) } else { own_role(world, task) }
}

fn instance_place(world: &World, instance: FactId) -> Result<Place, Arc<Why>> {
    let mut subnets = world.facts.follow(instance, "subnet")?;
    subnets.extend(world.facts.follow(instance, "subnets")?);
    subnets.sort_unstable();
    subnets.dedup();
    Ok(Place::Subnets(subnets))
}

/// AgentCore Developer Guide, "Network configuration": the modes are `VPC`, `PUBLIC`, and `SANDBOX` for code interpreters.
fn agentcore_place(world: &World, tool: FactId) -> Result<Place, Arc<Why>> {
    match world.facts.text_at(tool, &["networkConfiguration", "networkMode"])?.as_deref() {
        Some("PUBLIC") => Ok(Place::Public),
        Some("SANDBOX") => Ok(Place::Closed),
        Some("VPC") => own_subnets(world, tool),
        mode => Err(Why::new(Reason::Undecided, format!("network mode `{}` is not known", mode.unwrap_or("none")))),
    }
}

/// The workload as a rule's value.
pub(super) fn value(workload: FactId) -> Value {
    Value::Fact(workload)
}
