//! Why a request was decided as it was.
//!
//! In: a decision's ingredients. Out: for each policy type (and each level) the statement that decided, and what a
//! conditional answer hangs on. Runs after the decision and never changes it.

use super::{Decision, Exception, Outcome, PolicySet, PolicyType, Request, Setting, Sides, Site, Tallies, Tally};
use crate::iam::condition::variables_of;
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::request::Known;
use crate::iam::truth::Truth;

/// What one policy type said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Said {
    /// A statement denies.
    Denies,
    /// A statement allows, none denies.
    Allows,
    /// Nothing allows, nothing denies.
    Nothing,
    /// Not known.
    Unknown,
}

/// One line of a decision's reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The policy type; the resource's policy goes by its own (`Resource`, `Trust`, `Key`).
    pub kind: PolicyType,
    /// The level (0 is the root) of an SCP or RCP.
    pub level: Option<usize>,
    /// What it said.
    pub said: Said,
    /// The statement that said it; `None` where nothing did.
    pub site: Option<Site>,
}

/// Something that a conditional answer hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hinge {
    /// A context key, in lower case.
    Key(Box<str>),
    /// A part of a policy that cannot be read here: a template function, a value not of its operator's type.
    Element(Site),
    /// Whether a statement names the requester.
    Principal(Site),
    /// A policy that is in force but not known.
    Policy {
        /// Its type.
        kind: PolicyType,
        /// Why it is not known.
        why: String,
    },
    /// Whether RCPs have force over this service.
    RcpSupport(Box<str>),
}

impl std::fmt::Display for Hinge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => write!(f, "the context key `{key}`"),
            Self::Element(_) => write!(f, "a part of a policy that cannot be read here"),
            Self::Principal(_) => write!(f, "whether a statement names the requester"),
            Self::Policy { kind, why } => write!(f, "a policy of kind {kind} that is not known: {why}"),
            Self::RcpSupport(service) => write!(f, "whether resource control policies bind `{service}`"),
        }
    }
}

pub(super) fn decision(
    policies: &PolicySet<'_>,
    request: &Request,
    setting: &Setting,
    tallies: &Tallies,
    outcome: Outcome,
) -> Decision {
    let groups = groups(policies, setting);
    let why = groups.iter().map(|group| group.why(request)).collect();
    let mut hinges = Vec::new();
    if outcome == Outcome::Conditional {
        for group in &groups {
            group.hinges(request, &mut hinges);
        }
        missing_policies(policies, request, setting, &mut hinges);
        hinges.sort();
        hinges.dedup();
    }
    Decision { outcome, hinges, why, exceptions: exceptions(policies, request, setting, tallies) }
}

/// The policies that together make one line of the reasons.
struct Group<'a> {
    bounded: Truth,
    kind: PolicyType,
    level: Option<usize>,
    policies: Vec<&'a Policy>,
}

fn groups<'a>(set: &PolicySet<'a>, setting: &Setting) -> Vec<Group<'a>> {
    let bounded = set.bounded();
    let mut groups = Vec::new();
    let mut one = |kind, policies: Vec<&'a Policy>| {
        if !policies.is_empty() {
            groups.push(Group { bounded, kind, level: None, policies });
        }
    };
    one(PolicyType::Identity, set.identity.clone());
    one(PolicyType::Boundary, set.boundary.into_iter().collect());
    one(PolicyType::Session, set.session.clone());
    if let Some(policy) = set.resource {
        one(policy.kind, vec![policy]);
    }
    for endpoint in &set.endpoint {
        one(PolicyType::Endpoint, vec![endpoint]);
    }
    let mut levels = |kind, levels: Option<&Vec<Vec<&'a Policy>>>| {
        for (level, policies) in levels.into_iter().flatten().enumerate() {
            groups.push(Group { bounded, kind, level: Some(level), policies: policies.clone() });
        }
    };
    if setting.scp {
        levels(PolicyType::Scp, set.scp.as_ref());
    }
    if setting.rcp != Truth::False {
        levels(PolicyType::Rcp, set.rcp.as_ref());
    }
    groups
}

