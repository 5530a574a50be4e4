//! The answer of `alicerce access paths` for people.
//!
//! In: the filtered paths. Out: text in which each way says its models, its Regions, where the data goes and which statement opens
//! it; then what closes the other ways, what could not be determined, and who else may act so.

use std::sync::Arc;

use super::Places;
use super::paths::Answer;
use super::paths_summary::{Summary, summary};
use crate::access::paths::{Closed, GLOBAL, ModelName, OUTSIDE_AWS, Path, State, Stop};
use crate::access::query::{self, Place};
use crate::catalog::regions;
use crate::facts::FactId;
use crate::report::visible;
use crate::world::World;

/// Names of a list that are shown without `--all`.
const SHOWN: usize = 6;

struct Page<'a> {
    world: &'a World,
    places: Places,
    principal: FactId,
    /// The statements to change.
    change: Vec<Place>,
    all: bool,
    out: String,
}

/// The whole answer.
pub(super) fn human(world: &World, principal: FactId, answer: &Answer<'_>) -> String {
    let (places, change) = (Places::default(), Vec::new());
    let mut page = Page { world, places, principal, change, all: answer.all, out: String::new() };
    page.line(0, &visible(query::identity(world, principal)));
    let open: Vec<&Path> = answer.paths.iter().copied().filter(|p| p.state == State::Open).collect();
    page.summary(&open, answer.paths.iter().any(|p| p.state != State::Open));
    let (claude, others): (Vec<&Path>, Vec<&Path>) = open.into_iter().partition(|p| p.claude);
    page.heading("can run Claude models", "no way to run a Claude model is open", &claude);
    claude.iter().for_each(|path| page.path(path));
    if !others.is_empty() {
        page.heading("can run other models", "", &others);
        others.iter().for_each(|path| page.path(path));
    }
    page.not_offered(answer);
    page.closed(answer);
    page.unknown(answer);
    page.becoming(answer);
    page.out
}

