//! Typed reading of TOML values with spans: every mismatch becomes a [`ConfigError`] and reading goes on,
//! so that one run tells everything that is wrong with a file.

use std::sync::Arc;

use jiff::civil::Date;
use miette::NamedSource;
use toml_edit::{Item, TableLike, Value};

use super::error::{ConfigError, closest};
use crate::doc::Span;

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file, quotes included.
    pub span: Span,
}

/// A table and where it starts.
pub(super) struct Section<'t> {
    pub(super) table: &'t dyn TableLike,
    pub(super) span: Span,
    /// `[[scope]]`, `[rules.x]`: what messages call it.
    pub(super) what: String,
}

pub(super) struct Reader {
    source: Arc<NamedSource<Arc<str>>>,
    pub(super) errors: Vec<ConfigError>,
}

pub(super) fn to_span(range: Option<std::ops::Range<usize>>) -> Option<Span> {
    let range = range?;
    Some(Span { start: u32::try_from(range.start).ok()?, end: u32::try_from(range.end).ok()? })
}

/// The type's name as a TOML author knows it.
fn type_name(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Table(_) | Item::Value(Value::InlineTable(_)) => "a table",
        Item::ArrayOfTables(_) => "an array of tables",
        Item::Value(Value::String(_)) => "a string",
        Item::Value(Value::Integer(_)) => "an integer",
        Item::Value(Value::Float(_)) => "a float",
        Item::Value(Value::Boolean(_)) => "a boolean",
        Item::Value(Value::Datetime(_)) => "a date",
        Item::Value(Value::Array(_)) => "an array",
    }
}

impl Reader {
    pub(super) fn new(source: Arc<NamedSource<Arc<str>>>) -> Self {
        Self { source, errors: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.errors.push(ConfigError::new(&self.source, span, message.into(), help));
    }

    /// The place of a key, or of the table where it has none.
    pub(super) fn key_span(section: &Section<'_>, key: &str) -> Span {
        section.table.key(key).and_then(|k| to_span(k.span())).unwrap_or(section.span)
    }

    fn value_span(section: &Section<'_>, key: &str, item: &Item) -> Span {
        to_span(item.span()).unwrap_or_else(|| Self::key_span(section, key))
    }

    /// Refuses every key that is not in `known`.
    pub(super) fn known_keys(&mut self, section: &Section<'_>, known: &[&str]) {
        let unknown: Vec<String> =
            section.table.iter().map(|(k, _)| k.to_owned()).filter(|k| !known.contains(&k.as_str())).collect();
        for key in unknown {
            let help = closest(&key, known.iter().copied())
                .map_or_else(|| format!("known keys here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            let span = Self::key_span(section, &key);
            self.error(span, format!("unknown key `{key}` in {}", section.what), Some(help));
        }
    }

    fn mismatch(&mut self, section: &Section<'_>, key: &str, item: &Item, expected: &str) {
        let span = Self::value_span(section, key, item);
        self.error(span, format!("`{key}` in {} is {}, expected {expected}", section.what, type_name(item)), None);
    }

    pub(super) fn string(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned<Arc<str>>> {
        let item = section.table.get(key)?;
        let Some(text) = item.as_str() else {
            self.mismatch(section, key, item, "a string");
            return None;
        };
        let value = Spanned { value: Arc::from(text), span: Self::value_span(section, key, item) };
        if text.trim().is_empty() {
            self.error(value.span, format!("`{key}` in {} is empty", section.what), None);
            return None;
        }
        Some(value)
    }

    pub(super) fn strings(&mut self, section: &Section<'_>, key: &str) -> Option<Vec<Spanned<Arc<str>>>> {
        let item = section.table.get(key)?;
        let Some(array) = item.as_array() else {
            self.mismatch(section, key, item, "an array of strings");
            return None;
        };
        let mut out = Vec::with_capacity(array.len());
        for value in array {
            let span = to_span(value.span()).unwrap_or_else(|| Self::key_span(section, key));
            match value.as_str() {
                Some(text) if !text.trim().is_empty() => out.push(Spanned { value: Arc::from(text), span }),
                Some(_) => self.error(span, format!("an element of `{key}` in {} is empty", section.what), None),
                None => {
                    let found = type_name(&Item::Value(value.clone()));
                    self.error(span, format!("an element of `{key}` in {} is {found}, expected a string", section.what), None);
                }
            }
        }
        Some(out)
    }

    pub(super) fn bool(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let item = section.table.get(key)?;
        if item.as_bool().is_none() {
            self.mismatch(section, key, item, "true or false");
        }
        item.as_bool()
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, section: &Section<'_>, key: &str) -> Option<u32> {
        let item = section.table.get(key)?;
        let Some(number) = item.as_integer() else {
            self.mismatch(section, key, item, "a whole number");
            return None;
        };
        match u32::try_from(number) {
            Ok(n) if n > 0 => Some(n),
            _ => {
                let span = Self::value_span(section, key, item);
                self.error(span, format!("`{key}` in {} is {number}, expected a whole number above 0", section.what), None);
                None
            }
        }
    }

    /// A date, as TOML writes it or as a string of the same form.
    pub(super) fn date(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned<Date>> {
        let item = section.table.get(key)?;
        let span = Self::value_span(section, key, item);
        let date = match item.as_value() {
            Some(Value::Datetime(d)) => d.value().date.and_then(|d| {
                let year = i16::try_from(d.year).ok()?;
                Date::new(year, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?).ok()
            }),
            Some(Value::String(s)) => s.value().parse().ok(),
            _ => None,
        };
        if date.is_none() {
            self.error(span, format!("`{key}` in {} is not a date", section.what), Some("write it as 2027-03-31".into()));
        }
        date.map(|value| Spanned { value, span })
    }

    /// A table below `section`, as `[a.b]` or `b = { … }`.
    pub(super) fn section<'t>(&mut self, section: &Section<'t>, key: &str, what: String) -> Option<Section<'t>> {
        let item = section.table.get(key)?;
        let span = Self::key_span(section, key);
        match item.as_table_like() {
            Some(table) => Some(Section { table, span, what }),
            None => {
                self.mismatch(section, key, item, "a table");
                None
            }
        }
    }

    /// The tables of `[[key]]`, or of `key = [{ … }]`.
    pub(super) fn sections<'t>(&mut self, section: &Section<'t>, key: &str) -> Vec<Section<'t>> {
        let Some(item) = section.table.get(key) else { return Vec::new() };
        let what = format!("[[{key}]]");
        let mut out = Vec::new();
        match item {
            Item::ArrayOfTables(tables) => {
                for table in tables {
                    let span = to_span(table.span()).unwrap_or(section.span);
                    out.push(Section { table, span, what: what.clone() });
                }
            }
            Item::Value(Value::Array(array)) => {
                for value in array {
                    let span = to_span(value.span()).unwrap_or(section.span);
                    match value.as_inline_table() {
                        Some(table) => out.push(Section { table, span, what: what.clone() }),
                        None => self.error(span, format!("an element of `{key}` is not a table"), None),
                    }
                }
            }
            _ => {
                let span = Self::value_span(section, key, item);
                let found = type_name(item);
                self.error(span, format!("`{key}` is {found}, expected tables that open with [[{key}]]"), None);
            }
        }
        out
    }
}
