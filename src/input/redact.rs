//! Values of secret-bearing places are classified and then masked, before anything else sees the document.
//!
//! In: a parsed answer. Out: the same document with the values overwritten by `*` of the same length, in its text and in
//! its tree, and with [`Secret`]s beside it. A value never reaches a rule, a report or a log; only references to
//! secrets kept elsewhere (an ARN, `{{resolve:…}}`) stay readable.
//!
//! The places: Lambda `Environment.Variables.*`; `environment[].value` of ECS containers and their overrides;
//! their `command`, `entryPoint` and `args`; `env[].value` of pods; `environmentVariables[].value` of CodeBuild and
//! `environmentVariables.*` of AgentCore; EC2 user data; headers and query parameters that are sent along; the new password of a
//! database; what is told to be secret among the options of a log driver. They are known by their keys alone, so the same holds for
//! every answer that repeats them.

use std::ops::Range;
use std::sync::Arc;

use super::classify::{base64, classify};
use crate::doc::{Document, Kind, Node, RawKind, Secret, SecretKind};

/// Classifies and masks the values of all secret-bearing places of a document.
pub fn redact(document: &mut Document) {
    let mut found = Found::default();
    for idx in 0..u32::try_from(document.len()).unwrap_or(u32::MAX) {
        if let Some(node) = document.node(idx) {
            place(node, &mut found);
        }
    }
    if found.secrets.is_empty() {
        return;
    }
    found.secrets.sort_by_key(|s| s.node);
    found.secrets.dedup_by_key(|s| s.node);
    mask(document, &mut found.masked);
    document.secrets = found.secrets;
}

#[derive(Default)]
struct Found {
    secrets: Vec<Secret>,
    /// Nodes whose text is to go.
    masked: Vec<u32>,
}

/// Takes the values of the secret-bearing places that keys of this object open.
fn place(object: Node<'_>, found: &mut Found) {
    // Aliases are met where they point at.
    if object.kind() != Kind::Object || object.is_alias() {
        return;
    }
    for (key, value) in object.entries() {
        match key.as_str() {
            Some("Environment" | "environment") => {
                value
                    .entries()
                    .filter(|(k, _)| matches!(k.as_str(), Some("Variables" | "variables")))
                    .for_each(|(_, v)| map(v, found));
                value.items().for_each(|pair| named(pair, found));
            }
            Some("EnvironmentVariables" | "environmentVariables" | "environmentVariablesOverride") => {
                map(value, found);
                value.items().for_each(|pair| named(pair, found));
            }
            Some("UserData" | "userData") => user_data(value, found),
            Some("env") => value.items().for_each(|pair| named(pair, found)),
            Some("headers" | "HeaderParameters" | "QueryStringParameters" | "staticQueryParameters" | "customParameters") => {
                map(value, found);
            }
            Some("MasterUserPassword") => take(value, "MasterUserPassword", found),
            Some("logConfiguration" | "LogConfiguration" | "firelensConfiguration" | "FirelensConfiguration") => {
                let options = value.entries().filter(|(k, _)| matches!(k.as_str(), Some("options" | "Options")));
                options.for_each(|(_, options)| told(options, found));
            }
            // A container's arguments: each stands for itself.
            Some("command" | "Command" | "entryPoint" | "EntryPoint" | "args") => {
                value.items().for_each(|argument| take(argument, "command", found))
            }
            _ => {}
        }
    }
}

/// `{NAME: value}`
fn map(variables: Node<'_>, found: &mut Found) {
    for (name, value) in variables.entries() {
        take(value, name.as_str().unwrap_or_default(), found);
    }
}

/// `{NAME: value}`, of which most are none.
fn told(options: Node<'_>, found: &mut Found) {
    for (name, value) in options.entries() {
        let name = name.as_str().unwrap_or_default();
        let kind = classify(name, &value.scalar().unwrap_or_default());
        if of_export(value).is_some() || !matches!(kind, SecretKind::Plain | SecretKind::Reference) {
            take(value, name, found);
        }
    }
}

