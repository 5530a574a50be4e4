//! The export script, run by `sh` with the real AWS CLI against the loopback AWS: it fills the folder that `collect` fills.
//!
//! In: a small account with odd names and planted secrets. Out: both folders, compared. Where there is no `aws`, or no
//! `shellcheck`, that is said and nothing is tested.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use loopback::{Fault, Logged, Loopback, Missing, Settings, Trouble};
use serde_json::{Value, json};
use support::program::{Run, alicerce, alicerce_in};
use support::room::Room;

const ACCOUNT: &str = "111122223333";
/// A name that a careless script would run, cut, or take for an option.
const ODD: &str = "-a, b/c's \"$(touch executed)\" `touch executed` $HOME;*";
const PLANTED: [&str; 5] = [
    "AKIAPLANTED7LAMBDA22",
    "planted-in-a-task\\with \"quotes\"",
    "planted-in-an-agent",
    "planted-in-user-data",
    "cGxhbnRlZC1pbi11c2VyLWRhdGE=",
];

fn there_is(program: &str) -> bool {
    let run = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = run.is_ok_and(|status| status.success());
    if !there {
        println!("skipped: there is no `{program}`");
    }
    there
}

fn script(room: &Room, arguments: &[&str]) -> String {
    let mut all = vec!["export-script"];
    all.extend(arguments);
    alicerce(room.path(), &all).expect_code(0).stdout
}

/// The environment of a run against the loopback.
fn variables(room: &Room, aws: &Loopback) -> Vec<(&'static str, String)> {
    let mut out = aws.environment(room.path(), ACCOUNT);
    out.push(("AWS_MAX_ATTEMPTS", "1".to_owned()));
    out
}

/// The script, without the calls of services that the account has nothing of, so that the run is short.
fn shorter(script: &str) -> String {
    const KEPT: [&str; 16] = [
        "iam get-account-auth",
        "route53 list-hosted-zones",
        "cloudwatch list-d",
        "cloudwatch get-d",
        "sns list-topics",
        "sts ",
        "bedrock list-inf",
        "kms list-k",
        "events ",
        "lambda list-f",
        "ecs ",
        "ec2 describe-inst",
        "budgets ",
        "bedrock-agentcore-control list-agent-r",
        "bedrock-agentcore-control get-agent-r",
        "s3api list-b",
    ];
    let lines = script.lines().map(|line| {
        let call = line.trim_start().strip_prefix("ask ").or_else(|| line.trim_start().strip_prefix("report "));
        let call = call.or_else(|| line.trim_start().strip_prefix("if begin "));
        let dropped = call.is_some_and(|call| {
            line.starts_with("    ") && !KEPT.iter().any(|kept| call.starts_with(kept)) && !call.starts_with('"')
        });
        match (dropped, line.contains("if begin")) {
            (true, true) => "    if false; then",
            (true, false) => ":",
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn run(room: &Room, aws: &Loopback, script: &str) -> Run {
    let file = room.write("export.sh", script);
    let mut command = Command::new("sh");
    command.arg(file).current_dir(room.path()).envs(variables(room, aws)).stdin(Stdio::null());
    let output = command.output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn answers(folder: &Path) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).expect("the folder can be read") {
            let path = entry.expect("its entry too").path();
            let name = path.strip_prefix(folder).expect("it is below").display().to_string();
            if path.is_dir() {
                todo.push(path);
            } else if name != "manifest.json" {
                let text = fs::read(&path).expect("the file can be read");
                out.insert(name, serde_json::from_slice(&text).expect("it is JSON"));
            }
        }
    }
    out
}

/// Dates in any form as seconds, without what the AWS CLI says of the pages: that there is another, and a prefix that was not given.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => text.parse::<jiff::Timestamp>().map_or(Value::String(text), |date| json!(date.as_second())),
        Value::Number(number) => number.as_f64().filter(|n| *n > 1e9).map_or(Value::Number(number), |n| json!(n as i64)),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, value)| key != "IsTruncated" && !(key == "Prefix" && value.is_null()))
            .map(|(key, value)| (key, plain(value)))
            .collect(),
        other => other,
    }
}

