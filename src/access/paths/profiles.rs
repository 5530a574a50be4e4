//! The system-defined inference profiles: global ones, and geographic ones.
//!
//! A global call has three legs. A geographic call has one for the profile and one for each destination; where the destinations are
//! not known, the call is open only if the model is open wherever it may be sent, and closed only if nowhere but in its source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draw::{Asker, Group};
use super::legs::{Leg, Verdict, View, undecided};
use super::rows::{Classes, requested};
use super::runtime::{Map, Told, alike};
use super::targets::{GLOBAL, Regions, Route, Targets};
use super::{Found, PROFILE_KEY, UNSPECIFIED, Way};
use crate::catalog::models;
use crate::facts::Why;

fn profile_leg(targets: &Targets, prefix: usize, model: usize, source: usize) -> Leg {
    Leg::new(targets.profile_arn(prefix, model, source), requested(targets, source)).without(PROFILE_KEY)
}

fn model_leg(targets: &Targets, profile: &str, model: usize, region: usize) -> Leg {
    Leg::new(targets.model_arn(model, region), requested(targets, region)).with(PROFILE_KEY, profile)
}

/// The three legs of a global call.
pub(super) fn global_legs(targets: &Targets, model: usize, source: usize) -> Vec<Leg> {
    let profile = targets.profile_arn(0, model, source);
    let own = model_leg(targets, &profile, model, source);
    vec![profile_leg(targets, 0, model, source), own, model_leg(targets, &profile, model, targets.regions.len())]
}

/// The global profile of each model, from each Region.
pub(super) fn global(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    let targets = asker.targets;
    if &*targets.partition != "aws" {
        return;
    }
    let legs = |model: usize, source: usize| global_legs(targets, model, source);
    let through = |model: usize, source: usize| targets.profile_arn(0, model, source);
    let mut map = Map::of(classes, |model, source| view.call(&legs(model, source)));
    map.retain(|model| targets.global(model) & !told.global.get(&model).copied().unwrap_or_default());
    for (model, regions) in &map.open {
        *told.global.entry(*model).or_default() |= regions;
    }
    let doubt = map.why.clone();
    for (open, of) in [(true, &map.open), (false, &map.unknown)] {
        for (models, sources) in alike(asker, of) {
            let group = Group {
                way: Way::GlobalProfile,
                models,
                sources,
                destinations: Ok(vec![GLOBAL.into()]),
                destinations_from: "a global profile may route to any commercial Region".into(),
                listed: true,
                doubt: if open { None } else { doubt.clone() },
            };
            found.paths.extend(asker.path(view, group, legs, through));
        }
    }
}

/// The legs of a geographic call.
pub(super) fn geographic_legs(targets: &Targets, prefix: usize, model: usize, source: usize, route: &Route) -> Vec<Leg> {
    let profile = targets.profile_arn(prefix, model, source);
    let mut legs = vec![profile_leg(targets, prefix, model, source)];
    for name in &route.destinations {
        legs.push(match targets.region(name) {
            Some(region) => model_leg(targets, &profile, model, region),
            None => {
                let (region, requested) = if &**name == GLOBAL { ("", UNSPECIFIED) } else { (&**name, &**name) };
                let id = targets.models.get(model).map_or("", |m| &m.id);
                let arn = format!("arn:{}:bedrock:{region}::foundation-model/{id}", targets.partition);
                Leg::new(arn, requested).with(PROFILE_KEY, profile.as_str())
            }
        });
    }
    legs
}

/// Geographic profiles: those of which it is known where they route to, and the others.
pub(super) fn geographic(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    let targets = asker.targets;
    let class_of = class_of_models(classes, targets.models.len());
    let mut known: BTreeMap<Key, Verdict> = BTreeMap::new();
    // Profiles with the same prefix and destinations, and for each model its sources.
    let mut groups: BTreeMap<Routed, Map> = BTreeMap::new();
    for ((prefix, model, source), route) in &targets.routes {
        if told.geographic.get(&(*prefix, *model)).is_some_and(|sources| sources >> source & 1 == 1) {
            continue;
        }
        let places: BTreeSet<Option<usize>> =
            route.destinations.iter().map(|d| targets.region(d).and_then(|r| classes.of_region.get(r).copied())).collect();
        let model_class = class_of.get(*model).copied().unwrap_or_default();
        let source_class = classes.of_region.get(*source).copied().unwrap_or_default();
        // A destination that is no Region of the table is in no class.
        let key = Key { prefix: *prefix, model_class, source_class, places: places.clone() };
        let decide = || view.call(&geographic_legs(targets, *prefix, *model, *source, route));
        let verdict = if places.contains(&None) { decide() } else { known.entry(key).or_insert_with(decide).clone() };
        if matches!(verdict, Verdict::Open) {
            *told.geographic.entry((*prefix, *model)).or_default() |= 1 << source;
        }
        let group = groups.entry((*prefix, route.destinations.clone(), route.from.clone())).or_default();
        group.add(&[*model], 1 << source, verdict);
    }
    for ((prefix, destinations, from), map) in groups {
        for (open, of) in [(true, &map.open), (false, &map.unknown)] {
            for (models, sources) in alike(asker, of) {
                let group = Group {
                    way: Way::GeographicProfile,
                    models,
                    sources,
                    destinations: Ok(destinations.iter().cloned().collect()),
                    destinations_from: from.clone(),
                    listed: true,
                    doubt: if open { None } else { map.why.clone() },
                };
                let route = Route { destinations: destinations.clone(), from: from.clone() };
                let legs = |model, source| geographic_legs(targets, prefix, model, source, &route);
                let through = |model, source| targets.profile_arn(prefix, model, source);
                found.paths.extend(asker.path(view, group, legs, through));
            }
        }
    }
    unknown(asker, view, classes, told, found);
}

