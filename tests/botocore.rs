//! The answers that `collect` stores against what botocore returns for the same bytes: the AWS CLI's own library.
//!
//! In: answers made up from the shapes of every call of the plan, served over HTTP on 127.0.0.1 to both. Out: where they differ, dates,
//! blobs and absent members included. Where there is no Python with the botocore that the table was made from, that is said, and
//! nothing is tested.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use loopback::{Logged, Loopback, Missing, Settings};
use serde_json::{Value, json};
use support::program::alicerce_in;
use support::room::Room;
use support::source::package;

const ACCOUNT: &str = "111122223333";

/// The version of botocore whose models the collector's table was made from.
fn wanted() -> &'static str {
    const TABLE: &str = include_str!("../src/collect/wire.txt");
    TABLE.split("botocore ").nth(1).and_then(|rest| rest.split(' ').next()).expect("the table names it")
}

/// Python with that botocore: another one knows other members.
fn python() -> Option<Command> {
    let mut command = Command::new("python3");
    command.args(["-c", "import botocore; print(botocore.__version__)"]).stderr(Stdio::null());
    let output = command.output().ok();
    let found = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if found == wanted() {
        return Some(Command::new("python3"));
    }
    println!("skipped: needs a `python3` with botocore {}, and finds `{found}`", wanted());
    None
}

/// Where two values differ. A masked secret is as good as any value.
fn difference(ours: &Value, theirs: &Value, at: &str) -> Vec<String> {
    if ours == theirs || ours.get("alicerce_secret").is_some() {
        return Vec::new();
    }
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            // That there was no other page is of no use once all are one, nor a prefix that nobody gave.
            let useless = |key: &&String| *key == "IsTruncated" || (*key == "Prefix" && b.get(*key).is_none_or(Value::is_null));
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).filter(|key| !useless(key)).collect();
            keys.into_iter()
                .flat_map(|key| match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => difference(a, b, &format!("{at}.{key}")),
                    (a, b) => vec![format!("{at}.{key}: {a:?} is {b:?} to botocore")],
                })
                .collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).flat_map(|(a, b)| difference(a, b, &format!("{at}[]"))).collect()
        }
        _ => vec![format!("{at}: {ours} is {theirs} to botocore")],
    }
}

