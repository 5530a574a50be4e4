//! How AWS's services are spoken to: protocols, endpoints, the inputs that the plan gives and the shapes of answers.
//!
//! In: `wire.txt`, which `wire.py` writes from botocore's models. Out: [`Service`]s, read once, at the first live call.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The table as it stands in the source tree.
const TABLE: &str = include_str!("wire.txt");

/// How requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON, the operation in a header.
    Json,
    /// JSON, the operation in the method and path.
    RestJson,
    /// A form in, XML out.
    Query,
    /// The same, as EC2 does it.
    Ec2,
    /// XML, the operation in the method and path.
    RestXml,
}

/// The endpoint of a partition.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) partition: &'static str,
    /// `{region}` and `{account}` in it stand for themselves.
    pub(super) url: &'static str,
    /// The Region that is signed for, where it is not the call's.
    pub(super) sign: Option<&'static str>,
    /// The FIPS endpoint.
    pub(super) fips: Option<&'static str>,
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    /// As the AWS CLI prints it.
    pub(super) name: &'static str,
    pub(super) ty: Type,
    /// As it is written on the wire.
    pub(super) wire: &'static str,
    /// `-`, `uri`, `querystring`, `header`, `headers`, `payload`, `statusCode`.
    pub(super) place: &'static str,
    /// A list without an element around it.
    pub(super) flat: bool,
    /// An XML attribute.
    pub(super) attribute: bool,
}

/// A type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Bool,
    Int,
    Float,
    Blob,
    Document,
    /// A percent-encoded policy, printed as its JSON.
    Policy,
    Time(Option<&'static str>),
    /// A shape of the service.
    Shape(&'static str),
}

/// A shape.
#[derive(Debug)]
pub(super) enum Shape {
    Structure(Vec<Member>),
    List { item: Type, wire: &'static str, flat: bool },
    Map { value: Type, key: &'static str, wire: &'static str },
}

/// How the pages of an answer follow each other.
#[derive(Debug)]
pub(super) struct Paging {
    /// Input and output token.
    pub(super) tokens: Vec<(&'static str, &'static str)>,
    /// A member that is true where there is more.
    pub(super) more: Option<&'static str>,
    /// The members that go on from page to page.
    pub(super) keys: Vec<&'static str>,
    /// Members taken from the first page.
    pub(super) others: Vec<&'static str>,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// As the API names it.
    pub(super) api: &'static str,
    pub(super) method: &'static str,
    pub(super) uri: &'static str,
    pub(super) wrapper: Option<&'static str>,
    pub(super) output: Option<&'static str>,
    pub(super) paging: Option<Paging>,
    /// By option, without the dashes.
    pub(super) inputs: HashMap<&'static str, Member>,
}

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) protocol: Protocol,
    pub(super) version: &'static str,
    pub(super) signing: &'static str,
    pub(super) target: &'static str,
    pub(super) json: &'static str,
    /// What follows `AWS_ENDPOINT_URL_`.
    pub(super) id: &'static str,
    pub(super) endpoints: Vec<Endpoint>,
    /// The Regions in which AWS's list has it; empty: the list does not say.
    pub(super) regions: Vec<&'static str>,
    pub(super) operations: HashMap<&'static str, Operation>,
    pub(super) shapes: HashMap<&'static str, Shape>,
}

/// The service of this AWS CLI name.
pub(super) fn service(name: &str) -> Option<&'static Service> {
    static SERVICES: OnceLock<HashMap<&'static str, Service>> = OnceLock::new();
    SERVICES.get_or_init(|| Reader::default().read(TABLE)).get(name)
}

/// Reads the table line by line; a line belongs to the paragraph that the line before opened.
#[derive(Default)]
struct Reader {
    services: HashMap<&'static str, Service>,
    service: &'static str,
    operation: &'static str,
    shape: &'static str,
}

impl Reader {
    fn read(mut self, table: &'static str) -> HashMap<&'static str, Service> {
        for line in table.lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            self.line(&fields);
        }
        self.services
    }

