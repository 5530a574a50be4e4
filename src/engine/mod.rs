//! The engine: rule × subject → outcome.
//!
//! In: a pack and a world. Out: [`Judged`], one for each rule and subject (in rules with `each`, one for each
//! offending element), in the order of the rules, then of the subjects, whatever the number of threads.
//! Never: an unknown that counts as a pass, or a rule that is silent about what it could not tell.

pub mod cases;
pub mod page;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::config::Scope;
use crate::facts::{Fact, FactId, NodeId, Reason, Value, Why};
use crate::input::Status;
use crate::rule::data::{Data, Unknown};
use crate::rule::eval::{Env, Vars};
use crate::rule::{Code, Pack, Rule, Severity, vocabulary};
use crate::world::World;

/// What a rule says of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is right.
    Pass,
    /// It is wrong.
    Fail,
    /// The rule says nothing of it.
    NotApplicable,
    /// It could not be determined.
    Unknown(Vec<Arc<Why>>),
    /// The scope declares none of these fields, which the rule needs; once for each rule and scope.
    Undeclared(Vec<Arc<str>>),
}

/// One answer of the engine.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The subject; `None` where the outcome is [`Outcome::Undeclared`].
    pub subject: Option<FactId>,
    /// The scope it falls in.
    pub scope: Arc<Scope>,
    /// What the rule says.
    pub outcome: Outcome,
    /// What to underline, the most telling first; empty: the subject itself. For failures and unknowns.
    pub at: Vec<NodeId>,
    /// What explains, each with a few words.
    pub related: Vec<(NodeId, String)>,
    /// The rule's message for this subject; empty for what passes or is not applicable.
    pub message: String,
    /// What to do; likewise.
    pub fix: String,
    /// The rule's severity, or critical where its `critical_if` holds.
    pub severity: Severity,
    /// Evidence in one line.
    pub witness: Option<String>,
    /// The offending part's identity, for the fingerprint.
    pub part: Option<String>,
}

/// How to run.
#[derive(Default)]
pub struct Options<'o> {
    /// Exactly these rules by id; `None`: those that `alicerce.toml` and the rules themselves switch on.
    pub only: Option<BTreeSet<Arc<str>>>,
    /// Called with the subjects done and their total, from any thread.
    pub progress: Option<&'o (dyn Fn(usize, usize) + Sync)>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("only", &self.only).finish_non_exhaustive()
    }
}

/// True where a rule runs, if no rules are asked for by name.
pub fn switched_on(rule: &Rule, world: &World) -> bool {
    let by_name = |id: &Arc<str>| world.config.rules.get(id).and_then(|o| o.enabled);
    by_name(&rule.id).or_else(|| rule.aliases.iter().find_map(by_name)).unwrap_or(rule.default_on)
}

/// Judges every subject by every rule that runs.
pub fn run(pack: &Pack, world: &World, options: &Options<'_>) -> Vec<Judged> {
    let run = Run::new(pack, world, options);
    let mut judged = run.judge(world, run.subjects());
    judged.extend(run.unlisted(world));
    in_order(judged).into_iter().map(|(_, judged)| judged).collect()
}

/// Answers with the number of their rule, in the order of the rules, then of the subjects; a rule that lacks a posture says so once
/// for each scope.
pub(crate) fn in_order(mut judged: Vec<(usize, Judged)>) -> Vec<(usize, Judged)> {
    // Stable, and each subject's answers are already in order.
    judged.sort_by_key(|(rule, j)| (*rule, j.subject));
    once_per_scope(judged)
}

/// The rules that run and the subjects that they are about.
pub(crate) struct Run<'r> {
    rules: Vec<&'r Arc<Rule>>,
    subjects: Vec<FactId>,
    done: AtomicUsize,
    progress: Option<&'r (dyn Fn(usize, usize) + Sync)>,
}

