//! The functions that rules may call: one table, which the evaluator, the static check and the author's
//! guide read.
//!
//! In: arguments that are known. Out: a value, or the reason why it cannot be told. A new function is one
//! entry in [`FUNCTIONS`] and one Rust function. `x.f(y)` and `f(x, y)` are the same call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use regex::Regex;

use super::data::{Data, Shape, Unknown};
use super::eval::Env;
use crate::config::glob;
use crate::facts::{Reason, Value};

/// A function's description and implementation.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// `(name, type)` of each parameter, types in the notation of [`crate::facts::shape`].
    pub params: &'static [(&'static str, &'static str)],
    /// The type of its result.
    pub returns: &'static str,
    /// One or two sentences for the author's guide.
    pub doc: &'static str,
    /// Computes it; the number of arguments was checked when the rule was loaded.
    pub call: fn(&Call<'_>) -> Result<Value, Unknown>,
}

/// One call.
#[derive(Debug)]
pub struct Call<'c> {
    /// World and scope.
    pub env: Env<'c>,
    /// Access to values.
    pub data: Data<'c>,
    /// The arguments, none unknown.
    pub args: &'c [Value],
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| f.name == name)
}

macro_rules! functions {
    ($($name:literal ($($param:literal: $ty:literal),*) -> $returns:literal, $call:expr, $doc:literal;)*) => {
        &[$(Function { name: $name, params: &[$(($param, $ty)),*], returns: $returns, doc: $doc, call: $call }),*]
    };
}

/// All functions, by name.
pub const FUNCTIONS: &[Function] = functions! {
    "arn_part"("arn": "string", "part": "string") -> "string", arn_part,
        "A part of an ARN: `partition`, `service`, `region`, `account` or `resource`; empty where the ARN leaves it empty, or where the text is not an ARN.";
    "contains"("text": "string", "part": "string") -> "bool", |c| Ok(Value::Bool(c.text(0)?.contains(&c.text(1)?))),
        "True where `part` stands somewhere in `text`.";
    "count"("list": "any") -> "int", size,
        "How many elements a list has. The same as `size`.";
    "days_since"("moment": "any") -> "int", |c| Ok(Value::Int(c.days()?)),
        "Whole days from `moment` (RFC 3339 text, a date, or seconds or milliseconds since 1970) to the date of the scan; negative in the future.";
    "days_until"("moment": "any") -> "int", |c| Ok(Value::Int(-c.days()?)),
        "Whole days from the date of the scan to `moment`; negative in the past.";
    "endsWith"("text": "string", "end": "string") -> "bool", |c| Ok(Value::Bool(c.text(0)?.ends_with(&c.text(1)?))),
        "True where `text` ends with `end`.";
    "flatten"("lists": "list<any>") -> "list<any>", flatten,
        "One list of the elements of all lists.";
    "glob"("text": "string", "pattern": "string") -> "bool", |c| Ok(Value::Bool(glob::matches(&c.text(1)?, &c.text(0)?))),
        "True where the pattern matches the whole text, as IAM matches resources: `*` is any run of characters, `?` any one, everything else itself, case counts.";
    "int"("value": "any") -> "int", int,
        "The number that a text holds, for APIs that answer numbers as text.";
    "is_arn"("text": "string") -> "bool", |c| Ok(Value::Bool(arn(&c.text(0)?).is_some())),
        "True where the text has the form of an ARN.";
    "join"("list": "any", "separator": "string") -> "string", join,
        "The elements as text, the separator between them.";
    "lower"("text": "string") -> "string", |c| Ok(Value::str(c.text(0)?.to_lowercase())),
        "The text in lower case.";
    "matches"("text": "string", "regex": "string") -> "bool", matches,
        "True where the regular expression matches somewhere in the text (Rust `regex` syntax: no look-around, linear time).";
    "model_approved"("model": "string") -> "bool", |c| Ok(Value::Bool(c.env.scope.approves_model(&c.text(0)?))),
        "True where the scope approves the model id, or declares no `approved_models`.";
    "region_approved"("region": "string") -> "bool", |c| Ok(Value::Bool(c.env.scope.approves_region(&c.text(0)?))),
        "True where the Region is one of the scope's `approved_regions`.";
    "shell"("text": "string") -> "string", |c| Ok(Value::str(shell(&c.text(0)?))),
        "The text as one word of a command that may be pasted into a shell, quoted where it needs to be.";
    "size"("value": "any") -> "int", size,
        "How many elements a list has, or characters a text.";
    "split"("text": "string", "separator": "string") -> "list<string>", split,
        "The parts of the text between the separators.";
    "startsWith"("text": "string", "start": "string") -> "bool", |c| Ok(Value::Bool(c.text(0)?.starts_with(&c.text(1)?))),
        "True where `text` starts with `start`.";
    "text"("value": "any") -> "string", |c| Ok(Value::str(c.data.text(c.arg(0)))),
        "What a message prints for a value: a scalar as it is, a fact's name, a list's elements with commas.";
};

