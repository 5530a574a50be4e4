//! Accounts, and what stands in one.

use super::super::kind::{Attached, Edge, Kind, Scope};
use super::super::{Fact, FactId, Facts, Lookup, Value};

pub(super) static KINDS: &[Kind] = &[Kind {
    edges: &[
        Edge::computed(
            "organization_account",
            "organization-account",
            |facts, id| {
                let Some(fact) = facts.get(id) else { return Ok(None) };
                Ok(facts.by_key("organization-account", &fact.key, None, None).map(Value::Fact))
            },
            "the account as Organizations lists it; absent where no such listing is loaded",
        ),
        all_of("roles", "iam-role", |f, id| in_account(f, id, "iam-role"), "its IAM roles"),
        all_of("users", "iam-user", |f, id| in_account(f, id, "iam-user"), "its IAM users"),
        all_of("buckets", "s3-bucket", |f, id| in_account(f, id, "s3-bucket"), "its S3 buckets"),
        all_of(
            "bedrock_regions",
            "bedrock-region",
            |f, id| in_account(f, id, "bedrock-region"),
            "the Regions of it that were looked at for Bedrock",
        ),
    ],
    attached: &[Attached::new(
        "public_access_block",
        "s3control",
        "get-public-access-block",
        "shape:s3.GetPublicAccessBlockOutput",
    )
    .absent(&["NoSuchPublicAccessBlockConfiguration"])
    .doc("the block of public access for all its buckets")],
    fields: &[],
    ..Kind::new("account", "account", Scope::Global, "")
}];

pub(super) const fn all_of(
    name: &'static str,
    kind: &'static str,
    compute: fn(&Facts, FactId) -> Lookup,
    doc: &'static str,
) -> Edge {
    Edge { name, doc, kind, path: "", many: true, compute: Some(compute) }
}

fn in_account(facts: &Facts, id: FactId, kind: &str) -> Lookup {
    let (Some(fact), Some(kind)) = (facts.get(id), super::get(kind)) else { return Ok(None) };
    facts.listed(kind, fact.account.as_deref(), None)?;
    Ok(Some(Value::list(beside(facts, fact, kind).map(Value::Fact).collect())))
}

/// All facts of a kind in the account and Region of a fact.
pub(super) fn in_region(facts: &Facts, id: FactId, kind: &str) -> Lookup {
    let (Some(fact), Some(kind)) = (facts.get(id), super::get(kind)) else { return Ok(None) };
    facts.listed(kind, fact.account.as_deref(), fact.region.as_deref())?;
    let here = |id: &FactId| facts.get(*id).is_some_and(|f| f.region == fact.region);
    Ok(Some(Value::list(beside(facts, fact, kind).filter(here).map(Value::Fact).collect())))
}

/// All facts of a kind in the account of a fact.
fn beside<'f>(facts: &'f Facts, fact: &'f Fact, kind: &Kind) -> impl Iterator<Item = FactId> + 'f {
    let of_kind = match &fact.account {
        Some(account) => facts.of_kind_in(kind.name, account),
        None => facts.of_kind(kind.name),
    };
    of_kind.iter().copied().filter(|id| facts.get(*id).is_some_and(|f| f.account == fact.account))
}