impl<'r> Run<'r> {
    pub(crate) fn new(pack: &'r Pack, world: &World, options: &Options<'r>) -> Self {
        let runs = |r: &&Arc<Rule>| options.only.as_ref().map_or_else(|| switched_on(r, world), |only| only.contains(&r.id));
        let rules: Vec<&Arc<Rule>> = pack.rules().filter(runs).collect();
        let kinds = rules.iter().flat_map(|r| r.kinds.iter());
        let mut subjects: Vec<FactId> = kinds.flat_map(|kind| world.facts.of_kind(kind.name).iter().copied()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        Self { rules, subjects, done: AtomicUsize::new(0), progress: options.progress }
    }

    pub(crate) fn subjects(&self) -> &[FactId] {
        &self.subjects
    }

    /// Judges some of the subjects; each answer comes with the number of its rule.
    pub(crate) fn judge(&self, world: &World, subjects: &[FactId]) -> Vec<(usize, Judged)> {
        crate::access::prepare(world);
        let judge = |id: &FactId| {
            let out = judge_subject(&self.rules, world, *id);
            if let Some(progress) = self.progress {
                progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.subjects.len());
            }
            out
        };
        subjects.par_iter().flat_map_iter(judge).collect()
    }

    /// What nobody was allowed to list.
    pub(crate) fn unlisted(&self, world: &World) -> Vec<(usize, Judged)> {
        unlisted(&self.rules, world)
    }
}

/// Where the call that lists a rule's subjects was refused, failed or by the manifest's word not attempted, the rule has an unknown for the account:
/// without it, what nobody was allowed to see would look as if it were not there.
fn unlisted(rules: &[&Arc<Rule>], world: &World) -> Vec<(usize, Judged)> {
    let facts = &world.facts;
    let mut reasons: BTreeMap<(usize, FactId), Vec<Arc<Why>>> = BTreeMap::new();
    let accounts = facts.of_kind("account").iter().rev();
    let accounts: HashMap<&str, FactId> = accounts.filter_map(|id| Some((facts.get(*id)?.account.as_deref()?, *id))).collect();
    for (call, status) in facts.coverage.iter() {
        if !leaves_open(status) {
            continue;
        }
        let Some(account) = accounts.get(&*call.account).copied() else { continue };
        for (at, kind) in rules.iter().enumerate().flat_map(|(at, rule)| rule.kinds.iter().map(move |kind| (at, kind))) {
            let lists = kind.sources.iter().any(|s| s.lists() && s.service == &*call.service && s.operation == &*call.operation);
            if lists && let Err(why) = facts.listed(kind, Some(&call.account), Some(&call.region)) {
                let known = reasons.entry((at, account)).or_default();
                if !known.contains(&why) {
                    known.push(why);
                }
            }
        }
    }
    let unknown = |((at, account), reasons): ((usize, FactId), Vec<Arc<Why>>)| {
        let (rule, scope) = (rules.get(at)?, world.scope_of(account));
        let subject = Subject { rule, world, scope: &scope, id: account };
        let needed = rule.needs.iter().all(|field| scope.declares(field));
        needed.then(|| (at, subject.plain(Outcome::Unknown(reasons))))
    };
    reasons.into_iter().filter_map(unknown).collect()
}

/// Whether a call that ended so may have had more to say. Nothing is left open where the service or the Region is not there for the
/// account, nor where AWS Config told of the resources in the call's place.
fn leaves_open(status: &Status) -> bool {
    match status {
        Status::Ok => false,
        Status::Denied(_) | Status::Failed(_) => true,
        Status::NotAttempted(text) => {
            let code = text.split(':').next().unwrap_or_default();
            !["ServiceNotInRegion", "RegionNotEnabled", "FromConfig"].contains(&code)
        }
    }
}

/// A rule that lacks a posture says so once for each scope.
fn once_per_scope(judged: Vec<(usize, Judged)>) -> Vec<(usize, Judged)> {
    let mut said: BTreeSet<(usize, Arc<str>)> = BTreeSet::new();
    judged
        .into_iter()
        .filter(|(rule, j)| !matches!(j.outcome, Outcome::Undeclared(_)) || said.insert((*rule, j.scope.name.clone())))
        .collect()
}

