//! A small scan's worth of findings over made-up documents, for the tests of triage and of the reports.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use alicerce::doc::Document;
use alicerce::finding::{At, Finding, Outcome, Point, Reason, Severity, Sources, Subject, Verdict, WaiverRef, make};
use alicerce::report::{
    CallGap, CoverageRow, DatedTable, Export, Input, PackInfo, PostureNote, Report, RuleCounts, RuleInfo, Skipped, Tool,
    Unreadable,
};

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

/// A name that tries everything: HTML, terminal escapes, a spreadsheet formula, a bidirectional override.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[31m\u{1b}]0;x\u{7}=cmd()|'/C calc'!A0\u{202e}\r\nnext";

fn rule(id: &str, family: &str, severity: Severity) -> RuleInfo {
    RuleInfo {
        id: id.into(),
        family: family.into(),
        title: "something is wrong".into(),
        why: "It matters.".into(),
        fix: "Mend it.".into(),
        help: "It matters.\n\n**Fix.** Mend it.\n".into(),
        help_uri: Some(format!("https://example.com/rules/{id}")),
        severity,
        enabled: true,
        controls: BTreeMap::from([
            ("iso-27001".into(), vec!["A.5.15".into(), "A.8.2".into()]),
            ("lgpd".into(), vec!["art. 46".into()]),
        ]),
        aliases: vec![],
        counts: RuleCounts { fail: 2, unknown: 1, pass: 7, not_applicable: 3 },
        not_looked_for: vec![],
    }
}

/// A report with one of everything.
pub(crate) fn sample() -> Report {
    let mut sources = Sources::default();
    let doc = json("export/iam.json", ROLE);
    let statement = "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/0";
    let mut v = verdict(
        "bedrock-wildcard-action",
        Outcome::Fail,
        Severity::High,
        "Conciliação",
        "role `Conciliação` may take every Bedrock action, so it can also switch off guardrails and logging",
        vec![
            (0, at(&doc, &format!("{statement}/Action/1"))),
            (0, at(&doc, "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/1/Action")),
        ],
    );
    v.related = vec![((0, at(&doc, &format!("{statement}/Resource"))), "on every resource".into())];
    v.witness = Some("bedrock:DeleteGuardrail on arn:aws:bedrock:sa-east-1:111122223333:guardrail/any".into());
    v.fix = Some("\"Action\": [\n\t\"bedrock:InvokeModel\"\n]\n".into());
    let mut findings = vec![make(v, std::slice::from_ref(&doc), &mut sources)];
    findings.push(failure("nat-dependency", Severity::Medium, "X", &format!("{statement}/Effect"), &mut sources));
    let mut waived = failure("nat-dependency", Severity::Medium, "Waived", &format!("{statement}/Effect"), &mut sources);
    waived.triage.waiver = Some(WaiverRef {
        reason: "the NAT goes in December".into(),
        owner: "maria@example.com".into(),
        ticket: Some("SEC-7".into()),
        expires: "2026-12-31".into(),
    });
    findings.push(waived);
    let hostile = format!("{{\"na\\u001bme\": \"{}\u{85}\u{202e}\t\"}}", "x".repeat(50)).replace('\t', "\\t");
    let hostile_doc = json("a b/<x>\u{1b}[1m.json", &hostile);
    let mut v = verdict("nat-dependency", Outcome::Fail, Severity::Medium, HOSTILE, HOSTILE, vec![(0, 2)]);
    v.fix = Some(HOSTILE.into());
    v.witness = Some(HOSTILE.into());
    findings.push(make(v, &[hostile_doc], &mut sources));
    for (who, class, text) in [
        ("A", "denied", "`kms get-key-rotation-status` for key `1234` in sa-east-1 was denied (AccessDeniedException)"),
        ("B", "denied", "`kms get-key-rotation-status` for key `1234` in sa-east-1 was denied (AccessDeniedException)"),
        ("C", "not-collected", "`ec2 describe-nat-gateways` in us-east-1 was not collected"),
    ] {
        findings.push(unknown("nat-dependency", who, class, text, &mut sources));
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut rules =
        vec![rule("bedrock-wildcard-action", "identity", Severity::High), rule("nat-dependency", "network", Severity::Medium)];
    rules.extend(RuleInfo::own());
    Report {
        tool: Tool { name: "alicerce".into(), version: "0.1.0".into() },
        packs: vec![PackInfo { name: "built-in".into(), version: "0.1.0".into(), digest: "ab".repeat(32) }],
        tables: vec![DatedTable {
            name: "Bedrock actions".into(),
            date: "2026-11-15".into(),
            source: "AWS".into(),
            sha256: "00ff".into(),
        }],
        date: "2026-11-22T12:00:00Z".into(),
        inputs: vec![Input {
            name: "export".into(),
            files: 12,
            documents: 11,
            bytes: 4_000,
            sha256: "cd".repeat(32),
            ..Input::default()
        }],
        exports: vec![Export {
            manifest: "fixtures/manifest.json".into(),
            sha256: "0".repeat(64),
            collected_at: Some("2026-11-20T12:00:00Z".into()),
            caller: Some(HOSTILE.into()),
            tool: Some("alicerce 0.1.0".into()),
            files: 3,
            changed: 1,
            ..Export::default()
        }],
        unrecognised: vec![Skipped {
            name: "export/notes.json".into(),
            kind: "unrecognised".into(),
            why: "nothing that alicerce knows".into(),
        }],
        unreadable: vec![Unreadable {
            name: "export/broken.json".into(),
            code: "unexpected-end".into(),
            message: "the text ends where a value was expected".into(),
            at: Some(Point { line: 3, column: 7 }),
            judged: false,
        }],
        coverage: vec![CoverageRow {
            account: "111122223333".into(),
            region: "sa-east-1".into(),
            service: "kms".into(),
            collected: 10,
            denied: 1,
            ..CoverageRow::default()
        }],
        gaps: vec![CallGap {
            account: "111122223333".into(),
            region: "sa-east-1".into(),
            service: "kms".into(),
            operation: "get-key-rotation-status".into(),
            resource: Some("1234".into()),
            status: "denied".into(),
            message: "AccessDeniedException".into(),
        }],
        posture_notes: vec![PostureNote {
            scope: "all".into(),
            rule: "unapproved-model-invocable".into(),
            missing: vec!["approved_models".into()],
        }],
        filters: vec![],
        rules,
        findings,
        baseline: None,
        sources,
        fail_on: Some(Severity::High),
        exit_code: 3,
    }
}
