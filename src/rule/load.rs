//! One rule: `rule.yaml` to [`Rule`].
//!
//! In: the file's text. Out: a rule with its words checked, or everything that is wrong with the file at
//! once. Expressions are parsed when they are first needed ([`Rule::code`]): listing rules needs none.
//! Never: a wrong, unknown or missing key let through.

use std::sync::{Arc, OnceLock};

use super::ast::{Expr, Fault, Place};
use super::check::{self, Frame, Role};
use super::error::RuleError;
use super::template::Template;
use super::{Severity, cel, vocabulary};
use crate::config::{Scope, closest};
use crate::doc::{self, Document, Node, Span};
use crate::facts::shape::Type;
use crate::facts::{Kind, kinds};

/// The keys of `rule.yaml`, in the order in which rules write them, and whether a rule must have them.
pub const KEYS: [(&str, bool); 19] = [
    ("id", true),
    ("subject", true),
    ("when", false),
    ("each", false),
    ("require", true),
    ("at", false),
    ("related", false),
    ("part", false),
    ("witness", false),
    ("needs", false),
    ("severity", true),
    ("critical_if", false),
    ("default", false),
    ("message", true),
    ("why", true),
    ("fix", true),
    ("guide", false),
    ("controls", false),
    ("aliases", false),
];

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id, unique in a pack.
    pub id: Arc<str>,
    /// The folder above its own: the layer it belongs to.
    pub family: Arc<str>,
    /// What it judges, as written.
    pub subjects: Vec<Arc<str>>,
    /// The kinds that stands for.
    pub kinds: Vec<&'static Kind>,
    /// Postures that must be declared, as fields of a scope (`approved_regions`).
    pub needs: Vec<Arc<str>>,
    /// How grave a finding is.
    pub severity: Severity,
    /// False where it runs only when it is asked for.
    pub default_on: bool,
    /// Why it matters.
    pub why: Arc<str>,
    /// The layer of the architecture guide.
    pub guide: Option<Arc<str>>,
    /// Framework to the controls it bears on.
    pub controls: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Former ids.
    pub aliases: Vec<Arc<str>>,
    /// The file.
    pub document: Arc<Document>,
    code: OnceLock<Result<Code, Vec<RuleError>>>,
}

/// A rule's expressions.
#[derive(Debug)]
pub struct Code {
    /// False: not applicable.
    pub when: Option<Expr>,
    /// The list whose elements are judged one by one.
    pub each: Option<Expr>,
    /// True: pass.
    pub require: Expr,
    /// What is underlined.
    pub at: Option<Expr>,
    /// What explains.
    pub related: Option<Expr>,
    /// The offending part's identity.
    pub part: Option<Expr>,
    /// Evidence in one line.
    pub witness: Option<Expr>,
    /// True: this finding is critical, whatever the rule's severity.
    pub critical_if: Option<Expr>,
    /// The finding's sentence.
    pub message: Template,
    /// What to do.
    pub fix: Template,
}

impl Rule {
    /// Reads `rule.yaml`.
    ///
    /// # Errors
    /// Everything that is wrong with its keys and words, in the file's order; never an empty list.
    /// Expressions are left to [`Rule::code`] and [`Rule::check`].
    pub fn parse(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>, family: &str) -> Result<Self, Vec<RuleError>> {
        let (name, text) = (name.into(), text.into());
        let document = Document::yaml(name.clone(), text.clone())
            .map_err(|e| vec![RuleError::in_text(&name, &text, e.span, format!("this is not YAML: {}", e.message), None)])?;
        let document = Arc::new(document);
        let mut reader = Reader { document: &document, errors: Vec::new() };
        let rule = reader.rule(family);
        let mut errors = reader.errors;
        match rule {
            Some(rule) if errors.is_empty() => Ok(rule),
            _ => {
                errors.sort_by_key(|e| (e.span.start, e.span.end));
                Err(errors)
            }
        }
    }

