//! The program's frame: one binary per choice, sums of them per place and state, relations, shared charges, the budget.

use super::{Linear, LinearError, ONE, Row, Sense, VarId, Variable, hosts, latency, meter, traffic};
use crate::problem::{
    Choice, ComponentId, FlowTo, Host, Included, Objective, PlaceId, Problem, RelationKind, Route, SharedNeed,
};
use std::collections::BTreeMap;

/// A sum: coefficients in billionths.
pub(super) type Sum = Vec<(VarId, i128)>;

/// What of a choice decides the price of traffic, apart from other components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    pub place: PlaceId,
    pub zones: u8,
    /// Micro-GB of the component's own allowance, cut off at all that it could send; 0 when it sends nothing.
    pub own: i64,
}

/// A component in the program.
pub(super) struct Part {
    /// Variables of its choices.
    pub picks: Vec<(usize, VarId)>,
    /// Its states with the variable that is 1 in that state.
    pub states: Vec<(State, VarId)>,
    /// Its places with the variable that is 1 there.
    pub places: Vec<(PlaceId, VarId)>,
}

/// The program in the making.
pub(super) struct Builder<'a> {
    pub problem: &'a Problem,
    pub out: Linear,
    pub parts: Vec<Part>,
    /// The bill in nano-dollars.
    pub bill: Sum,
    /// Latency weighted by its price, in nano-dollars.
    pub weighted: Sum,
    pub weighted_constant: i128,
}

pub(super) fn build(problem: &Problem) -> Result<Linear, LinearError> {
    if problem.objective == Objective::LatencyThenCost {
        return Err(LinearError::LatencyFirst);
    }
    let mut builder = Builder {
        problem,
        out: Linear::default(),
        parts: Vec::new(),
        bill: Vec::new(),
        weighted: Vec::new(),
        weighted_constant: 0,
    };
    for component in 0..problem.components.len() {
        builder.component(component)?;
    }
    let hosted = hosts::build(&mut builder)?;
    builder.shared(&hosted);
    builder.relations();
    let metered = traffic::build(&mut builder)?;
    meter::build(&mut builder, &metered);
    latency::build(&mut builder);
    Ok(builder.finish())
}

