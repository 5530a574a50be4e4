//! What a call of an account may name: models, Regions, and where its inference profiles route to.
//!
//! In: the answers that were loaded (`list-foundation-models`, `list-inference-profiles`, `get-inference-profile`), the dated tables,
//! and the model ids that the account's policies spell out. Out: one [`Targets`] an account. An answer goes before the table.
//! Never: a destination guessed from a profile's prefix, or a model taken for missing because nobody listed it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::principals::{KINDS, NO_ACCOUNT, Principals, Standing};
use super::rows::Rows;
use crate::catalog::models::{self, Destinations};
use crate::catalog::regions;
use crate::facts::{FactId, Value, Why};
use crate::world::World;

/// A set of Regions of [`Targets::regions`], a bit each.
pub(super) type Regions = u64;

/// More Regions than a set can hold are left out, and said so.
const MOST_REGIONS: usize = 63;

/// More model ids than these are not looked at one by one.
const MOST_MODELS: usize = 400;

/// What `destinations` says for a place that is any commercial Region.
pub(super) const GLOBAL: &str = "global";

/// A foundation model.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) id: Arc<str>,
    /// `Claude Haiku 4.5`, where the dated table knows it.
    pub(super) name: Option<&'static str>,
    pub(super) claude: bool,
    /// Stands for all models that nobody listed.
    pub(super) unlisted: bool,
    /// A policy of the account names its global profile.
    named_global: bool,
    /// A policy of the account names a geographic profile of it.
    named_geographic: bool,
}

/// Where one inference profile routes to from one Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// Region names; [`GLOBAL`] for any commercial one.
    pub(super) destinations: BTreeSet<Arc<str>>,
    /// Which answer or table says so.
    pub(super) from: Arc<str>,
}

/// An application profile of the account.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) arn: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) region: Arc<str>,
    /// The ARNs of its models; `Err`: why they are not known.
    pub(super) models: Result<Vec<String>, Arc<Why>>,
}

/// What calls of one account may name.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) partition: Arc<str>,
    pub(super) account: Arc<str>,
    /// By index; the index past the last one is the ARN without a Region.
    pub(super) regions: Vec<Arc<str>>,
    pub(super) models: Vec<Model>,
    /// Prefixes of system-defined profiles, `global` first.
    pub(super) prefixes: Vec<Arc<str>>,
    /// Prefix, model, source Region → route, for geographic profiles that are known to exist.
    pub(super) routes: BTreeMap<(usize, usize, usize), Route>,
    /// Regions whose system-defined profiles were listed.
    pub(super) profiles_listed: Regions,
    /// Regions whose models were listed, and for each model where it can be called by its own id.
    models_listed: Regions,
    on_demand: HashMap<usize, Regions>,
    /// Regions whose listing of models was asked for and refused, and why the first was.
    models_refused: Regions,
    why_refused: Option<Arc<Why>>,
    /// For each model where its global profile stands in the listing.
    global: HashMap<usize, Regions>,
    pub(super) applications: Vec<Application>,
    /// Things of the account by their kind.
    pub(super) things: HashMap<&'static str, Vec<FactId>>,
    /// By edge of `bedrock-region`: the Regions whose listing was loaded, and those where it is empty.
    listings: HashMap<&'static str, (Regions, Regions)>,
    /// Some ids that policies spell out were left out.
    pub(super) cut: bool,
    rows: Mutex<HashMap<Box<str>, Arc<Rows>>>,
}

/// The targets of every account that has a principal, each account's found at the first question.
#[derive(Debug)]
pub(super) struct All<'w> {
    world: &'w World,
    accounts: Arc<Accounts>,
}

#[derive(Debug)]
struct Accounts(HashMap<Option<Arc<str>>, OnceLock<Option<Arc<Targets>>>>);

