//! The SCP that a scope's posture calls for.
//!
//! In: a plan. Out: Deny statements, to stand beside `FullAWSAccess`. Never: an Allow; an exemption that the scope does not declare.
//! Sources: Amazon Bedrock User Guide, "Global cross-Region inference" (the legs and their Regions), "Data retention", "API keys";
//! Service Authorization Reference.

use crate::access::guard::questions::{self, INVOKE};
use crate::config::SERVICES;

use super::plan::Plan;
use super::statement::Statement;

/// Actions of `bedrock` that hand prompts or documents to a model which the request's resource does not bind: jobs, tools and services
/// that choose the model or the Region themselves.
pub(super) const UNBOUND: [&str; 13] = [
    "bedrock:CreateAdvancedPromptOptimizationJob",
    "bedrock:CreateEvaluationJob",
    "bedrock:CreateModelCopyJob",
    "bedrock:CreateModelEvaluationJob",
    "bedrock:CreateModelInvocationJob",
    "bedrock:GenerateQuery",
    "bedrock:InvokeBlueprintOptimizationAsync",
    "bedrock:InvokeBlueprintRecommendationAsync",
    "bedrock:InvokeBuilder",
    "bedrock:InvokeDataAutomation",
    "bedrock:InvokeDataAutomationAsync",
    "bedrock:InvokeTool",
    "bedrock:OptimizePrompt",
];

/// Actions that weaken what watches and holds inference.
pub(super) fn controls() -> impl Iterator<Item = &'static str> {
    questions::CONTROLS.iter().map(|(action, _)| *action)
}

/// What an IAM service-specific credential may be for, beside Bedrock and Claude Platform: the services that had it before them.
pub(super) const OTHER_CREDENTIALS: [&str; 2] = ["cassandra.amazonaws.com", "codecommit.amazonaws.com"];

pub(super) fn statements(plan: &Plan) -> Vec<Statement> {
    let family = |prefix: &str| format!("{prefix}:*");
    let (approved, closed): (Vec<&str>, Vec<&str>) = SERVICES.iter().partition(|prefix| plan.serves(prefix));
    let mut out = vec![
        Statement::deny("BedrockOnlyInApprovedRegions", std::iter::once("bedrock").chain(approved).map(family)).when(
            "StringNotEquals",
            "aws:RequestedRegion",
            plan.requested_regions(),
        ),
        Statement::deny("OtherInferenceServices", std::iter::once("aws-external-anthropic").chain(closed).map(family)),
        Statement::deny("OnlyApprovedModels", ["bedrock:InvokeModel*", "bedrock:CreateInferenceProfile"])
            .but_on(invocable(plan, "*")),
        Statement::deny("ModelsThatTheCallerCannotBind", UNBOUND),
        api_keys(),
        Statement::deny("NoDataRetention", ["bedrock:PutAccountDataRetention"]).when(
            "StringNotEquals",
            "bedrock:DataRetentionMode",
            ["none"],
        ),
        only_security(plan),
    ];
    if !plan.bearer_tokens {
        out.insert(4, bearer_tokens(plan));
    }
    if plan.serves("bedrock-mantle") {
        out.extend(mantle(plan));
    }
    if plan.require_guardrail {
        out.push(Statement::deny("OnlyWithApprovedGuardrail", INVOKE).on(vec![plan.model("*", "*")]).when(
            "StringNotLike",
            "bedrock:GuardrailIdentifier",
            plan.guardrails.clone(),
        ));
    }
    out
}

/// All that may be invoked, profiles in this account. Where the posture keeps a call in its Region, no profile is in it.
pub(super) fn invocable(plan: &Plan, account: &str) -> Vec<String> {
    let regions = || plan.regions.iter().map(String::as_str);
    let leg = plan.global().then_some("");
    let mut out = plan.models_in(regions().chain(leg));
    if plan.profiles() {
        let prefixes = plan.areas.iter().copied().chain(plan.global().then_some("global"));
        for prefix in prefixes {
            let sources: Vec<&str> = if prefix == "global" { regions().collect() } else { plan.sources(prefix).collect() };
            let each = sources.into_iter().flat_map(|region| plan.models.iter().map(move |id| (region, id)));
            out.extend(each.map(|(region, id)| plan.profile(region, account, &format!("{prefix}.{id}"))));
        }
        // The model legs behind an application profile are asked too, so that it opens nothing by itself.
        out.extend(regions().map(|region| plan.application_profile(region, account, "*")));
    }
    out
}

fn bearer_tokens(plan: &Plan) -> Statement {
    let mantle = plan.serves("bedrock-mantle").then_some("bedrock-mantle:CallWithBearerToken");
    Statement::deny("NoBearerTokens", std::iter::once("bedrock:CallWithBearerToken").chain(mantle))
}

/// A key for any service but the older ones; a request that names no service is denied too.
fn api_keys() -> Statement {
    Statement::deny("NoLongTermApiKeys", ["iam:CreateServiceSpecificCredential"]).when(
        "StringNotEquals",
        "iam:ServiceSpecificCredentialServiceName",
        OTHER_CREDENTIALS,
    )
}

fn only_security(plan: &Plan) -> Statement {
    let statement = Statement::deny("ControlsOnlyBySecurity", controls());
    if plan.security.is_empty() {
        return statement;
    }
    statement.when("ArnNotLike", "aws:PrincipalArn", plan.security.clone())
}

/// What a scope that approves mantle has to hold there.
fn mantle(plan: &Plan) -> [Statement; 2] {
    let inference = ["bedrock-mantle:CreateFineTuningJob", "bedrock-mantle:CreateInference"];
    let retention = ["bedrock-mantle:CreateProject", "bedrock-mantle:PutAccountDataRetention", "bedrock-mantle:UpdateProject"];
    [
        Statement::deny("MantleOnlyApprovedModels", inference).when("StringNotLike", "bedrock-mantle:Model", plan.models.clone()),
        Statement::deny("MantleNoDataRetention", retention).when("StringNotEquals", "bedrock-mantle:DataRetentionMode", ["none"]),
    ]
}
