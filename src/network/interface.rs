//! Network interfaces behind which something runs that is no workload of its own here: a notebook, a build, a job.
//!
//! In: an interface. Out: the roles that may run behind it: of its account, trusted by the service that made it. An interface of a
//! loaded workload, and one behind which only AWS's own code runs, has none.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::workload::{Place, Roles};
use crate::access::callable_endpoints;
use crate::access::edges::{From, Graph};
use crate::facts::{Fact, FactId, Reason, Value, Why};
use crate::world::World;

/// Types of interface behind which no code of the account's own runs; those of functions are judged with their function.
const NO_CODE: [&str; 14] = [
    "natGateway",
    "nat_gateway",
    "load_balancer",
    "network_load_balancer",
    "gateway_load_balancer",
    "gateway_load_balancer_endpoint",
    "vpc_endpoint",
    "transit_gateway",
    "lambda",
    "global_accelerator_managed",
    "api_gateway_managed",
    "iot_rules_managed",
    "aws_codestar_connections_managed",
    "quicksight",
];

/// Beginnings of the descriptions that AWS gives to interfaces of services that run no code of the account's own.
const NO_CODE_BEHIND: [&str; 16] = [
    "ELB ",
    "RDSNetworkInterface",
    "EFS mount target",
    "ElastiCache",
    "RedshiftNetworkInterface",
    "DMSNetworkInterface",
    "ES ",
    "Amazon EKS ",
    "VPC Endpoint Interface",
    "Interface for NAT Gateway",
    "Network Interface for Transit Gateway",
    "AWS created network interface for d-",
    "AWS created network interface for directory",
    "AWS Lambda VPC ENI",
    "Created By Amazon Workspaces",
    "Route 53 Resolver",
];

/// Words in a description, and the service that runs code behind such an interface.
const SERVICES: [(&str, &str); 6] = [
    ("SageMaker", "sagemaker.amazonaws.com"),
    ("Glue", "glue.amazonaws.com"),
    ("CodeBuild", "codebuild.amazonaws.com"),
    ("AppStream", "appstream.amazonaws.com"),
    ("airflow", "airflow.amazonaws.com"),
    ("arn:aws:ecs:", TASKS),
];

const TASKS: &str = "ecs-tasks.amazonaws.com";
const PODS: &str = "pods.eks.amazonaws.com";

/// Services whose workloads are facts of their own, so that a role for one of them says nothing of an interface of another.
const KNOWN: [&str; 6] =
    ["lambda.amazonaws.com", "ec2.amazonaws.com", TASKS, PODS, "bedrock.amazonaws.com", "bedrock-agentcore.amazonaws.com"];

/// The services that may assume the roles of an account that may call Bedrock.
#[derive(Debug, Default)]
pub(super) struct Callers {
    by_account: HashMap<Arc<str>, OnceLock<Vec<Caller>>>,
}

/// A role that may call Bedrock, or of which that is not known.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) role: FactId,
    /// Services that its trust policy lets in.
    pub(super) services: Vec<Arc<str>>,
    /// Identity providers that its trust policy lets in.
    pub(super) providers: Vec<Arc<str>>,
}

impl Callers {
    /// Those of this world, made at the first call.
    pub(super) fn of(world: &World) -> Arc<Self> {
        world.memo(Self::new)
    }

    fn new(world: &World) -> Self {
        let accounts = world.facts.of_kind("iam-role").iter().filter_map(|role| world.facts.get(*role)?.account.clone());
        Self { by_account: accounts.map(|account| (account, OnceLock::new())).collect() }
    }

    fn among(world: &World, account: &str) -> Vec<Caller> {
        let graph = Graph::of(world);
        let mut callers = Vec::new();
        for &role in world.facts.of_kind_in("iam-role", account) {
            if callable_endpoints(world, role).is_ok_and(|endpoints| endpoints.is_empty()) {
                continue;
            }
            let (mut services, mut providers) = (Vec::new(), Vec::new());
            for edge in graph.edges_into(role) {
                match &edge.from {
                    From::Service(service) => services.push(service.clone()),
                    From::Federated(provider) => providers.push(provider.clone()),
                    _ => {}
                }
            }
            callers.push(Caller { role, services, providers });
        }
        callers
    }

    /// Those of an account.
    pub(super) fn in_account(&self, world: &World, account: Option<&str>) -> &[Caller] {
        let of_account = account.and_then(|account| Some((account, self.by_account.get(account)?)));
        of_account.map_or(&[], |(account, slot)| slot.get_or_init(|| Self::among(world, account)).as_slice())
    }
}

