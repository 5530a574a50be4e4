//! Whole-prefix grants: does a principal hold every action of a Bedrock-family prefix, in whatever spelling?
//!
//! The question is asked of what the policies grant together, action by action of the dated catalog: `bedrock:*`, `b*`,
//! `NotAction` and a union of small patterns are one and the same. A grant counts while any of it survives Denies,
//! the boundary and the SCPs.

use super::ask::{self, Answer, Witness};
use super::principals::{Held, Principals, Standing, mark_node};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value};
use crate::iam::policy::{Effect, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One whole-prefix grant.
pub(super) const WILDCARD: ObjectType = ObjectType {
    name: "bedrock-wildcard",
    fields: &[
        ("prefix", "string", "the IAM prefix that is granted whole, such as `bedrock`"),
        ("policy", "string", "the policy that grants it; several names where it takes more than one"),
        ("action", "string", "the text that grants it, as it stands in the policy"),
        ("conditions", "string", "the condition keys that the grant is bound to; empty for none"),
        ("witness", "string", "a request that goes through"),
    ],
};

const DOC: &str = "One element for each Bedrock-family prefix, and each statement, through which the principal holds every action of the prefix.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "bedrock_wildcards", ty: "list<object:bedrock-wildcard>", doc: DOC, compute: wildcards }
}

pub(super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

/// The prefixes that hold models, prompts or the controls over them.
const PREFIXES: [&str; 4] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "aws-external-anthropic"];

fn wildcards(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    Value::list(PREFIXES.iter().flat_map(|prefix| of_prefix(standing, prefix)).collect())
}

fn of_prefix(standing: &Standing, prefix: &'static str) -> Vec<Value> {
    let actions = full_names(prefix);
    let whole = wholes(standing, &actions);
    if whole.is_empty() {
        return Vec::new();
    }
    let mut doubt = None;
    for action in &actions {
        match ask::can(standing, action) {
            Answer::Yes(witness) => return whole.into_iter().map(|w| w.value(prefix, &witness)).collect(),
            Answer::Undecided(why) => doubt = doubt.or(Some(why)),
            Answer::No => {}
        }
    }
    doubt.map(Value::Unknown).into_iter().collect()
}

/// The prefix's actions, those first whose names say most about what a whole-prefix grant means.
fn full_names(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = actions::of_prefix(prefix).iter().map(|a| format!("{prefix}:{}", a.name)).collect();
    names.sort_by_key(|name| !(name.contains(":Delete") || name.contains(":Put")));
    names
}

/// Patterns that together cover every action.
struct Whole<'s> {
    policies: Vec<&'s str>,
    texts: Vec<&'s str>,
    negated: bool,
    conditions: Vec<&'s str>,
    at: Vec<NodeId>,
}

impl Whole<'_> {
    fn value(self, prefix: &'static str, witness: &Witness) -> Value {
        let listed = self.texts.join(", ");
        let action = if self.negated { format!("NotAction: {listed}") } else { listed };
        let fields = vec![
            ("prefix", Value::str(prefix)),
            ("policy", Value::str(self.policies.join(", "))),
            ("action", Value::str(action)),
            ("conditions", Value::str(self.conditions.join(", "))),
            ("witness", Value::str(witness.line())),
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
            if statement.effect == Effect::Deny || statement.contradictory {
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
    let whole = |texts, at| Whole { policies: vec![&*held.name], texts, negated: matcher.negated, conditions, at };
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
