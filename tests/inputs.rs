//! What is recognised: exports (whole, a part, one file), single answers, policies bare and wrapped.

#![cfg(test)]

use std::sync::Arc;

use alicerce::iam::PolicyType;
use alicerce::input::{Call, Loaded, Options, Origin, Source, Status, load};

fn virtual_files(files: &[(&str, &str)]) -> Source {
    Source::Virtual(files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))).collect())
}

fn read(files: &[(&str, &str)]) -> Loaded {
    load(&[virtual_files(files)], &Options::default())
}

fn call(region: &str, service: &str, operation: &str, resource: Option<&str>) -> Call {
    Call {
        account: "111122223333".into(),
        region: region.into(),
        service: service.into(),
        operation: operation.into(),
        resource: resource.map(Arc::from),
    }
}

const STATEMENT: &str = r#"[{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]"#;

#[test]
fn an_export_gives_answers_coverage_and_checks_its_digests() {
    let manifest = r#"{"alicerce_export": 1, "collected_at": "2026-11-20T12:00:00Z", "caller": "arn:aws:sts::1:x", "tool": "t",
        "calls": [
          {"account": "111122223333", "region": "sa-east-1", "service": "kms", "operation": "list-keys", "status": "denied",
           "code": "AccessDeniedException", "message": "no"},
          {"account": "111122223333", "region": "sa-east-1", "service": "ec2", "operation": "describe-vpcs", "status": "denied"},
          {"account": "111122223333", "region": "sa-east-1", "service": "ec2", "operation": "describe-subnets", "status": "ok"},
          {"account": "111122223333", "status": "perhaps"}],
        "files": {"111122223333/sa-east-1/ec2/describe-vpcs.json": "00", "111122223333/global/iam/list-roles.json": "00"}}"#;
    let loaded = read(&[
        ("bank/manifest.json", manifest),
        ("bank/111122223333/sa-east-1/ec2/describe-vpcs.json", r#"{"Vpcs": []}"#),
        ("bank/111122223333/sa-east-1/ec2/describe-vpc-endpoints.json", r#"{"VpcEndpoints": ["#),
        ("bank/111122223333/sa-east-1/ec2/describe-route-tables.json", r#"{"RouteTables": [], "NextToken": "x"}"#),
    ]);
    assert_eq!(loaded.documents.len(), 2);
    let status = |operation: &str, service: &str| loaded.coverage.status(&call("sa-east-1", service, operation, None));
    assert_eq!(status("describe-vpcs", "ec2"), Some(&Status::Ok));
    assert_eq!(status("list-keys", "kms"), Some(&Status::Denied("AccessDeniedException: no".into())));
    assert!(matches!(status("describe-vpc-endpoints", "ec2"), Some(Status::Failed(_))));
    assert!(matches!(status("describe-route-tables", "ec2"), Some(Status::Failed(_))));
    assert!(matches!(status("describe-subnets", "ec2"), Some(Status::Failed(_))));
    assert_eq!(status("describe-nat-gateways", "ec2"), None);
    let mut codes: Vec<_> = loaded.unreadable.iter().map(|u| u.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["digest-mismatch", "file-missing", "manifest", "one-page-only", "unexpected-end"]);
    assert_eq!(loaded.manifests.first().and_then(|m| m.collected_at.as_deref()), Some("2026-11-20T12:00:00Z"));
    assert_eq!((loaded.inputs[0].files, loaded.inputs[0].documents, loaded.inputs[0].sha256.len()), (4, 2, 64));
}

#[test]
fn single_answers_are_known_by_their_keys() {
    let loaded = read(&[
        ("a.json", r#"{"VpcEndpoints": [{"OwnerId": "111122223333"}]}"#),
        (
            "b.json",
            r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/x"}], "Policies": []}"#,
        ),
        ("c.yaml", "guardrails:\n  - arn: arn:aws:bedrock:sa-east-1:111122223333:guardrail/x\n"),
    ]);
    let origins: Vec<_> = loaded
        .documents
        .iter()
        .map(|(_, o)| match o {
            Origin::BareAnswer { service, operation, account, region } => {
                format!("{service} {operation} {} {}", account.as_deref().unwrap_or("?"), region.as_deref().unwrap_or("?"))
            }
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        origins,
        [
            "ec2 describe-vpc-endpoints 111122223333 ?",
            "iam get-account-authorization-details 111122223333 global",
            "bedrock list-guardrails 111122223333 sa-east-1"
        ]
    );
    assert!(loaded.coverage.status(&call("global", "iam", "get-account-authorization-details", None)).is_some());
}

#[test]
fn policies_bare_and_wrapped() {
    let policy = format!(r#"{{"Version": "2012-10-17", "Statement": {STATEMENT}}}"#);
    let escaped = policy.replace('"', "\\\"");
    let version = format!(r#"{{"PolicyVersion": {{"Document": {policy}, "VersionId": "v1"}}}}"#);
    let rcp = format!(r#"{{"Policy": {{"PolicySummary": {{"Type": "RESOURCE_CONTROL_POLICY"}}, "Content": "{escaped}"}}}}"#);
    let key = format!(r#"{{"Policy": "{escaped}", "PolicyName": "default"}}"#);
    let bucket = format!(r#"{{"Policy": "{escaped}"}}"#);
    let inline = format!(r#"{{"RoleName": "r", "PolicyName": "p", "PolicyDocument": {policy}}}"#);
    let yaml = "Version: 2012-10-17\nStatement:\n  - Effect: Allow\n    Action: bedrock:*\n    Resource: '*'\n";
    let loaded = read(&[
        ("1.json", &policy),
        ("2.json", &version),
        ("3.json", &rcp),
        ("4.json", &key),
        ("5.json", &bucket),
        ("6.json", &inline),
        ("7.yaml", yaml),
        ("8/scp/x.json", &policy),
    ]);
    let types: Vec<_> = loaded
        .documents
        .iter()
        .map(|(doc, origin)| {
            let Origin::Policy { policy_type, inferred, node } = origin else { panic!("{origin:?}") };
            let root = doc.node(*node).unwrap();
            assert!(root.get("Statement").is_some());
            // Embedded or not, the action is found in the file.
            let action = root.get("Statement").and_then(|s| s.items().next()).and_then(|s| s.get("Action")).unwrap();
            let (file, span) = doc.in_file(action.span());
            let text = file.text.get(span.start as usize..span.end as usize).unwrap();
            assert!(text.contains("bedrock:*") && text.len() < 16, "{text}");
            (*policy_type, *inferred)
        })
        .collect();
    use PolicyType::{Identity, Key, Rcp, Resource, Scp};
    assert_eq!(
        types,
        [
            (Identity, true),
            (Identity, true),
            (Rcp, false),
            (Key, false),
            (Resource, false),
            (Identity, false),
            (Identity, true),
            (Scp, true)
        ]
    );
}

#[test]
fn the_user_has_the_last_word_on_a_policys_type() {
    let policy = format!(r#"{{"Version": "2012-10-17", "Statement": {STATEMENT}}}"#);
    let source = virtual_files(&[("guards/deny.json", &policy)]);
    let read =
        |options: Options| load(std::slice::from_ref(&source), &options).documents.first().map(|(_, o)| o.clone()).unwrap();
    let patterns = vec![("guards/**".to_owned(), PolicyType::Scp)];
    let by_pattern = Options { policy_patterns: patterns.clone(), ..Options::default() };
    assert_eq!(read(by_pattern), Origin::Policy { policy_type: PolicyType::Scp, inferred: false, node: 0 });
    let by_flag = Options { policy_type: Some(PolicyType::Boundary), policy_patterns: patterns, ..Options::default() };
    assert_eq!(read(by_flag), Origin::Policy { policy_type: PolicyType::Boundary, inferred: false, node: 0 });
}

#[test]
fn secrets_never_leave_the_loader() {
    let key = format!("sk-ant-{}", "api03-AAAABBBBCCCCDDDD");
    let text = format!(r#"{{"FunctionName": "f", "FunctionArn": "a", "Environment": {{"Variables": {{"K": "{key}"}}}}}}"#);
    let loaded = read(&[("111122223333/sa-east-1/lambda/get-function-configuration.f.json", &text)]);
    let (doc, origin) = &loaded.documents[0];
    assert_eq!(*origin, Origin::Answer(call("sa-east-1", "lambda", "get-function-configuration", Some("f"))));
    assert!(!doc.text.contains("sk-ant") && !format!("{loaded:?}").contains("sk-ant"));
    assert_eq!(doc.secrets.first().map(|s| (s.kind.as_str(), s.length)), Some(("anthropic-api-key", key.len() as u32)));
}

#[test]
fn a_part_of_an_export_on_disk_is_still_an_export() {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("inputs-part/bank/111122223333");
    let file = root.join("sa-east-1/ec2/describe-vpcs.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, r#"{"Vpcs": []}"#).unwrap();
    let service = file.parent().unwrap().to_owned();
    for source in [root, service, file] {
        let loaded = load(&[Source::Path(source.clone())], &Options::default());
        let origins: Vec<_> = loaded.documents.iter().map(|(_, o)| o.clone()).collect();
        assert_eq!(origins, [Origin::Answer(call("sa-east-1", "ec2", "describe-vpcs", None))], "{}", source.display());
    }
    let stdin = load(&[Source::Stdin(br#"{"Vpcs": []}"#.to_vec())], &Options::default());
    assert!(matches!(stdin.documents.first(), Some((d, Origin::BareAnswer { .. })) if &*d.name == "<stdin>"));
}
