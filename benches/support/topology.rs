//! A synthetic organisation of networks: VPCs of 50 subnets, joined by a transit gateway, with interfaces in them.
//!
//! In: a folder, how many network interfaces, over how many VPCs. Out: the same bytes on every machine for the same numbers. One VPC in
//! five has endpoints of its own, two in five resolve the names through a hosted zone of the hub, the others leave by NAT gateways: of
//! their own, or the hub's over the transit gateway. Never: an answer that names something of another account that is not there.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

const REGION: &str = "sa-east-1";
const HUB: &str = "100000000000";
const SUBNETS: usize = 50;
const VPCS_OF_AN_ACCOUNT: usize = 50;
/// Each with a role of its own: the endpoints of Bedrock it calls, then nothing of Bedrock.
const ROLES: [(&str, &str); 3] =
    [("runtime", "bedrock:InvokeModel"), ("agents", "bedrock:InvokeAgent"), ("plain", "s3:GetObject")];

/// Writes the exports of a hub and of the accounts that hold the VPCs.
///
/// # Errors
/// What writing a file gives.
pub(crate) fn export(folder: &Path, interfaces: usize, vpcs: usize) -> io::Result<()> {
    let accounts = vpcs.div_ceil(VPCS_OF_AN_ACCOUNT);
    for account in 0..accounts {
        let first = account * VPCS_OF_AN_ACCOUNT;
        member(folder, account, first..(first + VPCS_OF_AN_ACCOUNT).min(vpcs), interfaces, vpcs)?;
    }
    hub(folder, vpcs)
}

fn number(account: usize) -> String {
    format!("{}", 200_000_000_000_u64 + u64::try_from(account).unwrap_or_default())
}

fn id(prefix: &str, n: usize) -> String {
    format!("{prefix}-{n:017x}")
}

fn subnet_of(vpc: usize, at: usize) -> String {
    id("subnet", vpc * SUBNETS + at)
}

/// How a VPC calls Bedrock.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Endpoints,
    Central,
    Nat,
    Hub,
}

fn way(vpc: usize) -> Way {
    match vpc % 5 {
        0 => Way::Endpoints,
        1 | 2 => Way::Central,
        3 => Way::Nat,
        _ => Way::Hub,
    }
}

