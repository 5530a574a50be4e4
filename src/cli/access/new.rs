//! `alicerce access new`: what the new side allows that the old one does not.
//!
//! In: two policies, two folders of policies, or two exports. Out: for each principal and policy the newly allowed actions, grouped by
//! service and by the statement that allows them, each group with one request; or that nothing is new, which is then proved.
//! Never: "nothing new" where a question is open or an input could not be read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use miette::{Report as Failure, miette};
use serde_json::{Value, json};

use super::{Format, Places, UNDECIDED};
use crate::access::query::Place;
use crate::access::query::new::{Before, Comparison, Difference, Entry, Sided, Status, Subject, Whole, compare};
use crate::catalog::actions;
use crate::facts::{FactId, Facts, kinds};
use crate::iam::{Policy, PolicyType};
use crate::report::visible;
use crate::world::World;

/// `alicerce access new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// How it was: a policy, a folder of policies, an account's or an organization's export
    old: PathBuf,
    /// How it is to be, of the same form
    new: PathBuf,
    /// What the policies are: identity, resource, trust, key, endpoint, boundary, session, scp, rcp
    #[arg(long, value_name = "TYPE")]
    policy_type: Option<PolicyType>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Groups and undecided questions of one subject that are shown to people.
const SHOWN: usize = 5;

impl NewArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let (old, old_whole) = self.read(&self.old)?;
        let (new, new_whole) = self.read(&self.new)?;
        if let (Some((old_type, ..)), Some((new_type, ..))) = (only_policy(&old), only_policy(&new)) {
            if old_type != new_type {
                return Err(miette!(
                    help = "say what both are by --policy-type",
                    "`{}` looks like a policy of type {old_type}, `{}` like one of type {new_type}",
                    visible(&self.old.to_string_lossy()),
                    visible(&self.new.to_string_lossy())
                ));
            }
            accepted(&old)?;
            accepted(&new)?;
        }
        let (old_root, new_root) = (self.old.to_string_lossy(), self.new.to_string_lossy());
        let whole = compare(Sided { world: &old, root: &old_root }, Sided { world: &new, root: &new_root });
        let complete = old_whole && new_whole;
        let mut shown = Shower { old: &old.facts, new: &new.facts, places: Places::default() };
        let text = match self.format {
            Format::Human => shown.human(&whole, complete),
            Format::Json => shown.json(&whole, complete),
        };
        crate::cli::print(&text)?;
        Ok(match (whole.any_new(), whole.any_undecided() || !complete) {
            (true, _) => 1,
            (false, true) => UNDECIDED,
            (false, false) => 0,
        })
    }

    /// One side, and whether all of it could be read.
    fn read(&self, path: &Path) -> Result<(World, bool), Failure> {
        let shown = visible(&path.to_string_lossy());
        let (loaded, config) = super::load(&[path.to_owned()], self.policy_type)?;
        if let (Some(problem), true) = (loaded.unreadable.iter().find(|p| !p.judged), path.is_file()) {
            return Err(miette!("`{shown}` could not be read: {}", visible(&problem.message)));
        }
        super::note_problems(&loaded);
        let complete = loaded.unreadable.is_empty();
        let world = World::new(Facts::build(&loaded), config, jiff::Timestamp::UNIX_EPOCH);
        if loaded.documents.is_empty() {
            return Err(miette!(
                help = "give a policy, a folder of policies, or an account's export",
                "`{shown}` holds no policy and no answer of the AWS CLI that alicerce knows"
            ));
        }
        Ok((world, complete))
    }
}

/// The one policy of a side that is a single file.
fn only_policy(world: &World) -> Option<(PolicyType, FactId)> {
    let of = |kind: PolicyType| world.facts.of_kind(kinds::policy_file_kind(kind)).iter().map(move |id| (kind, *id));
    let mut all = PolicyType::ALL.into_iter().flat_map(of);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// Refuses a policy that AWS would refuse, with the place.
fn accepted(world: &World) -> Result<(), Failure> {
    let Some((kind, id)) = only_policy(world) else { return Ok(()) };
    let Some(root) = world.facts.get(id).and_then(|fact| world.facts.node(fact.node)) else { return Ok(()) };
    let Err(problems) = Policy::parse(root, kind) else { return Ok(()) };
    let first = problems.first();
    let at = first.and_then(|p| root.document().node(p.mark.0)).unwrap_or(root);
    let place = crate::report::human::place(&Places::default().node(at));
    let why = first.map_or("", |p| &p.message);
    Err(miette!("{place}: AWS would refuse this as a policy of type {kind}: {}", visible(why)))
}

/// Differences that share service, statement and what stood in the way.
type Groups<'d> = BTreeMap<(String, String, String), Vec<&'d Difference>>;

/// Writes answers.
struct Shower<'w> {
    old: &'w Facts,
    new: &'w Facts,
    places: Places,
}

