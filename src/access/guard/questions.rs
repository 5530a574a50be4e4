//! What a guard has to close and what it has to leave open, as questions about all requests.
//!
//! In: a scope (its approved Regions and models, its posture). Out: one question for each action that counts: requests that no
//! policy may let through (`Closed`) and requests that a guard must not break (`Open`). A guard is judged by the answers alone, never
//! by the look of its text. Never: "closed" from samples; the solver looks at all requests, and what it cannot decide is undecided.
//! Sources: Amazon Bedrock User Guide, "Geographic/Global cross-Region inference"; Service Authorization Reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use super::everything::everything;
use super::everything::open_key_policy;
use crate::access::ask::{self, Ask, Witness};
use crate::catalog::{actions, models, regions};
use crate::config::{Posture, Scope};
use crate::facts::Why;
use crate::iam::condition::Condition;
use crate::iam::decide::PolicySet;
use crate::iam::principal::Principal;
use crate::iam::request::Context;
use crate::iam::solve::Resources;

/// The prefixes whose actions run models or hold what is sent to them; a guard has to name each.
pub(crate) const PREFIXES: [&str; 5] =
    ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"];

/// The value of `aws:RequestedRegion` on the leg of a global profile whose model has no Region.
pub(crate) const UNSPECIFIED: &str = "unspecified";

/// Stands for every Region that AWS may add: a guard that lists the Regions to deny misses it.
pub(crate) const FUTURE: &str = "xx-future-1";

/// The actions that call a model.
pub(crate) const INVOKE: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// The profile through which a model is called; absent for a direct call, and on the leg of the profile itself.
const PROFILE: &str = "bedrock:InferenceProfileArn";

/// Profiles that may stand behind a call of a model without a Region: the global ones, and application profiles made from them.
const GLOBAL_PROFILES: [&str; 2] =
    ["arn:*:bedrock:*:*:inference-profile/global.*", "arn:*:bedrock:*:*:application-inference-profile/*"];

/// What a guard does with the requests of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It lets none through.
    Closed,
    /// It does not stand in their way.
    Open,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// Closed: an action of the family outside the approved Regions.
    Region,
    /// Closed, unless the posture is global: the leg that only global profiles have.
    Global,
    /// Closed: a model that is not approved.
    Model,
    /// Closed, unless the posture is global: inference on Claude Platform on AWS, in any Region.
    Platform,
    /// Closed, where the scope forbids bearer tokens: calls with one.
    BearerToken,
    /// Closed: making an API key for Bedrock that never expires; any, where bearer tokens are forbidden.
    ApiKey,
    /// Closed: a mode in which prompts are retained.
    DataRetention,
    /// Closed: switching off or changing what records and limits the use of models.
    Controls,
    /// Open: what the scope approves.
    Use,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct GuardQuestion {
    /// What is asked, as a clause: "`bedrock:InvokeModel` outside sa-east-1".
    pub(crate) text: String,
    /// What it is about.
    pub(crate) topic: Topic,
    /// The action.
    pub(crate) action: String,
    /// Which resources count.
    pub(crate) resources: Resources,
    /// What is fixed of the context.
    pub(crate) context: Context,
    /// Conditions that the request must meet (`true`) or must not (`false`).
    pub(crate) conditions: Vec<(Condition, bool)>,
    /// What the guard should do.
    pub(crate) expected: Expected,
    /// Values to prefer in a witness, by key in lower case.
    examples: BTreeMap<String, Vec<String>>,
    /// Whether tags of the principal are free; else those that policies test are absent.
    tagged: bool,
    /// Regions to ask one by one, with the resources there, where the question about all of them finds a request.
    one_by_one: Option<Arc<Outside>>,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// The guard does what is expected.
    AsExpected,
    /// It lets this request through, which it should close.
    Open(Witness),
    /// It closes what it should leave open.
    Shut,
    /// Not decided, for this reason.
    Undecided(Arc<Why>),
}

