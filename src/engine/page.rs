//! A rule's page: what it judges, why, what a failing and a passing case look like, what to do.
//!
//! In: a rule of a pack; its first failing and passing case are run, so a page never shows what the rule
//! does not say. Out: [`Page`], as text for a terminal or as Markdown.

use std::fmt::Write as _;

use super::cases::{self, Case, Expected, Shown};
use crate::doc::LineIndex;
use crate::rule::{Pack, Rule};

/// The control of a framework that a rule bears on.
#[derive(Debug, Clone)]
pub struct Control {
    /// The framework's name.
    pub framework: String,
    /// The control.
    pub id: String,
    /// Its title; empty where the framework's file does not say.
    pub title: String,
}

/// What a page says.
#[derive(Debug)]
pub struct Page<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// Its controls with their titles.
    pub controls: Vec<Control>,
    /// The notes of the frameworks among them.
    pub notes: Vec<String>,
    /// A failing case: what it shows, its first finding.
    pub fails: Option<(Case, Shown)>,
    /// A passing case.
    pub passes: Option<Case>,
}

/// A rule's title: its id in words.
pub fn title(rule: &Rule) -> String {
    let words = rule.id.replace('-', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Lines of a text around a span, with numbers and the span underlined.
struct Excerpt {
    lines: Vec<(u32, String)>,
    /// The line below which carets stand, and their columns.
    carets: Option<(u32, usize, usize)>,
}

/// Lines shown before and after.
const AROUND: u32 = 2;
/// Longer lines are cut.
const WIDTH: usize = 100;

impl Excerpt {
    fn new(shown: &Shown) -> Self {
        let index = LineIndex::new(&shown.text);
        let (first, column) = index.line_column(&shown.text, shown.span.start);
        let (last, end) = index.line_column(&shown.text, shown.span.end);
        let lines = (1u32..)
            .zip(shown.text.lines())
            .filter(|(n, _)| *n + AROUND >= first && *n <= last.min(first + 8) + AROUND)
            .map(|(n, line)| (n, line.chars().take(WIDTH).collect()))
            .collect();
        let start = column as usize - 1;
        let width = if first == last { (end as usize - 1).saturating_sub(start).max(1) } else { 1 };
        Self { lines, carets: Some((first, start, width.min(WIDTH))) }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let wide = self.lines.last().map_or(1, |(n, _)| n.to_string().len());
        for (n, line) in &self.lines {
            let _ = writeln!(out, "{n:>wide$} │ {line}");
            if let Some((_, start, width)) = self.carets.filter(|(at, _, _)| at == n) {
                let _ = writeln!(out, "{:wide$} │ {:start$}{}", "", "", "^".repeat(width));
            }
        }
        out
    }
}

impl<'p> Page<'p> {
    /// Gathers a rule's page.
    pub fn new(pack: &Pack, rule: &'p Rule) -> Self {
        let (mut controls, mut notes) = (Vec::new(), Vec::new());
        for (framework, ids) in &rule.controls {
            let known = pack.framework(framework);
            if let Some(known) = known
                && !known.note.is_empty()
                && !notes.contains(&known.note)
            {
                notes.push(known.note.clone());
            }
            controls.extend(ids.iter().map(|id| Control {
                framework: known.map_or_else(|| framework.to_string(), |f| f.name.clone()),
                id: id.to_string(),
                title: known.and_then(|f| f.title(id)).unwrap_or_default().to_owned(),
            }));
        }
        let cases = cases::of(pack, rule).unwrap_or_default();
        let fails = cases.iter().filter(|c| c.expected == Expected::Fail).find_map(|case| {
            let shown = cases::run(pack, rule, case).findings.into_iter().next()?;
            Some((case.clone(), shown))
        });
        let passes = cases.into_iter().find(|c| c.expected == Expected::Pass);
        Self { rule, controls, notes, fails, passes }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let rule = self.rule;
        let mut out = vec![
            ("judges", rule.subjects.join(", ")),
            ("severity", rule.severity.to_string()),
            ("default", if rule.default_on { "on" } else { "off: runs only when it is switched on" }.to_owned()),
        ];
        if !rule.needs.is_empty() {
            out.push(("needs", format!("{} of the scope in alicerce.toml", rule.needs.join(", "))));
        }
        if let Some(guide) = &rule.guide {
            out.push(("guide", guide.to_string()));
        }
        if !rule.aliases.is_empty() {
            out.push(("formerly", rule.aliases.join(", ")));
        }
        out
    }

    fn logic(&self) -> Vec<(&'static str, &str)> {
        ["when", "each", "require"]
            .into_iter()
            .map(|key| (key, self.rule.source(key).trim()))
            .filter(|(_, s)| !s.is_empty())
            .collect()
    }

    fn fix(&self) -> &str {
        self.fails.as_ref().map_or_else(|| self.rule.source("fix"), |(_, shown)| &shown.fix).trim_end()
    }

    /// For a terminal.
    pub fn terminal(&self, color: bool, width: usize) -> String {
        let bold = |text: &str| if color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        let mut out = String::new();
        let _ = writeln!(out, "{}\n", bold(&format!("{}/{}", self.rule.family, self.rule.id)));
        out.push_str(&wrap(&self.rule.why, width, ""));
        out.push('\n');
        for (name, value) in self.facts() {
            out.push_str(&wrap(&format!("{name:<9} {value}"), width, "          "));
        }
        let _ = writeln!(out, "\n{}", bold("How it judges"));
        for (key, source) in self.logic() {
            let _ = writeln!(out, "  {key}:");
            source.lines().for_each(|l| {
                let _ = writeln!(out, "    {l}");
            });
        }
        if let Some((case, shown)) = &self.fails {
            let _ = writeln!(out, "\n{}", bold("Fails"));
            out.push_str(&wrap(&about(case), width, ""));
            let _ = writeln!(out, "\n  {}", shown.file);
            Excerpt::new(shown).text().lines().for_each(|l| {
                let _ = writeln!(out, "  {l}");
            });
            out.push_str(&wrap(&format!("  → {}", shown.message), width, "    "));
        }
        if let Some(case) = &self.passes {
            let _ = writeln!(out, "\n{}", bold("Passes"));
            out.push_str(&wrap(&about(case), width, ""));
        }
        let _ = writeln!(out, "\n{}\n{}", bold("Fix"), self.fix());
        if !self.controls.is_empty() {
            let _ = writeln!(out, "\n{}", bold("Controls"));
            for c in &self.controls {
                out.push_str(&wrap(&format!("  {} {}  {}", c.framework, c.id, c.title), width, "    "));
            }
            self.notes.iter().for_each(|n| out.push_str(&wrap(n, width, "")));
        }
        out
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n\n", self.rule.id, self.rule.why);
        for (name, value) in self.facts() {
            let _ = writeln!(out, "- **{name}**: {value}");
        }
        out.push_str("\n## How it judges\n\n");
        for (key, source) in self.logic() {
            let _ = writeln!(out, "`{key}`:\n\n{}\n", fenced("cel", source));
        }
        if let Some((case, shown)) = &self.fails {
            let _ = writeln!(
                out,
                "## Fails\n\n{}\n\n`{}`:\n\n{}\n",
                about(case),
                shown.file,
                fenced("text", &Excerpt::new(shown).text())
            );
            let _ = writeln!(out, "> {}\n", shown.message);
        }
        if let Some(case) = &self.passes {
            let _ = writeln!(out, "## Passes\n\n{}\n", about(case));
            if let [(path, text)] = case.files.as_slice()
                && text.lines().count() <= 60
            {
                let _ = writeln!(out, "`{path}`:\n\n{}\n", fenced("json", text));
            }
            if let ([], Some(text)) = (case.files.as_slice(), &case.config) {
                let _ = writeln!(out, "`alicerce.toml`:\n\n{}\n", fenced("toml", text));
            }
        }
        let _ = writeln!(out, "## Fix\n\n{}\n", fenced("text", self.fix()));
        if !self.controls.is_empty() {
            out.push_str("## Controls\n\n| framework | control | title |\n|---|---|---|\n");
            for c in &self.controls {
                let cell = |text: &str| text.replace('|', "\\|");
                let _ = writeln!(out, "| {} | {} | {} |", cell(&c.framework), cell(&c.id), cell(&c.title));
            }
            self.notes.iter().for_each(|n| {
                let _ = writeln!(out, "\n{n}");
            });
        }
        out
    }
}

fn about(case: &Case) -> String {
    if case.about.is_empty() { case.name.clone() } else { case.about.clone() }
}

/// A fence longer than any run of backquotes in the text.
fn fenced(language: &str, text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

/// Words in lines of at most `width` characters, further lines behind `indent`.
fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let lead: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut current = lead.clone();
        let mut empty = true;
        for word in line.trim_start().split(' ') {
            if !empty && current.chars().count() + 1 + word.chars().count() > width {
                out.push_str(current.trim_end());
                out.push('\n');
                current = indent.to_owned();
                empty = true;
            }
            if !empty {
                current.push(' ');
            }
            current.push_str(word);
            empty = false;
        }
        out.push_str(current.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_the_place_is_underlined() {
        assert_eq!(wrap("one two three", 8, "  "), "one two\n  three\n");
        let text = "{\n  \"Action\": \"bedrock:*\"\n}\n";
        let start = u32::try_from(text.find("\"bedrock").unwrap()).unwrap();
        let span = crate::doc::Span { start, end: start + 11 };
        let shown = Shown { message: String::new(), fix: String::new(), file: "f".into(), text: text.into(), span };
        let shown = Excerpt::new(&shown).text();
        assert_eq!(shown, "1 │ {\n2 │   \"Action\": \"bedrock:*\"\n  │             ^^^^^^^^^^^\n3 │ }\n");
    }
}
