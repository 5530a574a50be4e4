//! Whether Bedrock is in use in an account and Region: by what stands there, or by who may call it there.

use std::sync::Arc;

use super::ask::{self, Answer, Ask};
use super::principals::{KINDS, Principals, Standing};
use crate::facts::{FactId, Value, Why};
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "bedrock-region",
        name: "in_use",
        ty: "bool",
        doc: "Whether a Bedrock resource stands in the Region, or a principal of the account can run a model there and the Region is approved for the scope.",
        compute: |world, region| match used_by(world, region, &FOOTPRINT) {
            Ok(used) => Value::Bool(used.is_some()),
            Err(why) => Value::Unknown(why),
        },
    },
    Derived {
        kind: "bedrock-region",
        name: "runs_models",
        ty: "bool",
        doc: "As `in_use`, but for guardrails alone, which run no model.",
        compute: |world, region| match used_by(world, region, RUNNING) {
            Ok(used) => Value::Bool(used.is_some()),
            Err(why) => Value::Unknown(why),
        },
    },
    Derived {
        kind: "bedrock-region",
        name: "use",
        ty: "string",
        doc: "What shows that Bedrock is in use there, in a few words; empty where nothing does.",
        compute: |world, region| match used_by(world, region, &FOOTPRINT) {
            Ok(used) => Value::str(used.unwrap_or_default()),
            Err(why) => Value::Unknown(why),
        },
    },
];

/// Edges of a `bedrock-region` to what the account itself made there.
const FOOTPRINT: [&str; 7] =
    ["guardrails", "custom_models", "provisioned_models", "knowledge_bases", "agents", "runtimes", "gateways"];

/// Those of them that models run for.
const RUNNING: &[&str] = FOOTPRINT.split_at(1).1;

/// What shows that Bedrock is in use in a `bedrock-region`; `None` where nothing does.
///
/// # Errors
/// Why that is not known.
pub fn in_use(world: &World, region: FactId) -> Result<Option<String>, Arc<Why>> {
    used_by(world, region, &FOOTPRINT)
}

/// The principals of an account that can run models through `bedrock-mantle` in a Region. Those that are known are enough.
///
/// # Errors
/// Why it is not certain that nobody can.
pub fn mantle_callers(world: &World, account: &str, region: &str) -> Result<Vec<FactId>, Arc<Why>> {
    let index = Principals::of(world);
    let (mut callers, mut doubt) = (Vec::new(), None);
    for id in KINDS.iter().flat_map(|kind| world.facts.of_kind_in(kind, account)) {
        let Some(standing) = index.get(*id).filter(|standing| !standing.service_linked) else { continue };
        for action in super::Endpoint::Mantle.actions() {
            match ask::can_as(standing, action, in_region(standing, action, region)) {
                Answer::Yes(_) => callers.push(*id),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
    }
    if !callers.is_empty() {
        return Ok(callers);
    }
    world.facts.collected("iam", "get-account-authorization-details", Some(account), None)?;
    doubt.map_or(Ok(callers), Err)
}

/// What shows that Bedrock is in use there, by what stands at these edges or by who may call it.
fn used_by(world: &World, region: FactId, footprint: &[&str]) -> Result<Option<String>, Arc<Why>> {
    let mut doubt = None;
    for edge in footprint {
        match world.facts.follow(region, edge) {
            Ok(found) => {
                if let Some(fact) = found.first().and_then(|f| world.facts.get(*f)) {
                    return Ok(Some(format!("{} `{}` stands there", fact.kind.title, fact.name)));
                }
            }
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    match application_profile(world, region) {
        Ok(Some(profile)) => return Ok(Some(format!("application inference profile `{profile}` stands there"))),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    match caller(world, region) {
        Ok(Some(who)) => return Ok(Some(format!("`{who}` can run a model there"))),
        Ok(None) => {}
        Err(why) => doubt = doubt.or(Some(why)),
    }
    doubt.map_or(Ok(None), Err)
}

fn application_profile(world: &World, region: FactId) -> Result<Option<String>, Arc<Why>> {
    let profiles = world.facts.follow(region, "inference_profiles")?;
    let made_here = |id: &FactId| world.facts.text_at(*id, &["type"]).ok().flatten().as_deref() == Some("APPLICATION");
    Ok(profiles.into_iter().find(made_here).and_then(|id| world.facts.get(id)).map(|f| f.name.to_string()))
}

/// A principal of the account that can run a model in the Region, where the Region is approved.
///
/// # Errors
/// Why it is not certain that nobody can: policies that are in force but not known.
fn caller(world: &World, region: FactId) -> Result<Option<String>, Arc<Why>> {
    let Some(fact) = world.facts.get(region) else { return Ok(None) };
    let Some(name) = fact.region.as_deref() else { return Ok(None) };
    if !world.scope_of(region).approves_region(name) {
        return Ok(None);
    }
    let mut doubt = None;
    let index = Principals::of(world);
    let account = fact.account.as_deref().unwrap_or_default();
    for id in KINDS.iter().flat_map(|kind| world.facts.of_kind_in(kind, account)) {
        let (Some(principal), Some(standing)) = (world.facts.get(*id), index.get(*id)) else { continue };
        for action in super::Endpoint::ALL.iter().flat_map(|endpoint| endpoint.actions()) {
            match ask::can_as(standing, action, in_region(standing, action, name)) {
                Answer::Yes(_) => return Ok(Some(principal.name.to_string())),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
    }
    match doubt {
        Some(why) => Err(why),
        None => world.facts.collected("iam", "get-account-authorization-details", fact.account.as_deref(), None).map(|()| None),
    }
}

/// The action on anything that stands in one Region, called there.
fn in_region(standing: &Standing, action: &str, region: &str) -> Ask {
    let (within, examples) = super::endpoint::resources(&standing.partition, &standing.account, action, region);
    let mut context = Context::open();
    context.set("aws:RequestedRegion", [region]);
    Ask::of(Resources::Matching { within, outside: Vec::new(), examples }, context)
}
