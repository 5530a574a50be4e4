//! Items of AWS Config as the answers that they were recorded from.
//!
//! In: snapshots, history files and answers of Config's queries. Out: for each resource's newest item the answers of the
//! calls that it stands for. Never: a resource that was deleted, or a listing taken for whole: Config holds what it recorded.

mod stale;
mod tree;
mod types;

use std::collections::HashMap;
use std::sync::Arc;

use super::shape::Type;
use crate::collect::plan::config::RECORDER;
use crate::doc::{Document, Kind, Node, RawKind};
use tree::Builder;
use types::Target;

/// Why a listing is not known to be whole.
pub(super) use crate::collect::plan::config::NOT_WHOLE;
pub(super) use stale::Stale;

/// One answer made of an item.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) document: Arc<Document>,
    pub(super) account: Arc<str>,
    pub(super) region: Option<Arc<str>>,
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) resource: Option<Arc<str>>,
}

/// True for the calls whose answers hold items.
pub(super) fn holds_items(service: &str, operation: &str) -> bool {
    service == "configservice"
        && matches!(
            operation,
            "get-resource-config-history"
                | "select-resource-config"
                | "select-aggregate-resource-config"
                | "batch-get-resource-config"
                | "batch-get-aggregate-resource-config"
        )
}

struct Item {
    document: Arc<Document>,
    node: u32,
    deleted: bool,
    /// When it was captured, and which of that moment's states it is.
    captured: (Option<jiff::Timestamp>, Option<i64>),
    account: Arc<str>,
    region: Arc<str>,
    /// The Region of the recorder, or `global`.
    recorded_in: Arc<str>,
    mapping: &'static types::Mapping,
}

/// The answers that all documents' items stand for; of several items of a resource the newest counts, and none of a recorder that is
/// stopped.
pub(super) fn answers(documents: &[Arc<Document>], mut stale: Stale) -> Vec<Answer> {
    let mut items: Vec<Item> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (document, node) in documents.iter().flat_map(found) {
        let Some(node) = document.node(node) else { continue };
        recorder(&document, node, &mut stale);
        let Some((identity, item)) = read(&document, node) else { continue };
        match known.get(&identity).and_then(|at| items.get_mut(*at)) {
            Some(old) if old.captured <= item.captured => *old = item,
            Some(_) => {}
            None => {
                known.insert(identity, items.len());
                items.push(item);
            }
        }
    }
    let counts = |item: &&Item| !item.deleted && !stale.holds(&item.account, &item.recorded_in);
    items.iter().filter(counts).flat_map(made_of).collect()
}

/// Notes what an item says of the recorder of its account and Region.
fn recorder(document: &Arc<Document>, node: Node<'_>, stale: &mut Stale) {
    if first_text(node, &["resourceType"]) != Some(RECORDER) {
        return;
    }
    let place = (first_text(node, &["awsAccountId", "accountId"]), first_text(node, &["awsRegion"]));
    if let (Some(account), Some(region)) = place
        && let Some((document, at)) = node.get("configuration").and_then(|n| looked_through(document, n))
        && let Some(configuration) = document.node(at)
    {
        stale.item(account, region, captured(node).0, configuration);
    }
}

fn captured(node: Node<'_>) -> (Option<jiff::Timestamp>, Option<i64>) {
    let state = node.get("configurationStateId");
    let state = state.and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
    (first_text(node, &["configurationItemCaptureTime"]).and_then(|t| t.parse().ok()), state)
}

/// The items of a document; those that are JSON in strings are read as documents of their own.
fn found(document: &Arc<Document>) -> Vec<(Arc<Document>, u32)> {
    let keys = ["configurationItems", "baseConfigurationItems", "BaseConfigurationItems", "Results"];
    let lists = keys.iter().filter_map(|key| document.root().get(key));
    let mut out = Vec::new();
    for node in lists.flat_map(Node::items) {
        match node.kind() {
            Kind::Object => out.push((document.clone(), node.index())),
            Kind::String => out.extend(Document::embedded(document, node.index()).ok().map(|inner| (Arc::new(inner), 0))),
            _ => {}
        }
    }
    out
}

fn first_text<'d>(node: Node<'d>, keys: &[&str]) -> Option<&'d str> {
    keys.iter().find_map(|key| node.get(key)?.as_str())
}

fn read(document: &Arc<Document>, node: Node<'_>) -> Option<(String, Item)> {
    let config_type = first_text(node, &["resourceType"])?;
    let mapping = types::mapping(config_type)?;
    let account = first_text(node, &["awsAccountId", "accountId"])?;
    let region = first_text(node, &["awsRegion"])?;
    let id = first_text(node, &["resourceId"])?;
    let status = first_text(node, &["configurationItemStatus"]).unwrap_or("OK");
    let place = if types::is_global(mapping.answer.service) { "global" } else { region };
    let item = Item {
        document: document.clone(),
        node: node.index(),
        deleted: status.starts_with("ResourceDeleted") || status == "ResourceNotRecorded",
        captured: captured(node),
        account: account.into(),
        region: place.into(),
        recorded_in: region.into(),
        mapping,
    };
    Some((format!("{account}/{place}/{config_type}/{id}"), item))
}

