//! Roles that a principal can hand to a service and act through: `iam:PassRole`, something that runs as the role, and a trust policy
//! that lets the service in.
//!
//! In: the world and a principal. Out: for each role the first service by which all three go through, with the requests.
//! Only roles of the principal's own account can be passed. Never: a way of which one part is closed; where a part is not known, the
//! way is unknown. What the service then runs (code, a container, a state machine) is taken to be the principal's to choose.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::super::ask::{self, Answer, Ask, Witness};
use super::super::principals::{Principals, Standing};
use super::administer::granting;
use super::services::{EC2, SERVICES, Service};
use super::trust::{ASSUME, Caller, Name, Trusts};
use crate::access::{Endpoint, callable_endpoints};
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// One role that can be passed.
pub(in super::super) const PASSABLE: ObjectType = ObjectType {
    name: "passable",
    fields: &[
        ("role", "fact:iam-role", "the role"),
        ("service", "string", "the service that then acts as it, such as `AWS Lambda`"),
        ("actions", "string", "the actions by which the service is made to"),
        ("witness", "string", "the requests that go through"),
    ],
};

const PASSABLE_DOC: &str = "One element for each role of its account that the principal can hand to a service and act through.";
const BEDROCK_DOC: &str = "Those of `passable_roles` that can call a Bedrock endpoint which the principal itself cannot.";

const fn of(kind: &'static str, name: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind, name, ty: "list<object:passable>", doc, compute }
}

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[
    of("iam-role", "passable_roles", PASSABLE_DOC, passable_roles),
    of("iam-user", "passable_roles", PASSABLE_DOC, passable_roles),
    of("iam-role", "bedrock_roles_by_passing", BEDROCK_DOC, bedrock_roles),
    of("iam-user", "bedrock_roles_by_passing", BEDROCK_DOC, bedrock_roles),
];

const PASS: &str = "iam:PassRole";

type Taking = Result<Vec<&'static Service>, Arc<Why>>;

/// For each role the services of the table that its trust policy lets in, each found at the first question.
#[derive(Debug)]
struct Takers {
    by_role: HashMap<FactId, OnceLock<Taking>>,
}

impl Takers {
    fn of(world: &World) -> Arc<Self> {
        world.memo(|world| Self { by_role: world.facts.of_kind("iam-role").iter().map(|id| (*id, OnceLock::new())).collect() })
    }

    fn get(&self, world: &World, role: FactId) -> Option<&Taking> {
        Some(self.by_role.get(&role)?.get_or_init(|| takers(world, &Trusts::of(world), role)))
    }
}

fn takers(world: &World, trusts: &Trusts<'_>, role: FactId) -> Result<Vec<&'static Service>, Arc<Why>> {
    let trusting = trusts.get(role)?;
    let names = trusting.names(&[ASSUME]);
    let named = |principal: &str| {
        names.iter().any(|(name, _)| match name {
            Name::Service(service) => &**service == principal || &**service == "*",
            Name::Anyone => true,
            _ => false,
        })
    };
    let mut out = Vec::new();
    for service in SERVICES.iter().filter(|s| named(s.principal)) {
        let mut context = Context::open();
        context.set("aws:SourceAccount", [&*trusting.account]);
        let who = Principal::Service { name: service.principal.into() };
        match trusting.admits(world, &Caller::Foreign(who), ASSUME, context) {
            Answer::Yes(_) => out.push(service),
            Answer::Undecided(why) => return Err(why),
            Answer::No => {}
        }
    }
    Ok(out)
}

fn passable_roles(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let mut passer = Passer::new(world, standing);
    Value::list(roles_of(world, standing, principal).filter_map(|role| passer.value(role)).collect())
}

fn bedrock_roles(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let mut passer = Passer::new(world, standing);
    if !passer.may_pass {
        return Value::list(Vec::new());
    }
    let own = match callable_endpoints(world, principal) {
        Ok(own) => own,
        Err(why) => return Value::Unknown(why),
    };
    let more = |theirs: &[Endpoint]| theirs.iter().any(|endpoint| !own.contains(endpoint));
    let mut out = Vec::new();
    for role in roles_of(world, standing, principal) {
        match callable_endpoints(world, role) {
            Ok(theirs) if more(&theirs) => out.extend(passer.value(role)),
            Ok(_) => {}
            Err(why) => out.extend(passer.value(role).map(|_| Value::Unknown(why))),
        }
    }
    Value::list(out)
}

/// The other roles of the principal's account; those that AWS's services keep for themselves cannot be passed.
fn roles_of<'w>(world: &'w World, standing: &'w Standing, principal: FactId) -> impl Iterator<Item = FactId> + 'w {
    world.facts.of_kind_in("iam-role", &standing.account).iter().copied().filter(move |role| {
        let fact = world.facts.get(*role);
        *role != principal && fact.is_some_and(|f| !f.id.contains(":role/aws-service-role/"))
    })
}

/// Asks for one principal; what does not hang on the role is asked once.
struct Passer<'w> {
    world: &'w World,
    standing: &'w Standing,
    takers: Arc<Takers>,
    /// Whether anything may grant it to pass a role at all.
    may_pass: bool,
    running: HashMap<&'static str, Running>,
    /// Whether it may put a role into an instance profile.
    fills_profiles: Option<Result<bool, Arc<Why>>>,
}

