//! An HTTP answer as the AWS CLI prints it.
//!
//! In: status, headers and body in the protocol of the service. Out: the JSON of `aws SERVICE OPERATION --output json`: members
//! named by the API's model, dates in ISO 8601 with their offset, blobs in base64, IAM's policies as JSON. Members that the model
//! does not know are kept where the wire is JSON. A body that cannot be read is an error, never an empty answer.

use aws_smithy_types::base64;
use jiff::Timestamp;
use roxmltree::Node;
use serde_json::{Map, Value, json};

use super::wire::{Member, Operation, Protocol, Service, Shape, Type};
use crate::input::percent_decode;

/// An answer as it came.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What AWS said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

/// Reads the answer of a successful call.
///
/// # Errors
/// Why the body is not what the service's model says.
pub(super) fn read(service: &Service, operation: &Operation, raw: &Raw) -> Result<Value, String> {
    let Some(shape) = operation.output else { return Ok(json!({})) };
    let Some(Shape::Structure(members)) = service.shapes.get(shape) else { return Ok(json!({})) };
    let reader = Reader { service };
    let mut out = Map::new();
    if let Some(payload) = members.iter().find(|m| m.place == "payload") {
        reader.payload(payload, raw, &mut out)?;
    } else if matches!(service.protocol, Protocol::Json | Protocol::RestJson) {
        reader.json_body(members, raw, &mut out)?;
    } else {
        with_xml(raw, |root| reader.xml_body(operation, members, root, &mut out))??;
    }
    for member in members {
        let value = match member.place {
            "header" => raw.header(member.wire).map(str::to_owned),
            "statusCode" => None,
            _ => continue,
        };
        if let Some(text) = value {
            out.insert(member.name.to_owned(), reader.text(member.ty, &text, "rfc822"));
        }
    }
    Ok(Value::Object(out))
}

/// Reads what AWS answered in place of a result.
pub(super) fn refusal(raw: &Raw) -> Refusal {
    let mut out =
        from_json(raw).or_else(|| from_xml(raw)).unwrap_or_else(|| Refusal { code: String::new(), message: String::new() });
    if let Some(header) = raw.header("x-amzn-errortype") {
        out.code = header.to_owned();
    }
    out.code = out.code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    if out.code.is_empty() {
        out.code = format!("Http{}", raw.status);
    }
    out
}

fn from_json(raw: &Raw) -> Option<Refusal> {
    let value: Value = serde_json::from_slice(&raw.body).ok()?;
    let text = |keys: &[&str]| keys.iter().find_map(|key| value.get(key)?.as_str()).unwrap_or_default().to_owned();
    Some(Refusal { code: text(&["__type", "code", "Code"]), message: text(&["message", "Message", "errorMessage"]) })
}