fn member(folder: &Path, account: usize, vpcs: std::ops::Range<usize>, interfaces: usize, of: usize) -> io::Result<()> {
    let number = number(account);
    let put = |service: &str, name: &str, value: Value| answer(folder, &number, REGION, service, name, &value);
    let (mut all, mut subnets, mut tables, mut nats) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut endpoints, mut attachments, mut of_vpcs) = (Vec::new(), Vec::new(), Vec::new());
    for vpc in vpcs.clone() {
        let name = id("vpc", vpc);
        all.push(json!({"VpcId": name, "CidrBlock": "10.0.0.0/16", "State": "available", "IsDefault": false, "OwnerId": number}));
        for (field, attribute) in [("EnableDnsSupport", "enableDnsSupport"), ("EnableDnsHostnames", "enableDnsHostnames")] {
            put("ec2", &format!("describe-vpc-attribute.{name},{attribute}"), json!({"VpcId": name, field: {"Value": true}}))?;
        }
        for at in 0..SUBNETS {
            let subnet = subnet_of(vpc, at);
            subnets.push(json!({"SubnetId": subnet, "VpcId": name, "CidrBlock": format!("10.0.{at}.0/24"), "OwnerId": number,
                "AvailabilityZone": format!("{REGION}{}", ["a", "b", "c"].get(at % 3).unwrap_or(&"a")), "MapPublicIpOnLaunch": false, "State": "available"}));
            let mut routes = vec![json!({"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"})];
            match way(vpc) {
                Way::Nat => {
                    routes.push(json!({"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": id("nat", vpc), "State": "active"}))
                }
                Way::Hub | Way::Central => {
                    routes.push(json!({"DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-1", "State": "active"}));
                }
                Way::Endpoints => {}
            }
            tables
                .push(json!({"RouteTableId": id("rtb", vpc * SUBNETS + at), "VpcId": name, "OwnerId": number, "Routes": routes,
                "Associations": [{"Main": false, "SubnetId": subnet, "AssociationState": {"State": "associated"}}]}));
        }
        if way(vpc) == Way::Nat {
            nats.push(json!({"NatGatewayId": id("nat", vpc), "VpcId": name, "SubnetId": subnet_of(vpc, 0), "State": "available",
                "ConnectivityType": "public"}));
        }
        if way(vpc) == Way::Endpoints {
            for (n, service) in ["bedrock-runtime", "bedrock-agent-runtime"].into_iter().enumerate() {
                endpoints.push(json!({"VpcEndpointId": id("vpce", vpc * 2 + n), "VpcEndpointType": "Interface", "VpcId": name,
                    "ServiceName": format!("com.amazonaws.{REGION}.{service}"), "State": "available", "PrivateDnsEnabled": true,
                    "SubnetIds": [subnet_of(vpc, 0), subnet_of(vpc, 1)], "Groups": [], "RouteTableIds": [], "OwnerId": number}));
            }
        } else {
            let (attachment, of_vpc) = attached(vpc, &name, "tgw-rtb-spokes", &subnet_of(vpc, 0));
            attachments.push(attachment);
            of_vpcs.push(of_vpc);
        }
    }
    put("ec2", "describe-vpcs", json!({ "Vpcs": all }))?;
    put("ec2", "describe-subnets", json!({ "Subnets": subnets }))?;
    put("ec2", "describe-route-tables", json!({ "RouteTables": tables }))?;
    put("ec2", "describe-nat-gateways", json!({ "NatGateways": nats }))?;
    put("ec2", "describe-vpc-endpoints", json!({ "VpcEndpoints": endpoints }))?;
    put("ec2", "describe-security-groups", json!({ "SecurityGroups": [] }))?;
    put("ec2", "describe-transit-gateway-attachments", json!({ "TransitGatewayAttachments": attachments }))?;
    put("ec2", "describe-transit-gateway-vpc-attachments", json!({ "TransitGatewayVpcAttachments": of_vpcs }))?;
    put("route53profiles", "list-profile-associations", json!({ "ProfileAssociations": [] }))?;
    answer(folder, &number, "global", "route53", "list-hosted-zones", &json!({ "HostedZones": [] }))?;
    workloads(folder, &number, vpcs, interfaces, of)
}

fn attached(n: usize, vpc: &str, table: &str, subnet: &str) -> (Value, Value) {
    let attachment = json!({"TransitGatewayAttachmentId": id("tgw-attach", n), "TransitGatewayId": "tgw-1", "ResourceType": "vpc",
        "ResourceId": vpc, "State": "available", "Association": {"TransitGatewayRouteTableId": table, "State": "associated"}});
    let of_vpc = json!({"TransitGatewayAttachmentId": id("tgw-attach", n), "TransitGatewayId": "tgw-1", "VpcId": vpc,
        "SubnetIds": [subnet], "State": "available"});
    (attachment, of_vpc)
}

fn set(object: &mut Value, key: &str, value: Value) {
    object.as_object_mut().map(|fields| fields.insert(key.to_owned(), value));
}

