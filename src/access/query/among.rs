//! Who can do any of several actions on one place, such as a bucket or a log group.
//!
//! In: the place's account, and actions each with the resource that it is asked on. Out: the principals that can do one, with the actions
//! and a request. Answers as [`super::who_can`] does, but asks the solver only of those who might: of the place's own account, and of
//! others where the place's policy speaks of more than services; what the place's side says is put together once.
//! Never: a principal passed over that a policy may let in, or that some policy in force and not known may.

use std::collections::HashMap;
use std::sync::Arc;

use super::who::{Who, answered, may_grant};
use super::{Joined, Principals, principals};
use crate::access::principals::Standing;
use crate::facts::{FactId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::named::{EntryKind, Names};
use crate::iam::policy::{Effect, Policy};
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
    (account, region): (&str, Option<&str>),
    asks: &[Asked],
    passed_by: impl Fn(FactId, &str) -> bool + Sync,
) -> Among {
    let mut out = Among::default();
    if let Err(why) = world.facts.collected("iam", "get-account-authorization-details", Some(account), None) {
        out.doubts.push(why);
    }
    // A log group has no policy that lets others in; those of the account's Region speak of services.
    let side = |asked: &Asked| match asked.action.strip_prefix("logs:") {
        Some(_) => Joined::of_limits(world, account),
        None => Joined::of_service(world, asked.action, &asked.resource, account),
    };
    let sides: Vec<Joined> = asks.iter().map(side).collect();
    if let Some(why) = sides.iter().find_map(Joined::unknown_policy) {
        out.doubts.push(why);
        return out;
    }
    let index = Principals::of(world);
    let own = Own::of(world);
    let open = sides.iter().any(|side| side.policy().is_some_and(names_more_than_services));
    let everybody: Vec<FactId>;
    let candidates: &[FactId] = if open {
        everybody = principals(world);
        &everybody
    } else {
        own.accounts.get(account).map_or(&[], Vec::as_slice)
    };
    let judge = |id: &FactId| {
        let standing = index.get(*id).filter(|s| !s.service_linked && !s.is_policy_file())?;
        let arn = world.facts.get(*id).map_or("", |fact| &fact.id);
        if passed_by(*id, arn) {
            return None;
        }
        Some(asked_of(world, (*id, standing, arn), (account, region), asks, &sides))
    };
    for (able, doubt) in spread(candidates, judge).into_iter().flatten() {
        out.able.extend(able);
        out.doubts.extend(doubt);
    }
    out.doubts.sort();
    out.doubts.dedup_by(|a, b| a.text == b.text);
    out
}

/// What one principal can do of it.
fn asked_of(
    world: &World,
    (principal, standing, arn): (FactId, &Standing, &str),
    (account, region): (&str, Option<&str>),
    asks: &[Asked],
    sides: &[Joined],
) -> (Option<Able>, Option<Arc<Why>>) {
    let mut able: Option<Able> = None;
    let mut doubt = None;
    for (asked, side) in asks.iter().zip(sides) {
        let joined = side.seen_from(world, standing);
        if !may_grant(&joined.policies(standing), asked.action) {
            continue;
        }
        match answered(standing, &joined, Some(account), asked.action, Some(&asked.resource), region) {
            Who::Can { witness, .. } => match &mut able {
                Some(able) => able.actions.push(asked.action),
                None => able = Some(Able { principal, actions: vec![asked.action], witness }),
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

/// Principals by account.
struct Own {
    accounts: HashMap<Arc<str>, Vec<FactId>>,
}

impl Own {
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

/// Whether a statement that allows names anybody but services.
fn names_more_than_services(policy: &Policy) -> bool {
    let more = |entry: &crate::iam::named::Entry| entry.kind != EntryKind::Service || entry.names == Names::Unresolved;
    policy
        .statements
        .iter()
        .filter(|statement| statement.effect != Effect::Deny)
        .any(|statement| statement.principal.as_ref().is_none_or(|who| who.negated || who.entries.iter().any(more)))
}

impl Joined {
    /// Why the resource's policy is not known, where it may be there.
    fn unknown_policy(&self) -> Option<Arc<Why>> {
        let of_resource = |kind| matches!(kind, PolicyType::Resource | PolicyType::Key | PolicyType::Trust);
        let missing = self.missing.iter().find(|missing| of_resource(missing.kind))?;
        Some(Why::new(Reason::NotLoaded, missing.why.clone()))
    }

    fn policy(&self) -> Option<&Policy> {
        self.resource.as_ref().map(|held| &held.policy)
    }

    /// The same side, for a principal of a loaded account.
    fn seen_from(&self, world: &World, standing: &Standing) -> Self {
        let mut joined = self.clone();
        joined.unknown_scps(world, standing);
        joined
    }
}
