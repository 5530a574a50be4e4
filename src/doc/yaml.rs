//! YAML to a flat tree with byte spans.
//!
//! YAML 1.2 core schema; CloudFormation's and other local tags are kept, aliases stay references. Reported, never
//! silent: duplicate keys, merge keys (`<<`, which the core schema does not know), further documents of the stream.
//! Refused with a place: nesting beyond [`MAX_DEPTH`] (aliases expanded), aliases that multiply, an alias inside its
//! own anchor, lists and maps as keys. No recursion.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use super::{MAX_DEPTH, ParseError, Problem, RawKind, RawNode, Span, Tree, duplicates};

/// Nodes that aliases may add when they are followed.
const MAX_EXPANSION: u64 = 1_000_000;

/// Parses the first document of a YAML text. Spans: a scalar with its quotes, and from its tag on where it has a
/// local one; a literal or folded scalar its lines, without the `|` or `>` and the indentation of the first; a
/// block collection from its first entry to the end of its last.
///
/// # Errors
/// For anything that is not YAML, and for what this module's introduction lists.
pub(crate) fn parse(text: &str) -> Result<(Tree, Vec<Problem>), ParseError> {
    if u32::try_from(text.len()).is_err() {
        return Err(super::json::too_large());
    }
    let mut builder = Builder { text, tree: Tree::default(), problems: Vec::new(), open: Vec::new(), anchors: HashMap::new() };
    builder.read()?;
    if builder.tree.nodes.is_empty() {
        builder.push(RawKind::Null, Span { start: 0, end: 0 });
    }
    Ok((builder.tree, builder.problems))
}

/// How large a node is once its aliases are followed.
#[derive(Clone, Copy)]
struct Size {
    nodes: u64,
    depth: usize,
}

const LEAF: Size = Size { nodes: 1, depth: 0 };

/// What an anchor names.
struct Anchored {
    node: u32,
    /// Unknown until the node is complete.
    size: Option<Size>,
}

struct Open {
    node: u32,
    anchor: usize,
    size: Size,
    flow: bool,
    /// In a map: the next node is a key.
    key_next: bool,
}

struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    problems: Vec<Problem>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
}

