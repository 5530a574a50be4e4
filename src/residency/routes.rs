//! The models and stores that a resource names, and the Regions that each leads to.
//!
//! A profile's destinations are those that the account's own answers give for its Region, else those of the dated table, else unknown.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::destination;
use crate::catalog::{guardrails, models};
use crate::doc::Node;
use crate::facts::kind::arn_parts;
use crate::facts::{Fact, FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One of them.
pub(super) const ROUTE: ObjectType = ObjectType {
    name: "residency-route",
    fields: &[
        ("what", "string", "the model's id or ARN, or the store as it is named"),
        ("use", "string", "`model`, `store` or `parsing`"),
        (
            "of",
            "string",
            "the version of the agent or flow that names it, by which aliases use it; empty for the draft, and for everything else",
        ),
        (
            "destinations",
            "list<string>",
            "the Regions in which it works; `global`: any commercial Region, `outside-aws`: kept by another company, `other-regions`: further Regions of its geography",
        ),
    ],
};

/// The derived fact of a kind.
pub(super) const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "residency_routes",
        ty: "list<object:residency-route>",
        doc: "The models, stores and parsers that it names, each with the Regions in which it works: of an agent or flow the draft's and those of the versions that its aliases use, of a job only while it runs. Destinations are unknown where neither an answer of the account nor the dated table tells them.",
        compute: routes,
    }
}

/// The Regions of a guardrail, or of a version of one.
pub(super) const fn destinations_of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "destinations",
        ty: "list<string>",
        doc: "The Regions in which it may look at a text: its own, or those that the dated table gives for its guardrail profile.",
        compute: guardrail,
    }
}

/// Keys of the answers under which a model is named.
const MODELS: [&str; 6] =
    ["foundationModel", "modelId", "modelArn", "embeddingModelArn", "modelIdentifier", "teacherModelIdentifier"];
/// Parts of a harness that stand for models of other companies, called at those.
const MODELS_OUTSIDE: [&str; 3] = ["openAiModelConfig", "geminiModelConfig", "liteLlmModelConfig"];
/// States of a job that is over.
const OVER: [&str; 5] = ["Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"];
/// Vector stores that other companies keep.
const OUTSIDE: [&str; 3] = ["PINECONE", "REDIS_ENTERPRISE_CLOUD", "MONGO_DB_ATLAS"];
/// Vendors whose models' ids begin with their name. Another first word may be a profile's prefix.
const VENDORS: [&str; 22] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
    "xai",
    "nousresearch",
    "arcee",
];
/// Deeper than any answer of AWS.
const DEEP: usize = 32;

fn routes(world: &World, id: FactId) -> Value {
    let Some(fact) = world.facts.get(id) else { return Value::list(Vec::new()) };
    if fact.summary {
        return Value::Unknown(world.facts.why_summary(fact));
    }
    let Some(node) = world.facts.node(fact.node) else { return Value::list(Vec::new()) };
    let mut found = Vec::new();
    let walk = Walk { world, id, fact, document: fact.node.doc, of: String::new() };
    match fact.kind.name {
        "model-invocation-job" | "evaluation-job" if is_over(node) => {}
        // The routers that AWS makes are in every account.
        "prompt-router" if node.get("type").and_then(|n| n.as_str()) == Some("default") => {}
        kind => {
            walk.models(node, 0, &mut found);
            if let Some(store) = node.get("storageConfiguration") {
                walk.store(store, &mut found);
            }
            if let Some(calls) = VERSIONS.iter().find(|calls| calls.kind == kind) {
                walk.versions(calls, &mut found);
            }
        }
    }
    Value::list(found)
}

fn is_over(node: Node<'_>) -> bool {
    node.get("status").and_then(|n| n.as_str()).is_some_and(|status| OVER.contains(&status))
}

/// The calls that tell of the versions that the aliases of a kind use.
struct Versions {
    kind: &'static str,
    aliases: &'static str,
    summaries: &'static str,
    routed_to: &'static str,
    version: &'static str,
}

const VERSIONS: [Versions; 2] = [
    Versions {
        kind: "agent",
        aliases: "list-agent-aliases",
        summaries: "agentAliasSummaries",
        routed_to: "agentVersion",
        version: "get-agent-version",
    },
    Versions {
        kind: "flow",
        aliases: "list-flow-aliases",
        summaries: "flowAliasSummaries",
        routed_to: "flowVersion",
        version: "get-flow-version",
    },
];

struct Walk<'w> {
    world: &'w World,
    id: FactId,
    fact: &'w Fact,
    /// The document that is walked.
    document: u32,
    /// The version, where it is one.
    of: String,
}

