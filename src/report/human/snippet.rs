//! A region of a file drawn with its lines around it and an underline, by miette.
//!
//! In: a location and its text. Out: lines. Only a window of the text is ever looked at, so that a file of 200 MB on one line
//! costs what a small one does; what stands in the window is made visible first and its offsets mapped.

use std::fmt;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::Options;
use crate::finding::{Location, Severity};
use crate::report::text::{push_visible, visible};

/// Bytes before and after a region that are searched for the line's ends.
const REACH: usize = 2_000;

/// What is drawn: a sentence under a heading, with or without a region.
pub(super) struct Drawing<'a> {
    pub(super) heading: String,
    pub(super) message: String,
    pub(super) severity: Severity,
    pub(super) region: Option<(&'a Location, &'a str)>,
}

/// The drawing as text that ends with a line feed.
pub(super) fn draw(drawing: &Drawing<'_>, options: &Options) -> String {
    let window = drawing.region.map(|(location, text)| Window::around(location, text, options.width));
    let diagnostic = Drawn { drawing, window };
    let theme = GraphicalTheme {
        characters: if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .with_links(false)
        // Wrapped already, at blanks only: an ARN or a Region broken at its hyphens can be neither copied nor searched for.
        .with_wrap_lines(false)
        .without_primary_span_start()
        .without_cause_chain()
        .with_context_lines(1);
    let mut out = String::new();
    // Writing to a string does not fail; a label outside the window would, and then the sentence alone is right.
    if handler.render_report(&mut out, &diagnostic).is_err() {
        out = format!("{}\n\n  {}\n", drawing.heading, drawing.message);
    }
    out
}

struct Drawn<'a> {
    drawing: &'a Drawing<'a>,
    window: Option<Window>,
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.drawing.message)
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.drawing.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.drawing.heading))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.drawing.severity {
            Severity::Critical | Severity::High => miette::Severity::Error,
            Severity::Medium | Severity::Low => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.window.as_ref().map(|w| w as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let window = self.window.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new(None, window.start, window.end - window.start))))
    }
}

/// The lines around a region, safe to print.
struct Window {
    name: String,
    text: Arc<str>,
    /// 0-based line of the file at which `text` starts.
    first_line: usize,
    /// The region in `text`.
    start: usize,
    end: usize,
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl Window {
    fn around(location: &Location, text: &str, width: usize) -> Self {
        let room = width.saturating_sub(12).max(30);
        let lines = Lines::of(text, location).dedented(room);
        let mut out = String::new();
        if let Some(above) = &lines.above {
            push_cut(&mut out, above, room);
            out.push('\n');
        }
        let core = lines.region.chars().count().min(room);
        let left = (room - core) * 2 / 3;
        let fits = lines.head.chars().count() + core + lines.tail.chars().count() <= room;
        let kept = if fits { lines.head.chars().count() } else { lines.head.chars().count().min(left) };
        let cut = lines.head.chars().count() - kept;
        if cut > 0 {
            out.push('…');
        }
        out.extend(lines.head.chars().skip(cut));
        let start = out.len();
        push_cut(&mut out, &lines.region, room);
        let end = out.len();
        push_cut(&mut out, &lines.tail, (room - core).saturating_sub(kept).max(8));
        if let Some(below) = &lines.below {
            out.push('\n');
            push_cut(&mut out, below, room);
        }
        Self {
            name: format!("{}:{}:{}", visible(&location.file), location.start.line, location.start.column),
            text: Arc::from(out),
            first_line: (location.start.line as usize).saturating_sub(if lines.above.is_some() { 2 } else { 1 }),
            start,
            end,
        }
    }
}

/// A region with what stands around it, safe to print; lines without their line feeds.
struct Lines {
    above: Option<String>,
    head: String,
    region: String,
    tail: String,
    below: Option<String>,
}

impl Lines {
    fn of(text: &str, location: &Location) -> Self {
        let before = back(text, location.start_byte as usize);
        let after = ahead(text, location.end_byte as usize);
        let (above, head) = match before.rsplit_once('\n') {
            Some((above, head)) => (Some(above.rsplit('\n').next().unwrap_or(above)), head),
            None => (None, before),
        };
        let (tail, below) = match after.split_once('\n') {
            Some((tail, below)) => (tail, below.split('\n').next().filter(|b| !b.is_empty())),
            None => (after, None),
        };
        Self {
            above: above.map(show),
            head: show(head),
            region: show(&location.snippet),
            tail: show(tail),
            below: below.map(show),
        }
    }

    /// Without the indent that all lines share, where a line is too long otherwise.
    fn dedented(mut self, room: usize) -> Self {
        let whole = self.head.chars().count() + self.region.chars().count() + self.tail.chars().count();
        let around = || [&self.above, &self.below].into_iter().flatten();
        if self.region.contains('\n') || (whole <= room && around().all(|l| l.chars().count() <= room)) {
            return self;
        }
        let indent = |line: &String| line.len() - line.trim_start_matches(' ').len();
        let shared = around().map(indent).chain([indent(&self.head)]).min().unwrap_or(0);
        for line in [self.above.as_mut(), Some(&mut self.head), self.below.as_mut()].into_iter().flatten() {
            line.drain(..shared);
        }
        self
    }
}

/// Text with tabs as blanks and everything unsafe visible; line feeds stay, and carriage returns before them go.
fn show(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\r' if matches!(chars.peek(), None | Some('\n')) => {}
            c => push_visible(&mut out, c),
        }
    }
    out
}

/// At most `room` characters of each line of `text`.
fn push_cut(out: &mut String, text: &str, room: usize) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let mut chars = line.chars();
        out.extend(chars.by_ref().take(room));
        if chars.next().is_some() {
            out.push('…');
        }
    }
}

/// The text before `at`, as far as it is looked at: from the line before the last, or `REACH` bytes.
fn back(text: &str, at: usize) -> &str {
    let mut from = at.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..at).unwrap_or_default()
}

fn ahead(text: &str, at: usize) -> &str {
    let mut to = at.saturating_add(REACH).min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    text.get(at..to).unwrap_or_default()
}
