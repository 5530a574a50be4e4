//! What runs as a role: functions, ECS services, instances, AgentCore runtimes and gateways, agents, knowledge bases.
//!
//! In: facts. Out: for each role its workloads, and the applications that share it. A kind of workload counts as not known only
//! where the role's trust policy lets its service in and it was not listed.
//! Never: "nothing runs as it" where nobody looked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::trust::{ASSUME, Name, Trusts};
use crate::facts::{FactId, Reason, Value, Why, kinds};
use crate::world::{Derived, Lot, ObjectType, World};

/// One workload.
pub(in super::super) const WORKLOAD: ObjectType = ObjectType {
    name: "workload",
    fields: &[
        ("kind", "string", "what it is, such as `Lambda function`"),
        ("name", "string", "its name"),
        ("region", "string", "its Region"),
        ("resource", "any", "the resource itself"),
        (
            "calls",
            "bool",
            "whether it runs code of one's own that calls Bedrock itself; false for agents, knowledge bases and gateways, which the service runs",
        ),
    ],
};

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "iam-role",
        name: "workloads",
        ty: "list<object:workload>",
        doc: "One element for each function, ECS service, instance, AgentCore runtime or gateway, agent and knowledge base that runs as the role.",
        compute: |world, role| {
            let (known, unknown) = of_role(world, role);
            let known = known.iter().map(|workload| value(world, workload));
            Value::list(known.chain(unknown.map(Value::Unknown)).collect())
        },
    },
    Derived {
        kind: "iam-role",
        name: "shared_by",
        ty: "list<object:workload>",
        doc: "One workload of each application that runs as the role, where there are two or more; else empty. Instances of one profile, and what has one name in several Regions, are one application.",
        compute: shared_by,
    },
];

/// A kind of workload: its kind of fact, the edges to its role, the service that assumes the role.
struct Runner {
    kind: &'static str,
    path: &'static [&'static str],
    service: &'static str,
    calls: bool,
}

const fn runner(kind: &'static str, path: &'static [&'static str], service: &'static str, calls: bool) -> Runner {
    Runner { kind, path, service, calls }
}

const RUNNERS: [Runner; 7] = [
    runner("lambda-function", &["role"], "lambda.amazonaws.com", true),
    runner("ecs-service", &["task_definition", "task_role"], "ecs-tasks.amazonaws.com", true),
    runner("ec2-instance", &["role"], "ec2.amazonaws.com", true),
    runner("agentcore-runtime", &["role"], "bedrock-agentcore.amazonaws.com", true),
    runner("agentcore-gateway", &["role"], "bedrock-agentcore.amazonaws.com", false),
    runner("agent", &["role"], "bedrock.amazonaws.com", false),
    runner("knowledge-base", &["role"], "bedrock.amazonaws.com", false),
];

/// Something that runs as a role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workload {
    pub(super) fact: FactId,
    pub(super) calls: bool,
}

/// All workloads by role.
#[derive(Debug, Default)]
struct Running {
    by_role: HashMap<FactId, Vec<Workload>>,
    /// Workloads whose role is not known.
    unknown: Vec<Lost>,
}

/// A workload whose role is not known.
#[derive(Debug)]
struct Lost {
    account: Option<Arc<str>>,
    service: &'static str,
    why: Arc<Why>,
}

impl Running {
    fn of(world: &World) -> Arc<Self> {
        world.memo_kept(|world| Self::among(world, |kind| world.facts.of_kind(kind).to_vec()))
    }

    fn among(world: &World, of_kind: impl Fn(&str) -> Vec<FactId>) -> Self {
        let mut running = Self::default();
        for runner in &RUNNERS {
            for id in of_kind(runner.kind) {
                running.add(world, runner, id);
            }
        }
        running
    }

    /// The whole of what several lots of accounts gave, in the order in which one look at all would find it.
    fn join(parts: Vec<Self>, world: &World) -> Self {
        let mut whole = Self::default();
        for part in parts {
            part.by_role.into_iter().for_each(|(role, more)| whole.by_role.entry(role).or_default().extend(more));
            whole.unknown.extend(part.unknown);
        }
        let place = |id: FactId| {
            let kind = world.facts.get(id).map_or("", |fact| fact.kind.name);
            (RUNNERS.iter().position(|runner| runner.kind == kind), id)
        };
        whole.by_role.values_mut().for_each(|found| found.sort_by_key(|workload| place(workload.fact)));
        whole
    }

