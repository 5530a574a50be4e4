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
    /// The calls: each of them has to be recorded. Such as `InvokeModel`.
    pub(super) names: &'e [&'e str],
    /// The source is one of these. Such as `bedrock.amazonaws.com`.
    pub(super) sources: &'e [&'e str],
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
    if event.sources.iter().any(|source| excluded.contains(source)) {
        return Recorded::None;
    }
    match (selector.get("ReadWriteType").and_then(|n| n.as_str()).unwrap_or("All"), event.read_only) {
        ("All", _) | ("ReadOnly", Some(true)) | ("WriteOnly", Some(false)) => Recorded::All,
        (_, None) => Recorded::Part("ReadWriteType".to_owned()),
        _ => Recorded::None,
    }
}

/// How much of a class one field selector takes.
enum Taken {
    /// All of it.
    All,
    /// Some of it, and certainly not all.
    Some,
    /// All or nothing: the class does not tell its value.
    Undecided,
    /// Nothing.
    None,
}

fn by_advanced(selector: Node<'_>, event: &Event<'_>) -> Recorded {
    let mut result = Recorded::All;
    let fields = selector.get("FieldSelectors").map(|n| n.items().collect::<Vec<_>>()).unwrap_or_default();
    for field in &fields {
        let Some(name) = field.get("Field").and_then(|n| n.as_str()) else { return Recorded::None };
        match taken(*field, name, event) {
            Taken::None => return Recorded::None,
            Taken::Some => result = Recorded::Part(name.to_owned()),
            Taken::Undecided if result == Recorded::All => result = Recorded::Parts,
            Taken::Undecided | Taken::All => {}
        }
    }
    // AWS demands the category; a selector without one is not AWS's.
    let has_category = fields.iter().any(|f| f.get("Field").and_then(|n| n.as_str()) == Some("eventCategory"));
    if has_category { result } else { Recorded::None }
}

fn taken(field: Node<'_>, name: &str, event: &Event<'_>) -> Taken {
    let one = |value: &str| if selects(field, value) { Taken::All } else { Taken::None };
    let of = |values: &[&str], mixed: Taken| match values.iter().filter(|value| selects(field, value)).count() {
        // Nothing is known of the value.
        0 if values.is_empty() => Taken::Some,
        0 => Taken::None,
        n if n == values.len() => Taken::All,
        _ => mixed,
    };
    match name {
        "eventCategory" => one(event.category),
        // Calls, not what a service does by itself nor what the console does.
        "eventType" => one("AwsApiCall"),
        "eventName" => of(event.names, Taken::Some),
        "eventSource" => of(event.sources, Taken::Undecided),
        "readOnly" => match event.read_only {
            Some(read) => one(if read { "true" } else { "false" }),
            None => of(&["true", "false"], Taken::Undecided),
        },
        "resources.type" => event.resource_type.map_or(Taken::Some, one),
        _ => Taken::Some,
    }
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
        names: &["InvokeModel"],
        sources: &["bedrock.amazonaws.com"],
        read_only: Some(true),
        resource_type: None,
    };
    const CHANGE: Event<'_> = Event { names: &[], read_only: Some(false), ..INVOKE };
    const RETRIEVE: Event<'_> = Event {
        category: "Data",
        names: &["Retrieve", "RetrieveAndGenerate"],
        sources: &["bedrock.amazonaws.com", "bedrock-agent.amazonaws.com"],
        read_only: None,
        resource_type: Some("AWS::Bedrock::KnowledgeBase"),
    };

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
        assert_eq!(of(&text, &Event { names: &["Converse"], ..INVOKE }), Recorded::All);
        assert_eq!(of(&text, &Event { names: &["InvokeModelWithResponseStream"], ..INVOKE }), Recorded::None);
        assert_eq!(
            of(&text, &Event { names: &["InvokeModel", "InvokeModelWithResponseStream"], ..INVOKE }),
            Recorded::Part("eventName".into())
        );
    }

    #[test]
    fn what_a_class_leaves_open_is_decided_only_where_all_its_values_agree() {
        let base = r#"{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::Bedrock::KnowledgeBase"]}"#;
        let with = |field: &str| of(&advanced(&[&format!("{base}, {field}")]), &RETRIEVE);
        assert_eq!(with(r#"{"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}"#), Recorded::All);
        assert_eq!(with(r#"{"Field": "eventSource", "StartsWith": ["bedrock"]}"#), Recorded::All);
        assert_eq!(with(r#"{"Field": "eventSource", "Equals": ["bedrock.amazonaws.com"]}"#), Recorded::Parts);
        assert_eq!(with(r#"{"Field": "eventSource", "NotStartsWith": ["bedrock"]}"#), Recorded::None);
        assert_eq!(with(r#"{"Field": "readOnly", "Equals": ["true"]}"#), Recorded::Parts);
        assert_eq!(with(r#"{"Field": "eventName", "NotEquals": ["GetObject"]}"#), Recorded::All);
        assert_eq!(with(r#"{"Field": "eventName", "NotEquals": ["Retrieve"]}"#), Recorded::Part("eventName".into()));
        assert_eq!(with(r#"{"Field": "eventType", "NotEquals": ["AwsServiceEvent"]}"#), Recorded::All);
        assert_eq!(
            with(r#"{"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::111122223333:"]}"#),
            Recorded::Part("userIdentity.arn".into())
        );
    }
}
