//! The `Condition` element: operators over keys over values.

use super::{Reader, Scalar, function, text_of};
use crate::iam::condition::{Condition, Operator, Value};
use crate::iam::tree::{Mark, Shape, Tree};

impl Reader {
    /// `unknown` is set where a part is a template function.
    pub(super) fn conditions<T: Tree>(&mut self, node: T, unknown: &mut bool) -> Vec<Condition> {
        let mut conditions = Vec::new();
        if node.shape() != Shape::Object {
            self.problem(node.mark(), "condition-not-an-object", "`Condition` is an object of operators".into());
            return conditions;
        }
        self.no_duplicates(node);
        for (name, block) in node.pairs() {
            let Some(operator) = Operator::parse(&text_of(name)) else {
                let message = format!("`{}` is not a condition operator", text_of(name));
                self.problem(name.mark(), "unknown-operator", message);
                continue;
            };
            if function(block).is_some() {
                *unknown = true;
                continue;
            }
            if block.shape() != Shape::Object {
                let message = "a condition operator holds an object of context keys".into();
                self.problem(block.mark(), "condition-not-an-object", message);
                continue;
            }
            self.no_duplicates(block);
            for (key, values) in block.pairs() {
                conditions.extend(self.condition(operator, name.mark(), key, values));
            }
        }
        conditions
    }

    fn condition<T: Tree>(&mut self, operator: Operator, operator_mark: Mark, key: T, values: T) -> Option<Condition> {
        let text = text_of(key);
        if !text.contains(':') {
            let message = format!("`{text}` is not a context key: it has no prefix such as `aws:`");
            self.problem(key.mark(), "key-without-prefix", message);
            return None;
        }
        let mut compiled = Vec::new();
        if values.shape() == Shape::Array && function(values).is_none() {
            for value in values.elements() {
                compiled.extend(self.value(operator, value));
            }
        } else {
            compiled.extend(self.value(operator, values));
        }
        Some(Condition::compiled((operator, operator_mark), (&text, key.mark()), compiled))
    }

    fn value<T: Tree>(&mut self, operator: Operator, value: T) -> Option<Value> {
        let (mark, variables) = (value.mark(), self.variables());
        match self.scalar(value) {
            Some(Scalar::Text(text)) => Some(Value::new(operator, &text, mark, variables)),
            Some(Scalar::Unresolved { function, template }) => {
                Some(Value::unresolved(operator, &function, template.as_deref(), mark, variables))
            }
            None => {
                let message = "a condition's value is a string, a number, a truth value or a list of them".into();
                self.problem(mark, "not-a-string", message);
                None
            }
        }
    }
}
