//! The kinds, one table per AWS service. A new service is one file here and one line in [`TABLES`].

mod access_analyzer;
mod account;
mod agentcore;
mod alarms;
pub(super) mod bedrock;
mod bedrock_agent;
mod cloudtrail;
mod compute;
pub(super) mod ec2;
mod ecs;
mod harness;
mod iam;
mod kms;
mod lambda;
mod logs;
mod organizations;
mod packets;
pub(super) mod policy_file;
mod route53;
pub(super) mod s3;
mod scope;
mod secretsmanager;
mod stores;
mod transit;

use super::Kind;

static TABLES: &[&[Kind]] = &[
    account::KINDS,
    organizations::KINDS,
    iam::KINDS,
    access_analyzer::KINDS,
    ec2::KINDS,
    transit::KINDS,
    packets::KINDS,
    route53::KINDS,
    lambda::KINDS,
    ecs::KINDS,
    compute::KINDS,
    kms::KINDS,
    logs::KINDS,
    s3::KINDS,
    secretsmanager::KINDS,
    stores::KINDS,
    cloudtrail::KINDS,
    alarms::KINDS,
    bedrock::KINDS,
    bedrock_agent::KINDS,
    agentcore::KINDS,
    harness::KINDS,
    policy_file::KINDS,
    scope::KINDS,
];

/// Kinds that a rule's `subject` may name together: (name, kinds).
pub const GROUPS: &[(&str, &[&str])] = &[("principal", &["iam-role", "iam-user", "policy-file-principal"])];

/// All kinds.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    TABLES.iter().copied().flatten()
}

/// The kind with this name.
pub fn get(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name)
}

/// The kind of a policy of this type that stands alone in a file.
pub fn policy_file_kind(policy_type: crate::iam::PolicyType) -> &'static str {
    policy_file::kind_of(policy_type)
}

/// True where a failure's text is the error by which this call says "not configured".
pub fn means_absent(service: &str, operation: &str, failure: &str) -> bool {
    let code = super::missing::code(failure);
    if (service, operation, code) == ("organizations", "describe-effective-policy", super::organization::NO_EFFECTIVE_POLICY) {
        return true;
    }
    let attached = all().flat_map(|kind| kind.attached).filter(|a| a.service == service && a.operation == operation);
    attached.flat_map(|a| a.absent).any(|absent| *absent == code)
}

/// The kinds that a rule's `subject` means: a kind, or a group such as `principal`. Empty: no such name.
pub fn subject(name: &str) -> Vec<&'static Kind> {
    match GROUPS.iter().find(|(group, _)| *group == name) {
        Some((_, kinds)) => kinds.iter().filter_map(|kind| get(kind)).collect(),
        None => get(name).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::shape::{self, Type};
    use super::*;

    #[test]
    fn names_are_unique_and_every_reference_between_kinds_holds() {
        let mut seen = HashSet::new();
        for kind in all() {
            assert!(seen.insert(kind.name), "{} stands twice", kind.name);
            for edge in kind.edges {
                assert!(edge.kind.is_empty() || get(edge.kind).is_some(), "{}.{}", kind.name, edge.name);
            }
            for back in kind.back {
                let other = get(back.kind).unwrap_or_else(|| panic!("{}.{}", kind.name, back.name));
                assert!(other.edges.iter().any(|e| e.name == back.edge), "{}.{}", kind.name, back.name);
            }
        }
        for (group, kinds) in GROUPS {
            assert!(!seen.contains(group));
            assert!(kinds.iter().all(|kind| seen.contains(kind)));
        }
    }

    #[test]
    fn every_shape_is_in_the_table_and_no_own_name_hides_a_field_of_aws() {
        for kind in all() {
            let shape = shape::lookup(kind.shape).unwrap_or_default();
            assert!(kind.shape.is_empty() || !shape.is_empty(), "{} has the shape {}", kind.name, kind.shape);
            let own = kind.edges.iter().map(|e| e.name).chain(kind.back.iter().map(|b| b.name));
            let mut names = HashSet::new();
            for name in own.chain(kind.attached.iter().map(|a| a.name)) {
                assert!(names.insert(name), "{}.{name} stands twice", kind.name);
                assert!(!shape.iter().any(|m| m.name == name), "{}.{name} hides a field of {}", kind.name, kind.shape);
            }
            for attached in kind.attached {
                match Type::parse(attached.ty) {
                    Some(Type::Shape(name)) => assert!(shape::lookup(&name).is_some(), "{}.{}", kind.name, attached.name),
                    Some(_) => {}
                    None => panic!("{}.{}: {}", kind.name, attached.name, attached.ty),
                }
            }
            for name in kind.always {
                assert!(shape.iter().any(|m| m.name == *name), "{}: {name} is no field of {}", kind.name, kind.shape);
            }
        }
    }

    #[test]
    fn paths_of_edges_exist_in_the_shapes() {
        for kind in all().filter(|k| !k.shape.is_empty()) {
            for edge in kind.edges.iter().filter(|e| e.compute.is_none()) {
                let mut ty = Type::Shape(kind.shape.to_owned());
                for step in edge.path.split('.') {
                    let key = step.trim_end_matches("[]");
                    let Type::Shape(name) = &ty else { panic!("{}.{}: {step}", kind.name, edge.name) };
                    let member = shape::lookup(name).unwrap().iter().find(|m| m.name == key);
                    ty = member.unwrap_or_else(|| panic!("{}.{}: {step} is not in {name}", kind.name, edge.name)).ty.clone();
                    if step.ends_with("[]") {
                        let Type::List(inner) = ty else { panic!("{}.{}: {step} is no list", kind.name, edge.name) };
                        ty = *inner;
                    }
                }
                assert_eq!(ty, Type::String, "{}.{}", kind.name, edge.name);
            }
        }
    }
}
