//! Where what a resource works with is processed, kept and copied to.
//!
//! In: the world. Out: for knowledge bases, data sources, agents, flows, prompts, prompt routers, harnesses, memories and jobs each model and store that they name, with the
//! Regions it leads to; for guardrails the Regions of their profile; for buckets, secrets, keys, trails, log groups and clusters the Regions of their copies.
//! Never: a Region taken from the look of a profile's name; a model that is perhaps a profile taken for one that runs in place.

mod copies;
mod routes;

use crate::world::{Derived, ObjectType};

/// Types of the objects below.
pub const OBJECTS: &[ObjectType] = &[routes::ROUTE, copies::COPY];

/// The derived facts of this module.
pub const DERIVED: &[Derived] = &[
    routes::of("knowledge-base"),
    routes::of("data-source"),
    routes::of("agent"),
    routes::of("flow"),
    routes::of("prompt"),
    routes::of("prompt-version"),
    routes::of("prompt-router"),
    routes::of("agentcore-harness"),
    routes::of("agentcore-memory"),
    routes::of("model-invocation-job"),
    routes::of("evaluation-job"),
    routes::destinations_of("guardrail"),
    routes::destinations_of("guardrail-version"),
    copies::of("s3-bucket"),
    copies::of("secret"),
    copies::of("kms-key"),
    copies::of("trail"),
    copies::of("log-group"),
    copies::of("db-cluster"),
];
