//! The identity of a part of a document: what a fingerprint is made of.
//!
//! In: a node. Out: its path in which every array index is replaced by what tells the element apart (its `Sid`, its name,
//! its content), so that moving a statement, sorting a list or re-indenting a file changes nothing. Inside a policy the path
//! starts at the policy, so that a role's policy is the same in an export, in a template and in a file of its own.

use sha2::{Digest, Sha256};

use crate::doc::{Document, Kind, Node};

/// A YAML alias can stand for a huge tree; content beyond this many nodes is not looked at.
const BUDGET: usize = 20_000;

/// The identity of node `idx` of `doc`.
pub(super) fn of_part(doc: &Document, idx: u32) -> String {
    let mut out = doc.outer.as_ref().map_or_else(String::new, |outer| of_part(&outer.document, outer.node));
    let mut in_policy = false;
    let mut node = doc.root();
    loop {
        if node.key_node("Statement").is_some() {
            out.clear();
            in_policy = true;
        }
        if node.index() == idx {
            break;
        }
        match node.kind() {
            Kind::Array => {
                let Some(child) = node.items().take_while(|c| c.index() <= idx).last() else { break };
                out.push_str(&element(child));
                node = child;
                if node.index() == idx {
                    return out;
                }
            }
            Kind::Object => {
                let Some((key, value)) = node.entries().take_while(|(k, _)| k.index() <= idx).last() else { break };
                let name = key.as_str().unwrap_or_default();
                out.push('/');
                out.push_str(name);
                if key.index() == idx {
                    return out;
                }
                node = value;
                if in_policy && name == "Statement" && node.kind() == Kind::Object {
                    out.push_str(&element(node));
                }
            }
            _ => break,
        }
    }
    // A policy's `"Action": "x"` and `"Action": ["x"]` say the same.
    if in_policy && let Some(text) = node.scalar() {
        out.push_str(&format!("[{text}]"));
    }
    out
}

/// `[…]` for an array's element.
fn element(node: Node<'_>) -> String {
    if let Some(text) = node.scalar() {
        return format!("[{text}]");
    }
    let naming = node
        .entries()
        .filter_map(|(k, v)| Some((k.as_str()?, v.scalar()?)))
        .filter_map(|(k, v)| naming_rank(k).map(|rank| (rank, k, v)))
        .min();
    match naming {
        Some((_, key, value)) => format!("[{key}={value}]"),
        None => format!("[#{}]", content(node)),
    }
}

/// How well a field names its object; `None`: not at all.
fn naming_rank(key: &str) -> Option<u8> {
    match key {
        "Sid" => Some(0),
        "Arn" | "arn" => Some(1),
        "Name" | "name" | "Id" | "id" | "Key" | "key" => Some(3),
        _ if key.ends_with("Arn") => Some(2),
        _ if key.ends_with("Name") || key.ends_with("Id") => Some(4),
        _ => None,
    }
}

/// A short digest of a node's content in which the order of keys and elements and the layout play no part.
fn content(node: Node<'_>) -> String {
    let mut budget = BUDGET;
    hex(&digest(node, &mut budget)).chars().take(16).collect()
}

fn digest(node: Node<'_>, budget: &mut usize) -> [u8; 32] {
    *budget = budget.saturating_sub(1);
    let mut hasher = Sha256::new();
    match node.kind() {
        Kind::Object => {
            let mut parts: Vec<(String, [u8; 32])> = Vec::new();
            for (k, v) in node.entries() {
                if *budget == 0 {
                    break;
                }
                parts.push((k.as_str().unwrap_or_default().to_owned(), digest(v, budget)));
            }
            parts.sort();
            hasher.update(b"{");
            for (k, v) in parts {
                hasher.update(k.as_bytes());
                hasher.update([0]);
                hasher.update(v);
            }
        }
        Kind::Array => {
            let mut parts: Vec<[u8; 32]> = Vec::new();
            for item in node.items() {
                if *budget == 0 {
                    break;
                }
                parts.push(digest(item, budget));
            }
            parts.sort_unstable();
            // One element alone is what it is without the list around it.
            if let [only] = parts.as_slice() {
                return *only;
            }
            hasher.update(b"[");
            parts.iter().for_each(|p| hasher.update(p));
        }
        _ => {
            hasher.update(b"=");
            hasher.update(node.scalar().unwrap_or_default().as_bytes());
        }
    }
    hasher.finalize().into()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
