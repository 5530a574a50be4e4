//! AWS Config as a source: what its items say is what the APIs' answers say, and what it does not hold is unknown.

#![cfg(test)]

pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::engine::{self, Outcome};
use alicerce::facts::{Facts, NodeId};
use alicerce::input::{Loaded, Options, Source, load};
use alicerce::rule::Pack;
use alicerce::world::World;
use serde_json::{Value, json};
use support::config_items::{item, items_of_example, snapshot};

fn read(files: &[(&str, String)]) -> Loaded {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(text.as_str()))).collect();
    load(&[Source::Virtual(files)], &Options::default())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22*%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

fn role(time: &str, status: &str, path: &str) -> Value {
    let configuration = json!({"path": path, "roleName": "app", "roleId": "AROA1", "arn": "arn:aws:iam::111122223333:role/app",
        "createDate": "2024-01-01T00:00:00.000Z", "assumeRolePolicyDocument": TRUST, "instanceProfileList": [],
        "rolePolicyList": [{"policyName": "p", "policyDocument":
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22bedrock%3A*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D"}],
        "attachedManagedPolicies": [], "permissionsBoundary": null, "tags": []});
    item("AWS::IAM::Role", "AROA1", time, status, configuration, json!({}))
}

fn sample() -> Vec<Value> {
    let group = json!({"groupId": "sg-1", "groupName": "g", "vpcId": "vpc-1", "ownerId": "111122223333", "ipPermissionsEgress": [],
        "ipPermissions": [{"ipProtocol": "-1", "userIdGroupPairs": [], "ipv6Ranges": [], "prefixListIds": [],
            "ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}], "ipRanges": ["0.0.0.0/0"]}]});
    let endpoint = json!({"vpcEndpointId": "vpce-1", "vpcEndpointType": "Interface", "vpcId": "vpc-1", "state": {"value": "available"},
        "serviceName": "com.amazonaws.sa-east-1.bedrock-runtime", "privateDnsEnabled": false, "groups": [{"groupId": "sg-1"}],
        "policyDocument": "{\n \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}]}"});
    let bucket = json!({"PublicAccessBlockConfiguration": "{\"blockPublicAcls\":true,\"ignorePublicAcls\":false}",
        "BucketPolicy": {"policyText": null}, "BucketVersioningConfiguration": {"status": "Enabled", "isMfaDeleteEnabled": null},
        "ServerSideEncryptionConfiguration": {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]}});
    let ok = |ty: &str, id: &str, c: Value, s: Value| item(ty, id, "2026-11-01T00:00:00.000Z", "OK", c, s);
    vec![
        role("2026-11-01T00:00:00.000Z", "OK", "/old/"),
        role("2026-11-02T00:00:00.000Z", "ResourceDiscovered", "/new/"),
        ok("AWS::EC2::SecurityGroup", "sg-1", group, json!({})),
        ok("AWS::EC2::VPCEndpoint", "vpce-1", endpoint, json!({})),
        ok(
            "AWS::S3::Bucket",
            "b",
            json!({"name": "b", "creationDate": "2024-01-01T00:00:00.000Z", "owner": {"id": "1"}}),
            bucket,
        ),
        ok(
            "AWS::KMS::Key",
            "k",
            json!({"keyId": "k", "arn": "arn:aws:kms:sa-east-1:111122223333:key/k", "keyManager": "CUSTOMER",
            "keyState": "Enabled", "origin": "AWS_KMS"}),
            json!({"KeyRotationStatus": true, "Policy": "{\"Statement\": []}"}),
        ),
        item("AWS::EC2::VPC", "vpc-9", "2026-11-01T00:00:00.000Z", "ResourceDeleted", json!({"vpcId": "vpc-9"}), json!({})),
    ]
}

/// The text that a value has in the user's own document.
fn source_text(facts: &Facts, id: NodeId) -> String {
    let document = facts.document(id.doc).unwrap();
    let (file, span) = document.in_file(document.node(id.node).unwrap().span());
    file.slice(span).to_owned()
}

fn at(facts: &Facts, kind: &str, path: &[&str]) -> NodeId {
    let id = facts.of_kind(kind)[0];
    let mut value = facts.field(id, path[0]).unwrap().unwrap();
    for step in &path[1..] {
        value = match step.parse::<usize>() {
            Ok(n) => facts.items(&value).unwrap()[n].clone(),
            Err(_) => facts.member(&value, step).unwrap().unwrap(),
        };
    }
    match value {
        alicerce::facts::Value::Node(id) => id,
        other => panic!("{other:?}"),
    }
}

fn check_sample(facts: &Facts) {
    assert_eq!(source_text(facts, at(facts, "iam-role", &["Path"])).trim_matches(['"', '\\']), "/new/");
    let principal = at(facts, "iam-role", &["AssumeRolePolicyDocument", "Statement", "0", "Principal", "AWS"]);
    assert_eq!(source_text(facts, principal), "%22*%22");
    let action = at(facts, "iam-role", &["RolePolicyList", "0", "PolicyDocument", "Statement", "0", "Action"]);
    assert_eq!(source_text(facts, action), "%22bedrock%3A*%22");
    let cidr = at(facts, "security-group", &["IpPermissions", "0", "IpRanges", "0", "CidrIp"]);
    assert_eq!(source_text(facts, cidr).trim_matches(['"', '\\']), "0.0.0.0/0");
    let state = at(facts, "vpc-endpoint", &["State"]);
    assert_eq!(source_text(facts, state).trim_matches(['"', '\\']), "available");
    let resource = at(facts, "vpc-endpoint", &["PolicyDocument", "Statement", "0", "Resource"]);
    assert!(source_text(facts, resource).ends_with("*\\\"") || source_text(facts, resource).ends_with("*\\\\\\\""));
    let ignore = at(facts, "s3-bucket", &["public_access_block", "PublicAccessBlockConfiguration", "IgnorePublicAcls"]);
    assert_eq!(source_text(facts, ignore), "false");
    let bucket = facts.of_kind("s3-bucket")[0];
    assert_eq!(facts.field(bucket, "policy").unwrap(), None);
    assert!(facts.field(bucket, "replication").is_err());
    let fact = facts.get(bucket).unwrap();
    assert_eq!((fact.account.as_deref(), fact.region.as_deref()), (Some("111122223333"), Some("sa-east-1")));
    at(facts, "kms-key", &["rotation", "KeyRotationEnabled"]);
    // What no item has is not collected, a listing is never whole, and what was deleted is not there.
    assert!(facts.field(facts.of_kind("vpc-endpoint")[0], "IpAddressType").is_err());
    assert!(facts.field(facts.of_kind("iam-role")[0], "functions").is_err());
    assert!(facts.of_kind("vpc").is_empty());
}

#[test]
fn a_snapshot_gives_the_facts_of_the_apis_and_underlines_its_own_text() {
    let loaded = read(&[("snapshot.json", snapshot(&sample()))]);
    assert!(loaded.unreadable.is_empty() && loaded.unrecognised.is_empty());
    let facts = Facts::build(&loaded);
    check_sample(&facts);
    let cidr = at(&facts, "security-group", &["IpPermissions", "0", "IpRanges", "0", "CidrIp"]);
    let pointer = facts.node(cidr).unwrap().pointer();
    assert_eq!(pointer, "/configurationItems/2/configuration/ipPermissions/0/ipv4Ranges/0/cidrIp");
}

/// In every spelling and at every depth that Config has.
#[test]
fn secrets_of_every_type_are_masked() {
    let key = "sk-ant-api03-AAAABBBBCCCCDDDDEEEEFFFF";
    let types = [
        (
            "AWS::ECS::TaskDefinition",
            json!({"Family": "f", "ContainerDefinitions": [{"Name": "c", "Environment": [{"Name": "K", "Value": key}]}]}),
        ),
        (
            "AWS::ECS::TaskDefinition",
            json!({"family": "f", "containerDefinitions": [{"name": "c", "environment": [{"name": "K", "value": key}]}]}),
        ),
        ("AWS::Lambda::Function", json!({"functionName": "f", "environment": {"variables": {"K": key}}})),
        ("AWS::Lambda::Function", json!({"FunctionName": "f", "Environment": {"Variables": {"K": key}}})),
        ("AWS::BedrockAgentCore::Runtime", json!({"AgentRuntimeName": "f", "EnvironmentVariables": {"K": key}})),
        ("AWS::CodeBuild::Project", json!({"Name": "f", "Environment": {"EnvironmentVariables": [{"Name": "K", "Value": key}]}})),
        ("AWS::EC2::Instance", json!({"instanceId": "i", "userData": key})),
        ("AWS::EC2::LaunchTemplate", json!({"LaunchTemplateData": {"UserData": key}})),
    ];
    for (config_type, configuration) in types {
        let object = item(config_type, "f", "2026-11-01T00:00:00.000Z", "OK", configuration.clone(), json!({}));
        let string =
            item(config_type, "f", "2026-11-01T00:00:00.000Z", "OK", Value::String(configuration.to_string()), json!({}));
        for (name, text) in [
            ("an object", snapshot(std::slice::from_ref(&object))),
            ("a string in it", snapshot(std::slice::from_ref(&string))),
            ("a string", json!({"Results": [object.to_string()], "QueryInfo": {}}).to_string()),
            ("a string in a string", json!({"Results": [string.to_string()], "QueryInfo": {}}).to_string()),
        ] {
            let loaded = read(&[("s.json", text)]);
            assert!(loaded.unreadable.is_empty(), "{config_type} as {name}: {:?}", loaded.unreadable);
            let kept = loaded.documents.iter().any(|(document, _)| document.text.contains("sk-ant"));
            assert!(!kept && !loaded.documents.is_empty(), "{config_type} as {name}: {configuration}");
        }
    }
}

/// Where the API has a text, Config may have an object: its `value`, or nothing that is understood.
#[test]
fn what_stands_in_an_object_in_place_of_a_text() {
    for (state, wanted) in [
        (json!("available"), Some("available")),
        (json!({"value": "available"}), Some("available")),
        (json!({"value": "available", "code": 1}), None),
        (json!({"name": "available"}), None),
        (json!({"value": {"value": "available"}}), None),
        (json!({}), None),
    ] {
        let configuration = json!({"natGatewayId": "nat-1", "vpcId": "vpc-1", "subnetId": "subnet-1", "state": state});
        let gateway = item("AWS::EC2::NatGateway", "nat-1", "2026-11-01T00:00:00.000Z", "OK", configuration, json!({}));
        let facts = Facts::build(&read(&[("s.json", snapshot(&[gateway]))]));
        let found = facts.text_at(facts.of_kind("nat-gateway")[0], &["State"]);
        match wanted {
            Some(wanted) => assert_eq!(found.unwrap().as_deref(), Some(wanted), "{state}"),
            None => assert!(found.is_err(), "{state}: {found:?}"),
        }
    }
}

#[test]
fn answers_of_queries_hold_items_in_strings() {
    let results: Vec<Value> = sample()
        .into_iter()
        .map(|mut item| {
            let object = item.as_object_mut().unwrap();
            let account = object.remove("awsAccountId").unwrap();
            object.insert("accountId".into(), account);
            Value::String(item.to_string())
        })
        .collect();
    let text = json!({"Results": results, "QueryInfo": {"SelectFields": [{"Name": "resourceId"}]}}).to_string();
    for path in ["answer.json", "999999999999/us-east-1/configservice/select-aggregate-resource-config.json"] {
        check_sample(&Facts::build(&read(&[(path, text.clone())])));
    }
    let items: Vec<Value> = sample()
        .into_iter()
        .map(|mut item| {
            let configuration = item["configuration"].to_string();
            item["configuration"] = configuration.into();
            item
        })
        .collect();
    let facts =
        Facts::build(&read(&[("b.json", json!({"baseConfigurationItems": items, "unprocessedResourceKeys": []}).to_string())]));
    let principal = at(&facts, "iam-role", &["AssumeRolePolicyDocument", "Statement", "0", "Principal", "AWS"]);
    assert_eq!(source_text(&facts, principal), "%22*%22");
}

#[test]
fn gzip_is_read_and_bombs_are_refused() {
    let folder = std::env::temp_dir().join(format!("alicerce-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let whole = gzip(snapshot(&sample()).as_bytes());
    std::fs::write(folder.join("111122223333_Config_sa-east-1_ConfigSnapshot_x.json.gz"), &whole).unwrap();
    check_sample(&Facts::build(&load(&[Source::Path(folder.clone())], &Options::default())));
    std::fs::write(folder.join("cut.json.gz"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.join("bomb.json.gz"), gzip(&vec![b' '; 64 << 20])).unwrap();
    let loaded = load(&[Source::Path(folder.clone())], &Options::default());
    let mut codes: Vec<_> = loaded.unreadable.iter().map(|u| u.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["gzip", "gzip-too-large"]);
    std::fs::remove_dir_all(folder).unwrap();
}

fn codes(loaded: &Loaded) -> Vec<&str> {
    let mut codes: Vec<_> = loaded.unreadable.iter().map(|unreadable| unreadable.code).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn odd_gzip_files_are_read_whole_or_not_at_all() {
    let room = support::room::Room::new();
    let text = snapshot(&sample());
    let (front, back) = text.as_bytes().split_at(text.len() / 2);
    let load_one = |name: &str, bytes: Vec<u8>| {
        let path = room.write(name, bytes);
        let loaded = load(&[Source::Path(path.clone())], &Options::default());
        std::fs::remove_file(path).unwrap();
        loaded
    };
    // Members one after the other are one file, as gzip has it; two snapshots one after the other are no JSON.
    check_sample(&Facts::build(&load_one("members.json.gz", [gzip(front), gzip(back)].concat())));
    let twice = load_one("twice.json.gz", [gzip(text.as_bytes()), gzip(text.as_bytes())].concat());
    assert!(twice.documents.is_empty() && twice.unreadable.len() == 1, "{:?}", twice.unreadable);
    let whole = gzip(text.as_bytes());
    let mut flipped = whole.clone();
    let at = flipped.len() / 2;
    flipped[at] ^= 0x55;
    let inside_out = gzip(&gzip(text.as_bytes()));
    for (name, bytes, code) in [
        ("garbage.json.gz", [&whole[..], b"garbage"].concat(), "gzip"),
        ("checksum.json.gz", flipped, "gzip"),
        ("cut-in-the-trailer.json.gz", whole[..whole.len() - 4].to_vec(), "gzip"),
        ("header.json.gz", whole[..6].to_vec(), "gzip"),
        ("second-cut.json.gz", [&whole[..], &whole[..20]].concat(), "gzip"),
        ("bomb-behind.json.gz", [whole.clone(), gzip(&vec![b' '; 64 << 20])].concat(), "gzip-too-large"),
        ("in-gzip.json.gz", inside_out, "not-utf-8"),
        ("nothing.json.gz", gzip(b""), "empty"),
        ("latin.json.gz", gzip(b"{\"configurationItems\": [\"\xe9\"]}"), "not-utf-8"),
    ] {
        let loaded = load_one(name, bytes);
        assert!(loaded.documents.is_empty(), "{name} was read");
        assert_eq!(codes(&loaded), [code], "{name}: {:?}", loaded.unreadable);
    }
}

#[test]
fn items_that_are_deep_cut_off_or_no_json_are_said_to_be() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let loaded = read(&[("s.json", format!("{{\"configurationItems\": {deep}}}"))]);
    assert!(loaded.documents.is_empty() && loaded.unreadable.len() == 1, "{:?}", loaded.unreadable);

    let whole = role("2026-11-02T00:00:00.000Z", "OK", "/new/").to_string();
    let planted = "sk-ant-api03-AAAABBBBCCCCDDDDEEEEFFFF";
    let function = json!({"functionName": "f", "environment": {"variables": {"K": planted}}});
    let function = item("AWS::Lambda::Function", "f", "2026-11-01T00:00:00.000Z", "OK", function, json!({})).to_string();
    let (cut, _) = function.split_at(function.find(planted).unwrap() + planted.len() + 3);
    let mut inner = role("2026-11-02T00:00:00.000Z", "OK", "/new/");
    inner["resourceId"] = "AROA2".into();
    inner["configuration"] = "{\"roleName\": \"other\", \"arn\": \"arn:aws".into();
    let results = [
        json!(whole),
        json!(cut),
        json!(deep),
        json!("{\"a\": 1}{"),
        json!("text"),
        json!(null),
        json!(7),
        json!(inner.to_string()),
    ];
    let loaded = read(&[("q.json", json!({"Results": results, "QueryInfo": {"SelectFields": []}}).to_string())]);
    assert_eq!(codes(&loaded), ["config-item"], "{:?}", loaded.unreadable);
    assert!(loaded.unreadable[0].message.starts_with("7 of its 8 items"), "{}", loaded.unreadable[0].message);
    // What cannot be read may hold a secret.
    assert!(loaded.documents.iter().all(|(document, _)| !document.text.contains("sk-ant")));
    let facts = Facts::build(&loaded);
    assert_eq!(facts.of_kind("iam-role").len(), 1);
    assert!(facts.of_kind("lambda-function").is_empty());

    for wrong in ["{\"configurationItems\": [", "{\"configurationItems\": [{}]", "{\"Results\": [\"{]}", "[]]"] {
        let loaded = read(&[("w.json", wrong.to_owned())]);
        assert!(loaded.documents.is_empty() && loaded.unreadable.len() == 1, "{wrong}: {:?}", loaded.unreadable);
    }
}

#[test]
fn of_states_of_a_resource_the_newest_counts_wherever_it_stands() {
    let at = |day: u32, status: &str, path: &str| role(&format!("2026-11-{day:02}T00:00:00.000Z"), status, path);
    let path = |files: &[(&str, String)]| -> Option<String> {
        let facts = Facts::build(&read(files));
        facts.of_kind("iam-role").first()?;
        Some(source_text(&facts, path_of(&facts)).trim_matches(['"', '\\']).to_owned())
    };
    let (old, new) = (at(1, "OK", "/old/"), at(2, "OK", "/new/"));
    for items in [[old.clone(), new.clone()], [new.clone(), old.clone()]] {
        assert_eq!(path(&[("s.json", snapshot(&items))]).as_deref(), Some("/new/"));
        let [first, second] = items;
        assert_eq!(path(&[("a.json", snapshot(&[first])), ("b.json", snapshot(&[second]))]).as_deref(), Some("/new/"));
    }
    for status in ["ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded"] {
        for items in [[at(3, status, "/gone/"), new.clone()], [new.clone(), at(3, status, "/gone/")]] {
            assert_eq!(path(&[("s.json", snapshot(&items))]), None, "{status}");
        }
        // It was made anew after it was deleted.
        assert_eq!(path(&[("s.json", snapshot(&[new.clone(), at(1, status, "/gone/")]))]).as_deref(), Some("/new/"));
    }
    // At the same moment the state's number tells.
    let numbered = |mut item: Value, id: Value| {
        item["configurationStateId"] = id;
        item
    };
    for items in [
        [numbered(at(2, "ResourceDeleted", "/gone/"), json!(5)), numbered(new.clone(), json!("6"))],
        [numbered(new.clone(), json!(6)), numbered(at(2, "OK", "/old/"), json!("5"))],
    ] {
        assert_eq!(path(&[("s.json", snapshot(&items))]).as_deref(), Some("/new/"));
    }
}

fn path_of(facts: &Facts) -> NodeId {
    at(facts, "iam-role", &["Path"])
}

/// What a recorder no longer watches does not count, whichever answer says that it is stopped.
#[test]
fn items_of_a_stopped_recorder_do_not_count() {
    let vpc = || item("AWS::EC2::VPC", "vpc-1", "2026-11-01T00:00:00.000Z", "OK", json!({"vpcId": "vpc-1"}), json!({}));
    let status = |recording: bool| support::config_items::running(recording).to_string();
    let recorder = |day: u32, recording: bool| {
        let configuration = json!({"Name": "default", "Recording": recording});
        item("AWS::Config::ConfigurationRecorder", "r", &format!("2026-11-{day:02}T00:00:00Z"), "OK", configuration, json!({}))
    };
    let of_source = |status: &str| {
        json!({"AggregatedSourceStatusList": [{"SourceId": "111122223333", "AwsRegion": "sa-east-1", "LastUpdateStatus": status}]})
            .to_string()
    };
    let recorders = "111122223333/sa-east-1/configservice/describe-configuration-recorder-status.json";
    let elsewhere = "111122223333/us-east-1/configservice/describe-configuration-recorder-status.json";
    let sources = "999999999999/global/configservice/describe-configuration-aggregator-sources-status.a.json";
    let count = |items: &[Value], more: &[(&str, String)]| {
        let mut files = vec![("s.json", snapshot(items))];
        files.extend(more.iter().cloned());
        Facts::build(&read(&files)).of_kind("vpc").len()
    };
    for (items, more, wanted) in [
        (vec![vpc()], vec![], 1),
        (vec![vpc()], vec![(recorders, status(true))], 1),
        (vec![vpc()], vec![(recorders, status(false))], 0),
        (vec![vpc()], vec![(elsewhere, status(false))], 1),
        (vec![vpc()], vec![(sources, of_source("SUCCEEDED"))], 1),
        (vec![vpc()], vec![(sources, of_source("OUTDATED"))], 0),
        (vec![vpc()], vec![(sources, of_source("FAILED"))], 0),
        (vec![vpc(), recorder(1, true), recorder(2, false)], vec![], 0),
        (vec![recorder(2, true), vpc(), recorder(1, false)], vec![], 1),
    ] {
        assert_eq!(count(&items, &more), wanted, "{items:?} {more:?}");
    }
    let facts = Facts::build(&read(&[("s.json", snapshot(&[role("2026-11-02T00:00:00Z", "OK", "/"), recorder(2, false)]))]));
    assert_eq!(facts.of_kind("iam-role").len(), 0, "IAM is no Region's, so that it may be this recorder's");
}

#[test]
fn hostile_items_end_in_no_facts_and_no_panic() {
    let mut odd = item("AWS::EC2::VPC", "vpc-1", "yesterday", "OK", json!([1, {"vpcId": 2}]), json!("{"));
    odd["resourceId"] = json!({"a": []});
    let items = [json!(null), json!([]), json!("{"), odd, item("AWS::EC2::VPC", "v", "", "OK", json!("{\"vpcId\": "), json!(7))];
    let facts = Facts::build(&read(&[("s.json", snapshot(&items))]));
    assert!(facts.of_kind("vpc").is_empty());
}

#[test]
fn secrets_are_masked_in_objects_and_in_strings() {
    let key = "sk-ant-api03-AAAABBBBCCCCDDDDEEEEFFFF";
    let function = json!({"functionName": "f", "functionArn": "arn:aws:lambda:sa-east-1:111122223333:function:f", "role": "r",
        "environment": {"variables": {"K": key, "N": 123456}}});
    let whole = item("AWS::Lambda::Function", "f", "2026-11-01T00:00:00.000Z", "OK", function.clone(), json!({}));
    let loaded = read(&[("s.json", snapshot(std::slice::from_ref(&whole)))]);
    let facts = Facts::build(&loaded);
    let value = at(&facts, "lambda-function", &["Environment", "Variables", "K"]);
    assert!(facts.document(value.doc).unwrap().secret(value.node).is_some());
    let mut string = whole.clone();
    string["configuration"] = function.to_string().into();
    let strings = json!({"Results": [whole.to_string(), string.to_string()], "QueryInfo": {}});
    let loaded_strings = read(&[("q.json", strings.to_string())]);
    for loaded in [&loaded, &loaded_strings] {
        assert!(loaded.unreadable.is_empty(), "{:?}", loaded.unreadable);
        assert!(loaded.documents.iter().all(|(d, _)| !d.text.contains("sk-ant") && !d.text.contains("123456")));
    }
    let facts = Facts::build(&loaded_strings);
    assert!(facts.field(facts.of_kind("lambda-function")[0], "Environment").is_err());
}

fn outcomes(loaded: &Loaded) -> BTreeMap<(String, String), Vec<Outcome>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let config = Config::parse("alicerce.toml", std::fs::read_to_string(folder.join("alicerce.toml")).unwrap()).unwrap();
    let world = World::new(Facts::build(loaded), config, "2026-11-22T12:00:00Z".parse().unwrap());
    let mut out: BTreeMap<_, Vec<Outcome>> = BTreeMap::new();
    for judged in engine::run(&Pack::builtin().unwrap(), &world, &engine::Options::default()) {
        let subject = judged.subject.and_then(|id| world.facts.get(id)).map(|f| f.id.to_string());
        out.entry((judged.rule.id.to_string(), subject.unwrap_or_default())).or_default().push(judged.outcome);
    }
    out
}

#[test]
fn the_example_through_config_is_judged_as_its_export_or_unknown() {
    let (items, files) = items_of_example();
    // An export that holds no more than Config does: organisations, logging and retention stand in neither.
    let export = outcomes(&load(&[Source::Virtual(files)], &Options::default()));
    let config = outcomes(&read(&[("snapshot.json", snapshot(&items))]));
    let (mut same, mut unknown, mut wrong, mut failing) = (0, 0, Vec::new(), BTreeSet::new());
    for (key, found) in &config {
        for outcome in found {
            match outcome {
                Outcome::Unknown(_) => unknown += 1,
                outcome => match export.get(key) {
                    Some(expected) if expected.contains(outcome) => {
                        same += 1;
                        if *outcome == Outcome::Fail {
                            failing.insert(key.0.as_str());
                        }
                    }
                    other => wrong.push(format!("{key:?}: {outcome:?} here, {other:?} of the export")),
                },
            }
        }
    }
    println!("{same} same, {unknown} unknown, failing rules {failing:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(same > 100 && failing.len() >= 5, "{same} same, {unknown} unknown, failing {failing:?}");
}
