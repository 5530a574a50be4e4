//! An AWS of one's own on 127.0.0.1: serves the folder of an export in AWS's protocols, with pages of any size and faults.
//!
//! In: a folder in the form of `docs/architecture.md`. Out: a URL for `AWS_ENDPOINT_URL`, and a log of the calls. The account is
//! the access key id: twelve digits; `AssumeRole` gives such a key for the account of the role. Signatures are not checked.
//! Never: a connection to anything else.

mod http;
mod invent;
mod model;
mod route;
mod write;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use http::{Answer, Request};
use model::Model;
use route::Asked;

/// What happens instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// An error of AWS: status and code.
    Error(u16, &'static str),
    /// A status 200 with this body.
    Body(&'static str),
    /// Half of the answer, and the connection ends.
    Truncated,
    /// The connection ends without an answer.
    Reset,
    /// The answer, so late.
    Late(Duration),
    /// Half of the answer, then a byte now and then, without end.
    Endless,
}

/// A fault of one operation.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `service operation`, as the AWS CLI has them; empty: every one.
    pub call: &'static str,
    /// What happens.
    pub trouble: Trouble,
    /// The first so many times are spared.
    pub spared: usize,
    /// Then it happens so many times.
    pub times: usize,
}

impl Fault {
    /// Happens to this operation every time.
    pub fn always(call: &'static str, trouble: Trouble) -> Self {
        Self { call, trouble, spared: 0, times: usize::MAX }
    }
}

/// What is said where the folder has no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// The caller may not.
    #[default]
    Denied,
    /// There is nothing.
    Empty,
    /// Something made up, by the shapes of the API.
    Invented,
}

/// How it behaves.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What it serves.
    pub folder: PathBuf,
    /// So many elements a page; 0: all on one.
    pub page: usize,
    /// What is said where the folder has no file.
    pub missing: Missing,
    /// Accounts whose role nobody may assume.
    pub closed: Vec<&'static str>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// A call that came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logged {
    /// The account whose credentials asked.
    pub account: String,
    /// The Region that was asked.
    pub region: String,
    /// The service, by the AWS CLI's name.
    pub service: String,
    /// The operation, by the AWS CLI's name.
    pub operation: String,
    /// The file that answers it, below the folder.
    pub path: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What was given: options of the AWS CLI with their values.
    pub given: Vec<(String, Vec<String>)>,
}

#[derive(Default)]
struct State {
    settings: Settings,
    log: Vec<Logged>,
    invented: BTreeMap<String, Value>,
}

/// It runs until the test's process ends.
pub struct Loopback {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Loopback {
    /// Starts it.
    pub fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
        let address = listener.local_addr().expect("it has an address").to_string();
        let state = Arc::new(Mutex::new(State { settings, ..State::default() }));
        let (model, shared) = (Arc::new(Model::new()), state.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (model, state) = (model.clone(), shared.clone());
                std::thread::spawn(move || serve(&model, &state, stream));
            }
        });
        Self { address, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the loopback panicked")
    }

    /// The URL of all services.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment of a program in `home` that asks this AWS with the credentials of an account and knows no other, by the name of
    /// each variable. How often a call is tried is left to the test.
    pub fn environment(&self, home: &Path, account: &str) -> Vec<(&'static str, String)> {
        let none = home.join("none").display().to_string();
        vec![
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", account.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "sa-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "sa-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", none.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", none),
        ]
    }

    /// The calls that came since the last time.
    pub fn log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.state().log)
    }

    /// What was made up, by path.
    pub fn invented(&self) -> BTreeMap<String, Value> {
        self.state().invented.clone()
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.state().settings.faults.clear();
    }
}

fn serve(model: &Model, state: &Mutex<State>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some(request) = http::read(&mut reader) {
        let (answer, trouble) = answer(model, state, &request);
        let most = match trouble {
            Some(Trouble::Reset) => return,
            Some(Trouble::Truncated) => answer.body.len() / 2,
            Some(Trouble::Endless) => {
                http::trickle(&mut writer, &answer);
                return;
            }
            Some(Trouble::Late(time)) => {
                std::thread::sleep(time);
                usize::MAX
            }
            _ => usize::MAX,
        };
        if http::write(&mut writer, &answer, most).is_err() || most < answer.body.len() {
            return;
        }
    }
}

/// The answer, and what befalls it on its way.
fn answer(model: &Model, state: &Mutex<State>, request: &Request) -> (Answer, Option<Trouble>) {
    let form = http::pairs(&String::from_utf8_lossy(&request.body));
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value).to_owned();
    let mut state = state.lock().expect("no thread of the loopback panicked");
    if field("Action") == "AssumeRole" {
        return (assume(&mut state, request, &field("RoleArn")), None);
    }
    let Some(asked) = route::route(model, request) else {
        panic!("no operation of the table is {} {} {:?}", request.method, request.path, String::from_utf8_lossy(&request.body));
    };
    let trouble = befalls(&mut state.settings.faults, &format!("{} {}", asked.service.name, asked.operation.name));
    let path = path(&asked);
    let mut answer = match &trouble {
        Some(Trouble::Error(status, code)) => write::error(asked.service.protocol, asked.service.name, *status, code),
        Some(Trouble::Body(text)) => Answer { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() },
        _ => proper(&mut state, &asked, &path),
    };
    answer.headers.push(("x-amzn-requestid".to_owned(), "loopback".to_owned()));
    state.log.push(Logged {
        account: asked.account.clone(),
        region: asked.region.clone(),
        service: asked.service.name.to_owned(),
        operation: asked.operation.name.to_owned(),
        path,
        status: answer.status,
        given: asked.given.iter().map(|(option, values)| ((*option).to_owned(), values.clone())).collect(),
    });
    (answer, trouble)
}

