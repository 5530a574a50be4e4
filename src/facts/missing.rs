//! Reasons: why something is not known, told from what coverage says of the calls that would tell.

use std::sync::Arc;

use super::index::Seen;
use super::kind::{Kind, Source};
use super::{Fact, FactId, Facts, Reason, Why, kinds};
use crate::input::{Status, THROTTLED};

/// Where a call was made, or would have been.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn of(fact: &'a Fact) -> Self {
        Self { account: fact.account.as_deref(), region: fact.region.as_deref() }
    }

    fn covers(self, seen: &Seen) -> bool {
        let fits = |have: Option<&str>, want: Option<&str>| have.is_none() || want.is_none() || have == want;
        fits(seen.account.as_deref(), self.account) && fits(seen.region.as_deref(), self.region)
    }

    fn text(self) -> String {
        match (self.account, self.region) {
            (Some(account), Some(region)) => format!(" in account {account}, {region}"),
            (Some(account), None) => format!(" in account {account}"),
            (None, Some(region)) => format!(" in {region}"),
            (None, None) => String::new(),
        }
    }
}

fn call_text(service: &str, operation: &str, resource: &str, place: Place<'_>) -> String {
    let about = if resource.is_empty() { String::new() } else { format!(" for `{resource}`") };
    format!("`{service} {operation}`{about}{}", place.text())
}

/// The error code that a failure's text begins with.
pub(super) fn code(text: &str) -> &str {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).next().unwrap_or_default()
}

/// Whether a call came to no answer because the time was up.
fn timed_out(text: &str) -> bool {
    ["NoAnswer", "Timeout"].contains(&code(text))
        && ["timed out", "timeout"].iter().any(|said| text.to_ascii_lowercase().contains(said))
}

/// Whether a call came to no answer because no such host is known.
fn has_no_address(text: &str) -> bool {
    ["NoAnswer", "NoConnection"].contains(&code(text))
        && ["dns error", "failed to lookup address"].iter().any(|said| text.contains(said))
}

/// Why a call's answer is not there.
pub(super) fn call(service: &str, operation: &str, resource: &str, place: Place<'_>, seen: Option<&Seen>) -> Arc<Why> {
    let call = call_text(service, operation, resource, place);
    let reason = |text: &str| if text.is_empty() { String::new() } else { format!(" ({text})") };
    match seen.map(|s| &s.status) {
        None => Why::new(Reason::NotCollected, format!("{call} was not collected")),
        Some(Status::Ok) => Why::new(Reason::MissingField, format!("the answer of {call} does not say")),
        Some(Status::Denied(text)) => Why::new(Reason::Denied, format!("{call} was denied{}", reason(code(text)))),
        Some(Status::Failed(text)) if THROTTLED.contains(&code(text)) => {
            Why::new(Reason::Failed, format!("{call} was throttled at every attempt{}", reason(code(text))))
        }
        Some(Status::Failed(text)) if timed_out(text) => Why::new(Reason::Failed, format!("{call} timed out{}", reason(text))),
        Some(Status::Failed(text)) if has_no_address(text) => Why::new(
            Reason::Failed,
            format!("{call} found no endpoint, as where the service is not offered in the Region{}", reason(text)),
        ),
        Some(Status::Failed(text)) => Why::new(Reason::Failed, format!("{call} failed{}", reason(text))),
        Some(Status::NotAttempted(text)) if code(text) == "RegionNotEnabled" => {
            Why::new(Reason::NotCollected, format!("{call} was not attempted, because the account has not enabled this Region"))
        }
        Some(Status::NotAttempted(text)) if ["NotInConfig", "FromConfig"].contains(&code(text)) => {
            let (_, message) = text.split_once(": ").unwrap_or_default();
            Why::new(Reason::NotCollected, format!("{call} was not attempted: {message}"))
        }
        Some(Status::NotAttempted(text)) => Why::new(Reason::NotCollected, format!("{call} was not attempted{}", reason(text))),
    }
}

impl Facts {
    /// Whether an operation without a resource was answered.
    ///
    /// # Errors
    /// The reason, where it was not: not collected, denied, failed. `region` is `None` for services
    /// without Regions.
    pub fn collected(&self, service: &str, operation: &str, account: Option<&str>, region: Option<&str>) -> Result<(), Arc<Why>> {
        self.collected_for(service, operation, "", account, region)
    }

    /// Whether an operation about `resource` was answered.
    ///
    /// # Errors
    /// As [`Self::collected`].
    pub fn collected_for(
        &self,
        service: &str,
        operation: &str,
        resource: &str,
        account: Option<&str>,
        region: Option<&str>,
    ) -> Result<(), Arc<Why>> {
        let never = || self.calls.never(service, operation, account, region);
        let seen = self.calls.find(service, operation, resource, account, region).or_else(never);
        match seen {
            Some(Seen { status: Status::Ok, .. }) => Ok(()),
            _ => Err(call(service, operation, resource, Place { account, region }, seen)),
        }
    }

    /// The first of these operations' calls in an account (and a Region) that came to no answer, whatever it was about. A call of which
    /// nothing is recorded is none of them.
    pub fn refused(&self, service: &str, operations: &[&str], account: Option<&str>, region: Option<&str>) -> Option<Arc<Why>> {
        let place = Place { account, region };
        operations.iter().find_map(|operation| {
            let mut all: Vec<_> = self.calls.of(service, operation).filter(|(_, seen)| place.covers(seen)).collect();
            all.sort_unstable_by(|a, b| a.0.cmp(b.0));
            let (resource, seen) = all.into_iter().find(|(_, seen)| seen.status != Status::Ok)?;
            Some(call(service, operation, resource, place, Some(seen)))
        })
    }

