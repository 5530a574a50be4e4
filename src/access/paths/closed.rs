//! What closes a way: for each way in which no Claude model is open, the call that comes nearest and the text that stops it.
//!
//! In: a principal. Out: one [`Closed`] a way: nothing grants a leg, or this policy denies it, or that one does not allow it.
//! Of all calls of a way the one is told of which most legs are granted, since its text is the one that matters.

use super::legs::{Leg, Verdict, View};
use super::rows::requested;
use super::targets::{All, Targets};
use super::{ACTIONS, Found, PROFILE_KEY, Path, Place, State, Way, accounts};
use crate::access::principals::{Principals, Standing, node_of};
use crate::access::query;
use crate::facts::FactId;
use crate::iam::decide::Said;
use crate::iam::{Context, PolicyType};
use crate::world::World;

/// What stops a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// No statement grants the leg.
    NotGranted,
    /// This statement denies it.
    Denied(PolicyType, Place),
    /// A policy of this type, or a level of it, does not allow it.
    NotAllowed(PolicyType, Option<usize>),
    /// No request meets what grants it and passes these at once.
    Together(Vec<Place>),
}

/// A way that is closed to Claude models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub way: Way,
    /// The action of the leg that is closed.
    pub action: &'static str,
    /// Its resource.
    pub resource: String,
    /// Its `aws:RequestedRegion`.
    pub region: String,
    /// By what.
    pub stop: Stop,
}

/// The ways of `found` in which no Claude model is open nor may be. `region`: only calls from there.
pub fn closed(world: &World, principal: FactId, found: &Found, region: Option<&str>) -> Vec<Closed> {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Vec::new() };
    let Some(account) = accounts(standing).into_iter().next_back() else { return Vec::new() };
    let Some(targets) = All::of(world).of_account(standing, &account) else { return Vec::new() };
    let from = |path: &Path| region.is_none_or(|region| path.sources.iter().any(|source| &**source == region));
    let told = |way: Way| found.paths.iter().any(|p| p.way == way && p.claude && from(p));
    let sources = sources(world, principal, &targets, region);
    let mut out = Vec::new();
    for way in [Way::Direct, Way::GeographicProfile, Way::GlobalProfile, Way::Mantle, Way::ClaudePlatform] {
        let calls = calls(&targets, way, &sources);
        // What is allowed and not offered is told elsewhere.
        let offered = way == Way::Direct && found.not_offered.iter().any(|one| one.models.iter().any(|m| m.name.is_some()));
        if !told(way) && !offered {
            out.extend(nearest(standing, way, &calls));
        }
    }
    for profile in &targets.applications {
        let open = |p: &Path| p.through == *profile.arn && matches!(p.state, State::Open | State::Undecided(_));
        if found.paths.iter().any(open) || region.is_some_and(|r| *profile.region != *r) {
            continue;
        }
        let models = profile.models.as_deref().unwrap_or_default();
        let legs = super::application::legs(&profile.arn, &profile.region, models);
        out.extend(nearest(standing, Way::ApplicationProfile, &[(ACTIONS.to_vec(), legs)]));
    }
    out
}

/// The Regions that a reader would ask about: the given one; else the scope's, the usual two, and one with a geographic profile.
fn sources(world: &World, principal: FactId, targets: &Targets, region: Option<&str>) -> Vec<usize> {
    if let Some(region) = region {
        return targets.region(region).into_iter().collect();
    }
    let scope = world.scope_of(principal);
    let named = scope.approved_regions.iter().map(|r| &**r).chain(["sa-east-1", "us-east-1"]);
    let routed = targets.routes.keys().map(|(_, _, source)| *source);
    let mut out: Vec<usize> = Vec::new();
    for source in named.filter_map(|name| targets.region(name)).chain(routed) {
        if !out.contains(&source) && out.len() < 12 {
            out.push(source);
        }
    }
    out
}

