//! Collections that do not go as they should: interrupted, out of credentials, asked for what cannot be.
//!
//! In: the bundled example, served over HTTP on 127.0.0.1, signals, faults, wrong options. Out: exit codes, messages, and exports that
//! `verify` finds whole and `--resume` completes.

#![cfg(test)]
#![cfg(all(feature = "live", unix))]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loopback::{Fault, Loopback, Settings, Trouble};
use serde_json::{Value, json};
use support::program::{Run, alicerce, alicerce_in};
use support::room::Room;
use support::source::package;

const MANAGEMENT: &str = "111122223333";
const PRODUCTION: &str = "222233334444";
const SAO_PAULO: [&str; 2] = ["--regions", "sa-east-1"];

fn serving(faults: Vec<Fault>) -> Loopback {
    let folder: PathBuf = package().join("fixtures/accounts/banco-exemplo");
    Loopback::start(Settings { folder, faults, ..Settings::default() })
}

/// The environment of a run with the credentials of this account.
fn variables(room: &Room, aws: &Loopback, account: &str) -> Vec<(&'static str, String)> {
    let mut out = aws.environment(room.path(), account);
    out.push(("AWS_MAX_ATTEMPTS", "3".to_owned()));
    out
}

const COLLECT: [&str; 5] = ["collect", "-o", "export", "--retry-delay", "1"];

fn collect(room: &Room, aws: &Loopback, account: &str, arguments: &[&str]) -> Run {
    collect_in(room, &variables(room, aws, account), arguments)
}

fn collect_in(room: &Room, variables: &[(&'static str, String)], arguments: &[&str]) -> Run {
    alicerce_in(room.path(), &[&COLLECT[..], arguments].concat(), variables)
}

/// Starts a collection that goes on by itself.
fn started(room: &Room, aws: &Loopback) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alicerce"));
    command.args(COLLECT).args(SAO_PAULO).current_dir(room.path()).env_clear().env("HOME", room.path());
    command.envs(variables(room, aws, PRODUCTION)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Waits until so many calls have come.
fn calls_came(aws: &Loopback, many: usize) {
    let since = Instant::now();
    let mut came = 0;
    while came < many {
        assert!(since.elapsed() < Duration::from_secs(60), "only {came} calls came");
        std::thread::sleep(Duration::from_millis(5));
        came += aws.log().len();
    }
}

/// Sends what Ctrl-C sends (`INT`), or a scheduler (`TERM`).
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("`kill` can be run");
    assert!(sent.success());
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn manifest(room: &Room) -> Value {
    serde_json::from_str(&room.read("export/manifest.json")).expect("the manifest is JSON")
}

/// What of a manifest tells what was collected: each file with its SHA-256, and how each call ended.
fn substance(manifest: &Value) -> Value {
    json!([manifest["files"], manifest["calls"], manifest["regions"], manifest["caller"]])
}

fn statuses(manifest: &Value) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for call in manifest["calls"].as_array().expect("a list") {
        let code = call["code"].as_str().unwrap_or_default();
        *out.entry(format!("{} {code}", call["status"].as_str().unwrap_or_default())).or_default() += 1;
    }
    out
}

fn verified(room: &Room) {
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
}

/// The names below a folder, but for those of temporary files.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                todo.push(entry.path());
            } else {
                out.insert(entry.path().strip_prefix(folder).expect("it is below").display().to_string());
            }
        }
    }
    out
}

/// What an undisturbed collection writes.
fn undisturbed() -> (Room, Value) {
    let (room, aws) = (Room::new(), serving(Vec::new()));
    collect(&room, &aws, PRODUCTION, &SAO_PAULO).expect_code(0);
    let manifest = manifest(&room);
    (room, manifest)
}

#[track_caller]
fn resumed_is_as_undisturbed(room: &Room, aws: &Loopback) {
    aws.mend();
    collect(room, aws, PRODUCTION, &[&SAO_PAULO[..], &["--resume"]].concat()).expect_code(0);
    verified(room);
    let (whole, wanted) = undisturbed();
    assert_eq!(substance(&manifest(room)), substance(&wanted));
    assert_eq!(names(&room.path().join("export")), names(&whole.path().join("export")));
}

