//! Which AWS CLI call a single answer is from, by the keys it has.
//!
//! `OPERATIONS` is the one table: a line holds an operation and the keys that tell it from all others.
//! An answer that fits several lines (an empty list that two calls share) is not recognised.

use crate::doc::{Kind, Node};

/// `(service, operation, keys)`: every key must be there, comma-separated. `X[]` is a list, `X[].y` a list whose
/// first element is an object with `y`, `X.y` an object with `y`, `X[]"` a list of strings, `!X` no `X`.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("accessanalyzer", "list-analyzers", "analyzers[].arn"),
    ("bedrock", "get-custom-model", "modelArn,baseModelArn"),
    ("bedrock", "get-guardrail", "guardrailId,guardrailArn"),
    ("bedrock", "get-inference-profile", "inferenceProfileArn,inferenceProfileId"),
    ("bedrock", "get-model-invocation-logging-configuration", "loggingConfig"),
    ("bedrock", "list-custom-models", "modelSummaries[].baseModelArn"),
    ("bedrock", "list-foundation-models", "modelSummaries[].providerName"),
    ("bedrock", "list-guardrails", "guardrails[]"),
    ("bedrock", "list-inference-profiles", "inferenceProfileSummaries[]"),
    ("bedrock", "list-model-invocation-jobs", "invocationJobSummaries[]"),
    ("bedrock", "list-provisioned-model-throughputs", "provisionedModelSummaries[]"),
    ("bedrock-agent", "get-agent", "agent.agentId"),
    ("bedrock-agent", "get-agent-action-group", "agentActionGroup"),
    ("bedrock-agent", "get-data-source", "dataSource.dataSourceId"),
    ("bedrock-agent", "get-knowledge-base", "knowledgeBase.knowledgeBaseId"),
    ("bedrock-agent", "list-agent-action-groups", "actionGroupSummaries[]"),
    ("bedrock-agent", "list-agents", "agentSummaries[]"),
    ("bedrock-agent", "list-data-sources", "dataSourceSummaries[]"),
    ("bedrock-agent", "list-flows", "flowSummaries[]"),
    ("bedrock-agent", "list-knowledge-bases", "knowledgeBaseSummaries[]"),
    ("bedrock-agent", "list-prompts", "promptSummaries[]"),
    ("bedrock-agentcore-control", "get-agent-runtime", "agentRuntimeArn,agentRuntimeId"),
    ("bedrock-agentcore-control", "list-agent-runtimes", "agentRuntimes[]"),
    ("budgets", "describe-budgets", "Budgets[].BudgetName"),
    ("cloudtrail", "describe-trails", "trailList[]"),
    ("cloudtrail", "get-event-selectors", "TrailARN,AdvancedEventSelectors[]"),
    ("cloudtrail", "get-event-selectors", "TrailARN,EventSelectors[]"),
    ("cloudtrail", "get-trail", "Trail.TrailARN"),
    ("cloudtrail", "get-trail-status", "IsLogging"),
    ("cloudtrail", "list-trails", "Trails[].TrailARN"),
    ("cloudwatch", "describe-alarms", "MetricAlarms[]"),
    ("codebuild", "batch-get-projects", "projects[].serviceRole"),
    ("configservice", "batch-get-aggregate-resource-config", "BaseConfigurationItems[]"),
    ("configservice", "batch-get-resource-config", "baseConfigurationItems[]"),
    ("configservice", "describe-configuration-recorders", "ConfigurationRecorders[]"),
    ("configservice", "get-resource-config-history", "configurationItems[]"),
    ("configservice", "select-resource-config", "QueryInfo,Results[]"),
    ("configservice", "select-resource-config", "Results[]\""),
    ("ec2", "describe-flow-logs", "FlowLogs[]"),
    ("ec2", "describe-instance-attribute", "InstanceId,UserData"),
    ("ec2", "describe-instances", "Reservations[]"),
    ("ec2", "describe-internet-gateways", "InternetGateways[]"),
    ("ec2", "describe-launch-template-versions", "LaunchTemplateVersions[]"),
    ("ec2", "describe-launch-templates", "LaunchTemplates[]"),
    ("ec2", "describe-managed-prefix-lists", "PrefixLists[].PrefixListArn"),
    ("ec2", "describe-nat-gateways", "NatGateways[]"),
    ("ec2", "describe-network-acls", "NetworkAcls[]"),
    ("ec2", "describe-network-interfaces", "NetworkInterfaces[]"),
    ("ec2", "describe-prefix-lists", "PrefixLists[].Cidrs"),
    ("ec2", "describe-regions", "Regions[].Endpoint"),
    ("ec2", "describe-route-tables", "RouteTables[]"),
    ("ec2", "describe-security-group-rules", "SecurityGroupRules[]"),
    ("ec2", "describe-security-groups", "SecurityGroups[].GroupId"),
    ("ec2", "describe-subnets", "Subnets[].SubnetId"),
    ("ec2", "describe-transit-gateways", "TransitGateways[]"),
    ("ec2", "describe-vpc-attribute", "VpcId,EnableDnsHostnames"),
    ("ec2", "describe-vpc-attribute", "VpcId,EnableDnsSupport"),
    ("ec2", "describe-vpc-endpoints", "VpcEndpoints[]"),
    ("ec2", "describe-vpc-peering-connections", "VpcPeeringConnections[]"),
    ("ec2", "describe-vpcs", "Vpcs[]"),
    ("ecs", "describe-clusters", "clusters[].clusterArn"),
    ("ecs", "describe-services", "services[].serviceArn"),
    ("ecs", "describe-task-definition", "taskDefinition.taskDefinitionArn"),
    ("ecs", "describe-tasks", "tasks[].taskArn"),
    ("ecs", "list-clusters", "clusterArns[]"),
    ("ecs", "list-services", "serviceArns[]"),
    ("ecs", "list-task-definitions", "taskDefinitionArns[]"),
    ("eks", "describe-cluster", "cluster.certificateAuthority"),
    ("eks", "list-clusters", "clusters[]\""),
    ("iam", "get-account-authorization-details", "GroupDetailList[]"),
    ("iam", "get-account-authorization-details", "RoleDetailList[]"),
    ("iam", "get-account-authorization-details", "UserDetailList[]"),
    ("iam", "get-account-password-policy", "PasswordPolicy"),
    ("iam", "get-account-summary", "SummaryMap"),
    ("iam", "get-credential-report", "ReportFormat,Content"),
    ("iam", "get-role", "Role.AssumeRolePolicyDocument"),
    ("iam", "get-service-last-accessed-details", "ServicesLastAccessed[]"),
    ("iam", "get-user", "User.UserId"),
    ("iam", "list-access-keys", "AccessKeyMetadata[]"),
    ("iam", "list-open-id-connect-providers", "OpenIDConnectProviderList[]"),
    ("iam", "list-policies", "Policies[].AttachmentCount,!GroupDetailList,!RoleDetailList,!UserDetailList"),
    ("iam", "list-roles", "Roles[].RoleId"),
    ("iam", "list-saml-providers", "SAMLProviderList[]"),
    ("iam", "list-service-specific-credentials", "ServiceSpecificCredentials[]"),
    ("iam", "list-users", "Users[].UserId"),
    ("iam", "list-virtual-mfa-devices", "VirtualMFADevices[]"),
    ("kms", "describe-key", "KeyMetadata"),
    ("kms", "get-key-rotation-status", "KeyRotationEnabled"),
    ("kms", "list-aliases", "Aliases[].AliasArn,Aliases[].AliasName"),
    ("kms", "list-keys", "Keys[].KeyArn"),
    ("lambda", "get-function", "Configuration.FunctionArn"),
    ("lambda", "get-function-configuration", "FunctionName,FunctionArn"),
    ("lambda", "list-functions", "Functions[].FunctionArn"),
    ("logs", "describe-log-groups", "logGroups[]"),
    ("logs", "describe-metric-filters", "metricFilters[]"),
    ("logs", "describe-resource-policies", "resourcePolicies[]"),
    ("logs", "describe-subscription-filters", "subscriptionFilters[]"),
    ("opensearchserverless", "batch-get-collection", "collectionDetails[]"),
    ("opensearchserverless", "get-access-policy", "accessPolicyDetail"),
    ("opensearchserverless", "get-security-policy", "securityPolicyDetail"),
    ("opensearchserverless", "list-access-policies", "accessPolicySummaries[]"),
    ("opensearchserverless", "list-collections", "collectionSummaries[]"),
    ("opensearchserverless", "list-security-policies", "securityPolicySummaries[]"),
    ("organizations", "describe-effective-policy", "EffectivePolicy"),
    ("organizations", "describe-organization", "Organization.MasterAccountId"),
    ("organizations", "list-accounts", "Accounts[].JoinedTimestamp"),
    ("organizations", "list-organizational-units-for-parent", "OrganizationalUnits[]"),
    ("organizations", "list-policies", "Policies[].AwsManaged"),
    ("organizations", "list-roots", "Roots[].PolicyTypes"),
    ("organizations", "list-targets-for-policy", "Targets[].TargetId"),
    ("route53", "get-hosted-zone", "HostedZone"),
    ("route53", "list-hosted-zones", "HostedZones[]"),
    ("route53", "list-hosted-zones-by-vpc", "HostedZoneSummaries[]"),
    ("route53", "list-resource-record-sets", "ResourceRecordSets[]"),
    ("route53resolver", "list-resolver-endpoints", "ResolverEndpoints[]"),
    ("route53resolver", "list-resolver-rule-associations", "ResolverRuleAssociations[]"),
    ("route53resolver", "list-resolver-rules", "ResolverRules[]"),
    ("s3api", "get-bucket-encryption", "ServerSideEncryptionConfiguration"),
    ("s3api", "get-bucket-logging", "LoggingEnabled"),
    ("s3api", "get-public-access-block", "PublicAccessBlockConfiguration"),
    ("s3api", "list-buckets", "Buckets[].CreationDate"),
    ("secretsmanager", "describe-secret", "ARN,Name,VersionIdsToStages"),
    ("secretsmanager", "list-secrets", "SecretList[]"),
    ("sns", "list-topics", "Topics[].TopicArn"),
    ("sts", "get-caller-identity", "UserId,Account,Arn"),
];

