//! Traffic: flat prices go into the bill; what runs through meters is handed on.
//!
//! The route of a flow depends on the states of both ends. For every state of the sender its receiver's states fall into
//! few groups of one route; `y` says in which group the receiver is:
//! `sum over groups of y = [sender in the state]` and `y <= [receiver in the group]`.

use super::model::{Builder, State, Sum};
use super::{LinearError, ONE, Sense, VarId};
use crate::problem::{FlowTo, Problem, Route};
use crate::units::Quantity;
use std::collections::BTreeMap;

/// What a flow costs between two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Toll {
    Nanos(i64),
    Ladder(usize),
    Forbidden,
}

/// A flow on a ladder: so many micro-GB when one of the variables is 1 (at most one ever is).
#[derive(Clone, Debug)]
pub(super) struct Metered {
    pub flow: usize,
    pub ladder: usize,
    pub micro_gb: i64,
    pub when: Vec<VarId>,
}

/// Everything that is metered, by (flow, ladder, volume).
pub(super) fn build(builder: &mut Builder) -> Result<Vec<Metered>, LinearError> {
    let mut metered: BTreeMap<(usize, usize, i64), Vec<VarId>> = BTreeMap::new();
    for f in 0..builder.problem.flows.len() {
        let flow = builder.problem.flows[f].clone();
        let tolls = match flow.to {
            FlowTo::Internet(class) => internet(builder, flow.from, class),
            FlowTo::Component(to) if to == flow.from => itself(builder, f),
            FlowTo::Component(to) => between(builder, f, flow.from, to),
        };
        for (state, toll, var) in tolls {
            match toll {
                Toll::Forbidden => {}
                Toll::Nanos(nanos) => builder.bill.push((var, i128::from(nanos))),
                Toll::Ladder(ladder) => {
                    let volume = billable(builder.problem, f, state)?;
                    if volume > 0 {
                        metered.entry((f, ladder, volume)).or_default().push(var);
                    }
                }
            }
        }
    }
    let item = |((flow, ladder, micro_gb), when)| Metered { flow, ladder, micro_gb, when };
    Ok(metered.into_iter().map(item).collect())
}

fn internet(builder: &Builder, from: usize, class: usize) -> Vec<(State, Toll, VarId)> {
    let toll = |state: &State| match builder.problem.internet[class][state.place] {
        // Unknown is left out with the choice; flat prices to the internet are not billed by the definition.
        Route::Unknown => Toll::Forbidden,
        Route::Flat(_) => Toll::Nanos(0),
        Route::Metered(ladder) => Toll::Ladder(ladder),
    };
    builder.parts[from].states.iter().map(|&(state, z)| (state, toll(&state), z)).collect()
}

/// What a flow costs between a sender's and a receiver's state.
fn toll(problem: &Problem, flow: usize, a: &State, b: &State) -> Toll {
    let gb = problem.flows[flow].gb;
    let same = a.place == b.place;
    let zones = if a.zones == 0 || b.zones == 0 { 1 } else { i64::from(a.zones.max(b.zones).max(1)) };
    let crossing = if same { 1_000_000 * (zones - 1) / zones } else { 1_000_000 };
    if crossing == 0 {
        return Toll::Nanos(0);
    }
    match problem.route(a.place, b.place) {
        Route::Unknown => Toll::Forbidden,
        Route::Metered(ladder) => Toll::Ladder(ladder),
        Route::Flat(price) => {
            let crossing: Quantity = gb.scale(crossing, 1_000_000);
            Toll::Nanos(price.usd.times(crossing).nanos())
        }
    }
}

fn itself(builder: &Builder, f: usize) -> Vec<(State, Toll, VarId)> {
    let flow = &builder.problem.flows[f];
    let states = &builder.parts[flow.from].states;
    states.iter().map(|&(state, z)| (state, toll(builder.problem, f, &state, &state), z)).collect()
}

fn between(builder: &mut Builder, f: usize, from: usize, to: usize) -> Vec<(State, Toll, VarId)> {
    let mut tolls = Vec::new();
    let senders = builder.parts[from].states.clone();
    let receivers = builder.parts[to].states.clone();
    for (at, &(state, z)) in senders.iter().enumerate() {
        let mut groups: BTreeMap<Toll, Vec<VarId>> = BTreeMap::new();
        for &(other, w) in &receivers {
            groups.entry(toll(builder.problem, f, &state, &other)).or_default().push(w);
        }
        if groups.len() == 1 && !groups.contains_key(&Toll::Forbidden) {
            tolls.extend(groups.into_keys().map(|toll| (state, toll, z)));
            continue;
        }
        let mut whole: Sum = vec![(z, -ONE)];
        let count = groups.values().map(Vec::len).sum::<usize>();
        for (k, (toll, members)) in groups.iter().enumerate().filter(|(_, (toll, _))| **toll != Toll::Forbidden) {
            let y = builder.variable(format!("y{f}_{at}_{k}"), Some(ONE), false);
            whole.push((y, ONE));
            let name = format!("y{f}_{at}_{k}");
            // `y <= receiver in the group`, by whichever of the group and its complement is smaller.
            if members.len() * 2 <= count {
                let terms = members.iter().map(|&w| (w, -ONE)).chain([(y, ONE)]).collect();
                builder.row(name, terms, Sense::AtMost, 0);
            } else {
                let others = groups.iter().filter(|(other, _)| *other != toll).flat_map(|(_, members)| members);
                let terms = others.map(|&w| (w, ONE)).chain([(y, ONE)]).collect();
                builder.row(name, terms, Sense::AtMost, ONE);
            }
            tolls.push((state, *toll, y));
        }
        builder.row(format!("y{f}_{at}"), whole, Sense::Equal, 0);
    }
    tolls
}

/// What is left of a metered flow after the sender's own allowance, in micro-GB.
fn billable(problem: &Problem, f: usize, state: State) -> Result<i64, LinearError> {
    let flow = &problem.flows[f];
    let volume = flow.gb.micros();
    if state.own == 0 {
        return Ok(volume);
    }
    let mine = || problem.flows.iter().filter(|other| other.from == flow.from);
    let most: i64 = mine().map(|other| other.gb.micros()).sum();
    if state.own >= most {
        return Ok(0);
    }
    if mine().any(|other| matches!(other.to, FlowTo::Component(_))) {
        let place = &problem.places[state.place];
        return Err(LinearError::Allowance {
            component: problem.components[flow.from].name.clone(),
            place: format!("{}:{}", place.provider_name, place.region_code),
        });
    }
    let metered = |other: &&crate::problem::Flow| match other.to {
        FlowTo::Internet(class) => matches!(problem.internet[class][state.place], Route::Metered(_)),
        FlowTo::Component(_) => false,
    };
    let sum: i128 = mine().filter(metered).map(|other| i128::from(other.gb.micros())).sum();
    let free = i128::from(volume) * i128::from(state.own).min(sum) / sum;
    Ok(volume - i64::try_from(free).unwrap_or(volume))
}
