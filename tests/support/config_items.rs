//! The bundled example as AWS Config would record it: its answers in Config's words.
//!
//! In: `fixtures/accounts/banco-exemplo`. Out: configuration items, and the files of the export that say as much.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

/// An item as a snapshot has it.
pub fn item(config_type: &str, id: &str, time: &str, status: &str, configuration: Value, supplementary: Value) -> Value {
    json!({"configurationItemVersion": "1.3", "configurationItemCaptureTime": time, "configurationItemStatus": status,
        "awsAccountId": "111122223333", "awsRegion": "sa-east-1", "resourceType": config_type, "resourceId": id,
        "configuration": configuration, "supplementaryConfiguration": supplementary})
}

/// A snapshot of these items.
pub fn snapshot(items: &[Value]) -> String {
    json!({"fileVersion": "1.0", "configSnapshotId": "x", "configurationItems": items}).to_string()
}

/// `VpcId` → `vpcId`, as Config writes keys; the keys of maps stay.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(camel).collect()),
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    let mut chars = key.chars();
                    let first = chars.next().unwrap_or_default().to_ascii_lowercase();
                    let policy = key.ends_with("PolicyDocument") || key == "Document";
                    let value = match value {
                        Value::Object(_) if policy => Value::String(percent(&value.to_string())),
                        _ if key == "Variables" => value.clone(),
                        _ => camel(value),
                    };
                    (format!("{first}{}", chars.as_str()), value)
                })
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

/// Keys with their policies and rotation, buckets with theirs: what Config has beside the configuration of the thing itself.
fn keys_and_buckets(account: &str, folder: &Path) -> Vec<Value> {
    let mut out = Vec::new();
    let region = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut put = |config_type: &str, id: &str, region: &str, configuration: Value, supplementary: Map<String, Value>| {
        let time = "2026-11-20T00:00:00.000Z";
        let mut item = item(config_type, id, time, "OK", configuration, Value::Object(supplementary));
        item["awsAccountId"] = account.into();
        item["awsRegion"] = region.into();
        out.push(item);
    };
    let keys = read(&folder.join("kms/list-keys.json")).unwrap_or_default();
    for id in keys["Keys"].as_array().into_iter().flatten().filter_map(|key| key["KeyId"].as_str()) {
        let Some(described) = read(&folder.join(format!("kms/describe-key.{id}.json"))) else { continue };
        let mut more = Map::new();
        if let Some(policy) = read(&folder.join(format!("kms/get-key-policy.{id},default.json"))) {
            more.insert("Policy".into(), policy["Policy"].clone());
        }
        if let Some(rotation) = read(&folder.join(format!("kms/get-key-rotation-status.{id}.json"))) {
            more.insert("KeyRotationStatus".into(), rotation["KeyRotationEnabled"].clone());
        }
        put("AWS::KMS::Key", id, &region, camel(&described["KeyMetadata"]), more);
    }
    let buckets = read(&folder.join("s3api/list-buckets.json")).unwrap_or_default();
    for bucket in buckets["Buckets"].as_array().into_iter().flatten() {
        let name = bucket["Name"].as_str().unwrap_or_default();
        let about = |operation: &str| read(&folder.join(format!("s3api/{operation}.{name}.json")));
        let text = |value: &Value| Value::String(camel(value).to_string());
        let mut more = Map::new();
        if let Some(answer) = about("get-bucket-policy") {
            more.insert("BucketPolicy".into(), json!({"policyText": answer["Policy"]}));
        }
        if let Some(answer) = about("get-public-access-block") {
            more.insert("PublicAccessBlockConfiguration".into(), text(&answer["PublicAccessBlockConfiguration"]));
        }
        if let Some(answer) = about("get-bucket-encryption") {
            more.insert("ServerSideEncryptionConfiguration".into(), camel(&answer["ServerSideEncryptionConfiguration"]));
        }
        if let Some(answer) = about("get-bucket-versioning") {
            more.insert("BucketVersioningConfiguration".into(), json!({"status": answer["Status"], "isMfaDeleteEnabled": null}));
        }
        if let Some(answer) = about("get-bucket-logging") {
            let to = &answer["LoggingEnabled"];
            let logging = json!({"destinationBucketName": to["TargetBucket"], "logFilePrefix": to["TargetPrefix"]});
            more.insert("BucketLoggingConfiguration".into(), logging);
        }
        let located = about("get-bucket-location").and_then(|answer| Some(answer["LocationConstraint"].as_str()?.to_owned()));
        put("AWS::S3::Bucket", name, located.as_deref().unwrap_or("us-east-1"), camel(bucket), more);
    }
    out
}

