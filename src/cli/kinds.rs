//! What rules may name, as tables for `alicerce facts` and `alicerce rules kinds`.
//!
//! In: the tables of kinds, AWS shapes and derived facts. Out: members with their types, and tables without borders.

use comfy_table::{ContentArrangement, Table, presets};

use crate::facts::kinds;
use crate::facts::shape::{Member, Type};
use crate::rule::vocabulary::{self, Members};

/// A table without borders, `width` columns wide.
pub(super) fn plain_table(width: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

/// The members of a kind, of an AWS shape (`service.Shape`) or of a derived object.
pub(super) fn members_of(name: &str) -> Option<Vec<&'static Member>> {
    let of = |ty: Type| match vocabulary::members(&ty) {
        Members::These(members) => Some(members),
        _ => None,
    };
    let name = name.to_owned();
    of(Type::Fact(name.clone())).or_else(|| of(Type::Shape(name.clone()))).or_else(|| of(Type::Object(name)))
}

/// `name`, or `name?` where it may be missing.
pub(super) fn marked(member: &Member) -> String {
    format!("{}{}", member.name, if member.optional { "?" } else { "" })
}

/// What the `?` of [`marked`] means.
pub(super) const MARK: &str = "A member with `?` may be missing: ask `has(it.…)` first.";

/// A type as the author's guide writes it.
pub(super) fn notation(ty: &Type) -> String {
    match ty {
        Type::List(inner) => format!("list<{}>", notation(inner)),
        Type::Map(inner) => format!("map<{}>", notation(inner)),
        Type::Fact(kind) => kind.clone(),
        Type::Shape(name) | Type::Object(name) => name.clone(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// The kind, AWS shape or derived object whose name is nearest to a wrong one.
pub(super) fn nearest_kind(name: &str) -> Option<&'static str> {
    crate::config::closest(name, kinds::all().map(|kind| kind.name))
}
