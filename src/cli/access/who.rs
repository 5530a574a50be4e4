//! `alicerce access who-can`: every principal that was loaded, asked about one action.

use std::path::PathBuf;

use clap::Args;
use miette::Report as Failure;
use serde_json::{Value, json};

use super::{Format, Places, UNDECIDED};
use crate::access::query::{self, Who};
use crate::facts::FactId;
use crate::report::visible;
use crate::world::World;

/// `alicerce access who-can`.
#[derive(Debug, Args)]
pub(super) struct WhoArgs {
    /// Such as `bedrock:InvokeModel`
    #[arg(value_parser = super::action_name)]
    action: String,
    /// What follows: a resource's ARN, which may hold `*` and `?` (or `*` alone: any), then account exports, answers of the AWS
    /// CLI, policy files, folders of these. No path: the bundled example
    #[arg(value_name = "[RESOURCE] PATH")]
    rest: Vec<String>,
    /// Only calls of this Region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// How to write the answer; json: one object a line, for each principal
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl WhoArgs {
    pub(super) fn run(self) -> Result<u8, Failure> {
        let (resource, paths) = self.split();
        let (world, incomplete) = super::world(&paths)?;
        super::note_unknown_action(&self.action);
        let answers = query::who_can(&world, &self.action, resource, self.region.as_deref());
        if answers.is_empty() {
            return Err(super::no_principal(&world));
        }
        let text = match self.format {
            Format::Human => self.human(&world, &answers, resource),
            Format::Json => json_lines(&world, &answers),
        };
        crate::cli::print(&text)?;
        Ok(if incomplete { UNDECIDED } else { 0 })
    }

    /// The first argument is a resource where it is an ARN or `*`, else a path.
    fn split(&self) -> (Option<&str>, Vec<PathBuf>) {
        match self.rest.split_first() {
            Some((first, rest)) if first == "*" => (None, rest.iter().map(PathBuf::from).collect()),
            Some((first, rest)) if first.starts_with("arn:") => (Some(first), rest.iter().map(PathBuf::from).collect()),
            _ => (None, self.rest.iter().map(PathBuf::from).collect()),
        }
    }

    fn human(&self, world: &World, answers: &[(FactId, Who)], resource: Option<&str>) -> String {
        let mut places = Places::default();
        let (mut can, mut unknown, mut cannot) = (String::new(), String::new(), 0);
        let (mut yes, mut open) = (0, 0);
        for (id, who) in answers {
            let name = visible(query::identity(world, *id));
            let mut place = |granted: &Option<query::Place>| match granted {
                Some(place) => format!("    granted {}\n", places.of(&world.facts, place).line()),
                None => String::new(),
            };
            match who {
                Who::Can { witness, granted } => {
                    yes += 1;
                    can.push_str(&format!("  {name}\n    {}\n{}", visible(call(witness)), place(granted)));
                }
                Who::Undecided { why, candidate, granted } => {
                    open += 1;
                    unknown.push_str(&format!("  {name}\n    because {}\n", visible(why)));
                    if let Some(request) = candidate {
                        unknown.push_str(&format!("    as far as was loaded: {}\n{}", visible(call(request)), place(granted)));
                    }
                }
                Who::Cannot => cannot += 1,
            }
        }
        let on = resource.map_or_else(String::new, |text| format!(" on {}", visible(text)));
        let region = self.region.as_ref().map_or_else(String::new, |region| format!(" in {}", visible(region)));
        let question = format!("{}{on}{region}", visible(&self.action));
        let mut out = format!("{} can do {question}\n{can}", count(yes));
        if open > 0 {
            out.push_str(&format!("{} could not be decided\n{unknown}", count(open)));
        }
        out.push_str(&format!("{} cannot, whatever the request\n", count(cannot)));
        out
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 principal".to_owned() } else { format!("{n} principals") }
}

/// The request without its caller, whose name stands above it.
fn call(request: &str) -> &str {
    request.split_once(" calls ").map_or(request, |(_, call)| call)
}

fn json_lines(world: &World, answers: &[(FactId, Who)]) -> String {
    let mut places = Places::default();
    let mut out = String::new();
    for (id, who) in answers {
        let mut place = |granted: &Option<query::Place>| match granted {
            Some(place) => places.of(&world.facts, place).json(),
            None => Value::Null,
        };
        let principal = query::identity(world, *id);
        let line = match who {
            Who::Can { witness, granted } => {
                json!({"principal": principal, "answer": "can", "request": witness, "granted": place(granted)})
            }
            Who::Undecided { why, candidate, granted } => json!({"principal": principal, "answer": "unknown", "why": why,
                "as_far_as_was_loaded": candidate, "granted": place(granted)}),
            Who::Cannot => json!({"principal": principal, "answer": "cannot"}),
        };
        out.push_str(&super::json_line(&line));
    }
    out
}
