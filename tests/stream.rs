//! A scan that streams gives the report of one that holds everything, and holds less.

#![cfg(test)]

pub mod support;

use std::fs;
use std::path::{Path, PathBuf};

use alicerce::config::Config;
use alicerce::input::{Options, Source};
use alicerce::report::{Report, human, json, sarif};
use alicerce::rule::Pack;
use alicerce::{Filter, Scan, Stream, scan};
use serde_json::{Value, json};

use support::room::Room;

fn report(folder: &Path, config: &str, stream: Stream) -> Report {
    scan(Scan {
        sources: vec![Source::Path(folder.to_owned())],
        input: Options::default(),
        config: Config::parse("alicerce.toml", config).unwrap(),
        pack: Pack::builtin().unwrap(),
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
        only: Filter::default(),
        baseline: None,
        fail_on: None,
        strict: false,
        keep_all: true,
        pages: false,
        progress: None,
        stream,
    })
}

/// The same in every format, streamed in lots of this size.
fn same(folder: &Path, config: &str, lot: u64) -> Report {
    let whole = report(folder, config, Stream::Off);
    assert!(whole.findings.len() > 100, "{}", whole.findings.len());
    let texts = |report: &Report| {
        let human = human::render(report, &human::Options::default());
        [json::render(report), sarif::render(report, &sarif::Options::default()).text, human]
    };
    let expected = texts(&whole);
    let streamed = texts(&report(folder, config, Stream::Lots(lot)));
    for (streamed, expected) in streamed.iter().zip(&expected) {
        if streamed != expected {
            let differs = streamed.lines().zip(expected.lines()).find(|(a, b)| a != b);
            panic!("{differs:?}");
        }
    }
    whole
}

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo")
}

#[test]
fn the_example_bank_is_the_same_streamed() {
    let config = fs::read_to_string(example().join("alicerce.toml")).unwrap();
    same(&example(), &config, 200_000);
}

const LABORATORY: &str = "333344445555";
const PRODUCTION: &str = "222233334444";

/// What is told apart where an account is written a second time: identifiers that no two accounts share.
const IDS: [&str; 12] =
    ["vpc-", "subnet-", "vpce-", "sg-", "rtb-", "nat-", "igw-", "eni-", "acl-", "i-", "key/", "banco-exemplo-"];

/// Writes an account of the example once more under another number, with texts replaced. Its own resources get identifiers of their own;
/// where `shares` is set the identifiers of networks stay, as where its workloads stand in the other account's VPC.
fn again(organisation: &Path, (from, number): (&str, &str), shares: bool, replaced: &[(&str, &str)]) {
    let mark = number.chars().last().expect("a number");
    let renamed = |text: &str| {
        let mut text = text.to_owned();
        for (old, new) in replaced {
            text = text.replace(old, new);
        }
        text = text.replace(from, number);
        for id in IDS.iter().filter(|id| !shares || id.ends_with('/')) {
            text = text.replace(&format!("{id}0"), &format!("{id}{mark}"));
        }
        text.replace("banco-exemplo-lab", &format!("banco-{mark}-lab"))
            .replace("banco-exemplo-prod", &format!("banco-{mark}-prod"))
    };
    let root = example().join(from);
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
                continue;
            }
            let to = organisation.join(number).join(renamed(entry.strip_prefix(&root).unwrap().to_str().unwrap()));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, renamed(&fs::read_to_string(&entry).unwrap())).unwrap();
        }
    }
    let units = organisation.join("111122223333/global/organizations");
    let unit = if from == LABORATORY { "lab00001" } else { "pr0d0001" };
    for list in ["list-accounts.json".to_owned(), format!("list-accounts-for-parent.ou-ex3m-{unit}.json")] {
        let path = units.join(list);
        let mut answer: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let account = json!({"Id": number, "Arn": format!("arn:aws:organizations::111122223333:account/o-exemplo123/{number}"),
            "Email": format!("{number}@banco-exemplo.example"), "Name": number, "Status": "ACTIVE", "State": "ACTIVE"});
        answer["Accounts"].as_array_mut().unwrap().push(account);
        fs::write(path, serde_json::to_string_pretty(&answer).unwrap()).unwrap();
    }
}

/// The example's organisation with four accounts more, which share a VPC, a bucket of logs and a key, and trust each other's roles.
fn organisation() -> Room {
    let folder = Room::new();
    let root = folder.path();
    for account in ["111122223333", PRODUCTION, LABORATORY] {
        let from = example().join(account);
        let mut open = vec![from.clone()];
        while let Some(at) = open.pop() {
            for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    open.push(entry);
                } else {
                    let to = root.join(account).join(entry.strip_prefix(&from).unwrap());
                    fs::create_dir_all(to.parent().unwrap()).unwrap();
                    fs::copy(&entry, to).unwrap();
                }
            }
        }
    }
    let trusted = "arn:aws:iam::111122223333:root";
    let role = |account: &str, name: &str| format!("arn:aws:iam::{account}:role/{name}");
    // Its roles trust one of the laboratory's.
    let lambda = role(LABORATORY, "chatbot-piloto-lambda");
    again(root, (LABORATORY, "444455556661"), false, &[(trusted, &*lambda)]);
    // Anybody may become its roles.
    again(root, (LABORATORY, "000000000002"), false, &[("\"arn:aws:iam::111122223333:root\"", "\"*\"")]);
    // Chains: one account's roles trust the next one's. The first one's functions stand in production's VPC.
    let next = role("444455556661", "chatbot-piloto-lambda");
    again(root, (PRODUCTION, "555566667773"), true, &[(trusted, &*next)]);
    again(root, (PRODUCTION, "999988887774"), false, &[(trusted, "arn:aws:iam::555566667773:root")]);
    // The bucket of production's logs lets the whole organisation read; the account that writes to it from elsewhere is named.
    let bucket = root.join(PRODUCTION).join("global/s3api/get-bucket-policy.banco-exemplo-prod-prompts.json");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Organisation", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::banco-exemplo-prod-prompts/*",
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exemplo123"}}}]});
    fs::write(bucket, json!({"Policy": policy.to_string()}).to_string()).unwrap();
    let logging = root.join("444455556661/us-east-1/bedrock/get-model-invocation-logging-configuration.json");
    fs::create_dir_all(logging.parent().unwrap()).unwrap();
    let destination = json!({"loggingConfig": {"s3Config": {"bucketName": "banco-exemplo-prod-prompts", "keyPrefix": "other"},
        "textDataDeliveryEnabled": true, "imageDataDeliveryEnabled": true, "embeddingDataDeliveryEnabled": true}});
    fs::write(logging, destination.to_string()).unwrap();
    // An account whose roles nobody was allowed to list.
    fs::remove_file(root.join("999988887774/global/iam/get-account-authorization-details.json")).unwrap();
    folder
}

#[test]
fn an_organisation_whose_accounts_share_and_trust_is_the_same_streamed() {
    let folder = organisation();
    let config = fs::read_to_string(example().join("alicerce.toml")).unwrap();
    let whole = same(folder.path(), &config, 1);
    let of = |account: &str| whole.findings.iter().any(|f| f.subject.account.as_deref() == Some(account));
    assert!(["444455556661", "000000000002", "555566667773"].iter().all(|account| of(account)));
}
