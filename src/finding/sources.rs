//! The texts that findings point into, and the making of locations: nodes become regions here and nowhere else.
//!
//! In: a node of a document (or a byte span of the configuration file). Out: a [`Location`] whose snippet is exactly the
//! text of its region. Never: a region that is larger than a person reads; a whole resource is shown by the line that names it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::position::Positions;
use super::{Finding, Location, Point};
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
    /// How many bytes it has.
    pub bytes: usize,
    mark: u64,
    /// The whole text, shared with the document, and its lines; `None` once it was let go.
    whole: Option<(Arc<str>, Arc<Positions>)>,
}

impl Source {
    fn new(name: &str, text: &Arc<str>) -> Self {
        let whole = Some((text.clone(), Arc::new(Positions::new(text))));
        Self { name: name.to_owned(), bytes: text.len(), mark: mark(text), whole }
    }

    fn is(&self, text: &Arc<str>) -> bool {
        match &self.whole {
            Some((own, _)) => Arc::ptr_eq(own, text) || own == text,
            None => self.bytes == text.len() && self.mark == mark(text),
        }
    }
}

/// Tells texts of one name apart.
fn mark(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Reads a text that was let go, by its name.
type Read = dyn Fn(&str) -> Option<Arc<str>> + Send + Sync;

#[derive(Clone)]
struct Reread(Arc<Read>);

impl std::fmt::Debug for Reread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reread")
    }
}

/// All texts that findings point into; [`Location::source`] indexes them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    list: Vec<Source>,
    /// By name; texts of one name are told apart by content.
    known: HashMap<String, Vec<usize>>,
    reread: Option<Reread>,
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

    /// The whole text of a source; one that was let go is read again. `None` where that fails.
    pub fn text(&self, source: &Source) -> Option<Arc<str>> {
        match &source.whole {
            Some((text, _)) => Some(text.clone()),
            None => self.reread.as_ref().and_then(|reread| (reread.0)(&source.name)).filter(|text| source.is(text)),
        }
    }

    /// Lets go of the texts that can be read again by their names.
    pub(crate) fn rest(&mut self, again: impl Fn(&str) -> bool) {
        self.list.iter_mut().filter(|source| again(&source.name)).for_each(|source| source.whole = None);
    }

    /// How to read a text again.
    pub(crate) fn reread_by(&mut self, read: Arc<Read>) {
        self.reread = Some(Reread(read));
    }

    /// Puts the texts in the order in which the findings point into them.
    pub(crate) fn reorder<'f>(&mut self, findings: impl Iterator<Item = &'f mut Finding>) {
        let mut old: Vec<Option<Source>> = std::mem::take(&mut self.list).into_iter().map(Some).collect();
        let mut new: HashMap<usize, usize> = HashMap::new();
        for finding in findings {
            let related = finding.related.iter_mut().map(|related| &mut related.location);
            for location in finding.locations.iter_mut().chain(related) {
                let at = *new.entry(location.source).or_insert_with(|| {
                    self.list.extend(old.get_mut(location.source).and_then(Option::take));
                    self.list.len().saturating_sub(1)
                });
                location.source = at;
            }
        }
        self.known.clear();
        for (at, source) in self.list.iter().enumerate() {
            self.known.entry(source.name.clone()).or_default().push(at);
        }
    }

    /// The index of a text, which is taken in if it is new.
    fn index(&mut self, name: &str, text: &Arc<str>) -> usize {
        let same = |at: &&usize| self.list.get(**at).is_some_and(|s| s.is(text));
        if let Some(at) = self.known.get(name).and_then(|list| list.iter().find(same)).copied() {
            if let Some(source) = self.list.get_mut(at).filter(|source| source.whole.is_none()) {
                *source = Source::new(name, text);
            }
            return at;
        }
        self.list.push(Source::new(name, text));
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
            let (line, column) =
                self.list.get(source).and_then(|s| s.whole.as_ref()).map_or((1, 1), |(_, p)| p.line_column(text, offset));
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
