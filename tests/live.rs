//! Collection against an AWS of the tests' own: what is served comes back, and what is not served is said to be lacking.
//!
//! In: the bundled example, answers made up from the API's shapes, faults. Out: exports, compared file by file. Every call goes over
//! HTTP on 127.0.0.1 through the AWS SDK, from the built program.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use alicerce::collect::plan::{self, Where};
use loopback::{Fault, Logged, Loopback, Missing, Settings, Trouble};
use serde_json::{Value, json};
use support::program::{Run, alicerce, alicerce_in};
use support::room::Room;
use support::source::package;

/// The example's accounts: management, production, laboratory.
const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];

fn example() -> PathBuf {
    package().join("fixtures/accounts/banco-exemplo")
}

fn example_at(page: usize) -> Settings {
    Settings { folder: example(), page, ..Settings::default() }
}

/// Runs `alicerce collect -o export` with the credentials of this account; retries come at once, three of them.
fn collect(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    let mut variables = aws.environment(room.path(), account);
    variables.push(("AWS_MAX_ATTEMPTS", "4".to_owned()));
    let mut all = vec!["collect", "-o", "export", "--retry-delay", "1"];
    all.extend(arguments);
    alicerce_in(room.path(), &all, &variables)
}

/// The JSON files below a folder, but for its manifest.
fn answers(folder: &Path) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).expect("the folder can be read") {
            let path = entry.expect("its entry too").path();
            let name = path.strip_prefix(folder).expect("it is below").display().to_string();
            if path.is_dir() {
                todo.push(path);
            } else if name.ends_with(".json") && name != "manifest.json" {
                let text = fs::read(&path).expect("the file can be read");
                out.insert(name, serde_json::from_slice(&text).expect("it is JSON"));
            }
        }
    }
    out
}

fn exported(room: &Room) -> BTreeMap<String, Value> {
    answers(&room.path().join("export"))
}

fn manifest(room: &Room) -> Value {
    serde_json::from_str(&room.read("export/manifest.json")).expect("the manifest is JSON")
}

/// The manifest's lines of an operation.
fn lines<'m>(manifest: &'m Value, operation: &str) -> Vec<&'m Value> {
    let calls = manifest["calls"].as_array().expect("calls are a list").iter();
    let out: Vec<&Value> = calls.filter(|call| call["operation"] == operation).collect();
    assert!(!out.is_empty(), "the manifest says nothing of {operation}");
    out
}

