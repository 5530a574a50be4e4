//! Where guardrail profiles route to, as far as AWS's page says.
//!
//! In: the dated table `guardrail_profiles.txt`. Out: the destinations of a profile in a Region; `None` where the table has no line,
//! which says nothing of where it routes to.

/// The table as it stands in the source tree.
const TABLE: &str = include_str!("guardrail_profiles.txt");

/// The day up to which the table was read.
pub const DATE: &str = "2026-10-31";

/// The Regions in which a guardrail with the profile (`us.guardrail.v1:0`) may look at a text when it is called in `source`.
pub fn destinations(profile: &str, source: &str) -> Option<Vec<&'static str>> {
    TABLE.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let fits = fields.next() == Some(profile) && fields.next() == Some(source);
        fields.next().filter(|_| fits).map(|to| to.split(',').collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_decides_and_what_the_table_lacks_is_not_known() {
        assert_eq!(destinations("us.guardrail.v1:0", "us-east-1"), Some(vec!["us-east-1", "us-east-2", "us-west-2"]));
        assert!(destinations("eu.guardrail.v1:0", "il-central-1").is_some_and(|to| to.contains(&"il-central-1")));
        assert_eq!(destinations("us.guardrail.v1:0", "sa-east-1"), None);
        assert_eq!(destinations("sa.guardrail.v1:0", "us-east-1"), None);
    }

    #[test]
    fn every_line_has_three_fields() {
        assert!(TABLE.lines().filter(|l| !l.starts_with('#')).all(|l| l.split('\t').count() == 3));
    }
}
