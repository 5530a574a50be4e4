//! Documents: text turned into a tree in which every key and every value has a byte span.
//!
//! In: the bytes of a file (JSON, YAML, TOML), or a string inside another document that holds JSON (a
//! policy in `PolicyDocument`). Out: a [`Document`] whose nodes are small indices into one flat array.
//! Never: a panic on any input, a silently merged duplicate key, unbounded recursion.

pub(crate) mod control;
mod duplicates;
mod iam_tree;
pub mod json;
pub mod position;
pub mod secret;
mod toml;
pub mod yaml;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

pub use position::LineIndex;
pub use secret::{Secret, SecretKind};

/// Half-open byte range `start..end` in the text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl From<Span> for miette::SourceSpan {
    fn from(span: Span) -> Self {
        let (start, end) = (span.start as usize, span.end as usize);
        (start, end.saturating_sub(start)).into()
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` / `false`.
    Bool(bool),
    /// A number; its text is the node's span.
    Number,
    /// A string, or an object's key.
    String,
    /// A list.
    Array,
    /// A map; keys keep their order, duplicates are kept and reported in [`Document::problems`].
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RawKind {
    Null,
    False,
    True,
    Number,
    String,
    Key,
    Array,
    Object,
    /// A YAML alias; `Tree::aliases` holds its target.
    Alias,
}

/// 16 bytes per node: a large export has ten million of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawNode {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Index just past this node's subtree. A key's subtree is the key alone; its value follows.
    pub(crate) next: u32,
    pub(crate) kind: RawKind,
    /// The string differs from its source slice and stands in `Tree::decoded`.
    pub(crate) decoded: bool,
    /// A YAML tag stands in `Tree::tags`.
    pub(crate) tagged: bool,
}

/// Nodes in pre-order; node 0 is the root. Side tables are sorted by node index.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<RawNode>,
    pub(crate) decoded: Vec<(u32, Box<str>)>,
    pub(crate) tags: Vec<(u32, Box<str>)>,
    pub(crate) aliases: Vec<(u32, u32)>,
    /// Set where the nodes stand for those of another document over the same text.
    pub(crate) translated: Option<Translated>,
    /// Made where a pointer or a parent is asked for.
    pub(crate) wide: position::Wide,
}

/// Where the nodes of a translated tree come from.
#[derive(Debug)]
pub(crate) struct Translated {
    /// The document as the user has it.
    pub(crate) document: Arc<Document>,
    /// For each node the one that it stands for.
    pub(crate) nodes: Vec<u32>,
}

impl Tree {
    /// Gives string nodes texts of their own; `texts` is sorted by node, each node once.
    pub(crate) fn set_decoded(&mut self, texts: Vec<(u32, Box<str>)>) {
        for (idx, _) in &texts {
            if let Some(raw) = self.nodes.get_mut(*idx as usize) {
                raw.decoded = true;
            }
        }
        self.decoded.retain(|(idx, _)| texts.binary_search_by_key(idx, |(i, _)| *i).is_err());
        self.decoded.extend(texts);
        self.decoded.sort_unstable_by_key(|(idx, _)| *idx);
    }
}

/// The language a document was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// RFC 8259 JSON, BOM tolerated.
    Json,
    /// YAML 1.2 core schema, CloudFormation tags kept.
    Yaml,
    /// TOML 1.0.
    Toml,
}

/// Something wrong in a document's text that did not stop its reading (a duplicate key, a trailing
/// comma), or that did (then the tree stops there, see [`ParseError`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable identifier, such as `duplicate-key`.
    pub code: &'static str,
    /// One sentence, lower case.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// A text that could not be read. `span` is always inside the text or at its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Stable identifier, such as `nesting-too-deep`.
    pub code: &'static str,
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// Containers nested deeper than this are refused.
pub const MAX_DEPTH: usize = 256;

/// One text with its tree.
#[derive(Debug)]
pub struct Document {
    /// As the user named it: a path relative to the working directory or to the input, or `<stdin>`.
    pub name: Arc<str>,
    /// The file on disk, where there is one.
    pub path: Option<PathBuf>,
    /// The language.
    pub language: Language,
    /// The whole text (a byte-order mark, if any, is kept so that offsets are the file's).
    pub text: Arc<str>,
    pub(crate) tree: Tree,
    /// What was wrong without stopping the reading.
    pub problems: Vec<Problem>,
    /// Secret-bearing values by node index; each is masked in `text` (see `input::redact`).
    pub secrets: Vec<Secret>,
    /// Set where this document is a string inside another: the outer document and the string's node.
    pub outer: Option<Outer>,
}

/// Where an embedded document stands: the string node of the document that holds it.
#[derive(Debug, Clone)]
pub struct Outer {
    /// The document that holds the string.
    pub document: Arc<Document>,
    /// The string's node in it.
    pub node: u32,
}

impl Document {
    /// Reads JSON.
    ///
    /// # Errors
    /// [`ParseError`] with a span for anything that RFC 8259 does not allow, apart from a byte-order
    /// mark, duplicate keys and trailing commas (these two are reported in `problems`), for nesting
    /// beyond [`MAX_DEPTH`] and for texts of 4 GiB or more.
    pub fn json(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self, ParseError> {
        let text = text.into();
        let (tree, problems) = json::parse(&text)?;
        Ok(Self {
            name: name.into(),
            path: None,
            language: Language::Json,
            text,
            tree,
            problems,
            secrets: Vec::new(),
            outer: None,
        })
    }

    /// Reads YAML (one document).
    ///
    /// # Errors
    /// [`ParseError`] with a span; see [`yaml::parse`].
    pub fn yaml(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self, ParseError> {
        let text = text.into();
        let (tree, problems) = yaml::parse(&text)?;
        Ok(Self {
            name: name.into(),
            path: None,
            language: Language::Yaml,
            text,
            tree,
            problems,
            secrets: Vec::new(),
            outer: None,
        })
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// [`ParseError`] with a span, for what is no TOML and for nesting beyond [`MAX_DEPTH`].
    pub fn toml(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self, ParseError> {
        let text = text.into();
        let tree = toml::parse(&text)?;
        Ok(Self {
            name: name.into(),
            path: None,
            language: Language::Toml,
            text,
            tree,
            problems: Vec::new(),
            secrets: Vec::new(),
            outer: None,
        })
    }

    /// Reads the JSON that stands as a string in `outer` (a policy inside an API answer).
    ///
    /// # Errors
    /// [`ParseError`] whose span is relative to the decoded string.
    pub fn embedded(outer: &Arc<Document>, node: u32) -> Result<Self, ParseError> {
        let text: Arc<str> = Arc::from(outer.node(node).and_then(Node::as_str).unwrap_or_default());
        let (tree, problems) = json::parse(&text)?;
        Ok(Self {
            name: outer.name.clone(),
            path: outer.path.clone(),
            language: Language::Json,
            text,
            tree,
            problems,
            secrets: Vec::new(),
            outer: Some(Outer { document: outer.clone(), node }),
        })
    }

    /// The text of `base` with another tree over it, whose nodes lead back to those of `base`.
    pub(crate) fn translated(base: &Document, tree: Tree) -> Self {
        let from = tree.translated.as_ref().map_or(&[][..], |t| t.nodes.as_slice());
        let mut secrets: Vec<Secret> = from
            .iter()
            .zip(0u32..)
            .filter_map(|(old, new)| base.secret(*old).map(|secret| Secret { node: new, ..secret.clone() }))
            .collect();
        secrets.sort_by_key(|s| s.node);
        Self {
            name: base.name.clone(),
            path: base.path.clone(),
            language: Language::Json,
            text: base.text.clone(),
            tree,
            problems: Vec::new(),
            secrets,
            outer: base.outer.clone(),
        }
    }

    /// The root value.
    pub fn root(&self) -> Node<'_> {
        Node { doc: self, idx: 0 }
    }

    /// The source text of a span; empty where the span is not of this document.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The node with this index, if there is one.
    pub fn node(&self, idx: u32) -> Option<Node<'_>> {
        self.tree.nodes.get(idx as usize).map(|_| Node { doc: self, idx })
    }

    /// The classification of a secret-bearing value, where node `idx` is one.
    pub fn secret(&self, idx: u32) -> Option<&Secret> {
        let at = self.secrets.binary_search_by_key(&idx, |s| s.node).ok()?;
        self.secrets.get(at)
    }

    /// How many nodes (keys count) the tree holds.
    pub fn len(&self) -> usize {
        self.tree.nodes.len()
    }

    /// True for a tree without nodes; a parsed document has at least one.
    pub fn is_empty(&self) -> bool {
        self.tree.nodes.is_empty()
    }

    /// The document in the file on disk that this one stands in, and the span of `span` there.
    /// For a document that is not embedded: itself and `span`.
    pub fn in_file(&self, span: Span) -> (&Document, Span) {
        match &self.outer {
            None => (self, span),
            Some(outer) => {
                let mapped = position::embedded_span(&outer.document, outer.node, span);
                outer.document.in_file(mapped)
            }
        }
    }
}

/// A node of a document: cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    doc: &'d Document,
    idx: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("idx", &self.idx).field("span", &self.span()).finish()
    }
}

const NULL: RawNode = RawNode { start: 0, end: 0, next: 1, kind: RawKind::Null, decoded: false, tagged: false };

impl<'d> Node<'d> {
    fn raw_at(self, idx: u32) -> RawNode {
        self.doc.tree.nodes.get(idx as usize).copied().unwrap_or(NULL)
    }

    fn raw(self) -> RawNode {
        self.raw_at(self.idx)
    }

    /// Follows a YAML alias to the node it names.
    fn target(self) -> Node<'d> {
        if self.raw().kind != RawKind::Alias {
            return self;
        }
        let aliases = &self.doc.tree.aliases;
        match aliases.binary_search_by_key(&self.idx, |(i, _)| *i).ok().and_then(|i| aliases.get(i)) {
            Some((_, to)) => Node { doc: self.doc, idx: *to },
            None => self,
        }
    }

    /// True for a YAML alias, which stands for the node that it names.
    pub fn is_alias(self) -> bool {
        self.raw().kind == RawKind::Alias
    }

    /// The node that an alias names; itself for any other node.
    pub fn resolved(self) -> Node<'d> {
        self.target()
    }

    /// The document this node belongs to.
    pub fn document(self) -> &'d Document {
        self.doc
    }

    /// The node's index in its document: stable, usable with [`Document::node`].
    pub fn index(self) -> u32 {
        self.idx
    }

    /// What it is; an alias is what it names.
    pub fn kind(self) -> Kind {
        match self.target().raw().kind {
            RawKind::Null | RawKind::Alias => Kind::Null,
            RawKind::False => Kind::Bool(false),
            RawKind::True => Kind::Bool(true),
            RawKind::Number => Kind::Number,
            RawKind::String | RawKind::Key => Kind::String,
            RawKind::Array => Kind::Array,
            RawKind::Object => Kind::Object,
        }
    }

    /// Where it stands in the document's text; a string's quotes are part of it.
    pub fn span(self) -> Span {
        let raw = self.raw();
        Span { start: raw.start, end: raw.end }
    }

    /// The YAML tag (`!Ref`, `!Sub`, …) on this node.
    pub fn tag(self) -> Option<&'d str> {
        let node = self.target();
        if !node.raw().tagged {
            return None;
        }
        let tags = &node.doc.tree.tags;
        let at = tags.binary_search_by_key(&node.idx, |(i, _)| *i).ok()?;
        tags.get(at).map(|(_, tag)| &**tag)
    }

    /// The text of a string or key, escapes resolved; `None` for anything else.
    pub fn as_str(self) -> Option<&'d str> {
        let node = self.target();
        let raw = node.raw();
        if !matches!(raw.kind, RawKind::String | RawKind::Key) {
            return None;
        }
        node.scalar_text(raw)
    }

    fn scalar_text(self, raw: RawNode) -> Option<&'d str> {
        if raw.decoded {
            let decoded = &self.doc.tree.decoded;
            let at = decoded.binary_search_by_key(&self.idx, |(i, _)| *i).ok()?;
            return decoded.get(at).map(|(_, text)| &**text);
        }
        let (start, end) = (raw.start as usize, raw.end as usize);
        match self.doc.language {
            Language::Json => self.doc.text.get(start + 1..end.checked_sub(1)?),
            Language::Yaml | Language::Toml => self.doc.text.get(start..end),
        }
    }

    /// The source text of a number.
    pub fn number_text(self) -> Option<&'d str> {
        let node = self.target();
        let raw = node.raw();
        (raw.kind == RawKind::Number).then(|| node.doc.text.get(raw.start as usize..raw.end as usize)).flatten()
    }

    /// A number without fraction or exponent that fits an `i64`.
    pub fn as_i64(self) -> Option<i64> {
        let text = self.number_text()?;
        match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
            (Some(hex), _) => i64::from_str_radix(hex, 16).ok(),
            (_, Some(octal)) => i64::from_str_radix(octal, 8).ok(),
            _ => text.parse().ok(),
        }
    }

    /// Any number.
    pub fn as_f64(self) -> Option<f64> {
        let text = self.number_text()?;
        if text.starts_with("0x") || text.starts_with("0o") {
            // Wider than 53 bits is rounded, as for any other number.
            return self.as_i64().map(|n| n as f64);
        }
        // YAML writes `.inf` and `.nan`; their letters are Rust's.
        if text.ends_with(|c: char| c.is_ascii_alphabetic()) { text.replacen('.', "", 1).parse().ok() } else { text.parse().ok() }
    }

    /// `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// True for `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// A scalar as text, whatever its kind: what a message prints. Containers give `None`.
    pub fn scalar(self) -> Option<Cow<'d, str>> {
        match self.kind() {
            Kind::String => self.as_str().map(Cow::Borrowed),
            Kind::Number => self.number_text().map(Cow::Borrowed),
            Kind::Bool(b) => Some(Cow::Borrowed(if b { "true" } else { "false" })),
            Kind::Null => Some(Cow::Borrowed("null")),
            Kind::Array | Kind::Object => None,
        }
    }

    /// The elements of an array; empty for anything else.
    pub fn items(self) -> Items<'d> {
        let node = self.target();
        let raw = node.raw();
        let (at, end) = if raw.kind == RawKind::Array { (node.idx + 1, raw.next) } else { (0, 0) };
        Items { doc: node.doc, at, end }
    }

    /// The `(key, value)` pairs of an object in their order; empty for anything else.
    pub fn entries(self) -> Entries<'d> {
        let node = self.target();
        let raw = node.raw();
        let (at, end) = if raw.kind == RawKind::Object { (node.idx + 1, raw.next) } else { (0, 0) };
        Entries { doc: node.doc, at, end }
    }

    /// The value of `key`; with duplicate keys the last one, as JSON parsers do.
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.entries().filter(|(k, _)| k.as_str() == Some(key)).last().map(|(_, v)| v)
    }

    /// The key node of `key` in this object: what to underline where the key itself is the matter.
    pub fn key_node(self, key: &str) -> Option<Node<'d>> {
        self.entries().filter(|(k, _)| k.as_str() == Some(key)).last().map(|(k, _)| k)
    }

    /// `get` along a path of keys.
    pub fn path(self, keys: &[&str]) -> Option<Node<'d>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The container this node stands in. Walks from the root.
    pub fn parent(self) -> Option<Node<'d>> {
        position::parent(self.doc, self.idx)
    }

    /// The RFC 6901 JSON pointer of this node. Walks from the root; meant for reports, not for loops.
    pub fn pointer(self) -> String {
        position::pointer(self.doc, self.idx)
    }
}

/// Iterator over an array's elements.
#[derive(Debug, Clone)]
pub struct Items<'d> {
    doc: &'d Document,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;
    fn next(&mut self) -> Option<Node<'d>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { doc: self.doc, idx: self.at };
        self.at = node.raw().next.max(self.at + 1);
        Some(node)
    }
}

/// Iterator over an object's `(key, value)` pairs.
#[derive(Debug, Clone)]
pub struct Entries<'d> {
    doc: &'d Document,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Entries<'d> {
    type Item = (Node<'d>, Node<'d>);
    fn next(&mut self) -> Option<Self::Item> {
        // A key stands alone: its value is the node just after it.
        if self.at + 1 >= self.end {
            return None;
        }
        let key = Node { doc: self.doc, idx: self.at };
        let value = Node { doc: self.doc, idx: self.at + 1 };
        self.at = value.raw().next.max(self.at + 2);
        Some((key, value))
    }
}