impl Shower<'_> {
    fn allowed_by(&mut self, difference: &Difference) -> String {
        match &difference.allowed_by {
            Some(place) => format!("allowed {}", self.places.of(self.new, place).line()),
            None => "no statement denies it any more".to_owned(),
        }
    }

    fn before(&mut self, before: &Before) -> String {
        let level = before.level.map_or_else(String::new, |level| format!(" at level {level}"));
        match &before.denied_by {
            Some(place) => format!("before: denied {}", self.places.of(self.old, place).line()),
            None => format!("before: not allowed by the {} policies{level}", before.kind),
        }
    }

    fn groups<'d>(&mut self, comparison: &'d Comparison) -> Groups<'d> {
        let mut out: Groups<'_> = BTreeMap::new();
        for difference in &comparison.new {
            let service = difference.action.split(':').next().unwrap_or_default().to_owned();
            let before = difference.before.as_ref().map_or_else(String::new, |before| self.before(before));
            let key = (service, self.allowed_by(difference), before);
            out.entry(key).or_default().push(difference);
        }
        out
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) {
        let comparison = &entry.comparison;
        if comparison.new.is_empty() && comparison.undecided.is_empty() {
            return;
        }
        out.push_str(&format!(
            "{}{}\n",
            title(&entry.subject),
            if entry.status == Status::Added { ", which is new" } else { "" }
        ));
        let groups = self.groups(comparison);
        for ((service, allowed_by, before), differences) in groups.iter().take(SHOWN) {
            out.push_str(&format!("  new  {}\n", headline(service, differences)));
            out.push_str(&format!("       {allowed_by}\n"));
            if !before.is_empty() {
                out.push_str(&format!("       {before}\n"));
            }
        }
        if let Some(more) = groups.len().checked_sub(SHOWN).filter(|n| *n > 0) {
            let actions: usize = groups.values().skip(SHOWN).map(Vec::len).sum();
            out.push_str(&format!("  new  {actions} more actions by {more} other statements; --format json lists all\n"));
        }
        for (action, why) in comparison.undecided.iter().take(SHOWN) {
            out.push_str(&format!("  undecided  {}: {}\n", visible(action), visible(why)));
        }
        if let Some(more) = comparison.undecided.len().checked_sub(SHOWN).filter(|n| *n > 0) {
            out.push_str(&format!("  undecided  {more} more actions\n"));
        }
    }

    fn human(&mut self, whole: &Whole, complete: bool) -> String {
        let mut out = String::new();
        for entry in &whole.entries {
            self.entry(entry, &mut out);
        }
        let removed = whole.entries.iter().filter(|e| e.status == Status::Removed).count();
        let new = whole.entries.iter().filter(|e| !e.comparison.new.is_empty());
        let (subjects, actions) = (new.clone().count(), new.map(|e| e.comparison.new.len()).sum::<usize>());
        let undecided = whole.entries.iter().filter(|e| !e.comparison.undecided.is_empty()).count();
        let asked = whole.entries.len() - removed;
        let beside = whole.entries.iter().any(|e| e.comparison.beside_full_access);
        let beside = if beside { ", SCPs that only deny taken beside FullAWSAccess" } else { "" };
        let compared = format!(
            "{} compared: {} the same, {asked} changed or new{}{beside}",
            count(whole.same + whole.entries.len(), "principal or policy", "principals and policies"),
            whole.same,
            if removed > 0 { format!(", {removed} removed") } else { String::new() },
        );
        out.push_str(&match (subjects, undecided, complete) {
            (0, 0, true) => format!("nothing new: every request that the new side allows, the old one allows too ({compared})\n"),
            (0, 0, false) => format!(
                "nothing new in what was read, but not all could be read or is as it was collected, as said above ({compared})\n"
            ),
            (0, n, _) => format!("nothing new was found, but for {n} of them it could not be decided ({compared})\n"),
            (n, open, _) => {
                let open = if open > 0 { format!("; {open} could not be decided in full") } else { String::new() };
                let of = count(n, "principal or policy", "principals and policies");
                format!("{} newly allowed, for {of}{open} ({compared})\n", count(actions, "action", "actions"))
            }
        });
        out
    }

    fn json(&mut self, whole: &Whole, complete: bool) -> String {
        let answer = match (whole.any_new(), whole.any_undecided() || !complete) {
            (true, _) => "new",
            (false, true) => "undecided",
            (false, false) => "nothing-new",
        };
        let subjects: Vec<Value> = whole.entries.iter().map(|entry| self.entry_json(entry)).collect();
        super::json_line(&json!({"answer": answer, "same": whole.same, "complete": complete, "subjects": subjects}))
    }

    fn entry_json(&mut self, entry: &Entry) -> Value {
        let (kind, name, policy_type) = match &entry.subject {
            Subject::Principal(arn) => ("principal", json!(arn), None),
            Subject::AnyRole(account) => ("any-role", json!(account), None),
            Subject::Resources(accounts) => ("resources", json!(accounts.join(", ")), None),
            Subject::Policy(name, policy_type) => ("policy", json!(name), Some(policy_type.as_str())),
        };
        let mut new = Vec::new();
        for d in &entry.comparison.new {
            let place = |side: &Facts, places: &mut Places, place: &Place| places.of(side, place).json();
            let allowed_by = d.allowed_by.as_ref().map(|p| place(self.new, &mut self.places, p));
            let before = d.before.as_ref().map(|b| {
                let denied_by = b.denied_by.as_ref().map(|p| place(self.old, &mut self.places, p));
                json!({"policy_type": b.kind.as_str(), "level": b.level, "denied_by": denied_by})
            });
            new.push(
                json!({"action": d.action, "listed": d.listed, "request": d.request, "statement": allowed_by, "before": before}),
            );
        }
        let undecided = entry.comparison.undecided.iter().map(|(action, why)| json!({"action": action, "why": why}));
        let accounts = if let Subject::Resources(accounts) = &entry.subject { json!(accounts) } else { Value::Null };
        json!({"subject": name, "kind": kind, "accounts": accounts, "policy_type": policy_type, "status": entry.status.as_str(), "new": new,
               "undecided": undecided.collect::<Vec<_>>(), "beside_full_access": entry.comparison.beside_full_access})
    }
}