impl<'w> All<'w> {
    /// Those of this world.
    pub(super) fn of(world: &'w World) -> Self {
        let make = |world: &World| {
            let ids = KINDS.iter().flat_map(|kind| world.facts.of_kind(kind));
            let accounts = ids.filter_map(|id| world.facts.get(*id)).map(|fact| (fact.account.clone(), OnceLock::new()));
            Accounts(accounts.collect())
        };
        Self { world, accounts: world.memo(make) }
    }

    fn get(&self, account: &str) -> Option<&Arc<Targets>> {
        let key = Some(account).filter(|account| *account != NO_ACCOUNT).map(Arc::from);
        self.accounts.0.get(&key)?.get_or_init(|| made(self.world, key.as_deref())).as_ref()
    }

    /// The targets of an account; of one that only a policy file names, with what the file knows.
    pub(super) fn of_account(&self, standing: &Standing, account: &str) -> Option<Arc<Targets>> {
        let own = self.get(&standing.account)?;
        if *account == *standing.account {
            return Some(own.clone());
        }
        Some(self.get(account).cloned().unwrap_or_else(|| Arc::new(own.named(account))))
    }
}

/// The targets of one account; of policy files, where none is given.
fn made(world: &World, account: Option<&str>) -> Option<Arc<Targets>> {
    let index = Principals::of(world);
    let of_kind = |kind: &&str| match account {
        Some(account) => world.facts.of_kind_in(kind, account),
        None => world.facts.of_kind(kind),
    };
    let here = |id: &&FactId| world.facts.get(**id).is_some_and(|fact| fact.account.as_deref() == account);
    let mut spelled: BTreeMap<Arc<str>, BTreeSet<String>> = BTreeMap::new();
    for id in KINDS.iter().flat_map(of_kind).filter(here) {
        let Some(standing) = index.get(*id) else { continue };
        spell(standing, spelled.entry(standing.partition.clone()).or_default());
    }
    let (partition, ids) = spelled.pop_last()?;
    Some(Arc::new(Targets::new(world, account.unwrap_or(NO_ACCOUNT).into(), partition, &ids)))
}

/// The model ids and Regions in the texts of a principal's statements on models; a Region is marked with `@`, a model whose global
/// profile is named with `^`, one whose geographic profile is with `~`.
fn spell(standing: &Standing, into: &mut BTreeSet<String>) {
    let statements = standing.identity.iter().flat_map(|held| &held.policy.statements);
    for statement in statements.filter(|s| super::ACTIONS.iter().any(|action| super::super::ask::grants(s, action))) {
        let patterns = statement.resource.iter().flat_map(|m| &m.patterns);
        for text in patterns.map(|p| &*p.text).filter(|text| text.contains(":bedrock:")) {
            if let Some((_, id)) = text.rsplit_once('/').filter(|(head, _)| is_model_arn(head)) {
                let (prefix, id) = split_prefix(id);
                if let Some(prefix) = prefix {
                    into.insert(format!("{}{id}", if prefix == GLOBAL { '^' } else { '~' }));
                }
                if !id.contains(['*', '?', '$']) && !id.is_empty() {
                    into.insert(id.to_owned());
                }
            }
            let region = text.split(':').nth(3).unwrap_or_default();
            if !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                into.insert(format!("@{region}"));
            }
        }
    }
}

fn is_model_arn(head: &str) -> bool {
    head.ends_with(":foundation-model") || (head.ends_with(":inference-profile"))
}

/// Prefixes of geographic profiles that the dated table or an answer may hold.
const GEOGRAPHIC: [&str; 9] = ["apac", "au", "ca", "eu", "jp", "sa", "uk", "us", "us-gov"];

/// `us.anthropic.claude…` → (`us`, `anthropic.claude…`); a model's own id is whole.
pub(super) fn split_prefix(id: &str) -> (Option<&str>, &str) {
    match id.split_once('.') {
        Some((prefix, rest)) if prefix == GLOBAL || GEOGRAPHIC.contains(&prefix) => (Some(prefix), rest),
        _ => (None, id),
    }
}

