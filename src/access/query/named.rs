//! Who can do any of several actions on one place beside the principals that were loaded: what the place's policy names of services and
//! of accounts whose principals are not in the export, and whom a grant names.
//!
//! In: the place's account and actions, as for [`super::among`]. Out: each name with the actions and a request. The side of a principal that
//! was not loaded is taken to allow everything. Never: a name passed over that the place's own side lets in.

use std::sync::Arc;

use super::among::{Asked, sides};
use super::{Joined, Principals, principals};
use crate::access::ask::{self, Answer, Ask};
use crate::access::edges::{contexts, organization_of};
use crate::access::guard::everything::{everything, key_policy_of};
use crate::access::principals::mark_node;
use crate::facts::{FactId, NodeId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::PolicySet;
use crate::iam::named::{Entry, EntryKind, Names};
use crate::iam::policy::Effect;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::World;

/// Somebody whom the place's side names.
#[derive(Debug, Clone)]
pub struct NamedAble {
    /// The name, as the policy has it.
    pub text: String,
    /// `service`, `account` (a principal of an account that was not loaded, or all of them) or `anybody`.
    pub kind: &'static str,
    /// The account; empty for services and everybody.
    pub account: String,
    /// The actions.
    pub actions: Vec<&'static str>,
    /// A request that goes through.
    pub witness: String,
    /// Where it is named.
    pub at: Option<NodeId>,
}

/// An account and a role that nobody has.
const STRANGER: &str = "arn:aws:iam::999999999999:role/stranger";

/// The names in the place's policy that can do any of `asks`, where `fixed` holds of the context, and what is not known.
pub fn named(world: &World, account: &str, asks: &[Asked], fixed: &Context) -> (Vec<NamedAble>, Vec<Arc<Why>>) {
    let mut out: Vec<NamedAble> = Vec::new();
    let mut doubts = Vec::new();
    let Some(all) = everything(PolicyType::Identity) else { return (out, doubts) };
    for (asked, side) in asks.iter().zip(sides(world, account, asks)) {
        let Some(policy) = side.policy() else { continue };
        for statement in policy.statements.iter().filter(|s| s.effect != Effect::Deny && ask::grants(s, asked.action)) {
            let Some(matcher) = &statement.principal else { continue };
            let entries: Vec<(Party, NodeId)> = if matcher.negated {
                mark_node(policy, matcher.mark).map(|at| (Party::anybody("NotPrincipal"), at)).into_iter().collect()
            } else {
                let place = |entry: &Entry| Some((party(world, entry)?, mark_node(policy, entry.mark)?));
                matcher.entries.iter().filter_map(place).collect()
            };
            for (party, at) in entries {
                let known = out.iter_mut().find(|able| able.text == party.text && able.kind == party.kind);
                if known.as_ref().is_some_and(|able| able.actions.contains(&asked.action)) {
                    continue;
                }
                let mut policies = side.alone();
                if party.kind != "service" {
                    policies.identity.push(&all);
                }
                match outside(world, &policies, &party.who, asked, account, fixed) {
                    Answer::No => {}
                    Answer::Undecided(why) => doubts.push(doubt(&party.text, asked.action, &why)),
                    Answer::Yes(witness) => match known {
                        Some(able) => able.actions.push(asked.action),
                        None => out.push(NamedAble {
                            witness: format!("{} calls {}", party.text, witness.line()),
                            text: party.text,
                            kind: party.kind,
                            account: party.account,
                            actions: vec![asked.action],
                            at: Some(at),
                        }),
                    },
                }
            }
        }
    }
    doubts.sort();
    doubts.dedup();
    (out, doubts)
}

fn doubt(who: &str, action: &str, why: &Why) -> Arc<Why> {
    Why::new(Reason::Undecided, format!("whether `{who}` can do `{action}` there: {}", why.text))
}

/// The answer for somebody who was not loaded: what is known of the organisation of its account is part of its requests.
fn outside(world: &World, policies: &PolicySet<'_>, who: &Principal, asked: &Asked, account: &str, fixed: &Context) -> Answer {
    let mut doubt = None;
    for own in organizations(world, account, who) {
        match answered(policies, who, asked, account, fixed, &own) {
            Answer::No => {}
            Answer::Undecided(why) => doubt = doubt.or(Some(why)),
            yes => return yes,
        }
    }
    doubt.map_or(Answer::No, Answer::Undecided)
}

/// What requests carry of an organisation: the own one for its members, none or another one for others; of everybody nothing is known.
fn organizations(world: &World, own: &str, who: &Principal) -> Vec<Context> {
    let Some(account) = who.account().filter(|_| who.arn().as_deref() != Some(STRANGER)) else { return vec![Context::open()] };
    let member = account == own || world.facts.by_key("organization-account", account, None, None).is_some();
    match organization_of(&world.facts, own) {
        Ok(Some((id, _))) if member => {
            let mut context = Context::open();
            context.set("aws:PrincipalOrgID", [id]);
            vec![context]
        }
        Ok(_) if !member => contexts().to_vec(),
        _ => vec![Context::open()],
    }
}

fn answered(policies: &PolicySet<'_>, who: &Principal, asked: &Asked, account: &str, fixed: &Context, own: &Context) -> Answer {
    let mut question = Ask::of(Resources::One(asked.resource.clone()), fixed.clone());
    question.resource_account = Some(account.into());
    question.own = own.clone();
    if let Some(region) = Arn::parse(&asked.resource).map(|arn| arn.region).filter(|region| !region.is_empty()) {
        question.own.set("aws:RequestedRegion", [region]);
    }
    ask::answer(policies, who.clone(), asked.action, question)
}

/// Who stands behind a name.
struct Party {
    text: String,
    kind: &'static str,
    account: String,
    who: Principal,
}

impl Party {
    fn anybody(text: &str) -> Self {
        let who = Principal::parse(STRANGER).unwrap_or(Principal::Anonymous);
        Self { text: text.to_owned(), kind: "anybody", account: String::new(), who }
    }
}

/// The party of an entry; `None` for principals that were loaded, which are asked by themselves, and for what names nobody.
fn party(world: &World, entry: &Entry) -> Option<Party> {
    let text = entry.text.to_string();
    if entry.kind == EntryKind::Service {
        let who = Principal::Service { name: entry.text.clone() };
        return Some(Party { text, kind: "service", account: String::new(), who });
    }
    let (account, who) = match (&entry.names, entry.kind) {
        (Names::Everyone, EntryKind::Aws) => return Some(Party::anybody("*")),
        (Names::Account(account), _) => (account.to_string(), Principal::Account { account: account.clone() }),
        (Names::User | Names::Role | Names::Session | Names::FederatedUser, _) => {
            (Arn::parse(&text)?.account.to_owned(), Principal::parse(&text).ok()?)
        }
        _ => return None,
    };
    (is_account_id(&account) && !is_loaded(world, &account)).then_some(Party { text, kind: "account", account, who })
}

/// Whether the principals of an account are in the export.
fn is_loaded(world: &World, account: &str) -> bool {
    world.facts.collected("iam", "get-account-authorization-details", Some(account), None).is_ok()
}

/// Whether somebody whom a grant of a key names can do what it lets them.
#[derive(Debug, Clone)]
pub enum Granted {
    /// Yes.
    Can {
        /// The principal, where it was loaded.
        principal: Option<FactId>,
        /// The grantee as in [`NamedAble::kind`].
        kind: &'static str,
        /// Its account; empty for a service.
        account: String,
    },
    /// A policy denies it.
    Cannot,
    /// Not known.
    Undecided(Arc<Why>),
}

/// Whether the grantee of a grant of a key can do `asked`. A grant needs neither the identity policies nor the key policy to allow; what
/// denies still denies, and SCPs and RCPs still limit (KMS developer guide, "Grants in AWS KMS").
pub fn granted(world: &World, account: &str, asked: &Asked, grantee: &str) -> Granted {
    let Ok(who) = Principal::parse(grantee) else {
        // An id of a principal that is gone.
        return Granted::Cannot;
    };
    let (Some(all), Some(mut open)) = (everything(PolicyType::Identity), key_policy_of(&who)) else {
        return Granted::Undecided(Why::new(Reason::Undecided, "what a grant lets do could not be decided"));
    };
    let side = Joined::of_service(world, asked.action, &asked.resource, account);
    if let Some(policy) = side.policy() {
        open.statements.extend(policy.statements.iter().filter(|s| s.effect == Effect::Deny).cloned());
    }
    let principal = principals(world).into_iter().find(|id| same_principal(world, *id, grantee));
    let index = Principals::of(world);
    let standing = principal.and_then(|id| index.get(id));
    let joined = standing.map(|standing| side.seen_from(world, standing));
    let mut policies = match (standing, &joined) {
        (Some(standing), Some(joined)) => joined.policies(standing),
        _ => side.alone(),
    };
    // The principal's own policies may be unknown in what they grant, which does not matter, not in what they deny.
    policies.resource = Some(&open);
    if !matches!(who, Principal::Service { .. }) {
        policies.identity.push(&all);
    }
    let kind = match (&who, principal) {
        (Principal::Service { .. }, _) => "service",
        (_, Some(_)) => "principal",
        (_, None) => "account",
    };
    let can = Granted::Can { principal, kind, account: who.account().unwrap_or_default().to_owned() };
    let ask = |policies: &PolicySet<'_>| match standing {
        Some(standing) => answered(policies, &standing.who, asked, account, &Context::open(), &standing.keys.known),
        None => outside(world, policies, &who, asked, account, &Context::open()),
    };
    match ask(&policies) {
        Answer::Yes(_) => can,
        Answer::Undecided(why) => Granted::Undecided(doubt(grantee, asked.action, &why)),
        Answer::No if policies.boundary.is_none() => Granted::Cannot,
        Answer::No => {
            let unbounded = PolicySet { boundary: None, ..policies.clone() };
            match ask(&unbounded) {
                Answer::No => Granted::Cannot,
                _ => {
                    let text = "a grant gives it, the permissions boundary does not, and which of them prevails is not known";
                    Granted::Undecided(doubt(grantee, asked.action, &Why::new(Reason::Undecided, text)))
                }
            }
        }
    }
}

/// Whether a grantee is this principal, or a session of this role.
fn same_principal(world: &World, id: FactId, grantee: &str) -> bool {
    let own = super::identity(world, id);
    own == grantee || super::role_of_session(grantee).is_some_and(|role| super::same_role(own, &role))
}