impl Call<'_> {
    fn arg(&self, i: usize) -> &Value {
        self.args.get(i).unwrap_or(&Value::Null)
    }

    fn text(&self, i: usize) -> Result<String, Unknown> {
        match self.data.shape(self.arg(i))? {
            Shape::Str(text) => Ok(text.into_owned()),
            other => Err(wrong(&other, "a string")),
        }
    }

    /// Days from the argument to the date of the scan.
    fn days(&self) -> Result<i64, Unknown> {
        let then = match self.data.shape(self.arg(0))? {
            Shape::Str(text) => moment(&text),
            Shape::Int(i) => epoch(i),
            #[expect(clippy::cast_possible_truncation, reason = "a cast to i64 saturates, and far dates are no timestamps")]
            Shape::Double(d) => epoch(d as i64),
            other => return Err(wrong(&other, "a moment")),
        };
        let Some(then) = then else {
            let text = self.data.text(self.arg(0));
            return Err(Unknown::new(Reason::Failed, format!("`{text}` is not a date or time")));
        };
        let seconds = self.env.world.now.as_second().saturating_sub(then.as_second());
        Ok(seconds.div_euclid(86_400))
    }
}

fn wrong(found: &Shape<'_>, expected: &str) -> Unknown {
    Unknown::new(Reason::Undecided, format!("{} stands where {expected} is expected", found.word()))
}

fn moment(text: &str) -> Option<Timestamp> {
    let date = |t: &str| t.parse::<jiff::civil::Date>().ok();
    let midnight = |d: jiff::civil::Date| d.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp());
    text.parse().ok().or_else(|| date(text).and_then(midnight))
}

/// AWS gives seconds, CloudWatch Logs milliseconds.
fn epoch(n: i64) -> Option<Timestamp> {
    if n.unsigned_abs() >= 100_000_000_000 { Timestamp::from_millisecond(n).ok() } else { Timestamp::from_second(n).ok() }
}

/// The five parts after `arn:`.
fn arn(text: &str) -> Option<[&str; 5]> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?])
}

fn arn_part(call: &Call<'_>) -> Result<Value, Unknown> {
    let (text, part) = (call.text(0)?, call.text(1)?);
    let [partition, service, region, account, resource] = arn(&text).unwrap_or_default();
    Ok(Value::str(match part.as_str() {
        "partition" => partition,
        "service" => service,
        "region" => region,
        "account" => account,
        "resource" => resource,
        _ => return Err(Unknown::new(Reason::Undecided, format!("`{part}` is not a part of an ARN"))),
    }))
}

/// The parts that [`arn_part`] knows, for the static check.
pub const ARN_PARTS: [&str; 5] = ["partition", "service", "region", "account", "resource"];

