//! Grants of every model: InvokeModel on `*`, or on a pattern that matches any foundation model.
//!
//! Asked with a model that nobody lists: who may run that one may run any. A statement that binds the model leg to an
//! inference profile (`bedrock:InferenceProfileArn`) is asked with a profile that nobody lists, whose own leg has to be
//! allowed as well: models that are open only behind listed profiles are as bounded as the list.

use super::ask::{self, Answer, Ask};
use super::principals::{Held, Principals, Standing};
use crate::facts::{FactId, Value};
use crate::iam::policy::Statement;
use crate::iam::request::{Context, Request};
use crate::iam::solve::Resources;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One grant of every model.
pub(super) const GRANT: ObjectType = ObjectType {
    name: "any-model-grant",
    fields: &[
        ("policy", "string", "the policy that grants it"),
        ("action", "string", "the action granted, such as `bedrock:InvokeModel`"),
        ("resource", "string", "the resource text that matches every model, as it stands in the policy"),
        ("witness", "string", "a request that goes through"),
    ],
};

const DOC: &str = "One element for each statement that lets the principal run a foundation model that nobody listed.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "any_model_grants", ty: "list<object:any-model-grant>", doc: DOC, compute: grants }
}

pub(super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

const ACTIONS: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// A vendor and model that no list would name.
const UNLISTED: &str = "unlisted-vendor.unlisted-model-v9:0";

fn grants(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let mut regions: Vec<String> = world.scope_of(principal).approved_regions.iter().map(|r| r.to_string()).collect();
    regions.push("us-east-1".to_owned());
    let mut out = Vec::new();
    for held in &standing.identity {
        for statement in &held.policy.statements {
            out.extend(open_statement(standing, held, statement, &regions));
        }
    }
    if out.is_empty() {
        out.extend(ACTIONS.iter().find_map(|action| ask::unknown_grant(standing, action)).map(Value::Unknown));
    }
    Value::list(out)
}

/// A call that ends at a model which no list would name.
struct Call {
    /// The model's ARN.
    model: String,
    /// What is known of the request for the model.
    context: Context,
    /// The profile that is called, and the Region where; its own leg has to be allowed too.
    profile: Option<(String, String)>,
}

/// The bare model, and the model behind an application and a system profile, in each Region; the leg of global profiles last.
fn calls(standing: &Standing, regions: &[String]) -> Vec<Call> {
    let (partition, account) = (&standing.partition, &standing.account);
    let model = |region: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{UNLISTED}");
    let behind = |kind: &str, source: &str, destination: &str| {
        let profile = format!("arn:{partition}:bedrock:{source}:{account}:{kind}/unlisted");
        let mut context = of_aws();
        context.set("bedrock:InferenceProfileArn", [profile.as_str()]);
        context.set("aws:RequestedRegion", [if destination.is_empty() { "unspecified" } else { destination }]);
        Call { model: model(destination), context, profile: Some((profile, source.to_owned())) }
    };
    let mut out = Vec::new();
    for region in regions {
        let mut context = of_aws();
        context.set_absent("bedrock:InferenceProfileArn");
        context.set("aws:RequestedRegion", [region.as_str()]);
        out.push(Call { model: model(region), context, profile: None });
    }
    for kind in ["application-inference-profile", "inference-profile"] {
        out.extend(regions.iter().map(|region| behind(kind, region, region)));
        out.extend(regions.first().map(|region| behind(kind, region, "")));
    }
    out
}

/// The context of a request for a foundation model: it belongs to AWS, so no condition that wants it in an account or
/// organisation of one's own is ever met.
fn of_aws() -> Context {
    let mut context = Context::open();
    for key in ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"] {
        context.set_absent(key);
    }
    context
}

/// The finding of one statement: the first action and call with which it lets an unlisted model run.
fn open_statement(standing: &Standing, held: &Held, statement: &Statement, regions: &[String]) -> Option<Value> {
    let mut regions = regions.to_vec();
    regions.extend(own_regions(statement).map(str::to_owned));
    let calls = calls(standing, &regions);
    let mut doubt = None;
    for action in ACTIONS {
        if !ask::grants(statement, action) {
            continue;
        }
        for call in &calls {
            let request = Request::new(standing.who.clone(), action, &call.model, None, call.context.clone());
            if statement.applies(&request) == Truth::False {
                continue;
            }
            match open_call(standing, action, call) {
                Answer::Yes(witness) => return grant(held, statement, action, call, &witness),
                Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
                Answer::No => {}
            }
        }
    }
    doubt
}

/// Whether the call goes through, the profile's leg included.
fn open_call(standing: &Standing, action: &str, call: &Call) -> Answer {
    let ended = ask::can_as(standing, action, Ask::of(Resources::One(call.model.clone()), call.context.clone()));
    let (Some((profile, region)), Answer::Yes(_)) = (&call.profile, &ended) else { return ended };
    let mut context = Context::open();
    context.set_absent("bedrock:InferenceProfileArn");
    context.set("aws:RequestedRegion", [region.as_str()]);
    match ask::can_as(standing, action, Ask::of(Resources::One(profile.clone()), context)) {
        Answer::Yes(_) => ended,
        other => other,
    }
}

fn grant(held: &Held, statement: &Statement, action: &str, call: &Call, witness: &ask::Witness) -> Option<Value> {
    let matcher = statement.resource.as_ref()?;
    let at = ask::places(held, matcher, &call.model);
    let covering = matcher.patterns.iter().filter(|p| matcher.negated || p.matches(&call.model, &call.context) != Truth::False);
    let texts: Vec<&str> = covering.map(|p| &*p.text).collect();
    let resource = if matcher.negated { format!("NotResource: {}", texts.join(", ")) } else { texts.join(", ") };
    let fields = vec![
        ("policy", Value::str(&*held.name)),
        ("action", Value::str(action)),
        ("resource", Value::str(resource)),
        ("witness", Value::str(witness.line())),
    ];
    Some(Value::object(fields, at))
}

/// The Regions that the statement's own resources name.
fn own_regions(statement: &Statement) -> impl Iterator<Item = &str> {
    let patterns = statement.resource.iter().filter(|m| !m.negated).flat_map(|m| &m.patterns);
    let regions = patterns.filter_map(|p| p.text.split(':').nth(3));
    regions.filter(|region| !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}
