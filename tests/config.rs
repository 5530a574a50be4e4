//! `alicerce.toml`: what is taken, what is refused and where it is underlined.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;

use alicerce::config::{Config, POLICY_TYPES, Place, Posture, REGULATIONS, SEVERITIES, Scope, Setting, TEMPLATE};

const WHOLE: &str = r#"
[[scope]]
name = "prod"
accounts = ["111122223333"]
ous = ["ou-ab12-prod1234", "Root/Workloads/Prod"]
tags = { data-class = ["pii", "secret*"] }
paths = ["infra/prod/**"]
approved_regions = ["sa-east-1", "us-gov-east-1"]
approved_models = ["anthropic.claude-haiku-4-5-*"]
posture = "global-with-transfer-basis"
regulations = ["lgpd", "cmn-4893"]
security_principals = ["arn:aws:iam::*:role/Security*"]
log_retention_days = { min = 90, max = 365 }
require_guardrail = true

[scope.transfer_basis]
instrument = "standard contractual clauses"
date = 2026-02-01
document = "https://example.com/scc.pdf"
countries = ["US", "DE"]

[[scope]]
name = "rest"

[rules.nat-dependency]
enabled = false
severity = "low"

[[waiver]]
rule = "unused-bedrock-role"
subject = "arn:aws:iam::111122223333:role/Old*"
reason = "kept for the migration"
owner = "maria@example.com"
ticket = "SEC-12"
expires = 2027-01-31

[[policy_type]]
path = "policies/scp/*.json"
type = "scp"
"#;

#[test]
fn a_whole_file_is_read() {
    let config = Config::parse("alicerce.toml", WHOLE).unwrap();
    let prod = &config.scopes[0];
    assert_eq!(prod.posture, Some(Posture::GlobalWithTransferBasis));
    assert!(prod.declares("approved-regions") && prod.declares("approved_models") && prod.declares("transfer-basis"));
    assert!(!prod.declares("required_tags") && !config.scopes[1].declares("posture"));
    assert_eq!(prod.unused_after_days, 90);
    assert_eq!(prod.transfer_basis.as_ref().unwrap().date.unwrap().to_string(), "2026-02-01");
    assert!(prod.approves_model("anthropic.claude-haiku-4-5-20251001-v1:0") && !prod.approves_model("amazon.nova-pro-v1:0"));
    let waiver = &config.waivers[0];
    let span = waiver.subject.span;
    assert_eq!(WHOLE.get(span.start as usize..span.end as usize), Some(&*format!("\"{}\"", waiver.subject.value)));
    assert_eq!(config.policy_type_of("policies/scp/a.json"), Some("scp"));
    assert_eq!(config.rules["nat-dependency"].severity.as_deref(), Some("low"));
}

#[test]
fn the_first_scope_that_fits_wins_and_the_default_takes_the_rest() {
    let config = Config::parse("alicerce.toml", WHOLE.replace("[[scope]]\nname = \"rest\"\n", "").as_str()).unwrap();
    let name = |place: Place<'_>| config.scope_of(&place).name.to_string();
    let ous: [Arc<str>; 2] = ["r-ab12".into(), "ou-ab12-prod1234".into()];
    let tags: [(Arc<str>, Arc<str>); 1] = [("data-class".into(), "secret-2".into())];
    assert_eq!(name(Place { account: Some("111122223333"), ..Place::default() }), "prod");
    assert_eq!(name(Place { ous: &ous, ..Place::default() }), "prod");
    assert_eq!(name(Place { ou_path: Some("Root/Workloads/Prod/Team"), ..Place::default() }), "prod");
    assert_eq!(name(Place { tags: &tags, ..Place::default() }), "prod");
    assert_eq!(name(Place { path: Some("infra/prod/a/b.json"), ..Place::default() }), "prod");
    assert_eq!(name(Place { account: Some("444455556666"), path: Some("x.json"), ..Place::default() }), "all");
    assert_eq!(config.default_scope.posture, Some(Posture::InRegion));
    assert!(config.default_scope.approves_region("sa-east-1") && config.default_scope.declares("approved-regions"));
    assert!(!config.default_scope.declares("approved-models"));
}

