//! Scopes of `alicerce.toml`: what an organisation declares is judged as what it runs is.
//!
//! In: nothing; the facts themselves are made by `Facts::add_scopes`. Out: the kind, whose fields are the file's own,
//! so that a rule underlines the line that is wrong. Values with their defaults are those of the variable `scope`.

use super::super::kind::{Kind, Scope};

pub(super) static KINDS: &[Kind] = &[Kind { fields: FIELDS, ..Kind::new("scope", "scope", Scope::Global, "") }];

/// What `[[scope]]` may hold, as it stands in the file.
const FIELDS: &[(&str, &str, &str)] = &[
    ("accounts?", "list<string>", "accounts that the scope takes, as written"),
    ("ous?", "list<string>", "organizational units that it takes, as written"),
    ("tags?", "any", "tags of resources that it takes, as written"),
    ("paths?", "list<string>", "files that it takes, as written"),
    ("approved_regions?", "list<string>", "the approved Regions, as written"),
    ("approved_models?", "list<string>", "the approved models, as written"),
    ("approved_services?", "list<string>", "the approved services beside Bedrock's own, as written"),
    ("posture?", "string", "the posture, as written"),
    ("transfer_basis?", "object:TransferBasis", "the legal basis of an international transfer, as written"),
    ("regulations?", "list<string>", "the regulations, as written"),
    ("security_principals?", "list<string>", "who may change controls, as written"),
    ("trusted_accounts?", "list<string>", "trusted accounts, as written"),
    ("log_retention_days?", "object:Days", "the bounds of log retention, as written"),
    ("unused_after_days?", "int", "when a permission counts as unused, as written"),
    ("last_review?", "timestamp", "the day of the last access review, as written"),
    ("required_tags?", "list<string>", "the required tags, as written"),
    ("data_classification_tag?", "string", "the data classification tag, as written"),
    ("approved_endpoints?", "list<string>", "the approved endpoints, as written"),
    ("approved_guardrails?", "list<string>", "the approved guardrails, as written"),
    ("require_guardrail?", "bool", "whether a guardrail is required, as written"),
    ("forbid_bearer_tokens?", "bool", "whether bearer tokens are forbidden, as written"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn every_field_of_a_scope_can_be_underlined() {
        let here: Vec<&str> = FIELDS.iter().map(|(name, _, _)| name.trim_end_matches('?')).collect();
        for field in config::Scope::FIELDS.iter().filter(|f| f.name != "name") {
            assert!(here.contains(&field.name), "{}", field.name);
        }
    }
}
