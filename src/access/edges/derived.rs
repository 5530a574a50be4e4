//! The edges as rules read them: `assumable_by` and `can_become`.

use std::sync::Arc;

use super::assume::{Edge, From, Graph};
use super::reach::{Reached, becomes};
use crate::facts::{FactId, Value};
use crate::world::{Derived, ObjectType, World};

/// One way into a role.
pub(in super::super) const ASSUMABLE: ObjectType = ObjectType {
    name: "assumer",
    fields: &[
        (
            "principal",
            "string",
            "who may become the role: an ARN, a service, an identity provider, a 12-digit account, or `anyone`",
        ),
        ("account", "string", "the account of who may; empty for services and for anyone"),
        (
            "how",
            "string",
            "`named` or `account` (the trust policy names it, or delegates to its account), `anyone`, `service`, `federated`",
        ),
        ("witness", "string", "a request that goes through"),
    ],
};

/// One role that a principal may become.
pub(in super::super) const BECOMING: ObjectType = ObjectType {
    name: "becoming",
    fields: &[
        ("role", "fact:iam-role", "the role"),
        ("steps", "int", "how many roles are assumed one after the other, the last one counted"),
        ("chain", "string", "the names on the shortest chain"),
        ("witness", "string", "the request of each step"),
    ],
};

const CAN_BECOME: &str = "One element for each role that the principal may become, by `sts:AssumeRole` in one step or several, in any loaded account; the shortest chain is shown.";

const fn can_become_of(kind: &'static str) -> Derived {
    Derived { kind, name: "can_become", ty: "list<object:becoming>", doc: CAN_BECOME, compute: can_become }
}

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "iam-role",
        name: "assumable_by",
        ty: "list<object:assumer>",
        doc: "One element for each principal, service, identity provider or account that may become the role in one step: its trust policy and the caller's own policies are asked together. Principals of accounts that were not loaded are taken to be allowed on their side.",
        compute: assumable_by,
    },
    can_become_of("iam-role"),
    can_become_of("iam-user"),
];

/// How reports name the one at the start of an edge.
pub fn name_of(world: &World, from: &From) -> Arc<str> {
    match from {
        From::Principal(id) => world.facts.get(*id).map(|f| f.id.clone()).unwrap_or_default(),
        From::Outside(text) | From::Service(text) | From::Federated(text) => text.clone(),
        From::Anyone => "anyone".into(),
    }
}

fn account_of(world: &World, from: &From) -> Arc<str> {
    match from {
        From::Principal(id) => world.facts.get(*id).and_then(|f| f.account.clone()).unwrap_or_default(),
        From::Outside(text) | From::Federated(text) => text.split(':').nth(4).unwrap_or(text).into(),
        From::Service(_) | From::Anyone => "".into(),
    }
}

fn assumable_by(world: &World, role: FactId) -> Value {
    let graph = Graph::of(world);
    if let Some(why) = graph.unknown_trust(role) {
        return Value::Unknown(why);
    }
    let each = |edge: &Edge| match &edge.shown {
        Err(why) => Value::Unknown(why.clone()),
        Ok(witness) => {
            let fields = vec![
                ("principal", Value::str(name_of(world, &edge.from))),
                ("account", Value::str(account_of(world, &edge.from))),
                ("how", Value::str(edge.how.as_str())),
                ("witness", Value::str(&**witness)),
            ];
            Value::object(fields, edge.at.clone())
        }
    };
    Value::list(graph.edges_into(role).map(each).collect())
}

fn can_become(world: &World, principal: FactId) -> Value {
    let reach = becomes(world, principal);
    let found = reach.found.iter().filter_map(|reached| becoming(world, principal, reached));
    Value::list(found.chain(reach.unknown.iter().cloned().map(Value::Unknown)).collect())
}

fn becoming(world: &World, principal: FactId, reached: &Reached) -> Option<Value> {
    let From::Principal(role) = reached.end else { return None };
    let name = |id: FactId| world.facts.get(id).map(|f| f.name.to_string()).unwrap_or_default();
    let chain: Vec<String> = std::iter::once(name(principal)).chain(reached.chain.iter().map(|e| name(e.role))).collect();
    let requests: Vec<String> = reached
        .chain
        .iter()
        .filter_map(|edge| Some(format!("{} calls {}", name_of(world, &edge.from), edge.shown.as_ref().ok()?)))
        .collect();
    let fields = vec![
        ("role", Value::Fact(role)),
        ("steps", Value::Int(i64::try_from(reached.chain.len()).unwrap_or(i64::MAX))),
        ("chain", Value::str(chain.join(" → "))),
        ("witness", Value::str(requests.join("; "))),
    ];
    Some(Value::object(fields, reached.chain.iter().flat_map(|edge| edge.at.iter().copied()).collect()))
}