#[test]
fn every_field_of_a_scope_can_be_read_by_its_name() {
    let config = Config::parse("alicerce.toml", WHOLE).unwrap();
    for field in Scope::FIELDS {
        let value = config.scopes[0].field(field.name).unwrap();
        assert!(field.optional || value != Setting::Unset, "{}", field.name);
    }
    assert_eq!(config.scopes[0].field("nonsense"), None);
}

/// `(text, the source underlined, a part of the message, a part of the help)`
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("[[scop]]\nname = \"a\"", "scop", "unknown key `scop`", "did you mean `scope`"),
    ("[[scope]]\nname = \"a\"\napproved-regions = []", "approved-regions", "unknown key", "did you mean `approved_regions`"),
    ("[[scope]]\nname = 3", "3", "`name` in [[scope]] is an integer, expected a string", ""),
    ("[[scope]]\naccounts = []", "[[scope]]", "no `name`", ""),
    ("[[scope]]\nname = \"a\"\naccounts = [\"11112222333\"]", "\"11112222333\"", "not an account id", "12 digits"),
    ("[[scope]]\nname = \"a\"\naccounts = [111122223333]", "111122223333", "is an integer, expected a string", ""),
    ("[[scope]]\nname = \"a\"\napproved_regions = [\"sa-est-1\"]", "\"sa-est-1\"", "not a Region", "did you mean `sa-east-1`"),
    ("[[scope]]\nname = \"a\"\nposture = \"in_region\"", "\"in_region\"", "not a posture", "did you mean `in-region`"),
    ("[[scope]]\nname = \"a\"\nregulations = [\"lgdp\"]", "\"lgdp\"", "not a regulation", "did you mean `lgpd`"),
    ("[[scope]]\nname = \"a\"\nlog_retention_days = { min = 9, max = 1 }", "log_retention_days", "above max", ""),
    ("[[scope]]\nname = \"a\"\nunused_after_days = -1", "-1", "above 0", ""),
    ("[[scope]]\nname = \"a\"\nsecurity_principals = [\"Sec\"]", "\"Sec\"", "not an ARN", "arn:aws:iam::*:role/Sec"),
    ("[[scope]]\nname = \"a\"\n[[scope]]\nname = \"a\"", "name", "two scopes", ""),
    ("scope = 1", "1", "expected tables that open with [[scope]]", ""),
    ("[rules.x]\nseverity = \"hihg\"", "\"hihg\"", "not a value of `severity`", "did you mean `high`"),
    ("[rules.x]\nenable = true", "enable", "unknown key", "did you mean `enabled`"),
    ("[[waiver]]\nrule = \"x\"\nsubject = \"*\"", "[[waiver]]", "lacks `reason`, `owner`, `expires`", ""),
    ("[[waiver]]\nrule = \"x\"\nsubject = \"*\"\nreason = \" \"\nowner = \"a\"\nexpires = 2027-01-01", "\" \"", "is empty", ""),
    (
        "[[waiver]]\nrule = \"x\"\nsubject = \"*\"\nreason = \"r\"\nowner = \"a\"\nexpires = \"soon\"",
        "\"soon\"",
        "not a date",
        "2027-03-31",
    ),
    ("[[policy_type]]\npath = \"a\"\ntype = \"spc\"", "\"spc\"", "not a value of `type`", "did you mean `scp`"),
];

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (text, underlined, message, help) in REFUSED {
        let errors = Config::parse("alicerce.toml", *text).unwrap_err();
        let hit = errors.iter().find(|e| {
            text.get(e.span.start as usize..e.span.end as usize) == Some(*underlined)
                && e.message.contains(message)
                && e.help.as_deref().unwrap_or_default().contains(help)
        });
        let seen: Vec<_> = errors.iter().map(|e| (e, e.span, &e.help)).collect();
        assert!(hit.is_some(), "{text}\n{seen:?}");
    }
}

