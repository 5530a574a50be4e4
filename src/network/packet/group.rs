//! Security groups: what their rules let a client send to an endpoint, and an endpoint take from a client.
//!
//! In: the groups of one side and of the other. Out: a stage. Groups are stateful: answers need no rule. The rules of all groups of
//! an interface count together. A group, list or reference that is not known may let anything through.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;

use super::super::route::Hop;
use super::flow::{EVERY_PORT, HTTPS, Pattern, Rule};
use super::lists;
use super::stage::Stage;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::World;

/// Which side of a connection a group guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The client's: its outbound rules.
    Client,
    /// The endpoint's: its inbound rules.
    Endpoint,
}

/// Whether a rule that names a group of the other side holds on the way between them.
#[derive(Debug, Clone)]
pub(super) enum References {
    /// In the same VPC, or across a peering in one Region.
    Hold,
    /// They name nothing there.
    Nothing,
    /// Not known.
    Unsure(Arc<Why>),
}

/// Identifiers of an interface's groups, or why they are not known.
pub(super) type Groups = Result<Vec<Arc<str>>, Arc<Why>>;

/// One peer of a rule.
#[derive(Debug, Clone)]
enum Peer {
    Net(IpNet),
    Group(String),
    Unsure(Arc<Why>),
}

/// What one group lets through to or from TCP port 443.
#[derive(Debug, Default)]
struct Read {
    inbound: Vec<(Peer, Option<NodeId>)>,
    outbound: Vec<(Peer, Option<NodeId>)>,
}

/// The groups of a world, each read at the first question.
#[derive(Debug)]
struct All(HashMap<FactId, OnceLock<Arc<Read>>>);

impl All {
    fn of(world: &World) -> Self {
        Self(world.facts.of_kind("security-group").iter().map(|group| (*group, OnceLock::new())).collect())
    }
}

/// What the groups of one side let through.
pub(super) fn stage(world: &World, side: Side, own: &Groups, other: &Groups, references: &References) -> Stage {
    let (way, verb) = if side == Side::Client { ("out", "lets out") } else { ("in", "lets in") };
    let own = match own {
        Ok(own) => own,
        Err(why) => {
            let mut stage = Stage::new(Hop { text: format!("security groups ({way})"), at: None }, String::new());
            stage.unread = Some(why.clone());
            return stage;
        }
    };
    let name = format!("security group{} {}", if own.len() == 1 { "" } else { "s" }, own.join(", "));
    let group = |id: &Arc<str>| world.facts.by_key("security-group", id, None, None);
    let at = own.first().and_then(group).and_then(|g| world.facts.get(g)).map(|g| g.node);
    let closed = format!("{name} {verb} no TCP {HTTPS} {} the other side", if side == Side::Client { "to" } else { "from" });
    let mut stage = Stage::new(Hop { text: format!("{name} ({way})"), at }, closed);
    for id in own {
        let Some(found) = group(id) else {
            let text = format!("security group `{id}` was not loaded");
            stage.doubts.push((Pattern::ALL, Why::new(Reason::NotLoaded, text)));
            continue;
        };
        let read = read(world, found);
        let rules = if side == Side::Client { &read.outbound } else { &read.inbound };
        for (peer, at) in rules {
            add(&mut stage, side, peer, *at, other, references);
        }
    }
    stage
}

fn add(stage: &mut Stage, side: Side, peer: &Peer, at: Option<NodeId>, other: &Groups, references: &References) {
    let all = Rule { allow: true, pattern: Pattern::ALL };
    match peer {
        Peer::Net(net) => {
            let (from, to) = if side == Side::Client { (None, Some(*net)) } else { (Some(*net), None) };
            stage.push(Rule { allow: true, pattern: Pattern { from, to, ports: EVERY_PORT } }, at, String::new());
        }
        Peer::Unsure(why) => stage.doubts.push((Pattern::ALL, why.clone())),
        Peer::Group(id) => match (references, other) {
            (References::Nothing, _) => {}
            (_, Err(why)) => stage.doubts.push((Pattern::ALL, why.clone())),
            (_, Ok(other)) if !other.iter().any(|o| **o == **id) => {}
            (References::Hold, _) => stage.push(all, at, String::new()),
            (References::Unsure(why), _) => stage.doubts.push((Pattern::ALL, why.clone())),
        },
    }
}

fn read(world: &World, group: FactId) -> Arc<Read> {
    let anew = || {
        let rules = |list| rules(world, group, list);
        Arc::new(Read { inbound: rules("IpPermissions"), outbound: rules("IpPermissionsEgress") })
    };
    match world.memo(All::of).0.get(&group) {
        Some(slot) => slot.get_or_init(anew).clone(),
        None => anew(),
    }
}

/// The peers of all rules that speak of TCP port 443.
fn rules(world: &World, group: FactId, list: &str) -> Vec<(Peer, Option<NodeId>)> {
    let facts = &world.facts;
    let listed = match facts.list_in(&Value::Fact(group), &[list]) {
        Ok(listed) => listed,
        Err(why) => return vec![(Peer::Unsure(why), None)],
    };
    let mut out = Vec::new();
    for rule in listed {
        let at = if let Value::Node(node) = &rule { Some(*node) } else { None };
        match speaks(world, &rule).and_then(|speaks| if speaks { peers(world, group, &rule) } else { Ok(Vec::new()) }) {
            Ok(peers) => out.extend(peers.into_iter().map(|peer| (peer, at))),
            Err(why) => out.push((Peer::Unsure(why), at)),
        }
    }
    out
}

/// Whether a rule is about TCP port 443. EC2 API, "IpPermission": protocol `-1` is every protocol and port.
fn speaks(world: &World, rule: &Value) -> Result<bool, Arc<Why>> {
    let text = |field: &str| world.facts.text_in(rule, &[field]);
    match text("IpProtocol")?.as_deref() {
        Some("-1") => Ok(true),
        Some("tcp" | "6") => {
            let port = |field: &str| Ok::<_, Arc<Why>>(text(field)?.and_then(|t| t.parse::<i64>().ok()));
            match (port("FromPort")?, port("ToPort")?) {
                (Some(from), Some(to)) => Ok((from..=to).contains(&i64::from(HTTPS))),
                _ => Err(Why::new(Reason::MissingField, "a rule of a security group for TCP has no ports")),
            }
        }
        _ => Ok(false),
    }
}

fn peers(world: &World, group: FactId, rule: &Value) -> Result<Vec<Peer>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for (list, field) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
        for range in facts.list_in(rule, &[list])? {
            let cidr = facts.text_in(&range, &[field])?.unwrap_or_default();
            out.push(lists::block(&cidr).map_or_else(Peer::Unsure, Peer::Net));
        }
    }
    for list in facts.list_in(rule, &["PrefixListIds"])? {
        let id = facts.text_in(&list, &["PrefixListId"])?.unwrap_or_default();
        match lists::blocks(world, &id, group) {
            Ok(nets) => out.extend(nets.into_iter().map(Peer::Net)),
            Err(why) => out.push(Peer::Unsure(why)),
        }
    }
    for pair in facts.list_in(rule, &["UserIdGroupPairs"])? {
        let id = facts.text_in(&pair, &["GroupId"])?.unwrap_or_default();
        out.push(match facts.text_in(&pair, &["PeeringStatus"])?.as_deref() {
            None | Some("active") => Peer::Group(id),
            // A stale rule: what it named is gone, or stands at the other end of a peering that is.
            Some(_) => {
                let text = format!("a rule names group `{id}` across a peering that is not active");
                Peer::Unsure(Why::new(Reason::Undecided, text))
            }
        });
    }
    Ok(out)
}
