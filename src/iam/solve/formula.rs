//! "The request is allowed" as a formula over the resource's text and the context keys.
//!
//! In: policies, and a request of which principal, action and part of the context are fixed. Out: a [`Formula`] in
//! negation normal form. What the theory has no word for becomes [`Formula::Opaque`]: neither true nor false.
//! The way in which policy types combine is the one of [`super::super::decide`], not a second copy of it.

use std::borrow::Cow;
use std::rc::Rc;

use super::region::{self, Tie};
use crate::iam::condition::{Condition, Texts, Value, variables_of};
use crate::iam::glob::Glob;
use crate::iam::named::Named;
use crate::iam::pattern::{Expanded, Pattern};
use crate::iam::policy::{Matcher, Statement};
use crate::iam::request::{Context, Known, Request};
use crate::iam::truth::{Logic, Truth};

/// A formula without negation but in its literals.
#[derive(Debug, Clone)]
pub(super) enum Formula<'a> {
    Constant(bool),
    /// Outside the theory; for which reason, where it is worth telling.
    Opaque(Option<Rc<str>>),
    Literal(Literal<'a>),
    All(Rc<Vec<Formula<'a>>>),
    Any(Rc<Vec<Formula<'a>>>),
}

#[derive(Debug, Clone)]
pub(super) enum Literal<'a> {
    /// The resource matches one of the globs, or none.
    Resource { globs: Rc<[Glob]>, inside: bool },
    /// The resource is an ARN each of whose six parts matches that of one of these, or of none.
    Arn { parts: Rc<[[Glob; 6]]>, inside: bool },
    /// The condition holds, or not.
    Condition { condition: Cow<'a, Condition>, holds: bool },
}

impl Logic for Formula<'_> {
    fn constant(value: Truth) -> Self {
        match value {
            Truth::True => Self::Constant(true),
            Truth::False => Self::Constant(false),
            Truth::Unknown => Self::Opaque(None),
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
            Self::Opaque(why) => Self::Opaque(why),
            Self::Literal(Literal::Resource { globs, inside }) => Self::Literal(Literal::Resource { globs, inside: !inside }),
            Self::Literal(Literal::Arn { parts, inside }) => Self::Literal(Literal::Arn { parts, inside: !inside }),
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

/// What is fixed while a formula is made.
#[derive(Clone, Copy)]
pub(super) struct Frame<'r> {
    pub(super) request: &'r Request,
    /// The resource's text is not fixed.
    pub(super) free: bool,
    pub(super) tie: Tie,
    /// Whether the requester has a permissions boundary.
    pub(super) bounded: Truth,
}

/// Whether a statement applies, whatever its effect.
pub(super) fn applies<'a>(statement: &'a Statement, frame: Frame<'_>) -> Named<Formula<'a>> {
    let none = || Named::constant(Truth::False);
    let request = frame.request;
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
        Some(principal) => principal.names(&request.principal, deny, frame.bounded),
    };
    let mut body = Formula::constant(action);
    if statement.partly_unknown {
        body = body.and(Formula::Opaque(None));
    }
    if let Some(matcher) = &statement.resource {
        body = body.and(if frame.free { resource(matcher, &request.context) } else { fixed_resource(matcher, request) });
    }
    for one in &statement.conditions {
        body = body.and(condition(one, frame));
    }
    let by = |form: Truth| Formula::constant(form).and(body.clone());
    Named { direct: by(named.direct), role: by(named.role), account: by(named.account) }
}

fn fixed_resource<'a>(matcher: &Matcher, request: &Request) -> Formula<'a> {
    match matcher.covers(&request.resource, &request.context) {
        Truth::Unknown => {
            let pattern = matcher.patterns.iter().find(|p| p.matches(&request.resource, &request.context) == Truth::Unknown);
            pattern.map_or(Formula::Opaque(None), |pattern| opaque_pattern(pattern, &request.context))
        }
        known => Formula::constant(known),
    }
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
            Expanded::Partly(_) => opaque = opaque_pattern(pattern, context),
        }
    }
    let matched = Formula::Literal(Literal::Resource { globs: globs.into(), inside: true }).or(opaque);
    if matcher.negated { matched.negated() } else { matched }
}

/// A condition of the question or of a statement.
pub(super) fn condition<'a>(condition: &'a Condition, frame: Frame<'_>) -> Formula<'a> {
    let context = &frame.request.context;
    let key = condition.lower_key();
    let given = context.get(key);
    let settled = condition.holds(context);
    if settled != Truth::Unknown {
        return Formula::constant(settled);
    }
    let beyond = |value: &Value| {
        value.is_unreadable() || (condition.operator.takes_variables() && matches!(value.texts(context), Texts::Beyond))
    };
    let unread = condition.values.iter().find(|value| beyond(value));
    // The key is fixed; what is left unknown is so by the policy's value, or by that of the key.
    if matches!(given, Known::Values(_) | Known::Absent) {
        return unread.map_or(Formula::Opaque(None), |value| opaque_value(condition, value, context));
    }
    if frame.tie == Tie::OfResource && key == region::KEY {
        return region::condition(condition, context);
    }
    let Some(unread) = unread else {
        return Formula::Literal(Literal::Condition { condition: Cow::Borrowed(condition), holds: true });
    };
    // The values that can be read decide one way; the others could only add matches.
    let mut readable = condition.clone();
    readable.values.retain(|value| !beyond(value));
    let literal = Formula::Literal(Literal::Condition { condition: Cow::Owned(readable), holds: true });
    let opaque = opaque_value(condition, unread, context);
    if condition.operator.negated { literal.and(opaque) } else { literal.or(opaque) }
}

/// What cannot be known of a pattern of `Resource`.
fn opaque_pattern<'a>(pattern: &Pattern, context: &Context) -> Formula<'a> {
    let variable = pattern.variables().find(|key| matches!(context.get(key), Known::Present | Known::Unknown));
    Formula::Opaque(Some(match variable {
        Some(key) => variable_without_value(&pattern.text, key),
        None => format!("`{}` holds a part that is only filled in when its template is deployed", pattern.text).into(),
    }))
}

/// What cannot be known of a value of a condition.
pub(super) fn opaque_value<'a>(condition: &Condition, value: &Value, context: &Context) -> Formula<'a> {
    let variable = variables_of(value).into_iter().find(|key| matches!(context.get(key), Known::Present | Known::Unknown));
    Formula::Opaque(Some(match variable {
        Some(key) => variable_without_value(&value.text, key),
        None => format!("the value `{}` for the key `{}` cannot be compared here", value.text, condition.key).into(),
    }))
}

fn variable_without_value(text: &str, key: &str) -> Rc<str> {
    format!("`{text}` holds the policy variable `${{{key}}}`, whose value is not known").into()
}
