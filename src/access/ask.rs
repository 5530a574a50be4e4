//! One question: can this principal do this action on anything, and how would it show?
//!
//! In: a standing and an action. Out: a witness request that `decide` does not deny, with the statement that grants it;
//! or a proof that there is none (nothing grants it, or a Deny, the boundary or an SCP level surely covers all that is granted);
//! or undecided. Requests are tried at the resources that the statements themselves name.

use std::sync::Arc;

use super::principals::{Held, Standing, mark_node};
use crate::facts::{NodeId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::decide::{Outcome, PolicySet, decide, outcome};
use crate::iam::pattern::Pattern;
use crate::iam::policy::{Effect, Matcher, Statement};
use crate::iam::request::{Context, Request};
use crate::iam::truth::Truth;

/// A request that goes through.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    /// The action.
    pub(super) action: String,
    /// The resource's ARN, or `*`.
    pub(super) resource: String,
    /// The condition keys on which it still hangs; empty: allowed as it is.
    pub(super) keys: Vec<String>,
}

impl Witness {
    /// One line that a person can check.
    pub(super) fn line(&self) -> String {
        let hangs = if self.keys.is_empty() { String::new() } else { format!(", if {} allow it", self.keys.join(", ")) };
        format!("{} on {}{hangs}", self.action, self.resource)
    }
}

/// The answer.
pub(super) enum Answer {
    Yes(Witness),
    No,
    Undecided(Arc<Why>),
}

/// Whether the principal can do `action` on some resource.
pub(super) fn can(standing: &Standing, action: &str) -> Answer {
    let policies = standing.policies();
    let mut undecided = false;
    let mut conditional: Option<Witness> = None;
    for held in &standing.identity {
        for statement in granting(held, action).filter(|s| !never_applies(standing, s)) {
            let mut denied_all = true;
            for resource in probes(standing, statement, action) {
                let request = Request::new(standing.who.clone(), action, &resource, None, Context::open());
                if statement.applies(&request) == Truth::False {
                    continue;
                }
                match outcome(&policies, &request) {
                    Outcome::Allowed => {
                        return Answer::Yes(Witness { action: action.to_owned(), resource, keys: Vec::new() });
                    }
                    Outcome::Conditional => {
                        denied_all = false;
                        conditional.get_or_insert_with(|| hanging(&policies, &request, action, resource));
                    }
                    Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => {}
                }
            }
            undecided |= denied_all && !surely_cancelled(standing, statement.resource.as_ref(), action);
        }
    }
    match conditional {
        Some(witness) => standing.unknown_limit().map_or(Answer::Yes(witness), Answer::Undecided),
        None if undecided => Answer::Undecided(Why::new(
            Reason::Undecided,
            format!("whether the Denies and limits on `{action}` cancel all that is granted of it could not be decided"),
        )),
        None => unknown_grant(standing, action).map_or(Answer::No, Answer::Undecided),
    }
}

/// Why it is not certain that nothing grants `action`: an identity policy is not known, and nothing surely denies what it may grant.
pub(super) fn unknown_grant(standing: &Standing, action: &str) -> Option<Arc<Why>> {
    standing.unknown_policy().filter(|_| !surely_cancelled(standing, None, action))
}

/// True where no request of this principal meets the statement's conditions.
pub(super) fn never_applies(standing: &Standing, statement: &Statement) -> bool {
    if statement.conditions.is_empty() {
        return false;
    }
    let request = Request::new(standing.who.clone(), "", "*", None, Context::open());
    statement.conditions.iter().any(|c| c.holds(&request.context) == Truth::False)
}

fn hanging(policies: &PolicySet<'_>, request: &Request, action: &str, resource: String) -> Witness {
    let decision = decide(policies, request);
    let mut keys: Vec<String> = decision.keys().map(str::to_owned).collect();
    keys.truncate(4);
    Witness { action: action.to_owned(), resource, keys }
}

