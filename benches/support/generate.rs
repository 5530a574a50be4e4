//! Synthetic input for measurements: an account export of many roles, and a folder of policy files.
//!
//! In: a folder, how many, a seed. Out: the same bytes on every machine for the same numbers and seed. The shapes of the policies
//! follow what accounts really hold: many narrow workload roles, some broad ones, few administrators, shared managed policies,
//! boundaries, Denies, conditions. Never: a clock, the environment or anything random from outside.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// The management account of the synthetic organisation.
pub(crate) const MANAGEMENT: &str = "111122223333";
/// The account that holds the roles.
pub(crate) const MEMBER: &str = "222233334444";
const REGION: &str = "sa-east-1";
const ROOT: &str = "r-syn1";
const OU: &str = "ou-syn1-workload1";

/// SplitMix64: small, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % n).unwrap_or(0)
    }

    fn percent(&mut self, p: usize) -> bool {
        self.below(100) < p
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

const SERVICES: &[&str] =
    &["s3", "dynamodb", "sqs", "sns", "logs", "kms", "secretsmanager", "ecr", "ec2", "glue", "athena", "states"];
const VERBS: &[&str] = &["Get*", "List*", "Describe*", "Put*", "BatchGet*", "Query", "Send*", "Publish", "Create*", "Delete*"];
const MODELS: &[&str] = &[
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "deepseek.v3.2",
    "mistral.mistral-large-3-675b-instruct",
    "amazon.titan-embed-text-v2:0",
    "amazon.nova-lite-v1:0",
];
const TEAMS: &[&str] = &["cards", "credit", "fraud", "lending", "onboarding", "payments", "pix", "risk", "support", "treasury"];

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A statement of everyday work that has nothing to do with Bedrock.
fn everyday(r: &mut Random) -> Value {
    let service = r.pick(SERVICES);
    let actions: Vec<String> = (0..1 + r.below(6)).map(|_| format!("{service}:{}", r.pick(VERBS))).collect();
    let resources: Vec<String> = (0..1 + r.below(4))
        .map(|_| format!("arn:aws:{service}:{REGION}:{MEMBER}:{}-{}/*", r.pick(TEAMS), r.below(500)))
        .collect();
    let mut statement =
        json!({"Sid": format!("Work{}", r.below(100_000)), "Effect": "Allow", "Action": actions, "Resource": resources});
    if let (true, Some(object)) = (r.percent(30), statement.as_object_mut()) {
        let condition = match r.below(3) {
            0 => json!({"StringEquals": {"aws:ResourceAccount": MEMBER}}),
            1 => json!({"StringLike": {"aws:PrincipalTag/team": [r.pick(TEAMS), "platform-*"]}}),
            _ => json!({"Bool": {"aws:SecureTransport": "true"}}),
        };
        object.insert("Condition".into(), condition);
    }
    statement
}

/// A statement about Bedrock: mostly narrow, sometimes as broad as they are found.
fn bedrock(r: &mut Random) -> Value {
    let model = |r: &mut Random| format!("arn:aws:bedrock:{REGION}::foundation-model/{}", r.pick(MODELS));
    let invoke = json!(["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]);
    match r.below(20) {
        0 => json!({"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}),
        1 => json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}),
        2 | 3 => json!({"Effect": "Allow", "Action": invoke, "Resource": "*"}),
        4 => json!({"Effect": "Allow", "Action": ["Bedrock:Get*", "bedrock:List*", "bedrock:?nvoke*"], "Resource": ["*"]}),
        5 => json!({"Effect": "Allow", "Action": invoke, "Resource": "arn:aws:bedrock:*::foundation-model/*"}),
        6 => json!({"Effect": "Allow", "Action": invoke, "NotResource": [model(r)]}),
        7 => json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": [REGION]}}}),
        8 => json!({"Effect": "Allow", "Action": invoke, "Resource": model(r),
                    "Condition": {"StringEquals": {"aws:SourceVpce": format!("vpce-{:017x}", r.below(9))}}}),
        _ => json!({"Effect": "Allow", "Action": invoke, "Resource": [model(r), model(r)]}),
    }
}

/// A statement as broad as those of administrators, platforms and laboratories, with what makes principals differ: Regions, tags,
/// variables, roles that may be passed.
fn wide(r: &mut Random) -> Value {
    let invoke = json!(["bedrock:InvokeModel*", "bedrock:Converse*"]);
    let region =
        |r: &mut Random| r.pick(&[REGION, "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"]).to_owned();
    match r.below(10) {
        0 => json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        1 => json!({"Effect": "Allow", "Action": ["bedrock:*", "iam:PassRole"], "Resource": "*"}),
        2 => json!({"Effect": "Allow", "Action": ["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*"], "Resource": "*",
                    "Condition": {"StringEquals": {"aws:RequestedRegion": [region(r), region(r), region(r)]}}}),
        3 => json!({"Effect": "Allow", "Action": invoke, "Resource": ["arn:aws:bedrock:*::foundation-model/anthropic.*",
                    format!("arn:aws:bedrock:*:{MEMBER}:inference-profile/*")]}),
        4 => json!({"Effect": "Allow", "Action": invoke, "Resource": ["arn:aws:bedrock:*::foundation-model/*",
                    format!("arn:aws:bedrock:{}:{MEMBER}:inference-profile/{}.anthropic.*", region(r), r.pick(&["us", "eu", "global"]))]}),
        5 => json!({"Effect": "Allow", "Action": invoke, "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalTag/team": [r.pick(TEAMS), r.pick(TEAMS)]}}}),
        6 => json!({"Effect": "Allow", "Action": ["bedrock:*"], "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/team}"}}}),
        7 => {
            json!({"Effect": "Deny", "Action": "bedrock:InvokeModel*", "Resource": "arn:aws:bedrock:*:*:inference-profile/global.*"})
        }
        8 => json!({"Effect": "Allow", "Action": "iam:PassRole",
                    "Resource": format!("arn:aws:iam::{MEMBER}:role/{}-*", r.pick(TEAMS))}),
        _ => json!({"Effect": "Allow", "Action": ["bedrock:*", "aws-external-anthropic:*"], "Resource": "*"}),
    }
}

