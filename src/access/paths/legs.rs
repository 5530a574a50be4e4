//! One leg of a call: one action on one resource, as it is authorised.
//!
//! In: a principal's standing and an action. Out: for a leg whether some request for it is allowed, with that request. The solver
//! is asked once for all legs of which every statement says the same.
//! Never: two legs taken for the same because of how they look; what counts is what each statement and condition makes of them.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use super::super::ask::{self, Answer, Ask, Witness};
use super::super::principals::Standing;
use super::same::{self, Element, Grant};
use crate::facts::{Reason, Why};
use crate::iam::condition::Condition;
use crate::iam::decide::{Decision, PolicySet, decide};
use crate::iam::policy::{Effect, Statement};
use crate::iam::request::{Context, Request};
use crate::iam::solve::Resources;
use crate::iam::truth::Truth;

/// What is asked of one leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leg {
    /// The resource's ARN, `*`, or a glob over ARNs where any will do.
    pub(super) resource: String,
    /// `aws:RequestedRegion`.
    pub(super) requested: String,
    /// What else is fixed of the context; `None`: absent.
    pub(super) keys: Vec<(&'static str, Option<String>)>,
}

impl Leg {
    pub(super) fn new(resource: impl Into<String>, requested: impl Into<String>) -> Self {
        Self { resource: resource.into(), requested: requested.into(), keys: Vec::new() }
    }

    pub(super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.keys.push((key, Some(value.into())));
        self
    }

    pub(super) fn without(mut self, key: &'static str) -> Self {
        self.keys.push((key, None));
        self
    }

    /// Any of several resources, not one.
    fn is_glob(&self) -> bool {
        self.resource != "*" && self.resource.contains('*')
    }

    /// Foundation models belong to AWS: no account, organisation or tag of one's own is ever theirs.
    fn of_aws(&self) -> bool {
        self.resource.contains("::foundation-model/")
    }
}

/// Whether a leg is open.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Open,
    Closed,
    Undecided(Arc<Why>),
}

/// One action of one principal, with the policies that may bear on it.
pub(super) struct View<'s> {
    pub(super) standing: &'s Standing,
    pub(super) action: &'static str,
    policies: PolicySet<'s>,
    /// Those that may bear on the action, with what each condition makes of a request of which nothing more is known.
    statements: Vec<(&'s Statement, Vec<(&'s Condition, Truth)>)>,
    /// A request of which nothing more is known.
    nothing: Request,
    /// The statements refer to context keys by variables, so that a leg's own values get into them.
    variables: bool,
    verdicts: RefCell<HashMap<Vec<u8>, Verdict>>,
}

impl<'s> View<'s> {
    /// `None` where nothing grants the action and nothing that might is missing.
    pub(super) fn of(standing: &'s Standing, action: &'static str) -> Option<Self> {
        let nothing = Context::open();
        debug_assert!(same::ASKED.contains(&action) || same::BATCH.contains(&action), "{action} is in no fingerprint");
        let bears = |s: &&Statement| s.action.covers(action, &nothing) != Truth::False && !s.contradictory;
        let mut policies = standing.policies();
        policies.identity.retain(|policy| policy.statements.iter().any(|s| bears(&s)));
        let grants = |s: &Statement| bears(&s) && s.effect != Effect::Deny;
        let granted = policies.identity.iter().flat_map(|policy| &policy.statements).any(grants);
        if !granted && standing.missing.is_empty() {
            return None;
        }
        let held = standing.identity.iter().chain(&standing.boundary).chain(standing.scps.iter().flatten().flatten());
        let statements: Vec<&Statement> = held.flat_map(|held| &held.policy.statements).filter(bears).collect();
        let in_resource =
            |s: &&Statement| s.resource.iter().flat_map(|m| &m.patterns).any(|p| p.glob().is_none() || p.text.contains("${"));
        let in_value = |s: &&Statement| s.conditions.iter().flat_map(|c| &c.values).any(|v| v.text.contains("${"));
        let variables = statements.iter().any(|s| in_resource(s) || in_value(s));
        let request = Request::new(standing.who.clone(), action, "*", None, standing.keys.known.clone());
        let conditions = |s: &'s Statement| s.conditions.iter().map(|c| (c, c.holds(&request.context))).collect();
        let statements = statements.into_iter().map(|s| (s, conditions(s))).collect();
        Some(Self { standing, action, policies, statements, nothing: request, variables, verdicts: RefCell::default() })
    }

