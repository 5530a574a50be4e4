//! Paths as rules read them: `it.paths`.

use super::{Path, State};
use crate::facts::{FactId, NodeId, Value};
use crate::world::{Derived, ObjectType, World};

/// One path.
pub(in crate::access) const PATH: ObjectType = ObjectType {
    name: "path",
    fields: &[
        (
            "way",
            "string",
            "`direct`, `geographic-profile`, `global-profile`, `application-profile`, `provisioned-model`, `custom-model`, `imported-model`, `batch-job`, `agent`, `flow`, `knowledge-base`, `prompt`, `agentcore`, `mantle` or `claude-platform`",
        ),
        ("model", "string", "the id of the model that the witness runs; empty where it is not known"),
        ("models", "list<string>", "the ids of all models that run so"),
        ("any_model", "bool", "whether models that nobody listed run so, too"),
        (
            "claude",
            "bool",
            "whether its models are or may be Claude models; Claude models and others are apart, and so are models that the scope approves and others",
        ),
        ("through", "string", "the ARN or the name of what is called"),
        (
            "listed",
            "bool",
            "whether what is called was loaded or always exists; false: the policies allow it, should such a thing exist",
        ),
        ("source", "string", "the Region that the witness is called in"),
        ("sources", "list<string>", "all Regions that it can be called from"),
        (
            "destinations",
            "list<string>",
            "the Regions where the data may be processed; `global` for any commercial Region, `outside-aws` for Claude Platform on AWS",
        ),
        ("destinations_from", "string", "which answer, or which dated table, says so"),
        ("outside", "list<string>", "the destinations that the scope does not approve"),
        ("bearer_token", "bool", "whether a Bedrock API key can be used for it"),
        ("requires", "list<string>", "the condition keys that the witness had to set"),
        ("witness", "string", "the requests of all legs, on one line"),
    ],
};

const DOC: &str = "One element for each way in which the principal can run a model, for all models and Regions that are the same to a reader; an unknown element for a way of which it could not be decided.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "paths", ty: "list<object:path>", doc: DOC, compute }
}

pub(in crate::access) const DERIVED: &[Derived] = &[of("iam-role"), of("iam-user"), of("policy-file-principal")];

fn compute(world: &World, principal: FactId) -> Value {
    let found = super::paths(world, principal);
    let scope = world.scope_of(principal);
    let approves = |place: &str| scope.approves_region(place);
    Value::list(found.paths.iter().map(|path| value(world, principal, path, approves)).collect())
}

/// A path as a value.
pub(in crate::access) fn value(world: &World, principal: FactId, path: &Path, approves: impl Fn(&str) -> bool) -> Value {
    if let State::Undecided(why) = &path.state {
        return Value::Unknown(why.clone());
    }
    let list = |texts: &[std::sync::Arc<str>]| Value::list(texts.iter().map(|t| Value::Str(t.clone())).collect());
    let known = |texts: &Result<Vec<std::sync::Arc<str>>, _>| match texts {
        Ok(texts) => list(texts),
        Err(why) => Value::Unknown(std::sync::Arc::clone(why)),
    };
    let ids: Vec<_> = path.models.iter().map(|m| m.id.clone()).collect();
    let fields = vec![
        ("way", Value::str(path.way.as_str())),
        ("model", Value::str(ids.first().cloned().unwrap_or_default())),
        ("models", list(&ids)),
        ("any_model", Value::Bool(path.any_model)),
        ("claude", Value::Bool(path.claude)),
        ("through", Value::str(path.through.as_str())),
        ("listed", Value::Bool(path.listed)),
        ("source", Value::Str(path.source.clone())),
        ("sources", list(&path.sources)),
        ("destinations", known(&path.destinations)),
        ("destinations_from", Value::Str(path.destinations_from.clone())),
        ("outside", known(&path.outside(approves))),
        ("bearer_token", path.bearer_token.clone().map_or_else(Value::Unknown, Value::Bool)),
        ("requires", Value::list(path.requires.iter().map(|key| Value::str(key.as_str())).collect())),
        ("witness", Value::str(path.witness())),
    ];
    Value::object(fields, places(world, principal, path))
}

/// The texts that grant it.
pub(in crate::access) fn places(world: &World, principal: FactId, path: &Path) -> Vec<NodeId> {
    let mut at: Vec<NodeId> = Vec::new();
    // The leg that lets the data out says most: the last one's grant comes first.
    for node in path.legs.iter().rev().flat_map(|leg| leg.granted(world, principal)).filter_map(|place| place.node) {
        if !at.contains(&node) {
            at.push(node);
        }
    }
    at
}
