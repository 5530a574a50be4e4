//! Resolver rules: names that a VPC's resolver sends to other name servers.
//!
//! In: a VPC and a name. Out: why what answers the name is not known, where a rule takes it. Never: a name that other servers answer
//! taken for public or for private.

use std::sync::Arc;

use super::index::Index;
use crate::facts::{FactId, Reason, Why, kinds};
use crate::world::World;

/// Why it is not known what answers `name` in the VPC although a zone `zone` (empty: none) has it: a forwarding rule of the same name or
/// of a longer one wins over the zone, and of two rules that of the longer name does.
pub(super) fn takes(world: &World, vpc: FactId, name: &str, zone: &str) -> Option<Arc<Why>> {
    let facts = &world.facts;
    let home = facts.get(vpc)?;
    let index = Index::of(world);
    let (associations, mut doubt) = index.rules(&home.key);
    let mut best: Option<Match> = None;
    for &association in associations {
        match associated(world, association, name) {
            Ok(Some(found)) => best = best.into_iter().chain([found]).max_by_key(|(length, _)| *length),
            Ok(None) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    if let Some((length, Some(why))) = best
        && length >= zone.len()
    {
        return Some(why);
    }
    // Where nobody asked for rules there is taken to be none; where the answer was refused there may be one.
    let (account, region) = (home.account.as_deref(), home.region.as_deref());
    let refused = kinds::get("resolver-rule-association").and_then(|kind| facts.listed(kind, account, region).err());
    doubt.or_else(|| refused.filter(|why| matches!(why.reason, Reason::Denied | Reason::Failed)))
}

/// The length of a rule's name, and why the answer of other name servers is not known where it sends the name there.
type Match = (usize, Option<Arc<Why>>);

/// Of a rule that is in force by an association and covers `name`: the length of its name, and why the answer is not known.
fn associated(world: &World, association: FactId, name: &str) -> Result<Option<Match>, Arc<Why>> {
    let facts = &world.facts;
    if !matches!(facts.text_at(association, &["Status"])?.as_deref(), Some("COMPLETE" | "CREATING")) {
        return Ok(None);
    }
    let Some(&rule) = facts.follow(association, "rule")?.first() else { return Ok(None) };
    let domain = domain(world, rule)?;
    if !covers(&domain, name) {
        return Ok(None);
    }
    Ok(Some((domain.len(), away(world, rule, name)?)))
}

fn domain(world: &World, rule: FactId) -> Result<String, Arc<Why>> {
    let domain = world.facts.text_at(rule, &["DomainName"])?.unwrap_or_default();
    Ok(domain.to_ascii_lowercase().trim_end_matches('.').to_owned())
}

/// Whether `name` is `domain` or below it.
pub(super) fn covers(domain: &str, name: &str) -> bool {
    domain.is_empty() || name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Why it is not known what answers `name`, where the rule sends it to other name servers.
pub(super) fn away(world: &World, rule: FactId, name: &str) -> Result<Option<Arc<Why>>, Arc<Why>> {
    let facts = &world.facts;
    // Rules of the type RECURSIVE are AWS's own, and by SYSTEM ones a name resolves as if there were no rule.
    let sends = matches!(facts.text_at(rule, &["RuleType"])?.as_deref(), Some("FORWARD" | "DELEGATE"));
    let domain = domain(world, rule)?;
    if !sends || !covers(&domain, name) {
        return Ok(None);
    }
    let called = facts.get(rule).map_or_else(String::new, |f| f.name.to_string());
    let text = format!("Resolver rule `{called}` sends `{name}` to other name servers, and what these answer is not known");
    Ok(Some(Why::new(Reason::Undecided, text)))
}