impl Page<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, some: &str, none: &str, paths: &[&Path]) {
        self.out.push('\n');
        match paths.len() {
            0 => self.line(0, none),
            1 => self.line(0, &format!("{some}, in 1 way:")),
            n => self.line(0, &format!("{some}, in {n} ways:")),
        }
    }

    fn summary(&mut self, open: &[&Path], unknown: bool) {
        if open.is_empty() {
            return;
        }
        let Summary { destinations, outside, partly, statements } =
            summary(self.world, self.principal, open, |all| self.codes(all));
        self.out.push('\n');
        for (kind, text) in destinations {
            self.line(0, &format!("{kind} may be processed {text}"));
        }
        let heading = match outside {
            None => "opened by",
            Some(outside) if outside.is_empty() => {
                let how_much = if partly || unknown { "what is known of it lies" } else { "all of it lies" };
                self.line(0, &format!("{how_much} in the approved Regions"));
                return;
            }
            Some(outside) => {
                let word = |place: &Arc<str>| match &**place {
                    GLOBAL => "any commercial Region".into(),
                    OUTSIDE_AWS => "outside of AWS".into(),
                    _ => place.clone(),
                };
                let outside: Vec<Arc<str>> = outside.iter().map(word).collect();
                let approved = self.codes(&self.world.scope_of(self.principal).approved_regions);
                let line = format!("outside of the approved Regions ({approved}): {}", self.codes(&outside));
                self.line(0, &line);
                self.change.clone_from(&statements);
                "to change"
            }
        };
        let count = if self.all { statements.len() } else { SHOWN };
        for place in statements.iter().take(count) {
            let shown = self.places.of(&self.world.facts, place).line();
            self.line(2, &format!("{heading}: {}", shown.trim_start_matches("by ")));
        }
        if let Some(more) = statements.len().checked_sub(count).filter(|more| *more > 0) {
            self.line(2, &format!("{heading}: {more} more, which stand with the ways below"));
        }
    }

    /// Regions by their codes.
    fn codes(&self, names: &[Arc<str>]) -> String {
        self.cut(names.iter().map(|name| visible(name)).collect(), "Regions")
    }

    fn path(&mut self, path: &Path) {
        self.out.push('\n');
        self.line(2, path.way.words());
        let mut models = self.models(&path.models);
        if path.any_model {
            let any = if path.claude { "any Claude model" } else { "any model" };
            models = if models.is_empty() { any.to_owned() } else { format!("{models}; and {any} that nobody listed") };
        }
        let models = if models.is_empty() { "not known which".to_owned() } else { models };
        self.line(4, &format!("models   {models}"));
        let from = self.regions(&path.sources);
        self.line(4, &format!("from     {from}"));
        self.destinations(path);
        if !path.listed {
            self.line(4, &format!("exists   not known: the policies allow it, should `{}` exist", visible(&path.through)));
        }
        if !path.requires.is_empty() {
            let keys: Vec<String> = path.requires.iter().map(|key| format!("`{}`", visible(key))).collect();
            self.line(4, &format!("only if  the request has a fitting {}", keys.join(" and ")));
        }
        match &path.bearer_token {
            Ok(true) => self.line(4, "API key  a Bedrock API key will do for it, too"),
            Ok(false) => {}
            Err(why) => self.line(4, &format!("API key  not known whether one will do: {}", visible(&why.text))),
        }
        self.legs(path);
    }

    fn destinations(&mut self, path: &Path) {
        let from = visible(&path.destinations_from);
        match &path.destinations {
            Err(why) => self.line(4, &format!("data     not known where it goes: {}", visible(&why.text))),
            Ok(all) if all.iter().any(|d| **d == *OUTSIDE_AWS) => self.line(4, &format!("data     leaves AWS ({from})")),
            Ok(all) if all.iter().any(|d| **d == *GLOBAL) => {
                self.line(4, &format!("data     may be processed in any commercial Region ({from})"));
            }
            Ok(all) if path.stays_where_called() && all.len() > 1 => {
                self.line(4, &format!("data     is processed in the Region that is called ({from})"));
            }
            Ok(all) => {
                let regions = self.regions(all);
                self.line(4, &format!("data     is processed in {regions} ({from})"));
            }
        }
    }

    fn legs(&mut self, path: &Path) {
        let count = if path.legs.len() == 1 { String::new() } else { format!(", {} legs", path.legs.len()) };
        let action = path.legs.first().map_or("", |leg| leg.action);
        self.line(4, &format!("witness  {action} from {}{count}", path.source));
        let mut before = None;
        for leg in &path.legs {
            let with = leg.witness.split_once(" with ").map(|(_, with)| visible(with));
            let with = with.unwrap_or_else(|| format!("aws:RequestedRegion = {}", visible(&leg.region)));
            self.line(6, &format!("{} with {with}", visible(&leg.resource)));
            let granted = leg.granted(self.world, self.principal);
            if before.as_ref() == Some(&granted) {
                continue;
            }
            for place in &granted {
                let shown = self.places.of(&self.world.facts, place).line();
                let mark = if self.change.contains(place) { " (to change)" } else { "" };
                self.line(8, &format!("granted {shown}{mark}"));
            }
            before = Some(granted);
        }
    }

    fn cut(&self, texts: Vec<String>, what: &str) -> String {
        let more = texts.len().saturating_sub(SHOWN);
        if self.all || more < 2 {
            return texts.join(", ");
        }
        let first: Vec<String> = texts.into_iter().take(SHOWN).collect();
        format!("{} and {more} more {what}", first.join(", "))
    }

    fn models(&self, models: &[ModelName]) -> String {
        let one = |m: &ModelName| match m.name {
            Some(name) => format!("{name} ({})", visible(&m.id)),
            None => visible(&m.id),
        };
        self.cut(models.iter().map(one).collect(), "models")
    }

    /// Regions with their places and countries.
    fn regions(&self, names: &[Arc<str>]) -> String {
        let every = regions::all().iter().all(|r| names.iter().any(|name| **name == *r.name));
        if every {
            return "any commercial Region".to_owned();
        }
        let one = |name: &Arc<str>| match (regions::find(name), regions::country(name)) {
            (Some(region), Some(country)) if region.place == country.name => format!("{name} ({})", country.name),
            (Some(region), Some(country)) => format!("{name} ({}, {})", region.place, country.name),
            (_, Some(country)) => format!("{name} ({})", country.name),
            _ => visible(name),
        };
        self.cut(names.iter().map(one).collect(), "Regions")
    }

    fn not_offered(&mut self, answer: &Answer<'_>) {
        if answer.not_offered.is_empty() {
            return;
        }
        self.out.push('\n');
        self.line(
            0,
            "allowed, but not offered by the model's own id (by the account's list of models, or alicerce's dated table):",
        );
        for one in &answer.not_offered {
            let line = format!("{} in {}", self.models(&one.models), self.regions(&one.regions));
            self.line(2, &line);
        }
    }

    fn closed(&mut self, answer: &Answer<'_>) {
        if answer.closed.is_empty() {
            return;
        }
        self.out.push('\n');
        self.line(0, "closed to Claude models, with the call that comes nearest:");
        for one in &answer.closed {
            let why = self.stop(one);
            self.line(2, &format!("{}: {why}", one.way.words()));
        }
    }

    fn stop(&mut self, closed: &Closed) -> String {
        let call = format!("`{}` on {} in {}", closed.action, visible(&closed.resource), visible(&closed.region));
        let mut shown = |place| self.places.of(&self.world.facts, place).line();
        match &closed.stop {
            Stop::NotGranted => format!("nothing grants {call}"),
            Stop::Denied(kind, place) => {
                format!("{call} is denied by the {kind} policy {}", shown(place).trim_start_matches("by "))
            }
            Stop::NotAllowed(kind, Some(level)) => format!("{call} is allowed by no {kind} of level {level}"),
            Stop::NotAllowed(kind, None) => format!("{call} is not allowed by the {kind} policy"),
            Stop::Together(all) => {
                let places: Vec<String> = all.iter().map(shown).collect();
                format!("no request for {call} meets all conditions {}", places.join(" and "))
            }
        }
    }

    fn unknown(&mut self, answer: &Answer<'_>) {
        let unknown: Vec<&Path> = answer.paths.iter().copied().filter(|p| p.state != State::Open).collect();
        if unknown.is_empty() && answer.notes.is_empty() {
            return;
        }
        self.out.push('\n');
        self.line(0, "could not be determined:");
        for path in unknown {
            let State::Undecided(why) = &path.state else { continue };
            let models = self.models(&path.models);
            let models = if models.is_empty() { String::new() } else { format!(", for {models}") };
            let from = self.regions(&path.sources);
            self.line(2, &format!("{}{models}, from {from}: {}", path.way.words(), visible(&why.text)));
        }
        for note in answer.notes {
            self.line(2, &visible(note));
        }
    }

    fn becoming(&mut self, answer: &Answer<'_>) {
        let becoming = &answer.becoming;
        if !becoming.found.is_empty() {
            self.out.push('\n');
            self.line(0, "others who can become this principal, and so run what it can:");
            let shown: Vec<String> = becoming.found.iter().map(|name| visible(name)).collect();
            let count = if self.all { shown.len() } else { 12 };
            shown.iter().take(count).for_each(|name| self.line(2, name));
            if shown.len() > count {
                self.line(2, &format!("and {} more", shown.len() - count));
            }
        }
        for why in &becoming.unknown {
            self.line(2, &format!("not known: {}", visible(why)));
        }
    }
}
