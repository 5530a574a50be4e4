//! The only file that knows the `cel` crate: text to tree.
//!
//! In: the text of an expression. Out: [`Expr`], or what is wrong with the text and where, in the rule
//! author's words. The crate gives the grammar; judging is `eval.rs`, because CEL's unknowns (an equality
//! over uncollected data, the reasons of both sides of `&&`) have no place in the crate's interpreter.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr, LiteralValue, SourceInfo, operators};

use super::ast::{Expr, Fault, Fold, Name, Node, Op, Place};

/// Neither macros nor optional values: macros stay as they were written, `.?` is refused.
static ENV: LazyLock<cel::Env> = LazyLock::new(|| cel::Env::default().with_optional_support(false));

/// Parses one expression.
///
/// # Errors
/// [`Fault`] for anything that is not an expression of the rule language: CEL without optional
/// values, map and message literals, bytes and unsigned numbers.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    let program = ENV.compile(text).map_err(|errors| reword(text, &errors))?;
    Lower { text, info: program.source_info() }.expr(program.expression())
}

/// ANTLR's messages list every token of the grammar; the place is what helps.
fn reword(text: &str, errors: &cel::ParseErrors) -> Fault {
    let Some(first) = errors.errors.first() else {
        return Fault { message: "this is not an expression".to_owned(), help: None, at: whole(text) };
    };
    let at = offset(text, first.pos);
    let rest = text.get(at as usize..).unwrap_or_default();
    let token: String = token_at(rest).to_owned();
    let place = Place { start: at, end: at + len(&token) };
    let (message, help) = if first.msg.contains("unsupported syntax") {
        let help = "an unknown would pass for an empty value; ask `has(…)` first";
        ("optional values (`.?`, `[?…]`) are not part of the rule language".to_owned(), Some(help.to_owned()))
    } else if first.msg.contains("reserved identifier") {
        (format!("`{token}` is a reserved word of CEL"), None)
    } else if text.trim().is_empty() {
        ("an expression is missing here".to_owned(), None)
    } else if rest.trim().is_empty() {
        ("the expression ends too early".to_owned(), None)
    } else if first.msg.contains("recursion") || first.msg.contains("nested") {
        ("the expression is nested too deeply".to_owned(), None)
    } else if rest.starts_with('=') {
        ("`=` is not an operator here".to_owned(), Some("write `==` to compare".to_owned()))
    } else {
        (format!("`{token}` is not expected here"), None)
    };
    Fault { message, help, at: place }
}

fn whole(text: &str) -> Place {
    Place { start: 0, end: len(text) }
}

fn len(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// The word, or else the character, that `rest` begins with.
fn token_at(rest: &str) -> &str {
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let end = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    rest.get(..end).unwrap_or_default()
}

/// The byte offset of ANTLR's 1-based line and column (in characters).
fn offset(text: &str, (line, column): (isize, isize)) -> u32 {
    let line_number = usize::try_from(line - 1).unwrap_or(0);
    let before: usize = text.split_inclusive('\n').take(line_number).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let within: usize = rest.chars().take(usize::try_from(column - 1).unwrap_or(0)).map(char::len_utf8).sum();
    u32::try_from((before + within).min(text.len())).unwrap_or(u32::MAX)
}

struct Lower<'t> {
    text: &'t str,
    info: &'t SourceInfo,
}

