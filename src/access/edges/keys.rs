//! Context keys that follow from what was loaded of a principal: its organisation, its tags.
//!
//! In: facts. Out: `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths` and `aws:PrincipalTag/…` as far as the export tells them; for the
//! first two, where it does not, the reason. Tags of a role whose sessions may be tagged stay free: whoever starts the session
//! chooses them. Never: an organisation taken for granted. Source: IAM user guide, "AWS global condition context keys".

use std::sync::Arc;

use super::super::ask::{Answer, Witness};
use crate::facts::{FactId, Facts, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::policy::{Effect, Policy};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::World;

/// What the export tells of the context keys of one principal's requests.
#[derive(Debug)]
pub(in super::super) struct Keys {
    /// The keys that are known.
    pub(in super::super) known: Context,
    /// Keys (lower case) that every request of the principal has or lacks, which one is not known.
    unsure: Vec<(&'static str, Arc<Why>)>,
}

/// Beginning of the keys that hold the principal's tags.
const TAG: &str = "aws:PrincipalTag/";

impl Keys {
    /// Reads them. A policy file is of no account: everything is open.
    pub(in super::super) fn of(world: &World, principal: FactId, account: &str) -> Self {
        let mut keys = Self { known: Context::open(), unsure: Vec::new() };
        match world.facts.get(principal).map(|fact| fact.kind.name) {
            Some("iam-role") => {
                keys.organization(&world.facts, account);
                if !may_be_tagged(world, principal) {
                    keys.tags(&world.facts, principal);
                }
            }
            Some("iam-user") => {
                keys.organization(&world.facts, account);
                keys.tags(&world.facts, principal);
            }
            _ => {}
        }
        keys
    }

    /// A witness, unless it gives a value to a key that is not known: then it shows nothing.
    pub(in super::super) fn confirm(&self, witness: Witness) -> Answer {
        match self.unsure.iter().find(|(key, _)| witness.chosen.iter().any(|chosen| chosen == key)) {
            Some((_, why)) => Answer::Undecided(why.clone()),
            None => Answer::Yes(witness),
        }
    }

    /// The keys of which it is not known whether every request has them, with the reasons.
    pub(in super::super) fn unsure(&self) -> &[(&'static str, Arc<Why>)] {
        &self.unsure
    }

    fn organization(&mut self, facts: &Facts, account: &str) {
        match organization_of(facts, account) {
            Ok(Some((id, path))) => {
                self.known.set("aws:PrincipalOrgID", [id]);
                self.known.set("aws:PrincipalOrgPaths", [path]);
            }
            Ok(None) => {
                self.known.set_absent("aws:PrincipalOrgID");
                self.known.set_absent("aws:PrincipalOrgPaths");
            }
            Err(why) => {
                self.unsure.push(("aws:principalorgid", why.clone()));
                self.unsure.push(("aws:principalorgpaths", why));
            }
        }
    }

    fn tags(&mut self, facts: &Facts, principal: FactId) {
        let Ok(tags) = facts.list_in(&Value::Fact(principal), &["Tags"]) else { return };
        let text = |tag: &Value, key: &str| facts.text_in(tag, &[key]).ok().flatten();
        for tag in &tags {
            match (text(tag, "Key"), text(tag, "Value")) {
                (Some(key), Some(value)) => self.known.set(&format!("{TAG}{key}"), [value]),
                (Some(key), None) => self.known.set_unknown(&format!("{TAG}{key}")),
                _ => return,
            }
        }
        self.known.set_others_absent(TAG);
    }
}

/// The organisation's id, and the path of an account in it as `aws:PrincipalOrgPaths` spells it; `None` for an account in none.
pub(in super::super) fn organization_of(facts: &Facts, account: &str) -> Result<Option<(String, String)>, Arc<Why>> {
    let path = facts.path_of(account)?;
    if path.organization.is_none() && path.levels.is_empty() {
        return Ok(None);
    }
    let Some(id) = path.organization.and_then(|id| facts.get(id)).map(|fact| fact.key.to_string()) else {
        let home = facts.management_account_of(account);
        let refused = facts.refused("organizations", &["describe-organization"], home.as_deref(), None);
        let none =
            || Why::new(Reason::NotCollected, "no `organizations describe-organization` answer tells the organisation's id");
        return Err(refused.unwrap_or_else(none));
    };
    let units = path.levels.iter().filter_map(|level| facts.get(level.fact)).filter(|f| f.kind.name != "organization-account");
    let mut full = format!("{id}/");
    for unit in units {
        full.push_str(&unit.key);
        full.push('/');
    }
    Ok(Some((id, full)))
}

/// Whether whoever starts a session of the role may tag it; true where its trust policy is not known.
fn may_be_tagged(world: &World, role: FactId) -> bool {
    let document = match world.facts.field(role, "AssumeRolePolicyDocument") {
        Ok(Some(Value::Node(node))) => world.facts.node(node),
        _ => None,
    };
    let policy = document.map(|node| Policy::parse(node, PolicyType::Trust));
    match policy {
        Some(Ok(policy)) => policy.statements.iter().any(|statement| {
            statement.effect != Effect::Deny && statement.action.covers("sts:TagSession", &Context::open()) != Truth::False
        }),
        // AWS would refuse the policy: there are no sessions.
        Some(Err(_)) => false,
        None => true,
    }
}
