//! Claude models on Bedrock, and where their inference profiles route to, as far as AWS's pages say.
//!
//! In: the dated table `models.txt`. Out: the model of an id, how it is offered in a Region, the destinations
//! of a profile. What the table does not say is `None`: never a Region, never "not offered". The answer of
//! `bedrock get-inference-profile`, where collected, goes before this table.

use std::sync::OnceLock;

/// The table as it stands in the source tree.
pub(super) const TABLE: &str = include_str!("models.txt");

/// The day up to which the table was read.
pub const DATE: &str = "2026-10-31";

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// `Claude Haiku 4.5`.
    pub name: &'static str,
    /// Its id without date and version: `anthropic.claude-haiku-4-5`.
    pub id: &'static str,
    /// New customers get it.
    pub current: bool,
}

/// How a model can be called from a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Processed in the Region itself; `None` for a model past the end of life that its card gives.
    pub in_region: Option<bool>,
    /// By a geographic inference profile.
    pub geographic: bool,
    /// By the global inference profile.
    pub global: bool,
}

/// Where a profile routes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destinations {
    /// One of these Regions.
    Regions(Vec<&'static str>),
    /// Any commercial Region, now or later.
    AnyCommercial,
}

#[derive(Debug, Default)]
struct Table {
    models: Vec<Model>,
    offers: Vec<(&'static str, &'static str, Offer)>,
    profiles: Vec<(&'static str, &'static str, &'static str, &'static str)>,
}

fn table() -> &'static Table {
    static MODELS: OnceLock<Table> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut out = Table::default();
        for line in TABLE.lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            match fields.as_slice() {
                ["model", name, id, state] => out.models.push(Model { name, id, current: *state == "current" }),
                ["offer", id, region, in_region, geographic, global] => {
                    let in_region = (*in_region != "gone").then_some(*in_region == "yes");
                    let offer = Offer { in_region, geographic: *geographic == "yes", global: *global == "yes" };
                    out.offers.push((id, region, offer));
                }
                ["profile", prefix, id, source, to] => out.profiles.push((prefix, id, source, to)),
                _ => {}
            }
        }
        out
    })
}

/// All models of the table.
pub fn all() -> &'static [Model] {
    &table().models
}

/// The model of a foundation model's or system-defined inference profile's id (not of an ARN).
pub fn find(id: &str) -> Option<&'static Model> {
    let id = split_prefix(id).1;
    let ends = |rest: &str| {
        rest.is_empty()
            || rest.starts_with(':')
            || rest.starts_with("-v")
            || rest.strip_prefix("-20").is_some_and(|r| r.len() >= 6)
    };
    all().iter().find(|model| id.strip_prefix(model.id).is_some_and(ends))
}

/// Forms that a model's id may have where the table, which leaves date and version out, has this one.
pub fn spellings(id: &str) -> [String; 4] {
    [id.to_owned(), format!("{id}-20251001-v1:0"), format!("{id}-v1:0"), format!("{id}-v1")]
}

/// How a model can be called from a Region, where the table says.
pub fn offer(model: &Model, region: &str) -> Option<Offer> {
    table().offers.iter().find(|(id, at, _)| *id == model.id && *at == region).map(|(_, _, offer)| *offer)
}

/// Where a system-defined profile (`eu.anthropic…`) routes to when called from `source`. A geographic
/// profile's destinations differ from model to model; a `global.` one goes anywhere for every model.
pub fn destinations(profile_id: &str, source: &str) -> Option<Destinations> {
    let (prefix, _) = split_prefix(profile_id);
    if prefix? == "global" {
        return Some(Destinations::AnyCommercial);
    }
    let model = find(profile_id)?;
    let found = table().profiles.iter().find(|(p, id, from, _)| Some(*p) == prefix && *id == model.id && *from == source);
    found.map(|(_, _, _, to)| match *to {
        "*" => Destinations::AnyCommercial,
        regions => Destinations::Regions(regions.split(',').collect()),
    })
}

/// `us.anthropic.claude…` → (`us`, `anthropic.claude…`); an id without a profile's prefix is whole.
pub(crate) fn split_prefix(id: &str) -> (Option<&str>, &str) {
    match id.split_once('.') {
        Some((prefix, rest)) if rest.contains('.') && !prefix.contains('-') || prefix == "us-gov" => (Some(prefix), rest),
        _ => (None, id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_any_form_names_its_model() {
        for (id, name) in [
            ("anthropic.claude-haiku-4-5-20251001-v1:0", Some("Claude Haiku 4.5")),
            ("global.anthropic.claude-opus-5", Some("Claude Opus 5")),
            ("jp.anthropic.claude-opus-5-5", Some("Claude Opus 5.5")),
            ("anthropic.claude-opus-4-6-v1", Some("Claude Opus 4.6")),
            ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", Some("Claude 3 Haiku")),
            ("anthropic.claude-opus-5-9", None),
            ("amazon.nova-pro-v1:0", None),
            ("", None),
        ] {
            assert_eq!(find(id).map(|m| m.name), name, "{id}");
        }
    }

    #[test]
    fn every_line_is_read_and_nothing_current_stays_in_sao_paulo() {
        let lines = TABLE.lines().filter(|l| !l.starts_with('#')).count();
        let table = table();
        assert_eq!(table.models.len() + table.offers.len() + table.profiles.len(), lines);
        for model in all().iter().filter(|m| m.current) {
            assert_eq!(offer(model, "sa-east-1"), Some(Offer { in_region: Some(false), geographic: false, global: true }));
        }
        assert_eq!(offer(&all()[0], "us-east-1"), None);
    }

    #[test]
    fn a_profiles_destinations_depend_on_its_source() {
        let from = |source| destinations("eu.anthropic.claude-haiku-4-5-20251001-v1:0", source);
        let Some(Destinations::Regions(frankfurt)) = from("eu-central-1") else { panic!() };
        let Some(Destinations::Regions(zurich)) = from("eu-central-2") else { panic!() };
        assert!(!frankfurt.contains(&"eu-central-2") && zurich.contains(&"eu-central-2"));
        assert_eq!(from("sa-east-1"), None);
        assert_eq!(destinations("eu.anthropic.claude-opus-5", "eu-central-1"), None);
        assert_eq!(destinations("global.anthropic.claude-opus-5", "sa-east-1"), Some(Destinations::AnyCommercial));
        assert_eq!(destinations("anthropic.claude-haiku-4-5", "eu-central-1"), None);
    }
}
