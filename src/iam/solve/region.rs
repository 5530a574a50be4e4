//! A request for a resource of a Region is made in that Region.
//!
//! In: a question. Out: in which ways the resource's Region and `aws:RequestedRegion` go together, and a condition on the key
//! as a demand on the resource's ARN. Never: a request left out that can exist; where a service is not known to take its own
//! Region's resources only, the tie is a wish about the witness and no part of a proof.
//! Sources: IAM user guide, "AWS global condition context keys", *aws:RequestedRegion*; Bedrock user guide, "Global
//! cross-Region inference" (the leg without a Region has `unspecified`) and "Geographic cross-Region inference" (a leg in
//! another Region has that Region).

use std::rc::Rc;

use super::formula::{Formula, Literal, opaque_value};
use crate::iam::arn::Arn;
use crate::iam::condition::{Condition, Texts};
use crate::iam::glob::Glob;
use crate::iam::request::{Context, Known, Request};
use crate::iam::truth::Logic;

pub(super) const KEY: &str = "aws:requestedregion";

/// What `aws:RequestedRegion` holds for a foundation model's ARN without a Region.
const UNSPECIFIED: &str = "unspecified";

/// Services whose requests name resources of the Region that is called.
const REGIONAL: [&str; 8] =
    ["aoss", "aws-external-anthropic", "bedrock", "bedrock-agentcore", "bedrock-mantle", "kms", "lambda", "sqs"];

/// Their actions that (also) name a resource of another Region: copies between Regions, and guardrail profiles.
const ACROSS: [&str; 6] = [
    "bedrock:ApplyGuardrail",
    "bedrock:CreateGuardrail",
    "bedrock:CreateModelCopyJob",
    "bedrock:UpdateGuardrail",
    "kms:ReplicateKey",
    "kms:UpdatePrimaryRegion",
];

/// One way in which the Region that is called and the resource go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// Whatever they are.
    Loose,
    /// The ARN has a Region, and that one is called.
    OfResource,
    /// A foundation model's ARN without a Region, for which the key says `unspecified`.
    Unspecified,
    /// The resource has no Region; any may be called.
    Regionless,
}

/// The ways that together leave out no request which can exist.
pub(super) const TIES: [Tie; 3] = [Tie::OfResource, Tie::Unspecified, Tie::Regionless];

/// True where the action's requests surely name resources of the Region that is called, or of none.
pub(super) fn is_regional(action: &str) -> bool {
    let service = action.split_once(':').map_or("", |(service, _)| service);
    REGIONAL.iter().any(|known| known.eq_ignore_ascii_case(service))
        && !ACROSS.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// The Region that is called is the resource's, where both are known, and the resource's is none that no resource has.
pub(super) fn consistent(request: &Request) -> bool {
    if Arn::parse(&request.resource).is_some_and(|arn| arn.region == UNSPECIFIED) {
        return false;
    }
    match request.context.get(KEY) {
        Known::Values([called]) => expected(&request.resource).is_none_or(|region| **called == *region),
        _ => true,
    }
}

/// The Region that a request for this resource is made in.
pub(super) fn expected(resource: &str) -> Option<&str> {
    let arn = Arn::parse(resource)?;
    let global = arn.service == "bedrock" && arn.account.is_empty() && arn.resource.starts_with("foundation-model/");
    match arn.region {
        "" => global.then_some(UNSPECIFIED),
        region => Some(region),
    }
}

/// The context of a question in which the resource is free and so tied; `None` where no request is.
pub(super) fn context(tie: Tie, context: &Context) -> Option<Context> {
    let fixed = match context.get(KEY) {
        Known::Values([value]) => Some(&**value),
        _ => None,
    };
    let mut context = context.clone();
    match (tie, fixed) {
        (Tie::Unspecified, None) => context.set(KEY, [UNSPECIFIED]),
        (Tie::Unspecified, Some(other)) if other != UNSPECIFIED => return None,
        _ => {}
    }
    Some(context)
}

/// What the tie demands of the resource's ARN.
pub(super) fn demand<'a>(tie: Tie, context: &Context) -> Formula<'a> {
    let some_region = || among(vec![Glob::new("?*", false)]);
    let model = || {
        let texts = ["arn", "*", "bedrock", "", "", "foundation-model/*"];
        Formula::Literal(Literal::Arn { parts: [texts.map(|text| Glob::new(text, false))].into(), inside: true })
    };
    match (tie, context.get(KEY)) {
        (Tie::Loose, _) => Formula::Constant(true),
        (Tie::OfResource, Known::Values([called])) if **called == *UNSPECIFIED => Formula::Constant(false),
        (Tie::OfResource, Known::Values([called])) => among(vec![Glob::literal(called, false)]),
        (Tie::OfResource, _) => some_region().and(among(vec![Glob::literal(UNSPECIFIED, false)]).negated()),
        (Tie::Unspecified, _) => model(),
        (Tie::Regionless, _) => some_region().negated().and(model().negated()),
    }
}

/// A condition on the Region that is called, where that is the resource's: a demand on the ARN's fourth part. The key has one
/// value, so that set operators and `IfExists` make no difference.
pub(super) fn condition<'a>(condition: &Condition, context: &Context) -> Formula<'a> {
    let mut regions = Vec::new();
    let mut opaque = Formula::Constant(false);
    for value in &condition.values {
        match value.texts(context) {
            Texts::Glob(glob) => regions.push(glob),
            // The name of a Region is no ARN, and nothing equals a variable without a value.
            Texts::Arn(_) | Texts::Nothing => {}
            Texts::Beyond => opaque = opaque_value(condition, value, context),
        }
    }
    let matched = if regions.is_empty() { opaque } else { among(regions).or(opaque) };
    if condition.operator.negated { matched.negated() } else { matched }
}

/// The ARN's Region matches one of these.
fn among<'a>(regions: Vec<Glob>) -> Formula<'a> {
    let any = || Glob::new("*", false);
    let parts = regions.into_iter().map(|region| [Glob::new("arn", false), any(), any(), region, any(), any()]);
    Formula::Literal(Literal::Arn { parts: parts.collect::<Rc<[_]>>(), inside: true })
}
