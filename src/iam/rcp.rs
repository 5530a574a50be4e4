//! Which services resource control policies bind.
//!
//! In: an action. Out: whether an RCP has any force over it.
//! Source: AWS Organizations user guide, "Resource control policies", *List of AWS services that support RCPs* and
//! *Resources and entities not restricted by RCPs*, as of [`LISTED_ON`]. The list grows: a prefix that is neither in it nor
//! known to be outside is unknown.

use super::truth::Truth;

/// The day of the list.
pub const LISTED_ON: &str = "2026-09-26";

/// The prefixes whose actions RCPs bind.
const BOUND: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// Surely not bound.
const FREE: [&str; 8] = [
    "aws-external-anthropic",
    "aws-marketplace",
    "bedrock",
    "bedrock-agentcore",
    "bedrock-mantle",
    "bedrock-websearch",
    "iam",
    "organizations",
];

/// An action of a bound service that RCPs leave alone.
const EXEMPT: &str = "kms:RetireGrant";

/// The prefixes that RCPs bind, in lower case and sorted, as of [`LISTED_ON`].
pub fn bound_services() -> &'static [&'static str] {
    &BOUND
}

/// Whether RCPs bind an action (`service:Name`, in any case).
pub(crate) fn force(action: &str) -> Truth {
    let service = action.split_once(':').map_or("", |(service, _)| service);
    let within = |table: &[&str]| table.iter().any(|known| known.eq_ignore_ascii_case(service));
    if action.eq_ignore_ascii_case(EXEMPT) || within(&FREE) {
        Truth::False
    } else if within(&BOUND) {
        Truth::True
    } else {
        Truth::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_service_that_is_surely_free() {
        assert!(BOUND.is_sorted());
        assert!(FREE.iter().all(|free| !BOUND.contains(free)));
        assert_eq!(
            [force("S3:GetObject"), force("kms:retiregrant"), force("ec2:RunInstances")],
            [Truth::True, Truth::False, Truth::Unknown]
        );
    }
}
