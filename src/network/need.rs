//! Needs: which endpoints of Bedrock a VPC needs, by what the roles of its workloads may call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::resolve::resolve;
use super::workload::{self, called_by};
use crate::access::Endpoint;
use crate::facts::{FactId, NodeId, Reason, Value, Why};
use crate::world::{Derived, ObjectType, World};

/// What a VPC needs.
pub(super) const NEED: ObjectType = ObjectType {
    name: "endpoint-need",
    fields: &[
        ("service", "string", "the endpoint service a workload in the VPC may call, such as `bedrock-runtime`"),
        ("service_name", "string", "its full name, such as `com.amazonaws.sa-east-1.bedrock-runtime`"),
        ("private", "bool", "whether its name resolves to a private endpoint in this VPC"),
        ("workloads", "list<any>", "the workloads whose roles may call it"),
        ("workload_names", "string", "their names, for messages"),
    ],
};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "vpc",
    name: "bedrock_needs",
    ty: "list<object:endpoint-need>",
    doc: "One element for each kind of Bedrock endpoint that the role of a workload in this VPC may call.",
    compute: needs,
}];

fn needs(world: &World, vpc: FactId) -> Value {
    let (workloads, doubts) = workloads_in(world, vpc);
    let mut by_service: BTreeMap<Endpoint, Vec<FactId>> = BTreeMap::new();
    let mut doubts: BTreeSet<Arc<Why>> = doubts.into_iter().collect();
    for workload in workloads {
        match called_by(world, workload) {
            Ok(called) => {
                called.sure.into_iter().for_each(|s| by_service.entry(s).or_default().push(workload));
                // Where the name leads to an endpoint it does not matter who calls it.
                let open = called.maybe.into_iter().filter(|(s, _)| !resolve(world, vpc, s.service()).is_ok_and(|r| r.private()));
                doubts.extend(open.map(|(_, why)| why));
            }
            Err(why) => doubts.extend([why]),
        }
    }
    let mut out: Vec<Value> = doubts.into_iter().map(Value::Unknown).collect();
    out.extend(by_service.into_iter().map(|(service, workloads)| need(world, vpc, service, &workloads)));
    Value::list(out)
}

fn need(world: &World, vpc: FactId, service: Endpoint, workloads: &[FactId]) -> Value {
    let facts = &world.facts;
    let region = facts.get(vpc).and_then(|f| f.region.clone()).unwrap_or_default();
    let private = match resolve(world, vpc, service.service()) {
        Ok(resolution) => Value::Bool(resolution.private()),
        Err(why) => Value::Unknown(why),
    };
    let named: Vec<_> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.name.to_string()).collect();
    let at: Vec<NodeId> = workloads.iter().filter_map(|w| facts.get(*w)).map(|f| f.node).collect();
    let fields = vec![
        ("service", Value::str(service.service())),
        ("service_name", Value::str(format!("com.amazonaws.{region}.{}", service.service()))),
        ("private", private),
        ("workloads", Value::list(workloads.iter().map(|w| workload::value(*w)).collect())),
        ("workload_names", Value::str(named.join(", "))),
    ];
    Value::object(fields, at)
}

/// An account and a Region, as far as they are known.
type Near = (Option<Arc<str>>, Option<Arc<str>>);

/// All workloads by the VPCs that their subnets lie in.
#[derive(Debug, Default)]
struct Placed {
    by_vpc: HashMap<FactId, Vec<FactId>>,
    /// Why the network of some is not known, by their account and Region.
    lost: HashMap<Near, Vec<Arc<Why>>>,
}

impl Placed {
    fn of(world: &World) -> Self {
        let mut placed = Self::default();
        for workload in workload::all(world) {
            match workload::vpcs(world, workload) {
                Ok(vpcs) => vpcs.into_iter().for_each(|vpc| placed.by_vpc.entry(vpc).or_default().push(workload)),
                // What surely calls nothing leaves no doubt, wherever it stands.
                Err(_) if called_by(world, workload).is_ok_and(|called| called.is_empty()) => {}
                Err(why) => {
                    let near = world.facts.get(workload).map(|w| (w.account.clone(), w.region.clone())).unwrap_or_default();
                    placed.lost.entry(near).or_default().push(why);
                }
            }
        }
        placed
    }
}

/// The workloads whose subnets lie in `vpc`, and why there may be more: a workload of the same account and Region whose
/// network is not known, or a kind of workload that nobody was allowed to list.
pub(super) fn workloads_in(world: &World, vpc: FactId) -> (Vec<FactId>, Vec<Arc<Why>>) {
    let (mut found, mut doubts) = (Vec::new(), Vec::new());
    let Some(home) = world.facts.get(vpc) else { return (found, doubts) };
    let placed = world.memo_kept(Placed::of);
    found.extend(placed.by_vpc.get(&vpc).into_iter().flatten());
    doubts.extend(placed.lost.get(&(home.account.clone(), home.region.clone())).into_iter().flatten().cloned());
    for kind in workload::kinds() {
        match world.facts.listed(kind, home.account.as_deref(), home.region.as_deref()) {
            Err(why) if matches!(why.reason, Reason::Denied | Reason::Failed) => doubts.push(why),
            _ => {}
        }
    }
    (found, doubts)
}
