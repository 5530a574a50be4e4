//! JSON to a flat tree with byte spans.
//!
//! Strict RFC 8259 with two tolerances that are reported, never silent: duplicate keys and trailing
//! commas. A byte-order mark is skipped. Depth is bounded by [`MAX_DEPTH`]; no recursion.

use super::{MAX_DEPTH, ParseError, Problem, RawKind, RawNode, Span, Tree, duplicates};

/// Parses a whole text.
pub(crate) fn parse(text: &str) -> Result<(Tree, Vec<Problem>), ParseError> {
    let mut parser = Parser::new(text)?;
    parser.run()?;
    Ok((parser.tree, parser.problems))
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tree: Tree,
    problems: Vec<Problem>,
    /// Indices of the open containers.
    open: Vec<u32>,
}

/// What the grammar allows next.
enum Expect {
    Value,
    FirstOrEnd,
    CommaOrEnd,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, ParseError> {
        if u32::try_from(text.len()).is_err() {
            return Err(too_large());
        }
        let bytes = text.as_bytes();
        // An upper bound on nodes that is cheap to count, so that the tree is allocated once.
        let bound = bytes.iter().filter(|b| matches!(b, b',' | b':' | b'[' | b'{')).count() + 2;
        let tree = Tree { nodes: Vec::with_capacity(bound), ..Tree::default() };
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Ok(Self { text, bytes, at, tree, problems: Vec::new(), open: Vec::new() })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn error(&self, code: &'static str, message: impl Into<String>, start: usize, end: usize) -> ParseError {
        // Whole characters, so that the place can be printed.
        let (mut start, mut end) = (start.min(self.text.len()), end.min(self.text.len()));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        ParseError { code, message: message.into(), span: span(start, end) }
    }

    /// Names what stands at the cursor, for a message.
    fn found(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => "the text ends".into(),
            Some(c) if c.is_control() => format!("the control character U+{:04X} stands", u32::from(c)),
            Some(c) => format!("`{c}` stands"),
        }
    }

    fn unexpected(&self, wanted: &str) -> ParseError {
        let code = if self.at >= self.bytes.len() { "unexpected-end" } else { "unexpected-character" };
        self.error(code, format!("{} where {wanted} was expected", self.found()), self.at, self.at + 1)
    }

    fn run(&mut self) -> Result<(), ParseError> {
        let mut expect = Expect::Value;
        loop {
            self.skip_space();
            expect = match expect {
                Expect::Value => self.value()?,
                Expect::FirstOrEnd => self.first_or_end()?,
                Expect::CommaOrEnd => {
                    if self.open.is_empty() {
                        if self.at < self.bytes.len() {
                            return Err(self.unexpected("the end of the document"));
                        }
                        return Ok(());
                    }
                    self.comma_or_end()?
                }
            };
        }
    }

    fn in_object(&self) -> bool {
        self.open.last().and_then(|i| self.tree.nodes.get(*i as usize)).is_some_and(|n| n.kind == RawKind::Object)
    }

    fn closer(&self) -> u8 {
        if self.in_object() { b'}' } else { b']' }
    }

    fn first_or_end(&mut self) -> Result<Expect, ParseError> {
        if self.peek() == Some(self.closer()) {
            self.close();
            return Ok(Expect::CommaOrEnd);
        }
        self.element()
    }

    fn element(&mut self) -> Result<Expect, ParseError> {
        if self.in_object() {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            self.string(RawKind::Key)?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
        }
        Ok(Expect::Value)
    }

