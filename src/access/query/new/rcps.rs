//! The RCPs above accounts compared: what they let through to the resources of an account.
//!
//! In: two worlds with their organizations. Out: for each account, or for several above which the same RCPs stand, the requests for
//! their resources that the new RCPs allow and the old ones do not, everything else permitting them. `RCPFullAWSAccess` stands at
//! every level and cannot be detached, so that only what is denied counts. Never: RCPs that differ and are not asked about; a level
//! that is known on one side only taken to be the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::ask::Asked;
use super::changed::{Keyed, keyed, said, same, widening};
use super::frame::Frame;
use super::policies::Cite;
use super::principals::{differing, doubt};
use super::requesters::views_of_owner;
use super::worlds::Sided;
use super::{Comparison, Status, Subject, Whole};
use crate::access::principals::{Held, borrow};
use crate::access::query::joined::{RcpsAbove, rcps_above};
use crate::iam::PolicyType;
use crate::iam::decide::PolicySet;
use crate::iam::policy::{Matcher, Policy, Statement};
use crate::world::World;

/// The accounts of which anything was loaded, and those that an organization lists.
pub(super) fn accounts(world: &World) -> BTreeSet<Arc<str>> {
    let facts = &world.facts;
    let loaded = facts.of_kind("account").iter().filter_map(|id| facts.get(*id)?.account.clone());
    let listed = facts.of_kind("organization-account").iter().filter_map(|id| Some(facts.get(*id)?.key.clone()));
    loaded.chain(listed).collect()
}

/// The RCPs above one account on one side.
struct Side<'a> {
    world: &'a World,
    above: RcpsAbove,
}

impl<'a> Side<'a> {
    fn of(side: Sided<'a>, account: &str) -> Self {
        Self { world: side.world, above: rcps_above(side.world, account) }
    }

    fn held(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.above.levels.iter().flatten().flatten()
    }

    fn statements(&self) -> Vec<Keyed<'_>> {
        keyed(self.world, self.held().map(|held| &held.policy))
    }

    /// What differs between accounts only where this does.
    fn text(&self) -> (Vec<String>, Vec<String>) {
        (said(&self.statements()), self.above.missing.iter().map(|m| m.why.clone()).collect())
    }

    fn set<'s>(&'s self, frame: &'s Frame) -> PolicySet<'s> {
        let mut levels = self.above.levels.as_ref().map(|levels| borrow(levels));
        levels.iter_mut().flatten().for_each(|level| level.push(&frame.full_rcp));
        PolicySet { identity: vec![&frame.everything], resource: Some(&frame.everyone), rcp: levels, ..PolicySet::default() }
    }
}

/// What both sides say, and the account itself where they may mean another thing for another account.
type Alike = ((Vec<String>, Vec<String>), (Vec<String>, Vec<String>), Option<String>);

/// Accounts that stand on both sides. One that is new had no resource that could be asked for, one that is gone has none any more.
pub(super) fn compare(old: Sided<'_>, new: Sided<'_>, out: &mut Whole) {
    let mut groups: BTreeMap<Alike, Vec<(String, Side<'_>, Side<'_>)>> = BTreeMap::new();
    for account in accounts(old.world).intersection(&accounts(new.world)) {
        let (before, after) = (Side::of(old, account), Side::of(new, account));
        if before.above.levels.is_none() && after.above.levels.is_none() && before.above.missing == after.above.missing {
            continue;
        }
        let own = before.held().chain(after.held()).any(|held| tells_accounts_apart(&held.policy));
        let key = (before.text(), after.text(), own.then(|| account.to_string()));
        groups.entry(key).or_default().push((account.to_string(), before, after));
    }
    let groups: Vec<_> = groups.into_values().collect();
    let compared: Vec<_> = groups
        .par_iter()
        .filter_map(|group| {
            let (account, before, after) = group.first()?;
            let accounts = group.iter().map(|(account, ..)| account.clone()).collect();
            Some((Subject::Resources(accounts), one(account, before, after)))
        })
        .collect();
    for (subject, comparison) in compared {
        out.add(subject, Status::Changed, comparison);
    }
}

/// `None`: the same RCPs stand above it.
fn one(account: &str, before: &Side<'_>, after: &Side<'_>) -> Option<Comparison> {
    let (old, new) = (before.statements(), after.statements());
    let unknown = differing(&before.above.missing, &after.above.missing);
    if same(&old, &new) && unknown.is_none() {
        return None;
    }
    let mut out = Comparison::default();
    out.undecided.extend(unknown.map(|missing| ("*".to_owned(), format!("{} policy: {}", missing.kind, missing.why))));
    let wider: Vec<&Statement> = widening(&old, &new);
    if wider.is_empty() {
        return Some(out);
    }
    let Some(frame) = Frame::new(PolicyType::Rcp, &[]) else { return Some(Comparison::undecided("the comparison has no frame")) };
    let (old_set, new_set) = (before.set(&frame), after.set(&frame));
    let policies: Vec<&Policy> = before.held().chain(after.held()).map(|held| &held.policy).collect();
    let views = views_of_owner(account, &policies);
    let asked = Asked { old: &old_set, new: &new_set, policies: &policies, views: &views, widening: &wider, rcp: true };
    // What allows is `RCPFullAWSAccess` on both sides and tells nothing.
    let cite = Cite { kinds: &[], old: before.held().cloned().collect(), new: after.held().cloned().collect() };
    let mut hits = asked.run();
    if let Some(why) = doubt(&before.above.missing, &after.above.missing) {
        hits.doubt(&why);
    }
    cite.fill(&mut out, hits, &old_set);
    Some(out)
}

/// Whether a policy may say another thing of the resources of another account: its resources are narrowed, or a condition asks for
/// the resource's account or organization.
fn tells_accounts_apart(policy: &Policy) -> bool {
    let of_resource = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.starts_with("aws:resource") || text.ends_with(":resourceaccount") || text.contains("${")
    };
    policy.statements.iter().any(|statement| {
        let keys = statement.conditions.iter().map(|c| &*c.key);
        let values = statement.conditions.iter().flat_map(|c| &c.values).map(|v| &*v.text);
        !statement.resource.as_ref().is_none_or(Matcher::is_everything) || keys.chain(values).any(of_resource)
    })
}
