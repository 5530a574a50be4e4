//! AWS's managed policies for Bedrock that grant more than an application needs, and copies of the one whose name says otherwise.
//!
//! In: the world. Out: for each principal the policies by which it has such a grant, while anything of it survives Denies, the boundary
//! and the SCPs. A policy of AWS is told by its ARN, in any partition, a copy by what it grants. A copy of a policy that grants a
//! whole prefix is told elsewhere (`wildcard`), whatever its name.
//! Source: the policies' own documents as of August 2026.

use super::ask::{self, Answer, Ask};
use super::principals::{Held, Principals, Standing, mark_node};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value};
use crate::iam::policy::{Effect, Site};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One policy.
pub(super) const BROAD: ObjectType = ObjectType {
    name: "broad-policy",
    fields: &[
        ("policy", "string", "its name"),
        ("like", "string", "the policy of AWS that it is or that it equals"),
        ("copy", "bool", "whether it is one of the account's own that grants the same"),
        ("grants", "string", "what it grants, as a clause"),
        ("witness", "string", "a request that goes through by it"),
    ],
};

const DOC: &str = "One element for each policy of the principal that is one of AWS's too broad managed policies for Bedrock, or grants what `AmazonBedrockLimitedAccess` does, while any of it survives Denies, the boundary and the SCPs.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "broad_policies", ty: "list<object:broad-policy>", doc: DOC, compute: broad }
}

pub(super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

/// A policy of AWS.
struct Managed {
    name: &'static str,
    /// The prefixes that it grants whole; none for the limited one.
    prefixes: &'static [&'static str],
    grants: &'static str,
}

const LIMITED: Managed = Managed {
    name: "AmazonBedrockLimitedAccess",
    prefixes: &[],
    grants: "any model, on `bedrock-mantle` too, inference profiles of its own making, and calls with API keys",
};

const MANAGED: [Managed; 5] = [
    LIMITED,
    Managed {
        name: "AmazonBedrockFullAccess",
        prefixes: &["bedrock", "bedrock-mantle"],
        grants: "every action of Bedrock, the ones that switch off logging and guardrails included",
    },
    Managed {
        name: "AmazonBedrockMantleFullAccess",
        prefixes: &["bedrock-mantle"],
        grants: "every action of `bedrock-mantle`, whose prompts no invocation log holds",
    },
    Managed {
        name: "BedrockAgentCoreFullAccess",
        prefixes: &["bedrock-agentcore"],
        grants: "every action of AgentCore, and the secrets and roles that are named after it",
    },
    Managed {
        name: "AnthropicFullAccess",
        prefixes: &["aws-external-anthropic"],
        grants: "every action of Claude Platform on AWS, which runs outside AWS's own services",
    },
];

/// What makes the limited policy broad: a policy that grants all of these on every resource is as wide.
const CORE: [&str; 6] = [
    "bedrock:InvokeModel",
    "bedrock:InvokeModelWithResponseStream",
    "bedrock:CreateInferenceProfile",
    "bedrock:CallWithBearerToken",
    "bedrock-mantle:CreateInference",
    "bedrock-mantle:CallWithBearerToken",
];

impl Managed {
    /// Actions of which one has to survive, what runs models first.
    fn actions(&self) -> Vec<String> {
        if self.prefixes.is_empty() {
            return CORE.map(str::to_owned).to_vec();
        }
        let mut all: Vec<_> = self.prefixes.iter().flat_map(|prefix| actions::of_prefix(prefix)).collect();
        all.sort_by_key(|action| !(action.name.starts_with("Invoke") || action.name == "CreateInference"));
        all.into_iter().map(actions::Action::full_name).collect()
    }
}

