//! The perimeter around Bedrock's data: whether somebody outside the organisation can read a bucket, a key's ciphertexts or a secret.
//!
//! In: a resource, its policy, the RCPs above its account. Out: for each name in the policy that lets an outsider in, the action and
//! the request. The outsider's own side is taken to allow everything. Never: a resource called closed where a policy that would
//! decide was not loaded.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::questions;
use crate::access::ask::{self, Answer, Ask, Witness};
use crate::access::edges::{Rcps, contexts as strangers_contexts, is_stranger, organization_of};
use crate::access::principals::{Held, compile, mark_node};
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::{Missing, PolicySet};
use crate::iam::named::{Entry, EntryKind, Names};
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::iam::tree::Mark;
use crate::world::{Derived, ObjectType, World};

/// One name that lets outsiders in.
pub(in crate::access) const OUTSIDER: ObjectType = ObjectType {
    name: "outsider",
    fields: &[
        ("who", "string", "the name as it stands in the policy"),
        ("action", "string", "an action by which an outsider reads"),
        ("witness", "string", "the request"),
    ],
};

const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "outsiders",
        ty: "list<object:outsider>",
        doc: "One element for each name in its policy by which a principal outside the organisation and `trusted_accounts` could read what it holds or opens, with the RCPs above its account counted.",
        compute: outsiders,
    }
}

pub(in crate::access) const DERIVED: &[Derived] = &[of("s3-bucket"), of("kms-key"), of("secret")];

/// An account and a role that nobody has.
const STRANGER: &str = "arn:aws:iam::999999999999:role/stranger";

/// Keys that only requests through an access point carry, whose own policy then decides.
const ACCESS_POINT: &str = "s3:dataaccesspoint";

/// Whether it is certain that no outsider reads it.
pub(super) fn closed(world: &World, resource: FactId) -> bool {
    matches!(outsiders(world, resource), Value::List(list) if list.is_empty())
}

fn outsiders(world: &World, resource: FactId) -> Value {
    let actions: &'static [&'static str] = match world.facts.get(resource).map(|fact| fact.kind.name) {
        Some("s3-bucket") => &BUCKET,
        Some("kms-key") => &KEY,
        _ => &SECRET,
    };
    outsiders_who(world, resource, actions)
}

/// As the fact `outsiders`, for these actions: each name is told with the first of them that it lets an outsider do.
pub(crate) fn outsiders_who(world: &World, resource: FactId, actions: &'static [&'static str]) -> Value {
    let Some(fact) = world.facts.get(resource) else { return Value::list(Vec::new()) };
    let policy = match policy_of(world, resource) {
        Ok(Some(policy)) => policy,
        Ok(None) => return Value::list(Vec::new()),
        Err(why) => return Value::Unknown(why),
    };
    let Some(everything) = questions::everything(PolicyType::Identity) else { return super::undecided() };
    let own = fact.account.clone().unwrap_or_default();
    let rcps = Rcps::of(world);
    let policies = policies_of(world, &rcps, (&everything, Some(&policy.policy)), &own);
    let within: Vec<String> = match fact.kind.name {
        "s3-bucket" => vec![format!("{}/*", fact.id), fact.id.to_string()],
        _ => vec![fact.id.to_string()],
    };
    let asker = Asker { world, resource, own: &own, policy: &policy, policies, actions, within };
    match shut_by_s3(world, resource, &policy.policy) {
        Ok(true) => Value::list(Vec::new()),
        Ok(false) => Value::list(asker.all()),
        Err(why) => Value::list(asker.all().into_iter().take(1).map(|_| Value::Unknown(why.clone())).collect()),
    }
}

/// A resource's policy and the RCPs above the account that owns it, for a caller to whom its own side (the first of the two) is given.
pub(super) fn policies_of<'a>(
    world: &World,
    rcps: &'a Rcps,
    (identity, resource): (&'a Policy, Option<&'a Policy>),
    own: &str,
) -> PolicySet<'a> {
    let mut policies = PolicySet { identity: vec![identity], resource, ..PolicySet::default() };
    rcps.join(&mut policies, own);
    if let Err(why) = world.facts.path_of(own) {
        policies.missing.push(Missing { kind: PolicyType::Rcp, why: why.text.clone() });
    }
    policies
}

/// Actions by which the content is read.
const BUCKET: [&str; 3] = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"];
/// The last makes a grant, by which the others are allowed.
const KEY: [&str; 3] = ["kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"];
const SECRET: [&str; 1] = ["secretsmanager:GetSecretValue"];

