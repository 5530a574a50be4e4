//! What stands around the policies that are compared: everything else allows.
//!
//! In: the kind of policy, and the accounts whose principals ask. Out: the policies in force with one of them changed. Never: a frame that
//! narrows what is compared.

use super::{ANYWHERE, ELSEWHERE, FRAME};
use crate::doc::Document;
use crate::iam::PolicyType;
use crate::iam::decide::PolicySet;
use crate::iam::policy::{Effect, Policy};

/// Whether some statement might allow.
pub(super) fn grants(policy: &Policy) -> bool {
    policy.statements.iter().any(|s| s.effect != Effect::Deny)
}

/// What stands around the compared policy: everything else allows.
pub(super) struct Frame {
    kind: PolicyType,
    pub(super) everything: Policy,
    pub(super) resource_side: Policy,
    pub(super) everyone: Policy,
    pub(super) full_rcp: Policy,
}

impl Frame {
    pub(super) fn new(kind: PolicyType, accounts: &[&str]) -> Option<Self> {
        let parse = |text: &str, kind| Policy::parse(Document::json("frame", text).ok()?.root(), kind).ok();
        let read = |text: &str, kind| Some(parse(text, kind)?.with_source(FRAME));
        let all = r#""Effect": "Allow", "Action": "*", "Resource": "*""#;
        // The accounts are named and not their principals, so that the requester's own policies decide.
        let own: String = accounts.iter().map(|account| format!(r#", "{account}""#)).collect();
        let accounts = format!(r#"{{"AWS": ["{ANYWHERE}", "{ELSEWHERE}"{own}]}}"#);
        let policy = |rest: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{{all}{rest}}}]}}"#);
        Some(Self {
            kind,
            everything: read(&policy(""), PolicyType::Identity)?,
            resource_side: read(&policy(&format!(r#", "Principal": {accounts}"#)), PolicyType::Key)?,
            everyone: read(&policy(r#", "Principal": "*""#), PolicyType::Key)?,
            full_rcp: read(&policy(r#", "Principal": "*""#), PolicyType::Rcp)?,
        })
    }

    pub(super) fn kind(&self) -> PolicyType {
        self.kind
    }

    /// An SCP that only denies stands beside `FullAWSAccess`.
    pub(super) fn beside(&self, policy: &Policy) -> bool {
        self.kind == PolicyType::Scp && !grants(policy)
    }

    pub(super) fn set<'s>(&'s self, policy: &'s Policy) -> PolicySet<'s> {
        let mut set = PolicySet { identity: vec![&self.everything], resource: Some(&self.resource_side), ..PolicySet::default() };
        match self.kind {
            PolicyType::Identity => set.identity = vec![policy],
            PolicyType::Boundary => set.boundary = Some(policy),
            PolicyType::Session => set.session = vec![policy],
            PolicyType::Resource | PolicyType::Trust | PolicyType::Key => set.resource = Some(policy),
            PolicyType::Endpoint => {
                set.endpoint = vec![policy];
                set.resource = Some(&self.everyone);
            }
            PolicyType::Scp => {
                let full = self.beside(policy).then_some(&self.everything);
                set.scp = Some(vec![full.into_iter().chain([policy]).collect()]);
            }
            PolicyType::Rcp => {
                set.rcp = Some(vec![vec![&self.full_rcp, policy]]);
                set.resource = Some(&self.everyone);
            }
        }
        set
    }
}
