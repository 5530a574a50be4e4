//! The static check: an expression against the types of what it names.
//!
//! In: the tree of an expression, the kinds its subject may have, what is known to be there. Out: its type,
//! and every fault with its place: unknown names, unguarded optional fields, types that never fit.
//! Never: a fault for something that is right; what is not described (`any`) is let through.

use regex::Regex;

use super::ast::{Expr, Fault, Fold, Name, Node, Op, Place};
use super::functions::{self, ARN_PARTS};
use super::types;
use super::vocabulary::{self, Members, VARIABLES};
use crate::config::closest;
use crate::facts::shape::{Member, Type};

/// What an expression is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Decides an outcome (`when`, `require`): a truth value.
    Truth,
    /// `each`: a list.
    List,
    /// Part of a finding's identity or evidence: anything.
    Value,
    /// Part of a message: anything that prints; what is absent prints as such, so no guard is asked for.
    Text,
    /// `at`, `related`: something with a place; no guard is asked for either.
    Location,
}

/// The types of a rule's variables, and what `when` already made sure of.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    vars: Vec<(String, Type)>,
    /// Paths that are known to be there.
    there: Vec<String>,
}

impl Frame {
    /// The frame of a rule whose subject has this type.
    pub fn new(it: Type) -> Self {
        let vars = VARIABLES.iter().filter(|v| v.name != "item").map(|v| {
            let ty = if v.name == "it" { it.clone() } else { Type::parse(v.ty).unwrap_or(Type::Any) };
            (v.name.to_owned(), ty)
        });
        Self { vars: vars.collect(), there: Vec::new() }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(&self, name: &str, ty: Type) -> Self {
        let mut inner = self.clone();
        inner.there.retain(|path| path != name && !path.starts_with(&format!("{name}.")));
        inner.vars.push((name.to_owned(), ty));
        inner
    }

    /// The same where `condition` holds.
    #[must_use]
    pub fn given(&self, condition: &Expr) -> Self {
        self.and(there(condition, true))
    }

    /// The same with these fields of the scope declared.
    #[must_use]
    pub fn declared(&self, fields: &[std::sync::Arc<str>]) -> Self {
        self.and(fields.iter().map(|f| format!("scope.{f}")).collect())
    }

    fn and(&self, paths: Vec<String>) -> Self {
        let mut inner = self.clone();
        inner.there.extend(paths);
        inner
    }

    fn var(&self, name: &str) -> Option<&Type> {
        self.vars.iter().rev().find(|(n, _)| n == name).map(|(_, t)| t)
    }
}

/// The paths that are there where `e` is `value`.
fn there(e: &Expr, value: bool) -> Vec<String> {
    match (&e.node, value) {
        (Node::Has(of, name), true) => of.path().map(|p| format!("{p}.{}", name.text)).into_iter().collect(),
        (Node::Not(e), _) => there(e, !value),
        (Node::And(a, b), true) | (Node::Or(a, b), false) => {
            let mut both = there(a, value);
            both.extend(there(b, value));
            both
        }
        (Node::And(a, b), false) | (Node::Or(a, b), true) => {
            let other = there(b, value);
            there(a, value).into_iter().filter(|p| other.contains(p)).collect()
        }
        _ => Vec::new(),
    }
}

/// Checks one expression; the type it has, and its faults.
pub fn check(e: &Expr, frame: &Frame, role: Role) -> (Type, Vec<Fault>) {
    let mut checker = Checker { faults: Vec::new(), guards: !matches!(role, Role::Text | Role::Location) };
    let ty = checker.expr(e, frame);
    match role {
        Role::Truth => checker.expect_bool(e, &ty),
        Role::List if !matches!(ty, Type::List(_) | Type::Any) => {
            checker.fault(e.at, format!("`each` takes a list, this is {}", types::name(&ty)), None);
        }
        Role::Location => checker.location(e),
        _ => {}
    }
    (ty, checker.faults)
}

struct Checker {
    faults: Vec<Fault>,
    /// Optional fields need `has()`.
    guards: bool,
}

impl Checker {
    fn fault(&mut self, at: Place, message: String, help: Option<String>) {
        self.faults.push(Fault { message, help, at });
    }

