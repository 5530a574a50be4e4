//! What a key protects: the places that name it.
//!
//! In: the world. Out: the derived fact `protects`. Never: a key taken for unused where a place that may name it was refused.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Told, node, places};
use crate::access;
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

pub(super) const PROTECTED: ObjectType = ObjectType {
    name: "protected",
    fields: &[
        ("kind", "string", "what it is, in words"),
        ("name", "string", "its name"),
        ("account", "string", "its account"),
        ("region", "string", "its Region; empty for what has none"),
        ("resource", "any", "the resource itself"),
    ],
};

pub(super) const PROTECTS: Derived = Derived {
    kind: "kms-key",
    name: "protects",
    ty: "list<object:protected>",
    doc: "What it encrypts of what Bedrock works with and what records it; an unknown element where a place that may name it was refused.",
    compute: protects,
};

/// Which places name which key.
#[derive(Debug, Default)]
struct Used {
    by_key: HashMap<FactId, Vec<FactId>>,
    /// Why a place of an account may name any key of it.
    doubts: HashMap<Arc<str>, Arc<Why>>,
}

impl Used {
    fn of(world: &World) -> Self {
        let mut used = Self::default();
        for kind in places::KINDS {
            for id in world.facts.of_kind(kind) {
                match matters(world, kind, *id) {
                    Ok(true) => used.add(world, *id),
                    Ok(false) => {}
                    Err(why) => used.doubt(world, *id, why),
                }
            }
        }
        used
    }

    fn add(&mut self, world: &World, place: FactId) {
        let keys = places::told(world, place).and_then(|told| match told {
            Told::Key { from, .. } => world.facts.follow(from, "kms_key"),
            Told::None(..) => Ok(Vec::new()),
        });
        match keys {
            Ok(keys) => keys.into_iter().for_each(|key| self.by_key.entry(key).or_default().push(place)),
            // A key that is not loaded is none of those that are.
            Err(why) if why.reason == Reason::NotLoaded => {}
            Err(why) => self.doubt(world, place, why),
        }
    }

    fn doubt(&mut self, world: &World, place: FactId, why: Arc<Why>) {
        if let Some(account) = world.facts.get(place).and_then(|f| f.account.clone()) {
            self.doubts.entry(account).or_insert(why);
        }
    }
}

/// Whether a place holds something of Bedrock: its own things do, a bucket or a secret where Bedrock's configuration leads to it.
fn matters(world: &World, kind: &str, id: FactId) -> Result<bool, Arc<Why>> {
    let data = match kind {
        "s3-bucket" | "secret" | "sns-topic" | "log-group" => access::bedrock_data(world, id),
        _ => return Ok(true),
    };
    match data {
        Value::Unknown(why) => Err(why),
        Value::Str(text) => Ok(!text.is_empty()),
        _ => Ok(false),
    }
}

/// Whether it holds something of Bedrock.
pub(super) fn of_bedrock(world: &World, place: FactId) -> Value {
    let kind = world.facts.get(place).map_or("", |fact| fact.kind.name);
    matters(world, kind, place).map_or_else(Value::Unknown, Value::Bool)
}

fn protects(world: &World, key: FactId) -> Value {
    let used = world.memo_kept(Used::of);
    let Some(fact) = world.facts.get(key) else { return Value::list(Vec::new()) };
    let known = used.by_key.get(&key).into_iter().flatten().map(|place| protected(world, *place));
    let doubt = fact.account.as_ref().and_then(|account| used.doubts.get(account)).cloned().map(Value::Unknown);
    Value::list(known.chain(doubt).collect())
}

fn protected(world: &World, place: FactId) -> Value {
    let fact = world.facts.get(place);
    let text = |t: Option<&Arc<str>>| Value::str(t.map_or("", |t| t));
    let fields = vec![
        ("kind", Value::str(fact.map_or("", |f| f.kind.title))),
        ("name", Value::str(fact.map(|f| f.name.clone()).unwrap_or_default())),
        ("account", text(fact.and_then(|f| f.account.as_ref()))),
        ("region", text(fact.and_then(|f| f.region.as_ref()))),
        ("resource", Value::Fact(place)),
    ];
    Value::object(fields, node(world, place))
}
