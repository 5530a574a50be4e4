//! EKS: the roles that pods of a cluster run as, and the subnets that they stand in.
//!
//! In: a cluster. Out: roles whose trust policy lets in the cluster's identity provider (IAM roles for service accounts) or EKS Pod
//! Identity; the subnets of its nodes and of its pods' interfaces. The role of a node is judged with its instance.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::interface::Callers;
use super::workload::{Place, Roles};
use crate::facts::{FactId, Reason, Value, Why};
use crate::world::World;

const PODS: &str = "pods.eks.amazonaws.com";

/// The roles that pods run as: those that may call Bedrock.
pub(super) fn roles(world: &World, cluster: FactId) -> Result<Roles, Arc<Why>> {
    let facts = &world.facts;
    let Some(fact) = facts.get(cluster) else { return Ok(Roles::default()) };
    let issuer = facts.text_at(cluster, &["identity", "oidc", "issuer"])?.unwrap_or_default();
    let issuer = issuer.trim_start_matches("https://");
    let only =
        facts.of_kind("eks-cluster").iter().filter(|c| facts.get(**c).is_some_and(|c| c.account == fact.account)).count() == 1;
    let mut roles = Roles::default();
    for caller in Callers::of(world).in_account(world, fact.account.as_deref()) {
        let by_provider = !issuer.is_empty() && caller.providers.iter().any(|p| p.ends_with(&format!(":oidc-provider/{issuer}")));
        let by_identity = caller.services.iter().any(|service| &**service == PODS);
        if by_provider || by_identity && only {
            roles.sure.push(caller.role);
        } else if by_identity {
            let name = facts.get(caller.role).map_or_else(String::new, |f| f.name.to_string());
            let text = format!("in which cluster of the account pods run as role `{name}`, by EKS Pod Identity, is not read");
            roles.maybe.push((caller.role, Why::new(Reason::Undecided, text)));
        }
    }
    Ok(roles)
}

/// The subnets of a cluster's nodes and pods; where none of these was loaded, those that its control plane reaches them from.
pub(super) fn place(world: &World, cluster: FactId) -> Result<Place, Arc<Why>> {
    let key = world.facts.get(cluster).map(|f| (f.account.clone(), f.region.clone(), f.name.to_string())).unwrap_or_default();
    match world.memo_kept(Nodes::of).0.get(&key) {
        Some(Ok(subnets)) => Ok(Place::Subnets(subnets.iter().copied().collect())),
        Some(Err(why)) => Err(why.clone()),
        None => world.facts.follow(cluster, "subnets").map(Place::Subnets),
    }
}

/// Account, Region and name of a cluster.
type Key = (Option<Arc<str>>, Option<Arc<str>>, String);

/// The subnets of nodes and pods, by cluster.
#[derive(Debug)]
struct Nodes(HashMap<Key, Result<BTreeSet<FactId>, Arc<Why>>>);

impl Nodes {
    fn of(world: &World) -> Self {
        let mut out: HashMap<Key, Result<BTreeSet<FactId>, Arc<Why>>> = HashMap::new();
        for (kind, tags) in [("ec2-instance", "Tags"), ("network-interface", "TagSet")] {
            for &fact in world.facts.of_kind(kind) {
                let names = names(world, fact, tags);
                let Some(home) = world.facts.get(fact).filter(|_| !names.is_empty()) else { continue };
                let subnets = world.facts.follow(fact, "subnet");
                for name in names {
                    let of = out.entry((home.account.clone(), home.region.clone(), name)).or_insert_with(|| Ok(BTreeSet::new()));
                    match (of.as_mut(), &subnets) {
                        (Ok(all), Ok(subnets)) => all.extend(subnets),
                        (Ok(_), Err(why)) => *of = Err(why.clone()),
                        (Err(_), _) => {}
                    }
                }
            }
        }
        Self(out)
    }
}

/// The clusters that the tags of a node or an interface name.
pub(super) fn names(world: &World, fact: FactId, field: &str) -> Vec<String> {
    const NAMED: [&str; 3] = ["aws:eks:cluster-name", "eks:cluster-name", "cluster.k8s.amazonaws.com/name"];
    let facts = &world.facts;
    let mut out = Vec::new();
    for tag in facts.list_in(&Value::Fact(fact), &[field]).unwrap_or_default() {
        let text = |key: &str| facts.text_in(&tag, &[key]).ok().flatten().unwrap_or_default();
        let key = text("Key");
        if let Some(name) = key.strip_prefix("kubernetes.io/cluster/") {
            out.push(name.to_owned());
        } else if NAMED.contains(&key.as_str()) {
            out.push(text("Value"));
        }
    }
    out
}
