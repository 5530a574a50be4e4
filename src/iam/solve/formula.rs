//! "The request is allowed" as a formula over the resource's text and the context keys.
//!
//! In: policies, and a request of which principal, action and part of the context are fixed. Out: a [`Formula`] in
//! negation normal form. What the theory has no word for becomes [`Formula::Opaque`]: neither true nor false.
//! The way in which policy types combine is the one of [`super::super::decide`], not a second copy of it.

use std::borrow::Cow;
use std::rc::Rc;

use crate::iam::condition::{Condition, Texts};
use crate::iam::glob::Glob;
use crate::iam::named::Named;
use crate::iam::pattern::Expanded;
use crate::iam::policy::{Matcher, Statement};
use crate::iam::request::{Context, Known, Request};
use crate::iam::truth::{Logic, Truth};

/// A formula without negation but in its literals.
#[derive(Debug, Clone)]
pub(super) enum Formula<'a> {
    Constant(bool),
    /// Outside the theory.
    Opaque,
    Literal(Literal<'a>),
    All(Rc<Vec<Formula<'a>>>),
    Any(Rc<Vec<Formula<'a>>>),
}

#[derive(Debug, Clone)]
pub(super) enum Literal<'a> {
    /// The resource matches one of the globs, or none.
    Resource { globs: Rc<[Glob]>, inside: bool },
    /// The condition holds, or not.
    Condition { condition: Cow<'a, Condition>, holds: bool },
}

impl Logic for Formula<'_> {
    fn constant(value: Truth) -> Self {
        match value {
            Truth::True => Self::Constant(true),
            Truth::False => Self::Constant(false),
            Truth::Unknown => Self::Opaque,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant(false), _) | (_, Self::Constant(false)) => Self::Constant(false),
            (Self::Constant(true), other) | (other, Self::Constant(true)) => other,
            (Self::All(mut all), other) => {
                Rc::make_mut(&mut all).push(other);
                Self::All(all)
            }
            (one, other) => Self::All(Rc::new(vec![one, other])),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant(true), _) | (_, Self::Constant(true)) => Self::Constant(true),
            (Self::Constant(false), other) | (other, Self::Constant(false)) => other,
            (Self::Any(mut any), other) => {
                Rc::make_mut(&mut any).push(other);
                Self::Any(any)
            }
            (one, other) => Self::Any(Rc::new(vec![one, other])),
        }
    }

    fn negated(self) -> Self {
        let each = |parts: &[Self]| parts.iter().cloned().map(Logic::negated).collect::<Vec<_>>();
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Opaque => Self::Opaque,
            Self::Literal(Literal::Resource { globs, inside }) => Self::Literal(Literal::Resource { globs, inside: !inside }),
            Self::Literal(Literal::Condition { condition, holds }) => {
                Self::Literal(Literal::Condition { condition, holds: !holds })
            }
            Self::All(parts) => Self::Any(Rc::new(each(&parts))),
            Self::Any(parts) => Self::All(Rc::new(each(&parts))),
        }
    }

    fn is_certain(&self) -> bool {
        matches!(self, Self::Constant(true))
    }
}

/// Whether a statement applies, whatever its effect. `free`: the resource's text is not fixed. `bounded`: whether the
/// requester has a permissions boundary.
pub(super) fn applies<'a>(statement: &'a Statement, request: &Request, free: bool, bounded: Truth) -> Named<Formula<'a>> {
    let none = || Named::constant(Truth::False);
    if statement.contradictory {
        return none();
    }
    let deny = statement.effect == crate::iam::policy::Effect::Deny;
    let action = statement.action.covers(&request.action, &request.context);
    if action == Truth::False {
        return none();
    }
    let named = match &statement.principal {
        None => Named::holder(),
        Some(principal) => principal.names(&request.principal, deny, bounded),
    };
    let mut body = Formula::constant(action);
    if statement.partly_unknown {
        body = body.and(Formula::Opaque);
    }
    if let Some(matcher) = &statement.resource {
        body = body.and(if free {
            resource(matcher, &request.context)
        } else {
            Formula::constant(matcher.covers(&request.resource, &request.context))
        });
    }
    for one in &statement.conditions {
        body = body.and(condition(one, &request.context));
    }
    let by = |form: Truth| Formula::constant(form).and(body.clone());
    Named { direct: by(named.direct), role: by(named.role), account: by(named.account) }
}

fn resource<'a>(matcher: &Matcher, context: &Context) -> Formula<'a> {
    if matcher.is_everything() {
        return Formula::Constant(true);
    }
    let mut globs = Vec::new();
    let mut opaque = Formula::Constant(false);
    for pattern in &matcher.patterns {
        match pattern.expanded(context) {
            Expanded::Known(glob) => globs.push(glob),
            Expanded::NoValue => {}
            Expanded::Partly(_) => opaque = Formula::Opaque,
        }
    }
    let matched = Formula::Literal(Literal::Resource { globs: globs.into(), inside: true }).or(opaque);
    if matcher.negated { matched.negated() } else { matched }
}

/// A condition of the question or of a statement.
pub(super) fn condition<'a>(condition: &'a Condition, context: &Context) -> Formula<'a> {
    match context.get(condition.lower_key()) {
        // The key is fixed; what is left unknown is so by the policy's value.
        Known::Values(_) | Known::Absent => return Formula::constant(condition.holds(context)),
        Known::Present | Known::Unknown => {}
    }
    let settled = condition.holds(context);
    if settled != Truth::Unknown {
        return Formula::constant(settled);
    }
    let beyond = |value: &crate::iam::condition::Value| {
        value.is_unreadable() || (condition.operator.takes_variables() && matches!(value.texts(context), Texts::Beyond))
    };
    if !condition.values.iter().any(beyond) {
        return Formula::Literal(Literal::Condition { condition: Cow::Borrowed(condition), holds: true });
    }
    // The values that can be read decide one way; the others could only add matches.
    let mut readable = condition.clone();
    readable.values.retain(|value| !beyond(value));
    let literal = Formula::Literal(Literal::Condition { condition: Cow::Owned(readable), holds: true });
    if condition.operator.negated { literal.and(Formula::Opaque) } else { literal.or(Formula::Opaque) }
}
