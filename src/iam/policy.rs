//! A parsed policy: statements whose every element and value keeps its place in the document.
//!
//! In: see [`Policy::parse`]. Out: compiled statements, ready to be matched against any number of requests.
//! Never: a policy that AWS would refuse (it grants nothing; the reasons come back as [`Malformed`]).
//! Source: IAM user guide, "IAM JSON policy element reference" and "Grammar of the IAM JSON policy language".

use super::condition::Condition;
use super::named::{Named, PrincipalMatcher};
use super::pattern::Pattern;
use super::policy_type::PolicyType;
use super::request::Request;
use super::tree::{Mark, Tree};
use super::truth::Truth;

/// The language's version; policy variables exist in the later one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Version {
    /// `2008-10-17`, also what a policy without `Version` has.
    #[default]
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Why AWS refuses a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The node to underline.
    pub mark: Mark,
    /// Stable identifier, such as `unknown-element`.
    pub code: &'static str,
    /// One sentence, lower case, user text in backticks.
    pub message: String,
}

/// Where a statement stands: the caller's tag of the document, and the statement's node in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// [`Policy::source`].
    pub source: u64,
    /// [`Statement::mark`], or that of an element in it.
    pub mark: Mark,
}

/// A policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What it was read as.
    pub kind: PolicyType,
    /// The language's version.
    pub version: Version,
    /// `Id`.
    pub id: Option<Box<str>>,
    /// In the document's order.
    pub statements: Vec<Statement>,
    /// The document's root.
    pub mark: Mark,
    /// An opaque tag by which the caller finds the document again.
    pub source: u64,
}

/// `Effect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
    /// A template function.
    Unknown,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The statement's object.
    pub mark: Mark,
    /// `Sid`.
    pub sid: Option<Box<str>>,
    /// `Effect`.
    pub effect: Effect,
    /// The node of the effect's value.
    pub effect_mark: Mark,
    /// `Action` or `NotAction`.
    pub action: Matcher,
    /// `Resource` or `NotResource`; `None` where the policy's kind has none (a trust policy): the statement
    /// is about the resource it is attached to.
    pub resource: Option<Matcher>,
    /// `Principal` or `NotPrincipal`; `None` where the policy's kind has none.
    pub principal: Option<PrincipalMatcher>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// A part of the statement is a template function, so whether it applies is never quite known.
    pub partly_unknown: bool,
    /// The conditions contradict each other: no request can meet them.
    pub contradictory: bool,
}

/// `Action`, `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The `Not…` form.
    pub negated: bool,
    /// The element's key.
    pub mark: Mark,
    /// The values; any of them may match.
    pub patterns: Vec<Pattern>,
}

impl Matcher {
    /// Whether the element covers `text`.
    pub(crate) fn covers(&self, text: &str, context: &super::request::Context) -> Truth {
        let matched = Truth::any(self.patterns.iter().map(|pattern| pattern.matches(text, context)));
        if self.negated { !matched } else { matched }
    }

    /// True when the element covers everything.
    pub fn is_everything(&self) -> bool {
        if self.negated { self.patterns.is_empty() } else { self.patterns.iter().any(Pattern::is_any) }
    }
}

impl Policy {
    /// Reads a policy of the given kind from its document's root.
    ///
    /// # Errors
    /// All the reasons for which AWS would refuse it. Template functions whose value is not known are no reason.
    pub fn parse<T: Tree>(root: T, kind: PolicyType) -> Result<Self, Vec<Malformed>> {
        super::parse::parse(root, kind)
    }

    /// The same policy with the caller's tag.
    #[must_use]
    pub fn with_source(mut self, source: u64) -> Self {
        self.source = source;
        self
    }

    /// Where one of its statements stands.
    pub fn site(&self, statement: &Statement) -> Site {
        Site { source: self.source, mark: statement.mark }
    }
}

impl Statement {
    /// Whether the statement applies to the request, whatever its effect.
    pub fn applies(&self, request: &Request) -> Truth {
        self.applies_named(request, Truth::False).at_all()
    }

    /// The same, told apart by the form in which the statement names the requester. `bounded`: whether the requester
    /// has a permissions boundary.
    pub(crate) fn applies_named(&self, request: &Request, bounded: Truth) -> Named {
        if self.contradictory {
            return Named::default();
        }
        let mut truth = self.action.covers(&request.action, &request.context);
        if truth == Truth::False {
            return Named::default();
        }
        if let Some(resource) = &self.resource {
            truth = truth.and(resource.covers(&request.resource, &request.context));
        }
        if truth == Truth::False {
            return Named::default();
        }
        let named = match &self.principal {
            None => Named::holder(),
            Some(principal) => principal.names(&request.principal, self.effect == Effect::Deny, bounded),
        };
        if named.at_all() == Truth::False {
            return named;
        }
        for condition in &self.conditions {
            truth = truth.and(condition.holds(&request.context));
            if truth == Truth::False {
                return Named::default();
            }
        }
        if self.partly_unknown {
            truth = truth.and(Truth::Unknown);
        }
        named.and(&truth)
    }
}
