//! Who asks.
//!
//! In: principal ARNs, account ids, service names. Out: a [`Principal`] with its account, and the context keys that
//! follow from it. A session named without its role's ARN is taken to be of a role without a path.
//! Source: IAM user guide, "IAM identifiers" and "AWS global condition context keys".

use super::arn::{Arn, is_account_id};
use super::request::Context;

/// A requester.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// An account's root user.
    Root {
        /// The partition (`aws`).
        partition: Box<str>,
        /// The account's id.
        account: Box<str>,
    },
    /// An IAM user.
    User {
        /// Its ARN, path included.
        arn: Box<str>,
        /// The account's id.
        account: Box<str>,
        /// Its name without the path.
        name: Box<str>,
    },
    /// A session of an IAM role.
    Role {
        /// The role's ARN, path included.
        role: Box<str>,
        /// The account's id.
        account: Box<str>,
        /// The role's name without the path.
        name: Box<str>,
        /// The session's ARN, where known.
        session: Option<Box<str>>,
    },
    /// A session from `GetFederationToken`.
    FederatedUser {
        /// Its ARN.
        arn: Box<str>,
        /// The account's id.
        account: Box<str>,
        /// The name given to the session.
        name: Box<str>,
    },
    /// Some principal of an account, not known which.
    Account {
        /// The account's id.
        account: Box<str>,
    },
    /// An AWS service.
    Service {
        /// Its name (`cloudtrail.amazonaws.com`).
        name: Box<str>,
    },
    /// Somebody an identity provider vouches for, who is about to assume a role.
    Federated {
        /// The provider's ARN or name.
        provider: Box<str>,
    },
    /// A user of Amazon S3.
    Canonical {
        /// The canonical user id.
        id: Box<str>,
    },
    /// No credentials.
    Anonymous,
}

impl Principal {
    /// Reads an ARN, an account id, a service principal, `anonymous`, an identity provider or a canonical id.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("anonymous") {
            return Ok(Self::Anonymous);
        }
        if is_account_id(text) {
            return Ok(Self::Account { account: text.into() });
        }
        let Some(arn) = Arn::parse(text) else {
            return match text {
                "cognito-identity.amazonaws.com" | "www.amazon.com" | "graph.facebook.com" | "accounts.google.com" => {
                    Ok(Self::Federated { provider: text.into() })
                }
                _ if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") => {
                    Ok(Self::Service { name: text.into() })
                }
                _ if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(Self::Canonical { id: text.into() }),
                _ => Err(format!("`{text}` is not a principal: give an ARN, an account id, a service or `anonymous`")),
            };
        };
        let account: Box<str> = arn.account.into();
        let last = |path: &str| -> Box<str> { path.rsplit('/').next().unwrap_or(path).into() };
        match (arn.service, arn.resource.split_once('/')) {
            ("iam", None) if arn.resource == "root" => Ok(Self::Root { partition: arn.partition.into(), account }),
            ("iam", Some(("user", path))) => Ok(Self::User { arn: text.into(), account, name: last(path) }),
            ("iam", Some(("role", path))) => Ok(Self::Role { role: text.into(), account, name: last(path), session: None }),
            ("iam", Some(("oidc-provider" | "saml-provider", _))) => Ok(Self::Federated { provider: text.into() }),
            ("sts", Some(("assumed-role", path))) => {
                let name = path.split_once('/').map_or(path, |(name, _)| name);
                let role = format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account).into();
                Ok(Self::Role { role, account, name: name.into(), session: Some(text.into()) })
            }
            ("sts", Some(("federated-user", name))) => Ok(Self::FederatedUser { arn: text.into(), account, name: name.into() }),
            _ => Err(format!("`{text}` is not the ARN of a user, a role, a session or a root user")),
        }
    }

    /// The account it belongs to.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account, .. }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::FederatedUser { account, .. }
            | Self::Account { account } => Some(account),
            _ => None,
        }
    }

    /// The value of `aws:PrincipalArn`.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Root { partition, account } => Some(format!("arn:{partition}:iam::{account}:root")),
            Self::User { arn, .. } | Self::FederatedUser { arn, .. } => Some(arn.to_string()),
            Self::Role { role, .. } => Some(role.to_string()),
            _ => None,
        }
    }

    /// Fills in the keys that follow from the principal, unless the context speaks of them
    /// (IAM user guide, "AWS global condition context keys", *Properties of the principal*).
    pub(crate) fn fill(&self, context: &mut Context) {
        let mut set = |key: &str, value: Option<&str>| {
            if !context.mentions(&key.to_ascii_lowercase()) {
                match value {
                    Some(value) => context.set(key, [value]),
                    None => context.set_absent(key),
                }
            }
        };
        let service = match self {
            Self::Service { name } => Some(&**name),
            _ => None,
        };
        set("aws:PrincipalServiceName", service);
        set("aws:PrincipalIsAWSService", Some(if service.is_some() { "true" } else { "false" }));
        if matches!(self, Self::Account { .. }) {
            set("aws:PrincipalAccount", self.account());
            for key in ["aws:PrincipalArn", "aws:PrincipalType", "aws:userid"] {
                if !context.mentions(&key.to_ascii_lowercase()) {
                    context.set_present(key);
                }
            }
            if !context.mentions("aws:username") {
                context.set_unknown("aws:username");
            }
            return;
        }
        set("aws:PrincipalAccount", self.account());
        set("aws:PrincipalArn", self.arn().as_deref());
        let (kind, user) = match self {
            Self::Root { .. } => (Some("Account"), None),
            Self::User { name, .. } => (Some("User"), Some(&**name)),
            Self::Role { .. } => (Some("AssumedRole"), None),
            Self::FederatedUser { .. } => (Some("FederatedUser"), None),
            Self::Anonymous => (Some("Anonymous"), None),
            _ => (None, None),
        };
        if kind.is_some() {
            set("aws:PrincipalType", kind);
        }
        set("aws:username", user);
        match self {
            Self::Root { account, .. } => set("aws:userid", Some(account)),
            Self::FederatedUser { account, name, .. } => set("aws:userid", Some(&format!("{account}:{name}"))),
            Self::Anonymous => set("aws:userid", Some("anonymous")),
            Self::User { .. } | Self::Role { .. } if !context.mentions("aws:userid") => {
                context.set_present("aws:userid");
            }
            _ => {}
        }
    }
}