/// True for an id that is or may be a Claude model's.
pub(super) fn is_claude(id: &str) -> bool {
    id.contains("anthropic.")
}

/// Kinds of things that run models, with the edge of `bedrock-region` that lists them.
const THINGS: [(&str, &str); 6] = [
    ("provisioned-model", "provisioned_models"),
    ("custom-model", "custom_models"),
    ("agent", "agents"),
    ("knowledge-base", "knowledge_bases"),
    ("agentcore-runtime", "runtimes"),
    ("agentcore-gateway", "gateways"),
];

/// One system-defined profile of an answer.
struct Listed {
    prefix: Arc<str>,
    model: Arc<str>,
    region: Arc<str>,
    destinations: BTreeSet<Arc<str>>,
}

impl Targets {
    fn new(world: &World, account: Arc<str>, partition: Arc<str>, spelled: &BTreeSet<String>) -> Self {
        let facts = &world.facts;
        let of = |kind: &str| facts.of_kind_in(kind, &account).to_vec();
        let places = of("bedrock-region");
        let mut targets = Self { partition, account: account.clone(), ..Self::default() };
        let looked_at = places.iter().filter_map(|id| facts.get(*id)?.region.clone());
        let named = spelled.iter().filter_map(|text| text.strip_prefix('@')).map(Arc::from);
        targets.take_regions(looked_at.chain(named));
        for place in places {
            let Some(region) = facts.get(place).and_then(|f| f.region.clone()).and_then(|r| targets.region(&r)) else { continue };
            let name = targets.regions.get(region).map(|name| &**name);
            if let Some(why) = facts.refused("bedrock", &["list-foundation-models"], Some(&account), name) {
                targets.models_refused |= 1 << region;
                targets.why_refused.get_or_insert(why);
            }
            if facts.follow(place, "inference_profiles").is_ok() {
                targets.profiles_listed |= 1 << region;
            }
            for (_, edge) in THINGS {
                if let Ok(list) = facts.follow(place, edge) {
                    let (listed, empty) = targets.listings.entry(edge).or_default();
                    *listed |= 1 << region;
                    *empty |= u64::from(list.is_empty()) << region;
                }
            }
        }
        targets.things = THINGS.iter().map(|(kind, _)| (*kind, of(kind))).filter(|(_, ids)| !ids.is_empty()).collect();
        let mut listed = Vec::new();
        for profile in of("inference-profile") {
            targets.profile(world, profile, &mut listed);
        }
        targets.take_models(world, &account, &listed, spelled);
        targets.take_routes(&listed);
        targets
    }

    /// The same for another account.
    fn named(&self, account: &str) -> Self {
        Self {
            partition: self.partition.clone(),
            account: account.into(),
            regions: self.regions.clone(),
            models: self.models.clone(),
            prefixes: self.prefixes.clone(),
            routes: self.routes.clone(),
            cut: self.cut,
            ..Self::default()
        }
    }

    fn take_regions(&mut self, further: impl Iterator<Item = Arc<str>>) {
        let commercial = &*self.partition == "aws";
        let table = regions::all().iter().filter(|_| commercial).map(|r| Arc::from(r.name));
        let gov: &[&str] = if &*self.partition == "aws-us-gov" { &["us-gov-east-1", "us-gov-west-1"] } else { &[] };
        for region in table.chain(gov.iter().map(|r| Arc::from(*r))).chain(further) {
            if !self.regions.contains(&region) && self.regions.len() < MOST_REGIONS {
                self.regions.push(region);
            }
        }
    }

