//! The export script: what `collect` asks, as plain AWS CLI calls for places where no foreign program may run.
//!
//! In: the plan of calls, [`Settings`]. Out: a POSIX shell script that fills the same folder. Never: a text of AWS or of the user
//! that the shell would run; a value of a secret-bearing place on the disk (`script.awk` stands before it).

use std::fmt::Write as _;

use super::plan::{self, Call, Where};

/// The functions that do not depend on the plan.
const FIXED: &str = include_str!("script.sh");
/// Reads JSON: the filter before the disk, and the identifiers that later calls need.
const JSON: &str = include_str!("script.awk");
/// Several answers as one.
const JOIN: &str = include_str!("join.awk");

/// What the script is to read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The Regions; empty: those that the account has enabled.
    pub regions: Vec<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// All accounts of the organisation.
    pub organization: bool,
    /// The role that is assumed in each member account.
    pub role: String,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
}

/// The script.
pub fn script(settings: &Settings) -> String {
    let regions = if settings.regions.is_empty() { "auto".to_owned() } else { settings.regions.join(" ") };
    let fill = [
        ("@JSON_AWK@", JSON.to_owned()),
        ("@JOIN_AWK@", JOIN.to_owned()),
        ("@TOOL@", concat!("alicerce ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("@CALLS@", calls(settings.organization)),
        ("@REGIONS@", quoted(&regions)),
        ("@PROFILE@", quoted(settings.profile.as_deref().unwrap_or_default())),
        ("@ORGANIZATION@", if settings.organization { "yes" } else { "no" }.to_owned()),
        ("@ROLE@", quoted(settings.role.trim_start_matches('/'))),
        // Last: what is the user's is not looked through for placeholders.
        ("@EXTERNAL_ID@", quoted(settings.external_id.as_deref().unwrap_or_default())),
    ];
    fill.into_iter().fold(FIXED.to_owned(), |text, (name, value)| text.replace(name, &value))
}

/// One word of the shell, whatever stands in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn calls(organization: bool) -> String {
    let mut out = String::new();
    let places =
        [("global_calls", Where::Account), ("regional_calls", Where::Region), ("organization_calls", Where::Organization)];
    for (function, place) in places {
        let calls: String = plan::all().iter().filter(|call| call.place == place).map(lines).collect();
        let calls = if place == Where::Organization && !organization { "    :\n".to_owned() } else { calls };
        // Writing to a string does not fail.
        let _ = write!(out, "{function}() {{\n{calls}}}\n\n");
    }
    out
}

/// The lines of one call of the plan.
fn lines(call: &Call) -> String {
    let Call { service, operation, .. } = call;
    if call.sources.is_empty() {
        if let Some(report) = call.after {
            return format!("    report {service} {operation} {report}\n");
        }
        let each: Vec<&str> = if call.each.is_empty() { vec![""] } else { call.each.clone() };
        if call.merge {
            let parts: String = each.iter().map(|each| format!("        part{}\n", options(call, each))).collect();
            return format!("    if begin {service} {operation} '' ''; then\n{parts}        finish\n    fi\n");
        }
        return each
            .iter()
            .map(|each| format!("    ask {service} {operation} {} '{each}'{}\n", resource(call, each), options(call, each)))
            .collect();
    }
    let own_source = call.sources.iter().any(|source| (source.service, source.operation) == (*service, *operation));
    let found = sources(call);
    if call.batch > 1 {
        let named = |wanted: &str| {
            call.options.iter().find(|(_, value)| *value == wanted).map_or_else(String::new, |(o, _)| format!("--{o}"))
        };
        let id = if call.id == Some("{parent}") { "" } else { call.id.unwrap_or_default() };
        let (parent, list) = (named("{parent}"), named("{}"));
        return format!(
            "    {{\n{found}    }} >\"$work/ids\"\n    batches {service} {operation} {} '{id}' '{parent}' {list} <\"$work/ids\"\n",
            call.batch
        );
    }
    let parent = if call.options.iter().any(|(_, value)| value.contains("{parent}")) { " parent" } else { "" };
    let mut body = String::new();
    if call.options.iter().any(|(_, value)| value.contains("{name}")) || call.id.is_some_and(|id| id.contains("{name}")) {
        body.push_str("        last_part \"$id\"\n");
    }
    if let Some(job) = call.job {
        let _ = writeln!(body, "        job {service} {operation} {job} {} \"$id\"", resource(call, ""));
    } else {
        let each: Vec<&str> = if call.each.is_empty() { vec![""] } else { call.each.clone() };
        for each in each {
            let _ = writeln!(body, "        ask {service} {operation} {} \"$id\"{}", resource(call, each), options(call, each));
        }
    }
    let list = format!("{{\n{found}    }} | distinct{parent}");
    if !own_source {
        return format!(
            "    {list} >\"$work/ids\"\n    while IFS=$separator read -r id parent <&6; do\n{body}    done 6<\"$work/ids\"\n"
        );
    }
    // What it answers is asked about in turn, until nothing new comes.
    format!(
        "    : >\"$work/known\"\n    while :; do\n    {list} >\"$work/all\"\n    grep -Fxv -f \"$work/known\" \"$work/all\" >\"$work/ids\" || break\n    \
         cat \"$work/ids\" >>\"$work/known\"\n    while IFS=$separator read -r id parent <&6; do\n{body}    done 6<\"$work/ids\"\n    done\n"
    )
}

fn sources(call: &Call) -> String {
    let told = call.only.or(call.except).map_or_else(String::new, |(path, value)| format!(" {path} {value}"));
    let only = if call.except.is_some() { format!("{told} not") } else { told };
    let line =
        |source: &plan::From| format!("        identifiers {} {} '{}'{only}\n", source.service, source.operation, source.path);
    call.sources.iter().map(line).collect()
}

/// What identifies the answer, as a word of the shell.
fn resource(call: &Call, each: &str) -> String {
    let template = call.id.map_or_else(
        || {
            let varying = call.options.iter().filter(|(_, value)| value.contains('{') && *value != "{account}");
            varying.map(|(_, value)| *value).collect::<Vec<_>>().join(",")
        },
        str::to_owned,
    );
    word(&template, call, each)
}

/// The options of a call, each as a word.
fn options(call: &Call, each: &str) -> String {
    let one = |(option, value): &(&str, &str)| match *value {
        "true" => format!(" --{option}"),
        // Structures are given as they stand in the plan.
        value if !value.contains('{') && value.contains('=') => format!(" --{option} {}", quoted(value)),
        value => format!(" {}", word(&format!("--{option}={value}"), call, each)),
    };
    call.options.iter().map(one).collect()
}

/// A template of the plan as one word in double quotes; it holds nothing that the shell would read in another way.
fn word(template: &str, call: &Call, each: &str) -> String {
    let id = if call.sources.is_empty() { each } else { "$id" };
    let filled = template
        .replace("{account}", "$account")
        .replace("{partition}", "$partition")
        .replace("{region}", "$region")
        .replace("{parent}", "$parent")
        .replace("{name}", "$name")
        .replace("{each}", each)
        .replace("{}", id);
    format!("\"{filled}\"")
}
