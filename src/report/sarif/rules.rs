//! The rules table.

use super::model::{Configuration, Help, Rule, RuleProperties, Text};
use crate::finding::Severity;
use crate::report::RuleInfo;

/// Tags of one rule that GitHub code scanning keeps.
const MOST_TAGS: usize = 10;

/// SARIF's level for a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's score: 9.0 and above is critical, 7.0 high, 4.0 medium, above 0 low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

/// `endpoint-private-dns-disabled` as `EndpointPrivateDnsDisabled`.
fn pascal(id: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect::<String>()
    };
    id.split(|c: char| !c.is_alphanumeric()).map(word).collect()
}

fn sentence(text: &str) -> Text {
    let text = text.trim();
    let mut chars = text.chars();
    let mut out: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    Text { text: out }
}

/// `security`, the family, then the controls, as many as are kept.
fn tags(rule: &RuleInfo) -> Vec<String> {
    let controls = rule.controls.iter().flat_map(|(framework, ids)| ids.iter().map(move |id| format!("{framework}/{id}")));
    ["security".to_owned(), rule.family.clone()].into_iter().chain(controls).take(MOST_TAGS).collect()
}

/// A rule as SARIF's `reportingDescriptor`.
pub(super) fn rule(rule: &RuleInfo) -> Rule {
    let why = if rule.why.trim().is_empty() { &rule.title } else { &rule.why };
    Rule {
        id: rule.id.clone(),
        name: pascal(&rule.id),
        short_description: sentence(&rule.title),
        full_description: sentence(why),
        help: Help { text: format!("{}\n\n{}", why.trim(), rule.fix.trim()), markdown: rule.help.clone() },
        help_uri: rule.help_uri.clone(),
        default_configuration: Configuration { enabled: rule.enabled, level: level(rule.severity) },
        deprecated_ids: rule.aliases.clone(),
        properties: RuleProperties {
            tags: tags(rule),
            precision: "high",
            security_severity: score(rule.severity),
            problem_severity: match level(rule.severity) {
                "error" => "error",
                "warning" => "warning",
                _ => "recommendation",
            },
            controls: rule.controls.clone(),
        },
    }
}
