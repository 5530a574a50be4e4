//! Packs: all rules of a run.
//!
//! In: the rules that are built in, or a folder. Out: [`Pack`], its rules ordered by family and id. Ids and
//! aliases are unique; a folder given with `--rules` adds rules, and takes the place of built-in ones by id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::error::{RuleError, RuleErrors};
use super::framework::Framework;
use super::load::Rule;
use crate::config::closest;
use crate::doc::{Node, Span};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Where a rule's folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the program: the folder's path below `rules/`.
    BuiltIn(String),
    /// On disk.
    Folder(PathBuf),
}

/// A rule with its place.
#[derive(Debug, Clone)]
struct Entry {
    rule: Arc<Rule>,
    origin: Origin,
}

/// The rules of a run.
#[derive(Debug, Clone)]
pub struct Pack {
    /// `built-in`, or the folder.
    pub name: String,
    /// Its version.
    pub version: String,
    entries: Vec<Entry>,
    frameworks: BTreeMap<Arc<str>, Framework>,
    /// What the digest is over: path and content.
    files: BTreeMap<String, Arc<str>>,
}

/// A file that belongs to a pack: its path below the pack's folder, the name to show, its text.
struct File {
    path: String,
    shown: String,
    text: Arc<str>,
    origin: Origin,
}

impl Pack {
    /// The rules that alicerce brings.
    ///
    /// # Errors
    /// What is wrong with them; the tests see to it that nothing is.
    pub fn builtin() -> Result<Self, RuleErrors> {
        let mut files = Vec::new();
        collect_built_in(&BUILT_IN, &mut files);
        Self::read("built-in", env!("CARGO_PKG_VERSION"), files, Vec::new())
    }

    /// The rules of a folder: any `rule.yaml` below it, `frameworks/*.yaml` in it.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, and files that cannot be read.
    pub fn load_dir(dir: &Path) -> Result<Self, RuleErrors> {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        if !dir.is_dir() {
            errors.push(unreadable(dir, "this is not a folder"));
        }
        collect_folder(dir, dir, &mut files, &mut errors);
        if files.is_empty() && errors.is_empty() {
            errors.push(unreadable(dir, "there is no rule.yaml in this folder or below it"));
        }
        Self::read(&dir.display().to_string(), "", files, errors)
    }

    /// The built-in rules with those of further folders, which are held to the static check.
    ///
    /// # Errors
    /// Everything that is wrong with the rules of the folders.
    pub fn load(dirs: &[PathBuf]) -> Result<Self, RuleErrors> {
        let mut pack = Self::builtin()?;
        for dir in dirs {
            let more = Self::load_dir(dir)?.with_frameworks_of(&pack);
            let errors = more.check();
            if !errors.is_empty() {
                return Err(RuleErrors { what: format!("rules of {}", more.name), errors });
            }
            pack = pack.with(more)?;
        }
        Ok(pack)
    }

    /// This pack, knowing the other's frameworks as well.
    #[must_use]
    pub fn with_frameworks_of(mut self, other: &Self) -> Self {
        for (name, framework) in &other.frameworks {
            self.frameworks.entry(name.clone()).or_insert_with(|| framework.clone());
        }
        self
    }

