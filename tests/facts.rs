//! Facts from small exports: edges resolve, what is not known says why, the organisation's levels stand in order.

#![cfg(test)]
#![expect(clippy::string_slice, reason = "what goes wrong in a test's own helpers fails the test")]

use std::sync::Arc;

use alicerce::facts::{FactId, Facts, Lookup, Reason, Value};
use alicerce::input::{self, Options, Source};

const A: &str = "111122223333";

/// An export of these files; a path without an account is put into account `A` and `sa-east-1`.
fn export(files: &[(&str, &str)]) -> Facts {
    let place = |path: &str| match path.split('/').next() {
        Some(first) if first == "manifest.json" || first.len() == 12 => path.to_owned(),
        Some("iam" | "organizations" | "route53" | "s3api") => format!("{A}/global/{path}"),
        _ => format!("{A}/sa-east-1/{path}"),
    };
    let files = files.iter().map(|(path, text)| (place(path), Arc::from(*text))).collect();
    let loaded = input::load(&[Source::Virtual(files)], &Options::default());
    assert!(loaded.unreadable.is_empty(), "{:?}", loaded.unreadable);
    assert!(loaded.unrecognised.is_empty(), "{:?}", loaded.unrecognised);
    Facts::build(&loaded)
}

fn calls(lines: &[(&str, &str, &str, &str, &str)]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|(region, service, operation, resource, status)| {
            let (status, code) = status.split_once(' ').unwrap_or((status, ""));
            let resource = if resource.is_empty() { String::new() } else { format!(r#""resource": "{resource}","#) };
            format!(
                r#"{{"account": "{A}", "region": "{region}", "service": "{service}", "operation": "{operation}", {resource}
                    "status": "{status}", "code": "{code}", "message": "m"}}"#
            )
        })
        .collect();
    format!(r#"{{"alicerce_export": 1, "collected_at": "2026-11-20T12:00:00Z", "calls": [{}]}}"#, lines.join(","))
}

fn only(facts: &Facts, kind: &str) -> FactId {
    let all = facts.of_kind(kind);
    assert_eq!(all.len(), 1, "{kind}");
    all[0]
}

/// A lookup as text: `→ name`, `[…]`, a scalar, `(absent)`, `?Reason: text`.
fn show(facts: &Facts, lookup: &Lookup) -> String {
    let value = |v: &Value| match v {
        Value::Fact(id) => format!("→ {}", facts.get(*id).unwrap().name),
        Value::Unknown(why) => format!("?{:?}: {}", why.reason, why.text),
        other => facts.text(other).map_or_else(|| "(node)".to_owned(), |t| t.to_string()),
    };
    match lookup {
        Err(why) => format!("?{:?}: {}", why.reason, why.text),
        Ok(None) => "(absent)".into(),
        Ok(Some(Value::List(items))) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Ok(Some(v)) => value(v),
    }
}

fn path(facts: &Facts, from: FactId, path: &str) -> Lookup {
    path.split('.').try_fold(Some(Value::Fact(from)), |value, name| match value {
        Some(value) => facts.member(&value, name),
        None => Ok(None),
    })
}

#[track_caller]
fn check(facts: &Facts, from: FactId, expect: &[(&str, &str)]) {
    for (name, want) in expect {
        assert_eq!(show(facts, &path(facts, from, name)), *want, "{name}");
    }
}

const ENDPOINT: &str = r#"{"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1",
  "ServiceName": "com.amazonaws.sa-east-1.bedrock-runtime", "State": "available", "OwnerId": "111122223333",
  "PolicyDocument": "{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}]}",
  "SubnetIds": ["subnet-1", "subnet-9"], "Groups": [{"GroupId": "sg-1", "GroupName": "g"}]}]}"#;

