//! Which actions a principal may be allowed at all, and which statements give them.
//!
//! In: a [`Question`] as the frame (policies, principal, resources, context) and a list of actions. Out: for each
//! action every Allow statement by which some request is allowed, after all that denies or limits.
//! Never: a grant that Denies, SCPs or boundaries surely cancel; never a missing one because a condition is unknown.

use super::policy::{Effect, Matcher, Policy, Site, Statement};
use super::solve::{Answer, Question, Witness, solve};
use super::truth::Truth;

/// One action allowed by one statement.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The action, as the caller spelt it.
    pub action: Box<str>,
    /// The Allow statement.
    pub statement: Site,
    /// The values of `Action` that cover the action; for `NotAction` the element itself.
    pub patterns: Vec<Site>,
    /// An allowed request, where one was found.
    pub witness: Option<Box<Witness>>,
    /// Why it is not certain that a request is allowed; `None` where a witness was found.
    pub unsure: Option<String>,
    /// The context keys (lower case) that the statement's conditions test.
    pub keys: Vec<Box<str>>,
}

/// The grants of `actions` within the frame of `question`, whose own action and `granted_by` are not looked at.
pub fn grants(question: &Question<'_>, actions: &[&str]) -> Vec<Grant> {
    let policies = question.policies;
    let sources: Vec<&Policy> = policies.identity.iter().copied().chain(policies.resource).collect();
    let mut out = Vec::new();
    for &action in actions {
        for policy in &sources {
            for statement in policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
                if covers(&statement.action, action, question) {
                    out.extend(grant(question, action, policy, statement));
                }
            }
        }
    }
    out
}

fn covers(matcher: &Matcher, action: &str, question: &Question<'_>) -> bool {
    matcher.covers(action, &question.context) != Truth::False
}

fn grant(question: &Question<'_>, action: &str, policy: &Policy, statement: &Statement) -> Option<Grant> {
    let site = policy.site(statement);
    let asked = Question { action, granted_by: Some(site), ..question.clone() };
    let (witness, unsure) = match solve(&asked) {
        Answer::None => return None,
        Answer::Some(witness) => (Some(witness), None),
        Answer::Unknown(why) => (None, Some(why)),
    };
    let at = |mark| Site { source: policy.source, mark };
    let matcher = &statement.action;
    let patterns = if matcher.negated {
        vec![at(matcher.mark)]
    } else {
        let matching = |p: &&super::pattern::Pattern| p.matches(action, &question.context) != Truth::False;
        matcher.patterns.iter().filter(matching).map(|p| at(p.mark)).collect()
    };
    let mut keys: Vec<Box<str>> = statement.conditions.iter().map(|c| c.lower_key().into()).collect();
    keys.sort();
    keys.dedup();
    Some(Grant { action: action.into(), statement: site, patterns, witness, unsure, keys })
}