/// A folder for the loopback: what AWS Config answers in these Regions of the example's accounts. IAM is recorded in the first.
pub fn answers_of_config(regions: &[&str]) -> super::room::Room {
    let room = super::room::Room::new();
    let (mut items, _) = items_of_example();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    for account in ["111122223333", "222233334444", "333344445555"] {
        for place in std::fs::read_dir(root.join(account)).unwrap().map(|entry| entry.unwrap().path()) {
            items.extend(keys_and_buckets(account, &place));
        }
        for (service, file) in [("sts", "get-caller-identity.json"), ("ec2", "describe-regions.json")] {
            if let Ok(text) = std::fs::read(root.join(account).join("global").join(service).join(file)) {
                room.write(&format!("{account}/global/{service}/{file}"), text);
            }
        }
        for region in regions {
            let at = |file: &str| format!("{account}/{region}/configservice/{file}.json");
            room.write(&at("describe-configuration-recorders"), recorder(regions.first() == Some(region)).to_string());
            room.write(&at("describe-configuration-recorder-status"), running(true).to_string());
            for recorded in alicerce::collect::plan::config::types() {
                let here = |item: &&Value| {
                    let global = item["awsRegion"] == "global" && regions.first() == Some(region);
                    item["awsAccountId"] == account
                        && item["resourceType"] == recorded.name
                        && (global || item["awsRegion"] == *region)
                };
                let found: Vec<Value> = items.iter().filter(here).map(result).collect();
                let name = recorded.name.replace(':', "%3A");
                room.write(&at(&format!("select-resource-config.{name}")), json!({"Results": found}).to_string());
            }
        }
    }
    let management = "111122223333/global/configservice";
    for recorded in alicerce::collect::plan::config::types() {
        let found: Vec<Value> = items.iter().filter(|item| item["resourceType"] == recorded.name).map(result).collect();
        let name = recorded.name.replace(':', "%3A");
        room.write(&format!("{management}/select-aggregate-resource-config.{name}.json"), json!({"Results": found}).to_string());
    }
    let aggregator = json!({"ConfigurationAggregatorName": AGGREGATOR, "OrganizationAggregationSource": {"AllAwsRegions": true}});
    let described = json!({"ConfigurationAggregators": [aggregator]}).to_string();
    room.write(&format!("{management}/describe-configuration-aggregators.{AGGREGATOR}.json"), described);
    let rows: Vec<Value> = ["111122223333", "222233334444", "333344445555"]
        .iter()
        .flat_map(|account| regions.iter().map(move |region| json!({"SourceId": account, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": "SUCCEEDED"})))
        .collect();
    let sources = format!("{management}/describe-configuration-aggregator-sources-status.{AGGREGATOR}.json");
    room.write(&sources, json!({"AggregatedSourceStatusList": rows}).to_string());
    room
}

/// The aggregator that the example's management account has.
pub const AGGREGATOR: &str = "organization";

/// `describe-configuration-recorders`: everything, with IAM or without.
pub fn recorder(global: bool) -> Value {
    json!({"ConfigurationRecorders": [{"name": "default", "roleARN": "arn:aws:iam::111122223333:role/config",
        "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": global, "resourceTypes": []}}]})
}

/// `describe-configuration-recorder-status`.
pub fn running(recording: bool) -> Value {
    json!({"ConfigurationRecordersStatus": [{"name": "default", "recording": recording, "lastStatus": "SUCCESS"}]})
}

/// An item as a query answers it.
pub fn result(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(object) = item.as_object_mut() {
        let account = object.remove("awsAccountId").unwrap_or_default();
        object.insert("accountId".into(), account);
        object.remove("configurationItemVersion");
    }
    Value::String(item.to_string())
}

/// The items that Config would hold of the bundled example, and the files of the export that say as much.
pub fn items_of_example() -> (Vec<Value>, Vec<(String, Arc<str>)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let lists = [
        ("ec2/describe-vpcs.json", "Vpcs", "AWS::EC2::VPC", "VpcId"),
        ("ec2/describe-subnets.json", "Subnets", "AWS::EC2::Subnet", "SubnetId"),
        ("ec2/describe-route-tables.json", "RouteTables", "AWS::EC2::RouteTable", "RouteTableId"),
        ("ec2/describe-nat-gateways.json", "NatGateways", "AWS::EC2::NatGateway", "NatGatewayId"),
        ("ec2/describe-internet-gateways.json", "InternetGateways", "AWS::EC2::InternetGateway", "InternetGatewayId"),
        ("ec2/describe-security-groups.json", "SecurityGroups", "AWS::EC2::SecurityGroup", "GroupId"),
        ("ec2/describe-vpc-endpoints.json", "VpcEndpoints", "AWS::EC2::VPCEndpoint", "VpcEndpointId"),
        ("ec2/describe-network-interfaces.json", "NetworkInterfaces", "AWS::EC2::NetworkInterface", "NetworkInterfaceId"),
        ("lambda/list-functions.json", "Functions", "AWS::Lambda::Function", "FunctionName"),
        ("cloudtrail/describe-trails.json", "trailList", "AWS::CloudTrail::Trail", "TrailARN"),
        ("iam/get-account-authorization-details.json", "RoleDetailList", "AWS::IAM::Role", "RoleId"),
        ("iam/get-account-authorization-details.json", "UserDetailList", "AWS::IAM::User", "UserId"),
        ("iam/get-account-authorization-details.json", "GroupDetailList", "AWS::IAM::Group", "GroupId"),
        ("iam/get-account-authorization-details.json", "Policies", "AWS::IAM::Policy", "PolicyId"),
    ];
    let (mut out, mut files) = (Vec::new(), BTreeMap::new());
    for account in ["111122223333", "222233334444", "333344445555"] {
        for region in std::fs::read_dir(root.join(account)).unwrap().map(|e| e.unwrap().path()) {
            let name = region.file_name().unwrap().to_string_lossy().into_owned();
            for (file, list, config_type, id) in lists {
                let Ok(text) = std::fs::read_to_string(region.join(file)) else { continue };
                let answer: Value = serde_json::from_str(&text).unwrap();
                files.insert(format!("{account}/{name}/{file}"), Arc::from(text.as_str()));
                for found in answer[list].as_array().into_iter().flatten() {
                    let mut configuration = camel(found);
                    if config_type == "AWS::IAM::Role" && configuration.get("permissionsBoundary").is_none() {
                        configuration["permissionsBoundary"] = Value::Null;
                    }
                    // The states of these stand in an object of their own.
                    if ["AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::Lambda::Function"].contains(&config_type)
                        && configuration["state"].is_string()
                    {
                        configuration["state"] = json!({"value": configuration["state"]});
                    }
                    let mut item = item(
                        config_type,
                        found[id].as_str().unwrap(),
                        "2026-11-20T00:00:00.000Z",
                        "OK",
                        configuration,
                        json!({}),
                    );
                    item["awsAccountId"] = account.into();
                    item["awsRegion"] = name.as_str().into();
                    out.push(item);
                }
            }
        }
    }
    (out, files.into_iter().collect())
}