/// Whether the principal can have a service run something.
#[derive(Clone)]
enum Running {
    Yes { actions: String, witness: String, at: Vec<NodeId> },
    No,
    Undecided(Arc<Why>),
}

impl<'w> Passer<'w> {
    fn new(world: &'w World, standing: &'w Standing) -> Self {
        let granted = standing.identity.iter().flat_map(|held| &held.policy.statements).any(|s| ask::grants(s, PASS));
        let may_pass = granted || standing.unknown_policy().is_some();
        Self { world, standing, takers: Takers::of(world), may_pass, running: HashMap::new(), fills_profiles: None }
    }

    fn value(&mut self, role: FactId) -> Option<Value> {
        if !self.may_pass {
            return None;
        }
        let takers = self.takers.clone();
        let services = match takers.get(self.world, role)? {
            Ok(services) => services,
            Err(why) => return Some(Value::Unknown(why.clone())),
        };
        let mut doubt = None;
        for service in services {
            match self.through(service, role) {
                Ok(Some(found)) => return Some(found),
                Ok(None) => {}
                Err(why) => doubt = doubt.or(Some(Value::Unknown(why))),
            }
        }
        doubt
    }

    /// By one service: `None` where a part of the way is closed.
    fn through(&mut self, service: &'static Service, role: FactId) -> Result<Option<Value>, Arc<Why>> {
        let passed = match self.pass(service, role) {
            Answer::No => return Ok(None),
            Answer::Yes(witness) => Ok(witness),
            Answer::Undecided(why) => Err(why),
        };
        let runs = match self.runs(service) {
            Running::No => return Ok(None),
            Running::Yes { actions, witness, at } => Ok((actions, witness, at)),
            Running::Undecided(why) => Err(why),
        };
        if service.principal == EC2 && !self.in_a_profile(role)? {
            return Ok(None);
        }
        let (passed, (actions, runs, at)) = (passed?, runs?);
        let (_, mut places) = granting(self.standing, PASS, &passed);
        places.extend(at);
        let fields = vec![
            ("role", Value::Fact(role)),
            ("service", Value::str(service.name)),
            ("actions", Value::str(actions)),
            ("witness", Value::str(format!("{}; {runs}", passed.line()))),
        ];
        Ok(Some(Value::object(fields, places)))
    }

    fn pass(&self, service: &Service, role: FactId) -> Answer {
        let Some(fact) = self.world.facts.get(role) else { return Answer::No };
        let mut context = Context::open();
        context.set("iam:PassedToService", [service.principal]);
        let mut asked = Ask::of(Resources::One(fact.id.to_string()), context);
        asked.resource_account.clone_from(&fact.account);
        ask::can_as(self.standing, PASS, asked)
    }

    fn runs(&mut self, service: &'static Service) -> Running {
        if let Some(known) = self.running.get(service.name) {
            return known.clone();
        }
        let mut doubt = None;
        let mut found = Running::No;
        for way in service.ways {
            match self.all_of(way) {
                Ok(Some(yes)) => {
                    found = yes;
                    break;
                }
                Ok(None) => {}
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        if let (Running::No, Some(why)) = (&found, doubt) {
            found = Running::Undecided(why);
        }
        self.running.insert(service.name, found.clone());
        found
    }

    /// All actions of one way; `None` where one of them is closed.
    fn all_of(&self, way: &[&str]) -> Result<Option<Running>, Arc<Why>> {
        let (mut witnesses, mut doubt): (Vec<Witness>, _) = (Vec::new(), None);
        for action in way {
            match ask::can(self.standing, action) {
                Answer::Yes(witness) => witnesses.push(witness),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => return Ok(None),
            }
        }
        if let Some(why) = doubt {
            return Err(why);
        }
        let lines: Vec<String> = witnesses.iter().map(Witness::line).collect();
        let at = witnesses.into_iter().flat_map(|w| w.allowed_by).collect();
        Ok(Some(Running::Yes { actions: way.join(" and "), witness: lines.join("; "), at }))
    }

    /// EC2 takes a role inside an instance profile: there is one, or the principal may make one.
    fn in_a_profile(&mut self, role: FactId) -> Result<bool, Arc<Why>> {
        let there = self.world.facts.follow(role, "instance_profiles").map(|all| !all.is_empty());
        if there == Ok(true) {
            return Ok(true);
        }
        let standing = self.standing;
        let fills = self.fills_profiles.get_or_insert_with(|| match ask::can(standing, "iam:AddRoleToInstanceProfile") {
            Answer::Yes(_) => Ok(true),
            Answer::No => Ok(false),
            Answer::Undecided(why) => Err(why),
        });
        match (there, fills) {
            (_, Ok(true)) => Ok(true),
            (Err(why), _) => Err(why),
            (Ok(_), fills) => fills.clone(),
        }
    }
}
