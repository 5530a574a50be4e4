//! Keys under fixtures/custody: each with those who can use and destroy it, and never one fewer in silence when an answer is refused.
//!
//! A key is drawn in a few lines (fixtures/custody/README.md); this file makes the answers of AWS out of it.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::doc::{Document, Node};
use alicerce::facts::{FactId, Facts, Value};
use alicerce::input::{self, Options, Source};
use alicerce::rule::vocabulary;
use alicerce::world::World;
use serde_json::{Map, Value as Json, json};

const HERE: &str = "111122223333";
const THERE: &str = "444455556666";
const MANAGEMENT: &str = "999988887777";
const REGION: &str = "sa-east-1";
const KEY: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

type Files = BTreeMap<String, Json>;

fn each<'d>(node: Option<Node<'d>>) -> impl Iterator<Item = (String, Node<'d>)> {
    node.into_iter().flat_map(|n| n.entries()).map(|(k, v)| (k.as_str().unwrap().to_owned(), v))
}

fn lines(node: Option<Node<'_>>) -> Vec<String> {
    node.into_iter().flat_map(|n| n.items()).map(|n| n.as_str().unwrap().to_owned()).collect()
}

fn arn_of(who: &str) -> String {
    match who.split_once(':') {
        Some((account, name)) if account.len() == 12 => format!("arn:aws:iam::{account}:{name}"),
        _ => format!("arn:aws:iam::{HERE}:{who}"),
    }
}

fn principal(who: &str) -> Json {
    match who.split_once(':') {
        _ if who == "*" => json!({"AWS": "*"}),
        Some(("service", name)) => json!({ "Service": name }),
        _ => json!({"AWS": arn_of(who)}),
    }
}

/// `allow|deny [WHO] ACTION[,ACTION] [if OPERATOR KEY VALUE[,VALUE]]…`, the condition's values joined by `,`.
fn statement(line: &str, with_principal: bool) -> Json {
    let (head, condition) = line.split_once(" if ").map_or((line, None), |(head, condition)| (head, Some(condition)));
    let mut words = head.split_whitespace();
    let effect = if words.next() == Some("deny") { "Deny" } else { "Allow" };
    let mut made = Map::from_iter([("Effect".to_owned(), json!(effect))]);
    if with_principal {
        made.insert("Principal".into(), principal(words.next().unwrap()));
    }
    let actions: Vec<&str> = words.next().unwrap().split(',').collect();
    made.insert("Action".into(), json!(actions));
    made.insert("Resource".into(), json!(words.next().unwrap_or("*")));
    if let Some(condition) = condition {
        let mut all = Map::new();
        for part in condition.split(" and ") {
            let [operator, key, values] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("`{part}`") };
            let values: Vec<&str> = values.split(',').collect();
            all.insert(operator.to_owned(), json!({key: values}));
        }
        made.insert("Condition".into(), Json::Object(all));
    }
    Json::Object(made)
}

fn policy(lines: &[String], with_principal: bool) -> Json {
    let statements: Vec<Json> = lines.iter().map(|line| statement(line, with_principal)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn principals(account: &str, node: Option<Node<'_>>, boundaries: &BTreeMap<String, Json>, files: &mut Files) {
    let mut policies = Vec::new();
    let mut role = |name: String, own: Node<'_>| {
        let path = if name.starts_with("aws-service-role/") { "/aws-service-role/s.amazonaws.com/" } else { "/" };
        let bare = name.rsplit('/').next().unwrap().to_owned();
        let mut made = json!({"Path": path, "RoleName": bare, "RoleId": format!("AROA{}", bare.to_uppercase()),
            "Arn": format!("arn:aws:iam::{account}:role{path}{bare}"), "CreateDate": "2026-01-15T12:00:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": []});
        let own = lines(Some(own));
        if !own.is_empty() {
            made["RolePolicyList"] = json!([{"PolicyName": "p", "PolicyDocument": policy(&own, false)}]);
        }
        if let Some(boundary) = boundaries.get(&bare) {
            let arn = format!("arn:aws:iam::{account}:policy/{bare}-boundary");
            made["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
            policies.push(
                json!({"PolicyName": format!("{bare}-boundary"), "PolicyId": format!("ANPA{bare}"), "Arn": arn, "Path": "/",
                "DefaultVersionId": "v1", "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 1, "IsAttachable": true,
                "CreateDate": "2026-01-15T12:00:00+00:00", "UpdateDate": "2026-01-15T12:00:00+00:00",
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": boundary,
                    "CreateDate": "2026-01-15T12:00:00+00:00"}]}),
            );
        }
        made
    };
    let roles: Vec<Json> = each(node).map(|(name, own)| role(name, own)).collect();
    let details =
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies, "IsTruncated": false});
    files.insert(format!("{account}/global/iam/get-account-authorization-details.json"), details);
}

