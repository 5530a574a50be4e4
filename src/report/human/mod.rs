//! The report for people: findings by severity with the offending text underlined, then counts, then what could not be
//! determined and what to do about it, then what was looked at.
//!
//! In: the report and how the terminal is. Out: text. Never: an escape sequence where colour is off, or one from the data.

mod coverage;
mod lists;
mod paint;
mod snippet;

use crate::finding::{Finding, Location, Outcome, Related};
use crate::report::Report;
use crate::report::text::{visible, visible_lines};

use paint::{Paint, wrap};
use snippet::Drawing;

/// How to print. The caller looks at the terminal and the environment; nothing here does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Columns, at least 40.
    pub width: usize,
    /// ANSI colours.
    pub color: bool,
    /// Box-drawing characters; else ASCII.
    pub unicode: bool,
    /// Everything: no cap on findings of one rule, on reasons, on skipped files.
    pub full: bool,
    /// Findings of one rule that are drawn; the others are counted.
    pub per_rule: usize,
}

impl Default for Options {
    /// 80 columns, no colour, everything capped: right for a pipe.
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true, full: false, per_rule: 5 }
    }
}

/// The whole report.
pub fn render(report: &Report, options: &Options) -> String {
    let options = Options { width: options.width.max(40), ..options.clone() };
    let mut page = Page { report, options: &options, paint: Paint::new(&options), out: String::new() };
    page.findings();
    page.summary();
    page.waived();
    page.baseline();
    page.undetermined();
    page.postures();
    page.looked_at();
    page.verdict();
    page.out
}

