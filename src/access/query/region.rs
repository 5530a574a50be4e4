//! The solver's answers held to one fact that it does not know: a request for a resource with a Region is made in that Region.
//!
//! In: a question. Out: its answer, where a witness never calls one Region for a resource of another; where the first
//! witness does, each Region of the dated table is asked by itself.

use crate::catalog::regions;
use crate::iam::arn::Arn;
use crate::iam::glob::Glob;
use crate::iam::request::{Known, Request};
use crate::iam::solve::{Answer, Question, Resources, solve};

const KEY: &str = "aws:requestedregion";

/// As [`solve`].
pub(super) fn solve_in_region(question: &Question<'_>) -> Answer {
    match solve(question) {
        Answer::Some(found) if !consistent(&found.request) => by_region(question),
        answer => answer,
    }
}

/// The Region that is called is the resource's, where both are known.
fn consistent(request: &Request) -> bool {
    let region = Arn::parse(&request.resource).map_or("", |arn| arn.region);
    match request.context.get(KEY) {
        Known::Values(values) => region.is_empty() || values.iter().all(|value| &**value == region),
        _ => true,
    }
}

fn by_region(question: &Question<'_>) -> Answer {
    let fixed = match question.context.get(KEY) {
        Known::Values(values) => values.first().map(|value| value.to_string()),
        _ => None,
    };
    let preferred = ["sa-east-1", "us-east-1"];
    let others = regions::all().iter().map(|region| region.name).filter(|name| !preferred.contains(name));
    let mut unsure = None;
    // The empty one stands for resources whose ARN has no Region; any may be called for them.
    for region in preferred.into_iter().chain(others).chain([""]) {
        if fixed.as_deref().is_some_and(|fixed| !region.is_empty() && fixed != region) {
            continue;
        }
        let Some(mut resources) = narrowed(&question.resources, region) else { continue };
        if let (Resources::Matching { outside, .. }, true) = (&mut resources, region.is_empty()) {
            // `arn:*:*::*` holds ARNs of a Region too whose resource has a colon in it.
            let service = question.action.split(':').next().unwrap_or_default().to_ascii_lowercase();
            outside.extend(regions::all().iter().map(|region| format!("arn:aws:{service}:{}:*", region.name)));
        }
        let mut asked = Question { resources, ..question.clone() };
        if !region.is_empty() {
            asked.context.set("aws:RequestedRegion", [region]);
        }
        match solve(&asked) {
            Answer::None => {}
            Answer::Some(found) if consistent(&found.request) => return Answer::Some(found),
            Answer::Some(_) => {
                unsure = unsure.or(Some("the requests that were found call one Region for a resource of another".to_owned()));
            }
            Answer::Unknown(why) => unsure = unsure.or(Some(why)),
        }
    }
    unsure.map_or(Answer::None, Answer::Unknown)
}

/// The resources of one Region (empty: those without one); `None` where there are none.
fn narrowed(resources: &Resources, region: &str) -> Option<Resources> {
    let (within, outside, examples) = match resources {
        Resources::One(text) => {
            let own = Arn::parse(text).map_or("", |arn| arn.region);
            return (own == region).then(|| resources.clone());
        }
        Resources::Matching { within, outside, examples } => (within, outside.clone(), examples),
    };
    let everything = ["arn:*:*:*:*:*".to_owned()];
    let globs = if within.is_empty() { &everything[..] } else { within.as_slice() };
    let in_region = |text: &String| match Arn::parse(text) {
        Some(arn) if Glob::new(arn.region, false).matches(region) => {
            Some(format!("arn:{}:{}:{region}:{}:{}", arn.partition, arn.service, arn.account, arn.resource))
        }
        Some(_) => None,
        None => Some(text.clone()),
    };
    let within: Vec<String> = globs.iter().filter_map(in_region).collect();
    let is_here = |text: &&String| Arn::parse(text).is_some_and(|arn| arn.region == region);
    let examples = examples.iter().filter(is_here).cloned().collect();
    (!within.is_empty()).then_some(Resources::Matching { within, outside, examples })
}
