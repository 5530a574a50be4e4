//! A request: who does what to which resource, and what is known of its context.
//!
//! In: a principal, an action, a resource and context keys. Out: a [`Request`] that policies are matched
//! against; the keys that follow from the principal are filled in. Never: a key taken for absent because
//! nobody said anything about it, unless the context was declared closed.

use super::arn::Arn;
use super::principal::Principal;

/// What is known of one context key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// There, with these values (one for a single-valued key).
    Values(&'a [Box<str>]),
    /// Not in the request.
    Absent,
    /// In the request, its value not known.
    Present,
    /// Nothing is known.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Values(Box<[Box<str>]>),
    Absent,
    Present,
    Unknown,
}

/// The request context: for each key its values, its absence, or that it is not known. Key names have no case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Sorted by key, keys in lower case.
    entries: Vec<(Box<str>, Entry)>,
    /// The hash of each key, in the same order.
    hashes: Vec<u64>,
    open: bool,
    /// Beginnings (lower case) of keys: one that begins so and is not named is absent.
    absent_below: Vec<Box<str>>,
}

/// Keys that every request carries (IAM user guide, "AWS global condition context keys", *Availability*).
const ALWAYS_PRESENT: [&str; 4] = ["aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport"];

impl Context {
    /// A context in which a key that is not named is absent.
    pub fn closed() -> Self {
        Self { entries: Vec::new(), hashes: Vec::new(), open: false, absent_below: Vec::new() }
    }

    /// A context in which nothing is known of a key that is not named.
    pub fn open() -> Self {
        Self { entries: Vec::new(), hashes: Vec::new(), open: true, absent_below: Vec::new() }
    }

    /// Whether keys that are not named are unknown (else absent).
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Sets a key's values. No value at all is the same as absence.
    pub fn set<V: Into<Box<str>>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values: Box<[Box<str>]> = values.into_iter().map(Into::into).collect();
        self.put(key, if values.is_empty() { Entry::Absent } else { Entry::Values(values) });
    }

    /// Says that a key is not in the request.
    pub fn set_absent(&mut self, key: &str) {
        self.put(key, Entry::Absent);
    }

    /// Says that a key is in the request, its value not known.
    pub fn set_present(&mut self, key: &str) {
        self.put(key, Entry::Present);
    }

    /// Says that nothing is known of a key.
    pub fn set_unknown(&mut self, key: &str) {
        self.put(key, Entry::Unknown);
    }

    /// Says that of the keys that begin with `prefix` (`aws:PrincipalTag/`) only those that are named are in the request.
    pub fn set_others_absent(&mut self, prefix: &str) {
        self.absent_below.push(prefix.to_ascii_lowercase().into());
    }

    /// Takes over what `other` says of keys that nothing was said about here.
    pub fn complete(&mut self, other: &Self) {
        for (key, entry) in &other.entries {
            if let Err(at) = self.entries.binary_search_by(|(k, _)| k.cmp(key)) {
                self.hashes.insert(at, hash(key));
                self.entries.insert(at, (key.clone(), entry.clone()));
            }
        }
        self.absent_below.extend(other.absent_below.iter().cloned());
    }

    fn put(&mut self, key: &str, entry: Entry) {
        let key: Box<str> = key.to_ascii_lowercase().into();
        match self.entries.binary_search_by(|(k, _)| (**k).cmp(&*key)) {
            Ok(at) => {
                if let Some(slot) = self.entries.get_mut(at) {
                    slot.1 = entry;
                }
            }
            Err(at) => {
                self.hashes.insert(at, hash(&key));
                self.entries.insert(at, (key, entry));
            }
        }
    }

    /// Whether something was said about this key (in lower case).
    pub fn mentions(&self, key: &str) -> bool {
        self.entries.binary_search_by(|(k, _)| (**k).cmp(key)).is_ok()
    }

    /// What is known of a key, which must be in lower case.
    pub fn get(&self, key: &str) -> Known<'_> {
        self.look_up(hash(key), key)
    }

    /// The same, where the key's [`hash`] is at hand.
    pub(crate) fn look_up(&self, hash: u64, key: &str) -> Known<'_> {
        let found = self.hashes.iter().position(|h| *h == hash).and_then(|at| self.entries.get(at));
        // Two keys of one hash are told apart the slow way.
        let found = match found {
            Some((own, _)) if **own != *key => self.entries.iter().find(|(own, _)| **own == *key),
            other => other,
        };
        match found {
            Some((_, Entry::Values(values))) => Known::Values(values),
            Some((_, Entry::Absent)) => Known::Absent,
            Some((_, Entry::Present)) => Known::Present,
            Some((_, Entry::Unknown)) if ALWAYS_PRESENT.contains(&key) => Known::Present,
            Some((_, Entry::Unknown)) => Known::Unknown,
            None if !self.open || self.absent_below.iter().any(|prefix| key.starts_with(&**prefix)) => Known::Absent,
            None if ALWAYS_PRESENT.contains(&key) => Known::Present,
            None => Known::Unknown,
        }
    }

    /// The same context, closed: what was unknown is absent, but for what every request carries.
    pub(crate) fn settled(&self) -> Self {
        let mut settled = Self { open: false, absent_below: Vec::new(), ..self.clone() };
        for (key, entry) in &mut settled.entries {
            if *entry == Entry::Unknown {
                *entry = if ALWAYS_PRESENT.contains(&&**key) { Entry::Present } else { Entry::Absent };
            }
        }
        for key in ALWAYS_PRESENT {
            if self.open && !self.mentions(key) {
                settled.set_present(key);
            }
        }
        settled
    }

    /// The keys that were said something about, in lower case and in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| &**key)
    }
}

