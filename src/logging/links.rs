//! The links of the chain, each judged by itself.
//!
//! In: the world and a `bedrock-region`. Out: `recorded_by`.

use std::sync::Arc;

use super::destination;
use super::places;
use super::selectors::Event;
use super::trail::{self, Found};
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One link.
pub(super) const LINK: ObjectType = ObjectType {
    name: "link",
    fields: &[
        (
            "link",
            "string",
            "`use`, `invocation-logging`, `modalities`, `destination`, `writable`, `encrypted`, `retained`, `readers`, `deleters`, `management-events`, `data-events` or `mantle`",
        ),
        ("place", "string", "the log group or bucket that the link is about; empty for the others"),
        ("status", "string", "`ok`, `broken` or `n/a` (nothing to judge, or an earlier link is broken)"),
        ("reason", "string", "one clause that says how this was decided"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "bedrock-region",
    name: "recorded_by",
    ty: "list<object:link>",
    doc: "The chain that records calls to models there, link by link: that models can be called; invocation logging with the modalities it delivers; each of its destinations with its existence, whether Bedrock can write there, custody of its key, retention, readers and those who can delete; CloudTrail's management events and its data events for what stands there; and calls through `bedrock-mantle`, which invocation logging never holds. Of a link that is not known the `status` is unknown.",
    compute: |world, region| Value::list(chain(world, region)),
}];

/// A link as judged.
pub(super) struct Link {
    status: &'static str,
    reason: String,
    at: Vec<NodeId>,
}

impl Link {
    pub(super) fn of(status: &'static str, reason: impl Into<String>, at: Vec<NodeId>) -> Self {
        Self { status, reason: reason.into(), at }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

/// A link, or why it is not known.
pub(super) type Judged = Result<Link, Arc<Why>>;

fn chain(world: &World, region: FactId) -> Vec<Value> {
    let node = world.facts.get(region).map(|fact| fact.node);
    let made = |name: &'static str, place: &str, judged: Judged| {
        let (status, reason, mut at) = match judged {
            Err(why) => (Value::Unknown(why.clone()), why.text.clone(), Vec::new()),
            Ok(link) => (Value::str(link.status), link.reason, link.at),
        };
        if at.is_empty() {
            at.extend(node);
        }
        let fields =
            vec![("link", Value::str(name)), ("place", Value::str(place)), ("status", status), ("reason", Value::str(reason))];
        Value::object(fields, at)
    };
    let mut out = vec![made("use", "", used(world, region))];
    let (logging, fact) = match logging(world, region) {
        Ok((link, fact)) => (Ok(link), Ok(fact)),
        Err(why) => (Err(why.clone()), Err(why)),
    };
    out.push(made("invocation-logging", "", logging));
    let off = || Ok(Link::of("n/a", "invocation logging is off", Vec::new()));
    match fact {
        Err(why) => out.extend(places::LINKS.map(|link| made(link, "", Err(why.clone())))),
        Ok(None) => out.extend(places::LINKS.map(|link| made(link, "", off()))),
        Ok(Some(fact)) => {
            out.push(made("modalities", "", places::modalities(world, fact)));
            match destination::of(world, fact) {
                Err(why) => out.extend(places::LINKS.iter().skip(1).map(|link| made(link, "", Err(why.clone())))),
                Ok(destinations) => {
                    for destination in destinations {
                        let judged = places::judged(world, &destination);
                        let title = destination.title();
                        out.extend(judged.into_iter().map(|(link, judged)| made(link, &title, judged)));
                    }
                }
            }
        }
    }
    out.push(made("management-events", "", management(world, region)));
    out.push(made("data-events", "", data(world, region)));
    out.push(made("mantle", "", mantle(world, region)));
    out
}

/// Whether models can be called there.
fn used(world: &World, region: FactId) -> Judged {
    Ok(match crate::access::in_use(world, region)? {
        Some(how) => Link::of("ok", how, Vec::new()),
        None => Link::of("n/a", "nothing shows that models are called there", Vec::new()),
    })
}

/// Calls through `bedrock-mantle`, of which invocation logging holds nothing.
fn mantle(world: &World, region: FactId) -> Judged {
    let Some(fact) = world.facts.get(region) else { return Ok(Link::of("n/a", "the Region is not known", Vec::new())) };
    let (Some(account), Some(name)) = (fact.account.as_deref(), fact.region.as_deref()) else {
        return Err(Why::new(Reason::Undecided, "the account and Region are not known"));
    };
    let callers = crate::access::mantle_callers(world, account, name)?;
    let Some(first) = callers.first().and_then(|id| world.facts.get(*id)) else {
        return Ok(Link::of("ok", "nobody can run a model through `bedrock-mantle` there", Vec::new()));
    };
    let others = match callers.len() {
        1 => String::new(),
        2 => " and one other".to_owned(),
        more => format!(" and {} others", more - 1),
    };
    let reason =
        format!("`{}`{others} can run models through `bedrock-mantle`, of which invocation logging holds nothing", first.name);
    let nodes = callers.iter().filter_map(|id| world.facts.get(*id)).map(|fact| fact.node).collect();
    Ok(Link::of("broken", reason, nodes))
}

/// Whether invocation logging is on, and its fact if so.
fn logging(world: &World, region: FactId) -> Result<(Link, Option<FactId>), Arc<Why>> {
    let facts = &world.facts;
    let Some(&logging) = facts.follow(region, "logging")?.first() else {
        return Ok((Link::of("broken", "invocation logging is off", Vec::new()), None));
    };
    let at: Vec<NodeId> = facts.get(logging).map(|fact| fact.node).into_iter().collect();
    let group = facts.text_at(logging, &["loggingConfig", "cloudWatchConfig", "logGroupName"])?;
    let bucket = facts.text_at(logging, &["loggingConfig", "s3Config", "bucketName"])?;
    let to = match (group, bucket) {
        (None, None) => return Ok((Link::of("broken", "invocation logging is off", at), None)),
        (Some(group), None) => format!("log group `{group}`"),
        (None, Some(bucket)) => format!("bucket `{bucket}`"),
        (Some(group), Some(bucket)) => format!("log group `{group}` and bucket `{bucket}`"),
    };
    Ok((Link::of("ok", format!("invocations are logged to {to}"), at), Some(logging)))
}

/// Management events: calls that read (to which `InvokeModel` counts) and calls that change.
fn management(world: &World, region: FactId) -> Judged {
    let event = |names, read| Event {
        category: "Management",
        names,
        sources: &["bedrock.amazonaws.com"],
        read_only: Some(read),
        resource_type: None,
    };
    let events = [
        event(&["InvokeModel"], true),
        event(&["InvokeModelWithResponseStream"], true),
        event(&["Converse"], true),
        event(&["ConverseStream"], true),
        event(&["PutModelInvocationLoggingConfiguration"], false),
        event(&["DeleteModelInvocationLoggingConfiguration"], false),
    ];
    judged(world, region, &events)
}

/// What has data events: the edge to what stands in the Region, the resource type, the calls.
const DATA: [(&str, &str, &[&str]); 5] = [
    ("agents", "AWS::Bedrock::AgentAlias", &["InvokeAgent"]),
    ("knowledge_bases", "AWS::Bedrock::KnowledgeBase", &["Retrieve", "RetrieveAndGenerate"]),
    ("guardrails", "AWS::Bedrock::Guardrail", &["ApplyGuardrail"]),
    ("runtimes", "AWS::BedrockAgentCore::Runtime", &["InvokeAgentRuntime"]),
    ("gateways", "AWS::BedrockAgentCore::Gateway", &["InvokeGateway"]),
];
/// The source of data events is one of these; which, CloudTrail's pages do not say of each.
const SOURCES: [&str; 4] =
    ["bedrock.amazonaws.com", "bedrock-agent.amazonaws.com", "bedrock-runtime.amazonaws.com", "bedrock-agentcore.amazonaws.com"];

fn data(world: &World, region: FactId) -> Judged {
    let mut types = Vec::new();
    let mut doubt = None;
    for (edge, resource_type, names) in DATA {
        match world.facts.follow(region, edge) {
            Ok(found) if found.is_empty() => {}
            Ok(_) => types.push((resource_type, names)),
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    let mut last = Link::of("n/a", "nothing stands there that has data events", Vec::new());
    for (resource_type, names) in types {
        let event = Event { category: "Data", names, sources: &SOURCES, read_only: None, resource_type: Some(resource_type) };
        last = judged(world, region, &[event])?;
        if last.status == "broken" {
            return Ok(last);
        }
    }
    doubt.map_or(Ok(last), Err)
}

fn judged(world: &World, region: FactId, events: &[Event<'_>]) -> Judged {
    Ok(match trail::covers(world, region, events)? {
        // The same break as of the management events.
        Found::No { silent: true, reason, .. } if events.iter().all(|event| event.category == "Data") => {
            Link::of("n/a", format!("nothing records there: {reason}"), Vec::new())
        }
        Found::No { reason, at, .. } => Link::of("broken", reason, at),
        Found::By(recorder) => {
            let fact = world.facts.get(recorder);
            let reason = format!("{} records them", trail::title(world, recorder));
            Link::of("ok", reason, fact.map(|fact| fact.node).into_iter().collect())
        }
    })
}