    fn expr(&mut self, e: &Expr, frame: &Frame) -> Type {
        match &e.node {
            Node::Null => Type::Any,
            Node::Bool(_) => Type::Bool,
            Node::Int(_) => Type::Int,
            Node::Double(_) => Type::Double,
            Node::Str(_) => Type::String,
            Node::List(items) => self.list(items, frame),
            Node::Var(name) => self.var(name, e.at, frame),
            Node::Select(of, name) => {
                let of_type = self.expr(of, frame);
                self.select(of, &of_type, name, frame)
            }
            Node::Has(of, name) => {
                let of_type = self.expr(of, frame);
                self.member(of, &of_type, name);
                Type::Bool
            }
            Node::Index(of, index) => self.index(of, index, frame),
            Node::Not(inner) => {
                let ty = self.expr(inner, frame);
                self.expect_bool(inner, &ty);
                Type::Bool
            }
            Node::Neg(inner) => {
                let ty = self.expr(inner, frame);
                if !matches!(ty, Type::Int | Type::Double | Type::Any) {
                    self.fault(inner.at, format!("`-` takes a number, this is {}", types::name(&ty)), None);
                }
                ty
            }
            Node::And(a, b) => self.logic(a, b, &frame.and(there(a, true)), frame),
            Node::Or(a, b) => self.logic(a, b, &frame.and(there(a, false)), frame),
            Node::Cond(c, a, b) => {
                let ty = self.expr(c, frame);
                self.expect_bool(c, &ty);
                let a = self.expr(a, &frame.and(there(c, true)));
                let b = self.expr(b, &frame.and(there(c, false)));
                types::join(a, b)
            }
            Node::Binary(op, a, b) => self.binary(*op, a, b, frame),
            Node::Call(name, args) => self.call(name, args, frame),
            Node::Fold(fold, list, var, body) => self.fold(*fold, list, var, body, frame),
        }
    }

    fn list(&mut self, items: &[Expr], frame: &Frame) -> Type {
        let mut of: Option<Type> = None;
        for item in items {
            let ty = self.expr(item, frame);
            of = Some(of.map_or(ty.clone(), |so_far| types::join(so_far, ty)));
        }
        Type::List(Box::new(of.unwrap_or(Type::Any)))
    }

    fn var(&mut self, name: &str, at: Place, frame: &Frame) -> Type {
        if let Some(ty) = frame.var(name) {
            return ty.clone();
        }
        let known: Vec<&str> = frame.vars.iter().map(|(n, _)| n.as_str()).collect();
        let help = if name == "item" {
            "`item` is the element that a rule with `each` judges".to_owned()
        } else if let Some(near) = closest(name, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            format!("write `it.{name}` for a field of the subject")
        } else {
            format!("known here: {}", known.join(", "))
        };
        self.fault(at, format!("there is no variable `{name}`"), Some(help));
        Type::Any
    }

    fn select(&mut self, of: &Expr, of_type: &Type, name: &Name, frame: &Frame) -> Type {
        let Some((ty, optional)) = self.member(of, of_type, name) else { return Type::Any };
        let path = of.path().map(|p| format!("{p}.{}", name.text));
        let there = path.as_ref().is_some_and(|p| frame.there.contains(p));
        if optional && self.guards && !there {
            let shown = path.unwrap_or_else(|| format!("….{}", name.text));
            let help = format!("write `has({shown}) && …`, or `!has({shown}) || …` where it may be missing");
            self.fault(name.at, format!("`{}` may be missing, and nothing here asks whether it is there", name.text), Some(help));
        }
        ty
    }

    /// The member's type and whether it may be missing; `None` after a fault, or where all is open.
    fn member(&mut self, of: &Expr, of_type: &Type, name: &Name) -> Option<(Type, bool)> {
        match vocabulary::members(of_type) {
            Members::Open => None,
            Members::Keys(ty) => Some((ty, true)),
            Members::These(members) => {
                if let Some(m) = members.iter().find(|m| m.name == *name.text) {
                    return Some((m.ty.clone(), m.optional));
                }
                let help = suggest(&name.text, &members);
                self.fault(name.at, format!("{} has no `{}`", types::name(of_type), name.text), Some(help));
                None
            }
            Members::None(what) => {
                let shown = of.path().unwrap_or_else(|| "this".to_owned());
                let help =
                    matches!(of_type, Type::List(_)).then(|| format!("ask its elements: `{shown}.exists(x, x.{} …)`", name.text));
                self.fault(name.at, format!("`{shown}` is {what} and has no `{}`", name.text), help);
                None
            }
        }
    }