#[test]
fn all_errors_come_at_once_and_in_order() {
    let errors = Config::parse("alicerce.toml", "[[scope]]\nname = 1\nx = 2\n[rule]\n").unwrap_err();
    assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn what_is_not_toml_is_an_error_never_a_panic() {
    for text in
        ["[[scope", "a = ", "\u{0}", "a = \"\u{1b}[31m\"", "= 1", "a.b = 1\na = 2", &"[".repeat(20_000), &"a=[".repeat(5_000)]
    {
        let errors = Config::parse("alicerce.toml", text).unwrap_err();
        assert!(!errors.is_empty());
        let drawn = format!("{:?}", miette::Report::new(errors[0].clone()));
        assert!(!drawn.is_empty());
    }
}

#[test]
fn rule_ids_are_held_against_the_loaded_rules() {
    let config = Config::parse("alicerce.toml", WHOLE).unwrap();
    let errors = config.unknown_rules(&BTreeSet::from(["nat-dependency", "unused-bedrock-roles"]));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].help.as_deref().unwrap().contains("`unused-bedrock-roles`"));
}

#[test]
fn the_template_says_what_holds_without_a_file() {
    let config = Config::parse("alicerce.toml", TEMPLATE).unwrap();
    let (written, default) = (&config.scopes[0], &config.default_scope);
    for field in Scope::FIELDS {
        assert_eq!(written.field(field.name), default.field(field.name), "{}", field.name);
        assert_eq!(written.declares(field.name), default.declares(field.name) || field.name == "name", "{}", field.name);
    }
}

/// What the template shows behind `#` is as right as the rest of it, and nothing is left out.
#[test]
fn the_template_with_everything_switched_on_is_valid_and_complete() {
    let keys = [
        "[",
        "name",
        "accounts",
        "ous",
        "tags",
        "paths",
        "posture",
        "instrument",
        "date",
        "document",
        "countries",
        "enabled",
        "severity",
    ];
    let more = [
        "rule",
        "subject",
        "reason",
        "owner",
        "ticket",
        "expires",
        "path",
        "type",
        "approved_",
        "regulations",
        "security_",
        "trusted_",
    ];
    let last = ["log_", "unused_", "last_", "required_", "data_", "require_", "forbid_"];
    let is_code =
        |l: &str| keys.iter().chain(&more).chain(&last).any(|k| l.starts_with(k) && (l.contains(" = ") || l.starts_with('[')));
    let on: Vec<&str> = TEMPLATE.lines().map(|l| l.strip_prefix("# ").filter(|c| is_code(c)).unwrap_or(l)).collect();
    let config = Config::parse("alicerce.toml", on.join("\n")).unwrap();
    assert_eq!((config.scopes.len(), config.rules.len(), config.waivers.len(), config.policy_types.len()), (2, 2, 1, 1));
    let declared = |field: &str| config.scopes.iter().any(|s| s.declares(field));
    for field in Scope::FIELDS {
        assert!(declared(field.name), "{} is not in the template", field.name);
    }
    assert!(config.scopes[0].takes(&Place { path: Some("infra/sandbox/x"), ..Place::default() }));
}

#[test]
fn every_key_and_word_is_documented() {
    let page = include_str!("../docs/configuration.md");
    let keys = [
        "accounts", "ous", "tags", "paths", "enabled", "severity", "rule", "subject", "reason", "owner", "ticket", "expires",
        "path", "type",
    ];
    let words = keys.into_iter().chain(Scope::FIELDS.iter().map(|f| f.name)).chain(REGULATIONS.iter().map(|(n, _)| *n));
    for word in words.chain(POLICY_TYPES).chain(SEVERITIES) {
        assert!(page.contains(&format!("`{word}`")), "docs/configuration.md lacks `{word}`");
    }
}