    fn line(&mut self, fields: &[&'static str]) {
        match *fields {
            ["service", name, protocol, version, signing, target, json, id] => {
                let protocol = match protocol {
                    "json" => Protocol::Json,
                    "rest-json" => Protocol::RestJson,
                    "query" => Protocol::Query,
                    "ec2" => Protocol::Ec2,
                    _ => Protocol::RestXml,
                };
                let (endpoints, regions, operations, shapes) = (Vec::new(), Vec::new(), HashMap::new(), HashMap::new());
                let service =
                    Service { name, protocol, version, signing, target, json, id, endpoints, regions, operations, shapes };
                self.services.insert(name, service);
                self.service = name;
            }
            ["endpoint", partition, url, sign, fips] => {
                let endpoint = Endpoint { partition, url, sign: given(sign), fips: given(fips) };
                self.with(|service| service.endpoints.push(endpoint));
            }
            ["regions", regions] => self.with(|service| service.regions = regions.split(',').collect()),
            ["operation", name, api, method, uri, wrapper, output, pages] => {
                let (wrapper, output, paging) = (given(wrapper), given(output), given(pages).and_then(paging));
                let operation = Operation { api, method, uri, wrapper, output, paging, inputs: HashMap::new() };
                self.operation = name;
                self.with(|service| drop(service.operations.insert(name, operation)));
            }
            ["input", option, name, ty, wire, place] => {
                let (member, at) = (member(name, ty, wire, place), self.operation);
                self.with(|service| {
                    service.operations.get_mut(at).map(|op| op.inputs.insert(option, member));
                });
            }
            ["structure", name] => self.shape(name, Shape::Structure(Vec::new())),
            ["member", name, ty, wire, place] => {
                let (member, at) = (member(name, ty, wire, place), self.shape);
                self.with(|service| {
                    if let Some(Shape::Structure(members)) = service.shapes.get_mut(at) {
                        members.push(member);
                    }
                });
            }
            ["list", name, item, wire, flat] => self.shape(name, Shape::List { item: ty(item), wire, flat: flat == "flat" }),
            ["map", name, value, key, wire, _] => self.shape(name, Shape::Map { value: ty(value), key, wire }),
            _ => {}
        }
    }

    fn with(&mut self, change: impl FnOnce(&mut Service)) {
        if let Some(service) = self.services.get_mut(self.service) {
            change(service);
        }
    }

    fn shape(&mut self, name: &'static str, shape: Shape) {
        self.shape = name;
        self.with(|service| drop(service.shapes.insert(name, shape)));
    }
}

fn given(text: &'static str) -> Option<&'static str> {
    Some(text).filter(|text| *text != "-")
}

fn member(name: &'static str, of: &'static str, wire: &'static str, place: &'static str) -> Member {
    let mut words = place.split(',');
    let place = words.next().unwrap_or("-");
    let rest: Vec<&str> = words.collect();
    Member { name, ty: ty(of), wire, place, flat: rest.contains(&"flat"), attribute: rest.contains(&"attribute") }
}

fn ty(text: &'static str) -> Type {
    match text {
        "string" => Type::String,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "float" => Type::Float,
        "blob" => Type::Blob,
        "policy" => Type::Policy,
        "time" => Type::Time(None),
        other => match other.split_once(':') {
            Some(("time", form)) => Type::Time(Some(form)),
            _ => other.strip_prefix('@').map_or(Type::Document, Type::Shape),
        },
    }
}

/// `IN=OUT,…;more;key,…;other,…`
fn paging(text: &'static str) -> Option<Paging> {
    let mut parts = text.split(';');
    let list = |part: Option<&'static str>| part.into_iter().flat_map(|p| p.split(',')).filter(|word| !word.is_empty());
    let tokens = list(parts.next()).filter_map(|pair| pair.split_once('=')).collect();
    let more = parts.next().filter(|word| !word.is_empty());
    Some(Paging { tokens, more, keys: list(parts.next()).collect(), others: list(parts.next()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::plan;

    #[test]
    fn every_call_of_the_plan_can_be_made() {
        for call in plan::all().iter().chain(plan::config::all()) {
            let service = service(call.service).unwrap_or_else(|| panic!("{}", call.service));
            assert!(!service.endpoints.is_empty());
            let operation = service.operations.get(call.operation).unwrap_or_else(|| panic!("{}", call.operation));
            for (option, _) in &call.options {
                assert!(operation.inputs.contains_key(option), "{} {option}", call.operation);
            }
            for (token, _) in operation.paging.iter().flat_map(|p| &p.tokens) {
                assert!(operation.inputs.values().any(|m| m.name == *token), "{} {token}", call.operation);
            }
        }
    }

    #[test]
    fn every_shape_that_is_named_is_there() {
        let mut shapes = 0;
        for call in plan::all() {
            let service = service(call.service).unwrap();
            for shape in service.shapes.values() {
                let types: Vec<Type> = match shape {
                    Shape::Structure(members) => members.iter().map(|m| m.ty).collect(),
                    Shape::List { item, .. } => vec![*item],
                    Shape::Map { value, .. } => vec![*value],
                };
                for ty in types {
                    shapes += 1;
                    assert!(!matches!(ty, Type::Shape(name) if !service.shapes.contains_key(name)), "{ty:?}");
                }
            }
        }
        assert!(shapes > 1000);
    }
}
