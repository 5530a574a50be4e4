//! The folder that `scan --live` collects into: one that the user keeps, or a temporary one.
//!
//! Never: a temporary folder that others may read, one that was there before, or its name in a report.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use miette::{IntoDiagnostic as _, Report as Failure, WrapErr as _, miette};

use crate::input::Source;

/// What reports call an export that is not kept.
const NAME: &str = "live";

/// The folder; a temporary one is deleted when this is dropped.
#[derive(Debug)]
pub(super) enum Room {
    Kept(PathBuf),
    Temporary(PathBuf),
}

impl Room {
    pub(super) fn new(keep: Option<PathBuf>, resume: bool) -> Result<Self, Failure> {
        match keep {
            Some(folder) => Ok(Self::Kept(folder)),
            None if resume => Err(miette!(help = "name its folder: --keep DIR", "--resume has no export to go on with")),
            None => temporary().map(Self::Temporary),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }

    pub(super) fn source(&self) -> Source {
        match self {
            Self::Kept(path) => Source::Path(path.clone()),
            Self::Temporary(path) => Source::Named(path.clone(), NAME.into()),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // What cannot be deleted stays with the operating system's other temporary files, readable by this user only.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

fn temporary() -> Result<PathBuf, Failure> {
    let name = format!("alicerce-live-{}-{}", std::process::id(), Timestamp::now().as_nanosecond());
    let path = std::env::temp_dir().join(name);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(&path).into_diagnostic().wrap_err_with(|| format!("`{}` could not be made", path.display()))?;
    Ok(path)
}
