//! Which documents are IAM policies, and of which type.
//!
//! The type is, in this order: what `--policy-type` says; the first path pattern of the configuration that
//! matches; what wraps the policy (a `describe-policy` answer names its type); and else inferred, which
//! [`infer`] describes. An inferred type is marked as such wherever it is reported.

use std::collections::BTreeSet;

use super::Options;
use crate::config::glob::path_matches;
use crate::doc::{Kind, Node};
use crate::iam::PolicyType;

/// Services to which resource control policies apply (AWS Organizations user guide, "Resource control
/// policies", list of supported services).
const RCP_SERVICES: [&str; 11] =
    ["s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss", "dynamodb", "logs", "cognito-identity", "cognito-idp"];

/// A policy that stands inside an AWS answer.
pub(super) struct Wrapped {
    /// The policy object, or the string that holds it.
    pub(super) node: u32,
    /// Its type, where the wrapper tells.
    pub(super) policy_type: Option<PolicyType>,
}

/// True for an object with `Statement`.
pub(super) fn is_policy(root: Node<'_>) -> bool {
    let Some(statement) = root.get("Statement") else { return false };
    matches!(statement.kind(), Kind::Array | Kind::Object) || root.get("Version").is_some()
}

/// Finds the policy in the answers that hold exactly one.
pub(super) fn wrapped(root: Node<'_>) -> Option<Wrapped> {
    let found = |node: Option<Node<'_>>, policy_type| {
        node.filter(|n| matches!(n.kind(), Kind::Object | Kind::String)).map(|n| Wrapped { node: n.index(), policy_type })
    };
    // iam get-policy-version
    if let Some(node) = root.path(&["PolicyVersion", "Document"]) {
        return found(Some(node), None);
    }
    // iam get-role-policy, get-user-policy, get-group-policy
    if root.get("PolicyName").is_some() && root.get("PolicyDocument").is_some() {
        return found(root.get("PolicyDocument"), Some(PolicyType::Identity));
    }
    // organizations describe-policy
    if let Some(content) = root.path(&["Policy", "Content"]) {
        let policy_type = match root.path(&["Policy", "PolicySummary", "Type"]).and_then(Node::as_str) {
            Some("SERVICE_CONTROL_POLICY") | None => PolicyType::Scp,
            Some("RESOURCE_CONTROL_POLICY") => PolicyType::Rcp,
            Some(_) => return None,
        };
        return found(Some(content), Some(policy_type));
    }
    // kms get-key-policy says the policy's name; s3api get-bucket-policy, lambda get-policy and others do not.
    let policy =
        root.get("Policy").filter(|p| p.kind() == Kind::String && p.as_str().is_some_and(|t| t.contains("Statement")))?;
    let key = root.get("PolicyName").is_some();
    found(Some(policy), Some(if key { PolicyType::Key } else { PolicyType::Resource }))
}

/// The type of the policy at `root`, and whether it was inferred.
pub(super) fn policy_type(root: Node<'_>, said: Option<PolicyType>, name: &str, options: &Options) -> (PolicyType, bool) {
    let pattern = || options.policy_patterns.iter().find(|(p, _)| path_matches(p, name)).map(|(_, t)| *t);
    match options.policy_type.or_else(pattern).or(said) {
        Some(policy_type) => (policy_type, false),
        None => (infer(root, name), true),
    }
}

/// Infers a policy's type from its content, and from words in its path where content does not decide.
///
/// With `Principal`: only `sts` actions and no `Resource`: trust; every `Principal` is `"*"`, and the path says `rcp`
/// or every statement denies on `"Resource": "*"` for services that RCPs support: rcp; path says `endpoint` or `vpce`:
/// endpoint; only `kms` actions: key; else resource. Without `Principal`: path says `scp`, `boundary`,
/// `session`: that; else identity.
pub(super) fn infer(root: Node<'_>, name: &str) -> PolicyType {
    let statements = statements(root);
    let words = words(name);
    let any = |list: &[&str]| list.iter().any(|w| words.contains(*w));
    let principal = |s: &Node<'_>| s.get("Principal").is_some() || s.get("NotPrincipal").is_some();
    if !statements.iter().any(principal) {
        return if any(&["scp", "scps"]) || phrase(name, "service control") {
            PolicyType::Scp
        } else if any(&["boundary", "boundaries"]) {
            PolicyType::Boundary
        } else if phrase(name, "session polic") {
            PolicyType::Session
        } else {
            PolicyType::Identity
        };
    }
    let services: BTreeSet<String> = statements.iter().flat_map(|s| actions(*s)).map(|a| service(&a)).collect();
    let only = |list: &[&str]| !services.is_empty() && services.iter().all(|s| list.contains(&s.as_str()));
    let no_resource = statements.iter().all(|s| s.get("Resource").is_none() && s.get("NotResource").is_none());
    if only(&["sts"]) && no_resource {
        PolicyType::Trust
    } else if statements.iter().all(|s| everyone(*s))
        && (any(&["rcp", "rcps"])
            || phrase(name, "resource control")
            || (only(&RCP_SERVICES) && statements.iter().all(|s| guards(*s))))
    {
        PolicyType::Rcp
    } else if any(&["endpoint", "endpoints", "vpce"]) {
        PolicyType::Endpoint
    } else if only(&["kms"]) {
        PolicyType::Key
    } else {
        PolicyType::Resource
    }
}

