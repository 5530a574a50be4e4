//! Everything a rule may look at: the facts, the configuration, the date, and memos of what was derived.
//!
//! Built once per scan, then shared by all threads; nothing in it changes but the memos.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::config::Config;
use crate::facts::Facts;

type Slot = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

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
}

impl World {
    /// A world without memos.
    pub fn new(facts: Facts, config: Config, now: Timestamp) -> Self {
        Self { facts, config, now, memo: Mutex::new(HashMap::new()) }
    }

    /// The one value of type `T` for this world, made by `make` at the first call (an index over all
    /// principals, say). Other threads wait for it.
    pub fn memo<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        let slot = {
            let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
            memo.entry(TypeId::of::<T>()).or_default().clone()
        };
        let any = slot.get_or_init(|| Arc::new(make(self))).clone();
        match any.downcast::<T>() {
            Ok(value) => value,
            Err(_) => unreachable!("a memo slot is keyed by its type"),
        }
    }
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
    pub compute: fn(&World, crate::facts::FactId) -> crate::facts::Value,
}

/// A type of derived object.
#[derive(Debug)]
pub struct ObjectType {
    /// The name after `object:`.
    pub name: &'static str,
    /// `(field, type, documentation)`; a field whose name ends in `?` may be missing.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
}
