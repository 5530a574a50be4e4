//! Calls through a VPC endpoint: whether the endpoint's policy and the caller's own let any of them through.
//!
//! In: roles, an endpoint and the service called. Out: a request goes through, decided over all requests with the endpoint's keys set;
//! or none does, and whose policies refuse. A policy that was not loaded leaves it unknown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Endpoint;
use super::ask::{self, Answer, Ask};
use super::principals::{Held, Principals, Standing, compile};
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::world::World;

/// What policies make of the calls of roles through an endpoint.
#[derive(Debug, Clone)]
pub struct Through {
    /// Some call goes through.
    pub open: bool,
    /// Where none does: it is the endpoint's policy that refuses, not the caller's own.
    pub by_endpoint: bool,
    /// The endpoint's policy.
    pub policy: Option<NodeId>,
}

type Key = (FactId, FactId, Endpoint);

/// What was asked already: many workloads run as one role.
#[derive(Debug, Default)]
struct Asked(Mutex<HashMap<Key, Result<Through, Arc<Why>>>>);

/// Whether some call of `service` by one of `roles` goes through `endpoint`.
///
/// # Errors
/// The reason, where that hangs on something unknown.
pub fn through_endpoint(world: &World, roles: &[FactId], endpoint: FactId, service: Endpoint) -> Result<Through, Arc<Why>> {
    let asked = world.memo(|_| Asked::default());
    let nobody = || Why::new(Reason::NotLoaded, "the role that calls is not known");
    let mut doubt = roles.is_empty().then(nobody);
    let mut closed = Through { open: false, by_endpoint: true, policy: None };
    for role in roles {
        let key = (*role, endpoint, service);
        let known = asked.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let found = known.unwrap_or_else(|| {
            let found = one(world, *role, endpoint, service);
            asked.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
            found
        });
        match found {
            Ok(through) if through.open => return Ok(through),
            Ok(through) => closed = through,
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(Ok(closed), Err)
}

fn one(world: &World, role: FactId, endpoint: FactId, service: Endpoint) -> Result<Through, Arc<Why>> {
    let (policy, node) = policy_of(world, endpoint)?;
    let index = Principals::of(world);
    let Some(standing) = index.get(role) else {
        return Err(Why::new(Reason::NotLoaded, "the role that calls was not loaded"));
    };
    let (mut by_own, mut doubt) = (false, None);
    for action in service.actions() {
        match ask::can_through(standing, action, asked(world, standing, action, endpoint), &[&policy.policy]) {
            Answer::Yes(_) => return Ok(Through { open: true, by_endpoint: false, policy: Some(node) }),
            Answer::Undecided(why) => doubt = doubt.or(Some(why)),
            Answer::No => {
                by_own |= matches!(ask::can_as(standing, action, asked(world, standing, action, endpoint)), Answer::Yes(_));
            }
        }
    }
    match doubt {
        Some(why) => Err(why),
        None => Ok(Through { open: false, by_endpoint: by_own, policy: Some(node) }),
    }
}

/// A call by the principal itself, through the endpoint.
fn asked(world: &World, standing: &Standing, action: &str, endpoint: FactId) -> Ask {
    let mut ask = Ask::anything(standing, action);
    let key = world.facts.get(endpoint).map(|f| f.key.to_string()).unwrap_or_default();
    ask.context.set("aws:SourceVpce", [key]);
    if let Ok(Some(vpc)) = world.facts.text_at(endpoint, &["VpcId"]) {
        ask.context.set("aws:SourceVpc", [vpc]);
    }
    ask.context.set("aws:ViaAWSService", ["false"]);
    ask
}

/// The compiled policy of an endpoint, and where it stands.
///
/// # Errors
/// Why it is not known.
pub(super) fn policy_of(world: &World, endpoint: FactId) -> Result<(Arc<Held>, NodeId), Arc<Why>> {
    let name = || world.facts.get(endpoint).map_or_else(String::new, |f| f.name.to_string());
    match world.facts.field(endpoint, "PolicyDocument")? {
        Some(Value::Node(node)) => {
            let unread = || Why::new(Reason::Failed, format!("the policy of endpoint `{}` cannot be read as one", name()));
            compile(world, node, "endpoint policy", PolicyType::Endpoint).map(|held| (held, node)).ok_or_else(unread)
        }
        _ => Err(Why::new(Reason::MissingField, format!("the policy of endpoint `{}` is not in the answer", name()))),
    }
}