fn statuses(manifest: &Value, operation: &str) -> Vec<String> {
    lines(manifest, operation).iter().map(|line| line["status"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Where two answers differ, dates being the same in any offset, and a masked value being as good as any.
fn difference(wanted: &Value, found: &Value, at: &str) -> Option<String> {
    if wanted == found || found.get("alicerce_secret").is_some() {
        return None;
    }
    let date = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            // That there was another page is of no use once all pages are one.
            keys.into_iter().filter(|key| *key != "IsTruncated").find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => difference(a, b, &format!("{at}.{key}")),
                (a, b) => Some(format!("{at}.{key}: {a:?} became {b:?}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(nth, (a, b))| difference(a, b, &format!("{at}[{nth}]")))
        }
        _ if date(wanted).is_some() && date(wanted) == date(found) => {
            let text = found.as_str().unwrap_or_default();
            (!text.ends_with("+00:00")).then(|| format!("{at}: {text} is not in +00:00"))
        }
        _ => Some(format!("{at}: {wanted} became {found}")),
    }
}

#[track_caller]
fn same(wanted: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) {
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differences: Vec<String> = names
        .into_iter()
        .filter_map(|name| match (wanted.get(name), found.get(name)) {
            (Some(wanted), Some(found)) => difference(wanted, found, name),
            (Some(_), None) => Some(format!("{name} is missing")),
            (None, _) => Some(format!("{name} came from nowhere")),
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The example's answers of one account; the organisation's only where it is asked about.
fn served(account: &str, organization: bool) -> BTreeMap<String, Value> {
    let ours = |name: &String| name.starts_with(account) && (organization || !name.contains("/organizations/"));
    answers(&example()).into_iter().filter(|(name, _)| ours(name)).collect()
}

#[test]
fn what_is_served_comes_back_at_any_page_size() {
    for page in [0, 1, 2] {
        let aws = Loopback::start(example_at(page));
        for account in ACCOUNTS {
            let room = Room::new();
            collect(&room, &aws, account, &["--regions", "sa-east-1,us-east-1"]).expect_code(0);
            same(&served(account, false), &exported(&room));
        }
    }
}

/// A throttled call, tried again, is as good as any; one that stays throttled, or breaks, is an error and has no file.
#[test]
fn a_call_that_fails_at_first_is_tried_again() {
    let throttled =
        |service: &'static str, status, code| Fault { times: 3, ..Fault::always(service, Trouble::Error(status, code)) };
    let faults = vec![
        throttled("kms list-keys", 400, "ThrottlingException"),
        throttled("ec2 describe-vpcs", 503, "RequestLimitExceeded"),
        throttled("iam get-account-authorization-details", 400, "Throttling"),
        throttled("bedrock list-guardrails", 500, "InternalServerException"),
        Fault { times: 2, ..Fault::always("lambda list-functions", Trouble::Reset) },
        Fault { times: 1, ..Fault::always("cloudtrail describe-trails", Trouble::Truncated) },
    ];
    let aws = Loopback::start(Settings { faults, ..example_at(1) });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
    same(&served(ACCOUNTS[1], false), &exported(&room));
}

#[test]
fn a_call_that_never_succeeds_is_an_error_with_its_reason() {
    let faults = vec![
        Fault::always("kms list-keys", Trouble::Error(400, "ThrottlingException")),
        Fault::always("bedrock list-guardrails", Trouble::Error(500, "InternalServerException")),
        Fault::always("lambda list-functions", Trouble::Reset),
        Fault::always("cloudtrail describe-trails", Trouble::Truncated),
        Fault::always("ec2 describe-vpcs", Trouble::Body("<DescribeVpcsResponse><vpcSet><item>")),
        Fault::always("logs describe-log-groups", Trouble::Body("{\"logGroups\": [{]}")),
        Fault::always("bedrock-agent list-agents", Trouble::Body("<html>a proxy's page</html>")),
        Fault::always("s3api list-buckets", Trouble::Body("")),
        Fault::always("ecs list-clusters", Trouble::Body("")),
        Fault::always("ec2 describe-subnets", Trouble::Body("<html><body>a proxy's page</body></html>")),
        Fault::always("route53 list-hosted-zones", Trouble::Body("<html><body>a proxy's page</body></html>")),
        Fault::always("kms list-aliases", Trouble::Body("[]")),
    ];
    let broken: Vec<&str> = faults.iter().map(|fault| fault.call).collect();
    let aws = Loopback::start(Settings { faults, ..example_at(0) });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
    let manifest = manifest(&room);
    for call in broken {
        let (service, operation) = call.split_once(' ').expect("two words");
        let found: Vec<&Value> = lines(&manifest, operation).into_iter().filter(|line| line["service"] == service).collect();
        assert!(!found.is_empty() && found.iter().all(|line| line["status"] == "error"), "{call} is not an error: {found:?}");
        let written = format!("/{service}/{operation}.json");
        assert!(!exported(&room).keys().any(|name| name.ends_with(&written)), "{written}");
    }
    assert_eq!(lines(&manifest, "list-keys")[0]["code"], "ThrottlingException");
    assert_eq!(aws.log().iter().filter(|call| call.operation == "list-keys").count(), 4);
}

/// A page in the middle that does not come leaves no answer, not half of one.
#[test]
fn half_of_the_pages_is_no_answer() {
    for trouble in [Trouble::Error(403, "AccessDenied"), Trouble::Body("<x")] {
        let fault = Fault { spared: 2, ..Fault::always("iam get-account-authorization-details", trouble) };
        let aws = Loopback::start(Settings { faults: vec![fault], ..example_at(2) });
        let room = Room::new();
        collect(&room, &aws, ACCOUNTS[2], &["--regions", "sa-east-1"]).expect_code(0);
        let name = format!("{}/global/iam/get-account-authorization-details.json", ACCOUNTS[2]);
        assert!(!exported(&room).contains_key(&name));
        assert_ne!(statuses(&manifest(&room), "get-account-authorization-details"), ["ok"]);
    }
}

#[test]
fn every_operation_comes_back_from_the_shapes_of_its_api() {
    let aws = Loopback::start(Settings { missing: Missing::Invented, ..Settings::default() });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[0], &["--regions", "sa-east-1"]).expect_code(0);
    let refused: Vec<Value> =
        manifest(&room)["calls"].as_array().expect("a list").iter().filter(|c| c["status"] != "ok").cloned().collect();
    assert!(refused.is_empty(), "{refused:#?}");
    same(&aws.invented(), &exported(&room));
    let made: BTreeSet<(String, String)> = aws.log().into_iter().map(|call| (call.service, call.operation)).collect();
    let planned = plan::all().iter().filter(|call| call.place != Where::Organization);
    let planned: BTreeSet<(String, String)> = planned
        .flat_map(|call| {
            [Some(call.operation), call.after, call.job].into_iter().flatten().map(|op| (call.service.into(), op.into()))
        })
        .collect();
    assert_eq!(made, planned);
}

/// The organisation from its management account, with one member that lets nobody in.
#[test]
fn an_organisation_is_read_account_by_account() {
    let aws = Loopback::start(Settings { closed: vec!["333344445555"], ..example_at(1) });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[0], &["--org", "--regions", "sa-east-1,us-east-1"]).expect_code(0);
    let wanted = [served(ACCOUNTS[0], true), served(ACCOUNTS[1], true)].into_iter().flatten().collect();
    same(&wanted, &exported(&room));
    let manifest = manifest(&room);
    let closed: Vec<&Value> =
        manifest["calls"].as_array().expect("a list").iter().filter(|c| c["account"] == ACCOUNTS[2]).collect();
    assert!(!closed.is_empty() && closed.iter().all(|call| call["status"] != "ok"), "{closed:?}");
    assert_eq!((&closed[0]["status"], &closed[0]["code"]), (&json!("denied"), &json!("AccessDenied")), "{closed:?}");
    let roles: BTreeSet<String> =
        aws.log().into_iter().filter(|call| call.operation == "assume-role").map(|call| call.path).collect();
    let role = |account: &str| format!("arn:aws:iam::{account}:role/AlicerceReadOnly");
    assert_eq!(roles, BTreeSet::from([role(ACCOUNTS[1]), role(ACCOUNTS[2])]));
    // The scan finishes, and says of the closed account that it was not seen.
    let scan = scan(&room);
    let said = scan.to_string();
    assert!(said.contains(ACCOUNTS[2]), "the report is silent about the closed account");
}

fn scan(room: &Room) -> Value {
    let config = example().join("alicerce.toml").display().to_string();
    let run =
        alicerce(room.path(), &["scan", "export", "--config", &config, "--format", "json", "--now", "2026-11-22T00:00:00Z"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
    serde_json::from_str(&run.stdout).expect("the report is JSON")
}

#[test]
fn only_the_accounts_that_are_asked_for_are_read() {
    let aws = Loopback::start(example_at(0));
    for (option, value) in [("--accounts", "222233334444"), ("--ou", "ou-ex3m-pr0d0001")] {
        let room = Room::new();
        collect(&room, &aws, ACCOUNTS[0], &["--org", option, value, "--regions", "sa-east-1"]).expect_code(0);
        let accounts: BTreeSet<String> = exported(&room)
            .keys()
            .filter(|name| !name.contains("/organizations/"))
            .filter_map(|name| name.split('/').next().map(str::to_owned))
            .collect();
        assert_eq!(accounts, BTreeSet::from(["222233334444".to_owned()]));
    }
}

/// Credentials that end midway: what is there stays, what was not asked says so, and a second run asks only for that.
#[test]
fn credentials_that_expire_leave_an_export_that_can_be_resumed() {
    let fault = Fault { spared: 60, ..Fault::always("", Trouble::Error(400, "ExpiredTokenException")) };
    let aws = Loopback::start(Settings { faults: vec![fault], ..example_at(0) });
    let room = Room::new();
    let run = collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(3);
    assert!(run.stderr.contains("--resume"), "{}", run.stderr);
    let first = exported(&room);
    let wanted = served(ACCOUNTS[1], false);
    assert!(!first.is_empty() && first.len() < wanted.len());
    let manifest = manifest(&room);
    let calls = manifest["calls"].as_array().expect("a list");
    assert!(calls.iter().any(|call| call["status"] == "not-attempted" && call["code"] == "ExpiredToken"));
    assert!(calls.iter().any(|call| call["status"] == "not-attempted" && call["code"] == "Stopped"));
    assert!(calls.iter().all(|call| call["code"] != "ExpiredTokenException"));
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    scan(&room);
    aws.log();
    aws.mend();
    collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1", "--resume"]).expect_code(0);
    same(&wanted, &exported(&room));
    let again: Vec<Logged> =
        aws.log().into_iter().filter(|call| first.contains_key(&call.path) && call.operation != "get-caller-identity").collect();
    assert!(again.is_empty(), "asked again: {again:?}");
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
}

/// Without --resume an export is not written over.
#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let aws = Loopback::start(example_at(0));
    let room = Room::new();
    room.write("export/notes.txt", "mine");
    let run = collect(&room, &aws, ACCOUNTS[1], &[]);
    assert_ne!(run.code, Some(0));
    assert!(run.stderr.contains("not empty") && aws.log().is_empty(), "{}", run.stderr);
}

#[test]
fn a_refused_call_makes_a_scan_unsure_and_never_sure() {
    let refused = [
        "iam get-account-authorization-details",
        "bedrock get-model-invocation-logging-configuration",
        "ec2 describe-vpc-endpoints",
        "ec2 describe-subnets",
        "kms get-key-policy",
        "s3api get-bucket-encryption",
        "lambda list-functions",
        "cloudtrail describe-trails",
        "bedrock list-guardrails",
        "bedrock-agent list-knowledge-bases",
    ];
    let identity = |result: &Value| [&result["rule"], &result["subject"]].map(Value::to_string).join(" ");
    let those =
        |report: &Value, outcome: &str| -> BTreeSet<String> { outcomes(report, outcome).into_iter().map(identity).collect() };
    let (whole, wrong) = {
        let aws = Loopback::start(example_at(0));
        let room = Room::new();
        collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
        let report = scan(&room);
        (those(&report, "unknown"), those(&report, "fail"))
    };
    for call in refused {
        let operation = call.split_once(' ').expect("two words").1;
        let fault = Fault::always(call, Trouble::Error(403, "AccessDenied"));
        let aws = Loopback::start(Settings { faults: vec![fault], ..example_at(0) });
        let room = Room::new();
        collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
        assert!(statuses(&manifest(&room), operation).iter().all(|status| status == "denied"), "{call}");
        let report = scan(&room);
        let unknown = outcomes(&report, "unknown");
        assert!(!those(&report, "unknown").is_subset(&whole), "{call}: nothing more is unknown");
        let named = unknown.iter().any(|result| result.to_string().contains(operation));
        assert!(named, "no unknown names {operation}: {unknown:#?}");
        let invented: Vec<_> = those(&report, "fail").difference(&wrong).cloned().collect();
        assert!(invented.is_empty(), "{call}: {invented:#?}");
    }
}

/// The results of a report with this outcome.
fn outcomes<'r>(report: &'r Value, outcome: &str) -> Vec<&'r Value> {
    let mut out = Vec::new();
    let mut todo = vec![report];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(map) => {
                if map.get("outcome").and_then(Value::as_str) == Some(outcome) {
                    out.push(value);
                }
                todo.extend(map.values());
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    out
}

#[test]
fn the_permissions_are_those_of_the_calls() {
    let aws = Loopback::start(Settings { missing: Missing::Invented, ..Settings::default() });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[0], &["--regions", "sa-east-1"]).expect_code(0);
    let text = alicerce(room.path(), &["permissions", "--format", "iam-policy"]).expect_code(0).stdout;
    let policy: Value = serde_json::from_str(&text).expect("a policy is JSON");
    let listed: BTreeSet<&str> =
        policy["Statement"][0]["Action"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let mut used = BTreeSet::new();
    for made in aws.log() {
        let line = plan::all().iter().find(|call| {
            let operations = [Some(call.operation), call.after, call.job];
            call.service == made.service && operations.contains(&Some(&*made.operation))
        });
        used.extend(line.expect("each call is planned").actions.iter().map(String::as_str));
    }
    assert_eq!(used, listed);
}

#[test]
fn planted_secrets_are_in_no_file() {
    const PLANTED: [&str; 5] = [
        "AKIAPLANTED0LAMBDA00",
        "planted-in-a-task",
        "planted-in-an-agent",
        "planted-in-user-data",
        "cGxhbnRlZC1pbi11c2VyLWRhdGE=",
    ];
    let served = Room::new();
    let put = |name: &str, value: Value| served.write(&format!("111122223333/{name}"), value.to_string());
    put(
        "global/sts/get-caller-identity.json",
        json!({"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/x", "UserId": "x"}),
    );
    put(
        "sa-east-1/lambda/list-functions.json",
        json!({"Functions": [
        {"FunctionName": "f", "Environment": {"Variables": {"AWS_ACCESS_KEY_ID": PLANTED[0], "OTHER": PLANTED[1]}}}]}),
    );
    put("sa-east-1/ecs/list-clusters.json", json!({"clusterArns": ["c"]}));
    put("sa-east-1/ecs/list-services.c.json", json!({"serviceArns": ["s"]}));
    put("sa-east-1/ecs/describe-services.c.json", json!({"services": [{"serviceArn": "s", "taskDefinition": "t"}]}));
    put(
        "sa-east-1/ecs/describe-task-definition.t.json",
        json!({"taskDefinition": {"containerDefinitions": [
        {"name": "c", "environment": [{"name": "PASSWORD", "value": PLANTED[1]}]}]}}),
    );
    put("sa-east-1/ec2/describe-instances.json", json!({"Reservations": [{"Instances": [{"InstanceId": "i"}]}]}));
    put(
        "sa-east-1/ec2/describe-instance-attribute.i,userData.json",
        json!({"InstanceId": "i", "UserData": {"Value": PLANTED[4]}}),
    );
    put("sa-east-1/bedrock-agentcore-control/list-agent-runtimes.json", json!({"agentRuntimes": [{"agentRuntimeId": "r"}]}));
    put("sa-east-1/bedrock-agentcore-control/get-agent-runtime.r.json", json!({"environmentVariables": {"TOKEN": PLANTED[2]}}));
    let aws = Loopback::start(Settings { folder: served.path().to_owned(), ..Settings::default() });
    let room = Room::new();
    let run = collect(&room, &aws, ACCOUNTS[0], &["--regions", "sa-east-1"]).expect_code(0);
    let written = exported(&room);
    let text: String = written.values().map(Value::to_string).collect::<String>()
        + &room.read("export/manifest.json")
        + &run.stdout
        + &run.stderr;
    for planted in PLANTED {
        assert!(!text.contains(planted), "{planted} is in the export");
    }
    // They were there to be masked.
    assert_eq!(text.matches("alicerce_secret").count(), 5);
    assert_eq!(written.len(), answers(served.path()).len());
}

#[test]
fn verify_finds_what_is_not_as_collected() {
    let aws = Loopback::start(example_at(0));
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
    let verify = || alicerce(room.path(), &["verify", "export"]);
    verify().expect_code(0);
    let keys = "export/222233334444/sa-east-1/kms/list-keys.json";
    let text = room.read(keys);
    room.write(keys, "{\"Keys\": []}");
    assert!(verify().expect_code(1).stdout.contains("list-keys"));
    room.write(keys, &text);
    verify().expect_code(0);
    let extra = room.write("export/222233334444/sa-east-1/lambda/get-policy.f.json", "{\"Policy\": \"{}\"}");
    assert!(verify().expect_code(1).stdout.contains("get-policy"));
    fs::remove_file(extra).expect("it can be removed");
    fs::remove_file(room.path().join(keys)).expect("it can be removed");
    assert!(verify().expect_code(1).stdout.contains("list-keys"));
}

/// Nothing where there is nothing: lists that are not there are no error.
#[test]
fn an_empty_account_is_an_export_too() {
    let served = Room::new();
    let identity = json!({"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/x", "UserId": "x"});
    served.write("111122223333/global/sts/get-caller-identity.json", identity.to_string());
    let aws = Loopback::start(Settings { folder: served.path().to_owned(), missing: Missing::Empty, ..Settings::default() });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[0], &["--regions", "sa-east-1"]).expect_code(0);
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    scan(&room);
}

/// An answer that is late is waited for.
#[test]
fn a_late_answer_is_taken() {
    let late = Fault { times: 1, ..Fault::always("kms list-keys", Trouble::Late(std::time::Duration::from_millis(300))) };
    let aws = Loopback::start(Settings { faults: vec![late], ..example_at(0) });
    let room = Room::new();
    collect(&room, &aws, ACCOUNTS[1], &["--regions", "sa-east-1"]).expect_code(0);
    same(&served(ACCOUNTS[1], false), &exported(&room));
}

/// Without an account there is no folder to write to.
#[test]
fn who_does_not_say_the_account_is_not_believed() {
    let aws = Loopback::start(Settings { missing: Missing::Empty, ..Settings::default() });
    let room = Room::new();
    let run = collect(&room, &aws, ACCOUNTS[0], &["--regions", "sa-east-1"]);
    assert!(run.code != Some(0) && run.stderr.contains("account"), "{run:?}");
    assert!(exported(&room).is_empty());
}
