//! Inference without a bound that the organisation wants on it: outside its endpoints, or without an approved guardrail.
//!
//! In: a principal and its scope. Out: an allowed request that misses the bound, decided over all requests. For endpoints: called by
//! the principal itself (not on its behalf by a service), through none of the approved endpoints or their VPCs. For guardrails: without
//! one that is approved, on a model that takes guardrails, in a Region where none is enforced for the whole account.
//! Never: a bound taken for granted because a policy mentions the key.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::super::ask::{self, Answer, Ask, Witness};
use super::super::principals::{Held, Principals, Standing, compile};
use super::administer::granting;
use super::trust::{ASSUME, FEDERATED, Name, Trusts};
use super::workloads;
use crate::access::Endpoint;
use crate::config::glob;
use crate::doc::Document;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::policy::Policy;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// A request without the bound.
pub(in super::super) const UNBOUND: ObjectType = ObjectType {
    name: "unbound-inference",
    fields: &[
        ("action", "string", "the action"),
        ("policy", "string", "the policy that grants it"),
        ("witness", "string", "a request that goes through"),
        ("endpoints", "list<string>", "ids of the endpoints of its workloads' VPCs, whose policies such a request does not meet"),
    ],
};

const OUTSIDE: &str = "One element where the principal may call a model, agent or knowledge base through none of the scope's approved endpoints: over the internet, or over an endpoint of another's. Roles that only Bedrock itself assumes have none.";
const UNGUARDED: &str = "One element where the principal may run a model without a guardrail that the scope approves; Regions in which such a guardrail is enforced for the whole account do not count, nor roles that only Bedrock itself assumes.";

const fn of(kind: &'static str, name: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind, name, ty: "list<object:unbound-inference>", doc, compute }
}

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[
    of("iam-role", "inference_outside_endpoints", OUTSIDE, outside),
    of("iam-user", "inference_outside_endpoints", OUTSIDE, outside),
    of("iam-role", "inference_without_guardrail", UNGUARDED, unguarded),
    of("iam-user", "inference_without_guardrail", UNGUARDED, unguarded),
    of("policy-file-principal", "inference_without_guardrail", UNGUARDED, unguarded),
    of("iam-user", "open_inference", OPEN, open),
    of("iam-role", "open_inference", OPEN, open),
];

const OPEN: &str = "One element, the first action of `can_invoke` that is open to the principal, with a request that goes through; empty where none is.";

/// The actions by which a principal runs models itself.
fn inference() -> impl Iterator<Item = &'static str> {
    Endpoint::ALL.iter().flat_map(|endpoint| endpoint.actions()).copied()
}

/// The first answer that is not No.
fn first(world: &World, principal: FactId, mut asked: impl FnMut(&Standing, &'static str) -> Answer) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let mut doubt = None;
    for action in inference() {
        match asked(standing, action) {
            Answer::Yes(witness) => return Value::list(vec![found(world, principal, standing, action, &witness)]),
            Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
            Answer::No => {}
        }
    }
    Value::list(doubt.into_iter().collect())
}

fn found(world: &World, principal: FactId, standing: &Standing, action: &str, witness: &Witness) -> Value {
    let (policy, mut at) = granting(standing, action, witness);
    let ends = endpoint_policies(world, principal).unwrap_or_default();
    let ids = ends.iter().filter_map(|(id, _)| world.facts.get(*id)).map(|f| Value::Str(f.key.clone())).collect();
    at.extend(ends.iter().filter_map(|(id, _)| place(world, *id)));
    let fields = vec![
        ("action", Value::str(action)),
        ("policy", Value::str(policy)),
        ("witness", Value::str(witness.line())),
        ("endpoints", Value::list(ids)),
    ];
    Value::object(fields, at)
}

fn place(world: &World, endpoint: FactId) -> Option<NodeId> {
    match world.facts.field(endpoint, "VpcEndpointId") {
        Ok(Some(Value::Node(node))) => Some(node),
        _ => None,
    }
}

fn open(world: &World, principal: FactId) -> Value {
    first(world, principal, ask::can)
}

fn outside(world: &World, principal: FactId) -> Value {
    if is_of_bedrock(world, principal) {
        return Value::list(Vec::new());
    }
    let approved: Vec<Arc<str>> = world.scope_of(principal).approved_endpoints.clone();
    let vpcs = vpcs_of(world, &approved);
    let texts: Vec<&str> = approved.iter().map(|a| &**a).collect();
    let Some(through) = condition("StringLike", "aws:SourceVpce", &texts) else { return undecidable() };
    let from = condition("StringEquals", "aws:SourceVpc", &vpcs.iter().map(|v| &**v).collect::<Vec<_>>());
    first(world, principal, |standing, action| {
        let mut asked = Ask::anything(standing, action);
        asked.context.set("aws:ViaAWSService", ["false"]);
        for key in ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
            asked.context.set_absent(key);
        }
        asked.conditions = vec![(through.clone(), false)];
        asked.conditions.extend(from.clone().map(|from| (from, false)));
        ask::can_as(standing, action, asked)
    })
}

