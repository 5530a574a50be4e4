//! Reads a `[[scope]]`: selectors, postures, limits, each checked for what it names.
//!
//! In: the TOML table. Out: a `Scope`, and an error with its place for every account id, Region, country, ARN, regulation
//! or posture that cannot be one.

use std::sync::Arc;

use super::error::closest;
use super::read::{Reader, Section, Spanned};
use super::scope::{Days, Posture, REGULATIONS, SERVICES, Scope, TransferBasis};

const SELECTORS: [&str; 4] = ["accounts", "ous", "tags", "paths"];

/// Reads one `[[scope]]`.
pub(super) fn read(reader: &mut Reader, section: &Section<'_>) -> Option<Scope> {
    let known: Vec<&str> = Scope::FIELDS.iter().map(|f| f.name).chain(SELECTORS).collect();
    reader.known_keys(section, &known);
    let name = reader.string(section, "name");
    if name.is_none() && section.table.get("name").is_none() {
        reader.error(section.span, "a [[scope]] has no `name`", Some("add name = \"…\"".into()));
    }
    let mut scope = Scope::bare(name?.value);
    scope.span = Some(section.span);
    scope.declared = Scope::FIELDS.iter().filter(|f| section.table.contains_key(f.name)).map(|f| Arc::from(f.name)).collect();
    read_selectors(reader, section, &mut scope);
    read_postures(reader, section, &mut scope);
    Some(scope)
}

fn plain(values: Option<Vec<Spanned<Arc<str>>>>) -> Vec<Arc<str>> {
    values.unwrap_or_default().into_iter().map(|v| v.value).collect()
}

fn read_selectors(reader: &mut Reader, section: &Section<'_>, scope: &mut Scope) {
    scope.accounts = accounts(reader, section, "accounts");
    scope.ous = plain(reader.strings(section, "ous"));
    scope.paths = plain(reader.strings(section, "paths"));
    if let Some(tags) = reader.section(section, "tags", "`tags` of [[scope]]".into()) {
        let keys: Vec<String> = tags.table.iter().map(|(k, _)| k.to_owned()).collect();
        for key in keys {
            let is_list = tags.table.get(&key).is_some_and(|i| i.as_array().is_some());
            let values = if is_list {
                plain(reader.strings(&tags, &key))
            } else {
                reader.string(&tags, &key).map(|v| vec![v.value]).unwrap_or_default()
            };
            scope.tags.insert(Arc::from(key), values);
        }
    }
}

fn read_postures(reader: &mut Reader, section: &Section<'_>, scope: &mut Scope) {
    scope.approved_regions = regions(reader, section);
    scope.approved_models = plain(reader.strings(section, "approved_models"));
    scope.posture = posture(reader, section);
    scope.transfer_basis = reader
        .section(section, "transfer_basis", "[scope.transfer_basis]".into())
        .map(|basis| read_transfer_basis(reader, &basis));
    scope.regulations = regulations(reader, section);
    scope.security_principals = arn_globs(reader, section, "security_principals");
    scope.trusted_accounts = accounts(reader, section, "trusted_accounts");
    if let Some(limits) = reader.section(section, "log_retention_days", "`log_retention_days`".into()) {
        reader.known_keys(&limits, &["min", "max"]);
        scope.log_retention_days = Days { min: reader.count(&limits, "min"), max: reader.count(&limits, "max") };
        if let Days { min: Some(min), max: Some(max) } = scope.log_retention_days
            && min > max
        {
            reader.error(limits.span, format!("`log_retention_days` has min = {min} above max = {max}"), None);
        }
    }
    scope.unused_after_days = reader.count(section, "unused_after_days").unwrap_or(90);
    scope.last_review = reader.date(section, "last_review").map(|d| d.value);
    scope.required_tags = plain(reader.strings(section, "required_tags"));
    scope.data_classification_tag = reader.string(section, "data_classification_tag").map(|t| t.value);
    scope.approved_services = services(reader, section);
    scope.approved_endpoints = plain(reader.strings(section, "approved_endpoints"));
    scope.approved_guardrails = plain(reader.strings(section, "approved_guardrails"));
    scope.require_guardrail = reader.bool(section, "require_guardrail").unwrap_or(false);
    scope.forbid_bearer_tokens = reader.bool(section, "forbid_bearer_tokens").unwrap_or(false);
}

