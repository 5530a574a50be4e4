//! A whole collection: whose accounts, which Regions, with which credentials.
//!
//! In: [`Options`]. Out: the folder of an export with its manifest, and a [`Summary`]. Never: a change in an account; an account or
//! a Region left out without a line that says why.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

mod from_config;
mod interrupt;
mod words;

use super::client::{Client, Failure, Spot};
use super::gather::{Event, Progress, Run, gather, request};
use super::plan::Where;
use super::store::{About, Ended, Store};
use crate::input::Call;

/// What to collect, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder to write.
    pub out: PathBuf,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The Regions; empty: those that the account has enabled.
    pub regions: Vec<String>,
    /// All accounts of the organisation, not only the caller's.
    pub organization: bool,
    /// The name of the role that is assumed in each member account.
    pub role: String,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// Only these accounts; empty: all.
    pub accounts: Vec<String>,
    /// Only accounts somewhere below these organizational units (ids); empty: all.
    pub ous: Vec<String>,
    /// Ask AWS Config what it recorded, in place of the services themselves.
    pub from_config: bool,
    /// The aggregator of AWS Config to ask; `None`: AWS Config of each Region.
    pub aggregator: Option<String>,
    /// How many calls may be under way.
    pub concurrency: usize,
    /// Go on with what stands in the folder.
    pub resume: bool,
    /// About how long is waited before the first retry, doubled for each further one; `None`: as the SDK does.
    pub retry_delay: Option<Duration>,
    /// How long an answer may take until its last byte; `None`: a minute and a half.
    pub patience: Option<Duration>,
    /// The rules that are built in, for the manifest.
    pub rules: Option<String>,
}

/// What is said of a collection that was stopped.
const INTERRUPTED: &str = "the collection was interrupted; the same command with --resume goes on with it";
/// What is said where credentials ended midway.
const EXPIRED: &str = "the credentials have expired; get new ones (as with `aws sso login`), and the same command with --resume goes \
     on with it";

/// So many accounts are read side by side.
const ACCOUNTS: usize = 4;

/// How a collection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Accounts of which something was collected.
    pub accounts: usize,
    /// Regions of them, all told.
    pub regions: usize,
    /// Calls answered.
    pub answered: usize,
    /// Calls that AWS refused.
    pub denied: usize,
    /// Calls that failed otherwise.
    pub failed: usize,
    /// Calls that were not made.
    pub not_attempted: usize,
    /// How often AWS said that it is asked too often.
    pub throttled: usize,
    /// SHA-256 of the manifest.
    pub manifest: String,
    /// Why it ended before its end.
    pub stopped: Option<String>,
}

/// Collects.
///
/// # Errors
/// Where nothing can be collected: no credentials, an identity that cannot be read, a folder that cannot be written.
pub fn collect(options: &Options, progress: Progress) -> Result<Summary, String> {
    sensible(options)?;
    let store = Store::open(&options.out, options.resume).map_err(|why| why.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    runtime.block_on(Collection::start(options, store, progress))
}

/// Refuses what can mean no account, unit or Region, before anything is asked.
fn sensible(options: &Options) -> Result<(), String> {
    if let Some(account) = options.accounts.iter().find(|id| !is_account(id)) {
        return Err(format!("`{account}` is no account: an account's id has 12 digits"));
    }
    if let Some(unit) = options.ous.iter().find(|id| !(id.starts_with("ou-") || id.starts_with("r-"))) {
        return Err(format!("`{unit}` is no id of an organizational unit: it begins with `ou-`, or `r-` for the root"));
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
    if options.organization && !(options.role.bytes().all(named) && options.role.bytes().any(|byte| byte != b'/')) {
        return Err(format!("`{}` is no name of a role, such as `AlicerceReadOnly` or `audit/AlicerceReadOnly`", options.role));
    }
    let plain = |region: &String| region.contains('-') && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match options.regions.iter().find(|region| !plain(region)) {
        Some(region) => Err(format!("`{region}` is no Region, such as `sa-east-1`; `auto` stands for all that are enabled")),
        None => from_config::sensible(options),
    }
}

/// The SDK's configuration: its own chain of credentials, proxies of the environment, patient retries.
async fn configuration(options: &Options) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = aws_smithy_http_client::Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        if let Some(sleep) =
            components.and_then(aws_smithy_runtime_api::client::runtime_components::RuntimeComponents::sleep_impl)
        {
            connector.set_sleep_impl(Some(sleep));
        }
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    });
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(options.patience.unwrap_or(Duration::from_secs(60)))
        .operation_attempt_timeout(options.patience.unwrap_or(Duration::from_secs(90)))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone()).timeout_config(timeouts);
    // Patient, but for an environment that says how often.
    if std::env::var_os("AWS_MAX_ATTEMPTS").is_none() {
        loader = loader.retry_config(RetryConfig::standard().with_max_attempts(8));
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    let mut loaded = loader.load().await;
    if let Some(profile) = &options.profile {
        // A profile that is asked for goes before credentials of the environment. SSO and roles are asked over the same client.
        let asking = ProviderConfig::without_region().with_http_client(http).with_region(loaded.region().cloned());
        let provider = ProfileFileCredentialsProvider::builder().configure(&asking).profile_name(profile).build();
        loaded = loaded.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
    }
    match (options.retry_delay, loaded.retry_config().cloned()) {
        (Some(delay), Some(retries)) => loaded.into_builder().retry_config(retries.with_initial_backoff(delay)).build(),
        _ => loaded,
    }
}

