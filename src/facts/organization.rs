//! The Organizations tree: which SCPs and RCPs stand at which level above an account.
//!
//! In: facts. Out: for an account the levels from the root to the account itself, with the policies that
//! are attached to each. What was not collected is kept as a reason beside what is known; an account that
//! is in no organisation has no levels. Source: Organizations User Guide, "SCP evaluation".

use std::sync::Arc;

use super::{FactId, Facts, Reason, Value, Why};
use crate::input::Status;

/// The policies attached to one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// Those that are known to be attached (facts of kind `scp` or `rcp`).
    pub known: Vec<FactId>,
    /// Why there may be more.
    pub unknown: Vec<Arc<Why>>,
}

/// One level of the path to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// `organization-root`, `organizational-unit` or `organization-account`.
    pub fact: FactId,
    /// Service control policies attached here.
    pub scps: Policies,
    /// Resource control policies attached here.
    pub rcps: Policies,
}

/// The way from the root of an organisation to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationPath {
    /// The `organization` fact; `None` where the account is in no organisation.
    pub organization: Option<FactId>,
    /// The account is the management account, which SCPs and RCPs do not reach.
    pub management: bool,
    /// From the root to the account; empty where the account is in no organisation.
    pub levels: Vec<Level>,
    /// SCPs are switched on in the organisation (`None`: the listing of roots does not say).
    pub scps_enabled: Option<bool>,
    /// Likewise RCPs.
    pub rcps_enabled: Option<bool>,
}

/// What the organisation's Bedrock policies come to for one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BedrockPolicy {
    /// The organisation has none, or the account is in no organisation.
    None,
    /// There are some, and they come to nothing for the account.
    Nothing,
    /// An `effective-bedrock-policy`.
    Effective(FactId),
}

/// The error of `describe-effective-policy` for an account that no policy of the type reaches.
pub(super) const NO_EFFECTIVE_POLICY: &str = "EffectivePolicyNotFoundException";

const BEDROCK: &str = "BEDROCK_POLICY";

/// Deeper than Organizations allows (five levels of OUs).
const MAX_LEVELS: usize = 16;

impl Facts {
    /// The levels from the organisation's root to `account`, with the SCPs and RCPs attached to each.
    ///
    /// # Errors
    /// Why the path is not known: no Organizations data was collected, or the account is not in it.
    pub fn path_of(&self, account: &str) -> Result<OrganizationPath, Arc<Why>> {
        if self.not_in_an_organization(account) {
            return Ok(OrganizationPath::default());
        }
        let Some(member) = self.by_key("organization-account", account, None, None) else {
            return Err(self.why_no_member(account));
        };
        let management_account = self.get(member).and_then(|f| f.account.clone());
        let home = management_account.as_deref();
        let mut chain = vec![member];
        let mut at = member;
        loop {
            match self.field(at, "parent")? {
                Some(Value::Fact(parent)) if !chain.contains(&parent) && chain.len() < MAX_LEVELS => {
                    chain.push(parent);
                    at = parent;
                }
                None => break,
                _ => return Err(Why::new(Reason::Undecided, "the organisation's tree has a loop")),
            }
        }
        let organization =
            self.of_kind("organization").iter().copied().find(|id| self.get(*id).is_some_and(|f| f.account.as_deref() == home));
        let root = chain.last().copied();
        let scps_enabled = root.and_then(|r| self.policy_type_enabled(r, "SERVICE_CONTROL_POLICY"));
        let rcps_enabled = root.and_then(|r| self.policy_type_enabled(r, "RESOURCE_CONTROL_POLICY"));
        let levels = chain
            .into_iter()
            .rev()
            .map(|fact| Level {
                fact,
                scps: self.attached_policies(fact, home, "scp", scps_enabled),
                rcps: self.attached_policies(fact, home, "rcp", rcps_enabled),
            })
            .collect();
        Ok(OrganizationPath { organization, management: home == Some(account), levels, scps_enabled, rcps_enabled })
    }