/// The subject as a line of its own.
fn title(subject: &Subject) -> String {
    match subject {
        Subject::Principal(arn) => visible(arn),
        Subject::AnyRole(account) => format!("any role of account {}", visible(account)),
        Subject::Resources(accounts) => {
            let named: Vec<String> = accounts.iter().take(SHOWN).map(|account| visible(account)).collect();
            let more = accounts.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let of = if accounts.len() == 1 { "account" } else { "accounts" };
            format!("resources of {of} {}{more}", named.join(", "))
        }
        Subject::Policy(name, policy_type) => format!("{policy_type} policy {}", visible(name)),
    }
}

/// How many actions, and the request that says most.
fn headline(service: &str, differences: &[&Difference]) -> String {
    let runs = |d: &&&Difference| actions::inference().iter().any(|known| known.eq_ignore_ascii_case(&d.action));
    let telling = |d: &&&Difference| d.listed && &*d.witness.resource != "*";
    let listed = || differences.iter().find(telling).or_else(|| differences.iter().find(|d| d.listed));
    let best = differences.iter().find(runs).or_else(listed).or(differences.first());
    let Some(best) = best else { return String::new() };
    let request = visible(&best.request);
    let unlisted = differences.iter().any(|d| !d.listed);
    match (differences.len(), unlisted) {
        (1, false) => request,
        (1, true) => format!("{request} (stands for all actions that the patterns treat alike)"),
        (n, false) => format!("{n} actions of {}, such as {request}", visible(service)),
        (n, true) => format!("{n} actions of {} and all that the patterns treat alike, such as {request}", visible(service)),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
