//! What rules may name: variables, the members of kinds, shapes and objects, and derived facts.
//!
//! In: the tables of `facts`, `config`, `access` and `network`. Out: one answer to "what is `x.name`?" for
//! the static check, the evaluator and the author's guide. A new module of derived facts is one line here.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::config::{Scope, Setting};
use crate::facts::shape::{self, Member, Type};
use crate::facts::{Kind, Value, kinds};
use crate::world::{Derived, ObjectType};
use crate::{access, custody, logging, network, residency, secrets};

/// The modules that derive facts.
const DERIVED: &[&[&[Derived]]] = &[
    access::DERIVED,
    access::edges::DERIVED,
    network::DERIVED,
    logging::DERIVED,
    custody::DERIVED,
    &[secrets::DERIVED, residency::DERIVED],
];

/// Their objects, and those of the configuration.
const OBJECTS: &[&[ObjectType]] = &[
    CONFIG_OBJECTS,
    access::OBJECTS,
    access::edges::OBJECTS,
    network::OBJECTS,
    logging::OBJECTS,
    custody::OBJECTS,
    secrets::OBJECTS,
    residency::OBJECTS,
];

const CONFIG_OBJECTS: &[ObjectType] = &[
    ObjectType {
        name: "TransferBasis",
        fields: &[
            ("instrument?", "string", "the legal instrument"),
            ("date?", "timestamp", "when it was concluded"),
            ("document?", "string", "where the document is kept"),
            ("countries", "list<string>", "the countries it covers, ISO 3166-1 alpha-2"),
        ],
    },
    ObjectType { name: "Days", fields: &[("min?", "int", "at least this many"), ("max?", "int", "at most this many")] },
];

/// A variable of every expression.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its type; `it` takes the rule's subject instead.
    pub ty: &'static str,
    /// One line for the author's guide.
    pub doc: &'static str,
}

/// The variables beside the loops' own.
pub const VARIABLES: [Variable; 6] = [
    Variable { name: "it", ty: "any", doc: "the subject: the resource, principal or setting that is judged" },
    Variable { name: "item", ty: "any", doc: "the element that is judged, in rules with `each`" },
    Variable { name: "scope", ty: "object:scope", doc: "the scope of `alicerce.toml` that the subject falls in" },
    Variable { name: "now", ty: "timestamp", doc: "the date of the scan" },
    Variable { name: "region", ty: "string", doc: "the subject's Region; unknown for global resources" },
    Variable { name: "account", ty: "string", doc: "the 12 digits of the subject's account" },
];

/// The members of something.
pub enum Members {
    /// Not described: anything may be named.
    Open,
    /// These and no others.
    These(Vec<&'static Member>),
    /// Keys of any name, all of this type, any of which may be missing.
    Keys(Type),
    /// Nothing can be named; the words say what it is.
    None(&'static str),
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

struct Table {
    derived: HashMap<&'static str, Vec<&'static Derived>>,
    /// Members of derived facts by kind.
    of_kind: HashMap<&'static str, Vec<Member>>,
    objects: HashMap<&'static str, Vec<Member>>,
}

impl Table {
    fn new() -> Self {
        let all = || DERIVED.iter().flat_map(|module| module.iter()).flat_map(|list| list.iter());
        let mut derived: HashMap<&'static str, Vec<&'static Derived>> = HashMap::new();
        let mut of_kind: HashMap<&'static str, Vec<Member>> = HashMap::new();
        for d in all() {
            of_kind.entry(d.kind).or_default().push(member(d.name, d.ty, d.doc));
            derived.entry(d.kind).or_default().push(d);
        }
        let mut objects: HashMap<&'static str, Vec<Member>> = OBJECTS
            .iter()
            .flat_map(|list| list.iter())
            .map(|o| (o.name, o.fields.iter().map(|(name, ty, doc)| member(name, ty, doc)).collect()))
            .collect();
        let scope = Scope::FIELDS.iter().map(|f| Member { optional: f.optional, ..member(f.name, f.ty, f.doc) });
        objects.insert("scope", scope.collect());
        Self { derived, of_kind, objects }
    }
}

fn member(name: &str, ty: &str, doc: &str) -> Member {
    let plain = name.trim_end_matches('?');
    Member {
        name: plain.to_owned(),
        ty: Type::parse(ty).unwrap_or(Type::Any),
        optional: plain.len() < name.len(),
        doc: doc.to_owned(),
    }
}

/// The derived fact `name` of a kind.
pub fn derived(kind: &'static str, name: &str) -> Option<&'static Derived> {
    TABLE.derived.get(kind)?.iter().find(|d| d.name == name).copied()
}

/// The members of a fact of a kind, derived ones included.
pub fn of_kind(kind: &'static Kind) -> Vec<&'static Member> {
    kind.members().iter().chain(TABLE.of_kind.get(kind.name).into_iter().flatten()).collect()
}

/// The members of a type.
pub fn members(ty: &Type) -> Members {
    match ty {
        Type::Any => Members::Open,
        Type::Fact(kind) => kinds::get(kind).map_or(Members::Open, |k| Members::These(of_kind(k))),
        Type::Shape(name) => shape::lookup(name).map_or(Members::Open, |m| Members::These(m.iter().collect())),
        Type::Object(name) => TABLE.objects.get(name.as_str()).map_or(Members::Open, |m| Members::These(m.iter().collect())),
        Type::Map(inner) => Members::Keys((**inner).clone()),
        Type::List(_) => Members::None("a list"),
        Type::Bool => Members::None("a truth value"),
        Type::Int | Type::Double => Members::None("a number"),
        Type::String => Members::None("a string"),
        Type::Timestamp => Members::None("a moment"),
    }
}

/// A scope as the value of the variable `scope`.
pub fn scope(scope: &Scope) -> Value {
    let fields = Scope::FIELDS.iter().filter_map(|f| Some((f.name, setting((f.get)(scope))?)));
    Value::object(fields.collect(), Vec::new())
}

fn setting(setting: Setting) -> Option<Value> {
    Some(match setting {
        Setting::Unset => return None,
        Setting::Bool(b) => Value::Bool(b),
        Setting::Int(i) => Value::Int(i),
        Setting::Str(s) => Value::Str(s),
        Setting::List(items) => Value::list(items.into_iter().map(Value::Str).collect()),
        Setting::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(k, v)| Some((k, self::setting(v)?)));
            Value::object(fields.collect(), Vec::new())
        }
    })
}

/// All words that `subject` may name.
pub fn subjects() -> impl Iterator<Item = &'static str> {
    kinds::GROUPS.iter().map(|(name, _)| *name).chain(kinds::all().map(|k| k.name))
}
