//! Inputs: paths, folders, standard input and built-in files become documents with a known origin.
//!
//! In: [`Source`]s and [`Options`]. Out: [`Loaded`]: documents, each with its [`Origin`]; what is known of
//! which call ([`Coverage`]); and every file that was not recognised or not readable, with the reason.
//! Never: a file passed over in silence, a value of a secret-bearing place in a document (see [`redact`]),
//! a panic or a hang on hostile files.

mod again;
mod answers;
mod classify;
mod config_items;
pub mod coverage;
mod digest;
mod gzip;
mod hints;
mod manifest;
mod policies;
mod recognise;
pub mod redact;
mod redact_embedded;
mod veil;
mod walk;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

pub use again::Again;
pub(crate) use coverage::THROTTLED;
pub use coverage::{Call, Coverage, Status};
#[cfg(feature = "live")]
pub(crate) use digest::sha256;
pub use manifest::Manifest;
pub(crate) use recognise::percent_decode;
#[cfg(feature = "live")]
pub(crate) use redact_embedded::embedded;
#[cfg(feature = "live")]
pub(crate) use veil::veiled;

use crate::doc::{Document, Span};
use crate::iam::PolicyType;
use recognise::Outcome;

/// Where documents come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, or a folder that is walked.
    Path(PathBuf),
    /// The same, by another name in reports: a temporary folder has none that says anything.
    Named(PathBuf, Arc<str>),
    /// What stood on standard input, for `-`.
    Stdin(Vec<u8>),
    /// Files that are not on disk (the built-in example, a rule's cases): path below an imagined folder, text.
    Virtual(Vec<(String, Arc<str>)>),
}

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Says what every policy file is; `None`: patterns, then inference.
    pub policy_type: Option<PolicyType>,
    /// `(path pattern, type)` of policy files, the first that matches counts; see [`crate::config::glob::path_matches`].
    pub policy_patterns: Vec<(String, PolicyType)>,
    /// Larger files are refused. Spans are 32-bit, so never more than 4 GiB − 1.
    pub max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { policy_type: None, policy_patterns: Vec::new(), max_bytes: u64::from(u32::MAX) - 1 }
    }
}

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The answer of a call, named by its place in an export folder.
    Answer(Call),
    /// A single AWS CLI answer, recognised by its keys.
    BareAnswer {
        /// AWS CLI service name.
        service: Arc<str>,
        /// AWS CLI operation.
        operation: Arc<str>,
        /// The account, where the answer's own ARNs or owner tell it.
        account: Option<Arc<str>>,
        /// The Region, likewise; `global` for services without Regions.
        region: Option<Arc<str>>,
    },
    /// A policy document.
    Policy {
        /// What it is for.
        policy_type: PolicyType,
        /// The type was guessed from its content and name, not said by the user or by what wraps it.
        inferred: bool,
        /// The node of the policy object (not the root where an answer wraps it, as `PolicyVersion.Document`).
        node: u32,
    },
}

/// Why a file was not judged although nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkipKind {
    /// A file in a walked folder whose ending is none that alicerce reads.
    OtherFile,
    /// A folder that is never walked (`.git`, `target`, `node_modules`, …).
    IgnoredFolder,
    /// Recognised (Terraform, CloudFormation), but not judged in this version.
    NotYet,
    /// Read, and nothing that alicerce knows.
    Unrecognised,
}

/// A file that was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// As the user named it.
    pub name: Arc<str>,
    /// The class, for counting.
    pub kind: SkipKind,
    /// One clause, lower case.
    pub why: String,
}

/// Where in a text something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Byte range in the file.
    pub span: Span,
    /// 1-based.
    pub line: u32,
    /// 1-based, in code points.
    pub column: u32,
}

/// Something that makes the run incomplete or doubtful: a file that could not be read, one that is only
/// the first page of an answer, one whose digest is not the manifest's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// As the user named it.
    pub name: Arc<str>,
    /// Stable identifier, such as `not-utf-8`, `nesting-too-deep`, `digest-mismatch`.
    pub code: &'static str,
    /// One sentence, lower case.
    pub message: String,
    /// Where, when a place in the text is to blame.
    pub place: Option<Place>,
    /// The document was loaded all the same.
    pub judged: bool,
}

/// One source, for a report's account of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSummary {
    /// As the user named it; `<stdin>`, `<built-in>`.
    pub name: Arc<str>,
    /// Files looked at (not those skipped by their ending).
    pub files: u32,
    /// Documents that are judged.
    pub documents: u32,
    /// Bytes read.
    pub bytes: u64,
    /// SHA-256 over the sorted lines `<sha-256 of the file>  <name>` of all files read, hexadecimal.
    pub sha256: String,
    /// How many policy documents there are of each type, and whether the type was inferred.
    pub policies: BTreeMap<(PolicyType, bool), u32>,
}

/// Everything that was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The documents in the order of the sources, then of their paths. Empty where a scan streams.
    pub documents: Vec<(Arc<Document>, Origin)>,
    /// The names of the documents that answer a call of an export.
    pub answers: Vec<Arc<str>>,
    /// What is known of which call.
    pub coverage: Coverage,
    /// Files that were not judged, with the reason.
    pub unrecognised: Vec<Skipped>,
    /// Files that were not readable, or not wholly; any of these makes the run incomplete.
    pub unreadable: Vec<Unreadable>,
    /// One for each source.
    pub inputs: Vec<InputSummary>,
    /// The exports' manifests.
    pub manifests: Vec<Manifest>,
}

