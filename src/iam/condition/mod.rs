//! The `Condition` element: operators, qualifiers, and what follows from a context that is known only in part.
//!
//! In: a compiled [`Condition`] and a request's context. Out: a [`Truth`].
//! One file per family of operators holds how one policy value compares with one request value; this file holds
//! what all share: negation, several values, absent keys, `IfExists`, `ForAllValues`, `ForAnyValue`, unknown keys.
//! Sources: IAM user guide, "AWS JSON policy elements: Condition operators" and "Multivalued context keys".
//! Never: a value that cannot be read as the operator's type taken for a match or for none.

mod arn;
mod binary;
mod boolean;
pub(crate) mod date;
pub(crate) mod ip;
mod null;
pub(crate) mod numeric;
mod string;

use super::glob::Glob;
use super::pattern::{Expanded, Part, Pattern, Reading};
use super::request::{Context, Known};
use super::tree::Mark;
use super::truth::Truth;

/// How one policy value is compared with one value of the request, before negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `StringEquals`, `StringNotEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`, `StringNotEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`, `StringNotLike`.
    StringLike,
    /// `NumericEquals`, `NumericNotEquals`.
    NumericEquals,
    /// `NumericLessThan`.
    NumericLessThan,
    /// `NumericLessThanEquals`.
    NumericLessThanEquals,
    /// `NumericGreaterThan`.
    NumericGreaterThan,
    /// `NumericGreaterThanEquals`.
    NumericGreaterThanEquals,
    /// `DateEquals`, `DateNotEquals`.
    DateEquals,
    /// `DateLessThan`.
    DateLessThan,
    /// `DateLessThanEquals`.
    DateLessThanEquals,
    /// `DateGreaterThan`.
    DateGreaterThan,
    /// `DateGreaterThanEquals`.
    DateGreaterThanEquals,
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    BinaryEquals,
    /// `IpAddress`, `NotIpAddress`.
    IpAddress,
    /// `ArnEquals` and `ArnLike`, which are the same, and their negations.
    ArnLike,
    /// `Null`.
    Null,
}

/// `ForAllValues:` or `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// Every value of the request must pass; true without any.
    ForAllValues,
    /// Some value of the request must pass; false without any.
    ForAnyValue,
}

/// A condition operator with its qualifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The comparison.
    pub comparison: Comparison,
    /// `…Not…`.
    pub negated: bool,
    /// `ForAllValues:` / `ForAnyValue:`.
    pub set: Option<SetOperator>,
    /// `…IfExists`.
    pub if_exists: bool,
}

impl Operator {
    /// Reads an operator's name; AWS takes it in any case.
    pub fn parse(name: &str) -> Option<Self> {
        use Comparison as C;
        let lower = name.to_ascii_lowercase();
        let (set, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Some(SetOperator::ForAllValues), rest),
            Some(("foranyvalue", rest)) => (Some(SetOperator::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, &*lower),
        };
        let (base, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |base| (base, true));
        let (comparison, negated) = match base {
            "stringequals" => (C::StringEquals, false),
            "stringnotequals" => (C::StringEquals, true),
            "stringequalsignorecase" => (C::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (C::StringEqualsIgnoreCase, true),
            "stringlike" => (C::StringLike, false),
            "stringnotlike" => (C::StringLike, true),
            "numericequals" => (C::NumericEquals, false),
            "numericnotequals" => (C::NumericEquals, true),
            "numericlessthan" => (C::NumericLessThan, false),
            "numericlessthanequals" => (C::NumericLessThanEquals, false),
            "numericgreaterthan" => (C::NumericGreaterThan, false),
            "numericgreaterthanequals" => (C::NumericGreaterThanEquals, false),
            "dateequals" => (C::DateEquals, false),
            "datenotequals" => (C::DateEquals, true),
            "datelessthan" => (C::DateLessThan, false),
            "datelessthanequals" => (C::DateLessThanEquals, false),
            "dategreaterthan" => (C::DateGreaterThan, false),
            "dategreaterthanequals" => (C::DateGreaterThanEquals, false),
            "bool" => (C::Bool, false),
            "binaryequals" => (C::BinaryEquals, false),
            "ipaddress" => (C::IpAddress, false),
            "notipaddress" => (C::IpAddress, true),
            "arnequals" | "arnlike" => (C::ArnLike, false),
            "arnnotequals" | "arnnotlike" => (C::ArnLike, true),
            "null" if !if_exists => (C::Null, false),
            _ => return None,
        };
        Some(Self { comparison, negated, set, if_exists })
    }

    /// Whether values of this operator may hold policy variables (the string and ARN operators).
    pub(crate) fn takes_variables(self) -> bool {
        matches!(
            self.comparison,
            Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::StringLike | Comparison::ArnLike
        )
    }
}

/// A policy value, compiled for its operator.
#[derive(Debug, Clone)]
pub struct Value {
    /// As written.
    pub text: Box<str>,
    /// Its node.
    pub mark: Mark,
    pub(crate) compiled: Compiled,
}

#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    Text(Pattern),
    Arn(arn::ArnPattern),
    Number(numeric::Number),
    Date(i128),
    Bool(bool),
    Bytes(Vec<u8>),
    Net(ipnet::IpNet),
    /// A template function, or a text that is not of the operator's type.
    Unreadable,
}

