//! Who asks, and whom a policy's `Principal` element names.
//!
//! In: principal ARNs and the entries of `Principal` / `NotPrincipal`. Out: whether an entry covers a
//! requester, and in which way: the way decides which other policies still limit the grant.
//! Never: a wildcard inside a principal's ARN (AWS refuses it).
//! Source: IAM user guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".

use super::arn::{Arn, is_account_id};
use super::request::Context;
use super::tree::Mark;
use super::truth::{Logic, Truth};

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
            Self::User { .. } | Self::Role { .. } | Self::FederatedUser { .. } if !context.mentions("aws:userid") => {
                context.set_present("aws:userid");
            }
            _ => {}
        }
    }
}

/// Which sort of name an entry of `Principal` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// `AWS`.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`.
    Federated,
    /// `CanonicalUser`.
    CanonicalUser,
}

/// One name in `Principal` or `NotPrincipal`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key it stands under.
    pub kind: EntryKind,
    /// As written.
    pub text: Box<str>,
    /// The name's node.
    pub mark: Mark,
    pub(crate) names: Names,
}

/// What an entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Names {
    Everyone,
    /// An account, by id or by its root ARN.
    Account(Box<str>),
    User,
    /// A role: its ARN is the entry's text.
    Role,
    Session,
    FederatedUser,
    /// A unique id: what AWS shows in the place of a principal that was deleted.
    Deleted,
    /// A name compared as it stands (services, identity providers, canonical users).
    Plain,
    /// A template function.
    Unresolved,
}

impl Entry {
    /// Reads an entry; the error says why AWS refuses it.
    pub(crate) fn new(kind: EntryKind, text: &str, mark: Mark) -> Result<Self, String> {
        let names = match kind {
            _ if text == "*" => Names::Everyone,
            EntryKind::Aws => aws_name(text)?,
            _ => Names::Plain,
        };
        Ok(Self { kind, text: text.into(), mark, names })
    }

    pub(crate) fn unresolved(kind: EntryKind, function: &str, mark: Mark) -> Self {
        Self { kind, text: function.into(), mark, names: Names::Unresolved }
    }

    /// Whether this entry covers the requester, and by which form.
    fn covers(&self, who: &Principal) -> (Truth, Form) {
        let is = |yes: bool| Truth::from(yes);
        match (&self.names, who) {
            (Names::Unresolved, _) => (Truth::Unknown, Form::Direct),
            // `{"Service": "*"}` and `{"Federated": "*"}` name the members of their own kind.
            (Names::Everyone, _) => match (self.kind, who) {
                (EntryKind::Aws, _)
                | (EntryKind::Service, Principal::Service { .. })
                | (EntryKind::Federated, Principal::Federated { .. })
                | (EntryKind::CanonicalUser, Principal::Canonical { .. }) => (Truth::True, Form::Direct),
                _ => (Truth::False, Form::Direct),
            },
            (Names::Account(account), _) => (is(who.account() == Some(account)), Form::Account),
            (Names::User, Principal::User { arn, .. }) => (is(**arn == *self.text), Form::Direct),
            (Names::Role, Principal::Role { role, .. }) => (is(self.names_role(role, who)), Form::Role),
            (Names::Session, Principal::Role { session: Some(arn), .. }) => (is(**arn == *self.text), Form::Direct),
            (Names::Session, Principal::Role { session: None, .. }) => (self.could_be_session_of(who), Form::Direct),
            (Names::FederatedUser, Principal::FederatedUser { arn, .. }) => (is(**arn == *self.text), Form::Direct),
            (Names::User | Names::Role | Names::Session | Names::FederatedUser, Principal::Account { account }) => {
                let same = Arn::parse(&self.text).is_some_and(|arn| arn.account == &**account);
                (Truth::Unknown.and(is(same)), if self.names == Names::Role { Form::Role } else { Form::Direct })
            }
            (Names::Plain, Principal::Service { name }) => {
                (is(self.kind == EntryKind::Service && name.eq_ignore_ascii_case(&self.text)), Form::Direct)
            }
            (Names::Plain, Principal::Federated { provider }) => {
                (is(self.kind == EntryKind::Federated && **provider == *self.text), Form::Direct)
            }
            (Names::Plain, Principal::Canonical { id }) => {
                (is(self.kind == EntryKind::CanonicalUser && id.eq_ignore_ascii_case(&self.text)), Form::Direct)
            }
            _ => (Truth::False, Form::Direct),
        }
    }

    /// Role names are unique in an account, so a session known only by its role's name is matched by the name.
    fn names_role(&self, role: &str, who: &Principal) -> bool {
        if role == &*self.text {
            return true;
        }
        let Principal::Role { session: Some(_), name, .. } = who else { return false };
        let (Some(mine), Some(theirs)) = (Arn::parse(&self.text), Arn::parse(role)) else { return false };
        mine.partition == theirs.partition
            && mine.account == theirs.account
            && theirs.resource == format!("role/{name}")
            && mine.resource.rsplit('/').next() == Some(name)
    }

