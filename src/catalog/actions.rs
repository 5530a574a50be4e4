//! Actions: what each is asked on, which condition keys it has, which of them run inference.
//!
//! In: an action's name, whatever its case. Out: what the dated table of services says of it; for a name that it lacks, the
//! nearest ones. An action that the table does not know may be newer than the table; it is never taken for a mistake.

use super::keys;
use super::services::{self, ResourceType, Service};

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its IAM prefix.
    pub prefix: &'static str,
    /// Its name without the prefix, in AWS's case.
    pub name: &'static str,
    /// AWS's access levels; they say little about inference (`InvokeModel` is `Read`).
    pub levels: &'static [&'static str],
    /// The types of resource it can be asked on.
    pub resources: Vec<&'static str>,
    /// The same, with what AWS says of each.
    pub targets: Vec<Target>,
    /// Condition keys that every request of it may have, beside those of any service.
    pub keys: Vec<&'static str>,
    /// The resource of a request is always `*`: a policy cannot name one.
    pub star_only: bool,
}

/// A type of resource of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The type's name, one of the service's.
    pub name: &'static str,
    /// AWS marks it as required. For `bedrock:InvokeModel` it marks all, and means any one of them.
    pub required: bool,
    /// Condition keys that only a request on it has.
    pub keys: Vec<&'static str>,
}

impl Action {
    pub(super) fn new(
        prefix: &'static str,
        name: &'static str,
        level: &str,
        targets: Vec<Target>,
        keys: Vec<&'static str>,
    ) -> Self {
        let levels: &[&str] = match level {
            "L" => &["List"],
            "R" => &["Read"],
            "W" => &["Write"],
            "T" => &["Tagging", "Write"],
            "P" => &["Permissions management", "Write"],
            _ => &[],
        };
        let resources: Vec<_> = targets.iter().map(|target| target.name).collect();
        Self { prefix, name, levels, star_only: resources.is_empty(), resources, targets, keys }
    }

    /// `bedrock:InvokeModel`.
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.prefix, self.name)
    }

    /// The types of resource it can be asked on, with their ARN patterns.
    pub fn resource_types(&self) -> impl Iterator<Item = &'static ResourceType> {
        let service = services::find(self.prefix);
        self.resources.iter().filter_map(move |name| service?.resource_type(name))
    }

    /// Whether AWS lists a condition key, as a policy writes it, for this action or for a type of resource that it is asked on.
    /// Keys of no one service (`aws:SourceIp`) are listed for none, nor are they ruled out by that.
    pub fn lists_key(&self, written: &str) -> bool {
        let own = self.keys.iter().chain(self.targets.iter().flat_map(|target| &target.keys));
        let of_types = self.resource_types().flat_map(|kind| &kind.keys);
        own.chain(of_types).any(|key| keys::names(key, written))
    }
}

/// The actions of an IAM prefix, in the order of their names, case not regarded; none for a prefix that is no service's.
pub fn of_prefix(prefix: &str) -> &'static [Action] {
    services::find(prefix).map_or(&[], Service::actions)
}

/// The action of this full name, whatever its case.
pub fn find(full_name: &str) -> Option<&'static Action> {
    let (prefix, name) = full_name.split_once(':')?;
    services::find(prefix)?.action(name)
}

/// Whether a request of this action always has the resource `*`; `None` for an action that the table lacks.
pub fn is_star_only(full_name: &str) -> Option<bool> {
    find(full_name).map(|action| action.star_only)
}

