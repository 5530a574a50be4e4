//! Every policy type brought to one shape: does something in it deny, does it allow.
//!
//! In: policies of one type and a request. Out: a [`Tally`]. A type that does not apply allows and denies nothing.
//! Nothing here allocates.

use super::{Missing, Policy, PolicySet, PolicyType, Request, Setting, Truth};
use crate::iam::policy::{Effect, Statement};
use crate::iam::principal::Named;

/// What a policy type says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) deny: Truth,
    pub(super) allow: Truth,
    /// For resource policies: the allow, told apart by the form that names the requester.
    pub(super) named: Named,
}

impl Tally {
    /// A type that does not apply.
    pub(super) const SILENT: Self = Self { deny: Truth::False, allow: Truth::True, named: Named::BY_ALL };

    const NOTHING: Self = Self {
        deny: Truth::False,
        allow: Truth::False,
        named: Named { direct: Truth::False, role: Truth::False, account: Truth::False },
    };

    /// Policies of which any may allow and any may deny.
    pub(super) fn union<'a>(policies: impl IntoIterator<Item = &'a Policy>, request: &Request) -> Self {
        let mut tally = Self::NOTHING;
        for policy in policies {
            for statement in &policy.statements {
                tally.count(statement, request);
            }
        }
        tally
    }

    fn count(&mut self, statement: &Statement, request: &Request) {
        let done = match statement.effect {
            Effect::Allow => self.named.direct == Truth::True,
            Effect::Deny => self.deny == Truth::True,
            Effect::Unknown => false,
        };
        if done {
            return;
        }
        let applies = statement.applies_named(request);
        match statement.effect {
            Effect::Allow => self.allow_by(applies),
            Effect::Deny => self.deny = self.deny.or(applies.at_all()),
            Effect::Unknown => {
                self.allow_by(applies.and(Truth::Unknown));
                self.deny = self.deny.or(applies.at_all().and(Truth::Unknown));
            }
        }
    }

    fn allow_by(&mut self, applies: Named) {
        self.named = self.named.or(applies);
        self.allow = self.allow.or(applies.at_all());
    }

    /// Both must allow, any may deny.
    fn intersect(self, other: Self) -> Self {
        Self { deny: self.deny.or(other.deny), allow: self.allow.and(other.allow), named: self.named }
    }

    /// A policy of this type is not known. `limits`: it can only narrow.
    fn with_unknown(self, limits: bool) -> Self {
        let allow = if limits { self.allow.and(Truth::Unknown) } else { self.allow.or(Truth::Unknown) };
        let unknown = Named { direct: Truth::Unknown, role: Truth::Unknown, account: Truth::Unknown };
        Self { deny: self.deny.or(Truth::Unknown), allow, named: self.named.or(unknown) }
    }

    /// Has force only as far as `truth`.
    fn in_force(self, truth: Truth) -> Self {
        Self { deny: self.deny.and(truth), allow: self.allow.or(!truth), named: self.named }
    }
}

/// What each type says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tallies {
    pub(super) identity: Tally,
    pub(super) boundary: Tally,
    pub(super) session: Tally,
    pub(super) resource: Tally,
    pub(super) endpoint: Tally,
    pub(super) scp: Tally,
    pub(super) rcp: Tally,
}

impl Tallies {
    pub(super) fn of(policies: &PolicySet<'_>, request: &Request, setting: &Setting) -> Self {
        let missing = |kind| policies.missing.iter().any(|m: &Missing| in_decision(m.kind) == kind);
        let limit = |kind, tally: Tally| if missing(kind) { tally.with_unknown(true) } else { tally };
        let grant = |kind, tally: Tally| if missing(kind) { tally.with_unknown(false) } else { tally };
        let boundary = policies.boundary.map_or(Tally::SILENT, |policy| Tally::union([policy], request));
        let session =
            if policies.session.is_empty() { Tally::SILENT } else { Tally::union(policies.session.iter().copied(), request) };
        let resource = match policies.resource {
            Some(policy) => Tally::union([policy], request),
            None if setting.resource_policy_not_given => Tally::NOTHING.with_unknown(false),
            None => Tally::NOTHING,
        };
        let endpoint = each(policies.endpoint.iter().map(|policy| Tally::union([*policy], request)));
        let scp = if setting.scp { limit(PolicyType::Scp, levels(policies.scp.as_deref(), request)) } else { Tally::SILENT };
        let rcp = match setting.rcp {
            Truth::False => Tally::SILENT,
            force => limit(PolicyType::Rcp, levels(policies.rcp.as_deref(), request)).in_force(force),
        };
        Self {
            identity: grant(PolicyType::Identity, Tally::union(policies.identity.iter().copied(), request)),
            boundary: limit(PolicyType::Boundary, boundary),
            session: limit(PolicyType::Session, session),
            resource: grant(PolicyType::Resource, resource),
            endpoint: limit(PolicyType::Endpoint, endpoint),
            scp,
            rcp,
        }
    }
}

fn each(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::SILENT, Tally::intersect)
}

/// Every level must allow.
fn levels(levels: Option<&[Vec<&Policy>]>, request: &Request) -> Tally {
    each(levels.unwrap_or_default().iter().map(|level| Tally::union(level.iter().copied(), request)))
}

/// The place of a policy's type in the decision: trust and key policies are resource policies.
pub(super) fn in_decision(kind: PolicyType) -> PolicyType {
    match kind {
        PolicyType::Trust | PolicyType::Key => PolicyType::Resource,
        other => other,
    }
}
