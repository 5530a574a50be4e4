//! Which kinds of Bedrock endpoint a principal may call, and whether it can run inference at all.

use std::sync::Arc;

use super::ask::{self, Answer};
use super::principals::{Principals, Standing};
use crate::catalog;
use crate::facts::{FactId, Value, Why};
use crate::world::{Derived, World};

/// A kind of Bedrock endpoint, each with a name of its own to resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `bedrock-runtime`: models.
    Runtime,
    /// `bedrock-agent-runtime`: agents, flows, knowledge bases.
    AgentRuntime,
    /// `bedrock-mantle`: the OpenAI-compatible and Messages APIs.
    Mantle,
    /// `bedrock-agentcore`: runtimes, gateways, tools.
    AgentCore,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Runtime, Self::AgentRuntime, Self::Mantle, Self::AgentCore];

    /// The last part of the endpoint service's name.
    pub fn service(self) -> &'static str {
        match self {
            Self::Runtime => "bedrock-runtime",
            Self::AgentRuntime => "bedrock-agent-runtime",
            Self::Mantle => "bedrock-mantle",
            Self::AgentCore => "bedrock-agentcore",
        }
    }

    /// The actions through which inference or retrieval runs over this endpoint.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Runtime => &["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            Self::AgentRuntime => &[
                "bedrock:InvokeAgent",
                "bedrock:InvokeInlineAgent",
                "bedrock:InvokeFlow",
                "bedrock:Retrieve",
                "bedrock:RetrieveAndGenerate",
            ],
            Self::Mantle => &["bedrock-mantle:CreateInference"],
            Self::AgentCore => &["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:InvokeGateway"],
        }
    }
}

const CAN_INVOKE: &str = "Whether some way of running inference is open to the principal: a model, an agent, a flow, a knowledge base, mantle or AgentCore.";

const fn can_invoke_of(kind: &'static str) -> Derived {
    Derived { kind, name: "can_invoke", ty: "bool", doc: CAN_INVOKE, compute: can_invoke }
}

pub(super) const DERIVED: &[Derived] =
    &[can_invoke_of("iam-role"), can_invoke_of("iam-user"), can_invoke_of("policy-file-principal")];

fn can_invoke(world: &World, principal: FactId) -> Value {
    match Principals::of(world).get(principal) {
        None => Value::Bool(false),
        Some(standing) => callable(standing, 1).map_or_else(Value::Unknown, |found| Value::Bool(!found.is_empty())),
    }
}

/// The endpoints that a principal may call.
///
/// # Errors
/// The reason, where none is surely callable and for one it could not be decided.
pub fn callable_endpoints(world: &World, principal: FactId) -> Result<Vec<Endpoint>, Arc<Why>> {
    let index = Principals::of(world);
    let Some(standing) = index.get(principal) else { return Ok(Vec::new()) };
    // A role that many workloads run as is asked about once.
    standing.callable.get_or_init(|| callable(standing, Endpoint::ALL.len())).clone()
}

/// Whether a principal may do `action` on some resource.
///
/// # Errors
/// The reason, where it could not be decided.
pub fn may(world: &World, principal: FactId, action: &str) -> Result<bool, Arc<Why>> {
    match Principals::of(world).get(principal).map(|standing| ask::can(standing, action)) {
        Some(Answer::Yes(_)) => Ok(true),
        Some(Answer::No) | None => Ok(false),
        Some(Answer::Undecided(why)) => Err(why),
    }
}

/// The first endpoints that may be called, at most `enough` of them.
fn callable(standing: &Standing, enough: usize) -> Result<Vec<Endpoint>, Arc<Why>> {
    let mut found = Vec::new();
    let mut doubt = None;
    for endpoint in Endpoint::ALL {
        for action in endpoint.actions() {
            match ask::can(standing, action) {
                Answer::Yes(_) => {
                    found.push(endpoint);
                    break;
                }
                Answer::Undecided(why) => doubt = Some(why),
                Answer::No => {}
            }
        }
        if found.len() >= enough {
            break;
        }
    }
    match doubt {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// The resources of `account` (or of AWS) that an action is asked on in `region` (`*`: in any): globs over their ARNs, and
/// examples for a witness. From the dated catalog; an action that takes no resource is asked on `*`, and of one that the catalog
/// lacks nothing is said.
pub(super) fn resources(partition: &str, account: &str, action: &str, region: &str) -> (Vec<String>, Vec<String>) {
    let Some(known) = catalog::action(action) else { return (Vec::new(), Vec::new()) };
    if known.star_only {
        return (vec!["*".to_owned()], vec!["*".to_owned()]);
    }
    let places: &[&str] = if region == "*" { &["sa-east-1", "us-east-1"] } else { &[region] };
    let within = known.resource_types().flat_map(|kind| kind.filled(partition, region, account, "*")).collect();
    let mut types: Vec<_> = known.resource_types().collect();
    // What a reader knows first: a model, then a profile.
    types.sort_by_key(|kind| EXAMPLES.iter().position(|(name, _)| *name == kind.name).unwrap_or(EXAMPLES.len()));
    let example = |kind: &catalog::ResourceType, place: &str| {
        let id = EXAMPLES.iter().find(|(name, _)| *name == kind.name).map_or("example", |(_, id)| id);
        kind.filled(partition, place, account, id)
    };
    let mut examples: Vec<String> =
        types.iter().take(2).flat_map(|kind| places.iter().flat_map(|place| example(kind, place))).collect();
    examples.dedup();
    (within, examples)
}

/// Types of resource whose identifiers say something, with one that exists.
const EXAMPLES: [(&str, &str); 2] =
    [("foundation-model", "anthropic.claude-haiku-4-5-20251001-v1:0"), ("inference-profile", "example")];