/// Ctrl-C or SIGTERM: exit code 3, a valid export, and after `--resume` the same as if nothing had happened.
#[test]
fn an_interrupt_leaves_an_export_that_is_whole_once_resumed() {
    for name in ["INT", "TERM"] {
        stopped_by(name);
    }
}

fn stopped_by(name: &str) {
    let aws = serving(vec![Fault { spared: 20, ..Fault::always("", Trouble::Late(Duration::from_millis(40))) }]);
    let room = Room::new();
    let child = started(&room, &aws);
    calls_came(&aws, 60);
    signal(&child, name);
    let (code, said) = ended(child);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("--resume"), "{said}");
    verified(&room);
    let statuses = statuses(&manifest(&room));
    assert!(statuses.get("ok ").is_some_and(|many| *many > 0) && statuses.contains_key("not-attempted Stopped"), "{statuses:?}");
    resumed_is_as_undisturbed(&room, &aws);
}

/// The first interrupt does not wait for answers that do not come; the second does not wait for anything.
#[test]
fn a_second_interrupt_ends_it_at_once() {
    let aws = serving(vec![Fault { spared: 30, ..Fault::always("", Trouble::Late(Duration::from_secs(120))) }]);
    let room = Room::new();
    let child = started(&room, &aws);
    calls_came(&aws, 32);
    let since = Instant::now();
    signal(&child, "TERM");
    signal(&child, "INT");
    let (code, said) = ended(child);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    // By chance the first alone has ended it before the second came.
    assert!(matches!(code, Some(2 | 3)), "{code:?} {said}");
    resumed_is_as_undisturbed(&room, &aws);
}

/// Credentials that end midway: what to do is said; what was not asked says why; nothing else is wrong with it.
#[test]
fn credentials_that_end_say_what_to_do() {
    for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired"] {
        let aws = serving(vec![Fault { spared: 70, ..Fault::always("", Trouble::Error(400, code)) }]);
        let room = Room::new();
        let run = collect(&room, &aws, PRODUCTION, &SAO_PAULO).expect_code(3);
        for said in ["credentials", "expired", "--resume"] {
            assert!(run.stderr.contains(said), "{code}: {}", run.stderr);
        }
        let statuses = statuses(&manifest(&room));
        assert!(statuses.contains_key("not-attempted ExpiredToken"), "{code}: {statuses:?}");
        let ours =
            ["ok ", "not-attempted ExpiredToken", "not-attempted Stopped", "denied AccessDenied", "denied AccessDeniedException"];
        assert!(statuses.keys().all(|status| ours.contains(&&**status) || status.starts_with("denied")), "{code}: {statuses:?}");
        verified(&room);
        resumed_is_as_undisturbed(&room, &aws);
    }
}

/// An answer without end is given up, as a timeout, and the rest goes on.
#[test]
fn an_answer_without_end_is_a_timeout() {
    let aws = serving(vec![
        Fault::always("kms list-keys", Trouble::Endless),
        Fault { times: 1, ..Fault::always("ec2 describe-vpcs", Trouble::Endless) },
    ]);
    let room = Room::new();
    collect(&room, &aws, PRODUCTION, &[&SAO_PAULO[..], &["--patience", "1500"]].concat()).expect_code(0);
    let manifest = manifest(&room);
    let line = |operation: &str| {
        let calls = manifest["calls"].as_array().expect("a list");
        calls.iter().find(|call| call["operation"] == operation).cloned().expect("the call has its line")
    };
    let keys = line("list-keys");
    assert_eq!(keys["status"], "error");
    assert!(keys["message"].as_str().is_some_and(|message| message.contains("time")), "{keys}");
    assert_eq!(line("describe-vpcs")["status"], "ok");
    verified(&room);
    let text = alicerce(room.path(), &["scan", "export", "--fail-on", "never", "--format", "json"]).stdout;
    let said: BTreeSet<&str> = text.lines().filter(|line| line.contains("list-keys")).collect();
    assert!(text.contains("`kms list-keys` in account 222233334444, sa-east-1 timed out"), "no unknown says it: {said:#?}");
}