/// Regions that are not approved, as an account sees them.
#[derive(Debug)]
struct Outside {
    partition: String,
    account: String,
    regions: Vec<&'static str>,
}

impl GuardQuestion {
    /// Asks it of the policies that stand around a principal. Tags of the principal that these policies test are taken to be absent:
    /// an ordinary principal does not carry the mark of an exemption. `who` decides `aws:PrincipalArn` unless `context` speaks of it.
    pub(crate) fn verdict(&self, policies: &PolicySet<'_>, who: &Principal) -> Verdict {
        let answer = self.ask(policies, who, self.resources.clone(), self.context.clone());
        match (self.expected, answer) {
            (Expected::Open, ask::Answer::Yes(_)) | (Expected::Closed, ask::Answer::No) => Verdict::AsExpected,
            (Expected::Open, ask::Answer::No) => Verdict::Shut,
            (_, ask::Answer::Undecided(why)) => Verdict::Undecided(why),
            (Expected::Closed, ask::Answer::Yes(witness)) => match &self.one_by_one {
                Some(outside) => self.in_each(policies, who, outside, witness),
                None => Verdict::Open(witness),
            },
        }
    }

    /// The same Region in the resource's ARN and in `aws:RequestedRegion`: the question about all Regions does not tie them.
    fn in_each(&self, policies: &PolicySet<'_>, who: &Principal, outside: &Outside, anywhere: Witness) -> Verdict {
        let mut doubt = None;
        let requested = |(key, value): &(String, String)| (key == "aws:RequestedRegion").then(|| value.clone());
        let found = anywhere.context.iter().find_map(requested).filter(|r| !outside.regions.contains(&r.as_str()));
        for region in outside.regions.iter().copied().chain(found.as_deref()) {
            let (within, examples) =
                crate::access::endpoint::resources(&outside.partition, &outside.account, &self.action, region);
            let mut context = self.context.clone();
            context.set("aws:RequestedRegion", [region]);
            match self.ask(policies, who, Resources::Matching { within, outside: Vec::new(), examples }, context) {
                ask::Answer::Yes(witness) => return Verdict::Open(witness),
                ask::Answer::Undecided(why) => doubt = doubt.or(Some(why)),
                ask::Answer::No => {}
            }
        }
        doubt.map_or(Verdict::AsExpected, Verdict::Undecided)
    }

    fn ask(&self, policies: &PolicySet<'_>, who: &Principal, resources: Resources, mut context: Context) -> ask::Answer {
        let key_policy = self.action.starts_with("kms:").then(open_key_policy).flatten();
        let policies = &PolicySet { resource: key_policy.as_ref().or(policies.resource), ..policies.clone() };
        for key in tag_keys(policies).into_iter().filter(|_| !self.tagged) {
            context.set_absent(key);
        }
        let mut asked = Ask::of(resources, context);
        asked.conditions = self.conditions.clone();
        asked.examples.extend(self.examples.clone());
        ask::answer(policies, who.clone(), &self.action, asked)
    }

    /// Any request for an action that a guard has to close, in this context.
    pub(super) fn closed(action: &str, context: Context) -> Self {
        question(format!("`{action}`"), Topic::Region, action, any(Vec::new(), Vec::new()), context)
    }

    /// The same question in one Region.
    pub(crate) fn only_in(&self, region: &str, partition: &str, account: &str) -> Self {
        let (within, examples) = crate::access::endpoint::resources(partition, account, &self.action, region);
        let mut asked = Self { resources: any(within, examples), one_by_one: None, ..self.clone() };
        asked.context.set("aws:RequestedRegion", [region]);
        asked
    }

    /// The same question for any principal whose ARN meets these conditions, whatever its tags.
    pub(crate) fn of_anybody(mut self, conditions: Vec<(Condition, bool)>, examples: Vec<String>) -> Self {
        self.context.set_present("aws:PrincipalArn");
        self.conditions.extend(conditions);
        self.examples.insert("aws:principalarn".to_owned(), examples);
        self.tagged = true;
        self
    }
}

