//! What is wrong in `alicerce.toml`, as a diagnostic with the file, the line and an underline.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use crate::doc::Span;
use crate::doc::control::same_length;

/// One thing wrong in a configuration file. Rendered by miette with the place underlined.
#[derive(Clone)]
pub struct ConfigError {
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    /// The place in the file's text.
    pub span: Span,
    /// 1-based line of the place.
    pub line: u32,
    source: Arc<NamedSource<Arc<str>>>,
}

impl ConfigError {
    pub(crate) fn new(source: &Arc<NamedSource<Arc<str>>>, span: Span, message: String, help: Option<String>) -> Self {
        let before = source.inner().get(..span.start as usize).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        Self { message: same_length(&message), help, span, line: u32::try_from(line).unwrap_or(u32::MAX), source: source.clone() }
    }

    /// The file's name as the user gave it.
    pub fn file(&self) -> &str {
        self.source.name()
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.source.name(), self.line, self.message)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("configuration"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        Some(Box::new(std::iter::once(LabeledSpan::new(Some("here".into()), start, end.saturating_sub(start)))))
    }
}

/// The candidate that `wrong` was probably meant to be.
pub(crate) fn closest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = wrong.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase().replace('-', "_")), c))
        .filter(|(distance, c)| *distance <= (c.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
