//! Global inference profiles: can a principal run a model through one, all legs of the call considered?
//!
//! A call of `global.X` from a Region R is authorised on three legs: the profile in R, the model in R, and the model without a
//! Region, where `aws:RequestedRegion` is `unspecified`. A denial of any closes it. An application profile whose source is global
//! has the same model legs behind its own ARN. Source: Amazon Bedrock User Guide, "Global cross-Region inference".
//! Where some leg is open for something but no model is known for which all are, the answer is unknown.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ask::{self, Answer, Ask};
use super::principals::{Principals, Standing, mark_node};
use crate::catalog::models;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One way to run a model through a global profile.
pub(super) const PATH: ObjectType = ObjectType {
    name: "global-path",
    fields: &[
        ("profile", "string", "the ARN of the inference profile that is called"),
        ("model", "string", "the id of the model that runs"),
        ("source", "string", "the Region that the call is made in"),
        ("application", "bool", "whether it is an application profile made from a global one"),
        ("witness", "string", "the requests of the three legs"),
    ],
};

const DOC: &str = "One element for each Region of the scope, and each application profile, from which the principal can run a model through a global inference profile: what is sent may be processed in any commercial Region.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "global_paths", ty: "list<object:global-path>", doc: DOC, compute: paths }
}

pub(super) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

const ACTION: &str = "bedrock:InvokeModel";

fn paths(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let asker = Asker { standing };
    // The leg that only global calls have: where it is closed for every model, so is every way.
    let anything = format!("arn:{}:bedrock:::foundation-model/*", standing.partition);
    match asker.leg_open(&anything, UNSPECIFIED, None) {
        Answer::No => return Value::list(Vec::new()),
        Answer::Undecided(why) => return Value::list(vec![Value::Unknown(why)]),
        Answer::Yes(_) => {}
    }
    let known = model_ids(world, standing);
    let mut out = Vec::new();
    for region in &world.scope_of(principal).approved_regions {
        let found: Vec<Value> = accounts(standing).iter().filter_map(|account| asker.system(region, account, &known)).collect();
        let sure = found.iter().find(|path| matches!(path, Value::Object(_)));
        out.extend(sure.or(found.first()).cloned());
    }
    out.extend(application_profiles(world, standing).into_iter().filter_map(|(arn, model)| asker.application(&arn, &model)));
    Value::list(out)
}

/// `aws:RequestedRegion` on the leg without a Region.
const UNSPECIFIED: &str = "unspecified";

/// The accounts in whose profiles a call may be made: the principal's own; for a policy file those that it spells out, too.
fn accounts(standing: &Standing) -> BTreeSet<String> {
    let mut out = BTreeSet::from([standing.account.to_string()]);
    if standing.is_policy_file() {
        let statements = standing.identity.iter().flat_map(|held| &held.policy.statements);
        let patterns = statements.filter_map(|s| s.resource.as_ref()).flat_map(|m| &m.patterns);
        let spelled = patterns.filter_map(|p| p.text.split(':').nth(4));
        out.extend(spelled.filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned));
    }
    out
}

/// Ids of models that a global profile may be made of: those that the account lists, those that the policies spell out, and those
/// of the dated table.
fn model_ids(world: &World, standing: &Standing) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = models::all().iter().filter(|m| m.current).map(|m| m.id.to_owned()).collect();
    let listed = match standing.is_policy_file() {
        true => world.facts.of_kind("inference-profile"),
        false => world.facts.of_kind_in("inference-profile", &standing.account),
    };
    let listed = listed.iter().filter_map(|id| world.facts.get(*id));
    out.extend(listed.filter_map(|f| f.key.strip_prefix("global.")).map(str::to_owned));
    let statements = standing.identity.iter().flat_map(|held| &held.policy.statements);
    let patterns = statements.filter_map(|s| s.resource.as_ref()).flat_map(|m| &m.patterns);
    let spelled = patterns.filter_map(|p| p.text.rsplit_once('/').map(|(_, id)| id.strip_prefix("global.").unwrap_or(id)));
    out.extend(spelled.filter(|id| !id.contains(WILD)).map(str::to_owned));
    out
}

/// What makes a resource's text stand for more than itself.
const WILD: [char; 3] = ['*', '?', '$'];

/// Whether the policies spell out each model whose leg without a Region they may grant: then the known ids are all there are.
fn spells_all_out(standing: &Standing) -> bool {
    let granting = standing.identity.iter().flat_map(|held| &held.policy.statements).filter(|s| ask::grants(s, ACTION));
    let spelled = |text: &str| {
        let region = text.split(':').nth(3).unwrap_or_default();
        !text.contains(WILD) || (!region.is_empty() && !region.contains(WILD) && text.starts_with("arn:"))
    };
    standing.missing.is_empty()
        && granting
            .into_iter()
            .all(|s| s.resource.as_ref().is_none_or(|m| !m.negated && m.patterns.iter().all(|p| spelled(&p.text))))
}

