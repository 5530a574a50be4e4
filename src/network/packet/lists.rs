//! Prefix lists: the blocks of addresses that a route or a rule names by a list.

use std::sync::Arc;

use ipnet::IpNet;

use crate::facts::{FactId, Reason, Value, Why};
use crate::world::World;

/// The blocks of a prefix list, as the account and Region of `near` see it.
///
/// # Errors
/// The reason, where its entries were not loaded or cannot be read.
pub(in super::super) fn blocks(world: &World, list: &str, near: FactId) -> Result<Vec<IpNet>, Arc<Why>> {
    let facts = &world.facts;
    let place = facts.get(near);
    let (account, region) = (place.and_then(|f| f.account.as_deref()), place.and_then(|f| f.region.as_deref()));
    let found = facts.by_key("prefix-list", list, account, region).or_else(|| facts.by_key("prefix-list", list, None, region));
    let Some(found) = found else {
        return Err(Why::new(Reason::NotLoaded, format!("what prefix list `{list}` holds was not loaded")));
    };
    let mut out = Vec::new();
    for entry in facts.list_in(&Value::Fact(found), &["entries"])? {
        let cidr = facts.text_in(&entry, &["Cidr"])?.unwrap_or_default();
        out.push(block(&cidr)?);
    }
    Ok(out)
}

/// A block of addresses as AWS writes it.
///
/// # Errors
/// The reason, where it is none.
pub(in super::super) fn block(cidr: &str) -> Result<IpNet, Arc<Why>> {
    let unread = || Why::new(Reason::Failed, format!("`{cidr}` is not a block of addresses"));
    cidr.parse::<IpNet>().map(|net| net.trunc()).map_err(|_| unread())
}
