//! What the reader of a guard has to know that its proof does not say.
//!
//! In: a plan. Out: sentences. Never: a posture that cannot be met passed over in silence.

use crate::catalog::models;
use crate::config::SERVICES;

use super::cases::not_offered;
use super::plan::{Plan, Way, known};

pub(super) fn of_scp(plan: &Plan) -> Vec<String> {
    let mut out = unmet(plan);
    out.extend(undeclared(plan));
    if plan.security.is_empty() {
        out.push(
            "no security_principals are declared, so nobody whom the SCP binds can change the controls, nor set them up: set up invocation \
             logging, guardrails and the trail first, or declare who may"
                .to_owned(),
        );
    }
    for prefix in SERVICES.iter().filter(|prefix| plan.serves(prefix)) {
        out.push(format!("`{prefix}` is an approved service: in {} the guard leaves it open", plan.regions.join(", ")));
    }
    if plan.bearer_tokens {
        out.push("the scope says forbid_bearer_tokens = false, so calls with a bearer token are left open".to_owned());
    }
    out.extend(guardrail(plan));
    out.extend(unknown_destinations(plan));
    out.push("SCPs do not bind the management account and service-linked roles: run nothing of Bedrock there".to_owned());
    out
}

pub(super) fn of_identity(plan: &Plan, ways: &[Way]) -> Vec<String> {
    let mut out = if ways == [Way::Direct] { unmet(plan) } else { Vec::new() };
    if ways.contains(&Way::Geographic) {
        out.extend(unknown_destinations(plan));
    }
    if !plan.endpoints.is_empty() {
        out.push(
            "calls must come through the approved endpoints: calls that an AWS service makes for the role do not carry \
             `aws:SourceVpce` and fail"
                .to_owned(),
        );
    }
    out.extend(guardrail(plan));
    out
}

pub(super) fn of_endpoint(plan: &Plan) -> Vec<String> {
    let mut out = unmet(plan);
    out.extend(undeclared(plan));
    out.extend(unknown_destinations(plan));
    out.push("it is for endpoints of `bedrock-runtime`: other Bedrock endpoints carry other actions".to_owned());
    out
}

/// The posture wants what AWS does not offer.
fn unmet(plan: &Plan) -> Vec<String> {
    let no_way = |pattern: &&String| not_offered(plan, pattern).is_some() && plan.areas.is_empty() && !plan.global();
    let patterns: Vec<&String> = plan.models.iter().filter(no_way).filter(|pattern| *pattern != "*").collect();
    if patterns.is_empty() {
        return Vec::new();
    }
    let list: Vec<String> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
    let only_global = patterns
        .iter()
        .flat_map(|pattern| known(pattern))
        .any(|model| plan.regions.iter().any(|region| models::offer(model, region).is_some_and(|offer| offer.global)));
    let by = if only_global { ": from there AWS runs it through global profiles only, which the guard closes" } else { "" };
    vec![format!(
        "the posture `{}` cannot be met with {}: AWS does not run it in {} (table of {}){by}. The guard closes everything else all the \
         same; to use the model, approve another Region, or record a transfer basis and change the posture to global-with-transfer-basis",
        plan.posture.as_str(),
        list.join(", "),
        plan.regions.join(", "),
        models::DATE,
    )]
}

fn undeclared(plan: &Plan) -> Option<String> {
    (!plan.models_declared)
        .then(|| "no approved_models are declared, so any foundation model passes in the approved Regions".to_owned())
}

fn guardrail(plan: &Plan) -> Option<String> {
    plan.require_guardrail.then(|| {
        "require_guardrail = true closes models that take no guardrail too (embeddings), and what calls models without one \
         (RetrieveAndGenerate, agents)"
            .to_owned()
    })
}

/// Geographic profiles of approved models of which the dated table does not say where they route to.
fn unknown_destinations(plan: &Plan) -> Option<String> {
    let mut unknown: Vec<String> = Vec::new();
    for area in &plan.areas {
        for pattern in &plan.models {
            if plan.sources(area).any(|source| Plan::destinations(area, pattern, source).is_none()) {
                unknown.push(format!("`{area}.{pattern}`"));
            }
        }
    }
    (!unknown.is_empty()).then(|| {
        format!(
            "where {} route(s) to is not in the table of {}: the call passes only where every destination is approved, see `aws bedrock \
             get-inference-profile` in each Region",
            unknown.join(", "),
            models::DATE
        )
    })
}
