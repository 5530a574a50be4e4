//! `alicerce collect`: writes the export of live accounts; `scan --live` does the same first. A build without the feature `live` says
//! how to get one.

use std::path::{Path, PathBuf};

use clap::Args;
use miette::{Report as Failure, miette};

use super::Terminal;

/// The role that is assumed in member accounts where none is named.
#[cfg(feature = "live")]
const ROLE: &str = "AlicerceReadOnly";
/// The calls under way at a time where no number is given.
#[cfg(feature = "live")]
const CONCURRENCY: usize = 24;

/// What to collect, and where to write it.
#[derive(Debug, Args)]
pub(super) struct CollectArgs {
    /// The folder to write; it must be new or empty, but for --resume
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

/// Which accounts and Regions to read, and how: what `collect` and `scan --live` share.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(super) struct Reading {
    /// A profile of the AWS configuration files; goes before credentials of the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The Regions to read, separated by commas [default: auto, those that each account has enabled]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    regions: Vec<String>,
    /// All accounts of the organisation; run it in the management account or a delegated administrator
    #[arg(long)]
    org: bool,
    /// The role to assume in each member account [default: AlicerceReadOnly]
    #[arg(long, value_name = "NAME", requires = "org")]
    role: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "org")]
    external_id: Option<String>,
    /// Only these accounts of the organisation, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "org")]
    accounts: Vec<String>,
    /// Only accounts below these organizational units (ids), separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "org")]
    ou: Vec<String>,
    /// Ask AWS Config for what it recorded, in place of the services; what it does not hold stays undetermined
    #[arg(long, conflicts_with = "org")]
    from_config: bool,
    /// The aggregator of AWS Config to ask, for all accounts and Regions that it holds; it stands in the Region of --regions or of
    /// your profile
    #[arg(long, value_name = "NAME", requires = "from_config", conflicts_with = "org")]
    aggregator: Option<String>,
    /// How many calls may be under way at a time [default: 24]
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Go on with the export in DIR: what its manifest vouches for is not asked again
    #[arg(long)]
    pub(super) resume: bool,
    /// About how many milliseconds are waited before the first retry
    #[arg(long, value_name = "MS", hide = true)]
    retry_delay: Option<u64>,
    /// How many milliseconds an answer may take until its last byte
    #[arg(long, value_name = "MS", hide = true)]
    patience: Option<u64>,
}

impl CollectArgs {
    pub(super) fn run(self, terminal: &Terminal) -> Result<u8, Failure> {
        let next = format!("next: alicerce scan {}", self.out.display());
        self.reading.collect(&self.out, terminal, Some(&next))
    }
}

#[cfg(not(feature = "live"))]
impl Reading {
    pub(super) fn collect(self, _: &Path, _: &Terminal, _: Option<&str>) -> Result<u8, Failure> {
        Err(miette!(
            help = "install one that can: cargo install alicerce --features live",
            "this alicerce was built without live collection"
        ))
    }
}

#[cfg(feature = "live")]
mod live {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

    use super::{CONCURRENCY, Failure, Path, ROLE, Reading, Terminal, miette};
    use crate::collect::{Event, Options, Summary, collect};
    use crate::report::visible;
    use crate::rule::Pack;

    /// A plain line is written for each so many calls where there is no terminal.
    const EVERY: usize = 200;

