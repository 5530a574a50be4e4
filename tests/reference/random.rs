//! Random cases in the format of `access test`, made of a stream of bytes.
//!
//! In: bytes, each of which is one choice (when they run out, the first and plainest choice is made). Out: a case whose
//! request is a real one: an action with a resource of its type, and the keys that follow from the requester.
//! Left out: what AWS's documentation leaves open (a key of several values without a set operator, `ForAnyValue` with
//! `IfExists`, a `NotPrincipal` that allows or lists a requester in part), so that every case has one right answer.

use serde_json::{Map, Value, json};

/// A stream of choices.
pub(crate) struct Choices<'b>(std::slice::Iter<'b, u8>);

impl<'b> Choices<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.iter())
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % n
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of the values, or a list of up to three.
    fn some(&mut self, of: &[&str]) -> Value {
        if !self.once_in(3) {
            return json!(self.one(of));
        }
        (0..=self.below(3)).map(|_| json!(self.one(of))).collect()
    }
}

const HERE: &str = "111122223333";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const USER: &str = "arn:aws:iam::111122223333:user/ana";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/fed";
const OTHER_SESSION: &str = "arn:aws:sts::444455556666:assumed-role/ext/s2";
const OTHER_ROLE: &str = "arn:aws:iam::444455556666:role/ext";
const OTHER_USER: &str = "arn:aws:iam::444455556666:user/bia";
const OTHER_ROOT: &str = "arn:aws:iam::444455556666:root";
const THIRD_ROOT: &str = "arn:aws:iam::777788889999:root";

/// Requesters, the commonest twice.
const WHO: [&str; 10] =
    [SESSION, SESSION, USER, USER, OTHER_SESSION, OTHER_USER, ROOT, FEDERATED, "lambda.amazonaws.com", "anonymous"];
const NAMED: [&str; 12] =
    ["*", SESSION, ROLE, HERE, ROOT, USER, FEDERATED, OTHER_SESSION, OTHER_ROLE, OTHER_ROOT, OTHER_USER, "444455556666"];

const NAMED_BUT_USER: [&str; 6] = ["*", SESSION, ROLE, ROOT, FEDERATED, OTHER_SESSION];

/// An action with a resource of its type, and other resources and patterns that policies may name.
struct Target {
    action: &'static str,
    resource: &'static str,
    actions: &'static [&'static str],
    resources: &'static [&'static str],
}

