//! Secrets in documents that stand as JSON in strings, as in the answers of AWS Config's queries.
//!
//! In: a document. Out: the same with the values of secret-bearing places inside its strings overwritten, so that no
//! snippet shows them, and what cannot be read at all overwritten as a whole. Their classes are not kept; who reads the inner documents takes them as not collected.

use std::ops::Range;
use std::sync::Arc;

use super::{config_items, redact};
use crate::doc::{Document, Kind, Node, ParseError, SecretKind, Span};

/// Masks what stands inside strings; gives the document as it is where there is nothing to mask.
///
/// # Errors
/// [`ParseError`] where the masked text is no JSON any more.
pub(crate) fn embedded(document: Document) -> Result<Document, ParseError> {
    let document = Arc::new(document);
    let mut bytes = document.text.as_bytes().to_vec();
    for range in unreadable(&document).into_iter().map(|node| node.start as usize + 1..(node.end as usize).saturating_sub(1)) {
        bytes.get_mut(range).unwrap_or_default().fill(b'*');
    }
    let masked_whole = bytes != document.text.as_bytes();
    let ranges: Vec<Range<usize>> = (0..u32::try_from(document.len()).unwrap_or(u32::MAX))
        .filter(|idx| document.node(*idx).is_some_and(|n| n.kind() == Kind::String && opens(n.as_str().unwrap_or_default())))
        .flat_map(|idx| inside(&document, idx))
        .collect();
    if ranges.is_empty() && !masked_whole {
        return Arc::try_unwrap(document).or_else(|shared| Document::json(shared.name.clone(), shared.text.clone()));
    }
    for range in ranges {
        let own = bytes.get_mut(range).unwrap_or_default();
        let whole = own.len();
        let masked = match quoted(own) {
            Some(value) => own.get_mut(value),
            None if own.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') => Some(&mut *own),
            None => None,
        };
        let Some(masked) = masked else { continue };
        // A number stays one, so that the text stays JSON.
        let with = if masked.len() == whole { b'1' } else { b'*' };
        masked.fill(with);
    }
    let mut masked = Document::json(document.name.clone(), String::from_utf8_lossy(&bytes).into_owned())?;
    masked.path.clone_from(&document.path);
    masked.secrets.clone_from(&document.secrets);
    Ok(masked)
}

/// Where strings stand that ought to be JSON and are none, so that nobody knows what in them is a secret.
fn unreadable(document: &Arc<Document>) -> Vec<Span> {
    let broken = |idx: &u32| Document::embedded(document, *idx).is_err();
    let found = config_items::strings(document).into_iter().filter(broken);
    found.filter_map(|idx| document.node(idx)).map(Node::span).collect()
}

/// What stands between the quotes of a string that is itself inside one or more strings: `\"…\"`, `\\\"…\\\"`.
fn quoted(own: &[u8]) -> Option<Range<usize>> {
    let start = own.iter().position(|b| *b != b'\\').filter(|at| own.get(*at) == Some(&b'"'))? + 1;
    let before = own.strip_suffix(b"\"")?;
    let end = before.iter().rposition(|b| *b != b'\\')? + 1;
    (start > 1 && start < end).then_some(start..end)
}

fn opens(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The ranges of `outer`'s text that hold secrets of the JSON in the string `idx`.
fn inside(outer: &Arc<Document>, idx: u32) -> Vec<Range<usize>> {
    let Ok(inner) = Document::embedded(outer, idx) else { return Vec::new() };
    let inner = Arc::new(inner);
    let deeper = (0..u32::try_from(inner.len()).unwrap_or(u32::MAX))
        .filter(|at| inner.node(*at).is_some_and(|n| n.kind() == Kind::String && opens(n.as_str().unwrap_or_default())))
        .flat_map(|at| inside_twice(&inner, at));
    let unreadable =
        unreadable(&inner).into_iter().map(|span| inner.in_file(span).1).map(|span| span.start as usize..span.end as usize);
    own(&inner).into_iter().chain(deeper).chain(unreadable).collect()
}

/// One level more: `configuration` itself may be a string.
fn inside_twice(outer: &Arc<Document>, idx: u32) -> Vec<Range<usize>> {
    Document::embedded(outer, idx).map(|inner| own(&inner)).unwrap_or_default()
}

/// The ranges of the file that hold secrets of a document.
fn own(inner: &Document) -> Vec<Range<usize>> {
    let mut copy = match Document::json(inner.name.clone(), inner.text.clone()) {
        Ok(copy) => copy,
        Err(_) => return Vec::new(),
    };
    redact::redact(&mut copy);
    copy.secrets
        .iter()
        .filter(|s| s.kind != SecretKind::Reference && s.length > 0)
        .filter_map(|s| inner.node(s.node))
        .map(|node| inner.in_file(node.span()).1)
        .map(|span| span.start as usize..span.end as usize)
        .collect()
}
