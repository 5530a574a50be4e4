//! SHA-256 of files and of whole inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::recognise::{Outcome, Read};
use super::{InputSummary, Origin};

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

/// Sums up one source.
pub(super) fn summary(name: Arc<str>, read: &[Read]) -> InputSummary {
    let mut lines: Vec<(&str, &str)> = read.iter().filter_map(|r| r.sha256.as_deref().map(|digest| (&*r.name, digest))).collect();
    lines.sort_unstable();
    let mut hasher = Sha256::new();
    for (file, digest) in lines {
        hasher.update(format!("{digest}  {file}\n"));
    }
    let mut policies = BTreeMap::new();
    for file in read {
        if let Outcome::Loaded(_, Origin::Policy { policy_type, inferred, .. }) = &file.outcome {
            *policies.entry((*policy_type, *inferred)).or_default() += 1;
        }
    }
    InputSummary {
        name,
        files: count(read.iter()),
        documents: count(read.iter().filter(|r| matches!(r.outcome, Outcome::Loaded(..)))),
        bytes: read.iter().map(|r| r.bytes).sum(),
        sha256: hex(&hasher.finalize()),
        policies,
    }
}

fn count<'r>(read: impl Iterator<Item = &'r Read>) -> u32 {
    u32::try_from(read.count()).unwrap_or(u32::MAX)
}
