//! The engine: one answer for each rule and subject, in an order that does not depend on threads.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alicerce::config::Config;
use alicerce::engine::{self, Judged, Options, Outcome};
use alicerce::facts::Facts;
use alicerce::input::{self, Source};
use alicerce::rule::Pack;
use alicerce::world::World;

/// A pack of one rule on VPC endpoints with these further lines.
fn pack(id: &str, lines: &str) -> Pack {
    let root: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine").join(id);
    let folder = root.join("test").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!("id: {id}\nsubject: vpc-endpoint\nseverity: low\nwhy: test\nfix: fix {{it.VpcEndpointId}}\n{lines}");
    std::fs::write(folder.join("rule.yaml"), text).unwrap();
    let pack = Pack::load_dir(&root).unwrap_or_else(|e| panic!("{:#?}", e.errors));
    assert!(pack.check().is_empty(), "{:#?}", pack.check());
    pack
}

/// Endpoints `vpce-0` … each with two subnets, in a VPC that was not collected.
fn world(endpoints: usize, config: &str) -> World {
    let all: Vec<String> = (0..endpoints)
        .map(|n| {
            format!(
                r#"{{"VpcEndpointId": "vpce-{n}", "VpcId": "vpc-1", "VpcEndpointType": "Interface", "SubnetIds": ["a-{n}", "b-{n}"]}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"VpcEndpoints": [{}]}}"#, all.join(",\n"));
    let file = ("111122223333/sa-east-1/ec2/describe-vpc-endpoints.json".to_owned(), Arc::from(text));
    let loaded = input::load(&[Source::Virtual(vec![file])], &input::Options::default());
    let config = Config::parse("alicerce.toml", config).unwrap_or_else(|e| panic!("{e:?}"));
    World::new(Facts::build(&loaded), config, "2026-11-22T00:00:00Z".parse().unwrap())
}

fn run(pack: &Pack, world: &World) -> Vec<Judged> {
    engine::run(pack, world, &Options::default())
}

#[test]
fn each_failing_element_is_a_finding_with_its_own_place() {
    let pack = pack(
        "each",
        "each: \"has(it.SubnetIds) ? it.SubnetIds : []\"\nrequire: item.startsWith('b')\nat: item\npart: item\nmessage: subnet {item}\n",
    );
    let world = world(2, "");
    let judged = run(&pack, &world);
    let messages: Vec<&str> = judged.iter().map(|j| j.message.as_str()).collect();
    assert_eq!(messages, ["subnet a-0", "subnet a-1"]);
    for j in &judged {
        assert_eq!(j.outcome, Outcome::Fail);
        let node = world.facts.node(j.at[0]).unwrap();
        assert_eq!(node.as_str(), j.part.as_deref());
        assert!(j.fix.starts_with("fix vpce-"));
    }
}

#[test]
fn what_hangs_on_something_not_collected_is_unknown() {
    for (id, lines) in [
        ("unknown-require", "require: has(it.vpc) && it.vpc.IsDefault\nmessage: m\n"),
        ("unknown-when", "when: has(it.vpc)\nrequire: \"false\"\nmessage: m\n"),
        ("unknown-each", "each: \"[it].filter(x, has(x.vpc))\"\nrequire: \"false\"\nmessage: m\n"),
    ] {
        let judged = run(&pack(id, lines), &world(1, ""));
        let [Judged { outcome: Outcome::Unknown(why), .. }] = judged.as_slice() else { panic!("{id}: {judged:#?}") };
        assert!(why[0].text.contains("describe-vpcs"), "{id}: {why:?}");
    }
}

#[test]
fn a_missing_posture_is_said_once_for_each_scope() {
    let pack = pack("needs", "needs: [approved-models]\nrequire: size(scope.approved_models) > 0\nmessage: m\n");
    let judged = run(&pack, &world(50, "[[scope]]\nname = \"prod\"\naccounts = [\"111122223333\"]\n"));
    let [only] = judged.as_slice() else { panic!("{}", judged.len()) };
    assert_eq!((only.subject, &*only.scope.name), (None, "prod"));
    assert_eq!(only.outcome, Outcome::Undeclared(vec![Arc::from("approved_models")]));
    let declared = world(50, "[[scope]]\nname = \"prod\"\napproved_models = [\"anthropic.*\"]\n");
    assert!(run(&pack, &declared).iter().all(|j| j.outcome == Outcome::Pass));
}

#[test]
fn the_order_is_that_of_the_facts() {
    let pack = pack("order", "require: \"false\"\nmessage: \"{it.VpcEndpointId}\"\n");
    let world = world(500, "");
    let done = AtomicUsize::new(0);
    let count = |_: usize, total: usize| {
        assert_eq!(total, 500);
        done.fetch_add(1, Ordering::Relaxed);
    };
    let judged = engine::run(&pack, &world, &Options { only: None, progress: Some(&count) });
    let expected: Vec<String> = (0..500).map(|n| format!("vpce-{n}")).collect();
    assert_eq!(judged.iter().map(|j| j.message.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(done.into_inner(), 500);
}

#[test]
fn configuration_switches_rules_by_id() {
    let pack = pack("switched", "default: off\nrequire: \"false\"\nmessage: m\n");
    assert!(run(&pack, &world(1, "")).is_empty());
    assert_eq!(run(&pack, &world(1, "[rules.switched]\nenabled = true\n")).len(), 1);
}
