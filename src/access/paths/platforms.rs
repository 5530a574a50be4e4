//! The ways beside `bedrock-runtime` that need no configuration of the account: `bedrock-mantle`, and Claude Platform on AWS.
//!
//! Mantle processes where it is called. Claude Platform on AWS is operated by Anthropic: where data is processed is not a Region of
//! AWS. Both have API keys of their own.
//! Source: Amazon Bedrock User Guide, "Endpoints"; Claude Platform on AWS.

use std::sync::Arc;

use super::draw::Asker;
use super::legs::{Leg, View};
use super::runtime::Map;
use super::targets::Regions;
use super::{Found, ModelName, OUTSIDE_AWS, Path, State, Way};
use crate::facts::Why;

/// Which model `bedrock-mantle` is asked for.
const MANTLE_MODEL: &str = "bedrock-mantle:Model";

pub(super) fn find(asker: &Asker<'_>, found: &mut Found) {
    mantle(asker, found);
    platform(asker, found);
}

/// A path that stands for its Regions.
struct Service {
    way: Way,
    through: String,
    outside: bool,
    from: &'static str,
}

impl Service {
    fn path(
        &self,
        asker: &Asker<'_>,
        sources: Regions,
        models: Vec<ModelName>,
        any: bool,
        claude: bool,
        doubt: Option<Arc<Why>>,
    ) -> Option<Path> {
        let names: Vec<Arc<str>> = asker.targets.names(sources).cloned().collect();
        let usual = asker.scope.approved_regions.iter().map(|r| &**r).chain(["sa-east-1", "us-east-1"]);
        let usual = usual.filter_map(|name| names.iter().find(|n| &***n == name)).next();
        let source = usual.or(names.first())?.clone();
        Some(Path {
            way: self.way,
            models,
            any_model: any,
            claude,
            through: self.through.clone(),
            destinations: Ok(if self.outside { vec![OUTSIDE_AWS.into()] } else { names.clone() }),
            source,
            sources: names,
            destinations_from: self.from.into(),
            listed: true,
            bearer_token: Ok(false),
            requires: Vec::new(),
            legs: Vec::new(),
            state: doubt.map_or(State::Open, State::Undecided),
        })
    }
}

/// Regions, and why it is not known of them; `None`: open.
type Part = (Regions, Option<Arc<Why>>);

/// Models that are open in the same parts: their names, whether unlisted ones are among them, and the id of a witness.
struct Same {
    parts: Vec<Part>,
    models: Vec<ModelName>,
    any: bool,
    witness: Arc<str>,
}

/// The Regions where a leg is open, and where it is not known.
fn everywhere(view: &View<'_>, asker: &Asker<'_>, leg: impl Fn(&str) -> Leg) -> Map {
    let mut map = Map::default();
    for (index, region) in asker.targets.regions.iter().enumerate() {
        map.add(&[0], 1 << index, view.verdict(&leg(region)));
    }
    map
}

/// Both the Regions that are open and those that are not known, each in the parts that the scope approves and does not.
fn parts(asker: &Asker<'_>, map: &Map, split: bool) -> Vec<Part> {
    let of = |set: Option<&Regions>| set.copied().unwrap_or_default();
    let (open, unknown) = (of(map.open.get(&0)), of(map.unknown.get(&0)));
    let split = |set: Regions| if split { asker.by_approval(set) } else { [set, 0] };
    let known = split(open).map(|set| (set, None));
    let doubts = split(unknown).map(|set| (set, map.why.clone()));
    known.into_iter().chain(doubts).filter(|(set, _)| *set != 0).collect()
}

fn mantle(asker: &Asker<'_>, found: &mut Found) {
    let Some(view) = View::of(asker.standing, "bedrock-mantle:CreateInference") else { return };
    let targets = asker.targets;
    let arn = |region: &str| format!("arn:{}:bedrock-mantle:{region}:{}:project/default", targets.partition, targets.account);
    let by_model = view.statements().flat_map(|s| &s.conditions).any(|c| c.lower_key() == "bedrock-mantle:model");
    let service = Service {
        way: Way::Mantle,
        through: "bedrock-mantle".to_owned(),
        outside: false,
        from: "bedrock-mantle processes in the Region that is called",
    };
    for (claude, approved) in [(true, true), (true, false), (false, true), (false, false)] {
        let of_kind = targets.models.iter().filter(|m| m.claude == claude && asker.approves_model(&m.id) == approved);
        let mut groups: Vec<Same> = Vec::new();
        for model in of_kind.filter(|m| by_model || m.unlisted) {
            let leg = |region: &str| Leg::new(arn(region), region).with(MANTLE_MODEL, &*model.id);
            let parts = parts(asker, &everywhere(&view, asker, leg), true);
            let name = (!model.unlisted).then(|| ModelName { id: model.id.clone(), name: model.name });
            match groups.iter_mut().find(|known| known.parts == parts) {
                Some(known) => {
                    known.models.extend(name);
                    known.any |= model.unlisted;
                }
                None => {
                    let models = name.into_iter().collect();
                    groups.push(Same { parts, models, any: model.unlisted, witness: model.id.clone() });
                }
            }
        }
        for same in groups {
            for (sources, doubt) in same.parts {
                let Some(path) = service.path(asker, sources, same.models.clone(), same.any, claude, doubt) else { continue };
                let mut leg = Leg::new(arn(&path.source), &*path.source);
                if by_model {
                    leg = leg.with(MANTLE_MODEL, &*same.witness);
                }
                found.paths.push(asker.tell(&view, path, &[leg]));
            }
        }
    }
}

fn platform(asker: &Asker<'_>, found: &mut Found) {
    let targets = asker.targets;
    for action in ["aws-external-anthropic:CreateInference", "aws-external-anthropic:CreateBatchInference"] {
        if found.paths.iter().any(|p| p.way == Way::ClaudePlatform && p.state == State::Open) {
            return;
        }
        let Some(view) = View::of(asker.standing, action) else { continue };
        let leg = |region: &str| {
            let arn = format!("arn:{}:aws-external-anthropic:{region}:{}:workspace/?*", targets.partition, targets.account);
            Leg::new(arn, region)
        };
        let service = Service {
            way: Way::ClaudePlatform,
            through: "Claude Platform on AWS".to_owned(),
            outside: true,
            from: "Anthropic operates the service; its data need not stay in AWS",
        };
        let map = everywhere(&view, asker, leg);
        for (sources, doubt) in parts(asker, &map, false) {
            let Some(path) = service.path(asker, sources, Vec::new(), true, true, doubt) else { continue };
            let legs = [leg(&path.source)];
            found.paths.push(asker.tell(&view, path, &legs));
        }
    }
}
