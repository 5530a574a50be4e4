//! Properties of documents: spans, values, embedded documents, and that no bytes make a reader panic.

#![cfg(test)]

use std::sync::Arc;

use alicerce::doc::{Document, Kind, Node};
use proptest::prelude::*;
use serde_json::Value;

/// Every node's span is inside the text, on character boundaries, and inside its parent's; siblings do not overlap.
fn check_spans(document: &Document) {
    assert!(!document.is_empty());
    for problem in &document.problems {
        assert!(document.text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    for idx in 0..u32::try_from(document.len()).unwrap() {
        let node = document.node(idx).unwrap();
        let span = node.span();
        assert!(document.text.get(span.start as usize..span.end as usize).is_some(), "{node:?} in {:?}", document.text);
        let mut children: Vec<Node<'_>> = Vec::new();
        if !node.is_alias() {
            children.extend(node.items());
            children.extend(node.entries().flat_map(|(k, v)| [k, v]));
        }
        let mut at = span.start;
        for child in children {
            let inner = child.span();
            assert!(at <= inner.start && inner.end <= span.end, "{child:?} in {node:?} in {:?}", document.text);
            at = inner.end;
        }
    }
}

fn to_value(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool(b) => Value::Bool(b),
        Kind::Number => serde_json::from_str(node.number_text().unwrap()).unwrap(),
        Kind::String => Value::String(node.as_str().unwrap().to_owned()),
        Kind::Array => node.items().map(to_value).collect(),
        Kind::Object => node.entries().map(|(k, v)| (k.as_str().unwrap().to_owned(), to_value(v))).collect(),
    }
}

fn value(text: &'static str) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9f64..1e9).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((text, inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Text made of what the grammars are made of, so that it goes deep.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            ": ",
            "\"",
            "'",
            "\\",
            "\\u00e9",
            "\\ud83d",
            "\\ude00",
            "\\n",
            "\n",
            "\r\n",
            "  ",
            "\t",
            "- ",
            "? ",
            "|",
            ">-",
            "&a ",
            "*a",
            "*a ",
            "!Ref ",
            "!!str ",
            "!",
            "#",
            " # c",
            "---\n",
            "...\n",
            "%TAG ! x\n",
            "<<",
            "null",
            "true",
            "1",
            "-0",
            "1.5e3",
            "01",
            "a",
            "é",
            "😀",
            "\u{feff}",
            "\u{0}",
            "\u{85}",
            "\u{2028}",
            "~",
            "\"a\"",
            "\"a\": ",
            "a: ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Writes a string as JSON with arbitrary but valid escapes.
fn escaped(text: &str, how: &[u8]) -> String {
    let mut out = String::from("\"");
    for (at, ch) in text.chars().enumerate() {
        match (how.get(at % how.len().max(1)).copied().unwrap_or(0) % 4, ch) {
            (0, _) => ch.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04X}"))),
            (1, '/') => out.push_str("\\/"),
            _ => {
                let quoted = serde_json::to_string(&ch.to_string()).unwrap();
                out.push_str(quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap());
            }
        }
    }
    out.push('"');
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_json_reader_panic_and_it_agrees_with_serde(text in soup()) {
        let ours = Document::json("t", text.as_str());
        if let Ok(document) = &ours {
            check_spans(document);
        }
        if let Err(error) = &ours {
            prop_assert!(text.get(error.span.start as usize..error.span.end as usize).is_some(), "{error:?} {text:?}");
        }
        let body = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let serde = serde_json::from_str::<Value>(body);
        // A lone surrogate is within RFC 8259's grammar; it is read as U+FFFD.
        let tolerated = ours.as_ref().is_ok_and(|d| d.problems.iter().any(|p| p.code == "trailing-comma")) || text.contains("\\ud83d") || text.contains("\\ude00");
        if !tolerated {
            prop_assert_eq!(ours.is_ok(), serde.is_ok(), "{:?} {:?} {:?}", text, ours.err(), serde.err());
        }
    }

    #[test]
    fn no_text_makes_the_yaml_reader_panic(text in soup()) {
        match Document::yaml("t", text.as_str()) {
            Ok(document) => check_spans(&document),
            Err(error) => prop_assert!(text.get(error.span.start as usize..error.span.end as usize).is_some(), "{error:?} {text:?}"),
        }
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        use alicerce::input::{Options, Source, load};
        let loaded = load(&[Source::Stdin(bytes)], &Options::default());
        prop_assert_eq!(loaded.documents.len() + loaded.unrecognised.len() + loaded.unreadable.len() + loaded.manifests.len(), 1);
    }

    #[test]
    fn json_values_are_those_of_serde(value in value("\\PC{0,8}"), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let document = Document::json("t", text.as_str()).unwrap();
        check_spans(&document);
        prop_assert_eq!(to_value(document.root()), value);
        for idx in 0..u32::try_from(document.len()).unwrap() {
            let node = document.node(idx).unwrap();
            if node.as_str().is_some() {
                let again: String = serde_json::from_str(document.slice(node.span())).unwrap();
                prop_assert_eq!(Some(again.as_str()), node.as_str());
            }
        }
    }

    #[test]
    fn json_is_read_alike_by_the_yaml_reader(value in value("[ -~éñ😀]{0,8}"), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let yaml = Document::yaml("t", text.as_str()).unwrap();
        check_spans(&yaml);
        let json = Document::json("t", text.as_str()).unwrap();
        prop_assert_eq!(to_value(yaml.root()), value);
        let spans = |d: &Document| (0..u32::try_from(d.len()).unwrap()).map(|i| d.node(i).unwrap().span()).collect::<Vec<_>>();
        prop_assert_eq!(spans(&yaml), spans(&json), "{}", text);
    }

    #[test]
    fn embedded_nodes_map_to_their_bytes_in_the_file(value in value("\\PC{0,8}"), how in proptest::collection::vec(any::<u8>(), 1..20)) {
        let inner_text = serde_json::to_string(&value).unwrap();
        let text = format!("{{\"é\": 1, \"P\": {}}}", escaped(&inner_text, &how));
        let outer = Arc::new(Document::json("t", text.as_str()).unwrap());
        let inner = Document::embedded(&outer, outer.root().get("P").unwrap().index()).unwrap();
        prop_assert_eq!(&*inner.text, inner_text.as_str());
        for idx in 0..u32::try_from(inner.len()).unwrap() {
            let node = inner.node(idx).unwrap();
            let (file, span) = inner.in_file(node.span());
            let decoded: String = serde_json::from_str(&format!("\"{}\"", file.slice(span))).unwrap();
            prop_assert_eq!(decoded.as_str(), inner.slice(node.span()));
        }
    }
}

#[test]
fn pointers_name_nodes() {
    let text = r#"{"a/b": [{"~": 1}, 2], "c": {"d": null}}"#;
    let document = Document::json("t", text).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    for idx in 0..u32::try_from(document.len()).unwrap() {
        let node = document.node(idx).unwrap();
        assert!(value.pointer(&node.pointer()).is_some(), "{}", node.pointer());
    }
    assert_eq!(document.root().get("a/b").unwrap().items().next().unwrap().get("~").unwrap().pointer(), "/a~1b/0/~0");
}
