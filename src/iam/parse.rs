//! From a JSON-shaped tree to a [`Policy`].
//!
//! In: a document's root and the kind of policy it is. Out: the compiled policy, or every reason for which AWS
//! would refuse it, each with its node. Never: a misspelt element passed over in silence, a panic, or work that
//! grows faster than the document.

mod conditions;
mod elements;

use std::collections::HashSet;

use super::policy::{Effect, Malformed, Matcher, Policy, Statement, Version};
use super::policy_type::PolicyType;
use super::tree::{Mark, Shape, Tree};

pub(crate) fn parse<T: Tree>(root: T, kind: PolicyType) -> Result<Policy, Vec<Malformed>> {
    let mut reader = Reader { kind, version: Version::V2008, problems: Vec::new() };
    let policy = reader.policy(root);
    if reader.problems.is_empty() { Ok(policy) } else { Err(reader.problems) }
}

/// What is being read, and what was wrong so far.
struct Reader {
    kind: PolicyType,
    version: Version,
    problems: Vec<Malformed>,
}

/// A node's text, or that it is a template function.
enum Scalar {
    Text(Box<str>),
    /// The function's name, and its text where it is one in which `${…}` is replaced.
    Unresolved {
        function: String,
        template: Option<Box<str>>,
    },
}

impl Reader {
    fn problem(&mut self, mark: Mark, code: &'static str, message: String) {
        self.problems.push(Malformed { mark, code, message });
    }

    fn variables(&self) -> bool {
        self.version == Version::V2012
    }

    fn policy<T: Tree>(&mut self, root: T) -> Policy {
        let mut policy =
            Policy { kind: self.kind, version: Version::V2008, id: None, statements: Vec::new(), mark: root.mark(), source: 0 };
        if function(root).is_some() {
            policy.statements.push(unknown_statement(root.mark()));
            return policy;
        }
        if root.shape() != Shape::Object {
            self.problem(root.mark(), "policy-not-an-object", "a policy is a JSON object".into());
            return policy;
        }
        self.no_duplicates(root);
        let mut statement = None;
        for (key, value) in root.pairs() {
            match text_of(key).as_str() {
                "Version" => self.read_version(value),
                "Id" => policy.id = self.text(value, "Id"),
                "Statement" => statement = Some(value),
                other => self.problem(
                    key.mark(),
                    "unknown-element",
                    format!("`{other}` is not an element of a policy: expected `Version`, `Id` or `Statement`"),
                ),
            }
        }
        policy.version = self.version;
        if self.version != Version::V2012 && matches!(self.kind, PolicyType::Scp | PolicyType::Rcp) {
            let message = format!("a policy of kind {} has `\"Version\": \"2012-10-17\"`", self.kind);
            self.problem(root.mark(), "invalid-version", message);
        }
        match statement {
            None => self.problem(root.mark(), "missing-statement", "the policy has no `Statement`".into()),
            Some(node) => self.statements(node, &mut policy.statements),
        }
        policy
    }

    fn read_version<T: Tree>(&mut self, value: T) {
        match self.scalar(value) {
            Some(Scalar::Text(text)) => match &*text {
                "2012-10-17" => self.version = Version::V2012,
                "2008-10-17" => self.version = Version::V2008,
                other => self.problem(
                    value.mark(),
                    "invalid-version",
                    format!("`{other}` is not a version of the policy language: write `2012-10-17`"),
                ),
            },
            Some(Scalar::Unresolved { .. }) => self.version = Version::V2012,
            None => self.problem(value.mark(), "invalid-version", "`Version` is a string".into()),
        }
    }

    fn statements<T: Tree>(&mut self, node: T, into: &mut Vec<Statement>) {
        if function(node).is_some() {
            into.push(unknown_statement(node.mark()));
            return;
        }
        match node.shape() {
            Shape::Object => into.push(self.statement(node)),
            Shape::Array => {
                for element in node.elements() {
                    if function(element).is_some() {
                        into.push(unknown_statement(element.mark()));
                    } else if element.shape() == Shape::Object {
                        into.push(self.statement(element));
                    } else {
                        self.problem(element.mark(), "statement-not-an-object", "a statement is a JSON object".into());
                    }
                }
                self.unique_sids(into);
            }
            _ => {
                self.problem(node.mark(), "statement-not-an-object", "`Statement` is a statement or a list of statements".into())
            }
        }
    }

    fn statement<T: Tree>(&mut self, node: T) -> Statement {
        let mut parts = Parts { principal: None, action: None, resource: None, condition: None, effect: None, sid: None };
        self.no_duplicates(node);
        for (key, value) in node.pairs() {
            let name = text_of(key);
            let (slot, negated) = match name.as_str() {
                "Sid" => (&mut parts.sid, false),
                "Effect" => (&mut parts.effect, false),
                "Principal" => (&mut parts.principal, false),
                "NotPrincipal" => (&mut parts.principal, true),
                "Action" => (&mut parts.action, false),
                "NotAction" => (&mut parts.action, true),
                "Resource" => (&mut parts.resource, false),
                "NotResource" => (&mut parts.resource, true),
                "Condition" => (&mut parts.condition, false),
                _ => {
                    self.problem(
                        key.mark(),
                        "unknown-element",
                        format!("`{name}` is not an element of a statement (names are case-sensitive)"),
                    );
                    continue;
                }
            };
            match slot {
                None => *slot = Some((key, value, negated)),
                Some((_, _, other)) if *other != negated => self.problem(
                    key.mark(),
                    "both-forms-of-element",
                    format!("`{name}` stands beside its opposite: a statement takes one of the two"),
                ),
                // The same name twice: reported by `no_duplicates`.
                Some(_) => {}
            }
        }
        self.assemble(node, parts)
    }