fn served() -> Room {
    let room = Room::new();
    let put = |name: &str, value: Value| room.write(&format!("{ACCOUNT}/{name}"), value.to_string());
    let identity = json!({"Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/x"), "UserId": "x"});
    put("global/sts/get-caller-identity.json", identity);
    // A sample of every protocol: query, EC2's, REST with XML, JSON, REST with JSON, CBOR.
    let role = json!({"RoleName": "r", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"), "CreateDate": "2026-01-02T03:04:05+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "Path": "/", "RoleId": "AROA"});
    put(
        "global/iam/get-account-authorization-details.json",
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}),
    );
    put(
        "global/s3api/list-buckets.json",
        json!({"Buckets": [{"Name": "b", "CreationDate": "2026-01-02T03:04:05+00:00"}], "Owner": {"ID": "o"}}),
    );
    let zone = json!({"Id": "/hostedzone/Z", "Name": "bank.internal.", "CallerReference": "c", "Config": {"PrivateZone": true}});
    put("global/route53/list-hosted-zones.json", json!({"HostedZones": [zone]}));
    let dashboard =
        json!({"DashboardName": "d", "DashboardArn": "arn:d", "LastModified": "2026-01-02T03:04:05+00:00", "Size": 2});
    put("sa-east-1/cloudwatch/list-dashboards.json", json!({"DashboardEntries": [dashboard]}));
    let body = json!({"DashboardName": "d", "DashboardArn": "arn:d", "DashboardBody": "{\"widgets\": []}"});
    put("sa-east-1/cloudwatch/get-dashboard.d.json", body);
    put("sa-east-1/sns/list-topics.json", json!({"Topics": [{"TopicArn": "arn:t"}]}));
    put("sa-east-1/events/list-rules.json", json!({"Rules": [{"Name": ODD}, {"Name": "plain"}]}));
    put(
        "sa-east-1/events/list-targets-by-rule.plain.json",
        json!({"Targets": [{"Id": "1", "Arn": "arn:aws:sns:sa-east-1:1:t"}]}),
    );
    put("sa-east-1/bedrock/list-inference-profiles.json", json!({"inferenceProfileSummaries": []}));
    put("sa-east-1/kms/list-keys.json", json!({"Keys": [{"KeyId": "k", "KeyArn": "a"}]}));
    let variables = json!({"AWS_ACCESS_KEY_ID": PLANTED[0], "OTHER": PLANTED[1], "EMPTY": ""});
    let functions = json!({"Functions": [{"FunctionName": "f", "Environment": {"Variables": variables}, "MemorySize": 128}]});
    put("sa-east-1/lambda/list-functions.json", functions);
    put("sa-east-1/ecs/list-clusters.json", json!({"clusterArns": ["c"]}));
    let many: Vec<String> = (0..12).map(|nth| format!("s{nth:02}")).collect();
    put("sa-east-1/ecs/list-services.c.json", json!({"serviceArns": many}));
    put("sa-east-1/ecs/describe-services.c.json", json!({"services": [{"serviceArn": "s00", "taskDefinition": "t"}]}));
    let container = json!({"name": "c", "environment": [{"name": "PASSWORD", "value": PLANTED[1]}]});
    put("sa-east-1/ecs/describe-task-definition.t.json", json!({"taskDefinition": {"containerDefinitions": [container]}}));
    put("sa-east-1/ec2/describe-instances.json", json!({"Reservations": [{"Instances": [{"InstanceId": "i"}]}]}));
    let user_data = json!({"InstanceId": "i", "UserData": {"Value": PLANTED[4]}});
    put("sa-east-1/ec2/describe-instance-attribute.i,userData.json", user_data);
    let runtimes = json!({"agentRuntimes": [{"agentRuntimeId": "r"}]});
    put("sa-east-1/bedrock-agentcore-control/list-agent-runtimes.json", runtimes);
    put("sa-east-1/bedrock-agentcore-control/get-agent-runtime.r.json", json!({"environmentVariables": {"TOKEN": PLANTED[2]}}));
    room
}

