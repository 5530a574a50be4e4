//! Principals with everything that is in force for them: their own policies, their groups', the
//! permissions boundary, the SCPs above their account.
//!
//! In: the world. Out: one [`Standing`] a principal, its policies compiled once. A policy that is in force but was
//! not loaded is kept as missing, so that a decision which hangs on it is conditional, never "allowed" or "denied".

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::edges::Keys;
use super::last_used::is_service_linked;
use crate::doc::Node;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::decide::{Missing, PolicySet};
use crate::iam::policy::{Policy, Site};
use crate::iam::principal::Principal;
use crate::iam::tree::Mark;
use crate::world::World;

/// Kinds of fact that are principals.
pub(super) const KINDS: [&str; 3] = ["iam-role", "iam-user", "policy-file-principal"];

/// The account that a bare policy file is judged in.
pub(super) const NO_ACCOUNT: &str = "000000000000";

/// One policy with its name.
#[derive(Debug)]
pub(super) struct Held {
    /// As AWS or the file names it.
    pub(super) name: Arc<str>,
    /// Compiled.
    pub(super) policy: Policy,
}

/// What is in force for one principal.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) account: Arc<str>,
    pub(super) partition: Arc<str>,
    pub(super) who: Principal,
    pub(super) identity: Vec<Arc<Held>>,
    pub(super) boundary: Option<Arc<Held>>,
    /// Levels, root first; `None` where no organisation's SCPs bind it or none were loaded.
    pub(super) scps: Option<Vec<Vec<Arc<Held>>>>,
    pub(super) management: bool,
    pub(super) service_linked: bool,
    pub(super) missing: Vec<Missing>,
    /// What the export tells of its context keys.
    pub(super) keys: Keys,
    /// What [`super::callable_endpoints`] found.
    pub(super) callable: OnceLock<Result<Vec<super::Endpoint>, Arc<Why>>>,
    /// Where [`super::paths::paths`] keeps what it found.
    pub(super) paths: OnceLock<Arc<super::paths::Slot>>,
    /// Its own statements that bear on a path: indices of the policy and of the statement in it.
    pub(super) bearing: OnceLock<Vec<(usize, usize)>>,
}

impl Standing {
    /// A bare policy file: the only policy of a role in an account that is not named.
    pub(super) fn is_policy_file(&self) -> bool {
        &*self.account == NO_ACCOUNT
    }

    /// The policies as a decision takes them.
    pub(super) fn policies(&self) -> PolicySet<'_> {
        PolicySet {
            identity: self.identity.iter().map(|held| &held.policy).collect(),
            boundary: self.boundary.as_ref().map(|held| &held.policy),
            scp: self.scps.as_ref().map(|levels| borrow(levels)),
            management_account: self.management,
            service_linked_role: self.service_linked,
            missing: self.missing.clone(),
            ..PolicySet::default()
        }
    }

    /// Why more may be granted than is seen: an identity policy is in force but not known.
    pub(super) fn unknown_policy(&self) -> Option<Arc<Why>> {
        self.why_missing(|kind| kind == PolicyType::Identity)
    }

    fn why_missing(&self, of: impl Fn(PolicyType) -> bool) -> Option<Arc<Why>> {
        let missing = self.missing.iter().find(|m| of(m.kind))?;
        Some(Why::new(Reason::NotLoaded, missing.why.clone()))
    }
}

pub(super) fn borrow(levels: &[Vec<Arc<Held>>]) -> Vec<Vec<&Policy>> {
    levels.iter().map(|level| level.iter().map(|held| &held.policy).collect()).collect()
}

/// All principals of a world, each made at the first question about it.
#[derive(Debug)]
pub(super) struct Principals<'w> {
    world: &'w World,
    index: Arc<Index>,
}

#[derive(Debug)]
struct Index {
    standings: HashMap<FactId, OnceLock<Standing>>,
    shared: Shared,
}

