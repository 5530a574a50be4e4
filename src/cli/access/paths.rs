//! `alicerce access paths`: every way in which one principal can run a model.
//!
//! In: a principal by ARN or name, and filters. Out: for each open way the models, the Regions it is called from, where the data goes
//! and the statements that open it; what closes the others; what could not be determined. For people, or as one JSON object.
//! Never: a way left out because it was not decided; such an answer has its own exit code.

use std::path::PathBuf;

use clap::Args;
use miette::{Report as Failure, miette};
use serde_json::{Value, json};

use super::{Format, Places, UNDECIDED};
use crate::access::edges::{self, From};
use crate::access::paths::{self, Closed, Found, ModelName, NotOffered, Path, State, Stop};
use crate::access::query;
use crate::facts::FactId;
use crate::report::visible;
use crate::world::World;

/// `alicerce access paths`.
#[derive(Debug, Args)]
pub(super) struct PathsArgs {
    /// An ARN (of a session too), or the name of a role or user, or an identity policy's file, among what is loaded
    principal: String,
    /// Account exports, answers of the AWS CLI, policy files, folders of these. None: the bundled example
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only calls that are made in this Region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Only this model: its id, or a part of its id or name
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only Claude models
    #[arg(long)]
    claude: bool,
    /// Whole lists of models and Regions, where else the first few stand
    #[arg(long)]
    all: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// The answer, filtered.
pub(super) struct Answer<'a> {
    pub(super) paths: Vec<&'a Path>,
    pub(super) not_offered: Vec<&'a NotOffered>,
    pub(super) closed: Vec<Closed>,
    pub(super) notes: &'a [String],
    pub(super) becoming: Becoming,
    pub(super) all: bool,
}

/// Others who may act as the principal.
pub(super) struct Becoming {
    pub(super) found: Vec<String>,
    pub(super) unknown: Vec<String>,
}

impl PathsArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        if let Some(region) = self.region.as_deref().filter(|r| !looks_like_region(r)) {
            return Err(miette!(help = "a Region's code is like `sa-east-1`", "`{}` is no Region", visible(region)));
        }
        let (world, incomplete) = super::world(&self.paths)?;
        let principal = super::can::find(&world, &self.principal)?;
        let found = paths::paths(&world, principal);
        let answer = self.answer(&world, principal, &found);
        let text = match self.format {
            Format::Human => super::paths_human::human(&world, principal, &answer),
            Format::Json => json_object(&world, principal, &answer),
        };
        crate::cli::print(&text)?;
        let open = answer.paths.iter().any(|p| p.state == State::Open);
        let unknown = answer.paths.iter().any(|p| p.state != State::Open);
        Ok(if incomplete || (unknown && !open) { UNDECIDED } else { u8::from(!open) })
    }

    fn answer<'a>(&self, world: &World, principal: FactId, found: &'a Found) -> Answer<'a> {
        let of_model = |models: &[ModelName], any: bool| match &self.model {
            None => true,
            Some(wanted) => any || models.is_empty() || models.iter().any(|m| is_model(m, wanted)),
        };
        let wanted = |path: &&Path| {
            let from = self.region.as_ref().is_none_or(|region| path.sources.iter().any(|source| **source == **region));
            from && (path.claude || !self.claude) && of_model(&path.models, path.any_model)
        };
        let claude = |one: &&NotOffered| !self.claude || one.models.iter().any(|m| m.id.contains("anthropic."));
        let here = |one: &&NotOffered| self.region.as_ref().is_none_or(|region| one.regions.iter().any(|r| **r == **region));
        Answer {
            paths: found.paths.iter().filter(wanted).collect(),
            not_offered: found
                .not_offered
                .iter()
                .filter(claude)
                .filter(here)
                .filter(|one| of_model(&one.models, false))
                .collect(),
            closed: paths::closed(world, principal, found, self.region.as_deref()),
            notes: &found.notes,
            becoming: becoming(world, principal),
            all: self.all,
        }
    }
}

fn looks_like_region(text: &str) -> bool {
    text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// By id, or a part of the id or the name.
fn is_model(model: &ModelName, wanted: &str) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    model.id.to_ascii_lowercase().contains(&wanted) || model.name.is_some_and(|name| name.to_ascii_lowercase().contains(&wanted))
}

