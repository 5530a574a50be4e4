//! `manifest.json` of an export: who collected it and when, how each call ended, the digest of each file.
//!
//! A manifest is read leniently line by line: a line that cannot be understood is reported, the rest counts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Call, Loaded, Place, Status, Unreadable};
use crate::doc::{Document, Kind, LineIndex, Node};

/// What a manifest says.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// As the user named it.
    pub name: Arc<str>,
    /// SHA-256 of the manifest's own text.
    pub sha256: String,
    /// RFC 3339, as written.
    pub collected_at: Option<Arc<str>>,
    /// The ARN that collected.
    pub caller: Option<Arc<str>>,
    /// Tool and version.
    pub tool: Option<Arc<str>>,
    /// The calls with their outcomes; `Ok` here says only that there should be a file.
    pub calls: Vec<(Call, Status)>,
    /// Path below the manifest's folder → SHA-256.
    pub files: Vec<(String, String)>,
    /// Path components of the manifest's folder.
    pub(super) root: Vec<String>,
    pub(super) problems: Vec<Unreadable>,
}

/// A file that was read, for the check against manifests.
pub(super) struct Seen {
    pub(super) name: Arc<str>,
    pub(super) parts: Vec<String>,
    pub(super) sha256: Option<String>,
}

/// The only version of the form that there is.
const VERSION: i64 = 1;

pub(super) fn is_manifest(root: Node<'_>) -> bool {
    root.get("alicerce_export").is_some()
}

/// Reads a manifest.
pub(super) fn read(document: &Document, parts: &[String]) -> Manifest {
    let root = document.root();
    let text = |key: &str| root.get(key).and_then(Node::as_str).map(Arc::from);
    let mut manifest = Manifest {
        name: document.name.clone(),
        sha256: super::digest::sha256(document.text.as_bytes()),
        collected_at: text("collected_at"),
        caller: text("caller"),
        tool: text("tool"),
        root: parts.split_last().map(|(_, folder)| folder.to_vec()).unwrap_or_default(),
        ..Manifest::default()
    };
    if root.get("alicerce_export").and_then(Node::as_i64) != Some(VERSION) {
        let at = root.get("alicerce_export").unwrap_or(root);
        manifest.problem(document, at, format!("the manifest's form is not version {VERSION}, the one that this alicerce knows"));
    }
    for line in root.get("calls").into_iter().flat_map(Node::items) {
        match call(line) {
            Some(both) => manifest.calls.push(both),
            None => manifest.problem(document, line, "this line of the manifest names no call and status that can be understood"),
        }
    }
    for (path, digest) in root.get("files").into_iter().flat_map(Node::entries) {
        match (path.as_str(), digest.as_str()) {
            (Some(path), Some(digest)) => manifest.files.push((path.to_owned(), digest.to_ascii_lowercase())),
            _ => manifest.problem(document, digest, "the digest of a file must be a string"),
        }
    }
    manifest
}

impl Manifest {
    /// A file's path below the manifest's folder; `None`: it is not there.
    pub fn path_below<'n>(&self, name: &'n str) -> Option<&'n str> {
        let folder = self.name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let rest = name.strip_prefix(folder)?;
        if folder.is_empty() { Some(rest) } else { rest.strip_prefix(['/', '\\']) }
    }

    /// Answers in the manifest's folder that it does not list: a scan would believe them.
    pub fn unlisted<'l>(&self, loaded: &'l Loaded) -> Vec<&'l str> {
        let listed: HashSet<&str> = self.files.iter().map(|(path, _)| path.as_str()).collect();
        let names = loaded.answers.iter().map(|name| &**name);
        names.filter(|name| self.path_below(name).is_some_and(|path| !listed.contains(&*path.replace('\\', "/")))).collect()
    }

    fn problem(&mut self, document: &Document, at: Node<'_>, message: impl Into<String>) {
        let (line, column) = LineIndex::new(&document.text).line_column(&document.text, at.span().start);
        self.problems.push(Unreadable {
            name: self.name.clone(),
            code: "manifest",
            message: message.into(),
            place: Some(Place { span: at.span(), line, column }),
            judged: true,
        });
    }
}

fn call(line: Node<'_>) -> Option<(Call, Status)> {
    if line.kind() != Kind::Object {
        return None;
    }
    let text = |key: &str| line.get(key).and_then(Node::as_str);
    let field = |key: &str| text(key).map(Arc::<str>::from);
    let call = Call {
        account: field("account")?,
        region: field("region")?,
        service: field("service")?,
        operation: field("operation")?,
        resource: field("resource"),
    };
    let why = || -> Arc<str> {
        match (text("code"), text("message")) {
            (Some(code), Some(message)) => format!("{code}: {message}").into(),
            (Some(one), None) | (None, Some(one)) => one.into(),
            (None, None) => "no reason given".into(),
        }
    };
    let status = match text("status")? {
        "ok" => Status::Ok,
        "denied" => Status::Denied(why()),
        "error" => Status::Failed(why()),
        "not-attempted" => Status::NotAttempted(why()),
        _ => return None,
    };
    Some((call, status))
}

/// Brings what the manifests say into the coverage and checks the digests of the files below them.
pub(super) fn apply(loaded: &mut Loaded, seen: &[Seen]) {
    let by_parts: HashMap<&[String], &Seen> = seen.iter().map(|s| (s.parts.as_slice(), s)).collect();
    for manifest in &loaded.manifests {
        for (call, status) in &manifest.calls {
            // "Ok" without the file is not an answer; with it, the file has spoken already.
            let status = match status {
                Status::Ok if loaded.coverage.status(call).is_some() => continue,
                Status::Ok => Status::Failed("the manifest lists it as answered, but its file is not in the export".into()),
                other => other.clone(),
            };
            loaded.coverage.record(call.clone(), status);
        }
        for (path, digest) in &manifest.files {
            let mut parts = manifest.root.clone();
            parts.extend(path.split('/').map(str::to_owned));
            let problem = match by_parts.get(parts.as_slice()) {
                Some(file) if file.sha256.as_deref().is_some_and(|found| found != digest) => Unreadable {
                    name: file.name.clone(),
                    code: "digest-mismatch",
                    message: "is not the file that the export's manifest describes: its SHA-256 differs, so it was changed after collection".into(),
                    place: None,
                    judged: true,
                },
                Some(_) => continue,
                None => Unreadable {
                    name: manifest.name.clone(),
                    code: "file-missing",
                    message: format!("the manifest lists `{}`, which was not found in the export", crate::doc::json::shorten(path)),
                    place: None,
                    judged: false,
                },
            };
            loaded.unreadable.push(problem);
        }
    }
}
