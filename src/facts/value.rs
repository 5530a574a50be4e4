//! Values: what a rule sees, a derived fact returns, and a finding underlines.
//!
//! A value is small and owns nothing of the documents: it names nodes and facts by index and is
//! resolved against [`super::Facts`]. What is not known is a value of its own, never a default.

use std::sync::Arc;

use super::FactId;

/// A node of a loaded document: what can be underlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// Index of the document in [`super::Facts::documents`].
    pub doc: u32,
    /// Index of the node in it.
    pub node: u32,
}

/// Why something could not be determined.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The call that would tell was not made, or its file is not in the export.
    NotCollected,
    /// The call was refused.
    Denied,
    /// The call failed, or its answer could not be read.
    Failed,
    /// An identifier points at something that was not loaded (another account, a shared resource).
    NotLoaded,
    /// A template parameter, import or function without a value.
    Unresolved,
    /// A field that AWS always sends is missing from the data.
    MissingField,
    /// The question is outside of what alicerce can decide.
    Undecided,
}

/// One reason for an unknown, ready to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Why {
    /// The class, for counting and for SARIF.
    pub reason: Reason,
    /// One clause, lower case, that names the call, parameter or resource, such as
    /// "`kms get-key-rotation-status` for key `1234` in sa-east-1 was denied (AccessDeniedException)".
    pub text: String,
}

impl Why {
    /// A reason with its text.
    pub fn new(reason: Reason, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { reason, text: text.into() })
    }
}

/// An object that alicerce made (a derived fact): snake_case fields, and what to underline for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Fields in the order of their documentation.
    pub fields: Vec<(&'static str, Value)>,
    /// The places that explain it, the most telling first.
    pub at: Vec<NodeId>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// A string that alicerce made.
    Str(Arc<str>),
    /// Part of a document, as it stands there.
    Node(NodeId),
    /// A fact, reached over an edge.
    Fact(FactId),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A derived object.
    Object(Arc<Object>),
    /// Not known, with the reason.
    Unknown(Arc<Why>),
}

impl Value {
    /// A string value.
    pub fn str(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    /// A list value.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// A derived object.
    pub fn object(fields: Vec<(&'static str, Self)>, at: Vec<NodeId>) -> Self {
        Self::Object(Arc::new(Object { fields, at }))
    }

    /// An unknown.
    pub fn unknown(reason: Reason, text: impl Into<String>) -> Self {
        Self::Unknown(Why::new(reason, text))
    }
}

/// The answer to "what is field `x` of this?": there, known to be absent, or not known.
pub type Lookup = Result<Option<Value>, Arc<Why>>;
