//! Where invocation logging writes, and whether what it writes arrives there.
//!
//! In: the world and a Region's invocation logging. Out: its log group, bucket and bucket for large bodies; of each whether it exists,
//! whether Bedrock can write there (the role's trust and permissions, the bucket's policy, the key's), decided by the policies in force.
//! Not counted: CloudWatch Logs' resource policies, which let services in and which a Deny is rarely written in.
//! Never: a destination called writable whose policies were not all seen.

use std::sync::Arc;

use super::links::{Judged, Link};
use crate::access::edges::trust_holes;
use crate::access::service::{Able, Service};
use crate::facts::{Fact, FactId, NodeId, Reason, Value, Why, kinds};
use crate::world::{Derived, ObjectType, World};

/// The service principal that delivers.
const BEDROCK: &str = "bedrock.amazonaws.com";
/// The stream that Bedrock writes, in whichever log group.
const STREAM: &str = "aws/bedrock/modelinvocations";

/// One place that prompts go to.
pub(super) struct Destination {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Where the configuration names it.
    pub(super) at: Vec<NodeId>,
    /// The log group or bucket; why not, where it was not loaded.
    pub(super) found: Result<FactId, Arc<Why>>,
    pub(super) logging: FactId,
    /// What Bedrock puts before its own part of an object's key.
    prefix: String,
}

/// `(edge, path of the name, path of the prefix, kind)`.
const PLACES: [(&str, &[&str], &[&str], &str); 3] = [
    ("log_group", &["loggingConfig", "cloudWatchConfig", "logGroupName"], &[], "log-group"),
    ("bucket", &["loggingConfig", "s3Config", "bucketName"], &["loggingConfig", "s3Config", "keyPrefix"], "s3-bucket"),
    (
        "large_data_bucket",
        &["loggingConfig", "cloudWatchConfig", "largeDataDeliveryS3Config", "bucketName"],
        &["loggingConfig", "cloudWatchConfig", "largeDataDeliveryS3Config", "keyPrefix"],
        "s3-bucket",
    ),
];

/// The places that a configuration names.
///
/// # Errors
/// Why they are not known.
pub(super) fn of(world: &World, logging: FactId) -> Result<Vec<Destination>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for (edge, path, prefix, kind) in PLACES {
        let Some(value) = facts.at(&Value::Fact(logging), path)? else { continue };
        let name = facts.text(&value).unwrap_or_default().to_string();
        let at = if let Value::Node(node) = value { vec![node] } else { Vec::new() };
        let found = match facts.follow(logging, edge) {
            Ok(found) => found.first().copied().ok_or_else(|| Why::new(Reason::NotLoaded, format!("`{name}` was not loaded"))),
            Err(why) => Err(why),
        };
        let prefix = if prefix.is_empty() { None } else { facts.text_at(logging, prefix)? };
        let prefix = prefix.filter(|p| !p.is_empty()).map_or_else(String::new, |p| format!("{}/", p.trim_end_matches('/')));
        out.push(Destination { kind, name, at, found, logging, prefix });
    }
    Ok(out)
}

impl Destination {
    /// Its kind and name, for a message.
    pub(super) fn title(&self) -> String {
        let kind = if self.kind == "log-group" { "log group" } else { "bucket" };
        format!("{kind} `{}`", self.name)
    }

    /// What the keys of the objects begin with, for an account and Region: the prefix of the configuration, then Bedrock's own
    /// (Bedrock user guide, "Monitor model invocation using CloudWatch Logs and Amazon S3").
    pub(super) fn key_prefix(&self, world: &World) -> String {
        let place = world.facts.get(self.logging);
        let account = place.and_then(|fact| fact.account.as_deref()).unwrap_or("*");
        let region = place.and_then(|fact| fact.region.as_deref()).unwrap_or("*");
        format!("{}AWSLogs/{account}/BedrockModelInvocationLogs/{region}/", self.prefix)
    }

    /// Whether it exists.
    pub(super) fn exists(&self, world: &World) -> Judged {
        let why = match &self.found {
            Ok(_) => return Ok(Link::of("ok", format!("{} exists", self.title()), self.at.clone())),
            Err(why) => why,
        };
        if is_gone(world, self.logging, self.kind, why) {
            // Bedrock writes only to buckets of its own account and Region.
            let where_to = if self.kind == "s3-bucket" { " in this account" } else { "" };
            return Ok(Link::of("broken", format!("{} does not exist{where_to}", self.title()), self.at.clone()));
        }
        Err(why.clone())
    }

