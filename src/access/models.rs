//! Grants of every model: InvokeModel on `*`, or on a pattern that matches any foundation model.
//!
//! Asked with a model that nobody lists: who may run that one may run any. A statement that binds the model leg to an
//! inference profile (`bedrock:InferenceProfileArn`) is asked with a profile that nobody lists, and without one.

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
    regions.extend(["us-east-1".to_owned(), String::new()]);
    let models: Vec<String> = regions
        .iter()
        .map(|region| format!("arn:{}:bedrock:{region}::foundation-model/{UNLISTED}", standing.partition))
        .collect();
    let contexts = contexts(standing);
    let mut out = Vec::new();
    for held in &standing.identity {
        for statement in &held.policy.statements {
            out.extend(open_statement(standing, held, statement, &models, &contexts));
        }
    }
    if out.is_empty() {
        out.extend(ACTIONS.iter().find_map(|action| ask::unknown_grant(standing, action)).map(Value::Unknown));
    }
    Value::list(out)
}

/// A call of the bare model, and one through a profile that no list would name.
fn contexts(standing: &Standing) -> [Context; 2] {
    let (mut direct, mut profile) = (Context::open(), Context::open());
    direct.set_absent("bedrock:InferenceProfileArn");
    let arn = format!("arn:{}:bedrock:us-east-1:{}:application-inference-profile/unlisted", standing.partition, standing.account);
    profile.set("bedrock:InferenceProfileArn", [arn]);
    [direct, profile]
}

/// The finding of one statement: the first action, model and context with which it lets an unlisted model run.
fn open_statement(
    standing: &Standing,
    held: &Held,
    statement: &Statement,
    models: &[String],
    contexts: &[Context],
) -> Option<Value> {
    let own: Vec<String> = own_regions(statement)
        .map(|region| format!("arn:{}:bedrock:{region}::foundation-model/{UNLISTED}", standing.partition))
        .collect();
    for action in ACTIONS {
        if !ask::granting(held, action).any(|s| s.mark == statement.mark) {
            continue;
        }
        for model in models.iter().chain(&own) {
            for context in contexts {
                let request = Request::new(standing.who.clone(), action, model, None, context.clone());
                if statement.applies(&request) == Truth::False {
                    continue;
                }
                let asked = Ask::of(Resources::One(model.clone()), context.clone());
                let witness = match ask::can_as(standing, action, asked) {
                    Answer::Yes(witness) => witness,
                    Answer::Undecided(why) => return Some(Value::Unknown(why)),
                    Answer::No => continue,
                };
                let matcher = statement.resource.as_ref()?;
                let at = ask::places(held, matcher, model);
                let covering = matcher.patterns.iter().filter(|p| matcher.negated || p.matches(model, context) != Truth::False);
                let texts: Vec<&str> = covering.map(|p| &*p.text).collect();
                let resource = if matcher.negated { format!("NotResource: {}", texts.join(", ")) } else { texts.join(", ") };
                let fields = vec![
                    ("policy", Value::str(&*held.name)),
                    ("action", Value::str(action)),
                    ("resource", Value::str(resource)),
                    ("witness", Value::str(witness.line())),
                ];
                return Some(Value::object(fields, at));
            }
        }
    }
    None
}

/// The Regions that the statement's own resources name.
fn own_regions(statement: &Statement) -> impl Iterator<Item = &str> {
    let patterns = statement.resource.iter().filter(|m| !m.negated).flat_map(|m| &m.patterns);
    let regions = patterns.filter_map(|p| p.text.split(':').nth(3));
    regions.filter(|region| !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}
