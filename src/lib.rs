//! alicerce: a policy and audit linter for Claude on Amazon Bedrock.
//!
//! Data takes one way through the crate: `doc` (text to a tree with spans), `input` (where documents
//! come from), `facts` (typed nodes and edges), `iam` / `access` / `network` (what is allowed, what can
//! be reached), `rule` and `engine` (rule x subject = outcome), `finding`, `triage`, `report`.
//! Nothing flows back.

pub mod access;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod custody;
pub mod doc;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod iam;
pub mod input;
pub mod network;
pub mod report;
pub mod rule;
pub mod secrets;
pub mod triage;
pub mod world;
