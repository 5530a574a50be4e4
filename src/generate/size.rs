//! Policies as text, within AWS's limits of size.
//!
//! In: statements, in order. Out: documents, as few as hold them, indented where that fits. Never: a document above its limit; a Deny
//! with `NotResource` cut in two (each half would deny what the other leaves).
//! Limits: AWS Organizations User Guide, "Quotas" (SCP: 5,120 characters with white space, 5 attached to one target); IAM User Guide,
//! "IAM and STS quotas" (managed policy 6,144 characters and a role's inline policies 10,240, white space not counted, 10 managed
//! policies); AWS PrivateLink Guide (endpoint policy 20,480 characters with white space).

use super::GenerateError;
use super::statement::{Statement, document};

/// The limit of one kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) characters: usize,
    /// Whether white space counts.
    pub(super) white_space: bool,
    /// How many may be attached to one target by default.
    pub(super) documents: usize,
}

impl Limit {
    /// One of the five places is taken by `FullAWSAccess`.
    pub(super) const SCP: Self = Self { characters: 5_120, white_space: true, documents: 4 };
    pub(super) const MANAGED: Self = Self { characters: 6_144, white_space: false, documents: 10 };
    pub(super) const INLINE: Self = Self { characters: 10_240, white_space: false, documents: 1 };
    pub(super) const ENDPOINT: Self = Self { characters: 20_480, white_space: true, documents: 1 };

    /// What of the text counts.
    fn counted(self, text: &str) -> usize {
        text.chars().filter(|c| self.white_space || !c.is_whitespace()).count()
    }
}

/// The documents that hold the statements.
///
/// # Errors
/// A statement that no document can hold, or more documents than can be attached.
pub(super) fn documents(statements: Vec<Statement>, limit: Limit) -> Result<Vec<String>, GenerateError> {
    let mut groups: Vec<Vec<Statement>> = Vec::new();
    let mut parts: Vec<Statement> = Vec::new();
    for statement in statements {
        parts.extend(divided(statement, limit)?);
    }
    for statement in parts {
        let with_it = |group: &[Statement]| {
            let all: Vec<Statement> = group.iter().cloned().chain([statement.clone()]).collect();
            smallest(&all)
        };
        // A `Sid` may stand once in a document.
        let takes = |group: &[Statement]| {
            group.iter().all(|other| other.sid != statement.sid) && limit.counted(&with_it(group)) <= limit.characters
        };
        match groups.iter_mut().find(|group| takes(group)) {
            Some(group) => group.push(statement),
            None => groups.push(vec![statement]),
        }
    }
    if groups.len() > limit.documents {
        return Err(GenerateError::TooMany { documents: groups.len(), limit: limit.documents });
    }
    Ok(groups.iter().map(|group| readable(group, limit)).collect())
}

fn smallest(statements: &[Statement]) -> String {
    document(statements).to_string()
}

/// Indented where that fits.
fn readable(statements: &[Statement], limit: Limit) -> String {
    let document = document(statements);
    let indented = format!("{document:#}");
    if limit.counted(&indented) <= limit.characters { indented } else { document.to_string() }
}

/// The statement, in parts where it is too large by itself and may be cut.
fn divided(statement: Statement, limit: Limit) -> Result<Vec<Statement>, GenerateError> {
    let size = limit.counted(&smallest(std::slice::from_ref(&statement)));
    if size <= limit.characters {
        return Ok(vec![statement]);
    }
    let middle = statement.resources.len() / 2;
    if statement.except || middle == 0 {
        return Err(GenerateError::TooLarge { statement: statement.sid, size, limit: limit.characters });
    }
    let (first, second) = statement.resources.split_at(middle);
    let (first, second) = (statement.clone().on(first.to_vec()), statement.clone().on(second.to_vec()));
    let mut out = divided(first, limit)?;
    out.extend(divided(second, limit)?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(n: usize) -> Statement {
        Statement::allow("A", ["s3:GetObject"]).on((0..n).map(|i| format!("arn:aws:s3:::bucket-{i:04}")).collect())
    }

    #[test]
    fn what_fits_is_indented_what_does_not_is_cut() {
        let one = documents(vec![allow(3)], Limit::MANAGED).unwrap();
        assert!(one.len() == 1 && one[0].contains("\n    {"));
        let many = documents(vec![allow(400)], Limit::MANAGED).unwrap();
        assert!(many.len() > 1 && many.iter().all(|text| Limit::MANAGED.counted(text) <= 6_144));
        let all: usize = many.iter().map(|text| text.matches("arn:aws:s3").count()).sum();
        assert_eq!(all, 400);
    }

    #[test]
    fn a_list_of_exceptions_is_never_cut() {
        let statement = allow(400).but_on(allow(400).resources);
        let error = documents(vec![statement], Limit::SCP).unwrap_err();
        assert!(matches!(error, GenerateError::TooLarge { statement: "A", .. }));
    }

    #[test]
    fn white_space_that_counts_is_left_out_where_it_would_not_fit() {
        let text = documents(vec![allow(150)], Limit::SCP).unwrap();
        assert!(text.len() == 1 && !text[0].contains('\n') && text[0].len() <= 5_120);
    }
}
