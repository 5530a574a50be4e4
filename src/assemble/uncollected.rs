//! Waivers whose subjects may not have been seen: the calls that would have listed them came to no answer.
//!
//! In: the rules and the world. Out: for each such waiver, by its place in the configuration, why. Never: a waiver held to be stale
//! because nobody could look.

use std::collections::BTreeMap;

use crate::facts::kind::arn_parts;
use crate::facts::{Fact, Kind, Reason, Why};
use crate::finding;
use crate::rule::Pack;
use crate::triage::Uncollected;
use crate::world::World;

/// Waivers whose subjects may not have been collected.
pub(crate) fn uncollected(pack: &Pack, world: &World) -> BTreeMap<usize, Uncollected> {
    let mut out = BTreeMap::new();
    for (i, waiver) in world.config.waivers.iter().enumerate() {
        let id = &*waiver.rule.value;
        let rule = pack.rules().find(|rule| *rule.id == *id || rule.aliases.iter().any(|alias| **alias == *id));
        if let Some(why) = rule.and_then(|rule| unseen(world, &rule.kinds, &waiver.subject.value)) {
            out.insert(i, why);
        }
    }
    out
}

fn unseen(world: &World, kinds: &[&Kind], subject: &str) -> Option<Uncollected> {
    let facts = &world.facts;
    let is_it = |fact: &Fact| *fact.id == *subject || *fact.name == *subject;
    if kinds.iter().any(|kind| facts.of_kind(kind.name).iter().filter_map(|id| facts.get(*id)).any(is_it)) {
        return None;
    }
    let arn = arn_parts(subject);
    let region = arn.as_ref().and_then(|arn| arn.region).filter(|region| !region.contains('*'));
    let whole = Some(subject.split('/').next().unwrap_or(subject));
    let named = arn.as_ref().and_then(|arn| arn.account).or(whole).filter(|text| crate::iam::arn::is_account_id(text));
    let all: Vec<&Fact> = facts.of_kind("account").iter().filter_map(|id| facts.get(*id)).collect();
    // Files that stand for no account have no listings.
    if all.is_empty() {
        return None;
    }
    let accounts: Vec<&Fact> = all.into_iter().filter(|fact| named.is_none_or(|named| *fact.key == *named)).collect();
    if let (true, Some(named)) = (accounts.is_empty(), named) {
        let why = Why::new(Reason::NotLoaded, format!("account {named} was not loaded"));
        return Some(Uncollected { reason: finding::reason(&why), account: true });
    }
    let gap = |kind: &Kind, account: &str| {
        let why = facts.listed(kind, Some(account), region).err();
        let lists = kind.sources.iter().filter(|source| source.lists() && !source.per_parent);
        why.or_else(|| {
            lists.filter(|_| region.is_none()).find_map(|s| facts.refused(s.service, &[s.operation], Some(account), None))
        })
    };
    let why = kinds.iter().find_map(|kind| accounts.iter().find_map(|account| gap(kind, &account.key)))?;
    Some(Uncollected { reason: finding::reason(&why), account: false })
}
