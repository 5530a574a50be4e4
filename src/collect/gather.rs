//! All calls of the plan in one account and one Region: those that need nothing first, then those that need their answers.
//!
//! In: a [`Spot`], the plan's lines for that kind of place. Out: answers in the [`Store`], and how each call ended. Never: a
//! call passed over in silence; what cannot be asked because an earlier call failed has that call's line to explain it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::client::{Client, Failure, Spot};
use super::plan::{self, Binding, From, Where};
use super::store::{Ended, Store};
use super::wire;
use crate::input::Call;

/// What happens in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// So many accounts will be read.
    Accounts(usize),
    /// An account is done.
    AccountDone,
    /// So many Regions more will be read.
    Regions(usize),
    /// A Region of an account is done.
    RegionDone,
    /// A call ended, answered or not.
    Call(&'a Call, bool),
    /// AWS said that it is asked too often.
    Throttled,
}

/// Told of what happens.
pub type Progress = Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// What a whole run shares.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) store: Store,
    /// How many calls may be under way.
    pub(super) everywhere: Semaphore,
    /// True when no call may go on: interrupted, or the credentials ended.
    pub(super) stop: watch::Sender<bool>,
    /// Told of what happens.
    pub(super) progress: Progress,
    /// The aggregator of AWS Config that is asked, if one is.
    pub(super) aggregator: Option<String>,
}

impl Run {
    pub(super) fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends when the run is stopped.
    async fn until_stopped(&self) {
        // The sender is the run's own, so that it cannot be gone.
        drop(self.stop.subscribe().wait_for(|stopped| *stopped).await);
    }
}

/// At most so many calls to one service of one account and Region at a time.
const PER_SERVICE: usize = 4;

/// How long a report or job of IAM is waited for, and how often it is asked about.
const PATIENCE: (usize, Duration) = (120, Duration::from_millis(1000));

/// One answer with what it was asked for.
#[derive(Debug, Clone)]
struct Answer {
    /// The identifier, or `each`, that it was asked for.
    asked_for: String,
    value: Arc<Value>,
}

/// One call to make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    ids: Vec<String>,
    parent: String,
    each: &'static str,
}

/// Makes all calls of the plan for a kind of place.
pub(super) async fn gather(run: Arc<Run>, spot: Spot, place: Where) {
    gather_these(run, spot, place, plan::all().iter().filter(|call| call.place == place).collect()).await;
}

/// Makes these calls, which are of a kind of place.
pub(super) async fn gather_these(run: Arc<Run>, spot: Spot, place: Where, mut left: Vec<&'static plan::Call>) {
    let region: Arc<str> = if place == Where::Region { spot.region.clone() } else { "global".into() };
    let limits: HashMap<&'static str, Arc<Semaphore>> =
        left.iter().map(|call| (call.service, Arc::new(Semaphore::new(PER_SERVICE)))).collect();
    let mut answers: HashMap<(&'static str, &'static str), Vec<Answer>> = HashMap::new();
    while !left.is_empty() {
        // Those of which every source has been asked; a call that is its own source is asked until nothing new comes.
        let waits = |call: &&plan::Call| {
            call.sources.iter().any(|s| left.iter().any(|other| is_source(other, s) && !std::ptr::eq(*other, *call)))
        };
        let (later, now): (Vec<_>, Vec<_>) = left.iter().partition(|call| waits(call));
        let mut under_way: JoinSet<(&'static plan::Call, Vec<Answer>)> = JoinSet::new();
        for call in now {
            let tasks = tasks(call, &answers);
            let (run, spot, region, limit) = (run.clone(), spot.clone(), region.clone(), limits.get(call.service).cloned());
            under_way.spawn(async move { (call, all_of(run, spot, region, call, tasks, limit).await) });
        }
        while let Some(done) = under_way.join_next().await {
            if let Ok((call, new)) = done {
                answers.entry((call.service, call.operation)).or_default().extend(new);
            }
        }
        left = later;
    }
}

fn is_source(call: &plan::Call, source: &From) -> bool {
    (call.service, call.operation) == (source.service, source.operation)
}

/// Makes one call for each of these words.
pub(super) async fn gather_each(run: Arc<Run>, spot: Spot, call: &'static plan::Call, each: &[&'static str]) {
    let region = spot.region.clone();
    let tasks = each.iter().map(|each| Task { ids: Vec::new(), parent: String::new(), each }).collect();
    all_of(run, spot, region, call, tasks, Some(Arc::new(Semaphore::new(PER_SERVICE)))).await;
}

