//! The ways that run as another role: batch jobs, agents, flows, knowledge bases, AgentCore.
//!
//! The caller needs the service's own action; the model is called with the permissions of the role that the service runs as, so the
//! path has that role's legs too. A thing whose configuration was not loaded is not known, never closed.
//! `RetrieveAndGenerate` and managed prompts call the model with the caller's own permissions: they open no model that is not open to
//! the caller directly.
//! Source: Amazon Bedrock User Guide, "Create a service role for batch inference", "Service role for agents", "Query a knowledge base".

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::draw::Asker;
use super::legs::{Leg, Verdict, View, undecided};
use super::targets::{All, GLOBAL, Regions, is_claude, split_prefix};
use super::{ACTIONS, Found, ModelName, PROFILE_KEY, Path, PathLeg, State, Way, own};
use crate::access::principals::{Principals, compile};
use crate::catalog::models;
use crate::facts::{FactId, Value, Why};
use crate::iam::decide::{Outcome, PolicySet, decide};
use crate::iam::request::Request;
use crate::iam::{Context, PolicyType, Principal};
use crate::world::World;

pub(super) fn find(world: &World, asker: &Asker<'_>, found: &mut Found) {
    batch(world, asker, found);
    for thing in THINGS {
        listed(world, asker, &thing, found);
        unlisted(asker, &thing, found);
    }
    inline(world, asker, found);
}

/// Inline agents take their model from the request. Where the caller may run models itself they add nothing.
fn inline(world: &World, asker: &Asker<'_>, found: &mut Found) {
    let Some(view) = View::of(asker.standing, "bedrock:InvokeInlineAgent") else { return };
    let Some(principal) = world.facts.by_id(&asker.standing.who.arn().unwrap_or_default()) else { return };
    let own = own(world, principal);
    let here = |region: &Arc<str>| own.paths.iter().any(|p| p.way <= Way::ApplicationProfile && p.sources.contains(region));
    let open = |region: &&Arc<str>| !matches!(view.verdict(&Leg::new("*", &***region)), Verdict::Closed) && !here(region);
    let sources: Vec<Arc<str>> = asker.targets.regions.iter().filter(open).cloned().collect();
    let why = undecided(
        "`bedrock:InvokeInlineAgent` is open and no model is: whether the agent's model needs a grant of the caller's own could not be established",
    );
    found.paths.extend(doubtful(Way::Agent, "inline agents", sources, why));
}

/// A kind of thing that runs models.
struct Thing {
    way: Way,
    actions: &'static [&'static str],
    prefix: &'static str,
    /// Its kind of fact, and the edge that lists them; `None`: not read.
    kind: Option<(&'static str, &'static str)>,
    /// Its resource below `prefix:region:account:`; `{}` stands for its id.
    resource: &'static str,
    name: &'static str,
}

const THINGS: [Thing; 6] = [
    Thing {
        way: Way::Agent,
        actions: &["bedrock:InvokeAgent"],
        prefix: "bedrock",
        kind: Some(("agent", "agents")),
        resource: "agent-alias/{}/*",
        name: "agents",
    },
    Thing {
        way: Way::Flow,
        actions: &["bedrock:InvokeFlow", "bedrock:StartFlowExecution"],
        prefix: "bedrock",
        kind: None,
        resource: "flow/{}/alias/unlisted",
        name: "flows",
    },
    Thing {
        way: Way::KnowledgeBase,
        actions: &["bedrock:Retrieve"],
        prefix: "bedrock",
        kind: Some(("knowledge-base", "knowledge_bases")),
        resource: "knowledge-base/{}",
        name: "knowledge bases",
    },
    Thing {
        way: Way::AgentCore,
        actions: &[
            "bedrock-agentcore:InvokeAgentRuntime",
            "bedrock-agentcore:InvokeAgentRuntimeForUser",
            "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
        ],
        prefix: "bedrock-agentcore",
        kind: Some(("agentcore-runtime", "runtimes")),
        resource: "runtime/{}",
        name: "AgentCore runtimes",
    },
    Thing {
        way: Way::AgentCore,
        actions: &["bedrock-agentcore:InvokeGateway"],
        prefix: "bedrock-agentcore",
        kind: Some(("agentcore-gateway", "gateways")),
        resource: "gateway/{}",
        name: "AgentCore gateways",
    },
    Thing {
        way: Way::AgentCore,
        actions: &["bedrock-agentcore:InvokeHarness"],
        prefix: "bedrock-agentcore",
        kind: None,
        resource: "harness/{}",
        name: "AgentCore harnesses",
    },
];

