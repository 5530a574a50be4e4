//! Policies that allow everything, so that only what stands around them decides.
//!
//! In: a policy type. Out: one Allow of everything, compiled as that type. Never: a policy of the user's.

use crate::iam::PolicyType;
use crate::iam::policy::Policy;
use crate::iam::principal::Principal;

/// A policy that allows everything: as an identity policy, so that only what stands around it decides; as an SCP, `FullAWSAccess`.
pub(crate) fn everything(kind: PolicyType) -> Option<Policy> {
    let allow = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    policy(&allow, kind).map(|policy| policy.with_source(u64::MAX))
}

/// A key has a policy of its own that must grant: here, one that grants everything.
pub(super) fn open_key_policy() -> Option<Policy> {
    let allow = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"},
    ]});
    policy(&allow, PolicyType::Key).map(|policy| policy.with_source(u64::MAX))
}

/// A key policy that allows everything to the account, which its own side must allow too, or to the service.
pub(crate) fn key_policy_of(who: &Principal) -> Option<Policy> {
    let named = match who {
        Principal::Service { name } => serde_json::json!({"Service": &**name}),
        other => serde_json::json!({"AWS": other.account()?}),
    };
    let allow = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": named, "Action": "*", "Resource": "*"},
    ]});
    policy(&allow, PolicyType::Key).map(|policy| policy.with_source(u64::MAX))
}

fn policy(text: &serde_json::Value, kind: PolicyType) -> Option<Policy> {
    let document = crate::doc::Document::json("question", text.to_string()).ok()?;
    Policy::parse(document.root(), kind).ok()
}
