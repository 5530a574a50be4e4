//! Bedrock-family services that a principal may use and does not.
//!
//! In: what a role or user may do, and IAM's report of last accessed services. Out: each service of the family of which it may do
//! something and which it has not used for longer than the scope allows. Never: a service that the report does not speak of taken for
//! used or unused; a single action's use, which IAM does not record for Bedrock. Source: IAM user guide, "Refine permissions using last
//! accessed information".

use std::sync::Arc;

use jiff::Timestamp;

use super::ask::{self, Answer, Witness};
use super::endpoint::callable_endpoints;
use super::last_used::{days_since, is_service_linked, last_use, parse};
use super::principals::{Principals, Standing};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One service that is not used.
pub(super) const UNUSED: ObjectType = ObjectType {
    name: "unused-service",
    fields: &[
        ("service", "string", "`bedrock`, `bedrock-mantle` or `bedrock-agentcore`"),
        ("days", "int", "whole days since it was last used or, where `ever_used` is false, since the principal was made"),
        ("ever_used", "bool", "whether it was ever seen to be used within IAM's tracking period"),
        ("witness", "string", "a request of it that is allowed, on one line"),
    ],
};

const DOC: &str = "One element for each Bedrock-family service (`bedrock`, `bedrock-mantle`, `bedrock-agentcore`) of which it may do something and which it has not used for longer than the scope's `unused_after_days`; none for a role that can run models and uses nothing of the family at all.";

const fn derived(kind: &'static str) -> Derived {
    Derived { kind, name: "unused_bedrock_services", ty: "list<object:unused-service>", doc: DOC, compute }
}

pub(super) const DERIVED: &[Derived] = &[derived("iam-role"), derived("iam-user")];

/// The service namespaces of which IAM reports the last use.
const REPORTED: [&str; 3] = ["bedrock", "bedrock-mantle", "bedrock-agentcore"];

fn compute(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal).filter(|_| !is_service_linked(world, principal)) else {
        return Value::list(Vec::new());
    };
    if wholly_unused(world, principal) {
        return Value::list(Vec::new());
    }
    let report = match Report::of(world, principal) {
        // A young principal cannot have left anything unused for long, whatever the report says.
        Ok(None) => return Value::list(Vec::new()),
        Ok(Some(report)) => report,
        Err(why) => return without_report(standing, &why),
    };
    Value::list(REPORTED.iter().filter_map(|service| report.service(standing, service)).collect())
}

/// A role that can run models and uses nothing of the family is the matter of another rule (`unused-bedrock-role`).
fn wholly_unused(world: &World, principal: FactId) -> bool {
    let is_role = world.facts.get(principal).is_some_and(|fact| fact.kind.name == "iam-role");
    let window = i64::from(world.scope_of(principal).unused_after_days);
    is_role
        && last_use(world, principal).is_ok_and(|use_| use_.days > window)
        && callable_endpoints(world, principal).is_ok_and(|found| !found.is_empty())
}

/// Without the report nothing is known of a principal that may use any of the services.
fn without_report(standing: &Standing, why: &Arc<Why>) -> Value {
    let open = REPORTED.iter().any(|service| !matches!(may_use(standing, service), Answer::No));
    Value::list(if open { vec![Value::Unknown(why.clone())] } else { Vec::new() })
}

/// What the report of last accessed services says of one principal.
struct Report<'w> {
    world: &'w World,
    window: i64,
    /// Days since the principal was made.
    age: i64,
    /// Service and, where it was used within the tracking period, when last.
    services: Vec<(String, Option<Timestamp>)>,
}

impl<'w> Report<'w> {
    /// `None` for a principal that was made within the window.
    fn of(world: &'w World, principal: FactId) -> Result<Option<Self>, Arc<Why>> {
        let facts = &world.facts;
        let made = facts.text_at(principal, &["CreateDate"])?;
        let made = made.ok_or_else(|| Why::new(Reason::MissingField, "the principal's `CreateDate` is missing"))?;
        let age = days_since(world, parse(&made)?);
        let window = i64::from(world.scope_of(principal).unused_after_days);
        if age <= window {
            return Ok(None);
        }
        let listed = facts.list_in(&Value::Fact(principal), &["last_accessed", "ServicesLastAccessed"])?;
        if listed.is_empty() {
            let text = "`iam get-service-last-accessed-details` lists no services, so what is used of Bedrock is not known";
            return Err(Why::new(Reason::NotCollected, text));
        }
        let mut services = Vec::new();
        for service in listed {
            let Some(namespace) = facts.text_in(&service, &["ServiceNamespace"])? else { continue };
            let last = facts.text_in(&service, &["LastAuthenticated"])?.map(|text| parse(&text)).transpose()?;
            services.push((namespace, last));
        }
        Ok(Some(Self { world, window, age, services }))
    }

    /// The service, where it may be used and is not; unknown where that cannot be told.
    fn service(&self, standing: &Standing, service: &str) -> Option<Value> {
        let listed = self.services.iter().find(|(namespace, _)| namespace == service).map(|(_, last)| *last);
        let last = listed.flatten().map(|last| days_since(self.world, last));
        let days = last.unwrap_or(self.age);
        if days <= self.window {
            return None;
        }
        match may_use(standing, service) {
            Answer::No => None,
            Answer::Undecided(why) => Some(Value::Unknown(why)),
            Answer::Yes(_) if listed.is_none() => Some(Value::unknown(
                Reason::NotCollected,
                format!(
                    "IAM's report of last accessed services does not list `{service}`, which the principal may use: the report is older than the permission"
                ),
            )),
            Answer::Yes(witness) => {
                let at = granting(standing, &witness);
                let fields = vec![
                    ("service", Value::str(service)),
                    ("days", Value::Int(days)),
                    ("ever_used", Value::Bool(last.is_some())),
                    ("witness", Value::str(witness.line())),
                ];
                Some(Value::object(fields, at))
            }
        }
    }
}

/// Whether some action of the service is allowed.
fn may_use(standing: &Standing, service: &str) -> Answer {
    let statements = || standing.identity.iter().flat_map(|held| &held.policy.statements);
    let mut doubt = None;
    for known in actions::of_prefix(service) {
        let action = format!("{service}:{}", known.name);
        let named = statements().any(|statement| ask::grants(statement, &action));
        if !named && standing.unknown_policy().is_none() {
            continue;
        }
        match ask::can(standing, &action) {
            Answer::Yes(witness) => return Answer::Yes(witness),
            Answer::Undecided(why) => doubt = doubt.or(Some(why)),
            Answer::No => {}
        }
    }
    doubt.map_or(Answer::No, Answer::Undecided)
}

/// The patterns of the statements that grant the witness.
fn granting(standing: &Standing, witness: &Witness) -> Vec<NodeId> {
    let mut at = Vec::new();
    for held in &standing.identity {
        for statement in held.policy.statements.iter().filter(|s| ask::grants(s, &witness.action)) {
            at.extend(ask::places(held, &statement.action, &witness.action));
        }
    }
    at
}