/// The keys `aws:PrincipalTag/…` (lower case) that some policy tests.
fn tag_keys<'p>(policies: &PolicySet<'p>) -> BTreeSet<&'p str> {
    let levels = policies.scp.iter().flatten().flatten().copied();
    let all = levels.chain(policies.identity.iter().copied()).chain(policies.boundary);
    let keys = all.flat_map(|p| &p.statements).flat_map(|s| &s.conditions).map(Condition::lower_key);
    keys.filter(|key| key.starts_with("aws:principaltag/")).collect()
}

/// All questions of a scope for one account, in the order of [`Topic`]. A topic about which the scope declares nothing has none.
pub(crate) fn questions(scope: &Scope, partition: &str, account: &str) -> Vec<GuardQuestion> {
    with_actions(scope, partition, account, &[])
}

/// The same, but about Regions only for these actions (for all, where empty).
pub(super) fn with_actions(scope: &Scope, partition: &str, account: &str, only: &[&str]) -> Vec<GuardQuestion> {
    let asker = Asker::new(scope, partition, account);
    let mut out = asker.regions(only);
    if scope.posture != Some(Posture::GlobalWithTransferBasis) {
        out.extend(asker.global());
    }
    out.extend(asker.models());
    if scope.posture != Some(Posture::GlobalWithTransferBasis) {
        out.extend(asker.platform());
    }
    out.extend(asker.tokens());
    out.extend(asker.api_keys());
    out.extend(asker.retention());
    out.extend(asker.controls());
    out.extend(asker.uses());
    out
}

/// The questions of one topic.
pub(crate) fn of_topic(scope: &Scope, partition: &str, account: &str, topic: Topic) -> Vec<GuardQuestion> {
    let asker = Asker::new(scope, partition, account);
    let global_is_accepted = scope.posture == Some(Posture::GlobalWithTransferBasis);
    match topic {
        Topic::Region => asker.regions(&[]),
        Topic::Global | Topic::Platform if global_is_accepted => Vec::new(),
        Topic::Global => asker.global(),
        Topic::Platform => asker.platform(),
        Topic::Model => asker.models(),
        Topic::BearerToken => asker.tokens(),
        Topic::ApiKey => asker.api_keys(),
        Topic::DataRetention => asker.retention(),
        Topic::Controls => asker.controls(),
        Topic::Use => asker.uses(),
    }
}

struct Asker<'a> {
    scope: &'a Scope,
    partition: &'a str,
    account: &'a str,
    approved: Vec<&'a str>,
}

/// A question before its parts are filled in.
fn question(text: String, topic: Topic, action: &str, resources: Resources, context: Context) -> GuardQuestion {
    let expected = if topic == Topic::Use { Expected::Open } else { Expected::Closed };
    let action = action.to_owned();
    let (conditions, examples, tagged, one_by_one) = Default::default();
    GuardQuestion { text, topic, action, resources, context, conditions, expected, examples, tagged, one_by_one }
}

fn any(within: Vec<String>, examples: Vec<String>) -> Resources {
    Resources::Matching { within, outside: Vec::new(), examples }
}

impl<'a> Asker<'a> {
    fn new(scope: &'a Scope, partition: &'a str, account: &'a str) -> Self {
        let declared = scope.declares("approved_regions");
        let approved = scope.approved_regions.iter().filter(|_| declared).map(|r| &**r).collect();
        Self { scope, partition, account, approved }
    }

    fn resources(&self, action: &str, region: &str) -> Resources {
        let (within, examples) = crate::access::endpoint::resources(self.partition, self.account, action, region);
        any(within, examples)
    }

    /// `sa-east-1, us-east-1`.
    fn list(&self) -> String {
        self.approved.join(", ")
    }

    /// `aws:RequestedRegion` is an approved one; nothing is demanded where none is declared.
    fn inside(&self) -> Vec<(Condition, bool)> {
        let inside = Condition::new("StringEquals", "aws:RequestedRegion", &self.approved);
        inside.filter(|_| !self.approved.is_empty()).map(|c| (c, true)).into_iter().collect()
    }

