//! Secrets are planted wherever AWS keeps text that people write; none may reach the disk or a report.
//!
//! In: accounts full of them, served over HTTP on 127.0.0.1. Out: the folders that `collect`, the export script and `collect
//! --from-config` fill, and what `scan` prints of them and of the raw answers, each searched for every planted text.

#![cfg(test)]
#![cfg(feature = "live")]

#[path = "support/loopback/mod.rs"]
pub mod loopback;
pub mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use loopback::{Loopback, Settings};
use serde_json::{Value, json};
use support::program::{alicerce, alicerce_in};
use support::room::Room;

const ACCOUNT: &str = "111122223333";

/// What was planted: texts of which no part may be found again.
#[derive(Default)]
struct Planted(Vec<String>);

impl Planted {
    /// A value that nothing but its place tells.
    fn plain(&mut self) -> String {
        self.put(format!("planted-nr-{}-in-a-place", self.0.len()), None)
    }

    /// One that tells itself, inside another text. Put together here, so that no scanner of secrets takes this file for one that holds some.
    fn telling(&mut self) -> String {
        let nth = self.0.len();
        match nth % 5 {
            0 => self.put(format!("sk-ant-{}{nth:03}AbCdEfGh", "api03-PlantedPlantedX"), None),
            1 => self.put(format!("ghp_{}{nth:03}", "PlantedPlantedPlantedPlantedPlanted0"), None),
            2 => self.put(format!("ABSK{}{nth:03}", "PlantedPlantedPlantedPlantedPlantedPlanted"), None),
            3 => {
                let line = format!("PlantedPlantedPlanted{nth:03}");
                let key = format!("-----BEGIN PRIVATE{} KEY-----\n{line}\n-----END PRIVATE KEY-----", "");
                self.put(key, Some(line))
            }
            _ => {
                let password = format!("Planted-pw-{nth:03}");
                self.put(format!("https://user:{password}@hooks.internal/x"), Some(password))
            }
        }
    }

    fn put(&mut self, text: String, part: Option<String>) -> String {
        self.0.push(part.unwrap_or_else(|| text.clone()));
        text
    }

    /// A sentence with one that tells itself.
    fn prose(&mut self) -> String {
        format!("ask the team: {} (rotate me)", self.telling())
    }

    #[track_caller]
    fn are_not_in(&self, what: &str, text: &str) {
        let found: Vec<&String> = self.0.iter().filter(|planted| text.contains(planted.as_str())).collect();
        assert!(found.is_empty(), "{what} holds {found:?}");
        // Nor in another alphabet.
        assert!(!text.contains("cGxhbnRlZC1uci"), "{what} holds user data");
    }

    /// All files below a folder, their names and contents.
    #[track_caller]
    fn are_not_below(&self, folder: &Path) {
        let mut todo = vec![folder.to_owned()];
        let mut files = 0;
        while let Some(at) = todo.pop() {
            for entry in fs::read_dir(&at).expect("the folder can be read") {
                let path = entry.expect("its entry too").path();
                if path.is_dir() {
                    todo.push(path);
                } else {
                    files += 1;
                    let text = String::from_utf8_lossy(&fs::read(&path).expect("the file can be read")).into_owned();
                    self.are_not_in(&path.display().to_string(), &text);
                }
            }
        }
        assert!(files > 5, "{files} files below {}", folder.display());
    }

    /// What `scan` prints, in each of its forms.
    #[track_caller]
    fn are_not_reported(&self, room: &Room, folder: &str) {
        for format in ["human", "json", "sarif"] {
            let arguments =
                ["scan", folder, "--format", format, "--include-passes", "--fail-on", "never", "--now", "2026-11-22T00:00:00Z"];
            let run = alicerce(room.path(), &arguments);
            assert!(matches!(run.code, Some(0 | 3)), "{run:?}");
            assert!(run.stdout.len() > 1_000, "{run:?}");
            self.are_not_in(&format!("the {format} report of {folder}"), &(run.stdout + &run.stderr));
        }
    }
}

