//! Who can read recorded prompts.
//!
//! In: the world and a log group or bucket that invocation logging writes to. Out: the principals of loaded accounts, outside the
//! scope's `security_principals`, that can read it, each with a request. SCPs, boundaries, Denies, RCPs and the bucket's policy count.
//! Not counted: whether the key lets them decrypt.

use std::sync::Arc;

use crate::access::query::{Who, who_can};
use crate::config::glob;
use crate::facts::{FactId, Reason, Value, Why};
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

const DOC: &str = "The principals in loaded accounts, outside the scope's `security_principals`, that can read the prompts that Bedrock's invocation logging writes there; empty where it writes none. Whether the key lets them decrypt is not counted.";

pub(super) const DERIVED: &[Derived] = &[
    Derived { kind: "log-group", name: "readers", ty: "list<object:reader>", doc: DOC, compute: of_group },
    Derived { kind: "s3-bucket", name: "readers", ty: "list<object:reader>", doc: DOC, compute: of_bucket },
];

fn of_group(world: &World, group: FactId) -> Value {
    let facts = &world.facts;
    match facts.follow(group, "bedrock_logging") {
        Err(why) => return Value::Unknown(why),
        Ok(logging) if logging.is_empty() => return Value::list(Vec::new()),
        Ok(_) => {}
    }
    let Some(fact) = facts.get(group) else { return Value::list(Vec::new()) };
    let resource = format!("{}:*", fact.id.trim_end_matches(":*"));
    asked(world, group, &["logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery"], &resource, fact.region.as_deref())
}

fn of_bucket(world: &World, bucket: FactId) -> Value {
    let facts = &world.facts;
    let Some(fact) = facts.get(bucket) else { return Value::list(Vec::new()) };
    let pairs =
        [("bedrock_logging", vec!["s3Config"]), ("bedrock_large_data", vec!["cloudWatchConfig", "largeDataDeliveryS3Config"])];
    for (edge, part) in pairs {
        let writes = match facts.follow(bucket, edge) {
            Ok(writes) => writes,
            Err(why) => return Value::Unknown(why),
        };
        let Some(logging) = writes.first().and_then(|id| facts.get(*id).map(|fact| (*id, fact))) else { continue };
        let path: Vec<&str> = ["loggingConfig"].into_iter().chain(part).chain(["keyPrefix"]).collect();
        let prefix = facts.text_at(logging.0, &path).ok().flatten().filter(|p| !p.is_empty());
        let prefix = prefix.map_or_else(String::new, |p| format!("{}/", p.trim_end_matches('/')));
        let (account, region) = (logging.1.account.as_deref().unwrap_or("*"), logging.1.region.as_deref().unwrap_or("*"));
        let key = format!("{prefix}AWSLogs/{account}/BedrockModelInvocationLogs/{region}/2026/01/01/00/example.json.gz");
        return asked(world, bucket, &["s3:GetObject"], &format!("{}/{key}", fact.id), None);
    }
    Value::list(Vec::new())
}

/// Each principal that can do one of the actions, with the first that it can.
fn asked(world: &World, place: FactId, actions: &[&str], resource: &str, region: Option<&str>) -> Value {
    let scope = world.scope_of(place);
    let mut found: Vec<(FactId, String)> = Vec::new();
    let mut doubts: Vec<Arc<Why>> = Vec::new();
    let own = |id: FactId| world.facts.get(id).and_then(|fact| fact.account.as_deref());
    for action in actions {
        for (principal, who) in who_can(world, action, Some(resource), region) {
            let arn = world.facts.get(principal).map_or("", |fact| &fact.id);
            let trusted = !arn.starts_with("arn:") || scope.security_principals.iter().any(|p| glob::matches(p, arn));
            // A log group has no policy that lets another account in.
            let elsewhere = region.is_some() && own(principal) != own(place);
            if trusted || elsewhere || found.iter().any(|(known, _)| *known == principal) {
                continue;
            }
            match who {
                Who::Can { witness, .. } => found.push((principal, witness)),
                Who::Undecided { why, .. } => {
                    doubts.push(Why::new(Reason::Undecided, format!("whether `{arn}` can read it: {why}")));
                }
                Who::Cannot => {}
            }
        }
    }
    doubts.sort();
    doubts.dedup_by(|a, b| a.text == b.text);
    let made = |(principal, witness): (FactId, String)| {
        let fact = world.facts.get(principal);
        let text = |t: Option<&Arc<str>>| Value::str(t.map_or("", |t| t));
        let fields = vec![
            ("principal", text(fact.map(|f| &f.id))),
            ("name", text(fact.map(|f| &f.name))),
            ("witness", Value::str(witness)),
        ];
        Value::object(fields, fact.map(|f| f.node).into_iter().collect())
    };
    Value::list(found.into_iter().map(made).chain(doubts.into_iter().map(Value::Unknown)).collect())
}