const TARGETS: [Target; 9] = [
    Target {
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b/ana/k",
        actions: &["s3:GetObject", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "s3:PutObject", "s3:*Object"],
        resources: &[
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b/ana/k",
            "arn:aws:s3:::?/ana/k",
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:s3:::c/*",
        ],
    },
    Target {
        action: "s3:ListBucket",
        resource: "arn:aws:s3:::b",
        actions: &["s3:ListBucket", "s3:List*", "s3:*", "s3:GetObject"],
        resources: &["arn:aws:s3:::b", "arn:aws:s3:::*", "arn:aws:s3:::${aws:PrincipalTag/team, 'b'}", "arn:aws:s3:::b/*"],
    },
    Target {
        action: "sqs:SendMessage",
        resource: "arn:aws:sqs:us-east-1:111122223333:ana-q",
        actions: &["sqs:SendMessage", "sqs:*", "SQS:Send*", "sqs:ReceiveMessage"],
        resources: &[
            "arn:aws:sqs:*:111122223333:*",
            "arn:aws:sqs:us-east-1:111122223333:${aws:username}-q",
            "arn:aws:sqs:us-east-1:111122223333:ana-q",
            "arn:aws:sqs:eu-west-1:*:*",
        ],
    },
    Target {
        action: "kms:Decrypt",
        resource: "arn:aws:kms:us-east-1:111122223333:key/11112222-3333-4444-5555-666677778888",
        actions: &["kms:Decrypt", "kms:*", "kms:De*", "kms:Encrypt"],
        resources: &[
            "arn:aws:kms:us-east-1:111122223333:key/*",
            "arn:aws:kms:*:*:key/11112222-3333-4444-5555-666677778888",
            "arn:aws:kms:eu-west-1:*:key/*",
        ],
    },
    Target {
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::111122223333:role/target",
        actions: &["sts:AssumeRole", "sts:*", "sts:Assume*", "sts:TagSession"],
        resources: &[
            "arn:aws:iam::111122223333:role/target",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::111122223333:role/t?rget",
            "arn:aws:iam::111122223333:role/other",
        ],
    },
    Target {
        action: "dynamodb:GetItem",
        resource: "arn:aws:dynamodb:us-east-1:111122223333:table/ana",
        actions: &["dynamodb:GetItem", "dynamodb:*", "dynamodb:Get*", "dynamodb:*Item", "dynamodb:PutItem"],
        resources: &[
            "arn:aws:dynamodb:*:*:table/*",
            "arn:aws:dynamodb:us-east-1:111122223333:table/${aws:username}",
            "arn:aws:dynamodb:us-east-1:111122223333:table/bia",
        ],
    },
    Target {
        action: "bedrock:InvokeModel",
        resource: "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        actions: &["bedrock:InvokeModel", "bedrock:*", "bedrock:Invoke*", "bedrock:InvokeAgent"],
        resources: &[
            "arn:aws:bedrock:*::foundation-model/*",
            "arn:aws:bedrock:*::foundation-model/anthropic.*",
            "arn:aws:bedrock:*:*:inference-profile/*",
            "arn:*:bedrock:us-*::foundation-model/anthropic.claude-haiku-?-5-*",
        ],
    },
    Target {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:us-east-1:111122223333:function:ana",
        actions: &["lambda:InvokeFunction", "lambda:*", "lambda:Invoke*", "lambda:GetFunction"],
        resources: &[
            "arn:aws:lambda:*:*:function:*",
            "arn:aws:lambda:us-east-1:111122223333:function:${aws:username}",
            "arn:aws:lambda:us-east-1:111122223333:function:bia",
        ],
    },
    Target {
        action: "secretsmanager:GetSecretValue",
        resource: "arn:aws:secretsmanager:us-east-1:111122223333:secret:ana-a1b2c3",
        actions: &["secretsmanager:GetSecretValue", "secretsmanager:*", "secretsmanager:Get*", "secretsmanager:PutSecretValue"],
        resources: &[
            "arn:aws:secretsmanager:*:*:secret:*",
            "arn:aws:secretsmanager:*:*:secret:ana-??????",
            "arn:aws:secretsmanager:*:*:secret:bia-*",
        ],
    },
];

/// A context key: its operators, what policies compare it with, what requests carry.
struct Key {
    name: &'static str,
    operators: &'static [&'static str],
    policy: &'static [&'static str],
    request: &'static [&'static str],
    several: bool,
}

const TEXT: &[&str] =
    &["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"];
const NUMBER: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] =
    &["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"];
const ARN: &[&str] = &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"];
const INSTANTS: &[&str] = &[
    "2026-06-30T12:00:00Z",
    "2026-06-30",
    "2026-06-30T14:00:00+02:00",
    "1782820800",
    "2025-01-31T00:00:00Z",
    "2026-12-01T23:59:59Z",
];
const NOW: &[&str] = &["2026-06-30T12:00:00Z", "2026-06-30T00:00:00Z", "2025-06-01T00:00:00Z", "2027-01-01T00:00:00Z"];

const KEYS: [Key; 12] = [
    Key {
        name: "aws:PrincipalTag/team",
        operators: TEXT,
        policy: &[
            "a",
            "A",
            "ab",
            "b*",
            "*",
            "?b",
            "${aws:username}",
            "${aws:PrincipalTag/other, 'a'}",
            "a${*}",
            "${aws:PrincipalTag/other}",
        ],
        request: &["a", "A", "ab", "b", "bc", "a*", "ana"],
        several: false,
    },
    Key { name: "aws:PrincipalTag/other", operators: TEXT, policy: &["a", "b"], request: &["a", "b"], several: false },
    Key {
        name: "aws:MultiFactorAuthAge",
        operators: NUMBER,
        policy: &["1", "2", "2.0", "30", "100"],
        request: &["1", "2", "3", "30", "99", "100"],
        several: false,
    },
    Key { name: "aws:CurrentTime", operators: DATE, policy: INSTANTS, request: NOW, several: false },
    Key { name: "aws:TokenIssueTime", operators: DATE, policy: INSTANTS, request: NOW, several: false },
    Key {
        name: "aws:SecureTransport",
        operators: &["Bool"],
        policy: &["true", "false"],
        request: &["true", "false"],
        several: false,
    },
    Key {
        name: "aws:MultiFactorAuthPresent",
        operators: &["Bool"],
        policy: &["true", "false", "True"],
        request: &["true", "false"],
        several: false,
    },
    Key {
        name: "aws:PrincipalTag/bytes",
        operators: &["BinaryEquals"],
        policy: &["QUJD", "QUI=", "QQ=="],
        request: &["QUJD", "QUI=", "QQ=="],
        several: false,
    },
    Key {
        name: "aws:SourceIp",
        operators: &["IpAddress", "NotIpAddress"],
        policy: &[
            "10.0.0.0/8",
            "10.1.0.0/16",
            "192.0.2.1",
            "192.0.2.1/32",
            "2001:db8::/32",
            "2001:DB8:1234:5678::/64",
            "0.0.0.0/0",
        ],
        request: &[
            "10.1.2.3",
            "10.2.0.1",
            "192.0.2.1",
            "2001:db8:1234:5678::1",
            "2001:0db8:0000:0000:0000:0000:0000:0001",
            "203.0.113.9",
        ],
        several: false,
    },
    Key {
        name: "aws:SourceArn",
        operators: ARN,
        policy: &[
            "arn:aws:s3:::a*",
            "arn:aws:*:*:*:b",
            "arn:aws:s3:::?",
            "arn:aws:sns:us-east-1:111122223333:*",
            "arn:aws:s3:::${aws:username}",
            "arn:aws:*:us-*:111122223333:a*:*",
        ],
        request: &[
            "arn:aws:s3:::a",
            "arn:aws:s3:::ana",
            "arn:aws:sns:us-east-1:111122223333:b",
            "arn:aws:sns:us-east-1:111122223333:a:b",
        ],
        several: false,
    },
    Key {
        name: "aws:TagKeys",
        operators: TEXT,
        policy: &["x", "y", "X", "x*", "?", "${aws:PrincipalTag/other, 'y'}"],
        request: &["x", "y", "X", "xy", "z"],
        several: true,
    },
    Key {
        name: "aws:PrincipalOrgPaths",
        operators: TEXT,
        policy: &["o-a/r-1/*", "o-a/r-1/ou-1/", "o-b/*", "o-?/r-1/*"],
        request: &["o-a/r-1/ou-1/", "o-a/r-1/", "o-b/r-2/ou-9/"],
        several: true,
    },
];

/// Keys that follow from the requester, and what policies compare them with.
const DERIVED: [Key; 3] = [
    Key {
        name: "aws:PrincipalArn",
        operators: ARN,
        policy: &[ROLE, "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:*", "arn:*:*:*:*:*"],
        request: &[],
        several: false,
    },
    Key { name: "aws:PrincipalAccount", operators: TEXT, policy: &[HERE, "444455556666", "1111*"], request: &[], several: false },
    Key { name: "aws:username", operators: TEXT, policy: &["ana", "ANA", "b*"], request: &[], several: false },
];

fn operator(c: &mut Choices, key: &Key) -> String {
    if c.once_in(10) {
        return "Null".to_owned();
    }
    let base = c.one(key.operators);
    let set = if key.several || c.once_in(8) { c.one(&["ForAllValues:", "ForAnyValue:"]) } else { "" };
    let suffix = if set != "ForAnyValue:" && c.once_in(4) { "IfExists" } else { "" };
    format!("{set}{base}{suffix}")
}

fn conditions(c: &mut Choices) -> Option<Value> {
    let count = [0, 1, 0, 1, 2][c.below(5)];
    let mut out = json!({});
    for _ in 0..count {
        let key = if c.once_in(6) { &DERIVED[c.below(DERIVED.len())] } else { &KEYS[c.below(KEYS.len())] };
        let operator = operator(c, key);
        let values = c.some(if operator == "Null" { &["true", "false"] } else { key.policy });
        let name = if c.once_in(6) { key.name.to_lowercase() } else { key.name.to_owned() };
        out[operator][name] = values;
    }
    (count > 0).then_some(out)
}

/// What a type of policy has in its statements.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// No principal.
    Plain,
    /// No principal, and always the later version.
    Scp,
    /// Principals and resources.
    OfResource,
    /// A key policy: principals, and `*` as resource.
    OfKey,
    /// An endpoint policy for everybody, as gateway endpoints have it.
    OfEndpoint,
    /// Principals, no resource.
    OfTrust,
    /// A resource control policy of a customer's.
    Rcp,
}

/// A user is not named where its federated session may be the requester: whose session that is, its ARN does not tell.
fn principal(c: &mut Choices, allow: bool, form: Form, who: &str, s: &mut Map<String, Value>) {
    if !allow && form != Form::OfTrust && c.once_in(3) {
        let whole: &[&str] =
            c.one(&[&[ROOT, ROLE, SESSION][..], &[THIRD_ROOT], if who == FEDERATED { &[ROOT, ROLE] } else { &[ROOT, USER] }]);
        s.insert("NotPrincipal".into(), json!({"AWS": whole}));
    } else if c.once_in(12) {
        s.insert("Principal".into(), json!({"Service": c.some(&["lambda.amazonaws.com", "ec2.amazonaws.com"])}));
    } else {
        let names = c.some(if who == FEDERATED { &NAMED_BUT_USER } else { &NAMED });
        s.insert("Principal".into(), if names == "*" && c.once_in(2) { names } else { json!({"AWS": names}) });
    }
}

fn statement(c: &mut Choices, form: Form, who: &str, target: &Target) -> Value {
    let allow = form != Form::Rcp && !c.once_in(3);
    let mut s = Map::new();
    s.insert("Effect".into(), json!(if allow { "Allow" } else { "Deny" }));
    match form {
        Form::Plain | Form::Scp => {}
        Form::Rcp | Form::OfEndpoint => drop(s.insert("Principal".into(), json!("*"))),
        _ => principal(c, allow, form, who, &mut s),
    }
    let wide = form != Form::Rcp && c.once_in(4);
    let action = if wide { json!("*") } else { c.some(target.actions) };
    s.insert(if form != Form::Rcp && !wide && c.once_in(8) { "NotAction" } else { "Action" }.into(), action);
    if form != Form::OfTrust {
        let resource = if form == Form::OfKey || c.once_in(3) { json!("*") } else { c.some(target.resources) };
        let not = resource != "*" && c.once_in(6);
        s.insert(if not { "NotResource" } else { "Resource" }.into(), resource);
    }
    if let Some(conditions) = conditions(c) {
        s.insert("Condition".into(), conditions);
    }
    s.into()
}

/// A policy that allows everything in most cases, so that requests are allowed often enough.
pub(crate) fn policy(c: &mut Choices, form: Form, who: &str, target: usize) -> Value {
    let target = &TARGETS[target % TARGETS.len()];
    let mut statements: Vec<Value> = (0..=c.below(2)).map(|_| statement(c, form, who, target)).collect();
    if form != Form::Rcp && !c.once_in(3) {
        let mut all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        match form {
            Form::Plain | Form::Scp | Form::Rcp => {}
            Form::OfResource | Form::OfEndpoint | Form::OfKey => all["Principal"] = json!("*"),
            Form::OfTrust => {
                all = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": [HERE, "444455556666"]}})
            }
        }
        if form == Form::OfKey && c.once_in(2) {
            all["Principal"] = json!({"AWS": [ROOT, OTHER_ROOT]});
        }
        statements.push(all);
    }
    let of_organization = matches!(form, Form::Scp | Form::Rcp);
    let version = if !of_organization && c.once_in(12) { "2008-10-17" } else { "2012-10-17" };
    json!({"policy": {"Version": version, "Statement": statements}})
}

fn rcp_level(c: &mut Choices, who: &str, target: usize) -> Value {
    let full =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
    json!([{"policy": full}, policy(c, Form::Rcp, who, target)])
}

/// The keys that AWS fills in from who asks and whose resource it is.
fn derived(who: &str, into: &mut Map<String, Value>) {
    let mut set = |key: &str, value: &str| drop(into.insert(key.to_owned(), json!(value)));
    set("aws:ResourceAccount", HERE);
    set("aws:PrincipalIsAWSService", if who.ends_with(".amazonaws.com") { "true" } else { "false" });
    let Some(account) = who.split(':').nth(4) else {
        match who {
            "anonymous" => set("aws:PrincipalType", "Anonymous"),
            service => set("aws:PrincipalServiceName", service),
        }
        return;
    };
    set("aws:PrincipalAccount", account);
    let (kind, arn) = match who {
        SESSION => ("AssumedRole", ROLE),
        OTHER_SESSION => ("AssumedRole", OTHER_ROLE),
        FEDERATED => ("FederatedUser", FEDERATED),
        ROOT => ("Account", ROOT),
        user => ("User", user),
    };
    set("aws:PrincipalType", kind);
    set("aws:PrincipalArn", arn);
    if kind == "User" {
        set("aws:username", who.rsplit('/').next().unwrap());
    }
}

fn context(c: &mut Choices, who: &str) -> Value {
    let mut out = Map::new();
    derived(who, &mut out);
    for key in &KEYS {
        if c.once_in(3) {
            continue;
        }
        let value = match key.several {
            false => json!(c.one(key.request)),
            true => (0..c.below(4)).map(|_| json!(c.one(key.request))).collect(),
        };
        let name = if c.once_in(8) { key.name.to_lowercase() } else { key.name.to_owned() };
        out.insert(name, value);
    }
    out.into()
}

/// A case; its `expect` is to be replaced.
pub(crate) fn case(c: &mut Choices) -> Value {
    let at = c.below(TARGETS.len());
    let target = &TARGETS[at];
    let who = c.one(&WHO);
    let service = target.action.split(':').next().unwrap();
    let levels = |c: &mut Choices, one: fn(&mut Choices, &str, usize) -> Value| -> Value {
        (0..=c.below(3)).map(|_| one(c, who, at)).collect()
    };
    let plain = |c: &mut Choices, at| policy(c, Form::Plain, who, at);
    let mut policies = json!({});
    // Services and anonymous requesters have no policies of their own, users and root users no session policies, root users no boundary.
    if who.starts_with("arn:") {
        policies["identity"] = (0..=c.below(2)).map(|_| plain(c, at)).collect();
        if who != ROOT && c.once_in(3) {
            policies["boundary"] = plain(c, at);
        }
        if who.contains(":sts:") && c.once_in(2) {
            policies["session"] = json!([plain(c, at)]);
        }
        if c.once_in(3) {
            policies["scp"] = levels(c, |c, who, at| (0..=c.below(2)).map(|_| policy(c, Form::Scp, who, at)).collect());
        }
    }
    if c.once_in(3) {
        let form = if c.once_in(8) { Form::OfResource } else { Form::OfEndpoint };
        policies["endpoint"] = json!([policy(c, form, who, at)]);
    }
    // Lambda is in neither list of `src/iam/rcp.rs`, so an RCP makes the answer conditional.
    if service != "lambda" && c.once_in(3) {
        policies["rcp"] = levels(c, rcp_level);
    }
    match service {
        "kms" => policies["resource"] = policy(c, Form::OfKey, who, at),
        "sts" => policies["resource"] = policy(c, Form::OfTrust, who, at),
        "bedrock" => {}
        _ if c.once_in(2) => policies["resource"] = policy(c, Form::OfResource, who, at),
        _ => {}
    }
    json!({
        "name": "random", "expect": "Allowed",
        "request": {"principal": who, "action": target.action, "resource": target.resource, "resource_account": HERE, "context": context(c, who)},
        "policies": policies,
    })
}
