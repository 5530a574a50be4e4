//! Policies of VPC endpoints: who else can use the private way, and for what more than the workloads need.
//!
//! In: an endpoint for Bedrock. Out: names in its policy by which strangers use it with credentials of their own, and whether it lets
//! every action or every model through; each decided over all requests. Never: a policy called narrow because of how it looks.

use super::super::ask::{self, Answer, Ask};
use super::super::endpoint::resources;
use super::super::through::policy_of;
use super::shared::Asker;
use super::trust::everything;
use crate::access::Endpoint;
use crate::catalog::actions;
use crate::facts::{FactId, Value};
use crate::iam::decide::PolicySet;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// What an endpoint's policy leaves open.
pub(in super::super) const OPENING: ObjectType = ObjectType {
    name: "endpoint-opening",
    fields: &[
        ("what", "string", "`every action`, `every model`, or both"),
        ("witness", "string", "a request that goes through and that no narrow policy would let through"),
    ],
};

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "vpc-endpoint",
        name: "policy_openings",
        ty: "list<object:endpoint-opening>",
        doc: "One element where the policy of an endpoint for Bedrock lets a principal of its account that no statement names do every action of the service, or run every model.",
        compute: openings,
    },
    Derived {
        kind: "vpc-endpoint",
        name: "grants_to_strangers",
        ty: "list<object:stranger-grant>",
        doc: "One element for each name in the policy of an endpoint for Bedrock that lets everybody, or an account outside the organisation and `trusted_accounts`, run inference on what is theirs or AWS's, with credentials of their own.",
        compute: strangers,
    },
];

/// An action and a model that no policy names.
const UNNAMED_ACTION: &str = "ActionThatNobodyNames";
const UNNAMED_MODEL: &str = "arn:aws:bedrock:us-east-1::foundation-model/nobody.names-this-model-v1:0";

/// The part of the service's name after the Region; `None` for another service than Bedrock.
fn service(world: &World, endpoint: FactId) -> Option<String> {
    let name = world.facts.text_at(endpoint, &["ServiceName"]).ok().flatten()?;
    let (_, service) = name.strip_prefix("com.amazonaws.")?.split_once('.')?;
    (service == "bedrock" || service.starts_with("bedrock-")).then(|| service.to_owned())
}

/// The prefix of the actions that go over an endpoint.
fn prefix(service: &str) -> &'static str {
    match service {
        "bedrock-mantle" => "bedrock-mantle",
        service if service.starts_with("bedrock-agentcore") => "bedrock-agentcore",
        _ => "bedrock",
    }
}

/// What goes through the endpoint at all, as context keys.
fn through(world: &World, endpoint: FactId, mut context: Context) -> Context {
    context.set("aws:SourceVpce", [world.facts.get(endpoint).map(|f| f.key.to_string()).unwrap_or_default()]);
    if let Ok(Some(vpc)) = world.facts.text_at(endpoint, &["VpcId"]) {
        context.set("aws:SourceVpc", [vpc]);
    }
    context
}

fn openings(world: &World, endpoint: FactId) -> Value {
    let Some(service) = service(world, endpoint) else { return Value::list(Vec::new()) };
    let (policy, node) = match policy_of(world, endpoint) {
        Ok(found) => found,
        Err(why) => return Value::Unknown(why),
    };
    let account = world.facts.get(endpoint).and_then(|f| f.account.clone()).unwrap_or_default();
    let Ok(who) = Principal::parse(&format!("arn:aws:iam::{account}:role/role-that-nobody-names")) else {
        return Value::list(Vec::new());
    };
    let unnamed = format!("{}:{UNNAMED_ACTION}", prefix(&service));
    let mut asked = Vec::new();
    if service == Endpoint::Runtime.service() {
        asked.push(("every model", "bedrock:InvokeModel", vec![UNNAMED_MODEL.to_owned()]));
    }
    asked.push(("every action", unnamed.as_str(), Vec::new()));
    let policies = PolicySet { identity: vec![everything()], endpoint: vec![&policy.policy], ..PolicySet::default() };
    let (mut open, mut first, mut doubts) = (Vec::new(), None, Vec::new());
    for (what, action, within) in asked {
        let resources = Resources::Matching { examples: within.clone(), within, outside: Vec::new() };
        let mut ask = Ask::of(resources, through(world, endpoint, Context::open()));
        ask.resource_account = Some(account.clone());
        match ask::answer(&policies, who.clone(), action, ask) {
            Answer::Yes(witness) => {
                open.push(what);
                first.get_or_insert_with(|| witness.line());
            }
            Answer::Undecided(why) => doubts.push(Value::Unknown(why)),
            Answer::No => {}
        }
    }
    let found = first.map(|witness| {
        let fields = vec![("what", Value::str(open.join(" and "))), ("witness", Value::str(witness))];
        Value::object(fields, vec![node])
    });
    Value::list(found.into_iter().chain(doubts).collect())
}

fn strangers(world: &World, endpoint: FactId) -> Value {
    let Some(service) = service(world, endpoint) else { return Value::list(Vec::new()) };
    let (policy, _) = match policy_of(world, endpoint) {
        Ok(found) => found,
        Err(why) => return Value::Unknown(why),
    };
    let own = world.facts.get(endpoint).and_then(|f| f.account.clone()).unwrap_or_default();
    let put = |who: Principal, action: &str, context: Context| {
        let account = who.account().unwrap_or_default().to_owned();
        let policies = PolicySet { identity: vec![everything()], endpoint: vec![&policy.policy], ..PolicySet::default() };
        // What belongs to the stranger, or to AWS: of what is ours the policies of the resources decide.
        let (within, examples) = resources("aws", &account, action, "*");
        let resources = Resources::Matching { within, outside: vec![format!("arn:*:{own}:*")], examples };
        let mut asked = Ask::of(resources, through(world, endpoint, context));
        asked.resource_account = Some(account.into());
        ask::answer(&policies, who, action, asked)
    };
    let data = Endpoint::ALL.iter().find(|endpoint| endpoint.service() == service);
    let actions = match data {
        Some(endpoint) => endpoint.actions().iter().map(|action| (*action).to_owned()).collect(),
        None => {
            let prefix = prefix(&service);
            actions::of_prefix(prefix).iter().map(|action| format!("{prefix}:{}", action.name)).collect()
        }
    };
    Value::list(Asker { world, subject: endpoint, own: &own, policy: &policy, actions, put: &put }.strangers())
}
