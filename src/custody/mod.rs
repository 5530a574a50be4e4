//! Custody: who holds the key that data at rest is encrypted with.
//!
//! In: the world. Out: the derived fact `custody` on places that hold prompts or documents. A key that
//! is named but was not loaded is unknown: it may be anybody's.

mod key;
mod stores;

use std::sync::Arc;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// The custody of one place.
pub const OBJECTS: &[ObjectType] = &[key::KEY, key::PROTECTED, stores::STORE, CUSTODY];

const CUSTODY: ObjectType = ObjectType {
    name: "custody",
    fields: &[
        ("custody", "string", "`customer`, `aws-managed`, `aws-owned`, or `none` where nothing is encrypted"),
        ("key", "string", "the key as the configuration names it; empty where none is named"),
        ("account", "string", "the account that holds the key; empty where none is named"),
        ("region", "string", "the key's Region; empty where none is named"),
        ("reason", "string", "one clause that says how this was decided"),
    ],
};

const DOC: &str = "Who holds the key that data here is encrypted with; unknown where a key is named but was not loaded.";

/// A kind whose facts name the key at one path.
struct Place {
    kind: &'static str,
    /// Where the key is named.
    key: &'static [&'static str],
    /// Who encrypts where it is not.
    absent: (&'static str, &'static str),
}

const fn place_of(kind: &'static str, key: &'static [&'static str], absent: &'static str) -> Place {
    Place { kind, key, absent: ("aws-owned", absent) }
}

const BEDROCK_OWNED: &str = "no key is set, so Bedrock encrypts it with a key that AWS owns";
const AGENTCORE_OWNED: &str = "no key is set, so AgentCore encrypts it with a key that AWS owns";
const LOGS_OWNED: &str = "no key is set, so CloudWatch Logs encrypts with a key that AWS owns";

/// The places that name their key themselves. Source: the API's shapes, and what Bedrock's and the services' guides say of an absent key.
const PLACES: [Place; 16] = [
    place_of("log-group", &["kmsKeyId"], LOGS_OWNED),
    place_of("guardrail", &["kmsKeyArn"], BEDROCK_OWNED),
    place_of("agent", &["customerEncryptionKeyArn"], BEDROCK_OWNED),
    place_of("flow", &["customerEncryptionKeyArn"], BEDROCK_OWNED),
    place_of("prompt", &["customerEncryptionKeyArn"], BEDROCK_OWNED),
    place_of(
        "data-source",
        &["serverSideEncryptionConfiguration", "kmsKeyArn"],
        "no key is set, so Bedrock encrypts what it ingests with a key that AWS owns",
    ),
    place_of(
        "knowledge-base",
        &["knowledgeBaseConfiguration", "managedKnowledgeBaseConfiguration", "serverSideEncryptionConfiguration", "kmsKeyArn"],
        BEDROCK_OWNED,
    ),
    place_of("custom-model", &["modelKmsKeyArn"], BEDROCK_OWNED),
    place_of("imported-model", &["modelKmsKeyArn"], BEDROCK_OWNED),
    place_of("evaluation-job", &["customerEncryptionKeyId"], BEDROCK_OWNED),
    place_of("agentcore-gateway", &["kmsKeyArn"], AGENTCORE_OWNED),
    place_of("agentcore-memory", &["encryptionKeyArn"], AGENTCORE_OWNED),
    place_of("agentcore-policy-engine", &["encryptionKeyArn"], AGENTCORE_OWNED),
    place_of("agentcore-token-vault", &["kmsConfiguration", "kmsKeyArn"], AGENTCORE_OWNED),
    Place {
        kind: "secret",
        key: &["KmsKeyId"],
        absent: ("aws-managed", "no key is set, so Secrets Manager encrypts it with the AWS-managed key `aws/secretsmanager`"),
    },
    place_of("trail", &["KmsKeyId"], "no key is set, so S3 encrypts its files with keys that AWS owns (SSE-S3)"),
];

const fn derived(kind: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind, name: "custody", ty: "object:custody", doc: DOC, compute }
}

/// The derived facts of this module.
pub const DERIVED: &[Derived] = &[
    derived("log-group", named),
    derived("guardrail", named),
    derived("agent", named),
    derived("flow", named),
    derived("prompt", named),
    derived("data-source", named),
    derived("knowledge-base", named),
    derived("custom-model", named),
    derived("imported-model", named),
    derived("evaluation-job", named),
    derived("agentcore-gateway", named),
    derived("agentcore-memory", named),
    derived("agentcore-policy-engine", named),
    derived("agentcore-token-vault", named),
    derived("secret", named),
    derived("trail", named),
    derived("s3-bucket", bucket),
    derived("model-invocation-job", stores::batch_job),
    derived("opensearch-collection", stores::collection),
    derived("db-cluster", stores::cluster),
    derived("vector-bucket", stores::vector_bucket),
    key::PROTECTS,
    stores::VECTORS,
];

/// The derived fact `key` of each place.
pub const KEYS: &[Derived] = &key::KEYS;

/// Whether a place keeps data under a key of its own.
pub const KEEPS: &[Derived] = &stores::KEEPS;

/// The custody of a place; of anything else unknown.
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

fn named(world: &World, id: FactId) -> Value {
    let kind = world.facts.get(id).map_or("", |f| f.kind.name);
    let Some(place) = PLACES.iter().find(|place| place.kind == kind) else { return undecided() };
    by_field(world, id, place.key, place.absent).unwrap_or_else(Value::Unknown)
}

fn undecided() -> Value {
    Value::unknown(Reason::Undecided, "alicerce does not know where this names its key")
}

/// The custody that the field at `key` tells; `absent`: who encrypts where there is none, and the reason.
fn by_field(world: &World, id: FactId, key: &[&str], absent: (&'static str, &str)) -> Result<Value, Arc<Why>> {
    let field = world.facts.at(&Value::Fact(id), key)?;
    let text = field.as_ref().and_then(|field| world.facts.text(field)).unwrap_or_default().to_string();
    let Some(field) = field.filter(|_| !text.is_empty()) else {
        let custody = Custody { who: absent.0, key: String::new(), holder: None, reason: absent.1.to_owned() };
        return Ok(made(world, custody, place(world, id)));
    };
    let at = node_of(&field).map_or_else(|| place(world, id), |n| vec![n]);
    Ok(made(world, by_key(world, id, text)?, at))
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