    fn node(&self, key: &str) -> Option<Node<'_>> {
        self.document.root().get(key)
    }

    /// The text of a key, as it is written there; empty where it is missing.
    pub fn source(&self, key: &str) -> &str {
        self.node(key).and_then(Node::as_str).unwrap_or_default()
    }

    /// The expressions, parsed at the first call.
    ///
    /// # Errors
    /// The expressions that cannot be read.
    pub fn code(&self) -> Result<&Code, &[RuleError]> {
        self.code.get_or_init(|| self.compile()).as_ref().map_err(Vec::as_slice)
    }

    fn compile(&self) -> Result<Code, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut expr = |key: &str| -> Option<Expr> {
            let node = self.node(key)?;
            cel::parse(node.as_str()?).map_err(|fault| errors.push(RuleError::fault(node, fault))).ok()
        };
        let (when, each, require) = (expr("when"), expr("each"), expr("require"));
        let (at, related, part, witness) = (expr("at"), expr("related"), expr("part"), expr("witness"));
        let critical_if = expr("critical_if");
        let mut template = |key: &str| -> Option<Template> {
            let node = self.node(key)?;
            Template::parse(node.as_str()?).map_err(|fault| errors.push(RuleError::fault(node, fault))).ok()
        };
        let (message, fix) = (template("message"), template("fix"));
        match (require, message, fix) {
            (Some(require), Some(message), Some(fix)) if errors.is_empty() => {
                Ok(Code { when, each, require, at, related, part, witness, critical_if, message, fix })
            }
            _ => Err(errors),
        }
    }

    /// The static check of all expressions, once for each kind that the subject may be.
    pub fn check(&self) -> Vec<RuleError> {
        let code = match self.code() {
            Ok(code) => code,
            Err(errors) => return errors.to_vec(),
        };
        let mut errors: Vec<RuleError> = Vec::new();
        for kind in &self.kinds {
            for (key, fault) in self.faults(code, kind) {
                let Some(node) = self.node(key) else { continue };
                let error = RuleError::fault(node, fault);
                if !errors.iter().any(|e| e.span == error.span && e.message == error.message) {
                    errors.push(error);
                }
            }
        }
        errors.sort_by_key(|e| (e.span.start, e.span.end));
        errors
    }

    fn faults(&self, code: &Code, kind: &Kind) -> Vec<(&'static str, Fault)> {
        let mut out = Vec::new();
        let mut run = |key: &'static str, e: &Expr, frame: &Frame, role: Role| -> Type {
            let (ty, faults) = check::check(e, frame, role);
            out.extend(faults.into_iter().map(|f| (key, f)));
            ty
        };
        let mut frame = Frame::new(Type::Fact(kind.name.to_owned())).declared(&self.needs);
        if let Some(when) = &code.when {
            run("when", when, &frame, Role::Truth);
            frame = frame.given(when);
        }
        if let Some(each) = &code.each {
            let element = match run("each", each, &frame, Role::List) {
                Type::List(inner) => *inner,
                _ => Type::Any,
            };
            frame = frame.with("item", element);
        }
        run("require", &code.require, &frame, Role::Truth);
        for (key, e, role) in [
            ("at", &code.at, Role::Location),
            ("related", &code.related, Role::Location),
            ("part", &code.part, Role::Value),
            ("witness", &code.witness, Role::Text),
            ("critical_if", &code.critical_if, Role::Truth),
        ] {
            if let Some(e) = e {
                run(key, e, &frame, role);
            }
        }
        for (key, template) in [("message", &code.message), ("fix", &code.fix)] {
            for e in template.expressions() {
                run(key, e, &frame, Role::Text);
            }
        }
        out
    }
}

struct Reader<'d> {
    document: &'d Arc<Document>,
    errors: Vec<RuleError>,
}

