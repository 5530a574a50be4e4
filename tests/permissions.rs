//! `alicerce permissions`: each form holds the same actions, reads as what it is, and fits where it goes.
//!
//! In: the built program. Out: policies, a Terraform file, a CloudFormation template.

#![cfg(test)]

pub mod support;

use std::collections::BTreeSet;

use alicerce::doc::Document;
use serde_json::Value;
use support::program::alicerce;
use support::room::Room;

fn printed(arguments: &[&str]) -> String {
    alicerce(Room::new().path(), &[&["permissions"], arguments].concat()).expect_code(0).stdout
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// The actions of a policy, or of a list of them.
fn actions(policy: &Value) -> BTreeSet<String> {
    let policies = policy.as_array().cloned().unwrap_or_else(|| vec![policy.clone()]);
    let statements = policies.iter().flat_map(|policy| policy["Statement"].as_array().cloned().unwrap_or_default());
    let lists = statements.map(|statement| statement["Action"].clone());
    let texts = lists.flat_map(|list| list.as_array().cloned().unwrap_or_else(|| vec![list]));
    texts.filter_map(|action| action.as_str().map(str::to_owned)).collect()
}

/// IAM counts the characters of a document without its white space.
fn length(policy: &Value) -> usize {
    policy.to_string().len()
}

#[test]
fn a_managed_policy_is_short_enough_and_all_of_them_are_the_policy() {
    for more in [&[][..], &["--org"], &["--from-config"]] {
        let whole = parsed(&printed(more));
        let parts = parsed(&printed(&[&["--format", "managed-policies"], more].concat()));
        let list = parts.as_array().expect("a list");
        // So many may be attached to a role, if nobody asked for more.
        assert!(!list.is_empty() && list.len() <= 10);
        assert!(list.iter().all(|policy| length(policy) <= 6_144 && policy["Version"] == "2012-10-17"));
        assert_eq!(actions(&parts), actions(&whole));
        // As the only inline policy of a role.
        assert!(length(&whole) <= 10_240);
    }
}

/// Nothing of our own rules is wrong with what we ask for.
#[test]
fn the_policy_passes_our_own_rules() {
    for more in [&[][..], &["--org"]] {
        let room = Room::new();
        room.write("policy.json", printed(more));
        let run = alicerce(room.path(), &["scan", "--policy-type", "identity", "--fail-on", "low", "policy.json"]);
        run.expect_code(0);
    }
}

/// No wildcard, nothing that writes.
#[test]
fn only_reading_is_asked_for() {
    let reports = ["iam:GenerateCredentialReport", "iam:GenerateServiceLastAccessedDetails"];
    for action in actions(&parsed(&printed(&[]))) {
        let name = action.split_once(':').expect("a service and an action").1;
        let reads = ["Get", "List", "Describe", "Search", "BatchGet", "Select", "View"].iter().any(|verb| name.starts_with(verb));
        assert!((reads || reports.contains(&&*action)) && !action.contains('*'), "{action}");
        // No values of parameters or secrets, no objects of buckets, no log events, no code.
        let contents = ["secretsmanager:GetSecretValue", "s3:GetObject", "logs:GetLogEvents", "lambda:GetFunction"];
        assert!(!contents.contains(&&*action) && !action.starts_with("ssm:"), "{action}");
    }
}

#[test]
fn the_terraform_file_is_whole() {
    let text = printed(&["--format", "terraform", "--role", "Auditor"]);
    let (before, rest) = text.split_once("<<-EOT\n").expect("the policy stands in a heredoc");
    let (policy, after) = rest.split_once("\nEOT\n").expect("the heredoc ends");
    assert_eq!(actions(&parsed(policy)), actions(&parsed(&printed(&[]))));
    // In a heredoc `${` and `%{` would be read.
    assert!(!policy.contains("${") && !policy.contains("%{"));
    let code = format!("{before}{after}");
    for (open, close) in [('{', '}'), ('[', ']'), ('(', ')')] {
        let mut depth = 0_i32;
        for letter in code.chars() {
            depth += i32::from(letter == open) - i32::from(letter == close);
            assert!(depth >= 0, "a `{close}` too many");
        }
        assert_eq!(depth, 0, "`{open}` is not closed");
    }
    assert!(code.lines().all(|line| line.matches('"').count() % 2 == 0));
    for block in [
        "variable \"trusted_account_id\"",
        "variable \"external_id\"",
        "resource \"aws_iam_role\" \"alicerce\"",
        "name = \"Auditor\"",
    ] {
        assert!(code.contains(block), "{block}");
    }
}

/// A template may be YAML or JSON, and this is both.
#[test]
fn the_template_of_the_stack_set_reads_as_cloudformation() {
    let text = printed(&["--format", "cloudformation-stackset", "--role", "Auditor"]);
    let document = Document::yaml("role.yaml", text.as_str()).expect("it is YAML");
    let name = document.root().path(&["Resources", "Role", "Properties", "RoleName"]).expect("a role with a name");
    assert_eq!(name.as_str(), Some("Auditor"));
    let template = parsed(&text);
    let role = &template["Resources"]["Role"];
    assert_eq!(role["Type"], "AWS::IAM::Role");
    let inline = role["Properties"]["Policies"].as_array().expect("a list");
    assert!(inline.iter().map(|policy| length(&policy["PolicyDocument"])).sum::<usize>() <= 10_240);
    assert_eq!(actions(&inline[0]["PolicyDocument"]), actions(&parsed(&printed(&[]))));
    // The trust asks for the account and the external id.
    let trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].to_string();
    assert!(trust.contains("TrustedAccountId") && trust.contains("sts:ExternalId"), "{trust}");
    for parameter in ["TrustedAccountId", "ExternalId"] {
        assert!(template["Parameters"][parameter].is_object());
    }
}
