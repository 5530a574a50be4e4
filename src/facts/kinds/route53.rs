//! Route 53: hosted zones, Route 53 Profiles and Resolver rules, as far as they resolve names in VPCs.

use super::super::kind::{Attached, Edge, Kind, Reference, Scope, Source};
use super::super::{FactId, Facts, Lookup, Value};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new("route53", "list-hosted-zones", "HostedZones[]", "Id").arn(ARN).name("Name"),
            Source::new("route53", "get-hosted-zone", "HostedZone", "Id").arn(ARN).name("Name"),
        ],
        edges: &[Edge {
            name: "vpcs",
            doc: "the VPCs it is associated with",
            kind: "vpc",
            path: "",
            many: true,
            compute: Some(vpcs),
        }],
        attached: &[
            Attached::new("vpc_associations", "route53", "get-hosted-zone", "list<shape:route53.VPC>")
                .path("VPCs")
                .doc("the VPCs it is associated with, as AWS lists them; absent for public zones"),
            Attached::new("records", "route53", "list-resource-record-sets", "list<shape:route53.ResourceRecordSet>")
                .path("ResourceRecordSets")
                .doc("its record sets"),
        ],
        refer: |text| Reference { account: None, region: None, key: text.rsplit('/').next().unwrap_or(text) },
        ..Kind::new("hosted-zone", "hosted zone", Scope::Global, "route53.HostedZone")
    },
    Kind {
        sources: &[Source::new("route53profiles", "list-profile-associations", "ProfileAssociations[]", "Id").name("Name")],
        always: &["ProfileId", "ResourceId"],
        edges: &[Edge::one("vpc", "vpc", "ResourceId", "the VPC that uses the profile")],
        ..Kind::new(
            "route53-profile-association",
            "Route 53 Profile association",
            Scope::Global,
            "route53profiles.ProfileAssociation",
        )
    },
    Kind {
        sources: &[Source::new("route53profiles", "list-profile-resource-associations", "ProfileResourceAssociations[]", "Id")
            .name("Name")
            .per_parent()],
        always: &["ProfileId", "ResourceArn", "ResourceType"],
        edges: &[Edge::computed(
            "hosted_zone",
            "hosted-zone",
            hosted_zone,
            "the hosted zone that the profile holds; absent for other resources",
        )],
        ..Kind::new(
            "route53-profile-resource",
            "resource of a Route 53 Profile",
            Scope::Global,
            "route53profiles.ProfileResourceAssociation",
        )
    },
    Kind {
        sources: &[Source::new("route53resolver", "list-resolver-rules", "ResolverRules[]", "Id").arn("Arn").name("Name")],
        always: &["Id", "DomainName", "RuleType", "Status"],
        ..Kind::new("resolver-rule", "Resolver rule", Scope::Region, "route53resolver.ResolverRule")
    },
    Kind {
        sources: &[
            Source::new("route53resolver", "list-resolver-rule-associations", "ResolverRuleAssociations[]", "Id").name("Name")
        ],
        always: &["Id", "ResolverRuleId", "VPCId", "Status"],
        edges: &[
            Edge::one("rule", "resolver-rule", "ResolverRuleId", "the rule"),
            Edge::one("vpc", "vpc", "VPCId", "the VPC in which the rule is in force"),
        ],
        ..Kind::new(
            "resolver-rule-association",
            "association of a Resolver rule",
            Scope::Global,
            "route53resolver.ResolverRuleAssociation",
        )
    },
];

const ARN: &str = "arn:{partition}:route53:::hostedzone/{key}";

fn vpcs(facts: &Facts, id: FactId) -> Lookup {
    let Some(list) = facts.field(id, "vpc_associations")? else { return Ok(None) };
    let Some(kind) = super::get("vpc") else { return Ok(None) };
    let end = |value: &Value| -> Lookup {
        match facts.member(value, "VPCId")? {
            Some(vpc) => facts.text(&vpc).map_or(Ok(None), |vpc| facts.reach(id, kind, &vpc)),
            None => Ok(None),
        }
    };
    let ends = facts.items(&list)?.iter().filter_map(|v| end(v).unwrap_or_else(|why| Some(Value::Unknown(why)))).collect();
    Ok(Some(Value::list(ends)))
}

fn hosted_zone(facts: &Facts, id: FactId) -> Lookup {
    let Some(kind) = super::get("hosted-zone") else { return Ok(None) };
    let Some(arn) = facts.field(id, "ResourceArn")? else { return Ok(None) };
    match facts.text(&arn) {
        Some(arn) if arn.contains(":hostedzone/") => facts.reach(id, kind, &arn),
        _ => Ok(None),
    }
}