    fn regions(&self, only: &[&str]) -> Vec<GuardQuestion> {
        let mut kept = self.approved.clone();
        kept.push(UNSPECIFIED);
        let Some(inside) = Condition::new("StringEquals", "aws:RequestedRegion", &kept).filter(|_| !self.approved.is_empty())
        else {
            return Vec::new();
        };
        // Where nobody looks first: the Regions with the most models, then all others.
        let mut outside = vec!["us-east-1", "us-west-2", "eu-central-1"];
        outside.extend(regions::all().iter().map(|r| r.name).filter(|r| !outside.contains(r)).collect::<Vec<_>>());
        outside.push(FUTURE);
        outside.retain(|r| !self.scope.approves_region(r));
        let examples: BTreeMap<_, _> =
            [("aws:requestedregion".to_owned(), outside.iter().map(|r| (*r).to_owned()).collect())].into();
        let outside = Outside { partition: self.partition.to_owned(), account: self.account.to_owned(), regions: outside };
        let outside = Arc::new(outside);
        let mut out = Vec::new();
        for prefix in PREFIXES {
            // What moves prompts says most, so it stands first.
            let mut known: Vec<&str> = actions::of_prefix(prefix).iter().map(|a| a.name).collect();
            known.sort_by_key(|name| !(name.starts_with("Invoke") || *name == "CreateInference"));
            for name in known {
                let action = format!("{prefix}:{name}");
                if !only.is_empty() && !only.contains(&&*action) {
                    continue;
                }
                let text = format!("`{action}` outside {}", self.list());
                let everywhere = any(Vec::new(), self.examples_outside(&action));
                let mut asked = question(text, Topic::Region, &action, everywhere, Context::open());
                asked.conditions = vec![(inside.clone(), false)];
                if INVOKE.contains(&action.as_str()) {
                    asked.conditions.extend(self.through_profiles_of_here());
                }
                asked.examples = examples.clone();
                asked.one_by_one = Some(outside.clone());
                out.push(asked);
            }
        }
        out
    }

    /// A model is reached directly or through a profile; one of a Region that is not approved is closed there itself.
    fn through_profiles_of_here(&self) -> Option<(Condition, bool)> {
        let here: Vec<String> = self.approved.iter().map(|r| format!("arn:*:bedrock:{r}:*:*")).collect();
        let here: Vec<&str> = here.iter().map(String::as_str).collect();
        Condition::new("ArnLikeIfExists", PROFILE, &here).map(|c| (c, true))
    }

    fn examples_outside(&self, action: &str) -> Vec<String> {
        let region = if self.scope.approves_region("us-east-1") { FUTURE } else { "us-east-1" };
        crate::access::endpoint::resources(self.partition, self.account, action, region).1
    }

    fn foundation(&self, region: &str, id: &str) -> String {
        format!("arn:{}:bedrock:{region}::foundation-model/{id}", self.partition)
    }

    fn global(&self) -> Vec<GuardQuestion> {
        let ask = |action: &str| {
            let mut context = Context::open();
            context.set("aws:RequestedRegion", [UNSPECIFIED]);
            let example = self.foundation("", "anthropic.claude-haiku-4-5-20251001-v1:0");
            let text = format!("`{action}` on a model without a Region, which is how global profiles are called");
            let mut asked = question(text, Topic::Global, action, any(vec![self.foundation("", "*")], vec![example]), context);
            asked.conditions.extend(Condition::new("ArnLike", PROFILE, &GLOBAL_PROFILES).map(|c| (c, true)));
            asked
        };
        INVOKE.iter().map(|action| ask(action)).collect()
    }

