//! Principals of which every question on paths has the same answer.
//!
//! In: a principal's standing. Out: a fingerprint of all that an answer can hang on: its account and scope, what its policies say of
//! the actions that are asked about, and what is known of the context keys that they test. What is found for one principal is kept
//! for all with the same fingerprint; only which text of its own policies grants a leg is looked up for each ([`Grant`]).
//! Never: one answer for two principals that some statement, or what is not known of them, tells apart.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest as _, Sha256};

use super::{Found, Place};
use crate::access::ask;
use crate::access::principals::{Held, Principals, Standing, mark_node};
use crate::config::Scope;
use crate::facts::{FactId, NodeId};
use crate::iam::Context;
use crate::iam::condition::Condition;
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::request::{Known, Request};
use crate::iam::truth::Truth;
use crate::world::World;

/// Every action that is asked about, but for [`BATCH`].
pub(super) const ASKED: [&str; 18] = [
    "bedrock:InvokeModel",
    "bedrock:InvokeModelWithResponseStream",
    "bedrock:CallWithBearerToken",
    "bedrock-mantle:CreateInference",
    "bedrock-mantle:CallWithBearerToken",
    "aws-external-anthropic:CreateInference",
    "aws-external-anthropic:CreateBatchInference",
    "aws-external-anthropic:CallWithBearerToken",
    "bedrock:InvokeInlineAgent",
    "bedrock:InvokeAgent",
    "bedrock:InvokeFlow",
    "bedrock:StartFlowExecution",
    "bedrock:Retrieve",
    "bedrock-agentcore:InvokeAgentRuntime",
    "bedrock-agentcore:InvokeAgentRuntimeForUser",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
    "bedrock-agentcore:InvokeGateway",
    "bedrock-agentcore:InvokeHarness",
];

/// The two that a batch job takes.
pub(super) const BATCH: [&str; 2] = ["bedrock:CreateModelInvocationJob", "iam:PassRole"];

/// What grants a leg: an element of a statement, by its place among the principal's statements that bear on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Among [`bearing`].
    pub(super) statement: usize,
    pub(super) element: Element,
}

/// What is underlined of a statement that grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// One of the patterns of `Resource`.
    Resource(usize),
    /// The key `NotResource`.
    Resources,
    /// What covers the action.
    Action(&'static str),
}

/// What is found of one fingerprint.
#[derive(Debug, Default)]
pub(in crate::access) struct Slot {
    pub(super) own: OnceLock<Arc<Found>>,
    pub(super) all: OnceLock<Arc<Found>>,
}

/// All fingerprints of a world.
#[derive(Debug, Default)]
struct Slots(Mutex<HashMap<[u8; 32], Arc<Slot>>>);

/// Where the answer of a principal is kept.
pub(super) fn slot(world: &World, principal: FactId, standing: &Standing) -> Arc<Slot> {
    let find = || {
        if standing.is_policy_file() {
            return Arc::default();
        }
        let scope = world.scope_of(principal);
        let key = fingerprint(standing, &scope);
        let slots = world.memo(|_| Slots::default());
        let mut slots = slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key).or_default().clone()
    };
    standing.paths.get_or_init(find).clone()
}

/// Whether a statement may bear on some of the actions.
fn bears(statement: &Statement, actions: &[&str]) -> bool {
    let nothing = Context::open();
    !statement.contradictory && actions.iter().any(|action| statement.action.covers(action, &nothing) != Truth::False)
}

/// The actions that matter to a principal: to whom it may hand a role does to those alone who may make a job.
fn actions(standing: &Standing) -> Vec<&'static str> {
    let [job, _] = BATCH;
    let may = |statement: &Statement| statement.effect != Effect::Deny && bears(statement, &[job]);
    let jobs = !standing.missing.is_empty() || standing.identity.iter().flat_map(|h| &h.policy.statements).any(may);
    ASKED.into_iter().chain(BATCH.into_iter().filter(|_| jobs)).collect()
}

/// The statements of a principal's own policies that may bear on a path, in order.
pub(super) fn bearing(standing: &Standing) -> impl Iterator<Item = (&Arc<Held>, &Statement)> {
    let find = || {
        let actions = actions(standing);
        let of = |(index, held): (usize, &Arc<Held>)| {
            let statements = held.policy.statements.iter().enumerate().filter(|(_, s)| bears(s, &actions));
            statements.map(|(at, _)| (index, at)).collect::<Vec<_>>()
        };
        standing.identity.iter().enumerate().flat_map(of).collect()
    };
    let known: &[(usize, usize)] = standing.bearing.get_or_init(find);
    known.iter().filter_map(|(index, at)| {
        let held = standing.identity.get(*index)?;
        Some((held, held.policy.statements.get(*at)?))
    })
}