fn from_xml(raw: &Raw) -> Option<Refusal> {
    let text = std::str::from_utf8(&raw.body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let find = |name: &str| document.descendants().find(|n| n.tag_name().name() == name).and_then(|n| n.text());
    Some(Refusal { code: find("Code")?.to_owned(), message: find("Message").unwrap_or_default().to_owned() })
}

fn json_of(raw: &Raw) -> Result<Value, String> {
    if raw.body.is_empty() {
        return Err(EMPTY.to_owned());
    }
    serde_json::from_slice(&raw.body).map_err(|why| format!("the answer is not JSON: {why}"))
}

/// No operation of the plan answers with nothing at all; who has nothing says so.
const EMPTY: &str = "the answer is empty";

/// Elements within elements: far more than any answer of AWS has.
const DEEPEST: usize = 128;

fn with_xml<T>(raw: &Raw, read: impl FnOnce(Node<'_, '_>) -> T) -> Result<T, String> {
    if raw.body.is_empty() {
        return Err(EMPTY.to_owned());
    }
    let text = std::str::from_utf8(&raw.body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let document = roxmltree::Document::parse(text).map_err(|why| format!("the answer is not XML: {why}"))?;
    let root = document.root_element();
    if deeper(root, DEEPEST) {
        return Err(format!("the answer has more than {DEEPEST} elements within each other"));
    }
    Ok(read(root))
}

/// Whether anything lies so deep below the node; without recursion.
fn deeper(root: Node<'_, '_>, most: usize) -> bool {
    let (mut at, mut depth) = (root, 0);
    loop {
        if depth > most {
            return true;
        }
        if let Some(below) = at.first_child() {
            (at, depth) = (below, depth + 1);
            continue;
        }
        loop {
            if at == root {
                return false;
            }
            if let Some(beside) = at.next_sibling() {
                at = beside;
                break;
            }
            let Some(above) = at.parent() else { return false };
            (at, depth) = (above, depth - 1);
        }
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.is_element() && n.tag_name().name() == name)
}

struct Reader<'s> {
    service: &'s Service,
}

impl Reader<'_> {
    /// The member that is the body.
    fn payload(&self, member: &Member, raw: &Raw, out: &mut Map<String, Value>) -> Result<(), String> {
        let value = match (member.ty, self.service.protocol) {
            (Type::String | Type::Blob, _) if raw.body.is_empty() => return Err(EMPTY.to_owned()),
            (Type::String, _) => json!(String::from_utf8_lossy(&raw.body)),
            (Type::Blob, _) => json!(base64::encode(&raw.body)),
            (ty, Protocol::RestXml | Protocol::Query | Protocol::Ec2) => with_xml(raw, |root| {
                if let Type::Shape(name) = ty
                    && let Some(Shape::Structure(members)) = self.service.shapes.get(name)
                {
                    self.of_model(members, root)?;
                }
                Ok::<_, String>(self.xml(ty, root))
            })??,
            (ty, _) => self.json(ty, &json_of(raw)?),
        };
        out.insert(member.name.to_owned(), value);
        Ok(())
    }

    /// The members of a JSON body; a body of which the model knows nothing is somebody else's.
    fn json_body(&self, members: &[Member], raw: &Raw, out: &mut Map<String, Value>) -> Result<(), String> {
        let value = json_of(raw)?;
        let map = value.as_object().ok_or("the answer is no JSON object")?;
        let known = |key: &String| members.iter().any(|m| m.wire == key || m.name == key);
        if !map.is_empty() && !map.keys().any(known) {
            return Err("the answer is not this operation's: it has none of its members".to_owned());
        }
        self.json_members(members, &value, out);
        Ok(())
    }

    /// The members of an XML body, inside of the wrapper that the protocol puts around them.
    fn xml_body(
        &self,
        operation: &Operation,
        members: &[Member],
        root: Node<'_, '_>,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let name = root.tag_name().name();
        // GetBucketLocation: the whole answer is the text of its root.
        if let [only] = members
            && self.service.protocol == Protocol::RestXml
            && name == only.name
        {
            out.insert(only.name.to_owned(), root.text().filter(|t| !t.is_empty()).map_or(Value::Null, |t| json!(t)));
            return Ok(());
        }
        let not_this = || format!("the answer is not this operation's: its root is <{name}>");
        let inside = match (operation.wrapper, self.service.protocol) {
            (Some(wrapper), _) => child(root, wrapper).ok_or_else(not_this)?,
            (None, Protocol::Ec2) if name.strip_suffix("Response") != Some(operation.api) => return Err(not_this()),
            (None, Protocol::RestXml) => {
                self.of_model(members, root)?;
                root
            }
            (None, _) => root,
        };
        self.xml_members(members, inside, out);
        Ok(())
    }

    /// Whether an element can be this structure: S3 names its roots as it likes, so their children have to say it.
    fn of_model(&self, members: &[Member], root: Node<'_, '_>) -> Result<(), String> {
        let name = root.tag_name().name();
        let known = |n: Node<'_, '_>| members.iter().any(|member| self.element_name(member) == n.tag_name().name());
        let mut inside = root.children().filter(Node::is_element).peekable();
        let empty = inside.peek().is_none();
        if name.eq_ignore_ascii_case("html") || name == "Error" || !(empty || inside.any(known)) {
            return Err(format!("the answer is not this operation's: its root is <{name}>"));
        }
        Ok(())
    }

    fn json_members(&self, members: &[Member], value: &Value, out: &mut Map<String, Value>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            match members.iter().find(|m| m.wire == key || m.name == key) {
                // The CLI leaves out what is null.
                _ if value.is_null() => {}
                Some(member) => drop(out.insert(member.name.to_owned(), self.json(member.ty, value))),
                None => drop(out.insert(key.clone(), value.clone())),
            }
        }
    }

    fn json(&self, ty: Type, value: &Value) -> Value {
        match (ty, value) {
            (Type::Time(_), Value::Number(seconds)) => {
                seconds.as_f64().and_then(from_seconds).map_or_else(|| value.clone(), Value::String)
            }
            (Type::Time(_), Value::String(text)) => json!(time(text, "iso8601")),
            (Type::Shape(name), _) => match (self.service.shapes.get(name), value) {
                (Some(Shape::Structure(members)), Value::Object(_)) => {
                    let mut out = Map::new();
                    self.json_members(members, value, &mut out);
                    Value::Object(out)
                }
                (Some(Shape::List { item, .. }), Value::Array(items)) => items.iter().map(|v| self.json(*item, v)).collect(),
                (Some(Shape::Map { value: ty, .. }), Value::Object(map)) => {
                    map.iter().map(|(key, value)| (key.clone(), self.json(*ty, value))).collect()
                }
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }

    fn xml_members(&self, members: &[Member], node: Node<'_, '_>, out: &mut Map<String, Value>) {
        for member in members.iter().filter(|m| !matches!(m.place, "header" | "headers" | "statusCode")) {
            if member.attribute {
                let name = member.wire.rsplit(':').next().unwrap_or(member.wire);
                if let Some(text) = node.attributes().find(|a| a.name() == name) {
                    out.insert(member.name.to_owned(), json!(text.value()));
                }
                continue;
            }
            let wire = self.element_name(member);
            let mut found = node.children().filter(|n| n.is_element() && n.tag_name().name() == wire).peekable();
            if found.peek().is_none() {
                continue;
            }
            let value = match self.flat(member) {
                Some(item) => found.map(|n| self.xml(item, n)).collect(),
                None => found.next().map_or(Value::Null, |n| self.xml(member.ty, n)),
            };
            out.insert(member.name.to_owned(), value);
        }
    }

    /// A flat list's elements stand under the name of the list's own element, where the list gives one.
    fn element_name<'m>(&self, member: &'m Member) -> &'m str {
        match member.ty {
            Type::Shape(name) if member.flat => match self.service.shapes.get(name) {
                Some(Shape::List { wire, .. }) if *wire != "member" && member.wire == member.name => wire,
                _ => member.wire,
            },
            _ => member.wire,
        }
    }

    /// The type of a flat list's elements.
    fn flat(&self, member: &Member) -> Option<Type> {
        let Type::Shape(name) = member.ty else { return None };
        match self.service.shapes.get(name) {
            Some(Shape::List { item, flat, .. }) if *flat || member.flat => Some(*item),
            _ => None,
        }
    }

    fn xml(&self, ty: Type, node: Node<'_, '_>) -> Value {
        let Type::Shape(name) = ty else { return self.text(ty, &text_of(node), "iso8601") };
        match self.service.shapes.get(name) {
            Some(Shape::Structure(members)) => {
                let mut out = Map::new();
                self.xml_members(members, node, &mut out);
                Value::Object(out)
            }
            Some(Shape::List { item, .. }) => node.children().filter(Node::is_element).map(|n| self.xml(*item, n)).collect(),
            Some(Shape::Map { value, key, wire, .. }) => {
                let entries = node.children().filter(Node::is_element);
                let pairs = entries.filter_map(|n| Some((text_of(child(n, key)?), self.xml(*value, child(n, wire)?))));
                pairs.collect()
            }
            None => Value::Null,
        }
    }

    /// A scalar from its text; `form` is how a date is written where its shape does not say.
    fn text(&self, ty: Type, text: &str, form: &'static str) -> Value {
        match ty {
            Type::Bool => json!(text.eq_ignore_ascii_case("true")),
            Type::Int => text.parse::<i64>().map_or_else(|_| json!(text), |n| json!(n)),
            Type::Float => text.parse::<f64>().map_or_else(|_| json!(text), |n| json!(n)),
            Type::Time(named) => json!(time(text, named.unwrap_or(form))),
            Type::Policy => policy(text),
            Type::String | Type::Blob | Type::Document | Type::Shape(_) => json!(text),
        }
    }
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter_map(|n| n.text().filter(|_| n.is_text())).collect()
}

