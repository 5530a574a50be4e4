//! Guards: what the SCPs above an account deny of Bedrock, decided request by request.
//!
//! In: the organisation's tree with its policies. Out: the SCPs in force for each account, and the holes in the guard that keeps
//! Bedrock inside the approved Regions. A policy's name says nothing; only what it denies counts, at every level.

use std::collections::HashMap;
use std::sync::Arc;

use super::ask::{self, Answer, Ask};
use super::principals::{Held, borrow, compile, mark_node};
use crate::catalog::{actions, regions};
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::decide::{Missing, PolicySet};
use crate::iam::policy::{Effect, Policy};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One hole.
pub(super) const HOLE: ObjectType = ObjectType {
    name: "guard-hole",
    fields: &[
        ("prefix", "string", "the IAM prefix whose actions pass"),
        ("region", "string", "the first Region in which they pass; `unspecified` is the value that global inference has"),
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
    let scope = world.scope_of(account);
    let approved: Vec<&str> = scope.approved_regions.iter().map(|r| &**r).collect();
    let Some((everything, approved)) = question(&approved) else {
        return Value::unknown(Reason::Undecided, "the approved Regions could not be made a question about policies");
    };
    let outside: Vec<&str> =
        regions::all().iter().map(|r| r.name).filter(|r| !scope.approves_region(r)).chain([UNSPECIFIED, FUTURE]).collect();
    let asker = Asker { number: &number, above, everything: &everything, approved };
    Value::list(PREFIXES.iter().filter_map(|prefix| asker.hole(prefix, &outside)).collect())
}

/// The value of `aws:RequestedRegion` on the destination leg of a global profile.
const UNSPECIFIED: &str = "unspecified";

/// Stands for every Region that AWS may add: a guard that lists Regions to deny misses it.
const FUTURE: &str = "xx-future-1";

/// An identity policy that grants everything, so that only the SCPs decide; and the condition that a Region is approved.
fn question(approved: &[&str]) -> Option<(Policy, Condition)> {
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": approved}}},
    ]});
    let document = crate::doc::Document::json("everything", text.to_string()).ok()?;
    let mut policy = Policy::parse(document.root(), PolicyType::Identity).ok()?;
    let condition = policy.statements.pop()?.conditions.pop()?;
    Some((policy, condition))
}

struct Asker<'a> {
    number: &'a str,
    above: &'a Above,
    everything: &'a Policy,
    approved: Condition,
}

impl Asker<'_> {
    /// The hole of one prefix: the first action that passes somewhere outside.
    fn hole(&self, prefix: &'static str, outside: &[&str]) -> Option<Value> {
        let policies = PolicySet {
            identity: vec![self.everything],
            scp: self.above.levels.as_ref().map(|levels| borrow(levels)),
            management_account: self.above.management,
            missing: self.above.missing.clone(),
            ..PolicySet::default()
        };
        let who = Principal::parse(&format!("arn:aws:iam::{}:role/any-role", self.number)).ok()?;
        let mut doubt = None;
        let mut known: Vec<_> = actions::of_prefix(prefix).iter().map(|a| format!("{prefix}:{}", a.name)).collect();
        // The first that passes stands in the message: one that moves prompts says most.
        known.sort_by_key(|name| !(name.contains(":Invoke") || name.ends_with(":CreateInference")));
        for action in known {
            // Most guards close an action everywhere: asked once for all Regions, then one by one.
            let mut anywhere =
                Ask::of(Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() }, Context::open());
            anywhere.conditions = vec![(self.approved.clone(), false)];
            if matches!(ask::answer(&policies, who.clone(), &action, anywhere), Answer::No) {
                continue;
            }
            for region in outside {
                let Some(asked) = self.in_region(&action, region) else { continue };
                match ask::answer(&policies, who.clone(), &action, asked) {
                    Answer::Yes(witness) => return Some(hole(prefix, region, &action, &witness, self.denials(&action))),
                    Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                    Answer::No => {}
                }
            }
        }
        doubt.map(Value::Unknown)
    }

    /// The Deny statements above the account that speak of the action and yet let it pass.
    fn denials(&self, action: &str) -> Vec<NodeId> {
        let context = Context::open();
        let held = self.above.levels.iter().flatten().flatten();
        let statements = held.flat_map(|held| held.policy.statements.iter().map(move |s| (held, s)));
        let speaking = statements.filter(|(_, s)| s.effect == Effect::Deny && s.action.covers(action, &context) != Truth::False);
        let mut out: Vec<NodeId> = speaking.filter_map(|(held, s)| mark_node(&held.policy, s.action.mark)).collect();
        out.dedup();
        out
    }

    /// The action in one Region; only model calls have the leg whose Region is `unspecified`.
    fn in_region(&self, action: &str, region: &str) -> Option<Ask> {
        let global = region == UNSPECIFIED;
        if global && !action.starts_with("bedrock:InvokeModel") {
            return None;
        }
        let (within, examples) = super::endpoint::resources("aws", self.number, action, if global { "" } else { region });
        let mut context = Context::open();
        context.set("aws:RequestedRegion", [region]);
        Some(Ask::of(Resources::Matching { within, outside: Vec::new(), examples }, context))
    }
}

fn hole(prefix: &'static str, region: &str, action: &str, witness: &ask::Witness, at: Vec<NodeId>) -> Value {
    let chosen: Vec<&str> =
        witness.context.iter().map(|(key, _)| key.as_str()).filter(|key| *key != "aws:RequestedRegion").collect();
    let reason = if chosen.is_empty() {
        "no SCP in force denies it".to_owned()
    } else {
        format!("no SCP in force denies it to every request: it hangs on {}", chosen.join(", "))
    };
    let fields = vec![
        ("prefix", Value::str(prefix)),
        ("region", Value::str(region)),
        ("action", Value::str(action)),
        ("witness", Value::str(witness.line())),
        ("reason", Value::str(reason)),
    ];
    Value::object(fields, at)
}
