//! Principals compared with everything that is in force for them.
//!
//! In: the same principal in two worlds, or in one of them. Out: what it may do now and could not do before: its own policies, those of its
//! groups, the permissions boundary, the SCPs above its account. The resource's side is taken to permit; what resources carry is
//! compared by itself. A policy that is in force on both sides and was not loaded on either is taken to be the same; where only one
//! side lacks it, the answer is open.

use std::sync::Arc;

use super::ask::Asked;
use super::changed::{Keyed, denies_kept, keyed, same, widening, without_old_allows};
use super::frame::Frame;
use super::policies::Cite;
use super::requesters::open;
use super::view::View;
use super::{Comparison, FRAME};
use crate::access::guard::{Above, Scps};
use crate::access::principals::{Held, Standing, borrow};
use crate::iam::PolicyType;
use crate::iam::decide::{Missing, PolicySet};
use crate::iam::policy::{Policy, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::World;

/// One side of a principal.
pub(super) struct Side<'a> {
    world: &'a World,
    account: Arc<str>,
    who: Principal,
    identity: Vec<Arc<Held>>,
    boundary: Option<Arc<Held>>,
    scps: Option<Vec<Vec<Arc<Held>>>>,
    management: bool,
    service_linked: bool,
    missing: Vec<Missing>,
    keys: Context,
}

impl<'a> Side<'a> {
    pub(super) fn of(world: &'a World, standing: &Standing) -> Self {
        let mut missing = standing.missing.clone();
        missing.extend(unknown_scps(Scps::shared(world).above(&standing.account)));
        Self {
            world,
            account: standing.account.clone(),
            who: standing.who.clone(),
            identity: standing.identity.clone(),
            boundary: standing.boundary.clone(),
            scps: standing.scps.clone(),
            management: standing.management,
            service_linked: standing.service_linked,
            missing,
            keys: standing.keys.known.clone(),
        }
    }

    /// Any role of an account, whose own policies allow everything.
    pub(super) fn any_role(world: &'a World, account: &str, everything: &Arc<Held>) -> Option<Self> {
        let scps = Scps::shared(world);
        let above = scps.above(account);
        let mut missing = above.missing.clone();
        missing.extend(unknown_scps(above));
        Some(Self {
            world,
            account: account.into(),
            who: Principal::parse(&format!("arn:aws:iam::{account}:role/any-role")).ok()?,
            identity: vec![everything.clone()],
            boundary: None,
            scps: above.levels.clone(),
            management: above.management,
            service_linked: false,
            missing,
            keys: Context::open(),
        })
    }

    /// The same principal before it was there: nothing grants it anything, and what limits it is as little known.
    fn absent(&self) -> Self {
        Self {
            world: self.world,
            account: self.account.clone(),
            who: self.who.clone(),
            identity: Vec::new(),
            boundary: self.boundary.clone(),
            scps: self.scps.clone(),
            management: self.management,
            service_linked: self.service_linked,
            missing: self.missing.iter().filter(|m| m.kind != PolicyType::Identity).cloned().collect(),
            keys: self.keys.clone(),
        }
    }

    fn levels(&self) -> Option<&Vec<Vec<Arc<Held>>>> {
        self.scps.as_ref().filter(|_| !self.management && !self.service_linked)
    }

    fn policies(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.identity.iter().chain(&self.boundary).chain(self.scps.iter().flatten().flatten())
    }

    /// The statements in force together: identity, boundary, each level of SCPs.
    fn slots(&self) -> Slots<'_> {
        Slots {
            identity: keyed(self.world, self.identity.iter().map(|h| &h.policy)),
            boundary: self.boundary.as_ref().map(|h| keyed(self.world, [&h.policy])),
            scps: self.levels().map(|levels| levels.iter().map(|l| keyed(self.world, l.iter().map(|h| &h.policy))).collect()),
        }
    }

    fn set<'s>(&'s self, identity: Vec<&'s Policy>, frame: &'s Frame) -> PolicySet<'s> {
        PolicySet {
            identity,
            boundary: self.boundary.as_ref().map(|held| &held.policy),
            resource: Some(&frame.resource_side),
            scp: self.scps.as_ref().map(|levels| borrow(levels)),
            management_account: self.management,
            service_linked_role: self.service_linked,
            ..PolicySet::default()
        }
    }
}

fn unknown_scps(above: &Above) -> Option<Missing> {
    above.unknown.as_ref().map(|why| Missing { kind: PolicyType::Scp, why: why.text.clone() })
}

struct Slots<'a> {
    identity: Vec<Keyed<'a>>,
    boundary: Option<Vec<Keyed<'a>>>,
    scps: Option<Vec<Vec<Keyed<'a>>>>,
}

/// What of two sides may make something new.
enum Change<'a> {
    Nothing,
    /// Only what these cover; `identity_only`: all else is the same.
    Within {
        wider: Vec<&'a Statement>,
        identity_only: bool,
    },
    /// The sides are not built alike: anything.
    Anything,
}

