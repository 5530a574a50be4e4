//! All requests decided at once: is there one that is allowed and that meets these demands?
//!
//! In: a [`Question`]: policies, a principal, an action, and demands on the resource and on context keys.
//! Out: [`Answer::None`] (proved), [`Answer::Some`] with a request that [`decide`] allows, or [`Answer::Unknown`] with
//! its reason. Never: a witness that was not replayed through `decide`; "none" where a part of the formula lies outside
//! the theory or the work grew beyond its bound.
//!
//! The search is guided by a model: it keeps a request that meets everything demanded so far, looks for a disjunction
//! that this request violates, and branches on its parts. Any solution meets one part of each disjunction, so that
//! trying all parts of violated ones misses nothing.
//!
//! Taken as given: a key that no policy tests with a set operator has one value; keys are independent of each other and
//! of the resource's text unless the question fixes them, but for the Region that is called ([`region`]); numeric keys
//! tested against whole numbers are whole.

mod account;
mod formula;
mod region;
pub(crate) mod strings;
mod values;
mod variables;
mod wishes;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::condition::Condition;
use super::decide::{Decision, Outcome, PolicySet, Setting, Tallies, combine, decide, outcome};
use super::glob::Glob;
use super::named::Named;
use super::policy::{Effect, Policy, Site};
use super::policy_type::PolicyType;
use super::principal::Principal;
use super::request::{Context, Known, Request};
use super::truth::{Logic, Truth};
use formula::{Formula, Frame, Literal};
use region::Tie;
use strings::{Automaton, Clause, Found};
use values::Assigned;

/// Which resources the question is about.
#[derive(Debug, Clone)]
pub enum Resources {
    /// This one.
    One(String),
    /// Those whose ARN matches one of `within` (globs; all, where empty) and none of `outside`.
    Matching {
        /// Globs, one of which must match.
        within: Vec<String>,
        /// Globs, none of which may match.
        outside: Vec<String>,
        /// Resources to be preferred in a witness, where they meet the demands.
        examples: Vec<String>,
    },
}

/// Is there an allowed request such that …?
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The policies that must allow it.
    pub policies: &'a PolicySet<'a>,
    /// Who asks.
    pub principal: Principal,
    /// The action.
    pub action: &'a str,
    /// Which resources.
    pub resources: Resources,
    /// The account that owns the resource. `None`: the principal's; resources whose ARN names another account are then not asked about.
    pub resource_account: Option<&'a str>,
    /// What is fixed of the context. Open: any key that is not named is free.
    pub context: Context,
    /// Conditions that the request must meet (`true`) or must not meet (`false`).
    pub conditions: Vec<(Condition, bool)>,
    /// Values to be preferred in a witness, by key (in lower case).
    pub examples: BTreeMap<String, Vec<String>>,
    /// Policies that must not allow the request surely (an older version of `policies`).
    pub not_allowed_by: Option<&'a PolicySet<'a>>,
    /// The identity or resource policy statement that must be the one to allow it.
    pub granted_by: Option<Site>,
    /// How many steps the search may take before it answers unknown.
    pub bound: usize,
}

impl<'a> Question<'a> {
    /// Is any request of this principal for this action allowed?
    pub fn new(policies: &'a PolicySet<'a>, principal: Principal, action: &'a str) -> Self {
        Self {
            policies,
            principal,
            action,
            resources: Resources::Matching { within: Vec::new(), outside: Vec::new(), examples: Vec::new() },
            resource_account: None,
            context: Context::open(),
            conditions: Vec::new(),
            examples: BTreeMap::new(),
            not_allowed_by: None,
            granted_by: None,
            bound: 20_000,
        }
    }
}

/// A request and its decision.
#[derive(Debug, Clone)]
pub struct Witness {
    /// The request; keys it does not name are absent.
    pub request: Request,
    /// `Allowed`, with its reasons.
    pub decision: Decision,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// No such request exists.
    None,
    /// This one is allowed and meets the demands.
    Some(Box<Witness>),
    /// Not known, for this reason.
    Unknown(String),
}

/// Answers a question about all requests.
///
/// A witness for a resource of a Region calls that Region. Where the service's requests always do, other requests cannot exist and
/// do not count; elsewhere they come last.
pub fn solve(question: &Question<'_>) -> Answer {
    let answer = in_region(question);
    // A policy variable has no place in the search. With some value of its key the question can be answered; that proves nothing
    // where the answer is no.
    if let Answer::Unknown(_) = answer
        && let Some(asked) = variables::with_values(question)
        && let found @ Answer::Some(_) = in_region(&asked)
    {
        return found;
    }
    answer
}