/// The call whose answer `root` is.
pub(super) fn recognise(root: Node<'_>) -> Option<(&'static str, &'static str)> {
    let mut found: Option<(&str, &str)> = None;
    for (service, operation, keys) in OPERATIONS {
        if keys.split(',').all(|key| has(root, key)) {
            match found {
                Some(other) if other != (*service, *operation) => return None,
                _ => found = Some((service, operation)),
            }
        }
    }
    found
}

fn has(root: Node<'_>, key: &str) -> bool {
    if let Some(name) = key.strip_prefix('!') {
        return root.get(name).is_none();
    }
    if let Some(name) = key.strip_suffix("[]\"") {
        return list(root, name).is_some_and(|l| l.items().next().is_some_and(|i| i.kind() == Kind::String));
    }
    if let Some(name) = key.strip_suffix("[]") {
        return list(root, name).is_some();
    }
    if let Some((name, inner)) = key.split_once("[].") {
        return list(root, name).is_some_and(|l| l.items().next().is_some_and(|i| i.get(inner).is_some()));
    }
    if let Some((name, inner)) = key.split_once('.') {
        return root.path(&[name, inner]).is_some();
    }
    root.get(key).is_some()
}

fn list<'d>(root: Node<'d>, name: &str) -> Option<Node<'d>> {
    root.get(name).filter(|n| n.kind() == Kind::Array)
}

