//! EKS clusters and AWS Batch compute environments, as far as they tell where code runs.

use super::super::kind::{Edge, Kind, Scope, Source};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("eks", "describe-cluster", "cluster", "name").arn("arn").name("name")],
        always: &["name", "arn", "resourcesVpcConfig"],
        edges: &[
            Edge::one("role", "iam-role", "roleArn", "the role of its control plane, which no pod runs as"),
            Edge::one("vpc", "vpc", "resourcesVpcConfig.vpcId", "the VPC it is in"),
            Edge::many(
                "subnets",
                "subnet",
                "resourcesVpcConfig.subnetIds[]",
                "the subnets that its control plane has interfaces in",
            ),
        ],
        ..Kind::new("eks-cluster", "EKS cluster", Scope::Region, "eks.Cluster")
    },
    Kind {
        sources: &[Source::new("batch", "describe-compute-environments", "computeEnvironments[]", "computeEnvironmentArn")
            .arn("computeEnvironmentArn")
            .name("computeEnvironmentName")],
        always: &["computeEnvironmentArn", "computeEnvironmentName"],
        edges: &[
            Edge::many("subnets", "subnet", "computeResources.subnets[]", "the subnets that its jobs run in"),
            Edge::many(
                "security_groups",
                "security-group",
                "computeResources.securityGroupIds[]",
                "the security groups of its jobs",
            ),
        ],
        refer: super::super::kind::refer_whole,
        ..Kind::new("batch-compute-environment", "AWS Batch compute environment", Scope::Global, "batch.ComputeEnvironmentDetail")
    },
];
