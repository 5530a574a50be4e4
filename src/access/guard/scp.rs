//! One SCP as a guard: what it means to close, and what slips past it.
//!
//! In: an SCP of an organisation, or one in a file. Out: whether it is a guard of Regions or of global profiles, and its flaws, each
//! with a request that slips past. Both are decided by what it denies: alone beside `FullAWSAccess`, and, where it is attached, with
//! everything else above the accounts below it: what another SCP closes there is no flaw.

mod exempt;
mod global;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::questions::{self, FUTURE, GuardQuestion, INVOKE, PREFIXES, Topic, UNSPECIFIED, Verdict};
use super::{Scps, ordinary};
use crate::access::ask::Witness;
use crate::access::principals::{Held, compile, mark_node};
use crate::catalog::{actions, regions};
use crate::config::Scope;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::decide::PolicySet;
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One flaw.
pub(in crate::access) const FLAW: ObjectType = ObjectType {
    name: "scp-flaw",
    fields: &[
        ("flaw", "string", "`unspecified`, `prefix`, `exemption` or `bypass`"),
        ("what", "string", "what slips past, as a clause"),
        ("part", "string", "the exempting pattern or tag, or the way past, which tells flaws apart"),
        (
            "account",
            "string",
            "an account below where it slips past; empty for a policy in a file or one that is attached nowhere",
        ),
        ("witness", "string", "the request"),
    ],
};

const REGION: &str = "Whether the policy closes some Bedrock action in one Region and leaves it open in another.";
const REGION_FLAWS: &str = "What a guard of Regions lets through: the leg of global profiles, a Bedrock prefix, principals beyond those that it names and the scope's security principals.";
const GLOBAL: &str =
    "Whether the policy closes calls of a system-defined global profile and leaves the same model in the same Region open.";
const GLOBAL_FLAWS: &str =
    "Ways to global inference that a guard against global profiles lets through, such as an application profile.";

const fn flag(kind: &'static str, name: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind, name, ty: "bool", doc, compute }
}

const fn flaws(kind: &'static str, name: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind, name, ty: "list<object:scp-flaw>", doc, compute }
}

pub(in crate::access) const DERIVED: &[Derived] = &[
    flag("scp", "is_region_guard", REGION, is_region_guard),
    flag("policy-file-scp", "is_region_guard", REGION, is_region_guard),
    flaws("scp", "region_guard_flaws", REGION_FLAWS, region_flaws),
    flaws("policy-file-scp", "region_guard_flaws", REGION_FLAWS, region_flaws),
    flag("scp", "is_global_guard", GLOBAL, global::is_global_guard),
    flag("policy-file-scp", "is_global_guard", GLOBAL, global::is_global_guard),
    flaws("scp", "global_guard_bypasses", GLOBAL_FLAWS, global::bypasses),
    flaws("policy-file-scp", "global_guard_bypasses", GLOBAL_FLAWS, global::bypasses),
];

/// An SCP with what stands around it, made once, and what was asked of it more than once.
pub(super) struct Sole {
    pub(super) held: Arc<Held>,
    /// `FullAWSAccess` where it allows nothing itself.
    pub(super) full: Option<Policy>,
    pub(super) everything: Policy,
    /// The accounts below it, by scope one.
    pub(super) places: Vec<Place>,
    scps: Arc<Scps>,
}

/// Where an SCP is judged.
pub(super) struct Place {
    pub(super) account: Arc<str>,
    pub(super) scope: Arc<Scope>,
    /// Whether the account is really below; else it stands for none.
    pub(super) bound: bool,
    tested: OnceLock<Option<(&'static str, &'static str)>>,
}

/// Every SCP of the world.
struct Soles {
    all: HashMap<FactId, Result<Option<Arc<Sole>>, Arc<Why>>>,
}

const NO_ACCOUNT: &str = "000000000000";

