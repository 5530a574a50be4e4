//! The places that have a key, and how each kind names it.
//!
//! In: the world and a place. Out: the key that its configuration names, or who encrypts where it names none, as the API's shapes and
//! the services' guides have it. Never: a place without a key taken for one of AWS's where the answer that would name it was not loaded.

use std::sync::Arc;

use super::{Custody, Told, node, node_of, stores};
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::World;

/// The kinds of place, each given to `$make`: the one list of them.
macro_rules! each_place {
    ($make:path) => {
        [
            $make("log-group"),
            $make("s3-bucket"),
            $make("guardrail"),
            $make("agent"),
            $make("flow"),
            $make("prompt"),
            $make("data-source"),
            $make("knowledge-base"),
            $make("custom-model"),
            $make("imported-model"),
            $make("evaluation-job"),
            $make("model-invocation-job"),
            $make("agentcore-gateway"),
            $make("agentcore-memory"),
            $make("agentcore-policy-engine"),
            $make("agentcore-token-vault"),
            $make("secret"),
            $make("trail"),
            $make("sns-topic"),
            $make("opensearch-collection"),
            $make("db-cluster"),
            $make("vector-bucket"),
        ]
    };
}
pub(super) use each_place;

const fn itself(kind: &'static str) -> &'static str {
    kind
}

/// The kinds of place.
pub(super) const KINDS: [&str; 22] = each_place!(itself);

/// How a kind tells its key.
enum Way {
    /// At this path; the rest is who encrypts where nothing stands there, and the reason.
    Field(&'static [&'static str], &'static str, &'static str),
    /// In its own way.
    Own(fn(&World, FactId) -> Result<Told, Arc<Why>>),
}

const BEDROCK: &str = "no key is set, so Bedrock encrypts it with a key that AWS owns";
const AGENTCORE: &str = "no key is set, so AgentCore encrypts it with a key that AWS owns";
const LOGS: &str = "no key is set, so CloudWatch Logs encrypts with a key that AWS owns";
const INGESTED: &str = "no key is set, so Bedrock encrypts what it ingests with a key that AWS owns";
const SECRET: &str = "no key is set, so Secrets Manager encrypts it with the AWS-managed key `aws/secretsmanager`";
const TOPIC: &str = "no key is set, so SNS keeps messages without server-side encryption";
const TRAIL: &str = "no key is set, so S3 encrypts its files with keys that AWS owns (SSE-S3)";

/// Source: the API's shapes, and what the services' guides say of an absent key.
fn way(kind: &str) -> Option<Way> {
    const MANAGED: &[&str] =
        &["knowledgeBaseConfiguration", "managedKnowledgeBaseConfiguration", "serverSideEncryptionConfiguration", "kmsKeyArn"];
    let owned = |path, reason| Some(Way::Field(path, "aws-owned", reason));
    match kind {
        "log-group" => owned(&["kmsKeyId"], LOGS),
        "guardrail" => owned(&["kmsKeyArn"], BEDROCK),
        "agent" | "flow" | "prompt" => owned(&["customerEncryptionKeyArn"], BEDROCK),
        "data-source" => owned(&["serverSideEncryptionConfiguration", "kmsKeyArn"], INGESTED),
        "knowledge-base" => owned(MANAGED, BEDROCK),
        "custom-model" | "imported-model" => owned(&["modelKmsKeyArn"], BEDROCK),
        "evaluation-job" => owned(&["customerEncryptionKeyId"], BEDROCK),
        "agentcore-gateway" => owned(&["kmsKeyArn"], AGENTCORE),
        "agentcore-memory" | "agentcore-policy-engine" => owned(&["encryptionKeyArn"], AGENTCORE),
        "agentcore-token-vault" => owned(&["kmsConfiguration", "kmsKeyArn"], AGENTCORE),
        "secret" => Some(Way::Field(&["KmsKeyId"], "aws-managed", SECRET)),
        "trail" => owned(&["KmsKeyId"], TRAIL),
        "sns-topic" => Some(Way::Field(&["attributes", "KmsMasterKeyId"], "none", TOPIC)),
        "s3-bucket" => Some(Way::Own(bucket)),
        "model-invocation-job" => Some(Way::Own(stores::batch_job)),
        "opensearch-collection" => Some(Way::Own(stores::collection)),
        "db-cluster" => Some(Way::Own(stores::cluster)),
        "vector-bucket" => Some(Way::Own(stores::vector_bucket)),
        _ => None,
    }
}

