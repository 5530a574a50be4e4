//! The bundled example: a bank of three accounts, embedded so that it needs no folder and no network.

use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::input::Source;

static EXAMPLE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/accounts/banco-exemplo");

/// Its name in reports.
pub(super) const NAME: &str = "banco-exemplo";

/// Its files.
pub(super) fn source() -> Source {
    let mut files = Vec::new();
    collect(&EXAMPLE, &mut files);
    files.retain(|(path, _)| path.ends_with(".json"));
    Source::Virtual(files)
}

/// Its configuration.
pub(super) fn config() -> Option<&'static str> {
    EXAMPLE.get_file("alicerce.toml")?.contents_utf8()
}

fn collect(dir: &Dir<'static>, files: &mut Vec<(String, Arc<str>)>) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            files.push((format!("{NAME}/{}", file.path().to_string_lossy()), text.into()));
        }
    }
    dir.dirs().for_each(|inner| collect(inner, files));
}
