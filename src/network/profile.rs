//! Route 53 Profiles: names that a VPC resolves through a profile it is associated with.
//!
//! In: a VPC and a name. Out: the resource of the profile that answers it. A profile whose resources were not loaded leaves
//! the name undetermined.

use std::sync::Arc;

use super::resolve;
use crate::facts::{FactId, Reason, Why, kinds};
use crate::world::World;

/// The resource of one of the VPC's profiles that gives `name` a private address: a private hosted zone of exactly that name
/// with an alias to an endpoint, or an available endpoint of the service.
pub(super) fn resource_for(world: &World, vpc: FactId, service: &str, name: &str) -> Result<Option<FactId>, Arc<Why>> {
    let facts = &world.facts;
    let Some(home) = facts.get(vpc) else { return Ok(None) };
    let mut doubt = None;
    for &association in facts.of_kind("route53-profile-association") {
        if facts.text_at(association, &["ResourceId"])?.as_deref() != Some(&*home.key) {
            continue;
        }
        let profile = facts.text_at(association, &["ProfileId"])?.unwrap_or_default();
        let mut any = false;
        for &resource in facts.of_kind("route53-profile-resource") {
            if facts.text_at(resource, &["ProfileId"])?.as_deref() != Some(&*profile) {
                continue;
            }
            any = true;
            match answers(world, resource, service, name) {
                Ok(true) => return Ok(Some(resource)),
                Ok(false) => {}
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        if !any {
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
    doubt.or(refused).map_or(Ok(None), Err)
}

fn answers(world: &World, resource: FactId, service: &str, name: &str) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let arn = facts.text_at(resource, &["ResourceArn"])?.unwrap_or_default();
    if let Some((_, id)) = arn.split_once(":vpc-endpoint/") {
        let Some(endpoint) = facts.by_key("vpc-endpoint", id, None, None) else {
            return Err(Why::new(Reason::NotLoaded, format!("endpoint `{id}` of a Route 53 Profile was not loaded")));
        };
        return Ok(resolve::service_of(world, endpoint)?.as_deref() == Some(service) && resolve::available(world, endpoint)?);
    }
    for zone in facts.follow(resource, "hosted_zone")? {
        let zone_name = facts.text_at(zone, &["Name"])?.unwrap_or_default();
        if zone_name.trim_end_matches('.') == name && !resolve::alias_targets(world, zone, name)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
