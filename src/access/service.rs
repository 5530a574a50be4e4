//! Whether an AWS service can do on somebody's behalf what it is set up to do: write a record, use a key, act as a role.
//!
//! In: the world, a request of a service (or of the role it acts as), and the account and Region it acts for. Out: proved that it can,
//! with the statement where it cannot, or why that is not known. Denies, conditions, RCPs and, for a role, SCPs and its boundary count.
//! The service names whom it acts for: `aws:SourceAccount`, and an `aws:SourceArn` of which only service, Region and account are known.
//! Never: "can" where a policy that is in force was not loaded, or where a condition hangs on what is not known.

use std::sync::Arc;

use super::edges::{condition, context_of_service, organization_of};
use super::principals::{Principals, mark_node, node_of};
use super::query::{Joined, underlined};
use crate::facts::{FactId, NodeId, Reason, Why};
use crate::iam::PolicyType;
use crate::iam::arn::{Arn, is_account_id};
use crate::iam::decide::{Decision, Hinge, Outcome, PolicySet, Said, decide};
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Request};
use crate::iam::solve::{Answer, Question, Resources, solve};
use crate::world::World;

/// Whether it can.
#[derive(Debug)]
pub(crate) enum Able {
    /// Every such request is allowed.
    Yes,
    /// None is.
    No {
        /// Why, in a clause.
        reason: String,
        /// The statement that denies it.
        at: Vec<NodeId>,
    },
}

/// A request on behalf of somebody else's account that goes through.
#[derive(Debug)]
pub(crate) struct Stranger {
    /// The request on one line.
    pub(crate) witness: String,
    /// The name in the resource's policy that lets it in.
    pub(crate) at: Option<NodeId>,
}

/// A request made on behalf of an account in a Region.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    /// The service that is configured there, as ARNs name it (`bedrock`), where it names whom it acts for.
    pub(crate) source: Option<&'a str>,
    /// The partition (`aws`).
    pub(crate) partition: &'a str,
    /// The account it acts for.
    pub(crate) account: &'a str,
    /// The Region it acts in.
    pub(crate) region: &'a str,
    /// `service:Action`.
    pub(crate) action: &'a str,
    /// The resource's ARN.
    pub(crate) resource: &'a str,
    /// Further context keys, by name.
    pub(crate) keys: Vec<(&'a str, String)>,
}