impl Builder<'_> {
    pub fn variable(&mut self, name: String, high: Option<i128>, binary: bool) -> VarId {
        self.out.variables.push(Variable { name, low: 0, high, binary });
        self.out.variables.len() - 1
    }

    /// A row over sums in which variables may occur several times.
    pub fn row(&mut self, name: String, mut terms: Sum, sense: Sense, rhs: i128) {
        terms.sort_unstable_by_key(|term| term.0);
        terms.dedup_by(|later, first| {
            let same = later.0 == first.0;
            first.1 += if same { later.1 } else { 0 };
            same
        });
        terms.retain(|term| term.1 != 0);
        if terms.is_empty() {
            let holds = match sense {
                Sense::AtMost => 0 <= rhs,
                Sense::AtLeast => 0 >= rhs,
                Sense::Equal => rhs == 0,
            };
            if holds {
                return;
            }
            // A row without variables that does not hold: written with a variable that is 0.
            let never = self.variable(format!("never_{name}"), Some(0), false);
            terms.push((never, ONE));
        }
        self.out.rows.push(Row { name, terms, sense, rhs });
    }

    fn component(&mut self, c: ComponentId) -> Result<(), LinearError> {
        let choices = &self.problem.components[c].choices;
        let sends: i64 = self.problem.flows.iter().filter(|f| f.from == c).map(|f| f.gb.micros()).sum();
        let mut part = Part { picks: Vec::new(), states: Vec::new(), places: Vec::new() };
        let mut states: BTreeMap<State, Vec<VarId>> = BTreeMap::new();
        for (v, choice) in choices.iter().enumerate().filter(|(_, choice)| possible_alone(self.problem, c, choice)) {
            let x = self.variable(format!("x{c}_{v}"), Some(ONE), true);
            self.out.picks.push((x, c, v));
            self.bill.push((x, i128::from(choice.cost.nanos())));
            part.picks.push((v, x));
            let own = match (choice.host, choice.included) {
                (Host::Own, Included::Own(gb)) => gb.micros().min(sends),
                (Host::Own, _) => 0,
                _ => hosts::own_allowance(self.problem, c, choice)?,
            };
            states.entry(State { place: choice.place, zones: choice.active_zones, own }).or_default().push(x);
        }
        self.row(format!("one{c}"), part.picks.iter().map(|&(_, x)| (x, ONE)).collect(), Sense::Equal, ONE);
        let mut places: BTreeMap<PlaceId, Vec<VarId>> = BTreeMap::new();
        for (at, (state, picks)) in states.into_iter().enumerate() {
            let z = self.sum_of(&format!("s{c}_{at}"), &picks);
            part.states.push((state, z));
            places.entry(state.place).or_default().push(z);
        }
        for (place, states) in places {
            let z = self.sum_of(&format!("p{c}_{place}"), &states);
            part.places.push((place, z));
        }
        self.parts.push(part);
        Ok(())
    }

    /// A variable that equals a sum; the variable itself, if there is only one.
    fn sum_of(&mut self, name: &str, of: &[VarId]) -> VarId {
        if let [only] = of {
            return *only;
        }
        let z = self.variable(name.to_owned(), Some(ONE), false);
        let terms = of.iter().map(|&x| (x, -ONE)).chain([(z, ONE)]).collect();
        self.row(format!("is_{name}"), terms, Sense::Equal, 0);
        z
    }

    /// A shared charge is due as soon as one component or shared machine that needs it is at its place.
    fn shared(&mut self, hosted: &[(PlaceId, Sum)]) {
        for (s, shared) in self.problem.shared.iter().enumerate() {
            let mut needed: Vec<Sum> = Vec::new();
            for (c, part) in self.parts.iter().enumerate() {
                let needs = |v: usize| {
                    let choice = &self.problem.components[c].choices[v];
                    choice.place == shared.place && choice.needs.contains(&shared.need)
                };
                let terms: Sum = part.picks.iter().filter(|(v, _)| needs(*v)).map(|&(_, x)| (x, -ONE)).collect();
                needed.extend((!terms.is_empty()).then_some(terms));
            }
            let here = hosted.iter().filter(|(place, _)| *place == shared.place && shared.need == SharedNeed::Nat);
            needed.extend(here.map(|(_, sum)| sum.iter().map(|&(x, by)| (x, -by)).collect()));
            if needed.is_empty() {
                continue;
            }
            let due = self.variable(format!("due{s}"), Some(ONE), false);
            self.bill.push((due, i128::from(shared.charge.cost().nanos())));
            for (at, mut terms) in needed.into_iter().enumerate() {
                terms.push((due, ONE));
                self.row(format!("due{s}_{at}"), terms, Sense::AtLeast, 0);
            }
        }
    }

    fn relations(&mut self) {
        use RelationKind as K;
        for r in 0..self.problem.relations.len() {
            let relation = &self.problem.relations[r];
            if relation.a == relation.b {
                continue;
            }
            let problem = self.problem;
            let class = |place: PlaceId| match relation.kind {
                K::SameRegion | K::DifferentRegion => place,
                K::SameProvider | K::DifferentProvider => problem.places[place].provider,
                K::SameCountry | K::DifferentCountry => usize::from(problem.places[place].country),
            };
            let same = matches!(relation.kind, K::SameRegion | K::SameProvider | K::SameCountry);
            let mut classes: BTreeMap<usize, Sum> = BTreeMap::new();
            for (component, sign) in [(relation.a, ONE), (relation.b, if same { -ONE } else { ONE })] {
                for &(place, z) in &self.parts[component].places {
                    classes.entry(class(place)).or_default().push((z, sign));
                }
            }
            for (class, terms) in classes {
                let name = format!("relation{r}_{class}");
                if same {
                    self.row(name, terms, Sense::Equal, 0);
                } else {
                    self.row(name, terms, Sense::AtMost, ONE);
                }
            }
        }
    }

    fn finish(mut self) -> Linear {
        if let Some(budget) = self.problem.budget {
            let bill = self.bill.clone();
            self.row("budget".into(), bill, Sense::AtMost, i128::from(budget.nanos()));
        }
        let mut all: BTreeMap<VarId, i128> = BTreeMap::new();
        for &(v, nanos) in self.bill.iter().chain(&self.weighted) {
            *all.entry(v).or_default() += nanos;
        }
        self.out.objective = all.into_iter().filter(|(_, nanos)| *nanos != 0).collect();
        self.out.constant = self.weighted_constant;
        self.out
    }
}

/// Rules that concern a component alone: a choice that breaks one is no part of the program.
fn possible_alone(problem: &Problem, component: ComponentId, choice: &Choice) -> bool {
    let place = choice.place;
    let known = problem.flows.iter().filter(|f| f.from == component).all(|flow| match flow.to {
        FlowTo::Internet(class) => problem.internet[class][place] != Route::Unknown,
        FlowTo::Component(to) => {
            to != component || choice.active_zones <= 1 || problem.route(place, place) != Route::Unknown
        }
    });
    let mut itself = problem.relations.iter().filter(|r| r.a == component && r.b == component);
    known && itself.all(|r| problem.related(r.kind, place, place))
}
