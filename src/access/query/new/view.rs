//! One way of asking: who, and whose the resource is.
//!
//! In: two sets of policies and an action. Out: a request that the new set allows and the old one does not, made in its resource's
//! Region; and that request on one line.

use std::collections::BTreeMap;

use super::ANYWHERE;
use crate::access::endpoint;
use crate::access::query::region;
use crate::catalog::actions;
use crate::iam::decide::PolicySet;
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Known, Request};
use crate::iam::solve::{Answer, Question, Resources};

/// One way of asking: who, and whose the resource is.
pub(super) struct View {
    pub(super) who: Principal,
    pub(super) context: Context,
    pub(super) owner: Option<String>,
    pub(super) resources: Resources,
    /// The policy is about its holder, so that there is no need to say who calls.
    pub(super) of_the_caller: bool,
}

impl View {
    pub(super) fn ask(&self, new: &PolicySet<'_>, old: &PolicySet<'_>, action: &str, star: bool) -> Answer {
        let mut question = Question::new(new, self.who.clone(), action);
        question.not_allowed_by = Some(old);
        question.context = self.context.clone();
        question.resource_account = self.owner.as_deref();
        question.resources = match &self.resources {
            Resources::Matching { within, outside, .. } if !star => {
                let account = self.owner.as_deref().or(self.who.account()).unwrap_or(ANYWHERE);
                let (_, examples) = endpoint::resources("aws", account, action, "*");
                let outside = outside.iter().cloned().chain(foreign(action)).collect();
                Resources::Matching { within: within.clone(), outside, examples }
            }
            Resources::Matching { .. } => Resources::One("*".to_owned()),
            one => one.clone(),
        };
        let regions = ["sa-east-1", "us-east-1"].map(str::to_owned).to_vec();
        question.examples = BTreeMap::from([("aws:requestedregion".to_owned(), regions)]);
        let answer = region::solve_in_region(&question);
        // Where the resource does not matter, an ARN says more than `*`.
        match (&answer, &mut question.resources) {
            (Answer::Some(found), Resources::Matching { within, .. }) if &*found.request.resource == "*" && within.is_empty() => {
                within.push("arn:*".to_owned());
                match region::solve_in_region(&question) {
                    Answer::Some(better) => Answer::Some(better),
                    _ => answer,
                }
            }
            _ => answer,
        }
    }

    /// The request, with the keys whose values the solver chose.
    pub(super) fn line(&self, request: &Request, service: &str) -> String {
        let start = Request::new(self.who.clone(), &format!("{service}:"), "*", self.owner.as_deref(), self.context.clone());
        let chosen = |key: &str| match (start.context.get(key), request.context.get(key)) {
            (Known::Values(_), _) => None,
            (_, Known::Values(values)) => Some(format!("{key} = {}", values.join(", "))),
            _ => None,
        };
        let with: Vec<String> = request.context.keys().filter_map(chosen).collect();
        let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
        let who = match &self.who {
            _ if self.of_the_caller => String::new(),
            Principal::Anonymous => "anyone without credentials".to_owned(),
            Principal::Service { name } => format!("the service {name}"),
            Principal::Federated { provider } => format!("an identity of {provider}"),
            Principal::Canonical { id } => format!("canonical user {id}"),
            who => match who.account() {
                Some(ANYWHERE) => "any principal".to_owned(),
                Some(account) if start.context.get("aws:principalarn") == Known::Present => {
                    format!("a principal of account {account}")
                }
                _ => who.arn().unwrap_or_default(),
            },
        };
        let who = if who.is_empty() { who } else { format!("{who}: ") };
        format!("{who}{} on {}{with}", request.action, request.resource)
    }
}

/// Models and profiles, for an action of the catalog that takes none: no such request exists.
pub(super) fn foreign(action: &str) -> Vec<String> {
    let Some(known) = actions::find(action) else { return Vec::new() };
    let kinds = ["foundation-model", "inference-profile", "application-inference-profile"];
    kinds.iter().filter(|kind| !known.resources.contains(kind)).map(|kind| format!("arn:*:bedrock:*:{kind}/*")).collect()
}
