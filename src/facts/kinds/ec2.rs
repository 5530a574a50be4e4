//! EC2 and VPC: networks, endpoints, instances.

use std::collections::HashMap;

use super::super::kind::{Attached, Back, Edge, Kind, Scope, Source, first};
use super::super::missing::Place;
use super::super::{FactId, Facts, Lookup, Value};

const VPC: Edge = Edge::one("vpc", "vpc", "VpcId", "the VPC it is in");
const SUBNET: Edge = Edge::one("subnet", "subnet", "SubnetId", "the subnet it is in");
const GROUPS: Edge = Edge::many("security_groups", "security-group", "Groups[].GroupId", "its security groups");

const fn source(operation: &'static str, path: &'static str, key: &'static str) -> Source {
    Source::new("ec2", operation, path, key).owner("OwnerId")
}

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[source("describe-vpcs", "Vpcs[]", "VpcId").arn("arn:{partition}:ec2:{region}:{account}:vpc/{key}")],
        always: &["CidrBlock", "IsDefault", "State"],
        back: &[
            Back::new("subnets", "subnet", "vpc", "its subnets"),
            Back::new("route_tables", "route-table", "vpc", "its route tables"),
            Back::new("endpoints", "vpc-endpoint", "vpc", "its VPC endpoints"),
            Back::new("security_groups", "security-group", "vpc", "its security groups"),
            Back::new("nat_gateways", "nat-gateway", "vpc", "its NAT gateways"),
            Back::new("network_interfaces", "network-interface", "vpc", "its network interfaces"),
            Back::new("functions", "lambda-function", "vpc", "the Lambda functions attached to it"),
        ],
        attached: &[
            Attached::new("dns_support", "ec2", "describe-vpc-attribute", "bool")
                .suffixes(&[",enableDnsSupport"])
                .path("EnableDnsSupport.Value")
                .doc("its attribute enableDnsSupport"),
            Attached::new("dns_hostnames", "ec2", "describe-vpc-attribute", "bool")
                .suffixes(&[",enableDnsHostnames"])
                .path("EnableDnsHostnames.Value")
                .doc("its attribute enableDnsHostnames"),
        ],
        ..Kind::new("vpc", "VPC", Scope::Global, "ec2.Vpc")
    },
    Kind {
        sources: &[source("describe-subnets", "Subnets[]", "SubnetId").arn("arn:{partition}:ec2:{region}:{account}:subnet/{key}")],
        always: &["VpcId", "AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "State"],
        edges: &[
            VPC,
            Edge::computed(
                "route_table",
                "route-table",
                route_table,
                "the route table in force: the one associated with it, else the VPC's main one",
            ),
        ],
        back: &[
            Back::new("endpoints", "vpc-endpoint", "subnets", "the VPC endpoints with an interface in it"),
            Back::new("nat_gateways", "nat-gateway", "subnet", "the NAT gateways in it"),
            Back::new("functions", "lambda-function", "subnets", "the Lambda functions attached to it"),
            Back::new("instances", "ec2-instance", "subnet", "the instances in it"),
            Back::new("network_acls", "network-acl", "subnets", "the network ACL that filters it, in a list"),
        ],
        ..Kind::new("subnet", "subnet", Scope::Global, "ec2.Subnet")
    },
    Kind {
        sources: &[source("describe-route-tables", "RouteTables[]", "RouteTableId")
            .arn("arn:{partition}:ec2:{region}:{account}:route-table/{key}")],
        always: &["VpcId", "Associations", "Routes"],
        edges: &[VPC],
        ..Kind::new("route-table", "route table", Scope::Global, "ec2.RouteTable")
    },
    Kind {
        sources: &[source("describe-nat-gateways", "NatGateways[]", "NatGatewayId")
            .owner("")
            .arn("arn:{partition}:ec2:{region}:{account}:natgateway/{key}")],
        always: &["VpcId", "State"],
        edges: &[VPC, SUBNET],
        ..Kind::new("nat-gateway", "NAT gateway", Scope::Global, "ec2.NatGateway")
    },
    Kind {
        sources: &[source("describe-internet-gateways", "InternetGateways[]", "InternetGatewayId")
            .arn("arn:{partition}:ec2:{region}:{account}:internet-gateway/{key}")],
        always: &["Attachments"],
        edges: &[Edge::many("vpcs", "vpc", "Attachments[].VpcId", "the VPC it is attached to, in a list")],
        ..Kind::new("internet-gateway", "internet gateway", Scope::Global, "ec2.InternetGateway")
    },
    Kind {
        sources: &[source("describe-vpc-endpoints", "VpcEndpoints[]", "VpcEndpointId")
            .arn("arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{key}")],
        always: &["VpcEndpointType", "VpcId", "ServiceName", "State", "PrivateDnsEnabled"],
        edges: &[
            VPC,
            Edge::many("subnets", "subnet", "SubnetIds[]", "the subnets it has interfaces in"),
            GROUPS,
            Edge::many("route_tables", "route-table", "RouteTableIds[]", "the route tables that lead to it (gateway endpoints)"),
        ],
        json: &["PolicyDocument"],
        ..Kind::new("vpc-endpoint", "VPC endpoint", Scope::Global, "ec2.VpcEndpoint")
    },
    Kind {
        sources: &[source("describe-security-groups", "SecurityGroups[]", "GroupId")
            .arn("arn:{partition}:ec2:{region}:{account}:security-group/{key}")],
        always: &["GroupName", "IpPermissions", "IpPermissionsEgress"],
        edges: &[VPC],
        ..Kind::new("security-group", "security group", Scope::Global, "ec2.SecurityGroup")
    },
    Kind {
        sources: &[source("describe-network-interfaces", "NetworkInterfaces[]", "NetworkInterfaceId")
            .arn("arn:{partition}:ec2:{region}:{account}:network-interface/{key}")],
        edges: &[
            VPC,
            SUBNET,
            GROUPS,
            Edge::one("instance", "ec2-instance", "Attachment.InstanceId", "the instance it is attached to"),
        ],
        always: &["Status", "SubnetId", "VpcId", "InterfaceType"],
        ..Kind::new("network-interface", "network interface", Scope::Global, "ec2.NetworkInterface")
    },
    Kind {
        sources: &[source("describe-instances", "Reservations[].Instances[]", "InstanceId")
            .owner("")
            .arn("arn:{partition}:ec2:{region}:{account}:instance/{key}")],
        always: &["State"],
        edges: &[
            VPC,
            SUBNET,
            Edge::many("security_groups", "security-group", "SecurityGroups[].GroupId", "its security groups"),
            Edge::many("subnets", "subnet", "NetworkInterfaces[].SubnetId", "the subnets that its network interfaces stand in"),
            Edge::one("instance_profile", "instance-profile", "IamInstanceProfile.Arn", "its instance profile"),
            Edge::computed("role", "iam-role", role, "the role it runs as"),
        ],
        attached: &[Attached::new("user_data", "ec2", "describe-instance-attribute", "any")
            .suffixes(&[",userData"])
            .path("UserData")
            .doc("its user data; the value itself is masked")],
        ..Kind::new("ec2-instance", "EC2 instance", Scope::Global, "ec2.Instance")
    },
];