impl Sole {
    /// `None` for a policy that AWS would refuse.
    pub(super) fn of(world: &World, id: FactId) -> Result<Option<Arc<Self>>, Arc<Why>> {
        let soles = world.memo_kept(|world| {
            let ids = ["scp", "policy-file-scp"].into_iter().flat_map(|kind| world.facts.of_kind(kind));
            Soles { all: ids.map(|id| (*id, Self::made(world, *id).map(|sole| sole.map(Arc::new)))).collect() }
        });
        soles.all.get(&id).cloned().unwrap_or(Ok(None))
    }

    fn made(world: &World, id: FactId) -> Result<Option<Self>, Arc<Why>> {
        let scps = Scps::shared(world);
        let file = world.facts.get(id).filter(|fact| fact.kind.name == "policy-file-scp");
        let held = match file {
            Some(fact) => compile(world, fact.node, &fact.name, PolicyType::Scp),
            None => scps.policies.get(&id).cloned().unwrap_or(Ok(None))?,
        };
        let (Some(held), Some(everything)) = (held, questions::everything(PolicyType::Identity)) else { return Ok(None) };
        let allows = held.policy.statements.iter().any(|s| s.effect != Effect::Deny);
        let full = if allows { None } else { questions::everything(PolicyType::Scp) };
        let mut places: Vec<Place> = Vec::new();
        for account in scps.below(id) {
            let scope = world.scope_of_account(account);
            if !places.iter().any(|p| p.scope.name == scope.name) {
                places.push(Place { account: account.clone(), scope, bound: true, tested: OnceLock::new() });
            }
        }
        if places.is_empty() {
            let scope = world.scope_of(id);
            places.push(Place { account: NO_ACCOUNT.into(), scope, bound: false, tested: OnceLock::new() });
        }
        Ok(Some(Self { held, full, everything, places, scps }))
    }

    pub(super) fn alone(&self) -> PolicySet<'_> {
        let level = self.full.iter().chain([&self.held.policy]).collect();
        PolicySet { identity: vec![&self.everything], scp: Some(vec![level]), ..PolicySet::default() }
    }

    /// What the policy alone does with a question.
    pub(super) fn closes(&self, question: &GuardQuestion, who: &Principal) -> bool {
        matches!(question.verdict(&self.alone(), who), Verdict::AsExpected)
    }

    /// A request that slips past, with all that is in force counted.
    fn slips(&self, question: &GuardQuestion, place: &Place, who: &Principal) -> Result<Option<Witness>, Arc<Why>> {
        let alone = question.verdict(&self.alone(), who);
        let in_force = match alone {
            Verdict::Open(_) if place.bound => question.verdict(&self.scps.above(&place.account).around(&self.everything), who),
            other => other,
        };
        match in_force {
            Verdict::Open(witness) => Ok(Some(witness)),
            Verdict::Undecided(why) => Err(why),
            Verdict::AsExpected | Verdict::Shut => Ok(None),
        }
    }

    /// The Deny statements that speak of one of these actions.
    pub(super) fn denials<'s>(&'s self, speaks_of: &'s [&str]) -> impl Iterator<Item = &'s Statement> {
        let context = Context::open();
        let covers = move |s: &&Statement| speaks_of.iter().any(|action| s.action.covers(action, &context) != Truth::False);
        self.held.policy.statements.iter().filter(|s| s.effect == Effect::Deny).filter(covers)
    }

    fn node(&self, mark: crate::iam::tree::Mark) -> Option<NodeId> {
        mark_node(&self.held.policy, mark)
    }
}

fn who(place: &Place) -> Option<Principal> {
    ordinary("aws", &place.account)
}

fn judged(world: &World, id: FactId, judge: impl Fn(&Sole) -> Value, none: Value) -> Value {
    match Sole::of(world, id) {
        Ok(Some(sole)) => judge(&sole),
        Ok(None) => none,
        Err(why) => Value::Unknown(why),
    }
}