/// One concrete request, in what is known of its context: the witness where it is not denied.
pub(super) fn can_at(standing: &Standing, action: &str, resource: &str, context: &Context) -> Option<Witness> {
    let policies = standing.policies();
    let request = Request::new(standing.who.clone(), action, resource, None, context.clone());
    match outcome(&policies, &request) {
        Outcome::Allowed => Some(Witness { action: action.to_owned(), resource: resource.to_owned(), keys: Vec::new() }),
        Outcome::Conditional => Some(hanging(&policies, &request, action, resource.to_owned())),
        Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => None,
    }
}

/// The Allow statements of a policy that cover the action for some request.
pub(super) fn granting<'s>(held: &'s Held, action: &str) -> impl Iterator<Item = &'s Statement> {
    let context = Context::open();
    let action = action.to_owned();
    held.policy
        .statements
        .iter()
        .filter(move |s| s.effect != Effect::Deny && !s.contradictory && s.action.covers(&action, &context) != Truth::False)
}

/// Resources to try: what each of the statement's patterns stands for at its simplest, and known shapes for a wide one.
fn probes(standing: &Standing, statement: &Statement, action: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |text: String| {
        if !out.contains(&text) {
            out.push(text);
        }
    };
    for sample in super::endpoint::samples(standing, action) {
        add(sample);
    }
    let limits = standing.boundary.iter().chain(standing.scp_levels().iter().flatten());
    let limiting = limits.flat_map(|held| granting(held, action));
    for statement in std::iter::once(statement).chain(limiting) {
        for pattern in statement.resource.iter().filter(|m| !m.negated).flat_map(|m| &m.patterns) {
            add(simplest(pattern));
        }
    }
    add("*".to_owned());
    out
}

/// A text that the pattern matches: each wildcard stands for one harmless word.
pub(super) fn simplest(pattern: &Pattern) -> String {
    let text: &str = &pattern.text;
    if text == "*" { text.to_owned() } else { text.replace('*', "example").replace('?', "x") }
}

/// True when everything that is granted of `action` on `resource` (`None`: on anything) is surely denied, or surely not allowed by
/// a limit.
fn surely_cancelled(standing: &Standing, resource: Option<&Matcher>, action: &str) -> bool {
    let limits = standing.boundary.iter().map(std::slice::from_ref).chain(standing.scp_levels().iter().map(Vec::as_slice));
    let complete = |kind| !standing.missing.iter().any(|m| m.kind == kind);
    let all_known = complete(PolicyType::Scp) && complete(PolicyType::Boundary);
    for level in limits {
        if all_known && level.iter().all(|held| granting(held, action).next().is_none()) {
            return true;
        }
    }
    let all = standing.identity.iter().chain(&standing.boundary).chain(standing.scp_levels().iter().flatten());
    let context = Context::open();
    all.flat_map(|held| &held.policy.statements).any(|deny| {
        deny.effect == Effect::Deny
            && !deny.partly_unknown
            && deny.action.covers(action, &context) == Truth::True
            && deny.resource.as_ref().is_none_or(|theirs| covers_all(theirs, resource))
            && deny.conditions.iter().all(|c| c.holds(&context) == Truth::True)
    })
}

/// Whether `wide` covers every text that `narrow` covers. Says yes only where that is plain.
fn covers_all(wide: &Matcher, narrow: Option<&Matcher>) -> bool {
    if wide.is_everything() {
        return true;
    }
    let Some(narrow) = narrow else { return false };
    if wide.negated || narrow.negated {
        return false;
    }
    let plain = |p: &Pattern| !p.text.contains('?') && !p.text.contains('$');
    let context = Context::closed();
    narrow.patterns.iter().all(|n| wide.patterns.iter().filter(|w| plain(w)).any(|w| w.matches(&n.text, &context) == Truth::True))
}

/// The nodes of a matcher's patterns that cover `text`, or of its key where it is negated.
pub(super) fn places(held: &Held, matcher: &Matcher, text: &str) -> Vec<NodeId> {
    if matcher.negated {
        return mark_node(&held.policy, matcher.mark).into_iter().collect();
    }
    let context = Context::open();
    let covering = matcher.patterns.iter().filter(|p| p.matches(text, &context) != Truth::False);
    covering.filter_map(|p| mark_node(&held.policy, p.mark)).collect()
}
