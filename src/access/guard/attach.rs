//! Where a guard is attached, and where it is not: an SCP that binds nobody guards nothing.
//!
//! In: an SCP of an organisation. Out: whether it is a guard of Bedrock, by what it denies, and the reasons for which it does not
//! stand above accounts that it was made for. Never: a policy that shuts an account altogether taken for a guard of Bedrock.

use std::sync::Arc;

use super::questions::{self, Expected, GuardQuestion, Topic, Verdict};
use super::scp::{SIGNS, Sole};
use super::{Scps, ordinary};
use crate::config::Scope;
use crate::facts::{Fact, FactId, NodeId, Value};
use crate::world::{Derived, ObjectType, World};

/// One reason.
pub(in crate::access) const MISSED: ObjectType = ObjectType {
    name: "missed-account",
    fields: &[
        ("account", "string", "the account that it misses; empty where it binds none at all"),
        ("what", "string", "where it is not, as a clause"),
        ("witness", "string", "a request that it would close there; empty where it binds none at all"),
        ("note", "string", "the account, for the report"),
    ],
};

pub(in crate::access) const DERIVED: &[Derived] = &[
    Derived {
        kind: "scp",
        name: "is_bedrock_guard",
        ty: "bool",
        doc: "Whether it closes something that a scope of the organisation wants closed of Bedrock, and leaves other services open.",
        compute: guard,
    },
    Derived {
        kind: "scp",
        name: "missed_accounts",
        ty: "list<object:missed-account>",
        doc: "Why it does not bind what it was made for: attached nowhere, above no account, or not above an account of the same scope in which what it closes is open.",
        compute: missed,
    },
];

/// An active member account of an organisation, with its scope.
struct Member {
    number: Arc<str>,
    name: Arc<str>,
    node: NodeId,
    scope: Arc<Scope>,
}

fn members(world: &World) -> Vec<Member> {
    let facts = &world.facts;
    let active = |fact: &&Fact| {
        let status = facts.by_id(&fact.id).and_then(|id| facts.text_at(id, &["Status"]).ok().flatten());
        status.as_deref() != Some("SUSPENDED") && fact.account.as_ref() != Some(&fact.key)
    };
    let listed = facts.of_kind("organization-account").iter().filter_map(|id| facts.get(*id)).filter(active);
    let member = |fact: &Fact| Member {
        number: fact.key.clone(),
        name: fact.name.clone(),
        node: fact.node,
        scope: world.scope_of_account(&fact.key),
    };
    listed.map(member).collect()
}

/// What a guard may be made for, a few questions for each topic.
fn samples(scope: &Scope, account: &str) -> Vec<GuardQuestion> {
    let all = questions::with_actions(scope, "aws", account, &SIGNS).into_iter().filter(|q| q.expected == Expected::Closed);
    let telling = |q: &GuardQuestion| match q.topic {
        Topic::Controls => q.action.starts_with("bedrock:"),
        _ => true,
    };
    all.filter(telling).collect()
}

/// The samples of a scope that the policy alone closes.
fn closed(sole: &Sole, scope: &Scope, account: &str) -> Vec<GuardQuestion> {
    let Some(who) = ordinary("aws", account) else { return Vec::new() };
    samples(scope, account).into_iter().filter(|question| sole.closes(question, &who)).collect()
}

/// One account for each scope that members of the organisation fall in.
fn by_scope(members: &[Member]) -> Vec<&Member> {
    let mut out: Vec<&Member> = Vec::new();
    for member in members {
        if !out.iter().any(|known| known.scope.name == member.scope.name) {
            out.push(member);
        }
    }
    out
}

fn guard(world: &World, id: FactId) -> Value {
    match Sole::of(world, id) {
        Ok(sole) => Value::Bool(sole.is_some_and(|sole| is_guard(world, &sole))),
        Err(why) => Value::Unknown(why),
    }
}

