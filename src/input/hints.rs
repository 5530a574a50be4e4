//! Which account and Region a single AWS CLI answer is of, as far as the answer itself tells.
//!
//! Only names of the answered resources count (`Arn`, `OwnerId` at most three levels deep, ARNs of the
//! service that answered): an ARN inside a policy may be of any account.

use std::sync::Arc;

use crate::doc::{Document, Kind, Node};

/// Account and Region.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) account: Option<Arc<str>>,
    pub(super) region: Option<Arc<str>>,
}

/// Services whose answers do not depend on a Region.
const GLOBAL: [&str; 6] = ["iam", "organizations", "route53", "budgets", "sts", "cloudfront"];

/// Elements of a list that are looked at before giving up.
const SAMPLE: usize = 20;

/// Reads the hints of an answer.
pub(super) fn of(document: &Document, service: &str) -> Hints {
    let mut hints = Hints::default();
    if GLOBAL.contains(&service) {
        hints.region = Some("global".into());
    }
    look(document.root(), service, 3, &mut hints);
    hints
}

fn look(node: Node<'_>, service: &str, depth: usize, hints: &mut Hints) {
    if depth == 0 || (hints.account.is_some() && hints.region.is_some()) {
        return;
    }
    let direct = node.kind() == Kind::Object;
    for (key, value) in node.entries().take(200) {
        if let (Some(key), Some(text)) = (key.as_str(), value.as_str()) {
            field(key, text, service, hints);
        }
    }
    if direct {
        for (key, value) in node.entries().take(200) {
            // A tag or a policy may name anything.
            if !matches!(key.as_str(), Some("Tags" | "tags" | "PolicyDocument" | "Document")) {
                children(value, service, depth, hints);
            }
        }
    }
}

fn children(value: Node<'_>, service: &str, depth: usize, hints: &mut Hints) {
    match value.kind() {
        Kind::Object => look(value, service, depth - 1, hints),
        Kind::Array => {
            for item in value.items().take(SAMPLE) {
                match item.as_str() {
                    Some(text) => field("arn", text, service, hints),
                    None => look(item, service, depth - 1, hints),
                }
            }
        }
        _ => {}
    }
}

fn field(key: &str, text: &str, service: &str, hints: &mut Hints) {
    match key {
        "OwnerId" | "AWSAccountId" | "Account" if is_account(text) => set(&mut hints.account, text),
        "AvailabilityZone" => {
            let region = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
            if is_region(region) {
                set(&mut hints.region, region);
            }
        }
        _ if key.to_ascii_lowercase().ends_with("arn") => arn(text, service, hints),
        _ => {}
    }
}

fn arn(text: &str, service: &str, hints: &mut Hints) {
    let mut fields = text.splitn(6, ':');
    let (Some("arn"), Some(_), Some(of), Some(region), Some(account)) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return;
    };
    if !same_service(of, service) {
        return;
    }
    if is_account(account) {
        set(&mut hints.account, account);
    }
    if is_region(region) {
        set(&mut hints.region, region);
    }
}

/// An ARN's service word is the start of the CLI's (`bedrock` in `bedrock-agent`), or s3 for s3api.
fn same_service(arn: &str, cli: &str) -> bool {
    !arn.is_empty() && (cli.starts_with(arn) || arn.starts_with(cli) || (arn == "aoss" && cli == "opensearchserverless"))
}

fn set(place: &mut Option<Arc<str>>, text: &str) {
    if place.is_none() {
        *place = Some(text.into());
    }
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The form of a Region's name: `sa-east-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    words.len() >= 2
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_come_from_the_answered_resources_alone() {
        let text = r#"{"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "OwnerId": "111122223333",
            "PolicyDocument": "{\"Resource\": \"arn:aws:ec2:us-east-1:999999999999:x\"}"}]}"#;
        let doc = Document::json("t", text).unwrap();
        assert_eq!(of(&doc, "ec2"), Hints { account: Some("111122223333".into()), region: None });
        let text = r#"{"guardrails": [{"arn": "arn:aws:bedrock:sa-east-1:111122223333:guardrail/x",
            "kmsArn": "arn:aws:kms:us-east-1:444455556666:key/y"}]}"#;
        let doc = Document::json("t", text).unwrap();
        assert_eq!(of(&doc, "bedrock"), Hints { account: Some("111122223333".into()), region: Some("sa-east-1".into()) });
    }

    #[test]
    fn names_of_regions_and_accounts() {
        assert!(is_region("sa-east-1") && is_region("us-gov-west-1") && is_region("mx-central-1"));
        assert!(!is_region("global") && !is_region("vpc-1") && !is_region("") && !is_region("a-b-c"));
        assert!(is_account("012345678901") && !is_account("01234567890"));
    }
}
