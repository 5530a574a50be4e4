//! What a guard lets through, read from one scope of `alicerce.toml`.
//!
//! In: a scope. Out: a [`Plan`]: Regions, models, ways of calling them, who may change controls. Never: a plan from a scope that leaves
//! open what decides it (posture, Regions); a Region that is not declared.

use std::collections::BTreeSet;

use crate::access::guard::questions::UNSPECIFIED;
use crate::catalog::models::{self, Destinations, Model};
use crate::config::glob;
use crate::config::{Posture, Scope};

use super::GenerateError;

/// How a model is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// By its own id: it runs in the Region of the call.
    Direct,
    /// By a geographic inference profile (`us.`, `eu.`, …).
    Geographic,
    /// By a global inference profile.
    Global,
}

/// What the scope says, as the writers of policies need it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) scope: String,
    pub(super) posture: Posture,
    pub(super) partition: &'static str,
    pub(super) regions: Vec<String>,
    /// Patterns over model ids.
    pub(super) models: Vec<String>,
    /// Whether the scope declares them; else any model counts as approved.
    pub(super) models_declared: bool,
    pub(super) accounts: Vec<String>,
    /// Values of `bedrock:GuardrailIdentifier`: guardrails with a numbered version.
    pub(super) guardrails: Vec<String>,
    pub(super) require_guardrail: bool,
    pub(super) endpoints: Vec<String>,
    /// ARN patterns of those who may change controls.
    pub(super) security: Vec<String>,
    /// IAM prefixes beside `bedrock` that may be used.
    pub(super) services: Vec<String>,
    /// Bearer tokens may be used.
    pub(super) bearer_tokens: bool,
    /// Prefixes of the geographic profiles that can be called from the Regions.
    pub(super) areas: Vec<&'static str>,
}

/// The account that stands for the scope's own where it names none.
pub(super) const SOME_ACCOUNT: &str = "111122223333";

impl Plan {
    /// # Errors
    /// What the scope has to declare first.
    pub(super) fn of(scope: &Scope) -> Result<Self, GenerateError> {
        let name = scope.name.to_string();
        let Some(posture) = scope.posture else { return Err(GenerateError::NoPosture(name)) };
        let regions = strings(&scope.approved_regions);
        if regions.is_empty() {
            return Err(GenerateError::NoRegions(name));
        }
        let partitions: BTreeSet<&'static str> = regions.iter().map(|region| partition(region)).collect();
        let mut partitions = partitions.into_iter();
        let (Some(partition), None) = (partitions.next(), partitions.next()) else {
            return Err(GenerateError::Partitions(name));
        };
        let models_declared = !scope.approved_models.is_empty();
        let models = if models_declared { strings(&scope.approved_models) } else { vec!["*".to_owned()] };
        let areas: BTreeSet<&'static str> = regions.iter().flat_map(|region| areas(region)).copied().collect();
        let areas = if posture == Posture::InRegion { Vec::new() } else { areas.into_iter().collect() };
        Ok(Self {
            posture,
            partition,
            models,
            models_declared,
            accounts: strings(&scope.accounts),
            guardrails: guardrails(partition, &scope.approved_guardrails),
            require_guardrail: scope.require_guardrail,
            endpoints: strings(&scope.approved_endpoints),
            security: strings(&scope.security_principals),
            services: strings(&scope.approved_services),
            bearer_tokens: scope.declares("forbid_bearer_tokens") && !scope.forbid_bearer_tokens,
            areas,
            regions,
            scope: name,
        })
    }

    /// Whether the posture lets prompts go to any Region.
    pub(super) fn global(&self) -> bool {
        self.posture == Posture::GlobalWithTransferBasis
    }

    /// Whether the posture lets a call leave the Region that it is made in.
    pub(super) fn profiles(&self) -> bool {
        self.posture != Posture::InRegion
    }

    pub(super) fn serves(&self, prefix: &str) -> bool {
        self.services.iter().any(|service| service == prefix)
    }

    /// The values of `aws:RequestedRegion` that may be.
    pub(super) fn requested_regions(&self) -> Vec<String> {
        let leg = self.global().then(|| UNSPECIFIED.to_owned());
        self.regions.iter().cloned().chain(leg).collect()
    }

    /// A foundation model's ARN; the Region is empty for the leg that global profiles have.
    pub(super) fn model(&self, region: &str, id: &str) -> String {
        format!("arn:{}:bedrock:{region}::foundation-model/{id}", self.partition)
    }

    pub(super) fn profile(&self, region: &str, account: &str, id: &str) -> String {
        format!("arn:{}:bedrock:{region}:{account}:inference-profile/{id}", self.partition)
    }

    pub(super) fn application_profile(&self, region: &str, account: &str, id: &str) -> String {
        format!("arn:{}:bedrock:{region}:{account}:application-inference-profile/{id}", self.partition)
    }

