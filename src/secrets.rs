//! Secrets in plain configuration: what the loader saw before it masked the values.
//!
//! In: the world, whose documents hold no secret value any more, only its kind and length. Out: the derived fact `secrets`.

use crate::facts::{FactId, NodeId, Reason, Value};
use crate::world::{Derived, ObjectType, World};

/// One value in a place that may hold secrets.
pub const OBJECTS: &[ObjectType] = &[ObjectType {
    name: "secret",
    fields: &[
        ("name", "string", "the variable's name, or the name of the place"),
        (
            "kind",
            "string",
            "`aws-access-key`, `aws-secret-key`, `anthropic-api-key`, `bedrock-bearer-token`, `private-key`, `password-in-url`, `github-token`, `credential`, `reference` or `plain`",
        ),
        ("length", "int", "the value's length in bytes"),
    ],
}];

const DOC: &str = "One element for each environment variable, user data or other plain configuration value: what it looks like, never the value.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "secrets", ty: "list<object:secret>", doc: DOC, compute: secrets }
}

/// The derived facts of this module.
pub const DERIVED: &[Derived] = &[
    of("lambda-function"),
    of("ecs-task-definition"),
    of("agentcore-runtime"),
    of("ec2-instance"),
    Derived {
        kind: "ecs-service",
        name: "secrets",
        ty: "list<object:secret>",
        doc: "Empty where its task definition, which is judged by itself, was loaded; an unknown element where it was not.",
        compute: of_service,
    },
];

/// A service has no variables of its own, but its task definition may have been refused, and then is no subject.
fn of_service(world: &World, service: FactId) -> Value {
    let definition = world.facts.follow(service, "task_definition");
    Value::list(definition.err().map(Value::Unknown).into_iter().collect())
}

fn secrets(world: &World, id: FactId) -> Value {
    let Some(fact) = world.facts.get(id) else { return Value::list(Vec::new()) };
    if fact.summary {
        return Value::Unknown(world.facts.why_summary(fact));
    }
    let mut out = inside(world, fact.node);
    match world.facts.field(id, "user_data") {
        Ok(Some(Value::Node(elsewhere))) => out.extend(inside(world, elsewhere)),
        Ok(_) => {}
        Err(why) => out.push(Value::Unknown(why)),
    }
    out.extend(unread(world, id));
    Value::list(out)
}

/// Lambda answers an error in place of variables that it could not decrypt for the caller.
fn unread(world: &World, fact: FactId) -> Option<Value> {
    let error = match world.facts.at(&Value::Fact(fact), &["Environment", "Error"]) {
        Ok(error) => error?,
        Err(why) => return Some(Value::Unknown(why)),
    };
    let code = world.facts.text_in(&error, &["ErrorCode"]).ok().flatten().unwrap_or_default();
    let name = world.facts.get(fact).map(|f| f.name.clone()).unwrap_or_default();
    Some(Value::unknown(
        Reason::Denied,
        format!("the variables of `{name}` could not be decrypted by who asked for them ({code})"),
    ))
}

/// The secrets below a node.
fn inside(world: &World, at: NodeId) -> Vec<Value> {
    let found = || {
        let document = world.facts.document(at.doc)?;
        let whole = document.node(at.node)?.span();
        let inside = document.secrets.iter().filter(move |secret| {
            document.node(secret.node).is_some_and(|n| whole.start <= n.span().start && n.span().end <= whole.end)
        });
        let value = |secret: &crate::doc::Secret| {
            let fields = vec![
                ("name", Value::str(secret.name.clone())),
                ("kind", Value::str(secret.kind.as_str())),
                ("length", Value::Int(i64::from(secret.length))),
            ];
            Value::object(fields, vec![NodeId { doc: at.doc, node: name_node(document, secret.node) }])
        };
        Some(inside.map(value).collect())
    };
    found().unwrap_or_default()
}

/// The node to underline: the variable's name, which stands as a key just before its value, or in a `name` beside it.
fn name_node(document: &crate::doc::Document, value: u32) -> u32 {
    let Some(node) = document.node(value) else { return value };
    let parent = node.parent();
    let key = parent.and_then(|p| p.entries().find(|(_, v)| v.index() == value)).map(|(k, _)| k);
    match key.and_then(|k| k.as_str()) {
        Some("value" | "Value") => parent.and_then(|p| p.get("name").or_else(|| p.get("Name"))).map_or(value, |n| n.index()),
        Some(_) => key.map_or(value, |k| k.index()),
        None => value,
    }
}
