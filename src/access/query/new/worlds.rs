//! Two worlds compared, subject by subject.
//!
//! In: two worlds, each with the folder that it was loaded from. Out: every principal, every policy of a file, every policy that a
//! resource carries and the RCPs of every account, matched by ARN or by path, of which something differs. What is the same on
//! both sides is counted and asked nothing. Never: a subject that stands on one side only left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::frame::Frame;
use super::policies::compare as compare_policies;
use super::principals::{Side, compare as compare_principals};
use super::{Comparison, Entry, FRAME, Status, Subject, Whole, rcps};
use crate::access::guard::Scps;
use crate::access::principals::{Held, KINDS, Principals, compile};
use crate::facts::{FactId, Reason, Value};
use crate::iam::PolicyType;
use crate::world::World;

/// One side.
#[derive(Clone, Copy)]
pub struct Sided<'a> {
    /// What was loaded.
    pub world: &'a World,
    /// What the names of its files begin with, to be left out where files are matched; a policy of its own matches any.
    pub root: &'a str,
}

/// Compares two sides.
pub fn compare(old: Sided<'_>, new: Sided<'_>) -> Whole {
    let mut out = Whole::default();
    principals(old, new, &mut out);
    any_roles(old, new, &mut out);
    rcps::compare(old, new, &mut out);
    policies(old, new, &mut out);
    out.entries.sort_by(|a, b| a.subject.key().cmp(&b.subject.key()));
    out
}

impl Subject {
    /// The order of reports: principals before policies, each by name.
    fn key(&self) -> (u8, &str) {
        match self {
            Self::Principal(name) => (0, name),
            Self::AnyRole(name) => (1, name),
            Self::Resources(accounts) => (2, accounts.first().map_or("", String::as_str)),
            Self::Policy(name, _) => (3, name),
        }
    }
}

impl Whole {
    pub(super) fn add(&mut self, subject: Subject, status: Status, comparison: Option<Comparison>) {
        match comparison {
            None if status == Status::Changed => self.same += 1,
            comparison => self.entries.push(Entry { subject, status, comparison: comparison.unwrap_or_default() }),
        }
    }
}

/// What stands on which side.
fn status<T>(old: Option<T>, new: Option<T>) -> Status {
    match (old.is_some(), new.is_some()) {
        (false, _) => Status::Added,
        (true, true) => Status::Changed,
        (true, false) => Status::Removed,
    }
}

/// Both sides' values by key.
fn paired<T: Copy>(old: BTreeMap<String, T>, new: BTreeMap<String, T>) -> Vec<(String, Option<T>, Option<T>)> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    keys.into_iter().map(|key| (key.clone(), old.get(key).copied(), new.get(key).copied())).collect()
}

fn principals(old: Sided<'_>, new: Sided<'_>, out: &mut Whole) {
    let (old_index, new_index) = (Principals::of(old.world), Principals::of(new.world));
    let all = |world: &World| -> BTreeMap<String, FactId> {
        let real = KINDS.iter().filter(|kind| **kind != "policy-file-principal");
        let ids = real.flat_map(|kind| world.facts.of_kind(kind)).copied();
        ids.filter_map(|id| Some((world.facts.get(id)?.id.to_string(), id))).collect()
    };
    let compared: Vec<(String, Status, Option<Comparison>)> = paired(all(old.world), all(new.world))
        .into_par_iter()
        .map(|(arn, before, after)| {
            let before_side = before.and_then(|id| old_index.get(id)).map(|standing| Side::of(old.world, standing));
            let after_side = after.and_then(|id| new_index.get(id)).map(|standing| Side::of(new.world, standing));
            let compared = after_side.as_ref().and_then(|after| compare_principals(before_side.as_ref(), after));
            (arn, status(before, after), compared)
        })
        .collect();
    for (arn, status, compared) in compared {
        out.add(Subject::Principal(arn), status, compared);
    }
}

/// Accounts of which no principal was loaded: what their SCPs leave to any role.
fn any_roles(old: Sided<'_>, new: Sided<'_>, out: &mut Whole) {
    let Some(everything) = Frame::new(PolicyType::Identity, &[]).map(|frame| frame.everything) else { return };
    let everything = Arc::new(Held { name: "everything".into(), policy: everything.with_source(FRAME) });
    let bound = |world: &World| -> BTreeMap<String, ()> {
        let scps = Scps::shared(world);
        let accounts = rcps::accounts(world).into_iter();
        accounts.filter(|account| scps.above(account).levels.is_some()).map(|account| (account.to_string(), ())).collect()
    };
    let with_principals: BTreeSet<Arc<str>> = [old.world, new.world]
        .into_iter()
        .flat_map(|world| {
            KINDS.iter().flat_map(|kind| world.facts.of_kind(kind)).filter_map(|id| world.facts.get(*id)?.account.clone())
        })
        .collect();
    for (account, before, after) in paired(bound(old.world), bound(new.world)) {
        let (Some(()), Some(())) = (before, after) else { continue };
        if with_principals.contains(account.as_str()) {
            continue;
        }
        let sides = (Side::any_role(old.world, &account, &everything), Side::any_role(new.world, &account, &everything));
        if let (Some(before), Some(after)) = sides {
            out.add(Subject::AnyRole(account), Status::Changed, compare_principals(Some(&before), &after));
        }
    }
}

/// A policy and what it is; the error says why it is not known.
type Found = Result<Option<Arc<Held>>, String>;

