//! `alicerce access` from outside: exit codes and what is printed.
//!
//! In: policies, cases and exports in a folder of their own, and the bundled example. Out: what a person or a pipeline would see.

#![cfg(test)]

pub mod support;

use std::path::Path;

use serde_json::Value;
use support::program::{Run, alicerce};
use support::room::Room;

const MODEL: &str = "arn:aws:bedrock:sa-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0";

fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn access(room: &Room, arguments: &[&str]) -> Run {
    let all: Vec<&str> = std::iter::once("access").chain(arguments.iter().copied()).collect();
    alicerce(room.path(), &all)
}

fn objects(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("each line is a JSON object")).collect()
}

fn case(name: &str, policy: &str, expect: &str) -> String {
    format!(
        r#"{{"name": "{name}", "request": {{"principal": "arn:aws:iam::111122223333:role/app", "action": "bedrock:InvokeModel", "resource": "{MODEL}"}}, "policies": {{"identity": [{{"name": "p", "policy": {policy}}}]}}, "expect": "{expect}"}}"#
    )
}

#[test]
fn the_projects_own_cases_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = alicerce(root, &["access", "test", "fixtures/iam", "--format", "json"]).expect_code(0);
    let cases = objects(&run);
    assert!(cases.len() >= 300 && cases.iter().all(|case| case["ok"] == true && case["name"].is_string()));
}

#[test]
fn cases_stand_beside_their_policies_and_a_difference_is_1() {
    let room = Room::new();
    room.write(
        "p/app.json",
        policy(&format!(r#"{{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "{MODEL}"}}"#)),
    );
    room.write("p/cases.json", format!("[{}]", case("allowed", "\"app.json\"", "Allowed")));
    room.write(
        "p/lines.jsonl",
        format!("{}\n\n{}\n", case("one", "\"app.json\"", "Allowed"), case("two", "\"app.json\"", "Allowed")),
    );
    let run = access(&room, &["test", "p"]).expect_code(0);
    assert!(
        run.stdout.contains("3 as expected") && run.stdout.contains("1 JSON files in the folders hold no case"),
        "{}",
        run.stdout
    );

    room.write("q.json", case("denied", "\"p/app.json\"", "ImplicitlyDenied"));
    let run = access(&room, &["test", "q.json"]).expect_code(1);
    assert!(run.stdout.contains("expected ImplicitlyDenied") && run.stdout.contains("app.json:1:"), "{}", run.stdout);
    let found = &objects(&access(&room, &["test", "q.json", "--format", "json"]).expect_code(1))[0];
    assert_eq!(found["decision"], "Allowed");
    assert_eq!(found["expect"], "ImplicitlyDenied");
    assert_eq!(found["ok"], false);
    assert_eq!(found["why"][0]["statement"]["location"]["text"], "\"bedrock:InvokeModel\"");
}

#[test]
fn what_is_no_case_is_3_and_a_missing_path_is_2() {
    let room = Room::new();
    room.write("broken.json", "{\"name\": ");
    room.write("unknown.json", r#"{"name": "x", "requst": {}}"#);
    room.write("missing.json", case("x", "\"nowhere.json\"", "Allowed"));
    room.write("lines.jsonl", format!("{}\n{{\"name\": 1 2}}\n", case("x", "{}", "Allowed")));
    room.write("empty/readme.txt", "nothing");
    for (path, what) in [("broken.json", "broken.json:1:"), ("unknown.json", "`requst`"), ("missing.json", "nowhere.json")] {
        let run = access(&room, &["test", path]).expect_code(3);
        assert!(run.stdout.contains(what), "{}", run.stdout);
    }
    let run = access(&room, &["test", "lines.jsonl"]).expect_code(3);
    assert!(run.stdout.contains("lines.jsonl:2:"), "{}", run.stdout);
    access(&room, &["test", "empty"]).expect_code(3);
    access(&room, &["test", "nowhere"]).expect_code(2);
    access(&room, &["test"]).expect_code(2);
}

#[test]
fn hostile_names_are_made_visible() {
    let room = Room::new();
    room.write("c.json", case(r"a\u001b[31m\u202eb", "{}", "Allowed"));
    let run = access(&room, &["test", "c.json"]).expect_code(1);
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{202e}'), "{}", run.stdout);
}

#[test]
fn can_answers_over_a_policy_file_with_exit_codes_for_each_answer() {
    let room = Room::new();
    room.write(
        "app.json",
        policy(&format!(
            r#"{{"Sid": "Run", "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "{MODEL}",
                "Condition": {{"StringEquals": {{"aws:SourceVpce": "vpce-1"}}}}}}"#
        )),
    );
    let ask = ["can", "app.json", "bedrock:InvokeModel", MODEL, "app.json"];
    let conditional = access(&room, &ask).expect_code(3);
    assert!(
        conditional.stdout.starts_with("Conditional") && conditional.stdout.contains("`aws:sourcevpce`"),
        "{}",
        conditional.stdout
    );
    let with = |more: &[&str]| access(&room, &[&ask[..], more].concat());
    let allowed = with(&["--context", "aws:SourceVpce=vpce-1"]).expect_code(0);
    assert!(allowed.stdout.contains("statement `Run`, at app.json:1:"), "{}", allowed.stdout);
    with(&["--context", "aws:SourceVpce=vpce-2"]).expect_code(1);
    with(&["--absent", "aws:SourceVpce"]).expect_code(1);
    with(&["--closed"]).expect_code(1);
    with(&["--closed", "--unknown", "aws:SourceVpce"]).expect_code(3);
    let json = &objects(&with(&["--format", "json", "--context", "aws:SourceVpce=vpce-1"]).expect_code(0))[0];
    assert_eq!(json["decision"], "Allowed");
    assert_eq!(json["why"][0]["statement"]["sid"], "Run");
    access(&room, &["can", "nobody", "bedrock:InvokeModel", MODEL, "app.json"]).expect_code(2);
    access(&room, &["can", "app.json", "bedrock:*", MODEL, "app.json"]).expect_code(2);
    access(&room, &["can", "app.json", "bedrock:InvokeModel", "model", "app.json"]).expect_code(2);
}

#[test]
fn what_was_not_loaded_makes_an_answer_conditional() {
    let room = Room::new();
    let role = r#"{"RoleDetailList": [{"Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLEEXAMPLE1", "Arn": "arn:aws:iam::111122223333:role/app",
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}}]}],
        "UserDetailList": [], "GroupDetailList": [], "Policies": []}"#;
    room.write("111122223333/global/iam/get-account-authorization-details.json", role);
    let run = access(&room, &["can", "app", "bedrock:InvokeModel", MODEL, "."]).expect_code(3);
    assert!(run.stdout.contains("not loaded: scp policy"), "{}", run.stdout);
    let run = access(&room, &["who-can", "bedrock:InvokeModel", "."]).expect_code(0);
    assert!(
        run.stdout.contains("1 principal could not be decided") && run.stdout.contains("as far as was loaded"),
        "{}",
        run.stdout
    );
    let run = access(&room, &["who-can", "s3:GetObject", "."]).expect_code(0);
    assert!(run.stdout.contains("1 principal cannot"), "{}", run.stdout);
}

