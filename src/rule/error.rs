//! What is wrong in a rule's file, as a diagnostic with the file, the line, the column and an underline.
//!
//! In: a document, a node of it, a place in that node's text. Out: [`RuleError`]. Places in block scalars
//! and quoted strings are mapped from the decoded text to the bytes of the file.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource};

use super::ast::{Fault, Place};
use crate::doc::control::same_length;
use crate::doc::{Document, LineIndex, Node, Span};

/// One thing wrong in a rule's file.
#[derive(Clone, thiserror::Error, Diagnostic)]
#[error("{message}")]
#[diagnostic(code("rule"))]
pub struct RuleError {
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// What to write instead, where that is known.
    #[help]
    pub help: Option<String>,
    /// The file's name as it was given.
    pub file: Arc<str>,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
    /// The place in the file's text.
    #[label]
    pub span: Span,
    #[source_code]
    text: Arc<NamedSource<Arc<str>>>,
}

impl RuleError {
    /// An error at a span of a document.
    pub fn new(document: &Document, span: Span, message: impl Into<String>, help: Option<String>) -> Self {
        Self::in_text(&document.name, &document.text, span, message, help)
    }

    /// An error in a text that did not become a document.
    pub fn in_text(file: &Arc<str>, text: &Arc<str>, span: Span, message: impl Into<String>, help: Option<String>) -> Self {
        let (line, column) = LineIndex::new(text).line_column(text, span.start);
        let text = Arc::new(NamedSource::new(&**file, Arc::from(same_length(text))).with_language("yaml"));
        Self { message: message.into(), help, file: file.clone(), line, column, span, text }
    }

    /// A fault in the expression or template that stands at `node`.
    pub fn fault(node: Node<'_>, fault: Fault) -> Self {
        Self::new(node.document(), in_file(node, fault.at), fault.message, fault.help)
    }

    /// `file:line:column: message (help)`
    pub fn one_line(&self) -> String {
        let help = self.help.as_ref().map_or_else(String::new, |h| format!(" ({h})"));
        format!("{}:{}:{}: {}{help}", self.file, self.line, self.column, self.message)
    }
}

impl fmt::Debug for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.one_line())
    }
}

/// All that is wrong with a pack, as one diagnostic.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{} cannot be used: {} error(s)", self.what, self.errors.len())]
pub struct RuleErrors {
    /// What was read.
    pub what: String,
    /// Everything that is wrong with it; never empty.
    #[related]
    pub errors: Vec<RuleError>,
}

/// Maps a place in the decoded text of a string node to the file.
///
/// Decoded and written text are walked side by side; white space differs freely between the two (indents,
/// folded lines), everything else must agree, else the whole string is meant.
pub fn in_file(node: Node<'_>, place: Place) -> Span {
    let whole = node.span();
    let text = &node.document().text;
    let (Some(decoded), Some(raw)) = (node.as_str(), text.get(whole.start as usize..whole.end as usize)) else { return whole };
    let from = header(raw);
    let map = |offset: u32| align(decoded, raw, from, offset as usize).and_then(|at| u32::try_from(at).ok());
    let (Some(start), Some(last)) = (map(place.start), map(place.end.saturating_sub(1).max(place.start))) else { return whole };
    let length = raw.get(last as usize..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
    Span { start: whole.start + start, end: whole.start + last + u32::try_from(length).unwrap_or(0) }
}

/// The bytes before the text: a quote, or a block scalar's `|-` line.
fn header(raw: &str) -> usize {
    match raw.chars().next() {
        Some('"' | '\'') => 1,
        Some('|' | '>') => raw.find('\n').map_or(0, |i| i + 1),
        _ => 0,
    }
}

/// The byte of `raw` that the byte `offset` of `decoded` stands at.
fn align(decoded: &str, raw: &str, from: usize, offset: usize) -> Option<usize> {
    let mut rest = raw.char_indices().skip_while(|(i, _)| *i < from).peekable();
    let visible = |c: char| !c.is_whitespace();
    for (at, c) in decoded.char_indices().filter(|(_, c)| visible(*c)) {
        while rest.peek().is_some_and(|(_, r)| *r != c && (r.is_whitespace() || *r == '\\')) {
            rest.next();
        }
        let (here, r) = rest.peek().copied()?;
        if at >= offset {
            return Some(here);
        }
        if r != c {
            return None;
        }
        rest.next();
        // `''` in single quotes stands for one.
        if c == '\'' && raw.starts_with('\'') {
            rest.next_if(|(_, r)| *r == '\'');
        }
    }
    (offset >= decoded.trim_end().len()).then(|| raw.trim_end().len().max(from).min(raw.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_in_decoded_text_are_found_as_written() {
        for (raw, decoded) in [
            ("it.a == b", "it.a == b"),
            ("|\n    it.a\n    == b\n", "it.a\n== b\n"),
            (">-\n  it.a\n  == b", "it.a == b"),
            ("\"it.a == \\\"b\\\"\"", "it.a == \"b\""),
            ("'it.a == ''b'''", "it.a == 'b'"),
        ] {
            let offset = decoded.find('b').unwrap();
            let at = align(decoded, raw, header(raw), offset).unwrap();
            assert_eq!(raw.get(at..=at).unwrap(), "b", "{raw}");
            let at = align(decoded, raw, header(raw), 0).unwrap();
            assert_eq!(raw.get(at..at + 2).unwrap(), "it", "{raw}");
        }
    }
}
