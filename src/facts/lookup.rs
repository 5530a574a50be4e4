//! Looking things up: the fields, edges and attached answers of facts, members and items of values.
//!
//! In: a fact or value and a name. Out: [`Lookup`]: there, known to be absent, or not known with the
//! reason. Names come in this order: AWS's fields as they stand in the document, edges, back edges,
//! attached answers, and the members that every fact has.

use std::borrow::Cow;
use std::sync::Arc;

use super::kind::{self, Attached, Scope};
use super::missing::{self, Place};
use super::{Fact, FactId, Facts, Lookup, NodeId, Reason, Value, Why};
use crate::doc::{Kind as Shape, Node};
use crate::input::Status;

impl Facts {
    /// A field, edge or attached answer of a fact.
    ///
    /// # Errors
    /// The reason, where the answer hangs on something that was not collected, was denied or cannot be read.
    pub fn field(&self, id: FactId, name: &str) -> Lookup {
        let Some(fact) = self.get(id) else { return Ok(None) };
        if let Some(value) = self.own_field(id, fact, name)? {
            return Ok(Some(value));
        }
        let kind = fact.kind;
        if let Some(edge) = kind.edges.iter().find(|e| e.name == name) {
            return self.edge(id, edge);
        }
        if let Some(back) = kind.back.iter().find(|b| b.name == name) {
            return self.back_edge(id, back);
        }
        if let Some(attached) = kind.attached.iter().find(|a| a.name == name) {
            return self.attached(fact, attached);
        }
        let known = kind.member(name);
        if known.is_some_and(|m| m.doc.is_empty()) {
            return self.absent_field(fact, name, known.is_some_and(|m| !m.optional));
        }
        Ok(match name {
            "account" => match &fact.account {
                Some(account) => self.by_key("account", account, Some(account), None).map(Value::Fact),
                None => None,
            },
            "account_id" => fact.account.clone().map(Value::Str),
            "region" => fact.region.clone().map(Value::Str),
            "arn" => Some(Value::Str(fact.id.clone())),
            "name" => Some(Value::Str(fact.name.clone())),
            _ => None,
        })
    }

