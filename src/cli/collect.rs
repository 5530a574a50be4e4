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
    /// How many calls may be under way at a time [default: 24]
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Go on with the export in DIR: what its manifest vouches for is not asked again
    #[arg(long)]
    pub(super) resume: bool,
    /// About how many milliseconds are waited before the first retry
    #[arg(long, value_name = "MS", hide = true)]
    retry_delay: Option<u64>,
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

    use super::{CONCURRENCY, Failure, Path, ROLE, Reading, Terminal, miette};
    use crate::collect::{Options, Summary, collect};
    use crate::report::visible;

    /// A plain line is written for each so many calls where there is no terminal.
    const EVERY: usize = 200;

    impl Reading {
        /// Writes the export into `out`; `next` is said at the end, where there is an end. Gives 3 where the export is not worth judging:
        /// it ended before its end, or nothing was answered.
        pub(in crate::cli) fn collect(self, out: &Path, terminal: &Terminal, next: Option<&str>) -> Result<u8, Failure> {
            let bar = bar(terminal);
            let shown = bar.clone();
            let (ended, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let progress = move |call: &crate::input::Call, answered: bool| {
                let done = ended.fetch_add(1, Ordering::Relaxed) + 1;
                let refused = refused.fetch_add(usize::from(!answered), Ordering::Relaxed) + usize::from(!answered);
                if shown.is_hidden() {
                    if done.is_multiple_of(EVERY) {
                        say(&format!("{done} calls, {refused} without an answer; now {} {}", call.account, call.region));
                    }
                } else {
                    shown.set_message(format!("{} {} {}  {refused} without an answer", call.account, call.region, call.service));
                    shown.set_position(done as u64);
                }
            };
            let summary = collect(&self.options(out), Box::new(progress)).map_err(|why| miette!("{why}"))?;
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
                concurrency: self.concurrency.unwrap_or(CONCURRENCY),
                resume: self.resume,
                retry_delay: self.retry_delay.map(std::time::Duration::from_millis),
            }
        }
    }

    fn report(summary: &Summary, next: Option<&str>) {
        let Summary { accounts, regions, answered, denied, failed, not_attempted, manifest, stopped } = summary;
        say(&format!(
            "{accounts} account(s), {regions} Region(s): {answered} calls answered, {denied} denied, {failed} failed, {not_attempted} not made"
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
        let style =
            ProgressStyle::with_template("{spinner} {pos} calls  {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        bar
    }
}