/// The answer in which the Region that is called is the resource's.
fn in_region(question: &Question<'_>) -> Answer {
    let first = tied(question, Tie::Loose);
    let settled = match (&first, &question.resources) {
        (Answer::Some(found), Resources::Matching { .. }) => region::consistent(&found.request),
        (Answer::Some(found), Resources::One(resource)) => {
            // Where the caller fixes both, that is the question.
            let fixed = matches!(question.context.get(region::KEY), Known::Values(_) | Known::Absent);
            if !fixed && !region::consistent(&found.request) {
                return in_the_region_of(question, resource, first);
            }
            true
        }
        _ => true,
    };
    if settled {
        return first;
    }
    let mut unsure = None;
    for tie in region::TIES {
        match tied(question, tie) {
            Answer::None => {}
            Answer::Some(found) => return Answer::Some(found),
            Answer::Unknown(why) => unsure = unsure.or(Some(why)),
        }
    }
    if region::is_regional(question.action) { unsure.map_or(Answer::None, Answer::Unknown) } else { first }
}

/// The answer where the resource alone is fixed, to which the request that was found does not belong.
fn in_the_region_of(question: &Question<'_>, resource: &str, otherwise: Answer) -> Answer {
    let Some(region) = region::expected(resource) else { return otherwise };
    let mut asked = question.clone();
    asked.context.set(region::KEY, [region]);
    match tied(&asked, Tie::Loose) {
        Answer::Some(found) => Answer::Some(found),
        other if region::is_regional(question.action) => other,
        _ => otherwise,
    }
}

fn tied(question: &Question<'_>, tie: Tie) -> Answer {
    let free = matches!(question.resources, Resources::Matching { .. });
    let resource = match &question.resources {
        Resources::One(resource) => resource.as_str(),
        Resources::Matching { .. } => "*",
    };
    let Some(context) = region::context(tie, &question.context) else { return Answer::None };
    let base = Request::new(question.principal.clone(), question.action, resource, question.resource_account, context);
    if let Some(answer) = outright(question, &base).filter(|_| !free) {
        return answer;
    }
    let goal = goal(question, Frame { request: &base, free, tie, bounded: question.policies.bounded() });
    let settled = base.context.settled();
    let mut search = Search { question, free, tie, base: &base, work: question.bound, unsure: None };
    let start = State {
        demands: BTreeMap::new(),
        disjunctions: Vec::new(),
        // Where nothing is demanded of it, a plausible one still tells a reader more than `*`.
        resource: match free.then(|| search.resource(&[])) {
            Some(Found::Some(plausible)) => plausible,
            _ => resource.to_owned(),
        },
        context: settled,
        opaque: None,
        depth: 0,
    };
    let found = search.assume(start, &goal).and_then(|state| search.run(state));
    match (found, search.unsure) {
        (Some(witness), _) => Answer::Some(Box::new(witness)),
        (None, None) => Answer::None,
        (None, Some(why)) => Answer::Unknown(why),
    }
}

/// The answer for one resource where it hangs on no key that is free: then there is nothing to search for.
fn outright(question: &Question<'_>, base: &Request) -> Option<Answer> {
    match outcome(question.policies, base) {
        Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => return Some(Answer::None),
        Outcome::Conditional => return None,
        Outcome::Allowed => {}
    }
    if !question.conditions.is_empty() || question.not_allowed_by.is_some() || question.granted_by.is_some() {
        return None;
    }
    let account = base.resource_account.as_deref();
    let (who, context) = (base.principal.clone(), base.context.settled());
    let request = Request::new(who, &base.action, &base.resource, account, context);
    let decision = decide(question.policies, &request);
    (decision.outcome == Outcome::Allowed).then(|| Answer::Some(Box::new(Witness { request, decision })))
}

/// The whole question as one formula.
fn goal<'q>(question: &'q Question<'_>, frame: Frame<'_>) -> Formula<'q> {
    let setting = Setting::of(question.policies, frame.request);
    let only = question.granted_by;
    let applies = |policy: &'q Policy, statement: &'q super::policy::Statement| {
        let grants = matches!(policy.kind, PolicyType::Identity | PolicyType::Resource | PolicyType::Trust | PolicyType::Key);
        let left_out = grants && statement.effect != Effect::Deny && only.is_some_and(|s| s != policy.site(statement));
        if left_out { Named::constant(Truth::False) } else { formula::applies(statement, frame) }
    };
    let (deny, allow) = combine(Tallies::of(question.policies, &setting, &applies), &setting);
    let mut goal = allow.and(deny.negated());
    if let Some(others) = question.not_allowed_by {
        let setting = Setting::of(others, frame.request);
        let frame = Frame { bounded: others.bounded(), ..frame };
        let tallies = Tallies::of(others, &setting, &|_, s: &'q super::policy::Statement| formula::applies(s, frame));
        let (deny, allow) = combine(tallies, &setting);
        goal = goal.and(deny.or(allow.negated()));
    }
    for (condition, holds) in &question.conditions {
        let demanded = formula::condition(condition, frame);
        goal = goal.and(if *holds { demanded } else { demanded.negated() });
    }
    if let Resources::Matching { within, outside, .. } = &question.resources {
        let globs = |texts: &[String]| texts.iter().map(|t| Glob::new(t, false)).collect::<Rc<[Glob]>>();
        if !within.is_empty() {
            goal = goal.and(Formula::Literal(Literal::Resource { globs: globs(within), inside: true }));
        }
        if !outside.is_empty() {
            goal = goal.and(Formula::Literal(Literal::Resource { globs: globs(outside), inside: false }));
        }
    }
    goal.and(region::demand(frame.tie, &frame.request.context)).and(account::demand(question, frame))
}