    fn add(&mut self, world: &World, runner: &Runner, id: FactId) {
        let mut here = vec![id];
        for edge in runner.path {
            let mut next = Vec::new();
            for fact in here {
                match world.facts.follow(fact, edge) {
                    Ok(found) => next.extend(found),
                    // What is no loaded role is none of the roles that are asked about.
                    Err(why) if why.reason == Reason::NotLoaded => {}
                    Err(why) => {
                        let account = world.facts.get(id).and_then(|f| f.account.clone());
                        self.unknown.push(Lost { account, service: runner.service, why });
                    }
                }
            }
            here = next;
        }
        for role in here {
            self.by_role.entry(role).or_default().push(Workload { fact: id, calls: runner.calls });
        }
    }
}

/// Finds the workloads of all roles, lot by lot.
pub(in super::super) fn survey(world: &mut World, lots: &[Lot]) {
    world.survey(lots, |world, lot| Running::among(world, |kind| world.facts.of_kind_in_lot(kind, lot)), Running::join);
}

/// The workloads of a role, and why there may be more.
pub(super) fn of_role(world: &World, role: FactId) -> (Vec<Workload>, Option<Arc<Why>>) {
    let running = Running::of(world);
    let known = running.by_role.get(&role).cloned().unwrap_or_default();
    (known, may_be_more(world, &running, role))
}

fn may_be_more(world: &World, running: &Running, role: FactId) -> Option<Arc<Why>> {
    let fact = world.facts.get(role)?;
    let services: Option<Vec<Box<str>>> = Trusts::of(world).get(role).ok().map(|trusts| {
        let names = trusts.names(&[ASSUME]).into_iter();
        names.filter_map(|(name, _)| if let Name::Service(service) = name { Some(service) } else { None }).collect()
    });
    let may_run = |service: &str| services.as_ref().is_none_or(|all| all.iter().any(|s| &**s == service || &**s == "*"));
    for runner in RUNNERS.iter().filter(|r| may_run(r.service)) {
        let of_runner = |lost: &&Lost| lost.account == fact.account && lost.service == runner.service;
        if let Some(lost) = running.unknown.iter().find(of_runner) {
            return Some(lost.why.clone());
        }
        let listed = match runner.kind {
            // Services are described cluster by cluster: that nobody looked shows in the clusters, and what was refused in the calls.
            "ecs-service" => {
                let account = fact.account.as_deref();
                let refused = world.facts.refused("ecs", &["list-services", "describe-services"], account, None);
                refused.map_or_else(|| world.facts.collected("ecs", "list-clusters", account, None), Err)
            }
            kind => kinds::get(kind).map_or(Ok(()), |kind| world.facts.all_listed(fact, kind)),
        };
        if let Err(why) = listed {
            return Some(why);
        }
    }
    None
}

fn value(world: &World, workload: &Workload) -> Value {
    let fact = world.facts.get(workload.fact);
    let fields = vec![
        ("kind", Value::str(fact.map_or("", |f| f.kind.title))),
        ("name", Value::str(fact.map(|f| f.name.clone()).unwrap_or_default())),
        ("region", Value::str(fact.and_then(|f| f.region.clone()).unwrap_or_default())),
        ("resource", Value::Fact(workload.fact)),
        ("calls", Value::Bool(workload.calls)),
    ];
    Value::object(fields, fact.map(|f| f.node).into_iter().collect())
}

fn shared_by(world: &World, role: FactId) -> Value {
    let (known, unknown) = of_role(world, role);
    let mut applications: BTreeMap<(&str, Arc<str>), Workload> = BTreeMap::new();
    for workload in known {
        let Some(fact) = world.facts.get(workload.fact) else { continue };
        let name = if fact.kind.name == "ec2-instance" { "".into() } else { fact.name.clone() };
        applications.entry((fact.kind.name, name)).or_insert(workload);
    }
    match unknown {
        _ if applications.len() >= 2 => Value::list(applications.values().map(|workload| value(world, workload)).collect()),
        Some(why) => Value::Unknown(why),
        None => Value::list(Vec::new()),
    }
}
