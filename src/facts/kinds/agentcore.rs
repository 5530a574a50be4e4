//! Amazon Bedrock AgentCore: runtimes, gateways, browsers, code interpreters, memories, policy engines, token vaults.

use super::super::kind::{Attached, Edge, Kind, Scope, Source};

const SERVICE: &str = "bedrock-agentcore-control";

/// Where a browser or a code interpreter runs, and as whom.
const TOOL: &[Edge] = &[
    Edge::one("role", "iam-role", "executionRoleArn", "the role it runs as"),
    Edge::many("subnets", "subnet", "networkConfiguration.vpcConfig.subnets[]", "the subnets it runs in"),
    Edge::many("security_groups", "security-group", "networkConfiguration.vpcConfig.securityGroups[]", "its security groups"),
];

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
    Kind {
        sources: &[
            Source::new(SERVICE, "get-browser", "", "browserId").arn("browserArn").name("name"),
            Source::new(SERVICE, "list-browsers", "browserSummaries[]", "browserId").arn("browserArn").name("name").summary(),
        ],
        edges: TOOL,
        ..Kind::new("agentcore-browser", "AgentCore browser", Scope::Region, "bedrock-agentcore-control.GetBrowserResponse")
    },
    Kind {
        sources: &[
            Source::new(SERVICE, "get-code-interpreter", "", "codeInterpreterId").arn("codeInterpreterArn").name("name"),
            Source::new(SERVICE, "list-code-interpreters", "codeInterpreterSummaries[]", "codeInterpreterId")
                .arn("codeInterpreterArn")
                .name("name")
                .summary(),
        ],
        edges: TOOL,
        ..Kind::new(
            "agentcore-code-interpreter",
            "AgentCore code interpreter",
            Scope::Region,
            "bedrock-agentcore-control.GetCodeInterpreterResponse",
        )
    },
    Kind {
        sources: &[
            Source::new(SERVICE, "get-memory", "memory", "id").arn("arn").name("id"),
            Source::new(SERVICE, "list-memories", "memories[]", "id").arn("arn").name("id").summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "memoryExecutionRoleArn", "the role it calls models with"),
            Edge::one("kms_key", "kms-key", "encryptionKeyArn", KEY),
        ],
        ..Kind::new("agentcore-memory", "AgentCore memory", Scope::Region, "bedrock-agentcore-control.Memory")
    },
    Kind {
        sources: &[Source::new(SERVICE, "list-policy-engines", "policyEngines[]", "policyEngineId")
            .arn("policyEngineArn")
            .name("name")],
        edges: &[Edge::one("kms_key", "kms-key", "encryptionKeyArn", KEY)],
        ..Kind::new("agentcore-policy-engine", "AgentCore policy engine", Scope::Region, "bedrock-agentcore-control.PolicyEngine")
    },
    Kind {
        sources: &[Source::new(SERVICE, "get-token-vault", "", "@one")
            .arn("arn:{partition}:bedrock-agentcore:{region}:{account}:token-vault/default")
            .name("tokenVaultId")],
        edges: &[Edge::one("kms_key", "kms-key", "kmsConfiguration.kmsKeyArn", KEY)],
        ..Kind::new(
            "agentcore-token-vault",
            "AgentCore token vault",
            Scope::Region,
            "bedrock-agentcore-control.GetTokenVaultResponse",
        )
    },
];

const KEY: &str = "the key that encrypts it";
