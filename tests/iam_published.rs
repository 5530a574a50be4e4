//! Policies that AWS itself wrote: all must be read, and the few that are refused must be refused for a known reason.
//!
//! They are not part of this repository: `ALICERCE_DATA` (or `../shared/data` beside the checkout) names their folder.
//! Where it is absent the tests say so and pass.

#![cfg(test)]

use std::path::{Path, PathBuf};

use alicerce::doc::Document;
use alicerce::iam::decide::outcome;
use alicerce::iam::{
    Answer, Context, Effect, Policy, PolicySet, PolicyType, Principal, Question, Request, Uncovered, solve, uncovered,
};

fn data(folder: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("ALICERCE_DATA").map_or(beside, PathBuf::from);
    let path = root.join(folder);
    if !path.exists() {
        println!("skipped: {} is not there; set ALICERCE_DATA", path.display());
        return None;
    }
    Some(path)
}

fn json_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "json") {
            into.push(path);
        }
    }
    into.sort();
}

/// Decides and solves something with the policy: nothing may panic.
fn use_it(policy: &Policy) {
    let principal = Principal::parse("arn:aws:sts::111122223333:assumed-role/app/s1").unwrap();
    let set = match policy.kind {
        PolicyType::Scp => PolicySet { scp: Some(vec![vec![policy]]), ..PolicySet::default() },
        PolicyType::Rcp => PolicySet { rcp: Some(vec![vec![policy]]), ..PolicySet::default() },
        PolicyType::Endpoint => PolicySet { endpoint: vec![policy], ..PolicySet::default() },
        PolicyType::Resource | PolicyType::Trust | PolicyType::Key => {
            PolicySet { resource: Some(policy), ..PolicySet::default() }
        }
        _ => PolicySet { identity: vec![policy], ..PolicySet::default() },
    };
    let request = Request::new(principal.clone(), "bedrock:InvokeModel", "arn:aws:s3:::b", None, Context::open());
    outcome(&set, &request);
    solve(&Question::new(&set, principal, "s3:GetObject"));
}

fn read(text: &str, kinds: &[PolicyType]) -> Result<Policy, Vec<&'static str>> {
    let Ok(document) = Document::json("p.json", text) else { return Err(vec!["not-json"]) };
    let mut first = None;
    for kind in kinds {
        match Policy::parse(document.root(), *kind) {
            Ok(policy) => return Ok(policy),
            Err(problems) => {
                let codes = problems.iter().map(|p| p.code).collect();
                first.get_or_insert(codes);
            }
        }
    }
    Err(first.unwrap())
}

#[test]
fn managed_policies_are_all_in_order() {
    let Some(folder) = data("aws-managed-policies") else { return };
    let mut files = Vec::new();
    json_files(&folder, &mut files);
    let read_one = |file: &PathBuf| {
        read(&std::fs::read_to_string(file).unwrap(), &[PolicyType::Identity])
            .unwrap_or_else(|codes| panic!("{}: {codes:?}", file.display()))
    };
    let policies: Vec<Policy> = files.iter().map(read_one).collect();
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").unwrap();
    let started = std::time::Instant::now();
    let (mut unknown, mut whole, mut some) = (Vec::new(), 0, 0);
    for (file, policy) in files.iter().zip(&policies) {
        let set = PolicySet { identity: vec![policy], ..PolicySet::default() };
        // The wildcard question: does it grant the whole prefix, and can any model be run.
        let allows: Vec<_> = policy.statements.iter().filter(|s| s.effect == Effect::Allow).map(|s| &s.action).collect();
        whole += usize::from(uncovered(&allows, "bedrock:?*", &Context::open()) == Uncovered::Nothing);
        match solve(&Question::new(&set, role.clone(), "bedrock:InvokeModel")) {
            Answer::Unknown(why) => unknown.push((file.file_stem().unwrap().to_owned(), why)),
            Answer::Some(_) => some += 1,
            Answer::None => {}
        }
    }
    println!(
        "{} managed policies in {:?}: {whole} grant the prefix `bedrock` whole, {some} can run a model; not decided: {unknown:?}",
        files.len(),
        started.elapsed()
    );
    policies.iter().for_each(use_it);
    // Some compare two keys of the request with each other, which is outside the theory.
    assert!(files.len() > 1_000 && unknown.len() < 5);
}

#[test]
fn published_guards_are_in_order() {
    let Some(folder) = data("published-guards") else { return };
    let mut files = Vec::new();
    json_files(&folder, &mut files);
    let mut refused = Vec::new();
    for file in &files {
        let path = file.to_string_lossy().replace('\\', "/");
        let kind = if path.contains("resource_control_policies/service_specific_controls") {
            PolicyType::Resource
        } else if path.contains("resource-control") || path.contains("resource_control") {
            PolicyType::Rcp
        } else if path.contains("vpc_endpoint") {
            PolicyType::Endpoint
        } else {
            PolicyType::Scp
        };
        let text = std::fs::read_to_string(file).unwrap();
        let filled = text.replace("<action>", "s3:GetObject").replace("<third-party-resource>", "arn:aws:s3:::x");
        match read(&filled.replace("<third-party-resource-arn>", "arn:aws:s3:::x"), &[kind]) {
            Ok(policy) => use_it(&policy),
            Err(codes) => refused.push((path, codes)),
        }
    }
    for line in &refused {
        println!("{line:?}");
    }
    // One file is not JSON; one has an allowing statement without a resource, which no RCP may have.
    refused.retain(|(path, codes)| codes != &["not-json"] && !path.ends_with("Shared-Issuers.json"));
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn the_user_guide_s_blocks_are_read_or_refused_for_cause() {
    let Some(file) = data("iam-user-guide-policies.jsonl") else { return };
    let mut refused = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let block: serde_json::Value = serde_json::from_str(line).unwrap();
        let kinds = [PolicyType::Identity, PolicyType::Resource, PolicyType::Trust, PolicyType::Scp, PolicyType::Rcp];
        match read(block["text"].as_str().unwrap(), &kinds) {
            Ok(policy) => use_it(&policy),
            Err(codes) => refused.push(format!("{} #{}: {codes:?}", block["file"].as_str().unwrap(), block["i"])),
        }
    }
    for line in &refused {
        println!("{line}");
    }
    assert!(refused.len() < 20, "{refused:#?}");
}
