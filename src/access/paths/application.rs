//! Application inference profiles: those of the account, resolved to their models, and those that may exist.
//!
//! The caller needs the profile's own ARN and each of its models; a list of allowed system profiles says nothing of it. A profile
//! that nobody loaded is open only in its own Region where no other place is open for any model; else it is not known.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draw::Asker;
use super::legs::{Leg, Verdict, View, undecided};
use super::rows::{Classes, requested};
use super::runtime::Told;
use super::targets::{Application, GLOBAL, Regions, is_claude};
use super::{Found, ModelName, PROFILE_KEY, Path, State, UNSPECIFIED, Way};
use crate::catalog::models;
use crate::facts::Why;

/// The last part of an ARN that stands for a profile that nobody listed.
const UNLISTED: &str = "unlisted";

pub(super) fn find(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    for profile in &asker.targets.applications {
        if told.applications.contains(&profile.arn) {
            continue;
        }
        if let Some(path) = listed(asker, view, profile) {
            if path.state == State::Open {
                told.applications.push(profile.arn.clone());
            }
            found.paths.push(path);
        }
    }
    unlisted(asker, view, classes, told, found);
}

fn first_leg(arn: &str, region: &str) -> Leg {
    Leg::new(arn, region).without(PROFILE_KEY)
}

/// The legs of a call of a profile with these models.
pub(super) fn legs(arn: &str, region: &str, models: &[String]) -> Vec<Leg> {
    let model = |model: &String| {
        let at = model.split(':').nth(3).filter(|r| !r.is_empty()).unwrap_or(UNSPECIFIED);
        Leg::new(model.as_str(), at).with(PROFILE_KEY, arn)
    };
    std::iter::once(first_leg(arn, region)).chain(models.iter().map(model)).collect()
}

fn empty(profile_arn: &str, region: &Arc<str>) -> Path {
    Path {
        way: Way::ApplicationProfile,
        models: Vec::new(),
        any_model: false,
        claude: true,
        through: profile_arn.to_owned(),
        source: region.clone(),
        sources: vec![region.clone()],
        destinations: Ok(Vec::new()),
        destinations_from: "the models that the profile's own answer lists".into(),
        listed: true,
        bearer_token: Ok(false),
        requires: Vec::new(),
        legs: Vec::new(),
        state: State::Open,
    }
}

/// A profile of the account.
fn listed(asker: &Asker<'_>, view: &View<'_>, profile: &Application) -> Option<Path> {
    let mut path = empty(&profile.arn, &profile.region);
    let known = match &profile.models {
        Ok(models) if !models.is_empty() => Ok(models.clone()),
        Ok(_) => Err(undecided(format!("the answer on `{}` lists no models, so where it routes to is not known", profile.name))),
        Err(why) => Err(why.clone()),
    };
    let models = known.as_deref().unwrap_or_default();
    let legs = legs(&profile.arn, &profile.region, models);
    match (view.call(&legs), &known) {
        (Verdict::Closed, _) => return None,
        (Verdict::Undecided(why), _) => path.state = State::Undecided(why),
        (Verdict::Open, Err(why)) => path.state = State::Undecided(why.clone()),
        (Verdict::Open, Ok(_)) => {}
    }
    let ids: BTreeSet<&str> = models.iter().filter_map(|arn| arn.split_once("foundation-model/")).map(|(_, id)| id).collect();
    path.claude = ids.is_empty() || ids.iter().any(|id| is_claude(id));
    let name = |id: &&str| ModelName { id: Arc::from(*id), name: models::find(id).map(|m| m.name) };
    path.models = ids.iter().map(name).collect();
    path.destinations = known.map(|arns| {
        let region = |arn: &String| arn.split(':').nth(3).filter(|r| !r.is_empty()).map_or(GLOBAL.into(), Arc::from);
        arns.iter().map(region).collect::<BTreeSet<Arc<str>>>().into_iter().collect()
    });
    Some(asker.tell(view, path, &legs))
}