/// A percent-encoded policy as JSON; what is no JSON stays as text.
fn policy(text: &str) -> Value {
    let text = percent_decode(text);
    serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
}

/// A date as the CLI prints it; a text that is none stays as it is.
fn time(text: &str, form: &str) -> String {
    let parsed = match form {
        "unixTimestamp" => return text.parse().ok().and_then(from_seconds).unwrap_or_else(|| text.to_owned()),
        "rfc822" => jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()),
        _ => text.parse::<Timestamp>().ok(),
    };
    parsed.map_or_else(|| text.to_owned(), iso)
}

fn from_seconds(seconds: f64) -> Option<String> {
    if !seconds.is_finite() {
        return None;
    }
    // A date in seconds since 1970: far below 2^53 microseconds.
    #[expect(clippy::cast_possible_truncation, reason = "rounded to whole microseconds; out of range is refused by jiff")]
    let micros = (seconds * 1e6).round() as i64;
    Timestamp::from_microsecond(micros).ok().map(iso)
}

/// `2026-11-20T12:00:00+00:00`, with microseconds where there are any.
fn iso(at: Timestamp) -> String {
    let micros = at.as_microsecond().rem_euclid(1_000_000);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{}{fraction}+00:00", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::super::wire::service;
    use super::*;

    fn raw(body: &str) -> Raw {
        Raw { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    fn said(name: &str, operation: &str, body: &str) -> Result<Value, String> {
        let service = service(name).unwrap();
        read(service, &service.operations[operation], &raw(body))
    }

    #[test]
    fn lists_maps_attributes_and_empty_elements_of_xml() {
        let grants = r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled><TargetBucket>b</TargetBucket>
            <TargetGrants><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee>
            <Permission>READ</Permission></Grant></TargetGrants><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>"#;
        let wanted = json!({"LoggingEnabled": {"TargetBucket": "b", "TargetPrefix": "",
            "TargetGrants": [{"Grantee": {"Type": "Group", "URI": "u"}, "Permission": "READ"}]}});
        assert_eq!(said("s3api", "get-bucket-logging", grants), Ok(wanted));
        // A flat list stands without an element around it, among the others.
        let rules = "<LifecycleConfiguration><Rule><ID>a</ID><Transition><Days>30</Days></Transition><Transition><Days>90</Days>\
                     </Transition></Rule><Rule><ID>b</ID></Rule></LifecycleConfiguration>";
        let wanted = json!({"Rules": [{"ID": "a", "Transitions": [{"Days": 30}, {"Days": 90}]}, {"ID": "b"}]});
        assert_eq!(said("s3api", "get-bucket-lifecycle-configuration", rules), Ok(wanted));
        let summary = "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>3</value></entry>\
                       <entry><key>Roles</key><value>14</value></entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>";
        assert_eq!(said("iam", "get-account-summary", summary), Ok(json!({"SummaryMap": {"Users": 3, "Roles": 14}})));
        let vpcs = "<DescribeVpcsResponse><requestId>r</requestId><vpcSet/></DescribeVpcsResponse>";
        assert_eq!(said("ec2", "describe-vpcs", vpcs), Ok(json!({"Vpcs": []})));
        let versioning = "<VersioningConfiguration/>";
        assert_eq!(said("s3api", "get-bucket-versioning", versioning), Ok(json!({})));
    }

    #[test]
    fn a_bucket_is_somewhere_or_in_the_first_region() {
        let at = |inside: &str| {
            format!("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</LocationConstraint>")
        };
        let location = |body: &str| said("s3api", "get-bucket-location", body);
        assert_eq!(location(&at("sa-east-1")), Ok(json!({"LocationConstraint": "sa-east-1"})));
        assert_eq!(location(&at("")), Ok(json!({"LocationConstraint": null})));
        assert_eq!(location("<LocationConstraint/>"), Ok(json!({"LocationConstraint": null})));
        assert!(location("<html>sa-east-1</html>").is_err());
    }

    #[test]
    fn a_header_is_a_member_too() {
        let s3 = service("s3api").unwrap();
        let mut answer = raw("<LifecycleConfiguration/>");
        answer.headers.push(("x-amz-transition-default-minimum-object-size".into(), "all_storage_classes_128K".into()));
        let found = read(s3, &s3.operations["get-bucket-lifecycle-configuration"], &answer).unwrap();
        assert_eq!(found, json!({"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}));
        assert_eq!(time("Fri, 20 Nov 2026 12:34:56 GMT", "rfc822"), "2026-11-20T12:34:56+00:00");
    }

    #[test]
    fn dates_of_any_form_become_one() {
        let key = said(
            "kms",
            "describe-key",
            r#"{"KeyMetadata": {"KeyId": "k", "CreationDate": 1.7958e9, "DeletionDate": 1795800000.5}}"#,
        );
        let wanted = json!({"KeyMetadata": {"KeyId": "k", "CreationDate": "2026-11-27T17:20:00+00:00", "DeletionDate": "2026-11-27T17:20:00.500000+00:00"}});
        assert_eq!(key, Ok(wanted));
        assert_eq!(time("2026-11-20T09:00:00-03:00", "iso8601"), "2026-11-20T12:00:00+00:00");
        for odd in ["", "soon", "1e400", "NaN", "99999999999999999999"] {
            assert_eq!(time(odd, "unixTimestamp"), odd);
            assert_eq!(time(odd, "iso8601"), odd);
        }
    }

    #[test]
    fn what_the_model_does_not_know_is_kept_and_null_is_left_out() {
        let key =
            said("kms", "describe-key", r#"{"KeyMetadata": {"KeyId": "k", "Newer": {"a": [1]}, "Arn": null}, "Beside": 1}"#);
        assert_eq!(key, Ok(json!({"KeyMetadata": {"KeyId": "k", "Newer": {"a": [1]}}, "Beside": 1})));
    }

    #[test]
    fn policies_of_iam_are_json_where_they_are() {
        assert_eq!(policy("%7B%22Version%22%3A%222012-10-17%22%7D"), json!({"Version": "2012-10-17"}));
        assert_eq!(policy("{\"a\":\"100%\"}"), json!({"a": "100%"}));
        for odd in ["%", "%4", "%zz", "%7B", "é%C3"] {
            assert!(policy(odd).is_string());
        }
        assert_eq!(["", "f", "fo", "foo"].map(|text| base64::encode(text.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v"]);
    }

    #[test]
    fn every_protocol_says_no_in_its_own_way() {
        let no = |status: u16, header: Option<&str>, body: &str| {
            let headers = header.map(|text| ("x-amzn-errortype".to_owned(), text.to_owned())).into_iter().collect();
            let Refusal { code, message } = refusal(&Raw { status, headers, body: body.as_bytes().to_vec() });
            (code, message)
        };
        let same = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        assert_eq!(
            no(400, None, r#"{"__type": "com.amazonaws.kms#NotFoundException", "message": "m"}"#),
            same("NotFoundException", "m")
        );
        let typed = "AccessDeniedException:http://internal.amazon.com/coral/";
        assert_eq!(no(403, Some(typed), r#"{"Message": "m"}"#), same("AccessDeniedException", "m"));
        assert_eq!(
            no(403, None, "<Error><Code>NoSuchBucketPolicy</Code><Message>m</Message></Error>"),
            same("NoSuchBucketPolicy", "m")
        );
        let query = "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>";
        assert_eq!(no(403, None, query), same("AccessDenied", "m"));
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m</Message></Error></Errors></Response>";
        assert_eq!(no(403, None, ec2), same("UnauthorizedOperation", "m"));
        for nothing in ["", "<html><body>Bad gateway</body></html>", "{", "null", "[]", "\u{0}"] {
            assert_eq!(no(502, None, nothing), same("Http502", ""));
        }
    }

    #[test]
    fn what_cannot_be_this_operation_s_answer_is_an_error() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><DescribeVpcsResponse><vpcSet>&b;</vpcSet></DescribeVpcsResponse>";
        let deep = format!("<DescribeVpcsResponse>{}{}</DescribeVpcsResponse>", "<a>".repeat(10_000), "</a>".repeat(10_000));
        let error = "<Response><Errors><Error><Code>x</Code></Error></Errors></Response>";
        for body in [
            "",
            " ",
            "<",
            "{}",
            "<html/>",
            bomb,
            &deep,
            error,
            "\u{feff}",
            "<DescribeVpcsResponse>",
            "<DescribeVpcsResponse/><x/>",
        ] {
            assert!(said("ec2", "describe-vpcs", body).is_err(), "{body:.60}");
        }
        let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let inside = format!("{{\"Keys\": {nested}}}");
        for body in ["", " ", "{", "[]", "null", "\"\"", "<html/>", &nested, &inside, r#"{"error": "proxy"}"#] {
            assert!(said("kms", "list-keys", body).is_err(), "{body:.60}");
        }
        for body in ["", "<html/>", "<Error><Code>InternalError</Code></Error>", "<x><y/></x>", "{}"] {
            assert!(said("s3api", "list-buckets", body).is_err(), "{body:.60}");
            assert!(said("s3api", "get-bucket-encryption", body).is_err(), "{body:.60}");
        }
        assert!(said("s3api", "get-bucket-policy", "").is_err());
        assert!(said("iam", "get-account-authorization-details", "<GetAccountAuthorizationDetailsResponse/>").is_err());
        let latin = Raw { status: 200, headers: Vec::new(), body: b"<DescribeVpcsResponse>\xe9</DescribeVpcsResponse>".to_vec() };
        let ec2 = service("ec2").unwrap();
        assert!(read(ec2, &ec2.operations["describe-vpcs"], &latin).is_err());
    }

    /// As deep as AWS may go, and one more.
    #[test]
    fn depth_is_counted_in_elements() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth + 1), "</a>".repeat(depth + 1));
        for (depth, too_deep) in [(DEEPEST, false), (DEEPEST + 1, true)] {
            let text = nested(depth);
            assert_eq!(deeper(roxmltree::Document::parse(&text).unwrap().root_element(), DEEPEST), too_deep);
        }
    }
}
