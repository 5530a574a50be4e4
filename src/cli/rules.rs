//! `alicerce rules`: list, explain, write, check and test rules.
//!
//! In: arguments, folders of rules. Out: text on the given writer. Exit code 1 where a case differs or a
//! generated file is out of date; a rule that cannot be used is an error (exit code 2).

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use miette::{Diagnostic, IntoDiagnostic, Report, WrapErr};
use serde_json::json;

use super::kinds::{MARK, marked, members_of, nearest_kind, notation, plain_table};
use super::rule_template as template;
use crate::engine::cases;
use crate::engine::page::{self, Page};
use crate::facts::kinds;
use crate::rule::{Pack, Rule, RuleErrors, functions, load, schema};

/// List, explain, write, check and test rules.
#[derive(Debug, Args)]
pub(super) struct RulesCommand {
    #[command(subcommand)]
    action: Action,
    /// A folder of further rules, which take the place of built-in ones with the same id.
    #[arg(long = "rules", value_name = "DIR", global = true)]
    dirs: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all rules by family.
    List {
        /// Only this family.
        #[arg(long)]
        family: Option<String>,
        /// How to write the list.
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// What a rule judges and why, what fails and what passes, what to do.
    Explain {
        /// The rule's id.
        id: String,
        /// How to write the page.
        #[arg(long, value_enum, default_value_t = PageFormat::Terminal)]
        format: PageFormat,
    },
    /// Write the folder of a new rule, with a failing and a passing case.
    New {
        /// Family and id, such as `network/endpoint-private-dns-disabled`.
        #[arg(value_name = "FAMILY/ID")]
        name: String,
        /// The folder that holds the families.
        #[arg(long, value_name = "DIR", default_value = "rules")]
        into: PathBuf,
    },
    /// Check rules: their keys, names, types and controls. Without a folder: the built-in ones.
    Check {
        /// A folder of rules, or one rule's folder.
        dir: Option<PathBuf>,
    },
    /// Run the cases of rules and say what differs. Without a folder: of the built-in ones.
    Test {
        /// A folder of rules, or one rule's folder.
        dir: Option<PathBuf>,
    },
    /// The kinds of subject, or all that rules may name of a kind, an AWS shape or a derived object.
    Kinds {
        /// A kind, a shape such as `bedrock.GuardrailTopicPolicy`, or a derived object.
        kind: Option<String>,
    },
    /// The functions that rules may call.
    Functions,
    /// The JSON Schema of `rule.yaml`, for editors.
    Schema {
        /// Compare with this file instead of writing; exit code 1 where they differ.
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "rules/rule.schema.json")]
        check: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListFormat {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PageFormat {
    Terminal,
    Markdown,
}

/// A wrong argument.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct Wrong {
    message: String,
    #[help]
    help: Option<String>,
}

fn wrong(message: impl Into<String>, help: Option<String>) -> Report {
    Wrong { message: message.into(), help }.into()
}

impl RulesCommand {
    /// Runs the command. `width` is the number of columns to fill.
    ///
    /// # Errors
    /// Rules that cannot be used, wrong arguments, and a writer that fails.
    pub(super) fn run(self, out: &mut dyn Write, color: bool, width: usize) -> Result<u8, Report> {
        let (text, code) = match &self.action {
            Action::List { family, format } => (list(&self.pack()?, family.as_deref(), *format, width)?, 0),
            Action::Explain { id, format } => (explain(&self.pack()?, id, *format, color, width)?, 0),
            Action::New { name, into } => (new(name, into)?, 0),
            Action::Check { dir } => (check(dir.as_deref())?, 0),
            Action::Test { dir } => test(dir.as_deref())?,
            Action::Kinds { kind } => (list_kinds(kind.as_deref(), width)?, 0),
            Action::Functions => (list_functions(width), 0),
            Action::Schema { check: None } => (schema::text(), 0),
            Action::Schema { check: Some(file) } => compare_schema(file)?,
        };
        out.write_all(text.as_bytes()).into_diagnostic()?;
        Ok(code)
    }

