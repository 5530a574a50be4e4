//! One request decided: what each type of policy says of it, and how these combine.
//!
//! In: the policies that are in force and a request. Out: a [`Decision`] with the statement of each policy type
//! that made it. Every policy type is first brought to one shape ([`tally::Tally`]), then one small expression combines
//! them; the exceptions are named ([`Exception`]).
//! Never: an allow that hangs on something unknown; that is `Conditional`.
//! Source: IAM user guide, "Policy evaluation logic" and its pages on single-account, cross-account and
//! explicit-deny evaluation; Organizations user guide, "SCP evaluation", "RCP evaluation".

mod explain;
mod tally;

use super::policy::{Policy, Site};
use super::policy_type::PolicyType;
use super::principal::Principal;
use super::request::Request;
use super::truth::{Logic, Truth};

pub use explain::{Hinge, Said, Why};
pub(crate) use tally::Tallies;
use tally::Tally;

/// A policy that is in force but could not be read: what it says is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its type; for the resource's policy `Resource`, `Trust` or `Key`.
    pub kind: PolicyType,
    /// Why it is not known, in a few words.
    pub why: String,
}

/// What the principal and the resource stand under. Policies that AWS would refuse do not belong here: they are not in force.
#[derive(Debug, Clone, Default)]
pub struct PolicySet<'a> {
    /// Identity-based policies, those of groups included.
    pub identity: Vec<&'a Policy>,
    /// The permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// Session policies; together they grant what any of them grants.
    pub session: Vec<&'a Policy>,
    /// The resource's policy. Its kind (trust, key policy) decides whether it must grant.
    pub resource: Option<&'a Policy>,
    /// Policies of the VPC endpoint that the request goes through; each must allow. Empty: no endpoint.
    pub endpoint: Vec<&'a Policy>,
    /// SCPs by level, the root first, of the principal's account. `None`: the account is in no organisation with SCPs.
    pub scp: Option<Vec<Vec<&'a Policy>>>,
    /// RCPs by level, the root first, of the resource's account. `None`: no RCPs there.
    pub rcp: Option<Vec<Vec<&'a Policy>>>,
    /// The principal's account is its organisation's management account.
    pub management_account: bool,
    /// The principal is a service-linked role; also known by the path `/aws-service-role/` of the role's ARN.
    pub service_linked_role: bool,
    /// What is in force but not known.
    pub missing: Vec<Missing>,
}

impl PolicySet<'_> {
    /// Whether the principal has a permissions boundary.
    pub(crate) fn bounded(&self) -> Truth {
        let missing = self.missing.iter().any(|m| m.kind == PolicyType::Boundary);
        match self.boundary {
            Some(_) => Truth::True,
            None if missing => Truth::Unknown,
            None => Truth::False,
        }
    }
}

/// The answer for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Allowed.
    Allowed,
    /// No policy denies it, but one that would have to allow it does not.
    ImplicitlyDenied,
    /// A policy denies it.
    ExplicitlyDenied,
    /// Hangs on what [`Decision::hinges`] names.
    Conditional,
}

/// A decision and its reasons.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// What a conditional answer hangs on; empty for the others.
    pub hinges: Vec<Hinge>,
    /// What each policy type said, in the order of [`PolicyType`], SCP and RCP by level.
    pub why: Vec<Why>,
    /// The exceptions to the general order that applied.
    pub exceptions: Vec<Exception>,
}

impl Decision {
    /// The context keys among the hinges.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.hinges.iter().filter_map(|hinge| match hinge {
            Hinge::Key(key) => Some(&**key),
            _ => None,
        })
    }

    /// The statements that denied.
    pub fn denied_by(&self) -> impl Iterator<Item = &Why> {
        self.why.iter().filter(|why| why.said == Said::Denies)
    }
}

/// Exceptions to the general order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exception {
    /// The root user has every permission of its account; identity policies and boundaries do not bind it.
    RootUser,
    /// AWS STS refuses `AssumeRole` to root users, whatever policies say (STS API reference, "AssumeRole").
    RootAssumesNoRole,
    /// Neither SCPs nor RCPs bind service-linked roles.
    ServiceLinkedRole,
    /// SCPs do not bind principals of the management account, nor RCPs its resources.
    ManagementAccount,
    /// Services, identity providers and anonymous requesters have no identity policies: the resource's policy decides.
    NoIdentityPolicies,
    /// RCPs have no force over this service.
    RcpUnsupportedService,
    /// The key policy or trust policy must grant, also within the account.
    ResourcePolicyMustGrant,
    /// The resource belongs to another account: both sides must grant.
    CrossAccount,
    /// The resource's policy names the requester itself: no other policy of the account need grant.
    GrantedDirectly,
    /// A federated user session without session policies has no permissions but those that are granted to itself
    /// (STS API reference, "GetFederationToken").
    FederatedWithoutSessionPolicy,
    /// The resource's policy names the role: boundary and session policy still limit, the identity policies need not grant.
    GrantedToRole,
}