impl Lower<'_> {
    fn token(&self, id: u64) -> Place {
        self.info.offset_for(id).map_or_else(|| whole(self.text), |(start, stop)| Place { start, end: stop.saturating_add(1) })
    }

    fn refuse<T>(&self, at: Place, message: impl Into<String>, help: Option<&str>) -> Result<T, Fault> {
        Err(Fault { message: message.into(), help: help.map(str::to_owned), at })
    }

    fn expr(&self, e: &IdedExpr) -> Result<Expr, Fault> {
        let at = self.token(e.id);
        match &e.expr {
            Cel::Literal(literal) => self.literal(literal, at),
            Cel::Ident(name) => Ok(Expr { node: Node::Var(Arc::from(name.trim_start_matches('.'))), at }),
            Cel::Select(select) => {
                let of = self.expr(&select.operand)?;
                let name = self.name_after(at.end, &select.field);
                let at = of.at.to(name.at);
                Ok(Expr { node: Node::Select(Box::new(of), name), at })
            }
            Cel::List(list) => {
                let items = list.elements.iter().map(|e| self.expr(e)).collect::<Result<Vec<_>, _>>()?;
                let end = items.last().map_or(at.end, |e| e.at.end);
                let at = Place { start: at.start, end: self.closing(end, ']') };
                Ok(Expr { node: Node::List(items), at })
            }
            Cel::Call(call) => self.call(call, at),
            Cel::Map(_) | Cel::Struct(_) => {
                self.refuse(at, "map and message literals are not part of the rule language", Some("use a list and `in`"))
            }
            Cel::Comprehension(_) | Cel::Unspecified => self.refuse(at, "this is not an expression", None),
        }
    }

    fn literal(&self, literal: &LiteralValue, at: Place) -> Result<Expr, Fault> {
        let node = match literal {
            LiteralValue::Boolean(b) => Node::Bool(*b.inner()),
            LiteralValue::Int(i) => Node::Int(*i.inner()),
            LiteralValue::Double(d) => Node::Double(*d.inner()),
            LiteralValue::String(s) => Node::Str(Arc::from(s.inner())),
            LiteralValue::Null => Node::Null,
            LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                return self.refuse(at, "bytes and unsigned numbers are not part of the rule language", None);
            }
        };
        Ok(Expr { node, at })
    }

    /// The word that follows `from` in the text.
    fn name_after(&self, from: u32, name: &str) -> Name {
        let rest = self.text.get(from as usize..).unwrap_or_default();
        let start = from + u32::try_from(rest.find(name).unwrap_or(0)).unwrap_or(0);
        Name { text: Arc::from(name), at: Place { start, end: start + len(name) } }
    }

    /// The word that stands before the bracket at `open`.
    fn name_before(&self, open: u32, name: &str) -> Name {
        let before = self.text.get(..open as usize).unwrap_or_default();
        let start = u32::try_from(before.rfind(name).unwrap_or(0)).unwrap_or(0);
        Name { text: Arc::from(name), at: Place { start, end: start + len(name) } }
    }

    /// One past the next closing bracket from `from` on.
    fn closing(&self, from: u32, bracket: char) -> u32 {
        let rest = self.text.get(from as usize..).unwrap_or_default();
        rest.find(bracket).map_or(from, |i| from + u32::try_from(i + 1).unwrap_or(0))
    }

    fn call(&self, call: &CallExpr, at: Place) -> Result<Expr, Fault> {
        match (call.func_name.as_str(), call.args.as_slice(), &call.target) {
            (operators::CONDITIONAL, [c, a, b], None) => {
                let (c, a, b) = (self.expr(c)?, self.expr(a)?, self.expr(b)?);
                let at = c.at.to(b.at);
                Ok(Expr { node: Node::Cond(Box::new(c), Box::new(a), Box::new(b)), at })
            }
            (operators::LOGICAL_NOT | operators::NEGATE, [e], None) => {
                let e = self.expr(e)?;
                let at = at.to(e.at);
                let boxed = Box::new(e);
                Ok(Expr { node: if call.func_name == operators::NEGATE { Node::Neg(boxed) } else { Node::Not(boxed) }, at })
            }
            (operators::INDEX, [of, index], None) => {
                let (of, index) = (self.expr(of)?, self.expr(index)?);
                let at = Place { start: of.at.start, end: self.closing(index.at.end, ']') };
                Ok(Expr { node: Node::Index(Box::new(of), Box::new(index)), at })
            }
            (name, [a, b], None) if operator(name).is_some() => self.binary(name, a, b),
            _ => self.function(call, at),
        }
    }

    fn binary(&self, name: &str, a: &IdedExpr, b: &IdedExpr) -> Result<Expr, Fault> {
        let (a, b) = (self.expr(a)?, self.expr(b)?);
        let at = a.at.to(b.at);
        let (a, b) = (Box::new(a), Box::new(b));
        let node = match operator(name) {
            Some(Operator::And) => Node::And(a, b),
            Some(Operator::Or) => Node::Or(a, b),
            Some(Operator::Strict(op)) => Node::Binary(op, a, b),
            None => return self.refuse(at, format!("`{name}` is not an operator"), None),
        };
        Ok(Expr { node, at })
    }

    fn function(&self, call: &CallExpr, open: Place) -> Result<Expr, Fault> {
        let name = self.name_before(open.start, call.func_name.trim_start_matches('.'));
        let target = call.target.as_deref().map(|t| self.expr(t)).transpose()?;
        let start = target.as_ref().map_or(name.at.start, |t| t.at.start);
        match (&*name.text, target, call.args.as_slice()) {
            ("has", None, [arg]) => {
                let arg = self.expr(arg)?;
                let at = Place { start, end: self.closing(arg.at.end, ')') };
                match arg.node {
                    Node::Select(of, field) => Ok(Expr { node: Node::Has(of, field), at }),
                    _ => self.refuse(arg.at, "`has()` takes a field", Some("write `has(it.Field)`")),
                }
            }
            (word, Some(list), [var, body]) if fold(word).is_some() => self.fold(&name, list, var, body),
            (word, _, args) if fold(word).is_some() || word == "has" => self.refuse(
                name.at,
                format!("`{word}` does not take {} argument{} here", args.len(), if args.len() == 1 { "" } else { "s" }),
                Some(if word == "has" { "write `has(it.Field)`" } else { "write `list.exists(x, …)`" }),
            ),
            (_, target, args) => {
                let mut all: Vec<Expr> = target.into_iter().collect();
                for arg in args {
                    all.push(self.expr(arg)?);
                }
                let end = all.last().map_or(open.end, |e| e.at.end.max(open.end));
                let at = Place { start, end: self.closing(end, ')') };
                Ok(Expr { node: Node::Call(name, all), at })
            }
        }
    }

    fn fold(&self, name: &Name, list: Expr, var: &IdedExpr, body: &IdedExpr) -> Result<Expr, Fault> {
        let var = self.expr(var)?;
        let body = self.expr(body)?;
        let Node::Var(word) = var.node else {
            return self.refuse(var.at, format!("the first argument of `{}` is the name of a variable", name.text), None);
        };
        let Some(kind) = fold(&name.text) else {
            return self.refuse(name.at, format!("`{}` is not a macro", name.text), None);
        };
        let at = Place { start: list.at.start, end: self.closing(body.at.end, ')') };
        let var = Name { text: word, at: var.at };
        Ok(Expr { node: Node::Fold(kind, Box::new(list), var, Box::new(body)), at })
    }
}

