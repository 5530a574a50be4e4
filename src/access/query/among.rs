//! Who can do any of several actions on one place, such as a bucket or a log group.
//!
//! In: the place's account, and actions each with the resource that it is asked on. Out: the principals that can do one, with the actions
//! and a request. Answers as [`super::who_can`] does, but asks the solver only of those who might: of the place's own account, and of
//! others where the place's policy speaks of more than services; what the place's side says is put together once.
//! Never: a principal passed over that a policy may let in, or that some policy in force and not known may.

use std::collections::HashMap;
use std::sync::Arc;

use super::who::{Who, answered};
use super::{Joined, Principals, principals};
use crate::access::principals::Standing;
use crate::facts::{FactId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::arn::Arn;
use crate::iam::decide::PolicySet;
use crate::iam::named::{EntryKind, Names};
use crate::iam::policy::{Effect, Matcher, Policy, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{World, spread};

/// An action on a resource.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `service:Action`.
    pub action: &'static str,
    /// The resource's ARN, which may hold `*`.
    pub resource: String,
}

/// Somebody who can.
#[derive(Debug, Clone)]
pub struct Able {
    /// The principal.
    pub principal: FactId,
    /// The actions.
    pub actions: Vec<&'static str>,
    /// A request that goes through.
    pub witness: String,
    /// One of the actions is granted by the place's policy alone, by the principal's name: no policy of its own grants it.
    pub only_by_place: bool,
}

/// The answer.
#[derive(Debug, Clone, Default)]
pub struct Among {
    /// Those who can.
    pub able: Vec<Able>,
    /// What is not known of others.
    pub doubts: Vec<Arc<Why>>,
}

/// The principals that can do any of `asks` on a place of `account`, called in `region`; `passed_by` are not asked about.
pub fn among(
    world: &World,
    place: (&str, Option<&str>),
    asks: &[Asked],
    passed_by: impl Fn(FactId, &str) -> bool + Sync,
) -> Among {
    among_where(world, place, asks, &Context::open(), passed_by)
}

/// The same where `fixed` holds of the request's context.
pub fn among_where(
    world: &World,
    (account, region): (&str, Option<&str>),
    asks: &[Asked],
    fixed: &Context,
    passed_by: impl Fn(FactId, &str) -> bool + Sync,
) -> Among {
    let mut out = Among::default();
    if let Err(why) = world.facts.collected("iam", "get-account-authorization-details", Some(account), None) {
        out.doubts.push(why);
    }
    let sides = sides(world, account, asks);
    if let Some(why) = sides.iter().find_map(Joined::unknown_policy) {
        out.doubts.push(why);
        return out;
    }
    let index = Principals::of(world);
    let own = Own::of(world);
    let candidates = own.candidates(world, account, &sides);
    let judge = |id: &FactId| {
        let standing = index.get(*id).filter(|s| !s.service_linked && !s.is_policy_file())?;
        let arn = world.facts.get(*id).map_or("", |fact| &fact.id);
        if passed_by(*id, arn) {
            return None;
        }
        Some(asked_of(world, (*id, standing, arn), (account, region, fixed), asks, &sides))
    };
    for (able, doubt) in spread(&candidates, judge).into_iter().flatten() {
        out.able.extend(able);
        out.doubts.extend(doubt);
    }
    out.doubts.sort();
    out.doubts.dedup_by(|a, b| a.text == b.text);
    out
}

/// What stands on the resource's side of each.
pub(super) fn sides(world: &World, account: &str, asks: &[Asked]) -> Vec<Joined> {
    // A log group has no policy that lets others in; those of the account's Region speak of services.
    let side = |asked: &Asked| match asked.action.strip_prefix("logs:") {
        Some(_) => Joined::of_limits(world, account),
        None => Joined::of_service(world, asked.action, &asked.resource, account),
    };
    asks.iter().map(side).collect()
}

/// What one principal can do of it.
fn asked_of(
    world: &World,
    (principal, standing, arn): (FactId, &Standing, &str),
    (account, region, fixed): (&str, Option<&str>, &Context),
    asks: &[Asked],
    sides: &[Joined],
) -> (Option<Able>, Option<Arc<Why>>) {
    let mut able: Option<Able> = None;
    let mut doubt = None;
    for (asked, side) in asks.iter().zip(sides) {
        // Of many principals few may: what is put together for one costs more than to look at its statements.
        if !may_reach(&side.policies(standing), asked) {
            continue;
        }
        let joined = side.seen_from(world, standing);
        let own = grants_itself(standing, asked.action);
        let granted = own || (&*standing.account == account && names(&joined, standing, asked.action));
        if !granted {
            continue;
        }
        match answered(standing, &joined, Some(account), asked.action, Some(&asked.resource), (region, fixed)) {
            Who::Can { witness, .. } => match &mut able {
                Some(able) => {
                    able.actions.push(asked.action);
                    able.only_by_place |= !own;
                }
                None => able = Some(Able { principal, actions: vec![asked.action], witness, only_by_place: !own }),
            },
            Who::Undecided { why, .. } => {
                let text = format!("whether `{arn}` can do `{}` there: {why}", asked.action);
                doubt = doubt.or_else(|| Some(Why::new(Reason::Undecided, text)));
            }
            Who::Cannot => {}
        }
    }
    (able, doubt)
}

fn covers(statement: &Statement, action: &str) -> bool {
    statement.effect != Effect::Deny && statement.action.covers(action, &Context::open()) != Truth::False
}

/// Whether a policy of the principal's own may grant it.
fn grants_itself(standing: &Standing, action: &str) -> bool {
    let mut own = standing.identity.iter().flat_map(|held| &held.policy.statements);
    standing.unknown_policy().is_some() || own.any(|statement| covers(statement, action))
}

/// Whether the place's policy may grant it to the principal by its name. What a statement for the whole account grants, a policy of the
/// principal's own must grant too.
fn names(joined: &Joined, standing: &Standing, action: &str) -> bool {
    let by_name = |statement: &&Statement| {
        statement.principal.as_ref().is_none_or(|matcher| {
            let named = matcher.names(&standing.who, false, Truth::Unknown);
            named.direct.or(named.role) != Truth::False
        })
    };
    let statements = joined.policy().into_iter().flat_map(|policy| &policy.statements);
    statements.filter(by_name).any(|statement| covers(statement, action))
}

/// Whether a statement that is known, or a policy that is missing, could grant the action on a resource as it is asked about.
fn may_reach(policies: &PolicySet<'_>, asked: &Asked) -> bool {
    let context = Context::open();
    let head = asked.resource.split(['*', '?']).next().unwrap_or_default();
    let is_one = head.len() == asked.resource.len();
    let reaches = |resource: &Matcher| match (resource.negated, is_one) {
        (false, false) => resource.patterns.iter().any(|pattern| pattern.may_begin(head)),
        (true, false) => true,
        (_, true) => resource.covers(&asked.resource, &context) != Truth::False,
    };
    let grants = |s: &Statement| {
        s.effect != Effect::Deny
            && !s.contradictory
            && s.action.covers(asked.action, &context) != Truth::False
            && s.resource.as_ref().is_none_or(reaches)
    };
    let gives = |kind| matches!(kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key);
    policies.missing.iter().any(|missing| gives(missing.kind))
        || policies.identity.iter().copied().chain(policies.resource).flat_map(|policy| &policy.statements).any(grants)
}

/// Principals by account.
struct Own {
    accounts: HashMap<Arc<str>, Vec<FactId>>,
}

impl Own {
    /// Those of the place's own account and of the accounts that the places' policies name; all, where one names everybody.
    fn candidates(&self, world: &World, account: &str, sides: &[Joined]) -> Vec<FactId> {
        let mut accounts = vec![account.to_owned()];
        for policy in sides.iter().filter_map(Joined::policy) {
            match named_accounts(policy) {
                Some(named) => accounts.extend(named),
                None => return principals(world),
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts.iter().filter_map(|account| self.accounts.get(&**account)).flatten().copied().collect()
    }

    fn of(world: &World) -> Arc<Self> {
        world.memo_kept(|world| {
            let mut accounts: HashMap<Arc<str>, Vec<FactId>> = HashMap::new();
            for id in principals(world) {
                let account = world.facts.get(id).and_then(|fact| fact.account.clone());
                accounts.entry(account.unwrap_or_default()).or_default().push(id);
            }
            Self { accounts }
        })
    }
}

/// The accounts of the principals that a policy's statements may let in; `None` where that may be any.
fn named_accounts(policy: &Policy) -> Option<Vec<String>> {
    let mut out = Vec::new();
    for statement in policy.statements.iter().filter(|statement| statement.effect != Effect::Deny) {
        let who = statement.principal.as_ref().filter(|who| !who.negated)?;
        for entry in &who.entries {
            match (&entry.names, entry.kind) {
                (Names::Unresolved, _) | (Names::Everyone, EntryKind::Aws) => return None,
                (Names::Account(account), _) => out.push(account.to_string()),
                _ => out.extend(Arn::parse(&entry.text).map(|arn| arn.account.to_owned())),
            }
        }
    }
    Some(out)
}

impl Joined {
    /// Why the resource's policy is not known, where it may be there.
    pub(super) fn unknown_policy(&self) -> Option<Arc<Why>> {
        let of_resource = |kind| matches!(kind, PolicyType::Resource | PolicyType::Key | PolicyType::Trust);
        let missing = self.missing.iter().find(|missing| of_resource(missing.kind))?;
        Some(Why::new(Reason::NotLoaded, missing.why.clone()))
    }

    pub(super) fn policy(&self) -> Option<&Policy> {
        self.resource.as_ref().map(|held| &held.policy)
    }

    /// The same side, for a principal of a loaded account.
    pub(super) fn seen_from(&self, world: &World, standing: &Standing) -> Self {
        let mut joined = self.clone();
        joined.unknown_scps(world, standing);
        joined
    }
}