impl<'w> Principals<'w> {
    /// Those of this world.
    pub(super) fn of(world: &'w World) -> Self {
        let make = |world: &World| Index {
            standings: KINDS.iter().flat_map(|kind| world.facts.of_kind(kind)).map(|id| (*id, OnceLock::new())).collect(),
            shared: Shared::new(world),
        };
        Self { world, index: world.memo(make) }
    }

    pub(super) fn get(&self, principal: FactId) -> Option<&Standing> {
        let slot = self.index.standings.get(&principal)?;
        Some(slot.get_or_init(|| self.index.shared.standing(self.world, principal)))
    }
}

/// Policies that many principals share, compiled once.
#[derive(Debug)]
struct Shared {
    managed: HashMap<FactId, OnceLock<Option<Arc<Held>>>>,
    scps: Arc<super::guard::Scps>,
}

/// Names a document node in the tag of a policy.
fn tag(node: NodeId) -> u64 {
    u64::from(node.doc)
}

/// The node that a decision's site names.
pub(super) fn node_of(site: Site) -> Option<NodeId> {
    Some(NodeId { doc: u32::try_from(site.source).ok()?, node: site.mark.0 })
}

/// The node of an element of a policy.
pub(super) fn mark_node(policy: &Policy, mark: Mark) -> Option<NodeId> {
    node_of(Site { source: policy.source, mark })
}

/// Compiles the policy at `node`; `None` for one that AWS would refuse, which grants nothing.
pub(super) fn compile(world: &World, node: NodeId, name: &str, kind: PolicyType) -> Option<Arc<Held>> {
    let root: Node<'_> = world.facts.node(node)?;
    let policy = Policy::parse(root, kind).ok()?.with_source(tag(node));
    Some(Arc::new(Held { name: name.into(), policy }))
}

fn compile_value(world: &World, value: &Value, name: &str, kind: PolicyType) -> Option<Arc<Held>> {
    if let Value::Node(node) = value { compile(world, *node, name, kind) } else { None }
}

impl Shared {
    fn new(world: &World) -> Self {
        let managed = world.facts.of_kind("iam-policy").iter().map(|id| (*id, OnceLock::new())).collect();
        Self { managed, scps: super::guard::Scps::shared(world) }
    }

    /// A managed policy, compiled.
    fn managed(&self, world: &World, id: FactId) -> Option<Arc<Held>> {
        self.managed.get(&id)?.get_or_init(|| managed_policy(world, id, PolicyType::Identity)).clone()
    }

    fn standing(&self, world: &World, id: FactId) -> Standing {
        let fact = world.facts.get(id);
        let account: Arc<str> = fact.and_then(|f| f.account.clone()).unwrap_or_else(|| NO_ACCOUNT.into());
        let arn = fact.map(|f| f.id.to_string()).filter(|id| id.starts_with("arn:"));
        let partition: Arc<str> = arn.as_deref().and_then(|a| a.split(':').nth(1)).unwrap_or("aws").into();
        let arn = arn.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:role/policy-file"));
        let who = Principal::parse(&arn).unwrap_or_else(|_| Principal::Account { account: (*account).into() });
        let mut own = Own { world, shared: self, identity: Vec::new(), missing: Vec::new() };
        let boundary = own.collect(id, fact.map_or("", |f| f.kind.name));
        let Own { identity, missing, .. } = own;
        let scps = self.scps.above(&account);
        let mut missing = missing;
        missing.extend(scps.missing.iter().cloned());
        Standing {
            partition,
            who,
            identity,
            boundary,
            scps: scps.levels.clone(),
            management: scps.management,
            service_linked: is_service_linked(world, id),
            missing,
            keys: Keys::of(world, id, &account),
            account,
            callable: OnceLock::new(),
            paths: OnceLock::new(),
            bearing: OnceLock::new(),
        }
    }
}

