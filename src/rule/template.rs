//! Messages and fixes: text with expressions in braces.
//!
//! In: `endpoint {it.VpcEndpointId} is open`; `{{` and `}}` stand for braces. Out: parts that print.
//! What is not known prints as `(unknown)`: a message never hides a finding.

use super::ast::{Expr, Fault};
use super::cel;
use super::data::Data;
use super::eval::{Env, Vars};

/// A text with expressions in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// Its parts in their order.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Printed as it is.
    Text(String),
    /// Printed as [`Data::text`] has it. Places in the expression count from the template's start.
    Expr(Expr),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The first expression that cannot be read, or the brace without its partner.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        let at = |rest: &str| u32::try_from(text.len() - rest.len()).unwrap_or(u32::MAX);
        while let Some((before, brace, after)) = next_brace(rest) {
            plain.push_str(before);
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push(brace);
                rest = doubled;
                continue;
            }
            if brace == '}' {
                return Err(lonely(at(after) - 1, '}'));
            }
            let Some(end) = closing(after) else { return Err(lonely(at(after) - 1, '{')) };
            let (source, next) = after.split_at_checked(end).unwrap_or((after, ""));
            let mut expr = cel::parse(source).map_err(|mut e| {
                e.at.start += at(after);
                e.at.end += at(after);
                e
            })?;
            shift(&mut expr, at(after));
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Expr(expr));
            rest = next.strip_prefix('}').unwrap_or(next);
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The expressions, in their order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|p| match p {
            Part::Expr(e) => Some(e),
            Part::Text(_) => None,
        })
    }

    /// The text for one subject.
    pub fn render(&self, env: Env<'_>, vars: &Vars<'_>) -> String {
        let data = Data { world: env.world };
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expr(e) => match env.eval(e, vars) {
                    Ok(value) => out.push_str(&data.text(&value)),
                    Err(_) => out.push_str("(unknown)"),
                },
            }
        }
        out
    }
}

fn next_brace(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(['{', '}'])?;
    let (before, rest) = text.split_at_checked(at)?;
    let brace = rest.chars().next()?;
    Some((before, brace, rest.strip_prefix(brace)?))
}

fn lonely(start: u32, brace: char) -> Fault {
    Fault {
        message: format!("this `{brace}` has no partner"),
        help: Some(format!("write `{brace}{brace}` for a brace in the text")),
        at: super::ast::Place { start, end: start + 1 },
    }
}

/// Where the expression ends: at the first `}` outside of a string.
fn closing(text: &str) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '}' => return Some(at),
            None => {}
        }
    }
    None
}

/// Moves every place in `e` by `by` bytes.
fn shift(e: &mut Expr, by: u32) {
    super::ast::walk(e, &mut |at| {
        at.start += by;
        at.end += by;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_places() {
        let text = "a {{b}} {it.X} c {join(it.L, \"}\")}";
        let template = Template::parse(text).unwrap();
        let shown: Vec<&str> =
            template.expressions().map(|e| text.get(e.at.start as usize..e.at.end as usize).unwrap()).collect();
        assert_eq!(shown, ["it.X", "join(it.L, \"}\")"]);
        assert!(matches!(&template.parts[0], Part::Text(t) if t == "a {b} "));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, start) in [("ab {it.X", 3), ("ab } c", 3), ("x {it..Y}", 6), ("{}", 1)] {
            assert_eq!(Template::parse(text).unwrap_err().at.start, start, "{text}");
        }
    }
}
