//! Edges "may become": from principals, services, identity providers and strangers to roles, within and across accounts.
//!
//! In: every role's trust policy. Out: a graph, made once. Candidates come from the names in the trust policies; a delegation to an
//! account considers only those of its principals whose own policies may grant `sts:AssumeRole` on the role. Each candidate is then
//! decided. Never: silence where a trust policy, or a caller's policy, was not loaded: such an edge is there with its reason.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::super::ask::{Answer, Witness};
use super::super::principals::{Principals, mark_node};
use super::trust::{ASSUME, Caller, FEDERATED, Name, Trusting, Trusts, may_assume};
use crate::facts::{FactId, NodeId, Reason, Why};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::tree::Mark;
use crate::world::{World, spread};

/// Who may become a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum From {
    /// A loaded role or user.
    Principal(FactId),
    /// A principal that was not loaded, by its ARN; or a whole account that was not, by its id.
    Outside(Arc<str>),
    /// Anybody with AWS credentials.
    Anyone,
    /// An AWS service.
    Service(Arc<str>),
    /// Whom an identity provider vouches for.
    Federated(Arc<str>),
}

/// By what part of the trust policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It names the principal.
    Named,
    /// It names the principal's account, and the principal's own policies allow it.
    Account,
    /// It names everybody.
    Anyone,
    /// It names a service.
    Service,
    /// It names an identity provider.
    Federated,
}

impl How {
    /// One word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Account => "account",
            Self::Anyone => "anyone",
            Self::Service => "service",
            Self::Federated => "federated",
        }
    }
}

/// One edge to a role.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Who.
    pub from: From,
    /// The role.
    pub role: FactId,
    /// By what.
    pub how: How,
    /// The request that goes through; the reason, where it is not known whether one does.
    pub shown: Result<String, Arc<Why>>,
    /// What lets it through: the name in the trust policy, then the caller's own statement.
    pub at: Vec<NodeId>,
}

/// All edges of a world; those that lead to a role are found at the first question about it.
#[derive(Debug)]
pub struct Graph<'w> {
    world: &'w World,
    index: Arc<Index>,
}

/// The edges that lead to a role, or why they are not known.
type Found = Result<Vec<Edge>, Arc<Why>>;

#[derive(Debug)]
struct Index {
    members: Members,
    into: HashMap<FactId, OnceLock<Found>>,
    whole: OnceLock<Whole>,
}

/// What only a look at every role tells.
#[derive(Debug, Default)]
struct Whole {
    /// The roles that edges lead to from a principal, each with the edge's place among the role's.
    out: HashMap<FactId, Vec<(FactId, usize)>>,
    /// Roles whose trust policy is not known.
    unknown: Vec<(FactId, Arc<Why>)>,
}

impl<'w> Graph<'w> {
    /// The graph of this world.
    pub fn of(world: &'w World) -> Self {
        let make = |world: &World| Index {
            members: Members::of(world),
            into: world.facts.of_kind("iam-role").iter().map(|role| (*role, OnceLock::new())).collect(),
            whole: OnceLock::new(),
        };
        Self { world, index: world.memo(make) }
    }

    fn into(&self, role: FactId) -> Option<&Result<Vec<Edge>, Arc<Why>>> {
        Some(self.index.into.get(&role)?.get_or_init(|| Finder::new(self.world, &self.index.members).edges(role)))
    }

    fn whole(&self) -> &Whole {
        self.index.whole.get_or_init(|| {
            let roles = self.world.facts.of_kind("iam-role");
            spread(roles, |role| self.into(*role).is_some());
            let mut whole = Whole::default();
            for role in roles {
                match self.into(*role) {
                    Some(Ok(edges)) => {
                        for (at, edge) in edges.iter().enumerate() {
                            if let From::Principal(from) = edge.from {
                                whole.out.entry(from).or_default().push((*role, at));
                            }
                        }
                    }
                    Some(Err(why)) => whole.unknown.push((*role, why.clone())),
                    None => {}
                }
            }
            whole
        })
    }

