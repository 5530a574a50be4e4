//! Paths looked at for one thing each: models that the scope does not approve, `bedrock-mantle`, Claude Platform on AWS.
//!
//! In: the paths of a principal, its scope and account. Out: the paths that matter to one question, so that what is not known of another
//! way leaves the answer alone. Never: a model called unapproved only because a table leaves its version out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::paths::{self, Path, State, Way};
use super::principals::{Principals, Standing};
use crate::catalog::models;
use crate::config::Scope;
use crate::facts::{FactId, Value, Why};
use crate::iam::policy::{Effect, Policy};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// A path with models that the scope does not approve.
pub(super) const UNAPPROVED: ObjectType = ObjectType {
    name: "unapproved-path",
    fields: &[
        ("way", "string", "as a path's"),
        ("through", "string", "the ARN or the name of what is called"),
        ("sources", "list<string>", "all Regions that it can be called from"),
        ("models", "list<string>", "the ids of its models that the scope does not approve"),
        ("any_model", "bool", "whether models that nobody listed run so, and are not approved"),
        ("witness", "string", "the requests of all legs, on one line"),
    ],
};

const UNAPPROVED_DOC: &str = "One element for each way in which the principal can run a model that the scope does not approve; none where the scope declares no approved models.";
const MANTLE_DOC: &str =
    "Its paths through `bedrock-mantle`, as `paths` has them; an unknown element where that could not be decided.";
const PLATFORM_DOC: &str =
    "Its paths through Claude Platform on AWS, as `paths` has them; an unknown element where that could not be decided.";
const PASSED_DOC: &str = "What holds inference on `bedrock-runtime` and not on `bedrock-mantle`, where the principal can use mantle: required and enforced guardrails, invocation logging, Denies of `bedrock:InvokeModel`; one clause each.";
const FAMILIES_DOC: &str =
    "The model families that it can run (`Claude Haiku`, `amazon.nova`), sorted; `any` where models that nobody listed run.";

macro_rules! of_each_principal {
    ($($name:literal, $ty:literal, $doc:expr, $compute:expr;)*) => {
        pub(super) const DERIVED: &[Derived] = &[$(
            Derived { kind: "iam-role", name: $name, ty: $ty, doc: $doc, compute: $compute },
            Derived { kind: "iam-user", name: $name, ty: $ty, doc: $doc, compute: $compute },
            Derived { kind: "policy-file-principal", name: $name, ty: $ty, doc: $doc, compute: $compute },
        )*];
    };
}

of_each_principal! {
    "unapproved_paths", "list<object:unapproved-path>", UNAPPROVED_DOC, unapproved;
    "mantle_paths", "list<object:path>", MANTLE_DOC, |world, principal| of_way(world, principal, Way::Mantle);
    "claude_platform_paths", "list<object:path>", PLATFORM_DOC, |world, principal| of_way(world, principal, Way::ClaudePlatform);
    "passed_by_mantle", "list<string>", PASSED_DOC, passed_by_mantle;
    "model_families", "list<string>", FAMILIES_DOC, families;
}

fn of_way(world: &World, principal: FactId, way: Way) -> Value {
    let found = paths::paths(world, principal);
    let scope = world.scope_of(principal);
    let of = found.paths.iter().filter(|path| path.way == way);
    Value::list(of.map(|path| paths::value(world, principal, path, |place| scope.approves_region(place))).collect())
}

fn unapproved(world: &World, principal: FactId) -> Value {
    let scope = world.scope_of(principal);
    if !scope.declares("approved_models") {
        return Value::list(Vec::new());
    }
    let found = paths::paths(world, principal);
    Value::list(found.paths.iter().filter_map(|path| unapproved_path(world, principal, path, &scope)).collect())
}

fn unapproved_path(world: &World, principal: FactId, path: &Path, scope: &Scope) -> Option<Value> {
    let ids: Vec<Value> =
        path.models.iter().filter(|model| !approves(scope, &model.id)).map(|model| Value::Str(model.id.clone())).collect();
    let unlisted = if path.claude { "anthropic.claude-unlisted-v9:0" } else { "unlisted-vendor.unlisted-model-v9:0" };
    let any = path.any_model && !scope.approves_model(unlisted);
    let nothing_known = path.models.is_empty() && !path.any_model;
    match &path.state {
        State::Undecided(why) if any || !ids.is_empty() || nothing_known => return Some(Value::Unknown(why.clone())),
        State::Open if nothing_known => {
            let text = format!("which model runs through `{}` is not known", path.through);
            return Some(Value::unknown(crate::facts::Reason::Undecided, text));
        }
        State::Open if any || !ids.is_empty() => {}
        _ => return None,
    }
    let fields = vec![
        ("way", Value::str(path.way.as_str())),
        ("through", Value::str(path.through.as_str())),
        ("sources", Value::list(path.sources.iter().map(|region| Value::Str(region.clone())).collect())),
        ("models", Value::list(ids)),
        ("any_model", Value::Bool(any)),
        ("witness", Value::str(path.witness())),
    ];
    Some(Value::object(fields, paths::places(world, principal, path)))
}

