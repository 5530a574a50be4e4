//! `access new` over random pairs of exports: what it names is new, and where it says that nothing is, nothing can be found.
//!
//! In: a role with random policies and a random boundary, before and after. Out: each witness is allowed after and not before by
//! `decide`; where nothing is named, thousands of random requests find nothing either.

#![cfg(test)]

use std::sync::Arc;

use alicerce::access::query::new::{Sided, Status, Subject, Whole, compare};
use alicerce::config::Config;
use alicerce::doc::Document;
use alicerce::facts::Facts;
use alicerce::iam::{Context, Outcome, Policy, PolicySet, PolicyType, Principal, Request, decide};
use alicerce::input::{self, Source};
use alicerce::world::World;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const ACTIONS: [&str; 9] = [
    "bedrock:InvokeModel",
    "bedrock:Invoke*",
    "bedrock:GetAgent",
    "bedrock:*",
    "bedrock:?et*",
    "s3:GetObject",
    "s3:Get*",
    "*",
    "bedrock:CreateAgent",
];
const RESOURCES: [&str; 7] = [
    "*",
    "arn:aws:bedrock:*::foundation-model/*",
    "arn:aws:bedrock:sa-east-1::foundation-model/a.b",
    "arn:aws:bedrock:*:111122223333:agent/*",
    "arn:aws:s3:::ledger/*",
    "arn:aws:s3:::ledger/x/*",
    "arn:aws:bedrock:us-east-1:*:*",
];
const CONDITIONS: [&str; 8] = [
    "",
    "",
    "",
    r#","Condition":{"StringEquals":{"aws:RequestedRegion":["sa-east-1"]}}"#,
    r#","Condition":{"StringNotEquals":{"aws:RequestedRegion":["sa-east-1","us-east-1"]}}"#,
    r#","Condition":{"Bool":{"aws:ViaAWSService":"true"}}"#,
    r#","Condition":{"StringLike":{"aws:SourceVpce":"vpce-1*"}}"#,
    r#","Condition":{"Null":{"aws:SourceVpce":"true"}}"#,
];

/// Xorshift: the same cases at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.roll(list.len())]
    }

    fn statement(&mut self) -> String {
        let effect = if self.roll(4) == 0 { "Deny" } else { "Allow" };
        let action = if self.roll(8) == 0 { "NotAction" } else { "Action" };
        let (first, second, resource, condition) =
            (self.of(&ACTIONS), self.of(&ACTIONS), self.of(&RESOURCES), self.of(&CONDITIONS));
        format!(r#"{{"Effect":"{effect}","{action}":["{first}","{second}"],"Resource":"{resource}"{condition}}}"#)
    }
}

#[derive(Clone)]
struct Side {
    identity: Vec<String>,
    boundary: Option<Vec<String>>,
}

impl Side {
    fn random(dice: &mut Dice) -> Self {
        let statements = |dice: &mut Dice| -> Vec<String> { (0..=dice.roll(3)).map(|_| dice.statement()).collect() };
        let identity = statements(dice);
        Self { identity, boundary: (dice.roll(3) == 0).then(|| statements(dice)) }
    }

    /// The same with one statement added, taken away or changed, or another altogether.
    fn changed(&self, dice: &mut Dice) -> Self {
        let mut next = self.clone();
        match dice.roll(6) {
            0 => next.identity.push(dice.statement()),
            1 => drop(next.identity.pop()),
            2 => next.identity[0] = dice.statement(),
            3 => next.boundary = None,
            4 => next.boundary = Some(vec![dice.statement(), dice.statement()]),
            _ => return Self::random(dice),
        }
        next
    }

