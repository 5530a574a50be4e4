//! `alicerce collect`: writes the export of live accounts. A build without the feature `live` says how to get one.

use std::path::PathBuf;

use clap::Args;
use miette::{Report as Failure, miette};

use super::Terminal;

/// What to collect, and where to write it.
#[derive(Debug, Args)]
pub(super) struct CollectArgs {
    /// The folder to write; it must be new or empty, but for --resume
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// A profile of the AWS configuration files; goes before credentials of the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The Regions to read, separated by commas; `auto`: those that each account has enabled
    #[arg(long, value_name = "LIST", default_value = "auto", value_delimiter = ',')]
    regions: Vec<String>,
    /// All accounts of the organisation; run it in the management account or a delegated administrator
    #[arg(long)]
    org: bool,
    /// The role to assume in each member account
    #[arg(long, value_name = "NAME", default_value = "AlicerceReadOnly", requires = "org")]
    role: String,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "org")]
    external_id: Option<String>,
    /// Only these accounts of the organisation, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "org")]
    accounts: Vec<String>,
    /// Only accounts below these organizational units (ids), separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "org")]
    ou: Vec<String>,
    /// How many calls may be under way at a time
    #[arg(long, value_name = "N", default_value_t = 24)]
    concurrency: usize,
    /// Go on with the export in DIR: what its manifest vouches for is not asked again
    #[arg(long)]
    resume: bool,
    /// About how many milliseconds are waited before the first retry
    #[arg(long, value_name = "MS", hide = true)]
    retry_delay: Option<u64>,
}

#[cfg(not(feature = "live"))]
impl CollectArgs {
    pub(super) fn run(self, _: &Terminal) -> Result<u8, Failure> {
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

    use super::{CollectArgs, Failure, Terminal, miette};
    use crate::collect::{Options, Summary, collect};
    use crate::report::visible;

    /// A plain line is written for each so many calls where there is no terminal.
    const EVERY: usize = 200;

    impl CollectArgs {
        pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<u8, Failure> {
            let out = self.out.clone();
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
            let summary = collect(&self.options(), Box::new(progress)).map_err(|why| miette!("{why}"))?;
            bar.finish_and_clear();
            report(&out, &summary);
            let complete = summary.denied + summary.failed + summary.not_attempted == 0;
            Ok(if summary.stopped.is_some() || (!complete && summary.answered == 0) { 3 } else { 0 })
        }

        fn options(self) -> Options {
            let automatic = self.regions.iter().any(|region| region == "auto");
            Options {
                out: self.out,
                profile: self.profile,
                regions: if automatic { Vec::new() } else { self.regions },
                organization: self.org,
                role: self.role,
                external_id: self.external_id,
                accounts: self.accounts,
                ous: self.ou,
                concurrency: self.concurrency,
                resume: self.resume,
                retry_delay: self.retry_delay.map(std::time::Duration::from_millis),
            }
        }
    }

    fn report(out: &std::path::Path, summary: &Summary) {
        let Summary { accounts, regions, answered, denied, failed, not_attempted, manifest, stopped } = summary;
        say(&format!(
            "{accounts} account(s), {regions} Region(s): {answered} calls answered, {denied} denied, {failed} failed, {not_attempted} not made"
        ));
        say(&format!("manifest {manifest}"));
        match stopped {
            Some(why) => say(why),
            None => say(&format!("next: alicerce scan {}", out.display())),
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