impl Walk<'_> {
    /// The versions that aliases lead to; what of them was not collected is unknown.
    fn versions(&self, calls: &Versions, out: &mut Vec<Value>) {
        let facts = &self.world.facts;
        let (account, region) = (self.fact.account.as_deref(), self.fact.region.as_deref());
        let answer = |operation: &str, resource: &str| facts.answer("bedrock-agent", operation, resource, account, region);
        let aliases = match answer(calls.aliases, &self.fact.key) {
            Ok(aliases) => aliases,
            Err(why) => return out.push(Value::Unknown(why)),
        };
        let mut versions = BTreeSet::new();
        let list = facts.node(aliases).and_then(|node| node.get(calls.summaries));
        for alias in list.iter().flat_map(|list| list.items()) {
            let routes = alias.get("routingConfiguration");
            let named = |route: Node<'_>| route.get(calls.routed_to).and_then(|n| n.as_str()).map(str::to_owned);
            versions.extend(routes.iter().flat_map(|routes| routes.items()).filter_map(named));
        }
        for version in versions.into_iter().filter(|version| version != "DRAFT") {
            match answer(calls.version, &format!("{},{version}", self.fact.key)) {
                Err(why) => out.push(Value::Unknown(why)),
                Ok(found) => {
                    let walk = Walk { document: found.doc, of: version, ..*self };
                    if let Some(node) = facts.node(found) {
                        walk.models(node, 0, out);
                    }
                }
            }
        }
    }

    fn models(&self, node: Node<'_>, depth: usize, out: &mut Vec<Value>) {
        if depth > DEEP {
            out.push(Value::unknown(Reason::Undecided, "the configuration is nested too deeply to be looked through"));
            return;
        }
        for (key, value) in node.entries() {
            match (key.as_str(), value.as_str()) {
                (Some(name), Some(model)) if MODELS.contains(&name) && !model.is_empty() => {
                    out.push(self.route(model, "model", model_regions(self.world, self.fact, model), value));
                }
                (Some(name), None) if MODELS_OUTSIDE.contains(&name) => {
                    let model = value.get("modelId").and_then(|n| n.as_str()).unwrap_or(name);
                    out.push(self.route(model, "model", Ok(vec!["outside-aws".to_owned()]), value));
                }
                (Some("parsingStrategy"), Some("BEDROCK_DATA_AUTOMATION")) => {
                    out.push(self.route("Bedrock Data Automation", "parsing", self.data_automation(), value));
                }
                _ => self.models(value, depth + 1, out),
            }
        }
        node.items().for_each(|item| self.models(item, depth + 1, out));
    }

    /// It always uses profiles of its own, which no answer tells of.
    fn data_automation(&self) -> Result<Vec<String>, Arc<Why>> {
        if self.world.scope_of(self.id).approved_regions.len() > 1 {
            let text = "no answer tells to which Regions of its geography Bedrock Data Automation sends documents";
            return Err(Why::new(Reason::Undecided, text));
        }
        Ok(vec!["other-regions".to_owned()])
    }

    fn store(&self, node: Node<'_>, out: &mut Vec<Value>) {
        let Some(kind) = node.get("type") else { return };
        if kind.as_str().is_some_and(|text| OUTSIDE.contains(&text)) {
            out.push(self.route(kind.as_str().unwrap_or_default(), "store", Ok(vec!["outside-aws".to_owned()]), kind));
            return;
        }
        let before = out.len();
        for (_, part) in node.entries() {
            for (key, value) in part.entries() {
                let Some(text) = value.as_str().filter(|_| key.as_str() != Some("credentialsSecretArn")) else { continue };
                if let Some(region) = arn_parts(text).and_then(|arn| arn.region) {
                    out.push(self.route(text, "store", Ok(vec![region.to_owned()]), value));
                }
            }
        }
        if out.len() == before {
            let name = kind.as_str().unwrap_or_default();
            let why = Why::new(Reason::Undecided, format!("no ARN with a Region says where the vector store (`{name}`) is"));
            out.push(self.route(name, "store", Err(why), kind));
        }
    }

    fn route(&self, what: &str, used_as: &'static str, regions: Result<Vec<String>, Arc<Why>>, at: Node<'_>) -> Value {
        let list = |regions: Vec<String>| Value::list(regions.into_iter().map(Value::str).collect());
        let fields = vec![
            ("what", Value::str(what)),
            ("use", Value::str(used_as)),
            ("of", Value::str(self.of.as_str())),
            ("destinations", regions.map_or_else(Value::Unknown, list)),
        ];
        Value::object(fields, vec![NodeId { doc: self.document, node: at.index() }])
    }
}