/// What botocore makes of these calls.
fn by_botocore(mut python: Command, aws: &Loopback, calls: &[&Logged]) -> Value {
    let calls: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({"account": call.account, "region": call.region, "service": call.service, "operation": call.operation,
                "given": call.given, "path": call.path})
        })
        .collect();
    let script = package().join("tests/support/by_botocore.py");
    let mut child = python
        .arg(script)
        .arg(aws.url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "none")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = child.stdin.take().expect("it has a standard input");
    input.write_all(Value::from(calls).to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// Compares what is collected of an account with what botocore makes of the same calls; gives how many answers there were.
fn compare(python: Command, settings: Settings, account: &str, regions: &str) -> usize {
    let aws = Loopback::start(settings);
    let room = Room::new();
    let variables = aws.environment(room.path(), account);
    alicerce_in(room.path(), &["collect", "-o", "export", "--regions", regions], &variables).expect_code(0);
    let log = aws.log();
    // A file that several calls fill is more than any of them; pages are botocore's own affair.
    let mut by_path: BTreeMap<&str, Vec<&Logged>> = BTreeMap::new();
    let whole = |call: &&Logged| {
        let token = |(option, _): &(String, Vec<String>)| option.ends_with("token") || option.ends_with("marker");
        !call.operation.starts_with("generate-") && call.status == 200 && !call.given.iter().any(token)
    };
    for call in log.iter().filter(whole) {
        let all = by_path.entry(&call.path).or_default();
        if !all.iter().any(|known| known.given == call.given) {
            all.push(call);
        }
    }
    let calls: Vec<&Logged> = by_path.values().filter(|all| all.len() == 1).flatten().copied().collect();
    let found = by_botocore(python, &aws, &calls);
    let answers = found["answers"].as_object().expect("answers by path");
    println!("{} answers compared; unknown to this botocore: {}", answers.len(), found["lacking"]);
    let mut differences = BTreeSet::new();
    for (path, theirs) in answers {
        let ours: Value = serde_json::from_str(&room.read(&format!("export/{path}"))).expect("it is JSON");
        let name = path.rsplit('/').take(2).collect::<Vec<_>>();
        let name = name.iter().rev().map(|part| part.split('.').next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        differences.extend(difference(&ours, theirs, &name));
    }
    assert_eq!(found["failed"], json!({}), "botocore could not make these calls");
    assert!(differences.is_empty(), "{differences:#?}");
    answers.len()
}

#[test]
fn every_answer_is_what_botocore_returns() {
    let Some(python) = python() else { return };
    let compared = compare(python, Settings { missing: Missing::Invented, ..Settings::default() }, ACCOUNT, "sa-east-1");
    assert!(compared > 150, "only {compared} answers were compared");
}

#[test]
fn and_so_it_is_for_the_example_at_any_page_size() {
    for page in [0, 1] {
        let Some(python) = python() else { return };
        let folder = package().join("fixtures/accounts/banco-exemplo");
        let compared = compare(python, Settings { folder, page, ..Settings::default() }, "333344445555", "sa-east-1,us-east-1");
        assert!(compared > 100, "only {compared} answers were compared");
    }
}

/// Members that are null, lists with holes, dates with fractions and before 1970, texts that are empty or look like something else.
#[test]
fn and_for_what_answers_seldom_hold() {
    let Some(python) = python() else { return };
    let served = Room::new();
    let put = |name: &str, value: Value| served.write(&format!("{ACCOUNT}/{name}.json"), value.to_string());
    put(
        "global/sts/get-caller-identity",
        json!({"Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/x"), "UserId": ""}),
    );
    put("sa-east-1/kms/list-keys", json!({"Keys": [{"KeyId": "k", "KeyArn": null}]}));
    let dates = json!({"KeyId": "k", "Description": "", "CreationDate": "2026-11-20T12:34:56.789+00:00",
        "DeletionDate": "1969-12-31T23:59:58+00:00", "ValidTo": null, "Enabled": false, "MultiRegionConfiguration": {}});
    put("sa-east-1/kms/describe-key.k", json!({"KeyMetadata": dates}));
    put("sa-east-1/kms/get-key-policy.k,default", json!({"Policy": "{ \"Version\": \"2012-10-17\" }", "PolicyName": null}));
    put(
        "sa-east-1/lambda/list-functions",
        json!({"Functions": [{"FunctionName": "f", "Environment": null, "Layers": [], "MemorySize": 0, "VpcConfig": {"SubnetIds": [],
            "SecurityGroupIds": null}, "LastModified": "2026-11-20T12:34:56.000+0000"}]}),
    );
    put("sa-east-1/bedrock/get-model-invocation-logging-configuration", json!({"loggingConfig": null}));
    put("sa-east-1/bedrock/list-guardrails", json!({"guardrails": []}));
    put(
        "sa-east-1/bedrock-agentcore-control/list-agent-runtimes",
        json!({"agentRuntimes": [{"agentRuntimeId": "r",
        "lastUpdatedAt": "2026-11-20T12:34:56.5+00:00", "description": " \u{e9} & <x> \n"}]}),
    );
    put("sa-east-1/ec2/describe-vpcs", json!({"Vpcs": [{"VpcId": "v", "Tags": [], "IsDefault": false, "CidrBlock": ""}]}));
    put("sa-east-1/ec2/describe-route-tables", json!({"RouteTables": []}));
    put("sa-east-1/cloudtrail/describe-trails", json!({"trailList": [{"Name": "t", "HasCustomEventSelectors": null}]}));
    put(
        "global/s3api/list-buckets",
        json!({"Buckets": [{"Name": "b", "CreationDate": "2026-11-20T12:34:56+00:00"}], "Owner": {"ID": "o"}}),
    );
    for operation in ["get-bucket-location", "get-bucket-versioning", "get-bucket-logging"] {
        put(&format!("global/s3api/{operation}.b"), json!({}));
    }
    let role = json!({"Path": "/", "RoleName": "r", "RoleId": "AROA", "Arn": "arn:aws:iam::1:role/r",
        "CreateDate": "2026-01-02T03:04:05+00:00", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "Tags": [], "RolePolicyList": [], "RoleLastUsed": {}});
    put(
        "global/iam/get-account-authorization-details",
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}),
    );
    let compared = compare(python, Settings { folder: served.path().to_owned(), ..Settings::default() }, ACCOUNT, "sa-east-1");
    assert!(compared > 12, "only {compared} answers were compared");
}