    fn read(name: &str, version: &str, mut files: Vec<File>, mut errors: Vec<RuleError>) -> Result<Self, RuleErrors> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let parsed: Vec<Result<Parsed, Vec<RuleError>>> = files.par_iter().map(parse).collect();
        let mut pack = Self {
            name: name.to_owned(),
            version: version.to_owned(),
            entries: Vec::new(),
            frameworks: BTreeMap::new(),
            files: files.into_iter().map(|f| (f.path, f.text)).collect(),
        };
        for item in parsed {
            match item {
                Ok(Parsed::Rule(entry)) => pack.entries.push(entry),
                Ok(Parsed::Framework(framework)) => {
                    pack.frameworks.insert(framework.id.clone(), framework);
                }
                Err(wrong) => errors.extend(wrong),
            }
        }
        pack.order();
        errors.extend(pack.clashes());
        if errors.is_empty() { Ok(pack) } else { Err(RuleErrors { what: format!("rules of {name}"), errors }) }
    }

    fn order(&mut self) {
        self.entries.sort_by(|a, b| (&a.rule.family, &a.rule.id).cmp(&(&b.rule.family, &b.rule.id)));
    }

    /// Ids and aliases that stand twice.
    fn clashes(&self) -> Vec<RuleError> {
        let mut seen: BTreeMap<&str, &Rule> = BTreeMap::new();
        let mut errors = Vec::new();
        for rule in self.rules() {
            for (word, key) in std::iter::once((&rule.id, "id")).chain(rule.aliases.iter().map(|a| (a, "aliases"))) {
                if let Some(first) = seen.insert(word, rule) {
                    let span = rule.document.root().get(key).map_or(Span { start: 0, end: 1 }, Node::span);
                    let help = format!("it is also in {}", first.document.name);
                    errors.push(RuleError::new(&rule.document, span, format!("`{word}` is taken"), Some(help)));
                }
            }
        }
        errors
    }

    /// This pack with the other's rules added, or in the place of those with the same id.
    ///
    /// # Errors
    /// An alias that another rule has.
    pub fn with(mut self, other: Self) -> Result<Self, RuleErrors> {
        let theirs: BTreeSet<Arc<str>> = other.entries.iter().map(|e| e.rule.id.clone()).collect();
        self.entries.retain(|e| !theirs.contains(&e.rule.id));
        self.entries.extend(other.entries);
        self.frameworks.extend(other.frameworks);
        self.files.extend(other.files.into_iter().map(|(path, text)| (format!("{}/{path}", other.name), text)));
        self.name = format!("{} + {}", self.name, other.name);
        self.order();
        let errors = self.clashes();
        if errors.is_empty() { Ok(self) } else { Err(RuleErrors { what: format!("rules of {}", self.name), errors }) }
    }

    /// The static check of every rule, and of the controls they name.
    pub fn check(&self) -> Vec<RuleError> {
        let each: Vec<Vec<RuleError>> = self.entries.par_iter().map(|e| e.rule.check()).collect();
        let mut errors: Vec<RuleError> = each.into_iter().flatten().collect();
        errors.extend(self.rules().flat_map(|rule| self.unknown_controls(rule)));
        errors
    }

    fn unknown_controls(&self, rule: &Rule) -> Vec<RuleError> {
        let mut errors = Vec::new();
        let controls = rule.document.root().get("controls");
        for (framework, ids) in controls.into_iter().flat_map(Node::entries) {
            let name = framework.as_str().unwrap_or_default();
            let Some(known) = self.frameworks.get(name) else {
                let help = closest(name, self.frameworks.keys().map(|k| &**k)).map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no framework `{name}`");
                errors.push(RuleError::new(&rule.document, framework.span(), message, help));
                continue;
            };
            let single = ids.as_str().map(|_| ids);
            for id in ids.items().chain(single) {
                let control = id.as_str().unwrap_or_default();
                if known.title(control).is_none() {
                    let near = closest(control, known.controls.iter().map(|(id, _)| id.as_str()));
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let message = format!("`{control}` is not a control of {}", known.name);
                    errors.push(RuleError::new(&rule.document, id.span(), message, help));
                }
            }
        }
        errors
    }

    /// The rules by family, then id.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.entries.iter().map(|e| &e.rule)
    }

    /// The rule with this id or alias; `family/id` serves too.
    pub fn find(&self, id: &str) -> Option<&Arc<Rule>> {
        let id = id.rsplit('/').next().unwrap_or(id);
        self.rules().find(|r| &*r.id == id).or_else(|| self.rules().find(|r| r.aliases.iter().any(|a| &**a == id)))
    }

    /// Where a rule's folder is.
    pub fn origin(&self, rule: &Rule) -> Option<&Origin> {
        self.entries.iter().find(|e| e.rule.id == rule.id).map(|e| &e.origin)
    }

    /// The framework that rules call `name`.
    pub fn framework(&self, name: &str) -> Option<&Framework> {
        self.frameworks.get(name)
    }

    /// All frameworks.
    pub fn frameworks(&self) -> impl Iterator<Item = &Framework> {
        self.frameworks.values()
    }

    /// SHA-256 over all rules and frameworks, hexadecimal: the same rules give the same digest.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (path, text) in &self.files {
            hasher.update(path.as_bytes());
            hasher.update([0]);
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The files beside a rule's `rule.yaml`: path below its folder, text. Files that are not UTF-8 are left out.
    pub fn files_of(&self, rule: &Rule) -> Vec<(String, Arc<str>)> {
        let mut out = Vec::new();
        match self.origin(rule) {
            Some(Origin::BuiltIn(path)) => {
                if let Some(dir) = BUILT_IN.get_dir(path) {
                    let prefix = format!("{path}/");
                    built_in_files(dir, &mut |p, text| out.push((p.trim_start_matches(&prefix).to_owned(), Arc::from(text))));
                }
            }
            Some(Origin::Folder(dir)) => disk_files(dir, dir, &mut out),
            None => {}
        }
        out.retain(|(path, _)| path != "rule.yaml");
        out.sort();
        out
    }
}

