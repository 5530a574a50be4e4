//! What stands on the resource's side of a request, as far as it was loaded.
//!
//! In: the world and a resource. Out: its policy, the RCPs above its account, and what of these is in force and not known.
//! Never: a policy that may be there taken for absent.

use std::sync::Arc;

use super::{Held, Standing, compile};
use crate::catalog::actions;
use crate::facts::{Value, Why};
use crate::iam::PolicyType;
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::{Missing, PolicySet};
use crate::world::World;

/// What stands on the resource's side, and SCPs that are in force but not known.
#[derive(Clone, Default)]
pub(in super::super) struct Joined {
    pub(super) resource: Option<Arc<Held>>,
    pub(super) rcps: Option<Vec<Vec<Arc<Held>>>>,
    pub(super) missing: Vec<Missing>,
}

impl Joined {
    pub(super) fn of(world: &World, standing: &Standing, action: &str, resource: &str, owner: Option<&str>) -> Self {
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

    /// The same for a service, which has no policies of its own and stands under no SCP.
    pub(in super::super) fn of_service(world: &World, action: &str, resource: &str, owner: &str) -> Self {
        let mut joined = Self::default();
        match resource_policy(world, action, resource) {
            Ok(policy) => joined.resource = policy,
            Err(missing) => joined.missing.push(missing),
        }
        joined.bound_by(rcps_above(world, owner));
        joined
    }

    /// Of a resource without a policy of its own: the RCPs alone.
    pub(in super::super) fn of_limits(world: &World, owner: &str) -> Self {
        let mut joined = Self::default();
        joined.bound_by(rcps_above(world, owner));
        joined
    }

    /// The same without the resource's policy, for resources that grant nothing within their account.
    pub(in super::super) fn without_resource(world: &World, standing: &Standing, owner: &str) -> Self {
        let mut joined = Self::default();
        joined.unknown_scps(world, standing);
        joined.rcps(world, standing, owner);
        joined
    }

    pub(super) fn unknown_scps(&mut self, world: &World, standing: &Standing) {
        if let Some(why) = &crate::access::guard::Scps::shared(world).above(&standing.account).unknown {
            self.missing.push(Missing { kind: PolicyType::Scp, why: why.text.clone() });
        }
    }

    /// The RCPs above the resource's account. A policy file is in no account, so none is above it.
    fn rcps(&mut self, world: &World, standing: &Standing, owner: &str) {
        if world.facts.by_key("account", owner, None, None).is_none() && owner == &*standing.account {
            return;
        }
        self.bound_by(rcps_above(world, owner));
    }

    fn bound_by(&mut self, above: RcpsAbove) {
        self.missing.extend(above.missing);
        self.rcps = above.levels;
    }

    /// For a requester without policies of its own.
    pub(in super::super) fn alone(&self) -> PolicySet<'_> {
        PolicySet {
            resource: self.resource.as_ref().map(|held| &held.policy),
            rcp: self.rcps.as_ref().map(|levels| crate::access::principals::borrow(levels)),
            missing: self.missing.clone(),
            ..PolicySet::default()
        }
    }

    pub(in super::super) fn policies<'s>(&'s self, standing: &'s Standing) -> PolicySet<'s> {
        let mut policies = standing.policies();
        policies.resource = self.resource.as_ref().map(|held| &held.policy);
        policies.rcp = self.rcps.as_ref().map(|levels| crate::access::principals::borrow(levels));
        policies.missing.extend(self.missing.iter().cloned());
        policies
    }
}

/// The RCPs above an account.
pub(super) struct RcpsAbove {
    /// Root first; `None` where none bind it, or none were loaded.
    pub(super) levels: Option<Vec<Vec<Arc<Held>>>>,
    /// Those that are in force and not known.
    pub(super) missing: Vec<Missing>,
}

/// The RCPs above the account that owns a resource.
pub(super) fn rcps_above(world: &World, owner: &str) -> RcpsAbove {
    let mut missing = Vec::new();
    let mut miss = |why: &Arc<Why>| missing.push(Missing { kind: PolicyType::Rcp, why: why.text.clone() });
    let path = match world.facts.path_of(owner) {
        Ok(path) => path,
        Err(why) => {
            miss(&why);
            return RcpsAbove { levels: None, missing };
        }
    };
    if path.levels.is_empty() || path.management || path.rcps_enabled == Some(false) {
        return RcpsAbove { levels: None, missing };
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
    RcpsAbove { levels: Some(levels), missing }
}

/// The account of a resource that was loaded, which its ARN may not tell (a bucket's does not).
pub(super) fn owner(world: &World, resource: &str) -> Option<Arc<str>> {
    let bucket = || resource.starts_with("arn:").then(|| resource.split('/').next()).flatten();
    let id = world.facts.by_id(resource).or_else(|| world.facts.by_id(bucket()?))?;
    // A foundation model is AWS's; what was loaded is an account's list of them.
    world.facts.get(id).filter(|fact| fact.kind.name != "foundation-model")?.account.clone()
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
        ("secretsmanager", Some(arn)) if arn.resource.starts_with("secret:") => {
            own(PolicyType::Resource, resource, &["resource_policy"])
        }
        ("bedrock" | "bedrock-agentcore", Some(arn)) => {
            let kind = arn.resource.split('/').next().unwrap_or_default();
            let carriers = actions::find(&format!("{service}:PutResourcePolicy")).map_or(&[][..], |known| &known.resources);
            if carriers.contains(&kind) && world.facts.by_id(resource).is_some() {
                return own(PolicyType::Resource, resource, &["resource_policy"]);
            }
            if carriers.contains(&kind) {
                return miss(PolicyType::Resource, format!("whether `{resource}` has a policy of its own was not loaded"));
            }
            Ok(None)
        }
        ("bedrock-mantle" | "bedrock-websearch" | "aws-external-anthropic" | "iam" | "organizations", _) => Ok(None),
        _ => miss(PolicyType::Resource, format!("whether `{resource}` has a policy of its own was not loaded")),
    }
}