#[test]
fn an_edge_leads_to_its_fact_or_says_why_not() {
    let facts = export(&[
        ("ec2/describe-vpc-endpoints.json", ENDPOINT),
        ("ec2/describe-subnets.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "OwnerId": "111122223333"}]}"#),
        (
            "manifest.json",
            &calls(&[
                ("sa-east-1", "ec2", "describe-vpc-endpoints", "", "ok"),
                ("sa-east-1", "ec2", "describe-subnets", "", "ok"),
                ("sa-east-1", "ec2", "describe-security-groups", "", "denied UnauthorizedOperation"),
            ]),
        ),
    ]);
    let endpoint = only(&facts, "vpc-endpoint");
    check(
        &facts,
        endpoint,
        &[
            ("VpcEndpointType", "Interface"),
            ("arn", "arn:aws:ec2:sa-east-1:111122223333:vpc-endpoint/vpce-1"),
            ("DnsOptions", "(absent)"),
            ("PrivateDnsEnabled", "?MissingField: `PrivateDnsEnabled` of the VPC endpoint `vpce-1` is missing from the data"),
            (
                "vpc",
                "?NotCollected: the VPC `vpc-1` is not loaded: `ec2 describe-vpcs` in account 111122223333, sa-east-1 was not collected",
            ),
            (
                "subnets",
                "[→ subnet-1, ?NotLoaded: the subnet `subnet-9` is not in the answer of `ec2 describe-subnets` in account 111122223333, sa-east-1]",
            ),
            (
                "security_groups",
                "[?Denied: `ec2 describe-security-groups` in account 111122223333, sa-east-1 was denied (UnauthorizedOperation)]",
            ),
            ("route_tables", "[]"),
        ],
    );
    check(&facts, only(&facts, "subnet"), &[("endpoints", "[→ vpce-1]")]);
}

#[test]
fn a_policy_in_a_string_is_a_document_whose_spans_are_the_files() {
    let facts = export(&[("ec2/describe-vpc-endpoints.json", ENDPOINT)]);
    let statements = path(&facts, only(&facts, "vpc-endpoint"), "PolicyDocument.Statement").unwrap().unwrap();
    let statement = facts.items(&statements).unwrap().remove(0);
    let Ok(Some(Value::Node(action))) = facts.member(&statement, "Action") else { panic!("no action") };
    let node = facts.node(action).unwrap();
    let (file, span) = node.document().in_file(node.span());
    assert_eq!(&file.text[span.start as usize..span.end as usize], r#"\"*\""#);

    let broken = export(&[(
        "ec2/describe-vpc-endpoints.json",
        r#"{"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "PolicyDocument": "{nonsense"}]}"#,
    )]);
    let why = path(&broken, only(&broken, "vpc-endpoint"), "PolicyDocument").unwrap_err();
    assert_eq!(why.reason, Reason::Failed);
    assert!(why.text.contains("/VpcEndpoints/0/PolicyDocument"), "{}", why.text);
}

#[test]
fn a_subnet_without_association_uses_its_vpcs_main_route_table() {
    let tables = r#"{"RouteTables": [
        {"RouteTableId": "rtb-main", "VpcId": "vpc-1", "OwnerId": "111122223333", "Associations": [{"Main": true}]},
        {"RouteTableId": "rtb-own", "VpcId": "vpc-1", "Associations": [{"Main": false, "SubnetId": "subnet-1"},
            {"Main": false, "SubnetId": "subnet-2", "AssociationState": {"State": "disassociated"}}]},
        {"RouteTableId": "rtb-other", "VpcId": "vpc-2", "Associations": [{"Main": true}]}]}"#;
    let subnets = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}, {"SubnetId": "subnet-2", "VpcId": "vpc-1"},
        {"SubnetId": "subnet-3", "VpcId": "vpc-3"}]}"#;
    let facts = export(&[("ec2/describe-route-tables.json", tables), ("ec2/describe-subnets.json", subnets)]);
    let by_key = |key| facts.by_key("subnet", key, None, None).unwrap();
    check(&facts, by_key("subnet-1"), &[("route_table", "→ rtb-own")]);
    check(&facts, by_key("subnet-2"), &[("route_table", "→ rtb-main")]);
    check(
        &facts,
        by_key("subnet-3"),
        &[(
            "route_table",
            "?NotLoaded: the route table `main one of vpc-3` is not in the answer of `ec2 describe-route-tables` in account 111122223333, sa-east-1",
        )],
    );
    let without = export(&[("ec2/describe-subnets.json", subnets)]);
    let subnet = without.by_key("subnet", "subnet-2", None, None).unwrap();
    check(
        &without,
        subnet,
        &[("route_table", "?NotCollected: `ec2 describe-route-tables` in account 111122223333, sa-east-1 was not collected")],
    );
}

