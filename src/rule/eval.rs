//! Evaluation: an expression over a subject gives a value, or the reasons why it is not known.
//!
//! CEL's logic with unknowns: `false && unknown` is false, `true || unknown` is true, `exists` and `all`
//! alike; anything else that touches an unknown is unknown, with the reasons of every part that the answer
//! hangs on. Never: a panic, or a default in place of what is not known.

use std::sync::Arc;

use super::ast::{Expr, Fold, Node, Op};
use super::data::{Data, Shape, Unknown};
use super::functions;
use crate::config::Scope;
use crate::facts::{Reason, Value};
use crate::world::World;

/// A variable and the ones outside of it.
#[derive(Debug, Clone, Copy)]
pub struct Vars<'a> {
    name: &'a str,
    value: &'a Value,
    outer: Option<&'a Vars<'a>>,
}

impl<'a> Vars<'a> {
    /// One more variable in front of the others.
    pub fn with(name: &'a str, value: &'a Value, outer: Option<&'a Vars<'a>>) -> Self {
        Self { name, value, outer }
    }

    fn find(&self, name: &str) -> Option<&'a Value> {
        if self.name == name { Some(self.value) } else { self.outer.and_then(|v| v.find(name)) }
    }
}

/// What expressions are evaluated in.
#[derive(Debug, Clone, Copy)]
pub struct Env<'w> {
    /// Facts, configuration, date.
    pub world: &'w World,
    /// The scope that the subject falls in.
    pub scope: &'w Scope,
}

type Answer = Result<Value, Unknown>;

fn undecided(text: impl Into<String>) -> Unknown {
    Unknown::new(Reason::Undecided, text)
}

