//! `scan --live`: the same findings as collecting and then scanning the folder, because it is one way.
//!
//! In: the bundled example, served over HTTP on 127.0.0.1. Out: reports. Never: the name of a temporary folder in one, or such a
//! folder left behind.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::fs;
use std::path::PathBuf;

use loopback::{Fault, Loopback, Settings, Trouble};
use serde_json::Value;
use support::program::{Run, alicerce_in};
use support::room::Room;
use support::source::package;

const MANAGEMENT: &str = "111122223333";
const PRODUCTION: &str = "222233334444";

fn example() -> PathBuf {
    package().join("fixtures/accounts/banco-exemplo")
}

fn settings(faults: Vec<Fault>) -> Settings {
    Settings { folder: example(), faults, ..Settings::default() }
}

/// Runs `alicerce COMMAND … ` with the credentials of this account, and temporary files in `tmp`.
fn run(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    let tmp = room.path().join("tmp");
    fs::create_dir_all(&tmp).expect("a folder can be made");
    let mut variables = aws.environment(room.path(), account);
    variables.push(("AWS_MAX_ATTEMPTS", "2".to_owned()));
    variables.push(("TMPDIR", tmp.display().to_string()));
    alicerce_in(room.path(), arguments, &variables)
}

fn scan(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    let config = example().join("alicerce.toml").display().to_string();
    let mut all = vec!["scan", "--config", &*config, "--format", "json", "--now", "2026-11-28T00:00:00Z", "--fail-on", "never"];
    all.extend(arguments);
    run(room, aws, account, &all)
}

const LIVE: [&str; 5] = ["--live", "--regions", "sa-east-1,us-east-1", "--retry-delay", "1"];

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("the report is JSON")
}

#[test]
fn a_live_scan_is_collection_and_a_scan_of_the_folder() {
    let aws = Loopback::start(settings(Vec::new()));
    let room = Room::new();
    let organization = [&LIVE[..], &["--org"]].concat();
    let kept = scan(&room, &aws, MANAGEMENT, &[&organization[..], &["--keep", "export"]].concat()).expect_code(0);
    let later = scan(&room, &aws, MANAGEMENT, &["export"]).expect_code(0);
    assert!(kept.stdout == later.stdout, "the report of a live scan is not that of its export");
    assert!(!report(&kept)["findings"].as_array().expect("a list").is_empty());

    let passing = scan(&room, &aws, MANAGEMENT, &organization).expect_code(0);
    let findings = |run: &Run| report(run)["findings"].to_string();
    assert_eq!(findings(&passing).replace("\"live/", "\"export/"), findings(&kept));
    let tmp = room.path().join("tmp").display().to_string();
    assert!(!passing.stdout.contains(&tmp) && !passing.stdout.contains("alicerce-live-"), "a temporary name is in the report");
    assert_eq!(fs::read_dir(room.path().join("tmp")).expect("it is there").count(), 0, "the export was left behind");
}

/// What is refused makes the scan unsure: it finishes, and ends with 3 under --strict only.
#[test]
fn a_refused_call_is_undetermined_and_strict_says_so() {
    let aws = Loopback::start(settings(vec![Fault::always(
        "ec2 describe-vpc-endpoints",
        Trouble::Error(403, "UnauthorizedOperation"),
    )]));
    let room = Room::new();
    let lenient = scan(&room, &aws, PRODUCTION, &LIVE).expect_code(0);
    let strict = scan(&room, &aws, PRODUCTION, &[&LIVE[..], &["--strict"]].concat()).expect_code(3);
    for run in [lenient, strict] {
        let unknowns = report(&run)["unknowns"].to_string();
        assert!(unknowns.contains("`ec2 describe-vpc-endpoints`") && unknowns.contains("UnauthorizedOperation"), "{unknowns}");
    }
}

/// An export that ended before its end is not judged as if it were whole.
#[test]
fn what_nobody_answers_is_not_judged() {
    let aws =
        Loopback::start(settings(vec![Fault { spared: 3, ..Fault::always("", Trouble::Error(400, "ExpiredTokenException")) }]));
    let room = Room::new();
    let run = scan(&room, &aws, PRODUCTION, &LIVE).expect_code(3);
    assert_eq!(run.stdout, "");
    assert!(!run.stderr.is_empty());
}

#[test]
fn options_of_collection_need_live() {
    let aws = Loopback::start(settings(Vec::new()));
    let room = Room::new();
    let run = scan(&room, &aws, PRODUCTION, &["--regions", "sa-east-1", "."]).expect_code(2);
    assert!(run.stderr.contains("scan --live"), "{}", run.stderr);
    scan(&room, &aws, PRODUCTION, &["--live", "--resume"]).expect_code(2);
    assert!(aws.log().is_empty(), "a call was made");
}
