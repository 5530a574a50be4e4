//! Conditions that cannot work: a key that requests of the action never have, or never have with such a value.
//!
//! In: every policy an account can change (inline, managed, SCP, file). Out: one object for each condition and what becomes of its
//! statement: it never applies, or the condition does not limit it. Only patterns that name a Bedrock-family prefix are judged, and
//! only keys of the family's own and the named global ones; a key that the catalog lacks is unknown, not wrong.
//! Sources: Service Authorization Reference; IAM User Guide, "AWS global condition context keys"; Amazon Bedrock User Guide, pages on
//! inference profiles, guardrails' policies and batch inference.

use std::net::IpAddr;

use super::principals::{compile, mark_node};
use crate::catalog::{self, Action};
use crate::facts::{Fact, FactId, Reason, Value, Why};
use crate::iam::PolicyType;
use crate::iam::condition::{Comparison, Condition};
use crate::iam::policy::{Effect, Policy, Statement};
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::{Derived, ObjectType, World};

/// One condition.
pub(super) const INEFFECTIVE: ObjectType = ObjectType {
    name: "ineffective-condition",
    fields: &[
        ("policy", "string", "the policy that holds it"),
        ("key", "string", "the condition key, as it stands in the policy"),
        ("effect", "string", "`Allow` or `Deny`: what the statement does"),
        ("actions", "string", "the actions that it cannot work for"),
        ("reason", "string", "why it cannot work, as a clause"),
        ("outcome", "string", "what becomes of the statement, as a clause"),
        ("remedy", "string", "what to write instead, as a sentence"),
    ],
};

const DOC: &str =
    "One element for each condition of its policies' own statements on Bedrock-family actions that cannot work as written.";

const fn of(kind: &'static str) -> Derived {
    Derived { kind, name: "ineffective_conditions", ty: "list<object:ineffective-condition>", doc: DOC, compute: ineffective }
}

pub(super) const DERIVED: &[Derived] = &[
    of("iam-role"),
    of("iam-user"),
    of("iam-group"),
    of("iam-policy"),
    of("scp"),
    of("policy-file-principal"),
    of("policy-file-boundary"),
    of("policy-file-scp"),
];

/// Prefixes that are judged.
const FAMILY: [&str; 5] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"];

fn ineffective(world: &World, id: FactId) -> Value {
    let Some(fact) = world.facts.get(id) else { return Value::list(Vec::new()) };
    let mut out = Vec::new();
    for found in policies(world, id, fact) {
        match found {
            Ok((name, policy)) => judge(&name, &policy, &mut out),
            Err(unknown) => out.push(unknown),
        }
    }
    Value::list(out)
}

/// The policies that the fact itself holds, by name; what is attached to it is another fact.
fn policies(world: &World, id: FactId, fact: &Fact) -> Vec<Result<(String, Policy), Value>> {
    let inline = match fact.kind.name {
        "iam-role" => "RolePolicyList",
        "iam-user" => "UserPolicyList",
        "iam-group" => "GroupPolicyList",
        // AWS's own: nobody here can change it.
        "iam-policy" if fact.id.contains(":iam::aws:policy/") => return Vec::new(),
        "iam-policy" => return document(world, world.facts.field(id, "default_document"), &fact.name, PolicyType::Identity),
        "scp" => return document(world, world.facts.field(id, "Content"), &fact.name, PolicyType::Scp),
        kind => {
            let kind = match kind {
                "policy-file-scp" => PolicyType::Scp,
                "policy-file-boundary" => PolicyType::Boundary,
                _ => PolicyType::Identity,
            };
            return document(world, Ok(Some(Value::Node(fact.node))), &fact.name, kind);
        }
    };
    let list = match world.facts.list_in(&Value::Fact(id), &[inline]) {
        Ok(list) => list,
        Err(why) => return vec![Err(Value::Unknown(why))],
    };
    let one = |item: &Value| {
        let name = world.facts.text_in(item, &["PolicyName"]).ok().flatten().unwrap_or_default();
        document(world, world.facts.at(item, &["PolicyDocument"]), &name, PolicyType::Identity)
    };
    list.iter().flat_map(one).collect()
}

type Read = Result<Option<Value>, std::sync::Arc<Why>>;

/// A policy that AWS would refuse has no conditions that could work, and is a finding of its own.
fn document(world: &World, found: Read, name: &str, kind: PolicyType) -> Vec<Result<(String, Policy), Value>> {
    match found {
        Ok(Some(Value::Node(node))) => {
            let held = compile(world, node, name, kind);
            held.map(|held| Ok((name.to_owned(), held.policy.clone()))).into_iter().collect()
        }
        Ok(Some(Value::Unknown(why))) | Err(why) => vec![Err(Value::Unknown(why))],
        Ok(_) => Vec::new(),
    }
}

