//! Who may become which role: cases of the IAM user guide, held against exports made up on the spot.
//!
//! In: roles, users, trust policies and an organisation. Out: the edges and chains that `access::edges` finds.
//! Never: an edge more when a Deny is added, nor silence about what was not loaded.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;

use alicerce::access::edges::{From, Graph, How, becomes, who_becomes};
use alicerce::config::Config;
use alicerce::facts::{FactId, Facts};
use alicerce::input::{self, Source};
use alicerce::world::World;
use serde_json::{Value, json};

const A: &str = "111122223333";
const B: &str = "444455556666";

/// Accounts with their roles and users, as exports.
#[derive(Default, Clone)]
struct Export {
    accounts: Vec<(String, Vec<Value>, Vec<Value>)>,
    files: Vec<(String, Value)>,
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

impl Export {
    fn account(&mut self, account: &str) -> &mut (String, Vec<Value>, Vec<Value>) {
        let at = self.accounts.iter().position(|(id, ..)| id == account).unwrap_or_else(|| {
            self.accounts.push((account.into(), Vec::new(), Vec::new()));
            self.accounts.len() - 1
        });
        &mut self.accounts[at]
    }

    fn role(mut self, account: &str, name: &str, trust: Value, grants: &[Value]) -> Self {
        let role = json!({
            "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": arn(account, name),
            "CreateDate": "2026-01-15T12:00:00Z", "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": grants}}],
        });
        self.account(account).1.push(role);
        self
    }

    fn user(mut self, account: &str, name: &str, tags: Value, grants: &[Value]) -> Self {
        let user = json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": format!("arn:aws:iam::{account}:user/{name}"),
            "CreateDate": "2026-01-15T12:00:00Z", "GroupList": [], "AttachedManagedPolicies": [], "Tags": tags,
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": grants}}],
        });
        self.account(account).2.push(user);
        self
    }

    /// An organisation of both accounts; the SCP is attached to account A.
    fn organization(mut self, scp: Option<Value>) -> Self {
        let home = "999988887777";
        let mut file = |name: &str, value: Value| self.files.push((format!("{home}/global/organizations/{name}.json"), value));
        let org = json!({"Id": "o-exampleorg1", "Arn": format!("arn:aws:organizations::{home}:organization/o-exampleorg1"),
                         "FeatureSet": "ALL", "MasterAccountId": home});
        file("describe-organization", json!({"Organization": org}));
        let types = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]);
        file(
            "list-roots",
            json!({"Roots": [{"Id": "r-ab12", "Arn": "arn:aws:organizations::1:root/o/r-ab12", "Name": "Root", "PolicyTypes": types}]}),
        );
        let accounts: Vec<Value> = [home, A, B]
            .iter()
            .map(|id| json!({"Id": id, "Name": id, "Arn": format!("arn:aws:organizations::{home}:account/o-exampleorg1/{id}"), "Status": "ACTIVE"}))
            .collect();
        file("list-accounts", json!({"Accounts": accounts}));
        file("list-accounts-for-parent.r-ab12", json!({"Accounts": accounts}));
        file("list-organizational-units-for-parent.r-ab12", json!({"OrganizationalUnits": []}));
        let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let policies = [("p-FullAWSAccess", Some(full), vec!["r-ab12", A, B, home]), ("p-guard", scp, vec![A])];
        let mut listed = Vec::new();
        for (id, content, targets) in policies {
            let Some(content) = content else { continue };
            let summary = json!({"Id": id, "Arn": format!("arn:aws:organizations::{home}:policy/{id}"), "Name": id, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false});
            listed.push(summary.clone());
            file(&format!("describe-policy.{id}"), json!({"Policy": {"PolicySummary": summary, "Content": content.to_string()}}));
            let targets: Vec<Value> = targets
                .iter()
                .map(
                    |t| json!({"TargetId": t, "Arn": t, "Name": t, "Type": if t.starts_with("r-") { "ROOT" } else { "ACCOUNT" }}),
                )
                .collect();
            file(&format!("list-targets-for-policy.{id}"), json!({"Targets": targets}));
        }
        file("list-policies.SERVICE_CONTROL_POLICY", json!({"Policies": listed}));
        self
    }

    fn world(&self) -> World {
        let mut files: Vec<(String, Arc<str>)> = Vec::new();
        for (account, roles, users) in &self.accounts {
            let answer = json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false});
            files.push((format!("{account}/global/iam/get-account-authorization-details.json"), answer.to_string().into()));
        }
        files.extend(self.files.iter().map(|(name, value)| (name.clone(), value.to_string().into())));
        let loaded = input::load(&[Source::Virtual(files)], &input::Options::default());
        let config = Config::parse("alicerce.toml", "").unwrap();
        World::new(Facts::build(&loaded), config, "2026-11-22T00:00:00Z".parse().unwrap())
    }
}