/// Bare where every character is harmless, else in single quotes; control characters are left out.
fn shell(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(bare) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn size(call: &Call<'_>) -> Result<Value, Unknown> {
    let value = call.arg(0);
    let n = match call.data.shape(value)? {
        Shape::Str(text) => text.chars().count(),
        Shape::List => {
            let items = call.data.items(value)?;
            if let Some(Value::Unknown(why)) = items.iter().find(|v| matches!(v, Value::Unknown(_))) {
                return Err(why.clone().into());
            }
            items.len()
        }
        other => return Err(wrong(&other, "a list or a string")),
    };
    Ok(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
}

fn flatten(call: &Call<'_>) -> Result<Value, Unknown> {
    let mut all = Vec::new();
    for list in call.data.items(call.arg(0))? {
        match list {
            Value::Unknown(_) => all.push(list),
            known => all.extend(call.data.items(&known)?),
        }
    }
    Ok(Value::list(all))
}

fn int(call: &Call<'_>) -> Result<Value, Unknown> {
    match call.data.shape(call.arg(0))? {
        Shape::Int(i) => Ok(Value::Int(i)),
        Shape::Str(text) => text
            .trim()
            .parse()
            .map(Value::Int)
            .map_err(|_| Unknown::new(Reason::Failed, format!("`{text}` is not a whole number"))),
        other => Err(wrong(&other, "a number")),
    }
}

fn join(call: &Call<'_>) -> Result<Value, Unknown> {
    let separator = call.text(1)?;
    let items = call.data.items(call.arg(0))?;
    Ok(Value::str(items.iter().map(|v| call.data.text(v)).collect::<Vec<_>>().join(&separator)))
}

fn split(call: &Call<'_>) -> Result<Value, Unknown> {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    Ok(Value::list(text.split(&separator).map(Value::str).collect()))
}

/// Compiled once per world.
#[derive(Debug, Default)]
struct Regexes(Mutex<HashMap<String, Option<Arc<Regex>>>>);

fn matches(call: &Call<'_>) -> Result<Value, Unknown> {
    let (text, pattern) = (call.text(0)?, call.text(1)?);
    let cache = call.env.world.memo(|_| Regexes::default());
    let regex = {
        let mut known = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&pattern) {
            Some(regex) => regex.clone(),
            None => known.entry(pattern.clone()).or_insert(Regex::new(&pattern).ok().map(Arc::new)).clone(),
        }
    };
    match regex {
        Some(regex) => Ok(Value::Bool(regex.is_match(&text))),
        None => Err(Unknown::new(Reason::Undecided, format!("`{pattern}` is not a regular expression"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_its_types_parse() {
        let names: Vec<_> = FUNCTIONS.iter().map(|f| f.name).collect();
        let mut sorted = names.clone();
        sorted.sort_by_key(|n| n.to_lowercase());
        sorted.dedup();
        assert_eq!(names, sorted);
        for f in FUNCTIONS {
            assert!(crate::facts::shape::Type::parse(f.returns).is_some(), "{}", f.name);
            assert!(f.params.iter().all(|(_, t)| crate::facts::shape::Type::parse(t).is_some()), "{}", f.name);
        }
    }

    #[test]
    fn words_of_a_shell_command() {
        assert_eq!(shell("arn:aws:iam::1:role/a+b=c,d.e@f_g-h"), "arn:aws:iam::1:role/a+b=c,d.e@f_g-h");
        assert_eq!(shell("a$(id)"), "'a$(id)'");
        assert_eq!(shell("it's\n"), r"'it'\''s'");
        assert_eq!((shell("--force"), shell("")), ("'--force'".to_owned(), "''".to_owned()));
    }

    #[test]
    fn arns_and_moments() {
        assert_eq!(arn("arn:aws:iam::111122223333:role/a:b"), Some(["aws", "iam", "", "111122223333", "role/a:b"]));
        assert_eq!(arn("arn:aws:iam"), None);
        let day = moment("2026-11-22").unwrap();
        assert_eq!(moment("2026-11-22T00:00:00Z"), Some(day));
        assert_eq!(moment("2026-11-21T21:00:00-03:00"), Some(day));
        assert_eq!((epoch(day.as_second()), epoch(day.as_millisecond())), (Some(day), Some(day)));
        assert_eq!(moment("yesterday"), None);
    }
}
