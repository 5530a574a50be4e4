//! The organisation's Bedrock policy (`BEDROCK_POLICY`), which enforces a guardrail in member accounts: what it comes to in a Region.
//!
//! In: an account and Region, the effective policy of the account, the guardrails of the management account. Out: whether such a
//! policy exists, and what keeps it from working there. Never: a policy that was not read taken for one that works.
//! Source: AWS Organizations user guide, "Amazon Bedrock policy syntax and examples" and "Best practices".

use std::sync::Arc;

use super::{ordinary, questions};
use crate::access::ask::{self, Answer, Ask};
use crate::access::edges::organization_of;
use crate::access::principals::compile;
use crate::doc::Node;
use crate::facts::organization::BedrockPolicy;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::arn::Arn;
use crate::iam::decide::PolicySet;
use crate::iam::request::Context;
use crate::iam::solve::Resources;
use crate::world::{Derived, ObjectType, World};

/// One reason for which it does not work.
pub(in crate::access) const PROBLEM: ObjectType = ObjectType {
    name: "guardrail-policy-problem",
    fields: &[
        ("what", "string", "what is wrong, as a clause"),
        ("identifier", "string", "the guardrail that the effective policy names; empty where it names none"),
        ("note", "string", "what the place shows, for the report"),
    ],
};

pub(in crate::access) const DERIVED: &[Derived] = &[
    Derived {
        kind: "bedrock-region",
        name: "has_guardrail_policy",
        ty: "bool",
        doc: "Whether the account's organisation has a Bedrock policy (`BEDROCK_POLICY`), which enforces a guardrail in its accounts.",
        compute: |world, region| match bound(world, region) {
            Ok(bound) => Value::Bool(bound != BedrockPolicy::None),
            Err(why) => Value::Unknown(why),
        },
    },
    Derived {
        kind: "bedrock-region",
        name: "guardrail_policy_problems",
        ty: "list<object:guardrail-policy-problem>",
        doc: "What keeps the organisation's Bedrock policy from enforcing a guardrail in the Region: it comes to nothing there, or names a guardrail that cannot be applied.",
        compute: problems,
    },
];

fn bound(world: &World, region: FactId) -> Result<BedrockPolicy, Arc<Why>> {
    let account = world.facts.get(region).and_then(|f| f.account.clone()).unwrap_or_default();
    world.facts.bedrock_policy_of(&account)
}

fn problems(world: &World, id: FactId) -> Value {
    let facts = &world.facts;
    let Some(fact) = facts.get(id) else { return Value::list(Vec::new()) };
    let (Some(account), Some(region)) = (fact.account.as_deref(), fact.region.as_deref()) else { return Value::list(Vec::new()) };
    let policy = match bound(world, id) {
        Ok(BedrockPolicy::None) => return Value::list(Vec::new()),
        Ok(BedrockPolicy::Nothing) => {
            let policies = facts.of_kind("bedrock-policy").iter().filter_map(|id| facts.get(*id));
            let what = format!("no Bedrock policy of the organisation reaches account {account}");
            let at = policies.map(|f| f.node).collect();
            return Value::list(vec![problem(what, "", "a Bedrock policy of the organisation", at)]);
        }
        Ok(BedrockPolicy::Effective(policy)) => policy,
        Err(why) => return Value::Unknown(why),
    };
    let content = match facts.field(policy, "PolicyContent") {
        Ok(Some(Value::Node(content))) => content,
        Ok(_) => return Value::unknown(Reason::MissingField, "the effective Bedrock policy has no content"),
        Err(why) => return Value::Unknown(why),
    };
    let place = Place { world, account, region, home: facts.management_account_of(account) };
    Value::list(place.in_content(content))
}

/// The account and Region that are asked about.
struct Place<'w> {
    world: &'w World,
    account: &'w str,
    region: &'w str,
    /// The management account.
    home: Option<Arc<str>>,
}