    /// Whether Bedrock can write there.
    pub(super) fn writable(&self, world: &World) -> Judged {
        let place = self.found.clone()?;
        let facts = &world.facts;
        let (Some(logging), Some(fact)) = (facts.get(self.logging), facts.get(place)) else {
            return Err(Why::new(Reason::NotLoaded, format!("{} was not loaded", self.title())));
        };
        let (Some(account), Some(region)) = (logging.account.as_deref(), logging.region.as_deref()) else {
            return Err(Why::new(Reason::Undecided, "the account and Region of the configuration are not known"));
        };
        let here = Here { world, destination: self, account, region, partition: partition(fact) };
        let found = if self.kind == "log-group" { here.group(place)? } else { here.bucket(place, fact)? };
        Ok(match found {
            None => Link::of("ok", format!("Bedrock can write to {}", self.title()), self.at.clone()),
            Some((reason, at)) => Link::of("broken", reason, if at.is_empty() { self.at.clone() } else { at }),
        })
    }
}

/// A way in for others.
pub(super) const HOLE: ObjectType = ObjectType {
    name: "delivery-hole",
    fields: &[
        ("place", "string", "the role or bucket, with its kind"),
        ("name", "string", "its name"),
        ("kind", "string", "`role` or `bucket`"),
        ("witness", "string", "a request that goes through"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "bedrock-logging",
    name: "delivery_holes",
    ty: "list<object:delivery-hole>",
    doc: "Where others than Bedrock on behalf of this account can write the record: the role whose trust policy lets more in, and each bucket whose policy lets `bedrock.amazonaws.com` put objects below the log's prefix on behalf of any account. Each request is decided, with its conditions.",
    compute: |world, logging| match holes(world, logging) {
        Ok(holes) => Value::list(holes),
        Err(why) => Value::Unknown(why),
    },
}];

fn holes(world: &World, logging: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let made = |kind: &'static str, name: &str, witness: &str, at: Vec<NodeId>| {
        let fields = vec![
            ("place", Value::str(format!("{kind} `{name}`"))),
            ("name", Value::str(name)),
            ("kind", Value::str(kind)),
            ("witness", Value::str(witness)),
        ];
        Value::object(fields, at)
    };
    let mut out = Vec::new();
    match facts.follow(logging, "role") {
        Err(why) => out.push(Value::Unknown(why)),
        Ok(roles) => {
            for role in roles {
                // One is enough.
                let Some(hole) = facts.items(&trust_holes(world, role))?.into_iter().next() else { continue };
                let name = facts.get(role).map_or("", |fact| &fact.name);
                out.push(match &hole {
                    Value::Object(object) => {
                        let witness = facts.text_in(&hole, &["witness"])?.unwrap_or_default();
                        made("role", name, &witness, object.at.clone())
                    }
                    _ => hole,
                });
            }
        }
    }
    let mut seen = Vec::new();
    for destination in of(world, logging)?.into_iter().filter(|destination| destination.kind == "s3-bucket") {
        let bucket = match &destination.found {
            Ok(bucket) if seen.contains(bucket) => continue,
            Ok(bucket) => *bucket,
            Err(why) => {
                out.push(Value::Unknown(why.clone()));
                continue;
            }
        };
        let (Some(fact), Some(place)) = (facts.get(bucket), facts.get(logging)) else { continue };
        let resource = format!("{}/{}example.json.gz", fact.id, destination.key_prefix(world));
        let asked = Service {
            source: Some("bedrock"),
            partition: partition(fact),
            account: place.account.as_deref().unwrap_or_default(),
            region: place.region.as_deref().unwrap_or_default(),
            action: "s3:PutObject",
            resource: &resource,
            keys: Vec::new(),
        };
        match asked.for_strangers(world, BEDROCK) {
            Ok(None) => {}
            Ok(Some(found)) => {
                seen.push(bucket);
                out.push(made("bucket", &fact.name, &found.witness, vec![found.at.unwrap_or(fact.node)]));
            }
            Err(why) => out.push(Value::Unknown(why)),
        }
    }
    Ok(out)
}

fn partition(fact: &Fact) -> &str {
    fact.id.split(':').nth(1).unwrap_or("aws")
}

/// Whether what was not loaded is surely not there: a kind that stands in the account itself, whose list was collected.
fn is_gone(world: &World, from: FactId, kind: &str, why: &Why) -> bool {
    let (Some(fact), Some(kind)) = (world.facts.get(from), kinds::get(kind)) else { return false };
    why.reason == Reason::NotLoaded && world.facts.listed(kind, fact.account.as_deref(), fact.region.as_deref()).is_ok()
}

/// A destination in its account and Region.
struct Here<'w> {
    world: &'w World,
    destination: &'w Destination,
    account: &'w str,
    region: &'w str,
    partition: &'w str,
}

/// Why Bedrock cannot write, with what shows it; nothing where it can.
type Hindrance = Option<(String, Vec<NodeId>)>;