    /// The approved models in these Regions.
    pub(super) fn models_in<'s>(&'s self, regions: impl IntoIterator<Item = &'s str>) -> Vec<String> {
        regions.into_iter().flat_map(|region| self.models.iter().map(|id| self.model(region, id))).collect()
    }

    /// The accounts whose profiles may be called: all, where the scope names none.
    pub(super) fn profile_accounts(&self) -> Vec<&str> {
        if self.accounts.is_empty() { vec!["*"] } else { self.accounts.iter().map(String::as_str).collect() }
    }

    /// An account of the scope.
    pub(super) fn account(&self) -> &str {
        self.accounts.first().map_or(SOME_ACCOUNT, String::as_str)
    }

    /// The Regions from which a geographic profile can be called.
    pub(super) fn sources<'s>(&'s self, area: &'s str) -> impl Iterator<Item = &'s str> {
        self.regions.iter().map(String::as_str).filter(move |region| areas(region).contains(&area))
    }

    /// Where the geographic profile of an example of this pattern routes to from `source`; `None` where the dated table does not say.
    pub(super) fn destinations(area: &str, pattern: &str, source: &str) -> Option<Vec<&'static str>> {
        match models::destinations(&format!("{area}.{}", example(pattern)), source)? {
            Destinations::Regions(regions) => Some(regions),
            Destinations::AnyCommercial => None,
        }
    }

    /// The approved guardrails' ARNs, in the approved Regions.
    pub(super) fn guardrail_arns(&self) -> Vec<String> {
        let anywhere = format!("arn:{}:bedrock:*:", self.partition);
        let mut out = Vec::new();
        for arn in self.guardrails.iter().map(|guardrail| unversioned(guardrail)) {
            match arn.strip_prefix(&anywhere) {
                Some(rest) => {
                    out.extend(self.regions.iter().map(|region| format!("arn:{}:bedrock:{region}:{rest}", self.partition)))
                }
                None => out.push(arn),
            }
        }
        out
    }

    pub(super) fn approves(&self, region: &str) -> bool {
        self.regions.iter().any(|own| own == region)
    }
}

/// A value of `bedrock:GuardrailIdentifier` for each approved guardrail; any, where none is declared. A guardrail's ARN alone is its
/// draft, which anyone who may edit it can change: only numbered versions count.
fn guardrails(partition: &str, declared: &[std::sync::Arc<str>]) -> Vec<String> {
    let any = [std::sync::Arc::from("*")];
    let declared = if declared.is_empty() { &any[..] } else { declared };
    let value = |text: &std::sync::Arc<str>| {
        let arn =
            if text.starts_with("arn:") { text.to_string() } else { format!("arn:{partition}:bedrock:*:*:guardrail/{text}") };
        let versioned = arn.rsplit_once("guardrail/").is_some_and(|(_, id)| id.contains(':'));
        if versioned { arn } else { format!("{arn}:*") }
    };
    declared.iter().map(value).collect()
}

/// A guardrail without its version.
fn unversioned(guardrail: &str) -> String {
    match guardrail.rsplit_once("guardrail/") {
        Some((head, id)) => format!("{head}guardrail/{}", id.split(':').next().unwrap_or(id)),
        None => guardrail.to_owned(),
    }
}

/// The models of the dated table that a pattern may mean.
pub(super) fn known(pattern: &str) -> impl Iterator<Item = &'static Model> {
    models::all().iter().filter(move |model| models::spellings(model.id).iter().any(|id| glob::matches(pattern, id)))
}

/// A model id that the pattern matches.
pub(super) fn example(pattern: &str) -> String {
    if !pattern.contains(['*', '?']) {
        return pattern.to_owned();
    }
    let haiku = "anthropic.claude-haiku-4-5-20251001-v1:0";
    if glob::matches(pattern, haiku) {
        return haiku.to_owned();
    }
    match known(pattern).find(|model| glob::matches(pattern, model.id)) {
        Some(model) => model.id.to_owned(),
        None => pattern.replace(['*', '?'], "1"),
    }
}

fn strings(values: &[std::sync::Arc<str>]) -> Vec<String> {
    values.iter().map(|value| value.to_string()).collect()
}

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The geographic profiles that can be called from a Region: Amazon Bedrock User Guide, "Geographic cross-Region inference".
/// None can be from South America, Mexico, the Middle East and Africa.
fn areas(region: &str) -> &'static [&'static str] {
    match region {
        "ap-northeast-1" | "ap-northeast-3" => &["apac", "jp"],
        "ap-southeast-2" | "ap-southeast-4" | "ap-southeast-6" => &["apac", "au"],
        _ if region.starts_with("us-gov-") => &["us-gov"],
        _ if region.starts_with("us-") || region.starts_with("ca-") => &["us"],
        _ if region.starts_with("eu-") => &["eu"],
        _ if region.starts_with("ap-") => &["apac"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guardrail_counts_only_with_a_numbered_version() {
        let value = |text: &str| guardrails("aws", &[text.into()]).join(" ");
        assert_eq!(value("abc"), "arn:aws:bedrock:*:*:guardrail/abc:*");
        assert_eq!(value("arn:aws:bedrock:sa-east-1:1:guardrail/abc:3"), "arn:aws:bedrock:sa-east-1:1:guardrail/abc:3");
        assert_eq!(guardrails("aws", &[]), ["arn:aws:bedrock:*:*:guardrail/*:*"]);
        assert_eq!(unversioned("arn:aws:bedrock:*:*:guardrail/abc:*"), "arn:aws:bedrock:*:*:guardrail/abc");
    }

    #[test]
    fn a_pattern_finds_its_models_and_an_example_of_it() {
        let names = |pattern: &str| known(pattern).map(|m| m.name).collect::<Vec<_>>();
        assert_eq!(names("anthropic.claude-haiku-4-5-*"), ["Claude Haiku 4.5"]);
        assert!(names("anthropic.*").len() > 10);
        assert!(names("amazon.nova-pro-v1:0").is_empty());
        assert_eq!(example("anthropic.claude-haiku-*"), "anthropic.claude-haiku-4-5-20251001-v1:0");
        for pattern in ["a.b-?", "*", "x*y*"] {
            assert!(glob::matches(pattern, &example(pattern)));
        }
    }
}
