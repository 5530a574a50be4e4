//! Amazon Bedrock AgentCore: runtimes and gateways.

use super::super::kind::{Attached, Edge, Kind, Scope, Source};

const SERVICE: &str = "bedrock-agentcore-control";

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new(SERVICE, "get-agent-runtime", "", "agentRuntimeId").arn("agentRuntimeArn").name("agentRuntimeName"),
            Source::new(SERVICE, "list-agent-runtimes", "agentRuntimes[]", "agentRuntimeId")
                .arn("agentRuntimeArn")
                .name("agentRuntimeName")
                .summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", "the role it runs as"),
            Edge::many("subnets", "subnet", "networkConfiguration.networkModeConfig.subnets[]", "the subnets it runs in"),
            Edge::many(
                "security_groups",
                "security-group",
                "networkConfiguration.networkModeConfig.securityGroups[]",
                "its security groups",
            ),
        ],
        attached: &[Attached::new("resource_policy", "bedrock-agentcore-control", "get-resource-policy", "any")
            .json("policy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy")],
        ..Kind::new("agentcore-runtime", "AgentCore runtime", Scope::Region, "bedrock-agentcore-control.GetAgentRuntimeResponse")
    },
    Kind {
        sources: &[
            Source::new(SERVICE, "get-gateway", "", "gatewayId").arn("gatewayArn").name("name"),
            Source::new(SERVICE, "list-gateways", "items[]", "gatewayId")
                .arn("arn:{partition}:bedrock-agentcore:{region}:{account}:gateway/{key}")
                .name("name")
                .summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", "the role it calls its targets with"),
            Edge::one("kms_key", "kms-key", "kmsKeyArn", "the key that encrypts it"),
        ],
        attached: &[Attached::new("resource_policy", "bedrock-agentcore-control", "get-resource-policy", "any")
            .json("policy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy")],
        ..Kind::new("agentcore-gateway", "AgentCore gateway", Scope::Region, "bedrock-agentcore-control.GetGatewayResponse")
    },
];
