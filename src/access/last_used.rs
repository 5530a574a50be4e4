//! Last use: when a role was last seen to use Bedrock.
//!
//! `RoleLastUsed` speaks of any service, service-last-accessed of each service prefix; IAM keeps no
//! action-level data for Bedrock. A Bedrock date, where there is one, is the answer; without the service
//! report the role's own last use is an upper bound on recency: a role unused for 200 days has not used
//! Bedrock for 200 days either, but a role used yesterday may have used anything.

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{FactId, Reason, Value, Why};
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[
    Derived {
        kind: "iam-role",
        name: "last_used_days",
        ty: "int",
        doc: "Whole days since the role was last seen to use a Bedrock service, or since its creation when it never was.",
        compute: |world, role| last_use(world, role).map_or_else(Value::Unknown, |u| Value::Int(u.days)),
    },
    Derived {
        kind: "iam-role",
        name: "ever_used",
        ty: "bool",
        doc: "Whether the role was ever seen to use a Bedrock service within the tracking period.",
        compute: |world, role| last_use(world, role).map_or_else(Value::Unknown, |u| Value::Bool(u.ever)),
    },
    Derived {
        kind: "iam-role",
        name: "is_service_linked",
        ty: "bool",
        doc: "Whether it is a service-linked role, which AWS manages and SCPs do not bind.",
        compute: |world, role| Value::Bool(is_service_linked(world, role)),
    },
];

/// IAM service namespaces of the Bedrock family.
const NAMESPACES: [&str; 4] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "aws-external-anthropic"];

pub(super) struct LastUse {
    pub(super) days: i64,
    ever: bool,
}

/// Service-linked roles live below one path that nobody else may use.
pub(super) fn is_service_linked(world: &World, role: FactId) -> bool {
    world.facts.get(role).is_some_and(|f| f.id.contains(":role/aws-service-role/"))
}

pub(super) fn days_since(world: &World, then: Timestamp) -> i64 {
    world.now.duration_since(then).as_hours() / 24
}

pub(super) fn parse(text: &str) -> Result<Timestamp, Arc<Why>> {
    text.parse().map_err(|_| Why::new(Reason::Failed, format!("`{text}` is not a time that can be read")))
}

pub(super) fn last_use(world: &World, role: FactId) -> Result<LastUse, Arc<Why>> {
    let facts = &world.facts;
    let created = facts.text_at(role, &["CreateDate"])?;
    let since_creation = match &created {
        Some(text) => Some(days_since(world, parse(text)?)),
        None => None,
    };
    match service_date(world, role) {
        Ok(Some(date)) => Ok(LastUse { days: days_since(world, date), ever: true }),
        Ok(None) => {
            let days = since_creation.ok_or_else(|| Why::new(Reason::MissingField, "the role's `CreateDate` is missing"))?;
            Ok(LastUse { days, ever: false })
        }
        Err(why) => by_role(world, role, since_creation, why),
    }
}

/// Without service-last-accessed data: only a role that itself was idle long enough can be decided.
fn by_role(world: &World, role: FactId, created: Option<i64>, why: Arc<Why>) -> Result<LastUse, Arc<Why>> {
    let window = i64::from(world.scope_of(role).unused_after_days);
    let date = world.facts.text_at(role, &["RoleLastUsed", "LastUsedDate"])?;
    let use_ = match date {
        Some(date) => LastUse { days: days_since(world, parse(&date)?), ever: true },
        None => LastUse { days: created.ok_or_else(|| why.clone())?, ever: false },
    };
    // A young role that was never used passes whatever the services say; an old idle one fails.
    if use_.days >= window || !use_.ever { Ok(use_) } else { Err(why) }
}

/// The latest use of a Bedrock service in the service-last-accessed report; `None`: never in the tracking period.
fn service_date(world: &World, role: FactId) -> Result<Option<Timestamp>, Arc<Why>> {
    let facts = &world.facts;
    let services = facts.list_in(&Value::Fact(role), &["last_accessed", "ServicesLastAccessed"])?;
    if services.is_empty() {
        return Err(Why::new(
            Reason::NotCollected,
            "`iam get-service-last-accessed-details` of the role lists no services, so its use of Bedrock is not known",
        ));
    }
    let mut latest = None;
    for service in services {
        let namespace = facts.text_in(&service, &["ServiceNamespace"])?.unwrap_or_default();
        if !NAMESPACES.contains(&namespace.as_str()) {
            continue;
        }
        if let Some(text) = facts.text_in(&service, &["LastAuthenticated"])? {
            latest = latest.max(Some(parse(&text)?));
        }
    }
    Ok(latest)
}