#[test]
fn a_key_is_found_by_id_arn_alias_and_alias_arn() {
    let key = r#"{"KeyMetadata": {"KeyId": "1234", "Arn": "arn:aws:kms:sa-east-1:111122223333:key/1234", "KeyManager": "CUSTOMER",
        "KeyState": "Enabled", "Origin": "AWS_KMS"}}"#;
    let aliases = r#"{"Aliases": [
        {"AliasName": "alias/prompts", "AliasArn": "arn:aws:kms:sa-east-1:111122223333:alias/prompts", "TargetKeyId": "1234"},
        {"AliasName": "alias/aws/s3", "AliasArn": "arn:aws:kms:sa-east-1:111122223333:alias/aws/s3"}]}"#;
    for (named, want) in [
        ("1234", "→ 1234"),
        ("arn:aws:kms:sa-east-1:111122223333:key/1234", "→ 1234"),
        ("alias/prompts", "→ 1234"),
        ("arn:aws:kms:sa-east-1:111122223333:alias/prompts", "→ 1234"),
        (
            "arn:aws:kms:us-east-1:111122223333:key/1234",
            "?NotCollected: the KMS key `1234` is not loaded: `kms list-keys` in account 111122223333, us-east-1 was not collected",
        ),
        (
            "alias/other",
            "?NotLoaded: the KMS alias `alias/other` is not in the answer of `kms list-aliases` in account 111122223333, sa-east-1",
        ),
    ] {
        let groups = format!(r#"{{"logGroups": [{{"logGroupName": "/prompts", "kmsKeyId": "{named}"}}]}}"#);
        let facts = export(&[
            ("kms/describe-key.1234.json", key),
            ("kms/list-aliases.json", aliases),
            ("kms/get-key-policy.1234.json", r#"{"Policy": "{\"Id\": \"default\"}"}"#),
            ("logs/describe-log-groups.json", &groups),
        ]);
        check(&facts, only(&facts, "log-group"), &[("kms_key", want)]);
        check(&facts, only(&facts, "kms-key"), &[("aliases", "[→ alias/prompts]"), ("policy.Id", "default")]);
    }
}

#[test]
fn an_attached_answer_is_there_absent_or_unknown() {
    let facts = export(&[
        ("s3api/list-buckets.json", r#"{"Buckets": [{"Name": "b"}]}"#),
        ("s3api/get-bucket-location.b.json", r#"{"LocationConstraint": null}"#),
        ("s3api/get-bucket-versioning.b.json", ""),
        (
            "manifest.json",
            &calls(&[
                ("global", "s3api", "list-buckets", "", "ok"),
                ("global", "s3api", "get-bucket-location", "b", "ok"),
                ("global", "s3api", "get-bucket-versioning", "b", "ok"),
                ("global", "s3api", "get-bucket-policy", "b", "error NoSuchBucketPolicy"),
                ("global", "s3api", "get-bucket-encryption", "b", "error InternalError"),
                ("global", "s3api", "get-bucket-tagging", "b", "denied AccessDenied"),
            ]),
        ),
    ]);
    check(
        &facts,
        only(&facts, "s3-bucket"),
        &[
            ("region", "us-east-1"),
            ("location.LocationConstraint", "(absent)"),
            ("versioning", "(node)"),
            ("versioning.Status", "(absent)"),
            ("policy", "(absent)"),
            ("encryption", "?Failed: `s3api get-bucket-encryption` for `b` in account 111122223333 failed (InternalError: m)"),
            ("kms_key", "?Failed: `s3api get-bucket-encryption` for `b` in account 111122223333 failed (InternalError: m)"),
            ("tags", "?Denied: `s3api get-bucket-tagging` for `b` in account 111122223333 was denied (AccessDenied)"),
            ("replication", "?NotCollected: `s3api get-bucket-replication` for `b` in account 111122223333 was not collected"),
        ],
    );
}

#[test]
fn a_summary_knows_less_than_the_whole_answer() {
    let list = r#"{"guardrails": [{"id": "g1", "arn": "arn:aws:bedrock:sa-east-1:111122223333:guardrail/g1", "name": "n", "status": "READY",
        "version": "DRAFT"}]}"#;
    let whole = r#"{"guardrailId": "g1", "guardrailArn": "arn:aws:bedrock:sa-east-1:111122223333:guardrail/g1", "name": "n",
        "version": "DRAFT", "status": "READY"}"#;
    let denied = calls(&[
        ("sa-east-1", "bedrock", "list-guardrails", "", "ok"),
        ("sa-east-1", "bedrock", "get-guardrail", "g1", "denied AccessDeniedException"),
    ]);
    let facts = export(&[("bedrock/list-guardrails.json", list), ("manifest.json", &denied)]);
    let why = "?Denied: `bedrock get-guardrail` for `g1` in account 111122223333, sa-east-1 was denied (AccessDeniedException)";
    check(&facts, only(&facts, "guardrail"), &[("status", "READY"), ("kmsKeyArn", why), ("kms_key", why)]);

    let facts = export(&[("bedrock/list-guardrails.json", list), ("bedrock/get-guardrail.g1.json", whole)]);
    check(
        &facts,
        only(&facts, "guardrail"),
        &[
            ("kmsKeyArn", "(absent)"),
            ("kms_key", "(absent)"),
            ("agents", "?NotCollected: `bedrock-agent list-agents` in account 111122223333, sa-east-1 was not collected"),
        ],
    );
    check(&facts, only(&facts, "bedrock-region"), &[("guardrails", "[→ n]"), ("account", "→ 111122223333")]);
}

