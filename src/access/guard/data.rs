//! Which buckets, log groups, clusters, keys, secrets and topics hold, open or carry what Bedrock works with: logged
//! prompts, documents of knowledge bases.
//!
//! In: the world. Out: for each of these what it has to do with Bedrock's data, in a few words.
//! Never: a resource taken for none of it where the call that would tell was not collected.

use std::collections::HashMap;
use std::sync::Arc;

use super::perimeter;
use crate::doc::Node;
use crate::facts::{FactId, Reason, Value, Why, kinds};
use crate::world::{Derived, World};

const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "bedrock_data",
        ty: "string",
        doc: "What it holds or opens of what Bedrock works with: logged prompts, or documents and credentials of knowledge bases; of a topic, whether alarms on Bedrock's metrics notify it. Empty where it is none of it, unknown where a call that would tell was not answered.",
        compute: told,
    }
}

const fn closed(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "bedrock_data_behind",
        ty: "string",
        doc: "As `bedrock_data`, but unknown only where an outsider could read it: what no outsider can read is closed, whatever it holds.",
        compute: told_unless_closed,
    }
}

pub(in crate::access) const DERIVED: &[Derived] = &[
    of("s3-bucket"),
    of("kms-key"),
    of("secret"),
    of("log-group"),
    of("db-cluster"),
    of("sns-topic"),
    closed("s3-bucket"),
    closed("kms-key"),
    closed("secret"),
];

const LOGS: &str = "prompts and answers that Bedrock logs";
const DOCUMENTS: &str = "documents of a knowledge base";
const VECTORS: &str = "the vectors of a knowledge base";
const CREDENTIALS: &str = "credentials of a knowledge base";
const ALARMS: &str = "alarms on Bedrock";
const PERHAPS: &str = "what may be data of Bedrock";

/// What is known of all resources.
#[derive(Debug, Default)]
struct Data {
    known: HashMap<FactId, &'static str>,
    /// Keys that could not be told, by the account of the resource that they encrypt.
    doubts: HashMap<Arc<str>, Arc<Why>>,
}

