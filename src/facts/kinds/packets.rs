//! What lets packets through or holds them back, beside security groups: network ACLs, prefix lists, peerings, VPC Block Public
//! Access, and what a transit gateway does with references to security groups.

use super::super::kind::{Attached, Edge, Kind, Scope, Source};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("ec2", "describe-network-acls", "NetworkAcls[]", "NetworkAclId")
            .owner("OwnerId")
            .arn("arn:{partition}:ec2:{region}:{account}:network-acl/{key}")],
        always: &["VpcId", "Associations", "Entries"],
        edges: &[
            Edge::one("vpc", "vpc", "VpcId", "the VPC it is in"),
            Edge::many("subnets", "subnet", "Associations[].SubnetId", "the subnets it filters"),
        ],
        ..Kind::new("network-acl", "network ACL", Scope::Global, "ec2.NetworkAcl")
    },
    Kind {
        sources: &[Source::new("ec2", "describe-managed-prefix-lists", "PrefixLists[]", "PrefixListId")
            .arn("arn:{partition}:ec2:{region}:{account}:prefix-list/{key}")
            .name("PrefixListName")],
        always: &["PrefixListName", "AddressFamily"],
        attached: &[Attached::new("entries", "ec2", "get-managed-prefix-list-entries", "list<shape:ec2.PrefixListEntry>")
            .path("Entries")
            .doc("the blocks of addresses it holds")],
        ..Kind::new("prefix-list", "prefix list", Scope::Region, "ec2.ManagedPrefixList")
    },
    Kind {
        sources: &[Source::new("ec2", "describe-vpc-peering-connections", "VpcPeeringConnections[]", "VpcPeeringConnectionId")
            .owner("RequesterVpcInfo.OwnerId")
            .arn("arn:{partition}:ec2:{region}:{account}:vpc-peering-connection/{key}")],
        always: &["Status"],
        edges: &[
            Edge::one("requester", "vpc", "RequesterVpcInfo.VpcId", "the VPC that asked for it"),
            Edge::one("accepter", "vpc", "AccepterVpcInfo.VpcId", "the VPC at the other end"),
        ],
        ..Kind::new("vpc-peering", "VPC peering", Scope::Global, "ec2.VpcPeeringConnection")
    },
    Kind {
        sources: &[Source::new("ec2", "describe-vpc-block-public-access-options", "VpcBlockPublicAccessOptions", "@one")],
        always: &["InternetGatewayBlockMode"],
        ..Kind::new("vpc-public-access-block", "VPC Block Public Access", Scope::Region, "ec2.VpcBlockPublicAccessOptions")
    },
    Kind {
        sources: &[Source::new(
            "ec2",
            "describe-vpc-block-public-access-exclusions",
            "VpcBlockPublicAccessExclusions[]",
            "ExclusionId",
        )],
        always: &["ResourceArn", "InternetGatewayExclusionMode", "State"],
        ..Kind::new(
            "vpc-public-access-exclusion",
            "exclusion from VPC Block Public Access",
            Scope::Global,
            "ec2.VpcBlockPublicAccessExclusion",
        )
    },
    Kind {
        sources: &[Source::new("ec2", "describe-transit-gateways", "TransitGateways[]", "TransitGatewayId")
            .owner("OwnerId")
            .arn("TransitGatewayArn")],
        always: &["State"],
        ..Kind::new("transit-gateway", "transit gateway", Scope::Global, "ec2.TransitGateway")
    },
];