/// The full names nearest to one that the table lacks, at most three, the nearest first; none where nothing is near.
pub fn suggest(full_name: &str) -> Vec<String> {
    let (prefix, name) = full_name.split_once(':').unwrap_or((full_name, ""));
    // Longer than any name of the table: not a slip of the pen, and not worth the time.
    if full_name.len() > LONGEST_NAME || name.is_empty() {
        return Vec::new();
    }
    let (prefix, name) = (prefix.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut near: Vec<(usize, String)> = Vec::new();
    for (distance, service) in near_services(&prefix) {
        for action in service.actions() {
            let far = strsim::damerau_levenshtein(&action.name.to_ascii_lowercase(), &name);
            if far <= name.chars().count() / 3 {
                near.push((far + distance, action.full_name()));
            }
        }
    }
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

const LONGEST_NAME: usize = 128;

/// The service of this prefix; else those whose prefixes are near, or begin alike (`bedrock-runtime` → `bedrock`), with the
/// distance.
fn near_services(prefix: &str) -> Vec<(usize, &'static Service)> {
    if let Some(own) = services::find(prefix) {
        return vec![(0, own)];
    }
    let first = |text: &str| text.split('-').next().unwrap_or_default().to_owned();
    let mut near: Vec<(usize, &'static Service)> = Vec::new();
    for service in services::all() {
        let far = strsim::damerau_levenshtein(service.prefix, prefix);
        if far <= prefix.len() / 3 {
            near.push((far, service));
        } else if first(service.prefix) == first(prefix) {
            near.push((3, service));
        }
    }
    near.sort_by_key(|(far, service)| (*far, service.prefix));
    near.truncate(8);
    near
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
    use proptest::prelude::*;

    #[test]
    fn the_table_holds_each_prefix_whole() {
        let counts = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"]
            .map(|prefix| of_prefix(prefix).len());
        assert_eq!(counts, [262, 38, 255, 3, 75]);
        assert!(of_prefix("iam").len() > 150 && of_prefix("s3").len() > 150 && of_prefix("nosuch").is_empty());
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
        assert!(!find("sts:AssumeRole").unwrap().star_only && find("sts:GetCallerIdentity").unwrap().star_only);
        assert!(find("bedrock:NoSuchAction").is_none());
    }

    #[test]
    fn an_action_says_its_levels_resources_and_keys() {
        let invoke = find("bedrock:InvokeModel").unwrap();
        assert_eq!((invoke.levels, invoke.full_name().as_str()), (&["Read"][..], "bedrock:InvokeModel"));
        assert!(
            invoke.resource_types().any(|t| t.arns() == ["arn:${Partition}:bedrock:${Region}::foundation-model/${ResourceId}"])
        );
        for (action, key, listed) in [
            ("bedrock:InvokeModel", "bedrock:guardrailidentifier", true),
            ("bedrock:CreateModelInvocationJob", "bedrock:GuardrailIdentifier", false),
            ("bedrock:DeleteGuardrail", "aws:ResourceTag/team", true),
            ("bedrock-mantle:CreateInference", "bedrock-mantle:Model", true),
            ("bedrock-mantle:CreateInference", "bedrock:GuardrailIdentifier", false),
            ("bedrock:CallWithBearerToken", "bedrock:bearerTokenType", true),
            ("s3:GetObject", "s3:ExistingObjectTag/class", true),
            ("iam:PassRole", "iam:PassedToService", true),
        ] {
            assert_eq!(find(action).unwrap().lists_key(key), listed, "{action} {key}");
        }
        assert_eq!(find("iam:PutRolePolicy").unwrap().levels, ["Permissions management", "Write"]);
    }

    #[test]
    fn a_slip_of_the_pen_is_put_right() {
        for (written, meant) in [
            ("bedrock:InvokeModle", "bedrock:InvokeModel"),
            ("bedrock-runtime:InvokeModel", "bedrock:InvokeModel"),
            ("bedrok:InvokeModel", "bedrock:InvokeModel"),
            ("s3:GetObjects", "s3:GetObject"),
            ("iam:passroles", "iam:PassRole"),
        ] {
            assert_eq!(suggest(written).first().map(String::as_str), Some(meant), "{written}");
        }
        for nothing in ["", ":", "bedrock:", "xyzzyplugh:frobnicate", "bedrock:Frobnicate", "*:*"] {
            assert_eq!(suggest(nothing), [""; 0], "{nothing}");
        }
        assert_eq!(suggest(&format!("bedrock:{}", "é".repeat(1_000_000))), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_lookup(name in "\\PC{0,40}", prefix in "(bedrock|bedrock-runtime|s3|aws|\\*)?") {
            for text in [name.clone(), format!("{prefix}:{name}")] {
                prop_assert!(find(&text).is_none_or(|a| a.full_name().eq_ignore_ascii_case(&text)));
                prop_assert!(suggest(&text).iter().all(|near| find(near).is_some()));
            }
        }
    }
}
