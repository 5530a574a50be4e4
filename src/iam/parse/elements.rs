//! `Action`, `Resource`, `Principal` and their `Not…` forms, and what each kind of policy demands of them.

use super::{Reader, Scalar, function, text_of};
use crate::iam::named::{Entry, EntryKind, PrincipalMatcher};
use crate::iam::pattern::{Pattern, Reading};
use crate::iam::policy::{Effect, Matcher, Statement};
use crate::iam::policy_type::PolicyType;
use crate::iam::tree::{Mark, Shape, Tree};

impl Reader {
    pub(super) fn action<T: Tree>(&mut self, key: T, value: T, negated: bool) -> Matcher {
        let reading = Reading { wildcards: true, fold: true, variables: false };
        let patterns = self.patterns(value, reading, "Action");
        for pattern in &patterns {
            let text = &*pattern.text;
            let everything = !text.is_empty() && text.bytes().all(|b| b == b'*');
            if !pattern.has_hole() && !everything && !text.contains(':') {
                let message = format!("`{text}` has no service prefix: write `service:{text}`");
                self.problem(pattern.mark, "action-without-service", message);
            }
        }
        Matcher { negated, mark: key.mark(), patterns }
    }

    pub(super) fn resource<T: Tree>(&mut self, node: T, element: Option<(T, T, bool)>) -> Option<Matcher> {
        let Some((key, value, negated)) = element else {
            let needed = matches!(
                self.kind,
                PolicyType::Identity | PolicyType::Boundary | PolicyType::Session | PolicyType::Scp | PolicyType::Rcp
            );
            if needed {
                let message = "the statement has neither `Resource` nor `NotResource`".into();
                self.problem(node.mark(), "missing-resource", message);
            }
            return None;
        };
        if self.kind == PolicyType::Trust {
            let message = "a trust policy has no `Resource`: it is about the role it belongs to".into();
            self.problem(key.mark(), "resource-not-allowed", message);
        }
        let reading = Reading { wildcards: true, fold: false, variables: self.variables() };
        let patterns = self.patterns(value, reading, "Resource");
        // Resource policies of some services name resources otherwise (`execute-api:/stage/*`).
        let arns_only = !matches!(self.kind, PolicyType::Resource | PolicyType::Endpoint | PolicyType::Key);
        for pattern in &patterns {
            let text = &*pattern.text;
            let plausible = text.starts_with(['*', '?']) || text.starts_with("${") || text.starts_with("arn:");
            if arns_only && !pattern.has_hole() && !plausible {
                let message = format!("`{text}` is neither an ARN nor `*`");
                self.problem(pattern.mark, "resource-not-an-arn", message);
            }
        }
        Some(Matcher { negated, mark: key.mark(), patterns })
    }

    fn patterns<T: Tree>(&mut self, value: T, reading: Reading, element: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        if value.shape() == Shape::Array && function(value).is_none() {
            for item in value.elements() {
                patterns.extend(self.pattern(item, reading, element));
            }
        } else {
            patterns.extend(self.pattern(value, reading, element));
        }
        patterns
    }

    fn pattern<T: Tree>(&mut self, value: T, reading: Reading, element: &str) -> Option<Pattern> {
        match self.scalar(value) {
            Some(Scalar::Text(text)) if value.shape() == Shape::String => Some(Pattern::new(&text, value.mark(), reading)),
            Some(Scalar::Unresolved { template: Some(template), .. }) => {
                Some(Pattern::substituted(&template, value.mark(), reading))
            }
            Some(Scalar::Unresolved { function, .. }) => Some(Pattern::unresolved(&function, value.mark())),
            _ => {
                let message = format!("`{element}` is a string or a list of strings");
                self.problem(value.mark(), "not-a-string", message);
                None
            }
        }
    }

