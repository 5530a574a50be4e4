//! The calls that a scope approves, and those that it does not, beyond the questions that every guard is asked.
//!
//! In: a plan. Out: cases for the proof. Never: a case whose answer is read off the policy; each is a class of requests.

use crate::access::guard::questions::{INVOKE, UNSPECIFIED};
use crate::catalog::{actions, models};
use crate::config::SERVICES;

use super::allow::Callers;
use super::plan::{Plan, Way, example, known};
use super::proof::{Case, Leg};
use super::scp::UNBOUND;

const PROFILE: &str = "bedrock:InferenceProfileArn";

/// The approved models by each way, every leg of each call.
pub(super) fn approved(plan: &Plan, ways: &[Way]) -> Vec<Case> {
    let mut out = Vec::new();
    for way in ways {
        for pattern in &plan.models {
            match way {
                Way::Direct => out.push(direct(plan, pattern)),
                Way::Geographic => out.extend(plan.areas.iter().flat_map(|area| geographic(plan, area, pattern))),
                Way::Global => out.push(global(plan, pattern)),
            }
        }
    }
    out
}

fn shown(pattern: &str) -> String {
    if pattern == "*" { "any model".to_owned() } else { format!("`{pattern}`") }
}

fn direct(plan: &Plan, pattern: &str) -> Case {
    let id = example(pattern);
    let each = plan.regions.iter().flat_map(|region| INVOKE.map(|action| (region, action)));
    let ways = each.map(|(region, action)| vec![Leg::one(action, plan.model(region, &id), region).with::<&str>(PROFILE, [])]);
    let mut case = Case::open(format!("{} by its own id in {}", shown(pattern), plan.regions.join(", ")), ways.collect());
    case.remark = not_offered(plan, pattern);
    case
}

/// Where the dated table says that none of the models that the pattern means runs in the Region of the call.
pub(super) fn not_offered(plan: &Plan, pattern: &str) -> Option<String> {
    let runs_in = |region: &str| {
        let offers: Vec<_> = known(pattern).map(|model| models::offer(model, region)).collect();
        let nowhere =
            offers.iter().all(|offer| offer.is_some_and(|offer| offer.in_region == Some(false) || offer.in_region.is_none()));
        offers.is_empty() || !nowhere
    };
    let without: Vec<&str> = plan.regions.iter().map(String::as_str).filter(|region| !runs_in(region)).collect();
    let text = format!("AWS does not run it in {} (table of {})", without.join(", "), models::DATE);
    (!without.is_empty()).then_some(text)
}

/// The legs of a call through a profile: the profile where it is called, the model in each place where it may run.
fn legs(plan: &Plan, action: &str, profile: &str, source: &str, id: &str, places: &[&str]) -> Vec<Leg> {
    let first = Leg::one(action, profile.to_owned(), source).with::<&str>(PROFILE, []);
    let model = |place: &&str| {
        let region = if *place == UNSPECIFIED { "" } else { place };
        Leg::one(action, plan.model(region, id), place).with(PROFILE, [profile])
    };
    std::iter::once(first).chain(places.iter().map(model)).collect()
}

/// From each source: the call is to pass where every destination is approved, else not. Nothing where the table does not say.
fn geographic(plan: &Plan, area: &str, pattern: &str) -> Vec<Case> {
    let id = example(pattern);
    let (mut inside, mut leaving) = (Vec::new(), Vec::new());
    let (mut sources, mut leaks) = (Vec::new(), Vec::new());
    for source in plan.sources(area) {
        let Some(places) = Plan::destinations(area, pattern, source) else { continue };
        let profile = plan.profile(source, plan.account(), &format!("{area}.{id}"));
        let calls = INVOKE.map(|action| legs(plan, action, &profile, source, &id, &places));
        let outside: Vec<&str> = places.iter().copied().filter(|place| !plan.approves(place)).collect();
        if outside.is_empty() {
            inside.extend(calls);
            sources.push(source);
        } else {
            leaving.extend(calls);
            leaks.push(format!("{source} (may run in {})", outside.join(", ")));
        }
    }
    let mut out = Vec::new();
    if !sources.is_empty() {
        let text = format!("{} by its `{area}.` profile from {}", shown(pattern), sources.join(", "));
        out.push(Case::open(text, inside));
    }
    if !leaks.is_empty() {
        let question = format!("{} by its `{area}.` profile from {}", shown(pattern), leaks.join(", "));
        out.push(Case { question, open: false, ways: leaving, remark: None });
    }
    out
}

