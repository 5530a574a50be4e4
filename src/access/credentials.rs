//! Passwords and access keys of IAM users, as the credential report tells of them.
//!
//! In: a user's row of the report. Out: the credentials that were not used for longer than the scope allows, and the active keys that
//! are too old. A credential that was never used counts from the day it was made. Never: a report that was not collected taken for a
//! user without credentials. Source: IAM user guide, "Understand the report format".

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One credential.
pub(super) const CREDENTIAL: ObjectType = ObjectType {
    name: "credential",
    fields: &[
        ("what", "string", "`password`, `access key 1` or `access key 2`"),
        ("days", "int", "whole days since it was last used or, where `ever_used` is false, made"),
        ("ever_used", "bool", "whether it was ever used"),
        ("age_days", "int", "whole days since it was made or last changed"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "iam-user",
    name: "active_credentials",
    ty: "list<object:credential>",
    doc: "The user's password and access keys that are active, each with its age and last use, from the credential report; unknown where the report or the user's row was not collected.",
    compute: |world, user| active(world, user).map_or_else(Value::Unknown, Value::list),
}];

/// Names of columns: whether it is active, when it was last used, when it was made.
const COLUMNS: [(&str, &str, &str, &str); 3] = [
    ("password", "password_enabled", "password_last_used", "password_last_changed"),
    ("access key 1", "access_key_1_active", "access_key_1_last_used_date", "access_key_1_last_rotated"),
    ("access key 2", "access_key_2_active", "access_key_2_last_used_date", "access_key_2_last_rotated"),
];

fn active(world: &World, user: FactId) -> Result<Vec<Value>, Arc<Why>> {
    let facts = &world.facts;
    let rows = facts.follow(user, "credential_report")?;
    let Some(row) = rows.first().copied() else {
        let text = "the credential report has no row for the user: it was made before the user was";
        return Err(Why::new(Reason::NotCollected, text));
    };
    let text = |column: &str| facts.text_at(row, &[column]);
    let mut out = Vec::new();
    for (what, enabled, used, made) in COLUMNS {
        if text(enabled)?.as_deref() != Some("true") {
            continue;
        }
        let used = text(used)?.and_then(|t| days(world, &t));
        let age = text(made)?.and_then(|t| days(world, &t)).or(text("user_creation_time")?.and_then(|t| days(world, &t)));
        let unknown =
            || Why::new(Reason::MissingField, format!("the credential report does not say when the user's {what} was made"));
        let age = age.ok_or_else(unknown)?;
        let fields = vec![
            ("what", Value::str(what)),
            ("days", Value::Int(used.unwrap_or(age))),
            ("ever_used", Value::Bool(used.is_some())),
            ("age_days", Value::Int(age)),
        ];
        out.push(Value::object(fields, place(world, user, row)));
    }
    Ok(out)
}

/// The report's rows are texts inside a text; the user itself is what a reader finds.
fn place(world: &World, user: FactId, row: FactId) -> Vec<NodeId> {
    [user, row].iter().filter_map(|id| world.facts.get(*id)).map(|fact| fact.node).take(1).collect()
}

fn days(world: &World, text: &str) -> Option<i64> {
    let then: Timestamp = text.parse().ok()?;
    Some(world.now.duration_since(then).as_hours() / 24)
}
