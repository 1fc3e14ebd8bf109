//! The exact value of an assignment, by the definition in [`crate::problem`], in the solver's own code.

use super::model::{Model, NO_LADDER};
use crate::problem::{PlaceId, Route};
use crate::units::{Money, Quantity};

/// A flow on a meter.
#[derive(Clone, Copy)]
struct Metered {
    stream: usize,
    ladder: usize,
    billable: i128,
}

/// Evaluates assignments; keeps its working memory.
pub(super) struct Evaluator {
    metered: Vec<Metered>,
    volume: Vec<i128>,
    pooled: Vec<i128>,
    due: Vec<bool>,
    /// Unknown prices are counted here instead of being an error.
    unknown: Option<i128>,
}

/// What a path that is too slow costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathPrice {
    pub per_us: i128,
    pub broken: bool,
}

/// Why an assignment is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A rule or an unknown price between two components.
    Pair(usize, usize),
    /// A path is too slow.
    Path(usize),
    /// It costs more than the budget.
    Budget,
    /// It is not below what was asked for.
    Dear,
}

impl Evaluator {
    pub fn new(model: &Model) -> Self {
        let meters = model.problem.providers.len();
        Self {
            metered: Vec::new(),
            volume: vec![0; meters],
            pooled: vec![0; meters],
            due: vec![false; model.shared.len()],
            unknown: None,
        }
    }

    /// Value inside the solver, or which rule is broken.
    pub fn value(&mut self, model: &Model, picked: &[usize]) -> Result<i128, Broken> {
        let latency = Self::latency(model, picked)?;
        let cost = self.cost(model, picked, i128::MAX)?;
        if model.budget.is_some_and(|budget| cost > budget) {
            return Err(Broken::Budget);
        }
        Ok(cost + latency)
    }

    /// The same for those who want values below `below` only: told apart early where nothing can be negative.
    pub fn value_below(&mut self, model: &Model, picked: &[usize], below: i128) -> Result<i128, Broken> {
        if model.nothing_negative {
            let alone: i128 = model.parts.iter().zip(picked).map(|(part, &v)| i128::from(part.values[v].cost)).sum();
            if alone >= below {
                return Err(Broken::Dear);
            }
        }
        let latency = Self::latency(model, picked)?;
        let cost = self.cost(model, picked, below.saturating_sub(latency))?;
        if model.budget.is_some_and(|budget| cost > budget) {
            return Err(Broken::Budget);
        }
        if cost + latency < below { Ok(cost + latency) } else { Err(Broken::Dear) }
    }

    /// Value plus a price for every broken rule: of each path per microsecond above its bound, and `pair` for each broken
    /// relation and each unknown price. Tells too whether everything holds, budget apart.
    ///
    /// Values that are not below `below` need not be exact, only not below it.
    pub fn relaxed(
        &mut self,
        model: &Model,
        picked: &[usize],
        paths: &mut [PathPrice],
        pair: i128,
        below: i128,
    ) -> (i128, bool) {
        if model.nothing_negative {
            let alone: i128 = model.parts.iter().zip(picked).map(|(part, &v)| i128::from(part.values[v].cost)).sum();
            if alone >= below {
                return (alone, false);
            }
        }
        let problem = model.problem;
        let place = |c: usize| -> PlaceId { model.parts[c].values[picked[c]].place };
        let broken = problem.relations.iter().filter(|r| !problem.related(r.kind, place(r.a), place(r.b))).count();
        let mut sum = pair * i128::try_from(broken).expect("few relations");
        let mut holds = broken == 0;
        for (ordinal, (path, price)) in problem.paths.iter().zip(paths).enumerate() {
            let us = problem.path_latency_us(path, place);
            sum += model.weights[ordinal] * i128::from(us);
            price.broken = path.bound.is_some_and(|bound| us > bound.micros());
            if let (true, Some(bound)) = (price.broken, path.bound) {
                holds = false;
                sum += price.per_us * i128::from(us - bound.micros());
            }
        }
        let before = self.unknown.replace(0);
        let cost = self.cost(model, picked, below.saturating_sub(sum)).unwrap_or(i128::MAX >> 2);
        let unknown = std::mem::replace(&mut self.unknown, before).unwrap_or(0);
        (sum + cost + pair * unknown, holds && unknown == 0)
    }

    /// Weighted latency, after the rules over pairs and paths.
    fn latency(model: &Model, picked: &[usize]) -> Result<i128, Broken> {
        let problem = model.problem;
        let place = |c: usize| -> PlaceId { model.parts[c].values[picked[c]].place };
        for r in &problem.relations {
            if !problem.related(r.kind, place(r.a), place(r.b)) {
                return Err(Broken::Pair(r.a, r.b));
            }
        }
        let mut weighted = 0;
        for (ordinal, path) in problem.paths.iter().enumerate() {
            let table = &problem.rtt[path.percentile as usize];
            let mut us = path.constant.micros();
            if let Some((entry, by_place)) = &path.entry {
                us += by_place[place(*entry)];
            }
            for hop in &path.hops {
                let rtt = i64::from(table[place(hop.a) * problem.places.len() + place(hop.b)]);
                us += hop.round_trips_milli * rtt / 1000;
            }
            if path.bound.is_some_and(|bound| us > bound.micros()) {
                return Err(Broken::Path(ordinal));
            }
            weighted += model.weights[ordinal] * i128::from(us);
        }
        Ok(weighted)
    }

