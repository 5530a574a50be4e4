//! A second opinion on packets: small random networks, every packet of which is sent by obvious code, and properties that hold for
//! whatever network.
//!
//! In: networks of two subnets with groups, network ACLs and routes. Out: the verdict of `it.network_paths` is the one that counting
//! packets gives. Never: an answer of the engine used to make the expectation.

#![cfg(test)]

pub mod support;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::Config;

use support::topology::{Files, drawn, judge, refused};

/// The client's subnet and the endpoint's, four addresses each.
const CLIENT: u32 = addr(10, 0, 1, 0);
const SERVER: u32 = addr(10, 1, 2, 0);
/// Ports from each stretch between the borders that the rules below have.
const PORTS: [u16; 8] = [1024, 20000, 32767, 32768, 40000, 50000, 50001, 65535];

const fn addr(a: u32, b: u32, c: u32, d: u32) -> u32 {
    (a << 24) | (b << 16) | (c << 8) | d
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block(u32, u32);

impl Block {
    fn has(self, address: u32) -> bool {
        self.1 == 0 || (address ^ self.0) >> (32 - self.1) == 0
    }

    fn text(self) -> String {
        let [a, b, c, d] = self.0.to_be_bytes();
        format!("{a}.{b}.{c}.{d}/{}", self.1)
    }
}

/// Whom a rule of a group lets through.
#[derive(Debug, Clone, Copy)]
enum Peer {
    Block(Block),
    Group(&'static str),
}

/// A rule of a group.
#[derive(Debug, Clone, Copy)]
struct Allow {
    ports: (u16, u16),
    peer: Peer,
}

impl Allow {
    fn text(self) -> String {
        let peer = match self.peer {
            Peer::Block(block) => block.text(),
            Peer::Group(group) => group.to_owned(),
        };
        format!("'tcp {}-{} {peer}'", self.ports.0, self.ports.1)
    }

    /// Whether it lets TCP 443 through to or from `address`, which has `group`.
    fn lets(self, address: u32, group: &str) -> bool {
        let peer = match self.peer {
            Peer::Block(block) => block.has(address),
            Peer::Group(name) => name == group,
        };
        (self.ports.0..=self.ports.1).contains(&443) && peer
    }
}

/// A rule of an ACL; its number is its place.
#[derive(Debug, Clone, Copy)]
struct Entry {
    out: bool,
    allow: bool,
    ports: (u16, u16),
    block: Block,
}

/// What an ACL does with a packet to `port`, as seen from the subnet: `other` is the address on the other side.
fn passes(acl: &[Entry], out: bool, other: u32, port: u16) -> bool {
    for entry in acl {
        if entry.out == out && entry.block.has(other) && (entry.ports.0..=entry.ports.1).contains(&port) {
            return entry.allow;
        }
    }
    false
}

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Over the peering, to the other VPC.
    Peering,
    /// Over a peering with somebody else.
    Elsewhere,
    /// Nowhere.
    Blackhole,
}

/// A network: a client in one VPC, an endpoint in another one.
#[derive(Debug, Clone)]
struct Net {
    out_of_client: Vec<Allow>,
    into_server: Vec<Allow>,
    client_acl: Vec<Entry>,
    server_acl: Vec<Entry>,
    there: Vec<(Block, Target)>,
    back: Vec<(Block, Target)>,
}

/// The longest prefix that has the address.
fn routed(routes: &[(Block, Target)], to: u32) -> Option<Target> {
    let mut best: Option<(u32, Target)> = None;
    for (block, target) in routes {
        if block.has(to) && best.is_none_or(|(length, _)| block.1 > length) {
            best = Some((block.1, *target));
        }
    }
    best.map(|(_, target)| target)
}

impl Net {
    /// Whether a call from an address and port to an address comes through and is answered.
    fn answers(&self, client: u32, port: u16, server: u32) -> bool {
        // The call.
        self.out_of_client.iter().any(|rule| rule.lets(server, "sg-ep"))
            && passes(&self.client_acl, true, server, 443)
            && routed(&self.there, server) == Some(Target::Peering)
            && passes(&self.server_acl, false, client, 443)
            && self.into_server.iter().any(|rule| rule.lets(client, "sg-app"))
            // The answer; groups know the connection.
            && passes(&self.server_acl, true, client, port)
            && routed(&self.back, client) == Some(Target::Peering)
            && passes(&self.client_acl, false, server, port)
    }

    /// The verdict by counting.
    fn counted(&self) -> &'static str {
        let (mut some, mut all) = (false, true);
        for client in CLIENT..CLIENT + 4 {
            for server in SERVER..SERVER + 4 {
                for port in PORTS {
                    let answered = self.answers(client, port, server);
                    some |= answered;
                    all &= answered;
                }
            }
        }
        match (some, all) {
            (_, true) => "central-endpoint",
            (false, _) => "blocked",
            (true, false) => "undetermined",
        }
    }

    /// The same network for the engine.
    fn files(&self) -> Files {
        let allows = |rules: &[Allow]| rules.iter().map(|rule| rule.text()).collect::<Vec<_>>().join(", ");
        let acl = |entries: &[Entry]| {
            let line = |(at, e): (usize, &Entry)| {
                let (way, action) = (if e.out { "out" } else { "in" }, if e.allow { "allow" } else { "deny" });
                format!("'{way} {} {action} tcp {}-{} {}'", 100 + at, e.ports.0, e.ports.1, e.block.text())
            };
            entries.iter().enumerate().map(line).collect::<Vec<_>>().join(", ")
        };
        let routes = |routes: &[(Block, Target)]| {
            let line = |(block, target): &(Block, Target)| match target {
                Target::Peering => format!("'{} pcx-1'", block.text()),
                Target::Elsewhere => format!("'{} pcx-2'", block.text()),
                Target::Blackhole => format!("'{} pcx-1 blackhole'", block.text()),
            };
            routes.iter().map(line).collect::<Vec<_>>().join(", ")
        };
        drawn(&format!(
            "here:
  blocks: ['vpc-app 10.0.0.0/16', 'vpc-hub 10.1.0.0/16']
  subnets: {{subnet-app: 'vpc-app 10.0.1.0/30', subnet-ep: 'vpc-hub 10.1.2.0/30'}}
  tables: {{vpc-app: [{}], vpc-hub: [{}]}}
  peerings: ['pcx-1 vpc-app vpc-hub', 'pcx-2 vpc-app vpc-else']
  endpoints: ['vpce-1 vpc-hub bedrock-runtime subnet-ep no-dns']
  zones: ['Z1 bedrock-runtime.sa-east-1.amazonaws.com vpc-app vpce-1-abc']
  groups: {{sg-app: {{out: [{}]}}, sg-ep: {{in: [{}]}}}}
  acls: {{subnet-app: [{}], subnet-ep: [{}]}}
",
            routes(&self.there),
            routes(&self.back),
            allows(&self.out_of_client),
            allows(&self.into_server),
            acl(&self.client_acl),
            acl(&self.server_acl),
        ))
    }

    fn verdict(&self) -> String {
        judge(&self.files()).0
    }
}