#[test]
fn the_bundled_example_is_asked_where_no_path_is_given() {
    let room = Room::new();
    let denied = access(&room, &["can", "integracao-legado", "bedrock:InvokeModel", MODEL]).expect_code(1);
    assert!(denied.stdout.contains("by `SemBedrock`") && denied.stderr.contains("bundled example"), "{}", denied.stdout);
    // The bucket is of another account, which its ARN does not tell, and its own policy does not grant.
    let trail = "arn:aws:s3:::banco-exemplo-trilha-organizacao/x";
    let across = access(&room, &["can", "OrganizationAccountAccessRole", "s3:GetObject", trail]).expect_code(1);
    assert!(
        across.stdout.contains("of another account") && across.stdout.contains("resource    says nothing"),
        "{}",
        across.stdout
    );
    let every = objects(&access(&room, &["who-can", "bedrock:InvokeModel", "--format", "json"]).expect_code(0));
    let can = every.iter().filter(|one| one["answer"] == "can").count();
    assert!(
        can > 5 && can < every.len() && every.iter().all(|one| one["answer"] != "can" || one["granted"]["location"].is_object())
    );
    let here = objects(
        &access(&room, &["who-can", "bedrock:InvokeModel", "*", "--region", "us-east-1", "--format", "json"]).expect_code(0),
    );
    let prod_can =
        |one: &&Value| one["answer"] == "can" && one["principal"].as_str().is_some_and(|p| p.contains("::222233334444:"));
    assert_eq!(here.iter().filter(prod_can).count(), 0, "the production account's guard denies every other Region");
    // A request for a resource with a Region is made in that Region.
    for request in every.iter().chain(&here).filter_map(|one| one["request"].as_str()) {
        let (Some((_, called)), Some(on)) = (request.split_once("aws:requestedregion="), request.split(" on ").nth(1)) else {
            continue;
        };
        let region = on.split(':').nth(3).unwrap_or_default();
        assert!(region.is_empty() || called.starts_with(region), "{request}");
    }
}