fn global(plan: &Plan, pattern: &str) -> Case {
    let id = example(pattern);
    let mut ways = Vec::new();
    for source in &plan.regions {
        let profile = plan.profile(source, plan.account(), &format!("global.{id}"));
        ways.extend(INVOKE.map(|action| legs(plan, action, &profile, source, &id, &[source.as_str(), UNSPECIFIED])));
    }
    Case::open(format!("{} by its `global.` profile from {}", shown(pattern), plan.regions.join(", ")), ways)
}

/// Application profiles, which the posture lets a call use.
pub(super) fn application(plan: &Plan) -> Vec<Case> {
    if !plan.profiles() {
        return Vec::new();
    }
    let call = |pattern: &String| {
        let id = example(pattern);
        let each = plan.regions.iter().flat_map(|region| INVOKE.map(|action| (region, action)));
        let call = |(source, action): (&String, &str)| {
            let profile = plan.application_profile(source, plan.account(), "example");
            legs(plan, action, &profile, source, &id, &[source.as_str()])
        };
        Case::open(format!("{} by an application profile made from it", shown(pattern)), each.map(call).collect())
    };
    plan.models.iter().map(call).collect()
}

/// What an SCP of this scope closes, beyond what every guard is asked about.
pub(super) fn closed_by_scp(plan: &Plan) -> Vec<Case> {
    let mut out = profiles_closed(plan);
    out.push(other_kinds(plan));
    out.push(Case::closed(
        "batch jobs, evaluations, data automation and other actions that choose the model themselves",
        UNBOUND.map(Leg::anything),
    ));
    for prefix in SERVICES.into_iter().filter(|prefix| !plan.serves(prefix)) {
        let mut case = Case::closed(format!("any `{prefix}` action, anywhere"), whole(prefix));
        case.remark = Some("to leave it open in the approved Regions, name it in approved_services".to_owned());
        out.push(case);
    }
    out.push(Case::closed("Claude Platform on AWS (`aws-external-anthropic`), anywhere", whole("aws-external-anthropic")));
    if !plan.bearer_tokens {
        let calls =
            ["bedrock", "bedrock-mantle", "aws-external-anthropic"].map(|p| Leg::anything(&format!("{p}:CallWithBearerToken")));
        out.push(Case::closed("a call with a bearer token (API key)", calls));
    }
    out.extend(without_guardrail(plan));
    out
}

/// Every action of a prefix, and one that AWS may add.
fn whole(prefix: &str) -> Vec<Leg> {
    let known = actions::of_prefix(prefix).iter().map(|action| action.name);
    known.chain(["ActionOfTomorrow"]).map(|name| Leg::anything(&format!("{prefix}:{name}"))).collect()
}

/// The action on each thing of a kind that the account has in an approved Region. An id holds no `:`.
fn of_kind(plan: &Plan, action: &str, kind: &str) -> Vec<Leg> {
    let in_region = |region: &String| {
        let arn = format!("arn:{}:bedrock:{region}:{}:{kind}/*", plan.partition, plan.account());
        Leg::matching(action, vec![arn.clone()], vec![format!("{arn}:*")]).with("aws:RequestedRegion", [region.as_str()])
    };
    plan.regions.iter().map(in_region).collect()
}