    fn models(&self) -> Vec<GuardQuestion> {
        if !self.scope.declares("approved_models") {
            return Vec::new();
        }
        let mut approved: Vec<String> = self.scope.approved_models.iter().map(|m| self.foundation("*", m)).collect();
        // A model's id holds no `/`: what does is no model, though a pattern for something else may match it.
        approved.push(self.foundation("*", "*/*"));
        let unlisted = models::all().iter().filter(|m| m.current && !self.scope.approves_model(m.id));
        let mut names: Vec<&str> = unlisted.map(|m| m.id).collect();
        names.push("unlisted-vendor.unlisted-model-v9:0");
        let mut places: Vec<(&str, &str)> = self.approved.iter().map(|r| (*r, *r)).collect();
        if places.is_empty() {
            places.push(("sa-east-1", "sa-east-1"));
        }
        if self.scope.posture == Some(Posture::GlobalWithTransferBasis) {
            places.push(("", UNSPECIFIED));
        }
        let mut out = Vec::new();
        for action in INVOKE.into_iter().chain(["bedrock:CreateModelInvocationJob"]) {
            for (region, requested) in &places {
                if region.is_empty() && action == "bedrock:CreateModelInvocationJob" {
                    continue;
                }
                let mut context = Context::open();
                context.set("aws:RequestedRegion", [*requested]);
                let examples = names.iter().map(|id| self.foundation(region, id)).collect();
                let within = vec![self.foundation(region, "*")];
                let resources = Resources::Matching { within, outside: approved.clone(), examples };
                let text = format!("`{action}` on a foundation model that is not approved, in {requested}");
                out.push(question(text, Topic::Model, action, resources, context));
            }
        }
        out.extend(self.mantle_models(&names));
        out
    }

    /// Mantle names the model in a condition key, not in the resource.
    fn mantle_models(&self, names: &[&str]) -> Option<GuardQuestion> {
        let action = "bedrock-mantle:CreateInference";
        let globs: Vec<&str> = self.scope.approved_models.iter().map(|m| &**m).collect();
        let mut context = Context::open();
        context.set_present("bedrock-mantle:Model");
        let region = self.approved.first().copied().unwrap_or("sa-east-1");
        context.set("aws:RequestedRegion", [region]);
        let text = format!("`{action}` with a model that is not approved, in {region}");
        let mut asked = question(text, Topic::Model, action, self.resources(action, region), context);
        if !globs.is_empty() {
            asked.conditions.push((Condition::new("StringLike", "bedrock-mantle:Model", &globs)?, false));
        }
        asked.examples.insert("bedrock-mantle:model".to_owned(), names.iter().map(|n| (*n).to_owned()).collect());
        Some(asked)
    }

    fn simple(&self, topic: Topic, action: &str, text: String) -> GuardQuestion {
        let region = self.approved.first().copied().unwrap_or("sa-east-1");
        let own = |kind: &str| format!("arn:{}:{}:{kind}", self.partition, action.split(':').next().unwrap_or_default());
        let at = |rest: &str| own(&format!("{region}:{}:{rest}", self.account));
        let resources = match action.split(':').next() {
            Some("cloudtrail") => any(vec![own("*:trail/*")], vec![at("trail/any")]),
            Some("kms") => any(vec![own("*:key/*")], vec![at("key/00000000-0000-0000-0000-000000000000")]),
            Some("logs") => any(vec![own("*:log-group:*")], vec![at("log-group:any:*")]),
            _ => self.resources(action, region),
        };
        let mut asked = question(text, topic, action, resources, Context::open());
        asked.conditions = self.inside();
        let preferred = self.approved.iter().map(|r| (*r).to_owned()).collect();
        asked.examples.insert("aws:requestedregion".to_owned(), preferred);
        asked
    }

    fn platform(&self) -> Vec<GuardQuestion> {
        let inference = actions::inference().iter().filter(|a| a.starts_with("aws-external-anthropic:"));
        let ask = |action: &&str| {
            let resources = self.resources(action, "*");
            let text = format!("`{action}`, which Anthropic processes outside AWS");
            question(text, Topic::Platform, action, resources, Context::open())
        };
        inference.map(ask).collect()
    }

