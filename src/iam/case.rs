//! Cases: unit tests for policies, as users keep them beside their policies.
//!
//! In: a JSON object with a request, policies and the outcome that is expected (see [`Case::read`]). Out: a [`Case`]
//! that can be run. Never: a misspelt member passed over; an unreadable policy taken for an empty one (one that AWS
//! would refuse is not in force, and [`Case::refused`] says so).

use std::borrow::Cow;

use super::decide::{Decision, Outcome, PolicySet, decide};
use super::policy::{Malformed, Policy};
use super::policy_type::PolicyType;
use super::principal::Principal;
use super::request::{Context, Request};
use super::tree::{Mark, Shape, Tree};

/// A case, ready to be run.
#[derive(Debug, Clone)]
pub struct Case {
    /// `name`.
    pub name: String,
    /// `request`.
    pub request: Request,
    /// `expect`.
    pub expect: Outcome,
    /// `why`: the page that says so.
    pub why: Option<String>,
    /// Policies that AWS would refuse, by name: they are not in force.
    pub refused: Vec<(String, Vec<Malformed>)>,
    policies: Policies,
}

/// What is wrong with a case, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseError {
    /// The node to underline.
    pub mark: Mark,
    /// One sentence, lower case.
    pub message: String,
}

#[derive(Debug, Clone, Default)]
struct Policies {
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    session: Vec<Policy>,
    resource: Option<Policy>,
    endpoint: Vec<Policy>,
    scp: Option<Vec<Vec<Policy>>>,
    rcp: Option<Vec<Vec<Policy>>>,
    management_account: bool,
    service_linked_role: bool,
    outside_organization: bool,
}

/// Reads a policy that a case names by its path.
pub type Load<'l> = dyn FnMut(&str, PolicyType) -> Result<Result<Policy, Vec<Malformed>>, String> + 'l;

impl Case {
    /// Reads a case:
    ///
    /// ```json
    /// {"name": "…",
    ///  "request": {"principal": "arn:…", "action": "bedrock:InvokeModel", "resource": "arn:…", "resource_account": "111122223333",
    ///              "context": {"aws:RequestedRegion": "us-east-1"}, "unknown": ["aws:SourceVpce"]},
    ///  "policies": {"identity": [{"name": "app", "policy": {}}], "boundary": {"name": "b", "policy": "boundary.json"},
    ///               "scp": [[{"name": "root", "policy": {}}], [{"name": "ou", "policy": {}}]]},
    ///  "management_account": false, "principal_in_organization": true, "service_linked_role": false,
    ///  "expect": "Allowed", "why": "…"}
    /// ```
    /// A key in neither `context` nor `unknown` is absent. A policy is a document or a path, which `load` reads.
    /// `resource` may have a `type` (`resource`, `trust` or `key`).
    ///
    /// # Errors
    /// [`CaseError`] for anything that is not of this form.
    pub fn read<T: Tree>(node: T, load: &mut Load<'_>) -> Result<Self, CaseError> {
        let members = Members::of(
            node,
            &[
                "name",
                "request",
                "policies",
                "expect",
                "why",
                "management_account",
                "principal_in_organization",
                "service_linked_role",
            ],
        )?;
        let mut reader = Reader { load, refused: Vec::new() };
        let request = read_request(members.required("request")?)?;
        let mut policies = reader.policies(members.required("policies")?, &request)?;
        policies.management_account = members.flag("management_account", false)?;
        policies.service_linked_role = members.flag("service_linked_role", false)?;
        policies.outside_organization = !members.flag("principal_in_organization", true)?;
        let expect = members.required("expect")?;
        Ok(Self {
            name: members.text("name")?,
            request,
            expect: outcome_of(&text(expect)?)
                .ok_or_else(|| error(expect, "expected `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied` or `Conditional`"))?,
            why: members.get("why").map(text).transpose()?,
            refused: reader.refused,
            policies,
        })
    }

    /// Decides the case's request.
    pub fn run(&self) -> Decision {
        decide(&self.policy_set(), &self.request)
    }

    /// The policies in force.
    pub fn policy_set(&self) -> PolicySet<'_> {
        let p = &self.policies;
        PolicySet {
            identity: p.identity.iter().collect(),
            boundary: p.boundary.as_ref(),
            session: p.session.iter().collect(),
            resource: p.resource.as_ref(),
            endpoint: p.endpoint.iter().collect(),
            scp: if p.outside_organization { None } else { levels(p.scp.as_ref()) },
            rcp: levels(p.rcp.as_ref()),
            management_account: p.management_account,
            service_linked_role: p.service_linked_role,
            missing: Vec::new(),
        }
    }
}

fn levels(levels: Option<&Vec<Vec<Policy>>>) -> Option<Vec<Vec<&Policy>>> {
    levels.map(|levels| levels.iter().map(|level| level.iter().collect()).collect())
}

fn outcome_of(name: &str) -> Option<Outcome> {
    Some(match name {
        "Allowed" => Outcome::Allowed,
        "ImplicitlyDenied" => Outcome::ImplicitlyDenied,
        "ExplicitlyDenied" => Outcome::ExplicitlyDenied,
        "Conditional" => Outcome::Conditional,
        _ => return None,
    })
}

