//! Positions: byte offsets to lines and columns, embedded strings to their file, nodes to pointers.
//!
//! Computed once and late, for what is reported; nothing here is called while facts are judged.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Document, Kind, Language, Node, Span};

/// Starts of the lines of a text, to turn byte offsets into 1-based lines and columns.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Indexes `text`; lines end at `\n` (a `\r` before it stays part of the line).
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts
            .extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)));
        Self { starts }
    }

    /// 1-based line and 1-based column (in Unicode code points, as SARIF's default) of a byte offset.
    pub fn line_column(&self, text: &str, offset: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|s| *s <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0) as usize;
        let end = (offset as usize).min(text.len());
        let column = text.get(start..end).map_or(0, |s| s.chars().count());
        (u32::try_from(line + 1).unwrap_or(u32::MAX), u32::try_from(column + 1).unwrap_or(u32::MAX))
    }
}

/// Maps a span of the decoded string at `node` to the bytes of the document it stands in.
pub(super) fn embedded_span(outer: &Document, node: u32, inner: Span) -> Span {
    let Some(node) = outer.node(node) else { return inner };
    let whole = node.span();
    if outer.language != Language::Json || node.kind() != Kind::String {
        return whole;
    }
    let Some(raw) = outer.text.get(whole.start as usize + 1..(whole.end as usize).saturating_sub(1)) else { return whole };
    let mut decoded = 0u32;
    let mut start = None;
    let mut chars = raw.char_indices();
    let base = whole.start + 1;
    // JSON begins with no `%`: what does is URL-encoded.
    let percent = raw.starts_with('%');
    while let Some((at, ch)) = chars.next() {
        if start.is_none() && decoded >= inner.start {
            start = Some(at);
        }
        if decoded >= inner.end {
            return Span { start: base + to_u32(start.unwrap_or(at)), end: base + to_u32(at) };
        }
        decoded += match ch {
            '\\' => escape_len(raw, at, &mut chars),
            '%' if percent => {
                chars.nth(1);
                1
            }
            _ => to_u32(ch.len_utf8()),
        };
    }
    Span { start: base + start.map_or(to_u32(raw.len()), to_u32), end: base + to_u32(raw.len()) }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Consumes the rest of the escape that starts at `at` and gives the length of what it stands for.
fn escape_len(raw: &str, at: usize, chars: &mut std::str::CharIndices<'_>) -> u32 {
    let Some((_, kind)) = chars.next() else { return 1 };
    if kind != 'u' {
        return 1;
    }
    let unit = raw.get(at + 2..at + 6).and_then(|h| u32::from_str_radix(h, 16).ok()).unwrap_or(0);
    for _ in 0..4 {
        chars.next();
    }
    match unit {
        0..0x80 => 1,
        0x80..0x800 => 2,
        0xD800..0xDC00 => {
            for _ in 0..6 {
                chars.next();
            }
            4
        }
        _ => 3,
    }
}

/// RFC 6901 pointer of node `idx`.
pub(super) fn pointer(doc: &Document, idx: u32) -> String {
    if let Some(from) = &doc.tree.translated
        && let Some(old) = from.nodes.get(idx as usize)
    {
        return pointer(&from.document, *old);
    }
    let mut out = String::new();
    let mut node = doc.root();
    while node.index() != idx {
        let Some((step, child)) = child_holding(node, idx) else { break };
        out.push('/');
        out.push_str(&step.replace('~', "~0").replace('/', "~1"));
        node = child;
    }
    out
}

/// The container that holds node `idx`; none for the root.
pub(super) fn parent(doc: &Document, idx: u32) -> Option<Node<'_>> {
    let mut node = doc.root();
    loop {
        let (_, child) = child_holding(node, idx)?;
        if child.index() == idx {
            return Some(node);
        }
        node = child;
    }
}

/// The children of containers that have many, so that finding the one that holds a node takes no walk over all:
/// a report of ten thousand findings in one list of roles asks as often.
#[derive(Debug, Default)]
pub(crate) struct Wide(OnceLock<HashMap<u32, Box<[u32]>>>);