/// `{name: …, value: …, type: PLAINTEXT}`; CodeBuild's other types are names of parameters and secrets.
fn named(pair: Node<'_>, found: &mut Found) {
    let text = |a: &str, b: &str| pair.get(a).or_else(|| pair.get(b)).and_then(Node::as_str);
    let name = text("name", "Name").unwrap_or_default();
    let reference = matches!(text("type", "Type"), Some("PARAMETER_STORE" | "SECRETS_MANAGER"));
    for (key, value) in pair.entries() {
        if matches!(key.as_str(), Some("value" | "Value")) {
            if reference {
                found.keep(value, name, SecretKind::Reference, value.as_str().map_or(0, str::len));
            } else {
                take(value, name, found);
            }
        }
    }
}

/// A string, or `{"Value": string}` as `describe-instance-attribute` has it; Base64 of a script.
fn user_data(value: Node<'_>, found: &mut Found) {
    let inner = value.entries().filter(|(k, _)| matches!(k.as_str(), Some("Value" | "value"))).map(|(_, v)| v);
    for value in inner.chain((value.kind() != Kind::Object || of_export(value).is_some()).then_some(value)) {
        match value.as_str().and_then(base64) {
            Some(script) => {
                let kind = classify("UserData", &String::from_utf8_lossy(&script));
                found.mask(value, "UserData", kind, script.len());
            }
            None => take(value, "UserData", found),
        }
    }
}

