//! Scopes as facts: one for each `[[scope]]` of the configuration file, so that rules may judge what is declared.
//!
//! In: the configuration. Out: facts of kind `scope` whose nodes are of the file's own text. Without a file there is
//! none: what nobody wrote cannot be underlined.

use std::sync::Arc;

use super::store::Way;
use super::{Fact, FactId, Facts, NodeId, kinds};
use crate::config::Config;
use crate::doc::Document;

impl Facts {
    /// Adds the scopes that the configuration declares.
    pub fn add_scopes(&mut self, config: &Config) {
        let (Some(name), Some(kind)) = (&config.name, kinds::get("scope")) else { return };
        let Ok(document) = Document::toml(name.clone(), config.text.clone()) else { return };
        self.by_account = Default::default();
        let document = Arc::new(document);
        let doc = self.documents.push(document.clone(), Way::Held);
        let tables = document.root().get("scope").into_iter().flat_map(|list| list.items());
        for table in tables {
            let Some(text) = table.get("name").and_then(|n| n.as_str()) else { continue };
            let key: Arc<str> = text.into();
            let id = FactId(u32::try_from(self.facts.len()).unwrap_or(u32::MAX));
            self.by_kind.entry(kind.name).or_default().push(id);
            self.by_key.entry(kind.name).or_default().entry(key.clone()).or_default().push(id);
            let fact = Fact {
                kind,
                account: None,
                region: None,
                id: key.clone(),
                name: key.clone(),
                key,
                node: NodeId { doc, node: table.index() },
                summary: false,
                call_resource: None,
            };
            self.by_id.entry(fact.id.clone()).or_insert(id);
            self.facts.push(fact);
        }
    }
}
