//! The copies that AWS keeps of a bucket, a secret, a key, a cluster, of a trail's records or a log group's events, and the Region of each.

use std::sync::Arc;

use crate::facts::kind::arn_parts;
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
        doc: "The copies that AWS keeps of it: replicas of objects, secrets, keys and clusters, for a trail the bucket that it delivers to, for a log group what its subscription filters and the account's subscription policies send events to; the Region of a bucket that was not loaded is unknown.",
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
        Some("log-group") => subscriptions(world, id),
        Some("db-cluster") => cluster(world, id),
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

/// What an ARN names, with its Region.
fn by_arn(how: &'static str, arn: &str, at: &Value) -> Value {
    let region = match arn_parts(arn).and_then(|parts| parts.region) {
        Some(region) => Value::str(region),
        None => Value::unknown(Reason::MissingField, format!("`{arn}` names no Region")),
    };
    object(how, arn.to_owned(), region, at)
}

/// The log group's own filters, and the account's policies, which send on every group's events but for those they name.
fn subscriptions(world: &World, id: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    let Some(fact) = facts.get(id) else { return Ok(out) };
    let (account, region) = (fact.account.as_deref(), fact.region.as_deref());
    let filters = facts.answer("logs", "describe-subscription-filters", &fact.key, account, region)?;
    let list = facts.node(filters).and_then(|node| node.get("subscriptionFilters"));
    for arn in list.iter().flat_map(|list| list.items()).filter_map(|filter| filter.get("destinationArn")) {
        let at = Value::Node(NodeId { doc: filters.doc, node: arn.index() });
        out.push(by_arn("a subscription filter sends its events on", arn.as_str().unwrap_or_default(), &at));
    }
    let policies = match facts.answer("logs", "describe-account-policies", "SUBSCRIPTION_FILTER_POLICY", account, region) {
        Ok(policies) => policies,
        Err(why) => {
            out.push(Value::Unknown(why));
            return Ok(out);
        }
    };
    let list = facts.node(policies).and_then(|node| node.get("accountPolicies"));
    for policy in list.iter().flat_map(|list| list.items()) {
        let text = |name: &str| policy.get(name).and_then(|n| n.as_str()).unwrap_or_default();
        // `LogGroupName NOT IN ["…"]`
        if text("selectionCriteria").contains(&format!("\"{}\"", fact.name)) {
            continue;
        }
        let document: Option<serde_json::Value> = serde_json::from_str(text("policyDocument")).ok();
        let arn = document.as_ref().and_then(|document| document.get("DestinationArn")).and_then(serde_json::Value::as_str);
        let at = Value::Node(NodeId { doc: policies.doc, node: policy.index() });
        out.push(match arn {
            Some(arn) => by_arn("a subscription policy of the account sends its events on", arn, &at),
            None => Value::unknown(Reason::Undecided, "a subscription policy of the account cannot be read"),
        });
    }
    Ok(out)
}

/// The other members of an Aurora cluster's global cluster, and its replicas.
fn cluster(world: &World, id: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(id) else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for at in facts.list_in(&Value::Fact(id), &["ReadReplicaIdentifiers"])? {
        let named = facts.text(&at).unwrap_or_default().to_string();
        // A replica of its own Region is named by its identifier.
        if arn_parts(&named).is_some() {
            out.push(by_arn("the cluster has a replica", &named, &at));
        }
    }
    let answer = match facts.answer("rds", "describe-global-clusters", "", fact.account.as_deref(), fact.region.as_deref()) {
        Ok(answer) => answer,
        Err(why) => {
            out.push(Value::Unknown(why));
            return Ok(out);
        }
    };
    let global = facts.node(answer).and_then(|node| node.get("GlobalClusters"));
    for members in global.iter().flat_map(|list| list.items()).filter_map(|cluster| cluster.get("GlobalClusterMembers")) {
        let arns = || members.items().filter_map(|member| member.get("DBClusterArn"));
        if !arns().any(|arn| arn.as_str() == Some(&*fact.id)) {
            continue;
        }
        for arn in arns().filter(|arn| arn.as_str() != Some(&*fact.id)) {
            let at = Value::Node(NodeId { doc: answer.doc, node: arn.index() });
            out.push(by_arn("its global cluster has a member", arn.as_str().unwrap_or_default(), &at));
        }
    }
    Ok(out)
}

fn region_of(world: &World, bucket: Option<FactId>, name: &str) -> Value {
    match bucket.and_then(|id| world.facts.get(id)).map(|fact| fact.region.clone()) {
        Some(Some(region)) => Value::Str(region),
        Some(None) => Value::unknown(Reason::NotCollected, format!("the Region of the bucket `{name}` was not collected")),
        None => Value::unknown(Reason::NotLoaded, format!("the bucket `{name}` was not loaded, so its Region is not known")),
    }
}
