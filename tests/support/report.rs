//! A small scan's worth of findings over made-up documents, for the tests of triage and of the reports.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part of it")]

use std::sync::Arc;

use alicerce::doc::Document;
use alicerce::finding::{At, Finding, Outcome, Reason, Severity, Sources, Subject, Verdict, make};

/// A role with an inline policy, as `aws iam get-account-authorization-details` prints it.
pub(crate) const ROLE: &str = r#"{
  "RoleDetailList": [
    {
      "RoleName": "Conciliação",
      "Arn": "arn:aws:iam::111122223333:role/Conciliação",
      "RolePolicyList": [
        {
          "PolicyName": "claude",
          "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
              { "Effect": "Allow", "Action": ["s3:GetObject", "bedrock:*"], "Resource": "*" },
              { "Sid": "Second", "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*" }
            ]
          }
        }
      ]
    }
  ]
}
"#;

/// The node at an RFC 6901 pointer.
pub(crate) fn at(doc: &Document, pointer: &str) -> u32 {
    let mut node = doc.root();
    for step in pointer.split('/').skip(1) {
        node = match step.parse::<usize>() {
            Ok(i) => node.items().nth(i).unwrap(),
            Err(_) => node.get(step).unwrap(),
        };
    }
    node.index()
}

pub(crate) fn json(name: &str, text: &str) -> Arc<Document> {
    Arc::new(Document::json(name, text).unwrap())
}

pub(crate) fn verdict(rule: &str, outcome: Outcome, severity: Severity, subject: &str, message: &str, at: Vec<At>) -> Verdict {
    Verdict {
        rule: rule.into(),
        outcome,
        severity,
        subject: Subject {
            kind: "iam-role".into(),
            id: format!("arn:aws:iam::111122223333:role/{subject}"),
            name: subject.into(),
            account: Some("111122223333".into()),
            region: None,
        },
        scope: "all".into(),
        message: message.into(),
        reasons: Vec::new(),
        at,
        related: Vec::new(),
        witness: None,
        fix: None,
        part: None,
    }
}

/// A failure of `rule` at one pointer of [`ROLE`].
pub(crate) fn failure(rule: &str, severity: Severity, subject: &str, pointer: &str, sources: &mut Sources) -> Finding {
    let doc = json("export/iam.json", ROLE);
    let node = at(&doc, pointer);
    let v = verdict(rule, Outcome::Fail, severity, subject, &format!("`{subject}` is wrong"), vec![(0, node)]);
    make(v, &[doc], sources)
}

pub(crate) fn unknown(rule: &str, subject: &str, class: &str, text: &str, sources: &mut Sources) -> Finding {
    let doc = json("export/iam.json", ROLE);
    let mut v = verdict(rule, Outcome::Unknown, Severity::High, subject, "could not be determined", vec![(0, 0)]);
    v.reasons = vec![Reason { class: class.into(), text: text.into() }];
    make(v, &[doc], sources)
}
