//! The bundled example with each answer refused in turn: what a refusal hides is undetermined, never right, never wrong.
//!
//! In: the example, less the answers of one call. Out: how its verdicts differ from those of the whole example. Allowed is that a
//! verdict becomes unknown, or is missing with an unknown of the same rule in its place; that is all.

#![cfg(test)]
// Minutes long and the same with any feature: once is enough.
#![cfg(not(feature = "live"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use alicerce::config::Config;
use alicerce::engine::{self, Outcome};
use alicerce::facts::Facts;
use alicerce::input::{self, Options, Source};
use alicerce::rule::Pack;
use alicerce::world::World;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo")
}

/// Every file of the example below its folder, the manifest apart.
fn files() -> BTreeMap<String, Arc<str>> {
    fn walk(folder: &Path, below: &Path, out: &mut BTreeMap<String, Arc<str>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, below, out);
            } else if let Ok(text) = fs::read_to_string(&path) {
                out.insert(path.strip_prefix(below).unwrap().display().to_string(), Arc::from(text));
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&folder(), &folder(), &mut out);
    out.remove("manifest.json");
    out
}

fn manifest() -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join("manifest.json")).unwrap()).unwrap()
}

/// The calls of the manifest that were answered: account, Region, service, operation.
type Key = [String; 4];

fn text(call: &Value, field: &str) -> String {
    call[field].as_str().unwrap_or_default().to_owned()
}

fn key(call: &Value) -> Key {
    ["account", "region", "service", "operation"].map(|field| text(call, field))
}

/// How a call can end without an answer.
#[derive(Clone, Copy)]
enum Refusal {
    Denied,
    Throttled,
    RegionOff,
    Nothing,
}

/// The example without what these calls answer, the manifest saying why (or, for `Nothing`, without the calls' lines).
fn without(files: &BTreeMap<String, Arc<str>>, refused: impl Fn(&Value) -> bool, how: Refusal) -> Vec<(String, Arc<str>)> {
    let mut files = files.clone();
    let mut manifest = manifest();
    let mut calls = Vec::new();
    for call in manifest["calls"].as_array().unwrap() {
        if !refused(call) {
            calls.push(call.clone());
            continue;
        }
        let [account, region, service, operation] = key(call);
        let stem = format!("{account}/{region}/{service}/{operation}");
        let resource = call["resource"].as_str();
        let written = |name: &str| {
            name.strip_prefix(&stem).is_some_and(|rest| {
                let rest = rest.strip_suffix(".json").or_else(|| rest.strip_suffix(".csv")).unwrap_or(rest);
                match resource {
                    None => rest.is_empty(),
                    Some(resource) => rest.strip_prefix('.').is_some_and(|rest| same_name(rest, resource)),
                }
            })
        };
        files.retain(|name, _| !written(name));
        let (status, code) = match how {
            Refusal::Denied => ("denied", "AccessDeniedException"),
            Refusal::Throttled => ("error", "ThrottlingException"),
            Refusal::RegionOff => ("not-attempted", "RegionNotEnabled"),
            Refusal::Nothing => continue,
        };
        let mut line = call.clone();
        line["status"] = json!(status);
        line["code"] = json!(code);
        line["message"] = json!("refused in a test");
        calls.push(line);
    }
    manifest["calls"] = json!(calls);
    let there: BTreeSet<&String> = files.keys().collect();
    manifest["files"].as_object_mut().unwrap().retain(|name, _| there.contains(name));
    let mut out: Vec<_> = files.into_iter().map(|(name, text)| (format!("banco-exemplo/{name}"), text)).collect();
    out.push(("banco-exemplo/manifest.json".into(), Arc::from(manifest.to_string())));
    out
}

/// Whether a file's name stands for this resource: what a name cannot hold is percent-encoded or hashed away.
fn same_name(name: &str, resource: &str) -> bool {
    let plain = |text: &str| text.replace("%2F", "/").replace("%3A", ":").replace("%2f", "/").replace("%3a", ":");
    plain(name) == plain(resource)
}

/// The worst that a rule says of a subject. The order is from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    NotApplicable,
    Pass,
    Unknown,
    Fail,
}

/// Rule, kind, account, Region and name of the subject → verdict.
type Verdicts = BTreeMap<[String; 5], Verdict>;

fn judge(files: Vec<(String, Arc<str>)>, pack: &Pack) -> (Verdicts, Vec<String>) {
    let text = fs::read_to_string(folder().join("alicerce.toml")).unwrap();
    let config = Config::parse("alicerce.toml", text).unwrap();
    let facts = Facts::build(&input::load(&[Source::Virtual(files)], &Options::default()));
    let world = World::new(facts, config, "2026-11-22T12:00:00Z".parse().unwrap());
    let mut out = Verdicts::new();
    let mut whys = Vec::new();
    for judged in engine::run(pack, &world, &engine::Options::default()) {
        let verdict = match &judged.outcome {
            Outcome::Pass => Verdict::Pass,
            Outcome::Fail => Verdict::Fail,
            Outcome::NotApplicable => Verdict::NotApplicable,
            Outcome::Unknown(reasons) => {
                whys.extend(reasons.iter().map(|why| why.text.to_string()));
                Verdict::Unknown
            }
            Outcome::Undeclared(_) => continue,
        };
        let Some(fact) = judged.subject.and_then(|id| world.facts.get(id)) else { continue };
        let said = |t: &Option<Arc<str>>| t.as_deref().unwrap_or("-").to_owned();
        // A bucket's name is its own in all the world; its Region is an answer.
        let region = if fact.kind.name == "s3-bucket" { "-".to_owned() } else { said(&fact.region) };
        let key = [judged.rule.id.to_string(), fact.kind.name.to_owned(), said(&fact.account), region, fact.name.to_string()];
        let worst = out.entry(key).or_insert(verdict);
        *worst = verdict.max(*worst);
    }
    (out, whys)
}

