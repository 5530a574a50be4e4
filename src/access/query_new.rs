//! What one version of a policy allows that another does not.
//!
//! In: two policies of one kind. Out: a new request for each action that is newly allowed, and the actions for which it could not be
//! decided. Where both are empty, that there is nothing new is proved for every request.
//! Never: "nothing new" from a list of actions alone. A wildcard covers actions that no list has, so each way of matching
//! the policies' patterns is asked with an action of its own; requesters are told apart by every form that the policies name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalog::actions;
use crate::doc::{Document, Kind, Node};
use crate::iam::PolicyType;
use crate::iam::arn::Arn;
use crate::iam::decide::PolicySet;
use crate::iam::glob::Glob;
use crate::iam::named::EntryKind;
use crate::iam::policy::{Effect, Policy, Site, Statement};
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Known, Request};
use crate::iam::solve::strings::{Automaton, Clause, Found, shortest};
use crate::iam::solve::{Answer, Question, Resources, Witness, solve};

/// A request that only the new policy allows.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The action. Where `listed` is false, a made-up one that stands for all that the patterns treat alike.
    pub action: String,
    /// The action is of the catalog, or named in a policy.
    pub listed: bool,
    /// The request on one line.
    pub request: String,
    /// The new policy's statement that allows it; `None` where it is only that none denies it any more.
    pub statement: Option<Site>,
}

/// The comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// By action.
    pub new: Vec<Difference>,
    /// Actions (or `*` for all that no list has) for which it could not be decided, with the reason.
    pub undecided: Vec<(String, String)>,
    /// The actions that were asked about by name.
    pub asked: usize,
    /// The policies were taken to stand beside AWS's `FullAWSAccess`: they hold no Allow of their own.
    pub beside_full_access: bool,
}

/// The prefixes whose actions are asked about in any case.
const FAMILY: [&str; 5] = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"];

/// Owns a requester whose account is free.
const ANYWHERE: &str = "000000000000";
/// The account of a resource that is nobody's own.
const ELSEWHERE: &str = "000000000001";
/// The tag of policies that are only the frame.
const FRAME: u64 = u64::MAX;

/// Compares two policies of one kind; `old_root` and `new_root` are the nodes that they were parsed from.
pub fn compare(old: &Policy, old_root: Node<'_>, new: &Policy, new_root: Node<'_>) -> Comparison {
    let Some(frame) = Frame::new(new.kind) else {
        return Comparison {
            undecided: vec![("*".to_owned(), "the comparison has no frame".to_owned())],
            ..Comparison::default()
        };
    };
    let mut out = Comparison { beside_full_access: frame.beside(old) && frame.beside(new), ..Comparison::default() };
    let changed = changed(old, old_root, new, new_root);
    if changed.as_ref().is_some_and(|policy| !grants(policy) && frame.beside(old) >= frame.beside(new)) {
        return out;
    }
    let fresh = changed.filter(grants);
    let (old_set, new_set) = (frame.set(old), frame.set(fresh.as_ref().unwrap_or(new)));
    let views = views(old, new);
    let listed = listed(old, new);
    out.asked = listed.len();
    let patterns = Patterns::of(old, new);
    let mut nothing: HashSet<(usize, String, Vec<bool>, bool)> = HashSet::new();
    let mut ask = |action: &str, listed: bool, out: &mut Comparison| {
        let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let star = actions::is_star_only(action) == Some(true);
        let mut unsure = None;
        for (index, view) in views.iter().enumerate() {
            let class = (index, service.clone(), patterns.signature(action), star);
            if nothing.contains(&class) {
                continue;
            }
            match view.ask(&new_set, &old_set, action, star) {
                Answer::None => {
                    nothing.insert(class);
                }
                Answer::Some(found) => {
                    let statement = found.decision.why.iter().find(|why| why.kind == new.kind).and_then(|why| why.site);
                    let statement = statement.filter(|site| site.source != FRAME);
                    let request = view.line(&found, &service);
                    out.new.push(Difference { action: action.to_owned(), listed, request, statement });
                    return;
                }
                Answer::Unknown(why) => unsure = unsure.or(Some(why)),
            }
        }
        out.undecided.extend(unsure.map(|why| (action.to_owned(), why)));
    };
    for action in &listed {
        ask(action, true, &mut out);
    }
    match patterns.unlisted(&listed, new.kind) {
        Some(unlisted) => unlisted.iter().for_each(|action| ask(action, false, &mut out)),
        None => out.undecided.push(("*".to_owned(), "the patterns of `Action` combine in too many ways".to_owned())),
    }
    out
}