impl Builder<'_> {
    fn read(&mut self) -> Result<(), ParseError> {
        let mut options = granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
        options.set_emit_comments(false);
        let mut documents = 0;
        let mut later_start = None;
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, at) = next.map_err(|e| self.scan_error(&e))?;
            let span = self.span(&at);
            if let Some(start) = later_start {
                // An empty document after the last `---` is a habit, not content.
                if matches!(&event, Event::Scalar(_, ScalarStyle::Plain, 0, None)) && span.start == span.end {
                    later_start = None;
                    continue;
                }
                self.problem("several-documents", "the file holds several YAML documents; only the first is read", start);
                return Ok(());
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    later_start = (documents > 1).then_some(span);
                }
                Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span, &at)?,
                Event::SequenceStart(style, anchor, tag) => {
                    self.container(RawKind::Array, style, anchor, tag.as_deref(), span, &at)?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.container(RawKind::Object, style, anchor, tag.as_deref(), span, &at)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
                Event::Alias(id) => self.alias(id, span)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn problem(&mut self, code: &'static str, message: &str, span: Span) {
        self.problems.push(Problem { code, message: message.to_owned(), span });
    }

    /// A span of the parser's in bytes, inside the text and on character boundaries.
    fn span(&self, at: &granit_parser::Span) -> Span {
        let range = at.byte_range().unwrap_or(0..0);
        let start = self.floor(range.start);
        Span { start: to_u32(start), end: to_u32(self.floor(range.end).max(start)) }
    }

    fn floor(&self, mut at: usize) -> usize {
        at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn scan_error(&self, error: &ScanError) -> ParseError {
        let at = self.floor(error.marker().byte_offset().unwrap_or(0));
        let end = self.text.get(at..).and_then(|t| t.chars().next()).map_or(at, |c| at + c.len_utf8());
        let span = Span { start: to_u32(at), end: to_u32(end) };
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(span),
            ErrorKind::UnknownAnchor => ParseError {
                code: "unknown-anchor",
                message: "an alias names an anchor that does not stand before it".into(),
                span,
            },
            _ => ParseError { code: "yaml-syntax", message: error.info(), span },
        }
    }

    fn push(&mut self, kind: RawKind, span: Span) -> u32 {
        let node = to_u32(self.tree.nodes.len());
        self.tree.nodes.push(RawNode { start: span.start, end: span.end, next: node + 1, kind, decoded: false, tagged: false });
        node
    }

    /// Keeps a local tag; the node's span then starts at it.
    fn tag(&mut self, node: u32, tag: Option<&Tag>, at: &granit_parser::Span) -> bool {
        let Some(tag) = tag.filter(|t| t.core_suffix().is_none()) else { return false };
        let span = at.tag_span().map(|s| self.span(&s));
        let written = span.and_then(|s| self.text.get(s.start as usize..s.end as usize));
        let written = written.map_or_else(|| tag.original(), str::to_owned);
        // `!` alone only says "a string".
        let kept = written != "!";
        if let Some(raw) = self.tree.nodes.get_mut(node as usize) {
            raw.tagged = kept;
            raw.start = span.map_or(raw.start, |s| s.start.min(raw.start));
        }
        if kept {
            self.tree.tags.push((node, written.into_boxed_str()));
        }
        true
    }

    fn decode(&mut self, node: u32, text: &str) {
        let Some(raw) = self.tree.nodes.get_mut(node as usize) else { return };
        if self.text.get(raw.start as usize..raw.end as usize) != Some(text) {
            raw.decoded = true;
            self.tree.decoded.push((node, text.into()));
        }
    }

    /// True where the next node is a key; flips to value and back.
    fn takes_key(&mut self) -> bool {
        let Some(map) = self.open.last_mut() else { return false };
        let is_map = self.tree.nodes.get(map.node as usize).is_some_and(|n| n.kind == RawKind::Object);
        let is_key = is_map && map.key_next;
        map.key_next = !is_key;
        is_key
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        mut span: Span,
        at: &granit_parser::Span,
    ) -> Result<(), ParseError> {
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            span = self.trimmed(span);
        }
        let is_key = self.takes_key();
        let node = self.push(RawKind::Key, span);
        let local = self.tag(node, tag, at);
        let written = self.text.get(span.start as usize..span.end as usize) == Some(text);
        let plain = style == ScalarStyle::Plain || tag.and_then(Tag::core_suffix).is_some_and(|s| s != "str");
        let kind = if is_key {
            RawKind::Key
        } else if local || !plain || tag.and_then(Tag::core_suffix) == Some("str") {
            RawKind::String
        } else {
            core(text, written)
        };
        if let Some(raw) = self.tree.nodes.get_mut(node as usize) {
            raw.kind = kind;
        }
        if matches!(kind, RawKind::Key | RawKind::String) {
            self.decode(node, text);
        }
        if is_key && text == "<<" && style == ScalarStyle::Plain {
            self.problem("merge-key", "the merge key `<<` is not part of YAML 1.2; what it names is not merged in", span);
        }
        self.anchored(anchor, node, Some(LEAF));
        self.counted(LEAF, span)
    }

    fn anchored(&mut self, anchor: usize, node: u32, size: Option<Size>) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { node, size });
        }
    }

    fn container(
        &mut self,
        kind: RawKind,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
        at: &granit_parser::Span,
    ) -> Result<(), ParseError> {
        if self.takes_key() {
            return Err(complex_key(span));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        let node = self.push(kind, span);
        self.tag(node, tag, at);
        self.anchored(anchor, node, None);
        self.open.push(Open { node, anchor, size: LEAF, flow: style == StructureStyle::Flow, key_next: true });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), ParseError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let next = to_u32(self.tree.nodes.len());
        let last_end = self.last_end(open.node);
        let first_start = self.tree.nodes.get(open.node as usize + 1).map(|n| n.start);
        if let Some(raw) = self.tree.nodes.get_mut(open.node as usize) {
            raw.next = next;
            // A block collection's own end is where the next token starts.
            raw.end = if open.flow { span.end } else { raw.end.max(raw.start) }.max(last_end);
            raw.start = raw.start.min(first_start.unwrap_or(raw.start));
            if raw.kind == RawKind::Object {
                duplicates::report(&self.tree, self.text, open.node, false, &mut self.problems);
            }
        }
        let size = Size { nodes: open.size.nodes, depth: open.size.depth + 1 };
        if let Some(anchored) = self.anchors.get_mut(&open.anchor) {
            anchored.size = Some(size);
        }
        self.counted(size, span)
    }

    /// The largest end among a container's direct children.
    fn last_end(&self, container: u32) -> u32 {
        let mut at = container as usize + 1;
        let mut end = 0;
        while let Some(child) = self.tree.nodes.get(at) {
            end = end.max(child.end);
            at = (child.next as usize).max(at + 1);
        }
        end
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), ParseError> {
        let Some(Anchored { node: target, size }) = self.anchors.get(&id) else {
            return Err(ParseError { code: "unknown-anchor", message: "an alias names no anchor of this document".into(), span });
        };
        let target = *target;
        let Some(size) = *size else {
            return Err(ParseError { code: "alias-loop", message: "an alias stands inside the node that it names".into(), span });
        };
        if self.open.len() + size.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        if self.takes_key() {
            let text = self.key_text(target).ok_or_else(|| complex_key(span))?;
            let node = self.push(RawKind::Key, span);
            self.decode(node, &text);
            return self.counted(LEAF, span);
        }
        let node = self.push(RawKind::Alias, span);
        self.tree.aliases.push((node, target));
        self.counted(size, span)
    }

    /// The text of a scalar node that an alias names as a key.
    fn key_text(&self, node: u32) -> Option<String> {
        let raw = self.tree.nodes.get(node as usize)?;
        if matches!(raw.kind, RawKind::Array | RawKind::Object | RawKind::Alias) {
            return None;
        }
        if raw.decoded {
            let at = self.tree.decoded.binary_search_by_key(&node, |(i, _)| *i).ok()?;
            return self.tree.decoded.get(at).map(|(_, t)| t.to_string());
        }
        self.text.get(raw.start as usize..raw.end as usize).map(str::to_owned)
    }

    /// Adds a finished node's expanded size to the collection it stands in.
    fn counted(&mut self, size: Size, span: Span) -> Result<(), ParseError> {
        let real = self.tree.nodes.len() as u64;
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        parent.size.nodes = parent.size.nodes.saturating_add(size.nodes);
        parent.size.depth = parent.size.depth.max(size.depth);
        if parent.size.nodes.saturating_sub(real) > MAX_EXPANSION {
            let message = format!("aliases multiply this document to more than {MAX_EXPANSION} nodes");
            return Err(ParseError { code: "alias-bomb", message, span });
        }
        Ok(())
    }

    /// Without the white space at its end.
    fn trimmed(&self, span: Span) -> Span {
        let own = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        Span { start: span.start, end: span.start + to_u32(own.trim_end().len()) }
    }
}

