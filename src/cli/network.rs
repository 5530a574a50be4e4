//! `alicerce network`: by which way each workload's calls reach Bedrock, and why that way is private or is not.
//!
//! In: account exports and answers of the AWS CLI. Out: by account and Region the workloads, each with how the name resolves and the
//! hops after it, for people or as JSON. Never: a way that is not known counted as private.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Report as Failure};
use serde_json::{Value, json};

use crate::facts::Fact;
use crate::network::tell::{Comes, Told, Way, told};
use crate::report::visible;
use crate::world::World;

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

/// Show by which way each workload's calls reach Bedrock.
#[derive(Debug, Args)]
pub(super) struct NetworkArgs {
    /// Account exports, answers of the AWS CLI, folders of these. No path: the bundled example
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only this account; may be given several times
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl NetworkArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let (world, incomplete) = super::access::world(&self.paths)?;
        let mut all = told(&world);
        all.retain(|told| {
            self.account.is_empty()
                || fact(&world, told).is_some_and(|f| self.account.iter().any(|a| f.account.as_deref() == Some(a)))
        });
        let text = match self.format {
            Format::Human => human(&world, &all),
            Format::Json => serde_json::to_string_pretty(&as_json(&world, &all)).into_diagnostic()? + "\n",
        };
        super::print(&text)?;
        Ok(if incomplete { 3 } else { 0 })
    }
}

fn fact<'w>(world: &'w World, told: &Told) -> Option<&'w Fact> {
    world.facts.get(told.workload)
}

fn words(comes: Comes) -> &'static str {
    match comes {
        Comes::Private => "private",
        Comes::Nowhere => "leads nowhere",
        Comes::Public => "not private",
        Comes::Unknown => "not known",
    }
}

/// `4 private, 3 not private`
fn counts<'t>(ways: impl Iterator<Item = &'t Way> + Clone) -> String {
    let count = |comes| ways.clone().filter(|way| way.comes == comes).count();
    let all = [Comes::Private, Comes::Nowhere, Comes::Public, Comes::Unknown].map(|comes| (count(comes), words(comes)));
    let some: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn human(world: &World, all: &[Told]) -> String {
    let mut out = String::new();
    let place = |told: &Told| fact(world, told).map(|f| (f.account.clone(), f.region.clone()));
    for here in all.chunk_by(|a, b| place(a) == place(b)) {
        let Some((account, region)) = here.first().and_then(place) else { continue };
        let (account, region) = (account.unwrap_or_default(), region.unwrap_or_default());
        let ways = here.iter().flat_map(|told| &told.ways);
        let _ = writeln!(out, "{account}, {region}: ways to Bedrock: {}\n", counts(ways));
        for told in here {
            let Some(fact) = fact(world, told) else { continue };
            let _ = writeln!(out, "  {} {}", fact.kind.title, visible(&fact.name));
            told.ways.iter().for_each(|way| one(&mut out, way));
            out.push('\n');
        }
    }
    let _ = writeln!(out, "all ways to Bedrock: {}", counts(all.iter().flat_map(|told| &told.ways)));
    out
}

fn one(out: &mut String, way: &Way) {
    let mut line = |label: &str, text: &str| {
        let indent = if label.is_empty() { "    " } else { "      " };
        let gap = if label.is_empty() { 0 } else { 7 };
        let _ = writeln!(out, "{indent}{label:<gap$}{}", visible(text));
    };
    let service = if way.service.is_empty() { "Bedrock" } else { &way.service };
    let verdict = if way.verdict == "undetermined" { String::new() } else { format!(" ({})", way.verdict) };
    line("", &format!("{service}: {}{verdict}", words(way.comes)));
    if !way.name.is_empty() {
        line("name", &way.name);
    }
    if !way.from.is_empty() {
        line("from", &way.from.iter().map(|subnet| format!("subnet {subnet}")).collect::<Vec<_>>().join(", "));
    }
    for hop in &way.hops {
        line(if way.comes == Comes::Unknown { "reason" } else { "then" }, hop);
    }
}

fn as_json(world: &World, all: &[Told]) -> Value {
    let ways = |told: &Told| -> Vec<Value> {
        let way = |way: &Way| {
            json!({"service": way.service, "comes_to": words(way.comes), "verdict": way.verdict, "name": way.name, "from": way.from,
                "hops": way.hops})
        };
        told.ways.iter().map(way).collect()
    };
    let workload = |told: &Told| {
        let fact = fact(world, told)?;
        Some(
            json!({"kind": fact.kind.name, "id": &*fact.id, "name": &*fact.name, "account": fact.account.as_deref(), "region": fact.region.as_deref(),
            "ways": ways(told)}),
        )
    };
    json!({"alicerce_network": 1, "workloads": all.iter().filter_map(workload).collect::<Vec<_>>()})
}
