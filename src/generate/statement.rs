//! Statements as they are written, before they are text.
//!
//! In: what to allow or deny. Out: JSON in AWS's order of elements, the same for the same input.
//! Never: a list where one string is meant, an empty list, an element that AWS would refuse for the policy's type.

use serde_json::{Map, Value, json};

/// One test of a condition block: operator, key, values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) operator: &'static str,
    pub(super) key: &'static str,
    pub(super) values: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sid: &'static str,
    pub(super) allow: bool,
    /// `Principal: "*"` is written: endpoint policies need it, identity policies and SCPs may not have it.
    pub(super) principal: bool,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    /// `NotResource`.
    pub(super) except: bool,
    pub(super) tests: Vec<Test>,
}

impl Statement {
    fn new(sid: &'static str, allow: bool, actions: Vec<String>) -> Self {
        let resources = vec!["*".to_owned()];
        Self { sid, allow, principal: false, actions, resources, except: false, tests: Vec::new() }
    }

    pub(super) fn deny<A: Into<String>>(sid: &'static str, actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(sid, false, actions.into_iter().map(Into::into).collect())
    }

    pub(super) fn allow<A: Into<String>>(sid: &'static str, actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(sid, true, actions.into_iter().map(Into::into).collect())
    }

    pub(super) fn on(mut self, resources: Vec<String>) -> Self {
        self.resources = resources;
        self
    }

    pub(super) fn but_on(mut self, resources: Vec<String>) -> Self {
        self.except = true;
        self.on(resources)
    }

    pub(super) fn when<V: Into<String>>(
        mut self,
        operator: &'static str,
        key: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.tests.push(Test { operator, key, values: values.into_iter().map(Into::into).collect() });
        self
    }

    /// The statement for an endpoint policy.
    pub(super) fn for_everyone(mut self) -> Self {
        self.principal = true;
        self
    }

    pub(super) fn json(&self) -> Value {
        let mut out = Map::new();
        out.insert("Sid".to_owned(), json!(self.sid));
        out.insert("Effect".to_owned(), json!(if self.allow { "Allow" } else { "Deny" }));
        if self.principal {
            out.insert("Principal".to_owned(), json!("*"));
        }
        out.insert("Action".to_owned(), one_or_many(&self.actions));
        out.insert(if self.except { "NotResource" } else { "Resource" }.to_owned(), one_or_many(&self.resources));
        if !self.tests.is_empty() {
            out.insert("Condition".to_owned(), conditions(&self.tests));
        }
        Value::Object(out)
    }
}

/// The condition block; tests with one operator stand together.
fn conditions(tests: &[Test]) -> Value {
    let mut out: Map<String, Value> = Map::new();
    for test in tests {
        let block = out.entry(test.operator).or_insert_with(|| json!({}));
        if let Value::Object(keys) = block {
            keys.insert(test.key.to_owned(), one_or_many(&test.values));
        }
    }
    Value::Object(out)
}

fn one_or_many(values: &[String]) -> Value {
    match values {
        [one] => json!(one),
        many => json!(many),
    }
}

/// A policy document of these statements.
pub(super) fn document(statements: &[Statement]) -> Value {
    let statements: Vec<Value> = statements.iter().map(Statement::json).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}
