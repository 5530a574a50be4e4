//! Facts: the documents' contents as typed nodes with edges between them.
//!
//! In: loaded documents with their account, Region, service and operation. Out: [`Facts`], in which
//! each fact is an AWS API answer (or a part of one) kept whole, known by its kind and its identity,
//! and joined to others by edges. An edge to something that is not loaded is unknown, never absent.

mod build;
mod config_items;
mod credential_report;
mod edges;
mod embedded;
mod index;
pub mod kind;
pub mod kinds;
mod lookup;
mod missing;
pub mod organization;
mod read;
mod scopes;
pub mod shape;
pub mod value;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use build::Builder;
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
    /// What identifies it within its kind's scope (an id, a name, an ARN).
    pub key: Arc<str>,
    /// The short name people use: role name, endpoint id, bucket name.
    pub name: Arc<str>,
    /// The node that is the resource.
    pub node: NodeId,
    /// `node` is of a summary only: fields that it lacks are not collected rather than absent.
    pub summary: bool,
    /// The resource of the call that gave it (the parent of a listing).
    pub call_resource: Option<Arc<str>>,
}

/// A further answer that a fact stands in.
#[derive(Debug, Clone)]
struct Further {
    node: NodeId,
    call_resource: Option<Arc<str>>,
}

/// By kind the facts of each account.
type ByAccount = HashMap<&'static str, HashMap<Arc<str>, Vec<FactId>>>;

/// All facts of a scan.
#[derive(Debug, Default)]
pub struct Facts {
    documents: Vec<Arc<Document>>,
    facts: Vec<Fact>,
    by_kind: HashMap<&'static str, Vec<FactId>>,
    by_key: HashMap<&'static str, HashMap<Arc<str>, Vec<FactId>>>,
    by_id: HashMap<Arc<str>, FactId>,
    /// Further nodes of facts that stand in several answers, after the best one.
    also: HashMap<FactId, Vec<Further>>,
    /// Strings that hold JSON: the document made of them, or why there is none.
    embedded: HashMap<NodeId, Result<u32, Arc<Why>>>,
    calls: index::Calls,
    /// By kind and account, made at the first question, once all facts are here.
    by_account: OnceLock<ByAccount>,
    back: OnceLock<edges::BackIndex>,
    /// Made at the first question about a subnet's route table, once all facts are here.
    route_tables: OnceLock<kinds::ec2::RouteTables>,
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

    /// All facts, in the order they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        self.facts.iter().zip(0u32..).map(|(fact, at)| (FactId(at), fact))
    }

    /// All facts of a kind, in the order they were loaded.
    pub fn of_kind(&self, kind: &str) -> &[FactId] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// All facts of a kind in an account, in the order they were loaded: what a search through all of the kind would find, however
    /// many other accounts there are. To be asked when all facts are here.
    pub fn of_kind_in(&self, kind: &str, account: &str) -> &[FactId] {
        let make = || {
            let mut out = ByAccount::new();
            for (id, fact) in self.iter() {
                if let Some(account) = &fact.account {
                    out.entry(fact.kind.name).or_default().entry(account.clone()).or_default().push(id);
                }
            }
            out
        };
        let of_kind = self.by_account.get_or_init(make).get(kind);
        of_kind.and_then(|accounts| accounts.get(account)).map_or(&[], Vec::as_slice)
    }

    /// The fact with this stable identity (ARN).
    pub fn by_id(&self, id: &str) -> Option<FactId> {
        self.by_id.get(id).copied()
    }

    /// The fact of a kind with this key; `None` for the account or Region leaves it open, and then
    /// there must be exactly one.
    pub fn by_key(&self, kind: &str, key: &str, account: Option<&str>, region: Option<&str>) -> Option<FactId> {
        let candidates = self.by_key.get(kind)?.get(key)?;
        let fits = |have: Option<&str>, want: Option<&str>| have.is_none() || want.is_none() || have == want;
        let mut found = candidates
            .iter()
            .copied()
            .filter(|id| self.get(*id).is_some_and(|f| fits(f.account.as_deref(), account) && fits(f.region.as_deref(), region)));
        let first = found.next()?;
        found.next().is_none().then_some(first)
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
