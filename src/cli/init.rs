//! `alicerce init`: writes a commented `alicerce.toml`.
//!
//! In: a path. Out: the file, or an error that names what stands in the way. Never: an existing file overwritten unasked.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use crate::config::TEMPLATE;
use crate::report::visible;

/// `alicerce init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The file to write.
    #[arg(default_value = "alicerce.toml")]
    file: PathBuf,
    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
}

/// What stands in the way of writing.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum InitError {
    #[error("`{0}` exists already")]
    #[diagnostic(help("give another name, or --force to overwrite it"))]
    Exists(String),
    #[error("`{0}` cannot be written: {1}")]
    Write(String, io::Error),
}

impl InitArgs {
    /// Writes the file and says so on `out`; gives the exit code.
    ///
    /// # Errors
    /// The file exists and `--force` was not given, or it cannot be written.
    pub(super) fn run(self, out: &mut dyn Write) -> miette::Result<u8> {
        let shown = visible(&self.file.to_string_lossy());
        let opened =
            if self.force { File::create(&self.file) } else { OpenOptions::new().write(true).create_new(true).open(&self.file) };
        let written = opened.and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
        match written {
            Ok(()) => {
                // The file is there; a closed standard output changes nothing of that.
                let _ = writeln!(out, "wrote {shown}; `alicerce scan` reads it from the working directory");
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(InitError::Exists(shown).into()),
            Err(error) => Err(InitError::Write(shown, error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{InitArgs, TEMPLATE};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        init: InitArgs,
    }

    fn run(words: &[&str]) -> Result<u8, String> {
        let cli = Cli::try_parse_from([&["init"], words].concat()).unwrap();
        cli.init.run(&mut Vec::new()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_file_is_written_once_and_again_only_by_force() {
        let folder = std::env::temp_dir().join(format!("alicerce-init-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.toml");
        let name = path.to_str().unwrap();
        assert_eq!(run(&[name]), Ok(0));
        std::fs::write(&path, "mine").unwrap();
        assert!(run(&[name]).unwrap_err().contains("exists already"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(run(&[name, "--force"]), Ok(0));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), TEMPLATE);
        assert!(run(&[folder.join("no/such/a.toml").to_str().unwrap()]).unwrap_err().contains("cannot be written"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
