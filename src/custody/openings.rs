//! Where a key stands open: its policy or a grant lets in whom it should not.
//!
//! In: the world and a key. Out: the names by which somebody outside the organisation, everybody of the account, or one who runs
//! inference gets what the key policy alone gives. Never: a key called closed where its policy, its grants or the RCPs above it are not known.

use std::sync::Arc;

use super::holders;
use super::node_of;
use crate::access::query::{Asked, Granted, granted};
use crate::access::{everybody, is_stranger, outsiders_who};
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One name that stands open.
pub(super) const OPENING: ObjectType = ObjectType {
    name: "key-opening",
    fields: &[
        ("who", "string", "the name as the key policy or the grant has it"),
        ("whom", "string", "whom it lets in: `outsider`, `everybody` (of the key's account) or `workload`"),
        ("action", "string", "what it lets them do"),
        ("by", "string", "`key policy` or `grant`"),
        ("witness", "string", "the request"),
    ],
};

pub(super) const OPENINGS: Derived = Derived {
    kind: "kms-key",
    name: "openings",
    ty: "list<object:key-opening>",
    doc: "One element for each name in its key policy or its grants that lets in somebody outside the organisation and `trusted_accounts`, everybody of its account whatever their own policies, or, to end the key, one who runs inference, is none of the scope's `security_principals` and has the right from the key policy alone.",
    compute: openings,
};

const USING: [&str; 3] = ["kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"];
const ENDING: [&str; 3] = ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey"];
/// What an outsider should not do, the worst first.
const OUTSIDE: [&str; 8] = [
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:GenerateDataKey",
    "kms:Encrypt",
];

fn openings(world: &World, key: FactId) -> Value {
    let mut out = Vec::new();
    let mut add = |whom: &'static str, found: Value| match found {
        Value::List(items) => out.extend(items.iter().map(|item| told(world, item, whom))),
        Value::Unknown(why) => out.push(Value::Unknown(why)),
        _ => {}
    };
    add("outsider", outsiders_who(world, key, &OUTSIDE));
    add("everybody", everybody(world, key, &ENDING, &USING));
    out.extend(workloads(world, key));
    out.extend(strangers_by_grant(world, key).unwrap_or_else(|why| vec![Value::Unknown(why)]));
    Value::list(out)
}

fn opening(who: &str, whom: &str, action: &str, by: &str, witness: &str, at: Vec<NodeId>) -> Value {
    let fields = vec![
        ("who", Value::str(who)),
        ("whom", Value::str(whom)),
        ("action", Value::str(action)),
        ("by", Value::str(by)),
        ("witness", Value::str(witness)),
    ];
    Value::object(fields, at)
}

/// What the key policy lets in, as an opening.
fn told(world: &World, found: &Value, whom: &str) -> Value {
    if let Value::Unknown(why) = found {
        return Value::Unknown(why.clone());
    }
    let text = |field: &str| world.facts.text_in(found, &[field]).ok().flatten().unwrap_or_default();
    let at = if let Value::Object(object) = found { object.at.clone() } else { Vec::new() };
    opening(&text("who"), whom, &text("action"), "key policy", &text("witness"), at)
}

/// Those who run inference and could not end the key but for the key policy's naming them.
fn workloads(world: &World, key: FactId) -> Vec<Value> {
    let destroyers = match holders::destroyers(world, key) {
        Value::List(list) => list,
        Value::Unknown(why) => return vec![Value::Unknown(why)],
        _ => return Vec::new(),
    };
    let mut out = Vec::new();
    for destroyer in destroyers.iter() {
        let flag = |field: &str| match world.facts.member(destroyer, field) {
            Ok(value) => Ok(value == Some(Value::Bool(true))),
            Err(why) => Err(why),
        };
        let text = |field: &str| world.facts.text_in(destroyer, &[field]).ok().flatten().unwrap_or_default();
        if let Value::Unknown(why) = destroyer {
            out.push(Value::Unknown(why.clone()));
            continue;
        }
        // Others are judged by name above.
        if text("kind") != "principal" || flag("only_by_key") != Ok(true) || flag("trusted") != Ok(false) {
            continue;
        }
        let action =
            world.facts.list_in(destroyer, &["actions"]).ok().and_then(|list| Some(world.facts.text(list.first()?)?.to_string()));
        let at = if let Value::Object(object) = destroyer { object.at.clone() } else { Vec::new() };
        match flag("watched") {
            Ok(true) => {
                out.push(opening(&text("principal"), "workload", &action.unwrap_or_default(), "key policy", &text("witness"), at))
            }
            Ok(false) => {}
            Err(why) => out.push(Value::Unknown(why)),
        }
    }
    out
}

/// Grants to principals of accounts that are neither of the organisation nor trusted.
fn strangers_by_grant(world: &World, key: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(key) else { return Ok(Vec::new()) };
    let own = fact.account.as_deref().unwrap_or_default();
    let mut out = Vec::new();
    for grant in holders::grants(world, key)? {
        let Some(account) = grant.account() else { continue };
        let stranger = match is_stranger(world, key, own, &account) {
            Ok(false) => continue,
            Ok(true) => None,
            Err(why) => Some(why),
        };
        let Some(action) = grant.actions.first() else { continue };
        match granted(world, own, &Asked { action, resource: fact.id.to_string() }, &grant.grantee) {
            Granted::Cannot => {}
            Granted::Undecided(why) => out.push(Value::Unknown(why)),
            Granted::Can { .. } => out.push(match stranger {
                Some(why) => Value::Unknown(why),
                None => {
                    let at = grant.at.as_ref().and_then(node_of).into_iter().collect();
                    opening(&grant.grantee, "outsider", action, "grant", &grant.witness(&fact.id, &grant.actions), at)
                }
            }),
        }
    }
    Ok(out)
}
