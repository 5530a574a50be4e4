//! Who can use a KMS key, and who can destroy it or take it away.
//!
//! In: the world and a key. Out: the principals that can, each with a request, decided from the key policy, grants, identity policies,
//! boundaries, SCPs and RCPs; with them services, and principals of accounts that were not loaded, as the key policy or a grant names them.
//! Never: silence where the key policy or the grants are not known. Each key is decided once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::access::callable_endpoints;
use crate::access::query::{Able, Asked, Granted, NamedAble, among_where, granted, named};
use crate::config::glob;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::request::Context;
use crate::world::{Derived, ObjectType, World};

/// One who can use it.
pub(super) const USER: ObjectType = ObjectType {
    name: "key-user",
    fields: &[
        (
            "principal",
            "string",
            "the principal's ARN; for a service its name; else the name as the key policy or the grant has it",
        ),
        ("name", "string", "its name"),
        ("kind", "string", "`principal` (loaded), `service`, `account` (of an account that was not loaded) or `anybody`"),
        ("account", "string", "its account; empty for a service and for everybody"),
        ("actions", "list<string>", "what it can do with the key; `kms:CreateGrant` gives others what it has"),
        ("decrypts", "bool", "it can decrypt"),
        ("directly", "bool", "it can call KMS itself, not only by a service that acts for it (`kms:ViaService`)"),
        ("by", "string", "`policies` or `grant`"),
        ("witness", "string", "a request that goes through"),
    ],
};

/// One who can destroy it.
pub(super) const DESTROYER: ObjectType = ObjectType {
    name: "key-destroyer",
    fields: &[
        ("principal", "string", "the principal's ARN; for a service its name; else the name as the key policy has it"),
        ("name", "string", "its name"),
        ("kind", "string", "`principal` (loaded), `service`, `account` (of an account that was not loaded) or `anybody`"),
        ("account", "string", "its account; empty for a service and for everybody"),
        ("actions", "list<string>", "the actions by which it can"),
        ("for_good", "bool", "one of them ends the key, or changes its policy so that another may; else they only switch it off"),
        ("trusted", "bool", "the scope's `security_principals` name it"),
        ("watched", "bool", "it can run inference itself"),
        ("only_by_key", "bool", "the key policy alone gives it one of the actions, by its name; no policy of its own does"),
        ("witness", "string", "a request that goes through"),
    ],
};

const USERS: &str = "Who can decrypt or encrypt with it, or give that away by a grant: principals of loaded accounts, decided from the key policy, grants, their own policies, boundaries, SCPs and RCPs; services and principals of other accounts as the key policy or a grant names them, whose own side is taken to allow it. Of a multi-Region key also those of its loaded copies. An account's root user is left out, and service-linked roles but for grants.";
const DESTROYERS: &str = "Who can have it deleted, switch it off, remove its imported material, take away its key store or change its key policy. Decided as `users`; grants give none of this.";

const fn of(name: &'static str, ty: &'static str, doc: &'static str, compute: fn(&World, FactId) -> Value) -> Derived {
    Derived { kind: "kms-key", name, ty, doc, compute }
}

pub(super) const DERIVED: [Derived; 2] =
    [of("users", "list<object:key-user>", USERS, users), of("destroyers", "list<object:key-destroyer>", DESTROYERS, destroyers)];

const MAKE_GRANT: &str = "kms:CreateGrant";
/// What uses the key.
const USE: [&str; 5] = ["kms:Decrypt", "kms:ReEncryptFrom", "kms:Encrypt", "kms:GenerateDataKey", MAKE_GRANT];
/// Those of them by which data is read.
const DECRYPT: [&str; 2] = ["kms:Decrypt", "kms:ReEncryptFrom"];
/// The operations of a grant, as `list-grants` spells them, and the actions that they stand for.
const OPERATIONS: [(&str, &str); 6] = [
    ("Decrypt", "kms:Decrypt"),
    ("ReEncryptFrom", "kms:ReEncryptFrom"),
    ("Encrypt", "kms:Encrypt"),
    ("GenerateDataKey", "kms:GenerateDataKey"),
    ("GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext"),
    ("CreateGrant", MAKE_GRANT),
];
/// Actions after which the key can be used again.
const PASSING: [&str; 2] = ["kms:DisableKey", "kms:DisconnectCustomKeyStore"];

/// What was decided of each key, which several facts and rules ask for.
#[derive(Default)]
struct Decided {
    users: Slots,
    destroyers: Slots,
}

type Slots = Mutex<HashMap<FactId, Arc<OnceLock<Value>>>>;

