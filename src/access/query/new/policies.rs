//! Policies compared one by one: those of files, and those that resources carry.
//!
//! In: two versions of one policy, or one where the other side has none. Out: what is newly allowed where everything else permits it.
//! A policy that is not there is what AWS takes in its place: a boundary that is absent bounds nothing, an identity policy that is
//! absent grants nothing.

use std::sync::Arc;

use super::ask::{Asked, Hits};
use super::changed::{denies_kept, keyed, same, widening, without_old_allows};
use super::frame::{Frame, grants};
use super::requesters::views;
use super::{Before, Comparison, Difference, FRAME};
use crate::access::principals::{Held, node_of};
use crate::access::query::{Place, underlined};
use crate::iam::PolicyType;
use crate::iam::decide::{PolicySet, Said, decide};
use crate::iam::policy::{Policy, Site, Statement};
use crate::iam::request::{Context, Request};
use crate::world::World;

/// One side's policy.
pub(super) type Side<'a> = (&'a World, Option<&'a Arc<Held>>);

/// Compares two versions; `None`: they say the same.
pub(super) fn compare(kind: PolicyType, old: Side<'_>, new: Side<'_>) -> Option<Comparison> {
    let Some(frame) = Frame::new(kind, &[]) else { return Some(Comparison::undecided("the comparison has no frame")) };
    let absent = frame.absent();
    let policy = |side: Side<'_>| side.1.map_or_else(|| absent.clone(), |held| held.policy.clone());
    let (before, after) = (policy(old), policy(new));
    let (old_keyed, new_keyed) = (keyed(old.0, [&before]), keyed(new.0, [&after]));
    let beside = (frame.beside(&before), frame.beside(&after));
    if same(&old_keyed, &new_keyed) && old.1.is_some() == new.1.is_some() {
        return None;
    }
    let mut out = Comparison { beside_full_access: beside.0 && beside.1, ..Comparison::default() };
    let everything: Vec<&Statement> =
        before.statements.iter().chain(&after.statements).chain(&frame.everything.statements).collect();
    let wider = if beside.1 && !beside.0 { everything } else { widening(&old_keyed, &new_keyed) };
    if wider.is_empty() {
        return Some(out);
    }
    // Where nothing is denied any less, what stood there before allows nothing new.
    let fresh = denies_kept(&old_keyed, &new_keyed).then(|| without_old_allows(new.0, &after, &old_keyed)).filter(grants);
    let (old_set, new_set) = (frame.set(&before), frame.set(fresh.as_ref().unwrap_or(&after)));
    let policies = [&before, &after];
    let asked = Asked {
        old: &old_set,
        new: &new_set,
        policies: &policies,
        views: &views(kind, &policies),
        widening: &wider,
        rcp: kind == PolicyType::Rcp,
    };
    let cite = Cite { kinds: &[kind], old: old.1.into_iter().cloned().collect(), new: new.1.into_iter().cloned().collect() };
    cite.fill(&mut out, asked.run(), &old_set);
    Some(out)
}

impl Comparison {
    pub(super) fn undecided(why: &str) -> Self {
        Self { undecided: vec![("*".to_owned(), why.to_owned())], ..Self::default() }
    }
}

/// Finds the statements that answers hang on.
pub(super) struct Cite<'a> {
    /// The kinds of policy whose Allow is told.
    pub(super) kinds: &'a [PolicyType],
    pub(super) old: Vec<Arc<Held>>,
    pub(super) new: Vec<Arc<Held>>,
}

impl Cite<'_> {
    /// Makes differences of hits.
    pub(super) fn fill(&self, out: &mut Comparison, hits: Hits, old: &PolicySet<'_>) {
        for hit in hits.new {
            let site = hit.decision.why.iter().find(|why| self.kinds.contains(&why.kind) && why.said == Said::Allows);
            let site = site.and_then(|why| why.site).filter(|site| site.source != FRAME);
            out.new.push(Difference {
                allowed_by: site.and_then(|site| place(&self.new, site, &hit.action)),
                before: self.before(old, &hit.request),
                action: hit.action,
                listed: hit.listed,
                request: hit.line,
                witness: hit.request,
            });
        }
        out.undecided.extend(hits.undecided);
    }

    /// What kept the old side from allowing it: a statement that denies, else the policy type in which none allows.
    fn before(&self, old: &PolicySet<'_>, request: &Request) -> Option<Before> {
        let decision = decide(old, request);
        let denies = decision.why.iter().find(|why| why.said == Said::Denies);
        let why = denies.or_else(|| decision.why.iter().find(|why| why.said == Said::Nothing))?;
        let denied_by = why.site.filter(|_| why.said == Said::Denies).and_then(|site| place(&self.old, site, &request.action));
        Some(Before { kind: why.kind, level: why.level, denied_by })
    }
}

/// A statement of one of the policies, by the policy's name.
fn place(held: &[Arc<Held>], site: Site, action: &str) -> Option<Place> {
    held.iter().find_map(|held| {
        let (statement, at) = underlined(&held.policy, site, action, &Context::open())?;
        Some(Place { policy: held.name.to_string(), sid: statement.sid.as_deref().map(str::to_owned), node: node_of(at) })
    })
}

impl Frame {
    /// What AWS takes for a policy of this kind that is not there.
    pub(super) fn absent(&self) -> Policy {
        let mut absent = self.everything.clone();
        let bounds = matches!(self.kind(), PolicyType::Boundary | PolicyType::Session | PolicyType::Endpoint);
        if self.kind() == PolicyType::Endpoint {
            absent = self.everyone.clone();
        }
        if !bounds {
            absent.statements.clear();
        }
        absent.kind = self.kind();
        absent
    }
}
