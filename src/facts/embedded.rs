//! Policies that stand as strings in API answers, read once as documents of their own.
//!
//! In: facts and attached answers. Out: for each such string its document, or the reason why it is none.

use std::sync::Arc;

use super::build::push_document;
use super::{Facts, NodeId, Reason, Why, kind, kinds};
use crate::doc::{Document, Node};

/// Reads every string that the kinds' tables say holds JSON.
pub(super) fn parse_all(facts: &mut Facts) {
    let mut found: Vec<NodeId> = Vec::new();
    for fact in &facts.facts {
        let Some(node) = facts.node(fact.node) else { continue };
        for path in fact.kind.json {
            kind::walk(node, path, &mut |n| add(&mut found, fact.node.doc, n));
        }
    }
    for attached in kinds::all().flat_map(|k| k.attached).filter(|a| a.json) {
        for (_, seen) in facts.calls.of(attached.service, attached.operation) {
            let Some(doc) = seen.document else { continue };
            let Some(document) = facts.documents.get(doc as usize) else { continue };
            kind::walk(document.root(), attached.path, &mut |n| add(&mut found, doc, n));
        }
    }
    found.sort_unstable();
    found.dedup();
    for id in found {
        let Some(document) = facts.documents.get(id.doc as usize).cloned() else { continue };
        let read = match Document::embedded(&document, id.node) {
            Ok(inner) => Ok(push_document(&mut facts.documents, Arc::new(inner))),
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