/// Profiles that may exist in Regions whose profiles were not listed.
fn unlisted(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    let targets = asker.targets;
    let ids = ids(view);
    // Unless a statement asks for the profile, what is open behind one is open behind all.
    let asks = view.statements().flat_map(|s| &s.conditions).any(|c| c.lower_key() == "bedrock:inferenceprofilearn");
    let asks = asks || view.has_variables();
    let mut any: Option<Reach> = None;
    let mut inside: Vec<(Arc<str>, String)> = Vec::new();
    let mut beyond: Vec<(Arc<str>, String)> = Vec::new();
    let mut doubt: Option<Arc<Why>> = None;
    for (index, region) in targets.regions.iter().enumerate() {
        if targets.profiles_listed >> index & 1 == 1 {
            continue;
        }
        for id in &ids {
            let arn =
                format!("arn:{}:bedrock:{region}:{}:application-inference-profile/{id}", targets.partition, targets.account);
            if told.applications.iter().any(|known| **known == *arn) {
                continue;
            }
            let first = view.verdict(&first_leg(&arn, region));
            if matches!(first, Verdict::Closed) {
                continue;
            }
            if asks || any.is_none() {
                any = Some(Reach::of(view, asker, classes, &arn));
            }
            let Some(reach) = &any else { continue };
            let here = (reach.open | reach.perhaps) >> index & 1 == 1;
            let elsewhere = reach.anywhere || (reach.open | reach.perhaps) & !(1 << index) != 0;
            if !here && !elsewhere {
                continue;
            }
            if let Verdict::Undecided(why) = first {
                doubt = doubt.or(Some(why));
            }
            let list = if elsewhere || reach.open >> index & 1 == 0 { &mut beyond } else { &mut inside };
            list.push((region.clone(), arn));
            break;
        }
    }
    for (list, known) in [(inside, true), (beyond, false)] {
        let Some((region, arn)) = list.first() else { continue };
        let mut path = empty(arn, region);
        path.listed = false;
        path.sources = list.iter().map(|(region, _)| region.clone()).collect();
        if known && doubt.is_none() {
            path.destinations = Ok(path.sources.clone());
            path.destinations_from = "no policy opens a model anywhere else".into();
        } else {
            let why = undecided(
                "where an application profile routes to is not known: no answer of `bedrock list-inference-profiles` was loaded for that Region",
            );
            path.destinations = Err(why.clone());
            path.destinations_from = "not known".into();
            path.state = State::Undecided(doubt.clone().unwrap_or(why));
        }
        told.applications.extend(list.iter().map(|(_, arn)| Arc::from(arn.as_str())));
        let legs = [first_leg(arn, region)];
        found.paths.push(asker.tell(view, path, &legs));
    }
}

/// Where any model is open behind a profile.
struct Reach {
    open: Regions,
    /// Not known.
    perhaps: Regions,
    /// Without a Region, or it is not known.
    anywhere: bool,
}

impl Reach {
    fn of(view: &View<'_>, asker: &Asker<'_>, classes: &Classes, profile: &str) -> Self {
        let targets = asker.targets;
        let mut reach = Self { open: 0, perhaps: 0, anywhere: false };
        let leg = |model: usize, region: usize| {
            Leg::new(targets.model_arn(model, region), requested(targets, region)).with(PROFILE_KEY, profile)
        };
        for model in classes.models.iter().filter_map(|class| class.first()) {
            for (region, members) in &classes.regions {
                match view.verdict(&leg(*model, *region)) {
                    Verdict::Closed => {}
                    Verdict::Open => reach.open |= members,
                    Verdict::Undecided(_) => reach.perhaps |= members,
                }
            }
            reach.anywhere |= !matches!(view.verdict(&leg(*model, targets.regions.len())), Verdict::Closed);
        }
        reach
    }
}

/// What the last part of a profile's ARN may be, as far as the policies tell ids apart.
fn ids(view: &View<'_>) -> BTreeSet<String> {
    let patterns = view.statements().flat_map(|s| &s.resource).flat_map(|m| &m.patterns);
    let named = patterns.filter_map(|p| p.text.split_once("application-inference-profile/")).map(|(_, id)| id);
    let one = |id: &str| id.replace('*', UNLISTED).replace('?', "x");
    named.filter(|id| !id.contains('$')).map(one).chain([UNLISTED.to_owned()]).collect()
}
