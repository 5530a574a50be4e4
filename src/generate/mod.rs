//! Writes the guard that a scope's posture calls for, and proves it on the spot.
//!
//! In: a scope of `alicerce.toml`, the kind of policy. Out: policies as text within AWS's limits, and the questions that were asked of
//! them with the solver's answers. Never: a guard whose answers were read off its statements: what was written is parsed again and asked
//! about all requests; an answer that is unknown is no proof.

mod allow;
mod cases;
mod notes;
mod plan;
mod proof;
mod scp;
mod shared;
mod size;
mod statement;

use crate::config::{Posture, Scope};
use crate::iam::PolicyType;

use allow::Callers;
use plan::Plan;
pub use plan::Way;
use proof::{Case, Guard};
use size::Limit;

/// The kind of guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A service control policy.
    Scp,
    /// The least identity policy that runs the approved models.
    IamPolicy,
    /// The policy of a `bedrock-runtime` endpoint.
    EndpointPolicy,
}

/// What is wanted beside the scope.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// How models are called (identity policies); none: as the posture suggests.
    pub ways: Vec<Way>,
    /// The identity policy is to be a role's inline policy.
    pub inline: bool,
    /// The organisation whose principals may use the endpoint; else the scope's accounts.
    pub organization: Option<String>,
}

/// A guard and its proof.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The policies, each a JSON document.
    pub policies: Vec<String>,
    /// The proof: what was asked, and the answers.
    pub rows: Vec<Row>,
    /// What the reader has to know, one sentence each.
    pub notes: Vec<String>,
}

impl Generated {
    /// Whether every answer is the expected one.
    pub fn proved(&self) -> bool {
        self.rows.iter().all(Row::as_expected)
    }

    /// Whether some answer is surely not the expected one.
    pub fn refuted(&self) -> bool {
        self.rows.iter().any(|row| !row.as_expected() && !matches!(row.answer, Answer::Unknown(_)))
    }
}

/// One question of the proof.
#[derive(Debug, Clone)]
pub struct Row {
    /// A class of calls, in words.
    pub question: String,
    /// The calls are to pass; else none of them may.
    pub expected_open: bool,
    /// The answer.
    pub answer: Answer,
    /// What else is known of the calls.
    pub remark: Option<String>,
}

impl Row {
    /// Whether the answer is the expected one.
    pub fn as_expected(&self) -> bool {
        match self.answer {
            Answer::Open(_) => self.expected_open,
            Answer::Closed(_) => !self.expected_open,
            Answer::Unknown(_) => false,
        }
    }
}

/// What the solver says of a class of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Open, with the requests of one call.
    Open(String),
    /// Closed: proved for every request of the class. Where one of several calls is closed that should be open: its denied request.
    Closed(Option<String>),
    /// Not decided, for this reason.
    Unknown(String),
}

/// Why there is no guard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum GenerateError {
    /// The scope says nothing of how far prompts may travel.
    #[error("scope `{0}` declares no posture, so there is nothing that a guard would hold")]
    #[diagnostic(help(
        "add posture = \"in-region\" (or \"approved-regions\", \"global-with-transfer-basis\") to the scope in alicerce.toml"
    ))]
    NoPosture(String),
    /// No Region is approved.
    #[error("scope `{0}` declares no approved Regions, so a guard would close Bedrock altogether")]
    #[diagnostic(help("add approved_regions = [\"sa-east-1\"] to the scope in alicerce.toml"))]
    NoRegions(String),
    /// Regions of several partitions.
    #[error("the approved Regions of scope `{0}` are of several AWS partitions, which share no organisation")]
    #[diagnostic(help("make a scope of its own for each partition"))]
    Partitions(String),
    /// An allow-list without models.
    #[error("scope `{0}` declares no approved models, and the least policy names them")]
    #[diagnostic(help("add approved_models = [\"anthropic.claude-haiku-4-5-*\"] to the scope in alicerce.toml"))]
    NoModels(String),
    /// An endpoint for nobody.
    #[error("it is not known whose principals may use the endpoint")]
    #[diagnostic(help("give --organization o-…, or add accounts = [\"…\"] to scope `{0}` in alicerce.toml"))]
    NoCallers(String),
    /// A way that the posture rules out, or that no approved Region has.
    #[error("scope `{scope}` does not let a model be called by a {way} profile: {why}")]
    #[diagnostic(help("call models by their own id (--through direct), or change the scope's posture or Regions"))]
    WayClosed {
        /// The scope's name.
        scope: String,
        /// geographic or global.
        way: &'static str,
        /// One clause.
        why: &'static str,
    },
    /// One statement above the limit.
    #[error("statement `{statement}` would have {size} characters, and AWS takes policies of at most {limit}")]
    #[diagnostic(help("use patterns in approved_models (`anthropic.claude-*`), or fewer approved Regions in one scope"))]
    TooLarge {
        /// Its `Sid`.
        statement: &'static str,
        /// Characters that count.
        size: usize,
        /// AWS's limit.
        limit: usize,
    },
    /// More documents than one target takes.
    #[error("the guard needs {documents} policies, and only {limit} can be attached to one target")]
    #[diagnostic(help("use patterns in approved_models (`anthropic.claude-*`), or fewer approved Regions in one scope"))]
    TooMany {
        /// How many it needs.
        documents: usize,
        /// AWS's default quota.
        limit: usize,
    },
    /// alicerce wrote what it cannot read; never the user's fault.
    #[error("the policy that was written could not be read back")]
    #[diagnostic(help("this is an error of alicerce; please report it with the scope"))]
    NotReadBack,
}

