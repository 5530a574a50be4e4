//! Waivers: which findings they cover, and the findings that stale waivers are themselves.
//!
//! In: `[[waiver]]` entries, findings, today. Out: covered findings carry their waiver; an expired waiver covers nothing and is
//! a finding, one that covers nothing though its rule was judged is another; both are underlined in `alicerce.toml`. Never: a waiver
//! called stale whose subject may not have been collected.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Known, Uncollected, WAIVER_EXPIRED, WAIVER_UNMATCHED};
use crate::config::{Config, Waiver, glob};
use crate::doc::Span;
use crate::finding::{Finding, Outcome, Severity, Sources, Subject, Triage, WaiverRef, fingerprint};

/// Applies the configuration's waivers and gives the findings about stale ones.
pub(super) fn apply(
    findings: &mut [Finding],
    sources: &mut Sources,
    config: &Config,
    today: Date,
    rules: &[Known<'_>],
    uncollected: &BTreeMap<usize, Uncollected>,
) -> Vec<Finding> {
    let mut matched: BTreeSet<usize> = BTreeSet::new();
    let mut by_rule: BTreeMap<&str, Vec<(usize, &Waiver)>> = BTreeMap::new();
    for (i, waiver) in config.waivers.iter().enumerate() {
        by_rule.entry(canonical(&waiver.rule.value, rules)).or_default().push((i, waiver));
    }
    for finding in findings.iter_mut().filter(|f| matches!(f.outcome, Outcome::Fail | Outcome::Unknown)) {
        for (i, waiver) in by_rule.get(finding.rule.as_str()).into_iter().flatten() {
            if !covers(waiver, finding) {
                continue;
            }
            matched.insert(*i);
            if finding.triage.waiver.is_none() && waiver.expires.value >= today {
                finding.triage.waiver = Some(reference(waiver));
            }
        }
    }
    let mut stale = Vec::new();
    for (i, waiver) in config.waivers.iter().enumerate() {
        if waiver.expires.value < today {
            stale.push(expired(waiver, config, sources, matched.contains(&i)));
        } else if !matched.contains(&i) && judged(&waiver.rule.value, rules) {
            stale.push(match uncollected.get(&i) {
                None => unmatched(waiver, config, sources),
                Some(why) => undecided(waiver, config, sources, why),
            });
        }
    }
    stale
}

/// The id that an id or alias stands for.
pub(super) fn canonical<'a>(id: &'a str, rules: &[Known<'a>]) -> &'a str {
    rules.iter().find(|r| r.id == id || r.aliases.contains(&id)).map_or(id, |r| r.id)
}

fn judged(id: &str, rules: &[Known<'_>]) -> bool {
    rules.iter().any(|r| r.enabled && (r.id == id || r.aliases.contains(&id)))
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let pattern = &*waiver.subject.value;
    glob::matches(pattern, &finding.subject.id)
        || glob::matches(pattern, &finding.subject.name)
        || finding.locations.first().is_some_and(|l| glob::path_matches(pattern, &l.file))
}

fn reference(waiver: &Waiver) -> WaiverRef {
    WaiverRef {
        reason: waiver.reason.to_string(),
        owner: waiver.owner.to_string(),
        ticket: waiver.ticket.as_ref().map(ToString::to_string),
        expires: waiver.expires.value.to_string(),
    }
}

fn expired(waiver: &Waiver, config: &Config, sources: &mut Sources, matched: bool) -> Finding {
    let effect = if matched { "the finding counts again" } else { "it covers nothing any more" };
    let message = format!(
        "the waiver of `{}` for `{}` expired on {}; {effect}",
        waiver.rule.value, waiver.subject.value, waiver.expires.value
    );
    let fix = if matched {
        format!("mend the finding, or have `{}` decide anew and give a later `expires`", waiver.owner)
    } else {
        "remove the [[waiver]]".to_owned()
    };
    finding(WAIVER_EXPIRED, Severity::Medium, waiver, config, sources, waiver.expires.span, message, fix)
}

fn unmatched(waiver: &Waiver, config: &Config, sources: &mut Sources) -> Finding {
    let message = format!("the waiver of `{}` for `{}` covers no finding", waiver.rule.value, waiver.subject.value);
    let fix = "remove the [[waiver]], or mend its `subject` (an ARN, id, name or path; `*` stands for anything)".to_owned();
    finding(WAIVER_UNMATCHED, Severity::Low, waiver, config, sources, waiver.subject.span, message, fix)
}

/// The waived subject may be there and was not seen: not known, or a note where its whole account was left out of the scan.
fn undecided(waiver: &Waiver, config: &Config, sources: &mut Sources, why: &Uncollected) -> Finding {
    let message = format!(
        "whether the waiver of `{}` for `{}` covers a finding was not seen: {}",
        waiver.rule.value, waiver.subject.value, why.reason.text
    );
    let fix = "scan what the waiver is about as well, before it is removed".to_owned();
    let severity = if why.account { Severity::Info } else { Severity::Low };
    let made = finding(WAIVER_UNMATCHED, severity, waiver, config, sources, waiver.subject.span, message, fix);
    if why.account {
        return made;
    }
    Finding { outcome: Outcome::Unknown, reasons: vec![why.reason.clone()], ..made }
}

#[expect(clippy::too_many_arguments, reason = "one caller each for two findings that differ in all of these")]
fn finding(
    rule: &str,
    severity: Severity,
    waiver: &Waiver,
    config: &Config,
    sources: &mut Sources,
    span: Span,
    message: String,
    fix: String,
) -> Finding {
    let file = config.name.as_deref().unwrap_or("alicerce.toml");
    let id = format!("{file}/waiver/{}/{}", waiver.rule.value, waiver.subject.value);
    Finding {
        rule: rule.to_owned(),
        outcome: Outcome::Fail,
        severity,
        fingerprint: fingerprint(rule, &format!("waiver/{}/{}", waiver.rule.value, waiver.subject.value), &[]),
        subject: Subject { kind: "waiver".into(), id, name: waiver.subject.value.to_string(), account: None, region: None },
        scope: String::new(),
        message,
        reasons: Vec::new(),
        locations: vec![sources.span(file, &config.text, span)],
        related: Vec::new(),
        witness: None,
        fix: Some(fix),
        triage: Triage::default(),
    }
}
