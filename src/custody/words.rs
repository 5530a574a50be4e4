//! A key in words: what a reader of a finding wants to know of it at once.
//!
//! In: the world and a key. Out: the derived fact `in_words`, one noun phrase. Never: a part that is not known passed over; it is said.

use std::sync::Arc;

use super::{holders, key};
use crate::facts::{FactId, Value, Why};
use crate::world::{Derived, World};

pub(super) const IN_WORDS: Derived = Derived {
    kind: "kms-key",
    name: "in_words",
    ty: "string",
    doc: "The key in words: its alias, whose it is and where, its state, rotation and origin, and how many can use and destroy it; of what is not known it says so.",
    compute: |world, key| Value::str(in_words(world, key)),
};

fn in_words(world: &World, key: FactId) -> String {
    let facts = &world.facts;
    let Some(fact) = facts.get(key) else { return String::new() };
    let field = |name: &str| facts.text_at(key, &[name]);
    let whose = match field("KeyManager") {
        Ok(manager) if manager.as_deref() == Some("AWS") => "AWS-managed key",
        Ok(Some(_)) => "customer-managed key",
        _ => "key",
    };
    let place = match (&fact.account, &fact.region) {
        (Some(account), Some(region)) => format!(" of account {account} in {region}"),
        _ => String::new(),
    };
    let mut parts = vec![match field("KeyState") {
        Ok(Some(state)) => state.to_string(),
        _ => "its state is not known".to_owned(),
    }];
    parts.push(rotation(world, key));
    parts.extend(origin(world, key));
    parts.extend(replicas(world, key));
    parts.push(count(world, &holders::users(world, key), "can use it"));
    parts.push(count(world, &holders::destroyers(world, key), "can end it"));
    format!("{whose} {}{place} ({})", names(world, key, &fact.key), parts.join("; "))
}

/// Its aliases, with its id.
fn names(world: &World, key: FactId, id: &str) -> String {
    let aliases = world.facts.follow(key, "aliases").unwrap_or_default();
    let aliases: Vec<String> = aliases.iter().filter_map(|id| Some(format!("`{}`", world.facts.get(*id)?.name))).collect();
    match aliases.as_slice() {
        [] => format!("`{id}`"),
        some => format!("{} (`{id}`)", some.join(", ")),
    }
}

fn rotation(world: &World, key: FactId) -> String {
    match key::rotation(world, key).as_ref().map(|told| *told) {
        Ok("on") => "rotated".to_owned(),
        Ok("off") => "not rotated".to_owned(),
        Ok(_) => "cannot be rotated by KMS".to_owned(),
        Err(_) => "whether it is rotated is not known".to_owned(),
    }
}

fn origin(world: &World, key: FactId) -> Option<String> {
    let field = |name: &[&str]| world.facts.text_at(key, name).ok().flatten();
    match field(&["Origin"])?.as_ref() {
        "EXTERNAL" => Some(match field(&["ValidTo"]) {
            Some(day) => format!("imported material, which expires {day}"),
            None => "imported material".to_owned(),
        }),
        "AWS_CLOUDHSM" => Some(format!("material in the key store `{}` of CloudHSM", field(&["CustomKeyStoreId"])?)),
        "EXTERNAL_KEY_STORE" => Some(format!("material outside AWS, in the key store `{}`", field(&["CustomKeyStoreId"])?)),
        _ => None,
    }
}

fn replicas(world: &World, key: FactId) -> Option<String> {
    let fact = world.facts.get(key)?;
    let regions = match key::regions(world, key, fact) {
        Value::List(list) => list,
        _ => return Some("where it is replicated is not known".to_owned()),
    };
    let others: Vec<String> = regions.iter().skip(1).filter_map(|region| Some(world.facts.text(region)?.to_string())).collect();
    (!others.is_empty()).then(|| format!("also in {}", others.join(", ")))
}

fn count(world: &World, found: &Value, what: &str) -> String {
    let unknown = |why: &Arc<Why>| format!("who {what} is not known: {}", why.text);
    let items = match found {
        Value::Unknown(why) => return unknown(why),
        Value::List(items) => items,
        _ => return String::new(),
    };
    let mut doubt = None;
    let (mut principals, mut services, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for item in items.iter() {
        if let Value::Unknown(why) = item {
            doubt = doubt.or(Some(why));
            continue;
        }
        let text = |field: &str| world.facts.text_in(item, &[field]).ok().flatten().unwrap_or_default();
        let list = match &*text("kind") {
            "principal" => &mut principals,
            "service" => &mut services,
            _ => &mut others,
        };
        let who = text("principal");
        if !list.contains(&who) {
            list.push(who);
        }
    }
    let plural = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let named = (!others.is_empty()).then(|| {
        let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    });
    let parts = [plural(principals.len(), "principal", "principals"), plural(services.len(), "service", "services"), named];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let who = if parts.is_empty() { "nobody".to_owned() } else { parts.join(" and ") };
    match doubt {
        Some(why) if parts.is_empty() => unknown(why),
        Some(_) => format!("{who} {what}, perhaps more"),
        None => format!("{who} {what}"),
    }
}
