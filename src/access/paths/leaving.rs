//! Paths whose data may be processed where the scope does not want it.
//!
//! In: a principal's paths and the posture of its scope. Out: the way that says most of those by which some path leaves, with what runs
//! through it and one call as witness, and the others by name. Without a recorded transfer basis, whatever lies outside of the approved Regions leaves. With
//! one, a country that the basis covers is where it should be, and so is a `global.` profile unless the law wants the countries
//! named beforehand. A path of which it is not known where it ends is unknown, unless another leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{GLOBAL, OUTSIDE_AWS, Path, State, Way};
use crate::access::transfer;
use crate::catalog::regions;
use crate::config::{Posture, Scope};
use crate::facts::{FactId, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One way out.
pub(in crate::access) const LEAVING: ObjectType = ObjectType {
    name: "leaving-path",
    fields: &[
        ("way", "string", "as the `way` of a path"),
        ("how", "string", "the way in words"),
        ("models", "string", "the models that can be run so, the first few by name"),
        ("through", "string", "what the witness calls"),
        ("source", "string", "the Region that the witness is called in"),
        ("destinations", "string", "where the data may be processed outside of what the scope wants, in words"),
        ("destinations_from", "string", "which answer, or which dated table, says so"),
        ("legs", "int", "how many authorisations the witness call takes"),
        ("others", "string", "the other ways that leave, in words; empty where there is none"),
        ("witness", "string", "the requests of all legs, on one line"),
    ],
};

const DOC: &str = "The way that says most of those in which the principal can run a model so that its data may be processed where the scope's posture does not want it, and the others by name; empty where there is none, unknown elements where it is not known.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "leaving_paths", ty: "list<object:leaving-path>", doc: DOC, compute }
}

pub(in crate::access) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

/// A path, and what of its destinations lies outside.
type Left<'p> = (&'p Path, Vec<Arc<str>>);

/// Models that are named.
const SHOWN: usize = 3;

fn compute(world: &World, principal: FactId) -> Value {
    let found = super::paths(world, principal);
    let scope = world.scope_of(principal);
    let mut leaving: BTreeMap<Way, Vec<Left<'_>>> = BTreeMap::new();
    let mut unknown: BTreeMap<Way, Arc<Why>> = BTreeMap::new();
    for path in &found.paths {
        match (&path.state, path.outside(|place| wanted(&scope, place))) {
            (State::Undecided(why), _) => drop(unknown.entry(path.way).or_insert_with(|| why.clone())),
            (State::Open, Err(why)) => drop(unknown.entry(path.way).or_insert(why)),
            (State::Open, Ok(outside)) if outside.is_empty() => {}
            (State::Open, Ok(outside)) => leaving.entry(path.way).or_default().push((path, outside)),
        }
    }
    if leaving.is_empty() {
        return Value::list(unknown.into_values().map(Value::Unknown).collect());
    }
    let best = leaving.iter().min_by_key(|(way, paths)| (rank(paths), **way));
    Value::list(best.map(|(way, paths)| value((world, principal), *way, paths, &leaving)).into_iter().collect())
}

/// The ways that say most come first: what exists, Claude, the farthest.
fn rank(paths: &[Left<'_>]) -> (bool, bool, bool) {
    let none = |of: &dyn Fn(&Left<'_>) -> bool| !paths.iter().any(of);
    let far = |outside: &[Arc<str>]| outside.iter().any(|place| &**place == GLOBAL);
    (none(&|(path, _)| path.listed), none(&|(path, _)| path.claude && !path.models.is_empty()), none(&|(_, out)| far(out)))
}

/// Whether a place is where the scope wants data to be processed.
fn wanted(scope: &Scope, place: &str) -> bool {
    if scope.approves_region(place) {
        return true;
    }
    match (scope.posture, place) {
        (Some(Posture::GlobalWithTransferBasis), GLOBAL) => !transfer::countries_are_named(scope),
        (Some(Posture::GlobalWithTransferBasis), OUTSIDE_AWS) => false,
        (Some(Posture::GlobalWithTransferBasis), region) => {
            regions::country(region).is_some_and(|country| transfer::covers(scope, country.code))
        }
        _ => false,
    }
}

fn value((world, principal): (&World, FactId), way: Way, paths: &[Left<'_>], all: &BTreeMap<Way, Vec<Left<'_>>>) -> Value {
    let others: Vec<&str> = all.keys().filter(|other| **other != way).map(|other| other.words()).collect();
    // What surely can be called says more than what could be, if it existed.
    let best = paths.iter().find(|(path, _)| path.listed).or(paths.first());
    let Some((path, _)) = best else { return Value::Null };
    let places: BTreeSet<&str> = paths.iter().flat_map(|(_, outside)| outside).map(|place| &**place).collect();
    let fields = vec![
        ("way", Value::str(way.as_str())),
        ("how", Value::str(way.words())),
        ("models", Value::str(models(paths))),
        ("through", Value::str(path.through.as_str())),
        ("source", Value::Str(path.source.clone())),
        ("destinations", Value::str(destinations(&places))),
        ("destinations_from", Value::Str(path.destinations_from.clone())),
        ("legs", Value::Int(i64::try_from(path.legs.len()).unwrap_or(i64::MAX))),
        ("others", Value::str(others.join(", "))),
        ("witness", Value::str(path.witness())),
    ];
    Value::object(fields, super::places(world, principal, path))
}

fn models(paths: &[Left<'_>]) -> String {
    let mut seen: Vec<String> = Vec::new();
    for model in paths.iter().flat_map(|(path, _)| &path.models) {
        let name = model.name.map_or_else(|| format!("`{}`", model.id), str::to_owned);
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    let more = seen.len().saturating_sub(SHOWN);
    let any = paths.iter().any(|(path, _)| path.any_model);
    match (seen.len(), more, any) {
        (0, ..) => "a model".to_owned(),
        (_, 0, false) => seen.join(", "),
        (_, 0, true) => format!("{} and any other model", seen.join(", ")),
        (_, more, _) => format!("{} and {more} more models", seen.get(..SHOWN).unwrap_or_default().join(", ")),
    }
}

fn destinations(places: &BTreeSet<&str>) -> String {
    if places.contains(GLOBAL) {
        return "any commercial Region of AWS".to_owned();
    }
    let name = |place: &&str| match (*place, regions::country(place)) {
        (OUTSIDE_AWS, _) => "systems that Anthropic operates outside of AWS".to_owned(),
        (region, Some(country)) => format!("{region} ({})", country.name),
        (region, None) => region.to_owned(),
    };
    let mut shown: Vec<String> = places.iter().take(6).map(name).collect();
    if let Some(more) = places.len().checked_sub(6).filter(|n| *n > 0) {
        shown.push(format!("{more} more Regions"));
    }
    shown.join(", ")
}
