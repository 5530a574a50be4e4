//! The key behind a place.
//!
//! In: the world and a place. Out: the derived fact `key`: which key, whose, where, in what state, of what origin, rotating or not, in which
//! Regions. Never: state or manager of a key that was not loaded; what its ARN tells of it, its account and Region, is told.

use std::sync::Arc;

use super::{Told, node, node_of, places};
use crate::access::is_stranger;
use crate::facts::{Fact, FactId, NodeId, Reason, Value, Why};
use crate::iam::arn::Arn;
use crate::world::{ObjectType, World};

pub(super) const KEY: ObjectType = ObjectType {
    name: "key",
    fields: &[
        ("named", "string", "the key as the configuration names it"),
        ("arn", "string", "the key's ARN"),
        ("account", "string", "the account that holds it"),
        ("region", "string", "its Region"),
        ("outsider", "bool", "its account is neither the place's, nor of the organisation, loaded or in `trusted_accounts`"),
        ("manager", "string", "`CUSTOMER` or `AWS`"),
        ("state", "string", "`Enabled`, `Disabled`, `PendingDeletion` and so on, as `describe-key` has it"),
        ("rotation", "string", "`on` or `off`; `none` for a key that KMS cannot rotate"),
        (
            "origin",
            "string",
            "where its material is from: `AWS_KMS`, `EXTERNAL` (imported), `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`",
        ),
        ("store", "string", "the custom key store that holds its material; empty for KMS's own"),
        ("external_key?", "string", "the id of the key in an external key store"),
        ("expires?", "timestamp", "when imported material expires; absent where it does not"),
        (
            "regions",
            "list<string>",
            "the Regions that hold its material: its own, and those of a multi-Region key's primary and replicas",
        ),
        ("resource", "any", "the key itself (`kms-key`)"),
    ],
};

/// Whether the name is an alias of AWS's own, which always stands for an AWS-managed key.
pub(super) fn is_of_aws(key: &str) -> bool {
    key.starts_with("alias/aws/") || key.contains(":alias/aws/")
}

pub(super) fn key(world: &World, place: FactId) -> Value {
    match places::told(world, place) {
        Err(why) => Value::Unknown(why),
        Ok(Told::None(..)) => Value::Null,
        Ok(Told::Key { from, named }) => {
            let text = world.facts.text(&named).unwrap_or_default().to_string();
            let at = node_of(&named).map_or_else(|| node(world, place), |n| vec![n]);
            let loaded = match world.facts.follow(from, "kms_key") {
                Ok(found) => found.first().and_then(|key| Some((*key, world.facts.get(*key)?))),
                Err(why) => return by_name(world, from, &text, &why, at),
            };
            match loaded {
                Some((key, fact)) => of(world, from, (key, fact), &text, at),
                None => Value::unknown(Reason::NotLoaded, format!("the key `{text}` was not loaded")),
            }
        }
    }
}

fn text_of(text: Option<&Arc<str>>) -> Value {
    Value::str(text.map_or("", |t| t))
}

/// Whether a key's account is a stranger to the place.
fn outsider(world: &World, place: FactId, account: &str) -> Value {
    let own = world.facts.get(place).and_then(|fact| fact.account.as_deref()).unwrap_or_default();
    is_stranger(world, place, own, account).map_or_else(Value::Unknown, Value::Bool)
}