impl Value {
    /// Compiles a value that stands in a policy whose version has variables, or not.
    pub(crate) fn new(operator: Operator, text: &str, mark: Mark, variables: bool) -> Self {
        let compiled = compile(operator.comparison, text, mark, variables && operator.takes_variables());
        Self { text: text.into(), mark, compiled: compiled.unwrap_or(Compiled::Unreadable) }
    }

    /// A template function; `template`: its text, where it is one in which `${…}` is replaced.
    pub(crate) fn unresolved(operator: Operator, function: &str, template: Option<&str>, mark: Mark, variables: bool) -> Self {
        let compiled = match (operator.comparison, template) {
            (Comparison::StringLike, Some(text)) => {
                Compiled::Text(Pattern::substituted(text, mark, Reading { wildcards: true, fold: false, variables }))
            }
            (Comparison::StringEquals, Some(text)) => {
                Compiled::Text(Pattern::substituted(text, mark, Reading { wildcards: false, fold: false, variables }))
            }
            _ => Compiled::Unreadable,
        };
        Self { text: template.unwrap_or(function).into(), mark, compiled }
    }

    /// True when nothing can be said of this value: a template function, or a text that is not of the operator's type.
    pub fn is_unreadable(&self) -> bool {
        match &self.compiled {
            Compiled::Unreadable => true,
            Compiled::Text(pattern) => pattern.has_hole(),
            _ => false,
        }
    }
}

/// The texts that a value of the string and ARN operators matches.
pub(crate) enum Texts {
    Glob(Glob),
    Arn(Box<[Glob; 6]>),
    /// A variable has no value.
    Nothing,
    /// Not known, or not a matter of texts.
    Beyond,
}

impl Value {
    /// What the value matches, its variables replaced by what the context has.
    pub(crate) fn texts(&self, context: &Context) -> Texts {
        match &self.compiled {
            // Beyond ASCII, case is not folded letter by letter.
            Compiled::Text(pattern) if pattern.folds() && !pattern.text.is_ascii() => Texts::Beyond,
            Compiled::Text(pattern) => match pattern.expanded(context) {
                Expanded::Known(glob) => Texts::Glob(glob),
                Expanded::NoValue => Texts::Nothing,
                Expanded::Partly(_) => Texts::Beyond,
            },
            Compiled::Arn(pattern) => pattern.texts(context),
            _ => Texts::Beyond,
        }
    }
}

fn compile(comparison: Comparison, text: &str, mark: Mark, variables: bool) -> Option<Compiled> {
    use Comparison as C;
    let pattern = |wildcards, fold| Compiled::Text(Pattern::new(text, mark, Reading { wildcards, fold, variables }));
    Some(match comparison {
        C::StringEquals => pattern(false, false),
        C::StringEqualsIgnoreCase => pattern(false, true),
        C::StringLike => pattern(true, false),
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => Compiled::Number(numeric::Number::parse(text)?),
        C::DateEquals | C::DateLessThan | C::DateLessThanEquals | C::DateGreaterThan | C::DateGreaterThanEquals => {
            Compiled::Date(date::parse(text)?)
        }
        C::Bool | C::Null => Compiled::Bool(boolean::parse(text)?),
        C::BinaryEquals => Compiled::Bytes(binary::decode(text)?),
        C::IpAddress => Compiled::Net(ip::parse_net(text)?),
        C::ArnLike => Compiled::Arn(arn::ArnPattern::new(text, variables)?),
    })
}

/// One operator, one key, its values.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The operator's name: a key in the policy.
    pub operator_mark: Mark,
    /// The context key as written.
    pub key: Box<str>,
    /// The key's node.
    pub key_mark: Mark,
    /// The values; any of them may match (for a negated operator, none may).
    pub values: Vec<Value>,
    /// The key in lower case.
    lower: Box<str>,
    /// Its hash, by which a context finds it.
    hash: u64,
}

impl Condition {
    /// A condition of a question, in version 2012-10-17: an operator's name, a key, and values.
    pub fn new(operator: &str, key: &str, values: &[&str]) -> Option<Self> {
        let operator = Operator::parse(operator)?;
        let mark = Mark::default();
        let values = values.iter().map(|value| Value::new(operator, value, mark, true)).collect();
        Some(Self::compiled((operator, mark), (key, mark), values))
    }

