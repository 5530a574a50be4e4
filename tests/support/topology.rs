//! Topologies: networks drawn in a few lines, and the answers of AWS that are made out of them.
//!
//! In: a drawing (fixtures/network/README.md). Out: the files of an account export, and what alicerce makes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::doc::{Document, Node};
use alicerce::facts::{Facts, Value};
use alicerce::input::{self, Options, Source};
use alicerce::rule::vocabulary;
use alicerce::world::World;
use serde_json::{Value as Json, json};

/// The function's account.
pub const HERE: &str = "111122223333";
/// Another one.
pub const THERE: &str = "444455556666";
const REGION: &str = "sa-east-1";

/// The files of an export.
pub type Files = BTreeMap<String, Json>;

/// The blocks of the networks drawn so far: `10.N.0.0/16` for a VPC, `10.N.M.0/24` for its subnets, in the order drawn; those of the
/// other account count from 100.
#[derive(Debug, Default)]
struct Networks {
    vpcs: Vec<(String, String)>,
    subnets: usize,
    others: usize,
}

impl Networks {
    fn vpc(&mut self, account: &str, vpc: &str) -> String {
        if let Some((_, block)) = self.vpcs.iter().find(|(name, _)| name == vpc) {
            return block.clone();
        }
        let own = self.vpcs.len() - self.others;
        let number = if account == HERE { own } else { 100 + self.others };
        self.others += usize::from(account != HERE);
        let block = format!("10.{number}.0.0/16");
        self.vpcs.push((vpc.to_owned(), block.clone()));
        block
    }

