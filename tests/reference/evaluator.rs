//! A second evaluator, slow and plain.
//!
//! In: a case in the format of `access test`, as JSON, with all context keys known. Out: its outcome. It follows AWS's
//! page "Policy evaluation logic" line by line and shares nothing with `src/iam`. What the documentation leaves open
//! must not be among its cases.

use std::collections::BTreeMap;

use alicerce::iam::Outcome;
use serde_json::Value;

/// One place of a pattern.
#[derive(Clone, PartialEq)]
enum Place {
    Any,
    One,
    Is(char),
}

fn glob(p: &[Place], t: &[char]) -> bool {
    match p {
        [] => t.is_empty(),
        [Place::Any, rest @ ..] => (0..=t.len()).any(|n| glob(rest, &t[n..])),
        [Place::One, rest @ ..] => !t.is_empty() && glob(rest, &t[1..]),
        [Place::Is(c), rest @ ..] => t.first() == Some(c) && glob(rest, &t[1..]),
    }
}

/// A pattern's places; `None` where a variable has no value. `context`: where variables are replaced.
fn places(text: &str, wildcards: bool, context: Option<&Context>) -> Option<Vec<Place>> {
    let plain = |s: &str| s.chars().map(Place::Is).collect::<Vec<_>>();
    if let Some(context) = context
        && let Some((before, rest)) = text.split_once("${")
        && let Some((inside, after)) = rest.split_once('}')
    {
        let mut out = places(before, wildcards, None)?;
        let (key, default) = inside.split_once(", ").map_or((inside, None), |(k, d)| (k, Some(d.trim_matches('\''))));
        match (inside, context.get(&key.to_lowercase()).map(Vec::as_slice)) {
            ("*" | "?" | "$", _) => out.extend(plain(inside)),
            (_, Some([value])) => out.extend(plain(value)),
            _ => out.extend(plain(default?)),
        }
        out.extend(places(after, wildcards, Some(context))?);
        return Some(out);
    }
    let place = |c| match c {
        '*' if wildcards => Place::Any,
        '?' if wildcards => Place::One,
        c => Place::Is(c),
    };
    Some(text.chars().map(place).collect())
}

fn texts(v: &Value) -> Vec<String> {
    match v {
        Value::Array(items) => items.iter().map(|i| texts(i).remove(0)).collect(),
        Value::String(s) => vec![s.clone()],
        other => vec![other.to_string()],
    }
}

type Context = BTreeMap<String, Vec<String>>;

struct Ask {
    principal: String,
    action: String,
    resource: String,
    account: String,
    bounded: bool,
    context: Context,
}

fn instant(text: &str) -> jiff::Timestamp {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        jiff::Timestamp::from_second(text.parse().unwrap()).unwrap()
    } else if text.contains('T') {
        text.parse().unwrap()
    } else {
        format!("{text}T00:00:00Z").parse().unwrap()
    }
}

/// Does one value of the request match one value of the policy?
fn compare(base: &str, policy: &str, given: &str, variables: Option<&Context>) -> bool {
    let number = |s: &str| s.parse::<f64>().unwrap();
    let chars = |s: &str| s.chars().collect::<Vec<_>>();
    let like = |p: &str, wild, g: &str| places(p, wild, variables).is_some_and(|p| glob(&p, &chars(g)));
    let ordered = |order: std::cmp::Ordering| match base.trim_start_matches("Numeric").trim_start_matches("Date") {
        "Equals" | "NotEquals" => order.is_eq(),
        "LessThan" => order.is_lt(),
        "LessThanEquals" => order.is_le(),
        "GreaterThan" => order.is_gt(),
        "GreaterThanEquals" => order.is_ge(),
        other => panic!("{other}"),
    };
    match base {
        "StringEquals" | "StringNotEquals" => like(policy, false, given),
        "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => {
            let lower =
                |p: Vec<Place>| p.into_iter().map(|p| if let Place::Is(c) = p { Place::Is(c.to_ascii_lowercase()) } else { p });
            places(policy, false, variables).is_some_and(|p| glob(&lower(p).collect::<Vec<_>>(), &chars(&given.to_lowercase())))
        }
        "StringLike" | "StringNotLike" => like(policy, true, given),
        "Bool" => policy.eq_ignore_ascii_case(given),
        "BinaryEquals" => policy == given,
        "IpAddress" | "NotIpAddress" => {
            let net = if policy.contains('/') { policy.to_owned() } else { format!("{policy}/32") };
            net.parse::<ipnet::IpNet>().unwrap().contains(&given.parse::<std::net::IpAddr>().unwrap())
        }
        "ArnEquals" | "ArnNotEquals" | "ArnLike" | "ArnNotLike" => {
            let given: Vec<&str> = given.splitn(6, ':').collect();
            let Some(policy) = places(policy, true, variables) else { return false };
            let parts: Vec<&[Place]> = policy.splitn(6, |p| *p == Place::Is(':')).collect();
            let all = policy == [Place::Any];
            given.len() == 6 && (all || parts.len() == 6 && parts.iter().zip(given).all(|(p, g)| glob(p, &chars(g))))
        }
        _ if base.starts_with("Numeric") => ordered(number(given).total_cmp(&number(policy))),
        _ if base.starts_with("Date") => ordered(instant(given).cmp(&instant(policy))),
        other => panic!("{other}"),
    }
}