    impl Reading {
        /// Writes the export into `out`; `next` is said at the end, where there is an end. Gives 3 where the export is not worth judging:
        /// it ended before its end, or nothing was answered.
        pub(in crate::cli) fn collect(self, out: &Path, terminal: &Terminal, next: Option<&str>) -> Result<u8, Failure> {
            let bar = bar(terminal);
            let shown = bar.clone();
            let counts = Counts::default();
            let progress = move |event: Event<'_>| {
                counts.take(event);
                let Event::Call(call, _) = event else { return };
                if !shown.is_hidden() {
                    shown.set_message(format!("{counts}  {} {} {}", call.account, call.region, call.service));
                } else if counts.calls.load(Relaxed).is_multiple_of(EVERY) {
                    say(&format!("{counts}; now {} {}", call.account, call.region));
                }
            };
            let pack = Pack::builtin()?;
            let rules = format!("{} sha256:{}", pack.version, pack.digest());
            let options = Options { rules: Some(rules), ..self.options(out) };
            let summary = collect(&options, Arc::new(progress)).map_err(|why| miette!("{why}"))?;
            bar.finish_and_clear();
            report(&summary, next);
            let complete = summary.denied + summary.failed + summary.not_attempted == 0;
            let useless = summary.stopped.is_some() || (!complete && summary.answered == 0);
            Ok(if useless { 3 } else { 0 })
        }

        fn options(self, out: &Path) -> Options {
            let automatic = self.regions.iter().any(|region| region == "auto");
            Options {
                out: out.to_owned(),
                profile: self.profile,
                regions: if automatic { Vec::new() } else { self.regions },
                organization: self.org,
                role: self.role.unwrap_or_else(|| ROLE.to_owned()),
                external_id: self.external_id,
                accounts: self.accounts,
                ous: self.ou,
                from_config: self.from_config,
                aggregator: self.aggregator,
                concurrency: self.concurrency.unwrap_or(CONCURRENCY),
                resume: self.resume,
                retry_delay: self.retry_delay.map(std::time::Duration::from_millis),
                patience: self.patience.map(std::time::Duration::from_millis),
                rules: None,
            }
        }
    }

    /// How far a collection is.
    #[derive(Debug, Default)]
    struct Counts {
        accounts: [AtomicUsize; 2],
        regions: [AtomicUsize; 2],
        calls: AtomicUsize,
        unanswered: AtomicUsize,
        throttles: AtomicUsize,
    }

    impl Counts {
        fn take(&self, event: Event<'_>) {
            let [accounts, all_accounts] = &self.accounts;
            let [regions, all_regions] = &self.regions;
            match event {
                Event::Accounts(many) => all_accounts.fetch_add(many, Relaxed),
                Event::AccountDone => accounts.fetch_add(1, Relaxed),
                Event::Regions(many) => all_regions.fetch_add(many, Relaxed),
                Event::RegionDone => regions.fetch_add(1, Relaxed),
                Event::Throttled => self.throttles.fetch_add(1, Relaxed),
                Event::Call(_, answered) => {
                    self.unanswered.fetch_add(usize::from(!answered), Relaxed);
                    self.calls.fetch_add(1, Relaxed)
                }
            };
        }
    }

    impl std::fmt::Display for Counts {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let of = |[done, all]: &[AtomicUsize; 2]| format!("{} of {}", done.load(Relaxed), all.load(Relaxed));
            let (calls, unanswered) = (self.calls.load(Relaxed), self.unanswered.load(Relaxed));
            let throttles = self.throttles.load(Relaxed);
            write!(f, "accounts {}, Regions {}, {calls} calls, ", of(&self.accounts), of(&self.regions))?;
            write!(f, "{unanswered} without an answer, throttled {throttles} times")
        }
    }

    fn report(summary: &Summary, next: Option<&str>) {
        let Summary { accounts, regions, answered, denied, failed, not_attempted, throttled, manifest, stopped } = summary;
        say(&format!(
            "{accounts} account(s), {regions} Region(s): {answered} calls answered, {denied} denied, {failed} failed, {not_attempted} not made; throttled {throttled} times"
        ));
        say(&format!("manifest {manifest}"));
        if let Some(last) = stopped.as_deref().or(next) {
            say(last);
        }
    }

    fn say(text: &str) {
        // Only a note: where standard error is closed there is nobody to read it.
        let _ = writeln!(std::io::stderr(), "{}", visible(text));
    }

    fn bar(terminal: &Terminal) -> ProgressBar {
        if !terminal.progress {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        bar
    }
}
