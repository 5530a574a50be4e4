//! The requesters that policies can tell apart.
//!
//! In: the policies on both sides. Out: one view for each form of requester that they name, another of each account that is named, and one
//! for each kind of requester that they do not name. Never: a requester left out that the policies treat in a way of its own.

use std::collections::BTreeSet;

use super::view::View;
use super::{ANYWHERE, ELSEWHERE};
use crate::iam::PolicyType;
use crate::iam::arn::Arn;
use crate::iam::named::EntryKind;
use crate::iam::policy::Policy;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;

/// The requesters and owners that the policies could tell apart.
pub(super) fn views(kind: PolicyType, policies: &[&Policy]) -> Vec<View> {
    let free = Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() };
    let of_the_caller = matches!(kind, PolicyType::Identity | PolicyType::Boundary | PolicyType::Session | PolicyType::Scp);
    let anyone = || role_of(ANYWHERE, true);
    let view = |(who, context): (Principal, Context), owner: Option<&str>| {
        let resources = match kind {
            PolicyType::Trust => Resources::One(format!("arn:aws:iam::{}:role/this", owner.unwrap_or(ELSEWHERE))),
            _ => free.clone(),
        };
        View { who, context, owner: owner.map(str::to_owned), resources, of_the_caller }
    };
    if of_the_caller {
        return vec![view(anyone(), Some(ANYWHERE))];
    }
    let mut out = Vec::new();
    for (who, context) in std::iter::once(anyone()).chain(requesters(policies)) {
        let account = who.account().map(str::to_owned);
        if let Some(account) = account.as_deref() {
            out.push(view((who.clone(), context.clone()), Some(account)));
        }
        out.push(view((who, context), Some(ELSEWHERE)));
    }
    out
}

/// The requesters that RCPs could tell apart, with resources of one account.
pub(super) fn views_of_owner(owner: &str, policies: &[&Policy]) -> Vec<View> {
    let free = || Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() };
    std::iter::once(role_of(ANYWHERE, true))
        .chain(requesters(policies))
        .map(|(who, context)| View { who, context, owner: Some(owner.to_owned()), resources: free(), of_the_caller: false })
        .collect()
}

/// Some principal of an account, of which nothing else is known.
pub(super) fn role_of(account: &str, account_free: bool) -> (Principal, Context) {
    let mut context = open();
    for key in ["aws:PrincipalArn", "aws:PrincipalType", "aws:userid"] {
        context.set_present(key);
    }
    context.set_unknown("aws:username");
    if account_free {
        context.set_present("aws:PrincipalAccount");
    }
    let role = format!("arn:aws:iam::{account}:role/any");
    (Principal::parse(&role).unwrap_or(Principal::Anonymous), context)
}

pub(super) fn open() -> Context {
    let mut context = Context::open();
    context.set_present("aws:ResourceAccount");
    context
}

/// Each requester that an element `Principal` or `NotPrincipal` names, another of each account that is named, and those of no account.
fn requesters(policies: &[&Policy]) -> Vec<(Principal, Context)> {
    let entries = || policies.iter().flat_map(|p| &p.statements).filter_map(|s| s.principal.as_ref()).flat_map(|p| &p.entries);
    let mut seen: BTreeSet<(u8, String)> = BTreeSet::new();
    let mut out = Vec::new();
    let mut accounts: BTreeSet<String> = BTreeSet::new();
    for entry in entries().filter(|entry| &*entry.text != "*") {
        let text = entry.text.to_string();
        if !seen.insert((entry.kind as u8, text.clone())) {
            continue;
        }
        match entry.kind {
            EntryKind::Aws => {
                let account = Arn::parse(&text).map_or_else(|| text.clone(), |arn| arn.account.to_owned());
                let whole = Arn::parse(&text).is_none_or(|arn| arn.resource == "root");
                accounts.insert(account);
                if !whole {
                    out.extend(Principal::parse(&text).ok().map(|who| (who, open())));
                }
            }
            EntryKind::Service => out.push((Principal::Service { name: text.into() }, open())),
            EntryKind::Federated => out.push((Principal::Federated { provider: text.into() }, open())),
            EntryKind::CanonicalUser => out.push((Principal::Canonical { id: text.into() }, open())),
        }
    }
    out.extend(accounts.iter().filter(|a| crate::iam::arn::is_account_id(a)).map(|account| role_of(account, false)));
    out.push((Principal::Service { name: "any-other.amazonaws.com".into() }, open()));
    out.push((Principal::Federated { provider: "any-other-provider".into() }, open()));
    out.push((Principal::Canonical { id: "any-other".into() }, open()));
    out.push((Principal::Anonymous, open()));
    out
}
