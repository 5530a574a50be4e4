//! Guards: what the SCPs above an account deny of Bedrock, decided request by request.
//!
//! In: the organisation's tree with its policies. Out: the SCPs in force for each account, and the holes in the guard that keeps
//! Bedrock inside the approved Regions. A policy's name says nothing; only what it denies counts, at every level.

use std::collections::HashMap;
use std::sync::Arc;

use super::principals::{Held, borrow, compile};
use crate::catalog::{actions, regions};
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::decide::{Missing, Outcome, PolicySet, outcome};
use crate::iam::policy::Policy;
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Request};
use crate::world::{Derived, ObjectType, World};

/// One hole.
pub(super) const HOLE: ObjectType = ObjectType {
    name: "guard-hole",
    fields: &[
        ("prefix", "string", "the IAM prefix whose actions pass"),
        ("region", "string", "the first Region in which they pass; `unspecified` is the value that global inference has"),
        ("regions", "int", "in how many of the Regions outside the approved ones they pass"),
        ("action", "string", "an action that passes"),
        ("witness", "string", "the request"),
        ("reason", "string", "one clause: nothing denies it, or on which condition keys the denial hangs"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "account",
        name: "region_guard_holes",
        ty: "list<object:guard-hole>",
        doc: "One element for each Bedrock-family prefix of which some action, outside the scope's approved Regions, is denied by no SCP in force for an ordinary role of the account.",
        compute: holes,
    },
    Derived {
        kind: "account",
        name: "is_management_account",
        ty: "bool",
        doc: "Whether it is its organisation's management account, which SCPs do not bind; false where no organisation was loaded.",
        compute: |world, account| Value::Bool(is_management(world, account)),
    },
];

/// The prefixes that a guard has to name.
const PREFIXES: [&str; 4] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch"];

/// The SCPs above one account.
#[derive(Debug, Clone, Default)]
pub(super) struct Above {
    /// Root first; `None` where none bind it, or none were loaded.
    pub(super) levels: Option<Vec<Vec<Arc<Held>>>>,
    /// SCPs do not bind it.
    pub(super) management: bool,
    /// Policies that are in force but not known.
    pub(super) missing: Vec<Missing>,
    /// Why it is not known which SCPs bind it.
    pub(super) unknown: Option<Arc<Why>>,
}

/// The SCPs above every account.
#[derive(Debug, Default)]
pub(super) struct Scps {
    accounts: HashMap<Arc<str>, Above>,
    none: Above,
}

impl Scps {
    /// The index of this world, made at the first call.
    pub(super) fn shared(world: &World) -> Arc<Self> {
        world.memo(Self::of)
    }

    fn of(world: &World) -> Self {
        let mut compiled = Compiled { world, policies: HashMap::new() };
        let accounts = world.facts.of_kind("account").iter().filter_map(|id| world.facts.get(*id)?.account.clone());
        let accounts = accounts.map(|account| (account.clone(), compiled.above(&account))).collect();
        Self { accounts, none: Above::default() }
    }

    pub(super) fn above(&self, account: &str) -> &Above {
        self.accounts.get(account).unwrap_or(&self.none)
    }
}

/// SCPs compiled once, however many accounts they stand above.
struct Compiled<'w> {
    world: &'w World,
    policies: HashMap<FactId, Result<Option<Arc<Held>>, Arc<Why>>>,
}

impl Compiled<'_> {
    /// `Ok(None)` for a policy that AWS would refuse.
    fn policy(&mut self, scp: FactId) -> Result<Option<Arc<Held>>, Arc<Why>> {
        let world = self.world;
        let compiled = || {
            let name = world.facts.get(scp).map(|f| f.name.clone()).unwrap_or_default();
            match world.facts.field(scp, "Content")? {
                Some(Value::Node(node)) => Ok(compile(world, node, &name, PolicyType::Scp)),
                _ => Err(Why::new(Reason::MissingField, format!("the content of SCP `{name}` is missing"))),
            }
        };
        self.policies.entry(scp).or_insert_with(compiled).clone()
    }

    fn above(&mut self, account: &str) -> Above {
        let path = match self.world.facts.path_of(account) {
            Ok(path) => path,
            Err(why) => return Above { unknown: Some(why), ..Above::default() },
        };
        if path.management {
            return Above { management: true, ..Above::default() };
        }
        if path.levels.is_empty() || path.scps_enabled == Some(false) {
            return Above::default();
        }
        let mut above = Above::default();
        let mut levels = Vec::new();
        for level in path.levels {
            let mut policies = Vec::new();
            let mut unknown = level.scps.unknown;
            for id in level.scps.known {
                match self.policy(id) {
                    Ok(policy) => policies.extend(policy),
                    Err(why) => unknown.push(why),
                }
            }
            above.missing.extend(unknown.into_iter().map(|why| Missing { kind: PolicyType::Scp, why: why.text.clone() }));
            levels.push(policies);
        }
        above.levels = Some(levels);
        above
    }
}

