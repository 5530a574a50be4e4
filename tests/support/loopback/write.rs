//! An answer of the AWS CLI, back on the wire: JSON or XML, by the shapes of the table.

use serde_json::{Map, Value, json};

use super::http::{Answer, encoded};
use super::model::{Member, Operation, Service, Shape};

/// The answer on the wire.
pub(super) fn answer(service: &Service, operation: &Operation, value: &Value) -> Answer {
    let mut out = Answer { status: 200, ..Answer::default() };
    let members = operation.output.map_or(&[][..], |shape| service.members(shape));
    for member in members.iter().filter(|member| member.place == "header") {
        if let Some(value) = value.get(member.name) {
            out.headers.push((member.wire.to_owned(), scalar(member.ty, value, "rfc822")));
        }
    }
    if matches!(service.protocol, "json" | "rest-json") {
        out.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        out.body = structure(service, members, value).to_string().into_bytes();
        return out;
    }
    out.headers.push(("content-type".to_owned(), "text/xml".to_owned()));
    out.body = xml_body(service, operation, members, value).into_bytes();
    out
}

fn xml_body(service: &Service, operation: &Operation, members: &[Member], value: &Value) -> String {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let inside = |members: &[Member]| members_xml(service, members, value);
    if let Some(payload) = members.iter().find(|member| member.place == "payload") {
        return match (payload.ty, value.get(payload.name)) {
            (_, None) => String::new(),
            ("string", Some(text)) => text.as_str().unwrap_or_default().to_owned(),
            (ty, Some(value)) => format!("{HEAD}{}", element(service, payload.wire, ty, value)),
        };
    }
    if operation.api == "GetBucketLocation" {
        let place = escaped(value["LocationConstraint"].as_str().unwrap_or_default());
        return format!(
            "{HEAD}<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{place}</LocationConstraint>"
        );
    }
    let root = format!("{}Response", operation.api);
    match operation.wrapper {
        Some(wrapper) => format!(
            "{HEAD}<{root} xmlns=\"https://aws/\"><{wrapper}>{}</{wrapper}><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{root}>",
            inside(members)
        ),
        None => {
            let id = if service.protocol == "ec2" { "<requestId>r</requestId>" } else { "" };
            format!("{HEAD}<{root} xmlns=\"https://aws/\">{id}{}</{root}>", inside(members))
        }
    }
}

/// Members of a structure as JSON; what the table does not know goes as it is.
fn structure(service: &Service, members: &[Member], value: &Value) -> Value {
    let mut out = Map::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        match members.iter().find(|member| member.name == key) {
            Some(member) => out.insert(member.wire.to_owned(), typed(service, member.ty, value)),
            None => out.insert(key.clone(), value.clone()),
        };
    }
    Value::Object(out)
}

fn typed(service: &Service, ty: &str, value: &Value) -> Value {
    let Some(name) = ty.strip_prefix('@') else {
        return match (ty, value) {
            ("time" | "time:unixTimestamp", Value::String(text)) => {
                text.parse::<jiff::Timestamp>().map_or_else(|_| value.clone(), seconds)
            }
            _ => value.clone(),
        };
    };
    match (&service.shapes[name], value) {
        (Shape::Structure(members), Value::Object(_)) => structure(service, members, value),
        (Shape::List { item, .. }, Value::Array(items)) => items.iter().map(|value| typed(service, item, value)).collect(),
        (Shape::Map { value: ty, .. }, Value::Object(map)) => {
            map.iter().map(|(key, value)| (key.clone(), typed(service, ty, value))).collect()
        }
        _ => value.clone(),
    }
}

/// Seconds since 1970, with a fraction where there is one.
fn seconds(at: jiff::Timestamp) -> Value {
    let micros = at.as_microsecond();
    if micros % 1_000_000 == 0 { json!(micros / 1_000_000) } else { json!(micros as f64 / 1e6) }
}

fn members_xml(service: &Service, members: &[Member], value: &Value) -> String {
    let mut out = String::new();
    for member in members.iter().filter(|member| member.place == "-" && !member.attribute) {
        let Some(value) = value.get(member.name) else { continue };
        match (member.ty.strip_prefix('@').map(|name| &service.shapes[name]), value) {
            (Some(Shape::List { item, wire, flat }), Value::Array(items)) if *flat || member.flat => {
                // A flat list's elements have the list's own name for them, where it has one.
                let name = if *wire == "member" { member.wire } else { wire };
                out.extend(items.iter().map(|value| element(service, name, item, value)));
            }
            _ => out += &element(service, member.wire, member.ty, value),
        }
    }
    out
}

fn element(service: &Service, name: &str, ty: &str, value: &Value) -> String {
    let Some(shape) = ty.strip_prefix('@') else {
        return format!("<{name}>{}</{name}>", escaped(&scalar(ty, value, "iso8601")));
    };
    match (&service.shapes[shape], value) {
        (Shape::Structure(members), _) => {
            let attributes = members.iter().filter(|member| member.attribute).filter_map(|member| {
                let text = scalar(member.ty, value.get(member.name)?, "iso8601");
                let (prefix, _) = member.wire.split_once(':')?;
                Some(format!(
                    " xmlns:{prefix}=\"http://www.w3.org/2001/XMLSchema-instance\" {}=\"{}\"",
                    member.wire,
                    escaped(&text)
                ))
            });
            let attributes: String = attributes.collect();
            format!("<{name}{attributes}>{}</{name}>", members_xml(service, members, value))
        }
        (Shape::List { item, wire, .. }, Value::Array(items)) => {
            let inside: String = items.iter().map(|value| element(service, wire, item, value)).collect();
            format!("<{name}>{inside}</{name}>")
        }
        (Shape::Map { value: ty, key, wire }, Value::Object(map)) => {
            let entry = |(name, value): (&String, &Value)| {
                format!("<entry><{key}>{}</{key}>{}</entry>", escaped(name), element(service, wire, ty, value))
            };
            format!("<{name}>{}</{name}>", map.iter().map(entry).collect::<String>())
        }
        _ => format!("<{name}/>"),
    }
}

/// A scalar as text; `form` is how a date is written where the table does not say.
fn scalar(ty: &str, value: &Value, form: &str) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match ty {
        "policy" => encoded(&text),
        _ if ty.starts_with("time") => {
            let Ok(at) = text.parse::<jiff::Timestamp>() else { return text };
            match ty.strip_prefix("time:").unwrap_or(form) {
                "rfc822" => at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
                "unixTimestamp" => seconds(at).to_string(),
                _ => at.to_string(),
            }
        }
        _ => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\r', "&#xD;")
}

/// An error, as the protocol of the service has it.
pub(super) fn error(protocol: &str, service: &str, status: u16, code: &str) -> Answer {
    let message = format!("the loopback says {code}");
    let (kind, body) = match protocol {
        "json" | "rest-json" => {
            let body = json!({"__type": format!("com.amazonaws.{service}#{code}"), "message": message}).to_string();
            ("application/json", body)
        }
        "ec2" => (
            "text/xml",
            format!("<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"),
        ),
        "rest-xml" if service.starts_with("s3") => {
            ("application/xml", format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
        }
        _ => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            ),
        ),
    };
    Answer { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.into_bytes() }
}

/// The code by which a protocol says that the caller may not.
pub(super) fn denial(protocol: &str) -> (u16, &'static str) {
    match protocol {
        "ec2" => (403, "UnauthorizedOperation"),
        "json" | "rest-json" => (400, "AccessDeniedException"),
        _ => (403, "AccessDenied"),
    }
}