    /// What the organisation's Bedrock policies (`BEDROCK_POLICY`) come to for an account: the answer of
    /// `organizations describe-effective-policy`, which stands in the management account's folder.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn bedrock_policy_of(&self, account: &str) -> Result<BedrockPolicy, Arc<Why>> {
        if self.not_in_an_organization(account) {
            return Ok(BedrockPolicy::None);
        }
        if let Some(found) = self.by_key("effective-bedrock-policy", account, None, None) {
            return Ok(BedrockPolicy::Effective(found));
        }
        let Some(home) = self.management_account_of(account) else { return Err(self.why_no_member(account)) };
        let home = Some(&*home);
        let of_home = |id: &&FactId| self.get(**id).is_some_and(|f| f.account.as_deref() == home);
        let root = self.of_kind("organization-root").iter().find(of_home);
        let enabled = root.and_then(|root| self.policy_type_enabled(*root, BEDROCK));
        if !self.of_kind("bedrock-policy").iter().any(|id| of_home(&id)) {
            // A type that is not switched on reaches nobody.
            return match self.collected_for("organizations", "list-policies", BEDROCK, home, None) {
                Err(why) if enabled != Some(false) => Err(why),
                _ => Ok(BedrockPolicy::None),
            };
        }
        let resource = format!("{BEDROCK},{account}");
        let seen = self.calls.find("organizations", "describe-effective-policy", &resource, home, None);
        match seen.map(|s| &s.status) {
            Some(Status::Failed(text) | Status::Denied(text)) if super::missing::code(text) == NO_EFFECTIVE_POLICY => {
                Ok(BedrockPolicy::Nothing)
            }
            _ if enabled == Some(false) => Ok(BedrockPolicy::Nothing),
            _ => {
                let place = super::missing::Place { account: home, region: None };
                Err(super::missing::call("organizations", "describe-effective-policy", &resource, place, seen))
            }
        }
    }

    /// The management account of a member's organisation, as Organizations lists it.
    pub fn management_account_of(&self, member: &str) -> Option<Arc<str>> {
        self.by_key("organization-account", member, None, None).and_then(|id| self.get(id)?.account.clone())
    }

    fn not_in_an_organization(&self, account: &str) -> bool {
        let seen = self.calls.find("organizations", "describe-organization", "", Some(account), None);
        matches!(seen.map(|s| &s.status), Some(Status::Failed(text) | Status::Denied(text))
            if super::missing::code(text) == "AWSOrganizationsNotInUseException")
    }

    fn why_no_member(&self, account: &str) -> Arc<Why> {
        match self.of_kind("organization-account").first().and_then(|id| self.get(*id)) {
            Some(other) => {
                let home = other.account.as_deref().unwrap_or_default();
                let text =
                    format!("account {account} is not in the accounts that `organizations list-accounts` gave in account {home}");
                Why::new(Reason::NotLoaded, text)
            }
            None => match self.collected("organizations", "list-accounts", None, None) {
                Err(why) if why.reason != Reason::NotCollected => why,
                _ => Why::new(Reason::NotCollected, format!("no Organizations data was collected for account {account}")),
            },
        }
    }

    fn policy_type_enabled(&self, root: FactId, policy_type: &str) -> Option<bool> {
        let node = self.node(self.get(root)?.node)?;
        let types = node.get("PolicyTypes")?;
        let text = |n: crate::doc::Node<'_>, key: &str| n.get(key).and_then(|v| v.as_str().map(str::to_owned));
        Some(
            types
                .items()
                .any(|t| text(t, "Type").as_deref() == Some(policy_type) && text(t, "Status").as_deref() == Some("ENABLED")),
        )
    }

    /// The policies of a kind whose targets hold `level`.
    fn attached_policies(&self, level: FactId, home: Option<&str>, kind: &str, enabled: Option<bool>) -> Policies {
        let mut out = Policies::default();
        let Some(level) = self.get(level).filter(|_| enabled != Some(false)) else { return out };
        let policy_type = if kind == "scp" { "SERVICE_CONTROL_POLICY" } else { "RESOURCE_CONTROL_POLICY" };
        if let Err(why) = self.collected_for("organizations", "list-policies", policy_type, home, None) {
            out.unknown.push(why);
        }
        for id in self.of_kind(kind) {
            if self.get(*id).is_none_or(|f| f.account.as_deref() != home) {
                continue;
            }
            match self.field(*id, "targets").and_then(|targets| targets.map_or(Ok(Vec::new()), |t| self.items(&t))) {
                Err(why) => out.unknown.push(why),
                Ok(targets) => {
                    let is_here = |t: &Value| {
                        let target = self.member(t, "TargetId").ok().flatten();
                        target.is_some_and(|t| self.text(&t).as_deref() == Some(&*level.key))
                    };
                    if targets.iter().any(is_here) {
                        out.known.push(*id);
                    }
                }
            }
        }
        out
    }
}
