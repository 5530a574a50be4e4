//! `alicerce access can`: one request of one principal, decided.

use std::path::PathBuf;

use clap::Args;
use miette::{Report as Failure, miette};
use serde_json::json;

use super::{Format, Places, UNDECIDED};
use crate::access::query::{self, Line, NotFound, Verdict};
use crate::facts::FactId;
use crate::iam::arn::Arn;
use crate::iam::decide::{Exception, Said};
use crate::iam::{Context, Outcome};
use crate::report::visible;
use crate::world::World;

/// `alicerce access can`.
#[derive(Debug, Args)]
pub(super) struct CanArgs {
    /// An ARN (of a session too), or the name of a role or user, or an identity policy's file, among what is loaded
    principal: String,
    /// Such as `bedrock:InvokeModel`
    #[arg(value_parser = super::action_name)]
    action: String,
    /// An ARN, or `*` for an action that takes no resource
    resource: String,
    /// Account exports, answers of the AWS CLI, policy files, folders of these. None: the bundled example
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What is known of a context key; the same key again adds a value
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// A context key that the request does not carry
    #[arg(long, value_name = "KEY")]
    absent: Vec<String>,
    /// A context key of which nothing is known, also where it would follow from the principal or the resource
    #[arg(long, value_name = "KEY")]
    unknown: Vec<String>,
    /// Every context key that is not given is absent, as in a case's file; without this it is unknown
    #[arg(long)]
    closed: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as `aws:SourceVpce=vpce-0123`".to_owned()),
    }
}

impl CanArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        if self.resource != "*" && (Arn::parse(&self.resource).is_none() || self.resource.contains(['*', '?'])) {
            return Err(miette!("`{}` is neither the ARN of one resource nor `*`", visible(&self.resource)));
        }
        let (world, incomplete) = super::world(&self.paths)?;
        let principal = find(&world, &self.principal)?;
        super::note_unknown_action(&self.action);
        let verdict = query::can(&world, principal, &self.action, &self.resource, self.request_context())
            .ok_or_else(|| super::no_principal(&world))?;
        let text = match self.format {
            Format::Human => human(&world, &verdict),
            Format::Json => self.json(&world, principal, &verdict),
        };
        crate::cli::print(&text)?;
        Ok(match verdict.outcome {
            _ if incomplete => UNDECIDED,
            Outcome::Allowed => 0,
            Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => 1,
            Outcome::Conditional => UNDECIDED,
        })
    }

    /// What is known of the request. The Region called follows from the resource's ARN unless something else is said.
    fn request_context(&self) -> Context {
        let mut context = if self.closed { Context::closed() } else { Context::open() };
        if self.closed {
            // Every request carries these.
            for key in ["aws:CurrentTime", "aws:EpochTime", "aws:RequestedRegion", "aws:SecureTransport"] {
                context.set_present(key);
            }
        }
        if let Some(arn) = Arn::parse(&self.resource).filter(|arn| !arn.region.is_empty()) {
            context.set("aws:RequestedRegion", [arn.region]);
        }
        for (index, (key, _)) in self.context.iter().enumerate() {
            let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(key);
            if self.context.iter().position(|other| same(&other)) == Some(index) {
                context.set(key, self.context.iter().filter(same).map(|(_, value)| value.as_str()));
            }
        }
        self.absent.iter().for_each(|key| context.set_absent(key));
        self.unknown.iter().for_each(|key| context.set_unknown(key));
        context
    }

    fn json(&self, world: &World, principal: FactId, verdict: &Verdict) -> String {
        let mut places = Places::default();
        let mut why = Vec::new();
        for line in &verdict.lines {
            let statement = line.place.as_ref().map(|place| places.of(&world.facts, place).json());
            why.push(json!({"policy_type": line.kind.as_str(), "level": line.level, "said": said(line.said),
                            "statement": statement}));
        }
        let missing: Vec<_> = verdict.missing.iter().map(|m| json!({"policy_type": m.kind.as_str(), "why": m.why})).collect();
        let exceptions: Vec<_> = verdict.exceptions.iter().map(|e| sentence(*e)).collect();
        super::json_line(&json!({
            "principal": query::identity(world, principal), "action": self.action, "resource": self.resource,
            "request": verdict.request, "decision": format!("{:?}", verdict.outcome), "why": why,
            "keys": verdict.keys, "hangs_on": verdict.hinges, "not_loaded": missing, "exceptions": exceptions,
        }))
    }
}

