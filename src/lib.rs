//! alicerce: a policy and audit linter for Claude on Amazon Bedrock.
//!
//! Data takes one way through the crate: `doc` (text to a tree with spans), `input` (where documents
//! come from), `facts` (typed nodes and edges), `iam` / `access` / `network` (what is allowed, what can
//! be reached), `rule` and `engine` (rule x subject = outcome), `finding`, `triage`, `report`.
//! Nothing flows back. [`scan`] is the whole way.

pub mod access;
mod assemble;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
pub mod custody;
pub mod doc;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod generate;
pub mod iam;
pub mod input;
pub mod logging;
pub mod network;
pub mod report;
pub mod residency;
pub mod rule;
pub mod secrets;
pub mod triage;
pub mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use config::Config;
use facts::Facts;
use finding::Severity;
use report::Report;
use world::World;

/// What to scan, and by what.
pub struct Scan<'s> {
    /// Where documents come from.
    pub sources: Vec<input::Source>,
    /// How policy files are told apart.
    pub input: input::Options,
    /// Scopes, postures, overrides, waivers.
    pub config: Config,
    /// The rules.
    pub pack: rule::Pack,
    /// The moment to judge from: the same inputs and the same moment give the same report.
    pub now: Timestamp,
    /// Report only these rules, accounts, Regions; joins see everything all the same.
    pub only: Filter,
    /// What is known already.
    pub baseline: Option<triage::Baseline>,
    /// The least severity that breaks a build; `None`: none does.
    pub fail_on: Option<Severity>,
    /// What could not be determined breaks the build.
    pub strict: bool,
    /// Keep passes and what is not applicable in the report.
    pub keep_all: bool,
    /// Render each rule's page into the rules table (SARIF shows it).
    pub pages: bool,
    /// Called with the subjects done and their total, from any thread.
    pub progress: Option<&'s (dyn Fn(usize, usize) + Sync)>,
    /// Whether documents are let go and read again, account by account.
    pub stream: Stream,
}

/// Whether a scan holds all documents at once, or those of some accounts at a time. The report is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stream {
    /// Above [`Stream::ABOVE`] bytes.
    #[default]
    Auto,
    /// In lots of about so many bytes.
    Lots(u64),
    /// All at once.
    Off,
}

impl Stream {
    /// From this size of all inputs on a scan streams by itself.
    pub const ABOVE: u64 = 256 << 20;
    /// The size of a lot where none is said; a larger account is a lot of its own.
    pub const LOT: u64 = 48 << 20;

    fn lot(self, sources: &[input::Source]) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::Lots(bytes) => Some(bytes),
            Self::Auto => (input::size(sources) > Self::ABOVE).then_some(Self::LOT),
        }
    }
}

/// What a report is narrowed to; an empty list does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Rule ids.
    pub rules: BTreeSet<Arc<str>>,
    /// 12-digit accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
}

/// Loads, judges, reports.
pub fn scan(scan: Scan<'_>) -> Report {
    let lot = scan.stream.lot(&scan.sources);
    judge(&scan, lot).or_else(|| judge(&scan, None)).unwrap_or_default()
}

/// `None` where a file changed between its first reading and a later one.
fn judge(scan: &Scan<'_>, lot: Option<u64>) -> Option<Report> {
    let (loaded, facts) = load(&scan.sources, &scan.input, lot);
    let mut world = World::new(facts, scan.config.clone(), scan.now);

    let only = Some(scan.only.rules.clone()).filter(|rules| !rules.is_empty());
    let mut report = Report { date: scan.now.to_string(), fail_on: scan.fail_on, ..Report::default() };
    assemble::inputs(&mut report, &loaded);
    drop(loaded);
    assemble::empty_filters(&mut report, &world, &scan.only);
    assemble::rules(&mut report, &scan.pack, &world, &scan.only, scan.pages);
    let run = engine::Run::new(&scan.pack, &world, &engine::Options { only, progress: scan.progress });
    let lots = lot.map(|bytes| world.facts.lots(bytes));
    let mut findings = assemble::Findings::new(&scan.only, scan.keep_all);
    match &lots {
        None => {
            let mut judged = run.judge(&world, run.subjects());
            judged.extend(run.unlisted(&world));
            findings.add(&mut report, judged, &world);
        }
        Some(lots) => {
            let files = world.facts.files();
            access::survey(&mut world, lots);
            for lot in lots {
                let account = |id: &facts::FactId| world.facts.get(*id).is_some_and(|fact| lot.contains(&fact.account));
                let subjects: Vec<_> = run.subjects().iter().copied().filter(account).collect();
                let judged = run.judge(&world, &subjects);
                findings.add(&mut report, judged, &world);
                report.sources.rest(|name| files.contains_key(name));
                world.rest();
            }
            findings.add(&mut report, run.unlisted(&world), &world);
            report.sources.rest(|name| files.contains_key(name));
            world.rest();
            let read = move |name: &str| files.get(name)?.document().map(|document| document.text.clone());
            report.sources.reread_by(Arc::new(read));
        }
    }
    let findings = findings.finish(&mut report);

    assemble::not_looked_for(&mut report, &scan.pack, &world);

    let known = assemble::known(&report.rules);
    let today = scan.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let uncollected = assemble::uncollected(&scan.pack, &world);
    let baseline = scan.baseline.as_ref();
    let options = triage::Options { config: &world.config, today, baseline, rules: &known, uncollected: &uncollected };
    let (mut findings, baseline) = triage::apply(findings, &mut report.sources, &options);
    if !(scan.only.accounts.is_empty() && scan.only.regions.is_empty()) {
        // A waiver for what was not asked about is not a stale one.
        findings.retain(|f| f.rule != triage::WAIVER_UNMATCHED);
    }

    let unlooked = report.rules.iter().any(|rule| !rule.not_looked_for.is_empty());
    let incomplete =
        !report.unreadable.is_empty() || report.inputs.iter().all(|input| input.documents == 0) || (scan.strict && unlooked);
    report.exit_code = triage::exit_code(&findings, scan.fail_on, scan.strict, incomplete);
    report.baseline = baseline;
    report.findings = findings;
    (!world.facts.lost()).then_some(report)
}

fn load(sources: &[input::Source], options: &input::Options, lot: Option<u64>) -> (input::Loaded, Facts) {
    if lot.is_none() {
        let loaded = input::load(sources, options);
        let facts = Facts::build(&loaded);
        return (loaded, facts);
    }
    let mut builder = facts::Builder::new();
    let loaded = input::read(sources, options, lot, &mut |taken| builder.stream(taken));
    let facts = builder.finish(loaded.coverage.clone());
    (loaded, facts)
}