/// The answers of an account, and what was planted in them.
fn served() -> (Room, Planted) {
    let (room, mut p) = (Room::new(), Planted::default());
    let put = |name: &str, value: Value| {
        room.write(&format!("{ACCOUNT}/{name}"), serde_json::to_string_pretty(&value).expect("it is JSON") + "\n");
    };
    let here = |name: &str, value: Value| put(&format!("sa-east-1/{name}"), value);
    put(
        "global/sts/get-caller-identity.json",
        json!({"UserId": "x", "Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/x")}),
    );
    workloads(&here, &mut p);

    // Text that people write: descriptions, tags, policies, prompts.
    let statement = json!({"Sid": "Invoke", "Effect": "Allow", "Action": "bedrock:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/note": p.telling()}}});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": p.telling()}}}]});
    let role = json!({"Path": "/", "RoleName": "r", "RoleId": "AROAR", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"),
        "CreateDate": "2026-01-02T03:04:05+00:00", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}], "AttachedManagedPolicies": [],
        "Tags": [{"Key": "note", "Value": p.prose()}]});
    put(
        "global/iam/get-account-authorization-details.json",
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}),
    );
    put(
        "global/s3api/list-buckets.json",
        json!({"Buckets": [{"Name": "b", "CreationDate": "2026-01-02T03:04:05+00:00"}], "Owner": {"ID": "o"}}),
    );
    put("global/s3api/get-bucket-tagging.b.json", json!({"TagSet": [{"Key": "note", "Value": p.telling()}]}));
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*", "Condition": {"StringLike": {"aws:Referer": p.telling()}}}]});
    put("global/s3api/get-bucket-policy.b.json", json!({"Policy": policy.to_string()}));
    here("kms/list-keys.json", json!({"Keys": [{"KeyId": "k", "KeyArn": format!("arn:aws:kms:sa-east-1:{ACCOUNT}:key/k")}]}));
    let key = json!({"KeyId": "k", "Arn": format!("arn:aws:kms:sa-east-1:{ACCOUNT}:key/k"), "Description": p.prose(), "KeyManager": "CUSTOMER",
        "KeyState": "PendingDeletion", "KeySpec": "SYMMETRIC_DEFAULT", "Enabled": false});
    here("kms/describe-key.k.json", json!({"KeyMetadata": key}));
    let secret = format!("arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:s-AbCdEf");
    let metadata = json!({"ARN": secret, "Name": "s", "Description": p.prose(), "RotationEnabled": false,
        "Tags": [{"Key": "old", "Value": p.telling()}]});
    here("secretsmanager/list-secrets.json", json!({"SecretList": [metadata]}));
    here(&format!("secretsmanager/describe-secret.{}.json", secret.replace(':', "%3A")), metadata);
    here("sns/list-topics.json", json!({"Topics": [{"TopicArn": "arn:t"}]}));
    let topic = format!("arn:aws:sns:sa-east-1:{ACCOUNT}:t");
    here(
        "sns/list-subscriptions.json",
        json!({"Subscriptions": [{"SubscriptionArn": format!("{topic}:1"), "Owner": ACCOUNT, "Protocol": "https",
            "Endpoint": p.telling(), "TopicArn": topic}]}),
    );
    here("events/list-rules.json", json!({"Rules": [{"Name": "n", "Description": p.prose()}]}));
    let target = json!({"Id": "1", "Arn": format!("arn:aws:events:sa-east-1:{ACCOUNT}:api-destination/x"), "Input": json!({"key": p.telling()}).to_string(),
        "HttpParameters": {"HeaderParameters": {"X-Api-Key": p.plain()}, "QueryStringParameters": {"key": p.plain()}}});
    here("events/list-targets-by-rule.n.json", json!({"Targets": [target]}));
    here(
        "ec2/describe-vpcs.json",
        json!({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "note", "Value": p.telling()}]}]}),
    );
    here(
        "ec2/describe-security-groups.json",
        json!({"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "g", "Description": p.prose(), "VpcId": "vpc-1", "OwnerId": ACCOUNT,
            "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": p.prose()}]}]}]}),
    );
    here(
        "bedrock-agent/list-agents.json",
        json!({"agentSummaries": [{"agentId": "A", "agentName": "a", "agentStatus": "PREPARED"}]}),
    );
    let agent = json!({"agentId": "A", "agentName": "a", "agentArn": format!("arn:aws:bedrock:sa-east-1:{ACCOUNT}:agent/A"), "agentStatus": "PREPARED",
        "description": p.prose(), "instruction": p.prose(), "foundationModel": "anthropic.claude-haiku-4-5-20251001-v1:0"});
    here("bedrock-agent/get-agent.A.json", json!({"agent": agent}));
    here("bedrock-agent/list-prompts.json", json!({"promptSummaries": [{"id": "P", "name": "p", "version": "DRAFT"}]}));
    let text = json!({"text": {"text": p.prose()}});
    here(
        "bedrock-agent/get-prompt.P.json",
        json!({"id": "P", "name": "p", "version": "DRAFT", "arn": format!("arn:aws:bedrock:sa-east-1:{ACCOUNT}:prompt/P"),
            "variants": [{"name": "v", "templateType": "TEXT", "templateConfiguration": text}]}),
    );
    (room, p)
}