#[test]
fn a_version_of_a_guardrail_does_not_stand_for_its_draft() {
    let of = |version: &str, more: &str| {
        format!(r#"{{"guardrailId": "g1", "name": "n", "version": "{version}", "status": "READY"{more}}}"#)
    };
    let facts = export(&[
        ("bedrock/get-guardrail.g1,1.json", &of("1", r#", "kmsKeyArn": "arn:aws:kms:sa-east-1:111122223333:key/1""#)),
        ("bedrock/get-guardrail.g1.json", &of("DRAFT", "")),
    ]);
    check(&facts, only(&facts, "guardrail"), &[("version", "DRAFT"), ("kmsKeyArn", "(absent)")]);
}

#[test]
fn a_denied_call_is_found_by_the_arn_it_was_made_for() {
    let service = r#"{"services": [{"serviceArn": "arn:aws:ecs:sa-east-1:111122223333:service/c/s", "serviceName": "s",
        "taskDefinition": "arn:aws:ecs:sa-east-1:111122223333:task-definition/family:3"}]}"#;
    let arn = "arn:aws:ecs:sa-east-1:111122223333:task-definition/family:3";
    let facts = export(&[
        ("ecs/describe-services.c.json", service),
        (
            "manifest.json",
            &calls(&[
                ("sa-east-1", "ecs", "describe-services", "c", "ok"),
                ("sa-east-1", "ecs", "describe-task-definition", arn, "denied AccessDeniedException"),
            ]),
        ),
    ]);
    let why = "?Denied: `ecs describe-task-definition` for `family:3` in account 111122223333, sa-east-1 was denied (AccessDeniedException)";
    check(&facts, only(&facts, "ecs-service"), &[("task_definition", why)]);
}