/// What is demanded of the resource (`None`) or of a key.
type Variable = Option<Box<str>>;

/// A point of the search: what is demanded, and a request that meets it.
#[derive(Clone)]
struct State<'f> {
    demands: BTreeMap<Variable, Vec<Literal<'f>>>,
    disjunctions: Vec<Rc<Vec<Formula<'f>>>>,
    resource: String,
    context: Context,
    /// A part of the formula that was taken for true though it is not known, and why it is not.
    opaque: Option<Option<Rc<str>>>,
    /// How many disjunctions were branched on to come here.
    depth: usize,
}

/// Deeper searches are given up: the stack is bounded.
const MAX_DEPTH: usize = 600;

/// Why a search was given up.
const TOO_MUCH: &str = "the conditions of the policies combine in more ways than are tried";

struct Search<'q> {
    question: &'q Question<'q>,
    base: &'q Request,
    free: bool,
    tie: Tie,
    work: usize,
    /// Set where a branch was given up for a reason other than that nothing is in it.
    unsure: Option<String>,
}

impl Search<'_> {
    fn give_up<T>(&mut self, why: &str) -> Option<T> {
        self.unsure.get_or_insert_with(|| why.to_owned());
        None
    }

    /// The state with one more demand; `None` where nothing meets it.
    fn assume<'f>(&mut self, mut state: State<'f>, formula: &Formula<'f>) -> Option<State<'f>> {
        let mut todo = vec![formula.clone()];
        let mut touched: Vec<Variable> = Vec::new();
        while let Some(next) = todo.pop() {
            match next {
                Formula::Constant(true) => {}
                Formula::Constant(false) => return None,
                Formula::Opaque(why) => {
                    state.opaque.get_or_insert(why);
                }
                Formula::All(parts) => todo.extend(parts.iter().cloned()),
                Formula::Any(parts) => state.disjunctions.push(parts),
                Formula::Literal(literal) => {
                    let variable = match &literal {
                        Literal::Resource { .. } | Literal::Arn { .. } => None,
                        Literal::Condition { condition, .. } => Some(condition.lower_key().into()),
                    };
                    if truth(&literal, &state) != Truth::True && !touched.contains(&variable) {
                        touched.push(variable.clone());
                    }
                    state.demands.entry(variable).or_default().push(literal);
                }
            }
        }
        for variable in touched {
            self.meet(&mut state, &variable)?;
        }
        Some(state)
    }

    /// Gives the variable a value that meets all that is demanded of it.
    fn meet(&mut self, state: &mut State<'_>, variable: &Variable) -> Option<()> {
        let Some(left) = self.work.checked_sub(1) else { return self.give_up(TOO_MUCH) };
        self.work = left;
        let demands = state.demands.get(variable).map_or(&[][..], Vec::as_slice);
        let Some(key) = variable else {
            return match self.resource(demands) {
                Found::Some(text) => {
                    state.resource = text;
                    Some(())
                }
                Found::Nothing => None,
                Found::Beyond(why) => self.give_up(&why),
            };
        };
        let conditions: Vec<values::Demand<'_>> = demands
            .iter()
            .filter_map(|literal| match literal {
                Literal::Condition { condition, holds } => Some((&**condition, *holds)),
                Literal::Resource { .. } | Literal::Arn { .. } => None,
            })
            .collect();
        let may_be_absent = self.base.context.get(key) == Known::Unknown;
        let examples = self.question.examples.get(&**key).map_or(&[][..], Vec::as_slice);
        match values::assign(&conditions, may_be_absent, examples, &self.base.context, &mut self.work) {
            Found::Some(Assigned::Absent) => state.context.set_absent(key),
            Found::Some(Assigned::Values(values)) => state.context.set(key, values),
            Found::Nothing => return None,
            Found::Beyond(why) => return self.give_up(&why),
        }
        Some(())
    }

    fn resource(&mut self, demands: &[Literal<'_>]) -> Found<String> {
        let meets = |text: &str| demands.iter().all(|literal| resource_meets(literal, text));
        if let Resources::Matching { examples, .. } = &self.question.resources
            && let Some(example) = examples.iter().find(|text| meets(text))
        {
            return Found::Some(example.clone());
        }
        let clauses = |of_glob: fn(&Glob) -> Automaton| -> Vec<Clause> {
            let clause = |literal: &Literal<'_>| match literal {
                Literal::Resource { globs, inside } => {
                    let of_glob = if *inside { of_glob } else { Automaton::of_glob };
                    Some(Clause { patterns: globs.iter().map(of_glob).collect(), inside: *inside })
                }
                Literal::Arn { parts, inside } => {
                    Some(Clause { patterns: parts.iter().map(Automaton::of_arn).collect(), inside: *inside })
                }
                Literal::Condition { .. } => None,
            };
            demands.iter().filter_map(clause).collect()
        };
        let plain = clauses(Automaton::of_glob);
        let wishes = wishes::resource(self.question, &plain, &clauses(wishes::within_parts));
        values::preferring(&plain, &wishes, &mut self.work)
    }

    /// A witness at or below this point.
    fn run(&mut self, mut state: State<'_>) -> Option<Witness> {
        let Some(left) = self.work.checked_sub(1) else { return self.give_up(TOO_MUCH) };
        self.work = left;
        let violated = state.disjunctions.iter().position(|parts| holds_any(parts, &state) != Truth::True);
        let Some(violated) = violated else { return self.replay(state) };
        let parts = state.disjunctions.swap_remove(violated);
        state.depth += 1;
        if state.depth > MAX_DEPTH {
            self.work = 0;
        }
        let (opaque, clear): (Vec<_>, Vec<_>) = parts.iter().partition(|part| matches!(part, Formula::Opaque(_)));
        for part in clear.into_iter().chain(opaque) {
            let next = self.assume(state.clone(), part);
            if let Some(witness) = next.and_then(|next| self.run(next)) {
                return Some(witness);
            }
            if self.work == 0 {
                return self.give_up(TOO_MUCH);
            }
        }
        None
    }

    /// The model as a request, decided; a witness only if it is allowed.
    fn replay(&mut self, mut state: State<'_>) -> Option<Witness> {
        let resource = if self.free { state.resource.as_str() } else { &self.base.resource };
        if self.tie == Tie::OfResource
            && let Some(region) = region::expected(resource)
        {
            state.context.set(region::KEY, [region]);
        }
        let account = self.base.resource_account.as_deref();
        let request = Request::new(self.base.principal.clone(), &self.base.action, resource, account, state.context.clone());
        let decision = decide(self.question.policies, &request);
        let meets = self.question.conditions.iter().all(|(c, holds)| c.holds(&request.context) == Truth::from(*holds));
        let new = self.question.not_allowed_by.is_none_or(|others| {
            matches!(decide(others, &request).outcome, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied)
        });
        if decision.outcome == Outcome::Allowed && meets && new {
            return Some(Witness { request, decision });
        }
        let why = match (state.opaque, decision.hinges.first()) {
            (Some(Some(why)), _) => why.to_string(),
            (_, Some(hinge)) => format!("it hangs on {hinge}"),
            (Some(None), None) => "it hangs on a part of the policies that cannot be read here".to_owned(),
            (None, None) => "the request that was found is not allowed".to_owned(),
        };
        self.give_up(&why)
    }
}

