//! Effective access of principals: what the policies that were loaded let each one do with Bedrock.
//!
//! In: the world. Out: derived facts on principals, accounts and Regions, each with a witness request and
//! the policy text that decides. SCPs, boundaries and Denies count. What was not loaded only ever leaves
//! a grant standing or an answer unknown.

mod analyzers;
pub(crate) mod ask;
mod conditions;
mod credentials;
pub(crate) mod destination;
pub mod edges;
mod endpoint;
mod global;
pub(crate) mod guard;
mod last_used;
mod managed;
mod models;
mod offered;
pub mod paths;
mod principals;
pub mod query;
mod reach;
mod region;
mod retention;
mod rights;
pub(crate) mod service;
mod through;
mod transfer;
mod unused;
mod wildcard;

use crate::world::{Derived, ObjectType};

pub(crate) use edges::is_stranger;
pub use endpoint::{Endpoint, callable_endpoints, may};
pub(crate) use guard::data::told as bedrock_data;
pub(crate) use guard::everybody::everybody;
pub(crate) use guard::perimeter::outsiders_who;
pub use region::{in_use, mantle_callers};
pub use through::{Through, through_endpoint};

/// Makes what every question about access needs, with all cores; else the first question to ask makes it alone.
pub fn prepare(world: &crate::world::World) {
    principals::Principals::of(world);
}

/// Looks at all accounts, lot by lot, for what connects them; to be asked before the lots are judged.
pub(crate) fn survey(world: &mut crate::world::World, lots: &[crate::world::Lot]) {
    world.facts.index_back_by(lots);
    edges::survey(world, lots);
    guard::data::survey(world);
    world.rest();
}

/// Types of the objects below.
pub const OBJECTS: &[ObjectType] = &[
    wildcard::WILDCARD,
    conditions::INEFFECTIVE,
    managed::BROAD,
    models::GRANT,
    guard::region::HOLE,
    guard::scp::FLAW,
    guard::transport::PLAINTEXT,
    guard::gaps::GAP,
    guard::attach::MISSED,
    guard::management::USE,
    guard::effective::PROBLEM,
    guard::perimeter::OUTSIDER,
    guard::public::WAY,
    global::PATH,
    paths::PATH,
    reach::UNAPPROVED,
    offered::MISSING,
    retention::CHANGER,
    rights::RIGHT,
    transfer::GAP,
    paths::LEAVING,
    credentials::CREDENTIAL,
    unused::UNUSED,
];

/// The derived facts of this module.
pub const DERIVED: &[&[Derived]] = &[
    conditions::DERIVED,
    destination::DERIVED,
    endpoint::DERIVED,
    wildcard::DERIVED,
    managed::DERIVED,
    models::DERIVED,
    last_used::DERIVED,
    guard::DERIVED,
    guard::region::DERIVED,
    guard::scp::DERIVED,
    guard::transport::DERIVED,
    guard::gaps::DERIVED,
    guard::attach::DERIVED,
    guard::management::DERIVED,
    guard::effective::DERIVED,
    guard::data::DERIVED,
    guard::perimeter::DERIVED,
    guard::public::DERIVED,
    global::DERIVED,
    paths::DERIVED,
    reach::DERIVED,
    region::DERIVED,
    offered::DERIVED,
    retention::DERIVED,
    rights::DERIVED,
    transfer::DERIVED,
    credentials::DERIVED,
    unused::DERIVED,
    analyzers::DERIVED,
    paths::LEAVING_DERIVED,
];
