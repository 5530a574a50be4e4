//! Event selectors of CloudTrail: which events a trail records.
//!
//! In: the answer of `get-event-selectors`. Out: whether all events of a class are recorded, part of them or none. Never: a
//! selector that narrows by what the class leaves open (an ARN, a caller) taken for one that records all.
//!
//! As the CloudTrail User Guide has it: selectors are ORed; the fields of one advanced selector are ANDed; of one field, any of
//! `Equals`, `StartsWith`, `EndsWith` must hold, and none of `NotEquals`, `NotStartsWith`, `NotEndsWith` may exclude.

use crate::doc::Node;

/// A class of events: what is `None` is open, so that a selector on it takes part of the class only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'e> {
    /// `Management` or `Data`.
    pub(super) category: &'e str,
    /// Such as `InvokeModel`.
    pub(super) name: Option<&'e str>,
    /// Such as `bedrock.amazonaws.com`.
    pub(super) source: Option<&'e str>,
    /// Whether it only reads.
    pub(super) read_only: Option<bool>,
    /// Such as `AWS::Bedrock::KnowledgeBase`.
    pub(super) resource_type: Option<&'e str>,
}

/// How much of a class is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recorded {
    /// All of it.
    All,
    /// Only events with certain values of this field.
    Part(String),
    /// Parts of several selectors, which may or may not make up the whole.
    Parts,
    /// Nothing.
    None,
}

/// What the answer of `get-event-selectors` records of a class of events.
pub(super) fn recorded(answer: Node<'_>, event: &Event<'_>) -> Recorded {
    let list = |name: &str| answer.get(name).map(|n| n.items().collect::<Vec<_>>()).unwrap_or_default();
    let basic = list("EventSelectors").into_iter().map(|s| by_basic(s, event));
    let advanced = list("AdvancedEventSelectors").into_iter().map(|s| by_advanced(s, event));
    any_of(basic.chain(advanced))
}

/// What a trail records for which nobody chose selectors: all management events.
pub(super) fn by_default(event: &Event<'_>) -> Recorded {
    if event.category == "Management" { Recorded::All } else { Recorded::None }
}

fn any_of(each: impl Iterator<Item = Recorded>) -> Recorded {
    let mut best = Recorded::None;
    for one in each {
        best = match (best, one) {
            (Recorded::All, _) | (_, Recorded::All) => Recorded::All,
            (known, Recorded::None) => known,
            (Recorded::None, one) => one,
            _ => Recorded::Parts,
        };
    }
    best
}

/// A basic selector: management events by reading and writing, but for excluded sources. Its data events are of S3, Lambda and
/// DynamoDB alone.
fn by_basic(selector: Node<'_>, event: &Event<'_>) -> Recorded {
    let included = selector.get("IncludeManagementEvents").and_then(|n| n.as_bool()).unwrap_or(true);
    if event.category != "Management" || !included {
        return Recorded::None;
    }
    let excluded = selector.get("ExcludeManagementEventSources").map(|n| strings(n)).unwrap_or_default();
    if event.source.is_some_and(|source| excluded.contains(&source)) {
        return Recorded::None;
    }
    match (selector.get("ReadWriteType").and_then(|n| n.as_str()).unwrap_or("All"), event.read_only) {
        ("All", _) | ("ReadOnly", Some(true)) | ("WriteOnly", Some(false)) => Recorded::All,
        (_, None) => Recorded::Part("ReadWriteType".to_owned()),
        _ => Recorded::None,
    }
}

fn by_advanced(selector: Node<'_>, event: &Event<'_>) -> Recorded {
    let mut result = Recorded::All;
    let fields = selector.get("FieldSelectors").map(|n| n.items().collect::<Vec<_>>()).unwrap_or_default();
    for field in &fields {
        let Some(name) = field.get("Field").and_then(|n| n.as_str()) else { return Recorded::None };
        let value = match name {
            "eventCategory" => Some(event.category),
            "eventName" => event.name,
            "eventSource" => event.source,
            "readOnly" => event.read_only.map(|read| if read { "true" } else { "false" }),
            "resources.type" => event.resource_type,
            _ => None,
        };
        match value {
            Some(value) if !selects(*field, value) => return Recorded::None,
            Some(_) => {}
            None => result = Recorded::Part(name.to_owned()),
        }
    }
    // AWS demands the category; a selector without one is not AWS's.
    let has_category = fields.iter().any(|f| f.get("Field").and_then(|n| n.as_str()) == Some("eventCategory"));
    if has_category { result } else { Recorded::None }
}

/// Whether one field selector takes a value.
fn selects(field: Node<'_>, value: &str) -> bool {
    let values = |operator: &str| field.get(operator).map(|n| strings(n)).unwrap_or_default();
    let (equals, starts, ends) = (values("Equals"), values("StartsWith"), values("EndsWith"));
    let selected = equals.contains(&value)
        || starts.iter().any(|start| value.starts_with(start))
        || ends.iter().any(|end| value.ends_with(end));
    let chosen = (equals.is_empty() && starts.is_empty() && ends.is_empty()) || selected;
    let excluded = values("NotEquals").contains(&value)
        || values("NotStartsWith").iter().any(|start| value.starts_with(start))
        || values("NotEndsWith").iter().any(|end| value.ends_with(end));
    chosen && !excluded
}