/// An identity policy of up to eight statements; `share` per cent of them speak about Bedrock.
fn identity(r: &mut Random, share: usize) -> Value {
    let mut statements: Vec<Value> = (0..1 + r.below(6)).map(|_| everyday(r)).collect();
    while r.percent(share) && statements.len() < 8 {
        let at = r.below(statements.len() + 1);
        let statement = bedrock(r);
        statements.insert(at.min(statements.len()), statement);
    }
    document(statements)
}

fn trust(r: &mut Random) -> Value {
    let principal = match r.below(5) {
        0 => json!({"AWS": format!("arn:aws:iam::{MANAGEMENT}:root")}),
        1 => json!({"Service": "ec2.amazonaws.com"}),
        2 => json!({"Service": ["ecs-tasks.amazonaws.com", "bedrock.amazonaws.com"]}),
        _ => json!({"Service": "lambda.amazonaws.com"}),
    };
    document(vec![json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})])
}

fn unique(prefix: &str, n: usize) -> String {
    format!("{prefix}{n:0>17}")
}

fn managed_arn(n: usize) -> String {
    format!("arn:aws:iam::{MEMBER}:policy/team-policy-{n}")
}

pub(crate) fn managed(r: &mut Random, n: usize) -> Value {
    json!({
        "PolicyName": format!("team-policy-{n}"), "PolicyId": unique("ANPA", n), "Arn": managed_arn(n), "Path": "/",
        "DefaultVersionId": "v1", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "CreateDate": "2026-02-03T12:00:11+00:00", "UpdateDate": "2026-02-03T12:00:11+00:00",
        "PolicyVersionList": [{"Document": identity(r, 15), "VersionId": "v1", "IsDefaultVersion": true,
                               "CreateDate": "2026-02-03T12:00:11+00:00"}],
    })
}

fn attached(r: &mut Random, pool: usize) -> Vec<Value> {
    let one = |n: usize| json!({"PolicyName": format!("team-policy-{n}"), "PolicyArn": managed_arn(n)});
    (0..r.below(4)).map(|_| one(r.below(pool))).collect()
}

pub(crate) fn role(r: &mut Random, n: usize, pool: usize, broad: bool) -> Value {
    let name = format!("{}-{}-{n}", r.pick(TEAMS), r.pick(&["api", "batch", "worker", "etl", "assistant"]));
    let mut inline: Vec<Value> =
        (0..1 + r.below(3)).map(|i| json!({"PolicyName": format!("inline-{i}"), "PolicyDocument": identity(r, 25)})).collect();
    if broad && r.percent(40) {
        let statements = (0..1 + r.below(2)).map(|_| wide(r)).collect();
        inline.push(json!({"PolicyName": "wide", "PolicyDocument": document(statements)}));
    }
    let mut role = json!({
        "Path": "/", "RoleName": name, "RoleId": unique("AROA", n), "Arn": format!("arn:aws:iam::{MEMBER}:role/{name}"),
        "CreateDate": "2026-02-10T13:20:45+00:00", "AssumeRolePolicyDocument": trust(r), "InstanceProfileList": [],
        "RolePolicyList": inline, "AttachedManagedPolicies": attached(r, pool),
        "Tags": [{"Key": "team", "Value": r.pick(TEAMS)}],
        "RoleLastUsed": {"LastUsedDate": format!("2026-{:02}-14T10:00:00+00:00", 2 + r.below(10)), "Region": REGION},
    });
    if let (true, Some(object)) = (r.percent(10), role.as_object_mut()) {
        let arn = managed_arn(r.below(pool));
        object.insert("PermissionsBoundary".into(), json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}));
    }
    role
}

