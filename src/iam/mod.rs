//! The IAM language and its decisions, written as if it were its own crate: it imports nothing of alicerce.
//!
//! In: policies (any JSON-shaped tree) and requests. Out: decisions with the statements that made them.
//! Never: a guess. What is outside the model is unknown with its reason.

pub mod policy_type;
pub mod tree;

pub use policy_type::PolicyType;
