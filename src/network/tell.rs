//! Paths for a reader: by workload, each way in which its calls of Bedrock go, the name first and then hop by hop.
//!
//! In: the world. Out: what the network paths of all workloads say, with how the name resolves in words; ways that differ in nothing
//! but the subnet stand together. Never: a way that is not known left out.

use crate::facts::{Fact, FactId, Value};
use crate::world::World;

use super::{egress, resolve, workload};

/// What a way comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// To an endpoint.
    Private,
    /// Nowhere.
    Nowhere,
    /// To public addresses.
    Public,
    /// It is not known.
    Unknown,
}

/// A workload that may call Bedrock.
#[derive(Debug)]
pub struct Told {
    /// Its fact.
    pub workload: FactId,
    /// Its ways.
    pub ways: Vec<Way>,
}

/// One way, from one or more subnets.
#[derive(Debug, PartialEq, Eq)]
pub struct Way {
    /// The endpoint service called, such as `bedrock-runtime`; empty where not even that is known.
    pub service: String,
    /// What it comes to.
    pub comes: Comes,
    /// The verdict's word; `undetermined` where it is not known.
    pub verdict: String,
    /// How the name resolves there; empty outside of a VPC.
    pub name: String,
    /// The subnets it begins in.
    pub from: Vec<String>,
    /// The hops after these; for a way that is not known the reason.
    pub hops: Vec<String>,
}

/// The ways of all workloads that may call Bedrock, by account, Region and kind.
pub fn told(world: &World) -> Vec<Told> {
    let mut out: Vec<Told> = workload::all(world)
        .map(|workload| Told { workload, ways: ways(world, workload) })
        .filter(|told| !told.ways.is_empty())
        .collect();
    let place = |fact: &Fact| (fact.account.clone(), fact.region.clone(), fact.kind.name, fact.name.clone());
    out.sort_by_cached_key(|told| world.facts.get(told.workload).map(place));
    out
}

fn ways(world: &World, workload: FactId) -> Vec<Way> {
    let paths = match egress::paths(world, workload) {
        Value::Unknown(why) => vec![Value::Unknown(why)],
        paths => world.facts.items(&paths).unwrap_or_default(),
    };
    let mut out: Vec<Way> = Vec::new();
    for path in paths {
        let way = way(world, &path);
        let same = |old: &&mut Way| {
            let parts = |way: &Way| (way.service.clone(), way.verdict.clone(), way.name.clone(), way.hops.clone());
            parts(old) == parts(&way)
        };
        match out.iter_mut().find(same) {
            Some(old) => old.from.extend(way.from),
            None => out.push(way),
        }
    }
    out
}

fn way(world: &World, path: &Value) -> Way {
    let facts = &world.facts;
    if let Value::Unknown(why) = path {
        return Way {
            service: String::new(),
            comes: Comes::Unknown,
            verdict: "undetermined".to_owned(),
            name: String::new(),
            from: Vec::new(),
            hops: vec![why.text.clone()],
        };
    }
    let text = |field: &str| facts.text_in(path, &[field]);
    let service = text("service").ok().flatten().unwrap_or_default();
    let subnet = match facts.member(path, "subnet") {
        Ok(Some(Value::Fact(subnet))) => Some(subnet),
        _ => None,
    };
    let vpc = subnet.and_then(|subnet| facts.follow(subnet, "vpc").ok()?.first().copied());
    let name = vpc.map_or_else(String::new, |vpc| resolve::in_words(world, vpc, &service));
    let from: Vec<String> = subnet.and_then(|subnet| facts.get(subnet)).map(|f| f.name.to_string()).into_iter().collect();
    let hops = facts.list_in(path, &["hops"]).unwrap_or_default();
    let mut hops: Vec<String> = hops.iter().filter_map(|hop| facts.text_in(hop, &["text"]).ok().flatten()).collect();
    if subnet.is_some() && !hops.is_empty() {
        hops.remove(0);
    }
    let (comes, verdict) = match text("verdict") {
        Ok(verdict) => {
            let verdict = verdict.unwrap_or_default();
            let comes = match verdict.as_str() {
                "private-endpoint" | "central-endpoint" => Comes::Private,
                "blocked" => Comes::Nowhere,
                _ => Comes::Public,
            };
            (comes, verdict)
        }
        Err(why) => {
            hops.push(why.text.clone());
            (Comes::Unknown, "undetermined".to_owned())
        }
    };
    Way { service, comes, verdict, name, from, hops }
}