    /// An inference profile of an answer.
    fn profile(&mut self, world: &World, id: FactId, listed: &mut Vec<Listed>) {
        let facts = &world.facts;
        let Some(fact) = facts.get(id) else { return };
        let text = |path: &str| facts.text_at(id, &[path]).ok().flatten();
        let arn = text("inferenceProfileArn").unwrap_or_else(|| fact.id.to_string());
        let Some(region) = arn.split(':').nth(3).filter(|r| !r.is_empty()).map(Arc::<str>::from).or(fact.region.clone()) else {
            return;
        };
        let models: Result<Vec<String>, _> = facts
            .list_in(&Value::Fact(id), &["models"])
            .and_then(|list| list.iter().map(|m| facts.text_in(m, &["modelArn"]).map(Option::unwrap_or_default)).collect());
        if arn.contains(":application-inference-profile/") || text("type").as_deref() == Some("APPLICATION") {
            self.applications.push(Application { arn: arn.into(), name: fact.name.clone(), region, models });
            return;
        }
        let (Some(prefix), model) = split_prefix(&fact.key) else { return };
        let destination = |arn: &String| match arn.split(':').nth(3) {
            Some("") => Arc::from(GLOBAL),
            other => Arc::from(other.unwrap_or_default()),
        };
        let destinations: BTreeSet<Arc<str>> = models.unwrap_or_default().iter().map(destination).collect();
        listed.push(Listed { prefix: prefix.into(), model: model.into(), region, destinations });
    }

    fn take_models(&mut self, world: &World, account: &Arc<str>, listed: &[Listed], spelled: &BTreeSet<String>) {
        let facts = &world.facts;
        let mut ids: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut on_demand: BTreeMap<Arc<str>, Regions> = BTreeMap::new();
        for id in facts.of_kind_in("foundation-model", account) {
            let Some(fact) = facts.get(*id) else { continue };
            let Some(region) = fact.region.as_deref().and_then(|r| self.region(r)) else { continue };
            ids.insert(fact.key.clone());
            self.models_listed |= 1 << region;
            let types = facts.list_in(&Value::Fact(*id), &["inferenceTypesSupported"]);
            // Where it is not known how it can be called, any way may do.
            let direct = types
                .map_or(true, |types| types.is_empty() || types.iter().any(|t| facts.text(t).as_deref() == Some("ON_DEMAND")));
            if direct {
                *on_demand.entry(fact.key.clone()).or_default() |= 1 << region;
            }
        }
        ids.extend(listed.iter().map(|p| p.model.clone()));
        ids.extend(spelled.iter().filter(|text| !text.starts_with(['@', '^', '~'])).map(|id| Arc::from(id.as_str())));
        self.cut = ids.len() > MOST_MODELS;
        let known: BTreeSet<&str> = ids.iter().filter_map(|id| models::find(id)).map(|m| m.id).collect();
        let table = models::all().iter().filter(|m| !known.contains(m.id)).map(|m| Arc::from(m.id));
        for id in table.collect::<Vec<_>>().into_iter().chain(ids.into_iter().take(MOST_MODELS)) {
            let name = models::find(&id).map(|m| m.name);
            let named = |mark: char| spelled.contains(&format!("{mark}{id}"));
            let (named_global, named_geographic) = (named('^'), named('~'));
            self.models.push(Model { claude: is_claude(&id), name, unlisted: false, named_global, named_geographic, id });
        }
        // Those with a name first, so that a witness names a model that people know.
        self.models.sort_by_key(|m| (m.name.is_none(), !m.claude));
        for (id, claude) in [("anthropic.claude-unlisted-v9:0", true), ("unlisted-vendor.unlisted-model-v9:0", false)] {
            let (named_global, named_geographic) = (false, false);
            self.models.push(Model { id: id.into(), name: None, claude, unlisted: true, named_global, named_geographic });
        }
        for (index, model) in self.models.iter().enumerate() {
            if let Some(regions) = on_demand.get(&model.id) {
                self.on_demand.insert(index, *regions);
            }
        }
    }

