//! Builds facts from documents.
//!
//! In: documents, each with the call that it answers or the type of policy that it is, and the coverage.
//! Out: [`Facts`]. A resource that stands in several answers is one fact, whose node is of the fullest of
//! them. Nothing is copied out of documents but identifiers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::index::Seen;
use super::kind::{self, Kind, Scope, Source};
use super::store::Way;
use super::{Fact, FactId, Facts, Further, NodeId, config_items, credential_report, embedded, kinds};
use crate::doc::{Document, Node};
use crate::input::{self, Call, Coverage, Loaded, Status, Taken};

/// The call that a document answers, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    account: Option<Arc<str>>,
    region: Option<Arc<str>>,
    service: Arc<str>,
    operation: Arc<str>,
    resource: Option<Arc<str>>,
    /// Made of an item of AWS Config.
    config: bool,
}

impl Facts {
    /// Makes facts of everything that was loaded.
    pub fn build(loaded: &Loaded) -> Self {
        let mut builder = Builder::new();
        builder.add(loaded);
        builder.finish(loaded.coverage.clone())
    }
}

/// Collects documents, then makes [`Facts`] of them.
#[derive(Debug, Default)]
pub struct Builder {
    facts: Facts,
    answers: Vec<(u32, Origin)>,
    /// Documents that hold items of AWS Config.
    config: Vec<Arc<Document>>,
    interned: HashMap<Arc<str>, Arc<str>>,
    /// Facts whose node is of the owning account's own export.
    own: HashMap<FactId, bool>,
    by_call: HashMap<(&'static str, &'static str), Vec<(&'static Kind, &'static Source)>>,
}

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        let mut by_call: HashMap<_, Vec<_>> = HashMap::new();
        for kind in kinds::all() {
            for source in kind.sources {
                by_call.entry((source.service, source.operation)).or_default().push((kind, source));
            }
        }
        Self { by_call, ..Self::default() }
    }

    /// Adds everything that was loaded.
    pub fn add(&mut self, loaded: &Loaded) {
        for (document, origin) in &loaded.documents {
            self.add_one(document.clone(), origin, Way::Held);
        }
    }

    /// Adds documents that may be let go, and lets them go.
    pub(crate) fn stream(&mut self, taken: Vec<Taken>) {
        self.facts.documents.streams = true;
        for Taken { document, origin, again } in taken {
            self.add_one(document, &origin, again.map_or(Way::Held, Way::File));
        }
        self.facts.rest();
    }

    fn add_one(&mut self, document: Arc<Document>, origin: &input::Origin, way: Way) {
        match origin {
            input::Origin::Answer(Call { account, region, service, operation, resource }) => {
                self.answer(document, way, (Some(account), Some(region)), service, operation, resource.as_deref());
            }
            input::Origin::BareAnswer { service, operation, account, region } => {
                self.answer(document, way, (account.as_deref(), region.as_deref()), service, operation, None);
            }
            input::Origin::Policy { policy_type, node, .. } => {
                self.policy(document, way, *node, kinds::policy_file::kind_of(*policy_type));
            }
        }
    }

    /// Adds the answer of a call.
    fn answer(
        &mut self,
        document: Arc<Document>,
        way: Way,
        (account, region): (Option<&str>, Option<&str>),
        service: &str,
        operation: &str,
        resource: Option<&str>,
    ) {
        if config_items::holds_items(service, operation) {
            self.config.push(document);
            return;
        }
        let origin = Origin {
            account: account.map(|a| self.intern(a)),
            region: region.filter(|r| *r != "global").map(|r| self.intern(r)),
            service: self.intern(service),
            operation: self.intern(operation),
            resource: resource.map(|r| self.intern(r)),
            config: false,
        };
        let doc = self.facts.documents.push(document, way);
        self.read_answer(doc, &origin);
        self.answers.push((doc, origin));
    }

    /// Adds a policy that stands alone at `node` of a document, as a fact of `kind` (`policy-file-…`).
    fn policy(&mut self, document: Arc<Document>, way: Way, node: u32, kind: &str) {
        let Some(kind) = kinds::get(kind) else { return };
        let name = document.name.clone();
        let id = if node == 0 { name.clone() } else { format!("{name}#{}", document_pointer(&document, node)).into() };
        let doc = self.facts.documents.push(document, way);
        let short = name.rsplit(['/', '\\']).next().map_or_else(|| name.clone(), Arc::from);
        let fact = Fact {
            kind,
            account: None,
            region: None,
            key: id.clone(),
            id,
            name: short,
            node: NodeId { doc, node },
            summary: false,
            call_resource: None,
        };
        self.push(fact);
    }

    /// Makes the facts.
    pub fn finish(mut self, coverage: Coverage) -> Facts {
        self.facts.coverage = coverage;
        self.read_config();
        self.index_calls();
        self.regions_of_buckets();
        self.subjects_without_answer();
        embedded::parse_all(&mut self.facts);
        self.facts
    }

    /// Answers made of AWS Config's items come after all others, which say more.
    fn read_config(&mut self) {
        let mut stale = config_items::Stale::default();
        let told = self.answers.iter().filter(|(_, origin)| &*origin.service == "configservice");
        for (doc, origin) in told {
            if let Some(document) = self.facts.documents.get(*doc) {
                stale.answer(origin.account.as_deref(), origin.region.as_deref(), document.root());
            }
        }
        for made in config_items::answers(&std::mem::take(&mut self.config), stale) {
            let origin = Origin {
                account: Some(self.intern(&made.account)),
                region: made.region.map(|r| self.intern(&r)),
                service: self.intern(made.service),
                operation: self.intern(made.operation),
                resource: made.resource,
                config: true,
            };
            let doc = self.facts.documents.push(made.document, Way::Held);
            self.read_answer(doc, &origin);
            self.answers.push((doc, origin));
        }
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.interned.get(text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        self.interned.insert(new.clone(), new.clone());
        new
    }

    fn index_calls(&mut self) {
        let global = |region: &Arc<str>| (**region != *"global").then(|| region.clone());
        let mut listings = HashSet::new();
        for (doc, origin) in &self.answers {
            // Of the many items of a listing one tells that it is not whole.
            let call = (&origin.account, &origin.region, &origin.service, &origin.operation);
            if origin.config && origin.resource.is_none() && !listings.insert(call) {
                continue;
            }
            let status = origin.status(&self.facts.coverage);
            let seen = Seen { account: origin.account.clone(), region: origin.region.clone(), document: Some(*doc), status };
            self.facts.calls.add(&origin.service, &origin.operation, origin.resource.as_ref(), seen);
        }
        for (call, status) in self.facts.coverage.iter() {
            let seen = Seen {
                account: Some(call.account.clone()),
                region: global(&call.region),
                document: None,
                status: status.clone(),
            };
            self.facts.calls.add(&call.service, &call.operation, call.resource.as_ref(), seen);
        }
    }

    fn read_answer(&mut self, doc: u32, origin: &Origin) {
        let Some(document) = self.facts.documents.get(doc).cloned() else { return };
        let wanted = self.by_call.get(&(&*origin.service, &*origin.operation)).cloned().unwrap_or_default();
        for (kind, source) in wanted {
            kind::walk(document.root(), source.path, &mut |node| self.read_fact(kind, source, origin, doc, node));
        }
        if &*origin.service == "iam" && &*origin.operation == "get-credential-report" {
            self.read_credential_report(doc, &document, origin);
        }
    }

    fn read_credential_report(&mut self, whole: u32, document: &Arc<Document>, origin: &Origin) {
        let Some(kind) = kinds::get("credential-report-user") else { return };
        let Some(rows) = credential_report::rows(document) else { return };
        let doc = self.facts.documents.push(rows.clone(), Way::Rows(whole));
        for source in kind.sources {
            kind::walk(rows.root(), source.path, &mut |node| self.read_fact(kind, source, origin, doc, node));
        }
    }

    fn read_fact(&mut self, kind: &'static Kind, source: &Source, origin: &Origin, doc: u32, node: Node<'_>) {
        if let Some((path, value)) = source.only
            && kind::first(node, path).and_then(Node::as_str) != Some(value)
        {
            return;
        }
        if source.numbered.is_some_and(|(path, wanted)| is_version(source, origin, node, path) != wanted) {
            return;
        }
        let Some(key) = key_of(kind, source, origin, node) else { return };
        let text = |path: &str| kind::first(node, path).and_then(Node::as_str);
        let arn = if source.arn.is_empty() || source.arn.contains('{') { None } else { text(source.arn) };
        let owner = if source.owner.is_empty() { None } else { text(source.owner) };
        let located = arn.or(owner).and_then(kind::arn_parts);
        let (arn_region, arn_account) = located.map_or((None, None), |arn| (arn.region, arn.account));
        let account = [arn_account, owner].into_iter().flatten().find(|a| is_account(a));
        let account = account.map(|a| self.intern(a)).or_else(|| origin.account.clone());
        let zone = text("AvailabilityZone").and_then(region_of_zone);
        let region = if kind.is_global() {
            None
        } else {
            arn_region.map(|r| self.intern(r)).or_else(|| origin.region.clone()).or_else(|| zone.map(|z| self.intern(z)))
        };
        let name = if source.name.is_empty() { None } else { text(source.name) };
        let place = || format!("{}/{}", account.as_deref().unwrap_or("-"), region.as_deref().unwrap_or("-"));
        let name: Arc<str> = match name {
            Some(name) => name.into(),
            None if key.is_empty() => place().into(),
            None => key.clone(),
        };
        let id = identity(kind, source, arn, &key, account.as_deref(), region.as_deref());
        let fact = Fact {
            kind,
            account,
            region,
            id,
            key,
            name,
            node: NodeId { doc, node: node.index() },
            summary: source.summary || origin.config,
            call_resource: origin.resource.clone(),
        };
        let own = fact.account == origin.account;
        let mut text = false;
        kind.json.iter().for_each(|path| kind::walk(node, path, &mut |n| text |= n.as_str().is_some()));
        if text {
            self.facts.strings.insert(fact.node);
        }
        self.merge(fact, own);
    }

    /// Adds a fact, or joins it to the one that it repeats: the fullest answer's node comes first.
    fn merge(&mut self, fact: Fact, own: bool) {
        let same = |f: &Fact| match fact.kind.scope {
            Scope::Global => true,
            Scope::Account => f.account == fact.account,
            Scope::Region => f.account == fact.account && f.region == fact.region,
        };
        let candidates = self.facts.by_key.get(fact.kind.name).and_then(|keys| keys.get(&fact.key));
        let known = candidates.into_iter().flatten().copied().find(|id| self.facts.get(*id).is_some_and(same));
        let Some(id) = known else {
            let id = self.push(fact);
            self.own.insert(id, own);
            return;
        };
        let Some(old) = self.facts.facts.get_mut(id.0 as usize) else { return };
        let was_own = self.own.insert(id, own) == Some(true);
        // A call about this very key comes before one about a version of it (`get-guardrail.ID,1`).
        let exact = |f: &Fact| f.call_resource.as_deref() == Some(&*f.key);
        let closer = (own && !was_own) || (own == was_own && exact(&fact) && !exact(old));
        let further = if (old.summary && !fact.summary) || (old.summary == fact.summary && closer) {
            let further = Further { node: old.node, call_resource: old.call_resource.clone() };
            let was = old.id.clone();
            *old = fact;
            let now = old.id.clone();
            if was != now {
                self.facts.by_id.entry(now).or_insert(id);
            }
            further
        } else {
            self.own.insert(id, was_own);
            Further { node: fact.node, call_resource: fact.call_resource }
        };
        self.facts.also.entry(id).or_default().push(further);
    }

    fn push(&mut self, fact: Fact) -> FactId {
        let id = FactId(u32::try_from(self.facts.facts.len()).unwrap_or(u32::MAX));
        self.facts.by_kind.entry(fact.kind.name).or_default().push(id);
        self.facts.by_key.entry(fact.kind.name).or_default().entry(fact.key.clone()).or_default().push(id);
        self.facts.by_id.entry(fact.id.clone()).or_insert(id);
        self.facts.facts.push(fact);
        id
    }

    fn regions_of_buckets(&mut self) {
        for id in self.facts.of_kind("s3-bucket").to_vec() {
            let region = kinds::s3::region_of(&self.facts, id).map(|region| self.intern(&region));
            if let Some(fact) = self.facts.facts.get_mut(id.0 as usize) {
                fact.region = region;
            }
        }
    }

    /// Accounts, and account × Region pairs that were looked at for Bedrock: subjects even where every
    /// call was denied. Their node is the most telling document of theirs.
    fn subjects_without_answer(&mut self) {
        let mut accounts: BTreeMap<Arc<str>, Option<u32>> = BTreeMap::new();
        let mut regions = BTreeMap::new();
        for (service, seen) in self.facts.calls.all() {
            let Some(account) = &seen.account else { continue };
            let first = accounts.entry(account.clone()).or_default();
            *first = [*first, seen.document].into_iter().flatten().min();
            let Some(region) = &seen.region else { continue };
            if kinds::bedrock::is_bedrock_service(service) {
                let best: &mut Option<(bool, u32)> = regions.entry((account.clone(), region.clone())).or_default();
                let this = seen.document.map(|doc| (&**service != "bedrock", doc));
                *best = [*best, this].into_iter().flatten().min();
            }
        }
        for fact in &self.facts.facts {
            if let Some(account) = &fact.account {
                accounts.entry(account.clone()).or_insert(Some(fact.node.doc));
            }
        }
        for ((account, region), doc) in regions {
            let doc = doc.map(|(_, doc)| doc).or_else(|| accounts.get(&account).copied().flatten());
            self.subject("bedrock-region", &account, Some(&region), doc);
        }
        for (account, doc) in accounts {
            self.subject("account", &account, None, doc);
        }
    }

    fn subject(&mut self, kind: &str, account: &Arc<str>, region: Option<&Arc<str>>, doc: Option<u32>) {
        let Some(kind) = kinds::get(kind) else { return };
        let place = region.map_or_else(|| account.to_string(), |region| format!("{account}/{region}"));
        let doc = doc.unwrap_or_else(|| match Document::json(place.as_str(), "{}") {
            Ok(empty) => self.facts.documents.push(Arc::new(empty), Way::Held),
            Err(_) => u32::MAX,
        });
        let (key, id) = match region {
            None => (account.clone(), format!("arn:aws:iam::{account}:root").into()),
            Some(region) => (region.clone(), format!("{place}/bedrock-region").into()),
        };
        let fact = Fact {
            kind,
            account: Some(account.clone()),
            region: region.cloned(),
            id,
            name: place.into(),
            key,
            node: NodeId { doc, node: 0 },
            summary: false,
            call_resource: None,
        };
        self.push(fact);
    }
}

