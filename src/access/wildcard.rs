//! Whole-prefix grants: does a principal hold every action of a Bedrock-family prefix, in whatever spelling?
//!
//! The question is asked of what the policies grant together, action by action of the dated catalog: `bedrock:*`, `b*`,
//! `NotAction` and a union of small patterns are one and the same. A grant counts while any of it survives Denies,
//! the boundary and the SCPs.

use std::sync::{Arc, OnceLock};

use super::ask::{self, Answer, Ask};
use super::principals::{Held, Principals, Standing, mark_node};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::pattern::Pattern;
use crate::iam::policy::{Effect, Site, Statement};
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
    for family in families() {
        match of_prefix(standing, family) {
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

fn of_prefix<'s>(standing: &'s Standing, family: &'static Family) -> Result<Vec<Whole<'s>>, Arc<Why>> {
    let Family { prefix, actions, .. } = family;
    let whole = wholes(standing, family);
    let mut doubt = None;
    if whole.is_empty() {
        doubt = actions.iter().find_map(|action| ask::unknown_grant(standing, action));
    } else {
        let mut standing_grants = Vec::new();
        for whole in whole {
            match survivor(standing, &whole.sites, actions) {
                Answer::Yes(witness) => {
                    standing_grants.push(Whole { prefixes: vec![prefix], witness: witness.line(), ..whole });
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
        if !standing_grants.is_empty() {
            return Ok(standing_grants);
        }
    }
    doubt.map_or(Ok(Vec::new()), Err)
}

/// Whether Denies and limits leave anything of what these statements grant: the first request that goes through.
fn survivor(standing: &Standing, sites: &[Site], actions: &[String]) -> Answer {
    let mut doubt = None;
    for action in actions {
        for site in sites {
            let asked = Ask { granted_by: Some(*site), ..Ask::anything(standing, action) };
            match ask::can_as(standing, action, asked) {
                Answer::Yes(witness) => return Answer::Yes(witness),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
    }
    doubt.map_or(Answer::No, Answer::Undecided)
}

/// A prefix with its actions, those first whose names say most about what a whole-prefix grant means.
struct Family {
    prefix: &'static str,
    /// What each of them begins with.
    head: String,
    actions: Vec<String>,
}

fn families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    let family = |prefix| {
        let mut names: Vec<String> = actions::of_prefix(prefix).iter().map(|a| format!("{prefix}:{}", a.name)).collect();
        names.sort_by_key(|name| !(name.contains(":Delete") || name.contains(":Put")));
        Family { prefix, head: format!("{prefix}:"), actions: names }
    };
    FAMILIES.get_or_init(|| PREFIXES.map(family).into())
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
    /// The statements.
    sites: Vec<Site>,
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
fn wholes<'s>(standing: &'s Standing, family: &Family) -> Vec<Whole<'s>> {
    let mut covered = vec![false; family.actions.len()];
    let mut parts: Vec<Part<'s>> = Vec::new();
    let mut alone = Vec::new();
    for (held, statement) in standing.identity.iter().flat_map(|held| held.policy.statements.iter().map(move |s| (&**held, s))) {
        if statement.effect == Effect::Deny || statement.contradictory {
            continue;
        }
        let part = Part::of(held, statement, family);
        if (part.patterns.is_empty() && !statement.action.negated) || ask::never_applies(standing, statement) {
            continue;
        }
        let mut count = 0;
        let mut adds = false;
        for (action, seen) in family.actions.iter().zip(&mut covered) {
            if part.covers(action) {
                count += 1;
                adds |= !*seen;
                *seen = true;
            }
        }
        if count == family.actions.len() && count > 0 {
            alone.push(part.whole(family));
        } else if adds {
            parts.push(part);
        }
    }
    if alone.is_empty() && !family.actions.is_empty() && covered.iter().all(|c| *c) {
        alone.extend(parts.into_iter().map(|part| part.whole(family)).reduce(join));
    }
    alone
}

/// One statement, with those of its patterns that may match an action of the prefix.
struct Part<'s> {
    held: &'s Held,
    statement: &'s Statement,
    patterns: Vec<&'s Pattern>,
    context: Context,
}

impl<'s> Part<'s> {
    fn of(held: &'s Held, statement: &'s Statement, family: &Family) -> Self {
        let patterns = statement.action.patterns.iter().filter(|p| p.may_begin(&family.head)).collect();
        Self { held, statement, patterns, context: Context::open() }
    }

    fn covers(&self, action: &str) -> bool {
        let matched = Truth::any(self.patterns.iter().map(|p| p.matches(action, &self.context)));
        (if self.statement.action.negated { !matched } else { matched }) != Truth::False
    }

    /// What the statement contributes.
    fn whole(&self, family: &Family) -> Whole<'s> {
        let (held, matcher) = (self.held, &self.statement.action);
        let conditions = self.statement.conditions.iter().map(|c| &*c.key).collect();
        let whole = |texts, at| Whole {
            policies: vec![&*held.name],
            texts,
            negated: matcher.negated,
            conditions,
            at,
            sites: vec![held.policy.site(self.statement)],
            ..Whole::default()
        };
        if matcher.negated {
            let texts = matcher.patterns.iter().map(|p| &*p.text).collect();
            return whole(texts, mark_node(&held.policy, matcher.mark).into_iter().collect());
        }
        // The fewest patterns that explain it: one that covers all, else all that cover something.
        let count = |p: &Pattern| family.actions.iter().filter(|a| p.matches(a, &self.context) != Truth::False).count();
        let counted: Vec<_> = self.patterns.iter().map(|p| (*p, count(p))).filter(|(_, n)| *n > 0).collect();
        let whole_one = counted.iter().find(|(_, n)| *n == family.actions.len()).copied();
        let chosen: Vec<_> = whole_one.map_or(counted, |one| vec![one]);
        let at = chosen.iter().filter_map(|(p, _)| mark_node(&held.policy, p.mark)).collect();
        whole(chosen.iter().map(|(p, _)| &*p.text).collect(), at)
    }
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
    a.sites.extend(b.sites);
    a
}
