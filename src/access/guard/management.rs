//! What runs models in an account: its principals that can, and what of Bedrock stands there. SCPs do not bind the management account,
//! so there it is a finding.
//!
//! In: an account. Out: principals with a request that is allowed, and resources. Never: none where listings were refused.

use crate::access::ask::{self, Answer};
use crate::access::principals::{KINDS, Principals};
use crate::access::{Endpoint, last_used};
use crate::facts::{FactId, NodeId, Value};
use crate::world::{Derived, ObjectType, World};

/// One use.
pub(in crate::access) const USE: ObjectType = ObjectType {
    name: "bedrock-use",
    fields: &[
        ("name", "string", "the principal or resource"),
        ("what", "string", "what it is, or can do, as a clause"),
        ("witness", "string", "for a principal a request that is allowed; else empty"),
        ("note", "string", "what stands there, for the report"),
    ],
};

pub(in crate::access) const DERIVED: &[Derived] = &[Derived {
    kind: "account",
    name: "bedrock_uses",
    ty: "list<object:bedrock-use>",
    doc: "One element for each principal of the account that can run inference, and for each Bedrock resource in it other than guardrails; service-linked roles are left out.",
    compute: uses,
}];

/// Edges of a `bedrock-region` to what runs or holds models and documents. A guardrail does neither: an organisation's enforced
/// guardrail has to stand in the management account.
const FOOTPRINT: [&str; 6] = ["custom_models", "provisioned_models", "knowledge_bases", "agents", "runtimes", "gateways"];

fn uses(world: &World, account: FactId) -> Value {
    let facts = &world.facts;
    let Some(number) = facts.get(account).and_then(|f| f.account.clone()) else { return Value::list(Vec::new()) };
    let mut out = principals(world, &number);
    match facts.follow(account, "roles") {
        Ok(_) => {}
        Err(why) => out.push(Value::Unknown(why)),
    }
    for region in facts.of_kind_in("bedrock-region", &number).iter().copied() {
        for edge in FOOTPRINT {
            match facts.follow(region, edge) {
                Ok(found) => out.extend(found.into_iter().filter_map(|id| resource(world, id))),
                Err(why) => out.push(Value::Unknown(why)),
            }
        }
        let made = |id: &FactId| facts.text_at(*id, &["type"]).ok().flatten().as_deref() == Some("APPLICATION");
        if let Ok(found) = facts.follow(region, "inference_profiles") {
            out.extend(found.into_iter().filter(made).filter_map(|id| resource(world, id)));
        }
    }
    Value::list(out)
}

fn principals(world: &World, account: &str) -> Vec<Value> {
    let index = Principals::of(world);
    let mut out = Vec::new();
    for id in KINDS.iter().flat_map(|kind| world.facts.of_kind_in(kind, account)).copied() {
        let Some(standing) = index.get(id).filter(|s| &*s.account == account) else { continue };
        if last_used::is_service_linked(world, id) {
            continue;
        }
        let name = world.facts.get(id).map_or("", |f| &f.name);
        let actions = Endpoint::ALL.iter().flat_map(|endpoint| endpoint.actions());
        let mut doubt = None;
        let mut found = None;
        for action in actions {
            match ask::can(standing, action) {
                Answer::Yes(witness) => {
                    let at = granting(standing, action);
                    found = Some(made(name, "can run inference", witness.line(), at));
                    break;
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
        out.extend(found.or(doubt.map(Value::Unknown)));
    }
    out
}

/// The texts that grant an action to a principal.
fn granting(standing: &crate::access::principals::Standing, action: &str) -> Vec<NodeId> {
    let held = standing.identity.iter().flat_map(|held| held.policy.statements.iter().map(move |s| (held, s)));
    let granting = held.filter(|(_, s)| ask::grants(s, action));
    granting.flat_map(|(held, s)| ask::places(held, &s.action, action)).collect()
}

fn resource(world: &World, id: FactId) -> Option<Value> {
    let fact = world.facts.get(id)?;
    Some(made(&fact.name, fact.kind.title, String::new(), vec![fact.node]))
}

fn made(name: &str, what: &str, witness: String, at: Vec<NodeId>) -> Value {
    let fields = vec![
        ("name", Value::str(name)),
        ("what", Value::str(what)),
        ("witness", Value::str(witness)),
        ("note", Value::str(format!("`{name}`: {what}"))),
    ];
    Value::object(fields, at)
}
