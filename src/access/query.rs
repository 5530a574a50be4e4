//! Questions about one principal or all of them, as a person asks them: may it do this, who may.
//!
//! In: the world and a request. Out: the decision with the statement of each policy type that made it, or for every principal
//! an allowed request, the proof that there is none, or the reason why it is not known.
//! Never: an allow past a policy that is in force but was not loaded; that is conditional.

use std::sync::Arc;

use super::principals::{Held, KINDS, Principals, Standing, compile, node_of};
use crate::catalog::actions;
use crate::facts::{FactId, NodeId, Value, Why};
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::{Decision, Exception, Missing, Outcome, PolicySet, Said, decide};
use crate::iam::policy::{Effect, Policy, Site, Statement};
use crate::iam::request::{Context, Request};
use crate::iam::solve::{self, Question, Resources};
use crate::iam::truth::Truth;
use crate::iam::{Hinge, PolicyType};
use crate::world::World;

/// A statement that decided, and what to underline of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of its policy.
    pub policy: String,
    /// `Sid`.
    pub sid: Option<String>,
    /// The value of `Action` that covers the action (for `NotAction` the element), else the statement.
    pub node: Option<NodeId>,
}

/// What one policy type, or one level of it, said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The policy type.
    pub kind: PolicyType,
    /// The level of an SCP or RCP, 0 for the root.
    pub level: Option<usize>,
    /// What it said.
    pub said: Said,
    /// By which statement.
    pub place: Option<Place>,
}

/// The answer to "may it".
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The request that was decided, on one line.
    pub request: String,
    /// The decision.
    pub outcome: Outcome,
    /// What each policy type said.
    pub lines: Vec<Line>,
    /// Context keys (lower case) that a conditional answer hangs on.
    pub keys: Vec<String>,
    /// What else it hangs on, a clause each.
    pub hinges: Vec<String>,
    /// Exceptions to the general order that applied.
    pub exceptions: Vec<Exception>,
    /// Policies that are in force, or may be, and were not loaded.
    pub missing: Vec<Missing>,
}

/// No principal of that name, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// None; the nearest names.
    Nobody(Vec<String>),
    /// Several principals have this name; their identities.
    Several(Vec<String>),
}

/// All principals, sorted by their identity.
pub fn principals(world: &World) -> Vec<FactId> {
    let mut all: Vec<FactId> = KINDS.iter().flat_map(|kind| world.facts.of_kind(kind)).copied().collect();
    all.sort_by(|a, b| identity(world, *a).cmp(identity(world, *b)));
    all
}

/// A principal's ARN, or for a policy file its path.
pub fn identity(world: &World, principal: FactId) -> &str {
    world.facts.get(principal).map_or("", |fact| &fact.id)
}

/// The principal with this ARN, name or policy file.
///
/// # Errors
/// [`NotFound`] with what there is instead.
pub fn find(world: &World, name: &str) -> Result<FactId, NotFound> {
    let all = principals(world);
    let role = role_of_session(name);
    let exact =
        |id: &&FactId| identity(world, **id) == name || role.as_deref().is_some_and(|r| same_role(identity(world, **id), r));
    if let Some(found) = all.iter().find(exact) {
        return Ok(*found);
    }
    let named = |id: &FactId| world.facts.get(*id).is_some_and(|fact| &*fact.name == name);
    let found: Vec<FactId> = all.iter().copied().filter(named).collect();
    match found.as_slice() {
        [one] => return Ok(*one),
        [] => {}
        several => return Err(NotFound::Several(several.iter().map(|id| identity(world, *id).to_owned()).collect())),
    }
    let distance = |id: &FactId| {
        let fact = world.facts.get(*id).map_or("", |fact| &fact.name);
        strsim::damerau_levenshtein(fact, name.rsplit('/').next().unwrap_or(name))
    };
    let mut near = all;
    near.sort_by_key(distance);
    Err(NotFound::Nobody(near.iter().take(3).map(|id| identity(world, *id).to_owned()).collect()))
}

/// `arn:…:iam::1:role/name` of a session's ARN.
fn role_of_session(name: &str) -> Option<String> {
    let arn = Arn::parse(name).filter(|arn| arn.service == "sts")?;
    let role = arn.resource.strip_prefix("assumed-role/")?.split('/').next()?;
    Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account))
}

/// Role names are unique in an account whatever their path.
fn same_role(full: &str, role: &str) -> bool {
    let Some((account, name)) = role.split_once(":role/") else { return false };
    full.strip_prefix(account)
        .and_then(|rest| rest.strip_prefix(":role/"))
        .is_some_and(|rest| rest.rsplit('/').next() == Some(name))
}