/// Who may become the principal, where it is a role.
fn becoming(world: &World, principal: FactId) -> Becoming {
    let is_role = world.facts.get(principal).is_some_and(|fact| fact.kind.name == "iam-role");
    if !is_role {
        return Becoming { found: Vec::new(), unknown: Vec::new() };
    }
    let reach = edges::who_becomes(world, principal);
    let name = |from: &From| match from {
        From::Principal(id) => query::identity(world, *id).to_owned(),
        From::Outside(text) if text.len() == 12 => format!("account {text}, which was not loaded"),
        From::Outside(text) | From::Service(text) | From::Federated(text) => text.to_string(),
        From::Anyone => "anyone with AWS credentials".to_owned(),
    };
    let steps = |count: usize| if count > 1 { format!(" (in {count} steps)") } else { String::new() };
    Becoming {
        found: reach.found.iter().map(|r| format!("{}{}", name(&r.end), steps(r.chain.len()))).collect(),
        unknown: reach.unknown.iter().map(|why| why.text.clone()).collect(),
    }
}

fn json_object(world: &World, principal: FactId, answer: &Answer<'_>) -> String {
    let mut places = Places::default();
    let paths: Vec<Value> = answer.paths.iter().map(|path| path_json(world, principal, &mut places, path)).collect();
    let closed: Vec<Value> = answer.closed.iter().map(|one| closed_json(world, &mut places, one)).collect();
    let not_offered: Vec<Value> = answer
        .not_offered
        .iter()
        .map(|one| json!({"models": models_json(&one.models), "regions": texts(&one.regions)}))
        .collect();
    super::json_line(&json!({
        "principal": query::identity(world, principal), "paths": paths, "closed": closed, "allowed_but_not_offered": not_offered,
        "can_be_assumed_by": {"known": answer.becoming.found, "unknown": answer.becoming.unknown}, "notes": answer.notes,
    }))
}

fn texts(list: &[std::sync::Arc<str>]) -> Vec<&str> {
    list.iter().map(|text| &**text).collect()
}

fn models_json(models: &[ModelName]) -> Vec<Value> {
    models.iter().map(|m| json!({"id": *m.id, "name": m.name})).collect()
}

fn path_json(world: &World, principal: FactId, places: &mut Places, path: &Path) -> Value {
    let mut leg = |leg: &paths::PathLeg| {
        let granted: Vec<Value> =
            leg.granted(world, principal).iter().map(|place| places.of(&world.facts, place).json()).collect();
        let (state, why) = state(&leg.state);
        json!({"action": leg.action, "resource": leg.resource, "requested_region": leg.region, "state": state, "why": why,
               "request": leg.witness, "granted": granted})
    };
    let legs: Vec<Value> = path.legs.iter().map(&mut leg).collect();
    let (state, why) = state(&path.state);
    json!({
        "way": path.way.as_str(), "state": state, "why": why, "claude": path.claude, "models": models_json(&path.models),
        "any_model": path.any_model, "through": path.through, "listed": path.listed, "source": *path.source,
        "sources": texts(&path.sources), "destinations": path.destinations.as_deref().map(texts).ok(),
        "destinations_unknown": path.destinations.as_ref().err().map(|why| &why.text), "destinations_from": *path.destinations_from,
        "bearer_token": path.bearer_token.as_ref().ok(), "requires": path.requires, "legs": legs,
    })
}

fn state(state: &State) -> (&'static str, Option<&str>) {
    match state {
        State::Open => ("open", None),
        State::Undecided(why) => ("unknown", Some(&why.text)),
    }
}

fn closed_json(world: &World, places: &mut Places, closed: &Closed) -> Value {
    let (by, kind, level, at) = match &closed.stop {
        Stop::NotGranted => ("not-granted", None, None, Vec::new()),
        Stop::Denied(kind, place) => ("denied", Some(kind.as_str()), None, vec![place]),
        Stop::NotAllowed(kind, level) => ("not-allowed", Some(kind.as_str()), *level, Vec::new()),
        Stop::Together(all) => ("conditions", None, None, all.iter().collect()),
    };
    let at: Vec<Value> = at.into_iter().map(|place| places.of(&world.facts, place).json()).collect();
    json!({"way": closed.way.as_str(), "action": closed.action, "resource": closed.resource, "requested_region": closed.region,
           "by": by, "policy_type": kind, "level": level, "statements": at})
}