/// The compiled policy; `None` where there is none, or AWS would refuse it: then nobody of another account gets in.
pub(super) fn policy_of(world: &World, resource: FactId) -> Result<Option<Arc<Held>>, Arc<Why>> {
    let kind = world.facts.get(resource).map(|f| f.kind.name).unwrap_or_default();
    let (field, name, kind) = match kind {
        "s3-bucket" => ("policy", "bucket policy", PolicyType::Resource),
        "kms-key" => ("policy", "key policy", PolicyType::Key),
        _ => ("resource_policy", "resource policy", PolicyType::Resource),
    };
    match world.facts.field(resource, field)? {
        Some(Value::Node(node)) => Ok(compile(world, node, name, kind)),
        Some(_) => Err(Why::new(Reason::MissingField, format!("the {name} could not be read"))),
        None if kind == PolicyType::Key => Err(Why::new(Reason::MissingField, "the key policy is missing, which every key has")),
        None => Ok(None),
    }
}

/// Whether S3 leaves a public policy without force beyond the bucket's own account: *RestrictPublicBuckets* (S3 user guide,
/// "Blocking public access"). What S3 holds to be public is in the answer of `get-bucket-policy-status`; an Allow for everybody
/// without a condition always is.
fn shut_by_s3(world: &World, bucket: FactId, policy: &Policy) -> Result<bool, Arc<Why>> {
    let facts = &world.facts;
    if facts.get(bucket).is_none_or(|f| f.kind.name != "s3-bucket") {
        return Ok(false);
    }
    let everybody = |s: &&Statement| {
        let named = s.principal.as_ref();
        s.effect != Effect::Deny
            && named.is_some_and(|m| m.negated || m.entries.iter().any(|e| matches!(e.names, Names::Everyone)))
    };
    let mut open = policy.statements.iter().filter(everybody).peekable();
    if open.peek().is_none() {
        return Ok(false);
    }
    // What the account's block says counts where it is known.
    let own = facts.bool_at(bucket, &["public_access_block", "PublicAccessBlockConfiguration", "RestrictPublicBuckets"]);
    if super::public::blocked(world, bucket, "RestrictPublicBuckets") != Ok(true) {
        return own.map(|_| false);
    }
    if open.any(|s| s.conditions.is_empty()) {
        return Ok(true);
    }
    facts.bool_at(bucket, &["policy_status", "PolicyStatus", "IsPublic"]).map(|public| public == Some(true))
}

struct Asker<'w> {
    world: &'w World,
    resource: FactId,
    own: &'w str,
    policy: &'w Held,
    policies: PolicySet<'w>,
    actions: &'static [&'static str],
    within: Vec<String>,
}

