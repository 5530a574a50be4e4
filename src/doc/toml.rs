//! TOML to a flat tree with byte spans, so that `alicerce.toml` can be underlined like any other document.
//!
//! In: a text. Out: tables and inline tables as objects, arrays and arrays of tables as arrays, dates and other scalars
//! with their text. A table's span is its header. Never: a key without its place, unbounded recursion.

use std::ops::Range;

use toml_edit::{Array, Document, Item, Key, TableLike, Value};

use super::{MAX_DEPTH, ParseError, RawKind, RawNode, Span, Tree};

/// Parses a text.
///
/// # Errors
/// For anything that is not TOML 1.0, and for nesting beyond [`MAX_DEPTH`].
pub(super) fn parse(text: &str) -> Result<Tree, ParseError> {
    if u32::try_from(text.len()).is_err() {
        return Err(super::json::too_large());
    }
    let document = Document::parse(text).map_err(|error| {
        let end = to_u32(text.len());
        let span = error.span().map_or(Span { start: 0, end }, |range| span_of(&range));
        ParseError { code: "not-toml", message: error.message().to_owned(), span }
    })?;
    let mut builder = Builder { tree: Tree::default(), decoded: Vec::new() };
    let whole = Span { start: 0, end: to_u32(text.len()) };
    builder.table(document.as_table(), whole, 0)?;
    let Builder { mut tree, decoded } = builder;
    tree.set_decoded(decoded);
    Ok(tree)
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn span_of(range: &Range<usize>) -> Span {
    Span { start: to_u32(range.start), end: to_u32(range.end) }
}

struct Builder {
    tree: Tree,
    decoded: Vec<(u32, Box<str>)>,
}

impl Builder {
    fn push(&mut self, kind: RawKind, span: Span) -> u32 {
        let node = to_u32(self.tree.nodes.len());
        self.tree.nodes.push(RawNode { start: span.start, end: span.end, next: node + 1, kind, decoded: false, tagged: false });
        node
    }

    fn text(&mut self, kind: RawKind, span: Span, text: &str) {
        let node = self.push(kind, span);
        self.decoded.push((node, text.into()));
    }

    fn close(&mut self, node: u32) {
        let next = to_u32(self.tree.nodes.len());
        if let Some(raw) = self.tree.nodes.get_mut(node as usize) {
            raw.next = next;
        }
    }

    fn table(&mut self, table: &dyn TableLike, span: Span, depth: usize) -> Result<(), ParseError> {
        deep_enough(depth, span)?;
        let node = self.push(RawKind::Object, span);
        for (name, item) in table.iter() {
            let key = table.key(name).and_then(Key::span).map_or(span, |range| span_of(&range));
            self.text(RawKind::Key, key, name);
            self.item(item, key, depth + 1)?;
        }
        self.close(node);
        Ok(())
    }

    /// `key` stands for what has no place of its own.
    fn item(&mut self, item: &Item, key: Span, depth: usize) -> Result<(), ParseError> {
        let span = item.span().map_or(key, |range| span_of(&range));
        match item {
            Item::None => {
                self.push(RawKind::Null, span);
            }
            Item::Value(value) => self.value(value, key, depth)?,
            Item::Table(table) => self.table(table, span, depth)?,
            Item::ArrayOfTables(tables) => {
                deep_enough(depth, span)?;
                let node = self.push(RawKind::Array, span);
                for table in tables {
                    let at = table.span().map_or(span, |range| span_of(&range));
                    self.table(table, at, depth + 1)?;
                }
                self.close(node);
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, key: Span, depth: usize) -> Result<(), ParseError> {
        let span = value.span().map_or(key, |range| span_of(&range));
        match value {
            Value::String(text) => self.text(RawKind::String, span, text.value()),
            Value::Datetime(moment) => self.text(RawKind::String, span, &moment.value().to_string()),
            Value::Boolean(flag) => {
                self.push(if *flag.value() { RawKind::True } else { RawKind::False }, span);
            }
            Value::Integer(_) | Value::Float(_) => {
                self.push(RawKind::Number, span);
            }
            Value::Array(array) => self.array(array, span, depth)?,
            Value::InlineTable(table) => self.table(table, span, depth)?,
        }
        Ok(())
    }

    fn array(&mut self, array: &Array, span: Span, depth: usize) -> Result<(), ParseError> {
        deep_enough(depth, span)?;
        let node = self.push(RawKind::Array, span);
        for value in array {
            self.value(value, span, depth + 1)?;
        }
        self.close(node);
        Ok(())
    }
}

fn deep_enough(depth: usize, span: Span) -> Result<(), ParseError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    let message = format!("tables and arrays are nested deeper than {MAX_DEPTH}");
    Err(ParseError { code: "nesting-too-deep", message, span })
}
