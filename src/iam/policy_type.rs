//! The kinds of IAM policy document.
//!
//! One language, several places of use: the kind decides which elements are allowed and how a
//! statement counts. Names are those of the command line and of `alicerce.toml`.

use std::fmt;
use std::str::FromStr;

/// What a policy document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyType {
    /// Attached to a user, group or role.
    Identity,
    /// Attached to a resource (bucket, queue, function, …).
    Resource,
    /// A role's trust policy.
    Trust,
    /// A KMS key policy.
    Key,
    /// A VPC endpoint policy.
    Endpoint,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
}

impl PolicyType {
    /// All kinds, in the order they are documented.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Resource,
        Self::Trust,
        Self::Key,
        Self::Endpoint,
        Self::Boundary,
        Self::Session,
        Self::Scp,
        Self::Rcp,
    ];

    /// The name people write: `identity`, `scp`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Trust => "trust",
            Self::Key => "key",
            Self::Endpoint => "endpoint",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
        }
    }
}

impl fmt::Display for PolicyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of policy; it lists those there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of policy; write identity, resource, trust, key, endpoint, boundary, session, scp or rcp")]
pub struct UnknownPolicyType(pub String);

impl FromStr for PolicyType {
    type Err = UnknownPolicyType;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.as_str() == text).ok_or_else(|| UnknownPolicyType(text.to_owned()))
    }
}