/// `access new` over two policies.
fn compared(old: &str, new: &str, kind: &str) -> Run {
    let room = Room::new();
    room.write("old.json", policy(old));
    room.write("new.json", policy(new));
    let run = access(&room, &["new", "old.json", "new.json", "--policy-type", kind]);
    if run.code == Some(1) {
        let back = access(&room, &["new", "new.json", "new.json", "--policy-type", kind]);
        assert_eq!(back.code, Some(0), "a policy allows nothing that it does not allow: {}", back.stdout);
    }
    run
}

#[test]
fn new_names_the_new_request_for_each_kind_of_policy() {
    let allow =
        |action: &str, resource: &str| format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#);
    let guard = |regions: &str| {
        format!(
            r#"{{"Effect": "Deny", "Action": "bedrock:*", "Resource": "*", "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": [{regions}]}}}}}}"#
        )
    };
    let bucket = |who: &str| {
        format!(r#"{{"Effect": "Allow", "Principal": {who}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}"#)
    };
    let trust = |who: &str| format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": "{who}"}}, "Action": "sts:AssumeRole"}}"#);
    let rcp = |actions: &str| {
        format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": [{actions}], "Resource": "*", "Condition": {{"StringNotEqualsIfExists": {{"aws:PrincipalOrgID": "o-1"}}}}}}"#
        )
    };
    let (app, root) = ("arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:root");
    for (kind, narrow, wide, what) in [
        ("identity", allow("bedrock:InvokeModel", MODEL), allow("bedrock:Invoke*", "*"), "bedrock:InvokeAgent on "),
        (
            "identity",
            allow("bedrock:InvokeModel", "*"),
            format!("{},{}", allow("bedrock:InvokeModel", "*"), allow("ec2:*", "*")),
            "ec2:",
        ),
        ("boundary", allow("bedrock:InvokeModel", MODEL), allow("bedrock:InvokeModel", "*"), "bedrock:InvokeModel on "),
        ("scp", guard(r#""sa-east-1""#), guard(r#""sa-east-1", "us-east-1""#), "aws:requestedregion = us-east-1"),
        ("rcp", rcp(r#""s3:*", "sts:*""#), rcp(r#""s3:*""#), "sts:"),
        ("resource", bucket(r#"{"AWS": "111122223333"}"#), bucket(r#""*""#), "s3:GetObject on arn:aws:s3:::b/"),
        ("trust", trust(app), trust(root), "a principal of account 111122223333"),
    ] {
        let run = compared(&narrow, &wide, kind).expect_code(1);
        assert!(run.stdout.contains(what), "{kind}: {}", run.stdout);
        let run = compared(&wide, &narrow, kind).expect_code(0);
        assert!(run.stdout.starts_with("nothing new"), "{kind}: {}", run.stdout);
    }
}

#[test]
fn new_says_when_it_cannot_decide_and_when_it_was_asked_wrongly() {
    let variable = |bucket: &str| {
        format!(r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/${{aws:username}}/*"}}"#)
    };
    compared(&variable("a"), &variable("a"), "identity").expect_code(0);
    let run = compared(&variable("a"), &variable("a*"), "identity");
    assert!(matches!(run.code, Some(1 | 3)), "{}", run.stdout);
    let room = Room::new();
    room.write("p.json", policy(r#"{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}"#));
    room.write("scp/q.json", policy(r#"{"Effect": "Deny", "Action": "bedrock:*", "Resource": "*"}"#));
    room.write("bad.json", policy(r#"{"Effect": "Perhaps", "Action": "bedrock:*", "Resource": "*"}"#));
    access(&room, &["new", "p.json", "scp/q.json"]).expect_code(2);
    access(&room, &["new", "p.json", "nowhere.json"]).expect_code(2);
    access(&room, &["new", "p.json", "bad.json"]).expect_code(2);
}

#[test]
fn the_paths_of_a_role_of_the_example_read_without_other_documents() {
    let room = Room::new();
    let run = access(&room, &["paths", "mcp-ferramentas-tarefa", "--claude"]).expect_code(0);
    for text in [
        "can run Claude models, in 1 way",
        "through the global inference profile",
        "Claude Haiku 4.5 (anthropic.claude-haiku-4-5-20251001-v1:0)",
        "sa-east-1 (São Paulo, Brazil)",
        "may be processed in any commercial Region",
        "aws:RequestedRegion = unspecified",
        "by `mcp`, statement `Claude`, at banco-exemplo/333344445555/global/iam/get-account-authorization-details.json:496:37",
        "nothing grants `bedrock-mantle:CreateInference`",
        "ecs-tasks.amazonaws.com",
    ] {
        assert!(run.stdout.contains(text), "{text}\n{}", run.stdout);
    }
    // Production: the SCP and the boundary close everything to Claude.
    let run = access(&room, &["paths", "esteira-implantacao", "--claude"]).expect_code(1);
    for text in [
        "no way to run a Claude model is open",
        "denied by the scp policy `guarda-de-regiao`, statement `SomenteModelosAprovados`",
    ] {
        assert!(run.stdout.contains(text), "{text}\n{}", run.stdout);
    }
}

#[test]
fn paths_as_json_and_filtered() {
    let room = Room::new();
    let paths = |more: &[&str], code| {
        let all: Vec<&str> =
            ["paths", "chatbot-piloto-lambda", "--format", "json"].into_iter().chain(more.iter().copied()).collect();
        objects(&access(&room, &all).expect_code(code)).remove(0)
    };
    let all = paths(&[], 0);
    let ways: Vec<&str> = all["paths"].as_array().unwrap().iter().filter_map(|p| p["way"].as_str()).collect();
    for way in ["direct", "geographic-profile", "global-profile", "application-profile"] {
        assert!(ways.contains(&way), "{way}: {ways:?}");
    }
    let claude = paths(&["--claude", "--region", "sa-east-1", "--model", "haiku 4.5"], 0);
    for path in claude["paths"].as_array().unwrap() {
        assert_eq!(path["claude"], true);
        assert!(path["sources"].as_array().unwrap().contains(&"sa-east-1".into()), "{path}");
        assert_eq!(path["legs"][0]["granted"][0]["sid"], "QualquerModelo");
    }
    access(&room, &["paths", "nobody-of-this-name"]).expect_code(2);
    access(&room, &["paths", "chatbot-piloto-lambda", "--region", "Brazil"]).expect_code(2);
}

#[test]
fn a_bare_policy_file_has_paths() {
    let room = Room::new();
    let statement = format!(
        r#"{{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "{}"}}"#,
        MODEL.replace("sa-east", "us-east")
    );
    room.write("app.json", policy(&statement));
    let run = access(&room, &["paths", "app.json", "app.json"]).expect_code(0);
    assert!(run.stdout.contains("by the model's own id") && run.stdout.contains("app.json:1:"), "{}", run.stdout);
}

/// Writes the bundled example, without its manifest, as `name`; `change` sees each file's path and text.
fn example(room: &Room, name: &str, change: impl Fn(&str, String) -> String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if below.ends_with(".json") && below != "manifest.json" {
                room.write(&format!("{name}/{below}"), change(&below, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
}

/// `access new` over the example and the example with one file changed.
fn changed_example(file: &str, from: &str, to: &str) -> (Run, Run) {
    let room = Room::new();
    example(&room, "before", |_, text| text);
    example(&room, "after", |path, text| {
        if !path.ends_with(file) {
            return text;
        }
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{file} holds {from}");
        changed
    });
    (access(&room, &["new", "before", "after"]), access(&room, &["new", "after", "before"]))
}

const SAME: &str = "nothing new: every request that the new side allows, the old one allows too";

#[test]
fn new_over_exports_tells_what_an_identity_policy_opens() {
    let (wider, narrower) = changed_example(
        "333344445555/global/iam/get-account-authorization-details.json",
        "\"bedrock:UpdateGuardrail\"",
        "\"bedrock:*Guardrail\"",
    );
    let wider = wider.expect_code(1);
    for text in [
        "role/chatbot-piloto-lambda\n",
        "4 actions of bedrock, such as bedrock:ApplyGuardrail on",
        "allowed by `invocar`",
        "for 1 principal or policy",
    ] {
        assert!(wider.stdout.contains(text), "{text}\n{}", wider.stdout);
    }
    assert!(narrower.expect_code(0).stdout.starts_with(SAME));
}

#[test]
fn new_over_exports_tells_what_an_scp_lets_through() {
    let scp = "describe-policy.p-lb8x1n4c.json";
    let (wider, narrower) = changed_example(scp, "us-east-1", r#"us-east-1\",\"eu-west-3"#);
    let wider = wider.expect_code(1);
    for text in
        ["role/cientista-de-dados\n", "aws:requestedregion = eu-west-3", "before: denied by `guarda-de-regiao-laboratorio`"]
    {
        assert!(wider.stdout.contains(text), "{text}\n{}", wider.stdout);
    }
    assert!(!wider.stdout.contains("::222233334444:"), "the guard of the laboratory alone: {}", wider.stdout);
    assert!(narrower.expect_code(0).stdout.starts_with(SAME));
}

#[test]
fn new_over_exports_tells_what_an_rcp_lets_through() {
    let (wider, narrower) = changed_example("describe-policy.p-pd3v6t1y.json", r#",\"secretsmanager:*\""#, "");
    let wider = wider.expect_code(1);
    for text in [
        "resources of account 222233334444\n",
        "actions of secretsmanager, such as any principal: secretsmanager:",
        "before: denied by `perimetro-de-dados`, statement `SomenteAOrganizacao`",
    ] {
        assert!(wider.stdout.contains(text), "{text}\n{}", wider.stdout);
    }
    // Every other service is denied as before.
    assert!(!wider.stdout.contains(" s3:"), "{}", wider.stdout);
    assert!(narrower.expect_code(0).stdout.starts_with(SAME));

    // Moved from the unit of production to the root, above both members, and back.
    let (unit, root) = (r#""TargetId": "ou-ex3m-pr0d0001""#, r#""TargetId": "r-ex3m""#);
    let (moved_up, moved_down) = changed_example("list-targets-for-policy.p-pd3v6t1y.json", unit, root);
    assert!(moved_up.expect_code(0).stdout.starts_with(SAME));
    let moved_down = moved_down.expect_code(1);
    assert!(moved_down.stdout.starts_with("resources of account 333344445555\n"), "{}", moved_down.stdout);
}

#[test]
fn new_over_exports_is_undecided_where_one_side_lacks_an_rcp() {
    let room = Room::new();
    example(&room, "before", |_, text| text);
    example(&room, "after", |_, text| text);
    let same = access(&room, &["new", "before", "after"]).expect_code(0);
    assert!(same.stdout.starts_with(SAME) && same.stdout.contains("0 changed or new"), "{}", same.stdout);
    std::fs::remove_file(room.path().join("after/111122223333/global/organizations/describe-policy.p-pd3v6t1y.json")).unwrap();
    let open = access(&room, &["new", "before", "after"]).expect_code(3);
    assert!(
        open.stdout.contains("undecided  *: rcp policy: ") && open.stdout.contains("nothing new was found, but"),
        "{}",
        open.stdout
    );
    let json = &objects(&access(&room, &["new", "before", "after", "--format", "json"]).expect_code(3))[0];
    assert_eq!(json["answer"], "undecided");
    assert_eq!(json["subjects"][0]["accounts"], serde_json::json!(["222233334444"]));
}

#[test]
fn a_file_that_was_changed_after_it_was_collected_counts_and_is_told() {
    let room = Room::new();
    let role = r#"{"RoleDetailList": [], "UserDetailList": [], "GroupDetailList": [], "Policies": []}"#;
    let path = "111122223333/global/iam/get-account-authorization-details.json";
    room.write(&format!("e/{path}"), role);
    let digest = "0".repeat(64);
    room.write("e/manifest.json", format!(r#"{{"alicerce_export": 1, "calls": [], "files": {{"{path}": "{digest}"}}}}"#));
    let run = access(&room, &["new", "e", "e"]).expect_code(3);
    assert!(run.stderr.contains("it was changed after collection (it counts all the same)"), "{}", run.stderr);
    assert!(!run.stderr.contains("could not be read"), "{}", run.stderr);
    assert!(run.stdout.starts_with("nothing new in what was read, but"), "{}", run.stdout);
}

#[test]
fn a_model_is_of_no_account_and_a_misspelled_action_is_told() {
    let room = Room::new();
    // The model stands in the list of models of an account: it is AWS's all the same.
    access(&room, &["can", "chatbot-piloto-lambda", "bedrock:InvokeModel", MODEL]).expect_code(0);
    let run = access(&room, &["can", "chatbot-piloto-lambda", "bedrock:InvokeModl", MODEL]).expect_code(1);
    assert!(run.stderr.contains("has no `bedrock:InvokeModl`; the nearest is `bedrock:InvokeModel`"), "{}", run.stderr);
}