    /// An AWS field as it stands in one of the fact's nodes.
    fn own_field(&self, id: FactId, fact: &Fact, name: &str) -> Lookup {
        if let Some(value) = self.child(fact.node, name)? {
            return Ok(Some(value));
        }
        // A field that the whole answer may leave out is absent when it does; other answers add to summaries,
        // and fields that the whole answer never has.
        if !fact.summary && fact.kind.member(name).is_some_and(|m| m.doc.is_empty()) {
            return Ok(None);
        }
        for further in self.also.get(&id).into_iter().flatten() {
            if let Some(value) = self.child(further.node, name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    fn absent_field(&self, fact: &Fact, name: &str, required: bool) -> Lookup {
        if fact.summary {
            return Err(self.why_summary(fact));
        }
        if required {
            let what = format!("`{name}` of the {} `{}` is missing from the data", fact.kind.title, fact.name);
            return Err(Why::new(Reason::MissingField, what));
        }
        Ok(None)
    }

    /// The member `name` of any value; scalars, lists and `null` have none.
    ///
    /// # Errors
    /// As [`Self::field`].
    pub fn member(&self, value: &Value, name: &str) -> Lookup {
        match value {
            Value::Fact(id) => self.field(*id, name),
            Value::Node(id) => self.child(*id, name),
            Value::Object(object) => match object.fields.iter().find(|(field, _)| *field == name) {
                None | Some((_, Value::Null)) => Ok(None),
                Some((_, Value::Unknown(why))) => Err(why.clone()),
                Some((_, value)) => Ok(Some(value.clone())),
            },
            Value::Unknown(why) => Err(why.clone()),
            _ => Ok(None),
        }
    }

    /// The child of an object node; JSON inside a string is looked through, `null` is absent.
    fn child(&self, id: NodeId, name: &str) -> Lookup {
        let id = self.resolved(id)?;
        match self.node(id).and_then(|node| node.get(name)) {
            Some(child) if !child.is_null() => self.node_value(id.doc, child).map(Some),
            _ => Ok(None),
        }
    }

    /// A node as a value: JSON inside a string is looked through, a template function is unknown.
    pub(super) fn node_value(&self, doc: u32, node: Node<'_>) -> Result<Value, Arc<Why>> {
        if let Some(tag) = node.tag().filter(|t| t.starts_with('!') && !t.starts_with("!!")) {
            return Err(Why::new(Reason::Unresolved, format!("`{tag} {}` has no value here", node.scalar().unwrap_or_default())));
        }
        self.resolved(NodeId { doc, node: node.index() }).map(Value::Node)
    }

    /// The elements of a list. An element that is not known is [`Value::Unknown`].
    ///
    /// # Errors
    /// The reason of an unknown list; [`Reason::Undecided`] for what is no list.
    pub fn items(&self, value: &Value) -> Result<Vec<Value>, Arc<Why>> {
        match value {
            Value::List(items) => Ok(items.to_vec()),
            Value::Unknown(why) => Err(why.clone()),
            Value::Null => Ok(Vec::new()),
            Value::Node(id) => match self.node(*id) {
                Some(node) if node.kind() == Shape::Array => {
                    Ok(node.items().map(|n| self.node_value(id.doc, n).unwrap_or_else(Value::Unknown)).collect())
                }
                _ => Err(Why::new(Reason::Undecided, "a list was expected where the data has none")),
            },
            _ => Err(Why::new(Reason::Undecided, "a list was expected")),
        }
    }

    /// The text of a scalar; `None` for anything else.
    pub fn text<'a>(&'a self, value: &'a Value) -> Option<Cow<'a, str>> {
        match value {
            Value::Str(text) => Some(Cow::Borrowed(text)),
            Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
            Value::Int(n) => Some(Cow::Owned(n.to_string())),
            Value::Double(n) => Some(Cow::Owned(n.to_string())),
            Value::Node(id) => self.node(*id).filter(|n| !n.is_null()).and_then(Node::scalar),
            _ => None,
        }
    }

    /// The value of an attached answer.
    pub(super) fn attached(&self, fact: &Fact, attached: &Attached) -> Lookup {
        let place = Place { region: self.call_region(fact), ..Place::of(fact) };
        let find = |identifier: &str, suffix: &str| {
            let resource =
                if suffix.is_empty() { Cow::Borrowed(identifier) } else { Cow::Owned(format!("{identifier}{suffix}")) };
            let at = |account, region| self.calls.find(attached.service, attached.operation, &resource, account, region);
            let own = at(place.account, place.region);
            if own.is_some() || fact.kind.scope != Scope::Global {
                return own;
            }
            // The call about a globally unique id may have been made from another Region (a multi-Region trail), or from an account that
            // sees it (a trail of its organisation).
            at(place.account, None).or_else(|| if identifier.starts_with("arn:") { at(None, None) } else { None })
        };
        let identifiers = [&*fact.key, &*fact.id, &*fact.name];
        let mut tries = identifiers.iter().flat_map(|id| attached.suffixes.iter().map(move |suffix| (id, suffix)));
        let seen = tries.find_map(|(id, suffix)| find(id, suffix));
        let seen = seen.or_else(|| self.calls.never(attached.service, attached.operation, place.account, place.region));
        let why = || {
            let resource = format!("{}{}", fact.key, attached.suffixes.first().unwrap_or(&""));
            missing::call(attached.service, attached.operation, &resource, place, seen)
        };
        let Some(seen) = seen else { return Err(why()) };
        if let Status::Failed(text) | Status::Denied(text) = &seen.status
            && attached.absent.contains(&missing::code(text))
        {
            return Ok(None);
        }
        let (Status::Ok, Some(doc)) = (&seen.status, seen.document) else { return Err(why()) };
        let Some(root) = self.documents.get(doc).map(|d| d.root()) else { return Err(why()) };
        match kind::first(root, attached.path) {
            Some(node) => self.node_value(doc, node).map(Some),
            None => Ok(None),
        }
    }

    /// The Region in whose folder calls about a fact stand; `None` where that may be any.
    fn call_region<'a>(&self, fact: &'a Fact) -> Option<&'a str> {
        if fact.kind.is_global() { None } else { fact.region.as_deref() }
    }
}
