//! The actions that a comparison asks about.
//!
//! In: the policies on both sides, and the statements by which something may be new. Out: the actions by name, and for every other way of
//! matching the patterns of `Action` one that is made up. Never: a way of matching left out; where there are too many, that is said.

use std::collections::{BTreeSet, HashSet};

use super::changed::speaks;
use crate::catalog::actions;
use crate::iam::glob::Glob;
use crate::iam::policy::{Policy, Statement};
use crate::iam::rcp;
use crate::iam::solve::strings::{Automaton, Clause, Found, shortest};

/// The prefixes whose actions are asked about in any case.
const FAMILY: [&str; 5] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"];

/// States that the search over action names may make.
const WORK: usize = 200_000;

const WILD: [char; 2] = ['*', '?'];

/// The distinct patterns of `Action` and `NotAction` of all policies.
pub(super) struct Patterns<'a> {
    /// Lower case, with the service part where it is spelled out.
    wild: Vec<(Option<Box<str>>, Glob)>,
    exact: Vec<Glob>,
    named: Vec<String>,
    services: BTreeSet<String>,
    widening: &'a [&'a Statement],
    rcp: bool,
}

impl<'a> Patterns<'a> {
    /// `widening`: only actions that one of these covers can be new. `rcp`: only the services that RCPs bind are asked about.
    pub(super) fn of(policies: &[&Policy], widening: &'a [&'a Statement], rcp: bool) -> Self {
        let of = |s: &'_ Statement| s.action.patterns.iter().map(|p| p.text.to_string()).collect::<Vec<_>>();
        let written: BTreeSet<String> = policies.iter().flat_map(|p| &p.statements).flat_map(of).collect();
        let texts: BTreeSet<String> = written.iter().map(|t| t.to_ascii_lowercase()).collect();
        let services = texts.iter().filter_map(|t| t.split_once(':')).map(|(s, _)| s.to_owned());
        let services = services.filter(|s| !s.contains(WILD)).collect();
        let named = written.into_iter().filter(|text| !text.contains(WILD) && text.contains(':')).collect();
        let (wild, exact): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.contains(WILD));
        let service = |text: &str| text.split_once(':').map(|(s, _)| s).filter(|s| !s.contains(WILD)).map(Into::into);
        let wild = wild.into_iter().map(|text| (service(text), Glob::new(text, true))).collect();
        let exact = exact.into_iter().map(|text| Glob::new(text, true)).collect();
        Self { wild, exact, named, services, widening, rcp }
    }

    /// The actions that are asked about by name: the family's, those of the catalog of each service that a widening statement spells
    /// out, and those that the policies name in full.
    pub(super) fn listed(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let spelled: BTreeSet<String> = self.widened_services().unwrap_or_default();
        let others = spelled.iter().map(String::as_str).filter(|s| !FAMILY.contains(s));
        let prefixes: Vec<&str> = FAMILY.into_iter().chain(others).collect();
        let known =
            prefixes.iter().flat_map(|prefix| actions::of_prefix(prefix).iter().map(move |a| format!("{prefix}:{}", a.name)));
        known
            .chain(self.named.iter().cloned())
            .filter(|action| seen.insert(action.to_ascii_lowercase()) && speaks(self.widening, action))
            .collect()
    }

    /// The services that the widening statements spell out; `None` where one speaks of services that it does not spell out.
    fn widened_services(&self) -> Option<BTreeSet<String>> {
        let mut out = BTreeSet::new();
        for statement in self.widening {
            if statement.action.negated {
                return None;
            }
            for pattern in &statement.action.patterns {
                let service = pattern.text.split_once(':').map(|(service, _)| service).filter(|s| !s.contains(WILD))?;
                out.insert(service.to_ascii_lowercase());
            }
        }
        Some(out)
    }

    /// Which patterns match: actions of one service and one signature are one to all policies.
    pub(super) fn signature(&self, action: &str) -> Vec<bool> {
        let service = service_of(action);
        let fits = |own: &Option<Box<str>>| own.as_deref().is_none_or(|own| own == service);
        let wild = self.wild.iter().map(|(own, glob)| fits(own) && glob.matches(action));
        wild.chain(self.exact.iter().map(|glob| glob.matches(action))).collect()
    }

    /// An action for each way of matching the wildcards that no listed action has; `None` where there are too many.
    pub(super) fn unlisted(&self, listed: &[String]) -> Option<Vec<String>> {
        let widened = self.widened_services();
        let named: Vec<&str> = match (&widened, self.rcp) {
            (_, true) => rcp::bound_services().to_vec(),
            (Some(widened), false) => widened.iter().map(String::as_str).collect(),
            (None, false) => self.services.iter().map(String::as_str).collect(),
        };
        let form = clause(&["?*:?*".to_owned()], true);
        let exact = Clause { patterns: self.exact.iter().map(Automaton::of_glob).collect(), inside: false };
        let mut work = WORK;
        let mut out = Vec::new();
        for service in &named {
            let globs: Vec<&Glob> = self
                .wild
                .iter()
                .filter(|(own, _)| own.as_deref().is_none_or(|own| own == *service))
                .map(|(_, glob)| glob)
                .collect();
            let start = vec![form.clone(), exact.clone(), clause(&[format!("{service}:*")], true)];
            split(&globs, start, &mut work, &mut out)?;
        }
        // What RCPs say of services that they do not bind is nothing.
        if !self.rcp && widened.is_none() {
            let others: Vec<String> = named.iter().map(|service| format!("{service}:*")).collect();
            let globs: Vec<&Glob> = self.wild.iter().filter(|(own, _)| own.is_none()).map(|(_, glob)| glob).collect();
            split(&globs, vec![form, exact, clause(&others, false)], &mut work, &mut out)?;
        }
        let known: HashSet<(String, Vec<bool>)> =
            listed.iter().map(|action| (service_of(action), self.signature(action))).collect();
        out.retain(|action| speaks(self.widening, action) && !known.contains(&(service_of(action), self.signature(action))));
        Some(out)
    }
}

fn clause(texts: &[String], inside: bool) -> Clause {
    Clause { patterns: texts.iter().map(|text| Automaton::of_glob(&Glob::new(text, true))).collect(), inside }
}

fn split(globs: &[&Glob], clauses: Vec<Clause>, work: &mut usize, out: &mut Vec<String>) -> Option<()> {
    let text = match shortest(&clauses, work) {
        Found::Some(text) => text,
        Found::Nothing => return Some(()),
        Found::Beyond(_) => return None,
    };
    let Some((glob, rest)) = globs.split_first() else {
        out.push(text.to_ascii_lowercase());
        return Some(());
    };
    for inside in [true, false] {
        let mut more = clauses.clone();
        more.push(Clause { patterns: vec![Automaton::of_glob(glob)], inside });
        split(rest, more, work, out)?;
    }
    Some(())
}

pub(super) fn service_of(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}
