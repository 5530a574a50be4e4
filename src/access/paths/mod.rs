//! Paths to Claude: every way in which a principal can run a model, through what, from where, and where the data goes.
//!
//! In: the world and a principal. Out: [`Found`]: each open way once for all calls that are the same for a reader, with one call as
//! witness, leg by leg; and the ways of which it could not be decided whether they are open.
//! A path is open when all its legs are: a geographic profile's call is authorised on the profile and on the model in each
//! destination, a global one's on the profile, the model, and the model without a Region.
//! Never: a way called closed because something was not loaded, or a destination guessed.
//! Source: Amazon Bedrock User Guide, "Geographic cross-Region inference", "Global cross-Region inference", "Inference profiles".

mod application;
mod closed;
mod custom;
mod draw;
mod fact;
mod leaving;
mod legs;
mod platforms;
mod profiles;
mod rows;
mod runtime;
mod same;
mod services;
mod targets;

use std::sync::Arc;

pub use super::query::Place;
pub use closed::{Closed, Stop, closed};
pub(super) use fact::{DERIVED, PATH, places, value};
pub(super) use leaving::{DERIVED as LEAVING_DERIVED, LEAVING};
pub use same::Grant;
pub(in crate::access) use same::Slot;

use super::principals::{Principals, Standing};
use crate::facts::{FactId, Why};
use crate::world::World;

/// The actions that run a model on `bedrock-runtime`, whatever the API's name.
const ACTIONS: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// The condition key that holds the called profile, on the legs for its models only.
const PROFILE_KEY: &str = "bedrock:InferenceProfileArn";

/// `aws:RequestedRegion` on the leg without a Region.
const UNSPECIFIED: &str = "unspecified";

/// What `destinations` says for any commercial Region.
pub const GLOBAL: &str = targets::GLOBAL;

/// What `destinations` says for a service that is operated outside of AWS.
pub const OUTSIDE_AWS: &str = "outside-aws";

/// A way to run a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// The model's own id, in its Region.
    Direct,
    /// A system-defined profile over the Regions of a geography.
    GeographicProfile,
    /// The system-defined profile over all commercial Regions.
    GlobalProfile,
    /// A profile of the account, copied from a model or from another profile.
    ApplicationProfile,
    /// Provisioned throughput of the account.
    ProvisionedModel,
    /// A deployment of a customised model of the account.
    CustomModel,
    /// A model that was imported into the account.
    ImportedModel,
    /// A batch job, which runs as a service role.
    BatchJob,
    /// An agent, which runs as its own role.
    Agent,
    /// A flow, which runs as its own role.
    Flow,
    /// A knowledge base's answer generation.
    KnowledgeBase,
    /// A managed prompt.
    Prompt,
    /// An AgentCore runtime, gateway or harness.
    AgentCore,
    /// `bedrock-mantle`.
    Mantle,
    /// Claude Platform on AWS, which Anthropic operates.
    ClaudePlatform,
}

impl Way {
    /// The way in words: "through the global inference profile".
    pub fn words(self) -> &'static str {
        match self {
            Self::Direct => "by the model's own id",
            Self::GeographicProfile => "through a geographic inference profile",
            Self::GlobalProfile => "through the global inference profile",
            Self::ApplicationProfile => "through an application inference profile",
            Self::ProvisionedModel => "through provisioned throughput",
            Self::CustomModel => "through a deployment of a customised model",
            Self::ImportedModel => "through an imported model",
            Self::BatchJob => "through a batch job",
            Self::Agent => "through an agent",
            Self::Flow => "through a flow",
            Self::KnowledgeBase => "through a knowledge base",
            Self::Prompt => "through a managed prompt",
            Self::AgentCore => "through AgentCore",
            Self::Mantle => "through bedrock-mantle",
            Self::ClaudePlatform => "through Claude Platform on AWS",
        }
    }

    /// The word that rules and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::GeographicProfile => "geographic-profile",
            Self::GlobalProfile => "global-profile",
            Self::ApplicationProfile => "application-profile",
            Self::ProvisionedModel => "provisioned-model",
            Self::CustomModel => "custom-model",
            Self::ImportedModel => "imported-model",
            Self::BatchJob => "batch-job",
            Self::Agent => "agent",
            Self::Flow => "flow",
            Self::KnowledgeBase => "knowledge-base",
            Self::Prompt => "prompt",
            Self::AgentCore => "agentcore",
            Self::Mantle => "mantle",
            Self::ClaudePlatform => "claude-platform",
        }
    }
}