fn key(region: &str, drawing: Node<'_>, copies: &[String], files: &mut Files) {
    let arn = |region: &str| format!("arn:aws:kms:{region}:{HERE}:key/{KEY}");
    let mut metadata = json!({"AWSAccountId": HERE, "KeyId": KEY, "Arn": arn(region), "CreationDate": "2026-02-11T10:20:30-03:00",
        "Enabled": true, "Description": "", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled", "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "MultiRegion": !copies.is_empty()});
    for (field, value) in each(drawing.get("key")) {
        metadata[field] = json!(value.as_str().unwrap());
    }
    if !copies.is_empty() {
        let copies: Vec<Json> = copies.iter().map(|region| json!({"Arn": arn(region), "Region": region})).collect();
        metadata["MultiRegionConfiguration"] = json!({"MultiRegionKeyType": if region == REGION { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": {"Arn": arn(REGION), "Region": REGION}, "ReplicaKeys": copies});
    }
    let mut put = |name: String, body: Json| files.insert(format!("{HERE}/{region}/kms/{name}.json"), body);
    put(format!("describe-key.{KEY}"), json!({ "KeyMetadata": metadata }));
    put("list-keys".to_owned(), json!({"Keys": [{"KeyId": KEY, "KeyArn": arn(region)}]}));
    put("list-aliases".to_owned(), json!({"Aliases": []}));
    let named = if region == REGION { "policy" } else { "replica-policy" };
    let text = policy(&lines(drawing.get(named)), true).to_string();
    put(format!("get-key-policy.{KEY},default"), json!({"Policy": text, "PolicyName": "default"}));
    let grant = |line: String| {
        let (who, operations) = line.split_once(' ').unwrap();
        let who = who.strip_prefix("service:").map_or_else(|| arn_of(who), str::to_owned);
        json!({"KeyId": arn(region), "GrantId": "g1", "Name": "", "CreationDate": "2026-06-03T16:20:11-03:00", "GranteePrincipal": who,
            "IssuingAccount": arn_of("root"), "Operations": operations.split(',').collect::<Vec<_>>()})
    };
    let grants: Vec<Json> = lines(drawing.get("grants").filter(|_| region == REGION)).into_iter().map(grant).collect();
    put(format!("list-grants.{KEY}"), json!({ "Grants": grants }));
}

/// An organisation of one root, with the account in it; its SCPs and RCPs hang on the root.
fn organization(drawing: Node<'_>, files: &mut Files) {
    let mut put = |name: &str, body: Json| files.insert(format!("{MANAGEMENT}/global/organizations/{name}.json"), body);
    let arn = |what: &str| format!("arn:aws:organizations::{MANAGEMENT}:{what}");
    put(
        "describe-organization",
        json!({"Organization": {"Id": "o-exampleorg1", "Arn": arn("organization/o-exampleorg1"), "FeatureSet": "ALL",
        "MasterAccountArn": arn("account/o-exampleorg1/999988887777"), "MasterAccountId": MANAGEMENT, "MasterAccountEmail": "m@example.com"}}),
    );
    let kinds = [("SERVICE_CONTROL_POLICY", "scp", false), ("RESOURCE_CONTROL_POLICY", "rcp", true)];
    let types: Vec<Json> = kinds.iter().map(|(kind, ..)| json!({"Type": kind, "Status": "ENABLED"})).collect();
    put(
        "list-roots",
        json!({"Roots": [{"Id": "r-ab12", "Arn": arn("root/o-exampleorg1/r-ab12"), "Name": "Root", "PolicyTypes": types}]}),
    );
    let accounts: Vec<Json> = [MANAGEMENT, HERE]
        .iter()
        .map(|id| {
            json!({"Id": id, "Arn": arn(&format!("account/o-exampleorg1/{id}")), "Email": "a@example.com", "Name": id,
            "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": "2026-01-05T10:00:00+00:00"})
        })
        .collect();
    put("list-accounts", json!({ "Accounts": accounts }));
    put("list-accounts-for-parent.r-ab12", json!({ "Accounts": accounts }));
    put("list-organizational-units-for-parent.r-ab12", json!({"OrganizationalUnits": []}));
    for (kind, name, with_principal) in kinds {
        let everything = if with_principal { "allow * *" } else { "allow *" };
        let mut all = vec![everything.to_owned()];
        all.extend(lines(drawing.get(name)));
        let id = format!("p-{name}00001");
        let summary = json!({"Id": id, "Arn": arn(&format!("policy/o-exampleorg1/x/{id}")), "Name": name, "Description": "", "Type": kind,
            "AwsManaged": false});
        put(&format!("list-policies.{kind}"), json!({"Policies": [summary]}));
        let content = policy(&all, with_principal).to_string();
        put(&format!("describe-policy.{id}"), json!({"Policy": {"PolicySummary": summary, "Content": content}}));
        let ids = ["r-ab12", HERE, MANAGEMENT];
        let kinds = ["ROOT", "ACCOUNT", "ACCOUNT"];
        let targets: Vec<Json> = ids
            .iter()
            .zip(kinds)
            .map(|(id, kind)| json!({"TargetId": id, "Arn": arn(&format!("x/o-exampleorg1/{id}")), "Name": id, "Type": kind}))
            .collect();
        put(&format!("list-targets-for-policy.{id}"), json!({ "Targets": targets }));
    }
}

fn drawn(drawing: Node<'_>) -> Files {
    let mut files = Files::new();
    let boundaries = each(drawing.get("boundaries")).map(|(role, own)| (role, policy(&lines(Some(own)), false))).collect();
    principals(HERE, drawing.get("roles"), &boundaries, &mut files);
    if drawing.get("there").is_some() {
        principals(THERE, drawing.get("there"), &BTreeMap::new(), &mut files);
        let alone = json!({"account": THERE, "region": "global", "service": "organizations", "operation": "describe-organization",
            "status": "error", "code": "AWSOrganizationsNotInUseException", "message": "not a member of an organization"});
        let manifest = json!({"alicerce_export": 1, "collected_at": "2026-11-20T12:00:00Z", "calls": [alone], "files": {}});
        files.insert("manifest.json".to_owned(), manifest);
    }
    let copies = lines(drawing.get("replicas"));
    key(REGION, drawing, &copies, &mut files);
    if drawing.get("replica-policy").is_some() {
        copies.iter().for_each(|region| key(region, drawing, &copies, &mut files));
    }
    organization(drawing, &mut files);
    files
}

const FACTS: [&str; 2] = ["users", "destroyers"];

/// What is found of users and destroyers, a line for each: `NAME: ACTIONS [marks]`, and apart from it what is not known.
fn found(files: &Files) -> [(Vec<String>, Vec<String>); 2] {
    let texts = files.iter().map(|(path, body)| (path.clone(), Arc::from(body.to_string()))).collect();
    let loaded = input::load(&[Source::Virtual(texts)], &Options::default());
    assert!(loaded.unreadable.is_empty() && loaded.unrecognised.is_empty(), "{:?} {:?}", loaded.unreadable, loaded.unrecognised);
    let config =
        "[[scope]]\nname = \"s\"\naccounts = [\"111122223333\"]\nsecurity_principals = [\"arn:aws:iam::*:role/security\"]\n";
    let config = Config::parse("alicerce.toml", config).unwrap();
    let world = World::new(Facts::build(&loaded), config, "2026-11-22T00:00:00Z".parse().unwrap());
    let id = format!("arn:aws:kms:{REGION}:{HERE}:key/{KEY}");
    FACTS.map(|fact| match world.facts.by_id(&id) {
        Some(key) => told(&world, key, fact),
        None => (Vec::new(), vec!["no key".to_owned()]),
    })
}

fn told(world: &World, key: FactId, fact: &str) -> (Vec<String>, Vec<String>) {
    let value = (vocabulary::derived("kms-key", fact).unwrap().compute)(world, key);
    let items = match &value {
        Value::Unknown(why) => return (Vec::new(), vec![why.text.clone()]),
        value => world.facts.items(value).unwrap(),
    };
    let (mut out, mut unknown) = (Vec::new(), Vec::new());
    for item in &items {
        if let Value::Unknown(why) = item {
            unknown.push(why.text.clone());
            continue;
        }
        let text = |field: &str| world.facts.text_in(item, &[field]).ok().flatten().unwrap_or_default();
        let actions = world.facts.list_in(item, &["actions"]).unwrap();
        let actions: Vec<String> = actions.iter().map(|a| world.facts.text(a).unwrap().replace("kms:", "")).collect();
        let own = format!("arn:aws:iam::{HERE}:");
        let name = text("principal").replace(&own, "").replace("arn:aws:iam::", "");
        let mut line = format!("{name}: {}", actions.join(" "));
        let marks =
            [("by", "grant", " by a grant"), ("directly", "false", " through a service"), ("trusted", "true", " trusted")];
        for (_, _, mark) in marks.iter().filter(|(field, value, _)| text(field) == *value) {
            line.push_str(mark);
        }
        out.push(line);
    }
    out.sort();
    (out, unknown)
}

fn drawings() -> Vec<(String, Document)> {
    let mut out = Vec::new();
    let mut names: Vec<_> = fs::read_dir("fixtures/custody").unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    for path in names.iter().filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
        let document = Document::yaml(path.display().to_string(), fs::read_to_string(path).unwrap()).unwrap();
        out.push((path.file_stem().unwrap().display().to_string(), document));
    }
    out
}

#[test]
fn every_key_has_those_who_can_use_and_destroy_it() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, document) in drawings() {
        for drawing in document.root().items() {
            count += 1;
            let case = drawing.get("case").and_then(|n| n.as_str()).unwrap();
            assert!(drawing.get("why").is_some(), "{case}: no why");
            let files = drawn(drawing);
            let unsure = lines(drawing.get("unknown"));
            for (fact, (got, unknown)) in FACTS.into_iter().zip(found(&files)) {
                let Some(wanted) = drawing.get(fact) else { continue };
                let mut wanted = lines(Some(wanted));
                wanted.sort();
                if got != wanted || unknown.is_empty() == unsure.iter().any(|name| name == fact) {
                    wrong.push(format!("{file}: {case}: {fact}\n  wanted {wanted:#?}\n  found {got:#?}\n  unknown {unknown:#?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 25, "{count} keys");
}

/// Whatever one call is refused, each one is still found, or something is said to be unknown.
#[test]
fn a_refused_answer_never_takes_somebody_away_in_silence() {
    let mut wrong = Vec::new();
    for (_, document) in drawings() {
        for drawing in document.root().items() {
            let files = drawn(drawing);
            let whole = found(&files);
            for path in files.keys() {
                let mut fewer = files.clone();
                fewer.remove(path);
                for ((fact, (before, _)), (after, unknown)) in FACTS.iter().zip(&whole).zip(found(&fewer)) {
                    if let Some(missing) = missing(before, &after).filter(|_| unknown.is_empty()) {
                        let case = drawing.get("case").and_then(|n| n.as_str()).unwrap();
                        wrong.push(format!("{case}: {fact}: without {path} no `{missing}`, and nothing unknown"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// One who is there no more, neither by name nor among an account or everybody that is named.
fn missing(before: &[String], after: &[String]) -> Option<String> {
    let name = |line: &String| line.split(": ").next().unwrap().to_owned();
    let after: Vec<String> = after.iter().map(name).collect();
    let covered = |name: &String| {
        let account = name.split_once(':').map(|(account, _)| format!("{account}:root"));
        after.contains(name) || account.is_some_and(|root| after.contains(&root) || after.contains(&"*".to_owned()))
    };
    before.iter().map(name).find(|name| !covered(name))
}
