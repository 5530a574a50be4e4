//! Frameworks: the titles of controls that rules map to.
//!
//! In: `rules/frameworks/<name>.yaml`. Out: [`Framework`]. The mapping itself is in the rules. All of it is
//! informative: a finding is a hint for an auditor, never a verdict on a regulation.

use std::sync::Arc;

use super::error::RuleError;
use crate::config::closest;
use crate::doc::{Document, Node, Span};

/// A framework, law or regulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    /// The word that rules use (`iso-27001`).
    pub id: Arc<str>,
    /// Its name.
    pub name: String,
    /// The edition that the titles are of.
    pub version: String,
    /// How to read the mapping.
    pub note: String,
    /// Control to title, in the framework's order.
    pub controls: Vec<(String, String)>,
}

impl Framework {
    /// The title of a control.
    pub fn title(&self, control: &str) -> Option<&str> {
        self.controls.iter().find(|(id, _)| id == control).map(|(_, title)| title.as_str())
    }

    /// Reads a framework's file.
    ///
    /// # Errors
    /// Everything that is wrong with its keys; never an empty list.
    pub fn parse(id: &str, file: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self, Vec<RuleError>> {
        let (file, text) = (file.into(), text.into());
        let document = Document::yaml(file.clone(), text.clone())
            .map_err(|e| vec![RuleError::in_text(&file, &text, e.span, format!("this is not YAML: {}", e.message), None)])?;
        let root = document.root();
        let mut errors = Vec::new();
        for (key, _) in root.entries() {
            let word = key.as_str().unwrap_or_default();
            if !KEYS.contains(&word) {
                let help = closest(word, KEYS).map(|near| format!("did you mean `{near}`?"));
                errors.push(RuleError::new(&document, key.span(), format!("a framework has no key `{word}`"), help));
            }
        }
        let start = Span { start: root.span().start, end: root.span().start + 1 };
        let mut string = |key: &str| match root.get(key).and_then(Node::scalar) {
            Some(text) => text.trim().to_owned(),
            None => {
                errors.push(RuleError::new(&document, start, format!("`{key}` is missing, or not a string"), None));
                String::new()
            }
        };
        let (name, version, note) = (string("name"), string("version"), string("note"));
        let mut controls = Vec::new();
        for (key, title) in root.get("controls").into_iter().flat_map(Node::entries) {
            match (key.scalar(), title.as_str()) {
                (Some(key), Some(title)) => controls.push((key.into_owned(), title.to_owned())),
                _ => errors.push(RuleError::new(&document, key.span(), "a control's title is a string", None)),
            }
        }
        if controls.is_empty() {
            errors.push(RuleError::new(&document, start, "`controls` is missing or empty", None));
        }
        if errors.is_empty() { Ok(Self { id: Arc::from(id), name, version, note, controls }) } else { Err(errors) }
    }
}

const KEYS: [&str; 4] = ["name", "version", "note", "controls"];
