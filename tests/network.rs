//! Topologies under fixtures/network: each with the verdict it must have, and never another one when a part is refused.
//!
//! A topology is drawn in a few lines (fixtures/network/README.md); this file makes the answers of AWS out of it.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::doc::{Document, Node};
use alicerce::facts::{Facts, Value};
use alicerce::input::{self, Options, Source};
use alicerce::rule::vocabulary;
use alicerce::world::World;
use serde_json::{Value as Json, json};

const HERE: &str = "111122223333";
const THERE: &str = "444455556666";
const REGION: &str = "sa-east-1";

type Files = BTreeMap<String, Json>;

fn each<'d>(node: Option<Node<'d>>) -> impl Iterator<Item = (String, Node<'d>)> {
    node.into_iter().flat_map(|n| n.entries()).map(|(k, v)| (k.as_str().unwrap().to_owned(), v))
}

fn lines(node: Option<Node<'_>>) -> Vec<Vec<String>> {
    let line = |n: Node<'_>| n.as_str().unwrap().split_whitespace().map(str::to_owned).collect();
    node.into_iter().flat_map(|n| n.items()).map(line).collect()
}

fn route(line: &[String]) -> Json {
    let (to, target) = (&line[0], &line[1]);
    let to_field = match to {
        to if to.starts_with("pl-") => "DestinationPrefixListId",
        to if to.contains(':') => "DestinationIpv6CidrBlock",
        _ => "DestinationCidrBlock",
    };
    let field = match target.split('-').next().unwrap() {
        "nat" => "NatGatewayId",
        "eigw" => "EgressOnlyInternetGatewayId",
        "tgw" => "TransitGatewayId",
        "pcx" => "VpcPeeringConnectionId",
        "eni" => "NetworkInterfaceId",
        "i" => "InstanceId",
        "core" => "CoreNetworkArn",
        "lgw" => "LocalGatewayId",
        "cagw" => "CarrierGatewayId",
        "local" | "igw" | "vgw" | "vpce" => "GatewayId",
        other => panic!("no target `{other}`"),
    };
    let state = line.get(2).map_or("active", String::as_str);
    json!({to_field: to, field: target, "State": state, "Origin": "CreateRoute"})
}

/// The answers of one account for a section of a topology.
fn section(account: &str, node: Option<Node<'_>>, files: &mut Files) {
    let get = |key: &str| node.and_then(|n| n.get(key));
    let put = |files: &mut Files, name: String, body: Json| files.insert(format!("{account}/{REGION}/{name}"), body);
    let (mut vpcs, mut subnets) = (Vec::<String>::new(), Vec::new());
    for (subnet, vpc) in each(get("subnets")) {
        let vpc = vpc.as_str().unwrap().to_owned();
        subnets.push(json!({"SubnetId": subnet, "VpcId": vpc, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "sa-east-1a",
            "MapPublicIpOnLaunch": false, "OwnerId": account, "State": "available"}));
        if !vpcs.contains(&vpc) {
            vpcs.push(vpc);
        }
    }
    let off: Vec<String> = get("dns-off").into_iter().flat_map(|n| n.items()).map(|n| n.as_str().unwrap().to_owned()).collect();
    for vpc in &vpcs {
        for (field, name) in [("EnableDnsSupport", "enableDnsSupport"), ("EnableDnsHostnames", "enableDnsHostnames")] {
            let on = !off.contains(vpc) && !off.contains(&format!("{vpc}:{name}"));
            put(files, format!("ec2/describe-vpc-attribute.{vpc},{name}.json"), json!({"VpcId": vpc, field: {"Value": on}}));
        }
    }
    let vpcs: Vec<Json> = vpcs
        .iter()
        .map(|v| json!({"VpcId": v, "CidrBlock": "10.0.0.0/16", "State": "available", "IsDefault": false, "OwnerId": account}))
        .collect();
    put(files, "ec2/describe-vpcs.json".into(), json!({ "Vpcs": vpcs }));
    let of = |subnet: &str| subnets.iter().find(|s| s["SubnetId"] == subnet).map(|s| s["VpcId"].clone());
    let tables: Vec<Json> = each(get("tables"))
        .map(|(place, routes)| {
            let association = if place.starts_with("vpc-") {
                json!({"Main": true, "AssociationState": {"State": "associated"}})
            } else {
                json!({"Main": false, "SubnetId": place, "AssociationState": {"State": "associated"}})
            };
            let vpc = of(&place).unwrap_or_else(|| json!(place));
            let routes: Vec<Json> = lines(Some(routes)).iter().map(|line| route(line)).collect();
            json!({"RouteTableId": format!("rtb-{place}"), "VpcId": vpc, "OwnerId": account, "Associations": [association],
                "Routes": routes})
        })
        .collect();
    put(files, "ec2/describe-subnets.json".into(), json!({ "Subnets": subnets }));
    put(files, "ec2/describe-route-tables.json".into(), json!({ "RouteTables": tables }));
    let nat = |l: &Vec<String>| {
        let mut nat = json!({"NatGatewayId": l[0], "ConnectivityType": l[1], "State": "available", "VpcId": "vpc-of-nat"});
        if let Some(subnet) = l.get(2) {
            nat["SubnetId"] = json!(subnet);
        }
        nat
    };
    let nats: Vec<Json> = lines(get("nats")).iter().map(nat).collect();
    put(files, "ec2/describe-nat-gateways.json".into(), json!({ "NatGateways": nats }));
    let endpoint = |l: &Vec<String>| {
        let has = |word: &str| l.iter().any(|w| w == word);
        let state = ["pendingAcceptance", "rejected", "Available"].into_iter().find(|s| has(s)).unwrap_or("available");
        let kind = ["Gateway", "Resource"].into_iter().find(|kind| has(kind)).unwrap_or("Interface");
        let kind = if l[2] == "gwlb" { "GatewayLoadBalancer" } else { kind };
        let (region, service) = l[2].split_once('/').unwrap_or((REGION, &l[2]));
        json!({"VpcEndpointId": l[0], "VpcId": l[1], "ServiceName": format!("com.amazonaws.{region}.{service}"), "SubnetIds": [l[3]],
            "VpcEndpointType": kind, "State": state, "PrivateDnsEnabled": !has("no-dns"), "Groups": [], "RouteTableIds": [],
            "OwnerId": account})
    };
    let endpoints: Vec<Json> = lines(get("endpoints")).iter().map(endpoint).collect();
    put(files, "ec2/describe-vpc-endpoints.json".into(), json!({ "VpcEndpoints": endpoints }));
    transit(get("attachments"), get("transit"), account, files);
    names(get("zones"), get("profiles"), account, files);
    rules(get("rules"), account, files);
}