/// Credentials whose key is the account's number.
fn assume(state: &mut State, request: &Request, role: &str) -> Answer {
    let account = role.split(':').nth(4).unwrap_or_default().to_owned();
    let closed = state.settings.closed.iter().any(|closed| *closed == account);
    let (key, region, _) = route::scope(request).unwrap_or_default();
    let (service, operation, path) = ("sts".to_owned(), "assume-role".to_owned(), role.to_owned());
    state.log.push(Logged {
        account: key,
        region,
        service,
        operation,
        path,
        status: if closed { 403 } else { 200 },
        given: Vec::new(),
    });
    if closed {
        return write::error("query", "sts", 403, "AccessDenied");
    }
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/r/x</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
    );
    Answer { status: 200, headers: vec![("content-type".to_owned(), "text/xml".to_owned())], body: body.into_bytes() }
}

fn befalls(faults: &mut [Fault], call: &str) -> Option<Trouble> {
    let fault = faults.iter_mut().find(|fault| (fault.call.is_empty() || fault.call == call) && fault.times > 0)?;
    if fault.spared > 0 {
        fault.spared -= 1;
        return None;
    }
    fault.times -= 1;
    Some(fault.trouble.clone())
}

/// Jobs of IAM are named by what they are about.
const JOB: &str = "job-for-";

fn path(asked: &Asked<'_>) -> String {
    use alicerce::collect::plan::Where;
    let job = asked.given.get("job-id").and_then(|ids| ids.first()?.strip_prefix(JOB));
    let resource = asked.resource(job).map_or_else(String::new, |resource| {
        format!(".{}", resource.split(',').map(http::encoded).collect::<Vec<_>>().join(","))
    });
    let place = match asked.planned().map(|call| call.place) {
        Some(Where::Region) => &*asked.region,
        _ => "global",
    };
    format!("{}/{place}/{}/{}{resource}.json", asked.account, asked.service.name, asked.operation.name)
}

fn proper(state: &mut State, asked: &Asked<'_>, path: &str) -> Answer {
    let (service, operation) = (asked.service, asked.operation);
    match operation.name {
        "generate-credential-report" => return write::answer(service, operation, &json!({"State": "COMPLETE"})),
        "generate-service-last-accessed-details" => {
            let job = format!("{JOB}{}", asked.given["arn"][0]);
            return write::answer(service, operation, &json!({"JobId": job}));
        }
        _ => {}
    }
    let file = std::fs::read(state.settings.folder.join(path)).ok();
    let value = match (file, state.settings.missing) {
        (Some(bytes), _) => chosen(asked, serde_json::from_slice(&bytes).expect("the file is JSON")),
        (None, Missing::Denied) => {
            let (status, code) = write::denial(service.protocol);
            return write::error(service.protocol, service.name, status, code);
        }
        (None, Missing::Empty) => json!({}),
        (None, Missing::Invented) => {
            let value = invent::answer(service, operation);
            state.invented.insert(path.to_owned(), value.clone());
            value
        }
    };
    write::answer(service, operation, &page(asked, value, state.settings.page))
}

/// Of the file's elements those that this call is about: of the type that is asked for, or among the things that are named.
fn chosen(asked: &Asked<'_>, mut value: Value) -> Value {
    let Some(call) = asked.planned() else { return value };
    let wanted: Vec<String> = if call.merge || call.batch > 1 {
        let varying = call.options.iter().filter(|(_, value)| *value == "{}");
        varying.filter_map(|(option, _)| asked.given.get(option)).flatten().cloned().collect()
    } else {
        return value;
    };
    for items in value.as_object_mut().into_iter().flatten().filter_map(|(_, value)| value.as_array_mut()) {
        items.retain(|item| match item.as_object() {
            Some(members) => members.values().filter_map(Value::as_str).any(|text| wanted.iter().any(|w| w == text)),
            None => true,
        });
    }
    value
}

/// One page: lists one after the other, as IAM does it.
fn page(asked: &Asked<'_>, mut value: Value, size: usize) -> Value {
    let (Some(paging), true) = (&asked.operation.paging, size > 0) else { return value };
    let Some((input, output)) = paging.tokens.first() else { return value };
    let option = asked.operation.inputs.iter().find(|(_, member)| member.name == *input).map(|(option, _)| *option);
    let token = option.and_then(|option| asked.given.get(option)).and_then(|values| values.first());
    let from: usize = token.and_then(|token| token.strip_prefix("from ")).and_then(|at| at.parse().ok()).unwrap_or(0);
    let Some(map) = value.as_object_mut() else { return value };
    let mut at = 0;
    for key in &paging.keys {
        if let Some(Value::Array(items)) = map.get_mut(*key) {
            items.retain(|_| {
                at += 1;
                (from..from + size).contains(&(at - 1))
            });
        }
    }
    let more = at > from + size;
    if more {
        map.insert((*output).to_owned(), json!(format!("from {}", from + size)));
    }
    if let Some(key) = paging.more {
        map.insert(key.to_owned(), json!(more));
    }
    value
}
