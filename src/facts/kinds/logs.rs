//! CloudWatch Logs.

use super::super::kind::{Arn, Back, Edge, Kind, Reference, Scope, Source, arn_parts};

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[Source::new("logs", "describe-log-groups", "logGroups[]", "logGroupName")
        .owner("arn")
        .arn("arn:{partition}:logs:{region}:{account}:log-group:{key}")],
    edges: &[Edge::one("kms_key", "kms-key", "kmsKeyId", "the customer-managed key that encrypts it")],
    back: &[Back::new(
        "bedrock_logging",
        "bedrock-logging",
        "log_group",
        "the Bedrock invocation logging that writes prompts to it, in a list",
    )],
    refer: refer_group,
    ..Kind::new("log-group", "log group", Scope::Region, "logs.LogGroup")
}];

/// `arn:…:log-group:NAME[:*]`, or a name.
fn refer_group(text: &str) -> Reference<'_> {
    match arn_parts(text) {
        None => Reference { account: None, region: None, key: text },
        Some(Arn { region, account, resource }) => {
            let name = resource.strip_prefix("log-group:").unwrap_or(resource);
            Reference { account, region, key: name.split(':').next().unwrap_or(name) }
        }
    }
}
