//! `alicerce access`: what policies allow, asked from the command line.
//!
//! In: account exports, policy files, cases. Out: decisions with the statements that made them, for people or as JSON.
//! Never: an answer past a policy that is in force and not known; such an answer says so and has its own exit code.

mod can;
mod cases;
mod new;
mod paths;
mod paths_human;
mod paths_summary;
mod who;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use miette::{Report as Failure, miette};
use serde_json::{Value, json};

use super::{example, scan};
use crate::access::query::Place;
use crate::catalog::actions;
use crate::config::Config;
use crate::doc::Node;
use crate::facts::{Facts, NodeId};
use crate::finding::{Location, Sources};
use crate::iam::PolicyType;
use crate::input::{self, Loaded, Source};
use crate::report::{human, visible};
use crate::world::World;

/// Exit code of an answer that is not known, or of a run that cannot be trusted.
const UNDECIDED: u8 = 3;

/// Ask what policies allow.
#[derive(Debug, clap::Args)]
pub(super) struct AccessCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run unit tests for policies. Exit code 0: all as expected; 1: one differs; 2: a path does not exist; 3: one cannot be read
    Test(cases::TestArgs),
    /// Decide one request of a principal. Exit code 0: allowed; 1: denied; 2: bad usage; 3: conditional or not known
    Can(can::CanArgs),
    /// Is there a request that NEW allows and OLD does not? Exit code 0: nothing new, proved; 1: something new; 2: bad usage; 3: undecided
    New(new::NewArgs),
    /// Every way in which a principal can run a model, and where the data goes. Exit code 0: one is open; 1: none is, proved; 2: bad usage; 3: not known
    Paths(paths::PathsArgs),
    /// List the principals that can do an action, each with a request. Exit code 0; 2: bad usage; 3: an input could not be read
    WhoCan(who::WhoArgs),
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON object, or one a line where there are several.
    Json,
}

impl AccessCommand {
    pub(super) fn run(self) -> Result<u8, Failure> {
        match self.action {
            Action::Test(args) => args.run(),
            Action::Can(args) => args.run(),
            Action::New(args) => args.run(),
            Action::Paths(args) => args.run(),
            Action::WhoCan(args) => args.run(),
        }
    }
}

/// What the paths hold; none: the bundled example.
fn load(paths: &[PathBuf], policy_type: Option<PolicyType>) -> Result<(Loaded, Config), Failure> {
    if paths.is_empty() {
        note("no input was given, so this is the bundled example; give a folder or a file to ask about your own");
        return Ok((input::load(&[example::source()], &input::Options::default()), Config::default()));
    }
    let config = scan::read_config(None)?;
    let sources: Vec<Source> = paths.iter().map(|path| scan::source(path)).collect::<Result<_, _>>()?;
    let options = input::Options { policy_type, policy_patterns: scan::patterns(&config)?, ..input::Options::default() };
    Ok((input::load(&sources, &options), config))
}

/// The world of the paths, and whether some of it could not be read or is not as it was collected, which is said on standard error.
pub(super) fn world(paths: &[PathBuf]) -> Result<(World, bool), Failure> {
    let (loaded, config) = load(paths, None)?;
    note_problems(&loaded);
    let incomplete = !loaded.unreadable.is_empty();
    Ok((World::new(Facts::build(&loaded), config, Timestamp::now()), incomplete))
}

/// Problems of inputs that are told one by one.
const TOLD: usize = 10;

/// Says on standard error what could not be read, and what counts although something is wrong with it.
fn note_problems(loaded: &Loaded) {
    for problem in loaded.unreadable.iter().take(TOLD) {
        let place = problem.place.as_ref().map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        let counts = if problem.judged { " (it counts all the same)" } else { "" };
        note(&format!("{}{place}: {}{counts}", problem.name, problem.message));
    }
    if let Some(more) = loaded.unreadable.len().checked_sub(TOLD).filter(|n| *n > 0) {
        note(&format!("{more} more inputs are not readable or not as they were collected; `alicerce scan` lists them all"));
    }
}

/// A line on standard error.
fn note(text: &str) {
    // Only a note: where standard error is closed there is nobody to read it.
    let _ = writeln!(std::io::stderr(), "{}", visible(text));
}

/// The places that answers point to, as file, line and text.
#[derive(Default)]
struct Places {
    sources: Sources,
}

impl Places {
    fn node(&mut self, node: Node<'_>) -> Location {
        self.sources.node(node, &[])
    }

    /// `policy "name", statement "sid"` and where it stands.
    fn of(&mut self, facts: &Facts, place: &Place) -> Shown {
        let location = place.node.and_then(|id: NodeId| facts.node(id)).map(|node| self.node(node));
        Shown { policy: place.policy.clone(), sid: place.sid.clone(), location }
    }
}

/// A statement as it is shown.
struct Shown {
    policy: String,
    sid: Option<String>,
    location: Option<Location>,
}

impl Shown {
    /// ``by `policy`, statement `sid`, at file:line:column `text` ``
    fn line(&self) -> String {
        let mut parts = Vec::new();
        if !self.policy.is_empty() {
            parts.push(format!("by `{}`", visible(&self.policy)));
        }
        if let Some(sid) = &self.sid {
            parts.push(format!("statement `{}`", visible(sid)));
        }
        parts.extend(self.location.as_ref().map(at));
        parts.join(", ")
    }

    fn json(&self) -> Value {
        json!({"policy": self.policy, "sid": self.sid, "location": self.location.as_ref().map(location_json)})
    }
}

/// ``at file:line:column `text` ``
fn at(location: &Location) -> String {
    format!("at {} {}", human::place(location), human::one_line(&location.snippet))
}

fn location_json(location: &Location) -> Value {
    json!({"file": location.file, "line": location.start.line, "column": location.start.column,
           "pointer": location.pointer, "text": location.snippet})
}

/// One JSON object on one line.
fn json_line(value: &Value) -> String {
    format!("{value}\n")
}

/// `service:Action`, as policies write it.
fn action_name(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() && !text.contains(['*', '?', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err("expected one action, such as `bedrock:InvokeModel`".to_owned()),
    }
}

/// Says on standard error that an action may be misspelled: the catalog knows the service and not the action.
fn note_unknown_action(action: &str) {
    let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let known = actions::of_prefix(&service);
    if known.is_empty() || actions::find(action).is_some() {
        return;
    }
    let names = known.iter().map(|one| format!("{service}:{}", one.name));
    let nearest = names.min_by_key(|name| strsim::damerau_levenshtein(name, action)).unwrap_or_default();
    note(&format!("the catalog of AWS's actions has no `{action}`; the nearest is `{nearest}`"));
}

fn no_principal(world: &World) -> Failure {
    if world.facts.is_empty() {
        return miette!("nothing was loaded");
    }
    miette!(
        help = "give an account's export, an answer of `iam get-account-authorization-details`, or an identity policy's file",
        "what was loaded holds no principal"
    )
}