    /// The bill in nano-dollars, if it is below `below`.
    fn cost(&mut self, model: &Model, picked: &[usize], below: i128) -> Result<i128, Broken> {
        self.metered.clear();
        self.volume.fill(0);
        self.pooled.fill(0);
        self.due.fill(false);
        let mut cost = 0;
        for (part, &value) in model.parts.iter().zip(picked) {
            let value = &part.values[value];
            cost += i128::from(value.cost);
            self.pooled[value.provider] += i128::from(value.pooled);
            for &shared in model.due(value) {
                if !self.due[shared] {
                    self.due[shared] = true;
                    cost += model.shared[shared];
                }
            }
            self.meter_internet(model, part, value.signature);
        }
        cost += self.between(model, picked)?;
        if cost >= below && model.nothing_negative {
            return Err(Broken::Dear);
        }
        self.own_allowances(model, picked);
        self.add_meters(model, cost, below)
    }

    fn meter_internet(&mut self, model: &Model, part: &super::model::Part, signature: usize) {
        for (&stream, &ladder) in part.internet.iter().zip(&part.signatures[signature].ladders) {
            if ladder != NO_LADDER {
                let billable = i128::from(model.streams[stream].volume);
                self.metered.push(Metered { stream, ladder: usize::from(ladder), billable });
            }
        }
    }

    /// Flat traffic between components; metered traffic is noted.
    fn between(&mut self, model: &Model, picked: &[usize]) -> Result<i128, Broken> {
        let mut cost = 0;
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let Some(to) = stream.to else { continue };
            let (x, y) = (&model.parts[stream.from].values[picked[stream.from]], &model.parts[to].values[picked[to]]);
            let zones = super::model::zones_between(x, y);
            if x.place == y.place && zones <= 1 {
                continue;
            }
            match model.problem.route(x.place, y.place) {
                Route::Unknown => match &mut self.unknown {
                    Some(count) => *count += 1,
                    None => return Err(Broken::Pair(stream.from, to)),
                },
                Route::Metered(ladder) => {
                    self.metered.push(Metered { stream: ordinal, ladder, billable: i128::from(stream.volume) });
                }
                Route::Flat(price) => {
                    let zones = (x.place == y.place).then_some(zones);
                    cost += flat_cost(price.usd.nanos(), stream.volume, zones);
                }
            }
        }
        Ok(cost)
    }

    fn own_allowances(&mut self, model: &Model, picked: &[usize]) {
        for (component, (part, &value)) in model.parts.iter().zip(picked).enumerate() {
            let own = i128::from(part.owns[part.values[value].class]);
            if own == 0 || part.sends.is_empty() {
                continue;
            }
            let mine = |m: &&mut Metered| model.streams[m.stream].from == component;
            let sum: i128 = self.metered.iter_mut().filter(mine).map(|m| m.billable).sum();
            for m in self.metered.iter_mut().filter(mine) {
                m.billable -= m.billable * own.min(sum) / sum;
            }
        }
    }

    fn add_meters(&mut self, model: &Model, mut cost: i128, below: i128) -> Result<i128, Broken> {
        for m in &self.metered {
            self.volume[model.ladders[m.ladder].meter] += m.billable;
        }
        for m in &self.metered {
            cost += self.metered_cost(model, m);
            if cost >= below && model.nothing_negative {
                return Err(Broken::Dear);
            }
        }
        Ok(cost)
    }

    fn metered_cost(&self, model: &Model, m: &Metered) -> i128 {
        if m.billable <= 0 {
            return 0;
        }
        let ladder = &model.ladders[m.ladder];
        share(ladder, m.billable, self.volume[ladder.meter], self.pooled[ladder.meter])
    }

    /// What each account comes to in a valid assignment.
    pub fn by_meter(&mut self, model: &Model, picked: &[usize]) -> Vec<i128> {
        let mut costs = vec![0; model.problem.providers.len()];
        if self.cost(model, picked, i128::MAX).is_ok() {
            for m in &self.metered {
                costs[model.ladders[m.ladder].meter] += self.metered_cost(model, m);
            }
        }
        costs
    }
}

/// What a flow of `billable` pays in an account with `volume` and a pool, in nano-dollars.
pub(super) fn share(ladder: &super::model::Rungs, billable: i128, volume: i128, pooled: i128) -> i128 {
    let paid = volume - volume.min(ladder.included + pooled);
    let denominator = volume * 1_000_000;
    let mut cost = 0;
    for (step, &(from, price)) in ladder.steps.iter().enumerate() {
        if paid <= from {
            break;
        }
        let to = ladder.steps.get(step + 1).map_or(paid, |next| next.0.min(paid));
        cost += (billable * (to - from) * price + denominator / 2).div_euclid(denominator);
    }
    cost
}

/// Flat price times volume; at one place only the part that crosses zones.
pub(super) fn flat_cost(price: i64, volume: i64, zones_at_one_place: Option<u8>) -> i128 {
    let quantity = Quantity::from_micros(volume);
    let crossing = zones_at_one_place.map_or(quantity, |zones| {
        let zones = i64::from(zones.max(1));
        quantity.scale(1_000_000 * (zones - 1) / zones, 1_000_000)
    });
    i128::from(Money::from_nanos(price).times(crossing).nanos())
}
