//! What is allowed now that was not allowed before: for one policy, for a folder of them, for whole exports.
//!
//! In: two worlds. Out: for each principal and each policy that differs the actions that are newly allowed, each with a request that the
//! new side allows and the old one does not, and the questions that could not be decided. Where both are empty, that there is nothing
//! new is proved for every request. Never: "nothing new" from a list of actions alone. A wildcard covers actions that no list has, so
//! each way of matching the policies' patterns is asked with an action of its own.

mod actions;
mod ask;
mod changed;
mod frame;
mod policies;
mod principals;
mod rcps;
mod requesters;
mod view;
mod worlds;

use super::Place;
use crate::iam::{PolicyType, Request};

pub use worlds::{Sided, compare};

/// A request that only the new side allows.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The action. Where `listed` is false, a made-up one that stands for all that the patterns treat alike.
    pub action: String,
    /// The action is of the catalog, or named in a policy.
    pub listed: bool,
    /// The request on one line.
    pub request: String,
    /// The request itself: the new side allows it and the old one does not.
    pub witness: Request,
    /// The new side's statement that allows it; `None` where it is only that none denies it any more.
    pub allowed_by: Option<Place>,
    /// What stood in its way on the old side.
    pub before: Option<Before>,
}

/// What stood in the way of a request.
#[derive(Debug, Clone)]
pub struct Before {
    /// The policy type that did not let it through.
    pub kind: PolicyType,
    /// The level of an SCP or RCP, 0 for the root.
    pub level: Option<usize>,
    /// The statement of the old side that denied it; `None` where none allowed it.
    pub denied_by: Option<Place>,
}

/// What came of one comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// By action.
    pub new: Vec<Difference>,
    /// Actions (or `*` for all that could not be told apart) for which it could not be decided, with the reason.
    pub undecided: Vec<(String, String)>,
    /// The policies were taken to stand beside AWS's `FullAWSAccess`: they hold no Allow of their own.
    pub beside_full_access: bool,
}

/// On which side something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// On the new side only.
    Added,
    /// On both, and something in force differs.
    Changed,
    /// On the old side only.
    Removed,
}

impl Status {
    /// As JSON and messages have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A principal by its ARN, with everything in force for it.
    Principal(String),
    /// Any role of an account of which no principal was loaded: only SCPs bind.
    AnyRole(String),
    /// The resources of these accounts, above which the same RCPs stand.
    Resources(Vec<String>),
    /// One policy: of a file by its path, or of a resource by its ARN.
    Policy(String, PolicyType),
}

/// One subject that differs.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is.
    pub subject: Subject,
    /// On which side it is.
    pub status: Status,
    /// What is new.
    pub comparison: Comparison,
}

/// All subjects of two worlds.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// Those that differ, sorted.
    pub entries: Vec<Entry>,
    /// How many subjects are the same on both sides, and so need no question.
    pub same: usize,
}

impl Whole {
    /// Whether some request is new.
    pub fn any_new(&self) -> bool {
        self.entries.iter().any(|e| !e.comparison.new.is_empty())
    }

    /// Whether some question is open.
    pub fn any_undecided(&self) -> bool {
        self.entries.iter().any(|e| !e.comparison.undecided.is_empty())
    }
}

/// Owns a requester whose account is free.
const ANYWHERE: &str = "000000000000";
/// The account of a resource that is nobody's own.
const ELSEWHERE: &str = "000000000001";
/// The tag of policies that are only the frame.
const FRAME: u64 = u64::MAX;