type Call = (Vec<&'static str>, Vec<Leg>);

/// Calls of a way with the Claude models that have a name.
fn calls(targets: &Targets, way: Way, sources: &[usize]) -> Vec<Call> {
    let own = |service: &str, region: usize, rest: &str| {
        let region = requested(targets, region);
        let arn = format!("arn:{}:{service}:{region}:{}:{rest}", targets.partition, targets.account);
        vec![Leg::new(arn, region)]
    };
    let claude = || targets.models.iter().enumerate().filter(|(_, m)| m.name.is_some()).map(|(i, _)| i);
    let each = |legs: &dyn Fn(usize, usize) -> Vec<Leg>| -> Vec<Call> {
        sources.iter().flat_map(|s| claude().map(move |m| (m, *s))).map(|(m, s)| (ACTIONS.to_vec(), legs(m, s))).collect()
    };
    match way {
        Way::Direct => each(&|model, source| {
            vec![Leg::new(targets.model_arn(model, source), requested(targets, source)).without(PROFILE_KEY)]
        }),
        Way::GlobalProfile => each(&|model, source| super::profiles::global_legs(targets, model, source)),
        Way::GeographicProfile => {
            let routes = targets.routes.iter().filter(|((_, _, source), _)| sources.contains(source));
            let legs = |(prefix, model, source), route| super::profiles::geographic_legs(targets, prefix, model, source, route);
            routes.map(|(at, route)| (ACTIONS.to_vec(), legs(*at, route))).collect()
        }
        Way::Mantle => {
            let legs = |s: &usize| own("bedrock-mantle", *s, "project/default");
            sources.iter().map(|s| (vec!["bedrock-mantle:CreateInference"], legs(s))).collect()
        }
        Way::ClaudePlatform => {
            let legs = |s: &usize| own("aws-external-anthropic", *s, "workspace/default");
            sources.iter().map(|s| (vec!["aws-external-anthropic:CreateInference"], legs(s))).collect()
        }
        _ => Vec::new(),
    }
}

/// The call of which most legs are granted, and what closes it.
fn nearest(standing: &Standing, way: Way, calls: &[Call]) -> Option<Closed> {
    let mut best: Option<(usize, Closed)> = None;
    for (actions, legs) in calls {
        for action in actions {
            let Some(view) = View::of(standing, action) else { continue };
            let granted = legs.iter().filter(|leg| !view.granting(leg).is_empty()).count();
            if best.as_ref().is_some_and(|(most, _)| granted <= *most) {
                continue;
            }
            let closed = |leg: &&Leg| matches!(view.verdict(leg), Verdict::Closed);
            let Some(leg) = legs.iter().find(closed) else { continue };
            best = Some((granted, of(way, action, leg, stop(standing, &view, leg))));
        }
    }
    let first = || calls.first().and_then(|(actions, legs)| Some((actions.first()?, legs.first()?)));
    best.map(|(_, closed)| closed).or_else(|| first().map(|(action, leg)| of(way, action, leg, Stop::NotGranted)))
}

fn of(way: Way, action: &'static str, leg: &Leg, stop: Stop) -> Closed {
    Closed { way, action, resource: leg.resource.clone(), region: leg.requested.clone(), stop }
}

fn stop(standing: &Standing, view: &View<'_>, leg: &Leg) -> Stop {
    if view.granting(leg).is_empty() {
        return Stop::NotGranted;
    }
    let decision = view.decide(leg);
    let denies = decision.why.iter().find(|why| why.said == Said::Denies);
    if let Some((why, site)) = denies.and_then(|why| Some((why, why.site?))) {
        return Stop::Denied(why.kind, place(standing, site, view.action));
    }
    if let Some(why) = decision.why.iter().find(|why| why.said == Said::Nothing && why.kind != PolicyType::Resource) {
        return Stop::NotAllowed(why.kind, why.level);
    }
    let unsure = decision.why.iter().filter(|why| why.said == Said::Unknown).filter_map(|why| why.site);
    Stop::Together(unsure.map(|site| place(standing, site, view.action)).collect())
}

/// The statement at a site, whichever of the principal's policies it stands in.
fn place(standing: &Standing, site: crate::iam::policy::Site, action: &str) -> Place {
    let scps = standing.scps.iter().flatten().flatten();
    for held in standing.identity.iter().chain(&standing.boundary).chain(scps) {
        if let Some((statement, at)) = query::underlined(&held.policy, site, action, &Context::open()) {
            return Place { policy: held.name.to_string(), sid: statement.sid.as_deref().map(str::to_owned), node: node_of(at) };
        }
    }
    Place { policy: String::new(), sid: None, node: node_of(site) }
}
