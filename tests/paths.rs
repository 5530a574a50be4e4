//! Paths to Claude, way by way, over small worlds.
//!
//! In: a role's policies, SCPs above it and answers of its account. Out: which ways are open, from where to where; and properties:
//! a Deny never opens a path, a leg without its grant closes it, a policy that is not known never closes one.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;

use alicerce::access::paths::{self, Found, Path, State, Way};
use alicerce::config::Config;
use alicerce::facts::{FactId, Facts};
use alicerce::input::{self, Source};
use alicerce::world::World;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";

/// A role `app` with these statements, and further answers of its account (path below the account, content).
struct Setting {
    statements: Value,
    roles: Vec<Value>,
    answers: Vec<(&'static str, Value)>,
    config: &'static str,
}

impl Setting {
    fn new(statements: Value) -> Self {
        Self { statements, roles: Vec::new(), answers: Vec::new(), config: "" }
    }

    fn answer(mut self, path: &'static str, content: Value) -> Self {
        self.answers.push((path, content));
        self
    }

    fn config(mut self, config: &'static str) -> Self {
        self.config = config;
        self
    }

    fn role(mut self, name: &str, trusts: &str, statements: Value) -> Self {
        self.roles.push(role(name, json!({"Service": trusts}), statements));
        self
    }

    fn world(&self) -> (World, FactId) {
        let mut roles = vec![role("app", json!({"Service": "lambda.amazonaws.com"}), self.statements.clone())];
        roles.extend(self.roles.clone());
        let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": roles});
        let mut files = vec![file("global/iam/get-account-authorization-details.json", &details)];
        files.extend(self.answers.iter().map(|(path, content)| file(path, content)));
        let loaded = input::load(&[Source::Virtual(files)], &input::Options::default());
        assert!(loaded.unreadable.is_empty(), "{:?}", loaded.unreadable);
        let config = Config::parse("alicerce.toml", self.config).unwrap_or_else(|e| panic!("{e:?}"));
        let world = World::new(Facts::build(&loaded), config, "2026-11-22T00:00:00Z".parse().unwrap());
        let role = world.facts.by_id(&format!("arn:aws:iam::{ACCOUNT}:role/app")).unwrap();
        (world, role)
    }