impl Thing {
    fn leg(&self, asker: &Asker<'_>, region: &str, id: &str) -> Leg {
        let (partition, account) = (&asker.targets.partition, &asker.standing.account);
        Leg::new(format!("arn:{partition}:{}:{region}:{account}:{}", self.prefix, self.resource.replace("{}", id)), region)
    }
}

fn blank(way: Way, through: &str, region: &Arc<str>) -> Path {
    Path {
        way,
        models: Vec::new(),
        any_model: false,
        claude: true,
        through: through.to_owned(),
        source: region.clone(),
        sources: vec![region.clone()],
        destinations: Ok(Vec::new()),
        destinations_from: "not known".into(),
        listed: true,
        bearer_token: Ok(false),
        requires: Vec::new(),
        legs: Vec::new(),
        state: State::Open,
    }
}

/// A path whose models are not known.
fn doubtful(way: Way, through: &str, sources: Vec<Arc<str>>, why: Arc<Why>) -> Option<Path> {
    let first = sources.first()?.clone();
    let path = blank(way, through, &first);
    Some(Path { sources, destinations: Err(why.clone()), state: State::Undecided(why), any_model: true, ..path })
}

/// The things that were loaded.
fn listed(world: &World, asker: &Asker<'_>, thing: &Thing, found: &mut Found) {
    let Some((kind, _)) = thing.kind else { return };
    let views: Vec<View<'_>> = thing.actions.iter().filter_map(|action| View::of(asker.standing, action)).collect();
    for id in asker.targets.things(kind) {
        let Some(fact) = world.facts.get(*id) else { continue };
        let Some(region) = fact.region.clone() else { continue };
        let leg = thing.leg(asker, &region, &fact.key);
        let Some((view, verdict)) = first_open(&views, &leg) else { continue };
        let mut paths = match thing.way {
            Way::AgentCore => by_role(world, *id, thing.way, &fact.id, &region),
            _ => by_model(world, *id, thing.way, &fact.id, &region),
        };
        for path in &mut paths {
            let own = asker.tell(view, blank(thing.way, &fact.id, &region), std::slice::from_ref(&leg));
            path.legs.splice(0..0, own.legs);
            path.requires.extend(own.requires.into_iter().filter(|key| !path.requires.contains(key)).collect::<Vec<_>>());
            path.bearer_token = own.bearer_token;
            if let Verdict::Undecided(why) = &verdict {
                path.state = State::Undecided(why.clone());
            }
        }
        found.paths.extend(paths);
    }
}

