//! Custody of what names its key indirectly: output of batch jobs, vector stores.
//!
//! In: the world. Out: the derived fact `custody` of these kinds. Never: a store whose key was not told taken for encrypted.

use std::sync::Arc;

use super::{Custody, bucket_custody, by_field, made, place};
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One store of vectors.
pub(super) const STORE: ObjectType = ObjectType {
    name: "vector-store",
    fields: &[
        ("kind", "string", "what it is, in words"),
        ("name", "string", "its name"),
        ("custody", "string", "as the `custody` of a custody"),
        ("reason", "string", "one clause that says how that was decided"),
        ("resource", "any", "the store itself"),
    ],
};

pub(super) const VECTORS: Derived = Derived {
    kind: "knowledge-base",
    name: "vector_stores",
    ty: "list<object:vector-store>",
    doc: "The store of AWS that holds its vectors, with who holds the key; an unknown element for one that was not loaded, or of which alicerce reads nothing.",
    compute: vector_stores,
};

pub(super) const KEEPS: [Derived; 2] = [keeps("data-source"), keeps("knowledge-base")];

const fn keeps(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "keeps_data",
        ty: "bool",
        doc: "Whether Bedrock itself keeps what it ingests, under its own key: for a data source always, for a knowledge base where it is managed.",
        compute: keeps_data,
    }
}

fn keeps_data(world: &World, id: FactId) -> Value {
    if world.facts.get(id).is_some_and(|f| f.kind.name == "data-source") {
        return Value::Bool(true);
    }
    match world.facts.at(&Value::Fact(id), &["knowledgeBaseConfiguration", "managedKnowledgeBaseConfiguration"]) {
        Ok(managed) => Value::Bool(managed.is_some()),
        Err(why) => Value::Unknown(why),
    }
}

type Tell = fn(&World, FactId) -> Value;

/// Edges of a knowledge base to stores, with how the custody of each is told.
const EDGES: [(&str, Tell); 4] =
    [("collection", collection), ("cluster", cluster), ("vector_bucket", vector_bucket), ("vector_index_bucket", vector_bucket)];

/// Types of stores that are services of AWS. The others are run by somebody else, which `knowledge-base-leaves-region` tells.
const OF_AWS: [&str; 5] = ["OPENSEARCH_SERVERLESS", "OPENSEARCH_MANAGED_CLUSTER", "RDS", "NEPTUNE_ANALYTICS", "S3_VECTORS"];

fn vector_stores(world: &World, base: FactId) -> Value {
    let told = || -> Result<Value, Arc<Why>> {
        let Some(storage) = world.facts.at(&Value::Fact(base), &["storageConfiguration"])? else {
            return Ok(Value::list(Vec::new()));
        };
        let mut out: Vec<Value> = Vec::new();
        for (edge, custody) in EDGES {
            match world.facts.follow(base, edge) {
                Ok(found) => out.extend(found.into_iter().map(|store| vector_store(world, store, &custody(world, store)))),
                Err(why) => out.push(Value::Unknown(why)),
            }
        }
        let kind = world.facts.text_in(&storage, &["type"])?.unwrap_or_default();
        if out.is_empty() && OF_AWS.contains(&&*kind) {
            let text = format!("no call that alicerce reads tells how a store of the type `{kind}` is encrypted");
            out.push(Value::unknown(Reason::NotCollected, text));
        }
        Ok(Value::list(out))
    };
    told().unwrap_or_else(Value::Unknown)
}

fn vector_store(world: &World, store: FactId, custody: &Value) -> Value {
    if let Value::Unknown(why) = custody {
        return Value::Unknown(why.clone());
    }
    let fact = world.facts.get(store);
    let text = |field: &str| world.facts.text_in(custody, &[field]).ok().flatten().unwrap_or_default();
    let fields = vec![
        ("kind", Value::str(fact.map_or("", |f| f.kind.title))),
        ("name", Value::str(fact.map(|f| f.name.clone()).unwrap_or_default())),
        ("custody", Value::str(text("custody"))),
        ("reason", Value::str(text("reason"))),
        ("resource", Value::Fact(store)),
    ];
    Value::object(fields, fact.map(|f| f.node).into_iter().collect())
}

/// A batch job's output: the key that the job names, else what the output's bucket does by default.
pub(super) fn batch_job(world: &World, job: FactId) -> Value {
    let key = ["outputDataConfig", "s3OutputDataConfig", "s3EncryptionKeyId"];
    let told = || -> Result<Value, Arc<Why>> {
        if world.facts.at(&Value::Fact(job), &key)?.is_some() {
            return by_field(world, job, &key, ("aws-owned", ""));
        }
        match world.facts.follow(job, "output_bucket")?.first() {
            Some(bucket) => bucket_custody(world, *bucket),
            None => Err(Why::new(Reason::MissingField, "the job does not say where its output is written")),
        }
    };
    told().unwrap_or_else(Value::Unknown)
}

/// An OpenSearch Serverless collection: the key that its encryption policy gave it, `auto` for one that AWS owns.
pub(super) fn collection(world: &World, collection: FactId) -> Value {
    let told = || -> Result<Value, Arc<Why>> {
        let key = world.facts.text_at(collection, &["kmsKeyArn"])?;
        if key.as_deref() == Some("auto") {
            let reason = "its encryption policy says `AWSOwnedKey`: a key that AWS owns".to_owned();
            let custody = Custody { who: "aws-owned", key: String::new(), holder: None, reason };
            return Ok(made(world, custody, place(world, collection)));
        }
        if key.is_none() {
            return Err(Why::new(Reason::MissingField, "`batch-get-collection` does not say which key encrypts the collection"));
        }
        by_field(world, collection, &["kmsKeyArn"], ("aws-owned", ""))
    };
    told().unwrap_or_else(Value::Unknown)
}

/// An Aurora or RDS cluster, which may be without encryption.
pub(super) fn cluster(world: &World, cluster: FactId) -> Value {
    let told = || -> Result<Value, Arc<Why>> {
        let encrypted = world.facts.bool_at(cluster, &["StorageEncrypted"])?;
        if encrypted != Some(true) {
            let reason = "its storage is not encrypted".to_owned();
            let custody = Custody { who: "none", key: String::new(), holder: None, reason };
            return Ok(made(world, custody, place(world, cluster)));
        }
        by_field(world, cluster, &["KmsKeyId"], ("aws-managed", "no key is named: the AWS-managed key `alias/aws/rds`"))
    };
    told().unwrap_or_else(Value::Unknown)
}

/// A bucket of S3 Vectors.
pub(super) fn vector_bucket(world: &World, bucket: FactId) -> Value {
    let absent = ("aws-owned", "no key is set, so S3 Vectors encrypts with keys that AWS owns (SSE-S3)");
    by_field(world, bucket, &["encryptionConfiguration", "kmsKeyArn"], absent).unwrap_or_else(Value::Unknown)
}
