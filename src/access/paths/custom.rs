//! Models that stand in the account: provisioned throughput, deployments of customised models, imported models.
//!
//! Each is called by its own ARN and runs in its own Region. Those that were loaded are told one by one; where the listing of a Region
//! was not, the policies may allow one that nobody listed, and that is said.

use std::sync::Arc;

use super::draw::Asker;
use super::legs::{Leg, Verdict, View};
use super::targets::{Regions, is_claude, split_prefix};
use super::{ACTIONS, Found, ModelName, PROFILE_KEY, Path, State, Way};
use crate::catalog::models;
use crate::facts::FactId;
use crate::world::World;

/// The ways, with the type in the ARN and the edge of `bedrock-region` that lists what it needs.
const KINDS: [(Way, &str, Option<&str>); 3] = [
    (Way::ProvisionedModel, "provisioned-model", Some("provisioned_models")),
    // A deployment is of a custom model.
    (Way::CustomModel, "custom-model-deployment", Some("custom_models")),
    (Way::ImportedModel, "imported-model", None),
];

pub(super) fn find(world: &World, asker: &Asker<'_>, found: &mut Found) {
    for action in ACTIONS {
        let Some(view) = View::of(asker.standing, action) else { continue };
        for id in asker.targets.things("provisioned-model") {
            provisioned(world, asker, &view, *id, found);
        }
        for (way, kind, listing) in KINDS {
            unlisted(asker, &view, (way, kind, listing), found);
        }
    }
}

fn path(way: Way, through: String, sources: Vec<Arc<str>>) -> Option<Path> {
    Some(Path {
        way,
        models: Vec::new(),
        any_model: true,
        claude: way != Way::ImportedModel,
        through,
        source: sources.first()?.clone(),
        destinations: Ok(sources.clone()),
        sources,
        destinations_from: "what stands in the account runs in its own Region".into(),
        listed: false,
        bearer_token: Ok(false),
        requires: Vec::new(),
        legs: Vec::new(),
        state: State::Open,
    })
}

fn leg(arn: &str) -> Leg {
    Leg::new(arn, arn.split(':').nth(3).unwrap_or_default()).without(PROFILE_KEY)
}

fn provisioned(world: &World, asker: &Asker<'_>, view: &View<'_>, id: FactId, found: &mut Found) {
    let facts = &world.facts;
    let Some(fact) = facts.get(id) else { return };
    if found.paths.iter().any(|p| p.through == *fact.id && p.state == State::Open) {
        return;
    }
    let asked = leg(&fact.id);
    let state = match view.verdict(&asked) {
        Verdict::Closed => return,
        Verdict::Open => State::Open,
        Verdict::Undecided(why) => State::Undecided(why),
    };
    let region: Arc<str> = asked.requested.as_str().into();
    let Some(mut path) = path(Way::ProvisionedModel, fact.id.to_string(), vec![region]) else { return };
    let arn = ["foundationModelArn", "modelArn"].iter().find_map(|field| facts.text_at(id, &[field]).ok().flatten());
    let model = arn.as_deref().and_then(|arn| arn.split_once("foundation-model/")).map(|(_, model)| split_prefix(model).1);
    if let Some(model) = model {
        path.models = vec![ModelName { id: model.into(), name: models::find(model).map(|m| m.name) }];
        path.any_model = false;
        path.claude = is_claude(model);
    }
    (path.listed, path.state) = (true, state);
    found.paths.push(asker.tell(view, path, &[asked]));
}

/// What may stand in Regions whose listing was not loaded.
fn unlisted(asker: &Asker<'_>, view: &View<'_>, kind: (Way, &str, Option<&str>), found: &mut Found) {
    let (way, kind, listing) = kind;
    if found.paths.iter().any(|p| p.way == way && !p.listed) {
        return;
    }
    let targets = asker.targets;
    // What was listed is told by itself, a deployment of a listed model apart.
    let none = listing.map_or(0, |edge| {
        let (listed, empty) = targets.listing(edge);
        if way == Way::ProvisionedModel { listed } else { empty }
    });
    let arn = |region: &str| format!("arn:{}:bedrock:{region}:{}:{kind}/unlisted", targets.partition, targets.account);
    let mut open: Regions = 0;
    let mut doubt = None;
    for (index, region) in targets.regions.iter().enumerate().filter(|(index, _)| none >> index & 1 == 0) {
        match view.verdict(&leg(&arn(region))) {
            Verdict::Closed => {}
            Verdict::Open => open |= 1 << index,
            Verdict::Undecided(why) => doubt = doubt.or(Some((why, region))),
        }
    }
    for sources in asker.by_approval(open) {
        let sources: Vec<Arc<str>> = targets.names(sources).cloned().collect();
        let Some(first) = sources.first() else { continue };
        let asked = leg(&arn(first));
        found.paths.extend(path(way, arn(first), sources).map(|path| asker.tell(view, path, &[asked])));
    }
    if let (0, Some((why, region))) = (open, doubt) {
        let undecided = path(way, arn(region), vec![region.clone()]).map(|p| Path { state: State::Undecided(why), ..p });
        found.paths.extend(undecided);
    }
}
