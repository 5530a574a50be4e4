//! `alicerce facts`: what rules may name, and what is known of one subject.
//!
//! In: nothing, the name of a kind, or a subject and the inputs that hold it. Out: text for people, or JSON. Never: a value that is not
//! known shown as one that is absent; text of the inputs written to a terminal as it stands.

mod about;
mod subject;
mod tree;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use miette::{Diagnostic, IntoDiagnostic as _, Report as Failure};

use super::Terminal;
use crate::facts::{Fact, FactId, Facts, kinds};
use crate::report::visible;
use crate::world::World;

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

/// Look at what rules judge.
#[derive(Debug, Args)]
pub(super) struct FactsArgs {
    /// A kind, such as `lambda-function`; or a subject: an ARN, an id, a name, or KIND/NAME. Without it: all kinds
    #[arg(value_name = "KIND or SUBJECT")]
    what: Option<String>,
    /// Where the subject is: account exports, answers of the AWS CLI, policy files, folders of these. No path: the bundled example
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Show lists and texts of a subject as a whole
    #[arg(long)]
    all: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// A word that means nothing here.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct Wrong {
    message: String,
    #[help]
    help: Option<String>,
}

fn wrong(message: String, help: Option<String>) -> Failure {
    Wrong { message, help }.into()
}

/// Subjects that an error names.
const NAMED: usize = 10;

impl FactsArgs {
    pub(super) fn run(self, terminal: &Terminal) -> Result<u8, Failure> {
        let json = self.format == Format::Json;
        let pretty = |value: serde_json::Value| serde_json::to_string_pretty(&value).into_diagnostic().map(|text| text + "\n");
        let Some(what) = &self.what else {
            let text = if json { pretty(about::all_json())? } else { about::all(terminal.width) };
            return super::print(&text).map(|()| 0);
        };
        if let Some(members) = super::kinds::members_of(what) {
            if let Some(path) = self.paths.first() {
                let help = format!("write `{what}/NAME` for one that `{}` holds", visible(&path.to_string_lossy()));
                return Err(wrong(format!("`{what}` is a kind, which no input is read for"), Some(help)));
            }
            let text = if json { pretty(about::one_json(what, &members))? } else { about::one(what, &members, terminal.width) };
            return super::print(&text).map(|()| 0);
        }
        let (mut world, incomplete) = super::access::world(&self.paths)?;
        if self.paths.is_empty() {
            world = World::new(std::mem::take(&mut world.facts), super::scan::example_config()?, world.now);
        }
        let id = find(&world.facts, what)?;
        let page = subject::Page::of(&world, id);
        let text = if json { pretty(page.json())? } else { page.human(self.all) };
        super::print(&text)?;
        Ok(if incomplete { 3 } else { 0 })
    }
}

/// The subject that a text names.
fn find(facts: &Facts, text: &str) -> Result<FactId, Failure> {
    let by_kind = text.split_once('/').and_then(|(kind, name)| Some((kinds::get(kind)?, name)));
    let fits = |fact: &Fact| match by_kind {
        Some((kind, name)) => fact.kind.name == kind.name && is(fact, name),
        None => is(fact, text),
    };
    let found: Vec<(FactId, &Fact)> = facts.iter().filter(|(_, fact)| fits(fact)).collect();
    match found.as_slice() {
        [(id, _)] => Ok(*id),
        [] => Err(nobody(facts, text, by_kind.map(|(kind, _)| kind.name))),
        several => {
            let names: Vec<String> = several.iter().take(NAMED).map(|(_, fact)| named(fact)).collect();
            let more =
                several.len().checked_sub(NAMED).filter(|n| *n > 0).map(|n| format!("\n… and {n} more")).unwrap_or_default();
            let help =
                format!("write one of these identities or, where the kinds differ, KIND/NAME:\n{}{more}", names.join("\n"));
            Err(wrong(format!("`{}` names {} subjects", visible(text), several.len()), Some(help)))
        }
    }
}

fn is(fact: &Fact, text: &str) -> bool {
    *fact.id == *text || *fact.key == *text || *fact.name == *text
}

/// `KIND/NAME  identity`
fn named(fact: &Fact) -> String {
    visible(&format!("{}/{}  {}", fact.kind.name, fact.name, fact.id))
}

/// The error for a text that names nothing, with what is near to it.
fn nobody(facts: &Facts, text: &str, kind: Option<&str>) -> Failure {
    let of_kind = |fact: &&Fact| kind.is_none_or(|kind| fact.kind.name == kind);
    let wanted = kind.and_then(|kind| text.strip_prefix(kind)?.strip_prefix('/')).unwrap_or(text).to_lowercase();
    let candidates: Vec<&Fact> = facts.iter().map(|(_, fact)| fact).filter(of_kind).collect();
    let holds = |fact: &&&Fact| [&fact.name, &fact.key].iter().any(|name| name.to_lowercase().contains(&wanted));
    let mut near: Vec<&Fact> = candidates.iter().filter(holds).copied().take(NAMED).collect();
    if near.is_empty() {
        let mut far: Vec<(usize, &Fact)> = candidates
            .iter()
            .map(|fact| (strsim::damerau_levenshtein(&fact.name.to_lowercase(), &wanted), *fact))
            .filter(|(distance, fact)| *distance <= (fact.name.chars().count() / 3).max(1))
            .collect();
        far.sort_by_key(|(distance, _)| *distance);
        near = far.into_iter().map(|(_, fact)| fact).take(NAMED).collect();
    }
    let shown = visible(text);
    let help = match (near.is_empty(), kind, super::kinds::nearest_kind(text)) {
        (false, ..) => format!("near to it:\n{}", near.iter().map(|fact| named(fact)).collect::<Vec<_>>().join("\n")),
        (true, None, Some(kind)) => format!("did you mean the kind `{kind}`?"),
        (true, Some(kind), _) => format!("{} of kind `{kind}` were loaded", candidates.len()),
        (true, None, None) => format!("`alicerce facts` lists the kinds; {} subjects were loaded", candidates.len()),
    };
    wrong(format!("`{shown}` is neither a kind nor a subject that was loaded"), Some(help))
}