impl Origin {
    /// What coverage says of this answer; an answer that coverage does not know is there all the same.
    fn status(&self, coverage: &Coverage) -> Status {
        if self.config {
            let whole = self.resource.is_some();
            return if whole { Status::Ok } else { Status::NotAttempted(config_items::NOT_WHOLE.into()) };
        }
        let Some(account) = &self.account else { return Status::Ok };
        let call = Call {
            account: account.clone(),
            region: self.region.clone().unwrap_or_else(|| Arc::from("global")),
            service: self.service.clone(),
            operation: self.operation.clone(),
            resource: self.resource.clone(),
        };
        coverage.status(&call).cloned().unwrap_or(Status::Ok)
    }
}

fn document_pointer(document: &Document, node: u32) -> String {
    document.node(node).map(Node::pointer).unwrap_or_default()
}

/// Whether the node is a numbered version of a thing, and not the thing itself as somebody asked for it.
fn is_version(source: &Source, origin: &Origin, node: Node<'_>, path: &str) -> bool {
    let version = kind::first(node, path).and_then(Node::as_str).unwrap_or_default();
    let numbered = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    numbered && origin.resource.as_deref().is_some_and(|resource| source.summary || resource.contains(','))
}

/// The local key: the source's paths joined by `,`, read as the kind's references are.
fn key_of(kind: &Kind, source: &Source, origin: &Origin, node: Node<'_>) -> Option<Arc<str>> {
    let part = |path: &str| match path {
        "@one" => Some(""),
        "@resource" => origin.resource.as_deref(),
        path => kind::first(node, path).and_then(Node::as_str),
    };
    if !source.key.contains(',') {
        let text = part(source.key)?;
        return Some((kind.refer)(text).key.into());
    }
    let parts: Option<Vec<&str>> = source.key.split(',').map(part).collect();
    Some(parts?.join(",").into())
}

