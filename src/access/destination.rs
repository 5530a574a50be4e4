//! Destinations: the Regions that an inference profile may send a prompt to.
//!
//! Read from the profile's own models, as `GetInferenceProfile` in its Region gives them; a profile's name or prefix says nothing.
//! An ARN without a Region stands for every commercial Region: `global`.

use std::sync::Arc;

use crate::facts::{FactId, Reason, Value, Why};
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "inference-profile",
    name: "destinations",
    ty: "list<string>",
    doc: "The Regions in which a call of the profile may be processed, sorted; `global` stands for any commercial Region.",
    compute: |world, profile| {
        destinations(world, profile).map_or_else(Value::Unknown, |d| Value::list(d.into_iter().map(Value::str).collect()))
    },
}];

/// What an ARN without a Region means.
const GLOBAL: &str = "global";

/// The Regions that a loaded profile's own models name.
pub(crate) fn destinations(world: &World, profile: FactId) -> Result<Vec<String>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for model in facts.list_in(&Value::Fact(profile), &["models"])? {
        let arn = facts.text_in(&model, &["modelArn"])?.unwrap_or_default();
        match arn.split(':').nth(3) {
            Some("") => out.push(GLOBAL.to_owned()),
            Some(region) => out.push(region.to_owned()),
            None => return Err(Why::new(Reason::Failed, format!("`{arn}` is no model ARN, so its Region is not known"))),
        }
    }
    if out.is_empty() {
        return Err(Why::new(Reason::MissingField, "the profile lists no models, so where it sends prompts is not known"));
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}