/// A deny of everyone on everything: what customers may write in an RCP.
fn guards(statement: Node<'_>) -> bool {
    is(statement, "Effect", "Deny") && everyone(statement) && is(statement, "Resource", "*")
}

/// `"Principal": "*"`, the only principal that an RCP may name.
fn everyone(statement: Node<'_>) -> bool {
    is(statement, "Principal", "*")
}

fn is(statement: Node<'_>, key: &str, value: &str) -> bool {
    statement
        .get(key)
        .is_some_and(|n| n.as_str() == Some(value) || (n.items().count() == 1 && n.items().all(|i| i.as_str() == Some(value))))
}

fn statements(root: Node<'_>) -> Vec<Node<'_>> {
    match root.get("Statement") {
        Some(list) if list.kind() == Kind::Array => list.items().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn actions(statement: Node<'_>) -> Vec<String> {
    let text = |n: Node<'_>| n.as_str().map(str::to_owned);
    ["Action", "NotAction"]
        .into_iter()
        .filter_map(|key| statement.get(key))
        .flat_map(|n| text(n).into_iter().chain(n.items().filter_map(text)).collect::<Vec<_>>())
        .collect()
}

fn service(action: &str) -> String {
    action.split_once(':').map_or(action, |(service, _)| service).to_ascii_lowercase()
}

/// The path's words, lower case: `guards/DenyRegion.SCP.json` gives guards, deny, region, scp, json.
fn words(name: &str) -> BTreeSet<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .chain(spaced(name).split(' '))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// True where the path has these words in a row, whatever stands between them.
fn phrase(name: &str, words: &str) -> bool {
    spaced(name).to_lowercase().contains(words)
}

/// The path with one space between its words; a capital begins a word after a small letter (`RolePermissionsBoundary`),
/// and after capitals where a small letter follows (`AWSPermissions`).
fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 16);
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let next_small = rest.peek().is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (before.is_lowercase() || before.is_numeric() || (before.is_uppercase() && next_small)) {
            out.push(' ');
        }
        out.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Document;

    fn inferred(name: &str, statement: &str) -> PolicyType {
        let doc = Document::json("t", format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#)).unwrap();
        assert!(is_policy(doc.root()));
        infer(doc.root(), name)
    }

    #[test]
    fn types_are_inferred_from_content_then_from_the_path() {
        let identity = r#"[{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]"#;
        let trust = r#"{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": "ec2.amazonaws.com"}}"#;
        let bucket = r#"[{"Effect": "Deny", "Action": "s3:*", "Principal": "*", "Resource": ["arn:aws:s3:::b/*"]}]"#;
        let guard = r#"[{"Effect": "Deny", "Action": ["s3:*", "sqs:*"], "Principal": "*", "Resource": "*"}]"#;
        let key = r#"[{"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Resource": "*"}]"#;
        let open = r#"[{"Effect": "Allow", "Action": "bedrock:*", "Principal": "*", "Resource": "*"}]"#;
        for (name, statement, expect) in [
            ("p.json", identity, PolicyType::Identity),
            ("scps/p.json", identity, PolicyType::Scp),
            ("deny.SCP.json", identity, PolicyType::Scp),
            ("service_control_policies/p.json", identity, PolicyType::Scp),
            ("team-boundary.json", identity, PolicyType::Boundary),
            ("scp/trust.json", trust, PolicyType::Trust),
            ("p.json", bucket, PolicyType::Resource),
            ("rcp/p.json", bucket, PolicyType::Rcp),
            ("rcp/p.json", key, PolicyType::Key),
            ("DataZoneRolePermissionsBoundary.json", identity, PolicyType::Boundary),
            ("DenyRegionSCP.json", identity, PolicyType::Scp),
            ("MyServiceControlPolicy.json", identity, PolicyType::Scp),
            ("BedrockVPCEndpointPolicy.json", open, PolicyType::Endpoint),
            ("Unbounded.json", identity, PolicyType::Identity),
            ("p.json", guard, PolicyType::Rcp),
            ("p.json", key, PolicyType::Key),
            ("vpce-bedrock.json", open, PolicyType::Endpoint),
            ("p.json", open, PolicyType::Resource),
        ] {
            assert_eq!(inferred(name, statement), expect, "{name} {statement}");
        }
    }
}
