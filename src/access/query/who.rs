//! Who can do an action: every principal answered by the solver.
//!
//! In: the world, an action, perhaps a resource and a Region. Out: for each principal an allowed request with the statement that grants
//! it, the proof that there is none, or the reason why it is not known.

use super::joined::owner;
use super::{Joined, Place, Principals, Standing, place, principals};
use crate::catalog::actions;
use crate::facts::FactId;
use crate::iam::PolicyType;
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::{Decision, PolicySet, Said};
use crate::iam::policy::{Effect, Statement};
use crate::iam::request::Context;
use crate::iam::solve::{self, Question, Resources};
use crate::iam::truth::Truth;
use crate::world::World;

/// Whether one principal can.
#[derive(Debug, Clone)]
pub enum Who {
    /// By this request, granted there.
    Can {
        /// The request on one line.
        witness: String,
        /// The Allow statement.
        granted: Option<Place>,
    },
    /// Not known.
    Undecided {
        /// Why not.
        why: String,
        /// A request that all the loaded policies allow, where there is one.
        candidate: Option<String>,
        /// The Allow statement of the candidate.
        granted: Option<Place>,
    },
    /// Proved: no request of this principal is allowed.
    Cannot,
}

/// For each principal whether it can do `action`: on `resource` (an ARN, which may hold `*` and `?`; any, where `None`), in
/// `region`, whatever the rest of the context.
pub fn who_can(world: &World, action: &str, resource: Option<&str>, region: Option<&str>) -> Vec<(FactId, Who)> {
    use rayon::prelude::*;
    let index = Principals::of(world);
    let answer = |id: FactId| index.get(id).map(|standing| (id, who(world, standing, action, resource, region)));
    principals(world).into_par_iter().filter_map(answer).collect()
}

fn who(world: &World, standing: &Standing, action: &str, resource: Option<&str>, region: Option<&str>) -> Who {
    let fixed = resource.filter(|text| is_one(text));
    let owner = fixed.and_then(|one| owner(world, one));
    let joined = match fixed {
        Some(one) => {
            let named = Arn::parse(one).map(|arn| arn.account).filter(|account| is_account_id(account));
            Joined::of(world, standing, action, one, owner.as_deref().or(named).or(Some(&standing.account)))
        }
        None => {
            let mut joined = Joined::default();
            joined.unknown_scps(world, standing);
            joined
        }
    };
    answered(standing, &joined, owner.as_deref(), action, resource, (region, &Context::open()))
}

/// The answer for one principal, where the resource's side is known; `fixed` of the context is part of the question.
pub(super) fn answered(
    standing: &Standing,
    joined: &Joined,
    owner: Option<&str>,
    action: &str,
    resource: Option<&str>,
    (region, fixed_context): (Option<&str>, &Context),
) -> Who {
    let fixed = resource.filter(|text| is_one(text));
    let policies = joined.policies(standing);
    if !may_grant(&policies, action) {
        return Who::Cannot;
    }
    let place_of = |decision: &Decision| {
        let granting = |why: &&crate::iam::Why| {
            why.said == Said::Allows
                && matches!(why.kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key)
        };
        let site = decision.why.iter().find(granting)?.site?;
        Some(place(standing, Some(joined), site, action, &Context::open()))
    };
    let mut context = fixed_context.clone();
    // A call is made in its resource's Region, unless another is asked about.
    let own = fixed.and_then(Arn::parse).map(|arn| arn.region).filter(|region| !region.is_empty());
    if let Some(region) = region.or(own) {
        context.set("aws:RequestedRegion", [region]);
    }
    let ask = |policies: &PolicySet<'_>| {
        let mut question = Question::new(policies, standing.who.clone(), action);
        question.resources = resources(standing, action, resource, region);
        question.context = context.clone();
        question.context.complete(&standing.keys.known);
        question.resource_account = owner;
        question.examples = crate::access::ask::Ask::anything(standing, action).examples;
        solve::solve(&question)
    };
    match ask(&policies) {
        solve::Answer::None => Who::Cannot,
        solve::Answer::Some(found) => Who::Can { granted: place_of(&found.decision), witness: found.request.to_string() },
        solve::Answer::Unknown(why) => {
            let why = policies.missing.first().map_or(why, |missing| format!("{} policy: {}", missing.kind, missing.why));
            // What the loaded policies say among themselves.
            let loaded = PolicySet { missing: Vec::new(), ..policies.clone() };
            match ask(&loaded) {
                solve::Answer::Some(found) if !policies.missing.is_empty() => {
                    Who::Undecided { why, granted: place_of(&found.decision), candidate: Some(found.request.to_string()) }
                }
                _ => Who::Undecided { why, candidate: None, granted: None },
            }
        }
    }
}

/// Whether anything that is known, or missing, could grant the action at all.
pub(super) fn may_grant(policies: &PolicySet<'_>, action: &str) -> bool {
    let context = Context::open();
    let covers =
        |s: &Statement| s.effect != Effect::Deny && !s.contradictory && s.action.covers(action, &context) != Truth::False;
    let grants = |kind| matches!(kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key);
    policies.missing.iter().any(|missing| grants(missing.kind))
        || policies.identity.iter().copied().chain(policies.resource).flat_map(|policy| &policy.statements).any(covers)
}

/// Resources of the principal's own account, or of AWS's (whose ARNs name no account).
fn resources(standing: &Standing, action: &str, resource: Option<&str>, region: Option<&str>) -> Resources {
    let (partition, account) = (&standing.partition, &standing.account);
    let (within, examples) = crate::access::endpoint::resources(partition, account, action, region.unwrap_or("*"));
    let matching = |within| Resources::Matching { within, outside: Vec::new(), examples };
    match (resource, region) {
        (Some(text), _) if is_one(text) => Resources::One(text.to_owned()),
        (Some(text), _) => matching(vec![text.to_owned()]),
        (None, _) if actions::is_star_only(action) == Some(true) => Resources::One("*".to_owned()),
        (None, _) if !within.is_empty() => matching(within),
        (None, None) => matching(vec![format!("arn:*:*:*:{account}:*"), "arn:*:*:*::*".to_owned()]),
        (None, Some(region)) => {
            let places = [format!("{region}:{account}"), format!("{region}:"), format!(":{account}"), ":".to_owned()];
            matching(places.iter().map(|place| format!("arn:*:*:{place}:*")).collect())
        }
    }
}

/// A single resource, not a pattern.
fn is_one(text: &str) -> bool {
    text == "*" || !text.contains(['*', '?'])
}
