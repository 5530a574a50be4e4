//! The links of the chain, each judged by itself.
//!
//! In: the world and a `bedrock-region`. Out: `recorded_by`.

use std::sync::Arc;

use super::selectors::Event;
use super::trail::{self, Found};
use crate::facts::{FactId, NodeId, Reason, Value, Why, kinds};
use crate::world::{Derived, ObjectType, World};

/// One link.
pub(super) const LINK: ObjectType = ObjectType {
    name: "link",
    fields: &[
        (
            "link",
            "string",
            "`invocation-logging`, `log-group`, `log-role`, `bucket-policy`, `management-events` or `data-events`",
        ),
        ("status", "string", "`ok`, `broken` or `n/a` (nothing to judge, or an earlier link is broken)"),
        ("reason", "string", "one clause that says how this was decided"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "bedrock-region",
    name: "recorded_by",
    ty: "list<object:link>",
    doc: "The links of the chain that records calls to models there, one element each: invocation logging with its destinations, CloudTrail's management events, and its data events for what stands there. Of a link that is not known the `status` is unknown.",
    compute: |world, region| Value::list(vec_of(world, region)),
}];

/// A link as judged.
struct Link {
    status: &'static str,
    reason: String,
    at: Vec<NodeId>,
}

impl Link {
    fn of(status: &'static str, reason: impl Into<String>, at: Vec<NodeId>) -> Self {
        Self { status, reason: reason.into(), at }
    }
}

type Judged = Result<Link, Arc<Why>>;

fn vec_of(world: &World, region: FactId) -> Vec<Value> {
    let made = |name: &'static str, judged: Judged| {
        let (status, reason, mut at) = match judged {
            Err(why) => (Value::Unknown(why.clone()), why.text.clone(), Vec::new()),
            Ok(link) => (Value::str(link.status), link.reason, link.at),
        };
        if at.is_empty() {
            at.extend(world.facts.get(region).map(|fact| fact.node));
        }
        Value::object(vec![("link", Value::str(name)), ("status", status), ("reason", Value::str(reason))], at)
    };
    let logging = logging(world, region);
    let after = |judge: fn(&World, FactId) -> Judged| match &logging {
        Err(why) => Err(why.clone()),
        Ok((_, None)) => Ok(Link::of("n/a", "invocation logging is off", Vec::new())),
        Ok((_, Some(fact))) => judge(world, *fact),
    };
    let (group, role, policy) = (after(log_group), after(log_role), after(bucket_policy));
    vec![
        made("invocation-logging", logging.map(|(link, _)| link)),
        made("log-group", group),
        made("log-role", role),
        made("bucket-policy", policy),
        made("management-events", management(world, region)),
        made("data-events", data(world, region)),
    ]
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

/// Whether what an edge of the logging names exists, for kinds that stand in the account itself.
fn exists(world: &World, logging: FactId, edge: &str, path: &[&str], kind: &str) -> Judged {
    let facts = &world.facts;
    let Some(value) = facts.at(&Value::Fact(logging), path)? else {
        return Ok(Link::of("n/a", "the configuration names none", Vec::new()));
    };
    let name = facts.text(&value).unwrap_or_default().to_string();
    let at = if let Value::Node(node) = value { vec![node] } else { Vec::new() };
    match facts.follow(logging, edge) {
        Ok(_) => Ok(Link::of("ok", format!("`{name}` exists"), at)),
        Err(why) => {
            let (Some(fact), Some(kind)) = (facts.get(logging), kinds::get(kind)) else { return Err(why) };
            if why.reason != Reason::NotLoaded || facts.listed(kind, fact.account.as_deref(), fact.region.as_deref()).is_err() {
                return Err(why);
            }
            Ok(Link::of("broken", format!("{} `{name}` does not exist", kind.title), at))
        }
    }
}

fn log_group(world: &World, logging: FactId) -> Judged {
    exists(world, logging, "log_group", &["loggingConfig", "cloudWatchConfig", "logGroupName"], "log-group")
}

fn log_role(world: &World, logging: FactId) -> Judged {
    exists(world, logging, "role", &["loggingConfig", "cloudWatchConfig", "roleArn"], "iam-role")
}

/// Whether the policies of the buckets let Bedrock write: without one it cannot, since it writes as a service.
fn bucket_policy(world: &World, logging: FactId) -> Judged {
    let facts = &world.facts;
    let mut last = Link::of("n/a", "the configuration names no bucket", Vec::new());
    for edge in ["bucket", "large_data_bucket"] {
        for bucket in facts.follow(logging, edge)? {
            let Some(fact) = facts.get(bucket) else { continue };
            let statements = facts.list_in(&Value::Fact(bucket), &["policy", "Statement"])?;
            let lets = statements.iter().any(|statement| lets_bedrock(world, statement));
            if !lets {
                let reason = format!("no statement of the policy of bucket `{}` lets `bedrock.amazonaws.com` write", fact.name);
                return Ok(Link::of("broken", reason, vec![fact.node]));
            }
            last = Link::of("ok", format!("the policy of bucket `{}` lets Bedrock write", fact.name), vec![fact.node]);
        }
    }
    Ok(last)
}

/// Whether a statement allows something to Bedrock's service principal, or to everybody.
fn lets_bedrock(world: &World, statement: &Value) -> bool {
    let Value::Node(node) = statement else { return false };
    let Some(node) = world.facts.node(*node) else { return false };
    let is = |text: Option<&str>| text.is_some_and(|t| t == "*" || t == "bedrock.amazonaws.com");
    let principal = node.get("Principal");
    let named = principal.is_some_and(|p| {
        is(p.as_str())
            || ["Service", "AWS"].iter().filter_map(|key| p.get(key)).any(|v| is(v.as_str()) || v.items().any(|i| is(i.as_str())))
    });
    node.get("Effect").and_then(|n| n.as_str()) == Some("Allow") && named
}

/// Management events: calls that read (to which `InvokeModel` counts) and calls that change.
fn management(world: &World, region: FactId) -> Judged {
    let event = |name, read| Event {
        category: "Management",
        name: Some(name),
        source: Some("bedrock.amazonaws.com"),
        read_only: Some(read),
        resource_type: None,
    };
    let events = [
        event("InvokeModel", true),
        event("InvokeModelWithResponseStream", true),
        event("Converse", true),
        event("ConverseStream", true),
        event("PutModelInvocationLoggingConfiguration", false),
        event("DeleteModelInvocationLoggingConfiguration", false),
    ];
    judged(world, region, &events)
}

/// What stands in the Region, and the resource type of its data events.
const DATA: [(&str, &str); 5] = [
    ("agents", "AWS::Bedrock::AgentAlias"),
    ("knowledge_bases", "AWS::Bedrock::KnowledgeBase"),
    ("guardrails", "AWS::Bedrock::Guardrail"),
    ("runtimes", "AWS::BedrockAgentCore::Runtime"),
    ("gateways", "AWS::BedrockAgentCore::Gateway"),
];

fn data(world: &World, region: FactId) -> Judged {
    let mut types = Vec::new();
    let mut doubt = None;
    for (edge, resource_type) in DATA {
        match world.facts.follow(region, edge) {
            Ok(found) if found.is_empty() => {}
            Ok(_) => types.push(resource_type),
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    let mut last = Link::of("n/a", "nothing stands there that has data events", Vec::new());
    for resource_type in types {
        let event = Event { category: "Data", name: None, source: None, read_only: None, resource_type: Some(resource_type) };
        last = judged(world, region, &[event])?;
        if last.status == "broken" {
            return Ok(last);
        }
    }
    doubt.map_or(Ok(last), Err)
}

fn judged(world: &World, region: FactId, events: &[Event<'_>]) -> Judged {
    Ok(match trail::covers(world, region, events)? {
        Found::No { reason, at } => Link::of("broken", reason, at),
        Found::By(trail) => {
            let fact = world.facts.get(trail);
            let reason = format!("trail `{}` records them", fact.map_or("", |fact| &fact.name));
            Link::of("ok", reason, fact.map(|fact| fact.node).into_iter().collect())
        }
    })
}