/// Containers with fewer children are walked.
const WIDE: usize = 64;

impl Wide {
    /// The children (of an object: the keys) of a container, in their order; `None` for one with few.
    fn children(&self, node: Node<'_>) -> Option<&[u32]> {
        self.0.get_or_init(|| Self::of(node.document())).get(&node.resolved().index()).map(|list| &**list)
    }

    fn of(doc: &Document) -> HashMap<u32, Box<[u32]>> {
        let mut out = HashMap::new();
        for node in (0..to_u32(doc.len())).filter_map(|idx| doc.node(idx)).filter(|node| !node.is_alias()) {
            let many = match node.kind() {
                Kind::Array => node.items().nth(WIDE).is_some(),
                Kind::Object => node.entries().nth(WIDE).is_some(),
                _ => false,
            };
            if many {
                let children = node.items().chain(node.entries().map(|(key, _)| key));
                out.insert(node.index(), children.map(Node::index).collect());
            }
        }
        out
    }
}

/// The child of `node` whose subtree (or whose key) is or holds `idx`.
fn child_holding<'d>(node: Node<'d>, idx: u32) -> Option<(String, Node<'d>)> {
    let doc = node.document();
    let (first, found) = match doc.tree.wide.children(node) {
        // The last child that does not start beyond `idx`.
        Some(children) => {
            let nth = children.partition_point(|child| *child <= idx).checked_sub(1)?;
            (nth, doc.node(*children.get(nth)?))
        }
        None => (0, None),
    };
    let inside = |child: Node<'d>| child.index() <= idx && idx < child.raw().next;
    let holding = |key: Node<'d>, value: Node<'d>| key.index() == idx || inside(value);
    match node.kind() {
        Kind::Array => {
            let child = |(i, c): (usize, Node<'d>)| inside(c).then(|| (i.to_string(), c));
            match found {
                Some(c) => child((first, c)),
                None => node.items().enumerate().find_map(child),
            }
        }
        Kind::Object => {
            let child = |(k, v): (Node<'d>, Node<'d>)| {
                let name = || k.as_str().unwrap_or_default().to_owned();
                holding(k, v).then(|| (name(), if k.index() == idx { k } else { v }))
            };
            match found {
                Some(key) => child((key, doc.node(key.index() + 1)?)),
                None => node.entries().find_map(child),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_children_change_no_pointer() {
        let row = |i: usize| format!(r#"{{"n": [{i}, {{"x": "y"}}], "m": null}}"#);
        let rows: Vec<String> = (0..3 * WIDE).map(row).collect();
        let keys: Vec<String> = (0..2 * WIDE).map(|i| format!(r#""k/{i}": [{i}]"#)).collect();
        let text = format!(r#"{{"rows": [{}], "keys": {{{}}}}}"#, rows.join(","), keys.join(","));
        let doc = Document::json("t", text).unwrap();
        let find = |pointer: &str| {
            pointer.split('/').skip(1).fold(doc.root(), |node, step| match node.kind() {
                Kind::Array => node.items().nth(step.parse().unwrap()).unwrap(),
                _ => node.get(&step.replace("~1", "/").replace("~0", "~")).unwrap(),
            })
        };
        let values = (0..to_u32(doc.len())).filter_map(|idx| doc.node(idx));
        let mut seen = 0;
        for node in values.filter(|n| n.raw().kind != crate::doc::RawKind::Key) {
            assert_eq!(find(&node.pointer()).index(), node.index());
            let parent = node.parent().map(Node::pointer);
            assert_eq!(parent, node.pointer().rsplit_once('/').map(|(up, _)| up.to_owned()));
            seen += 1;
        }
        assert!(seen > 5 * WIDE);
        let key = doc.root().get("keys").unwrap().entries().nth(100).unwrap().0;
        assert_eq!(key.pointer(), "/keys/k~1100");
    }
}
