//! Custody of what names its key indirectly: output of batch jobs, vector stores.
//!
//! In: the world. Out: the derived fact `custody` of these kinds. Never: a store whose key was not told taken for encrypted.

use std::sync::Arc;

use super::places::{self, by_field};
use super::{Custody, Told, node};
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
    doc: "The store that holds its vectors, with who holds the key; an unknown element for one that was not loaded, or of which no call that alicerce reads tells.",
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

/// Edges of a knowledge base to stores, each of which is a place.
const EDGES: [&str; 4] = ["collection", "cluster", "vector_bucket", "vector_index_bucket"];

/// Stores that others than AWS run.
const OF_OTHERS: [&str; 3] = ["PINECONE", "REDIS_ENTERPRISE_CLOUD", "MONGO_DB_ATLAS"];

fn vector_stores(world: &World, base: FactId) -> Value {
    let told = || -> Result<Value, Arc<Why>> {
        let Some(storage) = world.facts.at(&Value::Fact(base), &["storageConfiguration"])? else {
            return without_storage(world, base);
        };
        let mut out: Vec<Value> = Vec::new();
        for edge in EDGES {
            match world.facts.follow(base, edge) {
                Ok(found) => out.extend(found.into_iter().map(|store| vector_store(world, store, &super::of(world, store)))),
                Err(why) => out.push(Value::Unknown(why)),
            }
        }
        if out.is_empty() {
            let kind = world.facts.text_in(&storage, &["type"])?.unwrap_or_default();
            out.push(Value::unknown(Reason::NotCollected, why_not_told(&kind)));
        }
        Ok(Value::list(out))
    };
    told().unwrap_or_else(Value::Unknown)
}

/// A managed knowledge base keeps its vectors under its own key, one on a database holds none, an index of Kendra is a store of its own.
fn without_storage(world: &World, base: FactId) -> Result<Value, Arc<Why>> {
    let kind = world.facts.text_at(base, &["knowledgeBaseConfiguration", "type"])?;
    Ok(match kind.as_deref() {
        Some(kind @ "KENDRA") => Value::list(vec![Value::unknown(Reason::NotCollected, why_not_told(kind))]),
        _ => Value::list(Vec::new()),
    })
}

fn why_not_told(kind: &str) -> String {
    if OF_OTHERS.contains(&kind) {
        return format!("no call of AWS tells how a store of the type `{kind}`, which is not AWS's, is encrypted");
    }
    format!("no call that alicerce reads tells how a store of the type `{kind}` is encrypted")
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
    Value::object(fields, node(world, store))
}

/// A batch job's output: the key that the job names, else what the output's bucket does by default.
pub(super) fn batch_job(world: &World, job: FactId) -> Result<Told, Arc<Why>> {
    let named = world.facts.at(&Value::Fact(job), &["outputDataConfig", "s3OutputDataConfig", "s3EncryptionKeyId"])?;
    if let Some(named) = named {
        return Ok(Told::Key { from: job, named });
    }
    match world.facts.follow(job, "output_bucket")?.first() {
        Some(bucket) => places::bucket(world, *bucket),
        None => Err(Why::new(Reason::MissingField, "the job does not say where its output is written")),
    }
}

/// An OpenSearch Serverless collection: the key that its encryption policy gave it, `auto` for one that AWS owns.
pub(super) fn collection(world: &World, collection: FactId) -> Result<Told, Arc<Why>> {
    match world.facts.text_at(collection, &["kmsKeyArn"])?.as_deref() {
        Some("auto") => {
            let reason = "its encryption policy says `AWSOwnedKey`: a key that AWS owns";
            Ok(Told::None(Custody::without("aws-owned", reason), node(world, collection)))
        }
        None => Err(Why::new(Reason::MissingField, "`batch-get-collection` does not say which key encrypts the collection")),
        Some(_) => by_field(world, collection, &["kmsKeyArn"], "aws-owned", ""),
    }
}

/// An Aurora or RDS cluster, which may be without encryption.
pub(super) fn cluster(world: &World, cluster: FactId) -> Result<Told, Arc<Why>> {
    if world.facts.bool_at(cluster, &["StorageEncrypted"])? != Some(true) {
        return Ok(Told::None(Custody::without("none", "its storage is not encrypted"), node(world, cluster)));
    }
    by_field(world, cluster, &["KmsKeyId"], "aws-managed", "no key is named: the AWS-managed key `alias/aws/rds`")
}

/// A bucket of S3 Vectors.
pub(super) fn vector_bucket(world: &World, bucket: FactId) -> Result<Told, Arc<Why>> {
    let reason = "no key is set, so S3 Vectors encrypts with keys that AWS owns (SSE-S3)";
    by_field(world, bucket, &["encryptionConfiguration", "kmsKeyArn"], "aws-owned", reason)
}
