//! Which services resource control policies bind.
//!
//! In: an action's service prefix. Out: whether an RCP has any force over it.
//! Source: AWS Organizations user guide, "Resource control policies", *list of services that support RCPs*.
//! The list grows; a prefix that is in neither table is unknown.

use super::truth::Truth;

const BOUND: [&str; 11] =
    ["aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"];

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

/// Whether RCPs bind a service's actions.
pub(crate) fn bind(service: &str) -> Truth {
    let within = |table: &[&str]| table.iter().any(|known| known.eq_ignore_ascii_case(service));
    if within(&BOUND) {
        Truth::True
    } else if within(&FREE) {
        Truth::False
    } else {
        Truth::Unknown
    }
}