    fn world(&self) -> World {
        let policy = |statements: &[String]| format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let arn = "arn:aws:iam::111122223333:policy/limit";
        let (bound, managed) = match &self.boundary {
            None => (String::new(), String::new()),
            Some(statements) => (
                format!(r#","PermissionsBoundary":{{"PermissionsBoundaryType":"Policy","PermissionsBoundaryArn":"{arn}"}}"#),
                format!(
                    r#"{{"PolicyName":"limit","PolicyId":"P","Arn":"{arn}","Path":"/","DefaultVersionId":"v1","PolicyVersionList":[{{"Document":{},"VersionId":"v1","IsDefaultVersion":true}}]}}"#,
                    policy(statements)
                ),
            ),
        };
        let text = format!(
            r#"{{"UserDetailList":[],"GroupDetailList":[],"Policies":[{managed}],"RoleDetailList":[{{"Path":"/","RoleName":"app","RoleId":"R","Arn":"{ROLE}","CreateDate":"2026-01-01T00:00:00Z","AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"lambda.amazonaws.com"}},"Action":"sts:AssumeRole"}}]}},"InstanceProfileList":[],"RolePolicyList":[{{"PolicyName":"own","PolicyDocument":{}}}],"AttachedManagedPolicies":[],"Tags":[]{bound}}}]}}"#,
            policy(&self.identity)
        );
        let file = ("111122223333/global/iam/get-account-authorization-details.json".to_owned(), Arc::from(text));
        let loaded = input::load(&[Source::Virtual(vec![file])], &input::Options::default());
        World::new(Facts::build(&loaded), Config::default(), "2026-11-22T00:00:00Z".parse().unwrap())
    }

    fn parsed(&self) -> (Option<Policy>, Option<Policy>) {
        let parse = |statements: &[String], kind| {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
            Policy::parse(Document::json("p", text).unwrap().root(), kind).ok()
        };
        (
            parse(&self.identity, PolicyType::Identity),
            self.boundary.as_ref().and_then(|statements| parse(statements, PolicyType::Boundary)),
        )
    }

    fn allows(&self, request: &Request) -> bool {
        let (identity, boundary) = self.parsed();
        let set = PolicySet { identity: identity.iter().collect(), boundary: boundary.as_ref(), ..PolicySet::default() };
        decide(&set, request).outcome == Outcome::Allowed
    }
}

fn compared(old: &World, new: &World) -> Whole {
    compare(Sided { world: old, root: "" }, Sided { world: new, root: "" })
}

/// A request of the role that could be made: in the Region of its resource.
fn request(dice: &mut Dice) -> Request {
    let region = dice.of(&["sa-east-1", "us-east-1", "eu-west-1"]);
    let (action, resources): (&str, &[&str]) = [
        (
            "bedrock:InvokeModel",
            &["arn:aws:bedrock:REGION::foundation-model/a.b", "arn:aws:bedrock:REGION::foundation-model/other"][..],
        ),
        ("bedrock:InvokeAgent", &["arn:aws:bedrock:REGION:111122223333:agent-alias/x/y"]),
        ("bedrock:GetAgent", &["arn:aws:bedrock:REGION:111122223333:agent/x"]),
        ("bedrock:SetX", &["arn:aws:bedrock:REGION:111122223333:agent/x", "arn:aws:bedrock:REGION::foundation-model/a.b"]),
        ("s3:GetObject", &["arn:aws:s3:::ledger/x/y", "arn:aws:s3:::ledger/z", "arn:aws:s3:::other/y"]),
        ("ec2:RunInstances", &["arn:aws:ec2:REGION:111122223333:instance/x"]),
    ][dice.roll(6)];
    let resource = dice.of(resources).replace("REGION", region);
    let mut context = Context::closed();
    context.set("aws:RequestedRegion", [region]);
    context.set("aws:ResourceAccount", ["111122223333"]);
    if dice.roll(2) == 0 {
        context.set("aws:SourceVpce", [dice.of(&["vpce-1a", "vpce-2b"])]);
    }
    context.set("aws:ViaAWSService", [dice.of(&["true", "false"])]);
    Request::new(Principal::parse(ROLE).unwrap(), action, &resource, Some("111122223333"), context)
}

#[test]
fn what_is_named_is_new_and_where_nothing_is_named_nothing_is_found() {
    let mut dice = Dice(0x5EED_CAFE_F00D_0001);
    let (mut named, mut nothing) = (0, 0);
    for _ in 0..60 {
        let old = Side::random(&mut dice);
        let new = old.changed(&mut dice);
        let whole = compared(&old.world(), &new.world());
        for entry in &whole.entries {
            assert!(matches!(&entry.subject, Subject::Principal(arn) if arn == ROLE));
            assert_eq!(entry.status, Status::Changed);
            for difference in &entry.comparison.new {
                named += 1;
                assert!(new.allows(&difference.witness), "{}\n{:?}", difference.request, new.identity);
                assert!(!old.allows(&difference.witness), "{}\n{:?}", difference.request, old.identity);
            }
        }
        if whole.any_new() || whole.any_undecided() {
            continue;
        }
        nothing += 1;
        for _ in 0..300 {
            let request = request(&mut dice);
            // A made request that the new side allows must have been allowed before.
            assert!(
                !new.allows(&request) || old.allows(&request),
                "{request}\nold {:?} {:?}\nnew {:?} {:?}",
                old.identity,
                old.boundary,
                new.identity,
                new.boundary
            );
        }
    }
    assert!(named > 200 && nothing > 5, "{named} named, {nothing} times nothing");
}

#[test]
fn principals_on_one_side_only() {
    let side =
        Side { identity: vec![r#"{"Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"*"}"#.into()], boundary: None };
    let empty = World::new(Facts::default(), Config::default(), "2026-11-22T00:00:00Z".parse().unwrap());
    let world = side.world();
    let added = compared(&empty, &world);
    let principal = added.entries.iter().find(|e| matches!(e.subject, Subject::Principal(_))).unwrap();
    assert_eq!(principal.status, Status::Added);
    let actions: Vec<&str> = principal.comparison.new.iter().map(|d| d.action.as_str()).collect();
    assert_eq!(actions, ["bedrock:InvokeModel"]);
    // Who may become it is new as well.
    assert!(added.entries.iter().any(|e| matches!(&e.subject, Subject::Policy(arn, PolicyType::Trust) if arn == ROLE)
        && !e.comparison.new.is_empty()));
    let removed = compared(&world, &empty);
    assert!(!removed.any_new() && !removed.any_undecided());
    assert!(removed.entries.iter().all(|e| e.status == Status::Removed));
    assert_eq!(compared(&world, &side.world()).entries.len(), 0);
}
