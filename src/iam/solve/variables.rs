//! Values for the keys of policy variables.
//!
//! In: a question. Out: the same question with a value for each key that a policy variable refers to and of which nothing is
//! known. Only for finding witnesses: what holds for one value is no proof for all.

use std::collections::BTreeSet;

use super::{PolicySet, Question, region};
use crate::iam::condition::variables_of;
use crate::iam::policy::Policy;
use crate::iam::request::{Known, Request};
use crate::iam::truth::Truth;

/// The question with values for the variables; `None` where no variable lacks one.
pub(super) fn with_values<'q>(question: &Question<'q>) -> Option<Question<'q>> {
    let base =
        Request::new(question.principal.clone(), question.action, "*", question.resource_account, question.context.clone());
    let mut keys = BTreeSet::new();
    for policy in [Some(question.policies), question.not_allowed_by].into_iter().flatten().flat_map(policies) {
        for statement in &policy.statements {
            if statement.action.covers(question.action, &base.context) == Truth::False {
                continue;
            }
            keys.extend(statement.resource.iter().flat_map(|m| &m.patterns).flat_map(|pattern| pattern.variables()));
            keys.extend(statement.conditions.iter().flat_map(|c| &c.values).flat_map(variables_of));
        }
    }
    keys.retain(|key| matches!(base.context.get(key), Known::Present | Known::Unknown));
    if keys.is_empty() {
        return None;
    }
    let mut asked = question.clone();
    for key in keys {
        let example = question.examples.get(key).and_then(|values| values.first());
        asked.context.set(key, [example.map_or_else(|| sample(key, question), String::as_str)]);
    }
    Some(asked)
}

fn sample<'q>(key: &str, question: &'q Question<'_>) -> &'q str {
    if key == region::KEY {
        "us-east-1"
    } else if key.ends_with("account") {
        question.principal.account().unwrap_or("111122223333")
    } else if key == "aws:userid" {
        "AROAEXAMPLEEXAMPLE123:session"
    } else {
        "example"
    }
}

/// All policies of a set.
pub(super) fn policies<'a>(set: &'a PolicySet<'_>) -> impl Iterator<Item = &'a Policy> {
    let levels = [&set.scp, &set.rcp].into_iter().flatten().flatten().flatten();
    let single = set.boundary.iter().chain(&set.resource);
    set.identity.iter().chain(&set.session).chain(&set.endpoint).chain(single).chain(levels).copied()
}