    fn assemble<T: Tree>(&mut self, node: T, parts: Parts<T>) -> Statement {
        let mut statement = unknown_statement(node.mark());
        statement.partly_unknown = false;
        if let Some((_, value, _)) = parts.sid {
            statement.sid = self.sid(value);
        }
        match parts.effect {
            None => self.problem(node.mark(), "missing-effect", "the statement has no `Effect`".into()),
            Some((_, value, _)) => {
                statement.effect_mark = value.mark();
                statement.effect = self.effect(value);
            }
        }
        match parts.action {
            None => self.problem(node.mark(), "missing-action", "the statement has neither `Action` nor `NotAction`".into()),
            Some((key, value, negated)) => statement.action = self.action(key, value, negated),
        }
        statement.resource = self.resource(node, parts.resource);
        statement.principal = self.principal(node, parts.principal);
        if let Some((_, value, _)) = parts.condition {
            if function(value).is_some() {
                statement.partly_unknown = true;
            } else {
                statement.conditions = self.conditions(value, &mut statement.partly_unknown);
            }
        }
        if self.kind == PolicyType::Rcp {
            self.rcp_grammar(&statement);
        }
        statement.contradictory = super::contradiction::contradictory(&statement.conditions);
        statement
    }

    fn effect<T: Tree>(&mut self, value: T) -> Effect {
        match self.scalar(value) {
            Some(Scalar::Text(text)) if &*text == "Allow" => Effect::Allow,
            Some(Scalar::Text(text)) if &*text == "Deny" => Effect::Deny,
            Some(Scalar::Unresolved { .. }) => Effect::Unknown,
            Some(Scalar::Text(text)) => {
                let message = format!("`{text}` is not an effect: `Allow` or `Deny`, spelt so");
                self.problem(value.mark(), "invalid-effect", message);
                Effect::Unknown
            }
            None => {
                self.problem(value.mark(), "invalid-effect", "`Effect` is `Allow` or `Deny`".into());
                Effect::Unknown
            }
        }
    }

    /// IAM takes letters and digits only; other services are freer.
    fn sid<T: Tree>(&mut self, value: T) -> Option<Box<str>> {
        let sid = self.text(value, "Sid")?;
        let strict = matches!(self.kind, PolicyType::Identity | PolicyType::Boundary | PolicyType::Session);
        if strict && !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let message = format!("`{sid}`: a `Sid` holds ASCII letters and digits only");
            self.problem(value.mark(), "invalid-sid", message);
        }
        Some(sid)
    }

    fn unique_sids(&mut self, statements: &[Statement]) {
        let mut seen = HashSet::new();
        for statement in statements {
            if let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty())
                && !seen.insert(sid)
            {
                let message = format!("`{sid}` is the `Sid` of two statements");
                self.problems.push(Malformed { mark: statement.mark, code: "duplicate-sid", message });
            }
        }
    }

    fn no_duplicates<T: Tree>(&mut self, node: T) {
        let mut seen = HashSet::new();
        for (key, _) in node.pairs() {
            let name = text_of(key);
            if seen.contains(&name) {
                self.problem(key.mark(), "duplicate-element", format!("`{name}` stands twice in the same object"));
            } else {
                seen.insert(name);
            }
        }
    }

    fn text<T: Tree>(&mut self, value: T, element: &str) -> Option<Box<str>> {
        match self.scalar(value) {
            Some(Scalar::Text(text)) => Some(text),
            Some(Scalar::Unresolved { .. }) => None,
            None => {
                self.problem(value.mark(), "not-a-string", format!("`{element}` is a string"));
                None
            }
        }
    }

    /// `None` for null and containers.
    fn scalar<T: Tree>(&self, value: T) -> Option<Scalar> {
        if let Some(function) = function(value) {
            let template = template_of(value, &function);
            return Some(Scalar::Unresolved { function, template });
        }
        value.text().map(|text| Scalar::Text(text.as_ref().into()))
    }
}

/// The elements of a statement: key, value, and whether it is the `Not…` form.
struct Parts<T> {
    principal: Element<T>,
    action: Element<T>,
    resource: Element<T>,
    condition: Element<T>,
    effect: Element<T>,
    sid: Element<T>,
}

type Element<T> = Option<(T, T, bool)>;

/// A statement of which nothing is known (a template function).
fn unknown_statement(mark: Mark) -> Statement {
    Statement {
        mark,
        sid: None,
        effect: Effect::Unknown,
        effect_mark: mark,
        // `NotAction` of nothing: everything.
        action: Matcher { negated: true, mark, patterns: Vec::new() },
        resource: None,
        principal: None,
        conditions: Vec::new(),
        partly_unknown: true,
        contradictory: false,
    }
}

fn text_of<T: Tree>(key: T) -> String {
    key.text().map_or_else(String::new, |text| text.into_owned())
}

/// The name of the template function that a node is: a YAML tag, or CloudFormation's JSON form (`{"Ref": …}`).
fn function<T: Tree>(node: T) -> Option<String> {
    if let Some(tag) = node.unresolved() {
        return Some(tag);
    }
    if node.shape() != Shape::Object {
        return None;
    }
    let mut pairs = node.pairs();
    let (key, _) = pairs.next()?;
    if pairs.next().is_some() {
        return None;
    }
    let name = text_of(key);
    (name == "Ref" || name.starts_with("Fn::")).then_some(name)
}

/// The text of `!Sub text` or `{"Fn::Sub": text}`.
fn template_of<T: Tree>(node: T, function: &str) -> Option<Box<str>> {
    let own = |value: T| value.text().map(|text| Box::<str>::from(text.as_ref()));
    match function {
        "!Sub" => own(node),
        "Fn::Sub" => node.pairs().next().and_then(|(_, value)| own(value)),
        _ => None,
    }
}
