//! `alicerce facts` from outside: kinds, one kind, one subject, and words that name nothing.

#![cfg(test)]

pub mod support;

use serde_json::Value;
use support::program::{Run, alicerce};
use support::room::Room;

fn facts(room: &Room, arguments: &[&str]) -> Run {
    let all: Vec<&str> = std::iter::once("facts").chain(arguments.iter().copied()).collect();
    alicerce(room.path(), &all)
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("one JSON object")
}

#[test]
fn kinds_are_listed_and_one_is_told_with_its_types() {
    let room = Room::new();
    let all = facts(&room, &[]).expect_code(0);
    assert!(all.stdout.contains("vpc-endpoint") && all.stdout.contains("principal"), "{}", all.stdout);
    let kinds = json(&facts(&room, &["--format", "json"]).expect_code(0));
    assert!(kinds["kinds"].as_array().unwrap().iter().any(|k| k["kind"] == "flow" && k["members"].as_u64().unwrap() > 5));

    let one = facts(&room, &["knowledge-base"]).expect_code(0).stdout;
    for part in
        ["storageConfiguration", "Edges to other facts", "data_sources", "resource_policy", "residency_routes", "destinations"]
    {
        assert!(one.contains(part), "{part}: {one}");
    }
    let workload = json(&facts(&room, &["lambda-function", "--format", "json"]).expect_code(0));
    assert!(
        workload["objects"].as_object().unwrap().values().all(|fields| fields
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["name"] != "account_id"))
    );
    let one = json(&facts(&room, &["knowledge-base", "--format", "json"]).expect_code(0));
    assert_eq!(one["derived"].as_array().unwrap().iter().filter(|d| d["name"] == "residency_routes").count(), 1);
    assert_eq!(one["objects"]["residency-route"][0]["name"], "what");
    assert!(facts(&room, &["bedrock.GetGuardrailResponse"]).expect_code(0).stdout.contains("crossRegionDetails"));
}

#[test]
fn a_subject_is_shown_with_its_place_edges_and_derived_facts() {
    let room = Room::new();
    let shown = facts(&room, &["knowledge-base/normas"]).expect_code(0).stdout;
    for part in
        ["get-knowledge-base.GD98GNLKMT.json:3:", "scope: producao", "role: iam-role ", "residency_routes:", "- sa-east-1"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let arn = "arn:aws:bedrock:sa-east-1:222233334444:knowledge-base/GD98GNLKMT";
    let found = json(&facts(&room, &[arn, "--format", "json"]).expect_code(0));
    assert_eq!((&found["arn"], &found["edges"]["role"]["kind"]), (&Value::from(arn), &Value::from("iam-role")));
    assert_eq!(found["location"]["line"], 3);
}

#[test]
fn what_is_not_known_says_why() {
    let room = Room::new();
    room.write(
        "111122223333/global/s3api/list-buckets.json",
        r#"{"Buckets": [{"Name": "prompts", "CreationDate": "2026-05-01T12:00:00+00:00"}]}"#,
    );
    let shown = facts(&room, &["prompts", "."]).expect_code(0).stdout;
    assert!(shown.contains("encryption: not known: ") && shown.contains("get-bucket-encryption"), "{shown}");
    let found = json(&facts(&room, &["s3-bucket/prompts", ".", "--format", "json"]).expect_code(0));
    assert!(found["answers"]["encryption"]["unknown"].is_string());
}

#[test]
fn words_that_name_nothing_or_too_much_are_2_with_help() {
    let room = Room::new();
    for (what, help) in [
        ("knowledge-base/norms", "knowledge-base/normas"),
        ("lambda-functon", "`lambda-function`"),
        ("sa-east-1", "bedrock-region/222233334444/sa-east-1"),
    ] {
        let run = facts(&room, &[what]).expect_code(2);
        assert!(run.stderr.contains(help), "{}", run.stderr);
    }
    facts(&room, &["agent", "."]).expect_code(2);
}

#[test]
fn hostile_names_and_long_lists_are_made_readable() {
    let room = Room::new();
    let topics: Vec<String> =
        (0..30).map(|n| format!(r#"{{"name": "t{n}\u001b[31m\u202e", "definition": "d", "type": "DENY"}}"#)).collect();
    room.write(
        "111122223333/sa-east-1/bedrock/get-guardrail.abcdefghijkl.json",
        format!(
            r#"{{"name": "g", "guardrailId": "abcdefghijkl", "guardrailArn": "arn:aws:bedrock:sa-east-1:111122223333:guardrail/abcdefghijkl",
            "version": "DRAFT", "status": "READY", "topicPolicy": {{"topics": [{}]}}}}"#,
            topics.join(",")
        ),
    );
    let cut = facts(&room, &["guardrail/g", "."]).expect_code(0).stdout;
    assert!(
        !cut.contains(['\u{1b}', '\u{202e}']) && cut.contains("t0") && !cut.contains("t29") && cut.contains("22 more"),
        "{cut}"
    );
    assert!(facts(&room, &["guardrail/g", ".", "--all"]).expect_code(0).stdout.contains("t29"));
}

#[test]
fn the_walk_through_works_as_it_is_written() {
    let room = Room::new();
    let mut lines = include_str!("../docs/own-rules.md").lines();
    let mut files = 0;
    while let Some(line) = lines.next() {
        let Some(path) = line.strip_prefix('`').and_then(|l| l.strip_suffix("`:")) else { continue };
        let block = lines.by_ref().skip_while(|l| !l.starts_with("```")).skip(1).take_while(|l| !l.starts_with("```"));
        room.write(path, block.map(|l| format!("{l}\n")).collect::<String>());
        files += 1;
    }
    assert_eq!(files, 9);
    let borrowed = [
        ("network/nat-dependency", "network/bedrock-by-the-internet", ["fail.nat-gateway.yaml", "pass.no-way-out.yaml"]),
        ("logging/prompt-log-destination-broken", "logging/record-does-not-arrive", ["fail.scp.yaml", "pass.log-group.yaml"]),
        ("logging/prompt-log-readable-widely", "logging/prompts-read-by-anybody", ["fail.log-group.yaml", "pass.security.yaml"]),
        ("encryption/guardrail-without-cmk", "encryption/key-of-this-account", ["fail.no-key.yaml", "pass.customer-key.yaml"]),
        ("encryption/key-policy-open", "encryption/key-used-from-outside", ["fail.grant.yaml", "pass.grant-within.yaml"]),
        ("encryption/key-policy-open", "encryption/key-ended-by-workload", ["fail.workload.yaml", "pass.workload-uses-it.yaml"]),
    ];
    for (built_in, own, cases) in borrowed {
        for case in cases {
            let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(built_in).join(case);
            room.write(&format!("my-rules/{own}/{case}"), std::fs::read(from).unwrap());
        }
    }
    let run = alicerce(room.path(), &["rules", "test", "my-rules"]).expect_code(0);
    assert!(run.stdout.contains("14 cases of 7 rules: all hold"), "{}", run.stdout);
}
