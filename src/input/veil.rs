//! Secrets that tell themselves by their form are hidden wherever they stand: in a description, a tag, a prompt, a policy.
//!
//! In: texts and documents. Out: the same without them. Never: a form that reaches over the quotes of a JSON string, so that what was
//! JSON stays JSON. Forms and sources are those of [`super::classify`]; ids of access keys are names, and stay.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::classify;
use crate::doc::{Document, Kind, Language};

/// Each form; of a URL only its first group goes, the password.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // From its first line to its last; without a last one as far as it may be one. In JSON its ends of lines are `\n`.
        r#"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^"]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|(?:[A-Za-z0-9+/=]|\s|\\[nrt])*)"#,
        r"sk-ant-[A-Za-z0-9_-]{16,}",
        r"ABSK[A-Za-z0-9+/=]{40,}",
        r"bedrock-api-key-[A-Za-z0-9+/=]{16,}",
        r"gh[pousr]_[A-Za-z0-9]{36,}",
        r"github_pat_[A-Za-z0-9_]{50,}",
        r#"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@"'\\,;{}<>]*:([^\s/@"\\]+)@[^\s/@"]"#,
    ]
    .into_iter()
    .filter_map(|form| Regex::new(form).ok())
    .collect()
});

/// Where the text holds secrets, in order, none inside another.
fn places(text: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for form in FORMS.iter() {
        for found in form.captures_iter(text) {
            let Some(place) = found.get(1).or_else(|| found.get(0)) else { continue };
            if found.get(1).is_none() || classify::is_password(place.as_str()) {
                out.push(place.range());
            }
        }
    }
    out.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut end = 0;
    out.retain(|place| {
        let apart = place.start >= end;
        end = end.max(place.end);
        apart
    });
    out
}

