//! What a kind of fact is: which API answers give it, what identifies it, its edges, its attached answers.
//!
//! In: nothing; the tables of `kinds/` are made of these types. Out: descriptions that `build` and `read`
//! work from, and the members that rules may name. A kind is data: no code knows one kind by name, other
//! than the file of its service. Paths are keys joined by `.`; `[]` after a key means each element.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::shape::{self, Member, Type};
use super::{FactId, Facts, Lookup};
use crate::doc::Node;

/// Within what an identifier of a kind is unique, and so where an edge looks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Unique across accounts (`vpce-…`, an ARN, a bucket's name).
    Global,
    /// Unique in an account (a role's name).
    Account,
    /// Unique in an account and Region (a log group's name).
    Region,
}

/// An API answer that holds facts of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// AWS CLI service.
    pub service: &'static str,
    /// AWS CLI operation.
    pub operation: &'static str,
    /// Path to the facts in the answer; empty: the answer itself.
    pub path: &'static str,
    /// Paths of the identifier below the fact, joined by `,`; `@resource` is the resource of the call,
    /// `@one` means one fact per account and Region.
    pub key: &'static str,
    /// Path of the ARN below the fact, or a template with `{partition}`, `{region}`, `{account}`, `{key}`.
    pub arn: &'static str,
    /// Path of the owning account below the fact, where it is neither in the ARN nor the export's.
    pub owner: &'static str,
    /// Path of the name people use; empty: the key.
    pub name: &'static str,
    /// Only elements whose text at this path is this value.
    pub only: Option<(&'static str, &'static str)>,
    /// Only numbered versions of a thing, or only what is none: the text at this path is a number, and the call was about a version or
    /// about all versions of one thing. What was asked for without a version stands for the thing itself.
    pub numbered: Option<(&'static str, bool)>,
    /// The answer is a summary: fields it lacks are not collected rather than absent.
    pub summary: bool,
    /// The listing is of what stands below one parent, which the call names as its resource.
    pub per_parent: bool,
    /// The kind of those parents, where it is a kind of its own and the resource is its key.
    pub parent: Option<&'static str>,
}

impl Source {
    /// An answer that holds whole facts, identified by `key`.
    pub const fn new(service: &'static str, operation: &'static str, path: &'static str, key: &'static str) -> Self {
        Self {
            service,
            operation,
            path,
            key,
            arn: "",
            owner: "",
            name: "",
            only: None,
            numbered: None,
            summary: false,
            per_parent: false,
            parent: None,
        }
    }

    /// The ARN's path or template.
    pub const fn arn(mut self, arn: &'static str) -> Self {
        self.arn = arn;
        self
    }

    /// The path of the owning account.
    pub const fn owner(mut self, owner: &'static str) -> Self {
        self.owner = owner;
        self
    }

    /// The path of the display name.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Takes only elements with this text at this path.
    pub const fn only(mut self, path: &'static str, value: &'static str) -> Self {
        self.only = Some((path, value));
        self
    }

    /// Takes only numbered versions, by the text at this path.
    pub const fn versions(mut self, path: &'static str) -> Self {
        self.numbered = Some((path, true));
        self
    }

    /// Takes no numbered versions.
    pub const fn drafts(mut self, path: &'static str) -> Self {
        self.numbered = Some((path, false));
        self
    }

    /// Marks the answer as a summary.
    pub const fn summary(mut self) -> Self {
        self.summary = true;
        self
    }

    /// Marks the answer as a listing of what stands below the call's resource.
    pub const fn per_parent(mut self) -> Self {
        self.per_parent = true;
        self
    }

    /// As [`Self::per_parent`], where the parents are facts of a kind.
    pub const fn below(mut self, parent: &'static str) -> Self {
        self.per_parent = true;
        self.parent = Some(parent);
        self
    }

    /// True where one call lists many facts, false where each fact has its own call.
    pub fn lists(&self) -> bool {
        self.path.contains("[]") || self.key == "@one"
    }
}

/// An edge to another fact.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// Its name, snake_case.
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// The kind it leads to; empty where it leads to several kinds or to a node.
    pub kind: &'static str,
    /// Path of the identifier(s), names or ARNs below the fact; empty for computed edges.
    pub path: &'static str,
    /// Leads to a list.
    pub many: bool,
    /// Computes the edge where a path cannot say it.
    pub compute: Option<fn(&Facts, FactId) -> Lookup>,
}

impl Edge {
    /// An edge to at most one fact.
    pub const fn one(name: &'static str, kind: &'static str, path: &'static str, doc: &'static str) -> Self {
        Self { name, doc, kind, path, many: false, compute: None }
    }

    /// An edge to a list of facts.
    pub const fn many(name: &'static str, kind: &'static str, path: &'static str, doc: &'static str) -> Self {
        Self { name, doc, kind, path, many: true, compute: None }
    }

