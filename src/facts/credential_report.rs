//! The rows of an IAM credential report.
//!
//! In: the answer of `iam get-credential-report`, whose `Content` is base64 of a CSV text (both as the AWS
//! CLI prints it; a `Content` that is the CSV itself is read too). Out: a document with one object a row,
//! keys from the CSV's header, which maps to the whole answer. Source: IAM User Guide, "Generate
//! credential reports"; fields hold no quotes or commas.

use std::sync::Arc;

use crate::doc::{Document, Outer};

/// The rows as a document; `None` where the content is not a report.
pub(super) fn rows(answer: &Arc<Document>) -> Option<Arc<Document>> {
    let content = answer.root().get("Content")?.as_str()?;
    let decoded;
    let csv = if content.starts_with("user,") {
        content
    } else {
        decoded = decode(content)?;
        decoded.as_str()
    };
    let mut lines = csv.lines().filter(|line| !line.trim().is_empty());
    let header: Vec<&str> = lines.next()?.split(',').map(str::trim).collect();
    if header.first() != Some(&"user") {
        return None;
    }
    let rows: Vec<serde_json::Value> = lines
        .map(|line| {
            let cells = header.iter().zip(line.split(',')).map(|(key, cell)| ((*key).to_owned(), cell.trim().into()));
            serde_json::Value::Object(cells.collect())
        })
        .collect();
    let text = serde_json::to_string_pretty(&rows).ok()?;
    let mut document = Document::json(answer.name.clone(), text).ok()?;
    document.path.clone_from(&answer.path);
    // A container as the outer node: positions in the rows are those of the whole answer.
    document.outer = Some(Outer { document: answer.clone(), node: 0 });
    Some(Arc::new(document))
}

/// Base64 (RFC 4648, line breaks allowed) of UTF-8.
fn decode(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    String::from_utf8(crate::iam::base64::decode(&digits)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_plain_csv_give_the_same_rows() {
        let plain = r#"{"Content": "user,arn,mfa_active\nana,arn:aws:iam::111122223333:user/ana,false\n"}"#;
        let coded = r#"{"Content": "dXNlcixhcm4sbWZhX2FjdGl2ZQphbmEsYXJuOmF3czppYW06OjExMTEyMjIyMzMzMzp1c2VyL2FuYSxmYWxzZQo="}"#;
        for text in [plain, coded] {
            let answer = Arc::new(Document::json("r", text).unwrap());
            let rows = rows(&answer).unwrap();
            let row = rows.root().items().next().unwrap();
            assert_eq!(row.get("mfa_active").and_then(|n| n.as_str()), Some("false"));
            assert_eq!(rows.in_file(row.span()).1, answer.root().span());
        }
        let other = Arc::new(Document::json("r", r#"{"Content": "%%%"}"#).unwrap());
        assert!(rows(&other).is_none());
    }
}
