//! The RCPs above each account, compiled once.
//!
//! In: the organisation's tree. Out: for an account its levels, root first, and the policies that are in force but not known.
//! An account of which no organisation was loaded has none: that leaves a grant standing, it never makes one.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::guard::unseen;
use super::super::principals::{Held, borrow, compile};
use crate::facts::{FactId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::decide::{Missing, PolicySet};
use crate::world::World;

/// What stands above one account.
#[derive(Debug, Default)]
struct Above {
    levels: Option<Vec<Vec<Arc<Held>>>>,
    missing: Vec<Missing>,
}

/// The RCPs above every loaded account.
#[derive(Debug, Default)]
pub(in super::super) struct Rcps {
    accounts: HashMap<Arc<str>, Above>,
}

impl Rcps {
    /// The index of this world, made at the first call.
    pub(in super::super) fn of(world: &World) -> Arc<Self> {
        world.memo_kept(|world| {
            let mut compiled = HashMap::new();
            let accounts = world.facts.of_kind("account").iter().filter_map(|id| world.facts.get(*id)?.account.clone());
            Self { accounts: accounts.map(|account| (account.clone(), above(world, &mut compiled, &account))).collect() }
        })
    }

    /// The same policies with the RCPs above the account that owns the resource.
    pub(in super::super) fn join<'a>(&'a self, policies: &mut PolicySet<'a>, account: &str) {
        if let Some(above) = self.accounts.get(account) {
            policies.rcp = above.levels.as_ref().map(|levels| borrow(levels));
            policies.missing.extend(above.missing.iter().cloned());
        }
    }
}

fn above(world: &World, compiled: &mut HashMap<FactId, Option<Arc<Held>>>, account: &str) -> Above {
    let path = match world.facts.path_of(account) {
        Ok(path) => path,
        Err(why) => return Above { missing: unseen(world, account, PolicyType::Rcp, &why), ..Above::default() },
    };
    if path.management || path.levels.is_empty() || path.rcps_enabled == Some(false) {
        return Above::default();
    }
    let mut above = Above::default();
    let mut levels = Vec::new();
    for level in path.levels {
        let mut unknown = level.rcps.unknown;
        let mut policies = Vec::new();
        for id in level.rcps.known {
            match world.facts.field(id, "Content") {
                Ok(Some(Value::Node(node))) => {
                    let name = world.facts.get(id).map(|f| f.name.clone()).unwrap_or_default();
                    let held = compiled.entry(id).or_insert_with(|| compile(world, node, &name, PolicyType::Rcp));
                    policies.extend(held.clone());
                }
                Ok(_) => unknown.push(Why::new(Reason::MissingField, "the content of an RCP is missing")),
                Err(why) => unknown.push(why),
            }
        }
        above.missing.extend(unknown.into_iter().map(|why| Missing { kind: PolicyType::Rcp, why: why.text.clone() }));
        levels.push(policies);
    }
    above.levels = Some(levels);
    above
}
