//! Edges between facts, forwards and backwards.
//!
//! In: a fact and an edge of its kind. Out: the fact(s) at the other end, or why they are not known. An
//! edge that points at something that is not loaded is unknown, never absent.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::kind::{self, Back, Edge, Kind};
use super::missing::Place;
use super::{Fact, FactId, Facts, Lookup, NodeId, Value, Why, kinds};

/// (kind, edge) → fact → the facts whose edge leads to it.
pub(super) type BackIndex = HashMap<(&'static str, &'static str), HashMap<FactId, Vec<FactId>>>;

impl Facts {
    /// The end of an edge. A list may hold [`Value::Unknown`] where one of several ends is not loaded.
    pub(super) fn edge(&self, id: FactId, edge: &Edge) -> Lookup {
        if let Some(compute) = edge.compute {
            return compute(self, id);
        }
        let Some(fact) = self.get(id) else { return Ok(None) };
        let ends = self.ends(id, fact, edge.path);
        if ends.is_empty() && self.lacks(id, fact, edge.path) {
            return Err(self.why_summary(fact));
        }
        let Some(kind) = kinds::get(edge.kind) else { return Ok(None) };
        let reach = |text: &str| self.reach(id, kind, text);
        if edge.many {
            let list = ends.iter().map(|t| reach(t).map_or_else(Value::Unknown, |v| v.unwrap_or(Value::Null)));
            return Ok(Some(Value::list(list.filter(|v| *v != Value::Null).collect())));
        }
        ends.first().map_or(Ok(None), |text| reach(text))
    }

