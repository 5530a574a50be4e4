//! Cases: the examples beside a rule, which are its tests and its documentation at once.
//!
//! In: the files beside `rule.yaml`; a name's prefix up to the first `.` is the expected outcome. Out: what
//! the rule says of each case, and where that differs from what the case expects. Never: a case that passes
//! because a file of it was not read.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Judged, Options, Outcome};
use crate::config::{Config, PolicyTypePattern, closest};
use crate::doc::{self, Document, Node, Span};
use crate::facts::{Facts, NodeId};
use crate::iam::PolicyType;
use crate::input::{self, Source};
use crate::rule::{Pack, Rule, RuleError};
use crate::world::World;

/// The date of cases that name none.
const NOW: &str = "2026-11-22T00:00:00Z";

/// What a case expects, the worse the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// `na.`
    NotApplicable,
    /// `pass.`
    Pass,
    /// `unknown.`
    Unknown,
    /// `fail.`
    Fail,
}

impl Expected {
    const NAMES: [(&'static str, Self); 4] =
        [("na", Self::NotApplicable), ("pass", Self::Pass), ("unknown", Self::Unknown), ("fail", Self::Fail)];

    fn parse(word: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| *name == word).map(|(_, e)| *e)
    }

    /// As messages name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }

    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Fail => Self::Fail,
            Outcome::Unknown(_) => Self::Unknown,
            Outcome::Pass => Self::Pass,
            Outcome::NotApplicable | Outcome::Undeclared(_) => Self::NotApplicable,
        }
    }
}

/// Path and text of each file.
type Files = Vec<(String, Arc<str>)>;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file or folder beside `rule.yaml`.
    pub name: String,
    /// What it expects.
    pub expected: Expected,
    /// One line that says what it shows; empty for a plain file.
    pub about: String,
    now: Timestamp,
    /// The text of its `alicerce.toml`.
    pub(super) config: Option<Arc<str>>,
    /// Path and text of each file.
    pub files: Files,
    underlined: Option<Vec<String>>,
}

/// A failing part of a case, as a reader sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The rule's message.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// The file.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
    /// What is underlined in it.
    pub span: Span,
}

impl Shown {
    /// Exactly the text that is underlined.
    pub fn snippet(&self) -> &str {
        self.text.get(self.span.start as usize..self.span.end as usize).unwrap_or_default()
    }
}

/// What a rule says of a case.
#[derive(Debug)]
pub struct Ran {
    /// Where it differs from what the case expects; empty: it holds.
    pub problems: Vec<String>,
    /// The findings.
    pub findings: Vec<Shown>,
}

