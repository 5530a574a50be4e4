//! Filters on a way, one after the other, of which some may be known in part only.
//!
//! In: connections, and stages that they pass. Out: all get through, none does and which stage holds them back, or it is not known.
//! What is not known is taken both ways: as closed for "all get through", as open for "none does".

use std::sync::Arc;

use super::super::route::Hop;
use super::flow::{Filtered, Flow, Pattern, Rule, filter};
use crate::facts::{NodeId, Reason, Why};

/// One filter that connections pass.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// How it stands in the path.
    pub(super) hop: Hop,
    /// What it does where it holds connections back, as in "security group sg-1 lets out no TCP 443".
    pub(super) closed: String,
    /// Its rules, the first that speaks of a connection decides it.
    pub(super) rules: Vec<Rule>,
    /// Where each rule stands, with its name; empty for a rule without one.
    pub(super) places: Vec<(Option<NodeId>, String)>,
    /// What may be let through beside, and why that is not known.
    pub(super) doubts: Vec<(Pattern, Arc<Why>)>,
    /// Why nothing of the filter is known.
    pub(super) unread: Option<Arc<Why>>,
}

impl Stage {
    /// A filter that lets nothing through as long as no rule is added.
    pub(super) fn new(hop: Hop, closed: String) -> Self {
        Self { hop, closed, rules: Vec::new(), places: Vec::new(), doubts: Vec::new(), unread: None }
    }

    /// Adds a rule.
    pub(super) fn push(&mut self, rule: Rule, at: Option<NodeId>, name: String) {
        self.rules.push(rule);
        self.places.push((at, name));
    }

    /// The hop that says that it holds connections back, with the rule that does.
    fn closing(&self, filtered: &Filtered) -> Hop {
        let (at, name) = filtered.by.and_then(|by| self.places.get(by)).cloned().unwrap_or_default();
        let by = if name.is_empty() { String::new() } else { format!(" ({name})") };
        Hop { text: format!("{}{by}", self.closed), at: at.or(self.hop.at) }
    }
}

/// What becomes of connections.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// All get through.
    Open,
    /// None gets through.
    Closed {
        /// Which stage holds back the last of them.
        stage: usize,
        /// The same as a hop.
        by: Hop,
    },
    /// Not known, or some get through and others do not.
    Unsure(Arc<Why>),
}

/// Sends connections through stages.
pub(super) fn run(flows: &[Flow], stages: &[Stage]) -> Outcome {
    let (mut sure, mut possible) = (flows.to_vec(), flows.to_vec());
    let (mut whole, mut doubt, mut partly) = (true, None, None);
    for (index, stage) in stages.iter().enumerate() {
        if let Some(why) = &stage.unread {
            (whole, sure) = (false, Vec::new());
            doubt = doubt.or_else(|| Some(why.clone()));
            continue;
        }
        let certain = filter(&sure, &stage.rules);
        let mut wider = stage.rules.clone();
        wider.extend(stage.doubts.iter().map(|(pattern, _)| Rule { allow: true, pattern: *pattern }));
        let perhaps = filter(&possible, &wider);
        if perhaps.through.is_empty() {
            return Outcome::Closed { stage: index, by: stage.closing(&perhaps) };
        }
        if !certain.whole {
            whole = false;
            match stage.doubts.first() {
                Some((_, why)) if perhaps.whole => doubt = doubt.or_else(|| Some(why.clone())),
                _ => partly = partly.or_else(|| Some(stage.closing(&perhaps).text)),
            }
        }
        (sure, possible) = (certain.through, perhaps.through);
    }
    if whole {
        return Outcome::Open;
    }
    Outcome::Unsure(doubt.unwrap_or_else(|| {
        let text = partly.unwrap_or_else(|| "a filter lets through a part".to_owned());
        Why::new(Reason::Undecided, format!("some connections get through and others do not: {text}"))
    }))
}
