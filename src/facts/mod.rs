//! Facts: the documents' contents as typed nodes with edges between them.
//!
//! In: loaded documents with their account, Region, service and operation. Out: [`Facts`], in which
//! each fact is an AWS API answer (or a part of one) kept whole, known by its kind and its identity,
//! and joined to others by edges. An edge to something that is not loaded is unknown, never absent.

mod build;
pub mod kind;
pub mod kinds;
pub mod shape;
pub mod value;

use std::collections::HashMap;
use std::sync::Arc;

pub use kind::Kind;
pub use value::{Lookup, NodeId, Object, Reason, Value, Why};

use crate::doc::{Document, Node};
use crate::input::Coverage;

/// Index of a fact in [`Facts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FactId(pub u32);

/// One resource, principal, policy or setting.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its kind (`vpc-endpoint`, `iam-role`, …).
    pub kind: &'static Kind,
    /// The account that holds it (12 digits), where known.
    pub account: Option<Arc<str>>,
    /// Its Region, or `None` for global resources and where it is not known.
    pub region: Option<Arc<str>>,
    /// Stable identity: the ARN where AWS gives one or it can be derived, else
    /// `<account>/<region>/<kind>/<local id>`; for a bare policy file its path.
    pub id: Arc<str>,
    /// The short name people use: role name, endpoint id, bucket name.
    pub name: Arc<str>,
    /// The node that is the resource.
    pub node: NodeId,
}

/// All facts of a scan.
#[derive(Debug, Default)]
pub struct Facts {
    documents: Vec<Arc<Document>>,
    facts: Vec<Fact>,
    by_kind: HashMap<&'static str, Vec<FactId>>,
    /// (kind, account, region, local key) to fact; see `build.rs` for what keys a kind.
    by_key: HashMap<build::Key, FactId>,
    by_id: HashMap<Arc<str>, FactId>,
    /// What was collected, denied, failed, not attempted.
    pub coverage: Coverage,
}

impl Facts {
    /// The loaded documents, embedded ones included; [`NodeId::doc`] indexes them.
    pub fn documents(&self) -> &[Arc<Document>] {
        &self.documents
    }

    /// The document node behind an id.
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        self.documents.get(id.doc as usize)?.node(id.node)
    }

    /// The fact behind an id.
    pub fn get(&self, id: FactId) -> Option<&Fact> {
        self.facts.get(id.0 as usize)
    }

    /// All facts of a kind, in the order they were loaded.
    pub fn of_kind(&self, kind: &str) -> &[FactId] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The fact with this stable identity (ARN).
    pub fn by_id(&self, id: &str) -> Option<FactId> {
        self.by_id.get(id).copied()
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// True where nothing was loaded.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}
