//! `alicerce scan` and `alicerce demo`.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use miette::{Diagnostic, IntoDiagnostic, Report as Failure, WrapErr, miette};

use super::collect::Reading;
use super::room::Room;
use super::{Terminal, example};
use crate::config::{Config, ConfigError};
use crate::iam::PolicyType;
use crate::input::{self, Source};
use crate::report::{Format, FormatSpec, Report, Target, human, json, sarif};
use crate::rule::Pack;
use crate::triage::{self, Baseline};
use crate::{Filter, Scan, Stream, finding::Severity};

/// The configuration that is read where `--config` names none.
const CONFIG: &str = "alicerce.toml";

/// What to judge, by what, and where to report.
#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// Account exports, answers of the AWS CLI, policy files, folders of these; `-` is standard input. None: the bundled example
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Say what every policy file is: identity, resource, trust, key, endpoint, boundary, session, scp, rcp
    #[arg(long, value_name = "TYPE")]
    policy_type: Option<PolicyType>,
    /// The configuration [default: alicerce.toml in the working directory, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Collect live accounts first, then judge the export
    #[arg(long)]
    live: bool,
    /// With --live: keep the export in this folder, which must be new or empty, but for --resume [default: it is deleted]
    #[arg(long, value_name = "DIR", requires = "live")]
    keep: Option<PathBuf>,
    #[command(flatten, next_help_heading = "With --live")]
    reading: Reading,
}

/// What `scan` and `demo` share.
#[derive(Debug, Args)]
struct Common {
    /// A report, as NAME or NAME=FILE; may be given several times. NAME: human, sarif, json
    #[arg(long, value_name = "NAME[=FILE]")]
    format: Vec<FormatSpec>,
    /// The least severity of a finding that gives exit code 1: critical, high, medium, low, info, or never
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = FailOn::parse)]
    fail_on: FailOn,
    /// Exit with 3 where something could not be determined
    #[arg(long)]
    strict: bool,
    /// A folder of further rules, which take the place of built-in ones with the same id; may be given several times
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Report only this rule; may be given several times
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Report only this account; may be given several times
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    /// Report only this Region; may be given several times
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Findings that this file holds do not count for --fail-on
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings of this run to a baseline file
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Judge as of this moment, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Report passes and what a rule does not apply to as well (JSON and SARIF)
    #[arg(long)]
    include_passes: bool,
    /// Cap nothing in the report for people
    #[arg(long)]
    full: bool,
    /// Hold the documents of some accounts at a time, for organisations that do not fit into memory; the report is the same: auto (above 256 MiB), on, off
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = parse_stream)]
    stream: Stream,
    /// The id under which GitHub code scanning keeps this run apart from others of the same commit
    #[arg(long, value_name = "ID")]
    sarif_category: Option<String>,
}

fn parse_stream(text: &str) -> Result<Stream, String> {
    match text {
        "auto" => Ok(Stream::Auto),
        "on" => Ok(Stream::Lots(Stream::LOT)),
        "off" => Ok(Stream::Off),
        _ => Err("it is one of auto, on, off".into()),
    }
}

#[derive(Debug, Clone, Copy)]
struct FailOn(Option<Severity>);

impl FailOn {
    fn parse(text: &str) -> Result<Self, String> {
        triage::parse_fail_on(text).map(Self)
    }
}

/// The bundled example takes the same reports.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    common: Common,
}

/// A configuration with errors, each with its place.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{file} cannot be used: {} error(s)", .errors.len())]
struct BadConfig {
    file: String,
    #[related]
    errors: Vec<ConfigError>,
}

impl ScanArgs {
    pub(super) fn run(self, terminal: &Terminal) -> Result<u8, Failure> {
        if !self.live && self.reading != Reading::default() {
            return Err(miette!(help = "add --live, or leave them out", "options of collection are for `scan --live`"));
        }
        if self.paths.is_empty() && !self.live {
            let note = "no input was given, so this is the bundled example; give a folder or a file to judge your own (see `alicerce scan --help`)\n";
            // Only a note; where standard error is closed the report itself says what was looked at.
            let _ = std::io::stderr().write_all(note.as_bytes());
            return self.common.run_example(terminal, self.config.as_deref());
        }
        let config = read_config(self.config.as_deref())?;
        let mut sources = self.paths.iter().map(|p| source(p)).collect::<Result<Vec<_>, _>>()?;
        let input =
            input::Options { policy_type: self.policy_type, policy_patterns: patterns(&config)?, ..input::Options::default() };
        // Deleted, where it is not kept, once the report is written.
        let room = self.live.then(|| Room::new(self.keep, self.reading.resume)).transpose()?;
        if let Some(room) = &room {
            let code = self.reading.collect(room.path(), terminal, None)?;
            if code != 0 {
                return Ok(code);
            }
            sources.insert(0, room.source());
        }
        self.common.run(terminal, sources, input, config)
    }
}

impl DemoArgs {
    pub(super) fn run(self, terminal: &Terminal) -> Result<u8, Failure> {
        self.common.run_example(terminal, None)
    }
}

impl Common {
    fn run_example(self, terminal: &Terminal, config: Option<&Path>) -> Result<u8, Failure> {
        let config = if config.is_none() { example_config()? } else { read_config(config)? };
        self.run(terminal, vec![example::source()], input::Options::default(), config)
    }

