//! Route 53 Profiles: names that a VPC resolves through a profile it is associated with.
//!
//! In: a VPC and a name. Out: the resource of the profile that answers it. A profile whose resources were not loaded leaves
//! the name undetermined.

use std::sync::Arc;

use super::forward;
use super::index::Index;
use super::resolve::{self, Leads, Resolution};
use crate::facts::{FactId, Reason, Why, kinds};
use crate::world::World;

/// The resource of one of the VPC's profiles that gives `name` a private address: a private hosted zone of that name or of a
/// part of it with an alias to an endpoint, or an available endpoint of the service.
pub(super) fn resource_for(world: &World, vpc: FactId, service_name: &str, name: &str) -> Result<Option<Resolution>, Arc<Why>> {
    let facts = &world.facts;
    let Some(home) = facts.get(vpc) else { return Ok(None) };
    let index = Index::of(world);
    let (associations, mut doubt) = index.associations(&home.key);
    let mut dead = None;
    for &association in associations {
        match in_force(world, association) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(why) => {
                doubt = doubt.or(Some(why));
                continue;
            }
        }
        let profile = facts.text_at(association, &["ProfileId"])?.unwrap_or_default();
        let (resources, unread) = index.resources(&profile);
        doubt = doubt.or(unread);
        for &resource in resources {
            let leads = in_force(world, resource)
                .and_then(|on| if on { leads(world, resource, service_name, name) } else { Ok(Leads::Nowhere) });
            match leads {
                Ok(Leads::Answered) => return Ok(Some(Resolution::Profile(resource))),
                Ok(Leads::Dead) => dead = dead.or(Some(Resolution::Dead(resource))),
                Ok(Leads::Nowhere) => {}
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        if resources.is_empty() {
            let text = format!("the resources of Route 53 Profile `{profile}`, which the VPC uses, were not loaded");
            doubt = doubt.or_else(|| Some(Why::new(Reason::NotLoaded, text)));
        }
    }
    // Where nobody asked for profiles there is taken to be none; where the answer was refused, or could not be asked for, there may
    // be one.
    let (account, region) = (home.account.as_deref(), home.region.as_deref());
    let refused = kinds::get("route53-profile-association").and_then(|kind| {
        let why = facts.listed(kind, account, region).err()?;
        (matches!(why.reason, Reason::Denied | Reason::Failed) || facts.left_out(kind, account, region)).then_some(why)
    });
    doubt.or(refused).map_or(Ok(dead), Err)
}

/// Whether an association of a profile is in force; one under change is neither.
fn in_force(world: &World, association: FactId) -> Result<bool, Arc<Why>> {
    match world.facts.text_at(association, &["Status"])?.as_deref() {
        Some("COMPLETE") => Ok(true),
        Some("DELETED" | "FAILED") => Ok(false),
        status => {
            let name = world.facts.get(association).map_or_else(String::new, |f| f.name.to_string());
            let text = format!("`{name}` of a Route 53 Profile has the status `{}`", status.unwrap_or("unknown"));
            Err(Why::new(Reason::Undecided, text))
        }
    }
}

fn leads(world: &World, resource: FactId, service_name: &str, name: &str) -> Result<Leads, Arc<Why>> {
    let facts = &world.facts;
    let arn = facts.text_at(resource, &["ResourceArn"])?.unwrap_or_default();
    if let Some((_, id)) = arn.split_once(":vpc-endpoint/") {
        // An endpoint of another service says nothing of this name.
        return Ok(if resolve::answers(world, id, service_name)? { Leads::Answered } else { Leads::Nowhere });
    }
    if let Some((_, id)) = arn.split_once(":resolver-rule/") {
        let Some(rule) = facts.by_key("resolver-rule", id, None, None) else {
            return Err(Why::new(Reason::NotLoaded, format!("Resolver rule `{id}` of a Route 53 Profile was not loaded")));
        };
        return forward::away(world, rule, name)?.map_or(Ok(Leads::Nowhere), Err);
    }
    let mut dead = Leads::Nowhere;
    for zone in facts.follow(resource, "hosted_zone")? {
        let zone_name = facts.text_at(zone, &["Name"])?.unwrap_or_default().to_ascii_lowercase();
        if !forward::covers(zone_name.trim_end_matches('.'), name) {
            continue;
        }
        match resolve::leads(world, zone, service_name, name)? {
            Leads::Answered => return Ok(Leads::Answered),
            Leads::Dead | Leads::Nowhere => dead = Leads::Dead,
        }
    }
    Ok(dead)
}
