//! Lets the IAM core read policies straight from document nodes.

use std::borrow::Cow;

use super::{Kind, Node};
use crate::iam::tree::{Mark, Shape, Tree};

impl Tree for Node<'_> {
    fn shape(self) -> Shape {
        match self.kind() {
            Kind::Null => Shape::Null,
            Kind::Bool(_) => Shape::Bool,
            Kind::Number => Shape::Number,
            Kind::String => Shape::String,
            Kind::Array => Shape::Array,
            Kind::Object => Shape::Object,
        }
    }

    fn text<'a>(&'a self) -> Option<Cow<'a, str>>
    where
        Self: 'a,
    {
        if self.is_null() { None } else { self.scalar() }
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        self.items()
    }

    fn pairs(self) -> impl Iterator<Item = (Self, Self)> {
        self.entries()
    }

    fn mark(self) -> Mark {
        Mark(self.index())
    }

    fn unresolved(self) -> Option<String> {
        self.tag().map(str::to_owned)
    }
}
