//! A collection from AWS Config: what its recorders recorded, in place of asking each service.
//!
//! In: the plan's queries, one a resource type; of each Region, or of an aggregator's whole organisation at once. Out: their answers,
//! and a line of the manifest for each call that was not made because of it. Never: a call of the plan without a line, so that
//! nothing which AWS Config does not hold counts as absent; items of a recorder that does not run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::{About, Account, Collection, Options, Summary, is_account};
use crate::collect::gather::{Event, gather_each, gather_these};
use crate::collect::plan::config::{self, NOT_WHOLE, RECORDER};
use crate::collect::plan::{self, Where};
use crate::collect::store::Ended;
use crate::input::Call;

/// By resource type: read, or why not.
type Held = BTreeMap<&'static str, Result<(), String>>;

/// An account and a Region.
type Place = (Arc<str>, Arc<str>);

/// What is read in place of the services, for the manifest.
pub(super) fn source(options: &Options, home: &str) -> String {
    match &options.aggregator {
        Some(name) => format!("the aggregator {name} of AWS Config in {home}"),
        None => "AWS Config".to_owned(),
    }
}

/// Refuses what does not go together.
pub(super) fn sensible(options: &Options) -> Result<(), String> {
    let Some(name) = &options.aggregator else {
        return match options.from_config && options.organization {
            true => {
                Err("an organisation is read from AWS Config through an aggregator: give --aggregator, or leave out --org".into())
            }
            false => Ok(()),
        };
    };
    if !options.from_config || options.organization {
        return Err("an aggregator is for --from-config, without --org: it says itself which accounts it holds".to_owned());
    }
    if options.regions.len() > 1 {
        return Err("an aggregator stands in one Region: give only that one, or none for the Region of your profile".to_owned());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(format!("`{name}` is no name of an aggregator: it has letters, digits, `-` and `_`"));
    }
    Ok(())
}

impl Collection {
    /// One account, each Region of it from the AWS Config there; which Regions it was.
    pub(super) async fn of_config(&self, options: &Options, account: &Account) -> Vec<Arc<str>> {
        let calls = config::calls(false).filter(|call| call.place == Where::Account).collect();
        gather_these(self.run.clone(), self.spot(account, &self.home), Where::Account, calls).await;
        let regions = self.regions(options, account);
        (self.run.progress)(Event::Regions(regions.len()));
        let mut under_way = JoinSet::new();
        for region in &regions {
            let (this, account, region) = (self.clone(), account.clone(), region.clone());
            under_way.spawn(async move { this.region_of_config(&account, &region).await });
        }
        let mut everywhere = Held::new();
        while let Some(done) = under_way.join_next().await {
            (self.run.progress)(Event::RegionDone);
            merge(&mut everywhere, done.unwrap_or_default());
        }
        self.note(&account.id, "global", Where::Account, &everywhere);
        regions
    }

    async fn region_of_config(&self, account: &Account, region: &Arc<str>) -> Held {
        let spot = self.spot(account, region);
        let (queries, others): (Vec<_>, Vec<_>) =
            config::calls(false).filter(|call| call.place == Where::Region).partition(|call| !call.each.is_empty());
        gather_these(self.run.clone(), spot.clone(), Where::Region, others).await;
        let recorder = self.recorder(account, region);
        let mut held = Held::new();
        for query in queries {
            let (asked, unasked): (Vec<_>, Vec<_>) = query
                .each
                .iter()
                .copied()
                .map(|name| (name, recorded(&recorder, name, region)))
                .partition(|(_, how)| how.is_ok());
            held.extend(unasked);
            let asked: Vec<&'static str> = asked.into_iter().map(|(name, _)| name).collect();
            gather_each(self.run.clone(), spot.clone(), query, &asked).await;
            for name in asked {
                let call = self.at(&account.id, region, "configservice", query.operation, Some(name));
                held.insert(name, self.answered(&call, name));
            }
        }
        self.note(&account.id, region, Where::Region, &held);
        held
    }

    /// The recorder that runs in a Region, or why there is none.
    fn recorder(&self, account: &Account, region: &Arc<str>) -> Result<Value, String> {
        let answer = |operation: &str, list: &str| {
            let call = self.at(&account.id, region, "configservice", operation, None);
            let Some(answer) = self.run.store.known_now(&call) else {
                let why = how(self.run.store.outcome(&call));
                return Err(format!("whether AWS Config records anything in {region} is not known: `{operation}` {why}"));
            };
            // A recorder of an AWS service's own keeps its items to itself.
            let all = answer.get(list).and_then(Value::as_array).into_iter().flatten();
            Ok(all.into_iter().find(|recorder| recorder.get("servicePrincipal").is_none_or(Value::is_null)).cloned())
        };
        let recorder = answer("describe-configuration-recorders", "ConfigurationRecorders")?;
        let status = answer("describe-configuration-recorder-status", "ConfigurationRecordersStatus")?;
        let Some(recorder) = recorder else {
            return Err(format!("AWS Config does not record it: it has no recorder in {region}"));
        };
        if status.as_ref().and_then(|status| status.get("recording")) != Some(&Value::Bool(true)) {
            return Err(format!("AWS Config does not record it: its recorder in {region} is stopped"));
        }
        Ok(recorder)
    }

