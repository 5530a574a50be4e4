//! `alicerce access test`: runs unit tests for policies.
//!
//! In: files with one case or an array of them, files of one case a line, folders of these. Out: a line for each case.
//! Never: a case that cannot be read passed over; a folder's JSON that is no case (a policy beside its cases) counted as one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use miette::{Report as Failure, miette};
use serde_json::{Value, json};

use super::can::said;
use super::{Format, Places, Shown, UNDECIDED};
use crate::access::query::underlined;
use crate::doc::{Document, Kind, LineIndex, Node};
use crate::iam::case::Case;
use crate::iam::decide::{Decision, PolicySet};
use crate::iam::policy::{Malformed, Policy, Site};
use crate::iam::{Outcome, PolicyType};
use crate::report::visible;

/// `alicerce access test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// A .json file with one case or an array of them, a .jsonl file with one a line, or a folder of these
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// How to write the outcomes; json: one object a line, for each case
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Larger files are refused.
const MAX_BYTES: u64 = 64 << 20;
/// Folders nested deeper are refused.
const MAX_DEPTH: usize = 32;

impl TestArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let mut runner = Runner { format: self.format, out: String::new(), counts: Counts::default() };
        for path in &self.paths {
            match fs::metadata(path) {
                Ok(data) if data.is_dir() => runner.folder(path, 0),
                Ok(_) => runner.file(path, true),
                Err(error) => return Err(miette!("`{}` cannot be read: {error}", visible(&path.to_string_lossy()))),
            }
        }
        let counts = runner.counts;
        if self.format == Format::Human {
            runner.out.push_str(&counts.line());
        }
        crate::cli::print(&runner.out)?;
        Ok(match counts {
            Counts { unreadable: 1.., .. } => UNDECIDED,
            Counts { differ: 1.., .. } => 1,
            Counts { passed: 0, .. } => {
                super::note("no case was found");
                UNDECIDED
            }
            _ => 0,
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    passed: usize,
    differ: usize,
    unreadable: usize,
    other: usize,
}

impl Counts {
    fn line(self) -> String {
        let mut line = format!("{} as expected, {} different, {} not readable", self.passed, self.differ, self.unreadable);
        if self.other > 0 {
            line.push_str(&format!("; {} JSON files in the folders hold no case", self.other));
        }
        line + "\n"
    }
}

struct Runner {
    format: Format,
    out: String,
    counts: Counts,
}

impl Runner {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let listed = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match listed {
            Ok(entries) if depth < MAX_DEPTH => entries,
            Ok(_) => return self.unreadable(&folder.to_string_lossy(), "the folders are nested too deeply"),
            Err(error) => return self.unreadable(&folder.to_string_lossy(), &error.to_string()),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.folder(&path, depth + 1),
                Ok(_) if path.is_file() && is_json(&path) => self.file(&path, false),
                _ => {}
            }
        }
    }

    /// `named`: the user named this very file, so that it must hold cases.
    fn file(&mut self, path: &Path, named: bool) {
        let name = path.to_string_lossy();
        let text = match read(path) {
            Ok(text) => text,
            Err(why) => return self.unreadable(&name, &why),
        };
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jsonl")) {
            for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                // Lines before it are kept as line feeds, so that places are those of the file.
                let padded = "\n".repeat(index) + line;
                self.document(&name, path, padded, true);
            }
        } else {
            self.document(&name, path, text, named);
        }
    }

    fn document(&mut self, name: &str, path: &Path, text: String, named: bool) {
        let document = match Document::json(name, text.as_str()) {
            Ok(document) => Arc::new(document),
            Err(error) => {
                let (line, column) = LineIndex::new(&text).line_column(&text, error.span.start);
                return self.unreadable(&format!("{name}:{line}:{column}"), &error.message);
            }
        };
        let root = document.root();
        let cases: Vec<Node<'_>> = if root.kind() == Kind::Array { root.items().collect() } else { vec![root] };
        let is_case = |node: &Node<'_>| node.get("request").is_some() || node.get("expect").is_some();
        if !named && !cases.iter().any(is_case) {
            self.counts.other += 1;
            return;
        }
        for case in cases {
            self.case(&document, path, case);
        }
    }

    fn case(&mut self, document: &Arc<Document>, path: &Path, node: Node<'_>) {
        let mut places = Places::default();
        let mut loaded: Vec<Document> = Vec::new();
        let mut load = |name: &str, kind: PolicyType| load_policy(path, name, kind, &mut loaded);
        let case = match Case::read(node, &mut load) {
            Ok(case) => case,
            Err(error) => {
                let at = document.node(error.mark.0).unwrap_or(node);
                let place = crate::report::human::place(&places.node(at));
                return self.unreadable(&place, &error.message);
            }
        };
        let decision = case.run();
        let at = places.node(node);
        let ran = Ran { case: &case, decision: &decision, documents: (&**document, &loaded) };
        let ok = decision.outcome == case.expect;
        let shown = ran.why(&mut places);
        let place = crate::report::human::place(&at);
        match self.format {
            Format::Json => self.out.push_str(&super::json_line(&ran.json(&place, ok, &shown))),
            Format::Human => self.out.push_str(&ran.human(&place, ok, &shown)),
        }
        *(if ok { &mut self.counts.passed } else { &mut self.counts.differ }) += 1;
    }

    fn unreadable(&mut self, place: &str, why: &str) {
        self.counts.unreadable += 1;
        match self.format {
            Format::Json => {
                let object =
                    json!({"name": null, "decision": null, "expect": null, "ok": false, "why": [], "at": place, "error": why});
                self.out.push_str(&super::json_line(&object));
            }
            Format::Human => self.out.push_str(&format!("unreadable  {}: {}\n", visible(place), visible(why))),
        }
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json") || e.eq_ignore_ascii_case("jsonl"))
}

