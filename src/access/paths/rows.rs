//! Which models and Regions a principal's policies tell apart.
//!
//! In: the statements that may bear on an action. Out: classes of models and of Regions: within a class no pattern and no condition
//! on the Region or the profile says different things, so that one member's answer is the answer of all.
//! Never: two calls in one class that some statement tells apart.

use std::collections::HashMap;
use std::sync::Arc;

use super::legs::View;
use super::targets::{Regions, Targets};
use crate::iam::condition::Condition;
use crate::iam::pattern::Pattern;
use crate::iam::truth::Truth;

/// For each model and each way of naming it (itself, then each prefix's profile) the Regions whose ARN a pattern matches, surely or
/// perhaps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    sure: Vec<Regions>,
    may: Vec<Regions>,
}

/// Models and Regions in classes; each class's first member stands for it.
#[derive(Debug)]
pub(super) struct Classes {
    /// Indices of models.
    pub(super) models: Vec<Vec<usize>>,
    /// Sets of Regions with the index of the first.
    pub(super) regions: Vec<(usize, Regions)>,
    /// The class of each Region.
    pub(super) of_region: Vec<usize>,
}

/// How many ways a model is named.
fn ways(targets: &Targets) -> usize {
    1 + targets.prefixes.len()
}

impl Rows {
    fn of(targets: &Targets, with_models: bool, truth: impl Fn(&str, &str) -> Truth) -> Self {
        let mut rows = Self::default();
        let none = targets.regions.len();
        for model in 0..targets.models.len() {
            for way in 0..ways(targets) {
                let (mut sure, mut may) = (0, 0);
                let last = if way == 0 { none + 1 } else { none };
                for region in 0..last {
                    let arn = match way.checked_sub(1) {
                        None if !with_models => continue,
                        None => targets.model_arn(model, region),
                        Some(prefix) => targets.profile_arn(prefix, model, region),
                    };
                    match truth(&arn, requested(targets, region)) {
                        Truth::True => (sure, may) = (sure | 1 << region, may | 1 << region),
                        Truth::Unknown => may |= 1 << region,
                        Truth::False => {}
                    }
                }
                rows.sure.push(sure);
                rows.may.push(may);
            }
        }
        rows
    }

    /// The rows of one model.
    fn of_model(&self, model: usize, ways: usize) -> impl Iterator<Item = Regions> {
        let of = |rows: &Vec<Regions>| rows.get(model * ways..(model + 1) * ways).unwrap_or_default().to_vec();
        of(&self.sure).into_iter().chain(of(&self.may))
    }

    /// The column of one Region, for the model that stands for a class.
    fn column(&self, model: usize, ways: usize, region: usize) -> impl Iterator<Item = bool> {
        self.of_model(model, ways).map(move |row| row >> region & 1 == 1)
    }
}

/// `aws:RequestedRegion` of a leg whose ARN stands in this Region.
pub(super) fn requested(targets: &Targets, region: usize) -> &str {
    targets.regions.get(region).map_or(super::UNSPECIFIED, |r| r)
}

impl Classes {
    pub(super) fn of(view: &View<'_>, targets: &Targets) -> Self {
        let ways = ways(targets);
        let mut rows: Vec<Arc<Rows>> = Vec::new();
        let mut by_region: Vec<&Condition> = Vec::new();
        let mut add = |new: Arc<Rows>| {
            if !rows.contains(&new) {
                rows.push(new);
            }
        };
        for statement in view.statements() {
            for pattern in statement.resource.iter().flat_map(|m| &m.patterns).filter(|p| !p.is_any()) {
                add(of_pattern(view, targets, pattern));
            }
            for condition in &statement.conditions {
                match condition.lower_key() {
                    "aws:requestedregion" => by_region.push(condition),
                    "bedrock:inferenceprofilearn" => add(of_condition(view, targets, condition)),
                    _ => {}
                }
            }
        }
        let mut models: Vec<Vec<usize>> = Vec::new();
        let mut seen: HashMap<Vec<Regions>, usize> = HashMap::new();
        for model in 0..targets.models.len() {
            let key: Vec<Regions> = rows.iter().flat_map(|rows| rows.of_model(model, ways)).collect();
            let class = *seen.entry(key).or_insert(models.len());
            match models.get_mut(class) {
                Some(members) => members.push(model),
                None => models.push(vec![model]),
            }
        }
        let (regions, of_region) = region_classes(view, targets, &models, &rows, &by_region);
        Self { models, regions, of_region }
    }
}

fn region_classes(
    view: &View<'_>,
    targets: &Targets,
    models: &[Vec<usize>],
    rows: &[Arc<Rows>],
    conditions: &[&Condition],
) -> (Vec<(usize, Regions)>, Vec<usize>) {
    let mut regions: Vec<(usize, Regions)> = Vec::new();
    let mut of_region = Vec::new();
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
    let heads: Vec<usize> = models.iter().filter_map(|class| class.first().copied()).collect();
    for region in 0..targets.regions.len() {
        let mut key: Vec<u8> = Vec::new();
        for rows in rows {
            for head in &heads {
                key.extend(rows.column(*head, ways(targets), region).map(u8::from));
            }
        }
        let mut context = view.context();
        context.set("aws:RequestedRegion", [requested(targets, region)]);
        key.extend(conditions.iter().map(|c| c.holds(&context) as u8));
        let class = *seen.entry(key).or_insert(regions.len());
        match regions.get_mut(class) {
            Some((_, members)) => *members |= 1 << region,
            None => regions.push((region, 1 << region)),
        }
        of_region.push(class);
    }
    (regions, of_region)
}

/// The rows of a resource pattern; those without variables are the same for every principal of the account.
fn of_pattern(view: &View<'_>, targets: &Targets, pattern: &Pattern) -> Arc<Rows> {
    match pattern.glob().filter(|_| !pattern.text.contains("${")) {
        Some(glob) => targets.rows(&pattern.text, || Rows::of(targets, true, |arn, _| glob.matches(arn).into())),
        None => Arc::new(Rows::of(targets, true, |arn, requested| {
            let mut context = view.context();
            context.set("aws:RequestedRegion", [requested]);
            pattern.matches(arn, &context)
        })),
    }
}

/// What a condition on the profile says of each profile. Kept by its text where that has no variables.
fn of_condition(view: &View<'_>, targets: &Targets, condition: &Condition) -> Arc<Rows> {
    let make = || {
        Rows::of(targets, false, |arn, requested| {
            let mut context = view.context();
            context.set("aws:RequestedRegion", [requested]);
            context.set(super::PROFILE_KEY, [arn]);
            condition.holds(&context)
        })
    };
    if condition.values.iter().any(|v| v.text.contains("${") || v.is_unreadable()) {
        return Arc::new(make());
    }
    let values: Vec<&str> = condition.values.iter().map(|v| &*v.text).collect();
    targets.rows(&format!("{:?} {}", condition.operator, values.join("\n")), make)
}
