//! What a workload's packets can reach, and how a Bedrock name resolves in a VPC.
//!
//! In: the world. Out: derived facts on VPCs, endpoints and workloads. A part that is not loaded makes
//! the verdict unknown; it never makes it "NAT" and never "private".

mod cluster;
mod egress;
mod filter;
mod forward;
mod index;
mod interface;
mod need;
mod packet;
mod profile;
mod resolve;
mod route;
mod support;
pub mod tell;
mod transit;
mod workload;

use crate::world::{Derived, ObjectType};

/// Types of the objects below.
pub const OBJECTS: &[ObjectType] = &[egress::PATH, egress::HOP, need::NEED, support::SUPPORT];

/// The derived facts of this module.
pub const DERIVED: &[&[Derived]] = &[need::DERIVED, support::DERIVED, resolve::DERIVED, egress::DERIVED, filter::DERIVED];
