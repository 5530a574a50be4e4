//! The folder of an export: answers, and the manifest that says how each call ended.
//!
//! In: answers and failures. Out: files in the form of `docs/architecture.md`, written whole or not at all, and `manifest.json`.
//! Never: a value of a secret-bearing place; those are classified in memory and only kind and length are written.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::client::Failure;
use crate::doc::{Document, Kind, Node};
use crate::input::{Call, embedded, redact, sha256, veiled};

/// The code of a call for which the credentials had expired.
const EXPIRED: &str = "ExpiredToken";

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Ok,
    /// Status of the manifest, code, message.
    Not(&'static str, String, String),
}

impl From<&Failure> for Ended {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Denied(code, message) => Self::Not("denied", code.clone(), message.clone()),
            Failure::Refused(code, message) => Self::Not("error", code.clone(), message.clone()),
            Failure::Failed(code, message) => Self::Not("error", (*code).to_owned(), message.clone()),
            Failure::Absent(message) => Self::Not("not-attempted", "ServiceNotInRegion".to_owned(), message.clone()),
            Failure::Expired(message) => Self::Not("not-attempted", EXPIRED.to_owned(), message.clone()),
            Failure::Stopped => {
                Self::Not("not-attempted", "Stopped".to_owned(), "the collection was stopped before this call".to_owned())
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeMap<Call, Ended>,
    files: BTreeMap<String, String>,
}

/// The folder.
#[derive(Debug)]
pub(super) struct Store {
    root: PathBuf,
    state: Mutex<State>,
    /// SHA-256 by path, of an earlier run that is resumed.
    earlier: HashMap<String, String>,
    /// Who made that run.
    earlier_caller: Option<String>,
    /// What that run read in place of the services themselves.
    earlier_source: Option<String>,
}

impl Store {
    /// Opens the folder; with `resume`, what its manifest vouches for is not collected again.
    ///
    /// # Errors
    /// A folder that holds something else, or cannot be written.
    pub(super) fn open(root: &Path, resume: bool) -> std::io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let found = if resume { earlier(&root.join("manifest.json")) } else { None };
        if found.is_none() && std::fs::read_dir(root)?.next().is_some() {
            let text = if resume {
                format!(
                    "`{}` is not empty, and has no manifest.json of an export to go on with; give a new folder",
                    root.display()
                )
            } else {
                format!("`{}` is not empty; give a new folder, or --resume to go on with an export", root.display())
            };
            return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, text));
        }
        let (earlier, earlier_caller, earlier_source) = found.unwrap_or_default();
        Ok(Self { root: root.to_owned(), state: Mutex::default(), earlier, earlier_caller, earlier_source })
    }

    /// The account from which an earlier run was made.
    pub(super) fn earlier_account(&self) -> Option<&str> {
        self.earlier_caller.as_deref()?.split(':').nth(4)
    }

    /// What an earlier run read in place of the services themselves: AWS Config.
    pub(super) fn earlier_source(&self) -> Option<&str> {
        self.earlier_source.as_deref()
    }

    /// Vouches for what an earlier run collected and this one, stopped, did not come to.
    pub(super) fn keep_earlier(&self) {
        for (path, digest) in &self.earlier {
            let unchanged = || std::fs::read(self.root.join(path)).is_ok_and(|bytes| sha256(&bytes) == *digest);
            if !self.with(|state| state.files.contains_key(path)) && unchanged() {
                self.with(|state| state.files.insert(path.clone(), digest.clone()));
            }
        }
    }

    /// The answer of an earlier run, where the file is still what its manifest says.
    pub(super) fn known(&self, call: &Call) -> Option<Value> {
        let path = path_of(call);
        let digest = self.earlier.get(&path)?;
        let bytes = std::fs::read(self.root.join(&path)).ok()?;
        if sha256(&bytes) != *digest {
            return None;
        }
        let value = serde_json::from_slice(&bytes).ok()?;
        self.with(|state| {
            state.files.insert(path, digest.clone());
            state.calls.insert(call.clone(), Ended::Ok);
        });
        Some(value)
    }

    /// An answer of this run.
    pub(super) fn known_now(&self, call: &Call) -> Option<Value> {
        let path = path_of(call);
        self.with(|state| state.files.contains_key(&path)).then_some(())?;
        serde_json::from_slice(&std::fs::read(self.root.join(&path)).ok()?).ok()
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn answer(&self, call: &Call, value: &Value) -> std::io::Result<()> {
        let text = stored(call, value)?;
        let path = path_of(call);
        write_whole(&self.root.join(&path), text.as_bytes())?;
        let digest = sha256(text.as_bytes());
        self.with(|state| {
            state.files.insert(path, digest);
            state.calls.insert(call.clone(), Ended::Ok);
        });
        Ok(())
    }

    /// How a call ended, where it was made.
    pub(super) fn outcome(&self, call: &Call) -> Option<Ended> {
        self.with(|state| state.calls.get(call).cloned())
    }

    /// Notes that a call has no answer.
    pub(super) fn ended(&self, call: &Call, how: Ended) {
        self.with(|state| {
            state.calls.insert(call.clone(), how);
        });
    }

    /// Whether credentials ended while a call was made.
    pub(super) fn expired(&self) -> bool {
        self.with(|state| state.calls.values().any(|ended| matches!(ended, Ended::Not(_, code, _) if code == EXPIRED)))
    }

    /// How many calls ended in which way: answered, denied, failed, not attempted.
    pub(super) fn tally(&self) -> [usize; 4] {
        let mut out = [0; 4];
        let [ok, denied, failed, skipped] = &mut out;
        self.with(|state| {
            for ended in state.calls.values() {
                match ended {
                    Ended::Ok => *ok += 1,
                    Ended::Not("denied", ..) => *denied += 1,
                    Ended::Not("not-attempted", ..) => *skipped += 1,
                    Ended::Not(..) => *failed += 1,
                }
            }
        });
        out
    }

    /// Writes the manifest, and gives its SHA-256.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn manifest(&self, about: &About) -> std::io::Result<String> {
        let value = self.with(|state| {
            let calls: Vec<Value> = state.calls.iter().map(|(call, ended)| line(call, ended)).collect();
            json!({
                "alicerce_export": 1,
                "collected_at": about.collected_at,
                "finished_at": about.finished_at,
                "caller": about.caller,
                "tool": concat!("alicerce ", env!("CARGO_PKG_VERSION")),
                "rules": about.rules,
                "source": about.source,
                "regions": about.regions.iter().map(|region| &**region).collect::<Vec<_>>(),
                "calls": calls,
                "files": state.files,
            })
        });
        let text = serde_json::to_string_pretty(&value)? + "\n";
        write_whole(&self.root.join("manifest.json"), text.as_bytes())?;
        Ok(sha256(text.as_bytes()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a manifest says of a run as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) collected_at: String,
    pub(super) finished_at: Option<String>,
    pub(super) caller: String,
    pub(super) regions: Vec<Arc<str>>,
    /// The rules that the program had built in: their date and SHA-256.
    pub(super) rules: Option<String>,
    /// What was read in place of the services themselves: AWS Config.
    pub(super) source: Option<String>,
}

fn line(call: &Call, ended: &Ended) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, text: &str| drop(out.insert(key.to_owned(), json!(text)));
    put("account", &call.account);
    put("region", &call.region);
    put("service", &call.service);
    put("operation", &call.operation);
    if let Some(resource) = &call.resource {
        put("resource", resource);
    }
    match ended {
        Ended::Ok => put("status", "ok"),
        Ended::Not(status, code, message) => {
            put("status", status);
            put("code", code);
            put("message", message);
        }
    }
    Value::Object(out)
}

