//! `alicerce --version`: the program, and with `-v` everything a report's reader must know to repeat it.
//!
//! In: nothing but what was built in. Out: a line, or with `-v` the commit, the built-in rules with their hash, and each dated
//! table with its day, source and hash. What was not recorded at build is left out.

use std::fmt::Write as _;

use crate::catalog;
use crate::rule::Pack;

/// The text of `--version`.
///
/// # Errors
/// Built-in rules that cannot be read, as every other command would say.
pub(super) fn text(verbose: bool) -> Result<String, miette::Report> {
    let mut out = format!("alicerce {}\n", env!("CARGO_PKG_VERSION"));
    if !verbose {
        return Ok(out);
    }
    if let Some(commit) = option_env!("ALICERCE_BUILD_COMMIT") {
        let _ = writeln!(out, "commit {commit}");
    }
    let pack = Pack::builtin()?;
    let _ = writeln!(out, "{} rules of {}\n    sha256 {}", pack.rules().count(), pack.version, pack.digest());
    for table in catalog::tables() {
        let _ = writeln!(out, "{} of {}\n    from {}\n    sha256 {}", table.name, table.date, table.source, table.sha256);
    }
    Ok(out)
}