    fn index(&mut self, of: &Expr, index: &Expr, frame: &Frame) -> Type {
        let (of_type, index_type) = (self.expr(of, frame), self.expr(index, frame));
        match (&of_type, &index_type) {
            (Type::List(inner), Type::Int | Type::Any) | (Type::Map(inner), Type::String | Type::Any) => (**inner).clone(),
            (Type::Any, _) => Type::Any,
            (Type::Fact(_) | Type::Shape(_) | Type::Object(_), Type::String | Type::Any) => match &index.node {
                Node::Str(text) => {
                    let name = Name { text: text.clone(), at: index.at };
                    self.select(of, &of_type, &name, frame)
                }
                _ => Type::Any,
            },
            _ => {
                let message = format!("{} cannot be indexed by {}", types::name(&of_type), types::name(&index_type));
                self.fault(index.at, message, None);
                Type::Any
            }
        }
    }

    fn logic(&mut self, a: &Expr, b: &Expr, inner: &Frame, frame: &Frame) -> Type {
        let ty = self.expr(a, frame);
        self.expect_bool(a, &ty);
        let ty = self.expr(b, inner);
        self.expect_bool(b, &ty);
        Type::Bool
    }

    fn expect_bool(&mut self, e: &Expr, ty: &Type) {
        if !matches!(ty, Type::Bool | Type::Any) {
            let help = e.path().map(|p| match ty {
                Type::List(_) => format!("write `size({p}) > 0` to ask whether it has elements"),
                _ => format!("write `has({p})` to ask whether it is there, or compare it"),
            });
            self.fault(e.at, format!("a truth value is needed here, this is {}", types::name(ty)), help);
        }
    }