#[test]
fn the_folder_is_the_one_that_collect_writes() {
    if !there_is("aws") {
        return;
    }
    let served = served();
    let fault = Fault::always("kms list-keys", Trouble::Error(400, "ThrottlingException"));
    let settings =
        Settings { folder: served.path().to_owned(), missing: Missing::Denied, faults: vec![fault], ..Settings::default() };
    let aws = Loopback::start(settings);
    let (ours, theirs) = (Room::new(), Room::new());
    let arguments = ["collect", "-o", "export", "--retry-delay", "1", "--regions", "sa-east-1"];
    alicerce_in(ours.path(), &arguments, &variables(&ours, &aws)).expect_code(0);
    aws.log();
    let script = shorter(&script(&theirs, &["--regions", "sa-east-1"]));
    let first = run(&theirs, &aws, &script).expect_code(0);
    let wanted = answers(&ours.path().join("export"));
    let found = answers(&theirs.path().join("export"));
    let comparable = |answers: &BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        answers.iter().map(|(name, value)| (name.clone(), plain(value.clone()))).collect()
    };
    assert_eq!(comparable(&wanted), comparable(&found), "{}", first.stderr);
    // Nothing of a name was run; nothing that was planted is anywhere.
    assert!(!theirs.path().join("executed").exists() && !theirs.path().join("export/executed").exists());
    let manifest_text = theirs.read("export/manifest.json");
    let all: String = found.values().map(Value::to_string).collect::<String>() + &manifest_text + &first.stdout + &first.stderr;
    for planted in PLANTED {
        let escaped = json!(planted).to_string();
        assert!(!all.contains(planted) && !all.contains(escaped.trim_matches('"')), "{planted} is in the export");
    }
    assert_eq!(all.matches("alicerce_secret").count(), 6);
    // Each call has the outcome that collect gives it.
    let lines = |room: &Room| -> BTreeMap<String, String> {
        let manifest: Value = serde_json::from_str(&room.read("export/manifest.json")).expect("the manifest is JSON");
        let calls = manifest["calls"].as_array().expect("a list").clone();
        let key = |call: &Value| format!("{} {} {} {}", call["region"], call["service"], call["operation"], call["resource"]);
        calls.iter().map(|call| (key(call), format!("{} {}", call["status"], call["code"]))).collect()
    };
    let (by_collect, by_script) = (lines(&ours), lines(&theirs));
    let unlike: Vec<_> = by_script.iter().filter(|(call, how)| by_collect.get(*call) != Some(how)).collect();
    assert!(unlike.is_empty(), "{unlike:#?}");
    assert!(by_script.iter().any(|(call, how)| call.contains("$(touch executed)") && how.contains("denied")), "{by_script:#?}");
    alicerce(theirs.path(), &["verify", "export"]).expect_code(0);
    // Again: only what is not there is asked for.
    aws.log();
    aws.mend();
    fs::remove_file(theirs.path().join("export/111122223333/sa-east-1/lambda/list-functions.json")).expect("it can be removed");
    run(&theirs, &aws, &script).expect_code(0);
    let again: Vec<Logged> =
        aws.log().into_iter().filter(|call| found.contains_key(&call.path) && call.operation != "get-caller-identity").collect();
    assert_eq!(again.iter().map(|call| &*call.operation).collect::<Vec<_>>(), ["list-functions"]);
    assert!(answers(&theirs.path().join("export")).contains_key("111122223333/sa-east-1/kms/list-keys.json"));
    alicerce(theirs.path(), &["verify", "export"]).expect_code(0);
}

#[test]
fn the_script_is_plain_shell() {
    let room = Room::new();
    for arguments in [&["--regions", "sa-east-1"][..], &["--org", "--role", "it's", "--external-id", "$(touch executed)"]] {
        let file = room.write("export.sh", script(&room, arguments));
        let checked = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).arg(&file).output().expect("it runs");
            assert!(
                output.status.success(),
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        };
        checked("sh", &["-n"]);
        if there_is("shellcheck") {
            checked("shellcheck", &["-s", "sh"]);
        }
    }
}
