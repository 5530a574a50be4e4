//! A guard against global profiles: does it close every way to global inference, or only the system-defined profiles?
//!
//! In: an SCP with what stands around it. Out: the ways that slip past, each with the requests of its three legs. A way counts as open
//! only where all legs slip past; the same model in the same Region has to be open, or the policy is no guard of profiles.

use std::sync::Arc;

use super::super::questions::{GuardQuestion, INVOKE, UNSPECIFIED, Verdict};
use super::{Place, Sole, in_region, judged, who};
use crate::access::ask::Witness;
use crate::config::Posture;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::World;

/// The model that stands for all in questions about profiles: one that the scope approves, where it lists any.
fn model(place: &Place) -> String {
    let listed = place.scope.approved_models.first().filter(|_| place.scope.declares("approved_models"));
    listed.map_or_else(|| "anthropic.claude-haiku-4-5-20251001-v1:0".to_owned(), |glob| glob.replace(['*', '?'], "5"))
}

/// The legs of a call of a global profile, or of an application profile made from one.
fn legs(action: &str, region: &str, profile: &str, id: &str) -> Vec<GuardQuestion> {
    let model = |region: &str| format!("arn:aws:bedrock:{region}::foundation-model/{id}");
    let leg = |resource: String, region: &str, through: Option<&str>| {
        let mut context = Context::open();
        context.set("aws:RequestedRegion", [region]);
        match through {
            Some(profile) => context.set("bedrock:InferenceProfileArn", [profile]),
            None => context.set_absent("bedrock:InferenceProfileArn"),
        }
        let mut asked = GuardQuestion::closed(action, context);
        asked.resources = Resources::One(resource);
        asked
    };
    vec![
        leg(profile.to_owned(), region, None),
        leg(model(region), region, Some(profile)),
        leg(model(""), UNSPECIFIED, Some(profile)),
    ]
}

fn profile(kind: &str, region: &str, place: &Place) -> String {
    let id = if kind == "inference-profile" { format!("global.{}", model(place)) } else { "any0profile0".to_owned() };
    format!("arn:aws:bedrock:{region}:{}:{kind}/{id}", place.account)
}

/// The first Region in which the policy closes calls of the system-defined global profile, and the model itself is open.
fn guarded_region(sole: &Sole, place: &Place) -> Option<String> {
    let who = who(place)?;
    let own = place.scope.approved_regions.iter().map(|r| r.to_string());
    own.into_iter().find(|region| {
        let direct = in_region(INVOKE[0], region, place);
        let system = profile("inference-profile", region, place);
        let closes = |action: &str| legs(action, region, &system, &model(place)).iter().any(|leg| sole.closes(leg, &who));
        matches!(direct.verdict(&sole.alone(), &who), Verdict::Open(_)) && INVOKE.iter().any(|action| closes(action))
    })
}

pub(super) fn is_global_guard(world: &World, id: FactId) -> Value {
    let accepts = |p: &Place| p.scope.posture == Some(Posture::GlobalWithTransferBasis);
    let guards =
        |sole: &Sole| Value::Bool(sole.places.iter().any(|place| !accepts(place) && guarded_region(sole, place).is_some()));
    judged(world, id, guards, Value::Bool(false))
}

pub(super) fn bypasses(world: &World, id: FactId) -> Value {
    let found = |sole: &Sole| {
        let judged = sole.places.iter().filter(|p| p.scope.posture != Some(Posture::GlobalWithTransferBasis));
        let mut out = Vec::new();
        for place in judged {
            let (Some(region), Some(who)) = (guarded_region(sole, place), who(place)) else { continue };
            let ways = ["application-inference-profile", "inference-profile"];
            for (kind, action) in ways.iter().flat_map(|kind| INVOKE.iter().map(move |action| (*kind, *action))) {
                match past(sole, place, &legs(action, &region, &profile(kind, &region, place), &model(place)), &who) {
                    Ok(Some((witness, line))) => {
                        let through = if kind == "inference-profile" {
                            "the global profile itself"
                        } else {
                            "an application profile made from a global one"
                        };
                        let witness = Witness { action: line, ..witness };
                        let part = format!("{action} {kind}");
                        out.push(bypass(sole, format!("`{action}` through {through}"), &part, place, &witness));
                        break;
                    }
                    Ok(None) => {}
                    Err(why) => out.push(Value::Unknown(why)),
                }
            }
            if !out.is_empty() {
                break;
            }
        }
        Value::list(out)
    };
    judged(world, id, found, Value::list(Vec::new()))
}

/// The requests of all legs on one line, where each slips past.
fn past(sole: &Sole, place: &Place, legs: &[GuardQuestion], who: &Principal) -> Result<Option<(Witness, String)>, Arc<Why>> {
    let mut lines = Vec::new();
    let mut last = None;
    for leg in legs {
        let Some(witness) = sole.slips(leg, place, who)? else { return Ok(None) };
        lines.push(witness.line());
        last = Some(witness);
    }
    Ok(last.map(|witness| (witness, lines.join("; "))))
}

fn bypass(sole: &Sole, what: String, part: &str, place: &Place, witness: &Witness) -> Value {
    let conditions = sole.denials(&INVOKE).flat_map(|s| &s.conditions);
    let on_profile = conditions.filter(|c| c.lower_key() == "bedrock:inferenceprofilearn").flat_map(|c| &c.values);
    let mut at: Vec<NodeId> = on_profile.filter_map(|v| sole.node(v.mark)).collect();
    if at.is_empty() {
        let of_profiles = |text: &str| text.contains("inference-profile");
        let resources = sole.denials(&INVOKE).filter_map(|s| s.resource.as_ref()).flat_map(|m| &m.patterns);
        at = resources.filter(|p| of_profiles(&p.text)).filter_map(|p| sole.node(p.mark)).collect();
    }
    if at.is_empty() {
        at = sole.denials(&INVOKE).filter_map(|s| sole.node(s.action.mark)).collect();
    }
    let fields = vec![
        ("flaw", Value::str("bypass")),
        ("what", Value::str(what)),
        ("part", Value::str(part)),
        ("account", Value::str(if place.bound { &*place.account } else { "" })),
        ("witness", Value::str(&*witness.action)),
    ];
    Value::object(fields, at)
}
