//! Is there a text that matches some patterns and not others? By automata, with the shortest such text.
//!
//! In: clauses "matches one of these patterns" / "matches none of them". Out: a text, the proof that there is none, or
//! that the work grew beyond its bound. Never: a sample taken for a proof.
//!
//! Each pattern is an automaton whose states are its positions; the product of all clauses is searched breadth
//! first. The alphabet is the characters that occur in the patterns and one that occurs in none: from any state all
//! characters that occur in none lead the same way.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use crate::iam::glob::{ANY, Glob, ONE};

/// A step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    /// An ASCII letter in either case.
    Folded(char),
    One,
    Any,
    /// `?` and `*` within a part of an ARN.
    OneInPart,
    AnyInPart,
}

/// A pattern as an automaton: the state after `n` tokens is `n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Automaton(Vec<Token>);

impl Automaton {
    pub(crate) fn of_glob(glob: &Glob) -> Self {
        Self(tokens(glob, false))
    }

    /// Six parts; `*` does not leave its part, but the last part takes the rest of the text.
    pub(crate) fn of_arn(parts: &[Glob; 6]) -> Self {
        let mut all = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                all.push(Token::Char(':'));
            }
            all.extend(tokens(part, index < 5));
        }
        Self(all)
    }
}

fn tokens(glob: &Glob, in_part: bool) -> Vec<Token> {
    let mut out = Vec::new();
    for chunk in glob.bytes().chunk_by(|a, b| *a < ONE && *b < ONE) {
        match chunk {
            [ANY] => out.push(if in_part { Token::AnyInPart } else { Token::Any }),
            [ONE] => out.push(if in_part { Token::OneInPart } else { Token::One }),
            text => out.extend(String::from_utf8_lossy(text).chars().map(|c| {
                if glob.folds() && c.is_ascii_alphabetic() { Token::Folded(c.to_ascii_lowercase()) } else { Token::Char(c) }
            })),
        }
    }
    out
}

/// One demand on the text.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) patterns: Vec<Automaton>,
    /// The text matches one of them (else: none of them).
    pub(crate) inside: bool,
}

/// The answer for a set of demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found<T> {
    /// This meets them all.
    Some(T),
    /// Nothing does.
    Nothing,
    /// Not known, for this reason.
    Beyond(Cow<'static, str>),
}

/// A point of the product: places in [`Product::tokens`] that are reached together, sorted.
type State = Rc<[u32]>;

/// All patterns of all clauses, one after the other.
struct Product {
    /// `None`: the end of a pattern.
    tokens: Vec<Option<Token>>,
    /// For each clause one past its last token, and whether the text must match.
    clauses: Vec<(u32, bool)>,
    /// A character that occurs in no pattern.
    other: Option<char>,
}

/// The shortest text that meets all clauses. `work` is the number of states that may still be made.
pub(crate) fn shortest(clauses: &[Clause], work: &mut usize) -> Found<String> {
    let product = Product::new(clauses);
    let Some(start) = product.start(clauses) else { return Found::Nothing };
    let mut seen: HashSet<State> = HashSet::from([start.clone()]);
    // For each state in the order of discovery: the state, its parent's place and the character that led here.
    let mut queue: Vec<(State, usize, char)> = vec![(start, 0, '\0')];
    let mut at = 0;
    let (mut letters, mut next) = (Vec::new(), Vec::new());
    while let Some((state, _, _)) = queue.get(at) {
        if product.accepts(state) {
            return Found::Some(spell(&queue, at));
        }
        let state = state.clone();
        product.letters(&state, &mut letters);
        for &c in &letters {
            product.step(&state, c, &mut next);
            if product.dead(&next) || seen.contains(&next[..]) {
                continue;
            }
            // A state of many positions counts for several: memory is bounded too.
            let cost = 1 + next.len() / 64;
            let Some(left) = work.checked_sub(cost) else {
                return Found::Beyond("the patterns of the policies combine in more ways than are tried".into());
            };
            *work = left;
            let state = State::from(&next[..]);
            seen.insert(state.clone());
            queue.push((state, at, c));
        }
        at += 1;
    }
    Found::Nothing
}

fn spell(queue: &[(State, usize, char)], mut at: usize) -> String {
    let mut text = Vec::new();
    while at > 0 {
        let Some((_, parent, c)) = queue.get(at) else { break };
        text.push(*c);
        at = *parent;
    }
    text.iter().rev().collect()
}

impl Product {
    fn new(clauses: &[Clause]) -> Self {
        let mut product = Self { tokens: Vec::new(), clauses: Vec::with_capacity(clauses.len()), other: None };
        for clause in clauses {
            for pattern in &clause.patterns {
                product.tokens.extend(pattern.0.iter().copied().map(Some));
                product.tokens.push(None);
            }
            product.clauses.push((to_u32(product.tokens.len()), clause.inside));
        }
        let mut used: BTreeSet<char> = BTreeSet::new();
        let mut ascii = 0u128;
        for token in product.tokens.iter().flatten() {
            match token {
                Token::Char(c) if c.is_ascii() => ascii |= 1 << u32::from(*c),
                Token::Folded(c) => ascii |= 1 << u32::from(*c) | 1 << u32::from(c.to_ascii_uppercase()),
                Token::Char(c) => {
                    used.insert(*c);
                }
                _ => {}
            }
        }
        let is_used = |c: &char| if c.is_ascii() { ascii >> u32::from(*c) & 1 == 1 } else { used.contains(c) };
        product.other = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain('à'..='ퟻ').find(|c| !is_used(c));
        product
    }

    fn token(&self, at: u32) -> Option<Token> {
        self.tokens.get(at as usize).copied().flatten()
    }

