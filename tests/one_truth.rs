//! One truth: an account's verdicts are the same whichever way its state came in.
//!
//! In: the bundled example, served over HTTP on 127.0.0.1. Out: the verdicts of `scan --live`, of `collect` and `scan`, of the folder
//! that the export script fills with the real AWS CLI (where there is none, that is said), and of AWS Config: equal, but that
//! what AWS Config does not hold may be unknown. Never: a pass by one way that is a failure by another.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alicerce::collect::plan::config::types;
use alicerce::config::Config;
use alicerce::engine::{self, Outcome};
use alicerce::facts::Facts;
use alicerce::input::{Options, Source, load};
use alicerce::rule::Pack;
use alicerce::world::World;
use loopback::{Fault, Loopback, Settings, Trouble};
use serde_json::Value;
use support::config_items::{AGGREGATOR, answers_of_config};
use support::program::{Run, alicerce, alicerce_in};
use support::room::Room;
use support::source::package;

const MANAGEMENT: &str = "111122223333";
const LABORATORY: &str = "333344445555";
const REGIONS: &str = "us-east-1,sa-east-1";
const NOW: &str = "2026-11-28T00:00:00Z";

fn example() -> PathBuf {
    package().join("fixtures/accounts/banco-exemplo")
}

fn serve(folder: PathBuf) -> Loopback {
    Loopback::start(Settings { folder, page: 3, ..Settings::default() })
}

fn variables(room: &Room, aws: &Loopback, account: &str) -> Vec<(&'static str, String)> {
    let mut out = aws.environment(room.path(), account);
    out.push(("AWS_MAX_ATTEMPTS", "2".to_owned()));
    out
}

fn run(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    alicerce_in(room.path(), arguments, &variables(room, aws, account)).expect_code(0)
}

/// Every verdict on a folder, passes too, by rule and subject.
fn verdicts(folder: &Path) -> BTreeMap<(String, String), Vec<String>> {
    let loaded = load(&[Source::Path(folder.to_owned())], &Options::default());
    let text = std::fs::read_to_string(example().join("alicerce.toml")).expect("it is there");
    let config = Config::parse("alicerce.toml", text).expect("it can be read");
    let world = World::new(Facts::build(&loaded), config, NOW.parse().expect("a time"));
    let mut out: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for judged in engine::run(&Pack::builtin().expect("the rules"), &world, &engine::Options::default()) {
        let subject = judged.subject.and_then(|id| world.facts.get(id)).map(|fact| fact.id.to_string());
        let outcome = match judged.outcome {
            Outcome::Unknown(_) => "Unknown".to_owned(),
            outcome => format!("{outcome:?}"),
        };
        out.entry((judged.rule.id.to_string(), subject.unwrap_or_default())).or_default().push(outcome);
    }
    out.values_mut().for_each(|outcomes| outcomes.sort());
    out
}

/// What `scan` finds in a folder, by rule, subject and the place that is underlined.
fn failures(report: &str) -> BTreeSet<String> {
    let report: Value = serde_json::from_str(report).expect("the report is JSON");
    let all = report["findings"].as_array().expect("a list").iter().filter(|finding| finding["outcome"] == "fail");
    let place = |finding: &Value| {
        let file = finding["locations"][0]["file"].as_str().unwrap_or_default();
        let below = file.split_once('/').map_or(file, |(_, below)| below);
        format!("{below} {}", finding["locations"][0]["pointer"])
    };
    all.map(|finding| format!("{} {} {}", finding["rule"], finding["subject"], place(finding))).collect()
}

#[track_caller]
fn same(one: &BTreeSet<String>, other: &BTreeSet<String>) {
    assert!(one.len() > 3, "{one:?}");
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect::<Vec<_>>();
    let (here, there) = (only(one, other), only(other, one));
    assert!(here.is_empty() && there.is_empty(), "only by the first way: {here:#?}; only by the second: {there:#?}");
}

