//! A folder of its own for one test, gone when the test is.
//!
//! Out: a path under the system's folder for temporary files that no other test, thread or process has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// An empty folder, removed with all in it when dropped.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
}

impl Room {
    /// Makes the folder.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = fs::canonicalize(std::env::temp_dir()).expect("the folder for temporary files exists");
        let path = base.join(format!("alicerce-test-{}-{number}", std::process::id()));
        // A process that was killed may have left one behind under a number that came round again.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a folder can be made");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, with the folders that lead to it; gives its absolute path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder can be made");
        }
        fs::write(&path, content).expect("a file can be written");
        path
    }

    /// Reads a file back as text.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).expect("the file is there and is text")
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
