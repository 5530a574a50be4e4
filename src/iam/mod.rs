//! The IAM language and its decisions, written as if it were its own crate: it imports nothing of alicerce.
//!
//! In: policies (any JSON-shaped tree) and requests. Out: decisions with the statements that made them.
//! Never: a guess. What is outside the model is unknown with its reason.

pub mod arn;
pub mod base64;
pub mod case;
pub mod condition;
mod contradiction;
pub mod cover;
pub mod decide;
pub mod glob;
pub mod grants;
pub mod named;
mod parse;
pub mod pattern;
pub mod policy;
pub mod policy_type;
pub mod principal;
pub mod rcp;
pub mod request;
pub mod solve;
pub mod tree;
pub mod truth;

pub use cover::{Uncovered, uncovered};
pub use decide::{Decision, Hinge, Missing, Outcome, PolicySet, Why, decide};
pub use grants::{Grant, grants};
pub use policy::{Effect, Malformed, Policy, Site, Statement};
pub use policy_type::PolicyType;
pub use principal::Principal;
pub use request::{Context, Request};
pub use solve::{Answer, Question, Resources, Witness, solve};
pub use truth::Truth;
