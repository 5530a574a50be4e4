//! Amazon Bedrock: models, inference profiles, guardrails, invocation logging, data retention.

use super::super::Value;
use super::super::kind::{Attached, Back, Edge, Kind, Scope, Source, refer_whole};
use super::account::{all_of, in_region};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        edges: &[
            Edge::computed("logging", "bedrock-logging", |f, id| single(f, id, "bedrock-logging"), "its invocation logging"),
            Edge::computed(
                "data_retention",
                "bedrock-data-retention",
                |f, id| single(f, id, "bedrock-data-retention"),
                "its account-wide data retention",
            ),
            all_of("guardrails", "guardrail", |f, id| in_region(f, id, "guardrail"), "its guardrails"),
            all_of(
                "inference_profiles",
                "inference-profile",
                |f, id| in_region(f, id, "inference-profile"),
                "its inference profiles",
            ),
            all_of("custom_models", "custom-model", |f, id| in_region(f, id, "custom-model"), "its custom models"),
            all_of(
                "provisioned_models",
                "provisioned-model",
                |f, id| in_region(f, id, "provisioned-model"),
                "its provisioned throughput",
            ),
            all_of("knowledge_bases", "knowledge-base", |f, id| in_region(f, id, "knowledge-base"), "its knowledge bases"),
            all_of("agents", "agent", |f, id| in_region(f, id, "agent"), "its agents"),
            all_of("runtimes", "agentcore-runtime", |f, id| in_region(f, id, "agentcore-runtime"), "its AgentCore runtimes"),
            all_of("gateways", "agentcore-gateway", |f, id| in_region(f, id, "agentcore-gateway"), "its AgentCore gateways"),
        ],
        ..Kind::new("bedrock-region", "Bedrock in an account and Region", Scope::Region, "")
    },
    Kind {
        sources: &[Source::new("bedrock", "get-model-invocation-logging-configuration", "", "@one")],
        edges: &[
            Edge::one(
                "log_group",
                "log-group",
                "loggingConfig.cloudWatchConfig.logGroupName",
                "the log group that prompts are written to",
            ),
            Edge::one(
                "role",
                "iam-role",
                "loggingConfig.cloudWatchConfig.roleArn",
                "the role that Bedrock writes the log group with",
            ),
            Edge::one("bucket", "s3-bucket", "loggingConfig.s3Config.bucketName", "the bucket that prompts are written to"),
            Edge::one(
                "large_data_bucket",
                "s3-bucket",
                "loggingConfig.cloudWatchConfig.largeDataDeliveryS3Config.bucketName",
                "the bucket for what is too large for CloudWatch Logs",
            ),
        ],
        ..Kind::new(
            "bedrock-logging",
            "Bedrock invocation logging",
            Scope::Region,
            "bedrock.GetModelInvocationLoggingConfigurationResponse",
        )
    },
    Kind {
        sources: &[Source::new("bedrock", "get-account-data-retention", "", "@one")],
        ..Kind::new("bedrock-data-retention", "Bedrock data retention", Scope::Region, "bedrock.GetAccountDataRetentionResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "get-guardrail", "", "guardrailId").arn("guardrailArn").name("name").drafts("version"),
            Source::new("bedrock", "list-guardrails", "guardrails[]", "id").arn("arn").name("name").drafts("version").summary(),
        ],
        edges: &[Edge::one("kms_key", "kms-key", "kmsKeyArn", "the key that encrypts it")],
        back: &[Back::new("agents", "agent", "guardrail", "the agents that use it")],
        attached: &[Attached::new("resource_policy", "bedrock", "get-resource-policy", "any")
            .json("resourcePolicy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy")],
        ..Kind::new("guardrail", "guardrail", Scope::Region, "bedrock.GetGuardrailResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "get-guardrail", "", "guardrailId,version").name("name").versions("version"),
            Source::new("bedrock", "list-guardrails", "guardrails[]", "id,version")
                .name("name")
                .versions("version")
                .summary()
                .below("guardrail"),
        ],
        ..Kind::new("guardrail-version", "version of a guardrail", Scope::Region, "bedrock.GetGuardrailResponse")
    },
    Kind {
        sources: &[Source::new("bedrock", "list-enforced-guardrails-configuration", "guardrailsConfig[]", "configId")],
        edges: &[Edge::one("guardrail", "guardrail", "guardrailArn", "the guardrail that is enforced")],
        ..Kind::new(
            "enforced-guardrail",
            "enforced guardrail",
            Scope::Region,
            "bedrock.AccountEnforcedGuardrailOutputConfiguration",
        )
    },
    Kind {
        sources: &[
            Source::new("bedrock", "list-inference-profiles", "inferenceProfileSummaries[]", "inferenceProfileId")
                .arn("inferenceProfileArn")
                .name("inferenceProfileName"),
            Source::new("bedrock", "get-inference-profile", "", "inferenceProfileId")
                .arn("inferenceProfileArn")
                .name("inferenceProfileName"),
        ],
        ..Kind::new("inference-profile", "inference profile", Scope::Region, "bedrock.GetInferenceProfileResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "list-foundation-models", "modelSummaries[]", "modelId").arn("modelArn"),
            Source::new("bedrock", "get-foundation-model", "modelDetails", "modelId").arn("modelArn"),
        ],
        ..Kind::new("foundation-model", "foundation model", Scope::Region, "bedrock.FoundationModelDetails")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "get-custom-model", "", "modelArn").arn("modelArn").name("modelName"),
            Source::new("bedrock", "list-custom-models", "modelSummaries[]", "modelArn")
                .arn("modelArn")
                .name("modelName")
                .summary(),
        ],
        edges: &[Edge::one("kms_key", "kms-key", "modelKmsKeyArn", "the key that encrypts it")],
        attached: &[Attached::new("resource_policy", "bedrock", "get-resource-policy", "any")
            .json("resourcePolicy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy")],
        refer: refer_whole,
        ..Kind::new("custom-model", "custom model", Scope::Global, "bedrock.GetCustomModelResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "list-provisioned-model-throughputs", "provisionedModelSummaries[]", "provisionedModelArn")
                .arn("provisionedModelArn")
                .name("provisionedModelName"),
            Source::new("bedrock", "get-provisioned-model-throughput", "", "provisionedModelArn")
                .arn("provisionedModelArn")
                .name("provisionedModelName"),
        ],
        refer: refer_whole,
        ..Kind::new(
            "provisioned-model",
            "provisioned model throughput",
            Scope::Global,
            "bedrock.GetProvisionedModelThroughputResponse",
        )
    },
    Kind {
        sources: &[
            Source::new("bedrock", "get-imported-model", "", "modelArn").arn("modelArn").name("modelName"),
            Source::new("bedrock", "list-imported-models", "modelSummaries[]", "modelArn")
                .arn("modelArn")
                .name("modelName")
                .summary(),
        ],
        edges: &[Edge::one("kms_key", "kms-key", "modelKmsKeyArn", KEY)],
        refer: refer_whole,
        ..Kind::new("imported-model", "imported model", Scope::Global, "bedrock.GetImportedModelResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "list-model-invocation-jobs", "invocationJobSummaries[]", "jobArn")
                .arn("jobArn")
                .name("jobName"),
            Source::new("bedrock", "get-model-invocation-job", "", "jobArn").arn("jobArn").name("jobName"),
        ],
        always: &["jobArn", "outputDataConfig"],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", "the role it runs as"),
            Edge::one(
                "kms_key",
                "kms-key",
                "outputDataConfig.s3OutputDataConfig.s3EncryptionKeyId",
                "the key it names for its output",
            ),
            Edge::one("output_bucket", "s3-bucket", "outputDataConfig.s3OutputDataConfig.s3Uri", "the bucket it writes to"),
            Edge::one("input_bucket", "s3-bucket", "inputDataConfig.s3InputDataConfig.s3Uri", "the bucket it reads"),
        ],
        refer: refer_whole,
        ..Kind::new("model-invocation-job", "batch inference job", Scope::Global, "bedrock.GetModelInvocationJobResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock", "get-evaluation-job", "", "jobArn").arn("jobArn").name("jobName"),
            Source::new("bedrock", "list-evaluation-jobs", "jobSummaries[]", "jobArn").arn("jobArn").name("jobName").summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", "the role it runs as"),
            Edge::one("kms_key", "kms-key", "customerEncryptionKeyId", KEY),
        ],
        refer: refer_whole,
        ..Kind::new("evaluation-job", "evaluation job", Scope::Global, "bedrock.GetEvaluationJobResponse")
    },
    Kind {
        sources: &[Source::new("bedrock", "list-prompt-routers", "promptRouterSummaries[]", "promptRouterArn")
            .arn("promptRouterArn")
            .name("promptRouterName")],
        refer: refer_whole,
        ..Kind::new("prompt-router", "prompt router", Scope::Global, "bedrock.PromptRouterSummary")
    },
];

const KEY: &str = "the key that encrypts it";

/// The one fact of a kind in the account and Region of a fact.
fn single(facts: &super::super::Facts, id: super::super::FactId, kind: &str) -> super::super::Lookup {
    let list = in_region(facts, id, kind)?;
    Ok(match list {
        Some(Value::List(items)) => items.first().cloned(),
        _ => None,
    })
}

/// AWS CLI services whose answers show that Bedrock was looked at.
pub(in super::super) fn is_bedrock_service(service: &str) -> bool {
    service.starts_with("bedrock")
}