/// The VPCs in which the approved endpoints stand: a policy that binds calls to one of them binds them, too.
fn vpcs_of(world: &World, approved: &[Arc<str>]) -> Vec<String> {
    let ends = world.facts.of_kind("vpc-endpoint").iter();
    let ends = ends.filter(|id| world.facts.get(**id).is_some_and(|f| approved.iter().any(|p| glob::matches(p, &f.key))));
    let mut out: Vec<String> = ends.filter_map(|id| world.facts.text_at(*id, &["VpcId"]).ok().flatten()).collect();
    out.sort();
    out.dedup();
    out
}

/// An endpoint with its policy; `None` for a policy that AWS would refuse.
pub(in super::super) type EndpointPolicy = (FactId, Option<Arc<Held>>);

/// The interface endpoints of Bedrock in the VPCs where the principal's workloads run, each with its policy. A request that goes
/// through one of them needs its policy's allow as well.
///
/// # Errors
/// Why they are not known.
pub(in super::super) fn endpoint_policies(world: &World, principal: FactId) -> Result<Vec<EndpointPolicy>, Arc<Why>> {
    let mut vpcs = Vec::new();
    let (known, unknown) = workloads::of_role(world, principal);
    if let Some(why) = unknown.filter(|_| known.is_empty()) {
        return Err(why);
    }
    for workload in known {
        let edge =
            if world.facts.get(workload.fact).is_some_and(|f| f.kind.name == "ec2-instance") { "subnet" } else { "subnets" };
        if world.facts.get(workload.fact).is_none_or(|f| f.kind.member(edge).is_none()) {
            continue;
        }
        for subnet in world.facts.follow(workload.fact, edge)? {
            vpcs.extend(world.facts.follow(subnet, "vpc")?);
        }
    }
    let all = world.memo_kept(Ends::of);
    let by_vpc = all.by_vpc.as_ref().map_err(Arc::clone)?;
    let here: BTreeSet<FactId> = vpcs.iter().filter_map(|vpc| by_vpc.get(vpc)).flatten().copied().collect();
    let mut out = Vec::new();
    for endpoint in here {
        let policy = match world.facts.field(endpoint, "PolicyDocument")? {
            Some(Value::Node(node)) => compile(world, node, "endpoint policy", PolicyType::Endpoint),
            _ => None,
        };
        out.push((endpoint, policy));
    }
    Ok(out)
}

/// The endpoints of Bedrock by their VPCs, or why they are not known.
struct Ends {
    by_vpc: Result<HashMap<FactId, Vec<FactId>>, Arc<Why>>,
}

impl Ends {
    fn of(world: &World) -> Self {
        let mut by_vpc: HashMap<FactId, Vec<FactId>> = HashMap::new();
        let placed = world.facts.of_kind("vpc-endpoint").iter().try_for_each(|endpoint| {
            let service = world.facts.text_at(*endpoint, &["ServiceName"])?.unwrap_or_default();
            if service.contains(".bedrock") {
                let vpcs = world.facts.follow(*endpoint, "vpc")?;
                vpcs.into_iter().for_each(|vpc| by_vpc.entry(vpc).or_default().push(*endpoint));
            }
            Ok(())
        });
        Self { by_vpc: placed.map(|()| by_vpc) }
    }
}