/// The Regions in which a model runs that a resource names by id, ARN or profile.
fn model_regions(world: &World, fact: &Fact, model: &str) -> Result<Vec<String>, Arc<Why>> {
    let own = fact.region.as_deref();
    let Some(arn) = arn_parts(model) else {
        let here = || own.map(|region| vec![region.to_owned()]).ok_or_else(|| not_told(model, "an unknown Region"));
        if loaded(world, fact, model, own).is_some() {
            return profile(world, fact, model, own);
        }
        return match models::split_prefix(model).0 {
            Some(prefix) if !VENDORS.contains(&prefix) => profile(world, fact, model, own),
            _ => here(),
        };
    };
    let (kind, id) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    match kind {
        "inference-profile" | "application-inference-profile" => profile(world, fact, id, arn.region.or(own)),
        "prompt-router" | "default-prompt-router" => router(world, fact, model),
        "foundation-model" if arn.region.is_none() => Ok(vec!["global".to_owned()]),
        "foundation-model" | "custom-model" | "imported-model" | "provisioned-model" | "custom-model-deployment" | "endpoint" => {
            let region = arn.region.ok_or_else(|| not_told(model, "an unknown Region"))?;
            Ok(vec![region.to_owned()])
        }
        _ => Err(not_told(model, arn.region.unwrap_or("an unknown Region"))),
    }
}

/// The Regions of all models that a prompt router may choose.
fn router(world: &World, fact: &Fact, arn: &str) -> Result<Vec<String>, Arc<Why>> {
    let facts = &world.facts;
    let id = facts.by_key("prompt-router", arn, None, None).ok_or_else(|| {
        let text = format!(
            "between which models prompt router `{arn}` chooses is not known: `bedrock list-prompt-routers` does not have it"
        );
        Why::new(Reason::NotLoaded, text)
    })?;
    let mut out = BTreeSet::new();
    let mut models = facts.list_in(&Value::Fact(id), &["models"])?;
    models.extend(facts.at(&Value::Fact(id), &["fallbackModel"])?);
    for model in models {
        let Some(named) = facts.text_in(&model, &["modelArn"])? else { continue };
        // A router that names a router is none of AWS's.
        if !named.contains("prompt-router/") {
            out.extend(model_regions(world, fact, &named)?);
        }
    }
    Ok(out.into_iter().collect())
}

fn loaded(world: &World, fact: &Fact, id: &str, region: Option<&str>) -> Option<FactId> {
    world.facts.by_key("inference-profile", id, fact.account.as_deref(), Some(region?))
}

fn profile(world: &World, fact: &Fact, id: &str, region: Option<&str>) -> Result<Vec<String>, Arc<Why>> {
    if let Some(found) = loaded(world, fact, id, region) {
        return destination::destinations(world, found);
    }
    match region.and_then(|region| models::destinations(id, region)) {
        Some(models::Destinations::AnyCommercial) => Ok(vec!["global".to_owned()]),
        Some(models::Destinations::Regions(regions)) => Ok(regions.into_iter().map(str::to_owned).collect()),
        None => Err(not_told(id, region.unwrap_or("an unknown Region"))),
    }
}

fn not_told(model: &str, region: &str) -> Arc<Why> {
    let text = format!(
        "where `{model}` sends prompts from {region} is not known: no answer of `bedrock get-inference-profile` for it was loaded, and alicerce's table of {} has no line for it",
        models::DATE
    );
    Why::new(Reason::NotCollected, text)
}

fn guardrail(world: &World, id: FactId) -> Value {
    let facts = &world.facts;
    let region = facts.get(id).and_then(|fact| fact.region.clone());
    let given = |key| facts.text_at(id, &["crossRegionDetails", key]);
    let profile = given("guardrailProfileArn").and_then(|arn| Ok(arn.or(given("guardrailProfileId")?)));
    match (profile, region) {
        (Err(why), _) => Value::Unknown(why),
        (Ok(_), None) => Value::unknown(Reason::MissingField, "the guardrail's Region is not known"),
        (Ok(None), Some(region)) => Value::list(vec![Value::Str(region)]),
        (Ok(Some(profile)), Some(region)) => {
            let name = profile.rsplit('/').next().unwrap_or(&profile);
            match guardrails::destinations(name, &region) {
                Some(to) => Value::list(to.into_iter().map(Value::str).collect()),
                None => Value::unknown(
                    Reason::Undecided,
                    format!("alicerce's table of {} does not say where `{name}` routes to from {region}", guardrails::DATE),
                ),
            }
        }
    }
}
