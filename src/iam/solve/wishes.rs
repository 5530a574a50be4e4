//! What a resource in a witness should look like, where the policies leave it open.
//!
//! In: a question. Out: demands in the order of preference, each of which may turn out not to be met. They decide how a
//! witness reads and never whether there is one.

use super::strings::{Automaton, Clause};
use super::{Question, Resources, region};
use crate::iam::arn::Arn;
use crate::iam::glob::Glob;
use crate::iam::request::Known;

/// Services whose ARNs have neither Region nor account, and those without a Region.
const BARE: [&str; 1] = ["s3"];
const GLOBAL: [&str; 5] = ["cloudfront", "iam", "organizations", "route53", "sts"];

/// The clauses `plain` with a wish each: an ARN of the action's own service in a plausible Region and account; any ARN of that
/// service; any ARN; any text. In the first ones no wildcard of a policy takes in more than one part of the ARN.
pub(super) fn resource(question: &Question<'_>, plain: &[Clause], within_parts: &[Clause]) -> Vec<Vec<Clause>> {
    let with = |clauses: &[Clause], wish: Vec<Clause>| wish.into_iter().chain(clauses.iter().cloned()).collect::<Vec<_>>();
    let service = question.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let own = question.principal.arn();
    let partition = own.as_deref().and_then(Arn::parse).map_or("aws", |arn| arn.partition);
    let account = question.resource_account.or(question.principal.account()).unwrap_or("111122223333");
    let mut places: Vec<(&str, &str)> = Vec::new();
    if BARE.contains(&&*service) {
        places.push(("", ""));
    }
    if GLOBAL.contains(&&*service) {
        places.push(("", account));
    }
    let regions = regions(question);
    places.extend(regions.iter().flat_map(|region| [(*region, account), (*region, "")]));
    places.extend([("?*", account), ("?*", ""), ("", account), ("", ""), ("*", "*")]);
    let mut wishes: Vec<Vec<Clause>> = Vec::new();
    for (region, account) in places {
        wishes.push(with(within_parts, vec![arn([partition, &service, region, account]), ended()]));
    }
    wishes.push(with(within_parts, vec![arn(["*", &service, "*", "*"])]));
    wishes.push(with(within_parts, vec![arn(["*", "*", "*", "*"])]));
    wishes.push(with(plain, vec![arn(["*", &service, "*", "*"])]));
    wishes.extend(["arn:*:?*", "?*"].map(|text| with(plain, vec![inside(Automaton::of_glob(&Glob::new(text, false)))])));
    wishes
}

/// The Regions that a witness should be in.
fn regions<'q>(question: &'q Question<'_>) -> Vec<&'q str> {
    if let Known::Values([region]) = question.context.get(region::KEY) {
        return vec![&**region];
    }
    let named = question.examples.get(region::KEY).into_iter().flatten().map(String::as_str);
    let shown = match &question.resources {
        Resources::Matching { examples, .. } => {
            examples.iter().filter_map(|text| Arn::parse(text)).map(|arn| arn.region).collect()
        }
        Resources::One(_) => Vec::new(),
    };
    let mut regions: Vec<&str> = Vec::new();
    for region in named.chain(shown).chain(["us-east-1"]) {
        if !region.is_empty() && !regions.contains(&region) {
            regions.push(region);
        }
    }
    regions.truncate(3);
    regions
}

/// An ARN of these parts, none of which takes in a colon, with something in the last.
fn arn([partition, service, region, account]: [&str; 4]) -> Clause {
    let parts = ["arn", partition, service, region, account, "?*"].map(|text| Glob::new(text, false));
    inside(Automaton::of_arn(&parts))
}

/// Something follows the last separator, and every one before a slash.
fn ended() -> Clause {
    let open = ["*/", "*:", "*-", "*_", "*.", "*-/*", "*//*", "*:/*"].map(|text| Automaton::of_glob(&Glob::new(text, false)));
    Clause { patterns: open.into(), inside: false }
}

/// A pattern none of whose wildcards takes in a colon before the ARN's sixth part, where it is written as an ARN.
pub(super) fn within_parts(glob: &Glob) -> Automaton {
    let mut parts = glob.bytes().splitn(6, |byte| *byte == b':').map(|part| Glob::from_bytes(part.to_vec(), glob.folds()));
    match [parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(arn), Some(partition), Some(service), Some(region), Some(account), Some(resource)] => {
            Automaton::of_arn(&[arn, partition, service, region, account, resource])
        }
        _ => Automaton::of_glob(glob),
    }
}

fn inside(pattern: Automaton) -> Clause {
    Clause { patterns: vec![pattern], inside: true }
}
