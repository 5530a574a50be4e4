//! CloudTrail over an account and Region: whether a class of events is recorded there, by a trail or an event data store.
//!
//! In: the world, a `bedrock-region`, a class of events. Out: the trail or event data store that records it, why none does, or why that
//! is not known. Never: one that is stopped, stands elsewhere or leaves the events out taken for one that records; nor "none" where a
//! trail or store of the account, or of its organisation as far as that was loaded, may not have been seen.
//!
//! `describe-trails` shows multi-Region and organisation trails in every Region and member account; an event data store is listed in its
//! own Region and account alone, those of an organisation in the management account (CloudTrail user guide, "Organization event data
//! stores").

use std::sync::Arc;

use super::selectors::{self, Event, Recorded};
use crate::facts::kind::arn_parts;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// What was found.
pub(super) enum Found {
    /// This trail or event data store records all of it.
    By(FactId),
    /// None does.
    No {
        /// Why, in a clause.
        reason: String,
        /// Those that do not.
        at: Vec<NodeId>,
        /// Nothing records there at all: no trail stands over the place, or those that do are stopped.
        silent: bool,
    },
}

/// The trail or event data store that records all events of each class; else the first class that none records.
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
    for &recorder in facts.of_kind("trail").iter().chain(facts.of_kind("event-data-store")) {
        let node = facts.get(recorder).map(|fact| fact.node);
        match records(world, recorder, (account, name), event) {
            Ok(Records::All) => return Ok(Found::By(recorder)),
            Ok(Records::Stopped(reason)) => {
                reasons.push(reason);
                at.extend(node);
            }
            Ok(Records::NotAll(reason)) => {
                silent = false;
                reasons.push(reason);
                at.extend(node);
            }
            Ok(Records::Elsewhere) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    if let Some(why) = doubt {
        return Err(why);
    }
    facts.collected("cloudtrail", "describe-trails", Some(account), Some(name))?;
    stores_listed(world, account, name)?;
    let none = || format!("no trail and no event data store covers account {account} in {name}");
    let reason = if reasons.is_empty() { none() } else { reasons.join("; ") };
    Ok(Found::No { reason, at, silent })
}

/// Whether the event data stores were listed that may stand over an account and Region: in the Region, and wherever it was tried in the
/// account and in the management account of its organisation.
fn stores_listed(world: &World, account: &str, region: &str) -> Result<(), Arc<Why>> {
    let facts = &world.facts;
    let list = "list-event-data-stores";
    facts.collected("cloudtrail", list, Some(account), Some(region))?;
    let management = facts.management_account_of(account).filter(|management| **management != *account);
    if let Some(management) = &management {
        facts.collected("cloudtrail", list, Some(management), None)?;
    }
    let refused = |account: &str| facts.refused("cloudtrail", &[list], Some(account), None);
    match refused(account).or_else(|| refused(management.as_deref()?)) {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// What a trail or event data store records of a class of events at a place.
enum Records {
    /// It does not stand over the place.
    Elsewhere,
    /// Nothing, for this reason.
    Stopped(String),
    /// Not all, for this reason.
    NotAll(String),
    All,
}

/// What a message calls it.
pub(super) fn title(world: &World, recorder: FactId) -> String {
    let fact = world.facts.get(recorder);
    let kind = if is_store(world, recorder) { "event data store" } else { "trail" };
    format!("{kind} `{}`", fact.map_or("", |fact| &fact.name))
}

fn is_store(world: &World, recorder: FactId) -> bool {
    world.facts.get(recorder).is_some_and(|fact| fact.kind.name == "event-data-store")
}

fn records(world: &World, recorder: FactId, place: (&str, &str), event: &Event<'_>) -> Result<Records, Arc<Why>> {
    if !stands_over(world, recorder, place)? {
        return Ok(Records::Elsewhere);
    }
    let title = title(world, recorder);
    if !is_on(world, recorder)? {
        return Ok(Records::Stopped(format!("{title} is stopped")));
    }
    let what = event.resource_type.map_or_else(
        || format!("{} events of Bedrock", event.category.to_lowercase()),
        |kind| format!("data events of `{kind}`"),
    );
    Ok(match selected(world, recorder, event)? {
        Recorded::All => Records::All,
        Recorded::Part(field) => Records::NotAll(format!("{title} records {what} only for some values of `{field}`")),
        Recorded::None => Records::NotAll(format!("the selectors of {title} leave out {what}")),
        Recorded::Parts => {
            return Err(Why::new(Reason::Undecided, format!("whether the selectors of {title} take all {what} is not decided")));
        }
    })
}

fn is_on(world: &World, recorder: FactId) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    if is_store(world, recorder) {
        // Just made, on, or being switched on.
        let status = facts.text_at(recorder, &["Status"])?;
        return Ok(matches!(status.as_deref(), Some("CREATED" | "ENABLED" | "STARTING_INGESTION")));
    }
    facts.bool_at(recorder, &["status", "IsLogging"])?.ok_or_else(|| {
        let text = format!("`get-trail-status` of {} does not say whether it logs", title(world, recorder));
        Why::new(Reason::MissingField, text)
    })
}

fn selected(world: &World, recorder: FactId, event: &Event<'_>) -> Result<Recorded, Arc<Why>> {
    let facts = &world.facts;
    let answer = if is_store(world, recorder) {
        facts.get(recorder).map(|fact| fact.node)
    } else if facts.bool_at(recorder, &["HasCustomEventSelectors"])? == Some(false) {
        return Ok(selectors::by_default(event));
    } else if let Some(Value::Node(node)) = facts.field(recorder, "event_selectors")? {
        Some(node)
    } else {
        None
    };
    let missing = || Why::new(Reason::NotCollected, format!("the event selectors of {} are not known", title(world, recorder)));
    let node = answer.and_then(|node| facts.node(node)).ok_or_else(missing)?;
    Ok(selectors::recorded(node, event))
}

/// The fields that say how far it reaches: over all Regions, over an organisation.
const REACH_OF_TRAIL: (&str, &str) = ("IsMultiRegionTrail", "IsOrganizationTrail");
const REACH_OF_STORE: (&str, &str) = ("MultiRegionEnabled", "OrganizationEnabled");

/// Whether it is the account's, or its organisation's, and records in the Region.
fn stands_over(world: &World, recorder: FactId, (account, region): (&str, &str)) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(recorder) else { return Ok(false) };
    let (all_regions, organization) = if is_store(world, recorder) { REACH_OF_STORE } else { REACH_OF_TRAIL };
    let arn = arn_parts(&fact.key);
    let home = match facts.text_at(recorder, &["HomeRegion"]) {
        Ok(Some(home)) => Some(home),
        _ => arn.as_ref().and_then(|arn| arn.region).map(str::to_owned),
    };
    if facts.bool_at(recorder, &[all_regions])? != Some(true) && home.as_deref() != Some(region) {
        return Ok(false);
    }
    let owner = arn.as_ref().and_then(|arn| arn.account);
    if owner == Some(account) || fact.account.as_deref() == Some(account) {
        return Ok(true);
    }
    if facts.bool_at(recorder, &[organization])? != Some(true) {
        return Ok(false);
    }
    // A member account is shown the trails of its organisation.
    let shown = facts.answer("cloudtrail", "describe-trails", "", Some(account), Some(region));
    let shown = shown.ok().and_then(|node| facts.node(node)?.get("trailList"));
    if shown.is_some_and(|list| list.items().any(|t| t.get("TrailARN").and_then(|n| n.as_str()) == Some(&*fact.key))) {
        return Ok(true);
    }
    match facts.management_account_of(account) {
        Some(management) => Ok(Some(&*management) == owner),
        None => {
            let text = format!("whether account {account} is in the organisation of {} is not known", title(world, recorder));
            Err(Why::new(Reason::NotLoaded, text))
        }
    }
}
