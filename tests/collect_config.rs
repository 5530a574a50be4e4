//! `collect --from-config`: what AWS Config recorded, in place of asking the services, and what it does not hold said to be lacking.
//!
//! In: the bundled example in AWS Config's words, served over HTTP on 127.0.0.1. Out: exports, their manifests, reports.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use alicerce::collect::plan::config::{RECORDER, types};
use loopback::{Fault, Logged, Loopback, Settings, Trouble};
use serde_json::{Value, json};
use support::config_items::{AGGREGATOR, answers_of_config, item, recorder, result, running};
use support::program::{Run, alicerce, alicerce_in};
use support::room::Room;
use support::source::package;

const MANAGEMENT: &str = "111122223333";
const PRODUCTION: &str = "222233334444";
const LABORATORY: &str = "333344445555";
const REGIONS: [&str; 2] = ["us-east-1", "sa-east-1"];

fn serve(room: &Room, page: usize, faults: Vec<Fault>) -> Loopback {
    Loopback::start(Settings { folder: room.path().to_owned(), page, faults, ..Settings::default() })
}

fn run(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    let mut variables = aws.environment(room.path(), account);
    variables.push(("AWS_MAX_ATTEMPTS", "4".to_owned()));
    alicerce_in(room.path(), arguments, &variables)
}

fn collect(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    let mut all = vec!["collect", "-o", "export", "--from-config", "--retry-delay", "1"];
    all.extend(arguments);
    run(room, aws, account, &all)
}

const LIST: &str = "us-east-1,sa-east-1";

fn manifest(room: &Room) -> Value {
    serde_json::from_str(&room.read("export/manifest.json")).expect("the manifest is JSON")
}

/// `status code: message` of a call without a resource.
fn line(manifest: &Value, account: &str, region: &str, call: &str) -> String {
    let fits = |line: &&Value| {
        let name = format!("{} {}", line["service"].as_str().unwrap_or_default(), line["operation"].as_str().unwrap_or_default());
        line["account"] == account && line["region"] == region && name == call && line["resource"].is_null()
    };
    let found = manifest["calls"].as_array().expect("a list").iter().find(fits);
    let line = found.unwrap_or_else(|| panic!("the manifest says nothing of {call} in {account} {region}"));
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}: {}", text("status"), text("code"), text("message"))
}

const WHOLE: &str = "not-attempted FromConfig: read from AWS Config, which holds only what its recorder records";
const LACKING: &str = "not-attempted NotInConfig: AWS Config does not record it";

fn scan(room: &Room, folder: &str) -> Value {
    let config = package().join("fixtures/accounts/banco-exemplo/alicerce.toml").display().to_string();
    let run = alicerce(
        room.path(),
        &["scan", folder, "--config", &config, "--format", "json", "--now", "2026-11-22T12:00:00Z", "--fail-on", "never"],
    );
    // 3: something could not be read, which the report says.
    assert!(matches!(run.code, Some(0 | 3)), "{run:?}");
    serde_json::from_str(&run.stdout).expect("the report is JSON")
}

/// What fails in the accounts, not in `alicerce.toml`: rule and subject.
fn failing(report: &Value) -> BTreeSet<String> {
    let all = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|finding| finding["outcome"] == "fail" && finding["subject"]["account"].is_string());
    all.map(|finding| format!("{} {}", finding["rule"], finding["subject"])).collect()
}

/// The calls that were made, each once.
fn made(log: &[Logged]) -> BTreeSet<String> {
    log.iter().map(|call| format!("{} {}", call.service, call.operation)).collect()
}

