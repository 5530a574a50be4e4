//! Who can read recorded prompts, and who can remove them or end the record.
//!
//! In: the world and a log group or bucket that invocation logging writes to. Out: principals of loaded accounts outside the scope's
//! `security_principals`, each with a request. SCPs, boundaries, Denies, RCPs and the bucket's policy count, as do versions, object lock
//! and deletion protection. Not counted: whether the key lets a reader decrypt. Each place is decided once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::destination::{self, Destination};
use super::kept::lock_mode;
use crate::access::callable_endpoints;
use crate::access::query::{Able, Asked, among};
use crate::config::glob;
use crate::facts::{FactId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One reader.
pub(super) const READER: ObjectType = ObjectType {
    name: "reader",
    fields: &[
        ("principal", "string", "the principal's ARN"),
        ("name", "string", "its name"),
        ("witness", "string", "a request that goes through"),
    ],
};

/// One who can remove it.
pub(super) const DELETER: ObjectType = ObjectType {
    name: "deleter",
    fields: &[
        ("principal", "string", "the principal's ARN"),
        ("name", "string", "its name"),
        ("actions", "list<string>", "the actions by which it can"),
        ("destroys", "bool", "one of them removes records that are there, or lets them go early; else they only end the record"),
        ("watched", "bool", "it can run inference itself, so that the log is about it too"),
        ("witness", "string", "a request that goes through"),
    ],
};

const READERS_DOC: &str = "The principals in loaded accounts, outside the scope's `security_principals`, that can read the prompts that Bedrock's invocation logging writes there; empty where it writes none. Whether the key lets them decrypt is not counted.";
const DELETERS_DOC: &str = "The principals in loaded accounts, outside the scope's `security_principals`, that can remove the prompts that Bedrock's invocation logging writes there, have them removed early, or end or turn away the record; empty where it writes none. Versioning, object lock and deletion protection count. Service-linked roles are left out.";

pub(super) const DERIVED: &[Derived] = &[
    Derived { kind: "log-group", name: "readers", ty: "list<object:reader>", doc: READERS_DOC, compute: readers },
    Derived { kind: "s3-bucket", name: "readers", ty: "list<object:reader>", doc: READERS_DOC, compute: readers },
    Derived { kind: "log-group", name: "deleters", ty: "list<object:deleter>", doc: DELETERS_DOC, compute: deleters },
    Derived { kind: "s3-bucket", name: "deleters", ty: "list<object:deleter>", doc: DELETERS_DOC, compute: deleters },
];

/// What was decided of each place, which the chain of a Region asks for too.
#[derive(Default)]
struct Decided {
    readers: Mutex<HashMap<FactId, Arc<OnceLock<Value>>>>,
    deleters: Mutex<HashMap<FactId, Arc<OnceLock<Value>>>>,
}

fn once(slots: &Mutex<HashMap<FactId, Arc<OnceLock<Value>>>>, place: FactId, make: impl FnOnce() -> Value) -> Value {
    let slot = slots.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default().clone();
    slot.get_or_init(make).clone()
}

/// The readers of a place.
pub(super) fn readers(world: &World, place: FactId) -> Value {
    let decided = world.memo_kept(|_| Decided::default());
    once(&decided.readers, place, || of_place(world, place, Question::Read))
}

/// Who can remove what a place holds.
pub(super) fn deleters(world: &World, place: FactId) -> Value {
    let decided = world.memo_kept(|_| Decided::default());
    once(&decided.deleters, place, || of_place(world, place, Question::Delete))
}

#[derive(Clone, Copy, PartialEq)]
enum Question {
    Read,
    Delete,
}

/// The logs that are written to a place.
///
/// # Errors
/// Why that is not known.
pub(super) fn logs_to(world: &World, place: FactId) -> Result<Vec<Destination>, Arc<Why>> {
    let facts = &world.facts;
    let mut writers = facts.follow(place, "bedrock_logging")?;
    if facts.get(place).is_some_and(|fact| fact.kind.name == "s3-bucket") {
        writers.extend(facts.follow(place, "bedrock_large_data")?);
    }
    writers.sort_unstable();
    writers.dedup();
    let mut out = Vec::new();
    for logging in writers {
        out.extend(destination::of(world, logging)?.into_iter().filter(|destination| destination.found == Ok(place)));
    }
    Ok(out)
}

/// Actions that end the record and leave there what was recorded.
const ENDS: [&str; 2] = ["bedrock:DeleteModelInvocationLoggingConfiguration", "bedrock:PutModelInvocationLoggingConfiguration"];

fn of_place(world: &World, place: FactId, question: Question) -> Value {
    let Some(fact) = world.facts.get(place) else { return Value::list(Vec::new()) };
    let logs = match logs_to(world, place) {
        Err(why) => return Value::Unknown(why),
        Ok(logs) if logs.is_empty() => return Value::list(Vec::new()),
        Ok(logs) => logs,
    };
    let bucket = fact.kind.name == "s3-bucket";
    let asks = match (bucket, question) {
        (false, _) => Ok(of_group(world, place, &fact.id, question)),
        (true, Question::Read) => Ok(objects(world, &logs, &fact.id, &["s3:GetObject"])),
        (true, Question::Delete) => removing(world, place, &logs, &fact.id),
    };
    let mut asks = match asks {
        Ok(asks) => asks,
        Err(why) => return Value::Unknown(why),
    };
    if question == Question::Delete {
        asks.extend(ENDS.map(|action| Asked { action, resource: "*".to_owned() }));
    }
    let region = if bucket { destination_region(world, &logs) } else { fact.region.as_deref() };
    let scope = world.scope_of(place);
    let trusted = |_: FactId, arn: &str| scope.security_principals.iter().any(|pattern| glob::matches(pattern, arn));
    let found = among(world, (fact.account.as_deref().unwrap_or_default(), region), &asks, trusted);
    let made = found.able.iter().map(|able| if question == Question::Read { reader(world, able) } else { deleter(world, able) });
    Value::list(made.chain(found.doubts.iter().cloned().map(Value::Unknown)).collect())
}

fn destination_region<'w>(world: &'w World, logs: &[Destination]) -> Option<&'w str> {
    logs.first().and_then(|log| world.facts.get(log.logging)).and_then(|fact| fact.region.as_deref())
}