/// Whether a resource's text meets a demand on it.
fn resource_meets(literal: &Literal<'_>, text: &str) -> bool {
    match literal {
        Literal::Resource { globs, inside } => globs.iter().any(|glob| glob.matches(text)) == *inside,
        Literal::Arn { parts, inside } => {
            let matches = |globs: &[Glob; 6]| {
                let mut given = text.splitn(6, ':');
                globs.iter().all(|glob| given.next().is_some_and(|part| glob.matches(part)))
            };
            parts.iter().any(matches) == *inside
        }
        Literal::Condition { .. } => true,
    }
}

fn truth(literal: &Literal<'_>, state: &State<'_>) -> Truth {
    match literal {
        Literal::Resource { .. } | Literal::Arn { .. } => resource_meets(literal, &state.resource).into(),
        Literal::Condition { condition, holds } => {
            let now = condition.holds(&state.context);
            if *holds { now } else { !now }
        }
    }
}

fn holds(formula: &Formula<'_>, state: &State<'_>) -> Truth {
    match formula {
        Formula::Constant(value) => (*value).into(),
        Formula::Opaque(_) => Truth::Unknown,
        Formula::Literal(literal) => truth(literal, state),
        Formula::All(parts) => Truth::all(parts.iter().map(|part| holds(part, state))),
        Formula::Any(parts) => holds_any(parts, state),
    }
}

fn holds_any(parts: &[Formula<'_>], state: &State<'_>) -> Truth {
    Truth::any(parts.iter().map(|part| holds(part, state)))
}
