//! Types of what rules may name, in one small text notation.
//!
//! `any` · `bool` · `int` · `double` · `string` · `timestamp` · `list<T>` · `map<T>` · `fact:KIND` ·
//! `shape:SERVICE.Shape` (an AWS API shape, from the generated table) · `object:NAME` (a derived object).

use std::collections::HashMap;
use std::sync::OnceLock;

/// A parsed type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Not described; every access is allowed and nothing is checked.
    Any,
    /// A truth value.
    Bool,
    /// An integer.
    Int,
    /// A double.
    Double,
    /// A string.
    String,
    /// An RFC 3339 instant, as a string in the data.
    Timestamp,
    /// A list.
    List(Box<Type>),
    /// A map with string keys.
    Map(Box<Type>),
    /// A fact of a kind.
    Fact(String),
    /// An AWS API shape, `service.Shape`.
    Shape(String),
    /// A derived object.
    Object(String),
}

impl Type {
    /// Reads the notation; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let inside = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix('>'));
        Some(match text {
            "any" => Self::Any,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "double" => Self::Double,
            "string" => Self::String,
            "timestamp" => Self::Timestamp,
            _ => {
                if let Some(inner) = inside("list<") {
                    Self::List(Box::new(Self::parse(inner)?))
                } else if let Some(inner) = inside("map<") {
                    Self::Map(Box::new(Self::parse(inner)?))
                } else if let Some(kind) = text.strip_prefix("fact:") {
                    Self::Fact(kind.to_owned())
                } else if let Some(shape) = text.strip_prefix("shape:") {
                    Self::Shape(shape.to_owned())
                } else {
                    Self::Object(text.strip_prefix("object:")?.to_owned())
                }
            }
        })
    }
}

/// A member of a kind, shape or object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, AWS's or snake_case.
    pub name: String,
    /// What it holds.
    pub ty: Type,
    /// AWS may leave it out: a rule must ask `has()` first.
    pub optional: bool,
    /// One line for the documentation; empty for AWS's own fields.
    pub doc: String,
}

/// The members of an AWS shape (`ec2.VpcEndpoint`), in the order of AWS's model.
///
/// The table is generated from botocore's models, see `docs/shapes.md`; read once, at the first call.
pub fn lookup(name: &str) -> Option<&'static [Member]> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Member>>> = OnceLock::new();
    TABLE.get_or_init(read_table).get(name).map(Vec::as_slice)
}

const SHAPES: &str = include_str!("shapes.txt");

fn read_table() -> HashMap<&'static str, Vec<Member>> {
    let mut table: HashMap<&'static str, Vec<Member>> = HashMap::new();
    let mut shape = "";
    for line in SHAPES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some(member) = line.strip_prefix(' ') else {
            shape = line;
            table.entry(shape).or_default();
            continue;
        };
        let Some((name, ty)) = member.split_once(' ') else { continue };
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        let ty = Type::parse(ty).unwrap_or(Type::Any);
        table.entry(shape).or_default().push(Member { name: name.to_owned(), ty, optional, doc: String::new() });
    }
    table
}