#[test]
fn a_region_where_all_was_denied_is_a_subject_still() {
    let facts = export(&[
        (
            "iam/get-account-authorization-details.json",
            r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#,
        ),
        (
            "manifest.json",
            &calls(&[
                ("global", "iam", "get-account-authorization-details", "", "ok"),
                ("us-east-1", "bedrock", "get-model-invocation-logging-configuration", "", "denied AccessDeniedException"),
            ]),
        ),
    ]);
    let region = only(&facts, "bedrock-region");
    let why = "?Denied: `bedrock get-model-invocation-logging-configuration` in account 111122223333, us-east-1 was denied (AccessDeniedException)";
    check(&facts, region, &[("region", "us-east-1"), ("logging", why)]);
    assert!(facts.node(facts.get(region).unwrap().node).is_some());
}

fn organization() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "organizations/describe-organization.json",
            r#"{"Organization": {"Id": "o-1", "Arn": "arn:aws:organizations::111122223333:organization/o-1", "MasterAccountId": "111122223333"}}"#,
        ),
        (
            "organizations/list-roots.json",
            r#"{"Roots": [{"Id": "r-1", "Arn": "arn:aws:organizations::111122223333:root/o-1/r-1", "Name": "Root", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]}"#,
        ),
        (
            "organizations/list-organizational-units-for-parent.r-1.json",
            r#"{"OrganizationalUnits": [{"Id": "ou-1", "Arn": "arn:aws:organizations::111122223333:ou/o-1/ou-1", "Name": "prod"}]}"#,
        ),
        (
            "organizations/list-accounts.json",
            r#"{"Accounts": [{"Id": "444455556666", "Arn": "arn:aws:organizations::111122223333:account/o-1/444455556666", "Name": "bank"}, {"Id": "111122223333", "Arn": "arn:aws:organizations::111122223333:account/o-1/111122223333", "Name": "management"}]}"#,
        ),
        (
            "organizations/list-accounts-for-parent.ou-1.json",
            r#"{"Accounts": [{"Id": "444455556666", "Arn": "arn:aws:organizations::111122223333:account/o-1/444455556666", "Name": "bank"}]}"#,
        ),
        (
            "organizations/list-policies.SERVICE_CONTROL_POLICY.json",
            r#"{"Policies": [{"Id": "p-1", "Arn": "arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-1", "Name": "guard", "Type": "SERVICE_CONTROL_POLICY"}, {"Id": "p-2", "Arn": "arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-2", "Name": "other", "Type": "SERVICE_CONTROL_POLICY"}]}"#,
        ),
        (
            "organizations/describe-policy.p-1.json",
            r#"{"Policy": {"PolicySummary": {"Id": "p-1", "Name": "guard", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{\"Version\": \"2012-10-17\"}"}}"#,
        ),
        (
            "organizations/list-targets-for-policy.p-1.json",
            r#"{"Targets": [{"TargetId": "ou-1", "Type": "ORGANIZATIONAL_UNIT"}]}"#,
        ),
    ]
}

#[test]
fn the_levels_above_an_account_carry_their_policies() {
    let facts = export(&organization());
    let way = facts.path_of("444455556666").unwrap();
    assert!(!way.management && way.organization.is_some());
    assert_eq!((way.scps_enabled, way.rcps_enabled), (Some(true), Some(false)));
    let names = |ids: &[FactId]| ids.iter().map(|id| facts.get(*id).unwrap().name.to_string()).collect::<Vec<_>>();
    let levels: Vec<_> = way.levels.iter().map(|l| (names(&[l.fact]).remove(0), names(&l.scps.known))).collect();
    assert_eq!(levels, [("Root".into(), vec![]), ("prod".into(), vec!["guard".to_owned()]), ("bank".to_owned(), vec![])]);
    for level in &way.levels {
        let why: Vec<_> = level.scps.unknown.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(why, ["`organizations list-targets-for-policy` for `p-2` in account 111122223333 was not collected"]);
        assert!(level.rcps.known.is_empty() && level.rcps.unknown.is_empty());
    }
    let guard = facts.by_key("scp", "p-1", Some(A), None).unwrap();
    check(&facts, guard, &[("Content.Version", "2012-10-17")]);
    let other = facts.by_key("scp", "p-2", Some(A), None).unwrap();
    check(
        &facts,
        other,
        &[("Content", "?NotCollected: `organizations describe-policy` for `p-2` in account 111122223333 was not collected")],
    );
}