fn strings(list: Node<'_>) -> Vec<&str> {
    list.items().filter_map(|n| n.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Document;

    const INVOKE: Event<'_> = Event {
        category: "Management",
        name: Some("InvokeModel"),
        source: Some("bedrock.amazonaws.com"),
        read_only: Some(true),
        resource_type: None,
    };
    const CHANGE: Event<'_> = Event { name: None, read_only: Some(false), ..INVOKE };
    const RETRIEVE: Event<'_> =
        Event { category: "Data", name: None, source: None, read_only: None, resource_type: Some("AWS::Bedrock::KnowledgeBase") };

    fn of(text: &str, event: &Event<'_>) -> Recorded {
        recorded(Document::json("case", text.to_owned()).unwrap().root(), event)
    }

    #[test]
    fn basic_selectors() {
        let all = r#"{"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]}"#;
        assert_eq!(of(all, &INVOKE), Recorded::All);
        assert_eq!(of(all, &RETRIEVE), Recorded::None);
        let writes = r#"{"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]}"#;
        assert_eq!(of(writes, &INVOKE), Recorded::None);
        assert_eq!(of(writes, &CHANGE), Recorded::All);
        let off = r#"{"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": false}]}"#;
        assert_eq!(of(off, &INVOKE), Recorded::None);
        let kms = r#"{"EventSelectors": [{"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}"#;
        assert_eq!(of(kms, &INVOKE), Recorded::All);
        assert_eq!(of(r#"{"EventSelectors": []}"#, &INVOKE), Recorded::None);
    }

    fn advanced(fields: &[&str]) -> String {
        let selectors: Vec<String> = fields.iter().map(|f| format!(r#"{{"FieldSelectors": [{f}]}}"#)).collect();
        format!(r#"{{"AdvancedEventSelectors": [{}]}}"#, selectors.join(", "))
    }

    #[test]
    fn fields_are_anded_and_selectors_ored() {
        let management = r#"{"Field": "eventCategory", "Equals": ["Management"]}"#;
        assert_eq!(of(&advanced(&[management]), &INVOKE), Recorded::All);
        let not_bedrock =
            format!(r#"{management}, {{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "bedrock.amazonaws.com"]}}"#);
        assert_eq!(of(&advanced(&[&not_bedrock]), &INVOKE), Recorded::None);
        let reads = format!(r#"{management}, {{"Field": "readOnly", "Equals": ["true"]}}"#);
        assert_eq!(of(&advanced(&[&not_bedrock, &reads]), &INVOKE), Recorded::All);
        assert_eq!(of(&advanced(&[&not_bedrock, &reads]), &CHANGE), Recorded::None);
    }

    #[test]
    fn data_events_by_type_and_part() {
        let base = r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::Bedrock::KnowledgeBase"]}"#;
        assert_eq!(of(&advanced(&[base]), &RETRIEVE), Recorded::All);
        let other = Event { resource_type: Some("AWS::Bedrock::AgentAlias"), ..RETRIEVE };
        assert_eq!(of(&advanced(&[base]), &other), Recorded::None);
        let part = format!(r#"{base}, {{"Field": "resources.ARN", "StartsWith": ["arn:aws:bedrock:sa-east-1:"]}}"#);
        assert_eq!(of(&advanced(&[&part]), &RETRIEVE), Recorded::Part("resources.ARN".into()));
        assert_eq!(of(&advanced(&[&part, &part]), &RETRIEVE), Recorded::Parts);
        assert_eq!(of(&advanced(&[&part, base]), &RETRIEVE), Recorded::All);
        let no_category = r#"{"Field": "resources.type", "Equals": ["AWS::Bedrock::KnowledgeBase"]}"#;
        assert_eq!(of(&advanced(&[no_category]), &RETRIEVE), Recorded::None);
    }

    #[test]
    fn of_one_field_any_selecting_operator_and_no_excluding_one() {
        let field = r#"{"Field": "eventName", "Equals": ["Converse"], "StartsWith": ["Invoke"], "NotEndsWith": ["Stream"]}"#;
        let text = advanced(&[&format!(r#"{{"Field": "eventCategory", "Equals": ["Management"]}}, {field}"#)]);
        assert_eq!(of(&text, &INVOKE), Recorded::All);
        assert_eq!(of(&text, &Event { name: Some("Converse"), ..INVOKE }), Recorded::All);
        assert_eq!(of(&text, &Event { name: Some("InvokeModelWithResponseStream"), ..INVOKE }), Recorded::None);
        assert_eq!(of(&text, &Event { name: None, ..INVOKE }), Recorded::Part("eventName".into()));
    }
}