impl Service<'_> {
    /// Whether the service principal `name` can, by the resource's policy and the RCPs above its account.
    pub(crate) fn as_itself(&self, world: &World, name: &str) -> Result<Able, Arc<Why>> {
        let joined = Joined::of_service(world, self.action, self.resource, self.owner());
        let policies = joined.alone();
        let mut context = Context::open();
        self.on_behalf(world, &mut context);
        let who = Principal::Service { name: name.into() };
        let Some(source) = self.arns() else { return self.decided(&policies, &who, &[context]) };
        context.set("aws:SourceAccount", [self.account]);
        let with = |tail: &str| {
            let mut context = context.clone();
            context.set("aws:SourceArn", [format!("{source}:{tail}")]);
            context
        };
        // What follows the account in the ARN is not documented: two forms stand for all.
        self.decided(&policies, &who, &[with("*"), with("configuration/example")])
    }

    /// A request of the service on behalf of a stranger that is allowed: the confused deputy. RCPs of an organisation that was not
    /// loaded leave the grant standing.
    pub(crate) fn for_strangers(&self, world: &World, name: &str) -> Result<Option<Stranger>, Arc<Why>> {
        let joined = Joined::of_service(world, self.action, self.resource, self.owner());
        let mut policies = joined.alone();
        if world.facts.by_key("organization-account", self.owner(), None, None).is_none() {
            policies.missing.retain(|missing| missing.kind != PolicyType::Rcp);
        }
        let mut context = self.complete(context_of_service());
        for key in ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"] {
            context.set_absent(key);
        }
        let who = Principal::Service { name: name.into() };
        let request = Request::new(who, self.action, self.resource, Some(self.owner()), context);
        let decision = decide(&policies, &request);
        match decision.outcome {
            Outcome::Allowed => {
                let allows = decision.why.iter().find(|why| why.said == Said::Allows && why.kind == PolicyType::Resource);
                let statement = allows.and_then(|why| underlined(policies.resource?, why.site?, self.action, &Context::open()));
                let principal = statement.and_then(|(statement, _)| Some((policies.resource?, statement.principal.as_ref()?)));
                let at = principal.and_then(|(policy, who)| mark_node(policy, who.entries.first().map_or(who.mark, |e| e.mark)));
                Ok(Some(Stranger { witness: request.to_string(), at }))
            }
            Outcome::Conditional => Err(self.doubt(&policies, &[decision])),
            Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => Ok(None),
        }
    }

    /// What the ARN of whom it acts for begins with.
    fn arns(&self) -> Option<String> {
        Some(format!("arn:{}:{}:{}:{}", self.partition, self.source?, self.region, self.account))
    }

    /// The account that owns the resource.
    fn owner(&self) -> &str {
        Arn::parse(self.resource).map(|arn| arn.account).filter(|account| is_account_id(account)).unwrap_or(self.account)
    }

    /// Whether sessions of a role can, by its own policies, the SCPs above it and the RCPs above the account. A policy of the resource
    /// is not counted.
    pub(crate) fn as_role(&self, world: &World, role: FactId) -> Result<Able, Arc<Why>> {
        let index = Principals::of(world);
        let Some(standing) = index.get(role) else { return Err(Why::new(Reason::NotLoaded, "the role was not loaded")) };
        let joined = Joined::without_resource(world, standing, self.owner());
        let mut own = Context::open();
        own.complete(&standing.keys.known);
        for key in ["aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"] {
            own.set_absent(key);
        }
        self.decided(&joined.policies(standing), &standing.who, &[own])
    }

    /// What a service says of whom it acts for.
    fn on_behalf(&self, world: &World, context: &mut Context) {
        match organization_of(&world.facts, self.account) {
            Ok(Some((id, path))) => {
                context.set("aws:SourceOrgID", [id]);
                context.set("aws:SourceOrgPaths", [path]);
            }
            Ok(None) => {
                context.set_absent("aws:SourceOrgID");
                context.set_absent("aws:SourceOrgPaths");
            }
            Err(_) => {}
        }
        context.set("aws:ViaAWSService", ["false"]);
        for key in ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"] {
            context.set_absent(key);
        }
    }

    /// The requests in the given contexts: all allowed, or none of its kind allowed, else not known.
    fn decided(&self, policies: &PolicySet<'_>, who: &Principal, contexts: &[Context]) -> Result<Able, Arc<Why>> {
        let contexts: Vec<Context> = contexts.iter().map(|context| self.complete(context.clone())).collect();
        let request =
            |context: &Context| Request::new(who.clone(), self.action, self.resource, Some(self.owner()), context.clone());
        let decisions: Vec<Decision> = contexts.iter().map(|context| decide(policies, &request(context))).collect();
        if decisions.iter().all(|decision| decision.outcome == Outcome::Allowed) {
            return Ok(Able::Yes);
        }
        let denied = |d: &&Decision| matches!(d.outcome, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied);
        let all_denied = decisions.iter().all(|decision| denied(&decision));
        match decisions.iter().find(denied) {
            Some(decision) if all_denied && self.never(policies, who, &contexts) => Ok(self.no(policies, decision)),
            _ => Err(self.doubt(policies, &decisions)),
        }
    }

    /// What every such request carries.
    fn complete(&self, mut context: Context) -> Context {
        context.set("aws:RequestedRegion", [self.region]);
        context.set("aws:SecureTransport", ["true"]);
        context.set("s3:TlsVersion", ["1.2"]);
        self.keys.iter().for_each(|(key, value)| context.set(key, [value.as_str()]));
        context
    }

    /// Whether no `aws:SourceArn` of that service, Region and account is let in. Policies that only limit cannot let it in.
    fn never(&self, policies: &PolicySet<'_>, who: &Principal, contexts: &[Context]) -> bool {
        let Some(mut context) = contexts.first().cloned() else { return false };
        if !context.mentions("aws:sourcearn") {
            return true;
        }
        context.set_unknown("aws:SourceArn");
        let limits = |kind| matches!(kind, PolicyType::Scp | PolicyType::Rcp | PolicyType::Boundary);
        let missing = policies.missing.iter().filter(|m| !limits(m.kind)).cloned().collect();
        let loaded = PolicySet { missing, ..policies.clone() };
        let mut question = Question::new(&loaded, who.clone(), self.action);
        question.resources = Resources::One(self.resource.to_owned());
        question.resource_account = Some(self.owner());
        question.context = context;
        let Some(source) = self.arns() else { return true };
        question.conditions =
            condition("ArnLike", "aws:SourceArn", &[&format!("{source}:*")]).into_iter().map(|c| (c, true)).collect();
        matches!(solve(&question), Answer::None)
    }

    fn no(&self, policies: &PolicySet<'_>, decision: &Decision) -> Able {
        let denial = decision.denied_by().find_map(|why| Some((why, why.site?)));
        let Some((why, site)) = denial else {
            let limit = decision.why.iter().find(|why| {
                why.said == Said::Nothing && matches!(why.kind, PolicyType::Scp | PolicyType::Rcp | PolicyType::Boundary)
            });
            let reason = match limit {
                Some(limit) => format!("no statement of the {} allows `{}`", named(limit.kind), self.action),
                None => format!("no statement allows `{}` on `{}`", self.action, self.resource),
            };
            return Able::No { reason, at: Vec::new() };
        };
        let levels = policies.scp.iter().chain(&policies.rcp).flatten().flatten();
        let mut all = policies.identity.iter().chain(&policies.boundary).chain(&policies.resource).chain(levels);
        let found = all.find_map(|policy| underlined(policy, site, self.action, &Context::open()));
        let sid = found.and_then(|(statement, _)| statement.sid.as_deref());
        let statement = sid.map_or_else(|| "a statement".to_owned(), |sid| format!("statement `{sid}`"));
        let reason = format!("{statement} of the {} denies `{}`", named(why.kind), self.action);
        Able::No { reason, at: found.and_then(|(_, at)| node_of(at)).into_iter().collect() }
    }

    /// Why it is not known.
    fn doubt(&self, policies: &PolicySet<'_>, decisions: &[Decision]) -> Arc<Why> {
        if let Some(missing) = policies.missing.first() {
            let text = format!("whether `{}` is allowed hangs on a policy that is not known: {}", self.action, missing.why);
            return Why::new(Reason::NotLoaded, text);
        }
        let hinges = decisions.iter().flat_map(|decision| &decision.hinges);
        let mut named: Vec<String> = hinges.map(Hinge::to_string).collect();
        named.sort();
        named.dedup();
        if named.is_empty() {
            named.push("the value of `aws:SourceArn` beyond its account".to_owned());
        }
        Why::new(Reason::Undecided, format!("whether `{}` is allowed hangs on {}", self.action, named.join(" and ")))
    }
}

/// A policy type as a reader names it.
fn named(kind: PolicyType) -> &'static str {
    match kind {
        PolicyType::Identity => "role's policies",
        PolicyType::Resource => "resource's policy",
        PolicyType::Trust => "trust policy",
        PolicyType::Key => "key policy",
        PolicyType::Endpoint => "endpoint policy",
        PolicyType::Boundary => "permissions boundary",
        PolicyType::Session => "session policy",
        PolicyType::Scp => "SCPs",
        PolicyType::Rcp => "RCPs",
    }
}
