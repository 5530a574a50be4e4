//! ECS services, tasks and task definitions.

use super::super::kind::{Edge, Kind, Scope, Source, refer_whole};
use super::super::{FactId, Facts, Lookup, Value};

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
        sources: &[Source::new("ecs", "describe-tasks", "tasks[]", "taskArn").arn("taskArn").per_parent()],
        always: &["taskArn", "taskDefinitionArn", "group"],
        edges: &[
            Edge::one("task_definition", "ecs-task-definition", "taskDefinitionArn", "the task definition it runs"),
            Edge::computed(
                "role",
                "iam-role",
                role,
                "the role that its containers run as: the one it was started with, else its task definition's",
            ),
            Edge {
                name: "subnets",
                doc: "the subnets that its network interfaces stand in",
                kind: "subnet",
                path: "",
                many: true,
                compute: Some(subnets),
            },
        ],
        refer: refer_whole,
        ..Kind::new("ecs-task", "ECS task", Scope::Global, "ecs.Task")
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

fn role(facts: &Facts, id: FactId) -> Lookup {
    let own = facts.text_at(id, &["overrides", "taskRoleArn"])?;
    match (own.filter(|arn| !arn.is_empty()), super::get("iam-role")) {
        (Some(arn), Some(kind)) => facts.reach(id, kind, &arn),
        _ => match facts.field(id, "task_definition")? {
            Some(definition) => facts.member(&definition, "task_role"),
            None => Ok(None),
        },
    }
}

/// ECS API, "Attachment": an interface's details are pairs of a name and a value.
fn subnets(facts: &Facts, id: FactId) -> Lookup {
    let Some(kind) = super::get("subnet") else { return Ok(None) };
    let mut out = Vec::new();
    for attachment in facts.list_in(&Value::Fact(id), &["attachments"])? {
        for detail in facts.list_in(&attachment, &["details"])? {
            if facts.text_in(&detail, &["name"])?.as_deref() != Some("subnetId") {
                continue;
            }
            if let Some(subnet) = facts.text_in(&detail, &["value"])? {
                out.extend(facts.reach(id, kind, &subnet).unwrap_or_else(|why| Some(Value::Unknown(why))));
            }
        }
    }
    Ok(Some(Value::list(out)))
}
