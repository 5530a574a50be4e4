//! The kinds, and what one of them has: AWS's fields, edges, answers of further calls, derived facts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::kinds::{MARK, marked, notation, plain_table};
use crate::facts::shape::{self, Member, Type};
use crate::facts::{Kind, kinds};
use crate::rule::vocabulary;

/// What a member of a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Field,
    Edge,
    Back,
    Answer,
    Derived,
}

impl Part {
    /// All, in the order in which they are shown, with their headings and their names in JSON.
    pub(super) const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Field, "Fields, as AWS names them", "fields"),
        (Self::Edge, "Edges to other facts", "edges"),
        (Self::Back, "Edges from other facts", "back_edges"),
        (Self::Answer, "Answers of further calls", "answers"),
        (Self::Derived, "Derived facts", "derived"),
    ];

    /// What the member `name` of a kind is.
    pub(super) fn of(kind: &'static Kind, name: &str) -> Self {
        if vocabulary::derived(kind.name, name).is_some() {
            Self::Derived
        } else if kind.attached.iter().any(|attached| attached.name == name) {
            Self::Answer
        } else if kind.back.iter().any(|back| back.name == name) {
            Self::Back
        } else if name == "account" || kind.edges.iter().any(|edge| edge.name == name) {
            Self::Edge
        } else {
            Self::Field
        }
    }
}

/// All kinds.
pub(super) fn all(width: usize) -> String {
    let mut table = plain_table(width);
    table.set_header(["kind", "members", "what it is"]);
    for (group, of) in kinds::GROUPS {
        table.add_row([*group, "", &format!("any of {}", of.join(", "))]);
    }
    for kind in kinds::all() {
        table.add_row([kind.name, &vocabulary::of_kind(kind).len().to_string(), kind.title]);
    }
    let next = "`alicerce facts KIND` tells more of one, `alicerce facts SUBJECT PATH…` shows one that was loaded.";
    format!("{}\n\n{next}\n", table.trim_fmt())
}

/// As [`all`].
pub(super) fn all_json() -> Value {
    let one = |kind: &'static Kind| json!({"kind": kind.name, "title": kind.title, "members": vocabulary::of_kind(kind).len()});
    json!({"kinds": kinds::all().map(one).collect::<Vec<_>>(),
           "groups": kinds::GROUPS.iter().map(|(name, of)| json!({"group": name, "kinds": of})).collect::<Vec<_>>()})
}

/// A kind with its members by what they are; a shape or a derived object with its fields.
pub(super) fn one(name: &str, members: &[&'static Member], width: usize) -> String {
    let mut out = String::new();
    let Some(kind) = kinds::get(name) else {
        return format!("{name}\n\n{}\n\n{MARK}\n", table(members.iter().copied(), width));
    };
    let _ = writeln!(out, "{}: {}", kind.name, kind.title);
    let calls: Vec<String> = kind.sources.iter().map(|s| format!("`{} {}`", s.service, s.operation)).collect();
    if !calls.is_empty() {
        let _ = writeln!(out, "given by {}", calls.join(", "));
    }
    for (part, heading, _) in Part::ALL {
        let of: Vec<&Member> = members.iter().copied().filter(|m| Part::of(kind, &m.name) == part).collect();
        if !of.is_empty() {
            let _ = writeln!(out, "\n{heading}\n\n{}", table(of.into_iter(), width));
        }
    }
    for object in objects(members) {
        let _ = writeln!(out, "\n`{object}`, an object of these facts\n\n{}", table(fields(object).into_iter(), width));
    }
    let _ = writeln!(out, "\n{MARK}\n`alicerce facts SERVICE.SHAPE` tells more of a shape of AWS.");
    out
}

/// As [`one`].
pub(super) fn one_json(name: &str, members: &[&'static Member]) -> Value {
    let Some(kind) = kinds::get(name) else { return json!({"name": name, "fields": list(members.iter().copied())}) };
    let mut out = serde_json::Map::new();
    out.insert("kind".into(), kind.name.into());
    out.insert("title".into(), kind.title.into());
    let calls = kind.sources.iter().map(|s| Value::from(format!("{} {}", s.service, s.operation)));
    out.insert("calls".into(), calls.collect::<Vec<_>>().into());
    for (part, _, key) in Part::ALL {
        out.insert(key.into(), list(members.iter().copied().filter(|m| Part::of(kind, &m.name) == part)));
    }
    let objects = objects(members).into_iter();
    let objects = objects.map(|name| (name.to_owned(), list(fields(name).into_iter())));
    out.insert("objects".into(), Value::Object(objects.collect()));
    Value::Object(out)
}

fn list<'m>(members: impl Iterator<Item = &'m Member>) -> Value {
    members.map(|m| json!({"name": m.name, "type": notation(&m.ty), "may_be_missing": m.optional, "doc": m.doc})).collect()
}

fn table<'m>(members: impl Iterator<Item = &'m Member>, width: usize) -> String {
    let mut table = plain_table(width);
    for member in members {
        table.add_row([format!("  {}", marked(member)), notation(&member.ty), member.doc.clone()]);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The derived objects that members hold, and those that these hold, in the order in which they are met.
fn objects(members: &[&'static Member]) -> Vec<&'static str> {
    let mut out: Vec<&'static str> = Vec::new();
    let mut next: Vec<&'static Member> = members.to_vec();
    while !next.is_empty() {
        let met: Vec<&'static str> = next.iter().filter_map(|member| object(&member.ty)).collect();
        next.clear();
        for name in met {
            if !out.contains(&name) && shape::lookup(name).is_none() {
                out.push(name);
                next.extend(fields(name));
            }
        }
    }
    out
}

/// The fields of a derived object, even where a kind has the same name.
fn fields(object: &str) -> Vec<&'static Member> {
    match vocabulary::members(&Type::Object(object.to_owned())) {
        vocabulary::Members::These(fields) => fields,
        _ => Vec::new(),
    }
}

fn object(ty: &'static Type) -> Option<&'static str> {
    match ty {
        Type::Object(name) => Some(name),
        Type::List(inner) | Type::Map(inner) => object(inner),
        _ => None,
    }
}
