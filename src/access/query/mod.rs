//! Questions about principals as a person asks them: may it do this, who may, what is new.
//!
//! In: the world and a question. Out: decisions with the statements that made them; for "who" and "new" an allowed request, the proof
//! that there is none, or the reason why it is not known. Here is what the questions share: principals by name, and the place of a
//! statement. Never: an allow past a policy that is in force but was not loaded; that is conditional.

mod among;
mod can;
mod joined;
mod named;
pub mod new;
mod region;
mod who;

pub use among::{Able, Among, Asked, among, among_where};
pub use can::{Line, Verdict, can};
pub use named::{Granted, NamedAble, granted, named};
pub use who::{Who, who_can};

use super::principals::{Held, KINDS, Principals, Standing, compile, node_of};
use crate::facts::{FactId, NodeId};
use crate::iam::arn::Arn;
use crate::iam::policy::{Policy, Site, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::World;
pub(super) use joined::Joined;

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
