//! One file from bytes to a document with its origin.
//!
//! In: an [`Item`]. Out: [`Read`]. What is recognised is decided by an export's layout first, then by content;
//! the file's ending only says which language to try.

use std::fs;
use std::io::Read as _;
use std::sync::Arc;

use super::{Call, Content, Item, Manifest, Options, Origin, Place, SkipKind, Skipped, Unreadable};
use super::{answers, config_items, digest, gzip, hints, manifest, policies, redact, redact_embedded, veil, walk};
use crate::doc::{Document, Kind, LineIndex, Node, ParseError, Span};

/// What became of one file.
pub(super) struct Read {
    pub(super) name: Arc<str>,
    pub(super) parts: Vec<String>,
    pub(super) bytes: u64,
    pub(super) sha256: Option<String>,
    pub(super) outcome: Outcome,
    /// The answer is not whole, and why.
    pub(super) partial: Option<String>,
    /// What is wrong with it although it is judged.
    pub(super) doubts: Vec<Unreadable>,
}

pub(super) enum Outcome {
    Loaded(Arc<Document>, Origin),
    Manifest(Manifest),
    Skipped(Skipped),
    /// With the call whose answer it would have been.
    Unreadable(Option<Call>, Unreadable),
}

/// Reads, parses, recognises and masks one file.
pub(super) fn read(item: Item, options: &Options) -> Read {
    let call = answer_of(&item.parts);
    let mut read = Read {
        name: item.name.clone(),
        parts: item.parts.clone(),
        bytes: 0,
        sha256: None,
        outcome: Outcome::Skipped(Skipped { name: item.name.clone(), kind: SkipKind::Unrecognised, why: String::new() }),
        partial: None,
        doubts: Vec::new(),
    };
    if let Some(why) = other_language(&item.parts) {
        read.outcome = Outcome::Skipped(Skipped { name: item.name, kind: SkipKind::NotYet, why: why.into() });
        return read;
    }
    let outcome = bytes(&item, options)
        .and_then(|bytes| {
            read.bytes = bytes.len() as u64;
            read.sha256 = Some(digest::sha256(&bytes));
            if bytes.is_empty() && call.as_ref().is_some_and(answers_nothing) {
                return Ok("{}".to_owned());
            }
            if gzip::is(&bytes) {
                let limit = options.max_bytes.min(u64::from(u32::MAX) - 1);
                return gzip::inflate(&bytes, limit).map_err(|(code, message)| Fault::new(code, message)).and_then(text);
            }
            text(bytes)
        })
        .and_then(|text| parse(&item, text))
        .map(|document| recognise(document, &item, call.clone(), options, &mut read));
    read.outcome = outcome.unwrap_or_else(|fault| Outcome::Unreadable(call, fault.of(item.name)));
    read
}

/// Calls for which the AWS CLI prints nothing where nothing is configured. Their empty files count as `{}`, which
/// reads as "not configured"; elsewhere an empty file may as well be what a failed call left behind.
fn answers_nothing(call: &Call) -> bool {
    matches!(
        (&*call.service, &*call.operation),
        ("s3api", "get-bucket-location" | "get-bucket-logging" | "get-bucket-versioning")
            | ("bedrock", "get-model-invocation-logging-configuration")
    )
}

/// Why a file is not readable, before it has a name.
struct Fault {
    code: &'static str,
    message: String,
    place: Option<Place>,
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None }
    }

    fn at(code: &'static str, message: impl Into<String>, text: &str, span: Span) -> Self {
        let (line, column) = LineIndex::new(text).line_column(text, span.start);
        Self { code, message: message.into(), place: Some(Place { span, line, column }) }
    }

    fn of(self, name: Arc<str>) -> Unreadable {
        Unreadable { name, code: self.code, message: self.message, place: self.place, judged: false }
    }
}

fn bytes(item: &Item, options: &Options) -> Result<Vec<u8>, Fault> {
    let bytes = match &item.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Text(text) => text.as_bytes().to_vec(),
        Content::File(path) => {
            let fail = |e: std::io::Error| Fault::new("not-readable", format!("cannot be read: {}", walk::reason(&e)));
            let mut file = fs::File::open(path).map_err(fail)?;
            let meta = file.metadata().map_err(fail)?;
            if !meta.is_file() {
                return Err(Fault::new("not-a-file", "is not a regular file"));
            }
            check_size(meta.len(), options)?;
            let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0).saturating_add(1));
            // A file may grow while it is read.
            let limit = options.max_bytes.saturating_add(1);
            file.by_ref().take(limit).read_to_end(&mut bytes).map_err(fail)?;
            bytes
        }
    };
    check_size(bytes.len() as u64, options)?;
    Ok(bytes)
}

fn check_size(size: u64, options: &Options) -> Result<(), Fault> {
    let limit = options.max_bytes.min(u64::from(u32::MAX) - 1);
    if size > limit {
        return Err(Fault::new("too-large", format!("is {size} bytes long; files above {limit} bytes are not read")));
    }
    Ok(())
}