    fn tokens(&self) -> Vec<GuardQuestion> {
        if !self.scope.forbid_bearer_tokens {
            return Vec::new();
        }
        let all = PREFIXES.iter().map(|prefix| format!("{prefix}:CallWithBearerToken"));
        let known = all.filter(|action| actions::find(action).is_some());
        known.map(|action| self.simple(Topic::BearerToken, &action, format!("`{action}`: calls with an API key"))).collect()
    }

    fn api_keys(&self) -> Vec<GuardQuestion> {
        let action = "iam:CreateServiceSpecificCredential";
        let users = any(vec![format!("arn:{}:iam::{}:user/*", self.partition, self.account)], Vec::new());
        let mut context = Context::open();
        context.set("iam:ServiceSpecificCredentialServiceName", ["bedrock.amazonaws.com"]);
        // An IAM call has the Region of IAM's own endpoint.
        context.set("aws:RequestedRegion", ["us-east-1"]);
        let text = if self.scope.forbid_bearer_tokens {
            format!("`{action}`: making an API key for Bedrock")
        } else {
            context.set_absent("iam:ServiceSpecificCredentialAgeDays");
            format!("`{action}`: making an API key for Bedrock that never expires")
        };
        vec![question(text, Topic::ApiKey, action, users, context)]
    }

    fn retention(&self) -> Vec<GuardQuestion> {
        let all = RETENTION.iter().filter_map(|(action, key)| {
            let mut asked = self.simple(Topic::DataRetention, action, format!("`{action}` with a mode that retains prompts"));
            asked.context.set_present(key);
            asked.conditions.push((Condition::new("StringEquals", key, &["none"])?, false));
            let modes = ["default", "aws_review", "provider_data_share"].map(str::to_owned).to_vec();
            asked.examples.insert(key.to_ascii_lowercase(), modes);
            Some(asked)
        });
        all.collect()
    }

    fn controls(&self) -> Vec<GuardQuestion> {
        CONTROLS.iter().map(|(action, what)| self.simple(Topic::Controls, action, format!("`{action}`: {what}"))).collect()
    }

    fn uses(&self) -> Vec<GuardQuestion> {
        let mut out = Vec::new();
        for region in &self.approved {
            for id in self.approved_ids() {
                for action in INVOKE {
                    let text = format!("`{action}` on `{id}` in {region}");
                    out.push(self.must_pass(text, action, self.foundation(region, &id), region, None));
                }
                out.extend(self.profile_legs(&id, region));
            }
            for action in ["bedrock:ListFoundationModels", "bedrock:GetFoundationModelAvailability", "s3:ListAllMyBuckets"] {
                out.push(self.must_pass(format!("`{action}` in {region}"), action, "*".to_owned(), region, None));
            }
        }
        out
    }

    /// Ids of approved models: as they are listed, or for a pattern those of the dated table that it takes.
    fn approved_ids(&self) -> Vec<String> {
        if !self.scope.declares("approved_models") {
            return vec!["anthropic.claude-haiku-4-5-20251001-v1:0".to_owned()];
        }
        self.scope.approved_models.iter().map(|glob| glob.replace('*', "20251001-v1:0").replace('?', "1")).collect()
    }

    /// The legs of the profiles that the posture accepts, called in `region`.
    fn profile_legs(&self, id: &str, region: &str) -> Vec<GuardQuestion> {
        let mut prefixes: Vec<&str> = Vec::new();
        match self.scope.posture {
            Some(Posture::ApprovedRegions) => prefixes.extend(["us", "eu", "apac", "jp", "au"]),
            Some(Posture::GlobalWithTransferBasis) => prefixes.push("global"),
            _ => {}
        }
        let mut out = Vec::new();
        for prefix in prefixes {
            let places: Vec<(String, &str)> = match models::destinations(&format!("{prefix}.{id}"), region) {
                Some(models::Destinations::Regions(to)) if to.iter().all(|r| self.scope.approves_region(r)) => {
                    to.iter().map(|r| (self.foundation(r, id), *r)).collect()
                }
                Some(models::Destinations::AnyCommercial) if prefix == "global" => {
                    vec![(self.foundation(region, id), region), (self.foundation("", id), UNSPECIFIED)]
                }
                _ => continue,
            };
            let profile = format!("arn:{}:bedrock:{region}:{}:inference-profile/{prefix}.{id}", self.partition, self.account);
            for action in INVOKE {
                let text = format!("`{action}` on the profile `{prefix}.{id}` in {region}");
                out.push(self.must_pass(text, action, profile.clone(), region, None));
                for (model, requested) in &places {
                    let text = format!("`{action}` on `{id}` in {requested}, through the profile `{prefix}.{id}` of {region}");
                    out.push(self.must_pass(text, action, model.clone(), requested, Some(&profile)));
                }
            }
        }
        out
    }

