//! Where knowledge bases keep their vectors: OpenSearch Serverless collections, Aurora clusters, buckets of S3 Vectors.

use super::super::kind::{Back, Edge, Kind, Reference, Scope, Source, arn_parts, first};
use super::super::{FactId, Facts, Lookup};

const KEY: &str = "the key that encrypts it";

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new("opensearchserverless", "batch-get-collection", "collectionDetails[]", "id").arn("arn").name("name"),
            Source::new("opensearchserverless", "list-collections", "collectionSummaries[]", "id")
                .arn("arn")
                .name("name")
                .summary(),
        ],
        edges: &[Edge::computed(
            "kms_key",
            "kms-key",
            key_of_collection,
            "the key that encrypts it; absent for one that AWS owns",
        )],
        ..Kind::new(
            "opensearch-collection",
            "OpenSearch Serverless collection",
            Scope::Region,
            "opensearchserverless.CollectionDetail",
        )
    },
    Kind {
        sources: &[Source::new("rds", "describe-db-clusters", "DBClusters[]", "DBClusterIdentifier").arn("DBClusterArn")],
        always: &["StorageEncrypted"],
        edges: &[Edge::one("kms_key", "kms-key", "KmsKeyId", KEY)],
        back: &[Back::new("knowledge_bases", "knowledge-base", "cluster", "the knowledge bases that keep vectors in it")],
        refer: refer_cluster,
        ..Kind::new("db-cluster", "Aurora cluster", Scope::Region, "rds.DBCluster")
    },
    Kind {
        sources: &[
            Source::new("s3vectors", "get-vector-bucket", "vectorBucket", "vectorBucketName").arn("vectorBucketArn"),
            Source::new("s3vectors", "list-vector-buckets", "vectorBuckets[]", "vectorBucketName")
                .arn("vectorBucketArn")
                .summary(),
        ],
        edges: &[Edge::one("kms_key", "kms-key", "encryptionConfiguration.kmsKeyArn", KEY)],
        refer: refer_vector_bucket,
        ..Kind::new("vector-bucket", "S3 vector bucket", Scope::Region, "s3vectors.VectorBucket")
    },
];

/// `auto` stands in the place of a key that AWS owns.
fn key_of_collection(facts: &Facts, id: FactId) -> Lookup {
    let (Some(fact), Some(key)) = (facts.get(id), super::get("kms-key")) else { return Ok(None) };
    match facts.node(fact.node).and_then(|node| first(node, "kmsKeyArn")).and_then(|n| n.as_str()) {
        None | Some("auto") => Ok(None),
        Some(text) => facts.reach(id, key, text),
    }
}

/// `arn:aws:rds:…:cluster:NAME` or a name.
fn refer_cluster(text: &str) -> Reference<'_> {
    match arn_parts(text) {
        None => Reference { account: None, region: None, key: text },
        Some(arn) => Reference {
            account: arn.account,
            region: arn.region,
            key: arn.resource.strip_prefix("cluster:").unwrap_or(arn.resource),
        },
    }
}

/// `arn:aws:s3vectors:…:bucket/NAME[/index/INDEX]` or a name.
fn refer_vector_bucket(text: &str) -> Reference<'_> {
    let Some(arn) = arn_parts(text) else { return Reference { account: None, region: None, key: text } };
    let rest = arn.resource.strip_prefix("bucket/").unwrap_or(arn.resource);
    Reference { account: arn.account, region: arn.region, key: rest.split('/').next().unwrap_or(rest) }
}