    fn subnet(&mut self, account: &str, vpc: &str) -> String {
        let block = self.vpc(account, vpc);
        self.subnets += 1;
        block.replace(".0.0/16", &format!(".{}.0/24", self.subnets))
    }
}

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
fn section(account: &str, node: Option<Node<'_>>, networks: &mut Networks, files: &mut Files) {
    let get = |key: &str| node.and_then(|n| n.get(key));
    let put = |files: &mut Files, name: String, body: Json| files.insert(format!("{account}/{REGION}/{name}"), body);
    let mut blocks: BTreeMap<String, String> = BTreeMap::new();
    for line in lines(get("blocks")) {
        networks.vpcs.push((line[0].clone(), line[1].clone()));
        networks.others += usize::from(account != HERE);
    }
    let (mut vpcs, mut subnets) = (Vec::<String>::new(), Vec::new());
    for (subnet, line) in each(get("subnets")) {
        let words: Vec<&str> = line.as_str().unwrap().split_whitespace().collect();
        let vpc = words[0].to_owned();
        let block = networks.subnet(account, &vpc);
        let drawn = |v6: bool| words[1..].iter().find(|w| w.contains('/') && w.contains(':') == v6).copied();
        let v6: Vec<Json> = drawn(true)
            .map(|net| json!({"Ipv6CidrBlock": net, "AssociationId": "a", "Ipv6CidrBlockState": {"State": "associated"}}))
            .into_iter()
            .collect();
        let zone = words[1..].iter().find(|w| w.starts_with("sa-east-")).unwrap_or(&"sa-east-1a");
        blocks.insert(vpc.clone(), networks.vpc(account, &vpc));
        subnets.push(json!({"SubnetId": subnet, "VpcId": vpc, "CidrBlock": drawn(false).unwrap_or(&block),
            "AvailabilityZone": zone, "MapPublicIpOnLaunch": false, "OwnerId": account, "State": "available",
            "Ipv6CidrBlockAssociationSet": v6, "EnableDns64": words.contains(&"dns64")}));
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
        .map(|v| json!({"VpcId": v, "CidrBlock": blocks[v], "State": "available", "IsDefault": false, "OwnerId": account}))
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
            let mut routes: Vec<Json> = lines(Some(routes)).iter().map(|line| route(line)).collect();
            // AWS puts the VPC's own block in every table.
            if let Some(block) = vpc.as_str().and_then(|vpc| blocks.get(vpc))
                && !routes.iter().any(|r| r["GatewayId"] == "local")
            {
                routes.push(route(&[block.clone(), "local".to_owned()]));
            }
            json!({"RouteTableId": format!("rtb-{place}"), "VpcId": vpc, "OwnerId": account, "Associations": [association],
                "Routes": routes})
        })
        .collect();
    put(files, "ec2/describe-subnets.json".into(), json!({ "Subnets": subnets }));
    put(files, "ec2/describe-route-tables.json".into(), json!({ "RouteTables": tables }));
    let nat = |l: &Vec<String>| {
        let mut nat = json!({"NatGatewayId": l[0], "ConnectivityType": l[1], "State": "available", "VpcId": "vpc-of-nat"});
        if let Some(subnet) = l.get(2) {
            nat["VpcId"] = of(subnet).unwrap_or_else(|| json!("vpc-of-nat"));
            nat["SubnetId"] = json!(subnet);
        }
        nat
    };
    let nats: Vec<Json> = lines(get("nats")).iter().map(nat).collect();
    put(files, "ec2/describe-nat-gateways.json".into(), json!({ "NatGateways": nats }));
    let policy = |endpoint: &str| {
        let drawn = get("policies").and_then(|p| p.get(endpoint)).and_then(|p| p.as_str().map(str::to_owned));
        drawn.unwrap_or_else(|| {
            json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}).to_string()
        })
    };
    let endpoint = |l: &Vec<String>| {
        let has = |word: &str| l.iter().any(|w| w == word);
        let state = ["pendingAcceptance", "rejected", "Available"].into_iter().find(|s| has(s)).unwrap_or("available");
        let kind = ["Gateway", "Resource"].into_iter().find(|kind| has(kind)).unwrap_or("Interface");
        let kind = if l[2] == "gwlb" { "GatewayLoadBalancer" } else { kind };
        let (region, service) = l[2].split_once('/').unwrap_or((REGION, &l[2]));
        let mut groups: Vec<Json> = l.iter().filter(|w| w.starts_with("sg-")).map(|w| json!({ "GroupId": w })).collect();
        if groups.is_empty() && kind == "Interface" {
            groups.push(json!({"GroupId": "sg-ep"}));
        }
        let family = ["ipv6", "dualstack"].into_iter().find(|f| has(f)).unwrap_or("ipv4");
        let subnets: Vec<&str> = l[3].split(',').collect();
        json!({"VpcEndpointId": l[0], "VpcId": l[1], "ServiceName": format!("com.amazonaws.{region}.{service}"), "SubnetIds": subnets,
            "VpcEndpointType": kind, "State": state, "PrivateDnsEnabled": !has("no-dns"), "RouteTableIds": [], "OwnerId": account,
            "Groups": groups, "IpAddressType": family, "PolicyDocument": policy(&l[0])})
    };
    let endpoints: Vec<Json> = lines(get("endpoints")).iter().map(endpoint).collect();
    put(files, "ec2/describe-vpc-endpoints.json".into(), json!({ "VpcEndpoints": endpoints }));
    let all: Vec<(String, String)> = subnets_of(files, account);
    filters(node, account, &all, files);
    transit(node, account, files);
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

fn subnets_of(files: &Files, account: &str) -> Vec<(String, String)> {
    let listed = files[&format!("{account}/{REGION}/ec2/describe-subnets.json")]["Subnets"].as_array().unwrap().clone();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    listed.iter().map(|s| (text(&s["SubnetId"]), text(&s["VpcId"]))).collect()
}

