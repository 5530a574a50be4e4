//! Policies that stand alone in files: each is a fact whose node is the policy.

use super::super::kind::{Kind, Scope};
use crate::iam::PolicyType;

const POLICY: &[(&str, &str, &str)] = &[
    ("Version?", "string", "version of the policy language"),
    ("Id?", "string", "an identifier, where the author gave one"),
    ("Statement?", "any", "the statement or statements"),
];

const fn file(name: &'static str, title: &'static str) -> Kind {
    Kind { fields: POLICY, ..Kind::new(name, title, Scope::Global, "") }
}

pub(super) static KINDS: &[Kind] = &[
    file("policy-file-principal", "principal with the policy of a file"),
    file("policy-file-resource", "resource policy in a file"),
    file("policy-file-trust", "trust policy in a file"),
    file("policy-file-key", "key policy in a file"),
    file("policy-file-endpoint", "endpoint policy in a file"),
    file("policy-file-boundary", "permissions boundary in a file"),
    file("policy-file-session", "session policy in a file"),
    file("policy-file-scp", "service control policy in a file"),
    file("policy-file-rcp", "resource control policy in a file"),
];

/// The kind of a policy of this type.
pub(in super::super) fn kind_of(policy_type: PolicyType) -> &'static str {
    match policy_type {
        PolicyType::Identity => "policy-file-principal",
        PolicyType::Resource => "policy-file-resource",
        PolicyType::Trust => "policy-file-trust",
        PolicyType::Key => "policy-file-key",
        PolicyType::Endpoint => "policy-file-endpoint",
        PolicyType::Boundary => "policy-file-boundary",
        PolicyType::Session => "policy-file-session",
        PolicyType::Scp => "policy-file-scp",
        PolicyType::Rcp => "policy-file-rcp",
    }
}
