//! S3 buckets.

use super::super::kind::{Attached, Back, Edge, Kind, Reference, Scope, Source, arn_parts, first};
use super::super::{FactId, Facts, Lookup};

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[Source::new("s3api", "list-buckets", "Buckets[]", "Name").arn("arn:{partition}:s3:::{key}")],
    edges: &[Edge::computed(
        "kms_key",
        "kms-key",
        kms_key,
        "the key that its default encryption names; absent where it names none",
    )],
    back: &[
        Back::new("bedrock_logging", "bedrock-logging", "bucket", "the Bedrock invocation logging that writes prompts to it"),
        Back::new(
            "bedrock_large_data",
            "bedrock-logging",
            "large_data_bucket",
            "the Bedrock invocation logging that writes large prompts to it",
        ),
        Back::new("data_sources", "data-source", "bucket", "the knowledge bases' data sources that read it"),
        Back::new("trails", "trail", "bucket", "the CloudTrail trails that write to it"),
    ],
    attached: &[
        Attached::new("location", "s3api", "get-bucket-location", "shape:s3.GetBucketLocationOutput")
            .doc("its Region as S3 gives it"),
        Attached::new("encryption", "s3api", "get-bucket-encryption", "shape:s3.GetBucketEncryptionOutput")
            .absent(&["ServerSideEncryptionConfigurationNotFoundError"])
            .doc("its default encryption"),
        Attached::new("policy", "s3api", "get-bucket-policy", "any")
            .json("Policy")
            .absent(&["NoSuchBucketPolicy"])
            .doc("its bucket policy"),
        Attached::new("policy_status", "s3api", "get-bucket-policy-status", "shape:s3.GetBucketPolicyStatusOutput")
            .absent(&["NoSuchBucketPolicy"])
            .doc("whether S3 holds its policy to be public"),
        Attached::new("versioning", "s3api", "get-bucket-versioning", "shape:s3.GetBucketVersioningOutput").doc("its versioning"),
        Attached::new("replication", "s3api", "get-bucket-replication", "shape:s3.GetBucketReplicationOutput")
            .absent(&["ReplicationConfigurationNotFoundError"])
            .doc("its replication"),
        Attached::new("public_access_block", "s3api", "get-public-access-block", "shape:s3.GetPublicAccessBlockOutput")
            .absent(&["NoSuchPublicAccessBlockConfiguration"])
            .doc("its block of public access"),
        Attached::new("access_logging", "s3api", "get-bucket-logging", "shape:s3.GetBucketLoggingOutput")
            .doc("its access logging"),
        Attached::new(
            "lifecycle",
            "s3api",
            "get-bucket-lifecycle-configuration",
            "shape:s3.GetBucketLifecycleConfigurationOutput",
        )
        .absent(&["NoSuchLifecycleConfiguration"])
        .doc("its lifecycle rules"),
        Attached::new("object_lock", "s3api", "get-object-lock-configuration", "shape:s3.GetObjectLockConfigurationOutput")
            .absent(&["ObjectLockConfigurationNotFoundError"])
            .doc("its object lock"),
        Attached::new("acl", "s3api", "get-bucket-acl", "shape:s3.GetBucketAclOutput").doc("its access control list"),
        Attached::new("ownership", "s3api", "get-bucket-ownership-controls", "shape:s3.OwnershipControls")
            .path("OwnershipControls")
            .absent(&["OwnershipControlsNotFoundError"])
            .doc("who owns what is written to it; `BucketOwnerEnforced` puts its access control list out of force"),
        Attached::new("tags", "s3api", "get-bucket-tagging", "list<shape:s3.Tag>")
            .path("TagSet")
            .absent(&["NoSuchTagSet"])
            .doc("its tags"),
    ],
    refer: refer_bucket,
    ..Kind::new("s3-bucket", "S3 bucket", Scope::Global, "s3.Bucket")
}];

/// `arn:aws:s3:::NAME[/KEY]`, `s3://NAME[/KEY]` or a name.
fn refer_bucket(text: &str) -> Reference<'_> {
    let rest = arn_parts(text).map_or(text, |arn| arn.resource);
    let rest = rest.strip_prefix("s3://").unwrap_or(rest);
    Reference { account: None, region: None, key: rest.split('/').next().unwrap_or(rest) }
}

fn kms_key(facts: &Facts, id: FactId) -> Lookup {
    let (Some(fact), Some(kind)) = (facts.get(id), super::get("kms-key")) else { return Ok(None) };
    let Some(attached) = fact.kind.attached.iter().find(|a| a.name == "encryption") else { return Ok(None) };
    let Some(super::super::Value::Node(answer)) = facts.attached(fact, attached)? else { return Ok(None) };
    let path = "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID";
    match facts.node(answer).and_then(|node| first(node, path)).and_then(|n| n.as_str()) {
        Some(key) => facts.reach(id, kind, key),
        None => Ok(None),
    }
}

/// The Region of a bucket: `BucketRegion`, else the answer of `get-bucket-location`, in which no
/// constraint means us-east-1 and `EU` means eu-west-1.
pub(in super::super) fn region_of(facts: &Facts, id: FactId) -> Option<String> {
    let fact = facts.get(id)?;
    if let Some(region) = first(facts.node(fact.node)?, "BucketRegion").and_then(|n| n.as_str()) {
        return Some(region.to_owned());
    }
    let attached = fact.kind.attached.iter().find(|a| a.name == "location")?;
    let Ok(Some(super::super::Value::Node(answer))) = facts.attached(fact, attached) else { return None };
    let region = match first(facts.node(answer)?, "LocationConstraint").and_then(|n| n.as_str()) {
        None | Some("") => "us-east-1",
        Some("EU") => "eu-west-1",
        Some(region) => region,
    };
    Some(region.to_owned())
}
