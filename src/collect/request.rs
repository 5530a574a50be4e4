//! A call as its HTTP request, in the protocol of its service.
//!
//! In: the operation and the values of its options. Out: method, path with query, headers and body; the endpoint's host is put
//! before it, and the signature added, by the AWS SDK. Values never become part of a path or a query but percent-encoded.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::wire::{Member, Operation, Protocol, Service, Shape, Type};

/// The values of one option: several where the option takes a list.
pub(super) type Given<'a> = (&'a str, Vec<String>);

/// A request before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) uri: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Writes the request.
///
/// # Errors
/// An option that the operation does not take.
pub(super) fn write(service: &Service, operation: &Operation, given: &[Given<'_>]) -> Result<Request, String> {
    let mut values: Vec<(&Member, &[String])> = Vec::new();
    for (option, texts) in given {
        let member = operation.inputs.get(option).ok_or_else(|| format!("`{}` takes no --{option}", operation.api))?;
        values.push((member, texts));
    }
    let mut request = Request { method: operation.method, uri: String::new(), headers: Vec::new(), body: Vec::new() };
    match service.protocol {
        Protocol::Json => {
            request.uri.push('/');
            request.header("content-type", &format!("application/x-amz-json-{}", service.json));
            request.header("x-amz-target", &format!("{}.{}", service.target, operation.api));
            request.body = body(service, values.iter().copied()).to_string().into_bytes();
        }
        Protocol::Query | Protocol::Ec2 => {
            request.uri.push('/');
            request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
            request.body = form(service, operation, &values).into_bytes();
        }
        Protocol::RestJson | Protocol::RestXml => rest(service, operation, &values, &mut request),
    }
    Ok(request)
}

impl Request {
    fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

/// A JSON object of the members.
fn body<'m>(service: &Service, values: impl Iterator<Item = (&'m Member, &'m [String])>) -> Value {
    let mut out = Map::new();
    for (member, texts) in values {
        let first = texts.first().map_or("", String::as_str);
        let value = match member.ty {
            Type::Bool => json!(first == "true"),
            Type::Int => first.parse::<i64>().map_or_else(|_| json!(first), |n| json!(n)),
            Type::Shape(name) if matches!(service.shapes.get(name), Some(Shape::List { .. })) => json!(texts),
            _ => json!(first),
        };
        out.insert(member.wire.to_owned(), value);
    }
    Value::Object(out)
}

/// `Action=…&Version=…&Name=value`; EC2's filters in its own form.
fn form(service: &Service, operation: &Operation, values: &[(&Member, &[String])]) -> String {
    let mut out = format!("Action={}&Version={}", operation.api, service.version);
    let mut pair = |name: &str, value: &str| {
        let _ = write!(out, "&{}={}", encoded(name, false), encoded(value, false));
    };
    for (member, texts) in values {
        let list = matches!(member.ty, Type::Shape(_));
        for (at, text) in texts.iter().enumerate() {
            match (list, text.strip_prefix("Name=").and_then(|rest| rest.split_once(",Values="))) {
                (true, Some((name, accepted))) => {
                    pair(&format!("{}.{}.Name", member.wire, at + 1), name);
                    for (nth, value) in accepted.split(',').enumerate() {
                        pair(&format!("{}.{}.Value.{}", member.wire, at + 1, nth + 1), value);
                    }
                }
                (true, None) if service.protocol == Protocol::Ec2 => pair(&format!("{}.{}", member.wire, at + 1), text),
                (true, None) => pair(&format!("{}.member.{}", member.wire, at + 1), text),
                (false, _) => pair(member.wire, text),
            }
        }
    }
    out
}

/// Path, query, headers, and what is left in the body.
fn rest(service: &Service, operation: &Operation, values: &[(&Member, &[String])], request: &mut Request) {
    let (path, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let mut path = path.to_owned();
    let mut query: Vec<String> = query.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut inside = Vec::new();
    for &(member, texts) in values {
        let first = texts.first().map_or("", String::as_str);
        match member.place {
            "uri" => {
                path = path.replace(&format!("{{{}}}", member.wire), &encoded(first, false));
                path = path.replace(&format!("{{{}+}}", member.wire), &encoded(first, true));
            }
            "querystring" => query.push(format!("{}={}", encoded(member.wire, false), encoded(first, false))),
            "header" => request.header(member.wire, first),
            _ => inside.push((member, texts)),
        }
    }
    request.uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    if service.protocol == Protocol::RestJson && (operation.method != "GET" || !inside.is_empty()) {
        request.header("content-type", "application/json");
        request.body = body(service, inside.into_iter()).to_string().into_bytes();
    }
}

/// Percent-encoded but for the unreserved characters of RFC 3986, and `/` where it is kept.
pub(super) fn encoded(text: &str, slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::wire::service;
    use super::*;

    fn request(name: &str, operation: &str, given: &[(&str, &str)]) -> Request {
        let service = service(name).unwrap();
        let given: Vec<Given<'_>> = given.iter().map(|(option, value)| (*option, vec![(*value).to_owned()])).collect();
        write(service, &service.operations[operation], &given).unwrap()
    }

    #[test]
    fn each_protocol_writes_its_own_form() {
        let kms = request("kms", "describe-key", &[("key-id", "1234")]);
        assert_eq!((kms.method, &*kms.uri, &*kms.body), ("POST", "/", &br#"{"KeyId":"1234"}"#[..]));
        assert!(kms.headers.contains(&("x-amz-target".into(), "TrentService.DescribeKey".into())));
        let profile = request("bedrock", "get-inference-profile", &[("inference-profile-identifier", "arn:aws:x/y z")]);
        assert_eq!((profile.method, &*profile.uri, profile.body.len()), ("GET", "/inference-profiles/arn%3Aaws%3Ax%2Fy%20z", 0));
        let bucket = request("s3api", "get-bucket-encryption", &[("bucket", "b")]);
        assert_eq!(bucket.uri, "/b?encryption");
        let iam = request("iam", "generate-service-last-accessed-details", &[("arn", "arn:aws:iam::1:role/a+b")]);
        let text = String::from_utf8(iam.body).unwrap();
        assert_eq!(
            text,
            "Action=GenerateServiceLastAccessedDetails&Version=2010-05-08&Arn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb"
        );
        let routes = [("transit-gateway-route-table-id", "tgw-rtb-1"), ("filters", "Name=state,Values=active,blackhole")];
        let text = String::from_utf8(request("ec2", "search-transit-gateway-routes", &routes).body).unwrap();
        assert!(text.ends_with(
            "TransitGatewayRouteTableId=tgw-rtb-1&Filter.1.Name=state&Filter.1.Value.1=active&Filter.1.Value.2=blackhole"
        ));
        let agents = request("bedrock-agent", "list-agents", &[("next-token", "t")]);
        assert_eq!((agents.method, &*agents.body), ("POST", &br#"{"nextToken":"t"}"#[..]));
    }

    #[test]
    fn an_option_that_is_not_taken_is_an_error() {
        let service = service("kms").unwrap();
        assert!(write(service, &service.operations["list-keys"], &[("no-such", vec!["x".into()])]).is_err());
    }
}