impl<'w> Env<'w> {
    fn data(self) -> Data<'w> {
        Data { world: self.world }
    }

    /// Evaluates to a truth value.
    ///
    /// # Errors
    /// The reasons, where the answer hangs on something unknown or is no truth value.
    pub fn truth(self, e: &Expr, vars: &Vars<'_>) -> Result<bool, Unknown> {
        let value = self.eval(e, vars)?;
        match self.data().shape(&value)? {
            Shape::Bool(b) => Ok(b),
            other => Err(undecided(format!("{} stands where a truth value is expected", other.word()))),
        }
    }

    /// Evaluates an expression.
    ///
    /// # Errors
    /// The reasons, where the answer hangs on something unknown.
    pub fn eval(self, e: &Expr, vars: &Vars<'_>) -> Answer {
        match &e.node {
            Node::Null => Ok(Value::Null),
            Node::Bool(b) => Ok(Value::Bool(*b)),
            Node::Int(i) => Ok(Value::Int(*i)),
            Node::Double(d) => Ok(Value::Double(*d)),
            Node::Str(s) => Ok(Value::Str(s.clone())),
            Node::List(items) => {
                let items = items.iter().map(|i| self.eval(i, vars)).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::list(items))
            }
            Node::Var(name) => match vars.find(name) {
                Some(Value::Unknown(why)) => Err(why.clone().into()),
                Some(value) => Ok(value.clone()),
                None => Err(undecided(format!("there is no `{name}`"))),
            },
            Node::Select(of, name) => self.select(&self.eval(of, vars)?, &name.text),
            Node::Has(of, name) => {
                let of = self.eval(of, vars)?;
                Ok(Value::Bool(self.data().member(&of, &name.text)?.is_some()))
            }
            Node::Index(of, index) => self.index(&self.eval(of, vars)?, &self.eval(index, vars)?),
            Node::Not(e) => Ok(Value::Bool(!self.truth(e, vars)?)),
            Node::Neg(e) => self.negate(&self.eval(e, vars)?),
            Node::And(a, b) => self.absorb(false, [&**a, &**b].into_iter().map(|e| self.truth(e, vars))).map(Value::Bool),
            Node::Or(a, b) => self.absorb(true, [&**a, &**b].into_iter().map(|e| self.truth(e, vars))).map(Value::Bool),
            Node::Cond(c, a, b) => self.eval(if self.truth(c, vars)? { a } else { b }, vars),
            Node::Binary(op, a, b) => self.both(a, b, vars).and_then(|(a, b)| self.binary(*op, &a, &b)),
            Node::Call(name, args) => self.call(&name.text, args, vars),
            Node::Fold(fold, list, var, body) => self.fold(*fold, list, &var.text, body, vars),
        }
    }

    /// Both operands, or the reasons of both.
    fn both(self, a: &Expr, b: &Expr, vars: &Vars<'_>) -> Result<(Value, Value), Unknown> {
        match (self.eval(a, vars), self.eval(b, vars)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(a), Err(b)) => Err(a.and(b)),
            (Err(why), Ok(_)) | (Ok(_), Err(why)) => Err(why),
        }
    }

    /// The first answer that equals `decides` decides, whatever is unknown beside it.
    fn absorb(self, decides: bool, answers: impl Iterator<Item = Result<bool, Unknown>>) -> Result<bool, Unknown> {
        let mut unknown: Option<Unknown> = None;
        for answer in answers {
            match answer {
                Ok(b) if b == decides => return Ok(decides),
                Ok(_) => {}
                Err(why) => unknown = Some(unknown.unwrap_or_default().and(why)),
            }
        }
        unknown.map_or(Ok(!decides), Err)
    }

    fn select(self, of: &Value, name: &str) -> Answer {
        match self.data().member(of, name)? {
            Some(value) => Ok(value),
            None => Err(Unknown::new(Reason::MissingField, format!("`{name}` is not in the data"))),
        }
    }

    fn index(self, of: &Value, index: &Value) -> Answer {
        let data = self.data();
        match (data.shape(of)?, data.shape(index)?) {
            (Shape::Object, Shape::Str(key)) => self.select(of, &key),
            (Shape::List, Shape::Int(at)) => {
                let items = data.items(of)?;
                let end = usize::try_from(at).ok().filter(|at| *at < items.len());
                let Some(end) = end else {
                    return Err(undecided(format!("a list of {} has no element {at}", items.len())));
                };
                // An unknown element may not be there: what follows it has no certain position.
                for item in items.into_iter().take(end + 1).enumerate() {
                    match item {
                        (_, Value::Unknown(why)) => return Err(why.into()),
                        (i, value) if i == end => return Ok(value),
                        _ => {}
                    }
                }
                Err(undecided("a list changed while it was read"))
            }
            (of, index) => Err(undecided(format!("{} cannot be indexed by {}", of.word(), index.word()))),
        }
    }

    fn negate(self, value: &Value) -> Answer {
        match self.data().shape(value)? {
            Shape::Int(i) => i.checked_neg().map(Value::Int).ok_or_else(|| undecided("the number is too large")),
            Shape::Double(d) => Ok(Value::Double(-d)),
            other => Err(undecided(format!("{} has no negative", other.word()))),
        }
    }

    fn binary(self, op: Op, a: &Value, b: &Value) -> Answer {
        let data = self.data();
        match op {
            Op::Eq => data.equal(a, b).map(Value::Bool),
            Op::Ne => data.equal(a, b).map(|e| Value::Bool(!e)),
            Op::In => data.contains(b, a).map(Value::Bool),
            Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                let order = compare(&data.shape(a)?, &data.shape(b)?)?;
                Ok(Value::Bool(match op {
                    Op::Lt => order.is_lt(),
                    Op::Le => order.is_le(),
                    Op::Gt => order.is_gt(),
                    _ => order.is_ge(),
                }))
            }
            Op::Add if matches!(data.shape(a)?, Shape::List) => {
                let mut items = data.items(a)?;
                items.extend(data.items(b)?);
                Ok(Value::list(items))
            }
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => arithmetic(op, data.shape(a)?, data.shape(b)?),
        }
    }

    fn call(self, name: &str, args: &[Expr], vars: &Vars<'_>) -> Answer {
        let Some(function) = functions::find(name) else {
            return Err(undecided(format!("there is no function `{name}`")));
        };
        let mut values = Vec::with_capacity(args.len());
        let mut unknown: Option<Unknown> = None;
        for arg in args {
            match self.eval(arg, vars) {
                Ok(value) => values.push(value),
                Err(why) => unknown = Some(unknown.unwrap_or_default().and(why)),
            }
        }
        match unknown {
            Some(why) => Err(why),
            None => (function.call)(&functions::Call { env: self, data: self.data(), args: &values }),
        }
    }

    fn fold(self, fold: Fold, list: &Expr, var: &str, body: &Expr, vars: &Vars<'_>) -> Answer {
        let items = self.data().items(&self.eval(list, vars)?)?;
        // An unknown element may not be there at all, so what holds for it decides nothing.
        let truth = |item: &Value| match item {
            Value::Unknown(why) => Err(why.clone().into()),
            known => self.truth(body, &Vars::with(var, known, Some(vars))),
        };
        match fold {
            Fold::All => self.absorb(false, items.iter().map(truth)).map(Value::Bool),
            Fold::Exists => self.absorb(true, items.iter().map(truth)).map(Value::Bool),
            Fold::ExistsOne => exists_one(items.iter().map(truth)).map(Value::Bool),
            Fold::Filter => Ok(Value::List(Arc::new(
                items
                    .iter()
                    .filter_map(|item| match truth(item) {
                        Ok(true) => Some(item.clone()),
                        Ok(false) => None,
                        Err(why) => Some(why.value()),
                    })
                    .collect(),
            ))),
            Fold::Map => {
                let each = |item: &Value| self.eval(body, &Vars::with(var, item, Some(vars))).unwrap_or_else(Unknown::value);
                Ok(Value::list(items.iter().map(each).collect()))
            }
        }
    }
}