fn rules(rules: Option<Node<'_>>, account: &str, files: &mut Files) {
    let Some(rules) = rules else { return };
    let (mut all, mut associations) = (Vec::new(), Vec::new());
    for l in lines(Some(rules)) {
        let arn = format!("arn:aws:route53resolver:{REGION}:{account}:resolver-rule/{}", l[0]);
        all.push(json!({"Id": l[0], "Arn": arn, "Name": l[0], "DomainName": l[1], "RuleType": l[2], "Status": "COMPLETE",
            "OwnerId": account}));
        associations.push(json!({"Id": format!("rslvr-rrassoc-{}", l[0]), "Name": "a", "ResolverRuleId": l[0], "VPCId": l[3],
            "Status": "COMPLETE"}));
    }
    let mut put = |name: &str, body: Json| files.insert(format!("{account}/{REGION}/route53resolver/{name}.json"), body);
    put("list-resolver-rules", json!({ "ResolverRules": all }));
    put("list-resolver-rule-associations", json!({ "ResolverRuleAssociations": associations }));
}

fn transit(attachments: Option<Node<'_>>, tables: Option<Node<'_>>, account: &str, files: &mut Files) {
    let mut put = |name: String, body: Json| files.insert(format!("{account}/{REGION}/ec2/{name}"), body);
    let (mut all, mut of_vpcs) = (Vec::new(), Vec::new());
    for l in lines(attachments) {
        let (id, gateway, vpc, subnet) = (&l[0], &l[1], &l[2], &l[3]);
        let mut attachment = json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": gateway, "ResourceType": "vpc",
            "ResourceId": vpc, "State": "available"});
        if let Some(table) = l.get(4) {
            attachment["Association"] = json!({"TransitGatewayRouteTableId": table, "State": "associated"});
        }
        all.push(attachment);
        of_vpcs.push(json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": gateway, "VpcId": vpc, "SubnetIds": [subnet],
            "State": "available"}));
    }
    put("describe-transit-gateway-attachments.json".into(), json!({ "TransitGatewayAttachments": all }));
    put("describe-transit-gateway-vpc-attachments.json".into(), json!({ "TransitGatewayVpcAttachments": of_vpcs }));
    let mut list = Vec::new();
    for (table, routes) in each(tables) {
        list.push(json!({"TransitGatewayRouteTableId": table, "TransitGatewayId": "tgw-1", "State": "available"}));
        let (mut more, mut out) = (false, Vec::new());
        for l in lines(Some(routes)) {
            match l[1].as_str() {
                "more" => more = true,
                "blackhole" => out.push(json!({"DestinationCidrBlock": l[0], "State": "blackhole", "Type": "static"})),
                id => {
                    let to = json!({"TransitGatewayAttachmentId": id, "ResourceType": l[2], "ResourceId": l[3]});
                    out.push(json!({"DestinationCidrBlock": l[0], "State": "active", "Type": "static",
                        "TransitGatewayAttachments": [to]}));
                }
            }
        }
        let body = json!({"Routes": out, "AdditionalRoutesAvailable": more});
        put(format!("search-transit-gateway-routes.{table}.json"), body);
    }
    put("describe-transit-gateway-route-tables.json".into(), json!({ "TransitGatewayRouteTables": list }));
}

