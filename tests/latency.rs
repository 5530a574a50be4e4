//! How long collecting takes where each call takes 50 ms: a measurement, run by hand (`docs/performance.md`).
//!
//! In: accounts made up here, served over HTTP on 127.0.0.1 with a delay. Out: calls, time, memory, printed. Nothing is asserted
//! of the time: a slow machine breaks no build.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use loopback::{Fault, Loopback, Missing, Settings, Trouble};
use serde_json::{Value, json};
use support::room::Room;

const DELAY: Duration = Duration::from_millis(50);
const REGIONS: [&str; 3] = ["sa-east-1", "us-east-1", "us-east-2"];

fn number(nth: usize) -> String {
    format!("{:012}", 111_100_000_000 + nth)
}

fn put(room: &Room, path: &str, value: &Value) {
    room.write(&format!("served/{path}"), value.to_string());
}

/// An account of so many roles and of so many VPCs, spread over the Regions.
fn account(room: &Room, id: &str, roles: usize, vpcs: usize) {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = |nth: usize| {
        let arn = format!("arn:aws:iam::{id}:role/r{nth}");
        let done = json!({"JobStatus": "COMPLETED", "JobCreationDate": "2026-11-01T00:00:00+00:00", "ServicesLastAccessed": [],
            "JobCompletionDate": "2026-11-01T00:00:01+00:00"});
        let name = arn.replace(':', "%3A").replace('/', "%2F");
        put(room, &format!("{id}/global/iam/get-service-last-accessed-details.{name}.json"), &done);
        json!({"Path": "/", "RoleName": format!("r{nth}"), "RoleId": format!("AROA{nth:017}"), "Arn": arn,
            "CreateDate": "2026-01-01T00:00:00+00:00", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
            "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": []})
    };
    let roles: Vec<Value> = (0..roles).map(role).collect();
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []});
    put(room, &format!("{id}/global/iam/get-account-authorization-details.json"), &details);
    let regions: Vec<Value> = REGIONS.iter().map(|r| json!({"RegionName": r, "OptInStatus": "opt-in-not-required"})).collect();
    let identity = json!({"UserId": "x", "Account": id, "Arn": format!("arn:aws:iam::{id}:user/x")});
    put(room, &format!("{id}/global/sts/get-caller-identity.json"), &identity);
    put(room, &format!("{id}/global/ec2/describe-regions.json"), &json!({"Regions": regions}));
    for (at, region) in REGIONS.iter().enumerate() {
        let vpc = |nth: usize| json!({"VpcId": format!("vpc-{nth:017}"), "CidrBlock": "10.0.0.0/16", "State": "available", "OwnerId": id});
        let vpcs: Vec<Value> = (0..vpcs).filter(|nth| nth % REGIONS.len() == at).map(vpc).collect();
        put(room, &format!("{id}/{region}/ec2/describe-vpcs.json"), &json!({"Vpcs": vpcs}));
    }
}

/// The most memory that a process has held so far, in kB.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

fn measure(what: &str, room: &Room, arguments: &[&str]) {
    let faults = vec![Fault::always("", Trouble::Late(DELAY))];
    let aws =
        Loopback::start(Settings { folder: room.path().join("served"), missing: Missing::Empty, faults, ..Settings::default() });
    let none = room.path().join("none");
    let mut command = Command::new(env!("CARGO_BIN_EXE_alicerce"));
    command.args(["collect", "-o", "export"]).args(arguments).current_dir(room.path()).env_clear();
    command.env("HOME", room.path()).env("AWS_ENDPOINT_URL", aws.url()).env("AWS_ACCESS_KEY_ID", number(0));
    command.env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", REGIONS[0]).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_CONFIG_FILE", &none).env("AWS_SHARED_CREDENTIALS_FILE", &none);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let mut memory = 0;
    let code = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break status.code();
        }
        memory = peak(child.id()).unwrap_or(memory).max(memory);
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = start.elapsed().as_secs_f64();
    assert_eq!(code, Some(0), "the collection ended early");
    let log = aws.log();
    let refused = log.iter().filter(|call| call.status != 200).count();
    let accounts: BTreeSet<&String> = log.iter().map(|call| &call.account).collect();
    // A role is assumed without delay.
    let late = log.iter().filter(|call| call.operation != "assume-role").count();
    let sum = late as f64 * DELAY.as_secs_f64();
    println!(
        "{what}: code {code:?}, {} calls ({refused} refused) of {} accounts, {wall:.1} s, {sum:.1} s of latency, of which {:.1} % hidden, {} MB",
        log.len(),
        accounts.len(),
        100.0 * (1.0 - wall / sum),
        memory / 1000
    );
}

#[test]
#[ignore = "a measurement, run by hand"]
fn an_account_of_500_roles() {
    let room = Room::new();
    account(&room, &number(0), 500, 10);
    measure("one account, 500 roles, 10 VPCs, 3 Regions", &room, &[]);
}

#[test]
#[ignore = "a measurement, run by hand"]
fn an_organisation_of_50_accounts() {
    let room = Room::new();
    let ids: Vec<String> = (0..50).map(number).collect();
    ids.iter().for_each(|id| account(&room, id, 20, 3));
    let home = format!("{}/global/organizations", ids[0]);
    let organization = json!({"Id": "o-example123", "MasterAccountId": ids[0],
        "Arn": format!("arn:aws:organizations::{}:organization/o-example123", ids[0])});
    put(&room, &format!("{home}/describe-organization.json"), &json!({"Organization": organization}));
    let listed: Vec<Value> = ids.iter().map(|id| json!({"Id": id, "Name": id, "Status": "ACTIVE", "State": "ACTIVE"})).collect();
    put(&room, &format!("{home}/list-accounts.json"), &json!({"Accounts": listed}));
    measure("50 accounts of 20 roles, 3 VPCs, 3 Regions", &room, &["--org"]);
}
