//! Accounts and Regions whose items are not to be believed: their recorder is stopped, or an aggregator has no present copy.
//!
//! In: the status of recorders, as AWS Config's API or an item says it, and that of an aggregator's sources. Out: [`Stale`]. Never:
//! an item of a stopped recorder taken for how things are.

use std::collections::{HashMap, HashSet};

use crate::doc::{Kind, Node};

/// Where a recorder does not run.
#[derive(Debug, Default)]
pub(in crate::facts) struct Stale {
    places: HashSet<(String, String)>,
    /// By place what the newest item of its recorder says: when, and whether it runs.
    recorders: HashMap<(String, String), (Option<jiff::Timestamp>, bool)>,
}

impl Stale {
    /// What `describe-configuration-recorder-status` or `describe-configuration-aggregator-sources-status` answers.
    pub(in crate::facts) fn answer(&mut self, account: Option<&str>, region: Option<&str>, root: Node<'_>) {
        let own = |row: &Node<'_>| row.get("servicePrincipal").is_none_or(Node::is_null);
        let rows = root.get("ConfigurationRecordersStatus").into_iter().flat_map(Node::items);
        if let (Some(account), Some(region)) = (account, region)
            && rows.filter(own).any(|row| row.get("recording").map(Node::kind) != Some(Kind::Bool(true)))
        {
            self.places.insert((account.to_owned(), region.to_owned()));
        }
        for row in root.get("AggregatedSourceStatusList").into_iter().flat_map(Node::items) {
            let text = |key: &str| row.get(key).and_then(Node::as_str).unwrap_or_default();
            if text("LastUpdateStatus") != "SUCCEEDED" {
                self.places.insert((text("SourceId").to_owned(), text("AwsRegion").to_owned()));
            }
        }
    }

    /// What an item of `AWS::Config::ConfigurationRecorder` says.
    pub(super) fn item(&mut self, account: &str, region: &str, captured: Option<jiff::Timestamp>, configuration: Node<'_>) {
        let is = |(key, _): &(Node<'_>, Node<'_>)| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case("recording"));
        let Some((_, recording)) = configuration.entries().find(is) else { return };
        let runs = recording.kind() != Kind::Bool(false);
        let known = self.recorders.entry((account.to_owned(), region.to_owned())).or_insert((captured, runs));
        if known.0 <= captured {
            *known = (captured, runs);
        }
    }

    /// Whether items of the place do not count; what belongs to no Region may be any recorder's.
    pub(super) fn holds(&self, account: &str, region: &str) -> bool {
        let stopped = self.recorders.iter().filter(|(_, (_, runs))| !runs).map(|(place, _)| place);
        stopped.chain(&self.places).any(|(a, r)| a == account && (r == region || region == "global"))
    }
}
