//! `alicerce generate`: the guard that a scope's posture calls for, with its proof.
//!
//! In: `alicerce.toml`, the name of a scope. Out: policies on standard output or in files, the proof on standard error.
//! Never: a policy printed whose proof failed; a file of other content overwritten unasked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use miette::{Report as Failure, miette};

use super::scan;
use crate::config::{Config, Scope};
use crate::generate::{Answer, Generated, Kind, Row, Way, Wish, generate};
use crate::report::visible;

/// Exit code where an answer of the proof is not the expected one.
const REFUTED: u8 = 1;
/// Exit code where an answer is not known.
const UNDECIDED: u8 = 3;

/// Write the guard that a scope of alicerce.toml calls for, and prove it.
#[derive(Debug, Args)]
#[command(
    after_help = "The policy goes to standard output, the questions and answers of its proof to standard error.\nExit codes: 0 written \
                  and proved; 1 an answer is not the expected one; 2 bad usage or configuration; 3 an answer is not known. Under 1, 2 \
                  and 3 no policy is written."
)]
pub(super) struct GenerateCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The SCP that holds every principal of the scope's accounts to its posture
    Scp(Common),
    /// The least identity policy that runs the approved models
    IamPolicy(IamPolicyArgs),
    /// The policy of the VPC endpoint for bedrock-runtime
    EndpointPolicy(EndpointPolicyArgs),
}

#[derive(Debug, Args)]
struct Common {
    /// The scope of alicerce.toml [default: the only one]
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// The configuration [default: alicerce.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write each policy to a file in this folder, instead of standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite files of other content
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Debug, Args)]
struct IamPolicyArgs {
    #[command(flatten)]
    common: Common,
    /// How models are called; several with commas [default: direct, geographic or global, as the posture is]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WAY")]
    through: Vec<Through>,
    /// Keep to the limit of a role's inline policies (10,240 characters) instead of a managed policy's (6,144)
    #[arg(long)]
    inline: bool,
}

#[derive(Debug, Args)]
struct EndpointPolicyArgs {
    #[command(flatten)]
    common: Common,
    /// Let principals of this organisation use the endpoint, instead of the scope's accounts
    #[arg(long, value_name = "ID", value_parser = organization)]
    organization: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Through {
    /// By the model's own id, processed in the Region of the call.
    Direct,
    /// By a geographic inference profile (`us.`, `eu.`, …).
    Geographic,
    /// By a global inference profile.
    Global,
}

impl Through {
    fn way(self) -> Way {
        match self {
            Self::Direct => Way::Direct,
            Self::Geographic => Way::Geographic,
            Self::Global => Way::Global,
        }
    }
}

fn organization(text: &str) -> Result<String, String> {
    let plain = |id: &str| (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match text.strip_prefix("o-") {
        Some(id) if plain(id) => Ok(text.to_owned()),
        _ => Err("expected an organisation's id, such as `o-a1b2c3d4e5`".to_owned()),
    }
}

impl GenerateCommand {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let (kind, common, wish) = match self.what {
            What::Scp(common) => (Kind::Scp, common, Wish::default()),
            What::IamPolicy(args) => {
                let ways = args.through.into_iter().map(Through::way).collect();
                (Kind::IamPolicy, args.common, Wish { ways, inline: args.inline, ..Wish::default() })
            }
            What::EndpointPolicy(args) => {
                (Kind::EndpointPolicy, args.common, Wish { organization: args.organization, ..Wish::default() })
            }
        };
        common.run(kind, &wish)
    }
}

impl Common {
    fn run(&self, kind: Kind, wish: &Wish) -> Result<u8, Failure> {
        let config = scan::read_config(self.config.as_deref())?;
        let scope = self.scope(&config)?;
        let guard = generate(&scope, kind, wish)?;
        note(&proof(&scope.name, kind, &guard));
        if !guard.proved() {
            return Ok(if guard.refuted() { REFUTED } else { UNDECIDED });
        }
        match &self.out {
            Some(folder) => self.write(folder, &scope.name, kind, &guard.policies)?,
            None => super::print(&stdout(&guard.policies))?,
        }
        Ok(0)
    }