/// The interfaces of this account's VPCs, round and round: of instances, functions, pods, and of a service that runs code.
fn workloads(folder: &Path, number: &str, vpcs: std::ops::Range<usize>, interfaces: usize, of: usize) -> io::Result<()> {
    let put = |service: &str, name: &str, value: Value| answer(folder, number, REGION, service, name, &value);
    let (mut all, mut instances, mut functions) = (Vec::new(), Vec::new(), Vec::new());
    for n in (0..interfaces).filter(|n| vpcs.contains(&(n % of))) {
        let (vpc, turn) = (n % of, n / of);
        let (interface, subnet, vpc_id) = (id("eni", n), subnet_of(vpc, turn % SUBNETS), id("vpc", vpc));
        let (role, _) = ROLES.get(n / 4 % ROLES.len()).copied().unwrap_or_default();
        let mut described = json!({"NetworkInterfaceId": interface, "SubnetId": subnet, "VpcId": vpc_id, "Status": "in-use",
            "InterfaceType": "interface", "RequesterManaged": true, "OwnerId": number, "Groups": [], "Description": "",
            "PrivateIpAddress": "10.0.0.4", "SourceDestCheck": true, "TagSet": []});
        match turn % 4 {
            0 => {
                set(&mut described, "RequesterManaged", json!(false));
                set(&mut described, "Attachment", json!({"InstanceId": id("i", n), "DeviceIndex": 0, "Status": "attached"}));
                instances.push(json!({"InstanceId": id("i", n), "State": {"Code": 16, "Name": "running"}, "SubnetId": subnet,
                    "VpcId": vpc_id, "SecurityGroups": [], "PrivateIpAddress": "10.0.0.4",
                    "NetworkInterfaces": [{"NetworkInterfaceId": interface, "SubnetId": subnet, "VpcId": vpc_id}],
                    "IamInstanceProfile": {"Arn": format!("arn:aws:iam::{number}:instance-profile/{role}"), "Id": "AIPAEXAMPLE"}}));
            }
            1 => {
                set(&mut described, "InterfaceType", json!("lambda"));
                set(
                    &mut described,
                    "Description",
                    json!(format!("AWS Lambda VPC ENI-f{n}-00000000-0000-0000-0000-000000000000")),
                );
                functions.push(json!({"FunctionName": format!("f{n}"), "Version": "$LATEST",
                    "FunctionArn": format!("arn:aws:lambda:{REGION}:{number}:function:f{n}"),
                    "Role": format!("arn:aws:iam::{number}:role/{role}"),
                    "VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": [], "VpcId": vpc_id}}));
            }
            2 => {
                set(&mut described, "RequesterManaged", json!(false));
                set(&mut described, "Description", json!("aws-K8S-i-0a1b2c3d4e5f60718"));
            }
            _ => set(&mut described, "Description", json!("[Do not delete] ENI managed by SageMaker for a notebook")),
        }
        all.push(described);
    }
    put("ec2", "describe-network-interfaces", json!({ "NetworkInterfaces": all }))?;
    let reservation = json!({"ReservationId": "r-1", "OwnerId": number, "Groups": [], "Instances": instances});
    put("ec2", "describe-instances", json!({ "Reservations": [reservation] }))?;
    put("lambda", "list-functions", json!({ "Functions": functions }))?;
    answer(folder, number, "global", "iam", "get-account-authorization-details", &principals(number))
}