/// The action on each foundation model: in the approved Regions, and without a Region where the posture has that leg. An id holds
/// no `/`.
fn on_models(plan: &Plan, action: &str) -> Vec<Leg> {
    let leg = plan.global().then_some(("", UNSPECIFIED));
    let places = plan.regions.iter().map(|region| (region.as_str(), region.as_str())).chain(leg);
    places.map(|(region, requested)| on_models_in(plan, action, region).with("aws:RequestedRegion", [requested])).collect()
}

fn on_models_in(plan: &Plan, action: &str, region: &str) -> Leg {
    Leg::matching(action, vec![plan.model(region, "*")], vec![plan.model(region, "*/*")])
}

/// For both actions that invoke.
fn invoking(legs: impl Fn(&str) -> Vec<Leg>) -> Vec<Leg> {
    INVOKE.iter().flat_map(|action| legs(action)).collect()
}

/// The profiles that the posture does not let a call use.
fn profiles_closed(plan: &Plan) -> Vec<Case> {
    let mut out = Vec::new();
    if !plan.profiles() {
        let legs = invoking(|action| of_kind(plan, action, "inference-profile"));
        out.push(Case::closed("a geographic or global inference profile", legs));
        let legs = invoking(|action| of_kind(plan, action, "application-inference-profile"));
        out.push(Case::closed("an application inference profile, whatever it was made from", legs));
    } else if !plan.global() {
        let behind = |action: &str, source: &String| {
            let model = on_models_in(plan, action, "").with("aws:RequestedRegion", [UNSPECIFIED]);
            model.with(PROFILE, [plan.application_profile(source, plan.account(), "example")])
        };
        let legs = invoking(|action| plan.regions.iter().map(|source| behind(action, source)).collect());
        out.push(Case::closed("an application inference profile made from a global one", legs));
    }
    out
}

/// What `InvokeModel` takes beside foundation models and profiles.
fn other_kinds(plan: &Plan) -> Case {
    let kinds = [
        "custom-model",
        "custom-model-deployment",
        "default-prompt-router",
        "imported-model",
        "marketplace",
        "prompt-router",
        "provisioned-model",
    ];
    let legs = invoking(|action| kinds.iter().flat_map(|kind| of_kind(plan, action, kind)).collect());
    Case::closed("custom, imported, provisioned and Marketplace models, and prompt routers", legs)
}

/// A model's leg with no guardrail, or one that is not approved.
fn without_guardrail(plan: &Plan) -> Option<Case> {
    let without = |leg: Leg| leg.unless("StringLike", "bedrock:GuardrailIdentifier", &plan.guardrails);
    let legs = invoking(|action| on_models(plan, action).into_iter().map(without).collect());
    plan.require_guardrail.then(|| Case::closed("an approved model without an approved guardrail in a numbered version", legs))
}

/// What an SCP must not stand in the way of.
pub(super) fn left_alone(plan: &Plan) -> Vec<Case> {
    let region = plan.regions.first().map_or("us-east-1", String::as_str);
    let other = ["s3:GetObject", "ec2:RunInstances", "dynamodb:Query"];
    let elsewhere = other.map(|action| vec![Leg::anything(action).with("aws:RequestedRegion", ["us-west-1"])]);
    let mut out = vec![Case::open("services that are not of the Bedrock family, in any Region", elsewhere.to_vec())];
    let work = ["bedrock:ApplyGuardrail", "bedrock:Retrieve", "bedrock:InvokeAgent", "bedrock:ListFoundationModels"];
    let work = work.map(|action| vec![Leg::anything(action).with("aws:RequestedRegion", [region])]);
    out.push(Case::open("guardrails, knowledge bases, agents and reading, in approved Regions", work.to_vec()));
    if let Some(pattern) = plan.security.first() {
        let arn = pattern.replace(['*', '?'], "1");
        let change = |action: &str| {
            vec![Leg::anything(action).with("aws:PrincipalArn", [arn.clone()]).with("aws:RequestedRegion", [region])]
        };
        let actions = super::scp::controls().filter(|action| !action.starts_with("kms:"));
        out.push(Case::open("changing the controls, by a security principal", actions.map(change).collect()));
    }
    out
}

