//! Everything a rule may look at: the facts, the configuration, the date, and memos of what was derived.
//!
//! Built once per scan, then shared by all threads; nothing in it changes but the memos.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use rayon::prelude::*;

use crate::config::{Config, Place, Scope};
use crate::facts::{Fact, FactId, Facts, Value};

type Slot = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

/// Accounts that are looked at together; `None` stands for what is of no known account.
pub type Lot = BTreeSet<Option<Arc<str>>>;

/// The world of one scan.
#[derive(Debug)]
pub struct World {
    /// What was loaded.
    pub facts: Facts,
    /// Scopes, postures, limits.
    pub config: Config,
    /// The moment the scan judges from; given by the caller so that a scan can be repeated.
    pub now: Timestamp,
    memo: Mutex<HashMap<TypeId, Slot>>,
    /// What stays over [`Self::rest`].
    kept: Mutex<HashMap<TypeId, Slot>>,
}

impl World {
    /// A world without memos; the scopes of `config` become facts beside the others.
    pub fn new(mut facts: Facts, config: Config, now: Timestamp) -> Self {
        facts.add_scopes(&config);
        Self { facts, config, now, memo: Mutex::default(), kept: Mutex::default() }
    }

    /// The scope of `alicerce.toml` that a fact falls in: by its account, the organizational units above it, its tags, or
    /// the file it stands in.
    pub fn scope_of(&self, fact: FactId) -> Arc<Scope> {
        let Some(found) = self.facts.get(fact) else { return self.config.default_scope.clone() };
        if found.kind.name == "scope" {
            let own = self.config.scopes.iter().find(|s| s.name == found.key);
            return own.unwrap_or(&self.config.default_scope).clone();
        }
        let (ous, ou_path) = found.account.as_deref().map(|a| self.units_above(a)).unwrap_or_default();
        let by_tags = self.config.scopes.iter().any(|s| !s.tags.is_empty());
        let tags = if by_tags { self.tags_of(found) } else { Vec::new() };
        let file = self.facts.document_name(found.node.doc).cloned();
        let place = Place {
            account: found.account.as_deref(),
            ous: &ous,
            ou_path: Some(ou_path.as_str()).filter(|p| !p.is_empty()),
            tags: &tags,
            path: file.as_deref().filter(|_| found.account.is_none()),
        };
        self.config.scope_of(&place).clone()
    }

    /// The scope of an account, of which nothing but its place in the organisation need be known.
    pub fn scope_of_account(&self, account: &str) -> Arc<Scope> {
        let (ous, ou_path) = self.units_above(account);
        let ou_path = Some(ou_path.as_str()).filter(|p| !p.is_empty());
        self.config.scope_of(&Place { account: Some(account), ous: &ous, ou_path, ..Place::default() }).clone()
    }

    /// The ids of the levels above an account, and their names as a path. Empty where no scope speaks of units.
    fn units_above(&self, account: &str) -> (Vec<Arc<str>>, String) {
        if self.config.scopes.iter().all(|s| s.ous.is_empty()) {
            return Default::default();
        }
        let Ok(path) = self.facts.path_of(account) else { return Default::default() };
        let levels: Vec<&Fact> = path.levels.iter().filter_map(|l| self.facts.get(l.fact)).collect();
        let names = levels.iter().filter(|l| l.kind.name != "organization-account").map(|l| &*l.name);
        (levels.iter().map(|l| l.key.clone()).collect(), names.collect::<Vec<_>>().join("/"))
    }

    /// A fact's own tags, in any of the forms that AWS uses: a list of keys and values, or a map.
    fn tags_of(&self, fact: &Fact) -> Vec<(Arc<str>, Arc<str>)> {
        let Some(node) = self.facts.node(fact.node) else { return Vec::new() };
        let mut out = Vec::new();
        for list in ["Tags", "TagList", "tags"].iter().filter_map(|key| node.get(key)) {
            for (key, value) in list.entries() {
                out.extend(key.as_str().zip(value.as_str()).map(|(k, v)| (Arc::from(k), Arc::from(v))));
            }
            for item in list.items() {
                let part = |upper: &str, lower: &str| item.get(upper).or_else(|| item.get(lower)).and_then(|n| n.as_str());
                out.extend(part("Key", "key").zip(part("Value", "value")).map(|(k, v)| (Arc::from(k), Arc::from(v))));
            }
        }
        out
    }

    /// The one value of type `T` for this world, made by `make` at the first call (an index over all
    /// principals, say). Other threads wait for it.
    pub fn memo<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        self.memo_in(&self.memo, make)
    }

    /// As [`Self::memo`], for what is small however many accounts there are: a scan that streams keeps it from lot to lot.
    pub fn memo_kept<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        self.memo_in(&self.kept, make)
    }

    /// Makes a memo that is kept of what each lot of accounts gives, so that no more than one lot's documents are held.
    pub(crate) fn survey<T: Any + Send + Sync>(
        &mut self,
        lots: &[Lot],
        part: impl Fn(&Self, &Lot) -> T,
        join: impl Fn(Vec<T>, &Self) -> T,
    ) {
        let mut parts = Vec::new();
        for lot in lots {
            parts.push(part(self, lot));
            self.rest();
        }
        let whole = join(parts, self);
        self.memo_kept(|_| whole);
    }

    /// Lets go of documents and memos: what is asked for later is made anew.
    pub(crate) fn rest(&mut self) {
        self.memo.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.facts.rest();
    }

    fn memo_in<T: Any + Send + Sync>(&self, slots: &Mutex<HashMap<TypeId, Slot>>, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        let slot = {
            let mut memo = slots.lock().unwrap_or_else(PoisonError::into_inner);
            memo.entry(TypeId::of::<T>()).or_default().clone()
        };
        let any = slot.get_or_init(|| Arc::new(make(self))).clone();
        match any.downcast::<T>() {
            Ok(value) => value,
            Err(_) => unreachable!("a memo slot is keyed by its type"),
        }
    }
}

/// Maps the items, in parallel but where the calling thread is one of the pool's own.
///
/// For what a memo is made of: a pool's thread that waits for its tasks may take up another one, and if that one asks for the memo
/// being made, the thread would wait for itself.
pub fn spread<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if rayon::current_thread_index().is_some() {
        return items.iter().map(map).collect();
    }
    items.par_iter().map(map).collect()
}

/// A fact that alicerce derives, offered to rules under a snake_case name.
///
/// Modules right of `world` (`access`, `network`) list theirs in a `DERIVED` constant; the rule loader
/// collects them, checks rules against their types, and the engine computes each at most once a subject.
#[derive(Debug)]
pub struct Derived {
    /// The kind it belongs to.
    pub kind: &'static str,
    /// Its name, snake_case.
    pub name: &'static str,
    /// Its type in the notation of [`crate::facts::shape`].
    pub ty: &'static str,
    /// One or two sentences for `facts` and the rule author's guide.
    pub doc: &'static str,
    /// Computes it. Unknown is a value, never a panic.
    pub compute: fn(&World, FactId) -> Value,
}

/// A type of derived object.
#[derive(Debug)]
pub struct ObjectType {
    /// The name after `object:`.
    pub name: &'static str,
    /// `(field, type, documentation)`; a field whose name ends in `?` may be missing.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
}
