//! Trust policies: whom a role's policy names, and whether a caller's request to become it goes through.
//!
//! In: a role, a caller. Out: the names in its Allow statements, and the solver's answer for the trust policy together with the
//! caller's own policies and the RCPs above the role's account. A caller whose policies were not loaded is taken to be allowed by
//! them: the role's owner has no say there. Never: an answer from the text of a name alone.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::super::ask::{self, Answer, Ask};
use super::super::principals::{Held, Standing, compile};
use super::rcps::Rcps;
use crate::doc::Document;
use crate::facts::{FactId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::decide::PolicySet;
use crate::iam::named::{EntryKind, Names};
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::iam::tree::Mark;
use crate::iam::truth::Truth;
use crate::world::World;

/// The action by which principals and services become a role.
pub(super) const ASSUME: &str = "sts:AssumeRole";
/// The actions by which people of an identity provider do.
pub(super) const FEDERATED: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// A name in a trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// `*`, or all but those that `NotPrincipal` lists.
    Anyone,
    /// An account as a whole.
    Account(Box<str>),
    /// A user or role, by its ARN.
    Principal(Box<str>),
    /// One session of a role, by its ARN.
    Session(Box<str>),
    /// A service.
    Service(Box<str>),
    /// An identity provider.
    Federated(Box<str>),
    /// A name that cannot be read.
    Unreadable,
}

/// A role with its trust policy.
#[derive(Debug)]
pub(super) struct Trusting {
    pub(super) arn: Arc<str>,
    pub(super) account: Arc<str>,
    /// `None`: AWS would refuse the policy, so it lets nobody in.
    pub(super) policy: Option<Arc<Held>>,
}

/// All roles' trust policies, each read at the first question about it.
#[derive(Debug)]
pub(super) struct Trusts<'w> {
    world: &'w World,
    roles: Arc<Roles>,
}

#[derive(Debug)]
struct Roles(HashMap<FactId, OnceLock<Result<Trusting, Arc<Why>>>>);

impl<'w> Trusts<'w> {
    /// Those of this world.
    pub(super) fn of(world: &'w World) -> Self {
        let make = |world: &World| Roles(world.facts.of_kind("iam-role").iter().map(|id| (*id, OnceLock::new())).collect());
        Self { world, roles: world.memo(make) }
    }

    /// A role's, or why it is not known.
    pub(super) fn get(&self, role: FactId) -> Result<&Trusting, Arc<Why>> {
        match self.roles.0.get(&role).map(|slot| slot.get_or_init(|| read(self.world, role))) {
            Some(Ok(trusting)) => Ok(trusting),
            Some(Err(why)) => Err(why.clone()),
            None => Err(Why::new(Reason::NotLoaded, "it is no loaded role")),
        }
    }
}

fn read(world: &World, role: FactId) -> Result<Trusting, Arc<Why>> {
    let missing = |name: &str| Why::new(Reason::MissingField, format!("the trust policy of role `{name}` is missing"));
    let Some(fact) = world.facts.get(role) else { return Err(missing("?")) };
    let policy = match world.facts.field(role, "AssumeRolePolicyDocument")? {
        Some(Value::Node(node)) => compile(world, node, "trust policy", PolicyType::Trust),
        _ => return Err(missing(&fact.name)),
    };
    Ok(Trusting { arn: fact.id.clone(), account: fact.account.clone().unwrap_or_default(), policy })
}

impl Trusting {
    /// The statements that may let somebody in by one of the actions.
    fn letting<'s>(&'s self, actions: &'s [&str]) -> impl Iterator<Item = &'s Statement> + 's {
        let statements = self.policy.iter().flat_map(|held| &held.policy.statements);
        statements.filter(move |s| actions.iter().any(|action| ask::grants(s, action)))
    }

    /// The names in those statements, with their places.
    pub(super) fn names(&self, actions: &[&str]) -> Vec<(Name, Mark)> {
        let mut out = Vec::new();
        for statement in self.letting(actions) {
            let Some(matcher) = &statement.principal else { continue };
            if matcher.negated {
                out.push((Name::Anyone, matcher.mark));
                continue;
            }
            for entry in &matcher.entries {
                let text = entry.text.clone();
                let name = match (&entry.names, entry.kind) {
                    (Names::Everyone, EntryKind::Aws) => Name::Anyone,
                    (Names::Account(account), _) => Name::Account(account.clone()),
                    (Names::User | Names::Role, _) => Name::Principal(text),
                    (Names::Session, _) => Name::Session(text),
                    (Names::FederatedUser, _) => Name::Principal(text),
                    (Names::Everyone | Names::Plain, EntryKind::Service) => Name::Service(text),
                    (Names::Everyone | Names::Plain, EntryKind::Federated) => Name::Federated(text),
                    (Names::Unresolved, _) => Name::Unreadable,
                    _ => continue,
                };
                out.push((name, entry.mark));
            }
        }
        out
    }

    /// Whether the caller can become the role by `action`.
    pub(super) fn admits(&self, world: &World, caller: &Caller<'_>, action: &str, mut context: Context) -> Answer {
        let Some(held) = &self.policy else { return Answer::No };
        let (mut policies, who) = match caller {
            Caller::Loaded(standing, who) => (standing.policies(), who),
            Caller::Foreign(who) => (PolicySet { identity: vec![everything()], ..PolicySet::default() }, who),
        };
        policies.resource = Some(&held.policy);
        let rcps = Rcps::of(world);
        rcps.join(&mut policies, &self.account);
        if !matches!(who, Principal::Service { .. }) {
            // Only a service that acts on behalf of a resource says which.
            for key in ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"] {
                context.set_absent(key);
            }
        }
        let keys = match caller {
            Caller::Loaded(standing, _) => Some(&standing.keys),
            Caller::Foreign(_) => None,
        };
        let mut asked = Ask::of(Resources::One(self.arn.to_string()), context);
        asked.resource_account = Some(self.account.clone());
        keys.into_iter().for_each(|keys| asked.own = keys.known.clone());
        match (ask::answer(&policies, who.clone(), action, asked), keys) {
            (Answer::Yes(witness), Some(keys)) => keys.confirm(witness),
            (answer, _) => answer,
        }
    }
}

/// Who wants to become a role.
pub(super) enum Caller<'s> {
    /// A loaded principal, with its own policies; a session of it, where one is named.
    Loaded(&'s Standing, Principal),
    /// Anybody else: a principal of another account, a service, an identity provider.
    Foreign(Principal),
}

/// A policy that allows everything, for callers whose own policies are not ours to see.
pub(super) fn everything() -> &'static Policy {
    static EVERYTHING: OnceLock<Policy> = OnceLock::new();
    EVERYTHING.get_or_init(|| {
        let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
        let document = Document::json("everything", text.to_owned());
        match document.ok().map(|d| Policy::parse(d.root(), PolicyType::Identity)) {
            Some(Ok(policy)) => policy,
            _ => unreachable!("the policy above is well formed"),
        }
    })
}

/// Whether the caller's own policies may grant it to become the role: what a delegation to its account asks for.
pub(super) fn may_assume(standing: &Standing, role: &str) -> bool {
    let context = Context::open();
    let covers = |s: &Statement| {
        s.effect != Effect::Deny
            && ask::grants(s, ASSUME)
            && s.resource.as_ref().is_some_and(|matcher| matcher.covers(role, &context) != Truth::False)
    };
    standing.unknown_policy().is_some() || standing.identity.iter().flat_map(|held| &held.policy.statements).any(covers)
}