fn role(facts: &Facts, id: FactId) -> Lookup {
    match facts.field(id, "instance_profile")? {
        Some(profile) => facts.member(&profile, "role"),
        None => Ok(None),
    }
}

/// Which route table is in force where.
#[derive(Debug, Default)]
pub(in super::super) struct RouteTables {
    /// By subnet, the table associated with it.
    of_subnet: HashMap<String, FactId>,
    /// By VPC, its main table.
    main: HashMap<String, FactId>,
}

impl RouteTables {
    /// Read from all tables that were loaded.
    fn of(facts: &Facts) -> Self {
        let mut tables = Self::default();
        for table in facts.of_kind("route-table") {
            let Some(node) = facts.get(*table).and_then(|t| facts.node(t.node)) else { continue };
            for association in node.get("Associations").into_iter().flat_map(|list| list.items()) {
                let state = first(association, "AssociationState.State").and_then(|n| n.as_str());
                if state.is_some_and(|s| s != "associated") {
                    continue;
                }
                if let Some(subnet) = association.get("SubnetId").and_then(|n| n.as_str()) {
                    tables.of_subnet.entry(subnet.to_owned()).or_insert(*table);
                }
                if association.get("Main").and_then(|n| n.as_bool()) == Some(true)
                    && let Some(vpc) = node.get("VpcId").and_then(|n| n.as_str())
                {
                    tables.main.insert(vpc.to_owned(), *table);
                }
            }
        }
        tables
    }
}

/// VPC User Guide, "Route tables": a subnet without an explicit association uses the main route table.
fn route_table(facts: &Facts, id: FactId) -> Lookup {
    let (Some(fact), Some(kind)) = (facts.get(id), super::get("route-table")) else { return Ok(None) };
    let tables = facts.route_tables.get_or_init(|| RouteTables::of(facts));
    if let Some(table) = tables.of_subnet.get(&*fact.key) {
        return Ok(Some(Value::Fact(*table)));
    }
    // Without the whole listing an association may stand in a table that is not loaded.
    facts.listed(kind, fact.account.as_deref(), fact.region.as_deref())?;
    let vpc = facts.node(fact.node).and_then(|n| first(n, "VpcId")).and_then(|n| n.as_str());
    match vpc.and_then(|vpc| tables.main.get(vpc)) {
        Some(table) => Ok(Some(Value::Fact(*table))),
        None => Err(facts.why_missing(kind, &format!("main one of {}", vpc.unwrap_or("its VPC")), "", Place::of(fact))),
    }
}