fn change<'a>(old: &Slots<'a>, new: &Slots<'a>) -> (bool, Change<'a>) {
    let mut wider = widening(&old.identity, &new.identity);
    let mut all_same = same(&old.identity, &new.identity);
    let mut identity_only = true;
    let mut pair = |old: &[Keyed<'a>], new: &[Keyed<'a>]| {
        if !same(old, new) {
            (all_same, identity_only) = (false, false);
            wider.extend(widening(old, new));
        }
    };
    let mut narrower = false;
    match (&old.boundary, &new.boundary) {
        (Some(old), Some(new)) => pair(old, new),
        (Some(_), None) => return (false, Change::Anything),
        (None, Some(_)) => narrower = true,
        (None, None) => {}
    }
    match (&old.scps, &new.scps) {
        (Some(old), Some(new)) if old.len() == new.len() => old.iter().zip(new).for_each(|(old, new)| pair(old, new)),
        (Some(_), _) => return (false, Change::Anything),
        (None, Some(_)) => narrower = true,
        (None, None) => {}
    }
    let identity_only = identity_only && !narrower;
    let change = if wider.is_empty() { Change::Nothing } else { Change::Within { wider, identity_only } };
    (all_same && !narrower, change)
}

/// Compares a principal's two sides; `None`: everything in force is the same.
pub(super) fn compare(old: Option<&Side<'_>>, new: &Side<'_>) -> Option<Comparison> {
    let nobody = new.absent();
    let (before, added) = (old.unwrap_or(&nobody), old.is_none());
    let (old_slots, new_slots) = (before.slots(), new.slots());
    let (same, change) = change(&old_slots, &new_slots);
    let flags = |side: &Side<'_>| (side.management, side.service_linked);
    let keys_matter = before.keys != new.keys && !added && new.policies().chain(before.policies()).any(|held| of_principal(held));
    let open_policies = differing(&before.missing, &new.missing);
    if same && flags(before) == flags(new) && !keys_matter && open_policies.is_none() && !added {
        return None;
    }
    let mut out = Comparison::default();
    if let Some(missing) = open_policies {
        out.undecided.push(("*".to_owned(), format!("{} policy: {}", missing.kind, missing.why)));
    }
    if keys_matter {
        let why = "its tags or its organization are not the same on both sides, and a policy asks for them".to_owned();
        out.undecided.push(("*".to_owned(), why));
    }
    let everything: Vec<&Statement> = before.policies().chain(new.policies()).flat_map(|held| &held.policy.statements).collect();
    let (wider, identity_only) = match change {
        Change::Nothing if flags(before) == flags(new) => return Some(out),
        Change::Within { wider, identity_only } if flags(before) == flags(new) => (wider, identity_only),
        _ => (everything, false),
    };
    let Some(frame) = Frame::new(PolicyType::Identity, &[&new.account]) else {
        return Some(Comparison::undecided("the comparison has no frame"));
    };
    let reduced: Vec<Policy> = if identity_only && denies_kept(&old_slots.identity, &new_slots.identity) {
        new.identity.iter().map(|held| without_old_allows(new.world, &held.policy, &old_slots.identity)).collect()
    } else {
        new.identity.iter().map(|held| held.policy.clone()).collect()
    };
    let old_set = before.set(before.identity.iter().map(|held| &held.policy).collect(), &frame);
    let new_set = new.set(reduced.iter().collect(), &frame);
    let policies: Vec<&Policy> = before.policies().chain(new.policies()).map(|held| &held.policy).collect();
    let asked =
        Asked { old: &old_set, new: &new_set, policies: &policies, views: &[view(before, new)], widening: &wider, rcp: false };
    let mut hits = asked.run();
    if let Some(why) = doubt(&before.missing, &new.missing) {
        hits.doubt(&why);
    }
    let cite = Cite {
        kinds: &[PolicyType::Identity],
        old: before.policies().cloned().collect(),
        new: new.policies().cloned().collect(),
    };
    cite.fill(&mut out, hits, &old_set);
    Some(out)
}

fn view(old: &Side<'_>, new: &Side<'_>) -> View {
    let mut context = open();
    if old.keys == new.keys {
        context.complete(&new.keys);
    }
    View {
        who: new.who.clone(),
        context,
        owner: Some(new.account.to_string()),
        resources: Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() },
        of_the_caller: true,
    }
}

/// Why what is newly allowed by what was loaded may be no news: a policy that was not loaded granted it before, or denies it now.
/// One that limits and is missing on both sides is taken to be the same.
pub(super) fn doubt(old: &[Missing], new: &[Missing]) -> Option<String> {
    let grants = |missing: &&Missing| missing.kind == PolicyType::Identity;
    let before = old.iter().find(grants).map(|m| (m, "may have allowed it before"));
    let now = || new.iter().find(|m| !grants(m) && !old.contains(m)).map(|m| (m, "may deny it"));
    let (missing, what) = before.or_else(now)?;
    Some(format!(
        "newly allowed by what was loaded, but a policy of type {} that was not loaded {what}: {}",
        missing.kind, missing.why
    ))
}

/// A policy that is not known on one side only.
pub(super) fn differing<'m>(old: &'m [Missing], new: &'m [Missing]) -> Option<&'m Missing> {
    new.iter().find(|m| !old.contains(m)).or_else(|| old.iter().find(|m| !new.contains(m)))
}

/// Whether some condition asks for the principal's tags or organization.
fn of_principal(held: &Held) -> bool {
    let asks = |key: &str| {
        let key = key.to_ascii_lowercase();
        key.starts_with("aws:principaltag/") || key.starts_with("aws:principalorg")
    };
    held.policy.source != FRAME && held.policy.statements.iter().flat_map(|s| &s.conditions).any(|c| asks(&c.key))
}