    /// A computed edge to at most one fact.
    pub const fn computed(
        name: &'static str,
        kind: &'static str,
        compute: fn(&Facts, FactId) -> Lookup,
        doc: &'static str,
    ) -> Self {
        Self { name, doc, kind, path: "", many: false, compute: Some(compute) }
    }
}

/// An edge read backwards: the facts of `kind` whose `edge` leads here.
#[derive(Debug, Clone, Copy)]
pub struct Back {
    /// Its name, snake_case.
    pub name: &'static str,
    /// The kind at the other end.
    pub kind: &'static str,
    /// The edge of that kind.
    pub edge: &'static str,
    /// The call about this fact that lists all of them, where no call lists all of an account.
    pub listed_by: Option<(&'static str, &'static str)>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl Back {
    /// A back edge.
    pub const fn new(name: &'static str, kind: &'static str, edge: &'static str, doc: &'static str) -> Self {
        Self { name, kind, edge, listed_by: None, doc }
    }

    /// Names the call about this fact that lists all of them.
    pub const fn listed_by(mut self, service: &'static str, operation: &'static str) -> Self {
        self.listed_by = Some((service, operation));
        self
    }
}

/// The answer of a further call about one fact.
#[derive(Debug, Clone, Copy)]
pub struct Attached {
    /// Its name, snake_case.
    pub name: &'static str,
    /// AWS CLI service.
    pub service: &'static str,
    /// AWS CLI operation; its resource is one of the fact's identifiers (key, ARN or name).
    pub operation: &'static str,
    /// What may follow the identifier in the resource (`,enableDnsSupport`), the likeliest first.
    pub suffixes: &'static [&'static str],
    /// Path of the value in the answer; empty: the answer itself.
    pub path: &'static str,
    /// Type of the value in the notation of [`shape`].
    pub ty: &'static str,
    /// Error codes that mean "not configured".
    pub absent: &'static [&'static str],
    /// The value is a string that holds JSON, and is given as that JSON.
    pub json: bool,
    /// One line of documentation.
    pub doc: &'static str,
}

impl Attached {
    /// An answer as a whole.
    pub const fn new(name: &'static str, service: &'static str, operation: &'static str, ty: &'static str) -> Self {
        Self { name, service, operation, suffixes: &[""], path: "", ty, absent: &[], json: false, doc: "" }
    }

    /// What may follow the identifier in the resource.
    pub const fn suffixes(mut self, suffixes: &'static [&'static str]) -> Self {
        self.suffixes = suffixes;
        self
    }

    /// Only the value at this path.
    pub const fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// The JSON inside the string at this path.
    pub const fn json(mut self, path: &'static str) -> Self {
        self.path = path;
        self.json = true;
        self
    }

    /// Error codes that mean "not configured".
    pub const fn absent(mut self, codes: &'static [&'static str]) -> Self {
        self.absent = codes;
        self
    }

    /// Documentation.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

/// What a reference to a fact says of where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The account that the reference names.
    pub account: Option<&'a str>,
    /// The Region that the reference names.
    pub region: Option<&'a str>,
    /// The local key.
    pub key: &'a str,
}

/// The parts of an ARN; an empty account or Region is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// The Region.
    pub region: Option<&'a str>,
    /// The account.
    pub account: Option<&'a str>,
    /// All that follows the account.
    pub resource: &'a str,
}

/// Splits an ARN; `None` for any other text.
pub fn arn_parts(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    if parts.next() != Some("arn") {
        return None;
    }
    let (_partition, _service) = (parts.next()?, parts.next()?);
    let mut filled = || Some(parts.next()?).map(|part| (!part.is_empty()).then_some(part));
    let (region, account) = (filled()?, filled()?);
    Some(Arn { region, account, resource: parts.next()? })
}

/// Reads a reference as most services write it: an ARN whose resource ends in the key, or the key.
pub fn refer(text: &str) -> Reference<'_> {
    match arn_parts(text) {
        None => Reference { account: None, region: None, key: text },
        Some(Arn { region, account, resource }) => {
            let tail = resource.rsplit('/').next().unwrap_or(resource);
            let key = if tail.len() == resource.len() { resource.rsplit(':').next().unwrap_or(tail) } else { tail };
            Reference { account, region, key }
        }
    }
}

/// Reads a reference whose whole text is the key (a kind keyed by its ARN).
pub fn refer_whole(text: &str) -> Reference<'_> {
    let (region, account) = arn_parts(text).map_or((None, None), |arn| (arn.region, arn.account));
    Reference { account, region, key: text }
}

