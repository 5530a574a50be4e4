//! What a report says of what was not seen, and of who saw the rest: coverage by account, Region and service, and the manifest.
//!
//! In: exports in part, with manifests. Out: reasons, reports in every format, exit codes.

#![cfg(test)]

pub mod support;

use std::sync::Arc;

use alicerce::facts::Facts;
use alicerce::input::{self, Options, Source};
use serde_json::{Value, json};
use support::program::{Run, alicerce};
use support::room::Room;

const ACCOUNT: &str = "111122223333";
const IAM: &str = r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
/// SHA-256 of `IAM`.
const IAM_SHA256: &str = "eae6fe579625e5fd93e5a4c0c326176fa88340ddae93fd834c5f040a19842f50";

fn manifest(calls: &[(&str, &str, &str, &str, &str, &str)]) -> String {
    let call = |(region, service, operation, status, code, message): &(&str, &str, &str, &str, &str, &str)| {
        json!({"account": ACCOUNT, "region": region, "service": service, "operation": operation,
            "status": status, "code": code, "message": message})
    };
    json!({
        "alicerce_export": 1,
        "collected_at": "2026-11-20T12:00:00Z",
        "caller": "arn:aws:iam::111122223333:role/Auditor",
        "tool": "alicerce 0.1.0",
        "calls": calls.iter().map(call).collect::<Vec<_>>(),
        "files": {"111122223333/global/iam/get-account-authorization-details.json": IAM_SHA256},
    })
    .to_string()
}

const PARTIAL: [(&str, &str, &str, &str, &str, &str); 5] = [
    ("sa-east-1", "bedrock", "get-model-invocation-logging-configuration", "denied", "AccessDeniedException", "not authorized"),
    ("us-east-1", "bedrock", "get-model-invocation-logging-configuration", "denied", "AccessDeniedException", "not authorized"),
    ("sa-east-1", "ec2", "describe-vpcs", "error", "RequestLimitExceeded", "too many"),
    ("sa-east-1", "ec2", "describe-vpc-endpoints", "error", "NoAnswer", "request has timed out"),
    ("me-south-1", "ec2", "describe-vpcs", "not-attempted", "RegionNotEnabled", "the account has not enabled this Region"),
];

fn partial() -> Room {
    let room = Room::new();
    room.write("export/111122223333/global/iam/get-account-authorization-details.json", IAM);
    room.write("export/manifest.json", manifest(&PARTIAL));
    room
}

fn scan(room: &Room, arguments: &[&str]) -> Run {
    let all = ["scan", "export", "--now", "2026-11-28T00:00:00Z", "--fail-on", "never"];
    alicerce(room.path(), &[&all[..], arguments].concat())
}

fn as_json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("the report is JSON")
}

/// Each way of not knowing has a text of its own.
#[test]
fn a_reason_says_how_the_call_ended() {
    let message = "dispatch failure: io error: dns error: failed to lookup address information";
    let absent = ("sa-west-9", "bedrock", "list-guardrails", "error", "NoAnswer", message);
    let files = vec![("manifest.json".to_owned(), Arc::from(manifest(&[&PARTIAL[..], &[absent]].concat())))];
    let facts = Facts::build(&input::load(&[Source::Virtual(files)], &Options::default()));
    let why = |service: &str, operation: &str, region: &str| {
        let why = facts.collected(service, operation, Some(ACCOUNT), Some(region)).expect_err("it was not answered");
        why.text.to_string()
    };
    let logging = "get-model-invocation-logging-configuration";
    let in_region = |call: &str, region: &str| format!("`{call}` in account {ACCOUNT}, {region}");
    assert_eq!(
        why("bedrock", logging, "sa-east-1"),
        in_region(&format!("bedrock {logging}"), "sa-east-1") + " was denied (AccessDeniedException)"
    );
    assert_eq!(
        why("ec2", "describe-vpcs", "sa-east-1"),
        in_region("ec2 describe-vpcs", "sa-east-1") + " was throttled at every attempt (RequestLimitExceeded)"
    );
    assert_eq!(
        why("ec2", "describe-vpc-endpoints", "sa-east-1"),
        in_region("ec2 describe-vpc-endpoints", "sa-east-1") + " timed out (NoAnswer: request has timed out)"
    );
    assert_eq!(
        why("ec2", "describe-vpcs", "me-south-1"),
        in_region("ec2 describe-vpcs", "me-south-1") + " was not attempted, because the account has not enabled this Region"
    );
    let none = why("bedrock", "list-guardrails", "sa-west-9");
    assert!(none.contains("found no endpoint, as where the service is not offered in the Region"), "{none}");
    assert!(why("kms", "list-keys", "sa-east-1").ends_with("was not collected"));
}