fn once(slots: &Slots, key: FactId, make: impl FnOnce() -> Value) -> Value {
    let slot = slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    slot.get_or_init(make).clone()
}

pub(super) fn users(world: &World, key: FactId) -> Value {
    let decided = world.memo_kept(|_| Decided::default());
    once(&decided.users, key, || find_users(world, key))
}

pub(super) fn destroyers(world: &World, key: FactId) -> Value {
    let decided = world.memo_kept(|_| Decided::default());
    once(&decided.destroyers, key, || find_destroyers(world, key))
}

/// Those who can, and what is not known of others.
type Found = (Vec<Holder>, Vec<Arc<Why>>);

/// Somebody who can.
struct Holder {
    principal: String,
    name: String,
    kind: &'static str,
    account: String,
    actions: Vec<&'static str>,
    directly: bool,
    by: &'static str,
    witness: String,
    loaded: Option<FactId>,
    /// One of the actions is granted by the key policy alone, by the principal's name.
    only_by_key: bool,
    at: Vec<NodeId>,
}

impl Holder {
    fn loaded(world: &World, able: &Able, directly: bool) -> Self {
        let fact = world.facts.get(able.principal);
        Self {
            principal: fact.map_or("", |f| &f.id).to_owned(),
            name: fact.map_or("", |f| &f.name).to_owned(),
            kind: "principal",
            account: fact.and_then(|f| f.account.as_deref()).unwrap_or_default().to_owned(),
            actions: able.actions.clone(),
            directly,
            by: "policies",
            witness: able.witness.clone(),
            loaded: Some(able.principal),
            only_by_key: able.only_by_place,
            at: fact.map(|f| f.node).into_iter().collect(),
        }
    }

    fn named(able: NamedAble, directly: bool) -> Self {
        Self {
            name: able.text.clone(),
            principal: able.text,
            kind: able.kind,
            account: able.account,
            actions: able.actions,
            directly,
            by: "policies",
            witness: able.witness,
            loaded: None,
            only_by_key: true,
            at: able.at.into_iter().collect(),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("principal", Value::str(&*self.principal)),
            ("name", Value::str(&*self.name)),
            ("kind", Value::str(self.kind)),
            ("account", Value::str(&*self.account)),
            ("actions", Value::list(self.actions.iter().map(|action| Value::str(*action)).collect())),
            ("witness", Value::str(&*self.witness)),
        ]
    }

    fn user(self) -> Value {
        let mut fields = self.fields();
        fields.push(("decrypts", Value::Bool(self.actions.iter().any(|action| DECRYPT.contains(action)))));
        fields.push(("directly", Value::Bool(self.directly)));
        fields.push(("by", Value::str(self.by)));
        Value::object(fields, self.at)
    }

    fn destroyer(self, world: &World, key: FactId) -> Value {
        let scope = world.scope_of(key);
        let trusted = scope.security_principals.iter().any(|pattern| glob::matches(pattern, &self.principal));
        let watched = match self.loaded.map(|id| callable_endpoints(world, id)) {
            Some(Ok(endpoints)) => Value::Bool(!endpoints.is_empty()),
            Some(Err(why)) => Value::Unknown(why),
            None if self.kind == "service" => Value::Bool(false),
            None => Value::unknown(Reason::NotLoaded, format!("the policies of `{}` were not loaded", self.principal)),
        };
        let mut fields = self.fields();
        fields.push(("for_good", Value::Bool(self.actions.iter().any(|action| !PASSING.contains(action)))));
        fields.push(("trusted", Value::Bool(trusted)));
        fields.push(("watched", watched));
        fields.push(("only_by_key", Value::Bool(self.only_by_key)));
        Value::object(fields, self.at)
    }
}

/// Nothing fixed of a request; with `direct`, that no service acts for the caller.
fn context(direct: bool) -> Context {
    let mut context = Context::open();
    if direct {
        for key in ["kms:ViaService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
            context.set_absent(key);
        }
        context.set("aws:ViaAWSService", ["false"]);
    }
    context
}