/// A kind of fact.
#[derive(Debug)]
pub struct Kind {
    /// Its name (`vpc-endpoint`).
    pub name: &'static str,
    /// What people call it (`VPC endpoint`).
    pub title: &'static str,
    /// Where its identifiers are unique.
    pub scope: Scope,
    /// Its shape in the table of AWS shapes (`ec2.VpcEndpoint`); empty for kinds without one.
    pub shape: &'static str,
    /// The answers that give it, whole ones first.
    pub sources: &'static [Source],
    /// Fields that AWS always sends although its model does not say so.
    pub always: &'static [&'static str],
    /// Fields outside of any AWS shape: `(name, type, documentation)`; `?` after the name: may be missing.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
    /// Edges.
    pub edges: &'static [Edge],
    /// Edges of other kinds read backwards.
    pub back: &'static [Back],
    /// Attached answers.
    pub attached: &'static [Attached],
    /// Paths of strings that hold JSON, given as that JSON.
    pub json: &'static [&'static str],
    /// Reads a reference to a fact of this kind.
    pub refer: fn(&str) -> Reference<'_>,
    /// Replaces what does not identify a fact before a reference is read (an alias by its key).
    pub resolve: Option<fn(&Facts, FactId, &str) -> Lookup>,
}

impl Kind {
    /// A kind without edges.
    pub const fn new(name: &'static str, title: &'static str, scope: Scope, shape: &'static str) -> Self {
        Self {
            name,
            title,
            scope,
            shape,
            sources: &[],
            always: &[],
            fields: &[],
            edges: &[],
            back: &[],
            attached: &[],
            json: &[],
            refer,
            resolve: None,
        }
    }

    /// All members that rules may name, AWS's fields first.
    pub fn members(&self) -> &'static [Member] {
        static ALL: OnceLock<HashMap<&'static str, Vec<Member>>> = OnceLock::new();
        let all = ALL.get_or_init(|| super::kinds::all().map(|kind| (kind.name, kind.list_members())).collect());
        all.get(self.name).map_or(&[], Vec::as_slice)
    }

    /// The member with this name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|m| m.name == name)
    }

    fn list_members(&self) -> Vec<Member> {
        let mut out: Vec<Member> = shape::lookup(self.shape).unwrap_or_default().to_vec();
        for member in &mut out {
            let name = member.name.as_str();
            if self.json.contains(&name) {
                member.ty = Type::Any;
            }
            if self.always.contains(&name) || self.keys().any(|key| key == name) {
                member.optional = false;
            }
        }
        let mut add = |name: &str, ty: Option<Type>, optional: bool, doc: &str| {
            if !out.iter().any(|m| m.name == name) {
                out.push(Member { name: name.to_owned(), ty: ty.unwrap_or(Type::Any), optional, doc: doc.to_owned() });
            }
        };
        for (name, ty, doc) in self.fields {
            add(name.trim_end_matches('?'), Type::parse(ty), name.ends_with('?'), doc);
        }
        for edge in self.edges {
            let one = if edge.kind.is_empty() { Type::Any } else { Type::Fact(edge.kind.to_owned()) };
            add(edge.name, Some(if edge.many { Type::List(Box::new(one)) } else { one }), true, edge.doc);
        }
        for back in self.back {
            add(back.name, Some(Type::List(Box::new(Type::Fact(back.kind.to_owned())))), false, back.doc);
        }
        for attached in self.attached {
            add(attached.name, Type::parse(attached.ty), true, attached.doc);
        }
        add("account", Some(Type::Fact("account".into())), true, "the account that holds it");
        add("account_id", Some(Type::String), true, "the 12 digits of the account that holds it");
        add("region", Some(Type::String), true, "its Region; absent for global resources");
        add("arn", Some(Type::String), false, "its ARN, or alicerce's stable identity where AWS has none");
        add("name", Some(Type::String), false, "the short name people use");
        out
    }

    /// The fields that identify a fact in whole answers.
    fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.sources
            .iter()
            .filter(|s| !s.summary)
            .flat_map(|s| s.key.split(',').chain([s.arn]))
            .filter(|k| !k.contains(['{', '@', '.']))
    }

    /// True where facts of this kind have no Region.
    pub fn is_global(&self) -> bool {
        self.scope == Scope::Account || self.sources.iter().any(|s| GLOBAL_SERVICES.contains(&s.service))
    }
}

/// Services whose answers stand in an export's `global` folder.
pub const GLOBAL_SERVICES: &[&str] = &["iam", "organizations", "route53", "s3api", "sts"];

/// Calls `each` for every node at `path` below `node`.
pub fn walk<'d>(node: Node<'d>, path: &str, each: &mut dyn FnMut(Node<'d>)) {
    if path.is_empty() {
        return each(node);
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match step.strip_suffix("[]") {
        None => {
            if let Some(child) = node.get(step) {
                walk(child, rest, each);
            }
        }
        Some(key) => {
            let list = if key.is_empty() { Some(node) } else { node.get(key) };
            for item in list.into_iter().flat_map(Node::items) {
                walk(item, rest, each);
            }
        }
    }
}

/// The first non-null node at `path`.
pub fn first<'d>(node: Node<'d>, path: &str) -> Option<Node<'d>> {
    let mut found = None;
    walk(node, path, &mut |n| {
        if found.is_none() && !n.is_null() {
            found = Some(n);
        }
    });
    found
}
