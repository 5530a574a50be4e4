//! How rules see values: one view over documents, facts, derived objects and plain values.
//!
//! In: a [`Value`]. Out: its shape, members, elements and text. Never: an unknown taken for something
//! absent, or an absent one for something empty.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::vocabulary;
use crate::doc;
use crate::facts::{FactId, Lookup, NodeId, Reason, Value, Why};
use crate::world::{Derived, World};

/// The reasons why something is not known, without repetition, in the order they were met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unknown(pub Vec<Arc<Why>>);

impl Unknown {
    /// One reason.
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self(vec![Why::new(reason, text)])
    }

    /// This one's reasons, then the other's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for why in other.0 {
            if !self.0.contains(&why) {
                self.0.push(why);
            }
        }
        self
    }

    /// As the value of a list's element.
    pub fn value(self) -> Value {
        Value::Unknown(self.0.into_iter().next().unwrap_or_else(|| Why::new(Reason::Undecided, "the reason was not recorded")))
    }
}

impl From<Arc<Why>> for Unknown {
    fn from(why: Arc<Why>) -> Self {
        Self(vec![why])
    }
}

/// What a value is, scalars with their content.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape<'w> {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A string.
    Str(Cow<'w, str>),
    /// A list.
    List,
    /// Anything with members.
    Object,
}

impl Shape<'_> {
    /// The word for it in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Str(_) => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// Access to values in a world.
#[derive(Debug, Clone, Copy)]
pub struct Data<'w> {
    /// What they are resolved against.
    pub world: &'w World,
}