    pub(super) fn principal<T: Tree>(&mut self, node: T, element: Option<(T, T, bool)>) -> Option<PrincipalMatcher> {
        let has_principals = matches!(
            self.kind,
            PolicyType::Resource | PolicyType::Trust | PolicyType::Endpoint | PolicyType::Key | PolicyType::Rcp
        );
        let Some((key, value, negated)) = element else {
            if has_principals && self.kind != PolicyType::Endpoint {
                let message = "the statement has neither `Principal` nor `NotPrincipal`".into();
                self.problem(node.mark(), "missing-principal", message);
            }
            return None;
        };
        if !has_principals {
            let message = format!("`{}` does not belong in this kind of policy", text_of(key));
            self.problem(key.mark(), "principal-not-allowed", message);
        }
        if negated && self.kind == PolicyType::Trust {
            let message = "a trust policy has no `NotPrincipal`: name those who may assume the role".into();
            self.problem(key.mark(), "principal-not-allowed", message);
        }
        let mut entries = Vec::new();
        self.entries(value, &mut entries);
        Some(PrincipalMatcher { negated, mark: key.mark(), entries })
    }

    fn entries<T: Tree>(&mut self, value: T, into: &mut Vec<Entry>) {
        if let Some(function) = function(value) {
            into.push(Entry::unresolved(EntryKind::Aws, &function, value.mark()));
            return;
        }
        if value.shape() != Shape::Object {
            match value.text() {
                Some(text) if text == "*" => self.entry(EntryKind::Aws, value, into),
                _ => {
                    let message = "a principal is `\"*\"` or an object such as `{\"AWS\": …}`".into();
                    self.problem(value.mark(), "invalid-principal", message);
                }
            }
            return;
        }
        self.no_duplicates(value);
        for (key, names) in value.pairs() {
            let kind = match text_of(key).as_str() {
                "AWS" => EntryKind::Aws,
                "Service" => EntryKind::Service,
                "Federated" => EntryKind::Federated,
                "CanonicalUser" => EntryKind::CanonicalUser,
                other => {
                    let message =
                        format!("`{other}` is not a kind of principal: `AWS`, `Service`, `Federated` or `CanonicalUser`");
                    self.problem(key.mark(), "invalid-principal", message);
                    continue;
                }
            };
            if names.shape() == Shape::Array && function(names).is_none() {
                for name in names.elements() {
                    self.entry(kind, name, into);
                }
            } else {
                self.entry(kind, names, into);
            }
        }
    }

    fn entry<T: Tree>(&mut self, kind: EntryKind, node: T, into: &mut Vec<Entry>) {
        let mark = node.mark();
        match self.scalar(node) {
            Some(Scalar::Unresolved { function, template }) => {
                into.push(Entry::unresolved(kind, template.as_deref().unwrap_or(&function), mark));
            }
            Some(Scalar::Text(text)) => match Entry::new(kind, &text, mark) {
                Ok(entry) => into.push(entry),
                Err(why) => self.problem(mark, "invalid-principal", why),
            },
            None => self.problem(mark, "invalid-principal", "a principal's name is a string".into()),
        }
    }

    /// AWS Organizations user guide, "RCP syntax": own policies deny only, for everyone, with neither
    /// `NotAction` nor a bare `*`. `RCPFullAWSAccess` alone allows.
    pub(super) fn rcp_grammar(&mut self, statement: &Statement) {
        let mark: Mark = statement.mark;
        let everyone = statement.principal.as_ref().is_none_or(|p| {
            p.is_everyone() && p.entries.len() == 1 || p.entries.iter().any(|e| e.names == crate::iam::named::Names::Unresolved)
        });
        if !everyone {
            let message = "the principal of a resource control policy is `\"*\"`: limit it by a condition".into();
            self.problem(mark, "rcp-principal", message);
        }
        let bare_star = !statement.action.negated && statement.action.patterns.iter().any(Pattern::is_any);
        match statement.effect {
            Effect::Allow => {
                let full = bare_star
                    && statement.conditions.is_empty()
                    && statement.resource.as_ref().is_some_and(|r| !r.negated && r.is_everything());
                if !full {
                    let message = "a resource control policy can only deny".into();
                    self.problem(statement.effect_mark, "rcp-allow", message);
                }
            }
            _ if statement.action.negated && !statement.partly_unknown => {
                let message = "a resource control policy has no `NotAction`".into();
                self.problem(statement.action.mark, "rcp-not-action", message);
            }
            _ if bare_star => {
                let message = "a resource control policy needs a service prefix before `*`".into();
                self.problem(statement.action.mark, "rcp-bare-wildcard", message);
            }
            _ => {}
        }
    }
}