    /// Whether all facts of a kind in an account and Region are known: a listing of them was answered.
    ///
    /// # Errors
    /// The reason, where it was not.
    pub fn listed(&self, kind: &Kind, account: Option<&str>, region: Option<&str>) -> Result<(), Arc<Why>> {
        let region = if kind.is_global() { None } else { region };
        if kind.sources.is_empty() {
            return Ok(());
        }
        let mut why = None;
        for source in kind.sources.iter().filter(|s| s.lists() && !s.per_parent) {
            match self.collected(source.service, source.operation, account, region) {
                Ok(()) => return Ok(()),
                Err(e) if why.as_ref().is_none_or(|w: &Arc<Why>| w.reason == Reason::NotCollected) => why = Some(e),
                Err(_) => {}
            }
        }
        for source in kind.sources {
            if let Some(parents) = source.parent.and_then(kinds::get) {
                return self.listed_below(source, parents, account, region);
            }
        }
        let nothing_lists = || Why::new(Reason::NotCollected, format!("no call that alicerce reads lists every {}", kind.title));
        Err(why.unwrap_or_else(nothing_lists))
    }

    /// Whether an export says of a call which lists the kind that it was not attempted, which is more than not to speak of it. Where the
    /// service is not offered there is nothing to leave out.
    pub fn left_out(&self, kind: &Kind, account: Option<&str>, region: Option<&str>) -> bool {
        let region = if kind.is_global() { None } else { region };
        let mut listing = kind.sources.iter().filter(|source| source.lists());
        listing.any(|source| {
            let seen = self.calls.never(source.service, source.operation, account, region);
            seen.is_some_and(|seen| !matches!(&seen.status, Status::NotAttempted(text) if code(text) == "ServiceNotInRegion"))
        })
    }

    /// Whether the parents are listed, and what stands below each of them.
    fn listed_below(&self, source: &Source, parents: &Kind, account: Option<&str>, region: Option<&str>) -> Result<(), Arc<Why>> {
        self.listed(parents, account, region)?;
        let fits = |have: Option<&str>, want: Option<&str>| want.is_none() || have == want;
        for parent in self.of_kind(parents.name).iter().filter_map(|id| self.get(*id)) {
            if fits(parent.account.as_deref(), account) && fits(parent.region.as_deref(), region) {
                self.collected_for(source.service, source.operation, &parent.key, account, region)?;
            }
        }
        Ok(())
    }

    /// Why `key` of `kind`, which the data calls `text`, is not among the facts.
    pub(super) fn why_missing(&self, kind: &Kind, key: &str, text: &str, place: Place<'_>) -> Arc<Why> {
        let place = Place { region: if kind.is_global() { None } else { place.region }, ..place };
        let find = |source: &Source| {
            let at = |resource: &str| self.calls.find(source.service, source.operation, resource, place.account, place.region);
            if source.per_parent {
                let mut all = self.calls.of(source.service, source.operation);
                return ("", all.find(|(_, seen)| place.covers(seen) && seen.status == Status::Ok).map(|(_, seen)| seen));
            }
            let never = || self.calls.never(source.service, source.operation, place.account, place.region);
            if source.lists() { ("", at("")) } else { (key, at(key).or_else(|| at(text)).or_else(never)) }
        };
        let mut unanswered = None;
        for source in kind.sources {
            let (resource, seen) = find(source);
            match seen.map(|s| &s.status) {
                Some(Status::Ok) => {
                    let call = call_text(source.service, source.operation, "", place);
                    return Why::new(Reason::NotLoaded, format!("the {} `{key}` is not in the answer of {call}", kind.title));
                }
                Some(_) => return call(source.service, source.operation, resource, place, seen),
                None if unanswered.is_none() || source.lists() => unanswered = Some((source, resource)),
                None => {}
            }
        }
        match unanswered {
            Some((source, resource)) => {
                let because = call_text(source.service, source.operation, resource, place);
                Why::new(Reason::NotCollected, format!("the {} `{key}` is not loaded: {because} was not collected", kind.title))
            }
            None => Why::new(Reason::NotLoaded, format!("the {} `{key}` is not loaded", kind.title)),
        }
    }

    /// Why the thing of a kind that a fact of the same account and Region names is not among the facts.
    pub fn why_not_loaded(&self, kind: &str, key: &str, near: FactId) -> Arc<Why> {
        let place = self.get(near).map_or(Place { account: None, region: None }, Place::of);
        let unknown = || Why::new(Reason::NotLoaded, format!("`{key}` is not loaded"));
        kinds::get(kind).map_or_else(unknown, |kind| self.why_missing(kind, key, key, place))
    }

    /// Why a field that a summary lacks is not known.
    pub fn why_summary(&self, fact: &Fact) -> Arc<Why> {
        let Some(source) = fact.kind.sources.iter().find(|s| !s.summary) else {
            return Why::new(
                Reason::NotCollected,
                format!("no call that alicerce reads describes the {} in full", fact.kind.title),
            );
        };
        let resource = if source.lists() { "" } else { &*fact.key };
        let place = Place::of(fact);
        let never = || self.calls.never(source.service, source.operation, place.account, place.region);
        let seen = self.calls.find(source.service, source.operation, resource, place.account, place.region).or_else(never);
        call(source.service, source.operation, resource, place, seen)
    }
}