/// What a call has to be made for.
fn tasks(call: &plan::Call, answers: &HashMap<(&'static str, &'static str), Vec<Answer>>) -> Vec<Task> {
    let each: Vec<&'static str> = if call.each.is_empty() { vec![""] } else { call.each.clone() };
    if call.sources.is_empty() {
        return each.into_iter().map(|each| Task { ids: Vec::new(), parent: String::new(), each }).collect();
    }
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for source in &call.sources {
        for answer in answers.get(&(source.service, source.operation)).into_iter().flatten() {
            let ids = identifiers(&answer.value, source.path, call);
            found.extend(ids.into_iter().map(|id| (answer.asked_for.clone(), id)));
        }
    }
    let mut out = Vec::new();
    if call.batch > 1 {
        let mut by_parent: HashMap<String, Vec<String>> = HashMap::new();
        for (parent, id) in found {
            by_parent.entry(parent).or_default().push(id);
        }
        for (parent, ids) in by_parent {
            out.push(Task { ids, parent, each: "" });
        }
        out.sort();
        return out;
    }
    // The same thing, found twice, is asked about once, unless what it belongs to is part of the question.
    let own_parent = call.options.iter().any(|(_, value)| value.contains("{parent}"));
    let mut seen = BTreeSet::new();
    for (parent, id) in found {
        if own_parent && parent.is_empty() {
            continue;
        }
        let parent = if own_parent { parent } else { String::new() };
        if own_parent || seen.insert(id.clone()) {
            out.extend(each.iter().map(|each| Task { ids: vec![id.clone()], parent: parent.clone(), each }));
        }
    }
    out
}