fn text(bytes: Vec<u8>) -> Result<String, Fault> {
    if matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(Fault::new("not-utf-8", "is encoded as UTF-16; save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bad = error.as_bytes().get(at).copied().unwrap_or(0);
        let good = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or_default()).into_owned();
        let message = format!("is not UTF-8: the byte 0x{bad:02X} cannot stand here (Latin-1 text?); save it as UTF-8");
        Fault::at("not-utf-8", message, &good, span(at, at))
    })?;
    if let Some(at) = text.as_bytes().iter().position(|b| *b == 0) {
        return Err(Fault::at("nul-byte", "holds a NUL byte, so it is not a text", &text, span(at, at + 1)));
    }
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Fault::new("empty", "is empty; where a call answered nothing, write `{}`"));
    }
    Ok(text)
}

fn span(start: usize, end: usize) -> Span {
    let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { start: cut(start), end: cut(end) }
}

fn ending(parts: &[String]) -> String {
    parts.last().and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}

fn parse(item: &Item, text: String) -> Result<Document, Fault> {
    let text: Arc<str> = Arc::from(text);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let looks_json = start.starts_with(['{', '[']);
    let json = |text: Arc<str>| Document::json(item.name.clone(), text);
    let yaml = |text: Arc<str>| Document::yaml(item.name.clone(), text);
    let fault = |error: ParseError| Fault::at(error.code, error.message, &text, error.span);
    let mut document = match ending(&item.parts).as_str() {
        "json" => json(text.clone()),
        // JSON is nearly a part of YAML; where it is not, YAML's reader has the word.
        "yaml" | "yml" | "template" if looks_json => json(text.clone()).or_else(|_| yaml(text.clone())),
        "yaml" | "yml" | "template" => yaml(text.clone()),
        _ if looks_json => json(text.clone()),
        _ => yaml(text.clone()),
    }
    .map_err(fault)?;
    document.path.clone_from(&item.path);
    Ok(document)
}

fn recognise(mut document: Document, item: &Item, call: Option<Call>, options: &Options, read: &mut Read) -> Outcome {
    let root = document.root();
    if call.is_none() && manifest::is_manifest(root) {
        return Outcome::Manifest(manifest::read(&document, &item.parts));
    }
    if call.is_none() && policies::is_policy(root) {
        veil::veil(&mut document);
        return policy(Arc::new(document), 0, None, item, options, read);
    }
    if call.is_none()
        && let Some(wrapped) = policies::wrapped(root)
    {
        veil::veil(&mut document);
        return unwrap_policy(Arc::new(document), wrapped, item, options, read);
    }
    let origin = match call {
        Some(call) => Origin::Answer(call),
        None => match answers::recognise(root) {
            Some((service, operation)) => {
                let hints = hints::of(&document, service);
                Origin::BareAnswer {
                    service: service.into(),
                    operation: operation.into(),
                    account: hints.account,
                    region: hints.region,
                }
            }
            None => return not_judged(root, item),
        },
    };
    read.partial = answers::first_page_only(root);
    if let Some(why) = &read.partial {
        read.doubts.push(doubt(item, "one-page-only", why.clone()));
    }
    several_documents(&document, item, read);
    redact::redact(&mut document);
    let document = if is_config(&origin) { redact_embedded::embedded(document) } else { Ok(document) };
    let document = document.map(|mut document| {
        veil::veil(&mut document);
        document
    });
    match document {
        Ok(document) => {
            let document = Arc::new(document);
            if is_config(&origin)
                && let Some(why) = config_items::broken(&document)
            {
                read.doubts.push(doubt(item, "config-item", why));
            }
            Outcome::Loaded(document, origin)
        }
        Err(error) => Outcome::Unreadable(None, Fault::new(error.code, error.message).of(item.name.clone())),
    }
}

/// Answers of AWS Config hold documents in strings.
fn is_config(origin: &Origin) -> bool {
    match origin {
        Origin::Answer(call) => &*call.service == "configservice",
        Origin::BareAnswer { service, .. } => &**service == "configservice",
        Origin::Policy { .. } => false,
    }
}

fn doubt(item: &Item, code: &'static str, message: String) -> Unreadable {
    Unreadable { name: item.name.clone(), code, message, place: None, judged: true }
}

/// Only the first document of a YAML stream is read: that is worth a word where it is judged.
fn several_documents(document: &Document, item: &Item, read: &mut Read) {
    if let Some(problem) = document.problems.iter().find(|p| p.code == "several-documents") {
        let (line, column) = LineIndex::new(&document.text).line_column(&document.text, problem.span.start);
        let mut doubt = doubt(item, problem.code, problem.message.clone());
        doubt.place = Some(Place { span: problem.span, line, column });
        read.doubts.push(doubt);
    }
}

