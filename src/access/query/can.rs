//! One request of one principal, decided.
//!
//! In: the world, a principal, an action, a resource and as much of the context as is known. Out: the decision with the statement of
//! each policy type that made it. Never: an allow past a policy that is in force but was not loaded.

use super::joined::owner;
use super::{Joined, Place, Principals, Standing, node_of, place};
use crate::facts::FactId;
use crate::iam::decide::{Decision, Exception, Missing, Outcome, PolicySet, Said, decide};
use crate::iam::request::{Context, Request};
use crate::iam::{Hinge, PolicyType};
use crate::world::World;

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
