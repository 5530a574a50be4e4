//! A value of a policy that texts are matched against: a glob, or a template with policy variables.
//!
//! In: the text of an `Action`, `Resource` or string condition value. Out: a [`Pattern`] that matches texts
//! in the light of a request's context. Never: a variable replaced where the policy's version has none
//! (`2008-10-17`), or a wildcard read into a variable's value.

use super::glob::{ANY, Glob, encode};
use super::request::{Context, Known};
use super::tree::Mark;
use super::truth::Truth;

/// A matched value: its text as written, where it stands, and its compiled form.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written.
    pub text: Box<str>,
    /// The value's node.
    pub mark: Mark,
    pub(crate) form: Form,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    Glob(Glob),
    Template { parts: Box<[Part]>, fold: bool },
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Encoded bytes, see [`encode`].
    Bytes(Box<[u8]>),
    /// `${key}` or `${key, 'default'}`; the key in lower case.
    Variable { key: Box<str>, default: Option<Box<str>> },
    /// A piece that a template engine fills in and that is not known here.
    Hole,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// ASCII letters match without case.
    pub(crate) fold: bool,
    /// `${…}` is a policy variable (version 2012-10-17, and an element that takes variables).
    pub(crate) variables: bool,
}

impl Pattern {
    /// Compiles `text`.
    pub(crate) fn new(text: &str, mark: Mark, reading: Reading) -> Self {
        let form = if reading.variables && text.contains("${") {
            let parts = split(text, reading.wildcards);
            join(parts, reading.fold)
        } else if reading.wildcards {
            Form::Glob(Glob::new(text, reading.fold))
        } else {
            Form::Glob(Glob::literal(text, reading.fold))
        };
        Self { text: text.into(), mark, form }
    }

    /// The text of a template function of which nothing is known.
    pub(crate) fn unresolved(function: &str, mark: Mark) -> Self {
        Self { text: function.into(), mark, form: Form::Template { parts: [Part::Hole].into(), fold: false } }
    }

    /// A text in which a template engine replaces `${Name}` (and writes `${!x}` for a literal `${x}`).
    pub(crate) fn substituted(text: &str, mark: Mark, reading: Reading) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, inside, after)) = next_braces(rest) {
            let literal = inside.strip_prefix('!').map(|name| format!("{before}${{{name}}}"));
            match literal {
                Some(known) if reading.variables => parts.extend(split(&known, reading.wildcards)),
                Some(known) => parts.push(bytes(&known, reading.wildcards)),
                None => parts.extend([bytes(before, reading.wildcards), Part::Hole]),
            }
            rest = after;
        }
        parts.push(bytes(rest, reading.wildcards));
        Self { text: text.into(), mark, form: join(parts, reading.fold) }
    }

    /// The compiled glob, where the pattern holds no variable and no unknown piece.
    pub fn glob(&self) -> Option<&Glob> {
        match &self.form {
            Form::Glob(glob) => Some(glob),
            Form::Template { .. } => None,
        }
    }

    /// True when part of the text is a template function whose value is not known.
    pub fn has_hole(&self) -> bool {
        matches!(&self.form, Form::Template { parts, .. } if parts.iter().any(|p| matches!(p, Part::Hole)))
    }

    /// The context keys (lower case) that policy variables in it refer to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let parts: &[Part] = match &self.form {
            Form::Glob(_) => &[],
            Form::Template { parts, .. } => parts,
        };
        parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(&**key),
            _ => None,
        })
    }

    /// True when it matches every text.
    pub fn is_any(&self) -> bool {
        self.glob().is_some_and(Glob::is_any)
    }

    /// Whether a text that begins with `head` may match: false only where none can, whatever the context.
    pub(crate) fn may_begin(&self, head: &str) -> bool {
        self.glob().is_none_or(|glob| glob.may_begin(head))
    }

    /// Whether ASCII letters match without case.
    pub(crate) fn folds(&self) -> bool {
        match &self.form {
            Form::Glob(glob) => glob.folds(),
            Form::Template { fold, .. } => *fold,
        }
    }

    /// The glob it is once its variables are replaced.
    pub(crate) fn expanded(&self, context: &Context) -> Expanded {
        match &self.form {
            Form::Glob(glob) => Expanded::Known(glob.clone()),
            Form::Template { parts, fold } => expand(parts, *fold, context),
        }
    }

    /// Whether `text` matches. A variable without a value matches nothing; one whose value is not known is
    /// tried as `*`, and a match is then unknown.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> Truth {
        match &self.form {
            Form::Glob(glob) => glob.matches(text).into(),
            Form::Template { parts, fold } => match expand(parts, *fold, context) {
                Expanded::Known(glob) => glob.matches(text).into(),
                Expanded::Partly(glob) => Truth::Unknown.and(glob.matches(text).into()),
                Expanded::NoValue => Truth::False,
            },
        }
    }
}