    /// Everything that an aggregator holds.
    pub(super) async fn of_aggregator(&self, name: &str, own: &Account, mut about: About) -> Result<Summary, String> {
        (self.run.progress)(Event::Accounts(1));
        let spot = self.spot(own, &self.home);
        gather_these(self.run.clone(), spot, Where::Organization, config::calls(true).collect()).await;
        (self.run.progress)(Event::AccountDone);
        let call = self.named(&own.id, "configservice", "describe-configuration-aggregators", Some(name));
        let described = self.run.store.known_now(&call);
        let aggregator = described.as_ref().and_then(|answer| answer.get("ConfigurationAggregators")?.as_array()?.first());
        let Some(aggregator) = aggregator else {
            if self.run.stopped() {
                return self.ending(about, 0, 0);
            }
            let why = if described.is_some() { "it does not list it".to_owned() } else { how(self.run.store.outcome(&call)) };
            let home = &self.home;
            return Err(format!(
                "AWS Config in {home} does not show an aggregator `{name}`: `describe-configuration-aggregators` {why}"
            ));
        };
        let sources = self.named(&own.id, "configservice", "describe-configuration-aggregator-sources-status", Some(name));
        let mut covered = Covered::default();
        covered.sources(aggregator, self.run.store.known_now(&sources).as_ref());
        let mut asked = Held::new();
        for recorded in config::types() {
            let call = self.named(&own.id, "configservice", "select-aggregate-resource-config", Some(recorded.name));
            let taken = taken(aggregator, recorded.name).and_then(|()| self.answered(&call, recorded.name));
            asked.insert(recorded.name, taken);
            if let Some(answer) = self.run.store.known_now(&call) {
                covered.items(&answer, recorded.name);
            }
        }
        let mut by_account: BTreeMap<&Arc<str>, Held> = BTreeMap::new();
        for (account, region) in &covered.places {
            let recorder = covered.recorder(account, region);
            let how = |(name, how): (&&'static str, &Result<(), String>)| {
                let here = || match &recorder {
                    Some(recorder) => recorded(recorder, name, region),
                    None => Ok(()),
                };
                (*name, how.clone().and_then(|()| here()))
            };
            let held: Held = asked.iter().map(how).collect();
            self.note(account, region, Where::Region, &held);
            merge(by_account.entry(account).or_default(), held);
            if !about.regions.contains(region) {
                about.regions.push(region.clone());
            }
        }
        for account in &covered.accounts {
            self.note(account, "global", Where::Account, by_account.get(account).unwrap_or(&asked));
        }
        self.note(&own.id, "global", Where::Organization, &Held::new());
        self.ending(about, covered.accounts.len(), covered.places.len())
    }

    fn at(&self, account: &str, region: &str, service: &str, operation: &str, resource: Option<&str>) -> Call {
        Call { region: region.into(), ..self.named(account, service, operation, resource) }
    }

    /// Whether the query for a type was answered.
    fn answered(&self, call: &Call, name: &str) -> Result<(), String> {
        match self.run.store.outcome(call) {
            Some(Ended::Ok) => Ok(()),
            other => Err(format!("AWS Config's query for {name} {}", how(other))),
        }
    }

    /// A line of the manifest for each call of a kind of place that was not made.
    fn note(&self, account: &str, region: &str, place: Where, held: &Held) {
        for call in plan::all().iter().filter(|call| call.place == place) {
            let named = self.at(account, region, call.service, call.operation, None);
            if self.run.store.outcome(&named).is_some() {
                continue;
            }
            let holders: Vec<&str> = config::types()
                .iter()
                .filter(|recorded| recorded.calls.contains(&(call.service, call.operation)))
                .map(|recorded| recorded.name)
                .collect();
            let whys: BTreeSet<&str> =
                holders.iter().filter_map(|name| held.get(name)?.as_ref().err().map(String::as_str)).collect();
            let lacking: usize = holders.iter().filter(|name| held.get(*name).is_none_or(Result::is_err)).count();
            let whys = whys.into_iter().collect::<Vec<_>>().join("; ");
            let (code, message) = match (holders.len(), whys.is_empty()) {
                (0, _) => ("NotInConfig", "AWS Config does not record it".to_owned()),
                (all, true) if lacking == all => ("NotInConfig", "AWS Config was not asked for it".to_owned()),
                (all, false) if lacking == all => ("NotInConfig", whys),
                (_, true) => ("FromConfig", NOT_WHOLE.to_owned()),
                (_, false) => ("FromConfig", format!("{NOT_WHOLE}; {whys}")),
            };
            self.run.store.ended(&named, Ended::Not("not-attempted", code.to_owned(), message));
        }
    }
}

/// What is read somewhere is read; else the first reason stands.
fn merge(known: &mut Held, more: Held) {
    for (name, how) in more {
        let old = known.entry(name).or_insert_with(|| how.clone());
        if how.is_ok() {
            *old = how;
        }
    }
}