/// Files with their SHA-256, the caller, the source.
type Earlier = (HashMap<String, String>, Option<String>, Option<String>);

/// The files that a manifest vouches for, who collected them and from what; nothing where it is not one of an export.
fn earlier(manifest: &Path) -> Option<Earlier> {
    let value: Value = serde_json::from_slice(&std::fs::read(manifest).ok()?).ok()?;
    value.get("alicerce_export")?;
    let files = value.get("files")?.as_object()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let digests = files.iter().filter_map(|(path, digest)| Some((path.clone(), digest.as_str()?.to_owned())));
    Some((digests.collect(), text("caller"), text("source")))
}

/// `<account>/<region>/<service>/<operation>[.<resource>].json`
pub(super) fn path_of(call: &Call) -> String {
    let resource = call.resource.as_deref().map_or_else(String::new, |resource| format!(".{}", escaped(resource)));
    format!("{}/{}/{}/{}{resource}.json", folder(&call.account), folder(&call.region), call.service, call.operation)
}

/// A folder's name, which never leads elsewhere.
fn folder(text: &str) -> String {
    let name = escaped(text);
    if name.bytes().all(|byte| byte == b'.') { format!("_{name}") } else { name }
}

/// Every byte outside of `A–Z a–z 0–9 . _ - ,` percent-encoded.
fn escaped(text: &str) -> String {
    text.split(',').map(|part| super::request::encoded(part, false).replace('~', "%7E")).collect::<Vec<_>>().join(",")
}