fn read_request<T: Tree>(node: T) -> Result<Request, CaseError> {
    let members = Members::of(node, &["principal", "action", "resource", "resource_account", "context", "unknown"])?;
    let principal_node = members.required("principal")?;
    let principal = Principal::parse(&text(principal_node)?).map_err(|why| error(principal_node, &why))?;
    let mut context = Context::closed();
    if let Some(node) = members.get("context") {
        for (key, value) in node.pairs() {
            let values: Vec<String> = list(value).into_iter().map(text).collect::<Result<_, _>>()?;
            context.set(&text(key)?, values);
        }
    }
    for key in members.get("unknown").into_iter().flat_map(list) {
        context.set_unknown(&text(key)?);
    }
    let account = members.get("resource_account").map(text).transpose()?;
    let resource = members.get("resource").map(text).transpose()?;
    let resource = resource.unwrap_or_else(|| "*".into());
    Ok(Request::new(principal, &members.text("action")?, &resource, account.as_deref(), context))
}

struct Reader<'l, 'm> {
    load: &'l mut Load<'m>,
    refused: Vec<(String, Vec<Malformed>)>,
}

impl Reader<'_, '_> {
    fn policies<T: Tree>(&mut self, node: T, request: &Request) -> Result<Policies, CaseError> {
        let members = Members::of(node, &["identity", "boundary", "session", "resource", "endpoint", "scp", "rcp"])?;
        let resource_type = if request.service().eq_ignore_ascii_case("kms") {
            PolicyType::Key
        } else if request.resource.contains(":role/") && request.service().eq_ignore_ascii_case("sts") {
            PolicyType::Trust
        } else {
            PolicyType::Resource
        };
        let boundary = self.all(members.get("boundary"), PolicyType::Boundary)?;
        let resource = self.all(members.get("resource"), resource_type)?;
        let mut levels = |name, kind| {
            members
                .get(name)
                .map(|levels| levels.elements().map(|level| self.all(Some(level), kind)).collect::<Result<Vec<_>, _>>())
                .transpose()
        };
        let (scp, rcp) = (levels("scp", PolicyType::Scp)?, levels("rcp", PolicyType::Rcp)?);
        Ok(Policies {
            identity: self.all(members.get("identity"), PolicyType::Identity)?,
            boundary: boundary.into_iter().next(),
            session: self.all(members.get("session"), PolicyType::Session)?,
            resource: resource.into_iter().next(),
            endpoint: self.all(members.get("endpoint"), PolicyType::Endpoint)?,
            scp,
            rcp,
            ..Policies::default()
        })
    }

    /// A list of named policies, or one.
    fn all<T: Tree>(&mut self, node: Option<T>, kind: PolicyType) -> Result<Vec<Policy>, CaseError> {
        let mut out = Vec::new();
        for (index, node) in node.into_iter().flat_map(list).enumerate() {
            let members = Members::of(node, &["name", "type", "policy"])?;
            let name = members.get("name").map_or(Ok(format!("{kind} {index}")), |n| text(n))?;
            let kind = match members.get("type") {
                Some(node) => {
                    text(node)?.parse().map_err(|e: super::policy_type::UnknownPolicyType| error(node, &e.to_string()))?
                }
                None => kind,
            };
            let policy = members.required("policy")?;
            let read = match policy.shape() {
                Shape::String => (self.load)(&text(policy)?, kind).map_err(|why| error(policy, &why))?,
                _ => Policy::parse(policy, kind),
            };
            match read {
                Ok(policy) => out.push(policy),
                Err(problems) => self.refused.push((name, problems)),
            }
        }
        Ok(out)
    }
}

/// The members of an object whose names are all known.
struct Members<T> {
    node: T,
    pairs: Vec<(String, T)>,
}

impl<T: Tree> Members<T> {
    fn of(node: T, known: &[&str]) -> Result<Self, CaseError> {
        if node.shape() != Shape::Object {
            return Err(error(node, "expected an object"));
        }
        let mut pairs = Vec::new();
        for (key, value) in node.pairs() {
            let name = text(key)?;
            if !known.contains(&name.as_str()) {
                return Err(error(key, &format!("`{name}` is not known here; known are {}", known.join(", "))));
            }
            if value.shape() != Shape::Null {
                pairs.push((name, value));
            }
        }
        Ok(Self { node, pairs })
    }

    fn get(&self, name: &str) -> Option<T> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    fn required(&self, name: &str) -> Result<T, CaseError> {
        self.get(name).ok_or_else(|| error(self.node, &format!("`{name}` is missing")))
    }

    fn text(&self, name: &str) -> Result<String, CaseError> {
        text(self.required(name)?)
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, CaseError> {
        let Some(node) = self.get(name) else { return Ok(default) };
        match (node.shape(), &*text(node)?) {
            (Shape::Bool, value) => Ok(value == "true"),
            _ => Err(error(node, "expected `true` or `false`")),
        }
    }
}

fn text<T: Tree>(node: T) -> Result<String, CaseError> {
    let owned = node.text().map(Cow::into_owned);
    owned.ok_or_else(|| error(node, "expected a text"))
}

/// An array's elements; anything else stands for itself. An empty object stands for nothing.
fn list<T: Tree>(node: T) -> Vec<T> {
    match node.shape() {
        Shape::Array => node.elements().collect(),
        Shape::Object if node.pairs().next().is_none() => Vec::new(),
        _ => vec![node],
    }
}

fn error<T: Tree>(node: T, message: &str) -> CaseError {
    CaseError { mark: node.mark(), message: message.to_owned() }
}
