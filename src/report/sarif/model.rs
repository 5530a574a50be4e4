//! The part of the SARIF 2.1.0 object model that alicerce writes (OASIS, errata 01), by its names there.

use std::collections::BTreeMap;

use serde::Serialize;

macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name {
            $($(#[$field_doc])* pub(super) $field: $ty,)*
        }
    };
}

object!(Log { #[serde(rename = "$schema")] schema: &'static str, version: &'static str, runs: Vec<Run>, });
object!(Run {
    tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<AutomationDetails>,
    invocations: Vec<Invocation>,
    original_uri_base_ids: BTreeMap<&'static str, BaseId>,
    artifacts: Vec<Artifact>,
    column_kind: &'static str,
    results: Vec<Outcome>,
    properties: serde_json::Value,
});
object!(AutomationDetails { id: String });
object!(BaseId { description: Text });
object!(Tool { driver: Driver });
object!(Driver {
    name: String,
    version: String,
    semantic_version: String,
    information_uri: &'static str,
    rules: Vec<Rule>,
});
object!(Text { text: String });
object!(Help { text: String, markdown: String });
object!(Rule {
    id: String,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deprecated_ids: Vec<String>,
    properties: RuleProperties,
});
object!(Configuration { enabled: bool, level: &'static str, });
object!(RuleProperties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    #[serde(rename = "problem.severity")]
    problem_severity: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    controls: BTreeMap<String, Vec<String>>,
});
object!(Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Notification>,
});
object!(Notification {
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptor: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_rule: Option<Reference>,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
});
object!(Reference { id: String });
object!(Artifact { location: ArtifactLocation, length: usize, encoding: &'static str, });
object!(ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
});
object!(
    /// SARIF's `result`.
    Outcome {
        rule_id: String,
        rule_index: i64,
        kind: &'static str,
        level: &'static str,
        message: Text,
        locations: Vec<Location>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        related_locations: Vec<Location>,
        partial_fingerprints: BTreeMap<&'static str, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        baseline_state: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        suppressions: Option<Vec<Suppression>>,
        properties: serde_json::Value,
    }
);
object!(Suppression { kind: &'static str, status: &'static str, justification: String, properties: serde_json::Value, });
object!(Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
});
object!(PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
});
object!(LogicalLocation {
    name: String,
    fully_qualified_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
});
object!(Region {
    start_line: u32,
    start_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Text>,
});
