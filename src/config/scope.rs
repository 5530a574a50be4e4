//! Scopes: which accounts, organisational units, tags and files they take, and the postures that are declared for them.
//!
//! [`Scope::FIELDS`] is the one table of what a rule may read of a scope; the rule checker and `docs/configuration.md` follow it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::glob;
use crate::doc::Span;

/// How far prompts may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posture {
    /// Inference stays in the Region where it is called.
    InRegion,
    /// Inference stays within `approved_regions`.
    ApprovedRegions,
    /// Any Region, on a recorded legal basis for the international transfer.
    GlobalWithTransferBasis,
}

impl Posture {
    pub(super) const NAMES: [(&'static str, Self); 3] = [
        ("in-region", Self::InRegion),
        ("approved-regions", Self::ApprovedRegions),
        ("global-with-transfer-basis", Self::GlobalWithTransferBasis),
    ];

    /// The word that stands in `alicerce.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InRegion => "in-region",
            Self::ApprovedRegions => "approved-regions",
            Self::GlobalWithTransferBasis => "global-with-transfer-basis",
        }
    }
}

/// The recorded legal basis of an international transfer. Parts that are not written down are `None`:
/// whether they may be missing is a rule's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferBasis {
    /// The legal instrument, such as "standard contractual clauses, Res. CD/ANPD 19/2024".
    pub instrument: Option<Arc<str>>,
    /// When it was concluded.
    pub date: Option<Date>,
    /// Where the document is kept.
    pub document: Option<Arc<str>>,
    /// ISO 3166-1 alpha-2 codes of the countries it covers.
    pub countries: Vec<Arc<str>>,
}

/// Bounds in days, both inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// At least this many.
    pub min: Option<u32>,
    /// At most this many.
    pub max: Option<u32>,
}

/// A setting as rules read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Not declared and without a default.
    Unset,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Str(Arc<str>),
    /// A list of strings.
    List(Vec<Arc<str>>),
    /// A small object.
    Object(Vec<(&'static str, Setting)>),
}

/// One field of a scope that rules may read.
#[derive(Debug)]
pub struct Field {
    /// Its name in `alicerce.toml` and in rules (`scope.approved_regions`).
    pub name: &'static str,
    /// Its type in the notation of the facts' shapes; a trailing `?` on the name of a part means that it may be missing.
    pub ty: &'static str,
    /// May be missing: a rule asks `has(scope.x)` first, or lists it under `needs`.
    pub optional: bool,
    /// One line of documentation.
    pub doc: &'static str,
    /// Reads it.
    pub get: fn(&Scope) -> Setting,
}

/// One scope.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Its name.
    pub name: Arc<str>,
    /// 12-digit account ids.
    pub accounts: Vec<Arc<str>>,
    /// Organisational units: ids (`ou-…`, `r-…`) or globs over the path of names (`Root/Workloads/*`).
    pub ous: Vec<Arc<str>>,
    /// Tags; all of them must be there with one of the values.
    pub tags: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Globs over repository files.
    pub paths: Vec<Arc<str>>,
    /// Regions where Bedrock may be used and prompts may be processed.
    pub approved_regions: Vec<Arc<str>>,
    /// Globs over model ids (`anthropic.claude-haiku-4-5-*`).
    pub approved_models: Vec<Arc<str>>,
    /// How far prompts may travel.
    pub posture: Option<Posture>,
    /// The recorded basis of an international transfer.
    pub transfer_basis: Option<TransferBasis>,
    /// Regulations in scope, by the names of [`REGULATIONS`].
    pub regulations: Vec<Arc<str>>,
    /// Globs over the ARNs of the principals that may change controls and read prompts.
    pub security_principals: Vec<Arc<str>>,
    /// Accounts outside the organisation that are trusted.
    pub trusted_accounts: Vec<Arc<str>>,
    /// Bounds for the retention of prompt logs.
    pub log_retention_days: Days,
    /// A permission that was not used for longer counts as unused.
    pub unused_after_days: u32,
    /// The day on which the last access review was closed.
    pub last_review: Option<Date>,
    /// Tags that roles and inference profiles must carry.
    pub required_tags: Vec<Arc<str>>,
    /// The tag that says what data a resource holds.
    pub data_classification_tag: Option<Arc<str>>,
    /// IAM prefixes beside `bedrock` whose services may be used in the approved Regions: of [`SERVICES`].
    pub approved_services: Vec<Arc<str>>,
    /// Globs over endpoint ids (`vpce-…`) through which Bedrock may be called.
    pub approved_endpoints: Vec<Arc<str>>,
    /// Globs over guardrail ARNs or ids that count as approved.
    pub approved_guardrails: Vec<Arc<str>>,
    /// Inference without an approved guardrail must not be possible.
    pub require_guardrail: bool,
    /// Bearer tokens (Bedrock API keys) must not be usable.
    pub forbid_bearer_tokens: bool,
    /// The names of the fields that were written down.
    pub declared: BTreeSet<Arc<str>>,
    /// Where the scope stands in the file; `None` for the default scope.
    pub span: Option<Span>,
}