#[test]
fn an_account_is_read_from_its_config_at_any_page_size() {
    let mut before = None;
    for page in [0, 1, 7] {
        let (served, room) = (answers_of_config(&REGIONS), Room::new());
        let aws = serve(&served, page, Vec::new());
        collect(&room, &aws, LABORATORY, &["--regions", LIST]).expect_code(0);
        // No service is asked but AWS Config, and each type that is read once in each Region; IAM where it is recorded.
        let log = aws.log();
        let wanted = [
            "configservice describe-configuration-recorder-status",
            "configservice describe-configuration-recorders",
            "configservice select-resource-config",
            "ec2 describe-regions",
            "sts get-caller-identity",
        ];
        assert_eq!(made(&log), wanted.map(str::to_owned).into());
        if page == 0 {
            let queries = log.iter().filter(|call| call.operation == "select-resource-config").count();
            assert_eq!(queries, 2 * (types().len() - 1) - 4);
        }
        let manifest = manifest(&room);
        assert_eq!(manifest["source"], "AWS Config");
        for (region, call, how) in [
            ("sa-east-1", "ec2 describe-vpcs", WHOLE),
            ("us-east-1", "ec2 describe-vpcs", WHOLE),
            ("sa-east-1", "kms get-key-policy", WHOLE),
            ("global", "iam get-account-authorization-details", WHOLE),
            ("global", "s3api get-bucket-policy", WHOLE),
            ("global", "s3api get-bucket-replication", LACKING),
            ("global", "iam get-credential-report", LACKING),
            ("sa-east-1", "bedrock get-model-invocation-logging-configuration", LACKING),
            ("sa-east-1", "bedrock get-account-data-retention", LACKING),
            ("us-east-1", "ec2 describe-vpc-attribute", LACKING),
        ] {
            assert_eq!(line(&manifest, LABORATORY, region, call), how, "{call} in {region}");
        }
        alicerce(room.path(), &["verify", "export"]).expect_code(0);
        let report = scan(&room, "export");
        let found = failing(&report);
        assert!(found.len() > 5, "{found:#?}");
        assert!(report.to_string().contains("was not attempted: AWS Config does not record it"), "{report}");
        assert_eq!(before.get_or_insert_with(|| found.clone()), &found, "pages make a difference");
    }
}

#[test]
fn the_calls_made_are_those_that_permissions_lists() {
    let action = |call: &str| -> String {
        match call {
            "sts get-caller-identity" => "sts:GetCallerIdentity",
            "ec2 describe-regions" => "ec2:DescribeRegions",
            "configservice describe-configuration-recorders" => "config:DescribeConfigurationRecorders",
            "configservice describe-configuration-recorder-status" => "config:DescribeConfigurationRecorderStatus",
            "configservice select-resource-config" => "config:SelectResourceConfig",
            "configservice describe-configuration-aggregators" => "config:DescribeConfigurationAggregators",
            "configservice describe-configuration-aggregator-sources-status" => {
                "config:DescribeConfigurationAggregatorSourcesStatus"
            }
            "configservice select-aggregate-resource-config" => "config:SelectAggregateResourceConfig",
            other => panic!("`{other}` was called"),
        }
        .to_owned()
    };
    for (more, account) in [(&[][..], PRODUCTION), (&["--aggregator", AGGREGATOR], MANAGEMENT)] {
        let (served, room) = (answers_of_config(&REGIONS), Room::new());
        let aws = serve(&served, 2, Vec::new());
        let regions = if more.is_empty() { LIST } else { "sa-east-1" };
        collect(&room, &aws, account, &[&["--regions", regions], more].concat()).expect_code(0);
        let listed = alicerce(room.path(), &[&["permissions", "--from-config"], more].concat()).expect_code(0).stdout;
        let listed: Value = serde_json::from_str(&listed).expect("it is JSON");
        let listed: BTreeSet<String> = listed["Statement"][0]["Action"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|a| a.as_str().expect("text").into())
            .collect();
        assert_eq!(made(&aws.log()).iter().map(|call| action(call)).collect::<BTreeSet<_>>(), listed);
    }
}

