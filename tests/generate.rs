//! `alicerce generate` from outside: what it writes, what it proves, and that an account under the guard has no finding of the rules on
//! guards.
//!
//! In: an `alicerce.toml` in a folder of its own. Out: what a person or a pipeline would see.

#![cfg(test)]

pub mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::engine::{self, Outcome};
use alicerce::facts::Facts;
use alicerce::input::{self, Source};
use alicerce::rule::Pack;
use alicerce::world::World;
use serde_json::{Value, json};
use support::program::{Run, alicerce};
use support::room::Room;

const SECURITY: &str = "arn:aws:iam::*:role/Security*";

/// One scope for each posture, and one that AWS cannot serve.
const SCOPES: &str = r#"
[[scope]]
name = "brasil"
accounts = ["111122223333"]
posture = "in-region"
approved_regions = ["sa-east-1"]
approved_models = ["deepseek.v3.2", "amazon.titan-embed-text-v2:0"]
security_principals = ["arn:aws:iam::*:role/Security*"]
forbid_bearer_tokens = true

[[scope]]
name = "europa"
accounts = ["111122223333"]
posture = "approved-regions"
approved_regions = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
approved_models = ["anthropic.claude-haiku-4-5-*", "anthropic.claude-sonnet-4-6*"]
security_principals = ["arn:aws:iam::*:role/Security*"]
approved_services = ["bedrock-agentcore", "bedrock-mantle"]

[[scope]]
name = "mundo"
accounts = ["111122223333"]
posture = "global-with-transfer-basis"
approved_regions = ["sa-east-1"]
approved_models = ["anthropic.claude-haiku-4-5-*"]
security_principals = ["arn:aws:iam::*:role/Security*"]
require_guardrail = true
approved_guardrails = ["arn:aws:bedrock:sa-east-1:111122223333:guardrail/abc123"]
approved_endpoints = ["vpce-0123456789abcdef0"]

[[scope]]
name = "impossivel"
accounts = ["111122223333"]
posture = "in-region"
approved_regions = ["sa-east-1"]
approved_models = ["anthropic.claude-haiku-4-5-*"]
"#;

const NAMES: [&str; 4] = ["brasil", "europa", "mundo", "impossivel"];

fn room() -> Room {
    let room = Room::new();
    room.write("alicerce.toml", SCOPES);
    room
}

fn generate(room: &Room, arguments: &[&str]) -> Run {
    let all: Vec<&str> = std::iter::once("generate").chain(arguments.iter().copied()).collect();
    alicerce(room.path(), &all)
}

fn policy(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("standard output is one JSON document")
}

#[test]
fn every_kind_is_proved_for_every_posture_and_twice_the_same() {
    let room = room();
    for scope in NAMES {
        for kind in ["scp", "iam-policy", "endpoint-policy"] {
            let run = generate(&room, &[kind, "--scope", scope]).expect_code(0);
            assert_eq!(policy(&run)["Version"], "2012-10-17", "{scope} {kind}");
            assert!(run.stderr.contains("proved: ") && !run.stderr.contains('✗'), "{}", run.stderr);
        }
    }
    let again = || generate(&room, &["scp", "--scope", "europa"]);
    assert_eq!(again(), again());
}

