//! A path as it is told: models, sources and one call as witness.
//!
//! In: models and Regions of which every call is open (or undecided) alike. Out: [`Path`]s, each with its witness call's legs, the
//! statements that grant them, and whether a Bedrock API key will do.
//! Never: a witness that was not itself decided.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::legs::{Leg, Verdict, View};
use super::targets::{Regions, Targets};
use super::{ModelName, Path, PathLeg, State, Way};
use crate::access::principals::Standing;
use crate::config::Scope;
use crate::facts::Why;

/// Everything that is asked of one principal in one account.
pub(super) struct Asker<'s> {
    pub(super) standing: &'s Standing,
    pub(super) targets: &'s Targets,
    pub(super) scope: &'s Scope,
    token: OnceCell<Option<View<'s>>>,
    mantle_token: OnceCell<Option<View<'s>>>,
    platform_token: OnceCell<Option<View<'s>>>,
}

/// Calls that are open, or not known, alike.
pub(super) struct Group {
    pub(super) way: Way,
    /// Indices of models.
    pub(super) models: Vec<usize>,
    pub(super) sources: Regions,
    pub(super) destinations: Result<Vec<Arc<str>>, Arc<Why>>,
    pub(super) destinations_from: Arc<str>,
    pub(super) listed: bool,
    /// `None`: open.
    pub(super) doubt: Option<Arc<Why>>,
}

impl<'s> Asker<'s> {
    pub(super) fn new(standing: &'s Standing, targets: &'s Targets, scope: &'s Scope) -> Self {
        let (token, mantle_token, platform_token) = Default::default();
        Self { standing, targets, scope, token, mantle_token, platform_token }
    }

    /// Whether the scope approves a Region; true where it declares none.
    fn approves(&self, region: &str) -> bool {
        !self.scope.declared.contains("approved_regions") || self.scope.approves_region(region)
    }

    /// Whether the scope approves a model; true where it says nothing of models.
    pub(super) fn approves_model(&self, id: &str) -> bool {
        crate::access::reach::approves(self.scope, id)
    }

    /// The sources in two parts: those that the scope approves, and the others.
    pub(super) fn by_approval(&self, sources: Regions) -> [Regions; 2] {
        let regions = self.targets.regions.iter().enumerate();
        let approved: Regions = regions.filter(|(_, r)| self.approves(r)).fold(0, |all, (i, _)| all | 1 << i);
        [sources & approved, sources & !approved]
    }

    /// The Region of a witness: an approved one, or a usual one, else the first.
    fn source(&self, sources: Regions) -> Option<usize> {
        let usual = self.scope.approved_regions.iter().map(|r| &**r).chain(["sa-east-1", "us-east-1"]);
        let known = usual.filter_map(|name| self.targets.region(name)).find(|region| sources >> region & 1 == 1);
        known.or_else(|| (sources != 0).then(|| sources.trailing_zeros() as usize))
    }

    /// The path of a group. `legs`: those of one model and source Region; `through`: what they call.
    pub(super) fn path(
        &self,
        view: &View<'_>,
        group: Group,
        legs: impl Fn(usize, usize) -> Vec<Leg>,
        through: impl Fn(usize, usize) -> String,
    ) -> Option<Path> {
        let mut models = group.models;
        let known = |model: &usize| self.targets.models.get(*model);
        let unlisted: Vec<usize> = models.iter().copied().filter(|m| known(m).is_some_and(|m| m.unlisted)).collect();
        models.retain(|model| !unlisted.contains(model));
        let model = *models.first().or(unlisted.first())?;
        let source = self.source(group.sources)?;
        let name = |model: &usize| known(model).map(|m| ModelName { id: m.id.clone(), name: m.name });
        let path = Path {
            way: group.way,
            claude: models.iter().chain(&unlisted).filter_map(known).any(|m| m.claude),
            models: models.iter().filter_map(name).collect(),
            any_model: !unlisted.is_empty(),
            through: through(model, source),
            source: self.targets.regions.get(source).cloned().unwrap_or_default(),
            sources: self.targets.names(group.sources).cloned().collect(),
            destinations: group.destinations,
            destinations_from: group.destinations_from,
            listed: group.listed,
            bearer_token: Ok(false),
            requires: Vec::new(),
            legs: Vec::new(),
            state: group.doubt.map_or(State::Open, State::Undecided),
        };
        Some(self.tell(view, path, &legs(model, source)))
    }

    /// The path with its witness.
    pub(super) fn tell(&self, view: &View<'_>, mut path: Path, legs: &[Leg]) -> Path {
        let mut requires = BTreeSet::new();
        for leg in legs {
            let witness = view.witness(leg);
            for (key, _) in witness.iter().flat_map(|w| &w.context) {
                let given = |(name, _): &(&str, Option<String>)| name.eq_ignore_ascii_case(key);
                if key != "aws:RequestedRegion" && !leg.keys.iter().any(given) {
                    requires.insert(key.clone());
                }
            }
            let state = match (&witness, view.verdict(leg)) {
                (None, Verdict::Undecided(why)) => State::Undecided(why),
                _ => State::Open,
            };
            path.legs.push(PathLeg {
                action: view.action,
                // Where any of several will do, the one of the request.
                resource: witness.as_ref().map_or_else(|| leg.resource.clone(), |w| w.resource.clone()),
                region: leg.requested.clone(),
                state,
                witness: witness.map(|w| w.line()).unwrap_or_default(),
                grants: view.granting(leg),
                holder: None,
            });
        }
        path.requires = requires.into_iter().collect();
        path.bearer_token = self.bearer_token(path.way, &path.source);
        path
    }

    /// Whether a Bedrock API key may be used for calls of the same kind in a Region.
    fn bearer_token(&self, way: Way, region: &str) -> Result<bool, Arc<Why>> {
        let (cell, action) = match way {
            Way::Mantle => (&self.mantle_token, "bedrock-mantle:CallWithBearerToken"),
            Way::ClaudePlatform => (&self.platform_token, "aws-external-anthropic:CallWithBearerToken"),
            _ => (&self.token, "bedrock:CallWithBearerToken"),
        };
        let Some(view) = cell.get_or_init(|| View::of(self.standing, action)) else { return Ok(false) };
        match view.verdict(&Leg::new("*", region)) {
            Verdict::Open => Ok(true),
            Verdict::Closed => Ok(false),
            Verdict::Undecided(why) => Err(why),
        }
    }
}
