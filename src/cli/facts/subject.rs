//! One subject: where it stands, and every member of its kind with its value.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::about::Part;
use super::tree::Tree;
use crate::facts::{Fact, FactId, Value};
use crate::finding::{Location, Sources};
use crate::report::{human, visible};
use crate::rule::data::Data;
use crate::rule::vocabulary;
use crate::world::World;

/// All that is known of a subject.
pub(super) struct Page<'w> {
    fact: Option<&'w Fact>,
    scope: String,
    place: Option<Location>,
    parts: Vec<(Part, String, Tree)>,
    /// Members that are known to be absent.
    absent: Vec<String>,
}

impl<'w> Page<'w> {
    /// The page of a fact.
    pub(super) fn of(world: &'w World, id: FactId) -> Self {
        let fact = world.facts.get(id);
        let node = fact.and_then(|fact| world.facts.node(fact.node));
        let place = node.map(|node| Sources::default().node(node, &[]));
        let mut page = Self { fact, scope: world.scope_of(id).name.to_string(), place, parts: Vec::new(), absent: Vec::new() };
        let Some(fact) = fact else { return page };
        let members = vocabulary::of_kind(fact.kind);
        for member in &members {
            let value = Data { world }.member(&Value::Fact(id), &member.name);
            let tree = match value {
                Ok(Some(value)) => Tree::of(world, &value),
                Ok(None) => {
                    page.absent.push(member.name.clone());
                    continue;
                }
                Err(why) => Tree::Unknown(why.text.clone()),
            };
            page.parts.push((Part::of(fact.kind, &member.name), member.name.clone(), tree));
        }
        // What AWS sends beyond the model that the table was made of.
        for key in node.into_iter().flat_map(|node| node.entries()).filter_map(|(key, _)| key.as_str()) {
            if !members.iter().any(|member| member.name == key)
                && let Ok(Some(value)) = world.facts.field(id, key)
            {
                page.parts.push((Part::Field, key.to_owned(), Tree::of(world, &value)));
            }
        }
        page
    }

    /// For people.
    pub(super) fn human(&self, all: bool) -> String {
        let mut out = String::new();
        let Some(fact) = self.fact else { return out };
        let _ = writeln!(out, "{} {}", fact.kind.name, visible(&fact.name));
        let _ = writeln!(out, "  identity: {}", visible(&fact.id));
        if let Some(place) = &self.place {
            let summary = if fact.summary { " (a summary: what it lacks was not collected)" } else { "" };
            let _ = writeln!(out, "  stands at: {}{summary}", human::place(place));
        }
        let _ = writeln!(out, "  scope: {}", visible(&self.scope));
        for (part, heading, _) in Part::ALL {
            let mut of = self.parts.iter().filter(|(p, ..)| *p == part).peekable();
            if of.peek().is_some() {
                let _ = writeln!(out, "\n{heading}");
            }
            of.for_each(|(_, name, tree)| tree.write(&format!("{}:", visible(name)), 2, all, &mut out));
        }
        if !self.absent.is_empty() {
            let _ = writeln!(out, "\nAbsent: {}", self.absent.join(", "));
        }
        out
    }

    /// As JSON.
    pub(super) fn json(&self) -> Json {
        let Some(fact) = self.fact else { return Json::Null };
        let mut out = Map::new();
        out.insert("kind".into(), fact.kind.name.into());
        out.insert("name".into(), (*fact.name).into());
        out.insert("arn".into(), (*fact.id).into());
        out.insert("scope".into(), self.scope.as_str().into());
        let place = self.place.as_ref().map(|at| json!({"file": at.file, "line": at.start.line, "column": at.start.column}));
        out.insert("location".into(), place.unwrap_or_default());
        out.insert("summary".into(), fact.summary.into());
        for (part, _, key) in Part::ALL {
            let of = self.parts.iter().filter(|(p, ..)| *p == part).map(|(_, name, tree)| (name.clone(), tree.json()));
            out.insert(key.into(), Json::Object(of.collect()));
        }
        out.insert("absent".into(), self.absent.as_slice().into());
        Json::Object(out)
    }
}