    /// The edges that lead to a role.
    pub fn edges_into(&self, role: FactId) -> impl Iterator<Item = &Edge> {
        self.into(role).into_iter().flatten().flatten()
    }

    /// The edges that lead from a principal.
    pub fn edges_from(&self, principal: FactId) -> impl Iterator<Item = &Edge> {
        let found = self.whole().out.get(&principal).into_iter().flatten();
        found.filter_map(|(role, at)| self.into(*role)?.as_ref().ok()?.get(*at))
    }

    /// Why it is not known who may become this role.
    pub fn unknown_trust(&self, role: FactId) -> Option<Arc<Why>> {
        self.into(role)?.as_ref().err().cloned()
    }

    /// Roles whose trust policy is not known, each with the reason.
    pub fn unknown_roles(&self) -> &[(FactId, Arc<Why>)] {
        &self.whole().unknown
    }
}

/// Principals by account.
#[derive(Debug)]
struct Members {
    /// Those of each loaded account.
    of_account: HashMap<Arc<str>, Vec<FactId>>,
    /// Roles by account and name, for sessions.
    roles: HashMap<(Arc<str>, Arc<str>), FactId>,
}

impl Members {
    fn of(world: &World) -> Self {
        let mut out = Self { of_account: HashMap::new(), roles: HashMap::new() };
        for id in ["iam-role", "iam-user"].iter().flat_map(|kind| world.facts.of_kind(kind)) {
            let Some(fact) = world.facts.get(*id) else { continue };
            let Some(account) = fact.account.clone() else { continue };
            out.of_account.entry(account.clone()).or_default().push(*id);
            if fact.kind.name == "iam-role" {
                out.roles.insert((account, fact.name.clone()), *id);
            }
        }
        out
    }
}

/// Finds the candidates of a role and decides them.
struct Finder<'w> {
    world: &'w World,
    principals: Principals<'w>,
    trusts: Trusts<'w>,
    members: &'w Members,
}

/// Beyond this many candidates of one role the rest is not asked about.
const MAX_CANDIDATES: usize = 20_000;

impl<'w> Finder<'w> {
    fn new(world: &'w World, members: &'w Members) -> Self {
        Self { world, principals: Principals::of(world), trusts: Trusts::of(world), members }
    }

    fn edges(&self, role: FactId) -> Result<Vec<Edge>, Arc<Why>> {
        let trusts = self.trusts.get(role)?;
        let mut out = Vec::new();
        let mut asked: BTreeSet<FactId> = BTreeSet::new();
        for (name, mark) in trusts.names(&[ASSUME]) {
            match &name {
                Name::Anyone => {
                    out.extend(self.foreign(trusts, role, From::Anyone, &name, mark));
                    self.ask_all(trusts, role, self.anybody(trusts), &mut asked, &mut out);
                }
                Name::Account(account) => match self.members.of_account.get(&**account) {
                    Some(members) => {
                        let may = members.iter().copied().filter(|id| self.may_assume(*id, trusts)).collect();
                        self.ask_all(trusts, role, may, &mut asked, &mut out);
                    }
                    None => out.extend(self.foreign(trusts, role, From::Outside((**account).into()), &name, mark)),
                },
                Name::Principal(arn) | Name::Session(arn) => match self.loaded(&name, arn) {
                    Some(id) => self.ask_all(trusts, role, vec![id], &mut asked, &mut out),
                    None => out.extend(self.foreign(trusts, role, From::Outside((**arn).into()), &name, mark)),
                },
                Name::Service(service) => {
                    out.extend(self.foreign(trusts, role, From::Service((**service).into()), &name, mark));
                }
                Name::Unreadable => {
                    let why = Why::new(Reason::Unresolved, "a name in its trust policy cannot be read");
                    out.push(Edge { from: From::Anyone, role, how: How::Named, shown: Err(why), at: self.place(trusts, mark) });
                }
                Name::Federated(_) => {}
            }
        }
        for (name, mark) in trusts.names(&FEDERATED) {
            if let Name::Federated(provider) = &name {
                out.extend(self.foreign(trusts, role, From::Federated((**provider).into()), &name, mark));
            }
        }
        Ok(merged(out))
    }