/// What cannot be done is said in a sentence, with exit code 2, before anything is asked or written.
#[test]
fn what_cannot_be_asked_is_refused_before_anything_is() {
    let aws = serving(Vec::new());
    for (arguments, said) in [
        (vec!["--regions", "brazil"], "`brazil` is no Region"),
        (vec!["--regions", ""], "no Region"),
        (vec!["--regions", "sa-east-1/../x"], "is no Region"),
        (vec!["--org", "--role", "a role"], "`a role` is no name of a role"),
        (vec!["--org", "--role", ""], "is no name of a role"),
        (vec!["--org", "--role", "arn:aws:iam::111122223333:role/x"], "is no name of a role"),
        (vec!["--org", "--accounts", "12"], "`12` is no account"),
        (vec!["--org", "--ou", "Production"], "`Production` is no id of an organizational unit"),
        (vec!["--role", "x"], "--org"),
        (vec!["--accounts", "222233334444"], "--org"),
    ] {
        let room = Room::new();
        let run = collect(&room, &aws, MANAGEMENT, &arguments).expect_code(2);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert!(aws.log().is_empty() && !room.path().join("export").exists(), "{arguments:?}");
    }
}

/// What AWS does not have, or nobody may see, is said too.
#[test]
fn what_is_not_there_is_said() {
    let aws = serving(Vec::new());
    for (account, arguments, said) in [
        (MANAGEMENT, vec!["--org", "--ou", "ou-ex3m-none0000"], "no organizational unit `ou-ex3m-none0000`"),
        (MANAGEMENT, vec!["--org", "--accounts", "999900001111"], "no account `999900001111`"),
        ("333344445555", vec!["--org"], "could not be listed"),
    ] {
        let room = Room::new();
        let run = collect(&room, &aws, account, &[&SAO_PAULO[..], &arguments].concat()).expect_code(2);
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn without_credentials_nothing_is_collected() {
    let (aws, room) = (serving(Vec::new()), Room::new());
    let without: Vec<_> = variables(&room, &aws, PRODUCTION).into_iter().filter(|(name, _)| !name.contains("KEY")).collect();
    let run = collect_in(&room, &without, &SAO_PAULO).expect_code(2);
    assert!(run.stderr.contains("credentials") && run.stderr.contains("--profile"), "{}", run.stderr);
    let run = collect(&room, &aws, PRODUCTION, &[&SAO_PAULO[..], &["--profile", "absent"]].concat()).expect_code(2);
    assert!(run.stderr.contains("`absent`"), "{}", run.stderr);
    assert!(aws.log().is_empty(), "a call was made");
}

/// An identity that AWS does not know, or that may not even ask who it is.
#[test]
fn an_identity_that_aws_refuses_is_said_in_its_words() {
    for (status, code) in
        [(403, "InvalidClientTokenId"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken"), (500, "InternalFailure")]
    {
        let aws = serving(vec![Fault::always("sts get-caller-identity", Trouble::Error(status, code))]);
        let room = Room::new();
        let run = collect(&room, &aws, PRODUCTION, &SAO_PAULO).expect_code(2);
        let said = if code == "ExpiredToken" { "expired" } else { code };
        assert!(run.stderr.contains("get-caller-identity") && run.stderr.contains(said), "{code}: {}", run.stderr);
    }
}

/// A folder of something else is left as it is, with `--resume` as without; so is another account's export.
#[test]
fn only_its_own_export_is_gone_on_with() {
    let aws = serving(Vec::new());
    let resume = [&SAO_PAULO[..], &["--resume"]].concat();
    for (name, text) in [("notes.txt", "mine"), ("manifest.json", "{}"), ("manifest.json", "{\"name\": \"app\", \"files\": {}}")]
    {
        let room = Room::new();
        room.write(&format!("export/{name}"), text);
        let run = collect(&room, &aws, PRODUCTION, &resume).expect_code(2);
        assert!(run.stderr.contains("export"), "{}", run.stderr);
        assert_eq!(room.read(&format!("export/{name}")), text);
        assert_eq!(names(&room.path().join("export")).len(), 1);
    }
    let room = Room::new();
    room.write("export", "a file");
    collect(&room, &aws, PRODUCTION, &resume).expect_code(2);
    let room = Room::new();
    collect(&room, &aws, PRODUCTION, &SAO_PAULO).expect_code(0);
    let before = room.read("export/manifest.json");
    let run = collect(&room, &aws, MANAGEMENT, &resume).expect_code(2);
    assert!(run.stderr.contains(PRODUCTION) && run.stderr.contains(MANAGEMENT), "{}", run.stderr);
    assert_eq!(room.read("export/manifest.json"), before);
}