/// What a place says of its key.
///
/// # Errors
/// Why that is not known.
pub(super) fn told(world: &World, place: FactId) -> Result<Told, Arc<Why>> {
    match world.facts.get(place).and_then(|fact| way(fact.kind.name)) {
        Some(Way::Field(path, who, reason)) => by_field(world, place, path, who, reason),
        Some(Way::Own(own)) => own(world, place),
        None => Err(Why::new(Reason::Undecided, "no key of its own encrypts it")),
    }
}

/// The key named at `path`; where there is none, `who` encrypts, for `reason`.
pub(super) fn by_field(world: &World, place: FactId, path: &[&str], who: &'static str, reason: &str) -> Result<Told, Arc<Why>> {
    let named = world.facts.at(&Value::Fact(place), path)?;
    let named = named.filter(|value| world.facts.text(value).is_some_and(|text| !text.is_empty()));
    Ok(match named {
        Some(named) => Told::Key { from: place, named },
        None => Told::None(Custody::without(who, reason), node(world, place)),
    })
}

/// What a bucket does by default with what is put in it.
pub(super) fn bucket(world: &World, bucket: FactId) -> Result<Told, Arc<Why>> {
    let facts = &world.facts;
    let rules = facts.list_in(&Value::Fact(bucket), &["encryption", "ServerSideEncryptionConfiguration", "Rules"])?;
    // A rule may be there for its `BlockedEncryptionTypes` alone.
    let mut default = None;
    for rule in &rules {
        default = default.or(facts.at(rule, &["ApplyServerSideEncryptionByDefault"])?);
    }
    let at = |value: &Option<Value>| value.as_ref().and_then(node_of).map_or_else(|| node(world, bucket), |n| vec![n]);
    let Some(default) = default else {
        let reason = "no default encryption is set, so S3 encrypts with keys that AWS owns (SSE-S3)";
        return Ok(Told::None(Custody::without("aws-owned", reason), node(world, bucket)));
    };
    let algorithm = facts.at(&default, &["SSEAlgorithm"])?;
    let name = algorithm.as_ref().and_then(|a| facts.text(a)).unwrap_or_default().to_string();
    match &*name {
        "aws:kms" | "aws:kms:dsse" => {}
        "AES256" => {
            let reason = "the default is `AES256`: keys that AWS owns (SSE-S3)";
            return Ok(Told::None(Custody::without("aws-owned", reason), at(&algorithm)));
        }
        "" => return Err(Why::new(Reason::MissingField, "the bucket's default encryption does not name its algorithm")),
        other => {
            let text = format!("who holds the keys of the bucket's default encryption `{other}` is not known to alicerce");
            return Err(Why::new(Reason::Undecided, text));
        }
    }
    match facts.at(&default, &["KMSMasterKeyID"])? {
        Some(named) => Ok(Told::Key { from: bucket, named }),
        None => {
            let reason = format!("the default is `{name}` without a key: the AWS-managed key `alias/aws/s3`");
            let custody = Custody { key: "alias/aws/s3".into(), ..Custody::without("aws-managed", reason) };
            Ok(Told::None(custody, at(&algorithm)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_place_is_a_kind_that_tells_its_key() {
        for kind in KINDS {
            assert!(way(kind).is_some(), "{kind}");
            assert!(crate::facts::kinds::get(kind).is_some(), "{kind}");
        }
    }
}
