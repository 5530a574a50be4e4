//! Whole-prefix grants: does a principal hold every action of a Bedrock-family prefix, in whatever spelling?
//!
//! The question is asked of what the policies grant together, action by action of the dated catalog: `bedrock:*`, `b*`,
//! `NotAction` and a union of small patterns are one and the same. A grant counts while any of it survives Denies,
//! the boundary and the SCPs.

use std::sync::Arc;

use super::ask::{self, Answer};
use super::principals::{Held, Principals, Standing, mark_node};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::policy::{Effect, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One whole-prefix grant.
pub(super) const WILDCARD: ObjectType = ObjectType {
    name: "bedrock-wildcard",
    fields: &[
        ("prefixes", "list<string>", "the IAM prefixes that are granted whole, such as `bedrock`"),
        ("policy", "string", "the policy that grants it; several names where it takes more than one"),
        ("action", "string", "the text that grants it, as it stands in the policy"),
        ("conditions", "string", "the condition keys that the grant is bound to; empty for none"),
        ("witness", "string", "a request that goes through"),
    ],
};

const DOC: &str = "One element for each statement, or union of statements, that grants the principal every action of a Bedrock-family prefix, while any of the grant survives Denies, the boundary and the SCPs.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "bedrock_wildcards", ty: "list<object:bedrock-wildcard>", doc: DOC, compute: wildcards }
}

pub(super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

/// Texts of a union that are named; all of them are underlined.
const SHOWN: usize = 5;

/// The prefixes that hold models, prompts or the controls over them.
const PREFIXES: [&str; 4] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "aws-external-anthropic"];

fn wildcards(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let (mut found, mut doubts) = (Vec::new(), Vec::new());
    for prefix in PREFIXES {
        match of_prefix(standing, prefix) {
            Ok(whole) => whole.into_iter().for_each(|whole| gather(&mut found, whole)),
            Err(why) => doubts.push(Value::Unknown(why)),
        }
    }
    Value::list(found.into_iter().map(Whole::value).chain(doubts).collect())
}

/// A text that grants several prefixes whole (`*`) is one grant.
fn gather<'s>(found: &mut Vec<Whole<'s>>, whole: Whole<'s>) {
    match found.iter_mut().find(|known| known.at == whole.at) {
        Some(known) => known.prefixes.extend(whole.prefixes),
        None => found.push(whole),
    }
}

fn of_prefix<'s>(standing: &'s Standing, prefix: &'static str) -> Result<Vec<Whole<'s>>, Arc<Why>> {
    let actions = full_names(prefix);
    let whole = wholes(standing, &actions);
    let mut doubt = None;
    if whole.is_empty() {
        doubt = actions.iter().find_map(|action| ask::unknown_grant(standing, action));
    } else {
        for action in &actions {
            match ask::can(standing, action) {
                Answer::Yes(witness) => {
                    let named = |whole| Whole { prefixes: vec![prefix], witness: witness.line(), ..whole };
                    return Ok(whole.into_iter().map(named).collect());
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
    }
    doubt.map_or(Ok(Vec::new()), Err)
}

/// The prefix's actions, those first whose names say most about what a whole-prefix grant means.
fn full_names(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = actions::of_prefix(prefix).iter().map(|a| format!("{prefix}:{}", a.name)).collect();
    names.sort_by_key(|name| !(name.contains(":Delete") || name.contains(":Put")));
    names
}

/// Patterns that together cover every action.
#[derive(Default)]
struct Whole<'s> {
    prefixes: Vec<&'static str>,
    witness: String,
    policies: Vec<&'s str>,
    texts: Vec<&'s str>,
    negated: bool,
    conditions: Vec<&'s str>,
    at: Vec<NodeId>,
}

impl Whole<'_> {
    fn value(self) -> Value {
        let mut listed = self.texts.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if let Some(more) = self.texts.len().checked_sub(SHOWN).filter(|n| *n > 0) {
            listed.push_str(&format!(" and {more} more"));
        }
        let action = if self.negated { format!("NotAction: {listed}") } else { listed };
        let fields = vec![
            ("prefixes", Value::list(self.prefixes.into_iter().map(Value::str).collect())),
            ("policy", Value::str(self.policies.join(", "))),
            ("action", Value::str(action)),
            ("conditions", Value::str(self.conditions.join(", "))),
            ("witness", Value::str(self.witness)),
        ];
        Value::object(fields, self.at)
    }
}

/// Each statement that covers all actions by itself; else, if they do so together, the statements' union.
fn wholes<'s>(standing: &'s Standing, actions: &[String]) -> Vec<Whole<'s>> {
    let context = Context::open();
    let mut covered = vec![false; actions.len()];
    let mut parts: Vec<(&'s Held, &'s Statement)> = Vec::new();
    let mut alone = Vec::new();
    for held in &standing.identity {
        for statement in &held.policy.statements {
            if statement.effect == Effect::Deny || statement.contradictory || ask::never_applies(standing, statement) {
                continue;
            }
            let mut count = 0;
            let mut adds = false;
            for (action, seen) in actions.iter().zip(&mut covered) {
                if statement.action.covers(action, &context) != Truth::False {
                    count += 1;
                    adds |= !*seen;
                    *seen = true;
                }
            }
            if count == actions.len() && count > 0 {
                alone.push(part(held, statement, actions));
            } else if adds {
                parts.push((held, statement));
            }
        }
    }
    if alone.is_empty() && !actions.is_empty() && covered.iter().all(|c| *c) {
        alone.extend(parts.into_iter().map(|(held, statement)| part(held, statement, actions)).reduce(join));
    }
    alone
}

/// What one statement contributes.
fn part<'s>(held: &'s Held, statement: &'s Statement, actions: &[String]) -> Whole<'s> {
    let context = Context::open();
    let matcher = &statement.action;
    let conditions = statement.conditions.iter().map(|c| &*c.key).collect();
    let whole =
        |texts, at| Whole { policies: vec![&*held.name], texts, negated: matcher.negated, conditions, at, ..Whole::default() };
    if matcher.negated {
        let texts = matcher.patterns.iter().map(|p| &*p.text).collect();
        return whole(texts, mark_node(&held.policy, matcher.mark).into_iter().collect());
    }
    // The fewest patterns that explain it: one that covers all, else all that cover something.
    let counts = matcher.patterns.iter().map(|p| (p, actions.iter().filter(|a| p.matches(a, &context) != Truth::False).count()));
    let counted: Vec<_> = counts.filter(|(_, n)| *n > 0).collect();
    let whole_one = counted.iter().find(|(_, n)| *n == actions.len()).copied();
    let chosen: Vec<_> = whole_one.map_or(counted, |one| vec![one]);
    let at = chosen.iter().filter_map(|(p, _)| mark_node(&held.policy, p.mark)).collect();
    whole(chosen.iter().map(|(p, _)| &*p.text).collect(), at)
}

fn join<'s>(mut a: Whole<'s>, b: Whole<'s>) -> Whole<'s> {
    for policy in b.policies {
        if !a.policies.contains(&policy) {
            a.policies.push(policy);
        }
    }
    a.texts.extend(b.texts);
    a.negated |= b.negated;
    a.conditions.extend(b.conditions);
    a.at.extend(b.at);
    a
}
