//! Conditions of one statement that no request can meet together.
//!
//! In: a statement's conditions. Out: true only where it is certain that they exclude each other.
//! Never: true on a guess; a contradiction that is missed merely leaves an answer conditional.

use std::collections::{BTreeMap, HashSet};

use super::condition::{Comparison, Compiled, Condition};
use super::truth::Truth;

/// Global keys that may have several values (IAM user guide, "AWS global condition context keys", *Value type*):
/// one of them may meet one condition and another the next.
const MULTIVALUED: [&str; 7] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
];

/// Whether no request can meet all of the conditions.
pub(crate) fn contradictory(conditions: &[Condition]) -> bool {
    let mut by_key: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
    for condition in conditions {
        by_key.entry(condition.lower_key()).or_default().push(condition);
    }
    by_key.iter().filter(|(key, _)| !MULTIVALUED.contains(key)).any(|(_, group)| {
        let absent_fails = Truth::all(group.iter().map(|c| c.of_absent())) == Truth::False;
        absent_fails && present_fails(group)
    })
}

/// Whether no value of the key meets all of them.
fn present_fails(group: &[&Condition]) -> bool {
    if Truth::all(group.iter().map(|c| c.of_any_value())) == Truth::False {
        return true;
    }
    // Texts that a single value must equal: those in every positive equality, less those excluded.
    let mut admitted: Option<HashSet<&str>> = None;
    for condition in group {
        if let Some(texts) = required_texts(condition) {
            admitted = Some(match admitted {
                None => texts,
                Some(before) => before.intersection(&texts).copied().collect(),
            });
        }
    }
    let Some(admitted) = admitted else { return false };
    let context = super::request::Context::open();
    admitted.iter().all(|text| {
        let given = [Box::<str>::from(*text)];
        let mut probe = context.clone();
        group.iter().any(|condition| {
            probe.set(&condition.key, given.clone());
            condition.operator.set.is_none() && condition.holds(&probe) == Truth::False
        })
    })
}

/// The values of a `StringEquals` without variables, one of which a present single value must be.
fn required_texts(condition: &Condition) -> Option<HashSet<&str>> {
    let operator = condition.operator;
    if operator.comparison != Comparison::StringEquals || operator.negated || operator.set.is_some() {
        return None;
    }
    condition
        .values
        .iter()
        .map(|value| match &value.compiled {
            Compiled::Text(pattern) => pattern.glob().and_then(|glob| std::str::from_utf8(glob.bytes()).ok()),
            _ => None,
        })
        .collect()
}
