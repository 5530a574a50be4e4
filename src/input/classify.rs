//! What kind of secret a value looks like. Conservative: a plain value is no finding, so what is called a secret is one
//! by its form, or by its name and its randomness together.

use regex::Regex;
use std::sync::LazyLock;

use crate::doc::SecretKind;

/// `(kind, pattern)`: forms that tell themselves, the surest first. Sources: the issuers' documentation of
/// their key formats (AWS IAM identifiers, Amazon Bedrock API keys, Anthropic, GitHub).
static FORMS: LazyLock<Vec<(SecretKind, Regex)>> = LazyLock::new(|| {
    [
        (SecretKind::PrivateKey, r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"),
        (SecretKind::AnthropicApiKey, r"sk-ant-[A-Za-z0-9_-]{16,}"),
        (SecretKind::BedrockBearerToken, r"\b(?:ABSK[A-Za-z0-9+/=]{40,}|bedrock-api-key-[A-Za-z0-9+/=]{16,})"),
        (SecretKind::GithubToken, r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
        (SecretKind::AwsAccessKey, r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
        (SecretKind::PasswordInUrl, r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:[^\s/@]+@[^\s/@]"),
    ]
    .into_iter()
    .filter_map(|(kind, pattern)| Regex::new(pattern).ok().map(|regex| (kind, regex)))
    .collect()
});

/// Words of a name that say that its value is a credential.
const CREDENTIAL_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "private_key",
    "credential",
    "auth_key",
    "signing_key",
    "client_secret",
];

/// Words that say that the value is not the credential itself.
const ABOUT_WORDS: [&str; 13] =
    ["arn", "name", "id", "path", "file", "url", "uri", "endpoint", "ttl", "expiry", "length", "count", "limit"];

/// Classifies a value under its name.
pub(super) fn classify(name: &str, value: &str) -> SecretKind {
    let value = value.trim();
    if is_reference(value) {
        return SecretKind::Reference;
    }
    if is_placeholder(value) {
        return SecretKind::Plain;
    }
    if let Some((kind, _)) = FORMS.iter().find(|(kind, form)| form.find(value).is_some_and(|m| real(*kind, m.as_str()))) {
        return *kind;
    }
    if is_aws_secret(name, value) {
        return SecretKind::AwsSecretKey;
    }
    if names_credential(name) && is_random(value) { SecretKind::Credential } else { SecretKind::Plain }
}

/// AWS's documentation keys and placeholders of the same form are no secrets.
fn real(kind: SecretKind, text: &str) -> bool {
    match kind {
        SecretKind::AwsAccessKey => !text.ends_with("EXAMPLE"), // also inside a longer text
        SecretKind::PasswordInUrl => {
            let password = text.rsplit_once('@').and_then(|(before, _)| before.rsplit_once(':')).map_or("", |(_, p)| p);
            is_password(password)
        }
        _ => true,
    }
}

/// Whether what stands as a URL's password is one, and no placeholder or reference.
pub(super) fn is_password(text: &str) -> bool {
    !is_placeholder(text) && !is_reference(text)
}

/// Something that names where a value is kept.
fn is_reference(value: &str) -> bool {
    let one_word = !value.is_empty() && !value.contains(char::is_whitespace);
    let arn = value.strip_prefix("arn:").and_then(|v| v.split_once(':')).map_or("", |(_, rest)| rest);
    one_word
        && (["secretsmanager:", "ssm:", "kms:"].iter().any(|s| arn.starts_with(s))
            || (value.starts_with("{{resolve:") && value.ends_with("}}"))
            || (value.starts_with("${") && value.ends_with('}')))
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let inner = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    inner.is_empty()
        // The keys of AWS's documentation.
        || value.ends_with("EXAMPLE")
        || value.ends_with("EXAMPLEKEY")
        || lower.starts_with("${")
        || (lower.starts_with('<') && lower.ends_with('>'))
        || inner.chars().all(|c| c == 'x')
        || ["changeme", "change-me", "change_me", "placeholder", "redacted", "example", "none", "null", "todo", "dummy"]
            .contains(&inner)
        || ["your-", "your_", "replace-", "replace_", "insert-"].iter().any(|p| inner.starts_with(p))
}

/// 40 characters of Base64 with upper case, lower case and digits, under a name that speaks of a secret.
fn is_aws_secret(name: &str, value: &str) -> bool {
    let form = value.len() == 40 && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    let name = name.to_ascii_lowercase();
    let named = name.contains("secret") || (name.contains("aws") && name.contains("key"));
    form && named && is_random(value)
}

fn names_credential(name: &str) -> bool {
    let lower = name.replace('-', "_").to_ascii_lowercase();
    let last = lower.rsplit('_').next().unwrap_or(&lower);
    CREDENTIAL_WORDS.iter().any(|w| lower.contains(w)) && !ABOUT_WORDS.contains(&last)
}

/// Long enough, of more than one class of characters, and of more than 2.5 bits of entropy a character.
fn is_random(value: &str) -> bool {
    if value.len() < 8 || value.contains(char::is_whitespace) {
        return false;
    }
    let class = |f: fn(&u8) -> bool| u8::from(value.bytes().any(|b| f(&b)));
    let classes = class(u8::is_ascii_lowercase)
        + class(u8::is_ascii_uppercase)
        + class(u8::is_ascii_digit)
        + class(u8::is_ascii_punctuation);
    let only_path = value.starts_with('/') && !value.contains('=');
    classes >= 2 && !only_path && entropy(value) > 2.5
}

/// Shannon entropy in bits a byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = value.len().max(1) as f64;
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / all).map(|p| -p * p.log2()).sum()
}

/// Decodes standard Base64 (RFC 4648, padding optional, white space skipped); `None` for anything else.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\n' | '\r' | ' ')).collect();
    crate::iam::base64::decode(&digits).filter(|_| !digits.trim_end_matches('=').is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        // Written in two halves, so that scanners of this repository find no secrets in it.
        let join = |a: &str, b: &str| format!("{a}{b}");
        for (name, value, kind) in [
            ("X", join("AKIA", "Q3EGRUF4XXYZABCD").replace("XX", "LL"), "aws-access-key"),
            ("X", "AKIAIOSFODNN7EXAMPLE".into(), "plain"),
            ("AWS_SECRET_ACCESS_KEY", join("q8Jx0pZr7mK2", "vLw9TyBn4HsD1fGc6UeA3RiX5oQk"), "aws-secret-key"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(), "plain"),
            ("ANTHROPIC_API_KEY", join("sk-ant-", "api03-aBcDeFgHiJkLmNoPqRsT"), "anthropic-api-key"),
            ("AWS_BEARER_TOKEN_BEDROCK", join("ABSK", &"QmVkcm9ja0FQSUtleS1hYmNkZWZn".repeat(3)), "bedrock-bearer-token"),
            ("AWS_BEARER_TOKEN_BEDROCK", join("bedrock-api-key-", "YmVkcm9jay5hbWF6b25hd3M="), "bedrock-bearer-token"),
            ("KEY", join("-----BEGIN RSA PRIVATE", " KEY-----\nMII"), "private-key"),
            ("DATABASE_URL", join("postgres://app:", "s3cr3t-pw@db.internal:5432/x"), "password-in-url"),
            ("DATABASE_URL", "postgres://app:${PASSWORD}@db.internal/x".into(), "plain"),
            ("DATABASE_URL", "postgres://db.internal:5432/x".into(), "plain"),
            ("GH", join("ghp_", "abcdefghijABCDEFGHIJ0123456789abcdef"), "github-token"),
            ("DB_PASSWORD", join("Tr0ub4dor", "&3xQ"), "credential"),
            ("DB_PASSWORD", "changeme".into(), "plain"),
            ("DB_PASSWORD", "<password>".into(), "plain"),
            ("DB_PASSWORD_ARN", "arn:aws:secretsmanager:sa-east-1:111122223333:secret:db".into(), "reference"),
            ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}".into(), "reference"),
            ("TOKEN_TTL", "3600s-abc".into(), "plain"),
            ("TOKEN_PATH", "/var/run/token9".into(), "plain"),
            ("AWS_REGION", "sa-east-1".into(), "plain"),
            ("ANTHROPIC_MODEL", "anthropic.claude-haiku-4-5-20251001-v1:0".into(), "plain"),
            ("EMPTY_SECRET", String::new(), "plain"),
        ] {
            assert_eq!(classify(name, &value).as_str(), kind, "{name}");
        }
    }

    #[test]
    fn base64_is_decoded_or_refused() {
        assert_eq!(base64("IyEvYmluL3No").as_deref(), Some(b"#!/bin/sh".as_slice()));
        assert_eq!(base64("Y\nQ==").as_deref(), Some(b"a".as_slice()));
        assert!(base64("#!/bin/sh").is_none() && base64("").is_none() && base64("Y").is_none());
    }
}
