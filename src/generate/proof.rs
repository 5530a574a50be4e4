//! A guard's questions, and the solver's answers.
//!
//! In: the policies as they were written, and cases: a class of calls, each with the legs that must all be allowed. Out: for each case
//! whether it is open, with a request, or closed, proved for every request. Never: an answer from the statements' own structure: the
//! policies are read back from their text.

use crate::access::guard::questions;
use crate::doc::Document;
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::decide::PolicySet;
use crate::iam::policy::Policy;
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Known, Request};
use crate::iam::solve::{self, Question, Resources, solve};

use super::plan::Plan;
use super::statement::Test;
use super::{Answer, Row};

/// One request of a call.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub(super) action: String,
    pub(super) resources: Resources,
    /// Context keys with their values; none: the key is absent.
    pub(super) context: Vec<(&'static str, Vec<String>)>,
    /// Context keys that are there with any value.
    pub(super) present: Vec<&'static str>,
    /// Conditions that the request does not meet.
    pub(super) unmet: Vec<Test>,
}

impl Leg {
    /// An action on anything, anywhere.
    pub(super) fn anything(action: &str) -> Self {
        let resources = Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() };
        Self { action: action.to_owned(), resources, context: Vec::new(), present: Vec::new(), unmet: Vec::new() }
    }

    /// On one resource, in one Region.
    pub(super) fn one(action: &str, resource: String, region: &str) -> Self {
        let resources = Resources::One(resource);
        Self { resources, ..Self::anything(action) }.with("aws:RequestedRegion", [region])
    }

    /// On what matches one of `within` and none of `outside`.
    pub(super) fn matching(action: &str, within: Vec<String>, outside: Vec<String>) -> Self {
        Self { resources: Resources::Matching { within, outside, examples: Vec::new() }, ..Self::anything(action) }
    }

    pub(super) fn with<V: Into<String>>(mut self, key: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        self.context.push((key, values.into_iter().map(Into::into).collect()));
        self
    }

    /// Not on what matches these.
    pub(super) fn outside(mut self, globs: &[String]) -> Self {
        if let Resources::Matching { outside, .. } = &mut self.resources {
            outside.extend_from_slice(globs);
        }
        self
    }

    /// The request does not meet the test.
    pub(super) fn unless(mut self, operator: &'static str, key: &'static str, values: &[String]) -> Self {
        self.unmet.push(Test { operator, key, values: values.to_vec() });
        self
    }

    /// The key is in the request, with any value.
    pub(super) fn present(mut self, key: &'static str) -> Self {
        self.present.push(key);
        self
    }
}

/// What is expected of a case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) question: String,
    /// Every way is to be open; else every way closed.
    pub(super) open: bool,
    /// Each way is open where all its legs are.
    pub(super) ways: Vec<Vec<Leg>>,
    pub(super) remark: Option<String>,
}

impl Case {
    pub(super) fn open(question: impl Into<String>, ways: Vec<Vec<Leg>>) -> Self {
        Self { question: question.into(), open: true, ways, remark: None }
    }

    /// Calls of one leg, none of which may go through.
    pub(super) fn closed(question: impl Into<String>, legs: impl IntoIterator<Item = Leg>) -> Self {
        let ways = legs.into_iter().map(|leg| vec![leg]).collect();
        Self { question: question.into(), open: false, ways, remark: None }
    }
}

/// What the policies are asked as.
#[derive(Debug)]
pub(super) struct Guard {
    kind: PolicyType,
    policies: Vec<Policy>,
    everything: Policy,
    full_access: Policy,
    account: String,
    guardrails: Vec<String>,
}

impl Guard {
    /// The guard as AWS would read it; `None` where AWS would refuse a text.
    pub(super) fn read(kind: PolicyType, texts: &[String], plan: &Plan) -> Option<Self> {
        let parse = |text: &str, kind| Policy::parse(Document::json("policy", text.to_owned()).ok()?.root(), kind).ok();
        let policies = texts.iter().map(|text| parse(text, kind)).collect::<Option<_>>()?;
        let everything = questions::everything(PolicyType::Identity)?;
        let full_access = questions::everything(PolicyType::Scp)?;
        let guardrails = plan.guardrails.iter().map(|pattern| pattern.replace(['*', '?'], "1")).collect();
        Some(Self { kind, policies, everything, full_access, account: plan.account().to_owned(), guardrails })
    }

    pub(super) fn kind(&self) -> PolicyType {
        self.kind
    }