fn is_guard(world: &World, sole: &Sole) -> bool {
    // Only what denies, or does not allow, something of Bedrock is worth the questions.
    if sole.full.is_some() && sole.denials(&SIGNS).next().is_none() && sole.denials(&OTHERS).next().is_none() {
        return false;
    }
    let elsewhere = sole.places.first().and_then(|place| {
        let asked = questions::of_topic(&place.scope, "aws", &place.account, Topic::Use);
        let other = asked.into_iter().find(|q| q.action.starts_with("s3:"))?;
        Some(sole.closes(&other, &ordinary("aws", &place.account)?))
    });
    let members = members(world);
    elsewhere != Some(false) && by_scope(&members).iter().any(|m| !closed(sole, &m.scope, &m.number).is_empty())
}

/// Actions beyond the signs that a guard may be about.
const OTHERS: [&str; 6] = [
    "bedrock:CallWithBearerToken",
    "iam:CreateServiceSpecificCredential",
    "bedrock:PutAccountDataRetention",
    "bedrock:PutModelInvocationLoggingConfiguration",
    "bedrock:DeleteEnforcedGuardrailConfiguration",
    "bedrock:InvokeModelWithResponseStream",
];

fn missed(world: &World, id: FactId) -> Value {
    let facts = &world.facts;
    let targets = facts.at(&Value::Fact(id), &["targets"]).and_then(|t| t.map_or(Ok(Vec::new()), |t| facts.items(&t)));
    let targets = match targets {
        Ok(targets) => targets,
        Err(why) => return Value::Unknown(why),
    };
    let at: Vec<NodeId> = facts.get(id).map(|f| f.node).into_iter().collect();
    if targets.is_empty() {
        return Value::list(vec![made("", "it is attached nowhere", "", at)]);
    }
    let scps = Scps::shared(world);
    let below: Vec<Arc<str>> = scps.below(id).into_iter().cloned().collect();
    if below.is_empty() {
        // Where the tree is not known, nor is what stands below.
        if let Some(why) = members(world).iter().find_map(|m| scps.above(&m.number).unknown.clone()) {
            return Value::Unknown(why);
        }
        let what = "no member account stands where it is attached, and it does not bind the management account";
        return Value::list(vec![made("", what, "", at)]);
    }
    let Ok(Some(sole)) = Sole::of(world, id) else { return Value::list(Vec::new()) };
    let mut out = Vec::new();
    let members = members(world);
    for member in members.iter().filter(|m| !below.contains(&m.number)) {
        if !sole.places.iter().any(|place| place.bound && place.scope.name == member.scope.name) {
            continue;
        }
        out.extend(missed_account(&sole, &scps, member));
    }
    Value::list(out)
}

/// Whether something that the policy closes is open in an account of the same scope that it does not bind.
fn missed_account(sole: &Sole, scps: &Scps, member: &Member) -> Option<Value> {
    let above = scps.above(&member.number);
    if let Some(why) = &above.unknown {
        return Some(Value::Unknown(why.clone()));
    }
    let who = ordinary("aws", &member.number)?;
    let policies = above.around(&sole.everything);
    let mut doubt = None;
    for question in closed(sole, &member.scope, &member.number) {
        match question.verdict(&policies, &who) {
            Verdict::Open(witness) => {
                let what = format!("it does not stand above account `{}` ({})", member.name, member.number);
                return Some(made(&member.number, &what, &witness.line(), vec![member.node]));
            }
            Verdict::Undecided(why) => doubt = doubt.or(Some(why)),
            Verdict::AsExpected | Verdict::Shut => {}
        }
    }
    doubt.map(Value::Unknown)
}

fn made(account: &str, what: &str, witness: &str, at: Vec<NodeId>) -> Value {
    let note = if account.is_empty() { "the policy".to_owned() } else { format!("account {account}, which it does not bind") };
    let fields = vec![
        ("account", Value::str(account)),
        ("what", Value::str(what)),
        ("witness", Value::str(witness)),
        ("note", Value::str(note)),
    ];
    Value::object(fields, at)
}
