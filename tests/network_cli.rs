//! `alicerce network` from outside: the example's ways to Bedrock, hop by hop, and one account of them as JSON.

#![cfg(test)]

pub mod support;

use serde_json::Value;
use support::program::{Run, alicerce};
use support::room::Room;

const PRODUCTION: &str = "222233334444";

fn network(room: &Room, arguments: &[&str]) -> Run {
    let all: Vec<&str> = std::iter::once("network").chain(arguments.iter().copied()).collect();
    alicerce(room.path(), &all)
}

#[test]
fn the_example_is_told_hop_by_hop() {
    let room = Room::new();
    let told = network(&room, &[]).expect_code(0).stdout;
    for part in [
        // Why production is private: by an endpoint of its own, and by a central one.
        "`bedrock-runtime.sa-east-1.amazonaws.com` leads to endpoint `vpce-02dcd424dffdeef9b` in the same VPC, by its private DNS",
        "leads to central endpoint `vpce-0d7e07fbf5cd48ece`, by private hosted zone",
        // Where the laboratory is not: what lacks, then each hop.
        "has public addresses: endpoint `vpce-044349e7a6bbcc594` is in the VPC, but its private DNS is off",
        "then   route table rtb-0b2fe153db8eeba49\n      then   NAT gateway nat-0706462bc45d14140",
        "all ways to Bedrock: ",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn production_is_private_end_to_end() {
    let room = Room::new();
    let told = network(&room, &["--account", PRODUCTION, "--format", "json"]).expect_code(0).stdout;
    let told: Value = serde_json::from_str(&told).expect("one JSON object");
    let workloads = told["workloads"].as_array().unwrap();
    assert!(workloads.len() >= 3 && workloads.iter().all(|w| w["account"] == PRODUCTION), "{told}");
    for way in workloads.iter().flat_map(|w| w["ways"].as_array().unwrap()) {
        assert_eq!(way["comes_to"], "private", "{way}");
        assert!(!way["from"].as_array().unwrap().is_empty() && !way["hops"].as_array().unwrap().is_empty(), "{way}");
    }
}