fn identity(kind: &Kind, source: &Source, arn: Option<&str>, key: &str, account: Option<&str>, region: Option<&str>) -> Arc<str> {
    if let Some(arn) = arn {
        return arn.into();
    }
    let place = [account.unwrap_or("-"), region.unwrap_or(if kind.is_global() { "global" } else { "-" })];
    let needs = |part: &str, have: Option<&str>| !source.arn.contains(part) || have.is_some();
    if source.arn.contains('{') && needs("{region}", region) && needs("{account}", account) {
        let filled = source
            .arn
            .replace("{partition}", partition(region))
            .replace("{region}", region.unwrap_or_default())
            .replace("{account}", account.unwrap_or_default())
            .replace("{key}", key);
        return filled.into();
    }
    let [account, region] = place;
    let end = if key.is_empty() { String::new() } else { format!("/{key}") };
    format!("{account}/{region}/{}{end}", kind.name).into()
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(r) if r.starts_with("cn-") => "aws-cn",
        Some(r) if r.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `sa-east-1` for `sa-east-1a`; local zones, whose names go on after the digit, give nothing.
fn region_of_zone(zone: &str) -> Option<&str> {
    let region = zone.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    (region.ends_with(|c: char| c.is_ascii_digit()) && region.matches('-').count() <= 3).then_some(region)
}