    fn found(&self) -> Arc<Found> {
        let (world, role) = self.world();
        paths::paths(&world, role)
    }
}

fn file(path: &str, content: &Value) -> (String, Arc<str>) {
    (format!("{ACCOUNT}/{path}"), content.to_string().into())
}

fn role(name: &str, principal: Value, statements: Value) -> Value {
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "CreateDate": "2026-01-01T00:00:00Z", "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]},
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    })
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn invoke(resource: Value) -> Value {
    json!([allow(json!(["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]), resource)])
}

fn model(region: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{HAIKU}")
}

fn profile(region: &str, prefix: &str) -> String {
    format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{prefix}.{HAIKU}")
}

fn open(found: &Found, way: Way) -> Vec<&Path> {
    found.paths.iter().filter(|p| p.way == way && p.state == State::Open).collect()
}

fn texts(list: &[Arc<str>]) -> Vec<&str> {
    list.iter().map(|t| &**t).collect()
}

/// Where an open path's data goes.
fn destinations(path: &Path) -> Vec<&str> {
    texts(path.destinations.as_deref().unwrap_or_else(|why| panic!("{why:?}")))
}

fn ids(path: &Path) -> Vec<&str> {
    path.models.iter().map(|m| &*m.id).collect()
}

#[test]
fn one_model_in_one_region() {
    let (world, role) = Setting::new(invoke(json!(model("us-east-1")))).world();
    let found = paths::paths(&world, role);
    let [path] = &found.paths[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((path.way, ids(path), texts(&path.sources)), (Way::Direct, vec![HAIKU], vec!["us-east-1"]));
    assert_eq!(path.models[0].name, Some("Claude Haiku 4.5"));
    assert_eq!(destinations(path), ["us-east-1"]);
    assert!(path.claude && !path.any_model && path.bearer_token == Ok(false) && path.listed);
    assert_eq!(path.legs[0].granted(&world, role)[0].policy, "own");
    // In São Paulo it is not offered by its own id.
    let found = Setting::new(invoke(json!(model("sa-east-1")))).found();
    assert!(found.paths.is_empty(), "{:#?}", found.paths);
    assert_eq!(found.not_offered[0].models[0].id.as_ref(), HAIKU);
}

#[test]
fn a_geographic_call_needs_every_destination() {
    let all = json!([profile("us-east-1", "us"), model("us-east-1"), model("us-east-2"), model("us-west-2")]);
    let found = Setting::new(invoke(all.clone())).found();
    let [path] = open(&found, Way::GeographicProfile)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((texts(&path.sources), destinations(path)), (vec!["us-east-1"], vec!["us-east-1", "us-east-2", "us-west-2"]));
    assert_eq!(path.legs.len(), 4);
    assert!(path.destinations_from.contains("table"), "{}", path.destinations_from);
    for left_out in 0..4 {
        let mut some = all.as_array().unwrap().clone();
        some.remove(left_out);
        let found = Setting::new(invoke(json!(some))).found();
        assert!(found.paths.iter().all(|p| p.way != Way::GeographicProfile), "{left_out}: {:#?}", found.paths);
    }
}

#[test]
fn the_account_s_own_answer_on_a_profile_goes_before_the_table() {
    let listing = json!({"inferenceProfileSummaries": [{"inferenceProfileId": format!("us.{HAIKU}"), "type": "SYSTEM_DEFINED",
        "inferenceProfileName": "US Haiku", "status": "ACTIVE", "inferenceProfileArn": profile("us-east-1", "us"),
        "models": [{"modelArn": model("us-east-1")}, {"modelArn": model("ca-west-1")}]}]});
    let statements = invoke(json!([profile("us-east-1", "us"), model("us-east-1"), model("ca-west-1")]));
    let found = Setting::new(statements).answer("us-east-1/bedrock/list-inference-profiles.json", listing).found();
    let [path] = open(&found, Way::GeographicProfile)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!(destinations(path), ["ca-west-1", "us-east-1"]);
    assert!(path.destinations_from.contains("own answer in us-east-1"), "{}", path.destinations_from);
}

#[test]
fn a_profile_that_no_table_knows_is_open_without_destinations_or_not_known() {
    // Everywhere open: wherever it routes to, it goes through.
    let opus = "anthropic.claude-opus-5";
    let wide = format!("arn:aws:bedrock:*::foundation-model/{opus}");
    let own = format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{opus}");
    let found = Setting::new(invoke(json!([own, wide]))).found();
    let [path] = open(&found, Way::GeographicProfile)[..] else { panic!("{:#?}", found.paths) };
    assert!(path.destinations.is_err() && !path.listed);
    // Two Regions only: it hangs on where it routes to.
    let two = ["us-east-1", "us-east-2"].map(|r| format!("arn:aws:bedrock:{r}::foundation-model/{opus}"));
    let found = Setting::new(invoke(json!([own, two[0], two[1]]))).found();
    let unknown: Vec<&Path> = found.paths.iter().filter(|p| p.way == Way::GeographicProfile).collect();
    assert!(matches!(unknown[..], [Path { state: State::Undecided(_), .. }]), "{:#?}", found.paths);
    // Its own Region only: no profile routes only there.
    let found = Setting::new(invoke(json!([own, two[0]]))).found();
    assert!(found.paths.iter().all(|p| p.way == Way::Direct), "{:#?}", found.paths);
}

#[test]
fn a_global_call_has_three_legs() {
    let all = json!([profile("sa-east-1", "global"), model("sa-east-1"), model("")]);
    let found = Setting::new(invoke(all.clone())).found();
    let [path] = &found.paths[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((path.way, texts(&path.sources), destinations(path)), (Way::GlobalProfile, vec!["sa-east-1"], vec!["global"]));
    assert_eq!(path.legs.len(), 3);
    assert_eq!(path.legs[2].region, "unspecified");
    for left_out in 0..3 {
        let mut some = all.as_array().unwrap().clone();
        some.remove(left_out);
        assert!(Setting::new(invoke(json!(some))).found().paths.is_empty());
    }
    let deny = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
                      "Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified"}}});
    let mut statements = invoke(all);
    statements.as_array_mut().unwrap().push(deny);
    assert!(Setting::new(statements).found().paths.is_empty());
}

#[test]
fn the_published_guard_against_global_inference_closes_it_for_each_model() {
    let guard = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*", "Condition": {
        "StringEquals": {"aws:RequestedRegion": "unspecified"},
        "ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/global.*"}}});
    let found = Setting::new(json!([allow(json!("bedrock:*"), json!("*")), guard])).found();
    assert!(open(&found, Way::GlobalProfile).is_empty());
    assert!(!open(&found, Way::Direct).is_empty() && !open(&found, Way::GeographicProfile).is_empty());
    // One model's profile only: the others stay open.
    let one = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*", "Condition": {
        "ArnLike": {"bedrock:InferenceProfileArn": format!("arn:aws:bedrock:*:*:inference-profile/global.{HAIKU}")}}});
    let named = allow(json!("bedrock:*"), json!([format!("arn:aws:bedrock:*::foundation-model/{HAIKU}"), "*"]));
    let found = Setting::new(json!([named, one])).found();
    let all = open(&found, Way::GlobalProfile);
    assert!(!all.is_empty() && all.iter().all(|p| !ids(p).contains(&HAIKU)), "{all:#?}");
}

