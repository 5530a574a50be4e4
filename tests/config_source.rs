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
    let endpoint = json!({"vpcEndpointId": "vpce-1", "vpcEndpointType": "Interface", "vpcId": "vpc-1", "state": "available",
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
    let document = &facts.documents()[id.doc as usize];
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
    assert!(facts.documents()[value.doc as usize].secret(value.node).is_some());
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
