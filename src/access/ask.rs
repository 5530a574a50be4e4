//! One question: can this principal do this action on anything, and how would it show?
//!
//! In: a standing and an action. Out: a request that the policies allow, replayed by the decision itself; or the proof that there is
//! none; or undecided, with the reason. Never an answer from samples: the solver looks at all requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::principals::{Held, Standing, mark_node, node_of};
use crate::catalog;
use crate::facts::{NodeId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::decide::{PolicySet, Said};
use crate::iam::policy::{Effect, Matcher, Policy, Site, Statement};
use crate::iam::request::{Context, Known, Request};
use crate::iam::solve::{self, Question, Resources, solve};
use crate::iam::truth::Truth;

/// A request that is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    /// The action.
    pub(crate) action: String,
    /// The resource's ARN, or `*`.
    pub(crate) resource: String,
    /// Context keys that matter to the answer, with their values.
    pub(crate) context: Vec<(String, String)>,
    /// All keys (lower case) to which the search gave a value.
    pub(crate) chosen: Vec<String>,
    /// The statements that allow it: of the identity policies, of the resource's policy.
    pub(crate) allowed_by: Vec<NodeId>,
}

impl Witness {
    /// One line that a person can check.
    pub(crate) fn line(&self) -> String {
        let with: Vec<String> = self.context.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
        format!("{} on {}{with}", self.action, self.resource)
    }

    /// What of a request is worth printing: the keys that the solver had to choose, not those that follow from the principal.
    fn of(found: &solve::Witness, fixed: &Context, own: &Context) -> Self {
        let request = &found.request;
        let derived = |key: &str| {
            (key.starts_with("aws:principal") && !key.contains('/'))
                || ["aws:resourceaccount", "aws:userid", "aws:username"].contains(&key)
        };
        let value = |key: &str| match request.context.get(key) {
            Known::Values(values) => Some(values.iter().map(|v| &**v).collect::<Vec<_>>().join(", ")),
            _ => None,
        };
        let shown = |key: &&str| fixed.mentions(key) || (!derived(key) && !own.mentions(key));
        let keys = request.context.keys().filter(shown);
        let context = keys.filter_map(|key| Some((catalog::keys::spelled(key), value(key)?))).take(5).collect();
        let granting = found.decision.why.iter().filter(|why| why.said == Said::Allows && grants_access(why.kind));
        Self {
            action: request.action.to_string(),
            resource: request.resource.to_string(),
            context,
            chosen: request.context.keys().filter(|key| !fixed.mentions(key) && !own.mentions(key)).map(str::to_owned).collect(),
            allowed_by: granting.filter_map(|why| node_of(why.site?)).collect(),
        }
    }
}

/// Policies of this type grant; the others only limit.
fn grants_access(kind: PolicyType) -> bool {
    matches!(kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key)
}

/// The answer.
pub(super) enum Answer {
    Yes(Witness),
    No,
    Undecided(Arc<Why>),
}

/// What is asked beyond the action.
pub(super) struct Ask {
    /// Which resources count.
    pub(super) resources: Resources,
    /// What is fixed of the context.
    pub(super) context: Context,
    /// What follows from the principal: fixed too, but no part of what is asked.
    pub(super) own: Context,
    /// Conditions that the request must meet (`true`) or must not (`false`).
    pub(super) conditions: Vec<(Condition, bool)>,
    /// Values to prefer in a witness, by key in lower case.
    pub(super) examples: BTreeMap<String, Vec<String>>,
    /// The account that owns the resource; `None`: the one in its ARN.
    pub(super) resource_account: Option<Arc<str>>,
    /// The Allow statement that must be the one to grant it.
    pub(super) granted_by: Option<Site>,
}

impl Ask {
    /// Any resource that the action is asked on, any context.
    pub(super) fn anything(standing: &Standing, action: &str) -> Self {
        if catalog::actions::is_star_only(action) == Some(true) {
            return Self::of(Resources::One("*".to_owned()), Context::open());
        }
        let (mut within, examples) = super::endpoint::resources(&standing.partition, &standing.account, action, "*");
        if standing.is_policy_file() {
            within.iter_mut().for_each(|glob| *glob = glob.replace(&*standing.account, "*"));
        }
        Self::of(Resources::Matching { within, outside: Vec::new(), examples }, Context::open())
    }

