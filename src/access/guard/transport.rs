//! Whether a bucket can be reached without TLS: what its policy does not deny is open to a caller who may. Of the versions of TLS S3's
//! endpoints themselves take none older than 1.2.
//!
//! In: a bucket, its policy, the RCPs above its account. Out: requests that a role of the account, to which its own side allows
//! everything, can make so. Never: a bucket called closed where the policy that would decide was not loaded.

use crate::access::ask::{self, Answer, Ask};
use crate::access::edges::Rcps;
use crate::access::principals::mark_node;
use crate::facts::{FactId, Value};
use crate::iam::PolicyType;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

use super::{ordinary, perimeter, questions, undecided};

/// One way to reach it.
pub(in crate::access) const PLAINTEXT: ObjectType = ObjectType {
    name: "plaintext-request",
    fields: &[("action", "string", "the action of the request"), ("witness", "string", "the request")],
};

pub(in crate::access) const DERIVED: &[Derived] = &[Derived {
    kind: "s3-bucket",
    name: "plaintext_requests",
    ty: "list<object:plaintext-request>",
    doc: "One element for each action by which content goes over the wire (`s3:GetObject`, `s3:PutObject`) that neither its policy nor the RCPs above its account deny without TLS.",
    compute: plaintext_requests,
}];

/// Actions by which content goes over the wire.
const ACTIONS: [&str; 2] = ["s3:GetObject", "s3:PutObject"];

fn plaintext_requests(world: &World, bucket: FactId) -> Value {
    let Some(fact) = world.facts.get(bucket) else { return Value::list(Vec::new()) };
    let policy = match perimeter::policy_of(world, bucket) {
        Ok(policy) => policy,
        Err(why) => return Value::Unknown(why),
    };
    let own = fact.account.clone().unwrap_or_default();
    let (Some(everything), Some(who)) = (questions::everything(PolicyType::Identity), ordinary("aws", &own)) else {
        return undecided();
    };
    let rcps = Rcps::of(world);
    let policies = perimeter::policies_of(world, &rcps, (&everything, policy.as_ref().map(|held| &held.policy)), &own);
    let at = policy.as_ref().and_then(|held| mark_node(&held.policy, held.policy.mark)).or(Some(fact.node));
    let mut out = Vec::new();
    let mut context = Context::open();
    context.set("aws:SecureTransport", ["false"]);
    context.set_absent("s3:TlsVersion");
    for action in ACTIONS {
        let within = vec![format!("{}/*", fact.id)];
        let examples = vec![format!("{}/example", fact.id)];
        let mut asked = Ask::of(Resources::Matching { within, outside: Vec::new(), examples }, context.clone());
        asked.resource_account = Some(own.clone());
        match ask::answer(&policies, who.clone(), action, asked) {
            Answer::Yes(witness) => {
                let fields = vec![("action", Value::str(action)), ("witness", Value::str(witness.line()))];
                out.push(Value::object(fields, at.into_iter().collect()));
            }
            Answer::Undecided(why) => out.push(Value::Unknown(why)),
            Answer::No => {}
        }
    }
    Value::list(out)
}
