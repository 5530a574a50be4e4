//! Is there a text that matches some patterns and not others? By automata, with the shortest such text.
//!
//! In: clauses "matches one of these patterns" / "matches none of them". Out: a text, the proof that there is none, or
//! that the work grew beyond its bound. Never: a sample taken for a proof.
//!
//! Each pattern is an automaton whose states are its positions; the product of all clauses is searched breadth
//! first. The alphabet is the characters that occur in the patterns and one that occurs in none: from any state all
//! characters that occur in none lead the same way.

use std::collections::{BTreeSet, HashMap};

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
    Beyond(&'static str),
}

/// Positions of one clause's patterns: (pattern, tokens taken), sorted.
type Positions = Vec<(u32, u32)>;
type State = Vec<Positions>;

/// The shortest text that meets all clauses. `work` is the number of states that may still be made.
pub(crate) fn shortest(clauses: &[Clause], work: &mut usize) -> Found<String> {
    let alphabet = alphabet(clauses);
    let start: State = clauses.iter().map(initial).collect();
    if dead(clauses, &start) {
        return Found::Nothing;
    }
    let mut seen: HashMap<State, ()> = HashMap::from([(start.clone(), ())]);
    // For each state in the order of discovery: the state, its parent's place and the character that led here.
    let mut queue: Vec<(State, usize, char)> = vec![(start, 0, '\0')];
    let mut at = 0;
    while let Some((state, _, _)) = queue.get(at) {
        if accepted(clauses, state) {
            return Found::Some(spell(&queue, at));
        }
        let state = state.clone();
        for &c in &alphabet {
            let next: State = clauses.iter().zip(&state).map(|(clause, positions)| step(clause, positions, c)).collect();
            if dead(clauses, &next) || seen.contains_key(&next) {
                continue;
            }
            // A state of many positions counts for several: memory is bounded too.
            let cost = 1 + next.iter().map(Vec::len).sum::<usize>() / 64;
            let Some(left) = work.checked_sub(cost) else {
                return Found::Beyond("the patterns combine in too many ways");
            };
            *work = left;
            seen.insert(next.clone(), ());
            queue.push((next, at, c));
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

fn alphabet(clauses: &[Clause]) -> Vec<char> {
    let mut letters = BTreeSet::new();
    for token in clauses.iter().flat_map(|c| &c.patterns).flat_map(|p| &p.0) {
        match token {
            Token::Char(c) => {
                letters.insert(*c);
            }
            Token::Folded(c) => letters.extend([*c, c.to_ascii_uppercase()]),
            Token::OneInPart | Token::AnyInPart => {
                letters.insert(':');
            }
            Token::One | Token::Any => {}
        }
    }
    let other = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain('à'..='ퟻ').find(|c| !letters.contains(c));
    // The plain character first: it makes the witness readable.
    other.into_iter().chain(letters.iter().copied()).collect()
}

fn initial(clause: &Clause) -> Positions {
    let starts = (0u32..).zip(&clause.patterns).map(|(index, _)| (index, 0)).collect();
    close(clause, starts)
}

fn token(clause: &Clause, (pattern, taken): (u32, u32)) -> Option<Token> {
    clause.patterns.get(pattern as usize)?.0.get(taken as usize).copied()
}

/// `*` may take nothing.
fn close(clause: &Clause, mut positions: Positions) -> Positions {
    let mut index = 0;
    while let Some(&(pattern, taken)) = positions.get(index) {
        if matches!(token(clause, (pattern, taken)), Some(Token::Any | Token::AnyInPart)) {
            positions.push((pattern, taken + 1));
        }
        index += 1;
    }
    positions.sort_unstable();
    positions.dedup();
    positions
}

fn step(clause: &Clause, positions: &Positions, c: char) -> Positions {
    let mut next = Vec::new();
    for &(pattern, taken) in positions {
        let advance = match token(clause, (pattern, taken)) {
            None => continue,
            Some(Token::Char(expected)) => (expected == c).then_some(1),
            Some(Token::Folded(expected)) => (expected == c.to_ascii_lowercase()).then_some(1),
            Some(Token::One) => Some(1),
            Some(Token::OneInPart) => (c != ':').then_some(1),
            Some(Token::Any) => Some(0),
            Some(Token::AnyInPart) => (c != ':').then_some(0),
        };
        next.extend(advance.map(|by| (pattern, taken + by)));
    }
    close(clause, next)
}

fn matched(clause: &Clause, positions: &Positions) -> bool {
    positions.iter().any(|position| token(clause, *position).is_none())
}

fn accepted(clauses: &[Clause], state: &State) -> bool {
    clauses.iter().zip(state).all(|(clause, positions)| matched(clause, positions) == clause.inside)
}

/// No continuation can meet the clauses.
fn dead(clauses: &[Clause], state: &State) -> bool {
    clauses.iter().zip(state).any(|(clause, positions)| {
        if clause.inside {
            positions.is_empty()
        } else {
            // A pattern whose rest is `*` matches whatever follows.
            positions.iter().any(|&(pattern, taken)| {
                clause.patterns.get(pattern as usize).is_some_and(|p| p.0.len() == taken as usize + 1)
                    && token(clause, (pattern, taken)) == Some(Token::Any)
            })
        }
    })
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