fn names(zones: Option<Node<'_>>, profiles: Option<Node<'_>>, account: &str, files: &mut Files) {
    let mut list = Vec::new();
    for l in lines(zones) {
        let (id, name, vpc, target) = (&l[0], format!("{}.", l[1]), &l[2], &l[3]);
        let zone = json!({"Id": format!("/hostedzone/{id}"), "Name": name, "Config": {"PrivateZone": true}});
        let alias =
            json!({"DNSName": format!("{target}.vpce.amazonaws.com."), "HostedZoneId": "Z", "EvaluateTargetHealth": false});
        let record_of = l.get(4).map_or_else(|| name.clone(), |n| format!("{n}."));
        let value =
            |kind: &str, value: &str| json!({"Name": record_of, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]});
        let record = match target.split_once(':') {
            Some((kind, to)) => value(kind, to),
            None => json!({"Name": record_of, "Type": "A", "AliasTarget": alias}),
        };
        let path = |operation: &str| format!("{account}/global/route53/{operation}.{id}.json");
        files.insert(path("get-hosted-zone"), json!({"HostedZone": zone, "VPCs": [{"VPCRegion": REGION, "VPCId": vpc}]}));
        files.insert(path("list-resource-record-sets"), json!({ "ResourceRecordSets": [record] }));
        list.push(zone);
    }
    files.insert(format!("{account}/global/route53/list-hosted-zones.json"), json!({ "HostedZones": list }));
    let mut associations = Vec::new();
    for (profile, content) in each(profiles) {
        for vpc in content.get("vpcs").into_iter().flat_map(|n| n.items()) {
            let (vpc, status) = vpc.as_str().unwrap().split_once(' ').unwrap_or((vpc.as_str().unwrap(), "COMPLETE"));
            associations.push(json!({"Id": format!("rpassoc-{vpc}"), "Name": "a", "ProfileId": profile, "ResourceId": vpc,
                "Status": status}));
        }
        let Some(resources) = content.get("resources") else { continue };
        let resource = |n: Node<'_>| {
            let arn = n.as_str().unwrap();
            json!({"Id": format!("rpr-{}", arn.rsplit('/').next().unwrap()), "Name": "r", "ProfileId": profile, "ResourceArn": arn,
                "ResourceType": "PRIVATE_HOSTED_ZONE", "Status": "COMPLETE"})
        };
        let body = json!({"ProfileResourceAssociations": resources.items().map(resource).collect::<Vec<_>>()});
        files.insert(format!("{account}/{REGION}/route53profiles/list-profile-resource-associations.{profile}.json"), body);
    }
    let path = format!("{account}/{REGION}/route53profiles/list-profile-associations.json");
    files.insert(path, json!({ "ProfileAssociations": associations }));
}

fn workload(files: &mut Files, subnets: &[String]) {
    let function = json!({"FunctionName": "f", "FunctionArn": format!("arn:aws:lambda:{REGION}:{HERE}:function:f"),
        "Role": format!("arn:aws:iam::{HERE}:role/r"), "Version": "$LATEST",
        "VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": [], "VpcId": "vpc-app"}});
    files.insert(format!("{HERE}/{REGION}/lambda/list-functions.json"), json!({"Functions": [function]}));
    let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource":
        "arn:aws:bedrock:sa-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"}]});
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"}]});
    let role = json!({"Path": "/", "RoleName": "r", "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::{HERE}:role/r"),
        "CreateDate": "2026-01-15T12:00:00+00:00", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow}], "AttachedManagedPolicies": [], "Tags": []});
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [],
        "IsTruncated": false});
    files.insert(format!("{HERE}/global/iam/get-account-authorization-details.json"), details);
}