/// Those to whom policies give any of `actions` on `resource`, and what is not known of others.
fn by_policies(world: &World, key: FactId, resource: &str, actions: &[&'static str]) -> Found {
    let (mut holders, mut doubts) = (Vec::new(), Vec::new());
    // A grant counts that may be made for anybody, not one for a service alone.
    let (making, others): (Vec<&str>, Vec<&str>) = actions.iter().partition(|action| **action == MAKE_GRANT);
    for (actions, make) in [(others, false), (making, true)] {
        let asks: Vec<Asked> = actions.iter().map(|action| Asked { action, resource: resource.to_owned() }).collect();
        let mut fixed = [context(false), context(true)];
        if make {
            fixed.iter_mut().for_each(|context| context.set("kms:GrantIsForAWSResource", ["false"]));
        }
        let (more, unsure) = asked(world, key, &asks, &fixed);
        more.into_iter().for_each(|holder| add(&mut holders, holder));
        doubts.extend(unsure);
    }
    (holders, doubts)
}

/// Adds to the holders, one for each principal.
fn add(holders: &mut Vec<Holder>, holder: Holder) {
    match holders.iter_mut().find(|known| known.principal == holder.principal && known.kind == holder.kind) {
        Some(known) => {
            known.actions.extend(holder.actions);
            known.directly |= holder.directly;
            known.only_by_key |= holder.only_by_key;
        }
        None => holders.push(holder),
    }
}

fn asked(world: &World, key: FactId, asks: &[Asked], [any, direct]: &[Context; 2]) -> Found {
    let Some(fact) = world.facts.get(key).filter(|_| !asks.is_empty()) else { return Default::default() };
    let account = fact.account.as_deref().unwrap_or_default();
    let place = (account, fact.region.as_deref());
    let all = among_where(world, place, asks, any, |_, _| false);
    let others = |id: FactId, _: &str| all.able.iter().all(|able| able.principal != id);
    let directly = among_where(world, place, asks, direct, others);
    let is_direct = |able: &Able| directly.able.iter().any(|found| found.principal == able.principal);
    let mut holders: Vec<Holder> = all.able.iter().map(|able| Holder::loaded(world, able, is_direct(able))).collect();
    let mut doubts = all.doubts;
    let (names, unsure) = named(world, account, asks, any);
    let (directly, _) = named(world, account, asks, direct);
    for able in names {
        let is_direct = directly.iter().any(|found| found.text == able.text && found.kind == able.kind);
        holders.push(Holder::named(able, is_direct));
    }
    doubts.extend(unsure);
    (holders, doubts)
}

fn find_users(world: &World, key: FactId) -> Value {
    let (mut out, mut doubts) = users_of(world, key);
    match copies(world, key) {
        Ok(copies) => {
            for copy in copies {
                match copy {
                    Ok(copy) => {
                        let (more, unsure) = users_of(world, copy);
                        out.extend(more);
                        doubts.extend(unsure);
                    }
                    Err(why) => doubts.push(why),
                }
            }
        }
        Err(why) => doubts.push(why),
    }
    let out = out.into_iter().map(Holder::user);
    Value::list(out.chain(doubts.into_iter().map(Value::Unknown)).collect())
}

fn users_of(world: &World, key: FactId) -> Found {
    let Some(fact) = world.facts.get(key) else { return Default::default() };
    let (mut holders, mut doubts) = by_policies(world, key, &fact.id, &USE);
    match by_grants(world, key) {
        Ok((more, unsure)) => {
            holders.extend(more);
            doubts.extend(unsure);
        }
        Err(why) => doubts.push(why),
    }
    (holders, doubts)
}

/// The other copies of a multi-Region key, which hold the same material: each loaded, or why it is not.
fn copies(world: &World, key: FactId) -> Result<Vec<Result<FactId, Arc<Why>>>, Arc<Why>> {
    let facts = &world.facts;
    let own = facts.get(key).map_or("", |fact| &fact.id);
    let primary = facts.at(&Value::Fact(key), &["MultiRegionConfiguration", "PrimaryKey"])?;
    let replicas = facts.list_in(&Value::Fact(key), &["MultiRegionConfiguration", "ReplicaKeys"])?;
    let mut out = Vec::new();
    for other in primary.iter().chain(&replicas) {
        let Some(arn) = facts.text_in(other, &["Arn"])?.filter(|arn| *arn != *own) else { continue };
        let why = || Why::new(Reason::NotLoaded, format!("the copy `{arn}` of the multi-Region key was not loaded"));
        out.push(facts.by_id(&arn).ok_or_else(why));
    }
    Ok(out)
}

/// One grant.
pub(super) struct Grant {
    /// Whom it names.
    pub(super) grantee: String,
    /// What it lets them do of what uses a key.
    pub(super) actions: Vec<&'static str>,
    id: String,
    bound: bool,
    /// Where it is named.
    pub(super) at: Option<Value>,
}

impl Grant {
    /// The account of the grantee; `None` for a service.
    pub(super) fn account(&self) -> Option<String> {
        Arn::parse(&self.grantee).map(|arn| arn.account.to_owned()).filter(|account| is_account_id(account))
    }

    /// The request that it lets through.
    pub(super) fn witness(&self, key: &str, actions: &[&str]) -> String {
        let bound = if self.bound { ", bound to an encryption context or a source" } else { "" };
        format!("{} calls {} on {key} by the grant `{}`{bound}", self.grantee, actions.join(", "), self.id)
    }
}

/// The grants of a key that let somebody use it.
///
/// # Errors
/// Why they are not known.
pub(super) fn grants(world: &World, key: FactId) -> Result<Vec<Grant>, Arc<Why>> {
    let facts = &world.facts;
    let mut out = Vec::new();
    for grant in facts.list_in(&Value::Fact(key), &["grants"])? {
        let grantee = facts.text_in(&grant, &["GranteePrincipal"])?.or(facts.text_in(&grant, &["GranteeServicePrincipal"])?);
        let grantee = grantee.ok_or_else(|| Why::new(Reason::MissingField, "a grant of the key does not name its grantee"))?;
        let mut operations = Vec::new();
        for operation in facts.list_in(&grant, &["Operations"])? {
            operations.extend(facts.text(&operation).map(|text| text.to_string()));
        }
        let given = |operation: &str| operations.iter().any(|given| given == operation);
        let actions: Vec<&str> = OPERATIONS.iter().filter(|(operation, _)| given(operation)).map(|(_, action)| *action).collect();
        let id = facts.text_in(&grant, &["GrantId"])?.unwrap_or_default();
        let bound = facts.at(&grant, &["Constraints"])?.is_some();
        let at = match facts.at(&grant, &["GranteePrincipal"])? {
            Some(at) => Some(at),
            None => facts.at(&grant, &["GranteeServicePrincipal"])?,
        };
        out.push(Grant { grantee, actions, id, bound, at });
    }
    out.retain(|grant| !grant.actions.is_empty());
    Ok(out)
}

fn by_grants(world: &World, key: FactId) -> Result<Found, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(key) else { return Ok(Default::default()) };
    let account = fact.account.as_deref().unwrap_or_default();
    let (mut out, mut doubts) = (Vec::new(), Vec::new());
    for grant in grants(world, key)? {
        let mut actions = Vec::new();
        let mut who = None;
        for action in &grant.actions {
            match granted(world, account, &Asked { action, resource: fact.id.to_string() }, &grant.grantee) {
                Granted::Can { principal, kind, account } => {
                    actions.push(*action);
                    who = Some((principal, kind, account));
                }
                Granted::Cannot => {}
                Granted::Undecided(why) => doubts.push(why),
            }
        }
        let Some((principal, kind, account)) = who else { continue };
        let loaded = principal.and_then(|id| facts.get(id));
        out.push(Holder {
            name: loaded.map_or_else(|| grant.grantee.clone(), |fact| fact.name.to_string()),
            principal: loaded.map_or_else(|| grant.grantee.clone(), |fact| fact.id.to_string()),
            kind,
            account,
            witness: grant.witness(&fact.id, &actions),
            actions,
            directly: true,
            by: "grant",
            loaded: principal,
            only_by_key: false,
            at: grant.at.as_ref().and_then(super::node_of).into_iter().collect(),
        });
    }
    Ok((out, doubts))
}

