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

type ByResource = HashMap<Arc<str>, Vec<Seen>>;

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
        match all.iter_mut().find(|s| s.account == seen.account && s.region == seen.region) {
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
        let mut found = all.iter().filter(|s| fits(s.account.as_deref(), account) && fits(s.region.as_deref(), region));
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
        all.into_iter().flatten().flat_map(|(resource, seen)| seen.iter().map(move |s| (resource, s)))
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
        self.by_name
            .iter()
            .flat_map(|(service, ops)| ops.values().flat_map(move |r| r.values().flatten().map(move |seen| (service, seen))))
    }
}
