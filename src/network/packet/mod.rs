//! Packets: what lets a workload's connection through to the endpoint that a name leads to.
//!
//! In: a workload's subnet and an endpoint. Out: all connections get through, none does (with the group, rule or policy that holds
//! them back), or it is not known. Security groups, network ACLs both ways, routes between VPCs, and the endpoint's policy count.

mod acl;
mod flow;
mod group;
mod journey;
pub(super) mod lists;
pub(super) mod public_access;
mod stage;
mod through;

pub(super) use through::{Client, join, may_use_ipv6, passage};
