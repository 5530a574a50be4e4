//! Date operators.
//!
//! In: a date in one of the W3C profiles of ISO 8601, or seconds since 1970-01-01. Out: nanoseconds since then.
//! A text that is neither makes the comparison unknown.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Comparison, numeric};
use crate::iam::truth::Truth;

pub(crate) fn parse(text: &str) -> Option<i128> {
    let text = text.trim();
    if let Some(seconds) = epoch(text) {
        return Some(seconds);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_nanosecond());
    }
    let day = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        // Minutes without seconds: `2012-07-16T12:00Z`.
        _ => return with_seconds(text)?.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond),
    };
    let date: Date = day.parse().ok()?;
    let start = date.to_zoned(TimeZone::UTC).ok()?;
    Some(start.timestamp().as_nanosecond())
}

/// Seconds since 1970; four digits alone are a year.
fn epoch(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() == 4
        || whole.len() > 18
        || fraction.len() > 9
        || !all_digits(whole)
        || !all_digits(fraction)
    {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * 1_000_000_000 + nanos)
}

fn with_seconds(text: &str) -> Option<String> {
    let (minute, zone) = text.split_at_checked(16)?;
    (zone == "Z" || zone.starts_with(['+', '-'])).then(|| format!("{minute}:00{zone}"))
}

pub(super) fn compare(comparison: Comparison, policy: i128, given: &str) -> Truth {
    match parse(given) {
        None => Truth::Unknown,
        Some(given) => numeric::holds(comparison, given.cmp(&policy)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_profile_names_the_same_instant() {
        let noon = parse("2013-06-30T12:00:00Z").unwrap();
        for same in ["2013-06-30T12:00Z", "2013-06-30T14:00:00+02:00", "2013-06-30T14:00+02:00", "1372593600", "1372593600.0"] {
            assert_eq!(parse(same), Some(noon), "{same}");
        }
        assert_eq!(parse("2013"), parse("2013-01-01T00:00:00Z"));
        assert_eq!(parse("2013-06"), parse("2013-06-01"));
        for wrong in ["", "yesterday", "2013-13-01", "2013-06-30T25:00:00Z", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