fn judge(name: &str, policy: &Policy, out: &mut Vec<Value>) {
    for statement in policy.statements.iter().filter(|s| !s.conditions.is_empty() && !s.action.negated) {
        let covered = covered(statement);
        if covered.is_empty() {
            continue;
        }
        for condition in &statement.conditions {
            let about = About { statement, condition, covered: &covered };
            if let Some(why) = about.unknown_key() {
                out.push(Value::Unknown(why));
            } else if let Some(finding) = about.finding() {
                out.push(finding.value(name, policy, &about));
            }
        }
    }
}

/// A pattern of the statement that names the family, with the actions of the catalog that it covers.
struct Covered<'s> {
    text: &'s str,
    actions: Vec<&'static Action>,
}

fn covered(statement: &Statement) -> Vec<Covered<'_>> {
    let context = Context::open();
    let named = statement.action.patterns.iter().filter(|pattern| {
        let lower = pattern.text.to_ascii_lowercase();
        lower.starts_with("bedrock") || lower.starts_with("aws-external-anthropic")
    });
    let of_pattern = |pattern: &'_ crate::iam::pattern::Pattern| -> Vec<&'static Action> {
        let all = FAMILY.iter().filter(|prefix| pattern.may_begin(&format!("{prefix}:")));
        let all = all.flat_map(|prefix| catalog::actions::of_prefix(prefix));
        all.filter(|action| pattern.matches(&action.full_name(), &context) != Truth::False).collect()
    };
    let covered = named.map(|pattern| Covered { text: &pattern.text, actions: of_pattern(pattern) });
    covered.filter(|covered| !covered.actions.is_empty()).collect()
}

/// A condition in its statement.
struct About<'s> {
    statement: &'s Statement,
    condition: &'s Condition,
    covered: &'s [Covered<'s>],
}

/// Why a condition cannot work.
struct Finding {
    actions: Vec<String>,
    reason: String,
    /// What the statement does of requests for these actions.
    outcome: &'static str,
    remedy: String,
}

