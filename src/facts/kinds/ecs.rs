//! ECS services and task definitions.

use super::super::kind::{Edge, Kind, Scope, Source, refer_whole};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("ecs", "describe-services", "services[]", "serviceArn")
            .arn("serviceArn")
            .name("serviceName")
            .per_parent()],
        always: &["serviceName"],
        edges: &[
            Edge::one("task_definition", "ecs-task-definition", "taskDefinition", "the task definition it runs"),
            Edge::many(
                "subnets",
                "subnet",
                "networkConfiguration.awsvpcConfiguration.subnets[]",
                "the subnets that its tasks run in",
            ),
            Edge::many(
                "security_groups",
                "security-group",
                "networkConfiguration.awsvpcConfiguration.securityGroups[]",
                "the security groups of its tasks",
            ),
        ],
        refer: refer_whole,
        ..Kind::new("ecs-service", "ECS service", Scope::Global, "ecs.Service")
    },
    Kind {
        sources: &[Source::new("ecs", "describe-task-definition", "taskDefinition", "taskDefinitionArn")
            .arn("taskDefinitionArn")
            .name("family")],
        always: &["taskDefinitionArn", "containerDefinitions"],
        edges: &[
            Edge::one("task_role", "iam-role", "taskRoleArn", "the role that its containers run as"),
            Edge::one("execution_role", "iam-role", "executionRoleArn", "the role that ECS starts it with"),
        ],
        ..Kind::new("ecs-task-definition", "ECS task definition", Scope::Region, "ecs.TaskDefinition")
    },
];