fn too_deep(span: Span) -> ParseError {
    let message = format!("containers are nested more than {MAX_DEPTH} deep");
    ParseError { code: "nesting-too-deep", message, span }
}

fn complex_key(span: Span) -> ParseError {
    ParseError { code: "complex-key", message: "a list or map stands as a key; only scalars can be keys".into(), span }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Resolves a plain scalar by the core schema (YAML 1.2.2, §10.3.2). A number is one only where its source is its
/// text (`written`).
fn core(text: &str, written: bool) -> RawKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => RawKind::Null,
        "true" | "True" | "TRUE" => RawKind::True,
        "false" | "False" | "FALSE" => RawKind::False,
        _ if written && is_number(text) => RawKind::Number,
        _ => RawKind::String,
    }
}

fn is_number(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            (digits(whole) && (fraction.is_empty() || digits(fraction))) || (whole.is_empty() && digits(fraction))
        }
        None => digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::is_number;
    use crate::doc::{Document, Kind};

    fn slices(text: &str, keys: &[&str]) -> Vec<String> {
        let doc = Document::yaml("t", text).unwrap();
        let slice = |k: &&str| doc.slice(doc.root().get(k).unwrap().span()).to_owned();
        keys.iter().map(slice).collect()
    }

    #[test]
    fn spans_are_exact_for_every_style() {
        let text = "# é\na: plain é # c\nb: 'it''s'\nc: \"x\\ty\"\nd: |\n  one\n  two\n\ne:\n  - 1\n  - k: v\n\n# end\nf: {x: [1, 2]}\ng: >-\n  fold\n  ed\nh:\ni: multi\n  line\n";
        assert_eq!(
            slices(text, &["a", "b", "c", "d", "e", "f", "g", "h", "i"]),
            ["plain é", "'it''s'", "\"x\\ty\"", "one\n  two", "- 1\n  - k: v", "{x: [1, 2]}", "fold\n  ed", "", "multi\n  line"]
        );
        let doc = Document::yaml("t", text).unwrap();
        let get = |k: &str| doc.root().get(k).and_then(|n| n.as_str()).unwrap().to_owned();
        assert_eq!(
            [get("a"), get("b"), get("c"), get("d"), get("g"), get("i")],
            ["plain é", "it's", "x\ty", "one\ntwo\n", "fold ed", "multi line"]
        );
        assert!(doc.root().get("h").unwrap().is_null());
        assert_eq!(doc.root().span().start, 5);
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let doc = Document::yaml(
            "t",
            "[~, null, true, False, yes, 012345678901, 0x1F, 0o17, 1.5e3, .inf, 2012-10-17, '1', !!str 1, -7]",
        )
        .unwrap();
        let kinds: Vec<Kind> = doc.root().items().map(|n| n.kind()).collect();
        use Kind::{Bool, Null, Number, String};
        assert_eq!(
            kinds,
            [Null, Null, Bool(true), Bool(false), String, Number, Number, Number, Number, Number, String, String, String, Number]
        );
        let item = |i: usize| doc.root().items().nth(i).unwrap();
        assert_eq!(item(5).scalar().unwrap(), "012345678901");
        assert_eq!((item(6).as_i64(), item(7).as_i64(), item(13).as_i64()), (Some(31), Some(15), Some(-7)));
        assert_eq!((item(8).as_f64(), item(9).as_f64()), (Some(1500.0), Some(f64::INFINITY)));
        assert!(is_number("1.") && is_number(".5") && !is_number(".") && !is_number("1e") && !is_number("-") && !is_number("0x"));
    }

    #[test]
    fn local_tags_are_kept_with_the_value() {
        let text = "r: !Ref Param\ns: !Sub 'a-${B}'\ng: !GetAtt [A, B]\nj: !Join\n  - ','\n  - [a]\nn: !Ref 12\n";
        assert_eq!(
            slices(text, &["r", "s", "g", "j", "n"]),
            ["!Ref Param", "!Sub 'a-${B}'", "!GetAtt [A, B]", "!Join\n  - ','\n  - [a]", "!Ref 12"]
        );
        let doc = Document::yaml("t", text).unwrap();
        let r = doc.root().get("r").unwrap();
        assert_eq!((r.tag(), r.as_str()), (Some("!Ref"), Some("Param")));
        assert_eq!(doc.root().get("j").unwrap().tag(), Some("!Join"));
        assert_eq!(doc.root().get("n").unwrap().as_str(), Some("12"));
    }

    #[test]
    fn aliases_stay_references() {
        let text = "base: &b {x: 1}\nuse: *b\nlist: [*b, *b]\nk: &k name\n*k : v\nm:\n  <<: *b\n";
        let doc = Document::yaml("t", text).unwrap();
        let used = doc.root().get("use").unwrap();
        assert_eq!(used.get("x").and_then(|n| n.as_i64()), Some(1));
        assert_eq!(doc.slice(used.span()), "*b");
        assert_eq!(doc.root().get("name").and_then(|n| n.as_str()), Some("v"));
        assert_eq!(doc.problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["merge-key"]);
    }

    #[test]
    fn problems_are_reported_and_do_not_stop_the_reading() {
        let doc = Document::yaml("t", "\u{feff}a: 1\na: 2\n1: x\n---\nb: 1\n").unwrap();
        assert_eq!(doc.problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["duplicate-key", "several-documents"]);
        assert_eq!(doc.root().get("1").and_then(|n| n.as_str()), Some("x"));
        assert_eq!(doc.root().span().start, 3);
        assert!(Document::yaml("t", "a: 1\n---\n").unwrap().problems.is_empty());
        assert!(Document::yaml("t", "# nothing\n").unwrap().root().is_null());
    }

    #[test]
    fn hostile_texts_are_errors_with_a_place() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        let mut chain = String::from("a0: &a0 [x]\n");
        for i in 1..400 {
            let of = format!("*a{}, ", i - 1).repeat(10);
            if i < 10 {
                bomb.push_str(&format!("a{i}: &a{i} [{of}]\n"));
            }
            chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
        }
        for (text, code) in [
            ("[".repeat(20_000), "nesting-too-deep"),
            ("{a: ".repeat(20_000), "nesting-too-deep"),
            ("- ".repeat(100_000) + "x", "nesting-too-deep"),
            ("? ".repeat(20_000) + "x", "complex-key"),
            (bomb, "alias-bomb"),
            (chain, "nesting-too-deep"),
            ("a: &a [*a]".into(), "alias-loop"),
            ("a: *b".into(), "unknown-anchor"),
            ("[a, b]: c".into(), "complex-key"),
            ("a: 'x".into(), "yaml-syntax"),
            ("a:\n\t- b".into(), "yaml-syntax"),
            ("a: [1, 2".into(), "yaml-syntax"),
        ] {
            let err = Document::yaml("t", text.as_str()).unwrap_err();
            assert_eq!(err.code, code, "{} {}", &text.chars().take(30).collect::<String>(), err.message);
            assert!(err.span.end as usize <= text.len());
        }
    }
}