fn id(world: &World, arn: &str) -> FactId {
    world.facts.by_id(arn).unwrap_or_else(|| panic!("{arn} is not loaded"))
}

fn start(world: &World, from: &From) -> String {
    match from {
        From::Principal(id) => world.facts.get(*id).unwrap().id.to_string(),
        From::Outside(text) | From::Service(text) | From::Federated(text) => text.to_string(),
        From::Anyone => "anyone".into(),
    }
}

/// `who how`, or `who ?` where it is not known; sorted.
fn into(world: &World, role: &str) -> Vec<String> {
    let graph = Graph::of(world);
    let mut out: Vec<String> = graph
        .edges_into(id(world, role))
        .map(|e| {
            format!(
                "{} {}",
                start(world, &e.from).replace("arn:aws:iam::", ""),
                if e.shown.is_ok() { e.how.as_str() } else { "?" }
            )
        })
        .collect();
    out.sort();
    out
}

fn trust(principal: Value) -> Value {
    json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])
}

fn trust_if(principal: Value, condition: Value) -> Value {
    json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}])
}

#[test]
fn in_one_account_a_name_is_enough_and_a_delegation_is_not() {
    let target = arn(A, "target");
    let export = Export::default()
        .role(A, "target", trust(json!({"AWS": [arn(A, "named"), A]})), &[])
        .role(A, "named", trust(json!({"Service": "lambda.amazonaws.com"})), &[])
        .role(A, "granted", trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("sts:Assume*", &target)])
        .role(A, "elsewhere", trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("sts:AssumeRole", &arn(A, "other"))])
        .role(A, "idle", trust(json!({"Service": "lambda.amazonaws.com"})), &[]);
    let world = export.world();
    assert_eq!(into(&world, &target), ["111122223333:role/granted account", "111122223333:role/named named"]);
    assert_eq!(into(&world, &arn(A, "idle")), ["lambda.amazonaws.com service"]);
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let target = arn(B, "target");
    let export = Export::default()
        .role(B, "target", trust(json!({"AWS": [arn(A, "named"), format!("arn:aws:iam::{A}:root")]})), &[])
        .role(A, "named", trust(json!({"Service": "lambda.amazonaws.com"})), &[])
        .role(A, "granted", trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("*", "*")]);
    assert_eq!(into(&export.world(), &target), ["111122223333:role/granted account"]);
    let denied = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/*"}]});
    let none: [&str; 0] = [];
    assert_eq!(into(&export.clone().organization(Some(denied)).world(), &target), none, "the SCP is of the caller's account");
    assert_eq!(into(&export.organization(None).world(), &target), ["111122223333:role/granted account"]);
}

#[test]
fn an_account_that_was_not_loaded_is_an_edge_of_its_own() {
    let only_known = trust_if(json!({"AWS": B}), json!({"StringEquals": {"sts:ExternalId": "7Q"}}));
    let export = Export::default().role(A, "target", only_known, &[]);
    let world = export.world();
    assert_eq!(into(&world, &arn(A, "target")), ["444455556666 account"]);
    let graph = Graph::of(&world);
    let edge = graph.edges_into(id(&world, &arn(A, "target"))).next().unwrap();
    assert!(edge.shown.as_ref().unwrap().contains("sts:ExternalId = 7Q"), "{:?}", edge.shown);
    assert_eq!(edge.at.len(), 1);
}

#[test]
fn keys_of_a_service_are_not_in_a_principals_request() {
    let condition = json!({"StringEquals": {"aws:SourceAccount": A}});
    let export = Export::default()
        .role(A, "of-service", trust_if(json!({"Service": "bedrock.amazonaws.com"}), condition.clone()), &[])
        .role(A, "of-role", trust_if(json!({"AWS": arn(A, "of-service")}), condition), &[]);
    let world = export.world();
    assert_eq!(into(&world, &arn(A, "of-service")), ["bedrock.amazonaws.com service"]);
    let none: [&str; 0] = [];
    assert_eq!(into(&world, &arn(A, "of-role")), none);
}

#[test]
fn the_organisation_and_the_tags_of_a_principal_are_what_the_export_says() {
    let members = |org: &str| trust_if(json!({"AWS": "*"}), json!({"StringEquals": {"aws:PrincipalOrgID": org}}));
    let risk = trust_if(json!({"AWS": A}), json!({"StringEquals": {"aws:PrincipalTag/team": "risk"}}));
    let grants = [allow("sts:AssumeRole", "*")];
    let export = Export::default()
        .role(B, "ours", members("o-exampleorg1"), &[])
        .role(B, "theirs", members("o-another"), &[])
        .role(A, "risk-only", risk, &[])
        .user(A, "rita", json!([{"Key": "team", "Value": "risk"}]), &grants)
        .user(A, "leo", json!([{"Key": "team", "Value": "law"}]), &grants)
        .user(A, "ana", json!([]), &grants);
    let world = export.clone().organization(None).world();
    let users = ["111122223333:user/ana anyone", "111122223333:user/leo anyone", "111122223333:user/rita anyone"];
    assert!(
        into(&world, &arn(B, "ours")).iter().filter(|e| e.contains(":user/")).eq(users.iter()),
        "{:?}",
        into(&world, &arn(B, "ours"))
    );
    assert!(!into(&world, &arn(B, "theirs")).iter().any(|e| e.contains(":user/")), "{:?}", into(&world, &arn(B, "theirs")));
    assert_eq!(into(&world, &arn(A, "risk-only")), ["111122223333:user/rita account"]);
    let alone = export.world();
    let edges = into(&alone, &arn(B, "ours"));
    assert!(edges.contains(&"111122223333:user/rita ?".to_owned()), "without the organisation it is not known: {edges:?}");
    assert_eq!(into(&alone, &arn(A, "risk-only")), ["111122223333:user/rita account"]);
}

#[test]
fn identity_providers_are_edges_of_their_own() {
    let oidc = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let statement = json!([{"Effect": "Allow", "Principal": {"Federated": oidc}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:banco/*"}}}]);
    let by_saml = json!([{"Effect": "Allow", "Principal": {"Federated": oidc}, "Action": "sts:AssumeRole"}]);
    let world = Export::default().role(A, "deploy", statement, &[]).role(A, "wrong-action", by_saml, &[]).world();
    assert_eq!(into(&world, &arn(A, "deploy")), ["111122223333:oidc-provider/token.actions.githubusercontent.com federated"]);
    let none: [&str; 0] = [];
    assert_eq!(into(&world, &arn(A, "wrong-action")), none);
}

#[test]
fn chains_are_the_shortest_and_circles_end() {
    let lambda = || json!({"Service": "lambda.amazonaws.com"});
    let export = Export::default()
        .role(A, "one", trust(json!({"AWS": arn(B, "three")})), &[])
        .role(A, "two", trust(json!({"AWS": arn(A, "one")})), &[allow("sts:AssumeRole", "*")])
        .role(B, "three", trust(json!({"AWS": arn(A, "two")})), &[allow("sts:AssumeRole", "*")])
        .role(A, "apart", trust(lambda()), &[]);
    let world = export.world();
    let reach = becomes(&world, id(&world, &arn(A, "one")));
    let ends: Vec<(String, usize)> = reach.found.iter().map(|r| (start(&world, &r.end), r.chain.len())).collect();
    assert_eq!(ends, [(arn(A, "two"), 1), (arn(B, "three"), 2)]);
    assert!(reach.unknown.is_empty());
    // Across accounts a name is not enough, but `three` may assume anything.
    let back = who_becomes(&world, id(&world, &arn(A, "one")));
    let ends: Vec<String> = back.found.iter().map(|r| start(&world, &r.end)).collect();
    assert_eq!(ends, [arn(B, "three"), arn(A, "two")]);
    assert!(back.found.iter().all(|r| r.chain.last().is_some_and(|e| e.role == id(&world, &arn(A, "one")))));
}

#[test]
fn a_trust_policy_that_was_not_loaded_is_unknown_and_never_nobody() {
    let mut export = Export::default().role(A, "target", trust(json!({"AWS": A})), &[]).role(
        A,
        "caller",
        trust(json!({"Service": "lambda.amazonaws.com"})),
        &[allow("sts:AssumeRole", "*")],
    );
    export.accounts[0].1[0].as_object_mut().unwrap().remove("AssumeRolePolicyDocument");
    let world = export.world();
    assert!(Graph::of(&world).unknown_trust(id(&world, &arn(A, "target"))).is_some());
    assert_eq!(becomes(&world, id(&world, &arn(A, "caller"))).unknown.len(), 1);
    assert_eq!(who_becomes(&world, id(&world, &arn(A, "target"))).unknown.len(), 1);
}

#[test]
fn adding_a_deny_never_adds_an_edge() {
    let edges = |world: &World| -> BTreeSet<String> {
        let graph = Graph::of(world);
        let roles = world.facts.of_kind("iam-role").iter();
        roles.flat_map(|role| graph.edges_into(*role).map(|e| format!("{} {:?}", start(world, &e.from), e.role))).collect()
    };
    let base = Export::default()
        .role(A, "target", trust(json!({"AWS": [A, "*"]})), &[])
        .role(B, "far", trust(json!({"AWS": A})), &[])
        .role(A, "caller", trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("sts:AssumeRole", "*")])
        .user(A, "maria", json!([]), &[allow("*", "*")]);
    let before = edges(&base.world());
    assert!(before.len() >= 6, "{before:?}");
    let denies = [
        json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}),
        json!({"Effect": "Deny", "NotAction": "sts:AssumeRole", "Resource": "*"}),
        json!({"Effect": "Deny", "Action": "sts:*", "NotResource": arn(B, "far")}),
        json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*", "Condition": {"StringNotEquals": {"sts:ExternalId": "x"}}}),
        json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}),
    ];
    for deny in denies {
        for at in 0..2 {
            let mut export = base.clone();
            let roles = &mut export.accounts[0].1;
            roles[1]["RolePolicyList"][0]["PolicyDocument"]["Statement"].as_array_mut().unwrap().push(deny.clone());
            if at == 1 {
                let trust_deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": deny.get("Condition").cloned().unwrap_or(json!({}))});
                roles[0]["AssumeRolePolicyDocument"]["Statement"].as_array_mut().unwrap().push(trust_deny);
            }
            let after = edges(&export.world());
            assert!(after.is_subset(&before), "{deny}: {:?}", after.difference(&before).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_example_reaches_across_its_accounts() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let facts = Facts::build(&input::load(&[Source::Path(folder)], &input::Options::default()));
    let world = World::new(facts, Config::parse("alicerce.toml", "").unwrap(), "2026-11-22T12:00:00Z".parse().unwrap());
    let role = "arn:aws:iam::333344445555:role/OrganizationAccountAccessRole";
    let admin = "AWSReservedSSO_AdministradorDaNuvem_e54adc55c90a7e37";
    let reach = who_becomes(&world, id(&world, role));
    let admin_of_management =
        reach.found.iter().find(|r| start(&world, &r.end).contains("111122223333") && start(&world, &r.end).ends_with(admin));
    assert_eq!(admin_of_management.map(|r| (r.chain.len(), r.chain[0].how)), Some((1, How::Account)));
    assert!(reach.found.iter().any(|r| matches!(&r.end, From::Federated(_)) && r.chain.len() == 2), "its own identity provider");
    assert!(reach.unknown.is_empty(), "{:?}", reach.unknown);
}

#[test]
fn delegations_cost_what_may_use_them() {
    // Roles that delegate to their account are asked about with those who hold a grant, not with everybody.
    let mut export = Export::default();
    for n in 0..100 {
        let grants = if n % 25 == 0 { vec![allow("sts:AssumeRole", "*")] } else { vec![allow("s3:GetObject", "*")] };
        export = export.role(A, &format!("r{n}"), trust(json!({"AWS": A})), &grants);
    }
    let world = export.world();
    let graph = Graph::of(&world);
    let edges: usize = world.facts.of_kind("iam-role").iter().map(|role| graph.edges_into(*role).count()).sum();
    assert_eq!(edges, 4 * 99, "four roles may become every other one");
}