/// Rules that pass on what nobody outside can read, whatever it holds: refused calls make them speak of more resources.
const CLOSED_WHATEVER_IT_HOLDS: [&str; 1] = ["data-perimeter-missing"];

/// What the refusal made of the verdicts that it must not have made of them.
fn lies(whole: &Verdicts, part: &Verdicts, how: Refusal) -> Vec<String> {
    let mut out = Vec::new();
    let unknown: BTreeSet<&String> =
        part.iter().filter(|(_, verdict)| **verdict == Verdict::Unknown).map(|(key, _)| &key[0]).collect();
    for (key, now) in part {
        let before = whole.get(key);
        let lie = match (before, now) {
            (Some(before), now) if before == now => false,
            (_, Verdict::Unknown) => false,
            (_, Verdict::NotApplicable) if matches!(how, Refusal::RegionOff) => false,
            (Some(Verdict::NotApplicable), Verdict::Pass) => !CLOSED_WHATEVER_IT_HOLDS.contains(&&*key[0]),
            // Of what was not seen before, only that it is not applicable may be said.
            (None, now) => *now != Verdict::NotApplicable,
            (Some(_), _) => true,
        };
        if lie {
            out.push(format!("{}: {before:?} → {now:?}", key.join(" ")));
        }
    }
    // In a Region that the account has not enabled there is nothing.
    let none = matches!(how, Refusal::RegionOff);
    for (key, before) in whole.iter().filter(|_| !none) {
        if *before == Verdict::Fail && !part.contains_key(key) && !unknown.contains(&key[0]) {
            out.push(format!("{}: {before:?} → nothing, with no unknown of the rule", key.join(" ")));
        }
    }
    out
}

/// Refuses each of these in turn, on all cores, and gives what was untrue.
fn each_in_turn(keys: &[(String, Vec<Value>)], how: Refusal) -> Vec<String> {
    let files = files();
    let pack = Pack::builtin().unwrap();
    let (whole, _) = judge(without(&files, |_| false, how), &pack);
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let run = || {
        let mut out = Vec::new();
        while let Some((name, calls)) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (part, whys) = judge(without(&files, |call| calls.contains(call), how), &pack);
            let lies = lies(&whole, &part, how);
            let unknowns = |of: &Verdicts| of.values().filter(|verdict| **verdict == Verdict::Unknown).count();
            let named = |call: &Value| whys.iter().any(|why| why.contains(&text(call, "operation")) && why.contains("denied"));
            if matches!(how, Refusal::Denied) && unknowns(&part) > unknowns(&whole) && !calls.iter().any(named) {
                let said: BTreeSet<&String> = whys.iter().collect();
                out.push(format!("{name}: no reason names it: {said:#?}"));
            }
            out.extend(lies.into_iter().map(|lie| format!("{name}: {lie}")));
        }
        out
    };
    let mut out: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    out.sort();
    out
}

fn answered() -> Vec<Value> {
    manifest()["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["status"] == "ok" || call["status"] == "error")
        .cloned()
        .collect()
}

/// The calls in groups, those that the environment variable `ALICERCE_DENIED` names, where it is set.
fn groups(by: impl Fn(&Value) -> String) -> Vec<(String, Vec<Value>)> {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for call in answered() {
        groups.entry(by(&call)).or_default().push(call);
    }
    let only = std::env::var("ALICERCE_DENIED").unwrap_or_default();
    groups.into_iter().filter(|(name, _)| name.contains(&only)).collect()
}

fn by_operation(call: &Value) -> String {
    format!("{} {}", text(call, "service"), text(call, "operation"))
}

fn check(groups: &[(String, Vec<Value>)], how: Refusal) {
    assert!(!groups.is_empty());
    let lies = each_in_turn(groups, how);
    assert!(lies.is_empty(), "{} lies:\n{}", lies.len(), lies.join("\n"));
}

/// In all accounts and Regions at once, as a policy that lacks an action does.
#[test]
fn a_denied_action_makes_nothing_right_and_nothing_wrong() {
    check(&groups(by_operation), Refusal::Denied);
}

/// By account and Region, for a Region that is off.
#[test]
fn a_region_that_is_off_makes_nothing_right_and_nothing_wrong() {
    let of_regions = groups(|call| format!("{} {}", text(call, "account"), text(call, "region")));
    let of_regions: Vec<_> = of_regions.into_iter().filter(|(name, _)| !name.ends_with(" global")).collect();
    check(&of_regions, Refusal::RegionOff);
}

/// By account, Region and operation, each way of not answering: minutes, so by hand (`cargo test --test denied -- --ignored`).
#[test]
#[ignore = "takes minutes"]
fn each_call_of_each_account_and_region() {
    let each = groups(|call| key(call).join(" "));
    for how in [Refusal::Denied, Refusal::Throttled, Refusal::Nothing] {
        check(&each, how);
    }
}

/// Each single call: many minutes, so by hand.
#[test]
#[ignore = "takes many minutes"]
fn each_single_call() {
    let each = groups(|call| format!("{} {}", key(call).join(" "), text(call, "resource")));
    check(&each, Refusal::Denied);
}