/// How a call ended, after its name.
fn how(ended: Option<Ended>) -> String {
    match ended {
        Some(Ended::Ok) => "was answered".to_owned(),
        Some(Ended::Not("denied", code, _)) => format!("was denied ({code})"),
        Some(Ended::Not("error", code, message)) => format!("failed ({code}: {message})"),
        Some(Ended::Not(_, code, _)) => format!("was not made ({code})"),
        None => "was not made".to_owned(),
    }
}

/// Types of resources that belong to no Region.
fn is_global(name: &str) -> bool {
    name.starts_with("AWS::IAM::")
}

/// Whether a recorder records a type.
fn recorded(recorder: &Result<Value, String>, name: &str, region: &str) -> Result<(), String> {
    let recorder = recorder.as_ref().map_err(Clone::clone)?;
    let Some(group) = member(recorder, "recordingGroup") else { return Ok(()) };
    let lists = |value: Option<&Value>| {
        value
            .and_then(|value| member(value, "resourceTypes"))
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|n| n == name))
    };
    let flag = |key: &str| member(group, key) == Some(&Value::Bool(true));
    let strategy = member(group, "recordingStrategy").and_then(|strategy| member(strategy, "useOnly")?.as_str());
    let is = match strategy {
        Some("EXCLUSION_BY_RESOURCE_TYPES") => !lists(member(group, "exclusionByResourceTypes")),
        Some("INCLUSION_BY_RESOURCE_TYPES") => lists(Some(group)),
        _ if flag("allSupported") => !is_global(name) || flag("includeGlobalResourceTypes"),
        _ => lists(Some(group)),
    };
    match is || name == RECORDER {
        true => Ok(()),
        false => Err(format!("AWS Config does not record it: its recorder in {region} leaves out {name}")),
    }
}

/// Whether an aggregator takes a type from its accounts.
fn taken(aggregator: &Value, name: &str) -> Result<(), String> {
    let filter = aggregator.get("AggregatorFilters").and_then(|filters| filters.get("ResourceType")?.get("Value")?.as_array());
    match filter.is_none_or(|types| types.iter().any(|ty| ty == name)) {
        true => Ok(()),
        false => Err(format!("AWS Config's aggregator leaves out {name}")),
    }
}

/// A member, whether the API's own answer spells it or an item.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Which accounts and Regions an aggregator holds.
#[derive(Debug, Default)]
struct Covered {
    accounts: BTreeSet<Arc<str>>,
    places: BTreeSet<Place>,
    /// Why an account and Region is not to be believed.
    stale: BTreeMap<Place, String>,
    recorders: BTreeMap<Place, Value>,
}

impl Covered {
    fn add(&mut self, account: &str, region: &str) {
        if is_account(account) {
            self.accounts.insert(account.into());
            if region.contains('-') {
                self.places.insert((account.into(), region.into()));
            }
        }
    }

    /// What the aggregator is set up to hold, and what it says of how well it does.
    fn sources(&mut self, aggregator: &Value, statuses: Option<&Value>) {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        for source in list(aggregator, "AccountAggregationSources") {
            for account in list(&source, "AccountIds") {
                self.add(account.as_str().unwrap_or_default(), "");
                for region in list(&source, "AwsRegions") {
                    self.add(account.as_str().unwrap_or_default(), region.as_str().unwrap_or_default());
                }
            }
        }
        for row in statuses.map(|answer| list(answer, "AggregatedSourceStatusList")).unwrap_or_default() {
            let (account, region, status) = (text(&row, "SourceId"), text(&row, "AwsRegion"), text(&row, "LastUpdateStatus"));
            self.add(&account, &region);
            if status != "SUCCEEDED" {
                let code = text(&row, "LastErrorCode");
                let code = if code.is_empty() { code } else { format!(" ({code})") };
                let why = format!("AWS Config's aggregator has no present copy of {region}: its last update is {status}{code}");
                self.stale.insert((account.into(), region.into()), why);
            }
        }
    }

    /// What the items of a type tell of accounts, Regions and recorders.
    fn items(&mut self, answer: &Value, name: &str) {
        for item in answer.get("Results").and_then(Value::as_array).into_iter().flatten() {
            let Some(item) = item.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) else { continue };
            let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
            self.add(text("accountId"), text("awsRegion"));
            if name == RECORDER
                && let Some(recorder) = item.get("configuration")
            {
                self.recorders.insert((text("accountId").into(), text("awsRegion").into()), recorder.clone());
            }
        }
    }

    /// The recorder of an account's Region, or why its items do not count; nothing where no item tells of it.
    fn recorder(&self, account: &Arc<str>, region: &Arc<str>) -> Option<Result<Value, String>> {
        let place = (account.clone(), region.clone());
        if let Some(why) = self.stale.get(&place) {
            return Some(Err(why.clone()));
        }
        let recorder = self.recorders.get(&place)?;
        Some(match member(recorder, "recording") == Some(&Value::Bool(false)) {
            true => Err(format!("AWS Config does not record it: its recorder in {region} is stopped")),
            false => Ok(recorder.clone()),
        })
    }
}