fn broad(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal).filter(|standing| !standing.service_linked) else {
        return Value::list(Vec::new());
    };
    let mut out = Vec::new();
    let mut named: Vec<&str> = Vec::new();
    for (managed, at) in attached(world, principal) {
        if named.contains(&managed.name) {
            continue;
        }
        named.push(managed.name);
        let held = standing.identity.iter().find(|held| &*held.name == managed.name);
        let sites = held.map(|held| sites(held)).unwrap_or_default();
        out.extend(finding(standing, managed, managed.name, false, &sites, vec![at]));
    }
    for held in standing.identity.iter().filter(|held| !named.contains(&&*held.name)) {
        if let Some(at) = grants_core(held) {
            out.extend(finding(standing, &LIMITED, &held.name, true, &sites(held), at));
        }
    }
    if out.is_empty() {
        out.extend(CORE.iter().find_map(|action| ask::unknown_grant(standing, action)).map(Value::Unknown));
    }
    Value::list(out)
}

fn sites(held: &Held) -> Vec<Site> {
    let allows = held.policy.statements.iter().filter(|s| s.effect == Effect::Allow);
    allows.map(|statement| held.policy.site(statement)).collect()
}

/// The policies of AWS that are attached to the principal or to a group of its, with the places of their ARNs.
fn attached(world: &World, principal: FactId) -> Vec<(&'static Managed, NodeId)> {
    let facts = &world.facts;
    let mut holders = vec![principal];
    holders.extend(facts.follow(principal, "groups").unwrap_or_default());
    let mut out = Vec::new();
    for holder in holders {
        for item in facts.list_in(&Value::Fact(holder), &["AttachedManagedPolicies"]).unwrap_or_default() {
            let Some(arn) = facts.text_in(&item, &["PolicyArn"]).ok().flatten() else { continue };
            let Ok(Some(Value::Node(node))) = facts.at(&item, &["PolicyArn"]) else { continue };
            let name = arn.split_once(":iam::aws:policy/").map(|(_, path)| path.rsplit('/').next().unwrap_or(path));
            out.extend(MANAGED.iter().find(|managed| Some(managed.name) == name).map(|managed| (managed, node)));
        }
    }
    out
}

/// The texts that grant each action of the core on every resource, where the policy does and does not grant all of Bedrock.
fn grants_core(held: &Held) -> Option<Vec<NodeId>> {
    let context = Context::open();
    let everywhere = |s: &&crate::iam::policy::Statement| {
        s.effect == Effect::Allow && !s.contradictory && s.resource.as_ref().is_none_or(|matcher| matcher.is_everything())
    };
    let granting = |action: &str| {
        let statements = held.policy.statements.iter().filter(everywhere);
        statements.into_iter().find(|s| s.action.covers(action, &context) == Truth::True)
    };
    let mut at: Vec<NodeId> = Vec::new();
    for action in CORE {
        let matcher = &granting(action)?.action;
        let places = ask::places(held, matcher, action);
        let places = if places.is_empty() { mark_node(&held.policy, matcher.mark).into_iter().collect() } else { places };
        at.extend(places.into_iter().filter(|node| !at.contains(node)).collect::<Vec<_>>());
    }
    let whole = actions::of_prefix("bedrock").iter().all(|action| granting(&action.full_name()).is_some());
    (!whole).then_some(at)
}

/// The finding, while anything that these statements grant survives.
fn finding(standing: &Standing, managed: &Managed, policy: &str, copy: bool, sites: &[Site], at: Vec<NodeId>) -> Option<Value> {
    let mut doubt = None;
    for action in managed.actions() {
        let asked = |granted_by| Ask { granted_by, ..Ask::anything(standing, &action) };
        let by: Vec<Option<Site>> = if sites.is_empty() { vec![None] } else { sites.iter().copied().map(Some).collect() };
        for granted_by in by {
            match ask::can_as(standing, &action, asked(granted_by)) {
                Answer::Yes(witness) => {
                    let fields = vec![
                        ("policy", Value::str(policy)),
                        ("like", Value::str(managed.name)),
                        ("copy", Value::Bool(copy)),
                        ("grants", Value::str(managed.grants)),
                        ("witness", Value::str(witness.line())),
                    ];
                    return Some(Value::object(fields, at));
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
    }
    doubt.map(Value::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_catalog() {
        assert!(MANAGED.iter().flat_map(Managed::actions).all(|action| actions::find(&action).is_some()));
        assert!(MANAGED.iter().all(|managed| managed.actions().len() > 5));
    }
}