/// Whether a principal may do `action` on `resource`, in as much of the context as is known.
pub fn can(world: &World, principal: FactId, action: &str, resource: &str, mut context: Context) -> Option<Verdict> {
    let index = Principals::of(world);
    let standing = index.get(principal)?;
    context.complete(&standing.keys.known);
    let owner = owner(world, resource);
    let request = Request::new(standing.who.clone(), action, resource, owner.as_deref(), context);
    let joined = Joined::of(world, standing, action, resource, request.resource_account.as_deref());
    let policies = joined.policies(standing);
    let decision = decide(&policies, &request);
    Some(verdict(world, standing, &joined, &policies, &request, decision))
}

fn verdict(
    world: &World,
    standing: &Standing,
    joined: &Joined,
    policies: &PolicySet<'_>,
    request: &Request,
    decision: Decision,
) -> Verdict {
    let line = |why: &crate::iam::Why| Line {
        kind: why.kind,
        level: why.level,
        said: why.said,
        place: why.site.map(|site| place(standing, Some(joined), site, &request.action, &request.context)),
    };
    let hinges = decision.hinges.iter().filter(|hinge| !matches!(hinge, Hinge::Key(_) | Hinge::Policy { .. }));
    let mut missing = policies.missing.clone();
    let not_given = decision.hinges.iter().filter_map(|hinge| match hinge {
        Hinge::Policy { kind, why } => Some(Missing { kind: *kind, why: why.clone() }),
        _ => None,
    });
    for new in not_given {
        if !missing.contains(&new) {
            missing.push(new);
        }
    }
    let shown = |hinge: &Hinge| match hinge {
        Hinge::Element(site) | Hinge::Principal(site) => match node_of(*site).and_then(|id| world.facts.node(id)) {
            Some(node) => format!("{hinge} (in `{}`)", node.document().name),
            None => hinge.to_string(),
        },
        _ => hinge.to_string(),
    };
    Verdict {
        request: request.to_string(),
        outcome: decision.outcome,
        lines: decision.why.iter().map(line).collect(),
        keys: decision.keys().map(str::to_owned).collect(),
        hinges: hinges.map(shown).collect(),
        exceptions: decision.exceptions,
        missing,
    }
}

/// What stands on the resource's side, and SCPs that are in force but not known.
#[derive(Default)]
struct Joined {
    resource: Option<Arc<Held>>,
    rcps: Option<Vec<Vec<Arc<Held>>>>,
    missing: Vec<Missing>,
}

impl Joined {
    fn of(world: &World, standing: &Standing, action: &str, resource: &str, owner: Option<&str>) -> Self {
        let mut joined = Self::default();
        joined.unknown_scps(world, standing);
        match resource_policy(world, action, resource) {
            Ok(policy) => joined.resource = policy,
            Err(missing) => joined.missing.push(missing),
        }
        if let Some(owner) = owner.filter(|owner| &*standing.account == *owner || is_account_id(owner)) {
            joined.rcps(world, standing, owner);
        }
        joined
    }

    fn unknown_scps(&mut self, world: &World, standing: &Standing) {
        if let Some(why) = &super::guard::Scps::shared(world).above(&standing.account).unknown {
            self.missing.push(Missing { kind: PolicyType::Scp, why: why.text.clone() });
        }
    }

    /// The RCPs above the resource's account. A policy file is in no account, so none is above it.
    fn rcps(&mut self, world: &World, standing: &Standing, owner: &str) {
        if world.facts.by_key("account", owner, None, None).is_none() && owner == &*standing.account {
            return;
        }
        let mut miss = |why: &Arc<Why>| self.missing.push(Missing { kind: PolicyType::Rcp, why: why.text.clone() });
        let path = match world.facts.path_of(owner) {
            Ok(path) => path,
            Err(why) => return miss(&why),
        };
        if path.levels.is_empty() || path.management || path.rcps_enabled == Some(false) {
            return;
        }
        let mut levels = Vec::new();
        for level in path.levels {
            level.rcps.unknown.iter().for_each(&mut miss);
            let mut policies = Vec::new();
            for id in level.rcps.known {
                let name = world.facts.get(id).map(|f| f.name.clone()).unwrap_or_default();
                match world.facts.field(id, "Content") {
                    Ok(Some(Value::Node(node))) => policies.extend(compile(world, node, &name, PolicyType::Rcp)),
                    Ok(_) => {}
                    Err(why) => miss(&why),
                }
            }
            levels.push(policies);
        }
        self.rcps = Some(levels);
    }

    fn policies<'s>(&'s self, standing: &'s Standing) -> PolicySet<'s> {
        let mut policies = standing.policies();
        policies.resource = self.resource.as_ref().map(|held| &held.policy);
        policies.rcp = self.rcps.as_ref().map(|levels| super::principals::borrow(levels));
        policies.missing.extend(self.missing.iter().cloned());
        policies
    }
}

