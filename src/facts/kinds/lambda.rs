//! Lambda functions.

use super::super::kind::{Arn, Attached, Edge, Kind, Reference, Scope, Source, arn_parts};

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[
        Source::new("lambda", "list-functions", "Functions[]", "FunctionName").arn("FunctionArn"),
        Source::new("lambda", "get-function", "Configuration", "FunctionName").arn("FunctionArn"),
        Source::new("lambda", "get-function-configuration", "", "FunctionName").arn("FunctionArn"),
    ],
    always: &["FunctionName", "FunctionArn", "Role"],
    edges: &[
        Edge::one("role", "iam-role", "Role", "the role it runs as"),
        Edge::one("vpc", "vpc", "VpcConfig.VpcId", "the VPC it is attached to"),
        Edge::many("subnets", "subnet", "VpcConfig.SubnetIds[]", "the subnets it is attached to"),
        Edge::many("security_groups", "security-group", "VpcConfig.SecurityGroupIds[]", "its security groups"),
        Edge::one("log_group", "log-group", "LoggingConfig.LogGroup", "the log group it writes to"),
        Edge::one("kms_key", "kms-key", "KMSKeyArn", "the key that encrypts its environment"),
    ],
    attached: &[
        Attached::new("resource_policy", "lambda", "get-policy", "any")
            .json("Policy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy"),
        Attached::new("function_url", "lambda", "get-function-url-config", "shape:lambda.GetFunctionUrlConfigResponse")
            .absent(&["ResourceNotFoundException"])
            .doc("its function URL"),
    ],
    refer: refer_function,
    ..Kind::new("lambda-function", "Lambda function", Scope::Region, "lambda.FunctionConfiguration")
}];

/// `arn:…:function:NAME[:QUALIFIER]`, or a name.
fn refer_function(text: &str) -> Reference<'_> {
    match arn_parts(text) {
        None => Reference { account: None, region: None, key: text },
        Some(Arn { region, account, resource }) => {
            let name = resource.strip_prefix("function:").unwrap_or(resource);
            Reference { account, region, key: name.split(':').next().unwrap_or(name) }
        }
    }
}