#[test]
fn an_aggregator_gives_the_organisation_by_one_api() {
    let (served, room) = (answers_of_config(&REGIONS), Room::new());
    let aws = serve(&served, 2, Vec::new());
    collect(&room, &aws, MANAGEMENT, &["--aggregator", AGGREGATOR]).expect_code(0);
    assert!(aws.log().iter().all(|call| call.account == MANAGEMENT && call.region == "sa-east-1"));
    let manifest = manifest(&room);
    assert_eq!(manifest["source"], "the aggregator organization of AWS Config in sa-east-1");
    for account in [MANAGEMENT, PRODUCTION, LABORATORY] {
        assert_eq!(line(&manifest, account, "us-east-1", "ec2 describe-vpcs"), WHOLE);
        assert_eq!(line(&manifest, account, "global", "iam get-account-authorization-details"), WHOLE);
        assert_eq!(line(&manifest, account, "sa-east-1", "bedrock get-account-data-retention"), LACKING);
    }
    assert_eq!(line(&manifest, MANAGEMENT, "global", "organizations list-policies"), LACKING);
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    let through_aggregator = scan(&room, "export");
    // Account by account the same is found.
    let mut one_by_one = BTreeSet::new();
    for account in [MANAGEMENT, PRODUCTION, LABORATORY] {
        let room = Room::new();
        collect(&room, &aws, account, &["--regions", LIST]).expect_code(0);
        one_by_one.extend(failing(&scan(&room, "export")));
    }
    let together = failing(&through_aggregator);
    assert!(
        together.len() > 10 && together.is_subset(&one_by_one) || one_by_one.is_subset(&together),
        "{together:#?} {one_by_one:#?}"
    );
}

/// A type whose query is refused is unknown for that reason; the others stand.
#[test]
fn refused_and_throttled_queries() {
    let (served, room) = (answers_of_config(&REGIONS), Room::new());
    let denied = Fault::always("configservice select-resource-config", Trouble::Error(400, "AccessDeniedException"));
    let aws = serve(&served, 0, vec![denied]);
    collect(&room, &aws, PRODUCTION, &["--regions", LIST]).expect_code(0);
    let manifest_of = manifest(&room);
    let how = line(&manifest_of, PRODUCTION, "sa-east-1", "ec2 describe-vpcs");
    assert_eq!(how, "not-attempted NotInConfig: AWS Config's query for AWS::EC2::VPC was denied (AccessDeniedException)");
    assert_eq!(failing(&scan(&room, "export")), BTreeSet::new());

    let room = Room::new();
    let slow =
        Fault { times: 3, ..Fault::always("configservice select-resource-config", Trouble::Error(400, "ThrottlingException")) };
    let aws = serve(&served, 3, vec![slow]);
    collect(&room, &aws, PRODUCTION, &["--regions", "sa-east-1"]).expect_code(0);
    assert_eq!(line(&manifest(&room), PRODUCTION, "sa-east-1", "ec2 describe-vpcs"), WHOLE);
    // A page in the middle that does not come leaves no answer.
    let room = Room::new();
    let fault = Fault {
        spared: 30,
        ..Fault::always("configservice select-resource-config", Trouble::Error(400, "AccessDeniedException"))
    };
    let aws = serve(&served, 1, vec![fault]);
    collect(&room, &aws, PRODUCTION, &["--regions", "sa-east-1"]).expect_code(0);
    let text = manifest(&room)["calls"].to_string();
    assert!(text.contains("was denied (AccessDeniedException)"));
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
}

