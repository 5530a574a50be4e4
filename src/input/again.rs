//! Files that are read a second time: what a scan that streams keeps of a document in the document's place.
//!
//! In: a file that was read once. Out: the same document. Never: another one, where the file changed in between.

use std::path::PathBuf;
use std::sync::Arc;

use super::recognise::{self, Outcome};
use super::{Content, Item, Options};
use crate::doc::Document;

/// A file on disk that gave a document.
#[derive(Debug)]
pub struct Again {
    name: Arc<str>,
    path: PathBuf,
    parts: Vec<String>,
    sha256: String,
    options: Arc<Options>,
}

impl Again {
    /// What it takes to read the item again; `None` for what is not on disk, which would have to be kept all the same.
    pub(super) fn of(item: &Item, options: &Arc<Options>) -> Option<Self> {
        let Content::File(path) = &item.content else { return None };
        let options = options.clone();
        Some(Self { name: item.name.clone(), path: path.clone(), parts: item.parts.clone(), sha256: String::new(), options })
    }

    /// Notes the digest of what was read; without one nothing was.
    pub(super) fn seen(mut self, sha256: Option<&String>) -> Option<Arc<Self>> {
        self.sha256.clone_from(sha256?);
        Some(Arc::new(self))
    }

    /// The document, if the file is what it was.
    pub(crate) fn document(&self) -> Option<Arc<Document>> {
        let content = Content::File(self.path.clone());
        let item = Item { name: self.name.clone(), path: Some(self.path.clone()), parts: self.parts.clone(), content };
        let read = recognise::read(item, &self.options);
        match read.outcome {
            Outcome::Loaded(document, _) if read.sha256.as_ref() == Some(&self.sha256) => Some(document),
            _ => None,
        }
    }
}
