//! The texts that findings point into, and the making of locations: nodes become regions here and nowhere else.
//!
//! In: a node of a document (or a byte span of the configuration file). Out: a [`Location`] whose snippet is exactly the
//! text of its region. Never: a region that is larger than a person reads; a whole resource is shown by the line that names it.

use std::collections::HashMap;
use std::sync::Arc;

use super::position::Positions;
use super::{Location, Point};
use crate::doc::{Document, Kind, Node, Span};

/// Regions are cut to this many bytes.
const LONGEST: usize = 400;
/// A container up to this size, on one line, is shown whole.
const WHOLE: usize = 160;

/// One text that findings point into.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user named it.
    pub name: String,
    /// The whole text, shared with the document.
    pub text: Arc<str>,
    positions: Arc<Positions>,
}

/// All texts that findings point into; [`Location::source`] indexes them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    list: Vec<Source>,
    /// By name; texts of one name are told apart by content.
    known: HashMap<String, Vec<usize>>,
}

impl Sources {
    /// The texts in the order in which they were first pointed into.
    pub fn all(&self) -> &[Source] {
        &self.list
    }

    /// The text that a location points into.
    pub fn get(&self, location: &Location) -> Option<&Source> {
        self.list.get(location.source)
    }

    /// The index of a text, which is taken in if it is new.
    fn index(&mut self, name: &str, text: &Arc<str>) -> usize {
        let same = |at: &&usize| self.list.get(**at).is_some_and(|s| Arc::ptr_eq(&s.text, text) || s.text == *text);
        if let Some(at) = self.known.get(name).and_then(|list| list.iter().find(same)) {
            return *at;
        }
        let positions = Arc::new(Positions::new(text));
        self.list.push(Source { name: name.to_owned(), text: text.clone(), positions });
        let at = self.list.len() - 1;
        self.known.entry(name.to_owned()).or_default().push(at);
        at
    }

    /// The region of a node. `names` are the subject's name and identity: a large object is shown by the field that holds one of them.
    pub fn node(&mut self, node: Node<'_>, names: &[&str]) -> Location {
        let doc = node.document();
        let (file, span) = doc.in_file(telling_span(node, names));
        let text = file.text.clone();
        let name = file.name.clone();
        let mut location = self.span(&name, &text, span);
        location.pointer = pointer(doc, node.index());
        location
    }

    /// The region of a byte span of any text, cut to a readable length.
    pub fn span(&mut self, name: &str, text: &Arc<str>, span: Span) -> Location {
        let source = self.index(name, text);
        let bytes = readable(text, span);
        let snippet = text.get(bytes.start as usize..bytes.end as usize).unwrap_or_default().to_owned();
        let point = |offset| {
            let (line, column) = self.list.get(source).map_or((1, 1), |s| s.positions.line_column(text, offset));
            Point { line, column }
        };
        Location {
            source,
            file: name.to_owned(),
            pointer: String::new(),
            start_byte: bytes.start,
            end_byte: bytes.end,
            start: point(bytes.start),
            end: point(bytes.end),
            snippet,
        }
    }
}

/// A pointer through embedded documents: those of the outer and the inner document joined by `#`.
fn pointer(doc: &Document, idx: u32) -> String {
    let own = doc.node(idx).map(Node::pointer).unwrap_or_default();
    match &doc.outer {
        None => own,
        Some(outer) => format!("{}#{own}", pointer(&outer.document, outer.node)),
    }
}

/// Cuts a span at the first line's end where it is long, always at a character's border and inside the text.
fn readable(text: &str, span: Span) -> Span {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start as usize);
    let mut end = floor(span.end as usize).max(start);
    if end - start > LONGEST {
        end = floor(start + LONGEST);
        let line = text.get(start..end).and_then(|s| s.find('\n'));
        end = line.filter(|at| *at > 0).map_or(end, |at| start + at);
    }
    let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { start: to_u32(start), end: to_u32(end) }
}

/// What to underline for a node: itself, or for a large container the field that says which one it is.
fn telling_span(node: Node<'_>, names: &[&str]) -> Span {
    let span = node.span();
    let text = &node.document().text;
    let own = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    if own.len() <= WHOLE && !own.contains('\n') {
        return span;
    }
    match node.kind() {
        Kind::Object => {
            let field = naming_field(node, names).or_else(|| node.entries().next());
            field.map_or(span, |(k, v)| match v.kind() {
                Kind::Object | Kind::Array => k.span(),
                _ => Span { start: k.span().start, end: v.span().end },
            })
        }
        Kind::Array => node.items().next().map_or(span, |first| match first.kind() {
            Kind::Array => Span { start: span.start, end: span.start + 1 },
            _ => telling_span(first, names),
        }),
        _ => span,
    }
}

fn naming_field<'d>(node: Node<'d>, names: &[&str]) -> Option<(Node<'d>, Node<'d>)> {
    let scalars = || node.entries().filter(|(_, v)| v.as_str().is_some());
    names
        .iter()
        .find_map(|name| scalars().find(|(_, v)| v.as_str() == Some(name)))
        .or_else(|| scalars().find(|(k, _)| k.as_str() == Some("Sid")))
        .or_else(|| scalars().find(|(k, _)| k.as_str().is_some_and(|k| k.ends_with("Name") || k.ends_with("Id"))))
}