/// A recorder that is stopped, is not there, or leaves a type out: its items are not asked for.
#[test]
fn what_no_recorder_records_is_not_there() {
    let leaves_out = json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": {"allSupported": false,
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::VPC"]},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}}]});
    let only = json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": {"allSupported": false,
        "resourceTypes": ["AWS::EC2::Subnet"], "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}}]});
    let of_a_service =
        json!({"ConfigurationRecorders": [{"name": "AWSConfigurationRecorderForX", "servicePrincipal": "x.amazonaws.com"}]});
    let stopped = format!("{LACKING}: its recorder in sa-east-1 is stopped");
    let none = format!("{LACKING}: it has no recorder in sa-east-1");
    let out = format!("{LACKING}: its recorder in sa-east-1 leaves out AWS::EC2::VPC");
    for (recorders, status, vpcs) in [
        (Some(recorder(true)), Some(running(false)), &*stopped),
        (Some(json!({"ConfigurationRecorders": []})), Some(json!({"ConfigurationRecordersStatus": []})), &none),
        (Some(of_a_service), Some(running(true)), &none),
        (Some(leaves_out), Some(running(true)), &out),
        (Some(only), Some(running(true)), &out),
        (
            None,
            Some(running(true)),
            "not-attempted NotInConfig: whether AWS Config records anything in sa-east-1 is not known: `describe-configuration-recorders` was denied (AccessDeniedException)",
        ),
        (
            Some(recorder(true)),
            None,
            "not-attempted NotInConfig: whether AWS Config records anything in sa-east-1 is not known: `describe-configuration-recorder-status` was denied (AccessDeniedException)",
        ),
    ] {
        let (served, room) = (answers_of_config(&["sa-east-1"]), Room::new());
        for (operation, answer) in
            [("describe-configuration-recorders", recorders), ("describe-configuration-recorder-status", status)]
        {
            let path = served.path().join(format!("{PRODUCTION}/sa-east-1/configservice/{operation}.json"));
            match answer {
                Some(answer) => fs::write(path, answer.to_string()).expect("it can be written"),
                None => fs::remove_file(path).expect("it was there"),
            }
        }
        let aws = serve(&served, 0, Vec::new());
        collect(&room, &aws, PRODUCTION, &["--regions", "sa-east-1"]).expect_code(0);
        assert_eq!(line(&manifest(&room), PRODUCTION, "sa-east-1", "ec2 describe-vpcs"), vpcs);
        assert!(!aws.log().iter().any(|call| call.path.contains("VPC.json")), "stale items were asked for");
        let failing = failing(&scan(&room, "export"));
        assert!(!failing.iter().any(|finding| finding.contains(":vpc/")), "a network that is not recorded fails: {failing:?}");
    }
}