#[test]
fn a_scan_in_part_finishes_and_strict_ends_with_3() {
    let room = partial();
    let lenient = scan(&room, &["--format", "json"]).expect_code(0);
    let report = as_json(&lenient);
    assert!(!report["unknowns"].as_array().expect("a list").is_empty());
    let row = json!({"account": ACCOUNT, "region": "sa-east-1", "service": "ec2", "collected": 0, "denied": 0, "failed": 2, "not_attempted": 0});
    assert!(report["coverage"].as_array().expect("a list").contains(&row), "{}", report["coverage"]);
    scan(&room, &["--format", "json", "--strict"]).expect_code(3);
}

#[test]
fn people_see_what_lacks_by_service_and_why() {
    let text = scan(&partial(), &[]).expect_code(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "every call answered: iam",
        "not in full: 111122223333 sa-east-1: bedrock (1 denied of 1), ec2 (2 failed of 2)",
        "not in full: 111122223333 me-south-1: ec2 (1 not attempted of 1)",
        "denied: bedrock get-model-invocation-logging-configuration, 2 times (111122223333 sa-east-1; 111122223333 us-east-1): \
         AccessDeniedException: not authorized",
        "failed: ec2 describe-vpcs in 111122223333 sa-east-1: RequestLimitExceeded: too many",
        "export/manifest.json: collected 2026-11-20T12:00:00Z by arn:aws:iam::111122223333:role/Auditor with alicerce 0.1.0",
        "1 files, all as collected; sha256 ",
    ] {
        assert!(text.contains(said), "lacks `{said}`:\n{text}");
    }
}

