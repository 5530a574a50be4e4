//! Every policy type brought to one shape: does something in it deny, does it allow.
//!
//! In: policies of one type, and a way to say of each statement whether it applies: a truth value for one request,
//! a formula for all of them. Out: a [`Tally`]. A type that does not apply allows and denies nothing.
//! Nothing here allocates for truth values.

use super::{Missing, Policy, PolicySet, PolicyType, Setting, Truth};
use crate::iam::named::Named;
use crate::iam::policy::{Effect, Statement};
use crate::iam::truth::Logic;

/// What a policy type says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally<L = Truth> {
    pub(super) deny: L,
    pub(super) allow: L,
    /// For resource policies: the allow, told apart by the form that names the requester.
    pub(super) named: Named<L>,
}

impl<L: Logic> Tally<L> {
    /// A type that does not apply.
    fn silent() -> Self {
        Self { deny: L::constant(Truth::False), allow: L::constant(Truth::True), named: Named::holder() }
    }

    fn nothing() -> Self {
        let no = || L::constant(Truth::False);
        Self { deny: no(), allow: no(), named: Named::constant(Truth::False) }
    }

    /// Policies of which any may allow and any may deny.
    pub(super) fn union<'a, F>(policies: impl IntoIterator<Item = &'a Policy>, applies: &F) -> Self
    where
        F: Fn(&'a Policy, &'a Statement) -> Named<L>,
    {
        let mut tally = Self::nothing();
        for policy in policies {
            for statement in &policy.statements {
                let settled = match statement.effect {
                    Effect::Allow => tally.named.direct.is_certain(),
                    Effect::Deny => tally.deny.is_certain(),
                    Effect::Unknown => false,
                };
                if !settled {
                    tally = tally.count(statement.effect, applies(policy, statement));
                }
            }
        }
        tally
    }

    fn count(self, effect: Effect, applies: Named<L>) -> Self {
        let Self { deny, allow, named } = self;
        let unknown = L::constant(Truth::Unknown);
        match effect {
            Effect::Allow => Self { deny, allow: allow.or(applies.clone().at_all()), named: named.or(applies) },
            Effect::Deny => Self { deny: deny.or(applies.at_all()), allow, named },
            Effect::Unknown => {
                let applies = applies.and(&unknown);
                let at_all = applies.clone().at_all();
                Self { deny: deny.or(at_all.clone()), allow: allow.or(at_all), named: named.or(applies) }
            }
        }
    }

    /// Both must allow, any may deny.
    fn intersect(self, other: Self) -> Self {
        Self { deny: self.deny.or(other.deny), allow: self.allow.and(other.allow), named: self.named }
    }

    /// A policy of this type is not known. `limits`: it can only narrow.
    fn with_unknown(self, limits: bool) -> Self {
        let unknown = || L::constant(Truth::Unknown);
        let allow = if limits { self.allow.and(unknown()) } else { self.allow.or(unknown()) };
        Self { deny: self.deny.or(unknown()), allow, named: self.named.or(Named::constant(Truth::Unknown)) }
    }

    /// Has force only as far as `truth`.
    fn in_force(self, truth: Truth) -> Self {
        let Self { deny, allow, named } = self;
        Self { deny: deny.and(L::constant(truth)), allow: allow.or(L::constant(!truth)), named }
    }
}

/// What each type says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tallies<L = Truth> {
    pub(super) identity: Tally<L>,
    pub(super) boundary: Tally<L>,
    pub(super) session: Tally<L>,
    pub(super) resource: Tally<L>,
    pub(super) endpoint: Tally<L>,
    pub(super) scp: Tally<L>,
    pub(super) rcp: Tally<L>,
}

impl<L: Logic> Tallies<L> {
    pub(crate) fn of<'a, F>(policies: &PolicySet<'a>, setting: &Setting, applies: &F) -> Self
    where
        F: Fn(&'a Policy, &'a Statement) -> Named<L>,
    {
        let missing = |kind| policies.missing.iter().any(|m: &Missing| in_decision(m.kind) == kind);
        let limit = |kind, tally: Tally<L>| if missing(kind) { tally.with_unknown(true) } else { tally };
        let grant = |kind, tally: Tally<L>| if missing(kind) { tally.with_unknown(false) } else { tally };
        let boundary = policies.boundary.map_or_else(Tally::silent, |policy| Tally::union([policy], applies));
        // "If you do not pass a policy, the resulting federated user session has no permissions" but those granted to itself.
        let silent = policies.session.is_empty() && !setting.federated;
        let session = if silent { Tally::silent() } else { Tally::union(policies.session.iter().copied(), applies) };
        let resource = match policies.resource {
            Some(policy) => Tally::union([policy], applies),
            None if setting.resource_policy_not_given => Tally::nothing().with_unknown(false),
            None => Tally::nothing(),
        };
        let scp = if setting.scp {
            limit(PolicyType::Scp, levels(policies.scp.as_deref(), missing(PolicyType::Scp), applies))
        } else {
            Tally::silent()
        };
        let rcp = match setting.rcp {
            Truth::False => Tally::silent(),
            force => limit(PolicyType::Rcp, levels(policies.rcp.as_deref(), missing(PolicyType::Rcp), applies)).in_force(force),
        };
        Self {
            identity: grant(PolicyType::Identity, Tally::union(policies.identity.iter().copied(), applies)),
            boundary: limit(PolicyType::Boundary, boundary),
            session: limit(PolicyType::Session, session),
            resource: grant(PolicyType::Resource, resource),
            endpoint: limit(PolicyType::Endpoint, each(policies.endpoint.iter().map(|p| Tally::union([*p], applies)))),
            scp,
            rcp,
        }
    }
}

fn each<L: Logic>(tallies: impl Iterator<Item = Tally<L>>) -> Tally<L> {
    tallies.fold(Tally::silent(), Tally::intersect)
}

/// Every level must allow. `missing`: a policy is not known, and it may be the one that allows at any of them (`FullAWSAccess`).
fn levels<'a, L: Logic, F>(levels: Option<&[Vec<&'a Policy>]>, missing: bool, applies: &F) -> Tally<L>
where
    F: Fn(&'a Policy, &'a Statement) -> Named<L>,
{
    let level = |policies: &Vec<&'a Policy>| {
        let known = Tally::union(policies.iter().copied(), applies);
        if missing { known.with_unknown(false) } else { known }
    };
    each(levels.unwrap_or_default().iter().map(level))
}

/// The place of a policy's type in the decision: trust and key policies are resource policies.
pub(super) fn in_decision(kind: PolicyType) -> PolicyType {
    match kind {
        PolicyType::Trust | PolicyType::Key => PolicyType::Resource,
        other => other,
    }
}