/// The answer as it is written: secrets replaced by what kind they are and how long.
fn stored(call: &Call, value: &Value) -> std::io::Result<String> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    let mut document = Document::json(&*path_of(call), text.as_str()).map_err(|why| std::io::Error::other(format!("{why:?}")))?;
    redact::redact(&mut document);
    if &*call.service == "configservice" {
        // Items stand as JSON in strings, with secrets inside them.
        let masked = embedded(document).map_err(|why| std::io::Error::other(format!("{why:?}")))?;
        let mut value: Value = serde_json::from_str(&masked.text)?;
        return if veil(&mut value) { Ok(serde_json::to_string_pretty(&value)? + "\n") } else { Ok(masked.text.to_string()) };
    }
    let mut value = value.clone();
    replace(&document, document.root(), &mut value);
    let veiled = veil(&mut value);
    Ok(if veiled || !document.secrets.is_empty() { serde_json::to_string_pretty(&value)? + "\n" } else { text })
}

/// Hides what tells itself to be a secret in any text of an answer: in a description, a tag, a prompt. Says whether there was any.
fn veil(value: &mut Value) -> bool {
    match value {
        Value::String(text) => veiled(text).map(|hidden| *text = hidden).is_some(),
        Value::Array(items) => items.iter_mut().fold(false, |any, item| veil(item) | any),
        Value::Object(map) => map.values_mut().fold(false, |any, item| veil(item) | any),
        _ => false,
    }
}

fn replace(document: &Document, node: Node<'_>, value: &mut Value) {
    if let Some(secret) = document.secret(node.index())
        && secret.kind != crate::doc::SecretKind::Reference
    {
        *value = json!({"alicerce_secret": {"kind": secret.kind.as_str(), "length": secret.length}});
        return;
    }
    match (node.kind(), value) {
        (Kind::Object, Value::Object(map)) => {
            for (key, node) in node.entries() {
                if let Some(value) = key.as_str().and_then(|key| map.get_mut(key)) {
                    replace(document, node, value);
                }
            }
        }
        (Kind::Array, Value::Array(items)) => node.items().zip(items).for_each(|(node, value)| replace(document, node, value)),
        _ => {}
    }
}

/// Writes beside the file, then moves it into place: a reader never sees half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    drop(file);
    std::fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(account: &str, region: &str, resource: Option<&str>) -> Call {
        let (service, operation) = ("kms".into(), "get-key-policy".into());
        Call { account: account.into(), region: region.into(), service, operation, resource: resource.map(Into::into) }
    }

    #[test]
    fn a_path_is_below_the_folder_whatever_a_thing_is_called() {
        let path = path_of(&call("111122223333", "sa-east-1", Some("1234,default")));
        assert_eq!(path, "111122223333/sa-east-1/kms/get-key-policy.1234,default.json");
        let arn = path_of(&call("111122223333", "global", Some("arn:aws:iam::1:role/../../a~b é")));
        assert_eq!(arn, "111122223333/global/kms/get-key-policy.arn%3Aaws%3Aiam%3A%3A1%3Arole%2F..%2F..%2Fa%7Eb%20%C3%A9.json");
        for odd in ["", ".", "..", "/", "../..", "/etc"] {
            let path = path_of(&call(odd, odd, Some(odd)));
            let normal = Path::new(&path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            assert!(normal && path.matches('/').count() == 3, "{path}");
        }
    }
}