/// What is behind an interface.
enum Behind {
    /// Nothing that calls Bedrock, or a workload that is judged itself.
    Nothing,
    /// A role that AWS's description names.
    Role(String),
    /// Something of this service.
    Service(&'static str),
    /// Something of a service that the answer does not tell.
    Anything,
}

/// The roles that may run behind an interface.
pub(super) fn roles(world: &World, interface: FactId) -> Result<Roles, Arc<Why>> {
    let Some(fact) = world.facts.get(interface) else { return Ok(Roles::default()) };
    match behind(world, interface, fact)? {
        Behind::Nothing => Ok(Roles::default()),
        Behind::Role(name) => {
            let role = world.facts.by_key("iam-role", &name, fact.account.as_deref(), None);
            let text =
                || Why::new(Reason::NotLoaded, format!("role `{name}`, which an interface of AWS Glue names, was not loaded"));
            role.map(|role| Roles { sure: vec![role], maybe: Vec::new() }).ok_or_else(text)
        }
        Behind::Service(service) => {
            Ok(trusted(world, fact.account.as_deref(), &format!("interfaces of `{service}`"), &|s| s == service))
        }
        Behind::Anything => {
            let other = |service: &str| !KNOWN.contains(&service);
            Ok(trusted(world, fact.account.as_deref(), "interfaces of a service that AWS does not name", &other))
        }
    }
}

/// The roles of jobs: a queue takes any of the account's roles for tasks that no service or task of ECS runs as.
pub(super) fn job_roles(world: &World, environment: FactId) -> Result<Roles, Arc<Why>> {
    let Some(fact) = world.facts.get(environment) else { return Ok(Roles::default()) };
    if world.facts.text_at(environment, &["state"])?.as_deref() == Some("DISABLED") {
        return Ok(Roles::default());
    }
    let taken = world.memo_kept(TaskRoles::of);
    let mut roles = trusted(world, fact.account.as_deref(), "jobs of AWS Batch", &|service| service == TASKS);
    roles.maybe.retain(|(role, _)| !taken.0.contains(role));
    Ok(roles)
}

/// Roles that a loaded service or task of ECS runs as.
#[derive(Debug)]
struct TaskRoles(HashSet<FactId>);

impl TaskRoles {
    fn of(world: &World) -> Self {
        let definitions =
            world.facts.of_kind("ecs-service").iter().filter_map(|s| world.facts.follow(*s, "task_definition").ok());
        let of_services = definitions.flatten().filter_map(|d| world.facts.follow(d, "task_role").ok()).flatten();
        let of_tasks = world.facts.of_kind("ecs-task").iter().filter_map(|t| world.facts.follow(*t, "role").ok()).flatten();
        Self(of_services.chain(of_tasks).collect())
    }
}

fn trusted(world: &World, account: Option<&str>, what: &str, fits: &dyn Fn(&str) -> bool) -> Roles {
    let callers = Callers::of(world);
    let fitting = callers.in_account(world, account).iter().filter(|caller| caller.services.iter().any(|service| fits(service)));
    let maybe = fitting.map(|caller| {
        let name = world.facts.get(caller.role).map_or_else(String::new, |f| f.name.to_string());
        let text = format!("which role runs behind {what} is not known, and role `{name}`, which may call Bedrock, could");
        (caller.role, Why::new(Reason::Undecided, text))
    });
    Roles { sure: Vec::new(), maybe: maybe.collect() }
}

/// The subnet of an interface.
pub(super) fn place(world: &World, interface: FactId) -> Result<Place, Arc<Why>> {
    world.facts.follow(interface, "subnet").map(Place::Subnets)
}

fn behind(world: &World, interface: FactId, fact: &Fact) -> Result<Behind, Arc<Why>> {
    let facts = &world.facts;
    let text = |path: &[&str]| facts.text_at(interface, path).map(Option::unwrap_or_default);
    let (kind, description) = (text(&["InterfaceType"])?, text(&["Description"])?);
    if text(&["Status"])? != "in-use"
        || NO_CODE.contains(&kind.as_str())
        || NO_CODE_BEHIND.iter().any(|beginning| description.starts_with(beginning))
        || world.memo_kept(Claimed::of).0.contains(&*fact.key)
    {
        return Ok(Behind::Nothing);
    }
    let present = world.memo_kept(Present::of);
    let loaded =
        |kinds: &[&'static str]| kinds.iter().any(|kind| present.0.contains(&(*kind, fact.account.clone(), fact.region.clone())));
    if is_pod(world, interface, &description) {
        return Ok(if loaded(&["eks-cluster"]) { Behind::Nothing } else { Behind::Service(PODS) });
    }
    if !text(&["Attachment", "InstanceId"])?.is_empty() {
        return Ok(if facts.follow(interface, "instance").is_ok() {
            Behind::Nothing
        } else {
            Behind::Service("ec2.amazonaws.com")
        });
    }
    if let Some(role) = description.strip_prefix("Attached to Glue using role: ") {
        return Ok(Behind::Role(role.trim().to_owned()));
    }
    match SERVICES.iter().find(|(word, _)| description.contains(word)) {
        Some((_, TASKS)) if loaded(&["ecs-task", "ecs-service"]) => Ok(Behind::Nothing),
        Some((_, service)) => Ok(Behind::Service(service)),
        None => Ok(Behind::Anything),
    }
}

/// Amazon VPC CNI and EKS: such interfaces carry pods, which run as roles of their own.
fn is_pod(world: &World, interface: FactId, description: &str) -> bool {
    description.starts_with("aws-K8S-") || !super::cluster::names(world, interface, "TagSet").is_empty()
}

/// A kind, an account and a Region.
type KindAt = (&'static str, Option<Arc<str>>, Option<Arc<str>>);

/// Where things of ECS and EKS were loaded that are judged themselves.
#[derive(Debug)]
struct Present(HashSet<KindAt>);

impl Present {
    fn of(world: &World) -> Self {
        let of_kind = |kind| world.facts.of_kind(kind).iter().filter_map(|id| world.facts.get(*id));
        let place = |fact: &Fact| (fact.kind.name, fact.account.clone(), fact.region.clone());
        Self(["ecs-task", "ecs-service", "eks-cluster"].into_iter().flat_map(of_kind).map(place).collect())
    }
}

/// Interfaces that an instance names as its own.
#[derive(Debug)]
struct Claimed(HashSet<String>);

impl Claimed {
    fn of(world: &World) -> Self {
        let facts = &world.facts;
        let mut out = HashSet::new();
        for &instance in facts.of_kind("ec2-instance") {
            for interface in facts.list_in(&Value::Fact(instance), &["NetworkInterfaces"]).unwrap_or_default() {
                out.extend(facts.text_in(&interface, &["NetworkInterfaceId"]).ok().flatten());
            }
        }
        Self(out)
    }
}
