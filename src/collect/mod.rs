//! What is asked of AWS, and how: the plan of calls, and with the feature `live` the collector that makes them.
//!
//! In: the plan. Out: the folder of an account export, as `docs/architecture.md` describes it. Without `live` nothing here
//! opens a connection: the plan serves the export script and the list of permissions.

pub mod plan;
pub mod script;

#[cfg(feature = "live")]
mod answer;
#[cfg(feature = "live")]
mod client;
#[cfg(feature = "live")]
mod gather;
#[cfg(feature = "live")]
mod request;
#[cfg(feature = "live")]
mod run;
#[cfg(feature = "live")]
mod store;
#[cfg(feature = "live")]
mod wire;

#[cfg(feature = "live")]
pub use gather::{Event, Progress};
#[cfg(feature = "live")]
pub use run::{Options, Summary, collect};
