//! Items of AWS Config that cannot be read: cut off, or no JSON where JSON has to be.
//!
//! In: a document that holds items. Out: the strings in it that ought to be JSON, and how many items are broken. Never: a broken item
//! passed over without a word, or its text left where a report could print it.

use std::sync::Arc;

use crate::doc::{Document, Kind, Node};

/// The keys of the lists that hold items.
const LISTS: [&str; 4] = ["configurationItems", "baseConfigurationItems", "BaseConfigurationItems", "Results"];

/// The keys of an item whose value may be JSON in a string.
const PARTS: [&str; 2] = ["configuration", "supplementaryConfiguration"];

fn items(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    LISTS.into_iter().filter_map(move |key| root.get(key)).flat_map(Node::items)
}

fn part_strings(item: Node<'_>) -> impl Iterator<Item = u32> {
    // Of a deleted thing nothing is left to say.
    let says = |part: &Node<'_>| part.kind() == Kind::String && part.as_str().is_some_and(|text| !text.trim().is_empty());
    PARTS.into_iter().filter_map(move |key| item.get(key)).filter(says).map(Node::index)
}

/// The strings of a document that ought to be JSON: items, or what is said of them; the document may be an item itself.
pub(super) fn strings(document: &Document) -> Vec<u32> {
    let root = document.root();
    let of_item = |item: Node<'_>| -> Vec<u32> {
        if item.kind() == Kind::String { vec![item.index()] } else { part_strings(item).collect() }
    };
    part_strings(root).chain(items(root).flat_map(of_item)).collect()
}

/// What is to be said of a document's items that cannot be read; nothing where all can.
pub(super) fn broken(document: &Arc<Document>) -> Option<String> {
    let read =
        |document: &Arc<Document>, idx: u32| Document::embedded(document, idx).ok().filter(|d| d.root().kind() == Kind::Object);
    let whole = |item: Node<'_>| match item.kind() {
        Kind::Object => part_strings(item).all(|idx| read(document, idx).is_some()),
        Kind::String => read(document, item.index()).is_some_and(|inner| {
            let inner = Arc::new(inner);
            part_strings(inner.root()).all(|idx| read(&inner, idx).is_some())
        }),
        _ => false,
    };
    let (mut all, mut bad) = (0_usize, 0_usize);
    for item in items(document.root()) {
        all += 1;
        bad += usize::from(!whole(item));
    }
    (bad > 0).then(|| format!("{bad} of its {all} items of AWS Config are cut off or no JSON; they are not judged"))
}
