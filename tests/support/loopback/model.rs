//! The loopback's own reading of `src/collect/wire.txt`: services, operations, shapes.
//!
//! In: the table as it stands in the source tree. Out: [`Model`]. It shares no code with the reader that the collector uses, so
//! that a mistake there is not repeated here.

use std::collections::HashMap;

const TABLE: &str = include_str!("../../../src/collect/wire.txt");

/// All services.
pub(super) struct Model {
    pub services: Vec<Service>,
}

/// One service.
pub(super) struct Service {
    pub name: &'static str,
    /// `json`, `rest-json`, `query`, `ec2` or `rest-xml`.
    pub protocol: &'static str,
    pub signing: &'static str,
    pub target: &'static str,
    pub operations: Vec<Operation>,
    pub shapes: HashMap<&'static str, Shape>,
}

/// One operation.
pub(super) struct Operation {
    pub name: &'static str,
    pub api: &'static str,
    pub method: &'static str,
    pub uri: &'static str,
    pub wrapper: Option<&'static str>,
    pub output: Option<&'static str>,
    pub paging: Option<Paging>,
    /// Option of the AWS CLI and the member that it fills.
    pub inputs: Vec<(&'static str, Member)>,
}

/// How pages follow each other.
pub(super) struct Paging {
    pub tokens: Vec<(&'static str, &'static str)>,
    pub more: Option<&'static str>,
    pub keys: Vec<&'static str>,
    pub others: Vec<&'static str>,
}

/// A member.
pub(super) struct Member {
    pub name: &'static str,
    /// As the table writes it: `string`, `time:iso8601`, `@Shape`.
    pub ty: &'static str,
    pub wire: &'static str,
    pub place: &'static str,
    pub flat: bool,
    pub attribute: bool,
}

/// A shape.
pub(super) enum Shape {
    Structure(Vec<Member>),
    List { item: &'static str, wire: &'static str, flat: bool },
    Map { value: &'static str, key: &'static str, wire: &'static str },
}

fn given(text: &'static str) -> Option<&'static str> {
    (text != "-").then_some(text)
}

fn words(text: &'static str) -> Vec<&'static str> {
    text.split(',').filter(|word| !word.is_empty()).collect()
}

fn member(fields: &[&'static str]) -> Member {
    let place: Vec<&'static str> = fields[3].split(',').collect();
    let (flat, attribute) = (place.contains(&"flat"), place.contains(&"attribute"));
    Member { name: fields[0], ty: fields[1], wire: fields[2], place: place[0], flat, attribute }
}

fn paging(text: &'static str) -> Option<Paging> {
    let parts: Vec<&'static str> = given(text)?.split(';').collect();
    let tokens = words(parts[0]).into_iter().map(|pair| pair.split_once('=').expect("IN=OUT")).collect();
    let more = Some(parts[1]).filter(|word| !word.is_empty());
    Some(Paging { tokens, more, keys: words(parts[2]), others: words(parts[3]) })
}

impl Model {
    /// Reads the table.
    pub(super) fn new() -> Self {
        let mut services: Vec<Service> = Vec::new();
        let mut shape = "";
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&'static str> = line.split('\t').collect();
            if fields[0] == "service" {
                let (operations, shapes) = (Vec::new(), HashMap::new());
                services.push(Service {
                    name: fields[1],
                    protocol: fields[2],
                    signing: fields[4],
                    target: fields[5],
                    operations,
                    shapes,
                });
                continue;
            }
            let service = services.last_mut().expect("the table begins with a service");
            match fields[0] {
                "operation" => service.operations.push(Operation {
                    name: fields[1],
                    api: fields[2],
                    method: fields[3],
                    uri: fields[4],
                    wrapper: given(fields[5]),
                    output: given(fields[6]),
                    paging: paging(fields[7]),
                    inputs: Vec::new(),
                }),
                "input" => {
                    let operation = service.operations.last_mut().expect("an input belongs to an operation");
                    operation.inputs.push((fields[1], member(&fields[2..])));
                }
                "member" => match service.shapes.get_mut(shape) {
                    Some(Shape::Structure(members)) => members.push(member(&fields[1..])),
                    _ => panic!("a member without a structure: {line}"),
                },
                "structure" => {
                    shape = fields[1];
                    service.shapes.insert(shape, Shape::Structure(Vec::new()));
                }
                "list" => {
                    let list = Shape::List { item: fields[2], wire: fields[3], flat: fields[4] == "flat" };
                    service.shapes.insert(fields[1], list);
                }
                "map" => {
                    service.shapes.insert(fields[1], Shape::Map { value: fields[2], key: fields[3], wire: fields[4] });
                }
                _ => {}
            }
        }
        Self { services }
    }
}

impl Service {
    /// The members of a structure.
    pub(super) fn members(&self, shape: &str) -> &[Member] {
        match self.shapes.get(shape) {
            Some(Shape::Structure(members)) => members,
            _ => panic!("{shape} is no structure of {}", self.name),
        }
    }
}
