//! What a key policy lets everybody of the key's own account do, whatever the policies of their own.
//!
//! In: a key. Out: for each statement that names everybody, the first action that a role without any policy may do by it, called by
//! itself. Without a condition every use counts, with one only what ends the key: to use a key, an organisation or an account in a
//! condition is a bound that people want. Never: silence where the key policy is not known.

use super::perimeter::{alone, policies_of, policy_of};
use super::questions;
use crate::access::ask::{self, Answer, Ask};
use crate::access::edges::{Rcps, organization_of};
use crate::access::principals::mark_node;
use crate::facts::{FactId, Reason, Value};
use crate::iam::PolicyType;
use crate::iam::decide::PolicySet;
use crate::iam::policy::Effect;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::World;

/// One element for each statement, as `outsiders` has them.
pub(crate) fn everybody(world: &World, key: FactId, ending: &[&str], using: &[&str]) -> Value {
    let Some(fact) = world.facts.get(key) else { return Value::list(Vec::new()) };
    let held = match policy_of(world, key) {
        Ok(Some(held)) => held,
        Ok(None) => return Value::list(Vec::new()),
        Err(why) => return Value::Unknown(why),
    };
    let own = fact.account.clone().unwrap_or_default();
    let Some(nothing) = questions::everything(PolicyType::Identity) else { return Value::list(Vec::new()) };
    let rcps = Rcps::of(world);
    let around = PolicySet { identity: Vec::new(), ..policies_of(world, &rcps, (&nothing, None), &own) };
    let Ok(who) = Principal::parse(&format!("arn:aws:iam::{own}:role/role-without-policies")) else {
        return Value::unknown(Reason::MissingField, "the account of the key is not known");
    };
    let mut out = Vec::new();
    for statement in held.policy.statements.iter().filter(|statement| statement.effect != Effect::Deny) {
        let Some(matcher) = statement.principal.as_ref().filter(|who| who.negated || who.is_everyone()) else { continue };
        let only = alone(&held.policy, statement);
        let policies = PolicySet { resource: Some(&only), ..around.clone() };
        let using = if statement.conditions.is_empty() { using } else { &[] };
        let mut doubt = None;
        let mut found = None;
        for action in ending.iter().chain(using).filter(|action| ask::grants(statement, action)) {
            let mut asked = Ask::of(Resources::One(fact.id.to_string()), context(world, &own));
            asked.resource_account = Some(own.clone());
            match ask::answer(&policies, who.clone(), action, asked) {
                Answer::Yes(witness) => {
                    found = Some((*action, witness));
                    break;
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
        match (found, doubt) {
            (Some((action, witness)), _) => out.push(Value::object(
                vec![("who", Value::str("*")), ("action", Value::str(action)), ("witness", Value::str(witness.line()))],
                mark_node(&held.policy, matcher.mark).into_iter().collect(),
            )),
            (None, Some(why)) => out.push(Value::Unknown(why)),
            (None, None) => {}
        }
    }
    Value::list(out)
}

/// A role that has no tags, in its organisation, and no service that acts for it.
fn context(world: &World, own: &str) -> Context {
    let mut context = Context::open();
    context.set_others_absent("aws:PrincipalTag/");
    context.set_absent("kms:ViaService");
    context.set("aws:ViaAWSService", ["false"]);
    context.set("kms:GrantIsForAWSResource", ["false"]);
    match organization_of(&world.facts, own) {
        Ok(Some((id, path))) => {
            context.set("aws:PrincipalOrgID", [id]);
            context.set("aws:PrincipalOrgPaths", [path]);
        }
        Ok(None) => context.set_absent("aws:PrincipalOrgID"),
        Err(_) => {}
    }
    context
}