pub(crate) enum Expanded {
    Known(Glob),
    /// Unknown pieces stand as `*`.
    Partly(Glob),
    /// A variable has no value: nothing is equal to it or like it.
    NoValue,
}

pub(crate) fn expand(parts: &[Part], fold: bool, context: &Context) -> Expanded {
    let mut out = Vec::new();
    let mut partly = false;
    for part in parts {
        match part {
            Part::Bytes(bytes) => out.extend_from_slice(bytes),
            Part::Hole => {
                partly = true;
                out.push(ANY);
            }
            Part::Variable { key, default } => match (context.get(key), default) {
                (Known::Values([value]), _) => out.extend_from_slice(value.as_bytes()),
                (Known::Values(_) | Known::Absent, Some(default)) => out.extend_from_slice(default.as_bytes()),
                (Known::Values(_) | Known::Absent, None) => return Expanded::NoValue,
                (Known::Present | Known::Unknown, _) => {
                    partly = true;
                    out.push(ANY);
                }
            },
        }
    }
    let glob = Glob::from_bytes(out, fold);
    if partly { Expanded::Partly(glob) } else { Expanded::Known(glob) }
}

fn bytes(text: &str, wildcards: bool) -> Part {
    let bytes = if wildcards { encode(text) } else { text.as_bytes().to_vec() };
    Part::Bytes(bytes.into_boxed_slice())
}

/// Parts without a variable or hole are one glob.
fn join(parts: Vec<Part>, fold: bool) -> Form {
    if parts.iter().all(|part| matches!(part, Part::Bytes(_))) {
        let mut all = Vec::new();
        for part in &parts {
            if let Part::Bytes(bytes) = part {
                all.extend_from_slice(bytes);
            }
        }
        return Form::Glob(Glob::from_bytes(all, fold));
    }
    Form::Template { parts: parts.into_boxed_slice(), fold }
}

/// `before${inside}after` at the first `${…}`.
fn next_braces(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

/// Splits at policy variables. `${*}`, `${?}` and `${$}` are the characters themselves.
pub(crate) fn split(text: &str, wildcards: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, inside, after)) = next_braces(rest) {
        if !before.is_empty() {
            parts.push(bytes(before, wildcards));
        }
        parts.push(match inside.trim() {
            escaped @ ("*" | "?" | "$") => Part::Bytes(escaped.as_bytes().into()),
            variable => parse_variable(variable),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(bytes(rest, wildcards));
    }
    parts
}

/// `key` or `key, 'default'`.
fn parse_variable(inside: &str) -> Part {
    let (key, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((key, default)) => {
            let default = default.trim();
            let bare = default.strip_prefix('\'').and_then(|d| d.strip_suffix('\'')).unwrap_or(default);
            (key, Some(bare.into()))
        }
    };
    Part::Variable { key: key.trim().to_ascii_lowercase().into(), default }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCE: Reading = Reading { wildcards: true, fold: false, variables: true };

    fn matches(pattern: &str, text: &str, context: &Context) -> Truth {
        Pattern::new(pattern, Mark(0), RESOURCE).matches(text, context)
    }

    #[test]
    fn variables_take_the_request_s_value() {
        let mut context = Context::closed();
        context.set("aws:username", ["ana"]);
        assert_eq!(matches("arn:aws:s3:::b/${aws:UserName}/*", "arn:aws:s3:::b/ana/x", &context), Truth::True);
        assert_eq!(matches("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bia/x", &context), Truth::False);
        assert_eq!(matches("b/${aws:PrincipalTag/team, 'none'}", "b/none", &context), Truth::True);
        assert_eq!(matches("b/${aws:PrincipalTag/team}", "b/", &context), Truth::False);
    }

    #[test]
    fn a_value_s_star_is_a_star() {
        let mut context = Context::closed();
        context.set("aws:username", ["*"]);
        assert_eq!(matches("b/${aws:username}", "b/anyone", &context), Truth::False);
        assert_eq!(matches("b/${*}", "b/anyone", &context), Truth::False);
        assert_eq!(matches("b/${*}${?}${$}", "b/*?$", &context), Truth::True);
    }

    #[test]
    fn an_unknown_value_is_unknown_only_where_it_could_match() {
        let context = Context::open();
        assert_eq!(matches("b/${aws:username}/*", "b/ana/x", &context), Truth::Unknown);
        assert_eq!(matches("b/${aws:username}/*", "c/ana/x", &context), Truth::False);
    }

    #[test]
    fn template_holes_are_unknown() {
        let pattern = Pattern::substituted("arn:${AWS::Partition}:s3:::${!aws:username}", Mark(0), RESOURCE);
        let mut context = Context::closed();
        context.set("aws:username", ["ana"]);
        assert_eq!(pattern.matches("arn:aws:s3:::ana", &context), Truth::Unknown);
        assert_eq!(pattern.matches("arn:aws:s3:::bia", &context), Truth::False);
    }
}
