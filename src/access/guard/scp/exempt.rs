//! Whom a guard of Regions lets through beyond the principals that it names.
//!
//! In: an SCP with what stands around it. Out: a principal that slips past although it is neither named in full nor one of the scope's
//! security principals, with the pattern or tag that exempts it.

use super::super::undecided;
use super::{Place, Sole, flaw, in_region, who};
use crate::facts::{NodeId, Value};
use crate::iam::condition::Condition;
use crate::iam::policy::Effect;
use crate::iam::request::Context;
use crate::iam::truth::Truth;
use crate::world::World;

/// Principals beyond the named ones whom the guard lets through.
pub(super) fn exemptions(world: &World, sole: &Sole, place: &Place, action: &str, region: &str) -> Vec<Value> {
    let patterns = principal_patterns(sole);
    let mut named: Vec<String> = patterns.iter().filter(|(text, _)| is_named(text)).map(|(text, _)| text.clone()).collect();
    named.extend(place.scope.security_principals.iter().map(|p| p.to_string()));
    named.push("arn:*:iam::*:role/aws-service-role/*".to_owned());
    let own = ["role", "user"].map(|kind| format!("arn:aws:iam::{}:{kind}/*", place.account));
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let (Some(inside), Some(outside), Some(who)) =
        (Condition::new("ArnLike", "aws:PrincipalArn", &own), Condition::new("ArnLike", "aws:PrincipalArn", &named), who(place))
    else {
        return vec![undecided()];
    };
    let asked = in_region(action, region, place);
    let examples = examples(world, &patterns, &place.account);
    let asked = asked.of_anybody(vec![(inside, true), (outside, false)], examples);
    match sole.slips(&asked, place, &who) {
        Ok(None) => Vec::new(),
        Err(why) => vec![Value::Unknown(why)],
        Ok(Some(witness)) => {
            let key = |name: &str| witness.context.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
            let arn = key("aws:PrincipalArn").unwrap_or_default();
            let tag = witness.context.iter().find(|(key, _)| key.to_ascii_lowercase().starts_with("aws:principaltag/"));
            let (what, part, at) = match tag {
                Some((key, value)) => {
                    let what = format!("every principal that carries the tag `{key}` = `{value}`");
                    (what, key.clone(), at_key(sole, key))
                }
                None => (format!("`{arn}`, whom it does not name"), String::new(), at_pattern(sole, &arn)),
            };
            let part = if part.is_empty() { pattern_of(sole, &arn).unwrap_or(arn) } else { part };
            vec![flaw("exemption", what, &part, place, &witness, at)]
        }
    }
}

/// The values of conditions on `aws:PrincipalArn` in Deny statements.
fn principal_patterns(sole: &Sole) -> Vec<(String, NodeId)> {
    let denials = sole.held.policy.statements.iter().filter(|s| s.effect == Effect::Deny);
    let conditions = denials.flat_map(|s| &s.conditions).filter(|c| c.lower_key() == "aws:principalarn");
    let values = conditions.flat_map(|c| &c.values);
    values.filter_map(|v| Some((v.text.to_string(), sole.node(v.mark)?))).collect()
}

fn covers(pattern: &str, arn: &str) -> bool {
    let mut context = Context::closed();
    context.set("aws:PrincipalArn", [arn]);
    Condition::new("ArnLike", "aws:PrincipalArn", &[pattern]).is_some_and(|c| c.holds(&context) == Truth::True)
}

fn pattern_of(sole: &Sole, arn: &str) -> Option<String> {
    principal_patterns(sole).into_iter().map(|(text, _)| text).find(|text| covers(text, arn))
}

fn at_pattern(sole: &Sole, arn: &str) -> Vec<NodeId> {
    let all = principal_patterns(sole);
    let covering: Vec<NodeId> = all.iter().filter(|(text, _)| covers(text, arn)).map(|(_, node)| *node).collect();
    if covering.is_empty() { all.into_iter().map(|(_, node)| node).collect() } else { covering }
}

fn at_key(sole: &Sole, key: &str) -> Vec<NodeId> {
    let conditions = sole.held.policy.statements.iter().flat_map(|s| &s.conditions);
    conditions.filter(|c| c.lower_key() == key.to_ascii_lowercase()).filter_map(|c| sole.node(c.key_mark)).collect()
}

/// A pattern that one role or user can meet in an account: no wildcard in its name, or the random end of a permission set's role,
/// on a path where only AWS makes roles.
fn is_named(pattern: &str) -> bool {
    let Some((_, rest)) = pattern.split_once(":iam::") else { return false };
    let Some((_, name)) = rest.split_once(':') else { return false };
    if !name.contains(['*', '?']) {
        return true;
    }
    let Some(path) = name.strip_prefix("role/aws-reserved/sso.amazonaws.com/") else { return false };
    let last = path.rsplit('/').next().unwrap_or(path);
    let Some(set) = last.trim_start_matches('*').strip_prefix("AWSReservedSSO_") else { return false };
    set.strip_suffix("_*").is_some_and(|set| !set.is_empty() && !set.contains(['*', '?']))
}

/// Principals to prefer in a witness: loaded ones that the patterns exempt, then a plain name for each pattern.
fn examples(world: &World, patterns: &[(String, NodeId)], account: &str) -> Vec<String> {
    let loaded = ["iam-role", "iam-user"].iter().flat_map(|kind| world.facts.of_kind_in(kind, account));
    let mut out: Vec<String> = loaded
        .filter_map(|id| world.facts.get(*id))
        .map(|f| f.id.to_string())
        .filter(|arn| patterns.iter().any(|(text, _)| covers(text, arn)))
        .take(20)
        .collect();
    out.extend(patterns.iter().filter_map(|(text, _)| {
        let (_, rest) = text.split_once(":iam::")?;
        let (_, name) = rest.split_once(':')?;
        let name = if name == "*" { "role/any-role" } else { name };
        Some(format!("arn:aws:iam::{account}:{}", name.replace(['*', '?'], "x")))
    }));
    out.push(format!("arn:aws:iam::{account}:role/any-role"));
    out
}
