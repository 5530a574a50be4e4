//! Logging as a chain: from a place where models can be called to the record of it.
//!
//! In: the world. Out: the derived facts `recorded_by` on a `bedrock-region`, one object per link; `kept`, `readers` and `deleters` on the
//! log groups and buckets that hold prompts; `delivery_holes` on a `bedrock-logging`. A link that hangs on a broken one before it is `n/a`. Never: a link called `ok` that was not seen to be.

mod destination;
mod kept;
mod links;
mod people;
mod places;
mod selectors;
mod trail;

use crate::world::{Derived, ObjectType};

/// Types of the objects below.
pub const OBJECTS: &[ObjectType] = &[links::LINK, destination::HOLE, kept::KEPT, people::READER, people::DELETER];

/// The derived facts of this module.
pub const DERIVED: &[&[Derived]] = &[links::DERIVED, destination::DERIVED, kept::DERIVED, people::DERIVED];
