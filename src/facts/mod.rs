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
mod store;
pub mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

pub use build::Builder;
pub use kind::Kind;
pub use value::{Lookup, NodeId, Object, Reason, Value, Why};

use crate::doc::{Document, Node};
use crate::input::{Again, Coverage};

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
    documents: store::Store,
    facts: Vec<Fact>,
    by_kind: HashMap<&'static str, Vec<FactId>>,
    by_key: HashMap<&'static str, HashMap<Arc<str>, Vec<FactId>>>,
    by_id: HashMap<Arc<str>, FactId>,
    /// Further nodes of facts that stand in several answers, after the best one.
    also: HashMap<FactId, Vec<Further>>,
    /// Strings that hold JSON: the document made of them, or why there is none.
    embedded: HashMap<NodeId, Result<u32, Arc<Why>>>,
    /// Nodes of facts in which strings hold JSON; while facts are made.
    strings: HashSet<NodeId>,
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
    /// A loaded document, embedded ones included; [`NodeId::doc`] is its number.
    pub fn document(&self, doc: u32) -> Option<&Arc<Document>> {
        self.documents.get(doc)
    }

    /// The name of a document, for which it need not be read.
    pub fn document_name(&self, doc: u32) -> Option<&Arc<str>> {
        self.documents.name(doc)
    }

    /// Lets go of the documents, where they can be read again: one that is asked for later is.
    pub(crate) fn rest(&mut self) {
        self.documents.rest();
    }

    /// The same, where more than so many bytes of them are held.
    fn rest_above(&mut self, bytes: u64) {
        if self.documents.streams && self.documents.held() > bytes {
            self.documents.rest();
        }
    }

    /// True where a document was let go and could not be read again, or was not the same any more.
    pub(crate) fn lost(&self) -> bool {
        self.documents.lost()
    }

    /// The files that documents can be read from again, by the documents' names.
    pub(crate) fn files(&self) -> HashMap<Arc<str>, Arc<Again>> {
        self.documents.files()
    }

    /// All accounts in lots, each of the accounts whose answers come to about so many bytes; `None`, for what is of no known account,
    /// stands in the first.
    pub(crate) fn lots(&self, bytes: u64) -> Vec<BTreeSet<Option<Arc<str>>>> {
        let mut sizes: BTreeMap<Option<Arc<str>>, u64> = BTreeMap::from([(None, 0)]);
        for fact in &self.facts {
            sizes.entry(fact.account.clone()).or_default();
        }
        for (_, seen) in self.calls.all() {
            *sizes.entry(seen.account.clone()).or_default() += seen.document.map_or(0, |doc| self.documents.bytes(doc));
        }
        let mut lots = vec![BTreeSet::new()];
        let mut size = 0;
        for (account, more) in sizes {
            if size > 0 && size + more > bytes {
                lots.push(BTreeSet::new());
                size = 0;
            }
            size += more;
            lots.last_mut().map(|lot| lot.insert(account));
        }
        lots
    }

    /// All facts of a kind in a lot of accounts, in the order they were loaded.
    pub(crate) fn of_kind_in_lot(&self, kind: &str, lot: &BTreeSet<Option<Arc<str>>>) -> Vec<FactId> {
        let within = |id: &FactId| self.get(*id).is_some_and(|fact| lot.contains(&fact.account));
        if lot.contains(&None) {
            return self.of_kind(kind).iter().copied().filter(within).collect();
        }
        let mut out: Vec<FactId> = lot.iter().flatten().flat_map(|account| self.of_kind_in(kind, account)).copied().collect();
        out.sort_unstable();
        out
    }

    /// The most bytes of text that documents held at once.
    pub fn most_held(&self) -> u64 {
        self.documents.most()
    }

    /// The document node behind an id.
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        self.documents.get(id.doc)?.node(id.node)
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
