//! Positions: byte offsets to lines and columns, embedded strings to their file, nodes to pointers.
//!
//! Computed once and late, for what is reported; nothing here is called while facts are judged.

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
    while let Some((at, ch)) = chars.next() {
        if start.is_none() && decoded >= inner.start {
            start = Some(at);
        }
        if decoded >= inner.end {
            return Span { start: base + to_u32(start.unwrap_or(at)), end: base + to_u32(at) };
        }
        decoded += if ch == '\\' { escape_len(raw, at, &mut chars) } else { to_u32(ch.len_utf8()) };
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

/// The child of `node` whose subtree (or whose key) is or holds `idx`.
fn child_holding<'d>(node: Node<'d>, idx: u32) -> Option<(String, Node<'d>)> {
    let inside = |child: Node<'d>| child.index() <= idx && idx < child.raw().next;
    match node.kind() {
        Kind::Array => node.items().enumerate().find(|(_, c)| inside(*c)).map(|(i, c)| (i.to_string(), c)),
        Kind::Object => node.entries().find(|(k, v)| k.index() == idx || inside(*v)).map(|(k, v)| {
            let name = k.as_str().unwrap_or_default().to_owned();
            (name, if k.index() == idx { k } else { v })
        }),
        _ => None,
    }
}