fn policy(
    document: Arc<Document>,
    node: u32,
    said: Option<crate::iam::PolicyType>,
    item: &Item,
    options: &Options,
    read: &mut Read,
) -> Outcome {
    several_documents(&document, item, read);
    let (policy_type, inferred) = match document.node(node) {
        Some(root) => policies::policy_type(root, said, &item.name, options),
        None => (crate::iam::PolicyType::Identity, true),
    };
    // AWS took what stands in its own answers.
    let fault = if said.is_none() { refused(&document, node, policy_type) } else { None };
    match fault {
        Some(fault) => Outcome::Unreadable(None, fault.of(item.name.clone())),
        None => Outcome::Loaded(document, Origin::Policy { policy_type, inferred, node }),
    }
}

/// Why AWS would refuse the policy. Judged all the same it would grant nothing, and pass.
fn refused(document: &Document, node: u32, policy_type: crate::iam::PolicyType) -> Option<Fault> {
    let faults = crate::iam::Policy::parse(document.node(node)?, policy_type).err()?;
    let first = faults.first()?;
    let more = match faults.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let message = format!("AWS would refuse this {policy_type} policy: {}{more}", first.message);
    let at = document.node(first.mark.0).map_or(Span { start: 0, end: 0 }, Node::span);
    Some(Fault::at(first.code, message, &document.text, at))
}

fn unwrap_policy(outer: Arc<Document>, found: policies::Wrapped, item: &Item, options: &Options, read: &mut Read) -> Outcome {
    let is_text = outer.node(found.node).is_some_and(|n| n.kind() == Kind::String);
    if !is_text {
        return policy(outer, found.node, found.policy_type, item, options, read);
    }
    match Document::embedded(&outer, found.node) {
        Ok(inner) if policies::is_policy(inner.root()) => policy(Arc::new(inner), 0, found.policy_type, item, options, read),
        Ok(_) => not_judged(outer.root(), item),
        Err(error) => {
            let at = outer.node(found.node).map_or(Span { start: 0, end: 0 }, Node::span);
            let message = format!("the policy inside it cannot be read: {}", error.message);
            Outcome::Unreadable(None, Fault::at(error.code, message, &outer.text, at).of(item.name.clone()))
        }
    }
}

fn not_judged(root: Node<'_>, item: &Item) -> Outcome {
    let (kind, why) = match template(root) {
        Some(what) => (SkipKind::NotYet, format!("{what}; these are not judged in this version")),
        None => (SkipKind::Unrecognised, "neither a policy document nor an AWS answer that alicerce knows".to_owned()),
    };
    Outcome::Skipped(Skipped { name: item.name.clone(), kind, why })
}

fn other_language(parts: &[String]) -> Option<&'static str> {
    let name = parts.last()?.to_ascii_lowercase();
    let terraform = [".tf", ".hcl", ".tfvars", ".tf.json"].iter().any(|e| name.ends_with(e));
    terraform.then_some("a Terraform file; these are not judged in this version")
}

fn template(root: Node<'_>) -> Option<&'static str> {
    let aws_type = |r: Node<'_>| {
        r.get("Type").and_then(Node::as_str).is_some_and(|t| ["AWS::", "Custom::", "Alexa::"].iter().any(|p| t.starts_with(p)))
    };
    if root.get("AWSTemplateFormatVersion").is_some()
        || root.get("Resources").is_some_and(|r| r.entries().any(|(_, v)| aws_type(v)))
    {
        return Some("a CloudFormation template");
    }
    if root.get("terraform_version").is_some() {
        return Some("a Terraform plan or state");
    }
    None
}

/// Reads `<12 digits>/<region or global>/<service>/<operation>[.<resource>].json` off the end of a path.
pub(super) fn answer_of(parts: &[String]) -> Option<Call> {
    let [.., account, region, service, file] = parts else { return None };
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let stem = file.strip_suffix(".json")?;
    let (operation, resource) = match stem.split_once('.') {
        Some((operation, resource)) => (operation, Some(percent_decode(resource))),
        None => (stem, None),
    };
    let region_ok = region == "global" || hints::is_region(region);
    if !hints::is_account(account) || !region_ok || !word(service) || !word(operation) || !operation.contains('-') {
        return None;
    }
    Some(Call {
        account: account.as_str().into(),
        region: region.as_str().into(),
        service: service.as_str().into(),
        operation: operation.into(),
        resource: resource.map(Into::into),
    })
}

/// Bytes after `%XX` escapes; what is none stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn an_export_layout_is_read_off_the_path() {
        let call = answer_of(&parts("x/111122223333/sa-east-1/kms/get-key-rotation-status.alias%2Fa%20b.c.json")).unwrap();
        assert_eq!(call.to_string(), "kms get-key-rotation-status alias/a b.c in 111122223333 sa-east-1");
        assert!(answer_of(&parts("111122223333/global/iam/get-account-authorization-details.json")).unwrap().resource.is_none());
        for path in [
            "a/global/iam/list-roles.json",
            "111122223333/here/iam/list-roles.json",
            "111122223333/global/iam/roles.json",
            "x.json",
        ] {
            assert!(answer_of(&parts(path)).is_none(), "{path}");
        }
        assert_eq!(percent_decode("%zz%2"), "%zz%2");
    }
}