    fn binary(&mut self, op: Op, a: &Expr, b: &Expr, frame: &Frame) -> Type {
        let (x, y) = (self.expr(a, frame), self.expr(b, frame));
        let both = a.at.to(b.at);
        match op {
            Op::Eq | Op::Ne => {
                if !types::comparable(&x, &y) {
                    let message = format!("{} never equals {}", types::name(&x), types::name(&y));
                    let help = types::equality_help(&x, &y);
                    self.fault(both, message, help);
                }
                Type::Bool
            }
            Op::In => {
                self.membership(b, &x, &y, both);
                Type::Bool
            }
            Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                if x == Type::Timestamp || y == Type::Timestamp {
                    let help = "write `days_since(…)` or `days_until(…)` and compare days".to_owned();
                    self.fault(both, format!("`{}` does not compare moments", op.text()), Some(help));
                } else if !types::ordered(&x, &y) {
                    let message = format!("`{}` does not compare {} with {}", op.text(), types::name(&x), types::name(&y));
                    self.fault(both, message, None);
                }
                Type::Bool
            }
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
                let result = types::arithmetic(op, &x, &y);
                if result.is_none() {
                    let message = format!("`{}` does not take {} and {}", op.text(), types::name(&x), types::name(&y));
                    let text = matches!((&x, &y), (Type::String, _) | (_, Type::String));
                    self.fault(both, message, text.then(|| "write `text(…)` to make a text of a value".to_owned()));
                }
                result.unwrap_or(Type::Any)
            }
        }
    }

    fn membership(&mut self, list: &Expr, needle: &Type, haystack: &Type, both: Place) {
        match haystack {
            Type::List(inner) if !types::comparable(needle, inner) => {
                let message = format!("no element is {}: this is {}", types::name(needle), types::name(haystack));
                self.fault(both, message, None);
            }
            Type::String => {
                let help = "write `text.contains(part)`".to_owned();
                self.fault(list.at, "`in` looks for an element of a list, this is a string".to_owned(), Some(help));
            }
            Type::Bool | Type::Int | Type::Double | Type::Timestamp => {
                self.fault(list.at, format!("`in` takes a list, this is {}", types::name(haystack)), None);
            }
            _ => {}
        }
    }

    fn call(&mut self, name: &Name, args: &[Expr], frame: &Frame) -> Type {
        let given: Vec<Type> = args.iter().map(|a| self.expr(a, frame)).collect();
        let Some(function) = functions::find(&name.text) else {
            self.fault(name.at, format!("there is no function `{}`", name.text), Some(function_help(&name.text)));
            return Type::Any;
        };
        let signature = types::signature(function);
        if given.len() != function.params.len() {
            let message = format!("`{}` takes {} argument(s), here are {}", name.text, function.params.len(), given.len());
            self.fault(name.at, message, Some(format!("`{signature}`")));
        }
        for ((arg, ty), (param, wanted)) in args.iter().zip(&given).zip(function.params) {
            let wanted = Type::parse(wanted).unwrap_or(Type::Any);
            if !types::fits(ty, &wanted) {
                let message = format!("`{param}` of `{}` is {}, this is {}", name.text, types::name(&wanted), types::name(ty));
                self.fault(arg.at, message, Some(format!("`{signature}`")));
            }
        }
        self.literal_arguments(&name.text, args);
        Type::parse(function.returns).unwrap_or(Type::Any)
    }

    /// Arguments whose text can be judged without data.
    fn literal_arguments(&mut self, function: &str, args: &[Expr]) {
        let Some(Expr { node: Node::Str(text), at }) = args.get(1) else { return };
        if function == "matches"
            && let Err(error) = Regex::new(text)
        {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.fault(*at, format!("this is not a regular expression: {why}"), None);
        }
        if function == "arn_part" && !ARN_PARTS.contains(&&**text) {
            let help = closest(text, ARN_PARTS).map_or_else(|| ARN_PARTS.join(", "), |near| format!("did you mean `{near}`?"));
            self.fault(*at, format!("`{text}` is not a part of an ARN"), Some(help));
        }
    }

    fn fold(&mut self, fold: Fold, list: &Expr, var: &Name, body: &Expr, frame: &Frame) -> Type {
        let list_type = self.expr(list, frame);
        let element = match &list_type {
            Type::List(inner) => (**inner).clone(),
            Type::Any => Type::Any,
            other => {
                let word = match fold {
                    Fold::All => "all",
                    Fold::Exists => "exists",
                    Fold::ExistsOne => "exists_one",
                    Fold::Filter => "filter",
                    Fold::Map => "map",
                };
                self.fault(list.at, format!("`{word}` takes a list, this is {}", types::name(other)), None);
                Type::Any
            }
        };
        let body_type = self.expr(body, &frame.with(&var.text, element.clone()));
        if fold != Fold::Map {
            self.expect_bool(body, &body_type);
        }
        match fold {
            Fold::All | Fold::Exists | Fold::ExistsOne => Type::Bool,
            Fold::Filter => Type::List(Box::new(element)),
            Fold::Map => Type::List(Box::new(body_type)),
        }
    }

    /// A location is a path to data, a list of them, or a choice between them.
    fn location(&mut self, e: &Expr) {
        match &e.node {
            Node::Cond(_, a, b) => {
                self.location(a);
                self.location(b);
            }
            Node::List(items) => items.iter().for_each(|e| self.location(e)),
            Node::Fold(Fold::Filter | Fold::Map, ..) | Node::Select(..) | Node::Index(..) => {}
            Node::Var(name) if !matches!(&**name, "scope" | "now" | "region" | "account") => {}
            Node::Binary(Op::Add, a, b) => {
                self.location(a);
                self.location(b);
            }
            Node::Call(name, args) if &*name.text == "flatten" => args.iter().for_each(|e| self.location(e)),
            _ => {
                let help = "name a field, an edge, a derived object, or a list of them".to_owned();
                self.fault(e.at, "this is not a place in the data that could be underlined".to_owned(), Some(help));
            }
        }
    }
}

fn suggest(name: &str, members: &[&Member]) -> String {
    let same = |m: &&&Member| m.name.eq_ignore_ascii_case(&name.replace('_', ""));
    let near = members.iter().find(same).map(|m| m.name.as_str());
    let near = near.or_else(|| closest(name, members.iter().map(|m| m.name.as_str())));
    near.map_or_else(
        || {
            // Names in AWS's style are among AWS's; others are edges, attached answers and derived facts.
            let ours = name.starts_with(|c: char| c.is_lowercase());
            let fit = |m: &&&Member| m.doc.is_empty() != ours;
            let names: Vec<&str> = members.iter().filter(fit).map(|m| m.name.as_str()).take(20).collect();
            format!("it has {}; `alicerce rules kinds` tells all", names.join(", "))
        },
        |near| format!("did you mean `{near}`?"),
    )
}

fn function_help(name: &str) -> String {
    if matches!(name, "orValue" | "optional" | "of" | "hasValue" | "optMap") {
        return "optional values would let an unknown pass; ask `has(…)` first".to_owned();
    }
    let names = functions::FUNCTIONS.iter().map(|f| f.name).chain(["has", "all", "exists", "exists_one", "filter", "map"]);
    closest(name, names)
        .map_or_else(|| "`docs/rules.md` lists the functions".to_owned(), |near| format!("did you mean `{near}`?"))
}
