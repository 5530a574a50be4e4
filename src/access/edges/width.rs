//! Trust policies that let in more than they should: everybody, another's account without a condition that binds it, a service on
//! behalf of anybody.
//!
//! In: roles. Out: for each name in the trust policy the request of a stranger that goes through, RCPs counted. Conditions are
//! asked about, never looked at. Never: an account called a stranger's where nothing tells whose it is.

use super::super::ask::Answer;
use super::super::principals::mark_node;
use super::assume::STRANGER;
use super::strangers::{context_of_service, contexts, is_stranger};
use super::trust::{ASSUME, Caller, Name, Trusting, Trusts};
use crate::facts::{FactId, NodeId, Value};
use crate::iam::arn::Arn;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::tree::Mark;
use crate::world::{Derived, ObjectType, World};

/// One name that lets in too much.
pub(in super::super) const HOLE: ObjectType = ObjectType {
    name: "trust-hole",
    fields: &[
        ("who", "string", "the name as it stands in the trust policy"),
        ("kind", "string", "`anyone`, `account` or `service`"),
        ("witness", "string", "a request that goes through"),
    ],
};

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] = &[Derived {
    kind: "iam-role",
    name: "trust_holes",
    ty: "list<object:trust-hole>",
    doc: "One element for each name in the role's trust policy that lets a stranger in: `*`; an account outside the organisation and `trusted_accounts` without an external id or another condition that binds it; a service that acts for others, without the account or resource it acts for. Service-linked roles have none.",
    compute: holes,
}];

/// Services that act on behalf of whoever calls them, and whose guides ask for `aws:SourceAccount` or `aws:SourceArn` in the trust
/// policy of the roles they assume (confused deputy): Bedrock's batch jobs, agents and knowledge bases, AgentCore, ECS tasks.
const DEPUTIES: [&str; 3] = ["bedrock.amazonaws.com", "bedrock-agentcore.amazonaws.com", "ecs-tasks.amazonaws.com"];

/// The derived fact `trust_holes` of a role.
pub fn holes(world: &World, role: FactId) -> Value {
    if world.facts.get(role).is_some_and(|f| f.id.contains(":role/aws-service-role/")) {
        return Value::list(Vec::new());
    }
    let trusts = Trusts::of(world);
    let trusting = match trusts.get(role) {
        Ok(trusting) => trusting,
        Err(why) => return Value::Unknown(why),
    };
    let asker = Asker { world, role, trusting };
    let mut out: Vec<Value> = Vec::new();
    for (name, mark) in trusting.names(&[ASSUME]) {
        let hole = asker.hole(&name, mark);
        out.extend(hole.filter(|new| !out.contains(new)));
    }
    Value::list(out)
}

struct Asker<'w> {
    world: &'w World,
    role: FactId,
    trusting: &'w Trusting,
}

impl Asker<'_> {
    fn hole(&self, name: &Name, mark: Mark) -> Option<Value> {
        match name {
            Name::Anyone => self.of("*", "anyone", Principal::parse(STRANGER).ok()?, contexts().to_vec(), mark),
            Name::Account(account) => {
                let who = Principal::Account { account: account.clone() };
                self.of_account(account, account, who, mark)
            }
            Name::Principal(arn) | Name::Session(arn) => {
                let account = Arn::parse(arn)?.account.to_owned();
                self.of_account(arn, &account, Principal::parse(arn).ok()?, mark)
            }
            Name::Service(service) if DEPUTIES.contains(&&**service) => {
                let who = Principal::Service { name: service.clone() };
                self.of(service, "service", who, vec![context_of_service()], mark)
            }
            Name::Service(_) | Name::Federated(_) | Name::Unreadable => None,
        }
    }

    fn of_account(&self, text: &str, account: &str, who: Principal, mark: Mark) -> Option<Value> {
        let stranger = is_stranger(self.world, self.role, &self.trusting.account, account);
        if stranger == Ok(false) {
            return None;
        }
        let mut contexts = contexts();
        contexts.iter_mut().for_each(|context| context.set_absent("sts:ExternalId"));
        let found = self.of(text, "account", who, contexts.to_vec(), mark)?;
        match stranger {
            Err(why) => Some(Value::Unknown(why)),
            Ok(_) => Some(found),
        }
    }

    fn of(&self, text: &str, kind: &'static str, who: Principal, contexts: Vec<Context>, mark: Mark) -> Option<Value> {
        let mut doubt = None;
        for context in contexts {
            match self.trusting.admits(self.world, &Caller::Foreign(who.clone()), ASSUME, context) {
                Answer::Yes(witness) => {
                    let who = match &who {
                        Principal::Account { account } => format!("a principal of account {account}"),
                        Principal::Service { name } => format!("{name}"),
                        other => other.arn().unwrap_or_default(),
                    };
                    let fields = vec![
                        ("who", Value::str(text)),
                        ("kind", Value::str(kind)),
                        ("witness", Value::str(format!("{who} calls {}", witness.line()))),
                    ];
                    return Some(Value::object(fields, self.place(mark)));
                }
                Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
                Answer::No => {}
            }
        }
        doubt
    }

    fn place(&self, mark: Mark) -> Vec<NodeId> {
        self.trusting.policy.iter().filter_map(|held| mark_node(&held.policy, mark)).collect()
    }
}