#[test]
fn application_profiles_are_followed_to_their_models() {
    let arn = format!("arn:aws:bedrock:sa-east-1:{ACCOUNT}:application-inference-profile/abc");
    let listing = json!({"inferenceProfileSummaries": [{"inferenceProfileId": "abc", "type": "APPLICATION",
        "inferenceProfileName": "chat", "status": "ACTIVE", "inferenceProfileArn": arn,
        "models": [{"modelArn": model("sa-east-1")}, {"modelArn": model("")}]}]});
    let at = "sa-east-1/bedrock/list-inference-profiles.json";
    let all = json!([arn, model("sa-east-1"), model("")]);
    let found = Setting::new(invoke(all)).answer(at, listing.clone()).found();
    let [path] = &found.paths[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((path.way, ids(path), destinations(path)), (Way::ApplicationProfile, vec![HAIKU], vec!["global", "sa-east-1"]));
    let found = Setting::new(invoke(json!([arn, model("sa-east-1")]))).answer(at, listing).found();
    assert!(found.paths.is_empty(), "{:#?}", found.paths);
    // Not listed: with no model open elsewhere it stays where it is, else it is not known.
    let found = Setting::new(invoke(json!([arn, model("sa-east-1")]))).found();
    let [path] = open(&found, Way::ApplicationProfile)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!(destinations(path), ["sa-east-1"]);
    assert!(!path.listed);
    let found = Setting::new(invoke(json!([arn, model("sa-east-1"), model("us-east-1")]))).found();
    let of_way: Vec<&Path> = found.paths.iter().filter(|p| p.way == Way::ApplicationProfile).collect();
    assert!(matches!(of_way[..], [Path { state: State::Undecided(_), .. }]), "{:#?}", found.paths);
}

#[test]
fn mantle_and_claude_platform_have_their_own_actions() {
    let statements = json!([
        allow(json!("bedrock-mantle:*"), json!("*")),
        allow(json!("aws-external-anthropic:CreateInference"), json!("*")),
        {"Effect": "Deny", "Action": "bedrock-mantle:*", "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["sa-east-1", "us-east-1"]}}},
    ]);
    let config = "[[scope]]\nname = \"all\"\napproved_regions = [\"sa-east-1\"]\n";
    let found = Setting::new(statements).config(config).found();
    let mantle = open(&found, Way::Mantle);
    let claude: Vec<_> = mantle.iter().filter(|p| p.claude).map(|p| destinations(p)).collect();
    assert_eq!(claude, [vec!["sa-east-1"], vec!["us-east-1"]]);
    assert!(mantle.iter().all(|p| p.bearer_token == Ok(true)));
    let [platform] = open(&found, Way::ClaudePlatform)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!(destinations(platform), ["outside-aws"]);
    assert_eq!(platform.bearer_token, Ok(false));
    // One model only.
    let one = json!({"Effect": "Allow", "Action": "bedrock-mantle:CreateInference", "Resource": "*",
                     "Condition": {"StringEquals": {"bedrock-mantle:Model": "anthropic.claude-haiku-4-5"}}});
    let found = Setting::new(json!([one])).config(config).found();
    let paths = open(&found, Way::Mantle);
    assert!(paths.len() == 2 && paths.iter().all(|p| ids(p) == ["anthropic.claude-haiku-4-5"] && !p.any_model), "{paths:#?}");
}

#[test]
fn a_path_says_what_it_requires() {
    let mut statements = invoke(json!(model("us-east-1")));
    statements[0]["Condition"] = json!({"StringEquals": {"aws:SourceVpce": "vpce-1", "bedrock:GuardrailIdentifier": "g"}});
    let found = Setting::new(statements).found();
    assert_eq!(found.paths[0].requires, ["aws:SourceVpce", "bedrock:GuardrailIdentifier"]);
}

#[test]
fn a_condition_on_an_account_or_tag_of_one_s_own_is_never_met_by_a_model_of_aws() {
    for key in ["aws:ResourceAccount", "aws:ResourceTag/team"] {
        let mut statements = invoke(json!("*"));
        statements[0]["Condition"] = json!({"StringEquals": {key: ACCOUNT}});
        let found = Setting::new(statements).found();
        assert!(open(&found, Way::Direct).is_empty() && open(&found, Way::GlobalProfile).is_empty(), "{:#?}", found.paths);
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

#[test]
fn a_batch_job_runs_as_a_role_that_bedrock_may_become() {
    let caller =
        json!([allow(json!("bedrock:CreateModelInvocationJob"), json!("*")), allow(json!("iam:PassRole"), json!(arn("batch")))]);
    let setting = || Setting::new(caller.clone()).role("batch", "bedrock.amazonaws.com", invoke(json!(model("us-east-1"))));
    let found = setting().found();
    let [path] = open(&found, Way::BatchJob)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((ids(path), destinations(path), &*path.through), (vec![HAIKU], vec!["us-east-1"], &*arn("batch")));
    let actions: Vec<&str> = path.legs.iter().map(|leg| leg.action).collect();
    assert_eq!(actions, ["bedrock:CreateModelInvocationJob", "iam:PassRole", "bedrock:InvokeModel"]);
    // A global profile as the job's model.
    let all = json!([profile("sa-east-1", "global"), model("sa-east-1"), model("")]);
    let found = Setting::new(caller.clone()).role("batch", "bedrock.amazonaws.com", invoke(all)).found();
    assert_eq!(destinations(open(&found, Way::BatchJob)[0]), ["global"]);
    // Without the role's trust, without PassRole, without the job's own action.
    let lambda = Setting::new(caller.clone()).role("batch", "lambda.amazonaws.com", invoke(json!(model("us-east-1"))));
    assert!(lambda.found().paths.is_empty());
    for only in 0..2 {
        let mut some = setting();
        some.statements = json!([caller[only]]);
        assert!(some.found().paths.is_empty());
    }
}

fn agent(foundation_model: &str) -> Value {
    json!({"agent": {"agentId": "AG1", "agentName": "ouvidoria", "agentArn": format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:agent/AG1"),
        "foundationModel": foundation_model, "agentResourceRoleArn": arn("agents"), "agentStatus": "PREPARED"}})
}

#[test]
fn an_agent_runs_the_model_that_is_configured_as_its_own_role() {
    let caller =
        json!([allow(json!("bedrock:InvokeAgent"), json!(format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:agent-alias/AG1/*")))]);
    let role_of = json!([profile("us-east-1", "us"), model("us-east-1"), model("us-east-2"), model("us-west-2")]);
    let setting = |id: &str, may: &Value| {
        Setting::new(caller.clone())
            .role("agents", "bedrock.amazonaws.com", invoke(may.clone()))
            .answer("us-east-1/bedrock-agent/get-agent.AG1.json", agent(id))
            .found()
    };
    let found = setting(&format!("us.{HAIKU}"), &role_of);
    let [path] = open(&found, Way::Agent)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((ids(path), destinations(path)), (vec![HAIKU], vec!["us-east-1", "us-east-2", "us-west-2"]));
    assert_eq!(path.legs.len(), 5);
    let found = setting(HAIKU, &role_of);
    assert_eq!(destinations(open(&found, Way::Agent)[0]), ["us-east-1"]);
    // The role may not: the agent cannot answer.
    assert!(open(&setting(&format!("global.{HAIKU}"), &role_of), Way::Agent).is_empty());
    // Which agents there are was not loaded.
    let found = Setting::new(caller).found();
    assert!(found.paths.is_empty(), "an alias of a named agent only: {:#?}", found.paths);
    let found = Setting::new(json!([allow(json!("bedrock:InvokeAgent"), json!("*"))])).found();
    assert!(matches!(found.paths[..], [Path { way: Way::Agent, state: State::Undecided(_), .. }]), "{:#?}", found.paths);
}

#[test]
fn provisioned_throughput_runs_in_its_region() {
    let own = format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:provisioned-model/pt1");
    let listing = json!({"provisionedModelSummaries": [{"provisionedModelName": "pt", "provisionedModelArn": own, "modelArn": model("us-east-1"),
        "desiredModelArn": model("us-east-1"), "foundationModelArn": model("us-east-1"), "modelUnits": 1, "desiredModelUnits": 1,
        "status": "InService", "creationTime": "2026-01-01T00:00:00Z", "lastModifiedTime": "2026-01-01T00:00:00Z"}]});
    let found =
        Setting::new(invoke(json!(own))).answer("us-east-1/bedrock/list-provisioned-model-throughputs.json", listing).found();
    let [path] = &found.paths[..] else { panic!("{:#?}", found.paths) };
    assert_eq!(
        (path.way, ids(path), destinations(path), path.listed),
        (Way::ProvisionedModel, vec![HAIKU], vec!["us-east-1"], true)
    );
    let found = Setting::new(invoke(json!(format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:imported-model/*")))).found();
    let [path] = &found.paths[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((path.way, path.listed, path.claude), (Way::ImportedModel, false, false));
}

#[test]
fn an_agentcore_runtime_runs_what_its_role_can() {
    let runtime = format!("arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/rt-1");
    let answer = json!({"agentRuntimeArn": runtime, "agentRuntimeId": "rt-1", "agentRuntimeName": "rt", "roleArn": arn("rt"), "status": "READY",
        "agentRuntimeVersion": "1", "networkConfiguration": {"networkMode": "PUBLIC"}});
    let found = Setting::new(json!([allow(json!("bedrock-agentcore:InvokeAgentRuntime"), json!(runtime))]))
        .role("rt", "bedrock-agentcore.amazonaws.com", invoke(json!(model("us-west-2"))))
        .answer("us-east-1/bedrock-agentcore-control/get-agent-runtime.rt-1.json", answer)
        .found();
    let [path] = open(&found, Way::AgentCore)[..] else { panic!("{:#?}", found.paths) };
    assert_eq!((ids(path), texts(&path.sources), destinations(path)), (vec![HAIKU], vec!["us-east-1"], vec!["us-west-2"]));
}

/// Ways, sources and models of the open paths, flat.
fn calls(found: &Found) -> BTreeSet<(Way, Arc<str>, Arc<str>)> {
    let mut out = BTreeSet::new();
    for path in found.paths.iter().filter(|p| p.state == State::Open) {
        for source in &path.sources {
            for model in path.models.iter().map(|m| m.id.clone()).chain(path.any_model.then(|| "any".into())) {
                out.insert((path.way, source.clone(), model));
            }
        }
    }
    out
}

#[test]
fn a_deny_never_opens_a_path() {
    let grants = || vec![allow(json!(["bedrock:*", "bedrock-mantle:*"]), json!("*"))];
    let before = calls(&Setting::new(json!(grants())).found());
    assert!(before.len() > 100);
    for (action, resource, condition) in [
        ("bedrock:*", json!("arn:aws:bedrock:*::foundation-model/anthropic.*"), json!({})),
        ("bedrock:InvokeModel*", json!(model("us-east-1")), json!({})),
        ("bedrock:*", json!("*"), json!({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}})),
        ("bedrock:*", json!("*"), json!({"ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:us-east-1:*:*"}})),
        ("*", json!(["arn:aws:bedrock:*:*:inference-profile/us.*", "arn:aws:bedrock-mantle:us-*"]), json!({})),
        ("bedrock:*", json!("*"), json!({"StringEquals": {"aws:PrincipalTag/team": "x"}})),
    ] {
        let mut statements = grants();
        statements.push(json!({"Effect": "Deny", "Action": action, "Resource": resource, "Condition": condition}));
        let after = calls(&Setting::new(json!(statements)).found());
        let new: Vec<_> = after.difference(&before).filter(|(_, _, model)| &**model != "any").collect();
        assert!(new.is_empty(), "{action} {resource} {condition}: {new:?}");
    }
}

#[test]
fn a_policy_that_is_not_known_never_closes_a_way() {
    let mut app = role("app", json!({"Service": "lambda.amazonaws.com"}), json!([]));
    app["AttachedManagedPolicies"] = json!([{"PolicyName": "far", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/far")}]);
    app["RolePolicyList"] = json!([]);
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [app]});
    let files = vec![file("global/iam/get-account-authorization-details.json", &details)];
    let loaded = input::load(&[Source::Virtual(files)], &input::Options::default());
    let world = World::new(Facts::build(&loaded), Config::default(), "2026-11-22T00:00:00Z".parse().unwrap());
    let role = world.facts.by_id(&arn("app")).unwrap();
    let found = paths::paths(&world, role);
    for way in [Way::Direct, Way::GeographicProfile, Way::GlobalProfile, Way::Mantle, Way::ClaudePlatform, Way::Agent] {
        let of_way: Vec<_> = found.paths.iter().filter(|p| p.way == way).collect();
        assert!(!of_way.is_empty() && of_way.iter().all(|p| matches!(p.state, State::Undecided(_))), "{way:?}: {of_way:#?}");
    }
}

/// Policies, each held by two roles: what they say of the principal itself tells some of them apart.
fn held_twice() -> Vec<Value> {
    let invoking =
        |resource: &str| allow(json!(["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]), json!(resource));
    let granted = || invoking("*");
    let with = |mut statement: Value, condition: Value| {
        statement["Condition"] = condition;
        statement
    };
    let denied = |condition: Value| with(json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*"}), condition);
    vec![
        json!([granted()]),
        json!([with(granted(), json!({"StringEquals": {"aws:PrincipalTag/team": "red"}}))]),
        json!([granted(), denied(json!({"StringNotEquals": {"aws:PrincipalTag/team": "red"}}))]),
        json!([granted(), denied(json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*-red"}}))]),
        json!([granted(), denied(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*-red"}}))]),
        json!([invoking("arn:aws:bedrock:*::foundation-model/${aws:PrincipalTag/team}.*")]),
        json!([granted(), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]),
        json!([granted(), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]),
        json!([with(granted(), json!({"StringEquals": {"aws:RequestedRegion": "sa-east-1"}}))]),
    ]
}

#[test]
fn principals_that_share_an_answer_would_each_have_got_it_alone() {
    let mut roles = Vec::new();
    for (at, statements) in held_twice().into_iter().enumerate() {
        for team in ["red", "blue"] {
            let mut one = role(&format!("r{at}-{team}"), json!({"Service": "lambda.amazonaws.com"}), statements.clone());
            one["Tags"] = json!([{"Key": "team", "Value": team}]);
            roles.push(one);
        }
    }
    let among = |roles: &[Value]| Setting { roles: roles.to_vec(), ..Setting::new(json!([])) }.world().0;
    let together = among(&roles);
    let mut differing = BTreeSet::new();
    for one in &roles {
        let arn = one["Arn"].as_str().unwrap();
        let of = |world: &World| {
            let found = paths::paths(world, world.facts.by_id(arn).unwrap());
            (calls(&found), found.paths.iter().filter(|p| !matches!(p.state, State::Open)).count())
        };
        let alone = among(std::slice::from_ref(one));
        assert_eq!(of(&together), of(&alone), "{arn}");
        differing.insert(format!("{:?}", of(&alone)));
    }
    assert!(differing.len() > 2, "the roles are told apart: {differing:?}");
}
