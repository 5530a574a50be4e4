//! Condition keys and their types.
//!
//! In: a key as a policy writes it, whatever its case: `aws:PrincipalTag/team`, `bedrock:guardrailIdentifier`. Out: what AWS
//! documents of it. A key that the table lacks may be newer than it, or an identity provider's own: `None`, never a mistake.

use super::services::{self, Service};
use crate::iam::glob::Glob;

/// A condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As AWS writes it; a part that varies is `${…}`: `aws:PrincipalTag/${TagKey}`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// It may have several values at once (`ArrayOf…`), so that set operators are needed.
    pub many: bool,
}

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Text.
    String,
    /// A number.
    Numeric,
    /// A date.
    Date,
    /// `true` or `false`.
    Bool,
    /// Bytes, in Base64.
    Binary,
    /// An IP address.
    IpAddress,
    /// An ARN.
    Arn,
    /// A type that this version does not know.
    Other,
}

impl Key {
    pub(super) fn of_type(self, text: &str) -> Self {
        let (many, one) = text.strip_prefix("ArrayOf").map_or((false, text), |one| (true, one));
        let kind = match one {
            "String" => KeyType::String,
            "Numeric" => KeyType::Numeric,
            "Date" => KeyType::Date,
            "Bool" => KeyType::Bool,
            "Binary" | "BinaryEquals" => KeyType::Binary,
            "IPAddress" => KeyType::IpAddress,
            "ARN" => KeyType::Arn,
            _ => KeyType::Other,
        };
        Self { kind, many, ..self }
    }

    /// Whether this is the key that a policy writes so.
    pub fn is(&self, written: &str) -> bool {
        names(self.name, written)
    }
}

/// Services whose blocks hold keys with other prefixes that are nowhere else: identity providers' (`saml:aud`), `catalog:`.
const WITH_FOREIGN_KEYS: [&str; 7] =
    ["sts", "cognito-identity", "sso", "aws-marketplace", "ec2-instance-connect", "iotjobsdata", "q"];

/// What is known of the condition key that a policy writes so.
pub fn find(written: &str) -> Option<Key> {
    let (prefix, _) = written.split_once(':')?;
    let own = services::find(prefix);
    let foreign = || WITH_FOREIGN_KEYS.iter().filter_map(|prefix| services::find(prefix));
    let of = |keys: &'static [Key]| keys.iter().find(|key| key.is(written)).copied();
    of(services::everybodys_keys())
        .or_else(|| own.map(Service::keys).and_then(of))
        .or_else(|| foreign().map(Service::keys).find_map(of))
}

/// A key as AWS's documentation spells it; as it is written where the table lacks it. A tag's name stays as it is written.
pub fn spelled(written: &str) -> String {
    let Some(key) = find(written) else { return written.to_owned() };
    let Some((fixed, _)) = key.name.split_once("${") else { return key.name.to_owned() };
    match written.split_at_checked(fixed.len()) {
        Some((_, varying)) => format!("{fixed}{varying}"),
        None => written.to_owned(),
    }
}

/// Whether `written` is the key `name`, in which each `${…}` stands for some text.
pub(super) fn names(name: &str, written: &str) -> bool {
    if !name.contains("${") {
        return name.eq_ignore_ascii_case(written);
    }
    let mut parts = name.split("${");
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        pattern.push_str("?*");
        pattern.push_str(part.split_once('}').map_or("", |(_, literal)| literal));
    }
    Glob::new(&pattern, true).matches(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_found_however_it_is_written() {
        for (written, name, kind, many) in [
            ("AWS:requestedregion", "aws:RequestedRegion", KeyType::String, false),
            ("aws:PrincipalTag/team", "aws:PrincipalTag/${TagKey}", KeyType::String, false),
            ("aws:TagKeys", "aws:TagKeys", KeyType::String, true),
            ("aws:SourceIp", "aws:SourceIp", KeyType::IpAddress, false),
            ("aws:CurrentTime", "aws:CurrentTime", KeyType::Date, false),
            ("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthPresent", KeyType::Bool, false),
            ("bedrock:inferenceprofilearn", "bedrock:InferenceProfileArn", KeyType::Arn, false),
            ("bedrock-agentcore:subnets", "bedrock-agentcore:subnets", KeyType::String, true),
            ("kms:EncryptionContext:aws:s3:arn", "kms:EncryptionContext:${EncryptionContextKey}", KeyType::String, false),
            ("iam:ServiceSpecificCredentialAgeDays", "iam:ServiceSpecificCredentialAgeDays", KeyType::Numeric, false),
            ("saml:aud", "saml:aud", KeyType::String, false),
            ("token.actions.githubusercontent.com:actor", "token.actions.githubusercontent.com:actor", KeyType::String, false),
            ("lambda:SourceFunctionArn", "lambda:SourceFunctionArn", KeyType::Arn, false),
        ] {
            let key = find(written);
            assert_eq!(key.map(|k| (k.name, k.kind, k.many)), Some((name, kind, many)), "{written}");
        }
        for unknown in ["", ":", "aws:", "aws:PrincipalTag/", "aws:NoSuchKey", "bedrock:NoSuchKey", "*:*", "nosuch:key"] {
            assert_eq!(find(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_key_is_spelled_as_aws_does() {
        for (written, spelling) in [
            ("aws:requestedregion", "aws:RequestedRegion"),
            ("aws:principaltag/Área", "aws:PrincipalTag/Área"),
            ("no:such", "no:such"),
            ("", ""),
        ] {
            assert_eq!(spelled(written), spelling);
        }
    }

    #[test]
    fn every_key_of_the_table_is_found_and_has_a_type() {
        for service in services::all() {
            for key in service.keys() {
                assert_ne!(key.kind, KeyType::Other, "{}", key.name);
                let written = key.name.replace("${", "x-").replace('}', "");
                let found = find(&written).unwrap_or_else(|| panic!("{written}"));
                assert!(found.is(&written), "{written}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_lookup(text in "\\PC{0,60}", prefix in "(aws|bedrock|sts|kms|s3|\\*)?") {
            for text in [text.clone(), format!("{prefix}:{text}")] {
                if let Some(key) = find(&text) {
                    prop_assert!(key.is(&text));
                    prop_assert!(spelled(&text).eq_ignore_ascii_case(&text));
                }
            }
        }
    }
}
