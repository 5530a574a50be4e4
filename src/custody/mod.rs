//! Custody: who holds the key that data at rest is encrypted with.
//!
//! In: the world. Out: the derived facts `custody` and `key` on places that hold prompts or documents, and on keys what they protect and
//! who can use and destroy them. A key that is named but was not loaded is unknown: it may be anybody's.

mod holders;
mod key;
mod openings;
mod places;
mod protects;
mod stores;
mod words;

use std::sync::Arc;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// The objects of this module.
pub const OBJECTS: &[ObjectType] =
    &[key::KEY, holders::USER, holders::DESTROYER, openings::OPENING, protects::PROTECTED, stores::STORE, CUSTODY];

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

const CUSTODY_DOC: &str = "Who holds the key that data here is encrypted with; unknown where a key is named but was not loaded.";
const MATTER_DOC: &str = "Whether it holds something of Bedrock: Bedrock's own things do, a bucket, secret or log group where Bedrock's configuration leads to it.";
const KEY_DOC: &str = "The KMS key that encrypts it, `null` where none is named; of one that was not loaded what its ARN tells.";

const fn custody_of(kind: &'static str) -> Derived {
    Derived { kind, name: "custody", ty: "object:custody", doc: CUSTODY_DOC, compute: of }
}

const fn key_of(kind: &'static str) -> Derived {
    Derived { kind, name: "key", ty: "object:key", doc: KEY_DOC, compute: key::key }
}

const fn matter_of(kind: &'static str) -> Derived {
    Derived { kind, name: "of_bedrock", ty: "bool", doc: MATTER_DOC, compute: protects::of_bedrock }
}

const CUSTODIES: &[Derived] = &places::each_place!(custody_of);
const KEYS: &[Derived] = &places::each_place!(key_of);
const MATTERS: &[Derived] = &places::each_place!(matter_of);

/// The derived facts of this module.
pub const DERIVED: &[&[Derived]] = &[
    CUSTODIES,
    KEYS,
    MATTERS,
    &stores::KEEPS,
    &holders::DERIVED,
    &[protects::PROTECTS, openings::OPENINGS, words::IN_WORDS, stores::VECTORS],
];

/// What a place says of its key.
enum Told {
    /// It names one.
    Key {
        /// The place whose configuration names it: a job's bucket for a job.
        from: FactId,
        /// The name: an id, an ARN, an alias or an alias's ARN.
        named: Value,
    },
    /// It names none, and this is who encrypts.
    None(Custody, Vec<NodeId>),
}

/// Whose key, and how that is known.
struct Custody {
    who: &'static str,
    key: String,
    holder: Option<FactId>,
    reason: String,
}

impl Custody {
    /// Without a key that the configuration names.
    fn without(who: &'static str, reason: impl Into<String>) -> Self {
        Self { who, key: String::new(), holder: None, reason: reason.into() }
    }
}

/// The custody of a place; of anything else unknown.
pub fn of(world: &World, place: FactId) -> Value {
    custody(world, place).unwrap_or_else(Value::Unknown)
}

fn custody(world: &World, place: FactId) -> Result<Value, Arc<Why>> {
    match places::told(world, place)? {
        Told::None(custody, at) => Ok(made(world, custody, at)),
        Told::Key { from, named } => {
            let text = world.facts.text(&named).unwrap_or_default().to_string();
            let at = node_of(&named).map_or_else(|| node(world, place), |n| vec![n]);
            Ok(made(world, by_key(world, from, text)?, at))
        }
    }
}

/// Whose key `key` is: an id, an ARN, an alias name or an alias ARN, as seen from `from`.
fn by_key(world: &World, from: FactId, key: String) -> Result<Custody, Arc<Why>> {
    if key::is_of_aws(&key) {
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

/// What to underline of a fact as a whole.
fn node(world: &World, fact: FactId) -> Vec<NodeId> {
    world.facts.get(fact).map(|f| f.node).into_iter().collect()
}

fn node_of(value: &Value) -> Option<NodeId> {
    if let Value::Node(node) = value { Some(*node) } else { None }
}
