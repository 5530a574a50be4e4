//! Guards: what the SCPs above an account deny of Bedrock, decided request by request.
//!
//! In: the organisation's tree with its policies. Out: the SCPs in force for each account; the modules below ask of them what a scope
//! wants closed and open. A policy's name says nothing; only what it denies counts, at every level.

pub(super) mod attach;
pub(crate) mod data;
pub(super) mod effective;
pub(crate) mod everybody;
pub(crate) mod everything;
pub(super) mod gaps;
pub(super) mod management;
pub(crate) mod perimeter;
pub(super) mod public;
pub(crate) mod questions;
pub(super) mod region;
pub(super) mod scp;
pub(super) mod transport;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::principals::{Held, borrow, compile};
use crate::facts::{FactId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::decide::{Missing, PolicySet};
use crate::iam::policy::Policy;
use crate::iam::principal::Principal;
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "account",
    name: "is_management_account",
    ty: "bool",
    doc: "Whether it is its organisation's management account, which SCPs do not bind; false for an account in no organisation.",
    compute: |world, account| management(world, account).map_or_else(Value::Unknown, Value::Bool),
}];

/// The SCPs above one account.
#[derive(Debug, Clone, Default)]
pub(super) struct Above {
    /// Root first; `None` where none bind it, or none were loaded.
    pub(super) levels: Option<Vec<Vec<Arc<Held>>>>,
    /// The SCPs among them.
    scps: Vec<FactId>,
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
    /// Every SCP by itself; `Ok(None)` for one that AWS would refuse.
    policies: HashMap<FactId, Compilation>,
    none: Above,
}

type Compilation = Result<Option<Arc<Held>>, Arc<Why>>;

impl Scps {
    /// The index of this world, made at the first call.
    pub(super) fn shared(world: &World) -> Arc<Self> {
        world.memo_kept(Self::of)
    }

    fn of(world: &World) -> Self {
        let mut compiled = Compiled { world, policies: HashMap::new() };
        let loaded = world.facts.of_kind("account").iter().filter_map(|id| world.facts.get(*id)?.account.clone());
        let listed = world.facts.of_kind("organization-account").iter().filter_map(|id| Some(world.facts.get(*id)?.key.clone()));
        let numbers: BTreeSet<Arc<str>> = loaded.chain(listed).collect();
        let accounts = numbers.into_iter().map(|account| (account.clone(), compiled.above(&account))).collect();
        for scp in world.facts.of_kind("scp") {
            let _ = compiled.policy(*scp);
        }
        Self { accounts, policies: compiled.policies, none: Above::default() }
    }

    /// The accounts that an SCP binds: those below a place where it is attached, other than the management account.
    fn below(&self, scp: FactId) -> Vec<&Arc<str>> {
        let mut out: Vec<_> = self.accounts.iter().filter(|(_, above)| above.scps.contains(&scp)).map(|(a, _)| a).collect();
        out.sort_unstable();
        out
    }

    pub(super) fn above(&self, account: &str) -> &Above {
        self.accounts.get(account).unwrap_or(&self.none)
    }
}

/// SCPs compiled once, however many accounts they stand above.
struct Compiled<'w> {
    world: &'w World,
    policies: HashMap<FactId, Compilation>,
}

impl Compiled<'_> {
    /// `Ok(None)` for a policy that AWS would refuse.
    fn policy(&mut self, scp: FactId) -> Compilation {
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
            Err(why) => {
                let missing = unseen(self.world, account, PolicyType::Scp, &why);
                return Above { unknown: Some(why), missing, ..Above::default() };
            }
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
                above.scps.push(id);
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

/// Of a member of an organisation that is loaded, policies of the organisation that nobody saw are in force.
pub(super) fn unseen(world: &World, account: &str, kind: PolicyType, why: &Why) -> Vec<Missing> {
    let member = world.facts.by_key("organization-account", account, None, None).is_some();
    member.then(|| Missing { kind, why: why.text.clone() }).into_iter().collect()
}

/// Whether an account is the management account: by the organisation's tree, else by what `describe-organization` told it.
fn management(world: &World, account: FactId) -> Result<bool, Arc<Why>> {
    let number = number_of(world, account);
    let scps = Scps::shared(world);
    let above = scps.above(&number);
    let Some(why) = &above.unknown else { return Ok(above.management) };
    let facts = &world.facts;
    let own = |id: &&FactId| facts.get(**id).is_some_and(|f| f.account.as_deref() == Some(&*number));
    let told =
        facts.of_kind("organization").iter().find(own).and_then(|id| facts.text_at(*id, &["MasterAccountId"]).ok().flatten());
    told.map(|master| *master == *number).ok_or_else(|| why.clone())
}

fn number_of(world: &World, account: FactId) -> Arc<str> {
    world.facts.get(account).and_then(|f| f.account.clone()).unwrap_or_default()
}

impl Above {
    /// These SCPs around an identity policy that allows everything, so that only they decide.
    fn around<'a>(&'a self, everything: &'a Policy) -> PolicySet<'a> {
        PolicySet {
            identity: vec![everything],
            scp: self.levels.as_ref().map(|levels| borrow(levels)),
            management_account: self.management,
            missing: self.missing.clone(),
            ..PolicySet::default()
        }
    }
}

/// A role of an account that no policy knows.
fn ordinary(partition: &str, account: &str) -> Option<Principal> {
    Principal::parse(&format!("arn:{partition}:iam::{account}:role/any-role")).ok()
}

fn undecided() -> Value {
    Value::unknown(Reason::Undecided, "what the scope wants could not be made a question about policies")
}