/// The account's application profiles whose source is global: ARN and model.
fn application_profiles(world: &World, standing: &Standing) -> Vec<(String, String)> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for &profile in facts.of_kind_in("inference-profile", &standing.account) {
        if facts.text_at(profile, &["type"]).ok().flatten().as_deref() != Some("APPLICATION") {
            continue;
        }
        let arn = facts.text_at(profile, &["inferenceProfileArn"]).ok().flatten();
        let models = facts.list_in(&Value::Fact(profile), &["models"]).unwrap_or_default();
        let ids = models.iter().filter_map(|m| facts.text_in(m, &["modelArn"]).ok().flatten());
        let global = ids.into_iter().find_map(|id| id.split_once(":bedrock:::foundation-model/").map(|(_, id)| id.to_owned()));
        out.extend(arn.zip(global));
    }
    out
}

struct Asker<'s> {
    standing: &'s Standing,
}

impl Asker<'_> {
    /// Whether a leg is open on a resource (a glob) in a Region, through a profile.
    fn leg_open(&self, resource: &str, region: &str, profile: Option<&str>) -> Answer {
        let mut context = Context::open();
        context.set("aws:RequestedRegion", [region]);
        if let Some(profile) = profile {
            context.set("bedrock:InferenceProfileArn", [profile]);
        }
        let resources = if resource.contains('*') {
            Resources::Matching { within: vec![resource.to_owned()], outside: Vec::new(), examples: Vec::new() }
        } else {
            Resources::One(resource.to_owned())
        };
        ask::can_as(self.standing, ACTION, Ask::of(resources, context))
    }

    /// The system-defined profiles, called in `region`: the first model for which all legs are open.
    fn system(&self, region: &str, account: &str, known: &BTreeSet<String>) -> Option<Value> {
        let partition = &self.standing.partition;
        let profile = |id: &str| format!("arn:{partition}:bedrock:{region}:{account}:inference-profile/global.{id}");
        let any_profile = match self.leg_open(&profile("*"), region, None) {
            Answer::No => return None,
            open => open,
        };
        for model in known {
            if let Some(path) = self.path(&profile(model), model, region, false) {
                return Some(path);
            }
        }
        if let Answer::Undecided(why) = any_profile {
            return Some(Value::Unknown(why));
        }
        if spells_all_out(self.standing) {
            return None;
        }
        let model_leg = self.leg_open(&format!("arn:{partition}:bedrock:{region}::foundation-model/*"), region, None);
        let text = "each leg of a global profile is open for something, and no model is known for which all are";
        (!matches!(model_leg, Answer::No)).then(|| Value::Unknown(Why::new(Reason::Undecided, text)))
    }

    fn application(&self, arn: &str, model: &str) -> Option<Value> {
        let region = arn.split(':').nth(3).unwrap_or_default();
        self.path(arn, model, region, true)
    }

    /// All three legs of one profile and model.
    fn path(&self, profile: &str, model: &str, region: &str, application: bool) -> Option<Value> {
        let partition = &self.standing.partition;
        let own = format!("arn:{partition}:bedrock:{region}::foundation-model/{model}");
        let global = format!("arn:{partition}:bedrock:::foundation-model/{model}");
        let legs =
            [(profile, region, None), (own.as_str(), region, Some(profile)), (global.as_str(), UNSPECIFIED, Some(profile))];
        let mut doubt: Option<Arc<Why>> = None;
        let mut lines = Vec::new();
        for (resource, region, through) in legs {
            match self.leg_open(resource, region, through) {
                Answer::Yes(witness) => lines.push(witness.line()),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => return None,
            }
        }
        if let Some(why) = doubt {
            return Some(Value::Unknown(why));
        }
        let fields = vec![
            ("profile", Value::str(profile)),
            ("model", Value::str(model)),
            ("source", Value::str(region)),
            ("application", Value::Bool(application)),
            ("witness", Value::str(lines.join("; "))),
        ];
        Some(Value::object(fields, self.granting(&global)))
    }

    /// The texts that grant the leg without a Region, the one to close.
    fn granting(&self, resource: &str) -> Vec<NodeId> {
        let context = Context::open();
        let mut out = Vec::new();
        for held in &self.standing.identity {
            for statement in held.policy.statements.iter().filter(|s| ask::grants(s, ACTION)) {
                let Some(matcher) = &statement.resource else { continue };
                if matcher.covers(resource, &context) == Truth::False {
                    continue;
                }
                let places = ask::places(held, matcher, resource);
                out.extend(if places.is_empty() { mark_node(&held.policy, matcher.mark).into_iter().collect() } else { places });
            }
        }
        out.dedup();
        out
    }
}