    /// The start of every pattern; `None` where no text can meet the clauses.
    fn start(&self, clauses: &[Clause]) -> Option<State> {
        let mut starts = Vec::new();
        let mut at = 0;
        for pattern in clauses.iter().flat_map(|clause| &clause.patterns) {
            self.reach(at, &mut starts);
            at += to_u32(pattern.0.len() + 1);
        }
        (!self.dead(&starts)).then(|| starts.into())
    }

    /// Adds a place; `*` may take nothing.
    fn reach(&self, mut at: u32, into: &mut Vec<u32>) {
        into.push(at);
        while let Some(Token::Any | Token::AnyInPart) = self.token(at) {
            at += 1;
            into.push(at);
        }
    }

    /// The characters that tell this state's ways apart: any other one goes where [`Self::other`] goes. That one comes first: it
    /// makes the witness readable.
    fn letters(&self, state: &[u32], into: &mut Vec<char>) {
        into.clear();
        for at in state {
            match self.token(*at) {
                Some(Token::Char(c)) => into.push(c),
                Some(Token::Folded(c)) => into.extend([c, c.to_ascii_uppercase()]),
                Some(Token::OneInPart | Token::AnyInPart) => into.push(':'),
                Some(Token::One | Token::Any) | None => {}
            }
        }
        into.sort_unstable();
        into.dedup();
        if let Some(other) = self.other {
            into.insert(0, other);
        }
    }

    fn step(&self, state: &[u32], c: char, next: &mut Vec<u32>) {
        next.clear();
        for &at in state {
            let advance = match self.token(at) {
                None => continue,
                Some(Token::Char(expected)) => (expected == c).then_some(1),
                Some(Token::Folded(expected)) => (expected == c.to_ascii_lowercase()).then_some(1),
                Some(Token::One) => Some(1),
                Some(Token::OneInPart) => (c != ':').then_some(1),
                Some(Token::Any) => Some(0),
                Some(Token::AnyInPart) => (c != ':').then_some(0),
            };
            if let Some(by) = advance {
                self.reach(at + by, next);
            }
        }
        next.sort_unstable();
        next.dedup();
    }

    /// For each clause whether the text must match, and the places of the state in it.
    fn by_clause<'s>(&'s self, mut rest: &'s [u32]) -> impl Iterator<Item = (bool, &'s [u32])> {
        self.clauses.iter().map(move |(end, inside)| {
            let (own, others) = rest.split_at_checked(rest.partition_point(|at| at < end)).unwrap_or((rest, &[]));
            rest = others;
            (*inside, own)
        })
    }

    fn accepts(&self, state: &[u32]) -> bool {
        self.by_clause(state).all(|(inside, places)| places.iter().any(|at| self.token(*at).is_none()) == inside)
    }

    /// No continuation can meet the clauses.
    fn dead(&self, state: &[u32]) -> bool {
        // A pattern whose rest is `*` matches whatever follows.
        let matches_all = |at: &u32| self.token(*at) == Some(Token::Any) && self.token(at + 1).is_none();
        self.by_clause(state).any(|(inside, places)| if inside { places.is_empty() } else { places.iter().any(matches_all) })
    }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clause(inside: bool, patterns: &[&str]) -> Clause {
        Clause { patterns: patterns.iter().map(|p| Automaton::of_glob(&Glob::new(p, false))).collect(), inside }
    }

    fn solve(clauses: &[Clause]) -> Found<String> {
        shortest(clauses, &mut 10_000)
    }

    #[test]
    fn differences_of_globs() {
        let model = "arn:aws:bedrock:*::foundation-model/*";
        let claude = "arn:aws:bedrock:*::foundation-model/anthropic.*";
        assert_eq!(solve(&[clause(true, &[claude]), clause(false, &[model])]), Found::Nothing);
        let Found::Some(text) = solve(&[clause(true, &[model]), clause(false, &[claude])]) else { panic!() };
        assert!(Glob::new(model, false).matches(&text) && !Glob::new(claude, false).matches(&text));
        assert_eq!(solve(&[clause(true, &["a?"]), clause(true, &["?b"])]), Found::Some("ab".into()));
        assert_eq!(solve(&[clause(false, &["?*"])]), Found::Some(String::new()));
        assert_eq!(solve(&[clause(false, &["?*", ""])]), Found::Nothing);
    }

    #[test]
    fn case_is_folded_where_asked() {
        let folded = Clause { patterns: vec![Automaton::of_glob(&Glob::new("s3:Get*", true))], inside: true };
        assert_eq!(solve(&[folded, clause(true, &["S3:GET"])]), Found::Some("S3:GET".into()));
    }

    proptest! {
        #[test]
        fn agrees_with_trying_all(
            yes in proptest::collection::vec("[ab*?]{0,4}", 1..3),
            no in proptest::collection::vec("[ab*?]{0,4}", 0..3),
        ) {
            let globs = |patterns: &[String]| patterns.iter().map(|p| Glob::new(p, false)).collect::<Vec<_>>();
            let (yes, no) = (globs(&yes), globs(&no));
            let of = |globs: &[Glob], inside| Clause { patterns: globs.iter().map(Automaton::of_glob).collect(), inside };
            let holds = |text: &str| yes.iter().any(|g| g.matches(text)) && !no.iter().any(|g| g.matches(text));
            let mut texts = vec![String::new()];
            for _ in 0..5 {
                texts = texts.iter().flat_map(|t| ["", "a", "b", "c"].map(|c| format!("{t}{c}"))).collect();
                texts.sort();
                texts.dedup();
            }
            match solve(&[of(&yes, true), of(&no, false)]) {
                Found::Some(text) => prop_assert!(holds(&text)),
                Found::Nothing => prop_assert!(!texts.iter().any(|t| holds(t))),
                Found::Beyond(why) => prop_assert!(false, "{}", why),
            }
        }
    }
}
