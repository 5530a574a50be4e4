//! Sets of connections, and what filters leave of them: plain arithmetic on blocks of addresses and ranges of ports.
//!
//! In: connections to TCP port 443, each from an address and a port of the client to an address of the endpoint, and rules. Out: the
//! connections that get through. Exact: nothing is sampled, and a filter never adds a connection.

use ipnet::IpNet;

/// The port that Bedrock's endpoints answer on.
pub(super) const HTTPS: u16 = 443;

/// A range of ports, both ends in it.
pub(super) type Ports = (u16, u16);

/// Every port.
pub(super) const EVERY_PORT: Ports = (0, u16::MAX);

/// All connections from the addresses of one block and some ports of the client to the addresses of another block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    /// The client's addresses.
    pub(super) from: IpNet,
    /// The endpoint's addresses.
    pub(super) to: IpNet,
    /// The client's ports, to which answers are sent.
    pub(super) ports: Ports,
}

/// Which connections a rule speaks of; `None`: whatever the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The client's addresses.
    pub(super) from: Option<IpNet>,
    /// The endpoint's addresses.
    pub(super) to: Option<IpNet>,
    /// The client's ports.
    pub(super) ports: Ports,
}

impl Pattern {
    /// Every connection.
    pub(super) const ALL: Self = Self { from: None, to: None, ports: EVERY_PORT };
}

/// One rule: the first that speaks of a connection decides it, and what no rule speaks of is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Lets through.
    pub(super) allow: bool,
    /// What it speaks of.
    pub(super) pattern: Pattern,
}

/// What rules make of connections.
#[derive(Debug, Default)]
pub(super) struct Filtered {
    /// What gets through.
    pub(super) through: Vec<Flow>,
    /// Whether nothing was held back.
    pub(super) whole: bool,
    /// The first rule that held some back; `None` where no rule speaks of what was held back.
    pub(super) by: Option<usize>,
}

/// Sends connections through rules.
pub(super) fn filter(flows: &[Flow], rules: &[Rule]) -> Filtered {
    let (mut through, mut denied) = (Vec::new(), None);
    let mut left: Vec<Flow> = flows.to_vec();
    for (index, rule) in rules.iter().enumerate() {
        let mut rest = Vec::new();
        for flow in left {
            let Some(hit) = flow.meets(&rule.pattern) else {
                rest.push(flow);
                continue;
            };
            if rule.allow {
                through.push(hit);
            } else {
                denied = denied.or(Some(index));
            }
            flow.without(hit, &mut rest);
        }
        left = rest;
        if left.is_empty() {
            break;
        }
    }
    Filtered { through, whole: left.is_empty() && denied.is_none(), by: denied }
}

impl Flow {
    /// The connections of this flow that a pattern speaks of.
    fn meets(&self, pattern: &Pattern) -> Option<Self> {
        let ports = (self.ports.0.max(pattern.ports.0), self.ports.1.min(pattern.ports.1));
        let from = pattern.from.map_or(Some(self.from), |net| common(self.from, net))?;
        let to = pattern.to.map_or(Some(self.to), |net| common(self.to, net))?;
        (ports.0 <= ports.1).then_some(Self { from, to, ports })
    }

    /// Adds to `rest` the connections of this flow that are not in `hit`, a part of it.
    fn without(&self, hit: Self, rest: &mut Vec<Self>) {
        rest.extend(minus(self.from, hit.from).into_iter().map(|from| Self { from, ..*self }));
        rest.extend(minus(self.to, hit.to).into_iter().map(|to| Self { from: hit.from, to, ..*self }));
        let mut ports = |low: u16, high: u16| rest.push(Self { ports: (low, high), ..hit });
        if let Some(below) = hit.ports.0.checked_sub(1).filter(|below| *below >= self.ports.0) {
            ports(self.ports.0, below);
        }
        if let Some(above) = hit.ports.1.checked_add(1).filter(|above| *above <= self.ports.1) {
            ports(above, self.ports.1);
        }
    }
}

/// The addresses in both blocks: the narrower one, where the other spans it.
pub(super) fn common(a: IpNet, b: IpNet) -> Option<IpNet> {
    if a.contains(&b) {
        Some(b)
    } else if b.contains(&a) {
        Some(a)
    } else {
        None
    }
}

/// The addresses of a block without those of a block within it.
fn minus(net: IpNet, part: IpNet) -> Vec<IpNet> {
    let mut out = Vec::new();
    let mut here = net.trunc();
    let part = part.trunc();
    while here != part {
        // The half that holds the part is cut on; the other stays.
        let Ok(halves) = here.subnets(here.prefix_len() + 1) else { break };
        let (with, others): (Vec<IpNet>, Vec<IpNet>) = halves.partition(|half| half.contains(&part));
        out.extend(others);
        let Some(next) = with.first() else { break };
        here = *next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn flow() -> Flow {
        Flow { from: net("10.0.1.0/24"), to: net("10.0.2.0/24"), ports: (1024, 65535) }
    }

    fn rule(allow: bool, from: &str, ports: Ports) -> Rule {
        Rule { allow, pattern: Pattern { from: Some(net(from)), to: None, ports } }
    }

    #[test]
    fn the_first_rule_decides() {
        let deny_first = [rule(false, "10.0.0.0/8", EVERY_PORT), rule(true, "10.0.0.0/8", EVERY_PORT)];
        assert!(filter(&[flow()], &deny_first).through.is_empty());
        assert_eq!(filter(&[flow()], &deny_first).by, Some(0));
        let allow_first = [rule(true, "10.0.0.0/8", EVERY_PORT), rule(false, "10.0.0.0/8", EVERY_PORT)];
        assert!(filter(&[flow()], &allow_first).whole);
    }

    #[test]
    fn halves_make_a_whole() {
        let halves = [rule(true, "10.0.1.0/25", EVERY_PORT), rule(true, "10.0.1.128/25", EVERY_PORT)];
        assert!(filter(&[flow()], &halves).whole);
        assert!(!filter(&[flow()], &halves[..1]).whole);
        let ports = [rule(true, "10.0.1.0/24", (0, 40000)), rule(true, "0.0.0.0/0", (40001, 65535))];
        assert!(filter(&[flow()], &ports).whole);
        let gap = [rule(true, "10.0.1.0/24", (0, 40000)), rule(true, "0.0.0.0/0", (40002, 65535))];
        assert!(!filter(&[flow()], &gap).whole);
    }

    #[test]
    fn what_no_rule_speaks_of_is_held_back() {
        let found = filter(&[flow()], &[rule(true, "::/0", EVERY_PORT)]);
        assert!(found.through.is_empty() && found.by.is_none());
    }

    #[test]
    fn a_block_without_its_part() {
        assert_eq!(minus(net("10.0.0.0/30"), net("10.0.0.1/32")), [net("10.0.0.2/31"), net("10.0.0.0/32")]);
        assert_eq!(minus(net("10.0.0.0/30"), net("10.0.0.0/30")), []);
    }
}