/// Decides one request.
pub fn decide(policies: &PolicySet<'_>, request: &Request) -> Decision {
    let setting = Setting::of(policies, request);
    let bounded = policies.bounded();
    let tallies = Tallies::of(policies, &setting, &|_, statement| statement.applies_named(request, bounded));
    let (deny, allow) = combine(tallies, &setting);
    explain::decision(policies, request, &setting, &tallies, outcome_of(deny, allow))
}

/// The answer alone: nothing is allocated.
pub fn outcome(policies: &PolicySet<'_>, request: &Request) -> Outcome {
    let setting = Setting::of(policies, request);
    let bounded = policies.bounded();
    let tallies = Tallies::of(policies, &setting, &|_, statement| statement.applies_named(request, bounded));
    let (deny, allow) = combine(tallies, &setting);
    outcome_of(deny, allow)
}

fn outcome_of(deny: Truth, allow: Truth) -> Outcome {
    match (deny, allow) {
        (Truth::True, _) => Outcome::ExplicitlyDenied,
        (_, Truth::False) => Outcome::ImplicitlyDenied,
        (Truth::False, Truth::True) => Outcome::Allowed,
        _ => Outcome::Conditional,
    }
}

/// On whose word the request depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    /// Principal and resource are of one account.
    SameAccount,
    /// They are of two accounts.
    CrossAccount,
    /// The requester has no identity policies.
    ResourceOnly,
}

/// What of the request and the policies decides how the types combine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    sides: Sides,
    root: bool,
    root_assumes: bool,
    federated: bool,
    scp: bool,
    /// Whether RCPs have force, which is not known for every service.
    rcp: Truth,
    resource_must_grant: bool,
    /// The resource always has a policy, and it was not given.
    resource_policy_not_given: bool,
}

impl Setting {
    pub(crate) fn of(policies: &PolicySet<'_>, request: &Request) -> Self {
        let sides = match (request.principal.account(), &request.resource_account) {
            (None, _) => Sides::ResourceOnly,
            (Some(mine), Some(theirs)) if mine != &**theirs => Sides::CrossAccount,
            _ => Sides::SameAccount,
        };
        let same_account = sides == Sides::SameAccount;
        let root = matches!(request.principal, Principal::Root { .. });
        let linked = is_service_linked(policies, request);
        let rcp_free = linked || (policies.management_account && same_account);
        let must_grant = match policies.resource {
            Some(policy) => matches!(policy.kind, PolicyType::Trust | PolicyType::Key),
            None => needs_resource_policy(request),
        };
        Self {
            sides,
            root,
            federated: matches!(request.principal, Principal::FederatedUser { .. }),
            root_assumes: root && request.action.eq_ignore_ascii_case("sts:AssumeRole"),
            scp: sides != Sides::ResourceOnly && !linked && !policies.management_account,
            rcp: if rcp_free {
                Truth::False
            } else if policies.rcp.is_none() && policies.missing.is_empty() {
                // There are none whose force would matter.
                Truth::True
            } else {
                super::rcp::force(&request.action)
            },
            resource_must_grant: must_grant,
            resource_policy_not_given: must_grant && policies.resource.is_none(),
        }
    }
}

/// By what the caller says, or by the path that IAM keeps for service-linked roles.
fn is_service_linked(policies: &PolicySet<'_>, request: &Request) -> bool {
    policies.service_linked_role || request.service_linked
}

/// Whether the request is for a KMS key or for assuming a role, which always have a policy that must grant.
fn needs_resource_policy(request: &Request) -> bool {
    let starts = |prefix: &str| request.action.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    (starts("kms:") && request.resource.contains(":key/")) || (starts("sts:AssumeRole") && request.resource.contains(":role/"))
}

/// The order of evaluation: whether some policy denies, and whether all that must allow do.
pub(crate) fn combine<L: Logic>(t: Tallies<L>, setting: &Setting) -> (L, L) {
    let deny = [t.boundary.deny, t.session.deny, t.resource.deny, t.endpoint.deny, t.scp.deny, t.rcp.deny]
        .into_iter()
        .fold(t.identity.deny, L::or);
    let unless_root = |allow: L| if setting.root { L::constant(Truth::True) } else { allow };
    let limits = unless_root(t.boundary.allow).and(t.session.allow);
    let own = unless_root(t.identity.allow).and(limits.clone());
    let named = t.resource.named;
    let granted = match setting.sides {
        _ if setting.root_assumes => L::constant(Truth::False),
        Sides::ResourceOnly => named.at_all(),
        Sides::CrossAccount => own.and(named.at_all()),
        Sides::SameAccount => {
            let by_resource = named.direct.or(named.role.and(limits));
            let by_identity = if setting.resource_must_grant { own.and(named.account) } else { own };
            by_resource.or(by_identity)
        }
    };
    (deny, granted.and(t.scp.allow).and(t.rcp.allow).and(t.endpoint.allow))
}