    fn run(self, terminal: &Terminal, sources: Vec<Source>, input: input::Options, config: Config) -> Result<u8, Failure> {
        let formats = FormatSpec::check(self.format.clone()).into_diagnostic()?;
        let pack = Pack::load(&self.rules)?;
        let known: BTreeSet<&str> = pack
            .rules()
            .flat_map(|r| std::iter::once(&*r.id).chain(r.aliases.iter().map(|a| &**a)))
            .chain(triage::OWN_RULES.iter().map(|r| r.id))
            .collect();
        let unknown = config.unknown_rules(&known);
        if !unknown.is_empty() {
            let file = config.name.as_deref().unwrap_or(CONFIG).to_owned();
            return Err(BadConfig { file, errors: unknown }.into());
        }
        let rules = self.rule.iter().map(|id| rule_id(&pack, id)).collect::<Result<_, _>>()?;
        let baseline = self.baseline.as_deref().map(read_baseline).transpose()?;
        let bar = progress_bar(terminal);
        let progress = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let report = crate::scan(Scan {
            sources,
            input,
            config,
            pack,
            now: self.now.unwrap_or_else(now),
            only: Filter { rules, accounts: self.account.clone(), regions: self.region.clone() },
            baseline,
            fail_on: self.fail_on.0,
            strict: self.strict,
            keep_all: self.include_passes,
            pages: formats.iter().any(|f| f.format == Format::Sarif),
            progress: Some(&progress),
            stream: self.stream,
        });
        bar.finish_and_clear();
        if let Some(path) = &self.write_baseline {
            let text = Baseline::of(&path.to_string_lossy(), &report.findings).to_text();
            std::fs::write(path, text)
                .into_diagnostic()
                .wrap_err_with(|| format!("`{}` could not be written", path.display()))?;
        }
        for spec in &formats {
            self.write(spec, &report, terminal)?;
        }
        Ok(report.exit_code)
    }

    fn write(&self, spec: &FormatSpec, report: &Report, terminal: &Terminal) -> Result<(), Failure> {
        let to_terminal = spec.target == Target::Stdout;
        let text = match spec.format {
            Format::Human => {
                let color = to_terminal && terminal.color;
                let options =
                    human::Options { width: terminal.width, color, unicode: true, full: self.full, ..human::Options::default() };
                human::render(report, &options)
            }
            Format::Json => json::render(report),
            Format::Sarif => {
                let options = sarif::Options {
                    pass: self.include_passes,
                    not_applicable: self.include_passes,
                    category: self.sarif_category.clone(),
                };
                let rendered = sarif::render(report, &options);
                for warning in &rendered.warnings {
                    let _ = writeln!(std::io::stderr(), "warning: {warning}");
                }
                rendered.text
            }
        };
        match &spec.target {
            Target::Stdout => super::print(&text),
            Target::File(path) => std::fs::write(path, text)
                .into_diagnostic()
                .wrap_err_with(|| format!("`{}` could not be written", path.display())),
        }
    }
}

fn rule_id(pack: &Pack, id: &str) -> Result<Arc<str>, Failure> {
    if let Some(rule) = pack.find(id) {
        return Ok(rule.id.clone());
    }
    let near = pack.rules().map(|r| &*r.id).min_by_key(|known| strsim::damerau_levenshtein(known, id));
    let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? `alicerce rules list` shows all"));
    Err(miette!(help = help, "there is no rule `{id}`"))
}

pub(super) fn source(path: &Path) -> Result<Source, Failure> {
    if path != Path::new("-") {
        return match path.symlink_metadata() {
            Ok(_) => Ok(Source::Path(path.to_owned())),
            Err(error) => Err(miette!("`{}` cannot be read: {error}", path.display())),
        };
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).into_diagnostic().wrap_err("standard input could not be read")?;
    Ok(Source::Stdin(bytes))
}

pub(super) fn read_config(path: Option<&Path>) -> Result<Config, Failure> {
    let (path, wanted) = path.map_or((Path::new(CONFIG), false), |p| (p, true));
    match std::fs::read_to_string(path) {
        Ok(text) => parse_config(&path.to_string_lossy(), &text),
        Err(error) if !wanted && error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(miette!("`{}` cannot be read: {error}", path.display())),
    }
}

/// The bundled example's configuration.
pub(super) fn example_config() -> Result<Config, Failure> {
    example::config().map_or_else(|| Ok(Config::default()), |text| parse_config(&format!("{}/{CONFIG}", example::NAME), text))
}

fn parse_config(name: &str, text: &str) -> Result<Config, Failure> {
    Config::parse(name, text).map_err(|errors| BadConfig { file: name.to_owned(), errors }.into())
}

pub(super) fn patterns(config: &Config) -> Result<Vec<(String, PolicyType)>, Failure> {
    let one = |p: &crate::config::PolicyTypePattern| match p.policy_type.parse() {
        Ok(policy_type) => Ok((p.path.to_string(), policy_type)),
        Err(_) => Err(miette!("`{}` is no type of policy", p.policy_type)),
    };
    config.policy_types.iter().map(one).collect()
}

fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let text =
        std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("`{}` cannot be read", path.display()))?;
    Baseline::parse(&path.to_string_lossy(), &text).into_diagnostic()
}

/// The clock, to the second: what a report can be asked to repeat with `--now`.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn progress_bar(terminal: &Terminal) -> ProgressBar {
    if !terminal.progress {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("judging {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    // Drawn at most five times a second, so that a short scan shows nothing.
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5)).with_style(style)
}