impl Group<'_> {
    fn statements(&self) -> impl Iterator<Item = (&Policy, &Statement)> {
        self.policies.iter().flat_map(|policy| policy.statements.iter().map(move |s| (*policy, s)))
    }

    fn why(&self, request: &Request) -> Why {
        let tally = Tally::<Truth>::union(self.policies.iter().copied(), &|_, statement: &Statement| {
            statement.applies_named(request, self.bounded)
        });
        let said = match (tally.deny, tally.allow) {
            (Truth::True, _) => Said::Denies,
            (Truth::Unknown, Truth::True | Truth::Unknown) | (Truth::False, Truth::Unknown) => Said::Unknown,
            (_, Truth::True) => Said::Allows,
            (_, Truth::False) => Said::Nothing,
        };
        let wanted = |effect: Effect, applies: Truth| match said {
            Said::Denies => effect == Effect::Deny && applies == Truth::True,
            Said::Allows => effect == Effect::Allow && applies == Truth::True,
            Said::Unknown => applies == Truth::Unknown || (effect == Effect::Unknown && applies == Truth::True),
            Said::Nothing => false,
        };
        let site = self
            .statements()
            .find(|(_, statement)| wanted(statement.effect, statement.applies_named(request, self.bounded).at_all()))
            .map(|(policy, statement)| policy.site(statement));
        Why { kind: self.kind, level: self.level, said, site }
    }

    fn hinges(&self, request: &Request, into: &mut Vec<Hinge>) {
        for (policy, statement) in self.statements() {
            let applies = statement.applies_named(request, self.bounded).at_all();
            if applies == Truth::Unknown || (applies == Truth::True && statement.effect == Effect::Unknown) {
                statement_hinges(policy, statement, request, self.bounded, into);
            }
        }
    }
}

fn statement_hinges(policy: &Policy, statement: &Statement, request: &Request, bounded: Truth, into: &mut Vec<Hinge>) {
    let context = &request.context;
    let at = |mark| Site { source: policy.source, mark };
    if statement.partly_unknown || statement.effect == Effect::Unknown {
        into.push(Hinge::Element(at(statement.mark)));
    }
    let unknown_key = |key: &str, into: &mut Vec<Hinge>| {
        if matches!(context.get(key), Known::Unknown | Known::Present) {
            into.push(Hinge::Key(key.into()));
        }
    };
    for (matcher, text) in [(Some(&statement.action), &request.action), (statement.resource.as_ref(), &request.resource)] {
        for pattern in matcher.into_iter().flat_map(|m| &m.patterns) {
            if pattern.matches(text, context) == Truth::Unknown {
                if pattern.has_hole() {
                    into.push(Hinge::Element(at(pattern.mark)));
                }
                pattern.variables().for_each(|key| unknown_key(key, into));
            }
        }
    }
    if let Some(principal) = &statement.principal
        && principal.names(&request.principal, statement.effect == Effect::Deny, bounded).at_all() == Truth::Unknown
    {
        into.push(Hinge::Principal(at(principal.mark)));
    }
    for condition in &statement.conditions {
        if condition.holds(context) != Truth::Unknown {
            continue;
        }
        let before = into.len();
        unknown_key(condition.lower_key(), into);
        for value in &condition.values {
            variables_of(value).into_iter().for_each(|key| unknown_key(key, into));
            if value.is_unreadable() {
                into.push(Hinge::Element(at(value.mark)));
            }
        }
        if into.len() == before {
            into.push(Hinge::Element(at(condition.key_mark)));
        }
    }
}

fn missing_policies(policies: &PolicySet<'_>, request: &Request, setting: &Setting, into: &mut Vec<Hinge>) {
    for missing in &policies.missing {
        let in_force = match missing.kind {
            PolicyType::Scp => setting.scp,
            PolicyType::Rcp => setting.rcp != Truth::False,
            _ => true,
        };
        if in_force {
            into.push(Hinge::Policy { kind: missing.kind, why: missing.why.clone() });
        }
    }
    if setting.resource_policy_not_given {
        let why = "the policy of the key or role was not given".to_owned();
        into.push(Hinge::Policy { kind: PolicyType::Resource, why });
    }
    if setting.rcp == Truth::Unknown && policies.rcp.is_some() {
        into.push(Hinge::RcpSupport(request.service().into()));
    }
}

fn exceptions(policies: &PolicySet<'_>, request: &Request, setting: &Setting, tallies: &Tallies) -> Vec<Exception> {
    let named = tallies.resource.named;
    let same = setting.sides == Sides::SameAccount;
    let given = policies.resource.is_some();
    [
        (setting.root, Exception::RootUser),
        (setting.federated && policies.session.is_empty(), Exception::FederatedWithoutSessionPolicy),
        (setting.root_assumes, Exception::RootAssumesNoRole),
        (super::is_service_linked(policies, request), Exception::ServiceLinkedRole),
        (policies.management_account, Exception::ManagementAccount),
        (setting.sides == Sides::ResourceOnly, Exception::NoIdentityPolicies),
        (policies.rcp.is_some() && setting.rcp == Truth::False, Exception::RcpUnsupportedService),
        (same && setting.resource_must_grant, Exception::ResourcePolicyMustGrant),
        (setting.sides == Sides::CrossAccount, Exception::CrossAccount),
        (same && given && named.direct == Truth::True, Exception::GrantedDirectly),
        (same && given && named.role == Truth::True, Exception::GrantedToRole),
    ]
    .into_iter()
    .filter_map(|(applies, exception)| applies.then_some(exception))
    .collect()
}
