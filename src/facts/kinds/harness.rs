//! AgentCore harnesses: agents that AgentCore itself runs.

use super::super::kind::{Edge, Kind, Scope, Source};

const SERVICE: &str = "bedrock-agentcore-control";

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[
        Source::new(SERVICE, "get-harness", "harness", "harnessId").arn("arn").name("harnessName"),
        Source::new(SERVICE, "list-harnesses", "harnesses[]", "harnessId").arn("arn").name("harnessName").summary(),
    ],
    edges: &[Edge::one("role", "iam-role", "executionRoleArn", "the role it runs as")],
    ..Kind::new("agentcore-harness", "AgentCore harness", Scope::Region, "bedrock-agentcore-control.Harness")
}];