/// Whether the scope approves a model; true where it says nothing of models. The dated table leaves date and version out of an id: it is
/// approved where the scope approves some such id.
pub(super) fn approves(scope: &Scope, id: &str) -> bool {
    scope.approves_model(id)
        || (models::all().iter().any(|m| m.id == id) && models::spellings(id).iter().any(|id| scope.approves_model(id)))
}

/// Known parts are enough to tell that something is passed by; what is not known counts only where there are none.
fn passed_by_mantle(world: &World, principal: FactId) -> Value {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Value::list(Vec::new()) };
    let found = paths::paths(world, principal);
    let mantle: Vec<&Path> = found.paths.iter().filter(|path| path.way == Way::Mantle).collect();
    if mantle.is_empty() {
        return Value::list(Vec::new());
    }
    let regions: BTreeSet<&str> = mantle.iter().flat_map(|path| &path.sources).map(|region| &**region).collect();
    let mut out: BTreeSet<String> = BTreeSet::new();
    if world.scope_of(principal).require_guardrail {
        out.insert("the guardrail that the scope requires".to_owned());
    }
    out.extend(denials(standing));
    let mut doubt = None;
    let here = |id: &&FactId| {
        let fact = world.facts.get(**id);
        fact.is_some_and(|f| f.region.as_deref().is_some_and(|r| regions.contains(r)))
    };
    for id in world.facts.of_kind_in("enforced-guardrail", &standing.account).iter().filter(here) {
        let region = world.facts.get(*id).and_then(|f| f.region.clone()).unwrap_or_default();
        out.insert(format!("the guardrail that is enforced in {region}"));
    }
    for id in world.facts.of_kind_in("bedrock-region", &standing.account).iter().filter(here) {
        let region = world.facts.get(*id).and_then(|f| f.region.clone()).unwrap_or_default();
        match logs(world, *id) {
            Ok(true) => drop(out.insert(format!("invocation logging in {region}"))),
            Ok(false) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    let doubt = doubt.filter(|_| out.is_empty()).map(Value::Unknown);
    Value::list(out.into_iter().map(Value::str).chain(doubt).collect())
}

/// Whether invocation logging writes somewhere.
fn logs(world: &World, region: FactId) -> Result<bool, Arc<Why>> {
    let Some(logging) = world.facts.field(region, "logging")? else { return Ok(false) };
    let Some(config) = world.facts.member(&logging, "loggingConfig")? else { return Ok(false) };
    for key in ["cloudWatchConfig", "s3Config"] {
        if world.facts.member(&config, key)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Policies that deny calls of models on `bedrock-runtime` and say nothing of mantle.
fn denials(standing: &Standing) -> Vec<String> {
    let levels = standing.scps.iter().flatten().flatten();
    let all = standing.identity.iter().chain(&standing.boundary).chain(levels);
    all.filter(|held| denies_runtime_only(&held.policy)).map(|held| format!("the Deny in `{}`", held.name)).collect()
}

fn denies_runtime_only(policy: &Policy) -> bool {
    let denies = |action: &str| {
        let context = Context::open();
        let deny = policy.statements.iter().filter(|s| s.effect == Effect::Deny && !s.contradictory);
        deny.filter(|s| s.action.covers(action, &context) != Truth::False).count() > 0
    };
    denies("bedrock:InvokeModel") && !denies("bedrock-mantle:CreateInference")
}

fn families(world: &World, principal: FactId) -> Value {
    let found = paths::paths(world, principal);
    let open = || found.paths.iter().filter(|path| path.state == State::Open);
    let mut out: BTreeSet<String> = open().flat_map(|path| &path.models).map(|m| family(&m.id, m.name)).collect();
    if open().any(|path| path.any_model) {
        out.insert("any".to_owned());
    }
    let doubts = found.paths.iter().filter_map(|path| match &path.state {
        State::Undecided(why) => Some(Value::Unknown(why.clone())),
        State::Open => None,
    });
    let doubt = doubts.take(1).collect::<Vec<_>>();
    Value::list(out.into_iter().map(Value::str).chain(doubt).collect())
}

/// `Claude Haiku 4.5` → `Claude Haiku`; `amazon.nova-pro-v1:0` → `amazon.nova`.
fn family(id: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => {
            name.split(' ').filter(|word| !word.starts_with(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join(" ")
        }
        None => id.split(['-', ':']).next().unwrap_or(id).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn a_family_has_no_version() {
        assert_eq!(family("anthropic.claude-haiku-4-5", Some("Claude Haiku 4.5")), "Claude Haiku");
        assert_eq!(family("anthropic.claude-3-haiku", Some("Claude 3 Haiku")), "Claude Haiku");
        assert_eq!(family("amazon.nova-pro-v1:0", None), "amazon.nova");
    }
}