impl About<'_> {
    /// A key of the family that the catalog lacks.
    fn unknown_key(&self) -> Option<std::sync::Arc<Why>> {
        let written = &*self.condition.key;
        let (prefix, _) = written.split_once(':')?;
        let prefix = prefix.to_ascii_lowercase();
        if !FAMILY.contains(&&*prefix) || catalog::key(written).is_some() {
            return None;
        }
        let keys = catalog::services::find(&prefix).map_or(&[][..], |service| service.keys());
        let far = |key: &&catalog::Key| strsim::damerau_levenshtein(&key.name.to_ascii_lowercase(), self.condition.lower_key());
        let own = keys.iter().filter(|key| !key.name.starts_with("aws:"));
        let nearest = own.min_by_key(far).map(|key| format!("; the nearest is `{}`", key.name)).unwrap_or_default();
        let (_, date) = catalog::services::made_from();
        let text = format!("`{written}` is not among the condition keys that AWS listed on {date}{nearest}");
        Some(Why::new(Reason::Undecided, text))
    }

    fn finding(&self) -> Option<Finding> {
        self.unlisted()
            .or_else(|| self.endpoint_key())
            .or_else(|| self.owner_of_models())
            .or_else(|| self.profile_leg())
            .or_else(|| self.private_address())
            .or_else(|| self.guardrail_version())
    }

    /// What becomes of the statement where the key is absent; `None` where that is as good as meant: another condition decides.
    fn without_key(&self) -> Option<&'static str> {
        let neutral = self.condition.operator.if_exists && self.statement.conditions.len() > 1;
        match (self.condition.of_absent(), self.statement.effect) {
            _ if neutral => None,
            (Truth::False, Effect::Allow) => Some("grants nothing there"),
            (Truth::False, Effect::Deny) => Some("denies nothing there"),
            (Truth::True, Effect::Allow) => Some("is not limited by it there"),
            (Truth::True, Effect::Deny) => Some("denies every such request"),
            _ => None,
        }
    }

    /// All actions that the statement names of a prefix, as they are written.
    fn of_prefix(&self, prefix: &str) -> Vec<String> {
        let own = self.covered.iter().filter(|covered| covered.actions.iter().any(|action| action.prefix == prefix));
        own.map(|covered| covered.text.to_owned()).collect()
    }

    fn invokes(&self) -> Vec<String> {
        let invoke = |action: &&Action| action.prefix == "bedrock" && action.name.starts_with("InvokeModel");
        let own = self.covered.iter().filter(|covered| covered.actions.iter().copied().any(|action| invoke(&action)));
        own.map(|covered| covered.text.to_owned()).collect()
    }

    /// A key of the family that AWS lists for none of the actions that a pattern covers.
    fn unlisted(&self) -> Option<Finding> {
        let key = catalog::key(&self.condition.key)?;
        let (prefix, _) = key.name.split_once(':')?;
        if !FAMILY.contains(&prefix) {
            return None;
        }
        let lists = |action: &&Action| lists(action, &self.condition.key);
        let without = self.covered.iter().filter(|covered| !covered.actions.iter().any(lists));
        let actions: Vec<String> = without.map(|covered| covered.text.to_owned()).collect();
        if actions.is_empty() {
            return None;
        }
        let outcome = self.without_key()?;
        let supporting = catalog::actions::of_prefix(prefix).iter().filter(lists).map(Action::full_name);
        let mut supporting: Vec<String> = supporting.map(|name| format!("`{name}`")).collect();
        let others = supporting.len().saturating_sub(NAMED);
        supporting.truncate(NAMED);
        if others > 0 {
            supporting.push(format!("{others} others"));
        }
        if supporting.is_empty() {
            // The reference lists some keys for no action at all: then it says nothing of this one.
            return None;
        }
        let reason = format!("AWS gives `{}` to requests of {} alone", key.name, supporting.join(", "));
        let remedy =
            "Give the actions that have the key a statement of their own, and bound the others by what their requests have."
                .to_owned();
        Some(Finding { actions, reason, outcome, remedy })
    }

    /// Keys of the endpoint's owner, which Bedrock does not have.
    fn endpoint_key(&self) -> Option<Finding> {
        const KEYS: [&str; 4] = ["aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"];
        let actions = self.of_prefix("bedrock");
        if !KEYS.contains(&self.condition.lower_key()) || actions.is_empty() {
            return None;
        }
        Some(Finding {
            actions,
            reason: "Bedrock is not among the services whose requests have this key".to_owned(),
            outcome: self.without_key()?,
            remedy: "Of the keys for VPC endpoints, Bedrock has `aws:SourceVpce` and `aws:SourceVpc`: list the endpoints or VPCs with one of them.".to_owned(),
        })
    }

    /// Conditions on the owner or tags of foundation models, which are AWS's.
    fn owner_of_models(&self) -> Option<Finding> {
        const KEYS: [&str; 3] = ["aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"];
        let lower = self.condition.lower_key();
        let actions = self.invokes();
        if !(KEYS.contains(&lower) || lower.starts_with("aws:resourcetag/")) || actions.is_empty() {
            return None;
        }
        // A Deny hits the model wherever its resources take it in; an Allow is useless only where it is for models alone.
        let hit = match self.statement.effect {
            Effect::Deny => self.takes_in("foundation-model") && self.condition.of_absent() == Truth::True,
            _ => self.only(&["foundation-model"]),
        };
        let outcome = self.without_key().filter(|_| hit)?;
        Some(Finding {
            actions,
            reason: "foundation models belong to AWS, not to an account or organisation of one's own, and carry no tags".to_owned(),
            outcome,
            remedy: "Keep the condition to resources of the account (`inference-profile/…`, `application-inference-profile/…`), and bound models by their ARNs.".to_owned(),
        })
    }

    /// `bedrock:InferenceProfileArn` on the request for the profile itself, which does not have it.
    fn profile_leg(&self) -> Option<Finding> {
        const PROFILES: [&str; 2] = ["inference-profile", "application-inference-profile"];
        let actions = self.invokes();
        if self.condition.lower_key() != "bedrock:inferenceprofilearn" || actions.is_empty() {
            return None;
        }
        let absent = self.condition.of_absent();
        let hit = match self.statement.effect {
            Effect::Deny => absent == Truth::True && PROFILES.iter().any(|kind| self.takes_in(kind)),
            _ => absent == Truth::False && self.names(&PROFILES),
        };
        let outcome = self.without_key().filter(|_| hit)?;
        Some(Finding {
            actions,
            reason: "the key is there when the model behind a profile is asked for, never when the profile itself is".to_owned(),
            outcome,
            remedy:
                "Name profiles and models in two statements, and put the condition on the one for `foundation-model/…` alone."
                    .to_owned(),
        })
    }

    /// Private addresses: through an endpoint a request has no `aws:SourceIp`, and elsewhere it has a public one.
    fn private_address(&self) -> Option<Finding> {
        let private = |text: &str| {
            let address = text.split('/').next().unwrap_or_default().parse::<IpAddr>();
            matches!(address, Ok(IpAddr::V4(v4)) if v4.is_private())
        };
        let only_private = !self.condition.values.is_empty() && self.condition.values.iter().all(|value| private(&value.text));
        let address = self.condition.operator.comparison == Comparison::IpAddress;
        if self.condition.lower_key() != "aws:sourceip" || !address || !only_private {
            return None;
        }
        Some(Finding {
            actions: self.covered.iter().map(|covered| covered.text.to_owned()).collect(),
            reason: "a request through a VPC endpoint has no `aws:SourceIp`, and any other has a public address".to_owned(),
            outcome: self.without_key()?,
            remedy: "For private addresses behind a VPC endpoint the key is `aws:VpcSourceIp`, together with `aws:SourceVpc`."
                .to_owned(),
        })
    }

    /// A guardrail's ARN without a version: that is the working draft alone.
    fn guardrail_version(&self) -> Option<Finding> {
        if self.condition.lower_key() != "bedrock:guardrailidentifier" || self.condition.operator.comparison == Comparison::Null {
            return None;
        }
        let id = |text: &str| text.rsplit_once(":guardrail/").map(|(_, id)| id.to_owned());
        let bare = |text: &str| id(text).is_some_and(|id| !id.is_empty() && !id.contains([':', '*', '?', '$']));
        let draft = self.condition.values.iter().find(|value| bare(&value.text))?;
        let versioned = |text: &str| text.strip_prefix(&*draft.text).is_some_and(|rest| rest.starts_with([':', '*']));
        if self.condition.values.iter().any(|value| versioned(&value.text)) {
            return None;
        }
        let outcome = match (self.statement.effect, self.condition.operator.negated) {
            (Effect::Allow, false) => "grants nothing with a published version",
            (Effect::Deny, true) => "denies every call with a published version, and lets the draft through",
            _ => return None,
        };
        Some(Finding {
            actions: self.covered.iter().map(|covered| covered.text.to_owned()).collect(),
            reason: format!(
                "`{}` without a version is the guardrail's working draft; a published version has `:1`, `:2`, … at its end",
                draft.text
            ),
            outcome,
            remedy: format!(
                "Write the version (`{}:1`), or `StringLike` or `StringNotLike` with `{}:*` for any published one.",
                draft.text, draft.text
            ),
        })
    }

    /// Whether every resource of the statement is, by its text, of one of these types.
    fn only(&self, types: &[&str]) -> bool {
        let of_type = |text: &str| types.iter().any(|kind| text.contains(&format!(":{kind}/")));
        let matcher = self.statement.resource.as_ref().filter(|matcher| !matcher.negated && !matcher.patterns.is_empty());
        matcher.is_some_and(|matcher| matcher.patterns.iter().all(|p| of_type(&p.text)))
    }

    /// Whether a resource of the statement names one of these types.
    fn names(&self, types: &[&str]) -> bool {
        let of_type = |text: &str| types.iter().any(|kind| text.contains(&format!(":{kind}/")));
        let matcher = self.statement.resource.as_ref().filter(|matcher| !matcher.negated);
        matcher.is_some_and(|matcher| matcher.patterns.iter().any(|p| of_type(&p.text)))
    }

    /// Whether the statement covers some resource of a type, in an ordinary Region and account.
    fn takes_in(&self, kind: &str) -> bool {
        let Some(matcher) = &self.statement.resource else { return false };
        if !matcher.negated && self.names(&[kind]) {
            return true;
        }
        let types = catalog::resource_types("bedrock").iter().filter(|known| known.name == kind);
        let arns = types.flat_map(|known| known.filled("aws", "sa-east-1", "111122223333", "unlisted-vendor.unlisted-model"));
        arns.into_iter().any(|arn| matcher.covers(&arn, &Context::open()) == Truth::True)
    }
}

/// Actions with the key that a reason names.
const NAMED: usize = 4;

/// Whether AWS lists the key for the action. The two actions that call a model are alike; AWS lists fewer keys for streaming.
fn lists(action: &Action, key: &str) -> bool {
    let twin = if action.name == "InvokeModelWithResponseStream" { catalog::action("bedrock:InvokeModel") } else { None };
    action.lists_key(key) || twin.is_some_and(|twin| twin.lists_key(key))
}

impl Finding {
    fn value(self, name: &str, policy: &Policy, about: &About<'_>) -> Value {
        let actions: Vec<String> = self.actions.iter().map(|action| format!("`{action}`")).collect();
        let fields = vec![
            ("policy", Value::str(name)),
            ("key", Value::str(&*about.condition.key)),
            ("effect", Value::str(if about.statement.effect == Effect::Deny { "Deny" } else { "Allow" })),
            ("actions", Value::str(actions.join(", "))),
            ("reason", Value::str(self.reason)),
            ("outcome", Value::str(self.outcome)),
            ("remedy", Value::str(self.remedy)),
        ];
        Value::object(fields, mark_node(policy, about.condition.key_mark).into_iter().collect())
    }
}
