//! Whether a model that a scope approves is offered in-Region where the scope wants it.
//!
//! In: a scope of `alicerce.toml`, what `bedrock list-foundation-models` and `get-foundation-model` answered in each Region, and the
//! dated table. Out: one element for each approved Region in which none is offered. An answer goes before the table; where both are
//! silent the element is unknown, never "not offered".

use std::collections::BTreeSet;

use crate::catalog::models::{self, Model};
use crate::config::{Scope, glob};
use crate::facts::{FactId, Facts, NodeId, Reason, Value, kinds};
use crate::world::{Derived, ObjectType, World};

/// One Region without an approved model.
pub(super) const MISSING: ObjectType = ObjectType {
    name: "region-without-model",
    fields: &[
        ("region", "string", "the approved Region"),
        ("models", "string", "the approved models that are not offered there in-Region"),
        ("evidence", "string", "what says so"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "scope",
    name: "regions_without_model",
    ty: "list<object:region-without-model>",
    doc: "One element for each approved Region in which no approved model can be called in-Region; unknown where neither an answer nor the dated table tells.",
    compute: missing,
}];

fn missing(world: &World, id: FactId) -> Value {
    let scope = world.scope_of(id);
    let place = world.facts.get(id).map(|fact| fact.node);
    let nodes: Vec<NodeId> = place
        .and_then(|at| Some((at, world.facts.node(at)?.get("approved_regions")?)))
        .map_or_else(Vec::new, |(at, list)| list.items().map(|n| NodeId { doc: at.doc, node: n.index() }).collect());
    let mut out = Vec::new();
    for (index, region) in scope.approved_regions.iter().enumerate() {
        let found = Region { facts: &world.facts, scope: &scope, name: region }.found();
        let value = match found {
            Found::Offered => continue,
            Found::Unknown(why) => Value::unknown(Reason::NotCollected, why),
            Found::Missing { models, evidence } => {
                let fields = vec![
                    ("region", Value::Str(region.clone())),
                    ("models", Value::str(models)),
                    ("evidence", Value::str(evidence)),
                ];
                Value::object(fields, nodes.get(index).copied().into_iter().collect())
            }
        };
        out.push(value);
    }
    Value::list(out)
}

enum Found {
    Offered,
    Missing { models: String, evidence: String },
    Unknown(String),
}

struct Region<'w> {
    facts: &'w Facts,
    scope: &'w Scope,
    name: &'w str,
}

impl Region<'_> {
    fn found(&self) -> Found {
        let here = self.facts.of_kind("foundation-model").iter().copied();
        let here: Vec<FactId> =
            here.filter(|id| self.facts.get(*id).is_some_and(|f| f.region.as_deref() == Some(self.name))).collect();
        let mut absent: BTreeSet<String> = BTreeSet::new();
        for id in &here {
            let Some(key) = self.facts.get(*id).map(|f| f.key.to_string()).filter(|key| self.approves(key)) else { continue };
            if self.in_region(*id) {
                return Found::Offered;
            }
            absent.insert(key);
        }
        if let Some(account) = self.listing() {
            let evidence = format!("`bedrock list-foundation-models` of account {account} in {}", self.name);
            return Found::Missing { models: words(absent, "any approved model"), evidence };
        }
        self.by_table(absent)
    }

    /// What the dated table says, where no listing was collected.
    fn by_table(&self, mut absent: BTreeSet<String>) -> Found {
        let mut silent: BTreeSet<String> = BTreeSet::new();
        let wanted = models::all().iter().filter(|m| self.wants(m));
        for model in wanted {
            match models::offer(model, self.name) {
                Some(offer) if offer.in_region == Some(true) => return Found::Offered,
                Some(_) => drop(absent.insert(model.name.to_owned())),
                None => drop(silent.insert(model.name.to_owned())),
            }
        }
        let outside = self.scope.approved_models.iter().filter(|p| !models::all().iter().any(|m| concerns(p, m)));
        silent.extend(outside.map(|p| format!("`{p}`")));
        if silent.is_empty() && !absent.is_empty() {
            let evidence = format!("the table of {}", models::DATE);
            return Found::Missing { models: words(absent, ""), evidence };
        }
        Found::Unknown(format!(
            "`bedrock list-foundation-models` was not collected in {}, and the table of {} does not say whether {} can be called there in-Region",
            self.name,
            models::DATE,
            words(silent, "an approved model")
        ))
    }

    /// The account whose listing of the Region was collected.
    fn listing(&self) -> Option<String> {
        let kind = kinds::get("foundation-model")?;
        let accounts = self.facts.of_kind("bedrock-region").iter().filter_map(|id| self.facts.get(*id));
        let mut here = accounts.filter(|f| f.region.as_deref() == Some(self.name)).filter_map(|f| f.account.as_deref());
        here.find(|account| self.facts.listed(kind, Some(account), Some(self.name)).is_ok()).map(str::to_owned)
    }

    fn approves(&self, id: &str) -> bool {
        self.scope.approved_models.iter().any(|pattern| glob::matches(pattern, id))
    }

    fn wants(&self, model: &Model) -> bool {
        self.scope.approved_models.iter().any(|pattern| concerns(pattern, model))
    }

    /// Called in the Region itself: on demand, or on provisioned throughput.
    fn in_region(&self, id: FactId) -> bool {
        let list = self.facts.list_in(&Value::Fact(id), &["inferenceTypesSupported"]).unwrap_or_default();
        let types = list.iter().filter_map(|v| self.facts.text_in(v, &[]).ok().flatten());
        types.into_iter().any(|t| matches!(t.as_str(), "ON_DEMAND" | "PROVISIONED"))
    }
}

/// Whether a pattern over model ids may mean a model of the table, whose id is without date and version.
fn concerns(pattern: &str, model: &Model) -> bool {
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    let ends = ["", "-v1", "-v1:0", "-20250101-v1:0", ":0"];
    ends.iter().any(|end| glob::matches(pattern, &format!("{}{end}", model.id)))
        || models::find(literal) == Some(model)
        || literal
            .strip_prefix(model.id)
            .is_some_and(|rest| rest == "-" || rest.strip_prefix("-2").is_some_and(|r| r.bytes().all(|b| b.is_ascii_digit())))
}

fn words(names: BTreeSet<String>, none: &str) -> String {
    const SHOWN: usize = 4;
    let total = names.len();
    let shown: Vec<String> = names.into_iter().take(SHOWN).collect();
    match total.saturating_sub(SHOWN) {
        0 if shown.is_empty() => none.to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