/// Security groups, network ACLs, prefix lists, peerings, VPC Block Public Access.
fn filters(node: Option<Node<'_>>, account: &str, subnets: &[(String, String)], files: &mut Files) {
    let get = |key: &str| node.and_then(|n| n.get(key));
    let mut put = |name: String, body: Json| files.insert(format!("{account}/{REGION}/ec2/{name}"), body);
    let mut groups: Vec<Json> = each(get("groups"))
        .map(|(id, rules)| {
            let side = |key: &str| lines(rules.get(key)).iter().map(|line| permission(line)).collect::<Vec<Json>>();
            json!({"GroupId": id, "GroupName": id, "OwnerId": account, "IpPermissions": side("in"),
                "IpPermissionsEgress": side("out")})
        })
        .collect();
    // Groups that are not drawn let everything through.
    let needed = [("sg-app", account == HERE), ("sg-ep", get("endpoints").is_some())];
    for id in needed.into_iter().filter_map(|(id, needed)| needed.then_some(id)) {
        if !groups.iter().any(|g| g["GroupId"] == id) {
            let open = |_: ()| vec![permission(&line("all 0.0.0.0/0")), permission(&line("all ::/0"))];
            groups.push(json!({"GroupId": id, "GroupName": id, "OwnerId": account, "IpPermissions": open(()),
                "IpPermissionsEgress": open(())}));
        }
    }
    put("describe-security-groups.json".into(), json!({ "SecurityGroups": groups }));
    let mut acls: Vec<Json> = Vec::new();
    let drawn: BTreeMap<String, Node<'_>> = each(get("acls")).collect();
    for (subnet, vpc) in subnets {
        let open =
            ["in 100 allow all 0.0.0.0/0", "out 100 allow all 0.0.0.0/0", "in 101 allow all ::/0", "out 101 allow all ::/0"];
        let rules = match drawn.get(subnet) {
            Some(rules) => lines(Some(*rules)),
            None => open.iter().map(|l| line(l)).collect(),
        };
        let closing = ["in 32767 deny all 0.0.0.0/0", "out 32767 deny all 0.0.0.0/0"].map(line);
        let entries: Vec<Json> = rules.iter().chain(&closing).map(|l| entry(l)).collect();
        acls.push(json!({"NetworkAclId": format!("acl-{subnet}"), "VpcId": vpc, "OwnerId": account, "IsDefault": false,
            "Associations": [{"SubnetId": subnet, "NetworkAclId": format!("acl-{subnet}")}], "Entries": entries}));
    }
    put("describe-network-acls.json".into(), json!({ "NetworkAcls": acls }));
    let mut lists = Vec::new();
    for (id, blocks) in each(get("lists")) {
        lists.push(json!({"PrefixListId": id, "PrefixListName": id, "AddressFamily": "IPv4", "OwnerId": account}));
        let blocks: Vec<Json> = lines(Some(blocks)).iter().map(|b| json!({"Cidr": b[0]})).collect();
        put(format!("get-managed-prefix-list-entries.{id}.json"), json!({ "Entries": blocks }));
    }
    put("describe-managed-prefix-lists.json".into(), json!({ "PrefixLists": lists }));
    let peering = |l: &Vec<String>| {
        let status = l.get(3).map_or("active", String::as_str);
        let region = l.get(4).map_or(REGION, String::as_str);
        json!({"VpcPeeringConnectionId": l[0], "Status": {"Code": status},
            "RequesterVpcInfo": {"VpcId": l[1], "OwnerId": account, "Region": REGION},
            "AccepterVpcInfo": {"VpcId": l[2], "OwnerId": account, "Region": region}})
    };
    let peerings: Vec<Json> = lines(get("peerings")).iter().map(peering).collect();
    put("describe-vpc-peering-connections.json".into(), json!({ "VpcPeeringConnections": peerings }));
    let mode = get("public-access").and_then(|n| n.as_str().map(str::to_owned)).unwrap_or_else(|| "off".to_owned());
    let options =
        json!({"AwsAccountId": account, "AwsRegion": REGION, "State": "update-complete", "InternetGatewayBlockMode": mode});
    put("describe-vpc-block-public-access-options.json".into(), json!({ "VpcBlockPublicAccessOptions": options }));
    let exclusion = |(at, l): (usize, Vec<String>)| {
        let state = l.get(2).map_or("create-complete", String::as_str);
        let kind = if l[0].starts_with("vpc-") { "vpc" } else { "subnet" };
        json!({"ExclusionId": format!("vpcbpa-exclude-{at}"), "InternetGatewayExclusionMode": l[1], "State": state,
            "ResourceArn": format!("arn:aws:ec2:{REGION}:{account}:{kind}/{}", l[0])})
    };
    let exclusions: Vec<Json> = lines(get("exclusions")).into_iter().enumerate().map(exclusion).collect();
    let body = json!({ "VpcBlockPublicAccessExclusions": exclusions });
    put("describe-vpc-block-public-access-exclusions.json".into(), body);
}

