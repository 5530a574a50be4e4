//! What the IAM core reads policies from: any tree of JSON shape whose nodes can be named again later.
//!
//! Keeps `iam` free of how documents are stored; `doc::Node` implements it.

use std::borrow::Cow;

/// The shape of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `null`.
    Null,
    /// A truth value.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    Array,
    /// A map.
    Object,
}

/// A node's name in its document, kept by every parsed element so that it can be underlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mark(pub u32);

/// A JSON-shaped tree.
pub trait Tree: Copy {
    /// What this node is.
    fn shape(self) -> Shape;
    /// The text of a scalar (`true`, `12`, a string's contents); `None` for containers and null.
    fn text<'a>(&'a self) -> Option<Cow<'a, str>>
    where
        Self: 'a;
    /// The elements of an array.
    fn elements(self) -> impl Iterator<Item = Self>;
    /// The `(key, value)` pairs of an object; duplicates are kept.
    fn pairs(self) -> impl Iterator<Item = (Self, Self)>;
    /// This node's name.
    fn mark(self) -> Mark;
    /// The tag of a template function (`!Ref`, …) whose value is not known here.
    fn unresolved(self) -> Option<String>;
}
