//! How many cases one core decides in a second; the other half of `benches/compare.sh`.
//!
//! In: files of cases (`.json`, or `.jsonl` with one a line, in the form of `fixtures/iam`) and for how many seconds to go on. Out: lines
//! `name decisions-per-second`: with compiled policies the answer alone and the answer with its reasons, and with every policy
//! read anew for each decision. With a number of rounds (`1000x`) instead of seconds, the answers alone are decided that often, for
//! counting instructions. Never: a case that does not come out as it says counted as decided.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use alicerce::doc::{Document, Kind, Node};
use alicerce::iam::case::Case;
use alicerce::iam::decide::outcome;
use alicerce::iam::{PolicySet, decide};

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(lines) => {
            let _ = write!(io::stdout(), "{lines}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            // Where standard error is closed nobody is left to tell.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let [seconds, files @ ..] = arguments else { return Err("usage: cases SECONDS CASES…".into()) };
    let rounds = seconds.strip_suffix('x').map(str::parse::<u64>);
    let wrong = || format!("`{seconds}` is neither a number of seconds nor one of rounds (`1000x`)");
    let seconds: f64 = if rounds.is_some() { 0.0 } else { seconds.parse().map_err(|_| wrong())? };
    let mut documents = Vec::new();
    for file in files {
        documents.extend(read(Path::new(file))?);
    }
    let nodes: Vec<Node<'_>> = documents
        .iter()
        .flat_map(|document| match document.root().kind() {
            Kind::Array => document.root().items().collect(),
            _ => vec![document.root()],
        })
        .collect();
    let cases = nodes.iter().map(|node| compile(*node)).collect::<Result<Vec<_>, _>>()?;
    for case in &cases {
        let found = case.run().outcome;
        if found != case.expect {
            return Err(format!("{}: expected {:?}, found {found:?}", case.name, case.expect));
        }
    }
    let sets: Vec<(PolicySet<'_>, _)> = cases.iter().map(|case| (case.policy_set(), &case.request)).collect();
    if let Some(rounds) = rounds {
        for _ in 0..rounds.map_err(|_| wrong())? {
            sets.iter().for_each(|(set, request)| {
                black_box(outcome(set, request));
            });
        }
        return Ok(format!("cases {}\n", cases.len()));
    }
    let rate = |round: &dyn Fn()| per_second(cases.len(), Duration::from_secs_f64(seconds), round);
    let answer = rate(&|| {
        sets.iter().for_each(|(set, request)| {
            black_box(outcome(set, request));
        })
    });
    let reasons = rate(&|| sets.iter().for_each(|(set, request)| drop(black_box(decide(set, request)))));
    let anew = rate(&|| nodes.iter().for_each(|node| drop(black_box(compile(*node).map(|case| case.run())))));
    Ok(format!("cases {}\nanswer {answer:.0}\nreasons {reasons:.0}\nanew {anew:.0}\n", cases.len()))
}

fn read(path: &Path) -> Result<Vec<Document>, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let parse = |text: &str| Document::json(&*name, text).map_err(|_| format!("{name} is not JSON"));
    if path.extension().is_some_and(|e| e == "jsonl") {
        text.lines().filter(|line| !line.is_empty()).map(parse).collect()
    } else {
        Ok(vec![parse(&text)?])
    }
}

fn compile(node: Node<'_>) -> Result<Case, String> {
    let mut none = |name: &str, _| Err(format!("policies stand in the cases here, not in `{name}`"));
    Case::read(node, &mut none).map_err(|e| e.message)
}

/// The best of the rounds: the machine may be busy with something else.
fn per_second(cases: usize, time: Duration, round: &dyn Fn()) -> f64 {
    let started = Instant::now();
    let mut best = f64::MAX;
    while started.elapsed() < time {
        let one = Instant::now();
        round();
        best = best.min(one.elapsed().as_secs_f64());
    }
    cases as f64 / best
}
