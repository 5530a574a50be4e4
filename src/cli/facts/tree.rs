//! A value as it is shown: known, not known with the reason, or another fact by its name.
//!
//! In: values of facts. Out: lines for people, or JSON. Other facts are named, not entered, so that what is shown has an end.

use serde_json::{Map, Value as Json, json};

use crate::doc::{Kind as Shape, Node};
use crate::facts::{FactId, Value};
use crate::report::visible;
use crate::world::World;

/// What is shown of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Scalar(Json),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    Fact { kind: &'static str, name: String, identity: String },
    Unknown(String),
}

/// Deeper than any answer of AWS.
const DEEP: usize = 24;
/// Elements of a list that are shown without `--all`.
const SHOWN: usize = 8;
/// Characters of a text that are shown without `--all`.
const LONG: usize = 160;

impl Tree {
    /// A value.
    pub(super) fn of(world: &World, value: &Value) -> Self {
        Self::below(world, value, 0)
    }

    fn below(world: &World, value: &Value, depth: usize) -> Self {
        if depth > DEEP {
            return Self::Scalar("…".into());
        }
        let facts = &world.facts;
        match value {
            Value::Null => Self::Scalar(Json::Null),
            Value::Bool(b) => Self::Scalar((*b).into()),
            Value::Int(n) => Self::Scalar((*n).into()),
            Value::Double(n) => Self::Scalar((*n).into()),
            Value::Str(text) => Self::Scalar((**text).into()),
            Value::Fact(id) => Self::fact(world, *id),
            Value::Unknown(why) => Self::Unknown(why.text.clone()),
            Value::List(items) => Self::List(items.iter().map(|item| Self::below(world, item, depth + 1)).collect()),
            Value::Object(object) => {
                let fields = object.fields.iter().filter(|(_, value)| *value != Value::Null);
                Self::Object(fields.map(|(name, v)| ((*name).to_owned(), Self::below(world, v, depth + 1))).collect())
            }
            Value::Node(id) => facts.node(*id).map_or(Self::Scalar(Json::Null), |node| Self::node(node, depth)),
        }
    }

    fn node(node: Node<'_>, depth: usize) -> Self {
        if depth > DEEP {
            return Self::Scalar("…".into());
        }
        match node.kind() {
            Shape::Null => Self::Scalar(Json::Null),
            Shape::Bool(b) => Self::Scalar(b.into()),
            Shape::Number => Self::Scalar(node.as_i64().map_or_else(|| node.as_f64().into(), Json::from)),
            Shape::String => Self::Scalar(node.as_str().unwrap_or_default().into()),
            Shape::Array => Self::List(node.items().map(|item| Self::node(item, depth + 1)).collect()),
            Shape::Object => {
                let entries = node.entries().map(|(k, v)| (k.as_str().unwrap_or_default().to_owned(), Self::node(v, depth + 1)));
                Self::Object(entries.collect())
            }
        }
    }

    fn fact(world: &World, id: FactId) -> Self {
        world.facts.get(id).map_or(Self::Scalar(Json::Null), |fact| Self::Fact {
            kind: fact.kind.name,
            name: fact.name.to_string(),
            identity: fact.id.to_string(),
        })
    }

    /// As JSON. What is not known is `{"unknown": REASON}`.
    pub(super) fn json(&self) -> Json {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(fields) => Json::Object(fields.iter().map(|(k, v)| (k.clone(), v.json())).collect::<Map<_, _>>()),
            Self::Fact { kind, name, identity } => json!({"kind": kind, "name": name, "arn": identity}),
            Self::Unknown(why) => json!({"unknown": why}),
        }
    }

    /// Writes `label: value` and, indented below it, what does not fit on the line.
    pub(super) fn write(&self, label: &str, indent: usize, all: bool, out: &mut String) {
        let line = |out: &mut String, indent: usize, text: &str| {
            out.push_str(&" ".repeat(indent));
            out.push_str(text.trim_end());
            out.push('\n');
        };
        if let Some(text) = self.inline(all) {
            return line(out, indent, &format!("{label} {text}"));
        }
        line(out, indent, label);
        match self {
            Self::Object(fields) => {
                fields.iter().for_each(|(name, value)| value.write(&format!("{}:", visible(name)), indent + 2, all, out));
            }
            Self::List(items) => {
                let shown = if all { items.len() } else { SHOWN };
                items.iter().take(shown).for_each(|item| item.write("-", indent + 2, all, out));
                if let Some(more) = items.len().checked_sub(shown).filter(|n| *n > 0) {
                    line(out, indent + 2, &format!("… and {more} more (`--all` shows them)"));
                }
            }
            _ => {}
        }
    }

    /// The value on one line, where it fits on one.
    fn inline(&self, all: bool) -> Option<String> {
        Some(match self {
            Self::Scalar(Json::String(text)) => scalar(text, all),
            Self::Scalar(other) => other.to_string(),
            Self::Unknown(why) => format!("not known: {}", visible(why)),
            Self::Fact { kind, name, identity } => {
                let identity = if name == identity { String::new() } else { format!("  {}", visible(identity)) };
                format!("{kind} {}{identity}", visible(name))
            }
            Self::List(items) if items.is_empty() => "none".to_owned(),
            Self::Object(fields) if fields.is_empty() => "{}".to_owned(),
            Self::List(_) | Self::Object(_) => return None,
        })
    }
}

fn scalar(text: &str, all: bool) -> String {
    let length = text.chars().count();
    if all || length <= LONG {
        return if text.is_empty() { "\"\"".to_owned() } else { visible(text) };
    }
    let head: String = text.chars().take(LONG).collect();
    format!("{}… ({} more characters)", visible(&head), length - LONG)
}
