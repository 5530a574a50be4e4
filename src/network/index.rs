//! Indexes: what the questions about names and routes would otherwise look for among everything that was loaded.
//!
//! In: the world. Out: hosted zones by name, attachments by gateway and VPC, Route 53 Profiles and Resolver rules by VPC; each made once a scan. An
//! entry whose identifier is not known stands in no list: the reason is kept, and is the answer where nothing else is found.

use std::collections::HashMap;
use std::sync::Arc;

use crate::facts::{FactId, Why};
use crate::world::World;

/// Facts by an identifier in their data.
#[derive(Debug, Default)]
struct By {
    found: HashMap<String, Vec<FactId>>,
    /// Why one may be missing from the lists.
    doubt: Option<Arc<Why>>,
}

impl By {
    fn of(world: &World, kind: &str, key: impl Fn(FactId) -> Result<Option<String>, Arc<Why>>) -> Self {
        let mut by = Self::default();
        for &fact in world.facts.of_kind(kind) {
            match key(fact) {
                Ok(Some(key)) => by.found.entry(key).or_default().push(fact),
                Ok(None) => {}
                Err(why) => by.doubt = by.doubt.or(Some(why)),
            }
        }
        by
    }

    fn get(&self, key: &str) -> (&[FactId], Option<Arc<Why>>) {
        (self.found.get(key).map_or(&[], Vec::as_slice), self.doubt.clone())
    }
}

/// The indexes of one world.
#[derive(Debug)]
pub(super) struct Index {
    zones: By,
    attachments: By,
    associations: By,
    resources: By,
    rules: By,
}

impl Index {
    /// Those of this world, made at the first call.
    pub(super) fn of(world: &World) -> Arc<Self> {
        world.memo_kept(Self::new)
    }

    fn new(world: &World) -> Self {
        let facts = &world.facts;
        let text = |field: &'static str| move |fact: FactId| facts.text_at(fact, &[field]);
        Self {
            zones: By::of(world, "hosted-zone", |zone| {
                Ok(facts.text_at(zone, &["Name"])?.map(|name| name.trim_end_matches('.').to_ascii_lowercase()))
            }),
            attachments: By::of(world, "transit-gateway-attachment", |attachment| {
                let state = facts.text_at(attachment, &["State"])?;
                if !state.is_some_and(|state| state.eq_ignore_ascii_case("available")) {
                    return Ok(None);
                }
                let gateway = facts.text_at(attachment, &["TransitGatewayId"])?;
                let resource = facts.text_at(attachment, &["ResourceId"])?;
                Ok(gateway.zip(resource).map(|(gateway, resource)| pair(&gateway, &resource)))
            }),
            associations: By::of(world, "route53-profile-association", text("ResourceId")),
            resources: By::of(world, "route53-profile-resource", text("ProfileId")),
            rules: By::of(world, "resolver-rule-association", text("VPCId")),
        }
    }

    /// Hosted zones of exactly this name, and why there may be more.
    pub(super) fn zones(&self, name: &str) -> (&[FactId], Option<Arc<Why>>) {
        self.zones.get(name)
    }

    /// Available attachments of a VPC to a transit gateway, and why there may be more.
    pub(super) fn attachments(&self, gateway: &str, vpc: &str) -> (&[FactId], Option<Arc<Why>>) {
        self.attachments.get(&pair(gateway, vpc))
    }

    /// Associations of Route 53 Profiles with a VPC, and why there may be more.
    pub(super) fn associations(&self, vpc: &str) -> (&[FactId], Option<Arc<Why>>) {
        self.associations.get(vpc)
    }

    /// Resources of a Route 53 Profile, and why there may be more.
    pub(super) fn resources(&self, profile: &str) -> (&[FactId], Option<Arc<Why>>) {
        self.resources.get(profile)
    }

    /// Associations of Resolver rules with a VPC, and why there may be more.
    pub(super) fn rules(&self, vpc: &str) -> (&[FactId], Option<Arc<Why>>) {
        self.rules.get(vpc)
    }
}

fn pair(gateway: &str, resource: &str) -> String {
    format!("{gateway} {resource}")
}
