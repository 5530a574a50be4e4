//! Single rights that matter by themselves: making and using API keys for Bedrock, and switching off what records and limits its use.
//!
//! In: the world. Out: for each principal the actions that it effectively has, with the text that grants them and a request as
//! witness. SCPs, boundaries, Denies and conditions count. A principal of the scope's `security_principals` is told apart by a fact of
//! its own. For a KMS key, whose policy decides with the identity's, AWS's default key policy is assumed.

use std::collections::HashSet;
use std::sync::Arc;

use super::ask::{self, Answer, Ask, Witness};
use super::principals::{Principals, Standing, node_of};
use crate::config::glob;
use crate::doc::Document;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::PolicyType;
use crate::iam::pattern::Pattern;
use crate::iam::policy::{Policy, Site};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// What one statement of a policy gives.
pub(super) const RIGHT: ObjectType = ObjectType {
    name: "right",
    fields: &[
        ("actions", "list<string>", "the actions, by full name"),
        ("named", "string", "the first three with what each does, and how many others there are"),
        ("policy", "string", "the policy that grants them"),
        ("text", "string", "the texts that grant them, as they stand in the policy"),
        ("expires", "bool", "for making API keys: every key that may be made expires"),
        ("witness", "string", "a request that goes through"),
    ],
};

macro_rules! of_principals {
    ($($name:literal, $ty:literal, $doc:literal, $compute:expr;)*) => {
        &[$(
            Derived { kind: "iam-role", name: $name, ty: $ty, doc: $doc, compute: $compute },
            Derived { kind: "iam-user", name: $name, ty: $ty, doc: $doc, compute: $compute },
            Derived { kind: "policy-file-principal", name: $name, ty: $ty, doc: $doc, compute: $compute },
        )*]
    };
}

pub(super) const DERIVED: &[Derived] = of_principals! {
    "is_security_principal", "bool", "Whether its ARN is on the scope's `security_principals`.", |world, id| Value::Bool(is_security(world, id));
    "bearer_token_rights", "list<object:right>", "One element for each statement that lets the principal call Bedrock or Claude Platform on AWS with an API key (a bearer token).", bearer_tokens;
    "api_key_rights", "list<object:right>", "One element for each statement that lets the principal make an API key for Bedrock, or put a new secret in the place of an existing key's.", api_keys;
    "tampering_rights", "list<object:right>", "One element for each statement that lets the principal switch off or change what records and limits the use of models.", tampering;
};

/// Actions that call with a bearer token.
const BEARER: [(&str, &str); 3] = [
    ("bedrock:CallWithBearerToken", "calls the Bedrock APIs with an API key"),
    ("bedrock-mantle:CallWithBearerToken", "calls bedrock-mantle with an API key"),
    ("aws-external-anthropic:CallWithBearerToken", "calls Claude Platform on AWS with an API key"),
];

/// Actions that make an API key, or its secret.
const API_KEY: [(&str, &str); 2] = [
    ("iam:CreateServiceSpecificCredential", "makes an API key"),
    ("iam:ResetServiceSpecificCredential", "gives an existing API key a new secret"),
];

/// Actions that switch off or change what records and limits the use of models.
const TAMPERING: [(&str, &str); 17] = [
    ("bedrock:DeleteModelInvocationLoggingConfiguration", "ends the record of prompts"),
    ("bedrock:PutModelInvocationLoggingConfiguration", "turns the record of prompts elsewhere"),
    ("bedrock:DeleteEnforcedGuardrailConfiguration", "lifts the enforced guardrail"),
    ("bedrock:PutEnforcedGuardrailConfiguration", "replaces the enforced guardrail"),
    ("bedrock:DeleteGuardrail", "removes a guardrail"),
    ("bedrock:UpdateGuardrail", "weakens a guardrail"),
    ("bedrock:PutAccountDataRetention", "lets AWS keep prompts"),
    ("bedrock-mantle:PutAccountDataRetention", "lets AWS keep prompts"),
    ("cloudtrail:StopLogging", "stops the trail"),
    ("cloudtrail:DeleteTrail", "removes the trail"),
    ("cloudtrail:UpdateTrail", "turns the trail elsewhere"),
    ("cloudtrail:PutEventSelectors", "narrows what the trail records"),
    ("ec2:DeleteVpcEndpoints", "removes the VPC endpoint"),
    ("ec2:ModifyVpcEndpoint", "opens the VPC endpoint's policy"),
    ("logs:DeleteLogGroup", "removes recorded prompts"),
    ("kms:DisableKey", "makes records and data unreadable"),
    ("kms:ScheduleKeyDeletion", "makes records and data unreadable for good"),
];

fn is_security(world: &World, principal: FactId) -> bool {
    let arn = world.facts.get(principal).map_or("", |fact| &fact.id);
    arn.starts_with("arn:") && world.scope_of(principal).security_principals.iter().any(|pattern| glob::matches(pattern, arn))
}

fn bearer_tokens(world: &World, principal: FactId) -> Value {
    rights(world, principal, &BEARER, ask::can)
}

fn tampering(world: &World, principal: FactId) -> Value {
    rights(world, principal, &TAMPERING, |standing, action| {
        if action.starts_with("kms:") { on_any_key(standing, action) } else { ask::can(standing, action) }
    })
}

fn api_keys(world: &World, principal: FactId) -> Value {
    rights(world, principal, &API_KEY, |standing, action| ask::can_as(standing, action, for_bedrock(standing, action)))
}

/// The question about a credential for Bedrock, of whatever age.
fn for_bedrock(standing: &Standing, action: &str) -> Ask {
    let mut asked = Ask::anything(standing, action);
    asked.context.set("iam:ServiceSpecificCredentialServiceName", ["bedrock.amazonaws.com"]);
    asked
}

