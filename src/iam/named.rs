//! Whom a policy's `Principal` or `NotPrincipal` names.
//!
//! In: the entries of the element. Out: whether an entry covers a requester, and by which form: the form decides
//! which other policies still limit a grant. Never: a wildcard inside a principal's ARN (AWS refuses it).
//! Source: IAM user guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".

use super::arn::{Arn, is_account_id};
use super::principal::Principal;
use super::tree::Mark;
use super::truth::{Logic, Truth};

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
            // The session is also its user's, and a grant to the user is limited as one to a role is; which user's, its ARN
            // does not tell.
            (Names::User, Principal::FederatedUser { account, .. }) => {
                let same = Arn::parse(&self.text).is_some_and(|arn| arn.account == &**account);
                (Truth::Unknown.and(is(same)), Form::Role)
            }
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

    /// How the requester is named. For `NotPrincipal` it matters whether the statement denies (`deny`) and whether the
    /// requester has a permissions boundary (`bounded`).
    pub(crate) fn names(&self, who: &Principal, deny: bool, bounded: Truth) -> Named {
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
        if !self.negated {
            return named;
        }
        // "Using it with Allow is not supported"; with Deny it "will always deny" whoever has a permissions boundary.
        let direct = if deny { self.spares_not(named, who).or(bounded) } else { Truth::Unknown };
        Named { direct, ..Named::default() }
    }

    /// Whether a `NotPrincipal` element of a Deny applies to the requester. AWS checks the account, then the role, then the
    /// session, "depending on the service": a requester is surely spared when each of them is listed, surely not
    /// when neither it nor its role nor its account is, or when the account is listed beside another of its members
    /// (the page's own example); between the two it is not known.
    fn spares_not(&self, named: Named, who: &Principal) -> Truth {
        let everyone = self.entries.iter().any(|e| e.names == Names::Everyone && e.covers(who).0 == Truth::True);
        if everyone {
            return Truth::False;
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
            (Truth::False, _) if named.account == Truth::False || self.lists_member_of(who) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    /// Whether some principal of the requester's account is listed by its own name: then the account's own entry is
    /// there for that one's sake, and not to spare everybody in it.
    fn lists_member_of(&self, who: &Principal) -> bool {
        self.entries.iter().any(|entry| {
            matches!(entry.names, Names::User | Names::Role | Names::Session | Names::FederatedUser)
                && Arn::parse(&entry.text).map(|arn| arn.account) == who.account()
        })
    }
}
