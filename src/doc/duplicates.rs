//! Duplicate keys of an object, for both languages: each is reported, none is dropped.

use std::collections::HashSet;

use super::{Problem, Span, Tree};

/// Adds a problem for every key of the object at node `object` that stood in it before. `quoted`: a key's span
/// holds its quotes (JSON).
pub(super) fn report(tree: &Tree, text: &str, object: u32, quoted: bool, problems: &mut Vec<Problem>) {
    let end = tree.nodes.get(object as usize).map_or(0, |n| n.next);
    let keys = Keys { tree, text, at: object + 1, end, quoted };
    let mut seen: HashSet<&str> = HashSet::new();
    // Most objects are small: no hashing for them.
    let mut few: Vec<&str> = Vec::with_capacity(8);
    for (name, span) in keys {
        let fresh = if few.len() < 8 {
            let fresh = !few.contains(&name);
            few.push(name);
            if few.len() == 8 {
                seen.extend(few.iter());
            }
            fresh
        } else {
            seen.insert(name)
        };
        if !fresh {
            let message = format!(
                "the key `{}` stands twice in one object; readers differ in which value they take",
                super::json::shorten(name)
            );
            problems.push(Problem { code: "duplicate-key", message, span });
        }
    }
}

/// The keys from node `at` up to node `end`.
struct Keys<'p> {
    tree: &'p Tree,
    text: &'p str,
    at: u32,
    end: u32,
    quoted: bool,
}

impl<'p> Iterator for Keys<'p> {
    type Item = (&'p str, Span);
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = self.tree.nodes.get(self.at as usize)?;
        let value = self.tree.nodes.get(self.at as usize + 1)?;
        let name = if key.decoded {
            let at = self.tree.decoded.binary_search_by_key(&self.at, |(i, _)| *i).ok()?;
            self.tree.decoded.get(at).map(|(_, s)| &**s)?
        } else {
            let quote = usize::from(self.quoted);
            self.text.get(key.start as usize + quote..(key.end as usize).checked_sub(quote)?)?
        };
        self.at = value.next;
        Some((name, Span { start: key.start, end: key.end }))
    }
}