    fn take_routes(&mut self, listed: &[Listed]) {
        let prefixes: BTreeSet<Arc<str>> =
            listed.iter().map(|p| p.prefix.clone()).chain(GEOGRAPHIC.map(Arc::from)).filter(|p| &**p != GLOBAL).collect();
        self.prefixes = std::iter::once(Arc::from(GLOBAL)).chain(prefixes).collect();
        let index: HashMap<Arc<str>, usize> = self.models.iter().enumerate().map(|(i, m)| (m.id.clone(), i)).collect();
        for profile in listed {
            let (Some(&model), Some(region)) = (index.get(&profile.model), self.region(&profile.region)) else { continue };
            let Some(prefix) = self.prefixes.iter().position(|p| *p == profile.prefix) else { continue };
            if prefix == 0 {
                *self.global.entry(model).or_default() |= 1 << region;
            } else if !profile.destinations.is_empty() {
                let from = format!("the profile's own answer in {}", profile.region).into();
                self.routes.insert((prefix, model, region), Route { destinations: profile.destinations.clone(), from });
            }
        }
        let from: Arc<str> = format!("alicerce's table of {}", models::DATE).into();
        for (prefix, text) in self.prefixes.clone().iter().enumerate().skip(1) {
            for (model, known) in self.models.iter().enumerate().filter(|(_, m)| m.name.is_some()) {
                for (region, source) in self.regions.iter().enumerate() {
                    if self.profiles_listed >> region & 1 == 1 || self.routes.contains_key(&(prefix, model, region)) {
                        continue;
                    }
                    let id = format!("{text}.{}", known.id);
                    if let Some(Destinations::Regions(to)) = models::destinations(&id, source) {
                        let destinations = to.into_iter().map(Arc::from).collect();
                        self.routes.insert((prefix, model, region), Route { destinations, from: from.clone() });
                    }
                }
            }
        }
    }

    /// The Regions whose listing of such things was loaded, and those of them that hold none.
    pub(super) fn listing(&self, edge: &str) -> (Regions, Regions) {
        self.listings.get(edge).copied().unwrap_or_default()
    }

    /// The things of a kind.
    pub(super) fn things(&self, kind: &str) -> &[FactId] {
        self.things.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The index of a Region.
    pub(super) fn region(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|r| &**r == name)
    }

    /// All Regions, without the place of an ARN that has none.
    pub(super) fn everywhere(&self) -> Regions {
        (1 << self.regions.len()) - 1
    }

    /// The Regions where a model may be called by its own id: all but those that an answer or the table rules out.
    pub(super) fn direct(&self, model: usize) -> Regions {
        let Some(known) = self.models.get(model) else { return 0 };
        if known.unlisted {
            return self.of_kind(known.claude, |model| self.direct(model));
        }
        let listed = self.on_demand.get(&model).copied().unwrap_or_default();
        let entry = models::find(&known.id);
        self.select(|region, name| {
            if self.models_listed >> region & 1 == 1 {
                return listed >> region & 1 == 1;
            }
            entry.and_then(|m| models::offer(m, name)).is_none_or(|offer| offer.in_region == Some(true))
        })
    }

    /// Those of them that hang on a listing of models which was refused, with why it was: another answer, or none, may rule them out.
    pub(super) fn doubted(&self, model: usize) -> Option<(Regions, Arc<Why>)> {
        let regions = self.direct(model) & self.models_refused & !self.certain(model);
        self.why_refused.clone().filter(|_| regions != 0).map(|why| (regions, why))
    }

    /// The Regions where an answer or the table says that a model may be called by its own id.
    fn certain(&self, model: usize) -> Regions {
        let Some(known) = self.models.get(model) else { return 0 };
        if known.unlisted {
            let like = self.models.iter().enumerate().filter(|(_, m)| m.claude == known.claude && !m.unlisted);
            return like.map(|(index, _)| self.certain(index)).fold(0, |a, b| a | b);
        }
        let listed = self.on_demand.get(&model).copied().unwrap_or_default();
        let entry = models::find(&known.id);
        let told = |name: &str| entry.and_then(|m| models::offer(m, name)).is_some_and(|offer| offer.in_region == Some(true));
        listed | self.select(|_, name| told(name))
    }