    /// An approved guardrail in a numbered version.
    fn guardrail(&self) -> String {
        let declared = self.scope.approved_guardrails.first().map_or("*", |g| &**g);
        let arn = if declared.starts_with("arn:") {
            declared.to_owned()
        } else {
            let region = self.approved.first().copied().unwrap_or("sa-east-1");
            format!("arn:{}:bedrock:{region}:{}:guardrail/{declared}", self.partition, self.account)
        };
        let versioned = arn.rsplit_once('/').is_some_and(|(_, id)| id.contains(':'));
        let arn = if versioned { arn } else { format!("{arn}:1") };
        arn.replace(['*', '?'], "1")
    }

    /// One request, with a context as plain as any: what it does not say is absent.
    fn must_pass(&self, text: String, action: &str, resource: String, region: &str, profile: Option<&str>) -> GuardQuestion {
        let mut context = Context::closed();
        context.set("aws:RequestedRegion", [region]);
        context.set("aws:SecureTransport", ["true"]);
        context.set("aws:ViaAWSService", ["false"]);
        if let Some(profile) = profile {
            context.set("bedrock:InferenceProfileArn", [profile]);
        }
        if self.scope.require_guardrail {
            context.set("bedrock:GuardrailIdentifier", [self.guardrail()]);
        }
        question(text, Topic::Use, action, Resources::One(resource), context)
    }
}

/// Actions that set how long prompts are kept, with the key that holds the mode.
const RETENTION: [(&str, &str); 4] = [
    ("bedrock:PutAccountDataRetention", "bedrock:DataRetentionMode"),
    ("bedrock-mantle:PutAccountDataRetention", "bedrock-mantle:DataRetentionMode"),
    ("bedrock-mantle:CreateProject", "bedrock-mantle:DataRetentionMode"),
    ("bedrock-mantle:UpdateProject", "bedrock-mantle:DataRetentionMode"),
];

/// Actions that switch off or change a control, and what each does.
pub(crate) const CONTROLS: [(&str, &str); 14] = [
    ("bedrock:DeleteModelInvocationLoggingConfiguration", "ends the record of prompts"),
    ("bedrock:PutModelInvocationLoggingConfiguration", "turns the record of prompts elsewhere"),
    ("bedrock:DeleteEnforcedGuardrailConfiguration", "lifts the enforced guardrail"),
    ("bedrock:PutEnforcedGuardrailConfiguration", "replaces the enforced guardrail"),
    ("bedrock:DeleteGuardrail", "removes a guardrail"),
    ("bedrock:UpdateGuardrail", "weakens a guardrail"),
    ("bedrock:PutResourcePolicy", "shares a Bedrock resource"),
    ("cloudtrail:StopLogging", "stops the trail"),
    ("cloudtrail:DeleteTrail", "removes the trail"),
    ("cloudtrail:UpdateTrail", "turns the trail elsewhere"),
    ("cloudtrail:PutEventSelectors", "narrows what the trail records"),
    ("kms:DisableKey", "makes records and data unreadable"),
    ("kms:ScheduleKeyDeletion", "makes records and data unreadable for good"),
    ("logs:DeleteLogGroup", "removes recorded prompts"),
];

#[cfg(test)]
mod tests;