#[test]
fn the_scp_says_what_was_asked_and_where_aws_cannot_serve_the_posture() {
    let room = room();
    let run = generate(&room, &["scp", "--scope", "impossivel"]).expect_code(0);
    for part in [
        "✓ closed  a geographic or global inference profile",
        "✓ closed  any `bedrock-mantle` action, anywhere",
        "✓ closed  any `bedrock-agentcore` action, anywhere",
        "✓ closed  Claude Platform on AWS (`aws-external-anthropic`), anywhere",
        "✓ closed  a call with a bearer token (API key)",
        "✓ closed  changing the controls, by anybody",
        "✓ open    `anthropic.claude-haiku-4-5-*` by its own id in sa-east-1",
        "(AWS does not run it in sa-east-1 (table of ",
        "note: the posture `in-region` cannot be met with `anthropic.claude-haiku-4-5-*`",
        "note: no security_principals are declared",
    ] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
    let run = generate(&room, &["scp", "--scope", "europa"]).expect_code(0);
    assert!(
        run.stderr.contains("✓ open    `anthropic.claude-haiku-4-5-*` by its `eu.` profile from eu-central-1"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("bedrock-agentcore` action, anywhere"), "an approved service stays open");
}

/// A `eu.` profile called from Zurich may run in Zurich: approved Regions without it cannot have the call pass.
#[test]
fn a_profile_that_leaves_the_approved_regions_is_closed() {
    let room = Room::new();
    let scope = SCOPES
        .split("[[scope]]")
        .nth(2)
        .unwrap()
        .replace("\"eu-west-3\"", "\"eu-west-3\", \"eu-west-2\"")
        .replace("\"eu-south-2\", ", "");
    room.write("alicerce.toml", format!("[[scope]]{scope}"));
    let run = generate(&room, &["scp"]).expect_code(0);
    assert!(run.stderr.contains("✓ closed  `anthropic.claude-haiku-4-5-*` by its `eu.` profile from"), "{}", run.stderr);
    assert!(run.stderr.contains("(may run in eu-south-2)"), "{}", run.stderr);
}

#[test]
fn the_identity_policy_binds_each_leg() {
    let room = room();
    let run = generate(&room, &["iam-policy", "--scope", "mundo"]).expect_code(0);
    let policy = policy(&run);
    let statements = policy["Statement"].as_array().unwrap();
    let profile = "arn:aws:bedrock:sa-east-1:111122223333:inference-profile/global.anthropic.claude-haiku-4-5-*";
    assert_eq!(statements[0]["Resource"], profile);
    assert_eq!(statements[0]["Condition"], json!({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}));
    let models = [
        "arn:aws:bedrock:sa-east-1::foundation-model/anthropic.claude-haiku-4-5-*",
        "arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-4-5-*",
    ];
    assert_eq!(statements[1]["Resource"], json!(models));
    assert_eq!(
        statements[1]["Condition"],
        json!({"ArnLike": {"bedrock:InferenceProfileArn": profile},
               "StringLike": {"bedrock:GuardrailIdentifier": "arn:aws:bedrock:sa-east-1:111122223333:guardrail/abc123:*"}})
    );
    assert!(run.stderr.contains("✓ closed  an approved call that does not come through an approved endpoint"), "{}", run.stderr);
    let run = generate(&room, &["iam-policy", "--scope", "europa", "--through", "direct,geographic"]).expect_code(0);
    assert!(run.stderr.contains("✓ closed  an inference profile that is not listed"), "{}", run.stderr);
    let run = generate(&room, &["iam-policy", "--scope", "europa", "--through", "global"]).expect_code(2);
    assert!(run.stderr.contains("does not let a model be called by a global profile"), "{}", run.stderr);
    let run = generate(&room, &["iam-policy", "--scope", "brasil", "--through", "geographic"]).expect_code(2);
    assert!(run.stderr.contains("the posture is in-region"), "{}", run.stderr);
}

#[test]
fn the_endpoint_is_for_the_scopes_own_principals() {
    let room = room();
    let run = generate(&room, &["endpoint-policy", "--scope", "brasil"]).expect_code(0);
    assert_eq!(policy(&run)["Statement"][0]["Condition"], json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}));
    let run = generate(&room, &["endpoint-policy", "--scope", "brasil", "--organization", "o-a1b2c3d4e5"]).expect_code(0);
    assert_eq!(policy(&run)["Statement"][0]["Condition"], json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    generate(&room, &["endpoint-policy", "--scope", "brasil", "--organization", "example"]).expect_code(2);
}

#[test]
fn files_are_written_and_not_overwritten_unasked() {
    let room = room();
    let run = generate(&room, &["scp", "--scope", "brasil", "--out", "policies"]).expect_code(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("wrote policies/brasil-scp.json"), "{}", run.stderr);
    let text = room.read("policies/brasil-scp.json");
    assert!(text.len() <= 5_121 && text.ends_with("}\n"));
    generate(&room, &["scp", "--scope", "brasil", "--out", "policies"]).expect_code(0);
    room.write("policies/brasil-scp.json", "mine");
    let run = generate(&room, &["scp", "--scope", "brasil", "--out", "policies"]).expect_code(2);
    assert!(run.stderr.contains("exists already"), "{}", run.stderr);
    generate(&room, &["scp", "--scope", "brasil", "--out", "policies", "--force"]).expect_code(0);
    assert_eq!(room.read("policies/brasil-scp.json"), text);
}

/// Models by the dozen: several policies, each within the limit, and one statement that fits none.
#[test]
fn large_guards_are_split_or_refused() {
    let room = Room::new();
    let scope = |models: usize, regions: &str| {
        let models: Vec<String> = (0..models).map(|n| format!("\"vendor.some-model-with-a-long-name-{n:03}-v1:0\"")).collect();
        format!(
            "[[scope]]\nname = \"many\"\naccounts = [\"111122223333\"]\nposture = \"in-region\"\napproved_regions = [{regions}]\napproved_models = [{}]\n",
            models.join(", ")
        )
    };
    room.write("alicerce.toml", scope(40, "\"sa-east-1\""));
    let run = generate(&room, &["scp", "--out", "policies"]).expect_code(0);
    assert!(run.stderr.contains("the guard is 2 policies"), "{}", run.stderr);
    for n in 1..=2 {
        assert!(room.read(&format!("policies/many-scp-{n}.json")).trim_end().chars().count() <= 5_120);
    }
    let run = generate(&room, &["scp"]).expect_code(0);
    assert_eq!(policy(&run).as_array().map(Vec::len), Some(2));
    room.write("alicerce.toml", scope(70, "\"sa-east-1\", \"us-east-1\""));
    let run = generate(&room, &["scp"]).expect_code(2);
    assert!(run.stderr.contains("`OnlyApprovedModels` would have"), "{}", run.stderr);
    let run = generate(&room, &["iam-policy", "--out", "policies"]).expect_code(0);
    assert!(run.stderr.contains("many-iam-policy-2.json"), "{}", run.stderr);
}