fn scan(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> String {
    let config = example().join("alicerce.toml").display().to_string();
    let mut all = vec!["scan", "--config", &*config, "--format", "json", "--now", NOW, "--fail-on", "never"];
    all.extend(arguments);
    run(room, aws, account, &all).stdout
}

/// Copies of the export what AWS Config holds as well.
fn restrict(room: &Room) {
    let held: BTreeSet<(&str, &str)> = types().iter().flat_map(|recorded| recorded.calls.iter().copied()).collect();
    let mut todo = vec![room.path().join("export")];
    while let Some(folder) = todo.pop() {
        for path in std::fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("so can this").path()) {
            let text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let (service, file) = (path.parent().map(text).unwrap_or_default(), text(&path));
            if held.contains(&(&*service, file.split('.').next().unwrap_or_default())) {
                let below = path.strip_prefix(room.path().join("export")).expect("it is below").display().to_string();
                room.write(&format!("as-much/{below}"), std::fs::read(&path).expect("it can be read"));
            }
        }
    }
}

#[test]
fn live_and_collected_and_from_config() {
    let aws = serve(example());
    let room = Room::new();
    run(&room, &aws, MANAGEMENT, &["collect", "-o", "export", "--org", "--regions", REGIONS]);
    let live = scan(&room, &aws, MANAGEMENT, &["--live", "--org", "--regions", REGIONS]);
    let collected = failures(&scan(&room, &aws, MANAGEMENT, &["export"]));
    assert!(collected.len() > 20, "{collected:#?}");
    same(&failures(&live), &collected);

    let served = answers_of_config(&["us-east-1", "sa-east-1"]);
    let of_config = serve(served.path().to_owned());
    run(&room, &of_config, MANAGEMENT, &["collect", "-o", "aggregated", "--from-config", "--aggregator", AGGREGATOR]);
    let through_aggregator = scan(&room, &of_config, MANAGEMENT, &["--live", "--from-config", "--aggregator", AGGREGATOR]);
    same(&failures(&through_aggregator), &failures(&scan(&room, &of_config, MANAGEMENT, &["aggregated"])));
    run(&room, &of_config, LABORATORY, &["collect", "-o", "recorded", "--from-config", "--regions", REGIONS]);

    // The same answers of the services, but for those that AWS Config has nothing of: SCPs, which models a Region offers.
    restrict(&room);
    let as_much = verdicts(&room.path().join("as-much"));
    let whole = verdicts(&room.path().join("export"));
    for (folder, at_least) in [("aggregated", 100), ("recorded", 40)] {
        let (mut same, mut unknown, mut untold, mut more_open, mut wrong) = (0, 0, 0, 0, Vec::new());
        for (key, outcomes) in verdicts(&room.path().join(folder)) {
            for outcome in outcomes {
                match whole.get(&key) {
                    _ if outcome == "Unknown" => unknown += 1,
                    Some(expected) if expected.contains(&outcome) => same += 1,
                    // Whether it is a matter of the rule hangs on what AWS Config lacks; a failure it is neither here nor there.
                    Some(expected) if outcome == "NotApplicable" && !expected.contains(&"Fail".to_owned()) => untold += 1,
                    Some(expected) if outcome == "Pass" && expected.iter().all(|e| e == "NotApplicable") => untold += 1,
                    // Never the other way about: what AWS Config lacks only takes limits away.
                    Some(_) if outcome == "Fail" && as_much.get(&key).is_some_and(|a| a.contains(&outcome)) => more_open += 1,
                    other => wrong.push(format!("{key:?}: {outcome} from AWS Config, {other:?} from the services")),
                }
            }
        }
        println!(
            "{folder}: {same} verdicts as from the services, {unknown} unknown, {untold} a pass by one and not applicable by the other, \
             {more_open} failures that something which it does not hold would forbid"
        );
        assert!(more_open < 12 && untold < 30, "{folder}: {more_open} more open, {untold} not applicable on one side");
        assert!(wrong.is_empty(), "{folder}: {wrong:#?}");
        assert!(same > at_least, "{folder}: {same} verdicts");
    }
}

