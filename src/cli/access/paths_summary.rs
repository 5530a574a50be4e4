//! The first lines of `alicerce access paths`: where data may be processed, what of that the scope does not approve, and the statements to change.
//!
//! In: the open paths. Out: a line for Claude models and one for others, with each distinct set of destinations once; the places that
//! lie outside of the approved Regions; the statements that grant the legs to those. Where the scope names no approved Regions
//! nothing is outside, and the statements that open the paths are told instead.
//! Never: a destination called approved because it is not known.

use std::sync::Arc;

use crate::access::paths::{GLOBAL, OUTSIDE_AWS, Path, PathLeg};
use crate::access::query::Place;
use crate::config::Scope;
use crate::facts::FactId;
use crate::world::World;

/// What is told first.
pub(super) struct Summary {
    /// The destinations of Claude models, and of others, by how far they are.
    pub(super) destinations: Vec<(&'static str, String)>,
    /// The places outside of the approved Regions; `None` where the scope names none.
    pub(super) outside: Option<Vec<Arc<str>>>,
    /// Some destinations are not known.
    pub(super) partly: bool,
    /// The statements to change, or where nothing is outside those that open the paths.
    pub(super) statements: Vec<Place>,
}

/// Sums up the open paths. `regions`: a list of Regions as it is shown.
pub(super) fn summary(world: &World, principal: FactId, open: &[&Path], regions: impl Fn(&[Arc<str>]) -> String) -> Summary {
    let scope = world.scope_of(principal);
    let declared = scope.declares("approved_regions");
    let of = |claude: bool| open.iter().copied().filter(move |path| path.claude == claude).collect::<Vec<_>>();
    let kinds = [("Claude models", of(true)), ("other models", of(false))];
    let kinds = kinds.into_iter().filter(|(_, paths)| !paths.is_empty());
    let mut outside: Vec<Arc<str>> = Vec::new();
    for place in open.iter().filter_map(|path| path.destinations.as_ref().ok()).flatten() {
        if !scope.approves_region(place) && !outside.contains(place) {
            outside.push(place.clone());
        }
    }
    outside.sort_by_key(|place| (rank_of(place), place.clone()));
    let mut statements: Vec<Place> = Vec::new();
    for path in open {
        let legs = path.legs.iter().filter(|leg| !declared || leaves(&scope, path, leg));
        let legs: Vec<&PathLeg> = if declared { legs.collect() } else { legs.rev().take(1).collect() };
        for place in legs.iter().flat_map(|leg| leg.granted(world, principal)) {
            if !statements.contains(&place) {
                statements.push(place);
            }
        }
    }
    Summary {
        destinations: kinds.map(|(kind, paths)| (kind, sets(&paths, &regions))).collect(),
        outside: declared.then_some(outside),
        partly: open.iter().any(|path| path.destinations.is_err()),
        statements,
    }
}

/// The farthest first.
fn rank_of(place: &str) -> u8 {
    match place {
        GLOBAL => 0,
        OUTSIDE_AWS => 1,
        _ => 2,
    }
}

/// Whether a leg lets data leave the approved Regions.
fn leaves(scope: &Scope, path: &Path, leg: &PathLeg) -> bool {
    match &path.destinations {
        Err(_) => false,
        Ok(all) if all.iter().any(|place| **place == *OUTSIDE_AWS) => true,
        // A service role's path leaves with the leg that does, whoever holds it.
        Ok(all) => all.iter().any(|place| !scope.approves_region(place)) && !scope.approves_region(&leg.region),
    }
}

/// Each distinct set of destinations once, with the number of ways.
fn sets(paths: &[&Path], regions: impl Fn(&[Arc<str>]) -> String) -> String {
    let mut out: Vec<(u8, String, usize)> = Vec::new();
    for path in paths {
        let (rank, text) = match &path.destinations {
            Err(_) => (4, "not known where".to_owned()),
            Ok(all) if all.iter().any(|place| **place == *GLOBAL) => (0, "in any commercial Region".to_owned()),
            Ok(all) if all.iter().any(|place| **place == *OUTSIDE_AWS) => (1, "outside of AWS".to_owned()),
            Ok(all) if path.stays_where_called() && all.len() > 1 => (3, "in the Region that is called".to_owned()),
            Ok(all) => (2, format!("in {}", regions(all))),
        };
        match out.iter_mut().find(|(_, known, _)| *known == text) {
            Some((_, _, count)) => *count += 1,
            None => out.push((rank, text, 1)),
        }
    }
    out.sort_by_key(|(rank, ..)| *rank);
    let ways = |count: &usize| if *count == 1 { "1 way".to_owned() } else { format!("{count} ways") };
    out.iter().map(|(_, text, count)| format!("{text} ({})", ways(count))).collect::<Vec<_>>().join("; ")
}