fn is_region_guard(world: &World, id: FactId) -> Value {
    let guards = |sole: &Sole| Value::Bool(sole.places.iter().any(|place| tested(sole, place).is_some()));
    judged(world, id, guards, Value::Bool(false))
}

/// Actions by which a guard of Regions is known, one for each prefix and the widest of `bedrock`.
pub(super) const SIGNS: [&str; 6] = [
    "bedrock:InvokeModel",
    "bedrock:CreateAgent",
    "bedrock-mantle:CreateInference",
    "bedrock-agentcore:InvokeAgentRuntime",
    "bedrock-websearch:InvokeSearch",
    "aws-external-anthropic:CreateInference",
];

/// An action that the policy closes in one Region and leaves open in another, and the Region where it is closed.
fn tested(sole: &Sole, place: &Place) -> Option<(&'static str, &'static str)> {
    *place.tested.get_or_init(|| test(sole, place))
}

fn test(sole: &Sole, place: &Place) -> Option<(&'static str, &'static str)> {
    let who = who(place)?;
    for action in SIGNS {
        if sole.denials(&[action]).next().is_none() && sole.full.is_some() {
            continue;
        }
        let own = place.scope.approved_regions.iter().filter_map(|r| regions::find(r)).map(|r| r.name);
        let far = ["us-east-1", "eu-central-1"].into_iter().filter(|r| !place.scope.approves_region(r));
        let all = far.chain(own).chain([FUTURE]).chain(regions::all().iter().map(|r| r.name));
        let (mut closed, mut open): (Option<&'static str>, bool) = (None, false);
        for region in all {
            match sole.closes(&in_region(action, region, place), &who) {
                true => closed = closed.or(Some(region)),
                false => open = true,
            }
            if let (Some(region), true) = (closed, open) {
                return Some((action, region));
            }
        }
    }
    None
}

/// The action in one Region, whatever the rest; a model is called directly.
fn in_region(action: &str, region: &str, place: &Place) -> GuardQuestion {
    let mut asked = GuardQuestion::closed(action, Context::open()).only_in(region, "aws", &place.account);
    if INVOKE.contains(&action) {
        asked.context.set_absent("bedrock:InferenceProfileArn");
    }
    asked
}

fn region_flaws(world: &World, id: FactId) -> Value {
    let flaws = |sole: &Sole| {
        let mut out = Vec::new();
        for place in &sole.places {
            let (Some((action, region)), Some(who)) = (tested(sole, place), who(place)) else { continue };
            let found = [
                unspecified(sole, place, &who),
                prefixes(sole, place, region, &who),
                exempt::exemptions(world, sole, place, action, region),
            ];
            for flaw in found.into_iter().flatten() {
                if !out.contains(&flaw) {
                    out.push(flaw);
                }
            }
        }
        // The same flaw above accounts of several scopes is one.
        let mut parts: Vec<Option<String>> = Vec::new();
        out.retain(|flaw| {
            let part = part_of(flaw);
            let new = part.is_none() || !parts.contains(&part);
            parts.push(part);
            new
        });
        Value::list(out)
    };
    judged(world, id, flaws, Value::list(Vec::new()))
}

fn part_of(flaw: &Value) -> Option<String> {
    let Value::Object(object) = flaw else { return None };
    let text = |name: &str| object.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| format!("{v:?}"));
    Some(format!("{:?} {:?}", text("flaw"), text("part")))
}

fn flaw(kind: &'static str, what: String, part: &str, place: &Place, witness: &Witness, at: Vec<NodeId>) -> Value {
    let fields = vec![
        ("flaw", Value::str(kind)),
        ("what", Value::str(what)),
        ("part", Value::str(part)),
        ("account", Value::str(if place.bound { &*place.account } else { "" })),
        ("witness", Value::str(witness.line())),
    ];
    Value::object(fields, at)
}

