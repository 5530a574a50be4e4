//! How access travels between identities: who may become a role, who may hand one to a service, what runs as one.
//!
//! In: the world. Out: derived facts on principals, each edge with the request that shows it and the policy text that decides.
//! A trust policy and the caller's own policies are asked together; SCPs, RCPs, boundaries and Denies count.
//! Never: an edge from text alone, nor silence where a policy that decides was not loaded.

mod assume;
mod derived;
mod keys;
mod rcps;
mod reach;
mod trust;

pub use assume::{Edge, From, Graph, How};
pub(super) use derived::{ASSUMABLE, BECOMING, DERIVED};
pub(super) use keys::Keys;
pub use reach::{Reach, Reached, becomes, who_becomes};