enum Operator {
    And,
    Or,
    Strict(Op),
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::LOGICAL_AND => Operator::And,
        operators::LOGICAL_OR => Operator::Or,
        operators::EQUALS => Operator::Strict(Op::Eq),
        operators::NOT_EQUALS => Operator::Strict(Op::Ne),
        operators::LESS => Operator::Strict(Op::Lt),
        operators::LESS_EQUALS => Operator::Strict(Op::Le),
        operators::GREATER => Operator::Strict(Op::Gt),
        operators::GREATER_EQUALS => Operator::Strict(Op::Ge),
        operators::IN => Operator::Strict(Op::In),
        operators::ADD => Operator::Strict(Op::Add),
        operators::SUBSTRACT => Operator::Strict(Op::Sub),
        operators::MULTIPLY => Operator::Strict(Op::Mul),
        operators::DIVIDE => Operator::Strict(Op::Div),
        operators::MODULO => Operator::Strict(Op::Rem),
        _ => return None,
    })
}

fn fold(name: &str) -> Option<Fold> {
    Some(match name {
        "all" => Fold::All,
        "exists" => Fold::Exists,
        "exists_one" => Fold::ExistsOne,
        "filter" => Fold::Filter,
        "map" => Fold::Map,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, at: Place) -> &str {
        text.get(at.start as usize..at.end as usize).unwrap()
    }

    #[test]
    fn places_are_what_was_written() {
        let text = "it.é == 1 && has(it . vpc.VpcId) || !it.tags.exists(t, t.Key == 'a')";
        // CEL has no non-ASCII identifiers; the rest is enough to see byte offsets hold.
        assert!(parse(text).is_err());
        let text = "'é' == it.Name && has(it . vpc.VpcId) || !it.Tags.exists(t, t.Key == 'a')";
        let Node::Or(left, right) = parse(text).unwrap().node else { panic!() };
        assert_eq!(cut(text, left.at), "'é' == it.Name && has(it . vpc.VpcId)");
        assert_eq!(cut(text, right.at), "!it.Tags.exists(t, t.Key == 'a')");
        let Node::And(_, has) = left.node else { panic!() };
        let Node::Has(of, name) = has.node else { panic!() };
        assert_eq!((cut(text, of.at), cut(text, name.at)), ("it . vpc", "VpcId"));
    }

    #[test]
    fn calls_and_receivers_are_one() {
        let (a, b) = (parse("f(x, 1)").unwrap(), parse("x.f(1)").unwrap());
        let (Node::Call(f, x), Node::Call(g, y)) = (a.node, b.node) else { panic!() };
        assert_eq!((&*f.text, x.len()), (&*g.text, y.len()));
        assert_eq!(g.at, Place { start: 2, end: 3 });
    }

    #[test]
    fn syntax_errors_are_worded_and_placed() {
        for (text, message, start) in [
            ("", "an expression is missing here", 0),
            ("it.a ==", "the expression ends too early", 7),
            ("it.a = 1", "`=` is not an operator here", 5),
            ("it.?a", "optional values (`.?`, `[?…]`) are not part of the rule language", 2),
            ("{'a': 1}", "map and message literals are not part of the rule language", 0),
            ("it.a && && it.b", "`&` is not expected here", 8),
            ("it.all(1, true)", "the first argument of `all` is the name of a variable", 7),
            ("has(it)", "`has()` takes a field", 4),
            ("it.exists(x)", "`exists` does not take 1 argument here", 3),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.message.as_str(), error.at.start), (message, start), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&text).is_err());
    }
}