    /// The statements that may bear on the action, whatever their effect.
    pub(super) fn statements(&self) -> impl Iterator<Item = &'s Statement> {
        self.statements.iter().map(|(statement, _)| *statement)
    }

    /// Whether a statement refers to context keys by variables.
    pub(super) fn has_variables(&self) -> bool {
        self.variables
    }

    /// What is known of any request of this principal.
    pub(super) fn context(&self) -> Context {
        self.nothing.context.clone()
    }

    fn leg_context(&self, leg: &Leg) -> Context {
        let mut context = Context::open();
        context.set("aws:RequestedRegion", [leg.requested.as_str()]);
        for (key, value) in &leg.keys {
            match value {
                Some(value) => context.set(key, [value.as_str()]),
                None => context.set_absent(key),
            }
        }
        if leg.of_aws() {
            for key in ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"] {
                context.set_absent(key);
            }
            let keys = self.statements().flat_map(|s| &s.conditions).map(|c| c.lower_key());
            keys.filter(|key| key.starts_with("aws:resourcetag/")).for_each(|key| context.set_absent(key));
        }
        context
    }

    /// A policy file says nothing of its account: what it names is taken for its own.
    fn owner(&self) -> Option<&str> {
        self.standing.is_policy_file().then_some(&*self.standing.account)
    }

    /// What every statement makes of the leg. Legs with the same answer here have the same answer.
    fn key(&self, leg: &Leg) -> Vec<u8> {
        let mut key = vec![u8::from(leg.of_aws())];
        if self.variables || leg.is_glob() {
            key.extend_from_slice(format!("{leg:?}").as_bytes());
            return key;
        }
        for (_, value) in &leg.keys {
            key.push(u8::from(value.is_some()));
        }
        let request = OnceCell::new();
        let holds = |bearing: &(&Condition, Truth)| {
            let (condition, otherwise) = bearing;
            let name = condition.lower_key();
            // What the leg says nothing of is the same for all legs.
            let of_leg = name == "aws:requestedregion" || name.starts_with("aws:resource");
            if of_leg || leg.keys.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
                condition.holds(&request.get_or_init(|| self.request(leg)).context)
            } else {
                *otherwise
            }
        };
        for (statement, conditions) in &self.statements {
            let resource = statement.resource.as_ref().map_or(Truth::True, |m| m.covers(&leg.resource, &self.nothing.context));
            let start = key.len();
            key.push(1 + resource as u8);
            for truth in conditions.iter().map(holds).take_while(|_| resource != Truth::False) {
                key.push(truth as u8);
                if truth == Truth::False {
                    key.truncate(start);
                    break;
                }
            }
            if resource == Truth::False || key.len() == start {
                key.truncate(start);
                key.push(0);
            }
        }
        key
    }

    /// False where surely nothing grants the action on a resource.
    pub(super) fn may_grant(&self, resource: &str) -> bool {
        let covers =
            |s: &Statement| s.resource.as_ref().is_none_or(|m| m.covers(resource, &self.nothing.context) != Truth::False);
        let allows = |s: &Statement| s.effect != Effect::Deny && covers(s);
        !self.standing.missing.is_empty() || self.statements().any(allows)
    }

    /// Whether some request for the leg is allowed.
    pub(super) fn verdict(&self, leg: &Leg) -> Verdict {
        let key = self.key(leg);
        if let Some(known) = self.verdicts.borrow().get(&key) {
            return known.clone();
        }
        let verdict = match self.answer(leg) {
            Answer::Yes(_) => Verdict::Open,
            Answer::No => Verdict::Closed,
            Answer::Undecided(why) => Verdict::Undecided(why),
        };
        self.verdicts.borrow_mut().insert(key, verdict.clone());
        verdict
    }

    /// The leg with the request that shows it.
    pub(super) fn witness(&self, leg: &Leg) -> Option<Witness> {
        match self.answer(leg) {
            Answer::Yes(witness) => Some(witness),
            _ => None,
        }
    }

    fn answer(&self, leg: &Leg) -> Answer {
        let resources = if leg.is_glob() {
            Resources::Matching {
                within: vec![leg.resource.clone()],
                outside: Vec::new(),
                examples: vec![leg.resource.replace("?*", "default")],
            }
        } else {
            Resources::One(leg.resource.clone())
        };
        let mut asked = Ask::of(resources, self.leg_context(leg));
        asked.resource_account = self.owner().map(Arc::from);
        asked.own = self.standing.keys.known.clone();
        match ask::answer(&self.policies, self.standing.who.clone(), self.action, asked) {
            Answer::Yes(witness) => self.standing.keys.confirm(witness),
            other => other,
        }
    }

    /// All legs of one call: open where all are, closed where one is, else the first reason why it is not known.
    pub(super) fn call(&self, legs: &[Leg]) -> Verdict {
        let mut doubt = None;
        for leg in legs {
            match self.verdict(leg) {
                Verdict::Open => {}
                Verdict::Closed => return Verdict::Closed,
                Verdict::Undecided(why) => doubt = doubt.or(Some(why)),
            }
        }
        doubt.map_or(Verdict::Open, Verdict::Undecided)
    }

    /// What grants the leg: of each Allow statement the patterns of `Resource` that cover it, or where that covers everything the
    /// patterns of `Action`.
    pub(super) fn granting(&self, leg: &Leg) -> Vec<Grant> {
        let request = self.request(leg);
        let nothing = Context::open();
        let mut out = Vec::new();
        for (index, (_, statement)) in same::bearing(self.standing).enumerate() {
            if !ask::grants(statement, self.action) || (statement.applies(&request) == Truth::False && !leg.is_glob()) {
                continue;
            }
            let grant = |element| Grant { statement: index, element };
            match &statement.resource {
                Some(matcher) if matcher.negated && !matcher.is_everything() => out.push(grant(Element::Resources)),
                Some(matcher) if !matcher.is_everything() => {
                    let patterns = matcher.patterns.iter().enumerate();
                    let covering = patterns.filter(|(_, p)| p.matches(&leg.resource, &nothing) != Truth::False);
                    out.extend(covering.map(|(at, _)| grant(Element::Resource(at))));
                }
                _ => out.push(grant(Element::Action(self.action))),
            }
        }
        out
    }

    /// A request for the leg of which nothing more is known.
    fn request(&self, leg: &Leg) -> Request {
        let mut context = self.leg_context(leg);
        context.complete(&self.standing.keys.known);
        Request::new(self.standing.who.clone(), self.action, &leg.resource, self.owner(), context)
    }

    /// What the policies say of the leg, whatever else the request holds.
    pub(super) fn decide(&self, leg: &Leg) -> Decision {
        decide(&self.policies, &self.request(leg))
    }
}

/// A reason of this module.
pub(super) fn undecided(text: impl Into<String>) -> Arc<Why> {
    Why::new(Reason::Undecided, text)
}
