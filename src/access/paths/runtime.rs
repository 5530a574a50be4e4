//! The ways over `bedrock-runtime`: a model by its own id, and the inference profiles.
//!
//! In: a principal's policies and what its account may name. Out: paths by groups of models and Regions that no statement tells
//! apart. Each class of models in each class of Regions is decided once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draw::{Asker, Group};
use super::legs::{Leg, Verdict, View};
use super::rows::{Classes, requested};
use super::targets::Regions;
use super::{ACTIONS, Found, ModelName, NotOffered, PROFILE_KEY, Way};
use crate::facts::Why;

/// All ways over `bedrock-runtime`.
pub(super) fn find(asker: &mut Asker<'_>, found: &mut Found) {
    let mut told = Told::default();
    for action in ACTIONS {
        let Some(view) = View::of(asker.standing, action) else { continue };
        let classes = Classes::of(&view, asker.targets);
        direct(asker, &view, &classes, &mut told, found);
        super::profiles::global(asker, &view, &classes, &mut told, found);
        super::profiles::geographic(asker, &view, &classes, &mut told, found);
        super::application::find(asker, &view, &classes, &mut told, found);
    }
    if asker.targets.cut {
        found.notes.push("the account's policies spell out more model ids than were looked at one by one".to_owned());
    }
}

/// What an action before this one opens already.
#[derive(Default)]
pub(super) struct Told {
    pub(super) direct: BTreeMap<usize, Regions>,
    pub(super) global: BTreeMap<usize, Regions>,
    pub(super) geographic: BTreeMap<(usize, usize), Regions>,
    pub(super) geographic_unknown: BTreeMap<usize, Regions>,
    pub(super) applications: Vec<Arc<str>>,
}

/// For each model the Regions where something is open, and those where it is not known, with the first reason.
#[derive(Default)]
pub(super) struct Map {
    pub(super) open: BTreeMap<usize, Regions>,
    pub(super) unknown: BTreeMap<usize, Regions>,
    pub(super) why: Option<Arc<Why>>,
}

impl Map {
    pub(super) fn add(&mut self, models: &[usize], regions: Regions, verdict: Verdict) {
        let into = match verdict {
            Verdict::Closed => return,
            Verdict::Open => &mut self.open,
            Verdict::Undecided(why) => {
                self.why.get_or_insert(why);
                &mut self.unknown
            }
        };
        for model in models {
            *into.entry(*model).or_default() |= regions;
        }
    }

    /// Each class of models in each class of Regions.
    pub(super) fn of(classes: &Classes, call: impl Fn(usize, usize) -> Verdict) -> Self {
        let mut map = Self::default();
        for models in &classes.models {
            for (region, members) in &classes.regions {
                if let Some(model) = models.first() {
                    map.add(models, *members, call(*model, *region));
                }
            }
        }
        map
    }

    /// Takes what hangs on an answer that was refused from what is open.
    fn doubt(&mut self, doubted: impl Fn(usize) -> Option<(Regions, Arc<Why>)>) {
        for (model, open) in &mut self.open {
            let Some((regions, why)) = doubted(*model) else { continue };
            let moved = *open & regions;
            *open &= !moved;
            if moved != 0 {
                *self.unknown.entry(*model).or_default() |= moved;
                self.why.get_or_insert(why);
            }
        }
        self.open.retain(|_, regions| *regions != 0);
    }

    /// Only what `keep` says of each model.
    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> Regions) {
        for map in [&mut self.open, &mut self.unknown] {
            for (model, regions) in map.iter_mut() {
                *regions &= keep(*model);
            }
            map.retain(|_, regions| *regions != 0);
        }
    }
}

/// Models with the same Regions; Claude models and others apart, and so are those that the scope approves and others. Models that nobody
/// listed join those that are open no further; by themselves they stand only where nothing else of their kind does.
pub(super) fn alike(asker: &Asker<'_>, of: &BTreeMap<usize, Regions>) -> Vec<(Vec<usize>, Regions)> {
    let known = |model: &usize| asker.targets.models.get(*model);
    let kind = |model: &usize| known(model).map_or((false, false), |m| (!asker.approves_model(&m.id), !m.claude));
    let mut out: BTreeMap<((bool, bool), Regions), Vec<usize>> = BTreeMap::new();
    for (model, regions) in of.iter().filter(|(model, _)| known(model).is_some_and(|m| !m.unlisted)) {
        out.entry((kind(model), *regions)).or_default().push(*model);
    }
    for (model, regions) in of.iter().filter(|(model, _)| known(model).is_some_and(|m| m.unlisted)) {
        let own = kind(model);
        let mut alone = *regions;
        for ((kind, sources), models) in &mut out {
            if *kind == own && sources & !regions == 0 {
                models.push(*model);
                alone &= !sources;
            }
        }
        if alone != 0 {
            out.entry((own, alone)).or_default().push(*model);
        }
    }
    out.into_iter().map(|((_, regions), models)| (models, regions)).collect()
}

fn direct(asker: &Asker<'_>, view: &View<'_>, classes: &Classes, told: &mut Told, found: &mut Found) {
    let targets = asker.targets;
    let legs = |model: usize, region: usize| {
        vec![Leg::new(targets.model_arn(model, region), requested(targets, region)).without(PROFILE_KEY)]
    };
    let through = |model: usize, region: usize| targets.model_arn(model, region);
    let mut map = Map::of(classes, |model, region| view.call(&legs(model, region)));
    map.retain(|model| !told.direct.get(&model).copied().unwrap_or_default());
    not_offered(asker, &map.open, found);
    map.retain(|model| targets.direct(model));
    map.doubt(|model| targets.doubted(model));
    for (model, regions) in &map.open {
        *told.direct.entry(*model).or_default() |= regions;
    }
    let doubts = map.why.clone();
    for (open, of) in [(true, &map.open), (false, &map.unknown)] {
        for (models, all) in alike(asker, of) {
            for sources in asker.by_approval(all).into_iter().filter(|part| *part != 0) {
                let group = Group {
                    way: Way::Direct,
                    models: models.clone(),
                    sources,
                    destinations: Ok(targets.names(sources).cloned().collect()),
                    destinations_from: "a model that is called by its own id runs in the Region that is called".into(),
                    listed: true,
                    doubt: if open { None } else { doubts.clone() },
                };
                found.paths.extend(asker.path(view, group, legs, through));
            }
        }
    }
}

/// What the policies allow where the model is not offered by its own id.
fn not_offered(asker: &Asker<'_>, open: &BTreeMap<usize, Regions>, found: &mut Found) {
    let targets = asker.targets;
    let mut out: BTreeMap<Regions, Vec<ModelName>> = BTreeMap::new();
    for (index, regions) in open {
        let left = regions & !targets.direct(*index);
        if let (Some(model), true) = (targets.models.get(*index), left != 0) {
            out.entry(left).or_default().push(ModelName { id: model.id.clone(), name: model.name });
        }
    }
    let list = out.into_iter().map(|(r, models)| NotOffered { models, regions: targets.names(r).cloned().collect() });
    for one in list {
        if !found.not_offered.contains(&one) {
            found.not_offered.push(one);
        }
    }
}
