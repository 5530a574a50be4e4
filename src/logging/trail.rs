//! CloudTrail over an account and Region: whether a class of events is recorded there.
//!
//! In: the world, a `bedrock-region`, a class of events. Out: the trail that records it, why none does, or why that is not known.
//! Never: a trail that is stopped, stands elsewhere or leaves the events out taken for one that records; nor "none" where a trail
//! of the organisation may not have been seen.

use std::sync::Arc;

use super::selectors::{self, Event, Recorded};
use crate::facts::kind::arn_parts;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// What was found.
pub(super) enum Found {
    /// This trail records all of it.
    By(FactId),
    /// None does.
    No {
        /// Why, in a clause.
        reason: String,
        /// The trails that do not.
        at: Vec<NodeId>,
        /// Nothing records there at all: no trail stands over the place, or those that do are stopped.
        silent: bool,
    },
}

/// The trail that records all events of each class; else the first class that none records.
///
/// # Errors
/// What is not known of the trails.
pub(super) fn covers(world: &World, region: FactId, events: &[Event<'_>]) -> Result<Found, Arc<Why>> {
    let mut found = Found::No { reason: "no event was asked about".to_owned(), at: Vec::new(), silent: false };
    for event in events {
        found = one(world, region, event)?;
        if matches!(found, Found::No { .. }) {
            return Ok(found);
        }
    }
    Ok(found)
}

fn one(world: &World, region: FactId, event: &Event<'_>) -> Result<Found, Arc<Why>> {
    let facts = &world.facts;
    let place = facts.get(region).and_then(|fact| fact.account.as_deref().zip(fact.region.as_deref()));
    let Some((account, name)) = place else {
        return Err(Why::new(Reason::Undecided, "the account and Region are not known"));
    };
    let (mut reasons, mut at, mut doubt, mut silent) = (Vec::new(), Vec::new(), None, true);
    for &trail in facts.of_kind("trail") {
        match records(world, trail, (account, name), event) {
            Ok(Records::All) => return Ok(Found::By(trail)),
            Ok(Records::Stopped(reason)) => {
                reasons.push(reason);
                at.extend(facts.get(trail).map(|fact| fact.node));
            }
            Ok(Records::NotAll(reason)) => {
                silent = false;
                reasons.push(reason);
                at.extend(facts.get(trail).map(|fact| fact.node));
            }
            Ok(Records::Elsewhere) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    if let Some(why) = doubt {
        return Err(why);
    }
    facts.collected("cloudtrail", "describe-trails", Some(account), Some(name))?;
    let reason = if reasons.is_empty() { format!("no trail covers account {account} in {name}") } else { reasons.join("; ") };
    Ok(Found::No { reason, at, silent })
}

/// What a trail records of a class of events at a place.
enum Records {
    /// It does not stand over the place.
    Elsewhere,
    /// Nothing, for this reason.
    Stopped(String),
    /// Not all, for this reason.
    NotAll(String),
    All,
}

fn records(world: &World, trail: FactId, place: (&str, &str), event: &Event<'_>) -> Result<Records, Arc<Why>> {
    let facts = &world.facts;
    if !stands_over(world, trail, place)? {
        return Ok(Records::Elsewhere);
    }
    let name = facts.get(trail).map_or("", |fact| &fact.name);
    match facts.bool_at(trail, &["status", "IsLogging"])? {
        Some(true) => {}
        Some(false) => return Ok(Records::Stopped(format!("trail `{name}` is stopped"))),
        None => {
            return Err(Why::new(Reason::MissingField, format!("`get-trail-status` of `{name}` does not say whether it logs")));
        }
    }
    let recorded = match facts.bool_at(trail, &["HasCustomEventSelectors"])? {
        Some(false) => selectors::by_default(event),
        _ => match facts.field(trail, "event_selectors")? {
            Some(Value::Node(node)) => facts.node(node).map_or(Recorded::Parts, |node| selectors::recorded(node, event)),
            _ => return Err(Why::new(Reason::NotCollected, format!("the event selectors of trail `{name}` are not known"))),
        },
    };
    let what = event.resource_type.map_or_else(
        || format!("{} events of Bedrock", event.category.to_lowercase()),
        |kind| format!("data events of `{kind}`"),
    );
    Ok(match recorded {
        Recorded::All => Records::All,
        Recorded::Part(field) => Records::NotAll(format!("trail `{name}` records {what} only for some values of `{field}`")),
        Recorded::None => Records::NotAll(format!("the selectors of trail `{name}` leave out {what}")),
        Recorded::Parts => {
            let text = format!("whether the selectors of trail `{name}` together take all {what} is not decided");
            return Err(Why::new(Reason::Undecided, text));
        }
    })
}

/// Whether a trail is the account's, or its organisation's, and records in the Region.
fn stands_over(world: &World, trail: FactId, (account, region): (&str, &str)) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(trail) else { return Ok(false) };
    let arn = arn_parts(&fact.key);
    let home = match facts.text_at(trail, &["HomeRegion"])? {
        Some(home) => Some(home),
        None => arn.as_ref().and_then(|arn| arn.region).map(str::to_owned),
    };
    if facts.bool_at(trail, &["IsMultiRegionTrail"])? != Some(true) && home.as_deref() != Some(region) {
        return Ok(false);
    }
    let owner = arn.as_ref().and_then(|arn| arn.account);
    if owner == Some(account) || fact.account.as_deref() == Some(account) {
        return Ok(true);
    }
    if facts.bool_at(trail, &["IsOrganizationTrail"])? != Some(true) {
        return Ok(false);
    }
    match facts.management_account_of(account) {
        Some(management) => Ok(Some(&*management) == owner),
        None => {
            let text = format!("whether account {account} is in the organisation of trail `{}` is not known", fact.name);
            Err(Why::new(Reason::NotLoaded, text))
        }
    }
}
