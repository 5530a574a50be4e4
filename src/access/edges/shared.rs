//! Policies of Bedrock's own resources (guardrails, knowledge bases, custom models, AgentCore runtimes and gateways) that let
//! strangers use or read them.
//!
//! In: a resource with the answer of its `get-resource-policy`. Out: for each name in the policy an action that a stranger may do
//! with the resource. Never: a name called harmless because of how its condition looks; the stranger's request is decided.

use std::sync::Arc;

use super::super::ask::{self, Answer, Ask};
use super::super::principals::{Held, compile, mark_node};
use super::assume::STRANGER;
use super::strangers::{contexts, is_stranger};
use super::trust::everything;
use crate::catalog::actions;
use crate::facts::{FactId, Value, Why};
use crate::iam::PolicyType;
use crate::iam::arn::Arn;
use crate::iam::decide::PolicySet;
use crate::iam::named::{Entry, EntryKind, Names};
use crate::iam::policy::{Effect, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::iam::tree::Mark;
use crate::world::{Derived, ObjectType, World};

/// One grant to a stranger.
pub(in super::super) const GRANT: ObjectType = ObjectType {
    name: "stranger-grant",
    fields: &[
        ("who", "string", "the name as it stands in the policy"),
        ("action", "string", "an action that a stranger may do"),
        ("witness", "string", "the request"),
    ],
};

const fn of(kind: &'static str) -> Derived {
    Derived {
        kind,
        name: "grants_to_strangers",
        ty: "list<object:stranger-grant>",
        doc: "One element for each name in its resource policy that lets everybody, or an account outside the organisation and `trusted_accounts`, use or read it.",
        compute: grants,
    }
}

/// The derived facts.
pub(in super::super) const DERIVED: &[Derived] =
    &[of("guardrail"), of("knowledge-base"), of("custom-model"), of("agentcore-runtime"), of("agentcore-gateway")];

fn grants(world: &World, resource: FactId) -> Value {
    let policy = match policy_of(world, resource) {
        Ok(Some(policy)) => policy,
        Ok(None) => return Value::list(Vec::new()),
        Err(why) => return Value::Unknown(why),
    };
    let Some(fact) = world.facts.get(resource) else { return Value::list(Vec::new()) };
    let own = fact.account.clone().unwrap_or_default();
    let prefix = fact.id.split(':').nth(2).unwrap_or("bedrock").to_owned();
    let put = |who: Principal, action: &str, context: Context| {
        let policies = PolicySet { identity: vec![everything()], resource: Some(&policy.policy), ..PolicySet::default() };
        let within = vec![fact.id.to_string(), format!("{}/*", fact.id)];
        let examples = vec![fact.id.to_string()];
        let mut asked = Ask::of(Resources::Matching { within, outside: Vec::new(), examples }, context);
        asked.resource_account = Some(own.clone());
        ask::answer(&policies, who, action, asked)
    };
    let actions = actions::of_prefix(&prefix).iter().map(|action| format!("{prefix}:{}", action.name)).collect();
    Value::list(Asker { world, subject: resource, own: &own, policy: &policy, actions, put: &put }.strangers())
}

/// The compiled policy; `None` where there is none, or AWS would refuse it.
fn policy_of(world: &World, resource: FactId) -> Result<Option<Arc<Held>>, Arc<Why>> {
    match world.facts.field(resource, "resource_policy")? {
        Some(Value::Node(node)) => Ok(compile(world, node, "resource policy", PolicyType::Resource)),
        _ => Ok(None),
    }
}

/// Asks what strangers that a policy names may do.
pub(super) struct Asker<'w> {
    pub(super) world: &'w World,
    /// What the policy stands on.
    pub(super) subject: FactId,
    /// Its account.
    pub(super) own: &'w str,
    pub(super) policy: &'w Held,
    /// The actions that matter.
    pub(super) actions: Vec<String>,
    /// Whether somebody may do an action with these context keys.
    pub(super) put: &'w dyn Fn(Principal, &str, Context) -> Answer,
}

impl Asker<'_> {
    /// One element for each name that lets strangers in.
    pub(super) fn strangers(&self) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        for statement in self.policy.policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
            let Some(matcher) = &statement.principal else { continue };
            if matcher.negated {
                out.extend(self.anyone("NotPrincipal", statement, matcher.mark));
                continue;
            }
            for entry in &matcher.entries {
                out.extend(self.entry(entry, statement));
            }
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
        let stranger = is_stranger(self.world, self.subject, self.own, &account);
        if stranger == Ok(false) {
            return None;
        }
        let who = match &entry.names {
            Names::Account(account) => Principal::Account { account: account.clone() },
            _ => Principal::parse(&entry.text).ok()?,
        };
        let found = self.ask(&entry.text, who, statement, entry.mark)?;
        Some(stranger.map_or_else(Value::Unknown, |_| found))
    }

    fn anyone(&self, text: &str, statement: &Statement, mark: Mark) -> Option<Value> {
        self.ask(text, Principal::parse(STRANGER).ok()?, statement, mark)
    }

    /// The first action of the statement that the stranger may do.
    fn ask(&self, text: &str, who: Principal, statement: &Statement, mark: Mark) -> Option<Value> {
        let mut doubt = None;
        for action in self.actions.iter().filter(|action| ask::grants(statement, action)) {
            for context in contexts() {
                match (self.put)(who.clone(), action, context) {
                    Answer::Yes(witness) => {
                        let fields = vec![
                            ("who", Value::str(text)),
                            ("action", Value::str(action.as_str())),
                            ("witness", Value::str(witness.line())),
                        ];
                        return Some(Value::object(fields, mark_node(&self.policy.policy, mark).into_iter().collect()));
                    }
                    Answer::Undecided(why) => doubt = doubt.or(Some(Value::Unknown(why))),
                    Answer::No => {}
                }
            }
        }
        doubt
    }
}