    fn comma_or_end(&mut self) -> Result<Expect, ParseError> {
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(self.closer()) {
                    self.problems.push(Problem {
                        code: "trailing-comma",
                        message: "a comma stands after the last element, which JSON does not allow".into(),
                        span: span(comma, comma + 1),
                    });
                    self.close();
                    return Ok(Expect::CommaOrEnd);
                }
                self.element()
            }
            Some(b) if b == self.closer() => {
                self.close();
                Ok(Expect::CommaOrEnd)
            }
            _ => Err(self.unexpected(if self.in_object() { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    fn push(&mut self, kind: RawKind, start: usize, end: usize, decoded: bool) -> u32 {
        let idx = to_u32(self.tree.nodes.len());
        self.tree.nodes.push(RawNode { start: to_u32(start), end: to_u32(end), next: idx + 1, kind, decoded, tagged: false });
        idx
    }

    fn open(&mut self, kind: RawKind) -> Result<Expect, ParseError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(
                "nesting-too-deep",
                format!("containers are nested more than {MAX_DEPTH} deep"),
                self.at,
                self.at + 1,
            ));
        }
        let idx = self.push(kind, self.at, self.at + 1, false);
        self.open.push(idx);
        self.at += 1;
        Ok(Expect::FirstOrEnd)
    }

    fn close(&mut self) {
        self.at += 1;
        let next = to_u32(self.tree.nodes.len());
        let Some(idx) = self.open.pop() else { return };
        if let Some(node) = self.tree.nodes.get_mut(idx as usize) {
            node.end = to_u32(self.at);
            node.next = next;
            if node.kind == RawKind::Object {
                duplicates::report(&self.tree, self.text, idx, true, &mut self.problems);
            }
        }
    }

    fn value(&mut self) -> Result<Expect, ParseError> {
        match self.peek() {
            Some(b'{') => return self.open(RawKind::Object),
            Some(b'[') => return self.open(RawKind::Array),
            Some(b'"') => self.string(RawKind::String)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", RawKind::True)?,
            Some(b'f') => self.word("false", RawKind::False)?,
            Some(b'n') => self.word("null", RawKind::Null)?,
            _ => return Err(self.unexpected("a value")),
        }
        Ok(Expect::CommaOrEnd)
    }

    fn word(&mut self, word: &str, kind: RawKind) -> Result<(), ParseError> {
        let start = self.at;
        if !self.text.get(start..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        self.push(kind, start, self.at, false);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.error(
                    "leading-zero",
                    "a number has a leading zero, which JSON does not allow",
                    start,
                    self.at + 1,
                ));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(RawKind::Number, start, self.at, false);
        Ok(())
    }

    fn string(&mut self, kind: RawKind) -> Result<(), ParseError> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.peek() {
                None => {
                    return Err(self.error("unterminated-string", "a string is not closed before the text ends", start, self.at));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..=0x1f) => {
                    let what = self.found();
                    return Err(self.error("control-character", format!("{what} unescaped in a string"), self.at, self.at + 1));
                }
                Some(_) => self.at += 1,
            }
        }
        let end = self.at;
        self.at += 1;
        let idx = self.push(kind, start, end + 1, escaped);
        if escaped {
            let raw = self.text.get(start + 1..end).unwrap_or_default();
            let text = unescape(raw).map_err(|at| {
                let at = start + 1 + at;
                self.error("invalid-escape", "a `\\` escape in a string is not one that JSON knows", at, at + 2)
            })?;
            self.tree.decoded.push((idx, text.into_boxed_str()));
        }
        Ok(())
    }
}

/// At most 60 characters of user text for a message.
pub(crate) fn shorten(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// Spans are 32-bit.
pub(super) fn too_large() -> ParseError {
    ParseError {
        code: "too-large",
        message: "the text is 4 GiB or larger, which is more than one document may hold".into(),
        span: Span { start: 0, end: 0 },
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: to_u32(start), end: to_u32(end.max(start)) }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Resolves escapes; the error is the byte offset of the bad one. A lone surrogate becomes U+FFFD.
fn unescape(raw: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let offset = raw.len() - rest.len() + at;
        out.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at + 1..).unwrap_or_default();
        let (ch, used) = escape(tail).ok_or(offset)?;
        out.push(ch);
        rest = tail.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(out)
}

/// The character that the escape after a backslash stands for, and the bytes it takes.
fn escape(tail: &str) -> Option<(char, usize)> {
    let simple = match tail.bytes().next()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(tail),
        _ => return None,
    };
    Some((simple, 1))
}