/// Whether some statement might allow.
fn grants(policy: &Policy) -> bool {
    policy.statements.iter().any(|s| s.effect != Effect::Deny)
}

/// The new policy without the Allow statements that stand in the old one too; only where every old Deny stands in the new one:
/// then whatever an unchanged statement allows was allowed before.
fn changed(old: &Policy, old_root: Node<'_>, new: &Policy, new_root: Node<'_>) -> Option<Policy> {
    let texts = |policy: &Policy, root: Node<'_>, deny: bool| -> BTreeSet<String> {
        let of = policy.statements.iter().filter(|s| (s.effect == Effect::Deny) == deny);
        of.filter_map(|s| Some(canonical(root.document().node(s.mark.0)?))).collect()
    };
    let plain = |policy: &Policy| policy.statements.iter().all(|s| s.effect != Effect::Unknown && !s.partly_unknown);
    let kept = texts(old, old_root, true).is_subset(&texts(new, new_root, true));
    if !kept || old.version != new.version || !plain(old) || !plain(new) {
        return None;
    }
    let before = texts(old, old_root, false);
    let mut policy = new.clone();
    policy.statements.retain(|s| {
        let text = new_root.document().node(s.mark.0).map(canonical);
        s.effect == Effect::Deny || text.is_none_or(|text| !before.contains(&text))
    });
    Some(policy)
}

/// A statement as a text in which the order of keys, white space and `Sid` count for nothing.
fn canonical(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Object => {
            let mut pairs: Vec<String> = node
                .entries()
                .filter(|(key, _)| key.as_str() != Some("Sid"))
                .map(|(key, value)| format!("{:?}:{}", key.as_str().unwrap_or_default(), canonical(value)))
                .collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        Kind::Array => format!("[{}]", node.items().map(canonical).collect::<Vec<_>>().join(",")),
        _ => format!("{:?}{:?}", node.scalar(), node.tag()),
    }
}

/// What stands around the compared policy: everything else allows.
struct Frame {
    kind: PolicyType,
    everything: Policy,
    resource_side: Policy,
    everyone: Policy,
    full_rcp: Policy,
}