/// The leg that only global profiles have, in a guard that has Regions in it.
fn unspecified(sole: &Sole, place: &Place, who: &Principal) -> Vec<Value> {
    let asked = questions::of_topic(&place.scope, "aws", &place.account, Topic::Global);
    for question in asked {
        match sole.slips(&question, place, who) {
            Ok(Some(witness)) => {
                let what = "calls through global profiles, whose last leg has `aws:RequestedRegion` = `unspecified`".to_owned();
                return vec![flaw("unspecified", what, UNSPECIFIED, place, &witness, at_unspecified(sole))];
            }
            Err(why) => return vec![Value::Unknown(why)],
            Ok(None) => {}
        }
    }
    Vec::new()
}

/// The value that lets `unspecified` through, else the keys of the conditions on Regions.
fn at_unspecified(sole: &Sole) -> Vec<NodeId> {
    let on_regions = |s: &'_ Statement| {
        s.conditions.iter().filter(|c| c.lower_key() == "aws:requestedregion").cloned().collect::<Vec<Condition>>()
    };
    let context = Context::open();
    let (mut values, mut keys) = (Vec::new(), Vec::new());
    for condition in sole.denials(&INVOKE).flat_map(on_regions) {
        for value in &condition.values {
            let mut one = condition.clone();
            one.values = vec![value.clone()];
            if one.operator.negated && one.matches_one(UNSPECIFIED, &context) == Truth::True {
                values.extend(sole.node(value.mark));
            }
        }
        keys.extend(sole.node(condition.key_mark));
    }
    match (values.is_empty(), keys.is_empty()) {
        (false, _) => values,
        (true, false) => keys,
        (true, true) => at_prefix(sole, "bedrock:InvokeModel"),
    }
}

/// Prefixes of which an action passes in a Region that the guard closes; one flaw for all.
fn prefixes(sole: &Sole, place: &Place, region: &str, who: &Principal) -> Vec<Value> {
    let mut out = Vec::new();
    let (mut left, mut first, mut at): (Vec<String>, Option<(String, Witness)>, Vec<NodeId>) = Default::default();
    for prefix in PREFIXES {
        for action in telling(prefix) {
            match sole.slips(&in_region(&action, region, place), place, who) {
                Ok(Some(witness)) => {
                    left.push(format!("`{prefix}`"));
                    at.extend(at_prefix(sole, &action));
                    first.get_or_insert((action, witness));
                    break;
                }
                Err(why) => {
                    out.push(Value::Unknown(why));
                    break;
                }
                Ok(None) => {}
            }
        }
    }
    if let Some((action, witness)) = first {
        let what = format!("actions of {}, such as `{action}` in {}", left.join(", "), super::region::region_of(&witness));
        at.dedup();
        out.push(flaw("prefix", what, "prefix", place, &witness, at));
    }
    out
}

/// The actions of a prefix that move prompts, those that people know first; where none does, all.
fn telling(prefix: &str) -> Vec<String> {
    let inference = actions::inference().iter().filter(|a| a.split(':').next() == Some(prefix));
    let mut out: Vec<String> = inference.map(|a| (*a).to_owned()).collect();
    if out.is_empty() {
        out = actions::of_prefix(prefix).iter().map(|a| format!("{prefix}:{}", a.name)).collect();
    }
    out.sort_by_key(|action| !(SIGNS.contains(&action.as_str()) || action.contains(":Invoke")));
    out
}

/// The `NotAction` value that leaves an action out, else the keys of the lists that lack it.
fn at_prefix(sole: &Sole, action: &str) -> Vec<NodeId> {
    let context = Context::open();
    let (mut values, mut keys) = (Vec::new(), Vec::new());
    for statement in sole.denials(&SIGNS) {
        let matcher = &statement.action;
        if matcher.negated {
            let covering = matcher.patterns.iter().filter(|p| p.matches(action, &context) != Truth::False);
            values.extend(covering.filter_map(|p| sole.node(p.mark)));
        }
        keys.extend(sole.node(matcher.mark));
    }
    if values.is_empty() { keys } else { values }
}