fn condition(operator: &str, key: &str, policy: &[String], context: &Context, variables: bool) -> bool {
    let given = context.get(&key.to_lowercase());
    if operator == "Null" {
        return policy.iter().any(|v| (v == "true") == given.is_none());
    }
    let (set, rest) = operator.split_once(':').unwrap_or(("", operator));
    let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |b| (b, true));
    let negated = base.contains("Not");
    let Some(given) = given else {
        return match set {
            "ForAllValues" => true,
            "ForAnyValue" => false,
            _ => if_exists || negated,
        };
    };
    let variables = variables.then_some(context);
    let one = |g: &String| policy.iter().any(|p| compare(base, p, g, variables)) != negated;
    match set {
        "ForAllValues" => given.iter().all(one),
        "ForAnyValue" => given.iter().any(one),
        _ => one(&given[0]),
    }
}

fn account_of(principal: &str) -> Option<&str> {
    principal.split(':').nth(4)
}

/// How a `Principal` names the requester: "direct", "role", "account" or not at all.
fn named(principal: &Value, ask: &Ask) -> Option<&'static str> {
    let who = &ask.principal;
    if principal == "*" {
        return Some("direct");
    }
    let account = account_of(who).unwrap_or("none").to_owned();
    let role = who.split("assumed-role/").nth(1).map(|r| format!("arn:aws:iam::{account}:role/{}", r.split('/').next().unwrap()));
    let under = |kind: &str| principal.get(kind).map(texts).unwrap_or_default();
    let names = under("AWS");
    if names.iter().any(|n| n == "*" || n == who && !n.ends_with(":root")) || under("Service").contains(who) {
        Some("direct")
    } else if role.is_some_and(|r| names.contains(&r)) {
        Some("role")
    } else if names.iter().any(|n| *n == account || *n == format!("arn:aws:iam::{account}:root")) {
        Some("account")
    } else {
        None
    }
}

/// `NotPrincipal` spares whom it lists whole: the root user by its account, a user with it, a session with it and its role.
fn spared(principal: &Value, ask: &Ask) -> bool {
    let names = texts(&principal["AWS"]);
    let listed = |name: String| names.contains(&name);
    let Some(account) = account_of(&ask.principal) else { return false };
    let role = ask.principal.split("assumed-role/").nth(1).map(|r| r.split('/').next().unwrap());
    listed(format!("arn:aws:iam::{account}:root"))
        && listed(ask.principal.clone())
        && role.is_none_or(|role| listed(format!("arn:aws:iam::{account}:role/{role}")))
}

fn form(s: &Value, ask: &Ask) -> Option<&'static str> {
    match (s.get("Principal"), s.get("NotPrincipal")) {
        (Some(principal), _) => named(principal, ask),
        (None, Some(others)) => (ask.bounded || !spared(others, ask)).then_some("direct"),
        (None, None) => Some("direct"),
    }
}

/// A statement, and whether its policy's version has variables.
type Statement<'v> = (&'v Value, bool);

