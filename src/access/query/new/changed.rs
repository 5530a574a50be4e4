//! What of two sets of policies differs, statement by statement.
//!
//! In: policies with the world that holds their documents. Out: their statements as texts that do not tell the order of keys, white space
//! or `Sid`; and those statements that can make anything newly allowed. An action that none of these covers is decided alike on both
//! sides or more narrowly on the new one: what is allowed grows with Allow statements and shrinks with Deny statements, and with
//! nothing else. Never: a statement with a template function counted as the same because its text is.

use std::collections::BTreeSet;

use crate::access::principals::mark_node;
use crate::doc::{Kind, Node};
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::World;

/// A statement and its text.
#[derive(Clone)]
pub(super) struct Keyed<'a> {
    text: String,
    pub(super) statement: &'a Statement,
}

/// The statements of policies that are in force side by side.
pub(super) fn keyed<'a>(world: &World, policies: impl IntoIterator<Item = &'a Policy>) -> Vec<Keyed<'a>> {
    let one = |policy: &'a Policy, statement: &'a Statement| {
        let node = mark_node(policy, statement.mark).and_then(|id| world.facts.node(id));
        let text = node.map_or_else(|| format!("{:?}", statement.mark), canonical);
        Keyed { text: format!("{:?}{text}", policy.version), statement }
    };
    policies.into_iter().flat_map(|policy| policy.statements.iter().map(move |s| one(policy, s))).collect()
}

/// Whether both sides say the same.
pub(super) fn same(old: &[Keyed<'_>], new: &[Keyed<'_>]) -> bool {
    texts(old, |_| true) == texts(new, |_| true) && old.iter().all(|k| is_plain(k.statement))
}

/// The texts of statements in order, each once: what two sets of policies that say the same have in common.
pub(super) fn said(keyed: &[Keyed<'_>]) -> Vec<String> {
    texts(keyed, |_| true).into_iter().map(str::to_owned).collect()
}

fn texts<'k>(keyed: &'k [Keyed<'_>], of: impl Fn(&Statement) -> bool) -> BTreeSet<&'k str> {
    keyed.iter().filter(|k| of(k.statement)).map(|k| k.text.as_str()).collect()
}

/// The statements by which something may be newly allowed: Allows that are new, Denies that are gone, and all that is not plain text.
pub(super) fn widening<'a>(old: &[Keyed<'a>], new: &[Keyed<'a>]) -> Vec<&'a Statement> {
    let (before, after) = (texts(old, |_| true), texts(new, |_| true));
    let allows = new.iter().filter(|k| k.statement.effect != Effect::Deny && !before.contains(k.text.as_str()));
    let denies = old.iter().filter(|k| k.statement.effect != Effect::Allow && !after.contains(k.text.as_str()));
    let open = old.iter().chain(new).filter(|k| !is_plain(k.statement));
    allows.chain(denies).chain(open).map(|k| k.statement).collect()
}

/// Whether every Deny of the old side stands on the new one, so that an unchanged Allow allows nothing new.
pub(super) fn denies_kept(old: &[Keyed<'_>], new: &[Keyed<'_>]) -> bool {
    let deny = |s: &Statement| s.effect == Effect::Deny;
    let plain = |side: &[Keyed<'_>]| side.iter().all(|k| is_plain(k.statement));
    plain(old) && plain(new) && texts(old, deny).is_subset(&texts(new, deny))
}

/// A policy without the Allow statements that `old` has too.
pub(super) fn without_old_allows(world: &World, policy: &Policy, old: &[Keyed<'_>]) -> Policy {
    let before = texts(old, |s| s.effect != Effect::Deny);
    let own = keyed(world, [policy]);
    let known: BTreeSet<u32> = own
        .iter()
        .filter(|k| k.statement.effect != Effect::Deny && before.contains(k.text.as_str()))
        .map(|k| k.statement.mark.0)
        .collect();
    let mut reduced = policy.clone();
    reduced.statements.retain(|s| !known.contains(&s.mark.0));
    reduced
}

fn is_plain(statement: &Statement) -> bool {
    statement.effect != Effect::Unknown && !statement.partly_unknown
}

/// Whether one of the statements may be about the action.
pub(super) fn speaks(statements: &[&Statement], action: &str) -> bool {
    statements.iter().any(|s| s.action.covers(action, &Context::open()) != Truth::False)
}

/// A statement as a text in which the order of keys, white space and `Sid` count for nothing.
fn canonical(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Object => {
            let mut pairs: Vec<String> = node
                .entries()
                .filter(|(key, _)| key.as_str() != Some("Sid"))
                .map(|(key, value)| format!("{:?}:{}", key.as_str().unwrap_or_default(), canonical(value)))
                .collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        Kind::Array => format!("[{}]", node.items().map(canonical).collect::<Vec<_>>().join(",")),
        _ => format!("{:?}{:?}", node.scalar(), node.tag()),
    }
}