    /// Where some listed model of the kind is offered: what nobody listed is offered where its like is. Anywhere, where none is listed.
    fn of_kind(&self, claude: bool, offered: impl Fn(usize) -> Regions) -> Regions {
        let like = self.models.iter().enumerate().filter(|(_, m)| m.claude == claude && !m.unlisted);
        like.map(|(index, _)| offered(index)).reduce(|a, b| a | b).unwrap_or_else(|| self.everywhere())
    }

    /// The Regions from which a model's global profile may be called.
    pub(super) fn global(&self, model: usize) -> Regions {
        let Some(known) = self.models.get(model) else { return 0 };
        if known.unlisted {
            return if known.claude { self.of_kind(true, |model| self.global(model)) } else { self.everywhere() };
        }
        let listed = self.global.get(&model).copied().unwrap_or_default();
        let entry = models::find(&known.id);
        self.select(|region, name| {
            if self.profiles_listed >> region & 1 == 1 {
                return listed >> region & 1 == 1;
            }
            match entry {
                Some(entry) => models::offer(entry, name).map_or(entry.current, |offer| offer.global),
                // Most models of other vendors have none: those count that an answer or a policy names.
                None => known.named_global || listed != 0,
            }
        })
    }

    /// The Regions from which a geographic profile of the model may be called that no answer and no table speaks of.
    pub(super) fn geographic_unknown(&self, model: usize) -> Regions {
        let Some(known) = self.models.get(model) else { return 0 };
        let entry = models::find(&known.id);
        // Of the models of other vendors those count that a policy names a profile of, and the unlisted ones.
        if entry.is_some_and(|m| !m.current) || !(known.claude || known.unlisted || known.named_geographic) {
            return 0;
        }
        let routed: Regions = self.routes.keys().filter(|(_, m, _)| *m == model).fold(0, |all, (_, _, r)| all | 1 << r);
        self.select(|region, name| {
            let told = self.profiles_listed >> region & 1 == 1 || routed >> region & 1 == 1;
            !told && entry.and_then(|m| models::offer(m, name)).is_none_or(|offer| offer.geographic)
        })
    }

    fn select(&self, wanted: impl Fn(usize, &str) -> bool) -> Regions {
        let regions = self.regions.iter().enumerate();
        regions.filter(|(i, name)| wanted(*i, name)).fold(0, |all, (i, _)| all | 1 << i)
    }

    /// The names of a set of Regions.
    pub(super) fn names(&self, set: Regions) -> impl Iterator<Item = &Arc<str>> {
        self.regions.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1).map(|(_, name)| name)
    }

    /// What a model's ARN is in a Region (`regions.len()`: in none).
    pub(super) fn model_arn(&self, model: usize, region: usize) -> String {
        let id = self.models.get(model).map_or("", |m| &m.id);
        let region = self.regions.get(region).map_or("", |r| r);
        format!("arn:{}:bedrock:{region}::foundation-model/{id}", self.partition)
    }

    /// What a system-defined profile's ARN is in a Region.
    pub(super) fn profile_arn(&self, prefix: usize, model: usize, region: usize) -> String {
        let id = self.models.get(model).map_or("", |m| &m.id);
        let prefix = self.prefixes.get(prefix).map_or("", |p| p);
        let region = self.regions.get(region).map_or("", |r| r);
        format!("arn:{}:bedrock:{region}:{}:inference-profile/{prefix}.{id}", self.partition, self.account)
    }

    /// The rows of a pattern, made once for its text.
    pub(super) fn rows(&self, text: &str, make: impl FnOnce() -> Rows) -> Arc<Rows> {
        if let Some(known) = self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return known.clone();
        }
        let made = Arc::new(make());
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).entry(text.into()).or_insert(made).clone()
    }
}