    pub(super) fn of(resources: Resources, context: Context) -> Self {
        let regions = ["sa-east-1", "us-east-1"].map(str::to_owned).to_vec();
        let examples = BTreeMap::from([("aws:requestedregion".to_owned(), regions)]);
        Self {
            resources,
            context,
            own: Context::open(),
            conditions: Vec::new(),
            examples,
            resource_account: None,
            granted_by: None,
        }
    }
}

/// Whether the principal can do `action` on some resource.
pub(super) fn can(standing: &Standing, action: &str) -> Answer {
    can_as(standing, action, Ask::anything(standing, action))
}

/// The same for what `ask` demands.
pub(super) fn can_as(standing: &Standing, action: &str, ask: Ask) -> Answer {
    can_through(standing, action, ask, &[])
}

/// The same for a request that these endpoint policies must let through as well.
pub(super) fn can_through(standing: &Standing, action: &str, mut ask: Ask, endpoint: &[&Policy]) -> Answer {
    if standing.is_policy_file() {
        // A file says nothing of its account: what it names is taken for its own.
        ask.resource_account = Some(standing.account.clone());
    }
    // Nothing grants it and nothing that might is missing: no need to search.
    let granted = standing.identity.iter().flat_map(|held| &held.policy.statements).any(|s| grants(s, action));
    if !granted && standing.missing.is_empty() {
        return Answer::No;
    }
    ask.own = standing.keys.known.clone();
    let policies = PolicySet { endpoint: endpoint.to_vec(), ..standing.policies() };
    match answer(&policies, standing.who.clone(), action, ask) {
        Answer::Yes(witness) => standing.keys.confirm(witness),
        other => other,
    }
}

/// Asks the solver about any set of policies.
pub(super) fn answer(policies: &PolicySet<'_>, who: crate::iam::Principal, action: &str, ask: Ask) -> Answer {
    let mut question = Question::new(policies, who, action);
    question.resources = ask.resources;
    question.context = ask.context.clone();
    question.context.complete(&ask.own);
    question.conditions = ask.conditions;
    question.examples = ask.examples;
    question.resource_account = ask.resource_account.as_deref();
    question.granted_by = ask.granted_by;
    let fixed = ask.context;
    match solve(&question) {
        solve::Answer::Some(witness) => Answer::Yes(Witness::of(&witness, &fixed, &ask.own)),
        solve::Answer::None => Answer::No,
        solve::Answer::Unknown(why) => Answer::Undecided(undecided(policies, action, &why)),
    }
}

/// Why it is not known: a policy that is in force but was not loaded tells more than the search's own words.
fn undecided(policies: &PolicySet<'_>, action: &str, why: &str) -> Arc<Why> {
    match policies.missing.first() {
        Some(missing) => Why::new(Reason::NotLoaded, missing.why.clone()),
        None => Why::new(Reason::Undecided, format!("whether `{action}` is allowed could not be decided: {why}")),
    }
}

/// Why it is not certain that nothing grants `action`: an identity policy is not known, and nothing surely denies what it may grant.
pub(super) fn unknown_grant(standing: &Standing, action: &str) -> Option<Arc<Why>> {
    standing.unknown_policy()?;
    match can(standing, action) {
        Answer::Undecided(why) => Some(why),
        Answer::Yes(_) | Answer::No => None,
    }
}

/// True where no request of this principal meets the statement's conditions.
pub(super) fn never_applies(standing: &Standing, statement: &Statement) -> bool {
    if statement.conditions.is_empty() {
        return false;
    }
    let request = Request::new(standing.who.clone(), "", "*", None, Context::open());
    statement.conditions.iter().any(|c| c.holds(&request.context) == Truth::False)
}

/// True for an Allow statement that covers the action for some request.
pub(super) fn grants(statement: &Statement, action: &str) -> bool {
    let surely_not = || statement.action.covers(action, &Context::open()) == Truth::False;
    statement.effect != Effect::Deny && !statement.contradictory && !surely_not()
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