/// Prefix, destinations, and who says so.
type Routed = (usize, BTreeSet<Arc<str>>, Arc<str>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    prefix: usize,
    model_class: usize,
    source_class: usize,
    places: BTreeSet<Option<usize>>,
}

fn class_of_models(classes: &Classes, count: usize) -> Vec<usize> {
    let mut out = vec![0; count];
    for (class, members) in classes.models.iter().enumerate() {
        for model in members {
            if let Some(slot) = out.get_mut(*model) {
                *slot = class;
            }
        }
    }
    out
}

/// Geographic profiles whose destinations nobody told.
fn unknown(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    let targets = asker.targets;
    let mut map = Map::default();
    for models in &classes.models {
        let Some(&model) = models.first() else { continue };
        if models.iter().all(|model| targets.geographic_unknown(*model) == 0) {
            continue;
        }
        for (source, members) in &classes.regions {
            map.add(models, *members, anywhere(view, targets, classes, model, *source, *members));
        }
    }
    map.retain(|model| targets.geographic_unknown(model) & !told.geographic_unknown.get(&model).copied().unwrap_or_default());
    let why = no_destinations();
    for (open, of) in [(true, &map.open), (false, &map.unknown)] {
        for (models, sources) in alike(asker, of) {
            for model in &models {
                *told.geographic_unknown.entry(*model).or_default() |= sources;
            }
            let group = Group {
                way: Way::GeographicProfile,
                models,
                sources,
                destinations: Err(why.clone()),
                destinations_from: "not known".into(),
                listed: false,
                doubt: if open { None } else { Some(map.why.clone().unwrap_or_else(|| why.clone())) },
            };
            let prefix_of = |model, source| {
                let fits =
                    |prefix: &usize| !matches!(view.verdict(&profile_leg(targets, *prefix, model, source)), Verdict::Closed);
                (1..targets.prefixes.len()).find(fits).unwrap_or(1)
            };
            let legs = |model, source| {
                let prefix = prefix_of(model, source);
                let profile = targets.profile_arn(prefix, model, source);
                vec![profile_leg(targets, prefix, model, source), model_leg(targets, &profile, model, source)]
            };
            let through = |model, source| targets.profile_arn(prefix_of(model, source), model, source);
            found.paths.extend(asker.path(view, group, legs, through));
        }
    }
}

fn no_destinations() -> Arc<Why> {
    undecided(format!(
        "where a geographic profile of the model routes to from there is not known: no answer of `bedrock get-inference-profile` was loaded for that Region, and alicerce's table of {} has no line for it",
        models::DATE
    ))
}

/// Whether a profile of the model, of whatever geography, is open from a Region when nothing is known of its destinations.
fn anywhere(view: &View<'_>, targets: &Targets, classes: &Classes, model: usize, source: usize, members: Regions) -> Verdict {
    let mut doubt = None;
    let mut partly = false;
    for prefix in 1..targets.prefixes.len() {
        match view.verdict(&profile_leg(targets, prefix, model, source)) {
            Verdict::Closed => continue,
            Verdict::Open => {}
            Verdict::Undecided(why) => doubt = doubt.or(Some(why)),
        }
        let profile = targets.profile_arn(prefix, model, source);
        let (mut open, mut perhaps): (Regions, Regions) = (0, 0);
        for (region, regions) in &classes.regions {
            match view.verdict(&model_leg(targets, &profile, model, *region)) {
                Verdict::Open => open |= regions,
                Verdict::Closed => {}
                Verdict::Undecided(why) => {
                    perhaps |= regions;
                    doubt = doubt.or(Some(why));
                }
            }
        }
        if open == targets.everywhere() && doubt.is_none() {
            return Verdict::Open;
        }
        // A profile over several Regions needs the model in another one than its source.
        let reach = open | perhaps;
        partly |= reach.count_ones() > 1 || (reach != 0 && reach & members == 0);
    }
    match (partly, doubt) {
        (false, _) => Verdict::Closed,
        (true, Some(why)) => Verdict::Undecided(why),
        (true, None) => Verdict::Undecided(no_destinations()),
    }
}