/// A key that was loaded.
fn of(world: &World, from: FactId, (key, fact): (FactId, &Fact), named: &str, mut at: Vec<NodeId>) -> Value {
    let facts = &world.facts;
    let told = |field: &str| facts.text_at(key, &[field]).map_or_else(Value::Unknown, |t| Value::str(t.unwrap_or_default()));
    let mut fields = vec![
        ("named", Value::str(named)),
        ("arn", Value::str(&*fact.id)),
        ("account", text_of(fact.account.as_ref())),
        ("region", text_of(fact.region.as_ref())),
        ("outsider", outsider(world, from, fact.account.as_deref().unwrap_or_default())),
        ("manager", told("KeyManager")),
        ("state", told("KeyState")),
        ("rotation", rotation(world, key).map_or_else(Value::Unknown, Value::str)),
        ("origin", told("Origin")),
        ("store", told("CustomKeyStoreId")),
        ("regions", regions(world, key, fact)),
        ("resource", Value::Fact(key)),
    ];
    for (field, path) in [("external_key", &["XksKeyConfiguration", "Id"][..]), ("expires", &["ValidTo"])] {
        match facts.at(&Value::Fact(key), path) {
            Ok(Some(value)) => fields.push((field, value)),
            Ok(None) => {}
            Err(why) => fields.push((field, Value::Unknown(why))),
        }
    }
    at.push(fact.node);
    Value::object(fields, at)
}

/// `on`, `off` or `none`.
pub(super) fn rotation(world: &World, key: FactId) -> Result<&'static str, Arc<Why>> {
    // KMS answers for other keys that they do not rotate, or refuses to answer.
    let origin = world.facts.text_at(key, &["Origin"])?;
    let spec = world.facts.text_at(key, &["KeySpec"])?;
    if origin.as_deref() != Some("AWS_KMS") || spec.as_deref() != Some("SYMMETRIC_DEFAULT") {
        return Ok("none");
    }
    if world.facts.field(key, "rotation")?.is_none() {
        return Ok("none");
    }
    let on = world.facts.bool_at(key, &["rotation", "KeyRotationEnabled"])?;
    Ok(if on == Some(true) { "on" } else { "off" })
}

/// Its own Region first.
pub(super) fn regions(world: &World, key: FactId, fact: &Fact) -> Value {
    let told = || -> Result<Value, Arc<Why>> {
        let configuration = Value::Fact(key);
        let mut out: Vec<Arc<str>> = fact.region.iter().cloned().collect();
        let primary = world.facts.at(&configuration, &["MultiRegionConfiguration", "PrimaryKey"])?;
        let replicas = world.facts.list_in(&configuration, &["MultiRegionConfiguration", "ReplicaKeys"])?;
        for other in primary.iter().chain(&replicas) {
            let region = world.facts.text_in(other, &["Region"])?;
            let region = region.ok_or_else(|| Why::new(Reason::MissingField, "a replica of the key does not name its Region"))?;
            if !out.iter().any(|known| **known == *region) {
                out.push(region.as_str().into());
            }
        }
        Ok(Value::list(out.into_iter().map(Value::Str).collect()))
    };
    told().unwrap_or_else(Value::Unknown)
}

/// A key that was not loaded: what its ARN, or an alias of AWS's, tells.
fn by_name(world: &World, from: FactId, named: &str, why: &Arc<Why>, at: Vec<NodeId>) -> Value {
    let unknown = || Value::Unknown(why.clone());
    let arn = Arn::parse(named).filter(|arn| arn.service == "kms");
    let (account, region, outsider) = match (&arn, world.facts.get(from)) {
        (Some(arn), _) => (Value::str(arn.account), Value::str(arn.region), outsider(world, from, arn.account)),
        // AWS's aliases are of the place's own account.
        (None, Some(fact)) if is_of_aws(named) => {
            (text_of(fact.account.as_ref()), text_of(fact.region.as_ref()), Value::Bool(false))
        }
        _ => return unknown(),
    };
    let is_key = arn.as_ref().is_some_and(|arn| arn.resource.starts_with("key/"));
    let fields = vec![
        ("named", Value::str(named)),
        ("arn", if is_key { Value::str(named) } else { unknown() }),
        ("account", account),
        ("region", region),
        ("outsider", outsider),
        ("manager", if is_of_aws(named) { Value::str("AWS") } else { unknown() }),
        ("state", unknown()),
        ("rotation", unknown()),
        ("origin", unknown()),
        ("store", unknown()),
        ("external_key", unknown()),
        ("expires", unknown()),
        ("regions", unknown()),
        ("resource", unknown()),
    ];
    Value::object(fields, at)
}
