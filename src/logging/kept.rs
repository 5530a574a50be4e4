//! How long recorded prompts are kept.
//!
//! In: a log group or bucket that invocation logging writes to. Out: the days after which a record is gone: the retention of the log
//! group; of a bucket its lifecycle rules, as far as they take all objects below the prefix of the log, with versions and object lock.
//! Never: a lifecycle rule counted that takes only some of the objects, is switched off, or leaves older versions there.

use std::sync::Arc;

use super::destination;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// How long one log is kept.
pub(super) const KEPT: ObjectType = ObjectType {
    name: "kept",
    fields: &[
        ("prefix", "string", "what the keys of the log's objects begin with; empty for a log group"),
        ("days?", "int", "the days after which a record is gone for good; absent where it never is"),
        ("locked_days", "int", "the days before which object lock lets nobody remove it; 0 where nothing does"),
        ("reason", "string", "one clause that says how this was decided"),
    ],
};

const DOC: &str = "How long the prompts are kept that Bedrock's invocation logging writes there, one element for each log; empty where it writes none. Of a bucket, lifecycle rules count that take every object below the log's prefix; with versioning, the older versions must expire too.";

pub(super) const DERIVED: &[Derived] = &[
    Derived { kind: "log-group", name: "kept", ty: "list<object:kept>", doc: DOC, compute: of_place },
    Derived { kind: "s3-bucket", name: "kept", ty: "list<object:kept>", doc: DOC, compute: of_place },
];

/// How long, and what says so.
pub(super) struct Kept {
    pub(super) days: Option<i64>,
    locked: i64,
    pub(super) reason: String,
    pub(super) at: Vec<NodeId>,
}

fn of_place(world: &World, place: FactId) -> Value {
    let logs = match super::people::logs_to(world, place) {
        Ok(logs) => logs,
        Err(why) => return Value::Unknown(why),
    };
    let made = |destination: destination::Destination| {
        let bucket = destination.kind == "s3-bucket";
        let prefix = if bucket { destination.key_prefix(world) } else { String::new() };
        match kept(world, place, &prefix) {
            Err(why) => Value::Unknown(why),
            Ok(kept) => {
                let mut fields = vec![
                    ("prefix", Value::str(prefix)),
                    ("locked_days", Value::Int(kept.locked)),
                    ("reason", Value::str(kept.reason)),
                ];
                fields.extend(kept.days.map(|days| ("days", Value::Int(days))));
                Value::object(fields, kept.at)
            }
        }
    };
    Value::list(logs.into_iter().map(made).collect())
}

/// How long the objects below `prefix` of a bucket, or the events of a log group, are kept.
///
/// # Errors
/// Why it is not known.
pub(super) fn kept(world: &World, place: FactId, prefix: &str) -> Result<Kept, Arc<Why>> {
    let fact = world.facts.get(place).ok_or_else(|| Why::new(Reason::NotLoaded, "the place was not loaded"))?;
    if fact.kind.name == "s3-bucket" {
        return bucket(world, place, prefix);
    }
    let value = world.facts.field(place, "retentionInDays")?;
    let at = if let Some(Value::Node(node)) = value { vec![node] } else { vec![fact.node] };
    let days = value.as_ref().and_then(|v| world.facts.text(v)?.parse().ok());
    let reason = match days {
        Some(days) => format!("the log group keeps events for {days} days"),
        None => "no retention is set, so that nothing is ever removed".to_owned(),
    };
    Ok(Kept { days, locked: 0, reason, at })
}