/// One file to read.
pub(crate) struct Item {
    /// Shown to people.
    pub(crate) name: Arc<str>,
    /// On disk.
    pub(crate) path: Option<PathBuf>,
    /// Folder names and the file name, as far up as they are known: what an export's layout is read from.
    pub(crate) parts: Vec<String>,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    File(PathBuf),
    Bytes(Vec<u8>),
    Text(Arc<str>),
}

/// One document with its origin.
pub(crate) struct Taken {
    pub(crate) document: Arc<Document>,
    pub(crate) origin: Origin,
    /// How to come by it again, where it may be let go.
    pub(crate) again: Option<Arc<Again>>,
}

/// Reads all sources. Files are read and parsed in parallel; the result's order depends on names alone.
pub fn load(sources: &[Source], options: &Options) -> Loaded {
    let mut documents = Vec::new();
    let mut loaded =
        read(sources, options, None, &mut |taken| documents.extend(taken.into_iter().map(|t| (t.document, t.origin))));
    loaded.documents = documents;
    loaded
}

/// The bytes of all files that [`read`] would read.
pub(crate) fn size(sources: &[Source]) -> u64 {
    sources.iter().flat_map(|source| walk::files(source).items).map(|item| bytes_of(&item)).sum()
}

fn bytes_of(item: &Item) -> u64 {
    match &item.content {
        Content::File(path) => std::fs::metadata(path).map_or(0, |meta| meta.len()),
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::Text(text) => text.len() as u64,
    }
}

/// Reads all sources as [`load`] does and hands the documents on, in order: all of a source at once, or in lots of about so many
/// bytes, so that no more of them need be held.
pub(crate) fn read(sources: &[Source], options: &Options, lot: Option<u64>, take: &mut dyn FnMut(Vec<Taken>)) -> Loaded {
    let mut loaded = Loaded::default();
    let mut exports = Vec::new();
    let shared = Arc::new(options.clone());
    for source in sources {
        let found = walk::files(source);
        loaded.unrecognised.extend(found.skipped);
        loaded.unreadable.extend(found.unreadable);
        let mut sum = digest::Sum::default();
        for items in lots(found.items, lot) {
            let one = |item: Item| {
                let again = lot.and_then(|_| Again::of(&item, &shared));
                let file = recognise::read(item, options);
                (again.and_then(|again| again.seen(file.sha256.as_ref())), file)
            };
            let files: Vec<_> = items.into_par_iter().map(one).collect();
            let mut taken = Vec::new();
            for (again, file) in files {
                sum.add(&file);
                taken.extend(sort(&mut loaded, &mut exports, file).map(|(document, origin)| Taken { document, origin, again }));
            }
            take(taken);
        }
        loaded.inputs.push(sum.finish(found.name));
    }
    manifest::apply(&mut loaded, &exports);
    loaded
}

/// The items in lots of about so many bytes.
fn lots(items: Vec<Item>, bytes: Option<u64>) -> Vec<Vec<Item>> {
    let Some(limit) = bytes else { return vec![items] };
    let mut out = Vec::new();
    let (mut lot, mut held) = (Vec::new(), 0);
    for item in items {
        held += bytes_of(&item);
        lot.push(item);
        if held >= limit {
            out.push(std::mem::take(&mut lot));
            held = 0;
        }
    }
    out.push(lot);
    out
}

/// Notes what became of a file, and gives its document.
fn sort(loaded: &mut Loaded, exports: &mut Vec<manifest::Seen>, file: recognise::Read) -> Option<(Arc<Document>, Origin)> {
    let parts = file.parts;
    loaded.unreadable.extend(file.doubts);
    match file.outcome {
        Outcome::Loaded(document, origin) => {
            let name = document.name.clone();
            record(&mut loaded.coverage, &origin, file.partial);
            if matches!(origin, Origin::Answer(_)) {
                loaded.answers.push(name.clone());
            }
            exports.push(manifest::Seen { name, parts, sha256: file.sha256 });
            return Some((document, origin));
        }
        Outcome::Manifest(found) => {
            loaded.unreadable.extend(found.problems.iter().cloned());
            loaded.manifests.push(found);
        }
        Outcome::Skipped(skipped) => loaded.unrecognised.push(skipped),
        Outcome::Unreadable(call, problem) => {
            if let Some(call) = call {
                loaded.coverage.record(call, Status::Failed(problem.message.as_str().into()));
            }
            exports.push(manifest::Seen { name: problem.name.clone(), parts, sha256: file.sha256 });
            loaded.unreadable.push(problem);
        }
    }
    None
}

/// Notes that a call was answered; an answer of which only the first page is there counts as failed, so
/// that what is not in it stays unknown.
fn record(coverage: &mut Coverage, origin: &Origin, partial: Option<String>) {
    let call = match origin {
        Origin::Answer(call) => call.clone(),
        Origin::BareAnswer { service, operation, account: Some(account), region: Some(region) } => Call {
            account: account.clone(),
            region: region.clone(),
            service: service.clone(),
            operation: operation.clone(),
            resource: None,
        },
        _ => return,
    };
    let status = partial.map_or(Status::Ok, |why| Status::Failed(why.into()));
    coverage.record(call, status);
}
