//! The Regions of the commercial partition.
//!
//! Dated like every table: a Region that is missing here is treated as one more unknown place, never as approved.

/// One Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Its code.
    pub name: &'static str,
    /// Where it is.
    pub place: &'static str,
    /// ISO 3166-1 alpha-2 code of the country.
    pub country: &'static str,
}

const fn region(name: &'static str, place: &'static str, country: &'static str) -> Region {
    Region { name, place, country }
}

/// The day up to which the table is known to be complete.
pub const DATE: &str = "2026-11-17";

const REGIONS: &[Region] = &[
    region("af-south-1", "Cape Town", "ZA"),
    region("ap-east-1", "Hong Kong", "HK"),
    region("ap-east-2", "Taipei", "TW"),
    region("ap-northeast-1", "Tokyo", "JP"),
    region("ap-northeast-2", "Seoul", "KR"),
    region("ap-northeast-3", "Osaka", "JP"),
    region("ap-south-1", "Mumbai", "IN"),
    region("ap-south-2", "Hyderabad", "IN"),
    region("ap-southeast-1", "Singapore", "SG"),
    region("ap-southeast-2", "Sydney", "AU"),
    region("ap-southeast-3", "Jakarta", "ID"),
    region("ap-southeast-4", "Melbourne", "AU"),
    region("ap-southeast-5", "Malaysia", "MY"),
    region("ap-southeast-6", "New Zealand", "NZ"),
    region("ap-southeast-7", "Thailand", "TH"),
    region("ca-central-1", "Central Canada", "CA"),
    region("ca-west-1", "Calgary", "CA"),
    region("eu-central-1", "Frankfurt", "DE"),
    region("eu-central-2", "Zurich", "CH"),
    region("eu-north-1", "Stockholm", "SE"),
    region("eu-south-1", "Milan", "IT"),
    region("eu-south-2", "Spain", "ES"),
    region("eu-west-1", "Ireland", "IE"),
    region("eu-west-2", "London", "GB"),
    region("eu-west-3", "Paris", "FR"),
    region("il-central-1", "Tel Aviv", "IL"),
    region("me-central-1", "United Arab Emirates", "AE"),
    region("me-south-1", "Bahrain", "BH"),
    region("me-west-1", "Saudi Arabia", "SA"),
    region("mx-central-1", "Mexico", "MX"),
    region("sa-east-1", "São Paulo", "BR"),
    region("sa-west-1", "Chile", "CL"),
    region("us-east-1", "Northern Virginia", "US"),
    region("us-east-2", "Ohio", "US"),
    region("us-west-1", "Northern California", "US"),
    region("us-west-2", "Oregon", "US"),
];

/// All Regions, by code.
pub fn all() -> &'static [Region] {
    REGIONS
}

/// The Region of this code.
pub fn find(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|r| r.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(REGIONS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(find("sa-east-1").is_some_and(|r| r.country == "BR"));
    }
}