/// What a scope is chosen by: whatever is known of a resource or file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// The 12-digit account.
    pub account: Option<&'a str>,
    /// The ids of the organisational units above the account, in any order, the root's included.
    pub ous: &'a [Arc<str>],
    /// The path of their names from the root, joined by `/`.
    pub ou_path: Option<&'a str>,
    /// Tags of the resource or of its account.
    pub tags: &'a [(Arc<str>, Arc<str>)],
    /// The file, for what comes from a repository.
    pub path: Option<&'a str>,
}

/// The regulations that `regulations` knows: `(name, what it is)`.
pub const REGULATIONS: [(&str, &str); 11] = [
    ("lgpd", "Brazil: Lei 13.709/2018"),
    ("cmn-4893", "Brazil: Resolução CMN 4.893/2021 (banks)"),
    ("bcb-85", "Brazil: Resolução BCB 85/2021 (payment institutions)"),
    ("cnbv", "Mexico: CNBV, Circular Única de Bancos"),
    ("lfpdppp", "Mexico: LFPDPPP (2025)"),
    ("sfc", "Colombia: SFC, Circular Externa 005/2019"),
    ("ley-1581", "Colombia: Ley 1581/2012"),
    ("iso-27001", "ISO/IEC 27001:2022"),
    ("nist-800-53", "NIST SP 800-53 r5"),
    ("soc-2", "SOC 2"),
    ("pci-dss", "PCI DSS 4.0.1"),
];

/// What `approved_services` may name: IAM prefixes of the Bedrock family, beside `bedrock` itself, whose services run in AWS's Regions.
pub const SERVICES: [&str; 3] = ["bedrock-mantle", "bedrock-agentcore", "bedrock-websearch"];

fn list(items: &[Arc<str>]) -> Setting {
    Setting::List(items.to_vec())
}

fn opt(text: Option<&Arc<str>>) -> Setting {
    text.map_or(Setting::Unset, |t| Setting::Str(t.clone()))
}

fn days(n: Option<u32>) -> Setting {
    n.map_or(Setting::Unset, |n| Setting::Int(i64::from(n)))
}

macro_rules! fields {
    ($($name:literal, $ty:literal, $optional:literal, $doc:literal, $get:expr;)*) => {
        &[$(Field { name: $name, ty: $ty, optional: $optional, doc: $doc, get: $get }),*]
    };
}