/// The first action that is open on the leg, else the first of which it is not known.
fn first_open<'v, 's>(views: &'v [View<'s>], leg: &Leg) -> Option<(&'v View<'s>, Verdict)> {
    let verdicts: Vec<(&View<'_>, Verdict)> = views.iter().map(|view| (view, view.verdict(leg))).collect();
    let open = verdicts.iter().position(|(_, v)| matches!(v, Verdict::Open));
    let at = open.or_else(|| verdicts.iter().position(|(_, v)| matches!(v, Verdict::Undecided(_))))?;
    verdicts.into_iter().nth(at)
}

/// The role that a thing runs as.
fn role(world: &World, thing: FactId) -> Result<FactId, Arc<Why>> {
    let none = || undecided("the role that it runs as is not known");
    world.facts.follow(thing, "role")?.first().copied().ok_or_else(none)
}

/// Whatever the thing's role can run: code chooses.
fn by_role(world: &World, thing: FactId, way: Way, through: &str, region: &Arc<str>) -> Vec<Path> {
    let role = match role(world, thing) {
        Ok(role) => role,
        Err(why) => return doubtful(way, through, vec![region.clone()], why).into_iter().collect(),
    };
    own(world, role).paths.iter().map(|path| as_role(path, role, way, through, region, path.sources.clone())).collect()
}

/// A path of a role, taken through what runs as it.
fn as_role(path: &Path, role: FactId, way: Way, through: &str, region: &Arc<str>, sources: Vec<Arc<str>>) -> Path {
    let destinations = if path.stays_where_called() { Ok(sources) } else { path.destinations.clone() };
    let (through, legs) = (through.to_owned(), held(role, &path.legs));
    Path { way, through, source: region.clone(), sources: vec![region.clone()], destinations, legs, ..path.clone() }
}

/// Legs that a role's own policies grant, as legs of somebody else's path.
fn held(role: FactId, legs: &[PathLeg]) -> Vec<PathLeg> {
    legs.iter().map(|leg| PathLeg { holder: Some(leg.holder.unwrap_or(role)), ..leg.clone() }).collect()
}

/// The one model that is configured, called as the thing's role.
fn by_model(world: &World, thing: FactId, way: Way, through: &str, region: &Arc<str>) -> Vec<Path> {
    let field: &[&str] = if way == Way::Agent {
        &["foundationModel"]
    } else {
        &["knowledgeBaseConfiguration", "vectorKnowledgeBaseConfiguration", "embeddingModelArn"]
    };
    let doubt = |why| doubtful(way, through, vec![region.clone()], why).into_iter().collect();
    let model = match world.facts.text_in(&Value::Fact(thing), field) {
        Ok(Some(model)) => model,
        // A knowledge base without embeddings runs none.
        Ok(None) if way == Way::KnowledgeBase => return Vec::new(),
        Ok(None) => return doubt(undecided("which model it runs is not known")),
        Err(why) => return doubt(why),
    };
    let role = match role(world, thing) {
        Ok(role) => role,
        Err(why) => return doubt(why),
    };
    let mut path = blank(way, through, region);
    match call(world, role, &model, region, &mut path) {
        Verdict::Closed => Vec::new(),
        Verdict::Open => vec![path],
        Verdict::Undecided(why) => doubt(why),
    }
}

/// One call of a configured model as a role: fills in the path's models, destinations and legs.
fn call(world: &World, role: FactId, model: &str, region: &Arc<str>, path: &mut Path) -> Verdict {
    let index = Principals::of(world);
    let standing = index.get(role);
    let Some(standing) = standing else { return Verdict::Undecided(undecided("the role that it runs as was not loaded")) };
    let Some(targets) = All::of(world).of_account(standing, &standing.account) else { return Verdict::Closed };
    let scope = world.scope_of(role);
    let asker = Asker::new(standing, &targets, &scope);
    let named = model.rsplit('/').next().unwrap_or(model);
    let (prefix, id) = split_prefix(named);
    if model.contains("application-inference-profile/") {
        let own = own(world, role);
        let Some(known) = own.paths.iter().find(|p| p.through == model) else {
            let loaded = targets.applications.iter().any(|a| *a.arn == *model);
            return if loaded { Verdict::Closed } else { not_loaded(model) };
        };
        *path = Path { way: path.way, through: path.through.clone(), legs: held(role, &known.legs), ..known.clone() };
        return match &known.state {
            State::Open => Verdict::Open,
            State::Undecided(why) => Verdict::Undecided(why.clone()),
        };
    }
    let partition = &targets.partition;
    let arn = |region: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{id}");
    let source = targets.region(region);
    let known = targets.models.iter().position(|m| *m.id == *id);
    let legs = match (prefix, known, source) {
        (None, ..) => {
            (path.destinations, path.destinations_from) =
                (Ok(vec![region.clone()]), "a model runs in the Region that is called".into());
            vec![Leg::new(arn(region), &**region).without(PROFILE_KEY)]
        }
        (Some(GLOBAL), Some(model), Some(source)) => {
            path.destinations = Ok(vec![GLOBAL.into()]);
            path.destinations_from = "a global profile may route to any commercial Region".into();
            super::profiles::global_legs(&targets, model, source)
        }
        (Some(prefix), Some(model), Some(source)) => {
            let prefix = targets.prefixes.iter().position(|p| **p == *prefix);
            let route = prefix.and_then(|prefix| Some((prefix, targets.routes.get(&(prefix, model, source))?)));
            let Some((prefix, route)) = route else { return not_loaded(named) };
            path.destinations = Ok(route.destinations.iter().cloned().collect());
            path.destinations_from = route.from.clone();
            super::profiles::geographic_legs(&targets, prefix, model, source, route)
        }
        _ => return not_loaded(named),
    };
    path.models = vec![ModelName { id: id.into(), name: models::find(id).map(|m| m.name) }];
    path.claude = is_claude(id);
    let views: Vec<View<'_>> = ACTIONS.iter().filter_map(|action| View::of(standing, action)).collect();
    let mut last = Verdict::Closed;
    for view in &views {
        match view.call(&legs) {
            Verdict::Open => {
                let told = asker.tell(view, path.clone(), &legs);
                (path.legs, path.requires) = (held(role, &told.legs), told.requires);
                return Verdict::Open;
            }
            Verdict::Closed => {}
            doubt => last = doubt,
        }
    }
    last
}

fn not_loaded(profile: &str) -> Verdict {
    Verdict::Undecided(undecided(format!("where `{profile}` routes to is not known: no answer on it was loaded")))
}

/// Things that may stand where their listing was not loaded, or that are not read at all.
fn unlisted(asker: &Asker<'_>, thing: &Thing, found: &mut Found) {
    let targets = asker.targets;
    let listed = thing.kind.map_or(0, |(_, edge)| targets.listing(edge).0);
    let mut sources: Regions = 0;
    for view in thing.actions.iter().filter_map(|action| View::of(asker.standing, action)) {
        for (index, region) in targets.regions.iter().enumerate().filter(|(index, _)| listed >> index & 1 == 0) {
            let leg = thing.leg(asker, region, "unlisted");
            let leg = Leg { resource: leg.resource.replace('*', "unlisted"), ..leg };
            if !matches!(view.verdict(&leg), Verdict::Closed) {
                sources |= 1 << index;
            }
        }
    }
    let names: Vec<Arc<str>> = targets.names(sources).cloned().collect();
    let why = undecided(format!(
        "the account's {} there were not loaded, so which models they run, and where, is not known",
        thing.name
    ));
    found.paths.extend(doubtful(thing.way, thing.name, names, why));
}

/// What the roles of each account that trust Bedrock itself, or may, can run.
#[derive(Debug)]
struct ServiceRoles(HashMap<Arc<str>, OfAccount>);

/// What the roles of one account can run.
type OfAccount = OnceLock<Vec<Runs>>;

/// A path that several roles have, so that thousands of roles are asked about once.
#[derive(Debug)]
struct Runs {
    likeness: String,
    /// As the first of the roles has it.
    path: Path,
    roles: Vec<FactId>,
}

impl ServiceRoles {
    fn of(world: &World) -> Arc<Self> {
        world.memo(|world| {
            let accounts = world.facts.of_kind("iam-role").iter().filter_map(|id| world.facts.get(*id)?.account.clone());
            Self(accounts.map(|account| (account, OfAccount::default())).collect())
        })
    }

    /// What the roles of an account can run through `bedrock-runtime`: what runs most comes first.
    fn runs(&self, world: &World, account: &str) -> &[Runs] {
        let Some(runs) = self.0.get(account) else { return &[] };
        runs.get_or_init(|| {
            let roles = world.facts.of_kind_in("iam-role", account).iter().filter(|role| trusts(world, **role));
            let mut out: Vec<Runs> = Vec::new();
            let mut same: HashMap<String, usize> = HashMap::new();
            let mut shared: HashMap<*const Found, Vec<usize>> = HashMap::new();
            for role in roles {
                let own = own(world, *role);
                let indices = shared.entry(Arc::as_ptr(&own)).or_insert_with(|| {
                    let runtime = own.paths.iter().filter(|path| path.way <= Way::ApplicationProfile);
                    let index = |path: &Path| {
                        let likeness = likeness(path);
                        *same.entry(likeness.clone()).or_insert_with(|| {
                            out.push(Runs { likeness, path: path.clone(), roles: Vec::new() });
                            out.len() - 1
                        })
                    };
                    runtime.map(index).collect()
                });
                for index in indices.iter() {
                    out.get_mut(*index).into_iter().for_each(|runs| runs.roles.push(*role));
                }
            }
            let size = |path: &Path| (path.state == State::Open, path.models.len(), path.any_model, path.sources.len());
            out.sort_by_key(|runs| std::cmp::Reverse(size(&runs.path)));
            out
        })
    }
}

/// What a reader sees of a path, whoever's it is.
fn likeness(path: &Path) -> String {
    let profile = if path.way == Way::ApplicationProfile { path.through.as_str() } else { "" };
    let what = (path.way, profile, &path.models, path.any_model, path.claude, path.listed);
    format!("{what:?} {:?} {:?} {:?}", path.sources, path.destinations, path.state)
}

/// Whether all that one path runs, from wherever it does, another one runs too, to the same places.
fn within(path: &Path, other: &Path) -> bool {
    let direct = |path: &Path| path.way == Way::Direct;
    (path.way, path.claude, path.listed) == (other.way, other.claude, other.listed)
        && (other.state == State::Open || other.state == path.state)
        && (other.any_model || !path.any_model)
        && path.models.iter().all(|model| other.models.contains(model))
        && path.sources.iter().all(|source| other.sources.contains(source))
        && (direct(path) || path.destinations == other.destinations)
}

const SERVICE: &str = "bedrock.amazonaws.com";

/// Whether Bedrock may become the role; true where its trust policy is not known.
fn trusts(world: &World, role: FactId) -> bool {
    let node = match world.facts.at(&Value::Fact(role), &["AssumeRolePolicyDocument"]) {
        Ok(Some(Value::Node(node))) => node,
        Ok(_) => return false,
        Err(_) => return true,
    };
    let Some(trust) = compile(world, node, "trust", PolicyType::Trust) else { return false };
    let arn = world.facts.get(role).map_or("", |f| &f.id);
    let policies = PolicySet { resource: Some(&trust.policy), ..PolicySet::default() };
    let Ok(service) = Principal::parse(SERVICE) else { return true };
    let request = Request::new(service, "sts:AssumeRole", arn, None, Context::open());
    matches!(decide(&policies, &request).outcome, Outcome::Allowed | Outcome::Conditional)
}

/// Batch jobs: the caller makes the job and hands over a role that Bedrock runs it as.
fn batch(world: &World, asker: &Asker<'_>, found: &mut Found) {
    let Some(view) = View::of(asker.standing, "bedrock:CreateModelInvocationJob") else { return };
    let Some(pass) = View::of(asker.standing, "iam:PassRole") else { return };
    let all = ServiceRoles::of(world);
    let mut told: Vec<(&Path, Vec<Arc<str>>)> = Vec::new();
    let mut others = false;
    for runs in all.runs(world, &asker.standing.account) {
        let jobs = jobs(asker, &view, &runs.path);
        let covered = |(known, sources): &(&Path, Vec<Arc<str>>)| {
            within(&runs.path, known) && jobs.iter().all(|job| sources.contains(&job.region))
        };
        if jobs.is_empty() || told.iter().any(covered) {
            others |= !jobs.is_empty();
            continue;
        }
        let candidates = runs.roles.iter().filter_map(|role| Some((*role, &*world.facts.get(*role)?.id)));
        let mut candidates = candidates.filter(|(_, arn)| pass.may_grant(arn));
        let found_one = candidates.find_map(|role| handed(world, asker, (&view, &pass), role, runs, &jobs));
        if let Some(path) = found_one {
            others |= candidates.next().is_some();
            if path.state == State::Open || runs.path.state != State::Open {
                told.push((&runs.path, path.sources.clone()));
            }
            found.paths.push(path);
        }
    }
    if others {
        found.notes.push("batch jobs may run as other roles, too, which run the same models or fewer".to_owned());
    }
}

/// A Region in which a job may be made.
struct Job {
    region: Arc<str>,
    leg: Leg,
    doubt: Option<Arc<Why>>,
}

/// Where the caller may make jobs of a path's model.
fn jobs(asker: &Asker<'_>, view: &View<'_>, path: &Path) -> Vec<Job> {
    let (partition, account) = (&asker.targets.partition, &asker.standing.account);
    let model = path.models.first().map_or("unlisted-vendor.unlisted-model-v9:0", |m| &m.id);
    let job = |region: &Arc<str>| {
        let job = Leg::new(format!("arn:{partition}:bedrock:{region}:{account}:model-invocation-job/new"), &**region);
        let model = Leg::new(format!("arn:{partition}:bedrock:{region}::foundation-model/{model}"), &**region);
        // AWS names both as resources of the action; where either is granted the job may go through.
        let leg = if matches!(view.verdict(&job), Verdict::Closed) { model } else { job };
        let doubt = match view.verdict(&leg) {
            Verdict::Closed => return None,
            Verdict::Open => None,
            Verdict::Undecided(why) => Some(why),
        };
        Some(Job { region: region.clone(), leg, doubt })
    };
    path.sources.iter().filter_map(job).collect()
}

/// The batch job that runs a path as one of the roles that have it. `views`: of making the job, and of handing over the role.
fn handed(
    world: &World,
    asker: &Asker<'_>,
    (view, pass): (&View<'_>, &View<'_>),
    (role, arn): (FactId, &str),
    runs: &Runs,
    jobs: &[Job],
) -> Option<Path> {
    let passed = |region: &str| Leg::new(arn, region).with("iam:PassedToService", SERVICE);
    let mut doubt = None;
    let mut open: Vec<&Job> = Vec::new();
    for job in jobs {
        let unsure = match pass.verdict(&passed(&job.region)) {
            Verdict::Closed => continue,
            Verdict::Open => job.doubt.clone(),
            Verdict::Undecided(why) => job.doubt.clone().or(Some(why)),
        };
        doubt = doubt.or(unsure);
        open.push(job);
    }
    let known = own(world, role);
    let path = known.paths.iter().find(|path| likeness(path) == runs.likeness)?;
    let first = open.iter().find(|job| job.region == path.source).or(open.first())?;
    let sources: Vec<Arc<str>> = open.iter().map(|job| job.region.clone()).collect();
    let mut told = as_role(path, role, Way::BatchJob, arn, &first.region, sources.clone());
    told.sources = sources;
    let blank = || blank(Way::BatchJob, arn, &first.region);
    let mut legs = asker.tell(view, blank(), std::slice::from_ref(&first.leg)).legs;
    legs.extend(asker.tell(pass, blank(), &[passed(&first.region)]).legs);
    told.legs.splice(0..0, legs);
    told.bearer_token = Ok(false);
    if let Some(why) = doubt {
        told.state = State::Undecided(why);
    }
    Some(told)
}
