//! Does an element cover everything that a glob stands for? Whatever its spelling.
//!
//! In: `Action` or `Resource` elements, and a glob such as `bedrock:?*`. Out: a text that matches the glob and that no
//! element covers, or the proof that there is none. Never: a judgement by the look of a pattern (`Bedrock:**`,
//! `NotAction` lists and unions of prefixes count for what they match).

use super::glob::Glob;
use super::pattern::Expanded;
use super::policy::Matcher;
use super::request::Context;
use super::solve::strings::{Automaton, Clause, Found, shortest};

/// What is left of a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncovered {
    /// Nothing: the elements cover all of it.
    Nothing,
    /// This text, among others.
    Some(String),
    /// Not known: an element holds a policy variable or a template function, or the work grew beyond its bound.
    Unknown,
}

/// A text that matches `glob` and that none of the elements covers. Actions are matched without case.
pub fn uncovered(elements: &[&Matcher], glob: &str, context: &Context) -> Uncovered {
    let fold = elements.iter().any(|e| e.patterns.iter().any(super::pattern::Pattern::folds));
    let mut clauses = vec![Clause { patterns: vec![Automaton::of_glob(&Glob::new(glob, fold))], inside: true }];
    let mut unknown = false;
    for element in elements {
        let mut patterns = Vec::new();
        let mut opaque = false;
        for pattern in &element.patterns {
            match pattern.expanded(context) {
                Expanded::Known(glob) => patterns.push(Automaton::of_glob(&glob)),
                Expanded::NoValue => {}
                Expanded::Partly(_) => opaque = true,
            }
        }
        unknown |= opaque;
        // What a `Not…` element with unknown parts covers is not known: it is taken to cover nothing.
        if !(opaque && element.negated) {
            clauses.push(Clause { patterns, inside: element.negated });
        }
    }
    match shortest(&clauses, &mut 20_000) {
        Found::Nothing => Uncovered::Nothing,
        Found::Some(text) if !unknown => Uncovered::Some(text),
        Found::Some(_) | Found::Beyond(_) => Uncovered::Unknown,
    }
}