/// The page shows what the program prints.
#[test]
fn the_page_is_true() {
    let page = include_str!("../docs/generate.md");
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).map(|text| format!("{text}\n")).collect()
    };
    let (scopes, shown, policies) = (blocks("toml"), blocks("text"), blocks("json"));
    let room = Room::new();
    room.write("alicerce.toml", &scopes[0]);
    assert_eq!(generate(&room, &["scp"]).expect_code(0).stderr, shown[0]);
    room.write("alicerce.toml", &scopes[1]);
    let run = generate(&room, &["iam-policy"]).expect_code(0);
    assert_eq!((&run.stdout, &run.stderr), (&policies[0], &shown[1]));
}

#[test]
fn what_is_missing_is_said() {
    let room = Room::new();
    let run = generate(&room, &["scp", "--scope", "x"]).expect_code(2);
    assert!(run.stderr.contains("there is no alicerce.toml here") && run.stderr.contains("alicerce init"), "{}", run.stderr);
    room.write("alicerce.toml", SCOPES);
    let run = generate(&room, &["scp", "--scope", "x"]).expect_code(2);
    assert!(run.stderr.contains("there is no scope `x`") && run.stderr.contains("`europa`"), "{}", run.stderr);
    let run = generate(&room, &["scp"]).expect_code(2);
    assert!(run.stderr.contains("--scope NAME"), "{}", run.stderr);
    for (text, said) in [
        ("[[scope]]\nname = \"a\"\napproved_regions = [\"sa-east-1\"]\n", "declares no posture"),
        ("[[scope]]\nname = \"a\"\nposture = \"in-region\"\n", "declares no approved Regions"),
        (
            "[[scope]]\nname = \"a\"\nposture = \"in-region\"\napproved_regions = [\"sa-east-1\", \"us-gov-west-1\"]\n",
            "several AWS partitions",
        ),
    ] {
        room.write("alicerce.toml", text);
        let run = generate(&room, &["scp"]).expect_code(2);
        assert!(run.stderr.contains(said), "{said}\n{}", run.stderr);
    }
    room.write("alicerce.toml", "[[scope]]\nname = \"a\"\nposture = \"in-region\"\napproved_regions = [\"sa-east-1\"]\n");
    generate(&room, &["scp"]).expect_code(0);
    let run = generate(&room, &["iam-policy"]).expect_code(2);
    assert!(run.stderr.contains("declares no approved models"), "{}", run.stderr);
    let run = generate(&room, &["endpoint-policy"]).expect_code(2);
    assert!(run.stderr.contains("--organization"), "{}", run.stderr);
}

