//! Holes in the guard that keeps Bedrock inside the approved Regions: all SCPs above an account taken together.
//!
//! In: an account, its scope, the SCPs above it. Out: for each prefix the first action that passes outside, with the request.
//! Never: no hole where the SCPs above are not known.

use super::questions::{self, FUTURE, PREFIXES, Topic, UNSPECIFIED, Verdict};
use super::{Above, Scps, number_of, ordinary, undecided};
use crate::access::ask::Witness;
use crate::access::principals::mark_node;
use crate::facts::{FactId, NodeId, Value};
use crate::iam::PolicyType;
use crate::iam::policy::Effect;
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One hole.
pub(in crate::access) const HOLE: ObjectType = ObjectType {
    name: "guard-hole",
    fields: &[
        ("prefix", "string", "the IAM prefix whose actions pass"),
        ("region", "string", "the first Region in which they pass; `unspecified` is the value that global inference has"),
        ("action", "string", "an action that passes"),
        ("witness", "string", "the request"),
        ("reason", "string", "one clause: nothing denies it, or on which condition keys the denial hangs"),
    ],
};

pub(in crate::access) const DERIVED: &[Derived] = &[Derived {
    kind: "account",
    name: "region_guard_holes",
    ty: "list<object:guard-hole>",
    doc: "One element for each Bedrock-family prefix of which some action, outside the scope's approved Regions, is denied by no SCP in force for an ordinary role of the account; for `bedrock` also where only the leg of global profiles passes, unless the posture accepts it.",
    compute: holes,
}];

fn holes(world: &World, account: FactId) -> Value {
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
    let mut all = questions::of_topic(&scope, "aws", &number, Topic::Region);
    all.extend(questions::of_topic(&scope, "aws", &number, Topic::Global));
    let mut out = Vec::new();
    for prefix in PREFIXES {
        let of_prefix = all.iter().filter(|q| q.action.split(':').next() == Some(prefix));
        let mut doubt = None;
        let mut found = None;
        for question in of_prefix {
            match question.verdict(&policies, &who) {
                Verdict::Open(witness) => {
                    found = Some(hole(prefix, &question.action, &witness, denials(above, &question.action)));
                    break;
                }
                Verdict::Undecided(why) => doubt = doubt.or(Some(why)),
                Verdict::AsExpected | Verdict::Shut => {}
            }
        }
        out.extend(found.or(doubt.map(Value::Unknown)));
    }
    Value::list(out)
}

/// The Deny statements above the account that speak of the action and yet let it pass.
pub(super) fn denials(above: &Above, action: &str) -> Vec<NodeId> {
    let context = Context::open();
    let held = above.levels.iter().flatten().flatten();
    let statements = held.flat_map(|held| held.policy.statements.iter().map(move |s| (held, s)));
    let speaking = statements.filter(|(_, s)| s.effect == Effect::Deny && s.action.covers(action, &context) != Truth::False);
    let mut out: Vec<NodeId> = speaking.filter_map(|(held, s)| mark_node(&held.policy, s.action.mark)).collect();
    out.dedup();
    out
}

/// The value of `aws:RequestedRegion` in a witness, in words.
pub(super) fn region_of(witness: &Witness) -> &str {
    let requested = witness.context.iter().find(|(key, _)| key == "aws:RequestedRegion").map_or("", |(_, value)| value);
    match requested {
        FUTURE => "a Region that AWS may add",
        UNSPECIFIED => UNSPECIFIED,
        known => known,
    }
}

/// Whether nothing denies a request, or on which keys the denial hangs.
pub(super) fn reason(witness: &Witness) -> String {
    let chosen: Vec<&str> =
        witness.context.iter().map(|(key, _)| key.as_str()).filter(|key| *key != "aws:RequestedRegion").collect();
    if chosen.is_empty() {
        "no SCP in force denies it".to_owned()
    } else {
        format!("no SCP in force denies it to every request: it hangs on {}", chosen.join(", "))
    }
}

fn hole(prefix: &'static str, action: &str, witness: &Witness, at: Vec<NodeId>) -> Value {
    let fields = vec![
        ("prefix", Value::str(prefix)),
        ("region", Value::str(region_of(witness))),
        ("action", Value::str(action)),
        ("witness", Value::str(witness.line())),
        ("reason", Value::str(reason(witness))),
    ];
    Value::object(fields, at)
}
