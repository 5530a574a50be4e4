//! What the SCPs in force above an account leave open of the other things that a scope wants closed: models that are not approved,
//! API keys, retention of prompts, and changes to what records and limits the use of models.
//!
//! In: an account, its scope, the SCPs above it. Out: for each action that passes the request. Never: no gap where the SCPs, or the
//! trails, log groups and keys that serve Bedrock there, are not known.

use std::sync::Arc;

use super::questions::{self, GuardQuestion, Topic, Verdict};
use super::{Scps, number_of, ordinary, undecided};
use crate::facts::{FactId, NodeId, Reason, Value, Why, kinds};
use crate::iam::PolicyType;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// One gap.
pub(in crate::access) const GAP: ObjectType = ObjectType {
    name: "guard-gap",
    fields: &[
        ("action", "string", "the action that passes"),
        ("what", "string", "what is open, as a clause"),
        ("witness", "string", "the request"),
        ("reason", "string", "one clause: nothing denies it, or on which condition keys the denial hangs"),
    ],
};

const fn of(name: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind: "account", name, ty: "list<object:guard-gap>", doc, compute }
}

pub(in crate::access) const DERIVED: &[Derived] = &[
    of(
        "model_guard_gaps",
        "One element for each action by which an ordinary role of the account could run a foundation model that the scope does not approve, as far as SCPs go, in an approved Region.",
        |world, account| gaps(world, account, &[Topic::Model]),
    ),
    of(
        "control_gaps",
        "One element for each action that no SCP in force denies to an ordinary role and that makes an API key without end (any, where bearer tokens are forbidden), uses one where they are forbidden, lets prompts be retained, or changes what records and limits the use of models; trails, log groups and keys count where they are the account's own and hold records or prompts of Bedrock.",
        |world, account| gaps(world, account, &[Topic::BearerToken, Topic::ApiKey, Topic::DataRetention, Topic::Controls]),
    ),
];

fn gaps(world: &World, account: FactId, topics: &[Topic]) -> Value {
    let number = number_of(world, account);
    let scps = Scps::shared(world);
    let above = scps.above(&number);
    if let Some(why) = &above.unknown {
        return Value::Unknown(why.clone());
    }
    let scope = world.scope_of(account);
    let (Some(everything), Some(who)) = (questions::everything(PolicyType::Identity), ordinary("aws", &number)) else {
        return undecided();
    };
    let policies = above.around(&everything);
    let all = topics.iter().flat_map(|topic| questions::of_topic(&scope, "aws", &number, *topic));
    let mut out: Vec<Value> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for question in all.flat_map(|question| of_this_account(world, &number, question)) {
        let question = match question {
            Ok(question) => question,
            Err(why) => {
                out.push(Value::Unknown(why));
                continue;
            }
        };
        if said.contains(&question.action) {
            continue;
        }
        match question.verdict(&policies, &who) {
            Verdict::Open(witness) => {
                said.push(question.action.clone());
                let fields = vec![
                    ("action", Value::str(&*question.action)),
                    ("what", Value::str(&*question.text)),
                    ("witness", Value::str(witness.line())),
                    ("reason", Value::str(super::region::reason(&witness))),
                ];
                let at: Vec<NodeId> = super::region::denials(above, &question.action);
                out.push(Value::object(fields, at));
            }
            Verdict::Undecided(why) => out.push(Value::Unknown(why)),
            Verdict::AsExpected | Verdict::Shut => {}
        }
    }
    Value::list(out)
}

/// Trails, log groups and keys are asked about where they are the account's own and serve Bedrock; what is not there needs no guard.
fn of_this_account(world: &World, account: &str, question: GuardQuestion) -> Vec<Result<GuardQuestion, Arc<Why>>> {
    let kind = match question.action.split(':').next() {
        Some("cloudtrail") => "trail",
        Some("logs") => "log-group",
        Some("kms") => "kms-key",
        _ => return vec![Ok(question)],
    };
    match serving_bedrock(world, account, kind) {
        Ok(found) => {
            let asked = found.into_iter().map(|arn| {
                let mut asked = question.clone();
                asked.resources = Resources::One(arn);
                Ok(asked)
            });
            asked.collect()
        }
        Err(why) => vec![Err(why)],
    }
}

/// The ARNs of the account's own trails, of the log groups that prompts are written to, or of the customer keys of those.
fn serving_bedrock(world: &World, account: &str, kind: &str) -> Result<Vec<String>, Arc<Why>> {
    let facts = &world.facts;
    let arn = |id: &FactId| facts.get(*id).map(|f| f.id.to_string()).filter(|arn| arn.starts_with("arn:"));
    let mine = |arn: &String| arn.split(':').nth(4) == Some(account);
    let of_kind = |kind: &str| facts.of_kind_in(kind, account).to_vec();
    let serves = |id: &FactId, edge: &str| match facts.follow(*id, edge) {
        Ok(found) => Ok(!found.is_empty()),
        // What was not read elsewhere matters not: only the logging of the account itself, in the Region of a log group, can name it.
        Err(why) if why.reason == Reason::NotCollected => {
            let region = facts.get(*id).and_then(|fact| fact.region.as_deref());
            let listed = kinds::get("bedrock-logging").map_or(Ok(()), |logging| facts.listed(logging, Some(account), region));
            listed.map(|()| false)
        }
        Err(why) => Err(why),
    };
    let mut out = Vec::new();
    match kind {
        "trail" => out.extend(of_kind("trail").iter().filter_map(arn).filter(mine)),
        "log-group" => {
            for group in of_kind("log-group") {
                if serves(&group, "bedrock_logging")? {
                    out.extend(arn(&group).map(|arn| arn.trim_end_matches(":*").to_owned()));
                }
            }
        }
        _ => {
            for holder in of_kind("log-group").into_iter().chain(of_kind("s3-bucket")) {
                if serves(&holder, "bedrock_logging")? {
                    for key in facts.follow(holder, "kms_key")? {
                        if facts.text_at(key, &["KeyManager"])?.as_deref() == Some("CUSTOMER") {
                            out.extend(arn(&key).filter(mine));
                        }
                    }
                }
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}