/// What runs: FACTS' list of places, and where else a program is given something.
fn workloads(here: &impl Fn(&str, Value), p: &mut Planted) {
    let function = json!({"FunctionName": "f", "FunctionArn": format!("arn:aws:lambda:sa-east-1:{ACCOUNT}:function:f"),
        "Description": p.prose(), "Environment": {"Variables": {"PASSWORD": p.plain(), "ANTHROPIC_API_KEY": p.telling(), "EMPTY": ""}},
        "ImageConfigResponse": {"ImageConfig": {"Command": ["--key", p.plain()], "EntryPoint": [p.plain()]}}});
    here("lambda/list-functions.json", json!({"Functions": [function]}));
    here("ecs/list-clusters.json", json!({"clusterArns": ["c"]}));
    here("ecs/list-services.c.json", json!({"serviceArns": ["s"]}));
    here("ecs/describe-services.c.json", json!({"services": [{"serviceArn": "s", "serviceName": "s", "taskDefinition": "t"}]}));
    here("ecs/list-tasks.c.json", json!({"taskArns": ["k"]}));
    let overrides = json!({"containerOverrides": [{"name": "c", "command": [p.plain()], "environment": [{"name": "A", "value": p.plain()}]}]});
    here("ecs/describe-tasks.c.json", json!({"tasks": [{"taskArn": "k", "taskDefinitionArn": "t", "overrides": overrides}]}));
    let token = format!("Ab3-{}", p.plain());
    let container = json!({"name": "c", "environment": [{"name": "PASSWORD", "value": p.plain()}, {"value": p.plain(), "name": "PLAIN"}],
        "command": ["run", p.plain()], "entryPoint": ["sh", "-c", p.plain()], "dockerLabels": {"note": p.telling()},
        "secrets": [{"name": "S", "valueFrom": format!("arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:s-AbCdEf")}],
        "healthCheck": {"command": ["CMD", p.plain()]},
        "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": token, "splunk-url": "https://splunk.internal"}}});
    here(
        "ecs/describe-task-definition.t.json",
        json!({"taskDefinition": {"taskDefinitionArn": "t", "containerDefinitions": [container]}}),
    );
    here(
        "ec2/describe-instances.json",
        json!({"Reservations": [{"Instances": [{"InstanceId": "i-1", "SubnetId": "subnet-1"}]}]}),
    );
    // `planted-nr-999-in-user-data` in Base64.
    here(
        "ec2/describe-instance-attribute.i-1,userData.json",
        json!({"InstanceId": "i-1", "UserData": {"Value": "cGxhbnRlZC1uci05OTktaW4tdXNlci1kYXRh"}}),
    );
    here("bedrock-agentcore-control/list-agent-runtimes.json", json!({"agentRuntimes": [{"agentRuntimeId": "r"}]}));
    let runtime = json!({"agentRuntimeId": "r", "agentRuntimeName": "r", "agentRuntimeArn": format!("arn:aws:bedrock-agentcore:sa-east-1:{ACCOUNT}:runtime/r"),
        "description": p.prose(), "environmentVariables": {"TOKEN": p.plain(), "KEY": p.telling()},
        "agentRuntimeArtifact": {"codeConfiguration": {"entryPoint": [p.plain()]}}, "networkConfiguration": {"networkMode": "PUBLIC"}});
    here("bedrock-agentcore-control/get-agent-runtime.r.json", runtime);
    let headers = json!({"remoteMcp": {"url": p.telling(), "headers": {"Authorization": p.plain()}}});
    let harness = json!({"harness": {"harnessId": "h", "harnessName": "h", "tools": [{"config": headers}], "environmentVariables": {"K": p.plain()},
        "systemPrompt": [{"text": p.prose()}]}});
    here("bedrock-agentcore-control/list-harnesses.json", json!({"harnesses": [{"harnessId": "h", "harnessName": "h"}]}));
    here("bedrock-agentcore-control/get-harness.h.json", harness);
    let cluster = json!({"DBClusterIdentifier": "d", "DBClusterArn": format!("arn:aws:rds:sa-east-1:{ACCOUNT}:cluster:d"),
        "PendingModifiedValues": {"MasterUserPassword": p.plain()}, "TagList": [{"Key": "note", "Value": p.telling()}]});
    here("rds/describe-db-clusters.json", json!({"DBClusters": [cluster]}));
}