/// The script, without the calls that the loopback has no answers for: each start of the AWS CLI takes a second.
fn shorter(script: &str, answered: &BTreeSet<String>) -> String {
    let line = |line: &str| {
        let call =
            ["ask ", "report ", "job ", "batches ", "if begin "].iter().find_map(|word| line.trim_start().strip_prefix(word));
        let dropped = call.is_some_and(|call| {
            let name: String = call.split(' ').take(2).collect::<Vec<_>>().join(" ");
            line.starts_with("    ") && !call.starts_with(['"', '$']) && !answered.contains(&name)
        });
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        match (dropped, line.contains("if begin")) {
            (true, true) => format!("{indent}if false; then"),
            (true, false) if line.contains(" <\"$work/ids\"") => format!("{indent}cat <\"$work/ids\" >/dev/null"),
            (true, false) => format!("{indent}:"),
            _ => line.to_owned(),
        }
    };
    script.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// `service operation` of each answer that the folder has of an account.
fn answered(account: &str) -> BTreeSet<String> {
    // A refusal to tell of Route 53 Profiles or of resolver rules says more than that nobody asked.
    let mut out: BTreeSet<String> = [
        "sts get-caller-identity",
        "route53profiles list-profile-associations",
        "route53resolver list-resolver-rule-associations",
    ]
    .map(str::to_owned)
    .into();
    let mut todo = vec![example().join(account)];
    while let Some(folder) = todo.pop() {
        for path in std::fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("so can this").path()) {
            let text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                todo.push(path);
            } else if let Some(service) = path.parent().map(text) {
                out.insert(format!("{service} {}", text(&path).split('.').next().unwrap_or_default()));
            }
        }
    }
    out
}

#[test]
fn the_export_script_and_the_real_aws_cli() {
    let there = Command::new("aws").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: there is no `aws`");
        return;
    }
    // In us-east-1 version 1 of the AWS CLI asks RDS at AWS's own address, whatever the environment says, and S3 Control at a host whose
    // name begins with the account, which the loopback has not: so nobody asks them here.
    const ELSEWHERE: [&str; 2] = ["rds describe-db-clusters", "s3control get-public-access-block"];
    let faults = ELSEWHERE.map(|call| Fault::always(call, Trouble::Error(403, "AccessDenied"))).into();
    let aws = Loopback::start(Settings { folder: example(), page: 3, faults, ..Settings::default() });
    let (ours, theirs) = (Room::new(), Room::new());
    run(&ours, &aws, LABORATORY, &["collect", "-o", "export", "--regions", "us-east-1"]);
    let script = alicerce(theirs.path(), &["export-script", "--regions", "us-east-1"]).expect_code(0).stdout;
    let mut asked = answered(LABORATORY);
    ELSEWHERE.iter().for_each(|call| {
        asked.remove(*call);
    });
    let script = theirs.write("export.sh", shorter(&script, &asked));
    let mut command = Command::new("sh");
    command.arg(script).current_dir(theirs.path()).envs(variables(&theirs, &aws, LABORATORY)).stdin(Stdio::null());
    let output = command.output().expect("there is a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    alicerce(theirs.path(), &["verify", "export"]).expect_code(0);
    let [ours_found, theirs_found] = [&ours, &theirs].map(|room| failures(&scan(room, &aws, LABORATORY, &["export"])));
    same(&ours_found, &theirs_found);
    let [by_collect, by_script] = [&ours, &theirs].map(|room| verdicts(&room.path().join("export")));
    // A call that was refused is undetermined; of one that the shorter script did not make nothing is said.
    let unknown = |outcomes: Option<&Vec<String>>| outcomes.is_none_or(|all| all.iter().all(|outcome| outcome == "Unknown"));
    let keys: BTreeSet<_> = by_collect.keys().chain(by_script.keys()).collect();
    let unlike: Vec<_> = keys
        .into_iter()
        .filter(|key| by_collect.get(*key) != by_script.get(*key))
        .filter(|key| !(unknown(by_collect.get(*key)) && unknown(by_script.get(*key))))
        .map(|key| format!("{key:?}: {:?} by collect, {:?} by the script", by_collect.get(key), by_script.get(key)))
        .collect();
    assert!(unlike.is_empty(), "{unlike:#?}");
}
