//! What is kept of a secret-bearing value once it has been masked: its kind and its length.
//!
//! The value itself must never outlive `input::redact`.

use std::sync::Arc;

/// The classification of one value in a place that may hold secrets (an environment variable, user data).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The value's node.
    pub node: u32,
    /// The variable's name, or the name of the place (`UserData`).
    pub name: Arc<str>,
    /// What the value looked like.
    pub kind: SecretKind,
    /// Its length in bytes, escapes resolved (user data: decoded).
    pub length: u32,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// An AWS access key id (`AKIA…`, `ASIA…`).
    AwsAccessKey,
    /// An AWS secret access key.
    AwsSecretKey,
    /// An Anthropic API key (`sk-ant-…`).
    AnthropicApiKey,
    /// An Amazon Bedrock API key (bearer token), long- or short-term.
    BedrockBearerToken,
    /// A PEM private key.
    PrivateKey,
    /// A URL that holds a user name and password.
    PasswordInUrl,
    /// A GitHub token.
    GithubToken,
    /// A random-looking value under a name such as `DB_PASSWORD` or `API_KEY`.
    Credential,
    /// A reference to a secret kept elsewhere (an ARN, `{{resolve:…}}`), not a secret itself.
    Reference,
    /// Nothing that looks like a secret.
    Plain,
}

impl SecretKind {
    const NAMES: [(Self, &'static str); 10] = [
        (Self::AwsAccessKey, "aws-access-key"),
        (Self::AwsSecretKey, "aws-secret-key"),
        (Self::AnthropicApiKey, "anthropic-api-key"),
        (Self::BedrockBearerToken, "bedrock-bearer-token"),
        (Self::PrivateKey, "private-key"),
        (Self::PasswordInUrl, "password-in-url"),
        (Self::GithubToken, "github-token"),
        (Self::Credential, "credential"),
        (Self::Reference, "reference"),
        (Self::Plain, "plain"),
    ];

    /// The name that rules and exports use: `aws-access-key`, `plain`, …
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("plain", |(_, name)| name)
    }

    /// The kind of this name. An export may be of a newer version: an unknown name is a `Credential`.
    pub fn from_name(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, n)| *n == name).map_or(Self::Credential, |(kind, _)| *kind)
    }

    /// True for everything but `Reference` and `Plain`.
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::Reference | Self::Plain)
    }
}
