//! Every shipped rule speaks about the bundled example: it fails somewhere in it and passes somewhere else.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;

use alicerce::config::Config;
use alicerce::engine::{self, Judged, Outcome};
use alicerce::facts::Facts;
use alicerce::input::{self, Source};
use alicerce::rule::Pack;
use alicerce::world::World;

/// The account of production, in which nothing is wrong.
const PRODUCTION: &str = "222233334444";

fn judged() -> (World, Vec<Judged>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let config = Config::parse("alicerce.toml", std::fs::read_to_string(folder.join("alicerce.toml")).unwrap()).unwrap();
    let facts = Facts::build(&input::load(&[Source::Path(folder)], &input::Options::default()));
    let world = World::new(facts, config, "2026-11-22T12:00:00Z".parse().unwrap());
    let judged = engine::run(&Pack::builtin().unwrap(), &world, &engine::Options::default());
    (world, judged)
}

/// `rule outcome account/Region subject: message`.
fn line(world: &World, judged: &Judged) -> String {
    let fact = judged.subject.and_then(|id| world.facts.get(id));
    let place = fact.map(|f| {
        format!("{}/{} {} {}", f.account.as_deref().unwrap_or("-"), f.region.as_deref().unwrap_or("-"), f.kind.name, f.name)
    });
    let outcome = match &judged.outcome {
        Outcome::Unknown(whys) => format!("Unknown {:?}", whys.iter().map(|w| &w.text).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    };
    format!("{} {outcome} {}: {}", judged.rule.id, place.unwrap_or_default(), judged.message)
}

#[test]
fn every_rule_fails_and_passes_somewhere() {
    let (_, judged) = judged();
    let mut seen: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for j in &judged {
        let (fails, passes) = seen.entry(&j.rule.id).or_default();
        *fails |= j.outcome == Outcome::Fail;
        *passes |= j.outcome == Outcome::Pass;
    }
    let silent: Vec<_> = seen.iter().filter(|(_, both)| **both != (true, true)).collect();
    assert!(silent.is_empty(), "(fails, passes): {silent:#?}");
    let shipped = Pack::builtin().unwrap().rules().filter(|r| r.default_on).count();
    assert_eq!(seen.len(), shipped);
}

#[test]
fn nothing_is_wrong_or_unknown_in_production() {
    let (world, judged) = judged();
    let wrong: Vec<String> = judged
        .iter()
        .filter(|j| j.subject.and_then(|id| world.facts.get(id)).is_some_and(|f| f.account.as_deref() == Some(PRODUCTION)))
        .filter(|j| !matches!(j.outcome, Outcome::Pass | Outcome::NotApplicable))
        .map(|j| line(&world, j))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