/// Kinds of fact that carry a policy: where it stands, and what it is.
const CARRIERS: [(&str, &str, PolicyType); 10] = [
    ("iam-role", "AssumeRolePolicyDocument", PolicyType::Trust),
    ("kms-key", "policy", PolicyType::Key),
    ("s3-bucket", "policy", PolicyType::Resource),
    ("lambda-function", "resource_policy", PolicyType::Resource),
    ("vpc-endpoint", "PolicyDocument", PolicyType::Endpoint),
    ("guardrail", "resource_policy", PolicyType::Resource),
    ("knowledge-base", "resource_policy", PolicyType::Resource),
    ("custom-model", "resource_policy", PolicyType::Resource),
    ("agentcore-runtime", "resource_policy", PolicyType::Resource),
    ("agentcore-gateway", "resource_policy", PolicyType::Resource),
];

/// A policy to compare: what it is, where it stands on both sides, and in which field of its fact.
type Job<'j> = (Subject, PolicyType, Option<FactId>, Option<FactId>, &'j str);

fn policies(old: Sided<'_>, new: Sided<'_>, out: &mut Whole) {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (kind, field, policy_type) in CARRIERS {
        let all = |world: &World| -> BTreeMap<String, FactId> {
            let ids = world.facts.of_kind(kind).iter().copied();
            ids.filter_map(|id| Some((world.facts.get(id)?.id.to_string(), id))).collect()
        };
        for (id, before, after) in paired(all(old.world), all(new.world)) {
            jobs.push((Subject::Policy(id, policy_type), policy_type, before, after, field));
        }
    }
    for (name, policy_type, before, after) in files(old, new) {
        jobs.push((Subject::Policy(name, policy_type), policy_type, before, after, ""));
    }
    let compared: Vec<_> = jobs
        .into_par_iter()
        .map(|(subject, kind, before, after, field)| {
            let read = |side: Sided<'_>, id: Option<FactId>| id.map_or(Ok(None), |id| policy_of(side.world, id, field, kind));
            let (old_policy, new_policy) = (read(old, before), read(new, after));
            (subject, status(before, after), one(kind, old, old_policy, new, new_policy, after.is_none() && !field.is_empty()))
        })
        .collect();
    for (subject, status, comparison) in compared {
        // What a new resource carries is no news where it carries nothing.
        if status != Status::Changed && comparison.is_none() {
            continue;
        }
        out.add(subject, status, comparison);
    }
}

/// Compares one policy.
fn one(kind: PolicyType, old: Sided<'_>, old_policy: Found, new: Sided<'_>, new_policy: Found, gone: bool) -> Option<Comparison> {
    match (old_policy, new_policy) {
        // Not known on either side, for the same reason: taken to be the same.
        (Err(old), Err(new)) if old == new => None,
        (_, Err(why)) | (Err(why), _) => Some(Comparison::undecided(&why)),
        // A resource that is gone leaves nothing to ask; a policy that is gone does.
        (Ok(Some(_)), Ok(None)) if gone => Some(Comparison::default()),
        (Ok(None), Ok(None)) => None,
        (Ok(before), Ok(after)) => compare_policies(kind, (old.world, before.as_ref()), (new.world, after.as_ref())),
    }
}

/// A fact's policy.
fn policy_of(world: &World, id: FactId, field: &str, kind: PolicyType) -> Found {
    let Some(fact) = world.facts.get(id) else { return Ok(None) };
    let node = if field.is_empty() {
        fact.node
    } else {
        match world.facts.at(&Value::Fact(id), &[field]) {
            Ok(Some(Value::Node(node))) => node,
            Ok(_) => return Ok(None),
            Err(why) if why.reason == Reason::NotCollected => return Err("its policy was not collected".to_owned()),
            Err(why) => return Err(why.text.clone()),
        }
    };
    let name = fact.name.clone();
    compile(world, node, &name, kind).map(Some).ok_or_else(|| format!("AWS would refuse the policy of `{name}`"))
}

/// The policy files of both sides, matched by their path below the root; one on each side are a pair whatever they are called.
fn files(old: Sided<'_>, new: Sided<'_>) -> Vec<(String, PolicyType, Option<FactId>, Option<FactId>)> {
    let all = |side: Sided<'_>| -> BTreeMap<String, (PolicyType, FactId)> {
        let mut out = BTreeMap::new();
        for kind in PolicyType::ALL {
            for id in side.world.facts.of_kind(crate::facts::kinds::policy_file_kind(kind)) {
                let Some(fact) = side.world.facts.get(*id) else { continue };
                let path = fact.id.strip_prefix(side.root).unwrap_or(&fact.id).trim_start_matches(['/', '\\']);
                let path = if path.is_empty() { &*fact.name } else { path };
                out.insert(path.to_owned(), (kind, *id));
            }
        }
        out
    };
    let (before, after) = (all(old), all(new));
    if let (Some((_, (kind, old_id))), Some((name, (new_kind, new_id))), 1, 1) =
        (before.first_key_value(), after.first_key_value(), before.len(), after.len())
        && kind == new_kind
    {
        return vec![(name.clone(), *kind, Some(*old_id), Some(*new_id))];
    }
    let mut out = Vec::new();
    for (name, old, new) in paired(before, after) {
        match (old, new) {
            (Some((a, old)), Some((b, new))) if a == b => out.push((name, a, Some(old), Some(new))),
            (old, new) => {
                out.extend(old.map(|(kind, id)| (name.clone(), kind, Some(id), None)));
                out.extend(new.map(|(kind, id)| (name.clone(), kind, None, Some(id))));
            }
        }
    }
    out
}