impl Frame {
    fn new(kind: PolicyType) -> Option<Self> {
        let parse = |text: &str, kind| Policy::parse(Document::json("frame", text).ok()?.root(), kind).ok();
        let read = |text: &str, kind| Some(parse(text, kind)?.with_source(FRAME));
        let all = r#""Effect": "Allow", "Action": "*", "Resource": "*""#;
        // The accounts are named and not their principals, so that the requester's own policies decide.
        let accounts = format!(r#"{{"AWS": ["{ANYWHERE}", "{ELSEWHERE}"]}}"#);
        let policy = |rest: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{{all}{rest}}}]}}"#);
        Some(Self {
            kind,
            everything: read(&policy(""), PolicyType::Identity)?,
            resource_side: read(&policy(&format!(r#", "Principal": {accounts}"#)), PolicyType::Key)?,
            everyone: read(&policy(r#", "Principal": "*""#), PolicyType::Key)?,
            full_rcp: read(&policy(r#", "Principal": "*""#), PolicyType::Rcp)?,
        })
    }

    /// An SCP that only denies stands beside `FullAWSAccess`.
    fn beside(&self, policy: &Policy) -> bool {
        self.kind == PolicyType::Scp && !grants(policy)
    }

    fn set<'s>(&'s self, policy: &'s Policy) -> PolicySet<'s> {
        let mut set = PolicySet { identity: vec![&self.everything], resource: Some(&self.resource_side), ..PolicySet::default() };
        match self.kind {
            PolicyType::Identity => set.identity = vec![policy],
            PolicyType::Boundary => set.boundary = Some(policy),
            PolicyType::Session => set.session = vec![policy],
            PolicyType::Resource | PolicyType::Trust | PolicyType::Key => set.resource = Some(policy),
            PolicyType::Endpoint => {
                set.endpoint = vec![policy];
                set.resource = Some(&self.everyone);
            }
            PolicyType::Scp => {
                let full = self.beside(policy).then_some(&self.everything);
                set.scp = Some(vec![full.into_iter().chain([policy]).collect()]);
            }
            PolicyType::Rcp => {
                set.rcp = Some(vec![vec![&self.full_rcp, policy]]);
                set.resource = Some(&self.everyone);
            }
        }
        set
    }
}

/// One way of asking: who, and whose the resource is.
struct View {
    who: Principal,
    context: Context,
    owner: Option<String>,
    resources: Resources,
    /// The policy is about its holder, so that there is no need to say who calls.
    of_the_caller: bool,
}

impl View {
    fn ask(&self, new: &PolicySet<'_>, old: &PolicySet<'_>, action: &str, star: bool) -> Answer {
        let mut question = Question::new(new, self.who.clone(), action);
        question.not_allowed_by = Some(old);
        question.context = self.context.clone();
        question.resource_account = self.owner.as_deref();
        question.resources = match &self.resources {
            Resources::Matching { within, outside, .. } if !star => {
                let account = self.owner.as_deref().or(self.who.account()).unwrap_or(ANYWHERE);
                let (_, examples) = super::endpoint::resources("aws", account, action, "*");
                let outside = outside.iter().cloned().chain(foreign(action)).collect();
                Resources::Matching { within: within.clone(), outside, examples }
            }
            Resources::Matching { .. } => Resources::One("*".to_owned()),
            one => one.clone(),
        };
        let regions = ["sa-east-1", "us-east-1"].map(str::to_owned).to_vec();
        question.examples = BTreeMap::from([("aws:requestedregion".to_owned(), regions)]);
        let answer = solve(&question);
        // Where the resource does not matter, an ARN says more than `*`.
        match (&answer, &mut question.resources) {
            (Answer::Some(found), Resources::Matching { within, .. }) if &*found.request.resource == "*" && within.is_empty() => {
                within.push("arn:*".to_owned());
                match solve(&question) {
                    Answer::Some(better) => Answer::Some(better),
                    _ => answer,
                }
            }
            _ => answer,
        }
    }

    /// The request, with the keys whose values the solver chose.
    fn line(&self, found: &Witness, service: &str) -> String {
        let request = &found.request;
        let start = Request::new(self.who.clone(), &format!("{service}:"), "*", self.owner.as_deref(), self.context.clone());
        let chosen = |key: &str| match (start.context.get(key), request.context.get(key)) {
            (Known::Values(_), _) => None,
            (_, Known::Values(values)) => Some(format!("{key} = {}", values.join(", "))),
            _ => None,
        };
        let with: Vec<String> = request.context.keys().filter_map(chosen).collect();
        let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
        let who = match &self.who {
            Principal::Anonymous => "anyone without credentials".to_owned(),
            Principal::Service { name } => format!("the service {name}"),
            Principal::Federated { provider } => format!("an identity of {provider}"),
            Principal::Canonical { id } => format!("canonical user {id}"),
            who => match who.account() {
                Some(ANYWHERE) if self.of_the_caller => String::new(),
                Some(ANYWHERE) => "any principal".to_owned(),
                Some(account) if start.context.get("aws:principalarn") == Known::Present => {
                    format!("a principal of account {account}")
                }
                _ => who.arn().unwrap_or_default(),
            },
        };
        let who = if who.is_empty() { who } else { format!("{who}: ") };
        format!("{who}{} on {}{with}", request.action, request.resource)
    }
}

/// Models and profiles, for an action of the catalog that takes none: no such request exists.
fn foreign(action: &str) -> Vec<String> {
    let Some(known) = actions::find(action) else { return Vec::new() };
    let kinds = ["foundation-model", "inference-profile", "application-inference-profile"];
    kinds.iter().filter(|kind| !known.resources.contains(kind)).map(|kind| format!("arn:*:bedrock:*:{kind}/*")).collect()
}

/// The requesters and owners that the policies could tell apart.
fn views(old: &Policy, new: &Policy) -> Vec<View> {
    let free = Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() };
    let kind = new.kind;
    let of_the_caller = matches!(kind, PolicyType::Identity | PolicyType::Boundary | PolicyType::Session | PolicyType::Scp);
    let anyone = || role_of(ANYWHERE, true);
    let view = |(who, context): (Principal, Context), owner: Option<&str>| {
        let resources = match kind {
            PolicyType::Trust => Resources::One(format!("arn:aws:iam::{}:role/this", owner.unwrap_or(ELSEWHERE))),
            _ => free.clone(),
        };
        View { who, context, owner: owner.map(str::to_owned), resources, of_the_caller }
    };
    if of_the_caller {
        return vec![view(anyone(), Some(ANYWHERE))];
    }
    let mut out = Vec::new();
    for (who, context) in std::iter::once(anyone()).chain(requesters(old, new)) {
        let account = who.account().map(str::to_owned);
        if let Some(account) = account.as_deref() {
            out.push(view((who.clone(), context.clone()), Some(account)));
        }
        out.push(view((who, context), Some(ELSEWHERE)));
    }
    out
}

/// Some principal of an account, of which nothing else is known.
fn role_of(account: &str, account_free: bool) -> (Principal, Context) {
    let mut context = open();
    for key in ["aws:PrincipalArn", "aws:PrincipalType", "aws:userid"] {
        context.set_present(key);
    }
    context.set_unknown("aws:username");
    if account_free {
        context.set_present("aws:PrincipalAccount");
    }
    let role = format!("arn:aws:iam::{account}:role/any");
    (Principal::parse(&role).unwrap_or(Principal::Anonymous), context)
}

fn open() -> Context {
    let mut context = Context::open();
    context.set_present("aws:ResourceAccount");
    context
}

/// Each requester that an element `Principal` or `NotPrincipal` names, another of each account that is named, and those of no account.
fn requesters(old: &Policy, new: &Policy) -> Vec<(Principal, Context)> {
    let entries =
        || [old, new].into_iter().flat_map(|p| &p.statements).filter_map(|s| s.principal.as_ref()).flat_map(|p| &p.entries);
    let mut seen: BTreeSet<(u8, String)> = BTreeSet::new();
    let mut out = Vec::new();
    let mut accounts: BTreeSet<String> = BTreeSet::new();
    for entry in entries().filter(|entry| &*entry.text != "*") {
        let text = entry.text.to_string();
        if !seen.insert((entry.kind as u8, text.clone())) {
            continue;
        }
        match entry.kind {
            EntryKind::Aws => {
                let account = Arn::parse(&text).map_or_else(|| text.clone(), |arn| arn.account.to_owned());
                let whole = Arn::parse(&text).is_none_or(|arn| arn.resource == "root");
                accounts.insert(account);
                if !whole {
                    out.extend(Principal::parse(&text).ok().map(|who| (who, open())));
                }
            }
            EntryKind::Service => out.push((Principal::Service { name: text.into() }, open())),
            EntryKind::Federated => out.push((Principal::Federated { provider: text.into() }, open())),
            EntryKind::CanonicalUser => out.push((Principal::Canonical { id: text.into() }, open())),
        }
    }
    out.extend(accounts.iter().filter(|a| crate::iam::arn::is_account_id(a)).map(|account| role_of(account, false)));
    out.push((Principal::Service { name: "any-other.amazonaws.com".into() }, open()));
    out.push((Principal::Federated { provider: "any-other-provider".into() }, open()));
    out.push((Principal::Canonical { id: "any-other".into() }, open()));
    out.push((Principal::Anonymous, open()));
    out
}

/// The family's actions, and those that the policies name in full.
fn listed(old: &Policy, new: &Policy) -> Vec<String> {
    let mut seen = HashSet::new();
    let family = FAMILY.iter().flat_map(|prefix| actions::of_prefix(prefix).iter().map(move |a| format!("{prefix}:{}", a.name)));
    let named = patterns(old, new).filter(|text| !text.contains(['*', '?']) && text.contains(':')).map(str::to_owned);
    family.chain(named).filter(|action| seen.insert(action.to_ascii_lowercase())).collect()
}

fn patterns<'p>(old: &'p Policy, new: &'p Policy) -> impl Iterator<Item = &'p str> {
    let all = |policy: &'p Policy| policy.statements.iter().flat_map(|s: &Statement| &s.action.patterns).map(|p| &*p.text);
    all(old).chain(all(new))
}

/// The distinct patterns of `Action` and `NotAction` of both policies.
struct Patterns {
    wild: Vec<Glob>,
    exact: Vec<Glob>,
    services: BTreeSet<String>,
}

/// States that the search over action names may make.
const WORK: usize = 200_000;

impl Patterns {
    fn of(old: &Policy, new: &Policy) -> Self {
        let texts: BTreeSet<String> = patterns(old, new).map(str::to_ascii_lowercase).collect();
        let services = texts.iter().filter_map(|t| t.split_once(':')).map(|(s, _)| s.to_owned());
        let services = services.filter(|s| !s.contains(['*', '?'])).collect();
        let (wild, exact): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.contains(['*', '?']));
        let globs = |texts: Vec<&String>| texts.into_iter().map(|text| Glob::new(text, true)).collect();
        Self { wild: globs(wild), exact: globs(exact), services }
    }

    /// Which patterns match: actions of one service and one signature are one to both policies.
    fn signature(&self, action: &str) -> Vec<bool> {
        self.wild.iter().chain(&self.exact).map(|glob| glob.matches(action)).collect()
    }

    /// An action for each way of matching the wildcards that no listed action has; `None` where there are too many.
    fn unlisted(&self, listed: &[String], kind: PolicyType) -> Option<Vec<String>> {
        let bound = if kind == PolicyType::Rcp { crate::iam::rcp::bound_services() } else { &[] };
        let named = self.services.iter().map(String::as_str).filter(|s| !bound.contains(s));
        let named: Vec<&str> = named.chain(bound.iter().copied()).collect();
        let one = |texts: Vec<String>, inside| Clause {
            patterns: texts.iter().map(|text| Automaton::of_glob(&Glob::new(text, true))).collect(),
            inside,
        };
        let form = one(vec!["?*:?*".to_owned()], true);
        let exact = Clause { patterns: self.exact.iter().map(Automaton::of_glob).collect(), inside: false };
        let mut work = WORK;
        let mut out = Vec::new();
        for service in &named {
            let start = vec![form.clone(), exact.clone(), one(vec![format!("{service}:*")], true)];
            self.split(start, 0, &mut work, &mut out)?;
        }
        // What RCPs say of services that they do not bind is nothing.
        if kind != PolicyType::Rcp {
            let others = one(named.iter().map(|service| format!("{service}:*")).collect(), false);
            self.split(vec![form, exact, others], 0, &mut work, &mut out)?;
        }
        let known: HashSet<(String, Vec<bool>)> =
            listed.iter().map(|action| (service_of(action), self.signature(action))).collect();
        out.retain(|action| !known.contains(&(service_of(action), self.signature(action))));
        Some(out)
    }

    fn split(&self, clauses: Vec<Clause>, index: usize, work: &mut usize, out: &mut Vec<String>) -> Option<()> {
        let text = match shortest(&clauses, work) {
            Found::Some(text) => text,
            Found::Nothing => return Some(()),
            Found::Beyond(_) => return None,
        };
        let Some(glob) = self.wild.get(index) else {
            out.push(text.to_ascii_lowercase());
            return Some(());
        };
        for inside in [true, false] {
            let mut more = clauses.clone();
            more.push(Clause { patterns: vec![Automaton::of_glob(glob)], inside });
            self.split(more, index + 1, work, out)?;
        }
        Some(())
    }
}

fn service_of(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}
