//! The links that hang on invocation logging: what it delivers, and each of its destinations.
//!
//! In: the world and a Region's invocation logging, or one destination. Out: links, in the order in which a record takes them. What hangs
//! on a destination that does not exist is `n/a`. Never: `ok` from a list that has unknown elements.

use std::sync::Arc;

use super::destination::Destination;
use super::kept;
use super::links::{Judged, Link};
use super::people;
use crate::custody;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::world::World;

/// The links that hang on invocation logging.
pub(super) const LINKS: [&str; 7] = ["modalities", "destination", "writable", "encrypted", "retained", "readers", "deleters"];

/// Whether all that Claude and its like take and give is delivered: text, images, and bodies over 100 KB, which only S3 takes.
pub(super) fn modalities(world: &World, logging: FactId) -> Judged {
    let facts = &world.facts;
    let at: Vec<NodeId> = facts.get(logging).map(|fact| fact.node).into_iter().collect();
    let on = |field: &str| Ok::<_, Arc<Why>>(facts.bool_at(logging, &["loggingConfig", field])? == Some(true));
    let named = |path: &[&str]| Ok::<_, Arc<Why>>(facts.text_at(logging, path)?.is_some());
    let missing = if !on("textDataDeliveryEnabled")? {
        "text is not delivered"
    } else if !on("imageDataDeliveryEnabled")? {
        "images are not delivered"
    } else if !named(&["loggingConfig", "s3Config", "bucketName"])?
        && !named(&["loggingConfig", "cloudWatchConfig", "largeDataDeliveryS3Config", "bucketName"])?
    {
        "bodies over 100 KB have no bucket to go to"
    } else {
        return Ok(Link::of("ok", "text, images and bodies over 100 KB are delivered", at));
    };
    Ok(Link::of("broken", missing, at))
}

/// The links of one destination.
pub(super) fn judged(world: &World, destination: &Destination) -> Vec<(&'static str, Judged)> {
    let exists = destination.exists(world);
    let place = match (&exists, &destination.found) {
        (Ok(link), Ok(place)) if link.is_ok() => Ok(*place),
        (Ok(_), Ok(_) | Err(_)) => Err(None),
        (Err(why), _) => Err(Some(why.clone())),
    };
    let after = |judge: &dyn Fn(FactId) -> Judged| match &place {
        Ok(place) => judge(*place),
        Err(None) => Ok(Link::of("n/a", "it does not exist", Vec::new())),
        Err(Some(why)) => Err(why.clone()),
    };
    vec![
        ("destination", exists),
        ("writable", after(&|_| destination.writable(world))),
        ("encrypted", after(&|place| encrypted(world, place))),
        ("retained", after(&|place| retained(world, place, destination))),
        ("readers", after(&|place| readers(world, place))),
        ("deleters", after(&|place| deleters(world, place))),
    ]
}

/// Whose key.
fn encrypted(world: &World, place: FactId) -> Judged {
    let facts = &world.facts;
    let custody = custody::of(world, place);
    let reason = facts.text_in(&custody, &["reason"])?.unwrap_or_default();
    let at = if let Value::Object(object) = &custody { object.at.clone() } else { Vec::new() };
    let own = facts.text_in(&custody, &["custody"])?.as_deref() == Some("customer");
    Ok(Link::of(if own { "ok" } else { "broken" }, reason, at))
}

/// Whether records go in time, and not before it.
fn retained(world: &World, place: FactId, destination: &Destination) -> Judged {
    let bucket = destination.kind == "s3-bucket";
    let prefix = if bucket { destination.key_prefix(world) } else { String::new() };
    let kept = kept::kept(world, place, &prefix)?;
    let bounds = world.scope_of(place).log_retention_days;
    let Some(days) = kept.days else { return Ok(Link::of("broken", kept.reason, kept.at)) };
    let below = bounds.min.is_some_and(|min| days < i64::from(min));
    let above = bounds.max.is_some_and(|max| days > i64::from(max));
    let status = if below || above { "broken" } else { "ok" };
    let reason = if below || above { format!("{}, outside the scope's bounds", kept.reason) } else { kept.reason };
    Ok(Link::of(status, reason, kept.at))
}

fn readers(world: &World, place: FactId) -> Judged {
    if world.scope_of(place).security_principals.is_empty() {
        return Ok(Link::of("n/a", "the scope names no `security_principals`, who may read it", Vec::new()));
    }
    let counted = |_: &Value| Ok(true);
    counted_link(
        world,
        &people::readers(world, place),
        counted,
        "can read it and is not on the security list",
        "nobody outside the security list can read it",
    )
}

fn deleters(world: &World, place: FactId) -> Judged {
    let facts = &world.facts;
    let yes = |item: &Value, field: &str| match facts.member(item, field)? {
        Some(Value::Bool(yes)) => Ok::<_, Arc<Why>>(yes),
        _ => Ok(false),
    };
    let counted = |item: &Value| Ok(yes(item, "destroys")? && yes(item, "watched")?);
    counted_link(
        world,
        &people::deleters(world, place),
        counted,
        "can run models and delete what is recorded",
        "nobody whom it records can delete it",
    )
}

/// How many of many principals are underlined.
const SHOWN: usize = 5;

/// Broken by the first that counts; unknown where one may.
fn counted_link(
    world: &World,
    found: &Value,
    counted: impl Fn(&Value) -> Result<bool, Arc<Why>>,
    broken: &str,
    ok: &str,
) -> Judged {
    let facts = &world.facts;
    let (mut names, mut at, mut doubt) = (Vec::new(), Vec::new(), None);
    for item in facts.items(found)? {
        let judged = if let Value::Unknown(why) = &item { Err(why.clone()) } else { counted(&item) };
        match judged {
            Ok(true) => {
                names.extend(facts.text_in(&item, &["name"])?);
                if let Value::Object(object) = &item
                    && at.len() < SHOWN
                {
                    at.extend(&object.at);
                }
            }
            Ok(false) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    let Some(first) = names.first() else { return doubt.map_or_else(|| Ok(Link::of("ok", ok, Vec::new())), Err) };
    let others = match names.len() {
        1 => String::new(),
        2 => " and one other".to_owned(),
        more => format!(" and {} others", more - 1),
    };
    Ok(Link::of("broken", format!("`{first}`{others} {broken}"), at))
}