    fn scope(&self, config: &Config) -> Result<Arc<Scope>, Failure> {
        if config.name.is_none() {
            return Err(miette!(
                help = "`alicerce init` writes one to fill in; --config names one that stands elsewhere",
                "there is no alicerce.toml here, and the guard is made from a scope of it"
            ));
        }
        let names: Vec<String> = config.scopes.iter().map(|scope| format!("`{}`", visible(&scope.name))).collect();
        let all =
            if names.is_empty() { "the file declares no [[scope]]".to_owned() } else { format!("scopes: {}", names.join(", ")) };
        match (&self.scope, config.scopes.as_slice()) {
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(miette!(help = all, "say which scope the guard is for: --scope NAME")),
            (Some(name), scopes) => match scopes.iter().find(|scope| *scope.name == **name) {
                Some(scope) => Ok(scope.clone()),
                None => Err(miette!(help = all, "there is no scope `{}`", visible(name))),
            },
        }
    }

    fn write(&self, folder: &Path, scope: &str, kind: Kind, policies: &[String]) -> Result<(), Failure> {
        let failed =
            |path: &Path, error: std::io::Error| miette!("`{}` cannot be written: {error}", visible(&path.to_string_lossy()));
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let names = file_names(scope, kind, policies.len());
        let files: Vec<(PathBuf, String)> =
            names.iter().map(|name| folder.join(name)).zip(policies.iter().map(|text| format!("{text}\n"))).collect();
        let differs = |path: &Path, text: &str| std::fs::read(path).is_ok_and(|old| old != text.as_bytes());
        if let Some((path, _)) = files.iter().find(|(path, text)| !self.force && differs(path, text)) {
            return Err(miette!(
                help = "--force overwrites it",
                "`{}` exists already and holds something else; nothing was written",
                visible(&path.to_string_lossy())
            ));
        }
        for (path, text) in &files {
            std::fs::write(path, text).map_err(|error| failed(path, error))?;
            note(&format!("wrote {}\n", visible(&path.to_string_lossy())));
        }
        Ok(())
    }
}

/// What stands on standard output: the policy, or a list of them.
fn stdout(policies: &[String]) -> String {
    match policies {
        [one] => format!("{one}\n"),
        many => format!("[\n{}\n]\n", many.join(",\n")),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Scp => "scp",
        Kind::IamPolicy => "iam-policy",
        Kind::EndpointPolicy => "endpoint-policy",
    }
}

/// `producao-scp.json`, or `producao-scp-1.json` and so on.
fn file_names(scope: &str, kind: Kind, count: usize) -> Vec<String> {
    let plain: String = scope.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let base = format!("{plain}-{}", word(kind));
    if count == 1 { vec![format!("{base}.json")] } else { (1..=count).map(|n| format!("{base}-{n}.json")).collect() }
}

fn proof(scope: &str, kind: Kind, guard: &Generated) -> String {
    let beside = match kind {
        Kind::Scp => ", beside FullAWSAccess, for principals to whom IAM allows everything",
        Kind::IamPolicy => ", as a role's only policy",
        Kind::EndpointPolicy => ", for principals to whom IAM allows everything",
    };
    let mut out = format!("{} for scope `{}`{beside}:\n\n", word(kind), visible(scope));
    for row in &guard.rows {
        out.push_str(&line(row));
    }
    out.push('\n');
    for text in &guard.notes {
        out.push_str(&format!("note: {}\n", visible(text)));
    }
    let wrong = guard.rows.iter().filter(|row| !row.as_expected()).count();
    out.push_str(&match wrong {
        0 => format!("proved: {} questions answered as expected, for every request\n", guard.rows.len()),
        n => format!("not proved: {n} of {} questions; no policy is written\n", guard.rows.len()),
    });
    if guard.policies.len() > 1 {
        out.push_str(&format!(
            "the guard is {} policies, to be attached together; --out DIR writes each to a file\n",
            guard.policies.len()
        ));
    }
    out
}

fn line(row: &Row) -> String {
    let mark = if row.as_expected() { '✓' } else { '✗' };
    let (word, detail) = match &row.answer {
        Answer::Open(request) => ("open", Some(request.clone()).filter(|text| !text.is_empty())),
        Answer::Closed(at) => ("closed", at.clone().filter(|_| row.expected_open)),
        Answer::Unknown(why) => ("unknown", Some(why.clone())),
    };
    let wanted = if row.as_expected() {
        ""
    } else if row.expected_open {
        " (should be open)"
    } else {
        " (should be closed)"
    };
    let mut out = format!("  {mark} {word:<8}{}{wanted}\n", visible(&row.question));
    for detail in detail.iter().flat_map(|text| text.split("; ")) {
        out.push_str(&format!("            {}\n", visible(detail)));
    }
    if let Some(remark) = &row.remark {
        out.push_str(&format!("            ({})\n", visible(remark)));
    }
    out
}

/// On standard error: where that is closed there is nobody to read it.
fn note(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