#[test]
fn collecting_leaves_no_planted_secret_and_no_report_has_one() {
    let (served, planted) = served();
    let aws = Loopback::start(Settings { folder: served.path().to_owned(), ..Settings::default() });
    let room = Room::new();
    let arguments = ["collect", "-o", "export", "--retry-delay", "1", "--regions", "sa-east-1"];
    let run = alicerce_in(room.path(), &arguments, &aws.environment(room.path(), ACCOUNT)).expect_code(0);
    planted.are_not_in("what collect prints", &(run.stdout + &run.stderr));
    planted.are_not_below(&room.path().join("export"));
    // They were asked for, and their places are told.
    let task = room.read(&format!("export/{ACCOUNT}/sa-east-1/ecs/describe-task-definition.t.json"));
    assert_eq!(task.matches("alicerce_secret").count(), 10, "{task}");
    assert!(task.contains("\"splunk-url\": \"https://splunk.internal\"") && task.contains("secret:s-AbCdEf"), "{task}");
    let agent = room.read(&format!("export/{ACCOUNT}/sa-east-1/bedrock-agent/get-agent.A.json"));
    assert_eq!(agent.matches("***").count(), 2, "{agent}");
    planted.are_not_reported(&room, "export");
    // The same of the answers as AWS gave them, which somebody else may have collected.
    planted.are_not_reported(&served, ACCOUNT);
}

