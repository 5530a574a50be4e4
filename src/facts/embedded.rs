//! Policies that stand as strings in API answers, read once as documents of their own.
//!
//! In: facts and attached answers. Out: for each such string its document, or the reason why it is none.

use std::sync::Arc;

use super::store::Way;
use super::{Facts, NodeId, Reason, Why, kind, kinds};
use crate::doc::{Document, Node};

/// Documents are let go when so many bytes of them are held.
pub(super) const LOT: u64 = 32 << 20;

/// Reads every string that the kinds' tables say holds JSON.
pub(super) fn parse_all(facts: &mut Facts) {
    let mut found: Vec<NodeId> = Vec::new();
    let held = std::mem::take(&mut facts.strings);
    let mut standing: Vec<(NodeId, &'static kind::Kind)> =
        facts.facts.iter().map(|fact| (fact.node, fact.kind)).filter(|(node, _)| held.contains(node)).collect();
    standing.sort_unstable_by_key(|(node, _)| *node);
    for (at, kind) in standing {
        facts.rest_above(LOT);
        let Some(node) = facts.node(at) else { continue };
        for path in kind.json {
            kind::walk(node, path, &mut |n| add(&mut found, at.doc, n));
        }
    }
    for attached in kinds::all().flat_map(|k| k.attached).filter(|a| a.json) {
        let mut answers: Vec<u32> =
            facts.calls.of(attached.service, attached.operation).filter_map(|(_, seen)| seen.document).collect();
        answers.sort_unstable();
        for doc in answers {
            facts.rest_above(LOT);
            let Some(document) = facts.documents.get(doc) else { continue };
            kind::walk(document.root(), attached.path, &mut |n| add(&mut found, doc, n));
        }
    }
    found.sort_unstable();
    found.dedup();
    for id in found {
        facts.rest_above(LOT);
        let Some(document) = facts.documents.get(id.doc).cloned() else { continue };
        let read = match Document::embedded(&document, id.node) {
            Ok(inner) => Ok(facts.documents.push(Arc::new(inner), Way::Inside(id))),
            Err(error) => {
                let place = document.node(id.node).map(Node::pointer).unwrap_or_default();
                Err(Why::new(Reason::Failed, format!("the policy in `{}` at `{place}` is not JSON: {error}", document.name)))
            }
        };
        facts.embedded.insert(id, read);
    }
}

fn add(found: &mut Vec<NodeId>, doc: u32, node: Node<'_>) {
    if node.as_str().is_some() {
        found.push(NodeId { doc, node: node.index() });
    }
}

impl Facts {
    /// What a node stands for: itself, or for a string that holds JSON the root of that JSON.
    pub(super) fn resolved(&self, id: NodeId) -> Result<NodeId, Arc<Why>> {
        match self.embedded.get(&id) {
            None => Ok(id),
            Some(Ok(doc)) => Ok(NodeId { doc: *doc, node: 0 }),
            Some(Err(why)) => Err(why.clone()),
        }
    }
}
