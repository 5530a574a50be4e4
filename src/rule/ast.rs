//! The tree of an expression, as the static check and the evaluator see it.
//!
//! In: what `cel.rs` made of a text. Out: nodes whose places are byte offsets into that text. Macros
//! (`has`, `exists`, …) are nodes of their own, so that an error points at what the author wrote.

use std::sync::Arc;

/// A byte range in an expression's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Place {
    /// From this place's start to the other's end.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One sentence, lower case, user text in backticks.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<String>,
    /// Where in the expression's text.
    pub at: Place,
}

/// A word with its place: a field's, function's or loop variable's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: Arc<str>,
    /// Where it stands.
    pub at: Place,
}

/// An operator of two operands whose unknowns do not absorb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl Op {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

/// A macro over a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// `list.all(x, p)`
    All,
    /// `list.exists(x, p)`
    Exists,
    /// `list.exists_one(x, p)`
    ExistsOne,
    /// `list.filter(x, p)`
    Filter,
    /// `list.map(x, e)`
    Map,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it stands.
    pub at: Place,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `1.5`
    Double(f64),
    /// `"text"`
    Str(Arc<str>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// A variable.
    Var(Arc<str>),
    /// `of.name`
    Select(Box<Expr>, Name),
    /// `has(of.name)`
    Has(Box<Expr>, Name),
    /// `of[index]`
    Index(Box<Expr>, Box<Expr>),
    /// `!e`
    Not(Box<Expr>),
    /// `-e`
    Neg(Box<Expr>),
    /// `a && b`
    And(Box<Expr>, Box<Expr>),
    /// `a || b`
    Or(Box<Expr>, Box<Expr>),
    /// `c ? a : b`
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a == b` and the like
    Binary(Op, Box<Expr>, Box<Expr>),
    /// `f(a, b)`; `a.f(b)` is the same, its receiver the first argument.
    Call(Name, Vec<Expr>),
    /// `list.exists(x, e)` and the like
    Fold(Fold, Box<Expr>, Name, Box<Expr>),
}

impl Expr {
    /// A word for the same thing wherever it is written: `it.vpc.VpcId`. `None` for anything but a chain
    /// of selections on a variable; what `has()` guards is remembered under it.
    pub fn path(&self) -> Option<String> {
        match &self.node {
            Node::Var(name) => Some(name.to_string()),
            Node::Select(of, name) => Some(format!("{}.{}", of.path()?, name.text)),
            _ => None,
        }
    }
}

/// Calls `f` with every place in `e`.
pub fn walk(e: &mut Expr, f: &mut impl FnMut(&mut Place)) {
    f(&mut e.at);
    match &mut e.node {
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Double(_) | Node::Str(_) | Node::Var(_) => {}
        Node::List(items) => items.iter_mut().for_each(|e| walk(e, f)),
        Node::Select(of, name) | Node::Has(of, name) => {
            f(&mut name.at);
            walk(of, f);
        }
        Node::Not(e) | Node::Neg(e) => walk(e, f),
        Node::Index(a, b) | Node::And(a, b) | Node::Or(a, b) | Node::Binary(_, a, b) => {
            walk(a, f);
            walk(b, f);
        }
        Node::Cond(c, a, b) => {
            walk(c, f);
            walk(a, f);
            walk(b, f);
        }
        Node::Call(name, args) => {
            f(&mut name.at);
            args.iter_mut().for_each(|e| walk(e, f));
        }
        Node::Fold(_, list, name, body) => {
            f(&mut name.at);
            walk(list, f);
            walk(body, f);
        }
    }
}