fn last_accessed(r: &mut Random, arn: &str) -> Value {
    let mut service = json!({"ServiceName": "Amazon Bedrock", "ServiceNamespace": "bedrock", "TotalAuthenticatedEntities": 0});
    if let (true, Some(object)) = (r.percent(70), service.as_object_mut()) {
        object.insert("LastAuthenticated".into(), json!(format!("2026-{:02}-14T10:00:00+00:00", 2 + r.below(10))));
        object.insert("LastAuthenticatedEntity".into(), json!(arn));
        object.insert("LastAuthenticatedRegion".into(), json!(REGION));
        object.insert("TotalAuthenticatedEntities".into(), json!(1));
    }
    json!({"JobStatus": "COMPLETED", "JobType": "SERVICE_LEVEL", "JobCreationDate": "2026-11-20T11:41:07+00:00",
           "ServicesLastAccessed": [service], "JobCompletionDate": "2026-11-20T11:41:09+00:00", "IsTruncated": false})
}

/// Writes an answer as the AWS CLI lays it out, into its place in an export.
pub(crate) fn answer(export: &Path, account: &str, region: &str, service: &str, name: &str, value: &Value) -> io::Result<()> {
    let folder = export.join(account).join(region).join(service);
    fs::create_dir_all(&folder)?;
    let mut text = Vec::new();
    let layout = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    serde::Serialize::serialize(value, &mut serde_json::Serializer::with_formatter(&mut text, layout))?;
    text.push(b'\n');
    fs::write(folder.join(format!("{name}.json")), text)
}

fn escaped(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}

/// Writes the export of an organisation of two accounts, the second with `roles` roles. `broad`: no SCP keeps its calls in one
/// Region, and two roles of five have policies as administrators and laboratories have them.
///
/// # Errors
/// What writing a file gives.
pub(crate) fn export(folder: &Path, roles: usize, seed: u64, broad: bool) -> io::Result<()> {
    let r = &mut Random::new(seed);
    organization(folder, broad)?;
    let pool = (roles / 15).max(10);
    let details: Vec<Value> = (0..roles).map(|n| role(r, n, pool, broad)).collect();
    for detail in &details {
        let arn = detail.get("Arn").and_then(Value::as_str).unwrap_or_default();
        let name = format!("get-service-last-accessed-details.{}", escaped(arn));
        if r.percent(40) {
            answer(folder, MEMBER, "global", "iam", &name, &last_accessed(r, arn))?;
        }
    }
    functions(folder, r, &details)?;
    let users: Vec<Value> = (0..roles / 50)
        .map(|n| {
            json!({"Path": "/", "UserName": format!("user-{n}"), "UserId": unique("AIDA", n),
                   "Arn": format!("arn:aws:iam::{MEMBER}:user/user-{n}"), "CreateDate": "2026-02-09T12:00:00+00:00",
                   "GroupList": ["analysts"], "AttachedManagedPolicies": attached(r, pool)})
        })
        .collect();
    let groups = json!([{"Path": "/", "GroupName": "analysts", "GroupId": unique("AGPA", 0), "CreateDate": "2026-02-02T11:30:00+00:00",
        "Arn": format!("arn:aws:iam::{MEMBER}:group/analysts"), "AttachedManagedPolicies": [],
        "GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": identity(r, 20)}]}]);
    let policies: Vec<Value> = (0..pool).map(|n| managed(r, n)).collect();
    let all = json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": details, "Policies": policies});
    answer(folder, MEMBER, "global", "iam", "get-account-authorization-details", &all)?;
    answer(folder, MEMBER, "global", "iam", "list-service-specific-credentials", &json!({"ServiceSpecificCredentials": []}))
}

/// A function for every twentieth role.
fn functions(folder: &Path, r: &mut Random, roles: &[Value]) -> io::Result<()> {
    let list: Vec<Value> = roles
        .iter()
        .step_by(20)
        .enumerate()
        .map(|(n, role)| {
            json!({"FunctionName": format!("function-{n}"), "Runtime": "python3.13", "Role": role.get("Arn"), "Handler": "app.handler",
                   "FunctionArn": format!("arn:aws:lambda:{REGION}:{MEMBER}:function:function-{n}"), "Timeout": 60, "MemorySize": 512,
                   "Environment": {"Variables": {"LOG_LEVEL": "INFO", "TEAM": r.pick(TEAMS), "TABLE": format!("table-{}", r.below(90))}}})
        })
        .collect();
    answer(folder, MEMBER, REGION, "lambda", "list-functions", &json!({"Functions": list}))
}

