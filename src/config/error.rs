//! What is wrong in `alicerce.toml`, as a diagnostic with the file, the line and an underline.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource};

use crate::doc::Span;
use crate::doc::control::same_length;

/// One thing wrong in a configuration file. Rendered by miette with the place underlined.
#[derive(Clone, thiserror::Error, Diagnostic)]
#[error("{message}")]
#[diagnostic(code("configuration"))]
pub struct ConfigError {
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// What to write instead, where that is known.
    #[help]
    pub help: Option<String>,
    /// The place in the file's text.
    #[label("here")]
    pub span: Span,
    /// 1-based line of the place.
    pub line: u32,
    #[source_code]
    text: Arc<NamedSource<Arc<str>>>,
}

impl ConfigError {
    pub(crate) fn new(source: &Arc<NamedSource<Arc<str>>>, span: Span, message: String, help: Option<String>) -> Self {
        let before = source.inner().get(..span.start as usize).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        Self { message: same_length(&message), help, span, line: u32::try_from(line).unwrap_or(u32::MAX), text: source.clone() }
    }

    /// The file's name as the user gave it.
    pub fn file(&self) -> &str {
        self.text.name()
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.text.name(), self.line, self.message)
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
