//! What the tests of the command line share: the program in a clean room, and the sources of the crate.
//!
//! In: arguments, files, standard input. Out: exit code and both streams, as text.
//! Never: anything of the developer's environment, home folder or working directory.
//!
//! Declare it as `pub mod support;`, so that a test which uses a part of it is not told of the rest.

pub mod config_items;
pub mod program;
pub mod room;
pub mod source;
pub mod topology;