impl Data {
    fn of(world: &World) -> Self {
        let mut data = Self::default();
        for (kind, edge, what) in [
            ("bedrock-logging", "bucket", LOGS),
            ("bedrock-logging", "large_data_bucket", LOGS),
            ("bedrock-logging", "log_group", LOGS),
            ("data-source", "bucket", DOCUMENTS),
            ("knowledge-base", "cluster", VECTORS),
        ] {
            for from in world.facts.of_kind(kind) {
                match world.facts.follow(*from, edge) {
                    Ok(found) => data.mark(found, what),
                    // What is in an account that is not loaded says nothing of those that are; what was refused has a key that may be any.
                    Err(why) if why.reason == Reason::NotLoaded => {}
                    Err(why) => data.doubt_keys(world, *from, why),
                }
            }
        }
        for source in world.facts.of_kind("data-source") {
            data.key_of(world, *source, DOCUMENTS);
        }
        data.secrets(world);
        data.topics(world);
        let holders: Vec<(FactId, &'static str)> = data.known.iter().map(|(id, what)| (*id, *what)).collect();
        for (holder, what) in holders {
            data.key_of(world, holder, what);
        }
        data
    }

    fn mark(&mut self, found: Vec<FactId>, what: &'static str) {
        for id in found {
            self.known.entry(id).or_insert(what);
        }
    }

    fn key_of(&mut self, world: &World, holder: FactId, what: &'static str) {
        match world.facts.follow(holder, "kms_key") {
            Ok(keys) => self.mark(keys, what),
            Err(why) => self.doubt_keys(world, holder, why),
        }
    }

    fn doubt_keys(&mut self, world: &World, holder: FactId, why: Arc<Why>) {
        let account = world.facts.get(holder).and_then(|f| f.account.clone()).unwrap_or_default();
        self.doubts.entry(account).or_insert(why);
    }

    /// Secrets that knowledge bases and data sources name, wherever in their configuration.
    fn secrets(&mut self, world: &World) {
        let mut named = Vec::new();
        for id in ["knowledge-base", "data-source"].iter().flat_map(|kind| world.facts.of_kind(kind)) {
            if let Some(node) = world.facts.get(*id).and_then(|f| world.facts.node(f.node)) {
                collect(node, 0, &mut named);
            }
        }
        let secrets = named.iter().filter_map(|arn| world.facts.by_id(arn));
        let found = secrets.filter(|id| world.facts.get(*id).is_some_and(|f| f.kind.name == "secret")).collect();
        self.mark(found, CREDENTIALS);
    }

    /// Topics that alarms on Bedrock's metrics notify.
    fn topics(&mut self, world: &World) {
        let alarms = world.facts.of_kind("cloudwatch-alarm").iter().filter_map(|id| world.facts.node(world.facts.get(*id)?.node));
        let mut named = Vec::new();
        for alarm in alarms.filter(|alarm| is_on_bedrock(*alarm)) {
            let lists = ["AlarmActions", "OKActions", "InsufficientDataActions"].iter().filter_map(|list| alarm.get(list));
            named.extend(lists.flat_map(Node::items).filter_map(|action| world.facts.by_id(action.as_str()?)));
        }
        named.retain(|id| world.facts.get(*id).is_some_and(|fact| fact.kind.name == "sns-topic"));
        self.mark(named, ALARMS);
    }
}

/// Whether an alarm is on a metric of Bedrock, or on one that is computed of such.
fn is_on_bedrock(alarm: Node<'_>) -> bool {
    let computed = alarm.get("Metrics").into_iter().flat_map(Node::items);
    let metrics = computed.filter_map(|query| query.get("MetricStat")?.get("Metric"));
    let mut named = std::iter::once(alarm).chain(metrics).filter_map(|metric| metric.get("Namespace")?.as_str());
    named.any(|namespace| namespace.starts_with("AWS/Bedrock"))
}

/// Deeper than any answer of AWS.
const DEEP: usize = 24;

fn collect(node: Node<'_>, depth: usize, out: &mut Vec<String>) {
    if depth > DEEP {
        return;
    }
    for (key, value) in node.entries() {
        match key.as_str() {
            Some("credentialsSecretArn") => out.extend(value.as_str().map(str::to_owned)),
            _ => collect(value, depth + 1, out),
        }
    }
    node.items().for_each(|item| collect(item, depth + 1, out));
}

/// Looks at all of it at once, which is little of what an account has.
pub(crate) fn survey(world: &World) {
    world.memo_kept(Data::of);
}

/// What a bucket, a KMS key or a secret holds or opens of Bedrock's data, as text; empty where it is none of it.
pub(crate) fn told(world: &World, id: FactId) -> Value {
    let data = world.memo_kept(Data::of);
    match data.known.get(&id) {
        Some(what) => Value::str(*what),
        None => doubt(world, &data, id).map_or_else(|| Value::str(""), Value::Unknown),
    }
}

fn told_unless_closed(world: &World, id: FactId) -> Value {
    match told(world, id) {
        Value::Unknown(_) if perimeter::closed(world, id) => Value::str(PERHAPS),
        told => told,
    }
}

/// Why it is not certain that a resource has nothing to do with Bedrock's data.
fn doubt(world: &World, data: &Data, id: FactId) -> Option<Arc<Why>> {
    let facts = &world.facts;
    let fact = facts.get(id)?;
    let users: &[&str] = match fact.kind.name {
        "secret" => &["knowledge-base", "data-source"],
        "log-group" => &["bedrock-logging"],
        "db-cluster" => &["knowledge-base"],
        "sns-topic" => &["cloudwatch-alarm"],
        _ => &["bedrock-logging", "data-source"],
    };
    let listed = users.iter().filter_map(|kind| kinds::get(kind)).find_map(|kind| facts.all_listed(fact, kind).err());
    if listed.is_some() {
        return listed;
    }
    for user in users.iter().flat_map(|kind| facts.of_kind(kind)).filter_map(|id| facts.get(*id)) {
        if user.summary && user.account == fact.account {
            return Some(facts.why_summary(user));
        }
    }
    let of_keys = fact.account.as_ref().filter(|_| fact.kind.name == "kms-key");
    of_keys.and_then(|account| data.doubts.get(account)).cloned()
}