/// A rule whose subjects nobody listed is named with the call that is missing, in every format; `--strict` does not take its silence.
#[test]
fn what_nobody_looked_for_is_no_pass() {
    let room = Room::new();
    room.write("export/111122223333/global/iam/get-account-authorization-details.json", IAM);
    let only = ["--rule", "guardrail-without-cmk"];
    let human = scan(&room, &only).expect_code(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "1 of them had nothing to judge, because nobody looked; their silence is no pass: \
                `bedrock list-guardrails` was not collected: guardrail-without-cmk";
    assert!(human.contains(said), "{human}");
    let missing = json!(["`bedrock list-guardrails` was not collected"]);
    let report = as_json(&scan(&room, &[&only[..], &["--format", "json"]].concat()));
    let rules = report["rules"].as_array().expect("a list");
    let rule = rules.iter().find(|rule| rule["id"] == "guardrail-without-cmk").expect("the rule is listed");
    assert_eq!(rule["not_looked_for"], missing);
    let sarif = as_json(&scan(&room, &[&only[..], &["--format", "sarif"]].concat()));
    assert_eq!(sarif["runs"][0]["properties"]["notLookedFor"], json!({"guardrail-without-cmk": missing}));
    scan(&room, &[&only[..], &["--strict"]].concat()).expect_code(3);

    room.write("export/111122223333/sa-east-1/bedrock/list-guardrails.json", r#"{"guardrails": []}"#);
    let looked = scan(&room, &[&only[..], &["--strict"]].concat()).expect_code(0).stdout;
    let looked = looked.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(looked.contains("because there is nothing of the kind: guardrail-without-cmk"), "{looked}");
}

/// SARIF holds the rows of the coverage and each call without an answer, as JSON does.
#[test]
fn sarif_has_the_coverage() {
    let room = partial();
    let json = as_json(&scan(&room, &["--format", "json"]));
    let sarif = as_json(&scan(&room, &["--format", "sarif"]));
    let properties = &sarif["runs"][0]["properties"];
    assert_eq!(json["gaps"].as_array().expect("a list").len(), PARTIAL.len());
    for part in ["coverage", "gaps", "exports"] {
        assert_eq!(properties[part], json[part], "{part}");
    }
}

/// A list that the manifest says was left out makes the rules over it undetermined for the account; one of a Region or a service that
/// is not there does not.
#[test]
fn a_list_that_was_left_out_is_undetermined_for_the_account() {
    let unknowns = |code: &str| {
        let room = Room::new();
        room.write("export/111122223333/global/iam/get-account-authorization-details.json", IAM);
        room.write("export/111122223333/us-east-1/bedrock/list-guardrails.json", r#"{"guardrails": []}"#);
        let left_out = ("sa-east-1", "bedrock", "list-guardrails", "not-attempted", code, "why");
        room.write("export/manifest.json", manifest(&[left_out]));
        let report = as_json(&scan(&room, &["--rule", "guardrail-without-cmk", "--format", "json"]));
        report["unknowns"].as_array().expect("a list").iter().map(|group| group["text"].clone()).collect::<Vec<_>>()
    };
    let text = "`bedrock list-guardrails` in account 111122223333, sa-east-1 was not attempted (Stopped: why)";
    assert_eq!(unknowns("Stopped"), [json!(text)]);
    let text = "`bedrock list-guardrails` in account 111122223333, sa-east-1 was not attempted: why";
    assert_eq!(unknowns("NotInConfig"), [json!(text)]);
    for gone in ["ServiceNotInRegion", "RegionNotEnabled", "FromConfig"] {
        assert_eq!(unknowns(gone), Vec::<Value>::new(), "{gone}");
    }
}

/// The digest in the report is the manifest's; what was changed, taken away or added since is counted.
#[test]
fn a_report_names_its_evidence_and_what_was_changed_since() {
    let room = partial();
    let exports = |room: &Room| as_json(&scan(room, &["--format", "json"]))["exports"].clone();
    let whole = exports(&room);
    assert_eq!(whole[0]["manifest"], "export/manifest.json");
    assert_eq!(whole[0]["caller"], "arn:aws:iam::111122223333:role/Auditor");
    assert_eq!((&whole[0]["changed"], &whole[0]["missing"], &whole[0]["added"]), (&json!(0), &json!(0), &json!(0)));
    let digest = whole[0]["sha256"].as_str().expect("a digest").to_owned();
    let verified = alicerce(room.path(), &["verify", "export"]).expect_code(0);
    assert!(verified.stdout.contains(&digest), "{}", verified.stdout);
    let sarif = as_json(&scan(&room, &["--format", "sarif"]).expect_code(0));
    assert_eq!(sarif["runs"][0]["properties"]["exports"], whole);

    room.write("export/111122223333/global/iam/get-account-authorization-details.json", format!("{IAM} "));
    room.write("export/111122223333/sa-east-1/kms/list-keys.json", r#"{"Keys": []}"#);
    let run = scan(&room, &["--format", "json"]).expect_code(3);
    let after = &as_json(&run)["exports"][0];
    assert_eq!((&after["changed"], &after["missing"], &after["added"]), (&json!(1), &json!(0), &json!(1)));
    std::fs::remove_file(room.path().join("export/111122223333/global/iam/get-account-authorization-details.json"))
        .expect("it was there");
    assert_eq!(exports(&room)[0]["missing"], 1);
}
