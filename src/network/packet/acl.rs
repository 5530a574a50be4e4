//! Network ACLs: what the rules at a subnet's border let through. They keep no state: answers need rules of their own, for the ports
//! that clients call from.
//!
//! In: a subnet and which packets pass its border. Out: a stage. An ACL that was not loaded is an unknown filter.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;

use super::super::route::Hop;
use super::flow::{EVERY_PORT, HTTPS, Pattern, Ports, Rule};
use super::lists;
use super::stage::Stage;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// Which packets of a connection pass the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crossing {
    /// They leave the subnet.
    pub(super) out: bool,
    /// The address that a rule's block is held against is the client's.
    pub(super) by_client: bool,
    /// They are the endpoint's answers.
    pub(super) answer: bool,
}

/// One entry of an ACL.
#[derive(Debug)]
struct Entry {
    number: i64,
    allow: bool,
    out: bool,
    net: IpNet,
    ports: Ports,
    at: Option<NodeId>,
}

/// An ACL with its TCP entries in order.
#[derive(Debug)]
struct Acl {
    id: Arc<str>,
    at: NodeId,
    entries: Vec<Entry>,
}

type Slot = OnceLock<Result<Arc<Acl>, Arc<Why>>>;

/// The ACLs of all subnets, each read at the first question.
#[derive(Debug)]
struct All(HashMap<FactId, Slot>);

impl All {
    fn of(world: &World) -> Self {
        Self(world.facts.of_kind("subnet").iter().map(|subnet| (*subnet, OnceLock::new())).collect())
    }
}

/// What the ACL of a subnet lets through at this crossing.
pub(super) fn stage(world: &World, subnet: FactId, crossing: Crossing) -> Stage {
    let way = if crossing.out { "out" } else { "in" };
    let anew = || read(world, subnet);
    let acl = match world.memo(All::of).0.get(&subnet) {
        Some(slot) => slot.get_or_init(anew).clone(),
        None => anew(),
    };
    let acl = match acl {
        Ok(acl) => acl,
        Err(why) => {
            let name = world.facts.get(subnet).map_or_else(String::new, |f| f.name.to_string());
            let mut stage = Stage::new(Hop { text: format!("network ACL of {name} ({way})"), at: None }, String::new());
            stage.unread = Some(why);
            return stage;
        }
    };
    let what = if crossing.answer { "no answers".to_owned() } else { format!("no TCP {HTTPS}") };
    let closed = format!("network ACL {} lets {way} {what}", acl.id);
    let mut stage = Stage::new(Hop { text: format!("network ACL {} ({way})", acl.id), at: Some(acl.at) }, closed);
    for entry in acl.entries.iter().filter(|entry| entry.out == crossing.out) {
        let ports = if crossing.answer {
            entry.ports
        } else if (entry.ports.0..=entry.ports.1).contains(&HTTPS) {
            EVERY_PORT
        } else {
            continue;
        };
        let (from, to) = if crossing.by_client { (Some(entry.net), None) } else { (None, Some(entry.net)) };
        let name = if entry.number == 32767 { "rule *".to_owned() } else { format!("rule {}", entry.number) };
        stage.push(Rule { allow: entry.allow, pattern: Pattern { from, to, ports } }, entry.at, name);
    }
    stage
}

fn read(world: &World, subnet: FactId) -> Result<Arc<Acl>, Arc<Why>> {
    let facts = &world.facts;
    let found = match facts.sources_of(subnet, "network-acl", "subnets").first() {
        Some(found) => *found,
        None => match facts.follow(subnet, "network_acls")?.first() {
            Some(found) => *found,
            None => {
                let name = facts.get(subnet).map_or_else(String::new, |f| f.name.to_string());
                return Err(Why::new(Reason::NotLoaded, format!("no network ACL of subnet `{name}` was loaded")));
            }
        },
    };
    let mut entries = Vec::new();
    for entry in facts.list_in(&Value::Fact(found), &["Entries"])? {
        entries.extend(self::entry(world, &entry)?);
    }
    entries.sort_by_key(|entry| entry.number);
    let fact = facts.get(found).ok_or_else(|| Why::new(Reason::NotLoaded, "a network ACL is gone"))?;
    Ok(Arc::new(Acl { id: fact.key.clone(), at: fact.node, entries }))
}

/// An entry that speaks of TCP; `None` for another protocol.
fn entry(world: &World, entry: &Value) -> Result<Option<Entry>, Arc<Why>> {
    let facts = &world.facts;
    let need = |path: &[&str]| {
        let missing = || Why::new(Reason::MissingField, format!("an entry of a network ACL has no `{}`", path.join(".")));
        facts.text_in(entry, path)?.ok_or_else(missing)
    };
    let number = |path: &[&str]| {
        let text = need(path)?;
        text.parse::<i64>().map_err(|_| Why::new(Reason::Failed, format!("`{text}` of a network ACL is not a number")))
    };
    let protocol = need(&["Protocol"])?;
    if !["-1", "6", "tcp"].contains(&protocol.as_str()) {
        return Ok(None);
    }
    let port = |end: &str| Ok::<_, Arc<Why>>(u16::try_from(number(&["PortRange", end])?).unwrap_or(u16::MAX));
    let ports =
        if protocol == "-1" || facts.at(entry, &["PortRange"])?.is_none() { EVERY_PORT } else { (port("From")?, port("To")?) };
    let net = match facts.text_in(entry, &["CidrBlock"])? {
        Some(cidr) => cidr,
        None => need(&["Ipv6CidrBlock"])?,
    };
    Ok(Some(Entry {
        number: number(&["RuleNumber"])?,
        allow: need(&["RuleAction"])? == "allow",
        out: need(&["Egress"])? == "true",
        net: lists::block(&net)?,
        ports,
        at: if let Value::Node(node) = entry { Some(*node) } else { None },
    }))
}