/// Blocks around a subnet of four addresses.
fn block(subnet: u32) -> impl Strategy<Value = Block> {
    select(vec![
        Block(subnet, 30),
        Block(subnet, 30),
        Block(subnet, 31),
        Block(subnet + 2, 31),
        Block(subnet + 1, 32),
        Block(subnet & 0xffff_0000, 16),
        Block(0, 0),
        Block(addr(192, 168, 0, 0), 16),
    ])
}

fn ports() -> impl Strategy<Value = (u16, u16)> {
    select(vec![
        (443, 443),
        (0, 65535),
        (0, 65535),
        (1024, 65535),
        (1024, 65535),
        (32768, 65535),
        (1024, 32767),
        (80, 80),
        (400, 50000),
    ])
}

fn allow(other: u32, group: &'static str) -> impl Strategy<Value = Allow> {
    let peer = prop_oneof![
        3 => block(other).prop_map(Peer::Block),
        1 => Just(Peer::Group(group)),
        1 => Just(Peer::Group("sg-nobody")),
    ];
    (select(vec![(443, 443), (443, 443), (0, 65535), (80, 80)]), peer).prop_map(|(ports, peer)| Allow { ports, peer })
}

fn entry(other: u32) -> impl Strategy<Value = Entry> {
    (any::<bool>(), prop::bool::weighted(0.75), ports(), block(other)).prop_map(|(out, allow, ports, block)| Entry {
        out,
        allow,
        ports,
        block,
    })
}

/// An ACL as people write it: a few rules of whatever kind, then mostly an allow each way.
fn acl(other: u32) -> impl Strategy<Value = Vec<Entry>> {
    let both = |open: bool| {
        let all = |out| Entry { out, allow: true, ports: (0, 65535), block: Block(0, 0) };
        if open { vec![all(true), all(false)] } else { Vec::new() }
    };
    (prop::collection::vec(entry(other), 0..4), prop::bool::weighted(0.7)).prop_map(move |(mut entries, open)| {
        entries.extend(both(open));
        entries
    })
}

/// Routes for whole subnets, so that none is for a part of one.
fn routes(other: u32) -> impl Strategy<Value = Vec<(Block, Target)>> {
    let block = select(vec![
        Block(other, 30),
        Block(other & 0xffff_0000, 16),
        Block(addr(10, 0, 0, 0), 7),
        Block(addr(192, 168, 0, 0), 16),
    ]);
    let target = select(vec![Target::Peering, Target::Peering, Target::Peering, Target::Elsewhere, Target::Blackhole]);
    prop::collection::vec((block, target), 1..4).prop_map(|mut routes| {
        // A table has one route for a block.
        routes.sort_by_key(|(block, _)| (block.0, block.1));
        routes.dedup_by_key(|(block, _)| *block);
        routes
    })
}