/// The script, with something in place of the AWS CLI that prints the answers as that does.
#[test]
fn the_export_script_leaves_none_either() {
    let (served, planted) = served();
    let room = Room::new();
    room.write(
        "bin/aws",
        format!(
            "#!/bin/sh\ncase \"$*\" in *--output=text*) printf '{ACCOUNT}\\tarn:aws:iam::{ACCOUNT}:user/x\\n'; exit ;; esac\nservice=$1 operation=$2\nid='' place=sa-east-1\ncase $service in iam|sts|s3api|s3control) place=global ;; esac\n\
             shift 2\nfor word; do case $word in --region=*|--output=*|--no-*) ;; --instance-id=*) id=.${{word#*=}},userData ;;\n\
             --*=*) case $operation in describe-services|describe-tasks) case $word in --cluster=*) id=.${{word#*=}} ;; esac ;;\n\
             *) case $word in --attribute=*) ;; *) id=.$(printf %s \"${{word#*=}}\" | sed 's/:/%3A/g') ;; esac ;; esac ;; esac; done\n\
             file={}/{ACCOUNT}/$place/$service/$operation$id.json\n\
             [ -f \"$file\" ] || {{ echo 'An error occurred (AccessDenied) when calling the X operation: no' >&2; exit 254; }}\ncat \"$file\"\n",
            served.path().display()
        ),
    );
    fs::set_permissions(room.path().join("bin/aws"), fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    let script = alicerce(room.path(), &["export-script", "--regions", "sa-east-1"]).expect_code(0).stdout;
    room.write("export.sh", script);
    let path = format!("{}:{}", room.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command.args(["export.sh", "export"]).current_dir(room.path()).env("PATH", path).env("HOME", room.path());
    let output = command.output().expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    planted.are_not_in("what the script prints", &said);
    planted.are_not_below(&room.path().join("export"));
    for (file, count) in
        [("ecs/describe-task-definition.t", 10), ("ecs/describe-tasks.c", 2), ("events/list-targets-by-rule.n", 2)]
    {
        let text = room.read(&format!("export/{ACCOUNT}/sa-east-1/{file}.json"));
        assert_eq!(text.matches("alicerce_secret").count(), count, "{text}");
    }
    alicerce(room.path(), &["verify", "export"]).expect_code(0);
    planted.are_not_reported(&room, "export");
}

#[test]
fn nor_does_what_aws_config_recorded() {
    let (served, mut p) = (Room::new(), Planted::default());
    let put = |name: &str, value: Value| served.write(&format!("{ACCOUNT}/{name}"), value.to_string());
    put(
        "global/sts/get-caller-identity.json",
        json!({"UserId": "x", "Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/x")}),
    );
    let recorder = json!({"name": "default", "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": true}});
    put("sa-east-1/configservice/describe-configuration-recorders.json", json!({"ConfigurationRecorders": [recorder]}));
    let status = json!({"name": "default", "recording": true, "lastStatus": "SUCCESS"});
    put("sa-east-1/configservice/describe-configuration-recorder-status.json", json!({"ConfigurationRecordersStatus": [status]}));
    let mut items = |kind: &str, id: &str, configuration: Value| {
        let item = json!({"version": "1.3", "accountId": ACCOUNT, "awsRegion": "sa-east-1", "resourceType": kind, "resourceId": id,
            "resourceName": id, "arn": format!("arn:aws:x:sa-east-1:{ACCOUNT}:{id}"), "configurationItemStatus": "OK",
            "configurationItemCaptureTime": "2026-11-20T00:00:00.000Z", "configuration": configuration,
            "tags": [{"key": "note", "value": p.telling()}]});
        let name = format!("sa-east-1/configservice/select-resource-config.{}.json", kind.replace(':', "%3A"));
        put(&name, json!({"Results": [item.to_string()], "QueryInfo": {"SelectFields": [{"Name": "configuration"}]}}));
        (p.plain(), p.prose())
    };
    let (plain, prose) = items("AWS::KMS::Key", "k", json!({}));
    let function = json!({"functionName": "f", "functionArn": format!("arn:aws:lambda:sa-east-1:{ACCOUNT}:function:f"), "description": prose,
        "environment": {"variables": {"PASSWORD": plain}}});
    let (plain, prose) = items("AWS::Lambda::Function", "f", function);
    let container =
        json!({"Name": "c", "Environment": [{"Name": "A", "Value": plain}], "Command": ["x"], "DockerLabels": {"note": prose}});
    items("AWS::ECS::TaskDefinition", "t", json!({"TaskDefinitionArn": "t", "ContainerDefinitions": [container]}));
    let aws = Loopback::start(Settings { folder: served.path().to_owned(), ..Settings::default() });
    let room = Room::new();
    let arguments = ["collect", "-o", "export", "--from-config", "--retry-delay", "1", "--regions", "sa-east-1"];
    let run = alicerce_in(room.path(), &arguments, &aws.environment(room.path(), ACCOUNT)).expect_code(0);
    p.are_not_in("what collect prints", &(run.stdout + &run.stderr));
    let text =
        room.read(&format!("export/{ACCOUNT}/sa-east-1/configservice/select-resource-config.AWS%3A%3ALambda%3A%3AFunction.json"));
    assert!(text.contains("***"), "{text}");
    p.are_not_below(&room.path().join("export"));
    p.are_not_reported(&room, "export");
}
