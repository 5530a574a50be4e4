//! What the recorded basis of an international transfer leaves open.
//!
//! In: a scope of `alicerce.toml`. Out: one gap for each part of the basis that is missing, and for each country in which prompts may
//! be processed and which neither the record nor an adequacy decision covers. A Region whose country is not known is unknown.
//! Sources: LGPD arts. 33 to 36; Res. CD/ANPD 19/2024; Res. CD/ANPD 32/2026 (the European Union with the EEA is adequate, in force
//! since 2026-01-27; nobody else is); CMN 4.893/2021 arts. 15 and 16 (the countries are named beforehand).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::catalog::regions;
use crate::config::{Scope, TransferBasis};
use crate::doc::Node;
use crate::facts::{FactId, NodeId, Reason, Value};
use crate::world::{Derived, ObjectType, World};

/// What is missing.
pub(super) const GAP: ObjectType = ObjectType {
    name: "transfer-gap",
    fields: &[
        ("gap", "string", "what is missing or not covered, as a clause"),
        (
            "part",
            "string",
            "which part of the basis it is: `basis`, `instrument`, `date`, `document`, `countries`, or a country's code",
        ),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "scope",
    name: "transfer_gaps",
    ty: "list<object:transfer-gap>",
    doc: "What the scope's recorded basis of international transfer lacks, and the countries of its approved Regions that the basis does not cover; unknown for a Region that the dated table lacks, and where no regulation is declared.",
    compute: gaps,
}];

/// The countries whose level of protection the ANPD recognises: the European Union and the EEA.
const ADEQUATE: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV",
    "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The country of each regulation that speaks of processing abroad, and whether it wants the countries named.
const LAWS: [(&str, &str, bool); 7] = [
    ("lgpd", "BR", false),
    ("cmn-4893", "BR", true),
    ("bcb-85", "BR", true),
    ("cnbv", "MX", true),
    ("lfpdppp", "MX", true),
    ("sfc", "CO", true),
    ("ley-1581", "CO", true),
];

fn gaps(world: &World, id: FactId) -> Value {
    let scope = world.scope_of(id);
    let Some(place) = world.facts.get(id).map(|fact| fact.node) else { return Value::list(Vec::new()) };
    let Some(table) = world.facts.node(place) else { return Value::list(Vec::new()) };
    let finder = Finder { world, scope: &scope, doc: place.doc, table };
    let mut out = Vec::new();
    match &scope.transfer_basis {
        None => out.push(finder.gap(
            "no `transfer_basis` is recorded: neither instrument nor date, document and countries",
            "basis",
            &["posture"],
        )),
        Some(basis) => out.extend(finder.parts(basis)),
    }
    out.extend(finder.countries());
    Value::list(out)
}

/// Whether a law of the scope wants the countries abroad named beforehand; under the LGPD alone an instrument is enough.
pub(super) fn countries_are_named(scope: &Scope) -> bool {
    LAWS.iter().any(|(law, _, named)| *named && scope.regulations.iter().any(|r| &**r == *law))
}

/// Whether processing in a country is covered by the recorded basis, at home, or adequate.
pub(super) fn covers(scope: &Scope, code: &str) -> bool {
    let declared: Vec<_> = LAWS.iter().filter(|(law, ..)| scope.regulations.iter().any(|r| &**r == *law)).collect();
    let home = !declared.is_empty() && declared.iter().all(|(_, country, _)| *country == code);
    let listed = scope.transfer_basis.as_ref().is_some_and(|b| b.countries.iter().any(|c| &**c == code));
    let adequate = !declared.is_empty() && !countries_are_named(scope) && ADEQUATE.contains(&code);
    home || listed || adequate
}

struct Finder<'w> {
    world: &'w World,
    scope: &'w Scope,
    doc: u32,
    table: Node<'w>,
}

impl Finder<'_> {
    /// A gap, underlined at the first of these paths that is there.
    fn gap(&self, text: &str, part: &str, paths: &[&str]) -> Value {
        let found = paths.iter().find_map(|path| self.table.path(&path.split('.').collect::<Vec<_>>()));
        let node = found.unwrap_or(self.table);
        let fields = vec![("gap", Value::str(text)), ("part", Value::str(part))];
        Value::object(fields, vec![NodeId { doc: self.doc, node: node.index() }])
    }

    /// What is missing of the record itself.
    fn parts(&self, basis: &TransferBasis) -> Vec<Value> {
        let today = self.world.now.to_zoned(TimeZone::UTC).date();
        let mut out = Vec::new();
        let mut lacks = |part: &str, what: &str| {
            out.push(self.gap(&format!("its `transfer_basis` does not say {what}"), part, &["transfer_basis"]));
        };
        if basis.instrument.is_none() {
            lacks("instrument", "by which instrument the transfer is allowed");
        }
        if basis.date.is_none() {
            lacks("date", "when the instrument was concluded");
        }
        if basis.document.is_none() {
            lacks("document", "where the document is kept");
        }
        if basis.countries.is_empty() {
            lacks("countries", "which countries it covers");
        }
        if let Some(date) = basis.date.filter(|date| *date > today) {
            let text = format!("its `transfer_basis` is dated {date}, which has not come yet");
            out.push(self.gap(&text, "date", &["transfer_basis.date"]));
        }
        out
    }

    /// The countries of the approved Regions that nothing covers, each once.
    fn countries(&self) -> Vec<Value> {
        let declared: Vec<_> = LAWS.iter().filter(|(law, ..)| self.scope.regulations.iter().any(|r| &**r == *law)).collect();
        if declared.is_empty() {
            let text =
                format!("scope `{}` declares no regulation, so which countries are abroad for it is not known", self.scope.name);
            return vec![Value::unknown(Reason::Undecided, text)];
        }
        let named = countries_are_named(self.scope);
        let mut open: BTreeMap<&str, (&str, Vec<Arc<str>>)> = BTreeMap::new();
        let mut out = Vec::new();
        for region in &self.scope.approved_regions {
            match regions::country(region) {
                None => {
                    let text = format!("in which country the Region `{region}` stands is not in the table of {}", regions::DATE);
                    out.push(Value::unknown(Reason::Undecided, text));
                }
                Some(country) if covers(self.scope, country.code) => {}
                Some(country) => open.entry(country.code).or_insert((country.name, Vec::new())).1.push(region.clone()),
            }
        }
        out.extend(open.iter().map(|(code, (name, regions))| self.country(code, name, regions, named)));
        out
    }

    fn country(&self, code: &str, name: &str, regions: &[Arc<str>], named: bool) -> Value {
        let regions_text = regions.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(", ");
        let (verb, why) = (
            if regions.len() == 1 { "is" } else { "are" },
            match (named, ADEQUATE.contains(&code)) {
                (true, true) => " (adequate for the ANPD, and to be named all the same)",
                (false, _) => " (the ANPD has found no adequate protection there)",
                (true, false) => "",
            },
        );
        let text = format!("{regions_text} {verb} in {name} ({code}), which its `countries` do not name{why}");
        self.gap(&text, code, &["transfer_basis.countries", "approved_regions", "posture"])
    }
}
