//! An answer made up from the shapes of the table: one element in each list, every member there.
//!
//! What is made up this way has something of everything, so that every call of the plan has something to be made for.

use serde_json::{Map, Value, json};

use super::model::{Operation, Service, Shape};

/// The answer of an operation, as the AWS CLI would print it.
pub(super) fn answer(service: &Service, operation: &Operation) -> Value {
    let Some(shape) = operation.output else { return json!({}) };
    let mut out = structure(service, shape, &mut Vec::new());
    if let (Some(paging), Value::Object(map)) = (&operation.paging, &mut out) {
        map.retain(|key, _| {
            let token = paging.tokens.iter().any(|(_, output)| output == key) || paging.more == Some(key);
            !token && (paging.keys.contains(&&**key) || paging.others.contains(&&**key))
        });
    }
    out
}

fn structure(service: &Service, shape: &'static str, above: &mut Vec<&'static str>) -> Value {
    let mut out = Map::new();
    above.push(shape);
    for member in service.members(shape) {
        if member.place != "statusCode"
            && let Some(value) = value(service, member.name, member.ty, above)
        {
            out.insert(member.name.to_owned(), value);
        }
    }
    above.pop();
    Value::Object(out)
}

/// `None` where the type goes round in circles.
fn value(service: &Service, name: &str, ty: &'static str, above: &mut Vec<&'static str>) -> Option<Value> {
    let Some(shape) = ty.strip_prefix('@') else {
        return Some(match ty {
            "bool" => json!(true),
            "int" => json!(7),
            "float" => json!(0.5),
            "blob" => json!("aGVsbG8="),
            "document" => json!({"of": ["any", "form"]}),
            "policy" => json!({"Version": "2012-10-17", "Statement": [{"Sid": "é & <+%>", "Effect": "Deny"}]}),
            _ if ty.starts_with("time") => json!("2026-11-20T12:34:56+00:00"),
            _ => json!(text(name)),
        });
    };
    if above.contains(&shape) || above.len() > 12 {
        return None;
    }
    match &service.shapes[shape] {
        Shape::Structure(_) => Some(structure(service, shape, above)),
        Shape::List { item, .. } => Some(json!([value(service, name, item, above)?])),
        Shape::Map { value: ty, .. } => Some(json!({"a key": value(service, name, ty, above)?})),
    }
}

/// Texts that the plan looks at are what it looks for.
fn text(name: &str) -> String {
    match name {
        "providerName" => "Anthropic".to_owned(),
        "JobStatus" => "COMPLETED".to_owned(),
        "State" => "COMPLETE".to_owned(),
        "Account" => "111122223333".to_owned(),
        "RegionName" => "sa-east-1".to_owned(),
        _ => format!("{name} & <1>"),
    }
}