fn posture(reader: &mut Reader, section: &Section<'_>) -> Option<Posture> {
    let text = reader.string(section, "posture")?;
    let found = Posture::NAMES.iter().find(|(name, _)| *name == &*text.value).map(|(_, p)| *p);
    if found.is_none() {
        let help = closest(&text.value, Posture::NAMES.iter().map(|(n, _)| *n)).map_or_else(
            || "one of in-region, approved-regions, global-with-transfer-basis".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        reader.error(text.span, format!("`{}` is not a posture", text.value), Some(help));
    }
    found
}

fn read_transfer_basis(reader: &mut Reader, section: &Section<'_>) -> TransferBasis {
    reader.known_keys(section, &["instrument", "date", "document", "countries"]);
    let countries = reader.strings(section, "countries").unwrap_or_default();
    for country in &countries {
        if country.value.len() != 2 || !country.value.bytes().all(|b| b.is_ascii_uppercase()) {
            let help = Some("write the two-letter code of ISO 3166-1, such as \"BR\"".into());
            reader.error(country.span, format!("`{}` is not a country code", country.value), help);
        }
    }
    TransferBasis {
        instrument: reader.string(section, "instrument").map(|v| v.value),
        date: reader.date(section, "date").map(|v| v.value),
        document: reader.string(section, "document").map(|v| v.value),
        countries: countries.into_iter().map(|c| c.value).collect(),
    }
}

fn accounts(reader: &mut Reader, section: &Section<'_>, key: &str) -> Vec<Arc<str>> {
    let values = reader.strings(section, key).unwrap_or_default();
    for v in &values {
        if v.value.len() != 12 || !v.value.bytes().all(|b| b.is_ascii_digit()) {
            reader.error(v.span, format!("`{}` is not an account id", v.value), Some("an account id has 12 digits".into()));
        }
    }
    values.into_iter().map(|v| v.value).collect()
}

fn arn_globs(reader: &mut Reader, section: &Section<'_>, key: &str) -> Vec<Arc<str>> {
    let values = reader.strings(section, key).unwrap_or_default();
    for v in &values {
        if !v.value.starts_with("arn:") && !v.value.starts_with('*') {
            let help = Some(format!("write an ARN or a glob over ARNs, such as \"arn:aws:iam::*:role/{}\"", v.value));
            reader.error(v.span, format!("`{}` in `{key}` is not an ARN", v.value), help);
        }
    }
    values.into_iter().map(|v| v.value).collect()
}

fn regulations(reader: &mut Reader, section: &Section<'_>) -> Vec<Arc<str>> {
    let values = reader.strings(section, "regulations").unwrap_or_default();
    for v in &values {
        if !REGULATIONS.iter().any(|(name, _)| *name == &*v.value) {
            let help = closest(&v.value, REGULATIONS.iter().map(|(n, _)| *n)).map_or_else(
                || format!("known: {}", REGULATIONS.map(|(n, _)| n).join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            reader.error(v.span, format!("`{}` is not a regulation that alicerce knows", v.value), Some(help));
        }
    }
    values.into_iter().map(|v| v.value).collect()
}

fn services(reader: &mut Reader, section: &Section<'_>) -> Vec<Arc<str>> {
    let values = reader.strings(section, "approved_services").unwrap_or_default();
    for v in values.iter().filter(|v| !SERVICES.contains(&&*v.value)) {
        let help = closest(&v.value, SERVICES)
            .map_or_else(|| format!("one of {}", SERVICES.join(", ")), |near| format!("did you mean `{near}`?"));
        reader.error(v.span, format!("`{}` is not a service that can be approved", v.value), Some(help));
    }
    values.into_iter().map(|v| v.value).collect()
}

/// Regions to suggest from; a Region that is not in here is taken if its name has a Region's form.
const REGIONS: [&str; 36] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

fn looks_like_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let direction = parts.len().checked_sub(2).and_then(|i| parts.get(i)).copied().unwrap_or_default();
    let plain =
        ["", "north", "south"].iter().any(|p| direction.strip_prefix(p).is_some_and(|rest| matches!(rest, "east" | "west")))
            || matches!(direction, "north" | "south" | "central");
    (3..=4).contains(&parts.len())
        && plain
        && (2..=4).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && (1..=2).contains(&last.len())
        && last.bytes().all(|b| b.is_ascii_digit())
}

fn regions(reader: &mut Reader, section: &Section<'_>) -> Vec<Arc<str>> {
    let values = reader.strings(section, "approved_regions").unwrap_or_default();
    for v in &values {
        if !looks_like_region(&v.value) {
            let help = closest(&v.value, REGIONS).map(|near| format!("did you mean `{near}`?"));
            let help = help.or_else(|| Some("write a Region's name, such as \"sa-east-1\"".into()));
            reader.error(v.span, format!("`{}` is not a Region's name", v.value), help);
        }
    }
    values.into_iter().map(|v| v.value).collect()
}