impl<'d> Reader<'d> {
    fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.errors.push(RuleError::new(self.document, span, message, help));
    }

    fn rule(&mut self, family: &str) -> Option<Rule> {
        let problems: Vec<doc::Problem> = self.document.problems.clone();
        for problem in problems {
            self.error(problem.span, problem.message, None);
        }
        let root = self.document.root();
        if root.kind() != doc::Kind::Object {
            self.error(root.span(), "a rule is a map of keys such as `id`, `subject` and `require`", None);
            return None;
        }
        self.keys(root);
        let id = self.string(root, "id");
        if let Some(id) = id.filter(|i| !is_id(i)) {
            let span = root.get("id").map_or(root.span(), Node::span);
            let help = "use small letters, digits and single hyphens, such as `endpoint-private-dns-disabled`".to_owned();
            self.error(span, format!("`{id}` is not an id"), Some(help));
        }
        let (subjects, kinds) = self.subjects(root);
        for key in ["when", "each", "require", "at", "related", "part", "witness", "critical_if", "message", "fix"] {
            self.string(root, key);
        }
        let default = self.one_of(root, "default", &["on", "off"]);
        let severity = self.one_of(root, "severity", &Severity::NAMES);
        Some(Rule {
            id: Arc::from(id?),
            family: Arc::from(family),
            subjects,
            kinds,
            needs: self.needs(root),
            severity: severity.and_then(Severity::parse)?,
            default_on: default != Some("off"),
            why: Arc::from(self.string(root, "why")?.trim()),
            guide: self.string(root, "guide").map(Arc::from),
            controls: self.controls(root),
            aliases: self.strings(root, "aliases").into_iter().map(|(t, _)| Arc::from(t)).collect(),
            document: self.document.clone(),
            code: OnceLock::new(),
        })
    }

    fn keys(&mut self, root: Node<'_>) {
        for (key, _) in root.entries() {
            let name = key.as_str().unwrap_or_default();
            if KEYS.iter().any(|(k, _)| *k == name) {
                continue;
            }
            let help = closest(name, KEYS.iter().map(|(k, _)| *k)).map_or_else(
                || format!("a rule has the keys {}", KEYS.map(|(k, _)| k).join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.error(key.span(), format!("a rule has no key `{name}`"), Some(help));
        }
        for (key, required) in KEYS {
            if required && root.get(key).is_none() {
                let start = root.span().start;
                self.error(Span { start, end: start + 1 }, format!("`{key}` is missing"), None);
            }
        }
    }

    /// The text of a key that holds one; an empty one is an error.
    fn string(&mut self, root: Node<'d>, key: &str) -> Option<&'d str> {
        let node = root.get(key)?;
        match node.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.error(node.span(), format!("`{key}` is empty"), None);
                None
            }
            // An expression such as `true` or `1` is no string in YAML.
            None if node.scalar().is_some() && matches!(key, "when" | "require") => {
                self.error(node.span(), format!("`{key}` is an expression"), Some("write it in quotes".to_owned()));
                None
            }
            None => {
                self.error(node.span(), format!("`{key}` is {}, expected a string", what(node)), None);
                None
            }
        }
    }

    fn one_of(&mut self, root: Node<'d>, key: &str, allowed: &[&str]) -> Option<&'d str> {
        let text = self.string(root, key)?;
        if allowed.contains(&text) {
            return Some(text);
        }
        let help = closest(text, allowed.iter().copied())
            .map_or_else(|| format!("one of {}", allowed.join(", ")), |near| format!("did you mean `{near}`?"));
        let span = root.get(key).map_or(root.span(), Node::span);
        self.error(span, format!("`{text}` is not a value of `{key}`"), Some(help));
        None
    }

    fn strings(&mut self, root: Node<'d>, key: &str) -> Vec<(&'d str, Span)> {
        root.get(key).map(|node| self.list(node, key)).unwrap_or_default()
    }

    /// A list of strings, or one string alone.
    fn list(&mut self, node: Node<'d>, key: &str) -> Vec<(&'d str, Span)> {
        if let Some(text) = node.as_str() {
            return vec![(text, node.span())];
        }
        if node.kind() != doc::Kind::Array {
            self.error(node.span(), format!("`{key}` is {}, expected a list of strings", what(node)), None);
            return Vec::new();
        }
        let mut out = Vec::new();
        for item in node.items() {
            match item.as_str() {
                Some(text) => out.push((text, item.span())),
                None => self.error(item.span(), format!("an element of `{key}` is {}, expected a string", what(item)), None),
            }
        }
        out
    }

    fn subjects(&mut self, root: Node<'d>) -> (Vec<Arc<str>>, Vec<&'static Kind>) {
        let words = self.strings(root, "subject");
        let mut kinds: Vec<&'static Kind> = Vec::new();
        for (word, span) in &words {
            let found = kinds::subject(word);
            if found.is_empty() {
                let help = closest(word, vocabulary::subjects()).map_or_else(
                    || "`alicerce rules kinds` lists the kinds".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(*span, format!("there is no kind `{word}`"), Some(help));
            }
            for kind in found {
                if !kinds.iter().any(|k| k.name == kind.name) {
                    kinds.push(kind);
                }
            }
        }
        (words.into_iter().map(|(w, _)| Arc::from(w)).collect(), kinds)
    }

    fn needs(&mut self, root: Node<'d>) -> Vec<Arc<str>> {
        let mut out = Vec::new();
        for (word, span) in self.strings(root, "needs") {
            let field = word.replace('-', "_");
            let fields = || Scope::FIELDS.iter().map(|f| f.name);
            if fields().any(|f| f == field) {
                out.push(Arc::from(field));
                continue;
            }
            let help = closest(&field, fields()).map_or_else(
                || format!("one of {}", fields().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.error(span, format!("a scope has no `{word}`"), Some(help));
        }
        out
    }

    fn controls(&mut self, root: Node<'d>) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let Some(node) = root.get("controls") else { return Vec::new() };
        if node.kind() != doc::Kind::Object {
            self.error(node.span(), format!("`controls` is {}, expected frameworks with lists of controls", what(node)), None);
            return Vec::new();
        }
        let mut out = Vec::new();
        for (framework, ids) in node.entries() {
            let ids = self.list(ids, "controls").into_iter().map(|(t, _)| Arc::from(t)).collect();
            out.push((Arc::from(framework.as_str().unwrap_or_default()), ids));
        }
        out
    }
}

fn what(node: Node<'_>) -> &'static str {
    match node.kind() {
        doc::Kind::Null => "nothing",
        doc::Kind::Bool(_) => "a truth value",
        doc::Kind::Number => "a number",
        doc::Kind::String => "a string",
        doc::Kind::Array => "a list",
        doc::Kind::Object => "a map",
    }
}

/// Small letters, digits, single hyphens between them.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// The whole text, for faults without a better place.
pub fn whole(text: &str) -> Place {
    Place { start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) }
}