/// A model of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    /// Its id, as far as it is known with its version.
    pub id: Arc<str>,
    /// `Claude Haiku 4.5`, where the dated table knows it.
    pub name: Option<&'static str>,
}

/// Whether a leg or a path is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Some request is allowed.
    Open,
    /// It could not be decided.
    Undecided(Arc<Why>),
}

/// One leg of the witness call.
#[derive(Debug, Clone)]
pub struct PathLeg {
    /// The action that is authorised.
    pub action: &'static str,
    /// On this resource.
    pub resource: String,
    /// With this `aws:RequestedRegion`.
    pub region: String,
    /// Whether it is open.
    pub state: State,
    /// The allowed request, on one line; empty where it could not be decided.
    pub witness: String,
    /// What grants it; [`PathLeg::granted`] says where that stands.
    pub(super) grants: Vec<Grant>,
    /// Whose policies grant it, where that is not the principal: a role that a service runs as.
    pub(super) holder: Option<FactId>,
}

impl PathLeg {
    /// The statements that grant it; `principal`: whose path it is.
    pub fn granted(&self, world: &World, principal: FactId) -> Vec<Place> {
        same::places(world, self.holder.unwrap_or(principal), &self.grants)
    }
}

/// One way, for all calls that are the same for a reader.
#[derive(Debug, Clone)]
pub struct Path {
    /// Which way.
    pub way: Way,
    /// The models that it runs; the one of the witness first. Empty where it is not known which.
    pub models: Vec<ModelName>,
    /// It is open for models that nobody listed, too.
    pub any_model: bool,
    /// Its models are, or may be, Claude models.
    pub claude: bool,
    /// What the witness calls: an ARN, or a name.
    pub through: String,
    /// The Region of the witness call.
    pub source: Arc<str>,
    /// All Regions that it can be called from.
    pub sources: Vec<Arc<str>>,
    /// Where the data may be processed; [`GLOBAL`], [`OUTSIDE_AWS`]; or why that is not known.
    pub destinations: Result<Vec<Arc<str>>, Arc<Why>>,
    /// Which answer or table says so.
    pub destinations_from: Arc<str>,
    /// What is called stands in what was loaded, or always exists. False: the policies allow it, should such a thing exist.
    pub listed: bool,
    /// It can be used with a Bedrock API key; `Err`: why that is not known.
    pub bearer_token: Result<bool, Arc<Why>>,
    /// Condition keys that the witness had to set.
    pub requires: Vec<String>,
    /// The legs of the witness call.
    pub legs: Vec<PathLeg>,
    /// Open, or not known.
    pub state: State,
}