/// A role that only Bedrock itself assumes (for agents, knowledge bases, batch jobs, flows): its calls come from inside the service,
/// which passes the guardrail that the agent or flow names.
fn is_of_bedrock(world: &World, principal: FactId) -> bool {
    let trusts = Trusts::of(world);
    let Ok(trusting) = trusts.get(principal) else { return false };
    let names = trusting.names(&[ASSUME]);
    let bedrock = |name: &Name| matches!(name, Name::Service(service) if &**service == "bedrock.amazonaws.com");
    !names.is_empty() && trusting.names(&FEDERATED).is_empty() && names.iter().all(|(name, _)| bedrock(name))
}

fn unguarded(world: &World, principal: FactId) -> Value {
    if is_of_bedrock(world, principal) {
        return Value::list(Vec::new());
    }
    let scope = world.scope_of(principal);
    let texts: Vec<String> = scope.approved_guardrails.iter().flat_map(|pattern| arns(pattern)).collect();
    let Some(approved) = condition("StringLike", "bedrock:GuardrailIdentifier", &refs(&texts)) else { return undecidable() };
    let account = world.facts.get(principal).and_then(|f| f.account.clone());
    let regions = enforced(world, account.as_deref(), &scope.approved_guardrails);
    let enforced = condition("StringEquals", "aws:RequestedRegion", &refs(&regions));
    let actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
    first(world, principal, |standing, action| {
        if !actions.contains(&action) {
            return Answer::No;
        }
        let mut asked = Ask::anything(standing, action);
        if let Resources::Matching { outside, .. } = &mut asked.resources {
            outside.extend(WITHOUT_GUARDRAILS.map(str::to_owned));
        }
        asked.conditions = vec![(approved.clone(), false)];
        asked.conditions.extend(enforced.clone().map(|enforced| (enforced, false)));
        ask::can_as(standing, action, asked)
    })
}

/// Models that embed or rank and take no guardrail.
const WITHOUT_GUARDRAILS: [&str; 3] =
    ["arn:*:foundation-model/*embed*", "arn:*:foundation-model/*rerank*", "arn:*:async-invoke/*"];

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The values of `bedrock:GuardrailIdentifier` that a pattern over ARNs or ids means: the draft, and each version.
fn arns(pattern: &str) -> [String; 2] {
    let arn = if pattern.starts_with("arn:") { pattern.to_owned() } else { format!("arn:*:guardrail/{pattern}") };
    [format!("{arn}:*"), arn]
}

/// Regions in which an approved guardrail is enforced on every model of the account.
fn enforced(world: &World, account: Option<&str>, approved: &[Arc<str>]) -> Vec<String> {
    let mut out = Vec::new();
    for id in account.map_or(&[][..], |account| world.facts.of_kind_in("enforced-guardrail", account)) {
        let Some(fact) = world.facts.get(*id) else { continue };
        let text = |path: &[&str]| world.facts.text_at(*id, path).ok().flatten();
        let guardrail = text(&["guardrailArn"]).unwrap_or_default();
        let is_approved = approved
            .iter()
            .any(|p| glob::matches(p, &guardrail) || guardrail.rsplit('/').next().is_some_and(|g| glob::matches(p, g)));
        let list = |key| world.facts.list_in(&Value::Fact(*id), &["modelEnforcement", key]).map(|items| texts(world, &items));
        let all = match (list("includedModels"), list("excludedModels")) {
            (Ok(included), Ok(excluded)) => (included.is_empty() || included.iter().any(|m| m == "ALL")) && excluded.is_empty(),
            _ => false,
        };
        if is_approved && all {
            out.extend(fact.region.as_deref().map(str::to_owned));
        }
    }
    out
}

fn texts(world: &World, items: &[Value]) -> Vec<String> {
    items.iter().filter_map(|item| world.facts.text(item).map(|t| t.to_string())).collect()
}

/// One condition, read as a policy's would be; `None` without values.
pub(in super::super) fn condition(operator: &str, key: &str, values: &[&str]) -> Option<Condition> {
    if values.is_empty() {
        return None;
    }
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: {key: values}}}]});
    let document = Document::json("condition", text.to_string()).ok()?;
    Policy::parse(document.root(), PolicyType::Identity).ok()?.statements.pop()?.conditions.pop()
}

fn undecidable() -> Value {
    static WHY: OnceLock<Arc<Why>> = OnceLock::new();
    let text = "the scope approves none, so that there is nothing to hold the requests against";
    Value::Unknown(WHY.get_or_init(|| Why::new(crate::facts::Reason::Undecided, text)).clone())
}
