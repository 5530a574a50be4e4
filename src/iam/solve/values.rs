//! Is there a value of a context key that meets all conditions on it?
//!
//! In: conditions on one key, each to hold or to fail. Out: the key's absence, its values, or that there are none.
//! Texts by automata; numbers, dates and addresses by trying one of each cell that the policy's values cut their line
//! into; truth values by trying both. Never: "there is none" where operators of several types meet on one key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::strings::{Automaton, Clause, Found, shortest};
use crate::iam::condition::{Comparison, Compiled, Condition, SetOperator, Texts};
use crate::iam::glob::Glob;
use crate::iam::request::Context;
use crate::iam::truth::Truth;

/// What a key is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Assigned {
    Absent,
    Values(Vec<String>),
}

/// A condition that is to hold, or to fail.
pub(super) type Demand<'c> = (&'c Condition, bool);

/// A demand on a single value: it matches one of the condition's values, or none.
#[derive(Clone, Copy)]
struct OnValue<'c> {
    condition: &'c Condition,
    inside: bool,
}

/// Meets all demands on one key. `may_be_absent`: the key need not be in the request.
pub(super) fn assign(
    demands: &[Demand<'_>],
    may_be_absent: bool,
    examples: &[String],
    context: &Context,
    work: &mut usize,
) -> Found<Assigned> {
    let absence: Vec<Truth> = demands.iter().map(|(c, holds)| if *holds { c.of_absent() } else { !c.of_absent() }).collect();
    if may_be_absent && absence.iter().all(|t| *t == Truth::True) {
        return Found::Some(Assigned::Absent);
    }
    let present = present(demands, examples, context, work);
    let absence_unknown = may_be_absent && Truth::all(absence) == Truth::Unknown;
    let key = demands.first().map_or("", |(condition, _)| &*condition.key);
    match present {
        Found::Nothing if absence_unknown => Found::Beyond(
            format!("AWS does not document what `ForAnyValue:` with `IfExists` says where `{key}` is not in the request").into(),
        ),
        other => other,
    }
}

fn present(demands: &[Demand<'_>], examples: &[String], context: &Context, work: &mut usize) -> Found<Assigned> {
    let (mut every, mut some, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for (condition, holds) in demands {
        let operator = condition.operator;
        if operator.comparison == Comparison::Null {
            let as_wanted = condition.of_any_value() == Truth::from(*holds);
            if !as_wanted {
                return Found::Nothing;
            }
            continue;
        }
        let on_value = OnValue { condition, inside: *holds != operator.negated };
        match (operator.set, holds) {
            (None, _) => plain.push(on_value),
            (Some(SetOperator::ForAllValues), true) | (Some(SetOperator::ForAnyValue), false) => every.push(on_value),
            _ => some.push(on_value),
        }
    }
    if plain.is_empty() {
        return several(&every, &some, examples, context, work);
    }
    // Conditions without a set operator are for keys with one value.
    let mixed = !every.is_empty() || !some.is_empty();
    plain.extend(every.into_iter().chain(some));
    match one(&plain, examples, context, work) {
        Found::Some(value) => Found::Some(Assigned::Values(vec![value])),
        Found::Nothing if mixed => {
            Found::Beyond(format!("`{}` is tested both as a key with one value and as one with several", key_of(&plain)).into())
        }
        Found::Nothing => Found::Nothing,
        Found::Beyond(why) => Found::Beyond(why),
    }
}

/// All values meet `every`, and for each of `some` there is one that meets it.
fn several(
    every: &[OnValue<'_>],
    some: &[OnValue<'_>],
    examples: &[String],
    context: &Context,
    work: &mut usize,
) -> Found<Assigned> {
    let mut values = Vec::new();
    let mut find = |demands: &[OnValue<'_>]| match one(demands, examples, context, work) {
        Found::Some(value) => {
            if !values.contains(&value) {
                values.push(value);
            }
            None
        }
        Found::Nothing => Some(Found::Nothing),
        Found::Beyond(why) => Some(Found::Beyond(why)),
    };
    if some.is_empty()
        && let Some(failed) = find(every)
    {
        return failed;
    }
    for wanted in some {
        let demands: Vec<OnValue<'_>> = every.iter().copied().chain([*wanted]).collect();
        if let Some(failed) = find(&demands) {
            return failed;
        }
    }
    Found::Some(Assigned::Values(values))
}

fn key_of<'c>(demands: &[OnValue<'c>]) -> &'c str {
    demands.first().map_or("", |demand| &demand.condition.key)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Text,
    Number,
    Date,
    Bool,
    Binary,
    Ip,
}

fn family(comparison: Comparison) -> Family {
    use Comparison as C;
    match comparison {
        C::StringEquals | C::StringEqualsIgnoreCase | C::StringLike | C::ArnLike => Family::Text,
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => Family::Number,
        C::DateEquals | C::DateLessThan | C::DateLessThanEquals | C::DateGreaterThan | C::DateGreaterThanEquals => Family::Date,
        C::Bool | C::Null => Family::Bool,
        C::BinaryEquals => Family::Binary,
        C::IpAddress => Family::Ip,
    }
}

/// One value that meets all demands.
fn one(demands: &[OnValue<'_>], examples: &[String], context: &Context, work: &mut usize) -> Found<String> {
    let meets = |value: &str| demands.iter().all(|d| d.condition.matches_one(value, context) == Truth::from(d.inside));
    if let Some(example) = examples.iter().find(|value| meets(value)) {
        return Found::Some(example.clone());
    }
    let mut families: Vec<Family> = demands.iter().map(|d| family(d.condition.operator.comparison)).collect();
    families.sort_unstable();
    families.dedup();
    let (candidates, complete) = match families[..] {
        [] => return Found::Some("example".into()),
        [Family::Text] => return text(demands, context, work),
        [single] => (candidates(single, demands), true),
        // A key that is tested as a truth value has no other values.
        _ if families.contains(&Family::Bool) => (candidates(Family::Bool, demands), true),
        _ => (families.iter().flat_map(|f| candidates(*f, demands)).collect(), false),
    };
    match candidates.into_iter().find(|value| meets(value)) {
        Some(value) => Found::Some(value),
        None if complete => Found::Nothing,
        None => Found::Beyond(format!("`{}` is tested under operators of several types", key_of(demands)).into()),
    }
}

/// At least one value of each cell that the demands tell apart.
fn candidates(family: Family, demands: &[OnValue<'_>]) -> Vec<String> {
    let values = || demands.iter().flat_map(|d| &d.condition.values);
    match family {
        Family::Text => values().map(|v| v.text.to_string()).collect(),
        Family::Bool => vec!["true".into(), "false".into()],
        Family::Binary => {
            // Longer than each of them.
            let longest = values().map(|v| v.text.len()).max().unwrap_or(0);
            values().map(|v| v.text.to_string()).chain(["A".repeat((longest / 4 + 1) * 4)]).collect()
        }
        Family::Number => numbers(values().map(|v| &*v.text)),
        Family::Date => {
            let mut instants: Vec<i128> =
                values().filter_map(|v| if let Compiled::Date(nanos) = v.compiled { Some(nanos) } else { None }).collect();
            instants.sort_unstable();
            let second = 1_000_000_000;
            instants.iter().flat_map(|n| [*n, n - second, n + second]).map(date_text).collect()
        }
        Family::Ip => {
            let nets = values().filter_map(|v| if let Compiled::Net(net) = v.compiled { Some(net) } else { None });
            let mut addresses: Vec<IpAddr> =
                nets.flat_map(|net| [Some(net.network()), after(net.broadcast())]).flatten().collect();
            addresses.extend([IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
            addresses.iter().map(IpAddr::to_string).collect()
        }
    }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_add(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(v6) => u128::from(v6).checked_add(1).map(|n| IpAddr::V6(n.into())),
    }
}

/// Each bound, and one number on each side of it that is nearer than any other bound. Keys whose bounds are whole
/// count something, so that only whole numbers are tried for them.
fn numbers<'v>(bounds: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut out = Vec::new();
    for bound in bounds {
        let bound = bound.trim();
        let step = bound.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        // Beyond a whole bound the next whole number; beyond a decimal one a digit further out.
        let digits = if step == 0 { 0 } else { step + 1 };
        let Some(scaled) = scale(bound, digits) else { continue };
        out.extend([scaled, scaled + 1, scaled - 1].map(|n| unscale(n, digits)));
    }
    // Counts are not negative: those first.
    out.sort_by_key(|n| n.starts_with('-'));
    out
}

fn scale(text: &str, digits: usize) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

fn unscale(number: i128, digits: usize) -> String {
    if digits == 0 {
        return number.to_string();
    }
    let (sign, number) = if number < 0 { ("-", number.unsigned_abs()) } else { ("", number.unsigned_abs()) };
    let text = format!("{number:0>width$}", width = digits + 1);
    let (whole, fraction) = text.split_at_checked(text.len() - digits).unwrap_or((&text, "0"));
    format!("{sign}{whole}.{fraction}")
}

fn date_text(nanos: i128) -> String {
    jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| (nanos / 1_000_000_000).to_string(), |t| t.to_string())
}

/// Demands of the string and ARN operators.
fn text(demands: &[OnValue<'_>], context: &Context, work: &mut usize) -> Found<String> {
    let meets = |value: &str| demands.iter().all(|d| d.condition.matches_one(value, context) == Truth::from(d.inside));
    let mut clauses = Vec::new();
    for demand in demands {
        let mut patterns = Vec::new();
        let mut literals = Some(Vec::new());
        for value in &demand.condition.values {
            match value.texts(context) {
                Texts::Nothing => {}
                Texts::Beyond => {
                    let (text, key) = (&value.text, &demand.condition.key);
                    return Found::Beyond(format!("the value `{text}` for the key `{key}` cannot be compared here").into());
                }
                Texts::Glob(glob) => {
                    match (&mut literals, literal(&glob)) {
                        (Some(all), Some(text)) => all.push(text),
                        _ => literals = None,
                    }
                    patterns.push(Automaton::of_glob(&glob));
                }
                Texts::Arn(parts) => {
                    literals = None;
                    patterns.push(Automaton::of_arn(&parts));
                }
            }
        }
        // One of a list of texts: try them all.
        if let (true, Some(all)) = (demand.inside, literals) {
            return all.into_iter().find(|text| meets(text)).map_or(Found::Nothing, Found::Some);
        }
        clauses.push(Clause { patterns, inside: demand.inside });
    }
    let some = Clause { patterns: vec![Automaton::of_glob(&Glob::new("?*", false))], inside: true };
    let wish: Vec<Clause> = clauses.iter().cloned().chain([some]).collect();
    preferring(&clauses, &[wish], work)
}

fn literal(glob: &Glob) -> Option<String> {
    let exact = glob.is_literal() && !glob.folds();
    exact.then(|| String::from_utf8_lossy(glob.bytes()).into_owned())
}

/// Meets the clauses, by the first wish that can be met: a wish holds clauses that together are narrower. A wish that cannot be met most often means that
/// nothing meets the clauses, so that is looked at before the next one.
pub(super) fn preferring(clauses: &[Clause], wishes: &[Vec<Clause>], work: &mut usize) -> Found<String> {
    let mut without: Option<(Found<String>, usize)> = None;
    for wish in wishes {
        if let Found::Some(text) = shortest(wish, &mut (*work).min(2_000)) {
            return Found::Some(text);
        }
        let (any, left) = without.get_or_insert_with(|| {
            let mut left = *work;
            (shortest(clauses, &mut left), left)
        });
        if *any == Found::Nothing {
            *work = *left;
            return Found::Nothing;
        }
    }
    match without {
        Some((any, left)) => {
            *work = left;
            any
        }
        None => shortest(clauses, work),
    }
}