    /// Everybody in the role's account, whom the name alone lets in, and those elsewhere whose own policies may.
    fn anybody(&self, trusts: &Trusting) -> Vec<FactId> {
        let all = self.members.of_account.iter().flat_map(|(account, ids)| ids.iter().map(move |id| (account, *id)));
        let may = all.filter(|(account, id)| **account == trusts.account || self.may_assume(*id, trusts)).map(|(_, id)| id);
        let mut may: Vec<FactId> = may.collect();
        may.sort_unstable();
        may
    }

    fn may_assume(&self, principal: FactId, trusts: &Trusting) -> bool {
        self.principals.get(principal).is_some_and(|standing| may_assume(standing, &trusts.arn))
    }

    /// The loaded principal that a name means.
    fn loaded(&self, name: &Name, arn: &str) -> Option<FactId> {
        if matches!(name, Name::Session(_)) {
            let Ok(Principal::Role { account, name, .. }) = Principal::parse(arn) else { return None };
            return self.members.roles.get(&((*account).into(), (*name).into())).copied();
        }
        self.world.facts.by_id(arn)
    }

    /// Asks each candidate once.
    fn ask_all(&self, trusts: &Trusting, role: FactId, ids: Vec<FactId>, asked: &mut BTreeSet<FactId>, out: &mut Vec<Edge>) {
        for id in ids {
            if id == role || !asked.insert(id) {
                continue;
            }
            if asked.len() > MAX_CANDIDATES {
                let why = Why::new(Reason::Undecided, "more principals may become the role than are asked about");
                out.push(Edge { from: From::Principal(id), role, how: How::Account, shown: Err(why), at: Vec::new() });
                return;
            }
            out.extend(self.ask(trusts, role, id));
        }
    }