/// Items that an aggregator no longer has at hand, or whose recorder is stopped, do not count.
#[test]
fn stale_copies_of_an_aggregator_do_not_count() {
    let served = answers_of_config(&REGIONS);
    let folder = format!("{MANAGEMENT}/global/configservice");
    let row = |account: &str, region: &str, status: &str| json!({"SourceId": account, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": status, "LastErrorCode": "E"});
    let rows = [
        row(MANAGEMENT, "sa-east-1", "SUCCEEDED"),
        row(PRODUCTION, "sa-east-1", "OUTDATED"),
        row(LABORATORY, "sa-east-1", "SUCCEEDED"),
    ];
    served.write(
        &format!("{folder}/describe-configuration-aggregator-sources-status.{AGGREGATOR}.json"),
        json!({"AggregatedSourceStatusList": rows}).to_string(),
    );
    let of_recorder = |region: &str| {
        let mut of_recorder =
            item(RECORDER, "r", "2026-11-01T00:00:00Z", "OK", json!({"Name": "default", "Recording": false}), json!({}));
        of_recorder["awsAccountId"] = LABORATORY.into();
        of_recorder["awsRegion"] = region.into();
        result(&of_recorder)
    };
    let name = RECORDER.replace(':', "%3A");
    served.write(
        &format!("{folder}/select-aggregate-resource-config.{name}.json"),
        json!({"Results": REGIONS.map(of_recorder)}).to_string(),
    );
    let room = Room::new();
    let aws = serve(&served, 0, Vec::new());
    collect(&room, &aws, MANAGEMENT, &["--aggregator", AGGREGATOR]).expect_code(0);
    let manifest = manifest(&room);
    let outdated = line(&manifest, PRODUCTION, "sa-east-1", "ec2 describe-vpcs");
    assert!(outdated.contains("no present copy of sa-east-1: its last update is OUTDATED (E)"), "{outdated}");
    let stopped = line(&manifest, LABORATORY, "sa-east-1", "ec2 describe-vpcs");
    assert!(stopped.contains("its recorder in sa-east-1 is stopped"), "{stopped}");
    let found = failing(&scan(&room, "export"));
    let stale: Vec<_> = found.iter().filter(|found| found.contains(PRODUCTION) || found.contains(LABORATORY)).collect();
    assert!(!found.is_empty() && stale.is_empty(), "{found:#?}");
}

#[test]
fn credentials_that_end_leave_an_export_to_go_on_with() {
    let served = answers_of_config(&REGIONS);
    let fault = Fault { spared: 20, ..Fault::always("", Trouble::Error(400, "ExpiredTokenException")) };
    let aws = serve(&served, 0, vec![fault]);
    let room = Room::new();
    collect(&room, &aws, PRODUCTION, &["--regions", LIST]).expect_code(3);
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    aws.log();
    aws.mend();
    let other = run(&room, &aws, PRODUCTION, &["collect", "-o", "export", "--resume", "--regions", LIST]);
    assert!(other.code != Some(0) && other.stderr.contains("begun from AWS Config"), "{other:?}");
    collect(&room, &aws, PRODUCTION, &["--regions", LIST, "--resume"]).expect_code(0);
    let again: BTreeMap<String, usize> = aws.log().into_iter().fold(BTreeMap::new(), |mut all, call| {
        *all.entry(call.path).or_default() += 1;
        all
    });
    assert!(again.len() < 2 * types().len(), "{again:?}");
    let whole = Room::new();
    collect(&whole, &aws, PRODUCTION, &["--regions", LIST]).expect_code(0);
    assert_eq!(scan(&room, "export")["findings"], scan(&whole, "export")["findings"]);
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
}

#[test]
fn combinations_that_mean_nothing_are_refused() {
    let served = answers_of_config(&["sa-east-1"]);
    let aws = serve(&served, 0, Vec::new());
    let room = Room::new();
    for (arguments, said) in [
        (&["collect", "-o", "e", "--aggregator", "a"][..], "--from-config"),
        (&["collect", "-o", "e", "--from-config", "--org"], "--org"),
        (&["collect", "-o", "e", "--from-config", "--aggregator", "a", "--regions", "sa-east-1,us-east-1"], "one Region"),
        (&["collect", "-o", "e", "--from-config", "--aggregator", "a b"], "no name of an aggregator"),
        (&["permissions", "--aggregator", "a"], "--from-config"),
        (&["permissions", "--from-config", "--org"], "--org"),
        (&["scan", "--from-config", "."], "--live"),
    ] {
        let run = run(&room, &aws, MANAGEMENT, arguments);
        assert!(run.code != Some(0) && run.stderr.contains(said), "{arguments:?}: {run:?}");
    }
    assert!(aws.log().is_empty(), "a call was made");
    let lacking = collect(&room, &aws, MANAGEMENT, &["--aggregator", "nowhere"]);
    assert!(lacking.code != Some(0) && lacking.stderr.contains("does not show an aggregator `nowhere`"), "{lacking:?}");
}

/// Secrets stand inside strings of the answers: they are masked before they are written.
#[test]
fn secrets_in_items_are_not_written() {
    let served = answers_of_config(&["sa-east-1"]);
    let planted = "sk-ant-api03-AAAABBBBCCCCDDDDEEEEFFFF";
    let configuration = json!({"functionName": "f", "functionArn": "arn:aws:lambda:sa-east-1:222233334444:function:f",
        "environment": {"variables": {"K": planted, "N": 123_456_789}}});
    let mut function = item("AWS::Lambda::Function", "f", "2026-11-01T00:00:00Z", "OK", configuration.clone(), json!({}));
    function["awsAccountId"] = PRODUCTION.into();
    let mut string = function.clone();
    string["resourceId"] = "g".into();
    string["configuration"] = configuration.to_string().into();
    // One that is cut off behind the secret: nobody can tell what it holds.
    let whole = result(&function);
    let whole = whole.as_str().expect("an item is a text");
    let (cut, _) = whole.split_at(whole.find(planted).expect("it is there") + planted.len() + 2);
    let path = format!("{PRODUCTION}/sa-east-1/configservice/select-resource-config.AWS%3A%3ALambda%3A%3AFunction.json");
    served.write(&path, json!({"Results": [result(&function), result(&string), cut]}).to_string());
    let aws = serve(&served, 0, Vec::new());
    let room = Room::new();
    collect(&room, &aws, PRODUCTION, &["--regions", "sa-east-1"]).expect_code(0);
    let written = room.read(&format!("export/{path}"));
    assert!(written.contains("functionArn") && !written.contains("sk-ant") && !written.contains("123456789"), "{written}");
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    let report = scan(&room, "export");
    assert!(report.to_string().contains("1 of its 3 items of AWS Config are cut off"), "{report}");
}
