//! Dated tables: AWS's services with their actions, resource types and condition keys; Regions; models and where their
//! profiles route to. Embedded in the binary; no network.
//!
//! Each table says when it was made and from what, and every report repeats that. `docs/catalog.md` says how each is refreshed.
//! Never: a name taken for a mistake because a table lacks it.

pub mod actions;
pub mod guardrails;
pub mod keys;
pub mod models;
pub mod regions;
pub mod services;

use sha2::{Digest, Sha256};

pub use actions::{Action, find as action, suggest};
pub use keys::{Key, KeyType, find as key};
pub use services::{ResourceType, Service, all as services};

/// The types of resource of an IAM prefix, with their ARN patterns; none for a prefix that is no service's.
pub fn resource_types(prefix: &str) -> &'static [ResourceType] {
    services::find(prefix).map_or(&[], Service::resource_types)
}

/// A table as a report names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// What it holds.
    pub name: &'static str,
    /// The day it was made, `YYYY-MM-DD`.
    pub date: &'static str,
    /// Where it comes from.
    pub source: String,
    /// SHA-256 of its text, hexadecimal.
    pub sha256: String,
}

/// All tables.
pub fn tables() -> Vec<TableInfo> {
    let digest = |text: &str| Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let (package, date) = services::made_from();
    vec![
        TableInfo {
            name: "AWS actions, resource types and condition keys",
            date,
            source: format!("AWS Service Authorization Reference, by the npm package {package}"),
            sha256: services::SHA256.to_owned(),
        },
        TableInfo {
            name: "AWS Regions and their countries",
            date: regions::DATE,
            source: "botocore 1.44.5, partitions.json".into(),
            sha256: digest(&regions::text()),
        },
        TableInfo {
            name: "Claude models and inference profiles",
            date: models::DATE,
            source: "Amazon Bedrock User Guide, model cards".into(),
            sha256: digest(models::TABLE),
        },
    ]
}
