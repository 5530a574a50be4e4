//! Walks `fixtures/iam`: every case, in whatever file, must come out as it says.
//!
//! `not-modelled.json` holds one case for each row of the table of docs/trust.md that says what is not modelled.

#![cfg(test)]

use std::path::{Path, PathBuf};

use alicerce::doc::{Document, Kind, Node};
use alicerce::iam::Outcome;
use alicerce::iam::case::Case;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
    into.sort();
}

fn run(path: &Path, node: Node, failures: &mut Vec<String>) {
    let mut load = |name: &str, _| -> Result<_, String> { Err(format!("no file {name} belongs to the fixtures")) };
    let place = || format!("{}{}", path.display(), node.pointer());
    let case = match Case::read(node, &mut load) {
        Ok(case) => case,
        Err(e) => {
            failures.push(format!("{}: {}", place(), e.message));
            return;
        }
    };
    let decision = case.run();
    if case.why.is_none() {
        failures.push(format!("{}: {} does not say why", place(), case.name));
    }
    if decision.outcome != case.expect {
        failures.push(format!(
            "{}: {}: expected {:?}, found {:?}\n  {:?}\n  hinges {:?} refused {:?}",
            place(),
            case.name,
            case.expect,
            decision.outcome,
            decision.why,
            decision.hinges,
            case.refused
        ));
    }
}

#[test]
fn every_case_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/iam");
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let (mut failures, mut count) = (Vec::new(), 0);
    for path in paths {
        let document = Document::json("case.json", std::fs::read_to_string(&path).unwrap()).unwrap();
        let root = document.root();
        let cases: Vec<Node> = if root.kind() == Kind::Array { root.items().collect() } else { vec![root] };
        for case in cases {
            count += 1;
            run(&path, case, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 600, "{count} cases");
}

#[test]
fn what_is_not_modelled_is_unknown_and_listed() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(package.join("docs/trust.md")).unwrap();
    let table = page.split("<!-- not modelled -->").nth(1).expect("docs/trust.md has the table between two marks");
    let listed: Vec<&str> = table.lines().filter_map(|l| l.strip_prefix("| ")?.split(" |").next()).skip(1).collect();
    let text = std::fs::read_to_string(package.join("fixtures/iam/not-modelled.json")).unwrap();
    let document = Document::json("case.json", text).unwrap();
    let mut shown = Vec::new();
    for node in document.root().items() {
        let case = Case::read(node, &mut |name: &str, _| Err(format!("no file {name}"))).unwrap();
        let decision = case.run();
        assert_eq!(decision.outcome, Outcome::Conditional, "{}", case.name);
        assert!(!decision.hinges.is_empty(), "{}", case.name);
        shown.push(case.name);
    }
    assert_eq!(listed, shown, "the table's rows and the cases, in the same order");
}

/// All cases, as plain JSON and read.
fn cases() -> Vec<(serde_json::Value, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/iam");
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let mut out = Vec::new();
    for path in paths {
        let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for json in all.as_array().cloned().unwrap_or_else(|| vec![all.clone()]) {
            let document = Document::json("case.json", json.to_string()).unwrap();
            let case = Case::read(document.root(), &mut |_, _| Err("none".into())).unwrap();
            out.push((json, case));
        }
    }
    out
}

/// Every name that is the key of an object somewhere in the JSON.
fn keys(json: &serde_json::Value, into: &mut std::collections::BTreeSet<String>) {
    match json {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        serde_json::Value::Array(all) => all.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

/// The operators of the IAM reference, its qualifiers, the elements, the kinds of policy, the kinds of requester and the exceptions to
/// the order of evaluation: each stands in a case.
#[test]
fn the_language_is_covered() {
    use alicerce::iam::decide::Exception as E;
    let cases = cases();
    let mut found = std::collections::BTreeSet::new();
    cases.iter().for_each(|(json, _)| keys(json, &mut found));
    let operators = "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike NumericEquals \
        NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals DateEquals DateNotEquals \
        DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnLike \
        ArnNotEquals ArnNotLike Null StringEqualsIfExists StringLikeIfExists NumericLessThanIfExists BoolIfExists IpAddressIfExists \
        ArnLikeIfExists ForAllValues:StringEquals ForAnyValue:StringEquals ForAllValues:StringLike ForAnyValue:StringLike \
        ForAllValues:StringNotEquals ForAnyValue:StringNotEquals";
    let elements = "Version Id Statement Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition AWS Service \
        Federated CanonicalUser identity boundary session resource endpoint scp rcp management_account service_linked_role \
        principal_in_organization aws:ViaAWSService aws:PrincipalIsAWSService aws:CalledVia";
    let missing: Vec<&str> =
        operators.split_whitespace().chain(elements.split_whitespace()).filter(|n| !found.contains(*n)).collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
    let applied: Vec<E> = cases.iter().flat_map(|(_, case)| case.run().exceptions).collect();
    for exception in [
        E::RootUser,
        E::ServiceLinkedRole,
        E::ManagementAccount,
        E::NoIdentityPolicies,
        E::RcpUnsupportedService,
        E::ResourcePolicyMustGrant,
        E::CrossAccount,
        E::GrantedDirectly,
        E::GrantedToRole,
    ] {
        assert!(applied.contains(&exception), "no case shows {exception:?}");
    }
}