/// Whether no key can be made that never expires: the age is absent from such a request.
fn expires(standing: &Standing, action: &str) -> bool {
    let mut asked = for_bedrock(standing, action);
    asked.context.set_absent("iam:ServiceSpecificCredentialAgeDays");
    matches!(ask::can_as(standing, action, asked), Answer::No)
}

/// Whether the principal can do `action` on a key whose policy leaves the decision to IAM, as AWS's default one does.
fn on_any_key(standing: &Standing, action: &str) -> Answer {
    let granted = standing.identity.iter().flat_map(|held| &held.policy.statements).any(|s| ask::grants(s, action));
    if !granted && standing.missing.is_empty() {
        return Answer::No;
    }
    let (partition, account) = (&standing.partition, &standing.account);
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "arn:{partition}:iam::{account}:root"}},
            "Action": "kms:*", "Resource": "*"}}]}}"#
    );
    let document = Document::json("default key policy", text);
    let Some(policy) = document.ok().and_then(|d| Policy::parse(d.root(), PolicyType::Key).ok()) else { return Answer::No };
    // No document has this number, so that none of its places is taken for one of a document.
    let policy = policy.with_source(u64::MAX);
    let mut policies = standing.policies();
    policies.resource = Some(&policy);
    let mut asked = Ask::anything(standing, action);
    asked.own = standing.keys.known.clone();
    asked.resource_account = Some(account.clone());
    match ask::answer(&policies, standing.who.clone(), action, asked) {
        Answer::Yes(witness) => standing.keys.confirm(witness),
        other => other,
    }
}

/// What one statement grants.
struct Right<'s> {
    site: Site,
    actions: Vec<(&'static str, &'static str)>,
    policy: &'s str,
    texts: Vec<&'s str>,
    negated: bool,
    at: Vec<NodeId>,
    witness: String,
    expires: bool,
}

/// The actions of the list that the principal has, by the text that grants them.
fn rights(
    world: &World,
    principal: FactId,
    list: &[(&'static str, &'static str)],
    can: impl Fn(&Standing, &str) -> Answer,
) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal).filter(|standing| !standing.service_linked) else {
        return Value::list(Vec::new());
    };
    let mut found: Vec<Right<'_>> = Vec::new();
    let mut doubts: Vec<Arc<Why>> = Vec::new();
    for (action, effect) in list {
        match can(standing, action) {
            Answer::Yes(witness) => gather(&mut found, standing, (action, effect), &witness),
            Answer::Undecided(why) => doubts.push(why),
            Answer::No => {}
        }
    }
    doubts.dedup_by(|a, b| a.text == b.text);
    Value::list(found.into_iter().map(Right::value).chain(doubts.into_iter().map(Value::Unknown)).collect())
}

/// Notes an action under the statement that grants it.
fn gather<'s>(found: &mut Vec<Right<'s>>, standing: &'s Standing, action: (&'static str, &'static str), witness: &Witness) {
    let statements = || standing.identity.iter().flat_map(|held| held.policy.statements.iter().map(move |s| (held, s)));
    let granting = |site| node_of(site).is_some_and(|node| witness.allowed_by.contains(&node));
    let decided = statements().find(|(held, s)| granting(held.policy.site(s)));
    let Some((held, statement)) = decided.or_else(|| statements().find(|(_, s)| ask::grants(s, action.0))) else { return };
    let matcher = &statement.action;
    let context = Context::open();
    let shown = |p: &&Pattern| matcher.negated || p.matches(action.0, &context) != Truth::False;
    let texts = matcher.patterns.iter().filter(shown).map(|p| &*p.text);
    let at = ask::places(held, matcher, action.0);
    let site = held.policy.site(statement);
    if let Some(known) = found.iter_mut().find(|known| known.site == site) {
        known.actions.push(action);
        known.texts.extend(texts);
        known.at.extend(at);
        return;
    }
    let expires = action.0.starts_with("iam:") && expires(standing, action.0);
    let (policy, negated, witness) = (&*held.name, matcher.negated, witness.line());
    found.push(Right { site, actions: vec![action], policy, texts: texts.collect(), negated, at, witness, expires });
}

impl Right<'_> {
    fn value(mut self) -> Value {
        let mut seen = HashSet::new();
        self.texts.retain(|text| seen.insert(*text));
        let mut seen = HashSet::new();
        self.at.retain(|node| seen.insert(*node));
        let texts = self.texts.join(", ");
        let text = if self.negated { format!("NotAction: {texts}") } else { texts };
        let actions = self.actions.iter().map(|(action, _)| Value::str(*action)).collect();
        let fields = vec![
            ("actions", Value::list(actions)),
            ("named", Value::str(self.named())),
            ("policy", Value::str(self.policy)),
            ("text", Value::str(text)),
            ("expires", Value::Bool(self.expires)),
            ("witness", Value::str(self.witness)),
        ];
        Value::object(fields, self.at)
    }

    fn named(&self) -> String {
        let first: Vec<String> =
            self.actions.iter().take(NAMED).map(|(action, effect)| format!("`{action}` ({effect})")).collect();
        match self.actions.len().saturating_sub(NAMED) {
            0 => first.join(", "),
            1 => format!("{} and one other", first.join(", ")),
            others => format!("{} and {others} others", first.join(", ")),
        }
    }
}

/// Actions that a message names.
const NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::actions;

    #[test]
    fn every_action_is_in_the_catalog() {
        for (action, _) in BEARER.iter().chain(&API_KEY).chain(&TAMPERING) {
            assert!(actions::find(action).is_some(), "{action}");
        }
    }
}