fn unit(hex: &str) -> Option<u32> {
    hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16).ok()).flatten()
}

fn unicode(tail: &str) -> Option<(char, usize)> {
    let first = unit(tail.get(1..5)?)?;
    if (0xD800..0xDC00).contains(&first) {
        if tail.get(5..7) != Some("\\u") {
            return Some(('\u{fffd}', 5));
        }
        let second = tail.get(7..11).and_then(unit)?;
        if !(0xDC00..0xE000).contains(&second) {
            return Some(('\u{fffd}', 5));
        }
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(code)?, 11));
    }
    Some((char::from_u32(first).unwrap_or('\u{fffd}'), 5))
}

#[cfg(test)]
mod tests {
    use crate::doc::{Document, Kind};

    #[test]
    fn spans_name_the_exact_bytes_of_keys_and_values() {
        let text = r#"{"a": [1, {"b\u00e9": "x\ny"}], "c": true}"#;
        let doc = Document::json("t", text).unwrap();
        let c = doc.root().get("c").unwrap();
        assert_eq!(doc.slice(c.span()), "true");
        let inner = doc.root().get("a").unwrap().items().nth(1).unwrap();
        let (key, value) = inner.entries().next().unwrap();
        assert_eq!(key.as_str(), Some("bé"));
        assert_eq!(value.as_str(), Some("x\ny"));
        assert_eq!(doc.slice(value.span()), r#""x\ny""#);
        assert_eq!(value.pointer(), "/a/1/bé");
        assert_eq!(doc.root().kind(), Kind::Object);
    }

    #[test]
    fn duplicate_keys_and_trailing_commas_are_reported_and_both_values_kept() {
        let doc = Document::json("t", "{\"a\":1,\"a\":2,\"l\":[1,],}").unwrap();
        let codes: Vec<_> = doc.problems.iter().map(|p| p.code).collect();
        assert_eq!(codes, ["trailing-comma", "trailing-comma", "duplicate-key"]);
        assert_eq!(doc.root().entries().count(), 3);
        assert_eq!(doc.root().get("a").and_then(|n| n.as_i64()), Some(2));
    }

    #[test]
    fn hostile_texts_are_errors_with_a_place() {
        for (text, code) in [
            ("[".repeat(20_000), "nesting-too-deep"),
            ("{\"a\":".repeat(20_000), "nesting-too-deep"),
            ("{\"a\": \"x".into(), "unterminated-string"),
            ("{\"a\": 1".into(), "unexpected-end"),
            (String::new(), "unexpected-end"),
            ("\u{0}".into(), "unexpected-character"),
            ("\"a\u{0}b\"".into(), "control-character"),
            ("01".into(), "leading-zero"),
            ("[1] 2".into(), "unexpected-character"),
            ("\"\\x\"".into(), "invalid-escape"),
            ("\"\\".into(), "unterminated-string"),
            ("\"\\é\"".into(), "invalid-escape"),
            ("// no\n{}".into(), "unexpected-character"),
        ] {
            let err = Document::json("t", text.as_str()).unwrap_err();
            assert_eq!(err.code, code, "{}", &text.chars().take(20).collect::<String>());
            assert!(err.span.end as usize <= text.len());
        }
    }

    #[test]
    fn an_embedded_document_maps_to_bytes_of_the_file() {
        use std::sync::Arc;
        let text = r#"{"P": "{\"A\": \"b\u00e9d\", \"C\": [\"x\"]}"}"#;
        let outer = Arc::new(Document::json("t", text).unwrap());
        let inner = Document::embedded(&outer, outer.root().get("P").unwrap().index()).unwrap();
        for (key, expect) in [("A", r#"\"b\u00e9d\""#), ("C", r#"[\"x\"]"#)] {
            let (_, span) = inner.in_file(inner.root().get(key).unwrap().span());
            assert_eq!(outer.slice(span), expect);
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_counted() {
        let doc = Document::json("t", "\u{feff}{\"a\": 1}").unwrap();
        assert_eq!(doc.root().span().start, 3);
    }
}