/// One account with the credentials to read it.
#[derive(Debug, Clone)]
struct Account {
    id: Arc<str>,
    credentials: SharedCredentialsProvider,
    /// Of these credentials, for all Regions.
    identities: SharedIdentityCache,
}

impl Account {
    fn new(id: &str, credentials: SharedCredentialsProvider) -> Self {
        let identities = IdentityCache::lazy().load_timeout(Duration::from_secs(30)).build();
        Self { id: id.into(), credentials, identities }
    }
}

#[derive(Clone)]
struct Collection {
    run: Arc<Run>,
    config: SdkConfig,
    partition: Arc<str>,
    home: Arc<str>,
}

impl Collection {
    async fn start(options: &Options, store: Store, progress: Progress) -> Result<Summary, String> {
        let config = configuration(options).await;
        let credentials = config.credentials_provider().ok_or("no AWS credentials were found")?;
        let home = options.regions.first().cloned().or_else(|| config.region().map(ToString::to_string));
        let home: Arc<str> = home.unwrap_or_else(|| "us-east-1".to_owned()).into();
        let throttles = Arc::new(AtomicUsize::new(0));
        let (told, counted) = (progress.clone(), throttles.clone());
        let throttled = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            told(Event::Throttled);
        });
        let run = Arc::new(Run {
            client: Client::new(config.clone(), throttled),
            store,
            everywhere: Semaphore::new(options.concurrency.clamp(1, 512)),
            stop: watch::Sender::new(false),
            progress,
            aggregator: options.aggregator.clone(),
        });
        let mut collection = Self { run, config, partition: "aws".into(), home };
        let unnamed = Account::new("", credentials);
        let identity = match collection.identity(&unnamed).await {
            Ok(identity) => identity,
            Err(why @ Failure::Failed(..)) => {
                let given = unnamed.credentials.provide_credentials().await;
                return Err(given.err().map_or_else(|| words::who_failed(&why), |none| words::no_credentials(options, &none)));
            }
            Err(why) => return Err(words::who_failed(&why)),
        };
        let text = |key: &str| identity.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !is_account(&text("Account")) {
            return Err(format!("AWS does not say in which account it is asked: its id is `{}`", text("Account")));
        }
        let caller = text("Arn");
        collection.partition = caller.split(':').nth(1).unwrap_or("aws").into();
        let source = options.from_config.then(|| from_config::source(options, &collection.home));
        let about = About { collected_at: now(), caller, rules: options.rules.clone(), source, ..About::default() };
        let own = Account { id: text("Account").into(), ..unnamed };
        if let Some(earlier) = collection.run.store.earlier_account()
            && earlier != &*own.id
        {
            return Err(format!("the export was begun from account {earlier}, and these credentials are of {}", own.id));
        }
        let earlier_source = collection.run.store.earlier_source();
        if collection.run.store.earlier_account().is_some() && earlier_source != about.source.as_deref() {
            let [was, now] = [earlier_source, about.source.as_deref()].map(|source| source.unwrap_or("the services themselves"));
            return Err(format!("the export was begun from {was}, and this is from {now}"));
        }
        let mut summary = tokio::select! {
            biased;
            () = interrupt::twice(&collection.run) => return Err("interrupted twice: ended at once".to_owned()),
            summary = collection.collect(options, own, about) => summary?,
        };
        summary.throttled = throttles.load(Ordering::Relaxed);
        Ok(summary)
    }

    async fn identity(&self, account: &Account) -> Result<Value, Failure> {
        request(&self.run, &self.spot(account, &self.home), "sts", "get-caller-identity", Vec::new()).await
    }

    async fn collect(&self, options: &Options, own: Account, mut about: About) -> Result<Summary, String> {
        if self.run.store.earlier_account().is_none() {
            // So that the folder is an export, whatever comes.
            self.run.store.manifest(&about).map_err(|why| why.to_string())?;
        }
        if let Some(aggregator) = &options.aggregator {
            return self.of_aggregator(aggregator, &own, about).await;
        }
        if options.organization {
            let spot = self.spot(&own, &self.home);
            gather(self.run.clone(), spot, Where::Organization).await;
        }
        let accounts = if self.run.stopped() { Vec::new() } else { self.accounts(options, own).await? };
        let (many, mut regions) = (accounts.len(), 0);
        (self.run.progress)(Event::Accounts(many));
        let turns = Arc::new(Semaphore::new(ACCOUNTS));
        let mut under_way = JoinSet::new();
        for account in accounts {
            let (this, options, turns) = (self.clone(), options.clone(), turns.clone());
            under_way.spawn(async move {
                let _turn = turns.acquire().await;
                this.account(&options, &account).await
            });
        }
        while let Some(done) = under_way.join_next().await {
            let of_account = done.map_err(|why| why.to_string())?;
            (self.run.progress)(Event::AccountDone);
            regions += of_account.len();
            for region in of_account {
                if !about.regions.contains(&region) {
                    about.regions.push(region);
                }
            }
            if !under_way.is_empty() && !self.run.stopped() {
                // What is there so far can be used, and resumed, whatever comes.
                self.run.store.manifest(&about).map_err(|why| why.to_string())?;
            }
        }
        self.ending(about, many, regions)
    }

    /// Writes the manifest, and says how it ended.
    fn ending(&self, mut about: About, accounts: usize, regions: usize) -> Result<Summary, String> {
        let stopped = self.run.stopped();
        if stopped {
            self.run.store.keep_earlier();
        }
        about.regions.sort();
        about.finished_at = Some(now());
        let manifest = self.run.store.manifest(&about).map_err(|why| why.to_string())?;
        let [answered, denied, failed, not_attempted] = self.run.store.tally();
        let why = if self.run.store.expired() { EXPIRED } else { INTERRUPTED };
        let stopped = stopped.then(|| why.to_owned());
        Ok(Summary { accounts, regions, answered, denied, failed, not_attempted, throttled: 0, manifest, stopped })
    }

    fn spot(&self, account: &Account, region: &str) -> Spot {
        Spot {
            account: account.id.clone(),
            partition: self.partition.clone(),
            region: region.into(),
            credentials: account.credentials.clone(),
            identities: account.identities.clone(),
        }
    }

    /// The accounts to read: the caller's own, or those of the organisation that were asked for.
    async fn accounts(&self, options: &Options, own: Account) -> Result<Vec<Account>, String> {
        if !options.organization {
            return Ok(vec![own]);
        }
        let answer = |operation: &str, resource: Option<&str>| {
            let call = self.named(&own.id, "organizations", operation, resource);
            self.run.store.known_now(&call)
        };
        let Some(listed) = answer("list-accounts", None) else {
            return Err("the accounts of the organisation could not be listed; run it in the management account or a delegated \
                 administrator, or leave out --org"
                .to_owned());
        };
        if let Some(unit) = options.ous.iter().find(|unit| answer("list-accounts-for-parent", Some(unit)).is_none()) {
            return Err(format!("the organisation lists no organizational unit `{unit}`"));
        }
        let ids = || listed.get("Accounts").and_then(Value::as_array).into_iter().flatten().filter_map(|a| a.get("Id")?.as_str());
        if let Some(account) = options.accounts.iter().find(|account| !ids().any(|id| id == *account)) {
            return Err(format!("the organisation has no account `{account}`"));
        }
        let below = (!options.ous.is_empty()).then(|| below(&options.ous, &answer));
        let mut out = Vec::new();
        for account in listed.get("Accounts").and_then(Value::as_array).into_iter().flatten() {
            let id = account.get("Id").and_then(Value::as_str).unwrap_or_default();
            if !is_account(id) {
                return Err(format!("the organisation lists an account whose id is `{id}`, which is none"));
            }
            let asked = options.accounts.is_empty() || options.accounts.iter().any(|a| a == id);
            let inside = below.as_ref().is_none_or(|ids| ids.iter().any(|a| a == id));
            let active = ["Status", "State"].iter().find_map(|key| account.get(key)?.as_str()).unwrap_or("ACTIVE");
            if !asked || !inside {
                continue;
            }
            if active != "ACTIVE" {
                let call = self.named(id, "sts", "get-caller-identity", None);
                let why = format!("the account is {active}");
                self.run.store.ended(&call, Ended::Not("not-attempted", active.to_owned(), why));
                continue;
            }
            out.push(if id == &*own.id { own.clone() } else { self.member(options, id).await });
        }
        Ok(out)
    }

    async fn member(&self, options: &Options, id: &str) -> Account {
        let role = format!("arn:{}:iam::{id}:role/{}", self.partition, options.role.trim_start_matches('/'));
        let mut provider = AssumeRoleProvider::builder(role).session_name("alicerce").region(Region::new(self.home.to_string()));
        if let Some(external) = &options.external_id {
            provider = provider.external_id(external);
        }
        Account::new(id, SharedCredentialsProvider::new(provider.configure(&self.config).build().await))
    }

    fn named(&self, account: &str, service: &str, operation: &str, resource: Option<&str>) -> Call {
        let resource = resource.map(Into::into);
        Call { account: account.into(), region: "global".into(), service: service.into(), operation: operation.into(), resource }
    }

    /// Everything of one account; which Regions it was.
    async fn account(&self, options: &Options, account: &Account) -> Vec<Arc<str>> {
        if let Err(why) = self.identity(account).await {
            let call = self.named(&account.id, "sts", "get-caller-identity", None);
            self.run.store.ended(&call, Ended::from(&why));
            (self.run.progress)(Event::Call(&call, false));
            if matches!(why, Failure::Expired(_)) {
                self.run.stop();
            }
            return Vec::new();
        }
        if options.from_config {
            return self.of_config(options, account).await;
        }
        gather(self.run.clone(), self.spot(account, &self.home), Where::Account).await;
        let regions = self.regions(options, account);
        (self.run.progress)(Event::Regions(regions.len()));
        let mut places = JoinSet::new();
        for region in &regions {
            places.spawn(gather(self.run.clone(), self.spot(account, region), Where::Region));
        }
        while places.join_next().await.is_some() {
            (self.run.progress)(Event::RegionDone);
        }
        regions
    }

    /// The Regions to read: those asked for, else those that the account has enabled.
    fn regions(&self, options: &Options, account: &Account) -> Vec<Arc<str>> {
        if !options.regions.is_empty() {
            return options.regions.iter().map(|region| region.as_str().into()).collect();
        }
        let call = self.named(&account.id, "ec2", "describe-regions", None);
        let Some(answer) = self.run.store.known_now(&call) else { return vec![self.home.clone()] };
        let mut out = Vec::new();
        for region in answer.get("Regions").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| region.get(key).and_then(Value::as_str).unwrap_or_default();
            if text("OptInStatus") == "not-opted-in" {
                let off = Call { region: text("RegionName").into(), ..self.named(&account.id, "ec2", "describe-vpcs", None) };
                let why = "the account has not enabled this Region".to_owned();
                self.run.store.ended(&off, Ended::Not("not-attempted", "RegionNotEnabled".to_owned(), why));
            } else {
                out.push(text("RegionName").into());
            }
        }
        out
    }
}

/// The accounts below these units, at any depth.
fn below(units: &[String], answer: &impl Fn(&str, Option<&str>) -> Option<Value>) -> Vec<String> {
    let ids = |operation: &str, list: &str, parent: &str| -> Vec<String> {
        let found = answer(operation, Some(parent));
        let items = found.as_ref().and_then(|f| f.get(list)).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.get("Id")?.as_str().map(str::to_owned)).collect()
    };
    let mut todo = units.to_vec();
    let (mut seen, mut out) = (Vec::new(), Vec::new());
    while let Some(unit) = todo.pop() {
        if seen.contains(&unit) {
            continue;
        }
        out.extend(ids("list-accounts-for-parent", "Accounts", &unit));
        todo.extend(ids("list-organizational-units-for-parent", "OrganizationalUnits", &unit));
        seen.push(unit);
    }
    out
}

/// Twelve digits; it becomes the name of a folder.
fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