/// The default version of a managed policy.
fn managed_policy(world: &World, id: FactId, kind: PolicyType) -> Option<Arc<Held>> {
    let name = world.facts.get(id)?.name.clone();
    let document = world.facts.field(id, "default_document").ok().flatten()?;
    compile_value(world, &document, &name, kind)
}

/// Gathers the policies of one principal.
struct Own<'w> {
    world: &'w World,
    shared: &'w Shared,
    identity: Vec<Arc<Held>>,
    missing: Vec<Missing>,
}

impl Own<'_> {
    fn miss(&mut self, kind: PolicyType, why: &Arc<Why>) {
        self.missing.push(Missing { kind, why: why.text.clone() });
    }

    /// Gathers identity policies, and gives the boundary.
    fn collect(&mut self, id: FactId, kind: &str) -> Option<Arc<Held>> {
        if kind == "policy-file-principal" {
            let fact = self.world.facts.get(id)?;
            self.identity.extend(compile(self.world, fact.node, &fact.name, PolicyType::Identity));
            return None;
        }
        let inline = if kind == "iam-user" { "UserPolicyList" } else { "RolePolicyList" };
        self.inline(id, inline);
        self.attached(id);
        if kind == "iam-user" {
            self.groups(id);
        }
        self.boundary(id)
    }

    fn inline(&mut self, id: FactId, field: &str) {
        let facts = &self.world.facts;
        match facts.list_in(&Value::Fact(id), &[field]) {
            Ok(list) => {
                for item in list {
                    let name = facts.text_in(&item, &["PolicyName"]).ok().flatten().unwrap_or_default();
                    match facts.at(&item, &["PolicyDocument"]) {
                        Ok(Some(document)) => {
                            self.identity.extend(compile_value(self.world, &document, &name, PolicyType::Identity))
                        }
                        Ok(None) => {}
                        Err(why) => self.miss(PolicyType::Identity, &why),
                    }
                }
            }
            Err(why) => self.miss(PolicyType::Identity, &why),
        }
    }

    fn attached(&mut self, id: FactId) {
        let facts = &self.world.facts;
        match facts.at(&Value::Fact(id), &["attached_policies"]) {
            Ok(None) => {}
            Ok(Some(list)) => match facts.items(&list) {
                Ok(items) => items.into_iter().for_each(|item| self.managed(item)),
                Err(why) => self.miss(PolicyType::Identity, &why),
            },
            Err(why) => self.miss(PolicyType::Identity, &why),
        }
    }

    fn managed(&mut self, item: Value) {
        match item {
            Value::Fact(policy) => match self.world.facts.field(policy, "default_document") {
                // Attached twice, directly and through a group, it grants no more than once.
                Ok(_) => {
                    let held = self.shared.managed(self.world, policy);
                    self.identity.extend(held.filter(|new| !self.identity.iter().any(|known| Arc::ptr_eq(known, new))));
                }
                Err(why) => self.miss(PolicyType::Identity, &why),
            },
            Value::Unknown(why) => self.miss(PolicyType::Identity, &why),
            _ => {}
        }
    }

    fn groups(&mut self, user: FactId) {
        match self.world.facts.follow(user, "groups") {
            Ok(groups) => {
                for group in groups {
                    self.inline(group, "GroupPolicyList");
                    self.attached(group);
                }
            }
            Err(why) => self.miss(PolicyType::Identity, &why),
        }
    }

    fn boundary(&mut self, id: FactId) -> Option<Arc<Held>> {
        match self.world.facts.follow(id, "boundary") {
            Ok(found) => {
                let policy = found.first()?;
                let name = self.world.facts.get(*policy)?.name.clone();
                match self.world.facts.field(*policy, "default_document") {
                    Ok(document) => compile_value(self.world, &document?, &name, PolicyType::Boundary),
                    Err(why) => {
                        self.miss(PolicyType::Boundary, &why);
                        None
                    }
                }
            }
            Err(why) => {
                self.miss(PolicyType::Boundary, &why);
                None
            }
        }
    }
}