/// The principal of that name.
pub(super) fn find(world: &World, name: &str) -> Result<FactId, Failure> {
    let listed = |names: Vec<String>| names.iter().map(|n| visible(n)).collect::<Vec<_>>().join(", ");
    query::find(world, name).map_err(|error| match error {
        NotFound::Nobody(near) if near.is_empty() => super::no_principal(world),
        NotFound::Nobody(near) => {
            miette!(help = format!("the nearest are {}", listed(near)), "no principal `{}` was loaded", visible(name))
        }
        NotFound::Several(all) => {
            miette!(help = format!("give one of {}", listed(all)), "several principals are called `{}`", visible(name))
        }
    })
}

fn human(world: &World, verdict: &Verdict) -> String {
    let mut places = Places::default();
    let mut out = format!("{:?}: {}\n", verdict.outcome, visible(&verdict.request));
    for line in &verdict.lines {
        let place = line.place.as_ref().map(|place| places.of(&world.facts, place).line()).unwrap_or_default();
        out.push_str(format!("  {:<11} {:<14} {place}", label(line), said(line.said)).trim_end());
        out.push('\n');
    }
    for exception in &verdict.exceptions {
        out.push_str(&format!("  note: {}\n", sentence(*exception)));
    }
    if !verdict.keys.is_empty() {
        let keys: Vec<String> = verdict.keys.iter().map(|key| format!("`{}`", visible(key))).collect();
        out.push_str(&format!("  hangs on the context keys {}\n", keys.join(", ")));
    }
    for hinge in &verdict.hinges {
        out.push_str(&format!("  hangs on {}\n", visible(hinge)));
    }
    for missing in &verdict.missing {
        out.push_str(&format!("  not loaded: {} policy: {}\n", missing.kind, visible(&missing.why)));
    }
    out
}

fn label(line: &Line) -> String {
    line.level.map_or_else(|| line.kind.to_string(), |level| format!("{} {level}", line.kind))
}

/// What a policy type said, in a word or two.
pub(super) fn said(said: Said) -> &'static str {
    match said {
        Said::Denies => "denies",
        Said::Allows => "allows",
        Said::Nothing => "says nothing",
        Said::Unknown => "is not certain",
    }
}

fn sentence(exception: Exception) -> &'static str {
    match exception {
        Exception::RootUser => "identity policies and boundaries do not bind the root user",
        Exception::FederatedWithoutSessionPolicy => {
            "a federated user session without session policies has no permissions but those granted to itself"
        }
        Exception::RootAssumesNoRole => "AWS STS lets no root user assume a role",
        Exception::ServiceLinkedRole => "neither SCPs nor RCPs bind service-linked roles",
        Exception::ManagementAccount => "SCPs do not bind the management account, nor RCPs its resources",
        Exception::NoIdentityPolicies => "the requester has no identity policies, so the resource's policy decides",
        Exception::RcpUnsupportedService => "RCPs do not bind this service",
        Exception::ResourcePolicyMustGrant => "the key's or role's own policy must grant as well",
        Exception::CrossAccount => "the resource is of another account, so both sides must grant",
        Exception::GrantedDirectly => "the resource's policy names the requester itself, which is enough within the account",
        Exception::GrantedToRole => "the resource's policy names the role, so its identity policies need not grant",
    }
}