/// `{"alicerce_secret": {"kind": …, "length": …}}`: what the collector writes in place of a value.
fn of_export(value: Node<'_>) -> Option<(SecretKind, usize)> {
    let inner = value.get("alicerce_secret")?;
    let kind = inner.get("kind").and_then(Node::as_str).map_or(SecretKind::Credential, SecretKind::from_name);
    let length = inner.get("length").and_then(Node::as_i64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    Some((kind, length))
}

fn take(value: Node<'_>, name: &str, found: &mut Found) {
    if let Some((kind, length)) = of_export(value) {
        return found.keep(value, name, kind, length);
    }
    match value.kind() {
        Kind::Object => value.entries().for_each(|(_, v)| take(v, name, found)),
        Kind::Array => value.items().for_each(|v| take(v, name, found)),
        Kind::Null => {}
        _ => {
            let text = value.scalar().unwrap_or_default();
            let kind = classify(name, &text);
            if kind == SecretKind::Reference || text.is_empty() {
                found.keep(value, name, kind, text.len());
            } else {
                found.mask(value, name, kind, text.len());
            }
        }
    }
}

impl Found {
    fn keep(&mut self, value: Node<'_>, name: &str, kind: SecretKind, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.secrets.push(Secret { node: value.resolved().index(), name: name.into(), kind, length });
    }

    fn mask(&mut self, value: Node<'_>, name: &str, kind: SecretKind, length: usize) {
        self.keep(value, name, kind, length);
        self.masked.push(value.resolved().index());
    }
}

/// Overwrites the nodes' texts with `*`. Quotes, tags and line breaks stay, so that spans and lines do too.
fn mask(document: &mut Document, nodes: &mut Vec<u32>) {
    nodes.sort_unstable();
    nodes.dedup();
    let mut ranges = Vec::with_capacity(nodes.len());
    let mut texts = Vec::with_capacity(nodes.len());
    for idx in nodes.iter() {
        let Some(range) = inside(document, *idx) else { continue };
        texts.push((*idx, "*".repeat(range.len()).into_boxed_str()));
        ranges.push(range);
        if let Some(raw) = document.tree.nodes.get_mut(*idx as usize) {
            // A number of stars is none, and a truth value would still tell itself.
            raw.kind = RawKind::String;
        }
    }
    document.tree.set_decoded(texts);
    let mut bytes = document.text.as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    // Were a range ever to cut a character, its remains would be replaced, not brought back.
    document.text = Arc::from(String::from_utf8_lossy(&bytes));
}

/// The bytes of a scalar without its tag and quotes.
fn inside(document: &Document, idx: u32) -> Option<Range<usize>> {
    let node = document.node(idx)?;
    let (mut start, mut end) = (node.span().start as usize, node.span().end as usize);
    let own = document.text.get(start..end)?;
    if let Some(tag) = node.tag() {
        let rest = own.strip_prefix(tag).unwrap_or(own).trim_start();
        start = end - rest.len();
    }
    let own = document.text.get(start..end)?;
    for quote in ['"', '\''] {
        if own.len() >= 2 && own.starts_with(quote) && own.ends_with(quote) {
            start += 1;
            end -= 1;
            break;
        }
    }
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-api03-AAAABBBBCCCCDDDDEEEEFFFF";

    fn redacted(document: Document) -> Document {
        let mut document = document;
        redact(&mut document);
        document
    }

    fn kinds(document: &Document) -> Vec<(String, &'static str, u32)> {
        document.secrets.iter().map(|s| (s.name.to_string(), s.kind.as_str(), s.length)).collect()
    }

    #[test]
    fn every_place_is_masked_in_text_and_tree() {
        let arn = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:x";
        let text = format!(
            r#"{{"Configuration": {{"Environment": {{"Variables": {{"K": "{KEY}", "L": "a\nb\u00e9", "R": "{arn}", "E": ""}}}}}},
            "taskDefinition": {{"containerDefinitions": [{{"environment": [{{"name": "K", "value": "{KEY}"}}]}}]}},
            "projects": [{{"environment": {{"type": "x", "environmentVariables":
                [{{"name": "K", "value": "{KEY}", "type": "PLAINTEXT"}}, {{"name": "P", "value": "/p/k", "type": "PARAMETER_STORE"}}]}}}}],
            "environmentVariables": {{"K": "{KEY}", "W": {{"alicerce_secret": {{"kind": "github-token", "length": 40}}}}}},
            "UserData": {{"Value": "c2stYW50LWFwaTAzLUFBQUFCQkJCQ0NDQ0RERERFRUVFRkZGRg=="}}}}"#
        );
        let doc = redacted(Document::json("t", text.as_str()).unwrap());
        assert_eq!(doc.text.len(), text.len());
        assert!(!doc.text.contains("sk-ant") && !doc.text.contains("c2stYW50") && doc.text.contains(arn));
        let k = doc.root().path(&["Configuration", "Environment", "Variables", "K"]).unwrap();
        assert_eq!(k.as_str(), Some("*".repeat(KEY.len()).as_str()));
        assert_eq!(doc.secret(k.index()).map(|s| s.kind), Some(SecretKind::AnthropicApiKey));
        let l = doc.root().path(&["Configuration", "Environment", "Variables", "L"]).unwrap();
        assert_eq!(l.as_str(), Some("**********"));
        let named = |name: &str, kind: &'static str, length| (name.to_owned(), kind, length);
        let key = named("K", "anthropic-api-key", 37);
        assert_eq!(
            kinds(&doc),
            [
                key.clone(),
                named("L", "plain", 5),
                named("R", "reference", 54),
                named("E", "plain", 0),
                key.clone(),
                key.clone(),
                named("P", "reference", 4),
                key,
                named("W", "github-token", 40),
                named("UserData", "anthropic-api-key", 37),
            ]
        );
        // What is left is still JSON of the same form.
        assert!(Document::json("t", doc.text.clone()).is_ok());
    }

    #[test]
    fn duplicates_escaped_keys_numbers_and_yaml_aliases_do_not_slip_through() {
        let text =
            format!(r#"{{"Environ\u006dent": {{"Variables": {{"A": "{KEY}"}}, "Variables": {{"B": "{KEY}", "N": 123456}}}}}}"#);
        let doc = redacted(Document::json("t", text.as_str()).unwrap());
        assert!(!doc.text.contains("sk-ant") && !doc.text.contains("123456"));
        let text =
            format!("k: &k {KEY}\nEnvironment:\n  Variables:\n    A: *k\n    B: !x '{KEY}'\n    C: |\n      {KEY}\n      é\n");
        let doc = redacted(Document::yaml("t", text.as_str()).unwrap());
        assert!(!doc.text.contains("sk-ant") && !doc.text.contains('é'), "{}", doc.text);
        assert_eq!(doc.text.len(), text.len());
        assert_eq!(
            doc.root().path(&["Environment", "Variables", "A"]).and_then(|n| n.as_str()),
            Some("*".repeat(KEY.len()).as_str())
        );
    }
}
