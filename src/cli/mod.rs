//! The command line: one thin file per subcommand.
//!
//! In: arguments. Out: text on a writer that the caller gives, and an exit code: 0 nothing to say, 1 something
//! was found, 2 wrong usage, configuration or rule, 3 the run cannot be trusted.

pub mod init;
mod rule_template;
pub mod rules;