/// The verdicts of the workload's paths, in one word where they agree; and the first path.
fn judge(files: &Files) -> (String, String) {
    let texts = files.iter().map(|(path, body)| (path.clone(), Arc::from(body.to_string()))).collect();
    let loaded = input::load(&[Source::Virtual(texts)], &Options::default());
    assert!(loaded.unreadable.is_empty() && loaded.unrecognised.is_empty(), "{:?} {:?}", loaded.unreadable, loaded.unrecognised);
    let config = Config::parse("alicerce.toml", "").unwrap();
    let world = World::new(Facts::build(&loaded), config, "2026-11-22T00:00:00Z".parse().unwrap());
    let function = world.facts.of_kind("lambda-function")[0];
    let paths = vocabulary::derived("lambda-function", "network_paths").unwrap();
    let value = (paths.compute)(&world, function);
    if let Value::Unknown(why) = &value {
        return ("undetermined".to_owned(), why.text.to_string());
    }
    let (mut verdicts, mut path) = (Vec::new(), String::new());
    for item in world.facts.items(&value).unwrap() {
        match item {
            Value::Unknown(why) => {
                verdicts.push("undetermined".to_owned());
                path = why.text.to_string();
            }
            item => {
                let verdict = world.facts.text_in(&item, &["verdict"]);
                verdicts.push(verdict.map_or_else(|_| "undetermined".to_owned(), Option::unwrap));
                path = world.facts.text_in(&item, &["path"]).unwrap().unwrap();
            }
        }
    }
    verdicts.dedup();
    (verdicts.join("+"), path)
}

/// The same answers, one of them refused.
fn refused(files: &Files, path: &str) -> Files {
    let mut files = files.clone();
    files.remove(path);
    let parts: Vec<&str> = path.split('/').collect();
    let call = parts[3].trim_end_matches(".json");
    let (operation, resource) = call.split_once('.').unwrap_or((call, ""));
    let mut line = json!({"account": parts[0], "region": parts[1], "service": parts[2], "operation": operation, "status": "denied",
        "code": "AccessDeniedException", "message": "m"});
    if !resource.is_empty() {
        line["resource"] = json!(resource);
    }
    let manifest = json!({"alicerce_export": 1, "collected_at": "2026-11-20T12:00:00Z", "calls": [line], "files": {}});
    files.insert("manifest.json".to_owned(), manifest);
    files
}

fn topologies() -> Vec<(String, String, Files)> {
    let mut names: Vec<_> = fs::read_dir("fixtures/network").unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let mut out = Vec::new();
    for path in names.iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
        let document = Document::yaml(path.display().to_string(), fs::read_to_string(path).unwrap()).unwrap();
        for topology in document.root().items() {
            let text = |key: &str| topology.get(key).and_then(|n| n.as_str()).map(str::to_owned);
            let mut files = Files::new();
            section(HERE, topology.get("here"), &mut files);
            if topology.get("there").is_some() {
                section(THERE, topology.get("there"), &mut files);
            }
            let from: Vec<String> = lines(topology.get("from")).concat();
            workload(&mut files, &if from.is_empty() { vec!["subnet-app".to_owned()] } else { from });
            let name = format!("{}: {}", path.file_stem().unwrap().display(), text("case").unwrap());
            assert!(text("why").is_some(), "{name}: no why");
            out.push((name, text("verdict").unwrap(), files));
        }
    }
    out
}

#[test]
fn every_topology_has_its_verdict() {
    let all = topologies();
    assert!(all.len() >= 60, "{} topologies", all.len());
    let mut wrong = Vec::new();
    for (name, verdict, files) in &all {
        let (found, path) = judge(files);
        if found != *verdict {
            wrong.push(format!("{name}: {verdict} wanted, {found} found: {path}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whatever one call is refused, the verdict stays or becomes undetermined; with two subnets, each for itself.
#[test]
fn a_refused_answer_only_makes_a_verdict_undetermined() {
    let mut wrong = Vec::new();
    for (name, verdict, files) in topologies() {
        for path in files.keys().filter(|p| !p.contains("/lambda/")) {
            let (found, how) = judge(&refused(&files, path));
            if found.split('+').any(|part| part != "undetermined" && !verdict.split('+').any(|v| v == part)) {
                wrong.push(format!("{name}: {verdict} becomes {found} without {path}: {how}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