/// The text with `***` in place of each secret; `None` where it holds none.
#[cfg(feature = "live")]
pub(crate) fn veiled(text: &str) -> Option<String> {
    let places = places(text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in &places {
        out.push_str(text.get(at..place.start).unwrap_or_default());
        out.push_str("***");
        at = place.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (!places.is_empty()).then_some(out)
}

/// The text with each secret's characters overwritten; its length and its lines stay.
fn starred(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for place in places(text) {
        for byte in bytes.get_mut(place).unwrap_or_default() {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Overwrites what a document holds of them, in its text and in its tree.
pub(super) fn veil(document: &mut Document) {
    let text_has = !places(&document.text).is_empty();
    // What is written with escapes stands in the tree only.
    let escaped = |text: &str| text.contains("\\u") || text.contains("\\/");
    if !text_has && !escaped(&document.text) {
        return;
    }
    let told = |idx: &u32| {
        let Some(node) = document.node(*idx).filter(|node| node.kind() == Kind::String) else { return false };
        let written = document.text.get(node.span().start as usize..node.span().end as usize).unwrap_or_default();
        (text_has || escaped(written)) && node.as_str().is_some_and(|text| !places(text).is_empty())
    };
    let nodes: Vec<u32> = (0..u32::try_from(document.len()).unwrap_or(u32::MAX)).filter(told).collect();
    if !text_has && nodes.is_empty() {
        return;
    }
    let mut text = starred(&document.text).into_bytes();
    let mut texts = Vec::with_capacity(nodes.len());
    for idx in nodes {
        let Some(node) = document.node(idx) else { continue };
        let own = node.as_str().unwrap_or_default();
        let range = node.span().start as usize..node.span().end as usize;
        let now = text.get(range.clone()).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        let same = document.text.get(range.clone()) == Some(&*now);
        if same && !now.is_empty() {
            // Nothing of it was found as it is written: the whole of it goes.
            let quotes = usize::from(now.starts_with(['"', '\'']));
            for byte in text.get_mut(range.start + quotes..range.end.saturating_sub(quotes)).unwrap_or_default() {
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b'*';
                }
            }
            texts.push((idx, "*".repeat(now.len() - 2 * quotes).into_boxed_str()));
        } else {
            // What is inside a string is found again by its place, so that both have to agree.
            let read = (document.language == Language::Json).then(|| serde_json::from_str::<String>(&now).ok()).flatten();
            texts.push((idx, read.unwrap_or_else(|| starred(own)).into_boxed_str()));
        }
    }
    document.tree.set_decoded(texts);
    document.text = String::from_utf8_lossy(&text).into_owned().into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Node;

    /// Put together here, so that no scanner of secrets takes this file for one that holds some.
    fn secrets() -> Vec<String> {
        vec![
            format!("sk-ant-{}", "api03-aBcDeFgHiJkLmNoPqRsT"),
            format!("ghp_{}", "abcdefghijABCDEFGHIJ0123456789abcdef"),
            format!("ABSK{}", "QmVkcm9ja0FQSUtleS1hYmNkLWF0LTExMTEyMjIyMzMzMzpx"),
            format!("bedrock-api-key-{}", "YmVkcm9jay5hbWF6b25hd3M="),
            format!("-----BEGIN RSA PRIVATE{}", " KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----"),
        ]
    }

    #[test]
    #[cfg(feature = "live")]
    fn what_tells_itself_goes_wherever_it_stands() {
        for secret in secrets() {
            assert_eq!(veiled(&format!("the key is {secret}.")).as_deref(), Some("the key is ***."), "{secret}");
            assert_eq!(veiled(&secret).as_deref(), Some("***"));
        }
        let url = format!("https://hook:{}@hooks.internal/x", "s3cr3t-pw");
        assert_eq!(veiled(&url).as_deref(), Some("https://hook:***@hooks.internal/x"));
        assert_eq!(veiled(&format!("-----BEGIN PRIVATE{}", " KEY-----\nMII")).as_deref(), Some("***"));
    }

    #[test]
    fn what_is_none_stays() {
        let nested =
            r#"{"Statement": [{"Condition": {"StringLike": {"a": "http://b", "c": "x@y", "d": ["https://h:80", "e@f"]}}}]}"#;
        for plain in [
            "",
            "***",
            "arn:aws:iam::111122223333:role/x",
            "https://hooks.internal:8443/x@y",
            "AKIAIOSFODNN7EXAMPLE",
            "https://user:${PASSWORD}@host",
            "https://user:***@host",
            nested,
        ] {
            assert!(places(plain).is_empty(), "{plain}");
        }
    }

    #[test]
    fn a_document_has_none_in_its_text_nor_in_its_tree() {
        for secret in secrets() {
            let inner = serde_json::json!({"Description": secret, "n": 1}).to_string();
            let value = serde_json::json!({"a": format!("so {secret} it is"), "policy": inner, "b": "é"});
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let mut document = Document::json("t", text.as_str()).unwrap();
                veil(&mut document);
                let ours = |text: &str| places(text).is_empty() && !text.contains("MII");
                assert!(ours(&document.text), "{}", document.text);
                assert_eq!(document.text.len(), text.len());
                let a = document.root().get("a").and_then(Node::as_str).unwrap().to_owned();
                assert!(ours(&a) && a.starts_with("so *") && a.ends_with("* it is"), "{a}");
                assert!(Document::json("t", document.text.clone()).is_ok());
                let at = document.root().get("policy").unwrap().index();
                let document = std::sync::Arc::new(document);
                let inner = Document::embedded(&document, at).unwrap();
                assert_eq!(inner.root().get("n").and_then(Node::as_i64), Some(1));
                assert!(ours(&inner.text), "{}", inner.text);
                let (_, span) = inner.in_file(inner.root().get("n").unwrap().span());
                assert_eq!(document.text.get(span.start as usize..span.end as usize), Some("1"));
            }
        }
    }

    #[test]
    fn escapes_hide_nothing() {
        let text = format!(r#"{{"a": "\u0073{}"}}"#, "k-ant-api03-aBcDeFgHiJkLmNoPqRsT");
        let mut document = Document::json("t", text.as_str()).unwrap();
        veil(&mut document);
        assert!(
            !document.text.contains("ant-api03") && document.root().get("a").and_then(Node::as_str).unwrap().starts_with('*')
        );
        let text = format!("a: sk-ant-{}\nb: |\n  x\n", "api03-aBcDeFgHiJkLmNoPqRsT");
        let mut document = Document::yaml("t", text.as_str()).unwrap();
        veil(&mut document);
        assert!(!document.text.contains("api03") && document.text.contains("b: |"));
        assert_eq!(document.root().get("b").and_then(Node::as_str), Some("x\n"));
    }
}