#[test]
fn a_path_that_is_not_known_says_why() {
    let facts = export(&organization());
    let why = facts.path_of(A).unwrap_err();
    assert_eq!(why.reason, Reason::NotCollected, "{}", why.text);
    assert!(why.text.contains("names the parent"), "{}", why.text);
    assert_eq!(facts.path_of("999999999999").unwrap_err().reason, Reason::NotLoaded);
    let nothing = export(&[("s3api/list-buckets.json", r#"{"Buckets": []}"#)]);
    assert_eq!(nothing.path_of(A).unwrap_err().text, "no Organizations data was collected for account 111122223333");
    let alone = export(&[
        ("s3api/list-buckets.json", r#"{"Buckets": []}"#),
        (
            "manifest.json",
            &calls(&[
                ("global", "s3api", "list-buckets", "", "ok"),
                ("global", "organizations", "describe-organization", "", "error AWSOrganizationsNotInUseException"),
            ]),
        ),
    ]);
    assert!(alone.path_of(A).unwrap().levels.is_empty());
}

#[test]
fn a_bare_answer_knows_its_account_by_its_arns() {
    let details = r#"{"UserDetailList": [{"UserName": "ana", "Arn": "arn:aws:iam::111122223333:user/ana", "GroupList": ["g"], "AttachedManagedPolicies": []}],
      "GroupDetailList": [{"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g", "AttachedManagedPolicies": []}],
      "RoleDetailList": [{"RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/x/r", "RolePolicyList": [],
        "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:aws:iam::111122223333:policy/p"},
                                    {"PolicyName": "v", "PolicyArn": "arn:aws:iam::aws:policy/ViewOnlyAccess"}],
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/p"}}],
      "Policies": [{"PolicyName": "p", "Arn": "arn:aws:iam::111122223333:policy/p", "DefaultVersionId": "v2", "PolicyVersionList": [
        {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Id": "old"}},
        {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Id": "new"}}]}]}"#;
    let source = Source::Virtual(vec![("details.json".into(), Arc::from(details))]);
    let facts = Facts::build(&input::load(&[source], &Options::default()));
    check(&facts, only(&facts, "iam-user"), &[("groups", "[→ g]"), ("boundary", "(absent)")]);
    check(&facts, only(&facts, "iam-group"), &[("users", "[→ ana]")]);
    let role = only(&facts, "iam-role");
    assert_eq!(facts.get(role).unwrap().account.as_deref(), Some(A));
    check(
        &facts,
        role,
        &[
            (
                "attached_policies",
                "[→ p, ?NotLoaded: the managed policy `arn:aws:iam::aws:policy/ViewOnlyAccess` is not in the answer of `iam get-account-authorization-details` in account 111122223333]",
            ),
            ("boundary.default_document.Id", "new"),
            ("account", "→ 111122223333"),
        ],
    );
}

#[test]
fn a_policy_file_is_a_fact_of_its_own() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}"#;
    let source = Source::Virtual(vec![("policies/dev.json".into(), Arc::from(policy))]);
    let facts = Facts::build(&input::load(&[source], &Options::default()));
    let principal = only(&facts, "policy-file-principal");
    check(
        &facts,
        principal,
        &[("Version", "2012-10-17"), ("name", "dev.json"), ("arn", "policies/dev.json"), ("Id", "(absent)")],
    );
}