    /// SCPs beside `FullAWSAccess`; SCPs and endpoint policies with an identity policy that grants everything.
    pub(super) fn set(&self) -> PolicySet<'_> {
        let guards: Vec<&Policy> = self.policies.iter().collect();
        let mut set = PolicySet { identity: vec![&self.everything], ..PolicySet::default() };
        match self.kind {
            PolicyType::Scp => set.scp = Some(vec![std::iter::once(&self.full_access).chain(guards).collect()]),
            PolicyType::Endpoint => set.endpoint = guards,
            _ => set.identity = guards,
        }
        set
    }

    pub(super) fn answer(&self, cases: Vec<Case>) -> Vec<Row> {
        let set = self.set();
        cases.into_iter().map(|case| self.row(&set, case)).collect()
    }

    fn row(&self, set: &PolicySet<'_>, case: Case) -> Row {
        let mut answer = if case.open { Answer::Open(String::new()) } else { Answer::Closed(None) };
        for way in &case.ways {
            let found = self.way(set, way, case.open);
            let better = match (&answer, &found) {
                // The first request that was found stands for all.
                (Answer::Open(shown), Answer::Open(_)) => shown.is_empty(),
                (Answer::Closed(_), Answer::Closed(_)) => false,
                // What is not as expected stays, an unknown only where nothing is surely so.
                (Answer::Open(_), _) => case.open,
                (Answer::Closed(_), _) => !case.open,
                (Answer::Unknown(_), found) => {
                    matches!(found, Answer::Open(_)) != case.open && !matches!(found, Answer::Unknown(_))
                }
            };
            if better {
                answer = found;
            }
        }
        Row { question: case.question, expected_open: case.open, answer, remark: case.remark }
    }

    fn way(&self, set: &PolicySet<'_>, legs: &[Leg], wanted: bool) -> Answer {
        let mut lines = Vec::new();
        let mut unknown = None;
        for leg in legs {
            match self.leg(set, leg, wanted) {
                Answer::Open(line) => lines.push(line),
                Answer::Closed(_) => return Answer::Closed(Some(described(leg))),
                Answer::Unknown(why) => unknown = unknown.or(Some(why)),
            }
        }
        unknown.map_or_else(|| Answer::Open(lines.join("; ")), Answer::Unknown)
    }

    /// `wanted`: asked for one plain role; else for every principal of the account but those that the leg leaves out.
    fn leg(&self, set: &PolicySet<'_>, leg: &Leg, wanted: bool) -> Answer {
        let mut context = Context::open();
        if !wanted {
            for key in ["aws:PrincipalArn", "aws:PrincipalType", "aws:userid"] {
                context.set_present(key);
            }
            context.set_unknown("aws:username");
        }
        for key in &leg.present {
            context.set_present(key);
        }
        for (key, values) in &leg.context {
            context.set(key, values.iter().map(String::as_str));
        }
        let role = Principal::parse(&format!("arn:aws:iam::{}:role/any-role", self.account));
        let unmet: Option<Vec<(Condition, bool)>> = leg.unmet.iter().map(|test| Some((condition(test)?, false))).collect();
        let (Ok(role), Some(unmet)) = (role, unmet) else {
            return Answer::Unknown("the question could not be put to the solver".to_owned());
        };
        let mut question = Question::new(set, role, &leg.action);
        question.resources = leg.resources.clone();
        question.conditions = unmet;
        question.context = context;
        question.examples.insert("bedrock:guardrailidentifier".to_owned(), self.guardrails.clone());
        match solve(&question) {
            solve::Answer::None => Answer::Closed(None),
            solve::Answer::Some(found) => Answer::Open(line(&found.request)),
            solve::Answer::Unknown(why) => Answer::Unknown(why),
        }
    }
}

/// A test as the solver takes it.
fn condition(test: &Test) -> Option<Condition> {
    let values: Vec<&str> = test.values.iter().map(String::as_str).collect();
    Condition::new(test.operator, test.key, &values)
}

/// A request on one line, with the keys that matter.
fn line(request: &Request) -> String {
    let region = crate::iam::arn::Arn::parse(&request.resource).map_or("", |arn| arn.region);
    let shown =
        |key: &&str| !key.starts_with("aws:principal") && !["aws:resourceaccount", "aws:userid", "aws:username"].contains(key);
    let value = |key: &str| match request.context.get(key) {
        Known::Values(values) if key == "aws:requestedregion" && values.iter().all(|v| &**v == region) => None,
        Known::Values(values) => Some(format!("{} = {}", super::spelling(key), values.join(", "))),
        _ => None,
    };
    let with: Vec<String> = request.context.keys().filter(shown).filter_map(value).collect();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
    format!("{} on {}{with}", request.action, request.resource)
}

fn described(leg: &Leg) -> String {
    match &leg.resources {
        Resources::One(resource) => format!("{} on {resource}", leg.action),
        Resources::Matching { .. } => leg.action.clone(),
    }
}