impl Path {
    /// All legs on one line.
    pub fn witness(&self) -> String {
        self.legs.iter().map(|leg| leg.witness.as_str()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// Whether data is processed in the Region that is called: no profile routes it, and the destinations are the sources.
    pub fn stays_where_called(&self) -> bool {
        let routed = self.legs.iter().any(|leg| leg.resource.contains("inference-profile/"));
        !routed && self.destinations.as_ref().is_ok_and(|all| *all == self.sources)
    }

    /// The destinations that a scope does not approve.
    ///
    /// # Errors
    /// Why the destinations are not known.
    pub fn outside(&self, approves: impl Fn(&str) -> bool) -> Result<Vec<Arc<str>>, Arc<Why>> {
        self.destinations.clone().map(|all| all.into_iter().filter(|place| !approves(place)).collect())
    }
}

/// Models that the policies allow to be called by their own id where they are not offered so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOffered {
    /// The models.
    pub models: Vec<ModelName>,
    /// The Regions.
    pub regions: Vec<Arc<str>>,
}

/// All paths of a principal.
#[derive(Debug, Default)]
pub struct Found {
    /// Open ones first, in the order of [`Way`].
    pub paths: Vec<Path>,
    /// What the policies allow and nobody offers.
    pub not_offered: Vec<NotOffered>,
    /// What was left out or taken for granted, a sentence each.
    pub notes: Vec<String>,
}

/// The paths of a principal; none for what is no principal. Worked out once for each.
pub fn paths(world: &World, principal: FactId) -> Arc<Found> {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Arc::default() };
    let find = || {
        let own = own(world, principal);
        let scope = world.scope_of(principal);
        let mut through = Found::default();
        if let Some(targets) = targets::All::of(world).of_account(standing, &standing.account) {
            services::find(world, &draw::Asker::new(standing, &targets, &scope), &mut through);
        }
        if through.paths.is_empty() && through.notes.is_empty() {
            return own;
        }
        through.paths.extend(own.paths.iter().cloned());
        through.notes.extend(own.notes.iter().cloned());
        through.not_offered.clone_from(&own.not_offered);
        sort(&mut through.paths);
        Arc::new(through)
    };
    same::slot(world, principal, standing).all.get_or_init(find).clone()
}

/// The paths that need nobody else's permissions: what a role that a service runs as can do by itself.
fn own(world: &World, principal: FactId) -> Arc<Found> {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Arc::default() };
    let slot = same::slot(world, principal, standing);
    slot.own.get_or_init(|| Arc::new(find(world, principal, standing))).clone()
}

fn sort(paths: &mut [Path]) {
    paths.sort_by_key(|path| (path.state != State::Open, path.way, !path.claude));
}

fn find(world: &World, principal: FactId, standing: &Standing) -> Found {
    let scope = world.scope_of(principal);
    let mut found = Found::default();
    for account in accounts(standing) {
        let Some(targets) = targets::All::of(world).of_account(standing, &account) else { continue };
        let mut asker = draw::Asker::new(standing, &targets, &scope);
        runtime::find(&mut asker, &mut found);
        custom::find(world, &asker, &mut found);
        platforms::find(&asker, &mut found);
    }
    if let Some(why) = &super::guard::Scps::shared(world).above(&standing.account).unknown {
        found.notes.push(format!("which SCPs bind the account is not known ({}); they may close what is open here", why.text));
    }
    sort(&mut found.paths);
    dedup(&mut found.paths);
    found
}

/// A policy file's paths in several accounts are told once.
fn dedup(paths: &mut Vec<Path>) {
    let same = |a: &Path, b: &Path| {
        let calls = a.way == b.way && a.way != Way::ApplicationProfile && a.sources == b.sources;
        calls && a.models == b.models && a.any_model == b.any_model && a.state == b.state && a.destinations == b.destinations
    };
    let mut kept: Vec<Path> = Vec::new();
    for path in paths.drain(..) {
        if !kept.iter().any(|known| same(known, &path)) {
            kept.push(path);
        }
    }
    *paths = kept;
}

/// The accounts in whose profiles a call may be made: the principal's own; for a policy file those that it spells out, too.
pub(super) fn accounts(standing: &Standing) -> Vec<Arc<str>> {
    let mut out = vec![standing.account.clone()];
    if standing.is_policy_file() {
        let statements = standing.identity.iter().flat_map(|held| &held.policy.statements);
        let patterns = statements.filter_map(|s| s.resource.as_ref()).flat_map(|m| &m.patterns);
        let spelled = patterns.filter(|p| p.text.contains(":bedrock")).filter_map(|p| p.text.split(':').nth(4));
        for account in spelled.filter(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit())) {
            if !out.iter().any(|known| &**known == account) && out.len() < 8 {
                out.push(account.into());
            }
        }
    }
    out
}
