//! `--format NAME[=FILE]`: which report goes where.

use std::path::PathBuf;
use std::str::FromStr;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, on a terminal.
    Human,
    /// SARIF 2.1.0.
    Sarif,
    /// alicerce's own JSON.
    Json,
}

impl Format {
    /// All formats with the name that `--format` takes.
    pub const ALL: [(&'static str, Self); 3] = [("human", Self::Human), ("sarif", Self::Sarif), ("json", Self::Json)];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Sarif => "sarif",
            Self::Json => "json",
        }
    }
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// One `--format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatSpec {
    /// The format.
    pub format: Format,
    /// Where it goes.
    pub target: Target,
}

/// A `--format` that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The name is none of the formats.
    #[error("there is no format `{0}`; known: human, sarif, json")]
    Unknown(String),
    /// Nothing stands after `=`.
    #[error("`{0}=` names no file; write `{0}=FILE`, or `{0}` for standard output")]
    NoFile(String),
    /// Two reports would be mixed on standard output.
    #[error("two formats go to standard output; give all but one a file, as in `--format sarif=out.sarif`")]
    TwoOnStdout,
    /// Two reports would overwrite each other.
    #[error("two formats go to `{0}`")]
    SameFile(String),
}

impl FromStr for FormatSpec {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let found = Format::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f);
        let format = found.ok_or_else(|| FormatError::Unknown(super::visible(name)))?;
        let target = match file {
            None | Some("-") => Target::Stdout,
            Some("") => return Err(FormatError::NoFile(name.to_owned())),
            Some(file) => Target::File(PathBuf::from(file)),
        };
        Ok(Self { format, target })
    }
}

impl FormatSpec {
    /// Checks several `--format` together; none at all means human on standard output.
    ///
    /// # Errors
    /// Two for standard output, or two for one file.
    pub fn check(specs: Vec<Self>) -> Result<Vec<Self>, FormatError> {
        if specs.is_empty() {
            return Ok(vec![Self { format: Format::Human, target: Target::Stdout }]);
        }
        for (i, spec) in specs.iter().enumerate() {
            if specs.iter().take(i).any(|other| other.target == spec.target) {
                return Err(match &spec.target {
                    Target::Stdout => FormatError::TwoOnStdout,
                    Target::File(path) => FormatError::SameFile(super::visible(&path.to_string_lossy())),
                });
            }
        }
        Ok(specs)
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, FormatError, FormatSpec, Target};

    #[test]
    fn formats_are_read_and_held_against_each_other() {
        let read = |texts: &[&str]| {
            let specs: Result<Vec<FormatSpec>, _> = texts.iter().map(|t| t.parse()).collect();
            specs.and_then(FormatSpec::check)
        };
        let specs = read(&["human", "sarif=out=1.sarif", "json=b.json"]).unwrap();
        assert_eq!(specs[1], FormatSpec { format: Format::Sarif, target: Target::File("out=1.sarif".into()) });
        assert_eq!(read(&[]).unwrap()[0].target, Target::Stdout);
        assert_eq!(read(&["json=-", "human"]), Err(FormatError::TwoOnStdout));
        assert_eq!(read(&["json=a", "sarif=a"]), Err(FormatError::SameFile("a".into())));
        assert_eq!(read(&["sarif="]), Err(FormatError::NoFile("sarif".into())));
        assert_eq!(read(&["xml\u{1b}"]), Err(FormatError::Unknown("xml␛".into())));
    }
}