fn of_group(world: &World, group: FactId, arn: &str, question: Question) -> Vec<Asked> {
    let resource = format!("{}:*", arn.trim_end_matches(":*"));
    let protected = world.facts.bool_at(group, &["deletionProtectionEnabled"]) == Ok(Some(true));
    let actions: &[&'static str] = match question {
        Question::Read => &["logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery"],
        // Protection must be lifted before the group or its streams can be removed; retention removes all the same.
        Question::Delete if protected => &["logs:PutLogGroupDeletionProtection", "logs:PutRetentionPolicy"],
        Question::Delete => &["logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:PutRetentionPolicy"],
    };
    actions.iter().map(|action| Asked { action, resource: resource.clone() }).collect()
}

/// Actions on an object of each log.
fn objects(world: &World, logs: &[Destination], bucket: &str, actions: &[&'static str]) -> Vec<Asked> {
    let mut out = Vec::new();
    for log in logs {
        let resource = format!("{bucket}/{}2026/01/01/00/example.json.gz", log.key_prefix(world));
        out.extend(actions.iter().map(|action| Asked { action, resource: resource.clone() }));
    }
    out
}

/// What removes objects of a bucket for good, as its versions and object lock have it.
fn removing(world: &World, place: FactId, logs: &[Destination], bucket: &str) -> Result<Vec<Asked>, Arc<Why>> {
    let lock = lock_mode(world, place)?;
    let versioned = world.facts.text_at(place, &["versioning", "Status"])?.as_deref() == Some("Enabled");
    let of_bucket = |action| Asked { action, resource: bucket.to_owned() };
    Ok(match lock.as_deref() {
        Some("COMPLIANCE") => Vec::new(),
        Some(_) => objects(world, logs, bucket, &["s3:BypassGovernanceRetention"]),
        None => {
            let remove = if versioned { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
            let mut asks = objects(world, logs, bucket, &[remove]);
            asks.extend(["s3:PutLifecycleConfiguration", "s3:PutBucketPolicy"].map(of_bucket));
            asks
        }
    })
}

fn common(world: &World, able: &Able) -> Vec<(&'static str, Value)> {
    let fact = world.facts.get(able.principal);
    let text = |t: Option<&Arc<str>>| Value::str(t.map_or("", |t| t));
    vec![
        ("principal", text(fact.map(|f| &f.id))),
        ("name", text(fact.map(|f| &f.name))),
        ("witness", Value::str(able.witness.as_str())),
    ]
}

fn reader(world: &World, able: &Able) -> Value {
    Value::object(common(world, able), world.facts.get(able.principal).map(|f| f.node).into_iter().collect())
}

fn deleter(world: &World, able: &Able) -> Value {
    let watched = match callable_endpoints(world, able.principal) {
        Ok(endpoints) => Value::Bool(!endpoints.is_empty()),
        Err(why) => Value::Unknown(why),
    };
    let mut actions: Vec<&str> = able.actions.clone();
    actions.dedup();
    let mut fields = common(world, able);
    fields.push(("destroys", Value::Bool(actions.iter().any(|action| !ENDS.contains(action)))));
    fields.push(("watched", watched));
    fields.push(("actions", Value::list(actions.into_iter().map(Value::str).collect())));
    Value::object(fields, world.facts.get(able.principal).map(|f| f.node).into_iter().collect())
}