    fn could_be_session_of(&self, who: &Principal) -> Truth {
        let Principal::Role { account, name, .. } = who else { return Truth::False };
        let of_role = Arn::parse(&self.text).is_some_and(|arn| {
            arn.account == &**account
                && arn.resource.strip_prefix("assumed-role/").and_then(|r| r.split_once('/')).map(|(n, _)| n) == Some(name)
        });
        Truth::Unknown.and(of_role.into())
    }
}

fn aws_name(text: &str) -> Result<Names, String> {
    if is_account_id(text) {
        return Ok(Names::Account(text.into()));
    }
    let Some(arn) = Arn::parse(text) else {
        let unique = ["AIDA", "AROA", "ABIA", "ACCA", "AGPA", "ANPA", "APKA", "ASIA", "AKIA", "AIPA", "ASCA"];
        if text.len() >= 16
            && unique.iter().any(|prefix| text.starts_with(prefix))
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Ok(Names::Deleted);
        }
        return Err(format!("`{text}` is neither `*`, an account id nor the ARN of a principal"));
    };
    if text.contains(['*', '?']) {
        return Err(format!("`{text}`: a wildcard cannot stand in a principal's ARN"));
    }
    match (arn.service, arn.resource.split_once('/')) {
        ("iam", None) if arn.resource == "root" => Ok(Names::Account(arn.account.into())),
        ("iam", Some(("user", _))) => Ok(Names::User),
        ("iam", Some(("role", _))) => Ok(Names::Role),
        ("sts", Some(("assumed-role", _))) => Ok(Names::Session),
        ("sts", Some(("federated-user", _))) => Ok(Names::FederatedUser),
        ("iam", Some(("group", _))) => Err(format!("`{text}`: a group cannot be a principal")),
        // Origin access identities of CloudFront and the like: compared with nothing that a request can be here.
        _ => Ok(Names::Deleted),
    }
}

/// In which form a grant names its requester; the form decides what else limits the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The user, the session itself, or everyone.
    Direct,
    /// The role of the session.
    Role,
    /// The account.
    Account,
}

/// For each form, whether the requester is named so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Named<L = Truth> {
    pub(crate) direct: L,
    pub(crate) role: L,
    pub(crate) account: L,
}

impl<L: Logic> Named<L> {
    /// The same for every form.
    pub(crate) fn constant(value: Truth) -> Self {
        Self { direct: L::constant(value), role: L::constant(value), account: L::constant(value) }
    }

    /// Where a policy has no `Principal`, it is about its holder.
    pub(crate) fn holder() -> Self {
        Self { direct: L::constant(Truth::True), ..Self::constant(Truth::False) }
    }

    pub(crate) fn at_all(self) -> L {
        self.direct.or(self.role).or(self.account)
    }

    pub(crate) fn and(self, other: &L) -> Self {
        Self {
            direct: self.direct.and(other.clone()),
            role: self.role.and(other.clone()),
            account: self.account.and(other.clone()),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self { direct: self.direct.or(other.direct), role: self.role.or(other.role), account: self.account.or(other.account) }
    }
}

/// `Principal` or `NotPrincipal` of a statement.
#[derive(Debug, Clone)]
pub struct PrincipalMatcher {
    /// `NotPrincipal`.
    pub negated: bool,
    /// The element's key.
    pub mark: Mark,
    /// Its names.
    pub entries: Vec<Entry>,
}

impl PrincipalMatcher {
    /// True for `Principal: "*"` and its equivalents.
    pub fn is_everyone(&self) -> bool {
        !self.negated && self.entries.iter().any(|e| e.names == Names::Everyone && e.kind == EntryKind::Aws)
    }

    /// How the requester is named. `deny`: the statement denies, which matters for `NotPrincipal`.
    pub(crate) fn names(&self, who: &Principal, deny: bool) -> Named {
        let mut named: Named = Named::default();
        for entry in &self.entries {
            let (truth, form) = entry.covers(who);
            let slot = match form {
                Form::Direct => &mut named.direct,
                Form::Role => &mut named.role,
                Form::Account => &mut named.account,
            };
            *slot = slot.or(truth);
        }
        if self.negated { Named { direct: self.spares_not(named, who, deny), ..Named::default() } } else { named }
    }

    /// Whether a `NotPrincipal` element applies to the requester. AWS checks the account, then the role, then the
    /// session, "depending on the service": a requester is surely spared when each of them is listed, surely not
    /// when neither it nor its role is; between the two it is not known.
    fn spares_not(&self, named: Named, who: &Principal, deny: bool) -> Truth {
        let everyone = self.entries.iter().any(|e| e.names == Names::Everyone && e.covers(who).0 == Truth::True);
        if everyone {
            return Truth::False;
        }
        if !deny {
            let specific = named.direct.or(named.role);
            return !(specific.or(Truth::Unknown.and(named.account)));
        }
        let (some, whole) = match who {
            Principal::Root { .. } => (named.account, named.account),
            Principal::Role { .. } => (named.direct.or(named.role), named.direct.and(named.role).and(named.account)),
            Principal::Account { .. } => (named.at_all(), Truth::False),
            Principal::User { .. } | Principal::FederatedUser { .. } => (named.direct, named.direct.and(named.account)),
            _ => (named.direct, named.direct),
        };
        match (some, whole) {
            (_, Truth::True) => Truth::False,
            (Truth::False, _) => Truth::True,
            _ => Truth::Unknown,
        }
    }
}
