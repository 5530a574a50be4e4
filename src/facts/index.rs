//! Which call has which outcome and which document: what attached answers and reasons are read from.
//!
//! In: every answer and every outcome, once, while building. Out: look-ups that allocate nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::input::Status;

/// One call that something is known of.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) account: Option<Arc<str>>,
    /// `None` for services without Regions and where it is not known.
    pub(super) region: Option<Arc<str>>,
    /// Index of the answer's document.
    pub(super) document: Option<u32>,
    pub(super) status: Status,
}

type ByResource = HashMap<Arc<str>, Outcomes>;

/// The outcomes of one call in all accounts and Regions, in the order in which they were added.
#[derive(Debug, Default)]
struct Outcomes {
    all: Vec<Seen>,
    /// Where those of an account stand in `all`. Empty where there are few, or one is of no known account, which any may mean.
    by_account: HashMap<Arc<str>, Vec<usize>>,
    /// One is of no known account.
    open: bool,
}

/// Up to here a search through all is quicker than an index, and most calls about one resource have one outcome.
const FEW: usize = 8;

impl Outcomes {
    fn push(&mut self, seen: Seen) {
        self.open |= seen.account.is_none();
        self.all.push(seen);
        if self.open {
            self.by_account.clear();
            return;
        }
        if self.all.len() <= FEW {
            return;
        }
        let from = if self.by_account.is_empty() { 0 } else { self.all.len() - 1 };
        for (at, seen) in self.all.iter().enumerate().skip(from) {
            self.by_account.entry(seen.account.clone().unwrap_or_default()).or_default().push(at);
        }
    }

    /// Those that may be of the account.
    fn of(&self, account: Option<&str>) -> impl Iterator<Item = &Seen> {
        let (these, all) = match account.filter(|_| !self.by_account.is_empty()) {
            Some(account) => (self.by_account.get(account).map_or(&[][..], Vec::as_slice), 0),
            None => (&[][..], self.all.len()),
        };
        these.iter().copied().chain(0..all).filter_map(|at| self.all.get(at))
    }

    /// The outcome in the same account and Region.
    fn same(&mut self, seen: &Seen) -> Option<&mut Seen> {
        let is = |s: &&mut Seen| s.account == seen.account && s.region == seen.region;
        match seen.account.as_ref().filter(|_| !self.by_account.is_empty()) {
            Some(account) => {
                let at = self.by_account.get(account)?.iter().copied();
                let at = at.into_iter().find(|at| self.all.get(*at).is_some_and(|s| s.region == seen.region))?;
                self.all.get_mut(at)
            }
            None => self.all.iter_mut().find(is),
        }
    }
}

/// By account (`None`: none was said) its Regions.
type RegionsOf = HashMap<Option<Arc<str>>, BTreeSet<Arc<str>>>;

/// All calls, by service, operation and resource (empty for calls without one).
#[derive(Debug, Default)]
pub(super) struct Calls {
    by_name: HashMap<Arc<str>, HashMap<Arc<str>, ByResource>>,
    /// By account the Regions that calls were made in, made at the first question, once all calls are here.
    regions: OnceLock<RegionsOf>,
}

impl Calls {
    pub(super) fn add(&mut self, service: &Arc<str>, operation: &Arc<str>, resource: Option<&Arc<str>>, seen: Seen) {
        let resource = resource.cloned().unwrap_or_else(|| Arc::from(""));
        let operations = self.by_name.entry(service.clone()).or_default();
        let all = operations.entry(operation.clone()).or_default().entry(resource).or_default();
        match all.same(&seen) {
            Some(old) if old.document.is_none() && seen.document.is_some() => old.document = seen.document,
            Some(old) if seen.document.is_none() => old.status = seen.status,
            _ => all.push(seen),
        }
    }

    /// The outcome of a call; `None` for the account or Region leaves it open.
    pub(super) fn find(
        &self,
        service: &str,
        operation: &str,
        resource: &str,
        account: Option<&str>,
        region: Option<&str>,
    ) -> Option<&Seen> {
        let all = self.by_name.get(service)?.get(operation)?.get(resource)?;
        let fits = |have: Option<&str>, want: Option<&str>| have.is_none() || want.is_none() || have == want;
        let mut found = all.of(account).filter(|s| fits(s.account.as_deref(), account) && fits(s.region.as_deref(), region));
        let first = found.next()?;
        Some(found.fold(first, |best, s| if best.status != Status::Ok && s.status == Status::Ok { s } else { best }))
    }

    /// That no call of an operation was made at all, whatever for: a line of the manifest without a resource says so.
    pub(super) fn never(&self, service: &str, operation: &str, account: Option<&str>, region: Option<&str>) -> Option<&Seen> {
        let seen = self.find(service, operation, "", account, region);
        seen.filter(|seen| matches!(seen.status, Status::NotAttempted(_)))
    }

    /// All outcomes of an operation: the resource (empty for none) and what is known.
    pub(super) fn of(&self, service: &str, operation: &str) -> impl Iterator<Item = (&Arc<str>, &Seen)> {
        let all = self.by_name.get(service).and_then(|ops| ops.get(operation));
        all.into_iter().flatten().flat_map(|(resource, seen)| seen.all.iter().map(move |s| (resource, s)))
    }

    /// The Regions that calls of an account were made in. To be asked when all calls are here.
    pub(super) fn regions(&self, account: Option<&str>) -> impl Iterator<Item = &str> {
        let make = || {
            let mut out: HashMap<Option<Arc<str>>, BTreeSet<Arc<str>>> = HashMap::new();
            for (_, seen) in self.all() {
                out.entry(seen.account.clone()).or_default().extend(seen.region.clone());
            }
            out
        };
        self.regions.get_or_init(make).get(&account.map(Arc::from)).into_iter().flatten().map(|region| &**region)
    }

    /// Every call of every service: (service, what is known).
    pub(super) fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Seen)> {
        self.by_name.iter().flat_map(|(service, ops)| {
            ops.values().flat_map(move |r| r.values().flat_map(|o| &o.all).map(move |seen| (service, seen)))
        })
    }
}