    /// From its parts; operator and key each with its node.
    pub(crate) fn compiled(
        (operator, operator_mark): (Operator, Mark),
        (key, key_mark): (&str, Mark),
        values: Vec<Value>,
    ) -> Self {
        let lower: Box<str> = key.to_ascii_lowercase().into();
        let hash = super::request::hash(&lower);
        Self { operator, operator_mark, key: key.into(), key_mark, values, lower, hash }
    }

    /// Whether the condition holds.
    pub fn holds(&self, context: &Context) -> Truth {
        match context.look_up(self.hash, &self.lower) {
            Known::Values(values) => self.of_values(values, context),
            Known::Absent => self.of_absent(),
            Known::Present => self.of_any_value(),
            Known::Unknown => self.of_absent().either(self.of_any_value()),
        }
    }

    /// The key in lower case, as contexts name it.
    pub fn lower_key(&self) -> &str {
        &self.lower
    }

    /// Whether one of the policy's values matches a value of the request, before negation.
    pub(crate) fn matches_one(&self, given: &str, context: &Context) -> Truth {
        Truth::any(self.values.iter().map(|v| compare(self.operator.comparison, v, given, context)))
    }

    fn of_values(&self, given: &[Box<str>], context: &Context) -> Truth {
        if self.operator.comparison == Comparison::Null {
            return null::holds(&self.values, true);
        }
        let one = |value: &str| {
            let matched = self.matches_one(value, context);
            if self.operator.negated { !matched } else { matched }
        };
        match (self.operator.set, given) {
            (Some(SetOperator::ForAllValues), _) => Truth::all(given.iter().map(|v| one(v))),
            (Some(SetOperator::ForAnyValue), _) => Truth::any(given.iter().map(|v| one(v))),
            (None, [value]) => one(value),
            // Several values without a set operator: AWS does not say which of the two is meant.
            (None, _) => Truth::all(given.iter().map(|v| one(v))).either(Truth::any(given.iter().map(|v| one(v)))),
        }
    }

    /// The key is not in the request.
    pub(crate) fn of_absent(&self) -> Truth {
        if self.operator.comparison == Comparison::Null {
            return null::holds(&self.values, false);
        }
        match (self.operator.set, self.operator.if_exists) {
            (Some(SetOperator::ForAllValues), _) | (None, true) => Truth::True,
            (Some(SetOperator::ForAnyValue), false) => Truth::False,
            // The documentation of `IfExists` says true, that of `ForAnyValue` says false.
            (Some(SetOperator::ForAnyValue), true) => Truth::Unknown,
            (None, false) => self.operator.negated.into(),
        }
    }

    /// The key is in the request with a value of which nothing is known.
    pub(crate) fn of_any_value(&self) -> Truth {
        if self.operator.comparison == Comparison::Null {
            return null::holds(&self.values, true);
        }
        let matched = if self.values.is_empty() {
            Truth::False
        } else if covers_every_value(self.operator.comparison, &self.values) {
            Truth::True
        } else {
            Truth::Unknown
        };
        if self.operator.negated { !matched } else { matched }
    }
}

/// Whether any value that the key can have matches one of the policy's values.
fn covers_every_value(comparison: Comparison, values: &[Value]) -> bool {
    match comparison {
        Comparison::StringLike => values.iter().any(|v| matches!(&v.compiled, Compiled::Text(pattern) if pattern.is_any())),
        Comparison::Bool => {
            let has = |wanted| values.iter().any(|v| matches!(v.compiled, Compiled::Bool(b) if b == wanted));
            has(true) && has(false)
        }
        Comparison::IpAddress => ip::cover_everything(values),
        _ => false,
    }
}

fn compare(comparison: Comparison, value: &Value, given: &str, context: &Context) -> Truth {
    use Comparison as C;
    match (&value.compiled, comparison) {
        (Compiled::Unreadable, _) => Truth::Unknown,
        (Compiled::Text(pattern), C::StringEqualsIgnoreCase) => string::equals_ignoring_case(pattern, given, context),
        (Compiled::Text(pattern), _) => pattern.matches(given, context),
        (Compiled::Arn(pattern), _) => pattern.matches(given, context),
        (Compiled::Number(number), _) => numeric::compare(comparison, number, given),
        (Compiled::Date(instant), _) => date::compare(comparison, *instant, given),
        (Compiled::Bool(expected), _) => boolean::compare(*expected, given),
        (Compiled::Bytes(bytes), _) => binary::compare(bytes, given),
        (Compiled::Net(net), _) => ip::compare(net, given),
    }
}

/// The variables (lower-case keys) that a value refers to.
pub(crate) fn variables_of(value: &Value) -> Vec<&str> {
    match &value.compiled {
        Compiled::Text(pattern) => pattern.variables().collect(),
        Compiled::Arn(pattern) => pattern
            .parts()
            .filter_map(|part| match part {
                Part::Variable { key, .. } => Some(&**key),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