impl Asker<'_> {
    fn all(&self) -> Vec<Value> {
        let mut out = Vec::new();
        for statement in self.policy.policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
            let Some(matcher) = &statement.principal else { continue };
            if matcher.negated {
                out.extend(self.anyone("NotPrincipal", statement, matcher.mark));
                continue;
            }
            out.extend(matcher.entries.iter().filter_map(|entry| self.entry(entry, statement)));
        }
        out
    }

    fn entry(&self, entry: &Entry, statement: &Statement) -> Option<Value> {
        let account = match (&entry.names, entry.kind) {
            (Names::Everyone, EntryKind::Aws) => return self.anyone("*", statement, entry.mark),
            (Names::Account(account), _) => account.to_string(),
            (Names::User | Names::Role | Names::Session | Names::FederatedUser, _) => Arn::parse(&entry.text)?.account.to_owned(),
            _ => return None,
        };
        // Identities of CloudFront stand under `cloudfront`.
        if !is_account_id(&account) {
            return None;
        }
        let who = match &entry.names {
            Names::Account(account) => Principal::Account { account: account.clone() },
            _ => Principal::parse(&entry.text).ok()?,
        };
        self.stranger(&entry.text, &account, who, statement, entry.mark)
    }

    /// Anybody: a stranger of whom nothing is known, and those whose accounts the statement's conditions name.
    fn anyone(&self, text: &str, statement: &Statement, mark: Mark) -> Option<Value> {
        let mut doubt = None;
        let named = accounts_in(statement).into_iter().map(|account| format!("arn:aws:iam::{account}:role/any-role"));
        for arn in [STRANGER.to_owned()].into_iter().chain(named).chain(arns_in(statement)) {
            let (Some(parts), Ok(who)) = (Arn::parse(&arn), Principal::parse(&arn)) else { continue };
            match self.stranger(text, parts.account, who, statement, mark) {
                Some(Value::Unknown(why)) => doubt = doubt.or(Some(Value::Unknown(why))),
                Some(found) => return Some(found),
                None => {}
            }
        }
        doubt
    }

    /// What a principal of another account can do by this statement, where the account is a stranger's.
    fn stranger(&self, text: &str, account: &str, who: Principal, statement: &Statement, mark: Mark) -> Option<Value> {
        let stranger = is_stranger(self.world, self.resource, self.own, account);
        if stranger == Ok(false) {
            return None;
        }
        let found = self.ask(text, account, &who, statement, mark)?;
        Some(stranger.map_or_else(Value::Unknown, |_| found))
    }

    /// The first of the actions that the principal may do.
    fn ask(&self, text: &str, account: &str, who: &Principal, statement: &Statement, mark: Mark) -> Option<Value> {
        let mut doubt = None;
        let alone = alone(&self.policy.policy, statement);
        let policies = PolicySet { resource: Some(&alone), ..self.policies.clone() };
        for action in self.actions.iter().filter(|action| ask::grants(statement, action)) {
            for context in self.contexts(statement) {
                let examples = self.within.iter().map(|text| text.replace('*', "example")).collect();
                let mut asked =
                    Ask::of(Resources::Matching { within: self.within.clone(), outside: Vec::new(), examples }, context);
                asked.resource_account = Some(self.own.into());
                asked.own = carried(account);
                match ask::answer(&policies, who.clone(), action, asked) {
                    Answer::Yes(witness) if by_access_point(&witness) => {
                        doubt = doubt.or(Some(Value::unknown(
                            Reason::NotLoaded,
                            "it leaves the decision to the policies of access points, which were not loaded",
                        )));
                    }
                    Answer::Yes(witness) => return Some(self.found(text, action, &witness, mark)),
                    Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
                    Answer::No => {}
                }
            }
        }
        doubt
    }

    fn found(&self, text: &str, action: &str, witness: &Witness, mark: Mark) -> Value {
        let at: Vec<NodeId> = mark_node(&self.policy.policy, mark).into_iter().collect();
        Value::object(
            vec![("who", Value::str(text)), ("action", Value::str(action)), ("witness", Value::str(witness.line()))],
            at,
        )
    }

    /// What the outsider's requests carry: no organisation, another one, or one that the statement names.
    fn contexts(&self, statement: &Statement) -> Vec<Context> {
        let mut out = strangers_contexts().to_vec();
        let own = organization_of(&self.world.facts, self.own).ok().flatten().map(|(id, _)| id);
        for id in values_of(statement, &["aws:principalorgid"]).filter(|id| own.as_deref() != Some(*id)) {
            let mut context = Context::open();
            context.set("aws:PrincipalOrgID", [id]);
            out.push(context);
        }
        out
    }
}

/// What every request of a principal of an account carries.
fn carried(account: &str) -> Context {
    let mut context = Context::open();
    context.set("kms:CallerAccount", [account]);
    // Only a service that acts on behalf of a resource says which.
    for key in ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"] {
        context.set_absent(key);
    }
    context
}

/// The policy with this Allow alone, and all that it denies.
pub(super) fn alone(policy: &Policy, statement: &Statement) -> Policy {
    let mut out = policy.clone();
    out.statements.retain(|s| s.effect == Effect::Deny || s.mark == statement.mark);
    out
}

fn by_access_point(witness: &Witness) -> bool {
    witness.chosen.iter().any(|key| key.starts_with(ACCESS_POINT))
}

/// The values of a statement's conditions on these keys (in lower case), without wildcards.
fn values_of<'s>(statement: &'s Statement, keys: &'s [&str]) -> impl Iterator<Item = &'s str> {
    let conditions = statement.conditions.iter().filter(|c| !c.operator.negated && keys.contains(&c.lower_key()));
    conditions.flat_map(|c| c.values.iter().map(|v| &*v.text)).filter(|text| !text.contains(['*', '?', '$']))
}

/// Accounts that a statement's conditions name as those of its callers.
fn accounts_in(statement: &Statement) -> BTreeSet<&str> {
    values_of(statement, &["aws:principalaccount", "kms:calleraccount"]).filter(|text| is_account_id(text)).collect()
}

/// Principals that they name, one for each pattern that spells its account out.
fn arns_in(statement: &Statement) -> Vec<String> {
    let conditions = statement.conditions.iter().filter(|c| !c.operator.negated && c.lower_key() == "aws:principalarn");
    conditions.flat_map(|c| c.values.iter().map(|v| v.text.replace('*', "any").replace('?', "x"))).collect()
}
