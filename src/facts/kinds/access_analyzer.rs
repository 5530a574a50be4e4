//! IAM Access Analyzer.

use super::super::kind::{Kind, Scope, Source};

pub(super) static KINDS: &[Kind] = &[Kind {
    sources: &[Source::new("accessanalyzer", "list-analyzers", "analyzers[]", "name").arn("arn")],
    ..Kind::new("access-analyzer", "access analyzer", Scope::Region, "accessanalyzer.AnalyzerSummary")
}];
