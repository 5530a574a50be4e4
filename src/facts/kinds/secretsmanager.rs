//! Secrets of AWS Secrets Manager: what is told about them, never what they hold.
//!
//! In: the answers of `list-secrets`, `describe-secret` and `get-resource-policy`. Out: the kind `secret`. Never: a value; the call
//! that would give one is read by nobody.

use super::super::kind::{Attached, Edge, Kind, Scope, Source, refer_whole};

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[
        Source::new("secretsmanager", "describe-secret", "", "ARN").arn("ARN").name("Name"),
        Source::new("secretsmanager", "list-secrets", "SecretList[]", "ARN").arn("ARN").name("Name").summary(),
    ],
    always: &["Name"],
    edges: &[Edge::one(
        "kms_key",
        "kms-key",
        "KmsKeyId",
        "the key that it names; absent where AWS's own `aws/secretsmanager` encrypts it",
    )],
    attached: &[Attached::new("resource_policy", "secretsmanager", "get-resource-policy", "any")
        .json("ResourcePolicy")
        .doc("its resource policy; absent where it has none")],
    refer: refer_whole,
    ..Kind::new("secret", "secret", Scope::Global, "secretsmanager.DescribeSecretResponse")
}];
