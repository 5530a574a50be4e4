//! Amazon Bedrock knowledge bases, data sources, agents, flows and prompts.

use super::super::kind::{Attached, Back, Edge, Kind, Scope, Source, refer_whole};

const ROLE: &str = "the role it acts as";

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-knowledge-base", "knowledgeBase", "knowledgeBaseId")
                .arn("knowledgeBaseArn")
                .name("name"),
            Source::new("bedrock-agent", "list-knowledge-bases", "knowledgeBaseSummaries[]", "knowledgeBaseId")
                .arn("arn:{partition}:bedrock:{region}:{account}:knowledge-base/{key}")
                .name("name")
                .summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", ROLE),
            Edge::one(
                "kms_key",
                "kms-key",
                "knowledgeBaseConfiguration.managedKnowledgeBaseConfiguration.serverSideEncryptionConfiguration.kmsKeyArn",
                "the key that encrypts a managed knowledge base",
            ),
            Edge::one(
                "collection",
                "opensearch-collection",
                "storageConfiguration.opensearchServerlessConfiguration.collectionArn",
                "the collection that holds its vectors",
            ),
            Edge::one(
                "cluster",
                "db-cluster",
                "storageConfiguration.rdsConfiguration.resourceArn",
                "the Aurora cluster that holds its vectors",
            ),
            Edge::one(
                "vector_bucket",
                "vector-bucket",
                "storageConfiguration.s3VectorsConfiguration.vectorBucketArn",
                "the bucket of S3 Vectors that holds its vectors",
            ),
            Edge::one(
                "vector_index_bucket",
                "vector-bucket",
                "storageConfiguration.s3VectorsConfiguration.indexArn",
                "the same, where the configuration names the index",
            ),
        ],
        back: &[Back::new("data_sources", "data-source", "knowledge_base", "its data sources")
            .listed_by("bedrock-agent", "list-data-sources")],
        attached: &[Attached::new("resource_policy", "bedrock-agent", "get-resource-policy", "any")
            .json("policy")
            .absent(&["ResourceNotFoundException"])
            .doc("its resource policy")],
        ..Kind::new("knowledge-base", "knowledge base", Scope::Region, "bedrock-agent.KnowledgeBase")
    },
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-data-source", "dataSource", "knowledgeBaseId,dataSourceId").name("name"),
            Source::new("bedrock-agent", "list-data-sources", "dataSourceSummaries[]", "knowledgeBaseId,dataSourceId")
                .name("name")
                .below("knowledge-base")
                .summary(),
        ],
        edges: &[
            Edge::one("knowledge_base", "knowledge-base", "knowledgeBaseId", "the knowledge base it feeds"),
            Edge::one(
                "bucket",
                "s3-bucket",
                "dataSourceConfiguration.s3Configuration.bucketArn",
                "the bucket it reads; absent for other sources",
            ),
            Edge::one(
                "kms_key",
                "kms-key",
                "serverSideEncryptionConfiguration.kmsKeyArn",
                "the key that encrypts what it ingests",
            ),
        ],
        refer: refer_whole,
        ..Kind::new("data-source", "data source", Scope::Region, "bedrock-agent.DataSource")
    },
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-agent", "agent", "agentId").arn("agentArn").name("agentName"),
            Source::new("bedrock-agent", "list-agents", "agentSummaries[]", "agentId")
                .arn("arn:{partition}:bedrock:{region}:{account}:agent/{key}")
                .name("agentName")
                .summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "agentResourceRoleArn", ROLE),
            Edge::one("guardrail", "guardrail", "guardrailConfiguration.guardrailIdentifier", "its guardrail"),
            Edge::one("kms_key", "kms-key", "customerEncryptionKeyArn", "the key that encrypts it"),
        ],
        ..Kind::new("agent", "Bedrock agent", Scope::Region, "bedrock-agent.Agent")
    },
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-flow", "", "id").arn("arn").name("name"),
            Source::new("bedrock-agent", "list-flows", "flowSummaries[]", "id").arn("arn").name("name").summary(),
        ],
        edges: &[
            Edge::one("role", "iam-role", "executionRoleArn", ROLE),
            Edge::one("kms_key", "kms-key", "customerEncryptionKeyArn", "the key that encrypts it"),
        ],
        ..Kind::new("flow", "Bedrock flow", Scope::Region, "bedrock-agent.GetFlowResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-prompt", "", "id").arn("arn").name("name").drafts("version"),
            Source::new("bedrock-agent", "list-prompts", "promptSummaries[]", "id")
                .arn("arn")
                .name("name")
                .drafts("version")
                .summary(),
        ],
        edges: &[Edge::one("kms_key", "kms-key", "customerEncryptionKeyArn", "the key that encrypts it")],
        ..Kind::new("prompt", "Bedrock prompt", Scope::Region, "bedrock-agent.GetPromptResponse")
    },
    Kind {
        sources: &[
            Source::new("bedrock-agent", "get-prompt", "", "id,version").name("name").versions("version"),
            Source::new("bedrock-agent", "list-prompts", "promptSummaries[]", "id,version")
                .name("name")
                .versions("version")
                .summary()
                .below("prompt"),
        ],
        ..Kind::new("prompt-version", "version of a prompt", Scope::Region, "bedrock-agent.GetPromptResponse")
    },
];