/// An object, or the one that stands as JSON in a string, with its document.
fn looked_through(document: &Arc<Document>, node: Node<'_>) -> Option<(Arc<Document>, u32)> {
    match node.kind() {
        Kind::String if node.as_str().is_some_and(|t| t.trim_start().starts_with('{')) => {
            Document::embedded(document, node.index()).ok().map(|inner| (Arc::new(inner), 0))
        }
        Kind::Null => None,
        _ => Some((document.clone(), node.index())),
    }
}

fn made_of(item: &Item) -> Vec<Answer> {
    let Some(node) = item.document.node(item.node) else { return Vec::new() };
    let mut out = Vec::new();
    let answer = |target: Target, document: Document| {
        let resource = target.resource.map(|_| first_text(node, &["resourceId"]).unwrap_or_default().into());
        Answer {
            document: Arc::new(document),
            account: item.account.clone(),
            region: (!types::is_global(target.service)).then(|| item.region.clone()),
            service: target.service,
            operation: target.operation,
            resource,
        }
    };
    if let Some((document, at)) = node.get("configuration").and_then(|n| looked_through(&item.document, n))
        && let Some(configuration) = document.node(at).filter(|n| n.kind() == Kind::Object)
    {
        let target = item.mapping.answer;
        // An item whose configuration is a string lends nothing to it: one document has one text.
        let extra: &[_] = if Arc::ptr_eq(&document, &item.document) { item.mapping.extra } else { &[] };
        let built = wrapped(&document, configuration, target, |builder| {
            let opened = builder.open(RawKind::Object, configuration);
            for (name, from) in extra {
                if let Some(value) = from.iter().find_map(|key| node.get(key)) {
                    builder.key(name, value);
                    builder.value(value, &Type::Any, &|_| false);
                }
            }
            builder.entries(configuration, target.shape, &holds_masked);
            builder.close(opened);
        });
        out.push(answer(target, built));
    }
    let Some((supplementary, at)) = node.get("supplementaryConfiguration").and_then(|n| looked_through(&item.document, n)) else {
        return out;
    };
    for part in item.mapping.supplements {
        let Some(value) = supplementary.node(at).and_then(|n| n.get(part.key)) else { continue };
        let policy = part.answer.shape.is_empty();
        let Some((document, at)) = (if policy && part.inner.is_empty() {
            Some((supplementary.clone(), value.index()))
        } else {
            looked_through(&supplementary, value)
        }) else {
            continue;
        };
        let Some(value) = document.node(at) else { continue };
        let unset = !part.unless_null.is_empty() && value.get(part.unless_null).is_some_and(Node::is_null);
        let data = if part.inner.is_empty() { Some(value) } else { value.get(part.inner) };
        let target = part.answer;
        let built = match data {
            _ if unset => {
                let mut builder = Builder::new(&document, target.rename);
                let opened = builder.open(RawKind::Object, value);
                builder.close(opened);
                builder.finish()
            }
            Some(data) if !data.is_null() => {
                let ty = if target.shape.is_empty() { Type::Any } else { Type::Shape(target.shape.to_owned()) };
                wrapped(&document, data, target, |builder| builder.value(data, &ty, &|_| false))
            }
            _ => continue,
        };
        out.push(answer(target, built));
    }
    out
}

/// True for a list or object inside a JSON string that holds masked values below it.
fn holds_masked(value: Node<'_>) -> bool {
    let secret = |(key, _): (Node<'_>, Node<'_>)| key.as_str().is_some_and(|k| k.eq_ignore_ascii_case("environment"));
    value.document().outer.is_some() && value.kind() == Kind::Array && value.items().any(|item| item.entries().any(secret))
}

/// `{"Vpcs": [ … ]}` around what `fill` adds.
fn wrapped(document: &Arc<Document>, at: Node<'_>, target: Target, fill: impl FnOnce(&mut Builder)) -> Document {
    let mut builder = Builder::new(document, target.rename);
    let mut opened = Vec::new();
    for step in target.wrap.split('.').filter(|s| !s.is_empty()) {
        opened.push(builder.open(RawKind::Object, at));
        builder.key(step.trim_end_matches("[]"), at);
        if step.ends_with("[]") {
            opened.push(builder.open(RawKind::Array, at));
        }
    }
    fill(&mut builder);
    for open in opened.into_iter().rev() {
        builder.close(open);
    }
    builder.finish()
}
