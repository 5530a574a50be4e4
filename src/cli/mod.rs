//! The command line: one thin file per subcommand. The only place that reads the environment, the
//! clock and the terminal.
//!
//! Exit codes: 0 nothing at or above `--fail-on`; 1 findings; 2 bad usage, configuration or rule;
//! 3 the run cannot be trusted.

mod access;
mod collect;
mod example;
mod export_script;
mod facts;
mod generate;
mod init;
mod kinds;
mod network;
mod permissions;
mod room;
mod rule_template;
mod rules;
mod scan;
mod terminal;
mod verify;
mod version;

use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

pub use terminal::Terminal;

/// Exit code for wrong usage, configuration or rules.
pub const BAD_USAGE: u8 = 2;

/// Policy and audit linter for Claude on Amazon Bedrock.
#[derive(Debug, Parser)]
#[command(
    name = "alicerce",
    disable_version_flag = true,
    arg_required_else_help = true,
    about = "Policy and audit linter for Claude on Amazon Bedrock",
    long_about = "Reads the state of AWS accounts (exported in the AWS CLI's own shape) and policy files, judges them by rules for \
                  running Claude on Amazon Bedrock, and reports each finding with the exact text that causes it.\n\n\
                  Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 bad usage, configuration or rule; 3 the run cannot be trusted \
                  (an input could not be read, or something could not be determined under --strict)."
)]
struct Cli {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = terminal::ColorChoice::Auto)]
    color: terminal::ColorChoice,
    /// Print the version; with -v also the commit, the rules' hash, and the date and hash of each table that is built in.
    #[arg(short = 'V', long)]
    version: bool,
    #[arg(short, long, requires = "version", hide = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge account exports and policy files.
    Scan(Box<scan::ScanArgs>),
    /// Judge the bundled example: a bank of three accounts. Needs no credentials and no network.
    Demo(Box<scan::DemoArgs>),
    /// Write a commented alicerce.toml.
    Init(init::InitArgs),
    /// List, explain, write, check and test rules.
    Rules(rules::RulesCommand),
    /// Look at what rules judge: the kinds of subject, one kind's members, or one loaded subject with all that is known of it.
    Facts(facts::FactsArgs),
    /// Ask what policies allow: run cases, decide a request, compare two policies, list who can.
    Access(access::AccessCommand),
    /// Show by which way each workload's calls reach Bedrock, hop by hop: privately, over public addresses, or not at all
    Network(network::NetworkArgs),
    /// Write the guard that a scope of alicerce.toml calls for (SCP, identity policy, endpoint policy), and prove it.
    Generate(generate::GenerateCommand),
    /// Read live accounts into the folder of an export. Only reads; two calls ask IAM to make a report
    Collect(Box<collect::CollectArgs>),
    /// Print a shell script that fills an export with the AWS CLI alone, for places where alicerce may not run
    ExportScript(export_script::ExportScriptArgs),
    /// Check an export against its manifest. Exit code 0: as collected; 1: something is not; 3: there is no manifest
    Verify(verify::VerifyArgs),
    /// Print the permissions that collecting needs.
    Permissions(permissions::PermissionsArgs),
}

/// Runs the program and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { BAD_USAGE } else { 0 };
            // Nothing more can be said where standard output is closed.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::detect(cli.color);
    let result = match cli.command {
        _ if cli.version => version::text(cli.verbose).and_then(|text| print(&text)).map(|()| 0),
        Some(Command::Scan(args)) => args.run(&terminal),
        Some(Command::Demo(args)) => args.run(&terminal),
        Some(Command::Init(args)) => args.run(&mut std::io::stdout()),
        Some(Command::Rules(command)) => command.run(&mut std::io::stdout(), terminal.color, terminal.width),
        Some(Command::Facts(args)) => args.run(&terminal),
        Some(Command::Access(command)) => command.run(),
        Some(Command::Network(args)) => args.run(),
        Some(Command::Generate(command)) => command.run(),
        Some(Command::Collect(args)) => args.run(&terminal),
        Some(Command::ExportScript(args)) => args.run(),
        Some(Command::Verify(args)) => args.run(),
        Some(Command::Permissions(args)) => args.run(),
        None => {
            let _ = Cli::command().error(ErrorKind::MissingSubcommand, "a command is missing").print();
            return ExitCode::from(BAD_USAGE);
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            let rendered = terminal.render_error(&*report);
            let _ = std::io::stderr().write_all(rendered.as_bytes());
            ExitCode::from(BAD_USAGE)
        }
    }
}

/// Writes a report to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), miette::Report> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(miette::miette!("standard output: {error}")),
        _ => Ok(()),
    }
}