fn bucket(world: &World, bucket: FactId, prefix: &str) -> Result<Kept, Arc<Why>> {
    let facts = &world.facts;
    let rules = facts.list_in(&Value::Fact(bucket), &["lifecycle", "Rules"])?;
    let versioned = facts.text_at(bucket, &["versioning", "Status"])?.is_some();
    let locked = locked(world, bucket)?;
    let (mut current, mut older, mut at) = (None::<i64>, None::<i64>, Vec::new());
    for rule in &rules {
        if facts.text_in(rule, &["Status"])?.as_deref() != Some("Enabled") || !takes_all(world, rule, prefix)? {
            continue;
        }
        if facts.at(rule, &["Expiration", "Date"])?.is_some() {
            let text = "a lifecycle rule removes objects at a date, which gives no number of days";
            return Err(Why::new(Reason::Undecided, text));
        }
        let days = |path: &[&str]| Ok::<_, Arc<Why>>(facts.text_in(rule, path)?.and_then(|t| t.parse::<i64>().ok()));
        let expires = days(&["Expiration", "Days"])?;
        let expires_older = days(&["NoncurrentVersionExpiration", "NoncurrentDays"])?;
        // A rule that keeps a number of versions removes no version of an object that has fewer.
        let keeps_some = facts.at(rule, &["NoncurrentVersionExpiration", "NewerNoncurrentVersions"])?.is_some();
        let expires_older = expires_older.filter(|_| !keeps_some);
        if (expires.is_some() || expires_older.is_some())
            && let Value::Node(node) = rule
        {
            at.push(*node);
        }
        current = least(current, expires);
        older = least(older, expires_older);
    }
    if at.is_empty() {
        at.extend(facts.get(bucket).map(|fact| fact.node));
    }
    let (days, reason) = match (current, older) {
        (None, _) => (None, format!("no lifecycle rule removes every object below `{prefix}`")),
        (Some(_), None) if versioned => {
            (None, "the lifecycle hides objects below a delete marker and leaves their older versions there".to_owned())
        }
        (Some(days), Some(more)) if versioned => {
            (Some(days + more), format!("the lifecycle hides objects after {days} days and removes them {more} days later"))
        }
        (Some(days), _) => (Some(days), format!("the lifecycle removes objects after {days} days")),
    };
    let reason = if locked > 0 { format!("{reason}; object lock keeps them for {locked} days") } else { reason };
    Ok(Kept { days: days.map(|days| days.max(locked)), locked, reason, at })
}

fn least(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

/// Whether a lifecycle rule takes every object below `prefix`: its own prefix is no longer, and it asks for no tag or size.
fn takes_all(world: &World, rule: &Value, prefix: &str) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    for narrowing in [
        &["Filter", "Tag"][..],
        &["Filter", "ObjectSizeGreaterThan"],
        &["Filter", "ObjectSizeLessThan"],
        &["Filter", "And", "ObjectSizeGreaterThan"],
        &["Filter", "And", "ObjectSizeLessThan"],
    ] {
        if facts.at(rule, narrowing)?.is_some() {
            return Ok(false);
        }
    }
    if !facts.list_in(rule, &["Filter", "And", "Tags"])?.is_empty() {
        return Ok(false);
    }
    for path in [&["Prefix"][..], &["Filter", "Prefix"], &["Filter", "And", "Prefix"]] {
        if let Some(own) = facts.text_in(rule, path)?
            && !prefix.starts_with(&own)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The days for which object lock's default retention keeps every new object.
fn locked(world: &World, bucket: FactId) -> Result<i64, Arc<Why>> {
    let facts = &world.facts;
    let number = |name: &str| {
        let path = ["object_lock", "ObjectLockConfiguration", "Rule", "DefaultRetention", name];
        Ok::<_, Arc<Why>>(facts.text_at(bucket, &path)?.and_then(|text| text.parse::<i64>().ok()))
    };
    Ok(number("Days")?.unwrap_or(0).max(number("Years")?.unwrap_or(0).saturating_mul(365)))
}

/// What object lock's default retention is called: `COMPLIANCE`, which nobody lifts, or `GOVERNANCE`.
///
/// # Errors
/// Why it is not known.
pub(super) fn lock_mode(world: &World, bucket: FactId) -> Result<Option<String>, Arc<Why>> {
    world.facts.text_at(bucket, &["object_lock", "ObjectLockConfiguration", "Rule", "DefaultRetention", "Mode"])
}