/// FNV-1a of a key's text.
pub(crate) fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// `service:Action`, in any case.
    pub action: Box<str>,
    /// The resource's ARN, or `*` for an action that takes none.
    pub resource: Box<str>,
    /// The account that owns the resource: as given, else the ARN's account, else the principal's.
    pub resource_account: Option<Box<str>>,
    /// The context, with the keys that follow from the principal and the resource's account filled in.
    pub context: Context,
    /// The principal is a role on the path that IAM keeps for service-linked roles.
    pub(crate) service_linked: bool,
}

impl Request {
    /// Puts a request together. Keys that follow from the principal (`aws:PrincipalArn`, `aws:PrincipalAccount`,
    /// `aws:PrincipalType`, `aws:username`, `aws:PrincipalIsAWSService`, …), `aws:ResourceAccount` and, for KMS,
    /// `kms:CallerAccount` are filled in unless `context` says something about them; `aws:ResourceAccount` is unknown for Bedrock resources without an
    /// account in their ARN, which may be AWS's. For a session named without its role's ARN, the role is taken
    /// to have no path: give `aws:PrincipalArn` where it has one.
    pub fn new(principal: Principal, action: &str, resource: &str, resource_account: Option<&str>, mut context: Context) -> Self {
        let of_arn = Arn::parse(resource).map(|arn| arn.account).filter(|a| super::arn::is_account_id(a));
        let resource_account: Option<Box<str>> = resource_account.or(of_arn).or(principal.account()).map(Into::into);
        principal.fill(&mut context);
        // Source: KMS developer guide, "kms:CallerAccount".
        if action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("kms:"))
            && let Some(account) = principal.account()
            && !context.mentions("kms:calleraccount")
        {
            context.set("kms:CallerAccount", [account]);
        }
        if !context.mentions("aws:resourceaccount") {
            // Foundation models belong to AWS: of which account, the request does not tell.
            let of_aws = action.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("bedrock:")) && of_arn.is_none();
            match &resource_account {
                Some(account) if !of_aws => context.set("aws:ResourceAccount", [account.clone()]),
                _ => context.set_unknown("aws:ResourceAccount"),
            }
        }
        let service_linked = matches!(&principal, Principal::Role { role, .. } if role.contains(":role/aws-service-role/"));
        Self { principal, action: action.into(), resource: resource.into(), resource_account, context, service_linked }
    }

    /// The action's service prefix.
    pub fn service(&self) -> &str {
        self.action.split_once(':').map_or("", |(service, _)| service)
    }
}

impl std::fmt::Display for Request {
    /// One line: who, what, on what, and the context's keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let who = match &self.principal {
            Principal::Role { session: Some(session), .. } => session.to_string(),
            Principal::Service { name } => name.to_string(),
            other => other.arn().unwrap_or_else(|| format!("{other:?}")),
        };
        write!(f, "{who} calls {} on {}", self.action, self.resource)?;
        let derived = ["aws:principal", "aws:resourceaccount", "aws:userid", "aws:username", "kms:calleraccount"];
        let mut first = true;
        for key in self.context.keys().filter(|key| !derived.iter().any(|d| key.starts_with(d) && !key.contains('/'))) {
            if let Known::Values(values) = self.context.get(key) {
                write!(f, "{}{key}={}", if first { " with " } else { ", " }, values.join("|"))?;
                first = false;
            }
        }
        Ok(())
    }
}