/// What the least identity policy does not allow: everything but the approved calls.
pub(super) fn closed_by_identity(plan: &Plan, ways: &[Way]) -> Vec<Case> {
    let mut out = Vec::new();
    let profiles = [Way::Geographic, Way::Global].into_iter().filter(|way| ways.contains(way));
    let through: Vec<String> = profiles.flat_map(|way| super::allow::profiles(plan, way)).collect();
    if !ways.contains(&Way::Direct) {
        let alone = |leg: Leg| leg.with::<&str>(PROFILE, []);
        let legs = invoking(|action| on_models(plan, action).into_iter().map(alone).collect());
        out.push(Case::closed("a model by its own id, not through a profile", legs));
        let behind = |leg: Leg| leg.unless("ArnLike", PROFILE, &through);
        let legs = invoking(|action| on_models(plan, action).into_iter().map(behind).collect());
        out.push(Case::closed("a model through a profile that is not listed", legs));
    }
    if through.is_empty() {
        out.extend(profiles_closed(plan));
    } else {
        let kinds = ["inference-profile", "application-inference-profile"];
        let legs = invoking(|action| kinds.iter().flat_map(|kind| of_kind(plan, action, kind)).collect());
        let legs = legs.into_iter().map(|leg| leg.outside(&through));
        out.push(Case::closed("an inference profile that is not listed", legs));
    }
    out.push(other_kinds(plan));
    out.extend(without_guardrail(plan));
    out.extend(outside_endpoint(plan, &through, ways));
    out.push(every_other_action(plan.require_guardrail));
    out
}

/// The first leg of each call, not through an approved endpoint; without it no call goes through.
fn outside_endpoint(plan: &Plan, profiles: &[String], ways: &[Way]) -> Option<Case> {
    let elsewhere = |leg: Leg| leg.with::<&str>(PROFILE, []).unless("StringLike", "aws:SourceVpce", &plan.endpoints);
    let first = |action: &str| {
        let mut legs: Vec<Leg> = profiles.iter().map(|arn| Leg::matching(action, vec![arn.clone()], Vec::new())).collect();
        if ways.contains(&Way::Direct) {
            legs.extend(on_models(plan, action));
        }
        legs.into_iter().map(elsewhere).collect()
    };
    let legs = invoking(first);
    (!plan.endpoints.is_empty()).then(|| Case::closed("an approved call that does not come through an approved endpoint", legs))
}

/// Actions that no policy which only invokes may allow.
fn every_other_action(guardrail: bool) -> Case {
    let family = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"];
    let granted = |name: &str| INVOKE.contains(&name) || (guardrail && name == "bedrock:ApplyGuardrail");
    let known = family.iter().flat_map(|prefix| whole(prefix)).filter(|leg| !granted(&leg.action));
    let controls = super::scp::controls().filter(|action| !action.starts_with("kms:")).map(Leg::anything);
    let others =
        ["iam:CreateServiceSpecificCredential", "iam:PassRole", "sts:AssumeRole", "s3:GetObject", "aws-marketplace:Subscribe"];
    Case::closed("every other action", known.chain(controls).chain(others.into_iter().map(Leg::anything)))
}

/// What the endpoint's policy does not let through.
pub(super) fn closed_by_endpoint(plan: &Plan, callers: &Callers) -> Vec<Case> {
    let test = callers.test();
    let strangers = INVOKE.map(|action| {
        let mut leg = Leg::anything(action).unless(test.operator, test.key, &test.values);
        if test.key == "aws:PrincipalAccount" {
            leg = leg.present("aws:PrincipalAccount");
        }
        leg
    });
    let mut out = vec![Case::closed("any call by a principal of another account or organisation", strangers)];
    out.extend(profiles_closed(plan));
    out.push(other_kinds(plan));
    out.push(every_other_action(true));
    out
}
