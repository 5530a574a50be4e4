//! `alicerce.toml`: scopes with their postures, rule overrides, waivers, and which files are which kind of policy.
//!
//! In: the file's name and text. Out: a [`Config`] whose entries keep their spans, or everything that is wrong with the
//! file at once, each with its line underlined. Never: an unknown key, a wrong type or a half-written waiver let through.

mod error;
pub mod glob;
mod read;
mod scope;
mod scope_read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use miette::NamedSource;
use toml_edit::Document;

pub use error::ConfigError;
pub(crate) use error::closest;
pub use read::Spanned;
pub use scope::{Days, Field, Place, Posture, REGULATIONS, SERVICES, Scope, Setting, TransferBasis};

use crate::doc::Span;
use crate::doc::control::same_length;
use read::{Reader, Section, to_span};

/// What `[rules.<id>]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOverride {
    /// Switched on or off.
    pub enabled: Option<bool>,
    /// Another severity: one of [`SEVERITIES`].
    pub severity: Option<Arc<str>>,
    /// The rule's id in the file.
    pub span: Span,
}

/// A finding that is accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's id, or an alias of it.
    pub rule: Spanned<Arc<str>>,
    /// A glob over the subject's ARN or id, its name, or the file's path.
    pub subject: Spanned<Arc<str>>,
    /// Why it is accepted.
    pub reason: Arc<str>,
    /// Who accepted it.
    pub owner: Arc<str>,
    /// Where it is tracked.
    pub ticket: Option<Arc<str>>,
    /// The last day on which it holds.
    pub expires: Spanned<Date>,
    /// The `[[waiver]]` line.
    pub span: Span,
}

/// `[[policy_type]]`: which kind of policy the files of a path are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTypePattern {
    /// A glob over repository files.
    pub path: Arc<str>,
    /// One of [`POLICY_TYPES`].
    pub policy_type: Arc<str>,
    /// The entry's place.
    pub span: Span,
}

/// The kinds of policy that `[[policy_type]]` and `--policy-type` know.
pub const POLICY_TYPES: [&str; 7] = ["identity", "resource", "trust", "scp", "rcp", "endpoint", "key"];

/// The severities, the gravest first.
pub const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

/// The commented file that `alicerce init` writes: what holds without a file, said in words, and everything else there is.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The configuration of a scan.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file's name, where there is a file.
    pub name: Option<Arc<str>>,
    /// The file's text; empty without a file.
    pub text: Arc<str>,
    /// The declared scopes in their order.
    pub scopes: Vec<Arc<Scope>>,
    /// The scope of what no declared scope takes.
    pub default_scope: Arc<Scope>,
    /// `[rules.<id>]` by id.
    pub rules: BTreeMap<Arc<str>, RuleOverride>,
    /// Waivers in their order.
    pub waivers: Vec<Waiver>,
    /// Path patterns in their order.
    pub policy_types: Vec<PolicyTypePattern>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            text: Arc::from(""),
            scopes: Vec::new(),
            default_scope: Arc::new(Scope::default_scope()),
            rules: BTreeMap::new(),
            waivers: Vec::new(),
            policy_types: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong in the file, in its order; never an empty list.
    pub fn parse(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self, Vec<ConfigError>> {
        let (name, text) = (name.into(), text.into());
        let source = Arc::new(NamedSource::new(&*name, Arc::from(same_length(&text))).with_language("toml"));
        let mut reader = Reader::new(source);
        let document = match Document::parse(&*text) {
            Ok(document) => document,
            Err(error) => {
                let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
                let span = to_span(error.span()).unwrap_or(Span { start: 0, end });
                reader.error(span, format!("this is not TOML: {}", error.message()), None);
                return Err(reader.errors);
            }
        };
        let root = Section { table: document.as_table(), span: Span { start: 0, end: 0 }, what: "alicerce.toml".into() };
        let mut config = Self { name: Some(name), text: text.clone(), ..Self::default() };
        config.read(&mut reader, &root);
        if reader.errors.is_empty() {
            return Ok(config);
        }
        reader.errors.sort_by_key(|e| (e.span.start, e.span.end));
        Err(reader.errors)
    }

    fn read(&mut self, reader: &mut Reader, root: &Section<'_>) {
        reader.known_keys(root, &["scope", "rules", "waiver", "policy_type"]);
        let mut names = BTreeSet::new();
        for section in reader.sections(root, "scope") {
            let Some(scope) = scope_read::read(reader, &section) else { continue };
            if !names.insert(scope.name.clone()) {
                let span = Reader::key_span(&section, "name");
                reader.error(span, format!("two scopes are called `{}`", scope.name), None);
            }
            self.scopes.push(Arc::new(scope));
        }
        self.rules = read_rules(reader, root);
        for section in reader.sections(root, "waiver") {
            self.waivers.extend(read_waiver(reader, &section));
        }
        for section in reader.sections(root, "policy_type") {
            self.policy_types.extend(read_policy_type(reader, &section));
        }
    }

    /// The scope of a place: the first that takes it, else the default one.
    pub fn scope_of(&self, place: &Place<'_>) -> &Arc<Scope> {
        self.scopes.iter().find(|s| s.takes(place)).unwrap_or(&self.default_scope)
    }

    /// The kind of policy that `[[policy_type]]` gives a file; the first pattern that fits.
    pub fn policy_type_of(&self, path: &str) -> Option<&str> {
        self.policy_types.iter().find(|p| glob::path_matches(&p.path, path)).map(|p| &*p.policy_type)
    }

    /// Rule ids in `[rules.…]` and `[[waiver]]` that are neither an id nor an alias of the loaded rules.
    pub fn unknown_rules(&self, known: &BTreeSet<&str>) -> Vec<ConfigError> {
        let Some(name) = &self.name else { return Vec::new() };
        let source = Arc::new(NamedSource::new(&**name, Arc::from(same_length(&self.text))).with_language("toml"));
        let overrides = self.rules.iter().map(|(id, o)| (id, o.span));
        let waivers = self.waivers.iter().map(|w| (&w.rule.value, w.rule.span));
        let mut errors: Vec<ConfigError> = overrides
            .chain(waivers)
            .filter(|(id, _)| !known.contains(&***id))
            .map(|(id, span)| {
                let help = closest(id, known.iter().copied())
                    .map_or_else(|| "`alicerce rules list` shows all rules".to_owned(), |near| format!("did you mean `{near}`?"));
                ConfigError::new(&source, span, format!("there is no rule `{id}`"), Some(help))
            })
            .collect();
        errors.sort_by_key(|e| e.span.start);
        errors
    }
}