fn net() -> impl Strategy<Value = Net> {
    (
        prop::collection::vec(allow(SERVER, "sg-ep"), 1..4),
        prop::collection::vec(allow(CLIENT, "sg-app"), 1..4),
        acl(SERVER),
        acl(CLIENT),
        routes(SERVER),
        routes(CLIENT),
    )
        .prop_map(|(out_of_client, into_server, client_acl, server_acl, there, back)| Net {
            out_of_client,
            into_server,
            client_acl,
            server_acl,
            there,
            back,
        })
}

/// How far a verdict is from open.
fn closedness(verdict: &str) -> u8 {
    match verdict {
        "central-endpoint" => 0,
        "undetermined" => 1,
        "blocked" => 2,
        other => panic!("no verdict `{other}`"),
    }
}

fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(250))]

    /// Where nothing is missing the verdict is the one that counting gives.
    #[test]
    fn the_engine_agrees_with_counting(net in net()) {
        prop_assert_eq!(net.verdict(), net.counted());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_further_deny_never_opens_a_way(net in net(), mut deny in entry(CLIENT), at in any::<Index>(), of_server in any::<bool>()) {
        deny.allow = false;
        let mut denied = net.clone();
        let acl = if of_server { &mut denied.server_acl } else { &mut denied.client_acl };
        let at = at.index(acl.len() + 1);
        acl.insert(at, deny);
        prop_assert!(closedness(&denied.verdict()) >= closedness(&net.verdict()));
    }

    #[test]
    fn a_further_rule_of_a_group_never_closes_a_way(net in net(), rule in allow(CLIENT, "sg-app")) {
        let mut wider = net.clone();
        wider.into_server.push(rule);
        prop_assert!(closedness(&wider.verdict()) <= closedness(&net.verdict()));
    }

    #[test]
    fn the_order_of_a_groups_rules_is_no_matter(net in net(), shift in any::<Index>()) {
        let mut other = net.clone();
        other.into_server.reverse();
        let by = shift.index(other.out_of_client.len());
        other.out_of_client.rotate_left(by);
        prop_assert_eq!(other.verdict(), net.verdict());
    }

    /// Of routes for one block only: with several, the shorter one takes over when the longer one goes.
    #[test]
    fn a_route_that_goes_never_opens_a_way(net in net(), of_server in any::<bool>()) {
        let mut net = net;
        let routes = if of_server { &mut net.back } else { &mut net.there };
        routes.truncate(1);
        let mut without = net.clone();
        if of_server { without.back.clear() } else { without.there.clear() }
        prop_assert!(closedness(&without.verdict()) >= closedness(&net.verdict()));
    }

    #[test]
    fn what_was_not_loaded_only_makes_a_verdict_undetermined(net in net(), which in any::<Index>(), denied in any::<bool>()) {
        let mut files = net.files();
        let (before, _) = judge(&files);
        let paths: Vec<String> = files.keys().filter(|path| !path.contains("/lambda/")).cloned().collect();
        let path = &paths[which.index(paths.len())];
        if denied {
            files = refused(&files, path);
        } else {
            files.remove(path);
        }
        let (after, how) = judge(&files);
        prop_assert!(after == "undetermined" || after == before, "{before} becomes {after} without {path}: {how}");
    }

    /// The ways out to public addresses: no route that goes, and no call that is refused, opens one.
    #[test]
    fn ways_out_only_close(targets in prop::collection::vec((0_usize..5, 0_usize..6), 0..5), which in any::<Index>()) {
        const TO: [&str; 5] = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.9.0.0/16", "52.0.0.0/8"];
        const OVER: [&str; 6] = ["nat-1", "igw-1", "nat-1 blackhole", "tgw-1", "pcx-9", "nat-2"];
        let mut routes: Vec<(&str, &str)> = targets.iter().map(|(to, over)| (TO[*to], OVER[*over])).collect();
        routes.sort_unstable();
        routes.dedup_by_key(|(to, _)| *to);
        let files = |routes: &[(&str, &str)]| {
            let lines: Vec<String> = routes.iter().map(|(to, over)| format!("'{to} {over}'")).collect();
            drawn(&format!("here:\n  subnets: {{subnet-app: vpc-app}}\n  tables: {{vpc-app: [{}]}}\n  nats: ['nat-1 public', 'nat-2 private subnet-app']\n", lines.join(", ")))
        };
        let (before, _) = judge(&files(&routes));
        if !routes.is_empty() {
            let at = which.index(routes.len());
            routes.remove(at);
        }
        let (after, how) = judge(&files(&routes));
        let open = |verdict: &str| verdict == "nat" || verdict == "internet";
        prop_assert!(!open(&after) || open(&before) || before == "undetermined", "{before} becomes {after}: {how}");
    }
}