/// An approved guardrail in a Region that is not approved: the endpoint would let it be applied there. The proof finds it.
#[test]
fn a_guard_that_does_not_hold_is_not_printed() {
    let room = Room::new();
    let scope = SCOPES.split("[[scope]]").nth(1).unwrap();
    let guardrail = "require_guardrail = true\napproved_guardrails = [\"arn:aws:bedrock:us-east-1:111122223333:guardrail/x\"]\n";
    room.write("alicerce.toml", format!("[[scope]]{scope}{guardrail}"));
    let run = generate(&room, &["endpoint-policy", "--out", "policies"]).expect_code(1);
    assert!(run.stdout.is_empty() && !room.path().join("policies").exists());
    assert!(
        run.stderr.contains("✗ open    any action of the Bedrock family outside sa-east-1 (should be closed)"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("not proved: ") && run.stderr.contains("guardrail/x"), "{}", run.stderr);
}

/// The rules that judge guards; those that are not shipped are passed over.
const RULES: [&str; 6] = [
    "region-guard-missing",
    "region-guard-opens-global",
    "global-profile-guard-bypassable",
    "model-guard-missing",
    "control-tampering-not-denied",
    "scp-not-attached",
];

#[test]
fn an_account_under_the_guard_has_no_finding_of_the_rules_on_guards() {
    assert!(SCOPES.contains(SECURITY));
    let pack = Pack::builtin().unwrap();
    let only: BTreeSet<Arc<str>> = RULES.iter().filter_map(|id| pack.find(id)).map(|rule| rule.id.clone()).collect();
    for scope in NAMES {
        let room = room();
        let policy = generate(&room, &["scp", "--scope", scope]).expect_code(0).stdout;
        // That the guard makes the difference, one scope shows.
        let states = if scope == NAMES[0] { &[true, false][..] } else { &[true][..] };
        for attached in states.iter().copied() {
            let expected = if attached { Outcome::Pass } else { Outcome::Fail };
            let export = Room::new();
            export_of(&export, &policy, attached);
            let own = SCOPES.split("[[scope]]").find(|text| text.contains(&format!("\"{scope}\""))).unwrap();
            let config = Config::parse("alicerce.toml", format!("[[scope]]{own}")).unwrap();
            let facts = Facts::build(&input::load(&[Source::Path(export.path().to_owned())], &input::Options::default()));
            let world = World::new(facts, config, "2026-11-22T12:00:00Z".parse().unwrap());
            let judged = engine::run(&pack, &world, &engine::Options { only: Some(only.clone()), progress: None });
            let outcomes: Vec<_> =
                judged.iter().map(|j| (j.rule.id.to_string(), j.outcome.clone(), j.message.to_string())).collect();
            let region = outcomes.iter().find(|(rule, outcome, _)| rule == RULES[0] && *outcome == expected);
            assert!(region.is_some(), "{scope}: {outcomes:#?}");
            let bad = outcomes.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Fail | Outcome::Unknown(_)));
            assert_eq!(bad, !attached, "{scope}: {outcomes:#?}");
        }
    }
}

/// An organisation of a management account and a member account; the guard on the root, or nowhere.
fn export_of(room: &Room, guard: &str, attached: bool) {
    const MANAGEMENT: &str = "999988887777";
    let file = |name: &str, content: Value| {
        room.write(&format!("{MANAGEMENT}/global/organizations/{name}.json"), content.to_string());
    };
    let arn = |what: &str| format!("arn:aws:organizations::{MANAGEMENT}:{what}");
    let account = |id: &str, name: &str| {
        json!({"Id": id, "Arn": arn(&format!("account/o-exampleorg1/{id}")), "Email": format!("{name}@example.com"), "Name": name,
               "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": "2026-01-05T10:00:00+00:00"})
    };
    file(
        "describe-organization",
        json!({"Organization": {"Id": "o-exampleorg1", "Arn": arn("organization/o-exampleorg1"), "FeatureSet": "ALL",
            "MasterAccountArn": arn(&format!("account/o-exampleorg1/{MANAGEMENT}")), "MasterAccountId": MANAGEMENT,
            "MasterAccountEmail": "management@example.com"}}),
    );
    let types = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]);
    file(
        "list-roots",
        json!({"Roots": [{"Id": "r-ab12", "Arn": arn("root/o-exampleorg1/r-ab12"), "Name": "Root", "PolicyTypes": types}]}),
    );
    let accounts = json!({"Accounts": [account(MANAGEMENT, "management"), account("111122223333", "workload")]});
    file("list-accounts", accounts.clone());
    file("list-accounts-for-parent.r-ab12", accounts);
    file("list-organizational-units-for-parent.r-ab12", json!({"OrganizationalUnits": []}));
    let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}).to_string();
    let policies = [("p-FullAWSAccess", "FullAWSAccess", full.as_str(), true), ("p-guard001", "Guard", guard, attached)];
    let mut summaries = Vec::new();
    for (id, name, content, attached) in policies {
        let summary = json!({"Id": id, "Arn": arn(&format!("policy/o-exampleorg1/service_control_policy/{id}")), "Name": name,
            "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": id == "p-FullAWSAccess"});
        file(&format!("describe-policy.{id}"), json!({"Policy": {"PolicySummary": summary, "Content": content}}));
        let mut targets =
            vec![json!({"TargetId": "r-ab12", "Arn": arn("root/o-exampleorg1/r-ab12"), "Name": "Root", "Type": "ROOT"})];
        if id == "p-FullAWSAccess" {
            for account in [MANAGEMENT, "111122223333"] {
                let arn = arn(&format!("account/o-exampleorg1/{account}"));
                targets.push(json!({"TargetId": account, "Arn": arn, "Name": account, "Type": "ACCOUNT"}));
            }
        }
        targets.retain(|_| attached);
        file(&format!("list-targets-for-policy.{id}"), json!({"Targets": targets}));
        summaries.push(summary);
    }
    file("list-policies.SERVICE_CONTROL_POLICY", json!({"Policies": summaries}));
    let empty = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false});
    room.write("111122223333/global/iam/get-account-authorization-details.json", empty.to_string());
}
