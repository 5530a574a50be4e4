//! Hostile input through the built program: a clear error or a safe rendering; never a crash, a hang, exit code 0, or a raw
//! control character in what is printed.

#![cfg(test)]

pub mod support;

use std::fmt::Write as _;

use support::program::{Run, alicerce, alicerce_with};
use support::room::Room;

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}"#;

/// Scans a file of this content, as a person and as machines would; the run as a person sees it.
fn scan(name: &str, content: impl AsRef<[u8]>) -> Run {
    let room = Room::new();
    room.write(name, content);
    scan_room(&room, name)
}

fn scan_room(room: &Room, name: &str) -> Run {
    let run = alicerce(room.path(), &["scan", name, "--format", "human", "--format", "json=r.json", "--format", "sarif=r.sarif"]);
    for text in [&run.stdout, &run.stderr, &room.read("r.json"), &room.read("r.sarif")] {
        let raw = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "a raw control character\n{text}");
    }
    serde_json::from_str::<serde_json::Value>(&room.read("r.json")).expect("the JSON report is JSON");
    serde_json::from_str::<serde_json::Value>(&room.read("r.sarif")).expect("SARIF is JSON");
    run
}

/// An account with one role, whose names and policies are somebody's.
fn account(role: &str, policy: &str, tag: &str) -> String {
    let document: serde_json::Value = serde_json::from_str(POLICY).unwrap();
    serde_json::json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": role, "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::111122223333:role/{role}"),
            "CreateDate": "2026-01-01T00:00:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "RolePolicyList": [{"PolicyName": policy, "PolicyDocument": document}],
            "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [{"Key": "team", "Value": tag}]
        }]
    })
    .to_string()
}

#[test]
fn texts_that_no_parser_takes_make_the_run_incomplete() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        writeln!(bomb, "a{i}: &a{i} [{}]", format!("*a{}, ", i - 1).repeat(10)).unwrap();
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(POLICY.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let cases: [(&str, Vec<u8>); 9] = [
        ("brackets.json", "[".repeat(20_000).into_bytes()),
        ("pairs.json", ("[".repeat(20_000) + &"]".repeat(20_000)).into_bytes()),
        ("brackets.yaml", "[".repeat(20_000).into_bytes()),
        ("bomb.yaml", bomb.into_bytes()),
        ("cut.json", POLICY.as_bytes()[..60].to_vec()),
        ("utf16.json", utf16),
        ("nul.json", POLICY.replace("bedrock", "bed\0rock").into_bytes()),
        ("empty.json", Vec::new()),
        ("noise.json", (0..=255u8).cycle().take(5_000).collect()),
    ];
    for (name, content) in cases {
        let run = scan(name, content).expect_code(3);
        assert!(run.stdout.contains(name), "{}", run.stdout);
    }
}

/// Such a policy grants nothing, so to judge it would be to pass it.
#[test]
fn a_policy_that_aws_would_refuse_never_passes() {
    for (from, to) in [
        ("\"Resource\": \"*\"", "\"Resource\": \"*\", \"Effect\": \"Deny\""),
        ("\"Allow\"", "\"allow\""),
        (", \"Resource\": \"*\"", ""),
        ("2012-10-17", "2012-10-18"),
        ("\"Resource\"", "\"Sid\": \"a b\", \"Resource\""),
    ] {
        let run = scan("policy.json", POLICY.replacen(from, to, 1)).expect_code(3);
        assert!(run.stdout.contains("AWS would refuse this identity"), "{}", run.stdout);
    }
}

#[test]
fn a_policy_of_ten_megabytes_is_judged() {
    let mut text =
        String::from(r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["#);
    for i in 0..250_000 {
        write!(text, r#""arn:aws:s3:::a-bucket-of-the-bank-{i}/*","#).unwrap();
    }
    text.push_str(r#""*"]}, {"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}"#);
    assert!(text.len() > 10_000_000);
    let run = scan("large.json", text).expect_code(1);
    assert!(run.stdout.contains("bedrock-wildcard-action"));
}

#[test]
fn names_are_shown_and_never_obeyed() {
    let names = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "line\r\nbreak\u{85}\u{9b}31m",
        "[click](https://example.com)",
        "right\u{202e}left",
    ];
    for name in names {
        let run = scan("account.json", account(name, name, name)).expect_code(1);
        assert!(run.stdout.contains("bedrock-wildcard-action"), "{}", run.stdout);
        assert!(!run.stdout.contains('\u{202e}'));
    }
    scan("policy.json", POLICY.replace("\"Resource\"", "\"Sid\": \"\\u001b[2J\", \"Resource\"")).expect_code(3);
}

#[test]
fn a_file_s_own_name_is_shown_and_never_obeyed() {
    let room = Room::new();
    room.write("in/\u{1b}[31m=cmd().json", POLICY);
    room.write("in/broken\u{7}.json", "{");
    scan_room(&room, "in").expect_code(3);
}

#[test]
fn colour_is_alicerce_s_own() {
    let room = Room::new();
    room.write("account.json", account("\u{1b}[5mblink", "p", "t"));
    let run = alicerce(room.path(), &["scan", "account.json", "--color", "always"]).expect_code(1);
    assert!(run.stdout.contains('\u{1b}') && !run.stdout.contains("\u{1b}[5m"));
    let run = alicerce_with(room.path(), &["scan", "account.json"], &[("NO_COLOR", "1")], b"").expect_code(1);
    assert!(!run.stdout.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let room = Room::new();
    let outside = room.write("outside/policy.json", POLICY);
    room.write("in/own.json", POLICY.replace("bedrock:*", "s3:GetObject"));
    std::os::unix::fs::symlink(outside, room.path().join("in/link.json")).unwrap();
    std::os::unix::fs::symlink("..", room.path().join("in/up")).unwrap();
    let run = scan_room(&room, "in").expect_code(3);
    assert!(!run.stdout.contains("bedrock-wildcard-action") && run.stdout.contains("link.json"), "{}", run.stdout);
}

#[test]
fn hostile_standard_input_and_configuration_are_errors() {
    let room = Room::new();
    alicerce_with(room.path(), &["scan", "-"], &[], &"[".repeat(20_000).into_bytes()).expect_code(3);
    alicerce_with(room.path(), &["scan", "-"], &[], b"").expect_code(3);
    room.write("p.json", POLICY);
    for text in [&b"\xff\xfe"[..], b"a = [", "x = \"\u{1b}[31m\"".as_bytes(), &b"[".repeat(20_000)] {
        room.write("alicerce.toml", text);
        let run = alicerce(room.path(), &["scan", "p.json"]).expect_code(2);
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    }
}