/// The account of a resource that was loaded, which its ARN may not tell (a bucket's does not).
fn owner(world: &World, resource: &str) -> Option<Arc<str>> {
    let bucket = || resource.starts_with("arn:").then(|| resource.split('/').next()).flatten();
    let id = world.facts.by_id(resource).or_else(|| world.facts.by_id(bucket()?))?;
    world.facts.get(id)?.account.clone()
}

/// The policy of the resource itself, where it has one; the error says that it may and is not known.
fn resource_policy(world: &World, action: &str, resource: &str) -> Result<Option<Arc<Held>>, Missing> {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let service = service.to_ascii_lowercase();
    let miss = |kind, why: String| Err(Missing { kind, why });
    let own = |kind, policy_of: &str, path: &[&str]| {
        let Some(id) = world.facts.by_id(policy_of) else {
            return miss(kind, format!("the policy of `{policy_of}` was not loaded"));
        };
        match world.facts.at(&Value::Fact(id), path) {
            Ok(Some(Value::Node(node))) => match compile(world, node, policy_of, kind) {
                Some(held) => Ok(Some(held)),
                None => miss(kind, format!("the policy of `{policy_of}` could not be read")),
            },
            Ok(Some(_)) => miss(kind, format!("the policy of `{policy_of}` could not be read")),
            Ok(None) => Ok(None),
            Err(why) => miss(kind, why.text.clone()),
        }
    };
    if resource == "*" || actions::is_star_only(action) == Some(true) {
        return Ok(None);
    }
    match (service.as_str(), Arn::parse(resource)) {
        ("sts", Some(arn)) if name.starts_with("AssumeRole") && arn.resource.starts_with("role/") => {
            own(PolicyType::Trust, resource, &["AssumeRolePolicyDocument"])
        }
        ("kms", Some(arn)) if arn.resource.starts_with("key/") => own(PolicyType::Key, resource, &["policy"]),
        ("s3", Some(arn)) => {
            let bucket = arn.resource.split('/').next().unwrap_or_default();
            own(PolicyType::Resource, &format!("arn:{}:s3:::{bucket}", arn.partition), &["policy"])
        }
        ("bedrock" | "bedrock-agentcore", Some(arn)) => {
            let kind = arn.resource.split('/').next().unwrap_or_default();
            let carriers = actions::find(&format!("{service}:PutResourcePolicy")).map_or(&[][..], |known| &known.resources);
            if carriers.contains(&kind) {
                return miss(PolicyType::Resource, format!("whether `{resource}` has a policy of its own was not loaded"));
            }
            Ok(None)
        }
        ("bedrock-mantle" | "bedrock-websearch" | "aws-external-anthropic" | "iam" | "organizations", _) => Ok(None),
        _ => miss(PolicyType::Resource, format!("whether `{resource}` has a policy of its own was not loaded")),
    }
}

/// The statement at `site`, by its policy's name, and what of it covers the action.
fn place(standing: &Standing, joined: Option<&Joined>, site: Site, action: &str, context: &Context) -> Place {
    let scps = standing.scps.iter().flatten().flatten();
    let far = joined.into_iter().flat_map(|j| j.resource.iter().chain(j.rcps.iter().flatten().flatten()));
    let all = standing.identity.iter().chain(&standing.boundary).chain(scps).chain(far);
    for held in all {
        if let Some((statement, at)) = underlined(&held.policy, site, action, context) {
            return Place { policy: held.name.to_string(), sid: statement.sid.as_deref().map(str::to_owned), node: node_of(at) };
        }
    }
    Place { policy: String::new(), sid: None, node: node_of(site) }
}

/// The policy's statement at `site`, and the place in it to underline: the value of `Action` that covers the action, or for
/// `NotAction` the element.
pub fn underlined<'p>(policy: &'p Policy, site: Site, action: &str, context: &Context) -> Option<(&'p Statement, Site)> {
    let statement = policy.statements.iter().find(|statement| policy.site(statement) == site)?;
    let matcher = &statement.action;
    let covering = matcher.patterns.iter().find(|p| !matcher.negated && p.matches(action, context) != Truth::False);
    let mark = covering.map_or(matcher.mark, |pattern| pattern.mark);
    Some((statement, Site { source: policy.source, mark }))
}

/// Whether one principal can.
#[derive(Debug, Clone)]
pub enum Who {
    /// By this request, granted there.
    Can {
        /// The request on one line.
        witness: String,
        /// The Allow statement.
        granted: Option<Place>,
    },
    /// Not known.
    Undecided {
        /// Why not.
        why: String,
        /// A request that all the loaded policies allow, where there is one.
        candidate: Option<String>,
        /// The Allow statement of the candidate.
        granted: Option<Place>,
    },
    /// Proved: no request of this principal is allowed.
    Cannot,
}

