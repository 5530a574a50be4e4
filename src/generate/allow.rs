//! The policies that allow: the least identity policy that runs the approved models, and the policy of the endpoint they are called through.
//!
//! In: a plan, the ways that are wanted, whose principals. Out: Allow statements. Never: an action beside invoking (and applying the
//! guardrail); a model leg of a profile that is not bound to that profile.
//! Sources: Amazon Bedrock User Guide, "Prerequisites for inference profiles", "Guardrails: enforce by IAM condition";
//! AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint policies".

use crate::access::guard::questions::INVOKE;

use super::plan::{Plan, Way};
use super::statement::{Statement, Test};

/// What the endpoint's callers have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Callers {
    /// An organisation's id.
    Organization(String),
    /// Accounts.
    Accounts(Vec<String>),
}

impl Callers {
    pub(super) fn test(&self) -> Test {
        let (key, values) = match self {
            Self::Organization(id) => ("aws:PrincipalOrgID", vec![id.clone()]),
            Self::Accounts(accounts) => ("aws:PrincipalAccount", accounts.clone()),
        };
        Test { operator: "StringEquals", key, values }
    }
}

/// The least identity policy for these ways.
pub(super) fn identity(plan: &Plan, ways: &[Way]) -> Vec<Statement> {
    let mut out: Vec<Statement> = ways.iter().flat_map(|way| way_statements(plan, *way)).collect();
    if plan.require_guardrail {
        out.push(apply_guardrail(plan));
    }
    out
}

fn way_statements(plan: &Plan, way: Way) -> Vec<Statement> {
    let regions = || plan.regions.iter().map(String::as_str);
    if way == Way::Direct {
        let models = Statement::allow("InvokeModels", INVOKE).on(plan.models_in(regions()));
        return vec![through_endpoint(plan, with_guardrail(plan, models))];
    }
    let (profile_sid, model_sid) = match way {
        Way::Global => ("CallGlobalProfiles", "InvokeModelsBehindGlobalProfiles"),
        _ => ("CallGeographicProfiles", "InvokeModelsBehindGeographicProfiles"),
    };
    let profiles = profiles(plan, way);
    let leg = (way == Way::Global).then_some("");
    let models = Statement::allow(model_sid, INVOKE).on(plan.models_in(regions().chain(leg))).when(
        "ArnLike",
        "bedrock:InferenceProfileArn",
        profiles.clone(),
    );
    // The key for the profile stands on the models' legs only: on the profile's own it is absent, and the condition would never hold.
    vec![through_endpoint(plan, Statement::allow(profile_sid, INVOKE).on(profiles)), with_guardrail(plan, models)]
}

/// The profiles of a way, in each approved Region from which they can be called.
pub(super) fn profiles(plan: &Plan, way: Way) -> Vec<String> {
    let prefixes: Vec<&str> = if way == Way::Global { vec!["global"] } else { plan.areas.clone() };
    let mut out = Vec::new();
    for prefix in prefixes {
        let all = || plan.regions.iter().map(String::as_str);
        let sources: Vec<&str> = if way == Way::Global { all().collect() } else { plan.sources(prefix).collect() };
        for region in sources {
            for account in plan.profile_accounts() {
                out.extend(plan.models.iter().map(|id| plan.profile(region, account, &format!("{prefix}.{id}"))));
            }
        }
    }
    out
}

fn with_guardrail(plan: &Plan, statement: Statement) -> Statement {
    if plan.require_guardrail {
        statement.when("StringLike", "bedrock:GuardrailIdentifier", plan.guardrails.clone())
    } else {
        statement
    }
}

/// Only the first leg of a call is sure to carry the endpoint; without it the call fails.
fn through_endpoint(plan: &Plan, statement: Statement) -> Statement {
    if plan.endpoints.is_empty() {
        return statement;
    }
    let pattern = plan.endpoints.iter().any(|id| id.contains(['*', '?']));
    statement.when(if pattern { "StringLike" } else { "StringEquals" }, "aws:SourceVpce", plan.endpoints.clone())
}

fn apply_guardrail(plan: &Plan) -> Statement {
    Statement::allow("ApplyGuardrail", ["bedrock:ApplyGuardrail"]).on(plan.guardrail_arns())
}

/// The policy of a `bedrock-runtime` endpoint.
pub(super) fn endpoint(plan: &Plan, callers: &Callers) -> Vec<Statement> {
    let test = callers.test();
    let for_callers = |statement: Statement| statement.for_everyone().when(test.operator, test.key, test.values.iter().cloned());
    // Profiles belong to the account that calls them.
    let account = if let [account] = plan.accounts.as_slice() { account.as_str() } else { "*" };
    let resources = super::scp::invocable(plan, account);
    vec![for_callers(Statement::allow("InvokeApprovedModels", INVOKE).on(resources)), for_callers(apply_guardrail(plan))]
}
