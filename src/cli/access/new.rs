//! `alicerce access new`: what one version of a policy allows that the other does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use miette::{Report as Failure, miette};
use serde_json::json;

use super::{Format, Places, Shown, UNDECIDED};
use crate::access::query::underlined;
use crate::access::query_new::{Comparison, Difference, compare};
use crate::doc::{Document, Kind, Node};
use crate::iam::{Context, Policy, PolicyType};
use crate::input::{Loaded, Origin};
use crate::report::visible;

/// `alicerce access new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The policy as it was: a policy's file, or an answer of the AWS CLI that holds one
    old: PathBuf,
    /// The policy as it is to be
    new: PathBuf,
    /// What both policies are: identity, resource, trust, key, endpoint, boundary, session, scp, rcp
    #[arg(long, value_name = "TYPE")]
    policy_type: Option<PolicyType>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Undecided actions that are named.
const SHOWN: usize = 5;

impl NewArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let (old_file, old_type) = self.read(&self.old)?;
        let (new_file, new_type) = self.read(&self.new)?;
        if old_type != new_type {
            return Err(miette!(
                help = "say what both are by --policy-type",
                "`{}` looks like a policy of type {old_type}, `{}` like one of type {new_type}",
                visible(&self.old.to_string_lossy()),
                visible(&self.new.to_string_lossy())
            ));
        }
        let (old, new) = (self.parse(&old_file, new_type)?, self.parse(&new_file, new_type)?);
        let compared = compare(&old, old_file.root(), &new, new_file.root());
        let text = match self.format {
            Format::Human => human(&compared, &new, &new_file),
            Format::Json => as_json(&compared, &new, &new_file),
        };
        crate::cli::print(&text)?;
        Ok(match (compared.new.is_empty(), compared.undecided.is_empty()) {
            (false, _) => 1,
            (true, true) => 0,
            (true, false) => UNDECIDED,
        })
    }

    /// The one policy that a file holds.
    fn read(&self, path: &Path) -> Result<(PolicyFile, PolicyType), Failure> {
        let shown = visible(&path.to_string_lossy());
        let (loaded, _) = super::load(&[path.to_owned()], self.policy_type)?;
        if let Some(problem) = loaded.unreadable.first() {
            return Err(miette!("`{shown}` could not be read: {}", visible(&problem.message)));
        }
        let Loaded { documents, .. } = loaded;
        match documents.as_slice() {
            [(document, Origin::Policy { policy_type, node, .. })] => {
                Ok((PolicyFile::open(document, *node, &shown)?, self.policy_type.unwrap_or(*policy_type)))
            }
            _ => Err(miette!("`{shown}` is not a file that holds exactly one policy")),
        }
    }

    fn parse(&self, file: &PolicyFile, kind: PolicyType) -> Result<Policy, Failure> {
        Policy::parse(file.root(), kind).map_err(|problems| {
            let first = problems.first();
            let at = first.and_then(|p| file.document.node(p.mark.0)).unwrap_or(file.root());
            let place = crate::report::human::place(&Places::default().node(at));
            let why = first.map_or("", |p| &p.message);
            miette!("{place}: AWS would refuse this as a policy of type {kind}: {}", visible(why))
        })
    }
}

/// A policy's document: the file's own, or the one in a string of it.
struct PolicyFile {
    document: Arc<Document>,
    root: u32,
}

impl PolicyFile {
    fn open(document: &Arc<Document>, node: u32, shown: &str) -> Result<Self, Failure> {
        let is_text = document.node(node).is_some_and(|n| n.kind() == Kind::String);
        if !is_text {
            return Ok(Self { document: document.clone(), root: node });
        }
        let inner = Document::embedded(document, node)
            .map_err(|error| miette!("the policy in `{shown}` is not JSON: {}", visible(&error.message)))?;
        Ok(Self { document: Arc::new(inner), root: 0 })
    }

    fn root(&self) -> Node<'_> {
        self.document.node(self.root).unwrap_or_else(|| self.document.root())
    }
}

/// The new policy's statement that allows it.
fn granted(difference: &Difference, new: &Policy, file: &PolicyFile, places: &mut Places) -> Option<Shown> {
    let (statement, at) = underlined(new, difference.statement?, &difference.action, &Context::open())?;
    let location = file.document.node(at.mark.0).map(|node| places.node(node));
    Some(Shown { policy: String::new(), sid: statement.sid.as_deref().map(str::to_owned), location })
}

fn human(compared: &Comparison, new: &Policy, file: &PolicyFile) -> String {
    let mut places = Places::default();
    let mut out = String::new();
    for difference in &compared.new {
        let unlisted = if difference.listed { "" } else { " (stands for actions that alicerce has no list of)" };
        out.push_str(&format!("new  {}{unlisted}\n     {}\n", visible(&difference.action), visible(&difference.request)));
        match granted(difference, new, file, &mut places) {
            Some(shown) => out.push_str(&format!("     allowed {}\n", shown.line())),
            None => out.push_str("     no statement denies it any more\n"),
        }
    }
    for (action, why) in compared.undecided.iter().take(SHOWN) {
        out.push_str(&format!("undecided  {}: {}\n", visible(action), visible(why)));
    }
    if let Some(more) = compared.undecided.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        out.push_str(&format!("undecided  {more} more actions\n"));
    }
    let beside = if compared.beside_full_access { ", each beside FullAWSAccess" } else { "" };
    out.push_str(&match (compared.new.len(), compared.undecided.len()) {
        (0, 0) => format!("nothing new: every request that the new {} policy allows, the old one allows{beside}\n", new.kind),
        (0, n) => format!("nothing new was found, but {n} question(s) could not be decided{beside}\n"),
        (n, _) => format!("{n} action(s) newly allowed by the {} policy{beside}\n", new.kind),
    });
    out
}

fn as_json(compared: &Comparison, new: &Policy, file: &PolicyFile) -> String {
    let mut places = Places::default();
    let mut found = Vec::new();
    for difference in &compared.new {
        let allowed_by = granted(difference, new, file, &mut places).map(|shown| shown.json());
        found.push(json!({"action": difference.action, "listed": difference.listed, "request": difference.request,
                          "statement": allowed_by}));
    }
    let undecided: Vec<_> = compared.undecided.iter().map(|(action, why)| json!({"action": action, "why": why})).collect();
    let answer = match (found.is_empty(), undecided.is_empty()) {
        (false, _) => "new",
        (true, true) => "nothing-new",
        (true, false) => "undecided",
    };
    super::json_line(&json!({"answer": answer, "policy_type": new.kind.as_str(), "new": found, "undecided": undecided,
                             "beside_full_access": compared.beside_full_access}))
}