/// For each principal whether it can do `action`: on `resource` (an ARN, which may hold `*` and `?`; any, where `None`), in
/// `region`, whatever the rest of the context.
pub fn who_can(world: &World, action: &str, resource: Option<&str>, region: Option<&str>) -> Vec<(FactId, Who)> {
    use rayon::prelude::*;
    let index = Principals::of(world);
    let answer = |id: FactId| index.get(id).map(|standing| (id, who(world, standing, action, resource, region)));
    principals(world).into_par_iter().filter_map(answer).collect()
}

fn who(world: &World, standing: &Standing, action: &str, resource: Option<&str>, region: Option<&str>) -> Who {
    let fixed = resource.filter(|text| is_one(text));
    let owner = fixed.and_then(|one| owner(world, one));
    let joined = match fixed {
        Some(one) => {
            let named = Arn::parse(one).map(|arn| arn.account).filter(|account| is_account_id(account));
            Joined::of(world, standing, action, one, owner.as_deref().or(named).or(Some(&standing.account)))
        }
        None => {
            let mut joined = Joined::default();
            joined.unknown_scps(world, standing);
            joined
        }
    };
    let policies = joined.policies(standing);
    if !may_grant(&policies, action) {
        return Who::Cannot;
    }
    let place_of = |decision: &Decision| {
        let granting = |why: &&crate::iam::Why| {
            why.said == Said::Allows
                && matches!(why.kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key)
        };
        let site = decision.why.iter().find(granting)?.site?;
        Some(place(standing, Some(&joined), site, action, &Context::open()))
    };
    let mut context = Context::open();
    // A call is made in its resource's Region, unless another is asked about.
    let own = fixed.and_then(Arn::parse).map(|arn| arn.region).filter(|region| !region.is_empty());
    if let Some(region) = region.or(own) {
        context.set("aws:RequestedRegion", [region]);
    }
    let ask = |policies: &PolicySet<'_>| {
        let mut question = Question::new(policies, standing.who.clone(), action);
        question.resources = resources(standing, action, resource, region);
        question.context = context.clone();
        question.context.complete(&standing.keys.known);
        question.resource_account = owner.as_deref();
        question.examples = super::ask::Ask::anything(standing, action).examples;
        solve::solve(&question)
    };
    match ask(&policies) {
        solve::Answer::None => Who::Cannot,
        solve::Answer::Some(found) => Who::Can { granted: place_of(&found.decision), witness: found.request.to_string() },
        solve::Answer::Unknown(why) => {
            let why = policies.missing.first().map_or(why, |missing| format!("{} policy: {}", missing.kind, missing.why));
            // What the loaded policies say among themselves.
            let loaded = PolicySet { missing: Vec::new(), ..policies.clone() };
            match ask(&loaded) {
                solve::Answer::Some(found) if !policies.missing.is_empty() => {
                    Who::Undecided { why, granted: place_of(&found.decision), candidate: Some(found.request.to_string()) }
                }
                _ => Who::Undecided { why, candidate: None, granted: None },
            }
        }
    }
}

/// Whether anything that is known, or missing, could grant the action at all.
fn may_grant(policies: &PolicySet<'_>, action: &str) -> bool {
    let context = Context::open();
    let covers =
        |s: &Statement| s.effect != Effect::Deny && !s.contradictory && s.action.covers(action, &context) != Truth::False;
    let grants = |kind| matches!(kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key);
    policies.missing.iter().any(|missing| grants(missing.kind))
        || policies.identity.iter().copied().chain(policies.resource).flat_map(|policy| &policy.statements).any(covers)
}

/// Resources of the principal's own account, or of AWS's (whose ARNs name no account).
fn resources(standing: &Standing, action: &str, resource: Option<&str>, region: Option<&str>) -> Resources {
    let (partition, account) = (&standing.partition, &standing.account);
    let (within, examples) = super::endpoint::resources(partition, account, action, region.unwrap_or("*"));
    let matching = |within| Resources::Matching { within, outside: Vec::new(), examples };
    match (resource, region) {
        (Some(text), _) if is_one(text) => Resources::One(text.to_owned()),
        (Some(text), _) => matching(vec![text.to_owned()]),
        (None, _) if actions::is_star_only(action) == Some(true) => Resources::One("*".to_owned()),
        (None, _) if !within.is_empty() => matching(within),
        (None, None) => matching(vec![format!("arn:*:*:*:{account}:*"), "arn:*:*:*::*".to_owned()]),
        (None, Some(region)) => {
            let places = [format!("{region}:{account}"), format!("{region}:"), format!(":{account}"), ":".to_owned()];
            matching(places.iter().map(|place| format!("arn:*:*:{place}:*")).collect())
        }
    }
}

/// A single resource, not a pattern.
fn is_one(text: &str) -> bool {
    text == "*" || !text.contains(['*', '?'])
}
