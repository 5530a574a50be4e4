//! From a source to the list of files to read.
//!
//! Folders are walked in the order of their paths. A link that leads out of the folder, a device, a pipe and
//! a file that cannot be reached are reported, never opened; nothing is read here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{Content, Item, SkipKind, Skipped, Source, Unreadable};

/// Endings of files that are read when a folder is walked.
const READ: [&str; 7] = ["json", "yaml", "yml", "template", "tf", "hcl", "tfvars"];

/// Folders that hold no source of policies but much else.
const IGNORED: [&str; 10] =
    [".git", ".hg", ".svn", "target", "node_modules", ".terraform", ".venv", "__pycache__", ".aws-sam", "cdk.out"];

/// What a source holds.
pub(super) struct Found {
    pub(super) name: Arc<str>,
    pub(super) items: Vec<Item>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// Lists a source's files.
pub(super) fn files(source: &Source) -> Found {
    match source {
        Source::Path(path) => on_disk(path, &display(path)),
        Source::Named(path, name) => on_disk(path, name),
        Source::Stdin(bytes) => Found::of("<stdin>", vec![item("<stdin>", Content::Bytes(bytes.clone()))]),
        Source::Virtual(files) => {
            let mut files: Vec<_> = files.iter().collect();
            files.sort_by(|a, b| a.0.cmp(&b.0));
            let items = files.into_iter().map(|(path, text)| item(path, Content::Text(text.clone()))).collect();
            Found::of("<built-in>", items)
        }
    }
}

fn item(name: &str, content: Content) -> Item {
    let parts = name.split('/').filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect();
    Item { name: name.into(), path: None, parts, content }
}

impl Found {
    fn of(name: &str, items: Vec<Item>) -> Self {
        Self { name: name.into(), items, skipped: Vec::new(), unreadable: Vec::new() }
    }

    fn unreadable(&mut self, name: String, code: &'static str, message: impl Into<String>) {
        self.unreadable.push(Unreadable { name: name.into(), code, message: message.into(), place: None, judged: false });
    }

    fn skip(&mut self, name: String, kind: SkipKind, why: &str) {
        self.skipped.push(Skipped { name: name.into(), kind, why: why.to_owned() });
    }
}

fn on_disk(given: &Path, name: &str) -> Found {
    let mut found = Found::of(name, Vec::new());
    // What the user names is followed; links met on the way are not (see `entry`).
    let (root, meta) = match fs::canonicalize(given).and_then(|root| fs::metadata(&root).map(|meta| (root, meta))) {
        Ok(both) => both,
        Err(error) => {
            let code = if error.kind() == std::io::ErrorKind::NotFound { "not-found" } else { "not-readable" };
            found.unreadable(name.to_owned(), code, format!("cannot be read: {}", reason(&error)));
            return found;
        }
    };
    if meta.is_dir() {
        walk(&root, name, &mut found);
    } else if meta.is_file() {
        found.items.push(on_disk_item(name.to_owned(), root));
    } else {
        found.unreadable(name.to_owned(), "not-a-file", special(&meta));
    }
    found
}

/// An I/O error without Rust's `(os error 13)`.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

/// The path as typed, with `/` between folders and without a leading `./`.
fn display(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', if cfg!(windows) { "/" } else { "\\" });
    let text = text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(&text);
    if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text.to_owned() }
}

fn on_disk_item(name: String, path: PathBuf) -> Item {
    let parts = path
        .components()
        .filter_map(|c| match c {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    Item { name: name.into(), path: Some(path.clone()), parts, content: Content::File(path) }
}

fn special(meta: &fs::Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = meta.file_type();
        if kind.is_fifo() {
            return "is a named pipe, not a file; give `-` to read standard input";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "is a device, not a file";
        }
        if kind.is_socket() {
            return "is a socket, not a file";
        }
    }
    let _ = meta;
    "is not a regular file"
}

/// Walks without recursion; `BTreeSet` keeps folders in the order of their paths.
fn walk(root: &Path, name: &str, found: &mut Found) {
    let mut open: BTreeSet<PathBuf> = BTreeSet::from([root.to_owned()]);
    while let Some(folder) = open.pop_first() {
        let shown = shown(root, name, &folder);
        let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                found.unreadable(shown, "not-readable", format!("the folder cannot be read: {}", reason(&error)));
                continue;
            }
        };
        for entry in entries {
            let path = entry.path();
            match fs::symlink_metadata(&path) {
                Ok(meta) => visit(root, name, path, &meta, found, &mut open),
                Err(error) => {
                    let shown = self::shown(root, name, &path);
                    found.unreadable(shown, "not-readable", format!("cannot be read: {}", reason(&error)));
                }
            }
        }
    }
    found.items.sort_by(|a, b| a.parts.cmp(&b.parts));
    found.skipped.sort_by(|a, b| a.name.cmp(&b.name));
    found.unreadable.sort_by(|a, b| a.name.cmp(&b.name));
}

fn shown(root: &Path, name: &str, path: &Path) -> String {
    let rest = path.strip_prefix(root).map(display).unwrap_or_default();
    match (name, rest.as_str()) {
        (name, "") => name.to_owned(),
        (".", rest) => rest.to_owned(),
        ("/", rest) => format!("/{rest}"),
        (name, rest) => format!("{name}/{rest}"),
    }
}

fn visit(root: &Path, name: &str, path: PathBuf, meta: &fs::Metadata, found: &mut Found, open: &mut BTreeSet<PathBuf>) {
    let shown = shown(root, name, &path);
    let file_name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if meta.is_symlink() {
        match fs::canonicalize(&path) {
            // What it points at is met on the walk itself.
            Ok(target) if target.starts_with(root) => {}
            Ok(_) => {
                found.unreadable(shown, "link-leads-out", "is a link that leads out of the given folder; it was not followed")
            }
            Err(_) => found.unreadable(shown, "broken-link", "is a link that points at nothing"),
        }
    } else if meta.is_dir() {
        if IGNORED.contains(&file_name.as_str()) {
            found.skip(shown, SkipKind::IgnoredFolder, "folders of this name are not walked");
        } else {
            open.insert(path);
        }
    } else if !reads(&file_name) {
        found.skip(shown, SkipKind::OtherFile, "its ending is none that alicerce reads; name the file itself to have it read");
    } else if meta.is_file() {
        found.items.push(on_disk_item(shown, path));
    } else {
        found.unreadable(shown, "not-a-file", special(meta));
    }
}

fn reads(file_name: &str) -> bool {
    if file_name.to_ascii_lowercase().ends_with(".json.gz") {
        return true;
    }
    let ending = file_name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    ending.is_some_and(|e| READ.contains(&e.as_str()))
}