/// The texts at a path, of the elements that the call is about.
fn identifiers(value: &Value, path: &str, call: &plan::Call) -> Vec<String> {
    let mut level = vec![value];
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let (key, list) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
        let last = steps.peek().is_none();
        if last {
            let is = |parent: &Value, (at, wanted): (&str, &str)| text_at(parent, at).as_deref() == Some(wanted);
            level.retain(|parent| call.only.is_none_or(|only| is(parent, only)));
            level.retain(|parent| !call.except.is_some_and(|except| is(parent, except)));
        }
        level = level.into_iter().filter_map(|v| v.get(key)).collect();
        if list {
            level = level.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    level.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text_at(value: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(value, |value, key| value.get(key))?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

/// Makes one line's calls, as many at a time as the service may take.
async fn all_of(
    run: Arc<Run>,
    spot: Spot,
    region: Arc<str>,
    call: &'static plan::Call,
    tasks: Vec<Task>,
    limit: Option<Arc<Semaphore>>,
) -> Vec<Answer> {
    if call.merge {
        return merged(&run, &spot, &region, call, tasks).await.into_iter().collect();
    }
    let own_source = call.sources.iter().any(|source| is_source(call, source));
    let mut out = Vec::new();
    let mut asked: BTreeSet<Task> = tasks.iter().cloned().collect();
    let mut todo = tasks;
    while !todo.is_empty() {
        let mut under_way = JoinSet::new();
        for task in std::mem::take(&mut todo) {
            let (run, spot, region, limit) = (run.clone(), spot.clone(), region.clone(), limit.clone());
            under_way.spawn(async move {
                let _turn = match &limit {
                    Some(limit) => limit.acquire().await.ok(),
                    None => None,
                };
                one(&run, &spot, &region, call, &task).await
            });
        }
        while let Some(done) = under_way.join_next().await {
            let Ok(Some(answer)) = done else { continue };
            if own_source {
                let known = HashMap::from([((call.service, call.operation), vec![answer.clone()])]);
                todo.extend(self::tasks(call, &known).into_iter().filter(|task| asked.insert(task.clone())));
            }
            out.push(answer);
        }
    }
    out
}

/// One call, or where its identifiers go in batches, all of its batches.
async fn one(run: &Run, spot: &Spot, region: &Arc<str>, call: &'static plan::Call, task: &Task) -> Option<Answer> {
    let first = task.ids.first().map_or("", String::as_str);
    let binding = Binding { id: first, parent: &task.parent, ..place_of(run, spot, task.each) };
    let named = name_of(spot, region, call, call.resource(&binding));
    let asked_for = if first.is_empty() || call.batch > 1 { task.each.to_owned() } else { first.to_owned() };
    if let Some(known) = run.store.known(&named) {
        (run.progress)(Event::Call(&named, true));
        return Some(Answer { asked_for, value: Arc::new(known) });
    }
    let mut value: Option<Value> = None;
    let batches: Vec<&[String]> = if task.ids.is_empty() { vec![&[]] } else { task.ids.chunks(call.batch).collect() };
    for ids in batches {
        match ask(run, spot, call, &binding, ids).await {
            Ok(new) => value = Some(value.map_or(new.clone(), |known| joined(known, new))),
            Err(failure) => {
                finish(run, &named, Err(&failure));
                return None;
            }
        }
    }
    let value = value?;
    finish(run, &named, Ok(&value));
    Some(Answer { asked_for, value: Arc::new(value) })
}

/// The answers for all words of `each`, as one.
async fn merged(run: &Run, spot: &Spot, region: &Arc<str>, call: &'static plan::Call, tasks: Vec<Task>) -> Option<Answer> {
    let named = name_of(spot, region, call, None);
    let value = match run.store.known(&named) {
        Some(known) => known,
        None => {
            let mut value: Option<Value> = None;
            for task in tasks {
                let binding = place_of(run, spot, task.each);
                match ask(run, spot, call, &binding, &[]).await {
                    Ok(new) => value = Some(value.map_or(new.clone(), |known| joined(known, new))),
                    Err(failure) => {
                        finish(run, &named, Err(&failure));
                        return None;
                    }
                }
            }
            let value = value?;
            finish(run, &named, Ok(&value));
            value
        }
    };
    Some(Answer { asked_for: String::new(), value: Arc::new(value) })
}

fn place_of<'a>(run: &'a Run, spot: &'a Spot, each: &'a str) -> Binding<'a> {
    let aggregator = run.aggregator.as_deref().unwrap_or_default();
    Binding { account: &spot.account, partition: &spot.partition, region: &spot.region, each, aggregator, ..Binding::default() }
}

/// Two answers of one operation as one: lists go on, the rest is the first one's.
fn joined(mut known: Value, new: Value) -> Value {
    if let (Value::Object(known), Value::Object(new)) = (&mut known, new) {
        for (key, value) in new {
            match (known.get_mut(&key), value) {
                (Some(Value::Array(known)), Value::Array(more)) => {
                    let new: Vec<Value> = more.into_iter().filter(|item| !known.contains(item)).collect();
                    known.extend(new);
                }
                (None, value) => drop(known.insert(key, value)),
                _ => {}
            }
        }
    }
    known
}

fn name_of(spot: &Spot, region: &Arc<str>, call: &plan::Call, resource: Option<String>) -> Call {
    Call {
        account: spot.account.clone(),
        region: region.clone(),
        service: call.service.into(),
        operation: call.operation.into(),
        resource: resource.map(Into::into),
    }
}

/// Keeps how a call ended.
fn finish(run: &Run, named: &Call, answer: Result<&Value, &Failure>) {
    let written = match answer {
        Ok(value) => run.store.answer(named, value).map_err(|why| Ended::Not("error", "NotWritten".to_owned(), why.to_string())),
        Err(failure) => {
            if matches!(failure, Failure::Expired(_)) {
                run.stop();
            }
            Err(Ended::from(failure))
        }
    };
    (run.progress)(Event::Call(named, written.is_ok()));
    if let Err(ended) = written {
        run.store.ended(named, ended);
    }
}

/// Makes one call, with the report or job that it needs.
async fn ask(run: &Run, spot: &Spot, call: &plan::Call, binding: &Binding<'_>, ids: &[String]) -> Result<Value, Failure> {
    if let Some(report) = call.after {
        wait(run, || request(run, spot, call.service, report, Vec::new()), "State", "COMPLETE").await?;
    }
    if let Some(job) = call.job {
        let started = request(run, spot, call.service, job, vec![("arn", vec![binding.id.to_owned()])]).await?;
        let id = started.get("JobId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let fetch = || request(run, spot, call.service, call.operation, vec![("job-id", vec![id.clone()])]);
        return wait(run, fetch, "JobStatus", "COMPLETED").await;
    }
    let listed = |option: &str| {
        let operation = wire::service(call.service).and_then(|service| service.operations.get(call.operation));
        operation.and_then(|op| op.inputs.get(option)).is_some_and(|member| matches!(member.ty, wire::Type::Shape(_)))
    };
    let given = call.options.iter().map(|(option, value)| {
        let all = *value == "{}" && call.batch > 1 && listed(option);
        (*option, if all { ids.to_vec() } else { vec![binding.fill(value)] })
    });
    request(run, spot, call.service, call.operation, given.collect()).await
}

/// Asks until the state is the one wanted.
async fn wait<F, T>(run: &Run, fetch: F, key: &str, wanted: &str) -> Result<Value, Failure>
where
    F: Fn() -> T,
    T: Future<Output = Result<Value, Failure>>,
{
    let (times, pause) = PATIENCE;
    for _ in 0..times {
        let value = fetch().await?;
        let state = value.get(key).cloned().unwrap_or(json!(wanted));
        if state == json!(wanted) {
            return Ok(value);
        }
        if state == json!("FAILED") {
            let said = value.get("Error").unwrap_or(&Value::Null);
            return Err(Failure::Failed("ReportFailed", format!("IAM could not make the report: {said}")));
        }
        if run.stopped() {
            return Err(Failure::Stopped);
        }
        tokio::time::sleep(pause).await;
    }
    Err(Failure::Failed("ReportFailed", format!("IAM had not made the report after {times} questions")))
}

/// One call, when its turn has come; it ends at once where the run is stopped.
pub(super) async fn request(
    run: &Run,
    spot: &Spot,
    service: &str,
    operation: &str,
    given: Vec<super::request::Given<'_>>,
) -> Result<Value, Failure> {
    let answer = async {
        let _turn = run.everywhere.acquire().await.map_err(|why| Failure::Failed("NoAnswer", why.to_string()))?;
        run.client.call(spot, service, operation, &given).await
    };
    tokio::select! {
        biased;
        () = run.until_stopped() => Err(Failure::Stopped),
        answer = answer => answer,
    }
}
