//! Which resource types of AWS Config give which answer: one row a type.
//!
//! In: nothing. Out: [`TYPES`]. Config writes a resource as its API does, in camelCase, or as CloudFormation does, in
//! PascalCase; both differ from the API's own answer in the case of keys, which the shapes tell, and in what stands here.

/// One resource type of AWS Config.
#[derive(Debug)]
pub(super) struct Mapping {
    /// `AWS::EC2::VPC`.
    pub(super) config_type: &'static str,
    /// The answer that its `configuration` stands for.
    pub(super) answer: Target,
    /// Fields taken from the item beside `configuration`: the API's name, and the item's (the first that is there).
    pub(super) extra: &'static [(&'static str, &'static [&'static str])],
    /// Answers that stand in `supplementaryConfiguration`.
    pub(super) supplements: &'static [Supplement],
}

/// An AWS CLI answer that is made from a part of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// Where the data goes in the answer: keys joined by `.`, `[]` after those that are lists.
    pub(super) wrap: &'static str,
    /// The API's shape of the data; empty for a plain value.
    pub(super) shape: &'static str,
    /// The call is about one resource; its key, or empty for the item's `resourceId`.
    pub(super) resource: Option<&'static str>,
    /// Keys that differ by more than case; an empty name leaves the key out.
    pub(super) rename: &'static [(&'static str, &'static str)],
}

/// A part of `supplementaryConfiguration`.
#[derive(Debug)]
pub(super) struct Supplement {
    pub(super) key: &'static str,
    /// A key inside it that holds the data; empty: the part itself.
    pub(super) inner: &'static str,
    /// Nothing is configured where this key inside it is `null`.
    pub(super) unless_null: &'static str,
    pub(super) answer: Target,
}

const fn list(service: &'static str, operation: &'static str, wrap: &'static str, shape: &'static str) -> Target {
    Target { service, operation, wrap, shape, resource: None, rename: &[] }
}

const fn about(service: &'static str, operation: &'static str, wrap: &'static str, shape: &'static str) -> Target {
    Target { resource: Some(""), ..list(service, operation, wrap, shape) }
}

const fn plain(config_type: &'static str, answer: Target) -> Mapping {
    Mapping { config_type, answer, extra: &[], supplements: &[] }
}

const fn part(key: &'static str, answer: Target) -> Supplement {
    Supplement { key, inner: "", unless_null: "", answer }
}

const DETAILS: &str = "get-account-authorization-details";