/// The page while it is written.
struct Page<'a> {
    report: &'a Report,
    options: &'a Options,
    paint: Paint,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// A paragraph, wrapped; `text` must be safe already.
    fn wrapped(&mut self, indent: &str, hanging: &str, text: &str) {
        for line in wrap(text, self.options.width, indent, hanging) {
            self.line(&line);
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.line("");
        }
        let text = self.paint.bold(text);
        self.line(&text);
        self.line("");
    }

    /// Open failures, by severity and rule.
    fn findings(&mut self) {
        let open: Vec<&Finding> = self.report.open().collect();
        let groups = open.chunk_by(|a, b| a.rule == b.rule && a.severity == b.severity);
        for group in groups {
            let shown = if self.options.full { group.len() } else { self.options.per_rule.max(1) };
            for finding in group.iter().take(shown) {
                self.finding(finding);
            }
            if let (Some(first), Some(more)) = (group.first(), group.len().checked_sub(shown).filter(|n| *n > 0)) {
                let text = format!("and {more} more of `{}` (use --full)", visible(&first.rule));
                let text = self.paint.dim(&text);
                self.line(&text);
                self.line("");
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let (report, options) = (self.report, self.options);
        let region = finding.locations.first().and_then(|l| Some((l, report.sources.text(report.sources.get(l)?)?)));
        let heading = format!("{}[{}]", finding.severity, visible(&finding.rule));
        let message = wrap(&visible(&finding.message), options.width.saturating_sub(6), "", "").join("\n");
        let drawing =
            Drawing { heading, message, severity: finding.severity, region: region.as_ref().map(|(l, text)| (*l, &**text)) };
        let drawn = snippet::draw(&drawing, options);
        self.out.push_str(&drawn);
        self.subject(finding);
        for location in finding.locations.iter().skip(1).take(if options.full { usize::MAX } else { 3 }) {
            let text = format!("{} {}", place(location), one_line(&location.snippet));
            self.labelled("also", &text);
        }
        let more = finding.locations.len().saturating_sub(4);
        if more > 0 && !options.full {
            self.labelled("also", &format!("{more} more places (use --full)"));
        }
        for Related { location, message } in finding.related.iter().take(if options.full { usize::MAX } else { 5 }) {
            let text = format!("{} {}: {}", place(location), one_line(&location.snippet), visible(message));
            self.labelled("because", &text);
        }
        if let Some(witness) = &finding.witness {
            self.labelled("witness", &visible(witness));
        }
        self.controls(finding);
        self.fix(finding);
        self.line("");
    }

    fn subject(&mut self, finding: &Finding) {
        let subject = &finding.subject;
        let mut text = format!("{} {}", visible(&subject.kind), visible(&subject.id));
        let account = subject.account.as_deref().filter(|a| !subject.id.contains(*a));
        for part in [account, subject.region.as_deref().filter(|r| !subject.id.contains(*r))].into_iter().flatten() {
            text.push_str(&format!(", {}", visible(part)));
        }
        if finding.scope != "all" && !finding.scope.is_empty() {
            text.push_str(&format!(", scope {}", visible(&finding.scope)));
        }
        self.labelled("subject", &text);
    }

    fn controls(&mut self, finding: &Finding) {
        let Some(rule) = self.report.rule(&finding.rule) else { return };
        if rule.controls.is_empty() {
            return;
        }
        let parts: Vec<String> =
            rule.controls.iter().map(|(k, v)| format!("{} {}", visible(k), visible(&v.join(", ")))).collect();
        self.labelled("controls", &parts.join("; "));
    }

    /// Prose is wrapped; what is indented is text to paste and stays as it is.
    fn fix(&mut self, finding: &Finding) {
        let Some(fix) = &finding.fix else { return };
        let label = self.paint.cyan("fix");
        self.line(&format!("  {label}:"));
        let lines: Vec<String> = visible_lines(fix).collect();
        for block in lines.chunk_by(|a, b| is_flush(a) && is_flush(b)) {
            if block.iter().all(|l| is_flush(l)) && is_prose(block) {
                self.wrapped("      ", "      ", &block.join(" "));
                continue;
            }
            for line in block {
                self.line(&format!("      {line}"));
            }
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let mut lines = wrap(text, self.options.width, &format!("  {label}: "), "      ").into_iter();
        if let Some(first) = lines.next() {
            let painted = first.replacen(label, &self.paint.cyan(label), 1);
            self.line(&painted);
        }
        for line in lines {
            self.line(&line);
        }
    }

    /// The last line: the counts and what they mean for the exit code.
    fn verdict(&mut self) {
        let report = self.report;
        let counts = report.open_by_severity();
        let parts: Vec<String> = counts.iter().filter(|(_, n)| **n > 0).map(|(s, n)| format!("{n} {s}")).collect();
        let nothing = report.inputs.iter().all(|i| i.documents == 0);
        let found = match (parts.is_empty(), nothing) {
            (true, true) => "nothing was judged: no input is a policy or an AWS answer that alicerce knows".to_owned(),
            (true, false) => "no open findings".to_owned(),
            (false, _) => parts.join(", "),
        };
        let unknown = report.of(Outcome::Unknown).count();
        let unknown = if unknown > 0 { format!("; {unknown} could not be determined") } else { String::new() };
        let limit = report.fail_on.map_or_else(|| "never".to_owned(), |s| s.to_string());
        let code = match report.exit_code {
            0 => format!("exit code 0: nothing open at or above --fail-on {limit}"),
            1 => format!("exit code 1: open findings at or above --fail-on {limit}"),
            3 => "exit code 3: the run cannot be trusted to be complete".to_owned(),
            other => format!("exit code {other}"),
        };
        self.line("");
        self.wrapped("", "  ", &format!("{found}{unknown} ({code})"));
    }
}

/// A line that begins at the margin.
fn is_flush(line: &str) -> bool {
    line.starts_with(|c: char| !c.is_whitespace())
}

/// A paragraph that begins as a sentence does and holds no continued command line.
fn is_prose(lines: &[String]) -> bool {
    let sentence = |l: &String| l.starts_with(char::is_uppercase) && l.contains(' ');
    lines.first().is_some_and(sentence) && !lines.iter().any(|l| l.ends_with('\\'))
}

/// `file:line:column`, safe.
pub(crate) fn place(location: &Location) -> String {
    format!("{}:{}:{}", visible(&location.file), location.start.line, location.start.column)
}

/// A snippet in backticks on one line, at most 80 characters of it.
pub(crate) fn one_line(snippet: &str) -> String {
    let flat = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out: String = flat.chars().take(80).collect();
    if flat.chars().count() > 80 {
        out.push('…');
    }
    format!("`{}`", visible(&out))
}
