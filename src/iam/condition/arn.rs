//! `ArnEquals`, `ArnLike` and their negations: each of the six parts is matched by itself.
//!
//! In: a pattern of six parts in which `*` and `?` may stand, and variables. Out: a truth value.
//! A pattern of fewer parts, a lone `*` among them, is unknown: AWS says that each of the six parts is checked by itself.

use super::Texts;
use crate::iam::glob::Glob;
use crate::iam::pattern::{Expanded, Part, expand, split};
use crate::iam::request::Context;
use crate::iam::truth::Truth;

#[derive(Debug, Clone)]
pub(crate) enum ArnPattern {
    /// Compiled parts.
    Fixed(Box<[Glob; 6]>),
    /// Parts with variables.
    Template(Box<[Vec<Part>; 6]>),
}

impl ArnPattern {
    pub(super) fn new(text: &str, variables: bool) -> Option<Self> {
        let parts: [&str; 6] = six_parts(text)?;
        if variables && text.contains("${") {
            return Some(Self::Template(Box::new(parts.map(|part| split(part, true)))));
        }
        Some(Self::Fixed(Box::new(parts.map(|part| Glob::new(part, false)))))
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        let parts: &[Vec<Part>] = match self {
            Self::Template(parts) => &**parts,
            _ => &[],
        };
        parts.iter().flatten()
    }

    pub(super) fn texts(&self, context: &Context) -> Texts {
        match self {
            Self::Fixed(globs) => Texts::Arn(globs.clone()),
            Self::Template(parts) => {
                let mut globs: [Glob; 6] = std::array::from_fn(|_| Glob::new("*", false));
                for (slot, part) in globs.iter_mut().zip(parts.iter()) {
                    match expand(part, false, context) {
                        Expanded::Known(glob) => *slot = glob,
                        Expanded::NoValue => return Texts::Nothing,
                        Expanded::Partly(_) => return Texts::Beyond,
                    }
                }
                Texts::Arn(Box::new(globs))
            }
        }
    }

    pub(super) fn matches(&self, given: &str, context: &Context) -> Truth {
        let mut given = given.splitn(6, ':');
        match self {
            // A text of fewer parts runs out before the globs do.
            Self::Fixed(globs) => globs.iter().all(|glob| given.next().is_some_and(|part| glob.matches(part))).into(),
            Self::Template(parts) => {
                if given.clone().count() != 6 {
                    return Truth::False;
                }
                Truth::all(parts.iter().zip(given).map(|(parts, text)| match expand(parts, false, context) {
                    Expanded::Known(glob) => glob.matches(text).into(),
                    Expanded::Partly(glob) => Truth::Unknown.and(glob.matches(text).into()),
                    Expanded::NoValue => Truth::False,
                }))
            }
        }
    }
}

/// Splits at colons outside `${…}`; the sixth part takes the rest.
fn six_parts(text: &str) -> Option<[&str; 6]> {
    let mut out = [""; 6];
    let mut rest = text;
    for slot in out.iter_mut().take(5) {
        let at = colon(rest)?;
        let (part, after) = rest.split_at_checked(at)?;
        *slot = part;
        rest = after.get(1..)?;
    }
    *out.last_mut()? = rest;
    Some(out)
}

fn colon(text: &str) -> Option<usize> {
    let mut inside = false;
    let mut before = 0u8;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if before == b'$' => inside = true,
            b'}' => inside = false,
            b':' if !inside => return Some(at),
            _ => {}
        }
        before = byte;
    }
    None
}
