//! What holds for every document.

use alicerce::doc::{Document, Node, Span};

/// A span can be printed.
pub fn place(text: &str, span: Span) {
    assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
}

/// Every node's span can be printed and lies inside its parent's.
pub fn spans(document: &Document) {
    document.problems.iter().for_each(|p| place(&document.text, p.span));
    for idx in 0..document.len() as u32 {
        let Some(node) = document.node(idx) else { panic!("node {idx} is missing") };
        place(&document.text, node.span());
        let _ = (node.scalar(), node.as_f64(), node.as_i64(), node.tag());
        if node.is_alias() {
            continue;
        }
        let mut at = node.span().start;
        for child in children(node) {
            assert!(at <= child.span().start && child.span().end <= node.span().end, "{child:?} in {node:?}");
            at = child.span().end;
        }
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.items().chain(node.entries().flat_map(|(k, v)| [k, v])).collect()
}
