//! The Regions of AWS and the countries they stand in.
//!
//! In: nothing; the table is this file. Out: the commercial Regions, and the country of a Region of any public partition.
//! Dated like every table: a Region that is missing here is treated as one more unknown place, never as approved, and
//! has no country.

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

/// A country, or a territory with a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2 code.
    pub code: &'static str,
    /// Its short name in English.
    pub name: &'static str,
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

/// Regions of the other public partitions: China, GovCloud (US), the European Sovereign Cloud.
const OTHER_PARTITIONS: &[Region] = &[
    region("cn-north-1", "Beijing", "CN"),
    region("cn-northwest-1", "Ningxia", "CN"),
    region("eusc-de-east-1", "Brandenburg", "DE"),
    region("us-gov-east-1", "AWS GovCloud (US-East)", "US"),
    region("us-gov-west-1", "AWS GovCloud (US-West)", "US"),
];

const COUNTRIES: &[Country] = &[
    Country { code: "AE", name: "United Arab Emirates" },
    Country { code: "AU", name: "Australia" },
    Country { code: "BH", name: "Bahrain" },
    Country { code: "BR", name: "Brazil" },
    Country { code: "CA", name: "Canada" },
    Country { code: "CH", name: "Switzerland" },
    Country { code: "CL", name: "Chile" },
    Country { code: "CN", name: "China" },
    Country { code: "DE", name: "Germany" },
    Country { code: "ES", name: "Spain" },
    Country { code: "FR", name: "France" },
    Country { code: "GB", name: "United Kingdom" },
    Country { code: "HK", name: "Hong Kong" },
    Country { code: "ID", name: "Indonesia" },
    Country { code: "IE", name: "Ireland" },
    Country { code: "IL", name: "Israel" },
    Country { code: "IN", name: "India" },
    Country { code: "IT", name: "Italy" },
    Country { code: "JP", name: "Japan" },
    Country { code: "KR", name: "South Korea" },
    Country { code: "MX", name: "Mexico" },
    Country { code: "MY", name: "Malaysia" },
    Country { code: "NZ", name: "New Zealand" },
    Country { code: "SA", name: "Saudi Arabia" },
    Country { code: "SE", name: "Sweden" },
    Country { code: "SG", name: "Singapore" },
    Country { code: "TH", name: "Thailand" },
    Country { code: "TW", name: "Taiwan" },
    Country { code: "US", name: "United States" },
    Country { code: "ZA", name: "South Africa" },
];

/// The commercial Regions, by code.
pub fn all() -> &'static [Region] {
    REGIONS
}

/// The commercial Region of this code.
pub fn find(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|r| r.name == name)
}

/// The country in which a Region of any public partition stands; `None` for a Region that the table lacks, and for
/// `unspecified`, the Region of a request that a global inference profile routes.
pub fn country(region: &str) -> Option<Country> {
    let region = REGIONS.iter().chain(OTHER_PARTITIONS).find(|r| r.name == region)?;
    COUNTRIES.iter().find(|country| country.code == region.country).copied()
}

/// The table as lines, one a Region: what the digest in a report is taken of.
pub(super) fn text() -> String {
    let lines = REGIONS.iter().chain(OTHER_PARTITIONS).map(|r| {
        let country = country(r.name).map_or("", |c| c.name);
        format!("{}\t{}\t{}\t{country}\n", r.name, r.place, r.country)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(REGIONS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(OTHER_PARTITIONS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(COUNTRIES.windows(2).all(|w| w[0].code < w[1].code));
        assert!(find("sa-east-1").is_some_and(|r| r.country == "BR"));
    }
    #[test]
    fn every_region_has_a_country_and_every_country_a_region() {
        for region in REGIONS.iter().chain(OTHER_PARTITIONS) {
            assert_eq!(country(region.name).map(|c| c.code), Some(region.country), "{}", region.name);
        }
        for c in COUNTRIES {
            assert!(REGIONS.iter().chain(OTHER_PARTITIONS).any(|r| r.country == c.code), "{}", c.name);
        }
        assert_eq!(country("sa-east-1").map(|c| c.name), Some("Brazil"));
        assert_eq!(country("eu-central-2").map(|c| c.name), Some("Switzerland"));
        assert_eq!(country("us-gov-west-1").map(|c| c.code), Some("US"));
        assert_eq!(country("unspecified"), None);
        assert_eq!(country(""), None);
    }
}
