//! Custody: who holds the key that data at rest is encrypted with.
//!
//! In: the world. Out: the derived fact `custody` on places that hold prompts or documents. A key that
//! is named but was not loaded is unknown: it may be anybody's.

use std::sync::Arc;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// The custody of one place.
pub const OBJECTS: &[ObjectType] = &[ObjectType {
    name: "custody",
    fields: &[
        ("custody", "string", "`customer`, `aws-managed` or `aws-owned`"),
        ("key", "string", "the key as the configuration names it; empty where none is named"),
        ("account", "string", "the account that holds the key; empty where none is named"),
        ("region", "string", "the key's Region; empty where none is named"),
        ("reason", "string", "one clause that says how this was decided"),
    ],
}];

const DOC: &str = "Who holds the key that data here is encrypted with; unknown where a key is named but was not loaded.";

/// The derived facts of this module.
pub const DERIVED: &[Derived] = &[
    Derived { kind: "log-group", name: "custody", ty: "object:custody", doc: DOC, compute: log_group },
    Derived { kind: "s3-bucket", name: "custody", ty: "object:custody", doc: DOC, compute: bucket },
];

/// The custody of a log group or bucket; of anything else unknown.
pub fn of(world: &World, place: FactId) -> Value {
    let kind = world.facts.get(place).map(|fact| fact.kind.name);
    match DERIVED.iter().find(|derived| derived.name == "custody" && Some(derived.kind) == kind) {
        Some(derived) => (derived.compute)(world, place),
        None => Value::unknown(Reason::Undecided, "no key of its own encrypts it"),
    }
}

/// Whose key, and how that is known.
struct Custody {
    who: &'static str,
    key: String,
    holder: Option<FactId>,
    reason: String,
}

fn made(world: &World, custody: Custody, at: Vec<NodeId>) -> Value {
    let holder = custody.holder.and_then(|k| world.facts.get(k));
    let text = |t: Option<&Arc<str>>| Value::str(t.map_or("", |t| t));
    let fields = vec![
        ("custody", Value::str(custody.who)),
        ("key", Value::str(custody.key)),
        ("account", text(holder.and_then(|h| h.account.as_ref()))),
        ("region", text(holder.and_then(|h| h.region.as_ref()))),
        ("reason", Value::str(custody.reason)),
    ];
    Value::object(fields, at)
}

fn place(world: &World, fact: FactId) -> Vec<NodeId> {
    world.facts.get(fact).map(|f| f.node).into_iter().collect()
}

fn log_group(world: &World, group: FactId) -> Value {
    let field = match world.facts.field(group, "kmsKeyId") {
        Ok(field) => field,
        Err(why) => return Value::Unknown(why),
    };
    let Some(field) = field else {
        let reason = "no key is set, so CloudWatch Logs encrypts with a key that AWS owns".to_owned();
        let custody = Custody { who: "aws-owned", key: String::new(), holder: None, reason };
        return made(world, custody, place(world, group));
    };
    let at = node_of(&field).map_or_else(|| place(world, group), |n| vec![n]);
    let key = world.facts.text(&field).unwrap_or_default().to_string();
    by_key(world, group, key).map_or_else(Value::Unknown, |custody| made(world, custody, at))
}

fn bucket(world: &World, bucket: FactId) -> Value {
    bucket_custody(world, bucket).unwrap_or_else(Value::Unknown)
}

fn bucket_custody(world: &World, bucket: FactId) -> Result<Value, Arc<Why>> {
    let facts = &world.facts;
    let rules = facts.list_in(&Value::Fact(bucket), &["encryption", "ServerSideEncryptionConfiguration", "Rules"])?;
    let default = match rules.first() {
        Some(rule) => facts.at(rule, &["ApplyServerSideEncryptionByDefault"])?,
        None => None,
    };
    let owned = |reason: &str| Custody { who: "aws-owned", key: String::new(), holder: None, reason: reason.to_owned() };
    let Some(default) = default else {
        let custody = owned("no default encryption is set, so S3 encrypts with keys that AWS owns (SSE-S3)");
        return Ok(made(world, custody, place(world, bucket)));
    };
    let algorithm = facts.at(&default, &["SSEAlgorithm"])?;
    let at = |value: &Option<Value>| value.as_ref().and_then(node_of).map_or_else(|| place(world, bucket), |n| vec![n]);
    let name = algorithm.as_ref().and_then(|a| facts.text(a)).unwrap_or_default().to_string();
    if !name.starts_with("aws:kms") {
        return Ok(made(world, owned(&format!("the default is `{name}`: keys that AWS owns (SSE-S3)")), at(&algorithm)));
    }
    let key = facts.at(&default, &["KMSMasterKeyID"])?;
    let Some(text) = key.as_ref().and_then(|k| facts.text(k)).map(|t| t.to_string()) else {
        let reason = format!("the default is `{name}` without a key: the AWS-managed key `alias/aws/s3`");
        let custody = Custody { who: "aws-managed", key: "alias/aws/s3".into(), holder: None, reason };
        return Ok(made(world, custody, at(&algorithm)));
    };
    Ok(made(world, by_key(world, bucket, text)?, at(&key)))
}

fn node_of(value: &Value) -> Option<NodeId> {
    if let Value::Node(node) = value { Some(*node) } else { None }
}

/// Whose key `key` is: an id, an ARN, an alias name or an alias ARN, as seen from `from`.
fn by_key(world: &World, from: FactId, key: String) -> Result<Custody, Arc<Why>> {
    if key.starts_with("alias/aws/") || key.contains(":alias/aws/") {
        let reason = format!("`{key}` is an AWS-managed key");
        return Ok(Custody { who: "aws-managed", key, holder: None, reason });
    }
    let Some(&holder) = world.facts.follow(from, "kms_key")?.first() else {
        return Err(Why::new(Reason::NotLoaded, format!("the key `{key}` was not loaded")));
    };
    let manager = world.facts.text_at(holder, &["KeyManager"])?;
    let (who, reason) = match manager.as_deref() {
        Some("CUSTOMER") => ("customer", format!("`{key}` is a customer-managed key")),
        Some("AWS") => ("aws-managed", format!("`{key}` is a key that AWS manages")),
        _ => return Err(Why::new(Reason::MissingField, format!("`describe-key` of `{key}` does not say who manages it"))),
    };
    Ok(Custody { who, key, holder: Some(holder), reason })
}