fn applies((s, variables): Statement, ask: &Ask) -> bool {
    let within = |element: &str, text: &str, fold: bool| -> Option<bool> {
        let lower = |s: &str| if fold { s.to_lowercase() } else { s.to_owned() };
        let text: Vec<char> = lower(text).chars().collect();
        let context = (variables && !fold).then_some(&ask.context);
        Some(texts(s.get(element)?).iter().any(|p| places(&lower(p), true, context).is_some_and(|p| glob(&p, &text))))
    };
    let element = |plain, not, text: &str, fold| within(plain, text, fold).or_else(|| within(not, text, fold).map(|w| !w));
    let action = element("Action", "NotAction", &ask.action, true).unwrap();
    let resource = element("Resource", "NotResource", &ask.resource, false).unwrap_or(true);
    let conditions = s.get("Condition").and_then(Value::as_object).is_none_or(|operators| {
        operators.iter().all(|(operator, keys)| {
            let holds = |(key, values): (&String, &Value)| condition(operator, key, &texts(values), &ask.context, variables);
            keys.as_object().unwrap().iter().all(holds)
        })
    });
    action && resource && conditions && form(s, ask).is_some()
}

fn statements(policies: &Value) -> Vec<Statement<'_>> {
    match policies {
        Value::Array(list) => list.iter().flat_map(statements).collect(),
        Value::Null => Vec::new(),
        one => {
            let variables = one["policy"]["Version"] == "2012-10-17";
            one["policy"]["Statement"].as_array().unwrap().iter().map(|s| (s, variables)).collect()
        }
    }
}

fn says(policies: &Value, effect: &str, ask: &Ask) -> bool {
    statements(policies).into_iter().any(|s| s.0["Effect"] == effect && applies(s, ask))
}

/// The outcome of a case.
pub(crate) fn reference(case: &Value) -> Outcome {
    let request = &case["request"];
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    let given = request["context"].as_object().unwrap().iter();
    let mut context: Context = given.map(|(k, v)| (k.to_lowercase(), texts(v))).filter(|(_, v)| !v.is_empty()).collect();
    let ask = Ask {
        principal: text("principal"),
        action: text("action"),
        resource: text("resource"),
        account: text("resource_account"),
        bounded: !case["policies"]["boundary"].is_null(),
        context: std::mem::take(&mut context),
    };
    let service = ask.action.split(':').next().unwrap().to_owned();
    let p = &case["policies"];
    let levels = |kind: &str| p[kind].as_array().cloned().unwrap_or_default();
    let mine = account_of(&ask.principal);
    let scp = if mine.is_some() { levels("scp") } else { Vec::new() };
    let rcp = if matches!(&*service, "bedrock" | "iam") { Vec::new() } else { levels("rcp") };
    let singles = ["identity", "boundary", "session", "resource", "endpoint"].map(|kind| &p[kind]);
    if singles.into_iter().chain(&scp).chain(&rcp).any(|policies| says(policies, "Deny", &ask)) {
        return Outcome::ExplicitlyDenied;
    }
    let allows = |kind: &str| says(&p[kind], "Allow", &ask);
    let may = |kind: &str| p[kind].is_null() || allows(kind);
    let federated = ask.principal.contains(":federated-user/");
    let limits = may("boundary") && may("session") && !(federated && p["session"].is_null());
    let granted_as = |wanted: &str| {
        statements(&p["resource"])
            .into_iter()
            .any(|s| s.0["Effect"] == "Allow" && applies(s, &ask) && form(s.0, &ask) == Some(wanted))
    };
    let own = if ask.principal.ends_with(":root") { may("session") } else { allows("identity") && limits };
    let root_assumes = ask.principal.ends_with(":root") && ask.action == "sts:AssumeRole";
    let must_grant = matches!(&*service, "kms" | "sts");
    let granted = match mine {
        _ if root_assumes => false,
        None => allows("resource"),
        Some(account) if account != ask.account => own && allows("resource"),
        _ if granted_as("direct") => true,
        Some(_) => granted_as("role") && limits || own && (!must_grant || granted_as("account")),
    };
    let every_level = |levels: &[Value]| levels.iter().all(|level| says(level, "Allow", &ask));
    if granted && every_level(&scp) && every_level(&rcp) && may("endpoint") {
        Outcome::Allowed
    } else {
        Outcome::ImplicitlyDenied
    }
}
