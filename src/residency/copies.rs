//! The copies that AWS keeps of a bucket, a secret, a key or a trail's records, and the Region of each.

use std::sync::Arc;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One copy.
pub(super) const COPY: ObjectType = ObjectType {
    name: "residency-copy",
    fields: &[
        ("how", "string", "what makes the copy, as a clause"),
        ("to", "string", "where it goes: a bucket, or a Region"),
        ("region", "string", "the Region of the copy; unknown where the bucket was not loaded"),
    ],
};

/// The derived fact of a kind.
pub(super) const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "residency_copies",
        ty: "list<object:residency-copy>",
        doc: "The copies that AWS keeps of it: replicas of objects, secrets and keys, and for a trail the bucket that it delivers to; the Region of a bucket that was not loaded is unknown.",
        compute: |world, id| copies(world, id).map_or_else(Value::Unknown, Value::list),
    }
}

fn copies(world: &World, id: FactId) -> Result<Vec<Value>, Arc<Why>> {
    match world.facts.get(id).map(|fact| fact.kind.name) {
        Some("s3-bucket") => replication(world, id),
        Some("secret") => listed(world, id, &["ReplicationStatus"], "the secret is replicated"),
        Some("kms-key") => {
            let mut out = listed(world, id, &["MultiRegionConfiguration", "ReplicaKeys"], "the multi-Region key has a replica")?;
            let primary = world.facts.at(&Value::Fact(id), &["MultiRegionConfiguration", "PrimaryKey"])?;
            if let Some(primary) = primary {
                out.push(copy(world, &primary, "the multi-Region key has its primary")?);
            }
            Ok(out)
        }
        Some("trail") => trail(world, id),
        _ => Ok(Vec::new()),
    }
}

fn object(how: &'static str, to: String, region: Value, at: &Value) -> Value {
    let at: Vec<NodeId> = if let Value::Node(node) = at { vec![*node] } else { Vec::new() };
    Value::object(vec![("how", Value::str(how)), ("to", Value::str(to)), ("region", region)], at)
}

fn listed(world: &World, id: FactId, path: &[&str], how: &'static str) -> Result<Vec<Value>, Arc<Why>> {
    world.facts.list_in(&Value::Fact(id), path)?.iter().map(|item| copy(world, item, how)).collect()
}

/// An element that names its Region.
fn copy(world: &World, item: &Value, how: &'static str) -> Result<Value, Arc<Why>> {
    let region = world.facts.text_in(item, &["Region"])?;
    let missing = || Why::new(Reason::MissingField, "a replica does not name its Region");
    let region = region.ok_or_else(missing)?;
    Ok(object(how, region.clone(), Value::str(region), item))
}

fn replication(world: &World, id: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for rule in facts.list_in(&Value::Fact(id), &["replication", "ReplicationConfiguration", "Rules"])? {
        if facts.text_in(&rule, &["Status"])?.as_deref() == Some("Disabled") {
            continue;
        }
        let Some(at) = facts.at(&rule, &["Destination", "Bucket"])? else { continue };
        let arn = facts.text(&at).unwrap_or_default().to_string();
        let name = arn.rsplit(':').next().unwrap_or(&arn).to_owned();
        let bucket = facts.by_key("s3-bucket", &name, None, None);
        let region = region_of(world, bucket, &name);
        out.push(object("its objects are replicated", name, region, &at));
    }
    Ok(out)
}

fn trail(world: &World, id: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let Some(at) = facts.at(&Value::Fact(id), &["S3BucketName"])? else { return Ok(Vec::new()) };
    let name = facts.text(&at).unwrap_or_default().to_string();
    let region = region_of(world, facts.by_key("s3-bucket", &name, None, None), &name);
    Ok(vec![object("the trail delivers its records", name, region, &at)])
}

fn region_of(world: &World, bucket: Option<FactId>, name: &str) -> Value {
    match bucket.and_then(|id| world.facts.get(id)).map(|fact| fact.region.clone()) {
        Some(Some(region)) => Value::Str(region),
        Some(None) => Value::unknown(Reason::NotCollected, format!("the Region of the bucket `{name}` was not collected")),
        None => Value::unknown(Reason::NotLoaded, format!("the bucket `{name}` was not loaded, so its Region is not known")),
    }
}