fn principals(number: &str) -> Value {
    let document = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let roles: Vec<Value> = ROLES
        .iter()
        .map(|(name, action)| {
            let arn = format!("arn:aws:iam::{number}:role/{name}");
            let trust = document(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com", "pods.eks.amazonaws.com", "sagemaker.amazonaws.com"]}}));
            let policy = document(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
            let profile = json!({"InstanceProfileName": name, "Path": "/", "InstanceProfileId": "AIPAEXAMPLE",
                "Arn": format!("arn:aws:iam::{number}:instance-profile/{name}"), "CreateDate": "2026-01-15T12:00:00+00:00",
                "Roles": [{"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": arn, "CreateDate": "2026-01-15T12:00:00+00:00"}]});
            json!({"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": arn, "CreateDate": "2026-01-15T12:00:00+00:00",
                "AssumeRolePolicyDocument": trust, "InstanceProfileList": [profile],
                "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}], "AttachedManagedPolicies": [], "Tags": []})
        })
        .collect();
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false})
}

/// The hub: an egress VPC behind the transit gateway, central endpoints, and the hosted zones that lead there.
fn hub(folder: &Path, vpcs: usize) -> io::Result<()> {
    let put = |name: &str, value: Value| answer(folder, HUB, REGION, "ec2", name, &value);
    let subnet = |name: &str| {
        json!({"SubnetId": name, "VpcId": "vpc-hub", "CidrBlock": "10.255.0.0/24", "AvailabilityZone": "sa-east-1a",
            "MapPublicIpOnLaunch": false, "OwnerId": HUB, "State": "available"})
    };
    let table = |subnet: &str, route: Value| {
        json!({"RouteTableId": format!("rtb-{subnet}"), "VpcId": "vpc-hub", "OwnerId": HUB, "Routes": [route],
            "Associations": [{"Main": false, "SubnetId": subnet, "AssociationState": {"State": "associated"}}]})
    };
    put(
        "describe-vpcs",
        json!({"Vpcs": [{"VpcId": "vpc-hub", "CidrBlock": "10.255.0.0/16", "State": "available", "IsDefault": false,
        "OwnerId": HUB}]}),
    )?;
    for (field, attribute) in [("EnableDnsSupport", "enableDnsSupport"), ("EnableDnsHostnames", "enableDnsHostnames")] {
        put(&format!("describe-vpc-attribute.vpc-hub,{attribute}"), json!({"VpcId": "vpc-hub", field: {"Value": true}}))?;
    }
    put("describe-subnets", json!({"Subnets": [subnet("subnet-arrival"), subnet("subnet-public")]}))?;
    let to_nat = json!({"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-hub", "State": "active"});
    let to_internet = json!({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-hub", "State": "active"});
    put("describe-route-tables", json!({"RouteTables": [table("subnet-arrival", to_nat), table("subnet-public", to_internet)]}))?;
    put(
        "describe-nat-gateways",
        json!({"NatGateways": [{"NatGatewayId": "nat-hub", "VpcId": "vpc-hub", "SubnetId": "subnet-public",
        "State": "available", "ConnectivityType": "public"}]}),
    )?;
    let (attachment, of_vpc) = attached(vpcs, "vpc-hub", "tgw-rtb-hub", "subnet-arrival");
    put("describe-transit-gateway-attachments", json!({"TransitGatewayAttachments": [attachment]}))?;
    put("describe-transit-gateway-vpc-attachments", json!({"TransitGatewayVpcAttachments": [of_vpc]}))?;
    put(
        "describe-transit-gateway-route-tables",
        json!({"TransitGatewayRouteTables": [{"TransitGatewayRouteTableId": "tgw-rtb-spokes",
        "TransitGatewayId": "tgw-1", "State": "available"}]}),
    )?;
    put(
        "search-transit-gateway-routes.tgw-rtb-spokes",
        json!({"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "State": "active",
        "Type": "static", "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": id("tgw-attach", vpcs), "ResourceType": "vpc",
        "ResourceId": "vpc-hub"}]}], "AdditionalRoutesAvailable": false}),
    )?;
    let services = ["bedrock-runtime", "bedrock-agent-runtime"];
    let endpoints: Vec<Value> = services
        .iter()
        .map(|service| {
            json!({"VpcEndpointId": format!("vpce-{}", service.replace('-', "")), "VpcEndpointType": "Interface", "VpcId": "vpc-hub",
                "ServiceName": format!("com.amazonaws.{REGION}.{service}"), "State": "available", "PrivateDnsEnabled": false,
                "SubnetIds": ["subnet-arrival"], "Groups": [], "RouteTableIds": [], "OwnerId": HUB})
        })
        .collect();
    put("describe-vpc-endpoints", json!({ "VpcEndpoints": endpoints }))?;
    zones(folder, vpcs, &services)
}

fn zones(folder: &Path, vpcs: usize, services: &[&str]) -> io::Result<()> {
    let put = |name: &str, value: Value| answer(folder, HUB, "global", "route53", name, &value);
    let mut list = Vec::new();
    for service in services {
        let (id_of, name) =
            (format!("Z{}", service.replace('-', "").to_ascii_uppercase()), format!("{service}.{REGION}.amazonaws.com."));
        let zone = json!({"Id": format!("/hostedzone/{id_of}"), "Name": name, "Config": {"PrivateZone": true}});
        let central = (0..vpcs).filter(|vpc| way(*vpc) == Way::Central);
        let used: Vec<Value> = central.map(|vpc| json!({"VPCRegion": REGION, "VPCId": id("vpc", vpc)})).collect();
        put(&format!("get-hosted-zone.{id_of}"), json!({"HostedZone": zone, "VPCs": used}))?;
        let target = format!("vpce-{}-abcdefgh.{service}.{REGION}.vpce.amazonaws.com.", service.replace('-', ""));
        let record = json!({"Name": name, "Type": "A", "AliasTarget": {"DNSName": target, "HostedZoneId": "Z1", "EvaluateTargetHealth": false}});
        put(&format!("list-resource-record-sets.{id_of}"), json!({"ResourceRecordSets": [record]}))?;
        list.push(zone);
    }
    put("list-hosted-zones", json!({ "HostedZones": list }))
}

fn answer(export: &Path, account: &str, region: &str, service: &str, name: &str, value: &Value) -> io::Result<()> {
    let folder = export.join(account).join(region).join(service);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.json")), value.to_string())
}