impl Scope {
    /// What rules may read of a scope, and what `[[scope]]` may declare beside its selectors.
    pub const FIELDS: &'static [Field] = fields! {
        "name", "string", false, "the scope's name", |s| Setting::Str(s.name.clone());
        "approved_regions", "list<string>", false, "Regions where Bedrock may be used and prompts may be processed", |s| list(&s.approved_regions);
        "approved_models", "list<string>", false, "globs over the model ids that may be used", |s| list(&s.approved_models);
        "posture", "string", true, "in-region, approved-regions or global-with-transfer-basis", |s| s.posture.map_or(Setting::Unset, |p| Setting::Str(p.as_str().into()));
        "transfer_basis", "object:TransferBasis", true, "the recorded legal basis of an international transfer", |s| s.transfer_basis.as_ref().map_or(Setting::Unset, transfer_basis);
        "regulations", "list<string>", false, "regulations in scope", |s| list(&s.regulations);
        "security_principals", "list<string>", false, "globs over the ARNs of principals that may change controls and read prompts", |s| list(&s.security_principals);
        "trusted_accounts", "list<string>", false, "accounts outside the organisation that are trusted", |s| list(&s.trusted_accounts);
        "log_retention_days", "object:Days", false, "bounds for the retention of prompt logs, in days", |s| Setting::Object(vec![("min", days(s.log_retention_days.min)), ("max", days(s.log_retention_days.max))]);
        "unused_after_days", "int", false, "days without use after which a permission counts as unused; 90 if not declared", |s| Setting::Int(i64::from(s.unused_after_days));
        "last_review", "timestamp", true, "the day on which the last access review was closed", |s| s.last_review.map_or(Setting::Unset, |d| Setting::Str(d.to_string().into()));
        "required_tags", "list<string>", false, "tags that roles and inference profiles must carry", |s| list(&s.required_tags);
        "data_classification_tag", "string", true, "the tag that says what data a resource holds", |s| opt(s.data_classification_tag.as_ref());
        "approved_services", "list<string>", false, "IAM prefixes beside bedrock that may be used in the approved Regions", |s| list(&s.approved_services);
        "approved_endpoints", "list<string>", false, "globs over the endpoint ids through which Bedrock may be called", |s| list(&s.approved_endpoints);
        "approved_guardrails", "list<string>", false, "globs over the guardrail ARNs or ids that count as approved", |s| list(&s.approved_guardrails);
        "require_guardrail", "bool", false, "inference without an approved guardrail must not be possible", |s| Setting::Bool(s.require_guardrail);
        "forbid_bearer_tokens", "bool", false, "bearer tokens must not be usable", |s| Setting::Bool(s.forbid_bearer_tokens);
    };

    /// The scope of everything where `alicerce.toml` says nothing: in-Region inference in São Paulo.
    pub fn default_scope() -> Self {
        let declared = ["posture", "approved_regions"].map(Arc::from);
        Self {
            posture: Some(Posture::InRegion),
            approved_regions: vec![Arc::from("sa-east-1")],
            declared: declared.into_iter().collect(),
            ..Self::bare(Arc::from("all"))
        }
    }

    pub(super) fn bare(name: Arc<str>) -> Self {
        Self {
            name,
            accounts: Vec::new(),
            ous: Vec::new(),
            tags: BTreeMap::new(),
            paths: Vec::new(),
            approved_regions: Vec::new(),
            approved_models: Vec::new(),
            posture: None,
            transfer_basis: None,
            regulations: Vec::new(),
            security_principals: Vec::new(),
            trusted_accounts: Vec::new(),
            log_retention_days: Days::default(),
            unused_after_days: 90,
            last_review: None,
            required_tags: Vec::new(),
            data_classification_tag: None,
            approved_services: Vec::new(),
            approved_endpoints: Vec::new(),
            approved_guardrails: Vec::new(),
            require_guardrail: false,
            forbid_bearer_tokens: false,
            declared: BTreeSet::new(),
            span: None,
        }
    }

    /// True where the field was written down; `-` and `_` are the same.
    pub fn declares(&self, field: &str) -> bool {
        self.declared.contains(field.replace('-', "_").as_str())
    }

    /// The value of a field of [`Scope::FIELDS`]; `None` for a name that is not in it.
    pub fn field(&self, name: &str) -> Option<Setting> {
        Self::FIELDS.iter().find(|f| f.name == name).map(|f| (f.get)(self))
    }

    /// True where a model id is approved, or nothing is declared about models.
    pub fn approves_model(&self, model: &str) -> bool {
        !self.declares("approved_models") || self.approved_models.iter().any(|p| glob::matches(p, model))
    }

    /// True where a Region is approved.
    pub fn approves_region(&self, region: &str) -> bool {
        self.approved_regions.iter().any(|r| &**r == region)
    }

    /// True where the scope takes a place: one without selectors takes everything, else any selector that fits is enough.
    pub fn takes(&self, place: &Place<'_>) -> bool {
        if self.accounts.is_empty() && self.ous.is_empty() && self.tags.is_empty() && self.paths.is_empty() {
            return true;
        }
        let account = place.account.is_some_and(|a| self.accounts.iter().any(|own| &**own == a));
        let ou = self.ous.iter().any(|own| place.ous.contains(own) || place.ou_path.is_some_and(|p| ou_matches(own, p)));
        let path = place.path.is_some_and(|p| self.paths.iter().any(|own| glob::path_matches(own, p)));
        account || ou || path || self.takes_tags(place.tags)
    }

    fn takes_tags(&self, tags: &[(Arc<str>, Arc<str>)]) -> bool {
        !self.tags.is_empty()
            && self
                .tags
                .iter()
                .all(|(key, values)| tags.iter().any(|(k, v)| k == key && values.iter().any(|pattern| glob::matches(pattern, v))))
    }
}

/// An organisational unit's pattern takes the unit and everything below it.
fn ou_matches(pattern: &str, path: &str) -> bool {
    let below = format!("{}/*", pattern.trim_end_matches('/'));
    glob::matches(pattern.trim_end_matches('/'), path) || glob::matches(&below, path)
}

fn transfer_basis(basis: &TransferBasis) -> Setting {
    Setting::Object(vec![
        ("instrument", opt(basis.instrument.as_ref())),
        ("date", basis.date.map_or(Setting::Unset, |d| Setting::Str(d.to_string().into()))),
        ("document", opt(basis.document.as_ref())),
        ("countries", list(&basis.countries)),
    ])
}
