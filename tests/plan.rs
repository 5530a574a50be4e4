//! The plan of calls against what is read: no fact hangs on a call that `collect` never makes.
//!
//! In: the kinds of facts, the plan. Out: what lacks.

#![cfg(test)]

use alicerce::collect::plan;
use alicerce::facts::kinds;

/// Sources that files may hold and the collector does without, because another call tells the same.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    ("lambda", "get-function", "list-functions tells the same"),
    ("lambda", "get-function-configuration", "list-functions tells the same"),
    ("iam", "list-instance-profiles", "get-account-authorization-details has them"),
    ("iam", "list-access-keys", "the credential report has them"),
    ("bedrock", "get-provisioned-model-throughput", "list-provisioned-model-throughputs tells the same"),
];

fn planned(service: &str, operation: &str) -> Option<&'static plan::Call> {
    plan::all().iter().find(|call| (call.service, call.operation) == (service, operation))
}

#[test]
fn every_call_that_facts_are_read_from_is_made() {
    let sources = kinds::all().flat_map(|kind| kind.sources.iter().map(move |source| (kind.name, source)));
    let lacking: Vec<String> = sources
        .filter(|(_, source)| !source.summary && planned(source.service, source.operation).is_none())
        .filter(|(_, s)| !ELSEWHERE.iter().any(|(service, operation, _)| (*service, *operation) == (s.service, s.operation)))
        .map(|(kind, source)| format!("{kind}: {} {}", source.service, source.operation))
        .collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    for (service, operation, why) in ELSEWHERE {
        assert!(planned(service, operation).is_none(), "{service} {operation} is planned, so that `{why}` is no reason");
    }
}

/// An attached answer is asked for the things of its kind, not only for others.
#[test]
fn every_attached_answer_is_asked_for() {
    let mut lacking = Vec::new();
    for kind in kinds::all() {
        let own = |from: &plan::From| kind.sources.iter().any(|s| (s.service, s.operation) == (from.service, from.operation));
        for attached in kind.attached {
            let asked = planned(attached.service, attached.operation);
            // What is asked once for an account is asked for the account.
            let of_account = |call: &plan::Call| kind.name == "account" && call.id == Some("{account}");
            if !asked.is_some_and(|call| call.sources.iter().any(own) || of_account(call)) {
                lacking.push(format!("{}.{}: {} {}", kind.name, attached.name, attached.service, attached.operation));
            }
        }
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}