impl Place<'_> {
    fn in_content(&self, content: NodeId) -> Vec<Value> {
        let within = |node: Node<'_>| NodeId { doc: content.doc, node: node.index() };
        let root = self.world.facts.node(content);
        let inference = root.and_then(|root| root.get("bedrock")).and_then(|bedrock| bedrock.get("guardrail_inference"));
        let here = inference.and_then(|inference| inference.get(self.region));
        let identifiers: Vec<Node<'_>> = here
            .into_iter()
            .flat_map(|here| here.entries().collect::<Vec<_>>())
            .filter_map(|(_, config)| assigned(config.get("identifier")?))
            .collect();
        if identifiers.is_empty() {
            let nearest = here.or(inference).or(root).map(within);
            let what = format!("it names no guardrail for {}", self.region);
            return vec![problem(what, "", "the effective policy", nearest.into_iter().collect())];
        }
        identifiers.into_iter().filter_map(|node| self.identifier(node.as_str().unwrap_or_default(), within(node))).collect()
    }

    /// What is wrong with one guardrail that is named.
    fn identifier(&self, text: &str, at: NodeId) -> Option<Value> {
        let found = |what: String| Some(problem(what, text, "the guardrail that it names", vec![at]));
        let arn = Arn::parse(text).filter(|arn| arn.service == "bedrock" && arn.resource.starts_with("guardrail/"));
        let Some(arn) = arn else {
            return found(format!("`{text}` is not the ARN of a guardrail, so that calls of models fail"));
        };
        let name = arn.resource.strip_prefix("guardrail/").unwrap_or_default();
        let (guardrail, version) = name.split_once(':').unwrap_or((name, ""));
        if arn.region != self.region {
            return found(format!("it names a guardrail of {} for {}", arn.region, self.region));
        }
        match version {
            "" => return found(format!("it names no version of guardrail `{guardrail}`")),
            "DRAFT" => return found(format!("it names the draft of guardrail `{guardrail}`, which a policy cannot enforce")),
            version if !version.bytes().all(|b| b.is_ascii_digit()) => {
                return found(format!("`{version}` is no version of a guardrail"));
            }
            _ => {}
        }
        let Some(home) = self.home.as_deref() else {
            let text = format!("which account manages the organisation of account {} is not known", self.account);
            return Some(Value::unknown(Reason::NotCollected, text));
        };
        if arn.account != home {
            return found(format!("it names a guardrail of account {}, not of the management account {home}", arn.account));
        }
        match self.applicable(home, guardrail, text) {
            Ok(None) => None,
            Ok(Some(what)) => found(what),
            Err(why) => Some(Value::Unknown(why)),
        }
    }

    /// What keeps the account from applying the management account's guardrail.
    fn applicable(&self, home: &str, id: &str, text: &str) -> Result<Option<String>, Arc<Why>> {
        let facts = &self.world.facts;
        let Some(guardrail) = facts.by_key("guardrail", id, Some(home), Some(self.region)) else {
            if let Some(kind) = crate::facts::kinds::get("guardrail") {
                facts.listed(kind, Some(home), Some(self.region))?;
            }
            return Ok(Some(format!("the management account has no guardrail `{id}` in {}", self.region)));
        };
        if facts.field(guardrail, "automatedReasoningPolicy")?.is_some() {
            return Ok(Some(format!("guardrail `{id}` has an Automated Reasoning policy, which cannot be enforced so")));
        }
        if home == self.account {
            return Ok(None);
        }
        let policy = match facts.field(guardrail, "resource_policy")? {
            Some(Value::Node(node)) => compile(self.world, node, "resource policy", PolicyType::Resource),
            _ => None,
        };
        let Some(policy) = policy else {
            return Ok(Some(format!("guardrail `{id}` has no resource policy that lets account {} apply it", self.account)));
        };
        let (Some(everything), Some(who)) = (questions::everything(PolicyType::Identity), ordinary("aws", self.account)) else {
            return Ok(None);
        };
        let policies = PolicySet { identity: vec![&everything], resource: Some(&policy.policy), ..PolicySet::default() };
        let bare = text.rsplit_once(':').map_or(text, |(bare, _)| bare);
        let mut asked = Ask::of(Resources::One(bare.to_owned()), Context::open());
        asked.resource_account = Some(home.into());
        if let Some((id, path)) = organization_of(facts, self.account)? {
            asked.context.set("aws:PrincipalOrgID", [id]);
            asked.context.set("aws:PrincipalOrgPaths", [path]);
        }
        match ask::answer(&policies, who, "bedrock:ApplyGuardrail", asked) {
            Answer::Yes(_) => Ok(None),
            Answer::No => {
                Ok(Some(format!("the resource policy of guardrail `{id}` does not let account {} apply it", self.account)))
            }
            Answer::Undecided(why) => Err(why),
        }
    }
}

/// A value of a policy: an effective policy has it plain, an attached one below `@@assign`.
fn assigned(node: Node<'_>) -> Option<Node<'_>> {
    if node.as_str().is_some() { Some(node) } else { node.get("@@assign") }
}

fn problem(what: String, identifier: &str, note: &str, at: Vec<NodeId>) -> Value {
    let fields = vec![("what", Value::str(what)), ("identifier", Value::str(identifier)), ("note", Value::str(note))];
    Value::object(fields, at)
}
