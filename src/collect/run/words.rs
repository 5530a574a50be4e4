//! Why a collection cannot begin, in words.
//!
//! In: what the SDK says of credentials, how the first call ended. Out: one sentence that says what to do.

use std::error::Error as _;

use aws_credential_types::provider::error::CredentialsError;

use super::{Failure, Options};

/// Why there are no credentials, and where they may come from.
pub(super) fn no_credentials(options: &Options, why: &CredentialsError) -> String {
    let whose = options.profile.as_ref().map_or_else(String::new, |profile| format!(" in profile `{profile}`"));
    let mut causes = vec![why.to_string()];
    let mut next = why.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    format!(
        "no AWS credentials were found{whose}; give --profile NAME (after `aws sso login`, where it uses SSO), or set AWS_PROFILE, or \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({})",
        causes.join(": ")
    )
}

pub(super) fn who_failed(why: &Failure) -> String {
    let said = match why {
        Failure::Denied(code, message) | Failure::Refused(code, message) => format!("{code}: {message}"),
        Failure::Expired(message) => format!("the credentials have expired: {message}"),
        Failure::Failed(_, message) | Failure::Absent(message) => message.clone(),
        Failure::Stopped => "stopped".to_owned(),
    };
    format!("AWS does not say who is asking (sts get-caller-identity): {said}")
}