/// The texts that grant.
pub(super) fn places(world: &World, principal: FactId, grants: &[Grant]) -> Vec<Place> {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Vec::new() };
    let statements: Vec<(&Arc<Held>, &Statement)> = bearing(standing).collect();
    let mut out: Vec<Place> = Vec::new();
    for grant in grants {
        let Some((held, statement)) = statements.get(grant.statement) else { continue };
        for node in nodes(held, statement, grant.element) {
            let sid = statement.sid.as_deref().map(str::to_owned);
            let place = Place { policy: held.name.to_string(), sid, node: Some(node) };
            if !out.contains(&place) {
                out.push(place);
            }
        }
    }
    out
}

fn nodes(held: &Held, statement: &Statement, element: Element) -> Vec<NodeId> {
    let resource = statement.resource.as_ref();
    let mark = match element {
        Element::Action(action) => return ask::places(held, &statement.action, action),
        Element::Resource(at) => resource.and_then(|matcher| matcher.patterns.get(at)).map(|pattern| pattern.mark),
        Element::Resources => resource.map(|matcher| matcher.mark),
    };
    mark.and_then(|mark| mark_node(&held.policy, mark)).into_iter().collect()
}

/// What tells a principal from others.
fn fingerprint(standing: &Standing, scope: &Arc<Scope>) -> [u8; 32] {
    let actions = actions(standing);
    let nothing = Request::new(standing.who.clone(), "", "*", None, standing.keys.known.clone());
    let mut text = Text { out: String::new(), actions, nothing, variables: false };
    let flags = (&standing.account, &standing.partition, standing.management, standing.service_linked, Arc::as_ptr(scope));
    text.say(format_args!("{flags:?} {:?} {:?}", standing.missing, standing.keys.unsure()));
    bearing(standing).for_each(|(held, statement)| text.statement(&held.policy, statement));
    text.say(format_args!("boundary {}", standing.boundary.is_some()));
    standing.boundary.iter().for_each(|held| text.policy(&held.policy));
    for level in standing.scps.iter().flatten() {
        text.say(format_args!("level"));
        level.iter().for_each(|held| text.policy(&held.policy));
    }
    if text.variables {
        text.say(format_args!("{:?} {:?}", standing.who, standing.keys.known));
    }
    Sha256::digest(text.out.as_bytes()).into()
}

struct Text<'a> {
    out: String,
    actions: Vec<&'a str>,
    nothing: Request,
    /// Some statement refers to context keys by variables.
    variables: bool,
}

impl Text<'_> {
    fn say(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes whatever is written.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn policy(&mut self, policy: &Policy) {
        for statement in &policy.statements {
            if bears(statement, &self.actions) {
                self.statement(policy, statement);
            }
        }
    }

    fn statement(&mut self, policy: &Policy, statement: &Statement) {
        let open = Context::open();
        let covers: Vec<Truth> = self.actions.iter().map(|action| statement.action.covers(action, &open)).collect();
        if covers.contains(&Truth::Unknown) {
            let texts: Vec<&str> = statement.action.patterns.iter().map(|p| &*p.text).collect();
            self.say(format_args!("actions {} {texts:?}", statement.action.negated));
        }
        let covers: String = covers.iter().map(|truth| char::from(b'0' + *truth as u8)).collect();
        self.say(format_args!("{:?} {:?} {covers} {}", policy.version, statement.effect, statement.partly_unknown));
        if let Some(resource) = &statement.resource {
            self.say(format_args!("resource {}", resource.negated));
            for pattern in &resource.patterns {
                let variable = pattern.glob().is_none() || pattern.text.contains("${");
                self.variables |= variable;
                self.say(format_args!("{variable} {:?}", pattern.text));
            }
        }
        for condition in &statement.conditions {
            self.condition(condition);
        }
    }

    /// Of a key whose value is known only what the condition makes of it counts.
    fn condition(&mut self, condition: &Condition) {
        let known = match self.nothing.context.get(condition.lower_key()) {
            Known::Values(_) => format!("{:?}", condition.holds(&self.nothing.context)),
            other => format!("{other:?}"),
        };
        self.say(format_args!("{:?} {:?} {known}", condition.operator, condition.key));
        for value in &condition.values {
            self.variables |= value.text.contains("${") || value.is_unreadable();
            self.say(format_args!("{:?} {}", value.text, value.is_unreadable()));
        }
    }
}