/// A regular file's text.
fn read(path: &Path) -> Result<String, String> {
    let data = fs::metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if data.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// Reads a policy that a case names by a path relative to the case's file.
fn load_policy(
    case: &Path,
    name: &str,
    kind: PolicyType,
    loaded: &mut Vec<Document>,
) -> Result<Result<Policy, Vec<Malformed>>, String> {
    let path = case.parent().unwrap_or(Path::new("")).join(name);
    let failed = |why: String| format!("the policy `{name}` cannot be read: {why}");
    let text = read(&path).map_err(failed)?;
    let yaml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
    let shown = path.to_string_lossy().into_owned();
    let parsed = if yaml { Document::yaml(shown, text) } else { Document::json(shown, text) };
    let document = parsed.map_err(|error| failed(error.message))?;
    let policy = Policy::parse(document.root(), kind);
    loaded.push(document);
    // Tag 0 is the case's own document.
    Ok(policy.map(|policy| policy.with_source(loaded.len() as u64)))
}

/// A case that ran.
struct Ran<'r> {
    case: &'r Case,
    decision: &'r Decision,
    documents: (&'r Document, &'r [Document]),
}

impl Ran<'_> {
    fn node(&self, site: Site) -> Option<Node<'_>> {
        let document = match site.source.checked_sub(1) {
            None => self.documents.0,
            Some(index) => self.documents.1.get(usize::try_from(index).ok()?)?,
        };
        document.node(site.mark.0)
    }

    /// The deciding statement of each line of the decision's reasons.
    fn why(&self, places: &mut Places) -> Vec<Option<Shown>> {
        let set = self.case.policy_set();
        let request = &self.case.request;
        let shown = |site: Site| {
            let found = policies(&set).find_map(|policy| underlined(policy, site, &request.action, &request.context));
            let (sid, at) = found.map_or((None, site), |(statement, at)| (statement.sid.as_deref().map(str::to_owned), at));
            let location = self.node(at).map(|node| places.node(node));
            Shown { policy: String::new(), sid, location }
        };
        let mut shown = shown;
        self.decision.why.iter().map(|why| why.site.map(&mut shown)).collect()
    }

    fn human(&self, place: &str, ok: bool, shown: &[Option<Shown>]) -> String {
        let name = visible(&self.case.name);
        let mut out = format!("{:<11} {name}: {:?}\n", if ok { "ok" } else { "different" }, self.decision.outcome);
        if ok {
            return out;
        }
        out.push_str(&format!("    expected {:?} at {place}\n", self.case.expect));
        for (why, shown) in self.decision.why.iter().zip(shown) {
            let level = why.level.map_or_else(String::new, |level| format!(" {level}"));
            let at = shown.as_ref().map(Shown::line).unwrap_or_default();
            out.push_str(format!("    {}{level} {} {at}", why.kind, said(why.said)).trim_end());
            out.push('\n');
        }
        for hinge in &self.decision.hinges {
            out.push_str(&format!("    hangs on {}\n", visible(&hinge.to_string())));
        }
        for (name, problems) in &self.case.refused {
            let why = problems.first().map_or("", |problem| &problem.message);
            out.push_str(&format!("    not in force, as AWS would refuse it: {}: {}\n", visible(name), visible(why)));
        }
        out
    }

    fn json(&self, place: &str, ok: bool, shown: &[Option<Shown>]) -> Value {
        let why: Vec<Value> = self
            .decision
            .why
            .iter()
            .zip(shown)
            .map(|(why, shown)| {
                json!({"policy_type": why.kind.as_str(), "level": why.level, "said": said(why.said),
                       "statement": shown.as_ref().map(Shown::json)})
            })
            .collect();
        let hinges: Vec<String> = self.decision.hinges.iter().map(ToString::to_string).collect();
        let refused: Vec<Value> = self
            .case
            .refused
            .iter()
            .map(|(name, problems)| json!({"policy": name, "why": problems.iter().map(|p| &p.message).collect::<Vec<_>>()}))
            .collect();
        let outcome = |outcome: Outcome| format!("{outcome:?}");
        json!({"name": self.case.name, "decision": outcome(self.decision.outcome), "expect": outcome(self.case.expect), "ok": ok,
               "why": why, "hangs_on": hinges, "refused": refused, "source": self.case.why, "at": place})
    }
}

fn policies<'s>(set: &'s PolicySet<'s>) -> impl Iterator<Item = &'s Policy> {
    let levels = set.scp.iter().chain(&set.rcp).flatten().flatten();
    let own = set.identity.iter().chain(&set.boundary).chain(&set.session);
    own.chain(&set.resource).chain(&set.endpoint).chain(levels).copied()
}