fn is_management(world: &World, account: FactId) -> bool {
    let number = world.facts.get(account).and_then(|f| f.account.clone()).unwrap_or_default();
    Scps::shared(world).above(&number).management
}

fn holes(world: &World, account: FactId) -> Value {
    let Some(number) = world.facts.get(account).and_then(|f| f.account.clone()) else { return Value::list(Vec::new()) };
    let scps = Scps::shared(world);
    let above = scps.above(&number);
    if let Some(why) = &above.unknown {
        return Value::Unknown(why.clone());
    }
    let Some(everything) = everything() else {
        return Value::unknown(Reason::Undecided, "the policy that grants everything could not be read");
    };
    let scope = world.scope_of(account);
    let outside: Vec<&str> =
        regions::all().iter().map(|r| r.name).filter(|r| !scope.approves_region(r)).chain([UNSPECIFIED, FUTURE]).collect();
    let asker = Asker { number: &number, above, everything: &everything };
    let at: Vec<NodeId> = above
        .levels
        .iter()
        .flatten()
        .flatten()
        .filter_map(|held| super::principals::mark_node(&held.policy, held.policy.mark))
        .collect();
    Value::list(PREFIXES.iter().filter_map(|prefix| asker.hole(prefix, &outside, &at)).collect())
}

/// The value of `aws:RequestedRegion` on the destination leg of a global profile.
const UNSPECIFIED: &str = "unspecified";

/// Stands for every Region that AWS may add: a guard that lists Regions to deny misses it.
const FUTURE: &str = "xx-future-1";

/// An identity policy that grants everything, so that only the SCPs decide.
fn everything() -> Option<Policy> {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let document = crate::doc::Document::json("everything", text).ok()?;
    Policy::parse(document.root(), PolicyType::Identity).ok()
}

struct Asker<'a> {
    number: &'a str,
    above: &'a Above,
    everything: &'a Policy,
}

impl Asker<'_> {
    /// The hole of one prefix: the first action that passes in a Region outside, and in how many Regions one does.
    fn hole(&self, prefix: &'static str, outside: &[&str], at: &[NodeId]) -> Option<Value> {
        let policies = PolicySet {
            identity: vec![self.everything],
            scp: self.above.levels.as_ref().map(|levels| borrow(levels)),
            management_account: self.above.management,
            missing: self.above.missing.clone(),
            ..PolicySet::default()
        };
        let who = Principal::parse(&format!("arn:aws:iam::{}:role/any-role", self.number)).ok()?;
        let mut first: Option<(String, &str, Outcome, String)> = None;
        let mut open = 0;
        for region in outside {
            let found = self.passing(prefix, region).find_map(|(action, resource)| {
                let mut context = Context::open();
                context.set("aws:RequestedRegion", [*region]);
                let request = Request::new(who.clone(), &action, &resource, Some(self.number), context);
                let outcome = outcome(&policies, &request);
                matches!(outcome, Outcome::Allowed | Outcome::Conditional).then_some((action, *region, outcome, resource))
            });
            if let Some(found) = found {
                open += 1;
                first.get_or_insert(found);
            }
        }
        let (action, region, outcome, resource) = first?;
        if let Some(missing) = self.above.missing.first() {
            return Some(Value::unknown(Reason::NotLoaded, missing.why.clone()));
        }
        let reason = if outcome == Outcome::Conditional {
            "a denial hangs on conditions that not every request meets"
        } else {
            "no SCP in force denies it"
        };
        let fields = vec![
            ("prefix", Value::str(prefix)),
            ("region", Value::str(region)),
            ("regions", Value::Int(open)),
            ("action", Value::str(action.clone())),
            ("witness", Value::str(format!("{action} on {resource} with aws:RequestedRegion = {region}"))),
            ("reason", Value::str(reason)),
        ];
        Some(Value::object(fields, at.to_vec()))
    }

    /// Requests of a prefix in a Region. Only model calls have the global leg.
    fn passing<'p>(&'p self, prefix: &'static str, region: &'p str) -> impl Iterator<Item = (String, String)> + 'p {
        let global = region == UNSPECIFIED;
        let known = actions::of_prefix(prefix).iter().map(move |a| (format!("{prefix}:{}", a.name), a.star_only));
        known.filter(move |(name, _)| !global || name.starts_with("bedrock:InvokeModel")).map(move |(name, star_only)| {
            let resource = if global {
                "arn:aws:bedrock:::foundation-model/anthropic.claude-example-v1:0".to_owned()
            } else if name.starts_with("bedrock:InvokeModel") {
                format!("arn:aws:bedrock:{region}::foundation-model/anthropic.claude-example-v1:0")
            } else if star_only {
                "*".to_owned()
            } else {
                format!("arn:aws:{prefix}:{region}:{}:example/example", self.number)
            };
            (name, resource)
        })
    }
}
