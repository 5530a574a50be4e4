//! Two sets of policies, and every action that may be decided differently by them.
//!
//! In: what is in force on both sides, the requesters, the statements by which something may be new. Out: the actions that are newly
//! allowed, each with a request, and what could not be decided. Actions that all patterns treat alike share one search; the request
//! that it found is decided anew for each of them. Never: a request that `decide` does not confirm; more work than the bound, in silence.

use std::collections::HashMap;

use super::actions::{Patterns, service_of};
use super::view::{View, foreign};
use crate::access::endpoint;
use crate::catalog::actions;
use crate::iam::arn::Arn;
use crate::iam::decide::{Decision, Outcome, PolicySet, decide};
use crate::iam::policy::{Policy, Statement};
use crate::iam::request::{Known, Request};
use crate::iam::solve::Answer;

/// Searches that one comparison may make.
const BOUND: usize = 2_000;

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) old: &'a PolicySet<'a>,
    pub(super) new: &'a PolicySet<'a>,
    /// All policies whose patterns tell actions apart.
    pub(super) policies: &'a [&'a Policy],
    pub(super) views: &'a [View],
    /// Only what one of these covers can be new.
    pub(super) widening: &'a [&'a Statement],
    /// RCPs are compared.
    pub(super) rcp: bool,
}

/// An action that is newly allowed.
pub(super) struct Hit {
    pub(super) action: String,
    pub(super) listed: bool,
    /// On one line.
    pub(super) line: String,
    pub(super) request: Request,
    pub(super) decision: Decision,
}

/// What was found.
#[derive(Default)]
pub(super) struct Hits {
    pub(super) new: Vec<Hit>,
    pub(super) undecided: Vec<(String, String)>,
}

impl Hits {
    /// Nothing of it is sure, for this reason.
    pub(super) fn doubt(&mut self, why: &str) {
        self.undecided.extend(self.new.drain(..).map(|hit| (hit.action, why.to_owned())));
    }
}

/// Requester, service, patterns that match, `*` as the resource, and what no resource may be: all that a search can depend on.
type Class = (usize, String, Vec<bool>, bool, Vec<String>);

struct Run<'a> {
    asked: &'a Asked<'a>,
    patterns: Patterns<'a>,
    known: HashMap<Class, Answer>,
    left: usize,
    out: Hits,
}

impl Asked<'_> {
    pub(super) fn run(&self) -> Hits {
        let patterns = Patterns::of(self.policies, self.widening, self.rcp);
        let mut run = Run { asked: self, patterns, known: HashMap::new(), left: BOUND, out: Hits::default() };
        let listed = run.patterns.listed();
        for action in &listed {
            run.ask(action, true);
        }
        match run.patterns.unlisted(&listed) {
            Some(unlisted) => unlisted.iter().for_each(|action| run.ask(action, false)),
            None => run.out.undecided.push(("*".to_owned(), "the patterns of `Action` combine in too many ways".to_owned())),
        }
        if run.left == 0 {
            run.out.undecided.push(("*".to_owned(), format!("more than {BOUND} searches would be needed")));
        }
        run.out
    }
}

impl Run<'_> {
    fn ask(&mut self, action: &str, listed: bool) {
        let service = service_of(action);
        let star = actions::is_star_only(action) == Some(true);
        let signature = self.patterns.signature(action);
        let mut unsure = None;
        for (index, view) in self.asked.views.iter().enumerate() {
            let class = (index, service.clone(), signature.clone(), star, foreign(action));
            let found = match self.known.get(&class) {
                Some(Answer::Some(found)) => self.again(view, &found.request, action),
                Some(known) => Some(known.clone()),
                None => None,
            };
            let found = match found {
                Some(found) => found,
                None if self.left == 0 => return,
                None => {
                    self.left -= 1;
                    let found = view.ask(self.asked.new, self.asked.old, action, star);
                    self.known.insert(class, found.clone());
                    found
                }
            };
            match found {
                Answer::None => {}
                Answer::Some(found) => {
                    let line = view.line(&found.request, &service);
                    let (request, decision) = (found.request, found.decision);
                    self.out.new.push(Hit { action: action.to_owned(), listed, line, request, decision });
                    return;
                }
                Answer::Unknown(why) => unsure = unsure.or(Some(why)),
            }
        }
        self.out.undecided.extend(unsure.map(|why| (action.to_owned(), why)));
    }

    /// The request that was found for an action of the same class, made with this one; `None` where it does not hold for it.
    fn again(&self, view: &View, found: &Request, action: &str) -> Option<Answer> {
        let mut request = found.clone();
        request.action = action.into();
        let account = view.owner.as_deref().or(view.who.account()).unwrap_or(super::ANYWHERE);
        let (_, examples) = endpoint::resources("aws", account, action, "*");
        let there = |resource: &str| Arn::parse(resource).map(|arn| arn.region.to_owned()).unwrap_or_default();
        let called = match request.context.get("aws:requestedregion") {
            Known::Values([one]) => Some(one.to_string()),
            _ => None,
        };
        let fits = |resource: &&String| called.as_deref().is_none_or(|called| [called, ""].contains(&&*there(resource)));
        let better = examples.iter().filter(fits).map(String::as_str).find_map(|resource| {
            let changed = Request { resource: resource.into(), ..request.clone() };
            (&*found.resource != "*").then(|| self.holds(changed)).flatten()
        });
        better.or_else(|| self.holds(request)).map(|found| Answer::Some(Box::new(found)))
    }

    fn holds(&self, request: Request) -> Option<crate::iam::solve::Witness> {
        let decision = decide(self.asked.new, &request);
        let new = decision.outcome == Outcome::Allowed && decide(self.asked.old, &request).outcome != Outcome::Allowed;
        new.then_some(crate::iam::solve::Witness { request, decision })
    }
}