    /// The identifiers at `path`, from the first of the fact's nodes that has any.
    fn ends<'a>(&'a self, id: FactId, fact: &Fact, path: &str) -> Vec<&'a str> {
        let nodes = [fact.node].into_iter().chain(self.also.get(&id).into_iter().flatten().map(|f| f.node));
        for node in nodes {
            let mut found = Vec::new();
            if let Some(node) = self.node(node) {
                kind::walk(node, path, &mut |n| found.extend(n.as_str().filter(|t| !t.is_empty())));
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// True where a summary does not have the field that an edge's path begins with.
    fn lacks(&self, id: FactId, fact: &Fact, path: &str) -> bool {
        let head = path.split(['.', '[']).next().unwrap_or(path);
        let has = |node: NodeId| self.node(node).is_some_and(|n| n.get(head).is_some());
        fact.summary && !has(fact.node) && !self.also.get(&id).is_some_and(|also| also.iter().any(|f| has(f.node)))
    }

    /// The fact of `kind` that `text` (an id, name, ARN or alias in the data of `from`) means.
    ///
    /// # Errors
    /// Why it is not loaded.
    pub fn reach(&self, from: FactId, kind: &Kind, text: &str) -> Lookup {
        if let Some(resolve) = kind.resolve {
            return resolve(self, from, text);
        }
        self.reach_plain(from, kind, text).map(|id| Some(Value::Fact(id)))
    }

    /// As [`Self::reach`], without the kind's own way of resolving.
    pub(super) fn reach_plain(&self, from: FactId, kind: &Kind, text: &str) -> Result<FactId, Arc<Why>> {
        let reference = (kind.refer)(text);
        let here = self.get(from).map_or(Place { account: None, region: None }, Place::of);
        let place = Place {
            account: reference.account.filter(|a| super::build::is_account(a)).or(here.account),
            region: reference.region.or(here.region),
        };
        let found = match kind.scope {
            kind::Scope::Global => self.by_key(kind.name, reference.key, None, None),
            kind::Scope::Account => self.by_key(kind.name, reference.key, place.account, None),
            kind::Scope::Region => self.by_key(kind.name, reference.key, place.account, place.region),
        };
        let by_id = || self.by_id(text).filter(|id| self.get(*id).is_some_and(|f| f.kind.name == kind.name));
        found.or_else(by_id).ok_or_else(|| self.why_missing(kind, reference.key, text, place))
    }

    /// The facts whose edge leads here; unknown unless all candidates are listed.
    pub(super) fn back_edge(&self, id: FactId, back: &Back) -> Lookup {
        let (Some(fact), Some(kind)) = (self.get(id), kinds::get(back.kind)) else { return Ok(None) };
        match back.listed_by {
            None => self.all_listed(fact, kind)?,
            Some((service, operation)) => {
                self.collected_for(service, operation, &fact.key, fact.account.as_deref(), fact.region.as_deref())?;
            }
        }
        Ok(Some(Value::list(self.sources_of(id, back.kind, back.edge).iter().copied().map(Value::Fact).collect())))
    }

    /// The resource of the listing that a fact stands in: its parent.
    pub(super) fn listed_under(&self, id: FactId) -> Option<Arc<str>> {
        let own = self.get(id)?.call_resource.clone();
        own.or_else(|| self.also.get(&id).into_iter().flatten().find_map(|f| f.call_resource.clone()))
    }

    /// The loaded facts of `kind` whose edge `edge` leads to `id`, whether or not all were listed. Only
    /// pairs that some kind's table names as a back edge are known.
    pub fn sources_of(&self, id: FactId, kind: &str, edge: &str) -> &[FactId] {
        let index = self.back.get_or_init(|| self.index_back(&|kind| self.of_kind(kind).to_vec()));
        let to = index.iter().find(|((k, e), _)| *k == kind && *e == edge).and_then(|(_, to)| to.get(&id));
        to.map_or(&[], Vec::as_slice)
    }

    /// Listed in the fact's Region, or for a global fact in every Region of its account that was looked at.
    ///
    /// # Errors
    /// The reason, where one of them was not.
    pub fn all_listed(&self, fact: &Fact, kind: &Kind) -> Result<(), Arc<Why>> {
        let account = fact.account.as_deref();
        if kind.is_global() || fact.region.is_some() {
            return self.listed(kind, account, fact.region.as_deref());
        }
        let mut regions = self.calls.regions(account).peekable();
        if regions.peek().is_none() {
            return self.listed(kind, account, None);
        }
        regions.try_for_each(|region| self.listed(kind, account, Some(region)))
    }

    /// Makes the index of back edges lot by lot, so that no more than one lot's documents are held.
    pub(crate) fn index_back_by(&mut self, lots: &[BTreeSet<Option<Arc<str>>>]) {
        let mut whole = BackIndex::new();
        for lot in lots {
            for (edge, ends) in self.index_back(&|kind| self.of_kind_in_lot(kind, lot)) {
                let of_edge = whole.entry(edge).or_default();
                ends.into_iter().for_each(|(end, from)| of_edge.entry(end).or_default().extend(from));
            }
            self.rest();
        }
        whole.values_mut().flat_map(HashMap::values_mut).for_each(|from| from.sort_unstable());
        let _ = self.back.set(whole);
    }

    /// Computed edges must not read back edges: the index is being made here.
    fn index_back(&self, of_kind: &dyn Fn(&str) -> Vec<FactId>) -> BackIndex {
        let mut index = BackIndex::new();
        for back in kinds::all().flat_map(|k| k.back) {
            if index.contains_key(&(back.kind, back.edge)) {
                continue;
            }
            let mut to: HashMap<FactId, Vec<FactId>> = HashMap::new();
            let edge = kinds::get(back.kind).and_then(|k| k.edges.iter().find(|e| e.name == back.edge));
            for from in of_kind(back.kind) {
                let end = edge.and_then(|edge| self.edge(from, edge).ok().flatten());
                let mut add = |value: &Value| {
                    if let Value::Fact(end) = value {
                        to.entry(*end).or_default().push(from);
                    }
                };
                match &end {
                    Some(Value::List(list)) => list.iter().for_each(&mut add),
                    Some(value) => add(value),
                    None => {}
                }
            }
            index.insert((back.kind, back.edge), to);
        }
        index
    }
}