fn find_destroyers(world: &World, key: FactId) -> Value {
    match destroyers_of(world, key) {
        Ok((holders, doubts)) => {
            let out = holders.into_iter().map(|holder| holder.destroyer(world, key));
            Value::list(out.chain(doubts.into_iter().map(Value::Unknown)).collect())
        }
        Err(why) => Value::Unknown(why),
    }
}

fn destroyers_of(world: &World, key: FactId) -> Result<Found, Arc<Why>> {
    let Some(fact) = world.facts.get(key) else { return Ok(Default::default()) };
    let (mut holders, mut doubts) = by_policies(world, key, &fact.id, &ending(world, key)?);
    if world.facts.text_at(key, &["CustomKeyStoreId"])?.is_some() {
        let (more, unsure) = by_policies(world, key, "*", &["kms:DisconnectCustomKeyStore", "kms:DeleteCustomKeyStore"]);
        more.into_iter().for_each(|holder| add(&mut holders, holder));
        doubts.extend(unsure);
    }
    Ok((holders, doubts))
}

/// What ends or switches off this key.
fn ending(world: &World, key: FactId) -> Result<Vec<&'static str>, Arc<Why>> {
    let mut actions = vec!["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"];
    if world.facts.text_at(key, &["Origin"])?.as_deref() == Some("EXTERNAL") {
        actions.push("kms:DeleteImportedKeyMaterial");
    }
    Ok(actions)
}