impl Here<'_> {
    fn asked<'a>(&'a self, source: Option<&'a str>, action: &'a str, resource: &'a str) -> Service<'a> {
        let (partition, account, region) = (self.partition, self.account, self.region);
        Service { source, partition, account, region, action, resource, keys: Vec::new() }
    }

    fn group(&self, group: FactId) -> Result<Hindrance, Arc<Why>> {
        let facts = &self.world.facts;
        let logging = self.destination.logging;
        let path = ["loggingConfig", "cloudWatchConfig", "roleArn"];
        let Some(value) = facts.at(&Value::Fact(logging), &path)? else {
            return Err(Why::new(Reason::MissingField, "the configuration names no role for the log group"));
        };
        let arn = facts.text(&value).unwrap_or_default().to_string();
        let at = if let Value::Node(node) = value { vec![node] } else { Vec::new() };
        let role = match facts.follow(logging, "role") {
            Ok(found) => found.first().copied(),
            Err(why) if is_gone(self.world, logging, "iam-role", &why) => {
                return Ok(Some((format!("IAM role `{arn}` does not exist"), at)));
            }
            Err(why) => return Err(why),
        };
        let Some(role) = role else { return Err(Why::new(Reason::NotLoaded, format!("role `{arn}` was not loaded"))) };
        let name = facts.get(role).map_or(arn.clone(), |fact| fact.name.to_string());
        let trusted = self.asked(Some("bedrock"), "sts:AssumeRole", &arn).as_itself(self.world, BEDROCK)?;
        if let Able::No { reason, at } = trusted {
            let place = facts.get(role).map(|fact| fact.node);
            let reason = format!("role `{name}` does not let `{BEDROCK}` in on behalf of this account: {reason}");
            return Ok(Some((reason, at.into_iter().chain(place).collect())));
        }
        let stream = format!(
            "arn:{}:logs:{}:{}:log-group:{}:log-stream:{STREAM}",
            self.partition, self.region, self.account, self.destination.name
        );
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            if let Able::No { reason, at } = self.asked(None, action, &stream).as_role(self.world, role)? {
                let place = facts.get(role).map(|fact| fact.node);
                let reason = format!("role `{name}` cannot write to {}: {reason}", self.destination.title());
                return Ok(Some((reason, at.into_iter().chain(place).collect())));
            }
        }
        let Some(&key) = facts.follow(group, "kms_key")?.first() else { return Ok(None) };
        let context = format!("arn:{}:logs:{}:{}:log-group:{}", self.partition, self.region, self.account, self.destination.name);
        let keys = vec![("kms:EncryptionContext:aws:logs:arn", context)];
        self.key(key, None, &format!("logs.{}.amazonaws.com", self.region), keys)
    }

    fn bucket(&self, bucket: FactId, fact: &Fact) -> Result<Hindrance, Arc<Why>> {
        let facts = &self.world.facts;
        let hour = self.destination.key_prefix(self.world) + "2026/01/01/00/";
        for object in [format!("{hour}20260101T000000000Z_0000000000000000.json.gz"), format!("{hour}data/example_input.json.gz")]
        {
            let resource = format!("{}/{object}", fact.id);
            if let Able::No { reason, at } =
                self.asked(Some("bedrock"), "s3:PutObject", &resource).as_itself(self.world, BEDROCK)?
            {
                let reason = format!("the policies of {} do not let `{BEDROCK}` write: {reason}", self.destination.title());
                let policy = facts.at(&Value::Fact(bucket), &["policy", "Statement"])?;
                let place = if let Some(Value::Node(node)) = policy { node } else { fact.node };
                return Ok(Some((reason, at.into_iter().chain([place]).collect())));
            }
        }
        let rules = facts.list_in(&Value::Fact(bucket), &["encryption", "ServerSideEncryptionConfiguration", "Rules"])?;
        let Some(rule) = rules.first() else { return Ok(None) };
        let algorithm = facts.text_in(rule, &["ApplyServerSideEncryptionByDefault", "SSEAlgorithm"])?.unwrap_or_default();
        if !algorithm.starts_with("aws:kms") {
            return Ok(None);
        }
        let Some(&key) = facts.follow(bucket, "kms_key")?.first() else {
            let text = format!(
                "whether the AWS-managed key `alias/aws/s3`, with which {} encrypts, lets `{BEDROCK}` in is not known",
                self.destination.title()
            );
            return Err(Why::new(Reason::Undecided, text));
        };
        let keys = vec![("kms:ViaService", format!("s3.{}.amazonaws.com", self.region))];
        self.key(key, Some("bedrock"), BEDROCK, keys)
    }

    /// Whether the key's policy lets the service encrypt.
    fn key(&self, key: FactId, source: Option<&str>, service: &str, keys: Vec<(&str, String)>) -> Result<Hindrance, Arc<Why>> {
        let Some(fact) = self.world.facts.get(key) else { return Ok(None) };
        let asked = Service { keys, ..self.asked(source, "kms:GenerateDataKey", &fact.id) };
        Ok(match asked.as_itself(self.world, service)? {
            Able::Yes => None,
            Able::No { reason, at } => {
                let reason =
                    format!("key `{}` of {} does not let `{service}` encrypt: {reason}", fact.name, self.destination.title());
                Some((reason, at.into_iter().chain([fact.node]).collect()))
            }
        })
    }
}