/// The cases of a rule, in the order of their names.
///
/// # Errors
/// Files that are no case, and bundles that cannot be read.
pub fn of(pack: &Pack, rule: &Rule) -> Result<Vec<Case>, Vec<RuleError>> {
    let folder = rule.document.name.trim_end_matches("rule.yaml").to_owned();
    let mut groups: Vec<(String, Files)> = Vec::new();
    for (path, text) in pack.files_of(rule) {
        let (name, inner) = match path.split_once('/') {
            Some((name, inner)) => (name.to_owned(), inner.to_owned()),
            None => (path.clone(), path),
        };
        match groups.last_mut() {
            Some((last, files)) if *last == name => files.push((inner, text)),
            _ => groups.push((name, vec![(inner, text)])),
        }
    }
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for (name, files) in groups {
        let file: Arc<str> = format!("{folder}{name}").into();
        match read(&name, &file, files) {
            Ok(case) => cases.push(case),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

fn read(name: &str, file: &Arc<str>, files: Files) -> Result<Case, Box<RuleError>> {
    let prefix = name.split('.').next().unwrap_or_default();
    let Some(expected) = Expected::parse(prefix) else {
        let text: Arc<str> = Arc::from("");
        let help = "a case's name begins with `fail.`, `pass.`, `na.` or `unknown.`".to_owned();
        let at = Span { start: 0, end: 0 };
        return Err(Box::new(RuleError::in_text(file, &text, at, format!("`{name}` is no case"), Some(help))));
    };
    let now = NOW.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut case = Case { name: name.to_owned(), expected, about: String::new(), now, config: None, files, underlined: None };
    if let [(path, text)] = case.files.as_slice()
        && path == name
        && (name.ends_with(".yaml") || name.ends_with(".yml"))
        && let Some(document) = bundle(file, text)?
    {
        fill(&mut case, &document)?;
    }
    Ok(case)
}

/// The document of a bundle; a YAML file without `files` is a plain one.
fn bundle(file: &Arc<str>, text: &Arc<str>) -> Result<Option<Document>, Box<RuleError>> {
    let document = Document::yaml(file.clone(), text.clone())
        .map_err(|e| Box::new(RuleError::in_text(file, text, e.span, format!("this is not YAML: {}", e.message), None)))?;
    let root = document.root();
    let is_bundle = ["case", "files"].iter().any(|key| root.get(key).is_some());
    Ok(is_bundle.then_some(document))
}

const KEYS: [&str; 5] = ["case", "now", "config", "files", "underlined"];

fn fill(case: &mut Case, document: &Document) -> Result<(), Box<RuleError>> {
    let wrong = |node: Node<'_>, message: String, help: Option<String>| {
        Err(Box::new(RuleError::new(document, node.span(), message, help)))
    };
    let root = document.root();
    case.files.clear();
    for (key, value) in root.entries() {
        match key.as_str().unwrap_or_default() {
            "case" => case.about = value.as_str().unwrap_or_default().trim().to_owned(),
            "now" => match value.scalar().and_then(|t| moment(&t)) {
                Some(now) => case.now = now,
                None => return wrong(value, "`now` is no date".to_owned(), Some("write `2026-11-22`".to_owned())),
            },
            "config" => match value.as_str() {
                Some(text) => case.config = Some(Arc::from(text)),
                None => return wrong(value, "`config` is the text of an alicerce.toml".to_owned(), None),
            },
            "files" => {
                case.files = value
                    .entries()
                    .map(|(path, content)| (path.as_str().unwrap_or_default().to_owned(), content_of(content)))
                    .collect();
            }
            "underlined" => {
                case.underlined = Some(value.items().filter_map(|n| n.scalar().map(std::borrow::Cow::into_owned)).collect());
            }
            other => {
                let help = closest(other, KEYS).map(|near| format!("did you mean `{near}`?"));
                return wrong(key, format!("a case has no key `{other}`"), help);
            }
        }
    }
    // Rules about scopes need no more than the configuration.
    if case.files.is_empty() && case.config.is_none() {
        return wrong(root, "a case needs `files`".to_owned(), None);
    }
    Ok(())
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

/// A file's text: as it is where a string stands for it, else as JSON.
fn content_of(node: Node<'_>) -> Arc<str> {
    match node.as_str() {
        Some(text) => Arc::from(text),
        None => {
            let mut text = serde_json::to_string_pretty(&json(node)).unwrap_or_default();
            text.push('\n');
            Arc::from(text)
        }
    }
}

fn json(node: Node<'_>) -> serde_json::Value {
    use serde_json::Value as Json;
    match node.kind() {
        doc::Kind::Null => Json::Null,
        doc::Kind::Bool(b) => Json::Bool(b),
        doc::Kind::Number => {
            let number = node.as_i64().map(Json::from).or_else(|| node.as_f64().map(Json::from));
            number.unwrap_or(Json::Null)
        }
        doc::Kind::String => Json::from(node.as_str().unwrap_or_default()),
        doc::Kind::Array => Json::Array(node.items().map(json).collect()),
        doc::Kind::Object => {
            Json::Object(node.entries().map(|(k, v)| (k.as_str().unwrap_or_default().to_owned(), json(v))).collect())
        }
    }
}

/// Runs a rule over a case.
pub fn run(pack: &Pack, rule: &Rule, case: &Case) -> Ran {
    let config = match &case.config {
        None => Config::default(),
        Some(text) => match Config::parse("alicerce.toml", text.clone()) {
            Ok(config) => config,
            Err(errors) => {
                let problems = errors.iter().map(|e| format!("config, line {}: {}", e.line, e.message)).collect();
                return Ran { problems, findings: Vec::new() };
            }
        },
    };
    let options = input::Options { policy_patterns: patterns(&config), ..input::Options::default() };
    let loaded = input::load(&[Source::Virtual(case.files.clone())], &options);
    let mut problems: Vec<String> = Vec::new();
    problems.extend(loaded.unreadable.iter().map(|u| format!("`{}` was not read: {}", u.name, u.message)));
    problems.extend(loaded.unrecognised.iter().map(|s| format!("`{}` was not recognised: {}", s.name, s.why)));
    let world = World::new(Facts::build(&loaded), config, case.now);
    let only = BTreeSet::from([rule.id.clone()]);
    let judged = super::run(pack, &world, &Options { only: Some(only), progress: None });
    problems.extend(compare(case, &judged, &world));
    let findings: Vec<Shown> = judged.iter().filter(|j| j.outcome == Outcome::Fail).filter_map(|j| shown(j, &world)).collect();
    problems.extend(underlines(case, &findings));
    Ran { problems, findings }
}

fn patterns(config: &Config) -> Vec<(String, PolicyType)> {
    let typed = |p: &PolicyTypePattern| Some((p.path.to_string(), p.policy_type.parse::<PolicyType>().ok()?));
    config.policy_types.iter().filter_map(typed).collect()
}

fn compare(case: &Case, judged: &[Judged], world: &World) -> Vec<String> {
    let worse = judged.iter().filter(|j| Expected::of(&j.outcome) > case.expected);
    let mut problems: Vec<String> =
        worse.map(|j| format!("expected {}, but {}", case.expected.as_str(), sentence(j, world))).collect();
    if !judged.iter().any(|j| Expected::of(&j.outcome) == case.expected) {
        if judged.is_empty() && case.expected != Expected::NotApplicable {
            problems.push("the files hold no subject of the rule".to_owned());
        } else if problems.is_empty() && !judged.is_empty() {
            let seen: Vec<String> = judged.iter().map(|j| sentence(j, world)).collect();
            problems.push(format!("expected {}, but {}", case.expected.as_str(), seen.join("; ")));
        }
    }
    problems
}

fn sentence(judged: &Judged, world: &World) -> String {
    let subject = judged.subject.and_then(|id| world.facts.get(id));
    let name = subject.map_or_else(|| "the rule".to_owned(), |f| format!("{} `{}`", f.kind.title, f.name));
    match &judged.outcome {
        Outcome::Pass => format!("{name} passes"),
        Outcome::NotApplicable => format!("the rule does not apply to {name}"),
        Outcome::Fail => format!("{name} fails: {}", judged.message),
        Outcome::Unknown(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(|w| w.text.as_str()).collect();
            format!("{name} is unknown: {}", reasons.join("; "))
        }
        Outcome::Undeclared(fields) => {
            let fields: Vec<&str> = fields.iter().map(|f| &**f).collect();
            format!("scope `{}` does not declare {}", judged.scope.name, fields.join(", "))
        }
    }
}

fn shown(judged: &Judged, world: &World) -> Option<Shown> {
    let subject = judged.subject.and_then(|id| world.facts.get(id)).map(|f| f.node);
    let at: NodeId = judged.at.first().copied().or(subject)?;
    let node = world.facts.node(at)?;
    let (document, span) = node.document().in_file(node.span());
    Some(Shown {
        message: judged.message.clone(),
        fix: judged.fix.clone(),
        file: document.name.to_string(),
        text: document.text.clone(),
        span,
    })
}

fn underlines(case: &Case, findings: &[Shown]) -> Vec<String> {
    let Some(expected) = &case.underlined else { return Vec::new() };
    let (mut want, mut have): (Vec<&str>, Vec<&str>) =
        (expected.iter().map(String::as_str).collect(), findings.iter().map(Shown::snippet).collect());
    want.sort_unstable();
    have.sort_unstable();
    if want == have {
        return Vec::new();
    }
    vec![format!("expected to underline {}, but underlined {}", quoted(&want), quoted(&have))]
}

fn quoted(texts: &[&str]) -> String {
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    texts.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ")
}
