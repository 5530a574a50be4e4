//! The documents behind the facts: held, or let go and read again where somebody asks for one.
//!
//! In: documents, and how to come by each again. Out: documents by number. Never: another document than the first reading gave; where
//! a file changed in between there is none, and that is noted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::{NodeId, credential_report};
use crate::doc::Document;
use crate::input::Again;

/// How a document is come by again.
#[derive(Debug)]
pub(super) enum Way {
    /// It is never let go.
    Held,
    /// A file.
    File(Arc<Again>),
    /// JSON in a string of another document.
    Inside(NodeId),
    /// The rows of a credential report.
    Rows(u32),
}

#[derive(Debug)]
struct Slot {
    name: Arc<str>,
    bytes: usize,
    way: Way,
    whole: OnceLock<Option<Arc<Document>>>,
}

/// All documents.
#[derive(Debug, Default)]
pub(super) struct Store {
    slots: Vec<Slot>,
    /// Documents may be let go.
    pub(super) streams: bool,
    lost: AtomicBool,
    held: AtomicU64,
    most: AtomicU64,
}

impl Store {
    /// Takes a document in and gives its number. One that stands in another is let go with it.
    pub(super) fn push(&mut self, document: Arc<Document>, way: Way) -> u32 {
        let at = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let way = match way {
            Way::File(again) => Way::File(again),
            Way::Inside(NodeId { doc, .. }) | Way::Rows(doc) if self.may_go(doc) => way,
            _ => Way::Held,
        };
        self.count(&document);
        let (name, bytes) = (document.name.clone(), document.text.len());
        self.slots.push(Slot { name, bytes, way, whole: OnceLock::from(Some(document)) });
        at
    }

    fn may_go(&self, doc: u32) -> bool {
        self.slots.get(doc as usize).is_some_and(|slot| !matches!(slot.way, Way::Held))
    }

    fn count(&self, document: &Document) {
        let bytes = document.text.len() as u64;
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(held, Ordering::Relaxed);
    }

    /// The document of this number.
    pub(super) fn get(&self, doc: u32) -> Option<&Arc<Document>> {
        let slot = self.slots.get(doc as usize)?;
        slot.whole.get_or_init(|| self.again(&slot.way)).as_ref()
    }

    /// Its name, for which it need not be read.
    pub(super) fn name(&self, doc: u32) -> Option<&Arc<str>> {
        self.slots.get(doc as usize).map(|slot| &slot.name)
    }

    /// How long its text is, likewise.
    pub(super) fn bytes(&self, doc: u32) -> u64 {
        self.slots.get(doc as usize).map_or(0, |slot| slot.bytes as u64)
    }

    /// The files that documents can be read from again, by their names.
    pub(super) fn files(&self) -> HashMap<Arc<str>, Arc<Again>> {
        let file = |slot: &Slot| if let Way::File(again) = &slot.way { Some((slot.name.clone(), again.clone())) } else { None };
        self.slots.iter().filter_map(file).collect()
    }

    fn again(&self, way: &Way) -> Option<Arc<Document>> {
        let read = match way {
            Way::Held => None,
            Way::File(again) => again.document(),
            Way::Inside(id) => self.get(id.doc).and_then(|outer| Document::embedded(outer, id.node).ok()).map(Arc::new),
            Way::Rows(doc) => self.get(*doc).and_then(credential_report::rows),
        };
        match &read {
            Some(document) => self.count(document),
            None => self.lost.store(true, Ordering::Relaxed),
        }
        read
    }

    /// Lets go of every document that can be read again.
    pub(super) fn rest(&mut self) {
        if !self.streams {
            return;
        }
        for slot in self.slots.iter_mut().filter(|slot| !matches!(slot.way, Way::Held)) {
            if let Some(document) = slot.whole.take().flatten() {
                *self.held.get_mut() -= document.text.len() as u64;
            }
        }
    }

    /// True where a document could not be read again.
    pub(super) fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The bytes of text that are held.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// The most bytes of text that were held at once.
    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}
