//! Reading along paths: what derived facts use instead of walking lookups by hand.
//!
//! Each answer keeps the three cases apart: there, known to be absent, not known with its reason.

use std::sync::Arc;

use super::{FactId, Facts, Lookup, NodeId, Reason, Value, Why};

impl Facts {
    /// The answer of a call about `resource` (empty for none) in an account and Region.
    ///
    /// # Errors
    /// The reason, where it was not collected.
    pub fn answer(
        &self,
        service: &str,
        operation: &str,
        resource: &str,
        account: Option<&str>,
        region: Option<&str>,
    ) -> Result<NodeId, Arc<Why>> {
        self.collected_for(service, operation, resource, account, region)?;
        let seen = self.calls.find(service, operation, resource, account, region);
        let document = seen.and_then(|seen| seen.document).and_then(|doc| Some((doc, self.document(doc)?)));
        let missing =
            || Why::new(Reason::NotLoaded, format!("the answer of `{service} {operation}` for `{resource}` was not loaded"));
        document.map(|(doc, document)| NodeId { doc, node: document.root().index() }).ok_or_else(missing)
    }

    /// Follows `path` from `value`; stops at the first absent or unknown step.
    pub fn at(&self, value: &Value, path: &[&str]) -> Lookup {
        let mut here = value.clone();
        for step in path {
            match self.member(&here, step)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        match here {
            Value::Unknown(why) => Err(why),
            known => Ok(Some(known)),
        }
    }

    /// The text at `path` below a fact.
    ///
    /// # Errors
    /// The reason, where the data was not collected.
    pub fn text_at(&self, fact: FactId, path: &[&str]) -> Result<Option<String>, Arc<Why>> {
        Ok(self.at(&Value::Fact(fact), path)?.and_then(|v| self.text(&v).map(|t| t.to_string())))
    }

    /// The text at `path` below any value.
    ///
    /// # Errors
    /// The reason, where the data was not collected.
    pub fn text_in(&self, value: &Value, path: &[&str]) -> Result<Option<String>, Arc<Why>> {
        Ok(self.at(value, path)?.and_then(|v| self.text(&v).map(|t| t.to_string())))
    }

    /// The truth value at `path` below a fact.
    ///
    /// # Errors
    /// The reason, where the data was not collected.
    pub fn bool_at(&self, fact: FactId, path: &[&str]) -> Result<Option<bool>, Arc<Why>> {
        Ok(self.at(&Value::Fact(fact), path)?.and_then(|v| match v {
            Value::Bool(b) => Some(b),
            Value::Node(node) => self.node(node).and_then(crate::doc::Node::as_bool),
            _ => None,
        }))
    }

    /// The elements of the list at `path` below a value; an absent list is empty. An element that is
    /// unknown stays an element.
    ///
    /// # Errors
    /// The reason, where the list itself was not collected.
    pub fn list_in(&self, value: &Value, path: &[&str]) -> Result<Vec<Value>, Arc<Why>> {
        match self.at(value, path)? {
            Some(list) => self.items(&list),
            None => Ok(Vec::new()),
        }
    }

    /// The facts that the edge `name` of `fact` leads to; an absent edge leads nowhere.
    ///
    /// # Errors
    /// The reason, where the edge, or one of its ends, is not known.
    pub fn follow(&self, fact: FactId, name: &str) -> Result<Vec<FactId>, Arc<Why>> {
        let one = |value: Value| match value {
            Value::Fact(id) => Ok(Some(id)),
            Value::Unknown(why) => Err(why),
            _ => Ok(None),
        };
        match self.at(&Value::Fact(fact), &[name])? {
            None => Ok(Vec::new()),
            Some(list @ Value::List(_)) => self.items(&list)?.into_iter().filter_map(|v| one(v).transpose()).collect(),
            Some(value) => Ok(one(value)?.into_iter().collect()),
        }
    }
}
