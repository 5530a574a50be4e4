//! Which call a request is: service, operation, account, Region, the values of its options, and what the answer is called.

use std::collections::BTreeMap;

use alicerce::collect::plan;
use serde_json::Value;

use super::http::{Request, decoded, pairs};
use super::model::{Model, Operation, Service};

/// A request, understood.
pub(super) struct Asked<'m> {
    pub account: String,
    pub region: String,
    pub service: &'m Service,
    pub operation: &'m Operation,
    /// By option, without the dashes.
    pub given: BTreeMap<&'static str, Vec<String>>,
}

/// `KEY/DATE/REGION/SERVICE/aws4_request` of the signature.
pub(super) fn scope(request: &Request) -> Option<(String, String, String)> {
    let credential = request.header("authorization").split_once("Credential=")?.1;
    let mut parts = credential.split([',', ' ']).next()?.split('/');
    let (key, _date, region, signing) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((key.to_owned(), region.to_owned(), signing.to_owned()))
}

/// Understands a request.
pub(super) fn route<'m>(model: &'m Model, request: &Request) -> Option<Asked<'m>> {
    let (account, region, signing) = scope(request)?;
    let mut services = model.services.iter().filter(|service| service.signing == signing);
    let form = || pairs(&String::from_utf8_lossy(&request.body));
    let (service, operation, given) = if !request.header("x-amz-target").is_empty() {
        let (target, api) = request.header("x-amz-target").rsplit_once('.')?;
        let service = services.find(|service| service.target == target)?;
        let operation = service.operations.iter().find(|operation| operation.api == api)?;
        (service, operation, in_body(operation, &request.body))
    } else if let Some((_, api)) = form().iter().find(|(name, _)| name == "Action") {
        let service = services.find(|service| matches!(service.protocol, "query" | "ec2"))?;
        let operation = service.operations.iter().find(|operation| operation.api == api)?;
        (service, operation, in_form(operation, &form()))
    } else {
        by_path(services, request)?
    };
    Some(Asked { account, region, service, operation, given })
}

type Given = BTreeMap<&'static str, Vec<String>>;

/// The operation whose path says most of this one's.
fn by_path<'m>(services: impl Iterator<Item = &'m Service>, request: &Request) -> Option<(&'m Service, &'m Operation, Given)> {
    let mut best: Option<(usize, &Service, &Operation, Given)> = None;
    for service in services {
        for operation in service.operations.iter().filter(|operation| operation.method == request.method) {
            if let Some((score, mut given)) = matched(operation, &request.path, request)
                && best.as_ref().is_none_or(|(known, ..)| score > *known)
            {
                given.extend(in_body(operation, &request.body));
                best = Some((score, service, operation, given));
            }
        }
    }
    best.map(|(_, service, operation, given)| (service, operation, given))
}

fn matched(operation: &Operation, path: &str, request: &Request) -> Option<(usize, Given)> {
    let (template, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let segments = |text: &str| text.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (wanted, found) = (segments(template), segments(path));
    if wanted.len() != found.len() {
        return None;
    }
    let (mut score, mut given) = (1, Given::new());
    for (wanted, found) in wanted.iter().zip(&found) {
        match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => {
                let name = name.trim_end_matches('+');
                let option = operation.inputs.iter().find(|(_, member)| member.place == "uri" && member.wire == name)?.0;
                given.insert(option, vec![decoded(found)]);
            }
            None if wanted == found => score += 1,
            None => return None,
        }
    }
    for (name, _) in pairs(query) {
        request.query.iter().find(|(n, _)| *n == name)?;
        score += 1;
    }
    for (option, member) in &operation.inputs {
        let found = match member.place {
            "querystring" => request.query.iter().find(|(name, _)| name == member.wire).map(|(_, value)| value.clone()),
            "header" => Some(request.header(&member.wire.to_ascii_lowercase()).to_owned()),
            _ => None,
        };
        given.extend(found.map(|value| (*option, vec![value])));
    }
    Some((score, given))
}

fn in_body(operation: &Operation, body: &[u8]) -> Given {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = operation.inputs.iter().filter_map(|(option, member)| {
        Some(match value.get(member.wire)? {
            Value::Array(items) => (*option, items.iter().map(text).collect()),
            other => (*option, vec![text(other)]),
        })
    });
    found.collect()
}

fn in_form(operation: &Operation, form: &[(String, String)]) -> Given {
    let found = operation.inputs.iter().filter_map(|(option, member)| {
        let listed = format!("{}.", member.wire);
        let values: Vec<String> =
            form.iter().filter(|(name, _)| name == member.wire || name.starts_with(&listed)).map(|(_, v)| v.clone()).collect();
        (!values.is_empty()).then_some((*option, values))
    });
    found.collect()
}

impl Asked<'_> {
    /// The line of the plan that this call is.
    pub(super) fn planned(&self) -> Option<&'static plan::Call> {
        // Of several lines of an operation the one that gives most of what was given.
        plan::all()
            .iter()
            .chain(plan::config::all())
            .filter(|call| (call.service, call.operation) == (self.service.name, self.operation.name))
            .rev()
            .max_by_key(|call| {
                let given = call.options.iter().filter(|(option, _)| self.given.contains_key(option)).count();
                (given == call.options.len(), given)
            })
    }

    /// What the answer's file is called after, read back from the values that came.
    pub(super) fn resource(&self, job: Option<&str>) -> Option<String> {
        let call = self.planned()?;
        let first = |option: &str| self.given.get(option).and_then(|values| values.first()).cloned().unwrap_or_default();
        let of =
            |placeholder: &str| call.options.iter().find(|(_, value)| *value == placeholder).map(|(option, _)| first(option));
        let Some(template) = call.id else {
            let varying: Vec<String> = call
                .options
                .iter()
                .filter(|(_, value)| value.contains('{') && *value != "{account}")
                .map(|(option, _)| first(option))
                .collect();
            return (!varying.is_empty() && !call.merge).then(|| varying.join(","));
        };
        let mut out = template.replace("{account}", &self.account);
        for placeholder in ["{}", "{each}", "{parent}", "{name}"] {
            if out.contains(placeholder) {
                let asked = first("expression");
                let queried = || asked.rsplit_once(" = '").map(|(_, rest)| rest.trim_end_matches('\'').to_owned());
                let value = job.map(str::to_owned).filter(|_| placeholder == "{}").or_else(|| of(placeholder)).or_else(queried);
                out = out.replace(placeholder, &value.unwrap_or_default());
            }
        }
        Some(out)
    }
}
