//! Buckets that are open to everybody: by their access control list, or by their policy, with S3's blocks of public access.
//!
//! In: a bucket, its ACL, ownership controls, policy and blocks, those of its account among them. Out: one element for each grant or name
//! that is open to everybody. Never: a bucket called closed where an answer that decides was not loaded; what closes it for certain is enough.
//! Source: S3 user guide, "Blocking public access", "Controlling ownership of objects", "Access control list overview".

use std::sync::Arc;

use super::perimeter;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// One way in.
pub(in crate::access) const WAY: ObjectType = ObjectType {
    name: "public-way",
    fields: &[
        ("by", "string", "`access control list` or `policy`"),
        ("whom", "string", "whom it lets in, in words"),
        ("action", "string", "the ACL's permission, or an action"),
        ("witness", "string", "the grant, or the request"),
    ],
};

pub(in crate::access) const DERIVED: &[Derived] = &[Derived {
    kind: "s3-bucket",
    name: "public",
    ty: "list<object:public-way>",
    doc: "One element for each grant of its access control list and each name in its policy that lets everybody in, past the blocks of public access of the bucket and of its account; RCPs and Denies count for the policy.",
    compute: |world, bucket| {
        let ways = by_acl(world, bucket).into_iter().chain(by_policy(world, bucket));
        Value::list(ways.collect())
    },
}];

const GROUPS: [(&str, &str); 2] = [
    ("http://acs.amazonaws.com/groups/global/AllUsers", "everybody"),
    ("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "everybody who has an AWS account"),
];

/// Whether a setting of the block is on, for the bucket or for its account.
///
/// # Errors
/// Why that is not known.
pub(in crate::access) fn blocked(world: &World, bucket: FactId, setting: &str) -> Result<bool, Arc<Why>> {
    let path = ["public_access_block", "PublicAccessBlockConfiguration", setting];
    let own = world.facts.bool_at(bucket, &path);
    if own == Ok(Some(true)) {
        return Ok(true);
    }
    let account = world.facts.get(bucket).and_then(|fact| fact.account.clone()).unwrap_or_default();
    let account = world.facts.by_key("account", &account, None, None);
    let above = match account {
        Some(account) => world.facts.bool_at(account, &path),
        None => Err(Why::new(Reason::NotLoaded, "the account of the bucket was not loaded")),
    };
    match (own, above) {
        (_, Ok(Some(true))) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(why),
        _ => Ok(false),
    }
}

fn way(by: &str, whom: &str, action: &str, witness: String, at: Vec<NodeId>) -> Value {
    let fields = vec![
        ("by", Value::str(by)),
        ("whom", Value::str(whom)),
        ("action", Value::str(action)),
        ("witness", Value::str(witness)),
    ];
    Value::object(fields, at)
}

fn by_acl(world: &World, bucket: FactId) -> Vec<Value> {
    let facts = &world.facts;
    let open = || -> Result<Vec<Value>, Arc<Why>> {
        let mut out = Vec::new();
        for grant in facts.list_in(&Value::Fact(bucket), &["acl", "Grants"])? {
            let uri = facts.text_in(&grant, &["Grantee", "URI"])?.unwrap_or_default();
            let Some((_, whom)) = GROUPS.iter().find(|(group, _)| *group == uri) else { continue };
            let permission = facts.text_in(&grant, &["Permission"])?.unwrap_or_default();
            let at = if let Value::Node(node) = grant { vec![node] } else { Vec::new() };
            out.push(way("access control list", whom, &permission, format!("{permission} for {uri}"), at));
        }
        Ok(out)
    };
    // The list is out of force where the bucket's owner owns everything in it, and where public grants are ignored.
    let enforced = || -> Result<bool, Arc<Why>> {
        let rules = facts.list_in(&Value::Fact(bucket), &["ownership", "Rules"])?;
        let mut owners = rules.iter().map(|rule| facts.text_in(rule, &["ObjectOwnership"]));
        owners.try_fold(false, |found, owner| Ok(found || owner?.as_deref() == Some("BucketOwnerEnforced")))
    };
    let open = open();
    if open.as_ref().is_ok_and(Vec::is_empty) {
        return Vec::new();
    }
    match (enforced(), blocked(world, bucket, "IgnorePublicAcls")) {
        (Ok(true), _) | (_, Ok(true)) => Vec::new(),
        (Err(why), _) | (_, Err(why)) => vec![Value::Unknown(why)],
        (Ok(false), Ok(false)) => open.unwrap_or_else(|why| vec![Value::Unknown(why)]),
    }
}

const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "s3:ListBucket",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:PutObjectAcl",
    "s3:PutBucketPolicy",
];

fn by_policy(world: &World, bucket: FactId) -> Vec<Value> {
    let facts = &world.facts;
    let restricted = blocked(world, bucket, "RestrictPublicBuckets");
    let status = facts.bool_at(bucket, &["policy_status", "PolicyStatus", "IsPublic"]);
    // S3 itself says that it is not public, or leaves what is public without force.
    if restricted == Ok(true) || status.as_ref().is_ok_and(|public| *public != Some(true)) {
        return Vec::new();
    }
    let everybody = |found: &Value| match found {
        Value::Unknown(why) => Some(Value::Unknown(why.clone())),
        found => {
            let text = |field: &str| facts.text_in(found, &[field]).ok().flatten().unwrap_or_default();
            if !["*", "NotPrincipal"].contains(&&*text("who")) {
                return None;
            }
            if let Err(why) = restricted.as_ref().map(|_| ()).and(status.as_ref().map(|_| ())) {
                return Some(Value::Unknown(why.clone()));
            }
            let at = if let Value::Object(object) = found { object.at.clone() } else { Vec::new() };
            Some(way("policy", "everybody", &text("action"), text("witness").to_string(), at))
        }
    };
    match perimeter::outsiders_who(world, bucket, &ACTIONS) {
        Value::List(found) => found.iter().filter_map(everybody).collect(),
        Value::Unknown(why) => vec![Value::Unknown(why)],
        _ => Vec::new(),
    }
}