fn judge_subject(rules: &[&Arc<Rule>], world: &World, id: FactId) -> Vec<(usize, Judged)> {
    let Some(fact) = world.facts.get(id) else { return Vec::new() };
    let scope = world.scope_of(id);
    let variables = Variables::new(world, &scope, id, fact);
    let mut out = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        if rule.kinds.iter().any(|k| k.name == fact.kind.name) {
            let subject = Subject { rule, world, scope: &scope, id };
            out.extend(variables.with(|vars| subject.judge(vars)).into_iter().map(|j| (at, j)));
        }
    }
    out
}

/// The values of `it`, `scope`, `now`, `region` and `account`.
struct Variables {
    values: [(&'static str, Value); 5],
}

impl Variables {
    fn new(world: &World, scope: &Scope, id: FactId, fact: &Fact) -> Self {
        let known = |text: &Option<Arc<str>>, what: &str| match text {
            Some(text) => Value::Str(text.clone()),
            None => Value::unknown(Reason::Undecided, format!("the {} `{}` has no {what}", fact.kind.title, fact.name)),
        };
        Self {
            values: [
                ("it", Value::Fact(id)),
                ("scope", vocabulary::scope(scope)),
                ("now", Value::str(world.now.to_string())),
                ("region", known(&fact.region, "Region")),
                ("account", known(&fact.account, "account")),
            ],
        }
    }

    fn with<T>(&self, f: impl FnOnce(&Vars<'_>) -> T) -> T {
        let [a, b, c, d, e] = &self.values;
        let e = Vars::with(e.0, &e.1, None);
        let d = Vars::with(d.0, &d.1, Some(&e));
        let c = Vars::with(c.0, &c.1, Some(&d));
        let b = Vars::with(b.0, &b.1, Some(&c));
        f(&Vars::with(a.0, &a.1, Some(&b)))
    }
}

/// One rule and one subject.
#[derive(Clone, Copy)]
struct Subject<'s> {
    rule: &'s Arc<Rule>,
    world: &'s World,
    scope: &'s Arc<Scope>,
    id: FactId,
}

impl Subject<'_> {
    fn env(&self) -> Env<'_> {
        Env { world: self.world, scope: self.scope }
    }

    fn plain(&self, outcome: Outcome) -> Judged {
        Judged {
            rule: self.rule.clone(),
            subject: Some(self.id),
            scope: self.scope.clone(),
            outcome,
            at: Vec::new(),
            related: Vec::new(),
            message: String::new(),
            fix: String::new(),
            severity: self.rule.severity,
            witness: None,
            part: None,
        }
    }

    fn unknown(&self, why: Unknown) -> Judged {
        self.plain(Outcome::Unknown(why.0))
    }

    fn judge(&self, vars: &Vars<'_>) -> Vec<Judged> {
        let code = match self.rule.code() {
            Ok(code) => code,
            Err(errors) => {
                let text = errors.first().map_or_else(String::new, crate::rule::RuleError::one_line);
                return vec![self.unknown(Unknown::new(Reason::Failed, format!("the rule cannot be read: {text}")))];
            }
        };
        let missing: Vec<Arc<str>> = self.rule.needs.iter().filter(|f| !self.scope.declares(f)).cloned().collect();
        if !missing.is_empty() {
            return vec![Judged { subject: None, ..self.plain(Outcome::Undeclared(missing)) }];
        }
        match code.when.as_ref().map(|when| self.env().truth(when, vars)) {
            Some(Ok(false)) => vec![self.plain(Outcome::NotApplicable)],
            // Whether it applies is open, and so is what it would say: one unknown, with all reasons.
            Some(Err(why)) => {
                let open = self.elements(code, vars).into_iter().filter_map(|j| match j.outcome {
                    Outcome::Unknown(reasons) => Some(Unknown(reasons)),
                    _ => None,
                });
                vec![self.unknown(open.fold(why, Unknown::and))]
            }
            None | Some(Ok(true)) => self.elements(code, vars),
        }
    }

