//! Relations between types, for the static check: what may be compared, joined, passed.
//!
//! `any` fits everywhere. A moment (`timestamp`) is a string in the data, so the two compare as equal.

use super::ast::Op;
use super::functions::Function;
use crate::facts::shape::Type;

/// The type as messages name it.
pub(super) fn name(ty: &Type) -> String {
    match ty {
        Type::Any => "anything".to_owned(),
        Type::Bool => "a truth value".to_owned(),
        Type::Int | Type::Double => "a number".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Timestamp => "a moment".to_owned(),
        Type::List(inner) if **inner == Type::Any => "a list".to_owned(),
        Type::List(inner) => format!("a list of {}", plural(inner)),
        Type::Map(_) => "a map".to_owned(),
        Type::Fact(kind) => format!("`{kind}`"),
        Type::Shape(shape) => format!("`{}`", shape.rsplit('.').next().unwrap_or(shape)),
        Type::Object(name) => format!("`{name}`"),
    }
}

fn plural(ty: &Type) -> String {
    match ty {
        Type::Bool => "truth values".to_owned(),
        Type::Int | Type::Double => "numbers".to_owned(),
        Type::String => "strings".to_owned(),
        Type::Timestamp => "moments".to_owned(),
        Type::List(_) => "lists".to_owned(),
        other => name(other),
    }
}

/// The type of a value that is one or the other.
pub(super) fn join(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        (Type::List(x), Type::List(y)) => Type::List(Box::new(join(*x, *y))),
        _ => Type::Any,
    }
}

/// False where two values of these types are never equal.
pub(super) fn comparable(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Int | Type::Double, Type::Int | Type::Double) => true,
        (Type::String | Type::Timestamp, Type::String | Type::Timestamp) => true,
        (Type::List(x), Type::List(y)) | (Type::Map(x), Type::Map(y)) => comparable(x, y),
        (Type::Shape(_) | Type::Map(_) | Type::Object(_), Type::Shape(_) | Type::Map(_) | Type::Object(_)) => true,
        (Type::Fact(_), Type::Fact(_)) => true,
        _ => a == b,
    }
}

/// What to write instead of an equality that never holds.
pub(super) fn equality_help(a: &Type, b: &Type) -> Option<String> {
    Some(match (a, b) {
        (Type::Bool, Type::String) | (Type::String, Type::Bool) => "write `true` or `false` without quotes".to_owned(),
        (Type::List(inner), other) | (other, Type::List(inner)) if comparable(inner, other) => {
            "write `value in list` to look for an element".to_owned()
        }
        (Type::Fact(_), Type::String) | (Type::String, Type::Fact(_)) => {
            "compare its `arn`, its `name` or one of its fields".to_owned()
        }
        (Type::Int | Type::Double, Type::String) | (Type::String, Type::Int | Type::Double) => {
            "write the number without quotes, or `int(…)` where AWS gives text".to_owned()
        }
        _ => return None,
    })
}

/// True where `<` and the like compare the two.
pub(super) fn ordered(a: &Type, b: &Type) -> bool {
    matches!(
        (a, b),
        (Type::Any, Type::Any | Type::Int | Type::Double | Type::String)
            | (Type::Int | Type::Double | Type::String, Type::Any)
            | (Type::Int | Type::Double, Type::Int | Type::Double)
            | (Type::String, Type::String)
    )
}

/// The type of `a op b`, where there is one.
pub(super) fn arithmetic(op: Op, a: &Type, b: &Type) -> Option<Type> {
    Some(match (a, b) {
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        (Type::Int, Type::Int) => Type::Int,
        (Type::Int | Type::Double, Type::Int | Type::Double) => Type::Double,
        (Type::String, Type::String) if op == Op::Add => Type::String,
        (Type::List(_), Type::List(_)) if op == Op::Add => join(a.clone(), b.clone()),
        _ => return None,
    })
}

/// True where a value of type `given` may be passed for `wanted`.
pub(super) fn fits(given: &Type, wanted: &Type) -> bool {
    match (given, wanted) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::List(x), Type::List(y)) => fits(x, y),
        (Type::Timestamp, Type::String) => true,
        _ => comparable(given, wanted),
    }
}

/// `glob(text: string, pattern: string) → bool`
pub(super) fn signature(f: &Function) -> String {
    let params: Vec<String> = f.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    format!("{}({}) → {}", f.name, params.join(", "), f.returns)
}
