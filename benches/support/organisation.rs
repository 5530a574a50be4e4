//! A synthetic organisation: many accounts of 200 roles each, with what stands in an account beside them.
//!
//! In: a folder, how many accounts, a seed. Out: the same bytes on every machine for the same numbers and seed. Roles are trusted by the
//! management account here and there, each account delivers to one bucket of logs. Never: anything random from outside.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::generate::{MANAGEMENT, MEMBER, Random, answer, managed, role};

const ROLES: usize = 200;
const REGION: &str = "sa-east-1";
const ROOT: &str = "r-syn1";
const OU: &str = "ou-syn1-workload1";
/// Members' numbers begin here.
const FIRST: u64 = 300_000_000_000;

/// Writes the export of a management account and `accounts` members.
///
/// # Errors
/// What writing a file gives.
pub(crate) fn export(folder: &Path, accounts: usize, seed: u64) -> io::Result<()> {
    let numbers: Vec<String> = (FIRST..).take(accounts).map(|n| n.to_string()).collect();
    organization(folder, &numbers)?;
    for (at, number) in (1..).zip(&numbers) {
        member(folder, number, &mut Random::new(seed.wrapping_mul(1_000_003).wrapping_add(at)))?;
    }
    Ok(())
}

fn member(folder: &Path, number: &str, r: &mut Random) -> io::Result<()> {
    let pool = ROLES / 15;
    let roles: Vec<Value> = (0..ROLES).map(|n| role(r, n, pool, false)).collect();
    let policies: Vec<Value> = (0..pool).map(|n| managed(r, n)).collect();
    let all = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies});
    let put = |region: &str, service: &str, name: &str, value: Value| answer(folder, number, region, service, name, &value);
    put("global", "iam", "get-account-authorization-details", all)?;
    // The generator of roles writes one account's number; here each has its own.
    let path = folder.join(number).join("global/iam/get-account-authorization-details.json");
    fs::write(&path, fs::read_to_string(&path)?.replace(MEMBER, number))?;
    let vpc = format!("vpc-{number:0>17}");
    let endpoint = json!({"VpcEndpointId": format!("vpce-{number:0>17}"), "VpcEndpointType": "Interface", "VpcId": vpc,
        "ServiceName": format!("com.amazonaws.{REGION}.bedrock-runtime"), "State": "available", "PrivateDnsEnabled": true,
        "SubnetIds": [], "Groups": [], "OwnerId": number,
        "PolicyDocument": "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"});
    let state = json!({"VpcId": vpc, "CidrBlock": "10.0.0.0/16", "State": "available", "OwnerId": number, "IsDefault": false});
    put(REGION, "ec2", "describe-vpcs", json!({"Vpcs": [state]}))?;
    put(REGION, "ec2", "describe-vpc-endpoints", json!({"VpcEndpoints": [endpoint]}))?;
    let bucket = format!("logs-of-{MANAGEMENT}");
    let logging = json!({"loggingConfig": {"s3Config": {"bucketName": bucket, "keyPrefix": "bedrock"}, "textDataDeliveryEnabled": true,
        "imageDataDeliveryEnabled": true, "embeddingDataDeliveryEnabled": true}});
    put(REGION, "bedrock", "get-model-invocation-logging-configuration", logging)?;
    put(REGION, "bedrock", "list-guardrails", json!({"guardrails": []}))?;
    put(REGION, "bedrock", "list-inference-profiles", json!({"inferenceProfileSummaries": []}))?;
    put(REGION, "lambda", "list-functions", json!({"Functions": []}))
}

fn organization(folder: &Path, numbers: &[String]) -> io::Result<()> {
    let put = |name: &str, value: Value| answer(folder, MANAGEMENT, "global", "organizations", name, &value);
    let arn = |rest: String| format!("arn:aws:organizations::{MANAGEMENT}:{rest}");
    let account = |id: &str| json!({"Id": id, "Arn": arn(format!("account/o-synthetic1/{id}")), "Name": id, "Status": "ACTIVE"});
    let members: Vec<Value> = numbers.iter().map(|id| account(id)).collect();
    let all: Vec<Value> = [account(MANAGEMENT)].into_iter().chain(members.iter().cloned()).collect();
    put(
        "describe-organization",
        json!({"Organization": {"Id": "o-synthetic1", "FeatureSet": "ALL", "MasterAccountId": MANAGEMENT,
        "Arn": arn("organization/o-synthetic1".into()), "MasterAccountArn": arn(format!("account/o-synthetic1/{MANAGEMENT}"))}}),
    )?;
    let enabled = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]);
    let root = json!({"Id": ROOT, "Arn": arn(format!("root/o-synthetic1/{ROOT}")), "Name": "Root", "PolicyTypes": enabled});
    put("list-roots", json!({"Roots": [root]}))?;
    put("list-accounts", json!({"Accounts": all}))?;
    let unit = json!({"Id": OU, "Arn": arn(format!("ou/o-synthetic1/{OU}")), "Name": "Workloads"});
    put(&format!("list-organizational-units-for-parent.{ROOT}"), json!({"OrganizationalUnits": [unit]}))?;
    put(&format!("list-organizational-units-for-parent.{OU}"), json!({"OrganizationalUnits": []}))?;
    put(&format!("list-accounts-for-parent.{ROOT}"), json!({"Accounts": [account(MANAGEMENT)]}))?;
    put(&format!("list-accounts-for-parent.{OU}"), json!({"Accounts": members}))?;
    let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let guard = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*",
        "Action": ["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*", "bedrock-websearch:*"],
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": [REGION]}}}]});
    let mut summaries = Vec::new();
    for (id, content, targets) in [("p-FullAWSAccess", full, vec![ROOT, OU]), ("p-regionguard", guard, vec![OU])] {
        let summary = json!({"Id": id, "Arn": arn(format!("policy/o-synthetic1/service_control_policy/{id}")), "Name": id,
                             "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": id == "p-FullAWSAccess"});
        put(&format!("describe-policy.{id}"), json!({"Policy": {"PolicySummary": summary, "Content": content.to_string()}}))?;
        let kind = |target: &str| if target == ROOT { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
        let targets: Vec<Value> = targets.iter().map(|t| json!({"TargetId": t, "Name": t, "Type": kind(t)})).collect();
        put(&format!("list-targets-for-policy.{id}"), json!({"Targets": targets}))?;
        summaries.push(summary);
    }
    put("list-policies.SERVICE_CONTROL_POLICY", json!({"Policies": summaries}))?;
    put("list-policies.RESOURCE_CONTROL_POLICY", json!({"Policies": []}))
}
