//! Transit gateways: attachments and route tables, as far as they carry packets between VPCs.

use super::super::kind::{Attached, Edge, Kind, Scope, Source};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new(
            "ec2",
            "describe-transit-gateway-attachments",
            "TransitGatewayAttachments[]",
            "TransitGatewayAttachmentId",
        )],
        always: &["TransitGatewayId", "ResourceType", "ResourceId", "State"],
        edges: &[Edge::one(
            "route_table",
            "transit-gateway-route-table",
            "Association.TransitGatewayRouteTableId",
            "the route table that packets from it are looked up in",
        )],
        ..Kind::new("transit-gateway-attachment", "transit gateway attachment", Scope::Global, "ec2.TransitGatewayAttachment")
    },
    Kind {
        sources: &[Source::new(
            "ec2",
            "describe-transit-gateway-vpc-attachments",
            "TransitGatewayVpcAttachments[]",
            "TransitGatewayAttachmentId",
        )],
        always: &["TransitGatewayId", "VpcId", "SubnetIds", "State"],
        edges: &[
            Edge::one("vpc", "vpc", "VpcId", "the VPC it is in"),
            Edge::many("subnets", "subnet", "SubnetIds[]", "the subnets in which packets arrive"),
        ],
        ..Kind::new(
            "transit-gateway-vpc-attachment",
            "transit gateway attachment of a VPC",
            Scope::Global,
            "ec2.TransitGatewayVpcAttachment",
        )
    },
    Kind {
        sources: &[Source::new(
            "ec2",
            "describe-transit-gateway-route-tables",
            "TransitGatewayRouteTables[]",
            "TransitGatewayRouteTableId",
        )],
        always: &["TransitGatewayId", "State"],
        attached: &[
            Attached::new("routes", "ec2", "search-transit-gateway-routes", "list<shape:ec2.TransitGatewayRoute>")
                .path("Routes")
                .doc("its routes, active and blackhole"),
            Attached::new("more_routes", "ec2", "search-transit-gateway-routes", "bool")
                .path("AdditionalRoutesAvailable")
                .doc("whether AWS left routes out of the answer"),
        ],
        ..Kind::new("transit-gateway-route-table", "transit gateway route table", Scope::Global, "ec2.TransitGatewayRouteTable")
    },
];
