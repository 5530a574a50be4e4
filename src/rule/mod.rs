//! Rules: data that says what is wrong, checked when it is loaded.
//!
//! In: folders of `rule.yaml` with their cases, built in or from `--rules`. Out: a [`Pack`] whose rules the
//! engine runs. Never: a private entrance for built-in rules, or an unknown that a rule takes for a pass.

pub mod ast;
pub mod cel;
pub mod check;
pub mod data;
pub mod error;
pub mod eval;
pub mod framework;
pub mod functions;
pub mod load;
pub mod pack;
pub mod schema;
pub mod template;
mod types;
pub mod vocabulary;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{RuleError, RuleErrors};
pub use framework::Framework;
pub use load::{Code, Rule};
pub use pack::{Origin, Pack};

/// How grave a finding is; the gravest is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Data or control is lost now.
    Critical,
    /// A control that the posture relies on is missing.
    High,
    /// A control is weaker than it should be.
    Medium,
    /// Hygiene.
    Low,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// All, the gravest first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// Their words, the gravest first.
    pub const NAMES: [&'static str; 5] = ["critical", "high", "medium", "low", "info"];

    /// The word for it, as rules and `alicerce.toml` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// True where this is as grave as `other`, or graver.
    pub fn at_least(self, other: Self) -> bool {
        self <= other
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