/// One true and no other; two true ones decide whatever is unknown beside them.
fn exists_one(answers: impl Iterator<Item = Result<bool, Unknown>>) -> Result<bool, Unknown> {
    let (mut found, mut unknown) = (0, None::<Unknown>);
    for answer in answers {
        match answer {
            Ok(true) if found == 1 => return Ok(false),
            Ok(true) => found = 1,
            Ok(false) => {}
            Err(why) => unknown = Some(unknown.unwrap_or_default().and(why)),
        }
    }
    unknown.map_or(Ok(found == 1), Err)
}

fn compare(a: &Shape<'_>, b: &Shape<'_>) -> Result<std::cmp::Ordering, Unknown> {
    let order = match (a, b) {
        (Shape::Int(x), Shape::Int(y)) => Some(x.cmp(y)),
        (Shape::Str(x), Shape::Str(y)) => Some(x.cmp(y)),
        (Shape::Bool(x), Shape::Bool(y)) => Some(x.cmp(y)),
        _ => double(a).zip(double(b)).and_then(|(x, y)| x.partial_cmp(&y)),
    };
    order.ok_or_else(|| undecided(format!("{} cannot be compared with {}", a.word(), b.word())))
}

#[expect(clippy::cast_precision_loss, reason = "CEL compares numbers of different types as doubles")]
fn double(shape: &Shape<'_>) -> Option<f64> {
    match shape {
        Shape::Int(i) => Some(*i as f64),
        Shape::Double(d) => Some(*d),
        _ => None,
    }
}

fn arithmetic(op: Op, a: Shape<'_>, b: Shape<'_>) -> Answer {
    match (&a, &b) {
        (Shape::Int(x), Shape::Int(y)) => {
            let result = match op {
                Op::Add => x.checked_add(*y),
                Op::Sub => x.checked_sub(*y),
                Op::Mul => x.checked_mul(*y),
                Op::Div => x.checked_div(*y),
                _ => x.checked_rem(*y),
            };
            result.map(Value::Int).ok_or_else(|| undecided(format!("`{x} {} {y}` has no result", op.text())))
        }
        (Shape::Str(x), Shape::Str(y)) if op == Op::Add => Ok(Value::str(format!("{x}{y}"))),
        _ => {
            let Some((x, y)) = double(&a).zip(double(&b)) else {
                return Err(undecided(format!("`{}` does not take {} and {}", op.text(), a.word(), b.word())));
            };
            Ok(Value::Double(match op {
                Op::Add => x + y,
                Op::Sub => x - y,
                Op::Mul => x * y,
                Op::Div => x / y,
                _ => x % y,
            }))
        }
    }
}
