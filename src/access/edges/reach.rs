//! Chains of edges: which roles a principal may become in the end, and who in the end may become a role.
//!
//! In: the graph of edges. Out: for each role that is reached the shortest chain of steps, each with its request. Each step is decided
//! for itself: what a session carries on to the next step (tags, the source identity) is not followed.
//! Never: a list that was cut short without saying so.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::assume::{Edge, From, Graph};
use super::trust::may_assume;
use crate::access::principals::Principals;
use crate::facts::{FactId, Reason, Why};
use crate::world::World;

/// Longer chains, and more roles, are not followed.
const MAX_STEPS: usize = 10;
const MAX_ROLES: usize = 1_000;

/// A role that is reached, by the shortest chain.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The role (of [`who_becomes`]: the one who reaches).
    pub end: From,
    /// The steps, in the order in which they are taken.
    pub chain: Vec<Edge>,
}

/// What is reached, and why there may be more.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The nearest first.
    pub found: Vec<Reached>,
    /// What was not followed.
    pub unknown: Vec<Arc<Why>>,
}

impl Reach {
    fn doubt(&mut self, why: &Arc<Why>) {
        if !self.unknown.contains(why) {
            self.unknown.push(why.clone());
        }
    }
}

/// The roles that a principal may become, in one step or several.
pub fn becomes(world: &World, principal: FactId) -> Reach {
    let graph = Graph::of(world);
    let mut reach = Reach::default();
    let mut seen = HashSet::from([principal]);
    let mut parents: HashMap<FactId, &Edge> = HashMap::new();
    let mut queue = VecDeque::from([(principal, 0)]);
    while let Some((at, steps)) = queue.pop_front() {
        unknown_next(world, &graph, at, &mut reach);
        for edge in graph.edges_from(at) {
            if seen.contains(&edge.role) {
                continue;
            }
            if let Err(why) = &edge.shown {
                reach.doubt(why);
                continue;
            }
            if steps == MAX_STEPS || reach.found.len() == MAX_ROLES {
                reach.doubt(&Why::new(Reason::Undecided, "more roles can be reached than were followed"));
                return reach;
            }
            seen.insert(edge.role);
            parents.insert(edge.role, edge);
            reach.found.push(Reached { end: From::Principal(edge.role), chain: forward(&parents, principal, edge.role) });
            queue.push_back((edge.role, steps + 1));
        }
    }
    reach
}

/// Who may become a role, in one step or several: principals, services, identity providers, strangers.
pub fn who_becomes(world: &World, role: FactId) -> Reach {
    let graph = Graph::of(world);
    let mut reach = Reach::default();
    let mut seen = HashSet::from([From::Principal(role)]);
    let mut queue: VecDeque<(FactId, Vec<Edge>)> = VecDeque::from([(role, Vec::new())]);
    while let Some((at, rest)) = queue.pop_front() {
        graph.unknown_trust(at).iter().for_each(|why| reach.doubt(why));
        for edge in graph.edges_into(at) {
            if seen.contains(&edge.from) {
                continue;
            }
            if let Err(why) = &edge.shown {
                reach.doubt(why);
                continue;
            }
            if rest.len() == MAX_STEPS || reach.found.len() == MAX_ROLES {
                reach.doubt(&Why::new(Reason::Undecided, "more can reach the role than were followed"));
                return reach;
            }
            seen.insert(edge.from.clone());
            let chain: Vec<Edge> = std::iter::once(edge.clone()).chain(rest.iter().cloned()).collect();
            if let From::Principal(id) = edge.from {
                queue.push_back((id, chain.clone()));
            }
            reach.found.push(Reached { end: edge.from.clone(), chain });
        }
    }
    reach
}

/// Roles whose trust policy is not known may be the next step: of the same account, or where the caller's policies name them.
fn unknown_next(world: &World, graph: &Graph<'_>, at: FactId, reach: &mut Reach) {
    if graph.unknown_roles().is_empty() {
        return;
    }
    let principals = Principals::of(world);
    let Some(standing) = principals.get(at) else { return };
    for (role, why) in graph.unknown_roles() {
        let Some(fact) = world.facts.get(*role) else { continue };
        if *role != at && (fact.account.as_deref() == Some(&*standing.account) || may_assume(standing, &fact.id)) {
            reach.doubt(why);
        }
    }
}

fn forward(parents: &HashMap<FactId, &Edge>, start: FactId, end: FactId) -> Vec<Edge> {
    let mut chain = Vec::new();
    let mut at = end;
    while let Some(edge) = parents.get(&at) {
        chain.push((*edge).clone());
        match edge.from {
            From::Principal(from) if from != start => at = from,
            _ => break,
        }
    }
    chain.reverse();
    chain
}