    fn pack(&self) -> Result<Pack, Report> {
        Ok(Pack::load(&self.dirs)?)
    }
}

fn list(pack: &Pack, family: Option<&str>, format: ListFormat, width: usize) -> Result<String, Report> {
    let rules: Vec<&Rule> = pack.rules().map(|r| &**r).filter(|r| family.is_none_or(|f| f == &*r.family)).collect();
    if let (Some(family), true) = (family, rules.is_empty()) {
        let mut families: Vec<&str> = pack.rules().map(|r| &*r.family).collect();
        families.dedup();
        return Err(wrong(format!("there is no family `{family}`"), Some(format!("there are {}", families.join(", ")))));
    }
    if matches!(format, ListFormat::Json) {
        let all: Vec<serde_json::Value> = rules.iter().map(|r| as_json(r)).collect();
        return Ok(serde_json::to_string_pretty(&all).into_diagnostic()? + "\n");
    }
    let mut table = plain_table(width);
    table.set_header(["family", "rule", "severity", "judges"]);
    let mut last = "";
    for rule in &rules {
        let off = if rule.default_on { "" } else { " (off)" };
        let family = if *rule.family == *last { "" } else { &rule.family };
        table.add_row([family, &rule.id, &format!("{}{off}", rule.severity), &rule.subjects.join(", ")]);
        last = &rule.family;
    }
    let mut text: String = table.lines().map(|l| format!("{}\n", l.trim_end())).collect();
    let _ = writeln!(text, "\n{} rules. `alicerce rules explain RULE` tells more of one.", rules.len());
    Ok(text)
}

fn as_json(rule: &Rule) -> serde_json::Value {
    let controls: serde_json::Map<String, serde_json::Value> =
        rule.controls.iter().map(|(f, ids)| (f.to_string(), ids.iter().map(|i| json!(**i)).collect())).collect();
    json!({
        "id": *rule.id,
        "family": *rule.family,
        "title": page::title(rule),
        "severity": rule.severity,
        "default": if rule.default_on { "on" } else { "off" },
        "subject": rule.subjects.iter().map(|s| json!(**s)).collect::<Vec<_>>(),
        "needs": rule.needs.iter().map(|s| json!(**s)).collect::<Vec<_>>(),
        "why": *rule.why,
        "guide": rule.guide.as_deref(),
        "controls": controls,
        "aliases": rule.aliases.iter().map(|s| json!(**s)).collect::<Vec<_>>(),
    })
}

fn explain(pack: &Pack, id: &str, format: PageFormat, color: bool, width: usize) -> Result<String, Report> {
    let Some(rule) = pack.find(id) else {
        let near = crate::config::closest(id, pack.rules().map(|r| &*r.id));
        let help = near.map_or_else(|| "`alicerce rules list` shows all rules".to_owned(), |n| format!("did you mean `{n}`?"));
        return Err(wrong(format!("there is no rule `{id}`"), Some(help)));
    };
    let page = Page::new(pack, rule);
    Ok(match format {
        PageFormat::Terminal => page.terminal(color, width),
        PageFormat::Markdown => page.markdown(),
    })
}

fn new(name: &str, into: &Path) -> Result<String, Report> {
    let parts = name.split_once('/').filter(|(family, id)| load::is_id(family) && load::is_id(id));
    let Some((family, id)) = parts else {
        let help = "write FAMILY/ID in small letters, digits and hyphens, such as `network/endpoint-private-dns-disabled`";
        return Err(wrong(format!("`{name}` is no name for a rule"), Some(help.to_owned())));
    };
    let folder = into.join(family).join(id);
    if folder.exists() {
        return Err(wrong(format!("`{}` is there already", folder.display()), None));
    }
    let place = || format!("cannot write `{}`", folder.display());
    fs::create_dir_all(&folder).into_diagnostic().wrap_err_with(place)?;
    for (file, text) in template::files(id) {
        fs::write(folder.join(file), text).into_diagnostic().wrap_err_with(place)?;
    }
    let shown = folder.display();
    Ok(format!(
        "wrote {shown}\n\nNext:\n  edit {shown}/rule.yaml and its cases\n  alicerce rules check {shown}\n  alicerce rules test {shown}\n  \
         alicerce scan --rules {} PATH…\n",
        into.display()
    ))
}

/// The rules of a folder with the frameworks of the built-in ones; without a folder the built-in ones.
fn rules_of(dir: Option<&Path>) -> Result<Pack, Report> {
    let built_in = Pack::builtin()?;
    Ok(match dir {
        Some(dir) => Pack::load_dir(dir)?.with_frameworks_of(&built_in),
        None => built_in,
    })
}

fn check(dir: Option<&Path>) -> Result<String, Report> {
    let pack = rules_of(dir)?;
    let mut errors = pack.check();
    for rule in pack.rules() {
        errors.extend(cases::of(&pack, rule).err().unwrap_or_default());
    }
    if errors.is_empty() {
        return Ok(format!("{} rules are right\n", pack.rules().count()));
    }
    Err(RuleErrors { what: format!("rules of {}", pack.name), errors }.into())
}

fn test(dir: Option<&Path>) -> Result<(String, u8), Report> {
    let pack = rules_of(dir)?;
    let errors = pack.check();
    if !errors.is_empty() {
        return Err(RuleErrors { what: format!("rules of {}", pack.name), errors }.into());
    }
    let (mut out, mut ran, mut differ) = (String::new(), 0, 0);
    for rule in pack.rules() {
        let all = cases::of(&pack, rule).map_err(|errors| RuleErrors { what: format!("cases of {}", rule.id), errors })?;
        if all.is_empty() {
            differ += 1;
            let _ = writeln!(out, "{}/{}: no cases; write a `fail.` and a `pass.` one", rule.family, rule.id);
        }
        for case in &all {
            ran += 1;
            let problems = cases::run(&pack, rule, case).problems;
            differ += usize::from(!problems.is_empty());
            for problem in problems {
                let _ = writeln!(out, "{}/{}/{}: {problem}", rule.family, rule.id, case.name);
            }
        }
    }
    let _ = writeln!(
        out,
        "{ran} cases of {} rules: {}",
        pack.rules().count(),
        if differ == 0 { "all hold".to_owned() } else { format!("{differ} do not hold") }
    );
    Ok((out, u8::from(differ > 0)))
}

fn list_kinds(kind: Option<&str>, width: usize) -> Result<String, Report> {
    let mut table = plain_table(width);
    let Some(name) = kind else {
        table.set_header(["kind", "what it is"]);
        for (group, of) in kinds::GROUPS {
            table.add_row([*group, &format!("any of {}", of.join(", "))]);
        }
        for kind in kinds::all() {
            table.add_row([kind.name, kind.title]);
        }
        return Ok(format!("{}\n", table.trim_fmt()));
    };
    let Some(members) = members_of(name) else {
        return Err(wrong(format!("there is no kind `{name}`"), nearest_kind(name).map(|n| format!("did you mean `{n}`?"))));
    };
    table.set_header(["member", "type", "what it is"]);
    for member in members {
        table.add_row([marked(member), notation(&member.ty), member.doc.clone()]);
    }
    Ok(format!("{}\n\n{MARK}\n", table.trim_fmt()))
}

fn list_functions(width: usize) -> String {
    let mut table = plain_table(width);
    table.set_header(["function", "what it gives"]);
    for f in functions::FUNCTIONS {
        let params: Vec<String> = f.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        table.add_row([format!("{}({}) → {}", f.name, params.join(", "), f.returns).as_str(), f.doc]);
    }
    format!("{}\n", table.trim_fmt())
}

fn compare_schema(file: &Path) -> Result<(String, u8), Report> {
    let committed = fs::read_to_string(file).into_diagnostic().wrap_err_with(|| format!("cannot read `{}`", file.display()))?;
    if committed == schema::text() {
        return Ok((format!("{} is up to date\n", file.display()), 0));
    }
    let command = format!("alicerce rules schema > {}", file.display());
    Ok((format!("{} is out of date; run `{command}`\n", file.display()), 1))
}
