//! SHA-256 of files and of whole inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::recognise::{Outcome, Read};
use super::{InputSummary, Origin};
use crate::iam::PolicyType;

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// What one source's files come to.
#[derive(Default)]
pub(super) struct Sum {
    lines: Vec<(Arc<str>, String)>,
    files: u32,
    documents: u32,
    bytes: u64,
    policies: BTreeMap<(PolicyType, bool), u32>,
}

impl Sum {
    /// Adds a file.
    pub(super) fn add(&mut self, file: &Read) {
        self.files = self.files.saturating_add(1);
        self.bytes += file.bytes;
        self.lines.extend(file.sha256.clone().map(|digest| (file.name.clone(), digest)));
        let Outcome::Loaded(_, origin) = &file.outcome else { return };
        self.documents = self.documents.saturating_add(1);
        if let Origin::Policy { policy_type, inferred, .. } = origin {
            *self.policies.entry((*policy_type, *inferred)).or_default() += 1;
        }
    }

    /// The summary of the source of this name.
    pub(super) fn finish(mut self, name: Arc<str>) -> InputSummary {
        self.lines.sort_unstable();
        let mut hasher = Sha256::new();
        for (file, digest) in &self.lines {
            hasher.update(format!("{digest}  {file}\n"));
        }
        InputSummary {
            name,
            files: self.files,
            documents: self.documents,
            bytes: self.bytes,
            sha256: hex(&hasher.finalize()),
            policies: self.policies,
        }
    }
}
