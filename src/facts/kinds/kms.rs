//! KMS keys and their aliases.

use super::super::kind::{Arn, Attached, Back, Edge, Kind, Reference, Scope, Source, arn_parts};
use super::super::missing::Place;
use super::super::{FactId, Facts, Lookup, Value};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new("kms", "describe-key", "KeyMetadata", "KeyId").arn("Arn"),
            Source::new("kms", "list-keys", "Keys[]", "KeyId").arn("KeyArn").summary(),
        ],
        always: &["Arn", "KeyManager", "KeySpec", "KeyState", "KeyUsage", "Origin"],
        back: &[Back::new("aliases", "kms-alias", "key", "its aliases")],
        attached: &[
            Attached::new("policy", "kms", "get-key-policy", "any")
                .suffixes(&["", ",default"])
                .json("Policy")
                .doc("its key policy"),
            Attached::new("rotation", "kms", "get-key-rotation-status", "shape:kms.GetKeyRotationStatusResponse")
                .absent(&["UnsupportedOperationException"])
                .doc("its rotation; absent for keys that cannot rotate"),
            Attached::new("grants", "kms", "list-grants", "list<shape:kms.GrantListEntry>").path("Grants").doc("its grants"),
        ],
        resolve: Some(resolve_key),
        ..Kind::new("kms-key", "KMS key", Scope::Region, "kms.KeyMetadata")
    },
    Kind {
        sources: &[Source::new("kms", "list-aliases", "Aliases[]", "AliasName").arn("AliasArn")],
        always: &["AliasName", "AliasArn"],
        edges: &[Edge::one("key", "kms-key", "TargetKeyId", "the key it stands for")],
        refer: refer_alias,
        ..Kind::new("kms-alias", "KMS alias", Scope::Region, "kms.AliasListEntry")
    },
];

/// `alias/NAME`, or the ARN that ends in it.
fn refer_alias(text: &str) -> Reference<'_> {
    match arn_parts(text) {
        None => Reference { account: None, region: None, key: text },
        Some(Arn { region, account, resource }) => Reference { account, region, key: resource },
    }
}

/// A key may be named by its id, its ARN, an alias or an alias's ARN.
fn resolve_key(facts: &Facts, from: FactId, text: &str) -> Lookup {
    let (Some(key), Some(alias)) = (super::get("kms-key"), super::get("kms-alias")) else { return Ok(None) };
    if !refer_alias(text).key.starts_with("alias/") {
        return facts.reach_plain(from, key, text).map(|id| Some(Value::Fact(id)));
    }
    let found = facts.reach_plain(from, alias, text)?;
    match facts.field(found, "TargetKeyId")? {
        Some(target) => {
            let target = facts.text(&target).unwrap_or_default();
            facts.reach_plain(found, key, &target).map(|id| Some(Value::Fact(id)))
        }
        None => Err(facts.why_missing(key, &format!("behind {text}"), text, facts.get(found).map_or(NOWHERE, Place::of))),
    }
}

const NOWHERE: Place<'static> = Place { account: None, region: None };