/// Every type that is read, by name.
pub(super) static TYPES: &[Mapping] = &[
    plain("AWS::Bedrock::Agent", about("bedrock-agent", "get-agent", "agent", "bedrock-agent.Agent")),
    plain(
        "AWS::Bedrock::Guardrail",
        Target {
            rename: &[
                ("ContentPolicyConfig", "contentPolicy"),
                ("FiltersConfig", "filters"),
                ("TopicPolicyConfig", "topicPolicy"),
                ("TopicsConfig", "topics"),
                ("WordPolicyConfig", "wordPolicy"),
                ("WordsConfig", "words"),
                ("ManagedWordListsConfig", "managedWordLists"),
                ("SensitiveInformationPolicyConfig", "sensitiveInformationPolicy"),
                ("PiiEntitiesConfig", "piiEntities"),
                ("RegexesConfig", "regexes"),
                ("ContextualGroundingPolicyConfig", "contextualGroundingPolicy"),
            ],
            ..about("bedrock", "get-guardrail", "", "bedrock.GetGuardrailResponse")
        },
    ),
    plain(
        "AWS::Bedrock::KnowledgeBase",
        about("bedrock-agent", "get-knowledge-base", "knowledgeBase", "bedrock-agent.KnowledgeBase"),
    ),
    plain(
        "AWS::BedrockAgentCore::Runtime",
        about("bedrock-agentcore-control", "get-agent-runtime", "", "bedrock-agentcore-control.GetAgentRuntimeResponse"),
    ),
    plain("AWS::CloudTrail::Trail", list("cloudtrail", "describe-trails", "trailList[]", "cloudtrail.Trail")),
    plain("AWS::EC2::Instance", list("ec2", "describe-instances", "Reservations[].Instances[]", "ec2.Instance")),
    plain("AWS::EC2::InternetGateway", list("ec2", "describe-internet-gateways", "InternetGateways[]", "ec2.InternetGateway")),
    plain("AWS::EC2::NatGateway", list("ec2", "describe-nat-gateways", "NatGateways[]", "ec2.NatGateway")),
    plain(
        "AWS::EC2::NetworkInterface",
        list("ec2", "describe-network-interfaces", "NetworkInterfaces[]", "ec2.NetworkInterface"),
    ),
    plain("AWS::EC2::RouteTable", list("ec2", "describe-route-tables", "RouteTables[]", "ec2.RouteTable")),
    plain(
        "AWS::EC2::SecurityGroup",
        Target {
            // Config repeats the ranges as bare strings under the API's old name.
            rename: &[("ipRanges", ""), ("ipv4Ranges", "IpRanges")],
            ..list("ec2", "describe-security-groups", "SecurityGroups[]", "ec2.SecurityGroup")
        },
    ),
    plain("AWS::EC2::Subnet", list("ec2", "describe-subnets", "Subnets[]", "ec2.Subnet")),
    plain("AWS::EC2::VPC", list("ec2", "describe-vpcs", "Vpcs[]", "ec2.Vpc")),
    plain("AWS::EC2::VPCEndpoint", list("ec2", "describe-vpc-endpoints", "VpcEndpoints[]", "ec2.VpcEndpoint")),
    plain(
        "AWS::ECS::Service",
        Target { rename: &[("Cluster", "clusterArn")], ..list("ecs", "describe-services", "services[]", "ecs.Service") },
    ),
    plain("AWS::ECS::TaskDefinition", about("ecs", "describe-task-definition", "taskDefinition", "ecs.TaskDefinition")),
    plain("AWS::IAM::Group", list("iam", DETAILS, "GroupDetailList[]", "iam.GroupDetail")),
    plain("AWS::IAM::Policy", list("iam", DETAILS, "Policies[]", "iam.ManagedPolicyDetail")),
    plain("AWS::IAM::Role", list("iam", DETAILS, "RoleDetailList[]", "iam.RoleDetail")),
    plain("AWS::IAM::User", list("iam", DETAILS, "UserDetailList[]", "iam.UserDetail")),
    Mapping {
        config_type: "AWS::KMS::Key",
        answer: about("kms", "describe-key", "KeyMetadata", "kms.KeyMetadata"),
        extra: &[],
        supplements: &[
            part("KeyRotationStatus", about("kms", "get-key-rotation-status", "KeyRotationEnabled", "")),
            part("Policy", about("kms", "get-key-policy", "Policy", "")),
        ],
    },
    plain("AWS::Lambda::Function", list("lambda", "list-functions", "Functions[]", "lambda.FunctionConfiguration")),
    Mapping {
        config_type: "AWS::S3::Bucket",
        answer: Target { rename: &[("owner", "")], ..list("s3api", "list-buckets", "Buckets[]", "s3.Bucket") },
        extra: &[("BucketRegion", &["awsRegion"])],
        supplements: &[
            Supplement {
                key: "BucketLoggingConfiguration",
                inner: "",
                unless_null: "destinationBucketName",
                answer: Target {
                    rename: &[("destinationBucketName", "TargetBucket"), ("logFilePrefix", "TargetPrefix")],
                    ..about("s3api", "get-bucket-logging", "LoggingEnabled", "s3.LoggingEnabled")
                },
            },
            Supplement {
                key: "BucketPolicy",
                inner: "policyText",
                unless_null: "policyText",
                answer: about("s3api", "get-bucket-policy", "Policy", ""),
            },
            part(
                "BucketVersioningConfiguration",
                Target {
                    rename: &[("isMfaDeleteEnabled", "MFADelete")],
                    ..about("s3api", "get-bucket-versioning", "", "s3.GetBucketVersioningOutput")
                },
            ),
            part(
                "PublicAccessBlockConfiguration",
                about("s3api", "get-public-access-block", "PublicAccessBlockConfiguration", "s3.PublicAccessBlockConfiguration"),
            ),
            part(
                "ServerSideEncryptionConfiguration",
                about(
                    "s3api",
                    "get-bucket-encryption",
                    "ServerSideEncryptionConfiguration",
                    "s3.ServerSideEncryptionConfiguration",
                ),
            ),
        ],
    },
    Mapping {
        config_type: "AWS::SecretsManager::Secret",
        answer: Target {
            rename: &[("Id", "")],
            ..about("secretsmanager", "describe-secret", "", "secretsmanager.DescribeSecretResponse")
        },
        extra: &[("ARN", &["ARN", "arn"])],
        supplements: &[],
    },
];

/// The row of a type.
pub(super) fn mapping(config_type: &str) -> Option<&'static Mapping> {
    TYPES.iter().find(|m| m.config_type == config_type)
}

/// Services whose answers stand under no Region.
pub(super) fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "s3api")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{kinds, shape};

    /// `collect --from-config` asks for what is read, and takes no more for held than its items say.
    #[test]
    fn the_types_that_are_asked_for_are_those_that_are_read() {
        use crate::collect::plan::config;
        let asked: Vec<_> =
            config::types().iter().filter(|r| r.name != config::RECORDER).map(|r| (r.name, r.calls.clone())).collect();
        let read: Vec<_> = TYPES
            .iter()
            .map(|m| {
                let parts = std::iter::once(&m.answer).chain(m.supplements.iter().map(|part| &part.answer));
                (m.config_type, parts.map(|target| (target.service, target.operation)).collect())
            })
            .collect();
        assert_eq!(asked, read);
    }

    #[test]
    fn every_row_leads_to_a_kind_and_a_shape_that_are_there() {
        assert!(TYPES.is_sorted_by_key(|m| m.config_type));
        for mapping in TYPES {
            let answer = mapping.answer;
            let source = kinds::all()
                .flat_map(|kind| kind.sources.iter().map(move |s| (kind, s)))
                .find(|(_, s)| (s.service, s.operation, s.path) == (answer.service, answer.operation, answer.wrap));
            assert!(source.is_some_and(|(kind, _)| kind.shape == answer.shape), "{}", mapping.config_type);
            for part in mapping.supplements {
                assert!(part.answer.shape.is_empty() || shape::lookup(part.answer.shape).is_some(), "{}", part.key);
            }
        }
    }
}