/// Writes and proves a guard.
///
/// # Errors
/// The scope leaves open what the guard has to know, or the guard does not fit AWS's limits.
pub fn generate(scope: &Scope, kind: Kind, wish: &Wish) -> Result<Generated, GenerateError> {
    let plan = Plan::of(scope)?;
    match kind {
        Kind::Scp => {
            let policies = size::documents(scp::statements(&plan), Limit::SCP)?;
            let ways = open_ways(&plan);
            let mut cases = cases::approved(&plan, &ways);
            cases.extend(cases::application(&plan));
            cases.extend(cases::left_alone(&plan));
            let closed = cases::closed_by_scp(&plan);
            finish(scope, &plan, (PolicyType::Scp, policies), (cases, closed), notes::of_scp(&plan))
        }
        Kind::IamPolicy => {
            if !plan.models_declared {
                return Err(GenerateError::NoModels(plan.scope));
            }
            let ways = chosen(&plan, &wish.ways)?;
            let limit = if wish.inline { Limit::INLINE } else { Limit::MANAGED };
            let policies = size::documents(allow::identity(&plan, &ways), limit)?;
            let (open, closed) = (cases::approved(&plan, &ways), cases::closed_by_identity(&plan, &ways));
            finish(scope, &plan, (PolicyType::Identity, policies), (open, closed), notes::of_identity(&plan, &ways))
        }
        Kind::EndpointPolicy => {
            let callers = match &wish.organization {
                Some(id) => Callers::Organization(id.clone()),
                None if plan.accounts.is_empty() => return Err(GenerateError::NoCallers(plan.scope)),
                None => Callers::Accounts(plan.accounts.clone()),
            };
            let policies = size::documents(allow::endpoint(&plan, &callers), Limit::ENDPOINT)?;
            let mut open = cases::approved(&plan, &open_ways(&plan));
            open.extend(cases::application(&plan));
            let closed = cases::closed_by_endpoint(&plan, &callers);
            finish(scope, &plan, (PolicyType::Endpoint, policies), (open, closed), notes::of_endpoint(&plan))
        }
    }
}

fn finish(
    scope: &Scope,
    plan: &Plan,
    (kind, policies): (PolicyType, Vec<String>),
    (open, closed): (Vec<Case>, Vec<Case>),
    notes: Vec<String>,
) -> Result<Generated, GenerateError> {
    let guard = Guard::read(kind, &policies, plan).ok_or(GenerateError::NotReadBack)?;
    let mut rows = guard.answer(open);
    rows.extend(shared::rows(scope, plan, &guard));
    rows.extend(guard.answer(closed));
    // What is to pass stands first.
    rows.sort_by_key(|row| !row.expected_open);
    Ok(Generated { policies, rows, notes })
}

/// The ways that the posture leaves open.
fn open_ways(plan: &Plan) -> Vec<Way> {
    let mut ways = vec![Way::Direct];
    if plan.profiles() {
        ways.push(Way::Geographic);
    }
    if plan.global() {
        ways.push(Way::Global);
    }
    ways
}

/// The ways of an identity policy: those that are wanted, else the one that the posture is for.
fn chosen(plan: &Plan, wanted: &[Way]) -> Result<Vec<Way>, GenerateError> {
    let mut ways = wanted.to_vec();
    if ways.is_empty() {
        ways.push(match plan.posture {
            Posture::InRegion => Way::Direct,
            Posture::ApprovedRegions if plan.areas.is_empty() => Way::Direct,
            Posture::ApprovedRegions => Way::Geographic,
            Posture::GlobalWithTransferBasis => Way::Global,
        });
    }
    ways.sort_unstable();
    ways.dedup();
    let closed = |way: &'static str, why| Err(GenerateError::WayClosed { scope: plan.scope.clone(), way, why });
    if ways.contains(&Way::Global) && !plan.global() {
        return closed("global", "it may run in any commercial Region, and the posture is not global-with-transfer-basis");
    }
    if ways.contains(&Way::Geographic) && plan.areas.is_empty() {
        let why = if plan.profiles() {
            "none can be called from the approved Regions"
        } else {
            "it may run outside the Region of the call, and the posture is in-region"
        };
        return closed("geographic", why);
    }
    Ok(ways)
}

/// A context key as AWS's documentation spells it.
fn spelling(key: &str) -> String {
    const KNOWN: [&str; 10] = [
        "aws:PrincipalArn",
        "aws:RequestedRegion",
        "aws:SecureTransport",
        "aws:SourceVpce",
        "bedrock:DataRetentionMode",
        "bedrock:GuardrailIdentifier",
        "bedrock:InferenceProfileArn",
        "bedrock-mantle:Model",
        "iam:ServiceSpecificCredentialServiceName",
        "aws:ViaAWSService",
    ];
    KNOWN.iter().find(|known| known.eq_ignore_ascii_case(key)).map_or_else(|| key.to_owned(), |known| (*known).to_owned())
}