fn organization(folder: &Path, broad: bool) -> io::Result<()> {
    let put = |name: &str, value: Value| answer(folder, MANAGEMENT, "global", "organizations", name, &value);
    let arn = |rest: String| format!("arn:aws:organizations::{MANAGEMENT}:{rest}");
    let account = |id: &str| json!({"Id": id, "Arn": arn(format!("account/o-synthetic1/{id}")), "Name": id, "Status": "ACTIVE"});
    put(
        "describe-organization",
        json!({"Organization": {"Id": "o-synthetic1", "FeatureSet": "ALL", "MasterAccountId": MANAGEMENT,
        "Arn": arn("organization/o-synthetic1".into()), "MasterAccountArn": arn(format!("account/o-synthetic1/{MANAGEMENT}"))}}),
    )?;
    put("list-roots", json!({"Roots": [{"Id": ROOT, "Arn": arn(format!("root/o-synthetic1/{ROOT}")), "Name": "Root"}]}))?;
    put("list-accounts", json!({"Accounts": [account(MANAGEMENT), account(MEMBER)]}))?;
    let unit = json!({"Id": OU, "Arn": arn(format!("ou/o-synthetic1/{OU}")), "Name": "Workloads"});
    put(&format!("list-organizational-units-for-parent.{ROOT}"), json!({"OrganizationalUnits": [unit]}))?;
    put(&format!("list-organizational-units-for-parent.{OU}"), json!({"OrganizationalUnits": []}))?;
    put(&format!("list-accounts-for-parent.{ROOT}"), json!({"Accounts": [account(MANAGEMENT)]}))?;
    put(&format!("list-accounts-for-parent.{OU}"), json!({"Accounts": [account(MEMBER)]}))?;
    let full = document(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]);
    let guard = document(vec![json!({"Effect": "Deny", "Resource": "*",
        "Action": ["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*", "bedrock-websearch:*"],
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": [REGION]}}})]);
    let mut summaries = Vec::new();
    for (id, content, targets) in
        [("p-FullAWSAccess", full, &[ROOT, OU, MANAGEMENT, MEMBER][..]), ("p-regionguard", guard, &[OU][..])]
    {
        if broad && id == "p-regionguard" {
            continue;
        }
        let summary = json!({"Id": id, "Arn": arn(format!("policy/o-synthetic1/service_control_policy/{id}")), "Name": id,
                             "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": id == "p-FullAWSAccess"});
        put(&format!("describe-policy.{id}"), json!({"Policy": {"PolicySummary": summary, "Content": content.to_string()}}))?;
        let targets: Vec<Value> = targets.iter().map(|t| json!({"TargetId": t, "Name": t, "Type": target_type(t)})).collect();
        put(&format!("list-targets-for-policy.{id}"), json!({"Targets": targets}))?;
        summaries.push(summary);
    }
    put("list-policies.SERVICE_CONTROL_POLICY", json!({"Policies": summaries}))?;
    put("list-policies.RESOURCE_CONTROL_POLICY", json!({"Policies": []}))
}

fn target_type(id: &str) -> &'static str {
    match id {
        ROOT => "ROOT",
        OU => "ORGANIZATIONAL_UNIT",
        _ => "ACCOUNT",
    }
}

/// Writes `count` policy files of every kind, a hundred to a folder.
///
/// # Errors
/// What writing a file gives.
pub(crate) fn policies(folder: &Path, count: usize, seed: u64) -> io::Result<()> {
    let r = &mut Random::new(seed);
    for n in 0..count {
        let sub = folder.join(format!("team-{:02}", n / 100));
        fs::create_dir_all(&sub)?;
        let (kind, policy) = match n % 10 {
            0 => ("trust", trust(r)),
            1 => (
                "scp",
                document(vec![json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": [REGION]}}})]),
            ),
            2 => (
                "endpoint",
                document(vec![json!({"Effect": "Allow", "Principal": "*", "Resource": "*",
                "Action": ["bedrock:InvokeModel"], "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-synthetic1"}}})]),
            ),
            3 => (
                "resource",
                document(vec![json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{MEMBER}:root")},
                "Action": ["s3:GetObject"], "Resource": format!("arn:aws:s3:::bucket-{n}/*")})]),
            ),
            _ => ("identity", identity(r, 40)),
        };
        fs::write(sub.join(format!("{n:04}-{kind}.json")), format!("{policy:#}\n"))?;
    }
    Ok(())
}