    fn elements(&self, code: &Code, vars: &Vars<'_>) -> Vec<Judged> {
        let Some(each) = &code.each else { return vec![self.element(code, vars)] };
        let data = Data { world: self.world };
        let items = match self.env().eval(each, vars).and_then(|list| data.items(&list)) {
            Ok(items) => items,
            Err(why) => return vec![self.unknown(why)],
        };
        let mut open: Option<Unknown> = None;
        let mut out = Vec::new();
        for item in &items {
            // An unknown element may not be there at all, whatever `require` makes of it.
            let judged = match item {
                Value::Unknown(why) => self.unknown(why.clone().into()),
                known => self.element(code, &Vars::with("item", known, Some(vars))),
            };
            match judged.outcome {
                Outcome::Unknown(reasons) => open = Some(open.unwrap_or_default().and(Unknown(reasons))),
                Outcome::Fail => out.push(judged),
                _ => {}
            }
        }
        out.extend(open.map(|why| self.unknown(why)));
        if out.is_empty() {
            out.push(self.plain(Outcome::Pass));
        }
        out
    }

    fn element(&self, code: &Code, vars: &Vars<'_>) -> Judged {
        let env = self.env();
        match env.truth(&code.require, vars) {
            Ok(true) => self.plain(Outcome::Pass),
            Ok(false) => Judged {
                message: code.message.render(env, vars).trim().to_owned(),
                fix: code.fix.render(env, vars).trim_end().to_owned(),
                at: self.places(code.at.as_ref(), vars),
                related: self.related(code, vars),
                severity: self.severity(code, vars),
                witness: self.text(code.witness.as_ref(), vars),
                part: self.text(code.part.as_ref(), vars),
                ..self.plain(Outcome::Fail)
            },
            Err(why) => Judged { at: self.places(code.at.as_ref(), vars), ..self.unknown(why) },
        }
    }

    fn severity(&self, code: &Code, vars: &Vars<'_>) -> Severity {
        let critical = code.critical_if.as_ref().is_some_and(|e| matches!(self.env().truth(e, vars), Ok(true)));
        if critical { Severity::Critical } else { self.rule.severity }
    }

    fn places(&self, e: Option<&crate::rule::ast::Expr>, vars: &Vars<'_>) -> Vec<NodeId> {
        let found = e.and_then(|e| self.env().eval(e, vars).ok());
        let mut at = found.map_or_else(Vec::new, |v| Data { world: self.world }.places(&v));
        let mut seen = BTreeSet::new();
        at.retain(|n| seen.insert(*n));
        at
    }

    fn text(&self, e: Option<&crate::rule::ast::Expr>, vars: &Vars<'_>) -> Option<String> {
        let value = self.env().eval(e?, vars).ok()?;
        Some(Data { world: self.world }.text(&value)).filter(|t| !t.is_empty())
    }

    /// Places that explain, each with what it is: a derived object's `note`, or the kind and name of a fact.
    fn related(&self, code: &Code, vars: &Vars<'_>) -> Vec<(NodeId, String)> {
        let Some(value) = code.related.as_ref().and_then(|e| self.env().eval(e, vars).ok()) else { return Vec::new() };
        let data = Data { world: self.world };
        let mut out = Vec::new();
        let mut todo = vec![value];
        while let Some(value) = todo.pop() {
            match &value {
                Value::List(_) => todo.extend(data.items(&value).unwrap_or_default().into_iter().rev()),
                _ => {
                    let label = self.label(&value);
                    out.extend(data.places(&value).into_iter().map(|n| (n, label.clone())));
                }
            }
        }
        out
    }

    fn label(&self, value: &Value) -> String {
        match value {
            Value::Fact(id) => self.world.facts.get(*id).map_or_else(String::new, |f| format!("{} `{}`", f.kind.title, f.name)),
            Value::Object(object) => {
                let note = object.fields.iter().find(|(name, _)| *name == "note");
                note.map_or_else(|| "this explains it".to_owned(), |(_, v)| Data { world: self.world }.text(v))
            }
            _ => "this explains it".to_owned(),
        }
    }
}
