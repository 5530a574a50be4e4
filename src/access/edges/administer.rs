//! Bedrock administration in the hands of a workload: actions that change how Bedrock is set up, beyond running it.
//!
//! In: a principal. Out: for each Bedrock-family prefix the first such action that it may effectively do. Which actions change the
//! set-up is told by their access level and name in the dated catalog; what handles an application's own data (sessions, memory
//! records, files, stored answers, documents of a knowledge base) is left out. Never: an action that Denies or limits cancel.

use super::super::ask::{self, Answer, Witness};
use super::super::principals::{Principals, Standing};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value};
use crate::iam::policy::Effect;
use crate::world::{Derived, ObjectType, World};

/// What a principal may change.
pub(in super::super) const ADMINISTRATION: ObjectType = ObjectType {
    name: "administration",
    fields: &[
        ("prefix", "string", "the IAM prefix, such as `bedrock`"),
        ("action", "string", "an action that changes the set-up"),
        ("policy", "string", "the policy that grants it"),
        ("witness", "string", "a request that goes through"),
    ],
};

const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "bedrock_administration",
        ty: "list<object:administration>",
        doc: "One element for each Bedrock-family prefix of which the principal may do an action that changes the set-up (create, update, delete, put …) rather than run it.",
        compute: administration,
    }
}

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

const PREFIXES: [&str; 3] = ["bedrock", "bedrock-mantle", "bedrock-agentcore"];

/// Beginnings of the names of actions that change the set-up, those first that undo a control.
const CHANGES: [&str; 12] = [
    "Delete",
    "Put",
    "Update",
    "Create",
    "Set",
    "Manage",
    "Associate",
    "Disassociate",
    "Register",
    "Deregister",
    "Copy",
    "Archive",
];

/// What such a name ends in when it is about an application's own data.
const DATA: [&str; 20] = [
    "Session",
    "SessionProfile",
    "Invocation",
    "InvocationStep",
    "InvocationJob",
    "Event",
    "MemoryRecord",
    "MemoryRecords",
    "AgentMemory",
    "File",
    "Inference",
    "Invoke",
    "KnowledgeBaseDocuments",
    "BrowserStream",
    "PaymentInstrument",
    "DatasetExamples",
    "RegistryRecord",
    "RegistryRecordStatus",
    "BatchEvaluation",
    "EvaluationJob",
];

fn administration(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    Value::list(PREFIXES.iter().filter_map(|prefix| of_prefix(standing, prefix)).collect())
}

/// The actions of a prefix that change the set-up, by name.
fn changes(prefix: &str) -> Vec<String> {
    let rank = |name: &str| CHANGES.iter().position(|beginning| name.starts_with(beginning));
    let is_data = |name: &str| {
        DATA.iter().any(|end| rank(name).and_then(|at| CHANGES.get(at)).is_some_and(|b| name.strip_prefix(b) == Some(*end)))
    };
    let of_level = |levels: &[&str]| levels.iter().any(|level| *level == "Write" || level.starts_with("Permissions"));
    let all = actions::of_prefix(prefix).iter().filter(|action| of_level(action.levels) && !is_data(action.name));
    let mut names: Vec<(usize, String)> =
        all.filter_map(|action| Some((rank(action.name)?, format!("{prefix}:{}", action.name)))).collect();
    names.retain(|(_, name)| !actions::inference().contains(&name.as_str()));
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

fn of_prefix(standing: &Standing, prefix: &'static str) -> Option<Value> {
    let mut doubt = None;
    for action in changes(prefix) {
        match ask::can(standing, &action) {
            Answer::Yes(witness) => return Some(found(standing, prefix, &action, &witness)),
            Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
            Answer::No => {}
        }
    }
    doubt
}

fn found(standing: &Standing, prefix: &'static str, action: &str, witness: &Witness) -> Value {
    let (policy, at) = granting(standing, action, witness);
    let fields = vec![
        ("prefix", Value::str(prefix)),
        ("action", Value::str(action)),
        ("policy", Value::str(policy)),
        ("witness", Value::str(witness.line())),
    ];
    Value::object(fields, at)
}

/// The policy with the statement that grants a witness, and the texts in it that cover the action.
pub(super) fn granting(standing: &Standing, action: &str, witness: &Witness) -> (String, Vec<NodeId>) {
    for held in &standing.identity {
        for statement in held.policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
            let node = super::super::principals::mark_node(&held.policy, statement.mark);
            if node.is_some_and(|node| witness.allowed_by.contains(&node)) {
                let texts = ask::places(held, &statement.action, action);
                return (held.name.to_string(), if texts.is_empty() { node.into_iter().collect() } else { texts });
            }
        }
    }
    (String::new(), witness.allowed_by.clone())
}
