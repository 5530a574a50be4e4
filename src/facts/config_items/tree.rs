//! A part of a document as the answer of a call: the same text, keys in the API's case, every node where the user has it.
//!
//! In: a node of a document and its API shape. Out: a [`Document`] over the same text whose nodes lead back to theirs.
//! Never: a key that is not understood passed over: the object that holds it is then not known.

use std::sync::Arc;

use super::super::shape::{self, Type};
use crate::doc::{Document, Kind, Node, RawKind, RawNode, Span, Translated, Tree};
use crate::input::percent_decode;

/// The tag of what AWS Config says in words that are not the API's.
pub(super) const UNKNOWN: &str = "!AWSConfig";

type Rename = &'static [(&'static str, &'static str)];

/// Makes the tree of one answer.
#[derive(Debug)]
pub(super) struct Builder {
    base: Arc<Document>,
    tree: Tree,
    from: Vec<u32>,
    rename: Rename,
}

impl Builder {
    pub(super) fn new(base: &Arc<Document>, rename: Rename) -> Self {
        Self { base: base.clone(), tree: Tree::default(), from: Vec::new(), rename }
    }

    /// Opens a container that stands for node `at`.
    pub(super) fn open(&mut self, kind: RawKind, at: Node<'_>) -> usize {
        let Span { start, end } = at.span();
        self.push(RawNode { start, end, next: 0, kind, decoded: false, tagged: false }, at.index())
    }

    /// Closes what was opened.
    pub(super) fn close(&mut self, opened: usize) {
        let next = self.here();
        if let Some(raw) = self.tree.nodes.get_mut(opened) {
            raw.next = next;
        }
    }

    /// A key, standing where `at` does.
    pub(super) fn key(&mut self, name: &str, at: Node<'_>) {
        let Span { start, end } = at.span();
        let idx = self.here();
        self.push(RawNode { start, end, next: idx + 1, kind: RawKind::Key, decoded: true, tagged: false }, at.index());
        self.tree.decoded.push((idx, name.into()));
    }

    /// The entries of an object of a shape, into the object that is open. The first level may hold more than the API
    /// knows; gives whether all was understood.
    pub(super) fn entries(&mut self, object: Node<'_>, shape: &str, drop: &dyn Fn(Node<'_>) -> bool) -> bool {
        let members = shape::lookup(shape).unwrap_or_default();
        let mut understood = true;
        for (key, value) in object.entries() {
            let name = key.as_str().unwrap_or_default();
            let renamed = self.rename.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
            if renamed == Some("") || drop(value) || drop_key(name, drop, value) {
                continue;
            }
            let wanted = renamed.unwrap_or(name);
            let exact = members.iter().find(|m| m.name == wanted);
            let member = exact.or_else(|| {
                let mut fits = members.iter().filter(|m| m.name.eq_ignore_ascii_case(wanted));
                fits.next().filter(|_| fits.next().is_none())
            });
            understood &= member.is_some() || value.is_null();
            self.key(member.map_or(wanted, |m| &m.name), key);
            self.value(value, member.map_or(&Type::Any, |m| &m.ty), drop);
        }
        understood
    }

    /// A value of a type.
    pub(super) fn value(&mut self, node: Node<'_>, ty: &Type, drop: &dyn Fn(Node<'_>) -> bool) {
        match node.kind() {
            // A policy may stand as itself where the API has its text.
            Kind::Object if *ty == Type::String && node.get("Statement").is_none() => match wrapped(node) {
                Some(inner) => self.scalar(inner),
                None => {
                    let opened = self.open(RawKind::Object, node);
                    self.close(opened);
                    self.tag(opened);
                }
            },
            Kind::Object => {
                let opened = self.open(RawKind::Object, node);
                let understood = match ty {
                    Type::Shape(shape) => self.entries(node, shape, drop),
                    other => {
                        let inner = if let Type::Map(inner) = other { inner } else { &Type::Any };
                        for (key, value) in node.entries() {
                            self.key(key.as_str().unwrap_or_default(), key);
                            self.value(value, inner, drop);
                        }
                        true
                    }
                };
                self.close(opened);
                if !understood {
                    self.tag(opened);
                }
            }
            Kind::Array => {
                let opened = self.open(RawKind::Array, node);
                let inner = if let Type::List(inner) = ty { inner.as_ref() } else { &Type::Any };
                for item in node.items() {
                    self.value(item, inner, drop);
                }
                self.close(opened);
                // A list of objects where the API has strings, or the other way about.
                let scalar = |n: Node<'_>| !matches!(n.kind(), Kind::Object | Kind::Array);
                let fits = match inner {
                    Type::Shape(_) => node.items().all(|n| n.kind() == Kind::Object),
                    Type::String => node.items().all(scalar),
                    _ => true,
                };
                if !fits {
                    self.tag(opened);
                }
            }
            _ => self.scalar(node),
        }
    }

    fn scalar(&mut self, node: Node<'_>) {
        let kind = match node.kind() {
            Kind::Bool(true) => RawKind::True,
            Kind::Bool(false) => RawKind::False,
            Kind::Number => RawKind::Number,
            Kind::String => RawKind::String,
            _ => RawKind::Null,
        };
        let opened = self.open(kind, node);
        self.close(opened);
        let Some(text) = node.as_str() else { return };
        // IAM's policies are URL-encoded, as IAM's API has them.
        let decoded = if text.starts_with('%') { percent_decode(text) } else { text.to_owned() };
        if let Some(raw) = self.tree.nodes.get_mut(opened) {
            raw.decoded = true;
        }
        self.tree.decoded.push((u32::try_from(opened).unwrap_or(u32::MAX), decoded.into()));
    }

    fn tag(&mut self, opened: usize) {
        if let Some(raw) = self.tree.nodes.get_mut(opened) {
            raw.tagged = true;
        }
        self.tree.tags.push((u32::try_from(opened).unwrap_or(u32::MAX), UNKNOWN.into()));
    }

    fn here(&self) -> u32 {
        u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, raw: RawNode, from: u32) -> usize {
        self.tree.nodes.push(raw);
        self.from.push(from);
        self.tree.nodes.len().saturating_sub(1)
    }

    /// The document.
    pub(super) fn finish(mut self) -> Document {
        self.tree.tags.sort_unstable_by_key(|(idx, _)| *idx);
        self.tree.translated = Some(Translated { document: self.base.clone(), nodes: self.from });
        Document::translated(&self.base, self.tree)
    }
}

/// `available` of `{"value": "available"}`, as Config writes the state of endpoints, NAT gateways and functions.
fn wrapped(object: Node<'_>) -> Option<Node<'_>> {
    let mut entries = object.entries();
    let (key, value) = entries.next()?;
    let scalar = !matches!(value.kind(), Kind::Object | Kind::Array);
    (key.as_str() == Some("value") && scalar && entries.next().is_none()).then_some(value)
}

/// Environment variables and user data inside a JSON string are masked without their classes: they are not known.
fn drop_key(name: &str, drop: &dyn Fn(Node<'_>) -> bool, value: Node<'_>) -> bool {
    let secret = ["environment", "environmentvariables", "userdata"].iter().any(|s| name.eq_ignore_ascii_case(s));
    secret && value.document().outer.is_some() && !drop(value)
}