    fn ask(&self, trusts: &Trusting, role: FactId, id: FactId) -> Option<Edge> {
        let standing = self.principals.get(id)?;
        let sessions = trusts.names(&[ASSUME]).into_iter().filter_map(|(name, _)| match name {
            Name::Session(arn) => session_of(&standing.who, &arn),
            _ => None,
        });
        let mut doubt = None;
        for who in std::iter::once(standing.who.clone()).chain(sessions) {
            let caller = Caller::Loaded(standing, who);
            match trusts.admits(self.world, &caller, ASSUME, Context::open()) {
                Answer::Yes(witness) => return Some(self.edge(trusts, role, From::Principal(id), &witness)),
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
        let how = How::Account;
        doubt.map(|why| Edge { from: From::Principal(id), role, how, shown: Err(why), at: Vec::new() })
    }

    /// An edge from somebody whose own policies are not known, or who has none.
    fn foreign(&self, trusts: &Trusting, role: FactId, from: From, name: &Name, mark: Mark) -> Option<Edge> {
        let who = match name {
            Name::Anyone => Principal::parse(STRANGER).ok()?,
            Name::Account(account) => Principal::Account { account: account.clone() },
            Name::Service(name) => Principal::Service { name: name.clone() },
            Name::Federated(provider) => Principal::Federated { provider: provider.clone() },
            Name::Principal(arn) | Name::Session(arn) => Principal::parse(arn).ok()?,
            Name::Unreadable => return None,
        };
        let actions: &[&str] = if matches!(name, Name::Federated(_)) { &FEDERATED } else { &[ASSUME] };
        let how = how_of(name);
        let mut doubt = None;
        for action in actions {
            match trusts.admits(self.world, &Caller::Foreign(who.clone()), action, Context::open()) {
                Answer::Yes(witness) => {
                    return Some(Edge { from, role, how, shown: Ok(witness.line()), at: self.place(trusts, mark) });
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                Answer::No => {}
            }
        }
        doubt.map(|why| Edge { from, role, how, shown: Err(why), at: self.place(trusts, mark) })
    }

    fn place(&self, trusts: &Trusting, mark: Mark) -> Vec<NodeId> {
        trusts.policy.iter().filter_map(|held| mark_node(&held.policy, mark)).collect()
    }

    /// The edge that a witness shows, by the statement of the trust policy that let it through.
    fn edge(&self, trusts: &Trusting, role: FactId, from: From, witness: &Witness) -> Edge {
        let of_trust = trusts.policy.as_ref().and_then(|held| {
            let sites = held.policy.statements.iter().map(|s| (s, mark_node(&held.policy, s.mark)));
            let letting = sites.into_iter().find(|(_, node)| node.is_some_and(|n| witness.allowed_by.contains(&n)));
            letting.map(|(statement, node)| (held, statement, node))
        });
        let (arn, account) = match from {
            From::Principal(id) => {
                let fact = self.world.facts.get(id);
                (fact.map(|f| f.id.clone()).unwrap_or_default(), fact.and_then(|f| f.account.clone()).unwrap_or_default())
            }
            _ => Default::default(),
        };
        let mut how = How::Named;
        let mut at = Vec::new();
        if let Some((held, statement, node)) = of_trust {
            let entries = statement.principal.iter().filter(|m| !m.negated).flat_map(|m| &m.entries);
            let rank = |text: &str| match text {
                text if text == &*arn => Some((0, How::Named)),
                "*" => Some((2, How::Anyone)),
                text if text == &*account || text.ends_with(&format!("::{account}:root")) => Some((1, How::Account)),
                text if text.contains(":assumed-role/") => Some((3, How::Named)),
                _ => None,
            };
            let best = entries.filter_map(|e| rank(&e.text).map(|(order, how)| (order, how, e.mark))).min_by_key(|b| b.0);
            how = best.map_or(How::Anyone, |(_, how, _)| how);
            at.extend(best.and_then(|(_, _, mark)| mark_node(&held.policy, mark)).or(node));
        }
        let trust_doc = at.first().copied();
        at.extend(
            witness.allowed_by.iter().copied().filter(|node| !self.is_trust_statement(trusts, *node) && Some(*node) != trust_doc),
        );
        Edge { from, role, how, shown: Ok(witness.line()), at }
    }

    fn is_trust_statement(&self, trusts: &Trusting, node: NodeId) -> bool {
        let policy = trusts.policy.iter().map(|held| &held.policy);
        policy.into_iter().any(|policy| policy.statements.iter().any(|s| mark_node(policy, s.mark) == Some(node)))
    }
}

/// Stands for everybody that nobody thought of.
pub(super) const STRANGER: &str = "arn:aws:iam::999999999999:role/stranger";

fn how_of(name: &Name) -> How {
    match name {
        Name::Anyone => How::Anyone,
        Name::Account(_) => How::Account,
        Name::Service(_) => How::Service,
        Name::Federated(_) => How::Federated,
        Name::Principal(_) | Name::Session(_) | Name::Unreadable => How::Named,
    }
}

/// The principal as the session of this ARN, if it is one of its sessions.
fn session_of(who: &Principal, arn: &str) -> Option<Principal> {
    let Principal::Role { role, account, name, .. } = who else { return None };
    let Ok(Principal::Role { account: of, name: named, .. }) = Principal::parse(arn) else { return None };
    let session = Some(arn.into());
    (of == *account && named == *name).then(|| Principal::Role { role: role.clone(), account: of, name: named, session })
}

/// One edge for each caller: a sure one rather than an unknown one.
fn merged(edges: Vec<Edge>) -> Vec<Edge> {
    let mut out: Vec<Edge> = Vec::new();
    for edge in edges {
        match out.iter_mut().find(|known| known.from == edge.from) {
            Some(known) if known.shown.is_err() && edge.shown.is_ok() => *known = edge,
            Some(_) => {}
            None => out.push(edge),
        }
    }
    out
}