enum Parsed {
    Rule(Entry),
    Framework(Framework),
}

fn parse(file: &File) -> Result<Parsed, Vec<RuleError>> {
    let mut folders = file.path.rsplit('/');
    let (name, folder, family) = (folders.next().unwrap_or_default(), folders.next(), folders.next());
    if name != "rule.yaml" {
        let id = name.trim_end_matches(".yaml");
        return Framework::parse(id, file.shown.as_str(), file.text.clone()).map(Parsed::Framework);
    }
    // A folder that is itself a rule's: its own name and its parent's are in the path on disk.
    let on_disk = |up: usize| match &file.origin {
        Origin::Folder(dir) => {
            dir.canonicalize().ok()?.ancestors().nth(up)?.file_name().map(|n| n.to_string_lossy().into_owned())
        }
        Origin::BuiltIn(_) => None,
    };
    let folder = folder.map(str::to_owned).or_else(|| on_disk(0)).unwrap_or_default();
    let family = family.map(str::to_owned).or_else(|| on_disk(1)).unwrap_or_default();
    let rule = Rule::parse(file.shown.as_str(), file.text.clone(), &family)?;
    if *rule.id != *folder {
        let span = rule.document.root().get("id").map_or(Span { start: 0, end: 1 }, Node::span);
        let help = format!("rename the folder, or write `id: {folder}`");
        let message = format!("the id is `{}` and the folder `{folder}`", rule.id);
        return Err(vec![RuleError::new(&rule.document, span, message, Some(help))]);
    }
    Ok(Parsed::Rule(Entry { rule: Arc::new(rule), origin: file.origin.clone() }))
}

fn belongs(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next());
    name == "rule.yaml" || (folder == Some("frameworks") && parts.next().is_none() && name.ends_with(".yaml"))
}

fn collect_built_in(dir: &'static Dir<'static>, files: &mut Vec<File>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let (true, Some(text)) = (belongs(&path), file.contents_utf8()) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            files.push(File { shown: format!("rules/{path}"), text: Arc::from(text), origin: Origin::BuiltIn(folder), path });
        }
    }
    // A rule's folder holds cases below it, never rules.
    if !dir.files().any(|f| f.path().ends_with("rule.yaml")) {
        dir.dirs().for_each(|d| collect_built_in(d, files));
    }
}

fn built_in_files(dir: &Dir<'_>, each: &mut impl FnMut(String, &str)) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            each(file.path().to_string_lossy().replace('\\', "/"), text);
        }
    }
    dir.dirs().for_each(|d| built_in_files(d, each));
}

/// The entries of a folder by name; symbolic links are not followed.
fn entries(dir: &Path) -> Vec<(PathBuf, bool)> {
    let Ok(read) = fs::read_dir(dir) else { return Vec::new() };
    let mut out: Vec<(PathBuf, bool)> = read
        .flatten()
        .filter(|e| !e.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|e| Some((e.path(), e.file_type().ok()?)))
        .filter(|(_, t)| t.is_dir() || t.is_file())
        .map(|(path, t)| (path, t.is_dir()))
        .collect();
    out.sort();
    out
}

fn below(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn collect_folder(root: &Path, dir: &Path, files: &mut Vec<File>, errors: &mut Vec<RuleError>) {
    let entries = entries(dir);
    let is_rule = entries.iter().any(|(path, _)| path.ends_with("rule.yaml"));
    for (path, is_dir) in entries {
        if is_dir {
            if !is_rule {
                collect_folder(root, &path, files, errors);
            }
            continue;
        }
        let relative = below(&path, root);
        if !belongs(&relative) {
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(text) => files.push(File {
                path: relative,
                shown: path.display().to_string(),
                text: Arc::from(text),
                origin: Origin::Folder(dir.to_path_buf()),
            }),
            Err(error) => errors.push(unreadable(&path, &format!("this file cannot be read: {error}"))),
        }
    }
}

fn disk_files(root: &Path, dir: &Path, out: &mut Vec<(String, Arc<str>)>) {
    for (path, is_dir) in entries(dir) {
        if is_dir {
            disk_files(root, &path, out);
        } else if let Ok(text) = fs::read_to_string(&path) {
            out.push((below(&path, root), Arc::from(text)));
        }
    }
}

fn unreadable(path: &Path, message: &str) -> RuleError {
    let file: Arc<str> = Arc::from(path.display().to_string());
    RuleError::in_text(&file, &Arc::from(""), Span { start: 0, end: 0 }, message, None)
}