impl<'w> Data<'w> {
    /// The shape of a known value.
    ///
    /// # Errors
    /// The reason of a value that is not known.
    pub fn shape<'v>(self, value: &'v Value) -> Result<Shape<'v>, Unknown>
    where
        'w: 'v,
    {
        Ok(match value {
            Value::Null => Shape::Null,
            Value::Bool(b) => Shape::Bool(*b),
            Value::Int(i) => Shape::Int(*i),
            Value::Double(d) => Shape::Double(*d),
            Value::Str(s) => Shape::Str(Cow::Borrowed(s)),
            Value::Node(id) => self.node_shape(*id),
            Value::List(_) => Shape::List,
            Value::Fact(_) | Value::Object(_) => Shape::Object,
            Value::Unknown(why) => return Err(why.clone().into()),
        })
    }

    fn node_shape(self, id: NodeId) -> Shape<'w> {
        let Some(node) = self.world.facts.node(id) else { return Shape::Null };
        match node.kind() {
            doc::Kind::Null => Shape::Null,
            doc::Kind::Bool(b) => Shape::Bool(b),
            doc::Kind::Number => node.as_i64().map_or_else(|| Shape::Double(node.as_f64().unwrap_or(f64::NAN)), Shape::Int),
            doc::Kind::String => Shape::Str(Cow::Borrowed(node.as_str().unwrap_or_default())),
            doc::Kind::Array => Shape::List,
            doc::Kind::Object => Shape::Object,
        }
    }

    /// Member `name`: of a fact an AWS field, an edge, an attached answer or a derived fact; of an object its
    /// field; of a document's object the value of that key. JSON's `null` is absent.
    pub fn member(self, value: &Value, name: &str) -> Lookup {
        let found = match value {
            Value::Fact(id) => match self.world.facts.get(*id).and_then(|f| vocabulary::derived(f.kind.name, name)) {
                Some(derived) => Some(self.derived(*id, derived)),
                None => self.world.facts.member(value, name)?,
            },
            _ => self.world.facts.member(value, name)?,
        };
        match found {
            Some(Value::Unknown(why)) => Err(why),
            Some(Value::Null) | None => Ok(None),
            Some(Value::Node(id)) if self.world.facts.node(id).is_some_and(doc::Node::is_null) => Ok(None),
            Some(known) => Ok(Some(known)),
        }
    }

    /// Computed at the first question, then remembered. Two threads may both compute it; neither waits
    /// for the other, so a derived fact may use threads of its own.
    fn derived(self, fact: FactId, derived: &'static Derived) -> Value {
        let memo = self.world.memo(|_| Memo::default());
        let key = (fact, derived.name);
        if let Some(value) = memo.shard(key).lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return value.clone();
        }
        let value = (derived.compute)(self.world, fact);
        memo.shard(key).lock().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
        value
    }

    /// A list's elements; an element may be unknown, which says that it may be there.
    ///
    /// # Errors
    /// What is unknown, or is not a list.
    pub fn items(self, value: &Value) -> Result<Vec<Value>, Unknown> {
        match self.shape(value)? {
            Shape::List => Ok(self.world.facts.items(value)?),
            other => Err(Unknown::new(Reason::Undecided, format!("{} stands where a list is expected", other.word()))),
        }
    }

    /// The members of an object in their order, for comparison; a fact has none.
    fn entries(self, value: &Value) -> Vec<(String, Value)> {
        match value {
            Value::Object(object) => object.fields.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
            Value::Node(id) => {
                let Some(node) = self.world.facts.node(*id) else { return Vec::new() };
                let at = |n: doc::Node<'_>| Value::Node(NodeId { doc: id.doc, node: n.index() });
                node.entries().map(|(k, v)| (k.as_str().unwrap_or_default().to_owned(), at(v))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// `a == b`: deep, numbers by value, facts by identity.
    ///
    /// # Errors
    /// The reasons, where the answer hangs on something unknown.
    pub fn equal(self, a: &Value, b: &Value) -> Result<bool, Unknown> {
        match (a, b) {
            (Value::Fact(x), Value::Fact(y)) => return Ok(x == y),
            (Value::Fact(f), Value::Node(n)) | (Value::Node(n), Value::Fact(f)) => {
                return Ok(self.world.facts.get(*f).is_some_and(|f| f.node == *n));
            }
            _ => {}
        }
        match (self.shape(a)?, self.shape(b)?) {
            (Shape::List, Shape::List) => self.equal_lists(&self.items(a)?, &self.items(b)?),
            (Shape::Object, Shape::Object) => self.equal_objects(&self.entries(a), &self.entries(b)),
            (Shape::Int(x), Shape::Double(y)) | (Shape::Double(y), Shape::Int(x)) => {
                #[expect(clippy::cast_precision_loss, reason = "CEL compares numbers of different types as doubles")]
                let x = x as f64;
                Ok(x == y)
            }
            (x, y) => Ok(x == y),
        }
    }

    fn equal_lists(self, a: &[Value], b: &[Value]) -> Result<bool, Unknown> {
        if let Some(Value::Unknown(why)) = a.iter().chain(b).find(|v| matches!(v, Value::Unknown(_))) {
            return Err(why.clone().into());
        }
        if a.len() != b.len() {
            return Ok(false);
        }
        self.all_equal(a.iter().zip(b))
    }

    fn equal_objects(self, a: &[(String, Value)], b: &[(String, Value)]) -> Result<bool, Unknown> {
        if a.len() != b.len() {
            return Ok(false);
        }
        let mut pairs = Vec::with_capacity(a.len());
        for (key, value) in a {
            match b.iter().find(|(k, _)| k == key) {
                Some((_, other)) => pairs.push((value, other)),
                None => return Ok(false),
            }
        }
        self.all_equal(pairs.into_iter())
    }

    fn all_equal<'v>(self, pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Result<bool, Unknown> {
        let mut unknown: Option<Unknown> = None;
        for (a, b) in pairs {
            match self.equal(a, b) {
                Ok(false) => return Ok(false),
                Ok(true) => {}
                Err(why) => unknown = Some(unknown.unwrap_or_default().and(why)),
            }
        }
        unknown.map_or(Ok(true), Err)
    }

    /// `needle in haystack`: an element of a list, or a key of an object.
    ///
    /// # Errors
    /// The reasons, where the answer hangs on something unknown.
    pub fn contains(self, haystack: &Value, needle: &Value) -> Result<bool, Unknown> {
        if let Shape::Object = self.shape(haystack)? {
            let Shape::Str(key) = self.shape(needle)? else { return Ok(false) };
            return Ok(self.member(haystack, &key)?.is_some());
        }
        let mut unknown: Option<Unknown> = None;
        for item in self.items(haystack)? {
            match self.equal(&item, needle) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(why) => unknown = Some(unknown.unwrap_or_default().and(why)),
            }
        }
        unknown.map_or(Ok(false), Err)
    }

    /// What a message prints for a value: scalars as they are, a fact's name, a list's elements with commas,
    /// a document's object as it is written, a derived object's fields.
    pub fn text(self, value: &Value) -> String {
        match value {
            Value::Fact(id) => self.world.facts.get(*id).map_or_else(String::new, |f| f.name.to_string()),
            Value::Object(object) => {
                let fields: Vec<String> = object.fields.iter().map(|(k, v)| format!("{k}: {}", self.text(v))).collect();
                fields.join(", ")
            }
            Value::Unknown(why) => format!("(unknown: {})", why.text),
            _ => match self.shape(value) {
                Ok(Shape::Null) => "null".to_owned(),
                Ok(Shape::Bool(b)) => b.to_string(),
                Ok(Shape::Int(i)) => i.to_string(),
                Ok(Shape::Double(d)) => d.to_string(),
                Ok(Shape::Str(s)) => s.into_owned(),
                Ok(Shape::List) => {
                    let items = self.items(value).unwrap_or_default();
                    items.iter().map(|v| self.text(v)).collect::<Vec<_>>().join(", ")
                }
                Ok(Shape::Object) => {
                    let entries = self.entries(value);
                    entries.iter().map(|(k, v)| format!("{k}: {}", self.text(v))).collect::<Vec<_>>().join(", ")
                }
                Err(_) => String::new(),
            },
        }
    }

    /// The places of a value: what can be underlined for it, the most telling first.
    pub fn places(self, value: &Value) -> Vec<NodeId> {
        match value {
            Value::Node(id) => vec![*id],
            Value::Fact(id) => self.world.facts.get(*id).map(|f| f.node).into_iter().collect(),
            Value::Object(object) => object.at.clone(),
            Value::List(items) => items.iter().flat_map(|v| self.places(v)).collect(),
            _ => Vec::new(),
        }
    }
}

type Shard = Mutex<HashMap<(FactId, &'static str), Value>>;

/// What was derived, spread over shards so that threads seldom meet.
#[derive(Debug, Default)]
struct Memo {
    shards: [Shard; 16],
}

impl Memo {
    fn shard(&self, (fact, name): (FactId, &'static str)) -> &Shard {
        let at = (fact.0 as usize).wrapping_add(name.len()) % self.shards.len();
        #[expect(clippy::indexing_slicing, reason = "reduced modulo the length just above")]
        &self.shards[at]
    }
}