fn line(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `all PEER`, `tcp PORT PEER` or `tcp FROM-TO PEER`; a peer is a block, a group or a prefix list.
fn permission(line: &[String]) -> Json {
    let peer = line.last().unwrap();
    let (list, item) = match peer {
        peer if peer.starts_with("sg-") => ("UserIdGroupPairs", json!({"GroupId": peer, "UserId": HERE})),
        peer if peer.starts_with("pl-") => ("PrefixListIds", json!({ "PrefixListId": peer })),
        peer if peer.contains(':') => ("Ipv6Ranges", json!({ "CidrIpv6": peer })),
        peer => ("IpRanges", json!({ "CidrIp": peer })),
    };
    let mut rule = json!({"UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []});
    rule[list] = json!([item]);
    if line[0] == "all" {
        rule["IpProtocol"] = json!("-1");
    } else {
        rule["IpProtocol"] = json!(line[0]);
        (rule["FromPort"], rule["ToPort"]) = ports(&line[1]);
    }
    rule
}

/// `in|out NUMBER allow|deny all|tcp [PORTS] BLOCK`.
fn entry(line: &[String]) -> Json {
    let net = line.last().unwrap();
    let field = if net.contains(':') { "Ipv6CidrBlock" } else { "CidrBlock" };
    let protocol = match &*line[3] {
        "all" => "-1",
        "tcp" => "6",
        "udp" => "17",
        other => panic!("no protocol `{other}`"),
    };
    let mut entry = json!({"Egress": line[0] == "out", "RuleNumber": line[1].parse::<u32>().unwrap(), "RuleAction": line[2],
        "Protocol": protocol, field: net});
    if line.len() > 5 {
        let (from, to) = ports(&line[4]);
        entry["PortRange"] = json!({"From": from, "To": to});
    }
    entry
}

fn ports(text: &str) -> (Json, Json) {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    (json!(from.parse::<u16>().unwrap()), json!(to.parse::<u16>().unwrap()))
}

fn transit(node: Option<Node<'_>>, account: &str, files: &mut Files) {
    let get = |key: &str| node.and_then(|n| n.get(key));
    let (attachments, tables) = (get("attachments"), get("transit"));
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
        let subnets: Vec<&str> = subnet.split(',').collect();
        of_vpcs.push(json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": gateway, "VpcId": vpc, "SubnetIds": subnets,
            "State": "available", "Options": {"SecurityGroupReferencingSupport": "enable"}}));
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
    let gateways: Vec<Json> = lines(get("gateways"))
        .iter()
        .map(|l| {
            json!({"TransitGatewayId": l[0], "State": "available", "OwnerId": account,
            "Options": {"SecurityGroupReferencingSupport": l[1]}})
        })
        .collect();
    put("describe-transit-gateways.json".into(), json!({ "TransitGateways": gateways }));
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
        "VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": ["sg-app"], "VpcId": "vpc-app", "Ipv6AllowedForDualStack": true}});
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
pub fn judge(files: &Files) -> (String, String) {
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
pub fn refused(files: &Files, path: &str) -> Files {
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

/// The files of a drawing.
pub fn files(topology: Node<'_>) -> Files {
    let mut files = Files::new();
    let mut networks = Networks::default();
    section(HERE, topology.get("here"), &mut networks, &mut files);
    if topology.get("there").is_some() {
        section(THERE, topology.get("there"), &mut networks, &mut files);
    }
    let from: Vec<String> = lines(topology.get("from")).concat();
    workload(&mut files, &if from.is_empty() { vec!["subnet-app".to_owned()] } else { from });
    files
}

/// The files of a drawing as text.
pub fn drawn(text: &str) -> Files {
    let document = Document::yaml("drawing.yaml", text).unwrap();
    files(document.root())
}
