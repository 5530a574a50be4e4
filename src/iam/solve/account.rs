//! Whose the resource is.
//!
//! In: a question whose resource is free. Out: the demand that ties the ARN's account to the owner for whom the formula was
//! made. Never: a request for somebody else's resource judged as if it were one's own.

use std::collections::BTreeSet;

use super::formula::{Formula, Frame, Literal};
use super::{Question, Resources, variables};
use crate::iam::arn::is_account_id;
use crate::iam::glob::Glob;
use crate::iam::truth::{Logic, Truth};

/// The ARN names the owner, or no account. Where the question names the owner, that is the owner whatever the ARN says.
pub(super) fn demand<'a>(question: &Question<'_>, frame: Frame<'_>) -> Formula<'a> {
    let owner = match (&question.resources, question.resource_account, &frame.request.resource_account) {
        (Resources::Matching { .. }, None, Some(owner)) => owner,
        _ => return Formula::Constant(true),
    };
    let own = in_account(owner).or(in_account("????????????").negated());
    let service = question.action.split_once(':').map_or("", |(service, _)| service);
    if FLAT.iter().any(|known| known.eq_ignore_ascii_case(service)) { own.and(flat(question, frame)) } else { own }
}

/// Services whose resources' names hold neither an account's id between colons nor two colons side by side. Without this, the
/// wildcard for the Region in `arn:aws:bedrock:*:444455556666:…` could take in one's own account and the beginning of a name.
const FLAT: [&str; 4] = ["aws-external-anthropic", "bedrock", "bedrock-agentcore", "bedrock-mantle"];

/// No name holds an account's id that the policies name, or two colons side by side.
fn flat<'a>(question: &Question<'_>, frame: Frame<'_>) -> Formula<'a> {
    let request = frame.request;
    let sets = [Some(question.policies), question.not_allowed_by].into_iter().flatten();
    let statements = sets.flat_map(variables::policies).flat_map(|policy| &policy.statements);
    let covering = statements.filter(|s| s.action.covers(&request.action, &request.context) != Truth::False);
    let patterns = covering.flat_map(|s| &s.resource).flat_map(|matcher| &matcher.patterns);
    let accounts: BTreeSet<&str> = patterns.filter_map(|p| p.text.split(':').nth(4)).filter(|a| is_account_id(a)).collect();
    let texts = accounts.iter().flat_map(|account| [format!("{account}:*"), format!("*:{account}:*")]);
    among(texts.chain(["*::*".to_owned()]).map(|text| parts("*", &text)).collect()).negated()
}

fn in_account<'a>(account: &str) -> Formula<'a> {
    among(vec![parts(account, "*")])
}

fn parts(account: &str, resource: &str) -> [Glob; 6] {
    ["arn", "*", "*", "*", account, resource].map(|text| Glob::new(text, false))
}

fn among<'a>(parts: Vec<[Glob; 6]>) -> Formula<'a> {
    Formula::Literal(Literal::Arn { parts: parts.into(), inside: true })
}
