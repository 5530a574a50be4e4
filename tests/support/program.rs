//! The built program, run as a person would, without the person's environment.
//!
//! In: arguments, a folder to run in, perhaps standard input and variables. Out: exit code and both streams.
//! Never: a variable of the caller's environment (no AWS profile, no `NO_COLOR`, no `COLUMNS`), a terminal, a wait without end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// What a run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The exit code; `None` when a signal ended the program, which no input may bring about.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Fails the test, showing both streams, unless the program ended with `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs the program in `folder` with nothing on standard input.
pub fn alicerce<S: AsRef<str>>(folder: &Path, arguments: &[S]) -> Run {
    alicerce_with(folder, arguments, &[], b"")
}

/// Runs the program in `folder` with these variables and this standard input.
///
/// The environment holds `PATH` and a `HOME` that is `folder` itself, then `variables`; nothing else.
pub fn alicerce_with<S: AsRef<str>>(folder: &Path, arguments: &[S], variables: &[(&str, &str)], input: &[u8]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alicerce"));
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir(folder).env_clear();
    for kept in ["PATH", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("HOME", folder).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());

    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let output = thread::scope(|scope| {
        // Written beside the reading, or a program that prints before it has read all would block both. A program that
        // ends without reading closes the pipe: that is its right, so the error is not the test's concern.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("the program ends")
    });
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs the program in `folder` with variables that were made for it, and nothing on standard input.
pub fn alicerce_in<S: AsRef<str>>(folder: &Path, arguments: &[S], variables: &[(&'static str, String)]) -> Run {
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    alicerce_with(folder, arguments, &variables, b"")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the program prints UTF-8")
}
