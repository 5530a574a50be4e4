//! `alicerce verify`: whether an export is still what its manifest says.

use std::path::PathBuf;

use clap::Args;
use miette::{Report as Failure, miette};

use crate::input::{self, Options, Source, Unreadable};
use crate::report::visible;

/// Check an export against its manifest. Exit code 0: every file is as collected; 1: one is not; 3: there is no manifest
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The folder of the export
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl VerifyArgs {
    pub(super) fn run(&self) -> Result<u8, Failure> {
        if !self.folder.is_dir() {
            return Err(miette!("`{}` is no folder", self.folder.display()));
        }
        let loaded = input::load(&[Source::Path(self.folder.clone())], &Options::default());
        if loaded.manifests.is_empty() {
            super::print("no manifest.json: nothing says what these files were when they were collected\n")?;
            return Ok(3);
        }
        let mut text = String::new();
        for manifest in &loaded.manifests {
            let said = |what: &Option<std::sync::Arc<str>>| what.as_deref().unwrap_or("not said").to_owned();
            text += &format!("{}\n  sha256     {}\n", manifest.name, manifest.sha256);
            text += &format!(
                "  collected  {} by {}\n  with       {}\n",
                said(&manifest.collected_at),
                said(&manifest.caller),
                said(&manifest.tool)
            );
            text += &format!("  files      {}\n", manifest.files.len());
        }
        // What AWS itself answered in part, a file tells as it was collected.
        let of_content = |problem: &&Unreadable| ["config-item", "one-page-only"].contains(&problem.code);
        let (in_part, changed): (Vec<_>, Vec<_>) = loaded.unreadable.iter().partition(of_content);
        for problem in &changed {
            text += &format!("  not as collected: {}: {}\n", problem.name, problem.message);
        }
        for problem in in_part {
            text += &format!("  as collected, and not whole: {}: {}\n", problem.name, problem.message);
        }
        let unlisted: Vec<&str> = loaded.manifests.iter().flat_map(|manifest| manifest.unlisted(&loaded)).collect();
        for name in &unlisted {
            text += &format!("  not as collected: {name}: the manifest does not list it, so it was added after collection\n");
        }
        let intact = changed.is_empty() && unlisted.is_empty();
        if intact {
            text += "every file is as collected\n";
        }
        super::print(&text.lines().map(|line| visible(line) + "\n").collect::<String>())?;
        Ok(u8::from(!intact))
    }
}