fn read_rules(reader: &mut Reader, root: &Section<'_>) -> BTreeMap<Arc<str>, RuleOverride> {
    let mut rules = BTreeMap::new();
    let Some(section) = reader.section(root, "rules", "[rules]".into()) else { return rules };
    let ids: Vec<String> = section.table.iter().map(|(k, _)| k.to_owned()).collect();
    for id in ids {
        let Some(rule) = reader.section(&section, &id, format!("[rules.{id}]")) else { continue };
        reader.known_keys(&rule, &["enabled", "severity"]);
        let enabled = reader.bool(&rule, "enabled");
        let severity = one_of(reader, &rule, "severity", &SEVERITIES);
        rules.insert(Arc::from(id), RuleOverride { enabled, severity, span: rule.span });
    }
    rules
}

/// A string that must be one of `allowed`.
fn one_of(reader: &mut Reader, section: &Section<'_>, key: &str, allowed: &[&str]) -> Option<Arc<str>> {
    let text = reader.string(section, key)?;
    if allowed.contains(&&*text.value) {
        return Some(text.value);
    }
    let help = closest(&text.value, allowed.iter().copied())
        .map_or_else(|| format!("one of {}", allowed.join(", ")), |near| format!("did you mean `{near}`?"));
    reader.error(text.span, format!("`{}` is not a value of `{key}`", text.value), Some(help));
    None
}

fn read_waiver(reader: &mut Reader, section: &Section<'_>) -> Option<Waiver> {
    reader.known_keys(section, &["rule", "subject", "reason", "owner", "ticket", "expires"]);
    let missing: Vec<&str> =
        ["rule", "subject", "reason", "owner", "expires"].into_iter().filter(|k| section.table.get(k).is_none()).collect();
    if !missing.is_empty() {
        let what = missing.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let help = "a waiver names its rule, subject, reason, owner and the day it expires, so that someone looks at it again";
        reader.error(section.span, format!("a [[waiver]] lacks {what}"), Some(help.into()));
    }
    let (rule, subject) = (reader.string(section, "rule"), reader.string(section, "subject"));
    let (reason, owner) = (reader.string(section, "reason"), reader.string(section, "owner"));
    let (ticket, expires) = (reader.string(section, "ticket"), reader.date(section, "expires"));
    Some(Waiver {
        rule: rule?,
        subject: subject?,
        reason: reason?.value,
        owner: owner?.value,
        ticket: ticket.map(|t| t.value),
        expires: expires?,
        span: section.span,
    })
}

fn read_policy_type(reader: &mut Reader, section: &Section<'_>) -> Option<PolicyTypePattern> {
    reader.known_keys(section, &["path", "type"]);
    for key in ["path", "type"] {
        if section.table.get(key).is_none() {
            reader.error(section.span, format!("a [[policy_type]] lacks `{key}`"), None);
        }
    }
    let path = reader.string(section, "path");
    let policy_type = one_of(reader, section, "type", &POLICY_TYPES);
    Some(PolicyTypePattern { path: path?.value, policy_type: policy_type?, span: section.span })
}