/// A service's one-page answers say so; gives what to tell the user.
pub(super) fn first_page_only(root: Node<'_>) -> Option<String> {
    let token = ["NextToken", "nextToken", "NextMarker", "nextMarker"]
        .into_iter()
        .find(|key| root.get(key).and_then(Node::as_str).is_some_and(|t| !t.is_empty()));
    let truncated = ["IsTruncated", "Truncated"].into_iter().find(|key| root.get(key).and_then(Node::as_bool) == Some(true));
    let key = token.or(truncated)?;
    Some(format!(
        "the answer is only one page of several (`{key}` is set); export all pages, without `--no-paginate` or `--max-items`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Document;

    #[test]
    fn the_table_is_sorted_and_each_answer_has_one_call() {
        assert!(OPERATIONS.is_sorted());
        for (text, expect) in [
            (r#"{"VpcEndpoints": []}"#, Some(("ec2", "describe-vpc-endpoints"))),
            (
                r#"{"UserDetailList": [], "RoleDetailList": [], "Policies": []}"#,
                Some(("iam", "get-account-authorization-details")),
            ),
            (
                r#"{"RoleDetailList": [], "Policies": [{"PolicyName": "p", "AttachmentCount": 1}]}"#,
                Some(("iam", "get-account-authorization-details")),
            ),
            (r#"{"Policies": []}"#, None),
            (r#"{"Policies": [{"AwsManaged": true}]}"#, Some(("organizations", "list-policies"))),
            (r#"{"clusters": ["a"]}"#, Some(("eks", "list-clusters"))),
            (r#"{"clusters": [{"clusterArn": "a"}]}"#, Some(("ecs", "describe-clusters"))),
            (r#"{"loggingConfig": {}}"#, Some(("bedrock", "get-model-invocation-logging-configuration"))),
            (r#"{"name": "x"}"#, None),
            ("[]", None),
        ] {
            let doc = Document::json("t", text).unwrap();
            assert_eq!(recognise(doc.root()), expect, "{text}");
        }
    }

    #[test]
    fn one_page_of_several_is_told() {
        let doc = Document::json("t", r#"{"Vpcs": [], "NextToken": "abc"}"#).unwrap();
        assert!(first_page_only(doc.root()).is_some_and(|m| m.contains("NextToken")));
        let doc = Document::json("t", r#"{"Vpcs": [], "IsTruncated": false, "NextToken": null}"#).unwrap();
        assert!(first_page_only(doc.root()).is_none());
    }
}
