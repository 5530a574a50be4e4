//! How access travels between identities: who may become a role, who may hand one to a service, what runs as one.
//!
//! In: the world. Out: derived facts on principals, each edge with the request that shows it and the policy text that decides.
//! A trust policy and the caller's own policies are asked together; SCPs, RCPs, boundaries and Denies count.
//! Never: an edge from text alone, nor silence where a policy that decides was not loaded.

mod administer;
mod assume;
mod bounds;
mod derived;
mod endpoints;
mod keys;
mod pass;
mod rcps;
mod reach;
mod services;
mod shared;
mod strangers;
mod trust;
mod width;
mod workloads;

use crate::world::{Derived, Lot, ObjectType, World};

pub use assume::{Edge, From, Graph, How};
pub(super) use bounds::condition;
pub use derived::name_of;
pub(super) use keys::{Keys, organization_of};
pub(super) use rcps::Rcps;
pub use reach::{Reach, Reached, becomes, who_becomes};
pub(crate) use strangers::is_stranger;
pub(super) use strangers::{context_of_service, contexts};
pub use width::holes as trust_holes;

/// Looks at all accounts, lot by lot, for what runs as their roles.
pub(crate) fn survey(world: &mut World, lots: &[Lot]) {
    workloads::survey(world, lots);
}

/// Types of the objects below.
pub const OBJECTS: &[ObjectType] = &[
    derived::ASSUMABLE,
    derived::BECOMING,
    pass::PASSABLE,
    workloads::WORKLOAD,
    width::HOLE,
    shared::GRANT,
    administer::ADMINISTRATION,
    bounds::UNBOUND,
    endpoints::OPENING,
];

/// The derived facts.
pub const DERIVED: &[&[Derived]] = &[
    derived::DERIVED,
    pass::DERIVED,
    workloads::DERIVED,
    width::DERIVED,
    shared::DERIVED,
    administer::DERIVED,
    bounds::DERIVED,
    endpoints::DERIVED,
];
