//! Strangers: accounts that are neither of the organisation, nor loaded, nor trusted, and the requests they make.
//!
//! In: the world and an account or a name in a policy. Out: whether it is a stranger's, and the context that its request carries.
//! Never: an account taken for a stranger's, or for one's own, where no organisation was loaded and nothing else tells.

use std::sync::Arc;

use crate::facts::{FactId, Reason, Why};
use crate::iam::request::Context;
use crate::world::World;

/// An organisation and an account that nobody has.
const ORGANIZATION: &str = "o-ffffffffff";
const ACCOUNT: &str = "999999999999";

/// Whether `account` is somebody else's, as seen from `own`.
///
/// # Errors
/// Why it is not known.
pub(crate) fn is_stranger(world: &World, subject: FactId, own: &str, account: &str) -> Result<bool, Arc<Why>> {
    let known = |kind| world.facts.by_key(kind, account, None, None).is_some();
    let trusted = world.scope_of(subject).trusted_accounts.iter().any(|a| &**a == account);
    if account == own || trusted || known("organization-account") || known("account") {
        return Ok(false);
    }
    match world.facts.path_of(own) {
        Ok(_) => Ok(true),
        Err(why) => {
            let text = format!(
                "whether account {account} is of the same organisation is not known: {}; write it in `trusted_accounts` if it is trusted",
                why.text
            );
            Err(Why::new(Reason::NotLoaded, text))
        }
    }
}

/// What a stranger's request carries: no organisation's id, or another one's.
pub(in super::super) fn contexts() -> [Context; 2] {
    let mut member = Context::open();
    member.set("aws:PrincipalOrgID", [ORGANIZATION]);
    member.set("aws:PrincipalOrgPaths", [format!("{ORGANIZATION}/r-ffff/")]);
    let mut alone = Context::open();
    alone.set_absent("aws:PrincipalOrgID");
    alone.set_absent("aws:PrincipalOrgPaths");
    [alone, member]
}

/// What a service's request carries when it acts for a resource of a stranger's.
pub(in super::super) fn context_of_service() -> Context {
    let mut context = Context::open();
    context.set("aws:SourceAccount", [ACCOUNT]);
    context.set("aws:SourceArn", [format!("arn:aws:bedrock:us-east-1:{ACCOUNT}:resource/strangers")]);
    context.set("aws:SourceOrgID", [ORGANIZATION]);
    context.set("aws:SourceOrgPaths", [format!("{ORGANIZATION}/r-ffff/")]);
    context
}
