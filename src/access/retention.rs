//! Who may change how long Bedrock keeps what is sent to it.
//!
//! In: Bedrock in an account and Region. Out: the principals of the account, beyond those that `security_principals` names, that can
//! do `PutAccountDataRetention` there, each with a request that goes through. Asked only where a rule needs it.

use super::ask::{self, Answer, Ask};
use super::principals::{KINDS, Principals, Standing};
use crate::config::glob;
use crate::facts::{FactId, NodeId, Value};
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// One principal that may.
pub(super) const CHANGER: ObjectType = ObjectType {
    name: "retention-changer",
    fields: &[
        ("name", "string", "the principal's name"),
        ("witness", "string", "a request that goes through"),
        ("note", "string", "a few words for a related place"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "bedrock-region",
        name: "retention_changers",
        ty: "list<object:retention-changer>",
        doc: "The principals of the account that can change Bedrock's data retention in the Region and are not of the scope's `security_principals`.",
        compute: changers,
    },
    Derived {
        kind: "bedrock-region",
        name: "retention_changers_named",
        ty: "string",
        doc: "The names of `retention_changers` as a list in words, for messages; empty where there is none.",
        compute: |world, region| Value::str(named(&changers(world, region))),
    },
];

/// Names that a message spells out.
const SHOWN: usize = 4;

/// Those that surely may; of how many more it is not known.
fn named(changers: &Value) -> String {
    let Value::List(list) = changers else { return String::new() };
    let name = |v: &Value| match v {
        Value::Object(object) => match object.fields.first() {
            Some((_, Value::Str(name))) => Some(format!("`{name}`")),
            _ => None,
        },
        _ => None,
    };
    let names: Vec<String> = list.iter().filter_map(name).collect();
    let mut out = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        out.push_str(&format!(" and {more} more"));
    }
    out
}

const ACTIONS: [&str; 2] = ["bedrock:PutAccountDataRetention", "bedrock-mantle:PutAccountDataRetention"];

fn changers(world: &World, region: FactId) -> Value {
    let Some(fact) = world.facts.get(region) else { return Value::list(Vec::new()) };
    let Some(name) = fact.region.as_deref() else { return Value::list(Vec::new()) };
    let scope = world.scope_of(region);
    let index = Principals::of(world);
    let mut out = Vec::new();
    let account = fact.account.as_deref().unwrap_or_default();
    for id in KINDS.iter().flat_map(|kind| world.facts.of_kind_in(kind, account)) {
        let (Some(principal), Some(standing)) = (world.facts.get(*id), index.get(*id)) else { continue };
        if scope.security_principals.iter().any(|p| glob::matches(p, &principal.id)) {
            continue;
        }
        match may(standing, name) {
            Answer::Yes(witness) => out.push(changer(&principal.name, principal.node, &witness.line())),
            Answer::Undecided(why) => out.push(Value::Unknown(why)),
            Answer::No => {}
        }
    }
    Value::list(out)
}

fn may(standing: &Standing, region: &str) -> Answer {
    let mut last = Answer::No;
    for action in ACTIONS {
        let mut context = Context::open();
        context.set("aws:RequestedRegion", [region]);
        match ask::can_as(standing, action, Ask::of(Resources::One("*".to_owned()), context)) {
            Answer::No => {}
            Answer::Yes(witness) => return Answer::Yes(witness),
            undecided => last = undecided,
        }
    }
    last
}

fn changer(name: &str, at: NodeId, witness: &str) -> Value {
    let fields = vec![
        ("name", Value::str(name)),
        ("witness", Value::str(witness)),
        ("note", Value::str(format!("`{name}` may change the retention"))),
    ];
    Value::object(fields, vec![at])
}
